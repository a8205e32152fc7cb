"""One result type for all measures: values with their errors, what they were made from, and a file that keeps it."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import pandas as pd
import xarray as xr

from neurogeom._core.describe import describe
from neurogeom._core.tidy import owner, rows, stacked
from neurogeom._core.validation import format_names
from neurogeom.io import read_groups, write_groups
from neurogeom.io.netcdf import with_plain_text
from neurogeom.io.plain import plain, software_versions
from neurogeom.io.store import register_reader

__all__ = ["Result", "concat", "kinds", "load", "make_settings", "register", "save_together"]

_FORMAT = "neurogeom result"
_FORMAT_TOGETHER = "neurogeom results"
_SUFFIXES = (".nc", ".nc4", ".h5")

AnyResult = TypeVar("AnyResult", bound="Result")
_REGISTRY: dict[str, type[Result]] = {}


@dataclass(frozen=True, eq=False, repr=False)
class Result:
    """Values of one measure with their errors, and everything needed to repeat the run.

    Variables are reached as attributes: a scalar as a number, others as DataArray. ``x_se`` is the Monte-Carlo error
    of ``x`` over samples; ``x_ci`` its confidence interval (dim ``bound``: low, high) over what
    ``settings["uncertainty"]`` names.

    Parameters
    ----------
    data : xarray.Dataset
        All values, with coordinates.
    settings : dict
        Every argument, also defaults; the seed, the resolved back end and versions (see :func:`make_settings`).
    diagnostics : dict
        What tells whether to trust the values: residuals, fallbacks, identities.
    warnings : tuple of str
        What was said during the run.
    references : tuple of str
        Where the measure comes from.

    Examples
    --------
    >>> result = Result(xr.Dataset({"capacity": 0.4, "capacity_se": 0.01}), make_settings(seed=0))
    >>> result.capacity
    0.4
    """

    data: xr.Dataset
    settings: Mapping[str, Any] = field(default_factory=dict)
    diagnostics: Mapping[str, Any] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    references: tuple[str, ...] = ()

    kind: ClassVar[str] = "result"
    version: ClassVar[int] = 1
    title: ClassVar[str] = "Result"
    headline: ClassVar[tuple[str, ...]] = ()
    labels: ClassVar[Mapping[str, tuple[str, str]]] = {}
    se_name: ClassVar[str] = "MC error"

    def __post_init__(self) -> None:
        if not isinstance(self.data, xr.Dataset):
            raise TypeError(f"data is a {type(self.data).__name__}; an xarray.Dataset is needed.")
        own = {*dir(type(self)), *(entry.name for entry in fields(self))}
        taken = sorted(own.intersection(map(str, self.data.variables)))
        if taken:
            raise ValueError(f"data has variables named like attributes of {type(self).__name__}: {taken}.")
        object.__setattr__(self, "data", with_plain_text(self.data))
        object.__setattr__(self, "settings", plain(self.settings, "settings"))
        object.__setattr__(self, "diagnostics", plain(self.diagnostics, "diagnostics"))
        object.__setattr__(self, "warnings", tuple(map(str, self.warnings)))
        object.__setattr__(self, "references", tuple(map(str, self.references)))

    def __getattr__(self, name: str) -> Any:
        # reached only where no field or method has the name; while unpacking a copy there is no data yet
        data = self.__dict__.get("data")
        if data is None or name.startswith("__") or name not in data.variables:
            known = ", ".join(map(str, data.data_vars)) if data is not None else ""
            raise AttributeError(f"{type(self).__name__} has no {name!r}. It has: {known}.", name=name, obj=self)
        variable = data[name]
        return variable.item() if variable.ndim == 0 else variable

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *map(str, self.data.variables)})

    def to_dataset(self) -> xr.Dataset:
        """Return a copy of the values with kind and settings as attributes, for use outside neurogeom.

        Returns
        -------
        xarray.Dataset
        """
        attributes = {"kind": self.kind, "settings": json.dumps(self.settings, ensure_ascii=False)}
        return self.data.copy(deep=True).assign_attrs(attributes)

    def to_dataframe(self) -> pd.DataFrame:
        """Return all values as a tidy table, one row for each value.

        Returns
        -------
        pandas.DataFrame
            Columns ``quantity``, one for each dimension and coordinate, ``value``, ``se`` (Monte-Carlo error),
            ``ci_low``, ``ci_high``; empty where it does not apply.
        """
        names = [str(name) for name in self.data.data_vars if owner(str(name), self.data) is None]
        return stacked([rows(self.data, name) for name in names])

    def summary(self) -> pd.DataFrame:
        """Return the headline values with errors and intervals.

        Returns
        -------
        pandas.DataFrame
            Columns ``value``, ``se``, ``ci_low``, ``ci_high``; a row for each quantity, and for each of its
            coordinates where it has any (after :func:`concat`).
        """
        frame = stacked([rows(self.data, name) for name in self._headline()])
        levels = [name for name in frame.columns if name in self.data.dims]
        return frame.set_index([*levels, "quantity"])[["value", "se", "ci_low", "ci_high"]]

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write everything to one netCDF file; an existing file is replaced once the new one is complete.

        Parameters
        ----------
        path : path
            Ends in ``.nc``.

        Returns
        -------
        pathlib.Path

        Raises
        ------
        ValueError
            For another ending.
        OSError
            If it cannot be written; an older file stays as it was.
        """
        _check_suffix(path)
        return write_groups(path, {"/": self.data, **self._tables()}, _attributes(self))

    def _tables(self) -> Mapping[str, xr.Dataset]:
        """Views of the data that are written as groups of their own, for other programs; `load` reads the whole."""
        return {}

    def plot(self, ax: Any = None, **options: Any) -> Any:
        """Draw the result; each kind says what.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw.
        **options
            For the drawing function of the kind.

        Returns
        -------
        matplotlib Axes

        Raises
        ------
        TypeError
            If this kind has no plot.
        """
        raise TypeError(f"{type(self).__name__} has no plot; its values are in to_dataframe().")

    def __repr__(self) -> str:
        return describe(self, self._headline()).to_text()

    def _repr_html_(self) -> str:
        return describe(self, self._headline()).to_html()

    def _headline(self) -> list[str]:
        """The headline variables that are there; all values that belong to the whole where none is declared."""
        declared = [name for name in self.headline if name in self.data]
        free = [str(n) for n, v in self.data.data_vars.items() if v.ndim == 0 and owner(str(n), self.data) is None]
        return declared or free


