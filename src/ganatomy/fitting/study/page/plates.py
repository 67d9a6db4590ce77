"""Pictures and films as they stand in a study's page: recognised, made small enough, and written into it.

A picture is at most `WIDEST` pixels wide and stored as PNG, which keeps lines and letters sharp; one that is large as
PNG, a cloud of points over a smooth field, is stored as JPEG. A film is stored as it comes, and left out if it is so
large that the page would open slowly; the page then says where it is. Ten pictures and a film thus stay below 15 MB.

Legend: `h` x `w` a picture's pixels.
"""

import base64
import io
from dataclasses import dataclass
from typing import Any

import numpy as np

from ganatomy.errors import InputError
from ganatomy.figures.pictures.mosaic import checked_pictures, fitted
from ganatomy.languages import Words
from ganatomy.pages.page import embedded

WIDEST = 1600
"""Pixels: of a column of 76 rem on a screen of ordinary density."""

LARGEST_PNG = 500_000
"""Bytes of a data: address from which a picture becomes a JPEG."""

LARGEST_FILM = 5_000_000
"""Bytes of a film that a page still opens fast with."""

_QUALITY = 88  # of JPEGs: no halo around letters is seen


@dataclass(frozen=True, eq=False)
class Picture:
    """A picture of the study, or a film.

    Attributes:
        place: where it belongs: "matrix", "curves", "time", "ranking", or "claim:" and the name of a claim.
        image: uint8 (h, w, 3), or the bytes of a PNG, JPEG or GIF file, or of an MP4 film.
        title: what tells it from others of its place; "" if there is one only.
        poster: what shows of a film before it plays, uint8 (h, w, 3) or bytes of a picture.
    """

    place: str
    image: np.ndarray | bytes
    title: str = ""
    poster: np.ndarray | bytes | None = None


def plate(picture: Picture, words: Words) -> dict[str, Any]:
    """Return what the template shows of a picture: address, size, description and what is special about it.

    Raises:
        InputError: it is no picture, and no film.

    >>> shown = plate(Picture("curves", np.zeros((4, 2000, 3), np.uint8)), Words("en", "study"))
    >>> shown["src"][:15], shown["width"], shown["height"], shown["wordy"]
    ('data:image/png;', 1600, 3, True)
    """
    content = picture.image if isinstance(picture.image, bytes) else b""
    film = content[4:8] == b"ftyp"
    moving = film or content.startswith(b"GIF8")
    alt = words(f"alt_{picture.place}") if words.has(f"alt_{picture.place}") else words("alt_claim")
    shown = {
        "title": picture.title,
        "alt": words("alt_film") if moving else alt,
        "caption": words("film") if moving else "",
        "wordy": picture.place != "matrix",  # a phone shows it at a size at which its letters can be read
        "video": film,
        "film": moving,
        "src": "",
        "poster": "",
    }
    if moving and len(content) > LARGEST_FILM:
        return {**shown, "caption": words("film_large", mb=f"{len(content) / 1e6:.0f}")}
    if film:
        if picture.poster is None:
            return {**shown, "src": _address("video/mp4", content), "width": None}
        poster = _pixels(picture.poster, picture.place)
        height, width = poster.shape[:2]
        return {
            **shown,
            "src": _address("video/mp4", content),
            "poster": embedded(poster, _QUALITY),
            "width": width,
            "height": height,
        }
    pixels = _pixels(picture.image, picture.place)
    height, width = pixels.shape[:2]
    if moving:
        return {**shown, "src": _address("image/gif", content), "width": width, "height": height}
    source = embedded(pixels)
    if len(source) > LARGEST_PNG:
        source = embedded(pixels, _QUALITY)
    return {**shown, "src": source, "width": width, "height": height}


def _address(kind: str, content: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"


def _pixels(image: np.ndarray | bytes, place: str) -> np.ndarray:
    """Return a picture, or the first of a film, as uint8 (h, w, 3), at most `WIDEST` wide, on white."""
    from PIL import Image, UnidentifiedImageError

    if isinstance(image, bytes):
        try:
            with Image.open(io.BytesIO(image)) as opened:
                sheet = opened.convert("RGBA")
        except (UnidentifiedImageError, OSError):
            raise InputError(
                f"the picture for '{place}' is no PNG, JPEG, GIF or MP4 file; give its bytes, or uint8 (h, w, 3)"
            ) from None
        white = Image.new("RGBA", sheet.size, "white")
        image = np.asarray(Image.alpha_composite(white, sheet).convert("RGB"))
    image = checked_pictures(image, "")
    height, width = image.shape[:2]
    return fitted(image, round(max(height, width) * WIDEST / width)) if width > WIDEST else image
