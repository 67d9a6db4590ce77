"""A card of labels: what several directions of a generator mean, with all that decided it, and its file.

A `Naming` is the result of measuring. Its file is JSON and holds all numbers, and the vectors to 6 decimals, so that
labels that were measured once can be sent to others: they are found again for directions in another order, of the
other sign, or turned by less than `SAME` (in absolute cosine; rounding on another machine turns them less).
Not guaranteed: that a card came from whom it says.

Shape letters: `K` directions, `A` traits, `M` codes, `R` random directions, `L` layers, `W` coordinates.
"""

import json
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from html import escape
from importlib import resources
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import ConfigDict, Field, ValidationError

from ganatomy.attributes.trait import Trait
from ganatomy.errors import InputError, complaint, unknown
from ganatomy.files import Count, Line, Place, Table, encodable, parse_json, printable, read_input
from ganatomy.latent.direction import Direction, checked_place, finite_array
from ganatomy.latent.directions import Directions, LatentSpace
from ganatomy.latent.labels.meanings import Meaning

if TYPE_CHECKING:
    from pandas import DataFrame

FORMAT = "labels-1"
SAME = 0.999


@dataclass(frozen=True, eq=False, repr=False)
class Naming:
    """What K directions mean, with all that decided it.

    Attributes:
        meanings: K of them.
        traits: A of them, in the order of every meaning's responses.
        vectors: (K, W), the directions, of length 1.
        space: "z" or "w".
        layers: on which they act.
        fingerprint: of the generator's weights.
        method: how they were found.
        source: what the generator is called.
        n_codes: M.
        draws: R.
        seed: of codes, random directions and bootstrap.
        missing: of the M unedited pictures, how many have no score, by trait.
    """

    meanings: tuple[Meaning, ...]
    traits: tuple[Trait, ...]
    vectors: NDArray[np.float64]
    space: str
    layers: tuple[int, ...]
    fingerprint: str
    method: str
    source: str
    n_codes: int
    draws: int
    seed: int
    missing: Mapping[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "vectors", finite_array(self.vectors, 2, "the vectors"))
        if not self.vectors.any(axis=1).all():
            raise InputError("the vectors: one is all zeros, which is no direction")
        object.__setattr__(self, "layers", checked_place(self.space, self.layers))
        if len(self.vectors) != len(self.meanings):
            raise InputError(f"{len(self.vectors)} vectors with {len(self.meanings)} meanings; give one for each")

    def __repr__(self) -> str:
        named = sum(label is not None for label in self.labels)
        source = f" in {self.source}" if self.source else ""
        return f"Naming({named} of {len(self)} by {self.method}{source}; {self.n_codes} codes)"

    def _repr_html_(self) -> str:
        """Show it in a notebook: what each direction means, and what it does."""
        cells = [(meaning.name, meaning.text(), meaning.plus()) for meaning in self]
        rows = (f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in cells)
        heads = "".join(f"<th>{head}</th>" for head in ("direction", "meaning", "+ is"))
        return f"<table><caption>{escape(repr(self))}</caption><tr>{heads}</tr>{''.join(rows)}</table>"

    def to_frame(self) -> "DataFrame":
        """Return all responses as a DataFrame of pandas, a row for each direction and trait."""
        from pandas import DataFrame

        numbers = ("effect", "interval", "follows", "monotonic", "null", "ratio", "n_codes")
        rows = [
            {"direction": meaning.name, "trait": response.trait.name, "main": response.trait.name in meaning.main}
            | {number: getattr(response, number) for number in numbers}
            for meaning in self
            for response in meaning.responses
        ]
        return DataFrame(rows)

    def __len__(self) -> int:
        return len(self.meanings)

    def __iter__(self) -> Iterator[Meaning]:
        return iter(self.meanings)

    def __getitem__(self, k: int) -> Meaning:
        return self.meanings[k]

    @property
    def labels(self) -> tuple[str | None, ...]:
        """K labels in English, None for an unnamed direction."""
        return tuple(meaning.label for meaning in self.meanings)

    def of(self, direction: Direction) -> Meaning | None:
        """Return what a direction of length 1 means; None if it is none of those that were measured.

        Raises:
            InputError: a direction of another generator, space or layers.
        """
        here, there = (self.space, self.layers, self.vectors.shape[1]), (direction.space, direction.layers)
        if here != (*there, len(direction.vector)) or self.fingerprint != direction.fingerprint:
            raise InputError(
                f"the labels are of '{self.source}' (weights {self.fingerprint[:8]}, {self.space}, layers "
                f"{list(self.layers)}), not of {direction.name!r} (weights {direction.fingerprint[:8]}, "
                f"{direction.space}, layers {list(direction.layers)}); measure its own"
            )
        cosines = self.vectors @ direction.vector / np.linalg.norm(self.vectors, axis=1)
        k = int(np.abs(cosines).argmax())
        if abs(cosines[k]) < SAME:
            return None
        meaning = replace(self.meanings[k], name=direction.name)
        return meaning if cosines[k] > 0 else -meaning

    def labelled(self, directions: Directions) -> Directions:
        """Give directions the labels that were measured for them; the others keep theirs.

        Raises:
            InputError: directions of another generator, space or layers.
        """
        meanings = [self.of(direction) for direction in directions]
        labels = [old if new is None else new.label for old, new in zip(directions.labels, meanings, strict=True)]
        return replace(directions, labels=tuple(labels))

    @property
    def directions(self) -> Directions:
        """The directions themselves, with their labels; their strengths by the method are not in a card, and are 0."""
        nothing = np.zeros(len(self))
        vectors = self.vectors / np.linalg.norm(self.vectors, axis=1, keepdims=True)  # a card holds 6 decimals
        place = (self.space, self.layers, self.method, self.fingerprint, self.labels, self.source)
        return Directions(vectors, nothing, nothing, *place, tuple(meaning.name for meaning in self.meanings))

    def find(self, label: str) -> tuple[int, str, int]:
        """Find the direction of a label: a whole one, or the name, title or group of a trait in one.

        Returns:
            The index of the direction, the name of the trait, and the sign that gives more of it. Where several
            directions have the label, the one that moves the trait most.

        Raises:
            InputError: no direction has it; the known ones are listed.
        """
        wanted, found = label.strip().casefold(), []
        for k, meaning in enumerate(self.meanings):
            for place, name in enumerate(meaning.main):
                trait, response = meaning[name].trait, meaning[name]
                words = {name, trait.group, *trait.title.values(), trait.label()}
                if place == 0:
                    words |= {str(meaning.label_in("en")), str(meaning.label_in("zh"))}
                if wanted in {word.casefold() for word in words}:
                    found.append((response.size, -k, name, 1 if (response.effect or 0) > 0 else -1))
        if found:
            _, k, name, sign = max(found)
            return -k, name, sign
        known = list(dict.fromkeys(text for text in self.labels if text))
        if not known:
            raise InputError(f"label '{label}': none of the {len(self)} directions has a label; measure more of them")
        raise unknown("label", label, known)

    def to_dict(self) -> dict[str, Any]:
        """Turn it into what JSON can hold, the vectors to 6 decimals."""
        parts = ("source", "fingerprint", "method", "space")
        return {
            "format": FORMAT,
            **{part: getattr(self, part) for part in parts},
            "codes": self.n_codes,
            "draws": self.draws,
            "seed": self.seed,
            "layers": list(self.layers),
            "missing": dict(self.missing),
            "traits": [trait.to_dict() for trait in self.traits],
            "meanings": [meaning.to_dict() for meaning in self.meanings],
            "vectors": self.vectors.round(6).tolist(),
        }

    @classmethod
    def from_dict(cls, card: Mapping[str, Any]) -> "Naming":
        """Make it of what `to_dict` gave.

        Raises:
            InputError: no card of this version, or a damaged one.
        """
        found = card.get("format") if isinstance(card, Mapping) else None
        if found != FORMAT:
            shown = printable(found, 40)
            raise InputError(f"no card of labels: its format is {shown!r}, this version reads {FORMAT}")
        try:
            told = _Card.model_validate(card)
        except ValidationError as error:
            raise InputError(f"damaged labels: {printable(complaint(error, _Card))}") from None
        traits = tuple(Trait(**trait.model_dump()) for trait in told.traits)
        meanings = tuple(Meaning.from_dict(meaning, traits) for meaning in told.meanings)
        parts = ("space", "layers", "fingerprint", "method", "source", "draws", "seed", "missing")
        try:
            more = {part: getattr(told, part) for part in parts}
            return cls(meanings, traits, finite_array(told.vectors, 2, "the vectors"), n_codes=told.codes, **more)
        except InputError as error:
            raise InputError(f"damaged labels: {error}") from None

    def save(self, path: str | os.PathLike) -> None:
        """Write the card, a .json file.

        Raises:
            InputError: another ending, or a file that cannot be written.
        """
        place = Place.of(path)
        if place.suffix != ".json":
            raise InputError(f"{place}: labels are kept in a .json file")
        with place.writing() as file:
            file.write(encodable(_written(self.to_dict())).encode())

    @classmethod
    def load(cls, path: str | os.PathLike) -> "Naming":
        """Read a card.

        Raises:
            InputError: no such file, or no card of labels of this version.
        """
        card = parse_json(read_input(path, "give a card of labels, a .json file"), path)
        try:
            return cls.from_dict(card)
        except InputError as error:
            raise InputError(f"{printable(path, None)}: {error}") from None


