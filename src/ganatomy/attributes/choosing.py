"""Which attributes to measure, and measuring them.

    chosen = choose(["yaw", "smile"])            # or choose() for all that can be measured here
    numbers = measure(chosen, pictures)          # (N, A), NaN where a picture has no value

Pictures are measured `batch` at a time, so that no more than a batch is ever held in another form than they came.
Not guaranteed: speed that does not depend on what is chosen. The attributes of any picture take well below a
millisecond at 64 pixels, those of faces some ten.

Shape letters: `N` pictures, `H` and `W` their height and width, `A` attributes.
"""

import itertools
from collections.abc import Callable, Iterable, Sequence
from importlib.util import find_spec
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ganatomy.attributes.appearance import APPEARANCE
from ganatomy.attributes.attribute import Attribute, Numbers, View, checked_pictures
from ganatomy.attributes.face_attributes import FACE
from ganatomy.attributes.face_models import require_faces
from ganatomy.attributes.faces import FaceReader
from ganatomy.attributes.scorers import Scorer, read_scorer
from ganatomy.errors import InputError, unknown

_MOST, _PIXELS = 64, 1 << 21  # of a batch: pictures, and pixels in all, whose derived forms take some 100 MB

Progress = Callable[[int], None]


def choose(
    names: Iterable[str] | None = None,
    faces: Literal["auto"] | bool = "auto",
    scorers: Sequence[str | Scorer] = (),
) -> tuple[Attribute, ...]:
    """Choose attributes by name, and add a person's own scorers.

    Args:
        names: of those wanted, in that order; None for all.
        faces: whether None includes the attributes of faces: "auto" does if the extra `faces` is installed.
        scorers: what `read_scorer` takes, each.

    Raises:
        InputError: an unknown name, none chosen, two of one name; an attribute of faces without the extra.

    >>> [one.name for one in choose(faces=False)][:3]
    ['brightness', 'contrast', 'warmth']
    >>> choose(["brightnes"])
    Traceback (most recent call last):
    ganatomy.errors.InputError: unknown attribute 'brightnes'; did you mean 'brightness'? Known: brightness, ...
    """
    known = {one.name: one for one in (*APPEARANCE, *FACE)}
    if names is None:
        there = all(find_spec(module) for module in ("ai_edge_litert", "onnxruntime")) if faces == "auto" else faces
        chosen = [*APPEARANCE, *(FACE if there else ())]
    else:
        chosen = []
        for name in names:
            if name not in known:
                raise unknown("attribute", name, known)
            chosen.append(known[name])
    chosen += [read_scorer(one) for one in scorers]
    if not chosen:
        raise InputError(f"no attributes are chosen; give some of: {', '.join(known)}")
    for one, other in itertools.combinations(chosen, 2):
        if one.name == other.name:
            raise InputError(f"two attributes are called '{one.name}'; leave one out, or rename the scorer's function")
    if needing := [one.name for one in chosen if one.needs_face]:
        require_faces(f"the attribute {needing[0]}")
    return tuple(chosen)


def has_values(attributes: Sequence[Attribute], numbers: Numbers) -> NDArray[np.bool_]:
    """Say of which attributes pictures have values that differ: only these can be compared between pictures.

    Args:
        attributes: A of them.
        numbers: as `measure` returns them, (N, A).

    Returns:
        (A,): False where fewer than two pictures have a value (no faces, say), or all have the same.

    Raises:
        InputError: a person's own scorer has no value for any picture, or the same for all.

    >>> chosen = choose(["brightness", "sharpness"])
    >>> has_values(chosen, np.array([[20.0, np.nan], [30.0, np.nan]])).tolist()
    [True, False]
    """
    there = np.isfinite(numbers)
    low = np.where(there, numbers, np.inf).min(0, initial=np.inf)
    high = np.where(there, numbers, -np.inf).max(0, initial=-np.inf)
    for one, any_there, spread in zip(attributes, there.sum(0), high > low, strict=True):
        if one.own and not spread:
            said = "the same number" if any_there else "NaN"
            raise InputError(
                f"the scorer '{one.name}' gives {said} for all of {len(numbers)} pictures, so it tells nothing"
            )
    return high > low


def measure(
    attributes: Sequence[Attribute],
    pictures: NDArray[np.uint8],
    *,
    reader: FaceReader | None = None,
    batch: int | None = None,
    progress: Progress | None = None,
) -> Numbers:
    """Measure attributes of pictures.

    Args:
        attributes: A of them.
        pictures: uint8 (N, H, W, 3), sRGB.
        reader: finds faces; made at need if None, which opens the models anew at each call.
        batch: how many pictures are held in other forms at a time; None for as many as take some 100 MB, 64 at most.
        progress: called with the number of pictures done, after each batch.

    Returns:
        (N, A), NaN where a picture has no value, such as the turn of a head where no face is found.

    Raises:
        InputError: no pictures of this form; what `FaceReader` and scorers raise.

    >>> pictures = np.random.default_rng(0).integers(0, 256, (2, 16, 16, 3), dtype=np.uint8)
    >>> measure(choose(["brightness", "saturation", "sharpness"]), pictures).round(1).tolist()
    [[55.8, 59.5, 5.3], [58.2, 58.5, 5.2]]
    """
    pictures = checked_pictures(pictures)
    if batch is None:
        batch = max(1, min(_MOST, _PIXELS // (pictures.shape[1] * pictures.shape[2])))
    if batch < 1:
        raise InputError(f"batch = {batch}: give 1 or more")
    if reader is None and len(pictures) and any(one.needs_face for one in attributes):
        reader = FaceReader()
    numbers = np.full((len(pictures), len(attributes)), np.nan)
    for begin in range(0, len(pictures), batch):
        view = View(pictures[begin : begin + batch], reader)
        for a, one in enumerate(attributes):
            numbers[begin : begin + batch, a] = one.value(view)
        if progress is not None:
            progress(min(begin + batch, len(pictures)))
    return numbers
