"""The exact directions at each code of a fitted GAN, and how near a fixed direction comes to them.

The generator G: z (Z) -> x (D) maps every code for itself (`FittedGAN.frozen`: batch normalisation with fixed
statistics), in the data's units, and is differentiable nearly everywhere. Of a code, the first E coordinates can move;
a one-hot class behind them, where there is one, stays. Let J(z) = dG/dz be its Jacobian (D, Z), with zeros for the
class, and J = U S V^T the singular value decomposition.

- A *fixed* direction n (unit length) moves the point of every code, with velocity J(z) n.
- The *local* directions v_k(z), the columns of V, move the point most: v_0 at the largest speed S_0 that any unit
  vector attains, v_1 most of those at right angles to it. The velocity is S_k u_k. There are min(D, E) of them.

Two other comparisons tell what a number is worth. *By chance*: directions drawn anew for each code; their mean square
speed is |J|_F^2 / E. *Best fixed*: the leading eigenvectors of the mean of J^T J over codes; no fixed direction has a
larger mean square speed, and where even they are no better than chance (on a ring, say), SeFa cannot be.

Not guaranteed: that S_0 and S_1 differ, without which v_k is not unique; that v_k is continuous (ReLU networks are
linear in pieces); anything in other units of x, on which all of this depends. For E = 2 both pairs are orthonormal in
a plane, so both directions are off by the same angle. Angles between *velocities* mislead where S_0 is much larger
than S_1: nearly every direction then moves the point along u_0, so that a first velocity looks right and a second one
wrong whatever n is.

Shapes: `N` codes, `Z` latent dimensions of which `E` can move, `D` data dimensions, `K` directions, `M` = min(K, D)
of them with a local counterpart, `P` paths, `S` points a path.

References:
    A. Ramesh, Y. Choi and Y. LeCun (2018), A spectral regularizer for unsupervised disentanglement (paths along v_k).
    O. Zahm, P. Constantine, C. Prieur and Y. Marzouk (2020), Gradient-based dimension reduction of multivariate
        vector-valued functions (the mean of J^T J).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.func import jacrev, vmap

from ganatomy.errors import InputError
from ganatomy.fitting.training.model import FittedGAN
from ganatomy.fitting.training.networks import draw_codes
from ganatomy.generators.families import fingerprint

NEEDED = "directions are compared in networks that a recipe makes: fit without the objective's own"
"""What to do where networks are somebody's own code."""

_NOTHING = 1e-9  # of the largest singular value of all: below it, a direction does not move the point

Array = NDArray[np.float64]


class PointMap:
    """G in float64, code by code, from codes (N, Z) to points in the data's units, with its Jacobian.

    To `ganatomy.latent.methods.sefa` it is a generator like any other, with the space "z" and one layer.

    >>> from ganatomy.fitting.training.model import Scaling
    >>> from ganatomy.fitting.training.networks import build
    >>> from ganatomy.fitting.recipes.recipe import load_recipe
    >>> recipe = load_recipe("course")
    >>> G = PointMap(FittedGAN(recipe, *build(recipe, 2, seed=0), Scaling(np.zeros(2), np.ones(2))))
    >>> z, step = np.array([[0.3, -0.2]]), np.array([1e-6, 0.0])
    >>> np.allclose((G.points(z + step) - G.points(z - step)) / 2e-6, G.jacobian(z)[..., 0])
    True
    """

    space, num_ws = "z", 1

    def __init__(self, model: FittedGAN) -> None:
        if model.generator.own:
            raise InputError(f"the generator is somebody's own code; {NEEDED}")
        self.latent, self.scaling = model.recipe.latent, model.scaling
        self.w_dim, self.edit_dim = self.latent.width, self.latent.dim
        self._weights = model.generator.state_dict()
        self._generator = model.frozen().cpu().double().requires_grad_(False)
        self._slopes = vmap(jacrev(lambda z: self._generator(z[None])[0]))

    def style_weights(self, layers: Sequence[int] | None = None) -> Array:
        """Return the first layer's weight without the classes' columns, (R, E): what SeFa factorises."""
        first = next(iter(self._generator.layers.children()))
        assert isinstance(first, nn.Linear)
        return first.weight.detach().numpy()[:, : self.edit_dim].copy()

    def fingerprint(self) -> str:
        """Digest all weights, as for any other generator (`ganatomy.generators.families`)."""
        return fingerprint({name: weight.cpu().numpy() for name, weight in self._weights.items()})

    def draw(self, n: int, seed: int) -> Array:
        """Draw codes (n, Z) as the training does."""
        return draw_codes(self.latent, (n,), torch.Generator().manual_seed(seed)).double().numpy()

    def points(self, z: Array) -> Array:
        """Map codes (..., Z) to points (..., D)."""
        flat = self._generator(torch.from_numpy(z.reshape(-1, self.w_dim)))
        return self.scaling.to_data(flat).reshape(*z.shape[:-1], -1)

    def jacobian(self, z: Array) -> Array:
        """Differentiate at codes (..., Z): (..., D, Z), in the data's units; 0 for a class's coordinates."""
        slopes = self._slopes(torch.from_numpy(z.reshape(-1, self.w_dim))).numpy() * self.scaling.scale[:, None]
        slopes[..., self.edit_dim :] = 0.0
        return slopes.reshape(*z.shape[:-1], -1, self.w_dim)


