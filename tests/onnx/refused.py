"""ONNX graphs that are refused: for each what is wrong, the file, and the message."""

import itertools
from typing import Any

import numpy as np
from onnx import TensorProto, helper

from tests.onnx.graphs import W, node, proto


def conv(**attributes: Any) -> list[Any]:
    return [node("Conv", "x w", "y", **attributes)]


def pool(**attributes: Any) -> list[Any]:
    return [node("MaxPool", "x", "y", **attributes)]


def branch(op: str) -> Any:
    """What an If could do with x."""
    outputs = [helper.make_tensor_value_info("inside", TensorProto.FLOAT, None)]
    return helper.make_graph([node(op, "x", "inside")], "branch", [], outputs)


EMPTY = np.float32([])
doubling = [
    node("Concat", f"{a} {a}", b, axis=1)
    for a, b in zip(["x", *"abcdefghijklmnopqrstuvw"], "abcdefghijklmnopqrstuvwy", strict=True)
]

REFUSED = {
    "an unsupported operator": (
        proto([node("DepthToSpace", "x", "y", blocksize=2, name="up")]),
        r"the operator DepthToSpace\(blocksize=2\) of 'up' is not supported$",
    ),
    "an operator of somebody's own": (proto([node("Relu", "x", "y", domain="com.me")]), "com.me.Relu"),
    "an unknown attribute": (
        proto([node("Relu", "x", "y", slope=2)]),
        "Relu 'y': the attribute slope=2 is not supported",
    ),
    "an attribute of another kind": (proto(conv(group="three"), {"w": W}), "expected group to be of the kind of 1"),
    "an old opset": (proto([node("Relu", "x", "y")], opset=6), "expected opset 7 or later, got 6"),
    "two outputs": (
        (lambda p: (p.graph.output.add(name="z"), p)[1])(proto([node("Relu", "x", "y")])),
        "expected a graph with one output, got y, z",
    ),
    "an output from nowhere": (proto([node("Relu", "x", "z")]), "no node computes its output 'y' from the images"),
    "an input from nowhere": (proto([node("Relu", "lost", "y")]), "its input 'lost' is not the output of an earlier"),
    "a cycle": (proto([node("Add", "x y", "y")]), "its input 'y' is not the output of an earlier node"),
    "a value given twice": (proto([node("Relu", "x", "y"), node("Relu", "x", "y")]), "'y' is the output of two nodes"),
    "no network at all": (proto([node("Identity", "x", "y")]), "its output is its input: the graph has no layers"),
    "weights that are computed": (proto([node("Conv", "x x", "y")]), "expected input 1 to be an initializer"),
    "one-dimensional convolution": (proto(conv(), {"w": W[0]}), "expected input 1 to have 4 axes"),
    "weights for other channels": (proto(conv(), {"w": W}, (1, 4, 4, 4)), "take 3 channels, but it is given 4"),
    "groups that do not divide": (proto(conv(group=3), {"w": W}, (1, 9, 4, 4)), "3 groups do not divide 9 channels"),
    "negative groups": (proto(conv(group=-1), {"w": W}, (1, "C", 4, 4)), "expected .* an int of at least 1"),
    "another kernel than the weights'": (proto(conv(kernel_shape=[5, 5]), {"w": W}), "make no windows for weights"),
    "a kernel larger than the image": (proto(pool(kernel_shape=[9, 9])), "invalid shape"),
    "a kernel without size": (proto(pool()), "make no windows"),
    "strides of zero": (proto(conv(strides=[0, 1]), {"w": W}), "make no windows"),
    "absurd pads": (proto(conv(pads=[1 << 40] * 4), {"w": W}), "expected pads to be 4 numbers in 0…10000"),
    "an absurd number of pads": (proto(conv(pads=[1] * 10_000), {"w": W}), "expected pads to be 4 numbers"),
    "negative pads": (
        proto([node("Pad", "x p", "y")], {"p": np.int64([0, 0, -1, 0, 0, 0, 0, 0])}),
        "pads .* are not supported",
    ),
    "padding of the batch": (
        proto([node("Pad", "x p", "y")], {"p": np.int64([1, 0, 0, 0, 0, 0, 0, 0])}),
        "of the batch",
    ),
    "padding by what nobody knows": (
        proto([node("Pad", "x p", "y", mode="mirror")], {"p": np.int64([0] * 8)}),
        "mode='mirror' is not supported, only constant, reflect, edge, wrap",
    ),
    "maps that double until nothing holds them": (proto([*doubling], shape=(1, 1 << 12, 16, 16)), "invalid shape"),
    "addition of maps that do not fit": (
        proto([node("Flatten", "x", "a"), node("Add", "x a", "y")]),
        "do not fit together",
    ),
    "a constant for every column": (
        proto([node("Add", "x w", "y")], {"w": np.ones(4, np.float32)}),
        r"expected one number, or one for each channel of \(N, 3, 4, 4\), got a constant \(4,\)",
    ),
    "a constant of whole numbers": (proto([node("Mul", "x w", "y")], {"w": np.int64(2)}), "got int64 of shape"),
    "a constant for other channels": (
        proto([node("Add", "x w", "y")], {"w": np.ones((2, 1, 1), np.float32)}),
        r"expected one number, or one for each channel of \(N, 3, 4, 4\), got a constant \(2, 1, 1\)",
    ),
    "a constant of more axes than the maps": (
        proto([node("Mul", "x w", "y")], {"w": np.ones((1, 1, 3, 1, 1), np.float32)}),
        r"expected numbers for the channels of \(N, 3, 4, 4\), got float32 of shape \(1, 1, 3, 1, 1\)",
    ),
    "a sum of two maps and a constant": (
        proto([node("Relu", "x", "a"), node("Add", "x w a", "y")], {"w": np.float32(2)}),
        "expected two inputs, at most one of them a constant",
    ),
    "a constant among the maps that are joined": (
        proto([node("Sum", "x w", "y")], {"w": np.float32(2)}),
        "joining with constants is not supported",
    ),
    "one over a number too small": (
        proto([node("Div", "x w", "y")], {"w": np.float32([[[1]], [[2]], [[1e-39]]])}),
        "one over its constant is more than float32 holds",
    ),
    "a power without an exponent": (proto([node("Pow", "x", "y")]), "Pow 'y'"),
    "a fifth power": (proto([node("Pow", "x w", "y")], {"w": np.float32(5)}), "the power of 5.0 is not supported"),
    "no power": (proto([node("Pow", "x w", "y")], {"w": np.float32(0)}), "the power of 0.0 is not supported"),
    "bounds in the wrong order": (
        proto([node("Clip", "x a b", "y")], {"a": np.float32(2), "b": np.float32(1)}),
        "expected min not above max, got 2.0 and 1.0",
    ),
    "bounds in the wrong order, as attributes": (
        proto([node("Clip", "x", "y", min=2.0, max=1.0)], opset=10),
        "expected min not above max, got 2.0 and 1.0",
    ),
    "the largest of a map, a number and another map": (
        proto([node("Relu", "x", "a"), node("Max", "x w a", "y")], {"w": np.float32(2)}),
        "only of one and a number",
    ),
    "dropout in training": (
        proto([node("Dropout", "x p t", "y")], {"p": np.float32(0.5), "t": np.bool_(True)}),
        "training_mode is not supported",
    ),
    "a constant cast to nobody knows what": (
        proto([node("Cast", "w", "a"), node("Mul", "x a", "y")], {"w": np.float32(2)}),
        "to UNDEFINED is not supported",
    ),
    "no version of the operators": (
        (lambda p: (p.ClearField("opset_import"), p)[1])(proto([node("Relu", "x", "y")])),
        "expected opset 7 or later, got 1;",
    ),
    "a transposed convolution to nothing": (
        proto(
            [node("ConvTranspose", "x w", "y", output_shape=[0, 4])],
            {"w": W[:1].swapaxes(0, 1)},
        ),
        "invalid shape",
    ),
    "more output padding than a step": (
        proto(
            [node("ConvTranspose", "x w", "y", strides=[2, 3], output_padding=[2, 0])],
            {"w": W[:1].swapaxes(0, 1)},
        ),
        r"expected output_padding below the strides or dilations, got \[2, 0\]",
    ),
    "biases for other outputs": (
        proto([node("Flatten", "x", "a"), node("Gemm", "a w b", "y")], {"w": np.ones((48, 4)), "b": np.ones(5)}),
        r"expected a bias of 4 numbers, got shape \(5,\)",
    ),
    "filters' biases for other filters": (
        proto([node("Conv", "x w b", "y")], {"w": W, "b": np.ones(3, np.float32)}),
        "expected input 2 to be 2 numbers, got 3",
    ),
    "weights for other features": (
        proto([node("Flatten", "x", "a"), node("MatMul", "a w", "y")], {"w": np.ones((47, 4), np.float32)}),
        "its weights take 47 features, but it is given 48",
    ),
    "statistics of other features": (
        proto([node("Flatten", "x", "a"), node("BatchNormalization", "a s s s s", "y")], {"s": np.ones(3, np.float32)}),
        "its weights take 3 features, but it is given 48",
    ),
    "a kind of padding that nobody knows": (
        proto(conv(auto_pad="SAME"), {"w": W}),
        "auto_pad='SAME' is not supported",
    ),
    "a kind of padding that nobody knows, of a transposed convolution": (
        proto([node("ConvTranspose", "x w", "y", auto_pad="SAME")], {"w": W[:1].swapaxes(0, 1)}),
        "auto_pad='SAME' is not supported",
    ),
    "a flag of 2": (
        proto(pool(kernel_shape=[2, 2], ceil_mode=2)),
        "expected ceil_mode to be 0 or 1, got 2",
    ),
    "shapes in two rows": (
        proto([node("Reshape", "x s", "y")], {"s": np.int64([[1, 2], [8, 4]])}),
        r"expected input 1 to be a list of numbers, got shape \(2, 2\)",
    ),
    "shapes of fractions": (
        proto([node("Reshape", "x s", "y")], {"s": np.float32([1, 2.5])}),
        r"expected input 1 to be whole numbers, got \[1.0, 2.5\]",
    ),
    "two numbers for one": (
        proto([node("Clip", "x s", "y")], {"s": np.float32([1, 2])}),
        r"expected input 1 to be one number, got shape \(2,\)",
    ),
    "pooling of vectors": (
        proto([node("Flatten", "x", "a"), node("MaxPool", "a", "y", kernel_shape=[1, 1])]),
        r"expected maps \(N, C, H, W\), got \(N, 48\)",
    ),
    "places of another kind": (
        proto([node("Resize", "x r s", "y", nearest_mode="round")], {"r": EMPTY, "s": np.float32([1, 1, 2, 2])}),
        "coordinates 'half_pixel', 'round' are not supported",
    ),
    "a resampling to nobody knows what": (
        proto([node("Resize", "x r", "y")], {"r": EMPTY}),
        "expected scales or sizes",
    ),
    "a map that divides": (proto([node("Div", "w x", "y")], {"w": np.float32(1)}), "only by a constant"),
    "a choice that depends on the images": (
        proto([node("If", "x", "y", then_branch=branch("Relu"), else_branch=branch("Sigmoid"))]),
        "the operator If",
    ),
    "a branch that gives too little": (
        proto(
            [
                helper.make_node("If", ["c"], ["y", "z"], then_branch=branch("Relu"), else_branch=branch("Relu")),
                node("Relu", "z", "out"),
            ],
            {"c": np.bool_(True)},
            output="out",
        ),
        "its then_branch does not have its 2 outputs",
    ),
    "pooling of volumes": (
        proto(
            [
                node("Reshape", "x s", "a"),
                node("AveragePool", "a", "b", kernel_shape=[2, 1, 1]),
                node("Flatten", "b", "y"),
            ],
            {"s": np.int64([1, 1, 3, 4, 4])},
        ),
        r"AveragePool 'b': pooling of \(N, 1, 3, 4, 4\) is not supported",
    ),
    "a division by maps": (
        proto([node("Relu", "x", "a"), node("Div", "x a", "y")]),
        "dividing by a value computed from the images is not supported",
    ),
    "an odd power": (proto([node("Pow", "x w", "y")], {"w": np.float32(0.5)}), "the power of 0.5 is not supported"),
    "the largest of two maps": (
        proto([node("Relu", "x", "a"), node("Max", "x a", "y")]),
        "only of one and a number",
    ),
    "indices that pooling gives": (
        proto([helper.make_node("MaxPool", ["x"], ["a", "y"], kernel_shape=[2, 2])]),
        "its output 'y' is not supported, only the first",
    ),
    "an operator of constants alone, on images": (
        proto([node("Sqrt", "x", "y")]),
        "of a value computed from the images is not supported, only of constants",
    ),
    "an output that depends on no image": (
        proto([node("Identity", "w", "y")], {"w": W}),
        "no node computes its output 'y' from the images",
    ),
    "constants of absurd size": (
        proto([node("ConstantOfShape", "s", "w"), *conv()], {"s": np.int64([1 << 16, 1 << 16])}),
        "of the invalid shape",
    ),
    "constants that together are too large": (
        proto(
            [
                node("ConstantOfShape", "s", "w"),
                node("Conv", "x w", "a"),
                node("Conv", "x w", "b"),
                node("Add", "a b", "y"),
            ],
            {"s": np.int64([100_000, 3, 32, 32])},
        ),
        "the arrays that its ConstantOfShape nodes make take over 600000000 bytes",
    ),
    "constants that double until nothing holds them": (
        proto(
            [
                node("Concat", f"{a} {a}", b, axis=0)
                for a, b in itertools.pairwise(["c", *"abdefghijklmnopqrstuvwx1234y"])
            ]
            + [node("Add", "x c", "z")],
            {"c": np.ones(1000, np.float32)},
        ),
        "what it computes from constants takes over 8 times the [0-9]+ bytes",
    ),
    "whole numbers divided by zero": (
        proto([node("Div", "s t", "u"), node("Reshape", "x u", "y")], {"s": np.int64([1, 2]), "t": np.int64(0)}),
        "Div 'u': .*divided by zero",
    ),
    "fewer sizes than axes": (
        proto([node("Resize", "x r q s", "y")], {"r": EMPTY, "q": EMPTY, "s": np.int64([8, 8])}),
        r"expected a number for each of the axes \[0, 1, 2, 3\], got \[8, 8\]",
    ),
    "more scales than axes": (
        proto([node("Resize", "x r s", "y", axes=[-1])], {"r": EMPTY, "s": np.float32([2, 2])}, opset=18),
        r"expected a number for each of the axes \[-1\], got \[2.0, 2.0\]",
    ),
    "a transposed convolution that would leave gaps": (
        proto(
            [node("ConvTranspose", "x w", "y", strides=[3, 3], auto_pad="SAME_UPPER")],
            {"w": W[:1].swapaxes(0, 1)[..., :1, :1]},
        ),
        r"an output of \[12, 12\] is larger than its filters reach",
    ),
    "a transposed convolution whose padding depends on the size of the images": (
        proto(
            [node("ConvTranspose", "x w", "y", strides=[2, 2], auto_pad="SAME_LOWER")],
            {"w": W[:1].swapaxes(0, 1)},
            ("N", 3, "H", "W"),
        ),
        r"ConvTranspose 'y': its padding depends on the input's size; give load\(…, input_shape=\(C, H, W\)\)",
    ),
    "a transposed batch": (
        proto([node("Transpose", "x", "a", perm=[1, 0, 2, 3]), node("Conv", "a w", "y")], {"w": W}),
        r"expected the batch to be the first axis, but it was transposed to \(3, N, 4, 4\)",
    ),
    "a transposition of axes that are not there": (proto([node("Transpose", "x", "y", perm=[0, 4])]), "each axis"),
    "a slice of the batch": (
        proto([node("Slice", "x s e a", "y")], {"s": np.int64([1]), "e": np.int64([9]), "a": np.int64([0])}),
        "of the batch is not supported",
    ),
    "a slice backward": (
        proto(
            [node("Slice", "x s e a t", "y")],
            {"s": np.int64([-1]), "e": np.int64([-9]), "a": np.int64([2]), "t": np.int64([-1])},
        ),
        "backward, in steps of -1",
    ),
    "parts that do not add up": (
        proto([helper.make_node("Split", ["x", "s"], ["y", "z"], axis=1)], {"s": np.int64([1, 1])}),
        "do not divide 3 into 2 parts",
    ),
    "parts of an axis that is not named: the first": (
        proto([helper.make_node("Split", ["x", "s"], ["y", "z"])], {"s": np.int64([1, 2])}, ("N", 3, 4, 4)),
        "Split 'y': of the batch is not supported",
    ),
    "channels in another order": (
        proto([node("Gather", "x i", "y", axis=1)], {"i": np.int64([2, 0, 1])}),
        r"by the indices \[2, 0, 1\] is not supported, only by a range",
    ),
    "one image of the batch": (proto([node("Gather", "x i", "y")], {"i": np.int64(0)}), "of the axis 0"),
    "the mean of rows": (
        proto([node("ReduceMean", "x", "y", axes=[3])]),
        r"over the axes \[3\] of \(N, 3, 4, 4\) is not supported",
    ),
    "resampling by cubes": (
        proto([node("Resize", "x r s", "y", mode="cubic")], {"r": EMPTY, "s": np.float32([1, 1, 2, 2])}),
        "mode='cubic' is not supported, only nearest and linear",
    ),
    "resampling of the channels": (
        proto([node("Resize", "x r s", "y")], {"r": EMPTY, "s": np.float32([1, 2, 1, 1])}),
        "of other axes than height and width is not supported",
    ),
    "resampling of the images": (
        proto([node("Resize", "x r s", "y")], {"r": EMPTY, "s": np.float32([2, 1, 1, 1])}),
        "of other axes than height and width is not supported, got scales",
    ),
    "resampling to other channels": (
        proto([node("Resize", "x r r s", "y")], {"r": EMPTY, "s": np.int64([1, 6, 4, 4])}),
        r"of other axes than height and width is not supported, got \[1, 6, 4, 4\]",
    ),
    "resampling to other images": (
        proto([node("Resize", "x r r s", "y")], {"r": EMPTY, "s": np.int64([2, 3, 4, 4])}),
        r"of other axes than height and width is not supported, got \[2, 3, 4, 4\]",
    ),
    "scales of zero": (
        proto([node("Resize", "x r s", "y")], {"r": EMPTY, "s": np.float32([1, 1, 0, 2])}),
        "expected scales in 0…10000, got",
    ),
    "resampling at other places": (
        proto(
            [node("Resize", "x r s", "y", mode="linear", coordinate_transformation_mode="asymmetric")],
            {"r": EMPTY, "s": np.float32([1, 1, 2, 2])},
        ),
        r"'asymmetric' and nearest_mode='round_prefer_floor' from \(4, 4\) to \(8, 8\) is not supported",
    ),
    "a shape that depends on the size of the images": (
        proto(
            [
                node("Shape", "x", "s"),
                node("Gather", "s i", "n"),
                node("Concat", "b n", "t", axis=0),
                node("Reshape", "x t", "y"),
            ],
            {"i": np.int64([2]), "b": np.int64([0, -1])},
            ("N", 3, "H", "W"),
        ),
        r"its input 1 depends on the input's size; give load\(…, input_shape=\(C, H, W\)\)",
    ),
    "maps as whole numbers": (proto([node("Cast", "x", "y", to=TensorProto.INT64)]), "of maps to INT64"),
    "dense layers on maps": (
        proto([node("MatMul", "x w", "y")], {"w": np.ones((4, 4), np.float32)}),
        "flatten them first",
    ),
    "reshaping that mixes images": (
        proto([node("Reshape", "x s", "y")], {"s": np.int64([4, -1])}),
        r"to \(4, -1\) from \(N, 3, 4, 4\) depends on the batch or mixes it with other axes",
    ),
    "flattening with the batch": (
        proto([node("Flatten", "x", "y", axis=0)], shape=("N", 3, 4, 4)),
        "depends on the batch or mixes it",
    ),
    "concatenation of rows": (proto([node("Concat", "x x", "y", axis=2)]), "axis=2 of .* not supported, only the chan"),
    "a normalization over nobody knows how many": (proto([node("LRN", "x", "y")]), "expected an odd size, got 0"),
    "a cast to nobody knows what": (proto([node("Cast", "x", "y")]), "of maps to UNDEFINED"),
    "an even window of channels": (proto([node("LRN", "x", "y", size=4)]), "expected an odd size, got 4"),
    "batch normalization in training": (
        proto([node("BatchNormalization", "x s s s s", "y", training_mode=1)], {"s": np.ones(3, np.float32)}),
        "training_mode=1 is not supported",
    ),
    "one array in more layers than fit into memory": (
        proto(
            [
                *(node("Conv", "x w", f"y{i}") for i in range(20)),
                node("Sum", " ".join(f"y{i}" for i in range(20)), "y"),
            ],
            {"w": np.ones((100, 3, 1, 1), np.float32)},
        ),
        "its arrays take over 8 times the [0-9]+ bytes of its files",
    ),
    "weights that are whole numbers": (proto(conv(), {"w": W.astype(np.int64)}), "expected its weight to be"),
    "an absurd input": (proto([node("Relu", "x", "y")], shape=(1, 1 << 31, 1 << 31, 1)), "invalid shape"),
    "sound": (proto([node("Relu", "x", "y")], shape=(1, 2, 100)), "expected an input of images"),
}
