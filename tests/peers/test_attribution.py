"""Every attribution that Captum has too, on the same weights."""

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
        viz.integrated_gradients(ours, x, 2, baseline=0.3, steps=20),
        attr.IntegratedGradients(theirs).attribute(t, 0.3, target=2, n_steps=20, method="gausslegendre"),
    )


def test_occlusion(case):
    ours, theirs, x, t = case
    maps = attr.Occlusion(theirs).attribute(t, (2, 4, 4), strides=(2, 2, 2), target=2)
    close(viz.occlusion(ours, x, 2, window=4, stride=2), maps[:, 0])
