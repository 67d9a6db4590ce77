"""The built-in distributions: each density is the law of its samples, and each is what it is said to be."""

import dataclasses
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from scipy import integrate, stats

from ganatomy.errors import InputError
from ganatomy.fitting.points.distributions import DISTRIBUTIONS, Components, Distribution, distribution
from ganatomy.fitting.points.distributions.families import GaussianMixture, NoisyCircle, NoisyCurves

POINTS = Path(__file__).resolve().parents[4] / "shared" / "points.mat"

# A box that holds nearly all the mass, and a step of at most the narrowest standard deviation: the midpoint
# rule for a Gaussian then errs by 2 exp(-2 pi^2 std^2 / step^2), 6e-9 or less.
BOXES = {
    "zigzag": (-0.6, 2.0, 0.01),
    "ring": (-1.2, 1.2, 0.01),
    "grid": (-4.6, 4.6, 0.04),
    "swissroll": (-2.4, 2.4, 0.03),
    "moons": (-2.0, 3.0, 0.05),
    "spirals": (-4.0, 4.0, 0.08),
    "checkerboard": (-5.0, 5.0, 0.1),
    "pinwheel": (-7.0, 7.0, 0.07),
    "circle": (-1.6, 1.6, 0.04),
}
everyone = pytest.mark.parametrize("law", DISTRIBUTIONS.values(), ids=DISTRIBUTIONS)


@cache
def on_grid(name: str) -> tuple[np.ndarray, np.ndarray, float]:
    """Return a grid (N, 2) over a distribution's box, the log density there (N,), and the area of one cell."""
    low, high, step = BOXES[name]
    count = round((high - low) / step)
    axis = low + (np.arange(count) + 0.5) * (high - low) / count
    x = np.stack(np.meshgrid(axis, axis, indexing="ij"), axis=-1).reshape(-1, 2)
    return x, distribution(name).log_density(x), ((high - low) / count) ** 2


def test_the_promised_names_are_there():
    assert set(DISTRIBUTIONS) == set(BOXES)


@everyone
def test_it_describes_itself_in_one_line(law: Distribution):
    assert distribution(law.name) is law is DISTRIBUTIONS[law.name]
    for text in (law.summary, law.source):
        assert text
        assert text.isprintable()


@everyone
def test_samples_depend_on_the_seed_alone(law: Distribution):
    state = np.random.get_state()[1].copy()  # noqa: NPY002
    first = law.sample(100, seed=3)
    assert (np.random.get_state()[1] == state).all()  # noqa: NPY002
    assert first.shape == (100, law.dim)
    assert first.dtype == np.float64
    assert np.array_equal(first, law.sample(100, seed=3))
    assert not np.isin(law.sample(100, seed=4), first).any()
    assert len(np.unique(first, axis=0)) == 100


@everyone
def test_density_integrates_to_one(law: Distribution):
    _, logs, area = on_grid(law.name)
    assert np.exp(logs).sum() * area == pytest.approx(1, abs=1e-6)


@everyone
def test_samples_fill_the_plane_as_the_density_says(law: Distribution):
    x, logs, area = on_grid(law.name)
    mass = np.exp(logs) * area
    side = round(np.sqrt(len(x)))
    low, high, _ = BOXES[law.name]
    per_bin = side // 20  # coarse bins of whole cells; what is left over at two edges joins the last bin
    edges = np.append(low + np.arange(20) * per_bin * (high - low) / side, high)
    expected, _, _ = np.histogram2d(*x.T, bins=[edges, edges], weights=mass)
    n = 4000
    seen, _, _ = np.histogram2d(*law.sample(n, seed=0).T, bins=[edges, edges])
    assert seen.sum() == n
    rare = n * expected < 5
    seen_counts = np.append(seen[~rare], seen[rare].sum())
    expected_counts = np.append(n * expected[~rare], n * expected[rare].sum())
    if expected_counts[-1] < 5:  # too few for the test; it must be near nothing then
        assert seen_counts[-1] <= 20
        seen_counts, expected_counts = seen_counts[:-1], expected_counts[:-1]
    chi_square = np.sum((seen_counts - expected_counts) ** 2 / expected_counts)
    assert stats.chi2.sf(chi_square, len(seen_counts) - 1) > 1e-3


