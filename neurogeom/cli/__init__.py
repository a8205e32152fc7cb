"""The command line: ``neurogeom demo``, ``neurogeom capacity`` and ``neurogeom info``."""

from __future__ import annotations

from neurogeom.cli.commands import cli, main

__all__ = ["cli", "main"]
