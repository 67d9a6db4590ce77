"""The fast renderer against the network that it was made from, through every way that a picture can take."""

import pytest
import torch

from ganatomy.errors import InputError
from ganatomy.generators.fast import progan as folded
from ganatomy.generators.fast.progan import FoldedProGAN
from ganatomy.generators.networks.progan import ProGAN

SHAPES = {4: (5,), 8: (7, 6), 16: (1, 9, 5), 32: (16, 8, 11, 7), 64: (9, 8, 8, 7, 8), 128: (12, 10, 8, 8, 8, 6)}


def network(resolution, pixel_biases=False, seed=0):
    """A grown ProGAN of random weights and biases."""
    G = ProGAN(7, SHAPES[resolution], pixel_biases=pixel_biases).eval().requires_grad_(False)
    random = torch.Generator().manual_seed(seed)
    for value in G.parameters():
        value.normal_(generator=random)
    return G


@pytest.mark.parametrize("batch", [1, 3])
@pytest.mark.parametrize("resolution", SHAPES)
def test_pictures_are_those_of_the_network(resolution, batch):
    G = network(resolution)
    ws = G.mapping(G.draw(batch))
    pictures = FoldedProGAN(G)(ws)
    assert (pictures - G.synthesis(ws)).abs().max() < 1e-5
    assert pictures.std() > 0.1


@pytest.mark.parametrize("batch", [1, 3])
@pytest.mark.parametrize("band", [1, 5_000, 12_000, 40_000, 1 << 40])
@pytest.mark.parametrize("resolution", SHAPES)
def test_bands_meet_without_a_seam(resolution, band, batch, monkeypatch):
    """Bands of one coarse row, of some, of some with a shorter last one, and of all, for pictures one by one."""
    monkeypatch.setattr(folded, "_BAND", band)
    monkeypatch.setattr(folded, "_ONE_BY_ONE", 4)
    G = network(resolution)
    ws = G.mapping(G.draw(batch))
    assert (FoldedProGAN(G)(ws) - G.synthesis(ws)).abs().max() < 1e-5


def test_bands_of_several_pictures_meet_without_a_seam(monkeypatch):
    monkeypatch.setattr(folded, "_BAND", 12_000)
    monkeypatch.setattr(folded, "_ONE_BY_ONE", 1000)
    G = network(32)
    ws = G.mapping(G.draw(3))
    assert (FoldedProGAN(G)(ws) - G.synthesis(ws)).abs().max() < 1e-5


def test_wide_layers_take_fewer_products_and_give_the_same():
    G = ProGAN(7, (66, 64, 65)).eval().requires_grad_(False)
    assert [len(layer._kernels) for layer in FoldedProGAN(G)._layers[::2]] == [6, 6, 6]
    ws = G.mapping(G.draw(2))
    wanted = G.synthesis(ws)
    assert (FoldedProGAN(G)(ws) - wanted).abs().max() < 1e-4 * wanted.abs().max()


@pytest.mark.parametrize("resolution", [4, 8])
def test_pixels_may_have_their_own_biases(resolution):
    G = network(resolution, pixel_biases=True)
    ws = G.mapping(G.draw(2))
    assert (FoldedProGAN(G)(ws) - G.synthesis(ws)).abs().max() < 1e-5


def test_codes_need_not_be_normalised():
    G = network(8)
    ws = 5 * G.draw(2)[:, None]
    assert (FoldedProGAN(G)(ws) - G.synthesis(ws)).abs().max() < 1e-5


@pytest.mark.parametrize("resolution", SHAPES)
@pytest.mark.parametrize("seed", [0, 1])
def test_bfloat16_is_within_a_grey_level(seed, resolution):
    """Of pictures brought to [-1, 1], on average; up to 16 pixels nothing is rounded."""
    G = network(resolution, seed=seed)
    ws = G.mapping(G.draw(2))
    exact, rough = FoldedProGAN(G)(ws), FoldedProGAN(G, "bfloat16")(ws)
    assert rough.dtype == torch.float32
    assert torch.equal(rough, exact) == (resolution <= 16)
    assert (rough - exact).abs().mean() / exact.abs().max() * 127.5 < 1


@pytest.mark.parametrize(("resolution", "rounded"), [(4, 0), (16, 0), (32, 2), (128, 6), (512, 10), (1024, 10)])
def test_at_most_the_last_five_resolutions_are_rounded(resolution, rounded):
    render = FoldedProGAN(ProGAN(4, [2] * (resolution.bit_length() - 2)), "bfloat16")
    kinds = [layer.kind for layer in render._layers]  # all but the first
    assert kinds == [torch.float32] * (len(kinds) - rounded) + [torch.bfloat16] * rounded


def test_the_same_codes_give_the_same_bits_and_in_other_batches_nearly():
    """Libraries sum in other orders for batches of other sizes, so that members differ by the last binary digits."""
    G = network(64)
    render, ws = FoldedProGAN(G), G.mapping(G.draw(5))
    together = render(ws)
    assert torch.equal(render(ws), together)
    assert torch.equal(FoldedProGAN(G)(ws), together)
    assert (torch.cat([render(one[None]) for one in ws]) - together).abs().max() < 1e-5


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_it_holds_its_own_copy_of_the_weights(precision):
    G = network(64)
    render, ws = FoldedProGAN(G, precision), G.mapping(G.draw(1))
    before = render(ws)
    for weight in G.parameters():
        weight.zero_()
    assert torch.equal(render(ws), before)


def test_a_network_of_another_precision_is_rendered_in_float32():
    G = network(32)
    ws = G.mapping(G.draw(2))
    wanted = FoldedProGAN(G)(ws)
    assert torch.equal(FoldedProGAN(G.double())(ws.double()), wanted)


def test_an_unknown_precision_is_refused():
    with pytest.raises(InputError, match="unknown precision 'float16'; did you mean 'bfloat16'"):
        FoldedProGAN(network(4), "float16")
