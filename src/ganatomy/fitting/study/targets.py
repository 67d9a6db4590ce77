"""The points of a study: read once, and split by each seed as `ganatomy fit` splits them for a run with that seed.

    train        7000 of 8192, as the laboratory course has it
    test         the others: the metrics of every snapshot and every final number are taken on them

Of a distribution each seed draws its own points. So what a seed gives is a matter of its points and of their split as
much as of initial weights, batches and codes; an interval over seeds covers all of that. All cells of a seed share its
points, and are compared on them. Of a file the points stay what they are: what another sample of as many points would
give, no seed knows.

Where learning rates are to be chosen, half of the held-out points of each seed is kept for that:

    validation   half of the held-out points: learning rates are chosen on it, and nothing else is done with it
    test         the other half

So a chosen learning rate owes nothing to the points that judge it within a run. It may owe something across runs: what
is a validation point of one seed is a test point of another.

Shapes: `N` training, `V` validation, `M` test points, `D` data dimensions.
"""

import functools
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeAlias, cast

import numpy as np
from numpy.typing import NDArray

from ganatomy.errors import InputError
from ganatomy.fitting.metrics.yardstick import NEIGHBOURS
from ganatomy.fitting.points.cloud import Cloud
from ganatomy.fitting.points.distributions import Distribution
from ganatomy.fitting.points.named import AnyPoints, find_source, named_parts, named_points

StudyPoints: TypeAlias = AnyPoints | Mapping[str, AnyPoints] | Sequence[AnyPoints | tuple[str, AnyPoints]]
"""What a study can be of: points in any form, or several such, by their names or one after another."""


@dataclass(frozen=True, eq=False)
class Parts:
    """The points of a run: those trained on (N, D), those that choose a rate (V, D), if any do, and those tested on."""

    train: Cloud
    validation: Cloud | None
    test: Cloud


@dataclass(frozen=True, eq=False)
class Target:
    """A named set of points, from which each seed takes its own parts.

    Attributes:
        name: a short one.
        points: all of them; of a distribution, where each seed draws its own.
        train_size: how many of them train; None is 7000 of 8192.
        source: the name or path by which they can be had again; "" if they were given as an array.
        chooses: whether half of the held-out points are kept to choose learning rates by.
    """

    name: str
    points: Cloud | Distribution
    train_size: int | None = None
    source: str = ""
    chooses: bool = False

    @property
    def given(self) -> NDArray[np.float64] | None:
        """The points themselves, if they were given as an array."""
        return None if self.source or isinstance(self.points, Distribution) else self.points.points

    @property
    def distribution(self) -> Distribution | None:
        """What they are drawn from, if that is known."""
        return self.points if isinstance(self.points, Distribution) else self.points.distribution

    def parts(self, seed: int) -> Parts:
        """Draw the points, if they are a distribution's, and split them, all by the seed, as `plan_fit` does.

        >>> parts = read_target("ring").parts(3)
        >>> len(parts.train.points), parts.validation, len(parts.test.points)
        (7000, None, 1192)
        """
        return _parts(self, seed)

    @property
    def identity(self) -> dict[str, Any]:
        """Return what must be equal for two studies to be of the same points in the same parts, whatever the seeds."""
        parts = self.parts(0)
        whole = named_points(self.points, seed=0)
        sizes = {"train": len(parts.train.points), "validation": 0, "test": len(parts.test.points)}
        if parts.validation is not None:
            sizes["validation"] = len(parts.validation.points)
        digest = hashlib.sha256(str(whole.points.shape).encode() + whole.points.tobytes())
        labels = {}
        if whole.labels is not None:
            digest.update(whole.labels.codes.tobytes())
            labels = {"labels": list(whole.labels.names)}
        return {"columns": whole.points.shape[1], **labels, "sha256": digest.hexdigest(), **sizes}


@functools.lru_cache(maxsize=2)  # cells of a seed follow one another
def _parts(target: Target, seed: int) -> Parts:
    train, heldout = named_parts(target.points, target.train_size, seed)
    if not target.chooses:
        return Parts(train, None, heldout)
    rows = np.arange(len(heldout.points))
    half = len(rows) // 2
    return Parts(train, heldout.take(rows[:half]), heldout.take(rows[half:]))


def sources_of(points: StudyPoints) -> list[tuple[str, AnyPoints]]:
    """List the sets of points that a study is of, each with the name that it was given, or "".

    A mapping holds them by their names; a list or tuple holds names, paths, tables, arrays of two axes, or pairs of a
    name and any of these. Anything else is one set.

    Raises:
        InputError: a name that is no text, or that could not be a file's.

    >>> [(name, np.shape(given)) for name, given in sources_of({"left": np.zeros((5, 2)), "right": np.zeros((6, 2))})]
    [('left', (5, 2)), ('right', (6, 2))]
    >>> sources_of(["ring", "zigzag"]), len(sources_of([[0.0, 1.0], [2.0, 3.0]]))
    ([('', 'ring'), ('', 'zigzag')], 1)
    """
    if isinstance(points, Mapping):
        return [(_checked(name), given) for name, given in points.items()]
    if isinstance(points, list | tuple) and any(_is_set(item) for item in points):
        return [_named(item) for item in points]
    return [("", cast(AnyPoints, points))]  # a list of numbers, or of points


