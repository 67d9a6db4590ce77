"""What an objective of one's own gives beside its losses: penalties and networks, in a game, a fit, a study, a file."""

import importlib.util
import re
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

import ganatomy
from ganatomy.errors import InputError
from ganatomy.fitting.objectives.catalogue import GAN, NonSaturatingGAN, Wasserstein
from ganatomy.fitting.objectives.own import own_objective
from ganatomy.fitting.recipes.recipe import Optimizer, load_recipe
from ganatomy.fitting.study.executors.stacked import _mixes
from ganatomy.fitting.study.job import Job
from ganatomy.fitting.study.plan import plan_study
from ganatomy.fitting.training.batched import train_many
from ganatomy.fitting.training.game import Draws, Game
from ganatomy.fitting.training.networks import build
from ganatomy.fitting.training.players import Player
from ganatomy.fitting.training.trainer import Trainer

ROOT = Path(__file__).resolve().parents[3]
SMALL = {
    "batch_size": 100,
    "epochs": 2,
    "generator": {"hidden": [8], "normalization": "none"},
    "discriminator": {"hidden": [8]},
    "penalties": {},
}
FILE = """
import torch
from torch import nn
from ganatomy.fitting.objectives.catalogue import LeastSquares

class Waves(nn.Module):
    def __init__(self, inputs, outputs):
        super().__init__()
        self.layer = nn.Linear(inputs, outputs)
        self.register_buffer("calls", torch.zeros(()))
    def forward(self, x):
        self.calls += 1
        return torch.sin(self.layer(x)) * 3

class Mine(LeastSquares):
    def generator_network(self, width, dim):
        return Waves(width, dim)
    def discriminator_network(self, dim):
        return Waves(dim, 1)
"""


