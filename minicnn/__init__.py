"""minicnn: a convolutional-network engine written from scratch.

The public face is listed in `__init__.pyi`; a part is imported when it is first used, so that the command line
answers at once.
"""

import lazy_loader

__version__ = "0.1.0"
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
for name in ("display", "sklearn"):  # `from minicnn import *` must neither hide IPython's function nor need an extra
    __all__.remove(name)
del name
