"""Code of a user's own: its source found wherever it stands, put together where it was typed in, its faults blamed."""

import functools
import math
import re
import subprocess
import sys

import numpy as np
import pytest
import torch

from ganatomy.errors import InputError
from ganatomy.own_code import Source, blamed, importable, imported, member, read_source, run, source_of, split


def elsewhere(source, name):
    """Return what has a name in a source that is run where there is no notebook."""
    assert source.lacking == ""
    return vars(run(source))[name]


# What was typed in


def test_a_definition_is_found_in_its_cell_with_all_that_it_uses_of_other_cells(notebook):
    notebook.run("import math\nimport numpy as np\nfrom math import sqrt\nimport os.path as places\nunused = open")
    notebook.run("share = 0.75\nnames = {'a': [1, 2.5, None], 'b': (True, b'x', {'s'})}\nendless = float('inf')")
    notebook.run("def helper(x, scale=share):\n    return sqrt(x) * scale\n\nraise_me = 1 / 4")
    notebook.run(
        "def score(x):\n    unused = 3\n"
        "    return helper(x) + math.pi + np.float64(names['a'][1]) + (0 if places.sep and endless > 1 else 1) + unused"
    )
    source = source_of(notebook["score"])
    assert source.path == "/tmp/ipykernel_1/4.py"
    assert "raise_me" not in source.text
    assert "open" not in source.text
    found = elsewhere(source, "score")
    assert found(4.0) == notebook["score"](4.0) == pytest.approx(2 * 0.75 + math.pi + 2.5 + 3)


def test_a_subclass_of_a_subclass_is_found_though_it_has_no_method(notebook):
    notebook.run("class First:\n    def value(self):\n        return self.share * 2")
    notebook.run("class Second(First):\n    share = 3")
    notebook.run("class Third(Second):\n    share = 5")
    source = source_of(notebook["Third"])
    assert elsewhere(source, "Third")().value() == 10
    assert source.text.index("class First") < source.text.index("class Second") < source.text.index("class Third")


def test_the_text_is_that_of_the_cell_whose_code_runs(notebook):
    notebook.run("def value():\n    return 1")
    first = notebook["value"]
    notebook.run("def value():\n    return 2")
    assert [elsewhere(source_of(each), "value")() for each in (first, notebook["value"])] == [1, 2]
    notebook.run("class Bare:\n    share = 1\n\nclass Bare:\n    share = 2")
    assert elsewhere(source_of(notebook["Bare"]), "Bare").share == 2


def test_a_digest_is_of_the_definition_and_of_what_it_uses_and_of_nothing_else(notebook):
    notebook.run("share = 1.0\nother = 1.0\ndef value():\n    return share")
    digests = [source_of(notebook["value"]).sha256]
    for cell in ("other = 2.0", "def value():\n    return share", "share = 2.0", "def value():\n    return 2 * share"):
        notebook.run(cell)
        digests.append(source_of(notebook["value"]).sha256)
    assert digests[0] == digests[1] == digests[2]
    assert len(set(digests)) == 3


def test_definitions_may_be_decorated_and_nested_in_statements_and_call_one_another(notebook):
    even = "if True:\n    @functools.lru_cache\n    def even(n):\n        return n == 0 or odd(n - 1)"
    notebook.run(f"import functools\n{even}")
    notebook.run("def odd(n):\n    return n != 0 and even(n - 1)\nalias = odd")
    notebook.run("class Counting:\n    @staticmethod\n    def parity(n):\n        return [alias(k) for k in range(n)]")
    assert elsewhere(source_of(notebook["Counting"]), "Counting").parity(4) == [False, True, False, True]


def test_what_is_imported_by_another_name_or_without_a_module_is_found_again(notebook):
    notebook.run("from torch import log as ln, Tensor\nfrom torch.nn import functional as F\nfrom math import pi")
    notebook.run("from urllib.parse import urlsplit as wrapped")  # by a cache
    notebook.run("def value(x: Tensor) -> Tensor:\n    return F.relu(ln(x)) + pi + len(wrapped('a:b').scheme)")
    x = torch.tensor([1.0, 2.0])
    assert torch.equal(elsewhere(source_of(notebook["value"]), "value")(x), notebook["value"](x))


@pytest.mark.parametrize(
    ("cells", "why"),
    [
        (
            ["import numpy as np\nweights = np.ones(3)", "def value():\n    return weights"],
            "it uses weights, .* ndarray",
        ),
        (["names = list(range(10_000))", "def value():\n    return names"], "it uses names, which is of type list"),
        (
            ["def make():\n    def value():\n        return 1\n    return value\nvalue = make()"],
            "no definition of its own",
        ),
        (["class A: pass", "class value(A): pass", "class A: pass"], "A was defined anew after value"),
    ],
)
def test_what_cannot_be_run_elsewhere_says_why_and_is_digested_all_the_same(notebook, cells, why):
    for cell in cells:
        notebook.run(cell)
    source = source_of(notebook["value"])
    with pytest.raises(AssertionError):
        elsewhere(source, "value")
    assert len(source.sha256) == 64
    assert re.search(why, source.lacking)


