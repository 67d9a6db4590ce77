"""A yardstick says 1 for real points, and how far off the others are, at one size and by seed."""

from pathlib import Path

import numpy as np
import pytest
from scipy.io import loadmat

from ganatomy.errors import InputError
from ganatomy.fitting.metrics import samples as metrics
from ganatomy.fitting.metrics.catalogue import METRICS, Floor
from ganatomy.fitting.metrics.evaluate import evaluate
from ganatomy.fitting.metrics.measurement import Measurement
from ganatomy.fitting.metrics.yardstick import Yardstick
from ganatomy.fitting.points.distributions import distribution

POINTS = Path(__file__).resolve().parents[4] / "shared" / "points.mat"
SETS = list(METRICS)[:9]


@pytest.fixture(scope="module")
def ring():
    return distribution("ring")


@pytest.fixture(scope="module")
def yardstick(ring):
    return Yardstick(ring.sample(300, seed=0), ring.sample(1500, seed=1), ring)


def test_names_are_those_of_the_contract_in_order(yardstick, ring):
    expected = [
        "wasserstein2",
        "sliced_wasserstein",
        "energy_distance",
        "mmd",
        "precision",
        "recall",
        "density",
        "coverage",
        "two_sample_accuracy",
        "negative_log_likelihood",
        "share_within_3_std",
        "components_found",
        "weight_error",
        "copying",
    ]
    samples = ring.sample(300, seed=2)
    assert list(METRICS) == expected
    assert list(yardstick.measure(samples)) == expected[:-1]
    trained = Yardstick(ring.sample(50, 0), ring.sample(90, 1), ring, trained=True)
    assert list(trained.measure(samples)) == list(trained.floor) == expected
    assert list(evaluate(samples, samples)) == expected[:9]
    moons = distribution("moons")  # a density, but no components
    assert list(Yardstick(moons.sample(50, 0), moons.sample(50, 1), moons).floor) == expected[:10]
    assert list(Yardstick(moons.sample(50, 0), moons.sample(50, 1)).floor) == expected[:9]


def test_real_points_score_their_floor(yardstick, ring):
    ratios = {name: [] for name in yardstick.floor}
    for seed in range(10, 20):
        for name, measured in yardstick.measure(ring.sample(300, seed=seed)).items():
            ratios[name].append(measured.ratio)
    assert set(ratios.pop("negative_log_likelihood") + ratios.pop("two_sample_accuracy")) == {None}
    for name, found in ratios.items():
        tolerance = 0.05 if METRICS[name].direction == "higher" else 0.35
        assert np.mean(found) == pytest.approx(1, abs=tolerance), name


def test_a_worse_sample_is_worse_by_its_metrics(yardstick, ring):
    samples = ring.sample(1500, seed=3)
    samples = samples[samples[:, 1] > 0.5][:300] * 1.02  # three of eight components, off centre
    found = yardstick.measure(samples)
    assert found["weight_error"].value == pytest.approx(5 / 8, abs=0.05)
    assert found["components_found"].ratio == 3 / 8
    for name in found.keys() - {"precision", "density"}:
        measured = found[name]
        if METRICS[name].direction == "higher":
            assert measured.value < measured.floor, name
        else:
            assert measured.value > measured.floor + 3 * measured.floor_spread, name


def test_values_are_those_of_the_metrics_themselves(yardstick, ring):
    heldout, samples = ring.sample(300, seed=0), ring.sample(300, seed=4) * 1.01
    values = yardstick.value(samples)
    own_units, units = samples, heldout.std(axis=0)
    samples, heldout = samples / units, heldout / units
    scores = metrics.precision_recall_density_coverage(samples, heldout, k=5)
    assert values["wasserstein2"] == metrics.wasserstein2(samples, heldout)
    assert values["sliced_wasserstein"] == metrics.sliced_wasserstein(samples, heldout)
    assert values["energy_distance"] == pytest.approx(metrics.energy_distance(samples, heldout), rel=1e-9)
    assert values["mmd"] == pytest.approx(metrics.mmd(samples, heldout), rel=1e-9)
    assert (values["precision"], values["recall"]) == (scores.precision, scores.recall)
    assert (values["density"], values["coverage"]) == (scores.density, scores.coverage)
    assert values["two_sample_accuracy"] == metrics.two_sample_accuracy(samples, heldout)
    assert values["share_within_3_std"] == metrics.share_within(own_units, ring.components)
    assert values["negative_log_likelihood"] == metrics.negative_log_likelihood(own_units, ring.log_density)
    assert values == {name: measured.value for name, measured in yardstick.measure(own_units).items()}