def _named(item: Any) -> tuple[str, AnyPoints]:
    return (_checked(item[0]), item[1]) if _is_pair(item) else ("", item)


def _is_pair(item: Any) -> bool:
    return isinstance(item, tuple) and len(item) == 2 and isinstance(item[0], str)


def _is_set(item: Any) -> bool:
    """Whether an item of a list is a set of points rather than one point or one number."""
    if isinstance(item, str | Path | Distribution) or hasattr(item, "columns") or _is_pair(item):
        return True
    return getattr(item, "ndim", 0) == 2 or (isinstance(item, list) and bool(item) and isinstance(item[0], list))


def _checked(name: Any) -> str:
    if not isinstance(name, str) or not name or any(not (c.isalnum() or c in "-.=+_") for c in name) or len(name) > 80:
        raise InputError(f"the points' name {name!r:.90}: write letters, digits, - . = + and _, at most 80 of them")
    return name


def read_targets(
    points: StudyPoints,
    train_size: int | None = None,
    variable: str | None = None,
    folder: Path | None = None,
    *,
    labels: str | None = None,
    transpose: bool = False,
) -> list[Target]:
    """Read the sets of points that a study is of; see `read_target`.

    Raises:
        InputError: as `read_target`, or two of one name.

    >>> mine = np.random.default_rng(0).normal(size=(400, 2))
    >>> [target.name for target in read_targets({"mine": mine, "ring": "ring"})]
    ['mine', 'ring']
    >>> [target.name for target in read_targets([mine, 2 * mine, "ring"])]
    ['points-1', 'points-2', 'ring']
    """
    sources = sources_of(points)
    nameless = [k for k, (name, given) in enumerate(sources) if not name and not _typed(given)]
    names = [name for name, _ in sources]
    for number, k in enumerate(nameless if len(nameless) > 1 else [], 1):
        names[k] = f"points-{number}"
    how = {"labels": labels, "transpose": transpose}
    return [
        read_target(given, train_size, variable, folder, name, **how)
        for name, (_, given) in zip(names, sources, strict=True)
    ]


def _typed(source: AnyPoints) -> str:
    """Return the name or path by which points were given, or "" if they were given themselves."""
    if isinstance(source, Distribution):
        return source.name
    return str(source) if isinstance(source, str | Path) else ""


def read_target(
    source: AnyPoints,
    train_size: int | None = None,
    variable: str | None = None,
    folder: Path | None = None,
    name: str = "",
    *,
    labels: str | None = None,
    transpose: bool = False,
) -> Target:
    """Read the points of a target, or take those given, and see that they can be split; see `Target.parts`.

    Args:
        source: a built-in distribution or its name, a file, or an array or table of points.
        train_size: how many points train, as in `split_points`; the others are held out.
        variable: of a file, as in `load_points`.
        folder: where a relative path begins; None is the working directory.
        name: of the target; "" takes the distribution's or the file's, or "points".
        labels: the column or variable that says of which component each point is; a distribution knows its own.
        transpose: whether each column of a file's array, or of an array, is a point.

    Raises:
        InputError: no such thing, unusable points, or too few to test with.

    >>> target = read_target("zigzag")
    >>> target.name, len(target.parts(0).train.points), len(target.parts(0).test.points)
    ('zigzag', 7000, 1192)
    """
    typed = _typed(source)
    found = find_source(typed, folder) if typed else None
    how = {} if isinstance(found, Distribution) else {"labels": labels, "transpose": transpose}
    cloud = named_points(source, variable, 0, folder, **how)
    points = found if isinstance(found, Distribution) else cloud
    return _checked_size(Target(name or cloud.name, points, train_size, typed))


def choosing(target: Target) -> Target:
    """Keep half of a target's held-out points to choose learning rates by.

    Raises:
        InputError: too few to choose with, or to test with.

    >>> parts = choosing(read_target("ring")).parts(3)
    >>> len(parts.train.points), len(parts.validation.points), len(parts.test.points)
    (7000, 596, 596)
    """
    return target if target.chooses else _checked_size(replace(target, chooses=True))


def _checked_size(target: Target) -> Target:
    """Refuse parts with too few points to measure with."""
    parts = target.parts(0)
    few = min(len(part.points) for part in (parts.validation or parts.test, parts.test))
    if few > NEIGHBOURS:
        return target
    total, trained = len(named_points(target.points, seed=0).points), len(parts.train.points)
    half, least = (", and half of them are to judge", 2) if target.chooses else ("", 1)
    raise InputError(
        f"{target.name}: {total - trained} of {total} points are not trained on{half}: leave at least "
        f"{least * (NEIGHBOURS + 1)} (a smaller `train_size`, or more points)"
    )
