"""From a name to a model: a pretrained generator of pictures, or a GAN that was fitted to points.

A run of `ganatomy fit` is known by its folder or by the model in it (see `files.made`); every other source is a
generator's (see `generators.loading`). A name of the zoo is the zoo's, whatever folder is called so; ./NAME is the
folder.
"""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ganatomy.errors import InputError
from ganatomy.files import kind_of
from ganatomy.generators.zoo.cards import DEFAULT, is_name

if TYPE_CHECKING:
    import torch

    from ganatomy.fitting.objectives.own import NamedObjective
    from ganatomy.fitting.training.model import FittedGAN


def is_fitted(source: str | os.PathLike) -> bool:
    """Say whether a source is a GAN fitted to points: a run's folder, or the file of its model.

    >>> is_fitted("faces"), is_fitted("runs/nowhere")
    (False, False)
    """
    return not is_name(os.fspath(source)) and kind_of(source) in ("run", "model")


def load_fitted(source: str | os.PathLike, objective: "NamedObjective | None" = None) -> "FittedGAN":
    """Load a GAN that was fitted to points.

    Args:
        source: the folder of a finished run, or the file of a model.
        objective: that it was trained with, if it is not built in; without it the model can be sampled only.

    Returns:
        The `Run` of a folder, with its training; of a file the model alone.

    Raises:
        InputError: no finished run, a damaged file, not the objective that it was trained with.

    >>> load_fitted("runs/nowhere")
    Traceback (most recent call last):
    ganatomy.errors.InputError: runs/nowhere is no run folder; give one that ganatomy fit made, such as runs/NAME
    """
    from ganatomy.fitting.run.result import Run
    from ganatomy.fitting.training.model import FittedGAN

    path = Path(source)
    return FittedGAN.load(path, objective) if kind_of(path) == "model" else Run.load(path, objective)


def load(
    source: str | os.PathLike = DEFAULT,
    *,
    classes: int | Sequence[str] | None = None,
    sha256: str | None = None,
    trust: bool = False,
    device: "str | torch.device" = "cpu",
    objective: "NamedObjective | None" = None,
) -> Any:
    """Load a pretrained generator, so that `G.synthesis(G.mapping(z))` is the picture; or a run, a model of points.

    Args:
        source: a zoo name, a path, hf://owner/repo/file[@revision] or https://...; or the folder of a run of
            `ganatomy.fit`, or its generator.safetensors.
        classes: of a conditional generator: their number or names; by default what its card says.
        sha256: 64 hex digits that the generator's file must have.
        trust: take a file whose hash nobody has checked, and pin that hash for all later uses.
        device: where it shall be: "cpu", "cuda", "auto" ...
        objective: that a run was trained with, if it is not built in; without it the model can be sampled only.

    Returns:
        A `Generator`, in evaluation mode, float32, without gradients of its weights, which knows what its card says; a
        `Run` of a run's folder, a `FittedGAN` of its file.

    Raises:
        InputError: no such source; neither a generator's checkpoint nor a finished run, and what it is instead; weights
            that are not finite, no such device, no memory for it; arguments for the other kind.

    >>> import tempfile, torch, ganatomy
    >>> folder = Path(tempfile.mkdtemp())
    >>> torch.save({"a.weight": torch.ones(5, 4, 4, 4), "b.weight": torch.ones(4, 3, 4, 4)}, folder / "tiny.pth")
    >>> G = load(folder / "tiny.pth")
    >>> G.synthesis(G.mapping(G.draw(2, seed=0))).shape
    torch.Size([2, 3, 8, 8])
    >>> ganatomy.fit("ring", "gan", epochs=1, train_size=300).save(folder / "generator.safetensors")
    >>> load(folder / "generator.safetensors").sample(3, seed=1).shape
    (3, 2)
    """
    if is_fitted(source):
        given = {"classes": classes is not None, "sha256": sha256 is not None, "trust": trust}
        if wrong := [name for name, said in given.items() if said]:
            raise InputError(
                f"`{wrong[0]}` is for generators of pictures, and {source} is fitted to points; leave it out"
            )
        from ganatomy.execution import choose_device

        model, chosen = load_fitted(source, objective), choose_device(device)
        model.generator.to(chosen)
        model.discriminator.to(chosen)
        return model
    if objective is not None:
        raise InputError(f"`objective` is for runs of ganatomy fit, and {source} is none; leave it out")
    from ganatomy.generators import loading

    return loading.load(source, classes=classes, sha256=sha256, trust=trust, device=device)
