"""The whole analysis of Kuoch et al. (2024) in one call: manifolds of models beside manifolds of cortex."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import xarray as xr

from neurogeom._core.random import resolve_seed
from neurogeom._core.responses import quoted
from neurogeom._core.validation import check_count, check_option
from neurogeom._core.warnings import collect
from neurogeom.alignment import kuoch2024_tables as tables
from neurogeom.alignment.directions import CENTERS
from neurogeom.alignment.kuoch2024_systems import System, read_systems
from neurogeom.alignment.results import KUOCH
from neurogeom.results import Result, make_settings, register

TABLES = ("mct", "alignment", "shuffled", "relative", "regression", "groups")


@register
class Kuoch2024(Result):
    """All tables of the analysis, over systems (layers of models, then regions).

    The tables ``mct``, ``alignment``, ``alignment_shuffled``, ``relative``, ``regression`` and ``groups`` are
    attributes and, in the file, groups of their own; the variables of ``data`` carry their names in front.
    """

    kind = "alignment.kuoch2024"
    title = "Manifold alignment analysis (Kuoch et al., 2024)"
    headline = ("mct_capacity", "mct_center_correlation", "alignment_mean_distance", "shuffled_mean")
    labels: ClassVar[Mapping[str, tuple[str, str]]] = {
        "mct_capacity": ("capacity", ""),
        "mct_center_correlation": ("center correlation", ""),
        "alignment_mean_distance": ("alignment distance d", ""),
        "shuffled_mean": ("d, labels shuffled", ""),
    }

    @property
    def mct(self) -> xr.Dataset:
        """Mean-field capacity, radius, dimension and center correlation of each system's object manifolds."""
        return self._table("mct")

    @property
    def alignment(self) -> xr.Dataset:
        """Distances of each system's category manifolds: d, d², excess, and their means."""
        return self._table("alignment")

    @property
    def alignment_shuffled(self) -> xr.Dataset:
        """Mean, spread, z and p of the distance under shuffled labels."""
        return self._table("shuffled")

    @property
    def relative(self) -> xr.Dataset:
        """Similarity of each system with each region in position, alignment and stimuli."""
        return self._table("relative")

    @property
    def regression(self) -> xr.Dataset:
        """Distances and read-outs of each feature for pairs of manifolds, with the rank correlations of figure 7."""
        return self._table("regression")

    @property
    def groups(self) -> xr.Dataset:
        """Differences of two groups of models with exact permutation p."""
        return self._table("groups")

    def plot(self, ax: Any = None, **options: Any) -> Any:
        """Draw one of the paper's figures.

        Parameters
        ----------
        ax : matplotlib Axes or sequence of Axes, optional
        **options
            ``figure="mct"|"alignment"|"relative"|"links"``, and options of :mod:`neurogeom.alignment.kuoch2024_plots`.

        Returns
        -------
        numpy.ndarray of matplotlib Axes
        """
        from neurogeom.alignment import kuoch2024_plots

        return kuoch2024_plots.plot(self, ax=ax, **options)

    def _table(self, name: str) -> xr.Dataset:
        names = {
            str(key): str(key).removeprefix(f"{name}_")
            for key in self.data.data_vars
            if str(key).startswith(f"{name}_")
        }
        return self.data[list(names)].rename(names)

    def _tables(self) -> Mapping[str, xr.Dataset]:
        named = {"alignment_shuffled" if name == "shuffled" else name: self._table(name) for name in TABLES}
        return {name: table for name, table in named.items() if table.data_vars}


