"""Code of a user's own, named as FILE.py:NAME or MODULE:NAME or passed in Python: read, digested, run once, blamed.

The file or module that a user names, and what a user passes, is that user's own code, and is run. The constraint:
nothing else is. What it does wrong is said in one line with its place and what to do.

A *source* is the text that a class or a function stands in, with all of the user's that it needs:

- of a file, its whole text;
- of what was typed in, in a notebook's cells or at a prompt that keeps them, the definition, and before it those that
  it uses: imports, numbers and texts, functions and classes of other cells.

So a source can be run by another process, which has no notebook; its digest tells it from every other. Not guaranteed:
that a file's text finds what lies beside the file, or that a definition finds what it looks up by a name in a string.
"""

import ast
import hashlib
import importlib
import importlib.util
import inspect
import linecache
import math
import symtable
import sys
import textwrap
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.abc import ExecutionLoader
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any

from ganatomy.errors import InputError, unknown

_LONG = 10_000  # characters of a value that is written out; more are data


@dataclass(frozen=True)
class Source:
    """The text of a user's own code, as it travels.

    Attributes:
        path: of the file, or the name of the cell, for messages.
        text: to be run.
        sha256: of the file's bytes, or of the text that was put together of what was typed in.
        lacking: why the text cannot be run elsewhere, in a few words; "" if it can.
    """

    path: str
    text: str
    sha256: str
    lacking: str = ""


def split(named: str, what: str, kind: str) -> tuple[str, str]:
    """Split FILE.py:NAME or MODULE:NAME.

    Args:
        named: as a user writes it.
        what: it is to be, in messages, such as "scorer".
        kind: of thing that has the name, such as "function".

    Raises:
        InputError: it is neither.

    >>> split("my.py:redness", "scorer", "function")
    ('my.py', 'redness')
    >>> split("my.py", "scorer", "function")
    Traceback (most recent call last):
    ganatomy.errors.InputError: scorer 'my.py': write FILE.py:FUNCTION or MODULE:FUNCTION, such as my.py:my_function
    """
    path, _, name = named.rpartition(":")
    if not path or not name.isidentifier():
        upper, example = kind.upper(), {"class": "MyClass"}.get(kind, f"my_{kind}")
        raise InputError(f"{what} '{named}': write FILE.py:{upper} or MODULE:{upper}, such as my.py:{example}")
    return path, name


def read_source(path: str, what: str) -> Source:
    """Read a file of a user's own; nothing is run.

    Args:
        path: of the file.
        what: is to be found in it, for messages, such as "scorer 'my.py:redness'".

    Raises:
        InputError: it cannot be read, or is no text that Python reads.

    >>> read_source("nowhere.py", "scorer 'nowhere.py:redness'")
    Traceback (most recent call last):
    ganatomy.errors.InputError: scorer 'nowhere.py:redness': cannot read nowhere.py: No such file or directory
    """
    try:
        content = Path(path).read_bytes()
        text = importlib.util.decode_source(content)
    except OSError as error:
        raise InputError(f"{what}: cannot read {path}: {error.strerror or error}") from None
    except (SyntaxError, ValueError):
        raise InputError(f"{what}: {path} is no text that Python reads; save it as UTF-8") from None
    return Source(path, text, hashlib.sha256(content).hexdigest())


class _Text(ExecutionLoader):
    """Imports a module from its text, so that the file need not be there."""

    def __init__(self, source: Source) -> None:
        self._source = source

    def get_filename(self, fullname: str) -> str:
        return self._source.path

    def get_source(self, fullname: str) -> str:
        return self._source.text


def run(source: Source) -> ModuleType:
    """Run a source as a module, once a process: the user named it, so it is trusted.

    Raises:
        InputError: it raises.

    >>> run(Source("my.py", "share = 3 / 4", "0" * 64)).share
    0.75
    >>> run(Source("my.py", "share = 3 / 0", "1" * 64))
    Traceback (most recent call last):
    ganatomy.errors.InputError: my.py: line 1: ZeroDivisionError: division by zero; repair it there
    """
    name = f"ganatomy_own_{source.sha256}"
    if name not in sys.modules:
        spec = importlib.util.spec_from_loader(name, _Text(source))
        assert spec is not None, "a loader was given"
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module  # dataclasses look their own module up
        try:
            with blamed(source.path, "when it is run"):
                _Text(source).exec_module(module)
        except BaseException:
            del sys.modules[name]
            raise
    return sys.modules[name]


