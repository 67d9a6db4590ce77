"""How rosinality's files name and scale the weights of a StyleGAN2.

A file holds `g_ema`, a state, and beside it `latent_avg`, the mean code; files saved during training lack the mean.
With K resolutions, layer 0 is `conv1`, layer i `convs.{i-1}`, output 0 `to_rgb1`, output k `to_rgbs.{k-1}`, and dense
layer d `style.{d+1}`, as `style.0` normalises. Differences from ours (see `translation`):

- weights have an axis of 1 in front; in doubling layers (odd i) they are of a transposed convolution, so turned;
- the bias of a style includes the 1;
- a noise strength has shape (1,), an output's bias (1, 3, 1, 1); the noises lie together, and old files have none:
  they drew new noise for each picture. Such a generator gets zeros for its stored noise.

The filters `blur.kernel` and `upsample.kernel` have sum 4.

References:
    The layout is that of K. Seonghyeon (rosinality), stylegan2-pytorch (2019), `model.py`.
"""

import re

from ganatomy.generators.files.states import State
from ganatomy.generators.files.stored import Entry
from ganatomy.generators.layouts.layout import MOST, Layout
from ganatomy.generators.layouts.styled import names
from ganatomy.generators.layouts.translation import Source, resolutions, translate, turned

_SIGN = re.compile(r"input\.input|(conv1|to_rgb1|convs\.\d+|to_rgbs\.\d+)\.conv\.(modulation\.)?(weight|bias)")
_ENDS = {"weight": "conv.weight", "bias": "activate.bias", "noise_strength": "noise.weight"}
_ENDS |= {"style.weight": "conv.modulation.weight", "style.bias": "conv.modulation.bias"}


class Rosinality(Layout):
    """rosinality's layout of a StyleGAN2; the mean code lies beside the state, if it is there.

    >>> LAYOUT.recognise(dict.fromkeys(["style.1.weight", "convs.0.conv.modulation.bias"]))
    True
    >>> import types
    >>> LAYOUT.convert({"input.input": types.SimpleNamespace(shape=(1, 8, 4, 4), dtype="float32")}, "a.pt", {})
    Traceback (most recent call last):
    ganatomy.errors.InputError: a.pt: the StyleGAN2 generator lacks style.1.weight, style.1.bias, conv1.conv.weight
    and 8 more
    """

    def recognise(self, state: State) -> bool:
        """Tell whether a state has this layout's names."""
        return any(_SIGN.fullmatch(key) for key in state)

    def convert(self, state: State, where: str, beside: State) -> dict[str, Entry]:
        """Find every tensor under our name; only filters are read."""
        stems = {_layer(i): (i + 1) // 2 for i in range(2 * MOST - 1)} | {_output(k): k for k in range(MOST)}
        count = resolutions(stems, state)
        depth = sum(bool(re.fullmatch(r"style\.\d+\.weight", key)) for key in state) or 1
        silent = not any(key.startswith("noises.") for key in state)
        sources = {ours: _source(ours, silent) for ours in names(self.family, depth, count, range(count))}
        if average := state.get("latent_avg") or beside.get("latent_avg"):
            state = {**state, "latent_avg": average}
            sources["w_avg"] = Source("latent_avg", lambda shape: shape[1:] if shape[:1] == (1,) else shape)
        filters = {f"{_layer(i)}.conv.blur.kernel": 4.0 for i in range(1, 2 * count - 1, 2)}
        filters |= {f"{_output(k)}.upsample.kernel": 4.0 for k in range(1, count)}
        return translate(state, sources, filters, where)


LAYOUT = Rosinality("stylegan2", "rosinality layout")


def _layer(i: int) -> str:
    return f"convs.{i - 1}" if i else "conv1"


def _output(k: int) -> str:
    return f"to_rgbs.{k - 1}" if k else "to_rgb1"


def _source(ours: str, silent: bool) -> Source:
    """Say what becomes one of our tensors."""
    if ours == "const":
        return Source("input.input")
    part, number, kind = ours.split(".", 2)
    i = int(number)
    if part == "mapping":
        return Source(f"style.{i + 1}.{kind}")
    if kind == "noise":
        pixels = 4 << (i + 1) // 2
        return Source("", lambda _: (1, 1, pixels, pixels)) if silent else Source(f"noises.noise_{i}")
    if kind == "bias" and part == "outputs":
        return Source(f"{_output(i)}.bias", lambda shape: shape[1:2])
    key = f"{_layer(i) if part == 'layers' else _output(i)}.{_ENDS[kind]}"
    match kind:
        case "weight":
            return Source(key, lambda shape: shape[1:], turned if part == "layers" and i % 2 else lambda w: w)
        case "noise_strength":
            return Source(key, lambda shape: shape[1:])
        case "style.bias":
            return Source(key, change=lambda bias: bias - 1)
    return Source(key)
