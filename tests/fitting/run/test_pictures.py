"""The pictures of a run: its own, drawn from what the folder holds, and made again with other settings."""

import shutil
from pathlib import Path

import av
import numpy as np
import pytest
from matplotlib.text import Text
from PIL import Image

from ganatomy.errors import InputError
from ganatomy.fitting.metrics.catalogue import METRICS
from ganatomy.fitting.objectives import catalogue as objectives
from ganatomy.fitting.recipes.recipe import OBJECTIVES, load_recipe
from ganatomy.fitting.run import pictures
from ganatomy.fitting.run.fit import fit
from ganatomy.fitting.run.folder import RunFolder
from ganatomy.fitting.run.history import History
from ganatomy.languages import Words

HOLD = 1.5  # seconds that the last frame stays longer
STILL = np.zeros((8, 8, 3), np.uint8)
FILMS = ["animation.gif", "animation.mp4"]


@pytest.fixture
def copy(finished, tmp_path):
    """A copy of the finished run, which has 4 snapshots."""
    return Path(shutil.copytree(finished.folder, tmp_path / "copy"))


def _film(path):
    """Return the frames, size and length in seconds of an MP4."""
    with av.open(str(path)) as film:
        (video,) = film.streams.video
        assert video.codec_context.name == "h264"
        frames = [frame.to_ndarray(format="rgb24") for frame in film.decode(video)]
        return frames, (video.width, video.height), float(video.duration * video.time_base), float(video.average_rate)


def _gif(path):
    """Return the number of different pictures, the size and the length in seconds of a GIF."""
    with Image.open(path) as film:
        lengths, pictures = [], []
        for k in range(film.n_frames):
            film.seek(k)
            lengths.append(film.info["duration"] / 1000)
            pictures.append(np.asarray(film.convert("RGB")).tobytes())
        assert film.info["loop"] == 0
        return len(set(pictures)), film.size, sum(lengths)


@pytest.mark.parametrize("fps", [12, 5, 4.5])
def test_animate_makes_the_films_again_at_another_rate(cli, copy, contents, fps):
    before = contents(copy)
    result = cli("animate", copy, *([] if fps == 12 else ["--fps", fps]))
    assert (result.code, result.err) == (0, "")
    assert result.out.splitlines() == [str(copy / name) for name in FILMS]
    frames, _, seconds, rate = _film(copy / "animation.mp4")
    assert rate == pytest.approx(fps)
    assert len(frames) == 4 + round(HOLD * fps)
    assert seconds == pytest.approx(len(frames) / fps)
    assert not np.array_equal(frames[0], frames[3])
    count, _, seconds = _gif(copy / "animation.gif")
    assert count == 4
    assert seconds == pytest.approx(4 * round(100 / fps) / 100 + HOLD)
    after = contents(copy)
    assert {name for name in before if before[name] != after[name]} == (set() if fps == 12 else set(FILMS))
    assert list(after) == list(before)


def test_animate_makes_the_films_again_in_another_size(cli, copy):
    former = _film(copy / "animation.mp4")[1]
    assert cli("animate", copy, "--width", 800).code == 0
    width, height = _film(copy / "animation.mp4")[1]
    assert (former[0], width) == (640, 800)
    assert former[1] < height < width
    assert _gif(copy / "animation.gif")[1] == (width, height)


@pytest.mark.parametrize("flag", [("--fps", 0), ("--fps", 61), ("--fps", "nan"), ("--width", 100), ("--width", 10**6)])
def test_settings_out_of_range_leave_the_films_alone(cli, copy, contents, flag):
    before = contents(copy)
    cli("animate", copy, *flag).refusal  # noqa: B018 (it asserts)
    assert contents(copy) == before


def test_an_unfinished_run_has_no_film_yet(cli, copy, contents):
    (copy / "summary.json").unlink()
    before = contents(copy)
    line = cli("animate", copy).refusal
    assert "no finished run" in line
    assert "same fit command" in line
    assert contents(copy) == before


@pytest.mark.parametrize("kind", ["nothing", "an empty folder", "a folder of other things", "a file"])
def test_what_is_no_run_folder_is_called_so(cli, tmp_path, kind):
    path = tmp_path / "here"
    if kind == "a file":
        path.write_text("x", encoding="utf-8")
    elif kind != "nothing":
        path.mkdir()
        if "other" in kind:
            (path / "notes.txt").write_text("x", encoding="utf-8")
    assert "no run folder" in cli("animate", path).refusal


def _samples(change):
    def damage(folder):
        with np.load(folder / "samples.npz") as file:
            arrays = change(dict(file))
        np.savez(folder / "samples.npz", **arrays)

    return damage


