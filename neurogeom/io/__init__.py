"""Files that are whole or not there: atomic writing, netCDF groups, fingerprints, a store of finished units."""

from __future__ import annotations

from neurogeom.io.atomic import atomic_path, write_bytes, write_text
from neurogeom.io.fingerprint import fingerprint
from neurogeom.io.netcdf import read_groups, write_groups
from neurogeom.io.store import UnitStore

__all__ = ["UnitStore", "atomic_path", "fingerprint", "read_groups", "write_bytes", "write_groups", "write_text"]