def register(cls: type[AnyResult]) -> type[AnyResult]:
    """Make a result class known under its ``kind``, so that :func:`load` finds it; used as a decorator.

    Parameters
    ----------
    cls : subclass of Result
        With ``kind = "<room>.<measure>"`` of its own.

    Returns
    -------
    type
        The class.

    Raises
    ------
    TypeError
        If it is no Result.
    ValueError
        If the kind is malformed or taken.

    Examples
    --------
    >>> class NoResult: ...
    >>> register(NoResult)
    Traceback (most recent call last):
    ...
    TypeError: NoResult is not a subclass of Result.
    """
    if not (isinstance(cls, type) and issubclass(cls, Result)):
        raise TypeError(f"{getattr(cls, '__name__', cls)} is not a subclass of Result.")
    if not re.fullmatch(r"[a-z0-9_]+(\.[a-z0-9_]+)+", cls.kind):
        raise ValueError(f"{cls.__name__}.kind is {cls.kind!r}; '<room>.<measure>' in lower case is needed.")
    known = _REGISTRY.get(cls.kind)
    if known is not None and (known.__module__, known.__qualname__) != (cls.__module__, cls.__qualname__):
        raise ValueError(
            f"kind {cls.kind!r} of {cls.__qualname__} is taken by {known.__module__}.{known.__qualname__}."
        )
    _REGISTRY[cls.kind] = cls
    return cls


def kinds() -> dict[str, type[Result]]:
    """Return the result classes of the rooms loaded so far, by kind.

    Returns
    -------
    dict of str to type

    Examples
    --------
    >>> isinstance(kinds(), dict)
    True
    """
    return dict(sorted(_REGISTRY.items()))


