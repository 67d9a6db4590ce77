"""A StyleGAN2 in NVIDIA's pickles makes, read as ours, what NVIDIA's equations make; and its source is never run.

The pickles are written by real networks of modules that are there while they are pickled, and gone when they are read.
The equations are written out here in float64, picture by picture; nothing of theirs is shared with the package.
"""

import contextlib
import io
import math
import pickle
import subprocess
import sys
import types

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from ganatomy.errors import InputError
from ganatomy.generators.checkpoint import read_checkpoint
from ganatomy.generators.networks.stylegan2 import StyleGAN2

TAPS = torch.tensor([1.0, 3.0, 3.0, 1.0])
FILTER = torch.outer(TAPS, TAPS) / 64
SOURCE = "open({!r}, 'w').close()\nclass Generator: pass\n"


def _reconstruct_persistent_obj(meta):
    """What NVIDIA's does with a network: run its source."""
    exec(meta["module_src"], {})
    return EasyDict(meta["state"])


class EasyDict(dict):
    """A dictionary of theirs, for arguments."""


class Network:
    """A network of TensorFlow, as it pickles itself."""

    def __init__(self):
        self.version, self.variables = 4, [("w", np.zeros((700, 700), np.float32))]


class Persistent(nn.Module):
    """A network that carries its source; `canary` is the file that running it makes."""

    canary = "/nowhere/canary"

    def __init__(self, title, **attributes):
        super().__init__()
        self.title = title
        for name, value in attributes.items():
            if isinstance(value, torch.Tensor) and not isinstance(value, nn.Parameter):
                self.register_buffer(name, value)
            else:
                setattr(self, name, value)
        self._init_args, self._init_kwargs = (), EasyDict(square=True, nested=EasyDict(a=[1, 2]))

    def __reduce__(self):
        meta = {"type": "class", "version": 6, "module_src": SOURCE.format(str(self.canary))}
        return _reconstruct_persistent_obj, ({**meta, "class_name": self.title, "state": dict(self.__dict__)},), None


@contextlib.contextmanager
def their_modules():
    """Have torch_utils.persistence and dnnlib.util importable."""
    names = ("torch_utils", "torch_utils.persistence", "dnnlib", "dnnlib.util", "dnnlib.tflib", "dnnlib.tflib.network")
    modules = {name: types.ModuleType(name) for name in names}
    things = {"torch_utils.persistence": _reconstruct_persistent_obj, "dnnlib.util": EasyDict}
    for module, thing in {**things, "dnnlib.tflib.network": Network}.items():
        thing.__module__ = module
        setattr(modules[module], thing.__name__, thing)
    sys.modules.update(modules)
    try:
        yield
    finally:
        for name in modules:
            del sys.modules[name]


