"""A person's own scorer as an attribute: any function from pictures to numbers, such as a CLIP model's.

It is named on the command line as MODULE:FUNCTION or FILE.py:FUNCTION, or passed in Python. It takes pictures, uint8
(N, H, W, 3), sRGB, and returns N numbers, one each: an array, a list, or anything numpy takes for one. NaN means that a
picture has no value. What it is called and measured in, it may say itself, by attributes of the function:

    def redness(pictures):
        return pictures[..., 0].mean((1, 2)) / 255
    redness.unit = "share"             # also: title, group, more, less, source; texts

The file or module that a person names is that person's own code, and is run. The constraint: nothing else is, and what
it does wrong is said in one line that names it. Not guaranteed: that it gives a picture the same number whichever
others it is given with.

Shape letters: `N` pictures, `H` and `W` their height and width.
"""

import hashlib
import importlib
import importlib.util
import inspect
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from ganatomy.attributes.attribute import Attribute, Numbers, View
from ganatomy.attributes.trait import Trait
from ganatomy.errors import InputError, unknown

Scorer = Callable[[Any], Any]


def read_scorer(given: str | Scorer) -> Attribute:
    """Take a person's own scorer as an attribute.

    Args:
        given: "MODULE:FUNCTION", "FILE.py:FUNCTION", or the function itself.

    Raises:
        InputError: there is no such module, file or function; it cannot be imported; it is no function.

    When the attribute measures:

    Raises:
        InputError: the function raises, or returns other than N numbers, or infinite ones.

    >>> def redness(pictures):
    ...     return pictures[..., 0].mean((1, 2)) / 255
    >>> redness.unit = "share"
    >>> own = read_scorer(redness)
    >>> own.name, own.trait.unit, own.value(View(np.full((2, 4, 4, 3), 51, np.uint8))).tolist()
    ('redness', 'share', [0.2, 0.2])
    >>> read_scorer("colorsys:rgb2hsv")
    Traceback (most recent call last):
    ganatomy.errors.InputError: scorer 'colorsys:rgb2hsv': unknown function 'rgb2hsv'; did you mean 'rgb_to_hsv'? ...
    """
    if isinstance(given, str):
        return _attribute(_look_up(given), given)
    return _attribute(given, getattr(given, "__qualname__", type(given).__name__))


def _attribute(function: Any, origin: str) -> Attribute:
    if not callable(function) or isinstance(function, type):
        raise InputError(f"scorer '{origin}': it is no function; write one that takes pictures and returns numbers")
    name = getattr(function, "__name__", "") or type(function).__name__
    texts = {}
    for key in ("title", "unit", "group", "more", "less", "source"):
        texts[key] = text = getattr(function, key, None)
        if text is not None and not isinstance(text, str):
            raise InputError(f"scorer '{origin}': its {key} is {text!r:.60}; make it a text")
    name = "scorer" if name == "<lambda>" else name
    words = {key: {"en": texts[key]} if texts[key] else {} for key in ("title", "more", "less")}
    trait = Trait(
        name=name,
        unit=texts["unit"] or "scores",
        group=texts["group"] or name,
        source=texts["source"] or f"the scorer {origin}",
        **words,
    )
    return Attribute(trait, lambda view: _score(function, view, origin), own=True, version=_version(function))


def _version(function: Any) -> str:
    """Digest the file that a function stands in, so that scores of an edited one are never taken for its own."""
    try:
        return hashlib.sha256(Path(inspect.getfile(inspect.unwrap(function))).read_bytes()).hexdigest()
    except (TypeError, OSError, ValueError):  # built in, typed in, or callable objects
        return ""


def _score(function: Scorer, view: View, origin: str) -> Numbers:
    """Call the scorer and see that it gives a number for each picture."""
    count = len(view.pictures)
    try:
        scores = function(view.pictures.copy())
    except (Exception, SystemExit) as error:
        raise InputError(f"scorer '{origin}' raises {_said(error)}") from None
    try:
        if np.iscomplexobj(scores):
            raise TypeError("complex")
        numbers = np.asarray(scores, dtype=np.float64)
    except (TypeError, ValueError, RuntimeError):
        raise InputError(f"scorer '{origin}' returns {type(scores).__name__}, which is no array of numbers") from None
    if numbers.shape != (count,):
        raise InputError(
            f"scorer '{origin}' returns shape {numbers.shape} for {count} pictures; return one number each, ({count},)"
        )
    if np.isinf(numbers).any():
        raise InputError(f"scorer '{origin}' returns infinity; return NaN where a picture has no value")
    return numbers


def _said(error: BaseException) -> str:
    """Say in one line what was raised and where."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f" at {Path(frames[-1].filename).name}:{frames[-1].lineno}" if len(frames) > 1 else ""
    text = " ".join(str(error).split())[:200]
    return f"{type(error).__name__}{place}" + (f": {text}" if text else "")


def _look_up(text: str) -> Any:
    path, _, name = text.rpartition(":")
    if not path or not name.isidentifier():
        raise InputError(f"scorer '{text}': write MODULE:FUNCTION or FILE.py:FUNCTION, such as my.py:redness")
    try:
        module = _file(path, text) if path.endswith(".py") else importlib.import_module(path)
    except InputError:
        raise
    except ModuleNotFoundError as error:
        missing = error.name or path
        remedy = "check its name, or give FILE.py:FUNCTION" if path.startswith(missing) else "install it"
        raise InputError(f"scorer '{text}': there is no module '{missing}'; {remedy}") from None
    except (Exception, SystemExit) as error:
        raise InputError(f"scorer '{text}': importing {path} raises {_said(error)}") from None
    if not hasattr(module, name):
        known = [key for key, value in vars(module).items() if callable(value) and not key.startswith("_")]
        raise InputError(f"scorer '{text}': {unknown('function', name, known)}")
    return getattr(module, name)


def _file(path: str, text: str) -> ModuleType:
    """Run a file as a module of its own."""
    if not Path(path).is_file():
        raise InputError(f"scorer '{text}': no such file: {path}")
    name = f"ganatomy_scorer_{Path(path).stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None, path
    assert spec.loader is not None, path
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look their own module up
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module
