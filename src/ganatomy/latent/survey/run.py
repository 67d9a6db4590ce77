"""Survey a generator: find directions, measure what they do and mean, and show it all: a page, or a film.

The work is a row of stages; each is done once, and its result is written whole, in a hidden .work. Within a stage that
takes long, every batch of pictures is kept. So whatever stops the work, the same work goes on after the last batch that
was done, and no picture is made twice; see `stages`.

A survey compares methods and says what their directions mean. Its folder, `surveys/NAME` by default:

    page.html                 everything, to look at            table.csv        a row a direction
    <method>-<k>.png          a row a sample                    comparison.json  methods beside one another
    directions-<method>.safetensors, .json   with labels        labels-<method>.json   cards (`Naming.load`)
    summary.json              what was done and found, written last
    .ganatomy-survey, .lock   see `files`                       .work            while work is under way

A film shows the directions of one method. Its folder, `edits/NAME` by default:

    traversal.mp4            all samples along all directions   traversal.html   the same to play with
    direction_<k>.png        a row a sample                     overview.png     a row a direction, and where it acts
    directions.safetensors   the vectors (`Directions.load`)    directions.json  to read, without the vectors
    codes.npz                z (N, Z) and ws (N, L, W)          summary.json     what was done and found, written last
    .ganatomy-exploration, .lock   see `files`                  .work            while work is under way

Stopped, a film draws the directions that are whole by then.

Not guaranteed: equal bits on another processor or number of threads; pictures then differ by a grey level here and
there.

Shapes: `K` directions a method.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np

from ganatomy.errors import InputError, unknown
from ganatomy.files import OwnedFolder, Stages
from ganatomy.generators.base import Generator
from ganatomy.latent.directions import Directions
from ganatomy.latent.methods.catalogue import METHODS
from ganatomy.latent.pictures import Store
from ganatomy.latent.survey.choices import FORMAT, MOST, Choices, Film, Survey
from ganatomy.latent.survey.drawing import draw
from ganatomy.latent.survey.film import Album
from ganatomy.latent.survey.result import Surveyed
from ganatomy.latent.survey.stages import Trial, run, trial_of
from ganatomy.latent.survey.summary import film_summary_of, summary_of
from ganatomy.progress import Silent, shown

COMPARED = ("sefa", "ganspace", "random")
"""The methods that a survey compares where none are named."""


class _Folder(OwnedFolder):
    def other_work(self) -> str:
        """Say how the unfinished work that is here may differ; another version's fingerprint begins otherwise."""
        same = (self.unfinished() or "").startswith(f"{FORMAT}:")
        return super().other_work() if same else "that another version of ganatomy began"


class SurveyFolder(_Folder):
    """The folder of a survey."""

    noun = "survey"
    others = "another source, method, scorer, seed or range"
    mark_name = ".ganatomy-survey"
    owned = (
        *("page.html", "table.csv", "comparison.json", "summary.json", Stages.NAME),
        *(f"directions-{method}{ending}" for method in METHODS for ending in (".safetensors", ".json")),
        *(f"labels-{method}.json" for method in METHODS),
        *(f"{method}-{k}.png" for method in METHODS for k in range(MOST)),
    )


class FilmFolder(_Folder):
    """The folder of a film."""

    noun = "exploration"
    others = "another source, seed, range or size"
    mark_name = ".ganatomy-exploration"
    owned = (
        *("traversal.mp4", "traversal.html", "overview.png", "directions.safetensors", "directions.json"),
        *("codes.npz", "summary.json", Stages.NAME, ".pictures", "video.mp4"),
        *(f"{folder}direction_{k}.png" for folder in ("", "strips/") for k in range(MOST)),
    )


