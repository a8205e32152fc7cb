"""Macaque IT (Zhang–Desimone) over time, through the time bins of the data set itself."""

from __future__ import annotations

import numpy as np
import pytest

from neurogeom import datasets
from neurogeom.readout import classify

POSITIONS = ("upper", "middle", "lower")


@pytest.fixture(scope="module")
def responses(data_dir):
    if not (data_dir / "macaque_it_zhang_desimone").is_dir():
        pytest.skip("macaque_it_zhang_desimone is not in NEUROGEOM_DATA")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NEUROGEOM_DATA", str(data_dir))
        return datasets.load("macaque_it_zhang_desimone", download=False)


def test_objects_are_read_out_from_a_hundred_milliseconds_on(responses) -> None:
    later = responses.isel(time_bin=responses.time_bin_start.values >= -200)
    found = classify(later, "object_name", decoder="correlation", splits=later.repetition % 5, window=100)
    assert found.window_start.values.tolist() == [-200, -100, 0, 100, 200, 300, 400]
    expected = [0.130, 0.130, 0.148, 0.689, 0.674, 0.644, 0.564]
    np.testing.assert_allclose(found.accuracy, expected, atol=5e-4)
    low = found.accuracy_ci.sel(bound="low").values
    assert (low[:3] < 1 / 7).all()
    assert (low[3:] > 0.5).all()


def test_a_read_out_of_one_position_serves_the_others_from_the_same_window_on(responses) -> None:
    later = responses.isel(time_bin=responses.time_bin_start.values >= 0)
    found = {True: [], False: []}
    for train in POSITIONS:
        for test in POSITIONS:
            options = {"train": {"position": train}, "test": {"position": test}, "splits": later.repetition % 5}
            result = classify(later, "object_name", decoder="correlation", window=100, **options)
            found[train == test].append(result.accuracy.values)
    same, other = (np.mean(found[key], axis=0) for key in (True, False))
    assert (same[1:] > other[1:]).all()
    assert (other[1:] > 2 / 7).all()
    assert max(same[0], other[0]) < 0.2
