"""The run folder: what one fit leaves behind, who may write to it, and that nothing in it is ever lost unasked."""

import csv
import json
import os
import shutil
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import ganatomy
from ganatomy.errors import InputError
from ganatomy.fitting.metrics.catalogue import METRICS
from ganatomy.fitting.recipes.recipe import load_recipe, tomllib
from ganatomy.fitting.run.folder import RunFolder, fingerprint
from ganatomy.fitting.run.result import Run

FIGURES = {"final", "film_strip", "losses", "metrics", "latent_grid"}
KNOWN_BY_POINTS_ALONE = [*list(METRICS)[:9], "copying"]


def _strict(text):
    def refuse(word):
        raise AssertionError(f"{word} is no JSON")

    return json.loads(text, parse_constant=refuse)


def _rows(path):
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


# What is in it


def test_the_folder_holds_what_the_contract_lists(finished):
    found = {path.relative_to(finished.folder).as_posix() for path in finished.folder.rglob("*") if path.is_file()}
    assert found - {".lock", ".ganatomy"} == {
        *("recipe.toml", "metrics.csv", "losses.csv", "summary.json", "samples.npz", "generator.safetensors"),
        *("checkpoint.pt", "animation.gif", "animation.mp4", "log.txt"),
        *(f"figures/{name}.png" for name in FIGURES),
    }
    for name in FIGURES:
        with Image.open(finished.folder / "figures" / f"{name}.png") as image:
            image.verify()
            assert min(image.size) > 300


def test_samples_npz_holds_snapshots_epochs_and_heldout(finished, points):
    with np.load(finished.folder / "samples.npz", allow_pickle=False) as file:
        arrays = {name: file[name] for name in file}
    assert arrays["snapshots"].shape == (4, 100, 2)
    assert arrays["epochs"].tolist() == [0, 2, 4, 6]
    assert arrays["heldout"].shape == (100, 2)
    assert len(arrays["fields"]) == 4
    assert all(np.isfinite(array).all() for array in arrays.values())
    assert {tuple(row) for row in arrays["heldout"]} < {tuple(row) for row in points}
    model = ganatomy.FittedGAN.load(finished.folder / "generator.safetensors")
    assert np.array_equal(arrays["snapshots"][-1], model.sample(100, seed=0))


def test_the_heldout_points_are_those_of_the_split_and_no_others(finished, points):
    from ganatomy.fitting.points.cloud import split_points

    with np.load(finished.folder / "samples.npz", allow_pickle=False) as file:
        assert np.array_equal(file["heldout"], split_points(points, 300, seed=0)[1])


def test_metrics_csv_has_a_row_a_snapshot(finished):
    rows = _rows(finished.folder / "metrics.csv")
    assert list(rows[0]) == ["epoch", *KNOWN_BY_POINTS_ALONE]
    assert [int(row["epoch"]) for row in rows] == [0, 2, 4, 6]
    assert all(np.isfinite(float(value)) for row in rows for value in row.values())
    with np.load(finished.folder / "samples.npz", allow_pickle=False) as file:
        snapshots, heldout = file["snapshots"], file["heldout"]
    from scipy.optimize import linear_sum_assignment
    from scipy.spatial.distance import cdist

    units = heldout.std(axis=0)
    for row, snapshot in zip(rows[:-1], snapshots, strict=False):  # recomputed from the folder alone
        squared = cdist(snapshot / units, heldout / units, "sqeuclidean")
        exact = np.sqrt(squared[linear_sum_assignment(squared)].mean())
        assert float(row["wasserstein2"]) == pytest.approx(exact, rel=1e-9)


