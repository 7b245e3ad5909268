"""assert_contract: what it accepts, and that each property reports what is wrong."""

import numpy as np
import pytest

import minicnn as cnn
from minicnn.testing import ContractError, assert_contract, tie_free

x = tie_free((2, 3))


def double(x):
    return 2 * x, lambda dy, wants=(True,): (2 * dy if wants[0] else None,)


def with_pullback(pullback):
    return lambda x: (2 * x, pullback)


def test_a_right_op_passes() -> None:
    assert_contract(double, x)
    assert_contract(double, x, reference=lambda x: x + x)


@pytest.mark.parametrize("count", [0, 1, 2, 3])
def test_a_gradient_that_is_wrong_for_some_number_of_wanted_ones_is_found(count: int) -> None:
    def total(a, b, c):
        def pullback(dy, wants=(True, True, True)):
            right = sum(wants) != count
            return tuple(dy if want and right else -dy if want else None if right else dy for want in wants)

        return a + b + c, pullback

    with pytest.raises(ContractError) as found:
        assert_contract(total, x, x, x)
    assert found.value.property in ("wants", "gradient")


def test_integers_and_options_are_passed_on() -> None:
    assert_contract(cnn.ops.cross_entropy, x, np.array([0, 2]), label_smoothing=0.1)
    assert_contract(cnn.ops.dropout, x, 0.5, rng=np.random.default_rng(0))


def test_the_reference_of_our_own_ops_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cnn.reference, "relu", lambda x: x)
    with pytest.raises(ContractError, match="relu: reference: output at"):
        assert_contract(cnn.ops.relu, x)


wrong = {
    "reference": lambda: assert_contract(double, x, reference=lambda x: 3 * x),
    "shapes": lambda: assert_contract(with_pullback(lambda dy, wants=(True,): (2 * dy.sum(),)), x),
    "purity": lambda: assert_contract(with_pullback(lambda dy, wants=(True,): (np.multiply(dy, 2, out=dy),)), x),
    "wants": lambda: assert_contract(with_pullback(lambda dy, wants=(True,): (2 * dy,)), x),
    "dtype": lambda: assert_contract(lambda x: (2 * x.astype(np.float64), double(x)[1]), x),
    "memory order": lambda: assert_contract(lambda x: (2 * x.ravel("K").reshape(x.shape), double(x)[1]), x),
    "linearity": lambda: assert_contract(
        with_pullback(lambda dy, wants=(True,): (np.abs(2 * dy) if wants[0] else None,)), x
    ),
}


@pytest.mark.parametrize("property", wrong)
def test_the_error_names_the_property(property: str) -> None:
    with pytest.raises(ContractError) as found:
        wrong[property]()
    assert found.value.property == property


def largest(a) -> float:
    return max(1.0, np.abs(a).max())


def a_little_off(property: str, by: float):
    """2x, but one number is off by a share of the largest in what a property compares with what is right."""

    def moved(a):
        a = a.copy()
        a.flat[0] += by * largest(a)
        return a

    dys = [tie_free(x.shape, seed) for seed in (1, 2)]
    share = largest(4 * dys[0] - 6 * dys[1]) / 2  # of a constant c in both: 2c − 3c is 2c from c

    def op(x):
        def pullback(dy, wants=None):
            dx = 2 * dy
            if property == "linearity":
                dx.flat[0] += by * share
            if wants == (False,):
                return (None,)
            return (moved(dx) if property == "wants" and wants else dx,)

        off = {"reference": True, "dtype": x.dtype == np.float32, "memory order": x.strides[1] < 0}
        return moved(2 * x) if off.get(property) else 2 * x, pullback

    return op


TOLERANCES = {"reference": 1e-12, "wants": 1e-12, "memory order": 1e-12, "dtype": 1e-3, "linearity": 1e-9}


@pytest.mark.parametrize("size", [10, 0.1])
@pytest.mark.parametrize("property", TOLERANCES)
def test_what_is_more_than_rounding_is_found_and_no_less(property: str, size: float) -> None:
    """Of the largest number, or of 1 if all are less."""
    assert_contract(a_little_off(property, 0.6 * TOLERANCES[property]), size * x, reference=lambda x: 2 * x)
    with pytest.raises(ContractError) as found:
        assert_contract(a_little_off(property, 1.6 * TOLERANCES[property]), size * x, reference=lambda x: 2 * x)
    assert found.value.property == property and "at (0, 0) is " in str(found.value)


def test_a_pullback_that_turns_with_dy_and_grows_with_it_is_not_linear_yet() -> None:
    def by_its_largest(dy, wants=(True,)):
        return (dy * np.abs(dy).max() / np.sqrt((dy**2).sum()) if wants[0] else None,)

    with pytest.raises(ContractError, match="linearity: gradient 0 of 2a − 3b at") as found:
        assert_contract(with_pullback(by_its_largest), x)
    assert found.value.property == "linearity"


