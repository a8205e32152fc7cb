"""Packages of an extra, with one message when they are missing."""

from __future__ import annotations

import importlib
from types import ModuleType


def require(module: str, *, extra: str, purpose: str) -> ModuleType:
    """Import a module of an extra, or say how to install it.

    Parameters
    ----------
    module : str
        Dotted name, e.g. ``"plenoptic"``.
    extra : str
        The extra of setup.cfg that brings it, e.g. ``"textures"``.
    purpose : str
        What needs it, as the start of a sentence, e.g. ``"Texture synthesis"``.

    Returns
    -------
    module

    Raises
    ------
    ImportError
        If the module is missing, or is there and fails to import (then its own error is the cause).

    Examples
    --------
    >>> require("json", extra="none", purpose="This example").__name__
    'json'
    >>> require("no_such_module", extra="textures", purpose="Texture synthesis")
    Traceback (most recent call last):
    ...
    ImportError: Texture synthesis needs no_such_module. Run: pip install "neurogeom[textures]".
    """
    root = module.partition(".")[0]
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name is not None and error.name.partition(".")[0] == root:
            raise ImportError(f'{purpose} needs {root}. Run: pip install "neurogeom[{extra}]".', name=root) from None
        raise ImportError(f"{purpose} needs {root}, which is installed but misses {error.name}.", name=root) from error
    except ImportError as error:
        raise ImportError(
            f"{purpose} needs {root}, which is installed but fails to import: {error}. "
            f'Try: pip install --force-reinstall "neurogeom[{extra}]".',
            name=root,
        ) from error
