"""Class decoding with cross-validation and cross-condition generalization."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
import xarray as xr

from neurogeom._core.clouds import warn_noise_history
from neurogeom._core.parallel import run_units
from neurogeom._core.random import generator, resolve_seed
from neurogeom._core.responses import ResponseTable, as_name, group, label_values, read_responses, warn_unreal_noise
from neurogeom._core.validation import check_count, check_option, check_real
from neurogeom._core.warnings import DegenerateInputWarning, collect, warn
from neurogeom.manifolds import Manifolds
from neurogeom.readout import decoders
from neurogeom.readout.results import ReadoutResult
from neurogeom.readout.splits import Split, check_classes, make_splits, select
from neurogeom.recordings.windows import check_time, over_time
from neurogeom.results import make_settings
from neurogeom.statistics import proportion_interval

DECODERS = ("lda", "logistic", "correlation")
LEVEL = 0.95
REFERENCES = {
    "lda": "Friedman 1989, Regularized discriminant analysis, J. Am. Stat. Assoc. 84:165.",
    "logistic": "Hastie, Tibshirani & Friedman 2009, The elements of statistical learning, section 4.4.",
    "correlation": "Meyers, Freedman, Kreiman, Miller & Poggio 2008, J. Neurophysiol. 100:1407.",
}


def classify(
    responses: Any,
    labels: Any = None,
    *,
    decoder: Any = "lda",
    splits: Any = 5,
    train: Any = None,
    test: Any = None,
    shrinkage: float | str = 0.3,
    penalty: float = 1.0,
    n_permutations: int = 0,
    window: float | None = None,
    step: float | None = None,
    seed: int | None = None,
    n_jobs: int | None = None,
) -> ReadoutResult:
    """How well a linear read-out names the class of responses that it was not trained on.

    Neuroids are z-scored by the training presentations of each split. With ``train`` and ``test`` the read-out is
    trained in one condition and tested in another; folds hold there too, so that a presentation, or a group of
    presentations, is never on both sides.

    Parameters
    ----------
    responses : array or DataArray (presentations, neuroids), or Manifolds
    labels : array (presentations,) or str
        Class of each presentation, or the name of a coordinate. Left out with Manifolds.
    decoder : {"lda", "logistic", "correlation"} or scikit-learn classifier
        Linear discriminant with shrinkage; multinomial logistic regression; the class mean with the largest Pearson
        correlation.
    splits : int, str, array (presentations,), scikit-learn splitter, or None
        Number of stratified folds; ``"leave_one_out"``; a coordinate or an array whose values are the folds (such as
        ``responses.repetition % 5``); a splitter; None trains once on ``train`` and tests once on ``test``.
    train, test : dict of coordinate to value(s), boolean mask, or indices, optional
        The presentations that may train and that are tested; all by default.
    shrinkage : float in [0, 1] or "auto"
        Of the linear discriminant's covariance; "auto" is Ledoit and Wolf's.
    penalty : float
        L2 penalty of the logistic regression.
    n_permutations : int
        Permutations of the labels for ``p``; 0 for none.
    window, step : float, optional
        For responses (presentations, neuroids, time_bin): length of a window and from one to the next, usually in ms;
        each time bin by itself if not given. The result has a leading dimension ``time``, with the same
        folds and permutations in all windows (:func:`neurogeom.recordings.over_time`).
    seed : int, optional
        Of the folds and permutations.
    n_jobs : int, optional
        Threads for permutations.

    Returns
    -------
    ReadoutResult
        ``accuracy`` with its interval, ``chance``, ``confusion``, per split and per presentation.

    Raises
    ------
    TypeError, ValueError
        Labels or selections that do not fit, fewer presentations of a class than folds, an unknown option, one class.

    Warns
    -----
    DegenerateInputWarning
        Where all presentations are identical.

    References
    ----------
    Friedman 1989; Meyers et al. 2008 (correlation classifier); Wilson 1927 (interval).

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> labels = np.repeat(["cat", "dog"], 30)
    >>> responses = rng.normal(size=(60, 10)) + 3 * (labels == "dog")[:, None]
    >>> classify(responses, labels, seed=0).accuracy
    1.0
    """
    arguments = dict(locals())
    if check_time(responses, window, step):
        return over_time(classify, **arguments)
    with collect() as read:
        table, values = _read(responses, labels)
    codes, classes = group(values)
    names = [as_name(value) for value in classes]
    if len(names) < 2:
        raise ValueError(f"labels holds one class only ({names[0]!r}); at least two are needed.")
    seed, n_permutations = resolve_seed(seed), check_count("n_permutations", n_permutations, minimum=0)
    decode = _decoder(decoder, shrinkage, penalty)
    train_mask, test_mask = select(train, table, "train"), select(test, table, "test")
    pairs = make_splits(splits, codes, table, train_mask, test_mask, seed)
    check_classes(pairs, codes, names)
    with collect() as notes:
        _warn_identical(table.matrix)
        [guesses] = run_units(_run_splits, [(table.matrix, codes, pairs, decode)], n_jobs=1)
        null = _permuted(table.matrix, codes, pairs, decode, seed, n_permutations, n_jobs)
    data = _pack(codes, names, pairs, guesses, null)
    settings = make_settings(
        decoder=decoder if isinstance(decoder, str) else repr(decoder),
        splits=_describe(splits),
        n_splits=len(pairs),
        train=_describe(train),
        test=_describe(test),
        shrinkage=shrinkage,
        penalty=penalty,
        n_permutations=n_permutations,
        window=window,
        step=step,
        seed=seed,
        uncertainty="presentations",
        level=LEVEL,
    )
    return ReadoutResult(data, settings, {}, (*read, *notes), tuple(_references(decoder)))


def _read(responses: Any, labels: Any) -> tuple[ResponseTable, np.ndarray]:
    """Responses and one label per presentation."""
    if isinstance(responses, Manifolds):
        if labels is not None:
            raise TypeError("labels is given with Manifolds, which have their classes already. Leave labels out.")
        names = np.array(responses.names, dtype=object)
        table = ResponseTable(responses.stacked, responses.point_coords, responses.neuroid_coords)
        warn_noise_history(responses.history)
        return table, names[responses.membership]
    if labels is None:
        raise TypeError("labels is missing: give one label per presentation, or the name of a coordinate.")
    table = read_responses(responses, labels=labels)
    warn_unreal_noise(table.noise_correlations)
    return table, label_values(labels, table)


def _warn_identical(matrix: np.ndarray) -> None:
    if (matrix == matrix[0]).all():  # of a silent time window too, so that this is no error
        warn(
            f"all {len(matrix)} presentations are identical, so that any class is a guess. Check that responses were "
            "read correctly.",
            DegenerateInputWarning,
        )


def _decoder(decoder: Any, shrinkage: float | str, penalty: float) -> decoders.Decoder:
    if hasattr(decoder, "fit") and hasattr(decoder, "predict"):
        return decoders.by_estimator(decoder)
    check_option("decoder", decoder, DECODERS)
    penalty = check_real("penalty", penalty, minimum=0.0, strict=True)
    if isinstance(shrinkage, str):
        check_option("shrinkage", shrinkage, ("auto",))
    else:
        shrinkage = check_real("shrinkage", shrinkage, minimum=0.0, maximum=1.0)
    if decoder == "lda":
        return partial(decoders.linear_discriminant, shrinkage=shrinkage)
    return partial(decoders.logistic, penalty=penalty) if decoder == "logistic" else decoders.correlation


def _run_splits(
    matrix: np.ndarray, codes: np.ndarray, pairs: Sequence[Split], decode: decoders.Decoder
) -> list[np.ndarray]:
    """Guessed code of each tested presentation, split by split."""
    guesses = []
    for rows, held_out in pairs:
        train, test = decoders.zscore_by_training(matrix[rows], matrix[held_out])
        known, local = np.unique(codes[rows], return_inverse=True)  # decoders count the classes of the training set
        guesses.append(known[decode(train, local, test)])
    return guesses


def _permuted(
    matrix: np.ndarray,
    codes: np.ndarray,
    pairs: Sequence[Split],
    decode: decoders.Decoder,
    seed: int,
    n_permutations: int,
    n_jobs: int | None,
) -> np.ndarray:
    """Accuracies with labels permuted among the presentations in use; folds stay as they are."""
    used = np.unique(np.concatenate([index for pair in pairs for index in pair]))

    def once(number: int) -> float:
        shuffled = codes.copy()
        shuffled[used] = generator(seed, 1, number).permutation(codes[used])
        found = _run_splits(matrix, shuffled, pairs, decode)
        hits = [guess == shuffled[held_out] for guess, (_, held_out) in zip(found, pairs)]
        return float(np.concatenate(hits).mean())

    if n_permutations == 0:
        return np.zeros(0)
    return np.array(run_units(once, [(number,) for number in range(n_permutations)], n_jobs=n_jobs))


def _pack(
    codes: np.ndarray, names: list[str], pairs: Sequence[Split], guesses: list[np.ndarray], null: np.ndarray
) -> xr.Dataset:
    n_classes = len(names)
    held_out, guess = np.concatenate([test for _, test in pairs]), np.concatenate(guesses)
    truth = codes[held_out]
    confusion = np.zeros((n_classes, n_classes), dtype=np.int64)
    np.add.at(confusion, (truth, guess), 1)
    n_tests = np.bincount(held_out, minlength=len(codes))
    n_hits = np.bincount(held_out, weights=guess == truth, minlength=len(codes))
    share = np.where(n_tests > 0, n_hits / np.maximum(n_tests, 1), np.nan)
    accuracy = float(np.mean(guess == truth))
    per_class = confusion.sum(axis=1)
    recall = np.diag(confusion)[per_class > 0] / per_class[per_class > 0]
    data = {
        "accuracy": accuracy,
        "accuracy_ci": ("bound", list(_interval(accuracy, int((n_tests > 0).sum())))),
        "balanced_accuracy": float(recall.mean()),
        "chance": float(per_class.max() / per_class.sum()),
        "balanced_chance": 1.0 / n_classes,
        "confusion": (("label", "predicted_label"), confusion),
        "split_accuracy": ("split", [float(np.mean(g == codes[test])) for g, (_, test) in zip(guesses, pairs)]),
        "split_n_test": ("split", [len(test) for _, test in pairs]),
        "presentation_accuracy": ("presentation", share),
    }
    if len(null):
        data["p"] = float((1 + np.sum(null >= accuracy - 1e-12)) / (1 + len(null)))
        data["null_accuracy"] = ("permutation", null)
    return xr.Dataset(data, coords={"bound": ["low", "high"], "label": names, "predicted_label": names})


def _interval(share: float, count: int) -> tuple[float, float]:
    """Wilson's interval; presentations that are tested several times count once."""
    return proportion_interval(round(share * count), count, level=LEVEL)


def _describe(value: Any) -> Any:
    """An argument for the settings: arrays and splitters as text."""
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, dict):
        return {str(key): [as_name(v) for v in np.atleast_1d(np.asarray(item))] for key, item in value.items()}
    if hasattr(value, "split"):
        return repr(value)
    array = np.asarray(value)
    return f"array of {array.size} {array.dtype}, {len(np.unique(array.astype(str)))} values"


def _references(decoder: Any) -> list[str]:
    own = [REFERENCES[decoder]] if isinstance(decoder, str) else []
    return [*own, "Wilson 1927, J. Am. Stat. Assoc. 22:209 (interval)."]
