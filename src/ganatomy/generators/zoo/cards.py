"""The zoo: cards of generators that somebody else trained, and the one way to get at a weight file.

A card says what a generator is, where its weights are (sources in order of preference), their SHA-256 and size, whose
they are and on what terms. Weights are asked for by

    a zoo name                            faces
    a path                                checkpoints/pggan_celebahq1024.pth
    a file in a Hugging Face repository   hf://owner/repo/file@revision       (@revision may be left out)
    an address                            https://example.org/generator.pth

and `fetch` turns each into a file on this disk. The constraint: what comes from elsewhere is used only if its SHA-256
is the one on the card, the one given, or the one pinned when it was first used; a hash that nobody could check is
pinned only if the person says so (`trust`). A person's own file needs no hash. Fetched files are kept: see `cache`.

Not guaranteed: that a licence covers what its author says it covers (where that is doubtful, the card's `licence_note`
says so), nor that weights are safe to open: `checkpoint` sees to that.

No arrays here, hence no shapes; sizes are in bytes.
"""

import os
import re
import sys
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from ganatomy.errors import InputError, unknown
from ganatomy.files import OpenFile, instead, printable
from ganatomy.generators.families import FAMILIES
from ganatomy.generators.zoo.cache import CacheEntry, Check, State, address_folder, cache_folder, read_record
from ganatomy.generators.zoo.downloads import Expected, Say
from ganatomy.generators.zoo.sources import Hub, Local, Package, Sha256, Table, Web, read_address
from ganatomy.terminal import tell

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

DEFAULT = "faces"

_Source = Annotated[Package | Hub | Web | Local, Field(discriminator="kind")]


class Card(Table):
    """What is known of one generator; unknown keys are refused."""

    name: str
    title: str
    aliases: Annotated[tuple[str, ...], Field(strict=False)] = ()
    family: str
    resolution: int = Field(ge=4)  # pixels a side
    z_dim: int | None = None  # None: only the file knows
    classes: Annotated[tuple[str, ...], Field(strict=False)] = ()
    sources: Annotated[tuple[_Source, ...], Field(strict=False, min_length=1)]
    sha256: Sha256 | None = None
    sha256_prefix: Annotated[str, Field(pattern="^[0-9a-f]{8}$")] | None = None
    size: int | None = None
    licence: str
    licence_note: str = ""
    author: str
    trained_on: str
    citation: str
    status: Literal["checked", "unchecked"]
    strength_range: Annotated[tuple[float, float], Field(strict=False)]  # units of the code space

    @field_validator("family")
    @classmethod
    def _known(cls, family: str) -> str:
        if family not in FAMILIES:
            raise unknown("family", family, FAMILIES)
        return family

    @model_validator(mode="after")
    def _checked_means_hashed(self) -> "Card":
        if (self.status == "checked") != (self.sha256 is not None and self.size is not None):
            raise ValueError("'checked' and having both sha256 and size go together")
        if self.size is None and any(isinstance(one, Package) for one in self.sources):
            raise ValueError("a file in a wheel needs its sha256 and size")
        if all(isinstance(one, Local) for one in self.sources):
            raise ValueError("a path of one's own is not enough, say where others get the file")
        return self

    @property
    def own_file(self) -> Path | None:
        """The person's own file that the card names, if it is there."""
        mine = (Path(one.path) for one in self.sources if isinstance(one, Local))
        return next((path for path in mine if os.path.exists(path)), None)

    @property
    def cache_path(self) -> Path:
        """Where the file is kept once it is fetched."""
        return entry_of(self).path

    @property
    def here(self) -> Literal["own file", "cached", ""]:
        """Whether the file is on this disk: a person's own, or fetched; empty if it is not."""
        return "own file" if self.own_file else "cached" if entry_of(self).is_here else ""

    def to_dict(self) -> dict[str, Any]:
        """Turn the card into what JSON can hold, with where its file is or would be."""
        return self.model_dump(mode="json") | {"here": self.here, "cache_path": str(self.cache_path)}

    def __repr__(self) -> str:
        """Say in a line which generator it is."""
        hashed = {"checked": "", "unchecked": ", hash unchecked"}[self.status]
        size = f"{self.resolution} x {self.resolution} pixels"
        return f"<Card {self.name}: {self.title}, {FAMILIES[self.family].title}, {size}, {self.licence}{hashed}>"

    @property
    def notice(self) -> str:
        """What is said at first use: whose it is, what it was trained on, and on what terms."""
        note = f" ({self.licence_note})" if self.licence_note else ""
        unchecked = "" if self.sha256 else "\n  hash: unchecked, nobody here could fetch the file"
        return (
            f"{self.name}: {self.title}, {self.resolution} x {self.resolution} pixels, by {self.author}\n"
            f"  trained on: {self.trained_on}\n  licence: {self.licence}{note}{unchecked}\n  cite: {self.citation}"
        )


