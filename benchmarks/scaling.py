"""Training on many processes: measurements of two of them, and a model of many machines.

    mpiexec -n 2 python -m benchmarks.scaling together   # two processes of one thread (as `table` starts it)
    python -m benchmarks.scaling table                   # measure all, predict, and write both to RESULTS.md

The model is in `cluster`.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

import minicnn as cnn

from .cluster import ASSUMED, FREE, Link, Work, efficiency

NODES = tuple(2**k for k in range(1, 11))
NETWORKS = {"cifar-vgg": (32, 10, 512), "vgg16": (224, 1000, 256), "resnet50": (224, 1000, 256)}  # size, classes, batch
CORES = 32  # of an assumed node, which is assumed to use all of them
WORTH = 0.5  # of the ideal speed: below it another node is wasted
LARGE = 1 << 22  # float32 numbers
PREDICTED = (
    "**Predicted, not measured**: the speed of N nodes over N times that of one (1 is ideal). Nodes are single threads "
    f"such as ours where they are processes here, and {CORES} times as fast where a network connects them. Where the "
    "efficiency falls below one half, the last column says what ends it: the network, or the batch, which leaves each "
    "node too few images. The assumptions stand at the head of `benchmarks/cluster.py`."
)


def images_of(name: str, count: int) -> tuple[Any, np.ndarray, np.ndarray]:
    """A network, and a batch for it."""
    size, classes, _ = NETWORKS[name]
    options = {} if name == "cifar-vgg" else {"input_size": (size, size)}
    model = cnn.zoo.build(name, classes=classes, **options)
    rng = np.random.default_rng(0)
    return model, rng.standard_normal((count, 3, size, size), np.float32), rng.integers(0, classes, count)


def gradients(model: Any, x: np.ndarray, labels: np.ndarray, announce: Any = None) -> None:
    scores, pullback = model.forward(x, cnn.Pass(train=True, rng=np.random.default_rng(0), announce=announce))
    _, loss_pullback = cnn.ops.cross_entropy(scores, labels)
    pullback(loss_pullback(1.0)[0], wants="parameters")


def measured(name: str, counts: tuple[int, int]) -> Work:
    """A network's step on one thread, best of three, in processor time, which other work disturbs least."""
    from minicnn.distributed.sums import Buckets

    seconds = []
    for count in counts:
        model, x, labels = images_of(name, count)
        gradients(model, x, labels)  # compiles
        times, when = [], {}
        for _ in range(3):
            start = time.process_time()
            when = {}
            gradients(model, x, labels, lambda key, _, when=when: when.update({key: time.process_time()}))
            times.append(time.process_time() - start)
        seconds.append(min(times))
    parameters = dict(reversed(model.parameters().items()))
    plan = Buckets(parameters, 1, lambda flat: None).plan  # type: ignore[arg-type,return-value]
    last, ready = 0.0, []
    for names in plan:
        last = max(last, *(float(when[key] - start) / times[-1] for key in names))  # buckets go in order
        ready.append((sum(parameters[key].nbytes for key in names), last))
    each = (seconds[1] - seconds[0]) / (counts[1] - counts[0])
    optimizer = cnn.SGD(0.01, momentum=0.9)
    optimizer.step(parameters, parameters)  # compiles
    update = least(lambda: optimizer.step(parameters, parameters))
    return Work(max(0.0, seconds[0] - counts[0] * each), each, tuple(ready), update)


def least(run: Any, rounds: int = 3) -> float:
    """Processor seconds, best of some rounds."""
    found = []
    for _ in range(rounds):
        start = time.process_time()
        run()
        found.append(time.process_time() - start)
    return min(found)


def own_part() -> tuple[float, float]:
    """Costs on any network: seconds of sleep between two polls of a message; seconds to add a byte."""
    from minicnn.distributed.sums import PAUSE

    naps = []
    for _ in range(200):
        start = time.perf_counter()
        time.sleep(PAUSE)
        naps.append(time.perf_counter() - start)
    x, y = np.ones(LARGE, np.float32), np.ones(LARGE, np.float32)
    return float(np.median(naps)), least(lambda: np.add(x, y, out=x), 10) / x.nbytes


