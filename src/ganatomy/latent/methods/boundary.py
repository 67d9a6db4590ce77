"""Boundaries: the plane in a latent space that separates codes whose pictures score high from those that score low.

Given codes z_i and a score of each one's picture, such as a measured smile, codes are split at random into a part to
learn from and a part held out. Of each part the highest- and the lowest-scoring `extremes` get t = +1 and t = -1, and
the normal n of the plane n . z + b = 0 minimises the logistic loss

    mean_i log(1 + exp(-t_i (n . z_i + b))) + penalty / 2 |n|^2,

with z in units of its root mean square deviation. Its unit vector is the direction of *more* of what was scored. The
problem is convex; the penalty keeps n finite where the codes can be separated without an error, as extremes often can.

What is reported is of codes held out: `accuracy`, the share of extremes on their side of the plane (1/2 is chance), and
`explained`, the squared correlation of n . z with the score over all of them, the middling ones too.
What is not guaranteed: that moving along n changes only what was scored. What goes with it in the pictures comes along
(see `projection`). And n is estimated: of N codes of W coordinates it is off by an angle of the order of sqrt(W / N)
where the score is linear, and by more where the code explains only part of it.

References:
    Y. Shen, J. Gu, X. Tang, B. Zhou (2020), Interpreting the Latent Space of GANs for Semantic Face Editing, CVPR,
        section 2 (with a linear support vector machine).

Shape letters: `N` codes, `W` coordinates.
"""

import os
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import minimize
from scipy.special import expit
from torch import Tensor

from ganatomy.errors import InputError
from ganatomy.files import Meter, encodable, open_input, printable
from ganatomy.files.arrays import stored_npy
from ganatomy.generators.base import Generator, Precision
from ganatomy.latent.codes import Drawing, to_numpy
from ganatomy.latent.direction import finite_array
from ganatomy.latent.directions import Directions, LatentSpace
from ganatomy.latent.layers import Layers
from ganatomy.latent.pictures import batch_size, painter

LEAST = 10
"""Extremes of each kind to learn from, at least."""
EXTREMES = 0.3
"""The share of codes that counts as high, and as low."""
SCORED = 1 / 8
"""The share of pictures that must have a score to look for its boundary at all."""


Scorer = Callable[[NDArray[np.uint8]], NDArray[np.float64]]
Score = Callable[[Tensor], NDArray[np.float64]]


@dataclass(frozen=True, eq=False)
class Boundary:
    """A plane in a latent space, and how well it tells high scores from low ones.

    Attributes:
        normal: (W,), of length 1, towards higher scores.
        offset: the signed distance of code z is normal . z + offset.
        accuracy: of held-out extremes, the share on their side.
        explained: squared correlation of distance and score over all held-out codes.
        learnt: how many extremes the plane was learnt from.
        held_out: how many extremes the accuracy is of.
    """

    normal: NDArray[np.float64]
    offset: float
    accuracy: float
    explained: float
    learnt: int
    held_out: int

    @property
    def surely_better_than_chance(self) -> bool:
        """Whether the accuracy is beyond two standard errors of chance."""
        return self.accuracy > 0.5 + 1 / np.sqrt(self.held_out)


def boundary(
    generator: Generator,
    k: int | None = None,
    layers: Layers = None,
    *,
    scorer: Scorer | None = None,
    score: Score | None = None,
    names: Sequence[str] = ("score",),
    n_codes: int = 2000,
    class_name: str | None = None,
    size: int | None = None,
    precision: Precision = "float32",
    seed: int = 0,
    source: str = "",
) -> Directions:
    """Find the direction of more of each score, from random pictures that are scored.

    Args:
        generator: the network whose pictures are scored, and whose codes are edited.
        k: how many of the scores, the first ones; by default all.
        layers: which layers to edit.
        scorer: from pictures uint8 (B, H, H, 3) to scores (B,) or (B, A), NaN where a picture has none.
        score: in place of the scorer, makes pictures of codes (B, L, W) and scores them; it is asked in the same order
            every time, so that it may remember what it gave.
        names: of the A scores.
        n_codes: N, of `seed`.
        class_name: of conditional generators, the class of all codes; by default the first.
        size: pictures are scored at most this large, in pixels a side; by default as they are.
        precision: of the generator's arithmetic.
        seed: of the codes and of the split.
        source: what to call the generator in the result.

    Returns:
        Directions of method "boundary": `values` are accuracies on held-out codes, `share` is the share of the score's
        variance that the distance explains there. The name of a score is a label where the accuracy is better than
        chance by more than two standard errors.

    Raises:
        InputError: no scorer, scores of another shape, or too few or none that differ.

    >>> from ganatomy.generators.networks.planted import Planted
    >>> G = Planted(z_dim=8, resolution=16)
    >>> found = boundary(G, scorer=lambda pictures: pictures.mean(axis=(1, 2, 3)), names=["brightness"], n_codes=1000)
    >>> round(float(found.vectors[0] @ G.directions[0].numpy()), 2), found.values.round(2).tolist(), found[0].label
    (0.84, [1.0], 'brightness')
    """
    score = score or _scoring(generator, scorer, size, precision)
    rows, scores = [], []
    drawing = Drawing(n=n_codes, seed=seed, class_name=class_name, psi=1).of_one_class(generator)
    for ws in drawing.batches(generator, batch_size(generator.resolution)):
        given = np.asarray(score(ws), dtype=np.float64)
        given = given[:, None] if given.ndim == 1 else given
        if given.shape != (len(ws), len(names)):
            made = f"{', '.join(names)} make ({len(ws)}, {len(names)})"
            raise InputError(f"{len(ws)} pictures got scores of shape {given.shape}; {made}")
        rows.append(to_numpy(ws[:, 0, : generator.edit_dim]))
        scores.append(given)
    z, count = np.concatenate(rows), len(names) if k is None else min(k, len(names))
    found = [
        separate(z, column, seed=seed, name=name)
        for name, column in zip(names[:count], np.concatenate(scores).T, strict=False)
    ]
    return boundary_directions(generator, found, names[:count], layers, source)


