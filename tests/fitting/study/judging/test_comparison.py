"""Planted runs are judged, summed up and compared as they were planted."""

import csv
import dataclasses
import io
import math

import numpy as np
import pytest

from ganatomy.errors import InputError
from ganatomy.fitting.metrics.catalogue import METRICS
from ganatomy.fitting.study.judging import verdicts
from ganatomy.fitting.study.judging.comparison import best_rates, compare, contested, differences
from ganatomy.fitting.study.judging.intervals import Interval
from ganatomy.fitting.study.judging.quantities import QUANTITIES
from ganatomy.fitting.study.judging.records import Cell, RunRecord, tidy_rows
from ganatomy.fitting.study.judging.verdicts import CONVERGED, KINDS, NEAREST, STAY, UNSTABLE, judge_run
from ganatomy.fitting.study.tables import summary_rows

FLOOR = 0.03
EPOCHS = np.arange(0, 330, 10)  # 33 snapshots; the last quarter is 9 of them


def record(ratios=None, *, objective="gan", optimizer="adam", lr=5e-5, seed=0, status="finished", **others):
    """A run with these distances, in floors; by default one that comes to 1.5 at epoch 10 and stays."""
    ratios = np.append(30.0, np.full(32, 1.5)) if ratios is None else np.asarray(ratios, dtype=float)
    cell = Cell(others.pop("target", "zigzag"), objective, optimizer, lr, others.pop("variant", ""))
    metrics = {"wasserstein2": FLOOR * ratios, **others.pop("metrics", {})}
    floor = {"wasserstein2": FLOOR, "coverage": 0.97, "recall": 0.99, "precision": 0.99, **others.pop("floor", {})}
    final = {"wasserstein2": metrics["wasserstein2"][-1]} if status == "finished" else {}
    final |= others.pop("final", {})
    kept = {"epochs": others.pop("epochs", EPOCHS[: len(ratios)]), "metrics": metrics, "floor": floor, "final": final}
    return RunRecord(cell=cell, seed=seed, status=status, **kept, **others)


def planted(level, *, converged=100, start=30.0, jump=0.0):
    """Distances that are at `start`, at `level` from epoch `converged` on, and jump to and fro around it."""
    ratios = np.where(converged > EPOCHS, start, float(level))
    return ratios + np.where(converged > EPOCHS, 0.0, jump * (-1.0) ** np.arange(33))


# One run


@pytest.mark.parametrize("epoch", [10, 60, 200, 300])
def test_a_planted_convergence_is_found_at_its_snapshot(epoch):
    assert judge_run(record(planted(1.5, converged=epoch))).converged_at == epoch


def test_convergence_is_lost_by_leaving_and_found_again_after():
    ratios = planted(1.5, converged=50)
    ratios[20] = CONVERGED + 0.1
    assert judge_run(record(ratios)).converged_at == 210
    ratios[20] = CONVERGED - 0.1
    assert judge_run(record(ratios)).converged_at == 50


def test_staying_takes_more_than_a_moment():
    for length in (STAY - 1, STAY):
        ratios = np.full(33, 30.0)
        ratios[-length:] = 1.5
        assert (judge_run(record(ratios)).converged_at is None) == (length < STAY)


def test_a_run_that_starts_close_must_come_closer():
    """In many dimensions the untrained generator is at 3 floors: standing there is no convergence."""
    assert judge_run(record(np.full(33, 3.0))).converged_at is None
    assert judge_run(record(np.full(33, 3.0))).kind == "hardly moved"
    assert judge_run(record(planted(1.9, start=3.0))).converged_at == 100
    assert judge_run(record(planted(2.1, start=3.0))).converged_at is None
    assert judge_run(record(planted(NEAREST - 0.1, start=1.6))).converged_at == 100


def test_the_kinds_are_told_apart():
    falling = np.append(np.full(20, 30.0), np.linspace(30, 8, 13))
    leaving = planted(CONVERGED - 0.5)
    leaving[-1] = CONVERGED + 0.5
    kinds = {
        "stable": planted(1.5, jump=0.3),
        "drifting": np.append(planted(1.2)[:24], np.full(9, 2.5)),
        "wavering": leaving,
        "unstable": planted(8.0, jump=2.0),
        "hardly moved": np.linspace(30, 26, 33),
        "improving": falling,
        "short": planted(8.0),
    }
    for kind, ratios in kinds.items():
        verdict = judge_run(record(ratios))
        assert verdict.kind == kind
        assert kind in KINDS
    assert judge_run(record(kinds["stable"])).converged_at == 100
    assert judge_run(record(kinds["hardly moved"])).moved == pytest.approx(4 / 29)


