"""What a study writes at its end: tables, pictures and page, whatever became of its runs."""

import csv
import re

import numpy as np
import pytest

from attacks.tables import write_study
from ganatomy.errors import InputError
from ganatomy.fitting.study.folder import StudyFolder
from ganatomy.fitting.study.plan import plan_study
from ganatomy.fitting.study.report import write_report
from ganatomy.fitting.study.result import Study
from ganatomy.fitting.study.run import run_study

STUDY = """
targets = ["points.npy", "others.npy"]
seeds = [0, 1]
train_size = 300
recipe = "tiny.toml"

[[grid]]
objectives = ["gan", "lsgan"]
optimizers = ["rmsprop", "sgd"]
lrs = [5e-5, 1000.0]

[[claim]]
text = "Least squares are better."
better = "lsgan,rmsprop"
worse = "gan,rmsprop"
metric = "final_ratio"
"""

RECIPE = """
objective = "gan"
batch_size = 100
snapshots = 4
epochs = 4
[generator]
hidden = [8]
[discriminator]
hidden = [8]
"""


class Inline:
    """Makes jobs in this process; lsgan with rmsprop and seed 1 fails."""

    width, shares_disk, device = 1, True, "cpu"

    def as_completed(self, work, jobs, told=None):
        for job in jobs:
            if (job.cell.objective, job.cell.optimizer, job.seed) == ("lsgan", "rmsprop", 1):
                job = _too_few_points(job)
            yield job, work(job)

    def close(self):
        pass


def _too_few_points(job):
    from dataclasses import replace

    return replace(job, run=replace(job.run, recipe=job.recipe.model_copy(update={"batch_size": 301})))


@pytest.fixture(scope="module")
def study(tmp_path_factory, points):
    """Two targets, two rates, of which one diverges, and a run that fails."""
    place = tmp_path_factory.mktemp("study")
    np.save(place / "points.npy", points)
    np.save(place / "others.npy", points[:, ::-1] * 2)
    (place / "tiny.toml").write_text(RECIPE)
    (place / "study.toml").write_text(STUDY)
    with pytest.MonkeyPatch.context() as patched:
        for name in ("draw_run", "draw_curves"):  # of single runs; the latter of those that diverged
            patched.setattr(f"ganatomy.fitting.run.pictures.{name}", lambda *arguments: None)
        run_study(plan_study(recipe=place / "study.toml"), place / "s", Inline(), command="ganatomy compare --mine")
    return place / "s"


def test_the_page_stands_alone_and_says_everything(study):
    page = (study / "report.html").read_text(encoding="utf-8")
    assert len(page) < 15e6
    links = re.findall(r'(?:src|poster)="([^"]*)"', page)
    assert len(links) > 10
    assert all(link.startswith("data:") for link in links)
    for words in ("ganatomy compare --mine", "Least squares are better.", "diverged", "points", "others"):
        assert words in page, words
    assert "at a learning rate of 5e-05" in page
    assert "each at its best learning rate" in page


def test_every_picture_is_drawn_for_each_target_and_choice_of_rates(study):
    found = {path.name for path in (study / "figures").iterdir()}
    stems = [f"{target}-{group}" for target in ("points", "others") for group in ("base", "best")]
    expected = {f"{kind}-{stem}.png" for kind in ("matrix", "curves", "distance", "time") for stem in stems}
    expected |= {f"matrix-{stem}.{kind}" for kind in ("gif", "mp4") for stem in stems}
    expected |= {f"ranking-{target}.png" for target in ("points", "others")}
    expected |= {f"claim-least-squares-are-better-{target}.png" for target in ("points", "others")}
    assert expected <= found
    assert all(name.startswith("claim-") for name in found - expected)  # the report's claims that are judged


def test_best_rates_are_chosen_by_validation_and_never_one_that_diverged(study):
    from ganatomy.fitting.study.judging.comparison import compare

    judged = compare(StudyFolder(study).records())
    assert {cell.lr for key, cell in judged.best.items() if key[2] == "sgd"} == {5e-5}
    statuses = {(r.cell.optimizer, r.cell.lr): r.status for r in judged.records}
    assert statuses["sgd", 1000.0] == "diverged"


