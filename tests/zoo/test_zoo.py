"""Networks by name: the published sizes, torchvision's names, initial values and weights."""

import json
import subprocess
import sys

import numpy as np
import pytest
from safetensors.numpy import save_file

import minicnn as cnn
from minicnn import zoo
from minicnn.layers.description import build as rebuild
from minicnn.layers.description import describe

every_network = pytest.mark.parametrize("name", zoo.names())

PARAMETERS = {  # as published; for the zoo's own small networks, the sum over their layers
    "seed": 27_480,
    "lenet5": 61_706,
    "mnist-cnn": 54_778,
    "tiny_vgg": 19_920,
    "cifar-vgg": 1_147_978,
    "cifar-vgg-bn": 1_148_874,
    "resnet20": 269_722,
    "alexnet": 61_100_840,
    "vgg11": 132_863_336,
    "vgg13": 133_047_848,
    "vgg16": 138_357_544,
    "vgg19": 143_667_240,
    "vgg11_bn": 132_868_840,
    "vgg13_bn": 133_053_736,
    "vgg16_bn": 138_365_992,
    "vgg19_bn": 143_678_248,
    "squeezenet1_0": 1_248_424,
    "squeezenet1_1": 1_235_496,
    "googlenet": 6_624_904,
    "inception_v1": 6_998_552,
    "resnet18": 11_689_512,
    "resnet34": 21_797_672,
    "resnet50": 25_557_032,
    "resnext50_32x4d": 25_028_904,
    "densenet121": 7_978_856,
    "mobilenet_v2": 3_504_872,
    "efficientnet_b0": 5_288_548,
}

# How wide the last maps see, with the kernels and strides of the papers: (k − 1) times the stride so far, added up.
SEES = {
    "seed": 10,
    "lenet5": 16,
    "mnist-cnn": 18,
    "tiny_vgg": 16,
    "cifar-vgg": 36,
    "cifar-vgg-bn": 36,
    "resnet20": 81,
    "alexnet": 195,
    "vgg11": 150,
    "vgg13": 156,
    "vgg16": 212,
    "vgg19": 268,
    "squeezenet1_0": 155,
    "squeezenet1_1": 207,
    "googlenet": 379,
    "inception_v1": 715,
    "resnet18": 435,
    "resnet34": 899,
    "resnet50": 427,
    "resnext50_32x4d": 427,
    "densenet121": 2071,
    "mobilenet_v2": 491,
}

GIGAS = {  # multiply-adds for an image, in thousand millions, as torchvision lists them
    "alexnet": 0.71,
    "vgg11": 7.61,
    "vgg13": 11.31,
    "vgg16": 15.47,
    "vgg19": 19.63,
    "squeezenet1_0": 0.82,
    "squeezenet1_1": 0.35,
    "googlenet": 1.5,
    "resnet18": 1.81,
    "resnet34": 3.66,
    "resnet50": 4.09,
    "resnext50_32x4d": 4.23,
    "densenet121": 2.83,
    "mobilenet_v2": 0.3,
    "efficientnet_b0": 0.39,
}

# What no shape shows, as published and in torchvision; the small networks' own.
DROPOUT = {
    **{name: [0.5, 0.5] for name in zoo.names() if name.startswith(("vgg", "alexnet"))},
    "squeezenet1_0": [0.5],
    "squeezenet1_1": [0.5],
    "googlenet": [0.2],
    "inception_v1": [0.4],
    "mobilenet_v2": [0.2],
    "efficientnet_b0": [0.2],
    "seed": [0.4],
    "mnist-cnn": [0.2],
}
ROUND_UP = {"squeezenet1_0", "squeezenet1_1", "googlenet", "inception_v1"}  # poolings that halve the maps


