"""What a direction means: the numbers of every attribute along it, and the words made of them.

A trait is what is measured of a picture (see `attributes.trait`). A `Response` says what one direction does to one
trait, a `Meaning` what it does to all of them, and which of them, if any, it is about (`main`; the rule is in
`latent.labels.rule`). With

    effect      sd of the trait over unedited pictures, per unit of strength; its sign is that of the trait's change
    null        root mean square of the effects of random directions of the same length
    ratio       |effect| / null
    leakage     |effect of another trait| / |effect of the first of main|, for traits outside main's groups

a direction without `main` has no label: it is unnamed. A unit of strength is the length of the direction's vector: for
a space "z" the standard deviation of one coordinate of a code.
What is not guaranteed: that the trait's name is the right word for what a person sees; scorers err in their own ways.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any

from pydantic import Field, ValidationError

from ganatomy.attributes.trait import Trait
from ganatomy.errors import InputError, complaint
from ganatomy.files import Count, Line, Table, printable
from ganatomy.languages import LANGUAGES, Language, Words


@dataclass(frozen=True)
class Response:
    """What one direction does to one trait; an entry is None where it is not defined.

    Attributes:
        trait: which one.
        n_codes: over how many codes: those with a score at both ends.
        effect: sd per unit of strength.
        interval: of the effect, 95 %, over codes.
        follows: share of codes whose score moves the way of the effect.
        monotonic: sum over codes of |whole change| / sum over codes and steps of |change|, in [0, 1].
        null: root mean square of the effects of random directions.
        null_most: the largest of them.
        ratio: |effect| / null.
    """

    trait: Trait
    n_codes: int
    effect: float | None = None
    interval: tuple[float, float] | None = None
    follows: float | None = None
    monotonic: float | None = None
    null: float | None = None
    null_most: float | None = None
    ratio: float | None = None

    @property
    def size(self) -> float:
        """|effect|; 0 where it is not defined."""
        return abs(self.effect or 0.0)

    def __neg__(self) -> "Response":
        """Turn the direction round. Codes that do not move at all follow neither way, and are few."""
        if self.effect is None or self.interval is None:
            return self
        low, high = self.interval
        return replace(self, effect=-self.effect, interval=(-high, -low))


@dataclass(frozen=True, repr=False)
class Meaning:
    """What one direction does to every trait, and which it is about.

    Attributes:
        name: the direction's.
        strengths: from where to where it was moved.
        responses: one a trait, in the order of the traits.
        main: names of the traits it is about, the strongest first; none if it is about none.
        bar: the ratio that a trait had to reach.

    >>> right, left = {"en": "to the right", "zh": "向右"}, {"en": "to the left", "zh": "向左"}
    >>> yaw = Trait("yaw", {"en": "turn of the head", "zh": "左右转头"}, "degrees", "pose", "", right, left)
    >>> turn = Meaning("sefa 0", (-2.0, 2.0), (Response(yaw, 200, 0.97, (0.9, 1.0), 0.94, ratio=8.1),), ("yaw",), 3.8)
    >>> turn.text(), turn.plus()
    ('pose (yaw) +0.97 sd a unit, 94 % of samples', 'to the right')
    >>> turn.text("zh"), (-turn).plus()
    ('左右转头：每单位 +0.97 个标准差，94% 的样本', 'to the left')
    """

    name: str
    strengths: tuple[float, float]
    responses: tuple[Response, ...]
    main: tuple[str, ...] = ()
    bar: float = 0.0

    def __repr__(self) -> str:
        return f"Meaning({self.name}: {self.text()})"

    def __neg__(self) -> "Meaning":
        start, end = self.strengths
        turned = tuple(-response for response in self.responses)
        return replace(self, strengths=(0.0 - end, 0.0 - start), responses=turned)  # which has no -0.0

    def __getitem__(self, trait: str) -> Response:
        for response in self.responses:
            if response.trait.name == trait:
                return response
        raise KeyError(trait)

    @property
    def label(self) -> str | None:
        """The label in English, such as "gender + hair length"; None for an unnamed direction."""
        return self.label_in("en")

    def label_in(self, language: Language) -> str | None:
        """The label in one of the languages; None for an unnamed direction."""
        return " + ".join(self[name].trait.label(language) for name in self.main) or None

    def text(self, language: Language = "en") -> str:
        """Write the label with its numbers: effects per unit of strength, and the shares of codes that follow."""
        label, words = self.label_in(language), Words(language, "survey")
        if label is None:
            return words("unnamed")
        about, comma = self._about(), words("list_comma")
        effects = comma.join(f"{effect:+.2f}" for _, effect, _ in about)
        shares = comma.join(words.percent(share) for *_, share in about)
        return words("meaning", label=label, numbers=words("in_words", effects=effects, shares=shares))

    def plus(self, language: Language = "en") -> str:
        """Say in words what positive strengths do; nothing for an unnamed direction."""
        said = [(trait.more if effect > 0 else trait.less)[language] for trait, effect, _ in self._about()]
        return Words(language)("comma").join(said)

    def _about(self) -> list[tuple[Trait, float, float]]:
        """List what it is about: trait, effect, and share of codes that follow."""
        responses = [self[name] for name in self.main]
        return [(response.trait, response.effect or 0.0, response.follows or 0.0) for response in responses]

    @property
    def leakage(self) -> dict[str, float]:
        """What else moves, by trait outside main's groups, the most first; relative to the first of main."""
        if not self.main:
            return {}
        groups = {self[name].trait.group for name in self.main}
        whole = self[self.main[0]].size
        others = {
            response.trait.name: response.size / whole
            for response in self.responses
            if response.effect is not None and response.trait.group not in groups
        }
        return dict(sorted(others.items(), key=lambda item: -item[1]))

    def to_dict(self) -> dict[str, Any]:
        """Turn it into what JSON can hold; traits by name, and label and leakage for readers."""
        responses = {
            response.trait.name: {
                "codes" if name == "n_codes" else name: value
                for name, value in vars(response).items()
                if name != "trait"
            }
            for response in self.responses
        }
        return {
            "name": self.name,
            "label": {language: self.label_in(language) for language in LANGUAGES},
            "main": list(self.main),
            "plus": {language: self.plus(language) for language in LANGUAGES},
            "strengths": list(self.strengths),
            "bar": self.bar,
            "leakage": self.leakage,
            "responses": responses,
        }

    @classmethod
    def from_dict(cls, card: Mapping[str, Any], traits: Sequence[Trait]) -> "Meaning":
        """Make it of what `to_dict` gave and the traits that it names.

        Raises:
            InputError: something is missing, of another kind, or names a trait that is not there.
        """
        try:
            told = MeaningTable.model_validate(card)
        except ValidationError as error:
            raise InputError(f"damaged labels: {printable(complaint(error, MeaningTable))}") from None
        known = {trait.name: trait for trait in traits}
        for name in told.responses:
            if name not in known:
                raise InputError(f"damaged labels: '{printable(name)}' is none of its traits")
        for name in told.main:
            main = told.responses.get(name)
            if main is None or not main.effect or main.follows is None:
                raise InputError(f"damaged labels: '{name}' is said to be main, and has no effect")
        responses = [_response(known[name], numbers) for name, numbers in told.responses.items()]
        return cls(told.name, told.strengths, tuple(responses), told.main, told.bar)


_Pair = Annotated[tuple[float, float], Field(strict=False)]


class ResponseTable(Table):
    """What a file must hold of a response."""

    codes: Count
    effect: float | None
    interval: _Pair | None
    follows: float | None
    monotonic: float | None
    null: float | None
    null_most: float | None
    ratio: float | None


class MeaningTable(Table):
    """What a file must hold of a meaning."""

    name: Line
    strengths: _Pair
    responses: dict[Line, ResponseTable]
    main: Annotated[tuple[Line, ...], Field(strict=False)]
    bar: float


def _response(trait: Trait, told: ResponseTable) -> Response:
    return Response(trait, told.codes, **told.model_dump(exclude={"codes"}))
