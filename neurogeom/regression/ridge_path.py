"""Leave-one-out errors of ridge regression for many penalties at once.

With centered features X = U S Vᵀ, λ = S² and b = Uᵀ y, the residual of row i when it is left out is

    e_i / d_i,   e = y − U Uᵀ y + U (w ∘ b),   d = 1 − 1/n − Σ_k U_k² + Σ_k U_k² w_k,   w_k = α / (λ_k + α)

(the intercept is refitted too). Over penalties the rows w(α), scaled to a largest entry of one, span a space of about
twenty dimensions to rounding. So e and d are computed for that many penalties, picked by a pivoted QR factorization,
and combined for all others.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.linalg

_EPS = float(np.finfo(np.float64).eps)
_SPAN = 2e-15  # what the penalties' weights may miss of the spanned space, relative to the largest weight
_BLOCK_NUMBERS = 2**19  # residuals held at a time: penalties × rows × targets


@dataclass(frozen=True)
class Spectrum:
    """Left singular vectors of centered features, without the constant direction.

    Parameters
    ----------
    vectors : ndarray, shape (n, r)
        Orthonormal, each orthogonal to a vector of ones.
    powers : ndarray, shape (r,)
        Squared singular values, zero or more.
    complete : bool
        True where r = n − 1, so that nothing of a centered target lies outside.
    """

    vectors: np.ndarray
    powers: np.ndarray
    complete: bool


def spectrum_of_kernel(kernel: np.ndarray) -> Spectrum:
    """Return the spectrum from a Gram matrix (n, n) of rows; centering is done here.

    Parameters
    ----------
    kernel : ndarray, shape (n, n)

    Returns
    -------
    Spectrum
        Complete: directions without power are kept, with power 0.

    Examples
    --------
    >>> spectrum_of_kernel(np.array([[0.0, 0.0], [0.0, 4.0]])).powers.tolist()
    [2.0]
    """
    n_rows = len(kernel)
    mean = kernel.mean(axis=0)
    centered = kernel - mean
    centered -= centered.mean(axis=1, keepdims=True)
    powers, vectors = scipy.linalg.eigh(centered, driver="evd", overwrite_a=True, check_finite=False)
    # the constant direction has no power; where others have none either LAPACK mixes them, and it is taken out
    empty = int(np.searchsorted(powers, n_rows * _EPS * max(powers[-1], 0.0), side="right"))
    empty = max(empty, 1)
    share = vectors[:, :empty].sum(axis=0)[:, None]
    rest = scipy.linalg.qr(share)[0][:, 1:]
    kept = np.concatenate([vectors[:, :empty] @ rest, vectors[:, empty:]], axis=1)
    return Spectrum(kept, np.concatenate([np.zeros(empty - 1), powers[empty:]]), True)


def spectrum_of_features(features: np.ndarray) -> Spectrum:
    """Return the spectrum from features (n, p) with fewer columns than rows; centering is done here.

    Parameters
    ----------
    features : ndarray, shape (n, p)

    Returns
    -------
    Spectrum

    Examples
    --------
    >>> spectrum_of_features(np.array([[0.0], [1.0], [2.0]])).powers.round(9).tolist()
    [2.0]
    """
    vectors, singular, _ = scipy.linalg.svd(features - features.mean(axis=0), full_matrices=False, check_finite=False)
    kept = singular > max(features.shape) * _EPS * max(float(singular[0]), np.finfo(float).tiny)
    return Spectrum(np.ascontiguousarray(vectors[:, kept]), singular[kept] ** 2, False)


def leave_one_out_errors(spectrum: Spectrum, targets: np.ndarray, alphas: np.ndarray) -> np.ndarray:
    """Return the mean squared leave-one-out error of each penalty and target.

    Parameters
    ----------
    spectrum : Spectrum
    targets : ndarray, shape (n, t)
        Centered.
    alphas : ndarray, shape (a,)
        Penalties, above zero.

    Returns
    -------
    ndarray, shape (a, t)

    References
    ----------
    Allen 1974, Technometrics 16:125 (PRESS); Rifkin & Lippert 2007, MIT-CSAIL-TR-2007-025.

    Examples
    --------
    >>> y = np.array([[-1.0], [0.0], [1.0]])
    >>> x = spectrum_of_features(np.array([[-1.0], [0.0], [1.0]]))
    >>> round(float(leave_one_out_errors(x, y, np.array([1e9]))[0, 0]), 6)
    1.5
    """
    vectors, n_rows = spectrum.vectors, len(targets)
    coefficients = vectors.T @ targets
    squares = vectors**2
    powers = spectrum.powers
    if not spectrum.complete:  # one more direction, without power, for what lies outside
        powers = np.append(powers, 0.0)
    weights = alphas[:, None] / (powers + alphas[:, None])
    weights /= weights.max(axis=1, keepdims=True)
    picked, mix = _span(weights)
    some = weights[picked][:, : len(coefficients)]
    n_targets = targets.shape[1]
    scaled = (some.T[:, :, None] * coefficients[:, None, :]).reshape(len(coefficients), -1)
    leverage = squares @ some.T  # (n, picked)
    outside, outside_leverage = None, None
    if not spectrum.complete:
        outside = targets - vectors @ coefficients
        outside_leverage = (1.0 - 1.0 / n_rows) - squares.sum(axis=1)
        leverage += outside_leverage[:, None] * weights[picked][:, -1]
    total = np.zeros((len(alphas), n_targets))
    step = max(1, _BLOCK_NUMBERS // (len(alphas) * n_targets))
    for start in range(0, n_rows, step):
        rows = slice(start, start + step)
        residuals = (vectors[rows] @ scaled).reshape(-1, len(picked), n_targets)
        if outside is not None:
            residuals += outside[rows, None, :] * weights[picked][:, -1, None]
        for_all = np.matmul(mix, residuals)  # (rows, a, t)
        for_all /= (leverage[rows] @ mix.T)[:, :, None]
        total += np.einsum("iat,iat->at", for_all, for_all)
    return total / n_rows


def _span(weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Penalties whose weights span those of all, and the mix (a, picked) that gives each from them."""
    _, triangle, order = scipy.linalg.qr(weights.T, mode="economic", pivoting=True, check_finite=False)
    size = np.abs(np.diag(triangle))
    count = max(int((size > _SPAN * size[0]).sum()), 1)
    mix = np.empty((len(weights), count))
    mix[order[:count]] = np.eye(count)
    if count < len(weights):
        mix[order[count:]] = scipy.linalg.solve_triangular(triangle[:count, :count], triangle[:count, count:]).T
    return order[:count], mix
