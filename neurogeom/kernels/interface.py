"""The doors of the kernels: check, pick the back end, hand over."""

from __future__ import annotations

from collections.abc import Sequence
from types import ModuleType

import numpy as np

from neurogeom._core.validation import check_option
from neurogeom.kernels import sizes
from neurogeom.kernels.problem import as_float_matrix, as_signs, make_problem
from neurogeom.kernels.solution import ConeSolution, CriticalDimension, Separability

BACKENDS = ("auto", "cpu", "reference")


def resolve_backend(name: str, n_points: int, n_neuroids: int, n_samples: int) -> str:
    """Name of the back end that will solve a problem of this size.

    Parameters
    ----------
    name : {"auto", "cpu", "reference"}
    n_points, n_neuroids, n_samples : int
        Size of the problem.

    Returns
    -------
    str
        ``"cpu"`` or ``"reference"``.

    Raises
    ------
    ValueError
        If the name is unknown.

    Examples
    --------
    >>> resolve_backend("auto", 500, 100, 200)
    'cpu'
    """
    name = check_option("backend", name, BACKENDS)
    return "cpu" if name == "auto" else name


def project(
    points: np.ndarray,
    targets: np.ndarray,
    signs: np.ndarray | None = None,
    *,
    margin: float = 0.0,
    backend: str = "auto",
    n_jobs: int | None = None,
) -> ConeSolution:
    """Project targets on the cones (polyhedra, at a positive margin) of signed points.

    For each sample, with A = diag(signs) points, the nearest v to the target t such that A v <= -margin:

        F = min ‖v − t‖²  s.t.  A v ≤ −κ,   v = t − Aᵀλ,   λ = argmin_{λ≥0} ½‖Aᵀλ‖² − λᵀ(A t + κ),   F = ‖Aᵀλ‖².

    Parameters
    ----------
    points : array (n_points, n_neuroids)
    targets : array (n_samples, n_neuroids)
    signs : array of +1 and -1 (n_samples, n_points), optional
        All +1 if not given.
    margin : float
        κ, in the units of the points.
    backend : {"auto", "cpu", "reference"}
    n_jobs : int, optional
        Number of threads; all cores if not given. The result does not depend on it.

    Returns
    -------
    ConeSolution

    Raises
    ------
    ValueError
        For wrong shapes, values that are not finite, signs other than ±1, a negative margin, an unknown back end,
        or a problem that does not fit in memory.

    References
    ----------
    Lawson & Hanson (1974), Solving Least Squares Problems, ch. 23 (the active-set method).

    Examples
    --------
    >>> solution = project([[1.0, 0.0]], [[2.0, 1.0], [-1.0, 3.0]])
    >>> solution.objective
    array([4., 0.])
    """
    problem = make_problem(points, targets, signs, margin=margin)
    name = resolve_backend(backend, problem.n_points, problem.n_neuroids, problem.n_samples)
    if name == "cpu":
        sizes.require([problem], n_jobs)
    return _module(name).project(problem, n_jobs=n_jobs)


def project_many(
    points_list: Sequence[np.ndarray],
    targets_list: Sequence[np.ndarray],
    signs_list: Sequence[np.ndarray | None] | None = None,
    *,
    margin: float = 0.0,
    backend: str = "auto",
    n_jobs: int | None = None,
) -> list[ConeSolution]:
    """Project on the cones of many independent clouds, each with its own targets.

    Parameters
    ----------
    points_list : sequence of array (n_points, n_neuroids)
        Sizes may differ from cloud to cloud.
    targets_list : sequence of array (n_samples, n_neuroids)
    signs_list : sequence of array (n_samples, n_points) or None, optional
    margin, backend, n_jobs
        As in `project`.

    Returns
    -------
    list of ConeSolution

    Raises
    ------
    ValueError
        As in `project`, or if the lists differ in length.

    Examples
    --------
    >>> [one.objective for one in project_many([[[1.0]], [[-1.0]]], [[[2.0]], [[2.0]]])]
    [array([4.]), array([0.])]
    """
    signs_list = [None] * len(points_list) if signs_list is None else signs_list
    if not len(points_list) == len(targets_list) == len(signs_list):
        raise ValueError(
            f"points_list has {len(points_list)} clouds, targets_list {len(targets_list)}, signs_list "
            f"{len(signs_list)}. Give one of each per cloud."
        )
    problems = [
        make_problem(*triple, margin=margin) for triple in zip(points_list, targets_list, signs_list, strict=True)
    ]
    name = resolve_backend(backend, max((p.n_points for p in problems), default=1), 1, len(problems))
    if name == "cpu":
        sizes.require(problems, n_jobs)
    return _module(name).project_many(problems, n_jobs=n_jobs)


def separate(
    points: np.ndarray, signs: np.ndarray, *, backend: str = "auto", n_jobs: int | None = None
) -> Separability:
    """Decide whether signed points lie strictly on one side of a hyperplane through the origin, with a proof.

    Parameters
    ----------
    points : array (n_points, n_neuroids)
    signs : array of +1 and -1 (n_samples, n_points)
    backend, n_jobs
        As in `project`.

    Returns
    -------
    Separability

    Raises
    ------
    ValueError
        As in `project`.

    References
    ----------
    Gordan's theorem of the alternative; Lawson & Hanson (1974), ch. 23 (linear inequalities by non-negative
    least squares).

    Examples
    --------
    >>> separate([[1.0, 0.0], [0.0, 1.0], [-1.0, -1.0]], [[1, 1, -1], [1, 1, 1]]).status
    array([1, 0], dtype=int8)
    """
    points = as_float_matrix(points, "points")
    signs = as_signs(signs, len(np.atleast_1d(signs)), len(points))
    name = resolve_backend(backend, len(points), points.shape[1], len(signs))
    if name == "cpu":
        sizes.require_separation(points.shape[0], points.shape[1])
    return _module(name).separate(points, signs, n_jobs=n_jobs)


def critical_dimension(points: np.ndarray, signs: np.ndarray) -> CriticalDimension:
    """Smallest number of leading coordinates in which signed points separate strictly through the origin.

    The coordinates are nested, so separability is monotone in their number and bisection is exact. Nearly all of it
    runs without the interpreter lock: call it from threads, one dichotomy each.

    Parameters
    ----------
    points : array (n_points, n_coordinates)
    signs : array of +1 and -1 (n_points,)

    Returns
    -------
    CriticalDimension

    Raises
    ------
    ValueError
        As in `project`.

    Examples
    --------
    >>> critical_dimension([[1.0, 0.0], [1.0, 2.0]], [1, -1]).n_critical
    2.0
    """
    points = as_float_matrix(points, "points")
    signs = as_signs(np.asarray(signs)[None, :], 1, len(points))[0]
    sizes.require_separation(points.shape[0], points.shape[1], 3)
    return _module("cpu").critical_dimension(points, signs)


def _module(name: str) -> ModuleType:
    """The module of a back end, imported when first used: compilers and solvers take a second."""
    if name == "reference":
        from neurogeom.kernels import reference

        return reference
    from neurogeom.kernels import cpu

    return cpu
