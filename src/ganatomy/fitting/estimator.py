"""A GAN as an estimator of scikit-learn: fitted to a table of points, cloned, searched over, the end of a pipeline.

    fit(X) -> self        trains on all rows, as `ganatomy.fit(X, objective, recipe, seed, **overrides)`
    sample(n_samples)     new points (n, D)
    score(X)              minus the 2-Wasserstein distance to held-out points; higher is better

It keeps scikit-learn's conventions without inheriting from it, so that it works where that is not installed: hyper-
parameters are stored as they are given, checked by `fit`, and seen by `get_params`; what fitting found ends in `_`.
`random_state` is what the library calls `seed` elsewhere, since scikit-learn's tools look for it by that name.
There is no `score_samples`: a GAN has no density, and the discriminator's value is none either.

Shapes: `N` points, `D` data dimensions.
"""

import inspect
import numbers
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import issparse

from ganatomy.errors import InputError
from ganatomy.fitting.objectives.own import AnyObjective, resolved
from ganatomy.fitting.recipes.recipe import Recipe
from ganatomy.fitting.run.fit import fit
from ganatomy.fitting.run.result import Run

if TYPE_CHECKING:
    from sklearn.utils import Tags

_LISTED = 5  # names of columns in a message


class GAN:
    """A GAN that scikit-learn's tools can fit, clone, search over and put behind a scaler.

    Args:
        objective: as in `ganatomy.fit`: a name, or one's own.
        recipe: a built-in name, a path to a TOML file, a mapping or a recipe; None as in `ganatomy.fit`.
        random_state: the seed of everything random; None draws one at each fit, which `run_.seed` tells.
        device: `auto`, `cpu`, `cuda`, `cuda:1`, `mps`.
        threads: of the processor.
        progress: whether to show it; None shows it in a notebook.
        **overrides: recipe fields, as in `ganatomy.load_recipe`: `epochs=100`, `lr=1e-3`, `penalties__r1=0.1` ...

    Attributes:
        run_: the fitted model and its training, a `ganatomy.Run`.
        n_features_in_: D.
        feature_names_in_: names of the columns (D,), if X was a DataFrame with such.
        n_iter_: epochs of the training.

    >>> points = np.random.default_rng(0).normal(size=(512, 2)) + [5, 0]
    >>> gan = GAN("gan", recipe="recommended", epochs=30, penalties__r2=0.01).fit(points)
    >>> gan.sample(1000).mean(axis=0).round() + 0.0
    array([5., 0.])
    >>> gan.score(points) > gan.score(points + 1)
    True
    >>> gan.set_params(epochs=9)
    GAN(objective='gan', recipe='recommended', epochs=9, penalties__r2=0.01)
    """

    run_: Run
    n_features_in_: int
    feature_names_in_: NDArray[np.object_]
    n_iter_: int

    def __init__(
        self,
        objective: str | AnyObjective | None = None,
        recipe: "str | Path | Recipe | Mapping[str, Any] | None" = None,
        *,
        random_state: "int | np.random.RandomState | None" = 0,
        device: str = "auto",
        threads: int = 1,
        progress: bool | None = None,
        **overrides: Any,
    ) -> None:
        self.objective = objective
        self.recipe = recipe
        self.random_state = random_state
        self.device = device
        self.threads = threads
        self.progress = progress
        self._overrides = overrides

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return all hyper-parameters by name: those of the constructor, and the recipe fields that were given.

        Args:
            deep: of no effect, as no hyper-parameter is an estimator.

        >>> GAN(lr=0.1).get_params()["lr"]
        0.1
        """
        return {**{name: getattr(self, name) for name in _OWN}, **self._overrides}

    def set_params(self, **params: Any) -> "GAN":
        """Set hyper-parameters by name, any recipe field among them; None takes a field back.

        >>> GAN(lr=0.1).set_params(lr=None, penalties__r1=0.5).get_params()["penalties__r1"]
        0.5
        """
        own = {name: value for name, value in params.items() if name in _OWN}
        for name, value in own.items():
            setattr(self, name, value)
        self._overrides = {**self._overrides, **{name: params[name] for name in params if name not in own}}
        return self

    def fit(self, X: ArrayLike, y: object = None) -> "GAN":
        """Fit to points (N, D): an array or a DataFrame of numbers.

        Args:
            X: the points.
            y: of no effect; scikit-learn passes it.

        Raises:
            InputError: points or hyper-parameters that cannot be used.
            Diverged: a loss became infinite or no number.
        """
        if "seed" in self._overrides:
            raise InputError("`seed` is called `random_state` here, as scikit-learn's tools set it by that name")
        recipe, own = resolved(self.objective, self.recipe, self._overrides)
        points, names = _table(X, least=2), _names(X)
        how = {"device": self.device, "threads": self.threads, "progress": self.progress}
        run = fit(points, own, recipe, _seed(self.random_state), **how)
        self.run_, self.n_features_in_, self.n_iter_ = run, points.shape[1], recipe.epochs
        if names is not None:
            self.feature_names_in_ = names
        elif hasattr(self, "feature_names_in_"):
            del self.feature_names_in_
        return self

    def sample(
        self, n_samples: int = 1, random_state: "int | np.random.RandomState | None" = None
    ) -> NDArray[np.float64]:
        """Generate points (n, D) in the units of those that it was fitted to.

        Args:
            n_samples: how many.
            random_state: a seed; None takes that of the fit, so that two calls return the same points.

        Raises:
            InputError: not fitted, or no number of points.
        """
        run = self._fitted()
        return run.sample(n_samples, run.seed if random_state is None else _seed(random_state))

    def score(self, X: ArrayLike, y: object = None) -> float:
        """Return minus the exact 2-Wasserstein distance of as many generated points to X (M, D); higher is better.

        Each column counts in its standard deviations, so that none is lost beside one of larger numbers. Distances of M
        points depend on M: compare scores of equally many only, as cross-validation does.

        Args:
            X: points, best such as it was not fitted to.
            y: of no effect; scikit-learn passes it.

        Raises:
            InputError: not fitted, or points of other columns.
        """
        run = self._fitted()
        self._require_names(_names(X))
        points = _table(X, least=1)
        if points.shape[1] != self.n_features_in_:
            raise InputError(
                f"X has {points.shape[1]} features, but {type(self).__name__} is expecting {self.n_features_in_} "
                f"features as input"
            )
        return run.score(points, seed=run.seed)

    def _fitted(self) -> Run:
        if not self.__sklearn_is_fitted__():
            raise InputError(f"this {type(self).__name__} is not fitted yet; call fit(X) first")
        return self.run_

    def _require_names(self, names: NDArray[np.object_] | None) -> None:
        """See that columns are those of the fit, in scikit-learn's words."""
        known = getattr(self, "feature_names_in_", None)
        kind = type(self).__name__
        if known is None or names is None:
            if (known is None) != (names is None):
                had, lacks = (
                    ("X has", "was fitted without") if known is None else ("X does not have valid", "was fitted with")
                )
                warnings.warn(f"{had} feature names, but {kind} {lacks} feature names", UserWarning, stacklevel=3)
            return
        if list(names) == list(known):
            return
        lines = ["The feature names should match those that were passed during fit."]
        for told, some in (
            ("Feature names unseen at fit time:", sorted(set(names) - set(known))),
            ("Feature names seen at fit time, yet now missing:", sorted(set(known) - set(names))),
        ):
            if some:
                lines += [told, *(f"- {name}" for name in some[:_LISTED]), *["- ..."] * (len(some) > _LISTED)]
        if len(lines) == 1:
            lines.append("Feature names must be in the same order as they were in fit.")
        raise InputError("\n".join(lines) + "\n")

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "run_")

    def __sklearn_tags__(self) -> "Tags":
        from sklearn.utils import InputTags, Tags, TargetTags

        return Tags(estimator_type="density_estimator", target_tags=TargetTags(required=False), input_tags=InputTags())

    def __repr__(self) -> str:
        plain = GAN().get_params()
        held = {name: value for name, value in self.get_params().items() if name not in plain or value != plain[name]}
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in held.items())})"


