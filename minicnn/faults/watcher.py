"""Watch over the processes of one node: if a process of the job dies, report it in one line, and end those of the node.

It is a separate program, because what ends a job ends its processes before they can say why, and because a process
that is stopped, or waits in MPI, is silent. Every process of the node keeps a connection to it, which breaks the
moment the process dies, and sends a sign of life every second. The watchers of all nodes are connected to the first.
"""

from __future__ import annotations

import json
import os
import selectors
import signal
import socket
import sys
import time
from contextlib import suppress
from typing import Any

GRACE = 3  # seconds for which others may wait for a process that has left


class Watcher:
    def __init__(self, secret: str, hub: str, node: str, processes: int, patience: int, server: socket.socket) -> None:
        self.secret, self.node, self.expected, self.patience = secret, node, processes, patience
        self.server = server
        self.links: dict[socket.socket, dict[str, Any]] = {}
        # Linux's epoll reports events in order: if many processes have ended, the first is the one that caused it.
        self.selector = selectors.DefaultSelector()
        self.selector.register(server, selectors.EVENT_READ)
        self.selector.register(sys.stdin, selectors.EVENT_READ)  # it ends with the process that started us
        self.gone: dict[str, str] = {}  # processes that have left, and the final message if others wait for them
        self.lost = ""
        self.hub: socket.socket | None = None
        if hub:
            host, _, port = hub.rpartition(":")
            self.hub = socket.create_connection((host, int(port)))
            self.tell(self.hub, secret=secret, name=f"node {node}", pid=0)
            self.add(self.hub, name="the first node", pid=0)

    def tell(self, link: socket.socket, **message: Any) -> None:
        with suppress(OSError):  # `read` notices a broken connection
            link.sendall(json.dumps(message).encode() + b"\n")

    def tell_watchers(self, **message: Any) -> None:
        for link, about in self.links.items():
            if about["pid"] == 0:
                self.tell(link, **message)

    def run(self) -> None:
        """Run until all processes of this node have ended."""
        tick, ticks = time.monotonic(), 0
        while self.expected or any(about["pid"] for about in self.links.values()):
            for key, _ in self.selector.select(timeout=0.2):
                if key.fileobj is self.server:
                    self.add(self.server.accept()[0])
                elif key.fileobj is sys.stdin:
                    self.selector.unregister(sys.stdin)
                    if self.expected:
                        self.end(f"the first process on {self.node} died")
                elif key.fileobj in self.links:
                    self.read(key.fileobj)
            if time.monotonic() - tick >= 1:  # counted, not measured: a machine that slept has lost nobody
                tick, ticks = time.monotonic(), ticks + 1
                self.tell_watchers(beat=1)
                for link, about in list(self.links.items()):
                    about["silent"] += 1
                    if about["silent"] > self.patience and about["name"]:
                        self.end(f"{about['name']} has not been heard of for {self.patience} s")
                    elif about["silent"] > self.patience:
                        self.remove(link)
                if self.expected and ticks > self.patience:
                    self.end("not all processes of this node have begun")
        self.tell_watchers(left="")

    def add(self, link: socket.socket, name: str = "", pid: int | None = None) -> None:
        self.links[link] = {"name": name, "pid": pid, "silent": 0, "text": b""}
        self.selector.register(link, selectors.EVENT_READ)

    def remove(self, link: socket.socket) -> None:
        del self.links[link]
        self.selector.unregister(link)
        link.close()

    def read(self, link: socket.socket) -> None:
        about = self.links[link]
        try:
            data = link.recv(1 << 16)
        except OSError:
            data = b""
        *lines, about["text"] = (about["text"] + data).split(b"\n")
        for line in lines:
            about["silent"] = 0
            if link in self.links:
                self.hear(link, about, line)
        if not data and link in self.links:
            self.remove(link)
            if about["name"] and "left" not in about:
                self.end(f"{about['name']} died")

    def hear(self, link: socket.socket, about: dict[str, Any], line: bytes) -> None:
        ours = about["name"] or line.startswith(f'{{"secret": "{self.secret}"'.encode())
        if not ours:  # anyone can connect to a port
            self.remove(link)
            return
        message = json.loads(line)
        if not about["name"]:
            about |= {"name": message["name"], "pid": message["pid"]}
            self.expected -= message["pid"] > 0
        elif "lost" in message:
            self.end(message["lost"])
        elif "gone" in message:
            self.note(message["of"], message["gone"], link)
        elif "left" in message:
            about["left"] = True
            if about["pid"]:
                why = f" ({message['left']})" if message["left"] else ""
                self.note(about["name"], f"{about['name']} has left{why}, and others wait for it", link)
        elif "back" in message:
            del about["left"]
            self.note(about["name"], "", link)
        elif "waits" in message:
            same = self.gone and message["waits"] and message["waits"] == about.get("waits")
            about["waits"], about["waited"] = message["waits"], about.get("waited", 0) + 1 if same else 0
            if about["waited"] >= GRACE:
                self.end(next(iter(self.gone.values())))

    def note(self, name: str, line: str, told_by: socket.socket) -> None:
        """Note, here and on the other nodes, that a process has left, or with an empty line that it is back."""
        self.gone.pop(name, None)
        if line:
            self.gone[name] = line
        for link, about in self.links.items():
            if about["pid"] == 0 and link is not told_by:
                self.tell(link, gone=line, of=name)

    def end(self, line: str) -> None:
        """Report the reason, tell the other nodes, and end the processes of this node."""
        if self.hub is not None and self.hub in self.links and not self.lost:
            self.lost = line  # if several have ended at once, the first node says which was first
            self.links[self.hub]["left"] = True
            self.tell(self.hub, lost=line)
            self.hub.settimeout(1)
            while self.hub in self.links:
                self.read(self.hub)
        self.tell_watchers(lost=line)
        with suppress(OSError):  # nobody may be reading
            os.write(2, f"minicnn: {line}; the job ends\n".encode())  # in one piece: others write too
        for about in self.links.values():
            if about["pid"]:
                with suppress(OSError):
                    os.kill(about["pid"], signal.SIGKILL)
        os._exit(1)


def main() -> None:
    hub, host, node, processes, patience = sys.argv[1:]
    server = socket.create_server((host, 0), backlog=1024)
    print(server.getsockname()[1], flush=True)
    secret = sys.stdin.readline().strip()
    Watcher(secret, hub, node, int(processes), int(patience), server).run()


if __name__ == "__main__":
    main()
