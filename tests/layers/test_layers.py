"""Layers: the arrays they hold, their initial values, and what they refuse."""

import numpy as np
import pytest

import minicnn as cnn
from minicnn import Pass
from minicnn.layers import LAYERS
from minicnn.layers.description import build, describe
from minicnn.layers.options import options_of
from minicnn.testing import tie_free

SHAPES = {
    "Conv2d(4, 6, (3, 2), groups=2)": {"weight": (6, 2, 3, 2), "bias": (6,)},
    "Conv2d(4, 6, 1, bias=False)": {"weight": (6, 4, 1, 1)},
    "ConvTranspose2d(4, 6, 3, groups=2)": {"weight": (4, 3, 3, 3), "bias": (6,)},
    "ConvTranspose2d(4, 6, 3, bias=False)": {"weight": (4, 6, 3, 3)},
    "Dense(4, 6)": {"weight": (6, 4), "bias": (6,)},
    "Dense(4, 6, bias=False)": {"weight": (6, 4)},
    "BatchNorm2d(4)": {"weight": (4,), "bias": (4,)},
    "BatchNorm1d(4)": {"weight": (4,), "bias": (4,)},
    "Affine(4)": {"weight": (4,), "bias": (4,)},
    "Affine(4, bias=False)": {"weight": (4,)},
    "PReLU()": {"weight": (1,)},
    "PReLU(4)": {"weight": (4,)},
    "ReLU()": {},
}

OPTIONS = [
    "MaxPool2d(2)",
    "Dropout(0.3)",
    "AvgPool2d(3, stride=2, padding=1)",
    "Pad((1, 0, 2, 0), mode='reflect')",
    "Upsample(scale_factor=2, mode='bilinear', align_corners=True)",
    "Upsample((3, 5))",
    "Slice(1, -1, axis=2)",
    "Permute((0, 2, 3, 1))",
    "Reshape((2, 3))",
    "Reshape((3, 3))",
    "Scale(-1.0, 0.5)",
    "GELU('tanh')",
    "ELU(0.5)",
    "Hardsigmoid(0.2, 0.4)",
    "LogSoftmax(2)",
]


def made(text: str):
    return eval(text, dict(LAYERS))  # the test's own text


@pytest.mark.parametrize("text", SHAPES)
def test_parameters_are_float32_arrays_of_pytorchs_shapes(text: str) -> None:
    parameters = made(text).parameters()
    assert {name: array.shape for name, array in parameters.items()} == SHAPES[text]
    assert all(array.dtype == np.float32 for array in parameters.values())


@pytest.mark.parametrize("text", [*SHAPES, *OPTIONS])
def test_a_layer_reads_as_the_call_that_makes_it(text: str) -> None:
    layer = made(text)
    assert options_of(made(repr(layer))) == options_of(layer)


def test_running_statistics_are_state_but_no_parameters() -> None:
    layer = cnn.BatchNorm2d(3)
    assert list(layer.buffers()) == ["running_mean", "running_var"]
    assert layer.state().keys() == {"weight", "bias", "running_mean", "running_var"}


def test_parameters_are_the_arrays_themselves() -> None:
    layer = cnn.Dense(2, 1)
    layer.parameters()["weight"][...] = 3
    assert layer(np.ones((1, 2), np.float32)).item() == 6


