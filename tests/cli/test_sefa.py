"""sefa, sample, edit, convert: what they write and print, and how they refuse."""

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

import ganatomy
from ganatomy.cli.parsing import read_seeds
from ganatomy.generators.families import FAMILIES
from ganatomy.generators.networks.dcgan import DCGAN
from ganatomy.generators.networks.progan import ProGAN
from ganatomy.generators.zoo import sources
from ganatomy.generators.zoo.downloads import FetchError
from ganatomy.latent.directions import Directions
from ganatomy.progress import Progress

posix = pytest.mark.skipif(os.name != "posix", reason="signals between processes are POSIX's")
QUICK = ("-N", "2", "-K", "2", "--steps", "3", "--size", "64", "--effects", "0")


def _genforce(seed=0):
    """A random ProGAN of 16 pixels, by the names that the publishing code gives its weights."""
    torch.manual_seed(seed)
    state = ProGAN(z_dim=6, channels=[8, 6, 4]).state_dict()
    return {re.sub(r"^(layer|output)s\.(\d+)\.", r"\1\2.", name): value for name, value in state.items()}


def _conditional():
    """A random DCGAN of 8 pixels, of whose 8 inputs 3 may be classes."""
    torch.manual_seed(0)
    return DCGAN([8, 6, 3], kernels=[4, 4]).state_dict()


def _nan():
    state = _genforce()
    state["layer3.weight"][0, 0, 0, 0] = float("nan")
    return state


