"""Point clouds of neural responses, one per condition, as one immutable object."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from neurogeom._core import clouds as parts
from neurogeom._core.random import generator, resolve_seed
from neurogeom._core.responses import as_name, group, hint, label_values, quoted, read_responses
from neurogeom._core.validation import check_count
from neurogeom._core.warnings import DegenerateInputWarning, warn
from neurogeom.io.fingerprint import fingerprint

__all__ = ["Manifolds", "as_manifolds"]

RANK_WORK_LIMIT = 2e9  # multiply-adds above which a repr leaves the rank out


class Manifolds:
    """Point clouds in one space of neuroids, one cloud per condition, of equal or unequal sizes.

    An object never changes: every method gives a new one. Points are kept as one read-only float64 array, so that
    clouds are views and cost nothing.

    Parameters
    ----------
    clouds : sequence of arrays (points, neuroids), or mapping from name to array
        One array per manifold. DataArrays keep their coordinates. Integers, booleans and float32 are accepted.
    names : sequence of str, optional
        One name per manifold; by default the mapping's keys, or '0', '1', ….
    neuroids : mapping of str to array (neuroids,), optional
        Coordinates of the neuroids, such as ``neuroid_id``, ``region``, ``layer``, ``subject``.

    Raises
    ------
    TypeError
        Where an array is not numeric, or one responses array is given in place of a list of clouds.
    ValueError
        For NaN or inf, an empty cloud, clouds with different numbers of neuroids, names that are not distinct.

    Warns
    -----
    UnevenSizesWarning
        The largest manifold has at least twice the points of the smallest.
    LayoutWarning
        Unlabelled clouds that each have more than four times as many points as neuroids: transposed?

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> manifolds = Manifolds({"cat": rng.normal(size=(5, 8)), "dog": rng.normal(size=(6, 8))})
    >>> manifolds.n_manifolds, manifolds.n_neuroids, manifolds.n_points.tolist()
    (2, 8, [5, 6])
    >>> manifolds.subsample(4, seed=1)["dog"].shape
    (4, 8)
    """

    _stacked: np.ndarray
    _offsets: np.ndarray
    _names: tuple[str, ...]
    _neuroid_coords: dict[str, np.ndarray]
    _point_coords: dict[str, np.ndarray]
    _trials: np.ndarray | None
    _trial_point: np.ndarray | None
    _history: tuple[str, ...]
    _cache: dict[str, Any]

    def __init__(
        self,
        clouds: Sequence[Any] | Mapping[Any, Any],
        names: Sequence[Any] | None = None,
        *,
        neuroids: Mapping[str, Any] | None = None,
    ) -> None:
        tables, names = parts.read_clouds(clouds, names)
        widths = [table.matrix.shape[1] for table in tables]
        if len(set(widths)) > 1:
            odd = next(i for i, width in enumerate(widths) if width != widths[0])
            raise ValueError(
                f"manifolds[0] has {widths[0]} neuroids, manifolds[{odd}] has {widths[odd]}. Every manifold needs the "
                "same neuroids in its second axis; transpose arrays of shape (neuroids, points)."
            )
        if neuroids is None:
            neuroids = parts.common_neuroids(tables, names)
        sizes = [len(table.matrix) for table in tables]
        self._fill(
            stacked=np.concatenate([table.matrix for table in tables]),
            sizes=sizes,
            names=names,
            neuroid_coords={str(key): parts.coordinate(value, key, widths[0]) for key, value in neuroids.items()},
            point_coords=parts.common_points(tables),
            history=parts.noise_history(tables),
        )
        parts.warn_uneven(self._names, self.n_points)
        if not any(table.labelled for table in tables) and not neuroids:
            parts.warn_layout(self.n_points, self.n_neuroids)

    @classmethod
    def from_labels(cls, responses: Any, labels: Any, *, average: Any = None) -> Manifolds:
        """Manifolds of responses whose presentations carry a class label.

        Parameters
        ----------
        responses : array or DataArray (presentations, neuroids)
        labels : array (presentations,) or str
            The class of each presentation, or the name of a presentation coordinate. Manifolds are in sorted order.
        average : array (presentations,) or str, optional
            Presentations of a class that share this value (``"stimulus_id"``) are averaged into one point. The single
            presentations are kept as ``trials``, for uncertainty over trials.

        Returns
        -------
        Manifolds

        Raises
        ------
        ValueError
            For labels of the wrong length or with missing entries, an unknown coordinate, NaN or inf in responses.

        Examples
        --------
        >>> import numpy as np
        >>> responses = np.arange(12.0).reshape(6, 2)
        >>> Manifolds.from_labels(responses, ["b", "a", "b", "a", "a", "b"]).names
        ('a', 'b')
        """
        table = read_responses(responses, labels=labels)
        codes, values = group(label_values(labels, table))
        order = np.argsort(codes, kind="stable")
        matrix, codes = table.matrix[order], codes[order]
        points = {key: value[order] for key, value in table.presentation.items()}
        trials: dict[str, Any] = {}
        history: tuple[str, ...] = ()
        if average is not None:
            stimuli = group(label_values(average, table, name="average")[order])[0]
            trials, matrix, codes, points = parts.average_trials(matrix, codes, stimuli, points)
            history = (f"averaged over {average!r}" if isinstance(average, str) else "averaged over presentations",)
        history = (*parts.noise_history([table]), *history)
        made = cls._make(
            stacked=matrix,
            sizes=np.bincount(codes, minlength=len(values)),
            names=[as_name(value) for value in values],
            neuroid_coords=dict(table.neuroid),
            point_coords=points,
            history=history,
            **trials,
        )
        parts.warn_uneven(made._names, made.n_points)
        return made

    # ---------------------------------------------------------------- what is inside

    @property
    def n_manifolds(self) -> int:
        """Number of manifolds P."""
        return len(self._names)

    @property
    def n_neuroids(self) -> int:
        """Ambient dimension N."""
        return int(self._stacked.shape[1])

    @property
    def n_points(self) -> np.ndarray:
        """Points of each manifold, shape (P,)."""
        return np.diff(self._offsets)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the manifolds."""
        return self._names

    @property
    def stacked(self) -> np.ndarray:
        """All points, manifold after manifold: read-only float64 (n, N)."""
        return self._stacked

    @property
    def offsets(self) -> np.ndarray:
        """Start of each manifold in ``stacked`` and the end of the last, shape (P + 1,)."""
        return self._offsets

    @property
    def membership(self) -> np.ndarray:
        """Index of the manifold of each stacked point, shape (n,)."""
        return np.repeat(np.arange(self.n_manifolds), self.n_points)

    @property
    def clouds(self) -> tuple[np.ndarray, ...]:
        """One read-only view (points, N) per manifold."""
        return tuple(self._stacked[start:stop] for start, stop in pairwise(self._offsets))

    @property
    def neuroid_coords(self) -> dict[str, np.ndarray]:
        """Coordinates of the neuroids, each of shape (N,)."""
        return dict(self._neuroid_coords)

    @property
    def point_coords(self) -> dict[str, np.ndarray]:
        """Coordinates of the stacked points, each of shape (n,)."""
        return dict(self._point_coords)

    @property
    def neuroid_ids(self) -> np.ndarray:
        """Names of the neuroids: coordinate ``neuroid_id``, or '0', '1', …; shape (N,)."""
        ids = self._neuroid_coords.get("neuroid_id", np.arange(self.n_neuroids))
        return np.array([as_name(value) for value in ids], dtype=object)

    @property
    def trials(self) -> np.ndarray | None:
        """Single presentations (n_trials, N) behind averaged points, or None."""
        return self._trials

    @property
    def trial_point(self) -> np.ndarray | None:
        """For each trial the index of its point in ``stacked``, or None."""
        return self._trial_point

    @property
    def history(self) -> tuple[str, ...]:
        """What was done to the points since they were given, e.g. ('centered', 'standardized')."""
        return self._history

    @property
    def fingerprint(self) -> str:
        """A hash of points, names and neuroids: equal content, equal fingerprint."""
        if "fingerprint" not in self._cache:
            parts = (self._stacked, self._offsets, list(self._names), list(self.neuroid_ids))
            self._cache["fingerprint"] = fingerprint(*parts)
        return self._cache["fingerprint"]

    @property
    def rank(self) -> int:
        """Numerical rank of the stacked points."""
        if "rank" not in self._cache:
            self._cache["rank"] = int(np.linalg.matrix_rank(self._stacked))
        return self._cache["rank"]

    def __len__(self) -> int:
        return self.n_manifolds

    def __iter__(self) -> Iterator[np.ndarray]:
        return iter(self.clouds)

    def __getitem__(self, key: int | str) -> np.ndarray:
        return self.clouds[self._index(key)]

    # ---------------------------------------------------------------- choosing

    def select_manifolds(self, selection: Sequence[int | str]) -> Manifolds:
        """Only these manifolds, by index or name, in this order.

        Examples
        --------
        >>> Manifolds({"a": [[0.0, 1.0]], "b": [[1.0, 0.0]]}).select_manifolds(["b"]).names
        ('b',)
        """
        chosen = [self._index(key) for key in np.asarray(selection, dtype=object).ravel()]
        if not chosen:
            raise ValueError("selection is empty. Give at least one index or name of a manifold.")
        rows = np.concatenate([np.arange(self._offsets[i], self._offsets[i + 1]) for i in chosen])
        return self._take(rows, self.n_points[chosen], [self._names[i] for i in chosen])

    def drop_small(self, min_points: int) -> Manifolds:
        """Without the manifolds that have fewer than ``min_points`` points.

        Raises
        ------
        ValueError
            Where no manifold is left.
        """
        min_points = check_count("min_points", min_points)
        keep = np.flatnonzero(self.n_points >= min_points)
        if not len(keep):
            raise ValueError(
                f"min_points={min_points} leaves no manifold: the largest has {self.n_points.max()} points. "
                f"Use min_points={self.n_points.max()} or less."
            )
        return self if len(keep) == self.n_manifolds else self.select_manifolds(list(keep))

    def select_points(self, selection: Any) -> Manifolds:
        """Only these points of each manifold.

        Parameters
        ----------
        selection : sequence of index arrays, one per manifold, or boolean array (n,) over the stacked points
        """
        chosen = parts.point_selection(selection, self._offsets, self._names)
        rows = np.concatenate([start + index for start, index in zip(self._offsets, chosen, strict=False)])
        return self._take(rows, [len(index) for index in chosen], self._names)

    def subsample(self, n_points: int, seed: int | None = None) -> Manifolds:
        """The same number of points from every manifold, drawn without replacement.

        Parameters
        ----------
        n_points : int
            Points per manifold.
        seed : int, optional
            Same seed, same points. The seed is kept in ``history``.

        Raises
        ------
        ValueError
            Where a manifold has fewer points.
        """
        n_points = check_count("n_points", n_points)
        small = np.flatnonzero(self.n_points < n_points)
        if len(small):
            raise ValueError(
                f"n_points={n_points} is more than {len(small)} of {self.n_manifolds} manifolds have (first: "
                f"{self._names[small[0]]!r} with {self.n_points[small[0]]}). Use n_points={self.n_points.min()} or "
                f"less, or drop them with manifolds.drop_small(min_points={n_points})."
            )
        seed = resolve_seed(seed)
        chosen = [
            np.sort(generator(seed, index).choice(size, n_points, replace=False))
            for index, size in enumerate(self.n_points)
        ]
        return self.select_points(chosen)._noted(f"subsampled to {n_points} points (seed {seed})")

    def select_neuroids(self, index: Any) -> Manifolds:
        """Only these neuroids, by integer indices (repeats allowed, as in a bootstrap), boolean mask or slice."""
        if isinstance(index, slice):
            index = np.arange(self.n_neuroids)[index]
        index = np.asarray(index)
        if index.dtype == bool and index.shape != (self.n_neuroids,):
            raise ValueError(f"index is a mask of shape {index.shape}; needed is ({self.n_neuroids},).")
        if index.dtype.kind not in "iub" or index.ndim != 1:
            raise TypeError("index needs integers, a boolean mask over neuroids, or a slice.")
        index = np.flatnonzero(index) if index.dtype == bool else index.astype(np.intp)
        if not len(index):
            raise ValueError("index chooses no neuroid. At least one is needed.")
        if index.min() < -self.n_neuroids or index.max() >= self.n_neuroids:
            raise ValueError(f"index goes outside the {self.n_neuroids} neuroids (largest: {index.max()}).")
        coords = {key: value[index] for key, value in self._neuroid_coords.items()}
        if "neuroid_id" not in coords:
            coords["neuroid_id"] = self.neuroid_ids[index]
        return self._mapped(lambda points: points[:, index], coords)

    def resample_trials(self, seed: int | None = None) -> Manifolds:
        """Each averaged point anew from its own trials, drawn with replacement (bootstrap of trials).

        Raises
        ------
        ValueError
            Where the points were not made with ``from_labels(..., average=...)``.
        """
        if self._trials is None or self._trial_point is None:
            raise ValueError(
                "manifolds keeps no single trials. Make it with Manifolds.from_labels(responses, labels, "
                'average="stimulus_id") from responses that repeat their stimuli.'
            )
        draws = generator(resolve_seed(seed)).random(len(self._trials))
        rows, point, counts = parts.redraw(self._trial_point, len(self._stacked), draws)
        trials = self._trials[rows]
        means = parts.sum_by(trials, point, len(counts)) / counts[:, None]
        return self._replaced(stacked=means, trials=trials, trial_point=point)

    # ---------------------------------------------------------------- changing coordinates

    def center(self) -> Manifolds:
        """Shifted so that the mean of all points is zero."""
        mean = self._stacked.mean(axis=0)
        return self._mapped(lambda points: points - mean, self._neuroid_coords)._noted("centered")

    def standardize(self) -> Manifolds:
        """z-scored: every neuroid has mean 0 and standard deviation 1 over all points; constant ones become 0."""
        mean, scale = self._stacked.mean(axis=0), self._stacked.std(axis=0)
        constant = scale <= 1e-12 * np.abs(self._stacked).max(axis=0)
        if constant.any():
            warn(
                f"{constant.sum()} of {self.n_neuroids} neuroids are constant over all points (first: "
                f"{quoted(self.neuroid_ids[constant][:3])}); standardize() leaves them at 0.",
                DegenerateInputWarning,
            )
        factor = np.where(constant, 0.0, 1.0 / np.where(constant, 1.0, scale))
        return self._mapped(lambda points: (points - mean) * factor, self._neuroid_coords)._noted("standardized")

    def project(self, n_dims: int, seed: int | None = None) -> Manifolds:
        """A Gaussian random projection to ``n_dims`` dimensions, scaled so that squared norms are kept on average.

        Parameters
        ----------
        n_dims : int
            Dimensions to keep, at most the number of neuroids.
        seed : int, optional
            Same seed, same projection.
        """
        n_dims = check_count("n_dims", n_dims)
        if n_dims > self.n_neuroids:
            raise ValueError(f"n_dims={n_dims} is more than the {self.n_neuroids} neuroids. Use at most that many.")
        seed = resolve_seed(seed)
        weights = generator(seed).standard_normal((self.n_neuroids, n_dims)) / np.sqrt(n_dims)
        ids = np.array([f"projection_{i}" for i in range(n_dims)], dtype=object)
        projected = self._mapped(lambda points: points @ weights, {"neuroid_id": ids})
        return projected._noted(f"projected to {n_dims} dimensions (seed {seed})")

    def to_responses(self) -> xr.DataArray:
        """All points as a DataArray (presentation, neuroid) with a coordinate ``manifold``: undoes ``from_labels``."""
        points = {key: ("presentation", value) for key, value in self._point_coords.items()}
        neuroids = {key: ("neuroid", value) for key, value in self._neuroid_coords.items()}
        label = ("presentation", np.repeat(np.array(self._names, dtype=object), self.n_points))
        coords = points | neuroids | {"manifold": label}
        return xr.DataArray(self._stacked.copy(), dims=("presentation", "neuroid"), coords=coords, name="responses")

    def to_dataframe(self) -> pd.DataFrame:
        """One row per manifold: points, norm of the center, mean norm of points, spread about the center."""
        rows = []
        for cloud in self.clouds:
            center = cloud.mean(axis=0)
            spread = np.sqrt(np.mean(np.sum((cloud - center) ** 2, axis=1)))
            rows.append((len(cloud), np.linalg.norm(center), np.linalg.norm(cloud, axis=1).mean(), spread))
        index = pd.Index(self._names, name="manifold")
        return pd.DataFrame(rows, index=index, columns=["n_points", "center_norm", "mean_point_norm", "spread"])

    # ---------------------------------------------------------------- how it shows

    def __repr__(self) -> str:
        return parts.as_text(self, RANK_WORK_LIMIT)

    def _repr_html_(self) -> str:
        return parts.as_html(self, RANK_WORK_LIMIT)

    # ---------------------------------------------------------------- making new ones

    @classmethod
    def _make(cls, **fields: Any) -> Manifolds:
        made = object.__new__(cls)
        made._fill(**fields)
        return made

    def _fill(
        self,
        *,
        stacked: np.ndarray,
        sizes: Sequence[int] | np.ndarray,
        names: Sequence[str],
        neuroid_coords: dict[str, np.ndarray],
        point_coords: dict[str, np.ndarray] | None = None,
        trials: np.ndarray | None = None,
        trial_point: np.ndarray | None = None,
        history: tuple[str, ...] = (),
    ) -> None:
        """Set all fields; the arrays handed in are not used by anyone else."""
        if len(set(names)) != len(names):
            twice = next(name for name in names if list(names).count(name) > 1)
            raise ValueError(f"names holds {twice!r} more than once. Give every manifold its own name.")
        stacked = np.ascontiguousarray(stacked, dtype=np.float64)
        fields = {
            "_stacked": parts.frozen(stacked),
            "_offsets": parts.frozen(np.concatenate([[0], np.cumsum(sizes)]).astype(np.intp)),
            "_names": tuple(names),
            "_neuroid_coords": {key: parts.frozen(value) for key, value in neuroid_coords.items()},
            "_point_coords": {key: parts.frozen(value) for key, value in (point_coords or {}).items()},
            "_trials": None if trials is None else parts.frozen(trials),
            "_trial_point": None if trial_point is None else parts.frozen(trial_point),
            "_history": tuple(history),
            "_cache": {},
        }
        for key, value in fields.items():
            object.__setattr__(self, key, value)

    def __setattr__(self, key: str, value: Any) -> None:
        raise AttributeError(f"Manifolds never change: cannot set {key!r}. Its methods give new Manifolds.")

    def __delattr__(self, key: str) -> None:
        raise AttributeError(f"Manifolds never change: cannot delete {key!r}.")

    def __reduce__(self) -> tuple[Any, ...]:
        return _remake, (self._parts(),)

    def _parts(self) -> dict[str, Any]:
        return {
            "stacked": self._stacked,
            "sizes": self.n_points,
            "names": self._names,
            "neuroid_coords": self._neuroid_coords,
            "point_coords": self._point_coords,
            "trials": self._trials,
            "trial_point": self._trial_point,
            "history": self._history,
        }

    def _replaced(self, **changes: Any) -> Manifolds:
        return self._make(**(self._parts() | changes))

    def _noted(self, what: str) -> Manifolds:
        return self._replaced(history=(*self._history, what))

    def _mapped(self, function: Any, neuroid_coords: dict[str, np.ndarray]) -> Manifolds:
        """One map of the space, applied to points and to the trials behind them."""
        trials = None if self._trials is None else function(self._trials)
        return self._replaced(stacked=function(self._stacked), trials=trials, neuroid_coords=neuroid_coords)

    def _take(self, rows: np.ndarray, sizes: Sequence[int] | np.ndarray, names: Sequence[str]) -> Manifolds:
        """The stacked points ``rows`` (each with its trials) as manifolds of these sizes."""
        changes: dict[str, Any] = {
            "stacked": self._stacked[rows],
            "sizes": sizes,
            "names": names,
            "point_coords": {key: value[rows] for key, value in self._point_coords.items()},
        }
        if self._trials is not None and self._trial_point is not None:
            taken, changes["trial_point"] = parts.trials_of(self._trial_point, rows, len(self._stacked))
            changes["trials"] = self._trials[taken]
        return self._replaced(**changes)

    def _index(self, key: Any) -> int:
        """Position of a manifold given by name or index."""
        if isinstance(key, str):
            if key not in self._names:
                raise KeyError(f"manifold {key!r} is unknown. {hint(key, self._names)}")
            return self._names.index(key)
        index = int(key)
        if not -self.n_manifolds <= index < self.n_manifolds:
            raise IndexError(f"manifold {index} is outside 0…{self.n_manifolds - 1}.")
        return index % self.n_manifolds