class _Trait(Table):
    model_config = ConfigDict(extra="forbid")

    name: Annotated[Line, Field(min_length=1)]
    title: dict[str, Line]
    unit: Line
    group: Line
    source: Line
    more: dict[str, Line]
    less: dict[str, Line]


_Coordinate = Annotated[float, Field(ge=-10, le=10)]  # the vectors are of length 1, rounded


class _Card(Table):
    """What a card must hold, whoever wrote it; `Meaning.from_dict` sees to the meanings."""

    source: Line
    fingerprint: Line
    method: Line
    space: Line
    codes: Count
    draws: Count
    seed: Annotated[int, Field(ge=0, lt=1 << 64)]
    layers: Annotated[tuple[Count, ...], Field(strict=False)]
    missing: dict[Line, Count]
    traits: list[_Trait]
    meanings: list[dict[str, Any]]
    vectors: list[list[_Coordinate]]


def shipped_labels(generator: LatentSpace | str) -> Naming | None:
    """Return the labels that come with this package for a generator; None if there are none.

    Args:
        generator: a generator, a checkpoint, or the fingerprint of the weights.

    >>> shipped_labels("9f") is None
    True
    """
    card = _cards().get(generator if isinstance(generator, str) else generator.fingerprint())
    return None if card is None else Naming.from_dict(card)


