"""How genforce's files and our own name the weights of a StyleGAN and a StyleGAN2.

Both keep weights unscaled, and give the equalised gain when they are used; so a layout is a matter of names only. What
genforce keeps besides, the fixed filters that blur between resolutions, may be missing; what there is of it is compared
with the known filters, as others would make another network.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from ganatomy.errors import InputError
from ganatomy.files import budget
from ganatomy.generators.families import FAMILIES
from ganatomy.generators.files.states import State, entry
from ganatomy.generators.files.stored import Entry
from ganatomy.generators.layouts.layout import MOST, Layout, check_whole, level_of_detail
from ganatomy.generators.layouts.styled import check_shapes, names


@dataclass(frozen=True)
class Renamed(Layout):
    """A layout of names only: how our names begin and end there, and the taps of the filters that it keeps.

    >>> layout = LAYOUTS[1]
    >>> layout.words, layout.recognise({"synthesis.early_layer.const": None})
    ('StyleGAN2, genforce layout', True)
    >>> import types
    >>> state = {"synthesis.early_layer.const": types.SimpleNamespace(dtype="float32", shape=(1, 8, 4, 4))}
    >>> layout.convert(state, "a.pth", {})
    Traceback (most recent call last):
    ganatomy.errors.InputError: a.pth: the StyleGAN2 generator lacks mapping.dense0.weight, mapping.dense0.bias,
    synthesis.layer0.weight and 9 more
    """

    sign: str = ""  # a pattern of keys that no other layout has
    starts: Mapping[str, str] = field(default_factory=dict)
    ends: Mapping[str, str] = field(default_factory=dict)
    filters: Callable[[int], Mapping[str, tuple[int, ...]]] = lambda count: {}  # of K resolutions

    def recognise(self, state: State) -> bool:
        """Tell whether a state has this layout's names."""
        return any(re.fullmatch(self.sign, key) for key in state)

    def convert(self, state: State, where: str, beside: State) -> dict[str, Entry]:
        """Find every tensor under our name; only filters and the level of detail are read."""
        title, grows = FAMILIES[self.family].title, self.family == "stylegan"
        depth = max([1, *(d + 1 for d in self._present("mapping", budget().nesting, state))])
        layers, shown = self._present("layers", 2 * MOST, state), self._present("outputs", MOST, state)
        count = max([1, *((i if grows else i + 1) // 2 + 1 for i in layers), *(k + 1 for k in shown)])
        outputs = sorted({*shown, count - 1}) if grows else range(count)
        wanted = {ours: self.theirs(ours) for ours in names(self.family, depth, count, outputs)}
        filters, mean, lod = self.filters(count), self.theirs("w_avg"), self.theirs("lod")
        check_whole(state, wanted.values(), {*filters, mean, *([lod] if grows else [])}, title, where)
        if mean in state:
            wanted["w_avg"] = mean
        entries = {ours: entry(state, key, where) for ours, key in wanted.items()}
        check_shapes(self.family, entries, where)
        for key in filters.keys() & state.keys():
            _check_filter(entry(state, key, where), filters[key], where)
        return {**entries, "lod": level_of_detail(state, lod, count, outputs, where)} if grows else entries

    def theirs(self, ours: str) -> str:
        """Translate one of our names."""
        start = next((start for start in self.starts if ours.startswith(start)), "")
        name = self.starts.get(start, "") + ours.removeprefix(start)
        end = next((end for end in self.ends if name.endswith(end)), "")
        return name.removesuffix(end) + self.ends.get(end, "")

    def _present(self, stem: str, most: int, state: State) -> list[int]:
        """List which of our layers of a stem have tensors."""
        theirs = [self.theirs(f"{stem}.{i}") for i in range(most)]
        return [i for i, name in enumerate(theirs) if any(key.startswith(f"{name}.") for key in state)]


_COMMON = {"mapping.": "mapping.dense", "w_avg": "truncation.w_avg", "lod": "synthesis.lod"}
_COMMON |= {"layers.": "synthesis.layer", "outputs.": "synthesis.output"}
LAYOUTS = (
    Renamed(
        "stylegan",
        "genforce layout",
        r"synthesis\.layer\d+\.apply_noise\.(weight|noise)",
        {**_COMMON, "const": "synthesis.layer0.const"},
        {".noise_weight": ".apply_noise.weight", ".noise": ".apply_noise.noise"},
        lambda count: {f"synthesis.layer{2 * k}.blur.kernel": (1, 2, 1) for k in range(1, count)},
    ),
    Renamed(
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
    Renamed("stylegan", "our own layout", r"layers\.\d+\.noise_weight"),
    Renamed("stylegan2", "our own layout", r"layers\.\d+\.noise_strength"),
)


def _check_filter(found: Entry, taps: tuple[int, ...], where: str) -> None:
    """Refuse another filter than the product of taps along rows and columns.

    Of sum 1 for a blur; of sum 4 where it follows the insertion of zeros, which make up 3 of 4 pixels.
    """
    kernel = np.outer(taps, taps) / (sum(taps) ** 2 / (4 if len(taps) == 4 else 1))
    if found.shape[1:] != (1, *kernel.shape) or not np.allclose(found.read(), kernel, rtol=0, atol=1e-3):
        raise InputError(f"{where}: {found.origin} is not the filter {list(taps)} in both directions, which is known")