@everyone
def test_mean_log_density_of_samples_is_minus_the_entropy(law: Distribution):
    _, logs, area = on_grid(law.name)
    logs = logs[np.isfinite(logs)]
    minus_entropy = np.sum(np.exp(logs) * logs) * area
    drawn = law.log_density(law.sample(4000, seed=1))
    error = max(drawn.std() / np.sqrt(len(drawn)), 1e-9)
    assert abs(drawn.mean() - minus_entropy) < 4 * error


@everyone
def test_points_infinitely_far_have_no_density(law: Distribution):
    logs = law.log_density([[np.nan, 0], [np.inf, 0], [0, -1e300], [1e99, 1e99]])
    assert (logs[:3] == -np.inf).all()
    assert logs[3] < -1e100


@everyone
def test_misuse_is_refused(law: Distribution):
    with pytest.raises(InputError, match="n=0"):
        law.sample(0, seed=0)
    with pytest.raises(InputError, match=r"\(5, 3\)"):
        law.log_density(np.zeros((5, 3)))
    with pytest.raises(dataclasses.FrozenInstanceError):
        law.name = "other"


@everyone
def test_only_mixtures_of_gaussians_have_components(law: Distribution):
    assert (law.components is not None) == (law.name in ("zigzag", "ring", "grid"))
    if law.components is not None:
        assert law.components.weights.sum() == pytest.approx(1)
        with pytest.raises(ValueError, match="read-only"):
            law.components.means[0] = 0


@pytest.mark.parametrize("name", ["zigzag", "ring", "grid"])
def test_mixture_density_is_scipys(name: str):
    law = distribution(name)
    x = np.random.default_rng(0).uniform(-1, 1, (50, 2))
    parts = zip(law.components.weights, law.components.means, law.components.covariances, strict=True)
    logs = [np.log(w) + stats.multivariate_normal(m, s).logpdf(x) for w, m, s in parts]
    np.testing.assert_allclose(law.log_density(x), np.logaddexp.reduce(logs), rtol=1e-10)


def test_components_of_zigzag_are_drawn_with_their_moments():
    parts = distribution("zigzag").components
    n = 20_000
    for k in range(4):
        one = Components([1.0], parts.means[k : k + 1], parts.covariances[k : k + 1])
        x = GaussianMixture(name="one", summary="", source="", components=one).sample(n, seed=k)
        spread = np.sqrt(np.diag(parts.covariances[k]))
        assert (abs(x.mean(axis=0) - parts.means[k]) < 4 * spread / np.sqrt(n)).all()
        # The standard error of a covariance is at most the product of the two deviations times sqrt(2 / n).
        assert (abs(np.cov(x.T) - parts.covariances[k]) < 4 * np.outer(spread, spread) * np.sqrt(2 / n)).all()


@pytest.mark.shared
@pytest.mark.skipif(not POINTS.exists(), reason="the laboratory's points.mat is not here")
def test_zigzag_is_the_law_of_the_laboratory_points():
    from scipy.io import loadmat

    found, law = loadmat(POINTS), distribution("zigzag")
    blocks = [0.04 * found[letter] + 0.5 for letter in "abcd"]
    for block, mean, covariance in zip(blocks, law.components.means, law.components.covariances, strict=True):
        np.testing.assert_allclose(block.mean(axis=0), mean, atol=6e-6)
        np.testing.assert_allclose(np.cov(block.T), covariance, atol=6e-7)
    real, drawn = law.log_density(found["xx"]), law.log_density(law.sample(8192, seed=0))
    error = np.hypot(real.std(), drawn.std()) / np.sqrt(8192)
    assert abs(real.mean() - drawn.mean()) < 4 * error


def test_ring_and_grid_have_the_published_constants():
    ring, grid = distribution("ring").components, distribution("grid").components
    assert len(ring.means) == 8
    np.testing.assert_allclose(np.linalg.norm(ring.means, axis=1), 1)
    nearest = np.sort(np.linalg.norm(ring.means[:, None] - ring.means, axis=-1), axis=1)[:, 1:3]
    np.testing.assert_allclose(nearest, 2 * np.sin(np.pi / 8))
    np.testing.assert_allclose(ring.covariances, np.tile(1e-4 * np.eye(2), (8, 1, 1)))
    assert {tuple(mean) for mean in grid.means} == {(x, y) for x in range(-4, 5, 2) for y in range(-4, 5, 2)}
    np.testing.assert_allclose(grid.covariances, np.tile(0.0025 * np.eye(2), (25, 1, 1)))


