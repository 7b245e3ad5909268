"""The page's backward pass in a real browser: its explanations and its attack are those of viz."""

import numpy as np
import pytest

import viz
from tests.viz.page.networks import NETWORKS, doubled, network

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: pip install .[browser]")
pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("browser")]

METHODS = {
    "saliency": viz.saliency,
    "guided": viz.guided_backprop,
    "deconvnet": viz.deconvnet,
    "gradcam": viz.grad_cam,
    "guidedcam": viz.guided_grad_cam,
    "gradinput": viz.gradient_times_input,
    "occlusion": viz.occlusion,
    "integrated": viz.integrated_gradients,
}


def input_of(name):
    """A network and its image in float64: where a ReLU stands at zero, the rounding of float32 decides its gradient."""
    model, pixels = doubled(name), network(name)[1]
    return model, model.transform(pixels[None]).astype(np.float64), pixels.shape[2]


# Along the path of integrated gradients SqueezeNet has kinks that lie within the rounding of float32.
CASES = [(name, method) for name in NETWORKS for method in METHODS if (name, method) != ("SqueezeNet", "integrated")]


@pytest.mark.parametrize(("name", "method"), CASES)
def test_an_explanation_is_that_of_viz(engine, name, method):
    model, x, width = input_of(name)
    side = width // 2 if name == "SqueezeNet" else width // 3  # each square is a pass
    given = {"side": side, "stride": side - 1, "steps": 3}
    options = {
        "occlusion": {"window": given["side"], "stride": given["stride"]},
        "integrated": {"steps": given["steps"], "method": "riemann"},
    }
    maps = ((k, METHODS[method](model, x, k, **options.get(method, {}))[0]) for k in range(4))
    target, expected = next((k, found) for k, found in maps if found.any())  # Grad-CAM's may be empty
    found = engine.ask(name, f"engine.METHODS.{method}(network, x, {target}, given)", **given)
    scale = np.abs(expected).max()
    np.testing.assert_allclose(found / scale, expected / scale, atol=1e-3)


@pytest.mark.parametrize("name", NETWORKS)
def test_an_attack_is_that_of_viz(engine, name):
    model, x, _ = input_of(name)
    low, high = viz.pixel_bounds(model)
    epsilon = 8 / 255 * (high - low).min()
    expected = viz.fgsm(model, x, 1, epsilon, bounds=(low, high))[0]
    found = engine.ask(name, "engine.fgsm(network, x, 1, 8).moved")
    same = np.isclose(found, expected, atol=1e-3 * epsilon)
    assert same.mean() > 0.999  # where the slope is nothing but rounding, its sign is too
