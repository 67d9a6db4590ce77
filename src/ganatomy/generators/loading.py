"""From a source to a generator that makes pictures.

A source is a zoo name, a path, hf://owner/repo/file[@revision] or https://... (see `zoo`); whatever layout the file has
(see `layouts`), what comes out is the same: our generator, in evaluation mode, float32.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ganatomy.errors import InputError
from ganatomy.generators.checkpoint import Checkpoint, read_checkpoint, write_checkpoint
from ganatomy.generators.zoo.cards import DEFAULT, Obtained, obtain

if TYPE_CHECKING:
    import torch

    from ganatomy.generators.base import Generator

_TOLD = ("title", "author", "trained_on", "licence", "licence_note", "citation")


@dataclass(frozen=True)
class Opened:
    """A checkpoint and where it came from.

    Attributes:
        checkpoint: its weights are read when they are asked for.
        obtained: the file and its hash.
        name: a short name: the zoo's, the card's, or the file's without its ending.
    """

    checkpoint: Checkpoint
    obtained: Obtained
    name: str

    @property
    def facts(self) -> dict[str, Any]:
        """What is known of the weights: where from, their sha256, whose they are, on what terms."""
        card = self.obtained.card
        told = self.checkpoint.card if card is None else card.model_dump()
        facts = {key: told[key] for key in _TOLD if told.get(key)}
        return {"name": self.name, "source": self.obtained.source, "sha256": self.obtained.sha256, **facts}


def open_checkpoint(
    source: str | os.PathLike = DEFAULT,
    *,
    classes: int | Sequence[str] | None = None,
    sha256: str | None = None,
    trust: bool = False,
    **how: Any,
) -> Opened:
    """Fetch a source if need be, and open it without building the network; PyTorch is not imported.

    Args:
        source: a zoo name, a path, hf://owner/repo/file[@revision] or https://...
        classes: of a conditional generator: their number or names; by default what its card says.
        sha256: 64 hex digits that the file must have.
        trust: take a file whose hash nobody has checked, and pin that hash for all later uses.
        **how: `say` of `zoo.obtain`.

    Raises:
        InputError: no such source, or not a generator's checkpoint; see `zoo.obtain` and `read_checkpoint`.

    >>> import tempfile, torch
    >>> path = Path(tempfile.mkdtemp()) / "tiny.pth"
    >>> torch.save({"a.weight": torch.ones(5, 4, 4, 4), "b.weight": torch.ones(4, 3, 4, 4)}, path)
    >>> opened = open_checkpoint(path)
    >>> opened.name, opened.checkpoint.layout, opened.checkpoint.resolution
    ('tiny', 'DCGAN', 8)
    """
    obtained = obtain(source, sha256=sha256, trust=trust, **how)
    card = obtained.card
    if classes is None and card is not None and card.classes:
        classes = card.classes
    checkpoint = read_checkpoint(obtained.path, classes=classes)
    if card is not None and (checkpoint.family, checkpoint.resolution) != (card.family, card.resolution):
        raise InputError(
            f"{obtained.path} is a {checkpoint.family} of {checkpoint.resolution} pixels, the card '{card.name}' says "
            f"{card.family} of {card.resolution}; to use the file as it is, give its path as the source"
        )
    name = card.name if card else checkpoint.card.get("name") or Path(obtained.path).stem
    return Opened(checkpoint, obtained, str(name))


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
        The generator, in evaluation mode, float32, without gradients of its weights.

    Raises:
        InputError: no such source, not a generator's checkpoint, weights that are not finite, no such device.

    >>> import tempfile, torch
    >>> path = Path(tempfile.mkdtemp()) / "tiny.pth"
    >>> torch.save({"a.weight": torch.ones(5, 4, 4, 4), "b.weight": torch.ones(4, 3, 4, 4)}, path)
    >>> G = load(path)
    >>> G.synthesis(G.mapping(G.draw(2, seed=0))).shape
    torch.Size([2, 3, 8, 8])
    """
    return build(open_checkpoint(source, classes=classes, sha256=sha256, trust=trust), device)


def build(opened: Opened, device: str | torch.device = "cpu") -> Generator:
    """Build the network of an opened checkpoint; see `load`, whose second half this is.

    >>> import tempfile, torch
    >>> path = Path(tempfile.mkdtemp()) / "tiny.pth"
    >>> torch.save({"a.weight": torch.ones(5, 4, 4, 4), "b.weight": torch.ones(4, 3, 4, 4)}, path)
    >>> build(open_checkpoint(path)).name
    'tiny'
    """
    from ganatomy.execution import choose_device
    from ganatomy.generators.networks.dcgan import DCGAN
    from ganatomy.generators.networks.progan import ProGAN
    from ganatomy.generators.networks.stylegan import StyleGAN
    from ganatomy.generators.networks.stylegan2 import StyleGAN2

    chosen = choose_device(device)
    families = {family.family: family for family in (DCGAN, ProGAN, StyleGAN, StyleGAN2)}
    generator = families[opened.checkpoint.family].from_weights(opened.checkpoint.weights, opened.checkpoint.classes)
    generator.name = opened.name
    return generator.to(chosen)


def convert(opened: Opened, path: str | os.PathLike) -> None:
    """Write an opened checkpoint in our own format: safetensors with a card, nothing that could run.

    Raises:
        InputError: a name that does not end in .safetensors, weights that are not finite, a file that cannot be
            written.

    >>> import tempfile, torch
    >>> folder = Path(tempfile.mkdtemp())
    >>> torch.save({"a.weight": torch.ones(5, 4, 4, 4), "b.weight": torch.ones(4, 3, 4, 4)}, folder / "tiny.pth")
    >>> convert(open_checkpoint(folder / "tiny.pth"), folder / "ours.safetensors")
    >>> open_checkpoint(folder / "ours.safetensors").name
    'tiny'
    """
    if Path(path).suffix != ".safetensors":
        raise InputError(f"{path}: the format written is safetensors; let the name end in .safetensors")
    known = opened.checkpoint.card  # of a file of ours, which tells where the weights came from at first
    origin = {key: known[key] for key in ("source", "sha256") if key in known}
    write_checkpoint(opened.checkpoint, path, {**opened.facts, **origin})
