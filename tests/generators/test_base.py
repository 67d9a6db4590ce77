"""The contract of all generators, whatever their family."""

import numpy as np
import pytest
import torch

from ganatomy.errors import InputError
from ganatomy.generators.checkpoint import read_checkpoint
from ganatomy.generators.fast.renderer import renderer
from ganatomy.generators.layers import pixel_norm, upsample, upsample_filtered
from ganatomy.generators.loading import load
from ganatomy.generators.networks.dcgan import DCGAN
from ganatomy.generators.networks.progan import ProGAN
from ganatomy.generators.networks.stylegan import StyleGAN
from ganatomy.generators.networks.stylegan2 import StyleGAN2

CASES = {
    "progan": lambda: ProGAN(6, [8, 6, 4]),
    "progan of 4 pixels": lambda: ProGAN(5, [4]),
    "progan with biases for pixels": lambda: ProGAN(5, [3, 7], pixel_biases=True),
    "dcgan": lambda: DCGAN([10, 8, 6, 3], [4, 4, 4]),
    "dcgan of other layers": lambda: DCGAN([6, 5, 4, 4, 3], [4, 3, 4, 4], biased=[0, 3], normed=[0, 2]),
    "grey dcgan": lambda: DCGAN([7, 6, 1], [4, 4]),
    "dcgan of classes": lambda: DCGAN([10, 8, 4, 3], [4, 4, 4], classes=["red", "green", "blue"]),
    "stylegan": lambda: StyleGAN([6, 9, 7], [8, 6, 4]),
    "stylegan of 4 pixels": lambda: StyleGAN([5, 5], [4]),
    "stylegan of 128 pixels": lambda: StyleGAN([5, 6], [6, 6, 5, 5, 4, 4]),
    "stylegan2": lambda: StyleGAN2([6, 9, 7], [8, 6, 4]),
    "stylegan2 of 4 pixels": lambda: StyleGAN2([5, 5], [4]),
}
STYLED = [name for name in CASES if name.startswith("stylegan")]


def made(name):
    """A generator of random weights, none of them at its initial value."""
    network = CASES[name]().eval().requires_grad_(False)
    random = torch.Generator().manual_seed(0)
    for name, value in network.state_dict().items():
        if name.endswith("running_var"):
            value.uniform_(0.5, 2, generator=random)
        elif name.startswith("mapping."):
            value.normal_(generator=random).mul_(100)  # used times 0.01
        elif not name.endswith(("lod", "num_batches_tracked")):
            value.normal_(generator=random)
            value.mul_(0.3 if isinstance(network, DCGAN) else 1)  # so that tanh does not saturate
    return network


@pytest.fixture(params=CASES)
def G(request):
    """A generator of each kind."""
    return made(request.param)


@pytest.fixture(params=STYLED)
def styled(request):
    """A generator of each kind with a code for each layer."""
    return made(request.param)


def codes(network, n=3, seed=0):
    index = torch.arange(n) % len(network.classes) if network.classes else None
    return network.draw(n, seed), index


def test_shapes_are_what_the_attributes_say(G):
    z, index = codes(G)
    ws = G.mapping(z, index)
    pictures = G.synthesis(ws)
    assert z.shape == (3, G.z_dim)
    assert ws.shape == (3, G.num_ws, G.w_dim)
    assert pictures.shape == (3, 3, G.resolution, G.resolution)
    assert pictures.dtype == torch.float32
    assert G.edit_dim == G.w_dim - len(G.classes)
    several = G.family.startswith("stylegan")
    assert (G.space, G.num_ws) == (("w", 2 * (G.resolution.bit_length() - 2)) if several else ("z", 1))
    assert (G.w_avg is None) != several


def test_the_whole_is_its_two_halves(G):
    z, index = codes(G)
    assert torch.equal(G(z, index), G.synthesis(G.mapping(z, index)))
    assert torch.equal(G(z, index), G(z, index))


def test_a_picture_does_not_depend_on_its_neighbours(G):
    ws = G.mapping(*codes(G, 4))
    alone = torch.cat([G.synthesis(one[None]) for one in ws])
    together = G.synthesis(ws)
    assert (alone - together).abs().max() < 1e-5 * max(1, together.abs().max())
    assert (alone[0] - alone[1]).abs().max() > 0.001


