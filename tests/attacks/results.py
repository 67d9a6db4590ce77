"""Folders of results that somebody hands on: runs, studies, surveys, films; read, gone on with, shown on a page."""

import csv
import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from attacks.clouds import POINTS
from attacks.kind import Kind, Place
from attacks.mutate import IN_FOLDERS, WORDS, mutate
from attacks.policy import guarded
from attacks.tensors import headers_npz, lying_npz, zeros_npz
from attacks.texts import TINY, planted
from ganatomy.fitting.run.fit import fit
from ganatomy.fitting.run.pictures import animate
from ganatomy.fitting.run.result import Run
from ganatomy.fitting.study.plan import plan_study
from ganatomy.fitting.study.result import TABLES, Study
from ganatomy.fitting.study.run import run_study
from ganatomy.latent.survey.run import survey
from ganatomy.pages.index import report
from ganatomy.progress import Silent

SURVEYED: dict[str, Any] = {
    "n_codes": 20,
    "draws": 16,
    "samples": 1,
    "steps": 3,
    "size": 64,
    "k": 2,
    "attributes": ["brightness", "warmth"],
}
STUDIED: dict[str, Any] = {
    "objectives": ["gan", "ns-gan"],
    "optimizers": ["sgd"],
    "seeds": [0],
    "train_size": 40,
    **TINY,
}
PAYLOAD = "<script>alert"


class _Inline:
    """Makes the runs of a study in this process."""

    width, shares_disk, device = 1, True, "cpu"

    def as_completed(self, work: Callable, jobs: Iterable, told: Callable | None = None) -> Iterator:
        yield from ((job, work(job)) for job in jobs)

    def close(self) -> None:
        pass


class _Stopping(Silent):
    """Stops the work after some of it, as a person does."""

    def update(self, done: int, text: str = "") -> None:
        if done > 1:
            raise KeyboardInterrupt


def _stopped(work: Callable[..., object], *given: Any, **how: Any) -> None:
    try:
        work(*given, **how, progress=_Stopping())
    except KeyboardInterrupt:
        return
    raise AssertionError("it was not stopped")


# Runs


def _run(folder: Path) -> None:
    fit(POINTS, "wgan-gp", "course", train_size=40, out=folder / "run", **TINY)


def _unfinished(folder: Path) -> None:
    _run(folder)
    (folder / "run" / "summary.json").unlink()


def _again(path: Path) -> object:
    return repr(fit(POINTS, "wgan-gp", "course", train_size=40, out=path, **TINY))


def _read_run(path: Path) -> object:
    run = Run.load(path)
    html = run._repr_html_()
    assert PAYLOAD not in html
    told = [repr(run), html, run.sample(10).shape, len(run.to_frame()), len(run.to_frame("losses")), run.measurements]
    assert told[0].isprintable()
    return told


def _plot_run(path: Path) -> object:
    run = Run.load(path)
    return [run.plot(picture) for picture in ("final", "losses", "metrics", "film_strip")]


def _animate(path: Path) -> object:
    return animate(path, fps=12, width=480)


# Studies


def _study(folder: Path) -> None:
    np.save(folder / "points.npy", POINTS)
    run_study(plan_study(folder / "points.npy", **STUDIED), folder / "study", _Inline())


def _read_study(path: Path) -> object:
    study = Study.load(path)
    html = study._repr_html_()
    assert PAYLOAD not in html
    told = [repr(study), html, study.answer("zh"), study.claims, study.differences, study.report]
    assert told[0].isprintable()
    told += [len(study.table(name)[1]) for name in TABLES]
    if len(study) and study[0].status == "finished":
        told.append(repr(study.run(0)))
    return told


def _compare_again(path: Path) -> object:
    study = run_study(plan_study(path.parent / "points.npy", **STUDIED), path, _Inline())
    guarded(study.report.read_text(encoding="utf-8"))
    return repr(study)


def _elsewhere(place: Place) -> str:
    """Let what becomes a name on the disk lead out of the folder."""
    records = sorted(place.target.glob("runs/*/record.json"))
    names = (
        "/../../../outside/photo",
        "../../outside/photo",
        "/abs",
        "a/b",
        "..",
        "",
        "中" * 99,
        "\x1b[2J",
        "a\0b",
        ".",
    )
    key, word = (
        place.random.choice(("target", "objective", "optimizer", "variant", "reason")),
        place.random.choice(names),
    )
    word = str(place.outside / "photo") if word == "/abs" else word
    for path in records:
        path.write_text(json.dumps({**json.loads(path.read_text()), key: word}))
    path = place.target / "study.json"
    content = json.loads(path.read_text())
    for cell in content["cells"]:
        cell[key] = word
    if key == "target" and place.random.random() < 0.5:
        content["identity"]["targets"] = dict.fromkeys([word], *content["identity"]["targets"].values())
    path.write_text(json.dumps(content))
    return f"{key} = {word!r:.60}"


def _many_runs(place: Place) -> None:
    one = next(place.target.glob("runs/*"))
    for k in range(200):
        (place.target / "runs" / f"x{k}").symlink_to(one.name)


# Surveys and films