def kuoch2024(
    model_responses: Mapping[str, Mapping[str, xr.DataArray]],
    neural_responses: Mapping[str, xr.DataArray],
    *,
    category: str = "category_name",
    object: str = "object_name",
    feature: str | Sequence[str] | None = None,
    groups: Mapping[str, str] | None = None,
    regression_by: str = "category",
    signal_components: int | None = None,
    alpha: float | str = 1.0,
    centers: str = "cosine_centered",
    center_correction: str | None = "low_rank",
    margin: float = 0.0,
    n_samples: int = 200,
    n_dims: int | None = None,
    n_shuffles: int = 20,
    n_splits: int = 10,
    n_bootstrap: int = 0,
    n_permutations: int = 1000,
    seed: int | None = None,
    n_jobs: int | None = None,
) -> Kuoch2024:
    """Manifold capacity, alignment and relative geometry of models' layers and of recorded regions, side by side.

    The paper leaves open how many manifolds capacity theory used (64 objects of 50 images fit its numbers), the layer
    of figure 6, the projection of layers, and the number of shuffles; these are arguments here.

    Parameters
    ----------
    model_responses : {model: {layer: DataArray (presentation, neuroid)}}
        With coordinate ``stimulus_id``; repeats of a stimulus are averaged.
    neural_responses : {region: DataArray (presentation, neuroid)}
        The same stimuli; the first region gives category, object and features of each.
    category, object : str
        Coordinates that name the superclass (for alignment and relative geometry, 4 or more) and the object (for
        capacity theory).
    feature : str or sequence of str, optional
        Numeric coordinates, such as size and position, for the links to regression (figure 7).
    groups : {model: group}, optional
        Two groups of models, such as supervised and unsupervised, to be compared.
    regression_by : {"category", "object"}
        Which manifolds the features are regressed in.
    signal_components : int, optional
        Components of signal and regression mismatch, against their saturation.
    alpha : float or "cv"
        Ridge penalty of the cross-regression.
    centers : {"cosine_centered", "pearson"}
        How class centers are correlated.
    center_correction : {"low_rank", None}
        Of capacity theory, as in the code that the paper used.
    margin, n_samples : float, int
        Of capacity theory (0 and, presumably, 200 in the paper).
    n_dims : int, optional
        Layers and regions with more neuroids are projected at random to this many dimensions, except for RSA.
    n_shuffles, n_splits : int
        For the shuffled control and the excess; see :func:`neurogeom.alignment.manifolds`.
    n_bootstrap : int
        Resamples of the neuroids of each region, for intervals of capacity theory and relative geometry: 0 for none,
        else at least 20.
        Intervals of distances are jackknife ones over points always.
    n_permutations : int
        Permutations of the categories for the p of relative geometry.
    seed : int, optional
    n_jobs : int, optional
        Threads; the numbers do not depend on it.

    Returns
    -------
    Kuoch2024
        Tables ``mct``, ``alignment``, ``alignment_shuffled``, ``relative``, and where asked ``regression``, ``groups``.

    Raises
    ------
    TypeError
        Responses that are no DataArray, or mappings of another form.
    ValueError
        Stimuli that differ between systems, unknown coordinates, fewer than 4 categories, groups that are not two.

    References
    ----------
    Kuoch, Chou, Parthasarathy, Dapello, DiCarlo, Sompolinsky & Chung (2024), PMLR 234:395-418.

    Examples
    --------
    >>> import numpy as np
    >>> import xarray as xr
    >>> rng = np.random.default_rng(0)
    >>> coords = {"stimulus_id": ("presentation", np.arange(48)),
    ...           "object_name": ("presentation", np.repeat(np.arange(8), 6)),
    ...           "category_name": ("presentation", np.repeat(np.arange(4), 12))}
    >>> def responses(n):
    ...     return xr.DataArray(rng.normal(size=(48, n)), dims=("presentation", "neuroid"), coords=coords)
    >>> result = kuoch2024({"net": {"top": responses(30)}}, {"IT": responses(20)}, n_samples=20, n_splits=2, seed=0)
    >>> result.mct.system.values.tolist(), result.relative.position.shape
    (['net/top', 'IT'], (2, 1))
    """
    features = [feature] if isinstance(feature, str) else list(feature or ())
    check_option("regression_by", regression_by, ("category", "object"))
    check_option("centers", centers, CENTERS)
    n_bootstrap = check_count("n_bootstrap", n_bootstrap, minimum=20 if n_bootstrap else 0)
    n_permutations, seed = check_count("n_permutations", n_permutations), resolve_seed(seed)
    common: dict[str, Any] = {"n_dims": n_dims, "seed": seed}
    with collect() as notes:
        systems = read_systems(model_responses, neural_responses, category=category, object=object, features=features)
        _check_classes(systems[0], groups, [system.model for system in systems if system.kind == "model"])
        values = tables.mct_table(
            systems, n_bootstrap=n_bootstrap, margin=margin, n_samples=n_samples, n_jobs=n_jobs,
            center_correction=center_correction, **common,
        )  # fmt: skip
        values |= tables.alignment_table(
            systems, n_shuffles=n_shuffles, n_splits=n_splits, uncertainty="points", n_jobs=n_jobs, **common
        )
        values |= tables.relative_table(
            systems, centers=centers, n_permutations=n_permutations, n_bootstrap=n_bootstrap, **common
        )
        coords = _coords(systems, features, regression_by)
        if features:
            values |= tables.regression_table(
                systems, features, by=regression_by, n_components=signal_components, alpha=alpha, **common
            )
        if groups is not None:
            found, names = tables.group_table(systems, groups, values)
            values, coords = values | found, coords | names
    used = [str(dim) for dims, _ in values.values() for dim in dims]
    kept = {key: value for key, value in coords.items() if key in used or isinstance(value, tuple)}
    settings = make_settings(
        category=category, object=object, feature=features, groups=None if groups is None else dict(groups),
        regression_by=regression_by, signal_components=signal_components, alpha=alpha, centers=centers,
        center_correction=center_correction, margin=margin, n_samples=n_samples, n_dims=n_dims, n_shuffles=n_shuffles,
        n_splits=n_splits, n_bootstrap=n_bootstrap, n_permutations=n_permutations, seed=seed, n_jobs=n_jobs,
        n_used=_counts(systems),
    )  # fmt: skip
    return Kuoch2024(xr.Dataset(values, coords=kept), settings, {}, tuple(notes), (KUOCH,))


