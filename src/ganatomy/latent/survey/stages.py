"""The stages of a survey; see `run`: each is done once, and what it gave is read from its file afterwards.

What takes long is besides kept as it comes, a batch at a time: scores (`records.Remembered`) and pictures
(`latent.passage.Kept`). So whatever stops the work, no more than the batch under way is made again. All pictures of all
stages are counted together, those of stages that were done before as well, and every picture is made once:

    unedited     the codes that are measured, as they are: their scores, and the pictures that effects begin from
    random       along random directions: half of the codes at both ends for labels, the first few at all for effects
    METHOD       along each direction of a method: all codes for labels, the first few for effects
    pictures     the codes on show along all directions

What is not guaranteed: that files of another version can be read; the survey's fingerprint sees to that.

Shapes: `K` directions a method, `Q` of all methods, `S` strengths, `M` codes, `A` attributes, `h` pixels a side.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from ganatomy.attributes import has_values, measure
from ganatomy.attributes.faces import FaceReader
from ganatomy.errors import InputError
from ganatomy.files import OwnedFolder, Stages
from ganatomy.latent.direction import Direction
from ganatomy.latent.directions import Directions
from ganatomy.latent.labels.card import Naming
from ganatomy.latent.labels.measure import SIZE, STEPS, Control, ends_of, filled, naming_of, null_wanted
from ganatomy.latent.measures.agreement import Stability, stability
from ganatomy.latent.measures.comparison import MethodResult
from ganatomy.latent.measures.effects import effect_of, floor_of, movement
from ganatomy.latent.measures.null import null_directions
from ganatomy.latent.methods.boundary import separable
from ganatomy.latent.methods.catalogue import find, options_of
from ganatomy.latent.passage import Kept, Observer, Passage, edited, unedited
from ganatomy.latent.pictures import Grid, Store, batch_size, kept_size, sized_painter
from ganatomy.latent.survey.choices import Survey
from ganatomy.latent.survey.findings import Findings
from ganatomy.latent.survey.records import (
    Remembered,
    Tally,
    found_directions,
    movement_arrays,
    movement_of,
    movement_shapes,
)
from ganatomy.latent.traversal import strengths as spaced
from ganatomy.progress import Silent, Whole

_PROBE = 64
"""So many pictures say which attributes can part pictures."""

Partly = Callable[[Directions, Store, int], None]
"""Is told what is on show of a single method, its pictures so far, and of how many directions they are all there."""


@dataclass(frozen=True, eq=False)
class Trial:
    """The first pictures that a survey shows, made before anything is written: what cannot be painted is refused.

    Attributes:
        pictures: of the first unedited codes on show, as many as are made at a time, at the survey's size.
        seconds: that it took.
    """

    pictures: NDArray[np.uint8]
    seconds: float


def trial_of(survey: Survey) -> Trial:
    """Make the first pictures of a survey, and measure the attributes of one.

    Raises:
        InputError: pictures that are not finite; what the attributes raise.
    """
    size, choices = kept_size(survey.generator, survey.choices.size), survey.choices
    first, scored = survey.samples.ws[: batch_size(survey.generator.resolution)], kept_size(survey.generator, SIZE)
    paint, began = sized_painter(survey.generator, choices.precision), time.perf_counter()
    pictures = paint(first, {size, *([scored] if choices.by else [])})
    seconds = time.perf_counter() - began
    if choices.by:
        measure(choices.by, pictures[scored][:1])
    return Trial(pictures[size], seconds)


def run(
    survey: Survey, folder: OwnedFolder, progress: Silent, trial: Trial | None = None, partly: Partly | None = None
) -> Findings:
    """Do the stages that are not done yet.

    Args:
        survey: what to do.
        folder: which is claimed.
        progress: is told of each batch of pictures.
        trial: the first pictures, which are not made again.
        partly: is told as soon as all pictures of a direction on show are there, and when it is stopped.

    Raises:
        InputError: what the stages raise; a file cannot be written.
        KeyboardInterrupt: stages that were done are kept.
    """
    work = _Work(survey, Stages(folder), Whole(progress))
    begun = len(work.store)
    if trial is not None and not begun:
        work.tally.add(len(trial.pictures))
        work.store.append(trial.pictures)
        work.seconds.append(trial.seconds)
    found = {method: work.find(method) for method in survey.methods}
    every = [direction for one in found.values() for direction in one.directions]
    plan, legs = survey.traversal(len(every)), work.moving(found)
    measured = [*([] if work.still is None else [work.still]), *legs]
    total = len(plan) + sum(len(leg.passage) for leg in measured)
    with work.progress.showing(total, len(work.store) + sum(map(work.known, measured))):
        if survey.choices.by:
            has_values(survey.choices.by, work.base)  # a scorer that tells nothing is refused before the long work
        first = found[survey.methods[0]].directions
        work.show(every, lambda whole: partly(first, work.store, whole) if partly is not None else None)
        results, namings = work.read(found, legs)
    distinct = total + sum(one.made for one in found.values())
    pictures = {"shown": plan.shown, "distinct": distinct, "painted": work.tally.total}
    return Findings(results, namings, work.store, pictures, len(plan) - begun, sum(work.seconds))


@dataclass(frozen=True, eq=False)
class _Found:
    """What a method found, how long that lasts, and how many pictures it took."""

    directions: Directions
    stability: Stability | None
    made: int


@dataclass(frozen=True, eq=False)
class _Leg:
    """Pictures along one direction, or of the unedited codes, that are measured: a stage of its own.

    Attributes:
        name: of its file, and of files under way.
        text: what to say is being done.
        passage: which pictures.
        effects: over how many codes effects are measured.
        wanted: which pictures are scored, (M, S); None for none.
    """

    name: str
    text: str
    passage: Passage[Tensor]
    effects: int
    wanted: NDArray[np.bool_] | None


@dataclass(frozen=True, eq=False)
class _Work:
    survey: Survey
    stages: Stages
    progress: Whole
    seconds: list[float] = field(default_factory=list)

    @cached_property
    def batch(self) -> int:
        return batch_size(self.survey.generator.resolution)

    @cached_property
    def size(self) -> int:
        return kept_size(self.survey.generator, self.survey.choices.size)

    @cached_property
    def amounts(self) -> NDArray[np.float64]:
        """The strengths that are measured."""
        return spaced(*self.survey.ends, STEPS)

    @cached_property
    def tally(self) -> Tally:
        return Tally(self.stages.file("painted"))

    @cached_property
    def store(self) -> Store:
        """The pictures on show."""
        return self._store("pictures")

    def _store(self, name: str) -> Store:
        return Store(self.stages.file(name), (self.size, self.size, 3))

    @cached_property
    def _painter(self) -> Callable[[Tensor, Collection[int]], dict[int, NDArray[np.uint8]]]:
        return sized_painter(self.survey.generator, self.survey.choices.precision)

    def paint(self, ws: Tensor, sizes: Collection[int]) -> dict[int, NDArray[np.uint8]]:
        """Make pictures, and count them before anybody has seen them."""
        pictures = self._painter(ws, sizes)
        self.tally.add(len(ws))
        return pictures

    # What is found

    def find(self, method: str) -> _Found:
        """Find directions by a method, again with other seeds, and see how far they turned."""
        path = self.stages.file(f"found-{method}.safetensors")
        made: list[int] = []

        def lasting() -> dict[str, Any]:
            found = self._found(method, 0, made)
            found.save(path)
            repetitions = range(1, self.survey.choices.repetitions + 1)
            again = [self._found(method, repetition, made) for repetition in repetitions]
            return {**(vars(stability(found, again)) if again else {}), "made": np.array(sum(made))}

        again = self.survey.choices.repetitions
        shapes = {"angles": (again, None), "span": (again,), "overlap": (again,)} if again else {}
        arrays = self.stages.arrays(f"stability-{method}.npz", lasting, {**shapes, "made": ()})  # written last
        count, directions = int(arrays.pop("made")), found_directions(path, method, self.survey.generator)
        return _Found(directions, Stability(**arrays) if arrays else None, count)

    def _found(self, method: str, repetition: int, made: list[int]) -> Directions:
        survey, seed = self.survey, (self.survey.choices.seed + repetition) % 2**32
        self.progress.say(f"finding directions by {method}" + (f", again ({repetition})" * bool(repetition)))
        known, options = options_of(method), {"source": survey.source}
        more = {"seed": seed, "class_name": survey.drawing.class_name}
        if method == "local_basis":  # of the first picture on show
            more["code"] = survey.code(seed) if repetition else survey.samples.ws[:1]
        if survey.choices.feature_layer is not None and survey.looks_at_features(method):
            more["feature_layer"] = survey.choices.feature_layer
        if method == "boundary":
            more |= self._parting(repetition, made)
        options |= {name: value for name, value in more.items() if name in known}
        return find(survey.generator, method, survey.choices.k, survey.layers, **options)

    def _parting(self, repetition: int, made: list[int]) -> dict[str, Any]:
        """Choose the attributes that have values, and score by them, for the method that parts pictures."""
        chosen, probe = self.survey.choices.by, self.base[:_PROBE]
        there = has_values(chosen, probe) & separable(probe)
        kept = [one for one, known in zip(chosen, there, strict=True) if known]
        if not kept:
            raise InputError("no attribute has values that differ, so that none can part pictures; leave boundary out")
        rows = Remembered(kept, self._reader, self._scored, self.stages.file(f"boundary-{repetition}"))

        def score(ws: Tensor) -> NDArray[np.float64]:
            scores = rows.next(len(ws))
            Passage(ws, [], np.zeros(1), unedited(len(ws))).walk(self.paint, [scores], len(ws))
            made.append(len(ws))
            return scores.scores

        return {"score": score, "names": [one.name for one in kept]}

    # What is measured

    @cached_property
    def _scored(self) -> int:
        """The size at which pictures are scored."""
        return kept_size(self.survey.generator, SIZE)

    @cached_property
    def _reader(self) -> FaceReader | None:
        return FaceReader() if any(one.needs_face for one in self.survey.choices.by) else None

    @cached_property
    def still(self) -> _Leg | None:
        """The unedited codes, where they are wanted."""
        zero, labels = not self.amounts.all(), bool(self.survey.choices.by)
        effects = self.survey.effect_codes if zero else 0
        places = unedited(len(self.survey.measured) if labels else effects)
        if not len(places):
            return None
        passage = Passage(self.survey.measured, [], self.amounts, places)
        wanted = self._everything if labels else None
        return _Leg("unedited", "measuring unedited pictures", passage, effects, wanted)

    @property
    def _everything(self) -> NDArray[np.bool_]:
        return np.ones((len(self.survey.measured), STEPS), dtype=bool)

    def moving(self, found: dict[str, _Found]) -> list[_Leg]:
        """All that is measured along directions: random ones, then those of each method."""
        survey, choices = self.survey, self.survey.choices
        codes, effects = len(survey.measured), survey.effect_codes
        if not codes:
            return []
        legs, labels = [], choices.draws if choices.by else 0
        place = next(iter(found.values())).directions[0]
        nulls = null_directions(place, max(labels, survey.effect_draws), survey.generator.edit_dim, choices.seed)
        for r, direction in enumerate(nulls):
            wanted = null_wanted(r, codes, self.amounts) if r < labels else None
            seen = effects if r < survey.effect_draws else 0
            legs.append(self._leg(f"null-{r}", "measuring random directions", direction, seen, wanted))
        wanted = self._everything if choices.by else None
        for method, one in found.items():
            for k, direction in enumerate(one.directions):
                legs.append(self._leg(f"{method}-{k}", f"measuring directions of {method}", direction, effects, wanted))
        return legs

    def _leg(self, name: str, text: str, direction: Direction, effects: int, wanted: NDArray[np.bool_] | None) -> _Leg:
        places = edited(len(self.survey.measured), 1, self.amounts)
        seen = places[:, 1] < effects
        if wanted is not None:
            seen |= wanted[places[:, 1], places[:, 2]]
        passage = Passage(self.survey.measured, [direction], self.amounts, places[seen])
        return _Leg(f"along-{name}", text, passage, effects, wanted)

    def observers(self, leg: _Leg) -> tuple[Kept | None, Remembered | None]:
        """Who looks at the pictures of a leg: what keeps them until their effect is computed, and what scores them."""
        kept = Kept(self._store(f"{leg.name}.pictures"), leg.effects) if leg.effects else None
        if leg.wanted is None:
            return kept, None
        file = self.stages.file(f"{leg.name}.scores")
        return kept, Remembered(self.survey.choices.by, self._reader, self._scored, file, leg.wanted)

    def known(self, leg: _Leg) -> int:
        """Count the pictures of a leg that need not be made."""
        if self.stages.done(f"{leg.name}.npz"):
            return len(leg.passage)
        return leg.passage.known(_some(self.observers(leg)), self.batch)

    def do(self, leg: _Leg) -> dict[str, NDArray]:
        """Measure what is not measured yet, and say what was."""
        kept, rows = self.observers(leg)

        def make() -> dict[str, NDArray]:
            leg.passage.walk(self.paint, _some((kept, rows)), self.batch, self.progress.update)
            told: dict[str, NDArray] = {} if rows is None else {"scores": rows.scores}
            if kept is not None:
                pictures = Grid(kept.store, np.arange(len(kept.store)))
                if leg is self.still:
                    told["pictures"] = pictures[:]
                else:
                    told |= movement_arrays(movement(pictures, self.stills, self.amounts))
            return told

        with self.progress.stage(leg.text, len(leg.passage)):
            told = self.stages.arrays(f"{leg.name}.npz", make, self._shapes(leg))
        for suffix in ("pictures", "scores"):
            self.stages.file(f"{leg.name}.{suffix}").remove()
        return told

    def _shapes(self, leg: _Leg) -> dict[str, tuple[int, ...]]:
        """Say what a leg is told by."""
        kept, rows = self.observers(leg)
        shapes: dict[str, tuple[int, ...]] = {}
        if rows is not None:
            shapes["scores"] = int(rows.wants(leg.passage.places).sum()), len(self.survey.choices.by)
        if kept is not None and leg is self.still:
            shapes["pictures"] = leg.effects, self.size, self.size, 3
        elif kept is not None:
            shapes |= movement_shapes(self.size)
        return shapes

    @cached_property
    def _unedited(self) -> dict[str, NDArray]:
        return {} if self.still is None else self.do(self.still)

    @property
    def stills(self) -> NDArray[np.uint8] | None:
        """The unedited pictures from which effects begin, (E, h, h, 3); None where no strength is 0."""
        return self._unedited.get("pictures")

    @property
    def base(self) -> NDArray[np.float64]:
        """Scores of the unedited pictures, (M, A)."""
        return self._unedited["scores"]

    # What it looks like

    def show(self, every: Sequence[Direction], partly: Callable[[int], None]) -> None:
        """Make the pictures on show that are not stored yet."""
        survey, plan = self.survey, self.survey.traversal(len(every))
        samples, store = survey.samples.ws, self.store

        def paint(ws: Tensor, sizes: Collection[int]) -> dict[int, NDArray[np.uint8]]:
            began = time.perf_counter()
            pictures = self.paint(ws, sizes)
            self.seconds.append(time.perf_counter() - began)
            return pictures

        with self.progress.stage("making pictures", len(plan)):
            still = Passage(samples, [], survey.strengths, unedited(len(samples)))
            still.walk(paint, [Kept(store, most=len(samples))], self.batch, self.progress.update)
            moved = Passage(samples, every, survey.strengths, edited(len(samples), len(every), survey.strengths))

            def tell(done: int) -> None:
                self.progress.update(len(samples) + done)
                partly(plan.whole_directions(len(store)))

            moved.walk(paint, [Kept(store, after=len(samples))], self.batch, tell)
            partly(plan.whole_directions(len(store)))

    # What came of it

    def read(self, found: dict[str, _Found], legs: Sequence[_Leg]) -> tuple[dict[str, MethodResult], dict[str, Naming]]:
        """Compute effects and meanings from what the legs measured."""
        survey, choices = self.survey, self.survey.choices
        _ = self._unedited  # which effects begin from
        told = {leg.name: self.do(leg) for leg in legs}
        effects, codes = survey.effect_codes, len(survey.measured)
        floor = None
        if effects:
            floor = floor_of([movement_of(told[f"along-null-{r}"]) for r in range(survey.effect_draws)])
        control = None
        if choices.by:
            null = []
            for r in range(choices.draws):
                half = null_wanted(r, codes, self.amounts)
                null.append(ends_of(self._scores(told[f"along-null-{r}"], half), half))
            control = Control(self.base, np.stack(null))
        results, namings = {}, {}
        for method, one in found.items():
            rows, directions = [told.get(f"along-{method}-{k}", {}) for k in range(len(one.directions))], one.directions
            if control is not None:
                along = [self._scores(row, self._everything) for row in rows]
                namings[method] = naming_of(directions, choices.by, along, control, self.amounts, choices.seed)
                directions = replace(directions, labels=namings[method].labels)
            measured = []
            if floor is not None:
                moved = zip(directions, map(movement_of, rows), strict=True)
                measured = [effect_of(each, movement, floor, self.amounts, effects) for each, movement in moved]
            results[method] = MethodResult(directions, tuple(measured), one.stability)
        return results, namings

    def _scores(self, told: Mapping[str, NDArray], wanted: NDArray[np.bool_]) -> NDArray[np.float64]:
        return filled(told["scores"], self.base, wanted, self.amounts)


def _some(observers: Sequence[Observer | None]) -> list[Observer]:
    return [one for one in observers if one is not None]
