"""`ganatomy.GAN`: what scikit-learn demands of an estimator, and what its tools do with one."""

import importlib.util
import io
import sys
import warnings

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn import set_config
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

import ganatomy
from ganatomy import GAN, InputError, Objective
from ganatomy.fitting import estimator as module

TINY = {"epochs": 1, "batch_size": 8, "snapshots": 1}
TINY |= {"generator__hidden": [4], "generator__normalization": "none", "discriminator__hidden": [4]}
POINTS = np.random.default_rng(0).normal([5.0, -100.0], [1.0, 20.0], size=(48, 2))

with warnings.catch_warnings():
    warnings.filterwarnings("ignore", "Estimator GAN does not inherit")  # so that scikit-learn need not be there
    CHECKS = parametrize_with_checks([GAN("gan", **TINY)])


@CHECKS
def test_it_passes_every_check_of_scikit_learn(estimator, check):
    check(estimator)


def test_it_is_the_run_that_fit_makes():
    gan = GAN("gan", **TINY, random_state=3).fit(POINTS)
    run = ganatomy.fit(POINTS, "gan", seed=3, **TINY)
    np.testing.assert_array_equal(gan.sample(20, random_state=7), run.sample(20, seed=7))
    np.testing.assert_array_equal(gan.sample(20), run.sample(20, seed=3))
    assert gan.sample().shape == (1, 2)
    assert gan.score(POINTS) == run.score(POINTS, seed=3)
    assert (gan.n_features_in_, gan.n_iter_, gan.run_.recipe) == (2, 1, run.recipe)


def test_a_score_reads_no_y_as_a_seed():
    gan = GAN("gan", **TINY).fit(POINTS)
    for model in (gan, gan.run_):
        assert model.score(POINTS) == model.score(POINTS, None) == model.score(POINTS, np.zeros(48)) < 0
    with pytest.raises(InputError, match=r"score\(points, seed=1\)"):
        gan.run_.score(POINTS, 1)


def test_every_recipe_field_is_a_hyper_parameter():
    gan = GAN("gan", penalties={"r1": 0.5, "r2": 0.25}, **TINY)
    copy = clone(gan).set_params(penalties__r1=2.0, lr=0.5, generator__optimizer__lr=0.125, random_state=4)
    assert gan.get_params() == {**GAN("gan").get_params(), "penalties": {"r1": 0.5, "r2": 0.25}, **TINY}
    assert clone(copy).get_params() == copy.get_params()
    recipe = clone(copy).fit(POINTS).run_.recipe
    assert (recipe.penalties.r1, recipe.penalties.r2) == (2.0, 0.25)
    assert (recipe.generator.optimizer.lr, recipe.discriminator.optimizer.lr) == (0.125, 0.5)
    assert copy.set_params(lr=None).fit(POINTS).run_.recipe.discriminator.optimizer.lr == 5e-5  # the recipe's own
    assert repr(GAN(lr=0.5, random_state=4)) == "GAN(random_state=4, lr=0.5)"


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"epoch": 3}, "did you mean 'epochs'"),
        ({"penalties__r3": 1.0}, "unknown key 'penalties.r3'"),
        ({"seed": 3}, "`seed` is called `random_state`"),
        ({"out": "runs/x"}, "unknown key 'out'"),
        ({"objective": "wgan_gp"}, "did you mean 'wgan-gp'"),
        ({"random_state": "3"}, "give a whole number"),
        ({"random_state": -1}, "give a whole number from 0"),
        ({"batch_size": 64}, "48 points to train on are fewer than a batch of 64"),
    ],
)
def test_a_mistake_is_told_by_fit_in_one_line(wrong, message):
    with pytest.raises(InputError, match=message):
        GAN("gan", **TINY).set_params(**wrong).fit(POINTS)


def test_what_is_not_fitted_says_so():
    for method in (GAN().sample, lambda: GAN().score(POINTS)):
        with pytest.raises(InputError, match=r"not fitted yet; call fit\(X\) first"):
            method()


