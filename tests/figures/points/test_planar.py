"""Still pictures: they draw for every dimension, say what is outside, and keep their axes and colours."""

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.quiver import Quiver

from ganatomy.errors import InputError
from ganatomy.figures.points.planar import film_strip, scatter
from ganatomy.figures.points.view import View
from ganatomy.figures.points.warp import latent_grid, latent_lines
from ganatomy.figures.saving import save_figure
from ganatomy.figures.style import GENERATED, GREYS, HELDOUT
from ganatomy.files import replacing

RNG = np.random.default_rng(0)
REAL = RNG.normal(size=(300, 3))
FAKE = RNG.normal(size=(300, 3)) * 0.5


def pixels(figure) -> np.ndarray:
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3].astype(int)


def near(image: np.ndarray, colour: str, tolerance: int = 60) -> int:
    return int((np.abs(image - np.array(to_rgb(colour)) * 255).sum(axis=-1) < tolerance).sum())


@pytest.mark.parametrize("dims", [1, 2, 3])
@pytest.mark.parametrize("with_field", [False, True])
def test_scatter_draws_both_kinds_of_points_in_every_dimension(dims, with_field):
    real, fake = REAL[:, :dims], FAKE[:, :dims]
    view = View.fit(real)
    field = np.sin(view.grid(20)[:, 0]) if with_field else None
    image = pixels(scatter(view, real, fake, field, title="t"))
    red, _, blue = np.moveaxis(image, -1, 0)
    assert near(image, GENERATED) > 100
    assert near(image, HELDOUT if dims > 1 else "#8cbfde") > 100
    assert (red - blue > 60).sum() > 500
    assert (blue - red > 60).sum() > 500


def test_field_is_drawn_where_it_was_evaluated():
    view = View.fit(REAL[:, :2])
    grid = view.grid(40)
    figure = scatter(view, REAL[:0, :2], REAL[:0, :2], (grid[:, 0] > 0) & (grid[:, 1] > 0), title="quadrant")
    image = pixels(figure)
    axes = figure.axes[0]
    height = image.shape[0]
    shade = {}
    for name, point in {"++": (1, 1), "+-": (1, -1), "-+": (-1, 1), "--": (-1, -1)}.items():
        column, row = axes.transData.transform(point).astype(int)
        shade[name] = image[height - row, column, 0]
    assert shade["++"] == 255
    assert shade["+-"] == shade["-+"] == shade["--"] == round(GREYS(0.0)[0] * 255)


def test_points_outside_are_counted_in_the_picture():
    fake = FAKE[:, :2].copy()
    fake[:7] = 1e6
    fake[7:9] = np.nan
    figure = scatter(View.fit(REAL[:, :2]), REAL[:, :2], fake, title="t")
    assert figure.axes[0].get_title(loc="left") == "outside the axes: 9 generated"


def test_the_axes_do_not_depend_on_what_was_generated():
    view = View.fit(REAL[:, :2])
    limits = []
    for fake in (FAKE[:, :2], FAKE[:, :2] * 50):
        axes = scatter(view, REAL[:, :2], fake, title="t").axes[0]
        limits.append((*axes.get_xlim(), *axes.get_ylim()))
        assert axes.get_aspect() == 1.0
    assert limits[0] == limits[1] == tuple(view.limits.ravel())


def test_a_field_with_holes_is_drawn_and_said():
    view = View.fit(REAL[:, :2])
    field = np.sin(view.grid(20)[:, 0])
    field[:30], field[50] = np.nan, np.inf
    figure = scatter(view, REAL[:, :2], FAKE[:, :2], field, title="t")
    assert "not finite" in figure.axes[0].get_title(loc="left")
    tint = "#f6d5ea"
    assert (
        near(pixels(figure), tint, 4) > 100 > near(pixels(scatter(view, REAL[:, :2], FAKE[:, :2], title="")), tint, 4)
    )
    pixels(scatter(view, REAL[:, :2], FAKE[:, :2], np.full(400, np.nan), title="nothing finite"))
    pixels(scatter(view, REAL[:, :2], FAKE[:, :2], np.zeros(400), title="constant"))


def test_legend_counts_what_is_drawn_of_how_many():
    many = np.tile(REAL[:, :2], (40, 1))
    figure = scatter(View.fit(REAL[:, :2]), REAL[:, :2], many, title="t")
    assert [text.get_text() for text in figure.legends[0].get_texts()] == [
        "held-out (300)",
        "generated (4000 of 12000)",
    ]


def test_arrows_point_along_the_gradient_and_are_not_longer_than_stated():
    real = REAL[:, :2]
    view = View.fit(real)
    slope = np.array([2.0, -1.0])
    vectors = slope * np.geomspace(0.01, 100.0, len(real))[:, None]
    figure = scatter(view, real, real, title="t", arrows=(real, vectors))
    (arrows,) = (child for child in figure.axes[0].get_children() if isinstance(child, Quiver))
    drawn = np.stack([arrows.U, arrows.V], axis=1)
    np.testing.assert_allclose(drawn[:, 0] * slope[1], drawn[:, 1] * slope[0], atol=1e-12)
    length = np.linalg.norm(drawn, axis=1)
    assert length.max() == pytest.approx(0.08 * np.ptp(view.limits[0]))
    assert (np.diff(length) > -1e-12).all()


