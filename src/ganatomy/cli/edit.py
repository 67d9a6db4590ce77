"""ganatomy edit: move samples along one direction, found or named."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from ganatomy import languages
from ganatomy.cli import options
from ganatomy.cli.application import verb
from ganatomy.cli.naming import drawn_in_name, seeds_in_name
from ganatomy.cli.options import Flag
from ganatomy.cli.parsing import check_ending, check_strength, read_seeds
from ganatomy.errors import InputError
from ganatomy.terminal import say, say_table

if TYPE_CHECKING:
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
    from ganatomy.files import file_name
    from ganatomy.generators.base import noise_of, precision_of
    from ganatomy.generators.loading import build
    from ganatomy.latent.codes import Drawing
    from ganatomy.latent.editing import save_edit
    from ganatomy.latent.labels.keep import KeptEdit, edit_by_label
    from ganatomy.latent.methods.boundary import read_boundary
    from ganatomy.progress import Progress

    drawing = Drawing(seeds=chosen, class_name=class_name, psi=psi, cutoff=cutoff)
    with options.threads_of(threads):
        generator = build(opened, device)
        generator.noise = noise_of(noise)
        seen: dict[str, Any] = {"drawing": drawing, "size": size, "precision": precision_of(precision)}
        if label is not None:
            keeping = [word.strip() for word in (keep or "").split(",") if word.strip()]
            progress = Progress("picture", rate=True)
            edited = edit_by_label(generator, label, strength, keeping, labels=naming, progress=progress, **seen)
            which = label
        else:
            assert directions is not None, "as one of the two is given"
            edited = read_boundary(directions, generator) if given is None else given
            edited.check_fits(generator)
            _, which = edited[index], f"direction{range(len(edited))[index]}"  # -1 is the last one
        parts = (which, f"{strength:+g}", seeds_in_name(0, seeds), class_name or "", f"keep {keep}" if keep else "")
        name = file_name(opened.name, *parts, *drawn_in_name(psi, cutoff, noise))
        path = out or Path("edits") / f"{name}.png"
        written = save_edit(generator, edited, path, index=index, strength=strength, language=tongue, **seen)
    if isinstance(edited, KeptEdit):
        _print_changes(edited, opened.name)
        say(f"changes: {written[-1]}")
    say(f"picture: {written[0]}")


def _print_changes(edit: "KeptEdit", name: str) -> None:
    """Print how far each attribute was moved."""
    from ganatomy.latent.editing import changes_by_edit, edit_title
    from ganatomy.latent.labels.keep import change_text

    if edit.attribute not in {change.attribute for change in edit.changes}:
        say(f"{edit.attribute} itself was not measured: pip install 'ganatomy[faces]' for what measures faces")
    words = languages.Words("en", "edit")
    series, rows = changes_by_edit(edit, words), []
    for change in sorted(edit.changes, key=lambda change: -max(_size(change.before), _size(change.after))):
        numbers = (change.before, change.after) if edit.kept else (change.after,)
        note = f"kept: {edit.fits[change.attribute]:.0%} of it is linear" if change.kept else ""
        rows.append((change.title["en"], *map(change_text, numbers), note))
    title = edit_title(edit, words, name)
    say_table(("attribute", *series, ""), rows, f"{title}: mean change in sd", right=tuple(series))


def _size(change: tuple[float, float, float] | None) -> float:
    return abs(change[0]) if change else 0.0
