"""What a pickle says, without doing what it says.

A pickle is a program for a stack machine. Python's own machine imports what the program names and calls it; this
one has no way to. Its values are plain data (None, numbers, text, bytes, lists, tuples, dictionaries; sets become
lists) and those of `inert`, which can do nothing. A call is answered by a table of functions that the reader of the
file hands in; a call of anything outside it ends the reading with an `InputError` that says what was asked for. So
for any bytes, reading ends, and has done nothing but build such values, in time and memory proportional to the
pickle and within the budget, from which its bytes are drawn, and its instructions as objects.

Not guaranteed: that the values are what Python would have made: the state of a class that fills itself by code of
its own stays as stored.

References:
    Python's pickletools: the instructions, their arguments, and a parser of them that executes nothing.
"""

import os
import pickletools
from collections.abc import Callable, Mapping
from typing import IO, Any, BinaryIO, cast

from ganatomy.errors import InputError
from ganatomy.files import Meter, printable, require_memory
from ganatomy.generators.files.inert import CONTAINERS, INERT, Blob, Name, Stub, instance, safe_key

_BLOB = 1 << 20  # bytes; text, numbers and names are shorter
_STEP = 1024  # instructions between two looks at the budget


def read_pickle(
    stream: BinaryIO,
    meter: Meter,
    functions: Mapping[str, Callable] | None = None,
    persistent: Callable[[Any], Any] | None = None,
    *,
    blobs: bool = False,
) -> Any:
    r"""Read one pickle from a stream, up to and including its end.

    Args:
        stream: positioned at the pickle's first byte; left behind its last.
        meter: of the file that it is in.
        functions: answers calls, by dotted name, besides those of plain containers.
        persistent: answers references to what is stored outside of the pickle.
        blobs: leave long runs of bytes where they are, as `Blob`s; then the stream must be the file itself.

    Raises:
        InputError: a call of something else, a pickle that is damaged or costs more than the budget.

    >>> import io
    >>> read_pickle(io.BytesIO(b"(dS'z_dim'\nI512\ns."), Meter("a.pkl"))
    {'z_dim': 512}
    >>> read_pickle(io.BytesIO(b"cos\nsystem\n(S'echo gone'\ntR."), Meter("a.pkl"))
    Traceback (most recent call last):
    ganatomy.errors.InputError: a.pkl asks to call os.system when it is opened; it was refused and nothing ran: ...
    """
    machine = _Machine(meter, {**CONTAINERS, **(functions or {})}, persistent)
    try:
        return machine.run(_Bounded(stream, meter, blobs))
    except InputError:
        raise
    except Exception as error:  # anything can be wrong with damaged bytes, and nothing has happened
        why = f"{type(error).__name__} {printable(error)}"
        raise InputError(f"{meter.where} is damaged: its pickle cannot be read ({why}); get the file again") from None


def asks_to_call(name: str, where: str) -> InputError:
    """Make the error for a pickle that calls what no checkpoint needs.

    >>> print(asks_to_call("os.system", "a.pkl"))
    a.pkl asks to call os.system when it is opened; it was refused and nothing ran: if you trust its maker, ...
    """
    return InputError(
        f"{where} asks to call {printable(name)} when it is opened; it was refused and nothing ran: if you trust its "
        f"maker, have them save the generator's state dict alone"
    )


# The instructions that push a value of their own, and those that push the same each time.
_VALUES = {code.name for code in pickletools.opcodes if code.arg and code.stack_after} - {
    *("GET", "BINGET", "LONG_BINGET", "EXT1", "EXT2", "EXT4", "GLOBAL", "INST", "PERSID"),
}
_FIXED = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False, "EMPTY_TUPLE": ()}
_EMPTY = {"EMPTY_LIST": list, "EMPTY_SET": list, "EMPTY_DICT": dict}


class _Bounded:
    """A stream that gives no more than its file has and the budget allows, and no line longer than a number may be.

    With `blobs`, a long read gives a `Blob`, which counts for nothing; an instruction for a text or number fails at it.
    """

    def __init__(self, stream: BinaryIO, meter: Meter, blobs: bool) -> None:
        self.stream, self.meter, self.blobs, self.taken = stream, meter, blobs, 0
        start = stream.tell()
        self.left = stream.seek(0, os.SEEK_END) - stream.seek(start)

    def read(self, size: int) -> "bytes | Blob":
        if size >= _STEP:
            if size > self.left:
                raise ValueError("it ends within what it holds")
            if self.blobs and size >= _BLOB:
                blob = Blob(self.stream.tell(), size)
                self.stream.seek(size, os.SEEK_CUR)
                self.left -= size
                return blob
            self.meter.draw("bytes", size)
            require_memory(2 * size, self.meter.where)
        data = self.stream.read(size)
        self.left -= len(data)
        self.taken += len(data)
        return data

    def readline(self) -> bytes:
        line = self.stream.readline(4096)
        self.left -= len(line)
        self.taken += len(line)
        return line