class _Listener:
    """Stands in for a distribution, and keeps the draws it is asked about."""

    components = None

    def __init__(self):
        self.draws = []

    def log_density(self, x):
        self.draws.append(x)
        return -x[:, 0]


def test_the_floor_is_mean_and_spread_over_disjoint_draws_of_fresh_points():
    listener, rng = _Listener(), np.random.default_rng(0)
    heldout, fresh = rng.random((20, 2)), rng.random((107, 2))
    floor = Yardstick(heldout, fresh, listener, resamples=5).floor["negative_log_likelihood"]
    rows = {tuple(row) for draw in listener.draws for row in draw}
    assert [len(draw) for draw in listener.draws] == [20] * 5
    assert len(rows) == 100
    assert rows <= {tuple(row) for row in fresh}
    scores = [draw[:, 0].mean() for draw in listener.draws]
    assert floor.mean == pytest.approx(np.mean(scores))
    assert floor.spread == pytest.approx(np.sqrt(np.square(scores - np.mean(scores)).sum() / 4))


def test_scarce_fresh_points_are_drawn_in_another_order_and_never_twice_in_a_draw():
    listener, rng = _Listener(), np.random.default_rng(0)
    Yardstick(rng.random((20, 2)), rng.random((50, 2)), listener, resamples=5)
    assert all(len(np.unique(draw, axis=0)) == 20 for draw in listener.draws)
    drawn = [{tuple(row) for row in draw} for draw in listener.draws]
    assert not drawn[0] & drawn[1]
    assert not drawn[2] & drawn[3]
    assert len({frozenset(draw) for draw in drawn}) == 5


def test_all_is_measured_at_one_size(ring):
    many, few = ring.sample(400, seed=0), ring.sample(90, seed=1)
    assert Yardstick(many, few).size == 45  # so that no draw is all there is, which would have no spread
    assert Yardstick(few, many).size == 90
    short = Yardstick(many, many, limit=50)
    assert short.size == 50
    # Of more samples the same few are drawn every time, so that value and floor stay comparable.
    assert short.value(ring.sample(400, seed=2)) == short.value(ring.sample(400, seed=2))
    assert short.measure(ring.sample(4000, seed=2))["wasserstein2"].ratio == pytest.approx(1, abs=0.8)
    with pytest.raises(InputError, match="49 samples are too few: the floor is that of 50 points"):
        short.value(ring.sample(49, seed=2))


def test_the_seed_decides(ring):
    heldout, fresh = ring.sample(60, seed=0), ring.sample(300, seed=1)
    assert Yardstick(heldout, fresh, seed=3).floor == Yardstick(heldout, fresh, seed=3).floor
    assert Yardstick(heldout, fresh, seed=3).floor != Yardstick(heldout, fresh, seed=4).floor
    assert evaluate(heldout, fresh, seed=3) == evaluate(heldout, fresh, seed=3)
    assert evaluate(heldout, fresh, seed=3) != evaluate(heldout, fresh, seed=4)


def test_a_ratio_is_left_out_where_it_means_nothing():
    floor = Floor(0.5, 0.1)
    assert Measurement.of("mmd", [1.0, 1.0], floor) == Measurement(1.0, 0.5, 0.1, 2.0, 0.0, draws=2, error=0.0)
    assert Measurement.of("mmd", [1.0], Floor(0.0, 0.0)).ratio is None
    assert Measurement.of("mmd", [float("inf")], floor).ratio is None
    assert Measurement.of("mmd", [1.0], Floor(0.5, 0.26)).ratio is None
    assert Measurement.of("negative_log_likelihood", [1.0], floor).ratio is None


