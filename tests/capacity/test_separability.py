"""Separability of dichotomies: shortcuts and the road for many points agree with the kernels' proofs."""

from __future__ import annotations

import numpy as np
import pytest

from neurogeom import kernels
from neurogeom.capacity import separability
from neurogeom.capacity.dichotomies import draw
from neurogeom.capacity.solving import Task, solve
from neurogeom.capacity.span import row_space
from tests.capacity.populations import labels, random_clouds, targets


@pytest.fixture(scope="module")
def population():
    points = np.concatenate(random_clouds(0, 8, 6, 10, spread=0.3))
    return points, np.repeat(np.arange(8), 6), draw("random", 8, 40, seed=1)


def test_each_dichotomy_gets_the_answer_of_the_kernels(population):
    points, membership, signs = population
    found = separability.decide(points, membership, signs, row_space(points))
    expected = kernels.separate(points, np.ascontiguousarray(signs[:, membership])).status
    np.testing.assert_array_equal(found, expected)
    assert {0, 1} == set(found)


def test_exchanged_labels_have_the_same_answer(population):
    points, membership, signs = population
    space = row_space(points)
    np.testing.assert_array_equal(
        separability.decide(points, membership, signs, space), separability.decide(points, membership, -signs, space)
    )


def test_road_for_many_points_has_the_same_answers(population, monkeypatch):
    points, membership, signs = population
    expected = separability.decide(points, membership, signs, row_space(points))
    monkeypatch.setattr(separability, "GRAM_LIMIT", 0)
    monkeypatch.setattr(kernels, "separate", None)
    np.testing.assert_array_equal(separability.decide(points, membership, signs, row_space(points)), expected)
    points = np.vstack([points, np.zeros(10)])
    membership = np.append(membership, 7)
    assert not separability.decide(points, membership, signs, row_space(points)).any()


def test_independent_points_separate_for_any_labels_and_nothing_is_solved(monkeypatch):
    monkeypatch.setattr(kernels, "separate", None)
    points = np.random.default_rng(2).normal(size=(9, 12))
    signs = labels(3, 20, 9).astype(np.int8)
    assert separability.decide(points, np.arange(9), signs, row_space(points)).all()


def test_projection_proves_most_separable_dichotomies_and_no_other(population):
    points, membership, signs = population
    labels = np.ascontiguousarray(signs[:, membership])
    gaussian = targets(4, 40, 10)
    solution = kernels.project(points, gaussian, labels)
    signed = solution.multipliers.toarray() * labels
    found = separability.separated(points, labels, gaussian - signed @ points)
    status = kernels.separate(points, labels).status
    assert not found[status == 0].any()
    assert found[status == 1].mean() > 0.9


def test_solve_uses_the_projection_where_points_are_many(population, monkeypatch):
    points, membership, signs = population
    task = Task(points, membership, targets(5, 40, 10), signs)
    expected = solve(task).separability
    monkeypatch.setattr(separability, "GRAM_LIMIT", 0)
    monkeypatch.setattr(kernels, "separate", None)
    np.testing.assert_array_equal(solve(task).separability, expected)