class Builder:
    """Random networks; `tweak` changes the attributes of parts by their title."""

    def __init__(self, seed=0, tweak=None):
        self.random, self.tweak = torch.Generator().manual_seed(seed), tweak or {}

    def normal(self, *shape):
        return torch.randn(shape, generator=self.random)

    def part(self, title, **attributes):
        return Persistent(title, **{**attributes, **self.tweak.get(title, {})})

    def dense(self, inputs, outputs, lr=1.0, activation="linear", start=0.0):
        return self.part(
            "Dense" if activation == "linear" else "MappingLayer",
            activation=activation,
            weight=nn.Parameter(self.normal(outputs, inputs) / lr),
            bias=nn.Parameter(self.normal(outputs) * (0.3 / lr) + start),
            weight_gain=lr / np.sqrt(inputs),
            bias_gain=lr,
        )

    def layer(self, inputs, outputs, w, resolution, up, noise):
        stored = {"noise_const": self.normal(resolution, resolution), "noise_strength": nn.Parameter(self.normal())}
        return self.part(
            "SynthesisLayer",
            **(stored if noise else {}),
            resolution=resolution,
            up=up,
            use_noise=noise,
            activation="lrelu",
            conv_clamp=256,
            padding=1,
            act_gain=np.sqrt(2),
            resample_filter=FILTER.clone(),
            affine=self.dense(w, inputs, start=1.0),
            weight=nn.Parameter(self.normal(outputs, inputs, 3, 3).contiguous(memory_format=torch.channels_last)),
            bias=nn.Parameter(self.normal(outputs)),
        )

    def block(self, k, channels, w, noise, last):
        before, after, resolution = channels[k - 1] if k else 0, channels[k], 4 << k
        first = {"const": nn.Parameter(self.normal(after, 4, 4))}
        conv0 = {} if k == 0 else {"conv0": self.layer(before, after, w, resolution, 2, noise)}
        return self.part(
            "SynthesisBlock",
            **({} if k else first),
            **conv0,
            in_channels=before,
            w_dim=w,
            resolution=resolution,
            img_channels=3,
            is_last=last,
            architecture="skip",
            use_fp16=k > 1,
            resample_filter=FILTER.clone(),
            num_conv=1 + (k > 0),
            num_torgb=1,
            conv1=self.layer(after, after, w, resolution, 1, noise),
            torgb=self.part(
                "ToRGBLayer",
                conv_clamp=256,
                affine=self.dense(w, after, start=1.0),
                weight=nn.Parameter(self.normal(3, after, 1, 1)),
                bias=nn.Parameter(self.normal(3)),
                weight_gain=1 / np.sqrt(after),
            ),
        )

    def generator(self, z=10, w=12, channels=(10, 8, 6), depth=3, noise=True, lr=0.01, average=True):
        widths = [z, *[w] * depth]
        dense = {f"fc{d}": self.dense(widths[d], w, lr, "lrelu") for d in range(depth)}
        blocks = {f"b{4 << k}": self.block(k, channels, w, noise, k == len(channels) - 1) for k in range(len(channels))}
        resolution, num_ws = 2 << len(channels), 2 * len(channels)
        mapping = self.part(
            "MappingNetwork",
            **dense,
            **({"w_avg": self.normal(w)} if average else {}),
            z_dim=z,
            c_dim=0,
            w_dim=w,
            num_ws=num_ws,
            num_layers=depth,
            w_avg_beta=0.995,
        )
        shared = {"w_dim": w, "img_resolution": resolution, "img_channels": 3, "num_ws": num_ws}
        synthesis = self.part("SynthesisNetwork", **blocks, **shared, block_resolutions=[4, 8, 16])
        return self.part("Generator", synthesis=synthesis, mapping=mapping, z_dim=z, c_dim=0, **shared)


def filtered(x, up, before, after):
    """Zeros between the pixels, zeros around them, then the [1, 3, 3, 1] filter of sum 4."""
    channels, height, width = x.shape
    spread = torch.zeros(channels, up * height, up * width, dtype=x.dtype)
    spread[:, ::up, ::up] = x
    padded = functional.pad(spread, (before, after, before, after))[:, None]
    return functional.conv2d(padded, 4 * FILTER.to(x)[None, None])[:, 0]


def forward(G, z, psi=1.0):
    """Pictures of codes z, with the stored noise."""
    s = {key: value.detach().double() for key, value in G.state_dict().items()}
    w = z.double() * torch.rsqrt((z.double() ** 2).mean(dim=1, keepdim=True) + 1e-8)
    for name, dense in G.mapping.named_children():
        weight, bias = s[f"mapping.{name}.weight"] * float(dense.weight_gain), s[f"mapping.{name}.bias"]
        w = math.sqrt(2) * functional.leaky_relu(w @ weight.T + bias * float(dense.bias_gain), 0.2)
    w = w if psi == 1 else s["mapping.w_avg"] + psi * (w - s["mapping.w_avg"])
    return torch.stack([picture(s, one) for one in w])


