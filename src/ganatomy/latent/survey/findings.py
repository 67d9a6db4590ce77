"""What a survey found: by each method, beside one another, and the pictures on show."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

from ganatomy.latent.directions import Directions
from ganatomy.latent.labels.card import Naming
from ganatomy.latent.measures.agreement import agreement
from ganatomy.latent.measures.comparison import MethodComparison, MethodResult
from ganatomy.latent.measures.effects import Effect
from ganatomy.latent.pictures import Store
from ganatomy.latent.survey.choices import Survey


@dataclass(frozen=True, eq=False)
class Findings:
    """What the stages gave.

    Attributes:
        results: by method; their directions carry the measured labels, and have no effects where none were measured.
        namings: by method; none if nothing was to be named.
        store: the distinct pictures on show, in the order of the survey's traversal over all methods' directions.
        pictures: how many are shown, how many distinct ones there are on show and measured, how many were made.
        made: how many of those on show were made now.
        seconds: that making these took.
    """

    results: dict[str, MethodResult]
    namings: dict[str, Naming]
    store: Store
    pictures: dict[str, int]
    made: int
    seconds: float

    @property
    def directions(self) -> list[Directions]:
        """The directions of each method, in the order of the methods."""
        return [result.directions for result in self.results.values()]

    @property
    def effects(self) -> list[Effect]:
        """Of all directions in turn."""
        return [effect for result in self.results.values() for effect in result.effects]

    def comparison(self, survey: Survey) -> MethodComparison:
        """Compare the methods."""
        width, found = survey.generator.edit_dim, self.results
        agreements = {
            (one, other): agreement(found[one].directions, found[other].directions, width)
            for one, other in combinations(found, 2)
        }
        return MethodComparison(found, agreements, survey.ends, survey.effect_codes)
