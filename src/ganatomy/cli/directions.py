"""ganatomy directions: find directions by several methods, compare, name and show them."""

import shlex
import sys
from collections.abc import Mapping
from contextlib import redirect_stdout
from pathlib import Path
from typing import Annotated, Any

from ganatomy import languages
from ganatomy.cli import options
from ganatomy.cli.application import fail, verb
from ganatomy.cli.options import Flag
from ganatomy.cli.parsing import check_strength, read_seeds
from ganatomy.errors import InputError
from ganatomy.terminal import say, say_json, say_table, say_text


@verb
def directions(
    source: options.Source = "faces",
    methods: Annotated[
        str, Flag(help="Of sefa, sefa-raw, ganspace, local_basis, boundary, random, joined by commas.")
    ] = "sefa,ganspace,random",
    k: Annotated[int, Flag("--directions", "-K", "-k", help="Directions of each method.")] = 10,
    layers: Annotated[str, Flag(help="all, or such as 0:4,7, end excluded; for generators with several.")] = "all",
    feature_layer: Annotated[
        int | None,
        Flag(help="Whose features local_basis, and ganspace of z, look at.  [default: the picture; the first]"),
    ] = None,
    codes: Annotated[int, Flag(help="Codes over which directions are named; a label should rest on 200.")] = 200,
    samples: Annotated[int, Flag("--samples", "-N", help="Codes on show, drawn from --seed.")] = 5,
    seed: Annotated[int, Flag(help="Of everything.")] = 0,
    seeds: Annotated[str | None, Flag(help="A code of each, such as 3,7,12 or 0-7, in place of N of one.")] = None,
    start: Annotated[
        float | None, Flag(help="Least strength, in units of the code.  [default: the card's or the family's]")
    ] = None,
    end: Annotated[float | None, Flag(help="Largest strength.  [default: as of --start]")] = None,
    steps: Annotated[int, Flag(help="Strengths from start to end.")] = 11,
    labels: Annotated[bool, Flag("--labels/--no-labels", help="Measure what each direction means, or not.")] = True,
    attributes: Annotated[
        str | None, Flag(help="By which to name, such as yaw,smile,brightness.  [default: all that can be measured]")
    ] = None,
    faces: Annotated[
        bool | None, Flag("--faces/--no-faces", help="Attributes of faces.  [default: if their extra is installed]")
    ] = None,
    scorer: Annotated[
        list[str] | None, Flag(help="Your own attribute, MODULE:FUNCTION or FILE.py:FUNCTION; may be repeated.")
    ] = None,
    class_name: Annotated[
        str | None, Flag("--class", help="Of all codes, for conditional generators.  [default: the first]")
    ] = None,
    psi: options.Psi = None,
    cutoff: options.Cutoff = None,
    repetitions: Annotated[int, Flag(help="Further runs of each method, for its stability; 0: none.")] = 2,
    size: options.Size = 128,
    precision: options.Precision = "float32",
    device: options.Device = "auto",
    threads: options.Threads = None,
    language: options.Language = None,
    classes: options.Classes = None,
    sha256: options.Sha256 = None,
    trust: options.Trust = False,
    out: Annotated[
        Path | None, Flag(help="Folder to write.  [default: surveys/SOURCE_sefa+ganspace+random_K10_seed0]")
    ] = None,
    force: Annotated[bool, Flag("--force", help="Replace what the folder holds.")] = False,
    as_json: Annotated[bool, Flag("--json", help="Print summary.json to standard output.")] = False,
) -> None:
    """Find directions by several methods, compare them, and say what each means.

    A label is given where it was measured: codes are moved along each direction, every picture is scored by attributes,
    and random directions say what any direction would do. The result is one page to look at, with its numbers in files.
    Stopped by Ctrl-C or by a crash, the same command goes on where it stood.

    Examples:

      ganatomy directions faces -K 12

      ganatomy directions faces --methods sefa --attributes yaw,smile,brightness --codes 50
    """
    for flag, strength in (("--start", start), ("--end", end)):
        if strength is not None:
            check_strength(flag, strength)
    asked, tongue = tuple(_words(methods)), languages.chosen(language)
    chosen = None if seeds is None else read_seeds(seeds)
    checkpoint = options.open_source(source, classes, sha256, trust)
    from ganatomy.attributes import choose
    from ganatomy.generators.base import precision_of
    from ganatomy.generators.loading import build
    from ganatomy.latent.survey import Choices, Survey, conduct
    from ganatomy.progress import Progress

    if not labels and (attributes is not None or scorer or faces):
        raise InputError("--no-labels, and attributes to name directions by; leave one of them out")
    names = None if attributes is None else _words(attributes)
    by = choose(names, "auto" if faces is None else faces, scorer or ()) if labels else ()
    with options.threads_of(threads):
        choices = Choices(
            k=k,
            layers=layers,
            feature_layer=feature_layer,
            attributes=by,
            n_codes=codes,
            repetitions=repetitions,
            samples=samples,
            seeds=chosen,
            seed=seed,
            start=start,
            end=end,
            steps=steps,
            class_name=class_name,
            psi=psi,
            cutoff=cutoff,
            size=size,
            precision=precision_of(precision),
            language=tongue,
        )
        work = Survey(build(checkpoint, device), asked, choices)
        folder = out or work.default_out
        again = shlex.join(["ganatomy", *(word for word in sys.argv[1:] if word != "--force")])
        try:
            with redirect_stdout(sys.stderr):  # what scorers print is not what --json is for
                summary = conduct(work, folder, command=again, force=force, progress=Progress("picture", rate=True))
        except KeyboardInterrupt:
            fail(f"stopped; the stages that were done are in {folder}; to go on: {again}", 130)
    if as_json:
        say_json(summary)
        return
    _print_methods(summary)
    _print_agreements(summary)
    if labels and names is None and faces is None and not any(one.needs_face for one in by):
        say("attributes of faces (smile, age ...) were not measured: pip install 'ganatomy[faces]', then --force")
    say(f"page:   {folder / 'page.html'}")
    say(f"table:  {folder / 'table.csv'}")
    say(f"strips: {folder / f'{asked[0]}-0.png'} ..., with directions-*.safetensors and labels-*.json beside them")


