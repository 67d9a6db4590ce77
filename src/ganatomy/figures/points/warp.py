"""The latent plane under the generator: where a square grid of codes z is taken, G(z1, z2).

A generator with a two-dimensional latent space is a map of the plane into data space. The images of the lines
z1 = constant and z2 = constant show where it stretches (sparse lines: low density), where it folds (lines that
turn back) and what it leaves empty. For a latent space of more dimensions the caller fixes the other
coordinates, and the picture shows that slice only. Not guaranteed: that what is folded in the picture is
folded in data space, if D > 2.

Shapes: `N` points, `D` data dimensions, `L` lines a family, `M` points a line.
"""

from collections.abc import Sequence

import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.collections import LineCollection
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from ganatomy.errors import InputError
from ganatomy.figures.fonts import picture_words
from ganatomy.figures.points.planar import headed_figure
from ganatomy.figures.points.view import View
from ganatomy.figures.style import FAINT, FAMILIES, house


def latent_lines(lines: int = 13, points: int = 200, *, reach: float = 2.4) -> tuple[np.ndarray, np.ndarray]:
    """List the latent codes along a square grid's lines, and the coordinate each line holds constant.

    Returns:
        codes (2, L, M, 2), where family 0 has the first coordinate constant on each line and family 1 the
        second, and the L constants, evenly spaced in [-reach, reach]. A normal z lies within 2.4 at 98 % a
        coordinate.

    >>> codes, levels = latent_lines(3, 5, reach=1.0)
    >>> codes.shape, levels.tolist(), codes[1, 0].tolist()[:2]
    ((2, 3, 5, 2), [-1.0, 0.0, 1.0], [[-1.0, -1.0], [-0.5, -1.0]])
    """
    levels, along = np.linspace(-reach, reach, lines), np.linspace(-reach, reach, points)
    first = np.stack(np.broadcast_arrays(levels[:, None], along[None, :]), axis=-1)
    return np.stack([first, first[..., ::-1]]), levels


def latent_grid(
    view: View,
    heldout: ArrayLike,
    lines: ArrayLike,
    levels: Sequence[float] | np.ndarray,
    *,
    title: str,
    trained_on: bool = False,
    language: str | None = None,
) -> Figure:
    """Draw where the generator takes a square grid of the latent plane, stretched and folded over the data.

    Lines of constant z1 are blue and solid, lines of constant z2 orange and dashed, from pale (least) to dark.
    For D = 1 each line is drawn as the curve from its latent coordinate (up) to the generated value (across).

    Args:
        view: what is drawn.
        heldout: real points (N, D), in grey.
        lines: the generator's images (2, L, M, D) of the codes of `latent_lines`. A generator with batch
            normalisation must see them with statistics of ordinary samples, not of this grid.
        levels: the constant of each line, (L,).
        title: printed as it is.
        trained_on: whether the real points were trained on, and are not called held-out.
        language: "en" or "zh"; None for the one that is `languages.chosen`.

    Raises:
        InputError: shapes that do not fit, an unknown language.

    >>> codes, levels = latent_lines()
    >>> figure = latent_grid(View.fit(codes[0, 0]), codes[0, 0], codes, levels, title="identity")
    >>> len(figure.axes[0].collections)
    2
    """
    lines = np.asarray(lines, dtype=float)
    if lines.ndim != 4 or lines.shape[:2] != (2, len(levels)):
        raise InputError(f"a latent grid has shape (2, L, M, D) with L = {len(levels)} levels, not {lines.shape}")
    words = picture_words(language, *["trained_on"] * trained_on)
    names = view.labels(words)
    with house():
        figure, axes = headed_figure(view, title, words, fill=0.66)
        real = view.project(heldout)
        flat = view.project(lines.reshape(-1, lines.shape[-1])).reshape(*lines.shape[:3], -1)
        lost = view.outside(flat.reshape(-1, flat.shape[-1]))
        axes.set(xlim=view.limits[0], xlabel=names[0])
        if len(view.basis) == 1:
            along = np.broadcast_to(np.linspace(levels[0], levels[-1], lines.shape[2])[:, None], flat.shape)
            flat = np.concatenate([flat, along], axis=-1)
            axes.set(ylabel=words("along"), ylim=(1.1 * levels[0], 1.1 * levels[-1]))
            axes.plot(real[:, 0], np.zeros(len(real)), "|", color=FAINT, transform=axes.get_xaxis_transform())
        else:
            axes.set(ylim=view.limits[1], ylabel=names[1], aspect="equal" if view.equal else "auto")
            axes.plot(*real.T, "o", markersize=2.6, markeredgewidth=0, color="#bbbbbb")
        for family, (paths, cmap, style) in enumerate(zip(flat, FAMILIES, ("solid", (0, (5, 1.5))), strict=True)):
            norm = Normalize(levels[0], levels[-1])
            axes.add_collection(
                LineCollection(paths, array=levels, cmap=cmap, norm=norm, linewidths=0.9, linestyles=[style])
            )
            bar = figure.colorbar(
                ScalarMappable(norm, cmap), cax=axes.inset_axes((1.03 + 0.17 * family, 0.0, 0.03, 1.0))
            )
            bar.set_label(words(("solid", "dashed")[family]), labelpad=5)
            bar.outline.set_edgecolor(FAINT)
        share = lost / max(flat.shape[0] * flat.shape[1] * flat.shape[2], 1)
        notes = [words("grey", count=len(real)), words("grid_lost", share=f"{share:.1%}") if lost else ""]
        axes.set_title(words("semicolon").join(filter(None, notes)), color=FAINT)
    return figure