@dataclass(frozen=True)
class Comparison:
    """K directions against the local ones at N codes; NaN where a code has no such local direction.

    Attributes:
        speed: |J n| / S_0, (N, K): 1 is the largest that is possible.
        angle: between n_k and v_k in latent space, without sign, in degrees, (N, M).
        velocity_angle: between J n_k and u_k in data space, without sign, in degrees, (N, M).
        spans: principal angles between the spans of the first M of both, in degrees, smallest first, (N, M).
    """

    speed: Array
    angle: Array
    velocity_angle: Array
    spans: Array


def against_local(jacobians: Array, directions: Array) -> Comparison:
    """Compare directions with the local ones of the same rank, at each code.

        speed = |J n_k| / S_0      angle = arccos |n_k . v_k|      velocity angle = arccos (|u_k . J n_k| / |J n_k|)

    Args:
        jacobians: J, (N, D, Z).
        directions: orthonormal, (K, Z), the same for all codes, or (N, K, Z), one set for each.

    >>> J = np.array([[[3.0, 0.0], [0.0, 1.0]]])
    >>> found = against_local(J, np.array([[0.8, 0.6], [-0.6, 0.8]]))
    >>> found.speed.round(3).tolist(), found.angle.round(1).tolist(), found.velocity_angle.round(1).tolist()
    ([[0.825, 0.657]], [[36.9, 36.9]], [[14.0, 66.0]])
    """
    u, s, vt = np.linalg.svd(jacobians, full_matrices=False)
    directions = np.broadcast_to(directions, (len(jacobians), *directions.shape[-2:]))
    count = min(directions.shape[1], s.shape[1])
    floor = _NOTHING * s.max(initial=0.0)
    exists = np.where(s > floor, 1.0, np.nan)[:, :count]
    velocities = np.einsum("nde,nke->nkd", jacobians, directions)  # (N, K, D)
    speeds = np.linalg.norm(velocities, axis=-1)
    cosines = directions[:, :count] @ vt[:, :count].transpose(0, 2, 1)  # (N, M, M)
    along = np.abs(np.einsum("nkd,ndk->nk", velocities[:, :count], u[..., :count]))
    with np.errstate(invalid="ignore", divide="ignore"):
        velocity_angle = _degrees(along / speeds[:, :count]) * exists
        speed = np.where(s[:, :1] > floor, speeds / s[:, :1], np.nan)
    return Comparison(
        speed=speed,
        angle=_degrees(np.abs(np.diagonal(cosines, axis1=1, axis2=2))) * exists,
        velocity_angle=velocity_angle,
        spans=_degrees(np.linalg.svd(cosines, compute_uv=False)) * exists[:, -1:],
    )


