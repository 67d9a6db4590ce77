"""From a source to a generator that makes pictures.

A source is a zoo name, a path, hf://owner/repo/file[@revision] or https://... (see `zoo`); whatever layout the file has
(see `layouts`), what comes out is the same: our generator, in evaluation mode, float32, with what its card says of it.
"""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ganatomy.errors import InputError
from ganatomy.files import require_memory
from ganatomy.generators.checkpoint import Checkpoint, read_checkpoint, write_checkpoint
from ganatomy.generators.families import FAMILIES
from ganatomy.generators.zoo import cards
from ganatomy.generators.zoo.cards import DEFAULT, WeightFile
from ganatomy.generators.zoo.downloads import Say
from ganatomy.terminal import tell

if TYPE_CHECKING:
    import torch

    from ganatomy.generators.base import Generator


def fetch(source: str | os.PathLike, *, sha256: str | None = None, trust: bool = False, say: Say = tell) -> WeightFile:
    """Turn a source into a weight file on this disk; what is no generator's checkpoint is not trusted, nor kept.

    Args:
        source: a zoo name, a path, hf://owner/repo/file[@revision] or https://...
        sha256: 64 hex digits that the file must have.
        trust: take a file whose hash nobody has checked, and pin that hash for all later uses.
        say: called with each line that a person should see: licence at first use, what is being fetched.

    Raises:
        InputError: no such name or path; a hash that differs or is missing; no network and nothing cached; what came
            and was to be trusted is no checkpoint that `read_checkpoint` opens.

    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "mine.pth"
    >>> _ = path.write_bytes(b"abc")
    >>> fetch(path).sha256[:8]
    'ba7816bf'
    """
    return cards.fetch(source, sha256=sha256, trust=trust, say=say, check=read_checkpoint)


def open_checkpoint(
    source: str | os.PathLike = DEFAULT,
    *,
    classes: int | Sequence[str] | None = None,
    sha256: str | None = None,
    trust: bool = False,
    **how: Any,
) -> Checkpoint:
    """Fetch a source if need be, and open it without building the network; PyTorch is not imported.

    Args:
        source: a zoo name, a path, hf://owner/repo/file[@revision] or https://...
        classes: of a conditional generator: their number or names; by default what its card says.
        sha256: 64 hex digits that the file must have.
        trust: take a file whose hash nobody has checked, and pin that hash for all later uses.
        **how: `say` of `fetch`.

    Raises:
        InputError: no such source, or not a generator's checkpoint; see `fetch` and `read_checkpoint`.

    >>> import tempfile, torch
    >>> path = Path(tempfile.mkdtemp()) / "tiny.pth"
    >>> torch.save({"a.weight": torch.ones(5, 4, 4, 4), "b.weight": torch.ones(4, 3, 4, 4)}, path)
    >>> checkpoint = open_checkpoint(path)
    >>> checkpoint.name, checkpoint.layout, checkpoint.resolution, checkpoint.strength_range
    ('tiny', 'DCGAN', 8, (-2.0, 2.0))
    """
    file = fetch(source, sha256=sha256, trust=trust, **how)
    card = file.card
    if classes is None and card is not None and card.classes:
        classes = card.classes
    checkpoint = read_checkpoint(file.opened, classes=classes)
    if card is not None and (checkpoint.family, checkpoint.resolution) != (card.family, card.resolution):
        raise InputError(
            f"{file.path} is a {checkpoint.family} of {checkpoint.resolution} pixels, the card '{card.name}' says "
            f"{card.family} of {card.resolution}; to use the file as it is, give its path as the source"
        )
    return replace(checkpoint, origin=file)


