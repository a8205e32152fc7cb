"""Similarity of two RDMs: correlations, cosines, and their whitened forms."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from neurogeom._core.random import generator, resolve_seed
from neurogeom._core.responses import quoted
from neurogeom._core.validation import check_count, check_option, check_vector
from neurogeom.alignment.covariance import double_centered
from neurogeom.alignment.inputs import Floats
from neurogeom.alignment.rdm import RDM, square
from neurogeom.alignment.results import Meaning, RDMSimilarity, measure
from neurogeom.statistics import permutation_p_value


def pearson(first: Floats, second: Floats) -> float:
    """Pearson correlation of two vectors; NaN where one is constant."""
    return cosine(first - first.mean(), second - second.mean())


def cosine(first: Floats, second: Floats) -> float:
    """Cosine of two vectors; NaN where one is zero."""
    lengths = float(np.linalg.norm(first) * np.linalg.norm(second))
    return float(np.clip(first @ second / lengths, -1.0, 1.0)) if lengths > 0 else np.nan


def spearman(first: Floats, second: Floats) -> float:
    """Pearson correlation of mid-ranks."""
    from scipy.stats import rankdata

    return pearson(rankdata(first), rankdata(second))


def kendall_tau_a(first: Floats, second: Floats) -> float:
    """Concordant minus discordant pairs over all pairs; ties count for neither (Nili et al., 2014, advise it)."""
    from scipy.stats import kendalltau

    pairs = len(first) * (len(first) - 1) / 2
    tied = [pairs - sum(n * (n - 1) / 2 for n in np.unique(v, return_counts=True)[1]) for v in (first, second)]
    tau_b = float(kendalltau(first, second).statistic)
    return tau_b * float(np.sqrt(tied[0] * tied[1])) / pairs


def gram_of(condensed: Floats) -> Floats:
    """Centered inner products −½ J D J of squared distances."""
    return -0.5 * double_centered(square(condensed))


def whitened_cosine(first: Floats, second: Floats) -> float:
    """Cosine in the metric of the null covariance of squared distances, which is that of the centered Gram matrices.

    The covariance of squared distances under no difference and isotropic noise is (C Cᵀ)∘² with C the contrasts of
    pairs; its inverse is, up to scale, the inner product of Gram matrices (Diedrichsen et al., 2021). So this equals
    linear CKA of the responses.
    """
    return cosine(gram_of(first).ravel(), gram_of(second).ravel())


def whitened_correlation(first: Floats, second: Floats) -> float:
    """The same after the mean dissimilarity is removed."""
    return whitened_cosine(first - first.mean(), second - second.mean())


def bures(first: Floats, second: Floats) -> float:
    """‖K₁^½K₂^½‖_*/sqrt(tr K₁ tr K₂) of the Gram matrices: the Procrustes similarity of the responses."""
    roots = [_root_of_gram(gram_of(values)) for values in (first, second)]
    overlap = float(np.linalg.svd(roots[0].T @ roots[1], compute_uv=False).sum())
    return min(overlap / float(np.linalg.norm(roots[0]) * np.linalg.norm(roots[1])), 1.0)


def _root_of_gram(gram: Floats) -> Floats:
    """L with L Lᵀ = K; refuses dissimilarities that no patterns have."""
    values, vectors = np.linalg.eigh(gram)
    if values[-1] <= 0 or values[0] < -1e-6 * values[-1]:
        raise ValueError(
            "method='bures' needs squared Euclidean (or correlation) distances; these have a Gram matrix with negative "
            f"eigenvalues (smallest {values[0]:.3g}, largest {values[-1]:.3g}). Use another method."
        )
    # roots of eigenvalues that are zero but for rounding would be 1e-8, not 1e-16
    kept = values > len(values) * np.finfo(float).eps * values[-1]
    return np.asarray(vectors[:, kept] * np.sqrt(values[kept]))


METHODS: dict[str, Callable[[Floats, Floats], float]] = {
    "pearson": pearson,
    "spearman": spearman,
    "kendall_tau_a": kendall_tau_a,
    "cosine": cosine,
    "corr_cov": whitened_correlation,
    "cosine_cov": whitened_cosine,
    "bures": bures,
}


def rdm_similarity(
    first: Any,
    second: Any,
    *,
    method: str = "spearman",
    uncertainty: str | None = None,
    n_bootstrap: int = 500,
    n_permutations: int = 0,
    seed: int | None = None,
) -> RDMSimilarity:
    r"""How alike two RDMs are: 1 the same dissimilarities (up to what the method ignores), 0 unrelated.

    Parameters
    ----------
    first, second : RDM, square array (n, n), or condensed array (n(n−1)/2,)
        RDMs with names are matched by them.
    method : {"pearson", "spearman", "kendall_tau_a", "cosine", "corr_cov", "cosine_cov", "bures"}
        ``cosine_cov`` and ``corr_cov`` weigh pairs by the covariance that shared stimuli give them (``cosine_cov`` of
        squared Euclidean RDMs is linear CKA); ``bures`` is the Procrustes similarity.
    uncertainty : {"stimuli", None}
        "stimuli" adds a bootstrap over stimuli; pairs of a stimulus with itself are left out of each sample.
    n_bootstrap : int
        Bootstrap samples.
    n_permutations : int
        Permutations of the stimuli of the second RDM, for ``p`` (one-sided; Mantel's test); 0 for none.
    seed : int, optional

    Returns
    -------
    RDMSimilarity
        ``similarity``; ``similarity_ci`` and ``p`` where asked.

    Raises
    ------
    ValueError
        Different sizes or names, NaN, a constant RDM, an unknown method.

    References
    ----------
    Nili et al. (2014), PLoS Comput Biol 10:e1003553; Diedrichsen et al. (2021), Neurons, Behavior, Data analysis, and
    Theory 5 (whitened); Harvey, Lipshutz & Williams (2024) (Bures and Procrustes).

    Examples
    --------
    >>> import numpy as np
    >>> from neurogeom.alignment import rdm
    >>> x = np.random.default_rng(0).normal(size=(8, 5))
    >>> float(rdm_similarity(rdm(x), rdm(3 * x), method="pearson"))
    1.0
    """
    check_option("method", method, tuple(METHODS))
    check_option("uncertainty", uncertainty or "None", ("None", "stimuli"))
    n_permutations = check_count("n_permutations", n_permutations, minimum=0)
    left, right = _matched(first, second)
    n_stimuli = len(left)
    upper = np.triu_indices(n_stimuli, 1)
    for name, matrix in (("first", left), ("second", right)):
        if np.ptp(matrix[upper]) <= 1e-13 * np.abs(matrix[upper]).max(initial=0.0):
            raise ValueError(f"{name} is constant: all pairs have the same dissimilarity, so nothing can be compared.")
    compare = METHODS[method]
    value = compare(left[upper], right[upper])
    values: dict[str, Any] = {"similarity": value}
    if uncertainty or n_permutations:
        seed = resolve_seed(seed)
    if uncertainty:
        n_bootstrap = check_count("n_bootstrap", n_bootstrap, minimum=20)
        values["similarity_ci"] = (
            "bound",
            _interval_over_stimuli(compare, method, left, right, n_bootstrap, seed or 0),
        )
    if n_permutations:
        orders = (generator(seed or 0, 2, i).permutation(n_stimuli) for i in range(n_permutations))
        draws = np.array([compare(left[upper], right[np.ix_(order, order)][upper]) for order in orders])
        values["p"] = float(permutation_p_value(value, draws))
    lowest = 0.0 if method == "bures" else -1.0
    used = {"stimuli": n_stimuli, "pairs": len(upper[0])}
    return measure(
        RDMSimilarity, values, Meaning("similarity", (lowest, 1.0), 1.0, True, False, used), first=left, second=right,
        method=method, uncertainty=uncertainty, n_bootstrap=n_bootstrap, n_permutations=n_permutations, seed=seed,
        references=("Nili et al. (2014), PLoS Comput Biol 10:e1003553.",),
    )  # fmt: skip


def _interval_over_stimuli(
    compare: Callable[[Floats, Floats], float], method: str, left: Floats, right: Floats, n_bootstrap: int, seed: int
) -> Floats:
    """Percentile interval over resampled stimuli; a stimulus drawn twice gives no pair with itself."""
    if method in ("corr_cov", "cosine_cov", "bures"):
        raise ValueError(
            f"method={method!r} needs whole RDMs, and a bootstrap leaves pairs out. Use method='pearson', 'spearman', "
            "'kendall_tau_a' or 'cosine' with uncertainty='stimuli'."
        )
    upper = np.triu_indices(len(left), 1)
    draws = []
    for i in range(n_bootstrap):
        rows = generator(seed, 1, i).integers(len(left), size=len(left))
        keep = (rows[:, None] != rows[None, :])[upper]
        draws.append(compare(left[np.ix_(rows, rows)][upper][keep], right[np.ix_(rows, rows)][upper][keep]))
    return np.nanquantile(np.array(draws), [0.025, 0.975])


def _matched(first: Any, second: Any) -> tuple[Floats, Floats]:
    """Two square matrices over the same stimuli, matched by name where both have names."""
    left, right = _as_square("first", first), _as_square("second", second)
    if len(left) != len(right):
        raise ValueError(f"first has {len(left)} stimuli, second has {len(right)}. Both need the same stimuli.")
    if isinstance(first, RDM) and isinstance(second, RDM) and first.names != second.names:
        missing = sorted(set(first.names) ^ set(second.names))
        if missing:
            raise ValueError(
                f"first and second have different conditions: {len(missing)} are in only one (first: "
                f"{quoted(missing[:3])}). Select the conditions that both have."
            )
        order = [second.names.index(name) for name in first.names]
        right = right[np.ix_(order, order)]
    return left, right


def _as_square(name: str, given: Any) -> Floats:
    if isinstance(given, RDM):
        return np.asarray(given.data["dissimilarity"].values, dtype=float)
    array = np.asarray(getattr(given, "values", given))
    if array.ndim == 1:
        values = check_vector(array, name)
        n_stimuli = int(round((1 + np.sqrt(1 + 8 * len(values))) / 2))
        if n_stimuli * (n_stimuli - 1) // 2 != len(values) or n_stimuli < 3:
            raise ValueError(
                f"{name} has {len(values)} entries, which is no upper triangle of an RDM of 3 or more stimuli "
                "(n(n−1)/2: 3, 6, 10, …)."
            )
        return square(values)
    if array.ndim != 2 or array.shape[0] != array.shape[1] or len(array) < 3:
        raise ValueError(f"{name} has shape {array.shape}; needed is an RDM, square (n, n) with n ≥ 3, or condensed.")
    matrix = square(check_vector(array[np.triu_indices(len(array), 1)], name))
    if not np.allclose(array, matrix, rtol=1e-8, atol=1e-10 * max(float(np.abs(matrix).max()), 1e-300)):
        raise ValueError(
            f"{name} is no RDM: it must be symmetric with a zero diagonal. Give responses to alignment.rdm first, "
            "or 1 − similarity."
        )
    return matrix
