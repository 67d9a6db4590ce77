"""A metric's value beside its floor, as means over draws with intervals, and all metrics of some samples together.

Of a generator as many samples as are wanted can be drawn, so a metric is the mean v over k draws of n samples each,
with standard deviation s; the floor is the mean f over r resamples of n real points, with standard deviation t. Draws
that have points in common vary less among themselves than fresh ones would, and their mean more. With q the share of
points that two of them have in common on average, what a fresh draw varies by, and the error of the mean, are

    s = s_seen / sqrt(1 - q)        e(v) = s sqrt((1 + (k - 1) q) / k)        which is s / sqrt(k) where q = 0

likewise t and e(f). Then

    v -+ t(0.975, k - 1) e(v)                                       is where the mean over many more draws may lie
    v / f -+ t(0.975, k - 1) sqrt(e(v)^2 + (v / f)^2 e(f)^2) / f    likewise of their ratio, to first order

What neither covers: that other held-out points would shift values and floor together.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import stdtrit

from ganatomy.fitting.metrics import latex
from ganatomy.fitting.metrics.catalogue import HEADLINE, METRICS, Floor
from ganatomy.fitting.metrics.components import ComponentShare
from ganatomy.fitting.metrics.fitness import SPREADS, distance_of, is_wide, shortfalls, spreads_off
from ganatomy.fitting.metrics.tables import frame_of, html_of

if TYPE_CHECKING:
    import pandas


@dataclass(frozen=True)
class Measurement:
    """A metric's value beside its floor.

    Attributes:
        value: of the samples: the mean over draws; of a file's samples (see `evaluate`), of all of them.
        floor: of real points, the mean over resamples.
        floor_spread: the standard deviation of what one set of real points scores.
        ratio: value / floor at the same number of points, for metrics where more is better too; None where that means
            nothing: the metric has no origin (negative log-likelihood), the floor is not positive or its spread too
            wide, or the value is not finite.
        spread: the standard deviation of what one draw scores; nan of a single one.
        draws: how many there are.
        error: of their mean, its standard deviation; nan of a single draw.
        floor_error: likewise of the floor; nan if that is not known.
        compared: the value at the floor's number of points; None if that is `value`.
        memory: what perfect memory of the training points scores; None if that was not measured.

    >>> found = Measurement.of("wasserstein2", [0.5, 0.52, 0.48], Floor(0.25, 0.03, 0.0075))
    >>> [round(number, 2) for number in (found.value, *found.interval, found.ratio, *found.ratio_interval)]
    [0.5, 0.45, 0.55, 2.0, 1.67, 2.33]
    """

    value: float
    floor: float
    floor_spread: float
    ratio: float | None
    spread: float = math.nan
    draws: int = 1
    error: float = math.nan
    floor_error: float = math.nan
    compared: float | None = None
    memory: float | None = None

    @classmethod
    def of(
        cls,
        name: str,
        values: Sequence[float],
        floor: Floor,
        *,
        common: float = 0.0,
        memory: float | None = None,
        value: float | None = None,
    ) -> "Measurement":
        """Put what each draw scored in the metric `name` beside its floor.

        Args:
            name: of the metric.
            values: of each draw.
            floor: of the metric.
            common: the share of points that two draws have in common.
            memory: what perfect memory scores, if known.
            value: of all points, if known.
        """
        drawn = spread_of(values, common)
        mean, spread = drawn.mean, drawn.spread
        meaningful = METRICS[name].has_ratio and floor.mean > 0 and math.isfinite(mean) and not is_wide(floor)
        ratio = mean / floor.mean if meaningful else None
        compared = None if value is None else mean
        shown = mean if value is None else value
        errors = drawn.error, floor.error
        return cls(shown, floor.mean, floor.spread, ratio, spread, len(values), *errors, compared, memory)

    @property
    def at_floor_size(self) -> float:
        """The value at the floor's number of points: what is to be held against the floor."""
        return self.value if self.compared is None else self.compared

    @property
    def _quantile(self) -> float:
        return float(stdtrit(self.draws - 1, 0.975)) if self.draws > 1 else math.nan

    @property
    def interval(self) -> tuple[float, float]:
        """Where the mean over many more draws may be expected, 95 times in 100; nan of a single draw."""
        half = self._quantile * self.error
        return self.at_floor_size - half, self.at_floor_size + half

    @property
    def ratio_interval(self) -> tuple[float, float]:
        """Likewise of the ratio; nan where there is none, of a single draw, or of a floor whose error is not known."""
        if self.ratio is None:
            return math.nan, math.nan
        half = self._quantile * math.hypot(self.error, self.ratio * self.floor_error) / self.floor
        return self.ratio - half, self.ratio + half

    def off(self, name: str) -> float:
        """Say by how many of the floor's spreads it lies on the bad side, as the metric `name`."""
        return spreads_off(name, self.at_floor_size, Floor(self.floor, self.floor_spread))

    def to_dict(self, name: str) -> dict[str, Any]:
        """Return all of it, with the intervals and `off`, as plain numbers by their names.

        >>> round(Measurement.of("mmd", [0.03], Floor(0.02, 0.004)).to_dict("mmd")["off"], 3)
        2.5
        """
        (low, high), (ratio_low, ratio_high) = self.interval, self.ratio_interval
        more = {"low": low, "high": high, "ratio_low": ratio_low, "ratio_high": ratio_high, "off": self.off(name)}
        return {field.name: getattr(self, field.name) for field in fields(self)} | more