def _scoring(generator: Generator, scorer: Scorer | None, size: int | None, precision: Precision) -> Score:
    if scorer is None:
        raise InputError("boundary needs scores: give a scorer, a function from pictures (N, H, W, 3) to numbers (N,)")
    paint = painter(generator, size, precision)
    return lambda ws: scorer(paint(ws))


def boundary_directions(
    generator: Generator, found: Sequence[Boundary], names: Sequence[str], layers: Layers = None, source: str = ""
) -> Directions:
    """Make directions of boundaries that were found between codes of a generator; see `boundary`.

    >>> from ganatomy.generators.networks.planted import Planted
    >>> G = Planted(z_dim=8)
    >>> z = G.draw(500).numpy()
    >>> boundary_directions(G, [separate(z, z[:, 0] - z[:, 1])], ["tilt"]).vectors.round(1).tolist()
    [[0.7, -0.7, -0.0, -0.0, -0.0, 0.0, 0.1, -0.0]]
    """
    return Directions.of(
        generator,
        np.array([each.normal for each in found]),
        np.array([each.accuracy for each in found]),
        np.array([each.explained for each in found]),
        method="boundary",
        layers=layers,
        source=source,
        labels=tuple(n if each.surely_better_than_chance else None for n, each in zip(names, found, strict=True)),
        names=tuple(f"boundary {name}" for name in names),
    )


def separate(
    codes: ArrayLike,
    scores: ArrayLike,
    *,
    extremes: float = EXTREMES,
    held_out: float = 0.3,
    penalty: float = 0.1,
    seed: int = 0,
    name: str = "the score",
) -> Boundary:
    """Find the plane between codes of high and of low scores.

    Args:
        codes: (N, W).
        scores: (N,), in any unit; NaN where a picture has none, and its code is then left out.
        extremes: the share of codes that counts as high, and as low.
        held_out: the share of codes that is not learnt from.
        penalty: of the squared length of the normal.
        seed: of the split.
        name: what the scores are of, for messages.

    Raises:
        InputError: other numbers of codes and scores, too few scores or none that differ, shares out of range.

    >>> z = np.random.default_rng(0).normal(size=(1000, 4))
    >>> found = separate(z, 2 * z[:, 1] - z[:, 3] + 5)
    >>> found.normal.round(2).tolist(), found.accuracy, round(found.explained, 2)
    ([-0.02, 0.9, -0.01, -0.44], 1.0, 1.0)
    """
    z = finite_array(codes, 2, "the codes")
    y = np.asarray(scores, dtype=np.float64)
    if y.shape != z.shape[:1]:
        raise InputError(f"scores of shape {y.shape} for {len(z)} codes: give one for each")
    for what, value, most in (("extremes", extremes, 0.5), ("held_out", held_out, 0.9)):
        if not 0 < value <= most:
            raise InputError(f"{what} = {value:g}: give a share above 0, at most {most:g}")
    if not 0 < penalty < np.inf:
        raise InputError(f"penalty = {penalty:g}: give a positive number")
    scored = np.flatnonzero(np.isfinite(y))
    order = np.random.default_rng(seed).permutation(scored)
    aside, learn = np.split(order, [round(held_out * len(order))])
    if int(extremes * len(learn)) < LEAST or len(aside) < 4:
        raise InputError(
            f"{name} has a value in {len(scored)} of {len(z)} pictures: too few to learn from; "
            f"{int(np.ceil(1.1 * LEAST / extremes / (1 - held_out)))} or more are needed"
        )
    learn_from, target = _extremes(learn, y, extremes, name)
    test_on, truth = _extremes(aside, y, extremes, name)
    centre = z[learn].mean(axis=0)
    scale = float(np.sqrt(((z[learn] - centre) ** 2).mean()))
    if scale == 0:
        raise InputError("the codes are all the same, so that nothing separates them")
    slope, bias = _logistic((z[learn_from] - centre) / scale, target, penalty)
    length = float(np.linalg.norm(slope))
    if length == 0:
        raise InputError(f"{name} does not go with the codes at all; there is no boundary")
    normal = slope / length
    offset = bias * scale / length - float(normal @ centre)
    distance = z @ normal + offset
    return Boundary(
        normal=normal,
        offset=offset,
        accuracy=float(np.mean(np.sign(distance[test_on]) == truth)),
        explained=float(np.corrcoef(distance[aside], y[aside])[0, 1] ** 2),
        learnt=len(learn_from),
        held_out=len(test_on),
    )


