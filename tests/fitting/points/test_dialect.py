"""Tables as people write them: what is a header, an index, a decimal comma, a number; and what is said of doubts."""

import io

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ganatomy.errors import InputError
from ganatomy.files import Meter
from ganatomy.fitting.points import pieces, text
from ganatomy.fitting.points.dialect import form_of
from ganatomy.fitting.points.found import Found, Wanted

CLOUD = np.random.default_rng(0).normal(size=(40, 3)).round(6) * 3
WHOLE = np.random.default_rng(0).integers(50, 90, (40, 2))


def found(written: "str | bytes", variable: "str | None" = None, labels: "str | None" = None) -> Found:
    """Read a table."""
    content = written if isinstance(written, bytes) else written.encode()
    return text.read_text(io.BytesIO(content), len(content), Meter("points.csv"), Wanted(variable, labels))


def refused(written: str, variable: "str | None" = None) -> str:
    """Read a table that is refused, and return the one line."""
    with pytest.raises(InputError) as error:
        found(written, variable)
    assert "\n" not in str(error.value)
    return str(error.value)


def frame(**how) -> str:
    """Write the cloud as pandas does."""
    return pd.DataFrame(CLOUD).to_csv(**how)


NAMED = "its first line '{}' is read as names of columns; if it is a point, write a line of names above it"
NAMELESS = "its first column, which has no name, is read as names of lines and left out"


@pytest.mark.parametrize(
    ("written", "columns", "notices"),
    [
        (frame(index=False), (), [NAMED.format("0,1,2")]),
        (frame(index=False, sep="\t"), (), [NAMED.format("0 1 2")]),
        (frame(index=False, sep=" "), (), [NAMED.format("0 1 2")]),
        (frame(), (), []),
        (frame(sep="\t"), (), []),
        (frame(sep=";", decimal=","), (), []),
        (pd.DataFrame(CLOUD).reset_index().rename(columns={"index": "Unnamed: 0"}).to_csv(index=False), (), []),
        (pd.DataFrame(CLOUD, columns=["x", "y", "z"]).to_csv(), ("x", "y", "z"), []),
        (pd.DataFrame(CLOUD, columns=["x", "y", "z"]).sample(40, random_state=1).sort_values("x").to_csv(), (), None),
        (
            pd.DataFrame(CLOUD, columns=["x", "y", "z"], index=[f"row {k}" for k in range(40)]).to_csv(),
            ("x", "y", "z"),
            [NAMELESS],
        ),
        (pd.DataFrame(CLOUD, columns=[2019, 2020, 2021]).to_csv(index=False), ("2019", "2020", "2021"), None),
        (pd.DataFrame(CLOUD, columns=[2019, 2020, 2021]).to_csv(), ("2019", "2020", "2021"), []),
        # As R writes it: names of columns in quotes, and a count of lines that has no name at all.
        ('"x" "y" "z"\n' + pd.DataFrame(CLOUD, range(1, 41)).to_csv(sep=" ", header=False), ("x", "y", "z"), []),
        ('"","x","y","z"\n' + pd.DataFrame(CLOUD, range(1, 41)).to_csv(header=False), ("x", "y", "z"), []),
        ("x,y,z,\n" + frame(index=False, header=False).replace("\n", ",\n"), ("x", "y", "z"), []),
    ],
)
def test_what_is_no_point_is_no_coordinate(written: str, columns: tuple, notices: "list | None"):
    read = found(written)
    assert read.values.shape == CLOUD.shape
    np.testing.assert_array_equal(np.sort(read.values, axis=0), np.sort(CLOUD, axis=0))
    if notices is not None:
        assert (read.columns, read.notices) == (
            columns,
            [line.replace(" 1 2", "\t1\t2") if "\t" in written else line for line in notices],
        )
    else:
        assert len(read.notices) == 1


