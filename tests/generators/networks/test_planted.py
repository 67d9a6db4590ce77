"""The planted generator is what it says: known factors, each with its own meaning, mixed by a known rotation."""

import numpy as np
import pytest
import torch
from torch.nn import functional

from ganatomy.errors import InputError
from ganatomy.generators.networks.planted import FACTORS, STRENGTHS, Planted
from ganatomy.latent.methods.sefa import sefa
from ganatomy.latent.pictures import painter


@pytest.mark.parametrize("normalize", [True, False])
@pytest.mark.parametrize(("z_dim", "seed"), [(6, 1), (32, 0), (100, 2)])
def test_both_of_sefas_variants_find_the_truth_exactly_and_in_order(normalize, z_dim, seed):
    G = Planted(z_dim, seed=seed)
    found = sefa(G, len(FACTORS), normalize=normalize)
    cosines = found.vectors @ G.directions.double().numpy().T
    np.testing.assert_allclose(np.abs(cosines), np.eye(6), atol=1e-5)  # the weights are float32
    np.testing.assert_allclose(found.share, np.square(STRENGTHS) / np.square(STRENGTHS).sum(), rtol=1e-5)


def test_another_seed_is_another_rotation():
    first, again, other = (Planted(seed=seed) for seed in (0, 0, 1))
    assert first.fingerprint() == again.fingerprint() != other.fingerprint()
    assert (first.directions @ other.directions.T).abs().max() < 0.9


def test_factors_are_independent_standard_normal_numbers():
    G = Planted()
    factors = G.factors(G.mapping(G.draw(5000))).double().numpy()
    assert np.abs(np.cov(factors.T) - np.eye(6)).max() < 0.06
    assert np.abs(factors.mean(axis=0)).max() < 0.06


def test_only_factors_change_the_picture():
    G = Planted(z_dim=16, resolution=16).double()
    z = G.draw(4).double()
    free = torch.from_numpy(np.linalg.svd(G.directions.numpy())[2][6:])
    assert (G(z + 5 * free[3]) - G(z)).abs().max() < 1e-6
    for direction in G.directions:
        assert (G(z + 0.5 * direction) - G(z)).abs().amax(dim=(1, 2, 3)).min() > 0.005


def measured(pictures):
    """What the factors should change, measured from pictures (N, H, W, 3) in another way than they are made."""
    light = pictures @ np.array([0.2126, 0.7152, 0.0722])
    flat = light - np.median(light, axis=(1, 2), keepdims=True)
    disc = light > np.percentile(light, [30, 99], axis=(1, 2)).mean(axis=0)[:, None, None]
    columns = np.arange(light.shape[2])
    return {
        "brightness": light.mean(axis=(1, 2)),
        "horizontal position": (disc * columns).sum(axis=(1, 2)) / disc.sum(axis=(1, 2)),
        "warmth": np.log(pictures[..., 0].mean(axis=(1, 2)) / pictures[..., 2].mean(axis=(1, 2))),
        "size": disc.mean(axis=(1, 2)),
        "background": light[:, :, :4].mean(axis=(1, 2)),
        "contrast": np.abs(flat).mean(axis=(1, 2)),
    }


@pytest.mark.parametrize("name", FACTORS)
def test_more_of_a_factor_is_more_of_what_it_is_called(name):
    G, k = Planted(), FACTORS.index(name)
    ws = G.mapping(G.draw(30))
    low, middle, high = (
        measured((G.synthesis(ws + step * G.directions[k]).permute(0, 2, 3, 1).double().numpy() + 1) / 2)[name]
        for step in (-0.5, 0, 0.5)
    )
    assert (low < middle).mean() > 0.95
    assert (middle < high).mean() > 0.95


def test_contrast_and_warmth_leave_the_mean_light_as_it_is():
    G = Planted().double()
    ws = G.mapping(G.draw(5).double())
    weights = torch.tensor([0.2126, 0.7152, 0.0722], dtype=torch.float64)
    light = [
        torch.einsum("nchw,c->n", (G.synthesis(codes) + 1) / 2, weights) / 64**2
        for codes in (ws, ws + G.directions[FACTORS.index("contrast")], ws + 2 * G.directions[FACTORS.index("warmth")])
    ]
    torch.testing.assert_close(light[0], light[1], atol=1e-6, rtol=0)
    torch.testing.assert_close(light[0], light[2], atol=1e-6, rtol=0)


def test_pictures_are_smooth_in_the_code():
    G = Planted(z_dim=8, resolution=8).double()
    ws = G.mapping(G.draw(2).double()).requires_grad_()
    assert torch.autograd.gradcheck(G.synthesis, ws, fast_mode=True)
    assert torch.autograd.gradgradcheck(G.synthesis, ws, fast_mode=True)


def test_another_resolution_is_the_same_picture():
    fine, coarse = Planted(resolution=128), Planted(resolution=32)
    z = fine.draw(5)
    assert (functional.avg_pool2d(fine(z), 4) - coarse(z)).abs().max() < 0.02
    assert fine.resolution == 128


def test_pictures_are_mostly_within_range():
    G = Planted()
    pictures = G(G.draw(1000))
    assert (pictures.abs().amax(dim=(1, 2, 3)) > 1).float().mean() < 0.1
    assert pictures.abs().max() < 2


def test_it_is_a_generator_like_any_other():
    G = Planted(z_dim=9, resolution=12, seed=5)
    ws = G.mapping(G.draw(3))
    assert (G.space, G.z_dim, G.w_dim, G.edit_dim, G.num_ws, G.resolution) == ("z", 9, 9, 9, 1, 12)
    assert ws.shape == (3, 1, 9)
    assert painter(G)(ws).shape == (3, 12, 12, 3)
    assert torch.equal(G.features(ws, 0)[:, :, 0, 0], ws[:, 0] @ torch.from_numpy(G.style_weights()).float().T)
    assert torch.equal(G.features(ws, 1)[:, :, 0, 0], G.factors(ws))
    weights = {name: value.numpy() for name, value in G.state_dict().items()}
    copy = Planted.from_weights(weights)
    assert copy.fingerprint() == G.fingerprint()
    assert torch.equal(copy.synthesis(ws), G.synthesis(ws))


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda G: Planted(z_dim=5), "6 factors need as many coordinates"),
        (lambda G: Planted(resolution=3), "resolution 3: give 4 or more"),
        (lambda G: G.mapping(torch.zeros(2, 5)), r"this generator takes \(N, 8\)"),
        (lambda G: G.synthesis(torch.zeros(2, 8)), r"this generator takes \(N, 1, 8\)"),
        (lambda G: G.features(torch.zeros(2, 1, 8), 2), "has layers 0 to 1"),
        (lambda G: G.mapping(torch.zeros(2, 8), torch.zeros(2)), "no classes; leave `class_index` out"),
        (lambda G: G.style_weights([1]), "one code for all its layers"),
        (lambda G: Planted.from_weights({}, ["a"]), "no classes, 1 were given"),
    ],
)
def test_what_does_not_fit_is_refused(call, said):
    with pytest.raises(InputError, match=said):
        call(Planted(z_dim=8))