@pytest.fixture(scope="module")
def checkpoints(tmp_path_factory):
    """A folder of checkpoints, some of which are none."""
    folder = tmp_path_factory.mktemp("checkpoints")
    torch.save(_genforce(), folder / "tiny.pth")
    torch.save(_genforce(), folder / "脸 no 1.pth")
    torch.save(_genforce(1), folder / "other.pth")
    torch.save(_conditional(), folder / "eyes.pth")
    torch.save(_nan(), folder / "nan.pth")
    torch.save({"input0.weight": torch.ones(4, 3, 1, 1), "input0.bias": torch.ones(4)}, folder / "discriminator.pth")
    (folder / "empty.pth").touch()
    Image.new("RGB", (8, 8)).save(folder / "picture.pth", format="PNG")
    (folder / "page.pth").write_text("<!DOCTYPE html><html>404</html>", encoding="utf-8")
    whole = (folder / "tiny.pth").read_bytes()
    (folder / "half.pth").write_bytes(whole[: len(whole) // 2])
    return folder


@pytest.fixture(autouse=True)
def _elsewhere(checkpoints, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GANATOMY_CACHE", str(tmp_path / "cache"))
    for path in checkpoints.iterdir():
        os.link(path, path.name)

    def no_network(*_):
        raise FetchError("no network")

    monkeypatch.setattr(sources, "_pip", no_network)
    monkeypatch.setattr(sources, "from_https", no_network)


@pytest.fixture
def nothing_written(checkpoints, tmp_path):
    """Check afterwards that no file and no folder was made, by default names or any."""
    yield
    assert {path.name for path in tmp_path.iterdir()} == {path.name for path in checkpoints.iterdir()}


@pytest.fixture(scope="module")
def edits(cli, checkpoints, tmp_path_factory):
    """The folder of a finished exploration of tiny.pth."""
    folder = tmp_path_factory.mktemp("edits") / "done"
    result = cli("sefa", checkpoints / "tiny.pth", *QUICK, "--seeds", "3,7", "--report-layout", "--out", folder)
    assert result.code == 0, result.err
    return folder


@pytest.fixture
def drawn(monkeypatch):
    """Record what sample and edit draw, and write a small picture in its place."""
    seen = []

    def noted(*arguments, **words):
        seen.append((*arguments, words["title"]))
        from ganatomy.figures.style import new_figure

        return new_figure(1, 1, dpi=20)

    monkeypatch.setattr("ganatomy.figures.pictures.samples.sample_figure", noted)
    monkeypatch.setattr("ganatomy.figures.pictures.samples.edit_figure", noted)
    return seen


@pytest.fixture
def _no_pictures(monkeypatch):
    """Leave out what sefa draws: it takes most of the time."""
    monkeypatch.setattr("ganatomy.latent.survey.film.Album.draw", lambda *_, **__: None)
    monkeypatch.setattr("ganatomy.latent.survey.film.Album.draw_directions", lambda *_: None)


def _summary(folder):
    return json.loads(Path(folder, "summary.json").read_text(encoding="utf-8"))


# sefa


def test_sefa_writes_its_folder_and_says_where(cli, contents):
    shutil.copy("tiny.pth", "a face [1] $x_$.pth")
    result = cli("sefa", "a face [1] $x_$.pth", *QUICK, "--effects", "3")
    assert result.code == 0, result.err
    folder = Path("edits") / "a face [1] $x_$_N2_K2_seed0"
    assert {*contents(folder)} == {
        *("traversal.mp4", "traversal.html", "overview.png", "direction_0.png", "direction_1.png"),
        *("directions.safetensors", "directions.json", "codes.npz", "summary.json", ".ganatomy-exploration"),
    }
    for name in ("overview.png", "traversal.mp4", "traversal.html"):
        assert str(folder / name) in result.out
    assert "a face [1] $x_$" in (folder / "traversal.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("verb", ["sefa", "sample"])
def test_a_chinese_name_is_drawn_as_well_as_the_font_can(cli, verb):
    result = cli(verb, "脸 no 1.pth", *(QUICK if verb == "sefa" else ()))
    assert result.code == 0
    assert "Glyph" not in result.err


@pytest.mark.usefixtures("_no_pictures")
def test_a_chinese_name_names_the_folder(cli):
    assert cli("sefa", "脸 no 1.pth", *QUICK).code == 0
    assert _summary("edits/脸 no 1_N2_K2_seed0")["name"] == "脸 no 1"


@pytest.mark.usefixtures("_no_pictures")
def test_the_table_says_what_the_summary_says(cli):
    result = cli("sefa", "tiny.pth", *QUICK, "--effects", "3")
    summary = _summary("edits/tiny_N2_K2_seed0")
    rows = {line.split()[0]: line.split()[1:] for line in result.out.splitlines() if line}
    for k, effect in enumerate(summary["effects"]):
        share, *numbers = rows[str(k)]
        assert share == f"{summary['share'][k]:.1%}"
        expected = [effect[name] for name in ("change", "ratio", "monotonic", "consistency")]
        assert [float(number) for number in numbers] == pytest.approx(expected, rel=6e-3)
    floor = summary["effects"][0]["floor"]
    means = [floor["change"]["mean"], 1, floor["monotonic"]["mean"], floor["consistency"]["mean"]]
    assert [float(number) for number in rows["random"]] == pytest.approx(means, rel=6e-3)


@pytest.mark.usefixtures("_no_pictures")
def test_json_prints_the_summary_and_nothing_else(cli):
    result = cli("sefa", "tiny.pth", *QUICK, "--json", "--out", "out")
    assert result.code == 0

    def refuse(word):
        raise AssertionError(f"{word} is no JSON")

    assert json.loads(result.out, parse_constant=refuse) == _summary("out")
    assert _summary("out")["effects"] == []


@pytest.mark.usefixtures("_no_pictures")
def test_progress_is_at_most_ten_lines_and_ends_at_the_end(cli):
    lines = cli("sefa", "tiny.pth", *QUICK, "-N", "5", "--steps", "50", "--effects", "5").err.splitlines()
    assert 2 <= len(lines) <= 10
    assert all(
        re.fullmatch(r"picture \d+/\d+  \S+ a second  (making pictures|measuring [a-z ]+)", line) for line in lines
    )
    assert len(set(re.findall(r"(\d+)/(\d+)", lines[-1])[0])) == 1


def test_a_bar_that_was_stopped_is_put_away():
    progress = Progress("picture", rate=True)
    progress._console._force_terminal = True
    with pytest.raises(KeyboardInterrupt), progress.showing(10):
        raise KeyboardInterrupt
    assert progress._bar is None
    progress.update(3)
    progress.say("drawing")


@pytest.mark.usefixtures("_no_pictures")
def test_the_defaults_are_the_documented_ones(cli):
    assert cli("sefa", "tiny.pth", "--effects", "0").code == 0
    summary = _summary("edits/tiny_N5_K5_seed0")
    assert summary["pictures"] == {"shown": 630, "distinct": 505, "painted": 505}
    low, high = FAMILIES["progan"].strength_range
    assert (summary["strengths"]["start"], summary["strengths"]["end"]) == (low, high)
    assert (summary["method"], summary["precision"], summary["seed"]) == ("sefa", "float32", 0)


@pytest.mark.usefixtures("_no_pictures")
@pytest.mark.parametrize(
    ("flags", "name", "expected"),
    [
        (["--raw"], "tiny_N2_K2_seed0_raw", {"method": "sefa-raw"}),
        (["--seed", "5"], "tiny_N2_K2_seed5", {"seed": 5, "samples": ["sample 0", "sample 1"]}),
        (
            ["--seeds", "3, 7,10-12"],
            "tiny_N5_K2_seeds3+7+10-12",
            {"seeds": [3, 7, 10, 11, 12], "samples": [f"seed {seed}" for seed in (3, 7, 10, 11, 12)]},
        ),
        (["--precision", "bfloat16"], "tiny_N2_K2_seed0", {"precision": "bfloat16"}),
        (["--threads", "1"], "tiny_N2_K2_seed0", {"threads": 1}),
        (["--layers", "0"], "tiny_N2_K2_seed0", {"layers": [0]}),
        (
            ["--start=-1", "--end=.5", "--steps=4"],
            "tiny_N2_K2_seed0",
            {"pictures": {"shown": 24, "distinct": 14, "painted": 14}},
        ),
        (["-K", "6"], "tiny_N2_K6_seed0", {"labels": [None] * 6}),
    ],
    ids=str,
)  # fmt: skip
def test_flags_do_what_they_say(cli, flags, name, expected):
    result = cli("sefa", "tiny.pth", *QUICK, *flags)
    assert result.code == 0, result.err
    summary = _summary(Path("edits") / name)
    assert {key: summary[key] for key in expected} == expected


@pytest.mark.usefixtures("_no_pictures")
def test_a_label_is_the_class_of_all_samples(cli):
    for flags, name, classes in (
        ([], "", ["class 0", "class 1"]),
        (["--class", "class 2"], "_class 2", ["class 2"] * 2),
    ):
        assert cli("sefa", "eyes.pth", "--classes", "3", *QUICK, *flags).code == 0
        folder = Path("edits") / f"eyes_N2_K2_seed0{name}"
        assert _summary(folder)["samples"] == [f"sample {i}, {one}" for i, one in enumerate(classes)]
        with np.load(folder / "codes.npz", allow_pickle=False) as file:
            assert file["ws"][:, 0, 5:].argmax(1).tolist() == [int(one[-1]) for one in classes]
        assert not Directions.load(folder / "directions.json").vectors[:, 5:].any()


def test_a_folder_of_the_name_of_a_zoo_generator_is_not_in_its_way(cli):
    Path("faces").mkdir()
    for verb in ("sefa", "sample"):
        result = cli(verb)
        assert (result.code, result.out) == (2, "")
        assert "no network" in result.err


def test_the_same_command_again_is_refused_without_force(cli, edits, checkpoints, contents):
    command = ("sefa", checkpoints / "tiny.pth", *QUICK, "--out", edits)
    before = contents(edits)
    for more in (["--seeds", "3,7", "--report-layout"], ["--seed", "1"], ["--start", "-1"]):
        assert "holds a finished exploration; choose another --out, or --force" in cli(*command, *more).refusal
        assert contents(edits) == before


@pytest.mark.usefixtures("_no_pictures")
def test_force_replaces(cli):
    for seed in ("0", "1"):
        assert cli("sefa", "tiny.pth", *QUICK, "--seed", seed, "--out", "out", "--force").code == 0
        assert _summary("out")["seed"] == int(seed)


def test_a_run_s_folder_is_no_place_for_an_exploration_nor_the_reverse(cli, finished, edits, points_file, contents):
    shutil.copytree(finished.folder, "run")
    shutil.copytree(edits, "edits")
    (Path("edits") / "summary.json").unlink()
    before = contents(Path("run")), contents(Path("edits"))
    for force in ([], ["--force"]):
        assert "run holds other things" in cli("sefa", "tiny.pth", *QUICK, "--out", "run", *force).refusal
        assert "edits holds other things" in cli("fit", points_file, "--out", "edits", *force).refusal
    assert (contents(Path("run")), contents(Path("edits"))) == before


@posix
def test_ctrl_c_says_how_to_go_on_and_that_ends_as_if_nothing_had_been(cli, edits, monkeypatch, contents):
    command = ["sefa", "tiny.pth", *QUICK, "--seeds", "3,7", "--report-layout", "--out", "a folder"]
    monkeypatch.setattr("ganatomy.latent.survey.stages.batch_size", lambda _: 4)

    def press(self, done, text=""):
        if done == 6:
            os.kill(os.getpid(), signal.SIGINT)

    with monkeypatch.context() as patched:
        patched.setattr(Progress, "update", press)
        result = cli(*command, "--force")
    assert (result.code, result.out) == (130, "")
    (line,) = result.err.splitlines()
    assert line.startswith("ganatomy: stopped; what is whole is in a folder; to go on: ")
    program, *again = shlex.split(line.split("to go on: ")[1])
    assert (program, again) == ("ganatomy", command)  # without --force, which would begin anew
    assert "an unfinished exploration" in cli(*command, "--seeds", "3,8").refusal
    assert Path("a folder/direction_0.png").exists()
    assert not Path("a folder/direction_1.png").exists()
    assert not Path("a folder/summary.json").exists()
    assert cli(*again).code == 0
    first, second = contents(Path("a folder")), contents(edits)
    assert list(first) == list(second)
    differing = {"summary.json", "traversal.html"}  # which tell the seconds, and the command with its folder
    assert {name for name in first if first[name] != second[name]} == differing


def test_the_command_and_python_leave_the_same_files(cli, contents):
    command = ("sefa", "tiny.pth", *QUICK, "--raw", "--effects", "3", "--report-layout", "--out", "command")
    assert cli(*command).code == 0
    chosen = {"samples": 2, "k": 2, "steps": 3, "size": 64, "effect_codes": 3}
    done = ganatomy.survey(ganatomy.load("tiny.pth"), "sefa-raw", "python", film=True, report_layout=True, **chosen)
    first, second = contents(Path("command")), contents(Path("python"))
    assert list(first) == list(second)
    summaries = [json.loads(files.pop("summary.json")) for files in (first, second)]
    assert json.loads(json.dumps(dict(done))) == summaries[1]
    for summary in summaries:
        assert summary.pop("seconds_rendering") > 0
        assert summary.pop("pictures_a_second") > 0
    assert summaries[0] == summaries[1]
    assert {name for name in first if first[name] != second[name]} == {"traversal.html"}  # which says how it was begun
    assert done.plot().axes
    assert done.to_frame()["share"].tolist() == summaries[0]["share"]
    assert repr(done) == "Surveyed(tiny: 2 directions by sefa-raw, 0 named, in python)"


def test_python_names_the_folder_as_the_command_does():
    done = ganatomy.survey(ganatomy.load("tiny.pth"), film=True, samples=2, k=2, steps=3, size=64, effect_codes=0)
    assert done.out == Path("edits/tiny_N2_K2_seed0")


def test_titles_and_page_are_in_the_language_that_is_asked_for(cli, monkeypatch):
    monkeypatch.setenv("GANATOMY_LANGUAGE", "zh")
    assert cli("sefa", "tiny.pth", *QUICK, "--out", "zh").code == 0
    assert "每个滑块" in Path("zh/traversal.html").read_text(encoding="utf-8")
    assert cli("sefa", "tiny.pth", *QUICK, "--language", "en", "--out", "en").code == 0
    assert "Each slider" in Path("en/traversal.html").read_text(encoding="utf-8")
    first, second = (json.loads(Path(name, "summary.json").read_text(encoding="utf-8")) for name in ("zh", "en"))
    for summary in (first, second):
        del summary["seconds_rendering"], summary["pictures_a_second"]
    assert first == second  # for programs, it is the same in both
    assert Path("zh/directions.json").read_bytes() == Path("en/directions.json").read_bytes()


# sefa --weights-only


def test_weights_only_finds_the_same_directions(cli):
    for flags in ([], ["--raw"]):
        assert cli("sefa", "tiny.pth", "--weights-only", "-K", "3", "--out", "only", "--force", *flags).code == 0
        found = Directions.load("only/directions.safetensors")
        G = ganatomy.load("tiny.pth")
        expected = ganatomy.sefa(G, 3, normalize=not flags)
        assert np.array_equal(found.vectors, expected.vectors)
        assert np.array_equal(found.values, expected.values)
        found.check_fits(G)
    assert {path.name for path in Path("only").iterdir()} == {"directions.safetensors", "directions.json"}


def test_weights_only_prints_a_table_or_json(cli):
    result = cli("sefa", "tiny.pth", "--weights-only", "-K", "2")
    path = Path("edits/tiny_K2/directions.safetensors")
    found = Directions.load(path)
    assert str(path) in result.out
    for k in range(2):
        assert f"{found.values[k]:.4g}" in result.out
    result = cli("sefa", "tiny.pth", "--weights-only", "-K", "2", "--json", "--out", "again")
    assert json.loads(result.out) == json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    assert result.err == ""


def test_weights_only_does_not_replace_directions_unasked(cli, edits, contents):
    shutil.copytree(edits, "mine")
    before = contents(Path("mine"))
    assert "--force to replace it" in cli("sefa", "tiny.pth", "--weights-only", "--out", "mine").refusal
    assert contents(Path("mine")) == before


def test_weights_only_needs_no_torch():
    code = (
        "import sys; from ganatomy.cli import main\n"
        "sys.argv = ['ganatomy', 'sefa', 'tiny.pth', '--weights-only', '-K', '2']\n"
        "try: main()\n"
        "except SystemExit as end: print(end.code or 0, 'torch' in sys.modules, 'matplotlib' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "0 False False"
    assert len(Directions.load("edits/tiny_K2/directions.json")) == 2


# sefa of a run


def test_a_run_gets_its_directions_and_a_table(cli, finished):
    shutil.copytree(finished.folder, "run")
    result = cli("sefa", "run")
    assert result.code == 0, result.err
    assert {path.name for path in Path("run/directions").iterdir()} == {
        *("flows.png", "directions.safetensors", "directions.json", "summary.json")
    }
    found = Directions.load("run/directions/directions.safetensors")
    assert found.vectors.shape == (2, 2)
    for k in range(2):
        assert re.search(rf"^{k} +{found.share[k]:.1%} ", result.out, re.M)
    assert str(Path("run/directions/flows.png")) in result.out
    again = cli("sefa", "run", "--json", "--out", "elsewhere")
    assert json.loads(again.out)["codes"] == 1000
    assert Path("elsewhere/flows.png").exists()


def test_a_run_with_fewer_dimensions_than_asked_for_and_one_that_is_not_finished(cli, finished):
    shutil.copytree(finished.folder, "run")
    assert "K = 3 is larger than the space: it has 2" in cli("sefa", "run", "-K", "3").refusal
    Path("run/summary.json").unlink()
    assert "no finished run" in cli("sefa", "run").refusal
    assert not Path("run/directions").exists()
    Path("folder").mkdir()
    assert "no run folder" in cli("sefa", "folder").refusal
    assert not list(Path("folder").iterdir())


def test_the_file_of_a_fitted_gan_is_its_run(cli, finished):
    shutil.copytree(finished.folder, "run")
    assert cli("sefa", "run/generator.safetensors").code == 0
    assert Path("run/directions/flows.png").exists()
    shutil.copy("run/generator.safetensors", "alone.safetensors")
    line = cli("sefa", "alone.safetensors").refusal
    assert "makes points and no pictures; 'ganatomy sample alone.safetensors' writes some" in line


# sample


def test_sample_writes_a_picture_and_says_where(cli):
    result = cli("sample", "tiny.pth", "-n", "3", "--seed", "2")
    assert (result.code, result.err) == (0, "")
    path = Path("samples/tiny_n3_seed2.png")
    assert result.out == f"picture: {path}\n"
    with Image.open(path) as image:
        image.load()
        assert image.size[0] >= 3 * 64


@pytest.mark.parametrize(
    ("flags", "names", "file", "title"),
    [
        ([], [f"sample {i}" for i in range(16)], "tiny_n16_seed0", "tiny: 16 samples of seed 0"),
        (["--seeds", "5,2"], ["seed 5", "seed 2"], "tiny_n2_seeds5+2", "tiny: 2 samples"),
    ],
    ids=str,
)
def test_samples_are_the_generator_s_pictures(cli, drawn, flags, names, file, title):
    assert cli("sample", "tiny.pth", *flags).code == 0
    pictures, shown, given = drawn[0]
    assert (list(shown), given) == (names, title)
    assert Path(f"samples/{file}.png").exists()
    G = ganatomy.load("tiny.pth")
    z = torch.cat([G.draw(1, seed) for seed in (5, 2)]) if flags else G.draw(16, 0)
    exact = (127.5 * (G(z) + 1)).clip(0, 255).permute(0, 2, 3, 1).numpy()
    assert np.abs(pictures - exact).max() <= 0.51


def test_a_sample_s_label_size_and_path(cli, drawn):
    flags = ["--classes", "3", "--class", "class 1", "-n", "2", "--out", "新 folder/a b.PNG"]
    assert cli("sample", "eyes.pth", *flags).code == 0
    assert list(drawn[0][1]) == ["sample 0, class 1", "sample 1, class 1"]
    assert Path("新 folder/a b.PNG").exists()
    assert cli("sample", "tiny.pth", "-n", "1", "--size", "16", "--precision", "bfloat16").code == 0


# edit


@pytest.mark.parametrize("file", ["directions.safetensors", "directions.json"])
@pytest.mark.parametrize(("index", "shown"), [("1", 1), ("-1", 1), ("0", 0)])
def test_edit_moves_each_sample_by_the_strength(cli, edits, drawn, file, index, shown):
    flags = ["--directions", edits / file, "--index", index, "--strength", "-1.5", "--seeds", "3,7"]
    result = cli("edit", "tiny.pth", *flags)
    assert result.code == 0, result.err
    assert result.out == f"picture: {Path('edits') / f'tiny_direction{shown}_-1.5_seeds3+7.png'}\n"
    before, after, names, title = drawn[0]
    assert (list(names), title) == (["seed 3", "seed 7"], f"tiny, direction {shown}, strength -1.5")
    G, vector = ganatomy.load("tiny.pth"), Directions.load(edits / file).vectors[shown]
    ws = G.mapping(torch.cat([G.draw(1, seed) for seed in (3, 7)]))
    for pictures, codes in ((before, ws), (after, ws - 1.5 * torch.tensor(vector, dtype=torch.float32))):
        exact = (127.5 * (G.synthesis(codes) + 1)).clip(0, 255).permute(0, 2, 3, 1).numpy()
        assert np.abs(pictures - exact).max() <= 0.51


@pytest.mark.parametrize("raw", [[], ["--raw"]], ids=["normalised", "raw"])
@pytest.mark.usefixtures("_no_pictures")
def test_edit_shows_the_pictures_that_sefa_shows(cli, drawn, monkeypatch, raw):
    kept = []
    monkeypatch.setattr(
        "ganatomy.latent.survey.film.Album.draw", lambda album, whole, *_: kept.append(album._grid(whole)[:])
    )
    assert cli("sefa", "tiny.pth", *QUICK, *raw, "--seeds", "3,7", "--out", "out").code == 0
    assert cli("edit", "tiny.pth", "--directions", "out/directions.json", "--seeds", "3,7", "--index", "1").code == 0
    before, after, *_ = drawn[0]
    assert np.array_equal(before, kept[0][:, 1, 1])
    assert np.array_equal(after, kept[0][:, 1, 2])


def test_edit_writes_a_picture_wherever_it_is_told(cli, edits):
    flags = ["--directions", edits / "directions.json", "--seeds", "0-1", "--out", "新 folder/a b.png"]
    assert cli("edit", "tiny.pth", *flags).code == 0
    with Image.open("新 folder/a b.png") as image:
        image.load()
        assert image.size > (128, 128)


# convert


def test_convert_writes_what_makes_the_same_pictures(cli):
    result = cli("convert", "脸 no 1.pth", "新 folder/our own.safetensors")
    assert (result.code, result.err) == (0, "")
    G, again = ganatomy.load("脸 no 1.pth"), ganatomy.load("新 folder/our own.safetensors")
    assert f"ProGAN, genforce layout, 16 pixels, weights {G.fingerprint()}\n" in result.out
    assert again.name == "脸 no 1"
    z = G.draw(2, seed=0)
    assert torch.equal(G(z), again(z))


def test_convert_keeps_the_classes(cli):
    assert cli("convert", "eyes.pth", "ours.safetensors", "--classes", "3").code == 0
    assert ganatomy.load("ours.safetensors").classes == ("class 0", "class 1", "class 2")


def test_a_file_may_be_converted_into_itself(cli):
    save_file(_genforce(), "own.safetensors")
    expected = ganatomy.load("own.safetensors").fingerprint()
    for _ in range(2):
        assert f"weights {expected}" in cli("convert", "own.safetensors", "own.safetensors").out
        assert ganatomy.load("own.safetensors").fingerprint() == expected


# Refused, and nothing written


@pytest.mark.usefixtures("nothing_written")
@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("nan.pth", "layer3.weight has 1 NaN or infinite weights"),
        ("discriminator.pth", "as a discriminator does"),
        ("empty.pth", "is empty"),
        ("picture.pth", "is a picture (PNG)"),
        ("page.pth", "web page"),
        ("half.pth", "half.pth is"),
        ("nothing.pth", "no such file: nothing.pth"),
        ("tinny", "unknown generator 'tinny'"),
        (".", "."),
        ("", ""),
    ],
)
def test_what_is_no_generator_is_refused_by_every_verb(cli, edits, source, words):
    for command in (
        ["sefa", source],
        ["sefa", source, "--out", "out", "--force"],
        ["sefa", source, "--weights-only"],
        ["sample", source],
        ["edit", source, "--directions", edits / "directions.json"] if source else ["edit", "--directions", "no.json"],
        ["convert", source, "new folder/out.safetensors"],
    ):
        assert words in cli(*command).refusal


@pytest.mark.usefixtures("nothing_written")
@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["-N", "0"], "samples = 0: give a whole number from 1 to 100"),
        (["-N", "101"], "samples = 101"),
        (["-N", "1000000000"], "samples = 1000000000"),
        (["-K", "0"], "k = 0: give a whole number from 1 to 100"),
        (["-K", "7"], "K = 7: give a whole number of directions, from 1 to the 6 coordinates to edit"),
        (["--steps", "1"], "steps = 1"),
        (["--steps", "1000000000000"], "steps = 1000000000000: give a whole number from 2 to 200"),
        (["--noise", "random"], "choose --noise stored or none"),
        (["--language", "de"], "unknown language 'de'"),
        (["--start", "2", "--end", "2"], "the start has to be below the end"),
        (["--start", "3"], "the start has to be below the end"),
        (["--start", "nan"], "--start nan: give a number"),
        (["--end", "inf"], "--end inf: give a number"),
        (["--start=-1e308", "--end=1e308"], "--start -1e+308: give a number from -1000 to 1000"),
        (["--columns", "1"], "1 columns: give 2"),
        (["--columns", "0"], "0 columns"),
        (["--layers", "0-3"], "for layers 0 to 3 write 0:4"),
        (["--layers", "7"], "layers: 7 is none of this generator's, which has one layer, 0"),
        (["--layers", ""], "layers ''"),
        (["--class", "blue"], "no classes"),
        (["--classes", "0"], "--classes 0"),
        (["--size", "63"], "size 63"),
        (["--size", "5000"], "size 5000"),
        (["--effects", "-1"], "effect_codes = -1: give 0 to 10000"),
        (["--precision", "float16"], "did you mean 'bfloat16'"),
        (["--device", "gpu"], "unknown device 'gpu'"),
        (["--threads", "0"], "threads = 0"),
        (["--seed", "-1"], "seed -1"),
        (["--seed", "-1", "--seeds", "3"], "seed -1"),
        (["--seeds", ""], "seeds ''"),
        (["--seeds", "7-3"], "from a smaller to a larger one"),
        (["--seeds", "3;7"], "write whole numbers"),
        (["--seeds", "-3"], "write whole numbers"),
        (["--seeds", "0-999999"], "at most 1,000"),
        (["--seeds", "0-500,1000-1499"], "at most 1,000"),
        (["--seeds", "9999999999999999999"], "below 2^32"),
        (["--sha256", "0" * 64], "its sha256 is"),
        (["--out", "tiny.pth"], "is a file"),
        (["--out", "tiny.pth/below"], "is a file or below one"),
        (["--out", "x" * 300], "choose another --out"),
    ],
    ids=str,
)
def test_sefa_refuses_in_one_line(cli, flags, words):
    assert words in cli("sefa", "tiny.pth", *flags).refusal


