"""Directions of more of a score: random pictures are made and scored, and a plane parts their codes.

The plane and what is known of its quality are `latent.methods.boundary`'s; here the pictures are made, a batch at a
time, so that only codes and scores are kept. A score is any number of a picture, such as a measured attribute. What is
not guaranteed: see `latent.methods.boundary`.

Shapes: `N` codes, `B` of them in a batch, `L` layers, `W` coordinates of a code, `K` directions, `A` scores, `H`
pixels a side.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from ganatomy.errors import InputError
from ganatomy.generators.base import Generator, Precision
from ganatomy.latent.codes import Drawing
from ganatomy.latent.directions import Directions
from ganatomy.latent.drawn_codes import Layers, as_directions, to_numpy
from ganatomy.latent.methods.boundary import Boundary, separate
from ganatomy.latent.pictures import batch_size, painter

Scorer = Callable[[NDArray[np.uint8]], NDArray[np.float64]]


def boundary(
    generator: Generator,
    k: int | None = None,
    layers: Layers = None,
    *,
    scorer: Scorer,
    names: Sequence[str] = ("score",),
    codes: int = 2000,
    label: str | None = None,
    size: int | None = None,
    precision: Precision = "float32",
    seed: int = 0,
    source: str = "",
) -> Directions:
    """Find the direction of more of each score, from random pictures that are scored.

    Args:
        generator: whose.
        k: how many of the scores, the first ones; by default all.
        layers: which layers to edit.
        scorer: from pictures uint8 (B, H, H, 3) to scores (B,) or (B, A), NaN where a picture has none.
        names: of the A scores.
        codes: N, of `seed`.
        label: of conditional generators, the class of all codes; by default the first.
        size: pictures are scored at most this large, in pixels a side; by default as they are.
        precision: of the generator's arithmetic.
        seed: of the codes and of the split.
        source: what to call the generator in the result.

    Returns:
        Directions of method "boundary": `values` are accuracies on held-out codes, `share` is the share of the score's
        variance that the distance explains there. The name of a score is a label where the accuracy is better than
        chance by more than two standard errors.

    Raises:
        InputError: scores of another shape, or too few or none that differ.

    >>> from ganatomy.generators.networks.planted import Planted
    >>> G = Planted(z_dim=8, resolution=16)
    >>> found = boundary(G, scorer=lambda pictures: pictures.mean(axis=(1, 2, 3)), names=["brightness"], codes=1000)
    >>> round(float(found.vectors[0] @ G.directions[0].numpy()), 2), found.values.round(2).tolist(), found[0].label
    (0.84, [1.0], 'brightness')
    """
    paint, rows, scores = painter(generator, size, precision), [], []
    drawing = Drawing(n=codes, seed=seed, class_name=label, psi=1).of_one_class(generator)
    for ws in drawing.batches(generator, batch_size(generator.resolution)):
        pictures = paint(ws)
        given = np.asarray(scorer(pictures), dtype=np.float64)
        given = given[:, None] if given.ndim == 1 else given
        if given.shape != (len(pictures), len(names)):
            raise InputError(
                f"{len(pictures)} pictures got scores of shape {given.shape}; {', '.join(names)} make "
                f"({len(pictures)}, {len(names)})"
            )
        rows.append(to_numpy(ws[:, 0, : generator.edit_dim]))
        scores.append(given)
    z, count = np.concatenate(rows), len(names) if k is None else min(k, len(names))
    found = [
        separate(z, column, seed=seed, name=name)
        for name, column in zip(names[:count], np.concatenate(scores).T, strict=False)
    ]
    return boundary_directions(generator, found, names[:count], layers, source)


def boundary_directions(
    generator: Generator, found: Sequence[Boundary], names: Sequence[str], layers: Layers = None, source: str = ""
) -> Directions:
    """Make directions of boundaries that were found between codes of a generator; see `boundary`.

    >>> from ganatomy.generators.networks.planted import Planted
    >>> G = Planted(z_dim=8)
    >>> z = G.draw(500).numpy()
    >>> boundary_directions(G, [separate(z, z[:, 0] - z[:, 1])], ["tilt"]).vectors.round(1).tolist()
    [[0.7, -0.7, -0.0, -0.0, -0.0, 0.0, 0.1, -0.0]]
    """
    return as_directions(
        generator,
        "boundary",
        layers,
        np.array([each.normal for each in found]),
        np.array([each.accuracy for each in found]),
        np.array([each.explained for each in found]),
        source,
        labels=tuple(n if each.surely_better_than_chance else None for n, each in zip(names, found, strict=True)),
        names=tuple(f"boundary {name}" for name in names),
    )