_OWN = tuple(inspect.signature(GAN).parameters)[:-1]


def _names(X: Any) -> NDArray[np.object_] | None:
    """Return the names of a DataFrame's columns (D,), if all are text; None of anything else."""
    names = list(getattr(X, "columns", ()))
    return np.array(names, dtype=object) if names and all(isinstance(name, str) for name in names) else None


def _table(X: Any, least: int) -> NDArray[Any]:
    """Return points (N, D), or say in words that scikit-learn's tools know why they are none."""
    if issparse(X):
        raise InputError("X is sparse, and points are dense: give X.toarray()")
    array = np.asarray(X)
    if array.dtype == object:
        try:
            array = array.astype(np.float64)
        except TypeError as error:
            raise TypeError(f"X holds what is no number: {error}") from None
    if array.dtype.kind == "c":
        raise InputError("Complex data not supported: points are real numbers")
    if array.ndim != 2:
        raise InputError(f"X has shape {array.shape}, not (N, D); Reshape your data, one column by X.reshape(-1, 1)")
    for count, what, minimum in ((len(array), "sample", least), (array.shape[1], "feature", 1)):
        if count < minimum:
            raise InputError(f"X has {count} {what}(s) (shape={array.shape}) while a minimum of {minimum} is required.")
    return array


def _seed(random_state: Any) -> int:
    """Return the seed that a random state stands for; one of None is drawn."""
    if random_state is None:
        return int(np.random.default_rng().integers(2**31))
    if isinstance(random_state, np.random.RandomState):
        return int(random_state.randint(2**31))
    if isinstance(random_state, numbers.Integral):
        return int(random_state)
    raise InputError(f"`random_state={random_state!r}`: give a whole number, a numpy RandomState or None")
