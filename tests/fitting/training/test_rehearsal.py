"""What is wrong with penalties and networks of one's own is said in one line before anything is trained or written."""

import pytest
import torch
from torch import nn

import ganatomy
from ganatomy.errors import InputError
from ganatomy.fitting.objectives.catalogue import LeastSquares
from ganatomy.fitting.objectives.own import own_objective
from ganatomy.fitting.training.trainer import Trainer

HEAD = """import torch
from torch import nn
from ganatomy.fitting.objectives.catalogue import LeastSquares

class Net(nn.Module):
    def __init__(self, inputs, outputs):
        super().__init__()
        self.layer = nn.Linear(inputs, outputs)
        self.prepare(inputs, outputs)
    def prepare(self, inputs, outputs):
        pass
    def forward(self, x):
        return self.layer(x)

class Mine(LeastSquares):
"""
PENALTY = "    def generator_penalty(self, networks, real, fake, progress):\n        "
CRITIC = "    def discriminator_network(self, dim):\n        "
MAKER = "    def generator_network(self, width, dim):\n        "
MISTAKES = {
    f"{PENALTY}return 0.5": "generator_penalty of Mine returns a float; return one number as a tensor",
    f"{PENALTY}return fake": "returns numbers of shape (50, 2); return one number",
    f"{PENALTY}return real.mean()": "does not depend on the generator's parameters; compute it from",
    f"{PENALTY}return fake.detach().mean()": "does not depend on the generator's parameters",
    f"{PENALTY}return networks.score(real).mean()": "does not depend on the generator's parameters",
    f"{PENALTY}return (fake.mean() - 1e9).log()": "is nan before any training",
    f"{PENALTY}return (fake - fake).sum().sqrt()": "has a gradient by the generator's parameters that is no number",
    f"{PENALTY}return fake.mean() / no_such_name": "line 17: NameError",
    f"{PENALTY}return None": "does not depend on the generator's parameters",
    f"{CRITIC}return dim": "discriminator_network of Mine returns a int; return a torch.nn.Module",
    f"{CRITIC}return nn.Identity()": "has no parameters that a player could move",
    f"{CRITIC}return Net(dim, 3)": "makes torch.float32 of shape (50, 3) of (50, 2); it is to return torch.float32 of",
    f"{CRITIC}return Net(dim + 1, 1)": "line 13: RuntimeError: mat1 and mat2 shapes cannot be multiplied",
    f"{CRITIC}return Net(dim, 1).double()": "has 'layer.weight' (torch.float64); parameters are torch.float32",
    f"{CRITIC}return Net(dim, 1).requires_grad_(False)": "has 'layer.weight' (needs no gradient)",
    f"{CRITIC}return nn.LazyLinear(1)": "leaves the size of 'weight' open",
    f"{CRITIC}net = Net(dim, 1)\n        net.more = nn.Linear(2, 2)\n        return net": "never uses its",
    f"{CRITIC}return nn.Sequential(nn.Linear(dim, 1), nn.Hardtanh(9, 10), nn.Threshold(20, float('inf')))": "gives NaN",
    f"{CRITIC}return nn.Sequential(nn.BatchNorm1d(dim), nn.Linear(dim, 1))": "mixes the points of a batch",
    f"{CRITIC}return Net(dim, 1)\n{MAKER}return Net(width, dim + 1)": "makes torch.float32 of shape",
    f"{MAKER}return nn.Linear(dim)": "line 17: TypeError",
    f"{MAKER}raise SystemExit": "line 17: SystemExit",
}
SMALL = {
    "batch_size": 50,
    "epochs": 1,
    "generator": {"hidden": [8]},
    "discriminator": {"hidden": [8]},
    "penalties": {"r1": 0.1},
}


@pytest.mark.parametrize("text", MISTAKES)
def test_a_mistake_is_said_in_one_line_with_the_file_before_anything_is_written(points, tmp_path, text):
    path = tmp_path / "my.py"
    path.write_text(HEAD + text + "\n", encoding="utf-8")
    with pytest.raises(InputError) as caught:
        ganatomy.fit(points, f"{path}:Mine", SMALL, train_size=300, out=tmp_path / "run")
    assert len(str(caught.value).splitlines()) == 1
    assert str(caught.value).startswith(f"{path}: ")
    assert MISTAKES[text] in str(caught.value)
    assert not (tmp_path / "run").exists()


def test_batch_normalization_is_allowed_where_no_gradient_is_penalised(points):
    class Mine(LeastSquares):
        def discriminator_network(self, dim):
            return nn.Sequential(nn.Linear(dim, 8), nn.BatchNorm1d(8), nn.Linear(8, 1))

    run = ganatomy.fit(points, Mine, {**SMALL, "penalties": {}})
    assert run.discriminate(points[:3]).shape == (3,)


def test_it_leaves_networks_and_random_numbers_as_they_were(points):
    class Counting(nn.Module):
        def __init__(self, dim):
            super().__init__()
            self.layer = nn.Linear(dim, 1)
            self.register_buffer("calls", torch.zeros(()))

        def forward(self, x):
            self.calls += 1
            return self.layer(x) + torch.rand(())

    class Mine(LeastSquares):
        def discriminator_network(self, dim):
            return Counting(dim)

    torch.manual_seed(7)
    expected = torch.rand(3)
    torch.manual_seed(7)
    own = own_objective(Mine)
    trainer = Trainer(points, ganatomy.load_recipe(SMALL, own), objective=own)
    assert torch.equal(torch.rand(3), expected)
    assert trainer.game.discriminator.network.layers.calls == 0
