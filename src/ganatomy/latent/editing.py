"""Edits to look at: samples before and after, along a direction or by a label, and what the latter changes.

What is written is one page of pictures, and for an edit by a label a second one beside it, with how far each attribute
changes, measured over other codes. What is not guaranteed: that an edit means one thing, or the same for every sample.

Shapes: `N` samples, `h` pixels a side.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from ganatomy.figures.fonts import drawable
from ganatomy.figures.pictures.changes import changes_figure
from ganatomy.figures.pictures.samples import save_pictures
from ganatomy.figures.saving import save_figure
from ganatomy.generators.base import Generator, Noise, Precision
from ganatomy.languages import Words
from ganatomy.latent.codes import Drawing
from ganatomy.latent.directions import Directions
from ganatomy.latent.labels.keep import KeptEdit
from ganatomy.latent.pictures import paint

EIGHT = Drawing(seeds=range(8))
"""A code of each of the seeds 0 to 7."""


def save_edit(
    generator: Generator,
    edit: Directions | KeptEdit,
    out: str | os.PathLike[str],
    *,
    index: int = 0,
    strength: float = 2.0,
    drawing: Drawing = EIGHT,
    size: int | None = 256,
    precision: Precision = "float32",
    noise: Noise | None = None,
    language: str | None = None,
) -> tuple[Path, ...]:
    """Move samples along one direction, and write a page that shows each before and after.

    Args:
        generator: in which the direction was found.
        edit: directions, of which `index` says which; or what `edit_by_label` gave, whose strength is then taken.
        out: a file that ends in .png; folders that it names are made.
        index: of the direction; -1 is the last one.
        strength: how far, in units of the code; negative for the other way.
        drawing: how the samples are drawn.
        size: of the pictures, at most, in pixels a side.
        precision: of the generator's arithmetic.
        noise: the grain of a StyleGAN's pictures; by default the generator's own.
        language: of the titles, "en" or "zh"; None for the one that is `languages.chosen`.

    Returns:
        The files that were written: of an edit by a label, its changes too, in NAME_changes.png.

    Raises:
        InputError: directions of another generator, an index that there is not; as of `Drawing.codes`, `paint` and
            `save_pictures`.

    >>> import tempfile
    >>> from ganatomy.generators.networks.planted import Planted
    >>> from ganatomy.latent.methods.sefa import sefa
    >>> G, folder = Planted(resolution=16).eval(), Path(tempfile.mkdtemp())
    >>> [path.name for path in save_edit(G, sefa(G, 3), folder / "brighter.png", strength=1.5)]
    ['brighter.png']
    """
    if isinstance(edit, Directions):
        edit.check_fits(generator)
        direction = edit[index]
    else:
        direction, strength = edit.direction, edit.strength
    samples = drawing.suited(edit.method).codes(generator)
    before, after = (
        paint(generator, ws, size=size, precision=precision, noise=noise)
        for ws in (samples.ws, direction.edit(samples.ws, strength))
    )
    words, path = Words(drawable(language), "edit"), Path(out)
    title = edit_title(edit, words, generator.name or generator.family, index=index, strength=strength)
    titles, language = samples.called(words.language), words.language
    save_pictures(after, path, before=before, titles=titles, title=title, language=language)
    if isinstance(edit, Directions):
        return (path,)
    names = [change.title[words.language] for change in edit.changes]
    kept = [a for a, change in enumerate(edit.changes) if change.kept]
    beside = path.with_name(f"{path.stem}_changes.png")
    series = changes_by_edit(edit, words)
    save_figure(changes_figure(names, series, title=title, marked=kept, language=language), beside)
    return path, beside


def edit_title(edit: Directions | KeptEdit, words: Words, source: str, *, index: int = 0, strength: float = 2.0) -> str:
    """Say in a line what an edit does.

    Args:
        edit: directions, of which `index` says which; or an edit by a label.
        words: of the table "edit".
        source: what the generator is called.
        index: of the direction.
        strength: how far; an edit by a label has its own.

    >>> found = Directions([[0.6, 0.8]], [1], [1], "z", (0,), "sefa", "f", ("smile",))
    >>> edit_title(found, Words("en", "edit"), "faces", strength=2)
    'faces, direction 0: smile, strength +2'
    """
    if isinstance(edit, Directions):
        number = range(len(edit))[index]  # -1 is the last one
        what = words.titled(words("direction", index=number), edit.labels[number] or "")
    else:
        strength, kept = edit.strength, _in_words(edit, edit.kept, words)
        label = edit.label if words.language == "en" else _in_words(edit, [edit.attribute], words)[0]
        what = words("more" if strength > 0 else "less", label=label, direction=edit.plain.name)
        what = words("comma").join([what, words("keeping", kept=words.listed(kept))]) if kept else what
    return words("title", name=source, what=what, strength=f"{strength:+g}")


def changes_by_edit(edit: KeptEdit, words: Words) -> dict[str, list[tuple[float, float, float] | None]]:
    """Name what an edit by a label changes, and what it would change without keeping anything.

    >>> from ganatomy.latent.direction import Direction
    >>> along = Direction([1.0], (0,), "z", "f")
    >>> edit = KeptEdit("smile", "smile", 2.0, along, along, 1.0, ("age",), {}, (), "sefa")
    >>> list(changes_by_edit(edit, Words("en", "edit")))
    ['without keeping', 'keeping age']
    """
    after = [change.after for change in edit.changes]
    if not edit.kept:
        return {words("change"): after}
    kept = words("keeping", kept=words.listed(_in_words(edit, edit.kept, words)))
    return {words("not_keeping"): [change.before for change in edit.changes], kept: after}


def _in_words(edit: KeptEdit, names: Sequence[str], words: Words) -> list[str]:
    """Call attributes by their titles; in English their names are words already."""
    titles = {change.attribute: change.title[words.language] for change in edit.changes if words.language != "en"}
    return [titles.get(name, name) for name in names]
