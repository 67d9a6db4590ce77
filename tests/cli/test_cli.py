"""The command line: what each verb prints, on which stream, with which exit code, and what it writes."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import ganatomy
from ganatomy.fitting.metrics.catalogue import METRICS
from ganatomy.fitting.points.distributions import DISTRIBUTIONS
from ganatomy.fitting.recipes.recipe import load_recipe, recipe_names, tomllib

VERBS = ["fit", "evaluate", "animate", "distributions", "recipes", "sefa", "sample", "edit", "convert", "zoo", "report"]


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def _numbers(text):
    """Read a printed table of metrics: title -> (value, floor, ratio or None)."""
    table = {}
    for line in text.splitlines():
        row = re.match(r"(\S.*?) +(lower|higher|0\.5) +([-0-9].*)", line)
        if row is None:
            continue
        title = next(info.title for info in METRICS.values() if info.title.startswith(row[1]))
        rest = re.sub(r" ± \S+| \*|\(\S+\)", "", row[3]).split()
        has_ratio = "(" in row[3] and not row[3].startswith("(")
        table[title] = (float(rest[0]), float(rest[1]), float(rest[2]) if has_ratio else None)
    return table


# Help and version


@pytest.mark.parametrize("verb", VERBS)
def test_help_shows_two_examples_of_the_verb(cli, verb):
    result = cli(verb, "--help")
    assert (result.code, result.err) == (0, "")
    examples = [line.strip() for line in result.out.split("Examples:")[1].splitlines()]
    assert len([line for line in examples if line.startswith("ganatomy ")]) == 2
    assert any(line.startswith(f"ganatomy {verb}") for line in examples)
    assert cli(verb, "-h").out == result.out


def test_help_lists_the_verbs_and_every_flag_of_the_contract(cli):
    text = cli("--help").out
    assert all(f"\n  {verb} " in text for verb in VERBS)
    text = cli("fit", "--help").out
    for flag in (
        *("objective", "optimizer", "recipe", "epochs", "batch-size", "lr", "latent-dim", "train-size", "seed"),
        *("device", "out", "dry-run", "json", "force"),
    ):
        assert f"--{flag}" in text
    for default in ("wgan-gp", "rmsprop", "course", "320", "256", "5e-5", "7000", "auto", "zigzag"):
        assert default in text
    text = cli("sefa", "--help").out
    for flag in (
        *("-N", "-K", "--seed", "--seeds", "--start", "--end", "--steps", "--normalize", "--raw", "--layers", "--size"),
        *("--precision", "--device", "--report-layout", "--weights-only", "--class", "--effects", "--out", "--force"),
    ):
        assert flag in text
    assert all(flag in cli("edit", "--help").out for flag in ("--directions", "--index", "--strength", "--seeds"))
    assert all(flag in cli("sample", "--help").out for flag in ("-n", "--seed", "--seeds", "--class"))
    assert "--fps" in cli("animate", "--help").out
    assert "12" in cli("animate", "--help").out


def test_version(cli):
    result = cli("--version")
    assert (result.code, result.out, result.err) == (0, f"ganatomy {ganatomy.__version__}\n", "")


def test_the_installed_command_is_this_one():
    script = Path(sys.executable).parent / ("ganatomy.exe" if os.name == "nt" else "ganatomy")
    for program in ([script], [sys.executable, "-m", "ganatomy"]):
        done = subprocess.run([*program, "--version"], capture_output=True, text=True, check=False)
        assert (done.returncode, done.stdout) == (0, f"ganatomy {ganatomy.__version__}\n"), done.stderr


def test_help_and_version_do_not_load_torch():
    code = (
        "import sys; from ganatomy import cli; sys.argv = ['ganatomy', '--help']\n"
        "try: cli.main()\n"
        "except SystemExit: print('torch' in sys.modules, 'matplotlib' in sys.modules, file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "False False"


# distributions, recipes


def test_distributions_are_listed(cli):
    result = cli("distributions")
    assert (result.code, result.err) == (0, "")
    listed = [line.split()[0] for line in result.out.splitlines()[1:] if not line.startswith(" ")]
    assert listed == list(DISTRIBUTIONS)
    for name, count in {"zigzag": 4, "ring": 8, "grid": 25}.items():
        assert [name, str(count)] in [line.split()[:2] for line in result.out.splitlines()]


def test_recipes_are_listed(cli):
    result = cli("recipes")
    assert (result.code, result.err) == (0, "")
    listed = [line.split()[0] for line in result.out.splitlines()[1:] if not line.startswith(" ")]
    assert listed == recipe_names()


@pytest.mark.parametrize("name", recipe_names())
def test_a_printed_recipe_is_a_recipe(cli, name):
    result = cli("recipes", name, "--objective", "gan")
    assert (result.code, result.err) == (0, "")
    Path("mine.toml").write_text(result.out, encoding="utf-8")
    assert load_recipe("mine.toml") == load_recipe(name, "gan")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["corse"], ["course"]),
        (["course", "--objective", "wgam"], ["wgan"]),
        (["--objective", "wgam"], ["wgan"]),
        (["nowhere.toml"], ["nowhere.toml"]),
    ],
)
def test_unknown_recipes_are_refused_with_the_known_ones(cli, arguments, words):
    line = cli("recipes", *arguments).refusal
    assert all(word in line for word in words)


# evaluate


@pytest.fixture
def clouds(tmp_path):
    rng = np.random.default_rng(0)
    np.save("real.npy", rng.normal(size=(500, 2)))
    np.savetxt("good.csv", rng.normal(size=(300, 2)), delimiter=",")
    np.savetxt("shifted.csv", rng.normal([3.0, 4.0], size=(300, 2)), delimiter=",")
    np.save("space.npy", rng.normal(size=(300, 3)))
    np.save("five.npy", rng.normal(size=(5, 2)))
    np.save("ring.npy", DISTRIBUTIONS["ring"].sample(400, seed=5))
    return tmp_path


@pytest.mark.usefixtures("clouds")
def test_evaluate_measures_one_file_against_another(cli):
    result = cli("evaluate", "shifted.csv", "real.npy", "--json")
    assert (result.code, result.err) == (0, "")
    shifted = json.loads(result.out)["metrics"]
    assert list(shifted) == list(METRICS)[:9]
    assert shifted["wasserstein2"]["compared"] == pytest.approx(5.0, abs=0.4)
    assert json.loads(result.out)["shortfalls"][0] == "wasserstein2"
    assert shifted["wasserstein2"]["value"] == pytest.approx(5.0, abs=0.3)  # |(3, 4)|
    assert shifted["wasserstein2"]["ratio"] > 10
    assert shifted["coverage"]["value"] < 0.1
    good = json.loads(cli("evaluate", "good.csv", "real.npy", "--json").out)["metrics"]
    assert 0.5 < good["wasserstein2"]["ratio"] < 2
    assert 0.9 < good["recall"]["ratio"] < 1.1
    assert cli("evaluate", "good.csv", "real.npy", "--json", "--seed", "1").out != result.out


@pytest.mark.usefixtures("clouds")
def test_evaluate_prints_the_same_numbers_as_a_table_for_a_paper(cli):
    metrics = json.loads(cli("evaluate", "good.csv", "real.npy", "--json").out)["metrics"]
    heading, *rows = re.findall(r"^(.*) \\\\$", cli("evaluate", "good.csv", "real.npy", "--latex").out, re.M)
    assert heading.startswith("metric & better & ")
    assert [row.split(" & ")[0] for row in rows] == [METRICS[name].title for name in metrics]
    for row, found in zip(rows, metrics.values(), strict=True):
        assert f" & {found['floor']:.3g}"[:6] in row
        assert f" {found['value']:.3g}"[:5] in row


@pytest.mark.usefixtures("clouds")
def test_evaluate_against_a_distribution_knows_its_components(cli):
    result = cli("evaluate", "ring.npy", "ring", "--json")
    metrics = json.loads(result.out)["metrics"]
    assert list(metrics) == list(METRICS)[:-1]
    assert metrics["components_found"]["value"] == metrics["components_found"]["floor"] == 8
    assert metrics["share_within_3_std"]["value"] > 0.95
    assert metrics["negative_log_likelihood"]["ratio"] is None
    assert json.loads(cli("evaluate", "good.csv", "ring", "--json").out)["metrics"]["share_within_3_std"]["value"] < 0.2


@pytest.mark.usefixtures("clouds")
def test_the_printed_table_says_the_same_as_the_json(cli):
    result = cli("evaluate", "ring.npy", "ring")
    assert (result.code, result.err) == (0, "")
    expected, printed = json.loads(cli("evaluate", "ring.npy", "ring", "--json").out)["metrics"], _numbers(result.out)
    assert list(printed) == [METRICS[name].title for name in expected]
    for name, metric in expected.items():
        value, floor, ratio = printed[METRICS[name].title]
        assert value == pytest.approx(metric["value"], rel=6e-3)
        assert floor == pytest.approx(metric["floor"], rel=6e-3)
        assert ratio is None if metric["ratio"] is None else ratio == pytest.approx(metric["ratio"], abs=6e-3, rel=6e-3)


@pytest.mark.parametrize("n", [3000])
def test_evaluate_says_how_many_points_it_compared(cli, n):
    rng = np.random.default_rng(0)
    np.save("a.npy", rng.normal(size=(n, 1)))
    np.save("b.npy", rng.normal(size=(2 * n, 1)))
    assert "2048" in cli("evaluate", "a.npy", "b.npy").out


@pytest.mark.usefixtures("clouds")
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["space.npy", "real.npy"], ["(300, 3)", "(500, 2)"]),
        (["space.npy", "ring"], ["(300, 3)", "2"]),
        (["five.npy", "real.npy"], ["5", "6"]),
        (["real.npy", "five.npy"], ["6"]),
        (["five.npy", "ring"], ["5", "6"]),
        (["nothing.csv", "real.npy"], ["nothing.csv", "no such file"]),
        (["good.csv", "nothing.csv"], ["nothing.csv", "no such file"]),
        (["good.csv", "rin"], ["rin", "ring"]),
        (["ring", "real.npy"], ["ring"]),
        (["good.csv", "real.npy", "--seed", "-1"], ["seed"]),
        (["good.csv", "real.npy", "--variable", "x"], ["x"]),
    ],
    ids=str,
)
def test_evaluate_refuses_in_one_line_what_it_cannot_measure(cli, arguments, words):
    line = cli("evaluate", *arguments).refusal
    assert all(word in line for word in words)


# fit


@pytest.mark.parametrize("arguments", [[], ["ring", "--recipe", "recommended"], ["--objective", "wgan", "--seed", "3"]])
def test_a_dry_run_prints_the_resolved_recipe_and_writes_nothing(cli, tmp_path, arguments):
    result = cli("fit", *arguments, "--dry-run")
    assert (result.code, result.err) == (0, "")
    recipe = load_recipe("recommended" if "recommended" in arguments else None, "wgan" if "wgan" in arguments else None)
    assert tomllib.loads(result.out) == recipe.model_dump(mode="json")  # what is not TOML is a comment
    assert "7000" in result.out
    assert "1192" in result.out
    name = arguments[0] if arguments and not arguments[0].startswith("-") else "zigzag"
    seed = 3 if "3" in arguments else 0
    folder = Path("runs") / f"{name}-{recipe.objective}-{recipe.generator.optimizer.name}-{recipe.name}-seed{seed}"
    assert str(folder) in result.out
    assert not any(tmp_path.iterdir())


def test_the_defaults_are_the_documented_ones(cli):
    recipe = tomllib.loads(cli("fit", "--dry-run").out)
    assert (recipe["objective"], recipe["name"], recipe["epochs"]) == ("wgan-gp", "course", 320)
    assert (recipe["batch_size"], recipe["latent"]["dim"]) == (256, 2)
    for player in ("generator", "discriminator"):
        assert recipe[player]["optimizer"]["name"] == "rmsprop"
        assert recipe[player]["optimizer"]["lr"] == 5e-5


def test_flags_override_the_recipe_and_set_reaches_every_field(cli):
    flags = ["--objective", "gan", "--optimizer", "adam", "--epochs", "7", "--batch-size", "64", "--lr", "0.001"]
    flags += ["--latent-dim", "5", "--set", "generator.hidden=[9, 8]", "--set", "averaging = 0.5", "--set"]
    flags += ["generator.normalization=layer", "--set", "discriminator.optimizer.options={betas=[0.1, 0.2]}"]
    recipe = tomllib.loads(cli("fit", *flags, "--dry-run").out)
    assert (recipe["objective"], recipe["epochs"], recipe["batch_size"], recipe["latent"]["dim"]) == ("gan", 7, 64, 5)
    assert (recipe["generator"]["hidden"], recipe["averaging"]) == ([9, 8], 0.5)
    assert recipe["generator"]["normalization"] == "layer"
    assert recipe["discriminator"]["optimizer"]["options"] == {"betas": [0.1, 0.2]}
    assert recipe["generator"]["optimizer"] == {"name": "adam", "lr": 0.001, "schedule": "constant", "options": {}}


def test_set_objective_is_the_flag(cli):
    assert cli("fit", "--set", "objective=wgan", "--dry-run").out == cli("fit", "--objective", "wgan", "--dry-run").out


def test_fit_prints_metrics_and_the_way_to_the_pictures(finished):
    summary = json.loads((finished.folder / "summary.json").read_text(encoding="utf-8"))
    printed = _numbers(finished.result.out)
    assert list(printed) == [METRICS[name].title for name in summary["metrics"]]
    for name, metric in summary["metrics"].items():
        assert printed[METRICS[name].title][0] == pytest.approx(metric["value"], rel=6e-3)
    for path in ("figures", "animation.gif", "animation.mp4"):
        assert str(finished.folder / path) in finished.result.out
    lines = finished.result.err.splitlines()
    assert len(lines) == 6
    assert all(line.startswith("epoch ") and "x floor" in line for line in lines)


@pytest.mark.usefixtures("_no_pictures")
def test_json_prints_the_summary_and_nothing_else_on_standard_output(cli, points_file, tiny, tmp_path):
    folder = tmp_path / "运行 no 1"
    result = cli("fit", points_file, *tiny, "--epochs", "1", "--out", folder, "--json")
    assert result.code == 0
    assert json.loads(result.out) == json.loads((folder / "summary.json").read_text(encoding="utf-8"))


@pytest.mark.usefixtures("_no_pictures")
def test_the_default_folder_and_paths_with_spaces_and_chinese(cli, points, tiny, tmp_path):
    file = tmp_path / "数据 set" / "点 cloud.csv"
    file.parent.mkdir()
    np.savetxt(file, points, delimiter=",")
    result = cli("fit", file, *tiny, "--epochs", "1")
    assert result.code == 0, result.err
    (folder,) = (tmp_path / "runs").iterdir()
    assert folder.name == "点 cloud-wgan-gp-rmsprop-course-seed0"
    assert (folder / "summary.json").is_file()
    assert str(folder.relative_to(tmp_path) / "figures") in result.out


@pytest.mark.parametrize("name", ["../../elsewhere", "a/b", "a\nb", "/etc", "", "x" * 300])
def test_the_name_of_a_recipe_does_not_lead_out_of_the_folder_of_runs(cli, tmp_path, name):
    result = cli("fit", "--set", f"name={json.dumps(name)}", "--dry-run")
    if result.code == 0:
        (line,) = (line for line in result.out.splitlines() if "would write" in line)
        folder = Path(line.split("would write ")[1])
        assert folder.parent == Path("runs")
        assert len(folder.name) < 256
    else:
        assert "name" in result.refusal


# Divergence


@pytest.mark.parametrize("objective", ["wgan-gp", "gan"])
def test_a_diverged_run_says_when_and_what_to_try_and_keeps_what_was_done(cli, points_file, tiny, tmp_path, objective):
    folder = tmp_path / "run"
    flags = ["--objective", objective, "--optimizer", "sgd", "--lr", "1000", "--epochs", "40"]
    result = cli("fit", points_file, *tiny, *flags, "--set", "generator.hidden=[64, 64]", "--out", folder)
    assert (result.code, result.out) == (1, "")
    *_, line = result.err.splitlines()
    assert line.startswith("ganatomy: training diverged in epoch ")
    for word in ("--lr", "recommended", str(folder)):
        assert word in line
    kept = {path.name for path in folder.rglob("*") if path.is_file()}
    assert kept >= {"metrics.csv", "losses.csv", "samples.npz", "recipe.toml", "log.txt", "losses.png", "metrics.png"}
    assert "summary.json" not in kept
    assert "diverged" in (folder / "log.txt").read_text(encoding="utf-8")
    rows = (folder / "losses.csv").read_text(encoding="utf-8").splitlines()
    iteration = int(line.split("iteration ")[1].split(")")[0])
    assert len(rows) == iteration  # a header, and every iteration before


@pytest.mark.usefixtures("_no_pictures")
def test_a_run_that_diverges_in_its_last_step_is_a_diverged_run(cli, points_file, tiny, tmp_path):
    flags = ["--objective", "rpgan", "--optimizer", "sgd", "--lr", "1000", "--epochs", "1", "--batch-size", "300"]
    flags += ["--set", f"generator.hidden={[64] * 8}"]
    result = cli("fit", points_file, *tiny, *flags, "--out", tmp_path / "run")
    assert result.code == 1, result
    assert "diverged" in result.err
    assert {"metrics.csv", "losses.csv"} <= {path.name for path in (tmp_path / "run").iterdir()}


def test_absurd_distances_do_not_spoil_the_table(cli):
    np.save("far.npy", np.random.default_rng(0).normal(size=(100, 2)) * 1e29)
    np.save("real.npy", np.random.default_rng(1).normal(size=(200, 2)))
    result = cli("evaluate", "far.npy", "real.npy")
    assert result.code == 0
    assert len(_numbers(result.out)) == 9
    table = result.out[: result.out.index("does not fit")]
    assert max(map(len, table.splitlines())) <= 100


# The world outside


def test_a_reader_that_leaves_early_is_no_error():
    code = "from ganatomy.cli import main; main()"
    with subprocess.Popen(
        [sys.executable, "-c", code, "recipes", "course"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        process.stdout.close()
        assert process.stderr.read() == b""