def test_samples_lie_within_three_standard_deviations_as_often_as_gaussians_do():
    for name in ("zigzag", "ring", "grid"):
        law = distribution(name)
        inside = law.components.squared_distances(law.sample(20_000, seed=0)).min(axis=1) <= 9
        # Overlapping components only bring points nearer: the share is at least that of one Gaussian.
        share, least = inside.mean(), stats.chi2.cdf(9, 2)
        assert share > least - 4 * np.sqrt(least * (1 - least) / 20_000)
        if name != "zigzag":
            assert share < least + 4 * np.sqrt(least * (1 - least) / 20_000)


@pytest.mark.parametrize("name", ["swissroll", "moons", "spirals"])
def test_curve_density_does_not_change_with_twice_the_nodes(name: str):
    law = distribution(name)
    finer = dataclasses.replace(law, panels=2 * law.panels)
    x = law.sample(500, seed=0)
    np.testing.assert_allclose(np.expm1(law.log_density(x) - finer.log_density(x)), 0, atol=1e-8)
    far = np.random.default_rng(0).uniform(-6, 6, (100, 2))
    np.testing.assert_allclose(law.log_density(far), finer.log_density(far), rtol=1e-4)


def test_curve_density_is_an_adaptive_integral():
    x = np.array([[0.3, 0.9], [1.5, -0.3]])
    law = distribution("moons")
    for point in x:

        def along(t: float, point: np.ndarray = point) -> float:
            upper = np.array([np.cos(np.pi * t), np.sin(np.pi * t)])
            squares = [np.sum((point - c) ** 2) for c in (upper, [1 - upper[0], 0.5 - upper[1]])]
            return np.exp(-np.array(squares) / 0.02).mean() / (2 * np.pi * 0.01)

        value, _ = integrate.quad(along, 0, 1, epsabs=1e-12, epsrel=1e-12)
        assert law.log_density(point[None])[0] == pytest.approx(np.log(value), rel=1e-9)


def test_noisy_circle_is_the_noisy_curve_that_runs_around_it():
    circle = distribution("circle")
    assert isinstance(circle, NoisyCircle)

    def around(t: np.ndarray) -> np.ndarray:
        return circle.radius * np.stack([np.cos(2 * np.pi * t), np.sin(2 * np.pi * t)], axis=1)

    curve = NoisyCurves(name="loop", summary="", source="", curves=(around,), std=circle.std)
    x = np.concatenate([circle.sample(200, seed=0), [[0.0, 0.0], [0.5, 0.1], [1.6, 0.0]]])
    np.testing.assert_allclose(circle.log_density(x), curve.log_density(x), rtol=1e-9, atol=1e-9)


def test_checkerboard_is_flat_on_eight_cells_and_nothing_elsewhere():
    law = distribution("checkerboard")
    centres = np.array([(x, y) for x in (-5, -3, -1, 1, 3, 5) for y in (-5, -3, -1, 1, 3, 5)], dtype=float)
    logs = law.log_density(centres)
    assert np.isfinite(logs).sum() == 8
    np.testing.assert_allclose(logs[np.isfinite(logs)], -np.log(32))
    assert np.isfinite(law.log_density([[1.0, 1.0], [-3.0, 1.0]])).all()
    assert not np.isfinite(law.log_density([[-1.0, 1.0], [5.0, 1.0]])).any()


def test_pinwheel_has_five_equal_arms():
    law = distribution("pinwheel")
    x, angle = law.sample(200, seed=0), 2 * np.pi / 5
    turned = x @ np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    np.testing.assert_allclose(law.log_density(turned), law.log_density(x), rtol=1e-9, atol=1e-9)
    mirrored = x * [1, -1]  # the arms are bent: the mirror image is another distribution
    assert law.log_density(mirrored).mean() < law.log_density(x).mean() - 1


def test_a_misspelt_name_is_corrected():
    with pytest.raises(InputError, match="did you mean 'checkerboard'"):
        distribution("chekerboard")
