"""``python -m neurogeom``: the command line."""

from __future__ import annotations

from neurogeom.cli import main

if __name__ == "__main__":
    main()
