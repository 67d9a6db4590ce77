"""Chinese in pictures: fonts that matplotlib's own list lacks are found, and no picture mixes its languages."""

import os
import re
import types

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text

from ganatomy.figures import fonts
from ganatomy.figures.fonts import CHINESE_FONTS, chinese_fonts, drawable
from ganatomy.figures.pictures import film as traversal_film
from ganatomy.figures.pictures.changes import changes_figure
from ganatomy.figures.pictures.samples import edit_figure
from ganatomy.figures.pictures.sheet import Page, text_width, wrapped
from ganatomy.figures.pictures.traversals import direction_figure, overview_figure
from ganatomy.figures.points import film
from ganatomy.figures.points.curves import loss_curves, metric_curves
from ganatomy.figures.points.flows import Flow, FlowRow, flows
from ganatomy.figures.points.matrix import matrix_figure
from ganatomy.figures.points.measure import Measure
from ganatomy.figures.points.planar import film_strip, scatter
from ganatomy.figures.points.ranking import ranking_figure
from ganatomy.figures.points.study import convergence_figure, time_figure
from ganatomy.figures.points.view import View
from ganatomy.figures.points.warp import latent_grid, latent_lines
from ganatomy.figures.style import house

INSTALLED = chinese_fonts()


@pytest.fixture
def list_of_fonts(monkeypatch):
    """Put a list of fonts in place of matplotlib's, and no files in place of the system's."""
    listed = []
    manager = types.SimpleNamespace(ttflist=listed, addfont=None)
    manager.addfont = lambda path: listed.append(types.SimpleNamespace(name="Noto Sans CJK SC"))
    monkeypatch.setattr(fonts, "fontManager", manager)
    monkeypatch.setattr(fonts, "findSystemFonts", list)
    fonts._added.cache_clear()
    fonts._tell.cache_clear()
    yield manager
    fonts._added.cache_clear()
    fonts._tell.cache_clear()


def test_only_installed_chinese_fonts_are_asked_for_after_the_latin_one(list_of_fonts):
    names = ("SimHei", "Comic Sans MS", "Noto Sans CJK SC")
    list_of_fonts.ttflist.extend(types.SimpleNamespace(name=name) for name in names)
    assert chinese_fonts() == ["Noto Sans CJK SC", "SimHei"]
    with house():
        assert mpl.rcParams["font.family"] == ["DejaVu Sans", "Noto Sans CJK SC", "SimHei"]


def test_a_font_that_matplotlib_has_not_listed_is_found_in_the_system(list_of_fonts, monkeypatch):
    files = ["/fonts/NotoSerif.ttf", "/fonts/NotoSansCJK-Regular.ttc"]
    monkeypatch.setattr(fonts, "findSystemFonts", lambda: files)
    assert chinese_fonts() == ["Noto Sans CJK SC"]
    assert len(list_of_fonts.ttflist) == 1  # the other file was left alone


def test_a_damaged_font_is_passed_over(list_of_fonts, monkeypatch):
    def refuse(path: str) -> None:
        raise RuntimeError(path)

    monkeypatch.setattr(fonts, "findSystemFonts", lambda: ["/fonts/simhei.ttf"])
    monkeypatch.setattr(list_of_fonts, "addfont", refuse)
    assert chinese_fonts() == []


@pytest.mark.parametrize(
    ("platform", "programs", "advice"),
    [
        ("linux", ["apt-get"], "apt-get install fonts-noto-cjk"),
        ("linux", ["dnf"], "dnf install google-noto-sans-cjk-fonts"),
        ("linux", [], "apt-get install fonts-noto-cjk"),
        ("darwin", [], "brew install"),
        ("win32", [], "Microsoft YaHei"),
    ],
)
@pytest.mark.usefixtures("list_of_fonts")
def test_that_no_font_is_there_is_said_once_with_what_to_install(monkeypatch, capsys, platform, programs, advice):
    monkeypatch.setattr(fonts.sys, "platform", platform)
    monkeypatch.setattr(fonts.shutil, "which", lambda program: program if program in programs else None)
    assert drawable("en") == "en"
    assert not capsys.readouterr().err
    assert [drawable("zh"), drawable("zh")] == ["en", "en"]
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert said.startswith("ganatomy: the words in pictures are English")
    assert advice in said


