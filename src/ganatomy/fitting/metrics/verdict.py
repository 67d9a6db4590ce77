"""What is to be said of measured samples, in lines made of their numbers.

Whether they fit, in what they fall short, what else to know of them, and how the numbers are to be read.
"""

from collections.abc import Iterator

from ganatomy.fitting.metrics.catalogue import METRICS
from ganatomy.fitting.metrics.components import ComponentShare
from ganatomy.fitting.metrics.fitness import SPREADS, distance_of, judged_by
from ganatomy.fitting.metrics.measurement import Measurements

_COMPONENTS = 6  # that are named; more say no more


def verdict(measured: Measurements) -> list[str]:
    """Say whether samples fit, and where they do not.

    >>> import numpy as np
    >>> from ganatomy.fitting.metrics.yardstick import Yardstick
    >>> real = np.random.default_rng(0).normal(size=(3000, 2))
    >>> yardstick = Yardstick(real[:500], real[500:2500])
    >>> verdict(yardstick.measure(real[2500:]))
    ['fits: near real points in 2-Wasserstein distance, precision, recall and coverage']
    >>> verdict(yardstick.measure(0.5 * real[2500:]))
    ['does not fit: 2-Wasserstein distance 0.72 (real points 0.26), recall 0.81 (1), coverage 0.71 (0.97)']
    """
    return list(_verdict(measured))


def _verdict(measured: Measurements) -> Iterator[str]:
    judged, short = judged_by(measured.floor), measured.shortfalls
    off = [share for share in measured.components if share.is_off]
    if not judged:
        yield "cannot be judged: real points scatter too widely in every metric"
    elif short:
        told = [f"{METRICS[n].title} {measured[n].at_floor_size:.2g} ({measured[n].floor:.2g})" for n in short]
        yield f"does not fit: {', '.join(told).replace(' (', ' (real points ', 1)}"
    elif off:
        yield "does not fit in its components, though near real points in all else that it is judged by"
    else:
        yield f"fits: near real points in {_listed([METRICS[name].title for name in judged])}"
    if measured.get("wasserstein2") and distance_of(measured.floor) != "wasserstein2":
        wide = measured["wasserstein2"]
        yield (
            f"the 2-Wasserstein distance says nothing here: real points score {wide.floor:.2g} with a standard "
            f"deviation of {wide.floor_spread:.2g}"
        )
    if off:
        more = f", and {len(off) - _COMPONENTS} others" * (len(off) > _COMPONENTS)
        yield f"shares that are off: {'; '.join(map(_share, off[:_COMPONENTS]))}{more}"
    copying = measured.get("copying")
    if copying is not None and copying.off("copying") >= SPREADS:
        yield (
            f"copies of training points, or a crowd where these are dense: in {copying.value:.0%} of cases a sample "
            f"lies nearer to one than a held-out point does, by chance 50%"
        )


def _listed(names: list[str]) -> str:
    return " and ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))


def _share(share: ComponentShare) -> str:
    return f"component {share.name} {share.generated:.2%} of the samples, {share.real:.2%} of the real points"


def reading(measured: Measurements) -> list[str]:
    """Say how the numbers are to be read: what a ratio means, what chance is, in what units distances are.

    >>> import numpy as np
    >>> from ganatomy.fitting.metrics.yardstick import Yardstick
    >>> real = np.random.default_rng(0).normal(size=(3000, 2))
    >>> for line in reading(Yardstick(real[:500], real[500:2500]).measure(0.5 * real[2500:])):
    ...     print(line)
    real points: what 500 of them score against 500 others, ± the standard deviation of that
    2.8 x floor: the samples lie 2.8 times as far from these as other real points do
    * 3 or more standard deviations worse than real points
    chance: real points reach 0.97 in coverage, not 1, and 0.49 in two-sample accuracy, where a coin has 0.5
    distances: in standard deviations of the reference's columns
    """
    return list(_reading(measured))


def _reading(measured: Measurements) -> Iterator[str]:
    size, draws = measured.size or "as many", max((m.draws for m in measured.values()), default=1)
    if draws > 1:
        what = f"draws of {size}" if measured.sizes is None else f"splits, {size} to {size}"
        yield f"samples: mean over {draws} {what}; that lies within its ±, and the ratio in its range, 95 times in 100"
    yield f"real points: what {size} of them score against {size} others, ± the standard deviation of that"
    distance = distance_of(measured.floor)
    found = None if distance is None else measured.get(distance)
    if found is not None and found.ratio is not None:
        times = f"{found.ratio:.2g}"
        yield f"{times} x floor: the samples lie {times} times as far from these as other real points do"
    if measured.marked:
        yield f"* {SPREADS:.0f} or more standard deviations worse than real points"
    if any(m.memory is not None for m in measured.values()):
        yield "memory: what the training points score if samples are drawn from them again"
    if "coverage" in measured and "two_sample_accuracy" in measured:
        yield (
            f"chance: real points reach {measured['coverage'].floor:.2g} in coverage, not 1, and "
            f"{measured['two_sample_accuracy'].floor:.2g} in two-sample accuracy, where a coin has 0.5"
        )
    units = "standard deviations of the reference's columns" if measured.scale == "std" else "the data's own units"
    yield f"distances: in {units}"
    if measured.sizes is None or measured.given is None:
        return
    first, second = (
        f"all {size}" if size == all_ else f"a random {size} of {all_}"
        for size, all_ in zip(measured.sizes, measured.given, strict=True)
    )
    units = "" if measured.scale == "raw" else " but in raw units (scale=raw)"
    line = f"first number: of {first} samples and {second} reference points, as other tools do{units}"
    if measured.evened:
        titles = _listed([METRICS[name].title for name in measured.evened])
        line += f"; {titles} of a random {min(measured.sizes)} of either"
    yield line