def check_what_no_shape_shows(name: str, model: cnn.Layer) -> None:
    layers = [layer for _, layer in cnn.layers.walk(model)]
    assert [layer.p for layer in layers if isinstance(layer, cnn.Dropout)] == DROPOUT.get(name, [])
    norms = {(layer.eps, layer.momentum) for layer in layers if isinstance(layer, cnn.BatchNorm2d)}
    assert norms <= {(1e-3 if name == "googlenet" else 1e-5, 0.1)}
    local = {(m.size, m.alpha, m.beta, m.k) for m in layers if isinstance(m, cnn.LocalResponseNorm)}
    assert local == ({(5, 1e-4, 0.75, 1.0)} if name == "inception_v1" else set())
    clipped = {(layer.low, layer.high) for layer in layers if isinstance(layer, cnn.Clip)}
    assert clipped == ({(0.0, 6.0)} if name == "mobilenet_v2" else set())
    pools = [layer for layer in layers if isinstance(layer, cnn.MaxPool2d)]
    rounded = [pool.ceil_mode for pool in pools if pool.stride == (2, 2) or name == "googlenet"]  # there, also others
    assert set(rounded) <= {name in ROUND_UP}


STAGES = {  # (C, H, W) after some layers, for the image size the network was made for
    "seed": {"pool1": (10, 13, 13), "pool2": (20, 5, 5)},
    "lenet5": {"pool1": (6, 14, 14), "pool2": (16, 5, 5), "fc1": (120,), "fc2": (84,)},
    "mnist-cnn": {"pool1": (16, 14, 14), "pool2": (32, 7, 7), "conv3": (64, 7, 7)},
    "tiny_vgg": {"max_pool_1": (10, 30, 30), "max_pool_2": (10, 13, 13)},
    "cifar-vgg": {"pool1": (64, 16, 16), "pool2": (128, 8, 8), "pool3": (256, 4, 4)},
    "resnet20": {"layer1.2.relu": (16, 32, 32), "layer2.2.relu": (32, 16, 16), "layer3.2.relu": (64, 8, 8)},
    "alexnet": {"features.2": (64, 27, 27), "features.5": (192, 13, 13), "features.12": (256, 6, 6)},
    "squeezenet1_0": {"features.2": (96, 54, 54), "features.6": (256, 27, 27), "features.12.concat": (512, 13, 13)},
    "squeezenet1_1": {"features.2": (64, 55, 55), "features.5": (128, 27, 27), "features.12.concat": (512, 13, 13)},
    "googlenet": {"maxpool2": (192, 28, 28), "maxpool3": (480, 14, 14), "maxpool4": (832, 7, 7), "avgpool": (1024,)},
    "inception_v1": {"pool2": (192, 28, 28), "pool3": (480, 14, 14), "pool4": (832, 7, 7), "pool5": (1024,)},
    "resnet18": {"maxpool": (64, 56, 56), "layer2.1.relu": (128, 28, 28), "layer4.1.relu": (512, 7, 7)},
    "densenet121": {
        "features.pool0": (64, 56, 56),
        "features.denseblock1.concat6": (256, 56, 56),
        "features.transition3.pool": (512, 7, 7),
        "features.norm5": (1024, 7, 7),
    },
    "mobilenet_v2": {
        "features.1.conv.2": (16, 112, 112),
        "features.13.conv.3": (96, 14, 14),
        "features.18.2": (1280, 7, 7),
    },
    "efficientnet_b0": {
        "features.1.0.block.2.1": (16, 112, 112),
        "features.5.2.block.3.1": (112, 14, 14),
        "features.8.2": (1280, 7, 7),
    },
    "resnet50": {"layer1.2.relu": (256, 56, 56), "layer3.5.relu": (1024, 14, 14), "layer4.2.relu": (2048, 7, 7)},
}

