"""Commands and their options; the work is done in the other files of this room, which load when a command runs."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from neurogeom.cli.errors import clear_errors

METHODS = ("glue", "mean-field", "simulated")


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


def _common(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command ``--debug``, and errors that fit on a line."""

    @click.option("--debug", is_flag=True, help="Show where an error came from.")
    @functools.wraps(command)
    def wrapped(*, debug: bool, **options: Any) -> Any:
        with clear_errors(debug=debug):
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
    "--method", "methods", type=click.Choice(METHODS), multiple=True, default=("glue",), show_default=True,
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
@click.option("--dichotomies", help="For glue: balanced (default), random, one_vs_rest or pairwise.")
@click.option("--margin", type=click.FloatRange(min=0.0), help="Margin κ of the readout, 0 by default.")
@click.option(
    "--uncertainty", type=click.Choice(["neuroids", "points", "trials", "none"]), default="none", show_default=True,
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


@cli.command()
@_common
def info() -> None:
    """Print versions, back ends and the cache folder, for a bug report."""
    from neurogeom.cli.info import report

    click.echo(report())
