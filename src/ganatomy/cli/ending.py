"""How a command ends that cannot be done: in one line, with what to do, for whatever a person can do something about.

Besides what is refused (`InputError`) that is what the machine lacks: memory, threads, room on the disk, a descriptor.
Libraries tell of it in many ways. From Python they all come as they are. What is left is a mistake of ours, whose
traceback is wanted.
"""

import errno
import re
from collections.abc import Iterator

from ganatomy.terminal import PrintError

_MEMORY = re.compile(
    r"can(?:no|')t allocate|(?:un(?:able)?|fail\w*) to (?:allocate|map segment|mmap|create (?:a )?(?:new )?thread)|"
    r"(?:not enough|out of|insufficient) memory|memory allocation|bad_alloc|start new thread|pthread_create",
    re.IGNORECASE,
)
_LESS = "close other programs, raise the limit (ulimit -v), or take less, such as a smaller --size or one of --threads"
_REMEDIES = {
    **dict.fromkeys((errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)), "make room there, or choose another path"),
    errno.ENAMETOOLONG: "choose a shorter name",
    **dict.fromkeys((errno.EMFILE, errno.ENFILE), "close other programs, or raise the limit (ulimit -n)"),
}


def ending(error: BaseException) -> tuple[str, int] | None:
    """Return the line in which a command ends and its exit code; None for a mistake of ours.

    The line is empty where there is nobody to tell: a reader of standard output that left early.

    >>> ending(OSError(28, "No space left on device", "a.png"))
    ('a.png: No space left on device; make room there, or choose another path', 2)
    >>> ending(RuntimeError("[enforce fail at alloc_cpu.cpp:121] DefaultCPUAllocator: can't allocate memory: ..."))[0]
    "not enough memory: DefaultCPUAllocator: can't allocate memory: ...; close other programs, raise the limit ..."
    >>> ending(KeyError("name")) is None
    True
    """
    if isinstance(error, PrintError):
        return f"cannot print: {error}" if str(error) else "", 1
    for one in _causes(error):
        if lack := _lack(one):
            return lack, 2
    if isinstance(error, RecursionError):
        return "what was given is nested too deeply to be read; give another file", 2
    if isinstance(error, UnicodeEncodeError):
        lacking, advice = ascii(error.object[error.start : error.end][:20]), "rename the file, or set PYTHONUTF8=1"
        return f"{error.encoding} has no way to write {lacking}, which a name holds; {advice}", 2
    if isinstance(error, OSError):
        where = "" if error.filename is None else f"{error.filename}: "
        why = error.strerror or _line(error) or type(error).__name__
        return f"{where}{why}; {_REMEDIES.get(error.errno or 0, 'choose another path')}", 2
    return None


def _lack(error: BaseException) -> str:
    """Say what memory, or room for a thread, was lacking for; "" if that was not it."""
    text = _line(error)
    lacking = isinstance(error, MemoryError) or (isinstance(error, OSError) and error.errno == errno.ENOMEM)
    if lacking or (isinstance(error, Exception) and _MEMORY.search(text)):
        return f"not enough memory{f': {text}' if text else ''}; {_LESS}"
    return ""


def _line(error: BaseException) -> str:
    """Return the first line of what an error says, without the place in C++ that PyTorch puts before it."""
    try:
        text = str(error).strip().partition("\n")[0]
    except Exception:  # of a user's own class
        return ""
    return re.sub(r"^\[enforce fail at [^]]*\]\s*(?:err == 0\.\s*)?", "", text)[:200]


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
