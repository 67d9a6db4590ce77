"""What is said of a file's samples: the numbers of other tools, and beside them those to hold against a floor."""

import sys

import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist

from ganatomy.cli.tables import print_metrics
from ganatomy.errors import InputError, Note
from ganatomy.fitting.metrics.evaluate import evaluate
from ganatomy.fitting.metrics.samples import wasserstein2
from ganatomy.fitting.metrics.verdict import reading, verdict
from ganatomy.fitting.metrics.yardstick import Yardstick
from ganatomy.fitting.points.distributions import distribution

module = sys.modules["ganatomy.fitting.metrics.evaluate"]


def prdc(real, fake, k=5):
    """Compute the four scores in the plainest way, as their authors define them."""
    within_real, within_fake, between = cdist(real, real), cdist(fake, fake), cdist(real, fake)
    radii_real, radii_fake = np.sort(within_real)[:, k], np.sort(within_fake)[:, k]
    return {
        "precision": (between <= radii_real[:, None]).any(axis=0).mean(),
        "recall": (between <= radii_fake[None]).any(axis=1).mean(),
        "density": (between <= radii_real[:, None]).sum(axis=0).mean() / k,
        "coverage": (between.min(axis=1) <= radii_real).mean(),
    }


@pytest.fixture(scope="module")
def sets():
    rng = np.random.default_rng(0)
    return rng.normal(size=(300, 2)) * [1.0, 0.5] + [0.4, 0.0], rng.normal(size=(300, 2))


def test_value_is_that_of_all_points_as_other_tools_compute_it(sets):
    samples, real = sets
    measured = evaluate(samples, real, scale="raw")
    for name, expected in prdc(real, samples).items():
        assert measured[name].value == pytest.approx(expected, abs=1e-12), name
    costs = cdist(samples, real, "sqeuclidean")
    assert measured["wasserstein2"].value == pytest.approx(np.sqrt(costs[linear_sum_assignment(costs)].mean()))
    assert measured.size == 150
    assert measured.sizes == (300, 300)
    assert measured["recall"].ratio == pytest.approx(measured["recall"].compared / measured["recall"].floor)
    assert measured["wasserstein2"].compared > measured["wasserstein2"].value  # of fewer points: farther


def test_distance_of_unequal_sets_is_exact_where_repeating_makes_them_equal():
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(30, 2)), rng.normal(size=(20, 2))
    costs = cdist(np.repeat(x, 2, axis=0), np.repeat(y, 3, axis=0), "sqeuclidean")
    assert wasserstein2(x, y) == pytest.approx(np.sqrt(costs[linear_sum_assignment(costs)].mean()))
    assert evaluate(x, np.tile(y, (2, 1)), resamples=2, scale="raw")["wasserstein2"].value == pytest.approx(
        wasserstein2(x, y)
    )


def test_a_collapsed_column_of_small_numbers_is_seen():
    rng = np.random.default_rng(2)
    real = np.stack([rng.normal(40_000, 15_000, 900), rng.normal(40, 10, 900)], axis=1)
    samples = np.stack([rng.normal(40_000, 15_000, 900), rng.normal(40, 0.1, 900)], axis=1)
    quick = {"resamples": 3, "limit": 300}
    with pytest.warns(Note, match="column 1 is 1,[0-9]{3} times that of column 2; each is measured in its own"):
        measured = evaluate(samples, real, **quick)
    assert measured["recall"].ratio < 0.3
    assert measured["coverage"].ratio < 0.3
    assert "coverage" in measured.shortfalls
    with pytest.warns(Note, match="column 2 counts for nearly nothing"):
        assert evaluate(samples, real, scale="raw", **quick)["coverage"].ratio > 0.9
    with pytest.raises(InputError, match="unknown scale 'rwa'; did you mean 'raw'"):
        evaluate(samples, real, scale="rwa")


def test_training_rows_handed_in_as_samples_are_copies():
    rng = np.random.default_rng(3)
    training, reference, fresh = rng.normal(size=(3, 400, 2))
    measured = evaluate(training, reference, training=training)
    assert measured["copying"].value > 0.99
    assert "copying" in measured.marked
    assert any(
        "in 100% of cases a sample lies nearer to one than a held-out point does" in line for line in verdict(measured)
    )
    assert "copying" not in evaluate(fresh, reference, training=training).marked
    assert "copying" not in evaluate(fresh, reference)


def test_reference_rows_that_are_training_rows_are_told_once():
    rng = np.random.default_rng(4)
    training, samples = rng.normal(size=(200, 2)), rng.normal(size=(100, 2))
    with pytest.warns(Note, match="87 of 87 held-out points are training points too") as told:
        evaluate(samples, training[:87], training=training)
    assert len(told) == 1


