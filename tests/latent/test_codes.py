"""Codes to show: seeds, classes, style mixing and truncation."""

import pytest
import torch

from ganatomy.errors import InputError
from ganatomy.generators.networks.dcgan import DCGAN
from ganatomy.generators.networks.progan import ProGAN
from ganatomy.generators.networks.stylegan2 import StyleGAN2
from ganatomy.latent.codes import draw_samples


@pytest.fixture
def G():
    """A generator with a code for each of 6 layers, and a mean code."""
    torch.manual_seed(0)
    network = StyleGAN2(codes=[6, 8, 7], channels=[5, 4, 3]).eval()
    network.w_avg.normal_()
    return network


def mapped(network, seed):
    with torch.no_grad():
        return network.mapping(network.draw(1, seed))


def test_samples_are_the_codes_of_their_seeds(G):
    samples = draw_samples(G, seeds=[3, 7])
    assert samples.names == ("seed 3", "seed 7")
    assert torch.equal(samples.z, torch.cat([G.draw(1, 3), G.draw(1, 7)]))
    assert torch.allclose(samples.ws, torch.cat([mapped(G, 3), mapped(G, 7)]), atol=1e-6)
    together = draw_samples(G, 4, seed=5)
    assert together.names == ("sample 0", "sample 1", "sample 2", "sample 3")
    assert torch.equal(together.z, G.draw(4, 5))
    assert not together.ws.requires_grad


def test_mixed_layers_are_those_of_the_other_seed_and_the_others_stay(G):
    plain = draw_samples(G, seeds=[3, 7]).ws
    samples = draw_samples(G, seeds=[3, 7], mix=[(9, "2:4"), (11, [5])])
    assert samples.names == ("seed 3 + seed 9 + seed 11", "seed 7 + seed 9 + seed 11")
    assert torch.equal(samples.ws[:, [0, 1, 4]], plain[:, [0, 1, 4]])
    assert torch.allclose(samples.ws[:, 2:4], mapped(G, 9)[:, 2:4].expand(2, -1, -1), atol=1e-6)
    assert torch.allclose(samples.ws[:, 5], mapped(G, 11)[:, 5].expand(2, -1), atol=1e-6)
    assert torch.equal(samples.z, draw_samples(G, seeds=[3, 7]).z)


def test_of_two_that_take_a_layer_the_later_has_it(G):
    samples = draw_samples(G, seeds=[3], mix=[(9, "all"), (11, "1:3")])
    only = draw_samples(G, seeds=[9], mix=[(11, "1:3")])
    assert torch.allclose(samples.ws, only.ws, atol=1e-6)


def test_truncation_acts_after_mixing(G):
    samples = draw_samples(G, seeds=[3], psi=0.5, cutoff=4, mix=[(9, "2:")])
    untouched = draw_samples(G, seeds=[3], mix=[(9, "2:")])
    assert torch.equal(samples.ws, G.truncate(untouched.ws, 0.5, 4))
    assert torch.equal(samples.ws[:, 4:], untouched.ws[:, 4:])
    assert (samples.ws[:, :4] - untouched.ws[:, :4]).abs().max() > 0.1
    assert torch.equal(draw_samples(G, seeds=[3], psi=1.0).ws, draw_samples(G, seeds=[3]).ws)


@pytest.mark.parametrize("network", [ProGAN(6, [4]), DCGAN([6, 5, 3], [4, 4])], ids=["progan", "dcgan"])
def test_edits_of_w_are_refused_where_there_is_only_z(network):
    with pytest.raises(InputError, match="mixing needs a code for each layer, as StyleGAN and StyleGAN2 take"):
        draw_samples(network, 2, mix=[(1, "0")])
    with pytest.raises(InputError, match="no mean code to truncate towards; leave the truncation"):
        draw_samples(network, 2, psi=0.7)


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"mix": [(1, "4:8")]}, "layers: 6 is none of this generator's, which has layers 0 to 5"),
        ({"mix": [(1, [-1])]}, "layers: -1 is none of this generator's"),
        ({"mix": [(-1, "0")]}, "seed -1: give a whole number"),
        ({"cutoff": 3}, "cutoff 3 says which layers are truncated; give psi, how far, too"),
        ({"psi": float("nan")}, "psi nan: give a finite number"),
        ({"label": "cat"}, "this generator has no classes, so no label"),
        ({"n": 0}, "0 samples: give 1 to 10000"),
    ],
)
def test_what_cannot_be_drawn_is_refused(how, message, G):
    with pytest.raises(InputError, match=message):
        draw_samples(G, **how)


def test_classes_come_in_turn_or_all_as_asked():
    network = DCGAN([10, 5, 3], [4, 4], classes=["blue", "green", "red"])
    samples = draw_samples(network, 4)
    assert samples.names == ("sample 0, blue", "sample 1, green", "sample 2, red", "sample 3, blue")
    assert samples.ws[:, 0, 7:].argmax(dim=1).tolist() == [0, 1, 2, 0]
    one = draw_samples(network, 2, label="green")
    assert one.ws[:, 0, 7:].argmax(dim=1).tolist() == [1, 1]
    with pytest.raises(InputError, match="unknown class 'gren'; did you mean 'green'"):
        draw_samples(network, 2, label="gren")


def test_unmapped_codes_of_a_progan_are_as_they_were_drawn():
    network = ProGAN(6, [4])
    samples = draw_samples(network, 3, mapped=False)
    assert torch.equal(samples.ws[:, 0], network.draw(3))
    assert torch.equal(draw_samples(network, 3).ws, network.mapping(network.draw(3)))


def test_codes_with_a_mapping_network_are_always_mapped(G):
    assert torch.equal(draw_samples(G, 2, mapped=False).ws, draw_samples(G, 2).ws)
