"""Fewer features without a look at test rows: principal components of training rows, sparse random projections."""

from __future__ import annotations

import math

import numpy as np
import scipy.linalg
import scipy.sparse

from neurogeom._core.random import generator
from neurogeom._core.validation import check_count, check_real
from neurogeom.regression.folds import Fold, Gram, gram

_BLOCK = 4096


def sparse_projection(
    n_features: int, n_components: int, *, seed: int, density: float | None = None
) -> scipy.sparse.csr_array:
    """Return a sparse random matrix that keeps distances; it depends on no data.

    Parameters
    ----------
    n_features, n_components : int
    seed : int
    density : float in (0, 1], optional
        Share of entries that are not zero; 1/√n_features by default.

    Returns
    -------
    scipy.sparse.csr_array, shape (n_features, n_components)
        Entries ±1/√(density · n_components), so that squared distances are kept in the mean.

    Raises
    ------
    ValueError
        For a density out of range.

    References
    ----------
    Li, Hastie & Church 2006, KDD; Achlioptas 2003, J. Comput. Syst. Sci. 66:671.

    Examples
    --------
    >>> sparse_projection(1000, 50, seed=0).shape
    (1000, 50)
    """
    n_features, n_components = check_count("n_features", n_features), check_count("n_components", n_components)
    share = 1.0 / math.sqrt(n_features) if density is None else check_real("density", density, minimum=0.0, maximum=1.0)
    if share == 0.0:
        raise ValueError("density=0 keeps no feature; a number above 0 is needed.")
    size = 1.0 / math.sqrt(share * n_components)
    blocks = []
    for number, start in enumerate(range(0, n_features, _BLOCK)):
        rng = generator(seed, 11, number)  # one generator per block: the same matrix however many features follow
        n_rows = min(_BLOCK, n_features - start)
        counts = rng.binomial(n_components, share, size=n_rows)
        columns = [rng.choice(n_components, size=count, replace=False) for count in counts]
        signs = rng.integers(0, 2, size=int(counts.sum())) * 2.0 - 1.0
        pointers = np.concatenate([[0], np.cumsum(counts)])
        indices = np.concatenate(columns) if counts.sum() else np.empty(0, dtype=int)
        blocks.append(scipy.sparse.csr_array((signs * size, indices, pointers), shape=(n_rows, n_components)))
    return scipy.sparse.csr_array(scipy.sparse.vstack(blocks, format="csr"))


def project_sparse(features: np.ndarray, n_components: int, *, seed: int, density: float | None = None) -> np.ndarray:
    """Return features projected on a sparse random matrix, shape (n, n_components).

    Parameters
    ----------
    features : ndarray, shape (n, p)
    n_components, seed, density
        As in :func:`sparse_projection`.

    Returns
    -------
    ndarray

    Examples
    --------
    >>> project_sparse(np.ones((3, 200)), 20, seed=0).shape
    (3, 20)
    """
    matrix = sparse_projection(features.shape[1], n_components, seed=seed, density=density)
    total = np.zeros((len(features), n_components))
    for start in range(0, features.shape[1], _BLOCK):
        part = matrix[start : start + _BLOCK]
        total += (part.T @ np.asarray(features[:, start : start + _BLOCK], dtype=np.float64).T).T
    return total


def distortion_components(n_rows: int, distortion: float = 0.1) -> int:
    """Return the number of components that keep all pairwise squared distances within a share, with high probability.

    Parameters
    ----------
    n_rows : int
    distortion : float in (0, 1)

    Returns
    -------
    int
        4 ln n / (ε²/2 − ε³/3).

    Raises
    ------
    ValueError
        For fewer than two rows, or a distortion out of range.

    References
    ----------
    Dasgupta & Gupta 2003, Random Struct. Algor. 22:60, theorem 2.1.

    Examples
    --------
    >>> distortion_components(315, 0.1)
    4931
    """
    n_rows = check_count("n_rows", n_rows, minimum=2)
    share = check_real("distortion", distortion, minimum=0.0, maximum=1.0, strict=True)
    return int(math.ceil(4.0 * math.log(n_rows) / (share**2 / 2.0 - share**3 / 3.0)))


def fold_components(features: np.ndarray, pair: Fold, n_components: int, *, products: Gram | None = None) -> np.ndarray:
    """Return scores on the principal components of the training rows, for all rows.

    Parameters
    ----------
    features : ndarray, shape (n, p)
    pair : (train, test)
        Only training rows set the mean and the components.
    n_components : int
        At most the rank of the training rows is kept.
    products : Gram, optional
        The Gram matrix of `features`, which serves all folds.

    Returns
    -------
    ndarray, shape (n, k)
        Signs are such that the largest training score of each component is positive.

    Examples
    --------
    >>> x = np.array([[0.0, 0.0], [2.0, 0.0], [9.0, 5.0]])
    >>> np.abs(fold_components(x, (np.array([0, 1]), np.array([2])), 1)).ravel().tolist()
    [1.0, 1.0, 8.0]
    """
    train = pair[0]
    if products is None and features.shape[1] <= len(train):
        mean = features[train].mean(axis=0)
        _, singular, axes = scipy.linalg.svd(features[train] - mean, full_matrices=False)
        kept = _kept(singular**2, n_components)
        return _signed((features - mean) @ axes[:kept].T, train)
    kernel = (gram(features) if products is None else products).matrix
    inner = kernel[np.ix_(train, train)]
    centered = inner - inner.mean(axis=0) - inner.mean(axis=1, keepdims=True) + inner.mean()
    powers, vectors = scipy.linalg.eigh(centered)
    kept = _kept(powers[::-1], n_components)
    basis = vectors[:, ::-1][:, :kept] / np.sqrt(powers[::-1][:kept])
    basis -= basis.mean(axis=0)
    scores = kernel[:, train] @ basis
    return _signed(scores - scores[train].mean(axis=0), train)


def _kept(powers: np.ndarray, n_components: int) -> int:
    rank = int((powers > len(powers) * np.finfo(float).eps * max(float(powers[0]), np.finfo(float).tiny)).sum())
    return max(min(check_count("n_components", n_components), rank), 1)


def _signed(scores: np.ndarray, train: np.ndarray) -> np.ndarray:
    largest = np.abs(scores[train]).argmax(axis=0)
    return scores * np.where(scores[train][largest, np.arange(scores.shape[1])] < 0.0, -1.0, 1.0)