def test_what_does_not_fit_is_refused():
    real = REAL[:, :2]
    view = View.fit(real)
    with pytest.raises(InputError, match="n \\* n"):
        scatter(view, real, real, np.zeros(7), title="t")
    with pytest.raises(InputError, match="as many vectors"):
        scatter(view, real, real, title="t", arrows=(real, real[:3]))
    with pytest.raises(InputError, match="D = 1"):
        scatter(View.fit(real[:, :1]), real[:, :1], real[:, :1], title="t", arrows=(real[:, :1], real[:, :1]))
    with pytest.raises(InputError, match="latent grid"):
        latent_grid(view, real, np.zeros((3, 4, 2)), np.zeros(3), title="t")
    with pytest.raises(InputError, match="equally many"):
        film_strip(view, real, real[None], [1, 2], title="t")


@pytest.mark.parametrize("dims", [1, 2, 3])
def test_strip_spans_the_training_with_one_set_of_axes(dims):
    real = REAL[:, :dims]
    view = View.fit(real)
    moves = np.linspace(4, 0, 30)[:, None, None] + FAKE[:, :dims]
    fields = np.stack([k * np.sin(view.grid(16)[:, 0]) for k in range(30)])
    figure = film_strip(view, real, moves, np.arange(30) * 10, fields, title="t", panels=8, columns=3)
    titled = [axes for axes in figure.axes if axes.get_title(loc="left")]
    epochs = [axes.get_title(loc="left").split(" (")[0] for axes in titled]
    assert len(epochs) == 8
    assert (epochs[0], epochs[-1]) == ("epoch 0", "epoch 290")
    assert {axes.get_xlim() for axes in titled} == {tuple(view.limits[0])}
    assert len({axes.get_ylim() for axes in titled}) == 1
    pixels(figure)


def test_strip_of_one_snapshot():
    real = REAL[:, :2]
    figure = film_strip(View.fit(real), real, FAKE[None, :, :2], [5], title="t")
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["epoch 5"]
    pixels(figure)


@pytest.mark.parametrize("dims", [1, 2, 3])
def test_latent_grid_draws_the_images_it_is_given(dims):
    codes, levels = latent_lines(5, 40)
    weights = RNG.normal(size=(2, dims))
    view = View.fit(REAL[:, :dims])
    figure = latent_grid(view, REAL[:, :dims], codes @ weights, levels, title="t")
    families = figure.axes[0].collections
    for family, lines in zip(families, codes @ weights, strict=True):
        np.testing.assert_array_equal(family.get_array(), levels)
        for path, line in zip(family.get_paths(), lines, strict=True):
            np.testing.assert_allclose(path.vertices[:, : min(dims, 2)], view.project(line))
    pixels(figure)


def test_latent_lines_hold_one_coordinate_each():
    codes, levels = latent_lines(7, 20, reach=1.5)
    for family in (0, 1):
        np.testing.assert_array_equal(codes[family, ..., family], np.repeat(levels[:, None], 20, axis=1))
        np.testing.assert_allclose(codes[family, 0, [0, -1], 1 - family], [-1.5, 1.5])


def test_a_title_is_printed_as_it_is():
    pixels(scatter(View.fit(REAL[:, :2]), REAL[:, :2], FAKE[:, :2], title="cost in $ and_$\\frac"))


def test_the_callers_settings_neither_show_nor_change(tmp_path):
    real = REAL[:, :2]
    view = View.fit(real)
    save_figure(scatter(view, real, FAKE[:, :2], title="t"), tmp_path / "a.png")
    with mpl.rc_context({"axes.facecolor": "black", "font.size": 30, "lines.linewidth": 9, "savefig.dpi": 30}):
        before = dict(mpl.rcParams)
        save_figure(scatter(view, real, FAKE[:, :2], title="t"), tmp_path / "b.png")
        assert dict(mpl.rcParams) == before
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


def test_saving_twice_gives_the_same_bytes_and_no_other_file(tmp_path):
    real = REAL[:, :2]
    for name in ("a.png", "b.png"):
        save_figure(scatter(View.fit(real), real, FAKE[:, :2], title="t"), tmp_path / name)
    first = (tmp_path / "a.png").read_bytes()
    assert first == (tmp_path / "b.png").read_bytes()
    assert b"Software" not in first
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.png", "b.png"]


def test_a_failed_write_leaves_the_former_file_and_nothing_else(tmp_path):
    target = tmp_path / "a.png"
    target.write_bytes(b"former")

    class Broken:
        def savefig(self, file, **_):
            file.write(b"half")
            raise MemoryError

    with pytest.raises(MemoryError):
        save_figure(Broken(), target)
    assert target.read_bytes() == b"former"
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]


def test_a_place_that_cannot_be_written_is_one_line(tmp_path):
    (tmp_path / "file").write_text("")
    (tmp_path / "folder").mkdir()
    for path in (tmp_path / "none" / "a.txt", tmp_path / "file" / "a.txt", tmp_path / "folder"):
        with pytest.raises(InputError, match="cannot write") as caught, replacing(path) as file:
            file.write(b"x")
        assert "\n" not in str(caught.value)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "folder"]
