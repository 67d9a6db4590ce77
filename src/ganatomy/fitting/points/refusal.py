"""How points are refused."""

from ganatomy.errors import InputError
from ganatomy.files import printable


def refusal(where: str, what: str) -> InputError:
    r"""Make an error of one printable line: names and messages in it may come from a hostile file.

    >>> print(refusal("points.npz", "has no 'a\nb\x1b[2J'"))
    points.npz has no 'a b [2J'
    """
    return InputError(printable(f"{where} {what}", None))
