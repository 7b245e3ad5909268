"""Every attribution that Captum also has, with the same weights: of a small network, and of a trained SqueezeNet."""

import functools
import os
from pathlib import Path

import numpy as np
import pytest

import minicnn as cnn
import viz

torch = pytest.importorskip("torch")
attr = pytest.importorskip("captum.attr")

pytestmark = pytest.mark.filterwarnings("ignore")  # Captum's hooks warn


@pytest.fixture(scope="module")
def case():
    ours = cnn.Sequential(
        conv1=cnn.Conv2d(2, 6, 3, padding=1),
        relu1=cnn.ReLU(),
        pool1=cnn.MaxPool2d(2),
        conv2=cnn.Conv2d(6, 8, 3),
        relu2=cnn.ReLU(),
        flatten=cnn.Flatten(),
        fc1=cnn.Dense(8 * 6 * 6, 20),
        relu3=cnn.ReLU(),
        fc2=cnn.Dense(20, 5),
    ).initialize(3)
    nn = torch.nn
    theirs = nn.Sequential()
    for name, module in {
        "conv1": nn.Conv2d(2, 6, 3, padding=1),
        "relu1": nn.ReLU(),
        "pool1": nn.MaxPool2d(2),
        "conv2": nn.Conv2d(6, 8, 3),
        "relu2": nn.ReLU(),
        "flatten": nn.Flatten(),
        "fc1": nn.Linear(8 * 6 * 6, 20),
        "relu3": nn.ReLU(),
        "fc2": nn.Linear(20, 5),
    }.items():
        theirs.add_module(name, module)
    theirs.load_state_dict({name: torch.tensor(array) for name, array in ours.state().items()})
    x = np.random.default_rng(0).standard_normal((3, 2, 16, 16)).astype(np.float32)
    return ours, theirs, x, torch.tensor(x, requires_grad=True)


def close(ours, theirs):
    theirs = theirs.detach().numpy()
    np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-4 * np.abs(theirs).max())


def test_saliency(case):
    ours, theirs, x, t = case
    close(viz.saliency(ours, x, 2), attr.Saliency(theirs).attribute(t, target=2).max(dim=1).values)


def test_gradient_times_input(case):
    ours, theirs, x, t = case
    close(viz.gradient_times_input(ours, x, 2), attr.InputXGradient(theirs).attribute(t, target=2))


def test_guided_backprop(case):
    ours, theirs, x, t = case
    close(viz.guided_backprop(ours, x, 2), attr.GuidedBackprop(theirs).attribute(t, target=2))


def test_deconvnet(case):
    ours, theirs, x, t = case
    close(viz.deconvnet(ours, x, 2), attr.Deconvolution(theirs).attribute(t, target=2))


@pytest.mark.parametrize("layer", ["relu1", "conv2", "relu2"])
def test_grad_cam(case, layer):
    ours, theirs, x, t = case
    maps = attr.LayerGradCam(theirs, getattr(theirs, layer)).attribute(t, target=2, relu_attributions=True)
    close(viz.grad_cam(ours, x, 2, layer=layer, upsample=None), maps[:, 0])
    for upsample in ("bilinear", "nearest"):
        upsampled = torch.nn.functional.interpolate(maps, (16, 16), mode=upsample)
        close(viz.grad_cam(ours, x, 2, layer=layer, upsample=upsample), upsampled[:, 0])


def test_guided_grad_cam(case):
    ours, theirs, x, t = case
    close(
        viz.guided_grad_cam(ours, x, 2, layer="conv2"),
        attr.GuidedGradCam(theirs, theirs.conv2).attribute(t, target=2),
    )


def test_integrated_gradients(case):
    ours, theirs, x, t = case
    close(
        viz.integrated_gradients(ours, x, 2, baseline=0.3, steps=20, method="gauss-legendre"),
        attr.IntegratedGradients(theirs).attribute(t, 0.3, target=2, n_steps=20, method="gausslegendre"),
    )


def test_occlusion(case):
    ours, theirs, x, t = case
    maps = attr.Occlusion(theirs).attribute(t, (2, 4, 4), strides=(2, 2, 2), target=2)
    close(viz.occlusion(ours, x, 2, window=4, stride=2), maps[:, 0])


@pytest.mark.parametrize("layer", ["conv1", "pool1", "relu3"])
def test_layer_attribution(case, layer):
    ours, theirs, x, t = case
    module = getattr(theirs, layer)
    close(
        viz.layer_attribution(ours, x, 2, layer=layer),
        attr.LayerGradientXActivation(theirs, module).attribute(t, target=2),
    )
    conductance = attr.LayerConductance(theirs, module).attribute(
        t, 0.3, target=2, n_steps=300, method="riemann_middle"
    )
    found = viz.layer_attribution(ours, x, 2, layer=layer, method="conductance", baseline=0.3, steps=300)
    theirs_ = conductance.detach().numpy()  # takes the gradient at one end of each segment, we at both
    np.testing.assert_allclose(found, theirs_, atol=0.02 * np.abs(theirs_).max())


