"""One run, judged by all its metrics: does it come near, and when, does it stay, does it fit; or what went wrong.

With r_s = distance / floor at snapshot s (so in *floors*), the distance being the first whose floor is not too wide
(see `fitness.distance_of`), and the last quarter of the snapshots called *late*:

    near           r_s < CONVERGED; where the start is close, r_s < (1 + r_0) / 2, half of the way, or NEAREST;
                   and in every score that a fit is judged by at least HALF of what real points score
    converged_at   epoch of the first s with all of s .. S near, STAY of them at least; None if there is none
    late_ratio     median of late r              final_ratio  of the finished model, averaged over draws
    stability      standard deviation of late r about a straight line through it, in floors
    drift          median of late r / median of the quarter before it: 1 stays, more gets worse
    moved          (r_0 - final_ratio) / (r_0 - 1): the share of the way from the start to the floor
    collapsed      late points lie where real ones do, and cover less than half of what real ones cover
    astray         the late distance is small, but a late score is below HALF: a smear between clusters, say
    shortfalls     the metrics in which the finished model is not near what real points score: `fitness.shortfalls`
    fits           whether there is none; None if no distance, or nothing beside it, was there to judge by

To be near is little: it says that training arrived, and is asked of single snapshots, which scatter. To fit is all that
the metrics together can say of the finished model. A distance alone is neither: on 25 clusters a smear over all of them
is at 1 floor, with an eighth of the points covered. Where real points scatter too widely in every distance, nothing is
said of arriving and staying.

The constants below were chosen on thirteen runs of the course recipe (three objectives, three optimizers, one to three
seeds; 320 epochs, 33 snapshots). The spread is taken in floors and not relative to the level, because that is what
one sees: RMSprop's spread is 0.2 to 0.4 of its level and Adam's 0.15 to 0.6 of its own, but that is up to 0.5 floors
and 1.2 to 2.9. It is taken about a line, so that a slow approach (WGAN-GP with SGD: 2.3 floors of spread, 0.4 about
the line) does not pass for jumping.

What is not guaranteed: a snapshot is a moment of a noisy process, so one bad snapshot delays `converged_at`, and more
snapshots find more of them; points can wander while their distance stays, which no distance shows; a perfect
generator's ratio has a spread of its own, about 0.3, that of the floor.

Shape letters: `S` snapshots, with the untrained generator's.
"""

import math
from dataclasses import dataclass

import numpy as np

from ganatomy.fitting.metrics.catalogue import METRICS, Floor
from ganatomy.fitting.metrics.fitness import SPREADS, judged_by, shortfalls
from ganatomy.fitting.study.judging.records import FEWEST_LATE, RunRecord

CONVERGED = 4.0
"""Floors below which a run is near. Of these runs RMSprop's stay below 4 from epoch 20 to 170 on, late around 1.3 to
2.0 with excursions up to 3.6; Adam's are late around 5.7 to 13, touch 3.1 at best, and none stays below 4. With 3
instead, one WGAN run would not have converged for its last three snapshots. In the zigzag's units 4 floors are 0.11,
a tenth of its width: all of it is found, and one sees the error."""

NEAREST = 1.5
"""Floors within which nobody can tell a run from a perfect one: two of the floor's own spreads off. A run that starts
close, as in many dimensions, has converged when it has come half of the way, but no nearer than this is asked."""

STAY = 3
"""Snapshots that a run must stay near to have converged: one or two of a jumping run are there by chance."""

UNSTABLE = 0.75
"""Floors of late spread from which a run is unstable. RMSprop and SGD have 0.01 to 0.46, Adam 1.2 to 2.9; the geometric
mean of 0.46 and 1.2 is 0.74. A spread from nine snapshots is itself uncertain by a quarter."""

DRIFTING = 1.5
"""Factor between two quarters' medians from which a run drifts: away above it, still improving below its inverse.
At RMSprop's relative spread of 0.3 a median of eight snapshots is uncertain by 0.13, a ratio of two by 0.19, and
log 1.5 = 0.41 is more than twice that."""