@pytest.mark.parametrize("thing", [len, math.sqrt, lambda x: x, int, functools.partial(len)])
def test_what_has_no_source_is_refused_in_one_line(notebook, thing):
    if getattr(thing, "__name__", "") == "<lambda>":
        thing = eval("lambda x: x", {})
    with pytest.raises(InputError, match="its source cannot be found; put it in a file"):
        source_of(thing)


def test_at_a_prompt_that_keeps_nothing_the_source_is_not_found():
    code = "def value(): return 1\nfrom ganatomy.own_code import source_of\nsource_of(value)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert "InputError: value: its source cannot be found; put it in a file" in done.stderr or sys.version_info >= (
        3,
        13,
    )


# Files and modules


class Here:
    """A class of this file whose first method is wrapped by another package."""

    @torch.no_grad()
    def value(self):
        return 1


def test_the_source_of_what_stands_in_a_file_is_the_file(tmp_path):
    for thing in (Here, test_the_source_of_what_stands_in_a_file_is_the_file):
        assert source_of(thing) == read_source(__file__, "this")
    assert importable(np.float64)
    assert not importable(eval("lambda: 0", {"__name__": "math"}))


def test_a_file_is_run_once_and_needs_not_be_there_then(tmp_path):
    path = tmp_path / "my.py"
    path.write_text(f"with open({str(tmp_path / 'trace')!r}, 'a') as file:\n    file.write('run ')\nshare = __file__\n")
    source = read_source(str(path), "this")
    path.unlink()
    assert run(source) is run(source)
    assert (tmp_path / "trace").read_text() == "run "
    assert run(source).share == str(path)


def test_a_file_that_raises_is_run_again_the_next_time(tmp_path):
    text = f"with open({str(tmp_path / 'trace')!r}, 'a') as file: file.write('run ')\n1 / 0"
    source = Source("my.py", text, "2" * 64)
    for _ in range(2):
        with pytest.raises(InputError, match=r"^my\.py: line 2: ZeroDivisionError: division by zero; repair it there$"):
            run(source)
    assert (tmp_path / "trace").read_text() == "run run "


@pytest.mark.parametrize("named", ["my.py", ":f", "my.py:", "my.py:a.b", "my.py:two words", "f"])
def test_what_is_no_name_of_a_thing_in_a_file_is_refused(named):
    with pytest.raises(InputError, match=r"write FILE\.py:FUNCTION or MODULE:FUNCTION"):
        split(named, "scorer", "function")


def test_a_module_is_imported_by_its_name_and_what_it_lacks_is_told_apart_from_it(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "of_the_tests_1.py").write_text("import no_such_package_at_all")
    (tmp_path / "of_the_tests_2.py").write_text("\n1 / 0")
    assert imported("math", "this") is math
    for module, words in (
        ("no_such_package_at_all.inner", "there is no module 'no_such_package_at_all'; check its name"),
        ("of_the_tests_1", "ModuleNotFoundError: No module named 'no_such_package_at_all'; install it"),
        ("of_the_tests_2", "ZeroDivisionError: division by zero; repair it there"),
    ):
        with pytest.raises(InputError, match=words) as caught:
            imported(module, "this")
        assert len(str(caught.value).splitlines()) == 1


def test_a_misspelt_member_is_told_what_is_there():
    module = run(Source("my.py", "import math\ndef redness(): pass\nsize = 3", "3" * 64))
    assert member(module, "size", "function", callable, "my.py") == 3  # whoever asked judges what it is
    with pytest.raises(
        InputError, match=r"^my\.py: unknown function 'rednes'; did you mean 'redness'\? Known: redness$"
    ):
        member(module, "rednes", "function", callable, "my.py")
    with pytest.raises(InputError, match="there is no function f, nor any other; write one"):
        member(run(Source("my.py", "", "4" * 64)), "f", "function", callable, "my.py")


@pytest.mark.parametrize("error", [SystemExit(3), KeyError("a\nb"), ValueError(), OSError(2, "gone")])
def test_whatever_is_raised_becomes_one_line(error):
    with pytest.raises(InputError) as caught, blamed("my.py", "score"):
        raise error
    message = str(caught.value)
    assert message.startswith(f"my.py: score: {type(error).__name__}: ")
    assert "\n" not in message
    with pytest.raises(KeyboardInterrupt), blamed("my.py", "score"):
        raise KeyboardInterrupt


def test_what_cannot_say_what_it_is_becomes_one_line_too():
    class Mute(Exception):
        def __str__(self):
            raise RuntimeError("[red]")

    wanted = pytest.raises(InputError, match=r"^my.py: loss: Mute: no reason that can be shown; repair it there$")
    with wanted, blamed("my.py", "loss"):
        raise Mute
