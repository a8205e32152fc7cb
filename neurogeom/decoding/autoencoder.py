"""Linear decoding followed by a convolutional network that was trained on other images than the ridge."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from neurogeom._core.random import resolve_seed
from neurogeom._core.validation import check_count, check_option, check_real
from neurogeom.decoding.base import Decoder, State
from neurogeom.decoding.files import under
from neurogeom.decoding.inputs import held_out, paired, source_folds
from neurogeom.decoding.linear import ALPHAS, LinearDecoder
from neurogeom.decoding.normal_equations import out_of_fold
from neurogeom.decoding.training import TrainingLog, TrainingPlan, predict, train
from neurogeom.io.fingerprint import fingerprint

ARCHITECTURES = ("unet", "paper")


class AutoencoderDecoder(Decoder):
    """Ridge, then a network that was trained on reconstructions of images that the ridge did not see.

    Source images are cut in folds; each is reconstructed by the ridge of the others, and the network learns from these.
    To decode, the ridge of all images comes first.

    ``architecture="paper"`` is the autoencoder of Parthasarathy, Batty et al. 2017 with active dropout and working
    batch normalization; "unet" a small residual U-Net, which needs far fewer images and steps.

    Parameters
    ----------
    architecture : {"unet", "paper"}
    epochs : int
    batch_size : int, optional
        16 for the U-Net, 32 for the paper's.
    learning_rate : float, optional
        2e-3 for the U-Net, 1e-3 for the paper's.
    width : float
        Share of the channels.
    patience : int
        Epochs without a gain of 0.1 % on the validation images after which training stops.
    alphas : sequence of float
        Of the :class:`LinearDecoder`.
    n_folds : int
        Of source images.
    device : {"cpu", "cuda"}
    seed : int, optional

    Raises
    ------
    ValueError
        An unknown architecture, a GPU where there is none.

    References
    ----------
    Parthasarathy, Batty et al. 2017, NIPS 30:6434; Ronneberger, Fischer & Brox 2015, MICCAI (U-Net).

    Examples
    --------
    >>> draw = np.random.default_rng(0)
    >>> images = draw.uniform(-0.5, 0.5, (60, 16, 16)).astype(np.float32)
    >>> counts = draw.poisson(np.exp(1 + images.reshape(60, 256)))
    >>> decoder = AutoencoderDecoder(epochs=1, width=0.25, alphas=[1.0], seed=0).fit(counts, images)
    >>> decoder.decode(counts[:2]).shape
    (2, 16, 16)
    """

    kind: ClassVar[str] = "autoencoder"

    def __init__(
        self,
        *,
        architecture: str = "unet",
        epochs: int = 8,
        batch_size: int | None = None,
        learning_rate: float | None = None,
        width: float = 1.0,
        patience: int = 6,
        alphas: Sequence[float] = ALPHAS,
        n_folds: int = 4,
        device: str = "cpu",
        seed: int | None = 0,
    ) -> None:
        super().__init__()
        self.architecture = check_option("architecture", architecture, ARCHITECTURES)
        small = architecture == "unet"
        self.epochs, self.patience = check_count("epochs", epochs), check_count("patience", patience)
        size = (16 if small else 32) if batch_size is None else batch_size
        self.batch_size = check_count("batch_size", size, minimum=2)
        rate = (2e-3 if small else 1e-3) if learning_rate is None else learning_rate
        self.learning_rate = check_real("learning_rate", rate, minimum=0.0, strict=True)
        self.width = check_real("width", width, minimum=0.0, strict=True)
        self.seed, self.n_folds = resolve_seed(seed), check_count("n_folds", n_folds, minimum=2)
        self.device = _check_device(device)
        self.linear = LinearDecoder(alphas=alphas, seed=self.seed)
        self.module: Any = None
        self.scale = (0.2, 0.0)
        self.log = TrainingLog()

    def fit(
        self,
        counts: Any,
        images: Any,
        *,
        checkpoint: str | os.PathLike[str] | None = None,
        progress: bool = False,
    ) -> AutoencoderDecoder:
        """Fit ridge and network.

        A fifth of the source images is kept from the network, to stop early.

        Parameters
        ----------
        counts : DataArray (presentation, neuroid[, time_bin]) or array-like (n, features)
        images : DataArray (presentation, y, x) or array-like (n, height, width)
            Height and width multiples of 16 for "paper", of 4 for "unet".
        checkpoint : path, optional
            A safetensors file that each epoch is written to; a run that was stopped goes on from it.
        progress : bool
            Show a bar over epochs.

        Returns
        -------
        AutoencoderDecoder
            Itself; ``log`` has the validation error of each epoch and the number of image-steps.

        Raises
        ------
        ValueError
            Images of a size that the network cannot take, too few images, a checkpoint of another run.
        """
        n, x, sources = paired(counts, images)
        factor = 16 if self.architecture == "paper" else 4
        if x.shape[1] % factor or x.shape[2] % factor:
            raise ValueError(f"images are {x.shape[1]} × {x.shape[2]} pixels; multiples of {factor} are needed.")
        if len(x) < 16:
            raise ValueError(f"images has {len(x)} images; at least 16 are needed, for ridge and network.")
        self.linear.fit(counts, images)
        folds = source_folds(sources, len(n), self.n_folds, self.seed + 2)
        guess = _clipped(out_of_fold(n, x, folds, float(self.linear.alpha or 0.0)), x.shape[1:])
        truth, check = x, held_out(sources, len(n), 0.2, self.seed + 3)
        self.scale = (float(truth.std()), float(truth.mean()))
        self.module = self._build()
        plan = TrainingPlan(self.epochs, self.batch_size, self.learning_rate, 0.4, self.patience, self.seed)
        identity = fingerprint(guess, truth, {key: str(value) for key, value in vars(plan).items()}, self.architecture)
        self.log = train(
            self.module, guess[~check], truth[~check], (guess[check], truth[check]), plan, checkpoint=checkpoint,
            identity=identity, progress=progress,
        )  # fmt: skip
        self._adopt(counts, n.shape[1], x.shape[1:], sources)
        return self

    def _build(self) -> Any:
        from neurogeom.decoding.networks import PaperAutoencoder, ResidualUNet
        from neurogeom.training.classifier import own_random_state

        with own_random_state(self.seed):
            if self.architecture == "paper":
                module: Any = PaperAutoencoder(width=self.width, image_sd=self.scale[0], image_mean=self.scale[1])
            else:
                module = ResidualUNet(channels=tuple(max(int(round(self.width * c)), 1) for c in (16, 32, 48)))
        return module.to(self.device)

    def _decode(self, counts: np.ndarray) -> np.ndarray:
        return predict(self.module, _clipped(self.linear.flat(counts), self.image_shape or ()))

    def _state(self) -> State:
        linear, arrays = self.linear._state()
        names = ("architecture", "epochs", "batch_size", "learning_rate", "width", "patience", "n_folds", "seed")
        settings = {name: getattr(self, name) for name in names}
        settings |= {"scale": list(self.scale), "linear": linear, "log": vars(self.log)}
        kept = {f"linear/{key}": value for key, value in arrays.items()}
        return settings, kept | {f"network/{k}": v.cpu().numpy() for k, v in self.module.state_dict().items()}

    @classmethod
    def _from_state(cls, settings: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> AutoencoderDecoder:
        import torch

        given = dict(settings)
        scale, linear, log = tuple(given.pop("scale")), given.pop("linear"), given.pop("log")
        decoder = cls(**given)
        decoder.scale, decoder.log = scale, TrainingLog(**log)
        decoder.linear = LinearDecoder._from_state(linear, under("linear", arrays))
        decoder.module = decoder._build()
        state = {key: torch.from_numpy(np.array(value)) for key, value in under("network", arrays).items()}
        decoder.module.load_state_dict(state)
        return decoder


def _clipped(flat: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Linear reconstructions as images, kept near their range so that an odd one does no harm."""
    return np.clip(flat, -1.0, 1.0).reshape(len(flat), *shape)


def _check_device(device: str) -> str:
    check_option("device", device, ("cpu", "cuda"))
    if device == "cuda":
        import torch

        if not torch.cuda.is_available():
            raise ValueError("device='cuda', but torch finds no GPU here. Use device='cpu', or a torch with CUDA.")
    return device