def picture(s, w):
    """The picture of one w."""

    def affine(stem):
        return s[f"{stem}.affine.weight"] @ w / math.sqrt(len(w)) + s[f"{stem}.affine.bias"]

    def layer(stem, x, up):
        weight = s[f"{stem}.weight"] * affine(stem)[None, :, None, None]  # no gain
        weight = weight * torch.rsqrt((weight**2).sum(dim=(1, 2, 3), keepdim=True) + 1e-8)
        if up:
            x = functional.conv_transpose2d(x[None], weight.transpose(0, 1), stride=2)[0]
            x = filtered(x, 1, 1, 1)
        else:
            x = functional.conv2d(x[None], weight, padding=1)[0]
        if f"{stem}.noise_const" in s:
            x = x + s[f"{stem}.noise_const"] * s[f"{stem}.noise_strength"]
        x = math.sqrt(2) * functional.leaky_relu(x + s[f"{stem}.bias"][:, None, None], 0.2)
        return x.clamp(-256, 256)

    def torgb(stem, x):
        weight = s[f"{stem}.weight"]
        style = affine(stem) / math.sqrt(weight.shape[1])
        x = functional.conv2d(x[None], weight * style[None, :, None, None])[0]
        return (x + s[f"{stem}.bias"][:, None, None]).clamp(-256, 256)

    x, image, r = s["synthesis.b4.const"], None, 4
    while f"synthesis.b{r}.conv1.weight" in s:
        x = layer(f"synthesis.b{r}.conv0", x, True) if r > 4 else x
        x = layer(f"synthesis.b{r}.conv1", x, False)
        colours = torgb(f"synthesis.b{r}.torgb", x)
        image = colours if image is None else filtered(image, 2, 2, 1) + colours
        r *= 2
    return image


@pytest.fixture
def pickled(tmp_path):
    """Write a plain pickle of a tree while their modules are there, and return its path."""

    def write(tree, protocol=4):
        path = tmp_path / f"{len(list(tmp_path.iterdir()))}.pkl"
        with their_modules(), open(path, "wb") as file:
            pickle.dump(tree, file, protocol=protocol)
        return path

    return write


@pytest.fixture
def refused(pickled):
    """The message with which a network is refused."""

    def write(G):
        with pytest.raises(InputError) as caught:
            read_checkpoint(pickled({"G_ema": G}))
        assert str(caught.value).isprintable()
        return str(caught.value)

    return write


def draw(count, z):
    return torch.randn(count, z, generator=torch.Generator().manual_seed(9))


def made(checkpoint, z, psi=1.0):
    G = StyleGAN2.from_weights(checkpoint.weights).double()
    with torch.no_grad():
        ws = G.mapping(z.double())
        return G.synthesis(ws if psi == 1 else G.truncate(ws, psi))


@pytest.mark.parametrize("protocol", [3, 4, 5])
@pytest.mark.parametrize(
    "sizes",
    [
        {},
        {"z": 7, "w": 6, "channels": (9,), "depth": 1},
        {"z": 5, "w": 5, "channels": (4, 7, 5, 3), "depth": 8},
        {"noise": False},
        {"lr": 1.0, "depth": 2},
    ],
)
def test_its_own_equations_make_the_same_pictures(sizes, protocol, pickled):
    G = Builder().generator(**sizes)
    z = draw(3, G.z_dim)
    snapshot = {"G": Builder(1).generator(), "D": None, "G_ema": G, "augment_pipe": None}
    checkpoint = read_checkpoint(
        pickled({**snapshot, "training_set_kwargs": EasyDict(path="x.zip", xflip=False)}, protocol)
    )
    assert (checkpoint.layout, checkpoint.place) == ("StyleGAN2, NVIDIA layout", "G_ema")
    assert (checkpoint.z_dim, checkpoint.w_dim) == (G.z_dim, G.w_dim)
    assert (checkpoint.resolution, checkpoint.num_ws) == (G.img_resolution, G.num_ws)
    for psi in (1.0, 0.6):
        expected = forward(G, z, psi)
        assert torch.allclose(made(checkpoint, z, psi), expected, rtol=0, atol=1e-5 * expected.abs().max())


