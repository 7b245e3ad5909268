"""The feature space: which images the last hidden layer finds similar."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from ..containers import plain
from ..factorize import PCA
from ..features import extract_features, grid_places, label_agreement, nearest_neighbors
from ..tsne import TSNE
from .program import as_text
from .sprites import Sprites
from .stages import Stage
from .subject import Array, Missing, Subject

TITLE = "The feature space"
SHORT = "Feature space"
QUESTION = "Which images are alike to the network, and which only pixel by pixel?"
FEWEST = 30  # images; fewer make no meaningful map
NEIGHBORS = 8
PERPLEXITY = 30
WIDE = 50  # columns; PCA reduces wider features to this many before t-SNE
DIGITS = 4
NEAR = 0.02  # of the map's side; points closer than this form a group
LEAST_GROUP = 0.02  # of the images: smaller groups are passed over
LEAST_SHARE = 0.6  # of a group: one in which no class has that much is mixed
TYPICAL = 0.8  # standard deviations; an attribute that differs by more characterizes a group


def make(subject: Subject, sprites: Sprites) -> dict[str, Any]:
    count = len(subject.gallery)
    if count < FEWEST:
        raise Missing(f"A map of images needs at least {FEWEST} of them; here there are {count}.")
    layer = last_hidden(subject)
    shown = subject.data.subset(subject.gallery)
    features = extract_features(subject.model, shown, layer.path, average=True, progress=False)
    if features.shape[1] < 2:
        raise Missing("The last hidden layer gives one number to an image, and a map needs two.")
    directions = plain(PCA(n_components=2, random_state=subject.seed))
    flat = directions.fit_transform(features)
    narrow = features
    if features.shape[1] > WIDE and count > WIDE:
        narrow = plain(PCA(n_components=WIDE, random_state=subject.seed)).fit_transform(features)
    perplexity = min(PERPLEXITY, (count - 1) / 3)
    embedding = plain(TSNE(perplexity=perplexity, random_state=subject.seed)).fit_transform(narrow)
    near = {
        "features": nearest_neighbors(features, k=NEIGHBORS)[0],
        "pixels": nearest_neighbors(shown.images.astype(np.float32), k=NEIGHBORS)[0],
    }
    sample, agreement = subject.sample, None
    if subject.labeled:
        agreement = {
            "features": _agreement(features[sample], shown.labels[sample]),
            "pixels": _agreement(shown.images[sample].astype(np.float32), shown.labels[sample]),
        }
    rows_columns = grid_places(embedding)
    placed = _unit(embedding)
    mixed = []
    if subject.labeled:
        attributes = {name: values[subject.gallery] for name, values in subject.lenses.items()}
        right = subject.evaluation.predictions[subject.gallery] == shown.labels
        mixed = mixed_groups(np.array(placed), shown.labels, right, attributes, sample)
    low, span, margin = _frame(flat)
    return {
        "layer": layer.path,
        "averaged": len(layer.shape) == 3 and layer.shape[1:] != (1, 1),
        "dimensions": features.shape[1],
        "count": count,
        "at_random": len(sample),
        "perplexity": round(float(perplexity), 1),
        "explained": [round(float(ratio), 4) for ratio in directions.explained_variance_ratio_],
        "agreement": agreement,
        "mixed": mixed,
        "maps": {
            "tsne": placed,
            "pca": _unit(flat),
            "grid": _unit(np.stack([rows_columns[:, 1], -rows_columns[:, 0]], axis=1)),
        },
        "near": {name: indices.tolist() for name, indices in near.items()},
        "k": NEIGHBORS,
        "features": as_text(features, "float16") if subject.program else None,
        "projection": {
            "mean": [float(v) for v in directions.mean_],
            "components": [[float(v) for v in row] for row in directions.components_],
            "low": low.tolist(),
            "span": float(span),
            "margin": margin.tolist(),
        },
    }


def _agreement(rows: Array, labels: Array) -> float:
    return float(label_agreement(nearest_neighbors(rows, k=NEIGHBORS)[0], labels))


def mixed_groups(
    points: Array, labels: Array, right: Array, attributes: Mapping[str, Array], sample: Array
) -> list[dict[str, Any]]:
    """Groups on the map that have something other than a class in common, largest first.

    No class dominates such a group, and an attribute distinguishes it from the other images.

    Args:
        points: (N, 2), in 0…1.
        labels: the class of each.
        right: whether it is recognized.
        attributes: by name, a number for each image, (N,).
        sample: indices of the images on which shares are computed.
    """
    pairs = cKDTree(points).query_pairs(NEAR, output_type="ndarray")
    links = coo_array((np.ones(len(pairs)), pairs.T), shape=(len(points), len(points)))
    _, groups = connected_components(links, directed=False)
    found = []
    for group in np.flatnonzero(np.bincount(groups[sample]) >= LEAST_GROUP * len(sample)):
        inside = groups == group
        counted = inside[sample]
        away = {name: (v[inside].mean() - v.mean()) / (v.std() or 1) for name, v in attributes.items()}
        name = max(away, key=lambda one: abs(away[one]))
        if np.bincount(labels[inside]).max() >= LEAST_SHARE * inside.sum() or abs(away[name]) < TYPICAL:
            continue
        found.append(
            {
                "at": [round(float(v), DIGITS) for v in np.median(points[inside], axis=0)],
                "count": int(inside.sum()),
                "what": f"{'high' if away[name] > 0 else 'low'} {name}",
                "right": float(right[sample][counted].mean()),
                "elsewhere": float(right[sample][~counted].mean()),
            }
        )
    return sorted(found, key=lambda one: -one["count"])


def last_hidden(subject: Subject) -> Stage:
    """The last layer before the classifier, not counting dropout and flattening."""
    stages = subject.stages
    trained = [i for i, stage in enumerate(stages) if getattr(subject.model[stage.path], "weight", None) is not None]
    before = [stage for stage in stages[: trained[-1]] if stage.kind not in ("Dropout", "Flatten")] if trained else []
    if not before:
        raise Missing("The network has no hidden layer before its classifier.")
    return before[-1]


def _frame(points: Array) -> tuple[Array, float, Array]:
    """The smallest coordinates (y points down), the longer side, and the margins that center the shorter one."""
    points = np.asarray(points, np.float64) * (1, -1)
    span = np.ptp(points, axis=0).max() or 1.0
    return points.min(axis=0), float(span), (1 - np.ptp(points, axis=0) / span) / 2


def _unit(points: Array) -> list[list[float]]:
    """Both coordinates in 0…1 on the same scale; y points down, as on a screen."""
    low, span, margin = _frame(points)
    placed = (np.asarray(points, np.float64) * (1, -1) - low) / span + margin
    return [[round(float(v), DIGITS) for v in point] for point in placed]
