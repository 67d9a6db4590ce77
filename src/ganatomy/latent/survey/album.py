"""The pictures of an exploration, drawn from what its store holds.

    direction_<k>.png   N samples along one direction          overview.png     one sample along each, and where it acts
    traversal.mp4       everything at once, there and back     traversal.html   the same, to play with

With the laboratory report's layout also video.mp4, and strips/direction_<k>.png without any frame or text. Whatever is
drawn is a function of the pictures alone, so that a part of the directions can be drawn when work was stopped.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ganatomy.errors import InputError
from ganatomy.figures.pictures.film import FPS, traversal_frames
from ganatomy.figures.pictures.mosaic import save_picture, strip
from ganatomy.figures.pictures.traversals import direction_figure, overview_figure
from ganatomy.figures.saving import save_figure
from ganatomy.figures.video import write_mp4
from ganatomy.files import replacing
from ganatomy.latent.measures.effects import Effect
from ganatomy.latent.pictures import Grid, Store
from ganatomy.latent.survey.page.traversal import Row, traversal_page

if TYPE_CHECKING:
    from ganatomy.latent.survey.exploring import Exploration

_FILM = 4096  # pixels a side that most players take; pictures in it become smaller for that, down to 64 pixels


def _columns(exploration: Exploration, wanted: int) -> NDArray[np.intp]:
    """Choose at most so many strengths for a still picture: equally far apart, and with the middle, if that can be."""
    last = len(exploration.strengths) - 1
    for count in range(min(wanted, last + 1), 2, -1):
        if last % (count - 1) == 0 and (count % 2 or last % 2):
            return np.arange(0, last + 1, last // (count - 1))
    return np.unique(np.linspace(0, last, wanted).round().astype(np.intp))


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _titles(exploration: Exploration) -> list[str]:
    """Name each direction: its number, its meaning if it has one, and its share."""
    found = exploration.directions
    labels = [f" ({label})" if label else "" for label in found.labels]
    return [f"{k}{labels[k]}  {_percent(found.share[k])}" for k in range(len(found))]


def _heading(exploration: Exploration) -> str:
    how = "rows normalised" if exploration.directions.method == "sefa" else exploration.directions.method
    seed = exploration.settings.get("seed")
    return f"{exploration.directions.source}, SeFa ({how})" + ("" if seed is None else f", seed {seed}")


def draw_direction(folder: Path, exploration: Exploration, grid: Grid, k: int) -> None:
    """Draw direction_<k>.png from the pictures (N, K, S, h, w, 3)."""
    columns = _columns(exploration, exploration.columns)
    label = exploration.directions.labels[k]
    meaning = f" ({label})" if label else ""
    figure = direction_figure(
        grid[:, k][:, columns],
        exploration.strengths[columns],
        title=f"direction {k}{meaning}: {_percent(exploration.directions.share[k])} of the eigenvalues' sum",
        subtitle=_heading(exploration),
        rows=exploration.samples.names,
    )
    save_figure(figure, folder / f"direction_{k}.png")


def draw(
    folder: Path,
    exploration: Exploration,
    store: Store,
    effects: Sequence[Effect],
    whole: int,
    report_layout: bool = False,
) -> None:
    """Draw all but the single directions' pictures.

    Args:
        folder: where to.
        exploration: what was made.
        store: its pictures.
        effects: of the directions; none if they were not measured.
        whole: how many directions have all their pictures; the others are left out.
        report_layout: whether to write video.mp4 and strips/ besides.

    Raises:
        InputError: a file cannot be written.
    """
    plan, titles, strengths = exploration.traversal, _titles(exploration)[:whole], exploration.strengths
    unedited, grid = store[plan.unedited], Grid(store, plan.grid[:, :whole])
    _draw_overview(folder, exploration, grid, effects, titles)
    film = traversal_frames(
        unedited,
        grid,
        strengths,
        [title.replace("  ", "\n") for title in titles],
        title=_heading(exploration),
        size=min(exploration.size, max(64, _FILM // max(len(unedited), whole + 1))),
    )
    write_mp4(film, folder / "traversal.mp4", FPS, hold=0)
    with replacing(folder / "traversal.html") as part:
        part.write_text(_page(exploration, unedited, grid, effects, whole), encoding="utf-8")
    if report_layout:
        with replacing(folder / "video.mp4") as part:
            shutil.copyfile(folder / "traversal.mp4", part)
        try:
            (folder / "strips").mkdir(exist_ok=True)
        except OSError as error:
            raise InputError(f"cannot write to {folder / 'strips'}: {error.strerror or error}") from None
        for k in range(whole):
            save_picture(strip(grid[:, k]), folder / "strips" / f"direction_{k}.png")


def _draw_overview(
    folder: Path, exploration: Exploration, grid: Grid, effects: Sequence[Effect], titles: Sequence[str]
) -> None:
    columns = _columns(exploration, 7)
    pictures = grid[0][:, columns]
    if effects:
        heat = np.stack([effect.heat for effect in effects])
    else:  # of this one sample, since nothing else was measured
        ends = grid[0][:, [0, -1]].astype(float)
        heat = np.abs(ends[:, 1] - ends[:, 0]).mean(axis=-1)
    figure = overview_figure(
        pictures,
        exploration.strengths[columns],
        heat,
        titles,
        [_facts(effect) for effect in effects],
        title=f"{_heading(exploration)}: one sample along each direction",
        subtitle=f"{exploration.samples.names[0]}; the right column is the mean over {_over(exploration, effects)}",
    )
    save_figure(figure, folder / "overview.png")


def _over(exploration: Exploration, effects: Sequence[Effect]) -> str:
    return f"{exploration.effect_codes} other codes" if effects else "this sample alone"


def _facts(effect: Effect) -> str:
    ratio = "" if effect.ratio is None else f"changes {effect.ratio:.1f} times as much as a random direction"
    consistency = "" if effect.consistency is None else f"; consistency {effect.consistency:.2f}"
    return ratio + consistency


def _page(
    exploration: Exploration, unedited: NDArray[np.uint8], grid: Grid, effects: Sequence[Effect], whole: int
) -> str:
    found, known = exploration.directions, exploration.facts
    rows = [Row(f"direction {k}", float(found.share[k]), found.labels[k] or "") for k in range(whole)]
    if effects:
        measured = [(e.change, e.ratio, e.monotonic, e.consistency) for e in effects]
        rows = [Row(row.name, row.share, row.label, *numbers) for row, numbers in zip(rows, measured, strict=True)]
    facts = {
        "source": known.get("title") or known.get("name", found.source),
        "author": known.get("author", ""),
        "trained on": known.get("trained_on", ""),
        "licence": ": ".join(filter(None, (known.get("licence", ""), known.get("licence_note", "")))),
        "method": _heading(exploration),
        "effects": f"over {exploration.effect_codes} other codes" if effects else "",
        "weights": found.fingerprint[:16],
    }
    floor = None
    if effects:
        spreads = {name: getattr(effects[0].floor, name) for name in ("change", "monotonic", "consistency")}
        floor = {name: (spread.mean, spread.std) for name, spread in spreads.items() if spread is not None}
    return traversal_page(
        unedited,
        grid,
        exploration.strengths,
        rows,
        title=f"{found.source}: {whole} directions",
        samples=exploration.samples.names,
        facts={name: text for name, text in facts.items() if text},
        heat=np.stack([effect.heat for effect in effects]) if effects else None,
        floor=floor,
        asked=len(found),
        size=exploration.size if exploration.size != 256 else None,
    )