def _words(text: str) -> list[str]:
    """Split at commas.

    >>> _words("yaw, smile")
    ['yaw', 'smile']
    """
    return [word.strip() for word in text.split(",")]


def _print_methods(summary: Mapping[str, Any]) -> None:
    """Print a table of all directions, method by method."""
    headings = ("direction", "label", "change", "over random", "consistency", "turned")
    rows = []
    for row in summary["directions"]:
        turned = "-" if row["angle"] is None else f"{row['angle']:.0f}°"
        numbers = (_number(row[key]) for key in ("change", "ratio", "consistency"))
        rows.append((row["name"], row["text"], *numbers, turned))
    start, end = summary["start"], summary["end"]
    title = f"{summary['name']}: directions by {', '.join(summary['methods'])}, strengths {start:g} to {end:g}"
    say_table(headings, rows, title, right=headings[2:])
    say_text(
        "change: grey levels a pixel for a unit of strength; over random: times that of random directions;\n"
        "consistency: 1 when the same happens to every picture, 0 when it is unrelated;\n"
        "turned: by how much when the method is run again"
    )


def _print_agreements(summary: Mapping[str, Any]) -> None:
    """Print how far the methods agree, two by two."""
    rows = []
    for each in summary["agreements"]:
        known = sorted((cosine for cosine in each["matched"] if cosine is not None), reverse=True)
        best = "  ".join(f"{cosine:.2f}" for cosine in known[:6]) + (" ..." if len(known) > 6 else "")
        rows.append((" and ".join(each["methods"]), f"{each['overlap']:.2f}", f"{each['chance']:.2f}", best))
    if rows:
        headings = ("methods", "overlap", "by chance", "|cosine| of matched directions, the best first")
        say_table(headings, rows, "agreement", right=headings[1:3])


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3g}"
