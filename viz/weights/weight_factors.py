"""The weights between two hidden layers as color images: many input channels summarized by three."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..containers import plain
from ..factorize import NMF, PCA, SemiNMF
from .filters import filters

METHODS = ("semi-nmf", "nmf-pos-neg", "pca")


def weight_factors(
    model: Any, layer: str, factors: int = 3, method: str = "semi-nmf", *, random_state: Any = 0
) -> np.ndarray:
    """Group a convolution's input channels into a few factors, the same for all its neurons.

    A filter w[o] has one number for each input channel at each position: far too many dimensions to look at. With
    X (in, out·kh·kw) the layer's weights,

        "semi-nmf"      X ≈ G P with G ≥ 0: every factor is a non-negative group of input channels (one-sided NMF)
        "nmf-pos-neg"   [X⁺, X⁻] ≈ G [P⁺, P⁻], all non-negative, and P = P⁺ − P⁻
        "pca"           the principal directions of the weights in the space of channels

    and P, reshaped, are images: at each position of each filter, the weight of each group. The groups are those of the
    whole layer, so a color means the same in every neuron's image.

    Args:
        model: a network.
        layer: the path of a convolution.
        factors: how many; 3 are red, green and blue.
        method: one of the above.
        random_state: of the factorization.

    Returns:
        (out, kh, kw, factors), of both signs, factors in order of decreasing size.

    Raises:
        ValueError: there is no such convolution, or the method is unknown, or there are fewer channels than factors.

    Source: Voss et al. (2021), Visualizing weights (Distill), "Small multiples"; Ding, Li & Jordan (2010), Convex and
    semi-nonnegative matrix factorizations.
    """
    if method not in METHODS:
        raise ValueError(f"weight_factors: expected method to be one of {', '.join(METHODS)}, got {method!r}")
    w = filters(model, layer)
    O, C, kh, kw = w.shape
    if not 1 <= factors <= C:
        raise ValueError(f"weight_factors: expected 1 to {C} factors for the {C} input channels, got {factors}")
    X = w.transpose(1, 0, 2, 3).reshape(C, O * kh * kw)
    if method == "pca":
        P = plain(PCA(n_components=factors, random_state=random_state)).fit_transform(X.T).T
    elif method == "semi-nmf":
        P = _scaled(SemiNMF(n_components=factors, random_state=random_state), X)
    else:
        both = np.concatenate([np.maximum(X, 0), np.maximum(-X, 0)], axis=1)
        P = np.subtract(*np.split(_scaled(NMF(n_components=factors, random_state=random_state), both), 2, axis=1))
    P = P[np.argsort(-np.linalg.norm(P, axis=1), kind="stable")]
    return P.reshape(factors, O, kh, kw).transpose(1, 2, 3, 0)


def _scaled(factorization: Any, X: np.ndarray) -> np.ndarray:
    """P of X ≈ G P, with the groups (columns of G) brought to length 1, so that P alone carries the size."""
    G = np.asarray(factorization.fit_transform(X))
    return np.asarray(factorization.components_ * np.linalg.norm(G, axis=0)[:, None])
