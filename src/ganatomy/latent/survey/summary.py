"""What a survey says of itself: the summary for programs, the facts for a page, a direction's meaning in a line.

What is not guaranteed: that numbers of two surveys compare, unless codes, strengths and class are the same.

Shapes: `K` directions of a method.
"""

from __future__ import annotations

from typing import Any

import torch

from ganatomy.execution import versions
from ganatomy.figures.pictures.traversals import UNIT
from ganatomy.latent.directions import Directions
from ganatomy.latent.labels.card import Naming
from ganatomy.latent.labels.meanings import UNNAMED, Language
from ganatomy.latent.survey.choices import FORMAT, Survey
from ganatomy.latent.survey.stages import Findings
from ganatomy.latent.survey.words import WORDS


def summary_of(survey: Survey, found: Findings) -> dict[str, Any]:
    """Say what was done and found: what summary.json holds, a row for each direction.

    Args:
        survey: what was done.
        found: what it gave.
    """
    generator, rows = survey.generator, []
    for method, result in found.comparison.results.items():
        turned = result.stability.to_dict()["angle_of_each"] if result.stability else [None] * len(result.directions)
        for k, (numbers, angle) in enumerate(zip(result.numbers(), turned, strict=True)):
            naming = found.namings.get(method)
            rows.append(
                {
                    "method": method,
                    "name": result.directions.names[k],
                    "label": result.directions.labels[k],
                    "text": text_of(result.directions, naming, k, survey.choices.language),
                    "plus": naming[k].plus(survey.choices.language) if naming else "",
                    "share": float(result.directions.share[k]),
                    **numbers,
                    "angle": angle,
                }
            )
    agreements = [
        {"methods": list(pair), "overlap": each.overlap, "chance": each.chance, "matched": each.to_dict()["matched"]}
        for pair, each in found.comparison.agreements.items()
    ]
    missing = next((dict(naming.missing) for naming in found.namings.values()), {})
    return {
        **survey.facts,
        "name": survey.source,
        "family": generator.family,
        "resolution": generator.resolution,
        "weights": found.directions[0].fingerprint,
        "space": found.directions[0].space,
        **survey.settings(),
        "samples": list(survey.samples.names),
        "unit": UNIT,
        "missing": missing,
        "directions": rows,
        "agreements": agreements,
        "pictures": len(found.store),
        "device": str(generator.device),
        "threads": torch.get_num_threads(),
        "versions": versions(folder=FORMAT),
    }


def text_of(directions: Directions, naming: Naming | None, k: int, language: Language) -> str:
    """Say in a line what a direction means: the measured label with its numbers, or one that it came with.

    >>> import numpy as np
    >>> found = Directions(np.eye(2), [1, 1], [0.5, 0.5], "z", (0,), "boundary", "f", labels=("smile", None))
    >>> text_of(found, None, 0, "en"), text_of(found, None, 1, "zh")
    ('smile', '未命名')
    """
    return naming[k].text(language) if naming else directions.labels[k] or UNNAMED[language]


def sample_names(survey: Survey, language: Language) -> list[str]:
    """Call the samples on show by their seeds, in the words of a language.

    >>> from ganatomy.generators.networks.planted import Planted
    >>> from ganatomy.latent.survey.choices import Choices
    >>> survey = Survey(Planted(z_dim=12), ("sefa",), Choices(seeds=[3, 7]), {})
    >>> sample_names(survey, "en"), sample_names(survey, "zh")
    (['seed 3', 'seed 7'], ['种子 3', '种子 7'])
    """
    words = WORDS[language]
    names = [name.replace("sample ", f"{words['sample']} ") for name in survey.samples.names]
    return [name.replace("seed ", f"{words['seed']} ") for name in names]


def facts_of(survey: Survey, found: Findings, command: str) -> dict[str, str]:
    """Say in the survey's language what a page rests on, and how it can be made again.

    Args:
        survey: what was done.
        found: what it gave.
        command: by which it can be done again.
    """
    words, known, choices = WORDS[survey.choices.language], survey.facts, survey.choices
    start, end = survey.ends
    naming = next(iter(found.namings.values()), None)
    needing = [one.name for one in choices.attributes if one.needs_face]
    faceless = min((naming.missing[name] for name in needing), default=0) if naming else 0
    psi, cutoff = survey.drawing.truncation(survey.generator) or (None, None)
    truncation = "" if psi is None else f"psi {psi:g}"
    told = {
        "source": str(known.get("title") or survey.source),
        "author": str(known.get("author", "")),
        "trained_on": str(known.get("trained_on", "")),
        "licence": ": ".join(filter(None, (known.get("licence", ""), known.get("licence_note", "")))),
        "strengths": words["range"].format(start=start, end=end),
        "layers": ", ".join(map(str, survey.layers)) if survey.generator.num_ws > 1 else "",
        "feature_layer": "" if choices.feature_layer is None else str(choices.feature_layer),
        "label": survey.label or "",
        "psi": truncation + ("" if cutoff is None else f", cutoff {cutoff}"),
        "seed": str(choices.seed),
        "codes": words["over"].format(codes=naming.codes, draws=naming.draws) if naming else "",
        "effect_codes": words["over_codes"].format(codes=survey.effect_codes),
        "missing": str(faceless) if faceless else "",
        "weights": found.directions[0].fingerprint[:16],
        "versions": "ganatomy {ganatomy}, torch {torch}".format(**versions()),
        "command": command,
    }
    return {words[key]: text for key, text in told.items() if text}
