"""Words that come from a file or a person, made fit to be shown in a line or to be the name of a file.

A stranger's file says what things are called: tensors, classes, runs, variables. Such a name may hold line breaks, the
escape characters by which a terminal is commanded, half a surrogate pair, `..` and separators, or ten thousand letters.
Every one passes `printable` before it is shown, `encodable` before it is written into a file, and `file_name` before
anything on the disk is called by it.
"""

import hashlib
import re
from typing import Any

_LONGEST = 200  # bytes, which are what file systems count, of the 255 that most take; endings and marks go behind
_FORBIDDEN = '/\\:*?"<>|'  # on one system or another
_DEVICES = {"con", "prn", "aux", "nul", *(f"{port}{k}" for port in ("com", "lpt") for k in range(10))}  # of Windows
_HALVES = re.compile("[\ud800-\udfff]")


def printable(text: object, most: int | None = 120) -> str:
    r"""Make one printable line of text that may come from a hostile file.

    Args:
        text: anything; of what is no text, `str` is shown.
        most: characters; longer lines end in dots. None for all of them.

    >>> printable("a\nb\x1b[2J \udcff"), printable("long " * 99, 12)
    ('a b [2J �', 'long long...')
    """
    line = " ".join(visible(_shown(text, most)).split())
    return line if most is None or len(line) <= most else f"{line[: most - 3]}..."


def visible(text: str) -> str:
    r"""Put a space for each character that is not seen, such as one that commands a terminal, and keep all spaces.

    >>> visible("a  b\n\x1b[2J")
    'a  b  [2J'
    """
    return "".join(c if c.isprintable() else " " for c in encodable(text))


def encodable(text: str) -> str:
    r"""Put a mark for each half of a surrogate pair: UTF-8 has none, and Python has them for bytes that are no UTF-8.

    >>> encodable("\udcd6\udcd0 1.csv")
    '�� 1.csv'
    """
    return _HALVES.sub("�", text)


def _shown(text: object, most: int | None) -> str:
    """Return text as it is, cut; of other things a repr, but of no container: one may grow when it is written out."""
    if isinstance(text, str):
        return text if most is None else text[: 2 * most]
    if isinstance(text, list | tuple | set | frozenset | dict):
        return f"{type(text).__name__} of {len(text)}"
    if isinstance(text, bytes | bytearray):
        return repr(bytes(text[:most]))
    if isinstance(text, int) and abs(text) >= 1 << 64:
        return "a huge number"
    try:
        return str(text) if most is None else str(text)[: 2 * most]
    except Exception:  # an error of somebody's own code may raise another when it is to say what it is
        return f"a {type(text).__name__} that cannot be shown"


def file_name(*parts: object) -> str:
    """Join parts by underscores into a name that every file system takes, and that leads to no other folder.

    What is too long is cut, and a digest of the whole put behind, so that different parts keep different names.

    >>> file_name("a/b", "N5", ""), file_name(".."), file_name("nul")
    ('a_b_N5', '_', 'nul_')
    >>> long = file_name("中" * 99, "seed0")
    >>> len(long.encode()), long[-9:], long != file_name("中" * 99, "seed1")
    (198, '-aa938ddd', True)
    """
    whole = "_".join(str(part) for part in parts if str(part))
    name = "".join(c if c.isprintable() and c not in _FORBIDDEN else "_" for c in whole).strip(" ")
    if name.strip(".") == "":
        name = "_"
    if name.partition(".")[0].lower() in _DEVICES:
        name = f"{name}_"
    if len(name.encode()) > _LONGEST:
        digest = hashlib.sha256(whole.encode(errors="surrogatepass")).hexdigest()[:8]
        name = f"{_cut(name, _LONGEST - 9)}-{digest}"
    return name


def _cut(name: str, size: int) -> str:
    return name.encode()[:size].decode(errors="ignore")


def spreadsheet_safe(value: Any) -> Any:
    """Return a cell of a CSV file that no spreadsheet takes for a formula: text that begins like one is quoted by '.

    >>> [spreadsheet_safe(value) for value in ("=1+1", "-x", "wgan-gp", -1.5, "-1.5")]
    ["'=1+1", "'-x", 'wgan-gp', -1.5, '-1.5']
    """
    if not isinstance(value, str) or value[:1] not in ("=", "+", "-", "@", "\t", "\r"):
        return value
    try:
        float(value)
    except ValueError:
        return f"'{value}"
    return value
