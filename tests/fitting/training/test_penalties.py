"""Penalties against closed forms, finite differences in float64, and the points they are taken at."""

import numpy as np
import pytest
import torch

from ganatomy.fitting.training import penalties


def _normal(*shape, seed=0):
    return torch.randn(shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def _shares(*shape, seed=9):
    return torch.rand(shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def _network(dim=3, width=5, seed=0):
    """Return the parameters of a smooth discriminator and the function of (parameters, points)."""
    parameters = [_normal(*shape, seed=seed + i) for i, shape in enumerate([(width, dim), (width,), (width,)])]

    def score(parameters, x):
        first, bias, second = parameters
        return torch.tanh(x @ first.T + bias) @ second

    return [p.requires_grad_() for p in parameters], score


def _zero_centred(function, points):
    """Return R1 of a discriminator at points (..., N, D)."""
    points = points.detach().requires_grad_()
    return penalties.zero_centred_penalty(function(points), points)


# Closed forms


@pytest.mark.parametrize("a", [[3.0, 4.0], [0.6, 0.8], [0.1], [1.0, -2.0, 0.5, 0.0, 3.0]])
def test_a_linear_discriminator_has_penalties_known_by_hand(a):
    a = torch.tensor(a, dtype=torch.float64)
    real, fake = _normal(17, len(a), seed=1), _normal(17, len(a), seed=2)
    length = float(a.norm())
    found = penalties.gradient_penalty(lambda x: x @ a + 7, real, fake, _shares(17))
    assert float(found) == pytest.approx((length - 1) ** 2, abs=1e-14)
    assert float(_zero_centred(lambda x: x @ a + 7, real)) == pytest.approx(length**2 / 2)


@pytest.mark.parametrize("runs", [(), (2,)])
@pytest.mark.parametrize("shape", [(3, 4, 5), (1, 2), (6,)])
def test_the_closed_forms_hold_for_samples_of_any_shape_and_many_runs(shape, runs):
    a = _normal(*runs, 1, *shape)
    real, fake, share = _normal(*runs, 7, *shape, seed=1), _normal(*runs, 7, *shape, seed=2), _shares(*runs, 7)
    lengths = a.flatten(len(runs)).norm(dim=-1)  # one a run

    def linear(x):
        return (a * x).flatten(len(runs) + 1).sum(-1)

    assert linear(real).shape == (*runs, 7)
    torch.testing.assert_close(penalties.gradient_penalty(linear, real, fake, share), (lengths - 1).square())
    for samples in (real, fake):  # R1 and R2
        torch.testing.assert_close(_zero_centred(linear, samples), lengths.square() / 2)


def test_a_quadratic_discriminator_has_penalties_known_by_hand():
    matrix = _normal(3, 3)
    matrix = matrix + matrix.T  # D(x) = x·Mx / 2 has gradient Mx
    real, fake, share = _normal(50, 3, seed=1), _normal(50, 3, seed=2), _shares(50)

    def discriminator(x):
        return ((x @ matrix) * x).sum(-1) / 2

    between = share[:, None] * real + (1 - share[:, None]) * fake
    expected = ((between @ matrix).norm(dim=1) - 1).square().mean()
    torch.testing.assert_close(penalties.gradient_penalty(discriminator, real, fake, share), expected)

    real.requires_grad_()
    expected = (real @ matrix).square().sum(1).mean() / 2
    torch.testing.assert_close(_zero_centred(discriminator, real), expected)
    torch.testing.assert_close(penalties.gradients(discriminator(real), real), real @ matrix)


def test_a_leading_axis_of_runs_is_as_many_separate_runs():
    _, score = _network()
    runs = [_network(seed=10 * r)[0] for r in range(4)]
    real, fake, share = _normal(4, 8, 3, seed=1), _normal(4, 8, 3, seed=2), _shares(4, 8)

    def together(x):
        return torch.stack([score(parameters, points) for parameters, points in zip(runs, x, strict=True)])

    gp = penalties.gradient_penalty(together, real, fake, share)
    r1 = _zero_centred(together, real)
    assert gp.shape == r1.shape == (4,)
    for r, parameters in enumerate(runs):

        def alone(x, parameters=parameters):
            return score(parameters, x)

        torch.testing.assert_close(gp[r], penalties.gradient_penalty(alone, real[r], fake[r], share[r]))
        torch.testing.assert_close(r1[r], _zero_centred(alone, real[r]))


# Finite differences


def _by_differences(function, x, step=1e-6):
    """Return the gradients (N, D) of scores (N,) by central differences."""
    columns = []
    for d in range(x.shape[1]):
        shift = torch.zeros_like(x)
        shift[:, d] = step
        columns.append((function(x + shift) - function(x - shift)) / (2 * step))
    return torch.stack(columns, dim=1).detach()


def test_the_norms_are_those_of_finite_differences():
    parameters, score = _network()
    real, fake, share = _normal(12, 3, seed=1), _normal(12, 3, seed=2), _shares(12)
    between = share[:, None] * real + (1 - share[:, None]) * fake

    def discriminator(x):
        return score(parameters, x)

    slopes = _by_differences(discriminator, between)
    found = penalties.gradient_penalty(discriminator, real, fake, share)
    assert float(found.detach()) == pytest.approx(float((slopes.norm(dim=1) - 1).square().mean()), rel=1e-7)

    slopes = _by_differences(discriminator, real)
    found = _zero_centred(discriminator, real)
    assert float(found.detach()) == pytest.approx(float(slopes.square().sum(1).mean() / 2), rel=1e-7)


def test_second_derivatives_reach_the_discriminator_s_parameters():
    # gradcheck compares with finite differences of the whole penalty, so it fails if the graph is cut anywhere.
    parameters, score = _network(dim=2, width=3)
    real, fake, share = _normal(5, 2, seed=1), _normal(5, 2, seed=2), _shares(5)

    def gp(*parameters):
        return penalties.gradient_penalty(lambda x: score(parameters, x), real, fake, share)

    def r1(*parameters):
        return _zero_centred(lambda x: score(parameters, x), real)

    for penalty in (gp, r1):
        assert torch.autograd.gradcheck(penalty, parameters)
        gradients = torch.autograd.grad(penalty(*parameters), parameters)
        assert all(float(g.abs().max()) > 1e-3 for g in gradients)


def test_a_flat_discriminator_has_a_finite_penalty_with_finite_gradients():
    weights = torch.zeros(2, dtype=torch.float64, requires_grad=True)
    found = penalties.gradient_penalty(lambda x: x @ weights, _normal(5, 2), _normal(5, 2, seed=1), _shares(5))
    assert float(found.detach()) == 1
    assert torch.isfinite(torch.autograd.grad(found, weights)[0]).all()


# Where the gradient penalty is taken


def _visited(real, fake, share):
    seen = []

    def spy(x):
        seen.append(x.detach().clone())
        return x.square().sum(-1)

    penalties.gradient_penalty(spy, real, fake, share)
    (points,) = seen
    return points


def test_every_interpolate_lies_on_the_segment_of_its_pair_with_one_share_for_all_coordinates():
    real, fake, share = _normal(100, 4, seed=1), _normal(100, 4, seed=2), _shares(100)
    shares = (_visited(real, fake, share) - fake) / (real - fake)  # (N, D)
    torch.testing.assert_close(shares, share[:, None].expand(100, 4), rtol=1e-9, atol=1e-9)
    assert len(np.unique(shares[:, 0].numpy().round(6))) > 95  # and another share for every pair


@pytest.mark.parametrize(("share", "end"), [(0.0, "fake"), (1.0, "real")])
def test_the_ends_of_the_segment_are_the_points_themselves(share, end):
    points = {"real": _normal(6, 2, seed=1), "fake": _normal(6, 2, seed=2)}
    found = _visited(points["real"], points["fake"], torch.full((6,), share, dtype=torch.float64))
    torch.testing.assert_close(found, points[end])


def test_no_gradient_flows_to_the_generated_points():
    fake = _normal(6, 2, seed=2).requires_grad_()
    weights = _normal(2).requires_grad_()
    found = penalties.gradient_penalty(lambda x: (x @ weights).square(), _normal(6, 2, seed=1), fake, _shares(6))
    by_weights, by_fake = torch.autograd.grad(found, (weights, fake), allow_unused=True)
    assert by_fake is None
    assert by_weights.abs().sum() > 0


# Clipping


def test_clipping_moves_what_is_outside_to_the_bound_and_nothing_else():
    before = 3 * _normal(1000)
    after = before.clone().requires_grad_()
    penalties.clip_(after, 0.5)
    inside = before.abs() <= 0.5
    assert 0 < int(inside.sum()) < 1000
    assert torch.equal(after.detach()[inside], before[inside])
    assert torch.equal(after.detach()[~inside], 0.5 * before[~inside].sign())
    once = after.detach().clone()
    penalties.clip_(after, 0.5)
    assert torch.equal(after.detach(), once)