def _degrees(cosines: NDArray[np.floating]) -> Array:
    return np.degrees(np.arccos(np.clip(cosines, 0.0, 1.0)))


def best_fixed(jacobians: Array, k: int) -> Array:
    """Find the k fixed directions (k, Z) of the largest mean square speed: eigenvectors of the mean of J^T J.

    >>> J = np.array([[[2.0, 0.0]], [[0.0, 1.0]]])  # one code moves along z1 only, the other along z2
    >>> np.abs(best_fixed(J, 1)).tolist()
    [[1.0, 0.0]]
    """
    return np.linalg.eigh(np.einsum("nde,ndf->ef", jacobians, jacobians))[1].T[::-1][:k]


def random_frames(n: int, k: int, space: tuple[int, int], seed: int) -> Array:
    """Draw n sets of k orthonormal directions (n, k, Z), uniform in the first E coordinates, for a space (E, Z).

    >>> frames = random_frames(1000, 2, (3, 4), seed=0)
    >>> np.allclose(frames @ frames.transpose(0, 2, 1), np.eye(2)), (frames**2).mean(axis=(0, 1)).round(1).tolist()
    (True, [0.3, 0.3, 0.3, 0.0])
    """
    movable, width = space
    frames = np.linalg.qr(np.random.default_rng(seed).standard_normal((n, movable, k)))[0].transpose(0, 2, 1)
    return np.pad(frames, ((0, 0), (0, 0), (0, width - movable)))


def fixed_path(z: Array, direction: Array, reach: float, steps: int) -> Array:
    """Move codes (P, Z) along one direction (Z,), from -reach to +reach: codes (P, S, Z), S = 2 steps + 1.

    >>> fixed_path(np.zeros((1, 2)), np.array([0.0, 1.0]), reach=1.0, steps=1).tolist()
    [[[0.0, -1.0], [0.0, 0.0], [0.0, 1.0]]]
    """
    return z[:, None, :] + np.linspace(-reach, reach, 2 * steps + 1)[:, None] * direction


def local_path(
    jacobian: Callable[[Array], Array], z: Array, rank: int, toward: Array, reach: float, steps: int
) -> Array:
    """Move codes (P, Z) along their own local direction of a rank, dz / ds = v(z), by the midpoint rule.

    A direction has no sign of its own. At the start it is the one nearer to `toward` (Z,), and from there on no step is
    more than 90 degrees off the last; where S of this rank meets its neighbour, v turns at once, and so does the path.

    Args:
        jacobian: from codes (P, Z) to (P, D, Z), such as `PointMap.jacobian`.
        z: the middles of the paths.
        rank: 0 is the direction that moves the point most.
        toward: a fixed direction that tells the sign.
        reach: how far to go each way, in latent space.
        steps: how many each way.

    Returns:
        codes (P, S, Z), S = 2 steps + 1, from -reach to +reach.

    >>> def polar(z):  # of x = (r cos t, r sin t), z = (r, t): for r > 1, a turn moves x most
    ...     r, t = z.T
    ...     return np.stack([np.cos(t), -r * np.sin(t), np.sin(t), r * np.cos(t)], axis=-1).reshape(-1, 2, 2)
    >>> local_path(polar, np.array([[2.0, 0.0]]), 0, np.array([0.0, 1.0]), reach=0.5, steps=1).round(6).tolist()
    [[[2.0, -0.5], [2.0, 0.0], [2.0, 0.5]]]
    """

    def ahead(at: Array, like: Array) -> Array:
        v = np.linalg.svd(jacobian(at), full_matrices=False)[2][:, rank]  # (P, Z)
        return v * np.where((v * like).sum(axis=-1, keepdims=True) < 0, -1.0, 1.0)

    step, start = reach / steps, ahead(z, toward)
    halves = []
    for sign in (-1.0, 1.0):
        at, like, half = z, sign * start, []
        for _ in range(steps):
            like = ahead(at + ahead(at, like) * step / 2, like)
            at = at + like * step
            half.append(at)
        halves.append(half)
    return np.stack([*halves[0][::-1], z, *halves[1]], axis=1)
