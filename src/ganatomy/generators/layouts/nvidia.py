"""How NVIDIA's networks for PyTorch name and scale the weights of a StyleGAN2.

So they are in the pickles of stylegan2-ada-pytorch and stylegan3 (a StyleGAN2 under `G_ema`), and in states made of
them. Block `synthesis.b{r}` makes the resolution of r pixels: `conv0` doubles it and is absent from b4, `conv1` keeps
it, `torgb` adds to the picture. Differences from ours (see `translation`):

- `conv0` keeps weights of a transposed convolution, so turned;
- weights are demodulated without their gain g = 1 / sqrt(fan_in). As g^2 (sum w'^2 s^2) + eps = sum w^2 s^2 + eps for
  w' = w / g, ours are theirs times sqrt(fan_in), which leaves the same eps beside the same sum;
- the bias of a style includes the 1; noise and const lack the axes of 1;
- a dense layer says its own gains, which for ours are 0.01 / sqrt(inputs) and 0.01.

A pickle also says how its network was set up. What our equations do not have is refused by its name: classes, the
architectures without a picture in every block, other activations and filters, and a clamp of activations that is
lower than the 256 of the published ones, which is there for half precision. Not guaranteed: that no activation
reaches 256; of published networks none comes near it.

References:
    T. Karras et al. (2020), Training Generative Adversarial Networks with Limited Data: `training/networks.py` of its
    implementation in PyTorch.
"""

import math
import re
from collections.abc import Iterator, Mapping

from ganatomy.errors import InputError
from ganatomy.files import printable
from ganatomy.generators.files.states import Setting, State
from ganatomy.generators.files.stored import Entry
from ganatomy.generators.layouts.layout import MOST, Layout
from ganatomy.generators.layouts.styled import names
from ganatomy.generators.layouts.translation import Source, resolutions, translate, turned

_SIGN = re.compile(r"synthesis\.b\d+\.(const|(conv[01]|torgb)\.(weight|affine\.weight))")
_CLAMP = 256
_LEARNING = 0.01  # the multiplier of a mapping's gains
_ENDS = {"style.weight": "affine.weight", "style.bias": "affine.bias", "noise": "noise_const"}


class NVIDIA(Layout):
    """NVIDIA's layout of a StyleGAN2; a state may also know the settings of its network.

    >>> LAYOUT.recognise(dict.fromkeys(["mapping.w_avg", "synthesis.b4.conv1.affine.weight"]))
    True
    >>> import types
    >>> from ganatomy.generators.files.states import Network
    >>> const = {"synthesis.b4.const": types.SimpleNamespace(shape=(8, 4, 4), dtype="float32")}
    >>> LAYOUT.convert(Network(const, {"c_dim": 10}), "cifar10.pkl", {})
    Traceback (most recent call last):
    ganatomy.errors.InputError: cifar10.pkl: c_dim is 10, and StyleGAN2 is read with 0: without classes
    """

    def recognise(self, state: State) -> bool:
        """Tell whether a state has this layout's names."""
        return any(_SIGN.fullmatch(key) for key in state)

    def convert(self, state: State, where: str, beside: State) -> dict[str, Entry]:
        """Find every tensor under our name; only filters are read."""
        settings: Mapping[str, Setting] = getattr(state, "settings", {})
        for name, value, reads in _foreign(state, settings):
            raise InputError(f"{where}: {printable(name)} is {printable(value)}, and StyleGAN2 is read with {reads}")
        count = resolutions({f"synthesis.b{4 << k}": k for k in range(MOST)}, state)
        depth = sum(bool(re.fullmatch(r"mapping\.fc\d+\.weight", key)) for key in state) or 1
        noisy = any(key.endswith(".noise_const") for key in state)
        ours = names(self.family, depth, count, range(count))
        sources = {name: _source(name, state, settings, noisy) for name in ours}
        if "mapping.w_avg" in state:
            sources["w_avg"] = Source("mapping.w_avg")
        blocks = [f"synthesis.b{4 << k}{part}" for k in range(count) for part in ("", ".conv0", ".conv1")]
        filters = {f"{block}.resample_filter": 1.0 for block in blocks}
        entries = translate(state, sources, filters, where)
        _check_sizes(entries, settings, where)
        return entries


LAYOUT = NVIDIA("stylegan2", "NVIDIA layout")


