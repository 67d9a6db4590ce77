"""How what a person typed is read: seeds, settings, names, numbers; what cannot be is refused in one line."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ganatomy.errors import InputError


def read_seeds(text: str) -> list[int]:
    """Read "3,7,12" or "0-7", both ends included, or a mixture.

    >>> read_seeds("3, 7,10-12")
    [3, 7, 10, 11, 12]
    """
    seeds: list[int] = []
    for part in text.split(","):
        ends = re.fullmatch(r"\s*(\d{1,19})\s*(?:-\s*(\d{1,19})\s*)?", part)
        if ends is None:
            raise InputError(f"seeds '{text}': write whole numbers such as 3,7,12 or 0-7")
        first, last = int(ends[1]), int(ends[2] or ends[1])
        if not first <= last < 2**32 or last - first + len(seeds) >= 1000:
            raise InputError(
                f"seeds '{part.strip()}': from a smaller to a larger one, below 2^32, at most 1,000 in all"
            )
        seeds.extend(range(first, last + 1))
    return seeds


def read_settings(assignments: list[str]) -> dict[str, Any]:
    """Read KEY=VALUE, the value as TOML, or as text where it is none.

    >>> read_settings(["penalties.clip=0.01", "optimizer=adam"])
    {'penalties.clip': 0.01, 'optimizer': 'adam'}
    """
    from ganatomy.fitting.recipes.recipe import tomllib

    settings: dict[str, Any] = {}
    for assignment in assignments:
        key, equals, value = assignment.partition("=")
        if not (equals and key.strip() and all(key.strip().split("."))):
            raise InputError(f"--set {assignment}: write KEY=VALUE, such as --set penalties.clip=0.01")
        try:
            settings[key.strip()] = tomllib.loads(f"value = {value}")["value"]
        except (tomllib.TOMLDecodeError, RecursionError):
            settings[key.strip()] = value.strip()
    return settings


def read_bounds(texts: list[str] | None) -> Any:
    """Read "LOW,HIGH", of which either may be missing, or "COLUMN=LOW,HIGH" for each of several columns.

    >>> read_bounds(["0,"]), read_bounds(["age=0,120", "income=0,"])
    ((0.0, None), {'age': (0.0, 120.0), 'income': (0.0, None)})
    """

    def pair(text: str) -> tuple[float | None, float | None]:
        low, comma, high = text.partition(",")
        try:
            if not comma or not (low.strip() or high.strip()):
                raise ValueError
            return (float(low) if low.strip() else None), (float(high) if high.strip() else None)
        except ValueError:
            raise InputError(f"--bounds {text}: write LOW,HIGH, such as 0,1, or 0, without an upper one") from None

    return _each_column("--bounds", texts, pair)


def read_step(texts: list[str] | None) -> Any:
    """Read "STEP", or "COLUMN=STEP" for each of several columns.

    >>> read_step(["0.5"]), read_step(["age=1"])
    (0.5, {'age': 1.0})
    """

    def number(text: str) -> float:
        try:
            return float(text)
        except ValueError:
            raise InputError(f"--step {text}: write a number above 0, such as 1") from None

    return _each_column("--step", texts, number)


def _each_column(flag: str, texts: list[str] | None, read: Callable[[str], Any]) -> Any:
    """Read one text for all columns, or several that name a column each."""
    if not texts:
        return None
    if len(texts) == 1 and "=" not in texts[0]:
        return read(texts[0])
    found: dict[str, Any] = {}
    for text in texts:
        name, equals, value = text.rpartition("=")
        if not equals or not name or name in found:
            raise InputError(f"{flag} {text}: of several, each names a column of its own, as {flag} COLUMN=...")
        found[name] = read(value)
    return found


def check_strength(flag: str, value: float) -> None:
    """Refuse a strength that is no number, or so large that nothing of a code would be left."""
    if not abs(value) <= 1000:
        raise InputError(f"{flag} {value:g}: give a number from -1000 to 1000; coordinates of codes are about 1")


def check_ending(path: Path | None, ending: str) -> None:
    """Refuse a file's name that does not say what will be in it, before any work is done."""
    if path is not None and path.suffix.lower() != ending:
        raise InputError(f"{path}: the file will be {ending[1:]}; let the name end in {ending}")
