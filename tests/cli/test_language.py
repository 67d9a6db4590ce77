"""The language of pictures and pages: one flag for every verb that draws, and one variable that sets it once."""

import re
import types
from dataclasses import replace
from pathlib import Path

import pytest
from matplotlib.text import Text

from ganatomy.attributes import choose
from ganatomy.generators.networks.planted import Planted
from ganatomy.latent.labels.measure import name_directions
from ganatomy.latent.methods.sefa import sefa

DRAWN = {
    "fit": ["fit"],
    "animate": ["animate", "runs/nowhere"],
    "compare": ["compare"],
    "directions": ["directions"],
    "edit": ["edit", "--label", "smile"],
    "sample": ["sample"],
}


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("ganatomy.figures.fonts.chinese_fonts", lambda: ["a font"])


@pytest.fixture
def said(monkeypatch):
    """Catch every figure that a verb saves: the texts in each."""
    kept = []

    def keep(figure, path):
        texts = (text.get_text() for text in figure.findobj(Text))
        kept.append([re.sub(r"(?<=[\x00-\x7f])\n", " ", text).replace("\n", "") for text in texts if text])

    for saver in ("latent.editing.save_figure", "figures.pictures.samples.save_figure"):
        monkeypatch.setattr(f"ganatomy.{saver}", keep)
    monkeypatch.setattr("ganatomy.cli.options.open_source", lambda *_: types.SimpleNamespace(name="planted"))
    monkeypatch.setattr("ganatomy.generators.loading.build", lambda *_: Planted(resolution=16).eval())
    monkeypatch.setattr("ganatomy.latent.labels.keep.choose", lambda faces="auto": choose(faces=False))
    return kept


@pytest.mark.parametrize("verb", DRAWN)
def test_an_unknown_language_is_refused_before_any_work(cli, verb, tmp_path, monkeypatch):
    monkeypatch.setattr("ganatomy.cli.options.open_source", lambda *_: pytest.fail("something was opened"))
    assert "unknown language 'fr'; Known: en, zh" in cli(*DRAWN[verb], "--language", "fr").refusal
    monkeypatch.setenv("GANATOMY_LANGUAGE", "de")
    assert "unknown language in GANATOMY_LANGUAGE 'de'" in cli(*DRAWN[verb]).refusal
    assert not list(tmp_path.iterdir())
    assert "--language" in cli(verb, "--help").out


def test_samples_are_titled_in_the_language_that_was_asked_for(cli, said, monkeypatch):
    assert cli("sample", "-n", "2", "--language", "zh").code == 0
    monkeypatch.setenv("GANATOMY_LANGUAGE", "zh")
    assert cli("sample", "-n", "2").code == 0
    assert cli("sample", "--seeds", "3", "--language", "en").code == 0
    chinese, again, english = said
    assert chinese == again == ["planted：种子 0 的 2 个样本", "样本 0", "样本 1"]
    assert english == ["planted: 1 sample", "seed 3"]


def test_an_edit_is_told_in_the_language_that_was_asked_for(cli, said, tmp_path):
    G = Planted(resolution=16).eval()
    naming = name_directions(G, sefa(G, 3), choose(["brightness", "warmth"]), n_codes=20, draws=16)
    naming.save(tmp_path / "labels.json")
    asked = ["edit", "planted", "--label", "warmth", "--labels", "labels.json", "--keep", "brightness", "--seeds", "3"]
    assert cli(*asked, "--language", "zh").code == 0
    edited, changes = said
    title = "planted，增加“色温”（sefa 2），保持亮度不变，强度 +2"
    assert edited == [title, "未编辑", "编辑后", "种子 3"]
    assert {title, "平均变化（标准差）", "不保持任何属性", "保持亮度不变", "色温"} <= set(changes)
    said.clear()
    assert cli(*asked, "--strength=-1").code == 0
    assert said[0] == ["planted, less warmth (sefa 2), keeping brightness, strength -1", "unedited", "edited", "seed 3"]


def test_a_direction_is_called_by_its_number_and_its_meaning(cli, said, tmp_path):
    G = Planted(resolution=16).eval()
    replace(sefa(G, 2), labels=("pose (yaw)", None)).save(tmp_path / "d.safetensors")
    for index in (0, 1):
        assert cli("edit", "planted", "--directions", "d.safetensors", "--index", index, "--seeds", "3").code == 0
    titles = [texts[0] for texts in said]
    assert titles == ["planted, direction 0: pose (yaw), strength +2", "planted, direction 1, strength +2"]
    assert not list(Path().glob("*.png"))