NAMES = {
    "alexnet": ["features.0.weight", "features.10.bias", "classifier.1.weight", "classifier.6.bias"],
    "vgg16": ["features.0.weight", "features.28.bias", "classifier.0.weight", "classifier.6.bias"],
    "vgg16_bn": ["features.1.running_var", "features.40.weight", "classifier.3.weight"],
    "squeezenet1_1": ["features.3.squeeze.weight", "features.12.expand3x3.bias", "classifier.1.weight"],
    "googlenet": ["conv1.conv.weight", "inception3a.branch1.conv.weight", "inception5b.branch4.1.bn.running_mean"],
    "resnet18": ["conv1.weight", "layer1.0.bn2.weight", "layer2.0.downsample.0.weight", "fc.bias"],
    "resnet50": ["layer1.0.conv3.weight", "layer1.0.downsample.1.running_mean", "layer4.2.bn3.bias"],
    "resnext50_32x4d": ["layer1.0.conv2.weight", "layer1.0.downsample.1.running_mean", "layer4.2.bn3.bias"],
    "densenet121": [
        "features.conv0.weight",
        "features.denseblock3.denselayer24.conv2.weight",
        "features.transition3.norm.running_var",
        "features.norm5.bias",
        "classifier.weight",
    ],
    "mobilenet_v2": [
        "features.0.0.weight",
        "features.1.conv.0.0.weight",
        "features.1.conv.2.running_mean",
        "features.17.conv.3.bias",
        "features.18.1.weight",
        "classifier.1.bias",
    ],
    "efficientnet_b0": [
        "features.0.0.weight",
        "features.1.0.block.1.fc1.weight",
        "features.1.0.block.2.1.running_var",
        "features.7.0.block.2.fc2.bias",
        "features.7.0.block.3.0.weight",
        "features.8.1.bias",
        "classifier.1.weight",
    ],
    "inception_v1": ["mixed3a.branch5x5.conv.weight", "mixed5b.branch_pool.conv.bias"],
}


@pytest.mark.parametrize("name", STAGES)
def test_maps_shrink_as_published(name: str) -> None:
    rows = cnn.summary(zoo.build(name, seed=None), zoo.network(name).input_shape).rows
    assert STAGES[name].items() <= {row.path: row.output_shape for row in rows}.items()
    assert rows[-1].output_shape == (zoo.network(name).classes,)


@pytest.mark.slow
def test_the_summary_of_vgg16_shows_the_stages_of_every_lecture() -> None:
    shapes = [row.output_shape for row in cnn.summary(zoo.build("vgg16", seed=None), (3, 224, 224)).rows]
    stages = list(dict.fromkeys(s for s in shapes if s not in {(64, 112, 112), (128, 56, 56), (256, 28, 28)}))
    assert stages[:6] == [(64, 224, 224), (128, 112, 112), (256, 56, 56), (512, 28, 28), (512, 14, 14), (512, 7, 7)]
    assert [s for s in shapes if len(s) == 1 and s != (25088,)] == [(4096,)] * 6 + [(1000,)]


@pytest.mark.parametrize("name", NAMES)
def test_arrays_have_torchvisions_names(name: str) -> None:
    assert set(NAMES[name]) <= zoo.build(name, seed=None).state().keys()


