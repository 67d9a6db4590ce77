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

from collections.abc import Callable
from typing import Any

import numpy as np

from ganatomy.attributes.attribute import Attribute, Numbers, View
from ganatomy.attributes.trait import Trait
from ganatomy.errors import InputError
from ganatomy.own_code import blamed, imported, member, read_source, run, source_of, split

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
    ganatomy.errors.InputError: colorsys: unknown function 'rgb2hsv'; did you mean 'rgb_to_hsv'? ...
    """
    if not isinstance(given, str):
        return _attribute(given, getattr(given, "__qualname__", type(given).__name__))
    path, name = split(given, "scorer", "function")
    what = f"scorer '{given}'"
    module = run(read_source(path, what)) if path.endswith(".py") else imported(path, what)
    return _attribute(member(module, name, "function", callable, path), given)


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
    try:
        source = source_of(function)
        path, version = source.path, source.sha256  # so that scores of an edited one are never taken for its own
    except InputError:  # built in, typed in and not kept, or callable objects
        path, version = f"scorer '{origin}'", ""
    return Attribute(trait, lambda view: _score(function, view, origin, path), own=True, version=version)


def _score(function: Scorer, view: View, origin: str, path: str) -> Numbers:
    """Call the scorer and see that it gives a number for each picture."""
    count = len(view.pictures)
    with blamed(path, f"scorer '{origin}'"):
        scores = function(view.pictures.copy())
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
