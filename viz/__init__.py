"""viz: pictures of what a network has learned.

The public face is listed in `__init__.pyi`; a part is imported when it is first used.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
