"""Checkpoints of pretrained generators: opened safely, whatever wrote them, and written as our own.

A `Checkpoint` is a generator's weights by our names (see `layouts`), a card, and what follows from the shapes. The
weights are read from the file at each access, converted, checked and forgotten, so that a question about one layer
costs that layer. Constraint: all tensors that the family needs are there and fit together; each, once read, is
float32 and finite. Nothing of torch is imported, and nothing in a file is run. Not guaranteed: that the weights are
those of the training that a card tells of.

Our own files are safetensors with one key of metadata, "ganatomy", a JSON object that says at least `format`
(generator-1), `family` and `layout`.

Shape letters: `Z` latent coordinates, `E` editable ones, `R` rows, one an output unit of the first layer.
"""

import json
import math
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from ganatomy.errors import InputError, complaint, unknown
from ganatomy.files import (
    Line,
    Meter,
    OpenFile,
    Table,
    encodable,
    make_folder,
    parse_json,
    printable,
    replacing,
    require_memory,
)
from ganatomy.generators.families import FAMILIES, Space, fingerprint, sizes_in_words
from ganatomy.generators.files.containers import ADVICE, open_container
from ganatomy.generators.files.stored import Entry
from ganatomy.generators.layouts.find import find_generator
from ganatomy.generators.zoo.cards import WeightFile

FORMAT = "generator-1"
_TOLD = ("title", "author", "trained_on", "licence", "licence_note", "citation")


class _Format(Table, extra="allow"):
    format: Line


class _Card(_Format):
    """What our own files tell, of which what is used later is seen to; the rest may be anything."""

    family: str
    layout: Line
    classes: tuple[Line, ...] = ()
    name: Line = ""
    place: Line = ""
    sha256: Line = ""
    title: Line = ""
    author: Line = ""
    trained_on: Line = ""
    licence: Line = ""
    licence_note: Line = ""
    citation: Line = ""


class Weights(Mapping[str, NDArray[np.float32]]):
    """Arrays by our names, read, converted and checked at each access; `shapes` tells their sizes for nothing."""

    def __init__(self, entries: Mapping[str, Entry], where: str) -> None:
        self._entries, self._where = dict(entries), where
        self.shapes = {name: entry.shape for name, entry in entries.items()}

    def __getitem__(self, name: str) -> NDArray[np.float32]:
        entry = self._entries[name]
        with np.errstate(over="ignore"):  # float64 beyond float32's range becomes infinite, and is refused below
            value = np.asarray(entry.read(), dtype=np.float32, order="C")
        assert value.shape == entry.shape, (name, value.shape, entry.shape)
        if not np.isfinite(value).all():
            bad = value.size - np.count_nonzero(np.isfinite(value))
            raise InputError(f"{self._where}: {entry.origin} has {bad} NaN or infinite weights of {value.size}")
        if name.endswith("running_var") and value.min() < 0:
            raise InputError(f"{self._where}: {entry.origin} has negative variances")
        return value

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)


