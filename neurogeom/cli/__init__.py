"""The command line: ``neurogeom demo``, ``capacity``, ``compare``, ``predict``, ``align``, ``datasets``, ``info``."""

from __future__ import annotations

from neurogeom.cli.commands import cli, main

__all__ = ["cli", "main"]
