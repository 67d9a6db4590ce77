"""What holds for all surveys, films among them: every picture is made once, whatever stops the work and how often."""

import contextlib
import json
from collections import Counter

import numpy as np
import pytest

from ganatomy.attributes import choose
from ganatomy.generators.networks.planted import Planted
from ganatomy.latent.pictures import sized_painter
from ganatomy.latent.survey import drawing as pages
from ganatomy.latent.survey import film, stages, survey
from ganatomy.progress import Silent

SHOWN = {"samples": 2, "seeds": [101, 102], "steps": 3, "size": 64}  # boundaries are learnt from codes of seed 0
MEASURED = {"n_codes": 45, "draws": 16, "effect_codes": 6, "repetitions": 1, "k": 2}
KINDS = {
    "film": {"film": True, "k": 3, "effect_codes": 5, **SHOWN},
    "film without effects": {"film": True, "k": 2, "effect_codes": 0, **SHOWN},
    "film of random directions": {"film": True, "methods": "random", "start": 0.0, "end": 2.0, **SHOWN},
    "survey": {"methods": ["sefa", "ganspace", "random"], "attributes": choose(["brightness"]), **SHOWN, **MEASURED},
    "survey of boundaries": {"methods": ["boundary"], "attributes": choose(["warmth"]), **SHOWN, **MEASURED, "k": 1},
    "survey from one side": {
        "methods": ["sefa"],
        "attributes": choose(["warmth"]),
        "start": 0.5,
        "end": 2.0,
        **SHOWN,
        **MEASURED,
    },
    "survey without labels": {"methods": ["sefa", "random"], "attributes": (), **SHOWN, **MEASURED},
}


class Counted(Planted):
    """A planted generator that notes of which codes it was asked to make pictures."""

    def __init__(self):
        super().__init__(z_dim=16, resolution=16)
        self.made = Counter()

    def synthesis(self, ws):
        self.made.update(code.numpy().tobytes() for code in ws)
        return super().synthesis(ws)


@pytest.fixture(autouse=True)
def _nothing_drawn(monkeypatch):
    """Leave out what is drawn, and take small batches, so that there are many."""
    monkeypatch.setattr(pages, "save_figure", lambda _, place: place.path.touch())
    monkeypatch.setattr(pages, "directions_page", lambda *_, **__: "")
    monkeypatch.setattr(film.Album, "draw", lambda *_, **__: None)
    monkeypatch.setattr(film.Album, "draw_directions", lambda *_: None)
    monkeypatch.setattr(stages, "batch_size", lambda _: 48)


def _files(folder, contents):
    """The files as they are, but for what times were taken and how many pictures were made."""
    files = contents(folder)
    summary = json.loads(files.pop("summary.json"))
    for key in ("seconds_rendering", "pictures_a_second"):
        summary.pop(key, None)
    return files, summary


@pytest.fixture
def whole(kind, tmp_path, contents):
    """The files of work that nothing stopped."""
    generator = Counted().eval()
    done = survey(generator, out=tmp_path / "whole", **KINDS[kind])
    assert max(generator.made.values()) == 1
    told = done["pictures"]
    assert generator.made.total() == told["distinct"] == told["painted"] >= told["shown"] / 2
    return _files(tmp_path / "whole", contents)


@pytest.mark.parametrize("kind", KINDS)
def test_every_picture_is_made_once_though_it_is_stopped_after_every_batch(kind, whole, tmp_path, contents):
    class Stopping(Silent):
        def update(self, done, text=""):
            raise KeyboardInterrupt

    generator, stopped = Counted().eval(), 0
    while not (tmp_path / "out" / "summary.json").exists():
        try:
            survey(generator, out=tmp_path / "out", progress=Stopping(), **KINDS[kind])
        except KeyboardInterrupt:
            stopped += 1
    assert stopped >= 1
    assert max(generator.made.values()) == 1
    assert _files(tmp_path / "out", contents) == whole


@pytest.mark.parametrize("kind", KINDS)
def test_killed_again_and_again_only_the_batches_under_way_are_made_again(kind, whole, tmp_path, contents, monkeypatch):
    lost, calls = Counter(), [0]

    def killed(generator, *arguments):
        paint = sized_painter(generator, *arguments)

        def dying(ws, sizes):
            pictures = paint(ws, sizes)
            calls[0] += 1
            if calls[0] % 7 == 5:
                lost.update(code.numpy().tobytes() for code in ws)
                raise SystemExit
            return pictures

        return dying

    monkeypatch.setattr(stages, "sized_painter", killed)
    generator = Counted().eval()
    while not (tmp_path / "out" / "summary.json").exists():
        with contextlib.suppress(SystemExit):
            survey(generator, out=tmp_path / "out", **KINDS[kind])
    assert set((generator.made - lost).values()) == {1}
    assert _files(tmp_path / "out", contents) == whole


@pytest.mark.parametrize("kind", ["film", "survey"])
def test_killed_while_it_writes_what_was_lost_is_told(kind, whole, tmp_path, contents, monkeypatch):
    generator, killed, append = Counted().eval(), [], stages.Store.append

    def dying(store, pictures):
        if len(killed) < 3 and len(store):
            killed.append(len(pictures))
            raise SystemExit
        append(store, pictures)

    monkeypatch.setattr(stages.Store, "append", dying)
    while not (tmp_path / "out" / "summary.json").exists():
        with contextlib.suppress(SystemExit):
            survey(generator, out=tmp_path / "out", **KINDS[kind])
    files, summary = _files(tmp_path / "out", contents)
    pictures = summary["pictures"]
    assert len(killed) == 3
    assert pictures["painted"] - pictures["distinct"] == generator.made.total() - len(generator.made) > 0
    assert files == whole[0]
    pictures["painted"] = pictures["distinct"]
    assert summary == whole[1]


def test_the_numbers_do_not_depend_on_what_else_is_measured(tmp_path):
    """Labels beside effects, and effects beside labels, are what they are alone."""
    both = survey(Planted(16, 16).eval(), out=tmp_path / "both", **KINDS["survey"])
    alone = survey(Planted(16, 16).eval(), out=tmp_path / "alone", **{**KINDS["survey"], "attributes": ()})
    for one, other in zip(both["directions"], alone["directions"], strict=True):
        assert one["change"] == pytest.approx(other["change"], rel=1e-3)
        assert one["ratio"] == pytest.approx(other["ratio"], rel=1e-3)
    assert np.isfinite([row["change"] for row in both["directions"]]).all()
