"""Values to and from places in planes: max unpooling."""

import numpy as np
from numba import prange

from ..threads import parallel


@parallel
def scatter(values, indices, planes):
    """planes = 0, then planes[p, indices[p, k]] = values[p, k]: of several with one index, the last stays."""
    for p in prange(planes.shape[0]):
        planes[p] = 0
        for k in range(values.shape[1]):
            planes[p, indices[p, k]] = values[p, k]


@parallel
def scatter_gradient(dplanes, indices, dvalues):
    """dvalues[p, k] = dplanes[p, indices[p, k]] for the values that stayed, 0 for those that were overwritten."""
    for p in prange(dplanes.shape[0]):
        owner = np.empty(dplanes.shape[1], np.int32)
        for k in range(dvalues.shape[1]):
            owner[indices[p, k]] = k
        for k in range(dvalues.shape[1]):
            at = indices[p, k]
            dvalues[p, k] = dplanes[p, at] if owner[at] == k else 0
