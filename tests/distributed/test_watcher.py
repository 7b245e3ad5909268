"""A node's watcher alone: the messages it acts on, and whom it ignores; as a program, and in this process."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from types import SimpleNamespace

import pytest

from minicnn.faults import watcher as program
from minicnn.faults.guard import _start_watcher, lifelines
from minicnn.faults.watcher import GRACE, Watcher


@pytest.fixture
def connect(tmp_path):
    """Opens connections to a watcher that waits for one process, with the secret "s", and writes to `errors`."""
    with open(tmp_path / "errors", "ab") as errors:
        ours = os.dup(2)
        os.dup2(errors.fileno(), 2)
        host, _, port = _start_watcher("s", "", "127.0.0.1", "here", "1", "4").rpartition(":")
        os.dup2(ours, 2)
        os.close(ours)
    links = [lifelines.pop()]

    def connect(text=b""):
        links.append(socket.create_connection((host, int(port)), timeout=10))
        links[-1].sendall(text)
        return links[-1]

    connect.lifeline = links[0]
    yield connect
    for link in links:
        link.close()


def hello(pid):
    return json.dumps({"secret": "s", "name": "process 0", "pid": pid}).encode() + b"\n"


def closed(link):
    try:
        return link.recv(1) == b""
    except ConnectionResetError:
        return True


@pytest.mark.slow
def test_strangers_are_shown_out_and_end_nothing(connect, tmp_path):
    silent, wrong = connect(), connect(b'{"secret": "x", "name": "process 0", "pid": 1}\n{"lost": "all"}\n')
    rude = connect(b"\0 GET / HTTP/1.1\n\n")
    told = ""
    with subprocess.Popen(["sleep", "60"]) as child:
        process = connect(hello(child.pid))
        assert all(map(closed, (wrong, rude)))
        for _ in range(8):  # longer than a silent process is tolerated
            process.sendall(b'{"waits": 0}\n')
            time.sleep(0.8)
        assert closed(silent)
        assert child.poll() is None
        process.sendall(b'{"waits": 0}\n')
        process.close()  # as if it had died
        for _ in range(100):
            if told := (tmp_path / "errors").read_text():
                break
            time.sleep(0.1)
        child.kill()
    assert told == "minicnn: process 0 died; the job ends\n"


def test_it_ends_when_its_processes_have_left(connect):
    process = connect(hello(os.getpid()) + b'{"left": ""}\n')
    process.close()
    assert ended(connect)


def test_it_ends_when_the_process_that_started_it_dies_before_it_joins(connect, tmp_path):
    connect.lifeline.close()
    assert ended(connect)
    assert (tmp_path / "errors").read_text() == "minicnn: the first process on here died; the job ends\n"


def ended(connect):
    for _ in range(100):
        try:
            connect().close()
        except ConnectionRefusedError:
            return True
        except ConnectionResetError:  # it ended just then; the next is refused
            pass
        time.sleep(0.1)
    return False


class Patient(Watcher):
    """One that only notes why it would end the job."""

    def end(self, line):
        self.ended.append(line)


class Process:
    """What a watcher knows a process by: its connection. What it tells is heard at once."""

    def __init__(self, watcher, name):
        self.watcher, (self.link, self.other) = watcher, socket.socketpair()
        watcher.add(self.other)
        self.tell(secret="s", name=name, pid=1)

    def tell(self, **message):
        self.link.sendall(json.dumps(message).encode() + b"\n")
        self.watcher.read(self.other)

    def die(self):
        self.link.close()
        self.watcher.read(self.other)


@pytest.fixture
def two(monkeypatch):
    """A watcher and its two processes."""
    ours, theirs = os.pipe()
    with open(ours) as stdin, open(theirs, "w"), socket.create_server(("127.0.0.1", 0)) as server:
        with monkeypatch.context() as patch:
            patch.setattr(sys, "stdin", stdin)
            watcher = Patient("s", "", "here", 2, 4, server)
        watcher.ended = []
        processes = [Process(watcher, name) for name in ("first", "second")]
        yield watcher, *processes
        for process in processes:
            process.link.close()
            process.other.close()
        watcher.selector.close()


def test_a_process_that_has_left_is_lost_once_another_waits_for_it(two):
    watcher, first, second = two
    first.tell(left="ValueError")
    for waits in (0, 0, 0, 0, 0, 5, 6, 7, 8, *[9] * GRACE):  # for nothing; for something else every second; for one
        second.tell(waits=waits)
    assert not watcher.ended
    second.tell(waits=9)
    assert watcher.ended == ["first has left (ValueError), and others wait for it"]


def test_a_process_that_has_left_may_end(two):
    watcher, first, second = two
    first.tell(left="")
    first.die()
    second.tell(waits=0)
    assert not watcher.ended


def test_a_process_that_has_come_back_is_at_work(two):
    """Others may wait for as long as it takes, and its end is a loss."""
    watcher, first, second = two
    first.tell(left="ValueError")
    first.tell(back=True)
    for _ in range(2 * GRACE):
        second.tell(waits=1)
    assert not watcher.ended
    first.die()
    assert watcher.ended == ["first died"]


@pytest.fixture
def clock(two, monkeypatch):
    """Lets a watcher run until it would end the job, while nothing happens: how many seconds that is."""
    watcher, *_ = two
    now = [100.0]

    class Over(Exception):
        pass

    def select(timeout):
        assert timeout == 0.2  # it looks five times a second; the clock goes by quarters, which are exact
        if watcher.ended or now[0] > 200:
            raise Over
        now[0] += 0.25
        return []

    monkeypatch.setattr(program, "time", SimpleNamespace(monotonic=lambda: now[0]))
    monkeypatch.setattr(watcher.selector, "select", select)

    def run():
        start = now[0]
        with pytest.raises(Over):
            watcher.run()
        return now[0] - start

    return run


def test_a_process_that_is_silent_for_longer_than_is_tolerated_is_lost(two, clock):
    watcher, _, second = two
    watcher.links[second.other]["silent"] = -3  # it was heard of later
    assert clock() == 5
    assert watcher.ended == ["first has not been heard of for 4 s"]


def test_a_stranger_that_is_silent_for_as_long_is_shown_out(two, clock):
    watcher, *processes = two
    for process in processes:
        watcher.links[process.other]["silent"] = -3
    ours, theirs = socket.socketpair()
    watcher.add(theirs)
    assert clock() == 8
    assert ours.recv(1) == b"" and theirs not in watcher.links
    ours.close()


def test_who_connects_is_let_in(two, monkeypatch):
    watcher, *_ = two
    late = socket.create_connection(watcher.server.getsockname())

    def once(timeout):
        monkeypatch.setattr(watcher.selector, "select", lambda timeout: 1 / 0)
        return [(SimpleNamespace(fileobj=watcher.server), 1)]

    monkeypatch.setattr(watcher.selector, "select", once)
    with pytest.raises(ZeroDivisionError):
        watcher.run()
    link = [*watcher.links][-1]
    assert link.getpeername() == late.getsockname()
    link.close()
    late.close()


def test_processes_that_have_not_begun_in_time_are_missed(two, clock):
    watcher, *processes = two
    for process in processes:
        watcher.links[process.other]["silent"] = -9
    watcher.expected = 1
    assert clock() == 5
    assert watcher.ended == ["not all processes of this node have begun"]


def other_node(watcher):
    """The connection to the watcher of another node."""
    ours, theirs = socket.socketpair()
    watcher.add(theirs)
    ours.sendall(b'{"secret": "s", "name": "node there", "pid": 0}\n')
    watcher.read(theirs)
    return ours, theirs


def messages(link):
    return [json.loads(line) for line in link.recv(1 << 16).splitlines()]


def test_what_happens_on_a_node_is_told_to_the_others(two):
    """A node that has joined is no process of this one."""
    watcher, first, _ = two
    watcher.expected = 1
    (ours, theirs), (third, fourth) = other_node(watcher), other_node(watcher)
    assert watcher.expected == 1
    first.tell(left="ValueError")
    first.tell(back=True)
    line = "first has left (ValueError), and others wait for it"
    assert messages(ours) == messages(third) == [{"gone": line, "of": "first"}, {"gone": "", "of": "first"}]
    ours.sendall(b'{"gone": "far has left", "of": "far"}\n{"beat": 1}\n')
    watcher.read(theirs)
    assert watcher.gone == {"far": "far has left"}
    watcher.tell_watchers(beat=1)
    assert messages(third) == [{"gone": "far has left", "of": "far"}, {"beat": 1}]
    assert messages(ours) == [{"beat": 1}]  # and not what it has said itself
    ours.sendall(b'{"lost": "far died"}\n')
    watcher.read(theirs)
    assert watcher.ended == ["far died"]
    for link in (ours, theirs, third, fourth):
        link.close()


@pytest.mark.parametrize("hub", [False, True])
def test_the_end_is_told_once_and_ends_the_processes_of_the_node(hub, two, monkeypatch):
    """Where the first node knows of an earlier death, that is the reason."""
    watcher, first, second = two
    ours, theirs = other_node(watcher)
    done = []

    def exit_(status):
        raise SystemExit(status)

    monkeypatch.setattr(os, "write", lambda file, line: done.append((file, line)))
    monkeypatch.setattr(os, "kill", lambda *given: done.append(given))
    monkeypatch.setattr(os, "_exit", exit_)
    monkeypatch.setattr(watcher, "end", lambda line: Watcher.end(watcher, line))
    watcher.links[second.other]["pid"] = 77
    reason = "first died"
    if hub:
        watcher.hub, reason = theirs, "far died"
        ours.sendall(b'{"lost": "far died"}\n')
    with pytest.raises(SystemExit) as ended:
        first.die()
    assert ended.value.code == 1
    assert done == [(2, f"minicnn: {reason}; the job ends\n".encode()), (77, signal.SIGKILL)]
    assert messages(ours)[0] == {"lost": "first died"}
    assert theirs.gettimeout() == (1 if hub else None)  # it waits no longer for what the first node knows
    ours.close()
    theirs.close()


def test_a_nodes_watcher_joins_the_first_nodes_and_tells_it_what_happens(two, monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as first, socket.create_server(("127.0.0.1", 0)) as own:
        monkeypatch.setattr(sys, "stdin", two[0].server)  # anything that can be selected
        watcher = Patient("s", f"127.0.0.1:{first.getsockname()[1]}", "there", 1, 4, own)
        watcher.ended = []
        link, _ = first.accept()
        assert messages(link) == [{"secret": "s", "name": "node there", "pid": 0}]
        watcher.tell_watchers(beat=1)
        assert messages(link) == [{"beat": 1}]
        link.close()
        watcher.read(watcher.hub)
        assert watcher.ended == ["the first node died"] and not watcher.links
        watcher.selector.close()
