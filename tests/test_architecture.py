"""The rules of the tree, read off the sources: each has its own test, and one that shows that it can fail.

A rule is a function from a source file to complaints; its docstring is the advice that a failure prints.
"""

import ast
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parent.parent / "src" / "ganatomy"

# What a part (a module or package right under ganatomy) may import of ganatomy, besides itself. A module that is not
# named here sits on top and may import everything but cli; a package must be named.
ARROWS = {
    "errors": set(),
    "files": {"errors"},
    "extras": {"errors"},
    "layering": {"errors"},
    "config": {"errors", "files", "layering"},
    "devices": {"errors"},
    "adversarial": {"config", "devices", "errors", "files"},
    "generators": {"devices", "errors", "files"},
    "latent": {"errors", "files"},
    "attributes": {"errors", "extras", "files", "generators"},
    "figures": {"errors", "files"},
    "report": {"errors", "files", "figures"},
    "study": {
        *("errors", "files", "config", "devices", "adversarial", "figures", "report"),
        *("events", "execution", "extras", "fitting", "folders", "gallery", "measuring", "progress", "runs"),
    },
    "surveying": {
        *("", "errors", "attributes", "figures", "generators", "latent", "report"),
        *("drawn_codes", "finding", "folders", "method_comparison", "naming", "progress", "rendering", "samples"),
    },
}
FOREIGN = {  # what a part must leave to others
    "errors": {"torch", "matplotlib"},
    "files": {"torch", "matplotlib"},
    "config": {"torch", "matplotlib"},
    "adversarial": {"matplotlib"},
    "generators": {"matplotlib"},
    "latent": {"torch", "matplotlib"},
    "attributes": {"torch", "matplotlib"},
    "figures": {"torch"},
    "report": {"torch", "matplotlib"},
}
BANNED_IMPORTS = {
    **dict.fromkeys(("pickle", "cloudpickle", "dill", "joblib", "marshal", "shelve"), "reading its files runs code"),
    "torchvision": "its versions are tied to torch's",
    "matplotlib.pyplot": "it keeps global state and opens windows; use matplotlib.figure.Figure",
}
VAGUE_NAMES = {"common", "core", "helper", "helpers", "manager", "managers", "misc", "util", "utils"}
LINES = 300
NO_DOCTEST = {
    "figures.panel.make_panel": "draws into a figure made by its callers, whose doctests show it",
    "figures.planar.headed_figure": "as make_panel",
    "figures.planar.legend": "as make_panel",
    "gallery.draw_run": "needs a whole run; `ganatomy fit` calls it in the tests",
    "gallery.draw_curves": "as draw_run",
    "gallery.animate": "as draw_run",
    "gallery.animate_run": "as draw_run",
    "album.draw": "needs a store full of pictures; `ganatomy sefa` calls it in the tests",
    "album.draw_direction": "as draw",
    "exploring.explore": "as draw",
    "surveying.stages.run": "needs a whole survey; the doctest of surveying.conduct.survey runs it",
    "surveying.pages.draw": "as run",
    "surveying.summary.summary_of": "as run",
    "surveying.summary.facts_of": "as run",
    "planar_directions.explore_run": "needs a whole run; `ganatomy sefa` calls it in the tests",
}