def separable(scores: ArrayLike) -> NDArray[np.bool_]:
    """Say, from a few pictures, of which scores many more are likely to have a boundary.

    Args:
        scores: (N, A); NaN where a picture has none.

    Returns:
        (A,): False where fewer than `SCORED` of the pictures have a score, or the highest are no higher than the
        lowest, as of a score that is nearly always the same.

    >>> rare, mostly_one = np.where(np.arange(64) < 4, np.arange(64), np.nan), np.arange(64) < 10
    >>> separable(np.column_stack([np.arange(64), rare, mostly_one])).tolist()
    [True, False, False]
    """
    told = []
    for column in np.asarray(scores, dtype=np.float64).T:
        known = column[np.isfinite(column)]
        often = len(known) >= max(2.0, SCORED * len(column))
        told.append(often and float(np.subtract(*np.quantile(known, [1 - EXTREMES, EXTREMES]))) > 0)
    return np.array(told, dtype=bool)


def read_boundary(
    path: str | os.PathLike, generator: LatentSpace, *, label: str | None = None, source: str = ""
) -> Directions:
    """Read a boundary as InterFaceGAN publishes them: a .npy file of one vector, (1, W) or (W,), of any length.

    Args:
        path: such as pggan_celebahq_smile_boundary.npy.
        generator: the network whose codes it separates. The file does not say; only the width can be checked.
        label: what it separates, in the words of whoever published it.
        source: what to call the generator in the result.

    Returns:
        One direction of length 1, on all layers. Its value and share are 1, as the file holds no number of its own.

    Raises:
        InputError: no such file, not a .npy file of one vector of W numbers, or one that holds pickled objects.

    >>> import tempfile
    >>> from types import SimpleNamespace
    >>> path = Path(tempfile.mkdtemp()) / "smile_boundary.npy"
    >>> np.save(path, np.array([[3.0, 4.0]], np.float32))
    >>> generator = SimpleNamespace(space="z", w_dim=2, num_ws=1, fingerprint=lambda: "f")
    >>> read_boundary(path, generator, label="smile")[0].vector.round(6).tolist()
    [0.6, 0.8]
    """
    path = Path(path)
    where, width = printable(path, None), generator.w_dim
    with open_input(path, "give a .npy file of a boundary") as stream:
        if stream.read(6) != b"\x93NUMPY":
            raise InputError(f"{where}: not a .npy file; InterFaceGAN's boundaries are such")

        def again() -> nullcontext[BinaryIO]:
            stream.seek(0)
            return nullcontext(stream)

        try:
            stored = stored_npy(again, os.fstat(stream.fileno()).st_size, Meter(where))
        except ValueError as error:
            raise InputError(f"{where}: damaged .npy file, or no boundary ({error})") from None
        if stored.dtype.kind != "f" or stored.shape not in ((1, width), (width,)):
            held = f"{stored.dtype} of shape {stored.shape}"
            raise InputError(f"{where}: {held}; this generator's boundaries are (1, {width})")
        array = stored.read()
    vector = finite_array(array.reshape(-1), 1, where)
    length = float(np.linalg.norm(vector))
    if length == 0:
        raise InputError(f"{where}: the boundary is all zeros")
    called = {"labels": (label,), "source": source, "names": (f"boundary {label or encodable(path.stem)}",)}
    return Directions.of(generator, vector[None] / length, [1.0], [1.0], method="boundary", **called)


def _extremes(
    index: NDArray[np.intp], scores: NDArray[np.float64], share: float, name: str
) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Pick the lowest and the highest of the codes of `index`, with -1 and +1."""
    count = max(1, int(share * len(index)))
    order = index[np.argsort(scores[index], kind="stable")]
    low, high = order[:count], order[-count:]
    if not scores[low[-1]] < scores[high[0]]:
        raise InputError(
            f"{name}: the {share:.0%} highest scores are no higher than the {share:.0%} lowest; nothing to separate"
        )
    return np.concatenate([low, high]), np.repeat([-1.0, 1.0], count)


def _logistic(x: NDArray[np.float64], target: NDArray[np.float64], penalty: float) -> tuple[NDArray[np.float64], float]:
    """Minimise the module's loss: the slope (W,) and the offset, which is not penalised."""

    def loss(parameters: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        slope, offset = parameters[:-1], parameters[-1]
        margin = target * (x @ slope + offset)
        pull = -target * expit(-margin) / len(x)
        gradient = np.append(x.T @ pull + penalty * slope, pull.sum())
        return float(np.logaddexp(0, -margin).mean() + penalty / 2 * (slope @ slope)), gradient

    start = np.zeros(x.shape[1] + 1)
    found = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": 1000, "gtol": 1e-8, "ftol": 1e-14})
    return found.x[:-1], float(found.x[-1])