def _check_classes(system: System, groups: Mapping[str, str] | None, models: Sequence[str]) -> None:
    n_categories = len(set(system.stimuli.category))
    if n_categories < 4:
        raise ValueError(
            f"category names {n_categories} classes; relative geometry correlates pairs of classes and needs 4."
        )
    if groups is None:
        return
    missing = [model for model in dict.fromkeys(models) if model not in groups]
    if missing:
        raise ValueError(
            f"groups leaves out {len(missing)} models (first: {quoted(missing[:3])}). Name a group for each."
        )
    names = sorted({str(groups[model]) for model in models})
    if len(names) != 2:
        raise ValueError(f"groups names {len(names)} groups ({quoted(names)}); two are compared.")


def _coords(systems: Sequence[System], features: Sequence[str], regression_by: str) -> dict[str, Any]:
    stimuli = systems[0].stimuli
    categories = sorted(set(stimuli.category))
    classes = categories if regression_by == "category" else sorted(set(stimuli.object))
    return {
        "system": [system.name for system in systems],
        **{
            f"system_{key}": ("system", [getattr(system, key) for system in systems])
            for key in ("kind", "model", "layer")
        },
        "region": [system.region for system in systems if system.kind == "region"],
        "category": categories,
        "other_category": categories,
        "bound": ["low", "high"],
        "feature": list(features),
        "manifold": classes,
        "other_manifold": classes,
        "link": list(tables.LINKS),
    }


def _counts(systems: Sequence[System]) -> dict[str, Any]:
    stimuli = systems[0].stimuli
    return {
        "stimuli": len(stimuli.ids),
        "categories": len(set(stimuli.category)),
        "objects": len(set(stimuli.object)),
        "neuroids": {system.name: int(system.responses.shape[1]) for system in systems},
    }