@pytest.mark.usefixtures("list_of_fonts")
def test_a_worker_leaves_it_to_who_started_it(monkeypatch, capsys):
    monkeypatch.setattr(fonts, "parent_process", lambda: "somebody")
    assert drawable("zh") == "en"
    assert not capsys.readouterr().err


@pytest.mark.skipif(not INSTALLED and "CI" not in os.environ, reason="no Chinese font on this machine")
def test_chinese_is_drawn_with_its_own_glyphs_and_measured_by_them():
    assert set(INSTALLED) <= set(CHINESE_FONTS)

    def drawn(text: str) -> np.ndarray:
        page = Page(80, 40)
        with house():
            page.write(text, 4, 4)
        return page.pixels()

    assert (drawn("一") != drawn("龍")).any()  # boxes would be the same
    assert text_width("中中中", 9.0) > 2.5 * text_width("m", 9.0)


def test_a_chinese_line_is_broken_to_its_width():
    lines = wrapped("灰度的平均绝对变化，每行各用自己的色标", 100, 8.0).split("\n")
    assert len(lines) > 2
    assert max(text_width(line, 8.0) for line in lines) <= 100
    assert not any(line.startswith("，") for line in lines)


def figures(language: str) -> dict[str, Figure]:
    """Draw one of each kind, with titles and labels that have no letters, in all that they can say."""
    rng = np.random.default_rng(0)
    real, fake = rng.normal(size=(2, 60, 2))
    far = np.concatenate([fake, [[99.0, 99.0]]])
    view, line = View.fit(real), View.fit(real[:, :1])
    space = View.fit(rng.normal(size=(60, 5)))
    field, holes = rng.normal(size=16), np.array([np.nan, *range(15)])
    arrows = (fake, np.ones_like(fake))
    options = {"title": "1", "language": language}
    paths = np.stack([np.stack([np.linspace(-1, 1, 9)] * 2, axis=-1)] * 3)
    flow = Flow(paths, np.abs(paths[..., 0]) * 45, "1")
    codes, levels = latent_lines()
    faces = np.zeros((2, 3, 8, 8, 3), np.uint8)
    losses = {"1": [1.0, np.nan, *[1.0] * 98, 1e9]}
    curves = {("1", "2"): (np.arange(3), np.ones((2, 3))), ("1", "3"): (np.arange(3), np.ones((1, 3)))}
    ends = {"1": [(1.0, 0.9, 1.1)], "2": [None]}
    finals = {("1", "1"): (far, field, ""), ("1", "2"): (None, None, "3")}
    return {
        "scatter": scatter(view, real, far, holes, arrows=arrows, **options),
        "still": scatter(view, real, fake, arrows=(fake, 0 * fake), **options),
        "line": scatter(line, real[:, :1], np.full((9, 1), 0.5), np.array([np.nan, 1.0, 2.0, 99.0]), **options),
        "space": scatter(space, rng.normal(size=(9, 5)), rng.normal(size=(9, 5)), **options),
        "unequal": scatter(View.fit(real * [1, 1e4]), real, fake, **options),
        "strip": film_strip(view, real, np.stack([fake, fake + 9]), [0, 1], np.stack([field, field]), **options),
        "losses": loss_curves(range(101), losses, **options),
        "metrics": metric_curves([0, 1], {"1": [0.9, 0.5], "2": [1, 2]}, {"1": (0.3, 0.1)}, **options),
        "flows": flows(view, real, [FlowRow(flow, flow, flow.angles.ravel(), "1")], dimensions=2, reach=1, **options),
        "flows of numbers": flows(
            line, real[:, :1], [FlowRow(Flow(paths[..., :1], flow.angles, "1"), Flow(paths[..., :1], flow.angles, "1"),
            flow.angles.ravel(), "1")], dimensions=2, reach=1, **options
        ),
        "grid": latent_grid(view, real, codes * 9, levels, **options),
        "grid of numbers": latent_grid(line, real[:, :1], codes[..., :1], levels, **options),
        "matrix": matrix_figure(view, real, finals, ["1"], ["1", "2", "3"], **options),
        "matrix of numbers": matrix_figure(line, real[:, :1], {("1", "1"): (fake[:, :1], np.arange(9.0), "")}, ["1"],
        ["1"], **options),
        "convergence": convergence_figure(curves, measure=Measure(bound=2.0), **options),
        "one": time_figure({("1", "1"): (np.arange(3), np.ones((1, 3)))}, **options),
        "many": convergence_figure({("1", "1"): (np.arange(3), np.ones((9, 3)))}, **options),
        "ranking": ranking_figure(["1", "2"], [2.0, np.inf], [1.0, np.nan], [3.0, np.nan], **options),
        "direction": direction_figure(faces, [-2, 0, 2], **options),
        "overview": overview_figure(faces, [-2, 0, 2], np.ones((2, 8, 8)), ["1", "2"], **options),
        "changes": changes_figure(["1"], ends, **options),
        "edit": edit_figure(faces[:, 0], faces[:, 1], ["1", "2"], **options),
    }  # fmt: skip


