"""A survey: what it says is what the parts it is made of say, and whatever stops it, the same work goes on."""

import csv
import json
import os
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

from ganatomy.attributes import choose, choosing, has_values, measure, read_scorer
from ganatomy.errors import InputError
from ganatomy.figures import fonts
from ganatomy.generators.networks.dcgan import DCGAN
from ganatomy.generators.networks.planted import Planted
from ganatomy.generators.networks.stylegan2 import StyleGAN2
from ganatomy.latent.directions import Directions
from ganatomy.latent.labels import measure as naming
from ganatomy.latent.labels.card import Naming
from ganatomy.latent.labels.measure import name_directions
from ganatomy.latent.labels.rule import is_moved
from ganatomy.latent.methods.catalogue import find
from ganatomy.latent.pictures import painter
from ganatomy.latent.survey import Choices, conduct, run, stages, survey
from ganatomy.latent.survey import drawing as pages
from ganatomy.latent.survey.choices import Survey
from ganatomy.latent.traversal import strengths
from ganatomy.progress import Silent

G = Planted(z_dim=16, resolution=16).eval()
LIGHT = choose(["brightness", "warmth"])
FEW = {"k": 2, "n_codes": 20, "draws": 16, "samples": 2, "steps": 3, "size": 64, "effect_codes": 4, "repetitions": 1}


def few(**changes):
    """Choices that are quickly carried out."""
    return Choices(**{**FEW, "attributes": LIGHT, **changes})


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """A finished survey by three methods: its folder and summary."""
    folder = tmp_path_factory.mktemp("done") / "调 查"
    chosen = few(k=3, n_codes=40, effect_codes=6)
    work = Survey(G, ("sefa", "ganspace", "random"), chosen, {"name": "discs"})
    summary = conduct(work, folder, command="ganatomy x")
    return folder, summary


@pytest.fixture
def _no_pictures(monkeypatch):
    """Leave out what is drawn: it takes most of the time."""
    monkeypatch.setattr(pages, "save_figure", lambda _, place: place.path.touch())
    monkeypatch.setattr(pages, "directions_page", lambda *_, **__: "")


# What is in the folder


def test_the_folder_holds_what_the_contract_lists(done):
    folder, _ = done
    methods = ("sefa", "ganspace", "random")
    assert {path.relative_to(folder).as_posix() for path in folder.rglob("*")} == {
        *("page.html", "table.csv", "comparison.json", "summary.json", ".ganatomy-survey", ".lock"),
        *(f"{part}-{method}.json" for part in ("directions", "labels") for method in methods),
        *(f"directions-{method}.safetensors" for method in methods),
        *(f"{method}-{k}.png" for method in methods for k in range(3)),
    }


def test_labels_are_those_of_naming_each_method_alone(done):
    folder, summary = done
    for method in ("sefa", "ganspace", "random"):
        found = find(G, method, 3, source="discs")
        alone = name_directions(G, found, LIGHT, n_codes=40, draws=16, strengths=strengths(-2, 2, 5))
        card = Naming.load(folder / f"labels-{method}.json")
        assert card.meanings == alone.meanings
        assert (card.n_codes, card.draws, card.missing) == (40, 16, alone.missing)
        rows = [row for row in summary["directions"] if row["method"] == method]
        assert [row["text"] for row in rows] == [meaning.text() for meaning in alone]
        assert Directions.load(folder / f"directions-{method}.safetensors").labels == alone.labels
    assert summary["directions"][0]["label"] == "brightness"
    assert summary["directions"][2]["label"] == "colour temperature"


def test_the_files_say_the_same(done):
    folder, summary = done
    read = json.loads((folder / "comparison.json").read_text(encoding="utf-8"))
    assert [each["method"] for each in read["methods"]] == summary["methods"]
    for ours, theirs in zip(read["agreements"], summary["agreements"], strict=True):
        assert (ours["overlap"], ours["matched"]) == (theirs["overlap"], theirs["matched"])
    assert [row["change"] for row in summary["directions"]] == [
        row["change"] for each in read["methods"] for row in each["directions"]
    ]


def test_what_is_compared_is_measured_on_the_codes_that_name(done):
    _, summary = done
    work = Survey(G, ("sefa",), few(k=3, n_codes=40), {})
    ws, paint = work.measured[:6], painter(G)
    direction = find(G, "sefa", 3)[1]
    low, high = (paint(direction.edit(ws, end)).astype(float) for end in (-2, 2))
    assert summary["directions"][1]["change"] == pytest.approx(np.abs(high - low).mean() / 4)


