"""What a fit is to be, before anything is trained: the points in their two parts, the recipe, and the folder's name.

Shapes: `N` points trained on, `M` held-out points, `D` data dimensions.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock
from numpy.typing import ArrayLike, NDArray

from ganatomy.errors import InputError, unknown
from ganatomy.files import file_name
from ganatomy.fitting.metrics.yardstick import NEIGHBOURS, SCALES, Scale, Yardstick
from ganatomy.fitting.objectives.own import AnyObjective, OwnObjective, resolved
from ganatomy.fitting.points.cloud import Cloud, given_points
from ganatomy.fitting.points.distributions import Distribution
from ganatomy.fitting.points.labels import Labels
from ganatomy.fitting.points.named import AnyPoints, named_parts, named_points
from ganatomy.fitting.recipes.recipe import Recipe, load_recipe
from ganatomy.fitting.run.folder import RunFolder, fingerprint
from ganatomy.fitting.training.trainer import Trainer


@dataclass(frozen=True)
class PlannedFit:
    """A fit that is decided.

    Attributes:
        name: of the points, a short one.
        train: points that are trained on, (N, D).
        heldout: points that it is measured on, (M, D); None if it is not to be measured.
        distribution: where the points come from, if that is known.
        recipe: resolved.
        objective: if it is not built in.
        seed: of everything random.
        columns: the names of the D coordinates, or none.
        train_labels: the component of each point that is trained on, where that is told.
        heldout_labels: likewise of those held out.
        scale: in which it is measured: "std" or "raw".
    """

    name: str
    train: NDArray[np.float64]
    heldout: NDArray[np.float64] | None
    distribution: Distribution | None
    recipe: Recipe
    objective: OwnObjective | None
    seed: int
    columns: tuple[str, ...] = ()
    train_labels: Labels | None = None
    heldout_labels: Labels | None = None
    scale: Scale = "std"

    @property
    def folder(self) -> Path:
        """The folder that the command line writes to, unless it is told another."""
        recipe = self.recipe
        name = f"{self.name}-{recipe.objective}-{recipe.optimizer_name}-{recipe.name}"
        return Path("runs") / file_name(f"{name}-seed{self.seed}")

    @property
    def fingerprint(self) -> str:
        """The digest of all that decides the run, by which its folder is known."""
        parts = (self.train,) if self.heldout is None else (self.train, self.heldout)
        return fingerprint(self.recipe, self.seed, *parts)

    @property
    def metrics(self) -> tuple[str, ...]:
        """The metrics that it is measured by, none without held-out points; found with a few points, so at once.

        Raises:
            InputError: there are too few points to measure with.
        """
        if self.heldout is None:
            return ()
        known = {"trained": True, "labels": self.train_labels, "scale": self.scale}
        return tuple(Yardstick(self.heldout, self.train, self.distribution, **known, limit=NEIGHBOURS + 1).floor)

    def goes_on_in(self, folder: RunFolder) -> bool:
        """Say whether this run goes on from the one that a folder holds: the same of fewer epochs.

        All that is random is drawn from the seed and the epoch, so it then ends as it would from the start. A finished
        run stays whole until the longer one is trained; stopped before, that is resumed by the same plan.

        Raises:
            InputError: it is the same run, but finished, of more epochs, or of a recipe that follows their number.
        """
        try:
            begun = folder.read_checkpoint()
            held = None if begun is None else begun.get("epochs") or load_recipe(folder.path / "recipe.toml").epochs
        except InputError:
            return False
        if begun is None or held is None:
            return False
        wanted = self.recipe.epochs
        same = replace(self, recipe=self.recipe.model_copy(update={"epochs": held}))
        if begun["fingerprint"] != same.fingerprint:
            return False
        done = folder.read_summary()["epochs"] if folder.finished else 0
        if held == wanted and done != wanted:
            return True
        paced, advice = self.recipe.paced or self._own_pace, "choose another `out`, or `force=True` to replace it"
        what = f"{folder.path} holds {'a finished' if done else 'an unfinished'} run of {done or held} epochs"
        if paced and held != wanted:
            raise InputError(
                f"{what}, whose {paced} follows their number, so that one of {wanted} is another from the start; "
                f"{advice}"
            )
        if held >= wanted:
            what += f", and what goes on from it to {held}" if 0 < done < held else ""
            more = "" if paced else f"give {'more' if done == held else f'{held} or more'} `epochs` to go on from it, "
            raise InputError(f"{what}; {more}{advice}")
        return True

    @property
    def _own_pace(self) -> str:
        """What of an objective of one's own may follow the share of the training that is done; "" if nothing does."""
        given = [] if self.objective is None else [part for part in self.objective.parts if part.endswith("penalty")]
        return given[0].replace("_", "'s ") if given else ""

    def check(self, folder: RunFolder, force: bool = False) -> None:
        """Refuse a folder that this run must not write to, as `RunFolder.check` does; nothing is changed."""
        folder.check(self.fingerprint, force, partial(self.goes_on_in, folder))

    def claim(self, folder: RunFolder, force: bool = False) -> FileLock:
        """Take a folder for this run, as `RunFolder.claim` does; hold while writing."""
        return folder.claim(self.fingerprint, force, partial(self.goes_on_in, folder))

    def trainer(self, device: str = "auto") -> Trainer:
        """Make what trains it.

        Raises:
            InputError: no such device, too few points for a batch, a setting that PyTorch refuses.
        """
        return Trainer(self.train, self.recipe, self.seed, device, self.objective)


