"""The contract of all generators, whatever their family."""

import numpy as np
import pytest
import torch

from ganatomy.errors import InputError
from ganatomy.generators.dcgan import DCGAN
from ganatomy.generators.layers import pixel_norm, upsample
from ganatomy.generators.progan import ProGAN

CASES = {
    "progan": lambda: ProGAN(6, [8, 6, 4]),
    "progan of 4 pixels": lambda: ProGAN(5, [4]),
    "progan with biases for pixels": lambda: ProGAN(5, [3, 7], pixel_biases=True),
    "dcgan": lambda: DCGAN([10, 8, 6, 3], [4, 4, 4]),
    "dcgan of other layers": lambda: DCGAN([6, 5, 4, 4, 3], [4, 3, 4, 4], biased=[0, 3], normed=[0, 2]),
    "grey dcgan": lambda: DCGAN([7, 6, 1], [4, 4]),
    "dcgan of classes": lambda: DCGAN([10, 8, 4, 3], [4, 4, 4], classes=["red", "green", "blue"]),
}


@pytest.fixture(params=CASES)
def G(request):
    """A generator of random weights, none of them at its initial value."""
    network = CASES[request.param]().eval().requires_grad_(False)
    random = torch.Generator().manual_seed(0)
    for name, value in network.state_dict().items():
        if name.endswith("running_var"):
            value.uniform_(0.5, 2, generator=random)
        elif name.endswith(("weight", "bias", "running_mean")):
            value.normal_(generator=random)
            value.mul_(0.3 if isinstance(network, DCGAN) else 1)  # so that tanh does not saturate
    return network


def codes(network, n=3, seed=0):
    label = torch.arange(n) % len(network.classes) if network.classes else None
    return network.draw(n, seed), label


def test_shapes_are_what_the_attributes_say(G):
    z, label = codes(G)
    ws = G.mapping(z, label)
    pictures = G.synthesis(ws)
    assert z.shape == (3, G.z_dim)
    assert ws.shape == (3, G.num_ws, G.w_dim)
    assert pictures.shape == (3, 3, G.resolution, G.resolution)
    assert pictures.dtype == torch.float32
    assert (G.space, G.edit_dim) == ("z", G.w_dim - len(G.classes))


def test_the_whole_is_its_two_halves(G):
    z, label = codes(G)
    assert torch.equal(G(z, label), G.synthesis(G.mapping(z, label)))


def test_a_picture_does_not_depend_on_its_neighbours(G):
    ws = G.mapping(*codes(G, 4))
    alone = torch.cat([G.synthesis(one[None]) for one in ws])
    assert (alone - G.synthesis(ws)).abs().max() < 1e-5
    assert (alone[0] - alone[1]).abs().max() > 0.001


