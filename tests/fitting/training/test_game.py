"""The contract of the game: every objective, both orders, on points and on pictures, of one run and of many."""

import copy
import itertools

import pytest
import torch
from torch import nn

from ganatomy.errors import InputError
from ganatomy.fitting.objectives.catalogue import objective
from ganatomy.fitting.recipes.recipe import OBJECTIVES, Optimizer, Penalties, load_recipe
from ganatomy.fitting.training.game import Diverged, Draws, Game
from ganatomy.fitting.training.networks import build
from ganatomy.fitting.training.players import Player
from ganatomy.fitting.training.stacked import stack
from ganatomy.fitting.training.trainer import check

BATCH, RUNS, Z = 6, 3, 2
POINT, PICTURE = (2,), (3, 4, 4)
HELD = {
    "wgan": Penalties(clip=0.05),
    "wgan-gp": Penalties(gradient=2.0, decay=0.5),
    "rpgan": Penalties(r1=0.5, r2=0.3, decay=0.5),
}
CASES = list(itertools.product([POINT, PICTURE], [(), (RUNS,)]))
NAMES = ["points", "points of many runs", "pictures", "pictures of many runs"]


class Painter(nn.Module):
    """Codes (..., N, Z) -> samples (..., N, *), by a linear map a run."""

    def __init__(self, shape, runs, random):
        super().__init__()
        size = torch.Size(shape).numel()
        self.shape = shape
        self.weight = nn.Parameter(torch.randn(*runs, Z, size, generator=random) / 2)

    def forward(self, z):
        return torch.tanh(z @ self.weight).unflatten(-1, self.shape)


class Judge(nn.Module):
    """Samples (..., N, *) -> scores (..., N), with one hidden layer a run, counting its calls in a buffer."""

    def __init__(self, shape, runs, random):
        super().__init__()
        size = torch.Size(shape).numel()
        self.axes = len(shape)
        self.first = nn.Parameter(torch.randn(*runs, size, 5, generator=random) / size**0.5)
        self.second = nn.Parameter(torch.randn(*runs, 5, 1, generator=random))
        self.register_buffer("calls", torch.zeros(()))

    def forward(self, x):
        self.calls += 1
        return (torch.tanh(x.flatten(-self.axes) @ self.first) @ self.second).squeeze(-1)


def _game(name, shape, runs=(), *, steps=1, simultaneous=True, optimizer="adam", lr=0.01, seed=0, **rules):
    random = torch.Generator().manual_seed(seed)
    networks = Painter(shape, runs, random), Judge(shape, runs, random)
    players = [Player(network, Optimizer(name=optimizer, lr=lr, schedule="linear")) for network in networks]
    return Game(*players, objective(name), HELD.get(name), steps=steps, simultaneous=simultaneous, **rules)


def _draws(shape, runs=(), *, steps=1, simultaneous=True, seed=1):
    random = torch.Generator().manual_seed(seed)
    return Draws(
        torch.randn(steps, *runs, BATCH, *shape, generator=random) + 1,
        torch.randn(steps + (not simultaneous), *runs, BATCH, Z, generator=random),
        torch.rand(steps, *runs, BATCH, generator=random),
    )


def _numbers(player):
    """Return all that a player is: its network's parameters and buffers, and its optimizer's state."""
    moments = [v for state in player.optimizer.state.values() for v in state.values()]
    return [tensor.detach().clone() for tensor in (*player.network.state_dict().values(), *moments)]


def _same(first, second):
    return len(first) == len(second) and all(torch.equal(a, b) for a, b in zip(first, second, strict=True))


@pytest.mark.parametrize("simultaneous", [True, False])
@pytest.mark.parametrize(("shape", "runs"), CASES, ids=NAMES)
@pytest.mark.parametrize("name", OBJECTIVES)
def test_a_step_moves_both_players_by_the_gradients_of_their_losses(name, shape, runs, simultaneous):
    game = _game(name, shape, runs, simultaneous=simultaneous, optimizer="sgd", lr=0.1)
    draws, held, progress = _draws(shape, runs, simultaneous=simultaneous), game.penalties, 0.25
    G, D = copy.deepcopy(game.generator.network), copy.deepcopy(game.discriminator.network)
    rate, left = 0.1 * (1 - progress), held.decay**progress

    def squared_slopes(x):
        x = x.detach().requires_grad_()
        slopes = torch.autograd.grad(D(x).sum(), x, create_graph=True)[0]
        return slopes.square().flatten(len(runs) + 1).sum(-1)  # (..., N)

    def descend(network, loss):
        slopes = torch.autograd.grad(loss.sum(), list(network.parameters()))
        return [p.detach() - rate * slope for p, slope in zip(network.parameters(), slopes, strict=True)]

    (real,), fake = draws.real, G(draws.codes[0]).detach()
    loss = game.objective.discriminator_loss(D(real), D(fake))
    share = draws.shares[0].reshape(*runs, BATCH, *(1,) * len(shape))
    penalty = held.gradient * (squared_slopes(share * real + (1 - share) * fake).sqrt() - 1).square().mean(-1)
    penalty = penalty + (held.r1 * squared_slopes(real).mean(-1) + held.r2 * squared_slopes(fake).mean(-1)) / 2
    critic = [p.clamp(-held.clip, held.clip) if held.clip else p for p in descend(D, loss + left * penalty)]
    if not simultaneous:
        for parameter, moved in zip(D.parameters(), critic, strict=True):
            parameter.data = moved
    generator_loss = game.objective.generator_loss(D(real), D(G(draws.codes[-1])))
    painter = descend(G, generator_loss)

    losses = game.step(draws, progress)
    for found, expected in zip(
        (losses.discriminator, losses.generator, losses.penalty), (loss, generator_loss, left * penalty), strict=True
    ):
        assert found.shape == runs
        assert not found.requires_grad
        torch.testing.assert_close(found, expected.detach(), rtol=1e-4, atol=1e-6)
    for player, expected in ((game.generator, painter), (game.discriminator, critic)):
        torch.testing.assert_close(list(player.network.parameters()), expected, rtol=1e-4, atol=1e-6)
    assert game.iteration == 1


