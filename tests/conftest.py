"""Hypothesis profiles: `default` for everyday runs, `ci` the same derandomised, `thorough` with 100 times the examples.

`pytest --thorough` chooses the last.
"""

import os

import pytest
from hypothesis import HealthCheck, settings

# No deadline: the first example of a test may compile kernels.
quiet = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow, HealthCheck.data_too_large]}
settings.register_profile("default", max_examples=25, **quiet)
settings.register_profile("ci", max_examples=25, derandomize=True, **quiet)
settings.register_profile("thorough", max_examples=2500, **quiet)
settings.load_profile("ci" if os.environ.get("CI") else "default")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--thorough", action="store_true", help="run 100 times the examples of every property")


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--thorough"):
        settings.load_profile("thorough")


@pytest.fixture(autouse=True, scope="session")
def one_thread() -> None:
    """Small arrays gain nothing from a second thread, and lose much where its core is busy.

    Results do not depend on the number of threads: tests/ops/test_threads.py says so.
    """
    import minicnn

    minicnn.set_num_threads(1)