def test_losses_csv_has_a_row_an_iteration(finished):
    rows = _rows(finished.folder / "losses.csv")
    assert list(rows[0]) == ["iteration", "epoch", "discriminator", "generator", "penalty"]
    assert [int(row["iteration"]) for row in rows] == list(range(1, 19))
    assert [int(row["epoch"]) for row in rows] == [1 + k // 3 for k in range(18)]
    assert all(float(row["penalty"]) > 0 for row in rows)  # wgan-gp


def test_summary_json_has_the_contract_s_keys(finished):
    summary = _strict((finished.folder / "summary.json").read_text(encoding="utf-8"))
    expected = {
        "objective": "wgan-gp",
        "optimizer": "rmsprop",
        "recipe": "course",
        "seed": 0,
        "epochs": 6,
        "train_size": 300,
        "heldout_size": 100,
        "device": "cuda" if torch.cuda.is_available() else "cpu",
    }
    assert {key: summary[key] for key in expected} == expected
    assert 0 < summary["seconds_training"] < 60
    assert {"ganatomy", "python", "torch", "numpy"} <= set(summary["versions"])
    assert summary["versions"]["ganatomy"] == ganatomy.__version__
    assert list(summary["metrics"]) == KNOWN_BY_POINTS_ALONE
    for name, metric in summary["metrics"].items():
        assert {"value", "floor", "ratio"} <= set(metric)
        ratio = metric["value"] / metric["floor"] if METRICS[name].has_ratio else None
        assert metric["ratio"] == pytest.approx(ratio), name
    # A network of 8 neurons after 18 steps is far from the points, and real points are near to each other.
    assert summary["metrics"]["wasserstein2"]["ratio"] > 3
    assert summary["metrics"]["recall"]["floor"] > 0.9


def test_one_fit_shows_one_number(finished):
    rows = _rows(finished.folder / "metrics.csv")
    found = _strict((finished.folder / "summary.json").read_text(encoding="utf-8"))["metrics"]
    read = Run.load(finished.folder)
    for name in ("wasserstein2", "coverage"):
        assert float(rows[-1][name]) == found[name]["value"] == read.measurements[name].value
        assert read.history.metric(name)[-1] == found[name]["value"]
        assert found[name]["low"] < found[name]["value"] < found[name]["high"]
    assert found["wasserstein2"]["draws"] == 16
    assert f"distance {found['wasserstein2']['ratio']:.3g} x floor" in repr(read)
    one = read.sample(len(read.heldout), read.seed)  # what the snapshot's picture shows is a single draw
    assert np.array_equal(one, read.history.samples[-1])


def test_the_recipe_in_the_folder_makes_the_same_model_again(finished, points):
    path = finished.folder / "recipe.toml"
    resolved = tomllib.loads(path.read_text(encoding="utf-8"))
    assert resolved["epochs"] == 6
    assert resolved["generator"]["hidden"] == [8]
    assert resolved["generator"]["optimizer"]["lr"] == 5e-5
    again = ganatomy.fit(points, recipe=path, train_size=300)
    model = ganatomy.FittedGAN.load(finished.folder / "generator.safetensors")
    assert again.recipe == model.recipe == load_recipe(path)
    assert np.array_equal(again.sample(50, seed=3), model.sample(50, seed=3))


def test_the_checkpoint_is_read_without_pickles(finished):
    content = torch.load(finished.folder / "checkpoint.pt", weights_only=True)
    assert content["trainer"]["iteration"] == 18


def test_the_log_says_when_it_started_and_ended(finished):
    lines = (finished.folder / "log.txt").read_text(encoding="utf-8").splitlines()
    assert "started: wgan-gp on 300 points, on cpu, 1 threads" in lines[0]
    assert "finished" in lines[-1]


@pytest.mark.parametrize("dim", [1, 3])
def test_points_on_a_line_and_in_space_have_all_the_pictures(cli, tiny, tmp_path, dim):
    cloud = np.random.default_rng(dim).normal(size=(400, dim))
    np.savetxt(tmp_path / "points.csv", cloud, delimiter=",")
    folder = tmp_path / "run"
    command = ("fit", tmp_path / "points.csv", *tiny, "--epochs", "2", "--out", folder)
    if dim == 1:
        assert "--arrows" in cli(*command, "--arrows").refusal
        assert not folder.exists()
    result = cli(*command, *(["--arrows"] if dim > 1 else []))
    assert result.code == 0, result.err
    for name in FIGURES:
        with Image.open(folder / "figures" / f"{name}.png") as image:
            image.verify()
    assert (folder / "animation.gif").stat().st_size > 1000
    assert (folder / "animation.mp4").stat().st_size > 1000
    with np.load(folder / "samples.npz", allow_pickle=False) as file:
        assert file["snapshots"].shape == (3, 100, dim)
        assert file["heldout"].shape == (100, dim)


@pytest.mark.usefixtures("_no_pictures")
def test_a_known_distribution_is_measured_by_its_density_too(cli, tiny, tmp_path):
    flags = [*tiny[2:], "--train-size", "8000", "--batch-size", "4000", "--epochs", "1"]
    assert cli("fit", "ring", *flags, "--out", tmp_path / "run").code == 0
    metrics = _strict((tmp_path / "run" / "summary.json").read_text(encoding="utf-8"))["metrics"]
    assert list(metrics) == list(METRICS)
    assert metrics["components_found"]["floor"] == 8
    assert metrics["negative_log_likelihood"]["ratio"] is None


# Who may write to it


@pytest.fixture
def copy(finished, tmp_path):
    """A copy of the finished run."""
    return Path(shutil.copytree(finished.folder, tmp_path / "copy"))


@pytest.fixture
def unfinished(copy):
    """The run as it stood before its end."""
    for name in ("summary.json", "samples.npz", "generator.safetensors"):
        (copy / name).unlink()
    return copy


@pytest.fixture(scope="module")
def command(points_file, tiny):
    return ["fit", points_file, *tiny, "--epochs", "6"]


def test_a_finished_run_is_not_touched_without_force(cli, command, copy, contents):
    before = contents(copy)
    for more in ([], ["--seed", "1"], ["--lr", "0.1"]):
        line = cli(*command, "--out", copy, *more).refusal
        assert "finished run" in line
        assert "--force" in line
        assert contents(copy) == before


@pytest.mark.usefixtures("_no_pictures")
def test_force_replaces_a_finished_run_and_leaves_nothing_of_it(cli, command, copy):
    assert cli(*command, "--epochs", "2", "--seed", "1", "--out", copy, "--force").code == 0
    summary = json.loads((copy / "summary.json").read_text(encoding="utf-8"))
    assert (summary["seed"], summary["epochs"]) == (1, 2)
    assert len(_rows(copy / "losses.csv")) == 6
    assert not (copy / "animation.gif").exists()  # of the former run, and not drawn in this test
    assert not list((copy / "figures").glob("*.png") if (copy / "figures").exists() else [])
    assert len((copy / "log.txt").read_text(encoding="utf-8").splitlines()) == 2


@pytest.mark.parametrize(
    "more",
    [["--seed", "1"], ["--lr", "0.1"], ["--objective", "gan"], ["--train-size", "310"], ["--set", "snapshots=2"]],
)
def test_an_unfinished_run_is_not_continued_by_another_one(cli, command, unfinished, contents, more):
    before = contents(unfinished)
    line = cli(*command, "--out", unfinished, *more).refusal
    assert "unfinished run of another" in line
    assert "--force" in line
    assert contents(unfinished) == before


@pytest.mark.usefixtures("_no_pictures")
def test_the_same_run_is_continued_to_the_same_end(cli, command, unfinished, finished):
    assert cli(*command, "--out", unfinished).code == 0
    for name in ("samples.npz", "metrics.csv", "losses.csv", "recipe.toml"):
        assert (unfinished / name).read_bytes() == (finished.folder / name).read_bytes()


@pytest.mark.parametrize("names", ["epoch,wasserstein2,colour", "epoch,recall,recall", "epoch,wasserstein2"])
def test_a_table_of_what_is_not_measured_is_refused(finished, tmp_path, names):
    run = shutil.copytree(finished.folder, tmp_path / "run")
    rows = (run / "metrics.csv").read_text().splitlines()[1:]
    kept = [",".join(row.split(",")[: names.count(",") + 1]) for row in rows]
    (run / "metrics.csv").write_text("\n".join([names, *kept]) + "\n")
    expected = nullcontext() if names == "epoch,wasserstein2" else pytest.raises(InputError, match="tables are damaged")
    with expected:
        Run.load(run).plot("metrics")


def test_a_fingerprint_tells_any_two_runs_apart(points):
    recipe = load_recipe("course")
    runs = [
        (recipe, 0, points[:300], points[300:]),
        (recipe, 1, points[:300], points[300:]),
        (load_recipe("course", epochs=321), 0, points[:300], points[300:]),
        (load_recipe("course", "gan"), 0, points[:300], points[300:]),
        (recipe, 0, points[:301], points[301:]),
        (recipe, 0, points[300:], points[:300]),
        (recipe, 0, points[:300] + 1e-12, points[300:]),
        (recipe, 0, points[:300].reshape(600, 1), points[300:]),
    ]
    marks = [fingerprint(*run) for run in runs]
    assert len(set(marks)) == len(marks)
    assert fingerprint(recipe, 0, points[:300].copy(order="F"), points[300:]) == marks[0]


FOREIGN = {
    "a file": ["notes.txt"],
    "a figure": ["figures/mine.png"],
    "a log and a figure": ["log.txt", "figures/mine.png"],
    "a recipe of one's own": ["recipe.toml"],
    "a recipe and data": ["recipe.toml", "data.csv"],
    "a project": ["recipe.toml", "log.txt", "figures/mine.png", "data.csv"],
    "a summary of something else": ["summary.json", "thesis.tex"],
    "a film": ["animation.mp4"],
}


@pytest.mark.parametrize("force", [[], ["--force"]], ids=["", "force"])
@pytest.mark.parametrize("names", FOREIGN.values(), ids=FOREIGN)
def test_a_folder_that_no_run_made_is_refused_and_untouched(cli, command, tmp_path, contents, names, force):
    for name in names:
        (tmp_path / "out" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "out" / name).write_text("# precious\n", encoding="utf-8")
    before, log = contents(tmp_path / "out"), tmp_path / "out" / "log.txt"
    cli(*command, "--out", tmp_path / "out", *force).refusal  # noqa: B018 (it asserts)
    assert contents(tmp_path / "out") == before
    assert not log.exists() or log.read_text(encoding="utf-8") == "# precious\n"


@pytest.mark.usefixtures("_no_pictures")
def test_what_one_adds_to_a_run_survives_force(cli, command, copy):
    (copy / "notes.txt").write_text("precious", encoding="utf-8")
    (copy / "figures" / "mine.png").write_text("precious", encoding="utf-8")
    cli(*command, "--out", copy, "--force")
    assert (copy / "notes.txt").read_text(encoding="utf-8") == "precious"
    assert (copy / "figures" / "mine.png").read_text(encoding="utf-8") == "precious"


def test_one_folder_is_written_by_one_process_at_a_time(cli, command, tmp_path):
    folder = RunFolder(tmp_path / "run")
    with folder.claim("mark"):
        assert "another process" in cli(*command, "--out", folder.path).refusal
        assert "another process" in cli(*command, "--out", folder.path, "--force").refusal
    with folder.claim("mark"):
        pass


def test_what_another_process_did_before_the_folder_was_taken_is_not_overlooked(tmp_path, copy, monkeypatch):
    # Between looking at the folder and taking it, another process may have begun and left another run there.
    folder = RunFolder(tmp_path / "run")
    folder.path.mkdir()
    check = RunFolder.check

    def overtaken(self, *arguments):
        check(self, *arguments)
        monkeypatch.setattr(RunFolder, "check", check)
        shutil.copy(copy / "checkpoint.pt", self.path)

    monkeypatch.setattr(RunFolder, "check", overtaken)
    with pytest.raises(InputError, match="another recipe"):
        folder.claim("mark")
    with folder.claim(torch.load(copy / "checkpoint.pt", weights_only=True)["fingerprint"]):
        pass  # and it was let go again


# Damaged, or of another version


def _cut(path):
    path.write_bytes(path.read_bytes()[:3000])


def _rewrite(change):
    def damage(path):
        content = torch.load(path, weights_only=True)
        torch.save(change(content), path)

    return damage


DAMAGES = {
    "empty": lambda path: path.write_bytes(b""),
    "noise": lambda path: path.write_bytes(bytes(range(256)) * 20),
    "cut": _cut,
    "a folder": lambda path: (path.unlink(), path.mkdir()),
    "another version": _rewrite(lambda c: {**c, "format": c["format"] + 1}),
    "no format": _rewrite(lambda c: {k: v for k, v in c.items() if k != "format"}),
    "no fingerprint": _rewrite(lambda c: {k: v for k, v in c.items() if k != "fingerprint"}),
    "no trainer": _rewrite(lambda c: {k: v for k, v in c.items() if k != "trainer"}),
    "no history": _rewrite(lambda c: {k: v for k, v in c.items() if k != "history"}),
    "no weights": _rewrite(lambda c: {**c, "trainer": {**c["trainer"], "generator": {}}}),
    "no samples": _rewrite(lambda c: {**c, "history": {**c["history"], "samples": []}}),
    "other weights": _rewrite(lambda c: {**c, "trainer": {**c["trainer"], "discriminator": c["trainer"]["generator"]}}),
    "something else": _rewrite(lambda c: [1, 2, 3]),
}


@pytest.mark.usefixtures("_no_pictures")
@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_checkpoint_that_cannot_be_used_is_refused_with_the_remedy(cli, command, unfinished, contents, damage):
    damage(unfinished / "checkpoint.pt")
    before = contents(unfinished)
    line = cli(*command, "--out", unfinished).refusal
    assert "checkpoint.pt" in line
    assert "--force" in line
    assert contents(unfinished) == before
    assert cli(*command, "--out", unfinished, "--force").code == 0
    assert (unfinished / "summary.json").is_file()


def test_a_checkpoint_runs_no_code(cli, command, unfinished, tmp_path):
    class Bomb:
        def __reduce__(self):
            return (os.mkdir, (str(tmp_path / "exploded"),))

    torch.save({"format": 1, "fingerprint": Bomb()}, unfinished / "checkpoint.pt")
    assert "checkpoint.pt" in cli(*command, "--out", unfinished).refusal
    assert not (tmp_path / "exploded").exists()
