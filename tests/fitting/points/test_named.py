"""Points as users give them: arrays, tables, names, files; and what is said when they give something else."""

import numpy as np
import pandas as pd
import pytest
import torch

from ganatomy.errors import InputError, Note
from ganatomy.fitting.points.distributions import distribution
from ganatomy.fitting.points.named import POINTS, find_source, named_points
from ganatomy.fitting.recipes.recipe import load_recipe
from ganatomy.fitting.training.trainer import Trainer

ROWS = [[0.5, 1.0], [2.0, 4.0], [3.0, -1.0]]


def _told(*given, **how):
    cloud = named_points(*given, **how)
    return cloud.name, cloud.points, cloud.distribution


@pytest.mark.parametrize(
    "points",
    [
        ROWS,
        np.array(ROWS),
        torch.tensor(ROWS),
        pd.DataFrame(ROWS, columns=["x", "y"]),
        pd.DataFrame(ROWS, columns=["x", "y"]).astype({"x": "Float64"}),
        pd.DataFrame({"x": pd.array([0.5, 2, 3], dtype=object), "y": [1.0, 4.0, -1.0]}),
    ],
    ids=["list", "array", "tensor", "frame", "nullable", "objects"],
)
def test_arrays_and_tables_are_the_points_in_them(points):
    name, cloud, known = _told(points)
    assert (name, cloud.dtype, known) == ("points", np.float64, None)
    np.testing.assert_array_equal(cloud, np.array(ROWS))


def test_a_column_of_a_table_is_points_of_one_coordinate():
    frame = pd.DataFrame(ROWS, columns=["x", "y"])
    np.testing.assert_array_equal(named_points(frame["y"]).points, np.array(ROWS)[:, 1:])


def test_a_distribution_and_its_name_draw_the_same_points():
    ring = distribution("ring")
    for given in ("ring", ring):
        name, cloud, known = _told(given, seed=3)
        assert (name, known, len(cloud)) == ("ring", ring, POINTS)
        np.testing.assert_array_equal(cloud, ring.sample(POINTS, 3))


@pytest.mark.parametrize("kind", [str, lambda path: path], ids=["str", "Path"])
def test_a_file_is_read_from_its_folder(tmp_path, kind):
    np.save(tmp_path / "mine.npy", ROWS)
    name, cloud, _ = _told(kind(tmp_path / "mine.npy"))
    assert name == "mine"
    np.testing.assert_array_equal(cloud, ROWS)
    assert find_source("mine.npy", tmp_path) == tmp_path / "mine.npy"
    np.testing.assert_array_equal(named_points("mine.npy", folder=tmp_path).points, ROWS)


def test_a_variable_of_what_is_no_file_is_refused():
    for given, what in (("ring", "ring is a built-in distribution"), (ROWS, "an array was given")):
        with pytest.raises(InputError, match=f"`variable` is for files; {what}"):
            named_points(given, "xx")


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("rung", "did you mean 'ring'"),
        ("", "the name of the points is ''"),
        ("none.csv", "no such file"),
        (load_recipe("course"), "is a Recipe, not real numbers; points come first"),
        (None, "is a NoneType, not real numbers"),
        (
            pd.DataFrame({"x": [1.0, 2.0], "name": ["a", "b"]}),
            r"columns or rows without numbers; .*table\[\['x', 'y'\]\]",
        ),
        (pd.DataFrame({"x": pd.array([1.0, None], dtype="Float64")}), "without numbers|NaN"),
        (["a", "b"], "holds <U1 values, not real numbers"),
    ],
)
def test_what_is_no_points_is_refused_in_one_line(given, words):
    with pytest.raises(InputError, match=words) as caught:
        named_points(given)
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize("kind", ["Int64", "Float64"])
def test_nullable_numbers_are_numbers_and_what_is_missing_is_refused(kind):
    table = pd.DataFrame({"x": [1, 2, 3], "y": [4, 6, 5]}).astype(kind)
    cloud = named_points(table)
    assert (cloud.points.tolist(), cloud.columns) == ([[1, 4], [2, 6], [3, 5]], ("x", "y"))
    table.loc[1, "y"] = pd.NA
    with pytest.raises(InputError, match="NaN or infinite values in 1 of 3 rows, first in row 2"):
        named_points(table)


def test_points_of_a_table_are_labelled_by_a_column_of_it_or_by_a_list():
    table = pd.DataFrame({"x": [0.5, 1, 3], "kind": ["b", "a", "b"], "y": [4, 6, 5]})
    for cloud in (named_points(table, labels="kind"), named_points(table[["x", "y"]], labels=["b", "a", "b"])):
        assert (cloud.columns, cloud.labels.names, cloud.labels.codes.tolist()) == (("x", "y"), ("a", "b"), [1, 0, 1])
        train, heldout = cloud.split(2, seed=0)
        joined = [*zip(train.points[:, 0], train.labels.codes), *zip(heldout.points[:, 0], heldout.labels.codes)]  # noqa: B905
        assert sorted(joined) == [(0.5, 1), (1, 0), (3, 1)]
    for labels, words in (
        ("kin", "unknown column 'kin'"),
        ([1, 2], "2 `labels` for 3"),
        ([0.5, 1, 2], "0.5 is no label"),
    ):
        with pytest.raises(InputError, match=words):
            named_points(table if isinstance(labels, str) else table[["x", "y"]], labels=labels)


def test_fewer_points_than_coordinates_are_noted_and_a_batch_that_they_do_not_fill_says_what_to_do(tmp_path):
    np.save(tmp_path / "a.npy", np.random.default_rng(0).normal(size=(2, 50)))
    with pytest.warns(Note, match="2 points of 50 coordinates; `transpose=True` if each column is a point"):
        cloud = named_points(tmp_path / "a.npy")
    with pytest.raises(
        InputError, match=r"fewer than a batch of 256: .* or `transpose=True` if each column is a point"
    ):
        Trainer(cloud.points, load_recipe("course"))
    assert named_points(tmp_path / "a.npy", transpose=True).points.shape == (50, 2)
