"""What a survey shows: the page, the table, a picture of each direction, and the cards.

All of it is a function of what the stages gave; pictures are read from their store when they are drawn. The table is
for programs, and the same in both languages.
What is not guaranteed: that a label is the right word for what a person sees; that is what the pictures are for.

Shapes: `N` samples, `K` directions of a method, `S` strengths, `h` a picture's pixels a side.
"""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from ganatomy.figures.fonts import drawable
from ganatomy.figures.pictures.traversals import direction_figure
from ganatomy.figures.saving import save_figure
from ganatomy.files import OwnedFolder
from ganatomy.languages import LANGUAGES, Words
from ganatomy.latent.directions import Directions
from ganatomy.latent.labels.card import Naming
from ganatomy.latent.labels.meanings import Meaning, Response
from ganatomy.latent.labels.rule import is_moved
from ganatomy.latent.measures.comparison import MethodResult
from ganatomy.latent.pictures import Grid
from ganatomy.latent.survey.choices import Survey
from ganatomy.latent.survey.findings import Findings
from ganatomy.latent.survey.page.page import Agreement, Bar, Card, Method, directions_page, directions_table
from ganatomy.latent.survey.summary import facts_of, sample_names, text_of

_STRIP = 96
"""Pixels a side of the pictures in strips, at least."""


def draw(folder: OwnedFolder, survey: Survey, found: Findings, command: str = "") -> None:
    """Write all but the summary.

    Args:
        folder: which is claimed.
        survey: what was done.
        found: what it gave.
        command: by which it can be done again.

    Raises:
        InputError: a file cannot be written.
    """
    language, size = survey.choices.language, survey.choices.size
    words, comparison = Words(language, "survey"), found.comparison(survey)
    for directions in found.directions:
        directions.save(folder.at(f"directions-{directions.method}.safetensors"))
    for method, naming in found.namings.items():
        naming.save(folder.at(f"labels-{method}.json"))
    folder.write_json("comparison.json", comparison.to_dict())
    grids = _grids(survey, found)
    for directions, grid in zip(found.directions, grids, strict=True):
        for k in range(len(directions)):
            place = folder.at(f"{directions.method}-{k}.png")
            if not place.exists():  # it takes a second, and work that was stopped here may have drawn it
                save_figure(_strip(survey, found, directions, k, grid[k]), place)
    methods = [
        _method(result, found.namings.get(name), grid)
        for (name, result), grid in zip(found.results.items(), grids, strict=True)
    ]
    folder.write_table("table.csv", *directions_table(methods))
    agreements = [
        Agreement(pair, each.overlap, each.chance, each.partner.tolist(), each.matched.tolist())
        for pair, each in comparison.agreements.items()
    ]
    titles = words("list_comma").join(words(f"title_{method}") for method in survey.methods)
    page = directions_page(
        methods,
        agreements,
        unedited=found.store[survey.traversal(1).unedited],
        strengths=survey.strengths,
        samples=sample_names(survey, words.language),
        title=words("page_title", source=survey.source, methods=titles),
        facts=facts_of(survey, found.directions[0], command, next(iter(found.namings.values()), None)),
        n_codes=survey.choices.n_codes if found.namings else None,
        language=language,
        size=size if size != 128 else None,
    )
    folder.write_text("page.html", page)


def _grids(survey: Survey, found: Findings) -> list[list[Grid]]:
    """For each direction of each method its pictures (N, S, h, h, 3), read when they are asked for."""
    counts = [len(directions) for directions in found.directions]
    grid = survey.traversal(sum(counts)).grid  # (N, Q, S)
    return [
        [Grid(found.store, grid[:, q]) for q in range(end - count, end)]
        for count, end in zip(counts, np.cumsum(counts), strict=True)
    ]


def _strip(survey: Survey, found: Findings, directions: Directions, k: int, pictures: Grid) -> Figure:
    language = drawable(survey.choices.language)
    words, naming = Words(language, "survey"), found.namings.get(directions.method)
    plus = naming[k].plus(language) if naming else ""
    details = [f"{survey.source}{words('comma')}{directions.names[k]}", words("plus_is", plus=plus) if plus else ""]
    return direction_figure(
        pictures[:],
        survey.strengths,
        title=words.titled(words("direction", k=k), text_of(directions, naming, k, language)),
        subtitle=words("semicolon").join(filter(None, details)),
        rows=sample_names(survey, language),
        size=max(_STRIP, pictures.shape[-2]),
        language=language,
    )


def _method(result: MethodResult, naming: Naming | None, grids: list[Grid]) -> Method:
    directions, told = result.directions, result.to_dict()
    cards = [
        _card(directions, k, numbers, result.effects[k].heat, grids[k], naming[k] if naming else None)
        for k, numbers in enumerate(result.numbers())
    ]
    stable, name = told["stability"], directions.method
    title = {language: Words(language, "survey")(f"title_{name}") for language in LANGUAGES}
    return Method(name, title, cards, told["median"], stable["angle"] if stable else None)


def _card(
    directions: Directions,
    k: int,
    numbers: dict[str, float | None],
    heat: np.ndarray,
    pictures: Grid,
    meaning: Meaning | None,
) -> Card:
    label = directions.labels[k]
    if meaning is None:
        given = None if label is None else dict.fromkeys(LANGUAGES, label)
        return Card(directions.names[k], given, {}, float(directions.share[k]), numbers, [], heat, pictures)
    named = meaning.label is not None
    return Card(
        name=directions.names[k],
        label={language: meaning.label_in(language) or "" for language in LANGUAGES} if named else None,
        plus={language: meaning.plus(language) for language in LANGUAGES} if named else {},
        share=float(directions.share[k]),
        numbers=numbers,
        bars=[_bar(response, meaning) for response in meaning.responses],
        heat=heat,
        pictures=pictures,
        leakage=max(meaning.leakage.values(), default=None),
        minus={language: (-meaning).plus(language) for language in LANGUAGES} if named else {},
    )


def _bar(response: Response, meaning: Meaning) -> Bar:
    trait, more = response.trait, (response.effect or 0) >= 0

    def known(number: float | None) -> float:
        return np.nan if number is None else number

    low, high = response.interval or (None, None)
    return Bar(
        title=trait.title,
        unit=trait.unit,
        group=trait.group,
        effect=known(response.effect),
        low=known(low),
        high=known(high),
        null=known(response.null),
        follows=known(response.follows),
        main=trait.name in meaning.main,
        moved=is_moved(response, meaning.bar),
        plus=trait.more if more else trait.less,
        minus=trait.less if more else trait.more,
    )
