"""Every method on generators whose directions are known, and through real networks against dense algebra."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch.func import jacrev

from ganatomy.errors import InputError
from ganatomy.generators.base import Generator
from ganatomy.generators.families import FAMILIES
from ganatomy.generators.loading import load
from ganatomy.generators.networks.dcgan import DCGAN
from ganatomy.generators.networks.planted import FACTORS, Planted
from ganatomy.generators.networks.progan import ProGAN
from ganatomy.generators.networks.stylegan2 import StyleGAN2
from ganatomy.latent.codes import Drawing
from ganatomy.latent.directions import Directions
from ganatomy.latent.labels.conditional import project
from ganatomy.latent.measures.agreement import agreement
from ganatomy.latent.methods.boundary import boundary, separate
from ganatomy.latent.methods.catalogue import METHODS, find, options_of
from ganatomy.latent.methods.sefa import factorize

FIXTURES = Path(__file__).resolve().parents[4] / "shared" / "fixtures"
PLANTED = Planted(z_dim=32, resolution=32)


def planted_directions(generator):
    """The true directions of a planted generator, in the order of SeFa's; values are |A r_i|^2, raw SeFa's."""
    rows = generator.directions.double().numpy()
    vectors = rows / np.linalg.norm(rows, axis=1, keepdims=True)  # which float32 has of length 1 to 7 digits
    values = ((generator.style_weights() @ vectors.T) ** 2).sum(axis=0)
    return Directions.of(generator, vectors, values, values / values.sum(), method="planted", labels=FACTORS)


TRUTH = planted_directions(PLANTED)


def cosines(found, truth=TRUTH):
    return np.abs((found.vectors * truth.vectors[: len(found)]).sum(axis=1))


# --- how each recovers the planted directions ---


@pytest.mark.parametrize("method", ["sefa", "sefa-raw"])
def test_sefa_is_exact(method):
    assert cosines(find(PLANTED, method, 6)).min() > 1 - 1e-9


def test_ganspace_is_off_by_sampling_alone(expected_error):
    """The first layer is affine, so theory says how far: sin^2 of 0.003 to 0.0045 for 10,000 codes."""
    found = find(PLANTED, "ganspace", 6)
    expected = expected_error(np.r_[TRUTH.values, np.zeros(26)], 10_000)[:6]
    error = 1 - cosines(found) ** 2
    assert (error < 2.5 * expected).all(), error / expected  # some 30 terms: a standard deviation is about a quarter
    assert error.mean() > 0.3 * expected.mean()
    assert cosines(found).min() > 0.99


def test_the_local_basis_of_the_affine_layer_is_exact_at_any_code():
    for seed in (0, 1):
        assert cosines(find(PLANTED, "local_basis", 6, feature_layer=0, seed=seed)).min() > 1 - 1e-6  # float32 products


def test_the_local_basis_of_the_picture_spans_what_was_planted():
    """Factors overlap in the picture, so that its single directions are mixtures; what they span is the truth's."""
    found = find(PLANTED, "local_basis", 6)
    assert agreement(found, TRUTH).overlap > 1 - 1e-6
    assert cosines(found).min() < 0.9


def test_boundaries_of_the_true_factors_are_off_by_sampling_alone():
    """About sqrt(W / N) = sqrt(32 / 1400) = 0.15 for the sine, of scores without noise."""
    z = PLANTED.draw(2000)
    factors = PLANTED.factors(PLANTED.mapping(z)).numpy()
    found = [separate(z.numpy(), factor) for factor in factors.T]
    signed = np.array([each.normal @ row for each, row in zip(found, TRUTH.vectors, strict=True)])
    assert (np.sqrt(1 - signed**2) < 0.2).all()
    assert signed.min() > 0.98
    assert min(each.accuracy for each in found) > 0.97


def test_boundaries_of_pictures_scores_find_what_is_scored():
    """Warmth is one factor. Brightness is what brightness, background and size add up to; projected, it keeps it."""

    def scores(pictures):
        warmth = np.log(pictures[..., 0].mean(axis=(1, 2)) / pictures[..., 2].mean(axis=(1, 2)))
        return np.stack([warmth, pictures.mean(axis=(1, 2, 3))], axis=1)

    found = find(PLANTED, "boundary", 2, scorer=scores, names=["warmth", "brightness"], n_codes=2000)
    assert found.labels == ("warmth", "brightness")
    assert found.names == ("boundary warmth", "boundary brightness")
    assert (found.values > 0.95).all()
    assert (found.share > 0.9).all()
    on_factors = found.vectors @ TRUTH.vectors.T
    assert on_factors[0, FACTORS.index("warmth")] > 0.97
    assert on_factors[1].argmax() == FACTORS.index("brightness")
    assert on_factors[1, FACTORS.index("background")] > 0.3
    assert abs(project(found[1], [found[0]]).vector @ found[0].vector) < 1e-9
    assert len(boundary(PLANTED, 1, scorer=scores, names=["warmth", "brightness"], n_codes=200)) == 1


