"""The fast forms of StyleGAN and StyleGAN2 against the networks, through every way that a picture can take."""

import pytest
import torch
from torch.nn import functional

from ganatomy.errors import InputError
from ganatomy.generators.fast import (
    convolution as fast_convolution,
)
from ganatomy.generators.fast import (
    styled as folded_styled,
)
from ganatomy.generators.fast import (
    stylegan as folded_stylegan,
)
from ganatomy.generators.fast import (
    stylegan2 as folded_stylegan2,
)
from ganatomy.generators.fast.convolution import Convolution, DoublingConvolution
from ganatomy.generators.fast.renderer import renderer
from ganatomy.generators.fast.stylegan import FoldedStyleGAN
from ganatomy.generators.fast.stylegan2 import FoldedStyleGAN2
from ganatomy.generators.layers import convolve_and_double, modulated_convolution, smooth, upsample
from ganatomy.generators.networks.stylegan import StyleGAN
from ganatomy.generators.networks.stylegan2 import StyleGAN2

FAMILIES = {StyleGAN: FoldedStyleGAN, StyleGAN2: FoldedStyleGAN2}
SHAPES = {4: (5,), 8: (7, 6), 16: (1, 9, 5), 32: (16, 8, 11, 7), 64: (9, 8, 8, 7, 8), 128: (12, 10, 8, 8, 8, 6)}
WIDE = {32: (20, 20, 20, 18), 64: (20, 18, 18, 18, 18), 128: (20, 18, 18, 20, 18, 18)}  # StyleGAN rounds these


@pytest.fixture(params=FAMILIES)
def family(request):
    """Each of the two."""
    return request.param


def network(family, channels, seed=0):
    """A network of random weights, none of them at its initial value."""
    G = family([6, 9, 7], channels).eval().requires_grad_(False)
    random = torch.Generator().manual_seed(seed)
    for name, value in G.state_dict().items():
        if name != "lod":
            value.normal_(generator=random).mul_(100 if name.startswith("mapping") else 1)
    return G


def codes(G, n=3):
    """Codes of W+: another in every layer."""
    return torch.randn(n, G.num_ws, G.w_dim, generator=torch.Generator().manual_seed(1))


def error(pictures, wanted):
    """The largest difference, in units of the largest value."""
    return (pictures - wanted).abs().max() / wanted.abs().max()


@pytest.mark.parametrize("batch", [1, 3])
@pytest.mark.parametrize("resolution", SHAPES)
def test_pictures_are_those_of_the_network(family, resolution, batch):
    G = network(family, SHAPES[resolution])
    ws = codes(G, batch)
    pictures = FAMILIES[family](G)(ws)
    assert pictures.shape == (batch, 3, resolution, resolution)
    assert error(pictures, G.synthesis(ws)) < 1e-5
    assert pictures.std() > 0.1


@pytest.mark.parametrize("together", [4, 1000])
@pytest.mark.parametrize("band", [1, 12_000, 40_000])
@pytest.mark.parametrize("resolution", [8, 32, 128])
def test_bands_meet_without_a_seam(family, resolution, band, together, monkeypatch):
    """Bands of two rows, of some, of some with a shorter last one, and of all; pictures one by one and together."""
    monkeypatch.setattr(folded_styled, "_BAND", band)
    monkeypatch.setattr(folded_styled, "_ONE_BY_ONE", together)
    G = network(family, SHAPES[resolution])
    ws = codes(G)
    assert error(FAMILIES[family](G)(ws), G.synthesis(ws)) < 1e-5


@pytest.mark.parametrize("own", [4, 16, 1000])
def test_weights_scaled_for_a_picture_do_what_scaled_features_do(own, monkeypatch):
    monkeypatch.setattr(folded_stylegan2, "_OWN", own)
    monkeypatch.setattr(folded_styled, "_ONE_BY_ONE", 8)
    G = network(StyleGAN2, SHAPES[64])
    ws = codes(G)
    assert error(FoldedStyleGAN2(G)(ws), G.synthesis(ws)) < 1e-5


@pytest.mark.parametrize("band", [1, 1 << 17, 1 << 40])
def test_wide_layers_take_fewer_products_and_give_the_same(family, band, monkeypatch):
    monkeypatch.setattr(folded_styled, "_BAND", band)
    G = network(family, (66, 64, 65, 64))
    render, ws = FAMILIES[family](G), codes(G)
    plain = [layer.convolution for layer in render._layers if isinstance(layer.convolution, Convolution)]
    assert [len(convolution._kernels) for convolution in plain] == [6] * 4
    assert error(render(ws), G.synthesis(ws)) < 1e-5