def test_jumping_near_the_floor_is_unstable_too():
    assert judge_run(record(planted(2.5, jump=1.2))).kind == "unstable"
    assert judge_run(record(planted(2.5, jump=0.3))).kind == "stable"


def test_stability_is_the_spread_about_a_line_in_floors():
    rng = np.random.default_rng(0)
    noise = np.concatenate([np.zeros(24), rng.normal(0, 0.5, 9)])
    slope = np.linspace(20, 4, 33)
    late, time = (slope + noise)[-9:], EPOCHS[-9:]
    residuals = late - np.polyval(np.polyfit(time, late, 1), time)
    assert judge_run(record(slope + noise)).stability == pytest.approx(math.sqrt((residuals**2).sum() / 7))
    assert judge_run(record(slope)).stability == pytest.approx(0, abs=1e-9)  # a slow approach does not jump
    assert judge_run(record(slope)).kind == "improving"


def test_stability_minds_uneven_snapshots():
    epochs = np.sort(np.random.default_rng(1).choice(1000, 33, replace=False))
    falling = 30 - 0.02 * epochs
    assert judge_run(record(falling, epochs=epochs)).stability == pytest.approx(0, abs=1e-9)


def test_drift_compares_the_last_two_quarters():
    ratios = np.concatenate([np.full(15, 9.0), np.full(9, 2.0), np.full(9, 3.0)])
    assert judge_run(record(ratios)).drift == pytest.approx(1.5)
    assert judge_run(record(np.concatenate([np.full(24, 8.0), np.full(9, 2.0)]))).drift == pytest.approx(0.25)


def test_moved_is_the_share_of_the_way_to_the_floor():
    for final, share in ((30.0, 0.0), (15.5, 0.5), (1.0, 1.0), (59.0, -1.0)):
        run = record(np.append(np.full(32, 30.0), final))
        assert judge_run(run).moved == pytest.approx(share)


def test_the_final_ratio_is_that_of_the_averaged_draws():
    run = record(planted(1.5), final={"wasserstein2": 2.4 * FLOOR})
    assert judge_run(run).final_ratio == pytest.approx(2.4)
    assert judge_run(run).late_ratio == pytest.approx(1.5)


@pytest.mark.parametrize(
    ("coverage", "components", "precision", "collapsed"),
    [
        (0.20, 8, 0.95, True),  # misses most points
        (0.90, 8, 0.95, False),
        (0.80, 3, 0.95, True),  # misses most components
        (0.80, 5, 0.95, False),
        (0.05, 8, 0.10, False),  # not there at all: lost, not collapsed
    ],
)
def test_collapse_is_variety_lost_among_real_points(coverage, components, precision, collapsed):
    values = {"coverage": coverage, "components_found": components, "precision": precision}
    metrics = {name: np.full(33, float(value)) for name, value in values.items()}
    verdict = judge_run(record(planted(1.5), metrics=metrics, floor={"components_found": 8.0}))
    assert verdict.collapsed == collapsed
    assert (verdict.kind == "collapsed") == collapsed
    without = {name: values for name, values in metrics.items() if name != "components_found"}
    assert judge_run(record(planted(1.5), metrics=without)).collapsed == (coverage == 0.20)


def test_one_bad_moment_is_no_collapse():
    metrics = {"coverage": np.append(np.full(32, 0.9), 0.1), "precision": np.full(33, 0.95)}
    assert not judge_run(record(planted(1.5), metrics=metrics)).collapsed


def test_divergence_is_infinitely_bad_and_failure_says_nothing():
    verdict = judge_run(record([30, 20, 15], status="diverged", reason="not finite"))
    assert (verdict.kind, verdict.diverged, verdict.converged_at) == ("diverged", True, None)
    assert verdict.final_ratio == verdict.late_ratio == verdict.stability == math.inf
    verdict = judge_run(record([30, 20, 15], status="failed", reason="no memory"))
    assert verdict.kind == "failed"
    assert math.isnan(verdict.final_ratio)