class _Machine:
    """The stack machine: one pickle's stack, marks and memo."""

    def __init__(
        self, meter: Meter, functions: Mapping[str, Callable], persistent: Callable[[Any], Any] | None
    ) -> None:
        self.meter, self.functions, self.persistent = meter, functions, persistent
        self.stack: list = []
        self.marks: list[int] = []
        self.memo: dict[int, Any] = {}
        self.names: dict[tuple[str, str], Name] = {}
        self.count = self.copied = self.encoded = 0

    def run(self, stream: _Bounded) -> Any:
        self.stream = stream
        source = cast("IO[bytes]", stream)  # of which genops only reads
        for code, argument, _ in pickletools.genops(source):
            if code.name == "STOP":
                return self.pop()
            self.count += 1
            if self.count % _STEP == 0:
                self.meter.draw("objects", _STEP)
            if code.name in _VALUES:
                self.stack.append(argument)
            elif code.name in _FIXED:
                self.stack.append(_FIXED[code.name])
            elif code.name in _EMPTY:
                self.stack.append(_EMPTY[code.name]())
            else:
                self.step(code.name, argument)
        raise ValueError("it has no end")

    def pop(self) -> Any:
        if self.marks and self.marks[-1] >= len(self.stack):
            raise ValueError("it takes more than there is")
        return self.stack.pop()

    def since_mark(self) -> list:
        start = self.marks.pop()
        values = self.stack[start:]
        del self.stack[start:]
        return values

    def step(self, name: str, argument: Any) -> None:
        """Execute one instruction other than a literal."""
        match name:
            case "MARK":
                self.marks.append(len(self.stack))
            case "POP":
                if self.marks and self.marks[-1] == len(self.stack):
                    self.marks.pop()
                else:
                    self.pop()
            case "POP_MARK":
                self.since_mark()
            case "DUP":
                self.stack.append(self.stack[-1])
            case "PUT" | "BINPUT" | "LONG_BINPUT" | "MEMOIZE":
                self.memo[len(self.memo) if argument is None else argument] = self.stack[-1]
            case "GET" | "BINGET" | "LONG_BINGET":
                self.stack.append(self.memo[argument])
            case "TUPLE":
                self.stack.append(tuple(self.since_mark()))
            case "TUPLE1" | "TUPLE2" | "TUPLE3":
                self.stack.append(tuple([self.pop() for _ in range(int(name[-1]))][::-1]))
            case "LIST" | "FROZENSET":
                self.stack.append(self.since_mark())
            case "DICT":
                values = self.since_mark()
                self.stack.append({})
                self.put_in(values, pairs=True)
            case "APPEND":
                self.put_in([self.pop()], pairs=False)
            case "SETITEM":
                self.put_in([self.pop(), self.pop()][::-1], pairs=True)
            case "APPENDS" | "ADDITEMS" | "SETITEMS":
                self.put_in(self.since_mark(), pairs=name == "SETITEMS")
            case "GLOBAL":
                self.stack.append(self.named(*argument.split(" ", 1)))
            case "STACK_GLOBAL":
                self.stack.append(self.named(*[self.pop(), self.pop()][::-1]))
            case "REDUCE":
                self.stack.append(self.call(*[self.pop(), self.pop()][::-1]))
            case "INST":
                self.stack.append(self.call(self.named(*argument.split(" ", 1)), tuple(self.since_mark())))
            case "OBJ":
                function, *values = self.since_mark()
                self.stack.append(self.call(function, tuple(values)))
            case "NEWOBJ":
                self.stack.append(instance(*[self.pop(), self.pop()][::-1]))
            case "NEWOBJ_EX":
                keywords, arguments, kind = self.pop(), self.pop(), self.pop()
                self.stack.append(instance(kind, (arguments, keywords)))
            case "BUILD":
                state, owner = self.pop(), self.stack[-1]
                if isinstance(owner, Stub):  # what is set on plain data and on tensors, such as versions, is left out
                    owner.state = state
            case "PERSID" | "BINPERSID":
                if self.persistent is None:
                    raise ValueError("it refers to what is not in the file")
                self.stack.append(self.persistent(argument if name == "PERSID" else self.pop()))
            case "PROTO" | "FRAME":
                pass
            case _:  # extension codes and buffers outside of the file
                raise InputError(f"{self.meter.where} needs what is not in the file (pickle instruction {name})")

    def put_in(self, values: list, *, pairs: bool) -> None:
        """Put values, or keys and values in turn, into the container on top of the stack."""
        owner = self.stack[-1]
        if pairs and len(values) % 2:
            raise ValueError("a key without a value")
        entries = list(zip(values[::2], values[1::2], strict=True)) if pairs else values
        if isinstance(owner, Stub):
            owner.items.extend(entries)
        elif pairs and isinstance(owner, dict):
            owner.update((safe_key(key), value) for key, value in entries)
        elif not pairs and isinstance(owner, list):
            owner.extend(entries)
        else:
            raise ValueError("it fills what is no container")

    def named(self, module: Any, name: Any) -> Name:
        """Return one and the same `Name` for the same words, however often they are said."""
        found = Name(module, name)
        return self.names.setdefault((module, name), found)

    def call(self, function: Any, arguments: Any) -> Any:
        """Answer a call from the table, as long as what calls copy is in proportion to what the pickle holds."""
        name = str(function) if isinstance(function, Name) else f"a value ({type(function).__name__})"
        if not isinstance(arguments, tuple):
            raise ValueError(f"a call of {name} without arguments")
        if name in INERT:
            return Stub(name, arguments)
        if not isinstance(function, Name) or name not in self.functions:
            raise asks_to_call(name, self.meter.where)
        self.copied += len(arguments) + sum(len(value) for value in arguments if isinstance(value, list | tuple | dict))
        if self.copied > 4 * self.count + _STEP:  # each was made by an instruction, and has few uses
            raise ValueError("it copies more than it holds")
        answer = self.functions[name](*arguments)
        self.encoded += len(answer) if isinstance(answer, bytes) else 0
        if self.encoded > self.stream.taken:
            raise ValueError("it copies more text than it holds")
        return answer
