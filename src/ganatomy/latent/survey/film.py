"""The pictures of a film's folder, drawn from what its store holds.

    direction_<k>.png   N samples along one direction          overview.png     one sample along each, and where it acts
    traversal.mp4       everything at once, there and back     traversal.html   the same, to play with

With the laboratory report's layout also video.mp4, and strips/direction_<k>.png without any frame or text. Whatever is
drawn is a function of the pictures alone, so that a part of the directions can be drawn when work was stopped.

Shapes: `N` samples, `K` directions, `S` strengths, `h` a picture's pixels a side.
"""

from __future__ import annotations

import shutil

import numpy as np
from numpy.typing import NDArray

from ganatomy.figures.fonts import drawable
from ganatomy.figures.pictures.film import FPS, traversal_frames
from ganatomy.figures.pictures.mosaic import save_picture, strip
from ganatomy.figures.pictures.traversals import direction_figure, overview_figure
from ganatomy.figures.saving import save_figure
from ganatomy.figures.video import write_mp4
from ganatomy.files import OwnedFolder
from ganatomy.languages import Language, Words
from ganatomy.latent.directions import Directions
from ganatomy.latent.labels.card import shipped_labels
from ganatomy.latent.measures.effects import Effect
from ganatomy.latent.pictures import Grid, Store
from ganatomy.latent.survey.choices import Survey
from ganatomy.latent.survey.page.cards import Card
from ganatomy.latent.survey.page.film import film_page
from ganatomy.latent.survey.summary import facts_of, sample_names

_FILM = 4096  # pixels a side that most players take; pictures in it become smaller for that, down to 64 pixels
_STILLS = 7  # columns of the overview