@dataclass(frozen=True)
class Source:
    """A source file: its path under ganatomy, such as figures/view.py, and its text."""

    path: str
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text, self.path)

    @cached_property
    def module(self) -> tuple[str, ...]:
        """The dotted name without ganatomy: ("figures", "view"); a package's own is ("figures",)."""
        parts = self.path.removesuffix(".py").split("/")
        return tuple(parts[:-1] if parts[-1] == "__init__" else parts)

    @property
    def part(self) -> str:
        return self.module[0] if self.module else ""

    def imports(self) -> Iterator[tuple[int, str]]:
        """Yield line and dotted name of all that is imported anywhere; `from a import b` gives a.b."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                yield from ((node.lineno, alias.name) for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                base = node.module or ""
                if node.level:
                    up = node.level - self.path.endswith("__init__.py")
                    base = ".".join(filter(None, ("ganatomy", *self.module[: len(self.module) - up], base)))
                yield from ((node.lineno, f"{base}.{alias.name}") for alias in node.names)

    def public(self) -> Iterator[tuple[str, ast.AST]]:
        """Yield the module, its public functions and classes, and the public methods of those, by dotted name."""
        name = ".".join(self.module)
        yield name, self.tree
        for node in self.tree.body:
            if _is_public(node):
                yield f"{name}.{node.name}", node
                if isinstance(node, ast.ClassDef):
                    yield from ((f"{name}.{node.name}.{m.name}", m) for m in node.body if _is_public(m))


def _is_public(node: ast.stmt) -> bool:
    return isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and not node.name.startswith("_")


SOURCES = [
    Source(path.relative_to(PACKAGE).as_posix(), path.read_text(encoding="utf-8"))
    for path in sorted(PACKAGE.rglob("*.py"))
]
PARTS = {source.part for source in SOURCES if source.module}

Rule = Callable[[Source], Iterator[str]]
RULES: list[Rule] = []
EXAMPLES: list[tuple[Rule, str, str, bool]] = []


def rule(bad: list[tuple[str, str]], good: list[tuple[str, str]]) -> Callable[[Rule], Rule]:
    """Enter a rule with examples, (path, text) each: `bad` ones that break it, `good` ones that do not."""

    def enter(check: Rule) -> Rule:
        RULES.append(check)
        EXAMPLES.extend((check, *example, True) for example in bad)
        EXAMPLES.extend((check, *example, False) for example in good)
        return check

    return enter


@rule(
    bad=[
        ("adversarial/x.py", "from ganatomy.figures import view"),
        ("adversarial/x.py", "def f():\n    import ganatomy.runs"),
        ("adversarial/deep/x.py", "from ...figures.view import View"),
        ("adversarial/x.py", "from ganatomy import fit"),
        ("figures/x.py", "from ganatomy.adversarial.points import load_points"),
        ("figures/__init__.py", "from ..config import Recipe"),
        ("errors.py", "from ganatomy.files import replacing"),
        ("config.py", "from ganatomy import adversarial"),
        ("gallery.py", "from ganatomy.cli import main"),
        ("gallery.py", "from ganatomy import cli"),
        ("newpackage/x.py", "import math"),
    ],
    good=[
        ("adversarial/deep/x.py", "from ..points import load_points\nfrom ganatomy import config"),
        ("figures/__init__.py", "from .view import View"),
        ("gallery.py", "from ganatomy import __version__\nfrom ganatomy.figures import view"),
        ("cli/fit.py", "from ganatomy.cli.tables import print_table\nfrom ganatomy import gallery"),
        ("files.py", "import os\nfrom ganatomy.errors import InputError"),
    ],
)
def arrows(source: Source) -> Iterator[str]:
    """Move the code to where its arrow points up, or pass the value in; ARROWS says who may import whom."""
    if len(source.module) > 1 and source.part not in {*ARROWS, "cli"}:
        yield f"1: package '{source.part}' has no line in ARROWS"
    for line, name in source.imports():
        root, _, rest = name.partition(".")
        if root != "ganatomy":
            continue
        target = rest.split(".")[0] if rest.split(".")[0] in PARTS else ""  # "": the package's public names
        allowed = ARROWS.get(source.part, {"", *PARTS} - {"cli"}) | {source.part}
        if source.part not in ("cli", "__main__") and target not in allowed:  # both are the command line
            yield f"{line}: imports {name}"


@rule(
    bad=[
        ("figures/x.py", "def f():\n    import torch.nn as nn"),
        ("adversarial/x.py", "from matplotlib.figure import Figure"),
        ("config.py", "from torch import optim"),
        ("fitting.py", "import pickle"),
        ("adversarial/x.py", "from torchvision.utils import save_image"),
        ("figures/x.py", "from matplotlib import pyplot as plt"),
    ],
    good=[("figures/x.py", "import matplotlib as mpl\nimport torchlike"), ("adversarial/x.py", "from torch import nn")],
)
def foreign_imports(source: Source) -> Iterator[str]:
    """Hand over arrays instead of networks and figures (FOREIGN), and do without what BANNED_IMPORTS names."""
    for line, name in source.imports():
        if name.split(".")[0] in FOREIGN.get(source.part, ()):
            yield f"{line}: imports {name}, which '{source.part}' leaves to others"
        for banned, reason in BANNED_IMPORTS.items():
            if f"{name}.".startswith(f"{banned}."):
                yield f"{line}: imports {name}: {reason}"


@rule(
    bad=[
        ("x.py", "torch.load(path)"),
        ("x.py", "torch.load(path, weights_only=False)"),
        ("x.py", "from torch import load"),
        ("x.py", "np.load(path, allow_pickle=True)"),
        ("x.py", "np.load(path, allow_pickle=flag)"),
        ("x.py", "eval(text)"),
        ("x.py", "def f():\n    exec(text)"),
    ],
    good=[
        ("x.py", "torch.load(path, weights_only=True)\nmodel.eval()"),
        ("x.py", "np.load(path)\nnp.load(path, allow_pickle=False)\nfrom safetensors.torch import load"),
    ],
)
def foreign_code(source: Source) -> Iterator[str]:
    """Read files so that nothing in them can run: torch.load(..., weights_only=True), and no pickle, eval or exec."""
    for line, name in source.imports():
        if name == "torch.load":
            yield f"{line}: write torch.load in full"
    for call in (node for node in ast.walk(source.tree) if isinstance(node, ast.Call)):
        name, flags = ast.unparse(call.func), {word.arg: ast.unparse(word.value) for word in call.keywords}
        if name in {"eval", "exec"}:
            yield f"{call.lineno}: calls {name}"
        if name == "torch.load" and flags.get("weights_only") != "True":
            yield f"{call.lineno}: torch.load without weights_only=True"
        if flags.get("allow_pickle", "False") != "False":
            yield f"{call.lineno}: {name} with allow_pickle"


@rule(bad=[("x.py", "pass\n" * (LINES + 1))], good=[("x.py", "pass\n" * LINES)])
def size(source: Source) -> Iterator[str]:
    """Look for the second concept in the file, and give it a module of its own."""
    count = len(source.text.splitlines())
    if count > LINES:
        yield f"{count}: lines, at most {LINES}"


@rule(
    bad=[("figures/utils.py", ""), ("core/points.py", ""), ("adversarial/_helpers.py", "")],
    good=[("figures/view.py", "")],
)
def names(source: Source) -> Iterator[str]:
    """Name the module after the concept it holds; if it has none, its functions belong to others."""
    for part in source.module:
        if part.strip("_") in VAGUE_NAMES:
            yield f"1: '{part}' says nothing"


@rule(
    bad=[
        ("x.py", "import os"),
        ("x.py", '"""Do."""\ndef f(): pass'),
        ("x.py", '"""Do."""\nasync def f(): pass'),
        ("x.py", '"""Do."""\nclass A: pass'),
        ("x.py", '"""Do."""\nclass A:\n    """Do."""\n    def f(self): pass'),
    ],
    good=[("x.py", '"""Do."""\ndef _f(): pass\nclass A:\n    """Do."""\n    def __len__(self): return 0')],
)
def docstrings(source: Source) -> Iterator[str]:
    """Say in a docstring what it does, its equation, shapes, units and errors."""
    for name, node in source.public():
        if not ast.get_docstring(node):
            yield f"{getattr(node, 'lineno', 1)}: {name} has no docstring"


@rule(
    bad=[
        ("x.py", 'def f():\n    """Do."""'),
        ("gallery.py", 'def draw_run():\n    """Do.\n\n    >>> 1\n    1\n    """'),
    ],
    good=[
        ("x.py", 'def f():\n    """Do.\n\n    >>> 1\n    1\n    """\ndef _g(): pass'),
        ("cli/x.py", 'def f():\n    """Do."""'),
        ("gallery.py", 'def draw_run():\n    """Do."""'),
    ],
)
def doctests(source: Source) -> Iterator[str]:
    """Show the function at work in a seeded doctest that prints real numbers, or give the reason in NO_DOCTEST."""
    if source.part == "cli":  # its examples are commands, and are run as such
        return
    for name, node in source.public():
        if isinstance(node, ast.FunctionDef) and node in source.tree.body:
            shown = ">>>" in (ast.get_docstring(node) or "")
            if shown == (name in NO_DOCTEST):
                yield f"{node.lineno}: {name} " + ("has a doctest: drop it from NO_DOCTEST" if shown else "has none")


@pytest.mark.parametrize("check", RULES, ids=lambda check: check.__name__)
def test_the_tree_keeps(check: Rule) -> None:
    complaints = [f"src/ganatomy/{source.path}:{text}" for source in SOURCES for text in check(source)]
    assert not complaints, "\n".join([check.__doc__ or "", *complaints])


@pytest.mark.parametrize(("check", "path", "text", "breaks"), EXAMPLES, ids=lambda v: getattr(v, "__name__", ""))
def test_the_rule_can_fail(check: Rule, path: str, text: str, breaks: bool) -> None:
    assert bool(list(check(Source(path, text)))) == breaks, f"{path}: {text[:200]}"


def test_no_reason_outlives_its_function() -> None:
    known = {name for source in SOURCES for name, _ in source.public()}
    assert set(NO_DOCTEST) <= known, f"gone, so drop from NO_DOCTEST: {set(NO_DOCTEST) - known}"


def _loaded(code: str) -> set[str]:
    """Run code in a fresh interpreter and return which slow packages it loaded."""
    code += "\nimport sys\nprint(*{'torch', 'matplotlib', 'scipy'} & set(sys.modules), file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    return set(done.stderr.split())


HELP = "import sys\nsys.argv = ['ganatomy', {}]\nfrom ganatomy.cli import main\ntry: main()\nexcept SystemExit: pass"


@pytest.mark.parametrize(
    "code", ["import ganatomy", *(HELP.format(words) for words in ("'--help'", "'fit', '--help'", "'sefa', '--help'"))]
)
def test_starting_loads_nothing_slow(code: str) -> None:
    assert not _loaded(code), "import it in the function that needs it, so that --help and errors come at once"


def test_slow_loading_is_noticed() -> None:
    assert _loaded("import scipy, matplotlib") == {"scipy", "matplotlib"}