@pytest.mark.parametrize("count", [1, 2, 5])
def test_few_snapshots_are_not_judged(count):
    verdict = judge_run(record(np.append(np.full(count - 1, 30.0), 1.5)))
    assert (verdict.kind, verdict.converged_at) == ("too few snapshots", None)
    assert verdict.final_ratio == pytest.approx(1.5)
    assert judge_run(record([30, 1.5, 1.5, 1.5, 1.5, 1.5])).kind == "stable"


def test_verdicts_do_not_depend_on_the_unit():
    ratios = planted(1.5, jump=0.3)
    scaled = record(ratios, metrics={"wasserstein2": 1000 * FLOOR * ratios}, floor={"wasserstein2": 1000 * FLOOR})
    assert judge_run(scaled).kind == judge_run(record(ratios)).kind
    assert judge_run(scaled).late_ratio == pytest.approx(judge_run(record(ratios)).late_ratio)
    assert judge_run(scaled).stability == pytest.approx(judge_run(record(ratios)).stability)


def test_the_constants_keep_their_order():
    assert 1 < NEAREST < CONVERGED
    assert 0 < UNSTABLE < CONVERGED - 1
    assert verdicts.DRIFTING > 1
    assert 0 < verdicts.HARDLY_MOVED < 0.5


# Records and tables


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"status": "done"}, "it is finished, diverged or failed"),
        ({"epochs": [0, 10]}, "2 snapshots"),
        ({"epochs": EPOCHS[::-1]}, "must rise"),
        ({"validation": [1.0]}, "33 snapshots"),
        ({"final": {}}, "wasserstein2 is missing"),
        ({"floor": {}}, "wasserstein2 is missing"),
        ({"metrics": {}}, "wasserstein2 is missing"),
    ],
)
def test_a_record_that_does_not_fit_together_is_refused(change, message):
    with pytest.raises(InputError, match=message) as caught:
        dataclasses.replace(record(), **change)
    assert len(str(caught.value).splitlines()) == 1
    assert "gan, adam, 5e-05, seed 0" in str(caught.value)


def test_the_tidy_table_has_a_row_a_run_and_snapshot():
    validation = np.linspace(1, 2, 33)
    runs = [
        record(metrics={"coverage": np.full(33, 0.5), "own": np.zeros(33)}, validation=validation, seconds=7.5),
        record(seed=1, path="runs/gan-adam-seed1"),
        record([30.0, 20.0], seed=2, status="diverged", reason="not finite"),
        RunRecord(cell=Cell("zigzag", "gan", "adam", 5e-5), seed=3, status="failed", reason="killed, twice"),
    ]
    columns, rows = tidy_rows(runs)
    assert len(rows) == 33 + 33 + 2 + 1
    assert {len(row) for row in rows} == {len(columns)}
    assert len(set(columns)) == len(columns)
    table = [dict(zip(columns, row, strict=True)) for row in rows]
    assert [row["seed"] for row in table] == [0] * 33 + [1] * 33 + [2] * 2 + [3]
    assert [row["epoch"] for row in table[:33]] == EPOCHS.tolist()
    assert (table[5]["validation"], table[5]["coverage"], table[5]["seconds"]) == (validation[5], 0.5, 7.5)
    assert table[5]["ratio"] == pytest.approx(1.5)
    assert (table[40]["validation"], table[40]["coverage"], table[40]["seconds"]) == (None, None, None)
    assert (table[-1]["reason"], table[-1]["epoch"], table[-1]["wasserstein2"]) == ("killed, twice", None, None)
    names = [name for name in columns if name in METRICS]
    assert names == [name for name in METRICS if name in names]
    text = io.StringIO()
    csv.writer(text).writerows([columns, *rows])
    assert len(list(csv.DictReader(io.StringIO(text.getvalue())))) == len(rows)


def test_a_table_of_nothing_has_a_head():
    columns, rows = tidy_rows([])
    assert columns[:2] == ["target", "objective"]
    assert rows == []


# Cells over seeds


def seeds_of(levels, **others):
    """One run a level, with seeds 0, 1, ..."""
    return [record(planted(level, converged=epoch), seed=k, **others) for k, (level, epoch) in enumerate(levels)]


def test_a_cell_is_its_median_with_an_interval():
    study = compare(seeds_of([(1.5, 50), (1.2, 60), (1.9, 80)]))
    (summary,) = study.summaries.values()
    (share,) = summary.shares
    assert (share.kind, share.seeds, share.converged_at) == ("stable", 3, Interval(60.0, 50.0, 80.0, 3))
    assert summary.final_ratio.median == pytest.approx(1.5)
    assert (summary.final_ratio.low, summary.final_ratio.high) == pytest.approx((1.2, 1.9))
    assert summary.final_ratio.confidence == 0.75
    assert summary.stability.high == pytest.approx(0, abs=1e-9)