@pytest.mark.parametrize(
    "written",
    [
        "0.5,1\n2,3\n4,7\n",  # begins with no header
        "1,2\n3,4\n5,1\n",  # nor do whole numbers of one scale
        "100,250\n1,2\n3,1\n",  # nor does one that lies far away
        "1,2\n3,4.5\n",
        "0\n1\n0\n2\n",  # a count of something
    ],
)
def test_a_point_is_no_header(written: str):
    read = found(written)
    assert (len(read.values), read.columns, read.notices) == (written.count("\n"), (), [])


def test_what_may_be_names_or_a_point_is_told():
    read = found("1,2,3\n" + "0.5,2.5,1.5\n3.5,4.5,0.5\n")
    assert (read.values.shape, len(read.notices)) == ((3, 3), 1)
    assert "is read as a point; if it names the columns, write names with letters" in read.notices[0]
    with_years = "2019,2020\n" + "".join(f"{a},{b}\n" for a, b in WHOLE)
    assert found(with_years).columns == ("2019", "2020")
    assert len(found(with_years.replace("2019,2020", "61,62")).values) == 41


def test_a_column_that_counts_the_lines_is_told():
    written = pd.DataFrame(CLOUD[:, :2], columns=["x", "y"]).reset_index().to_csv(index=False)
    read = found(written)
    assert (read.values.shape, read.columns) == ((40, 3), ("index", "x", "y"))
    assert "its column 'index' counts the lines" in read.notices[0]
    assert found(written, "x,y").values.shape == (40, 2)
    assert "its column 1 counts the lines" in found(frame(header=False)).notices[0]


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("x;y\n1,5;2\n0,25;-3,5e2\n", [[1.5, 2], [0.25, -350]]),
        ("1,5 2,5\n0,5 3\n", [[1.5, 2.5], [0.5, 3]]),
        ("1,5\t2,5\n0,5\t3\n", [[1.5, 2.5], [0.5, 3]]),
        ("sep=;\nx;y\n1.5;2\n3;4\n", [[1.5, 2], [3, 4]]),
        ('"sep=,"\nx,y\n1.5,2\n3,4\n', [[1.5, 2], [3, 4]]),
        ("sep=\t\nx\ty\n1.5\t2\n3\t4\n", [[1.5, 2], [3, 4]]),
        ("x|y\n1.5|2\n3|4\n", [[1.5, 2], [3, 4]]),
        ("1.234,5;2\n-12.345.678;0,5\n", [[1234.5, 2], [-12345678, 0.5]]),
        ('x,y\n"1,234.5",2\n"12,345,678",0.5\n', [[1234.5, 2], [12345678, 0.5]]),
        ("1'234.5;2\n12'345;3\n", [[1234.5, 2], [12345, 3]]),
        ("1 234,5;2\n12\u00a0345;3\n7\u202f000;3\n", [[1234.5, 2], [12345, 3], [7000, 3]]),
        ("1.234;2.345\n5.678;1\n", [[1.234, 2.345], [5.678, 1]]),
    ],
)
def test_numbers_are_read_as_their_land_writes_them(written: str, expected: list):
    read = found(written)
    np.testing.assert_array_equal(read.values, expected)
    assert read.notices == []


@pytest.mark.parametrize(
    ("written", "first", "other"),
    [
        ("1,234;5\n2,345;6\n", 1.234, "write 1234, not 1,234"),
        ('"1,234",5\n"2,345",6\n', 1234, "write 1.234, not 1,234"),
    ],
)
def test_a_comma_that_may_be_either_is_told(written: str, first: float, other: str):
    read = found(written)
    assert read.values[0, 0] == first
    assert read.notices == [f"'1,234' is read as {first:g}; if it is another number, {other}"]


