"""The folder of a study, and whether a plan may go on in it.

Two plans are of one study if they have the same *identity*: the points of the targets that both name, at least one,
how many of these train, choose rates and test, and the recipe that cells differ from. Objectives, optimizers, variants
and seeds are free, so a study can be widened by any of them, and by other targets. So are rates where there was a
choice among some: else all held-out points are tested on, and none is left to choose by. What makes a single run is its
own fingerprint, which is compared as well, so that no run is taken for another.
"""

import contextlib
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ganatomy.errors import InputError
from ganatomy.files import OwnedFolder, Place, file_name, instead, parse_json, printable, read_input
from ganatomy.fitting.study.job import read_content, read_record
from ganatomy.fitting.study.judging.comparison import contested
from ganatomy.fitting.study.judging.records import Cell, RunRecord
from ganatomy.fitting.study.plan import Plan, PlannedRun
from ganatomy.fitting.study.shapes import StudyTable, Versioned
from ganatomy.fitting.study.targets import Target

FORMAT = 2
"""Of study.json: raised when older ones can no longer be gone on with."""

_READ = (1, FORMAT)  # in format 1 all seeds share one split, and half of the held-out points never test


class StudyFolder(OwnedFolder):
    """The folder of one study, never finished for good: it can always be widened.

    >>> import tempfile
    >>> from ganatomy.fitting.study.plan import plan_study
    >>> folder = StudyFolder(tempfile.mkdtemp())
    >>> folder.missing(plan_study("ring", seeds=[0], objectives=["gan"], optimizers=["sgd"]))[0].name
    'ring-gan-sgd-5e-05-seed0'
    """

    noun = "study"
    mark_name = ".ganatomy-study"
    owned = (
        *("study.json", "table.csv", "summary.csv", "report.html", "figures", "runs", "tensorboard", "points"),
        *("tidy.csv", "summary.tex", "log.txt", ".work"),
    )
    _SCRATCH = ".work"

    @property
    def runs(self) -> Path:
        """Return the folder of the runs."""
        return self.path / "runs"

    def points(self, name: str) -> Place:
        """Return the file of the points that were given as an array under a name."""
        return self.at(f"points/{file_name(name)}.npy")

    def keep_points(self, targets: Iterable[Target]) -> None:
        """Keep points that were given as arrays, so that whoever has the folder can go on with the study.

        Raises:
            InputError: they cannot be written.
        """
        for target in targets:
            place = self.points(target.name)
            if target.given is not None and not place.exists():
                with place.writing() as file:
                    np.save(file, target.given)

    @property
    def scratch(self) -> Path:
        """Return the folder of what is being made; it is there while the study runs."""
        return self.path / self._SCRATCH

    def unfinished(self) -> str | None:
        """Return None: what may go on here, `require` decides."""
        return None

    def require(self, plan: Plan) -> None:
        """Refuse a plan of another study than the one that the folder holds.

        Raises:
            InputError: other points, another split or base recipe; a run that was made from something else.
        """
        held = self._former()
        if held:
            difference = _difference(held["identity"], identity(plan))
            if difference:
                raise InputError(
                    f"{self.path} holds another study ({difference}); choose another `out`, "
                    f"or `force=True` to replace it"
                )
        for run in plan.runs:
            content = read_content(self.runs / run.name)
            if content is not None and content["fingerprint"] != run.fingerprint:
                raise InputError(
                    f"{self.runs / run.name} is of another study: its recipe, its objective or its points differ; "
                    f"choose another `out`, or `force=True` to replace the study"
                )

    def admit(self, plan: Plan, force: bool = False) -> Plan:
        """Return a plan as it is carried out here, after all that is held; nothing is changed.

        Where learning rates were chosen, they are, whatever the plan alone would need.

        Raises:
            InputError: the folder holds other things, or (without force) another study, or runs that are measured on
                points by which the plan would choose rates.
        """
        self.check("study", force)
        if force:
            return plan
        held = self._former()
        cells = [Cell(**cell) for cell in held["cells"]] if held else self.cells()
        targets = held["identity"]["targets"] if held else {}
        chosen = {name for name, target in targets.items() if target["validation"]}
        plan = plan.choosing(chosen | {cell.target for cell in contested([*plan.cells, *cells])})
        self.require(plan)
        return plan

    def _former(self) -> dict[str, Any]:
        """Read what a study that can be gone on with holds; an empty table where there is none."""
        held = self.read()
        if held and held["format"] != FORMAT:
            raise InputError(
                f"{self.path} holds a study of an earlier version, whose seeds shared one split of the points: its "
                f"page can be written again, but no run added; choose another `out`, or `force=True` to replace it"
            )
        return held

    def read(self) -> dict[str, Any]:
        """Read study.json; an empty table where there is none.

        Raises:
            InputError: it is damaged, or of another version.
        """
        path = self.path / "study.json"
        if not os.path.lexists(path):
            return {}
        try:
            content = read_input(path)
            version = parse_json(content, "", Versioned).format
            held = parse_json(content, "", StudyTable) if version in _READ else None
        except InputError as error:
            why = str(error).strip(": ")
            raise InputError(
                f"{path}: damaged; remove it, the runs know what they are, and compare again ({why})"
            ) from None
        if held is None:
            raise InputError(f"{path}: written in format {version}, this version reads up to {FORMAT}")
        return held.model_dump()

    def require_state(self) -> dict[str, Any]:
        """Read study.json.

        Raises:
            InputError: there is no study here, or it is damaged.
        """
        state = self.read()
        if not state:
            if other := instead(self.path, "study"):
                raise other
            hint = "give a folder that ganatomy compare made, such as studies/NAME"
            raise InputError(f"{self.path} holds no study; {hint}")
        return state

    def missing(self, plan: Plan) -> list[PlannedRun]:
        """List the runs that are still to be made: those that are not there, or failed."""
        held = {run.name: read_content(self.runs / run.name) for run in plan.runs}
        return [run for run in plan.runs if (held[run.name] or {"status": "failed"})["status"] == "failed"]

    def cells(self) -> set[Cell]:
        """Return the cells of the runs that are there."""
        return {record.cell for record in self.records()}

    def records(self) -> list[RunRecord]:
        """Read all runs, by cell, in the order in which cells were first asked for, and seed.

        Raises:
            InputError: a run's tables are damaged.
        """
        if not self.runs.is_dir():
            return []
        found = (read_record(path) for path in sorted(self.runs.iterdir()) if path.is_dir())
        order = {Cell(**cell): k for k, cell in enumerate(self.read().get("cells", []))}
        return sorted(filter(None, found), key=lambda r: (order.get(r.cell, len(order)), r.cell, r.seed))

    @contextlib.contextmanager
    def working(self, plan: Plan, force: bool = False) -> Iterator[None]:
        """Hold the folder for a plan, with an empty scratch folder.

        Raises:
            InputError: it holds other things, another study, or is in use; it cannot be written.
        """
        with self.claim("study", force):
            if not force:
                self.require(plan)  # not before: another process may have been here
            self._clear()  # what a kill left behind
            self.make("runs")
            self.make(self._SCRATCH)
            try:
                yield
            finally:
                self._clear()

    def _clear(self) -> None:
        with contextlib.suppress(OSError):
            self.remove(self._SCRATCH)