@pytest.mark.parametrize("noise", ["stored", "random", "none"])
@pytest.mark.parametrize("together", [4, 32])
def test_noise_is_that_of_the_network_when_pictures_are_made(family, noise, together, monkeypatch):
    """The random kind draws the same numbers, call after call, whether or not a layer has any use for them."""
    monkeypatch.setattr(folded_styled, "_ONE_BY_ONE", together)
    G = network(family, SHAPES[32])
    factors = G.layers[2].noise_weight if family is StyleGAN else G.layers[2].noise_strength
    factors.zero_()
    render, ws, other = FAMILIES[family](G), codes(G), None
    for kind in ("stored", "none"):
        G.noise = kind
        other = G.synthesis(ws) if kind != noise else other
    G.noise = noise
    G.seed_noise(5)
    wanted = [G.synthesis(ws), G.synthesis(ws)]
    G.seed_noise(5)
    pictures = [render(ws), render(ws)]
    assert max(error(a, b) for a, b in zip(pictures, wanted, strict=True)) < 1e-5
    assert torch.equal(*pictures) == (noise != "random")
    assert error(pictures[0], other) > 0.01


def test_a_code_changes_what_its_layer_does(family):
    G = network(family, SHAPES[32])
    render, ws = FAMILIES[family](G), codes(G, 1)
    for i in range(G.num_ws):
        edited = ws.clone()
        edited[:, i] += 1
        assert error(render(edited), G.synthesis(edited)) < 1e-5
        assert error(render(edited), render(ws)) > 1e-3


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("resolution", [4, 16, *WIDE])
def test_bfloat16_is_within_a_grey_level(family, resolution, seed):
    """Of pictures brought to [-1, 1], on average; up to 16 pixels nothing is rounded."""
    G = network(family, WIDE.get(resolution) or SHAPES[resolution], seed)
    ws = codes(G)
    exact, rough = FAMILIES[family](G)(ws), FAMILIES[family](G, "bfloat16")(ws)
    assert rough.dtype == torch.float32
    assert torch.equal(rough, exact) == (resolution <= 16)
    assert (rough - exact).abs().mean() / exact.abs().max() * 127.5 < 1


@pytest.mark.parametrize(("resolution", "rounded"), [(4, 0), (16, 0), (32, 2), (128, 6), (512, 10), (1024, 10)])
def test_at_most_the_last_five_resolutions_are_rounded(family, resolution, rounded):
    render = FAMILIES[family](family([4, 4], [17] * (resolution.bit_length() - 2)), "bfloat16")
    made = [layer.convolution for layer in render._layers if not isinstance(layer.convolution, torch.Tensor)]
    kinds = [convolution.kind for convolution in made]
    assert kinds == [torch.float32] * (len(kinds) - rounded) + [torch.bfloat16] * rounded


def test_narrow_layers_of_a_stylegan_are_not_rounded():
    G = network(StyleGAN, SHAPES[64])
    ws = codes(G)
    assert max(SHAPES[64]) <= folded_stylegan._NARROW
    assert torch.equal(FoldedStyleGAN(G, "bfloat16")(ws), FoldedStyleGAN(G)(ws))


def test_a_channel_far_from_zero_is_normed_as_well():
    """Its variance, by bands, is not a difference of two large numbers of few digits."""
    G = network(StyleGAN, SHAPES[64])
    G.layers[-1].bias[:4] = 300.0
    ws = codes(G)
    wanted = G.double().synthesis(ws.double()).float()
    assert error(FoldedStyleGAN(G.float())(ws), wanted) < 1e-4


def test_pictures_in_other_batches_are_nearly_the_same(family):
    G = network(family, SHAPES[64])
    render, ws = FAMILIES[family](G), codes(G, 4)
    together = render(ws)
    assert torch.equal(render(ws), together)
    assert error(torch.cat([render(one[None]) for one in ws]), together) < 1e-5


@pytest.mark.parametrize("channels", [(1,), WIDE[64]])
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_it_holds_its_own_copy_of_the_weights(family, precision, channels):
    G = network(family, channels)
    render, ws = FAMILIES[family](G, precision), codes(G, 1)
    before = render(ws)
    for weight in (*G.parameters(), *G.buffers()):
        weight.zero_()
    assert torch.equal(render(ws), before)