def imported(module: str, what: str) -> ModuleType:
    """Import a module that a user named.

    Raises:
        InputError: there is none, or it raises.

    >>> imported("no_such_module", "scorer 'no_such_module:redness'")
    Traceback (most recent call last):
    ganatomy.errors.InputError: scorer 'no_such_module:redness': there is no module 'no_such_module'; check its ...
    """
    with blamed(f"{what}: {module}", "when it is imported"):
        try:
            return importlib.import_module(module)
        except ModuleNotFoundError as error:
            if error.name and f"{module}.".startswith(f"{error.name}."):
                raise InputError(f"{what}: there is no module '{error.name}'; check its name, or give a file") from None
            raise


def member(module: ModuleType, name: str, kind: str, fits: Callable[[Any], bool], where: str) -> Any:
    """Take what has a name out of a module, whatever it is.

    Args:
        module: which was run or imported.
        name: that a user gave.
        kind: of thing that it is to be, in messages.
        fits: tells the things of that kind, to suggest their names.
        where: the module stands, for messages.

    Raises:
        InputError: nothing in the module has the name.

    >>> member(math, "squirt", "function", callable, "math")
    Traceback (most recent call last):
    ganatomy.errors.InputError: math: unknown function 'squirt'; did you mean 'sqrt'? Known: ...
    """
    if hasattr(module, name):
        return getattr(module, name)
    known = [
        key
        for key, value in vars(module).items()
        if fits(value) and getattr(value, "__module__", "") == module.__name__
    ]
    known = [key for key in known if not key.startswith("_")]
    if not known:
        raise InputError(f"{where}: there is no {kind} {name}, nor any other; write one")
    raise InputError(f"{where}: {unknown(kind, name, known)}")


@contextmanager
def blamed(path: str, place: str) -> Iterator[None]:
    """Turn whatever a user's code raises into one line with its file, the line in it, and what to do.

    >>> with blamed("my.py", "generator_loss of Mine"):
    ...     {}["share"]
    Traceback (most recent call last):
    ganatomy.errors.InputError: my.py: generator_loss of Mine: KeyError: 'share'; repair it there
    """
    try:
        yield
    except InputError:
        raise
    except (Exception, SystemExit) as error:
        lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == path]
        if isinstance(error, SyntaxError) and error.filename == path:
            lines.append(error.lineno)
        try:
            reason = " ".join(str(getattr(error, "msg", None) or error).split())[:200] or "no reason given"
        except Exception:  # it raises another when it is to say what it is
            reason = "no reason that can be shown"
        place = f"line {lines[-1]}" if lines else place
        remedy = "install it" if isinstance(error, ModuleNotFoundError) else "repair it there"
        raise InputError(f"{path}: {place}: {type(error).__name__}: {reason}; {remedy}") from None


def importable(thing: Any) -> bool:
    """Tell whether another process finds a class or a function by its module and name.

    >>> importable(Source), importable(lambda: 0)
    (True, False)
    """
    module = sys.modules.get(getattr(thing, "__module__", None) or "")
    if module is None or not _imported_anew(module):
        return False
    found: Any = module
    for part in thing.__qualname__.split("."):
        found = getattr(found, part, None)
    return found is thing


def _imported_anew(module: ModuleType) -> bool:
    """Tell whether a fresh process finds a module where this one did; a script's processes import the script."""
    name = module.__name__
    if name == "__main__":
        return Path(getattr(module, "__file__", None) or "").is_file()
    package = sys.modules.get(name.rpartition(".")[0])
    finders = [finder for finder in sys.meta_path if hasattr(finder, "find_spec")]
    found = (finder.find_spec(name, getattr(package, "__path__", None)) for finder in finders)
    spec = next(filter(None, found), None)
    return spec is not None and spec.origin == getattr(module.__spec__, "origin", None)


