"""Real data as point clouds; and one BLAS thread, fastest for many small decompositions."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from scipy.io import loadmat
from scipy.spatial.distance import squareform

from neurogeom import Manifolds
from neurogeom._core.parallel import single_threaded_blas


@pytest.fixture(autouse=True, scope="session")
def one_blas_thread() -> Iterator[None]:
    with single_threaded_blas():
        yield


@dataclass(frozen=True)
class InferotemporalCortex:
    """Correlation-distance RDMs of 92 images in macaque and human IT, and what each image shows."""

    rdms: dict[str, np.ndarray]
    categories: dict[str, np.ndarray]

    def manifolds(self, species: str) -> Manifolds:
        """The four categories as clouds: the eigen-factor of 1 − D is the exact geometry of the z-scored patterns."""
        values, vectors = np.linalg.eigh(1.0 - self.rdms[species])
        points = vectors * np.sqrt(values)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return Manifolds({name: points[rows] for name, rows in self.categories.items()})


@pytest.fixture(scope="session")
def cortex(data_dir: Path) -> InferotemporalCortex:
    path = Path(data_dir) / "kriegeskorte2008" / "Kriegeskorte_Neuron2008_supplementalData.mat"
    if not path.exists():
        pytest.skip(f"{path.parent.name} is not in the folder that NEUROGEOM_DATA names")
    stored = loadmat(path, simplify_cells=True)
    names = [str(name) for name in stored["categoryLabels"]]
    membership = np.asarray(stored["categoryVectors"], dtype=bool)
    rdms = dict(
        zip(("macaque", "human"), (squareform(entry["RDM"]) for entry in stored["RDMs_mIT_hIT_fig1"]), strict=True)
    )
    wanted = ("face", "body", "natObj", "artiObj")
    columns = {name: next(i for i, label in enumerate(names) if label.lower() == name.lower()) for name in wanted}
    return InferotemporalCortex(rdms, {name: np.flatnonzero(membership[:, i]) for name, i in columns.items()})
