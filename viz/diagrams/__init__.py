"""A network in four forms, side by side: bricks, letters, algebra, Python."""

from .code import python_code
from .page import Diagram, diagram

__all__ = ["Diagram", "diagram", "python_code"]
