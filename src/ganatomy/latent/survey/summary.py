"""What a survey says of itself: the summary for programs, the facts for a page, a direction's meaning in a line.

The summaries are for programs, and are the same whatever the language of pages and pictures is.
What is not guaranteed: that numbers of two surveys compare, unless codes, strengths and class are the same.

Shapes: `K` directions of a method.
"""

from __future__ import annotations

from typing import Any

import torch

from ganatomy.execution import versions
from ganatomy.figures.pictures.traversals import UNIT
from ganatomy.languages import Language, Words
from ganatomy.latent.directions import Directions
from ganatomy.latent.labels.card import Naming
from ganatomy.latent.survey.choices import FORMAT, Survey
from ganatomy.latent.survey.findings import Findings


def summary_of(survey: Survey, found: Findings) -> dict[str, Any]:
    """Say what was done and found: what summary.json holds, a row for each direction.

    Args:
        survey: what was done.
        found: what it gave.
    """
    generator, rows = survey.generator, []
    for method, result in found.results.items():
        turned = result.stability.to_dict()["angle_of_each"] if result.stability else [None] * len(result.directions)
        naming = found.namings.get(method)
        for k, (numbers, angle) in enumerate(zip(result.numbers(), turned, strict=True)):
            rows.append(
                {
                    "method": method,
                    "name": result.directions.names[k],
                    "label": result.directions.labels[k],
                    "text": text_of(result.directions, naming, k, "en"),
                    "plus": naming[k].plus() if naming else "",
                    "share": float(result.directions.share[k]),
                    **numbers,
                    "angle": angle,
                }
            )
    agreements = [
        {"methods": list(pair), "overlap": each.overlap, "chance": each.chance, "matched": each.to_dict()["matched"]}
        for pair, each in found.comparison(survey).agreements.items()
    ]
    missing = next((dict(naming.missing) for naming in found.namings.values()), {})
    return {
        **survey.known,
        "name": survey.source,
        "family": generator.family,
        "resolution": generator.resolution,
        "weights": found.directions[0].fingerprint,
        "space": found.directions[0].space,
        **{name: chosen for name, chosen in survey.settings().items() if name != "language"},
        "samples": list(survey.samples.names),
        "unit": UNIT,
        "missing": missing,
        "directions": rows,
        "agreements": agreements,
        "pictures": found.pictures,
        **_made_by(survey),
    }


def film_summary_of(survey: Survey, found: Findings) -> dict[str, Any]:
    """Say what was done and found for a film: what its summary.json holds.

    Args:
        survey: what was done.
        found: what it gave.
    """
    generator, [directions], strengths = survey.generator, found.directions, survey.strengths
    noise = generator.noise if generator.space == "w" else None
    return {
        **survey.known,
        "name": survey.source,
        "family": generator.family,
        "resolution": generator.resolution,
        "weights": directions.fingerprint,
        "method": directions.method,
        "space": directions.space,
        "layers": list(directions.layers),
        "values": directions.values.tolist(),
        "share": directions.share.tolist(),
        "labels": list(directions.labels),
        "samples": list(survey.samples.names),
        **survey.drawing.told(generator),
        **({} if noise is None else {"noise": noise}),
        "strengths": {"start": strengths[0], "end": strengths[-1], "steps": len(strengths), "unit": UNIT},
        "size": min(survey.choices.size, generator.resolution),
        "precision": survey.choices.precision,
        "pictures": found.pictures,
        "effects": [effect.to_dict() for effect in found.effects],
        **_made_by(survey),
        "seconds_rendering": found.seconds,
        "pictures_a_second": found.made / found.seconds if found.made else None,
    }


def _made_by(survey: Survey) -> dict[str, Any]:
    of = versions(folder=FORMAT)
    told = {name: of[name] for name in ("ganatomy", "torch", "folder")}
    return {"device": str(survey.generator.device), "threads": torch.get_num_threads(), "versions": told}


def text_of(directions: Directions, naming: Naming | None, k: int, language: str | None) -> str:
    """Say in a line what a direction means: the measured label with its numbers, or one that it came with.

    >>> import numpy as np
    >>> found = Directions(np.eye(2), [1, 1], [0.5, 0.5], "z", (0,), "boundary", "f", labels=("smile", None))
    >>> text_of(found, None, 0, "en"), text_of(found, None, 1, "zh")
    ('smile', '未命名')
    """
    words = Words(language, "survey")
    return naming[k].text(words.language) if naming else directions.labels[k] or words("unnamed")


def sample_names(survey: Survey, language: Language) -> list[str]:
    """Call the samples on show by their seeds, in the words of a language.

    >>> from ganatomy.generators.networks.planted import Planted
    >>> from ganatomy.latent.survey.choices import Choices
    >>> survey = Survey(Planted(z_dim=12), ("sefa",), Choices(seeds=[3, 7], attributes=()))
    >>> sample_names(survey, "en"), sample_names(survey, "zh")
    (['seed 3', 'seed 7'], ['种子 3', '种子 7'])
    """
    return survey.samples.called(language)


def facts_of(survey: Survey, directions: Directions, command: str, naming: Naming | None = None) -> dict[str, str]:
    """Say in the survey's language what a page rests on, and how it can be made again.

    Args:
        survey: what was done.
        directions: of the first method.
        command: by which it can be done again; empty for work that was begun from Python.
        naming: of the first method, if anything was named.
    """
    words, known, choices = Words(survey.choices.language, "survey"), survey.known, survey.choices
    start, end = survey.ends
    needing = [one.name for one in choices.by if one.needs_face]
    faceless = min((naming.missing[name] for name in needing), default=0) if naming else 0
    psi, cutoff = survey.drawing.truncation(survey.generator) or (None, None)
    truncation = [] if psi is None else [f"psi {psi:g}", *([] if cutoff is None else [f"cutoff {cutoff}"])]
    over = words("fact_over_codes", codes=survey.effect_codes) if survey.effect_codes else ""
    told = {
        "source": str(known.get("title") or survey.source),
        "author": str(known.get("author", "")),
        "trained_on": str(known.get("trained_on", "")),
        "licence": words("colon").join(filter(None, (known.get("licence", ""), known.get("licence_note", "")))),
        "method": words("list_comma").join(words(f"title_{method}") for method in survey.methods),
        "strengths": words("fact_range", start=start, end=end),
        "layers": ", ".join(map(str, survey.layers)) if survey.generator.num_ws > 1 else "",
        "feature_layer": "" if choices.feature_layer is None else str(choices.feature_layer),
        "class": survey.drawing.class_name or "",
        "psi": ", ".join(truncation),
        "seed": str(choices.seed),
        "codes": words("fact_over", codes=naming.n_codes, draws=naming.draws) if naming else "",
        "effects": over,
        "missing": str(faceless) if faceless else "",
        "weights": directions.fingerprint[:16],
    }
    facts = {words(f"fact_{key}"): text for key, text in told.items() if text}
    of = versions()
    facts[words("versions")] = f"ganatomy {of['ganatomy']}, torch {of['torch']}"
    return {**facts, words("command"): command} if command else facts
