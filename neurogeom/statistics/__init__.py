"""Intervals, tests and corrections, once for every room."""

from __future__ import annotations

from neurogeom.statistics.bootstrap import Bootstrap, bootstrap, resampled_indices
from neurogeom.statistics.correction import false_discovery, holm
from neurogeom.statistics.jackknife import (
    Jackknife,
    block_groups,
    delete_groups,
    jackknife,
    jackknife_error,
    jackknife_interval,
)
from neurogeom.statistics.permutation import (
    PermutationTest,
    permutation_p_value,
    permutation_test,
    permuted_indices,
)
from neurogeom.statistics.proportion import proportion_interval
from neurogeom.statistics.quantiles import median_interval, quantile_interval

__all__ = [
    "Bootstrap",
    "Jackknife",
    "PermutationTest",
    "block_groups",
    "bootstrap",
    "delete_groups",
    "false_discovery",
    "holm",
    "jackknife",
    "jackknife_error",
    "jackknife_interval",
    "median_interval",
    "permutation_p_value",
    "permutation_test",
    "permuted_indices",
    "proportion_interval",
    "quantile_interval",
    "resampled_indices",
]
