"""ganatomy sefa: find directions, edit pictures along them, say what each does."""

import shlex
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from ganatomy.cli import options
from ganatomy.cli.application import fail, verb
from ganatomy.cli.options import Flag
from ganatomy.cli.parsing import check_strength, read_seeds
from ganatomy.errors import InputError
from ganatomy.terminal import say, say_json, say_table, say_text

if TYPE_CHECKING:
    from ganatomy.generators.checkpoint import Checkpoint


@verb
def sefa(
    source: options.Source = "faces",
    samples: Annotated[int, Flag("--samples", "-N", help="Codes to move, drawn from --seed.")] = 5,
    directions: Annotated[
        int | None, Flag("--directions", "-K", help="Directions to keep.  [default: 5; 2 of a run]")
    ] = None,
    seed: Annotated[int, Flag(help="Of the codes.")] = 0,
    seeds: Annotated[str | None, Flag(help="A code of each, such as 3,7,12 or 0-7, in place of N of one.")] = None,
    start: Annotated[
        float | None, Flag(help="Least strength, in units of the code.  [default: the card's or the family's]")
    ] = None,
    end: Annotated[float | None, Flag(help="Largest strength.  [default: as of --start]")] = None,
    steps: Annotated[int, Flag(help="Strengths from start to end.")] = 21,
    normalize: Annotated[
        bool, Flag("--normalize/--raw", help="Rows scaled to length 1, or as they are and codes edited unmapped.")
    ] = True,
    layers: Annotated[str, Flag(help="all, or such as 0:4,7, end excluded; for generators with several.")] = "all",
    class_name: options.ClassName = None,
    psi: options.Psi = None,
    cutoff: options.Cutoff = None,
    noise: options.Noise = "stored",
    columns: Annotated[int, Flag(help="Strengths in the still pictures, at most.")] = 11,
    effects: Annotated[
        int | None, Flag(help="Codes over which effects are measured, 0: not.  [default: 32; 8 above 128 pixels]")
    ] = None,
    size: options.Size = 256,
    precision: options.Precision = "float32",
    device: options.Device = "auto",
    threads: options.Threads = None,
    language: options.Language = None,
    report_layout: Annotated[
        bool, Flag("--report-layout", help="Write video.mp4 and strips/ too, undecorated.")
    ] = False,
    weights_only: Annotated[
        bool, Flag("--weights-only", help="Find directions without building the generator; no pictures.")
    ] = False,
    classes: options.Classes = None,
    sha256: options.Sha256 = None,
    trust: options.Trust = False,
    out: Annotated[Path | None, Flag(help="Folder to write.  [default: edits/SOURCE_N5_K5_seed0]")] = None,
    force: Annotated[bool, Flag("--force", help="Replace what the folder holds.")] = False,
    as_json: Annotated[bool, Flag("--json", help="Print summary.json to standard output.")] = False,
) -> None:
    """Find the directions that change a generator's pictures most, and show and measure what each does.

    SOURCE may also be a run of 'ganatomy fit': its directions are drawn beside the exact local ones. Of the other flags
    only -K, --seed, --raw, --language, --out and --json are of use then.
    Stopped by Ctrl-C or by a crash, the same command goes on where it stood.

    Examples:

      ganatomy sefa

      ganatomy sefa checkpoints/pggan_celebahq1024.pth -N 5 -K 5 --start -2 --end 2
    """
    from ganatomy.files import run_of
    from ganatomy.generators.zoo.cards import is_name

    run = None if is_name(source) else run_of(source) or (source if Path(source).is_dir() else None)
    if run is not None:
        _sefa_of_run(run, 2 if directions is None else directions, normalize, seed, out, as_json, language)
        return
    for flag, strength in (("--start", start), ("--end", end)):
        if strength is not None:
            check_strength(flag, strength)
    k = 5 if directions is None else directions
    chosen = None if seeds is None else read_seeds(seeds)
    checkpoint = options.open_source(source, classes, sha256, trust)
    if weights_only:
        _from_weights(checkpoint, k, layers, normalize, out, force, as_json)
        return
    from ganatomy.generators.base import noise_of, precision_of
    from ganatomy.generators.loading import build
    from ganatomy.latent.survey import Film, Survey, conduct
    from ganatomy.progress import Progress

    with options.threads_of(threads):
        choices = Film(
            k=k,
            layers=layers,
            samples=samples,
            seeds=chosen,
            seed=seed,
            start=start,
            end=end,
            steps=steps,
            class_name=class_name,
            psi=psi,
            cutoff=cutoff,
            columns=columns,
            effect_codes=effects,
            size=size,
            precision=precision_of(precision),
            language=language,
        )
        generator = build(checkpoint, device)
        generator.noise = noise_of(noise)
        work = Survey(generator, ("sefa" if normalize else "sefa-raw",), choices)
        folder = out or work.default_out
        again = shlex.join(["ganatomy", *(word for word in sys.argv[1:] if word != "--force")])
        try:
            summary = conduct(
                work,
                folder,
                command=again,
                force=force,
                report_layout=report_layout,
                progress=Progress("picture", rate=True),
            )
        except KeyboardInterrupt:
            fail(f"stopped; what is whole is in {folder}; to go on: {again}", 130)
    if as_json:
        say_json(summary)
        return
    _print_directions(summary)
    say(f"pictures: {folder / 'overview.png'}, direction_*.png")
    say(f"video:    {folder / 'traversal.mp4'}")
    say(f"page:     {folder / 'traversal.html'}")


