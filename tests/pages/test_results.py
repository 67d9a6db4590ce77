"""What is shown of result folders: their main numbers and what they hold, in which order, and what is refused."""

import json
import re

import pytest

from ganatomy.errors import InputError
from ganatomy.languages import Words
from ganatomy.pages.index import report
from ganatomy.pages.results import Number, part_of

EN, ZH = Words("en", "index"), Words("zh", "index")


@pytest.fixture
def exploration(tmp_path):
    """A folder as `ganatomy sefa` leaves it, without its video."""
    folder = tmp_path / "脸 1"
    folder.mkdir()
    (folder / "summary.json").write_text(json.dumps({"name": "faces", "method": "sefa", "share": [0.2, 0.1]}))
    for name in ("traversal.html", "overview.png", "direction_0.png", "directions.json"):
        (folder / name).write_bytes(b"")
    return folder


def test_what_is_there_is_linked_and_nothing_else(exploration, tmp_path):
    page = tmp_path / "index.html"
    report([exploration], page, title="here")
    text = page.read_text(encoding="utf-8")
    links = re.findall(r'href="([^"#]+)"', text)
    assert "%E8%84%B8%201/traversal.html" in links
    assert not any("traversal.mp4" in link for link in links)
    assert "faces: 2 directions of its latent space, by SeFa" in text
    assert "direction_0.png" in text  # shown in place of the page


def test_a_run_is_shown_with_its_film(cli, finished):
    page = finished.folder.parent / "index.html"
    result = cli("report", finished.folder, "--out", page)
    assert (result.code, result.out) == (0, f"page: {page}\n")
    text = page.read_text(encoding="utf-8")
    for name in ("final.png", "animation.mp4", "film_strip.png", "summary.json"):
        assert f"{finished.folder.name}/" in text
        assert name in text
    assert "flows.png" not in text


def test_a_study_is_shown_with_its_report_and_tables(tmp_path):
    folder = tmp_path / "study"
    folder.mkdir()
    (folder / "study.json").write_text(json.dumps({"name": "mine", "cells": [{}, {}]}))
    for name in ("report.html", "summary.csv"):
        (folder / name).write_bytes(b"")
    report([folder], tmp_path / "index.html")
    text = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert {"study/report.html", "study/summary.csv", "study/study.json"} <= set(re.findall(r'href="([^"#]+)"', text))
    assert "study/table.csv" not in text
    assert "mine: a study of 2 combinations" in text


def test_folders_come_in_the_order_given(exploration, tmp_path):
    other = tmp_path / "b"
    other.mkdir()
    (other / "summary.json").write_text(json.dumps({"name": "eyes", "method": "sefa", "share": [0.2]}))
    page = tmp_path / "index.html"
    report([other, exploration], page)
    text = page.read_text(encoding="utf-8")
    assert text.index("eyes: 1 direction") < text.index("faces: 2 directions")


@pytest.mark.parametrize("content", [None, "", "[]", '{"seed": 0}', "{"])
def test_a_folder_without_a_result_is_refused(tmp_path, content):
    folder = tmp_path / "nothing"
    folder.mkdir()
    if content is not None:
        (folder / "summary.json").write_text(content)
    with pytest.raises(InputError, match="nothing holds no finished result; give a run"):
        report([folder], tmp_path / "index.html")
    assert not (tmp_path / "index.html").exists()


def test_wrong_places_and_names_are_refused(exploration, tmp_path):
    with pytest.raises(InputError, match=r"index\.txt: the page is HTML"):
        report([exploration], tmp_path / "index.txt")
    with pytest.raises(InputError, match=r"is not below .*, where the page is to be"):
        report([exploration], exploration / "deeper" / "index.html")
    with pytest.raises(InputError, match="no folders were given"):
        report([], tmp_path / "index.html")


def test_a_survey_is_shown_by_its_page_and_its_labels_are_linked(tmp_path):
    folder = tmp_path / "面 1"
    folder.mkdir()
    summary = {"name": "faces", "methods": ["ganspace", "sefa"], "directions": [{}] * 6}
    (folder / "summary.json").write_text(json.dumps(summary))
    for name in ("page.html", "table.csv", "ganspace-0.png", "labels-ganspace.json"):
        (folder / name).write_bytes(b"{}")
    report([folder], tmp_path / "index.html")
    text = (tmp_path / "index.html").read_text(encoding="utf-8")
    links = re.findall(r'href="%E9%9D%A2%201/([^"#]+)"', text)
    assert {"page.html", "table.csv", "labels-ganspace.json", "summary.json"} <= set(links)
    assert not {"labels-sefa.json", "comparison.json"} & set(links)  # which are not there
    assert "ganspace-0.png" in text
    assert "faces: 6 directions of its latent space, by GANSpace and SeFa" in text


