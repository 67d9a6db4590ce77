"""Points as users give them: arrays, tables, names, files; and what is said when they give something else."""

import numpy as np
import pandas as pd
import pytest
import torch

from ganatomy.errors import InputError
from ganatomy.fitting.points.distributions import distribution
from ganatomy.fitting.points.named import POINTS, find_source, named_points
from ganatomy.fitting.recipes.recipe import load_recipe

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
