"""ganatomy edit: move samples along one found direction."""

from pathlib import Path
from typing import Annotated

from ganatomy.cli import options, verb
from ganatomy.cli.options import Flag
from ganatomy.errors import InputError


@verb
def edit(
    source: options.Source = "",
    directions: Annotated[Path, Flag(help="A directions.safetensors that 'ganatomy sefa' wrote.")] = ...,
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
    classes: options.Classes = None,
    sha256: options.Sha256 = None,
    trust: options.Trust = False,
    out: Annotated[
        Path | None, Flag(help="Picture to write, .png.  [default: edits/SOURCE_directionI_STRENGTH_seedsS.png]")
    ] = None,
) -> None:
    """Move samples along one direction and show each before and after.

    Without SOURCE the generator is the zoo's that the directions were found in.

    Examples:

      ganatomy edit --directions edits/faces_N5_K5_seed0/directions.safetensors --index 2 --strength 3

      ganatomy edit mine.pth --directions mine/directions.safetensors --seeds 3,7,12
    """
    options.check_ending(out, ".png")
    options.check_strength("--strength", strength)
    from ganatomy.generators.zoo import is_name
    from ganatomy.latent.directions import Directions

    chosen = options.read_seeds(seeds)
    found = Directions.load(directions)
    direction, index = found[index], range(len(found))[index]  # -1 is the last one
    if not source and not is_name(found.source):
        raise InputError(
            f"{directions} was found in '{found.source}', which is not in the zoo; give its file as SOURCE"
        )
    opened = options.open_source(source or found.source, classes, sha256, trust)
    from ganatomy.figures.samples import edit_figure
    from ganatomy.generators.loading import build
    from ganatomy.rendering import painter
    from ganatomy.samples import draw_samples

    with options.threads_of(threads):
        generator = build(opened, device)
        found.check_fits(generator)
        generator.noise = noise
        drawing = {"label": class_name, **options.truncation(generator, psi, cutoff)}
        samples = draw_samples(generator, seeds=chosen, mapped=found.method != "sefa-raw", **drawing)
        paint = painter(generator, size, precision)
        before, after = paint(samples.ws), paint(direction.edit(samples.ws, strength))
    which = options.seeds_in_name(0, seeds)
    name = options.file_name(opened.name, f"direction{index}", f"{strength:+g}", which, class_name or "")
    path = out or Path("edits") / f"{name}.png"
    meaning = f" ({direction.label})" if direction.label else ""
    title = f"{opened.name}: direction {index}{meaning}, strength {strength:+g}"
    options.save_png(edit_figure(before, after, samples.names, title=title), path)
    print(f"picture: {path}")
