"""Projections of features: fold-safe principal components, random matrices that keep distances."""

from __future__ import annotations

import numpy as np
import pytest

from neurogeom.regression import distortion_components, fold_components, gram, project_sparse, sparse_projection


@pytest.mark.parametrize("p", [8, 90])
def test_components_are_those_of_the_training_rows_alone(rng: np.random.Generator, p: int) -> None:
    from sklearn.decomposition import PCA

    x = rng.normal(size=(40, p)) * np.arange(1, p + 1) ** -0.3 + 5.0
    train, test = np.arange(30), np.arange(30, 40)
    found = fold_components(x, (train, test), 6)
    peer = PCA(6, svd_solver="full").fit(x[train]).transform(x)
    np.testing.assert_allclose(np.abs(found), np.abs(peer), atol=1e-9)
    changed = x.copy()
    changed[test] *= -100.0
    np.testing.assert_allclose(fold_components(changed, (train, test), 6)[train], found[train], atol=1e-8)


def test_a_shared_gram_matrix_gives_the_same_components(rng: np.random.Generator) -> None:
    x = rng.normal(size=(30, 20))
    pair = (np.arange(22), np.arange(22, 30))
    np.testing.assert_allclose(fold_components(x, pair, 5, products=gram(x)), fold_components(x, pair, 5), atol=1e-10)


def test_no_more_components_than_rank(rng: np.random.Generator) -> None:
    x = rng.normal(size=(20, 3)) @ rng.normal(size=(3, 50))
    assert fold_components(x, (np.arange(15), np.arange(15, 20)), 10).shape == (20, 3)


def test_sparse_projections_keep_squared_distances(rng: np.random.Generator) -> None:
    x = rng.normal(size=(12, 6000))
    y = project_sparse(x, 3000, seed=1)
    pairs = np.triu_indices(12, 1)
    ratio = np.square(y[pairs[0]] - y[pairs[1]]).sum(axis=1) / np.square(x[pairs[0]] - x[pairs[1]]).sum(axis=1)
    assert abs(ratio.mean() - 1.0) < 0.03
    assert np.abs(ratio - 1.0).max() < 0.15


def test_a_sparse_projection_is_its_matrix_and_repeats_with_the_seed(rng: np.random.Generator) -> None:
    x = rng.normal(size=(5, 5000))
    matrix = sparse_projection(5000, 40, seed=2)
    np.testing.assert_allclose(project_sparse(x, 40, seed=2), x @ matrix.toarray(), atol=1e-10)
    assert matrix.nnz / (5000 * 40) == pytest.approx(5000**-0.5, rel=0.1)
    assert (matrix != sparse_projection(5000, 40, seed=3)).nnz > 0
    values = np.unique(np.abs(matrix.data))
    np.testing.assert_allclose(values, (40 * 5000**-0.5) ** -0.5)


def test_density_and_distortion_out_of_range_are_refused() -> None:
    with pytest.raises(ValueError, match="density"):
        sparse_projection(10, 5, seed=0, density=0.0)
    with pytest.raises(ValueError, match="distortion"):
        distortion_components(100, 1.0)