def write(folder, name, content):
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return folder


def test_a_fit_shows_how_far_it_is_from_real_points(tmp_path):
    metrics = {
        "wasserstein2": {"value": 0.05, "floor": 0.03, "ratio": 1.543},
        "recall": {"value": 0.987, "floor": 0.99, "ratio": 0.997},
        "coverage": {"value": 0.9, "floor": 0.97, "ratio": 0.93},
    }
    summary = {"objective": "wgan-gp", "optimizer": "rmsprop", "recipe": "course", "seed": 3, "epochs": 20}
    summary |= {"train_size": 7000, "heldout_size": 1192, "seconds_training": 125.0, "metrics": metrics}
    part = part_of(write(tmp_path / "a", "summary.json", summary), "a", EN)
    assert part.title == "WGAN-GP with RMSprop, fitted to points"
    assert part.lead == ("course recipe, 20 epochs, seed 3; 7000 points to train on, 1192 held out (a)")
    assert list(part.numbers) == [
        Number("1.54 ×", "distance / floor", "1 × is what real points have; alone it is no proof of a fit"),
        Number("0.99", "recall", "real points: 0.99"),
        Number("0.90", "coverage", "real points: 0.97"),
        Number("2 min 5 s", "of training"),
    ]
    numbers = part_of(tmp_path / "a", "a", ZH).numbers
    assert [number.value for number in numbers] == ["1.54 倍", "0.99", "0.90", "2 分 5 秒"]


def test_a_film_shows_what_each_direction_does_those_with_a_label_first(tmp_path):
    effects = [{"ratio": ratio, "consistency": 0.5} for ratio in (1.0, 2.0, 3.0)]
    summary = {"name": "faces", "method": "sefa", "share": [0.3, 0.2, 0.1], "labels": [None, "smile", "age"]}
    part = part_of(write(tmp_path / "a", "summary.json", {**summary, "effects": effects}), "a", EN)
    assert [tuple(row) for row in part.rows] == [
        ("sefa 2", "age", "3.00 ×", "0.50"),
        ("sefa 1", "smile", "2.00 ×", "0.50"),
        ("sefa 0", "–", "1.00 ×", "0.50"),
    ]
    assert part.headings == ["direction", "label", "change, over random", "consistency"]
    assert [number.value for number in part.numbers] == ["2 of 3", "3.00 ×"]
    bare = part_of(write(tmp_path / "b", "summary.json", {**summary, "labels": [None] * 3, "effects": []}), "b", EN)
    assert not bare.numbers
    assert not bare.rows


def test_a_survey_shows_the_labels_in_the_language_of_the_page(tmp_path):
    rows = [{"name": f"sefa {k}", "label": "smile", "ratio": float(k), "consistency": 0.1} for k in range(9)]
    folder = write(tmp_path / "a", "summary.json", {"name": "faces", "methods": ["sefa"], "directions": rows})
    meanings = [{"name": f"sefa {k}", "label": {"en": "smile", "zh": "微笑"}} for k in range(9)]
    write(folder, "labels-sefa.json", {"meanings": meanings})
    part = part_of(folder, "a", ZH)
    assert [row[0] for row in part.rows] == [f"sefa {k}" for k in (8, 7, 6, 5, 4, 3)]
    assert {row[1] for row in part.rows} == {"微笑"}
    assert part.note.startswith("9 个中的 6 个")
    assert {row[1] for row in part_of(folder, "a", EN).rows} == {"smile"}


STUDY = """\
target,objective,optimizer,lr,variant,confidence,final_ratio,final_ratio_low,final_ratio_high,coverage,seconds
zigzag,gan,adam,5e-05,,0.95,2.5,2.0,3.0,0.9,12.0
zigzag,wgan-gp,rmsprop,5e-05,,0.95,1.5,1.25,1.75,0.95,22.0
zigzag,wgan,sgd,5e-05,,0.95,,,,,
"""


