"""GANSpace: principal components of what a generator makes of random codes, in one pass and bounded memory.

Where a mapping network spreads codes w out unevenly, the directions are the principal components of w: the
eigenvectors of its covariance, the variances along them descending,

    cov(w) n_k = lambda_k n_k.

Where z is the only space, z is spread out evenly and has no components of its own. Then those of early features y
are taken, cov(y) u_k = lambda_k u_k with scores x_k = u_k . (y - mean y), and z is regressed on the scores: the n_k
that minimise the mean of |z - mean z - sum_k n_k x_k|^2. Since scores of different components are uncorrelated, each is

    n_k = cov(z, y) u_k / lambda_k,

so that running moments suffice and codes need not be seen twice. Directions have length 1 in either case, and SeFa's
sign: the component of largest magnitude is positive.

For features that are affine in z ~ N(0, I), y = A z + b, these are raw SeFa's directions up to sampling error: with
lambda_j the eigenvalues of A^T A, the angle t_k between the two has, over N codes and to first order,

    E sin^2 t_k = 1 / N  sum_{j != k} (lambda_k / (lambda_k - lambda_j))^2.

What is not guaranteed: directions whose variances nearly coincide (see the denominator), or a meaning. Regressed
directions need not be orthogonal. Features are held by their leading `rank` components, and what earlier batches had
beyond is forgotten; that is exact where the features have no more, and otherwise good for k well below the rank.

References:
    E. Härkönen, A. Hertzmann, J. Lehtinen, S. Paris (2020), GANSpace: Discovering Interpretable GAN Controls, NeurIPS,
        section 2.
    D. Ross, J. Lim, R.-S. Lin, M.-H. Yang (2008), Incremental Learning for Robust Visual Tracking, IJCV.
    T. Chan, G. Golub, R. LeVeque (1983), Algorithms for Computing the Sample Variance, The American Statistician.

Shape letters: `N` codes, `B` of them in a batch, `W` coordinates of a code, `E` of them editable, `F` features,
`K` directions.
"""

from collections.abc import Iterable

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from scipy.linalg import eigh

from ganatomy.errors import InputError
from ganatomy.generators.base import Generator
from ganatomy.latent.codes import Drawing, to_numpy
from ganatomy.latent.directions import Directions
from ganatomy.latent.layers import Layers
from ganatomy.latent.methods.sefa import signed

Array = NDArray[np.float64]
Principal = tuple[Array, Array, Array]


def ganspace(
    generator: Generator,
    k: int = 5,
    layers: Layers = None,
    *,
    n_codes: int = 10_000,
    feature_layer: int = 0,
    rank: int | None = None,
    class_name: str | None = None,
    seed: int = 0,
    source: str = "",
) -> Directions:
    """Find principal components: of w, or where z is the only space, of features, regressed back to z.

    Args:
        generator: the network whose codes are looked at, and edited.
        k: how many.
        layers: which layers to edit.
        n_codes: N, of `seed`; the module says how far they lead.
        feature_layer: of z-space generators, the layer whose features are looked at, after its activation.
        rank: of z-space generators, how many components of the features are kept; see `regressed_directions`.
        class_name: of conditional generators, the class of all codes; by default the first, since the components of
            several would be the differences between them.
        seed: of the codes.
        source: what to call the generator in the result.

    Raises:
        InputError: no such layer or class, K out of range, too few codes.

    >>> from ganatomy.generators.networks.dcgan import DCGAN
    >>> _ = torch.manual_seed(0)
    >>> G = DCGAN([6, 8, 3], kernels=[4, 4]).eval().requires_grad_(False)
    >>> found = ganspace(G, k=2, n_codes=1000)
    >>> found[0].name, found.share.round(2).tolist()
    ('ganspace 0', [0.16, 0.14])
    """
    if isinstance(n_codes, bool) or not isinstance(n_codes, int | np.integer) or n_codes <= k:
        raise InputError(f"n_codes = {n_codes!r}, for {k} directions: give more than that, best a thousand or more")
    drawing = Drawing(n=int(n_codes), seed=seed, class_name=class_name, psi=1).of_one_class(generator)
    mapped = drawing.batches(generator)
    if generator.space == "w":
        found = principal_directions((to_numpy(ws[:, 0]) for ws in mapped), k)
    else:
        width = generator.edit_dim
        pairs = ((ws[:, 0, :width], generator.features(ws, feature_layer).flatten(1)) for ws in mapped)
        with torch.no_grad():
            found = regressed_directions(((to_numpy(z), to_numpy(y)) for z, y in pairs), k, rank)
    return Directions.of(generator, *found, method="ganspace", layers=layers, source=source)