@pytest.mark.parametrize(
    ("written", "line"),
    [
        ("id,x\n1,2\n3_5,4\n", "points.csv line 3: '3_5' is not a number; choose columns with `variable`"),
        ("1,2\n3,1_0.5\n", "points.csv line 2: '1_0.5' is not a number; correct it"),
        ("1;2\n3;4,5\n" + 2000 * "1;2\n" + "1,5;2\n1.5;3\n", "line 2004: '1.5' is not a number; write 1,5 as in"),
        ("1,2\n٣,4\n", "line 2: '٣' is not a number"),
        ("1,2\n3,4\n3\n", "points.csv line 3 has 1 values where line 1 has 2"),
        ("x,y\n1,2\n\n# note\n3,4,5\n", "points.csv line 5 has 3 values where line 1 has 2"),
        ("x,y\n1,2\n" + 3000 * "3,4\n" + "3,\n", "line 3003: '' is not a number"),
        ("x,y,note\n1,2,a\n3,4\n", "line 3 has 2 values where line 1 has 3"),
        ("x,y,note\n1,2,a\n3,4,b,c\n", "line 3 has 4 values where line 1 has 3"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(written: str, line: str):
    assert line in refused(written, "x,y" if "note" in written and "# note" not in written else None)


def test_large_tables_are_read_by_the_fast_reader(monkeypatch: pytest.MonkeyPatch):
    def never(*_: object) -> None:
        raise AssertionError

    monkeypatch.setattr(text, "_read_carefully", never)
    monkeypatch.setattr(pieces, "_ROWS", 7)
    monkeypatch.setattr(pieces, "_PIECE", 64)
    table = pd.DataFrame(CLOUD, columns=["x", "y", "z"])
    table.insert(1, "kind", ['a "b",\nc', "d"] * 20)
    noted = "# made by hand\n\n" + table.to_csv(index=False).replace("\n", "\n# note\n", 1)
    for written in (noted, noted.replace("\n", "\r\n"), noted.encode("utf-16"), noted.encode("utf-8-sig")):
        read = found(written, "z,x", "kind")
        np.testing.assert_array_equal(read.values, CLOUD[:, [2, 0]])
        assert (read.columns, read.labels.tolist()[1]) == (("z", "x"), "d")
    for how in ({"sep": ";", "decimal": ","}, {"sep": " ", "header": False}, {"sep": "\t"}):
        np.testing.assert_array_equal(found(pd.DataFrame(CLOUD).to_csv(index=False, **how)).values, CLOUD)


FIELDS = st.sampled_from(
    [
        "1",
        "-2.5",
        "3e5",
        " 4",
        "5 ",
        "",
        "nan",
        "inf",
        "-Infinity",
        "1e999",
        "1_0",
        "0x1A",
        "x",
        "True",
        "1,5",
        '"6"',
        "'7",
        "+8",
        ".5",
        "9.",
        "1e",
        "--1",
        "NA",
        "1 2",
        "#",
        "1#2",
        "٣",
        "1.7976931348623157e308",
        "4.9e-324",
        "0.1",
        "123456789012345678901234567890",
    ]
)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.lists(FIELDS, min_size=1, max_size=4), min_size=2, max_size=5), st.sampled_from(",;\t "))
@example([["1", "2"], ["1#2", "3"]], ",")
@example([["1", "2"], ["3", "4", ""]], ",")
def test_the_fast_reading_is_the_careful_one(rows: list, mark: str):
    written = "\n".join(mark.join(row) for row in rows)
    results = []
    for fast in (True, False):
        with pytest.MonkeyPatch.context() as patch:
            if not fast:
                patch.setattr(text, "read_pieces", lambda *_: None)
            try:
                results.append(found(written).values)
            except InputError as error:
                results.append(str(error))
    assert type(results[0]) is type(results[1])
    np.testing.assert_array_equal(*results)


def test_truth_is_no_number_wherever_it_stands(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(pieces, "_ROWS", 10)
    begun = "".join(f"{k % 2},{k + 0.5}\n" for k in range(1000))
    assert found(begun).values.shape == (1000, 2)
    assert "line 1001: 'True' is not a number" in refused(begun + "True,2.5\n" * 30)


def test_the_first_lines_decide_alone():
    lines = frame(index=False).splitlines()
    assert form_of(lines) == form_of(lines[:20])
