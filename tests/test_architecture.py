"""The rules of the tree, read off the sources: each has its own test, and one that shows that it can fail.

A rule is a function from a source file to complaints; its docstring is the advice that a failure prints.
"""

import ast
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parent.parent / "src" / "ganatomy"

# Who may import whom, of ganatomy. A room is a module or package of the first level, or of the second where a package
# has rooms of its own; every module is in exactly one. A room may see itself, and what stands behind its colon.
# A package that is not FLAT has no modules of its own beside its rooms, only the names that its __init__ offers.
FLAT = {"attributes", "cli", "figures", "files", "opening", "pages"}
ROOT = {"errors", "files", "execution", "languages", "terminal", "progress", "own_code"}
GENERATORS = {
    "generators.base",
    "generators.families",
    "generators.layers",
    "generators.checkpoint",
    "generators.loading",
}
GENERATORS |= {f"generators.{room}" for room in ("networks", "fast", "files", "layouts", "zoo")}
DIRECTIONS = {"latent.direction", "latent.directions", "latent.layers"}
MOVED = {*DIRECTIONS, "latent.codes", "latent.pictures", "latent.traversal", "latent.passage"}
FIGURES = {"figures", "figures.points", "figures.pictures"}
HALF_1 = [f"fitting.{room}" for room in ("points", "metrics", "recipes", "objectives", "training", "run", "study")]
ARROWS = {
    "errors": set(),
    "files": {"errors"},
    "execution": {"errors"},
    "languages": {"errors"},
    "terminal": {"errors", "files"},
    "progress": {"errors", "files", "terminal"},
    "own_code": {"errors"},
    "fitting.points": ROOT,
    "fitting.metrics": {*ROOT, *HALF_1[:1]},
    "fitting.recipes": ROOT,
    "fitting.objectives": {*ROOT, "fitting.recipes"},
    "fitting.training": {*ROOT, *HALF_1[:4]},
    "fitting.run": {*ROOT, *HALF_1[:5], *FIGURES},
    "fitting.study": {*ROOT, *HALF_1[:6], *FIGURES, "pages"},
    "fitting.estimator": {*ROOT, *HALF_1[:6]},
    "fitting": {*ROOT, *HALF_1, "fitting.estimator"},
    "generators.files": ROOT,
    "generators.families": {"errors"},
    "generators.base": {"errors", "generators.families"},
    "generators.layers": {"errors"},
    "generators.networks": {*ROOT, "generators.base", "generators.families", "generators.layers"},
    "generators.fast": {"errors", "generators.base", "generators.layers", "generators.networks"},
    "generators.layouts": {*ROOT, "generators.families", "generators.files"},
    "generators.zoo": {*ROOT, "generators.families"},
    "generators.checkpoint": {*ROOT, *(f"generators.{room}" for room in ("families", "files", "layouts", "zoo"))},
    "generators.loading": {*ROOT, *GENERATORS},
    "generators": {*ROOT, *GENERATORS},
    "opening": {*ROOT, *GENERATORS, *HALF_1[:6]},  # which names what either half made, and so sees both
    "attributes": {*ROOT, "generators.zoo"},
    "figures": ROOT,
    "figures.points": {*ROOT, "figures"},
    "figures.pictures": {*ROOT, "figures"},
    "pages": {*ROOT, *FIGURES},
    "latent.direction": {*ROOT, "latent.layers"},
    "latent.layers": ROOT,
    "latent.directions": {*ROOT, *MOVED, "generators.base", *FIGURES},  # the latter only to be plotted
    "latent.traversal": {*ROOT, *DIRECTIONS},
    "latent.codes": {*ROOT, *GENERATORS, "latent.layers"},
    "latent.pictures": {*ROOT, *GENERATORS},
    "latent.passage": {*ROOT, *GENERATORS, *MOVED},
    "latent.measures": {*ROOT, *GENERATORS, *MOVED},
    "latent.labels": {*ROOT, *GENERATORS, *MOVED, "latent.measures", "attributes"},
    "latent.methods": {*ROOT, *GENERATORS, *MOVED, "latent.measures", "latent.labels", "attributes"},
    "latent.editing": {*ROOT, *GENERATORS, *MOVED, *FIGURES, "latent.measures", "latent.labels"},
    "latent.survey": {
        *(*ROOT, *GENERATORS, *MOVED, *FIGURES, "attributes", "pages"),
        *("latent.methods", "latent.measures", "latent.labels"),
    },
    "latent.planar": {*ROOT, *DIRECTIONS, "latent.methods", *FIGURES, *HALF_1[:6], "generators.families"},
    "latent": {
        *(*ROOT, *MOVED, *FIGURES),
        *(f"latent.{room}" for room in ("methods", "measures", "labels", "editing", "survey", "planar")),
    },
    "cli": {
        *(*ROOT, *HALF_1, *GENERATORS, *MOVED, *FIGURES, "attributes", "opening", "pages"),
        *(f"latent.{room}" for room in ("methods", "measures", "labels", "editing", "survey", "planar")),
    },
    "__main__": {"cli"},
    "": ROOT,
}
FOREIGN = {  # what these must leave to others
    "torch": {
        *(
            "errors",
            "files",
            "languages",
            "terminal",
            "progress",
            "own_code",
            "fitting.recipes",
            "attributes",
            "pages",
            *FIGURES,
        ),
        *(*DIRECTIONS, "latent.traversal", "latent.measures"),
    },
    "matplotlib": {
        *(*ROOT, *HALF_1[:5], *GENERATORS, "attributes", "pages"),
        *(*MOVED - {"latent.directions"}, "latent.methods", "latent.measures", "latent.labels"),
    },
}
BANNED_IMPORTS = {
    **dict.fromkeys(("pickle", "cloudpickle", "dill", "joblib", "marshal", "shelve"), "reading its files runs code"),
    "torchvision": "its versions are tied to torch's",
    "matplotlib.pyplot": "it keeps global state and opens windows; use matplotlib.figure.Figure",
}
VAGUE_NAMES = {"common", "core", "helper", "helpers", "manager", "managers", "misc", "util", "utils"}
LINES = 300
PROSE = '"""Do.\n' + "    It does.\n" * LINES + '    """'  # a docstring that is longer than that
NO_DOCTEST = {
    "figures.points.panel.make_panel": "draws into a figure made by its callers, whose doctests show it",
    "figures.points.planar.headed_figure": "as make_panel",
    "figures.points.planar.legend": "as make_panel",
    "fitting.run.pictures.draw_run": "needs a whole run; `ganatomy fit` calls it in the tests",
    "fitting.run.pictures.draw_curves": "as draw_run",
    "fitting.run.pictures.draw_films": "as draw_run",
    "fitting.run.pictures.animate": "as draw_run",
    "latent.survey.stages.run": "needs a whole survey; the doctest of latent.survey.run.survey runs it",
    "latent.survey.drawing.draw": "as run",
    "latent.survey.stages.trial_of": "as run",
    "latent.survey.summary.summary_of": "as run",
    "latent.survey.summary.film_summary_of": "as run",
    "latent.survey.summary.facts_of": "as run",
    "latent.planar.compare.sefa_of_run": "needs a whole run; `ganatomy sefa` calls it in the tests",
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
    def room(self) -> str | None:
        return room_of(".".join(self.module))

    def imports(self) -> Iterator[tuple[int, str]]:
        """Yield line and dotted name of all that is imported anywhere; `from a import b` gives a.b."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import | ast.ImportFrom):
                yield from ((node.lineno, _full(self, node, alias)) for alias in node.names)

    def public(self) -> Iterator[tuple[str, ast.AST]]:
        """Yield the module, its public functions and classes, and the public methods of those, by dotted name."""
        name = ".".join(self.module)
        yield name, self.tree
        for node in self.tree.body:
            if _is_public(node):
                yield f"{name}.{node.name}", node
                if isinstance(node, ast.ClassDef):
                    yield from ((f"{name}.{node.name}.{m.name}", m) for m in node.body if _is_public(m))


def _full(source: Source, node: ast.Import | ast.ImportFrom, alias: ast.alias) -> str:
    """Return the dotted name of what an import statement of a source brings."""
    if isinstance(node, ast.Import):
        return alias.name
    base = node.module or ""
    if node.level:
        up = node.level - source.path.endswith("__init__.py")
        base = ".".join(filter(None, ("ganatomy", *source.module[: len(source.module) - up], base)))
    return f"{base}.{alias.name}"


def room_of(module: str) -> str | None:
    """Return the room of a module, such as "fitting.points" or "files"; None if no line of ARROWS names it."""
    first, dot, rest = module.partition(".")
    second = f"{first}.{rest.partition('.')[0]}"
    names = [second] * bool(dot) + [first] * (not dot or first in FLAT)
    return next((name for name in names if name in ARROWS), None)


def _is_public(node: ast.stmt) -> bool:
    return isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and not node.name.startswith("_")


SOURCES = [
    Source(path.relative_to(PACKAGE).as_posix(), path.read_text(encoding="utf-8"))
    for path in sorted(PACKAGE.rglob("*.py"))
]
MODULES = {".".join(source.module) for source in SOURCES}


def target_of(name: str) -> str | None:
    """Return the module of ganatomy that an imported name is, or is of; None if it is of another package."""
    root, _, name = name.partition(".")
    if root != "ganatomy":
        return None
    while name and name not in MODULES:
        name = name.rpartition(".")[0]
    return name


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
        ("fitting/training/x.py", "from ganatomy.figures.points import view"),
        ("fitting/points/x.py", "from ganatomy.fitting.training.players import Player"),
        ("fitting/metrics/x.py", "def f():\n    import ganatomy.fitting.run.folder"),
        ("fitting/points/distributions/x.py", "from ....figures.points.view import View"),
        ("fitting/training/x.py", "from ganatomy import fit"),
        ("generators/networks/x.py", "from ganatomy.generators.fast.convolution import Convolution"),
        ("latent/survey/x.py", "from ganatomy.fitting.run.fit import fit"),
        ("figures/points/x.py", "from ganatomy.fitting.points.cloud import load_points"),
        ("figures/__init__.py", "from ..fitting.recipes.recipe import Recipe"),
        ("errors.py", "from ganatomy.files import replacing"),
        ("files/owned.py", "from ganatomy import fitting"),
        ("fitting/run/pictures.py", "from ganatomy.cli import main"),
        ("fitting/run/pictures.py", "from ganatomy import cli"),
        ("newpackage/x.py", "import math"),
        ("fitting/newroom/x.py", "import math"),
        ("latent/new.py", "import math"),
        ("new.py", "import math"),
    ],
    good=[
        ("fitting/points/distributions/x.py", "from ..cloud import load_points\nfrom ganatomy import errors"),
        ("figures/__init__.py", "from .style import house"),
        ("fitting/run/pictures.py", "from ganatomy.figures.points import view\nfrom ganatomy.errors import InputError"),
        ("latent/planar/x.py", "from ganatomy.fitting.run.folder import RunFolder"),
        ("cli/fit.py", "from ganatomy.cli.tables import print_metrics\nfrom ganatomy.fitting.run import pictures"),
        ("files/owned.py", "import os\nfrom ganatomy.errors import InputError"),
    ],
)
def arrows(source: Source) -> Iterator[str]:
    """Move the code to where its arrow points up, or pass the value in; ARROWS says who may import whom."""
    if source.room is None:
        yield f"1: {'.'.join(source.module)} has no line in ARROWS"
        return
    for line, name in source.imports():
        module = target_of(name)
        if module is not None and room_of(module) not in ARROWS[source.room] | {source.room}:
            yield f"{line}: imports {name}"


@rule(
    bad=[
        ("figures/points/x.py", "def f():\n    import torch.nn as nn"),
        ("fitting/training/x.py", "from matplotlib.figure import Figure"),
        ("fitting/recipes/recipe.py", "from torch import optim"),
        ("fitting/run/fit.py", "import pickle"),
        ("fitting/training/x.py", "from torchvision.utils import save_image"),
        ("figures/x.py", "from matplotlib import pyplot as plt"),
    ],
    good=[
        ("figures/points/x.py", "import matplotlib as mpl\nimport torchlike"),
        ("fitting/training/x.py", "from torch import nn"),
    ],
)
def foreign_imports(source: Source) -> Iterator[str]:
    """Hand over arrays instead of networks and figures (FOREIGN), and do without what BANNED_IMPORTS names."""
    for line, name in source.imports():
        if source.room in FOREIGN.get(name.split(".")[0], ()):
            yield f"{line}: imports {name}, which {source.room} leaves to others"
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


@rule(
    bad=[
        ("x.py", "print(name)"),
        ("cli/x.py", "print(name, file=sys.stderr)"),
        ("x.py", "sys.stdout.write(name)"),
        ("progress.py", "from rich.console import Console"),
        ("progress.py", "import rich\nrich.print(name)"),
        ("x.py", "from rich.markup import render"),
        ("cli/x.py", "typer.echo(name)"),
        ("progress.py", "TextColumn('{task.description}')"),
    ],
    good=[
        ("terminal.py", "from rich.console import Console\nprint(name)"),
        ("cli/x.py", "from ganatomy.terminal import say\nsay(name)\nwith redirect_stdout(sys.stderr): pass"),
        ("progress.py", "from rich.text import Text\nTextColumn('{task.description}', markup=False)"),
    ],
)
def printing(source: Source) -> Iterator[str]:
    """Print by ganatomy.terminal, which lets nothing from outside command the terminal or be read as markup."""
    if source.path == "terminal.py":
        return
    for line, name in source.imports():
        if name in {"rich", "rich.print", "rich.print_json"} or name.startswith(("rich.console", "rich.markup")):
            yield f"{line}: imports {name}"
    for call in (node for node in ast.walk(source.tree) if isinstance(node, ast.Call)):
        name, flags = ast.unparse(call.func), {word.arg: ast.unparse(word.value) for word in call.keywords}
        if name in {"print", "typer.echo", "typer.secho"} or re.match(r"sys\.std(out|err)\.write", name):
            yield f"{call.lineno}: calls {name}"
        described = any("{task.description" in ast.unparse(argument) for argument in call.args)
        if name == "TextColumn" and described and flags.get("markup") != "False":
            yield f"{call.lineno}: {name} with markup"


@rule(
    bad=[("x.py", "pass\n" * (LINES + 1)), ("x.py", "x = (\n" + "'text'\n" * LINES + ")")],
    good=[
        ("x.py", "pass\n" * LINES + "\n# why\n" * 9),
        ("x.py", f"{PROSE}\ndef f():\n    {PROSE}"),
    ],
)
def size(source: Source) -> Iterator[str]:
    """Look for the second concept in the file, and give it a module of its own."""
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    told = [node.body[0] for node in ast.walk(source.tree) if isinstance(node, documented) and ast.get_docstring(node)]
    prose = {line for text in told for line in range(text.lineno, (text.end_lineno or text.lineno) + 1)}
    lines = enumerate(source.text.splitlines(), 1)
    count = sum(bool(text.strip()) and text.strip()[0] != "#" and line not in prose for line, text in lines)
    if count > LINES:
        yield f"{count}: lines of code, at most {LINES}"


@rule(
    bad=[
        ("x.py", "from ganatomy.execution import _exact"),
        ("x.py", "from ganatomy import execution\nexecution._exact()"),
        ("x.py", "from ganatomy import execution as how\nhow._exact()"),
        ("x.py", "import ganatomy.execution\nganatomy.execution._exact()"),
        ("x.py", "from .execution import _exact"),
    ],
    good=[
        ("x.py", "from ganatomy.execution import use_threads\nself._exact()\n_x = 1\n_x._y"),
        ("x.py", "from numpy import _core"),
    ],
)
def private_names(source: Source) -> Iterator[str]:
    """Give the name a public home, or do what it does where it is: `_name` is its module's own."""
    modules = {"ganatomy"}
    for node in ast.walk(source.tree):
        if isinstance(node, ast.ImportFrom | ast.Import):
            modules |= {alias.asname or alias.name for alias in node.names if target_of(_full(source, node, alias))}
    for line, name in source.imports():
        if target_of(name) is not None and name.rpartition(".")[2].startswith("_") and "__" not in name:
            yield f"{line}: imports {name}"
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Attribute) and node.attr.startswith("_") and not node.attr.startswith("__"):
            of = ast.unparse(node.value)
            if of in modules and (of.startswith("ganatomy") or of[0].islower()):
                yield f"{node.lineno}: reads {of}.{node.attr}"