def test_unless_told_otherwise_a_layer_in_training_draws_as_with_seed_0() -> None:
    class Drawing(cnn.ReLU):
        drawn: list[float] = []  # noqa: RUF012

        def forward(self, x, pass_):
            if pass_.rng is not None:
                self.drawn.append(pass_.rng.random())
            return super().forward(x, pass_)

    seen = []
    for options in ({}, {"seed": 0}, {"seed": 1}):
        Drawing.drawn.clear()
        assert_contract(Drawing(), x, train=True, **options)
        seen.append(set(Drawing.drawn))
    assert seen[0] == seen[1] != seen[2] and len(seen[0]) == 1  # every pass draws the same


def test_what_is_not_a_number_is_compared_like_numbers() -> None:
    hole = np.array([[0, 0, np.nan], [0, 0, 0]])

    def op(x):
        return x + hole.astype(x.dtype), lambda dy, wants=(True,): (dy if wants[0] else None,)

    assert_contract(op, x, reference=lambda x: x + hole)
    for reference in (lambda x: x, lambda x: x + hole + hole[::-1]):
        with pytest.raises(ContractError, match=r"reference: output at \((0|1), 2\) is .*nan"):
            assert_contract(op, x, reference=reference)


def test_a_pullback_that_is_not_told_what_is_wanted() -> None:
    expected = r"wants: expected a pullback\(dy, wants=\(True,\)\), .*, got pullback\(dy\)"
    with pytest.raises(ContractError, match=expected) as found:
        assert_contract(with_pullback(lambda dy: (2 * dy,)), x)
    assert found.value.property == "wants"


def test_what_returns_no_pullback_is_no_op() -> None:
    with pytest.raises(cnn.GradientError, match=r"expected it to return \(y, pullback\), got ndarray"):
        assert_contract(lambda x: 2 * x, x)


class Own(cnn.ReLU):
    """A layer that is wrong in one way."""

    def __init__(self, wrong: str) -> None:
        self.wrong = wrong
        self.count = 0.0

    def buffers(self):
        return {"seen": np.array([self.count])}

    def forward(self, x, pass_):
        if self.wrong == "evaluation":
            self.count += 1
        if self.wrong == "independence of the next":
            return x + np.concatenate([x[1:], 0 * x[:1]]), lambda dy, wants="both": (dy, {})
        return x - x.mean() if self.wrong == "independence" else x, lambda dy, wants="both": (
            dy - dy.mean() if self.wrong == "independence" else dy,
            {},
        )


def test_a_layer_may_pass_on_what_is_not_a_number() -> None:
    assert_contract(cnn.Sequential(Own("nothing")), np.where(np.arange(6).reshape(2, 3) == 2, np.nan, x))


@pytest.mark.parametrize("wrong", ["evaluation", "independence", "independence of the next"])
def test_of_layers_it_asks_more(wrong: str) -> None:
    assert_contract(cnn.Sequential(Own("nothing")), x)
    with pytest.raises(ContractError, match="example 0 alone" if "next" in wrong else None) as found:
        assert_contract(cnn.Sequential(Own(wrong)), x)
    assert found.value.property == wrong.split()[0]


class Container(cnn.Sequential):
    """A container that is wrong in one way where its inside is watched, or where a pass ends there."""

    wrong, by = "", 1.0

    def forward(self, x, pass_):
        y, pullback = super().forward(x, pass_)
        asked = {"output, watched": pass_.watch, "until: 0": pass_.until}
        y = self.moved(y, bool(asked.get(self.wrong)))

        def back(dy, wants="both"):
            dx, grads = pullback(dy, wants)
            if not pass_.watch:
                return dx, grads
            moved = {name: self.moved(g, self.wrong == f"gradient of {name}, watched") for name, g in grads.items()}
            return None if dx is None else self.moved(dx, self.wrong == "gradient of x, watched"), moved

        return y, back

    def moved(self, a, off):
        return a + off * self.by * largest(a)


@pytest.mark.parametrize(
    "wrong", ["", "output, watched", "gradient of x, watched", "gradient of 1.weight, watched", "until: 0"]
)
def test_of_containers_it_asks_that_watching_and_ending_early_change_no_number(wrong: str) -> None:
    model = Container(cnn.ReLU(), cnn.Dense(3, 2)).initialize(0)
    model.wrong = wrong
    if not wrong:
        return assert_contract(model, x)
    with pytest.raises(ContractError, match=f"{wrong} at ") as found:
        assert_contract(model, x)
    assert found.value.property == ("until" if wrong == "until: 0" else "watching")
    model.by = 0.6e-12
    assert_contract(model, x)
    model.by = 1.6e-12
    with pytest.raises(ContractError, match=f"{wrong} at "):
        assert_contract(model, x)