@pytest.mark.parametrize(("shape", "runs"), CASES, ids=NAMES)
def test_scoring_at_once_gives_the_scores_of_two_calls(shape, runs):
    games = [_game("hinge", shape, runs, scored_at_once=at_once) for at_once in (False, True)]
    draws = _draws(shape, runs)
    losses = [[game.step(draws, 0.0) for _ in range(3)] for game in games]
    for apart, together in zip(*losses, strict=True):
        torch.testing.assert_close(together.discriminator, apart.discriminator)
        torch.testing.assert_close(together.generator, apart.generator)
    assert [float(game.discriminator.network.calls) for game in games] == [6, 3]


@pytest.mark.parametrize("name", ["gan", "wgan-gp", "rpgan"])
def test_runs_of_a_leading_axis_are_the_runs_alone(name):
    recipe = load_recipe("literature", name, discriminator_steps=2, **{"generator.hidden": [4], "lr": 0.01})
    pairs = [build(recipe, 2, seed) for seed in range(RUNS)]
    draws = _draws(POINT, (RUNS,), steps=2, simultaneous=False)
    games = [
        Game(*(Player(network, Optimizer(name="sgd", lr=0.05)) for network in networks), objective(name),
             HELD.get(name), steps=2, simultaneous=False, averaging=0.9)
        for networks in (*pairs, tuple(stack(networks) for networks in zip(*pairs, strict=True)))
    ]  # fmt: skip
    *alone, whole = games
    for k in range(4):
        together = whole.step(draws, k / 4)
        for r, game in enumerate(alone):
            losses = game.step(Draws(draws.real[:, r], draws.codes[:, r], draws.shares[:, r]), k / 4)
            for kind in ("discriminator", "generator", "penalty"):
                torch.testing.assert_close(getattr(together, kind)[r], getattr(losses, kind), rtol=1e-4, atol=1e-5)
    for ours, theirs in zip(whole.copies(), zip(*(game.copies() for game in alone), strict=True), strict=True):
        for key, tensor in ours.state_dict().items():
            torch.testing.assert_close(tensor, torch.stack([network.state_dict()[key] for network in theirs]),
                                       rtol=1e-4, atol=1e-5)  # fmt: skip


# One player alone


@pytest.mark.parametrize("simultaneous", [True, False])
@pytest.mark.parametrize(("shape", "runs"), CASES, ids=NAMES)
@pytest.mark.parametrize("name", OBJECTIVES)
def test_one_player_alone_moves_and_the_other_is_as_it_was_bit_for_bit(name, shape, runs, simultaneous):
    how = {"steps": 2, "simultaneous": simultaneous}
    for moving, resting in (("discriminator", "generator"), ("generator", "discriminator")):
        game = _game(name, shape, runs, averaging=0.9, **how)
        game.step(_draws(shape, runs, seed=5, **how), 0.0)
        kept, average = _numbers(getattr(game, resting)), game.average.clone()
        before = getattr(game, moving).parameters.detach().clone()
        losses = game.step(_draws(shape, runs, **how), 0.5, moving=moving)
        assert _same(_numbers(getattr(game, resting)), kept)
        assert torch.equal(game.average, average) == (moving == "discriminator")
        assert not torch.equal(getattr(game, moving).parameters, before)
        assert losses.generator.shape == losses.discriminator.shape == losses.penalty.shape == runs
        assert not losses.generator.requires_grad
        assert not losses.discriminator.requires_grad


