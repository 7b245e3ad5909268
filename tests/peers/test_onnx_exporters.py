"""The output of PyTorch's two exporters: networks of the zoo and others, for a batch of any size, and users' idioms."""

import io
import logging
import runpy
import warnings
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import minicnn as cnn

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")
torch = pytest.importorskip("torch")
F, nn = torch.nn.functional, torch.nn
torch.set_num_threads(1)

HERE = Path(__file__).parent
run = runpy.run_path(str(HERE / "onnx_models.py"))["run"]
NEEDS = pytest.mark.skipif(find_spec("onnxscript") is None, reason="onnxscript, the new exporter's, is not installed")
EXPORTERS = ["old", pytest.param("new", marks=NEEDS)]
PEERS = {
    name: network
    for file in ("torch_networks.py", "torch_mobile.py")
    for name, network in runpy.run_path(str(HERE / file))["NETWORKS"].items()
}
SIZES = {"alexnet": 63, "inception_v1": 48, "googlenet": 48, "squeezenet1_0": 35, "squeezenet1_1": 35}
HUGE = [name for name in PEERS if name.startswith(("vgg", "alexnet"))]


def exported(model: Any, x: np.ndarray, exporter: str, opset: int | None = None, dynamic: bool = True) -> bytes:
    """The model as ONNX, for a batch of any size."""
    buffer = io.BytesIO()
    given = (torch.from_numpy(x),)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if exporter == "old":
            axes = {"x": {0: "N"}} if dynamic else None
            torch.onnx.export(
                model,
                given,
                buffer,
                dynamo=False,
                opset_version=opset or 17,
                input_names=["x"],
                dynamic_axes=axes,
                do_constant_folding=False,
            )
        else:
            logging.disable(logging.WARNING)
            shapes = ({0: torch.export.Dim("N")},) if dynamic else None
            torch.onnx.export(
                model, given, buffer, dynamo=True, opset_version=opset, dynamic_shapes=shapes, verbose=False
            )
            logging.disable(logging.NOTSET)
    return buffer.getvalue()


def assert_read(contents: bytes, x: np.ndarray, tmp_path: Path, other_batch: bool = True) -> Any:
    """It loads, equals onnxruntime, and can be saved again."""
    path = tmp_path / "m.onnx"
    path.write_bytes(contents)
    model = cnn.onnx.load(path, keep_softmax=True)
    for batch in [x, np.concatenate([x, -x, x / 2])] if other_batch else [x]:
        y, expected = model(batch), run(str(path), batch)
        scale = max(1e-3, float(np.abs(expected).max()))
        assert np.isfinite(scale)
        assert np.abs(y - expected.reshape(y.shape)).max() <= 1e-4 * scale
    again = tmp_path / "again.onnx"
    cnn.onnx.save(model, again, x.shape[1:])
    assert np.abs(run(str(again), batch).reshape(y.shape) - y).max() <= 1e-4 * scale
    assert np.abs(cnn.onnx.load(again, keep_softmax=True)(batch).reshape(y.shape) - y).max() <= 1e-4 * scale
    return model


def peer(name: str) -> Any:
    """The network in PyTorch, in eval mode, its statistics such that its outputs are about one."""
    torch.manual_seed(0)
    channels = cnn.zoo.network(name).input_shape[0] if name in cnn.zoo.names() else 3
    model = PEERS[name](5, channels).eval()
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.1)
            module.running_var.uniform_(0.5, 1.5)
        elif isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight)
    return model


def images(name: str) -> np.ndarray:
    shape = cnn.zoo.network(name).input_shape if name in cnn.zoo.names() else (3, 224, 224)
    size = SIZES.get(name, 32) if shape[1] == 224 else shape[1]
    return np.random.default_rng(0).standard_normal((2, shape[0], size, size)).astype(np.float32)


