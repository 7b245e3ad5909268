"""What is particular to pooling: ties, not-a-number, padding, switches."""

import numpy as np
import pytest

from minicnn import ops


def test_max_pooling_refuses_a_window_that_dilation_takes_past_the_whole_picture() -> None:
    one_row = np.ones((1, 1, 1, 3))  # the window would see rows −1 and 1 of a picture that has row 0
    with pytest.raises(ValueError, match="sees nothing but padding"):
        ops.max_pool2d(one_row, 2, padding=(1, 0), dilation=2)
