"""Convert a recording to a Brain-Score netCDF file: python datasets/convert.py SOURCE --out recording.nc.

SOURCE is anything that neurogeom.recordings.load reads: a folder of NDT rasters, NWB, MATLAB, HDF5, npz, zarr, CSV.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from neurogeom import recordings


def main(arguments: list[str] | None = None) -> int:
    """Read, write, and say what is in the file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("source", type=Path)
    parser.add_argument("--out", type=Path, required=True, help="netCDF file to write")
    parser.add_argument("--variable", help="which variable, where the file has several")
    parser.add_argument("--dims", help="names of its axes in order, with commas, where the file does not name them")
    parser.add_argument("--bin-ms", type=float, help="width of time bins, for spikes and rasters")
    given = parser.parse_args(arguments)
    options = {
        "variable": given.variable,
        "dims": given.dims.split(",") if given.dims else None,
        "bin_ms": given.bin_ms,
    }
    responses = recordings.load(given.source, **{name: value for name, value in options.items() if value is not None})
    recordings.save(given.out, responses)
    print(f"{given.out}: {dict(responses.sizes)}, coordinates {', '.join(map(str, responses.coords))}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
