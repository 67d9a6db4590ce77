"""An attribute: a number that a picture has, and what it is in words (see `trait`).

An attribute is a function from pictures to one number each, or NaN where a picture gives none, such as the turn of a
head where no face is found. The constraint: the number of a picture depends on that picture alone, not on which others
are measured with it, so that pictures can be measured in any order and in any batches.

Several attributes need the same things of a picture: its lightness, the mesh of its face. A `View` holds a batch of
pictures and makes each such thing once, when it is first asked for.

Not guaranteed: that a number means to a person what its name says. A model that was trained on photographs is used on
pictures that a generator made; how far it is right there was measured, and is said with each attribute's source.

Shape letters: `N` pictures, `H` and `W` their height and width, `A` attributes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ganatomy.attributes.colour import chroma_of, lab_of, linear_of
from ganatomy.attributes.trait import Trait
from ganatomy.errors import InputError

if TYPE_CHECKING:
    from ganatomy.attributes.faces import FaceReader, Faces

Numbers = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class View:
    """A batch of pictures and what is derived of them; each thing is made once, when it is first asked for.

    Attributes:
        pictures: uint8 (N, H, W, 3), sRGB.
        reader: finds the faces; None if nobody will ask for them.

    >>> View(np.full((1, 2, 2, 3), 119, np.uint8)).lightness[0].round(1).astype(float).tolist()
    [[50.0, 50.0], [50.0, 50.0]]
    """

    pictures: NDArray[np.uint8]
    reader: FaceReader | None = None

    @cached_property
    def linear(self) -> NDArray[np.float32]:
        """Linear light R, G, B in [0, 1], (N, H, W, 3)."""
        return linear_of(self.pictures)

    @cached_property
    def lab(self) -> NDArray[np.float32]:
        """CIELAB L*, a*, b*, (N, H, W, 3)."""
        return lab_of(self.linear)

    @property
    def lightness(self) -> NDArray[np.float32]:
        """CIELAB L* in [0, 100], (N, H, W)."""
        return self.lab[..., 0]

    @property
    def chroma(self) -> NDArray[np.float32]:
        """CIELAB C*, the distance from grey, (N, H, W)."""
        return chroma_of(self.lab)

    @cached_property
    def faces(self) -> Faces:
        """The face of each picture, found or not."""
        assert self.reader is not None, "a face attribute is measured without a reader"
        return self.reader.read(self.pictures)


@dataclass(frozen=True, repr=False)
class Attribute:
    """A number that a picture has.

    Attributes:
        trait: what it is, in words.
        value: the number (N,) of each picture of a view, NaN for none.
        needs_face: whether it is NaN without a face, and asks for the models of the extra `faces`.
        own: whether it is a person's own scorer.
        version: of an own scorer, the digest of the file that it stands in; "" where there is none.

    >>> trait = Trait("reds", {"en": "reds"}, "grey levels", "colour", "a doctest", {}, {})
    >>> reds = Attribute(trait, lambda view: view.pictures[..., 0].mean((1, 2)))
    >>> reds, reds.value(View(np.full((2, 4, 4, 3), 7, np.uint8)))
    (<Attribute reds, in grey levels>, array([7., 7.]))
    """

    trait: Trait
    value: Callable[[View], Numbers] = field(compare=False)
    needs_face: bool = False
    own: bool = False
    version: str = ""

    def __repr__(self) -> str:
        return f"<Attribute {self.name}, in {self.trait.unit}>"

    @property
    def name(self) -> str:
        """One word, as it is typed: "yaw"."""
        return self.trait.name


def checked_pictures(pictures: NDArray) -> NDArray[np.uint8]:
    """See that these are pictures: uint8 (N, H, W, 3), 4 pixels a side or more.

    Raises:
        InputError: they are not.

    >>> checked_pictures(np.zeros((8, 8, 3), np.uint8))
    Traceback (most recent call last):
    ganatomy.errors.InputError: pictures are uint8 of shape (8, 8, 3); give uint8 (N, H, W, 3), 4 pixels a side or more
    """
    pictures = np.asarray(pictures)
    whole = pictures.ndim == 4 and pictures.shape[3] == 3 and min(pictures.shape[1:3]) >= 4
    if not whole or pictures.dtype != np.uint8:
        raise InputError(
            f"pictures are {pictures.dtype} of shape {pictures.shape}; give uint8 (N, H, W, 3), 4 pixels a side or more"
        )
    return pictures