REFUSED = {
    "Conv2d: expected in_channels to be an int of at least 1, got 0": lambda: cnn.Conv2d(0, 1, 3),
    "Conv2d: 2 groups do not divide 3 channels in and 4 out": lambda: cnn.Conv2d(3, 4, 3, groups=2),
    "Conv2d: expected kernel_size to be an int or a pair of ints": lambda: cnn.Conv2d(3, 4, (3, 3, 3)),
    "ConvTranspose2d: expected padding to be": lambda: cnn.ConvTranspose2d(1, 1, 3, padding=-1),
    "Dense: expected out_features to be an int of at least 1, got 2.5": lambda: cnn.Dense(1, 2.5),
    "BatchNorm2d: expected num_features to be": lambda: cnn.BatchNorm2d(0),
    "Dropout2d: expected p to be a number of at least 0 and at most 1, got 2": lambda: cnn.Dropout2d(2),
    "MaxPool2d: expected stride to be": lambda: cnn.MaxPool2d(2, stride=0),
    "AdaptiveAvgPool2d: expected output_size to be": lambda: cnn.AdaptiveAvgPool2d(0),
    "Pad: expected padding to be 4 or 6 ints": lambda: cnn.Pad((1,)),
    "Pad: expected mode to be one of": lambda: cnn.Pad((1, 1, 1, 1), mode="edge"),
    "BatchNorm1d: expected num_features to be": lambda: cnn.BatchNorm1d(0),
    "BatchNorm1d: expected x of shape (N, C), got (1, 2, 1, 1)": lambda: cnn.BatchNorm1d(2)(np.ones((1, 2, 1, 1))),
    "Affine: expected num_features to be an int of at least 1": lambda: cnn.Affine(0),
    "PReLU: expected num_parameters to be an int of at least 1": lambda: cnn.PReLU(1.5),
    "Scale: expected shift to be a number, got nan": lambda: cnn.Scale(1.0, float("nan")),
    "GELU: expected approximate to be one of none, tanh, got 'fast'": lambda: cnn.GELU("fast"),
    "Reshape: expected shape to be ints of at least 1, got (2, 0)": lambda: cnn.Reshape((2, 0)),
    "Reshape: expected shape to be ints of at least 1, got ()": lambda: cnn.Reshape(()),
    "Permute: expected axes to name each axis once, 0 first, got (1, 0)": lambda: cnn.Permute((1, 0)),
    "Slice: expected an axis other than the batch's, got 0": lambda: cnn.Slice(1, axis=0),
    "Slice: expected start to be an int, got 0.5": lambda: cnn.Slice(0.5),
    "Upsample: expected size or scale_factor, got None and None": lambda: cnn.Upsample(),
    "Upsample: expected mode nearest, or bilinear with or without align_corners": lambda: cnn.Upsample(2, mode="cubic"),
    "Join: expected operation to be one of concat, add, mul, got 'max'": lambda: cnn.Join("max"),
    "Layer has no forward": lambda: cnn.Layer().forward(np.ones(1)),
    "Pass: expected relu to be one of plain, guided, deconv, linear, got 'x'": lambda: Pass(relu="x"),
    "pullback: expected wants to be one of both, input, parameters, got 'x'": lambda: cnn.ReLU().forward(np.ones(1))[1](
        np.ones(1), "x"
    ),
    "astype: expected float32 or float64, got int64": lambda: cnn.Dense(1, 1).astype(int),
    "initialize: expected scheme to be one of": lambda: cnn.Dense(1, 1).initialize(scheme="zeros"),
}


@pytest.mark.parametrize("message", REFUSED)
def test_it_is_refused(message: str) -> None:
    with pytest.raises((ValueError, TypeError)) as refusal:
        REFUSED[message]()
    assert str(refusal.value).startswith(message)


# Initial values


def network() -> cnn.Sequential:
    return cnn.Sequential(
        conv=cnn.Conv2d(2, 8, 3), norm=cnn.BatchNorm2d(8), up=cnn.ConvTranspose2d(8, 4, 2), fc=cnn.Dense(4, 3)
    )


def test_initial_values_depend_on_the_seed_alone() -> None:
    one, same, other = (network().initialize(seed) for seed in (1, 1, 2))
    for name, array in one.parameters().items():
        assert np.array_equal(array, same.parameters()[name])
        assert name.startswith("norm") or "bias" in name or not np.array_equal(array, other.parameters()[name])


def test_a_new_layer_does_not_change_the_others_values() -> None:
    longer = cnn.Sequential({"more": cnn.Dense(3, 3)} | network().children).initialize(0)
    for name, array in network().initialize(0).parameters().items():
        assert np.array_equal(array, longer.parameters()[name])


