"""Commands and their options; the work is done in the other files of this room, which load when a command runs."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from neurogeom.cli.errors import clear_errors

METHODS = ("glue", "mean-field", "simulated")


if TYPE_CHECKING:
    _Choice = click.Choice[str]
else:
    _Choice = click.Choice  # generic from click 8.2 on


class _Method(_Choice):
    """Names of measures; those of Python, with an underscore, are understood too."""

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the name as the command line spells it."""
        return super().convert(value.replace("_", "-"), param, ctx)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="neurogeom", prog_name="neurogeom")
def cli() -> None:
    """Geometry of neural populations: how many classes a population can read out, and why."""


def main() -> None:
    """Run the command line: errors in one line, exit codes 1 (failed), 2 (wrong usage) and 130 (interrupted).

    Examples
    --------
    >>> from click.testing import CliRunner
    >>> CliRunner().invoke(cli, ["info"]).exit_code
    0
    """
    sys.exit(cli())


def _common(command: Callable[..., Any], *, resumes: bool = True) -> Callable[..., Any]:
    """Give a command ``--debug``, and errors that fit on a line."""

    @click.option("--debug", is_flag=True, help="Show where an error came from.")
    @functools.wraps(command)
    def wrapped(*, debug: bool, **options: Any) -> Any:
        with clear_errors(debug=debug, resumes=resumes):
            return command(**options)

    return wrapped


_seed = click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Seed of all draws.")
_n_jobs = click.option("--n-jobs", type=click.IntRange(min=1), help="Workers; all cores by default.")


@cli.command()
@click.option(
    "--out", type=click.Path(file_okay=False, path_type=Path), default=Path("neurogeom-demo"), show_default=True,
    help="Folder for what is written.",
)  # fmt: skip
@_seed
@click.option("--quick", is_flag=True, help="Fewer samples: a first look in a few seconds, with wider intervals.")
@_n_jobs
@_common
def demo(out: Path, seed: int, quick: bool, n_jobs: int | None) -> None:
    """Train a small network on handwritten digits and follow their geometry through its layers.

    Takes about a minute and no network connection. Writes an HTML report, figures, a netCDF file and a CSV table.
    """
    from neurogeom.cli.demo import run

    run(out, seed=seed, quick=quick, n_jobs=n_jobs, say=click.echo)


@cli.command()
@click.argument("responses", type=click.Path(path_type=Path))
@click.option("--labels", metavar="COORD|FILE", help="Coordinate with the classes, or a .npy, .csv or .txt file.")
@click.option(
    "--method", "methods", type=_Method(METHODS), multiple=True, default=("glue",), show_default=True,
    help="Measure; may be given more than once.",
)  # fmt: skip
@click.option("--layer", metavar="GLOB", help="Layers to analyze, where neuroids have a coordinate 'layer': 'conv*'.")
@click.option(
    "--out", type=click.Path(file_okay=False, path_type=Path), default=Path("neurogeom-capacity"), show_default=True,
    help="Folder for what is written.",
)  # fmt: skip
@click.option("--variable", metavar="NAME", help="Which array, where the file holds several.")
@click.option("--average", metavar="COORD", help="Average presentations that share this coordinate into one point.")
@_seed
@click.option("--n-samples", type=click.IntRange(min=2), help="Samples (trials of 'simulated'); the measure's default.")
@click.option("--backend", default="auto", show_default=True, help="Kernels: auto, cpu or reference.")
@_n_jobs
@click.option(
    "--dichotomies", metavar="RULE",
    help="For glue and simulated: balanced (default), random or one_vs_rest; for glue also pairwise.",
)  # fmt: skip
@click.option("--margin", type=click.FloatRange(min=0.0), help="Margin κ of the readout, 0 by default.")
@click.option(
    "--origin", type=click.Choice(["given", "mean"]),
    help="For glue and simulated: where the readout passes through; 'mean' subtracts the mean of all points.",
)  # fmt: skip
@click.option(
    "--center-correction", type=click.Choice(["low_rank"]),
    help="For mean-field: take out what the centers of the manifolds share.",
)  # fmt: skip
@click.option(
    "--uncertainty", type=click.Choice(["neuroids", "subjects", "points", "trials", "none"]),
    default="none", show_default=True,
    help="What intervals are over; 'none' gives Monte-Carlo errors only.",
)  # fmt: skip
@_common
def capacity(responses: Path, out: Path, methods: tuple[str, ...], **options: Any) -> None:
    """Capacity and geometry of the classes in RESPONSES (.nc, .zarr, .npz, .npy or .h5), by layer where it has layers.

    Writes an HTML report, figures, a netCDF file and a CSV table. A run that was stopped goes on where it stopped when
    the same command is given again.
    """
    from neurogeom.cli.capacity import run

    run(responses, out, methods=list(dict.fromkeys(methods)), say=click.echo, **options)


_out = functools.partial(click.option, "--out", type=click.Path(file_okay=False, path_type=Path), show_default=True)
_file = click.Path(path_type=Path)