def test_a_lost_rare_component_of_ones_own_labels_is_seen(monkeypatch):
    monkeypatch.setattr(module, "ALL", 100)  # what is of all points is of no matter here
    rng = np.random.default_rng(5)
    means = np.array([[0.0, 0.0], [8.0, 0.0], [0.0, 8.0], [8.0, 8.0]])

    def draw(weights, n):
        labels = rng.choice(4, n, p=weights)
        return means[labels] + rng.normal(size=(n, 2)), np.array(list("abcd"))[labels]

    real, labels = draw([0.90, 0.07, 0.02, 0.01], 4000)
    good, bad = draw([0.90, 0.07, 0.02, 0.01], 4000)[0], draw([0.939, 0.05, 0.009, 0.002], 4000)[0]
    quick = {"labels": labels, "resamples": 4, "limit": 400}
    assert not any(share.is_off for share in evaluate(good, real, **quick).components)
    measured = evaluate(bad, real, **quick)
    assert [share.name for share in measured.components if share.is_off] == ["c", "d"]
    assert "weight_error" in measured.marked
    assert any("component d 0." in line for line in verdict(measured))
    lost = evaluate(real[labels != "c"], real, **quick)
    assert lost["components_found"].value < 4
    assert "components_found" in lost.shortfalls


def test_an_interval_holds_the_mean_of_many_draws():
    rng = np.random.default_rng(6)
    yardstick = Yardstick(rng.normal(size=(60, 2)), rng.normal(size=(600, 2)))
    truth = yardstick.measure(*rng.normal(size=(200, 60, 2)))["wasserstein2"].value
    intervals = [yardstick.measure(*rng.normal(size=(6, 60, 2)))["wasserstein2"].interval for _ in range(20)]
    assert 16 <= sum(low <= truth <= high for low, high in intervals) <= 20


def test_what_is_of_a_part_is_said_to_be(monkeypatch):
    rng = np.random.default_rng(7)
    x, y = rng.normal(size=(31, 2)), rng.normal(size=(140, 2))
    measured = evaluate(x, y, resamples=2)
    assert measured.evened == ("wasserstein2", "two_sample_accuracy")  # 31 and 140 have no small common multiple
    assert "2-Wasserstein distance and two-sample accuracy (1-NN) of a random 31 of either" in reading(measured)[-1]
    assert "as other tools do but in raw units (scale=raw)" in reading(measured)[-1]
    assert evaluate(x[:, :1], y[:, :1], resamples=2).evened == ("two_sample_accuracy",)  # exact on a line
    assert evaluate(x[:28], y, resamples=2, scale="raw").evened == ("two_sample_accuracy",)
    assert evaluate(x, y[:31], resamples=2).evened == ()
    monkeypatch.setattr("ganatomy.fitting.metrics.evaluate.ALL", 100)
    cut = evaluate(x, y, resamples=2)
    assert (cut.given, cut.sizes) == ((31, 140), (31, 100))
    assert "of all 31 samples and a random 100 of 140 reference points" in reading(cut)[-1]
    assert cut.to_dict()["sizes"] == (31, 100)


def test_a_distribution_is_never_measured_against_the_samples_that_it_gave():
    # A seed that a person gives to sample() and one of evaluate() may be the same number.
    for seed in (0, 1):
        measured = evaluate(distribution("ring").sample(300, seed=seed), "ring", resamples=2, seed=0)
        assert measured["wasserstein2"].ratio > 0.5


@pytest.mark.parametrize(("letters", "left_out"), [(100, ()), (80, ("better",))])
@pytest.mark.parametrize("alike", [True, False])
def test_the_table_is_readable_where_a_terminal_is_narrow(monkeypatch, capsys, letters, left_out, alike):
    monkeypatch.setattr("ganatomy.terminal._WIDTH", letters)
    rng = np.random.default_rng(8)
    real = rng.normal(size=(60, 2))
    if alike:
        measured = Yardstick(real[:20], real[20:], trained=True).measure(*rng.normal(size=(3, 20, 2)))
    else:
        measured = evaluate(real * [0.001, 1], real + 1, training=rng.normal(size=(50, 2)), resamples=2)
    print_metrics(measured, "samples")
    table = capsys.readouterr().out.split("\n\n")[0].splitlines()
    told = [line for line in table if " fit" not in line and "copies" not in line and "says nothing" not in line]
    assert max(map(len, told)) <= letters
    assert "…" not in "".join(told)
    assert ("better" in told[1]) == ("better" not in left_out)
    for heading in ("ratio", "memory", "real points"):
        assert heading in told[1]


def test_samples_and_reference_are_each_read_in_their_own_way(tmp_path):
    points = np.random.default_rng(0).normal(size=(80, 2))
    np.save(tmp_path / "samples.npy", points[:40])
    np.savez(tmp_path / "real.npz", rest=points[40:].T, other=points)
    how = {"reference_variable": "rest", "reference_transpose": True}
    measured = evaluate(tmp_path / "samples.npy", tmp_path / "real.npz", **how)
    assert measured["wasserstein2"].value == evaluate(points[:40], points[40:])["wasserstein2"].value
    turned = evaluate(tmp_path / "real.npz", tmp_path / "samples.npy", variable="rest", reference_variable="",
                      transpose=True, reference_transpose=False)  # fmt: skip
    assert turned["wasserstein2"].value == evaluate(points[40:], points[:40])["wasserstein2"].value