def test_a_dense_layer_at_the_end_starts_so_small_that_all_scores_are_about_0() -> None:
    ends, goes_on = (
        cnn.Sequential(a=cnn.Dense(9, 9), b=cnn.Dense(9, 9)),
        cnn.Sequential(a=cnn.Dense(9, 9), norm=cnn.BatchNorm2d(9)),
    )
    assert ends.initialize(0)["b"].weight.std() < ends["a"].weight.std() / 40
    inside = cnn.Sequential(a=cnn.Dense(9, 9), b=cnn.Dense(9, 9), norm=cnn.BatchNorm2d(9)).initialize(0)
    assert np.array_equal(64 * ends["b"].weight, inside["b"].weight)
    assert np.array_equal(goes_on.initialize(0)["a"].weight, ends["a"].weight)
    assert np.array_equal(ends["b"].weight, ends.initialize(0)["b"].weight)
    assert cnn.Dense(9, 9).initialize(0).weight.std() > 0.3


def test_initial_values_make_biases_zero_and_batch_normalization_the_identity() -> None:
    model = network()
    for array in model.state().values():
        array += 5
    state = model.initialize(0).state()
    assert all(
        np.all(state[name] == 0) for name in ("conv.bias", "up.bias", "fc.bias", "norm.bias", "norm.running_mean")
    )
    assert all(np.all(state[name] == 1) for name in ("norm.weight", "norm.running_var"))


def test_astype_turns_every_array_and_the_output() -> None:
    model = cnn.Sequential(cnn.Conv2d(1, 2, 3, bias=False), cnn.BatchNorm2d(2)).initialize(0).astype(np.float64)
    assert all(array.dtype == np.float64 for array in model.state().values())
    assert model(tie_free((1, 1, 4, 4))).dtype == np.float64


# State


def test_state_moves_between_models() -> None:
    one, other = network().initialize(1), network().initialize(2)
    other.load_state(one.state())
    assert all(np.array_equal(array, other.state()[name]) for name, array in one.state().items())
    assert not any(np.shares_memory(array, other.state()[name]) for name, array in one.state().items())


def test_state_that_does_not_fit_is_refused_and_changes_nothing() -> None:
    model = cnn.Sequential(a=cnn.Dense(2, 2), b=cnn.Dense(2, 2)).initialize(0)
    before = {name: array.copy() for name, array in model.state().items()}
    wrong = {"a.weight": np.ones((2, 2)), "a.bias": np.ones(3), "c": np.ones(1), "b.weight": np.ones((2, 2))}
    with pytest.raises(ValueError, match=r"a.bias is \(3,\), expected \(2,\); b.bias is missing; c is left over"):
        model.load_state(wrong)
    assert all(np.array_equal(array, before[name]) for name, array in model.state().items())


@pytest.mark.parametrize(("faults", "end"), [(8, "7 is missing$"), (9, "7 is missing; and 1 more$")])
def test_of_many_faults_eight_are_named(faults: int, end: str) -> None:
    model = cnn.Sequential({str(i): cnn.PReLU() for i in range(faults)})
    with pytest.raises(ValueError, match=end.replace(" is", ".weight is")):
        model.load_state({})


def test_a_slope_that_is_learned_begins_at_a_quarter() -> None:
    layer = cnn.PReLU(3)
    assert layer.weight.tolist() == [0.25] * 3
    layer.weight[...] = 7
    assert layer.initialize(0).weight.tolist() == [0.25] * 3


def test_a_scale_of_channels_begins_as_the_identity() -> None:
    layer = cnn.Affine(3)
    for _ in range(2):
        assert (layer.weight.tolist(), layer.bias.tolist()) == ([1] * 3, [0] * 3)
        layer.weight[...], layer.bias[...] = 7, 7
        layer.initialize(0)


