"""Sizes of degenerate data: fewer examples than features, as many, and more."""

import numpy as np

SIZES = [(1, np.float64), (2, np.float32), (3, np.float64), (4, np.float32), (5, np.float64)]
SIZES += [(40, dtype) for dtype in (np.float32, np.float64)]  # numbers of examples, each with a dtype
