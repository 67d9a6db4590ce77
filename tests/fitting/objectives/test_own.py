"""An own objective is as good as a built-in one, only what its user named is run, and mistakes are said in a line."""

import importlib.util
import pickle
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

import ganatomy
from ganatomy.errors import InputError
from ganatomy.fitting.objectives.catalogue import LeastSquares, Objective
from ganatomy.fitting.objectives.guarded import Guarded
from ganatomy.fitting.objectives.own import own_objective, read_objective
from ganatomy.fitting.recipes.recipe import load_recipe
from ganatomy.fitting.run.fit import fit
from ganatomy.fitting.training.game import Diverged
from ganatomy.fitting.training.trainer import Trainer

HEAD = "import torch\nfrom ganatomy import Objective\nfrom ganatomy.fitting.objectives.catalogue import LeastSquares\n"
GOOD = f"""{HEAD}
class Mine(LeastSquares):
    label = "my score"

    def discriminator_loss(self, real, fake):
        return ((real - 0.9).square() + fake.square()).mean(-1) / 2
"""
SMALL = {
    "batch_size": 100,
    "epochs": 2,
    "generator": {"hidden": [8], "normalization": "none"},
    "discriminator": {"hidden": [8]},
}


class Mine(LeastSquares):
    """As in GOOD, in this file."""

    def __init__(self, target=0.9):
        self.target = target
        self.kept = torch.nn.MSELoss()  # the same in every instance, so no part of its name

    def discriminator_loss(self, real, fake):
        return ((real - self.target).square() + fake.square()).mean(-1) / 2


class Raising(LeastSquares):
    def discriminator_loss(self, real, fake):
        if len(real) == 100:  # in training
            raise OverflowError("in the middle")
        return super().discriminator_loss(real, fake)


class Steep(LeastSquares):
    def discriminator_loss(self, real, fake):
        return fake.square().square().square().exp().mean(-1) - real.mean(-1)


@pytest.fixture
def written(tmp_path):
    """Write a file of an objective and return its path."""

    def write(text=GOOD, name="my.py"):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write


def _refused(work, *arguments, **keywords) -> str:
    with pytest.raises(InputError) as caught:
        work(*arguments, **keywords)
    assert len(str(caught.value).splitlines()) == 1
    return str(caught.value)


def _same(first, second):
    return all(torch.equal(a, b) for a, b in zip(first.parameters(), second.parameters(), strict=True))


# Like a built-in one


@pytest.mark.parametrize("name", ["lsgan", "rpgan", "wgan"])
@pytest.mark.parametrize("updates", ["simultaneous", "alternating"])
def test_the_built_in_text_in_a_file_of_one_s_own_trains_the_same_model_bit_for_bit(points, written, name, updates):
    kind = {"lsgan": "LeastSquares", "rpgan": "RelativisticPairing", "wgan": "Wasserstein"}[name]
    path = written(f"from ganatomy.fitting.objectives.catalogue import {kind}\nclass Copy({kind}):\n    pass\n")
    recipe = {**SMALL, "updates": updates, "penalties": {"clip": 0.1}, "optimizer": {"name": "adam", "lr": 1e-3}}
    built_in, own = (fit(points, form, recipe) for form in (name, read_objective(f"{path}:Copy")))
    assert (own.recipe.objective, built_in.recipe.objective) == ("Copy", name)
    assert _same(own.generator, built_in.generator)
    assert np.array_equal(own.discriminate(points), built_in.discriminate(points))