@dataclass(frozen=True, repr=False)
class Checkpoint:
    """A generator's weights, and what they and their cards say about it; `read_checkpoint` makes it.

    Attributes:
        family: one of `families.FAMILIES`.
        layout: the layout that it came in, in words.
        weights: float32 arrays by our names, read at access.
        card: what our own files tell; empty for foreign ones.
        file: that it was opened from, and is read from later.
        classes: names of the classes of a conditional generator; empty for others.
        place: where in the file it was, such as "generator_smooth"; empty if right at the top.
        origin: how the file came here and what its hash is, and its card in the zoo, where it has one; None for a file
            that was opened by its path alone.
    """

    family: str
    layout: str
    weights: Weights
    card: Mapping[str, Any]
    file: OpenFile
    classes: tuple[str, ...] = ()
    place: str = ""
    origin: WeightFile | None = None

    def __repr__(self) -> str:
        sizes = sizes_in_words(self.resolution, self.space, self.num_ws, self.w_dim, self.classes)
        return f"<Checkpoint {self.name} ({self.layout}): {sizes}>"

    @property
    def path(self) -> Path:
        """Where the file was when it was opened."""
        return self.file.path

    @property
    def name(self) -> str:
        """A short name: the zoo's, the card's, or the file's without its ending."""
        zoo = self.origin.card if self.origin else None
        return zoo.name if zoo else encodable(str(self.card.get("name") or self.path.stem))

    @property
    def facts(self) -> dict[str, Any]:
        """What is known of the weights: where from, their sha256, whose they are, on what terms."""
        origin, told = self.origin, self.card
        facts = {"name": self.name, "source": encodable(str(self.path))}
        if origin is not None:
            facts |= {"source": encodable(origin.source), "sha256": self.file.sha256}
            told = told if origin.card is None else origin.card.model_dump()
        return facts | {key: told[key] for key in _TOLD if told.get(key)}

    @property
    def strength_range(self) -> tuple[float, float]:
        """How far codes are moved each way, in units of their space: its card's in the zoo, or its family's."""
        zoo = self.origin.card if self.origin else None
        return zoo.strength_range if zoo else FAMILIES[self.family].strength_range

    @property
    def truncation(self) -> tuple[float, int] | None:
        """The psi and cutoff with which the family's pictures are published; None where there is no mean code."""
        return FAMILIES[self.family].truncation if "w_avg" in self.weights.shapes else None

    @property
    def space(self) -> Space:
        """The space in which codes are edited, "z" or "w"."""
        return FAMILIES[self.family].space

    @property
    def num_ws(self) -> int:
        """The number L of layers that take a code each."""
        return FAMILIES[self.family].num_ws(self.weights.shapes)

    @property
    def w_dim(self) -> int:
        """The number of coordinates of a code for one layer, the class's among them."""
        return FAMILIES[self.family].w_dim(self.weights.shapes)

    @property
    def z_dim(self) -> int:
        """The number Z of latent coordinates; the class's come behind them."""
        return FAMILIES[self.family].z_dim(self.weights.shapes) - len(self.classes)

    @property
    def edit_dim(self) -> int:
        """The number E of coordinates that can be edited, the first ones."""
        return self.w_dim - len(self.classes)

    @property
    def resolution(self) -> int:
        """Pixels a side."""
        return FAMILIES[self.family].resolution(self.weights.shapes)

    def style_weights(self, layers: Sequence[int] | None = None) -> NDArray[np.float64]:
        """Return the matrix (R, E) that SeFa factorises; reads no other weights.

        Raises:
            InputError: layers that there are not, or no memory for the matrix.
        """
        shapes = self.weights.shapes.items()
        count = sum(math.prod(shape) for name, shape in shapes if name.endswith(("layers.0.weight", "style.weight")))
        require_memory(12 * count, f"{self.path}: a matrix of its first weights")  # as float32, and as float64
        return FAMILIES[self.family].style_weights(self.weights, self.edit_dim, layers)

    def fingerprint(self) -> str:
        """Digest all weights (sha256), one by one: the same in any container, and in any layout of the same scale."""
        return fingerprint(self.weights)


def read_checkpoint(path: str | os.PathLike | OpenFile, *, classes: int | Sequence[str] | None = None) -> Checkpoint:
    """Open a generator's checkpoint: a torch file, a plain pickle, safetensors or .npz, in any layout that is known.

    Kind and layout are told by content, never by name. Of several generators in a file the averaged one is taken.

    Args:
        path: the file, or one that is open.
        classes: of a conditional generator, whose class is a one-hot vector behind the code: their number or names.
            By default what our own file's card says, and none for foreign ones.

    Raises:
        InputError: no checkpoint of a generator that this version reads, and what it is instead; one that costs more
            than the budget allows (see `files.budget`); or more classes than coordinates. Weights that are not finite
            are found when they are read.

    >>> import tempfile, torch
    >>> path = Path(tempfile.mkdtemp()) / "generator.tar"
    >>> random = torch.Generator().manual_seed(0)
    >>> shapes = {"main.0.weight": (12, 8, 4, 4), "main.3.weight": (8, 3, 4, 4)}
    >>> state = {name: torch.randn(shape, generator=random) for name, shape in shapes.items()}
    >>> torch.save({"epoch": 3, "netG_state_dict": state}, path)
    >>> checkpoint = read_checkpoint(path, classes=["cat", "dog"])
    >>> checkpoint.layout, checkpoint.place, checkpoint.resolution, checkpoint.z_dim, checkpoint.w_dim
    ('DCGAN', 'netG_state_dict', 8, 10, 12)
    >>> checkpoint.style_weights().shape, checkpoint.fingerprint()[:8]
    ((128, 10), ...)
    """
    file = path if isinstance(path, OpenFile) else OpenFile(path, ADVICE)
    meter = Meter(file.path)
    tree, header = open_container(file, meter)
    card = _card(header, meter.where)
    found = find_generator(tree, meter)
    family = found.layout.family
    if card and card["family"] != family:
        raise InputError(f"{meter.where} is damaged: its card says {printable(card['family'])}, its tensors {family}")
    weights, entry = Weights(found.entries, meter.where), FAMILIES[family]
    given = card.get("classes", []) if classes is None else classes
    if isinstance(given, str | bool) or (isinstance(given, int) and given < 0):
        raise InputError(f"`classes={given!r}`: give their number, or a list of their names")
    count, inputs = given if isinstance(given, int) else len(given), entry.z_dim(weights.shapes)
    if count and not entry.conditional:
        raise InputError(f"{meter.where}: a {entry.title} has no classes, {count} were given; leave `classes` out")
    if count >= inputs:
        raise InputError(f"{meter.where}: {count} classes leave no coordinate of its {inputs} for the code")
    named = [f"class {i}" for i in range(count)] if isinstance(given, int) else map(str, given)
    layout = card.get("layout", found.layout.words)
    return Checkpoint(family, layout, weights, card, file, tuple(named), found.place)