def test_seeds_that_disagree_are_counted():
    runs = [*seeds_of([(1.5, 50), (1.2, 60), (1.9, 80)]), record(planted(10, jump=2), seed=3)]
    runs += [record([30, 20], seed=4, status="diverged"), record(seed=5, status="failed", reason="killed")]
    (summary,) = compare(runs).summaries.values()
    assert [(share.kind, share.seeds) for share in summary.shares] == [("stable", 3), ("unstable", 1), ("diverged", 1)]
    assert summary.shares[0].converged_at.median == 60
    assert summary.converged_at.median == 80  # of 50, 60, 80, never, never
    assert summary.converged_at.high == math.inf
    assert summary.final_ratio.high == math.inf
    assert (summary.failed, len(summary.verdicts)) == (1, 5)
    assert summary.seconds.seeds == 0  # none of these runs was timed


def test_of_fewer_than_three_seeds_there_is_a_median_and_no_interval():
    (two,) = compare(seeds_of([(1.5, 50), (1.5, 60)])).summaries.values()
    assert two.shares[0].converged_at.median == 55
    assert not two.shares[0].converged_at.enough
    (only_failed,) = compare([record(status="failed", reason="killed")]).summaries.values()
    assert (only_failed.shares, only_failed.failed) == ([], 1)


def test_the_summary_table_has_a_row_a_cell():
    runs = [*seeds_of([(1.5, 50), (1.2, 60), (1.9, 80)]), record(optimizer="sgd", status="diverged")]
    columns, rows = summary_rows(compare(runs))
    first, second = (dict(zip(columns, row, strict=True)) for row in rows)
    assert (first["optimizer"], first["seeds"], first["diverged"], first["confidence"]) == ("adam", 3, 0, 0.75)
    assert (first["converged_at"], first["converged_at_low"], first["converged_at_high"]) == (60, 50, 80)
    assert first["verdict"] == "near from epoch 60 (50-80) on, stable; whether it fits was not measured"
    assert (second["diverged"], second["final_ratio"], second["final_ratio_low"]) == (1, math.inf, None)
    assert second["coverage"] == -math.inf
    assert second["seconds"] is None


def test_a_run_given_twice_is_refused():
    with pytest.raises(InputError, match="gan, adam, 5e-05, seed 0: there are two runs"):
        compare([record(), record()])


# Differences


def noisy(optimizer, level, seeds, spread=0.1, shared=(), **others):
    rng = np.random.default_rng([len(optimizer), int(100 * level)])
    for seed in seeds:
        factor = rng.lognormal(0, spread) * (shared[seed] if len(shared) else 1)
        yield record(planted(level * factor, converged=10), optimizer=optimizer, seed=seed, **others)


def test_a_planted_factor_is_found_with_its_direction():
    study = compare([*noisy("rmsprop", 1.5, range(5)), *noisy("adam", 6.0, range(5)), *noisy("sgd", 6.0, range(5))])
    to_adam, to_sgd, among = differences(study)
    assert to_adam.effect == pytest.approx(0.25, rel=0.2)
    assert to_adam.low < to_adam.effect < to_adam.high < 1
    assert to_adam.better == to_sgd.better == to_adam.a
    assert to_adam.a.optimizer == "rmsprop"
    assert not among.clear
    assert among.better is None


def test_turning_the_order_turns_the_difference():
    runs = [*noisy("rmsprop", 1.5, range(5)), *noisy("adam", 6.0, range(5))]
    (one,), (other,) = differences(compare(runs)), differences(compare(runs[::-1]))
    assert other.effect == pytest.approx(1 / one.effect)
    assert other.low == pytest.approx(1 / one.high)
    assert one.better == other.better


def test_pairing_removes_what_seeds_share():
    """Seeds differ by a factor of ten, cells by 1.5: only pair by pair can one tell."""
    shared = np.array([1.0, 10.0, 3.0, 0.5, 5.0])
    runs = [
        *noisy("rmsprop", 1.5, range(5), 0.02, shared, objective="wgan"),
        *noisy("sgd", 2.25, range(5), 0.02, shared, objective="wgan"),
    ]
    study = compare(runs)
    assert differences(study)[0].clear
    low, high = (summary.final_ratio for summary in study.summaries.values())
    assert low.high > high.low  # the medians' own intervals overlap


