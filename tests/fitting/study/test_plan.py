"""Plans: which runs a study has, what they are called, and on which points."""

import numpy as np
import pandas as pd
import pytest

from ganatomy.errors import InputError
from ganatomy.fitting.recipes.recipe import load_recipe
from ganatomy.fitting.run.plan import plan_fit
from ganatomy.fitting.study.folder import identity
from ganatomy.fitting.study.judging.records import Cell
from ganatomy.fitting.study.judging.statements import OPTIMIZERS
from ganatomy.fitting.study.plan import plan_study
from ganatomy.fitting.study.trial import estimate, try_cells

STUDY = """
recipe = "course"
targets = ["ring", "points.npy"]
seeds = [3, 1]
train_size = 300

[set]
epochs = 5
batch_size = 100

[[grid]]
objectives = ["gan", "wgan"]
optimizers = ["rmsprop"]
lrs = [1e-4, 1e-3]

[[grid]]
objectives = ["wgan"]
optimizers = ["rmsprop"]
[grid.vary]
"penalties.clip" = [0.01, 0.1]
discriminator_steps = [1, 5]
"generator.hidden" = [[16, 16, 16]]

[[claim]]
text = "a claim"
better = "gan,rmsprop"
worse = "wgan,rmsprop"
"""


@pytest.fixture
def study_file(tmp_path, points):
    np.save(tmp_path / "points.npy", points)
    path = tmp_path / "study.toml"
    path.write_text(STUDY)
    return path


def test_the_default_is_the_report_s_three_by_three_at_the_course_s_rate():
    plan = plan_study()
    assert len(plan.runs) == 27
    assert [(c.objective, c.optimizer) for c in plan.cells] == [
        (objective, optimizer) for objective in ("gan", "wgan", "wgan-gp") for optimizer in OPTIMIZERS
    ]
    assert {(cell.target, cell.lr) for cell in plan.cells} == {("zigzag", 5e-5)}
    for run in plan.runs:
        assert run.recipe == load_recipe("course", run.cell.objective, optimizer=run.cell.optimizer)
    assert [run.seed for run in plan.runs] == [0] * 9 + [1] * 9 + [2] * 9  # whole seeds first


@pytest.mark.parametrize("source", ["ring", "points_file"])
@pytest.mark.parametrize("seed", [0, 7])
def test_a_run_is_planned_as_the_fit_with_its_seed(source, seed, request):
    source = request.getfixturevalue(source) if source == "points_file" else source
    plan = plan_study(source, objectives=["gan", "wgan-gp"], optimizers=["adam"], seeds=[seed], batch_size=50)
    for run in plan.runs:
        alone = plan_fit(source, run.cell.objective, None, seed, optimizer="adam", batch_size=50)
        assert np.array_equal(run.fit.train, alone.train)
        assert np.array_equal(run.fit.heldout, alone.heldout)
        assert (run.fit.distribution, run.fit.columns) == (alone.distribution, alone.columns)
        assert run.fingerprint == alone.fingerprint


def test_labels_and_names_of_columns_go_with_the_points_of_a_seed():
    table = pd.DataFrame(np.random.default_rng(0).normal(size=(60, 2)), columns=["age", "income"])
    table["kind"] = np.where(table["age"] > 0, "old", "young")
    run = plan_study(table, labels="kind", objectives=["gan"], seeds=[5], batch_size=20).runs[0]
    for points, labels in ((run.fit.train, run.fit.train_labels), (run.fit.heldout, run.fit.heldout_labels)):
        assert [labels.names[code] for code in labels.codes] == ["old" if age > 0 else "young" for age in points[:, 0]]
    assert run.fit.columns == ("age", "income")


def test_seeds_split_the_points_of_a_file_differently_and_draw_those_of_a_distribution(points_file, points):
    cell = {"objectives": ["gan"], "optimizers": ["sgd"], "seeds": [0, 1]}
    first, second = (run.fit for run in plan_study(points_file, **cell).runs)
    for fit in (first, second):
        whole = np.concatenate([fit.train, fit.heldout])
        assert (np.unique(whole, axis=0) == np.unique(points, axis=0)).all()
    assert len(np.unique(np.concatenate([first.heldout, second.heldout]), axis=0)) > len(first.heldout)
    drawn = [run.fit for run in plan_study("ring", **cell).runs]
    assert len(np.unique(np.concatenate([fit.train for fit in drawn]), axis=0)) == 2 * 7000


def test_the_cells_of_a_seed_share_its_points():
    runs = [run for run in plan_study("ring", seeds=[0, 1]).runs if run.seed == 1]
    assert len(runs) == 9
    assert all(run.fit.train is runs[0].fit.train and run.fit.heldout is runs[0].fit.heldout for run in runs)


