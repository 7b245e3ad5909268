"""What is asked of a model without first values is refused: its answers would be zeros, or noise, without a word."""

import inspect

import numpy as np
import pytest

import minicnn as cnn
import viz
from viz import activations, attribution, features, synthesis

X = np.random.default_rng(0).standard_normal((2, 1, 8, 8)).astype(np.float32)
IMAGES = np.zeros((2, 1, 8, 8), np.uint8)
OPTIONS = {
    "deletion_curve": {"maps": X[:, 0]},
    "insertion_curve": {"maps": X[:, 0]},
    "fgsm": {"labels": 0, "epsilon": 0.1},
    "pgd": {"labels": 0, "epsilon": 0.1},
    "accuracy_under_attack": {"labels": 0, "epsilons": [0.1]},
    "layer_attribution": {"layer": "conv"},
    "sanity_check": {"method": viz.saliency},
}
FUNCTIONS = filter(inspect.isfunction, (getattr(attribution, name) for name in attribution.__all__))
ATTRIBUTIONS = [function.__name__ for function in FUNCTIONS if "x" in inspect.signature(function).parameters]
OTHERS = {
    "deconvnet of a layer": lambda model: attribution.deconvnet(model, X, layer="conv"),
    "stream": lambda model: list(activations.stream(model, IMAGES, ["conv"])),
    "activation_statistics": lambda model: activations.activation_statistics(model, IMAGES),
    "exciting_patches": lambda model: activations.exciting_patches(model, IMAGES, "conv"),
    "extract_features": lambda model: features.extract_features(model, IMAGES, "conv"),
    "feature_visualization": lambda model: synthesis.feature_visualization(model, ("conv", 0), size=8, steps=1),
    "evaluate": lambda model: cnn.evaluate(model, cnn.data.Dataset(IMAGES, [0, 1], ("a", "b"))),
    "predict": lambda model: cnn.predict(model, IMAGES[0, 0]),
}


def network() -> cnn.Sequential:
    model = cnn.Sequential(conv=cnn.Conv2d(1, 2, 3), relu=cnn.ReLU(), pool=cnn.GlobalAvgPool2d(), fc=cnn.Dense(2, 2))
    model.transform = cnn.data.Transform()
    return model


def attributed(name: str, model: cnn.Sequential) -> None:
    options = dict(OPTIONS.get(name, {}))
    getattr(attribution, name)(*([options.pop("method")] if "method" in options else []), model, X, **options)


@pytest.mark.parametrize("name", ATTRIBUTIONS)
def test_nothing_is_attributed_by_a_model_without_first_values(name: str) -> None:
    with pytest.raises(ValueError, match="all weights are zero, the model is not initialized yet"):
        attributed(name, network())
    attributed(name, network().initialize(0))


@pytest.mark.parametrize("name", OTHERS)
def test_nothing_is_seen_by_a_model_without_first_values(name: str) -> None:
    with pytest.raises(ValueError, match="all weights are zero, the model is not initialized yet"):
        OTHERS[name](network())
    OTHERS[name](network().initialize(0))
