"""Two flows side by side: they draw in every dimension, in the angle's colours, beside what chance would give."""

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection
from matplotlib.colors import rgb_to_hsv
from matplotlib.quiver import Quiver
from scipy.integrate import quad

from ganatomy.errors import InputError
from ganatomy.figures.points.flows import ANGLES, Flow, FlowRow, chance, flows, spread
from ganatomy.figures.points.view import View

RNG = np.random.default_rng(0)
REAL = RNG.normal(size=(200, 3))


def _row(dims=2, angle=10.0, count=6, steps=9):
    start = RNG.normal(size=(count, 1, dims))
    paths = start + np.linspace(-0.5, 0.5, steps)[:, None] * np.eye(dims)[0]
    flow = Flow(paths, np.full((count, steps), angle), "a flow")
    return FlowRow(flow, flow, np.full(50, angle), "angles")


def _draw(rows, dims=2, **settings):
    return flows(View.fit(REAL[:, :dims]), REAL[:, :dims], rows, dimensions=2, reach=0.5, title="t", **settings)


def _artists(axes, kind):
    return [child for child in axes.get_children() if isinstance(child, kind)]


@pytest.mark.parametrize("dims", [1, 2, 3])
@pytest.mark.parametrize("count", [1, 2])
def test_each_direction_has_a_row_of_two_flows_and_their_angles(dims, count):
    figure = _draw([_row(dims)] * count, dims)
    FigureCanvasAgg(figure).draw()
    assert len(figure.axes) == 3 * count
    for axes in (figure.axes[0], figure.axes[1]):
        (lines,), (heads,) = _artists(axes, LineCollection), _artists(axes, Quiver)
        assert len(lines.get_segments()) == 6 * 8
        assert heads.N == 6
        assert (axes.get_xlim(), axes.get_aspect()) == (figure.axes[0].get_xlim(), 1.0 if dims > 1 else "auto")


def test_heads_are_at_the_end_and_point_along_the_path():
    row = _row()
    (heads,) = _artists(_draw([row]).axes[0], Quiver)
    np.testing.assert_allclose(heads.get_offsets(), row.fixed.paths[:, -1])
    np.testing.assert_allclose(np.stack([heads.U, heads.V], axis=1), np.broadcast_to([1.0, 0.0], (6, 2)), atol=1e-9)


def test_a_point_that_does_not_move_has_no_head():
    row = _row()
    row.fixed.paths[2:] = 0.0
    row.fixed.angles[2:] = np.nan
    figure = _draw([row])
    (heads,) = _artists(figure.axes[0], Quiver)
    assert heads.N == 2
    FigureCanvasAgg(figure).draw()


def test_flows_and_histogram_have_the_angle_s_colour():
    for angle in (2.5, 47.5, 87.5):
        figure = _draw([_row(angle=angle)])
        figure.canvas.draw()
        (lines,) = _artists(figure.axes[0], LineCollection)
        expected = ANGLES(angle / 90)
        np.testing.assert_allclose(lines.get_colors(), [expected] * 48)
        (bar,) = (patch for patch in figure.axes[2].patches if patch.get_height() > 0)
        assert bar.get_height() == 100
        assert bar.get_x() <= angle <= bar.get_x() + bar.get_width()
        np.testing.assert_allclose(bar.get_facecolor(), expected, atol=0.01)


def test_the_colours_grow_lighter_with_the_angle():
    colours = ANGLES(np.linspace(0, 1, 50))[:, :3]
    lightness = colours @ [0.2126, 0.7152, 0.0722]
    assert (np.diff(lightness) > 0).all()
    hue = rgb_to_hsv(colours)[[0, -1], 0]
    assert abs(hue[0] - hue[1]) > 0.3  # and from blue to orange


@pytest.mark.parametrize("dimensions", [2, 3, 8, 100])
def test_chance_is_the_density_of_the_angle_to_a_random_direction(dimensions):
    assert quad(chance, 0, 90, args=(dimensions,))[0] == pytest.approx(1)
    normal = np.random.default_rng(0).standard_normal((20000, dimensions))
    angles = np.degrees(np.arccos(np.abs(normal[:, 0]) / np.linalg.norm(normal, axis=1)))
    assert quad(chance, 0, np.median(angles), args=(dimensions,))[0] == pytest.approx(0.5, abs=0.02)


def test_spread_points_are_inside_different_and_far_apart():
    view, points = View.fit(REAL), np.concatenate([REAL, 1e3 * REAL[:5], [[np.nan] * 3]])
    chosen = spread(view, points, 20)
    assert len(set(chosen)) == 20
    assert view.outside(view.project(points[chosen])) == 0
    flat = view.project(points[chosen])
    gaps = np.linalg.norm(flat[:, None] - flat, axis=2) + 1e9 * np.eye(20)
    first = view.project(points[:20])
    naive = np.linalg.norm(first[:, None] - first, axis=2) + 1e9 * np.eye(20)
    assert gaps.min() > 2 * naive.min()
    assert len(spread(view, points[:7], 20)) <= 7
    assert len(spread(view, np.full((3, 3), np.nan), 20)) == 1


def test_what_does_not_fit_is_refused():
    with pytest.raises(InputError, match="at least one"):
        _draw([])
    row = _row()
    with pytest.raises(InputError, match="need angles"):
        _draw([FlowRow(Flow(row.fixed.paths, row.fixed.angles[:, :3], ""), row.local, row.angles, "")])