class Measurements(dict[str, Measurement]):
    """Measurements by their metrics' names, in the order of `METRICS`.

    Attributes:
        size: how many points of each set were compared; 0 if that is not known.
        sizes: of how many samples and reference points `value` is, where that is of all, or of a part of very many.
        given: how many samples and reference points there were, where that is known.
        evened: the metrics whose `value` compares as many of the larger of these sets as the smaller one has.
        scale: "std" if each column was measured in the reference's standard deviations, or "raw".
        components: each component's share of samples beside its weight, where components are known.

    >>> found = Measurements(wasserstein2=Measurement.of("wasserstein2", [0.5], Floor(0.25, 0.03)))
    >>> found
    Measurements(1 metric: distance 2 x floor)
    >>> found.to_frame()["ratio"].tolist(), found.shortfalls
    ([2.0], ('wasserstein2',))
    """

    size: int = 0
    sizes: tuple[int, int] | None = None
    given: tuple[int, int] | None = None
    evened: tuple[str, ...] = ()
    scale: str = "raw"
    components: tuple[ComponentShare, ...] = ()

    @property
    def floor(self) -> dict[str, Floor]:
        """The floor of every metric."""
        return {name: Floor(m.floor, m.floor_spread, m.floor_error) for name, m in self.items()}

    @property
    def values_at_floor_size(self) -> dict[str, float]:
        """The value of every metric at the floor's number of points."""
        return {name: m.at_floor_size for name, m in self.items()}

    @property
    def shortfalls(self) -> tuple[str, ...]:
        """The metrics that a fit is judged by and in which these samples are not near; they fit if there is none."""
        return shortfalls(self.values_at_floor_size, self.floor)

    @property
    def marked(self) -> tuple[str, ...]:
        """The metrics whose value lies `fitness.SPREADS` of the floor's spreads or more on the bad side."""
        return tuple(name for name, m in self.items() if m.off(name) >= SPREADS)

    @property
    def told(self) -> str:
        """The headline and the distance, in a few words; "" where neither is known."""
        return told(self.values_at_floor_size, self.floor)

    def to_dict(self) -> dict[str, Any]:
        """Return all of it as plain numbers and words: the metrics by their names, and how they were measured."""
        return {
            "metrics": {name: m.to_dict(name) for name, m in self.items()},
            "size": self.size,
            "sizes": self.sizes,
            "given": self.given,
            "evened": self.evened,
            "scale": self.scale,
            "components": [asdict(share) for share in self.components],
            "shortfalls": self.shortfalls,
        }

    def __repr__(self) -> str:
        count = f"{len(self)} metric" + "s" * (len(self) != 1)
        return f"Measurements({': '.join([count, *filter(None, [self.told])])})"

    def _repr_html_(self) -> str:
        return html_of(*self._table())

    def _table(self) -> tuple[list[str], list[list[Any]]]:
        rows = [[METRICS[n].title, METRICS[n].direction, *m.to_dict(n).values()] for n, m in self.items()]
        names = [*(next(iter(self.items()))[1].to_dict(next(iter(self))) if self else ())]
        return ["metric", "better", *names], rows

    def to_latex(self, *, caption: str | None = None, label: str | None = None) -> str:
        r"""Write a table for a paper, with the rules of booktabs: a row a metric, with intervals and real points.

        Args:
            caption: in LaTeX; with one, it is a whole `table`, otherwise a `tabular`.
            label: of that.

        >>> found = Measurements(recall=Measurement.of("recall", [0.92, 0.94], Floor(0.97, 0.01)))
        >>> print(found.to_latex().splitlines()[-3])
        recall & higher & 0.930 {\small[0.803, 1.06]} & 0.970 $\pm$ 0.0100 & 0.959 \\
        """
        whole = any(m.compared is not None for m in self.values())
        remembered = any(m.memory is not None for m in self.values())
        headings = ["metric", "better", *["all samples"] * whole, "samples", "real points", "ratio"]
        rows = []
        for name, m in self.items():
            info = METRICS[name]
            row = [latex.text(info.title), "0.5" if info.direction == "half" else info.direction]
            row += [latex.number(m.value)] * whole
            row += [latex.interval(m.at_floor_size, *m.interval), rf"{latex.number(m.floor)} $\pm$ "]
            row[-1] += latex.number(m.floor_spread)
            row.append("" if m.ratio is None else latex.interval(m.ratio, *m.ratio_interval))
            rows.append(row + [latex.number(m.memory)] * remembered)
        size = f"{self.size} samples and as many real points" if self.size else "samples and as many real points"
        notes = [r"Needs \usepackage{booktabs}.", f"Means over draws of {size}; in brackets intervals, of 95%."]
        notes.append("Real points: mean and standard deviation over resamples; ratio: samples / real points.")
        headings += ["memory"] * remembered
        return latex.table(headings, [rows], "ll" + "r" * (len(headings) - 2), notes, caption, label)

    def to_frame(self) -> "pandas.DataFrame":
        """Make a DataFrame, a row a metric."""
        columns, rows = self._table()
        return frame_of(columns, rows).set_index([list(self)])


