"""The stages of a survey; see `conduct`: each is done once, and what it gave is read from its file afterwards.

A stage's file lies in the folder's .work and appears whole or not at all, so that a file which is there is a stage that
is done. What takes long is besides kept as it comes, a batch at a time: scores (`records.Remembered`) and pictures
(`latent.pictures.Store`). All pictures of all stages are counted together, those of stages that were done before as
well.

What is not guaranteed: that files of another version can be read; the survey's fingerprint sees to that.

Shapes: `K` directions a method, `Q` of all methods, `S` strengths, `H` pixels a side, `R` repetitions.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from ganatomy.attributes import has_values, measure
from ganatomy.attributes.faces import FaceReader
from ganatomy.errors import InputError
from ganatomy.files import OwnedFolder
from ganatomy.latent.directions import Directions
from ganatomy.latent.labels.card import Naming
from ganatomy.latent.labels.measure import (
    SIZE,
    STEPS,
    Control,
    control_pictures,
    measure_control,
    name_directions,
    scorer,
)
from ganatomy.latent.measures import effects
from ganatomy.latent.measures.agreement import Stability, agreement, stability
from ganatomy.latent.measures.comparison import MethodComparison, MethodResult
from ganatomy.latent.measures.effects import Effect
from ganatomy.latent.methods.boundary import separable
from ganatomy.latent.methods.catalogue import find, options_of
from ganatomy.latent.pictures import Store, batch_size, painter
from ganatomy.latent.survey.choices import Survey
from ganatomy.latent.survey.records import Remembered, effect_arrays, effects_of, read_arrays
from ganatomy.latent.traversal import strengths as spaced
from ganatomy.progress import Silent

DRAWS = 8
"""Random directions that changes of pictures are compared with."""
_PROBE = 64
"""So many pictures say which attributes can part pictures."""


@dataclass(frozen=True, eq=False)
class Findings:
    """What the stages gave.

    Attributes:
        comparison: of the methods; their directions carry the measured labels.
        namings: by method; none if nothing was to be named.
        store: the distinct pictures, in the order of the survey's traversal over all methods' directions.
    """

    comparison: MethodComparison
    namings: dict[str, Naming]
    store: Store

    @property
    def directions(self) -> list[Directions]:
        """The directions of each method, in the order of the methods."""
        return [result.directions for result in self.comparison.results.values()]


class _Whole(Silent):
    """Counts the pictures of stage after stage as one work."""

    def __init__(self, progress: Silent) -> None:
        self._progress, self._before, self._text = progress, 0, ""

    @contextmanager
    def stage(self, text: str, pictures: int) -> Iterator[None]:
        """Surround a stage of so many pictures."""
        self._text = text
        self.say(text)
        yield
        self._before += pictures

    def say(self, text: str) -> None:
        self._progress.say(text)

    def update(self, done: int, text: str = "") -> None:
        self._progress.update(self._before + done, self._text)


def run(survey: Survey, folder: OwnedFolder, progress: Silent) -> Findings:
    """Do the stages that are not done yet.

    Args:
        survey: what to do.
        folder: which is claimed.
        progress: is told of each batch of pictures.

    Raises:
        InputError: what the stages raise; a file cannot be written.
        KeyboardInterrupt: stages that were done are kept.
    """
    work = _Work(survey, folder, _Whole(progress))
    found = {method: work.find(method) for method in survey.methods}
    every = [direction for directions, _ in found.values() for direction in directions]
    parts = work.pictures(found)
    with progress.showing(sum(parts.values()), work.begun(parts)):
        control, namings = None, {}
        if survey.choices.attributes:
            control = work.control(found[survey.methods[0]][0], parts["control"])
        measured = work.effects(every, parts["effects"])
        if control is not None:
            for method, (directions, _) in found.items():
                namings[method] = work.name(directions, control, parts[method])
        store = work.paint(every)
    remaining = iter(measured)
    results = {}
    for method, (directions, lasting) in found.items():
        labels = namings[method].labels if method in namings else directions.labels
        named, those = replace(directions, labels=labels), [next(remaining) for _ in directions]
        those = [replace(effect, label=label) for effect, label in zip(those, labels, strict=True)]
        results[method] = MethodResult(named, tuple(those), lasting)
    agreements = {
        (one, other): agreement(found[one][0], found[other][0], survey.generator.edit_dim)
        for one, other in combinations(found, 2)
    }
    return Findings(MethodComparison(results, agreements, survey.ends, survey.effect_codes), namings, store)


@dataclass(frozen=True, eq=False)
class _Work:
    survey: Survey
    folder: OwnedFolder
    progress: _Whole

    def _file(self, name: str) -> Path:
        path = self.folder.path / ".work" / name
        try:
            path.parent.mkdir(exist_ok=True)
        except OSError as error:
            raise InputError(f"cannot write to {path.parent}: {error.strerror or error}") from None
        return path

    def pictures(self, found: dict[str, tuple[Directions, Any]]) -> dict[str, int]:
        """Count the pictures of each stage."""
        choices, several = self.survey.choices, sum(len(directions) for directions, _ in found.values())
        moving, seen = (np.count_nonzero(spaced(*self.survey.ends, steps)) for steps in (STEPS, effects.STEPS))
        parts = {"effects": int(self.survey.effect_codes * ((seen < effects.STEPS) + seen * (several + DRAWS)))}
        if choices.attributes:
            parts["control"] = control_pictures(choices.codes, choices.draws, np.array(self.survey.ends))
            parts |= {method: int(choices.codes * len(each) * moving) for method, (each, _) in found.items()}
        return parts | {"pictures": len(self.survey.traversal(several))}

    def begun(self, parts: dict[str, int]) -> int:
        """Count the pictures of the stages that are done, and those that are stored."""
        files = {"effects": "effects.npz", "control": "control.npz"}
        done = [count for part, count in parts.items() if self._file(files.get(part, f"labels-{part}.json")).exists()]
        return sum(done) + len(self._store())

    # What is found

    def find(self, method: str) -> tuple[Directions, Stability | None]:
        """Find directions by a method, again with other seeds, and see how far they turned."""
        path, lasting = self._file(f"found-{method}.safetensors"), self._file(f"stability-{method}.npz")
        if not lasting.exists():  # which is written last
            found = self._found(method, 0)
            found.save(path)
            again = [self._found(method, repetition) for repetition in range(1, self.survey.choices.repetitions + 1)]
            told = vars(stability(found, again)) if again else {}
            self.folder.write_arrays(f".work/{lasting.name}", told)
        arrays = read_arrays(lasting)
        return Directions.load(path), Stability(**arrays) if arrays else None

    def _found(self, method: str, repetition: int) -> Directions:
        survey, seed = self.survey, (self.survey.choices.seed + repetition) % 2**32
        self.progress.say(f"finding directions by {method}" + (f", again ({repetition})" * bool(repetition)))
        known, options = options_of(method), {"source": survey.source}
        more = {"seed": seed, "class_name": survey.label}
        if method == "local_basis":  # of the first picture on show
            more["code"] = survey.code(seed) if repetition else survey.samples.ws[:1]
        if survey.choices.feature_layer is not None and survey.looks_at_features(method):
            more["feature_layer"] = survey.choices.feature_layer
        if method == "boundary":
            more |= self._scores()
        options |= {name: value for name, value in more.items() if name in known}
        return find(survey.generator, method, survey.choices.k, survey.layers, **options)

    def _scores(self) -> dict[str, Any]:
        """Choose the attributes that have values, for the method that parts pictures by them."""
        survey = self.survey
        chosen, painting = survey.choices.attributes, {"size": SIZE, "precision": survey.choices.precision}
        reader = FaceReader() if any(one.needs_face for one in chosen) else None
        probe = measure(chosen, painter(survey.generator, **painting)(survey.measured[:_PROBE]), reader=reader)
        there = has_values(chosen, probe) & separable(probe)
        kept = [one for one, known in zip(chosen, there, strict=True) if known]
        if not kept:
            raise InputError("no attribute has values that differ, so that none can part pictures; leave boundary out")
        names = [one.name for one in kept]
        return {"scorer": lambda pictures: measure(kept, pictures, reader=reader), "names": names, **painting}

    # What it does

    def effects(self, every: list[Any], pictures: int) -> list[Effect]:
        """Measure what all directions do: all at once, since the random ones are the same for all."""
        path = self._file("effects.npz")
        with self.progress.stage("measuring what they change", pictures):
            if not path.exists():
                survey, counted = self.survey, 0
                paint = painter(survey.generator, survey.choices.size, survey.choices.precision)

                def painted(ws: Tensor) -> NDArray[np.uint8]:
                    nonlocal counted
                    made, counted = paint(ws), counted + len(ws)
                    self.progress.update(counted)
                    return made

                measured = effects.measure(
                    painted,
                    survey.measured[: survey.effect_codes],
                    every,
                    survey.ends,
                    draws=DRAWS,
                    coordinates=survey.generator.edit_dim,
                    seed=survey.choices.seed,
                    batch=batch_size(survey.generator.resolution),
                )
                self.folder.write_arrays(f".work/{path.name}", effect_arrays(measured))
            return effects_of(read_arrays(path), every, self.survey.ends, self.survey.effect_codes)

    # What it means

    def _scorer(self, stage: str) -> Remembered:
        choices = self.survey.choices
        plain = scorer(self.survey.generator, choices.attributes, SIZE, choices.precision)
        return Remembered(plain, self._file(f"scores-{stage}"), len(choices.attributes))

    def control(self, place: Directions, pictures: int) -> Control:
        """Score what all methods' labels are compared with: unedited pictures, and random directions."""
        survey, path = self.survey, self._file("control.npz")
        with self.progress.stage("measuring random directions", pictures):
            if not path.exists():
                choices, counted = survey.choices, 0
                plain = self._scorer("control")

                def score(ws: Tensor) -> NDArray[np.float64]:
                    nonlocal counted
                    scores, counted = plain(ws), counted + len(ws)
                    self.progress.update(counted)
                    return scores

                ends = np.array(survey.ends)
                given = (survey.generator, place, choices.attributes, survey.measured, ends, choices.draws)
                control = measure_control(*given, choices.seed, score)
                self.folder.write_arrays(f".work/{path.name}", {"base": control.base, "null": control.null})
                self._file("scores-control").unlink()
            return Control(survey.measured, **read_arrays(path))

    def name(self, directions: Directions, control: Control, pictures: int) -> Naming:
        """Measure what the directions of a method mean."""
        survey, path = self.survey, self._file(f"labels-{directions.method}.json")
        with self.progress.stage(f"naming directions of {directions.method}", pictures):
            if not path.exists():
                name_directions(
                    survey.generator,
                    directions,
                    survey.choices.attributes,
                    strengths=spaced(*survey.ends, STEPS),
                    drawing=survey.drawing,
                    control=control,
                    score=self._scorer(directions.method),
                    progress=self.progress,
                ).save(path)
                self._file(f"scores-{directions.method}").unlink()
            return Naming.load(path)

    # What it looks like

    def _store(self) -> Store:
        side = min(self.survey.choices.size, self.survey.generator.resolution)
        return Store(self._file("pictures"), (side, side, 3))

    def paint(self, every: list[Any]) -> Store:
        """Make the pictures that are not stored yet."""
        survey, store, plan = self.survey, self._store(), self.survey.traversal(len(every))
        batch = batch_size(survey.generator.resolution)
        if len(store) < len(plan):  # a crash may have cut a batch; other batches could give other bits
            store.keep(len(store) // batch * batch)
        paint = painter(survey.generator, survey.choices.size, survey.choices.precision)
        with self.progress.stage("making pictures", len(plan)):
            while len(store) < len(plan):
                store.append(paint(plan.codes(survey.samples.ws, every, len(store), len(store) + batch)))
                self.progress.update(len(store))
        return store