def test_ties_are_not_clear():
    runs = [record(seed=k, optimizer=name) for k in range(3) for name in ("adam", "sgd")]
    (found,) = differences(compare(runs))
    assert found.effect == pytest.approx(1)
    assert not found.clear


def test_only_common_seeds_are_compared():
    runs = [*noisy("rmsprop", 1.5, range(5)), *noisy("adam", 6.0, range(2, 7))]
    (found,) = differences(compare(runs))
    assert found.seeds == 3
    assert found.clear
    apart = [*noisy("rmsprop", 1.5, range(3)), *noisy("adam", 6.0, range(3, 6))]
    (found,) = differences(compare(apart))
    assert (found.seeds, found.clear, math.isnan(found.effect)) == (0, False, True)


def test_two_seeds_are_never_enough():
    (found,) = differences(compare([*noisy("rmsprop", 1.5, range(2)), *noisy("adam", 600, range(2))]))
    assert not found.clear
    assert math.isnan(found.low)


def test_a_diverged_run_counts_as_the_worst_and_a_failed_one_not_at_all():
    good = list(noisy("rmsprop", 1.5, range(4)))
    bad = [record([30.0, 99.0], optimizer="adam", seed=k, status="diverged") for k in range(3)]
    bad.append(record(optimizer="adam", seed=3, status="failed", reason="killed"))
    (found,) = differences(compare(good + bad))
    assert found.seeds == 3
    assert found.effect == pytest.approx(1.5 / 30, rel=0.2)  # as bad as the untrained generator
    assert found.better.optimizer == "rmsprop"


def test_a_run_that_never_converged_counts_as_its_length():
    runs = [record(planted(1.5, converged=50 + k), seed=k) for k in (0, 10, 20)]
    runs += [record(planted(9), seed=k, optimizer="sgd") for k in (0, 10, 20)]
    (found,) = differences(compare(runs), "converged_at")
    assert found.effect == pytest.approx((50 * 60 * 70) ** (1 / 3) / 320)
    assert found.better.optimizer == "adam"


def test_scores_differ_by_differences_and_higher_is_better():
    rng = np.random.default_rng(0)
    runs = [
        record(seed=k, optimizer=name, metrics={"coverage": np.full(33, level + rng.normal(0, 0.01))})
        for k in range(4)
        for name, level in (("adam", 0.3), ("rmsprop", 0.8))
    ]
    (found,) = differences(compare(runs), "coverage")
    assert found.effect == pytest.approx(-0.5, abs=0.03)
    assert found.better.optimizer == "rmsprop"
    assert found.quantity.scale == "difference"


def test_an_accuracy_is_better_the_nearer_it_is_to_a_half():
    rng = np.random.default_rng(0)
    runs = [
        record(seed=k, optimizer=name, metrics={"two_sample_accuracy": np.full(33, level + rng.normal(0, 0.005))})
        for k in range(4)
        for name, level in (("adam", 0.55), ("sgd", 0.3))
    ]
    (found,) = differences(compare(runs), "two_sample_accuracy")
    assert found.better.optimizer == "adam"
    assert found.effect == pytest.approx(0.05 - 0.2, abs=0.02)


def test_targets_are_compared_apart():
    runs = [record(seed=k, optimizer=o, target=t) for k in range(3) for o in ("adam", "sgd") for t in ("ring", "moons")]
    study = compare(runs)
    assert study.targets == ("ring", "moons")
    assert [(d.a.target, d.b.target) for d in differences(study)] == [("ring", "ring"), ("moons", "moons")]
    with pytest.raises(InputError, match="several targets"):
        differences(study, cells=list(study.summaries))


def test_cells_can_be_chosen_and_keep_their_effect():
    names = ("rmsprop", "adam", "sgd", "adamw", "nadam", "radam")
    study = compare([run for k, name in enumerate(names) for run in noisy(name, 2 + k, range(4))])
    cells = list(study.summaries)
    (chosen,) = differences(study, cells=[cells[3], cells[1]])
    everything = differences(study)
    assert len(everything) == 15
    (same,) = (found for found in everything if {found.a, found.b} == {cells[1], cells[3]})
    assert (chosen.a, chosen.b) == (same.b, same.a)
    assert chosen.effect == pytest.approx(1 / same.effect)