@pytest.mark.parametrize("exporter", EXPORTERS)
@pytest.mark.parametrize("name", [name for name in PEERS if name not in HUGE])
def test_a_network_is_read(name: str, exporter: str, tmp_path) -> None:
    assert_read(exported(peer(name), images(name), exporter), images(name), tmp_path)


OPSETS = [("old", opset) for opset in (7, 9, 11, 13, 15, 18, 20)]
OPSETS += [pytest.param("new", opset, marks=NEEDS) for opset in (18, 23)]


@pytest.mark.parametrize(("exporter", "opset"), OPSETS)
def test_every_opset_of_an_exporter_is_read(exporter: str, opset: int, tmp_path) -> None:
    x = images("mobilenet_v3_small")
    contents = exported(peer("mobilenet_v3_small"), x, exporter, opset)
    assert opset == max(entry.version for entry in onnx.ModelProto.FromString(contents).opset_import)
    assert_read(contents, x, tmp_path)


@pytest.mark.parametrize("exporter", EXPORTERS)
@pytest.mark.parametrize("name", HUGE)
def test_a_huge_network_is_read_with_a_narrow_head(name: str, exporter: str, tmp_path) -> None:
    """On small images its last maps are single pixels, which the old exporter cannot pool to 7×7."""
    with torch.device("meta"):
        features = PEERS[name](5, 3).features
    for array in [*features.to_empty(device="cpu").parameters(), *features.buffers()]:
        array.data = torch.rand(array.shape) * 2 / max(1, array[0].numel() if array.ndim else 1) ** 0.5
    dense = nn.Sequential(nn.Dropout(), nn.Linear(256 if name == "alexnet" else 512, 16), nn.ReLU(), nn.Linear(16, 5))
    model = nn.Sequential(features, nn.AdaptiveAvgPool2d(1), nn.Flatten(), dense).eval()
    assert_read(exported(model, images(name), exporter), images(name), tmp_path)


# What people write


class Function(nn.Module):
    """A function of the maps of a convolution."""

    def __init__(self, function: Any, *layers: nn.Module) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3, padding=1)
        self.layers = nn.ModuleList(layers)
        self.function = function

    def forward(self, x: Any) -> Any:
        return self.function(self.conv(x), *self.layers)


