"""Conditional directions: change one thing and keep others, as far as directions can tell.

A direction n with the directions m_1 .. m_J to keep: what is left of n when its part in their span is taken off,

    n' = (n - P n) / |n - P n|,   P the orthogonal projection onto span(m_1 .. m_J),

is the unit vector nearest to n among those along which no m_j . z changes. So what an m_j scores linearly stays as it
is. What is not guaranteed: anything of what the m_j do not score linearly; that has to be measured. Vectors are what
is projected: as every edited layer moves at right angles to the m_j, it does not matter which layers those edit.

References:
    Y. Shen, J. Gu, X. Tang, B. Zhou (2020), Interpreting the Latent Space of GANs for Semantic Face Editing, CVPR,
        section 2 (conditional manipulation).

Shape letters: `W` coordinates of a code, `J` directions to keep.
"""

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
from scipy.linalg import orth

from ganatomy.errors import InputError
from ganatomy.latent.direction import Direction

_NOTHING = 1e-6  # of a vector's length: what rounding of stored vectors may leave of one that lies in the span


def project(direction: Direction, kept: Iterable[Direction]) -> Direction:
    """Take from a direction what it shares with others, and make the rest one of length 1.

    Args:
        direction: to change along.
        kept: directions, such as other attributes' boundaries, along which nothing shall change; they may be
            dependent, of any length, and may act on other layers.

    Returns:
        A direction of length 1 on the same layers. Its label stays where the vector still points the same way, since
        it was at right angles to all of `kept`; otherwise it is None, as nobody has measured what the rest means.

    Raises:
        InputError: another space, width or generator, or nothing is left.

    >>> smile = Direction([0.6, 0.8, 0.0], layers=(0,), space="z", fingerprint="f", label="smile", name="smile")
    >>> age = Direction([0.0, 2.0, 0.0], layers=(0,), space="z", fingerprint="f", name="age")
    >>> alone = project(smile, [age])
    >>> alone.vector.tolist(), alone.name, alone.label
    ([1.0, 0.0, 0.0], 'smile without age', None)
    """
    others = list(kept)
    mine = (direction.space, len(direction.vector), direction.fingerprint)
    for other in others:
        if (other.space, len(other.vector), other.fingerprint) != mine:
            raise InputError(
                f"{direction.name!r} ({mine[1]} coordinates of {mine[0]}, weights {mine[2][:8]}) cannot keep "
                f"{other.name!r} ({len(other.vector)} of {other.space}, weights {other.fingerprint[:8]}): find both in "
                f"one generator"
            )
    if not direction.length:
        raise InputError(f"{direction.name!r} has length 0 and points nowhere")
    unit = rest = direction.vector / direction.length
    spans = [other.vector / other.length for other in others if other.length]
    if spans:
        basis = orth(np.array(spans).T)  # (W, J or fewer)
        for _ in range(2):  # the second time takes off what rounding left, which matters when little is left
            rest = rest - basis @ (basis.T @ rest)
    length = float(np.linalg.norm(rest))
    if length < _NOTHING:
        names = ", ".join(repr(other.name) for other in others)
        raise InputError(f"nothing of {direction.name!r} is left besides {names}; keep fewer")
    same = np.allclose(rest, unit, rtol=0, atol=_NOTHING)
    name = direction.name if not others else f"{direction.name} without {', '.join(other.name for other in others)}"
    return replace(direction, vector=rest / length, label=direction.label if same else None, name=name)
