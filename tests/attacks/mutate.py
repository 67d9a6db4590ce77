"""Random damage to the files of a sample: to bytes whatever they mean, and to what known formats hold."""

import csv
import io
import json
import os
import re
import shutil
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

from attacks.kind import Place

MOST = 1 << 22  # bytes that a mutation lets a file grow to
WORDS = (  # that are put in the place of a value
    *(None, True, False, 0, 1, -1, 2, 0.5, -0.0, 2**31, 2**53 + 1, -(2**63), 2**64, 10**400, 1e308, 1e-320),
    *(
        float("nan"),
        float("inf"),
        -float("inf"),
        "",
        " ",
        "nan",
        "inf",
        "1e999",
        "-1",
        "None",
        "\0",
        "\ud800",
        "中" * 90,
    ),
    *("../../outside/photo", "/../../../outside/photo", "/etc/passwd", "../outside/secret.toml", "C:\\x", "~", "."),
    *("[/red]", "[link=x]", "\x1b]0;title\x07", "\x1b[2J", "\r\n", "a\nb", "\u202eexe", "<script>alert(1)</script>"),
    *('"><img src=x onerror=alert(1)>', "javascript:alert(1)", "{{7*7}}", "%s%n", "=1+1", "x" * 100_000),
    *([], {}, [[]], [None], {"": None}, {"a": {"a": {"a": 1}}}, [0] * 3000, list(range(5)), "gan", "sefa", "w", "z"),
)


def mutate(place: Place) -> str:
    """Damage a random file of the sample in one to three ways, and say how."""
    files = [path for path in sorted(place.folder.rglob("*")) if path.is_file() and not path.is_symlink()]
    random, told = place.random, []
    path = place.target if place.target.is_file() and random.random() < 0.8 else random.choice(files)
    for _ in range(random.choice((1, 1, 1, 2, 3))):
        data = path.read_bytes()
        known = [way for fits, way in STRUCTURED if fits(path, data)]
        way = random.choice(known) if known and random.random() < 0.7 else random.choice(BLIND)
        try:
            data = way(data, random)
        except (ValueError, LookupError, RecursionError, OverflowError, csv.Error, struct.error, zipfile.BadZipFile):
            data, way = random.choice(BLIND)(data, random), BLIND[0]
        path.write_bytes(data[:MOST])
        told.append(way.__name__.strip("_"))
    return f"{path.relative_to(place.folder)}: {', '.join(told)}"


def _flip(data: bytes, random: Random) -> bytes:
    changed = bytearray(data)
    for _ in range(random.choice((1, 1, 2, 8, 64))):
        if changed:
            changed[_at(changed, random)] ^= 1 << random.randrange(8)
    return bytes(changed)


def _at(data: bytes | bytearray, random: Random) -> int:
    """Choose a place, more often near the ends, where headers are."""
    last = len(data) - 1
    near = random.choice((64, 512, len(data)))
    place = random.randrange(min(near, last + 1))
    return place if random.random() < 0.7 else last - place


