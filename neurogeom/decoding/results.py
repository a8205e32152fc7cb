"""Results of decoding."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from neurogeom.results import Result, register

LABELS: Mapping[str, tuple[str, str]] = {
    "mse": ("mean squared error", ""),
    "psnr": ("peak signal-to-noise ratio", "dB"),
    "ssim": ("SSIM (σ 1.5, range 1)", ""),
    "ms_ssim": ("multi-scale SSIM", ""),
    "spectral_error": ("spectral error", "log₁₀"),
    "mse_ratio": ("MSE over that of the reference", ""),
    "ssim_difference": ("SSIM less that of the reference", ""),
    "information": ("information per image", "bits"),
    "information_per_spike": ("information per spike", "bits"),
}


class DecodingResult(Result):
    """A result of this room: its figure is drawn by ``decoding.plots``."""

    labels: ClassVar[Mapping[str, tuple[str, str]]] = LABELS

    def plot(self, ax: Any = None, **options: Any) -> Any:
        """Draw the figure that suits the result.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; a new figure otherwise.
        **options
            For the functions of ``neurogeom.decoding.plots``.

        Returns
        -------
        matplotlib Axes
        """
        from neurogeom.decoding import plots

        return plots.plot(self, ax=ax, **options)


@register
class ReconstructionResult(DecodingResult):
    """Quality of reconstructions of one or more decoders, from :func:`neurogeom.decoding.evaluate`.

    Variables
    ---------
    mse, psnr, ssim, ms_ssim, spectral_error (+ _ci over source images) (decoder)
        Means over images.
    mse_difference, ssim_difference, mse_ratio (+ _ci), median_mse_difference (decoder)
        Paired with the reference: the same images, resampled together.
    image_mse, image_ssim, … (decoder, presentation)
    """

    kind: ClassVar[str] = "decoding.reconstruction"
    title: ClassVar[str] = "Reconstructions"
    headline: ClassVar[tuple[str, ...]] = ("mse", "psnr", "ssim", "ms_ssim", "spectral_error", "mse_ratio")


@register
class ConditionResult(DecodingResult):
    """Quality of one decoder over conditions (cell types dropped, spikes changed, images changed), from the analyses.

    Variables
    ---------
    mse, psnr, ssim, ms_ssim, spectral_error (+ _ci over source images) (condition)
    n_cells, spikes_per_image (condition)
    mse_ratio (+ _ci), ssim_difference (+ _ci) (condition)
        Paired with the first condition.
    """

    kind: ClassVar[str] = "decoding.conditions"
    title: ClassVar[str] = "Reconstructions over conditions"
    headline: ClassVar[tuple[str, ...]] = ("mse", "ssim", "mse_ratio", "ssim_difference")


@register
class InformationResult(DecodingResult):
    """What spikes tell about images, from :func:`neurogeom.decoding.information`.

    Variables
    ---------
    information, information_per_spike (+ _ci over source images)
        A lower bound from the Gaussian approximation of the decoder's error, in bits.
    band_information (band)
        Bits per image in bands of frequency, coordinate in cycles per pixel.
    spikes_per_image
    """

    kind: ClassVar[str] = "decoding.information"
    title: ClassVar[str] = "Information about images"
    headline: ClassVar[tuple[str, ...]] = ("information", "information_per_spike", "spikes_per_image")