def test_a_study_shows_its_answer_and_its_best_cells(tmp_path):
    folder = write(tmp_path / "s", "study.json", {"name": "mine", "cells": [{}, {}, {}], "seeds": [0, 1, 2, 3, 4]})
    write(folder, "summary.csv", STUDY)
    part = part_of(folder, "s", EN)
    assert part.lead == (
        "On zigzag, WGAN-GP with RMSprop came nearest: its points end 1.50 times as far from the held-out points as "
        "real points are (95 % interval: 1.25–1.75). 15 runs of training, 5 seeds each."
    )
    assert [tuple(row) for row in part.rows] == [
        ("zigzag", "WGAN-GP with RMSprop", "1.50 ×", "–", "22 s"),
        ("zigzag", "GAN with Adam", "2.50 ×", "–", "12 s"),
        ("zigzag", "WGAN with SGD", "∞ ×", "–", "–"),
    ]
    assert "WGAN-GP + RMSprop 最接近目标" in part_of(folder, "s", ZH).lead
    write(folder, "summary.csv", STUDY + "zigzag,gan,adam,5e-04,,0.95,9,8,10,0.5,1\n")
    assert part_of(folder, "s", EN).rows[0][1] == "WGAN-GP with RMSprop at 5e-5"  # now rates tell cells apart


def test_a_study_is_ranked_by_what_it_says_and_says_whether_the_best_fits(tmp_path):
    """A smear has the distance of real points, and is not the best for it."""
    folder = write(tmp_path / "s", "study.json", {"name": "mine", "cells": [{}, {}], "seeds": [0, 1, 2], "judge": None})
    head = "target,objective,optimizer,lr,variant,rank,fitting,judged,confidence,final_ratio,final_ratio_low,"
    head += "final_ratio_high,final_coverage,final_coverage_low,final_coverage_high,real_coverage,seconds"
    rows = [
        "grid,gan,adam,5e-05,,2,0,3,0.75,1.0,0.9,1.1,0.12,0.1,0.14,0.97,12",
        "grid,wgan,adam,5e-05,,1,2,3,0.75,1.2,1.1,1.3,0.93,0.9,0.95,0.97,12",
    ]
    write(folder, "summary.csv", "\n".join([head, *rows]))
    part = part_of(folder, "s", Words("en", "fit", "index"))
    assert part.lead.startswith(
        "On grid, WGAN with Adam came out best: coverage 0.93 (real points: 0.97; 75 % interval: 0.90–0.95), fitting "
        "with 2 of 3 seeds."
    )
    assert part.headings[2:5] == ["coverage", "distance / floor", "seeds that fit"]
    assert [row[1:5] for row in part.rows] == [
        ["WGAN with Adam", "0.93", "1.20 ×", "2 of 3"],
        ["GAN with Adam", "0.12", "1.00 ×", "0 of 3"],
    ]
    assert part.note == "The best on top by coverage; medians over the seeds."
    zh = part_of(folder, "s", Words("zh", "fit", "index"))
    assert zh.lead.startswith("在 grid 上，WGAN + Adam 最好：覆盖率 0.93（真实点：0.97；75% 区间：0.90–0.95）")


def test_a_study_is_shown_by_its_matrix_and_not_by_a_blank_card(tmp_path):
    folder = write(tmp_path / "s", "study.json", {"name": "mine", "cells": [{}]})
    (folder / "figures").mkdir()
    for name in ("report.html", "figures/matrix-zigzag-base.png", "figures/matrix-zigzag-base.mp4"):
        (folder / name).write_bytes(b"")
    report, film, data = part_of(folder, "at/s", EN).entries
    assert (report.href, report.thumbnail) == ("at/s/report.html", "at/s/figures/matrix-zigzag-base.png")
    assert (film.kind, film.href) == ("video", "at/s/figures/matrix-zigzag-base.mp4")
    assert data.href == "at/s/study.json"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("summary.json", {"objective": "gan", "metrics": []}),
        ("summary.json", {"method": "sefa", "share": 3}),
        ("summary.json", {"methods": ["sefa"], "directions": [3]}),
        ("study.json", {"cells": 3}),
    ],
)
def test_a_damaged_result_is_refused_in_a_line(tmp_path, name, content):
    with pytest.raises(InputError, match=f"{name}: damaged, or of another version"):
        part_of(write(tmp_path / "a", name, content), "a", EN)


def test_the_page_is_chinese_throughout(cli, finished, tmp_path, monkeypatch):
    page = finished.folder.parent / "index.html"
    assert cli("report", finished.folder, "--out", page, "--language", "zh", "--title", "标题").code == 0
    text = re.sub(r"<style>.*?</style>|<[^>]*>", " ", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    names = {"WGAN", "GAN", "GP", "RMSprop", "Adam", "RpGAN", "course", "recommended", "summary", "json"}
    assert set(re.findall(r"[A-Za-z]{2,}", text)) <= names | set(re.findall(r"[A-Za-z]+", finished.folder.name))
    assert "unknown language 'fr'" in cli("report", finished.folder, "--out", page, "--language", "fr").refusal
