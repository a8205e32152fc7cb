"""Models against people: rules of the 17 data sets, signs kept, ranks, and figures."""

from __future__ import annotations

from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
import xarray as xr

from neurogeom import results
from neurogeom.behavior import accuracy, benchmark, error_consistency, shape_bias


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def observers(names: str, follow: float, seed: int, accuracy: float = 0.6) -> pd.DataFrame:
    """Subjects who find the same images hard with probability `follow`, on two data sets."""
    frames = []
    for number, (dataset, condition) in enumerate((("sketch", "0"), ("contrast", "c05"), ("contrast", "c100"))):
        hardness = np.random.default_rng(number).random(120)
        rng = np.random.default_rng([seed, number])
        for name in names:
            right = np.where(rng.random(120) < abs(follow), hardness if follow > 0 else 1 - hardness, rng.random(120))
            frames.append(
                pd.DataFrame(
                    {
                        "dataset": dataset,
                        "condition": condition,
                        "subject": name,
                        "image": [f"im{image}" for image in range(120)],
                        "category": "cat",
                        "response": np.where(right < accuracy, "cat", "dog"),
                    }
                )
            )
    return pd.concat(frames, ignore_index=True)


@pytest.fixture(scope="module")
def people() -> pd.DataFrame:
    return observers("abc", 0.8, 1)


def test_models_are_ranked_by_how_they_err(people: pd.DataFrame) -> None:
    models = {
        "like people": observers("m", 0.8, 2),
        "by chance": observers("m", 0.0, 3),
        "against people": observers("m", -0.8, 4),
    }
    found = benchmark(models, people, n_resamples=50, seed=0)
    like, chance, against = found.error_consistency.values
    assert like > 0.5
    assert abs(chance) < 0.15
    assert against < -0.3  # not turned into credit
    assert found.mean_rank.values.argmin() == 0
    assert found.human_error_consistency == pytest.approx(0.64, abs=0.1)
    assert found.data["dataset"].values.tolist() == ["contrast", "sketch"]
    low, high = found.human_error_consistency_ci.values
    assert low < found.human_error_consistency < high


def test_each_number_is_that_of_its_own_function(people: pd.DataFrame) -> None:
    model = observers("m", 0.5, 5)
    found = benchmark(model, people, n_resamples=20, seed=3)
    alone = error_consistency(model, people, n_resamples=20, seed=3)
    assert found.error_consistency.item() == alone.error_consistency
    assert found.observed_consistency.item() == alone.observed
    assert found.accuracy.item() == accuracy(model, n_resamples=0).accuracy
    between = error_consistency(people, people, n_resamples=20, seed=3)
    assert found.human_error_consistency == between.error_consistency
    np.testing.assert_array_equal(found.error_consistency_ci[0], alone.error_consistency_ci)


def test_undistorted_conditions_do_not_count(people: pd.DataFrame) -> None:
    model = observers("m", 0.5, 6)
    spoiled = model.copy()
    spoiled.loc[spoiled["condition"] == "c100", "response"] = "na"
    first, second = (benchmark(one, people, n_resamples=0, seed=0) for one in (model, spoiled))
    xr.testing.assert_identical(first.data, second.data)


def test_data_sets_must_be_known_and_shared(people: pd.DataFrame) -> None:
    with pytest.raises(ValueError, match="none of the 17: 'sketches'"):
        benchmark(people.assign(dataset="sketches"), people)
    with pytest.raises(ValueError, match="no data set in common"):
        benchmark(people.assign(dataset="edge"), people)
    with pytest.raises(ValueError, match="empty dict"):
        benchmark({}, people)


def test_a_result_survives_its_file(people: pd.DataFrame, tmp_path: Path) -> None:
    found = benchmark(observers("m", 0.5, 7), people, n_resamples=20, seed=0)
    xr.testing.assert_identical(results.load(found.save(tmp_path / "benchmark.nc")).data, found.data)


def test_figures_show_bounds_chance_and_people(people: pd.DataFrame) -> None:
    models = {"one": observers("m", 0.7, 8), "two": observers("m", 0.1, 9)}
    ax = benchmark(models, people, n_resamples=20, seed=0).plot()
    assert [label.get_text() for label in ax.get_yticklabels()] == ["one", "two"]
    assert {text.get_text() for text in ax.get_legend().get_texts()} == {"between people", "chance"}
    plt.close("all")
    between = error_consistency(people, people, n_resamples=20, seed=0)
    ax = between.plot()
    assert len(ax.lines) >= 2
    assert accuracy(people, n_resamples=0).plot().get_xlabel() == "answer"
    cues = pd.DataFrame(
        {
            "image": ["cat1-dog2.png", "dog1-cat3.png"],
            "category": ["cat", "dog"],
            "response": "cat",
            "dataset": "cue-conflict",
        }
    )
    assert shape_bias(cues, n_resamples=20, seed=0).plot().get_xlim()[1] > 1
