"""Results are the same to the last bit on any number of threads."""

import numpy as np
import pytest

from minicnn import ops
from minicnn.testing import in_order, tie_free

x, w = tie_free((5, 6, 17, 19), dtype=np.float32), tie_free((8, 6, 3, 3), 1, np.float32)
wide = in_order(tie_free((3, 33, 31, 29), dtype=np.float32), "channels_last")
wide_w = tie_free((40, 33, 3, 3), 1, np.float32)
CALLS = {
    "conv2d": lambda: ops.conv2d(x, w, padding=1),
    "conv2d, strided groups": lambda: ops.conv2d(x, w[:, :3], stride=2, groups=2),
    "conv2d_relu_max_pool2d": lambda: ops.conv2d_relu_max_pool2d(x, w, pool_size=3, pool_stride=2),
    "conv_transpose2d": lambda: ops.conv_transpose2d(x, tie_free((6, 4, 3, 3), 1, np.float32), stride=2),
    "max_pool2d": lambda: ops.max_pool2d(x, 3, stride=2, padding=1),
    "avg_pool2d": lambda: ops.avg_pool2d(x, 3, stride=2, padding=1),
    "batch_norm2d": lambda: ops.batch_norm2d(x, w[:6, 0, 0, 0], w[:6, 0, 1, 1], training=True),
    "batch_norm2d, channels-last": lambda: ops.batch_norm2d(
        in_order(tie_free((2, 60, 60, 70), dtype=np.float32), "channels_last"),
        *tie_free((2, 60), 1, np.float32),
        training=True,
    ),
    "conv2d, wide": lambda: ops.conv2d(wide, wide_w, padding=1, algorithm="direct"),
    "conv2d, im2col": lambda: ops.conv2d(wide, wide_w, padding=1, algorithm="im2col"),
    "conv2d, Winograd": lambda: ops.conv2d(wide, wide_w, padding=1, algorithm="winograd4"),
    "conv2d_relu_max_pool2d, wide": lambda: ops.conv2d_relu_max_pool2d(wide, wide_w, pool_size=3, pool_stride=2),
    "max_pool2d, channels-last": lambda: ops.max_pool2d(wide, 3, stride=2, padding=1),
    "concat, channels-last": lambda: ops.concat(wide, wide),
    "dense": lambda: ops.dense(x.reshape(5, -1), tie_free((7, 6 * 17 * 19), 1, np.float32)),
}


@pytest.mark.parametrize("name", CALLS)
def test_two_threads_give_what_one_gives(name: str, on_two_threads) -> None:
    def results():
        y, pullback = CALLS[name]()
        return y, *pullback(tie_free(y.shape, 7, np.float32))

    for one, two in zip(results(), on_two_threads(results), strict=True):
        assert one.tobytes() == two.tobytes()