def test_without_strict_what_is_there_is_loaded() -> None:
    model = cnn.Sequential(a=cnn.Dense(1, 1), b=cnn.Dense(1, 1))
    model.load_state({"a.weight": np.full((1, 1), 7), "c": np.ones(1)}, strict=False)
    assert model["a"].weight.item() == 7 and model["b"].weight.item() == 0


def test_pytorchs_counters_are_passed_over() -> None:
    layer = cnn.BatchNorm2d(2)
    layer.load_state({**layer.state(), "num_batches_tracked": np.array(3)})


# Descriptions


def test_a_description_builds_the_same_network() -> None:
    model = cnn.Sequential(
        block=cnn.Residual(cnn.Conv2d(2, 2, (3, 1), padding=(1, 0)), shortcut=cnn.Conv2d(2, 2, 1, bias=False)),
        branches=cnn.Concat(one=cnn.MaxPool2d(2, ceil_mode=True), other=cnn.AvgPool2d(2, ceil_mode=True)),
    )
    again = build(describe(model))
    assert repr(again) == repr(model)
    assert again.parameters().keys() == model.parameters().keys()


@pytest.mark.parametrize(
    ("description", "message"),
    [
        ([], "expected the description of a layer"),
        ({"type": "Conv3d"}, r"unknown layer type 'Conv3d'; did you mean Conv2d"),
        ({"type": "os.system", "options": {"command": "ls"}}, "unknown layer type 'os.system'"),
        ({"type": "ReLU", "options": []}, "ReLU: expected options and children to be objects, got list"),
        ({"type": "Dense", "options": {"in": 3}}, "Dense: its options do not fit"),
    ],
)
def test_a_description_that_names_no_layer_is_refused(description, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        build(description)


def test_a_layer_that_does_not_store_an_option_cannot_be_described() -> None:
    class Forgetful(cnn.Layer):
        def __init__(self, size: int) -> None:
            pass

    with pytest.raises(ValueError, match=r"Forgetful: expected the option 'size' to be stored as self.size"):
        describe(Forgetful(3))


def test_batch_norm_of_vectors_is_that_of_maps_of_one_pixel() -> None:
    vectors, maps = cnn.BatchNorm1d(3), cnn.BatchNorm2d(3)
    x, dy = tie_free((4, 3), 1), tie_free((4, 3), 2)
    for layer in (vectors, maps):
        layer.initialize().astype(np.float64)
    y, pullback = vectors.forward(x, Pass(train=True))
    expected, of_maps = maps.forward(x[:, :, None, None], Pass(train=True))
    np.testing.assert_array_equal(y, expected[:, :, 0, 0])
    dx, gradients = pullback(dy)
    expected_dx, expected_gradients = of_maps(dy[:, :, None, None])
    np.testing.assert_array_equal(dx, expected_dx[:, :, 0, 0])
    np.testing.assert_array_equal(gradients["weight"], expected_gradients["weight"])
    np.testing.assert_array_equal(vectors.running_var, maps.running_var)
    assert pullback(dy, "input")[1] == {}


def test_a_fixed_scale_and_shift_are_not_trained() -> None:
    layer = cnn.Scale(-2.0, 0.5)
    y, pullback = layer.forward(np.array([[1.0, 3.0]]))
    assert y.tolist() == [[-1.5, -5.5]]
    assert pullback(np.ones((1, 2)))[0].tolist() == [[-2, -2]]
    assert pullback(np.ones((1, 2)))[1] == {} and layer.parameters() == {}


def test_upsampling_by_a_factor_follows_the_size_of_the_image() -> None:
    layer = cnn.Upsample(scale_factor=(2, 3))
    assert layer(tie_free((1, 2, 3, 4))).shape == (1, 2, 6, 12)
    assert layer(tie_free((1, 2, 1, 5))).shape == (1, 2, 2, 15)


def test_a_file_that_says_null_of_a_bias_means_none() -> None:
    description = describe(cnn.Dense(2, 3, bias=False))
    assert description["options"]["bias"] is False
    description["options"]["bias"] = None
    assert build(description).bias is None