def test_half_of_the_held_out_points_choose_where_there_is_a_choice_and_only_there():
    wide, narrow = (
        plan_study("ring", objectives=["gan"], optimizers=["sgd"], lrs=lrs, seeds=[3]) for lrs in ([0.1, 0.2], [0.1])
    )
    (one, other), alone = [run.target.parts(3) for run in wide.runs], narrow.runs[0].target.parts(3)
    assert one is other
    assert alone.validation is None
    assert (len(one.train.points), len(one.validation.points), len(one.test.points)) == (7000, 596, 596)
    assert np.array_equal(one.train.points, alone.train.points)
    assert np.array_equal(np.concatenate([one.validation.points, one.test.points]), alone.test.points)
    assert not plan_study("ring", seeds=[0]).targets[0].chooses  # for objectives and optimizers are no rates


def test_a_study_file_describes_any_grid(study_file):
    plan = plan_study(recipe=study_file)
    assert plan.name == "study"
    assert plan.seeds == (3, 1)
    assert [claim["text"] for claim in plan.claims] == ["a claim"]
    assert [target.name for target in plan.targets] == ["ring", "points"]
    assert {len(run.fit.train) for run in plan.runs} == {300}
    cells = [cell for cell in plan.cells if cell.target == "points"]
    assert [(c.objective, c.lr, c.variant) for c in cells] == [
        ("gan", 1e-4, ""),
        ("gan", 1e-3, ""),
        ("wgan", 1e-4, ""),
        ("wgan", 1e-3, ""),
        *(
            ("wgan", 5e-5, f"penalties.clip={clip}, discriminator_steps={steps}, generator.hidden=16x16x16")
            for clip in (0.01, 0.1)
            for steps in (1, 5)
        ),
    ]
    for run in plan.runs:
        assert run.recipe.epochs == 5
        assert run.recipe.generator.optimizer.lr == run.recipe.discriminator.optimizer.lr == run.cell.lr
        if run.cell.variant:
            assert f"clip={run.recipe.penalties.clip:g}, " in run.cell.variant
            assert f"steps={run.recipe.discriminator_steps}, " in run.cell.variant
            assert run.recipe.generator.hidden == (16, 16, 16)
    assert len({run.name for run in plan.runs}) == len(plan.runs) == 2 * 2 * 8


def test_what_is_given_replaces_what_the_file_says(study_file):
    plan = plan_study("moons", recipe=study_file, lrs=[0.5], objectives=["lsgan"], seeds=[0], epochs=7, train_size=400)
    assert [(c.target, c.objective, c.lr) for c in plan.cells if not c.variant] == [("moons", "lsgan", 0.5)]
    assert {(run.seed, run.recipe.epochs, len(run.fit.train)) for run in plan.runs} == {(0, 7, 400)}


