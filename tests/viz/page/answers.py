"""A network's answers, made up: labels, predictions and how sure each is."""

import numpy as np

import minicnn as cnn


def evaluation(labels, predictions, sureness, classes: int) -> cnn.Evaluation:
    labels, predictions, sureness = (np.asarray(values) for values in (labels, predictions, sureness))
    probabilities = np.repeat(((1 - sureness) / (classes - 1))[:, None], classes, axis=1)
    probabilities[np.arange(len(labels)), predictions] = sureness
    confusion = np.zeros((classes, classes), int)
    np.add.at(confusion, (labels, predictions), 1)
    right = labels == predictions
    per_class = np.array([right[labels == k].mean() if (labels == k).any() else np.nan for k in range(classes)])
    names = tuple(f"class {k}" for k in range(classes))
    return cnn.Evaluation(0.5, float(right.mean()), per_class, confusion, predictions, labels, probabilities, names)


def answers(count: int, classes: int, wrong: float, seed: int = 0) -> cnn.Evaluation:
    """At random, wrong in a given share of the images."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, classes, count)
    predictions = np.where(rng.random(count) < wrong, (labels + rng.integers(1, classes, count)) % classes, labels)
    return evaluation(labels, predictions, rng.uniform(0.6, 1, count), classes)