def _survey(folder: Path) -> None:
    survey(planted(), ["sefa", "random"], folder / "survey", **SURVEYED)


def _half_survey(folder: Path) -> None:
    _stopped(survey, planted(), ["sefa", "random"], folder / "survey", **SURVEYED)


def _survey_again(path: Path) -> object:
    return repr(survey(planted(), ["sefa", "random"], path, **SURVEYED))


def _film(folder: Path) -> None:
    survey(planted(), "sefa", folder / "film", film=True, k=2, samples=1, steps=3, size=64, effect_codes=8)


# One page of all


def _all(folder: Path) -> None:
    _run(folder)
    _study(folder)
    _survey(folder)
    for heavy in ("*.mp4", "*.gif"):
        for path in folder.rglob(heavy):
            path.write_bytes(b"")


def _report(folder: Path) -> object:
    found = [path for path in sorted(folder.iterdir()) if path.is_dir()]
    refused = []
    for one in found:  # each for itself, so that one which is refused hides no other
        try:
            report([one], folder / "index.html", title="<b>")
            guarded((folder / "index.html").read_text(encoding="utf-8"), files=True)
        except ValueError as error:
            refused.append(error)
    if refused:
        raise refused[0]
    return found


def _odd_summary(place: Place) -> str:
    """Put something strange where a page shows it."""
    path = place.random.choice(sorted([*place.folder.rglob("summary.json"), *place.folder.rglob("study.json")]))
    content = json.loads(path.read_text())
    key, word = place.random.choice(list(content)), place.random.choice((*WORDS, "\ud800", "x" * 3_000_000))
    path.write_text(json.dumps({**content, key: word}))
    return f"{path.relative_to(place.folder)}: {key} = {word!r:.50}"


def _in_file(name: str, attack: Callable[[Place], object]) -> Callable[[Place], object]:
    """Attack a file of the folder."""

    def on_file(place: Place) -> object:
        target = next(iter(sorted(place.target.rglob(name))))
        return attack(Place(place.folder, target, place.outside, place.shelf, place.random))

    return on_file


def _vast_table(place: Place) -> None:
    """Let a table have a million rows."""
    with open(place.target, newline="") as file:
        header, *rows = csv.reader(file)
    text = ",".join(header) + "\n" + (",".join(rows[0]) + "\n") * 1_000_000
    place.target.write_text(text)


def _foreign_parts(place: Place) -> None:
    """Let a folder that is not the program's lie in the program's, with somebody's hidden files."""
    other = place.target / "notes"
    other.mkdir()
    (other / ".draft.part").write_text("somebody's work")
    (place.target / "beside").symlink_to(place.outside / "folder")


ARCHIVES = {
    "zeros": _in_file("*.npz", zeros_npz("snapshots")),
    "a lie about a size": _in_file("*.npz", lying_npz("snapshots")),
    "a strange head": _in_file("*.npz", headers_npz("snapshots")),
}
TABLES_TOO = {**ARCHIVES, "a vast table": _in_file("metrics.csv", _vast_table)}


def _checkpoint(place: Place) -> str:
    """Attack the checkpoint of a run as any torch file."""
    from attacks.tensors import ZIPPED

    name = place.random.choice(list(ZIPPED))
    target = place.target / "checkpoint.pt"
    ZIPPED[name](Place(place.folder, target, place.outside, place.shelf, place.random))
    return name


def _card_of_checkpoint(place: Place) -> str:
    """Change what a checkpoint's header says, in torch's own writing."""
    import torch

    path = place.target / "checkpoint.pt"
    content = torch.load(path, weights_only=True)
    key, word = place.random.choice(list(content)), place.random.choice(WORDS)
    torch.save({**content, key: word}, path)
    return f"{key} = {word!r:.50}"


def _kind(name: str, target: str, sample: Any, read: Any, every: int = 1, **attacks: Any) -> Kind:
    told = {key.replace("_", " "): attack for key, attack in attacks.items()}
    return Kind(name, target, (sample,), read, {**told, **IN_FOLDERS, "mutated": mutate}, every, 2.0 * every)


KINDS = (
    _kind("run", "run", _run, _read_run, 2, **TABLES_TOO),
    _kind("run drawn", "run", _run, _plot_run, 10, **TABLES_TOO),
    _kind("run animated", "run", _run, _animate, 20, foreign_parts=_foreign_parts, **TABLES_TOO),
    _kind(
        *("run resumed", "run", _unfinished, _again, 20),
        checkpoint=_checkpoint,
        card=_card_of_checkpoint,
        parts=_foreign_parts,
    ),
    _kind("study", "study", _study, _read_study, 2, elsewhere=_elsewhere, many_runs=_many_runs, **TABLES_TOO),
    _kind("study again", "study", _study, _compare_again, 40, elsewhere=_elsewhere, parts=_foreign_parts),
    _kind("survey resumed", "survey", _half_survey, _survey_again, 40, parts=_foreign_parts, **ARCHIVES),
    _kind("film", "", _film, _report, 2, odd_summary=_odd_summary),
    _kind("index", "", _all, _report, 2, odd_summary=_odd_summary, elsewhere=_in_file("study", _elsewhere)),
)
