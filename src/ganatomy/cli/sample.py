"""ganatomy sample: pictures of a pretrained generator, points of a run."""

from functools import partial
from pathlib import Path
from typing import Annotated

from ganatomy import languages
from ganatomy.cli import options
from ganatomy.cli.application import verb
from ganatomy.cli.naming import drawn_in_name, seeds_in_name
from ganatomy.cli.options import Flag
from ganatomy.cli.parsing import check_ending, read_bounds, read_seeds, read_step
from ganatomy.errors import InputError
from ganatomy.terminal import say


@verb
def sample(
    source: options.Source = "faces",
    n: Annotated[int | None, Flag("-n", help="How many.  [default: 16; 1000 points of a run]")] = None,
    seed: Annotated[int, Flag(help="Of the codes.")] = 0,
    seeds: Annotated[str | None, Flag(help="A code of each, such as 3,7,12 or 0-7, in place of n of one.")] = None,
    mix: Annotated[
        list[str] | None,
        Flag("--mix", metavar="SEED:LAYERS", help="Of StyleGANs: take these layers from another seed, such as 7:4:8."),
    ] = None,
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
    objective: Annotated[
        str | None, Flag(help="Of a run with networks of your own: my.py:MyObjective, which is run.")
    ] = None,
    rounded: Annotated[
        bool, Flag("--round", help="Points of a run: put each on the nearest whole numbers; a projection.")
    ] = False,
    step: Annotated[
        list[str] | None,
        Flag(
            "--step", metavar="[COLUMN=]STEP", help="As --round, to multiples of a step, of one column if it is named."
        ),
    ] = None,
    bounds: Annotated[
        list[str] | None,
        Flag(
            "--bounds",
            metavar="[COLUMN=]LOW,HIGH",
            help="Points of a run: put those beyond on the bound, such as 0, for positive data; a projection.",
        ),
    ] = None,
    out: Annotated[
        Path | None,
        Flag(
            help="Picture to write, .png; points: .csv, .npy, .npz, .parquet or .mat.  "
            "[default: samples/SOURCE_n16_seed0.png; .csv]"
        ),
    ] = None,
    force: Annotated[bool, Flag("--force", help="Points of a run: replace the file.")] = False,
) -> None:
    """Draw codes and show their pictures, to see what a generator makes and to choose seeds; or points of a run.

    SOURCE may also be a run of 'ganatomy fit', or its generator.safetensors. Then points are written as the model makes
    them, in the data's units and under the data's names. --round and --bounds move them to where data of such a kind
    must lie: that is no better a fit, and what it moved is told. Of the other flags only -n, --seed, --device,
    --threads, --out, --force and --objective are of use then.

    Examples:

      ganatomy sample faces -n 24 --seed 3

      ganatomy sample runs/first -n 5000 --seed 1 --out samples.csv
    """
    from ganatomy.opening.loading import is_fitted

    if is_fitted(source):
        told = {"--seeds": seeds, "--mix": mix, "--class": class_name, "--psi": psi, "--cutoff": cutoff}
        told |= {"--classes": classes, "--sha256": sha256}
        if wrong := [flag for flag, value in told.items() if value is not None]:
            raise InputError(f"{wrong[0]} is for pictures, and {source} makes points; leave it out")
        with options.threads_of(threads):
            _points(source, n, seed, device, objective, rounded, step, bounds, out, force)
        return
    if objective or rounded or step or bounds:
        flag = "--objective" if objective else "--round" if rounded else "--step" if step else "--bounds"
        raise InputError(f"{flag} is for the points of a run, and {source} is none; leave it out")
    n = 16 if n is None else n
    check_ending(out, ".png")
    chosen, tongue = None if seeds is None else read_seeds(seeds), languages.chosen(language)
    if not 1 <= n <= 1000:
        raise InputError(f"-n {n}: give 1 to 1000")
    opened = options.open_source(source, classes, sha256, trust)
    from ganatomy.figures.fonts import drawable
    from ganatomy.figures.pictures.samples import save_pictures
    from ganatomy.files import file_name
    from ganatomy.generators.base import noise_of, precision_of
    from ganatomy.generators.loading import build
    from ganatomy.latent.codes import Drawing
    from ganatomy.latent.pictures import paint

    blend = [_mix(text) for text in mix or []]
    drawing = Drawing(n=n, seed=seed, seeds=chosen, class_name=class_name, psi=psi, cutoff=cutoff, mix=blend)
    with options.threads_of(threads):
        generator = build(opened, device)
        samples, mixed = drawing.codes(generator), drawing.mixed(generator)
        painted = partial(paint, generator, size=size, precision=precision_of(precision), noise=noise_of(noise))
        pictures = painted(samples.ws)
        more = {}
        if mixed is not None:
            more["mixed"] = painted(mixed.ws)
    which, told = seeds_in_name(seed, seeds), drawn_in_name(psi, cutoff, noise, mix)
    name = file_name(opened.name, f"n{len(pictures)}", which, class_name or "", *told)
    words = languages.Words(drawable(tongue), "edit")
    title = words.count("samples" if chosen else "samples_of", len(pictures), name=opened.name, seed=seed)
    path = out or Path("samples") / f"{name}.png"
    if mixed is not None:
        more["mixed_titles"] = mixed.called(words.language)
    titles = samples.called(words.language)
    save_pictures(pictures, path, titles=titles, title=title, language=words.language, **more)
    say(f"picture: {path}")


def _points(
    source: str,
    n: int | None,
    seed: int,
    device: str,
    objective: str | None,
    rounded: bool,
    step: list[str] | None,
    bounds: list[str] | None,
    out: Path | None,
    force: bool,
) -> None:
    """Write points of a run."""
    from ganatomy.files import encodable, file_name, run_of
    from ganatomy.fitting.points.projection import project
    from ganatomy.fitting.points.writing import check_target, named, save_points
    from ganatomy.opening.loading import load

    if rounded and step:
        raise InputError("--round is --step 1; give one of the two")
    steps, limits, n = 1.0 if rounded else read_step(step), read_bounds(bounds), 1000 if n is None else n
    how = ["step" if step else "round" if rounded else "", "bounds" if bounds else ""]
    name = file_name(
        encodable((run_of(source) or Path(source).with_suffix("")).resolve().name), f"n{n}", f"seed{seed}", *how
    )
    path = out or Path("samples") / f"{name}.csv"
    check_target(path, force)
    model = load(source, device=device, objective=objective)
    columns = named(model.columns, model.dim)
    points, moved = project(model.sample(n, seed), step=steps, bounds=limits, columns=columns)
    save_points(points, path, columns, force=force)
    for line in moved:
        say(str(line))
    if moved:
        say("that is a projection: evaluate samples without it to see how good the fit is")
    say(f"samples: {path}, {len(points)} points of {', '.join(columns)}")


def _mix(text: str) -> tuple[int, str]:
    """Read SEED:LAYERS."""
    seed, colon, layers = text.partition(":")
    if not (colon and seed.strip().isdecimal() and len(seed) < 20):
        raise InputError(f"--mix {text}: write SEED:LAYERS, such as 7:4:8, seed 7 in layers 4 to 7")
    return int(seed), layers