def with_shipped_labels(directions: Directions) -> Directions:
    """Give directions the labels that come with this package, if it has any of this generator, space and layers.

    >>> found = Directions(np.eye(2), [2, 1], [0.6, 0.4], "z", (0,), "sefa", "of a generator of one's own")
    >>> with_shipped_labels(found).labels
    (None, None)
    """
    known = shipped_labels(directions.fingerprint)
    if known is None or (known.space, known.layers) != (directions.space, directions.layers):
        return directions
    return known.labelled(directions)


@cache
def _cards() -> dict[str, dict[str, Any]]:
    """Read the cards that come with the package, by the fingerprint of the generator."""
    folder = resources.files("ganatomy.latent.labels") / "cards"
    cards = [json.loads(entry.read_text(encoding="utf-8")) for entry in folder.iterdir()]
    return {card["fingerprint"]: card for card in cards}


def _written(card: dict[str, Any]) -> str:
    """Write strict JSON for people too: indented, with lists of numbers or names on one line."""
    text = json.dumps(card, indent=1, ensure_ascii=False, allow_nan=False)
    return re.sub(r"\[\n([^\[\]{}]*)\n *\]", lambda found: f"[{re.sub(_BREAK, ' ', found[1]).strip()}]", text) + "\n"


_BREAK = re.compile(r"\n *")