def survey(
    generator: Generator,
    methods: Sequence[str] | str | None = None,
    out: str | Path | None = None,
    choices: Choices | None = None,
    *,
    film: bool = False,
    facts: Mapping[str, Any] | None = None,
    force: bool = False,
    report_layout: bool = False,
    progress: Silent | bool | None = None,
    **chosen: Any,
) -> Surveyed:
    """Find directions by several methods, compare, name and show them; or show those of one as a film.

    `survey(G)` does what 'ganatomy directions' does, and `survey(G, film=True)` what 'ganatomy sefa' does.

    Args:
        generator: in which.
        methods: of `latent.methods.catalogue.METHODS`, each once; by default `COMPARED`, and SeFa for a film.
        out: the folder; by default one of the name of what is done, in `surveys` or `edits`.
        choices: how; see `Choices`, and `Film` for a film.
        film: whether to make a film of the directions of one method, in place of comparing and naming those of several.
        facts: what is known of the source, for the page; by default what the generator knows.
        force: replace what the folder holds.
        report_layout: of a film, whether to write the laboratory report's video.mp4 and strips/ besides.
        progress: is told of each batch of pictures, those of all stages counted together; see `progress.shown`.
        **chosen: single choices by name, in place of `choices`: `survey(G, "sefa", k=12, seeds=[3, 7])`.

    Returns:
        What summary.json holds, and how it is looked at in a notebook.

    Raises:
        InputError: choices that cannot be, a folder that holds other things, a file that cannot be written, a scorer
            that raises or tells nothing.
        KeyboardInterrupt: it was stopped; the stages that were done are kept.

    >>> import tempfile
    >>> from ganatomy.generators.networks.planted import Planted
    >>> few = {"n_codes": 20, "draws": 16, "samples": 1, "steps": 3, "size": 64, "attributes": ["brightness", "warmth"]}
    >>> done = survey(Planted(resolution=16), "sefa", Path(tempfile.mkdtemp()) / "out", k=3, **few)
    >>> for row in done["directions"]:
    ...     print(row["name"], row["text"])
    sefa 0 brightness +0.81 sd a unit, 100 % of samples
    sefa 1 unnamed
    sefa 2 colour temperature -1.11 sd a unit, 100 % of samples
    >>> done["pictures"]["painted"] == done["pictures"]["distinct"]
    True
    """
    if methods is None:
        methods = ("sefa",) if film else COMPARED
    named = (methods,) if isinstance(methods, str) else tuple(methods)
    kind = Film if film else Choices
    if choices is not None and chosen:
        raise InputError(f"choices, and {', '.join(chosen)} besides; give either")
    if choices is not None and isinstance(choices, Film) != film:
        raise InputError("a film has the choices Film(...), another survey Choices(...); let film say which")
    known = [each.name for each in fields(kind) if each.init]
    for name in chosen:
        if name not in known:
            raise unknown("choice", name, known)
    work = Survey(generator, named, choices or kind(**chosen), dict(facts or {}))
    display = shown(progress, "picture", rate=True)
    return conduct(work, out, force=force, report_layout=report_layout, progress=display)


def conduct(
    work: Survey,
    out: str | Path | None = None,
    *,
    command: str = "",
    force: bool = False,
    report_layout: bool = False,
    progress: Silent | None = None,
) -> Surveyed:
    """Do a survey, and write its folder; see `survey`.

    Args:
        work: what to do.
        out: the folder; by default its `default_out`.
        command: by which it can be done again, for the page; empty for work that is begun from Python.
        force: replace what the folder holds.
        report_layout: of a film, whether to write the laboratory report's video.mp4 and strips/ besides.
        progress: is told of each batch of pictures.

    Raises:
        InputError: as of `survey`.
        KeyboardInterrupt: it was stopped; the stages that were done are kept, and a film is drawn of what is whole.

    >>> import tempfile
    >>> from ganatomy.generators.networks.planted import Planted
    >>> choices = Film(k=1, samples=1, steps=3, size=64, columns=3, effect_codes=2)
    >>> done = conduct(Survey(Planted(resolution=16), ("sefa",), choices), Path(tempfile.mkdtemp()) / "out")
    >>> sorted(path.name for path in done.out.iterdir() if path.name[0] != ".")[:4]
    ['codes.npz', 'direction_0.png', 'directions.json', 'directions.safetensors']
    """
    kind: type[OwnedFolder] = SurveyFolder if work.film is None else FilmFolder
    folder, progress, mark = kind(out or work.default_out), progress or Silent(), work.fingerprint()
    folder.check(mark, force)
    stages = Stages(folder)
    resumed = not force and folder.begun and folder.unfinished() == mark and stages.done("pictures")
    trial = None if resumed else trial_of(work)
    with folder.claim(mark, force):
        if force:
            stages.clear()
        if work.film is None:
            found = run(work, folder, progress, trial)
            progress.say("drawing")
            draw(folder, work, found, command)
            summary = summary_of(work, found)
        else:
            summary = _make_film(work, folder, progress, trial, report_layout, command)
        folder.write_json("summary.json", summary)
        stages.clear()
    return Surveyed(summary, folder.path)


def _make_film(
    work: Survey, folder: OwnedFolder, progress: Silent, trial: Trial | None, report_layout: bool, command: str
) -> dict[str, Any]:
    """Do the work of a film and draw it; if it is stopped, draw what is whole."""
    albums: list[tuple[Album, int]] = []

    def partly(directions: Directions, store: Store, whole: int) -> None:
        if not albums:
            _write_codes(folder, work, directions)
        album = Album(folder, work, directions, store)
        album.draw_directions(whole)
        albums[:] = [(album, whole)]

    try:
        found = run(work, folder, progress, trial, partly)
    except KeyboardInterrupt:
        album, whole = albums[0] if albums else (None, 0)
        if album is not None and whole:
            progress.say(f"drawing the {whole} of {work.choices.k} directions that are whole")
            album.draw(whole, report_layout, command)
        raise
    progress.say("drawing")
    [directions] = found.directions
    album = Album(folder, work, directions, found.store, tuple(found.effects))
    album.draw_directions(len(directions))
    album.draw(len(directions), report_layout, command)
    return film_summary_of(work, found)


def _write_codes(folder: OwnedFolder, work: Survey, directions: Directions) -> None:
    samples = work.samples
    drawn = {} if samples.z is None else {"z": samples.z.numpy()}
    folder.write_arrays("codes.npz", {**drawn, "ws": samples.ws.numpy(), "names": np.array(samples.names)})
    directions.save(folder.at("directions.safetensors"))
