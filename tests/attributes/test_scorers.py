"""A person's own scorer: named in a file or a module or passed, what it says of itself, and all that it does wrong."""

import numpy as np
import pytest

from ganatomy.attributes import has_values, measure, read_scorer
from ganatomy.errors import InputError

PICTURES = np.random.default_rng(0).integers(0, 256, (3, 8, 8, 3), dtype=np.uint8)


@pytest.fixture
def write(tmp_path):
    def written(text, name="mine.py"):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return written


def scored(path, name="score"):
    return measure([read_scorer(f"{path}:{name}")], PICTURES)[:, 0]


def test_a_function_in_a_file_is_measured(write):
    path = write("def score(pictures):\n    return pictures[..., 0].mean((1, 2))")
    np.testing.assert_allclose(scored(path), PICTURES[..., 0].mean((1, 2)))
    own = read_scorer(f"{path}:score")
    assert (own.name, own.trait.unit, own.trait.group, own.own, own.needs_face) == (
        "score",
        "scores",
        "score",
        True,
        False,
    )
    assert own.trait.title == {"en": "score", "zh": "score"}
    assert str(path) in own.trait.source


def test_it_may_say_what_it_is(write):
    own = read_scorer(
        f"""{
            write('''
def score(pictures):
    return [1.0] * len(pictures)
score.title, score.unit, score.group, score.more, score.less = "redness", "share", "colour", "redder", "bluer"
score.source = "my own eyes"
''')
        }:score"""
    )
    told = own.trait.to_dict()
    assert (told["title"]["en"], told["unit"], told["group"], told["source"]) == (
        *("redness", "share", "colour", "my own eyes"),
    )
    assert (own.trait.more["zh"], own.trait.less["en"]) == ("redder", "bluer")


def test_it_is_found_in_a_module(write, monkeypatch):
    path = write("def score(pictures):\n    return pictures.mean((1, 2, 3))", "a_scorer_of_the_tests.py")
    monkeypatch.syspath_prepend(path.parent)
    np.testing.assert_allclose(scored("a_scorer_of_the_tests"), PICTURES.mean((1, 2, 3)))


def test_a_callable_object_is_passed_as_it_is():
    class Model:
        def __call__(self, pictures):
            return np.arange(len(pictures))

    own = read_scorer(Model())
    assert own.name == "Model"
    assert measure([own], PICTURES)[:, 0].tolist() == [0, 1, 2]


def test_it_cannot_change_the_pictures_that_others_measure(write):
    path = write("def score(pictures):\n    pictures[:] = 0\n    return pictures.mean((1, 2, 3))")
    before = PICTURES.copy()
    scored(path)
    np.testing.assert_array_equal(PICTURES, before)


def test_nan_means_that_a_picture_has_no_value(write):
    values = scored(write("import math\ndef score(pictures):\n    return [1.0, math.nan, 2.0]"))
    np.testing.assert_array_equal(values, [1, np.nan, 2])


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("raise SystemExit(3)", r"mine\.py: line 2: SystemExit: 3; repair it there$"),
        ("raise ValueError('no\\nsuch thing')", r"mine\.py: line 2: ValueError: no such thing; repair it there$"),
        ("return 1.0", r"returns shape \(\) for 3 pictures; return one number each, \(3,\)$"),
        ("return pictures.mean((1, 2))", r"returns shape \(3, 3\) for 3 pictures"),
        ("return [1.0, 2.0]", r"returns shape \(2,\) for 3 pictures"),
        ("return ['a', 'b', 'c']", "returns list, which is no array of numbers$"),
        ("return None", "returns (NoneType, which is no array|shape)"),
        ("return [1.0, float('inf'), 2.0]", "returns infinity; return NaN"),
    ],
)
def test_what_it_does_wrong_is_said_in_one_line_that_names_it(write, body, said):
    path = write(f"def score(pictures):\n    {body}")
    with pytest.raises(InputError, match=said) as refused:
        scored(path)
    assert str(path) in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("text", "said"), [("float('nan')", "NaN for all of 3"), ("7.0", "the same number for all of 3")]
)
def test_one_that_tells_nothing_is_refused_once_all_is_measured(write, text, said):
    own = read_scorer(f"{write(f'def score(pictures): return [{text}] * len(pictures)')}:score")
    with pytest.raises(InputError, match=f"the scorer 'score' gives {said}"):
        has_values([own], measure([own], PICTURES))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("mine.py", r"write FILE\.py:FUNCTION or MODULE:FUNCTION"),
        (":score", r"write FILE\.py:FUNCTION"),
        ("mine.py:two words", r"write FILE\.py:FUNCTION"),
        ("nowhere/mine.py:score", r"cannot read nowhere/mine\.py: No such file or directory$"),
        ("no_such_module_at_all:score", "there is no module 'no_such_module_at_all'; check its name"),
        ("colorsys:ONE_THIRD", "it is no function"),
        ("pathlib:Path", "it is no function"),
    ],
)
def test_what_names_no_function_is_refused(given, said):
    with pytest.raises(InputError, match=said):
        read_scorer(given)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("def scor(pictures): pass", "unknown function 'score'; did you mean 'scor'"),
        ("def score(:", r"mine\.py: line 1: SyntaxError: .*; repair it there$"),
        ("1 / 0", r"mine\.py: line 1: ZeroDivisionError: division by zero; repair it there$"),
        ("raise SystemExit(3)", r"mine\.py: line 1: SystemExit: 3; repair it there$"),
        (
            "import a_package_that_nobody_has",
            r"mine\.py: line 1: ModuleNotFoundError: No module named 'a_package_that_nobody_has'; install it$",
        ),
        ("def score(pictures): pass\nscore.unit = 3", "its unit is 3; make it a text"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_in_one_line(write, text, said):
    with pytest.raises(InputError, match=said) as refused:
        read_scorer(f"{write(text)}:score")
    assert "\n" not in str(refused.value)


def test_complex_numbers_are_no_scores():
    with pytest.raises(InputError, match="no array of numbers"):
        measure([read_scorer(lambda pictures: np.zeros(len(pictures)) * 1j)], PICTURES)


def test_an_edited_file_is_another_version(tmp_path):
    path = tmp_path / "own.py"
    path.write_text("def own(p):\n    return [1.0] * len(p)\n", encoding="utf-8")
    first = read_scorer(f"{path}:own").version
    assert first == read_scorer(f"{path}:own").version != ""
    path.write_text("def own(p):\n    return [2.0] * len(p)\n", encoding="utf-8")
    assert read_scorer(f"{path}:own").version != first
    assert read_scorer(abs).version == ""  # built in


def test_a_scorer_of_a_notebook_s_cell_has_a_version_that_changes_with_it(notebook):
    versions = []
    for text in ("share = 1.0\ndef own(p):\n    return [share] * len(p)", "share = 2.0", "unused = 3"):
        notebook.run(text)
        own = read_scorer(notebook["own"])
        versions.append(own.version)
    assert "" not in versions
    assert versions[0] != versions[1] == versions[2]
    assert measure([own], PICTURES)[:, 0].tolist() == [2, 2, 2]
    notebook.run("def own(p):\n    return [1.0 / 0] * len(p)")
    with pytest.raises(InputError, match=r"line 2: ZeroDivisionError: float division by zero; repair it there$"):
        measure([read_scorer(notebook["own"])], PICTURES)