def test_an_ordinary_recipe_file_is_the_base_of_the_three_by_three(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text("epochs = 9\n[for.wgan.penalties]\nclip = 0.5\n[for.wgan-gp.penalties]\ngradient = 1.0\n")
    plan = plan_study(recipe=path)
    assert (plan.name, len(plan.cells)) == ("zigzag-mine", 9)
    clips = {run.cell.objective: run.recipe.penalties.clip for run in plan.runs}
    assert clips == {"gan": 0, "wgan": 0.5, "wgan-gp": 0}
    assert {run.recipe.epochs for run in plan.runs} == {9}


def test_a_study_file_names_its_base_beside_it(tmp_path):
    (tmp_path / "base.toml").write_text('objective = "lsgan"\nepochs = 9\n[optimizer]\nname = "adam"\nlr = 0.25\n')
    (tmp_path / "study.toml").write_text('recipe = "base.toml"\n[[grid]]\n')
    plan = plan_study("ring", recipe=tmp_path / "study.toml", seeds=[0])
    assert [run.cell for run in plan.runs] == [Cell("ring", "lsgan", "adam", 0.25)]
    assert plan.runs[0].recipe.epochs == 9


def test_the_same_cell_of_two_grids_is_one(tmp_path):
    (tmp_path / "s.toml").write_text(
        '[[grid]]\nobjectives = ["gan"]\noptimizers = ["sgd"]\n[[grid]]\nobjectives = ["gan"]\nlrs = [5e-5]\n'
        'optimizers = ["sgd", "adam"]\n'
    )
    plan = plan_study(recipe=tmp_path / "s.toml", seeds=[0])
    assert [run.name for run in plan.runs] == ["zigzag-gan-sgd-5e-05-seed0", "zigzag-gan-adam-5e-05-seed0"]


def test_a_rate_that_is_set_is_the_recipe_s_own():
    assert {cell.lr for cell in plan_study("ring", lr=0.125).cells} == {0.125}


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"seeds": []}, "seeds: none were given"),
        ({"seeds": [1, 0, 1]}, "seeds: 1 is named twice"),
        ({"seeds": [-1]}, "seed -1: give whole numbers"),
        ({"seeds": [True]}, "seed True: give whole numbers"),
        ({"seeds": [0.5]}, "seed 0.5: give whole numbers"),
        ({"objectives": []}, "objectives: none were given"),
        ({"objectives": ["gan", "gan"]}, "objectives: gan is named twice"),
        ({"objectives": ["wgan-pg"]}, "unknown objective 'wgan-pg'; did you mean 'wgan-gp'"),
        ({"lrs": [0.0]}, "lr = 0.0: should be greater than 0"),
        ({"points": "zigzga"}, "unknown distribution 'zigzga'; did you mean 'zigzag'"),
        ({"points": "no.npy"}, "no such file"),
        ({"points": ""}, "the name of the points is ''"),
        ({"points": "ring", "variable": "xx"}, "is for files"),
        ({"points": "ring", "train_size": 8187}, "5 of 8192 points are not trained on: leave at least 6"),
        (
            {"points": "ring", "train_size": 8181, "lrs": [0.1, 0.2]},
            "11 of 8192 points are not trained on, and half of them are to judge: leave at least 12",
        ),
        ({"recipe": "corse"}, "did you mean 'course'"),
        ({"recipe": "no.toml"}, "no.toml: no such file"),
        ({"epocs": 3}, "unknown key 'epocs'; did you mean 'epochs'"),
        ({"seeds": range(20_000)}, "180,000 runs are too many"),
    ],
)
def test_plans_that_cannot_be_made_are_refused(settings, words):
    with pytest.raises(InputError, match=words) as refused:
        plan_study(**settings)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[[grid]]\nobjectivs = ['gan']", "unknown key 'objectivs'; did you mean 'objectives'"),
        ("grids = 1\nseeds = [0]", "unknown key 'grids'; did you mean 'grid'"),
        ("seeds = 'all'", "seeds: should be a valid tuple"),
        ("[[grid]]\nlrs = ['fast']", "grid.0.lrs.0: should be a valid number"),
        ("[[grid]]\n[grid.vary]\nlr = [1]", "vary.lr: the grid has 'lrs' for it"),
        ("[[grid]]\n[grid.vary]\nepocs = [1]", "unknown key 'epocs'"),
        ("[[grid]]\n[grid.vary]\nepochs = []", "vary.epochs: none were given"),
        ("targets = ['ring', 'ring']", "targets: ring is named twice"),
        ("targets = []\nseeds = []", "seeds: none were given"),
        ("recipe = 'corse'\nseeds = [0]", "did you mean 'course'"),
        ("recipe = 'no.toml'\nseeds = [0]", "no.toml: no such file"),
        ("seeds = [", "not a TOML file"),
    ],
)
def test_study_files_that_say_nothing_are_refused(tmp_path, text, words):
    path = tmp_path / "study.toml"
    path.write_text(text)
    with pytest.raises(InputError, match=words) as refused:
        plan_study(recipe=path)
    assert "\n" not in str(refused.value)


def test_names_and_descriptions_can_vary_like_any_setting(tmp_path):
    (tmp_path / "s.toml").write_text(
        """
        targets = ["ring"]
        seeds = [0]
        [[grid]]
        objectives = ["gan"]
        optimizers = ["sgd"]
        [grid.vary]
        name = ["a", "b"]
        description = ["[/red]", "c\\u001b]0;d\\n"]
        """
    )
    plan = plan_study(recipe=tmp_path / "s.toml")
    assert len({run.name for run in plan.runs}) == 4
    assert [run.cell.variant for run in plan.runs][:2] == [
        "name=a, description=[/red]",
        "name=a, description=c ]0;d",
    ]


def test_a_long_name_names_a_folder(tmp_path, points):
    np.save(tmp_path / f"{'中' * 78}.npy", points)
    plan = plan_study(tmp_path / f"{'中' * 78}.npy", train_size=300)
    assert len(plan.name.encode()) <= 200


def test_two_files_of_one_name_are_refused(tmp_path, points):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        np.save(tmp_path / name / "points.npy", points)
    (tmp_path / "s.toml").write_text("targets = ['a/points.npy', 'b/points.npy']\n")
    with pytest.raises(InputError, match="the targets' names: points is named twice"):
        plan_study(recipe=tmp_path / "s.toml")