@dataclass(frozen=True)
class WeightFile:
    """A weight file on this disk, where it came from, and by whose word its hash is the right one.

    `hash_from` is "card", "given", "pinned" (at this or an earlier use), or "" for a person's own file. The hash is of
    `opened`, from which the file is to be read: its path may lead to another one by then.
    """

    opened: OpenFile
    card: Card | None
    source: str
    hash_from: str

    @property
    def path(self) -> Path:
        """Where it is."""
        return self.opened.path

    @property
    def sha256(self) -> str:
        """The SHA-256 of its bytes."""
        return self.opened.sha256


@cache
def _all_cards() -> dict[str, Card]:
    text = resources.files("ganatomy.generators.zoo").joinpath("cards.toml").read_text(encoding="utf-8")
    return {name: Card(name=name, **table) for name, table in tomllib.loads(text).items()}


def cards() -> dict[str, Card]:
    """Return the cards of the zoo by name, in the order of the file.

    >>> list(cards())[:3], cards()["faces"].resolution
    (['faces', 'rendered-faces', 'eyes'], 64)
    >>> cards()["faces"]
    <Card faces: photographs of faces, DCGAN, 64 x 64 pixels, MIT>
    """
    return dict(_all_cards())


def is_name(name: str) -> bool:
    """Whether a card has this name, or this alias.

    >>> is_name("pggan_celebahq1024"), is_name("runs/first")
    (True, False)
    """
    return any(name in (one.name, *one.aliases) for one in cards().values())


def card(name: str) -> Card:
    """Return the card of this name or alias.

    Raises:
        InputError: there is none; near names are suggested.

    >>> card("pggan_celebahq1024").name
    'pggan-celebahq-1024'
    >>> card("eye")
    Traceback (most recent call last):
    ganatomy.errors.InputError: unknown generator 'eye'; did you mean 'eyes'? Known: faces, rendered-faces, eyes, ...
    """
    for one in _all_cards().values():
        if name in (one.name, *one.aliases):
            return one
    raise unknown("generator", name, _all_cards())


def entry_of(one: Card) -> CacheEntry:
    """Return the place of a card's file in the cache.

    >>> entry_of(card("faces")).path.name
    'dcGanGeneratorModel.pt'
    """
    remote = tuple(source for source in one.sources if not isinstance(source, Local))
    known = Expected(one.sha256, one.sha256_prefix, one.size)
    own = " or ".join(source.path for source in one.sources if isinstance(source, Local))
    return CacheEntry(one.name, cache_folder() / "zoo" / one.name, remote, known, one.notice, own)


