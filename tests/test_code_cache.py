"""Processes that compile at the same time do not get each other's machine code."""

import threading

import pytest

from minicnn.code_cache import CodeCache, _Files


def loop(x):
    return x + x


def files(folder, kind=_Files, stamp=1):
    return kind(str(folder), "loop", stamp)


@pytest.mark.parametrize("last", ["int", "float"])
def test_two_who_save_at_once_both_find_their_own(tmp_path, last) -> None:
    """Both have read the folder before either writes; `last` writes last."""
    looked, written = threading.Barrier(2), threading.Event()

    class AtOnce(_Files):
        def _open_for_write(self, path):
            if who() == last:
                written.wait(10)
            return super()._open_for_write(path)

    def who() -> str:
        return threading.current_thread().name

    def save() -> None:
        mine = files(tmp_path, AtOnce)
        assert mine.load(who()) is None
        looked.wait(10)
        mine.save(who(), f"code for {who()}")
        written.set()

    processes = [threading.Thread(target=save, name=name) for name in ("int", "float")]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [files(tmp_path).load(name) for name in ("int", "float")] == ["code for int", "code for float"]


def test_code_of_another_source_is_not_found(tmp_path) -> None:
    files(tmp_path).save("float", "old code")
    assert files(tmp_path, stamp=2).load("float") is None
    assert files(tmp_path).load("float") == "old code"


def test_a_later_process_finds_what_was_compiled() -> None:
    from minicnn import threads

    first, second = threads.jit(loop), threads.jit(loop)
    assert (first(2), first(1.25)) == (second(2), second(1.25)) == (4, 2.5)
    assert sum(second.stats.cache_hits.values()) == 2
    assert isinstance(second._cache, CodeCache)