def test_names_of_folders_are_names_for_every_file_system(points_file):
    recipe = {"generator": {"hidden": [8], "normalization": "none"}, "objective": "gan"}
    plan = plan_study(points_file, recipe=recipe, objectives=["gan"], optimizers=["sgd"], seeds=[2**63 - 1])
    run = plan.runs[0]
    assert run.name == f"points-gan-sgd-5e-05-seed{2**63 - 1}"
    from dataclasses import replace

    for variant in ("a/b\\c:d*e?f", "x" * 500, "长" * 100):
        other = replace(run, cell=replace(run.cell, variant=variant))
        assert len(other.name.encode()) < 250
        assert not set(other.name) & set('/\\:*?"<>| ')
    longer = [replace(run, cell=replace(run.cell, variant="x" * 500 + end)).name for end in "ab"]
    assert len(set(longer)) == 2


def test_the_estimate_grows_with_the_runs_and_shrinks_with_the_processes(points_file, monkeypatch):
    times = {("points", "gan", "sgd", ""): 0.5, ("points", "lsgan", "sgd", ""): 0.25}
    monkeypatch.setattr("ganatomy.fitting.study.trial.try_cells", lambda runs, iterations: times)
    monkeypatch.setattr("ganatomy.fitting.study.trial._time_measuring", lambda run: (0.125, 4.0))
    recipe = {
        "generator": {"hidden": [8], "normalization": "none"},
        "objective": "gan",
        "batch_size": 100,
        "epochs": 4,
        "snapshots": 2,
    }
    settings = {"recipe": recipe, "optimizers": ["sgd"], "seeds": [0, 1], "train_size": 300}
    plan = plan_study(points_file, objectives=["gan", "lsgan"], **settings)
    # 12 iterations; 3 snapshots and 16 draws measured; one drawing
    runs = 2 * (12 * 0.5 + 12 * 0.25 + 2 * (19 * 0.125 + 4))
    floor = 24 * 0.125  # 16 resamples and 8 draws of memory: once a seed, and in each process that is given a run of it
    assert estimate(plan.runs, 1) == pytest.approx(runs + 2 * floor)
    assert estimate(plan.runs, 2) == pytest.approx((runs + 4 * floor) / 2)
    assert estimate(plan.runs, 99) == pytest.approx(estimate(plan.runs, 4))


def test_every_cell_is_tried_once_whatever_its_rates_and_seeds(monkeypatch):
    tried = []

    class Trainer:
        def __init__(self, points, recipe, seed, device, objective):
            tried.append((recipe.objective, recipe.optimizer_name))

        def __iter__(self):
            return iter(range(100))

    monkeypatch.setattr("ganatomy.fitting.run.plan.Trainer", Trainer)
    plan = plan_study("ring", lrs=[0.1, 0.2], objectives=["gan", "wgan"], optimizers=["sgd"])
    assert all(seconds >= 0 for seconds in try_cells(plan.runs, 10).values())
    assert tried == [("gan", "sgd"), ("wgan", "sgd")]


def test_what_decides_whether_a_folder_is_of_the_same_work_is_digested_as_ever(tmp_path):
    np.save(tmp_path / "squares.npy", np.arange(400.0).reshape(200, 2) ** 2)
    settings = {"optimizers": ["sgd"], "lrs": [0.01], "seeds": [3], "train_size": 150, "epochs": 7}
    plan = plan_study(tmp_path / "squares.npy", objectives=["gan", "wgan-gp"], **settings)
    assert [run.name for run in plan.runs] == ["squares-gan-sgd-0.01-seed3", "squares-wgan-gp-sgd-0.01-seed3"]
    assert [run.fingerprint[:12] for run in plan.runs] == ["9bfb81c4c5c0", "b20a7b63208a"]
    assert plan.targets[0].identity["sha256"][:12] == "2ddf6ffef0bb"
    assert identity(plan)["recipe"] == {
        key: value for key, value in plan.base.model_dump(mode="json").items() if key not in ("name", "description")
    }


def test_a_study_file_says_how_its_targets_are_read(tmp_path):
    points, kinds = np.random.default_rng(0).normal(size=(300, 2)), np.arange(300) % 3
    np.savez(tmp_path / "mine.npz", both=points.T, kinds=kinds, other=points[:9])
    how = 'variable = "both"\nlabels = "kinds"\ntranspose = true\n'
    (tmp_path / "a.toml").write_text(f'targets = ["mine.npz", "ring"]\n{how}')
    with pytest.raises(InputError, match="`variable` is for files; ring is a built-in"):
        plan_study(recipe=tmp_path / "a.toml")
    (tmp_path / "a.toml").write_text(f'targets = ["mine.npz"]\n{how}')
    (target,) = plan_study(recipe=tmp_path / "a.toml", train_size=200).targets
    for part in (target.parts(0).train, target.parts(0).test):
        rows = [int(np.flatnonzero((points == row).all(axis=1))[0]) for row in part.points]
        assert part.labels.codes.tolist() == kinds[rows].tolist()
    table = plan_study(tmp_path / "mine.npz", variable="both", transpose=True).targets[0]
    assert (table.parts(0).train.labels, len(table.parts(0).train.points)) == (None, 256)