@pytest.mark.parametrize("name", list(QUANTITIES))
def test_every_quantity_has_a_number_for_every_way_to_end(name):
    rng = np.random.default_rng(0)
    metrics = {metric: rng.uniform(0.2, 0.8, 33) for metric in METRICS if metric != "wasserstein2"}
    floor = {metric: 0.9 for metric in METRICS if metric != "wasserstein2"}
    final = {metric: float(values[-1]) for metric, values in metrics.items()}
    runs = [
        record(seed=k, metrics=metrics, floor=floor, final=final, seconds=9.0, optimizer=name)
        for k in range(3)
        for name in ("adam", "sgd")
    ]
    runs.append(record([30.0], optimizer="rmsprop", status="diverged"))
    study = compare(runs)
    values = study.values(name, list(study.summaries))
    assert values.shape == (3, 3)
    assert np.isfinite(values[:, :2]).all()
    assert np.isfinite(values[0, 2]) == (name not in {"seconds"})
    assert len(differences(study, name)) == 3


def test_an_unknown_quantity_is_refused():
    with pytest.raises(InputError, match="did you mean 'late_ratio'"):
        differences(compare([record()]), "late-ratio")


# Best rates


def test_rates_are_chosen_where_there_are_several():
    cells = [Cell("a", "gan", "sgd", rate) for rate in (0.1, 0.2)]
    others = [Cell("b", "gan", "sgd", 0.1), Cell("a", "gan", "adam", 0.1), Cell("a", "wgan", "sgd", 0.1)]
    assert contested(cells + others) == set(cells)
    assert contested(cells[:1] * 2 + others) == set()
    assert contested([cells[0], Cell("a", "gan", "sgd", 0.1, "penalties.r2=2")]) == set()  # no other rate


def tuned(lr, validation, test, seed=0, **others):
    return record(planted(test), lr=lr, seed=seed, validation=np.full(33, validation), **others)


def test_rates_are_chosen_on_validation_points_only():
    runs = [tuned(1e-3, 0.5, 8.0), tuned(1e-4, 0.9, 1.5)]  # the test points say otherwise
    assert best_rates(runs)["zigzag", "gan", "adam", ""].lr == 1e-3


def test_every_pair_has_its_own_best_rate():
    runs = [tuned(1e-3, 0.5, 8.0), tuned(1e-4, 0.9, 1.5), tuned(1e-3, 0.9, 1.5, optimizer="sgd")]
    runs += [tuned(1e-4, 0.4, 1.5, optimizer="sgd"), tuned(1e-4, 0.4, 1.5, target="ring")]
    rates = {key[:3]: cell.lr for key, cell in best_rates(runs).items()}
    assert rates == {("zigzag", "gan", "adam"): 1e-3, ("zigzag", "gan", "sgd"): 1e-4, ("ring", "gan", "adam"): 1e-4}


def test_rates_are_chosen_over_common_seeds():
    """Seed 9 is an easy one that only the worse rate has."""
    runs = [tuned(1e-3, 0.8, 1.5, seed=0), tuned(1e-4, 0.9, 1.5, seed=0)]
    runs += [tuned(1e-4, 0.1, 1.5, seed=8), tuned(1e-4, 0.1, 1.5, seed=9)]
    assert best_rates(runs)["zigzag", "gan", "adam", ""].lr == 1e-3


def test_a_rate_that_diverges_is_not_best_and_a_failed_run_is_no_choice():
    diverged = record([30.0], lr=1e-2, status="diverged", validation=[0.01])
    failed = RunRecord(cell=Cell("zigzag", "gan", "adam", 1.0), seed=0, status="failed", reason="killed")
    assert best_rates([diverged, tuned(1e-4, 0.9, 1.5), failed])["zigzag", "gan", "adam", ""].lr == 1e-4


def test_among_equals_the_smaller_rate_is_chosen():
    assert best_rates([tuned(1e-3, 0.5, 1.5), tuned(1e-4, 0.5, 1.5)])["zigzag", "gan", "adam", ""].lr == 1e-4


def test_a_choice_needs_validation():
    assert best_rates([record()])["zigzag", "gan", "adam", ""].lr == 5e-5
    with pytest.raises(InputError, match="no validation distances"):
        best_rates([record(), record(lr=1e-3)])