class _SeveralFiles(click.Command):
    """A command whose ``--model`` and ``--recording`` take as many files as follow: ``--model a.nc b.nc``."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Repeat the flag before each further file."""
        spread: list[str] = []
        flag, is_first = "", False
        for part in args:
            if part.startswith("-"):
                flag, is_first = (part, True) if part in ("--model", "--recording") else ("", False)
                spread.append(part)
                continue
            spread += [part] if not flag or is_first else [flag, part]
            is_first = False
        return super().parse_args(ctx, spread)


@cli.command(cls=_SeveralFiles)
@click.option("--model", "models", type=_file, multiple=True, required=True, help="Features of a model, by layer.")
@click.option("--recording", "recordings", type=_file, multiple=True, required=True, help="Single trials.")
@click.option("--labels", metavar="COORD", required=True, help="Coordinate with the class of each stimulus.")
@_out(default=Path("neurogeom-compare"), help="Folder for what is written.")
@click.option("--method", type=click.Choice(["pls", "ridge"]), default="pls", show_default=True, help="Of prediction.")
@click.option("--n-points", type=click.IntRange(min=4), help="Stimuli per class for geometry; about N / classes.")
@click.option("--n-samples", type=click.IntRange(min=2), default=200, show_default=True, help="Samples of GLUE.")
@click.option("--n-resamples", type=click.IntRange(min=20), default=1000, show_default=True, help="Of the bootstrap.")
@click.option("--n-refits", type=click.IntRange(min=2), default=20, show_default=True, help="Of the jackknife.")
@_seed
@_n_jobs
@_common
def compare(models: tuple[Path, ...], recordings: tuple[Path, ...], labels: str, out: Path, **options: Any) -> None:
    """Compare models with recordings: reliability, prediction, capacity and geometry, in one report.

    --model and --recording take one or more files each: ``--model a.nc b.zarr --recording monkey.nc``. A run that was
    stopped goes on where it stopped when the same command is given again.
    """
    from neurogeom.cli.compare import run_compare

    run_compare(models, recordings, labels, out, say=click.echo, **options)


@cli.command()
@click.argument("features", type=_file)
@click.argument("recordings", type=_file)
@_out(default=Path("neurogeom-predict"), help="Folder for what is written.")
@click.option(
    "--method", type=click.Choice(["pls", "ridge", "banded_ridge", "one_to_one"]), default="pls", show_default=True,
    help="Regression; banded_ridge takes all layers together, each with its own penalty.",
)  # fmt: skip
@click.option("--n-components", type=click.IntRange(min=1), default=25, show_default=True, help="Of pls.")
@click.option(
    "--splits", type=click.Choice(["shuffle", "stratified", "leave_group_out", "within_group"]), default="shuffle",
    show_default=True, help="How stimuli are held out; all but shuffle need --groups or --stratify.",
)  # fmt: skip
@click.option("--n-splits", type=click.IntRange(min=2), default=10, show_default=True, help="Splits.")
@click.option("--groups", metavar="COORD", help="Groups of stimuli (texture family, object): adds their baseline.")
@click.option("--stratify", metavar="COORD", help="Strata that every split keeps (texture type).")
@click.option("--preset", type=click.Choice(["brainscore_2018", "brainscore_2025"]), help="Brain-Score's settings.")
@click.option("--ceiling", type=click.Choice(["split_half", "signal_power", "none"]), default="split_half",
              show_default=True, help="'none' where every stimulus was shown once.")  # fmt: skip
@click.option("--missing", type=click.Choice(["raise", "omit"]), default="raise", show_default=True, help="NaN trials.")
@click.option("--seed", type=click.IntRange(min=0), help="Seed of all draws; 0, or that of the preset, by default.")
@_n_jobs
@_common
def predict(features: Path, recordings: Path, out: Path, ceiling: str, **options: Any) -> None:
    """Predict RECORDINGS (single trials) from FEATURES, layer by layer where there are layers.

    A run that was stopped goes on where it stopped when the same command is given again.
    """
    from neurogeom.cli.compare import run_predict

    if options["seed"] is None and options["preset"] is None:
        options["seed"] = 0
    run_predict(features, recordings, out, say=click.echo, ceiling=None if ceiling == "none" else ceiling, **options)


@cli.command()
@click.argument("first", type=_file)
@click.argument("second", type=_file)
@click.option(
    "--labels", metavar="COORD", help="Coordinate with the classes: their alignment in each, and (4 or more) in both.",
)  # fmt: skip
@_out(default=Path("neurogeom-align"), help="Folder for what is written.")
@_seed
@functools.partial(_common, resumes=False)
def align(first: Path, second: Path, labels: str | None, out: Path, seed: int) -> None:
    """Alignment of two systems that saw the same stimuli, FIRST and SECOND: CKA, Procrustes, RSA.

    With --labels also how the classes are turned against each other in each of the two, and whether both place and turn
    them alike.
    """
    from neurogeom.cli.compare import run_align

    run_align(first, second, labels, out, seed=seed, say=click.echo)


