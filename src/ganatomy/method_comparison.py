"""Ways of finding directions, compared on one generator: what their directions do, whether they agree and last.

For each direction, over the same codes of the same seed and strengths from start to end:

    change       grey levels a pixel for one unit of strength: the change from end to end over (end - start)
    ratio        that over what random directions of the same length change
    consistency  `alike` of `latent.effects`: 1 when the same happens to every picture, 0 when what happens is unrelated
    monotonic    of all that pixels change on the way, the part kept at the end
    half         the share of pixels in the smallest area with half of the change (`latent.agreement.locality`)

For each method, the medians of these over its directions, and `stability`: the method is run again with other seeds,
so other codes, and the angles are taken. A method that looks at the weights only is exact, and stays where it is; of
`local_basis` it says how much the directions of one picture are those of another; of `random`, what no stability is.
For each two methods, how their directions match and their spans overlap, beside chance (`latent.agreement`).

All methods edit mapped codes, sefa-raw too. What is not guaranteed: that the numbers rank methods. A direction that
breaks pictures changes much, and one that only brightens them is very consistent.

Shapes: `K` directions a method, `M` codes, `H` pixels a side.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np

from ganatomy.drawn_codes import Layers
from ganatomy.errors import InputError
from ganatomy.finding import find, options_of
from ganatomy.generators.base import Generator
from ganatomy.latent.agreement import Agreement, Stability, agreement, locality, stability
from ganatomy.latent.directions import Directions
from ganatomy.latent.edits import strengths as spaced
from ganatomy.latent.effects import STEPS, Effect, measure
from ganatomy.progress import Silent
from ganatomy.rendering import batch_size, painter
from ganatomy.samples import draw_samples

NUMBERS = ("change", "ratio", "consistency", "monotonic", "half")


@dataclass(frozen=True, eq=False)
class MethodResult:
    """What one method found, and how it did.

    Attributes:
        directions: K of them.
        effects: K, with heat maps.
        stability: None if it was not asked for.
    """

    directions: Directions
    effects: tuple[Effect, ...]
    stability: Stability | None

    def numbers(self) -> list[dict[str, float | None]]:
        """List NUMBERS of each direction; None where one is not defined, as of a direction that changes nothing."""
        listed = []
        for effect in self.effects:
            start, end = effect.strengths
            place = locality(effect.heat)
            listed.append(
                {
                    "change": effect.change / (end - start),
                    "ratio": effect.ratio,
                    "consistency": effect.alike,
                    "monotonic": effect.monotonic,
                    "half": place.half if place else None,
                }
            )
        return listed

    def to_dict(self) -> dict[str, Any]:
        """Turn all but vectors and heat maps into what JSON can hold."""
        found, numbers = self.directions, self.numbers()
        listed = zip(found.names, found.labels, found.values.tolist(), found.share.tolist(), numbers, strict=True)
        return {
            "method": found.method,
            "directions": [
                dict(zip(("name", "label", "value", "share"), row[:4], strict=True)) | row[4] for row in listed
            ],
            "median": {name: _median([row[name] for row in numbers]) for name in NUMBERS},
            "stability": self.stability.to_dict() if self.stability else None,
        }


@dataclass(frozen=True, eq=False)
class MethodComparison:
    """Methods beside one another; see the module.

    Attributes:
        results: by method, in the order that was asked for.
        agreements: of each two methods, by their names.
        strengths: start and end, in units of the code.
        codes: M.
    """

    results: dict[str, MethodResult]
    agreements: dict[tuple[str, str], Agreement]
    strengths: tuple[float, float]
    codes: int

    def to_dict(self) -> dict[str, Any]:
        """Turn all but vectors and heat maps into what JSON can hold."""
        return {
            "strengths": list(self.strengths),
            "codes": self.codes,
            "methods": [result.to_dict() for result in self.results.values()],
            "agreements": [{"methods": list(pair), **found.to_dict()} for pair, found in self.agreements.items()],
        }


def compare_methods(
    generator: Generator,
    methods: Sequence[str] = ("sefa", "ganspace", "random"),
    k: int = 10,
    layers: Layers = None,
    *,
    codes: int = 32,
    strengths: tuple[float, float] | None = None,
    draws: int = 8,
    repetitions: int = 2,
    label: str | None = None,
    seed: int = 0,
    source: str = "",
    options: Mapping[str, Mapping[str, Any]] | None = None,
    size: int = 256,
    progress: Silent | None = None,
) -> MethodComparison:
    """Find K directions by each method, measure what they do, and compare them.

    About M (1 + 4 K methods + 4 draws) pictures are made.

    Args:
        generator: in which.
        methods: of `finding.METHODS`, each once.
        k: how many directions of each.
        layers: which layers to edit.
        codes: M, over how many effects are measured.
        strengths: start and end; by default the family's.
        draws: random directions for the `ratio`.
        repetitions: how often each method is run again with another seed; 0 for no stability.
        label: of conditional generators, the class of the codes; by default the first, to find in and to measure over.
        seed: of all codes; repetitions take the seeds that follow.
        source: what to call the generator in the directions.
        options: more options by method, such as {"ganspace": {"codes": 1000}}.
        size: pictures are measured at most this large, in pixels a side.
        progress: is told of each batch of pictures.

    Raises:
        InputError: an unknown method or option, a method named twice, or numbers out of range.

    >>> from ganatomy.generators.planted import Planted
    >>> found = compare_methods(Planted(z_dim=16, resolution=16), ["sefa", "random"], k=3, codes=8)
    >>> for method in found.to_dict()["methods"]:
    ...     medians = {name: round(number, 2) for name, number in method["median"].items()}
    ...     print(method["method"], medians, round(method["stability"]["angle"]), "degrees")
    sefa {'change': 9.33, 'ratio': 1.42, 'consistency': 0.98, 'monotonic': 1.0, 'half': 0.38} 0 degrees
    random {'change': 6.52, 'ratio': 0.99, 'consistency': 0.92, 'monotonic': 0.99, 'half': 0.29} 78 degrees
    >>> round(found.agreements["sefa", "random"].overlap, 2)
    0.23
    """
    if not methods or len(set(methods)) < len(methods):
        raise InputError(f"methods {', '.join(methods) or 'none'}: name one or more, each once")
    if isinstance(repetitions, bool) or not isinstance(repetitions, int | np.integer) or repetitions < 0:
        raise InputError(f"repetitions = {repetitions!r}: give a whole number, 0 or more")
    progress, options = progress or Silent(), options or {}
    for method in options:
        if method not in methods:
            raise InputError(f"options are for '{method}', which is not compared; the methods are {', '.join(methods)}")
    start, end = strengths or generator.strength_range
    label = label if label is not None or not generator.classes else generator.classes[0]

    def run(method: str, repetition: int) -> Directions:
        progress.say(f"finding directions by {method}" + (f", again ({repetition})" if repetition else ""))
        more = {"seed": (seed + repetition) % 2**32} if "seed" in options_of(method) else {}
        more |= {"label": label} if "label" in options_of(method) else {}
        return find(generator, method, k, layers, source=source, **more | dict(options.get(method, {})))

    found = {method: run(method, 0) for method in methods}
    lasting = {
        method: stability(first, [run(method, repetition) for repetition in range(1, repetitions + 1)])
        for method, first in found.items()
        if repetitions
    }
    paint, counted = painter(generator, size), 0

    def painted(ws: Any) -> Any:
        nonlocal counted
        pictures, counted = paint(ws), counted + len(ws)
        progress.update(counted)
        return pictures

    every = [direction for directions in found.values() for direction in directions]
    moving = np.count_nonzero(spaced(start, end, STEPS))
    with progress.showing(codes * ((moving < STEPS) + moving * (len(every) + draws)), 0):
        effects = measure(
            painted,
            draw_samples(generator, codes, (seed + 2**31) % 2**32, label=label).ws,
            every,  # all at once, so that the floor is measured once
            (start, end),
            draws=draws,
            coordinates=generator.edit_dim,
            seed=seed,
            batch=batch_size(generator.resolution),
        )
    remaining = iter(effects)
    return MethodComparison(
        results={
            method: MethodResult(directions, tuple(next(remaining) for _ in directions), lasting.get(method))
            for method, directions in found.items()
        },
        agreements={
            (one, other): agreement(found[one], found[other], generator.edit_dim)
            for one, other in combinations(found, 2)
        },
        strengths=(float(start), float(end)),
        codes=codes,
    )


def _median(values: Sequence[float | None]) -> float | None:
    defined = [value for value in values if value is not None]
    return float(np.median(defined)) if defined else None
