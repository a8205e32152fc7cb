"""Finding the files of a data set: NEUROGEOM_DATA, the user's cache folder, or the card's address."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from neurogeom._core.folders import cache_folder
from neurogeom.datasets.catalog import Card, CardFile, card

VARIABLE = "NEUROGEOM_DATA"
USER_SUFFIXES = (".nc", ".zarr", ".npz", ".h5", ".hdf5", ".mat", ".nwb", ".csv")


def fetch(name: str) -> list[Path]:
    """Download the files of a data set into the cache folder, checked by their SHA-256; present ones are kept.

    Parameters
    ----------
    name : str
        Of a card.

    Returns
    -------
    list of Path

    Raises
    ------
    ValueError
        For an unknown name.
    FileNotFoundError
        Where the card has no address or the download fails; the message says how to get the file.

    Examples
    --------
    >>> fetch("digits")  # comes with scikit-learn
    []
    """
    wanted = card(name)
    return [find_file(wanted, file.name, download=True) for file in wanted.files]


def find_user_file(card: Card) -> Path:
    """The one recording that a person put into the folder of a data set without a fixed file."""
    folders = search_folders(card.name)
    folders = [folder for folder in folders if folder.name == card.name and folder.is_dir()]
    found = [path for folder in folders for path in sorted(folder.iterdir()) if path.suffix.lower() in USER_SUFFIXES]
    if len(found) == 1:
        return found[0]
    if found:
        raise ValueError(
            f"{card.name!r} has several files: {', '.join(str(path) for path in found[:5])}. "
            "Read the one you mean with recordings.load(path)."
        )
    raise FileNotFoundError(
        f"{card.name!r} is not on this machine. Get it from {card.source}, and put the file into "
        f"{' or '.join(str(folder) for folder in search_folders(card.name) if folder.name == card.name)}"
        f"{'' if os.environ.get(VARIABLE) else f' (or set {VARIABLE})'}; or read it with recordings.load(path)."
    )


def find_file(card: Card, name: str, *, download: bool = False) -> Path:
    """Path of one file of a data set, its checksum verified."""
    file = next(file for file in card.files if file.name == name)
    for folder in search_folders(card.name):
        path = folder / file.name
        if path.is_file():
            _check_content(path, file)
            return path
    if download and file.url:
        return _download(card, file)
    raise FileNotFoundError(_how_to_get(card, file))


def search_folders(name: str) -> list[Path]:
    """Folders that may hold the files of a data set, best first."""
    folders = []
    given = os.environ.get(VARIABLE)
    if given:
        folders += [Path(given).expanduser() / name, Path(given).expanduser()]
    return [*folders, cache_folder() / "datasets" / name]


def _check_content(path: Path, file: CardFile) -> None:
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(1 << 20):
            digest.update(block)
    if digest.hexdigest() != file.sha256:
        raise ValueError(
            f"{path} is not the file that its card describes: it has {path.stat().st_size} bytes and SHA-256 "
            f"{digest.hexdigest()[:12]}…, needed are {file.bytes} bytes and {file.sha256[:12]}…. Delete it and get it "
            "again."
        )


def _download(card: Card, file: CardFile) -> Path:
    """The file from the card's address; a partial or altered download never gets the file's name."""
    import pooch

    folder = cache_folder() / "datasets" / card.name
    try:
        return Path(pooch.retrieve(file.url, known_hash=f"sha256:{file.sha256}", fname=file.name, path=folder))
    except Exception as error:  # pooch passes on whatever its downloaders raise
        raise FileNotFoundError(f"{_how_to_get(card, file)} The download failed: {error}") from error


def _how_to_get(card: Card, file: CardFile) -> str:
    address = file.url or card.source
    folders = ", or ".join(str(folder) for folder in search_folders(card.name))
    variable = "" if os.environ.get(VARIABLE) else f" (or set {VARIABLE} to a folder that holds {card.name}/)"
    return (
        f"{file.name} of {card.name!r} ({file.bytes / 1e6:.1f} MB, {card.license}) is not on this machine. "
        f"Get it from {address} and put it in {folders}{variable}."
    )