def _print_directions(summary: Mapping[str, Any]) -> None:
    effects = summary["effects"] or [{}] * len(summary["share"])
    rows = [
        (
            f"{k}  {label or ''}".rstrip(),
            f"{share:.1%}",
            *(_number(effect.get(key)) for key in ("change", "ratio", "monotonic", "consistency")),
        )
        for k, (label, share, effect) in enumerate(zip(summary["labels"], summary["share"], effects, strict=True))
    ]
    if summary["effects"]:
        floor = summary["effects"][0]["floor"]
        numbers = (_number(floor[key] and floor[key]["mean"]) for key in ("change", "monotonic", "consistency"))
        change, monotonic, consistency = numbers
        rows.append(("random", "", change, "1", monotonic, consistency))
    start, end = summary["strengths"]["start"], summary["strengths"]["end"]
    title = f"{summary['name']}: {summary['method']}, strengths {start:g} to {end:g}"
    headings = ("direction", "share", "change", "over random", "monotonic", "consistency")
    say_table(headings, rows, title, right=headings[1:])


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3g}"


def _from_weights(
    opened: "Checkpoint", k: int, layers: str, normalize: bool, out: Path | None, force: bool, as_json: bool
) -> None:
    """Find directions by reading the first layer only, and save them."""
    from ganatomy.files import file_name, make_folder
    from ganatomy.latent.methods.sefa import sefa as find

    found = find(opened, k, layers, normalize, source=opened.name)
    name = file_name(opened.name, f"K{k}", "" if normalize else "raw")
    path = (out or Path("edits") / name) / "directions.safetensors"
    if path.exists() and not force:
        raise InputError(f"{path} is there already; choose another --out, or --force to replace it")
    make_folder(path.parent)
    found.save(path)
    if as_json:
        say_text(path.with_suffix(".json").read_text(encoding="utf-8"))
        return
    rows = [
        (str(i), f"{value:.4g}", f"{share:.1%}")
        for i, (value, share) in enumerate(zip(found.values, found.share, strict=True))
    ]
    say_table(
        ("direction", "eigenvalue", "share"), rows, f"{opened.name}: {found.method}", right=("eigenvalue", "share")
    )
    say(f"directions: {path}")


def _sefa_of_run(
    path: str | Path, k: int, normalize: bool, seed: int, out: Path | None, as_json: bool, language: str | None
) -> None:
    """Compare SeFa on a fitted planar GAN with the exact local directions."""
    from ganatomy.latent.planar.compare import sefa_of_run

    result = sefa_of_run(path, k=k, normalize=normalize, seed=seed, out=out, language=language)
    if as_json:
        say_json(result.summary())
        return
    rows = []
    for i, (share, ours, best, chance) in enumerate(
        zip(result.directions.share, result.sefa, result.best_fixed, result.chance, strict=True)
    ):
        angle, by_chance = ours.angle, chance.angle
        rows.append(
            (
                str(i),
                f"{share:.1%}",
                "-" if angle is None else f"{angle.median:.0f} ({angle.lower:.0f} to {angle.upper:.0f})",
                "-" if by_chance is None else f"{by_chance.median:.0f}",
                f"{ours.speed.median:.2f}",
                f"{best.speed.median:.2f}",
                f"{chance.speed.median:.2f}",
            )
        )
    headings = ("direction", "share", "degrees to the local one", "by chance", "speed", "best fixed", "random")
    found = result.directions
    title = f"{found.source}: {found.method} beside the exact local directions, {result.n_codes} codes"
    say_table(headings, rows, title, right=headings[1:])
    say("speed: how fast the point moves, over the largest speed that any direction has at that code; medians")
    for file in result.files:
        if file.suffix == ".png":
            say(f"picture: {file}")
