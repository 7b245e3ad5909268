"""A gradient large enough for several threads, shared by several tests."""

import numpy as np
import pytest

from minicnn.kernels.update import SMALL


@pytest.fixture(params=[np.float32, np.float64], ids=["float32", "float64"])
def large(request):
    """A parameter and a gradient that are large enough for several threads, and end within a block."""
    rng = np.random.default_rng(0)
    return rng.standard_normal((2, SMALL + 12345)).astype(request.param)