def write_checkpoint(checkpoint: Checkpoint, out: str | os.PathLike, card: Mapping[str, Any] | None = None) -> None:
    """Write a checkpoint as our own safetensors file, with a card in its metadata.

    The card gets `format`, `family`, `layout`, `place`, `classes`, sizes, and the `sha256` of the file it came from;
    what `card` says besides, such as name, source and licence, is added, then what the checkpoint's own card said.
    Same checkpoint and card, same bytes.

    Args:
        checkpoint: from `read_checkpoint`.
        out: the file, which is replaced if it is there; it may be the checkpoint's own. Folders are made.
        card: text, numbers, lists and objects of such.

    Raises:
        InputError: weights that are not finite, a card whose licence or title is no text, or a file that cannot be
            written.

    >>> import tempfile, torch
    >>> folder = Path(tempfile.mkdtemp())
    >>> torch.save({"a.weight": torch.ones(5, 4, 4, 4), "b.weight": torch.ones(4, 1, 4, 4)}, folder / "a.pt")
    >>> write_checkpoint(read_checkpoint(folder / "a.pt"), folder / "b.safetensors", {"name": "ones"})
    >>> again = read_checkpoint(folder / "b.safetensors")
    >>> again.card["name"], again.card["resolution"], again.layout
    ('ones', 8, 'DCGAN')
    >>> again.fingerprint() == read_checkpoint(folder / "a.pt").fingerprint()
    True
    """
    from safetensors.numpy import save as serialize

    facts = {
        "format": FORMAT,
        "family": checkpoint.family,
        "layout": checkpoint.layout,
        "classes": checkpoint.classes,
        "resolution": checkpoint.resolution,
        "z_dim": checkpoint.z_dim,
        "w_dim": checkpoint.w_dim,
    }
    origin = {"place": checkpoint.place, "sha256": checkpoint.file.sha256}
    whole = {**origin, **checkpoint.card, **(card or {}), **facts}
    try:
        _Card.model_validate(whole, strict=False)
    except ValidationError as error:
        raise InputError(f"the card of {printable(out, None)}: {complaint(error, _Card)}") from None
    header = {"ganatomy": json.dumps(whole, sort_keys=True, allow_nan=False)}
    weights = dict(checkpoint.weights)  # all read, and found good, before anything is written
    if os.name == "nt":  # where no file is replaced that is open
        checkpoint.file.release()
    make_folder(Path(out).parent)
    content = serialize(weights, header)
    with replacing(out) as file:
        file.write(content)


def _card(header: str, where: str) -> dict[str, Any]:
    """Read what ganatomy wrote into a file's header; empty for foreign files."""
    if not header:
        return {}
    found = parse_json(header, f"{where}, its card", _Format).format
    if found.startswith("fitted-gan"):
        raise InputError(
            f"{where} is a GAN fitted to points, and makes no pictures; 'ganatomy sample {where}' writes points of it"
        )
    if found.startswith("directions"):
        raise InputError(
            f"{where} holds directions, not a generator: Directions.load reads it, and 'ganatomy edit' moves codes by "
            f"it"
        )
    if found != FORMAT:
        raise InputError(f"{where} holds {printable(found)}, this version reads {FORMAT}")
    card = parse_json(header, f"{where}, its card", _Card)
    if card.family not in FAMILIES:
        raise InputError(f"{where}, its card: {unknown('family', card.family, FAMILIES)}")
    return card.model_dump(exclude_unset=True)
