"""The real networks on the zoo's generators: skipped unless extra, models and generator are on this disk."""

from importlib.util import find_spec

import numpy as np
import pytest
from PIL import Image

from ganatomy.attributes import choose, measure
from ganatomy.attributes.face_models import MODELS
from ganatomy.generators.zoo.cards import card, entry_of

PICTURES = 40


def _held(entry):
    return entry.state() == "ok"


pytestmark = pytest.mark.skipif(
    not (
        all(find_spec(module) for module in ("ai_edge_litert", "onnxruntime"))
        and all(_held(model.entry) for model in MODELS)
        and _held(entry_of(card("faces")))
    ),
    reason="needs the extra faces, its models and the generator faces in the cache",
)


@pytest.fixture(scope="module")
def pictures():
    import ganatomy
    from ganatomy.latent.codes import Drawing
    from ganatomy.latent.pictures import painter

    G = ganatomy.load("faces")
    return painter(G)(Drawing(n=PICTURES, seed=3).codes(G).ws)


@pytest.fixture(scope="module")
def reader():
    from ganatomy.attributes.faces import FaceReader

    return FaceReader(threads=1)


@pytest.fixture(scope="module")
def look(reader):
    """Measure all attributes of faces, by name."""
    chosen = [one for one in choose() if one.needs_face]

    def look(pictures):
        numbers = measure(chosen, np.ascontiguousarray(pictures), reader=reader)
        return {one.name: numbers[:, a] for a, one in enumerate(chosen)}

    return look


@pytest.fixture(scope="module")
def seen(look, pictures):
    return look(pictures)


def test_most_pictures_have_a_face_and_noise_has_none(seen, look):
    assert np.isfinite(seen["yaw"]).mean() > 0.9
    noise = np.random.default_rng(0).integers(0, 256, (8, 64, 64, 3), dtype=np.uint8)
    assert all(np.isnan(values).all() for values in look(noise).values())


def test_mirrored_pictures_turn_sides_around_and_keep_the_rest(seen, look, pictures):
    mirrored = look(pictures[:, :, ::-1])
    for name, values in seen.items():
        other = mirrored[name] * (-1 if name in ("yaw", "roll", "face-x") else 1)
        both = np.isfinite(values) & np.isfinite(other)
        assert both.sum() > PICTURES / 2, name
        left = np.sqrt(np.mean((values - other)[both] ** 2)) / values[both].std()
        assert left < (0.6 if name in ("face-x", "face-y", "skin-lightness") else 0.4), (name, left)


def test_turned_pictures_roll_by_as_much(seen, look, pictures):
    for degrees in (-15, 15):
        turned = np.array([np.asarray(Image.fromarray(p).rotate(-degrees, Image.Resampling.BICUBIC)) for p in pictures])
        there = look(turned)
        frontal = np.abs(seen["yaw"]) < 15
        rolled = (there["roll"] - seen["roll"])[frontal]
        assert np.nanmedian(rolled) == pytest.approx(degrees, abs=1.5)
        assert np.nanmedian(np.abs(there["smile"] - seen["smile"])) < 0.5 * np.nanstd(seen["smile"])


def test_enlarged_pictures_keep_their_numbers(seen, look, pictures):
    some = slice(0, 12)
    large = np.array(
        [np.asarray(Image.fromarray(p).resize((512, 512), Image.Resampling.BILINEAR)) for p in pictures[some]]
    )
    there = look(large)
    for name in ("yaw", "pitch", "smile", "mouth-width", "face-size", "gender"):
        difference = there[name] - seen[name][some]
        assert np.sqrt(np.nanmean(difference**2)) < 0.35 * np.nanstd(seen[name]), name


def test_smaller_faces_are_found_and_are_smaller(seen, look, pictures):
    framed = np.pad(pictures[:12], ((0, 0), (32, 32), (32, 32), (0, 0)), mode="edge")
    there = look(framed)
    ratio = there["face-size"] / seen["face-size"][:12]
    assert np.isfinite(ratio).mean() > 0.8
    assert np.nanmedian(ratio) == pytest.approx(0.5, abs=0.03)


def test_what_is_seen_agrees_with_itself(seen):
    """Smiling mouths are wider; age and gender are in the range of their models."""
    there = np.isfinite(seen["smile"])
    assert np.corrcoef(seen["smile"][there], seen["mouth-width"][there])[0, 1] > 0.7
    assert ((seen["age"][there] > 0) & (seen["age"][there] < 80)).all()
    assert (np.abs(seen["gender"][there]) <= np.log(1e12) + 1e-6).all()