def texts(figure: Figure) -> list[str]:
    """List every text of a figure that has letters, but for the names of coordinates and functions."""
    said = [text.get_text() for text in figure.findobj(Text)]
    return [text for text in said if re.search(r"[^\W\d_]", re.sub(r"SeFa|x[₁₂]?\b|z[₁₂]", "", text))]


def test_a_picture_in_chinese_has_no_english_word_and_the_other_way_round(monkeypatch):
    monkeypatch.setattr(fonts, "chinese_fonts", lambda: ["a font"])
    english, chinese = figures("en"), figures("zh")
    for name in english:
        said = {language: texts(found[name]) for language, found in (("en", english), ("zh", chinese))}
        assert len(said["en"]) == len(said["zh"]) > 0, name
        assert not [text for text in said["en"] if re.search(r"[\u4e00-\u9fff]", text)], name
        assert not [text for text in said["zh"] if re.search(r"[A-Za-z]{2}", text.replace("SeFa", ""))], name


@pytest.mark.filterwarnings("ignore:Glyph")  # this machine may have no font
@pytest.mark.parametrize("which", ["points", "pictures"])
def test_a_film_in_chinese_has_no_english_word(monkeypatch, which):
    monkeypatch.setattr(fonts, "chinese_fonts", lambda: ["a font"])
    kept: list[Figure] = []
    module = film if which == "points" else traversal_film

    def keep(figure: Figure) -> object:
        kept.append(figure)
        return canvas_of(figure)

    canvas_of = module.canvas_of
    monkeypatch.setattr(module, "canvas_of", keep)
    real = np.random.default_rng(0).normal(size=(2, 40, 2))
    if which == "points":
        frames = film.render_frames(View.fit(real[0]), real[0], real, [0, 1], title="1", language="zh")
    else:
        faces = np.zeros((1, 2, 3, 8, 8, 3), np.uint8)
        frames = traversal_film.traversal_frames(
            faces[:, 0, 0], faces, [-1, 0, 1], ["1", "2"], title="1", size=64, language="zh"
        )
    assert len(list(frames)) > 1
    said = texts(kept[0])
    assert len(said) >= 2
    assert not [text for text in said if re.search(r"[A-Za-z]{2}", text)]


def test_a_figure_knows_the_language_of_the_environment(monkeypatch):
    monkeypatch.setattr(fonts, "chinese_fonts", lambda: ["a font"])
    monkeypatch.setenv("GANATOMY_LANGUAGE", "zh")
    assert changes_figure(["1"], {"2": [None]}, title="3").axes[0].get_xlabel() == "平均变化（标准差）"