def test_measuring_a_collapsed_or_diverged_sample_still_works(yardstick):
    for samples in (
        np.full((300, 2), 0.25),
        np.full((300, 2), 1e20),
        np.linspace(0, 1e30, 600).reshape(300, 2),
    ):
        measured = yardstick.measure(samples)
        assert measured["coverage"].value == 0
        assert measured["two_sample_accuracy"].value > 0.99
        assert np.isfinite([m.value for m in measured.values()]).all()


def test_evaluate_tells_the_same_from_another_distribution(ring):
    reference = ring.sample(600, seed=0)
    same, other = (
        evaluate(ring.sample(500, seed=1), reference, resamples=3, limit=150),
        evaluate(np.tile(reference[:3], (50, 1)), reference, resamples=2),
    )
    for name in (one for one in SETS if METRICS[one].has_ratio):
        tolerance = 0.1 if METRICS[name].direction == "higher" else 0.4
        assert same[name].ratio == pytest.approx(1, abs=tolerance), name
    assert other["wasserstein2"].ratio > 2
    assert other["coverage"].ratio < 0.5


def test_evaluate_shifted_gaussians():
    rng = np.random.default_rng(0)
    measured = evaluate(rng.standard_normal((500, 2)) + np.array([3.0, 4.0]), rng.standard_normal((1001, 2)))
    assert measured["wasserstein2"].value == pytest.approx(5, rel=0.03)
    assert measured["wasserstein2"].floor < 0.4
    assert measured["two_sample_accuracy"].floor == pytest.approx(0.5, abs=0.05)
    assert 0 < measured["wasserstein2"].floor_spread < measured["wasserstein2"].floor


@pytest.mark.parametrize("dimension", [1, 3])
def test_any_dimension_can_be_measured(dimension):
    rng = np.random.default_rng(0)
    measured = evaluate(rng.standard_normal((40, dimension)), rng.standard_normal((80, dimension)))
    assert all(m.ratio is None or np.isfinite(m.ratio) for m in measured.values())
    assert measured["coverage"].ratio is not None


def test_bad_input_is_told_in_one_line(ring):
    points = ring.sample(40, seed=0)
    with pytest.raises(InputError, match=r"\(40, 1\).*\(40, 2\)"):
        evaluate(points[:, :1], points)
    with pytest.raises(InputError, match=r"number 40 and 5.* at least 6"):
        evaluate(points, points[:11])
    with pytest.raises(InputError, match=r"number 5 and 40.* at least 6"):
        Yardstick(points[:5], points)
    with pytest.raises(InputError, match="resamples are 1"):
        Yardstick(points, points, resamples=1)
    with pytest.raises(InputError, match="one distinct point"):
        evaluate(points, np.ones((40, 2)))
    with pytest.raises(InputError, match=r"\(9, 3\).*\(20, 2\)"):
        Yardstick(points, points).measure(np.zeros((9, 3)))


@pytest.mark.shared
@pytest.mark.skipif(not POINTS.is_file(), reason="needs shared/points.mat")
def test_the_floor_of_the_reports_points_is_the_one_on_record():
    points = np.random.default_rng(0).permutation(loadmat(POINTS)["xx"])
    yardstick = Yardstick(points[7000:], points[:7000], distribution("zigzag"), resamples=5)
    floor = yardstick.floor
    assert yardstick.size == 1192
    raw = Yardstick(points[7000:], points[:7000], resamples=5, scale="raw").floor
    assert 0.015 < raw["wasserstein2"].mean < 0.04
    assert floor["recall"].mean == pytest.approx(0.99, abs=0.01)
    assert floor["coverage"].mean == pytest.approx(0.97, abs=0.01)
    assert floor["share_within_3_std"].mean == pytest.approx(0.989, abs=0.006)
    # The built-in mixture cannot be told from the file it describes.
    measured = yardstick.measure(distribution("zigzag").sample(1192, seed=1))
    assert measured["two_sample_accuracy"].value == pytest.approx(0.5, abs=0.06)
    assert measured["wasserstein2"].ratio < 2
