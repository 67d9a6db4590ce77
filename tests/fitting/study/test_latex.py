"""A study as a table for a paper: medians, intervals and the best as they were planted, whatever things are called."""

import numpy as np
import pytest

from ganatomy.errors import InputError
from ganatomy.fitting.study.judging.comparison import compare
from ganatomy.fitting.study.judging.records import Cell, RunRecord
from ganatomy.fitting.study.latex import study_latex
from ganatomy.fitting.study.tables import metric_rows


def run(optimizer, seed, distance, coverage, *, target="zigzag", lr=5e-5, variant="", status="finished"):
    """A run whose model has a distance, in floors, and a coverage."""
    distances = 0.03 * np.append(30.0, np.full(8, distance))
    measured = {"metrics": {"wasserstein2": distances}, "floor": {"wasserstein2": 0.03, "coverage": 0.97}}
    final = {"wasserstein2": distances[-1], "coverage": coverage} if status == "finished" else {}
    cell = Cell(target, "wgan-gp", optimizer, lr, variant)
    return RunRecord(cell=cell, seed=seed, status=status, epochs=range(9), final=final, **measured)


RUNS = [
    *(run("adam", seed, 1.5 + seed / 10, 0.9) for seed in range(3)),
    *(run("sgd", seed, 1.25, 0.5 + seed / 10) for seed in range(3)),
    *(run("rmsprop", seed, 9.0, 0.1, status="finished" if seed else "diverged") for seed in range(3)),
]


def _rows(text):
    return [line.removesuffix(r" \\").split(" & ") for line in text.splitlines() if line.endswith(r"\\")]


def test_rows_are_ranked_and_the_best_of_each_column_is_bold():
    heading, *rows, real = _rows(study_latex(compare(RUNS)))
    assert heading == ["objective", "optimizer", "seeds", "fit", "coverage", "final distance / floor"]
    assert [row[1] for row in rows] == ["adam", "sgd", "rmsprop"]
    assert [row[4] for row in rows] == [
        r"\textbf{0.900} {\small[0.900, 0.900]}",
        r"0.600 {\small[0.500, 0.700]}",
        r"0.100 {\small[$-\infty$, 0.100]}",
    ]
    assert [row[5] for row in rows] == [
        r"1.60 {\small[1.50, 1.70]}",
        r"\textbf{1.25} {\small[1.25, 1.25]}",
        r"9.00 {\small[9.00, $\infty$]}",
    ]
    assert real == ["real points", "", "", "", "0.970", "1.00"]


def test_of_several_rates_the_chosen_one_stands_there_and_targets_are_apart():
    others = [run("adam", 0, 2.0, 0.5, target="ring & 50%", variant="penalties.r2=0")]
    found = compare([*RUNS, *others])
    heading, *rows = _rows(study_latex(found))
    assert heading[:4] == ["target", "objective", "optimizer", "variant"]
    assert [row[0] for row in rows] == [*["zigzag"] * 4, *[r"ring \& 50\%"] * 2]
    assert rows[4][3] == "penalties.r2=0"
    assert "textbf" not in " ".join(rows[4])  # nothing to choose among
    _, only = _rows(study_latex(found, ["seconds"], target="ring & 50%"))
    assert only[-1] == "--"
    assert "validation" not in study_latex(found)


def test_columns_are_quantities_by_name_and_others_are_refused():
    found = compare(RUNS)
    (heading, adam, *_) = _rows(study_latex(found, ["converged_at", "evenness", "late_ratio"]))
    assert len(heading) == 4 + 3
    assert adam[4:] == [r"\textbf{1.00} {\small[1.00, 1.00]}", "--", r"1.60 {\small[1.50, 1.70]}"]
    for wrong in ({"quantities": ["coverag"]}, {"target": "zigzg"}):
        with pytest.raises(InputError, match="did you mean"):
            study_latex(found, **wrong)


def test_tidy_rows_are_the_numbers_of_the_finished_models():
    columns, rows = metric_rows(compare(RUNS))
    assert len(rows) == 8 * 2 + 1  # that which diverged has a row of its own
    found = [dict(zip(columns, row, strict=True)) for row in rows]
    first = {"optimizer": "adam", "seed": 0, "metric": "coverage"}
    (coverage,) = (row for row in found if first.items() <= row.items())
    assert (coverage["value"], coverage["floor"], coverage["judged"]) == (0.9, 0.97, True)
    assert coverage["ratio"] == pytest.approx(0.9 / 0.97)
    (lost,) = (row for row in found if row["status"] == "diverged")
    assert {lost[name] for name in columns[7:]} == {None}
