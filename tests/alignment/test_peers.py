"""The same numbers as rsatoolbox and netrep give.

rsatoolbox is in the extras ``dev`` and ``rsa``. netrep has no release for Python 3.11 or newer; its tests run where a
person has installed it from its sources.
"""

from __future__ import annotations

import numpy as np
import pytest

from neurogeom import alignment
from tests.alignment.populations import systems

X, Y = systems()


class TestRsatoolbox:
    """Seen with rsatoolbox 0.3.2: agreement to 1e-10, and to 6e-9 in "bures", where theirs rounds a square root."""

    @pytest.fixture
    def rsatoolbox(self) -> object:
        return pytest.importorskip("rsatoolbox", reason="rsatoolbox is not installed (extra dev)")

    @staticmethod
    def theirs(rsatoolbox: object, x: np.ndarray, method: str) -> object:
        data = rsatoolbox.data.Dataset(x, obs_descriptors={"stimulus": np.arange(len(x))})
        return rsatoolbox.rdm.calc_rdm(data, method=method, descriptor="stimulus")

    @pytest.mark.parametrize(("method", "metric"), [("euclidean", "squared_euclidean"), ("correlation", "correlation")])
    def test_dissimilarities(self, rsatoolbox: object, method: str, metric: str) -> None:
        expected = self.theirs(rsatoolbox, X, method).dissimilarities[0]
        np.testing.assert_allclose(alignment.rdm(X, metric=metric).condensed, expected, atol=1e-10)

    @pytest.mark.parametrize(
        ("theirs", "ours"),
        [
            ("corr", "pearson"),
            ("spearman", "spearman"),
            ("tau-a", "kendall_tau_a"),
            ("cosine", "cosine"),
            ("corr_cov", "corr_cov"),
            ("cosine_cov", "cosine_cov"),
            ("bures", "bures"),
        ],
    )
    def test_comparisons(self, rsatoolbox: object, theirs: str, ours: str) -> None:
        first, second = (self.theirs(rsatoolbox, x, "euclidean") for x in (X, Y))
        expected = float(np.squeeze(rsatoolbox.rdm.compare(first, second, method=theirs)))
        found = alignment.rdm_similarity(first.dissimilarities[0], second.dissimilarities[0], method=ours)
        assert float(found) == pytest.approx(expected, abs=1e-8 if ours == "bures" else 1e-10)

    @pytest.mark.parametrize("whitened", [False, True])
    def test_crossnobis(self, rsatoolbox: object, whitened: bool) -> None:
        rng = np.random.default_rng(0)
        trials = rng.normal(size=(60, 6))
        conditions, runs = np.tile(np.arange(12), 5), np.repeat(np.arange(5), 12)
        names = np.array([f"b{i}" for i in conditions])  # sorted as text by them, kept in order by us
        precision = None
        if whitened:
            root = rng.normal(size=(6, 6)) + 3 * np.eye(6)
            precision = root @ root.T
        data = rsatoolbox.data.Dataset(trials, obs_descriptors={"condition": names, "run": runs})
        expected = rsatoolbox.rdm.calc_rdm(
            data, method="crossnobis", descriptor="condition", cv_descriptor="run", noise=precision
        )
        theirs = [str(name) for name in expected.pattern_descriptors["condition"]]
        ours = alignment.crossnobis_distance(trials, names, runs, noise_precision=precision)
        order = [ours.names.index(name) for name in theirs]
        matrix = ours.dissimilarity.values[np.ix_(order, order)]
        np.testing.assert_allclose(matrix, expected.get_matrices()[0], atol=1e-10)


class TestNetrep:
    @pytest.fixture
    def metrics(self) -> object:
        return pytest.importorskip(
            "netrep.metrics", reason="netrep is not installed; it has no release for Python 3.11"
        )

    def test_procrustes_angle(self, metrics: object) -> None:
        expected = metrics.LinearMetric(alpha=1.0, center_columns=True).fit_score(X, np.pad(Y, ((0, 0), (0, 1))))
        assert float(alignment.procrustes_distance(X, Y)) == pytest.approx(float(expected), abs=1e-9)

    def test_cka_is_its_arccos(self, metrics: object) -> None:
        value = float(alignment.cka_similarity(X, Y, debiased=False))
        assert np.arccos(value) == pytest.approx(float(metrics.LinearCKA().score(X, Y)), abs=1e-9)
