"""A node's watcher alone: the messages it acts on, and whom it ignores; as a program, and in this process."""

import json
import os
import socket
import subprocess
import sys
import time

import pytest

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