DAMAGES = {
    "summary of another version": lambda f: (f / "summary.json").write_text('{"versions": {"run_folder": 99}}'),
    "empty summary": lambda f: (f / "summary.json").write_text(""),
    "summary of something else": lambda f: (f / "summary.json").write_text('{"title": "x"}'),
    "no samples": lambda f: (f / "samples.npz").unlink(),
    "cut samples": lambda f: (f / "samples.npz").write_bytes((f / "samples.npz").read_bytes()[:2000]),
    "no recipe": lambda f: (f / "recipe.toml").unlink(),
    "bad recipe": lambda f: (f / "recipe.toml").write_text("epochs = -1"),
    "no snapshots": _samples(lambda a: {**a, "snapshots": a["snapshots"][:0]}),
    "no array": _samples(lambda a: {k: v for k, v in a.items() if k != "snapshots"}),
    "fewer epochs": _samples(lambda a: {**a, "epochs": a["epochs"][:2]}),
    "another dimension": _samples(lambda a: {**a, "heldout": np.eye(5)}),
    "text": _samples(lambda a: {**a, "heldout": np.array([["a", "b"]])}),
    "objects": _samples(lambda a: {**a, "heldout": np.array([{}, {}])}),
    "heldout not finite": _samples(lambda a: {**a, "heldout": a["heldout"] * np.nan}),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_run_is_refused_and_its_films_are_left_alone(cli, copy, damage):
    damage(copy)
    before = [(copy / name).read_bytes() for name in FILMS]
    cli("animate", copy).refusal  # noqa: B018 (it asserts)
    assert [(copy / name).read_bytes() for name in FILMS] == before


def test_a_run_that_went_astray_can_be_animated(cli, copy):
    _samples(lambda a: {**a, "snapshots": np.where(np.arange(4)[:, None, None] > 1, np.nan, a["snapshots"])})(copy)
    assert cli("animate", copy).code == 0
    assert len(_film(copy / "animation.mp4")[0]) == 4 + round(HOLD * 12)


def test_each_film_is_of_its_own_run(cli, copy, finished):
    _samples(lambda a: {**a, "snapshots": a["snapshots"] + 1.0})(copy)
    assert cli("animate", copy).code == 0
    for name in FILMS:
        assert (copy / name).read_bytes() != (finished.folder / name).read_bytes()


def test_headings_say_which_run_it_is():
    assert pictures.heading(load_recipe("course", "gan", optimizer="adam"), 7) == "gan, adam, course recipe, seed 7"
    two = load_recipe("course", "gan", **{"discriminator.optimizer.name": "sgd"})
    assert pictures.heading(two, 0) == "gan, rmsprop/sgd, course recipe, seed 0"


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_losses_are_labelled_by_what_they_are(tmp_path, objective, monkeypatch):
    drawn = {}

    def caught(epochs, curves, **settings):
        drawn.update(epochs=epochs, curves=curves)
        return original(epochs, curves, **settings)

    original = pictures.loss_curves
    monkeypatch.setattr(pictures, "loss_curves", caught)
    history = History()
    for k in range(1, 9):  # 4 iterations an epoch
        history.add_losses(k, (k + 3) // 4, -0.5 * k, 0.25, 0.125 if objective in {"wgan-gp", "rpgan"} else 0.0)
    recipe, own = load_recipe(objective=objective), objectives.objective(objective)
    pictures.draw_curves(RunFolder(tmp_path), recipe, own, history, {}, "title")
    np.testing.assert_allclose(drawn["epochs"], np.arange(1, 9) / 4)
    first = next(iter(drawn["curves"]))
    if objective in {"wgan", "wgan-gp"}:
        assert "estimated distance" in first
        np.testing.assert_allclose(drawn["curves"][first], 0.5 * np.arange(1, 9))
    else:
        np.testing.assert_allclose(drawn["curves"]["discriminator loss"], -0.5 * np.arange(1, 9))
    assert ("penalty" in drawn["curves"]) == (objective in {"wgan-gp", "rpgan"})
    assert sorted(path.name for path in (tmp_path / "figures").iterdir()) == ["losses.png"]


def test_a_history_survives_a_checkpoint():
    rng = np.random.default_rng(0)
    history = History(seconds=1.25)
    for k in range(5):
        history.add_losses(k + 1, 1, *rng.normal(size=3).tolist())
    history.add_losses(2**53 - 1, 9, float("nan"), float("inf"), 0.0)
    for epoch in (0, 1):
        history.add_snapshot(epoch, rng.normal(size=(6, 3)), rng.normal(size=9), {"wasserstein2": 0.1 * epoch})
    again = History.from_state(history.state_dict())
    assert str(again.losses) == str(history.losses)
    assert (again.epochs, again.metrics, again.seconds) == (history.epochs, history.metrics, 1.25)
    for name in ("samples", "fields"):
        for ours, theirs in zip(getattr(again, name), getattr(history, name), strict=True):
            assert ours.dtype == theirs.dtype
            assert np.array_equal(ours, theirs)
    assert np.array_equal(again.loss("generator")[:5], history.loss("generator")[:5])
    assert History.from_state(History().state_dict()) == History()


def test_animate_is_a_function_too(copy):
    assert pictures.animate(str(copy), fps=10, width=480) == [copy / name for name in FILMS]
    with pytest.raises(InputError, match="no run folder"):
        pictures.animate(copy / "nowhere")


def test_every_metric_has_its_name_in_both_languages():
    for name, info in METRICS.items():
        assert Words("en", "fit")(f"metric_{name}") == info.title
        assert Words("zh", "fit").has(f"metric_{name}")


def test_every_objective_names_what_the_greys_measure_in_both_languages():
    for name in OBJECTIVES:
        label = objectives.objective(name).label
        assert Words("en", "fit")(f"field_{label}") == label


def test_the_greys_of_a_packed_discriminator_are_said_to_be_of_copies(monkeypatch, points):
    said = []
    monkeypatch.setattr(pictures, "scatter", lambda *_, field_label, **__: said.append(field_label))
    for packing in (1, 2):
        small = {"batch_size": 100, "epochs": 1, "generator": {"hidden": [8], "normalization": "none"}}
        run = fit(points, "gan", small, packing=packing, train_size=300)
        pictures.figure_of("final", run, run.history, run.heldout)
    assert said == ["D(x)", "D(x), of 2 copies of x"]


def test_a_run_is_drawn_in_the_language_that_was_asked_for(cli, copy, monkeypatch):
    said = []
    monkeypatch.setattr("ganatomy.figures.fonts.chinese_fonts", lambda: ["a font"])
    monkeypatch.setattr(pictures, "render_frames", lambda *_, **told: said.append(told) or iter([STILL]))
    pictures.animate(copy, language="zh")
    monkeypatch.setenv("GANATOMY_LANGUAGE", "zh")
    pictures.animate(copy)
    assert said[0] == said[1]
    assert said[0]["language"] == "zh"
    assert said[0]["title"].endswith("course 配方，种子 0")
    assert "unknown language 'fr'" in cli("animate", copy, "--language", "fr").refusal


@pytest.mark.filterwarnings("ignore:Glyph")  # this machine may have no font
def test_a_fit_draws_all_of_its_pictures_in_chinese_and_writes_the_same_files(tmp_path, monkeypatch, contents):
    said = {"fields": [], "titles": []}
    monkeypatch.setattr("ganatomy.figures.fonts.chinese_fonts", lambda: ["a font"])
    draw = pictures.save_figure

    def keep(figure, path):
        said["titles"].append((path.name, figure.texts[0].get_text() if figure.texts else figure.get_suptitle()))
        said["fields"] += [text.get_text() for text in figure.findobj(Text)]
        draw(figure, path)

    monkeypatch.setattr(pictures, "save_figure", keep)
    points = np.random.default_rng(0).normal(size=(300, 2))
    tiny = {"epochs": 1, "snapshots": 2, "batch_size": 50, "recipe": "recommended", "heldout": points[200:]}
    fit(points[:200], **tiny, out=tmp_path / "zh", language="zh")
    assert len(said["titles"]) == 5
    assert all("recommended 配方，种子 0" in title for _, title in said["titles"])
    assert {"判别器损失", "2-Wasserstein 距离", "实线：z₁ 不变"} <= {text.split("\n")[0] for text in said["fields"]}
    fit(points[:200], **tiny, out=tmp_path / "en", language="en")
    ours, theirs = contents(tmp_path / "zh"), contents(tmp_path / "en")
    same = [name for name in ours if name.endswith((".csv", ".toml", ".npz", ".safetensors"))]
    assert list(ours) == list(theirs)
    assert [ours[name] for name in same if "losses" not in name] == [
        theirs[name] for name in same if "losses" not in name
    ]
    with pytest.raises(InputError, match="unknown language 'fr'"):
        fit(points[:200], **tiny, out=tmp_path / "fr", language="fr")
    assert not (tmp_path / "fr").exists()


def test_axes_have_the_names_of_the_columns():
    import pandas as pd

    from ganatomy.fitting.run.fit import fit

    table = pd.DataFrame(np.random.default_rng(0).normal(size=(60, 2)), columns=["age", "in$come$"])
    run = fit(table, "gan", epochs=1, batch_size=8)
    assert run.columns == ("age", "in$come$")
    axes = run.plot().axes[0]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("age", "in$come$")