def save_together(results: Mapping[str, Result], path: str | os.PathLike[str]) -> Path:
    """Write several results to one netCDF file, a group for each, which :func:`load` reads by name.

    Parameters
    ----------
    results : mapping of str to Result
        The names are those of the groups.
    path : path
        Ends in ``.nc``; an existing file is replaced once the new one is complete.

    Returns
    -------
    pathlib.Path

    Raises
    ------
    ValueError
        For another ending, or a name that cannot be one of a group.
    OSError
        If it cannot be written; an older file stays as it was.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "results.nc"
    >>> _ = save_together({"one": Result(xr.Dataset({"capacity": 0.4})), "two": Result(xr.Dataset())}, path)
    >>> load(path, "one").capacity
    0.4
    """
    _check_suffix(path)
    odd = [name for name in results if not re.fullmatch(r"\w[\w .-]*", str(name))]
    if odd:
        raise ValueError(f"results has names that cannot name a group (first: {format_names(odd)}); use letters.")
    groups = {name: result.data.assign_attrs(_attributes(result)) for name, result in results.items()}
    return write_groups(path, groups, {"format": _FORMAT_TOGETHER})


def load(path: str | os.PathLike[str], name: str | None = None) -> Result:
    """Read a result that was written with ``save``, or one of those written with :func:`save_together`.

    Parameters
    ----------
    path : path
    name : str, optional
        Which of the results in the file, where it holds several.

    Returns
    -------
    Result
        Of the class that was saved, equal to the last bit.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is no result of neurogeom, is damaged, or was written by a newer version.

    Examples
    --------
    >>> load("no_such_file.nc")
    Traceback (most recent call last):
    ...
    FileNotFoundError: [Errno 2] there is no such file: 'no_such_file.nc'
    """
    groups, attributes = read_groups(path, only=None if name is None else ("/", f"/{name}"))
    data = groups.get("/", xr.Dataset())
    if attributes.get("format") == _FORMAT_TOGETHER:
        if f"/{name}" not in groups:
            groups = read_groups(path)[0]
        known = [group.strip("/") for group in groups if group != "/"]
        if name not in known:
            raise ValueError(
                f"{path} holds {len(known)} results: {format_names(known)}. Give one as name, not {name!r}."
            )
        data = groups[f"/{name}"]
        attributes, data = dict(data.attrs), data.drop_attrs(deep=False)
    elif name is not None:
        raise ValueError(f"{path} holds one result, which has no name; leave out name={name!r}.")
    if attributes.get("format") != _FORMAT:
        raise ValueError(
            f"{path} is netCDF, but not a result of neurogeom. Open it with xarray.open_dataset, or, if it holds "
            "responses, with neurogeom.recordings.load."
        )
    cls = _class_of(str(attributes.get("kind")), path)
    version, parts = _parts(attributes, path)
    if version > cls.version:
        raise ValueError(
            f"{path} holds {cls.kind} in version {version}, this neurogeom reads up to {cls.version}. "
            "Run: pip install --upgrade neurogeom."
        )
    return cls(data, **parts)


def concat(results: Iterable[AnyResult], **dim: Sequence[Any]) -> AnyResult:
    """Join results of one kind along a new leading dimension, such as layers, regions or time.

    Parameters
    ----------
    results : iterable of Result
        All of one kind, with the same variables.
    **dim : sequence
        The name of the new dimension and one value for each result: ``layer=["conv1", "conv2"]``.

    Returns
    -------
    Result
        Of the same kind. Settings that agree are kept, others become lists; ``diagnostics["per_<dim>"]`` has those of
        each result. Where coordinates differ (other neuroids in each layer), missing values are NaN.

    Raises
    ------
    TypeError, ValueError
        If kinds or variables differ, there is none, or the dimension is not one new name with one value each.

    Examples
    --------
    >>> one, two = Result(xr.Dataset({"capacity": 0.4})), Result(xr.Dataset({"capacity": 0.5}))
    >>> concat([one, two], layer=["conv1", "conv2"]).capacity.values
    array([0.4, 0.5])
    """
    items = list(results)
    name, values = _new_dim(items, dim)
    index = pd.Index(values, name=name)
    data = xr.concat(
        [item.data for item in items],
        dim=index,
        data_vars="all",
        coords="different",
        compat="equals",
        join="outer",
        combine_attrs="override",
    )
    data = data.transpose(name, ...)
    settings = _merged_settings([item.settings for item in items])
    diagnostics = {f"per_{name}": [dict(item.diagnostics) for item in items]}
    notes = [f"{value}: {message}" for value, item in zip(values, items) for message in item.warnings]
    references = dict.fromkeys(text for item in items for text in item.references)
    return type(items[0])(data, settings, diagnostics, tuple(notes), tuple(references))