@every_network
def test_every_network_takes_other_classes_and_channels(name: str) -> None:
    channels, height, width = zoo.network(name).input_shape
    model = zoo.build(name, classes=7, in_channels=channels + 1, seed=None)
    size = 64 if height == 224 else height
    assert model(np.zeros((1, channels + 1, size, size * width // height), np.float32)).shape == (1, 7)


@every_network
def test_every_network_is_rebuilt_from_its_description(name: str) -> None:
    description = describe(zoo.build(name, seed=None))
    rebuilt = rebuild(json.loads(json.dumps(description)))
    assert describe(rebuilt) == description
    check_what_no_shape_shows(name, rebuilt)
    assert sum(a.size for a in rebuilt.parameters().values()) == PARAMETERS[name]
    table = cnn.summary(rebuilt, zoo.network(name).input_shape)
    if name in GIGAS:
        assert round(table.multiply_adds / 1e9, 2) == GIGAS[name]
    if name in SEES:
        assert max(row.receptive_field.size for row in table.rows if row.receptive_field) == (SEES[name],) * 2


def test_the_shortcuts_of_resnet20_have_no_parameters() -> None:
    """They take every second pixel and add channels of zeros on both sides, or are the input itself."""
    model = zoo.build("resnet20", seed=None)
    x = np.random.default_rng(0).standard_normal((1, 16, 6, 4)).astype(np.float32)
    y = model["layer2"]["0"]["downsample"](x)
    np.testing.assert_array_equal(y[:, 8:24], x[:, :, ::2, ::2])
    assert y.shape == (1, 32, 3, 2) and not y[:, :8].any() and not y[:, 24:].any()
    shortcuts = [
        [block["downsample"] for block in model[stage].children.values() if "downsample" in block.children]
        for stage in ("layer1", "layer2", "layer3")
    ]
    assert [len(some) for some in shortcuts] == [0, 1, 1]


@pytest.mark.parametrize("name", ["seed", "lenet5", "mnist-cnn", "tiny_vgg"])
def test_networks_that_flatten_their_maps_are_built_for_a_size(name: str) -> None:
    model = zoo.build(name, input_size=(37, 21), in_channels=1)
    assert model(np.zeros((1, 1, 37, 21), np.float32)).shape == (1, 10)


@pytest.mark.parametrize(("name", "least"), [("seed", 10), ("lenet5", 12), ("mnist-cnn", 4), ("tiny_vgg", 16)])
def test_the_smallest_images_are_as_small_as_they_can_be(name: str, least: int) -> None:
    model = zoo.build(name, input_size=least, in_channels=1)
    assert model(np.zeros((1, 1, least, least), np.float32)).shape == (1, 10)
    with pytest.raises(ValueError, match=f"{name}: expected input_size .* at least {least}, got {least - 1}"):
        zoo.build(name, input_size=least - 1)


def test_a_network_of_few_channels_is_squeezed_to_one() -> None:
    from minicnn.zoo.efficientnet import mbconv

    for channels, squeezed in ((3, 1), (7, 1), (8, 2)):
        assert mbconv(channels, 5, 3, 1, 1).state()["block.1.fc1.weight"].shape[0] == squeezed


def test_batch_normalized_convolutions_have_no_bias() -> None:
    model = zoo.build("cifar-vgg-bn", seed=None)
    assert "bn6.running_mean" in model.state() and "conv6.bias" not in model.state()


def test_first_values_follow_from_the_seed() -> None:
    first, same, other = (zoo.build("seed", seed=seed).state() for seed in (0, 0, 1))
    assert all(np.array_equal(first[name], same[name]) for name in first)
    assert np.array_equal(zoo.build("seed").state()["conv1.weight"], first["conv1.weight"])
    assert not np.array_equal(first["conv1.weight"], other["conv1.weight"])
    assert not any(array.any() for array in zoo.build("seed", seed=None).state().values())


def test_weights_take_the_place_of_first_values(tmp_path) -> None:
    trained = zoo.build("lenet5", seed=3).state()
    save_file({name: array.astype(np.float16) for name, array in trained.items()}, tmp_path / "w.safetensors")
    model = zoo.build("lenet5", weights=tmp_path / "w.safetensors")
    assert model["conv1"].weight.dtype == np.float32
    assert all(np.array_equal(a, trained[name].astype(np.float16)) for name, a in model.state().items())


def test_googlenets_auxiliary_classifiers_are_passed_over() -> None:
    state = zoo.build("googlenet", classes=3, seed=0).state() | {"aux1.fc1.weight": np.zeros((2, 2), np.float32)}
    model = zoo.build("googlenet", classes=3, weights=state)
    assert np.array_equal(model["fc"].weight, state["fc.weight"])


def test_weights_of_another_network_are_refused_by_name_and_shape() -> None:
    state = zoo.build("lenet5", classes=26).state()
    del state["conv1.bias"]
    with pytest.raises(ValueError, match=r"fc3.weight is \(26, 84\), expected \(10, 84\).*; conv1.bias is missing"):
        zoo.build("lenet5", weights=state)


def test_an_unknown_name_is_refused_with_the_nearest_ones() -> None:
    with pytest.raises(ValueError, match=r"^zoo: there is no network 'resnet-18'; did you mean resnet18"):
        zoo.build("resnet-18")
    with pytest.raises(ValueError, match=r"did you mean squeezenet1_1 or squeezenet1_0 or seed\?$"):  # three at most
        zoo.build("squeeze")
    with pytest.raises(ValueError, match="there are seed, lenet5"):
        zoo.build("?")


def test_an_unknown_option_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^zoo: 'seed': got an unexpected keyword argument 'depth'"):
        zoo.build("seed", depth=3)


def test_the_names_are_known_without_loading_the_engine() -> None:
    program = "import sys, minicnn; minicnn.zoo.names(); assert not {'numba', 'numpy'} & {*sys.modules}"
    subprocess.run([sys.executable, "-c", program], check=True)
