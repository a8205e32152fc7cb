"""What every room stands on: validation, seeds, units of work, memory, warnings. Private."""

from __future__ import annotations
