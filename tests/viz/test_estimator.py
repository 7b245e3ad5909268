"""The interface that the estimators share: parameters, messages, and which inputs they accept or refuse."""

import numpy as np
import pytest
import scipy.sparse

from viz.estimator import Estimator, NotFittedError, as_choice, as_count, as_generator, as_matrix, as_number


class Doubler(Estimator):
    def __init__(self, factor=2.0, *, name="x"):
        self.factor = factor
        self.name = name

    def fit(self, X, y=None):
        self._training_matrix(X)
        return self

    def transform(self, X):
        return self._new_matrix(X) * self.factor


class Nonnegative(Doubler):
    _nonnegative_input = True


def test_parameters_are_read_and_set_by_name():
    doubler = Doubler(3.0)
    assert doubler.get_params() == {"factor": 3.0, "name": "x"}
    assert doubler.set_params(factor=4.0) is doubler
    assert doubler.factor == 4.0


def test_an_unknown_parameter_is_refused_with_the_known_ones():
    with pytest.raises(ValueError, match="no parameter 'facto'; there are factor, name"):
        Doubler().set_params(facto=1)


def test_repr_shows_what_differs_from_the_defaults():
    assert repr(Doubler()) == "Doubler()"
    assert repr(Doubler(3.0, name="y")) == "Doubler(factor=3.0, name='y')"


def test_transform_before_fit_is_refused():
    with pytest.raises(NotFittedError, match="Doubler is not fitted yet: call fit"):
        Doubler().transform([[1.0]])


def test_another_number_of_features_is_refused():
    with pytest.raises(ValueError, match="X has 1 features, but Doubler is expecting 2 features"):
        Doubler().fit([[1.0, 2.0]]).transform([[1.0]])


def test_negative_data_is_refused_where_it_makes_no_sense():
    with pytest.raises(ValueError, match=r"Negative values in data passed to Nonnegative: -3 at \[1, 0\]"):
        Nonnegative().fit([[1.0, 0.0], [-3.0, 2.0]])


@pytest.mark.parametrize(
    ("given", "kept"), [("float32", "float32"), ("float64", "float64"), ("int64", "float64"), ("uint8", "float64")]
)
def test_float32_stays_float32_and_the_rest_becomes_float64(given, kept):
    assert as_matrix(np.ones((2, 2), given), "f").dtype == kept


def test_a_matrix_of_the_right_type_is_not_copied():
    X = np.ones((2, 2), np.float32)
    assert np.shares_memory(as_matrix(X, "f"), X)


@pytest.mark.parametrize(("value", "what"), [(np.nan, "NaN"), (np.inf, "infinity"), (-np.inf, "infinity")])
def test_values_that_are_not_finite_are_refused_by_name_and_place(value, what):
    X = np.zeros((4, 3))
    X[2, 1] = value
    with pytest.raises(ValueError, match=rf"f: X contains {what} at \[2, 1\] and 0 more"):
        as_matrix(X, "f")


def test_finite_data_whose_sum_overflows_is_accepted():
    assert as_matrix(np.full((4, 4), 1e308), "f").shape == (4, 4)


@pytest.mark.parametrize(
    ("X", "message"),
    [
        (np.ones(3), r"expected a 2-D array \(samples, features\), got 1-D of shape \(3,\). Reshape your data"),
        (np.ones((2, 2, 2)), "got 3-D"),
        (np.ones((0, 3)), r"got 0 sample\(s\)"),
        (np.ones((3, 0)), r"got 0 feature\(s\)"),
        (np.ones((2, 2)) * 1j, "Complex data not supported"),
    ],
)
def test_what_is_not_a_real_matrix_is_refused(X, message):
    with pytest.raises(ValueError, match=message):
        as_matrix(X, "f")


def test_sparse_matrices_are_refused_with_the_remedy():
    with pytest.raises(TypeError, match=r"sparse input is not supported; pass X\.toarray\(\)"):
        as_matrix(scipy.sparse.eye(3), "f")


def test_random_state_takes_seeds_and_generators():
    assert as_generator(7, "f").random() == as_generator(7, "f").random()
    assert as_generator(np.random.default_rng(7), "f").random() == as_generator(7, "f").random()
    legacy = np.random.RandomState
    assert as_generator(legacy(7), "f").random() == as_generator(legacy(7), "f").random()
    with pytest.raises(ValueError, match="random_state must be None, an int from 0 or a NumPy generator, got -1"):
        as_generator(-1, "f")


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: as_count(0, "k", "f"), "f: k must be an int from 1, got 0"),
        (lambda: as_count(True, "k", "f"), "got True"),
        (lambda: as_count(1.5, "k", "f"), "got 1.5"),
        (lambda: as_number(-1, "tol", "f"), r"f: tol must be a number in \[0, inf\], got -1"),
        (lambda: as_number(np.nan, "tol", "f"), "got nan"),
        (lambda: as_number(2, "ratio", "f", most=1), r"in \[0, 1\], got 2"),
        (lambda: as_choice("x", ("a", "b"), "mode", "f"), "f: mode must be one of 'a', 'b', got 'x'"),
    ],
)
def test_parameters_out_of_range_are_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