def test_a_network_of_another_precision_is_rendered_in_float32(family):
    G = network(family, SHAPES[32])
    ws = codes(G)
    wanted = FAMILIES[family](G)(ws)
    assert error(FAMILIES[family](G.double())(ws.double()), wanted) < 1e-6


def test_networks_on_processors_have_it_and_half_grown_ones_have_not(family):
    G = network(family, SHAPES[16])
    assert isinstance(renderer(G), FAMILIES[family])
    if family is StyleGAN:
        G.lod.fill_(0.5)
        assert not isinstance(renderer(G), FoldedStyleGAN)
        ws = codes(G)
        assert torch.equal(renderer(G)(ws), G.synthesis(ws))
    assert not isinstance(renderer(G.to("meta")), FAMILIES[family])


def test_an_unknown_precision_is_refused(family):
    with pytest.raises(InputError, match="unknown precision 'float16'; did you mean 'bfloat16'"):
        FAMILIES[family](network(family, (4,)), "float16")


def drawn(*shape, seed=0):
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("kind", ["float64", "float32", "bfloat16"])
@pytest.mark.parametrize("rows", [1, 2, 3, 6])
@pytest.mark.parametrize(("n", "h", "w", "inputs", "outputs"), [(1, 2, 1, 1, 1), (3, 6, 7, 5, 2), (2, 6, 3, 4, 6)])
def test_bands_of_a_doubling_convolution_are_the_networks(n, h, w, inputs, outputs, rows, kind):
    """StyleGAN's, by repeated pixels and by a transposed convolution, and StyleGAN2's, in bands and ahead by a row."""
    x, weight, bias = drawn(n, inputs, h, w), drawn(outputs, inputs, 3, 3, seed=1), drawn(outputs, seed=2)
    kind, close = getattr(torch, kind), {"float64": 1e-12, "float32": 1e-5, "bfloat16": 0.1}[kind]
    framed = functional.pad(x, (1, 1, 1, 1)).permute(0, 2, 3, 1)
    shift = bias[:, None, None]

    def bands(layer, x):
        made = [layer(x[:, a : min(a + rows, h) + 2], top=a == 0, bottom=a + rows >= h) for a in range(0, h, rows)]
        assert all(band.dtype == kind for band in made)
        return torch.cat(made, dim=1).permute(0, 3, 1, 2)

    cut = DoublingConvolution(weight, bias, kind, cut=True)
    wanted = smooth(functional.conv2d(upsample(x), weight, padding=1), (1.0, 2.0, 1.0)) + shift
    assert error(bands(cut, framed), wanted) < close
    turned = smooth(convolve_and_double(x, weight.flip(2, 3)), (1.0, 2.0, 1.0)) + shift
    assert (turned - wanted).abs().max() < 1e-12
    whole = DoublingConvolution(weight, bias, kind)
    wanted = modulated_convolution(x, weight, x.new_ones(n, inputs), demodulate=False, double=True) + shift
    assert error(bands(whole, framed[:, :, 1:-1]), wanted) < close
    ahead = whole(functional.pad(framed[:, :, 1:-1], (0, 0, 0, 0, 0, 1)), ahead=True).permute(0, 3, 1, 2)
    assert error(ahead[:, :, :-1], wanted[:, :, 1:]) < close
    if h * w > 2:
        assert error(bands(whole, framed[:, :, 1:-1]), turned) > 0.01  # the border is not the same


@pytest.mark.parametrize("wide", [False, True])
@pytest.mark.parametrize("kind", ["float64", "bfloat16"])
def test_modulated_convolutions_scale_channels_in_and_out(kind, wide, monkeypatch):
    monkeypatch.setattr(fast_convolution, "_WIDE", 1 if wide else 64)
    kind, close = getattr(torch, kind), {"float64": 1e-12, "bfloat16": 0.1}[kind]
    x, weight = drawn(2, 6, 5, 3), drawn(4, 3, 3, 3, seed=1)
    inputs, outputs, bias, old = drawn(3, seed=2), drawn(4, seed=3), drawn(4, seed=4), drawn(4, seed=5)
    for layer in (Convolution(weight, old, kind), DoublingConvolution(weight, old, kind)):
        before = layer(x)
        made = layer.modulated(inputs, outputs, bias)(x)
        wanted = (layer(x * inputs).double() - old) * outputs + bias
        assert error(made.double(), wanted) < close
        assert torch.equal(layer(x), before)