@pytest.mark.parametrize("simultaneous", [True, False])
@pytest.mark.parametrize("name", ["gan", "wgan", "wgan-gp", "rpgan"])
def test_one_player_alone_moves_as_it_does_beside_the_other(name, simultaneous):
    how = {"steps": 2, "simultaneous": simultaneous}
    draws, games = _draws(PICTURE, **how), {}
    for moving in ("both", "discriminator", "generator"):
        games[moving] = _game(name, PICTURE, **how)
        games[moving].step(draws, 0.5, moving=moving)
    # The discriminator always moves before it could notice the generator's move.
    assert torch.equal(games["discriminator"].discriminator.parameters, games["both"].discriminator.parameters)
    # The generator meets the discriminator as it then is: moved, unless it rests.
    assert not torch.equal(games["generator"].generator.parameters, games["both"].generator.parameters)
    once = [_game(name, PICTURE) for _ in range(2)]
    for game, moving in zip(once, ("both", "generator"), strict=True):
        game.step(_draws(PICTURE), 0.5, moving=moving)
    assert torch.equal(*(game.generator.parameters for game in once))  # both look before either moves


def test_a_discriminator_that_trains_alone_learns_to_tell_and_a_generator_to_be_taken_for_real():
    game, draws = _game("gan", PICTURE, lr=0.05), _draws(PICTURE)
    first = game.step(draws, 0.0, moving="discriminator").discriminator
    for _ in range(60):
        last = game.step(draws, 0.0, moving="discriminator")
    assert last.discriminator < 0.2 * first
    for _ in range(60):
        fooled = game.step(draws, 0.0, moving="generator")
    assert fooled.generator < 2 * last.generator < 0  # the saturating loss goes down without end
    assert fooled.discriminator > last.discriminator


def test_running_statistics_of_a_player_that_rests_stay():
    class Normal(Painter):
        def __init__(self, *given):
            super().__init__(*given)
            self.norm = nn.BatchNorm2d(3)

        def forward(self, z):
            return self.norm(super().forward(z))

    random = torch.Generator().manual_seed(0)
    players = [Player(kind(PICTURE, (), random), Optimizer(name="sgd", lr=0.1)) for kind in (Normal, Judge)]
    game = Game(*players, objective("gan"))
    kept = _numbers(game.generator)
    game.step(_draws(PICTURE), 0.0, moving="discriminator")
    assert _same(_numbers(game.generator), kept)
    game.step(_draws(PICTURE), 0.0)
    assert int(game.generator.network.norm.num_batches_tracked) == 1


# What it holds


@pytest.mark.parametrize(("shape", "runs"), CASES, ids=NAMES)
def test_a_game_that_takes_up_a_state_goes_on_bit_identically(shape, runs):
    whole = _game("wgan-gp", shape, runs, averaging=0.9)
    for k in range(3):
        whole.step(_draws(shape, runs, seed=k), k / 6)
    other = _game("wgan-gp", shape, runs, averaging=0.9, seed=9)
    other.load_state_dict(copy.deepcopy(whole.state_dict()))
    for k in range(3, 6):
        ours, theirs = (game.step(_draws(shape, runs, seed=k), k / 6) for game in (whole, other))
        assert torch.equal(ours.discriminator, theirs.discriminator)
        assert torch.equal(ours.generator, theirs.generator)
    for player in ("generator", "discriminator"):
        assert _same(_numbers(getattr(whole, player)), _numbers(getattr(other, player)))
    assert torch.equal(whole.average, other.average)
    assert (whole.iteration, other.iteration) == (6, 6)


def test_copies_are_of_this_moment_and_of_the_average():
    game = _game("gan", PICTURE, averaging=0.9)
    game.step(_draws(PICTURE), 0.0)
    generator, discriminator = game.copies()
    kept = [tensor.clone() for tensor in (*generator.parameters(), *discriminator.parameters())]
    assert torch.equal(generator.weight.flatten(), game.average)
    assert not torch.equal(generator.weight, game.generator.network.weight)
    game.step(_draws(PICTURE), 0.0)
    assert _same(kept, [*generator.parameters(), *discriminator.parameters()])


# Refusals


@pytest.mark.parametrize(
    ("draws", "given"),
    [({"simultaneous": False}, "1 real batches and codes for 2"), ({"steps": 2}, "2 real batches and codes for 2")],
)
def test_draws_for_another_game_are_refused_with_both_numbers(draws, given):
    game = _game("gan", POINT)
    with pytest.raises(InputError, match=f"draws have {given}.*; this game takes 1 and 1 a step"):
        game.step(_draws(POINT, **draws), 0.0)


def test_a_gradient_penalty_without_shares_and_a_player_there_is_not_are_refused():
    game, draws = _game("wgan-gp", POINT), _draws(POINT)
    with pytest.raises(InputError, match="takes draws with shares"):
        game.step(Draws(draws.real, draws.codes), 0.0)
    with pytest.raises(InputError, match="unknown player 'critic'"):
        game.step(draws, 0.0, moving="critic")
    assert game.iteration == 0


def test_losses_that_will_not_come_back_are_said_to_diverge():
    game, draws = _game("lsgan", PICTURE, optimizer="sgd", lr=1000.0), _draws(PICTURE)

    def play():
        for k in range(50):
            check(game.step(draws, 0.0), k + 1, 1)

    with pytest.raises(Diverged, match=r"in epoch 1 \(iteration \d+\): a loss became (absurd|not a number)"):
        play()