@pytest.mark.parametrize("name", [name for name in CASES if name != "dcgan of other layers"])
def test_a_checkpoint_says_what_its_network_says(name, tmp_path):
    """From shapes and single tensors, without a network; where sizes tell which layers its batch norms follow."""
    G = made(name)
    torch.save(G.state_dict(), tmp_path / "a.pth")
    checkpoint = read_checkpoint(tmp_path / "a.pth", classes=G.classes)
    network = load(tmp_path / "a.pth", classes=G.classes)
    for what in ("family", "space", "z_dim", "w_dim", "edit_dim", "num_ws", "resolution", "classes"):
        assert getattr(checkpoint, what) == getattr(network, what) == getattr(G, what)
    assert checkpoint.fingerprint() == network.fingerprint()
    assert np.array_equal(checkpoint.style_weights(), network.style_weights())
    z, index = codes(G)
    assert torch.equal(network(z, index), G(z, index))


def test_features_are_those_that_synthesis_makes(G):
    ws, seen = G.mapping(*codes(G)), []
    for layer in G.layers[1:]:
        layer.register_forward_pre_hook(lambda layer, arguments: seen.append(arguments[0]))
    pictures = G.synthesis(ws)
    entered = list(seen)  # features run the layers again
    progan, last = G.family == "progan", len(G.layers) - 1
    for i, x in enumerate(entered):
        features = G.features(ws, i)
        assert len(features) == 3
        normed = pixel_norm(features) if progan else features
        assert torch.equal(x, upsample(normed) if progan and i % 2 else normed)
    if G.family == "dcgan":
        wanted = torch.tanh(G.layers[-1](G.features(ws, last - 1))).expand(-1, 3, -1, -1)
    elif G.family == "stylegan2":
        wanted = 0
        for k, output in enumerate(G.outputs):
            wanted = (upsample_filtered(wanted) if k else 0) + output(G.features(ws, 2 * k), ws[:, 2 * k + 1])
    else:
        features = G.features(ws, last)
        wanted = G.outputs[str(last // 2)](pixel_norm(features) if progan else features)
    assert torch.equal(wanted, pictures)


@pytest.mark.parametrize("name", [name for name in CASES if name not in STYLED])
def test_style_weights_are_the_jacobian_of_the_first_layer(name):
    """Up to one factor; of a ProGAN's pixels the order is turned, as its kernel slides backwards over the code."""
    G = made(name)
    matrix, first = G.style_weights(), G.double().layers[0]
    code = torch.ones(G.w_dim, dtype=torch.float64)
    jacobian = torch.func.jacrev(lambda code: first(code[None, :, None, None])[0])(code)  # (C, 4, 4, W)
    jacobian = (jacobian.flip(1, 2) if G.family == "progan" else jacobian).flatten(0, 2)[:, : G.edit_dim].numpy()
    assert (matrix.dtype, matrix.shape) == (np.float64, jacobian.shape)
    factor = np.vdot(matrix, jacobian) / np.vdot(matrix, matrix)
    assert factor > 0
    assert np.allclose(factor * matrix, jacobian, atol=1e-12)
    assert np.array_equal(G.style_weights([0]), matrix)
    with pytest.raises(InputError, match="one code for all its layers; leave `layers` out"):
        G.style_weights([1])


def test_style_weights_are_the_jacobian_of_the_styles(styled):
    """Up to one factor for all layers. The styles are what the affine maps give while pictures are made."""
    layers, seen = [styled.num_ws - 1, 0], {}
    ws = styled.double().mapping(codes(styled, 1)[0].double())
    for name, module in styled.named_modules():
        if name.endswith("style"):
            module.register_forward_hook(lambda _, arguments, style, name=name: seen.__setitem__(name, style))

    def styles(ws):
        styled.synthesis(ws)
        last = f"layers.{layers[0]}.style"
        return torch.cat([seen[last if last in seen else f"outputs.{layers[0] // 2}.style"], seen["layers.0.style"]], 1)

    jacobian = torch.autograd.functional.jacobian(styles, ws)[0, :, 0]  # (R, L, W)
    half = len(styles(ws)[0]) - len(seen["layers.0.style"][0])
    wanted = torch.cat([jacobian[:half, layers[0]], jacobian[half:, 0]]).numpy()
    matrix = styled.style_weights(layers)
    factor = np.vdot(matrix, wanted) / np.vdot(matrix, matrix)
    assert factor == pytest.approx(1 / np.sqrt(styled.w_dim))
    assert np.allclose(factor * matrix, wanted, atol=1e-12)
    assert np.array_equal(styled.style_weights(), styled.style_weights(range(styled.num_ws)))
    with pytest.raises(InputError, match=f"layers 0 to {styled.num_ws - 1}"):
        styled.style_weights([styled.num_ws])


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
    assert (renderer(G)(ws.cuda()).cpu() - pictures).abs().mean() < 0.01


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
    pictures = renderer(G)(ws)
    assert (pictures.dtype, pictures.shape, pictures.requires_grad) == (torch.float32, wanted.shape, False)
    assert (pictures - wanted).abs().max() < 1e-5 * max(1, wanted.abs().max())
    rough = renderer(G, "bfloat16")(ws)
    assert rough.dtype == torch.float32
    assert (
        rough - wanted
    ).abs().mean() < 2 / 255 * wanted.abs().max()  # a grey level of the pictures scaled to [-1, 1]


def test_what_does_not_fit_is_refused_with_the_shape_that_does(G):
    z, index = codes(G)
    ws, count = G.mapping(z, index), len(G.layers) - (G.family == "dcgan")
    for wrong in (z[0], z[:, 1:], z[:, None]):
        with pytest.raises(InputError, match=rf"codes have shape \(.*\), this generator takes \(N, {G.z_dim}\)"):
            G.mapping(wrong, index)
    for make in (G.synthesis, lambda ws: G.features(ws, 0), renderer(G)):
        for wrong in (ws[:, 0], ws[:, :, 1:], ws.repeat(1, 2, 1)):
            takes = rf"this generator takes \(N, {G.num_ws}, {G.w_dim}\)"
            with pytest.raises(InputError, match=rf"ws have shape \(.*\), {takes}"):
                make(wrong)
    for wrong in (-1, count):
        with pytest.raises(InputError, match=f"layer {wrong}: this generator has layers 0 to {count - 1}"):
            G.features(ws, wrong)
    with pytest.raises(InputError, match="unknown precision 'bfloat'; did you mean 'bfloat16'"):
        renderer(G, "bfloat")


def test_a_class_is_wanted_by_generators_of_classes_only(G):
    z = codes(G)[0]
    if G.classes:
        with pytest.raises(InputError, match="has 3 classes; give `class_index`, one for each code: red, green, blue"):
            G.mapping(z)
        for wrong in ([0, 1], [0, 1, 3], [0, -1, 2], [0, 0.5, 1], [[0], [1], [2]], 1):
            with pytest.raises(
                InputError, match="`class_index`: give one for each of the 3 codes, a whole number from 0 to 2"
            ):
                G.mapping(z, torch.tensor(wrong))
    else:
        with pytest.raises(InputError, match="has no classes; leave `class_index` out"):
            G.mapping(z, torch.zeros(3, dtype=torch.long))


@pytest.mark.parametrize("psi", [-1.0, 0.0, 0.3, 0.7, 1.0, 1.5])
@pytest.mark.parametrize("cutoff", [None, 0, 1, 100])
def test_truncation_draws_the_layers_below_the_cutoff_towards_the_mean(psi, cutoff, styled):
    ws = styled.mapping(codes(styled)[0])
    kept = ws.clone()
    near = styled.truncate(ws, psi, cutoff)
    cut = styled.num_ws if cutoff is None else cutoff
    assert torch.allclose(near[:, :cut], styled.w_avg + psi * (ws[:, :cut] - styled.w_avg), atol=1e-5)
    assert torch.equal(near[:, cut:], ws[:, cut:])
    assert torch.equal(ws, kept)
    if psi in (0, 1):
        assert torch.equal(near[:, :cut], ws[:, :cut] if psi else styled.w_avg.expand_as(near[:, :cut]))
    twice = styled.truncate(styled.truncate(ws, 0.5), psi)
    assert torch.allclose(twice, styled.truncate(ws, 0.5 * psi), atol=1e-5)


def test_truncation_has_psi_0_7_by_default(styled):
    ws = styled.mapping(codes(styled)[0])
    assert torch.equal(styled.truncate(ws), styled.truncate(ws, psi=0.7))


def test_what_cannot_be_truncated_is_refused(G):
    ws = G.mapping(*codes(G))
    if G.w_avg is None:
        with pytest.raises(InputError, match="no mean code to truncate towards; leave the truncation"):
            G.truncate(ws)
        return
    for psi in (float("nan"), float("inf")):
        with pytest.raises(InputError, match=f"psi {psi}: give a finite number"):
            G.truncate(ws, psi)
    with pytest.raises(InputError, match="cutoff -1: give how many layers are truncated, 0 or more"):
        G.truncate(ws, cutoff=-1)
    with pytest.raises(InputError, match="ws have shape"):
        G.truncate(ws[:, 0])


def test_an_edit_of_one_layer_leaves_those_before_as_they_are(styled):
    ws = styled.mapping(codes(styled)[0])
    for layer in range(1, len(styled.layers)):
        edited = ws.clone()
        edited[:, layer] += 1
        assert torch.equal(styled.features(edited, layer - 1), styled.features(ws, layer - 1))
        assert (styled.features(edited, layer) - styled.features(ws, layer)).abs().max() > 0.01


def test_stored_noise_is_the_same_for_all_pictures_and_random_noise_is_not(styled):
    ws = styled.mapping(codes(styled, 1)[0]).repeat(3, 1, 1)
    stored = styled.synthesis(ws)
    assert torch.allclose(stored[0], stored[1], atol=1e-4)
    styled.noise = "none"
    silent = styled.synthesis(ws)
    assert torch.allclose(silent[0], silent[1], atol=1e-4)
    styled.noise = "random"
    noisy = styled.synthesis(ws)
    pairs = [(stored[0], silent[0]), (noisy[0], noisy[1]), (noisy[0], silent[0]), (noisy, styled.synthesis(ws))]
    assert all((a - b).abs().max() > 0.01 for a, b in pairs)
    styled.noise = "stored"
    assert torch.equal(styled.synthesis(ws), stored)


def test_random_noise_is_met_again_from_its_seed(styled):
    """Whatever else draws random numbers; and in pictures as in features."""
    ws = styled.mapping(codes(styled)[0])
    styled.noise = "random"
    first = [styled.synthesis(ws), styled.synthesis(ws)]
    styled.seed_noise(0)
    torch.rand(5)
    assert torch.equal(styled.synthesis(ws), first[0])
    assert torch.equal(styled.synthesis(ws), first[1])
    styled.seed_noise(1)
    assert not torch.equal(styled.synthesis(ws), first[0])
    drawn = []
    for _ in range(2):
        styled.seed_noise(7)
        drawn.append(styled.features(ws, 0))
    assert torch.equal(*drawn)
    with pytest.raises(InputError, match="seed -1: give a whole number"):
        styled.seed_noise(-1)


def test_random_noise_has_mean_0_and_variance_1_a_pixel(styled):
    """Where stored noise is put in the first layer, with its factor."""
    layer = styled.layers[0]
    taken = []
    layer.register_forward_pre_hook(lambda _, arguments: taken.append(arguments[2]))
    styled.noise = "random"
    styled.features(styled.mapping(styled.draw(1000)), 0)
    assert taken[0].shape == (1000, 1, 4, 4)
    assert taken[0].mean().item() == pytest.approx(0, abs=0.03)
    assert taken[0].var().item() == pytest.approx(1, abs=0.05)


def test_another_kind_of_noise_is_refused(G):
    assert G.noise == "stored"
    with pytest.raises(InputError, match="unknown noise 'randm'; did you mean 'random'"):
        G.noise = "randm"
    assert G.noise == "stored"
