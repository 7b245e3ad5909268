"""`set_output`, where neither scikit-learn nor pandas is needed: `tests/peers/test_sklearn.py` has the tables."""

import numpy as np
import pytest

import viz


def test_an_unknown_kind_of_output_is_refused() -> None:
    with pytest.raises(ValueError, match="set_output: transform must be one of default, pandas, got 'polars'"):
        viz.PCA(2).set_output(transform="polars")


def test_none_leaves_the_output_as_it_was() -> None:
    pca = viz.PCA(2)
    assert pca.set_output(transform=None) is pca
    assert not hasattr(pca, "_sklearn_output_config")
    assert pca.set_output(transform="pandas").set_output()._sklearn_output_config == {"transform": "pandas"}


def test_the_default_is_an_array() -> None:
    X = np.random.default_rng(0).random((6, 4))
    assert type(viz.PCA(2).set_output(transform="default").fit_transform(X)) is np.ndarray
