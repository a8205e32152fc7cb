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
    """Each kernel with what came of a small problem that it was given here."""
    from neurogeom.kernels.interface import BACKENDS

    return [f"{name} ({_tried(name)})" for name in BACKENDS if name != "auto"]


def _tried(backend: str) -> str:
    """'works', or why not: the point -1 is projected on x >= 0, at a squared distance of 1."""
    import numpy as np

    from neurogeom import kernels

    try:
        solution = kernels.project(np.array([[-1.0]]), np.array([[-1.0]]), backend=backend, n_jobs=1)
    except Exception as error:  # whatever it is, a bug report needs it
        return f"fails: {type(error).__name__}: {error}"
    distance = float(solution.objective[0])
    return "works" if abs(distance - 1.0) < 1e-6 else f"wrong: {distance:g} in place of 1"


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"