def test_a_file_a_class_and_an_instance_are_recorded_alike(written):
    path = written()
    own = read_objective(f"{path}:Mine")
    spec = importlib.util.spec_from_file_location("my_module", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    for form in (module.Mine, module.Mine()):
        assert (own_objective(form).name, own_objective(form).sha256) == (own.name, own.sha256)
    assert own_objective(own) is own


def test_what_an_instance_holds_is_part_of_its_name():
    names = [own_objective(form).name for form in (Mine, Mine(), Mine(0.9), Mine(0.8))]
    assert names == ["Mine", "Mine", "Mine", "Mine(target=0.8)"]
    assert "give numbers or text" in _refused(own_objective, Mine(torch.ones(2)))


def test_a_recipe_has_a_table_for_an_own_objective_by_its_name(tmp_path):
    path = tmp_path / "r.toml"
    path.write_text("epochs = 5\n[for.Mine]\nepochs = 7\n", encoding="utf-8")
    assert [load_recipe(path, form).epochs for form in (own_objective(Mine(0.8)), "gan")] == [7, 5]


# What is run, and what is not


@pytest.fixture
def telltale(written, tmp_path):
    """An objective's file that leaves a trace whenever it is run."""
    return written(f"{GOOD}\nwith open({str(tmp_path / 'trace')!r}, 'a') as file:\n    file.write('run ')\n")


def test_a_recipe_and_a_model_run_nothing(points, telltale, tmp_path):
    own = read_objective(f"{telltale}:Mine")
    model = fit(points, own, **SMALL)
    model.save(tmp_path / "model.safetensors")
    (tmp_path / "recipe.toml").write_text(model.recipe.to_toml(), encoding="utf-8")
    assert (tmp_path / "trace").read_text() == "run "  # once a process
    (tmp_path / "trace").unlink()
    del sys.modules[f"ganatomy_own_{own.sha256}"]  # as in a process that never saw the file
    recipe = load_recipe(tmp_path / "recipe.toml")
    assert recipe == model.recipe
    assert (recipe.objective, recipe.objective_sha256) == ("Mine", own.sha256)
    ganatomy.FittedGAN.load(tmp_path / "model.safetensors").sample(10)
    message = _refused(fit, points, recipe=recipe, train_size=300, out=tmp_path / "run")
    assert "`objective=FILE.py:Mine`" in message
    assert own.sha256[:12] in message
    assert not (tmp_path / "run").exists()
    assert not (tmp_path / "trace").exists()


@pytest.mark.parametrize("objective", ["my.py:Mine", "Mine", "os.system", "Mine\\u001b[2J"])
def test_a_recipe_cannot_name_a_file_or_a_class(points, written, tmp_path, objective, monkeypatch):
    written("raise SystemExit('was run')")
    monkeypatch.chdir(tmp_path)
    recipe = tmp_path / "r.toml"
    recipe.write_text(f'objective = "{objective}"\n', encoding="utf-8")
    assert "unknown objective" in _refused(load_recipe, recipe)
    recipe.write_text(f'objective = "{objective}"\nobjective_sha256 = "{"0" * 64}"\n', encoding="utf-8")
    if objective == "Mine":  # data, with which nothing can be trained
        assert "somebody's own code" in _refused(Trainer, points, load_recipe(recipe))
    else:
        assert "unknown objective" in _refused(load_recipe, recipe)


def test_digests_are_checked(points, written, tmp_path):
    own = read_objective(f"{written()}:Mine")
    recipe = load_recipe("literature", own, **SMALL)
    changed = read_objective(f"{written(GOOD + '# changed')}:Mine")
    assert changed.sha256 in _refused(fit, points, changed, recipe)
    assert fit(points, own, recipe).recipe == recipe
    assert load_recipe(recipe, "gan").objective_sha256 == ""
    assert "gan is built in" in _refused(load_recipe, {"objective": "gan", "objective_sha256": own.sha256})
    assert "objective_sha256" not in load_recipe("course").to_toml()
    assert "objective_sha256 = 'x'" in _refused(load_recipe, {"objective": "Mine", "objective_sha256": "x"})


def test_a_model_needs_its_objective_for_the_discriminator_s_value_only(points, written, tmp_path):
    own, path = read_objective(f"{written()}:Mine"), tmp_path / "m.safetensors"
    model = fit(points, own, **SMALL)
    model.save(path)
    without, given = ganatomy.FittedGAN.load(path), ganatomy.FittedGAN.load(path, own)
    for loaded in (without, given):
        assert np.array_equal(loaded.sample(50), model.sample(50))
    assert np.array_equal(given.discriminate(points), model.discriminate(points))
    for method in ("discriminate", "discriminator_gradient"):
        assert "`objective=FILE.py:Mine`" in _refused(getattr(without, method), points)
    assert "is not Mine" in _refused(ganatomy.FittedGAN.load, path, Mine)
    fit(points, "gan", **SMALL).save(path)
    assert "is built in" in _refused(ganatomy.FittedGAN.load, path, own)


# Elsewhere


@pytest.mark.parametrize("form", ["file", "instance"])
def test_another_process_needs_no_file(points, written, form):
    path = written(f"{GOOD}\n    def __init__(self, share=1.0):\n        self.share = share\n# {form}")
    own = read_objective(f"{path}:Mine")
    if form == "instance":
        own = own_objective(type(own.make().inner)(0.5))
    expected = fit(points, own, **SMALL).sample(20)
    path.unlink()
    sent = pickle.loads(pickle.dumps(own.portable()))
    del sys.modules[f"ganatomy_own_{own.sha256}"]  # as in a process that never saw the file
    assert (sent.name, sent.given) == (own.name, None)
    assert np.array_equal(fit(points, sent, **SMALL).sample(20), expected)
    assert vars(sent.make().inner) == {"share": 1.0 if form == "file" else 0.5}


def test_the_command_line_takes_a_file_and_goes_on_with_it(cli, tiny, points_file, written, tmp_path, monkeypatch):
    monkeypatch.setattr("ganatomy.fitting.run.pictures.draw_run", lambda *arguments, **keywords: None)
    path, out = written(), tmp_path / "run"
    chosen = ("--objective", f"{path}:Mine")
    result = cli("fit", points_file, *tiny, *chosen, "--epochs", "3", "--out", out, "--json")
    assert result.code == 0, result.err
    assert '"objective": "Mine"' in result.out
    assert cli("animate", out).code == 0
    again = ("fit", points_file, "--recipe", out / "recipe.toml", "--train-size", "300", "--out", tmp_path / "again")
    assert "--objective FILE.py:Mine" in cli(*again).refusal
    assert cli(*again, *chosen).code == 0
    first, second = (ganatomy.FittedGAN.load(folder / "generator.safetensors") for folder in (out, tmp_path / "again"))
    assert _same(first.generator, second.generator)
    path.write_text(f"{GOOD}# changed", encoding="utf-8")
    assert "SHA-256" in cli(*again, *chosen).refusal
    assert "known" in cli("fit", points_file, "--objective", f"{path}:Mime").refusal.lower()


# Mistakes

BODY = "class Mine(LeastSquares):\n    def generator_loss(self, real, fake):\n        "
MISTAKES = {
    "def broken(:": "line 4: SyntaxError",
    "\n\n1 / 0": "line 6: ZeroDivisionError: division by zero",
    "raise SystemExit": "line 4: SystemExit",
    "import no_such_package_at_all": "line 4: ModuleNotFoundError",
    "Mine = 5": "Mine is no subclass",
    "class Mine:\n    pass": "Mine is no subclass",
    "": "there is no class Mine, nor any other",
    "class Mime(LeastSquares):\n    pass": "unknown class 'Mine'; Known: Mime",
    "class Mine(LeastSquares):\n    def __init__(self, share):\n        pass": "Mine(): TypeError",
    "class Mine(Objective):\n    pass": "NotImplementedError: Mine has no discriminator_loss; write one",
    f"{BODY}return (fake - 1).square()": "shape (16,); average over the points",
    f"{BODY}return 0.5": "returns a float; average",
    f"{BODY}return": "returns a NoneType; average",
    f"{BODY}return torch.log(fake).mean(-1)": "is nan for scores from -3 to 3; scores can be any numbers",
    f"{BODY}return fake.detach().mean(-1)": "has no gradient",
    f"{BODY}return real.mean(-1)": "has no gradient by the scores it should move",
    f"{BODY}return (fake - real).mean(-1)": "relative = True",
    f"{BODY}return (fake - real.detach().max()).mean(-1)": "relative = True",
    f"{BODY}return fake.mean(-1) / no_such_name": "line 6: NameError",
    "class Mine(LeastSquares):\n    def readout(self, scores):\n        return scores.mean()": "a value for each score",
}


@pytest.mark.parametrize("text", MISTAKES)
def test_a_mistake_in_the_file_is_said_in_one_line_with_the_file_and_what_to_do(written, text):
    path = written(HEAD + text)
    message = _refused(read_objective, f"{path}:Mine")
    assert message.startswith(f"{path}: ")
    assert MISTAKES[text] in message
    assert "; " in message or "make it one" in message


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("my.py", "write FILE.py:CLASS"),
        ("my.py:", "write FILE.py:CLASS"),
        ("my.py:a.b", "write FILE.py:CLASS"),
        ("my.py:gan", "begin with a capital"),
        ("absent.py:Mine", "No such file"),
        ("folder.py:Mine", "cannot read"),
        ("latin.py:Mine", "save it as UTF-8"),
    ],
)
def test_what_names_no_objective_is_refused(tmp_path, monkeypatch, text, said):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder.py").mkdir()
    (tmp_path / "latin.py").write_bytes(b"# \xe9")
    assert said in _refused(read_objective, text)