def test_the_table_has_a_row_a_direction(done):
    folder, _ = done
    with open(folder / "table.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    assert len(rows) == 1 + 9
    assert len({len(row) for row in rows}) == 1


def test_the_page_says_labels_facts_and_how_to_repeat_it(done):
    page = (done[0] / "page.html").read_text(encoding="utf-8")
    for text in ("discs", "colour temperature", "ganatomy x", "GANSpace", "cooler, bluer"):
        assert text in page, text


def test_strips_show_the_samples_along_the_direction(done):
    with Image.open(done[0] / "sefa-0.png") as image:
        strip = np.asarray(image.convert("RGB")).astype(int)
    assert image.size >= (3 * 64, 2 * 64)
    middle = strip.shape[1] // 2
    assert strip[:, -middle // 2 :].std() > 10
    with Image.open(done[0] / "sefa-2.png") as other:
        assert other.size[0] == image.size[0]
        assert np.abs(np.asarray(other.convert("RGB")).astype(int)[: strip.shape[0]] - strip).max() > 20


@pytest.mark.usefixtures("_no_pictures")
def test_pictures_on_the_page_are_the_generator_s(tmp_path, monkeypatch):
    shown = {}

    def page(methods, _, *, unedited, **__):
        shown["unedited"] = unedited
        for method in methods:  # while they are there: the store is gone at the end
            for k, card in enumerate(method.cards):
                assert card.pictures.shape == (2, 3, 16, 16, 3)
                shown[method.name, k] = np.stack([card.pictures[n] for n in range(2)])
        return ""

    monkeypatch.setattr(pages, "directions_page", page)
    survey(G, ["sefa", "random"], tmp_path / "out", few())
    ws, paint = Survey(G, ("sefa",), few(), {}).samples.ws, painter(G, 64)
    assert np.array_equal(shown["unedited"], paint(ws))
    for method in ("sefa", "random"):
        for k, direction in enumerate(find(G, method, 2)):
            exact = np.stack([paint(direction.edit(ws, strength)) for strength in (-2, 0, 2)], axis=1)
            assert np.abs(shown[method, k].astype(int) - exact).max() <= 1


@pytest.mark.usefixtures("_no_pictures")
def test_bars_and_words_on_the_page_are_the_measured_ones(tmp_path, monkeypatch):
    seen = []
    monkeypatch.setattr(pages, "directions_page", lambda methods, *_, **__: seen.append(methods) or "")
    survey(G, ["sefa"], tmp_path / "out", few(k=3, n_codes=40))
    warmth = Naming.load(tmp_path / "out" / "labels-sefa.json")[2]
    card = seen[0][0].cards[2]
    bar = card.bars[1]
    assert (bar.effect, bar.low, bar.high) == (warmth["warmth"].effect, *warmth["warmth"].interval)
    assert (bar.main, card.bars[0].main) == (True, False)
    assert [each.moved for each in card.bars] == [is_moved(response, warmth.bar) for response in warmth.responses]
    assert [each.moved for each in card.bars] == [False, True]
    assert card.label == {"en": "colour temperature", "zh": warmth.label_in("zh")}
    assert (card.plus["en"], card.minus["en"]) == (warmth.plus(), (-warmth).plus())
    assert card.leakage == warmth.leakage["brightness"]
    assert seen[0][0].cards[1].label is None


# How it is chosen


@pytest.mark.usefixtures("_no_pictures")
def test_without_attributes_nothing_is_named(tmp_path):
    summary = survey(G, ["sefa"], tmp_path / "out", few(attributes=(), repetitions=0))
    assert [(row["label"], row["text"], row["angle"]) for row in summary["directions"]] == [(None, "unnamed", None)] * 2
    assert not list((tmp_path / "out").glob("labels-*"))


@pytest.mark.usefixtures("_no_pictures")
def test_chinese_is_spoken_throughout(tmp_path, monkeypatch):
    titles = []
    monkeypatch.setattr(pages, "direction_figure", lambda *_, title, **__: titles.append(title))
    for there, began in (("a font", "方向 0：亮度"), ("", "direction 0: brightness")):  # boxes say nothing
        monkeypatch.setattr(fonts, "chinese_fonts", lambda there=there: [there] if there else [])
        summary = survey(G, ["sefa"], tmp_path / f"out{there}", few(n_codes=40, k=3, language="zh"))
        assert "sd a unit" in summary["directions"][0]["text"]  # for programs, it is the same in both
        assert titles[-3].startswith(began)
        assert ("个标准差" in titles[-3]) == bool(there)


@pytest.mark.usefixtures("_no_pictures")
def test_truncated_codes_are_what_is_edited_and_measured(tmp_path):
    torch.manual_seed(0)
    network = StyleGAN2(codes=[8, 8], channels=[4, 4]).eval().requires_grad_(False)
    network.w_avg = torch.ones(8)
    work = Survey(network, ("sefa", "ganspace"), few(psi=0.0, layers="1:"))
    summary = conduct(work, tmp_path / "out")
    assert torch.equal(work.measured, torch.ones_like(work.measured))
    assert (summary["layers"], summary["psi"], summary["space"]) == (list(range(1, network.num_ws)), 0.0, "w")


@pytest.mark.usefixtures("_no_pictures")
def test_all_codes_are_of_one_class(tmp_path):
    torch.manual_seed(0)
    eyes = DCGAN([14, 6, 3], kernels=[4, 4], classes=["blue", "green"]).eval().requires_grad_(False)
    for label, expected in ((None, [1.0, 0.0]), ("green", [0.0, 1.0])):
        work = Survey(eyes, ("sefa",), few(class_name=label), {})
        for ws in (work.samples.ws, work.measured):
            assert ws[:, 0, 12:].tolist() == [expected] * len(ws)
    assert survey(eyes, ["random"], tmp_path / "out", few(class_name="green"))["class"] == "green"


@pytest.mark.usefixtures("_no_pictures")
def test_the_local_basis_is_that_of_the_first_picture_on_show(tmp_path):
    survey(G, ["local_basis"], tmp_path / "out", few(attributes=(), repetitions=0))
    first = Survey(G, ("local_basis",), few(), {}).samples.ws[:1]
    found = Directions.load(tmp_path / "out" / "directions-local_basis.safetensors")
    assert np.allclose(found.vectors, find(G, "local_basis", 2, code=first).vectors, atol=1e-4)


def test_the_features_of_a_chosen_layer_are_looked_at_by_methods_that_can(tmp_path):
    chosen = few(attributes=(), feature_layer=1, repetitions=0)
    summary = survey(G, ["local_basis", "ganspace", "sefa"], tmp_path, chosen)
    first = Survey(G, ("local_basis",), chosen, {}).samples.ws[:1]
    of = {"local_basis": {"feature_layer": 1, "code": first}, "ganspace": {"feature_layer": 1}, "sefa": {}}
    for method, options in of.items():
        expected = find(G, method, 2, **options).vectors
        assert np.allclose(Directions.load(tmp_path / f"directions-{method}.safetensors").vectors, expected, atol=1e-4)
    assert not np.allclose(
        find(G, "local_basis", 2, code=first).vectors,
        find(G, "local_basis", 2, code=first, feature_layer=1).vectors,
        atol=0.1,
    )
    assert summary["feature_layer"] == 1
    assert "features of layer" in (tmp_path / "page.html").read_text(encoding="utf-8")


@pytest.mark.usefixtures("_no_pictures")
def test_boundaries_are_those_of_attributes_that_have_values(tmp_path):
    def never(pictures):
        return np.full(len(pictures), np.nan)

    nothing = replace(read_scorer(never), own=False)  # as a face attribute where there are no faces
    chosen = few(k=3, attributes=(nothing, *LIGHT), repetitions=0)
    summary = survey(G, ["boundary"], tmp_path / "out", chosen)
    assert [row["name"] for row in summary["directions"]] == ["boundary brightness", "boundary warmth"]


@pytest.mark.usefixtures("_no_pictures")
def test_what_few_pictures_have_parts_none_and_stops_nothing(tmp_path):
    pictures = painter(G)(Survey(G, ("boundary",), few(n_codes=200), {}).measured)
    least = np.quantile(pictures.mean(axis=(1, 2, 3))[:64], 0.95)

    def rarely(pictures):  # about one picture in 20
        level = pictures.mean(axis=(1, 2, 3))
        return np.where(level > least, level, np.nan)

    chosen = few(k=3, attributes=(read_scorer(rarely), *LIGHT), repetitions=0, n_codes=200)
    assert has_values(chosen.attributes[:1], measure(chosen.attributes[:1], pictures[:64])).all()
    summary = survey(G, ["boundary"], tmp_path / "out", chosen)
    assert [row["name"] for row in summary["directions"]] == ["boundary brightness", "boundary warmth"]


@pytest.mark.usefixtures("_no_pictures")
def test_the_models_of_faces_are_not_opened_for_every_batch(tmp_path, monkeypatch):
    opened = []
    for module in (choosing, naming, stages):
        monkeypatch.setattr(module, "FaceReader", lambda: opened.append(1) or "a reader")
    face = replace(read_scorer(lambda pictures: pictures.mean(axis=(1, 2, 3))), own=False, needs_face=True)
    survey(G, ["boundary"], tmp_path / "out", few(k=1, attributes=(face,), repetitions=1))
    assert len(opened) == 2  # for the trial, and for all the rest


# Stopped, and going on


class _Stopping(Silent):
    """Is stopped after so many pictures, and notes after how many it was."""

    def __init__(self, after):
        self.after = after

    def update(self, done, text=""):
        self.done = done
        if done >= self.after:
            raise KeyboardInterrupt


class _Noted(Silent):
    total, begun, last = 0, 0, 0

    def showing(self, total, done=0):
        self.total, self.begun, self.last = total, done, done
        return super().showing(total, done)

    def update(self, done, text=""):
        assert self.last <= done <= self.total
        self.last = done


@pytest.mark.usefixtures("_no_pictures")
@pytest.mark.parametrize("after", [1, 30, 300, 780, 1000, 1062])
def test_the_progress_counts_all_stages_to_its_end_and_not_beyond(tmp_path, after):
    noted, stopping = _Noted(), _Stopping(after)
    summary = survey(G, ["sefa", "random"], tmp_path / "whole", few(), progress=noted)
    expected = 20 + 2 * (1 + 4 * 2) + 16 * 20 * 2 + 8 * 4 * 2 + 2 * 2 * 20 * 4
    assert (noted.begun, noted.last) == (2, noted.total) == (2, expected)  # two were tried before all else
    assert summary["pictures"]["distinct"] == expected
    with pytest.raises(KeyboardInterrupt):
        survey(G, ["sefa", "random"], tmp_path / "part", few(), progress=stopping)
    survey(G, ["sefa", "random"], tmp_path / "part", few(), progress=noted)
    assert noted.begun == stopping.done + 2 * (stopping.done == 20)
    assert noted.last == expected


def _counting():
    """Make an attribute that counts the pictures it sees."""
    seen = []

    def brightest(pictures):
        seen.append(len(pictures))
        return pictures.mean(axis=(1, 2, 3))

    return seen, read_scorer(brightest)


def test_stopped_at_every_stage_it_ends_bit_identical(tmp_path, contents):
    seen, own = _counting()
    chosen = few(attributes=(*LIGHT, own))
    survey(G, ["sefa", "ganspace"], tmp_path / "whole", chosen)
    whole = sum(seen)
    seen.clear()
    for after in (1, 30, 60, 300, 640, 742, 800, 822, 900, 1000, 1062):
        with pytest.raises(KeyboardInterrupt):
            survey(G, ["sefa", "ganspace"], tmp_path / "out", chosen, progress=_Stopping(after))
        assert not (tmp_path / "out" / "summary.json").exists()
    survey(G, ["sefa", "ganspace"], tmp_path / "out", chosen)
    assert sum(seen) == whole  # nothing was scored twice
    first, second = contents(tmp_path / "whole"), contents(tmp_path / "out")
    assert list(first) == list(second)
    assert [name for name in first if first[name] != second[name]] == []


@pytest.mark.usefixtures("_no_pictures")
@pytest.mark.parametrize(
    "stage", ["stability-sefa.npz", "unedited.npz", "along-null-3.npz", "along-null-9.npz", "along-sefa-1.npz"]
)
def test_killed_while_a_stage_is_written_the_stage_is_done_again(tmp_path, monkeypatch, stage, contents):
    survey(G, ["sefa"], tmp_path / "whole", few())
    rename = os.replace

    def killed(part, path, **folders):
        if os.path.basename(path) == stage:
            raise SystemExit
        rename(part, path, **folders)

    with monkeypatch.context() as patched:
        patched.setattr(os, "replace", killed)
        with pytest.raises(SystemExit):
            survey(G, ["sefa"], tmp_path / "out", few())
    (tmp_path / "out" / ".work" / f".{stage}.4711.part").write_bytes(b"half of it")
    survey(G, ["sefa"], tmp_path / "out", few())
    assert contents(tmp_path / "out") == contents(tmp_path / "whole")


def test_unfinished_work_that_somebody_changed_is_refused_in_a_line(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        survey(G, ["sefa"], tmp_path / "out", few(), progress=_Stopping(30))
    found, stability = (tmp_path / "out" / ".work" / name for name in ("found-sefa.safetensors", "stability-sefa.npz"))
    replace(Directions.load(found), method="/../../../photo").save(found)
    with pytest.raises(InputError, match=r"found-sefa.safetensors: holds directions by /../../../photo, not by sefa"):
        survey(G, ["sefa"], tmp_path / "out", few())
    stability.write_bytes(stability.read_bytes()[:99])
    with pytest.raises(InputError, match=r"stability-sefa.npz: missing or damaged \("):
        survey(G, ["sefa"], tmp_path / "out", few())
    for arrays in ({}, {"made": 0}, {"made": 0, "angles": np.zeros(1)}, {"made": 0, "../x": 1}):
        np.savez(stability, **arrays)
        with pytest.raises(InputError, match=r"stability-sefa.npz: damaged \(other arrays than this step gives\)"):
            survey(G, ["sefa"], tmp_path / "out", few())


@pytest.mark.usefixtures("_no_pictures")
def test_pictures_that_a_crash_cut_off_are_made_again(tmp_path, monkeypatch):
    stores = []

    def killed(folder, *_):
        stores.append((folder.path / ".work" / "pictures").read_bytes())
        raise SystemExit

    monkeypatch.setattr(run, "draw", killed)
    monkeypatch.setattr(stages, "batch_size", lambda _: 4)
    for cut in (0, 5, 768, 7 * 768 + 1, 10 * 768):
        if cut:
            os.truncate(tmp_path / "out" / ".work" / "pictures", 10 * 768 - cut)
        with pytest.raises(SystemExit):
            survey(G, ["sefa"], tmp_path / "out", few(attributes=()))
    assert len(stores[0]) == 10 * 768
    assert len(set(stores)) == 1


@pytest.mark.usefixtures("_no_pictures")
def test_no_other_work_goes_on_in_the_folder(tmp_path, contents):
    with pytest.raises(KeyboardInterrupt):
        survey(G, ["sefa"], tmp_path, few(), progress=_Stopping(1))
    before = contents(tmp_path)
    for other in (
        *(few(seed=1), few(k=1), few(n_codes=21), few(draws=17), few(size=65), few(steps=4), few(samples=1)),
        *(few(start=-1.0), few(attributes=LIGHT[:1]), few(language="zh"), few(seeds=[0, 1]), few(repetitions=0)),
    ):
        with pytest.raises(InputError, match="an unfinished survey of another source, method, scorer, seed or range"):
            survey(G, ["sefa"], tmp_path, other)
    for network, methods in ((G, ["random"]), (Planted(16, 16, seed=1), ["sefa"])):
        with pytest.raises(InputError, match="an unfinished survey"):
            survey(network, methods, tmp_path, few())
    assert contents(tmp_path) == before


@pytest.mark.usefixtures("_no_pictures")
def test_done_it_is_replaced_by_force_only(tmp_path, contents):
    survey(G, ["sefa", "random"], tmp_path, few())
    (tmp_path / "notes.txt").write_text("precious", encoding="utf-8")
    before = contents(tmp_path)
    with pytest.raises(InputError, match="a finished survey; choose another `out`, or `force=True`"):
        survey(G, ["sefa"], tmp_path, few())
    assert contents(tmp_path) == before
    assert survey(G, ["sefa"], tmp_path, few(seed=1), force=True)["seed"] == 1
    assert (tmp_path / "notes.txt").read_text(encoding="utf-8") == "precious"
    assert not list(tmp_path.glob("*random*"))


# What cannot be


@pytest.mark.parametrize(
    ("methods", "changes", "complaint"),
    [
        (["seffa"], {}, "unknown method 'seffa'; did you mean 'sefa'"),
        ([], {}, "name one or more"),
        (["sefa", "sefa"], {}, "each once"),
        (["sefa"], {"k": 17}, "from 1 to the 16 coordinates"),
        (["boundary"], {"attributes": ()}, "parts pictures by their attributes"),
        (["sefa"], {"psi": 0.7}, "no mean code"),
        (["sefa"], {"cutoff": 2}, "give `psi`"),
        (["sefa"], {"layers": "0:4"}, "layers"),
        (["sefa"], {"class_name": "cat"}, "no classes"),
        (["sefa", "random"], {"feature_layer": 0}, "no method here looks at features"),
        (["ganspace"], {"feature_layer": 2}, "layer 2: this generator has layers 0 to 1"),
        (["local_basis"], {"feature_layer": -1}, "layer -1: this generator has layers 0 to 1"),
        (["sefa"], {"start": 2.0}, "the start has to be below the end"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line_before_anything_is_written(tmp_path, methods, changes, complaint):
    with pytest.raises(InputError, match=f"{complaint}[^\n]*$"):
        survey(G, methods, tmp_path / "out", few(**changes))
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        *(({name: 0}, name) for name in ("k", "samples", "steps", "n_codes", "draws")),
        *(({name: most + 1}, name) for name, (_, most) in Choices.limits.items()),
        ({"k": True}, "k = True"),
        ({"seed": -1}, "seed -1"),
        ({"seed": "a"}, "seed 'a': give a whole number"),
        ({"seeds": 3}, r"seeds 3: give a list of them, such as \[3\]"),
        ({"size": 64.5}, "size 64.5"),
        ({"effect_codes": "3"}, "effect_codes = '3'"),
        ({"seeds": []}, "0 seeds"),
        ({"size": 16}, "size 16"),
        ({"language": "fr"}, "unknown language 'fr'"),
        ({"effect_codes": 21}, "effect_codes = 21"),
    ],
)
def test_choices_out_of_range_are_refused_in_one_line(changes, complaint):
    with pytest.raises(InputError, match=f"^{complaint}[^\n]*$"):
        few(**changes)


def test_as_many_codes_as_may_be_chosen_can_be_drawn():
    most = few(n_codes=Choices.limits["n_codes"][1])
    assert len(Survey(G, ("sefa",), most).measured) == most.n_codes


def test_a_scorer_that_raises_is_refused_before_anything_is_written(tmp_path):
    def broken(pictures):
        raise ValueError("no")

    with pytest.raises(InputError, match=r"test_survey.py: line \d+: ValueError: no; repair it there$"):
        survey(G, ["sefa"], tmp_path / "out", few(attributes=(read_scorer(broken),)))
    assert not (tmp_path / "out").exists()


def test_a_scorer_that_gives_only_nan_is_refused_before_the_long_work(tmp_path):
    seen = []

    def nothing(pictures):
        seen.append(len(pictures))
        return np.full(len(pictures), np.nan)

    with pytest.raises(InputError, match=r"the scorer 'nothing' gives NaN for all of 20 pictures[^\n]*$"):
        survey(G, ["sefa"], tmp_path / "out", few(attributes=(read_scorer(nothing),)))
    assert sum(seen) == 1 + 20


def test_a_folder_of_other_things_is_left_alone(tmp_path, contents):
    (tmp_path / "holiday.jpg").write_bytes(b"x")
    with pytest.raises(InputError, match=r"holds other things \(holiday.jpg\)"):
        survey(G, ["sefa"], tmp_path, few())
    assert list(contents(tmp_path)) == ["holiday.jpg"]


@pytest.mark.parametrize("name", ["table.csv", "page.html", "sefa-0.png", "labels-sefa.json", "comparison.json"])
def test_a_file_that_cannot_be_written_is_one_line(tmp_path, name):
    with pytest.raises(KeyboardInterrupt):
        survey(G, ["sefa"], tmp_path, few(), progress=_Stopping(1))
    (tmp_path / name).mkdir()
    (tmp_path / name / "x").touch()
    with pytest.raises(InputError, match=rf"{name}[^\n]*$"):
        survey(G, ["sefa"], tmp_path, few())
    assert not (tmp_path / "summary.json").exists()
