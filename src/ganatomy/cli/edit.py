"""ganatomy edit: move samples along one direction, found or named."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from ganatomy import languages
from ganatomy.cli import options
from ganatomy.cli.application import verb
from ganatomy.cli.naming import drawn_in_name, save_png, seeds_in_name
from ganatomy.cli.options import Flag
from ganatomy.cli.parsing import check_ending, check_strength, read_seeds
from ganatomy.errors import InputError

if TYPE_CHECKING:
    from ganatomy.latent.direction import Direction
    from ganatomy.latent.labels.card import Naming
    from ganatomy.latent.labels.keep import KeptEdit


@verb
def edit(
    source: options.Source = "",
    label: Annotated[str | None, Flag(help="What to change: a label that was measured, such as smile.")] = None,
    keep: Annotated[str | None, Flag(help="With --label: attributes to leave alone, such as gender,age.")] = None,
    labels: Annotated[
        Path | None,
        Flag(help="Labels that 'ganatomy directions' wrote.  [default: those that come with ganatomy, as of faces]"),
    ] = None,
    directions: Annotated[
        Path | None,
        Flag(help="Without --label: a directions.safetensors of 'ganatomy sefa', or a boundary.npy of InterFaceGAN."),
    ] = None,
    index: Annotated[int, Flag(help="Which of them, from 0.")] = 0,
    strength: Annotated[float, Flag(help="How far, in units of the code; negative for the other way.")] = 2.0,
    seeds: Annotated[str, Flag(help="A code of each, such as 3,7,12 or 0-7.")] = "0-7",
    class_name: options.ClassName = None,
    psi: options.Psi = None,
    cutoff: options.Cutoff = None,
    noise: options.Noise = "stored",
    size: options.Size = 256,
    precision: options.Precision = "float32",
    device: options.Device = "auto",
    threads: options.Threads = None,
    language: options.Language = None,
    classes: options.Classes = None,
    sha256: options.Sha256 = None,
    trust: options.Trust = False,
    out: Annotated[
        Path | None, Flag(help="Picture to write, .png.  [default: edits/SOURCE_directionI_STRENGTH_seedsS.png]")
    ] = None,
) -> None:
    """Move samples along one direction and show each before and after.

    With --label also how far each attribute of the pictures changes, measured over 100 other codes.
    Without SOURCE the generator is the zoo's that the directions were found in, or faces.

    Examples:

      ganatomy edit faces --label smile --keep gender,age

      ganatomy edit --directions edits/faces_N5_K5_seed0/directions.safetensors --index 2 --strength 3
    """
    check_ending(out, ".png")
    check_strength("--strength", strength)
    if strength == 0:
        raise InputError("--strength 0 changes nothing; give such as 2, or -2 for the other way")
    if (label is None) == (directions is None):
        raise InputError("say along what: --label smile, or --directions FILE with --index")
    if label is None and (keep is not None or labels is not None):
        raise InputError(f"--{'keep' if keep is not None else 'labels'} goes with --label; name one")
    chosen, tongue = read_seeds(seeds), languages.chosen(language)
    from ganatomy.generators.zoo.cards import is_name
    from ganatomy.latent.directions import Directions
    from ganatomy.latent.labels.card import Naming

    is_boundary = directions is not None and directions.suffix.lower() == ".npy"  # it does not say whose it is
    if is_boundary and not source:
        raise InputError(f"{directions} does not say which generator it is of; give that as SOURCE")
    given = None if directions is None or is_boundary else Directions.load(directions)
    naming = None if labels is None else Naming.load(labels)
    told = given or naming
    if not source and told is not None and not is_name(told.source):
        raise InputError(
            f"{directions or labels} was found in '{told.source}', which is not in the zoo; give its file as SOURCE"
        )
    opened = options.open_source(source or (told.source if told is not None else "faces"), classes, sha256, trust)
    from ganatomy.figures.fonts import drawable
    from ganatomy.figures.pictures.samples import edit_figure
    from ganatomy.files import file_name
    from ganatomy.generators.loading import build
    from ganatomy.latent.codes import Drawing
    from ganatomy.latent.methods.boundary import read_boundary
    from ganatomy.latent.pictures import painter

    with options.threads_of(threads):
        generator = build(opened, device)
        generator.noise = noise
        drawing = Drawing(seeds=chosen, class_name=class_name, psi=psi, cutoff=cutoff)
        changed = None
        if is_boundary:
            given = read_boundary(directions, generator, source=opened.name)
        if label is None:
            given.check_fits(generator)
            direction, index = given[index], range(len(given))[index]  # -1 is the last one
            method, which = given.method, f"direction{index}"
        else:
            naming = naming or _shipped(generator.fingerprint(), opened.name)
            settings = {"drawing": drawing, "size": size, "precision": precision}
            changed = _edit_by_label(generator, naming, label, strength, keep, settings)
            direction, method, which = changed.direction, naming.method, label
        samples = drawing.suited(method).codes(generator)
        paint = painter(generator, size, precision)
        before, after = paint(samples.ws), paint(direction.edit(samples.ws, strength))
    parts = (which, f"{strength:+g}", seeds_in_name(0, seeds), class_name or "", f"keep {keep}" if keep else "")
    name = file_name(opened.name, *parts, *drawn_in_name(psi, cutoff, noise))
    path = out or Path("edits") / f"{name}.png"
    words, told_of = languages.Words(drawable(tongue), "edit"), []
    for spoken in (words, languages.Words("en", "edit")):  # of the picture, and of the terminal
        what = _told(changed, label, strength, spoken) if changed else _called(direction, index, spoken)
        told_of.append(spoken("title", name=opened.name, what=what, strength=f"{strength:+g}"))
    names = samples.called(words.language)
    save_png(edit_figure(before, after, names, title=told_of[0], language=words.language), path)
    if changed is not None and changed.attribute not in {change.attribute for change in changed.changes}:
        print(f"{changed.attribute} itself was not measured: pip install 'ganatomy[faces]' for what measures faces")
    if changed is not None:
        _print_changes(changed, told_of[1])
        _draw_changes(changed, told_of[0], path.with_name(f"{path.stem}_changes.png"), words)
    print(f"picture: {path}")


def _shipped(fingerprint: str, name: str) -> "Naming":
    """Return the labels that come with the package."""
    from ganatomy.latent.labels.card import shipped_labels

    naming = shipped_labels(fingerprint)
    if naming is None:
        raise InputError(
            f"nobody has measured what the directions of '{name}' mean: run 'ganatomy directions {name}', "
            f"then give --labels and the labels-sefa.json that it writes"
        )
    return naming


def _edit_by_label(
    generator: Any, naming: "Naming", label: str, strength: float, keep: str | None, settings: dict[str, Any]
) -> "KeptEdit":
    """Find and project the direction, and measure what it changes."""
    from ganatomy.attributes import choose
    from ganatomy.latent.labels.keep import edit_by_label
    from ganatomy.progress import Progress

    wanted = [word.strip() for word in (keep or "").split(",") if word.strip()]
    plain = {word for one in choose(faces=False) for word in (one.name, one.trait.group, *one.trait.title.values())}
    attributes = choose(faces=True if set(wanted) - plain else "auto")
    progress = Progress("picture", rate=True)
    found = naming.directions
    return edit_by_label(
        generator, found, naming, label, strength, wanted, attributes=attributes, progress=progress, **settings
    )


def _called(direction: "Direction", index: int, words: languages.Words) -> str:
    """Call a direction by its number, and by its meaning if that is known."""
    name = words("direction", index=index)
    return f"{name}{words('colon')}{direction.label}" if direction.label else name


def _told(changed: "KeptEdit", label: str, strength: float, words: languages.Words) -> str:
    """Say what an edit by a label does."""
    titles = {change.attribute: change.title[words.language] for change in changed.changes}
    if words.language == "en":
        titles = {}  # there the names are words already
    label = titles.get(changed.attribute, label)
    told = words("more" if strength > 0 else "less", label=label, direction=changed.plain.name)
    kept = [titles.get(name, name) for name in changed.kept]
    return words("comma").join([told, words("keeping", kept=words.listed(kept))] if kept else [told])


def _series(changed: "KeptEdit", words: languages.Words) -> "dict[str, list[tuple[float, float, float] | None]]":
    """Name what the edit changed, and what it would have changed without keeping anything."""
    after = [change.after for change in changed.changes]
    if not changed.kept:
        return {words("change"): after}
    titles = {change.attribute: change.title[words.language] for change in changed.changes}
    kept = changed.kept if words.language == "en" else [titles.get(name, name) for name in changed.kept]
    before = [change.before for change in changed.changes]
    return {words("not_keeping"): before, words("keeping", kept=words.listed(kept)): after}


def _print_changes(changed: "KeptEdit", title: str) -> None:
    """Print how far each attribute was moved."""
    from ganatomy.cli.tables import print_table

    series, rows = _series(changed, languages.Words("en", "edit")), []
    for change in sorted(changed.changes, key=lambda change: -max(_size(change.before), _size(change.after))):
        numbers = (change.before, change.after) if changed.kept else (change.after,)
        note = f"kept: {changed.fits[change.attribute]:.0%} of it is linear" if change.kept else ""
        rows.append((change.title["en"], *map(_written, numbers), note))
    print_table(("attribute", *series, ""), rows, f"{title}: mean change in sd", right=tuple(series))


def _draw_changes(changed: "KeptEdit", title: str, path: Path, words: languages.Words) -> None:
    """Draw how far each attribute was moved."""
    from ganatomy.figures.pictures.changes import changes_figure

    names = [change.title[words.language] for change in changed.changes]
    kept = [a for a, change in enumerate(changed.changes) if change.kept]
    save_png(changes_figure(names, _series(changed, words), title=title, marked=kept, language=words.language), path)
    print(f"changes: {path}")


def _size(change: tuple[float, float, float] | None) -> float:
    return abs(change[0]) if change else 0.0


def _written(change: tuple[float, float, float] | None) -> str:
    """Write a change and its interval."""
    return "-" if change is None else "{:+.2f} ({:+.2f} to {:+.2f})".format(*change)
