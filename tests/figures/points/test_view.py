"""The view: projection and lifting, the grid's order, limits that hold the data and shrug off wild points."""

import numpy as np
import pytest

from ganatomy.errors import InputError
from ganatomy.figures.points.view import View
from ganatomy.figures.style import robust_limits
from ganatomy.languages import Words

WORDS = Words("en", "figures")


def cloud(dims: int, n: int = 300, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, dims)) @ rng.normal(size=(dims, dims)) + 3.0


@pytest.mark.parametrize("dims", [1, 2, 3, 7])
def test_project_undoes_lift(dims):
    view = View.fit(cloud(dims))
    flat = np.random.default_rng(1).normal(size=(50, min(dims, 2)))
    np.testing.assert_allclose(view.project(view.lift(flat)), flat, atol=1e-12)


@pytest.mark.parametrize("dims", [1, 2])
def test_lift_undoes_project_up_to_two_dimensions(dims):
    points = cloud(dims)
    view = View.fit(points)
    np.testing.assert_allclose(view.lift(view.project(points)), points, rtol=1e-12)


def test_lift_undoes_project_for_points_on_a_plane_in_space():
    rng = np.random.default_rng(2)
    planar = rng.normal(size=(200, 2)) @ rng.normal(size=(2, 5)) + rng.normal(size=5)
    view = View.fit(planar)
    np.testing.assert_allclose(view.lift(view.project(planar)), planar, atol=1e-10)
    assert view.shares.sum() == pytest.approx(1.0)


def test_axes_are_the_leading_right_singular_vectors():
    points = cloud(6)
    _, values, vectors = np.linalg.svd(points - points.mean(axis=0), full_matrices=False)
    view = View.fit(points)
    np.testing.assert_allclose(np.abs(view.basis @ vectors[:2].T), np.eye(2), atol=1e-8)
    np.testing.assert_allclose(view.shares, (values**2 / (values**2).sum())[:2])


def test_axes_do_not_depend_on_the_sign_an_eigensolver_chose():
    points = cloud(4)
    np.testing.assert_allclose(View.fit(points).basis, View.fit(points[::-1]).basis, atol=1e-10)


def test_a_caption_says_what_was_projected_and_scaled():
    assert View.fit(cloud(2)).caption(WORDS) == ""
    assert "principal axes of 5" in View.fit(cloud(5)).caption(WORDS)
    unequal = View.fit(cloud(2) * [1.0, 1e4])
    assert not unequal.equal
    assert "not to the same scale" in unequal.caption(WORDS)


@pytest.mark.parametrize("dims", [1, 2, 3])
def test_all_ordinary_points_are_inside_and_so_is_the_grid(dims):
    points = cloud(dims)
    view = View.fit(points)
    assert view.outside(view.project(points)) == 0
    grid = view.grid(20)
    assert grid.shape == (20 ** min(dims, 2), dims)
    assert view.outside(view.project(grid)) == 0


def test_grid_values_reshaped_are_rows_of_the_second_coordinate():
    view = View.fit(cloud(2))
    grid = view.grid(30).reshape(30, 30, 2)
    assert (np.ptp(grid[..., 0], axis=0) == 0).all()  # a column has one x1
    assert (np.ptp(grid[..., 1], axis=1) == 0).all()  # a row has one x2
    assert (np.diff(grid[:, 0, 1]) > 0).all()
    cell = np.ptp(view.limits, axis=1) / 30
    np.testing.assert_allclose(grid[0, 0], view.limits[:, 0] + cell / 2)
    np.testing.assert_allclose(grid[-1, -1], view.limits[:, 1] - cell / 2)


def test_one_wild_point_does_not_set_the_limits():
    points = cloud(2)
    wild = np.vstack([points, [[1e9, 1e9]]])
    view = View.fit(wild)
    assert view.outside(view.project(wild)) == 1
    assert np.ptp(view.limits, axis=1).max() < 5 * np.ptp(points, axis=0).max()


@pytest.mark.parametrize("points", [np.ones((5, 2)), np.ones((1, 1)), np.zeros((4, 3)), np.full((3, 2), -1e12)])
def test_coinciding_points_have_a_view(points):
    view = View.fit(points)
    assert (view.limits[:, 0] < view.limits[:, 1]).all()
    assert view.outside(view.project(points)) == 0


def test_diverged_points_are_outside():
    for dims in (1, 2, 3):
        view = View.fit(cloud(dims))
        far = np.full((4, dims), 1e300)
        far[0], far[1], far[2, 0] = np.nan, np.inf, -np.inf
        assert view.outside(view.project(far)) == 4


@pytest.mark.parametrize(
    ("points", "message"),
    [
        (np.zeros(5), "shape"),
        (np.zeros((0, 2)), "shape"),
        (np.zeros((3, 0)), "shape"),
        ([[0.0, np.nan], [1, 1], [np.inf, 0]], "2 of 3"),
    ],
)
def test_what_cannot_be_viewed_is_refused(points, message):
    with pytest.raises(InputError, match=message):
        View.fit(points)


def test_points_of_another_dimension_are_refused():
    with pytest.raises(InputError, match=r"\(N, 2\)"):
        View.fit(cloud(2)).project(cloud(3))


def test_robust_limits_keep_the_extremes_of_well_behaved_values():
    values = np.random.default_rng(0).uniform(size=1000)
    assert robust_limits(values, reach=1.0) == (values.min(), values.max())
    low, high = robust_limits(values, reach=0.0)
    np.testing.assert_allclose([low, high], np.quantile(values, [0.01, 0.99]))
    wild = np.r_[values, np.nan, np.inf, -1e20]
    assert robust_limits(wild, reach=1.0)[0] > -2
    assert robust_limits(wild, reach=np.inf)[0] == -1e20