def fetch(
    source: str | os.PathLike,
    *,
    sha256: str | None = None,
    trust: bool = False,
    say: Say = tell,
    check: Check | None = None,
) -> WeightFile:
    """Turn a zoo name, a path, hf://owner/repo/file[@revision] or https://... into a weight file on this disk.

    An existing path wins if it contains a separator or a suffix; else the zoo's names come first.

    Args:
        source: what is wanted.
        sha256: 64 hex digits that the file must have.
        trust: take a file whose hash nobody has checked, and pin that hash for all later uses.
        say: called with each line that a person should see: licence at first use, what is being fetched.
        check: raises an `InputError` for what is no generator, so that its hash is not pinned (see `loading.fetch`).

    Raises:
        InputError: no such name or path; a hash that differs or is missing; no network and nothing cached.

    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "mine.pth"
    >>> _ = path.write_bytes(b"abc")
    >>> obtained = fetch(path)
    >>> obtained.card, obtained.sha256[:8], obtained.hash_from
    (None, 'ba7816bf', '')
    """
    if sha256 is not None and not re.fullmatch("[0-9a-f]{64}", sha256 := sha256.strip().lower()):
        raise InputError(f"sha256 '{sha256}': give all its 64 hex digits")
    found = _find(os.fspath(source))
    if isinstance(found, Path):
        return _own(found, None, sha256)
    if isinstance(found, Card):
        if sha256 and found.sha256 and sha256 != found.sha256:
            raise InputError(
                f"{found.name}: its sha256 is {found.sha256} by its card, not {sha256}; leave `sha256` out"
            )
        entry, own = entry_of(found), found.own_file
        if own is not None:
            obtained = _own(own, found, sha256)
            entry.show_notice(say)
            return obtained
    else:
        entry = CacheEntry(found.address, address_folder(found.address), (found,))
    known, word = entry.obtain(sha256, trust, say, check)
    opened = OpenFile(entry.path)
    if opened.sha256 != known:
        raise InputError(f"{entry.path} was changed while it was being looked at; try again")
    return WeightFile(opened, found if isinstance(found, Card) else None, entry.sources[0].address, word)


@dataclass(frozen=True)
class Inspection:
    """What became of a cached file: "ok", "damaged", "missing", or "unchecked" (put there by hand, hash unknown)."""

    name: str
    state: State
    path: Path


def verify(name: str | None = None) -> list[Inspection]:
    """Hash cached files again: that of one card, or all that were ever fetched or put into the cache.

    Raises:
        InputError: there is no such card, or a file cannot be read.

    >>> verify("eyes")[0].path.name
    'generator_model_state.pth'
    """
    if name is not None:
        entry = entry_of(card(name))
        return [Inspection(entry.name, entry.state(), entry.path)]
    entries = [entry_of(one) for one in cards().values()]
    try:
        records = sorted(cache_folder().glob("addresses/*/*.json"))
    except OSError as error:
        raise InputError(f"cannot read the cache {printable(cache_folder(), None)}: {error.strerror}") from None
    for path in records:
        with suppress(InputError):  # a record of no address
            if record := read_record(path):
                entries.append(CacheEntry(record.name, path.parent, (read_address(record.name),)))
    return [Inspection(one.name, one.state(), one.path) for one in entries if one.record() or one.is_here]


def _find(source: str) -> Path | Card | Hub | Web:
    if re.match(r"[A-Za-z][A-Za-z0-9+.-]+://", source):
        return read_address(source)
    path = Path(source)
    with suppress(RuntimeError):  # nobody is called so: then ~ is a letter
        path = path.expanduser()
    there = bool(source) and os.path.exists(path)
    if path.suffix or "/" in source or os.sep in source:
        if not there:
            raise InputError(f"no such file: {source}; give a path that exists or a zoo name: {', '.join(cards())}")
        return path
    if there and not is_name(source):
        return path
    return card(source)


def _own(path: Path, its_card: Card | None, sha256: str | None) -> WeightFile:
    if other := instead(path, "generator"):
        raise other
    opened = OpenFile(path, "give a generator's file, or the folder of a run")
    if sha256 and opened.sha256 != sha256:
        raise InputError(f"{path}: its sha256 is {opened.sha256}, not {sha256}; it is another file, or damaged")
    return WeightFile(opened, its_card, str(path), "given" if sha256 else "")
