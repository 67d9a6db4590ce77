"""The null: what any direction would do, since a number measured along one direction says nothing by itself.

A null direction has length 1 and points anywhere, uniformly, in the coordinates that can be edited; it acts on the
layers of what it is compared with. What is not guaranteed: that null directions of a picture are all bad.

Shape letters: `W` coordinates of a code, `R` null directions.
"""

import numpy as np

from ganatomy.latent.direction import Direction


def null_directions(place: Direction, draws: int, coordinates: int, seed: int = 0) -> list[Direction]:
    """Draw R directions of length 1 to compare a direction with: what any would do, in its place.

    They are drawn one by one, uniform on the sphere, so that the first of more are those of fewer; and from other
    numbers than those of the method `random`, since a control that is its own null would be no control.

    Args:
        place: whose space and layers they have; where several directions share both, they have one null.
        draws: R.
        coordinates: how many of the W coordinates, the first ones, can be edited.
        seed: of the draws.

    >>> place = Direction([1.0, 0.0, 0.0], layers=(0,), space="z", fingerprint="f")
    >>> [null.vector.round(2).tolist() for null in null_directions(place, 2, 2)]
    [[0.69, -0.72, 0.0], [0.99, 0.16, 0.0]]
    """
    vectors = np.random.default_rng(seed).standard_normal((draws, coordinates))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    padded = np.pad(vectors, ((0, 0), (0, len(place.vector) - coordinates)))
    return [Direction(vector, place.layers, place.space, place.fingerprint, name="random") for vector in padded]
