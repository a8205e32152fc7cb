"""Errors on the command line: one clear line, a non-zero exit code, the traceback only when asked for."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click


@contextmanager
def clear_errors(*, debug: bool = False, resumes: bool = True) -> Iterator[None]:
    """Turn errors of a command into one line on stderr, and warnings into lines without file names.

    Parameters
    ----------
    debug : bool
        Let errors through as they are, with their traceback.
    resumes : bool
        Whether the command keeps what it had finished when it is interrupted.

    Raises
    ------
    click.ClickException
        Exit code 1, for any error of the command.
    click.exceptions.Exit
        Exit code 130, after Ctrl-C.

    Examples
    --------
    >>> with clear_errors():
    ...     raise ValueError("labels has 3 entries, responses has 4 presentations.")
    Traceback (most recent call last):
    ...
    click.exceptions.ClickException: labels has 3 entries, responses has 4 presentations.
    """
    try:
        with warnings.catch_warnings():
            if not debug:
                warnings.showwarning = _show  # type: ignore[assignment]  # put back by catch_warnings
            yield
    except KeyboardInterrupt as error:
        if debug:
            raise
        again = "goes on where this one stopped" if resumes else "starts anew"
        click.echo(f"\nInterrupted: no file is half-written. The same command {again}.", err=True)
        raise click.exceptions.Exit(130) from error
    except (click.exceptions.Exit, click.Abort, click.ClickException):
        raise
    except Exception as error:
        if debug:
            raise
        raise click.ClickException(_line(error)) from error


def _show(message: Any, category: type[Warning], filename: str, lineno: int, *rest: Any) -> None:
    """One line for a warning of ours; those of libraries are for developers."""
    from neurogeom._core.warnings import NeurogeomWarning

    if issubclass(category, NeurogeomWarning):
        click.echo(f"Warning: {message}", err=True)


def _line(error: Exception) -> str:
    """What an error says, on one line; an unexpected kind is named, and how to see more."""
    if isinstance(error, KeyError) and error.args:
        text = str(error.args[0])
    elif isinstance(error, OSError) and error.strerror:
        text = f"{error.strerror}: {error.filename}" if error.filename else error.strerror
    else:
        text = str(error)
    text = " ".join(text.split()) or type(error).__name__
    if isinstance(error, ValueError | TypeError | OSError | ImportError | KeyError):
        return text
    return f"{type(error).__name__}: {text} (unexpected; run again with --debug and report it)"