@rule(
    bad=[("figures/utils.py", ""), ("core/points.py", ""), ("fitting/_helpers.py", "")],
    good=[("figures/points/view.py", "")],
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
        ("fitting/run/pictures.py", 'def draw_run():\n    """Do.\n\n    >>> 1\n    1\n    """'),
    ],
    good=[
        ("x.py", 'def f():\n    """Do.\n\n    >>> 1\n    1\n    """\ndef _g(): pass'),
        ("cli/x.py", 'def f():\n    """Do."""'),
        ("fitting/run/pictures.py", 'def draw_run():\n    """Do."""'),
    ],
)
def doctests(source: Source) -> Iterator[str]:
    """Show the function at work in a seeded doctest that prints real numbers, or give the reason in NO_DOCTEST."""
    if source.room == "cli":  # its examples are commands, and are run as such
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


def circles(arrows: Mapping[str, set[str]]) -> list[set[str]]:
    """Return the sets of modules that import one another, directly or over others."""
    reached: dict[str, set[str]] = {}
    for start in arrows:
        seen, ahead = set(), [start]
        while ahead:
            new = arrows.get(ahead.pop(), set()) - seen
            seen |= new
            ahead.extend(new)
        reached[start] = seen
    found = [{a, *(b for b in reached[a] if a in reached.get(b, ()))} for a in arrows if a in reached[a]]
    return [circle for k, circle in enumerate(found) if circle not in found[:k]]


