"""What users may rely on: the parameters of everything public, their order and their defaults stay as they were.

They are listed in `public_face.txt`. If one was changed on purpose, `python -m tests.test_public_face` rewrites the
file, and the diff tells the reviewer what has changed. New names need not be listed yet.
"""

import importlib
import inspect
from pathlib import Path
from typing import Any

FILE = Path(__file__).parent / "public_face.txt"
MODULES = (
    "minicnn", "minicnn.data", "minicnn.data.garments", "minicnn.init", "minicnn.onnx", "minicnn.ops",
    "minicnn.schedules", "minicnn.testing", "minicnn.zoo", "minicnn.zoo.alexnet", "minicnn.zoo.googlenet",
    "minicnn.zoo.inception_v1", "minicnn.zoo.resnet", "minicnn.zoo.small", "minicnn.zoo.squeezenet", "minicnn.zoo.vgg",
    "viz", "viz.plot", "viz.synthesis.objective", "viz.synthesis.transformation",
)  # fmt: skip


def parameters(thing: Any) -> str:
    """Names, order and defaults. The documentation says what a parameter means, and mypy checks its type."""
    signature = inspect.signature(thing)
    plain = [
        p.replace(annotation=p.empty, default=p.default if p.default is p.empty else Shown(p.default))
        for p in signature.parameters.values()
    ]
    return str(inspect.Signature(plain))


class Shown:
    """How a default is printed: a plain value as it is, a function or type by name, any other object by type."""

    def __init__(self, value: Any) -> None:
        plain = value is None or isinstance(value, bool | int | float | str | tuple)
        self.text = repr(value) if plain else getattr(value, "__name__", type(value).__name__)

    def __repr__(self) -> str:
        return self.text


def face() -> list[str]:
    lines = set()
    for name in MODULES:
        module = importlib.import_module(name)
        for public in getattr(module, "__all__", None) or [n for n in vars(module) if not n.startswith("_")]:
            thing = getattr(module, public)
            if inspect.isfunction(thing) and thing.__module__.startswith(("minicnn", "viz")):
                lines.add(f"{name}.{public}{parameters(thing)}")
            elif (
                inspect.isclass(thing)
                and not issubclass(thing, Exception)
                and thing.__module__.startswith(("minicnn", "viz"))
            ):
                lines.add(f"{name}.{public}{parameters(thing)}")
                for method, function in vars(thing).items():
                    if inspect.isfunction(function) and not method.startswith("_"):
                        lines.add(f"{name}.{public}.{method}{parameters(function)}")
    return sorted(lines)


def test_parameters_and_their_defaults_are_what_they_were() -> None:
    assert not sorted(set(FILE.read_text(encoding="utf-8").splitlines()) - set(face()))


if __name__ == "__main__":
    FILE.write_text("\n".join(face()) + "\n", encoding="utf-8")
