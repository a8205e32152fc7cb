"""Alignments of manifold centers and axes, in three conventions, from Gram matrices."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

#: The measures, in the order in which they are reported.
NAMES = tuple(
    f"{kind}_alignment{convention}"
    for kind in ("center", "axis", "center_axis")
    for convention in ("", "_signed", "_inner")
)


def alignments(center_gram: Floats, axis_gram: Floats, cross_gram: Floats) -> dict[str, Floats]:
    r"""Nine alignments of each sample: mean over ordered pairs of different manifolds.

    Parameters
    ----------
    center_gram : array (..., P, P)
        :math:`G_0 = S_0 S_0^T`, inner products of the centers; its leading axes broadcast to those of the others.
    axis_gram : array (k, P, P)
        :math:`G_1 = S_1 S_1^T` of each sample.
    cross_gram : array (k, P, P)
        :math:`S_0 S_1^T`: entry (mu, nu) is center mu with axis nu.

    Returns
    -------
    dict of arrays
        ``center_alignment`` is the absolute cosine of :math:`(s_0^\mu, s_0^\nu)`, ``axis_alignment`` of
        :math:`(s_1^\mu, s_1^\nu)` and ``center_axis_alignment`` of :math:`(s_0^\mu, s_1^\nu)`; ``_signed`` are the
        cosines with their signs, ``_inner`` absolute inner products (the published convention, which depends on the
        scale of the data). Centers do not depend on the sample, so theirs are 0-d; the others are (k,).
        A zero vector has cosine 0. Chance level of an absolute cosine is :math:`\sqrt{2 / (\pi N)}`, not 0.

    References
    ----------
    arXiv:2503.18114 (2025), definition B.6 and algorithm 2, which differ; arXiv:2603.01879 (2026), appendix B.3.

    Examples
    --------
    >>> import numpy as np
    >>> centers = np.array([[1.0, 0.0], [-1.0, 0.0]])
    >>> axes = np.array([[[0.0, 1.0], [0.0, 2.0]]])
    >>> found = alignments(centers @ centers.T, axes @ axes.transpose(0, 2, 1), centers @ axes.transpose(0, 2, 1))
    >>> float(found["center_alignment_signed"]), found["axis_alignment"], found["axis_alignment_inner"]
    (-1.0, array([1.]), array([2.]))
    """
    center_norms = np.sqrt(np.einsum("...pp->...p", center_gram))
    axis_norms = np.sqrt(np.einsum("...pp->...p", axis_gram))
    found: dict[str, Floats] = {}
    for kind, gram, left, right in (
        ("center", center_gram, center_norms, center_norms),
        ("axis", axis_gram, axis_norms, axis_norms),
        ("center_axis", cross_gram, center_norms, axis_norms),
    ):
        lengths = left[..., :, None] * right[..., None, :]
        cosines = np.where(lengths > 0, gram / np.where(lengths > 0, lengths, 1.0), 0.0)
        found[f"{kind}_alignment"] = _mean_over_pairs(np.abs(cosines))
        found[f"{kind}_alignment_signed"] = _mean_over_pairs(cosines)
        found[f"{kind}_alignment_inner"] = _mean_over_pairs(np.abs(gram))
    return found


def _mean_over_pairs(values: Floats) -> Floats:
    """Mean over the entries off the diagonal of (..., P, P)."""
    n_manifolds = values.shape[-1]
    total = values.sum(axis=(-2, -1)) - np.einsum("...pp->...", values)
    return np.asarray(total / (n_manifolds * (n_manifolds - 1)))
