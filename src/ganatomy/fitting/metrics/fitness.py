"""Whether samples fit: every metric beside its floor, none alone.

A floor has a mean f and a standard deviation s, what as many real points score on the same held-out ones. Of a value v

    off     how many s it lies on the bad side of f: (v - f) / s for distances, (f - v) / s for scores
    near    off <= SPREADS, or within the metric's bound: v <= bound f for distances, v >= bound f for scores
    wide    s >= WIDE |f|: real points scatter as much as they score, so that v / f means nothing; not judged by

Samples *fit* if they are near in every metric that they are judged by: one distance, and all others that have a bound
and are not wide. One number is no verdict: on 25 clusters a smear over all of them has the 2-Wasserstein distance of
real points, since that counts how many points each cluster happened to get, and covers an eighth of them.

Not guaranteed: that what fits is the distribution itself; a difference finer than n points show is not seen.
"""

import math
from collections.abc import Mapping

from ganatomy.fitting.metrics.catalogue import DISTANCES, METRICS, Floor

SPREADS = 3.0
"""Standard deviations of the floor within which real points themselves lie."""

WIDE = 0.5
"""Share of the floor from which its spread is too wide for a ratio: 2 floors would then be two spreads off."""


def is_wide(floor: Floor) -> bool:
    """Say whether real points scatter too widely for values to be judged against them; also where nothing is known.

    >>> is_wide(Floor(105, 113)), is_wide(Floor(0.0235, 0.0052)), is_wide(Floor(0.0, 0.0))
    (True, False, False)
    """
    return not math.isfinite(floor.mean) or not floor.spread <= WIDE * abs(floor.mean)


def spreads_off(name: str, value: float, floor: Floor) -> float:
    """Compute by how many of the floor's spreads a value lies on the bad side; below 0 on the good one.

    Where 1/2 is best, either side is bad. Without any spread the answer is 0 or infinite; it is nan for no number.

    >>> round(spreads_off("precision", 0.972, Floor(0.996, 0.003)), 1), spreads_off("mmd", 0.01, Floor(0.02, 0.005))
    (8.0, -2.0)
    """
    direction = METRICS[name].direction
    off = floor.mean - value if direction == "higher" else value - floor.mean
    off = abs(off) if direction == "half" else off
    if math.isnan(off) or math.isnan(floor.spread):
        return math.nan
    if not floor.spread:
        return math.copysign(math.inf, off) if off else 0.0
    return off / floor.spread


def is_near(name: str, value: float, floor: Floor) -> bool:
    """Say whether a value is near what real points score; what is no number is not.

    >>> is_near("precision", 0.972, Floor(0.996, 0.003)), is_near("coverage", 0.12, Floor(0.97, 0.01))
    (True, False)
    >>> is_near("wasserstein2", 0.05, Floor(0.02, 0.005)), is_near("components_found", 24, Floor(25, 0))
    (False, False)
    """
    bound, higher = METRICS[name].bound, METRICS[name].direction == "higher"
    if bound is not None and (value >= bound * floor.mean if higher else value <= bound * floor.mean):
        return True
    return spreads_off(name, value, floor) <= SPREADS


def distance_of(floor: Mapping[str, Floor]) -> str | None:
    """Return the first distance whose floor is not wide; None if there is none.

    >>> distance_of({"wasserstein2": Floor(105, 113), "energy_distance": Floor(0.5, 0.1)})
    'energy_distance'
    """
    return next((name for name in DISTANCES if name in floor and not is_wide(floor[name])), None)


def judged_by(floor: Mapping[str, Floor]) -> tuple[str, ...]:
    """List the metrics that a fit is judged by: one distance, and whatever else has a bound and no wide floor.

    >>> judged_by({"wasserstein2": Floor(105, 113), "energy_distance": Floor(0.5, 0.1), "recall": Floor(0.97, 0.01)})
    ('energy_distance', 'recall')
    """
    distance = distance_of(floor)
    others = [n for n in METRICS if n in floor and n not in DISTANCES and METRICS[n].bound is not None]
    return (*([] if distance is None else [distance]), *(name for name in others if not is_wide(floor[name])))


def shortfalls(values: Mapping[str, float], floor: Mapping[str, Floor]) -> tuple[str, ...]:
    """List the metrics that a fit is judged by and in which these values are not near; samples fit if there is none.

    >>> floor = {"wasserstein2": Floor(0.79, 0.1), "precision": Floor(0.99, 0.01), "coverage": Floor(0.97, 0.01)}
    >>> shortfalls({"wasserstein2": 0.8, "precision": 0.06, "coverage": 0.12}, floor)
    ('precision', 'coverage')
    """
    return tuple(name for name in judged_by(floor) if not is_near(name, values.get(name, math.nan), floor[name]))
