"""What the tensors of a StyleGAN and a StyleGAN2 are with us, whatever a layout calls them.

Weights are unscaled: the equalised gain is given when they are used. Sizes come from shapes alone: with `D` dense
layers in the mapping from Z to W coordinates, and K resolutions of C_k channels at 4 x 2^k pixels, a StyleGAN has 2K
layers, two a resolution; a StyleGAN2 has one at 4 pixels and two at each further one, 2K - 1 in all. Our names and
shapes, with C channels into and C' out of a layer and r its pixels a side:

    both       mapping.{d}.weight (W', W''), mapping.{d}.bias (W',); w_avg (W,), which may be missing;
               const (1, C, 4, 4); layers.{i}.bias (C',), layers.{i}.noise (1, 1, r, r);
               outputs.{k}.weight (3, C, 1, 1), outputs.{k}.bias (3,)
    StyleGAN   layers.{i}.weight (C', C, 3, 3) for i >= 1, layers.{i}.noise_weight (C',), lod ();
               layers.{i}.style.weight (2C', W), layers.{i}.style.bias (2C',)
    StyleGAN2  layers.{i}.weight (C', C, 3, 3), layers.{i}.noise_strength ();
               layers.{i}.style.weight (C, W), layers.{i}.style.bias (C,), and so for outputs.{k}.style

References:
    T. Karras, S. Laine, T. Aila (2019), A Style-Based Generator Architecture for Generative Adversarial Networks.
    T. Karras et al. (2020), Analyzing and Improving the Image Quality of StyleGAN, figure 2.
"""

import re
from collections.abc import Collection, Iterator, Mapping

from ganatomy.errors import InputError
from ganatomy.generators.families import FAMILIES
from ganatomy.generators.files.stored import Entry


def names(family: str, depth: int, count: int, outputs: Collection[int]) -> Iterator[str]:
    """Yield our names of all tensors that there must be: `w_avg` may be missing, and `lod` is 0 if it is.

    Args:
        family: "stylegan" or "stylegan2".
        depth: D.
        count: K.
        outputs: the resolutions that can be turned into pictures; of a StyleGAN2 all.

    >>> list(names("stylegan", 1, 1, [0]))[:6]
    ['mapping.0.weight', 'mapping.0.bias', 'const', 'layers.0.bias', 'layers.0.noise', 'layers.0.noise_weight']
    """
    first = family == "stylegan"
    noise = "noise_weight" if first else "noise_strength"
    yield from (f"mapping.{d}.{kind}" for d in range(depth) for kind in ("weight", "bias"))
    yield "const"
    for i in range(2 * count if first else 2 * count - 1):
        kinds = ("weight", "bias", "noise", noise, "style.weight", "style.bias")
        yield from (f"layers.{i}.{kind}" for kind in kinds[1 if first and i == 0 else 0 :])
    kinds = ("weight", "bias") if first else ("weight", "bias", "style.weight", "style.bias")
    yield from (f"outputs.{k}.{kind}" for k in outputs for kind in kinds)


def check_shapes(family: str, entries: Mapping[str, Entry], where: str) -> None:
    """Check that each layer takes what the one before gives, that both of a resolution are as wide, and so on.

    Args:
        family: "stylegan" or "stylegan2".
        entries: a tensor for each of `names`, and perhaps w_avg.
        where: what to call the checkpoint in messages.

    Raises:
        InputError: a shape that does not fit, and the one that would.

    >>> def entry(*shape): return Entry("his name", shape, lambda: None)
    >>> check_shapes("stylegan", {name: entry(8, 5, 2) for name in names("stylegan", 1, 1, [0])}, "a.pth")
    Traceback (most recent call last):
    ganatomy.errors.InputError: a.pth: his name has shape (8, 5, 2) where (8, 5) fits the rest of a StyleGAN generator
    """
    title = FAMILIES[family].title
    for ours, wanted in _shapes(family, {ours: found.shape for ours, found in entries.items()}).items():
        found = entries[ours]
        if found.shape != wanted or 0 in found.shape:
            fits = tuple(size or "any" for size in wanted)
            shown = str(fits).replace("'", "")
            raise InputError(
                f"{where}: {found.origin} has shape {found.shape} where {shown} fits the rest of a {title} generator"
            )


def _shapes(family: str, found: Mapping[str, tuple[int, ...]]) -> dict[str, tuple[int, ...]]:
    """Compute the shape of each tensor from the sizes that decide the others; 0 for one that its owner lacks."""
    first = family == "stylegan"

    def size(ours: str, axis: int = 0) -> int:
        return found[ours][axis] if axis < len(found[ours]) else 0

    depth = sum(bool(re.fullmatch(r"mapping\.\d+\.weight", ours)) for ours in found)
    layers = sum(bool(re.fullmatch(r"layers\.\d+\.bias", ours)) for ours in found)
    codes = [size("mapping.0.weight", 1), *(size(f"mapping.{d}.weight") for d in range(depth))]
    count = (layers + 1) // 2
    doubling = [2 * k if first else 2 * k - 1 for k in range(1, count)]
    channels = [size("const", 1), *(size(f"layers.{i}.weight") for i in doubling)]
    wanted: dict[str, tuple[int, ...]] = {}
    for d in range(depth):
        wanted |= {f"mapping.{d}.weight": (codes[d + 1], codes[d]), f"mapping.{d}.bias": (codes[d + 1],)}
    wanted |= {"w_avg": (codes[-1],), "const": (1, channels[0], 4, 4)}
    for i in range(layers):
        k = (i if first else i + 1) // 2
        inputs, outputs = channels[k - 1 if i in doubling else k], channels[k]
        style = 2 * outputs if first else inputs
        wanted |= {f"layers.{i}.weight": (outputs, inputs, 3, 3), f"layers.{i}.bias": (outputs,)}
        wanted |= {f"layers.{i}.style.weight": (style, codes[-1]), f"layers.{i}.style.bias": (style,)}
        wanted |= {f"layers.{i}.noise": (1, 1, 4 << k, 4 << k)}
        wanted |= {f"layers.{i}.noise_weight": (outputs,), f"layers.{i}.noise_strength": ()}
    for k, width in enumerate(channels):
        wanted |= {f"outputs.{k}.weight": (3, width, 1, 1), f"outputs.{k}.bias": (3,)}
        wanted |= {f"outputs.{k}.style.weight": (width, codes[-1]), f"outputs.{k}.style.bias": (width,)}
    return {ours: shape for ours, shape in wanted.items() if ours in found}