def test_boundaries_are_of_pictures_of_the_size_that_is_asked_for():
    seen = set()

    def scorer(pictures):
        seen.add(pictures.shape[1:])
        return pictures.mean(axis=(1, 2, 3))

    find(PLANTED, "boundary", 1, scorer=scorer, n_codes=100, size=16, precision="bfloat16")
    assert seen == {(16, 16, 3)}


def test_random_directions_find_nothing():
    overlaps = [agreement(find(PLANTED, "random", 6, seed=s), TRUTH).overlap for s in range(50)]
    assert np.mean(overlaps) == pytest.approx(6 / 32, abs=0.02)


# --- through networks ---


def network(family, **more):
    torch.manual_seed(0)
    made = ProGAN(12, [8, 6]) if family == "progan" else DCGAN([12, 8, 6, 3], [4, 4, 4], biased=[0], **more)
    for value in made.parameters():
        torch.nn.init.normal_(value)
    return made.eval().requires_grad_(False).double()


@pytest.mark.parametrize("family", ["progan", "dcgan"])
@pytest.mark.parametrize("layer", [None, 0, 1])
def test_the_local_basis_is_the_dense_jacobians(family, layer):
    G = network(family)
    code = G.mapping(G.draw(1, seed=4).double())
    found = find(G, "local_basis", 4, code=code, feature_layer=layer)
    jacobian = jacrev(lambda ws: (G.synthesis(ws) if layer is None else G.features(ws, layer)).flatten())(code)
    _, scale, rows = np.linalg.svd(jacobian.reshape(-1, 12).numpy())
    np.testing.assert_allclose(np.abs((found.vectors * rows[:4]).sum(axis=1)), 1, atol=1e-8)
    np.testing.assert_allclose(found.values, scale[:4] ** 2, rtol=1e-8)
    np.testing.assert_allclose(found.share, scale[:4] ** 2 / (scale**2).sum(), rtol=1e-8)  # 4 + 10 columns: all 12


def test_power_iterations_do_it_where_the_block_is_smaller():
    torch.manual_seed(0)
    G = DCGAN([40, 16, 3], [4, 4]).eval().requires_grad_(False).double()
    found = find(G, "local_basis", 3, iterations=30)
    code = next(Drawing(n=1, psi=1).batches(G))
    jacobian = jacrev(lambda ws: G.synthesis(ws).flatten())(code).reshape(-1, 40).numpy()
    rows = np.linalg.svd(jacobian)[2]
    np.testing.assert_allclose(np.abs((found.vectors * rows[:3]).sum(axis=1)), 1, atol=1e-6)
    assert found.share[0] == pytest.approx(found.values[0] / np.linalg.norm(jacobian) ** 2, rel=0.2)  # an estimate


def test_ganspace_takes_the_features_that_leave_the_layer():
    G = network("dcgan")
    found = find(G, "ganspace", 3, n_codes=900, feature_layer=1)
    ws = torch.cat(list(Drawing(n=900).batches(G)))
    features = G.features(ws, 1).flatten(1).numpy()
    centred = features - features.mean(axis=0)
    components = np.linalg.svd(centred, full_matrices=False)[2][:3]
    regressed = (centred @ components.T).T @ ws[:, 0].numpy()
    regressed /= np.linalg.norm(regressed, axis=1, keepdims=True)
    np.testing.assert_allclose(np.abs((found.vectors * regressed).sum(axis=1)), 1, atol=1e-3)  # 53 of 144 are kept


def test_the_class_of_a_conditional_generator_is_left_alone():
    G = network("dcgan", classes=["red", "green"])
    for method in ("ganspace", "local_basis", "random"):
        more = {"n_codes": 400} if method == "ganspace" else {}
        assert not find(G, method, 3, **more).vectors[:, 10:].any()
    for method, more in (("ganspace", {"n_codes": 400}), ("local_basis", {})):
        red, named, green = (
            find(G, method, 3, **more, **one) for one in ({}, {"class_name": "red"}, {"class_name": "green"})
        )
        np.testing.assert_array_equal(red.vectors, named.vectors)
        assert np.abs(np.abs((red.vectors * green.vectors).sum(axis=1)) - 1).max() > 1e-4
    with pytest.raises(InputError, match="unknown class 'blue'"):
        find(G, "ganspace", 3, class_name="blue")


class Stretched(Generator):
    """A generator with a mapping: w = turn diag(scale) z, and three layers, each with a picture of its own to add."""

    family, num_ws, resolution = "stretched", 3, 4
    record = FAMILIES["stylegan2"]  # one that is edited in w
    scale = (5.0, 3.0, 2.0, 0.5)

    def __init__(self):
        super().__init__()
        self.z_dim = self.w_dim = 4
        turn = np.linalg.qr(np.random.default_rng(0).normal(size=(4, 4)))[0]
        self.turn = torch.nn.Parameter(torch.from_numpy(turn).float(), requires_grad=False)
        paint = np.random.default_rng(1).normal(size=(3, 4, 48))
        self.register_buffer("paint", torch.from_numpy(paint).float())

    @classmethod
    def from_weights(cls, weights, classes=()):
        raise NotImplementedError

    def mapping(self, z, label=None):
        return (z * z.new_tensor(self.scale) @ self.turn.T)[:, None].expand(-1, 3, -1)

    def features(self, ws, layer):
        return ws[:, layer, :, None, None]

    def synthesis(self, ws):
        return torch.einsum("nlw,lwp->np", ws, self.paint).reshape(-1, 3, 4, 4)