class Covariance:
    """The covariance (A, B) of two variables, or of one with itself, over batches: what is held is of that size.

    >>> running = Covariance()
    >>> x = np.random.default_rng(0).normal(size=(10, 3))
    >>> for batch in (x[:4], x[4:]):
    ...     running.update(batch, batch)
    >>> np.allclose(running.value, np.cov(x.T))
    True
    """

    def __init__(self) -> None:
        self.count = 0
        self._means: tuple[Array, Array] = (np.zeros(0), np.zeros(0))
        self._sum = np.zeros((0, 0))

    def update(self, a: Array, b: Array) -> None:
        """Take in a batch of both, (N, A) and (N, B)."""
        means = a.mean(axis=0), b.mean(axis=0)
        within = (a - means[0]).T @ (b - means[1])
        if not self.count:
            self.count, self._means, self._sum = len(a), means, within
            return
        total, steps = self.count + len(a), [new - old for new, old in zip(means, self._means, strict=True)]
        self._sum += within
        self._sum += np.multiply.outer(*steps) * (self.count * len(a) / total)
        self._means = tuple(old + step * (len(a) / total) for old, step in zip(self._means, steps, strict=True))
        self.count = total

    @property
    def value(self) -> Array:
        """The sample covariance, (A, B)."""
        return self._sum / (self.count - 1)


class Components:
    """The leading principal components of features (F,) over batches, held as a sketch of `rank` rows.

    The sketch S has S^T S = the sum of squares about the mean, as nearly as its rank allows. A batch, centred, is set
    below it with one more row for the difference of the two means, and what is kept of the matrix M of all these rows
    is U^T M, with U (rows, rank) the leading eigenvectors of M M^T: never a matrix F by F.

    >>> running = Components(rank=2)
    >>> x = np.random.default_rng(0).normal(size=(50, 2)) @ [[3.0, 0.0, 4.0], [0.0, 1.0, 0.0]]
    >>> for batch in (x[:20], x[20:]):
    ...     running.update(batch)
    >>> vectors, variances = running.leading(2)
    >>> np.abs(vectors).round(2).tolist(), np.allclose(variances.sum(), running.total)
    ([[0.6, 0.04, 0.8], [0.02, 1.0, 0.03]], True)
    """

    def __init__(self, rank: int) -> None:
        self.rank, self.count = rank, 0
        self._squares = 0.0
        self._mean, self._sketch = np.zeros(0), np.zeros((0, 0))

    def update(self, y: Array) -> None:
        """Take in a batch (B, F)."""
        mean, total = y.mean(axis=0), self.count + len(y)
        new = y - mean
        if self.count:
            step = mean - self._mean
            new = np.vstack([new, np.sqrt(self.count * len(y) / total) * step])
            mean = self._mean + step * (len(y) / total)
        self._squares += float(np.vdot(new, new))
        rows = np.vstack([self._sketch, new]) if self.count else new
        if len(rows) > rows.shape[1]:
            rows = np.asarray(np.linalg.qr(rows, mode="r"))  # fewer rows with the same M^T M
        columns = eigh(rows @ rows.T)[1][:, ::-1]
        self.count, self._mean, self._sketch = total, mean, columns[:, : self.rank].T @ rows

    def leading(self, k: int) -> tuple[Array, Array]:
        """Return the first k components (k, F), of length 1 or, where nothing varies, 0; and the variances (k,)."""
        rows = self._sketch[:k]
        lengths = np.linalg.norm(rows, axis=1)
        return rows / np.where(lengths > 0, lengths, 1.0)[:, None], lengths**2 / (self.count - 1)

    @property
    def total(self) -> float:
        """The variance of all features together, exact whatever the rank."""
        return self._squares / (self.count - 1)


