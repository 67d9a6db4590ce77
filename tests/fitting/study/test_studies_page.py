"""The page docs/studies.md: its examples are studies of as many runs as it says, and it has every key and no other."""

import re
from pathlib import Path

import pytest

from ganatomy.errors import InputError
from ganatomy.fitting.study.file import Grid, StudyFile
from ganatomy.fitting.study.judging.claims import declared_claim
from ganatomy.fitting.study.judging.quantities import QUANTITIES
from ganatomy.fitting.study.judging.statements import parse_cell
from ganatomy.fitting.study.plan import plan_study

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "studies.md").read_text("utf-8")
EXAMPLES = re.findall(r"(\d+) runs:\n\n```toml\n(.*?)^```", PAGE, re.M | re.S)


def test_there_are_two_examples():
    assert len(EXAMPLES) == PAGE.count("```toml") == 2


@pytest.mark.parametrize(("runs", "text"), EXAMPLES)
def test_an_example_is_a_study_of_as_many_runs_whose_claims_are_of_its_combinations(runs, text, tmp_path):
    path = tmp_path / "my-study.toml"
    path.write_text(text, encoding="utf-8")
    plan = plan_study(recipe=path)
    assert len(plan.runs) == len({run.name for run in plan.runs}) == int(runs)
    made = {(cell.objective, cell.optimizer, cell.lr, cell.variant) for cell in plan.cells}
    for claim in plan.claims:
        declared_claim(claim)
        assert {parse_cell(claim[key]) for key in ("better", "worse", "cell") if key in claim} <= made


def _first_cells(title):
    """Return the names in the first column of the table under a heading of one."""
    table = re.search(rf"^\| {title} \|.*\n\|[-|]+\|\n((?:\|.*\n)+)", PAGE[PAGE.index(f"| {title} |") :], re.M)
    return [re.findall(r"`\[*(\w+)\]*`", row.split("|")[1]) for row in table[1].splitlines()]


def test_every_key_has_its_row_and_no_other():
    tables = PAGE.split("| key | meaning | default |")
    for text, kind in zip(tables[1:], (StudyFile, Grid), strict=True):
        rows = text.split("\n\n")[0].splitlines()[2:]
        assert [re.search(r"`\[*(\w+)\]*`", row)[1] for row in rows] == list(kind.model_fields)


def test_the_keys_of_a_claim_and_the_quantities_are_there():
    keys = {"text", "text_zh", "name"} | {key for row in _first_cells("keys") for key in row}
    with pytest.raises(InputError) as caught:
        declared_claim({"x": 1})
    assert keys == {*str(caught.value).rpartition("Known: ")[2].split(", ")}
    named = {name for row in _first_cells("quantity") for name in row}
    assert named <= QUANTITIES.keys()
    assert len(named) == 15