def test_no_import_comes_round() -> None:
    """Imports inside functions and under TYPE_CHECKING count too."""
    every = {".".join(s.module): {target_of(name) for _, name in s.imports()} - {".".join(s.module)} for s in SOURCES}
    modules = {module: {target for target in targets if target is not None} for module, targets in every.items()}
    rooms: dict[str, set[str]] = {}
    for module, targets in modules.items():
        room = room_of(module) or module
        rooms.setdefault(room, set()).update({room_of(target) or target for target in targets} - {room})
    assert not circles(modules), "move what both need below both"
    assert not circles(rooms), "move the module to the other room, or what both need below both"


def test_a_circle_is_noticed() -> None:
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}, "e": set()}) == [{"a", "b", "c"}]


def test_every_arrow_is_of_a_room() -> None:
    rooms = {room_of(module) for module in MODULES}
    assert set(ARROWS) == rooms, f"no such room: {set(ARROWS) - rooms}; no line: {rooms - set(ARROWS)}"


def test_the_root_is_small() -> None:
    loose = sorted(path.name for path in PACKAGE.glob("*.py"))
    assert len(loose) <= 8, f"at most eight modules at the root; find a room for one of {loose}"


def test_tests_mirror_the_tree() -> None:
    tests = PACKAGE.parent.parent / "tests"
    homes = {path.parent.relative_to(tests) for path in tests.rglob("test_*.py")}
    assert not [str(home) for home in homes if not (PACKAGE / home).is_dir()]


def test_no_reason_outlives_its_function() -> None:
    known = {name for source in SOURCES for name, _ in source.public()}
    assert set(NO_DOCTEST) <= known, f"gone, so drop from NO_DOCTEST: {set(NO_DOCTEST) - known}"


def _loaded(code: str) -> set[str]:
    """Run code in a fresh interpreter and return which slow packages it loaded."""
    code += "\nimport sys\nprint(*{'torch', 'matplotlib', 'scipy', 'pandas'} & set(sys.modules), file=sys.stderr)"
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
