"""SeFa against closed forms, its own laws, and vectors that the publishing project's code computed."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from ganatomy.attributes import choose
from ganatomy.errors import InputError
from ganatomy.generators.networks.planted import Planted
from ganatomy.latent.labels import card
from ganatomy.latent.labels.measure import name_directions
from ganatomy.latent.methods.sefa import factorize, sefa

FIXTURES = Path(__file__).resolve().parents[4] / "shared" / "fixtures"


def rotation(size, seed):
    return np.linalg.qr(np.random.default_rng(seed).normal(size=(size, size)))[0]


def weights(rows=40, columns=7, seed=0):
    return np.random.default_rng(seed).normal(size=(rows, columns)) * np.linspace(1, 2, columns)


def generator(matrices=None, *, w_dim=7, **changes):
    """Stand in for a generator: A by layer, one above the other."""
    matrices = [weights()] if matrices is None else matrices
    answers = {"space": "w", "w_dim": w_dim, "edit_dim": matrices[0].shape[1], "num_ws": len(matrices), **changes}
    return SimpleNamespace(
        style_weights=lambda layers: np.vstack([matrices[layer] for layer in layers]),
        fingerprint=lambda: "f" * 64,
        **answers,
    )


# --- laws of the factorisation ---


def test_planted_singular_vectors_come_back_in_their_order():
    u, v, s = rotation(12, 1)[:, :5], rotation(5, 2), np.array([2.0, 9.0, 0.5, 4.0, 1.0])
    vectors, values, share = factorize(u @ np.diag(s) @ v.T, 5, normalize=False)
    order = np.argsort(-s)
    np.testing.assert_allclose(np.abs(vectors @ v[:, order]), np.eye(5), atol=1e-10)
    np.testing.assert_allclose(values, s[order] ** 2, rtol=1e-10)
    np.testing.assert_allclose(share, s[order] ** 2 / (s**2).sum(), rtol=1e-10)


@given(st.integers(0, 1000))
def test_turning_the_space_turns_the_directions(seed):
    turn = rotation(7, seed)
    for normalize in (True, False):
        straight, values, share = factorize(weights(), 3, normalize)
        turned, *numbers = factorize(weights() @ turn.T, 3, normalize)
        np.testing.assert_allclose(np.abs(np.sum(straight @ turn.T * turned, axis=1)), 1, atol=1e-8)
        np.testing.assert_allclose(numbers, [values, share], rtol=1e-10)


def test_mixing_the_output_units_changes_nothing_in_the_raw_variant_only():
    mixed = rotation(40, 3) @ weights()
    np.testing.assert_allclose(factorize(mixed, 7, False)[0], factorize(weights(), 7, False)[0], atol=1e-8)
    assert np.abs(factorize(mixed, 7, True)[0] - factorize(weights(), 7, True)[0]).max() > 1e-2


def test_the_normalised_variant_is_the_raw_one_of_rows_of_length_1():
    a = weights()
    by_hand = factorize(a / np.sqrt((a**2).sum(axis=1, keepdims=True)), 4, normalize=False)
    for mine, expected in zip(factorize(a, 4), by_hand, strict=True):
        np.testing.assert_allclose(mine, expected, atol=1e-12)
    scaled = a * np.geomspace(1e-6, 1e6, len(a))[:, None]  # so what units are worth does not count
    np.testing.assert_allclose(factorize(scaled, 4)[0], by_hand[0], atol=1e-10)


def test_no_unit_vector_changes_the_output_more_than_the_first_direction_or_less_than_the_last():
    a = weights()
    vectors, values, _ = factorize(a, 7, normalize=False)
    random = np.random.default_rng(4).normal(size=(2000, 7))
    stretched = ((random / np.linalg.norm(random, axis=1, keepdims=True)) @ a.T) ** 2
    assert values[-1] <= stretched.sum(axis=1).min() <= stretched.sum(axis=1).max() <= values[0]
    np.testing.assert_allclose(((vectors @ a.T) ** 2).sum(axis=1), values, rtol=1e-10)


def test_all_shares_together_are_the_whole():
    for normalize in (True, False):
        vectors, values, share = factorize(weights(), 7, normalize)
        np.testing.assert_allclose(share.sum(), 1)
        np.testing.assert_allclose(vectors @ vectors.T, np.eye(7), atol=1e-12)
        assert (np.diff(values) <= 0).all()


def test_fewer_directions_are_the_first_of_more():
    for fewer, more in zip(factorize(weights(), 2), factorize(weights(), 7), strict=True):
        np.testing.assert_array_equal(fewer, more[:2])


def test_the_component_of_largest_magnitude_is_positive_and_the_first_of_those_that_tie():
    vectors, *_ = factorize(weights(seed=5), 7)
    assert (vectors[np.arange(7), np.abs(vectors).argmax(axis=1)] > 0).all()
    vectors, values, _ = factorize([[1.0, -1.0]], 2, normalize=False)
    np.testing.assert_allclose(vectors[0] * np.sqrt(2), [1, -1])
    np.testing.assert_allclose(values, [2, 0], atol=1e-15)


def test_units_without_weights_count_for_nothing():
    with_zeros = np.vstack([weights(), np.zeros((3, 7))])
    for mine, expected in zip(factorize(with_zeros, 3), factorize(weights(), 3), strict=True):
        np.testing.assert_allclose(mine, expected, atol=1e-12)


def test_beyond_the_rank_nothing_changes():
    a = weights(rows=2)
    vectors, values, _ = factorize(a, 7, normalize=False)
    np.testing.assert_allclose(vectors[2:] @ a.T, 0, atol=1e-7)
    assert (values >= 0).all()


@pytest.mark.parametrize(
    ("a", "k", "said"),
    [
        (weights(), 8, "K = 8 is larger than the space: it has 7 coordinates"),
        (weights(), 0, "K = 0: give a whole number of directions, from 1 to 7"),
        (weights(), 2.0, r"K = 2\.0: give a whole number"),
        (weights(), True, "K = True"),
        (np.zeros((3, 2)), 1, "all zero"),
        (np.array([[1.0, np.nan]]), 1, "NaN or infinite"),
        (np.array([[1.0, np.inf]]), 1, "NaN or infinite"),
        (np.ones(3), 1, r"shape \(3,\)"),
        (np.ones((0, 3)), 1, r"shape \(0, 3\)"),
    ],
)
def test_what_cannot_be_factorised_is_refused(a, k, said):
    with pytest.raises(InputError, match=said):
        factorize(a, k)


# --- of a generator ---


def test_a_generators_directions_are_its_weights_eigenvectors():
    found = sefa(generator(), k=3, source="faces")
    vectors, values, share = factorize(weights(), 3)
    for mine, expected in ((found.vectors, vectors), (found.values, values), (found.share, share)):
        np.testing.assert_array_equal(mine, expected)
    assert (found.space, found.layers, found.method, found.source) == ("w", (0,), "sefa", "faces")
    assert sefa(generator(), normalize=False)[0].name == "sefa-raw 0"
    found.check_fits(generator())


def test_only_the_chosen_layers_are_factorised_and_edited():
    matrices = [weights(seed=seed) for seed in range(4)]
    stacked = np.vstack(matrices[1:3])
    for layers in ("1:3", (1, 2), [2, 1]):
        found = sefa(generator(matrices), k=2, layers=layers)
        np.testing.assert_array_equal(found.vectors, factorize(stacked, 2)[0])
        assert found.layers == (1, 2)
    assert sefa(generator(matrices)).layers == (0, 1, 2, 3)


def test_coordinates_that_say_the_class_are_not_edited():
    found = sefa(generator(w_dim=10), k=7)
    np.testing.assert_array_equal(found.vectors[:, :7], factorize(weights(), 7)[0])
    assert not found.vectors[:, 7:].any()
    with pytest.raises(InputError, match="has 7 coordinates"):
        sefa(generator(w_dim=10), k=8)


@pytest.mark.parametrize(
    ("layers", "said"),
    [([4], "has layers 0 to 3"), ([], "none is named"), ("0-1", "write 0:2"), ((1, 1), "named twice")],
)
def test_layers_that_there_are_not_are_refused(layers, said):
    with pytest.raises(InputError, match=said):
        sefa(generator([weights()] * 4), layers=layers)


# --- the published tool ---


def published(name):
    """The weights of a fixture that can be opened plainly, and the numbers beside it."""
    numbers = np.load(FIXTURES / f"{name}.npz")
    state = torch.load(FIXTURES / f"{name}.pth", weights_only=True)["generator_smooth"]
    return {key: value.double().numpy() for key, value in state.items()}, numbers


def styles(state, layers):
    """The style weights of some layers; StyleGAN2's last one is that of the last output."""
    outputs = [key for key in state if key.startswith("synthesis.output") and key.endswith("style.weight")]
    names = {layer: f"synthesis.layer{layer}.style.weight" for layer in layers}
    return np.vstack([state[name if name in state else max(outputs)] for name in names.values()])


