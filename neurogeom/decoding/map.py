"""Most probable images: the likelihood of an encoding model with a 1/f prior or a denoiser as prior."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from neurogeom._core.parallel import run_units
from neurogeom._core.random import generator, resolve_seed
from neurogeom._core.validation import check_count, check_option, check_real
from neurogeom._core.warnings import ConvergenceWarning, warn
from neurogeom.decoding.base import Decoder, State
from neurogeom.decoding.files import under
from neurogeom.decoding.inputs import stack_lags
from neurogeom.decoding.newton import Optimum, newton
from neurogeom.decoding.posterior import Posterior, langevin, laplace_samples
from neurogeom.decoding.priors import QuadraticPrior, padded_filters
from neurogeom.retina import LNP
from neurogeom.retina.counts import as_counts
from neurogeom.retina.files import model_from_state, model_state
from neurogeom.stimuli import PowerLaw, as_images, fit_power_law

PRIORS = ("power_law", "denoiser")


class MAPDecoder(Decoder):
    r"""The image that maximizes likelihood × prior, for a known encoding model.

    With ``prior="power_law"``: Gaussian with power a / f^β fitted to images, on a grid padded by 8 pixels (it assumes
    a torus); Newton's method with preconditioned conjugate gradients, until the gradient of every image has fallen by
    `tolerance`. With ``prior="denoiser"``: half-quadratic splitting, x ← argmin NLL + ρ/2 ‖x − z‖², z ← D_σ(x),
    σ² = λ/ρ, σ falling geometrically; noise is added before a blind denoiser.

    Parameters
    ----------
    model : LNP
        Calibrated or fitted; the likelihood is convex for exp and softplus only. For a GLM use :func:`map_images`.
    prior : {"power_law", "denoiser"}
    denoiser : Denoiser, optional
        For ``prior="denoiser"``.
    exponent : float, optional
        β; fitted by default.
    tolerance : float
        Relative gradient norm of each image, at which Newton's method stops.
    max_steps : int
        Newton steps at most.
    pad : int
        Pixels around the image.
    prior_weight : float
        λ of half-quadratic splitting.
    sigmas : tuple of float
        First and last σ, in units of the image range.
    n_steps : int
        Steps of half-quadratic splitting.
    add_noise : bool, optional
        Whether noise of SD σ is added before the denoiser; by default for a blind one, which needs it.
    seed : int, optional
    n_jobs : int
        Workers over images; the values do not depend on it.

    Raises
    ------
    TypeError, ValueError
        A model that is not calibrated, an unknown prior, no denoiser where one is needed.

    References
    ----------
    Paninski, Pillow & Lewi 2007, Prog. Brain Res. 165:493; Wu et al. 2022, NeurIPS 35 (denoiser priors).

    Examples
    --------
    >>> from neurogeom import stimuli
    >>> from neurogeom.retina import Mosaic
    >>> mosaic = Mosaic.from_counts({"on_parasol": 9, "off_parasol": 16}, (16, 16), seed=0)
    >>> images = stimuli.crops(stimuli.packaged_images("camera"), 16, n=120, seed=0)
    >>> model = LNP(mosaic, nonlinearity="softplus").calibrate(images)
    >>> decoder = MAPDecoder(model).fit(None, images)
    >>> decoder.decode(model.simulate(images[:2], seed=0)).shape
    (2, 16, 16)
    """

    kind: ClassVar[str] = "map"

    def __init__(
        self,
        model: LNP,
        *,
        prior: str = "power_law",
        denoiser: Any = None,
        exponent: float | None = None,
        tolerance: float = 1e-4,
        max_steps: int = 60,
        pad: int = 8,
        prior_weight: float = 1.0,
        sigmas: tuple[float, float] = (0.3, 0.03),
        n_steps: int = 10,
        add_noise: bool | None = None,
        seed: int | None = 0,
        n_jobs: int | None = 1,
    ) -> None:
        super().__init__()
        self.prior = check_option("prior", prior, PRIORS)
        if not model.is_calibrated:
            raise ValueError("model is neither calibrated nor fitted; call model.calibrate(images) first.")
        if prior == "denoiser" and denoiser is None:
            raise ValueError("prior='denoiser' needs a denoiser: denoiser=train_denoiser(images).")
        self.model, self.denoiser, self.exponent = model, denoiser, exponent
        self.tolerance = check_real("tolerance", tolerance, minimum=0.0, strict=True)
        self.max_steps, self.pad = check_count("max_steps", max_steps), check_count("pad", pad, minimum=0)
        self.prior_weight = check_real("prior_weight", prior_weight, minimum=0.0, strict=True)
        last = check_real("sigmas", sigmas[1], minimum=0.0, strict=True)
        self.sigmas = (check_real("sigmas", sigmas[0], minimum=last), last)
        self.n_steps, self.seed, self.n_jobs = check_count("n_steps", n_steps), resolve_seed(seed), n_jobs
        self.add_noise = bool(getattr(denoiser, "is_blind", False)) if add_noise is None else bool(add_noise)
        self.law: PowerLaw | None = None
        self.optima: list[Optimum] = []

    def fit(self, counts: Any, images: Any) -> MAPDecoder:
        """Fit the power law of images; spikes are not needed, for the encoding model is known.

        Parameters
        ----------
        counts : None or array-like
            Only its cells are checked.
        images : array-like, shape (n, height, width)
            Training images.

        Returns
        -------
        MAPDecoder
            Itself.
        """
        mosaic = self.model.mosaic
        values = as_images(images, shape=mosaic.shape)
        if counts is not None:
            as_counts(stack_lags(counts), n_cells=mosaic.n_cells)
        self.law = fit_power_law(values, exponent=self.exponent)
        own = getattr(images, "coords", {}).get("source")
        self.sources = () if own is None else tuple(sorted(set(map(str, own.values))))
        self.population, self.n_features, self.image_shape = mosaic.fingerprint(), mosaic.n_cells, mosaic.shape
        return self

    def posterior(self, counts: Any, *, n_samples: int = 40, method: str = "laplace", **options: Any) -> Posterior:
        """Return samples of the images that the spikes allow.

        Parameters
        ----------
        counts : array-like, shape (n, n_cells)
        n_samples : int
        method : {"laplace", "langevin"}
            Around the most probable image with the 1/f prior, or Langevin dynamics with the denoiser.
        **options
            For :func:`langevin`.

        Returns
        -------
        Posterior
        """
        values = self._checked(counts)
        n_samples = check_count("n_samples", n_samples, minimum=2)
        check_option("method", method, ("laplace", "langevin"))
        if method == "langevin":
            if self.denoiser is None:
                raise ValueError("method='langevin' needs a denoiser: MAPDecoder(..., denoiser=train_denoiser(...)).")
            likelihood = self.model.image_likelihood(values)
            starts = self._power_law_images(values)
            drawn = [
                langevin(likelihood, i, self.denoiser, start, n_samples=n_samples, seed=self.seed, **options)
                for i, start in enumerate(starts)
            ]
            samples = np.stack(drawn)
            return Posterior(samples.mean(axis=1), samples, method)
        padded, prior = self._padded(values)
        optima = map_images(padded, prior, tolerance=self.tolerance, max_steps=self.max_steps, n_jobs=self.n_jobs)
        units = [(padded, i, prior, optimum.image, n_samples, self.seed) for i, optimum in enumerate(optima)]
        samples = np.stack(run_units(_laplace_unit, units, n_jobs=self.n_jobs))
        modes = np.stack([optimum.image for optimum in optima])
        return Posterior(self._cropped(modes), self._cropped(samples), method)

    def _decode(self, counts: np.ndarray) -> np.ndarray:
        start = self._power_law_images(counts)
        return start if self.prior == "power_law" else self._split(counts, start)

    def _power_law_images(self, counts: np.ndarray) -> np.ndarray:
        padded, prior = self._padded(counts)
        self.optima = map_images(
            padded, prior, tolerance=self.tolerance, max_steps=self.max_steps, n_jobs=self.n_jobs,
            quiet=self.prior == "denoiser",
        )  # fmt: skip
        return self._cropped(np.stack([optimum.image for optimum in self.optima]))

    def _split(self, counts: np.ndarray, start: np.ndarray) -> np.ndarray:
        """Half-quadratic splitting from the image of the 1/f prior."""
        likelihood = self.model.image_likelihood(counts)
        x, z, draw = start, start, generator(self.seed, 89)
        for sigma in np.geomspace(*self.sigmas, self.n_steps):
            weight = self.prior_weight / sigma**2
            units = [(likelihood, i, QuadraticPrior.around(z[i], weight), x[i]) for i in range(len(counts))]
            x = np.stack(run_units(_split_unit, units, n_jobs=self.n_jobs))
            # a blind denoiser takes what is left for noise only if it looks like noise
            noisy = x + sigma * draw.standard_normal(x.shape) if self.add_noise else x
            z = self.denoiser.denoise(noisy, sigma)
        return x

    def _padded(self, counts: np.ndarray) -> tuple[Any, QuadraticPrior]:
        if self.law is None:
            raise ValueError("this MAPDecoder is not fitted. Call fit(None, images) with training images first.")
        height, width = self.model.mosaic.shape
        likelihood = self.model.image_likelihood(counts)
        wide = padded_filters(likelihood.filters, (height, width), self.pad)
        prior = QuadraticPrior.power_law(self.law, (height + 2 * self.pad, width + 2 * self.pad))
        return _with_filters(likelihood, wide), prior

    def _cropped(self, images: np.ndarray) -> np.ndarray:
        pad = self.pad
        return images[..., pad : images.shape[-2] - pad, pad : images.shape[-1] - pad]

    def _state(self) -> State:
        if self.law is None:
            raise ValueError("this MAPDecoder is not fitted. Call fit(None, images) first.")
        if self.denoiser is not None and not hasattr(self.denoiser, "arrays"):
            raise ValueError("this denoiser cannot be saved; keep its own file and make the decoder again.")
        model, arrays = model_state(self.model)
        names = ("prior", "exponent", "tolerance", "max_steps", "pad", "prior_weight", "n_steps", "seed", "add_noise")
        settings = {name: getattr(self, name) for name in names}
        settings |= {"sigmas": list(self.sigmas), "model": model, "law": vars(self.law), "channels": None}
        kept = {f"model/{key}": value for key, value in arrays.items()}
        if self.denoiser is not None:
            settings["channels"] = list(self.denoiser.channels)
            kept |= {f"denoiser/{key}": value for key, value in self.denoiser.arrays().items()}
        return settings, kept

    @classmethod
    def _from_state(cls, settings: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> MAPDecoder:
        from neurogeom.decoding.denoisers import TrainedDenoiser

        given = dict(settings)
        model, law = model_from_state(given.pop("model"), under("model", arrays)), PowerLaw(**given.pop("law"))
        channels = given.pop("channels")
        denoiser = None if channels is None else TrainedDenoiser.from_arrays(channels, under("denoiser", arrays))
        decoder = cls(model, denoiser=denoiser, sigmas=tuple(given.pop("sigmas")), **given)
        decoder.law = law
        return decoder


def map_images(
    likelihood: Any,
    prior: QuadraticPrior,
    *,
    start: Any = None,
    tolerance: float = 1e-4,
    max_steps: int = 60,
    n_jobs: int | None = 1,
    quiet: bool = False,
) -> list[Optimum]:
    """Return the most probable image of each set of spikes under any likelihood, such as that of a GLM.

    Parameters
    ----------
    likelihood : ImageLikelihood
        From ``model.image_likelihood(counts)``.
    prior : QuadraticPrior
        On the pixels of the likelihood's filters.
    start : array-like, shape (n, height, width), optional
        The prior's mean by default.
    tolerance : float
        Relative gradient norm at which an image is done.
    max_steps : int
    n_jobs : int or None
    quiet : bool
        Whether not to warn of images that are not done.

    Returns
    -------
    list of Optimum

    Raises
    ------
    TypeError, ValueError
        Wrong tolerance or counts.

    Examples
    --------
    >>> from neurogeom.retina import Mosaic
    >>> model = LNP(Mosaic.from_counts({"on_midget": 16}, (12, 12), seed=0), nonlinearity="softplus")
    >>> prior = QuadraticPrior(np.zeros((12, 12)), np.full((12, 12), 25.0))
    >>> map_images(model.image_likelihood(np.ones((1, 16))), prior)[0].converged
    True
    """
    check_real("tolerance", tolerance, minimum=0.0, strict=True)
    starts = [prior.mean] * len(likelihood) if start is None else list(np.asarray(start, dtype=float))
    # the exact curvature is positive and faster where the loss is convex; Fisher's keeps Newton's method safe elsewhere
    units = [(likelihood, i, prior, starts[i], tolerance, max_steps) for i in range(len(likelihood))]
    optima = run_units(_newton_unit, units, n_jobs=n_jobs)
    open_ones = [optimum for optimum in optima if not optimum.converged]
    if open_ones and not quiet:
        worst = max(optimum.relative_gradient for optimum in open_ones)
        warn(
            f"{len(open_ones)} of {len(optima)} images stopped before the gradient had fallen by {tolerance:g} "
            f"(largest relative gradient {worst:.1e}). Raise max_steps or tolerance; a logistic loss is not convex.",
            ConvergenceWarning,
        )
    return optima


def _newton_unit(
    likelihood: Any, index: int, prior: QuadraticPrior, start: np.ndarray, tolerance: float, max_steps: int
) -> Optimum:
    options = {"tolerance": tolerance, "max_steps": max_steps, "exact": bool(likelihood.is_convex)}
    return newton(likelihood, index, prior, start, **options)  # type: ignore[arg-type]


def _split_unit(likelihood: Any, index: int, prior: QuadraticPrior, start: np.ndarray) -> np.ndarray:
    return newton(likelihood, index, prior, start, max_steps=2, exact=bool(likelihood.is_convex)).image


def _laplace_unit(
    likelihood: Any, index: int, prior: QuadraticPrior, image: np.ndarray, n_samples: int, seed: int
) -> np.ndarray:
    return laplace_samples(likelihood, index, prior, image, n_samples=n_samples, seed=seed)


def _with_filters(likelihood: Any, filters: Any) -> Any:
    from dataclasses import replace

    return replace(likelihood, filters=filters)