class Album:
    """The film's pictures, of as many directions as are whole.

    Args:
        folder: which is claimed.
        survey: of a film.
        directions: K of them.
        store: the pictures on show, in the order of the survey's traversal.
        effects: of the directions; none if they were not measured, or not yet.
    """

    def __init__(
        self,
        folder: OwnedFolder,
        survey: Survey,
        directions: Directions,
        store: Store,
        effects: tuple[Effect, ...] = (),
    ) -> None:
        self._folder, self._survey, self._directions, self._store = folder, survey, directions, store
        self._effects, self._strengths = effects, survey.strengths
        self._language: Language = drawable(survey.choices.language)
        self._words, self._plan = Words(self._language, "survey"), survey.traversal(len(directions))

    def draw_directions(self, whole: int) -> None:
        """Draw direction_<k>.png of so many directions, but for those that are there.

        Raises:
            InputError: a file cannot be written.
        """
        film = self._survey.film
        columns = columns_of(len(self._strengths), film.columns if film else _STILLS)
        grid = self._grid(whole)
        for k in range(whole):
            place = self._folder.at(f"direction_{k}.png")
            if place.exists():
                continue
            figure = direction_figure(
                grid[:, k][:, columns],
                self._strengths[columns],
                title=f"{self._name(k, self._language)}{self._words('comma')}{self._share(k)}",
                subtitle=self._heading(),
                rows=sample_names(self._survey, self._language),
                language=self._language,
            )
            save_figure(figure, place)

    def draw(self, whole: int, report_layout: bool = False, command: str = "") -> None:
        """Draw all but the single directions' pictures.

        Args:
            whole: how many directions have all their pictures; the others are left out.
            report_layout: whether to write video.mp4 and strips/ besides.
            command: by which it can be done again.

        Raises:
            InputError: a file cannot be written.
        """
        folder, grid, unedited = self._folder, self._grid(whole), self._store[self._plan.unedited]
        titles = [(self._title(k), self._percent(k)) for k in range(whole)]
        self._draw_overview(grid, ["  ".join(title) for title in titles])
        film = traversal_frames(
            unedited,
            grid,
            self._strengths,
            ["\n".join(title) for title in titles],
            title=self._heading(),
            size=min(self._survey.choices.size, max(64, _FILM // max(len(unedited), whole + 1))),
            language=self._language,
        )
        write_mp4(film, folder.at("traversal.mp4"), FPS, hold=0)
        folder.write_text("traversal.html", self._page(unedited, whole, command))
        if report_layout:
            with folder.writing("video.mp4") as copy, folder.open("traversal.mp4") as film:
                shutil.copyfileobj(film, copy)
            for k in range(whole):
                save_picture(strip(grid[:, k]), folder.at(f"strips/direction_{k}.png"))

    def _grid(self, whole: int) -> Grid:
        """The pictures (N, K, S, h, h, 3) of the directions that are whole."""
        return Grid(self._store, self._plan.grid[:, :whole])

    def _heading(self) -> str:
        words, seeds = self._words, self._survey.choices.seeds
        parts = [self._directions.source, words(f"title_{self._directions.method}")]
        parts += [words("seed_of", seed=self._survey.choices.seed)] if seeds is None else []
        return words("comma").join(parts)

    def _label(self, k: int, language: Language) -> str:
        """What a direction means, in the words of a language if they are known."""
        label, known = self._directions.labels[k], shipped_labels(self._directions.fingerprint)
        meaning = None if label is None or known is None else known.of(self._directions[k])
        return (meaning.label_in(language) if meaning is not None and meaning.label == label else label) or ""

    def _name(self, k: int, language: Language) -> str:
        words, label = Words(language, "survey"), self._label(k, language)
        return words.titled(words("direction", k=k), label)

    def _title(self, k: int) -> str:
        return self._words.titled(str(k), self._label(k, self._language))

    def _share(self, k: int) -> str:
        """Say of what a direction has which share, for a title."""
        key = "film_share" if self._directions.method.startswith("sefa") else "film_share_of"
        return self._words(key, share=self._percent(k))

    def _percent(self, k: int) -> str:
        return self._words("percent", value=f"{100 * self._directions.share[k]:.1f}")

    def _draw_overview(self, grid: Grid, titles: list[str]) -> None:
        words, columns = self._words, columns_of(len(self._strengths), _STILLS)
        if self._effects:
            heat = np.stack([effect.heat for effect in self._effects])
            over = words("film_over", codes=self._survey.effect_codes)
        else:  # of this one sample, since nothing else was measured
            ends, over = grid[0][:, [0, -1]].astype(float), words("film_alone")
            heat = np.abs(ends[:, 1] - ends[:, 0]).mean(axis=-1)
        figure = overview_figure(
            grid[0][:, columns],
            self._strengths[columns],
            heat,
            titles,
            [self._facts(effect) for effect in self._effects],
            title=words("film_overview", heading=self._heading()),
            subtitle=words("film_where", sample=sample_names(self._survey, self._language)[0], over=over),
            language=self._language,
        )
        save_figure(figure, self._folder.at("overview.png"))

    def _facts(self, effect: Effect) -> str:
        words, told = self._words, []
        if effect.ratio is not None:
            told.append(words("film_ratio", ratio=f"{effect.ratio:.1f}"))
        if effect.consistency is not None:
            told.append(words("film_consistency", value=words.number(effect.consistency)))
        return words("semicolon").join(told)

    def _page(self, unedited: NDArray[np.uint8], whole: int, command: str) -> str:
        survey, found, effects = self._survey, self._directions, self._effects
        words, language = Words(survey.choices.language, "survey"), survey.choices.language
        cards = []
        for k in range(whole):
            effect = effects[k] if effects else None
            label = {each: self._label(k, each) for each in ("en", "zh")} if found.labels[k] else None
            names = ("change", "ratio", "monotonic", "consistency") if effect else ()
            cards.append(
                Card(
                    name=words("direction", k=k),
                    label=label,
                    plus={},
                    share=float(found.share[k]),
                    numbers={name: getattr(effect, name) for name in names},
                    bars=[],
                    heat=effect.heat if effect else None,
                    pictures=Grid(self._store, self._plan.grid[:, k]),
                )
            )
        floor = None
        if effects:
            spreads = {name: getattr(effects[0].floor, name) for name in ("change", "monotonic", "consistency")}
            floor = {name: (spread.mean, spread.std) for name, spread in spreads.items() if spread is not None}
        return film_page(
            cards,
            unedited=unedited,
            strengths=self._strengths,
            samples=sample_names(survey, words.language),
            title=words.count("film_title", whole, source=found.source),
            facts=facts_of(survey, found, command),
            floor=floor,
            asked=len(found),
            language=language,
            size=survey.choices.size if survey.choices.size != 256 else None,
        )


def columns_of(strengths: int, wanted: int) -> NDArray[np.intp]:
    """Choose at most so many strengths for a still picture: equally far apart, and with the middle, if that can be.

    >>> columns_of(21, 7).tolist(), columns_of(5, 2).tolist()
    ([0, 5, 10, 15, 20], [0, 4])
    """
    last = strengths - 1
    for count in range(min(wanted, last + 1), 2, -1):
        if last % (count - 1) == 0 and (count % 2 or last % 2):
            return np.arange(0, last + 1, last // (count - 1))
    return np.unique(np.linspace(0, last, min(wanted, last + 1)).round().astype(np.intp))