def test_features_are_those_that_synthesis_makes(G):
    ws, seen = G.mapping(*codes(G)), []
    for layer in G.layers[1:]:
        layer.register_forward_pre_hook(lambda layer, arguments: seen.append(arguments[0]))
    pictures = G.synthesis(ws)
    entered = list(seen)  # features run the layers again
    progan = G.family == "progan"
    for i, x in enumerate(entered):
        features = G.features(ws, i)
        assert len(features) == 3
        normed = pixel_norm(features) if progan else features
        assert torch.equal(x, upsample(normed) if progan and i % 2 else normed)
    if progan:
        last = G.outputs[str(len(G.layers) // 2 - 1)](pixel_norm(G.features(ws, len(G.layers) - 1)))
    else:
        last = torch.tanh(G.layers[-1](G.features(ws, len(G.layers) - 2))).expand(-1, 3, -1, -1)
    assert torch.equal(last, pictures)


def test_style_weights_are_the_jacobian_of_the_first_layer(G):
    """Up to one factor; of a ProGAN's pixels the order is turned, as its kernel slides backwards over the code."""
    matrix, first = G.style_weights(), G.double().layers[0]
    code = torch.ones(G.w_dim, dtype=torch.float64)
    jacobian = torch.func.jacrev(lambda code: first(code[None, :, None, None])[0])(code)  # (C, 4, 4, W)
    jacobian = (jacobian.flip(1, 2) if G.family == "progan" else jacobian).flatten(0, 2)[:, : G.edit_dim].numpy()
    assert (matrix.dtype, matrix.shape) == (np.float64, jacobian.shape)
    factor = np.vdot(matrix, jacobian) / np.vdot(matrix, matrix)
    assert factor > 0
    assert np.allclose(factor * matrix, jacobian, atol=1e-12)
    assert np.array_equal(G.style_weights([0]), matrix)
    with pytest.raises(InputError, match="one code for all its layers; leave layers out"):
        G.style_weights([1])


def test_the_fingerprint_changes_with_every_weight(G):
    known = {G.fingerprint()}
    values = [value for name, value in G.state_dict().items() if not name.endswith("num_batches_tracked")]
    for value in values:
        last = value.view(-1)[-1:]
        last += 0.5
        known.add(G.fingerprint())
        last -= 0.5
    assert len(known) == 1 + len(values)


def test_the_fingerprint_is_of_the_weights_only(G):
    known = G.fingerprint()
    assert len(known) == 64
    G.name = "another"
    G.train()
    assert G.fingerprint() == known
    assert G.to(memory_format=torch.channels_last).fingerprint() == known
    assert G.double().fingerprint() == known
    assert len(G.bfloat16().fingerprint()) == 64


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_another_device_makes_no_difference(G):
    known, ws = G.fingerprint(), G.mapping(*codes(G))
    pictures = G.synthesis(ws)
    G.cuda()
    assert G.fingerprint() == known
    assert (G.renderer()(ws.cuda()).cpu() - pictures).abs().mean() < 0.01


def test_gradients_are_those_of_the_pictures(G):
    """Through synthesis to ws, by differences; and nowhere else, as the weights take none."""
    G = G.double()
    ws = G.mapping(*((x.double() if x is not None and x.is_floating_point() else x) for x in codes(G, 2)))
    ws.requires_grad_()
    assert torch.autograd.gradcheck(G.synthesis, ws, fast_mode=True)
    G.synthesis(ws).square().sum().backward()
    assert (ws.grad.abs().amax(dim=(1, 2)) > 1e-6).all()
    assert all(weight.grad is None for weight in G.parameters())


def test_seeds_give_the_codes_that_pytorch_gives(G):
    before = torch.get_rng_state()
    drawn = G.draw(5, seed=7)
    assert torch.equal(torch.get_rng_state(), before)
    with torch.random.fork_rng():
        torch.manual_seed(7)
        assert torch.equal(drawn, torch.randn(5, G.z_dim))
    assert torch.equal(drawn, G.draw(5, seed=7))
    assert not torch.equal(drawn, G.draw(5, seed=8))
    assert torch.equal(G.draw(5), G.draw(5, seed=0))


@pytest.mark.parametrize(
    ("n", "seed", "message"),
    [
        (0, 0, "cannot draw 0 codes: give a whole number, 1 or more"),
        (1, -1, r"seed -1: give a whole number from 0 to 2\^32 - 1"),
        (1, 2**32, "seed 4294967296: give"),
    ],
)
def test_what_cannot_be_drawn_is_refused(n, seed, message):
    with pytest.raises(InputError, match=message):
        CASES["dcgan"]().draw(n, seed)


def test_the_renderer_makes_the_pictures_of_synthesis(G):
    ws = G.mapping(*codes(G, 4)).requires_grad_()
    wanted = G.synthesis(ws).detach()
    pictures = G.renderer()(ws)
    assert (pictures.dtype, pictures.shape, pictures.requires_grad) == (torch.float32, wanted.shape, False)
    assert (pictures - wanted).abs().max() < 1e-5 * max(1, wanted.abs().max())
    rough = G.renderer("bfloat16")(ws)
    assert rough.dtype == torch.float32
    assert (
        rough - wanted
    ).abs().mean() < 2 / 255 * wanted.abs().max()  # a grey level of the pictures scaled to [-1, 1]


def test_what_does_not_fit_is_refused_with_the_shape_that_does(G):
    z, label = codes(G)
    ws, count = G.mapping(z, label), len(G.layers) - (G.family == "dcgan")
    for wrong in (z[0], z[:, 1:], z[:, None]):
        with pytest.raises(InputError, match=rf"codes have shape \(.*\), this generator takes \(N, {G.z_dim}\)"):
            G.mapping(wrong, label)
    for make in (G.synthesis, lambda ws: G.features(ws, 0), G.renderer()):
        for wrong in (ws[:, 0], ws[:, :, 1:], ws.repeat(1, 2, 1)):
            with pytest.raises(InputError, match=rf"ws have shape \(.*\), this generator takes \(N, 1, {G.w_dim}\)"):
                make(wrong)
    for wrong in (-1, count):
        with pytest.raises(InputError, match=f"layer {wrong}: this generator has layers 0 to {count - 1}"):
            G.features(ws, wrong)
    with pytest.raises(InputError, match="unknown precision 'bfloat'; did you mean 'bfloat16'"):
        G.renderer("bfloat")


def test_a_label_is_wanted_by_generators_of_classes_only(G):
    z = codes(G)[0]
    if G.classes:
        with pytest.raises(InputError, match="has 3 classes; give a label for each code: red, green, blue"):
            G.mapping(z)
        for wrong in ([0, 1], [0, 1, 3], [0, -1, 2], [0, 0.5, 1], [[0], [1], [2]], 1):
            with pytest.raises(InputError, match="give one for each of the 3 codes, a whole number from 0 to 2"):
                G.mapping(z, torch.tensor(wrong))
    else:
        with pytest.raises(InputError, match="has no classes; leave the label out"):
            G.mapping(z, torch.zeros(3, dtype=torch.long))