def source_of(thing: type | Callable[..., Any]) -> Source:
    """Find the source of a class or a function.

    Raises:
        InputError: it cannot be found: it is built in, or was typed at a prompt that keeps nothing.

    >>> source_of(Source).path == __file__
    True
    >>> source_of(len)
    Traceback (most recent call last):
    ganatomy.errors.InputError: len: its source cannot be found; put it in a file
    """
    thing = _bare(thing)
    path = next(iter(_paths(thing)), "")
    return read_source(path, _name(thing)) if Path(path).is_file() else _Typed(thing).source()


def _bare(thing: Any) -> Any:
    """Return what decorators have wrapped."""
    return thing if inspect.isclass(thing) or not hasattr(thing, "__wrapped__") else inspect.unwrap(thing)


def _name(thing: Any) -> str:
    return getattr(thing, "__name__", "") or type(thing).__name__


def _paths(thing: Any) -> list[str]:
    """List the files and cells in which a class or a function may stand, the likeliest first."""
    codes = _methods(thing) if inspect.isclass(thing) else [thing.__code__] if isinstance(thing, FunctionType) else []
    paths = [code.co_filename for code in codes]
    if inspect.isclass(thing):
        with suppress(OSError, TypeError):  # of a module without a file
            paths.append(inspect.getsourcefile(thing) or "")
    return [path for path in dict.fromkeys(paths) if path and (Path(path).is_file() or linecache.getlines(path))]


def _methods(kind: type) -> list[CodeType]:
    """List the code of the methods that are written in a class, not that of what wraps them or was put there later."""
    functions = [inspect.unwrap(value) for value in vars(kind).values() if inspect.isfunction(value)]
    return [each.__code__ for each in functions if each.__qualname__ == f"{kind.__qualname__}.{each.__name__}"]


class _Typed:
    """Puts together the text of what was typed in: a definition, and before it those that it uses."""

    def __init__(self, thing: Any) -> None:
        self._thing = thing
        self._lines: list[str] = []
        self._named: dict[str, Any] = {}
        self._lacking: list[str] = []

    def source(self) -> Source:
        """Put the text together; the digest tells what is lacking too."""
        found = _definition(self._thing)
        if found is None:
            raise InputError(f"{_name(self._thing)}: its source cannot be found; put it in a file")
        self._define(_name(self._thing), self._thing)
        text = "\n".join([*self._lines, *(f"# lacking: {why}" for why in self._lacking)]) + "\n"
        digest = hashlib.sha256(text.encode()).hexdigest()
        return Source(found[0], text, digest, self._lacking[0] if self._lacking else "")

    def _define(self, name: str, thing: Any) -> None:
        """Add the definition of a class or a function that was typed in."""
        self._named[name] = thing
        found = _definition(thing)
        if found is None or "." in thing.__qualname__:
            self._lacking.append(f"{name} is no definition of its own in a cell")
        if found is None:
            return
        space = _namespace(thing)
        for base in thing.__bases__ if inspect.isclass(thing) else ():
            if _is_typed(base) and space.get(base.__name__) is not base:
                self._lacking.append(f"{base.__name__} was defined anew after {name}")
        for used in _names_used(found[1]):
            if used in space and not used.startswith("__"):
                self._bind(used, space[used])
        self._lines.append(found[1])

    def _bind(self, name: str, value: Any) -> None:
        """Add what gives a name its value."""
        bare = _bare(value)
        if name in self._named:
            if self._named[name] is not bare:
                self._lacking.append(f"{name} means two things")
            return
        if _is_typed(bare) and bare.__name__ != name:
            self._bind(bare.__name__, value)
            self._lines.append(f"{name} = {bare.__name__}")
        elif _is_typed(bare):
            self._define(name, bare)
        elif isinstance(value, ModuleType):
            self._lines.append(f"import {value.__name__} as {name}")
        elif (literal := _literal(value)) is not None:
            self._lines.append(f"{name} = {literal}")
        elif (home := _home(name, value)) is not None:
            self._lines.append(f"from {home[0]} import {home[1]} as {name}")
        else:
            self._lacking.append(f"it uses {name}, which is of type {type(value).__name__}")
        self._named[name] = bare


