"""Geometry of neural populations: how many classes a population can read out, and why.

Everything is reached from here and loaded when first used; the names are listed in ``__init__.pyi``.
With ``EAGER_IMPORT=1`` in the environment all rooms are loaded at once, which finds broken imports.
"""

import lazy_loader as _lazy

__version__ = "0.1.0"

__getattr__, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)
