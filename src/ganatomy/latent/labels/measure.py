"""Name directions: move many codes along each, score every picture, say what each direction means.

M codes are drawn. Their pictures are scored unedited, at S strengths along each of K directions, and at both ends of
the range along R random directions of length 1 on the same layers, there with half of the codes: only the root mean
square over all of them is wanted. That is M (1 + K S' + R) pictures, S' of the strengths not being 0; a batch of them
is held at a time, and of the others their scores only. What the scores mean is said by `latent.labels.rule`.
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

from ganatomy.attributes import Attribute, measure
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
from ganatomy.latent.pictures import batch_size, painter
from ganatomy.latent.traversal import strengths as spaced
from ganatomy.progress import Silent

STEPS = 5
SIZE = 256
"""Pictures are scored at most this large, in pixels a side."""

Scores = Callable[[Tensor], NDArray[np.float64]]


@dataclass(frozen=True, eq=False)
class Control:
    """What is measured once for all directions on the same layers.

    Attributes:
        ws: the codes, (M, L, W).
        base: scores of their pictures, unedited, (M, A).
        null: scores at both ends along random directions, (R, 2, M', A).
    """

    ws: Tensor
    base: NDArray[np.float64]
    null: NDArray[np.float64]


def name_directions(
    generator: Generator,
    directions: Directions,
    attributes: Sequence[Attribute],
    *,
    n_codes: int = 200,
    draws: int = 32,
    strengths: ArrayLike | None = None,
    drawing: Drawing = AS_PUBLISHED,
    size: int = SIZE,
    precision: Precision = "float32",
    control: Control | None = None,
    score: Scores | None = None,
    progress: Silent | None = None,
) -> Naming:
    """Measure what each direction means, beside random directions.

    It may be stopped at any time: nothing is written.

    Args:
        generator: in which they were found.
        directions: K of them.
        attributes: A of them; see `ganatomy.attributes.choose`.
        n_codes: M, 20 or more; a label should rest on 200.
        draws: R, 8 or more. The fewer, the larger an effect has to be for a label.
        strengths: (S,), ascending; by default 5 over the generator's range.
        drawing: how codes are drawn that are on show: the M are others, drawn alike (`Drawing.measured`). Its seed is
            that of random directions and of the bootstrap too.
        size: pictures are scored at most this large, in pixels a side.
        precision: of the generator's arithmetic.
        control: what was measured before, over the same ends, attributes and layers; its codes and draws are then
            taken, whatever `n_codes`, `draws` and `drawing` say.
        score: makes pictures of codes and scores them, in place of `scorer`; it is asked in the same order every time.
        progress: is told of each batch of pictures.

    Returns:
        What each direction means.

    Raises:
        InputError: directions of another generator, too few codes or draws, no attributes or two of one name,
            strengths that do not ascend; what the attributes raise.

    >>> from ganatomy.attributes import choose
    >>> from ganatomy.generators.networks.planted import Planted
    >>> from ganatomy.latent.methods.sefa import sefa
    >>> G = Planted(resolution=16).eval()
    >>> naming = name_directions(G, sefa(G, 3), choose(["brightness", "warmth"]), n_codes=20, draws=16)
    >>> naming.labels, naming[2].text()
    (('brightness', None, 'colour temperature'), 'colour temperature -1.11 sd a unit, 100 % of samples')
    >>> naming[2].plus()
    'cooler, bluer'
    """
    directions.check_fits(generator)
    amounts = spaced(*generator.strength_range, STEPS) if strengths is None else finite_array(strengths, 1, "strengths")
    traits = _checked_traits(attributes)
    for what, count, least in (("n_codes", n_codes, LEAST), ("draws", draws, FEWEST_DRAWS)):
        if isinstance(count, bool) or not isinstance(count, int | np.integer) or count < least:
            raise InputError(f"{what} = {count!r}: give a whole number, {least} or more")
    if len(amounts) < 2 or (np.diff(amounts) <= 0).any():
        raise InputError(f"strengths {amounts.tolist()}: give two or more that ascend")
    score, progress = score or scorer(generator, attributes, size, precision), progress or Silent()
    counted, ends, resolution = 0, amounts[[0, -1]], generator.resolution

    def counting(some: Tensor) -> NDArray[np.float64]:
        nonlocal counted
        scores, counted = score(some), counted + len(some)
        progress.update(counted)
        return scores

    seed, measured = drawing.seed, n_codes if control is None else len(control.ws)
    others = control_pictures(n_codes, draws, ends) if control is None else 0
    with progress.showing(int(measured * len(directions) * np.count_nonzero(amounts)) + others):
        if control is None:
            ws = drawing.measured(n_codes).suited(directions.method).codes(generator).ws
            control = measure_control(generator, directions, attributes, ws, ends, draws, seed, counting)
        scores = [along(counting, control.ws, control.base, each, amounts, resolution) for each in directions]
    base, names = control.base, [direction.name for direction in directions]
    meanings = read_meanings(np.stack(scores), control.null, base, amounts, traits, names, seed=seed)
    return Naming(
        tuple(meanings),
        traits,
        directions.vectors,
        directions.space,
        directions.layers,
        directions.fingerprint,
        directions.method,
        directions.source or generator.name,
        codes=len(base),
        draws=len(control.null),
        seed=seed,
        missing={trait.name: int(np.isnan(base[:, a]).sum()) for a, trait in enumerate(traits)},
    )


def measure_control(
    generator: Generator,
    directions: Directions,
    attributes: Sequence[Attribute],
    ws: Tensor,
    ends: NDArray[np.float64],
    draws: int,
    seed: int,
    score: Scores,
) -> Control:
    """Score codes (M, L, W) unedited, and at both ends along R random directions on the layers of `directions`.

    Raises:
        InputError: a person's own scorer that tells nothing; what the attributes raise.

    >>> from ganatomy.attributes import choose
    >>> from ganatomy.generators.networks.planted import Planted
    >>> from ganatomy.latent.methods.sefa import sefa
    >>> G, chosen, ends = Planted(resolution=16).eval(), choose(["brightness", "warmth"]), np.array([-2.0, 2.0])
    >>> score = scorer(G, chosen, 256, "float32")
    >>> measure_control(G, sefa(G, 3), chosen, G.mapping(G.draw(40)), ends, 8, 0, score).null.shape
    (8, 2, 40, 2)
    """
    base = in_batches(score, ws, generator.resolution)
    has_values(attributes, base)  # a scorer that tells nothing is refused before the long work
    fewer = null_codes(len(ws))
    halves = (ws[:fewer], base[:fewer]), (ws[-fewer:], base[-fewer:])  # in turn, so that all codes have a part
    others = null_directions(directions[0], draws, generator.edit_dim, seed)
    null = [along(score, *halves[r % 2], each, ends, generator.resolution) for r, each in enumerate(others)]
    return Control(ws, base, np.stack(null))


def null_codes(codes: int) -> int:
    """Count the codes M' that each random direction is measured with: half of the M, but not too few.

    >>> null_codes(200), null_codes(50), null_codes(20)
    (100, 40, 20)
    """
    return min(codes, max(2 * LEAST, codes // 2))


def control_pictures(codes: int, draws: int, ends: NDArray[np.float64]) -> int:
    """Count the pictures that a control takes: M unedited, and M' at the ends that are not 0 of R directions.

    >>> control_pictures(200, 32, np.array([-2.0, 2.0]))
    6600
    """
    return int(codes + null_codes(codes) * draws * np.count_nonzero(ends))


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


def along(
    score: Scores, ws: Tensor, base: NDArray[np.float64], direction: Direction, amounts: NDArray, resolution: int
) -> NDArray[np.float64]:
    """Score codes (M, L, W) at each strength along a direction: (S, M, A); strength 0 is `base`, which is known.

    >>> import torch
    >>> direction = Direction([1.0, 0.0], layers=(0,), space="z", fingerprint="f")
    >>> scores = along(lambda ws: ws[:, 0].numpy(), torch.ones(3, 1, 2), np.ones((3, 2)), direction, [-2.0, 0.0], 64)
    >>> scores[:, 0].tolist()
    [[-1.0, 1.0], [1.0, 1.0]]
    """
    return np.stack([in_batches(score, direction.edit(ws, s), resolution) if s else base for s in amounts])


def _checked_traits(attributes: Sequence[Attribute]) -> tuple[Trait, ...]:
    traits = tuple(attribute.trait for attribute in attributes)
    if not traits:
        raise InputError("directions are named by attributes of pictures: give at least one")
    names = [trait.name for trait in traits]
    for name in names:
        if names.count(name) > 1:
            raise InputError(f"two attributes are called '{name}'; give each a name of its own")
    return traits