@pytest.mark.usefixtures("nothing_written")
@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["-n", "0"], "-n 0: give 1 to 1000"),
        (["-n", "1001"], "-n 1001"),
        (["--seed", "-1"], "seed -1"),
        (["--seeds", "3,"], "write whole numbers"),
        (["--size", "15"], "15 pixels: give 16 or more"),
        (["--out", "picture.jpg"], "let the name end in .png"),
        (["--out", "picture"], "let the name end in .png"),
        (["--out", "tiny.pth/picture.png"], "cannot write to tiny.pth"),
        (["--class", "blue"], "no classes"),
    ],
    ids=str,
)
def test_sample_refuses_in_one_line(cli, flags, words):
    assert words in cli("sample", "tiny.pth", *flags).refusal


@pytest.mark.usefixtures("nothing_written")
@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--index", "2"], "no direction 2: the indices are 0 to 1"),
        (["--index", "-3"], "no direction -3"),
        (["--strength", "nan"], "--strength nan: give a number"),
        (["--strength", "1e39"], "--strength 1e+39: give a number from -1000 to 1000"),
        (["--seeds", "x"], "write whole numbers"),
        (["--out", "picture.gif"], "let the name end in .png"),
        (["--directions", "tiny.pth"], "directions are kept in a .safetensors file"),
        (["--directions", "nowhere.json"], "no such file"),
    ],
    ids=str,
)
def test_edit_refuses_in_one_line(cli, edits, flags, words):
    assert words in cli("edit", "tiny.pth", "--directions", edits / "directions.json", *flags).refusal


