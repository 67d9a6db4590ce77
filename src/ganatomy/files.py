"""Files that appear whole or not at all.

A file is written under a temporary name beside its target and renamed onto it, which a file system does at once. So a
reader never sees half a file, and an error leaves the former one as it was. Not guaranteed: that the bytes have
reached the disk when the machine loses power.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ganatomy.errors import InputError

_MASK = os.umask(0)  # it can only be read by setting it
os.umask(_MASK)
_MODE = 0o666 & ~_MASK


@contextmanager
def replacing(path: str | os.PathLike) -> Iterator[Path]:
    """Yield a temporary path beside `path`; rename it to `path` at the end, or remove it upon any error.

    Raises:
        InputError: the folder is missing, full or cannot be written to, or `path` is a folder.

    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> with replacing(folder / "a.txt") as part:
    ...     _ = part.write_text("whole")
    >>> [file.name for file in folder.iterdir()]
    ['a.txt']
    """
    path = Path(path)
    part = path.parent / f".{path.name}.{os.getpid()}.part"
    try:
        yield part
        os.chmod(part, _MODE)  # some writers make private files, which is no use to whom one sends them
        os.replace(part, path)
    except OSError as error:
        raise InputError(
            f"cannot write {path}: {error.strerror or error}; choose a folder that exists and has room"
        ) from error
    finally:
        with suppress(OSError):  # it is gone after success, and may never have been
            part.unlink()