def together(options: argparse.Namespace) -> None:
    """In each of two processes: time training steps of cifar-vgg, and sums; the first prints the results."""
    from mpi4py import MPI

    from minicnn.distributed.sums import add_in_any_order, add_over_processes

    group = cnn.distributed.mpi(any_order=options.any_order)
    comm = MPI.COMM_WORLD.Dup()
    model, x, labels = images_of("cifar-vgg", options.batch)
    optimizer = cnn.SGD(0.01)
    shares = np.array_split(np.arange(options.batch), group.shares)
    batch = (options.batch, [(x[shares[i]], labels[shares[i]]) for i in group.mine])

    def lesson(x: np.ndarray, labels: np.ndarray, pass_: Any) -> Any:
        scores, pullback = model.forward(x, pass_)
        value, loss_pullback = cnn.ops.cross_entropy(scores, labels)
        return float(value), 0, lambda weight: pullback(loss_pullback(weight)[0], wants="parameters")[1]

    def step() -> None:
        _, _, _, grads = group.gradients(model, batch, lesson, lambda share: np.random.default_rng(share))
        optimizer.step(model.parameters(), grads)

    def timed(run: Any, rounds: int) -> float:
        run()
        found = []
        for _ in range(rounds):
            comm.Barrier()
            start = time.perf_counter()
            run()
            found.append(time.perf_counter() - start)
        return float(np.median(found))

    print_ = print if group.main else lambda *_: None
    print_("step", timed(step, options.rounds))
    if group.size > 1:
        add = add_in_any_order if options.any_order else add_over_processes
        small, large = np.ones(2, np.float32), np.ones(LARGE, np.float32)
        print_("small", timed(partial(add, comm, small), 50))
        print_("large", timed(partial(add, comm, large), 15))


def job(processes: int, threads: int, *arguments: str) -> dict[str, float]:
    """Run `together` in several processes; returns what the first one printed."""
    mpiexec = Path(sys.executable).with_name("mpiexec")
    command = [str(mpiexec) if mpiexec.exists() else "mpiexec", "-n", str(processes), sys.executable]
    environment = os.environ | {"NUMBA_NUM_THREADS": str(threads)}
    command += ["-m", "benchmarks.scaling", "together", *arguments]
    lines = subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout.splitlines()
    return {name: float(value) for name, value in (line.split() for line in lines)}


def table(options: argparse.Namespace) -> None:
    """Measure, predict, and write the section."""
    from . import machine, report

    cnn.set_num_threads(1)
    works = {name: measured(name, (2, 16) if size < 100 else (1, 4)) for name, (size, _, _) in NETWORKS.items()}
    nap, addition = own_part()
    text = [f"`python -m benchmarks.scaling table`: {machine.machine(1)}"]
    free, cores = machine.free_cores(), os.cpu_count() or 1
    if free > 0.75 * cores:
        here, lines = between_processes(options, works["cifar-vgg"])
        text += [*lines, PREDICTED, constants(works), predictions(works, here)]
    else:
        text += [
            f"Other work kept the machine busy ({free:.1f} of {cores} cores were free), so nothing is said here about "
            "the speed of two processes: run the command on a quiet machine. What follows is from the processor time "
            "of one thread, which a busy machine lengthens too, but less.",
            PREDICTED,
            constants(works),
        ]
    text.append(
        f"To the latency of each network are added {nap * 1e6:.0f} µs, for which a process sleeps between two looks "
        f"for a message; arrays are added at {1e-9 / addition:.1f} GB/s. Both were measured here."
    )
    faster = {name: work.faster(CORES) for name, work in works.items()}
    for link in ASSUMED:
        text.append(predictions(faster, replace(link, latency=link.latency + nap, addition=addition)))
    report.section("Many machines", "\n\n".join(text))


