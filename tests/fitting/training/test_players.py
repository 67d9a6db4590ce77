"""A player's step on its flat vector is torch.optim's step on the separate parameters, for every optimizer."""

import copy
import inspect
import io
import math

import pytest
import torch
from torch import nn

from ganatomy.errors import InputError
from ganatomy.fitting.recipes.recipe import Optimizer
from ganatomy.fitting.training.penalties import clip_
from ganatomy.fitting.training.players import Player, optimizer_class, rate

REFUSED = {"LBFGS", "SparseAdam", "Muon"}  # Muon takes matrices only, and a network has biases
ALL = sorted(
    name
    for name, value in vars(torch.optim).items()
    if inspect.isclass(value) and issubclass(value, torch.optim.Optimizer) and value is not torch.optim.Optimizer
)
SUPPORTED = [name for name in ALL if name not in REFUSED]
TUNED = [
    ("RMSprop", {"alpha": 0.9, "momentum": 0.5, "centered": True, "weight_decay": 0.01}),
    ("Adam", {"betas": [0.0, 0.9], "amsgrad": True, "weight_decay": 0.1}),
    ("AdamW", {"betas": [0.5, 0.9], "weight_decay": 0.3}),
    ("SGD", {"momentum": 0.9, "nesterov": True, "weight_decay": 0.1}),
    ("SGD", {"momentum": 0.5, "dampening": 0.3, "maximize": True}),
    ("Rprop", {"etas": [0.4, 1.3], "step_sizes": [1e-7, 1.0]}),
]


def _network(seed=0):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return nn.Sequential(nn.Linear(3, 5), nn.Tanh(), nn.LayerNorm(5), nn.Linear(5, 1)).double()


def _loss(network, step):
    dtype = next(network.parameters()).dtype
    x = torch.randn(7, 3, generator=torch.Generator().manual_seed(step)).to(dtype)
    return (network(x) - x.sum(1, keepdim=True)).square().mean()


def _walk(player, steps):
    for step in steps:
        player.step(player.gradients(_loss(player.network, step)), progress=0.0)


def _vector(network):
    return torch.cat([p.detach().reshape(-1) for p in network.parameters()])


# One step is torch.optim's


@pytest.mark.parametrize(("name", "options"), [(name, {}) for name in SUPPORTED] + TUNED)
def test_steps_on_the_flat_vector_are_torch_s_steps_on_separate_parameters(name, options):
    network, reference = _network(), _network()
    player = Player(network, Optimizer(name=name, lr=0.01, options=options))
    arguments = {key: tuple(value) if isinstance(value, list) else value for key, value in options.items()}
    theirs = getattr(torch.optim, name)(reference.parameters(), lr=0.01, **arguments)
    start = _vector(network)
    for step in range(6):
        _walk(player, [step])
        theirs.zero_grad()
        _loss(reference, step).backward()
        theirs.step()
        torch.testing.assert_close(_vector(network), _vector(reference), rtol=1e-9, atol=1e-12)
    assert (_vector(network) - start).abs().max() > 1e-5


@pytest.mark.parametrize("name", ALL)
def test_every_class_of_torch_trains_a_player_or_is_refused_with_one_line(name):
    if name in SUPPORTED:
        player = Player(_network(), Optimizer(name=name.lower()))
        assert type(player.optimizer) is getattr(torch.optim, name)
        return
    with pytest.raises(InputError, match=f"(?i){name}") as caught:
        Player(_network(), Optimizer(name=name.lower()))
    assert "try adam" in str(caught.value)


def test_an_update_that_looks_at_shapes_is_given_the_separate_tensors():
    for name in ("adam", "rmsprop", "sgd"):
        (group,) = Player(_network(), Optimizer(name=name)).optimizer.param_groups
        assert [p.dim() for p in group["params"]] == [1]
    if "Adafactor" in ALL:
        (group,) = Player(_network(), Optimizer(name="adafactor")).optimizer.param_groups
        assert [p.shape for p in group["params"]] == [p.shape for p in _network().parameters()]


def test_sgd_moves_by_the_rate_times_the_gradient_and_nothing_else():
    player = Player(_network(), Optimizer(name="sgd", lr=0.25))
    before = player.parameters.detach().clone()
    gradients = player.gradients(_loss(player.network, 0))
    player.step(gradients, progress=0.0)
    expected = before - 0.25 * torch.cat([g.reshape(-1) for g in gradients])
    torch.testing.assert_close(player.parameters.detach(), expected, rtol=1e-14, atol=1e-16)


# The flat vector is the network


@pytest.mark.parametrize("name", ["adam", pytest.param("adafactor", marks=pytest.mark.skipif(
    "Adafactor" not in ALL, reason="this torch has no Adafactor"))])  # fmt: skip