def _example():
    spec = importlib.util.spec_from_file_location("consensus", ROOT / "examples" / "consensus.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def mine(tmp_path):
    path = tmp_path / "my.py"
    path.write_text(FILE, encoding="utf-8")
    return f"{path}:Mine"


def _same(first, second):
    return all(torch.equal(a, b) for a, b in zip(first.parameters(), second.parameters(), strict=True))


# Penalties


class Slope(nn.Module):
    """The player of one number: x -> a x, or of no x at all."""

    def __init__(self, value, point):
        super().__init__()
        self.a, self.point = nn.Parameter(torch.tensor([[value]], dtype=torch.float64)), point

    def forward(self, x):
        return self.a.expand(len(x), 1) if self.point else (x * self.a).squeeze(-1)


def _bilinear(weight, rate=0.1):
    """The game L_D = a (b - r), L_G = -a b of a critic a x and a generator of the one point b; r is 2."""
    objective = type("Bilinear", (_example().Consensus, Wasserstein), {})(weight)
    sgd = Optimizer(name="sgd", lr=rate)
    game = Game(Player(Slope(0.5, True), sgd), Player(Slope(0.75, False), sgd), objective)
    draws = Draws(torch.full((1, 4, 1), 2.0, dtype=torch.float64), torch.zeros(1, 4, 1, dtype=torch.float64))
    return game, draws


def test_the_consensus_step_of_a_bilinear_game_is_known_by_hand():
    b, a, r, weight, rate = 0.5, 0.75, 2.0, 3.0, 0.1
    game, draws = _bilinear(weight, rate)
    losses = game.step(draws, 0.0)
    assert game.discriminator.network.a.item() == pytest.approx(a - rate * ((b - r) + weight * a), abs=1e-12)
    assert game.generator.network.a.item() == pytest.approx(b - rate * (-a + weight * (b - r)), abs=1e-12)
    term = weight / 2 * (a**2 + (b - r) ** 2)
    assert float(losses.penalty) == pytest.approx(2 * term)  # of both players
    assert float(losses.discriminator) == pytest.approx(a * (b - r))
    assert float(losses.generator) == pytest.approx(-a * b)


def test_consensus_ends_the_turning_of_a_bilinear_game():
    ends = []
    for weight in (0.0, 1.0):
        game, draws = _bilinear(weight)
        for _ in range(200):
            game.step(draws, 0.0)
        ends.append(abs(game.generator.network.a.item() - 2) + abs(game.discriminator.network.a.item()))
    assert ends[0] > 2
    assert ends[1] < 1e-6


class Pulled(NonSaturatingGAN):
    """A term of each player that is its own weights alone."""

    def discriminator_penalty(self, networks, real, fake, progress):
        return sum(p.square().sum() for p in networks.discriminator.parameters()) * (1 + progress) / 2

    def generator_penalty(self, networks, real, fake, progress):
        return None if progress < 0.5 else sum(p.square().sum() for p in networks.generator.parameters()) / 2


@pytest.mark.parametrize("updates", ["simultaneous", "alternating"])
@pytest.mark.parametrize("player", ["discriminator", "generator"])
def test_a_penalty_moves_the_player_that_it_is_of_by_its_gradient(points, updates, player):
    recipe = load_recipe({**SMALL, "updates": updates}, own_objective(Pulled), optimizer="sgd", lr=1.0)

    def moved(objective, progress):
        trainer = Trainer(points, recipe, objective=Pulled)
        trainer.game.objective = objective or trainer.objective
        before = getattr(trainer.game, player).parameters.detach().clone()
        trainer.game.step(trainer.draw_epoch(0)[0], progress, moving=player)
        return before, getattr(trainer.game, player).parameters.detach()

    for progress, pull in ((0.0, 1.0 if player == "discriminator" else 0.0), (0.5, 1.5 - (player == "generator") / 2)):
        (before, pulled), (_, plain) = moved(None, progress), moved(NonSaturatingGAN(), progress)
        torch.testing.assert_close(pulled, plain - pull * before)


class Seeing(GAN):
    """Asserts what a penalty is given, and adds nothing."""

    def discriminator_penalty(self, networks, real, fake, progress):
        assert real.shape == fake.shape == (100, 2)
        assert fake.requires_grad
        assert networks.score(real).shape == (50,)
        assert 0 <= progress < 1
        return 0 * networks.score(fake).sum()


def test_a_penalty_is_given_points_and_scores_of_packs_and_changes_nothing_if_it_is_nothing(points):
    settings = {**SMALL, "packing": 2}
    seen, plain = (ganatomy.fit(points, kind, settings) for kind in (Seeing, "gan"))
    torch.testing.assert_close(list(seen.generator.parameters()), list(plain.generator.parameters()))


class OwnR1(GAN):
    """The built-in R1, written as a penalty of one's own."""

    def discriminator_penalty(self, networks, real, fake, progress):
        real = real.detach().requires_grad_()
        scores = networks.score(real)
        slopes = torch.autograd.grad(scores.sum(), real, create_graph=True)[0]
        return 0.3 * slopes.square().sum() / len(scores) / 2


@pytest.mark.parametrize("updates", ["simultaneous", "alternating"])
@pytest.mark.parametrize("packing", [1, 2])
def test_the_built_in_penalty_as_one_s_own_trains_the_same(points, updates, packing):
    rules = {**SMALL, "updates": updates, "packing": packing, "discriminator_steps": 2}
    rules |= {"optimizer": {"name": "sgd", "lr": 0.1}}
    own, built_in = (
        list(ganatomy.train(points, kind, {**rules, "penalties": held}))
        for kind, held in ((OwnR1, {}), ("gan", {"r1": 0.3}))
    )
    for ours, theirs in zip(own, built_in, strict=True):
        for name in ("discriminator", "generator", "penalty"):
            torch.testing.assert_close(getattr(ours.losses, name), getattr(theirs.losses, name))
        assert float(ours.losses.penalty) > 0


@pytest.mark.usefixtures("_no_pictures")
def test_a_longer_run_is_another_where_a_penalty_may_follow_the_progress(points, tmp_path):
    def run(epochs):
        return ganatomy.fit(points, Pulled, {**SMALL, "epochs": epochs}, train_size=300, out=tmp_path / "run")

    run(1)
    with pytest.raises(InputError, match="whose discriminator's penalty follows their number"):
        run(2)


# Networks


def test_the_recipe_s_networks_as_one_s_own_train_the_same_model_bit_for_bit(points):
    class Copies(GAN):
        def generator_network(self, width, dim):
            return build(load_recipe(SMALL, "gan"), dim, seed=0)[0].layers

        def discriminator_network(self, dim):
            return build(load_recipe(SMALL, "gan"), dim, seed=0)[1].layers

    same = {**SMALL, "penalties": {"r1": 0.1}}  # without it real and generated points of the recipe's go as one batch
    own, built_in = (ganatomy.fit(points, kind, same) for kind in (Copies, "gan"))
    assert _same(own.generator, built_in.generator)
    assert _same(own.discriminator, built_in.discriminator)


class Both(Pulled):
    """Penalties and a network."""

    def generator_network(self, width, dim):
        return nn.Sequential(nn.Linear(width, 8), nn.Softplus(), nn.Linear(8, dim))


def test_a_stopped_training_with_penalties_and_networks_of_one_s_own_ends_with_the_same_bits(points):
    recipe = load_recipe(SMALL, own_objective(Both))
    whole, first, second, other = (Trainer(points, recipe, seed, objective=Both) for seed in (0, 0, 0, 1))
    start = whole.game.generator.parameters.detach().clone()
    assert torch.equal(start, first.game.generator.parameters)
    assert not torch.equal(start, other.game.generator.parameters)
    list(whole)
    next(iter(first))
    second.load_state_dict(first.state_dict())
    list(second)
    for player in ("generator", "discriminator"):
        assert torch.equal(getattr(whole.game, player).parameters, getattr(second.game, player).parameters)


def test_a_network_that_raises_in_the_middle_of_a_training_names_its_line(points, tmp_path):
    path = tmp_path / "my.py"
    text = FILE.replace("        return torch.sin", "        assert self.calls < 9, 'tired'\n        return torch.sin")
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        ganatomy.fit(points, f"{path}:Mine", SMALL, epochs=20)
    assert str(caught.value) == f"{path}: line 13: AssertionError: tired; repair it there"


@pytest.mark.usefixtures("_no_pictures")
def test_a_run_with_networks_of_one_s_own_is_opened_with_their_file_and_runs_nothing_without(
    cli, tiny, points_file, mine, tmp_path
):
    out = tmp_path / "run"
    fitted = cli(
        "fit", points_file, *tiny, "--recipe", "literature", "--objective", mine, "--epochs", "2", "--out", out
    )
    assert fitted.code == 0, fitted.err
    path = Path(mine.rpartition(":")[0])
    path.write_text(FILE + "raise SystemExit('was run')\n", encoding="utf-8")
    for command in (("sample", out, "--out", tmp_path / "s.csv"), ("sefa", out)):
        said = cli(*command).refusal
        assert "somebody's own code" in said
        assert ("--objective FILE.py:Mine" in said) == (command[0] == "sample")
    path.write_text(FILE, encoding="utf-8")
    drawn = cli("sample", out, "-n", "20", "--out", tmp_path / "s.csv", "--objective", mine)
    assert drawn.code == 0, drawn.err
    assert cli("animate", out).code == 0
    run = ganatomy.load(out, objective=mine)
    np.testing.assert_allclose(np.loadtxt(tmp_path / "s.csv", delimiter=",", skiprows=1), run.sample(20, seed=0))
    assert run.discriminate(run.sample(5)).shape == (5,)
    assert run.generator.layers.calls > 0  # a buffer, kept with the weights
    path.write_text(FILE + "# changed\n", encoding="utf-8")
    assert "SHA-256" in cli("sample", out, "--out", tmp_path / "t.csv", "--objective", mine).refusal


def test_seeds_at_once_leave_such_objectives_to_be_trained_alone(points_file, mine, points):
    settings = {"optimizers": ["adam"], "seeds": [0], "train_size": 300, "recipe": SMALL}
    plan = plan_study(points_file, objectives=[mine, Pulled, "gan"], **settings)
    assert [_mixes(Job(run)) for run in plan.runs] == [True, True, False]
    with pytest.raises(InputError, match=r"has its own discriminator_network, .* train them one by one$"):
        train_many(points, mine, SMALL, seeds=[0, 1])


# The examples


def test_the_example_of_consensus_trains_by_its_file(points):
    path = ROOT / "examples" / "consensus.py"
    run = ganatomy.fit(points, f"{path}:ConsensusGAN", SMALL)
    assert run.history.loss("penalty").min() > 0
    assert run.recipe.objective == "ConsensusGAN"


def test_the_study_of_packing_is_one():
    plan = plan_study(recipe=ROOT / "examples" / "packing.toml")
    assert [run.recipe.packing for run in plan.runs] == [1, 2, 4] * 3
    assert {claim["worse"].partition(",packing")[0] for claim in plan.claims} == {"ns-gan,adam,2e-4"}


def test_the_page_of_one_s_own_names_every_method_and_its_program_runs(notebook, capsys):
    page = (ROOT / "docs" / "own.md").read_text("utf-8")
    methods = re.findall(r"^\| `(\w+)\(", page, re.M)
    assert methods == [name for name, value in vars(ganatomy.Objective).items() if callable(value) and name != "gives"]
    (program,) = re.findall(r"^```python\n(.*?)^```", page, re.M | re.S)
    notebook.run(program)
    assert capsys.readouterr().out == "(3, 2)\n"


def test_a_stranger_s_model_of_a_built_in_objective_has_no_networks_of_its_own(points, tmp_path):
    ganatomy.fit(points, "gan", SMALL).save(tmp_path / "m.safetensors")
    content = (tmp_path / "m.safetensors").read_bytes()
    changed = content.replace(b'\\"format\\"', b'\\"own\\": 1, \\"format\\"', 1)
    length = int.from_bytes(content[:8], "little") + len(changed) - len(content)
    (tmp_path / "m.safetensors").write_bytes(length.to_bytes(8, "little") + changed[8:])
    with pytest.raises(InputError, match="damaged model: gan is built in, and its networks are somebody's own"):
        ganatomy.load(tmp_path / "m.safetensors")