def plan_fit(
    points: AnyPoints = "zigzag",
    objective: str | AnyObjective | None = None,
    recipe: "str | Path | Recipe | Mapping[str, Any] | None" = None,
    seed: int = 0,
    *,
    heldout: ArrayLike | None = None,
    train_size: int | None = None,
    variable: str | None = None,
    labels: str | ArrayLike | None = None,
    transpose: bool = False,
    distribution: Distribution | None = None,
    scale: Scale = "std",
    measured: bool = False,
    **overrides: Any,
) -> PlannedFit:
    """Decide what a fit is to be; the arguments are those of `ganatomy.fit`.

    Args:
        points: an array or a DataFrame, a file's path, or a distribution or its name.
        objective: a name, or one's own.
        recipe: a name, a file, a mapping or a recipe.
        seed: of everything random; points of a distribution are drawn by it too.
        heldout: real points to measure on.
        train_size: instead of `heldout`.
        variable: of a file.
        labels: the component of each point, or where they stand.
        transpose: whether each column of the points' array is a point.
        distribution: where points that are given as an array come from.
        scale: in which it is measured.
        measured: whether some points are held out in any case; otherwise they are if `train_size` says so, or if the
            points were given by name.
        **overrides: recipe fields.

    Raises:
        InputError: anything given cannot be used.

    >>> plan = plan_fit("ring", "gan", seed=1, epochs=9)
    >>> plan.train.shape, plan.heldout.shape, plan.folder.as_posix()
    ((7000, 2), (1192, 2), 'runs/ring-gan-rmsprop-course-seed1')
    >>> plan_fit(plan.train).heldout is None
    True
    """
    settled, own = resolved(objective, recipe, overrides)
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or not 0 <= seed < 2**63:
        raise InputError(f"`seed={seed!r}`: give a whole number from 0 to 2^63 - 1")
    if train_size is not None and heldout is not None:
        raise InputError("give `heldout` or `train_size`, not both")
    if distribution is not None and not isinstance(distribution, Distribution):
        raise InputError(f"distribution = {distribution!r}: give ganatomy.distribution(NAME)")
    if scale not in SCALES:
        raise unknown("scale", scale, SCALES)
    by_name = isinstance(points, str | Path | Distribution)
    cloud = named_points(points, variable, int(seed), labels=labels, transpose=transpose)
    if heldout is not None:
        train, held = cloud, _held(heldout, labels)
    elif by_name or measured or train_size is not None:
        train, held = named_parts(cloud, train_size, int(seed))
    else:
        train, held = cloud, None
    return PlannedFit(
        cloud.name,
        train.points,
        None if held is None else held.points,
        distribution or cloud.distribution,
        settled,
        own,
        int(seed),
        cloud.columns,
        train.labels,
        None if held is None else held.labels,
        scale,
    )


def _held(heldout: ArrayLike, labels: "str | ArrayLike | None") -> Cloud:
    """Take held-out points, with their labels where they are a table that has the column of labels too."""
    if isinstance(heldout, Cloud):
        return heldout
    column = isinstance(labels, str) and labels in getattr(heldout, "columns", ())
    return given_points(heldout, labels if column else None, where="heldout")