def test_tables_have_all_runs_however_they_ended(study):
    with open(study / "table.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    runs = {(row["target"], row["objective"], row["optimizer"], row["lr"], row["seed"]) for row in rows}
    assert len(runs) == 2 * 2 * 2 * 2 * 2
    failed = [row for row in rows if row["status"] == "failed"]
    assert len(failed) == 4
    assert all("points" in row["reason"] for row in failed)
    with open(study / "summary.csv", newline="") as file:
        cells = list(csv.DictReader(file))
    assert [cell["failed"] for cell in cells if (cell["objective"], cell["optimizer"]) == ("lsgan", "rmsprop")] == [
        "1"
    ] * 4


def test_the_page_can_be_written_again_in_chinese_and_files_for_programs_stay(study, contents):
    before = contents(study)
    write_report(study, "zh")
    page = (study / "report.html").read_text(encoding="utf-8")
    assert '<html lang="zh">' in page
    assert "各取最佳学习率" in page
    after = contents(study)
    assert after.keys() == before.keys()
    told = {name for name in after if name == "report.html" or name.startswith("figures/")}
    assert {name for name in after if after[name] != before[name]} <= told
    assert {"table.csv", "summary.csv", "study.json"} <= after.keys() - told
    with pytest.raises(InputError, match="unknown language 'fr'"):
        write_report(study, "fr")


def test_another_metric_ranks_the_same_runs_anew(study):
    by_coverage, by_distance = Study.load(study), Study.load(study, judge="wasserstein2")
    assert [summary.headline for summary in by_coverage.judged.ranked][:1] == ["coverage"]
    first = by_distance.judged.ranked[0].cell
    known = {s.cell: s.final_ratio.median for s in by_distance.judged.ranked if s.cell in by_distance.judged.chosen}
    assert known[first] == min(known.values())
    assert "2-Wasserstein distance / floor" in by_distance.answer("en")[0]
    with pytest.raises(InputError, match="unknown metric to `judge` by 'coverge'; did you mean 'coverage'"):
        Study.load(study, judge="coverge")


@pytest.mark.parametrize(
    ("judge", "message"),
    [("recal", "did you mean 'recall'"), ("components_found", "that cannot be measured on points; choose from")],
)
def test_a_metric_that_cannot_be_is_refused_before_any_run(points_file, tmp_path, judge, message):
    plan = plan_study(points_file, objectives=["gan"], optimizers=["sgd"], seeds=[0], train_size=300)
    with pytest.raises(InputError, match=message):
        run_study(plan, tmp_path / "s", Inline(), judge=judge)
    assert not (tmp_path / "s").exists()


def test_declared_claims_are_in_the_table_of_claims(study):
    claims = Study.load(study).to_frame("claims")
    assert claims["text"].tolist().count("Least squares are better.") == 4  # two targets, two choices of rates


def test_a_study_of_which_everything_failed_has_a_page_without_pictures(points_file, tmp_path, monkeypatch):
    def broken(*arguments, **settings):
        raise RuntimeError("no luck")

    monkeypatch.setattr("ganatomy.fitting.study.job.run_fit", broken)
    (tmp_path / "tiny.toml").write_text(RECIPE)
    plan = plan_study(points_file, recipe=tmp_path / "tiny.toml", objectives=["gan"], train_size=300)
    run_study(plan, tmp_path / "s", Inline())
    assert "no luck" in (tmp_path / "s" / "report.html").read_text(encoding="utf-8")
    assert list((tmp_path / "s" / "figures").iterdir()) == []


@pytest.mark.parametrize("target", ["/../../../outside/photo", "../../outside/photo", ""])
def test_a_study_that_was_sent_writes_nothing_outside(tmp_path, target):
    folder = write_study(tmp_path / "s", target=target)
    (tmp_path / "outside").mkdir()
    for kind in ("matrix", "curves", "time", "ranking", "claim-it-moves"):
        (folder / "figures" / f"{kind}-").mkdir(parents=True)  # so that a path through it exists
    with pytest.raises(InputError, match="holds no run that can be read"):
        write_report(folder)
    assert list((tmp_path / "outside").iterdir()) == []


def test_a_long_name_of_points_loses_no_picture(tmp_path):
    folder = write_study(tmp_path / "s", target="中" * 78)
    write_report(folder)
    names = [path.name for path in (folder / "figures").iterdir()]
    assert {name.partition("-")[0] for name in names} == {"matrix", "curves", "time", "ranking", "claim"}
    assert max(len(name.encode()) for name in names) < 210
