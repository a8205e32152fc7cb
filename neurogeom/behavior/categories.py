"""From the 1,000 classes of ImageNet to the 16 categories that people chose from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from neurogeom._core.responses import quoted
from neurogeom._core.validation import as_responses_2d
from neurogeom.behavior.trials import CATEGORIES


def choose(probabilities: np.ndarray, classes: Mapping[str, Sequence[int]]) -> np.ndarray:
    """Return the category of each image: the largest mean probability over the classes of a category.

    The mean, not the sum: categories hold between one and over a hundred classes.

    Parameters
    ----------
    probabilities : ndarray, shape (images, classes)
        After the softmax over all classes.
    classes : dict of category to sequence of int
        Columns of each of the 16 categories.

    Returns
    -------
    ndarray of str, shape (images,)

    Raises
    ------
    ValueError
        A category that is missing, unknown or empty, or a column that is not there.

    References
    ----------
    Geirhos et al. 2018, NeurIPS (16-class-ImageNet); Geirhos et al. 2021, NeurIPS, appendix.

    Examples
    --------
    >>> classes = {name: [number] for number, name in enumerate(CATEGORIES)}
    >>> choose(np.eye(16)[[3, 0]], classes).tolist()
    ['bird', 'airplane']
    """
    values = as_responses_2d(probabilities, "probabilities")
    odd = sorted(set(CATEGORIES) ^ set(classes))
    if odd:
        raise ValueError(f"classes needs exactly the 16 categories; {quoted(odd)} are missing or unknown.")
    means = []
    for name in CATEGORIES:
        columns = np.asarray(classes[name])
        if not columns.size or columns.min() < 0 or columns.max() >= values.shape[1]:
            raise ValueError(f"classes[{name!r}] is empty or names a column outside 0 … {values.shape[1] - 1}.")
        means.append(values[:, columns].mean(axis=1))
    return np.array(CATEGORIES)[np.argmax(means, axis=0)]