def as_manifolds(
    data: Any,
    labels: Any = None,
    *,
    minimum_points: int = 1,
    minimum_manifolds: int = 2,
    purpose: str = "this measure",
) -> Manifolds:
    """The door of every measure: Manifolds as they are, clouds or labelled responses turned into them, all checked.

    Parameters
    ----------
    data : Manifolds, sequence of arrays (points, neuroids), or responses (presentations, neuroids) with ``labels``
    labels : array (presentations,) or str, optional
        Class of each presentation, or the name of a coordinate; only with responses.
    minimum_points, minimum_manifolds : int
        What the measure needs.
    purpose : str
        What the error calls the measure.

    Returns
    -------
    Manifolds

    Raises
    ------
    TypeError
        Responses without labels, or Manifolds with labels.
    ValueError
        Too few manifolds or points, or all points identical.

    Examples
    --------
    >>> as_manifolds([[0.0, 1.0], [1.0, 2.0], [1.0, 0.0], [0.0, 2.0]], labels=["a", "a", "b", "b"]).n_points.tolist()
    [2, 2]
    """
    if isinstance(data, Manifolds):
        if labels is not None:
            raise TypeError("labels is given with Manifolds, which have their classes already. Leave labels out.")
        manifolds = data
        parts.warn_uneven(manifolds.names, manifolds.n_points)
    elif labels is not None:
        manifolds = Manifolds.from_labels(data, labels)
    else:
        manifolds = Manifolds(data)
    parts.warn_noise_history(manifolds.history)
    if manifolds.n_manifolds < minimum_manifolds:
        raise ValueError(
            f"manifolds holds {manifolds.n_manifolds} manifold ({manifolds.names[0]!r}); {purpose} needs at least "
            f"{minimum_manifolds}. Check that labels tell the classes apart."
        )
    small = np.flatnonzero(manifolds.n_points < minimum_points)
    if len(small):
        size = int(manifolds.n_points[small[0]])
        raise ValueError(
            f"manifolds[{small[0]}] ({manifolds.names[small[0]]!r}) has {size} point{'s' if size > 1 else ''}; "
            f"{purpose} needs at least {minimum_points} points per manifold. "
            f"Drop it with manifolds.drop_small(min_points={minimum_points})."
        )
    if len(manifolds.stacked) > 1 and (manifolds.stacked == manifolds.stacked[0]).all():
        raise ValueError(
            f"all {len(manifolds.stacked)} points are identical, so {purpose} is undefined. Check that responses "
            "were read correctly."
        )
    return manifolds


def _remake(fields: dict[str, Any]) -> Manifolds:
    return Manifolds._make(**fields)