def load(
    source: str | os.PathLike = DEFAULT,
    *,
    classes: int | Sequence[str] | None = None,
    sha256: str | None = None,
    trust: bool = False,
    device: str | torch.device = "cpu",
) -> Generator:
    """Load a pretrained generator, so that `G.synthesis(G.mapping(z))` is the picture.

    Args:
        source: a zoo name, a path, hf://owner/repo/file[@revision] or https://...
        classes: of a conditional generator: their number or names; by default what its card says.
        sha256: 64 hex digits that the file must have.
        trust: take a file whose hash nobody has checked, and pin that hash for all later uses.
        device: where it shall be: "cpu", "cuda", "auto" ...

    Returns:
        The generator, in evaluation mode, float32, without gradients of its weights; `name`, `facts` and
        `strength_range` are what its card says.

    Raises:
        InputError: no such source, not a generator's checkpoint, weights that are not finite, no such device, no memory
            for it.

    >>> import tempfile, torch
    >>> path = Path(tempfile.mkdtemp()) / "tiny.pth"
    >>> torch.save({"a.weight": torch.ones(5, 4, 4, 4), "b.weight": torch.ones(4, 3, 4, 4)}, path)
    >>> G = load(path)
    >>> G.synthesis(G.mapping(G.draw(2, seed=0))).shape, sorted(G.facts)
    (torch.Size([2, 3, 8, 8]), ['name', 'sha256', 'source'])
    """
    return build(open_checkpoint(source, classes=classes, sha256=sha256, trust=trust), device)


def build(checkpoint: Checkpoint, device: str | torch.device = "cpu") -> Generator:
    """Build the network of a checkpoint; see `load`, whose second half this is.

    Raises:
        InputError: no such device; weights that are not finite; no memory for the network and a picture of it.

    >>> import tempfile, torch
    >>> path = Path(tempfile.mkdtemp()) / "tiny.pth"
    >>> torch.save({"a.weight": torch.ones(5, 4, 4, 4), "b.weight": torch.ones(4, 3, 4, 4)}, path)
    >>> build(open_checkpoint(path)).name
    'tiny'
    """
    from ganatomy.execution import choose_device
    from ganatomy.generators.networks import NETWORKS

    chosen = choose_device(device)
    shapes, pixels = checkpoint.weights.shapes, checkpoint.resolution
    needed = 8 * sum(map(math.prod, shapes.values()))  # the network, and its weights as they are read
    if chosen.type == "cpu":
        needed += FAMILIES[checkpoint.family].picture_bytes(shapes, pixels)
    require_memory(needed, f"{checkpoint.path}: a generator with a picture of {pixels} pixels a side")
    generator = NETWORKS[checkpoint.family].from_weights(checkpoint.weights, checkpoint.classes)
    generator.name, generator.facts = checkpoint.name, checkpoint.facts
    generator.strength_range = checkpoint.strength_range
    return generator.to(chosen)


def convert(
    source: str | os.PathLike | Checkpoint,
    out: str | os.PathLike,
    *,
    classes: int | Sequence[str] | None = None,
    sha256: str | None = None,
    trust: bool = False,
) -> Checkpoint:
    """Write a checkpoint in our own format, safetensors with a card, nothing that could run; return what is written.

    Args:
        source: a source, as of `load`, or an opened checkpoint, to which the other arguments do not apply.
        out: the file, which is replaced if it is there; it may be the source's own. Folders are made.
        classes: as of `load`.
        sha256: as of `load`.
        trust: as of `load`.

    Raises:
        InputError: a name that does not end in .safetensors, weights that are not finite, a file that cannot be
            written, or what `open_checkpoint` refuses.

    >>> import tempfile, torch
    >>> folder = Path(tempfile.mkdtemp())
    >>> torch.save({"a.weight": torch.ones(5, 4, 4, 4), "b.weight": torch.ones(4, 3, 4, 4)}, folder / "tiny.pth")
    >>> convert(folder / "tiny.pth", folder / "ours.safetensors").name
    'tiny'
    """
    out = Path(out)
    if out.suffix != ".safetensors":
        raise InputError(f"{out}: the format written is safetensors; let the name end in .safetensors")
    if isinstance(source, Checkpoint):
        checkpoint = source
    else:
        checkpoint = open_checkpoint(source, classes=classes, sha256=sha256, trust=trust)
    known = checkpoint.card  # of a file of ours, which tells where the weights came from at first
    origin = {key: known[key] for key in ("source", "sha256") if key in known}
    write_checkpoint(checkpoint, out, {**checkpoint.facts, **origin})
    return read_checkpoint(out)
