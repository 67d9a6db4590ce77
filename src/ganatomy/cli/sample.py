"""ganatomy sample: pictures of a pretrained generator."""

from functools import partial
from pathlib import Path
from typing import Annotated

from ganatomy import languages
from ganatomy.cli import options
from ganatomy.cli.application import verb
from ganatomy.cli.naming import drawn_in_name, seeds_in_name
from ganatomy.cli.options import Flag
from ganatomy.cli.parsing import check_ending, read_seeds
from ganatomy.errors import InputError
from ganatomy.terminal import say


@verb
def sample(
    source: options.Source = "faces",
    n: Annotated[int, Flag("-n", help="How many.")] = 16,
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
    out: Annotated[Path | None, Flag(help="Picture to write, .png.  [default: samples/SOURCE_n16_seed0.png]")] = None,
) -> None:
    """Draw codes and show their pictures, to see what a generator makes and to choose seeds.

    Examples:

      ganatomy sample faces -n 24 --seed 3

      ganatomy sample eyes --class blue
    """
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


def _mix(text: str) -> tuple[int, str]:
    """Read SEED:LAYERS."""
    seed, colon, layers = text.partition(":")
    if not (colon and seed.strip().isdecimal() and len(seed) < 20):
        raise InputError(f"--mix {text}: write SEED:LAYERS, such as 7:4:8, seed 7 in layers 4 to 7")
    return int(seed), layers
