"""A player: a network, its optimizer, and one descent step.

The parameters of a network are laid out in one flat vector, and each parameter becomes a view into it. An optimizer
whose update is elementwise (RMSprop, Adam, SGD, ...) then makes the same update with a handful of operations on one
vector instead of on every tensor; clipping and averaging are one operation each, and a checkpoint is a few vectors.
Optimizers that look at a tensor's shape are given the separate tensors.
"""

import inspect
import math
from collections.abc import Callable
from typing import Any, Generic, TypeVar, cast

import torch
from torch import Tensor, nn

from ganatomy.errors import InputError, unknown
from ganatomy.fitting.recipes.recipe import Optimizer

Net = TypeVar("Net", bound=nn.Module)

_REFUSED = {
    "LBFGS": "it evaluates the loss several times a step",
    "SparseAdam": "it needs sparse gradients",
    "Muon": "it takes matrices only, and networks have biases too",
}
SHAPED = {"Adafactor"}
"""Optimizers whose update depends on the shape of each tensor."""

_FUSED = {"Adam", "AdamW"}  # the same update in one pass over the vector, where no option speaks against it
_UNFUSED = {"fused", "foreach", "capturable", "differentiable"}


def optimizer_class(name: str) -> type[torch.optim.Optimizer]:
    """Find a `torch.optim` class by its name, in any case.

    Raises:
        InputError: there is none, or it cannot train a player.

    >>> optimizer_class("rmsprop").__name__
    'RMSprop'
    """
    classes = {
        key.lower(): value
        for key, value in vars(torch.optim).items()
        if inspect.isclass(value) and issubclass(value, torch.optim.Optimizer) and value is not torch.optim.Optimizer
    }
    if name.lower() not in classes:
        raise unknown("optimizer", name, sorted(classes))
    found = classes[name.lower()]
    if found.__name__ in _REFUSED:
        raise InputError(f"optimizer '{name}' cannot train a player: {_REFUSED[found.__name__]}; try adam")
    return found


def rate(schedule: str, progress: float) -> float:
    """Return the factor on the learning rate after a share of the training, from 1 at the start.

    >>> [round(rate(name, 0.75), 4) for name in ("constant", "linear", "cosine")]
    [1.0, 0.25, 0.1464]
    """
    if schedule == "linear":
        return 1 - progress
    if schedule == "cosine":
        return (1 + math.cos(math.pi * progress)) / 2
    return 1.0


class Player(Generic[Net]):
    """A network that descends: `player.step(player.gradients(loss), progress)` is one step of its optimizer.

    `player.parameters` is the flat vector (P,); `player.state_dict()` holds everything that a step depends on.

    >>> from ganatomy.fitting.recipes.recipe import Optimizer
    >>> network = nn.Linear(1, 1, bias=False)
    >>> player = Player(network, Optimizer(name="sgd", lr=0.5))
    >>> before = network.weight.item()
    >>> player.step(player.gradients(3 * network.weight.sum()), progress=0.0)
    >>> round(before - network.weight.item(), 6)
    1.5
    """

    def __init__(self, network: Net, settings: Optimizer) -> None:
        self.network = network
        self._tensors = list(network.parameters())
        self.parameters = _flatten(self._tensors)
        self._settings = settings
        chosen = optimizer_class(settings.name)
        if chosen.__name__ in SHAPED:
            self._targets = self._tensors
        else:
            self._targets = [self.parameters]
            self.parameters.grad = torch.empty_like(self.parameters)
        self.optimizer = _construct(chosen, self._targets, settings)

    def gradients(self, loss: Tensor, retain_graph: bool = False) -> tuple[Tensor, ...]:
        """Differentiate a loss () or independent losses (R,) by this player's tensors only.

        Gradients of the other player would be thrown away, so they are not computed.
        """
        return torch.autograd.grad(loss.sum(), self._tensors, retain_graph=retain_graph)

    def step(self, gradients: tuple[Tensor, ...], progress: float) -> None:
        """Make the optimizer's step with gradients that `gradients` returned."""
        if self._targets is self._tensors:
            for tensor, gradient in zip(self._tensors, gradients, strict=True):
                tensor.grad = gradient
        else:
            torch.cat([gradient.reshape(-1) for gradient in gradients], out=self.parameters.grad)
        if self._settings.schedule != "constant":
            for group in self.optimizer.param_groups:
                group["lr"] = self._settings.lr * rate(self._settings.schedule, progress)
        self.optimizer.step()

    def state_dict(self) -> dict[str, Any]:
        """Return everything that the next step depends on, by reference."""
        return {"network": self.network.state_dict(), "optimizer": self.optimizer.state_dict()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take up the state that `state_dict` returned; the optimizer's settings are the player's own.

        Raises:
            ValueError: it is of another network or optimizer.
        """
        held, like = state["optimizer"]["state"], self._after_a_step() if state["optimizer"]["state"] else {}
        if _shapes(held) != _shapes(like) or _shapes([state["network"]]) != _shapes([self.network.state_dict()]):
            raise ValueError("it is of another network or optimizer")
        self.network.load_state_dict(state["network"])
        self.optimizer.load_state_dict({"state": held, "param_groups": self.optimizer.state_dict()["param_groups"]})

    def _after_a_step(self) -> dict[int, dict[str, Any]]:
        """Return a state such as the optimizer has after its first step."""
        trial = [nn.Parameter(torch.zeros_like(target)) for target in self._targets]
        for target in trial:
            target.grad = torch.zeros_like(target)
        optimizer = _construct(type(self.optimizer), trial, self._settings)
        optimizer.step()
        return optimizer.state_dict()["state"]


def _shapes(tables: Any) -> Any:
    """Return what can be compared of tables of tensors: names, shapes and types."""
    pairs = tables.items() if isinstance(tables, dict) else enumerate(tables)
    shape = lambda value: (value.shape, value.dtype) if isinstance(value, Tensor) else type(value)  # noqa: E731
    return {key: {name: shape(value) for name, value in table.items()} for key, table in pairs}


def _flatten(tensors: list[nn.Parameter]) -> nn.Parameter:
    """Move tensors into one vector, each becoming a view of its part."""
    flat = nn.Parameter(torch.cat([tensor.detach().reshape(-1) for tensor in tensors]))
    start = 0
    for tensor in tensors:
        tensor.data = flat.data[start : start + tensor.numel()].view_as(tensor)
        start += tensor.numel()
    return flat


def _construct(
    chosen: type[torch.optim.Optimizer], targets: list[nn.Parameter], settings: Optimizer
) -> torch.optim.Optimizer:
    """Make the optimizer, turning what its constructor refuses into one line."""
    make = cast("Callable[..., torch.optim.Optimizer]", chosen)  # each class has arguments of its own
    known = [key for key in inspect.signature(chosen).parameters if key not in ("params", "lr")]
    for key in settings.options:
        if key not in known:
            raise unknown(f"option of optimizer '{settings.name}'", key, known)
    options = {key: tuple(v) if isinstance(v, list) else v for key, v in settings.options.items()}
    if chosen.__name__ in _FUSED and not _UNFUSED & options.keys() and targets[0].device.type in ("cpu", "cuda"):
        options["fused"] = True
    try:
        trial = nn.Parameter(torch.zeros(1))
        trial.grad = torch.zeros(1)
        make([trial], lr=settings.lr, **options).step()  # some options are refused at the first step only
        return make(targets, lr=settings.lr, **options)
    except Exception as error:  # each class complains in its own way
        reason = f"{type(error).__name__}: {error}".splitlines()[0]
        raise InputError(f"optimizer '{settings.name}' refuses its options {settings.options}: {reason}") from None
