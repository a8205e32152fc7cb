"""Settings of others, by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from neurogeom._core.validation import check_option

_COMMON: dict[str, Any] = {
    "method": "pls",
    "n_components": 25,
    "n_splits": 10,
    "train_size": 0.9,
    "ceiling": "split_half",
    "n_ceiling_splits": 10,
    "aggregate": "ratio_of_medians",
    "seed": 1,
}

PRESETS: dict[str, dict[str, Any]] = {
    "brainscore_2018": {**_COMMON, "normalization": "squared_ratio"},
    "brainscore_2025": {**_COMMON, "normalization": "explained"},
}

REFERENCES = {
    "brainscore_2018": "Schrimpf et al. 2018, bioRxiv 407007 (Brain-Score).",
    "brainscore_2025": "Schrimpf et al. 2020, Neuron 108:413; brain-score/vision 2.3 (Brain-Score).",
}


def apply(preset: str | None, given: Mapping[str, Any], defaults: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments with those of a preset filled in.

    Parameters
    ----------
    preset : {"brainscore_2018", "brainscore_2025"} or None
        25 PLS components, 10 random 90 % splits with random state 1 (stratified where ``stratify`` is given),
        split-half ceiling over 10 splits, and (r/c)² or r²/c of the medians.
    given, defaults : dict
        Arguments as given, and what they are by default.

    Returns
    -------
    dict

    Raises
    ------
    ValueError
        Where an argument was given that the preset sets otherwise.

    Examples
    --------
    >>> apply("brainscore_2025", {"seed": None, "stratify": None}, {"seed": None})["seed"]
    1
    """
    arguments = dict(given)
    if preset is None:
        return arguments
    check_option("preset", preset, tuple(PRESETS))
    values = dict(PRESETS[preset], splits="shuffle" if given.get("stratify") is None else "stratified")
    for name, value in values.items():
        if name in given and given[name] != defaults.get(name) and given[name] != value:
            raise ValueError(
                f"preset={preset!r} sets {name}={value!r}, and {name}={given[name]!r} is given too. Leave one out."
            )
        arguments[name] = value
    return arguments