def principal_directions(batches: Iterable[ArrayLike], k: int) -> Principal:
    """Find the K directions along which codes vary most; 8 W^2 bytes and a batch are held.

    Args:
        batches: of codes (B, W).
        k: how many, from 1 to W.

    Returns:
        The vectors (K, W), orthonormal; the variances along them (K,), descending; and their shares of the whole (K,).

    Raises:
        InputError: K out of range, fewer than 2 codes, codes that are not finite or do not vary.

    >>> codes = np.random.default_rng(0).normal(size=(1000, 3)) * [1.0, 3.0, 2.0]
    >>> vectors, variances, share = principal_directions(np.split(codes, 10), k=2)
    >>> vectors.round(2).tolist(), variances.round(1).tolist(), share.round(2).tolist()
    ([[-0.0, 1.0, -0.02], [-0.01, 0.02, 1.0]], [8.4, 4.2], [0.62, 0.31])
    """
    moments = Covariance()
    for batch in batches:
        codes = _finite(batch, "codes")
        moments.update(codes, codes)
    _check_count(moments.count)
    covariance = moments.value
    _check_k(k, len(covariance), "coordinates")
    total = float(np.trace(covariance))
    if total <= 0:
        raise InputError("all codes are the same, so that they have no principal components")
    values, columns = eigh(covariance)
    values = np.maximum(values[::-1][:k], 0.0)
    return signed(columns.T[::-1][:k]), values, values / total


def regressed_directions(batches: Iterable[tuple[ArrayLike, ArrayLike]], k: int, rank: int | None = None) -> Principal:
    """Find the directions of codes that go with the K leading components of features.

    About 8 F (E + 2 rank + 3 B) bytes are held, whatever the number of codes.

    Args:
        batches: of codes (B, E) and their features (B, F).
        k: how many, from 1 to min(E, F).
        rank: how many components of the features are followed; by default k + 50.

    Returns:
        The vectors (K, E), rows of length 1; the variances of the features along their components (K,), descending; and
        their shares of the features' variance (K,).

    Raises:
        InputError: K out of range, no more codes than directions, numbers that are not finite, features that do not
            vary.

    >>> z, A = np.random.default_rng(0).normal(size=(1000, 3)), np.array([[0.0, 2, 0], [0, 0, 1], [0, 0, 2]])
    >>> vectors, variances, share = regressed_directions(((some, some @ A.T) for some in np.split(z, 10)), k=2)
    >>> vectors.round(2).tolist(), variances.round(1).tolist(), share.round(2).tolist()
    ([[-0.01, -0.06, 1.0], [-0.01, 1.0, 0.05]], [5.2, 3.7], [0.58, 0.42])
    """
    cross, components = Covariance(), None
    for codes, features in batches:
        z, y = _finite(codes, "codes"), _finite(features, "features")
        if components is None:
            _check_k(k, min(z.shape[1], y.shape[1]), "coordinates")
            components = Components(k + 50 if rank is None else max(k, rank))
        cross.update(z, y)
        components.update(y)
    _check_count(cross.count)
    assert components is not None, "as there are codes"
    if cross.count <= k:
        raise InputError(f"{cross.count} codes for {k} directions: give more codes than that")
    if components.total <= 0:
        raise InputError("the features are the same for all codes, so that they have no principal components")
    leading, values = components.leading(k)
    raw = leading @ cross.value.T  # (K, E)
    lengths = np.linalg.norm(raw, axis=1)
    # Of cov(z, y) u, what rounding leaves: a component that no code moves has no direction.
    none = np.flatnonzero(lengths <= 1e-9 * np.sqrt(components.total))
    if len(none):
        raise InputError(f"K = {k}: the features have only {none[0]} components that codes move; ask for fewer")
    return signed(raw / lengths[:, None]), values, values / components.total


def _finite(values: ArrayLike, what: str) -> Array:
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 2 or not array.size:
        raise InputError(f"{what} of shape {array.shape}: give (N, width)")
    if not np.isfinite(array).all():
        raise InputError(f"there are NaN or infinite {what}; the generator's weights are damaged, or too large")
    return array


def _check_count(count: int) -> None:
    if count < 2:
        raise InputError(f"{count} codes: principal components need 2 or more")


def _check_k(k: int, most: int, what: str) -> None:
    if isinstance(k, bool) or not isinstance(k, int | np.integer) or not 1 <= k <= most:
        raise InputError(f"K = {k!r}: give a whole number of directions, from 1 to the {most} {what} that there are")
