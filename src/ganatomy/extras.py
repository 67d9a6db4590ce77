"""Optional dependencies, asked for before any work is done."""

from importlib.util import find_spec

from ganatomy.errors import InputError


def require_extra(module: str, extra: str, what: str) -> None:
    """See that the module of an extra is installed.

    Raises:
        InputError: it is not.

    >>> require_extra("nowhere", "dask", "--backend dask")
    Traceback (most recent call last):
    ganatomy.errors.InputError: --backend dask needs an extra: pip install 'ganatomy[dask]'
    """
    if find_spec(module) is None:
        raise InputError(f"{what} needs an extra: pip install 'ganatomy[{extra}]'")