def assert_same_up_to_sign(found, vectors, values):
    mine, numbers, _ = found
    signs = np.sign(np.sum(mine * vectors, axis=1, keepdims=True))
    np.testing.assert_allclose(mine, signs * vectors, atol=1e-4)
    np.testing.assert_allclose(numbers, values, rtol=1e-4)


@pytest.mark.shared
@pytest.mark.skipif(not FIXTURES.is_dir(), reason="needs shared/fixtures")
@pytest.mark.parametrize("variant", ["normalized", "raw"])
def test_progan_as_the_published_tool(variant):
    state, numbers = published("pggan16_nested")
    kernel = state["layer0.weight"]  # (C, Z, 4, 4)
    a = kernel.transpose(0, 2, 3, 1).reshape(-1, kernel.shape[1])
    found = factorize(a, 16, normalize=variant == "normalized")
    assert_same_up_to_sign(found, numbers[f"sefa_vectors_{variant}"], numbers[f"sefa_values_{variant}"])


@pytest.mark.shared
@pytest.mark.skipif(not FIXTURES.is_dir(), reason="needs shared/fixtures")
@pytest.mark.parametrize("name", ["stylegan16", "stylegan128", "stylegan2_16"])
@pytest.mark.parametrize("part", ["sefa", "sefa_all"])
def test_stylegans_as_the_published_tool(name, part):
    state, numbers = published(name)
    layers = numbers[f"{part}_layers"]
    a = styles(state, layers)
    assert_same_up_to_sign(factorize(a, a.shape[1]), numbers[f"{part}_vectors"], numbers[f"{part}_values"])


def test_directions_that_a_card_of_the_package_knows_have_its_labels(monkeypatch):
    G = Planted(resolution=16).eval()
    naming = name_directions(G, sefa(G, 3), choose(["brightness", "warmth"]), n_codes=20, draws=16)
    assert sefa(G, 3).labels == (None, None, None)
    monkeypatch.setattr(card, "_cards", lambda: {G.fingerprint(): naming.to_dict()})
    assert sefa(G, 3).labels == naming.labels == ("brightness", None, "colour temperature")
    assert sefa(G, 5).labels[3:] == (None, None)


def test_a_space_is_no_larger_than_there_is_memory_for():
    """Codes of a million coordinates, which a file of a kilobyte may tell of, would ask for a matrix of 8 TB."""
    with pytest.raises(InputError, match=r"SeFa of weights of shape \(1, 1048576\) needs .* GiB of memory"):
        factorize(np.ones((1, 1 << 20)), 1)
