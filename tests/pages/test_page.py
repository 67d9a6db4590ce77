"""Pages stand alone: sheets show the picture they are asked for, and what comes from outside is text only."""

import base64
import io
import re
from importlib import resources

import numpy as np
import pytest
from jinja2 import UndefinedError
from PIL import Image

from attacks.policy import guarded
from ganatomy.errors import InputError
from ganatomy.pages.page import Sheet, embedded, render


def decoded(address: str) -> np.ndarray:
    head, _, content = address.partition(",")
    assert head in {"data:image/png;base64", "data:image/jpeg;base64"}
    with Image.open(io.BytesIO(base64.b64decode(content, validate=True))) as image:
        return np.asarray(image.convert("RGB"))


def shown(sheet: Sheet, picture: np.ndarray, s: int) -> np.ndarray:
    """Do what the browser does: shift the sheet by shares of its size, and cut out a box of a picture's size."""
    x, y = (float(share.strip(" %")) / 100 for share in sheet.places[s].split(","))
    left, top = round(-x * picture.shape[1]), round(-y * picture.shape[0])
    return picture[top : top + sheet.height, left : left + sheet.width]


@pytest.mark.parametrize("shape", [(21, 64, 64), (2, 30, 50), (1, 8, 8), (7, 33, 17)])
def test_every_strength_shows_its_own_picture_even_after_jpeg(shape):
    rng = np.random.default_rng(0)
    flat = rng.integers(0, 256, (shape[0], 1, 1, 3), dtype=np.uint8)
    pictures = np.broadcast_to(flat, (*shape, 3))
    sheet = Sheet(*shape)
    exact, lossy = sheet.fill(pictures), decoded(embedded(sheet.fill(pictures), 85))
    assert float(sheet.scale.strip("%")) / 100 == pytest.approx(exact.shape[1] / shape[2], rel=1e-5)
    for s in range(shape[0]):
        np.testing.assert_array_equal(shown(sheet, exact, s), pictures[s])
        # not even at its edge does a picture take on the colour of its neighbour
        assert np.abs(shown(sheet, lossy, s).astype(int) - pictures[s]).max() <= 4


def test_a_picture_survives_being_embedded():
    picture = np.random.default_rng(0).integers(0, 256, (9, 7, 3), dtype=np.uint8)
    np.testing.assert_array_equal(decoded(embedded(picture)), picture)
    smooth = np.broadcast_to(np.linspace(0, 255, 64).astype(np.uint8)[:, None, None], (64, 64, 3))
    sizes = [len(embedded(smooth, quality)) for quality in (30, 60, 95)]
    assert sizes == sorted(sizes)
    assert np.abs(decoded(embedded(smooth, 85)).astype(int) - smooth).max() < 8


@pytest.mark.parametrize("quality", [0, 96])
def test_qualities_that_jpeg_has_not_are_refused(quality):
    with pytest.raises(InputError, match="1 to 95"):
        embedded(np.zeros((4, 4, 3), np.uint8), quality)


def test_a_template_without_its_values_is_an_error():
    with pytest.raises(UndefinedError):
        render("index.html", {"title": "t"})


EVIL = "<script>alert(1)</script><style>*{}</style>'\"><img src=x onerror=alert(1)><script {{ own }}>alert(2)</script>"


def test_only_what_is_of_the_template_is_in_the_policy():
    values = {"title": EVIL, "lead": EVIL, "parts": [], "t": str, "language": EVIL}
    page = render("index.html", values)
    guarded(page, files=True)
    assert page == render("index.html", values)  # the marks, which differ, are gone
    unguarded = page.replace("<h1>", "<script>alert(1)</script><h1>")
    with pytest.raises(AssertionError, match="script"):
        guarded(unguarded, files=True)


def test_templates_have_marks_and_nothing_that_a_policy_could_not_tell():
    for template in (resources.files("ganatomy.pages") / "templates").iterdir():
        text = template.read_text(encoding="utf-8")
        assert not re.search(r"<(script|style)(?! {{ own }}>)", text), template.name
        assert not re.search(r"<[^>]*\s(style|on[a-z]+)=", text), template.name
        assert not re.search(r"""setAttribute\(.style|cssText|innerHTML|document\.write|eval\(|new Function""", text)
