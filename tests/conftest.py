"""Hypothesis profiles: `default` for everyday runs, `ci` the same derandomised, `thorough` with 100 times the examples.

Choose with `pytest --hypothesis-profile=thorough`.
"""

import os

from hypothesis import HealthCheck, settings

# No deadline: the first example of a test may compile kernels.
quiet = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow, HealthCheck.data_too_large]}
settings.register_profile("default", max_examples=25, **quiet)
settings.register_profile("ci", max_examples=25, derandomize=True, **quiet)
settings.register_profile("thorough", max_examples=2500, **quiet)
settings.load_profile("ci" if os.environ.get("CI") else "default")
