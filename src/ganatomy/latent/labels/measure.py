"""Name directions: move many codes along each, score every picture, say what each direction means.

M codes are drawn. Their pictures are scored unedited, at S strengths along each of K directions, and at both ends of
the range along R random directions of length 1 on the same layers, there with half of the codes: only the root mean
square over all of them is wanted. That is M (1 + K S' + R) pictures, S' of the strengths not being 0; a batch of them
is held at a time, and of the others their scores only. `Scored` looks at the pictures of a `Passage`, so that others,
who measure something else of them, can look at the same ones. What the scores mean is said by `latent.labels.rule`.
All but the M K S' along the directions are a `Control`, the same for whatever directions of the same layers.
What is not guaranteed: equal scores on another machine, hence equal labels where a number is near its threshold.

Shape letters: `K` directions, `S` strengths, `M` codes, `A` attributes, `R` random directions, `L`, `W` as in
`generators.base`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from ganatomy.attributes import Attribute, choose, measure
from ganatomy.attributes.choosing import has_values
from ganatomy.attributes.faces import FaceReader
from ganatomy.attributes.trait import Trait
from ganatomy.errors import InputError
from ganatomy.generators.base import Generator, Precision
from ganatomy.latent.codes import AS_PUBLISHED, Drawing
from ganatomy.latent.direction import Direction, finite_array
from ganatomy.latent.directions import Directions
from ganatomy.latent.labels.card import Naming
from ganatomy.latent.labels.rule import FEWEST_DRAWS, LEAST, read_meanings
from ganatomy.latent.measures.null import null_directions
from ganatomy.latent.passage import UNEDITED, Observer, Passage, Places, edited, unedited
from ganatomy.latent.pictures import batch_size, kept_size, painter, sized_painter
from ganatomy.latent.traversal import strengths as spaced
from ganatomy.progress import Silent, Whole, shown

STEPS = 5
SIZE = 256
"""Pictures are scored at most this large, in pixels a side."""

Scores = Callable[[Tensor], NDArray[np.float64]]


@dataclass(frozen=True, eq=False)
class Control:
    """What is measured once for all directions on the same layers.

    Attributes:
        base: scores of the unedited pictures, (M, A).
        null: scores at both ends along random directions, (R, 2, M', A).
    """

    base: NDArray[np.float64]
    null: NDArray[np.float64]


class Scored(Observer):
    """Scores the pictures that it sees.

    Args:
        attributes: A of them.
        reader: finds faces; None where none is needed.
        size: at which pictures are scored, in pixels a side.
        wanted: of which codes at which strengths edited pictures are scored, (M, S); by default all.
    """

    def __init__(
        self,
        attributes: Sequence[Attribute],
        reader: FaceReader | None,
        size: int,
        wanted: NDArray[np.bool_] | None = None,
    ) -> None:
        self.size, self._attributes, self._reader, self._wanted = size, attributes, reader, wanted
        self._rows: list[NDArray[np.float64]] = []

    def wants(self, places: Places) -> NDArray[np.bool_]:
        """Tell which pictures are scored; unedited ones all are."""
        if self._wanted is None:
            return super().wants(places)
        return (places[:, 0] == UNEDITED) | self._wanted[places[:, 1], places[:, 2]]

    def __len__(self) -> int:
        return sum(map(len, self._rows))

    def see(self, places: Places, pictures: NDArray) -> None:
        """Score the pictures."""
        self._rows.append(self._score(pictures))

    def _score(self, pictures: NDArray) -> NDArray[np.float64]:
        return measure(self._attributes, pictures, reader=self._reader)

    @property
    def scores(self) -> NDArray[np.float64]:
        """Of all pictures seen, (P, A), NaN where a picture gives no value."""
        return np.concatenate(self._rows)


def name_directions(
    generator: Generator,
    directions: Directions,
    attributes: Sequence[Attribute | str] | None = None,
    *,
    n_codes: int = 200,
    draws: int = 32,
    strengths: ArrayLike | None = None,
    drawing: Drawing = AS_PUBLISHED,
    size: int = SIZE,
    precision: Precision = "float32",
    progress: Silent | bool | None = None,
) -> Naming:
    """Measure what each direction means, beside random directions.

    It may be stopped at any time: nothing is written.

    Args:
        generator: in which they were found.
        directions: K of them.
        attributes: A of them, or their names; by default all that can be measured, see `ganatomy.attributes.choose`.
        n_codes: M, 20 or more; a label should rest on 200.
        draws: R, 8 or more. The fewer, the larger an effect has to be for a label.
        strengths: (S,), ascending; by default 5 over the generator's range.
        drawing: how codes are drawn that are on show: the M are others, drawn alike (`Drawing.measured`). Its seed is
            that of random directions and of the bootstrap too.
        size: pictures are scored at most this large, in pixels a side.
        precision: of the generator's arithmetic.
        progress: is told of each batch of pictures; see `ganatomy.progress.shown`.

    Returns:
        What each direction means.

    Raises:
        InputError: directions of another generator, too few codes or draws, no attributes or two of one name,
            strengths that do not ascend; what the attributes raise.

    >>> from ganatomy.generators.networks.planted import Planted
    >>> from ganatomy.latent.methods.sefa import sefa
    >>> G = Planted(resolution=16).eval()
    >>> naming = name_directions(G, sefa(G, 3), ["brightness", "warmth"], n_codes=20, draws=16)
    >>> naming.labels, naming[2].text()
    (('brightness', None, 'colour temperature'), 'colour temperature -1.11 sd a unit, 100 % of samples')
    >>> naming[2].plus()
    'cooler, bluer'
    """
    directions.check_fits(generator)
    amounts = spaced(*generator.strength_range, STEPS) if strengths is None else finite_array(strengths, 1, "strengths")
    wanted = choose() if attributes is None else attributes
    attributes = [one for each in wanted for one in (choose([each]) if isinstance(each, str) else [each])]
    checked_traits(attributes)
    for what, count, least in (("n_codes", n_codes, LEAST), ("draws", draws, FEWEST_DRAWS)):
        if isinstance(count, bool) or not isinstance(count, int | np.integer) or count < least:
            raise InputError(f"{what} = {count!r}: give a whole number, {least} or more")
    if len(amounts) < 2 or (np.diff(amounts) <= 0).any():
        raise InputError(f"strengths {amounts.tolist()}: give two or more that ascend")
    ws = drawing.measured(n_codes).suited(directions.method).codes(generator).ws
    paint, batch = sized_painter(generator, precision), batch_size(generator.resolution)
    reader = FaceReader() if any(attribute.needs_face for attribute in attributes) else None
    nulls = null_directions(directions[0], draws, generator.edit_dim, drawing.seed)
    halves = [null_wanted(r, n_codes, amounts) for r in range(draws)]
    whole, places = np.ones((n_codes, len(amounts)), dtype=bool), edited(n_codes, 1, amounts)
    legs = [*zip(nulls, halves, strict=True), *((direction, whole) for direction in directions)]
    moved = [places[wanted[places[:, 1], places[:, 2]]] for _, wanted in legs]
    work = Whole(shown(progress, "picture", rate=True))

    def scores(direction: Sequence[Direction], places: Places, wanted: NDArray[np.bool_] | None) -> NDArray[np.float64]:
        seen = Scored(attributes, reader, kept_size(generator, size), wanted)
        with work.stage("", len(places)):
            Passage(ws, direction, amounts, places).walk(paint, [seen], batch, work.update)
        return seen.scores

    with work.showing(n_codes + sum(map(len, moved))):
        base = scores([], unedited(n_codes), None)
        has_values(attributes, base)  # a scorer that tells nothing is refused before the long work
        rows = [
            filled(scores([direction], places, wanted), base, wanted, amounts)
            for (direction, wanted), places in zip(legs, moved, strict=True)
        ]
    null = [ends_of(each, wanted) for each, wanted in zip(rows[:draws], halves, strict=True)]
    control = Control(base, np.stack(null))
    return naming_of(directions, attributes, rows[draws:], control, amounts, drawing.seed, generator.name)


def naming_of(
    directions: Directions,
    attributes: Sequence[Attribute],
    scores: Sequence[NDArray[np.float64]],
    control: Control,
    strengths: NDArray[np.float64],
    seed: int = 0,
    source: str = "",
) -> Naming:
    """Say what directions mean, from the scores of their pictures.

    Args:
        directions: K of them.
        attributes: A of them.
        scores: of each direction's pictures, (S, M, A).
        control: what they are compared with.
        strengths: (S,), ascending.
        seed: of the bootstrap, and of the codes and random directions.
        source: what the generator is called, if the directions do not tell.

    Raises:
        InputError: no attributes, or two of one name.

    >>> from ganatomy.attributes import choose
    >>> random = np.random.default_rng(0)
    >>> found = Directions(np.eye(9)[:1], [1.0], [1.0], "z", (0,), "sefa", "f")
    >>> base, null = random.normal(size=(40, 1)), random.normal(size=(16, 2, 40, 1))
    >>> along = np.stack([base - 5, base + 5])
    >>> naming_of(found, choose(["warmth"]), [along], Control(base, null), np.array([-2.0, 2.0])).labels
    ('colour temperature',)
    """
    base, traits = control.base, checked_traits(attributes)
    names = [direction.name for direction in directions]
    meanings = read_meanings(np.stack(scores), control.null, base, strengths, traits, names, seed=seed)
    return Naming(
        tuple(meanings),
        traits,
        directions.vectors,
        directions.space,
        directions.layers,
        directions.fingerprint,
        directions.method,
        directions.source or source,
        n_codes=len(base),
        draws=len(control.null),
        seed=seed,
        missing={trait.name: int(np.isnan(base[:, a]).sum()) for a, trait in enumerate(traits)},
    )


def null_codes(codes: int) -> int:
    """Count the codes M' that each random direction is measured with: half of the M, but not too few.

    >>> null_codes(200), null_codes(50), null_codes(20)
    (100, 40, 20)
    """
    return min(codes, max(2 * LEAST, codes // 2))


def null_wanted(draw: int, codes: int, strengths: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Say which pictures of a random direction are scored, (M, S): of half of the codes, in turn, at both ends.

    >>> [np.flatnonzero(null_wanted(r, 50, np.arange(3))[:, 0])[[0, -1]].tolist() for r in range(2)]
    [[0, 39], [10, 49]]
    """
    fewer, wanted = null_codes(codes), np.zeros((codes, len(strengths)), dtype=bool)
    half = slice(0, fewer) if draw % 2 == 0 else slice(codes - fewer, codes)  # so that all codes have a part
    wanted[half, [0]] = wanted[half, [-1]] = True
    return wanted


def filled(
    rows: NDArray[np.float64],
    base: NDArray[np.float64],
    wanted: NDArray[np.bool_],
    strengths: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Put scores (P, A) of the wanted pictures, code by code, where they belong: (S, M, A), NaN where none was wanted.

    Args:
        rows: of pictures at strengths that are not 0.
        base: of the unedited ones, (M, A), which those of strength 0 are.
        wanted: (M, S).
        strengths: (S,).

    >>> base, wanted = np.zeros((2, 1)), np.array([[True, True], [True, False]])
    >>> filled(np.array([[5.0], [6.0]]), base, wanted, np.array([-1.0, 0.0]))[..., 0].tolist()
    [[5.0, 6.0], [0.0, nan]]
    """
    scores = np.full((*wanted.shape, base.shape[1]), np.nan)
    scores[wanted & (strengths != 0)] = rows
    zero = wanted & (strengths == 0)
    scores[zero] = np.broadcast_to(base[:, None], scores.shape)[zero]
    return scores.swapaxes(0, 1)


def ends_of(scores: NDArray[np.float64], wanted: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Take from scores (S, M, A) those at both ends of the codes that were wanted: (2, M', A).

    >>> ends_of(np.arange(6.0).reshape(3, 2, 1), np.array([[True] * 3, [False] * 3]))[..., 0].tolist()
    [[0.0], [4.0]]
    """
    return scores[[0, -1]][:, wanted[:, 0]]


def scorer(generator: Generator, attributes: Sequence[Attribute], size: int, precision: Precision) -> Scores:
    """Return a function from codes (B, L, W) to scores (B, A), NaN where a picture gives no value.

    >>> from ganatomy.attributes import choose
    >>> from ganatomy.generators.networks.dcgan import DCGAN
    >>> G = DCGAN([10, 8, 8, 3], kernels=[4, 4, 4]).eval()
    >>> scorer(G, choose(["brightness", "contrast"]), 256, "float32")(G.mapping(G.draw(3))).shape
    (3, 2)
    """
    paint = painter(generator, size, precision)
    reader = FaceReader() if any(attribute.needs_face for attribute in attributes) else None
    return lambda ws: measure(attributes, paint(ws), reader=reader)


def in_batches(score: Scores, ws: Tensor, resolution: int) -> NDArray[np.float64]:
    """Score codes (N, L, W) a batch at a time: (N, A).

    >>> import torch
    >>> in_batches(lambda ws: ws[:, 0].numpy(), torch.ones(1000, 1, 2), 64).shape
    (1000, 2)
    """
    return np.concatenate([score(some) for some in ws.split(batch_size(resolution))])


def checked_traits(attributes: Sequence[Attribute]) -> tuple[Trait, ...]:
    """Say in words what attributes measure.

    Raises:
        InputError: no attributes, or two of one name.

    >>> from ganatomy.attributes import choose
    >>> [trait.name for trait in checked_traits(choose(["warmth"]))]
    ['warmth']
    """
    traits = tuple(attribute.trait for attribute in attributes)
    if not traits:
        raise InputError("directions are named by attributes of pictures: give at least one")
    names = [trait.name for trait in traits]
    for name in names:
        if names.count(name) > 1:
            raise InputError(f"two attributes are called '{name}'; give each a name of its own")
    return traits
