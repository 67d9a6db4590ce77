"""ganatomy sample of a run: its points in a file that everybody reads; projected only on request, and honestly."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

import ganatomy
from ganatomy.fitting.points.cloud import load_points, read_points


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="module")
def run(finished):
    return finished.folder


@pytest.fixture
def named(points, tmp_path, monkeypatch):
    """A run whose columns have names."""
    import pandas as pd

    monkeypatch.setattr("ganatomy.fitting.run.pictures.draw_run", lambda *arguments: None)
    small = {"generator": {"hidden": [8], "normalization": "none"}, "batch_size": 100}
    frame = pd.DataFrame(points, columns=["age", "income"])
    ganatomy.fit(frame, "gan", epochs=1, train_size=300, out=tmp_path / "people", **small)
    return Path("people")


@pytest.mark.parametrize("ending", ["csv", "npy", "npz", "parquet", "mat"])
def test_the_file_holds_what_the_model_makes(cli, run, ending):
    result = cli("sample", run, "-n", "70", "--seed", "3", "--out", f"s.{ending}")
    assert result.code == 0, result.err
    assert load_points(f"s.{ending}").tobytes() == ganatomy.load(run).sample(70, seed=3).tobytes()
    assert result.out == f"samples: s.{ending}, 70 points of x0, x1\n"


def test_without_more_it_writes_a_thousand_points_under_the_names_of_the_data(cli, named):
    told = f"samples: {Path('samples/people_n1000_seed0.csv')}, 1000 points of age, income\n"
    assert cli("sample", named).out == told
    cloud = read_points("samples/people_n1000_seed0.csv")
    assert cloud.columns == ("age", "income")
    assert np.array_equal(cloud.points, ganatomy.load(named).sample(1000))
    shutil.copy(named / "generator.safetensors", "alone.safetensors")  # which knows the names too
    assert cli("sample", "alone.safetensors", "--out", "again.csv").code == 0
    assert Path("again.csv").read_bytes() == Path("samples/people_n1000_seed0.csv").read_bytes()


def test_samples_go_into_evaluate(cli, run, points_file):
    assert cli("sample", run, "-n", "100", "--out", "s.csv").code == 0
    assert cli("evaluate", "s.csv", points_file).code == 0


def test_a_file_that_is_there_is_kept_unless_forced(cli, run):
    Path("s.csv").write_text("precious")
    assert "s.csv is there already; choose another --out, or --force" in cli("sample", run, "--out", "s.csv").refusal
    assert Path("s.csv").read_text() == "precious"
    assert cli("sample", run, "-n", "5", "--out", "s.csv", "--force").code == 0
    assert len(load_points("s.csv")) == 5


def test_a_projection_says_what_it_moved(cli, named):
    raw = ganatomy.load(named).sample(200)
    low, high = np.quantile(raw[:, 0], 0.1), np.quantile(raw[:, 1], 0.8)
    command = ("sample", named, "-n", "200", "--bounds", f"age={low},", "--bounds", f"income=,{high}", "--out", "s.csv")
    lines, found = cli(*command).out.splitlines(), load_points("s.csv")
    assert np.array_equal(found, np.c_[np.maximum(raw[:, 0], low), np.minimum(raw[:, 1], high)])
    share = (raw != found).any(axis=1).mean()
    assert 0.2 <= share < 0.4
    assert lines[0].startswith(f"bounded: {share:.1%} of the points were moved, by ")
    assert lines[1] == "that is a projection: evaluate samples without it to see how good the fit is"
    for flags, expected in ((["--round"], np.rint(raw)), (["--step", "age=0.5"], None)):
        result = cli("sample", named, "-n", "200", *flags, "--out", "s.csv", "--force")
        assert result.out.startswith("rounded: 100.0% of the points were moved")
        if expected is not None:
            assert np.array_equal(np.loadtxt("s.csv", delimiter=",", skiprows=1), expected)
    assert cli("sample", named, "--round", "--bounds", "0,").code == 0
    assert Path("samples/people_n1000_seed0_round_bounds.csv").is_file()


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["-n", "0"], "cannot sample 0 points"),
        (["--seed", "-1"], "seed = -1"),
        (["--out", "s.png"], "let the name end in .csv, .npy, .npz, .parquet or .mat"),
        (["--seeds", "1,2"], "--seeds is for pictures"),
        (["--psi", "0.5"], "--psi is for pictures"),
        (["--class", "blue"], "--class is for pictures"),
        (["--round", "--step", "2"], "--round is --step 1"),
        (["--step", "fast"], "--step fast: write a number"),
        (["--step", "0"], "--step"),
        (["--bounds", "3"], "--bounds 3: write LOW,HIGH"),
        (["--bounds", "1,0"], "the first must be below the second"),
        (["--bounds", "0,1", "--bounds", "0,2"], "of several, each names a column of its own"),
        (["--bounds", "age=0,1"], "unknown column 'age'"),
    ],
    ids=" ".join,
)
def test_what_cannot_be_done_is_refused_and_nothing_is_written(cli, run, flags, message):
    assert message in cli("sample", run, *flags).refusal
    assert not list(Path().iterdir())


def test_of_pictures_no_projection_is_made(cli):
    torch.save({"a.weight": torch.ones(5, 4, 4, 4), "b.weight": torch.ones(4, 3, 4, 4)}, "G.pth")
    for flag in (["--round"], ["--step", "1"], ["--bounds", "0,"]):
        assert f"{flag[0]} is for the points of a run, and G.pth is none" in cli("sample", "G.pth", *flag).refusal
