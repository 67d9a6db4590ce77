"""Which of a generator's layers are meant: from the command line's words, or from indices, to a checked tuple.

A generator takes a code `ws` of shape (N, L, W), one row for each of its L layers, numbered from 0. A selection is
a set of them, held as an ascending tuple without repeats. Every range excludes its end, as Python's slices do; what
is out of range is refused, not cut off.

Shape letters: `N` samples, `L` layers, `W` coordinates.
"""

import re
from collections.abc import Iterable
from typing import TypeAlias

import numpy as np

from ganatomy.errors import InputError

Layers: TypeAlias = Iterable[int] | str | None
"""A selection in any of its forms: indices, words such as "0:4", or None for all."""


def parse_layers(text: str, num_ws: int) -> tuple[int, ...]:
    """Read a selection of layers: `all`, or indices and ranges joined by commas, a range's end excluded.

    Args:
        text: such as "all", "2", "0:4", "8:" or "0,2:4".
        num_ws: the number L of layers that there are.

    Raises:
        InputError: not of this form, out of range, empty, or a layer named twice.

    >>> parse_layers("0,2:4", 14), parse_layers("12:", 14)
    ((0, 2, 3), (12, 13))
    """
    if text.strip() == "all":
        return tuple(range(num_ws))
    selected: list[int] = []
    for item in text.split(","):
        match = re.fullmatch(r"([0-9]{1,6})|([0-9]{0,6}):([0-9]{0,6})", item.strip())
        if not match:
            raise _unreadable(text, item.strip())
        one, start, end = match.groups()
        chosen = [int(one)] if one else range(int(start or 0), int(end) if end else num_ws)
        if not chosen:
            raise InputError(f"layers '{text}': '{item.strip()}' names no layer, since a range's end is excluded")
        selected += chosen
    return check_layers(selected, num_ws)


def read_layers(layers: Layers, num_ws: int) -> tuple[int, ...]:
    """Read a selection in any of its forms: words such as "0:4", indices, or None for all layers.

    Raises:
        InputError: what `parse_layers` and `check_layers` raise.

    >>> read_layers("12:", 14), read_layers([3, 0], 14), read_layers(None, 2)
    ((12, 13), (0, 3), (0, 1))
    """
    if isinstance(layers, str):
        return parse_layers(layers, num_ws)
    return check_layers(range(num_ws) if layers is None else layers, num_ws)


def written_layers(layers: Iterable[int]) -> str:
    """Write a selection as `parse_layers` reads it.

    >>> written_layers([0, 1, 2, 3, 7]), written_layers((2,)), written_layers([0, 2, 3])
    ('0:4,7', '2', '0,2:4')
    """
    runs: list[list[int]] = []
    for layer in sorted(layers):
        if runs and layer == runs[-1][-1] + 1:
            runs[-1].append(layer)
        else:
            runs.append([layer])
    return ",".join(str(run[0]) if len(run) == 1 else f"{run[0]}:{run[-1] + 1}" for run in runs)


def check_layers(layers: Iterable[int], num_ws: int) -> tuple[int, ...]:
    """Sort indices of layers, and refuse those that a generator of L = `num_ws` layers does not have.

    Raises:
        InputError: no layer at all, one that is not a whole number or out of range, or one named twice.

    >>> check_layers([3, 0, 2], 14)
    (0, 2, 3)
    """
    chosen = list(layers)
    if not chosen:
        raise InputError("layers: none is named; give at least one, or 'all'")
    for layer in chosen:
        if isinstance(layer, bool) or not isinstance(layer, int | np.integer) or not 0 <= layer < num_ws:
            has = f"layers 0 to {num_ws - 1}" if num_ws > 1 else "one layer, 0"
            raise InputError(f"layers: {layer!r} is none of this generator's, which has {has}")
        if chosen.count(layer) > 1:
            raise InputError(f"layers: {layer} is named twice; name each layer once")
    return tuple(sorted(int(layer) for layer in chosen))


def _unreadable(text: str, item: str) -> InputError:
    shown = text if text.isprintable() else ascii(text)[1:-1]
    range_with_a_dash = re.fullmatch(r"([0-9]{1,6})\s*-\s*([0-9]{1,6})", item)
    if range_with_a_dash:
        start, end = (int(part) for part in range_with_a_dash.groups())
        return InputError(f"layers '{shown}': for layers {start} to {end} write {start}:{end + 1}, end excluded")
    if re.match(r"-[0-9]|[0-9]*:-[0-9]", item):
        return InputError(f"layers '{shown}': layers are counted from 0 upwards, and no index is negative")
    return InputError(f"layers '{shown}': write all, or indices and ranges such as 2 or 0:4 or 0,2:4 (end excluded)")
