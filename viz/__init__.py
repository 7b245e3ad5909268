"""viz: what a network has learned, made visible.

The public face is listed in `__init__.pyi`; a part is imported when it is first used.
"""

import lazy_loader

from minicnn.deprecation import renamed_names

_load, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
__getattr__ = renamed_names(__name__, _load, colour_statistics="color_statistics")
