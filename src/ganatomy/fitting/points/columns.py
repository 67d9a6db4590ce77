"""Which columns of a table are meant."""

from collections.abc import Sequence

from ganatomy.errors import unknown
from ganatomy.fitting.points.refusal import refusal


def chosen_columns(
    names: Sequence[str] | None, count: int, variable: str | None, where: str, one: bool = False
) -> list[int]:
    """Find the columns that `variable` names, "x,y"; all of `count` without it.

    Args:
        names: of the columns; None if they have none.
        count: of the columns.
        variable: what names them; a name with a comma in it is found as it is.
        where: what to call the file in messages.
        one: whether a single column is meant.

    Raises:
        InputError: the table has no names, or not these.

    >>> chosen_columns(["x", "y", "z"], 3, "z, x", "points.csv")
    [2, 0]
    """
    if variable is None:
        return list(range(count))
    if names is None:
        word = "labels" if one else "variable"
        raise refusal(where, f"has no header that could name the columns {variable}; leave `{word}` out")
    parts = [variable] if one or variable in names else [name.strip() for name in variable.split(",")]
    for name in parts:
        if name not in names:
            raise refusal(f"{where}:", str(unknown("column", name, names)))
    return [names.index(name) for name in parts]
