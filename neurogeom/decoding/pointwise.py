"""Linear decoding followed by one monotone function of each pixel."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from neurogeom._core.random import resolve_seed
from neurogeom._core.validation import check_count
from neurogeom.decoding.base import Decoder, State
from neurogeom.decoding.inputs import held_out, paired
from neurogeom.decoding.linear import ALPHAS, LinearDecoder


class PointwiseNonlinearDecoder(Decoder):
    """Ridge, then y = g(x̂) with g monotone, shared or one for each pixel, by isotonic regression in float64.

    g is fitted on source images that the ridge did not see; then the ridge is fitted again on all.

    Parameters
    ----------
    per_pixel : bool
        One function for each pixel instead of one for all.
    n_bins : int
        Quantiles of x̂ between which g is linear.
    alphas : sequence of float
        Of the :class:`LinearDecoder`.
    seed : int, optional

    Raises
    ------
    TypeError, ValueError
        Fewer than two bins, wrong ridges.

    References
    ----------
    Parthasarathy, Batty et al. 2017 (the pointwise nonlinear decoder that it compares with).

    Examples
    --------
    >>> draw = np.random.default_rng(0)
    >>> images = draw.uniform(-0.5, 0.5, (400, 4, 4))
    >>> counts = draw.poisson(np.exp(1 + images.reshape(400, 16)))
    >>> PointwiseNonlinearDecoder(seed=0).fit(counts, images).decode(counts[:2]).shape
    (2, 4, 4)
    """

    kind: ClassVar[str] = "pointwise"

    def __init__(
        self, *, per_pixel: bool = False, n_bins: int = 64, alphas: Sequence[float] = ALPHAS, seed: int | None = 0
    ) -> None:
        super().__init__()
        self.per_pixel, self.n_bins = bool(per_pixel), check_count("n_bins", n_bins, minimum=2)
        self.seed = resolve_seed(seed)
        self.linear = LinearDecoder(alphas=alphas, seed=self.seed)
        self.inputs, self.outputs = np.zeros((0, 0)), np.zeros((0, 0))

    def fit(self, counts: Any, images: Any) -> PointwiseNonlinearDecoder:
        """Fit on counts and images; arguments and errors as for :meth:`LinearDecoder.fit`.

        Parameters
        ----------
        counts, images

        Returns
        -------
        PointwiseNonlinearDecoder
            Itself.
        """
        n, x, sources = paired(counts, images)
        out = held_out(sources, len(n), 0.3, self.seed + 1)
        first = LinearDecoder(alphas=self.linear.alphas, seed=self.seed)
        first.fit(*part_of(counts, images, ~out))
        guess = first.flat(n[out])
        truth = x[out].reshape(len(guess), -1).astype(np.float64)
        if not self.per_pixel:
            guess, truth = guess.reshape(-1, 1), truth.reshape(-1, 1)
        curves = [_monotone(guess[:, pixel], truth[:, pixel], self.n_bins) for pixel in range(guess.shape[1])]
        self.inputs, self.outputs = (np.stack([curve[part] for curve in curves]) for part in range(2))
        self.linear.fit(counts, images)
        self._adopt(counts, n.shape[1], x.shape[1:], sources)
        return self

    def _decode(self, counts: np.ndarray) -> np.ndarray:
        flat = self.linear.flat(counts)
        if self.per_pixel:
            columns = [np.interp(flat[:, i], self.inputs[i], self.outputs[i]) for i in range(flat.shape[1])]
            flat = np.stack(columns, axis=1)
        else:
            flat = np.interp(flat, self.inputs[0], self.outputs[0])
        return flat.reshape(len(counts), *(self.image_shape or ()))

    def _state(self) -> State:
        settings, arrays = self.linear._state()
        own = {"per_pixel": self.per_pixel, "n_bins": self.n_bins, "seed": self.seed, "linear": settings}
        return own, {**{f"linear/{key}": value for key, value in arrays.items()},
                     "inputs": self.inputs, "outputs": self.outputs}  # fmt: skip

    @classmethod
    def _from_state(cls, settings: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> PointwiseNonlinearDecoder:
        from neurogeom.decoding.files import under

        decoder = cls(per_pixel=settings["per_pixel"], n_bins=settings["n_bins"], seed=settings["seed"])
        decoder.linear = LinearDecoder._from_state(settings["linear"], under("linear", arrays))
        decoder.inputs, decoder.outputs = arrays["inputs"], arrays["outputs"]
        return decoder


def part_of(counts: Any, images: Any, chosen: np.ndarray) -> tuple[Any, Any]:
    """Some presentations of counts and images, coordinates kept."""
    index = np.flatnonzero(chosen)

    def take(one: Any) -> Any:
        return one.isel(presentation=index) if hasattr(one, "isel") else np.asarray(one)[index]

    return take(counts), take(images)


def _monotone(guess: np.ndarray, truth: np.ndarray, n_bins: int) -> tuple[np.ndarray, np.ndarray]:
    """Knots of a monotone function: means in quantile bins of the guess, made increasing by isotonic regression."""
    from sklearn.isotonic import IsotonicRegression

    edges = np.unique(np.quantile(guess, np.linspace(0, 1, n_bins + 1)))
    where = np.clip(np.searchsorted(edges, guess, side="right") - 1, 0, max(len(edges) - 2, 0))
    size = np.bincount(where, minlength=max(len(edges) - 1, 1))
    x, y = (np.bincount(where, values, len(size)) / np.maximum(size, 1) for values in (guess, truth))
    used = size > 0
    rising = IsotonicRegression().fit_transform(x[used], y[used], sample_weight=size[used])
    places = np.linspace(0, used.sum() - 1, n_bins)  # the same number of knots for every pixel
    return (np.interp(places, np.arange(used.sum()), x[used]), np.interp(places, np.arange(used.sum()), rising))
