"""A model of training on many nodes: how long a step takes.

A step on P nodes computes its part of the batch, b images, in

    compute(b) = fixed + b · each                    both measured, in processor time of one thread

Its backward pass has the gradients of bucket k, of s_k bytes, after the share r_k of that time (measured), and another
thread sums one bucket after another, by `distributed.sums.add_over_processes`:

    sum(s)  = 2 · log2 P · latency + (1 − 1/P) · s · (2 / bandwidth + addition)
    end_k   = max(end_{k−1}, r_k · compute) + sum(s_k)
    step    = max(compute, end_last) + update               the optimizer's, also measured

Seconds, bytes, and bytes a second; `addition` is seconds a byte. It is the cost of recursive halving and doubling in
Thakur, Rabenseifner & Gropp (2005), whose α is our latency, β = 1 / bandwidth, and γ = addition.

Assumed: each node computes one share. All nodes are equally fast, as this machine's one thread or 32 times as fast, and
none is ever late (in reality the slowest of 1,024 is slower than the mean). Every pair has the full bandwidth at once,
in both directions. The sums and the reading of data take nothing from the computing threads. Latency and bandwidth are
measured here, between two processes in one memory, additions included; those of networks are assumed figures, not
measured ones. The times that a process sleeps between two polls of a message, and adds, are measured here.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Link:
    """A connection: seconds until a message begins, then bytes per second; seconds to add a byte to another."""

    name: str
    latency: float
    bandwidth: float
    addition: float = 0.0

    def sum(self, size: int, nodes: int) -> float:
        """Seconds to sum an array of `size` bytes over nodes."""
        each = 2 / self.bandwidth + self.addition
        return 2 * np.log2(nodes) * self.latency + (1 - 1 / nodes) * size * each


FREE = Link("free", 0.0, np.inf)
ASSUMED = (Link("10 Gb/s Ethernet (assumed)", 30e-6, 1.1e9), Link("100 Gb/s InfiniBand (assumed)", 3e-6, 11e9))


@dataclass(frozen=True)
class Work:
    """A step: fixed seconds, seconds per image, those of the update; each bucket's bytes and when it is ready (0…1)."""

    fixed: float
    each: float
    buckets: tuple[tuple[int, float], ...]
    update: float = 0.0

    def faster(self, times: float) -> Work:
        return Work(self.fixed / times, self.each / times, self.buckets, self.update / times)

    def compute(self, images: float) -> float:
        return self.fixed + images * self.each

    def step(self, images: float, nodes: int, link: Link) -> float:
        """Seconds of a step in which each node has `images` images."""
        end = compute = self.compute(images)
        sent = 0.0
        for size, ready in self.buckets:
            sent = max(sent, ready * compute) + link.sum(size, nodes)
        return max(end, sent) + self.update


def efficiency(work: Work, batch: int, nodes: int, link: Link, weak: bool) -> float:
    """The speed of n nodes over n times that of one: each with a whole batch (weak), or sharing one (strong)."""
    images = batch if weak else batch / nodes
    alone = (work.compute(batch) + work.update) / batch  # seconds for an image
    return alone / (work.step(images, nodes, link) / images)
