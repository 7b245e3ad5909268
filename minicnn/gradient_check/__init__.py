"""`minicnn.gradcheck`: is this pullback the gradient of this function?

gradcheck    the function itself: its arguments and its guarantees
problem      a function at a point: its arrays, its outputs, and its pullback's gradients
derivatives  derivatives computed only by evaluating the function: complex steps and central differences
search       the best step of a central difference, for every entry of an output
probe        derivatives of a function at a point: which method suits it, and when care is needed
judgment     compares them with the pullback: which differences are rounding, and which are errors
location     which entry is wrong, or lies on a kink
layer_op     a layer or model seen as an op: its input and parameters are arguments
contract     which functions follow the contract, `op(*arrays, **options) -> (y, pullback)`
trees        arrays in tuples, lists and dicts
"""

from .contract import GradientError
from .derivatives import NondifferentiableError
from .gradcheck import gradcheck
from .judgment import PrecisionError

__all__ = ["GradientError", "NondifferentiableError", "PrecisionError", "gradcheck"]
