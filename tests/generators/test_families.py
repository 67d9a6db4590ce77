"""The contract of a family: one network, one entry, one layout at least, and perhaps a fast form, which agree."""

import numpy as np
import pytest
import torch

from ganatomy.generators.families import FAMILIES
from ganatomy.generators.fast.renderer import FAST_FORMS, renderer
from ganatomy.generators.layouts.find import LAYOUTS
from ganatomy.generators.networks import DCGAN, NETWORKS, Planted, ProGAN, StyleGAN, StyleGAN2

SMALL = {  # a small network of each family
    "progan": lambda: ProGAN(6, [8, 6, 4]),
    "stylegan": lambda: StyleGAN([5, 9, 7], [8, 6, 4]),
    "stylegan2": lambda: StyleGAN2([5, 9, 7], [8, 6, 4]),
    "dcgan": lambda: DCGAN([9, 8, 6, 3], [4, 4, 4]),
}


@pytest.fixture(params=FAMILIES)
def family(request):
    return request.param


@pytest.fixture
def G(family):
    torch.manual_seed(0)
    return SMALL[family]().eval().requires_grad_(False)


def test_every_family_has_a_network_an_entry_and_a_layout():
    assert list(NETWORKS) == list(FAMILIES) == list(SMALL)
    assert {layout.family for layout in LAYOUTS} == set(FAMILIES)
    assert {network.family for network in FAST_FORMS} <= set(FAMILIES)


def test_an_entry_reads_off_the_weights_what_the_network_says_of_itself(family, G):
    shapes, entry = {name: tuple(value.shape) for name, value in G.state_dict().items()}, FAMILIES[family]
    assert type(G) is NETWORKS[family]
    assert G.family == family
    assert G.record is entry
    sizes = (entry.z_dim(shapes), entry.w_dim(shapes), entry.num_ws(shapes), entry.resolution(shapes), entry.space)
    assert sizes == (G.z_dim, G.w_dim, G.num_ws, G.resolution, G.space)


def test_its_usual_strengths_are_on_both_sides_and_its_truncation_draws_nearer(family, G):
    low, high = FAMILIES[family].strength_range
    assert low < 0 < high
    assert G.strength_range == (low, high)
    assert (G.truncation is None) == (G.w_avg is None) == (FAMILIES[family].space == "z")
    if G.truncation is not None:
        psi, cutoff = G.truncation
        assert 0 < psi < 1
        ws = G.mapping(G.draw(5))
        near = G.truncate(ws, psi, cutoff)
        assert torch.allclose(near[:, :cutoff] - G.w_avg, psi * (ws[:, :cutoff] - G.w_avg), atol=1e-6)
        G.w_avg = None
        assert G.truncation is None


def test_the_weights_alone_make_the_network_again(family, G):
    arrays = {name: value.numpy() for name, value in G.state_dict().items() if not name.endswith("tracked")}
    again = NETWORKS[family].from_weights(arrays)
    assert torch.equal(again(again.draw(2)), G(G.draw(2)))
    matrix = FAMILIES[family].style_weights(arrays, G.edit_dim)
    assert np.array_equal(matrix, again.style_weights())
    assert matrix.shape[1] == G.edit_dim


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_its_fast_form_makes_its_pictures(family, precision, G):
    ws, render = G.mapping(G.draw(3)), renderer(G, precision)
    assert isinstance(render, FAST_FORMS[type(G)]) if type(G) in FAST_FORMS else callable(render)
    pictures, wanted = render(ws), G.synthesis(ws)
    scale = wanted.abs().max()
    assert (pictures.dtype, pictures.shape, pictures.requires_grad) == (torch.float32, wanted.shape, False)
    assert (pictures - wanted).abs().max() < (1e-5 if precision == "float32" else 0.2) * scale
    assert (pictures - wanted).abs().mean() < 2 / 255 * scale


def test_a_derived_network_is_not_given_the_fast_form_of_another(family, G):
    """Which would make the pictures of the network that it is derived from."""

    class Grey(NETWORKS[family]):
        def synthesis(self, ws):
            return super().synthesis(ws).mean(dim=1, keepdim=True).expand(-1, 3, -1, -1)

    G.__class__ = Grey
    pictures = renderer(G)(G.mapping(G.draw(2)))
    assert torch.equal(pictures[:, 0], pictures[:, 2])


def test_an_analytic_generator_has_an_entry_of_its_own():
    G = Planted(z_dim=8, resolution=16)
    shapes = {name: tuple(value.shape) for name, value in G.state_dict().items()}
    assert G.family not in FAMILIES
    assert (G.record.z_dim(shapes), G.record.w_dim(shapes), G.record.num_ws(shapes)) == (8, 8, 1)
    assert (G.space, G.strength_range, G.truncation) == ("z", (-2.0, 2.0), None)


def test_the_memory_of_a_picture_follows_from_the_largest_features(G):
    """Those of each layer are looked at as they leave it."""
    ws = G.mapping(G.draw(1))
    layers = len(G.layers) - (G.family == "dcgan")
    largest = max([G.features(ws, layer).numel() for layer in range(layers)] + [G.synthesis(ws).numel()])
    assert G.picture_bytes == 16 * largest
