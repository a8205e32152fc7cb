"""What a bug report needs: versions, back ends, folders."""

from __future__ import annotations

import os
import platform
import sys
from importlib.metadata import PackageNotFoundError, version

PACKAGES = (
    "numpy", "scipy", "scikit-learn", "pandas", "xarray", "h5py", "h5netcdf", "zarr", "matplotlib", "numba", "cvxpy",
    "clarabel", "torch", "click", "jinja2",
)  # fmt: skip


def report() -> str:
    """Return versions, back ends, cores, memory and the cache folder as lines of text.

    Returns
    -------
    str
        One fact per line.

    Examples
    --------
    >>> report().startswith("neurogeom ")
    True
    """
    import neurogeom
    from neurogeom._core.folders import cache_folder
    from neurogeom._core.memory import available_bytes
    from neurogeom._core.parallel import resolve_n_jobs

    lines = [
        ("neurogeom", neurogeom.__version__),
        ("python", f"{platform.python_version()} ({sys.executable})"),
        ("system", f"{platform.system()} {platform.release()}, {platform.machine()}"),
        ("cores", str(resolve_n_jobs(None))),
        ("memory free", f"{available_bytes() / 1e9:.1f} GB"),
        ("back ends", ", ".join(_backends())),
        ("cache folder", str(cache_folder())),
        ("NEUROGEOM_DATA", os.environ.get("NEUROGEOM_DATA", "not set")),
        *((name, _version(name)) for name in PACKAGES),
    ]
    width = max(len(name) for name, _ in lines)
    return "\n".join(f"{name:<{width}}  {text}" for name, text in lines)


def _backends() -> list[str]:
    """The kernels that can be used here."""
    from neurogeom import kernels

    return [str(name) for name in getattr(kernels, "BACKENDS", ("reference", "cpu"))]


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"
