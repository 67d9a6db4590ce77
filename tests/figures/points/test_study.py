"""A study's curves and ranks: medians and bands are what they say, nobody gains by diverging, nothing overlaps."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.text import Text

from ganatomy.errors import InputError
from ganatomy.figures import fonts
from ganatomy.figures.points.measure import FARTHEST, Measure
from ganatomy.figures.points.ranking import ranking_figure
from ganatomy.figures.points.study import FEW, convergence_figure, spaced, time_figure
from ganatomy.figures.style import house

RNG = np.random.default_rng(0)
OBJECTIVES, OPTIMIZERS = ["gan", "wgan", "wgan-gp"], ["rmsprop", "adam", "sgd"]
EPOCHS = np.arange(0, 320, 10)


def ratios(seeds: int, level: float = 1.5) -> np.ndarray:
    return level + 30 * np.exp(-EPOCHS / 40) * np.exp(0.3 * RNG.normal(size=(seeds, len(EPOCHS))))


def grid(seeds: int = 3) -> dict:
    return {cell: (EPOCHS, ratios(seeds, 1 + k)) for k, cell in enumerate(itertools.product(OBJECTIVES, OPTIMIZERS))}


def curves(axes) -> list:
    """Return the lines of cells, which alone have markers."""
    return [line for line in axes.lines if line.get_marker() not in ("", "None", None)]


def band(axes) -> np.ndarray:
    """Return least and greatest y of the first band at each x: (S, 2)."""
    (vertices,) = (path.vertices for path in axes.collections[0].get_paths())
    return np.array([(y.min(), y.max()) for x in EPOCHS for y in [vertices[vertices[:, 0] == x, 1]]])


def drawn(figure) -> list:
    """Draw a figure; check that no text is clipped; return the rectangles of all, by text."""
    with house():
        figure.canvas.draw()
    width, height = figure.canvas.get_width_height()
    texts = [
        text for axes in figure.axes for text in (*axes.texts, axes._left_title, axes.xaxis.label, axes.yaxis.label)
    ]
    for axes in figure.axes:  # ticks beyond the ends of an axis are there, but not drawn
        low, high = sorted(axes.get_ylim())
        texts += [label for label in axes.get_yticklabels() if low <= label.get_position()[1] <= high]
    texts += figure.texts
    # a name's own rectangle, without the line that leads to it
    boxes = [
        (text.get_text(), Text.get_window_extent(text)) for text in texts if text.get_visible() and text.get_text()
    ]
    for text, box in boxes:
        assert 0 <= box.x0 < box.x1 <= width, text
        assert 0 <= box.y0 < box.y1 <= height, text
    return boxes


def assert_apart(boxes: list) -> None:
    for (one, a), (two, b) in itertools.combinations(boxes, 2):
        assert not a.overlaps(b), f"{one!r} lies on {two!r}"


@pytest.mark.parametrize("seeds", [2, 5, FEW, 31])
def test_a_line_is_the_median_and_its_band_what_the_picture_says(seeds):
    values = ratios(seeds)
    figure = convergence_figure({("gan", "adam"): (EPOCHS, values)}, title="t")
    axes = figure.axes[0]
    np.testing.assert_allclose(curves(axes)[0].get_ydata(), np.median(values, axis=0))
    low, high = band(axes).T
    if seeds < FEW:
        assert figure.get_supxlabel() == f"line: median of {seeds} seeds; band: least to greatest"
        np.testing.assert_allclose([low, high], [values.min(axis=0), values.max(axis=0)])
    else:
        assert figure.get_supxlabel() == f"line: median of {seeds} seeds; band: middle half"
        inside = ((values >= low) & (values <= high)).mean(axis=0)
        np.testing.assert_allclose(inside, 0.5, atol=2 / seeds)


def test_all_bands_of_a_picture_mean_the_same():
    few, many = ratios(2), ratios(20)
    figure = convergence_figure({("gan", "adam"): (EPOCHS, many), ("gan", "sgd"): (EPOCHS, few)}, title="t")
    np.testing.assert_allclose(band(figure.axes[0]).T, [many.min(axis=0), many.max(axis=0)])
    assert figure.get_supxlabel() == "line: median of 2–20 seeds; band: least to greatest"


def test_a_single_seed_has_no_band():
    figure = convergence_figure({("gan", "adam"): (EPOCHS, ratios(1))}, title="t")
    assert (len(figure.axes[0].collections), figure.get_supxlabel()) == (0, "one seed")


def test_diverging_makes_a_cell_worse_and_never_better():
    values = np.array([[9.0, 1.0, 1.0], [9.0, 2.0, 2.0], [9.0, 3.0, 3.0]])
    spoilt = values.copy()
    spoilt[0, 1:] = np.nan  # the best seed diverges
    line = curves(convergence_figure({("gan", "sgd"): ([0, 1, 2], spoilt)}, title="t").axes[0])[0]
    np.testing.assert_array_equal(line.get_ydata(), [9.0, 3.0, 3.0])
    spoilt[1, 2:] = np.inf
    axes = convergence_figure({("gan", "sgd"): ([0, 1, 2], spoilt)}, title="t").axes[0]
    assert curves(axes)[0].get_ydata()[2] > axes.get_ylim()[1]
    assert axes.texts[-1].get_text() == "gan, sgd ↑"


def test_a_panel_an_objective_and_a_style_an_optimizer():
    cells = grid()
    figure = convergence_figure(cells, title="t", measure=Measure(spread=0.2, bound=2.0))
    assert [axes.get_title(loc="left") for axes in figure.axes] == OBJECTIVES
    styles = [
        [(line.get_color(), line.get_marker(), line._dash_pattern) for line in curves(axes)] for axes in figure.axes
    ]
    assert styles[0] == styles[1] == styles[2]
    for kind in range(3):  # what colour says, marker and dashes each say again
        assert len({str(style[kind]) for style in styles[0]}) == 3
    for axes, objective in zip(figure.axes, OBJECTIVES, strict=True):
        for line, optimizer in zip(curves(axes), OPTIMIZERS, strict=True):
            np.testing.assert_allclose(line.get_ydata(), np.median(cells[objective, optimizer][1], axis=0))


def test_every_panel_has_the_floor_on_the_same_logarithmic_axis():
    figure = convergence_figure(grid(), title="t", measure=Measure(spread=0.2, bound=2.0))
    for axes in figure.axes:
        assert (axes.get_yscale(), axes.get_ylim(), axes.get_xlim()) == (
            "log",
            figure.axes[0].get_ylim(),
            figure.axes[0].get_xlim(),
        )
        levels = [line.get_ydata()[0] for line in axes.lines if line not in curves(axes)]
        assert levels == [1.0, 2.0]
        box = axes.patches[0].get_extents().transformed(axes.transData.inverted())
        np.testing.assert_allclose([box.y0, box.y1], [0.8, 1.2])


@pytest.mark.parametrize("objectives", [1, 3, 7])
@pytest.mark.parametrize("optimizers", [1, 3, 7])
def test_names_are_complete_and_neither_clipped_nor_upon_each_other(objectives, optimizers):
    given = {
        (f"objective {i}", f"optimizer {j}"): (EPOCHS, ratios(3, 1.5 + 0.01 * j))
        for i in range(objectives)
        for j in range(optimizers)
    }
    title = "a title that goes on and on, and must be wrapped at least once, however wide the page may be"
    boxes = drawn(convergence_figure(given, title=title, measure=Measure(spread=0.1, bound=2.0)))
    names = [(text, box) for text, box in boxes if "optimizer" in text]
    assert len(names) == objectives * optimizers
    assert_apart(names)


def test_more_lines_than_colours_still_differ():
    figure = convergence_figure({("", f"{k}"): (EPOCHS, ratios(2)) for k in range(20)}, title="t")
    styles = {(line.get_color(), line.get_marker(), str(line._dash_pattern)) for line in curves(figure.axes[0])}
    assert len(styles) == 20


def test_what_was_flung_away_does_not_set_the_axis():
    flung = ratios(2)
    flung[:, -1] = 1e12
    axes = convergence_figure({("gan", "sgd"): (EPOCHS, flung)}, title="t").axes[0]
    assert axes.get_ylim()[1] < FARTHEST
    assert axes.texts[-1].get_text() == "gan, sgd ↑"


@pytest.mark.parametrize("values", [np.full((2, 3), np.nan), np.ones((1, 3)), np.zeros((2, 3)), np.full((2, 3), 1e9)])
def test_odd_curves_are_drawn(values):
    drawn(convergence_figure({("gan", "sgd"): ([0, 1, 2], values)}, title="t"))
    drawn(time_figure({("gan", "sgd"): ([0, 1, 2], values)}, title="t"))
    drawn(convergence_figure({("gan", "sgd"): ([7], values[:, :1])}, title="t"))


def test_time_is_the_median_over_the_seeds_too():
    seconds = EPOCHS * np.array([[1.0], [3.0], [2.0]])
    values = ratios(3)
    figure = time_figure({("adam", "gan"): (seconds, values), ("adam", "wgan"): (EPOCHS, values)}, title="t")
    mine, other = curves(figure.axes[0])
    np.testing.assert_allclose(mine.get_xdata(), 2 * EPOCHS)
    np.testing.assert_allclose(other.get_xdata(), EPOCHS)
    np.testing.assert_allclose(mine.get_ydata(), np.median(values, axis=0))
    assert figure.axes[0].get_xlim()[1] > 2 * EPOCHS[-1]


@given(st.lists(st.floats(0, 1), min_size=1, max_size=9), st.floats(0.01, 0.1))
def test_spaced_places_are_apart_in_order_inside_and_not_moved_without_need(places, apart):
    moved = spaced(places, apart)
    order = np.argsort(places, kind="stable")
    assert (np.diff(moved[order]) >= apart - 1e-12).all()
    assert moved.min() >= 0
    assert moved.max() <= 1 + 1e-12
    np.testing.assert_allclose(spaced(moved, 0.999 * apart), moved, atol=1e-12)


def rank(**changes):
    given = {"labels": ["a", "b", "c"], "medians": [3.0, np.nan, 1.5], "lows": [2.0, 1.0, 1.2], "highs": [5, 6, 1.9]}
    return ranking_figure(**{**given, "title": "t", **changes})


def test_rows_are_in_the_order_given_and_what_diverged_is_named():
    axes = rank(labels=["c", "b", "a"], medians=[1.5, np.nan, 3.0], lows=[1.2, 1.0, 2.0], highs=[1.9, 6, 5]).axes[0]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["c", "b", "a"]
    assert axes.get_ylim()[0] > axes.get_ylim()[1]  # the first is on top
    told = {text.get_text(): text.xy[1] for text in axes.texts if "(" in text.get_text() or "div" in text.get_text()}
    assert told == {"1.50 (1.20–1.90)": 0, "3.00 (2.00–5.00)": 2, "diverged": 1}
    shown = [line for line in curves(axes) if line.get_marker() == "o" and len(line.get_xdata())]
    marks = {float(line.get_ydata()[0]): line.get_xdata()[0] for line in shown}
    assert marks == {0.0: 1.5, 2.0: 3.0}
    spans = [
        tuple(line.get_xdata()) for line in axes.lines if line.get_linestyle() == "-" and len(line.get_xdata()) == 2
    ]
    assert set(spans) == {(1.2, 1.9), (2.0, 5)}


def test_an_interval_without_end_is_an_arrow():
    axes = rank(highs=[np.inf, 6, 1.9]).axes[0]
    assert "3.00 (2.00–∞)" in [text.get_text() for text in axes.texts]
    arrows = [line for line in axes.lines if line.get_marker() == ">"]
    assert sorted(float(line.get_ydata()[0]) for line in arrows) == [0, 1]  # a's interval, and b itself


def test_where_there_is_no_interval_none_is_drawn_and_the_seeds_are_shown():
    """Of the seeds 3.44 and 6.03 once "4.61 (4.61-4.61), range of the seeds" was said."""
    nothing = [np.nan] * 3
    given = {"medians": [4.7, 2.0, np.inf], "seeds": [[3.44, 6.03], [2.0], [np.inf, 9.0]]}
    figure = rank(lows=nothing, highs=nothing, **given)
    told = [text.get_text() for text in figure.axes[0].texts]
    assert {"3.44, 6.03 (2 seeds)", "2.00 (1 seed)", "diverged, 9.00 (2 seeds)"} <= set(told)
    assert not any("4.7" in text or "–" in text for text in told)
    shown = [line for line in curves(figure.axes[0]) if line.get_marker() == "o" and len(line.get_xdata())]
    assert [line.get_xdata().tolist() for line in shown][:2] == [[3.44, 6.03], [2.0]]
    assert not [line for line in figure.axes[0].lines if line.get_linestyle() == "-" and len(line.get_xdata()) == 2]
    assert "interval" not in figure.axes[0].get_xlabel()
    assert "each by itself" in figure.axes[0].get_xlabel()


def test_scores_stand_on_a_linear_axis_on_which_higher_is_better():
    measure = Measure("coverage", 0.96, 0.01, 0.86, higher=True, log=False)
    values = np.array([[0.1, 0.5, 0.9], [0.2, 0.6, np.nan], [0.3, 0.7, np.nan]])
    axes = convergence_figure({("gan", "sgd"): ([0, 1, 2], values)}, title="t", measure=measure).axes[0]
    assert (axes.get_yscale(), axes.get_ylabel()) == ("linear", "coverage")
    assert [text.get_text() for text in axes.texts] == ["real points", "near", "gan, sgd ↓"]
    line = curves(axes)[0].get_ydata()
    np.testing.assert_allclose(line[:2], [0.2, 0.6])
    assert line[2] < axes.get_ylim()[0]  # most of the seeds diverged
    figure = rank(medians=[0.9, 0.5, -np.inf], lows=[0.8, 0.4, -np.inf], highs=[0.95, 0.6, 0.2], measure=measure)
    assert "diverged" in [text.get_text() for text in figure.axes[0].texts]
    assert figure.axes[0].get_xlabel().startswith("coverage after training")
    drawn(figure)


def test_two_kinds_share_a_row_and_differ_in_more_than_colour():
    figure = rank(labels=["a", "b", "a"], medians=[3, 2, 1.5], kinds=["course's rate", "course's rate", "best rate"])
    axes = figure.axes[0]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["a", "b"]
    rows = {}
    for line in curves(axes):
        if len(line.get_xdata()):
            rows.setdefault(round(float(np.mean(line.get_ydata()))), set()).add(line.get_marker())
    assert rows == {0: {"o", "D"}, 1: {"o"}}
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["course's rate", "best rate"]


@pytest.mark.parametrize("cells", [1, 9, 21])
@pytest.mark.parametrize("kinds", [1, 2, 3])
def test_a_ranking_is_neither_clipped_nor_does_its_text_overlap(cells, kinds):
    labels = [f"wgan-gp, rmsprop {k}" for k in range(cells)] * kinds
    medians = RNG.uniform(1, 40, size=len(labels))
    names = [kind for kind in ("course's rate", "best rate", "third")[:kinds] for _ in range(cells)]
    notes = ["converged at epoch 60 (50-80), stable"] * len(labels)
    boxes = drawn(ranking_figure(labels, medians, medians / 2, medians * 2, title="t", kinds=names, notes=notes))
    assert_apart([(text, box) for text, box in boxes if "converged at" in text or "rmsprop" in text])


def test_what_does_not_fit_is_refused():
    with pytest.raises(InputError, match="no curve"):
        convergence_figure({}, title="t")
    with pytest.raises(InputError, match="gan, sgd: values have shape"):
        convergence_figure({("gan", "sgd"): (EPOCHS, ratios(2)[:, 1:])}, title="t")
    with pytest.raises(InputError, match="one row a seed"):
        time_figure({("gan", "sgd"): (EPOCHS, ratios(2)[0])}, title="t")
    with pytest.raises(InputError, match="unknown language 'de'"):
        convergence_figure(grid(), title="t", language="de")
    with pytest.raises(InputError, match="for each mark, not"):
        rank(lows=[1.0])
    with pytest.raises(InputError, match="a label"):
        ranking_figure([], [], [], [], title="t")
    with pytest.raises(InputError, match="3 kinds"):
        ranking_figure(list("abcd"), *[[1, 1, 1, 1]] * 3, kinds=list("abcd"), title="t")


def test_chinese_is_said_where_it_can_be_drawn_and_english_elsewhere(monkeypatch):
    for there, label in (([], "epoch"), (["a font"], "训练轮数")):
        monkeypatch.setattr(fonts, "chinese_fonts", lambda there=there: there)
        figure = convergence_figure(grid(), title="t", measure=Measure(bound=2.0), language="zh")
        assert figure.axes[0].get_xlabel() == label
        drawn(figure)
        drawn(time_figure(grid(), title="t", language="zh"))
        drawn(rank(language="zh"))
