"""GANSpace against all-at-once algebra, SeFa's closed form, and the sampling error that theory gives."""

import tracemalloc

import numpy as np
import pytest
import torch

from ganatomy.errors import InputError
from ganatomy.generators.networks.dcgan import DCGAN
from ganatomy.generators.networks.progan import ProGAN
from ganatomy.latent.methods.ganspace import Components, principal_directions, regressed_directions
from ganatomy.latent.methods.sefa import factorize


def normal(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


def pieces(*arrays, size=37):
    """Cut arrays of one length into batches, the last of which is shorter."""
    cut = [np.split(array, range(size, len(array), size)) for array in arrays]
    return zip(*cut, strict=True) if len(arrays) > 1 else cut[0]


def sines_squared(vectors, others):
    return 1 - np.minimum(np.sum(vectors * others, axis=1) ** 2, 1)


# --- components of codes ---


def test_batches_give_the_eigenvectors_of_the_whole_covariance():
    codes = normal(400, 6) @ normal(6, 6, seed=1) + 100
    vectors, values, share = principal_directions(pieces(codes), 6)
    covariance = np.cov(codes.T)
    np.testing.assert_allclose(vectors @ covariance @ vectors.T, np.diag(values), atol=1e-9 * values[0])
    np.testing.assert_allclose(vectors @ vectors.T, np.eye(6), atol=1e-12)
    assert (np.diff(values) < 0).all()
    np.testing.assert_allclose([values.sum(), share.sum()], [np.trace(covariance), 1])


def test_the_component_of_largest_magnitude_is_positive():
    vectors, *_ = principal_directions([normal(50, 7)], 7)
    assert (vectors[np.arange(7), np.abs(vectors).argmax(axis=1)] > 0).all()
    vectors, *_ = regressed_directions([(normal(50, 7), normal(50, 9))], 7)
    assert (vectors[np.arange(7), np.abs(vectors).argmax(axis=1)] > 0).all()


# --- components of features, regressed on codes ---


def by_hand(z, y, k):
    """The method as it was published: decompose, project, solve least squares."""
    centred = y - y.mean(axis=0)
    _, scale, components = np.linalg.svd(centred, full_matrices=False)
    scores = centred @ components[:k].T
    solution = np.linalg.lstsq(scores, z - z.mean(axis=0), rcond=None)[0]  # (K, E)
    return solution / np.linalg.norm(solution, axis=1, keepdims=True), scale[:k] ** 2 / (len(y) - 1)


def test_one_pass_is_decomposition_and_least_squares():
    z = normal(500, 5)
    y = np.tanh(z @ normal(5, 12, seed=1)) + 3
    vectors, values, share = regressed_directions(pieces(z, y), 4)
    expected, variances = by_hand(z, y, 4)
    np.testing.assert_allclose(sines_squared(vectors, expected), 0, atol=1e-10)
    np.testing.assert_allclose(values, variances, rtol=1e-10)
    np.testing.assert_allclose(share, variances / y.var(axis=0, ddof=1).sum(), rtol=1e-10)


def test_a_sketch_of_low_rank_is_enough_for_the_first_directions():
    z = normal(2000, 30)
    y = np.tanh(0.3 * z @ (normal(30, 30, seed=1) * np.geomspace(3, 0.1, 30)) @ normal(30, 200, seed=2) / 14)
    sketch, whole = (regressed_directions(pieces(z, y, size=100), 5, rank)[0] for rank in (20, 200))
    assert sines_squared(sketch, whole).max() < 1e-3
    worse = regressed_directions(pieces(z, y, size=100), 5, 5)[0]
    assert sines_squared(worse, whole).max() > sines_squared(sketch, whole).max()


def test_the_total_is_exact_though_components_are_forgotten():
    y = normal(300, 40)
    running = Components(rank=3)
    for batch in pieces(y):
        running.update(batch)
    assert running.total == pytest.approx(y.var(axis=0, ddof=1).sum(), rel=1e-12)


# --- what they are of an affine layer: raw SeFa's directions ---


def test_of_codes_that_are_exactly_white_they_are_exactly_sefas():
    """Sampling is all that lies between the two: without it, nothing does."""
    raw = normal(200, 6)
    centred = raw - raw.mean(axis=0)
    z = centred @ np.linalg.inv(np.linalg.cholesky(np.cov(centred.T))).T
    weights = normal(80, 6, seed=1) * np.linspace(1, 2, 6)
    vectors, values, share = regressed_directions(pieces(z, z @ weights.T + normal(80)), 6)
    for mine, expected in zip((vectors, values, share), factorize(weights, 6, normalize=False), strict=True):
        np.testing.assert_allclose(mine, expected, atol=1e-7 * max(1, np.abs(expected).max()))


def test_sampling_turns_them_by_as_much_as_theory_says(expected_error):
    """The mean of sin^2 over 60 draws, of each direction: known to about 20 %, and first-order theory to 10 %."""
    weights, codes = np.diag([4.0, 3.0, 2.0, 1.2, 0.5]), 4000
    expected = expected_error(np.diag(weights) ** 2, codes)
    found = []
    for seed in range(60):
        z = normal(codes, 5, seed=seed)
        found.append(sines_squared(regressed_directions([(z, z @ weights.T)], 5)[0], np.eye(5)))
    ratio = np.mean(found, axis=0) / expected
    assert (np.abs(ratio - 1) < 0.5).all(), ratio
    assert abs(ratio.mean() - 1) < 0.2


def affine_layer(family):
    """A generator's weights and the affine layer that they are of."""
    torch.manual_seed(0)
    network = ProGAN(10, [12, 6]) if family == "progan" else DCGAN([10, 12, 3], [4, 4], biased=[0])
    for parameter in network.layers[0].parameters():
        torch.nn.init.normal_(parameter)
    return network.eval().requires_grad_(False).double()


@pytest.mark.parametrize("family", ["progan", "dcgan"])
@pytest.mark.parametrize("codes", [1000, 16000])
def test_of_a_generators_affine_layer_they_are_raw_sefas_up_to_sampling(family, codes, expected_error):
    network = affine_layer(family)
    scale = 1 / np.sqrt(np.linspace(1, 12, 10))  # far apart, or sampling would not tell neighbours
    weight = network.layers[0].weight
    weight *= torch.from_numpy(scale).reshape((1, -1, 1, 1) if family == "progan" else (-1, 1, 1, 1))
    z = torch.from_numpy(normal(codes, 10, seed=3))
    y = network.layers[0](z[:, :, None, None]).flatten(1)
    exact, values, _ = factorize(network.style_weights(), 10, normalize=False)
    error = sines_squared(regressed_directions(pieces(z.numpy(), y.numpy(), size=500), 3)[0], exact[:3])
    expected = expected_error(values, codes)[:3]
    assert (error < 4 * expected).all(), error / expected  # chi-squared of about 9 degrees of freedom: beyond 4 sd
    assert (expected < 0.2).all()
    assert error.mean() > 0.1 * expected.mean()  # the bound says something


# --- bounds and refusals ---


def test_memory_does_not_grow_with_the_codes_or_the_square_of_the_features():
    width, features, size = 4, 6000, 40
    paint = normal(width, features)
    tracemalloc.start()
    regressed_directions(((z, z @ paint) for z in (normal(size, width, seed=s) for s in range(25))), 2, rank=20)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1.5 * 8 * features * (width + 2 * 20 + 3 * size)  # 15 MB; all features are 48, their covariance 288


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (
            lambda: principal_directions([normal(9, 3)], 4),
            "K = 4: give a whole number of directions, from 1 to the 3 co",
        ),
        (lambda: principal_directions([normal(9, 3)], True), "K = True"),
        (lambda: principal_directions([], 1), "0 codes: principal components need 2 or more"),
        (lambda: principal_directions([normal(1, 3)], 1), "1 codes"),
        (lambda: principal_directions([np.ones((9, 3))], 1), "all codes are the same"),
        (lambda: principal_directions([normal(9)], 1), r"codes of shape \(9,\)"),
        (lambda: principal_directions([normal(9, 3) / 0 * 0], 1), "NaN or infinite codes"),
        (lambda: regressed_directions([(normal(9, 3), np.full((9, 2), np.nan))], 1), "NaN or infinite features"),
        (lambda: regressed_directions([(normal(9, 3), normal(9, 2))], 3), "K = 3: .* from 1 to the 2"),
        (lambda: regressed_directions([(normal(3, 3), normal(3, 4))], 3), "3 codes for 3 directions"),
        (lambda: regressed_directions([(normal(9, 3), np.ones((9, 4)))], 1), "the same for all codes"),
        (lambda: regressed_directions([(normal(9, 3), normal(9, 1) * np.eye(3)[0])], 2), "only 1 components"),
    ],
)
@pytest.mark.filterwarnings("ignore:divide by zero", "ignore:invalid value")
def test_what_has_no_components_is_refused(call, said):
    with pytest.raises(InputError, match=said):
        call()