def test_random_states_are_scikit_learn_s():
    fitted = {
        name: GAN("gan", **TINY, random_state=state).fit(POINTS) for name, state in (("none", None), ("also", None))
    }
    assert fitted["none"].run_.seed != fitted["also"].run_.seed
    drawing = GAN("gan", **TINY, random_state=np.random.RandomState(0))
    assert drawing.fit(POINTS).run_.seed != drawing.fit(POINTS).run_.seed
    np.testing.assert_array_equal(fitted["none"].sample(5), fitted["none"].sample(5))


def test_a_grid_is_searched_behind_a_scaler():
    pipeline = make_pipeline(StandardScaler(), GAN("gan", recipe="recommended", **TINY))
    grid = {"gan__lr": [1e-3, 1e-2], "gan__penalties__r1": [0.0, 0.5]}
    search = GridSearchCV(pipeline, grid, cv=2, error_score="raise").fit(POINTS)
    assert search.best_score_ == max(search.cv_results_["mean_test_score"]) < 0
    assert len(set(search.cv_results_["mean_test_score"])) == 4
    best = search.best_estimator_[-1].run_.recipe
    chosen = search.best_params_["gan__lr"], search.best_params_["gan__penalties__r1"]
    assert (best.generator.optimizer.lr, best.penalties.r1) == chosen
    assert search.best_estimator_.score(POINTS) == search.score(POINTS)
    assert "GAN" in pipeline._repr_html_()


def test_metadata_may_be_routed():
    try:
        set_config(enable_metadata_routing=True)
        assert (cross_val_score(GAN("gan", **TINY), POINTS, cv=2, error_score="raise") < 0).all()
    finally:
        set_config(enable_metadata_routing=False)


def test_names_of_columns_are_kept_and_asked_for():
    table = pd.DataFrame(POINTS, columns=["age", "income"])
    gan = GAN("gan", **TINY).fit(table)
    assert list(gan.feature_names_in_) == ["age", "income"]
    with pytest.raises(InputError, match="must be in the same order"):
        gan.score(table[["income", "age"]])
    with pytest.warns(UserWarning, match="does not have valid feature names, but GAN was fitted with"):
        gan.score(POINTS)
    gan.fit(pd.DataFrame(POINTS))  # whose columns are called 0 and 1
    assert not hasattr(gan, "feature_names_in_")
    with pytest.warns(UserWarning, match="X has feature names, but GAN was fitted without"):
        gan.score(table)


class Smoothed(Objective):
    label = "score"

    def __init__(self, share=0.9):
        self.share = share

    def discriminator_loss(self, real, fake):
        return ((real - self.share).square() + fake.square()).mean(-1)

    def generator_loss(self, real, fake):
        return (fake - 1).square().mean(-1)


@pytest.mark.parametrize("objective", [Smoothed, Smoothed(0.5)])
def test_it_is_cloned_and_stored_with_an_objective_of_one_s_own(objective):
    gan, file = clone(GAN(objective, **TINY)).fit(POINTS), io.BytesIO()
    joblib.dump(gan, file)
    loaded = joblib.load(io.BytesIO(file.getvalue()))
    np.testing.assert_array_equal(loaded.sample(9), gan.sample(9))
    np.testing.assert_array_equal(loaded.run_.discriminate(POINTS), gan.run_.discriminate(POINTS))


def test_scikit_learn_need_not_be_there(monkeypatch):
    for name in [name for name in sys.modules if name.partition(".")[0] == "sklearn"]:
        monkeypatch.setitem(sys.modules, name, None)  # whose import raises
    spec = importlib.util.spec_from_file_location("anew", module.__file__)
    anew = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(anew)
    gan = anew.GAN("gan", **TINY).fit(POINTS)
    assert gan.set_params(lr=0.5).score(POINTS) < 0
    with pytest.raises(ImportError):
        gan.__sklearn_tags__()