def identity(plan: Plan) -> dict[str, Any]:
    """Return what must be equal for two plans to be of one study.

    >>> from ganatomy.fitting.study.plan import plan_study
    >>> identity(plan_study("ring", epochs=5))["recipe"]["epochs"]
    5
    """
    recipe = plan.base.model_dump(mode="json", exclude={"name", "description"})
    return {"targets": {target.name: target.identity for target in plan.targets}, "recipe": recipe}


def _difference(held: Mapping[str, Any], wanted: Mapping[str, Any]) -> str:
    """Say the first thing in which two identities differ; "" where they do not. Targets may be added."""
    shared = held["targets"].keys() & wanted["targets"].keys()
    if not shared:
        return f"of {', '.join(held['targets'])}, not {', '.join(wanted['targets'])}"
    pairs = [(f"points of {name}", held["targets"][name], wanted["targets"][name]) for name in sorted(shared)]
    for where, old, new in [*pairs, ("", held["recipe"], wanted["recipe"])]:
        former, now = _flat(old), _flat(new)
        for key in [*former, *now]:
            if former.get(key) != now.get(key):
                if key == "sha256":
                    return f"other {where}"
                if key == "validation" and not former.get(key):
                    return f"all held-out {where} test there; to choose among rates, give all `lrs` from the start"
                return printable(f"{where} {key} = {former.get(key)} there, {now.get(key)} here", 300)
    return ""


def _flat(table: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in table.items():
        flat.update(_flat(value, f"{prefix}{key}.") if isinstance(value, Mapping) else {f"{prefix}{key}": value})
    return flat
