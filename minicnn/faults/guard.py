"""The connection of a process to the watcher of its node; see `watcher` for its purpose."""

from __future__ import annotations

import atexit
import json
import os
import secrets
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

PATIENCE = 30  # seconds without a sign of life after which a process, or a node, counts as lost
START = 60  # seconds within which all processes must have joined the group

lifelines: list[IO[bytes]] = []  # pipes to the watchers that this process started: they break when it dies

ALARM = """
import os, select, sys
pid, seconds, line = sys.argv[1:]
if not select.select([sys.stdin], [], [], float(seconds))[0]:
    try:
        os.write(2, line.encode() + bytes([10]))  # in one piece: others write too
    finally:
        os.kill(int(pid), 9)
"""


@contextmanager
def in_time() -> Iterator[None]:
    """End this process if the block takes longer than `START`. A process that waits in MPI_Init cannot end itself."""
    line = f"minicnn: after {START} s not all processes of the job have joined; the job ends"
    command = [sys.executable, "-S", "-c", ALARM, str(os.getpid()), str(START), line]
    with subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True):  # its stdin ends with the block
        yield


class Guard:
    """Starts the node's watcher, if this is the node's first process, and sends it a sign of life every second."""

    def __init__(self, texts: Any, rank: int, size: int, node: str, waiting: set[int]) -> None:
        self.waiting = waiting
        secret, nodes = texts(secrets.token_hex(16))[0], texts(node)
        first = nodes.index(node)
        options = ["127.0.0.1" if len(set(nodes)) == 1 else "", node, str(nodes.count(node)), str(PATIENCE)]
        hub = texts(_start_watcher(secret, "", *options) if rank == 0 else "")[0]
        ports = texts(_start_watcher(secret, hub, *options) if rank == first != 0 else hub)
        self.link = socket.create_connection(("127.0.0.1", int(ports[first].rpartition(":")[2])))
        self.tell(secret=secret, name=f"process {rank} of {size} on {node}", pid=os.getpid())
        self.away = False
        threading.Thread(target=self._beat, daemon=True).start()
        atexit.register(self.leave, "")

    def tell(self, **message: Any) -> None:
        self.link.sendall(json.dumps(message).encode() + b"\n")

    def leave(self, why: str) -> None:
        """Report that this process has stopped working: it may now end, but no other process may wait for it."""
        if not self.away:
            self.away = True
            with suppress(OSError):
                self.tell(left=why)

    def stay(self) -> None:
        """Report that it works again: its program has caught the error."""
        if self.away:
            self.away = False
            self.tell(back=True)

    def _beat(self) -> None:
        while True:
            time.sleep(1)
            try:
                self.tell(waits=min(tuple(self.waiting), default=0))
            except OSError:
                with suppress(OSError):  # nobody may be reading
                    os.write(2, b"minicnn: the watcher of this node died; the job ends\n")
                os._exit(1)


def _start_watcher(secret: str, *options: str) -> str:
    """Start a watcher in its own session, so that it survives what ends the processes of the job.

    Returns:
        where it listens, as host:port.
    """
    command = [sys.executable, "-S", str(Path(__file__).with_name("watcher.py")), *options]
    watcher = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True)
    assert watcher.stdin is not None and watcher.stdout is not None
    watcher.stdin.write(f"{secret}\n".encode())
    watcher.stdin.flush()
    lifelines.append(watcher.stdin)
    with watcher.stdout:
        port = watcher.stdout.readline().decode().strip()
    watcher.returncode = 0  # nobody waits for it: it ends after us
    return f"{options[1] or socket.gethostname()}:{port}"
