"""Every operator that we read, as every opset writes it. Other runtimes' results are what ours are compared with."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from onnx import helper

from tests.onnx.graphs import normal, proto


@dataclass
class Case:
    """One node, whose inputs are x and constants."""

    op: str
    constants: list[Any] = field(default_factory=list)
    attributes: dict[str, Any] = field(default_factory=dict)
    shape: tuple[int, ...] = (2, 3, 7, 6)
    opset: int = 17

    def model(self) -> Any:
        given = {f"c{i}": constant for i, constant in enumerate(self.constants) if constant is not None}
        names = [f"c{i}" if f"c{i}" in given else "" for i in range(len(self.constants))]
        node = helper.make_node(self.op, ["x", *names], ["y"], **self.attributes)
        return proto([node], given, self.shape, opset=self.opset)


W, B = normal(4, 3, 3, 2, seed=1), normal(4, seed=2)
DOWN = normal(3, 2, 3, 2, seed=3)
CHANNELS = [normal(3, seed=i) for i in range(3)] + [np.random.default_rng(9).random(3, np.float32) + 0.5]
int64 = np.int64
CASES = {
    "conv": Case("Conv", [W, B], {"strides": [2, 1], "pads": [1, 0, 1, 0]}),
    "conv, no bias, kernel named": Case("Conv", [W], {"kernel_shape": [3, 2]}),
    "conv, dilated": Case("Conv", [W, B], {"dilations": [2, 3]}),
    "conv, grouped": Case("Conv", [normal(6, 1, 3, 3), normal(6)], {"group": 3}),
    "conv, padded more below": Case("Conv", [W, B], {"pads": [0, 1, 2, 0]}),
    "conv, same": Case("Conv", [W, B], {"auto_pad": "SAME_UPPER", "strides": [2, 2]}),
    "conv, same lower": Case("Conv", [W, B], {"auto_pad": "SAME_LOWER", "strides": [3, 1]}),
    "conv, valid": Case("Conv", [W, B], {"auto_pad": "VALID"}),
    "conv, opset 7": Case("Conv", [W, B], {"pads": [1, 1, 1, 1]}, opset=7),
    "transposed": Case("ConvTranspose", [DOWN, normal(2)], {"strides": [2, 3], "pads": [1, 0, 1, 0]}),
    "transposed, more output": Case("ConvTranspose", [DOWN], {"strides": [2, 2], "output_padding": [1, 0]}),
    "transposed, cut less below": Case("ConvTranspose", [DOWN], {"strides": [2, 2], "pads": [1, 1, 0, 0]}),
    "transposed, grouped": Case("ConvTranspose", [normal(3, 2, 2, 2)], {"group": 3, "dilations": [2, 1]}),
    "transposed, padded unevenly": Case(
        "ConvTranspose", [DOWN], {"strides": [2, 2], "pads": [0, 1, 2, 0], "output_padding": [1, 1]}
    ),
    "transposed, same": Case("ConvTranspose", [DOWN], {"strides": [2, 1], "auto_pad": "SAME_UPPER"}),
    "transposed, same lower": Case("ConvTranspose", [DOWN], {"strides": [2, 1], "auto_pad": "SAME_LOWER"}),
    "transposed to a size": Case("ConvTranspose", [DOWN], {"strides": [2, 2], "output_shape": [14, 11]}),
    "gemm": Case("Gemm", [normal(5, 4), normal(4)], {"alpha": 0.5, "beta": 2.0}, (2, 5)),
    "gemm, transposed": Case("Gemm", [normal(4, 5), normal(4)], {"transB": 1}, (2, 5)),
    "gemm, one bias for all": Case("Gemm", [normal(5, 4), np.float32([0.5])], {}, (2, 5)),
    "gemm, one bias in two axes": Case("Gemm", [normal(5, 4), np.float32([[0.5]])], {}, (2, 5)),
    "gemm, a scalar bias": Case("Gemm", [normal(5, 4), np.float32(0.5)], {}, (2, 5)),
    "gemm, a row of biases": Case("Gemm", [normal(5, 4), normal(1, 4)], {}, (2, 5)),
    "gemm, no bias": Case("Gemm", [normal(5, 4)], {}, (2, 5), opset=11),
    "gemm, opset 7": Case("Gemm", [normal(5, 4), normal(4)], {}, (2, 5), opset=7),
    "matmul": Case("MatMul", [normal(5, 4)], {}, (2, 5)),
    "relu": Case("Relu"),
    "clip at zero": Case("Clip", [np.float32(0)]),
    "clip, opset 7": Case("Clip", [], {"min": 0.0, "max": 1.0}, opset=7),
    "clip above": Case("Clip", [None, np.float32(0.5)]),
    "clip, both": Case("Clip", [np.float32(-0.5), np.float32(0.5)]),
    "leaky relu": Case("LeakyRelu", [], {"alpha": 0.2}),
    "leaky relu, default": Case("LeakyRelu"),
    "sigmoid": Case("Sigmoid"),
    "tanh": Case("Tanh"),
    "erf": Case("Erf"),
    "elu": Case("Elu", [], {"alpha": 0.6}),
    "elu, default": Case("Elu"),
    "gelu": Case("Gelu", opset=20),
    "gelu by tanh": Case("Gelu", [], {"approximate": "tanh"}, opset=20),
    "hard sigmoid": Case("HardSigmoid"),
    "hard sigmoid, steeper": Case("HardSigmoid", [], {"alpha": 0.5, "beta": 0.4}),
    "hard swish": Case("HardSwish"),
    "prelu of channels": Case("PRelu", [normal(3, 1, 1)]),
    "prelu of one slope": Case("PRelu", [np.float32([0.3])]),
    "prelu of vectors": Case("PRelu", [normal(5)], {}, (2, 5)),
    "clip to one number": Case("Clip", [np.float32(0.5), np.float32(0.5)]),
    "max with a number": Case("Max", [np.float32(0.2)]),
    "min with a number": Case("Min", [np.float32(0.2)]),
    "add a number": Case("Add", [np.float32(0.2)]),
    "add to channels": Case("Add", [normal(1, 3, 1, 1)]),
    "add to vectors": Case("Add", [normal(5)], {}, (2, 5)),
    "subtract": Case("Sub", [normal(3, 1, 1)]),
    "multiply": Case("Mul", [normal(3, 1, 1)]),
    "multiply by a number": Case("Mul", [np.float32([[[-3]]])]),
    "multiply vectors": Case("Mul", [normal(1, 5)], {}, (2, 5)),
    "divide": Case("Div", [normal(3, 1, 1)]),
    "square": Case("Pow", [np.float32(2)]),
    "cube": Case("Pow", [np.int64(3)]),
    "global max pool": Case("GlobalMaxPool"),
    "mean of maps": Case("ReduceMean", [], {"axes": [2, 3], "keepdims": 0}),
    "mean of maps, kept": Case("ReduceMean", [], {"axes": [-1, -2]}),
    "mean of maps, opset 18": Case("ReduceMean", [int64([2, 3])], {"keepdims": 0}, opset=18),
    "max of maps": Case("ReduceMax", [], {"axes": [2, 3], "keepdims": 0}),
    "max of maps, kept": Case("ReduceMax", [int64([2, 3])], opset=18),
    "slice, opset 7": Case("Slice", [], {"starts": [1, -4], "ends": [9, 9], "axes": [1, 2]}, opset=7),
    "slice, opset 10": Case("Slice", [int64([1]), int64([3]), int64([2])], opset=10),
    "slice": Case("Slice", [int64([1, 0]), int64([-1, 1 << 40]), int64([3, 0])]),
    "slice in steps": Case("Slice", [int64([1]), int64([7]), int64([-2]), int64([2])]),
    "slice from the first axes on": Case("Slice", [int64([0, 1]), int64([1 << 40, 3])]),
    "gather one": Case("Gather", [int64(-1)], {"axis": 1}),
    "gather a column": Case("Gather", [int64(2)], {"axis": 3}),
    "gather a range": Case("Gather", [int64([0, 2])], {"axis": 1}),
    "unsqueeze": Case("Unsqueeze", [int64([2])], {}, (2, 5)),
    "unsqueeze, opset 7": Case("Unsqueeze", [], {"axes": [2, -1]}, (2, 5), opset=11),
    "transpose of two channels": Case("Transpose", [], {"perm": [0, 2, 1, 3]}, (2, 2, 3, 4)),
    "transpose of two rows": Case("Transpose", [], {"perm": [0, 1, 3, 2]}, (2, 3, 2, 4)),
    "squeeze one": Case("Squeeze", [int64([-1])], {}, (2, 3, 4, 1)),
    "reshape to maps": Case("Reshape", [int64([0, 7, -1, 3])]),
    "reshape to five axes": Case("Reshape", [int64([2, 3, 1, 7, 6])]),
    "flatten all, of one image": Case("Flatten", [], {"axis": 0}, (1, 3, 7, 6)),
    "resize, nearest": Case("Resize", [None, np.float32([1, 1, 2, 3])]),
    "resize, nearest, to a size": Case(
        "Resize",
        [None, None, int64([2, 3, 10, 4])],
        {"coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"},
    ),
    "resize, smaller": Case(
        "Resize",
        [None, np.float32([1, 1, 0.6, 0.5])],
        {"coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"},
    ),
    "resize of one axis": Case(
        "Resize",
        [None, np.float32([2])],
        {"axes": [3], "coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"},
        opset=18,
    ),
    "resize of one axis to a size": Case(
        "Resize",
        [None, None, int64([10])],
        {"axes": [2], "coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"},
        opset=18,
    ),
    "resize, all written out": Case(
        "Resize",
        [None, np.float32([1, 1, 2, 3])],
        {
            "antialias": 0,
            "exclude_outside": 0,
            "keep_aspect_ratio_policy": "stretch",
            "coordinate_transformation_mode": "half_pixel",
            "nearest_mode": "round_prefer_floor",
        },
        opset=18,
    ),
    "resize, bilinear": Case("Resize", [None, np.float32([1, 1, 2, 1.5])], {"mode": "linear"}),
    "resize, bilinear, corners aligned": Case(
        "Resize",
        [None, None, int64([2, 3, 10, 4])],
        {"mode": "linear", "coordinate_transformation_mode": "align_corners"},
    ),
    "resize, bilinear, as pytorch": Case(
        "Resize",
        [None, None, int64([2, 3, 10, 4])],
        {"mode": "linear", "coordinate_transformation_mode": "pytorch_half_pixel"},
    ),
    "resize, opset 10": Case("Resize", [np.float32([1, 1, 2, 2])], opset=10),
    "resize of some axes": Case("Resize", [None, None, int64([10, 4])], {"axes": [2, 3], "mode": "linear"}, opset=18),
    "upsample, opset 9": Case("Upsample", [np.float32([1, 1, 2, 3])], opset=9),
    "upsample, opset 7": Case("Upsample", [], {"scales": [1.0, 1.0, 3.0, 2.0]}, opset=7),
    "pad by reflection": Case("Pad", [int64([0, 0, 2, 1, 0, 0, 0, 3])], {"mode": "reflect"}),
    "pad by copies": Case("Pad", [int64([0, 0, 2, 1, 0, 0, 0, 3])], {"mode": "edge"}),
    "pad around": Case("Pad", [int64([0, 0, 2, 1, 0, 0, 0, 3])], {"mode": "wrap"}, opset=19),
    "log-softmax": Case("LogSoftmax", [], {"axis": 1}),
    "log-softmax of vectors, opset 11": Case("LogSoftmax", [], {}, (2, 5), opset=11),
    "batch norm of vectors": Case("BatchNormalization", CHANNELS, {}, (5, 3)),
    "average pool, padded more below, not counted": Case(
        "AveragePool", [], {"kernel_shape": [3, 3], "strides": [2, 2], "pads": [0, 1, 1, 2]}
    ),
    "max pool": Case("MaxPool", [], {"kernel_shape": [3, 2], "strides": [2, 1], "pads": [1, 1, 1, 1]}),
    "max pool, opset 7": Case("MaxPool", [], {"kernel_shape": [2, 2]}, opset=7),
    "max pool, ceil": Case("MaxPool", [], {"kernel_shape": [2, 2], "strides": [2, 4], "ceil_mode": 1}),
    "max pool, dilated": Case("MaxPool", [], {"kernel_shape": [2, 2], "dilations": [3, 2]}),
    "max pool, padded more below": Case(
        "MaxPool", [], {"kernel_shape": [3, 3], "strides": [2, 2], "pads": [0, 0, 1, 1]}
    ),
    "max pool, same": Case("MaxPool", [], {"kernel_shape": [3, 3], "strides": [2, 2], "auto_pad": "SAME_UPPER"}),
    "average pool": Case("AveragePool", [], {"kernel_shape": [3, 2], "pads": [1, 1, 1, 1]}),
    "average pool, padding counts": Case(
        "AveragePool", [], {"kernel_shape": [3, 2], "pads": [1, 1, 1, 1], "count_include_pad": 1}
    ),
    "average pool, ceil": Case("AveragePool", [], {"kernel_shape": [2, 2], "strides": [2, 4], "ceil_mode": 1}),
    "average pool, opset 7": Case("AveragePool", [], {"kernel_shape": [2, 2], "strides": [2, 2]}, opset=7),
    "average pool, padded more below": Case(
        "AveragePool", [], {"kernel_shape": [3, 3], "pads": [0, 0, 1, 1], "count_include_pad": 1}
    ),
    "global average pool": Case("GlobalAveragePool"),
    "batch norm": Case("BatchNormalization", CHANNELS, {"epsilon": 0.01}),
    "batch norm, opset 7": Case("BatchNormalization", CHANNELS, {"momentum": 0.8}, opset=7),
    "batch norm, opset 9": Case("BatchNormalization", CHANNELS, opset=9),
    "lrn": Case("LRN", [], {"size": 3, "alpha": 0.2, "beta": 0.6, "bias": 1.5}),
    "lrn, defaults": Case("LRN", [], {"size": 5}),
    "dropout": Case("Dropout", [np.float32(0.3)]),
    "dropout of all": Case("Dropout", [np.float32(1)]),
    "dropout, opset 7": Case("Dropout", [], {"ratio": 0.3}, opset=7),
    "flatten": Case("Flatten"),
    "flatten from behind": Case("Flatten", [], {"axis": -3}),
    "reshape to flat": Case("Reshape", [int64([2, -1])]),
    "reshape, batch kept": Case("Reshape", [int64([0, -1])]),
    "reshape to features": Case("Reshape", [int64([-1, 126])], opset=7),
    "squeeze": Case("Squeeze", [int64([2, 3])], {}, (2, 3, 1, 1)),
    "squeeze, opset 7": Case("Squeeze", [], {"axes": [2, 3]}, (2, 3, 1, 1), opset=7),
    "squeeze all": Case("Squeeze", [], {}, (2, 3, 1, 1)),
    "softmax of channels": Case("Softmax", [], {"axis": 1}),
    "softmax of columns": Case("Softmax"),
    "softmax of vectors": Case("Softmax", [], {}, (2, 5)),
    "softmax, opset 7": Case("Softmax", [], {}, (2, 5, 1, 1), opset=7),
    "pad": Case("Pad", [int64([0, 1, 2, 0, 0, 0, 1, 3])]),
    "pad with a value": Case("Pad", [int64([0, 0, 1, 1, 0, 0, 0, 0]), np.float32(0.5)]),
    "pad, opset 7": Case("Pad", [], {"pads": [0, 0, 1, 1, 0, 0, 1, 1]}, opset=7),
    "pad of some axes": Case("Pad", [int64([1, 2]), None, int64([-1])], opset=18),
}