def between_processes(options: argparse.Namespace, work: Work) -> tuple[Link, list[str]]:
    """Two processes, compared with one of two threads: the link between them, and paragraphs about it."""
    given = "--batch", str(options.batch), "--rounds", str(options.rounds)
    turns: dict[str, list[dict[str, float]]] = {"one": [], "two": [], "any": []}
    for _ in range(options.turns):
        turns["one"].append(job(1, 2, "--any-order", *given))  # a single share: the whole batch, as without a group
        turns["two"].append(job(2, 1, *given))
        turns["any"].append(job(2, 1, "--any-order", *given))
    step = {name: float(np.median([turn["step"] for turn in found])) for name, found in turns.items()}
    small, large = (float(np.median([turn[name] for turn in turns["two"]])) for name in ("small", "large"))
    here = Link("between processes here (measured)", small / 2, LARGE * 4 / (large - small))
    return here, [
        f"A training step of cifar-vgg, batch {options.batch}, median of {options.turns} turns:",
        "| processes × threads | shares | ms | speed over one process of two threads |\n|---|---|---|---|\n"
        f"| 1 × 2 | 1 | {step['one'] * 1e3:.0f} | 1 |\n"
        f"| 2 × 1 | 8, fixed order | {step['two'] * 1e3:.0f} | **{step['one'] / step['two']:.2f}** |\n"
        f"| 2 × 1 | 2, any order | {step['any'] * 1e3:.0f} | **{step['one'] / step['any']:.2f}** |",
        f"Between two processes here: latency {here.latency * 1e6:.0f} µs, bandwidth {here.bandwidth / 1e9:.2f} GB/s. "
        f"The model predicts {work.step(options.batch / 2, 2, here) * 1e3:.0f} ms for the last row.",
    ]


def constants(works: dict[str, Work]) -> str:
    """What the model knows about each network."""
    head = (
        "| on one thread | fixed ms | ms an image | update ms | gradients MB | buckets | the largest: MB, there after |"
    )
    lines = [head, "|---" * 7 + "|"]
    for name, work in works.items():
        largest, ready = max(work.buckets)
        size = sum(size for size, _ in work.buckets)
        seconds = [f"{value * 1e3:.1f}" for value in (work.fixed, work.each, work.update)]
        cells = *seconds, f"{size / 1e6:.1f}", f"{len(work.buckets)}"
        lines.append(f"| {name} | {' | '.join(cells)} | {largest / 1e6:.1f}, {ready:.0%} of the step |")
    return "\n".join(lines)


def predictions(works: dict[str, Work], link: Link) -> str:
    """The model's predictions for one kind of link."""
    head = f"| {link.name} | {' | '.join(f'{nodes:,}' for nodes in NODES)} | worth it up to |"
    lines = [head, "|---" * (len(NODES) + 2) + "|"]
    for name, work in works.items():
        batch = NETWORKS[name][2]
        for weak, size in ((False, batch), (True, 32)):
            counts = NODES if weak else tuple(nodes for nodes in NODES if nodes <= batch)
            found = [efficiency(work, size, nodes, link, weak) for nodes in counts]
            good = [nodes for nodes, e in zip(counts, found, strict=True) if e >= WORTH]
            if len(good) == len(counts):
                end = f"{counts[-1]:,}" + ("" if weak else ": then there are no images left")
            else:
                free = efficiency(work, size, counts[len(good)], FREE, weak)
                end = f"{good[-1] if good else 1:,}: {'the network' if free >= WORTH else 'batch size'}"
            kind = f"{size} images a node" if weak else f"{size} images in all"
            cells = [f"{e:.2f}" for e in found] + [""] * (len(NODES) - len(found))
            lines.append(f"| {name}, {kind} | {' | '.join(cells)} | {end} |")
    return "\n".join(lines)


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scaling", description=__doc__.partition("\n\n")[0])
    commands = parser.add_subparsers(required=True)
    for run in (together, table):
        command = commands.add_parser(run.__name__)
        command.add_argument("--batch", type=int, default=64)
        command.add_argument("--rounds", type=int, default=10)
        command.add_argument("--any-order", action="store_true")
        command.add_argument("--turns", type=int, default=3)
        command.set_defaults(run=run)
    options = parser.parse_args()
    options.run(options)


if __name__ == "__main__":
    main()
