"""`minicnn.gradcheck`: is this pullback the gradient of this function?

gradcheck    the function itself: what it takes, what it promises
problem      a function at a point: its arrays, its outputs, what its pullback says
derivatives  derivatives found by evaluating the function alone: complex steps and central differences
judgment     the two compared: which differences are rounding, and which are mistakes
location     which entry is wrong, or stands on a kink
layer_op     a layer or model seen as an op: its input and parameters are arguments
contract     which functions keep the contract, `op(*arrays, **options) -> (y, pullback)`
trees        arrays in tuples, lists and dicts
"""

from .contract import GradientError
from .derivatives import NondifferentiableError
from .gradcheck import gradcheck
from .judgment import PrecisionError

__all__ = ["GradientError", "NondifferentiableError", "PrecisionError", "gradcheck"]
