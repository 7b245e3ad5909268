"""How many cores this process may use."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import numba

_config: Any = numba.config  # created at run time
NO_LIMIT = sys.maxsize  # cores


def available_cores() -> int:
    """Cores this process may use: the least of the affinity mask, the cgroup's quota and Numba's own limit."""
    affinity = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else (os.cpu_count() or 1)
    return max(1, min(affinity, _cgroup_quota(), _config.NUMBA_NUM_THREADS))


def _cgroup_quota(root: Path = Path("/sys/fs/cgroup")) -> int:
    """Whole cores that the control group grants (version 2's `cpu.max`, then version 1's), or a large number."""
    try:
        quota, period = (root / "cpu.max").read_text().split()
    except (OSError, ValueError):
        try:
            quota = (root / "cpu" / "cpu.cfs_quota_us").read_text().strip()
            period = (root / "cpu" / "cpu.cfs_period_us").read_text().strip()
        except OSError:
            return NO_LIMIT
    return NO_LIMIT if quota in ("max", "-1") else max(1, int(quota) // int(period))
