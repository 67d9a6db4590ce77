"""How genforce's files and ours name the weights of a StyleGAN and a StyleGAN2.

Both keep weights unscaled, and give the equalised gain when they are used; so a layout is a matter of names only. What
genforce keeps besides, the fixed filters that blur between resolutions, may be missing; what there is of it is compared
with the known filters, as others would make another network.

Sizes come from shapes alone: with `D` dense layers in the mapping from Z to W coordinates, and K resolutions of C_k
channels at 4 x 2^k pixels, a StyleGAN has 2K layers, two a resolution; a StyleGAN2 has one at 4 pixels and two at each
further one, 2K - 1 in all. Our names and shapes, with C channels into and C' out of a layer and r its pixels a side:

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
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from ganatomy.errors import InputError
from ganatomy.generators.families import FAMILIES
from ganatomy.generators.files.states import State, entry
from ganatomy.generators.files.stored import Entry
from ganatomy.generators.files.unpickling import printable
from ganatomy.generators.networks.growth import level_of_detail

_MOST = 10  # resolutions, 4 to 2048 pixels
_DEEPEST = 32  # dense layers of a mapping


@dataclass(frozen=True)
class Naming:
    """A layout of one family: how our names begin and end there, and the taps of the filters that it keeps."""

    family: str
    title: str
    sign: str  # a pattern of keys that no other layout has
    starts: Mapping[str, str]
    ends: Mapping[str, str]
    filters: Callable[[int], Mapping[str, tuple[int, ...]]] = lambda count: {}  # of K resolutions

    def theirs(self, ours: str) -> str:
        """Translate one of our names."""
        start = next((start for start in self.starts if ours.startswith(start)), "")
        name = self.starts.get(start, "") + ours.removeprefix(start)
        end = next((end for end in self.ends if name.endswith(end)), "")
        return name.removesuffix(end) + self.ends.get(end, "")


_COMMON = {"mapping.": "mapping.dense", "w_avg": "truncation.w_avg", "lod": "synthesis.lod"}
_COMMON |= {"layers.": "synthesis.layer", "outputs.": "synthesis.output"}
_LAYOUTS = (
    Naming(
        "stylegan",
        "genforce layout",
        r"synthesis\.layer\d+\.apply_noise\.(weight|noise)",
        {**_COMMON, "const": "synthesis.layer0.const"},
        {".noise_weight": ".apply_noise.weight", ".noise": ".apply_noise.noise"},
        lambda count: {f"synthesis.layer{2 * k}.blur.kernel": (1, 2, 1) for k in range(1, count)},
    ),
    Naming(
        "stylegan2",
        "genforce layout",
        r"synthesis\.(early_layer\.const|layer\d+\.noise_strength)",
        {**_COMMON, "const": "synthesis.early_layer.const"},
        {},
        lambda count: {
            **{f"synthesis.layer{2 * k - 1}.filter.kernel": (1, 3, 3, 1) for k in range(1, count)},
            "synthesis.upsample.kernel": (1, 3, 3, 1),
        },
    ),
    Naming("stylegan", "our own layout", r"layers\.\d+\.noise_weight", {}, {}),
    Naming("stylegan2", "our own layout", r"layers\.\d+\.noise_strength", {}, {}),
)


def recognise(state: State) -> Naming | None:
    """Tell which layout's names a state has; None if no StyleGAN's or StyleGAN2's that is known.

    >>> naming = recognise(dict.fromkeys(["synthesis.early_layer.const", "synthesis.layer0.noise_strength"]))
    >>> naming.family, naming.title
    ('stylegan2', 'genforce layout')
    """
    return next((naming for naming in _LAYOUTS if any(re.fullmatch(naming.sign, key) for key in state)), None)


def convert(naming: Naming, state: State, where: str) -> dict[str, Entry]:
    """Find every tensor of a StyleGAN or StyleGAN2 under our name; only filters and the level of detail are read.

    Args:
        naming: from `recognise`.
        state: the generator's tensors.
        where: what to call the checkpoint in messages.

    Raises:
        InputError: tensors are missing, left over, or of shapes that do not fit one another; filters that are not
            the known ones.

    >>> import types
    >>> state = {"synthesis.early_layer.const": types.SimpleNamespace(dtype="float32", shape=(1, 8, 4, 4))}
    >>> convert(recognise(state), state, "a.pth")
    Traceback (most recent call last):
    ganatomy.errors.InputError: a.pth: the StyleGAN2 generator lacks mapping.dense0.weight, mapping.dense0.bias,
    synthesis.layer0.weight and 9 more
    """
    title, grows = FAMILIES[naming.family].title, naming.family == "stylegan"

    def present(stem: str, most: int) -> list[int]:
        return [i for i in range(most) if any(key.startswith(f"{naming.theirs(f'{stem}.{i}')}.") for key in state)]

    depth = max([1, *(d + 1 for d in present("mapping", _DEEPEST))])
    layers, shown = present("layers", 2 * _MOST), present("outputs", _MOST)
    count = max([1, *((i if grows else i + 1) // 2 + 1 for i in layers), *(k + 1 for k in shown)])
    outputs = sorted({*shown, count - 1}) if grows else range(count)
    wanted = {ours: naming.theirs(ours) for ours in names(naming.family, depth, count, outputs)}
    filters = naming.filters(count)
    missing = [key for key in wanted.values() if key not in state]
    if missing:
        more = f" and {len(missing) - 3} more" if len(missing) > 3 else ""
        raise InputError(f"{where}: the {title} generator lacks {', '.join(missing[:3])}{more}")
    if naming.theirs("w_avg") in state:
        wanted["w_avg"] = naming.theirs("w_avg")
    used = {*wanted.values(), *filters, *([naming.theirs("lod")] if grows else [])}
    extra = [key for key in state if key not in used]
    if extra:
        listing = ", ".join(map(printable, extra[:3]))
        raise InputError(f"{where} has {len(extra)} tensors that no {title} generator has, such as {listing}")
    entries = {ours: entry(state, key, where) for ours, key in wanted.items()}
    check_shapes(naming.family, entries, where)
    for key in filters.keys() & state.keys():
        _check_filter(entry(state, key, where), filters[key], where)
    if grows:
        entries["lod"] = level_of_detail(state, naming.theirs("lod"), count, outputs, where)
    return entries


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


def _check_filter(found: Entry, taps: tuple[int, ...], where: str) -> None:
    """Refuse another filter than the product of taps along rows and columns.

    Of sum 1 for a blur; of sum 4 where it follows the insertion of zeros, which make up 3 of 4 pixels.
    """
    kernel = np.outer(taps, taps) / (sum(taps) ** 2 / (4 if len(taps) == 4 else 1))
    if found.shape[1:] != (1, *kernel.shape) or not np.allclose(found.read(), kernel, rtol=0, atol=1e-3):
        raise InputError(f"{where}: {found.origin} is not the filter {list(taps)} in both directions, which is known")