@pytest.mark.usefixtures("nothing_written")
def test_edit_refuses_directions_of_another_generator_and_ones_of_an_unknown_one(cli, edits):
    given = ("--directions", edits / "directions.safetensors")
    assert "were found in 'tiny' (weights " in cli("edit", "other.pth", *given).refusal
    assert "do not fit this one" in cli("edit", "eyes.pth", *given).refusal
    assert "'tiny', which is not in the zoo; give its file as SOURCE" in cli("edit", *given).refusal
    assert "--directions" in cli("edit", "tiny.pth").refusal


@pytest.mark.usefixtures("nothing_written")
@pytest.mark.parametrize("name", ["out.pth", "out", "out.safetensors.txt"])
def test_convert_refuses_a_name_that_does_not_say_what_is_in_it_before_any_work(cli, name):
    for source in ("tiny.pth", "faces"):
        assert "let the name end in .safetensors" in cli("convert", source, name).refusal


@pytest.mark.parametrize("command", [["sample"], ["convert"], ["sefa"], ["sefa", "--weights-only"]], ids=str)
def test_a_disk_that_cannot_be_written_is_one_line(cli, monkeypatch, command):
    def refuse(self, *_, **__):
        raise OSError(30, "Read-only file system", str(self))

    monkeypatch.setattr(Path, "mkdir", refuse)
    verb, *flags = command
    line = cli(verb, "tiny.pth", *(["deep/out.safetensors"] if verb == "convert" else flags)).refusal
    assert f"Read-only file system; choose another {'OUT.safetensors' if verb == 'convert' else '--out'}" in line


# Names


@pytest.mark.parametrize(
    ("text", "seeds"),
    [("0", [0]), ("3,7,10-12", [3, 7, 10, 11, 12]), (" 5 , 1-2", [5, 1, 2]), ("4-4", [4]), ("2,2", [2, 2])],
)
def test_seeds_are_read_in_the_order_given(text, seeds):
    assert read_seeds(text) == seeds