def test_what_is_no_objective_is_refused_in_python(points):
    for given in (3, dict, lambda real, fake: real):
        assert "subclass of Objective" in _refused(fit, points, given)
    nowhere = type("Nowhere", (LeastSquares,), {"__module__": "nowhere"})
    assert "put it in a file" in _refused(fit, points, nowhere)


def test_what_an_objective_raises_while_it_trains_is_said_with_its_place(points):
    message = _refused(fit, points, Raising, **SMALL)
    assert message.startswith(f"{__file__}: line ")
    assert "OverflowError: in the middle" in message


def test_no_number_for_scores_far_out_is_divergence_and_for_ordinary_ones_a_mistake(points):
    far = torch.tensor([1e3, -1e3])

    class Overflowing(Objective):
        def discriminator_loss(self, real, fake):
            return (fake.exp() - real).mean(-1)

        def generator_loss(self, real, fake):
            return fake.exp().mean(-1)

    assert torch.isinf(Guarded(Overflowing(), "my.py").discriminator_loss(far, far))
    with pytest.raises(Diverged):
        fit(points, Overflowing, optimizer="sgd", lr=1000.0, **SMALL)
    assert "is inf for scores from" in _refused(own_objective, Steep)


# The example


def test_the_example_is_what_it_says_and_the_same_by_its_class_and_by_its_file():
    path = Path(__file__).parents[3] / "examples" / "label_smoothing.py"
    spec = importlib.util.spec_from_file_location("label_smoothing", path)
    example = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(example)
    real, fake = torch.tensor([0.9, 0.5]), torch.tensor([0.0, 0.5])
    smoothed = example.SmoothedLeastSquares()
    assert smoothed.discriminator_loss(real, fake) == pytest.approx((0.16 + 0.25) / 4)
    assert smoothed.generator_loss(real, fake) == pytest.approx((0.81 + 0.16) / 4)
    assert own_objective(example.SmoothedLeastSquares).sha256 == read_objective(f"{path}:SmoothedLeastSquares").sha256
