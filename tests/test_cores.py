"""How many cores a process may use, where a control group limits it."""

import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from minicnn import cores
from minicnn.cores import _cgroup_quota


@pytest.mark.parametrize(
    ("files", "cores"),
    [
        ({"cpu.max": "250000 100000"}, 2),
        ({"cpu.max": "50000 100000"}, 1),
        ({"cpu/cpu.cfs_quota_us": "300000", "cpu/cpu.cfs_period_us": "100000"}, 3),
    ],
)
def test_a_control_group_grants_whole_cores(files: dict[str, str], cores: int, tmp_path: Path) -> None:
    (tmp_path / "cpu").mkdir()
    for name, text in files.items():
        (tmp_path / name).write_text(text + "\n")
    assert _cgroup_quota(tmp_path) == cores


@pytest.mark.parametrize(
    "files", [{}, {"cpu.max": "max 100000"}, {"cpu/cpu.cfs_quota_us": "-1", "cpu/cpu.cfs_period_us": "100000"}]
)
def test_without_a_quota_all_cores_are_granted(files: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "cpu").mkdir()
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    assert _cgroup_quota(tmp_path) > 10_000


@pytest.mark.parametrize(
    ("mask", "quota", "limit", "granted"), [(1, 4, 4, 1), (4, 3, 5, 3), (6, 5, 4, 4), (2, 2, 2, 2), (3, 0, 2, 1)]
)
def test_a_process_has_the_least_of_what_it_is_granted_and_at_least_one_core(mask, quota, limit, granted, monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: set(range(process, mask)), raising=False)
    monkeypatch.setattr(cores, "_cgroup_quota", lambda: quota)
    monkeypatch.setattr(cores, "_config", SimpleNamespace(NUMBA_NUM_THREADS=limit))
    assert cores.available_cores() == granted
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.setattr(os, "cpu_count", lambda: mask)
    assert cores.available_cores() == granted
    monkeypatch.setattr(os, "cpu_count", lambda: None)  # it is not known
    assert cores.available_cores() == 1
