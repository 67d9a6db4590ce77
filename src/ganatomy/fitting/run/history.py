"""What a fit remembers while it trains: losses of every iteration, and a picture and the metrics of every snapshot.

Shapes: `T` iterations so far, `S` snapshots so far, `n` points a snapshot, `D` data dimensions, `g` points of the
grid over the plane on which the discriminator's value is kept.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import torch

from ganatomy.errors import unknown
from ganatomy.fitting.metrics.tables import frame_of, html_of

if TYPE_CHECKING:
    import pandas

LOSSES = ("iteration", "epoch", "discriminator", "generator", "penalty")


@dataclass(repr=False)
class History:
    """A growing record; `state_dict` holds it in tensors, for a checkpoint.

    >>> history = History()
    >>> history.add_losses(1, 1, 0.5, 0.7, 0.0)
    >>> history.add_snapshot(1, np.zeros((4, 2)), np.zeros(9), {"wasserstein2": 0.1})
    >>> again = History.from_state(history.state_dict())
    >>> again.epochs, again.losses, again.metrics
    ([1], [(1, 1, 0.5, 0.7, 0.0)], [{'wasserstein2': 0.1}])
    >>> history
    History(1 iterations, 1 snapshots, 0.0 s)
    >>> history.to_frame()["wasserstein2"].tolist()
    [0.1]
    """

    losses: list[tuple[int, int, float, float, float]] = field(default_factory=list)
    epochs: list[int] = field(default_factory=list)
    samples: list[np.ndarray] = field(default_factory=list)  # (n, D) each
    fields: list[np.ndarray] = field(default_factory=list)  # (g,) each
    metrics: list[dict[str, float]] = field(default_factory=list)
    seconds: float = 0.0

    def add_losses(self, iteration: int, epoch: int, discriminator: float, generator: float, penalty: float) -> None:
        """Remember the losses of an iteration."""
        self.losses.append((iteration, epoch, discriminator, generator, penalty))

    def add_snapshot(self, epoch: int, samples: np.ndarray, field: np.ndarray, metrics: dict[str, float]) -> None:
        """Remember generated points (n, D), the discriminator's value on the grid (g,), and the metrics."""
        self.epochs.append(epoch)
        self.samples.append(samples)
        self.fields.append(field.astype(np.float32))
        self.metrics.append(metrics)

    def keep(self, epochs: Collection[int]) -> None:
        """Forget all snapshots but those of these epochs.

        >>> history = History()
        >>> for epoch in range(4):
        ...     history.add_snapshot(epoch, np.zeros((4, 2)), np.zeros(9), {"wasserstein2": 0.1 * epoch})
        >>> history.keep([0, 2])
        >>> history.epochs, history.metric("wasserstein2")
        ([0, 2], array([0. , 0.2]))
        """
        places = [k for k, epoch in enumerate(self.epochs) if epoch in epochs]
        self.epochs, self.samples = [self.epochs[k] for k in places], [self.samples[k] for k in places]
        self.fields, self.metrics = [self.fields[k] for k in places], [self.metrics[k] for k in places]

    @property
    def metric_names(self) -> list[str]:
        """The metrics measured, in order."""
        return list(self.metrics[0]) if self.metrics else []

    def metric(self, name: str) -> np.ndarray:
        """Return one metric over the snapshots: (S,)."""
        return np.array([row[name] for row in self.metrics])

    def loss(self, name: str) -> np.ndarray:
        """Return one column of `LOSSES` over the iterations: (T,)."""
        column = LOSSES.index(name)
        return np.array([row[column] for row in self.losses])

    def __repr__(self) -> str:
        return f"History({len(self.losses)} iterations, {len(self.epochs)} snapshots, {self.seconds:.1f} s)"

    def _repr_html_(self) -> str:
        return html_of(*self.table("metrics" if self.metrics else "losses"))

    def table(self, of: Literal["metrics", "losses"] = "metrics") -> tuple[list[str], list[list[Any]]]:
        """Lay out the metrics of every snapshot, or the losses of every iteration, as columns and rows.

        Raises:
            InputError: neither of the two.
        """
        if of == "losses":
            return list(LOSSES), [list(row) for row in self.losses]
        if of != "metrics":
            raise unknown("table of a history", str(of), ("metrics", "losses"))
        rows = [[epoch, *row.values()] for epoch, row in zip(self.epochs, self.metrics, strict=True)]
        return ["epoch", *self.metric_names], rows

    def to_frame(self, of: Literal["metrics", "losses"] = "metrics") -> "pandas.DataFrame":
        """Make a DataFrame of the metrics, a row a snapshot, or of the losses, a row an iteration.

        Raises:
            InputError: there is no such table.
        """
        return frame_of(*self.table(of))

    def state_dict(self) -> dict[str, Any]:
        """Return all of it as tensors, numbers, text and plain containers."""
        return {
            "losses": torch.tensor(self.losses, dtype=torch.float64).reshape(-1, len(LOSSES)),
            "epochs": list(self.epochs),
            "samples": [torch.from_numpy(array) for array in self.samples],
            "fields": [torch.from_numpy(array) for array in self.fields],
            "metrics": [dict(row) for row in self.metrics],
            "seconds": self.seconds,
        }

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> "History":
        """Return the record that `state_dict` was taken from."""
        if len({len(state[name]) for name in ("epochs", "samples", "fields", "metrics")}) != 1:
            raise ValueError("snapshots are missing")
        return cls(
            losses=[(int(row[0]), int(row[1]), *row[2:]) for row in state["losses"].tolist()],
            epochs=list(state["epochs"]),
            samples=[tensor.numpy() for tensor in state["samples"]],
            fields=[tensor.numpy() for tensor in state["fields"]],
            metrics=list(state["metrics"]),
            seconds=state["seconds"],
        )
