"""What `minicnn.testing` offers can be found: by `dir`, also without Hypothesis, and by pytest."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import minicnn.testing

pytest_plugins = ["pytester"]
ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/testing-your-own-op.md").read_text()


def test_every_name_that_dir_lists_is_there_and_in_the_docs() -> None:
    for name in dir(minicnn.testing):
        assert getattr(minicnn.testing, name) is not None
        assert f"`{name}`" in PAGE, f"docs/testing-your-own-op.md does not tell of {name}"
    assert len(dir(minicnn.testing)) <= 25


def test_an_unknown_name_is_refused_as_python_does() -> None:
    with pytest.raises(AttributeError, match=r"module 'minicnn.testing' has no attribute 'fixed'"):
        _ = minicnn.testing.fixed


WITHOUT = """
import sys
sys.modules["hypothesis"] = None
import minicnn as cnn
from minicnn.testing import assert_contract, from_jax, from_torch, in_order, tie_free
print(cnn.gradcheck(cnn.ops.relu, tie_free(5)) < 1e-12, assert_contract(cnn.ops.relu, tie_free(5)))
try:
    from minicnn.testing import images
except ModuleNotFoundError as error:
    print(error)
"""


@pytest.mark.slow
def test_without_hypothesis_all_but_the_strategies_works_and_those_say_what_to_install() -> None:
    done = subprocess.run([sys.executable, "-c", WITHOUT], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == [
        "True None",
        "minicnn.testing.images needs Hypothesis: pip install '.[test]' in a checkout",
    ]


def test_the_entry_point_names_the_plugin() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["entry-points"]["pytest11"] == {"minicnn": "minicnn.testing.plugin"}


TESTS = """
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st


def square(x):
    return x**2, lambda dy, wants=(True,): (2 * x * dy if wants[0] else None,)


def test_right(gradcheck, assert_contract):
    assert gradcheck(square, np.ones(3)) < 1e-12
    assert_contract(square, np.ones(3))


def test_wrong(gradcheck):
    gradcheck(lambda x: (x**2, lambda dy: (x * dy,)), np.ones(3))


@settings(max_examples=5, deadline=None)
@given(data=st.data())
def test_drawn(gradcheck, strategies, data):
    gradcheck(square, data.draw(strategies.images(channels=3)))
"""


@pytest.mark.slow
def test_the_plugin_gives_fixtures(pytester) -> None:
    pytester.makepyfile(TESTS)
    options = "--assert=plain -p no:minicnn -p minicnn.testing.plugin -p no:cacheprovider"
    result = pytester.runpytest_subprocess(*options.split())
    result.assert_outcomes(passed=2, failed=1)
    result.stdout.fnmatch_lines(["*GradientError: <lambda>: wrong gradient of argument 0 (x) at index (0,)*"])


def test_the_plugin_costs_nothing_until_it_is_used() -> None:
    code = "import sys, minicnn.testing.plugin; print({'numpy', 'numba', 'hypothesis'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