HARDLY_MOVED = 0.25
"""Share of the way to the floor below which a run hardly moved. GAN and WGAN with SGD do 0.17 and 0.03 of it, their
clouds still apart from the points; WGAN-GP with SGD does 0.68 and lies across them."""

HALF = 0.5
"""Share of a floor's score that a snapshot must have to be near: where less than half of what real points do is done,
no distance makes up for it. The smear between 25 clusters has 0.06 of the precision."""

COLLAPSED = HALF
"""Share of the floor's coverage (or of the components, where they are known) below which a run has collapsed, ..."""

PRECISE = HALF
"""... provided that its precision is at least this share of the floor's: points far from all real ones cover nothing
either, but they are lost, not collapsed."""


@dataclass(frozen=True)
class Shortfall:
    """A metric in which a run is not near what real points score.

    Attributes:
        name: of the metric.
        value: of the finished model; nan if it is no number.
        floor: what real points score.
    """

    name: str
    value: float
    floor: float


@dataclass(frozen=True)
class RunVerdict:
    """What is to be said of a run; see the module for the definitions. Numbers that a run does not have are nan.

    Attributes:
        kind: one of `KINDS`.
        converged_at: an epoch, or None.
        final_ratio: in floors; infinite if it diverged.
        late_ratio: in floors; infinite if it diverged.
        stability: in floors; infinite if it diverged.
        drift: a factor.
        moved: a share, 1 at the floor and below 0 if it went away.
        collapsed: whether most of the target is missing.
        diverged: whether it did.
        astray: the scores below half of real points' while the distance is small.
        shortfalls: of the finished model.
        fits: whether it has none; None if that cannot be said.
        copies: whether its samples lie nearer to training points than real ones do, by chance at most once in hundreds.
    """

    kind: str
    converged_at: int | None = None
    final_ratio: float = math.nan
    late_ratio: float = math.nan
    stability: float = math.nan
    drift: float = math.nan
    moved: float = math.nan
    collapsed: bool = False
    diverged: bool = False
    astray: tuple[Shortfall, ...] = ()
    shortfalls: tuple[Shortfall, ...] = ()
    fits: bool | None = None
    copies: bool = False


KINDS = (
    *("stable", "drifting", "wavering", "unstable", "collapsed", "astray", "hardly moved", "improving", "short"),
    *("diverged", "failed", "too few snapshots", "no distance"),
)
"""The kinds of verdict, from good to bad."""


def judge_run(record: RunRecord) -> RunVerdict:
    """Judge a run.

    A run that jumps is unstable whatever else it is, since the rest is then a matter of the moment; after that a
    collapsed one is collapsed even if its distance is small.

    >>> from ganatomy.fitting.study.judging.records import Cell
    >>> distances = [3, 2, 1, 0.5, 0.25, 0.12, 0.11, 0.14, 0.12, 0.13, 0.11, 0.12, 0.12]
    >>> verdict = judge_run(RunRecord(cell=Cell("ring", "gan", "adam", 1e-3), seed=0, status="finished",
    ...     epochs=range(0, 130, 10), metrics={"wasserstein2": distances}, floor={"wasserstein2": 0.1},
    ...     final={"wasserstein2": 0.13}))
    >>> verdict.kind, verdict.converged_at, round(verdict.stability, 2), round(verdict.moved, 2)
    ('stable', 40, 0.09, 0.99)
    """
    if record.status == "failed":
        return RunVerdict("failed")
    ratios, final = record.ratios, record.final_ratio
    if record.status == "diverged":
        return RunVerdict("diverged", None, final, math.inf, math.inf, diverged=True)
    end = {"shortfalls": _shortfalls(record), "fits": _fits(record), "copies": _copies(record)}
    if record.distance is None:
        return RunVerdict("no distance", **end)
    late = record.late(ratios)
    before = ratios[-2 * len(late) : -len(late)]
    start, level = float(ratios[0]), float(np.median(late))
    moved = (start - final) / (start - 1) if start > 1 else math.nan
    if len(late) < FEWEST_LATE or len(before) < FEWEST_LATE:
        return RunVerdict("too few snapshots", None, final, level, moved=moved, **end)
    epochs, close = record.late(record.epochs), level < _bound(start)
    numbers = {
        "converged_at": _converged_at(record),
        "stability": _spread(epochs, late),
        "drift": level / float(np.median(before)),
        "moved": moved,
        "collapsed": _collapsed(record),
        "astray": _low_scores(record) if close else (),
    }
    kind = _kind(**numbers, near=close)
    return RunVerdict(kind, final_ratio=final, late_ratio=level, **numbers, **end)


