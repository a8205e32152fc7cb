"""Accuracy, confusion, image-level performance, shape bias, categories from ImageNet classes."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from neurogeom.behavior import CATEGORIES, accuracy, choose, image_performance, shape_bias


def answers(image: list[str], category: list[str], response: list[str], **more: object) -> pd.DataFrame:
    return pd.DataFrame({"image": image, "category": category, "response": response, **more})


def random_choices(seed: int, n_per_category: int = 6, n_answers: int = 40) -> pd.DataFrame:
    """Images of three categories; each image has its own difficulty."""
    rng = np.random.default_rng(seed)
    frames = []
    for category in ("cat", "dog", "car"):
        for number in range(n_per_category):
            right = rng.random(n_answers) < 0.4 + 0.09 * number
            others = rng.choice([name for name in ("cat", "dog", "car") if name != category], n_answers)
            frames.append(
                pd.DataFrame(
                    {
                        "image": f"{category}{number}",
                        "category": category,
                        "response": np.where(right, category, others),
                    }
                )
            )
    return pd.concat(frames, ignore_index=True)


def test_accuracy_is_pooled_in_a_data_set_and_averaged_over_data_sets() -> None:
    table = pd.concat(
        [
            answers(["a", "b", "c", "d"], ["cat"] * 4, ["cat", "cat", "dog", "na"], dataset="edge"),
            answers(["a"], ["cat"], ["cat"], dataset="sketch"),
        ]
    )
    found = accuracy(table, n_resamples=50, seed=0)
    assert found.accuracy == pytest.approx((0.5 + 1.0) / 2)
    assert found.confusion.sum() == 5
    assert found.confusion.sel(category="cat", response="na") == 1
    assert found.accuracy_ci[0] <= found.accuracy <= found.accuracy_ci[1]


def test_i1_is_the_difference_of_normal_quantiles() -> None:
    table = random_choices(0)
    found = image_performance(table, normalized=False)
    mine = table[table.image == "dog2"]
    hit = (mine.response == "dog").mean()
    alarm = (table[table.category != "dog"].response == "dog").mean()
    assert found.sel(image="dog2") == pytest.approx(norm.ppf(hit) - norm.ppf(alarm), abs=1e-10)


def test_i2_is_among_the_answers_that_name_target_or_distractor() -> None:
    table = random_choices(1)
    found = image_performance(table, "i2", normalized=False)
    mine = table[(table.image == "dog2") & table.response.isin(["dog", "car"])]
    hit = (mine.response == "dog").mean()
    rates = [
        (part.response == "dog").mean()
        for _, part in table[(table.category == "car") & table.response.isin(["dog", "car"])].groupby("image")
    ]
    expected = norm.ppf(hit) - norm.ppf(np.mean(rates))
    assert found.sel(image="dog2", distractor="car") == pytest.approx(expected, abs=1e-10)
    assert np.isnan(found.sel(image="dog2", distractor="dog"))


@pytest.mark.parametrize("kind", ["i1", "i2"])
def test_normalized_performance_has_no_mean_in_any_category(kind: str) -> None:
    found = image_performance(random_choices(2), kind)
    means = found.groupby("category").mean()
    np.testing.assert_allclose(means.values[np.isfinite(means.values)], 0.0, atol=1e-12)


def test_two_groups_of_observers_agree_on_which_images_are_hard() -> None:
    a, b = (image_performance(random_choices(seed, n_answers=200)) for seed in (3, 4))
    assert np.corrcoef(a, b)[0, 1] > 0.95


def test_perfect_answers_stay_finite_and_one_category_is_refused() -> None:
    table = answers(["x", "y"], ["cat", "dog"], ["cat", "dog"])
    assert image_performance(table, normalized=False).values.tolist() == [5.0, 5.0]
    with pytest.raises(ValueError, match="at least two"):
        image_performance(answers(["x"], ["cat"], ["cat"]))


def test_shape_bias_counts_only_answers_that_name_a_cue() -> None:
    table = answers(
        ["cat1-dog2.png", "cat2-car1.png", "dog1-cat3.png", "dog2-car3.png", "cat1-cat2.png", "bear1-bird1.png"],
        ["cat", "cat", "dog", "dog", "cat", "bear"],
        ["cat", "car", "dog", "na", "cat", "truck"],
        dataset="cue-conflict",
    )
    found = shape_bias(table, n_resamples=0)
    assert found.shape_bias == pytest.approx(2 / 3)
    assert (found.fraction_shape, found.fraction_texture) == (pytest.approx(2 / 5), pytest.approx(1 / 5))
    assert found.diagnostics["n_trials_without_conflict"] == 1
    assert found.category_shape_bias.sel(category="cat") == 0.5


def test_shape_bias_refuses_what_has_no_cues() -> None:
    with pytest.raises(ValueError, match="does not name a shape and a texture"):
        shape_bias(answers(["cat1.png"], ["cat"], ["cat"], dataset="cue-conflict"))
    with pytest.raises(ValueError, match="no data set 'cue-conflict'"):
        shape_bias(answers(["cat1-dog1.png"], ["cat"], ["cat"], dataset="edge"))
    with pytest.raises(ValueError, match="no conflict"):
        shape_bias(answers(["cat1-cat2.png"], ["cat"], ["cat"], dataset="cue-conflict"))
    with pytest.raises(ValueError, match="no answer names"):
        shape_bias(answers(["cat1-dog2.png"], ["cat"], ["na"], dataset="cue-conflict"))


def test_categories_are_chosen_by_the_mean_probability_of_their_classes() -> None:
    """A category of many classes has the larger sum and yet loses by its mean."""
    classes = {name: [number] for number, name in enumerate(CATEGORIES)}
    classes["dog"] = list(range(20, 120))
    probabilities = np.zeros((1, 120))
    probabilities[0, 20:] = 0.006
    probabilities[0, classes["cat"][0]] = 0.4
    assert choose(probabilities, classes).tolist() == ["cat"]
    with pytest.raises(ValueError, match="'dog'"):
        choose(probabilities, {name: columns for name, columns in classes.items() if name != "dog"})
    with pytest.raises(ValueError, match="outside 0 … 119"):
        choose(probabilities, {**classes, "dog": [120]})
