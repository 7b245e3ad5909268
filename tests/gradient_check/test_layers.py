"""gradcheck of layers and models: by input and by parameters, named as in `model.parameters()`."""

import numpy as np
import pytest

import minicnn as cnn
from minicnn import GradientError, Pass, gradcheck
from minicnn.testing import tie_free


class Scale:
    """A user's layer, with nothing but what the contract requires."""

    def __init__(self) -> None:
        self.parameters = {"factor": np.array(2.0)}
        self.buffers: dict = {}
        self.sign = 1

    def forward(self, x, pass_):
        k = self.parameters["factor"]
        return k * x, lambda dy, wants="both": (k * dy, {"factor": np.asarray(self.sign * (dy * x).sum())})


def test_a_users_layer() -> None:
    assert gradcheck(Scale(), tie_free((2, 3))) < 1e-12


def test_a_model_by_input_and_parameters_the_wrong_one_is_named() -> None:
    model = cnn.Sequential(scale=Scale(), relu=cnn.ReLU(), again=Scale())
    assert gradcheck(model, tie_free((2, 3))) < 1e-12
    model["again"].sign = -1
    with pytest.raises(GradientError, match=r"Sequential: wrong gradient of parameter again.factor at index \(\)"):
        gradcheck(model, tie_free((2, 3)))


class Leaky(Scale):
    """A layer that propagates a wrong gradient, and has no parameters whose gradients could reveal it."""

    def forward(self, x, pass_):
        y, pullback = super().forward(x, pass_)
        return y, lambda dy, wants="both": (pullback(dy)[0] + 0.1, pullback(dy)[1])


@pytest.mark.parametrize(
    ("leaky", "wrong", "right"),
    [(0, "none", "0.factor, 1.factor, 2.factor"), (2, "0.factor, 1.factor", "2.factor")],
)
def test_where_the_inputs_gradient_is_wrong_those_of_the_parameters_tell_whence(leaky, wrong: str, right: str) -> None:
    model = cnn.Sequential(*(Leaky() if i == leaky else Scale() for i in range(3)))
    message = r"^Sequential: wrong gradient of the input x at index \(0, 0\): .*"
    with pytest.raises(GradientError, match=rf"{message}; of the parameters, wrong: {wrong}; right: {right}$"):
        gradcheck(model, tie_free((2, 3)))


def test_of_a_layer_with_one_parameter_that_is_named_and_of_one_without_any_none() -> None:
    with pytest.raises(GradientError, match=r"; of the parameters, wrong: none; right: factor$"):
        gradcheck(Leaky(), tie_free((2, 3)))

    class Bare(cnn.ReLU):
        def forward(self, x, pass_):
            return 2 * x, lambda dy, wants="both": (dy, {})

    with pytest.raises(GradientError, match=r"wrong gradient of the input x at .* \(relative error 5\.0e-01\)$"):
        gradcheck(Bare(), tie_free((2, 3)))


def test_a_model_in_training_keeps_its_arrays_and_buffers() -> None:
    model = cnn.Sequential(cnn.Conv2d(1, 2, 3), cnn.BatchNorm2d(2), cnn.Dropout(0.5)).initialize(0)
    before = {name: array.copy() for name, array in model.state().items()}
    assert gradcheck(model, tie_free((2, 1, 4, 4)), train=True) < 1e-7
    assert all(
        np.array_equal(before[name], array) and array.dtype == np.float32 for name, array in model.state().items()
    )


def test_the_fields_of_a_pass_are_options() -> None:
    model = cnn.Sequential(conv=cnn.Conv2d(1, 2, 3), relu=cnn.ReLU()).initialize(0)
    assert gradcheck(model, tie_free((1, 1, 4, 4)), until="conv") < 1e-12
    with pytest.raises(GradientError):  # guided backpropagation is not the gradient
        gradcheck(model, tie_free((1, 1, 4, 4)), relu="guided")


def test_a_layer_whose_arrays_cannot_be_converted_says_so() -> None:
    class Hidden(Scale):
        def __init__(self) -> None:
            self.k = np.array(2, np.float32)

        def parameters(self):
            return {"factor": self.k}

    with pytest.raises(ValueError, match="Hidden keeps factor in float32; make it float64"):
        gradcheck(Hidden(), tie_free(3))


def test_a_layer_that_forgets_a_gradient() -> None:
    class Forgetful(Scale):
        def forward(self, x, pass_: Pass):
            return x * self.parameters["factor"], lambda dy, wants="both": (dy, {})

    with pytest.raises(GradientError, match=r"Forgetful: expected gradients of \['factor'\], got \[\]"):
        gradcheck(Forgetful(), tie_free(3))


@pytest.mark.parametrize(
    ("returned", "message"),
    [
        (lambda x: x, r"One.forward: expected it to return \(y, pullback\), got ndarray"),
        (lambda x: (x, lambda dy: (dy, {})), r"One: expected a pullback\(dy, wants\), .*; got pullback\(dy\)"),
        (
            lambda x: (x, lambda dy, wants: dy),
            r"expected its pullback to return \(dx, gradients by name\), got ndarray",
        ),
    ],
)
def test_a_layer_that_is_written_as_something_else(returned, message: str) -> None:
    class One(Scale):
        def forward(self, x, pass_: Pass):
            return returned(x)

    with pytest.raises(GradientError, match=message):
        gradcheck(One(), tie_free(3))