def test_where_styles_vanish_the_sum_that_is_divided_by_is_theirs_too(pickled):
    """There the 1e-8 beside it counts, and demodulation without the gain is another function than with it."""
    G = Builder().generator(channels=(6,))
    layer = G.synthesis.b4.conv1
    with torch.no_grad():
        layer.affine.weight *= 1e-5
        layer.affine.bias *= 1e-5
    expected, z = forward(G, draw(2, 10)), draw(2, 10)
    checkpoint = read_checkpoint(pickled({"G_ema": G}))
    weights = dict(checkpoint.weights)
    # Our style adds 1 to a bias that is nearly -1, which in float32 leaves 1e-7 of it.
    assert torch.allclose(made(checkpoint, z), expected, rtol=0, atol=2e-2 * expected.abs().max())
    weights["layers.0.weight"] = weights["layers.0.weight"] / math.sqrt(9 * 6)
    with torch.no_grad():
        naive = StyleGAN2.from_weights(weights).double()
        naive = naive.synthesis(naive.mapping(z.double()))
    assert (naive - expected).abs().max() > 0.1 * expected.abs().max()


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("new", [True, False])
def test_saved_by_torch_it_is_the_same(new, pickled, tmp_path):
    G = Builder().generator()
    with their_modules():
        torch.save({"G_ema": G}, tmp_path / "a.pt", _use_new_zipfile_serialization=new)
    reference = read_checkpoint(pickled({"G_ema": G})).fingerprint()
    assert read_checkpoint(tmp_path / "a.pt").fingerprint() == reference
    torch.save({"G_ema": G.state_dict()}, tmp_path / "b.pt")
    assert read_checkpoint(tmp_path / "b.pt").fingerprint() == reference
    assert read_checkpoint(pickled(dict(G.state_dict()))).fingerprint() == reference


def test_a_state_without_noise_is_read_as_one_of_no_noise(tmp_path):
    torch.save(Builder().generator(noise=False).state_dict(), tmp_path / "a.pt")
    weights = read_checkpoint(tmp_path / "a.pt").weights
    assert (weights["layers.4.noise"].shape, weights["layers.4.noise"].any()) == ((1, 1, 16, 16), False)
    assert weights["layers.4.noise_strength"] == 0


def test_without_a_mean_code_there_is_none(pickled):
    assert "w_avg" not in read_checkpoint(pickled({"G_ema": Builder().generator(average=False)})).weights


def test_its_source_is_not_run(pickled, tmp_path, monkeypatch):
    monkeypatch.setattr(Persistent, "canary", tmp_path / "canary")
    path = pickled({"G_ema": Builder().generator()})
    read_checkpoint(path).fingerprint()
    assert not (tmp_path / "canary").exists()
    with their_modules(), open(path, "rb") as file:
        pickle.load(file)
    assert (tmp_path / "canary").exists(), "otherwise that it was not run would show nothing"


