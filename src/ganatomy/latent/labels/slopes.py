"""How a score of pictures depends on the code: its slope, by ridge regression, and how far that is to be trusted.

With scores a_n of the pictures of N random codes, centred and of variance 1, and x_n the codes' E editable coordinates,
centred,

    g = argmin  sum_n (a_n - g . x_n)^2 + lambda |g|^2,

lambda being the one, of 29 spread evenly by ratio, with the least squared error in codes left out one at a time. That
error needs no second fit: with h_n the leverage of code n it is the mean of ((a_n - g . x_n) / (1 - h_n))^2.

For normal codes and a score of which a share r of the variance is linear, N codes find g up to an angle of about
arctan(sqrt(E (1 - r) / (N r))): with E = 100, r = 0.6 and N = 1000, 14 degrees.
What is not guaranteed: anything of what is not linear.

References:
    D. Allen (1974), The Relationship Between Variable Selection and Data Augmentation and a Method for Prediction,
        Technometrics 16: the error left out, in closed form.
    A. Hoerl and R. Kennard (1970), Ridge Regression: Biased Estimation for Nonorthogonal Problems, Technometrics 12.

Shape letters: `N` codes, `E` editable coordinates.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ganatomy.errors import InputError

LEAST = 20
"""Scores below which nothing is fitted."""
PENALTIES = np.logspace(-6, 1, 29)
"""Tried for lambda, in units of the largest squared singular value of the codes."""


@dataclass(frozen=True)
class Slope:
    """How an attribute depends on the code: its direction of length 1, and the share of variance it explains.

    Attributes:
        vector: (E,), of length 1, towards more.
        fit: share of the variance in codes left out; 0 or less says that nothing was found.
        n_codes: those with a score.
    """

    vector: NDArray[np.float64]
    fit: float
    n_codes: int


def fit_slope(x: NDArray[np.float64], scores: NDArray[np.float64], name: str = "score") -> Slope:
    """Fit how a score depends on the code, by ridge regression; see the module.

    Args:
        x: codes (N, E).
        scores: (N,); NaN where there is none.
        name: of the score, for messages.

    Raises:
        InputError: fewer than 20 scores, all the same, or the score does not depend on the code.

    >>> random = np.random.default_rng(0)
    >>> x, noise = random.normal(size=(400, 20)), random.normal(size=400)
    >>> slope = fit_slope(x, 3 * x[:, 0] + noise)
    >>> round(slope.fit, 2), slope.vector[:2].round(3)
    (0.9, array([0.997, 0.016]))
    """
    known = np.isfinite(scores)
    x, y = x[known], scores[known]
    if len(y) < LEAST or np.ptp(y) < 1e-9 * max(1e-12, np.abs(y).max()):
        raise InputError(f"'{name}' cannot be kept: {len(y)} of the pictures have a score, or all have the same one")
    x, y = x - x.mean(axis=0), (y - y.mean()) / y.std()
    u, s, vt = np.linalg.svd(x, full_matrices=False)
    projected, best = u.T @ y, (np.inf, 0.0)
    for penalty in s[0] ** 2 * PENALTIES:
        shrunk = s**2 / (s**2 + penalty)
        # The hat matrix, with 1/N for the mean that was taken off: (y - fitted) / (1 - h) is the error left out.
        leverage = (u**2) @ shrunk + 1 / len(y)
        error = float(np.mean(((y - u @ (shrunk * projected)) / np.maximum(1 - leverage, 1e-9)) ** 2))
        if error < best[0]:
            best = (error, penalty)
    error, penalty = best
    g = vt.T @ (s / (s**2 + penalty) * projected)
    fit = 1 - error / (len(y) / (len(y) - 1)) ** 2  # against the mean of the others, of which this is the error
    if fit <= 0:
        raise InputError(
            f"'{name}' cannot be kept: {len(y)} codes do not show how it depends on the code; fit more, or leave it out"
        )
    return Slope(g / np.linalg.norm(g), float(fit), len(y))
