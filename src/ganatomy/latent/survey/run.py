"""Survey a generator: find directions by several methods, compare them, measure what they mean, and show it all.

The work is a row of stages. Each is a function of those before it, and its result is written whole when it is done, in
a hidden .work; so whatever stops the work, the same work goes on after the last stage that was done, and within a
stage that takes long, after the last batch:

    find, for each method     K directions, and how far they turn when the method is run again
    control                   scores of unedited pictures and along random directions, the same for all methods
    effects                   what all of them do to pictures, beside random ones
    name, for each method     what its directions mean
    pictures                  all samples along all directions, a batch at a time

The folder, `surveys/NAME` by default:

    page.html                 everything, to look at            table.csv        a row a direction
    <method>-<k>.png          a row a sample                    comparison.json  methods beside one another
    directions-<method>.safetensors, .json   with labels        labels-<method>.json   cards (`Naming.load`)
    summary.json              what was done and found, written last
    .ganatomy-survey, .lock   see `folders`                     .work            while work is under way

Not guaranteed: equal bits on another processor or number of threads.

Shapes: `K` directions a method.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ganatomy.attributes import measure
from ganatomy.files import OwnedFolder
from ganatomy.generators.base import Generator
from ganatomy.latent.methods.catalogue import METHODS
from ganatomy.latent.pictures import painter
from ganatomy.latent.survey.choices import MOST, Choices, Survey
from ganatomy.latent.survey.drawing import draw
from ganatomy.latent.survey.stages import run
from ganatomy.latent.survey.summary import summary_of
from ganatomy.progress import Silent


class SurveyFolder(OwnedFolder):
    """The folder of a survey."""

    noun = "survey"
    others = "another source, method, scorer, seed or range"
    mark_name = ".ganatomy-survey"
    owned = (
        *("page.html", "table.csv", "comparison.json", "summary.json", ".work"),
        *(f"directions-{method}{ending}" for method in METHODS for ending in (".safetensors", ".json")),
        *(f"labels-{method}.json" for method in METHODS),
        *(f"{method}-{k}.png" for method in METHODS for k in range(MOST["k"])),
    )


def survey(
    generator: Generator,
    methods: Sequence[str],
    out: str | Path,
    choices: Choices | None = None,
    *,
    facts: Mapping[str, Any] | None = None,
    command: str = "",
    force: bool = False,
    progress: Silent | None = None,
) -> dict[str, Any]:
    """Find directions by several methods, compare, name and show them, and write the folder.

    Args:
        generator: in which.
        methods: of `latent.methods.catalogue.METHODS`, each once.
        out: the folder.
        choices: how; see `Choices`.
        facts: what is known of the source, for the page.
        command: by which it can be done again, for the page.
        force: replace what the folder holds.
        progress: is told of each batch of pictures, those of all stages counted together.

    Returns:
        What summary.json holds.

    Raises:
        InputError: choices that cannot be, a folder that holds other things, a file that cannot be written, a scorer
            that raises or tells nothing.
        KeyboardInterrupt: it was stopped; the stages that were done are kept.

    >>> import tempfile
    >>> from ganatomy.attributes import choose
    >>> from ganatomy.generators.networks.planted import Planted
    >>> from ganatomy.latent.survey import Choices, survey
    >>> few = Choices(k=3, codes=20, draws=16, samples=1, steps=3, size=64, attributes=choose(["brightness", "warmth"]))
    >>> done = survey(Planted(resolution=16), ["sefa"], Path(tempfile.mkdtemp()) / "out", few)
    >>> for row in done["directions"]:
    ...     print(row["name"], row["text"])
    sefa 0 brightness +0.81 sd a unit, 100 % of samples
    sefa 1 unnamed
    sefa 2 colour temperature -1.11 sd a unit, 100 % of samples
    """
    work = Survey(generator, tuple(methods), choices or Choices(), dict(facts or {}))
    folder, progress = SurveyFolder(out), progress or Silent()
    folder.check(work.fingerprint(), force)
    first = painter(generator, work.choices.size, work.choices.precision)(work.samples.ws[:1])
    if work.choices.attributes:
        measure(work.choices.attributes, first)  # what cannot be measured is refused before anything is written
    with folder.claim(work.fingerprint(), force):
        found = run(work, folder, progress)
        progress.say("drawing")
        draw(folder, work, found, command)
        summary = summary_of(work, found)
        folder.write_json("summary.json", summary)
        shutil.rmtree(folder.path / ".work")
    return summary
