"""Measure samples that somebody made, against real points or a known distribution.

A file's samples are as many as they are, so of them two things are said: the value of all of them against all reference
points, as other tools compute it, and their value at the common size n, at which there is a floor to hold it against.

Shape letters: `N` samples, `M` reference points, `F` training points, `D` data dimensions, `n` the common size.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from ganatomy.errors import InputError
from ganatomy.fitting.metrics.catalogue import METRICS
from ganatomy.fitting.metrics.components import LabelledComponents, known_shares, shares_of
from ganatomy.fitting.metrics.copying import Copying
from ganatomy.fitting.metrics.measurement import Measurement, Measurements
from ganatomy.fitting.metrics.pairs import point_set, point_sets
from ganatomy.fitting.metrics.transport import is_matched_whole, subsample
from ganatomy.fitting.metrics.yardstick import (
    LIMIT,
    Reference,
    Scale,
    common_size,
    floor_of,
    units_of,
    warn_of_shared,
    warn_of_units,
)
from ganatomy.fitting.points.cloud import Cloud, load_points
from ganatomy.fitting.points.distributions import Distribution
from ganatomy.fitting.points.named import AnyPoints, find_source, named_points

ROUNDS = 8
"""Splits of the reference that values and floors are averaged over: 7 s of 2048 points each."""

ALL = 4096
"""The most points of each set of which `value` is; a random part of more (1 s, of which most is optimal transport)."""


def evaluate(
    samples: ArrayLike | Path,
    reference: AnyPoints,
    *,
    training: AnyPoints | None = None,
    resamples: int = ROUNDS,
    seed: int = 0,
    limit: int = LIMIT,
    scale: Scale = "std",
    variable: str | None = None,
    reference_variable: str | None = None,
    transpose: bool = False,
    reference_transpose: bool | None = None,
    labels: "str | ArrayLike | None" = None,
) -> Measurements:
    """Measure samples against reference points, or against a known distribution.

    In each of `resamples` rounds the reference is split at random: n of its points are held out, n others play
    the fresh points, and n of the samples are drawn, n = min(N, M // 2, limit).

        value = metric(all samples, all reference points), of `ALL` at most
        compared = mean of metric(n samples, held-out)
        floor, floor_spread = mean, standard deviation of metric(fresh, held-out)
        ratio = compared / floor

    Of a distribution n = min(N, limit) points are drawn to be held out, and n others to be fresh, in each round, so
    value and compared are one; the metrics that need a known density are measured too.

    Args:
        samples: (N, D), N >= 6: an array or a DataFrame, or a file's path.
        reference: real points, (M, D), M >= 12, likewise; or a distribution, or its name.
        training: the points (F, D) that the samples' model was trained on, if copies of them are to be noticed.
        resamples: the number of rounds, at least 2.
        seed: of the splits and draws.
        limit: the most points of each set that are used in a round.
        scale: "std" to measure each column in the reference's standard deviations; "raw" for the units of the data,
            which other tools use.
        variable: of files, as in `ganatomy.load_points`.
        reference_variable: of the reference and the training points, where it is another; "" for none.
        transpose: whether each column of the files' arrays is a point.
        reference_transpose: the same of the reference and the training points, where it is otherwise.
        labels: the component of each reference point, or where they stand, as in `ganatomy.fit`.

    Returns:
        The measurements, in the order of `METRICS`; without those that need a known density if there is none.

    Raises:
        InputError: files that cannot be read; what is no point sets of one dimension, or has too few points.

    >>> rng = np.random.default_rng(0)
    >>> measured = evaluate(rng.standard_normal((500, 2)) + [0.6, 0.8], rng.standard_normal((1000, 2)), resamples=2)
    >>> {name: round(measured[name].value, 2) for name in ("wasserstein2", "coverage", "two_sample_accuracy")}
    {'wasserstein2': 1.01, 'coverage': 0.7, 'two_sample_accuracy': 0.59}
    >>> from ganatomy.fitting.points.distributions import distribution
    >>> ring = distribution("ring").sample(400, seed=3)
    >>> evaluate(ring, "ring", resamples=2)["components_found"].value
    8.0
    """
    if seed < 0:
        raise InputError(f"`seed={seed}`: give a whole number, 0 or more")
    theirs = variable if reference_variable is None else reference_variable or None
    turned = transpose if reference_transpose is None else reference_transpose
    if isinstance(samples, str | Path):
        samples = load_points(samples, variable, transpose=transpose)
    samples = point_set(samples, "samples")
    cloud = _cloud(reference, theirs, turned, labels)
    samples, real = point_sets(samples, cloud.points)
    known = cloud.distribution
    half = len(samples) if known is not None else len(real) // 2
    size = common_size(len(samples), half, "samples and half the reference points", resamples, limit)
    units = units_of(real, scale)
    warn_of_units(real, scale, cloud.columns)
    rng = np.random.default_rng(seed)
    told = None if cloud.labels is None else LabelledComponents(real / units, cloud.labels)
    trained = None if training is None else point_sets(_cloud(training, theirs, turned).points, real)[0]
    values, floors, memories = [], [], []
    for heldout, fresh, rows in _rounds(real, known, size, resamples, rng, seed):
        against = Reference(heldout, known, units)
        values.append(_scored(against, told, subsample(samples, size, rng)))
        floors.append(against.values(fresh) | ({} if told is None else told.values_of_own(rows)))
        if trained is not None:
            memories.append(_scored(against, told, trained[rng.integers(len(trained), size=size)]))
    reused = 0.0 if known is not None else size / len(real)  # share of held-out points that two rounds have in common
    floor, memory = floor_of(floors, reused), floor_of(memories) if memories else {}
    every = {}
    if known is None:
        every = _scored(Reference(subsample(real, ALL, rng), None, units), told, subsample(samples, ALL, rng))
    measured = Measurements()
    for name in floor:
        measured[name] = Measurement.of(
            name,
            [value[name] for value in values],
            floor[name],
            common=0.5 * (size / len(samples) + reused),
            memory=memory[name].mean if name in memory else None,
            value=every.get(name),
        )
    if trained is not None:
        copying = Copying(trained / units, real / units)
        warn_of_shared(copying.shared, len(real))
        measured["copying"] = Measurement.of(
            "copying", [copying.value(samples / units)], copying.floor(len(samples)), memory=1.0
        )
    ordered = Measurements({name: measured[name] for name in METRICS if name in measured})
    ordered.size, ordered.scale = size, scale
    if known is None:
        ordered.given = len(samples), len(real)
        ordered.sizes = min(len(samples), ALL), min(len(real), ALL)
        ordered.evened = _evened(*ordered.sizes, samples.shape[1])
    if told is not None:
        ordered.components = tuple(
            shares_of(told.names, told.weights, told.shares(samples / units), len(samples), len(real))
        )
    elif known is not None and known.components is not None:
        ordered.components = tuple(known_shares(samples, known.components))
    return ordered


def _cloud(points: AnyPoints, variable: str | None, transpose: bool, labels: "str | ArrayLike | None" = None) -> Cloud:
    """Read points by name; of arrays only what every metric needs is asked: they may have a constant column."""
    if isinstance(points, str | Path):
        found = find_source(str(points))
        if isinstance(found, Path):
            return named_points(found, variable, labels=labels, transpose=transpose)
        points = found
    if isinstance(points, Distribution | Cloud) or labels is not None:
        return named_points(points, labels=labels)
    return Cloud(point_set(points, "reference points"), tuple(map(str, getattr(points, "columns", ()))))


def _rounds(
    real: np.ndarray,
    known: Distribution | None,
    size: int,
    resamples: int,
    rng: np.random.Generator,
    seed: int,
) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Yield held-out (n, D) and fresh points (n, D) of each round, and the latter's rows among the reference."""
    seeds = np.random.SeedSequence([seed, 1]).generate_state(resamples).tolist()  # apart from those that people give
    for own in seeds:
        if known is not None:
            drawn = known.sample(2 * size, own)
            yield drawn[:size], drawn[size:], np.arange(0)
        else:
            order = rng.permutation(len(real))
            yield real[order[:size]], real[order[size : 2 * size]], order[size : 2 * size]


def _evened(n: int, m: int, dimension: int) -> tuple[str, ...]:
    """List the metrics that compare equal numbers of n samples and m points, of which there are not."""
    whole = is_matched_whole(n, m, dimension, ALL)
    return () if n == m else (*["wasserstein2"] * (not whole), "two_sample_accuracy")


def _scored(against: Reference, told: LabelledComponents | None, samples: np.ndarray) -> dict[str, float]:
    """Compute all metrics of samples (N, D)."""
    return against.values(samples) | ({} if told is None else told.values(samples / against.units))
