"""A process's connection to the watcher of its node, with watchers that only note what they are told."""

import atexit
import io
import json
import os
import secrets
import socket
import subprocess
import sys
import threading
import time
from types import SimpleNamespace

import pytest

from minicnn.faults import guard


@pytest.fixture
def join(monkeypatch):
    """Join a job as the process of a rank, of those on these nodes: its guard, what it was told, how watchers start."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port, opened = server.getsockname()[1], []

        def join(rank, nodes, waiting=()):
            started, thread, last = [], {}, []

            def start(secret, hub, *options):
                started.append((secret, hub, *options))
                return f"{nodes[rank]}:{port}"

            def texts(text):
                """Of the first process of each node its watcher; of all others what this one gives."""
                if text in nodes:
                    return nodes
                return [text or f"{node}:{port}" for node in nodes]

            monkeypatch.setattr(guard, "_start_watcher", start)
            monkeypatch.setattr(secrets, "token_hex", lambda count: f"{count} bytes")
            begun = SimpleNamespace(start=lambda: None)
            monkeypatch.setattr(threading, "Thread", lambda **given: thread.update(given) or begun)
            monkeypatch.setattr(atexit, "register", lambda *given: last.append(given))
            found = guard.Guard(texts, rank, len(nodes), nodes[rank], set(waiting))
            link, _ = server.accept()
            link.settimeout(10)
            opened.extend([found.link, link])
            return SimpleNamespace(guard=found, link=link, started=started, thread=thread, last=last)

        yield join
        for link in opened:
            link.close()


def heard(link):
    """The messages that have come."""
    return [json.loads(line) for line in link.recv(1 << 16).splitlines()]


@pytest.mark.parametrize(
    ("rank", "nodes", "started"),
    [
        (0, ["here"] * 3, [("", "127.0.0.1", "here", "3", "30")]),
        (1, ["here"] * 3, []),
        (0, ["a", "b", "b"], [("", "", "a", "1", "30")]),
        (1, ["a", "b", "b"], [("a:{port}", "", "b", "2", "30")]),
        (2, ["a", "b", "b"], []),
    ],
)
def test_the_first_process_of_a_node_starts_its_watcher_which_joins_the_first_nodes(rank, nodes, started, join) -> None:
    """A watcher is told how many processes the node has, and listens to this machine alone where there is no other."""
    joined = join(rank, nodes)
    port = joined.link.getsockname()[1]
    secret = "16 bytes"
    assert joined.started == [(secret, *(option.format(port=port) for option in options)) for options in started]
    name = f"process {rank} of 3 on {nodes[rank]}"
    assert heard(joined.link) == [{"secret": secret, "name": name, "pid": os.getpid()}]
    assert joined.thread["daemon"] and joined.last == [(joined.guard.leave, "")]


def test_it_is_told_once_that_a_process_has_left_and_once_that_it_is_back(join) -> None:
    joined = join(0, ["here"])
    heard(joined.link)
    joined.guard.stay()  # it was never away
    joined.guard.leave("an error")
    joined.guard.leave("another")
    joined.guard.stay()
    joined.guard.stay()
    joined.guard.leave("")
    assert heard(joined.link) == [{"left": "an error"}, {"back": True}, {"left": ""}]


def test_every_second_it_is_told_what_the_process_has_waited_for_longest(join, monkeypatch) -> None:
    """If it is gone, the process says so and ends."""
    joined, slept, said = join(0, ["here"]), [], []
    heard(joined.link)
    waiting = iter([set(), {7, 5}])

    def sleep(seconds):
        slept.append(seconds)
        joined.guard.waiting = next(waiting, None)
        if joined.guard.waiting is None:
            said.extend(heard(joined.link))
            joined.guard.waiting = set()
            joined.guard.link.close()

    def exit_(status):
        raise SystemExit(status)

    monkeypatch.setattr(guard, "time", SimpleNamespace(sleep=sleep))
    monkeypatch.setattr(os, "write", lambda file, line: said.append((file, line)))
    monkeypatch.setattr(os, "_exit", exit_)
    with pytest.raises(SystemExit) as ended:
        joined.thread["target"]()
    assert slept == [1, 1, 1] and ended.value.code == 1
    assert said == [{"waits": 0}, {"waits": 5}, (2, b"minicnn: the watcher of this node died; the job ends\n")]
    joined.guard.leave("")  # nobody hears it, and that is no error


def test_a_watcher_is_a_program_of_its_own_which_is_given_the_secret_by_its_input(monkeypatch) -> None:
    ran = []

    class Kept(io.BytesIO):
        def flush(self):
            ran.append(self.getvalue())

    def start(command, **options):
        ran.append((command[0], command[1], *command[3:], options.pop("start_new_session")))
        return SimpleNamespace(stdin=Kept(), stdout=io.BytesIO(b"4321\n"), returncode=None)

    monkeypatch.setattr(subprocess, "Popen", start)
    monkeypatch.setattr(guard, "lifelines", [])
    monkeypatch.setattr(socket, "gethostname", lambda: "machine")
    assert guard._start_watcher("secret", "hub:1", "127.0.0.1", "here", "2", "30") == "127.0.0.1:4321"
    assert guard._start_watcher("secret", "hub:1", "", "here", "2", "30") == "machine:4321"
    options = [sys.executable, "-S", "hub:1", "127.0.0.1", "here", "2", "30", True]
    assert ran == [tuple(options), b"secret\n", (*options[:3], "", *options[4:]), b"secret\n"]
    assert len(guard.lifelines) == 2  # they are not closed, or the watchers would end


def test_a_job_has_a_minute_to_begin(monkeypatch) -> None:
    asked = []

    class Alarm:
        def __init__(self, command, **options):
            asked.append((command[4:], options["start_new_session"]))

        def __enter__(self):
            return self

        def __exit__(self, *error):
            asked.append("over")

    monkeypatch.setattr(subprocess, "Popen", Alarm)
    with guard.in_time():
        pass
    line = "minicnn: after 60 s not all processes of the job have joined; the job ends"
    assert asked == [([str(os.getpid()), "60", line], True), "over"]


@pytest.mark.parametrize(("stdin", "ends"), [("closed", False), ("open", True)])
def test_the_alarm_ends_a_process_that_has_not_begun_in_time(stdin, ends, monkeypatch) -> None:
    """It waits for the end of its input, which comes when the block ends."""
    ours, theirs = os.pipe()
    done = []
    with open(ours) as begin, open(theirs, "w") as end:
        if stdin == "closed":
            end.close()
        monkeypatch.setattr(sys, "stdin", begin)
        monkeypatch.setattr(sys, "argv", ["-c", "77", "0.05", "too late"])
        monkeypatch.setattr(os, "write", lambda file, line: done.append((file, line)))
        monkeypatch.setattr(os, "kill", lambda *given: done.append(given))
        since = time.monotonic()
        exec(guard.ALARM, {})
    assert done == ([(2, b"too late\n"), (77, 9)] if ends else [])
    assert time.monotonic() - since < 10
