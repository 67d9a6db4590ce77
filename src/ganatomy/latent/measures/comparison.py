"""Ways of finding directions, compared on one generator: what their directions do, whether they agree and last.

For each direction, over the same codes of the same seed and strengths from start to end:

    change       grey levels a pixel for one unit of strength: the change from end to end over (end - start)
    ratio        that over what random directions of the same length change
    consistency  1 when the same happens to every picture, 0 when what happens is unrelated (`latent.measures.effects`)
    monotonic    of all that pixels change on the way, the part kept at the end
    half         the share of pixels in the smallest area with half of the change (`latent.measures.agreement.locality`)

For each method, the medians of these over its directions, and `stability`: the method is run again with other seeds,
so other codes, and the angles are taken. A method that looks at the weights only is exact, and stays where it is; of
`local_basis` it says how much the directions of one picture are those of another; of `random`, what no stability is.
For each two methods, how their directions match and their spans overlap, beside chance (`latent.measures.agreement`).
Here are the results; `latent.survey` makes them.

All methods edit mapped codes, sefa-raw too. What is not guaranteed: that the numbers rank methods. A direction that
breaks pictures changes much, and one that only brightens them is very consistent.

Shapes: `K` directions a method, `M` codes, `H` pixels a side.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ganatomy.latent.directions import Directions
from ganatomy.latent.measures.agreement import Agreement, Stability, locality
from ganatomy.latent.measures.effects import Effect

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
                    "consistency": effect.consistency,
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
        n_codes: M.
    """

    results: dict[str, MethodResult]
    agreements: dict[tuple[str, str], Agreement]
    strengths: tuple[float, float]
    n_codes: int

    def to_dict(self) -> dict[str, Any]:
        """Turn all but vectors and heat maps into what JSON can hold."""
        return {
            "strengths": list(self.strengths),
            "codes": self.n_codes,
            "methods": [result.to_dict() for result in self.results.values()],
            "agreements": [{"methods": list(pair), **found.to_dict()} for pair, found in self.agreements.items()],
        }


def _median(values: Sequence[float | None]) -> float | None:
    defined = [value for value in values if value is not None]
    return float(np.median(defined)) if defined else None
