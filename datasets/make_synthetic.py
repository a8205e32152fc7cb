"""Make a recording with known truth: python datasets/make_synthetic.py --out population.nc [--sessions 2] [--seed 0].

Tuned neuroids with private and shared noise and repeated stimuli, as a Brain-Score netCDF file. The coordinate
``planted_reliability`` of each neuroid is the reliability that an estimator should find. With several sessions groups
of neuroids are recorded one after the other, NaN in between.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
import xarray as xr

from neurogeom import recordings


def population(n_sessions: int, seed: int, **sizes: int) -> xr.DataArray:
    """Responses (presentation, neuroid) of one or several sessions."""
    made = recordings.synthetic_population(seed=seed, **sizes)
    responses = made.responses.assign_coords(planted_reliability=("neuroid", made.reliability.values))
    if n_sessions == 1:
        return responses
    parts = np.array_split(np.arange(responses.sizes["neuroid"]), n_sessions)
    session = np.empty(responses.sizes["neuroid"], dtype=object)
    blocks = []
    for number, members in enumerate(parts):
        session[members] = f"session_{number}"
        alone = np.isin(np.arange(responses.sizes["neuroid"]), members)
        blocks.append(responses.where(xr.DataArray(alone, dims="neuroid")))
    return xr.concat(blocks, dim="presentation").assign_coords(session=("neuroid", session))


def main(arguments: list[str] | None = None) -> int:
    """Make the file and say what is in it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True, help="netCDF file to write")
    parser.add_argument("--sessions", type=int, default=1, help="recorded one after the other")
    parser.add_argument("--seed", type=int, default=0)
    for name, default in (("classes", 8), ("stimuli", 10), ("neuroids", 60), ("repetitions", 10)):
        parser.add_argument(f"--{name}", type=int, default=default)
    given = parser.parse_args(arguments)
    sizes = {f"n_{name}": getattr(given, name) for name in ("classes", "stimuli", "neuroids", "repetitions")}
    if not 1 <= given.sessions <= given.neuroids:
        parser.error(f"--sessions {given.sessions} is not between 1 and the {given.neuroids} neuroids")
    responses = population(given.sessions, given.seed, **sizes)
    recordings.save(given.out, responses)
    print(f"{given.out}: {dict(responses.sizes)}, {given.sessions} session(s), seed {given.seed}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
