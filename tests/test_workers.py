"""Which tests are imported, and which worker takes them."""

from types import SimpleNamespace
from typing import Any

import pytest

from tests.conftest import SLOW, TESTS, TOGETHER, ByFile, pytest_ignore_collect


def test_folders_that_compile_the_same_kernels_go_to_one_worker_and_others_go_by_file() -> None:
    assert all((TESTS / folder).is_dir() for folder in TOGETHER)
    scope = ByFile.__new__(ByFile)._split_scope
    assert scope("tests/ops/test_dense.py::test_a") == scope("tests/zoo/test_zoo.py::test_b[x/y]")
    assert scope("tests/ops/test_dense.py::test_a") != scope("tests/viz/test_a.py::test_a")
    assert scope("tests/viz/ops/test_a.py::test_a") == "tests/viz/ops/test_a.py"
    assert scope("tests/test_ops.py::test_a[x/ops/y]") == "tests/test_ops.py"


@pytest.mark.parametrize(
    ("arguments", "marks", "ci", "imported"),
    [
        (["tests"], "", "", set()),
        (["tests/peers"], "", "", {"peers"}),
        (["tests/ops", "tests/mutations/test_plants.py::test_a[x]"], "", "", {"mutations"}),
        (["tests"], "slow or not slow", "", set(SLOW)),
        (["tests"], "", "true", set(SLOW)),
    ],
)
def test_a_slow_folder_is_imported_only_if_it_is_named_or_all_is_requested(
    arguments: list[str], marks: str, ci: str, imported: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert all((TESTS / folder).is_dir() for folder in SLOW)
    monkeypatch.chdir(TESTS.parent)
    monkeypatch.setenv("CI", ci)
    config: Any = SimpleNamespace(args=arguments, option=SimpleNamespace(markexpr=marks), getoption=lambda name: False)
    folders = [TESTS / folder for folder in (*SLOW, *TOGETHER)]
    assert {path.name for path in folders if not pytest_ignore_collect(path, config)} == imported | set(TOGETHER)