def _is_typed(value: Any) -> bool:
    """Tell whether a class or a function was typed in rather than imported."""
    kept = isinstance(value, FunctionType) or inspect.isclass(value)
    return kept and not Path(next(iter(_paths(value)), "")).is_file() and not importable(value)


def _namespace(thing: Any) -> Mapping[str, Any]:
    """Return the names that a class or a function sees around it."""
    if isinstance(thing, FunctionType):
        return thing.__globals__
    functions = [inspect.unwrap(value) for value in vars(thing).values() if inspect.isfunction(value)]
    module = sys.modules.get(thing.__module__) or sys.modules["__main__"]
    return next((each.__globals__ for each in functions if each.__code__ in _methods(thing)), vars(module))


def _definition(thing: Any) -> tuple[str, str] | None:
    """Find the cell and the text of a definition in what was typed in; of several, the one whose code it runs."""
    paths = _paths(thing)
    # Without a method nothing says in which cell a class stands: the last one that defines it.
    paths = paths or [path for path in reversed(list(linecache.cache)) if not Path(path).is_file()]
    codes = _methods(thing) if inspect.isclass(thing) else [thing.__code__] if isinstance(thing, FunctionType) else []
    for path in paths:
        lines = linecache.getlines(path)
        try:
            tree = ast.parse("".join(lines))
        except (SyntaxError, ValueError):
            continue
        found = [
            (min([node.lineno, *(each.lineno for each in node.decorator_list)]), node.end_lineno or node.lineno)
            for node in ast.walk(tree)
            if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and node.name == _name(thing)
        ]
        found = [ends for ends in found if all(ends[0] <= code.co_firstlineno <= ends[1] for code in codes)]
        if found:
            first, last = max(found)
            return path, textwrap.dedent("".join(lines[first - 1 : last])).rstrip("\n")
    return None


def _names_used(text: str) -> list[str]:
    """List the names that a definition looks up around it, in order of the alphabet."""
    top = symtable.symtable(text, "cell", "exec")
    names, tables = set(), [top]
    while tables:
        table = tables.pop()
        tables += table.get_children()
        names |= {
            each.get_name()
            for each in table.get_symbols()
            if each.is_referenced() and (table is top or each.is_global())
        }
    return sorted(names)


def _literal(value: Any) -> str | None:
    """Write a number, a text, or a container of those as Python; None if it is something else, or very long."""
    kind = type(value)
    if kind is float and not math.isfinite(value):
        return f"float('{value}')"
    if kind in (bool, int, float, str, bytes, type(None)):
        text = repr(value)
    elif kind in (list, tuple, set, frozenset, dict):
        items = [item for pair in value.items() for item in pair] if kind is dict else list(value)
        parts = [text for text in map(_literal, items) if text is not None]
        if len(parts) < len(items):
            return None
        if kind is dict:
            parts = [f"({key}, {item})" for key, item in zip(parts[::2], parts[1::2], strict=True)]
        text = f"{kind.__name__}([{', '.join(sorted(parts) if 'set' in kind.__name__ else parts)}])"
    else:
        return None
    return text if len(text) <= _LONG else None


def _home(name: str, value: Any) -> tuple[str, str] | None:
    """Find a module and a name in it by which a value can be imported."""
    if hasattr(value, "__qualname__") and importable(value) and "." not in value.__qualname__:
        return value.__module__, value.__qualname__
    for known, module in sorted(sys.modules.items(), key=lambda item: (item[0].count("."), item[0])):
        for key in dict.fromkeys((getattr(value, "__name__", name), name)):
            held = getattr(module, "__dict__", {})
            if isinstance(key, str) and held.get(key) is value and known != "__mp_main__" and _imported_anew(module):
                return known, key
    return None