@cli.group()
def retina() -> None:
    """Spikes of simulated ganglion cells from images, and images from spikes."""


@retina.command()
@click.argument("images")
@click.option("--out", type=_file, default=Path("spikes.h5"), show_default=True, help="HDF5 file for the spikes.")
@click.option("--size", type=click.IntRange(min=16), default=64, show_default=True, help="Width of the crops, pixels.")
@click.option("--n", type=click.IntRange(min=1), default=40, show_default=True, help="Number of crops.")
@click.option("--eccentricity", type=float, help="In mm of retina; the paper's numbers of cells by default.")
@click.option("--pixel-size", type=float, default=12.0, show_default=True, help="In micrometers of retina.")
@click.option("--nonlinearity", type=click.Choice(["logistic", "softplus", "exp"]), default="logistic",
              show_default=True, help="From drive to rate.")  # fmt: skip
@_seed
@_common
def simulate(images: str, out: Path, **options: Any) -> None:
    """Spikes of a mosaic of ganglion cells for crops of IMAGES: a folder, an HDF5 file, or 'packaged'.

    Writes spikes, images and the model to one HDF5 file, and an HTML report beside it.
    """
    from neurogeom.cli.retina import run_simulate

    run_simulate(images, out, say=click.echo, **options)


@retina.command()
@click.argument("spikes", type=_file)
@click.option("--decoder", type=click.Choice(["linear", "pointwise", "unet", "map", "map-denoiser"]), default="map",
              show_default=True, help="How.")  # fmt: skip
@click.option("--out", type=_file, default=Path("images.h5"), show_default=True, help="HDF5 file for the images.")
@click.option("--images", type=_file, help="For recorded spikes: HDF5 with the images that evoked them.")
@click.option("--n-train", type=click.IntRange(min=50), default=2000, show_default=True, help="Training crops.")
@click.option("--uncertainty", is_flag=True, help="Add the SD of each pixel (map only).")
@_seed
@_common
def decode(spikes: Path, out: Path, **options: Any) -> None:
    """Images from SPIKES: simulated ones (from 'neurogeom retina simulate'), or a recording with its --images.

    Writes decoded images to one HDF5 file, and an HTML report beside it.
    """
    from neurogeom.cli.retina import run_decode

    run_decode(spikes, out, say=click.echo, **options)


@cli.command()
@click.argument("images", type=_file)
@click.option(
    "--encoder", required=True, metavar="NAME[:PATH]",
    help="siglip2:PATH, vito:PATH, efficientnet_lite0, pixels, gabor, pyramid, vone, timm:NAME, ...",
)  # fmt: skip
@click.option("--layers", multiple=True, metavar="GLOB", help="Layers, such as 'blocks.*'; all of the encoder's own.")
@click.option("--out", type=_file, required=True, help="The zarr store to write; a run that was stopped goes on.")
@click.option("--pool", type=click.Choice(["mean", "map", "cls", "spatial"]), help="Pooling; the encoder's by default.")
@click.option("--project", metavar="N", help="Fewer units: '2048' or 'sparse:2048', or 'pca:100'.")
@click.option("--batch-size", type=click.IntRange(min=1), help="Images per forward pass; measured by default.")
@click.option("--device", default="auto", show_default=True, help="cpu, cuda or auto.")
@click.option("--on-error", type=click.Choice(["raise", "skip"]), default="raise", show_default=True,
              help="What to do with images that cannot be read.")  # fmt: skip
@click.option("--background", metavar="R,G,B", help="Color behind transparent images: 128,128,128.")
@click.option("--scale", type=click.FloatRange(min=0, min_open=True), help="White of 16-bit images: 65535.")
@click.option("--visual-degrees", type=click.FloatRange(min=0, min_open=True), help="Width of the network's input.")
@click.option(
    "--degrees", type=click.FloatRange(min=0, min_open=True), help="Width of the images as shown; puts them on gray."
)
@_seed
@_common
def encode(images: Path, encoder: str, layers: tuple[str, ...], out: Path, **options: Any) -> None:
    """Activations of an encoder for the folder IMAGES, as a store for 'capacity', 'predict' and 'compare'.

    Reads stimuli.csv (stimulus_id, filename, ...) where the folder has one; else names of sub-folders are object_name.
    """
    from neurogeom.cli.encode import run_encode

    project = options.pop("project")
    project = int(project) if project is not None and project.isdigit() else project
    run_encode(images, encoder, layers, out, say=click.echo, project=project, **options)


@cli.command()
@_common
def datasets() -> None:
    """List the public data sets that neurogeom knows, and whether their files are on this machine."""
    from neurogeom.cli.compare import cards_table

    click.echo(cards_table())


@cli.command()
@_common
def info() -> None:
    """Print versions, back ends and the cache folder, for a bug report."""
    from neurogeom.cli.info import report

    click.echo(report())