def shuffled(x: Any) -> Any:
    n, c, h, w = x.shape
    return x.view(n, 2, c // 2, h, w).transpose(1, 2).reshape(n, c, h, w)


IDIOMS = {
    "view": lambda x: x.view(x.size(0), -1),
    "view, the batch left over": lambda x: x.view(-1, 8 * 6 * 4),
    "reshape": lambda x: x.reshape(x.shape[0], x.shape[1] * x.shape[2] * x.shape[3]),
    "flatten": lambda x: torch.flatten(x, 1),
    "flattened maps": lambda x: torch.flatten(x, 2).mean(2),
    "mean": lambda x: x.mean((2, 3)),
    "mean, its first pixel": lambda x: x.mean([2, 3], keepdim=True)[:, :, 0, 0],
    "max": lambda x: x.amax((2, 3)),
    "adaptive max": lambda x: F.adaptive_max_pool2d(x, 1).flatten(1),
    "two squeezes": lambda x: F.adaptive_avg_pool2d(x, 1).squeeze(3).squeeze(2),
    "the first pixel": lambda x: x[:, :, 0, 0],
    "a corner": lambda x: x[:, :, 1:-1, ::2].flatten(1),
    "channels in halves": lambda x: torch.cat(torch.split(x, 4, 1)[::-1], 1).flatten(1),
    "one of two chunks": lambda x: torch.chunk(x, 2, 1)[1].flatten(1),
    "uneven parts": lambda x: torch.cat(torch.split(x, [2, 5, 1], 1)[::2], 1).flatten(1),
    "shuffled channels": lambda x: shuffled(x).flatten(1),
    "log-softmax": lambda x: F.log_softmax(x.mean((2, 3)), 1),
    "softmax": lambda x: F.softmax(x.mean((2, 3)), -1),
    "arithmetic": lambda x: ((2 * x - 1) / 3 + 0.5).flatten(1),
    "one minus": lambda x: (1 - x).flatten(1),
    "difference": lambda x: (x[:, :4] - x[:, 4:]).flatten(1),
    "squares": lambda x: (x**2).mean((2, 3)),
    "tanh": lambda x: torch.tanh(x).flatten(1),
    "elu": lambda x: F.elu(x, 0.7).flatten(1),
    "silu": lambda x: F.silu(x).flatten(1),
    "gelu": lambda x: F.gelu(x).flatten(1),
    "gelu by tanh": lambda x: F.gelu(x, approximate="tanh").flatten(1),
    "relu6": lambda x: F.relu6(x).flatten(1),
    "hard swish": lambda x: F.hardswish(x).flatten(1),
    "hard sigmoid": lambda x: F.hardsigmoid(x).flatten(1),
    "leaky relu": lambda x: F.leaky_relu(x, 0.2).flatten(1),
    "clamp": lambda x: x.clamp(-0.2, 0.3).flatten(1),
    "gate": lambda x: (x * torch.sigmoid(x.mean((2, 3), keepdim=True))).flatten(1),
    "nearest": lambda x: F.interpolate(x, scale_factor=2).flatten(1),
    "nearest to a size": lambda x: F.interpolate(x, size=(9, 5)).flatten(1),
    "bilinear": lambda x: F.interpolate(x, scale_factor=2, mode="bilinear").flatten(1),
    "bilinear, corners aligned": lambda x: F.interpolate(x, size=(11, 7), mode="bilinear", align_corners=True).flatten(
        1
    ),
    "padded by reflection": lambda x: F.pad(x, (1, 2, 0, 3), mode="reflect").flatten(1),
    "padded by copies": lambda x: F.pad(x, (1, 2, 0, 3), mode="replicate").flatten(1),
    "padded": lambda x: F.pad(x, (1, 2, 0, 3), value=0.5).flatten(1),
    "dropout": lambda x: F.dropout(x, training=False).flatten(1),
}
LAYERS = {
    "prelu": [nn.PReLU(8), nn.Flatten()],
    "prelu of one slope": [nn.PReLU(), nn.Flatten()],
    "transposed": [nn.ConvTranspose2d(8, 4, 3, 2, 1, output_padding=1), nn.Flatten()],
    "batch norm of vectors": [nn.Flatten(), nn.Linear(192, 6), nn.BatchNorm1d(6), nn.ReLU(), nn.Linear(6, 3)],
    "no bias": [nn.Flatten(), nn.Linear(192, 6, bias=False)],
    "average, padding not counted": [nn.AvgPool2d(3, 2, 1, count_include_pad=False), nn.Flatten()],
    "adaptive average of a factor": [nn.AdaptiveAvgPool2d((3, 2)), nn.Flatten()],
    "adaptive average of the size it has": [nn.AdaptiveAvgPool2d((6, 4)), nn.Flatten()],
    "upsample": [nn.Upsample(scale_factor=3), nn.ReflectionPad2d(1), nn.Flatten()],
}


@pytest.mark.parametrize("exporter", EXPORTERS)
@pytest.mark.parametrize("name", [*IDIOMS, *LAYERS])
def test_an_idiom_is_read(name: str, exporter: str, tmp_path) -> None:
    torch.manual_seed(0)
    model = Function(IDIOMS[name]) if name in IDIOMS else nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), *LAYERS[name])
    x = np.random.default_rng(0).standard_normal((2, 3, 6, 4)).astype(np.float32)
    assert_read(exported(model.eval(), x, exporter), x, tmp_path)


@pytest.mark.parametrize("name", ["seed", "mobilenet_v3_small", "efficientnet_b0", "resnet18", "densenet121"])
def test_a_file_for_one_image_is_read(name: str, tmp_path) -> None:
    x = images(name)[:1]
    assert_read(exported(peer(name), x, "old", dynamic=False), x, tmp_path, other_batch=False)
