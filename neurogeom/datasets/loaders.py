"""Readers of the data sets that have a card."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from neurogeom import recordings
from neurogeom._core.validation import check_option
from neurogeom.datasets import macaque
from neurogeom.datasets.catalog import Card, card
from neurogeom.datasets.files import find_file, find_user_file

Reader = Callable[[Card, str, bool], xr.DataArray]

CATEGORIES = ("face", "body", "natObj", "artiObj")  # of the twelve in the file, the four that partition the images


def load(name: str, *, part: str | None = None, download: bool = True) -> xr.DataArray:
    """A data set as responses (presentation × neuroid), or a part of it.

    Files are looked for in ``NEUROGEOM_DATA``, then in the user's cache folder, and otherwise fetched from the card's
    address; their checksum is always verified.

    Parameters
    ----------
    name : str
        ``"digits"``, ``"kriegeskorte2008"``, …; all names are in ``datasets.cards()``.
    part : str, optional
        Which part of the data set, by default the first of ``datasets.card(name).parts``.
    download : bool
        Whether files that are missing may be fetched.

    Returns
    -------
    DataArray
        With the data set's title, license and citation in ``attrs``.

    Raises
    ------
    ValueError
        Unknown name or part, a file that is not the one on the card, or a data set without responses.
    FileNotFoundError
        Files that are missing; the message says how to get them.

    Examples
    --------
    >>> load("digits").sizes["presentation"]
    1797
    """
    wanted = card(name)
    parts = tuple(wanted.parts)
    chosen = parts[0] if part is None else check_option("part", part, parts)
    if wanted.reader is None:
        raise ValueError(
            f"{name!r} holds no responses ({wanted.kind}: {wanted.parts[chosen]}). Its files: datasets.fetch({name!r})."
        )
    found = READERS[wanted.reader](wanted, chosen, download)
    about = {"title": wanted.title, "license": wanted.license, "citation": wanted.citation, "dataset": name}
    return found.assign_attrs(about | {"part": chosen})


def _digits(card: Card, part: str, download: bool) -> xr.DataArray:
    from sklearn.datasets import load_digits

    digits = load_digits()
    rows, columns = np.divmod(np.arange(64), 8)
    coords = {
        "digit": ("presentation", digits.target.astype(np.int64)),
        "stimulus_id": ("presentation", _names("digit", len(digits.target))),
        "neuroid_id": ("neuroid", _names("pixel", 64)),
        "y": ("neuroid", rows),
        "x": ("neuroid", columns),
    }
    return xr.DataArray(digits.data / 16.0, dims=("presentation", "neuroid"), coords=coords, name="pixels")


def _kriegeskorte2008(card: Card, part: str, download: bool) -> xr.DataArray:
    if part == "people":
        return _people(find_file(card, "92_brainRDMs.mat", download=download))
    path = find_file(card, "Kriegeskorte_Neuron2008_supplementalData.mat", download=download)
    content = _read_mat(path, "stimuli_92objs", "categoryLabels", "categoryVectors", "RDMs_mIT_hIT_fig1")
    presentation = _stimuli(content)
    if part == "images":
        images = np.stack([stimulus["image"] for stimulus in content["stimuli_92objs"]]) / 255.0
        dims = ("presentation", "y", "x", "channel")
        return xr.DataArray(images, dims=dims, coords={**presentation, "channel": list("rgb")}, name="images")
    entry = content["RDMs_mIT_hIT_fig1"][0 if part == "macaque_it" else 1]
    geometry = correlation_factor(squareform(entry["RDM"]), str(entry["name"]))
    neuroid = {"neuroid_id": ("neuroid", _names("component", geometry.shape[1]))}
    attrs = {"source_name": str(entry["name"]), "geometry": "eigen-factor of 1 - D: exact up to rotation"}
    return xr.DataArray(
        geometry, dims=("presentation", "neuroid"), coords={**presentation, **neuroid}, name=part, attrs=attrs
    )


def correlation_factor(dissimilarity: np.ndarray, name: str = "dissimilarity") -> np.ndarray:
    """Points X with X Xᵀ = 1 − D, in the order of falling variance; unique up to rotation.

    Raises ValueError where 1 − D is not positive semidefinite, since no response patterns have that geometry.
    """
    correlation = 1.0 - dissimilarity
    values, vectors = np.linalg.eigh(correlation)
    if values[0] < -1e-8 * values[-1]:
        raise ValueError(
            f"{name}: 1 - D has a negative eigenvalue ({values[0]:.3g}), so it is not the correlation matrix of any "
            "response patterns."
        )
    values, vectors = values[::-1].clip(0), vectors[:, ::-1]
    vectors = vectors * np.sign(vectors[np.abs(vectors).argmax(axis=0), np.arange(len(values))])
    return vectors * np.sqrt(values)


def squareform(condensed: np.ndarray) -> np.ndarray:
    """Symmetric matrix with zero diagonal from its upper triangle, row by row."""
    n = int((1 + np.sqrt(1 + 8 * len(condensed))) / 2)
    matrix = np.zeros((n, n))
    matrix[np.triu_indices(n, 1)] = condensed
    return matrix + matrix.T


def _stimuli(content: dict[str, Any]) -> dict[str, Any]:
    """Coordinates of the 92 images: identity, the four-way category, and the file's own words."""
    labels, members = [str(label) for label in content["categoryLabels"]], content["categoryVectors"].astype(bool)
    columns = members[:, [labels.index(key) for key in CATEGORIES]]
    words = [str(stimulus["category"]) for stimulus in content["stimuli_92objs"]]
    return {
        "stimulus_id": ("presentation", _names("image", len(members))),
        "category": ("presentation", np.array(CATEGORIES, dtype=object)[columns.argmax(axis=1)]),
        "animate": ("presentation", members[:, labels.index("animate")]),
        "human": ("presentation", members[:, labels.index("human")]),
        "object_name": ("presentation", np.array(words, dtype=object)),
    }


def _people(path: Path) -> xr.DataArray:
    """Dissimilarities of each person and session; an array of structs that only the plain reader keeps in shape."""
    from scipy.io import loadmat

    entries = loadmat(path, variable_names=["RDMs"])["RDMs"].squeeze()
    matrices = np.array([[np.asarray(entry["RDM"]) for entry in sessions] for sessions in entries])
    first, second = np.triu_indices(matrices.shape[-1], 1)
    coords = {"first": ("pair", first), "second": ("pair", second)}
    pairs = matrices[..., first, second]
    return xr.DataArray(pairs, dims=("person", "session", "pair"), coords=coords, name="dissimilarity")


def _read_mat(path: Path, *variables: str) -> dict[str, Any]:
    from scipy.io import loadmat

    return loadmat(path, simplify_cells=True, variable_names=list(variables))


def _names(stem: str, count: int) -> np.ndarray:
    width = len(str(count - 1))
    return np.array([f"{stem}_{i:0{width}d}" for i in range(count)], dtype=object)


def _user_file(card: Card, part: str, download: bool) -> xr.DataArray:
    return recordings.load(find_user_file(card))


def _one_file(card: Card, part: str, download: bool) -> xr.DataArray:
    """A part is the file of that name."""
    file = next(one for one in card.files if Path(one.name).stem == part)
    return recordings.load(find_file(card, file.name, download=download))


READERS: dict[str, Reader] = {
    "digits": _digits,
    "kriegeskorte2008": _kriegeskorte2008,
    "macaque_it_zhang_desimone": macaque.zhang_desimone,
    "macaque_v4_cowley2023": macaque.cowley,
    "one_file": _one_file,
    "user_file": _user_file,
}
