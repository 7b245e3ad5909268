"""A convolutional network with scikit-learn's classifier interface: for `cross_val_score`, `GridSearchCV`, `Pipeline`.

Only this module needs scikit-learn: `pip install ".[sklearn]"` in a checkout.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Self

import numpy as np

try:
    from sklearn.base import BaseEstimator, ClassifierMixin
    from sklearn.utils import check_random_state
    from sklearn.utils.multiclass import check_classification_targets, unique_labels
    from sklearn.utils.validation import check_is_fitted, validate_data
except ImportError as error:
    raise ImportError('minicnn.sklearn needs scikit-learn: pip install ".[sklearn]" in a checkout') from error

from . import ops, optim, zoo
from .data.transform import Transform
from .layers import Conv2d, Dense, Dropout, Flatten, MaxPool2d, Pass, ReLU, Sequential
from .layers.pullback import run_layer
from .ops.contract import Array

LEAST = 8  # pixels along a side; the default network convolves images of at least this size
SEEDS = 2**31 - 1

Shape = tuple[int, int, int]
Network = str | Callable[[Shape, int], Any] | None


class CNNClassifier(ClassifierMixin, BaseEstimator):
    """A network trained by softmax cross-entropy.

        search = GridSearchCV(CNNClassifier(epochs=5), {"learning_rate": [1e-3, 3e-3]})
        search.fit(train.images, train.labels).score(test.images, test.labels)

    X is an array of images (N, C, H, W), or, as scikit-learn has it, a table (N, features): with `image_shape` its rows
    are images flattened. Each channel, or each feature of a table without `image_shape`, is standardized by the
    training data's mean and standard deviation. uint8 and float32 are computed in float32, float64 in float64.

    Args:
        network: a name of the zoo, or a function of (C, H, W) and the number of classes that builds a model;
            None: two convolutions for images of 8×8 or more, else one hidden layer.
        image_shape: (C, H, W) of the rows of a table.
        epochs: passes of `fit` over the data.
        batch_size: samples in a step.
        optimizer: "adam", "adamw" or "sgd" (with momentum 0.9).
        learning_rate: the optimizer's.
        random_state: seeds initialization, order and dropout; an int gives the same weights each time.

    Attributes:
        model_: the network; if trained on uint8 images it has `transform` and `classes`, for `viz` and `save`.
        classes_: the labels, sorted.
        n_features_in_: columns of X, or numbers per image.
        image_shape_: (C, H, W).
        mean_, scale_: subtracted from the data, then divided by: (C, 1, 1) or (1, 1, features).
        loss_curve_: the mean loss of each epoch.
    """

    def __init__(
        self,
        network: Network = None,
        *,
        image_shape: Shape | None = None,
        epochs: int = 20,
        batch_size: int = 32,
        optimizer: str = "adam",
        learning_rate: float = 1e-3,
        random_state: Any = None,
    ) -> None:
        self.network = network
        self.image_shape = image_shape
        self.epochs = epochs
        self.batch_size = batch_size
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        self.random_state = random_state

    def fit(self, X: Any, y: Any) -> Self:
        """Train a new network.

        Raises:
            ValueError: X or y is not what a classifier takes, or an option is out of range.
        """
        X, y = self._validated(X, y, reset=True)
        self._begin(X, unique_labels(y))
        self._learn(X, y, self.epochs)
        return self

    def partial_fit(self, X: Any, y: Any, classes: Any = None) -> Self:
        """Train for one more epoch, with the network and the statistics of the first call.

        Args:
            X, y: some of the data.
            classes: all labels that will ever occur; required in the first call.

        Raises:
            ValueError: `classes` is missing in the first call or differs in a later one, or y has a label outside it.
        """
        first = not hasattr(self, "model_")
        X, y = self._validated(X, y, reset=first)
        if first:
            if classes is None:
                raise ValueError("classes must be passed on the first call to partial_fit: all labels that may come")
            self._begin(X, unique_labels(classes))
        elif classes is not None and not np.array_equal(unique_labels(classes), self.classes_):
            raise ValueError(f"classes: expected those of the first call to partial_fit, {self.classes_}")
        if unknown := sorted(set(np.unique(y).tolist()) - set(self.classes_.tolist())):
            raise ValueError(f"y: expected labels among {self.classes_}, got {unknown[0]!r}")
        self._learn(X, y, 1)
        return self

    def predict_proba(self, X: Any) -> Array:
        """The softmax of the scores, (N, classes), in the order of `classes_`."""
        check_is_fitted(self)
        x = self._input(self._validated(X, reset=False))
        found = [
            ops.softmax(run_layer(self.model_, x[i : i + self.batch_size])[0])[0]
            for i in range(0, len(x), self.batch_size)
        ]
        return np.concatenate(found)

    def predict(self, X: Any) -> Array:
        """The most likely label of each sample, (N,)."""
        likeliest = self.predict_proba(X).argmax(axis=1)
        return self.classes_[likeliest]

    def _validated(self, X: Any, y: Any = "no_validation", reset: bool = False) -> Any:
        """X as images (N, C, H, W) of numbers that are finite, and y."""
        options: dict[str, Any] = {"dtype": [np.float64, np.float32, np.uint8], "reset": reset}
        images: Shape | None = None
        if isinstance(X, np.ndarray) and X.ndim == 4:
            images, X = X.shape[1:], X.reshape(len(X), int(np.prod(X.shape[1:])))
        found = validate_data(self, X, y, **options)
        X = found[0] if isinstance(found, tuple) else found
        shape = images or tuple(self.image_shape or (1, 1, X.shape[1]))
        if len(shape) != 3 or int(np.prod(shape)) != X.shape[1]:
            raise ValueError(f"CNNClassifier: image_shape {self.image_shape} does not fit {X.shape[1]} features")
        if not reset and shape != self.image_shape_:
            raise ValueError(f"CNNClassifier: expected images of {self.image_shape_}, got {shape}")
        X = X.reshape(len(X), *shape)
        if not isinstance(found, tuple):
            return X
        check_classification_targets(found[1])
        return X, found[1]

    def _begin(self, X: Array, classes: Array) -> None:
        """A new network, for data such as X."""
        for name in ("epochs", "batch_size"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 1:
                raise ValueError(f"CNNClassifier: {name} must be an int from 1, got {value!r}")
        if len(classes) < 2:
            raise ValueError(f"CNNClassifier: expected at least two classes, got one class only: {classes[0]!r}")
        self.classes_, self.image_shape_ = classes, X.shape[1:]
        axes = (0, 2, 3) if np.ndim(X) == 4 and X.shape[2] > 1 else (0,)
        self.mean_ = X.mean(axis=axes, keepdims=True, dtype=np.float64)[0]
        deviation = X.std(axis=axes, keepdims=True, dtype=np.float64)[0]
        self.scale_ = np.where(deviation > 0, deviation, 1.0)
        self._random = np.random.default_rng(check_random_state(self.random_state).randint(SEEDS))
        model = self._network(self.image_shape_, len(classes))
        model.initialize(seed=int(self._random.integers(SEEDS)))
        if X.dtype == np.uint8 and X.shape[2] > 1:
            model.transform, model.classes = Transform.fit(X), tuple(map(str, classes))
        self.model_ = model.astype(np.float64 if X.dtype == np.float64 else np.float32)
        momentum = {"momentum": 0.9} if self.optimizer == "sgd" else {}
        self._steps = optim.build(self.optimizer, lr=self.learning_rate, **momentum)
        self.loss_curve_: list[float] = []

    def _network(self, shape: Shape, classes: int) -> Any:
        channels, height, width = shape
        if isinstance(self.network, str):
            return zoo.build(self.network, classes=classes, in_channels=channels, input_size=(height, width))
        if self.network is not None:
            return self.network(shape, classes)
        if min(height, width) < LEAST:
            return Sequential(
                flatten=Flatten(), fc1=Dense(int(np.prod(shape)), 64), relu=ReLU(), fc2=Dense(64, classes)
            )
        return Sequential(
            conv1=Conv2d(channels, 16, 3, padding=1),
            relu1=ReLU(),
            pool1=MaxPool2d(2),
            conv2=Conv2d(16, 32, 3, padding=1),
            relu2=ReLU(),
            pool2=MaxPool2d(2),
            flatten=Flatten(),
            fc1=Dense(32 * (height // 4) * (width // 4), 64),
            relu3=ReLU(),
            drop=Dropout(0.3),
            fc2=Dense(64, classes),
        )

    def _learn(self, X: Array, y: Array, epochs: int) -> None:
        labels, parameters = np.searchsorted(self.classes_, y), self.model_.parameters()
        for _ in range(epochs):
            total, order = 0.0, self._random.permutation(len(X))
            for first in range(0, len(X), self.batch_size):
                batch = order[first : first + self.batch_size]
                scores, pullback = run_layer(self.model_, self._input(X[batch]), Pass(train=True, rng=self._random))
                loss, loss_pullback = ops.cross_entropy(scores, labels[batch])
                self._steps.step(parameters, pullback(*loss_pullback(1.0), wants="parameters")[1])
                total += float(loss) * len(batch)
            self.loss_curve_.append(total / len(X))

    def _input(self, X: Array) -> Array:
        dtype = next(iter(self.model_.parameters().values())).dtype
        return ((X - self.mean_) / self.scale_).astype(dtype)
