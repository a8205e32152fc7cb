"""Macaque IT (Zhang–Desimone): read-out of seven objects has the values that its README lists."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from neurogeom.readout import classify

POSITIONS = ("upper", "middle", "lower")


@pytest.fixture(scope="module")
def spikes(data_dir):
    path = data_dir / "macaque_it_zhang_desimone" / "zhang_desimone_it_10ms.npz"
    if not path.is_file():
        pytest.skip(f"{path.name} is not in NEUROGEOM_DATA")
    return dict(np.load(path))


def population(spikes, start, stop):
    """Counts of all units in a window (ms), repetition k of every unit joined to one presentation."""
    chosen = (spikes["bin_start_ms"] >= start) & (spikes["bin_start_ms"] < stop)
    keep = spikes["repetition"] < 19
    sizes = (len(spikes["object_names"]), len(spikes["position_names"]), 19, len(spikes["neuroid_id"]))
    counts = np.full(sizes, np.nan)
    index = tuple(spikes[key][keep] for key in ("object_index", "position_index", "repetition", "site"))
    counts[index] = spikes["counts"][keep][:, chosen].sum(axis=1)
    axes = np.indices(sizes[:3]).reshape(3, -1)
    return xr.DataArray(
        counts.reshape(-1, sizes[3]),
        dims=("presentation", "neuroid"),
        coords={
            "object_name": ("presentation", spikes["object_names"][axes[0]]),
            "position": ("presentation", spikes["position_names"][axes[1]]),
            "repetition": ("presentation", axes[2]),
        },
    )


@pytest.fixture(scope="module")
def late(spikes):
    return population(spikes, 100, 500)


def test_seven_objects_at_any_position(late):
    fold = late.repetition % 5
    result = classify(late, "object_name", decoder="correlation", splits=fold)
    assert result.accuracy == pytest.approx(0.825, abs=5e-4)
    assert result.chance == pytest.approx(1 / 7)
    assert classify(late, "object_name", decoder="lda", splits=fold).accuracy == pytest.approx(0.895, abs=5e-4)


@pytest.mark.parametrize(("decoder", "same", "other"), [("correlation", 0.845, 0.628), ("lda", 0.897, 0.667)])
def test_tolerance_to_position(late, decoder, same, other):
    found = {True: [], False: []}
    for train in np.unique(late.position):
        for test in np.unique(late.position):
            result = classify(
                late,
                "object_name",
                decoder=decoder,
                splits=late.repetition % 5,
                train={"position": train},
                test={"position": test},
            )
            found[bool(train == test)].append(result.accuracy)
    assert np.mean(found[True]) == pytest.approx(same, abs=5e-4)
    assert np.mean(found[False]) == pytest.approx(other, abs=5e-4)


@pytest.mark.parametrize(
    ("start", "accuracy"),
    [(-200, 0.130), (-100, 0.130), (0, 0.148), (100, 0.689), (200, 0.674), (300, 0.644), (400, 0.564)],
)
def test_objects_are_read_out_from_a_hundred_milliseconds_on(spikes, start, accuracy):
    responses = population(spikes, start, start + 100)
    result = classify(responses, "object_name", decoder="correlation", splits=responses.repetition % 5)
    assert result.accuracy == pytest.approx(accuracy, abs=5e-4)
