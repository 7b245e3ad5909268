from . import data as data
from . import ops as ops
from . import threads as threads
from .threads import get_num_threads as get_num_threads
from .threads import set_num_threads as set_num_threads

__version__: str
