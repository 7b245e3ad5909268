"""Which tests belong to a source file: those that are run on its mutants, the likeliest to catch one first.

The first rule whose pattern fits holds. In addition `minicnn/NAME.py` has every `test_NAME*.py`, and without one,
`viz/ROOM/` has `tests/viz/ROOM`. Tests that are not there (yet) are left out.
"""

from __future__ import annotations

from fnmatch import fnmatch
from pathlib import Path

OPS = ["tests/ops", "tests/test_reference.py", "tests/test_invariants.py", "tests/gradient_check/test_derivatives.py"]
EVERYWHERE = ["tests/test_public_face.py", "tests/test_bounds.py"]
NETWORKS = ["tests/layers", "tests/test_layout.py", "tests/test_prediction.py", "tests/test_frozen.py"]

RULES: list[tuple[str, list[str]]] = [
    ("minicnn/ops/*", [*OPS, *NETWORKS, "tests/mutations", "tests/peers/test_ops.py"]),
    ("minicnn/kernels/update.py", ["tests/optim", "tests/training", "tests/peers/test_optim.py"]),
    ("minicnn/kernels/*", ["tests/ops/test_algorithms.py", *OPS, "tests/kernels", *NETWORKS, "tests/test_isa.py",
                           "tests/mutations", "tests/peers/test_ops.py"]),
    ("minicnn/layers/*", [*NETWORKS, "tests/gradient_check/test_layers.py", "tests/test_weights.py", "tests/onnx",
                          "tests/test_summarize.py", "tests/mutations/test_containers.py",
                          "tests/peers/test_networks.py", "tests/test_display.py"]),
    ("minicnn/onnx/*", ["tests/onnx", "tests/cli/test_onnx.py", "tests/peers/test_onnx.py"]),
    ("minicnn/zoo/*", ["tests/zoo", "tests/peers/test_zoo.py", "tests/peers/test_networks.py"]),
    ("minicnn/data/garments/*", ["tests/data/test_garments.py"]),
    ("minicnn/data/*", ["tests/data", "tests/cli/test_train.py"]),
    ("minicnn/training/*", ["tests/training", "tests/test_checkpoint.py", "tests/peers/test_training.py"]),
    ("minicnn/cli/*", ["tests/cli"]),
    ("minicnn/exercises/*", ["tests/exercises"]),
    ("minicnn/testing/frameworks.py", ["tests/peers/test_frameworks.py", "tests/testing"]),
    ("minicnn/testing/*", ["tests/testing", "tests/mutations/test_contract.py"]),
    ("minicnn/optim.py", ["tests/optim", "tests/training", "tests/mutations/test_optimizers.py"]),
    ("minicnn/distributed/*", ["tests/distributed"]),
    ("minicnn/faults/*", ["tests/distributed"]),
    ("minicnn/group.py", ["tests/training", "tests/distributed"]),
    ("minicnn/reference.py", ["tests/test_reference.py", "tests/ops"]),
    ("minicnn/gradient_check/*", ["tests/gradient_check", "tests/peers/test_frameworks.py"]),
    ("minicnn/layout.py", ["tests/test_layout.py", *OPS, "tests/layers"]),
    ("minicnn/code_cache.py", ["tests/test_code_cache.py", "tests/test_threads.py"]),
    ("minicnn/threads.py", ["tests/test_threads.py", "tests/ops/test_threads.py", "tests/test_code_cache.py"]),
    ("minicnn/message.py", ["tests/test_weights.py", "tests/test_checkpoint_hostile.py", "tests/data",
                            "tests/test_checkpoint.py", "tests/damage/test_damage.py"]),
    ("minicnn/receptive_field.py", ["tests/viz/activations", "tests/test_summarize.py"]),
    ("viz/containers.py", ["tests/viz/test_containers.py", "tests/peers/test_sklearn.py"]),
    ("viz/attribution/*", ["tests/viz/attribution", "tests/cli/test_why.py", "tests/viz/test_bars.py",
                           "tests/peers/test_attribution.py"]),
    ("viz/adversarial/*", ["tests/viz/adversarial", "tests/viz/test_bars.py", "tests/viz/attribution/test_by_hand.py"]),
    ("viz/evaluation/*", ["tests/viz/evaluation", "tests/viz/test_bars.py", "tests/viz/attribution/test_by_hand.py"]),
    ("viz/bounds.py", ["tests/viz/adversarial", "tests/viz/synthesis"]),
    ("viz/features/*", ["tests/viz/features", "tests/viz/tsne"]),
    ("viz/tsne/*", ["tests/viz/tsne", "tests/viz/test_estimator.py", "tests/viz/test_quality.py",
                    "tests/peers/test_tsne.py"]),
    ("viz/factorize/*", ["tests/viz/factorize", "tests/viz/test_estimator.py", "tests/peers/test_factorize.py"]),
    ("viz/synthesis/*", ["tests/viz/synthesis", "tests/viz/test_bars.py", "tests/cli/test_models.py"]),
    ("viz/page/*", ["tests/viz/page", "tests/cli/test_atlas.py"]),
]  # fmt: skip

# Of the exercises' tests, which are one file, those of a chapter: the words that `pytest -k` wants.
CHAPTERS = {
    f"minicnn/exercises/{name}.py": f"[{number}."
    for number, name in enumerate(("blocks", "learning", "looking", "why", "images", "speed"), start=1)
}


def belonging(path: str, root: Path) -> list[str]:
    """The test files of a source file, in the order in which to run them: those that bear its name come first."""
    *rooms, name = Path(path).with_suffix("").parts
    named = next((tests for pattern, tests in RULES if fnmatch(path, pattern)), [])
    own = sorted((root / "tests").rglob(f"test_{name}*.py"))
    mirrored = rooms[1:] if rooms[0] == "minicnn" else rooms
    if not mirrored:
        named = [*named, *(str(file.relative_to(root)) for file in own)]
    elif not named:
        named = ["/".join(["tests", *mirrored])]
    there = [root / test for test in [*named, *EVERYWHERE] if (root / test).exists()]
    files = [file for place in there for file in (sorted(place.rglob("test_*.py")) if place.is_dir() else [place])]
    ordered = [file for file in own if file in files] + files
    return list(dict.fromkeys(str(file.relative_to(root)) for file in ordered))
