"""The files of a run and the units that it keeps until all are written."""

from __future__ import annotations

import shutil
from pathlib import Path

from neurogeom.io import UnitStore
from neurogeom.report.files import table, write

__all__ = ["close_store", "open_store", "table", "write"]


def open_store(out: Path, fingerprint: str) -> UnitStore:
    """Open the folder where finished units of this run are kept until it is complete.

    Parameters
    ----------
    out : Path
        Folder of the run.
    fingerprint : str
        Of data and settings.

    Returns
    -------
    UnitStore
        In ``out/units``.

    Raises
    ------
    ValueError
        If units of another run lie there.
    """
    return UnitStore(out / "units", fingerprint)


def close_store(store: UnitStore) -> None:
    """Remove the finished units of a run whose files are all written.

    Parameters
    ----------
    store : UnitStore
        The store of the run.
    """
    shutil.rmtree(store.folder)