def test_reading_needs_neither_torch_nor_their_modules(pickled):
    code = (
        "import sys; from ganatomy.generators.checkpoint import read_checkpoint\n"
        "read_checkpoint(sys.argv[1]).fingerprint()\n"
        "assert not {'torch', 'torch_utils', 'dnnlib'} & set(sys.modules), set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code, str(pickled({"G_ema": Builder().generator()}))], check=True)


@pytest.mark.parametrize(
    ("title", "attributes", "message"),
    [
        ("Generator", {"c_dim": 10}, "c_dim is 10, and StyleGAN2 is read with 0: without classes"),
        ("Generator", {"img_channels": 1}, "img_channels is 1, and StyleGAN2 is read with 3"),
        ("Generator", {"img_resolution": 32}, "says img_resolution = 32, and its tensors 16"),
        ("Generator", {"z_dim": 512}, "says z_dim = 512, and its tensors 10"),
        ("Generator", {"num_ws": 18}, "says num_ws = 18, and its tensors 6"),
        ("SynthesisBlock", {"architecture": "resnet"}, "b4.architecture is resnet, and StyleGAN2 is read with skip"),
        ("SynthesisBlock", {"architecture": "orig"}, "b4.architecture is orig, and StyleGAN2 is read with skip"),
        ("SynthesisLayer", {"activation": "relu"}, "activation is relu, and StyleGAN2 is read with lrelu"),
        ("MappingLayer", {"activation": "swish"}, "fc0.activation is swish, and StyleGAN2 is read with lrelu"),
        ("Dense", {"activation": "lrelu"}, "affine.activation is lrelu, and StyleGAN2 is read with linear"),
        ("SynthesisLayer", {"conv_clamp": 0.5}, "conv_clamp is 0.5, and StyleGAN2 is read with none below 256"),
        ("ToRGBLayer", {"conv_clamp": 1}, "torgb.conv_clamp is 1, and StyleGAN2 is read with none below 256"),
        ("SynthesisLayer", {"up": 4}, "up is 4, and StyleGAN2 is read with 2 in conv0 and 1 in conv1"),
        ("SynthesisLayer", {"resample_filter": torch.ones(2, 2) / 4}, "is not the filter [1, 3, 3, 1]"),
        ("SynthesisBlock", {"resample_filter": torch.ones(4, 4) / 16}, "is not the filter [1, 3, 3, 1]"),
        ("MappingLayer", {"weight_gain": "a"}, "NaN or infinite weights"),
    ],
)
def test_what_our_equations_do_not_have_is_refused_by_name(title, attributes, message, pickled):
    path = pickled({"G_ema": Builder(tweak={title: attributes}).generator()})
    with pytest.raises(InputError) as caught:
        read_checkpoint(path).fingerprint()
    assert message in str(caught.value)
    assert str(caught.value).isprintable()


def test_a_number_beyond_measure_is_no_setting(pickled):
    """Python prints no integer of 5000 digits, and divides none of 400."""
    plain = read_checkpoint(pickled({"G_ema": Builder().generator()}))
    tweak = {"Generator": {"c_dim": 10**5000}, "MappingLayer": {"weight_gain": 10**400}}
    other = read_checkpoint(pickled({"G_ema": Builder(tweak=tweak).generator()}))
    assert other.fingerprint() == plain.fingerprint()


def test_a_clamp_for_half_precision_is_no_difference(pickled):
    plain = read_checkpoint(pickled({"G_ema": Builder().generator()}))
    for clamp in (None, 256, 1000.0):
        tweak = {"SynthesisLayer": {"conv_clamp": clamp}, "ToRGBLayer": {"conv_clamp": clamp}}
        other = read_checkpoint(pickled({"G_ema": Builder(tweak=tweak).generator()}))
        assert other.fingerprint() == plain.fingerprint()


@pytest.mark.parametrize(
    ("key", "message"),
    [
        ("mapping.embed.weight", "c_dim is not 0, and StyleGAN2 is read with 0: without classes"),
        ("synthesis.b8.skip.weight", "architecture is resnet, and StyleGAN2 is read with skip"),
        ("synthesis.b8.attention.weight", "1 tensors that no StyleGAN2 generator has, such as synthesis.b8.attention"),
    ],
)
def test_a_bare_state_says_it_by_its_tensors(key, message, tmp_path):
    torch.save({**Builder().generator().state_dict(), key: torch.zeros(3, 3)}, tmp_path / "a.pt")
    with pytest.raises(InputError) as caught:
        read_checkpoint(tmp_path / "a.pt")
    assert message in str(caught.value)


def test_a_bare_state_of_one_picture_only_says_so(tmp_path):
    state = Builder().generator().state_dict()
    torch.save({k: v for k, v in state.items() if ".torgb." not in k or ".b16." in k}, tmp_path / "a.pt")
    with pytest.raises(InputError, match="architecture is orig, and StyleGAN2 is read with skip"):
        read_checkpoint(tmp_path / "a.pt")


def test_other_generators_of_theirs_are_named(pickled):
    alias_free = Persistent("Generator", synthesis=Persistent("S", input=Persistent("I", weight=torch.zeros(3, 3))))
    with pytest.raises(InputError, match=r"holds networks of TensorFlow.*: convert a StyleGAN2 with legacy\.py"):
        read_checkpoint(pickled((Network(), Network(), Network())))
    with pytest.raises(InputError, match="holds a StyleGAN3 generator; this version reads generators of ProGAN, Style"):
        read_checkpoint(pickled({"G_ema": alias_free}))
    with pytest.raises(InputError, match="holds a network that takes pictures"):
        read_checkpoint(pickled({"D": Persistent("D", fromrgb=Persistent("C", weight=torch.zeros(4, 3, 1, 1)))}))


# What lies in the pickle


def test_long_tensors_stay_in_the_file_until_they_are_asked_for(pickled, counts):
    long, short = torch.randn(512, 1024), torch.arange(5.0)
    path = pickled({"long": long, "short": short, "turned": long.T[:3], "half": short.half()})
    from ganatomy.files import Meter, OpenFile
    from ganatomy.generators.files.containers import open_container

    tree, _ = open_container(OpenFile(path), Meter(path))
    assert counts == []
    assert np.array_equal(tree["long"].read(), long.numpy())
    assert np.array_equal(tree["turned"].read(), long.T[:3].numpy())
    assert np.array_equal(tree["short"].read(), short.numpy())
    assert tree["half"].read().dtype == np.float16
    assert counts[0] == long.numel()
    assert len(counts) == 2  # short ones came with the pickle


def test_every_truncation_ends_in_one_line(pickled, tmp_path):
    data = pickled({"G_ema": Builder().generator(channels=(4,)), "w": torch.zeros(300_000)}).read_bytes()
    for length in [*range(60), *range(60, len(data), len(data) // 60)]:
        (tmp_path / "cut.pkl").write_bytes(data[:length])
        with pytest.raises(InputError) as caught:
            read_checkpoint(tmp_path / "cut.pkl")
        assert str(caught.value).isprintable()


def test_damage_ends_in_one_line_or_in_a_checkpoint(pickled, tmp_path):
    data = pickled({"G_ema": Builder().generator(w=4, channels=(4,), depth=1)}).read_bytes()
    random, messages = np.random.default_rng(0), []
    for _ in range(200):
        broken = bytearray(data)
        for place in random.integers(len(data), size=3):
            broken[place] ^= 1 << int(random.integers(8))
        (tmp_path / "broken.pkl").write_bytes(broken)
        try:
            read_checkpoint(tmp_path / "broken.pkl").fingerprint()
        except InputError as error:
            messages.append(str(error))
    assert len(messages) > 50
    assert all(message.isprintable() for message in messages)


def test_lies_about_storages_are_refused(pickled, tmp_path):
    def stored(tensor, **options):
        stream = io.BytesIO()
        torch.save(tensor.untyped_storage(), stream, _use_new_zipfile_serialization=False, **options)
        return stream.getvalue()

    def reader(data, module="torch.storage", name="_load_from_bytes"):
        stream = b"B" + len(data).to_bytes(4, "little") + data
        return b"\x80\x03}X\1\0\0\0wc" + f"{module}\n{name}\n".encode() + stream + b"\x85Rs."

    whole = stored(torch.arange(6.0))
    for data in (b"", b"x", whole[:-1], whole + b"x", whole[:100], stored(torch.arange(5.0))[:-4], bytes(1 << 21)):
        path = tmp_path / "a.pkl"
        path.write_bytes(reader(data))
        with pytest.raises(InputError, match="damaged"):
            read_checkpoint(path)
    (tmp_path / "b.pkl").write_bytes(reader(whole))
    with pytest.raises(InputError, match="holds no tensors by name"):
        read_checkpoint(tmp_path / "b.pkl")
    inside = b"\x80\x02cos\nsystem\nX\4\0\0\0true\x85R."
    (tmp_path / "c.pkl").write_bytes(reader(inside + whole))
    with pytest.raises(InputError, match=r"asks to call os\.system"):
        read_checkpoint(tmp_path / "c.pkl")