def _truncate(data: bytes, random: Random) -> bytes:
    return data[: random.choice((0, 1, len(data) // 2, len(data) - 1, random.randrange(len(data) + 1)))]


def _splice(data: bytes, random: Random) -> bytes:
    if not data:
        return b"x"
    begin, to = sorted((_at(data, random), _at(data, random)))
    at = _at(data, random)
    piece = data[begin : to + 1][:4096]
    return data[:at] + piece + data[at + random.choice((0, len(piece))) :]


def _repeat(data: bytes, random: Random) -> bytes:
    if not data:
        return b"\0"
    at, size = _at(data, random), random.choice((1, 2, 7, 64, 512))
    return data[:at] + data[at : at + size] * random.choice((2, 10, 1000, 20_000)) + data[at + size :]


def _cut(data: bytes, random: Random) -> bytes:
    at = _at(data, random) if data else 0
    return data[:at] + data[at + random.choice((1, 2, 4, 8, 100)) :]


def _number(data: bytes, random: Random) -> bytes:
    """Set a field of 1, 2, 4 or 8 bytes to an extreme."""
    if not data:
        return data
    at, size = _at(data, random), random.choice((1, 2, 4, 8))
    word = random.choice((bytes(size), b"\xff" * size, b"\xff" * (size - 1) + b"\x7f", b"\x7f" + b"\xff" * (size - 1)))
    word = random.choice((word, bytes(size - 1) + b"\x80", random.randbytes(size)))
    return data[:at] + word + data[at + size :]


def _written(data: bytes, random: Random) -> bytes:
    """Replace a number that is written in digits."""
    numbers = list(re.finditer(rb"-?[0-9]+(\.[0-9]+)?(e[-+]?[0-9]+)?", data[:1_000_000]))
    if not numbers:
        return _number(data, random)
    found = random.choice(numbers)
    word = random.choice((b"0", b"-1", b"1e999", b"nan", b"9" * 30, b"9" * 5000, b"1e308", b"4294967296", b"0.5", b"x"))
    return data[: found.start()] + word + data[found.end() :]


BLIND = (_flip, _truncate, _splice, _repeat, _cut, _number, _written)


def _json(data: bytes, random: Random) -> bytes:
    """Replace, rename, remove, double or wrap something in a tree."""
    return json.dumps(tree(json.loads(data), random)).encode()


def tree(content: Any, random: Random) -> Any:
    """Change one random thing in plain data."""
    places: list[tuple[Any, Any]] = []
    stack = [content]
    while stack and len(places) < 5000:
        one = stack.pop()
        keys = list(one) if isinstance(one, dict) else range(len(one)) if isinstance(one, list) else ()
        places += [(one, key) for key in keys]
        stack += [one[key] for key in keys if isinstance(one[key], dict | list)]
    if not places:
        return random.choice(WORDS)
    shallow = [place for place in places if place[0] is content]
    holder, key = random.choice(shallow if random.random() < 0.3 else places)
    how = random.randrange(8)
    if how == 0:
        del holder[key]
    elif how == 1:
        holder[key] = [holder[key]]
    elif how == 2 and isinstance(holder, list):
        holder.extend([holder[key]] * random.choice((1, 3, 100)))
    elif how == 3 and isinstance(holder, dict):
        holder[str(random.choice(WORDS))[:300]] = holder.pop(key)
    elif how == 4:
        other, place = random.choice(places)
        holder[key] = json.loads(json.dumps(other[place]))
    elif how == 5:
        deep: Any = 0
        for _ in range(random.choice((10, 150, 600))):
            deep = [deep] if random.random() < 0.5 else {"a": deep}
        holder[key] = deep
    else:
        holder[key] = random.choice(WORDS)
    return content


def _safetensors(data: bytes, random: Random) -> bytes:
    """Change the header, and repair its length."""
    size = int.from_bytes(data[:8], "little")
    header, body = json.loads(data[8 : 8 + size]), data[8 + size :]
    card = header.get("__metadata__", {}).get("ganatomy")
    if card and random.random() < 0.6:
        header["__metadata__"]["ganatomy"] = json.dumps(tree(json.loads(card), random))
    else:
        header = tree(header, random)
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + body


def _zip(data: bytes, random: Random) -> bytes:
    """Change what a member holds, what it is called, or how it is packed."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        names = archive.namelist()
        chosen, how = random.choice(names), random.randrange(8)
        packing = random.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED))
        with zipfile.ZipFile(out, "w", packing) as copy:
            for name in names:
                content = archive.read(name)
                if name == chosen and how == 0:
                    continue
                if name == chosen and how == 1:
                    name = random.choice((f"../{name}", f"/{name}", "", "a/data.pkl", name * 30, f"{name}\\..\\x"))
                elif name == chosen and how == 2:
                    copy.writestr(f"{name}", content)
                elif name == chosen:
                    inner = _npy if content[:6] == b"\x93NUMPY" and random.random() < 0.6 else random.choice(BLIND)
                    content = inner(content, random)[:MOST]
                copy.writestr(name, content)
    return out.getvalue()


def _npy(data: bytes, random: Random) -> bytes:
    """Change the header of an array, and repair its length."""
    size = int.from_bytes(data[8:10], "little")
    header, body = data[10 : 10 + size].decode("latin-1"), data[10 + size :]
    shape = random.choice(("(0,)", "()", "(-1,)", "(4294967296, 4294967296)", "(1000000000000,)", "(2,", "(1,)" * 9))
    kind = random.choice(
        ("'O'", "'<f2'", "'>f8'", "'<c16'", "'<U99999999'", "'V1000000000'", "[('a', '<f8')]", "'M8[s]'")
    )
    header = random.choice(
        (
            re.sub(r"\([^)]*\)", shape, header),
            re.sub(r"'descr': '[^']*'", f"'descr': {kind}", header),
            header.replace("False", "True"),
            "(" * random.choice((50, 5000)),
            "9" * 60_000,
        )
    )
    text = header.encode()[:65_000]
    return data[:8] + struct.pack("<H", len(text)) + text + body


def _table(data: bytes, random: Random) -> bytes:
    """Change a cell, a row or the header of a table."""
    text = data.decode(errors="replace")
    mark = "\t" if "\t" in text else "," if "," in text else " "
    rows = list(csv.reader(io.StringIO(text), delimiter=mark))
    row = random.choice(rows[:3] if random.random() < 0.4 else rows)
    column, how = random.randrange(len(row)), random.randrange(5)
    if how == 0:
        del row[column]
    elif how == 1:
        rows.extend([list(row)] * random.choice((1, 500)))
    elif how == 2:
        row.append(row[column])
    else:
        row[column] = str(random.choice(WORDS))
    out = io.StringIO()
    csv.writer(out, delimiter=mark, lineterminator="\n").writerows(rows)
    return out.getvalue().encode("utf-8", "surrogatepass")


def _toml(data: bytes, random: Random) -> bytes:
    """Change a value, a key or a line of TOML."""
    lines = data.decode(errors="replace").splitlines()
    k = random.randrange(len(lines))
    key, sign, value = lines[k].partition("=")
    words = ("[]", "{}", "true", "-1", "1e999", "nan", "inf", '"x"', '"[/red]"', "9" * 5000, "1979-05-27", "[" * 500)
    more = ('"../outside/secret.toml"', '"\\u001b[2J"', '["<b>"]', "{a.b.c = 1}", '"""\na\n"""', "[[1, [2]]]", '"gan"')
    how = random.randrange(6)
    if how == 0:
        lines[k : k + 1] = [lines[k]] * 2
    elif how == 1:
        del lines[k]
    elif how == 2:
        lines.insert(
            k, random.choice(("[grid]", "[[grid]]", "[for.gan]", "[a.b]", "x = 1", "[generator]", "[[claim]]", "\0"))
        )
    elif sign and how == 3:
        lines[k] = f"{random.choice(('a', '', key.strip() + '.x', chr(34) + key.strip() * 99 + chr(34)))} = {value}"
    elif sign:
        lines[k] = f"{key}= {random.choice((*words, *more))}"
    return "\n".join(lines).encode("utf-8", "surrogatepass")


def _ends(*endings: str) -> Callable[[Path, bytes], bool]:
    return lambda path, data: path.name.endswith(endings)


STRUCTURED: tuple[tuple[Callable[[Path, bytes], bool], Callable[[bytes, Random], bytes]], ...] = (
    (_ends(".json"), _json),
    (_ends(".csv", ".tsv", ".txt"), _table),
    (_ends(".toml"), _toml),
    (lambda path, data: data[8:9] == b"{", _safetensors),
    (lambda path, data: data[:4] == b"PK\3\4", _zip),
    (lambda path, data: data[:6] == b"\x93NUMPY", _npy),
)


# What may stand in the place of a file of a folder.


def pipe(place: Place) -> str:
    """Put a pipe, on which a reader waits for ever, in the place of a file."""
    path = _file(place)
    path.unlink()
    os.mkfifo(path)
    return str(path.relative_to(place.folder))


def link_outside(place: Place) -> str:
    """Put a link to somebody's file in the place of a file, so that whoever writes through it is seen."""
    path = _file(place)
    path.unlink()
    path.symlink_to(place.outside / place.random.choice(("photo.png", "secret.toml", "new", "secret.json")))
    return str(path.relative_to(place.folder))


def hidden_link(place: Place) -> str:
    """Put a link outside under a name that only the program itself uses."""
    names = (
        ".lock",
        ".work",
        "log.txt",
        "figures",
        ".pictures",
        "checkpoint.pt",
        "animation.gif",
        "directions",
        "runs",
    )
    marks = (".ganatomy", ".ganatomy-study", ".ganatomy-survey", ".ganatomy-exploration", ".kept.part", "index.html")
    path = (place.folder if place.target.is_file() else place.target) / place.random.choice((*names, *marks))
    if path.is_symlink() or path.is_file():
        path.unlink()
    elif path.is_dir():
        shutil.rmtree(path)
    path.symlink_to(place.outside / place.random.choice(("", "photo.png", "new", "folder")))
    return str(path.relative_to(place.folder))


def loop(place: Place) -> str:
    """Put a link to itself in the place of a file."""
    path = _file(place)
    path.unlink()
    path.symlink_to(path.name)
    return str(path.relative_to(place.folder))


def folder_for_file(place: Place) -> str:
    """Put a folder in the place of a file."""
    path = _file(place)
    path.unlink()
    path.mkdir()
    return str(path.relative_to(place.folder))


def removed(place: Place) -> str:
    """Take a file away."""
    path = _file(place)
    path.unlink()
    return str(path.relative_to(place.folder))


def swapped(place: Place) -> str:
    """Put one file in the place of another."""
    one, other = _file(place), _file(place)
    content = other.read_bytes()
    one.write_bytes(content)
    return f"{one.relative_to(place.folder)} is {other.relative_to(place.folder)}"


def sparse(place: Place) -> str:
    """Let a file be a terabyte of nothing, behind what it holds."""
    path = _file(place)
    os.truncate(path, 1 << 40)
    return str(path.relative_to(place.folder))


def renamed(place: Place) -> str:
    """Give a file or a folder below the target a name that acts on terminals, pages and tables."""
    names = ("[red]x[/red]", "=1+1", "\x1b]0;x\x07", "a\nb", "<img src=x onerror=alert(1)>", "中" * 80, "-rf", "%2e%2e")
    entries = (
        [path for path in sorted(place.target.rglob("*")) if not path.is_symlink()] if place.target.is_dir() else []
    )
    path = place.random.choice(entries) if entries else place.target
    name = place.random.choice((*names, os.fsdecode(b"\xd6\xd0.x")))
    path.rename(path.with_name(name))
    return str(path.relative_to(place.folder))


def _file(place: Place) -> Path:
    files = [path for path in sorted(place.folder.rglob("*")) if path.is_file() and not path.is_symlink()]
    return place.target if place.target.is_file() and place.random.random() < 0.7 else place.random.choice(files)


ANYWHERE = {
    one.__name__: one for one in (pipe, link_outside, hidden_link, loop, folder_for_file, removed, swapped, sparse)
}
IN_FOLDERS = {**ANYWHERE, "renamed": renamed}