def _kind(
    *,
    converged_at: int | None,
    stability: float,
    drift: float,
    moved: float,
    collapsed: bool,
    astray: tuple[Shortfall, ...],
    near: bool,
) -> str:
    if stability >= UNSTABLE:
        return "unstable"
    if collapsed:
        return "collapsed"
    if astray:
        return "astray"
    if converged_at is not None:
        return "drifting" if drift > DRIFTING else "stable"
    if moved < HARDLY_MOVED:
        return "hardly moved"
    if near:
        return "wavering"
    return "improving" if drift < 1 / DRIFTING else "short"


def _shortfalls(record: RunRecord) -> tuple[Shortfall, ...]:
    names = shortfalls(record.final, record.judged)
    return tuple(Shortfall(name, record.final[name], record.judged[name].mean) for name in names)


def _fits(record: RunRecord) -> bool | None:
    return not _shortfalls(record) if record.distance in record.judged and len(record.judged) > 1 else None


def _copies(record: RunRecord) -> bool:
    """Say whether samples lie nearer to training points than held-out points do, where that was measured."""
    value, spread = record.final.get("copying", math.nan), record.floor_spread.get("copying", math.nan)
    return value >= record.floor.get("copying", math.nan) + SPREADS * spread


def _scores(record: RunRecord) -> dict[str, Floor]:
    """Return the floors of the scores, of which more is better, that a snapshot is judged by."""
    names = (name for name in judged_by(record.floors) if METRICS[name].direction == "higher")
    return {name: record.floors[name] for name in names if name in record.metrics}


def _low_scores(record: RunRecord) -> tuple[Shortfall, ...]:
    """List the scores whose late median is below half of the floor's, with what the finished model has."""
    found = []
    for name, floor in _scores(record).items():
        late = float(np.median(record.late(record.metrics[name])))
        if not late >= HALF * floor.mean:
            found.append(Shortfall(name, record.final.get(name, late), floor.mean))
    return tuple(found)


def _bound(start: float) -> float:
    """Say below how many floors a run is near that started at so many."""
    return min(CONVERGED, max(NEAREST, (1 + start) / 2))


def _converged_at(record: RunRecord) -> int | None:
    """Find the first snapshot from which all are near."""
    near = record.ratios < _bound(record.ratios[0])
    for name, floor in _scores(record).items():
        near &= record.metrics[name] >= HALF * floor.mean
    stays = np.logical_and.accumulate(near[::-1])[::-1]
    return int(record.epochs[stays.argmax()]) if stays[-STAY:].all() else None


def _spread(epochs: np.ndarray, values: np.ndarray) -> float:
    """Compute the standard deviation of values about their least-squares line, two degrees of freedom taken off."""
    centred = epochs - epochs.mean()
    slope = centred @ values / (centred @ centred)
    residuals = values - values.mean() - slope * centred
    return float(np.sqrt(residuals @ residuals / (len(values) - 2)))


def _collapsed(record: RunRecord) -> bool:
    """Say whether late points lie among real ones and miss most of these, or most of the known components."""

    def share(name: str) -> float:
        if name not in record.metrics or not record.floor.get(name):
            return math.nan
        return float(np.median(record.late(record.metrics[name]))) / record.floor[name]

    reach = [share("coverage"), share("components_found")]
    return share("precision") >= PRECISE and any(part < COLLAPSED for part in reach)