def spread_of(values: Sequence[float], common: float = 0.0) -> Floor:
    """Average what draws of points scored, of which any two have a share of points in common.

    >>> spread_of([1.0, 4.0]), spread_of([1.0, 4.0], common=0.36)
    (Floor(mean=2.5, spread=2.1213..., error=1.5), Floor(mean=2.5, spread=2.6516..., error=2.1866...))
    """
    if len(values) < 2 or common >= 1:
        return Floor(float(np.mean(values)), math.nan)
    spread = float(np.std(values, ddof=1)) / math.sqrt(1 - common)
    error = spread * math.sqrt((1 + (len(values) - 1) * common) / len(values))
    return Floor(float(np.mean(values)), spread, error)


def told(values: Mapping[str, float], floor: Mapping[str, Floor]) -> str:
    """Say the headline and the distance of some samples in a few words; "" where neither is known.

    >>> told({"coverage": 0.764, "wasserstein2": 0.03}, {"coverage": Floor(0.97, 0.01), "wasserstein2": Floor(0.02, 0)})
    'coverage 0.76 of 0.97, distance 1.5 x floor'
    """
    return ", ".join(_told(values, floor))


def _told(values: Mapping[str, float], floor: Mapping[str, Floor]) -> Iterator[str]:
    if HEADLINE in values and HEADLINE in floor:
        yield f"{METRICS[HEADLINE].title} {values[HEADLINE]:.2f} of {floor[HEADLINE].mean:.2f}"
    distance = distance_of(floor)
    if distance is not None and distance in values and floor[distance].mean > 0:
        name = "distance" if distance == "wasserstein2" else METRICS[distance].title
        yield f"{name} {values[distance] / floor[distance].mean:.3g} x floor"
