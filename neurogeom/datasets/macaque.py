"""Readers of the macaque recordings that have a card."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

from neurogeom.datasets.catalog import Card
from neurogeom.datasets.files import find_file
from neurogeom.recordings import drop_incomplete, load
from neurogeom.recordings.pseudo import PARTLY

N_COMPLETE = 19  # repetitions that every unit has of every condition
LATE = (100, 500)  # ms after onset, the window of the published analyses


def zhang_desimone(card: Card, part: str, download: bool) -> xr.DataArray:
    """Macaque IT: pseudo-trials with all bins, or single trials of a late window."""
    with np.load(find_file(card, card.files[0].name, download=download), allow_pickle=False) as archive:
        stored = {key: archive[key] for key in archive.files}
    return _pseudo_trials(stored) if part == "pseudo_trials" else _single_trials(stored)


def cowley(card: Card, part: str, download: bool) -> xr.DataArray:
    """Macaque V4: single repeats with their objects, Gabor energy, or averages of other sessions."""
    if part.startswith("averaged"):
        session = part.removeprefix("averaged_")
        path = find_file(card, f"responses_averaged_{session}.npy", download=download)
        neuroid = {"session": session, "region": "V4", "subject": "RA" if session == "210621" else "PE"}
        return _with_constants(load(path, dims=("neuroid", "stimulus")), neuroid)
    import pandas as pd

    stimuli = pd.read_csv(find_file(card, "stimuli_210325.csv", download=download))
    labels = {key: np.asarray(stimuli[key], dtype=object) for key in ("stimulus_id", "object_name")}
    if part == "gabor_energy":
        return _gabor(find_file(card, "gabor_features_210325.npz", download=download), labels)
    path = find_file(card, "responses_210325.npy", download=download)
    trials = load(path, dims=("neuroid", "stimulus", "repetition"))
    index = np.array([int(name.rsplit("_", 1)[1]) for name in trials["stimulus_id"].values])
    trials = trials.assign_coords({key: ("presentation", value[index]) for key, value in labels.items()})
    complete = drop_incomplete(trials, "presentation")
    return _with_constants(complete, {"session": "210325", "region": "V4", "subject": "PE"})


def _pseudo_trials(stored: dict[str, np.ndarray]) -> xr.DataArray:
    """Repetition k of every unit as one presentation: condition after condition, no NaN."""
    keep = stored["repetition"] < N_COMPLETE
    sizes = (len(stored["object_names"]), len(stored["position_names"]), N_COMPLETE, len(stored["neuroid_id"]))
    counts = np.zeros((*sizes, stored["counts"].shape[1]), dtype=stored["counts"].dtype)
    place = tuple(stored[key][keep] for key in ("object_index", "position_index", "repetition", "site"))
    counts[place] = stored["counts"][keep]
    objects, positions, repetition = np.indices(sizes[:3]).reshape(3, -1)
    start = stored["bin_start_ms"]
    coords = {
        **_conditions(stored, objects, positions),
        "repetition": ("presentation", repetition),
        **_units(stored),
        "time_bin_start": ("time_bin", start),
        "time_bin_end": ("time_bin", start + np.diff(start)[0]),
    }
    values = counts.reshape(-1, *counts.shape[3:])
    dims = ("presentation", "neuroid", "time_bin")
    return xr.DataArray(values, dims=dims, coords=coords, attrs={"noise_correlations": PARTLY}, name="responses")


def _single_trials(stored: dict[str, np.ndarray]) -> xr.DataArray:
    """Counts of a late window, a row for each trial of each session; NaN where a unit was not recorded."""
    start = stored["bin_start_ms"]
    late = stored["counts"][:, (start >= LATE[0]) & (start < LATE[1])].sum(axis=1)
    session = stored["session"][stored["site"]]
    shown, row = np.unique(np.stack([session, stored["trial"]], axis=1), axis=0, return_inverse=True)
    row = row.ravel()
    first = np.unique(row, return_index=True)[1]
    values = np.full((len(shown), len(stored["neuroid_id"])), np.nan)
    values[row, stored["site"]] = late
    coords = {
        **_conditions(stored, stored["object_index"][first], stored["position_index"][first]),
        "repetition": ("presentation", stored["repetition"][first].astype(np.int64)),
        "trial": ("presentation", shown[:, 1]),
        "presentation_session": ("presentation", shown[:, 0]),
        **_units(stored),
    }
    attrs = {"noise_correlations": PARTLY, "window_start": LATE[0], "window_stop": LATE[1]}
    return xr.DataArray(values, dims=("presentation", "neuroid"), coords=coords, attrs=attrs, name="responses")


def _conditions(stored: dict[str, np.ndarray], objects: np.ndarray, positions: np.ndarray) -> dict[str, Any]:
    names = stored["object_names"].astype(object)[objects]
    places = stored["position_names"].astype(object)[positions]
    return {
        "object_name": ("presentation", names),
        "position": ("presentation", places),
        "stimulus_id": ("presentation", names + "_" + places),
    }


def _units(stored: dict[str, np.ndarray]) -> dict[str, Any]:
    units = {key: ("neuroid", stored[key].astype(object)) for key in ("neuroid_id", "unit")}
    units |= {key: ("neuroid", stored[key].astype(np.int64)) for key in ("session", "channel")}
    return units | {"region": ("neuroid", np.full(len(stored["neuroid_id"]), "IT", dtype=object))}


def _gabor(path: Any, labels: dict[str, np.ndarray]) -> xr.DataArray:
    with np.load(path, allow_pickle=False) as archive:
        energy = archive["log_energy"].astype(np.float32)
        wavelength, orientation = archive["wavelength_px"], archive["orientation_deg"]
    scale, angle, y, x = np.indices(energy.shape[1:]).reshape(4, -1)
    coords = {key: ("presentation", value) for key, value in labels.items()}
    coords |= {
        "neuroid_id": ("neuroid", np.array([f"gabor_{i:04d}" for i in range(len(y))], dtype=object)),
        "wavelength_px": ("neuroid", wavelength[scale]),
        "orientation_deg": ("neuroid", orientation[angle]),
        "y": ("neuroid", y),
        "x": ("neuroid", x),
    }
    flat = energy.reshape(len(energy), -1)
    return xr.DataArray(flat, dims=("presentation", "neuroid"), coords=coords, name="features")


def _with_constants(responses: xr.DataArray, values: dict[str, str]) -> xr.DataArray:
    """Neuroid names, and coordinates that are the same for all of them."""
    n = responses.sizes["neuroid"]
    names = np.array([f"{values['session']}_{i:02d}" for i in range(n)], dtype=object)
    coords: dict[str, Any] = {key: ("neuroid", np.full(n, value, dtype=object)) for key, value in values.items()}
    return responses.assign_coords(coords | {"neuroid_id": ("neuroid", names)})