def test_of_a_w_space_the_components_are_those_of_w():
    G = Stretched()
    found = find(G, "ganspace", 4, layers="1:3", n_codes=20_000)
    assert (found.space, found.layers) == ("w", (1, 2))
    np.testing.assert_allclose(np.abs((found.vectors * G.turn.T.numpy()).sum(axis=1)), 1, atol=1e-3)
    np.testing.assert_allclose(np.sqrt(found.values), G.scale, rtol=0.03)


def test_of_a_w_space_the_local_basis_moves_the_chosen_layers_together():
    G = Stretched()
    for layers, chosen in (("all", [0, 1, 2]), ("1", [1]), ((0, 2), [0, 2])):
        found = find(G, "local_basis", 4, layers=layers)
        rows = factorize(G.paint[chosen].sum(dim=0).T.numpy(), 4, normalize=False)
        np.testing.assert_allclose(found.vectors, rows[0], atol=1e-4)
        np.testing.assert_allclose(found.values, rows[1], rtol=1e-4)


@pytest.mark.shared
@pytest.mark.skipif(not FIXTURES.is_dir(), reason="needs shared/fixtures")
@pytest.mark.parametrize("name", ["pggan16_nested", "stylegan16", "stylegan2_16"])
def test_the_local_basis_is_what_differences_of_pictures_show(name):
    G = load(FIXTURES / f"{name}.pth").double()
    found = find(G, "local_basis", 3, layers=range(min(2, G.num_ws)), iterations=10)
    ws = next(Drawing(n=1, psi=1).batches(G))
    for direction, value in zip(found, found.values, strict=True):
        ahead, behind = (G.synthesis(direction.edit(ws, step)) for step in (1e-5, -1e-5))
        assert float((ahead - behind).square().sum()) / 2e-5**2 == pytest.approx(value, rel=1e-4)


def test_the_same_again():
    for method in METHODS:
        more = (
            {"scorer": lambda pictures: pictures.mean(axis=(1, 2, 3)), "n_codes": 300} if method == "boundary" else {}
        )
        first, again = (find(PLANTED, method, 1, **more) for _ in range(2))
        np.testing.assert_array_equal(first.vectors, again.vectors)
        assert first.method == method
        if "seed" in options_of(method) and method != "local_basis":
            assert np.abs(first.vectors - find(PLANTED, method, 1, seed=9, **more).vectors).max() > 1e-6


def test_what_random_noise_makes_of_a_code_has_no_derivative():
    torch.manual_seed(0)
    G = StyleGAN2(codes=[8, 8], channels=[4, 4]).eval().requires_grad_(False)
    for layer in G.layers:
        layer.noise_strength.fill_(0.5)
    G.noise = "random"
    with pytest.raises(InputError, match=r"noise 'random' is new in each pass[^\n]*$"):
        find(G, "local_basis", 2)
    G.noise = "stored"
    assert find(G, "local_basis", 2).values[0] > 0


@pytest.mark.parametrize(
    ("method", "how", "said"),
    [
        ("seffa", {}, "unknown method 'seffa'; did you mean 'sefa'"),
        ("sefa", {"n_codes": 9}, "unknown option of sefa 'n_codes'; Known: source"),
        ("ganspace", {"code": 9}, "unknown option of ganspace 'code'; did you mean 'n_codes'"),
        ("ganspace", {"n_codes": 3}, "n_codes = 3, for 5 directions"),
        ("ganspace", {"n_codes": 2.5}, "n_codes = 2.5, for 5"),
        ("ganspace", {"feature_layer": 2}, "layer 2: this generator has layers 0 to 1"),
        ("ganspace", {"seed": -1}, "seed -1"),
        ("ganspace", {"class_name": "cat"}, "has no classes; leave `class_name` out"),
        ("ganspace", {"k": 9}, "K = 9: .* from 1 to the 8"),
        ("local_basis", {"k": 33}, "K = 33"),
        ("local_basis", {"code": torch.zeros(2, 1, 32)}, r"a code of shape \(2, 1, 32\); give \(1, 1, 32\)"),
        ("local_basis", {"layers": "4"}, "layers"),
        ("boundary", {}, "boundary needs scores"),
        ("boundary", {"scorer": lambda pictures: pictures}, r"pictures got scores of shape"),
        ("boundary", {"scorer": lambda pictures: np.full(len(pictures), np.nan)}, "score has a value in 0 of 2000"),
    ],
)
def test_what_cannot_be_found_is_refused(method, how, said):
    with pytest.raises(InputError, match=said):
        find(PLANTED, method, **how)
