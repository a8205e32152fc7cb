"""The linear decoder: ridge regression of pixels on counts, by streaming normal equations."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from scipy import linalg

from neurogeom._core.random import resolve_seed
from neurogeom._core.validation import check_real, format_names
from neurogeom._core.warnings import DegenerateInputWarning, SaturationWarning, warn
from neurogeom.decoding.base import Decoder, State
from neurogeom.decoding.inputs import held_out, paired, stack_lags
from neurogeom.decoding.normal_equations import NormalEquations, held_out_path, ridge_weights

ALPHAS = tuple(float(10.0**power) for power in np.arange(-4.0, 2.01, 0.25))


class LinearDecoder(Decoder):
    r"""Images as a linear function of counts, :math:`x = b + W^T n`, :math:`W = (C_{nn} + α m I)^{-1} C_{nx}`.

    m is the mean of the diagonal of C_nn, the bias is not penalized. It is the posterior mean where images and noise
    are Gaussian and counts linear.

    Parameters
    ----------
    alphas : sequence of float
        Ridges to choose from by the error on a fifth of the source images, from one eigendecomposition; one value is
        used as it is, 0 is no ridge.
    seed : int, optional
        Of the choice of held-out images.

    Raises
    ------
    TypeError, ValueError
        Ridges that are negative or no numbers.

    References
    ----------
    Warland, Reinagel & Meister 1997, J. Neurophysiol. 78:2336; Parthasarathy, Batty et al. 2017.

    Examples
    --------
    >>> draw = np.random.default_rng(0)
    >>> images = draw.uniform(-0.5, 0.5, (400, 4, 4))
    >>> counts = draw.poisson(np.exp(1 + images.reshape(400, 16)))
    >>> decoder = LinearDecoder(seed=0).fit(counts, images)
    >>> decoder.decode(counts[:2]).shape
    (2, 4, 4)
    """

    kind: ClassVar[str] = "linear"

    def __init__(self, *, alphas: Sequence[float] = ALPHAS, seed: int | None = 0) -> None:
        super().__init__()
        self.alphas = tuple(check_real("alphas", alpha, minimum=0.0) for alpha in np.atleast_1d(alphas))
        if not self.alphas:
            raise ValueError("alphas is empty; at least one ridge is needed.")
        self.seed = resolve_seed(seed)
        self.alpha: float | None = None
        self.held_out_mse: np.ndarray | None = None
        self.weights = np.zeros((0, 0))
        self.mean_counts, self.mean_image = np.zeros(0), np.zeros(0)

    def fit(self, counts: Any, images: Any) -> LinearDecoder:
        """Fit on counts and images.

        Parameters
        ----------
        counts : DataArray (presentation, neuroid[, time_bin]) or array-like (n, features)
        images : DataArray (presentation, y, x) or array-like (n, height, width)
            With a coordinate ``source``, whole source images are held out to choose the ridge.

        Returns
        -------
        LinearDecoder
            Itself.

        Raises
        ------
        ValueError
            Fewer images than cells without ridge, counts and images that do not fit together.
        """
        n, x, sources = paired(counts, images)
        out = held_out(sources, len(n), 0.2, self.seed) if len(self.alphas) > 1 else np.zeros(len(n), dtype=bool)
        self._fit_batches([(n[~out], x[~out])], [(n[out], x[out])] if out.any() else [], counts)
        self._adopt(counts, n.shape[1], x.shape[1:], sources)
        return self

    def fit_batches(self, batches: Iterable[tuple[Any, Any]]) -> LinearDecoder:
        """Fit on more images than fit in memory: each fifth batch is held out to choose the ridge.

        Parameters
        ----------
        batches : iterable of (counts, images)
            As for `fit`. Batches should not share source images.

        Returns
        -------
        LinearDecoder
            Itself.

        Raises
        ------
        ValueError
            As `fit`; fewer than two batches where there is a ridge to choose.
        """
        train: NormalEquations | None = None
        test: NormalEquations | None = None
        first, number, seen = None, -1, set()
        for number, (counts, images) in enumerate(batches):
            n, x, sources = paired(counts, images)
            seen |= set() if sources is None else set(sources.tolist())
            if train is None or test is None:
                first, shape = counts, x.shape[1:]
                train, test = (NormalEquations(n.shape[1], shape[0] * shape[1]) for _ in range(2))
            held = len(self.alphas) > 1 and number % 5 == 1
            if number == 1 and held:
                test.start_at(train)
            (test if held else train).add(n, x.reshape(len(x), -1))
        if train is None or test is None:
            raise ValueError("batches is empty; at least one batch of counts and images is needed.")
        if len(self.alphas) > 1 and not test.count:
            raise ValueError("batches holds one batch, so none is left to choose the ridge with. Give one alpha.")
        self._solve(train, test, first, shape)
        self.sources = tuple(sorted(seen))
        return self

    def _fit_batches(self, train: Sequence[Any], test: Sequence[Any], counts: Any) -> None:
        shape = train[0][1].shape[1:]
        sums, other = (NormalEquations(train[0][0].shape[1], shape[0] * shape[1]) for _ in range(2))
        for n, x in train:
            sums.add(n, x.reshape(len(x), -1))
        other.start_at(sums)
        for n, x in test:
            other.add(n, x.reshape(len(x), -1))
        self._solve(sums, other, counts, shape)

    def _solve(self, train: NormalEquations, test: NormalEquations, counts: Any, shape: tuple[int, ...]) -> None:
        whole = train.merged(test) if test.count else train
        self._refuse_too_few(whole)
        self._tell_silent(whole, counts)
        self.alpha = self.alphas[0]
        if len(self.alphas) > 1:
            usable = np.array([alpha for alpha in self.alphas if alpha > 0 or train.count > train.n_features])
            self.held_out_mse = held_out_path(train, test, usable)
            best = int(np.argmin(self.held_out_mse))
            self.alpha = float(usable[best])
            if best in (0, len(usable) - 1):
                warn(f"the best ridge, {self.alpha:g}, is at the end of alphas. Widen them.", SaturationWarning)
        try:
            self.weights, self.mean_counts, self.mean_image = ridge_weights(whole, self.alpha)
        except linalg.LinAlgError as error:
            raise ValueError(
                "the counts are linearly dependent, so there is no solution without ridge. Give alphas above 0."
            ) from error
        self._adopt(counts, train.n_features, shape)

    def _refuse_too_few(self, sums: NormalEquations) -> None:
        if max(self.alphas) == 0 and sums.count <= sums.n_features:
            raise ValueError(
                f"alphas=0 with {sums.count} images for {sums.n_features} cells has no unique solution; more images "
                "than cells are needed, or a ridge: LinearDecoder(alphas=[0.01, 0.1, 1])."
            )
        if sums.count < 2:
            raise ValueError(f"counts has {sums.count} presentation; at least 2 are needed.")

    def _tell_silent(self, sums: NormalEquations, counts: Any) -> None:
        mean_n, mean_x = sums.means()
        spread = np.diag(sums.nn) / sums.count - (sums.n / sums.count) ** 2
        silent = np.flatnonzero(spread <= 1e-12)
        if silent.size == sums.n_features:
            raise ValueError("counts is constant for all cells; spikes that depend on the image are needed.")
        if silent.size:
            names = getattr(stack_lags(counts), "coords", {}).get("neuroid_id")
            listed = silent.tolist() if names is None else [str(name) for name in names.values[silent]]
            warn(
                f"{silent.size} of {sums.n_features} cells are silent or constant (first: {format_names(listed)}); "
                "they get no weight.",
                DegenerateInputWarning,
            )

    def _decode(self, counts: np.ndarray) -> np.ndarray:
        return self.flat(counts).reshape(len(counts), *(self.image_shape or ()))

    def flat(self, counts: np.ndarray) -> np.ndarray:
        """Return decoded images as rows of pixels, of counts (n, features) that were checked before."""
        return (counts - self.mean_counts) @ self.weights + self.mean_image

    def _state(self) -> State:
        arrays = {"weights": self.weights, "mean_counts": self.mean_counts, "mean_image": self.mean_image}
        return {"alphas": list(self.alphas), "seed": self.seed, "alpha": self.alpha}, arrays

    @classmethod
    def _from_state(cls, settings: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> LinearDecoder:
        decoder = cls(alphas=settings["alphas"], seed=settings["seed"])
        decoder.alpha = settings["alpha"]
        decoder.weights, decoder.mean_counts = arrays["weights"], arrays["mean_counts"]
        decoder.mean_image = arrays["mean_image"]
        return decoder
