"""Which worker takes which test."""

from tests.conftest import TESTS, TOGETHER, ByFile


def test_folders_that_compile_the_same_kernels_go_to_one_worker_and_others_go_by_file() -> None:
    assert all((TESTS / folder).is_dir() for folder in TOGETHER)
    scope = ByFile.__new__(ByFile)._split_scope
    assert scope("tests/ops/test_dense.py::test_a") == scope("tests/zoo/test_zoo.py::test_b[x/y]")
    assert scope("tests/ops/test_dense.py::test_a") != scope("tests/viz/test_a.py::test_a")
    assert scope("tests/viz/ops/test_a.py::test_a") == "tests/viz/ops/test_a.py"
    assert scope("tests/test_ops.py::test_a[x/ops/y]") == "tests/test_ops.py"