def _foreign(state: State, settings: Mapping[str, Setting]) -> Iterator[tuple[str, Setting, str]]:
    """Yield what is set to another value than our equations have, that value, and the one that they have."""
    if "mapping.embed.weight" in state and "c_dim" not in settings:
        yield "c_dim", "not 0", "0: without classes"
    if "synthesis.b4.architecture" not in settings and any(".torgb." in key for key in state):
        if any(key.endswith(".skip.weight") for key in state):
            yield "architecture", "resnet", "skip"
        if "synthesis.b4.torgb.weight" not in state:
            yield "architecture", "orig", "skip"
    for name, value in settings.items():
        match name.split("."):
            case [*_, "c_dim"] if value != 0:
                yield name, value, "0: without classes"
            case [*_, "img_channels"] if value != 3:
                yield name, value, "3"
            case ["synthesis", *_, "architecture"] if value != "skip":
                yield name, value, "skip"
            case ["synthesis", *_, "affine", "activation"] if value != "linear":
                yield name, value, "linear"
            case ["synthesis", _, "conv0" | "conv1", "activation"] | ["mapping", _, "activation"] if value != "lrelu":
                yield name, value, "lrelu"
            case ["synthesis", *_, "conv_clamp"] if value is not None and not _high(value):
                yield name, value, f"none below {_CLAMP}, which only half precision needs"
            case ["synthesis", _, "conv0" | "conv1", "up"] if value != (2 if ".conv0." in name else 1):
                yield name, value, "2 in conv0 and 1 in conv1"


def _high(clamp: Setting) -> bool:
    return isinstance(clamp, int | float) and clamp >= _CLAMP


def _source(ours: str, state: State, settings: Mapping[str, Setting], noisy: bool) -> Source:
    """Say what becomes one of our tensors."""
    if ours == "const":
        return Source("synthesis.b4.const", lambda shape: (1, *shape))
    part, number, kind = ours.split(".", 2)
    i = int(number)
    if part == "mapping":
        return _dense(f"mapping.fc{i}", kind, state, settings)
    pixels = 4 << ((i + 1) // 2 if part == "layers" else i)
    stem = f"synthesis.b{pixels}." + ("torgb" if part == "outputs" else "conv0" if i % 2 else "conv1")
    key = f"{stem}.{_ENDS.get(kind, kind)}"
    silent = not settings.get(f"{stem}.use_noise", noisy)
    match kind:
        case "noise":
            return Source("" if silent else key, lambda shape: (1, 1, *(shape or (pixels, pixels))))
        case "noise_strength":
            return Source("" if silent else key)
        case "style.bias":
            return Source(key, change=lambda bias: bias - 1)
        case "weight" if part == "layers":
            fan_in = math.prod(state[key].shape[1:]) if key in state else 0
            return Source(key, change=lambda w: math.sqrt(fan_in) * (turned(w) if i % 2 else w))
    return Source(key)


def _dense(stem: str, kind: str, state: State, settings: Mapping[str, Setting]) -> Source:
    """Say what becomes a dense layer's weight or bias, which have gains of their own."""
    key = f"{stem}.{kind}"
    inputs = state[key].shape[-1] if key in state and state[key].shape else 0
    usual = _LEARNING / math.sqrt(inputs) if kind == "weight" and inputs else _LEARNING
    gain = settings.get(f"{stem}.{kind}_gain", usual)
    ratio = gain / usual if isinstance(gain, int | float) else math.nan
    # Where it is theirs but for rounding, the numbers stay as they are.
    return Source(key, change=lambda values: values if math.isclose(ratio, 1, rel_tol=1e-6) else ratio * values)


def _check_sizes(entries: Mapping[str, Entry], settings: Mapping[str, Setting], where: str) -> None:
    """Compare what the network says of itself with what its tensors say."""
    layers = sum(bool(re.fullmatch(r"layers\.\d+\.weight", ours)) for ours in entries)
    sizes = {
        "z_dim": entries["mapping.0.weight"].shape[1],
        "w_dim": entries["layers.0.style.weight"].shape[1],
        "img_resolution": 4 << layers // 2,
        "num_ws": layers + 1,
    }
    for name, size in sizes.items():
        if (said := settings.get(name, size)) != size:
            raise InputError(f"{where} says {name} = {printable(said)}, and its tensors {size}: is it damaged?")