def make_settings(**arguments: Any) -> dict[str, Any]:
    """Return settings for a result: the arguments in a form that a file can hold, with the versions in use.

    Parameters
    ----------
    **arguments
        Every argument of the measure, with its resolved value. Large arrays are kept as shape and fingerprint,
        manifolds as their fingerprint.

    Returns
    -------
    dict
        Also ``neurogeom_version`` and ``versions``.

    Raises
    ------
    TypeError
        If an argument cannot be described.

    Examples
    --------
    >>> make_settings(seed=7, margin=0.0)["seed"]
    7
    """
    versions = software_versions()
    described = plain(arguments, "settings", short_arrays=True)
    return {**described, "neurogeom_version": versions.pop("neurogeom"), "versions": versions}


def _class_of(kind: str, path: str | os.PathLike[str]) -> type[Result]:
    """The class registered for a kind; its room is loaded if it is one of ours, never a module named by the file."""
    if kind == Result.kind:
        return Result
    if kind not in _REGISTRY:
        import neurogeom

        room = kind.partition(".")[0]
        if room in neurogeom.__all__:
            getattr(neurogeom, room)
    if kind not in _REGISTRY:
        raise ValueError(f"{path} holds a result of kind {kind!r}, which this version of neurogeom does not know.")
    return _REGISTRY[kind]


def _check_suffix(path: str | os.PathLike[str]) -> None:
    if Path(path).suffix not in _SUFFIXES:
        raise ValueError(f"path={str(path)!r} does not end in .nc; a result is saved as netCDF.")


def _attributes(result: Result) -> dict[str, str]:
    """Everything but the values, as text that a file can hold."""
    attributes = {"format": _FORMAT, "kind": result.kind, "version": str(result.version)}
    for name in ("settings", "diagnostics", "warnings", "references"):
        attributes[name] = json.dumps(getattr(result, name), ensure_ascii=False)
    return attributes


def _parts(attributes: Mapping[str, str], path: str | os.PathLike[str]) -> tuple[int, dict[str, Any]]:
    """Version and everything but the values, out of a file's attributes."""
    kinds_of_parts = {"settings": dict, "diagnostics": dict, "warnings": list, "references": list}
    try:
        parts = {name: json.loads(attributes[name]) for name in kinds_of_parts}
        version = int(attributes["version"])
    except (KeyError, ValueError, TypeError) as error:
        raise ValueError(f"{path} is a damaged result: {error}.") from error
    for name, kind in kinds_of_parts.items():
        if not isinstance(parts[name], kind):
            raise ValueError(f"{path} is a damaged result: its {name} are a {type(parts[name]).__name__}.")
    return version, parts


def _new_dim(items: Sequence[Result], dim: Mapping[str, Sequence[Any]]) -> tuple[str, list[Any]]:
    if not items:
        raise ValueError("results is empty; at least one result is needed.")
    if len(dim) != 1:
        raise TypeError(f"one new dimension is needed, such as layer=[...]; {len(dim)} were given.")
    kinds_given = list(dict.fromkeys(type(item).__name__ for item in items))
    if len(kinds_given) > 1 or not isinstance(items[0], Result):
        raise TypeError(f"results are of different kinds ({', '.join(kinds_given)}); join those of one kind.")
    ((name, given),) = dim.items()
    values = [given] if isinstance(given, str) else list(given)
    if len(values) != len(items):
        raise ValueError(f"{name} has {len(values)} values for {len(items)} results; one for each is needed.")
    if len(set(values)) < len(values):
        raise ValueError(f"{name} holds a value twice; the results could not be told apart.")
    if any(name in item.data.variables or name in item.data.dims for item in items):
        raise ValueError(f"{name!r} is already a name in the results; choose another for the new dimension.")
    first = set(items[0].data.data_vars)
    for value, item in zip(values, items):
        odd = sorted(map(str, first.symmetric_difference(item.data.data_vars)))
        if odd:
            raise ValueError(
                f"the result for {name}={value!r} differs from the first in {len(odd)} variables (first: "
                f"{format_names(odd)}). Run all with the same options."
            )
    return name, values


def _merged_settings(all_settings: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    keys = dict.fromkeys(key for settings in all_settings for key in settings)
    columns = {key: [settings.get(key) for settings in all_settings] for key in keys}
    return {
        key: column[0] if all(value == column[0] for value in column) else column for key, column in columns.items()
    }


register_reader("result", load)
