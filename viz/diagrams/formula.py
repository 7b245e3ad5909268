"""A network in letters and in algebra: l for activations, W for learned weights."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import minicnn as cnn

from .wiring import Node

MOST_NESTED = 3  # layers with weights that fit on one line
SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
DIGITS = str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789")
FUNCTIONS = {
    cnn.ReLU: "relu",
    cnn.LeakyReLU: "leaky",
    cnn.Sigmoid: "σ",
    cnn.PReLU: "prelu",
    cnn.Tanh: "tanh",
    cnn.Erf: "erf",
    cnn.ELU: "elu",
    cnn.SiLU: "silu",
    cnn.GELU: "gelu",
    cnn.Hardsigmoid: "hardsigmoid",
    cnn.Hardswish: "hardswish",
    cnn.Softmax: "softmax",
    cnn.LogSoftmax: "logsoftmax",
    cnn.MaxPool2d: "pool",
    cnn.AvgPool2d: "average",
    cnn.AdaptiveAvgPool2d: "average",
    cnn.GlobalAvgPool2d: "mean",
    cnn.GlobalMaxPool2d: "max",
    cnn.Upsample: "upsample",
    cnn.BatchNorm1d: "norm",
    cnn.BatchNorm2d: "norm",
    cnn.Affine: "affine",
    cnn.Scale: "scale",
    cnn.LocalResponseNorm: "lrn",
    cnn.Dropout: "drop",
    cnn.Dropout2d: "drop",
    cnn.Flatten: "vec",
    cnn.Reshape: "reshape",
    cnn.Permute: "permute",
    cnn.Slice: "slice",
    cnn.Clip: "clip",
    cnn.Pad: "pad",
}
SILENT = ("drop", "vec")  # left out of the letters: in inference dropout does nothing, and vec only reshapes
WEIGHTED = (cnn.Dense, cnn.Conv2d, cnn.ConvTranspose2d)


@dataclass
class Statement:
    """The value that a letter l stands for: f(… g(l_i W_j)), or several letters joined.

    Attributes:
        number: of the letter.
        sources: the numbers of the letters it is computed from; none for the input.
        before: the functions between the source and the weight, in order; only those in SILENT.
        weight, layer: the number of its W, if it has one, and the layer that W belongs to.
        join: "concat", "add" or "mul".
        after: the functions applied afterwards, in order.
        shape: of the value.
    """

    number: int
    sources: list[int] = field(default_factory=list)
    before: list[str] = field(default_factory=list)
    weight: int | None = None
    layer: Any = None
    join: str | None = None
    after: list[str] = field(default_factory=list)
    shape: tuple[int, ...] = ()


def statements(nodes: list[Node]) -> list[Statement]:
    """A letter for the input and the output, and for every value that several layers, a weight or a join takes."""
    takers: dict[int, list[int]] = {i: [] for i in range(len(nodes))}
    for i, node in enumerate(nodes):
        for source in node.sources:
            takers[source].append(i)
    result: list[Statement] = []
    open_: dict[int, Statement] = {}  # for each node its value, which may not have a letter yet
    weights = 0
    for i, node in enumerate(nodes):
        if node.layer is None:
            current = Statement(-1)
        elif isinstance(node.layer, str):
            current = Statement(-1, [open_[source].number for source in node.sources], join=node.layer)
        else:
            (source,) = node.sources
            previous = open_[source]
            if isinstance(node.layer, WEIGHTED):
                pending = previous.number < 0  # only silent functions since its letter
                sources = previous.sources if pending else [previous.number]
                current = Statement(-1, sources, previous.after if pending else [], weights, node.layer)
                weights += 1
            elif previous.number < 0:
                current = previous
                current.after = [*current.after, _name(node.layer)]
            else:
                current = Statement(-1, [previous.number], after=[_name(node.layer)])
        current.shape = node.shape
        open_[i] = current
        next_ = takers[i]
        bare = current.weight is None and current.join is None and bool(current.sources)
        silent = bare and all(name in SILENT for name in current.after)
        wanted = len(next_) == 1 and isinstance(nodes[next_[0]].layer, (*WEIGHTED, str))
        joined = wanted and isinstance(nodes[next_[0]].layer, str)
        if node.layer is None or len(next_) != 1 or joined or (wanted and not silent):
            current.number = len(result)
            result.append(current)
    return result


def letters(found: list[Statement]) -> list[str]:
    """l₂ = relu(l₀W₀)W₁: what a network computes in inference, without biases.

    One line for a short chain, otherwise one for each letter. ∗ is convolution, [ , ] concatenation.
    """
    return _lines(found, _Letters())


def algebra(found: list[Statement]) -> list[str]:
    """The same in full, with biases, in LaTeX that matplotlib's mathtext renders (without dollar signs).

    A dense layer's W is inputs × outputs here, as in the letters and the bricks: the transpose of its `weight`.
    """
    return _lines(found, _Latex())


class _Letters:
    equals, silent = " = ", True

    def letter(self, name: str, number: int) -> str:
        return name + str(number).translate(SUBSCRIPTS)

    def weighted(self, value: str, s: Statement) -> str:
        assert s.weight is not None
        sign = "" if isinstance(s.layer, cnn.Dense) else "∗"
        return f"{value}{sign}{self.letter('W', s.weight)}"

    def call(self, name: str, value: str) -> str:
        return f"{name}({value})"

    def join(self, kind: str, values: list[str]) -> str:
        return f"[{', '.join(values)}]" if kind == "concat" else {"add": " + ", "mul": " ⊙ "}[kind].join(values)


class _Latex(_Letters):
    silent = False

    def letter(self, name: str, number: int) -> str:
        return f"{name}_{{{number}}}"

    def weighted(self, value: str, s: Statement) -> str:
        assert s.weight is not None
        W = self.letter("W", s.weight)
        if isinstance(s.layer, cnn.Dense):
            product = rf"{value}\,{W}"
        else:
            sign = r"\ast^{\top}" if isinstance(s.layer, cnn.ConvTranspose2d) else r"\ast"
            steps = s.layer.stride
            if steps != (1, 1):
                sign += f"_{{{steps[0]}}}" if steps[0] == steps[1] else rf"_{{{steps[0]}\times {steps[1]}}}"
            product = f"{value} {sign} {W}"
        return product if s.layer.bias is None else f"{product} + {self.letter('b', s.weight)}"

    def call(self, name: str, value: str) -> str:
        function = r"\sigma" if name == "σ" else rf"\mathrm{{{name}}}"
        return f"{function}({value})"

    def join(self, kind: str, values: list[str]) -> str:
        signs = {"add": " + ", "mul": r" \odot "}
        return "[" + r",\ ".join(values) + "]" if kind == "concat" else signs[kind].join(values)


def _lines(found: list[Statement], writing: _Letters) -> list[str]:
    chain = all(len(s.sources) <= 1 for s in found) and len({tuple(s.sources) for s in found}) == len(found)
    nested = chain and sum(s.weight is not None for s in found) <= MOST_NESTED
    lines: list[str] = []
    values: dict[int, tuple[str, bool]] = {0: (writing.letter("l", 0), False)}  # (expression, is it a sum?)
    for s in found[1:]:
        written = [values[source][0] for source in s.sources]
        value, is_sum = written[0], values[s.sources[0]][1]
        for name in _shown(s.before, writing):
            value, is_sum = writing.call(name, value), False
        if s.join is not None:
            value, is_sum = writing.join(s.join, written), False  # the join gets a letter: no parentheses
        elif s.weight is not None:
            value = writing.weighted(f"({value})" if is_sum else value, s)
            is_sum = not writing.silent and s.layer.bias is not None
        for name in _shown(s.after, writing):
            value, is_sum = writing.call(name, value), False
        if nested and s is not found[-1]:
            values[s.number] = value, is_sum
            continue
        letter = writing.letter("l", s.number)
        lines.append(f"{letter}{writing.equals}{value}")
        values[s.number] = letter, False
    return lines


def _shown(names: list[str], writing: _Letters) -> list[str]:
    return [name for name in names if not (writing.silent and name in SILENT)]


def _name(layer: Any) -> str:
    return FUNCTIONS.get(type(layer), type(layer).__name__)
