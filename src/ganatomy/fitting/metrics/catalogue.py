"""The metrics, and how each is read: which way is better, and from when on a value is near what real points score.

    lower      near if value <= bound * floor       (a distance)
    higher     near if value >= bound * floor       (a score)
    half       1/2 is best; never part of a judgement

or in either case if it lies within `fitness.SPREADS` of the floor's own standard deviations.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal


@dataclass(frozen=True)
class MetricInfo:
    """What to know of a metric to show it, and to judge by it.

    Attributes:
        title: for axes and table heads.
        direction: which values are better: "lower", "higher", or "half" where 1/2 is best.
        reference: who published it, and when.
        has_ratio: whether 0 is a natural origin, so that value / floor means something.
        bound: how many floors are still near; None if a fit is not judged by it.
    """

    title: str
    direction: Literal["lower", "higher", "half"]
    reference: str
    has_ratio: bool = True
    bound: float | None = None


@dataclass(frozen=True)
class Floor:
    """What real points score.

    Attributes:
        mean: over resamples.
        spread: the standard deviation of what one set of real points scores.
        error: the standard deviation of the mean; nan if that is not known.
    """

    mean: float
    spread: float
    error: float = math.nan


FEW_FLOORS = 1.5
"""Floors of a distance that are near: the root of 2.25. The best that any model of 7000 points can expect at 1192 is
about 1.04, and one draw of real points strays by a third of the floor."""

MOST = 0.9
"""Share of a floor's score that is near: of ten real points that other real points cover, nine."""

ALL = 0.98
"""Share of the components that must be found, in the mean over draws: of 25, not one may be missing in every second."""

METRICS: Mapping[str, MetricInfo] = MappingProxyType(
    {
        "wasserstein2": MetricInfo("2-Wasserstein distance", "lower", "Villani 2009", bound=FEW_FLOORS),
        "sliced_wasserstein": MetricInfo("sliced 2-Wasserstein distance", "lower", "Rabin et al. 2012"),
        "energy_distance": MetricInfo("energy distance", "lower", "Székely and Rizzo 2013", bound=FEW_FLOORS),
        "mmd": MetricInfo("maximum mean discrepancy", "lower", "Gretton et al. 2012", bound=FEW_FLOORS),
        "precision": MetricInfo("precision", "higher", "Kynkäänniemi et al. 2019", bound=MOST),
        "recall": MetricInfo("recall", "higher", "Kynkäänniemi et al. 2019", bound=MOST),
        "density": MetricInfo("density", "higher", "Naeem et al. 2020"),
        "coverage": MetricInfo("coverage", "higher", "Naeem et al. 2020", bound=MOST),
        "two_sample_accuracy": MetricInfo("two-sample accuracy (1-NN)", "half", "Lopez-Paz and Oquab 2017", False),
        # A change of units shifts a likelihood: it has no origin; its difference from the floor is what counts.
        "negative_log_likelihood": MetricInfo("negative log-likelihood (nats)", "lower", "", has_ratio=False),
        "share_within_3_std": MetricInfo("share within 3 std", "higher", "Srivastava et al. 2017", bound=MOST),
        "components_found": MetricInfo("components found", "higher", "Srivastava et al. 2017", bound=ALL),
        "weight_error": MetricInfo("weight error", "lower", "", bound=FEW_FLOORS),
        # Below 1/2 no point is copied: samples that miss the target are far from training points too.
        "copying": MetricInfo("copying of training points", "lower", "Meehan et al. 2020", has_ratio=False),
    }
)
"""All metrics, in the order in which they are reported."""

DISTANCES = ("wasserstein2", "energy_distance", "mmd")
"""Distances in the order in which they are asked: the next where the floor of one before is too wide to judge by."""

HEADLINE = "coverage"
"""The metric that runs are ranked by unless another is asked for. It falls if real points are missed, and also if
samples lie elsewhere, since there are then fewer of them for the real ones."""
