"""Graphs of several nodes, from x (2, 3, 2, 2) to y: layers that take several operators, and computed constants.
Other runtimes' results for them are what ours are compared with."""

import numpy as np
from onnx import TensorProto, helper, numpy_helper

from tests.onnx.graphs import node, normal, proto

int64 = np.int64
NODES = {
    "dense layers written as MatMul and Add": (
        [node("Flatten", "x", "a"), node("MatMul", "a w", "b"), node("Add", "b c", "d"), node("Relu", "d", "y")],
        {"w": normal(12, 4), "c": normal(4)},
    ),
    "a bias added after the convolution, from the left": (
        [node("Conv", "x w", "a"), node("Add", "c a", "b"), node("Flatten", "b", "y")],
        {"w": normal(2, 3, 2, 2), "c": normal(1, 2, 1, 1)},
    ),
    "branches and a shortcut": (
        [
            node("Relu", "x", "a"),
            node("Conv", "a w", "b"),
            node("Identity", "a", "i"),
            node("Add", "b i", "c"),
            node("Concat", "a c x", "d", axis=1),
            node("Sum", "d d d", "e"),
            node("Flatten", "e", "y"),
        ],
        {"w": normal(3, 3, 1, 1)},
    ),
    "nodes in an order that jumps between branches": (
        [
            node("Relu", "x", "a1"),
            node("Sigmoid", "x", "b1"),
            node("LeakyRelu", "a1", "a2"),
            node("Relu", "b1", "b2"),
            node("Concat", "b2 a2", "c", axis=-3),
            node("Flatten", "c", "y"),
        ],
        {},
    ),
    "a convolution for channels last": (
        [
            node("Transpose", "x", "a", perm=[0, 2, 3, 1]),
            node("Mul", "a t", "b"),
            node("Transpose", "b", "c", perm=[0, 3, 1, 2]),
            node("Conv", "c w", "d"),
            node("Transpose", "d", "e", perm=[0, 2, 3, 1]),
            node("Concat", "e a", "f", axis=3),
            node("Softmax", "f", "g"),
            node("Flatten", "g", "y"),
        ],
        {"w": normal(4, 3, 1, 1), "t": normal(3)},
    ),
    "channels shuffled": (
        [
            node("Reshape", "x s", "a"),
            node("Transpose", "a", "b", perm=[0, 2, 1, 3, 4]),
            node("Reshape", "b t", "c"),
            node("Relu", "c", "y"),
        ],
        {"s": int64([2, 1, 3, 2, 2]), "t": int64([2, 3, 2, 2])},
    ),
    "squeeze and excite": (
        [
            node("GlobalAveragePool", "x", "a"),
            node("Flatten", "a", "b"),
            node("Gemm", "b w", "c"),
            node("Sigmoid", "c", "d"),
            node("Unsqueeze", "d i", "e"),
            node("Mul", "x e", "f"),
            node("Sub", "f x", "g"),
            node("Flatten", "g", "y"),
        ],
        {"w": normal(3, 3), "i": int64([2, 3])},
    ),
    "weights that are cast, transposed and renamed": (
        [
            node("Cast", "w", "w1", to=TensorProto.FLOAT),
            node("Transpose", "w1", "w2", perm=[1, 0]),
            node("Identity", "w2", "w3"),
            node("Flatten", "x", "a"),
            node("MatMul", "a w3", "y"),
        ],
        {"w": normal(4, 12).astype(np.float64)},
    ),
    "constants in part, and turned around": (
        [
            node("Slice", "w s e a t", "v"),
            node("Slice", "v s f a t", "u"),
            node("Mul", "x u", "y"),
        ],
        {
            "w": normal(13, 1, 1),
            "s": int64([11]),
            "e": int64([2]),
            "f": int64([-99]),
            "a": int64([0]),
            "t": int64([-2]),
        },
    ),
    "a scale that is computed": (
        [
            node("Add", "v e", "a"),
            node("Sqrt", "a", "b"),
            node("Reciprocal", "b", "c"),
            node("Unsqueeze", "c i", "d"),
            node("Mul", "d x", "y"),
        ],
        {"v": np.random.default_rng(3).random(3, np.float32), "e": np.float32(0.1), "i": int64([1, 2])},
    ),
    "parts of the channels": (
        [
            helper.make_node("Split", ["x", "s"], ["a", "b"], axis=1),
            node("Relu", "a", "c"),
            node("Concat", "b c", "y", axis=1),
        ],
        {"s": int64([1, 2])},
    ),
    "nothing but other names": (
        [
            node("Cast", "x", "a", to=TensorProto.FLOAT),
            node("Reshape", "a s", "b"),
            node("Flatten", "b", "c"),
            node("Flatten", "c", "d"),
            node("LeakyRelu", "d", "y"),
        ],
        {"s": int64([0, 0, 2, 2])},
    ),
    "an output whose axes are in another order": (
        [node("Conv", "x w", "a"), node("Transpose", "a", "y", perm=[0, 2, 3, 1])],
        {"w": normal(4, 3, 1, 1)},
    ),
    "an input transposed": (
        [node("Transpose", "x", "a", perm=[0, 2, 1, 3]), node("LeakyRelu", "a", "y")],
        {},
    ),
    "two squeezes": (
        [node("GlobalMaxPool", "x", "a"), node("Squeeze", "a i", "b"), node("Squeeze", "b i", "y")],
        {"i": int64([2])},
    ),
    "what leads nowhere is left out": (
        [node("Relu", "x", "a"), node("Sigmoid", "a", "lost"), node("Flatten", "a", "y")],
        {},
    ),
    "vectors side by side": (
        [node("Flatten", "x", "a"), node("Relu", "a", "b"), node("Concat", "a b", "y", axis=1)],
        {},
    ),
    "weights from a Constant": (
        [
            helper.make_node("Constant", [], ["w"], value=numpy_helper.from_array(normal(2, 3, 1, 1))),
            node("Conv", "x w", "a"),
            helper.make_node("Constant", [], ["p"], value_ints=[0, -1]),
            node("Reshape", "a p", "y"),
        ],
        {},
    ),
}

GRAPHS = {name: proto(nodes, constants, (2, 3, 2, 2)) for name, (nodes, constants) in NODES.items()}