def test_the_vector_and_the_network_stay_one_thing(name):
    original = _network()
    player = Player(copy.deepcopy(original), Optimizer(name=name, lr=0.1))
    assert torch.equal(player.parameters.detach(), _vector(original))  # laying out changes no value
    _walk(player, range(2))
    assert torch.equal(player.parameters.detach(), _vector(player.network))
    clip_(player.parameters, 0.01)
    assert max(float(p.detach().abs().max()) for p in player.network.parameters()) == 0.01
    player.load_state_dict(Player(_network(seed=5), Optimizer(name=name)).state_dict())
    assert torch.equal(player.parameters.detach(), _vector(_network(seed=5)))


def test_gradients_are_of_this_player_s_tensors_only_and_of_the_sum_of_the_losses():
    first, second = Player(_network(0), Optimizer()), Player(_network(1), Optimizer())
    losses = torch.stack([_loss(first.network, 0), _loss(first.network, 1) * _loss(second.network, 1)])
    found = first.gradients(losses, retain_graph=True)
    expected = torch.autograd.grad(losses[0] + losses[1], list(first.network.parameters()))
    for ours, theirs in zip(found, expected, strict=True):
        torch.testing.assert_close(ours, theirs)
    assert all(p.grad is None for p in second.network.parameters())


# Schedules


@pytest.mark.parametrize(
    ("schedule", "form"),
    [
        ("constant", lambda t: 1.0),
        ("linear", lambda t: 1 - t),
        ("cosine", lambda t: math.cos(math.pi * t / 2) ** 2),  # = (1 + cos πt) / 2
    ],
)
def test_a_schedule_has_its_closed_form_and_scales_the_step(schedule, form):
    for progress in (0.0, 0.1, 0.5, 0.9, 1.0):
        assert rate(schedule, progress) == pytest.approx(form(progress), abs=1e-15)
        player = Player(nn.Linear(1, 1, bias=False).double(), Optimizer(name="sgd", lr=2.0, schedule=schedule))
        before = player.network.weight.item()
        player.step((torch.ones(1, 1, dtype=torch.float64),), progress)
        assert before - player.network.weight.item() == pytest.approx(2 * form(progress), abs=1e-12)


def test_a_schedule_starts_from_the_given_rate_each_time():
    player = Player(_network(), Optimizer(name="sgd", lr=1.0, schedule="linear"))
    for progress in (0.5, 0.5, 0.25):
        player.step(player.gradients(_loss(player.network, 0)), progress)
        assert player.optimizer.param_groups[0]["lr"] == 1 - progress


# Resuming


@pytest.mark.parametrize(("name", "options"), [(name, {}) for name in SUPPORTED] + TUNED)
def test_a_player_goes_on_bit_for_bit_from_its_saved_state(name, options):
    settings = Optimizer(name=name, lr=0.01, options=options)
    player = Player(_network().float(), settings)
    _walk(player, range(3))
    file = io.BytesIO()
    torch.save(player.state_dict(), file)
    _walk(player, range(3, 6))

    resumed = Player(_network(seed=7).float(), settings)
    file.seek(0)
    resumed.load_state_dict(torch.load(file, weights_only=True))
    _walk(resumed, range(3, 6))
    assert torch.equal(resumed.parameters, player.parameters)


# Refusals


@pytest.mark.parametrize(
    ("name", "options", "words"),
    [
        ("adamm", {}, "did you mean 'adam'"),
        ("Optimizer", {}, "unknown optimizer"),
        ("lbfgs", {}, "try adam"),
        ("sparseadam", {}, "try adam"),
        ("adam", {"beta": [0.5, 0.9]}, "did you mean 'betas'"),
        ("rmsprop", {"betas": [0.5, 0.9]}, "'betas'"),
        ("sgd", {"lr": 0.1}, "'lr'"),
        ("sgd", {"params": []}, "'params'"),
        ("adam", {"betas": [-1.0, 0.9]}, "betas"),
        ("adam", {"betas": [0.5, 1.0]}, "betas"),
        ("adam", {"betas": 0.5}, "betas"),
        ("adam", {"betas": ["a", "b"]}, "betas"),
        ("adam", {"betas": []}, "betas"),
        ("adam", {"betas": [0.9]}, "betas"),
        ("adam", {"betas": {}}, "betas"),
        ("adam", {"betas": [0.5, 0.9, 0.99]}, "betas"),
        ("adam", {"eps": "small"}, "eps"),
        ("adam", {"capturable": True}, "capturable"),
        ("adam", {"differentiable": True}, "differentiable"),
        ("sgd", {"nesterov": True}, "nesterov"),
        ("sgd", {"momentum": -0.5}, "momentum"),
    ],
)
def test_an_optimizer_or_option_that_cannot_work_is_refused_before_training(name, options, words):
    with pytest.raises(InputError) as caught:
        Player(_network(), Optimizer(name=name, options=options))
    message = str(caught.value)
    assert words in message
    assert name in message
    assert len(message.splitlines()) == 1


@pytest.mark.parametrize("name", ["RMSprop", "rmsprop", "RMSPROP"])
def test_the_case_of_an_optimizer_s_name_does_not_matter(name):
    assert optimizer_class(name) is torch.optim.RMSprop