# A trained SqueezeNet on a photograph: Graphs, ceil-mode pooling, ReLUs inside the modules

DATA = Path(os.environ.get("MINICNN_DATA", "."))
TABBY = 281


@functools.cache
def squeezenet():
    """Ours, theirs, and a photograph as both take it; in float64, where rounding decides no ReLU and no maximum."""
    if "MINICNN_DATA" not in os.environ:
        pytest.skip("MINICNN_DATA is not set: no trained network to read")
    ours = cnn.zoo.build("squeezenet1_1", weights=DATA.resolve().parent / "models" / "squeezenet1_1.safetensors")
    ours.transform = cnn.data.Transform((0.0,) * 3, (1.0,) * 3, scale=1, channels="BGR", size=224, crop=224)
    ours.astype(np.float64)
    theirs = Squeeze().eval().double()
    theirs.load_state_dict({name: torch.tensor(array) for name, array in ours.state().items()})
    x = ours.transform.image(DATA / "images" / "cat_dog.png").astype(np.float64)
    return ours, theirs, x, torch.tensor(x, requires_grad=True)


class Fire(torch.nn.Module):
    """Every ReLU as a separate module, for Captum to hook."""

    def __init__(self, i, s, e):
        super().__init__()
        self.squeeze, self.squeeze_activation = torch.nn.Conv2d(i, s, 1), torch.nn.ReLU()
        self.expand1x1, self.expand1x1_activation = torch.nn.Conv2d(s, e, 1), torch.nn.ReLU()
        self.expand3x3, self.expand3x3_activation = torch.nn.Conv2d(s, e, 3, padding=1), torch.nn.ReLU()

    def forward(self, x):
        x = self.squeeze_activation(self.squeeze(x))
        narrow, wide = self.expand1x1_activation(self.expand1x1(x)), self.expand3x3_activation(self.expand3x3(x))
        return torch.cat([narrow, wide], 1)


class Squeeze(torch.nn.Module):
    def __init__(self):
        super().__init__()
        nn = torch.nn

        def pool():
            return nn.MaxPool2d(3, 2, ceil_mode=True)

        first = [nn.Conv2d(3, 64, 3, 2), nn.ReLU(), pool(), Fire(64, 16, 64), Fire(128, 16, 64), pool()]
        second = [Fire(128, 32, 128), Fire(256, 32, 128), pool(), Fire(256, 48, 192), Fire(384, 48, 192)]
        self.features = nn.Sequential(*first, *second, Fire(384, 64, 256), Fire(512, 64, 256))
        self.classifier = nn.Sequential(nn.Dropout(), nn.Conv2d(512, 1000, 1), nn.ReLU(), nn.AdaptiveAvgPool2d(1))

    def forward(self, x):
        return torch.flatten(self.classifier(self.features(x)), 1)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (viz.gradient_times_input, attr.InputXGradient),
        (viz.guided_backprop, attr.GuidedBackprop),
        (viz.deconvnet, attr.Deconvolution),
    ],
)
def test_squeezenets_gradients(ours, theirs):
    mine, net, x, t = squeezenet()
    close(ours(mine, x, TABBY), theirs(net).attribute(t, target=TABBY))


def test_squeezenets_saliency():
    ours, theirs, x, t = squeezenet()
    close(viz.saliency(ours, x, TABBY), attr.Saliency(theirs).attribute(t, target=TABBY).max(dim=1).values)


def test_squeezenets_grad_cam():
    ours, theirs, x, t = squeezenet()
    module = theirs.features[11]
    maps = attr.LayerGradCam(theirs, module).attribute(t, target=TABBY, relu_attributions=True)
    close(viz.grad_cam(ours, x, TABBY, layer="features.11.concat", upsample=None), maps[:, 0])
    guided = attr.GuidedGradCam(theirs, module).attribute(t, target=TABBY)
    close(viz.guided_grad_cam(ours, x, TABBY, layer="features.11.concat"), guided)


def test_squeezenets_integrated_gradients():
    ours, theirs, x, t = squeezenet()
    maps = attr.IntegratedGradients(theirs).attribute(t, 128.0, target=TABBY, n_steps=6, method="gausslegendre")
    close(viz.integrated_gradients(ours, x, TABBY, baseline=128.0, steps=6, method="gauss-legendre"), maps)


def test_squeezenets_occlusion():
    ours, theirs, x, t = squeezenet()
    maps = attr.Occlusion(theirs).attribute(t, (3, 56, 56), (3, 56, 56), 128.0, target=TABBY)
    close(viz.occlusion(ours, x, TABBY, window=56, stride=56, baseline=128.0), maps[:, 0])
