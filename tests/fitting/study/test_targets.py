"""The points of a study may be given in any form, one or several, and keep their names."""

import numpy as np
import pandas as pd
import pytest

import ganatomy
from ganatomy.errors import InputError
from ganatomy.fitting.study.targets import read_target, read_targets, sources_of


def names(points, **settings):
    return [target.name for target in read_targets(points, 300, **settings)]


@pytest.mark.parametrize(
    "kind", [np.asarray, lambda x: x.tolist(), lambda x: pd.DataFrame(x, columns=["x", "y"]), np.float32]
)
def test_an_array_a_list_or_a_table_is_the_file_that_holds_it(points, tmp_path, kind):
    given = kind(points)
    np.save(tmp_path / "mine.npy", np.asarray(given, dtype=float))
    (target,), kept = read_targets(given, 300), read_target(tmp_path / "mine.npy", 300)
    assert target.name == "points"
    assert target.identity == kept.identity
    assert np.array_equal(target.given, np.asarray(given, dtype=float))
    assert (target.source, kept.source, kept.given) == ("", str(tmp_path / "mine.npy"), None)


def test_several_are_named_by_a_mapping_or_by_themselves(points, tmp_path):
    np.save(tmp_path / "file.npy", points)
    frame = pd.DataFrame(points)
    assert names({"a": points, "b": frame, "c": tmp_path / "file.npy", "d": "ring"}) == ["a", "b", "c", "d"]
    assert names([points, frame, str(tmp_path / "file.npy"), "ring"]) == ["points-1", "points-2", "file", "ring"]
    assert names([points, "ring"]) == ["points", "ring"]
    assert names([("left", points), ("right", "ring")]) == ["left", "right"]
    assert names(("ring", ganatomy.distribution("zigzag"))) == ["ring", "zigzag"]


def test_a_list_of_points_is_one_set(points):
    assert [name for name, _ in sources_of(points.tolist())] == [""]
    assert [name for name, _ in sources_of(points[:, 0].tolist())] == [""]
    assert [name for name, _ in sources_of([points[:5].tolist(), points.tolist()])] == ["", ""]
    assert [name for name, _ in sources_of(tuple(map(tuple, points)))] == [""]


@pytest.mark.parametrize("name", ["", "a/b", "..\\a", "two words", "x" * 81, 7, None])
def test_a_name_that_could_be_no_files_is_refused(points, name):
    with pytest.raises(InputError, match="write letters, digits"):
        read_targets({name: points})


def test_what_is_no_cloud_is_refused_in_one_line(points):
    for wrong in (points[None], {"a": "text.csv"}, [points, "rung"], 7, pd.DataFrame({"a": ["x", "y"]})):
        with pytest.raises(InputError) as refused:
            read_targets(wrong, 300)
        assert "\n" not in str(refused.value)
        assert len(str(refused.value)) < 300
