"""`ganatomy.load` opens what either half made: a generator of pictures, a run, the model of one."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

import ganatomy
from ganatomy.errors import InputError


@pytest.fixture
def checkpoint(tmp_path):
    """The file of a small DCGAN."""
    path = tmp_path / "G.pth"
    torch.save({"a.weight": torch.ones(5, 4, 4, 4), "b.weight": torch.ones(4, 3, 4, 4)}, path)
    return path


def test_a_run_s_folder_is_a_run_and_its_file_a_model(finished):
    run, model = ganatomy.load(finished.folder), ganatomy.load(finished.folder / "generator.safetensors")
    assert isinstance(run, ganatomy.Run)
    assert type(model) is ganatomy.FittedGAN
    assert run.history.epochs == [0, 2, 4, 6]
    assert np.array_equal(run.sample(50, seed=3), model.sample(50, seed=3))
    assert np.array_equal(run.sample(50, seed=3), ganatomy.Run.load(finished.folder).sample(50, seed=3))


def test_a_generator_is_one_as_before(checkpoint):
    G = ganatomy.load(checkpoint)
    assert isinstance(G, ganatomy.Generator)
    assert G.name == "G"


def test_the_zoo_s_names_come_first(finished, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shutil.copytree(finished.folder, "eyes")
    monkeypatch.setattr("ganatomy.generators.loading.load", lambda source, **_: source)
    assert ganatomy.load("eyes") == "eyes"
    assert isinstance(ganatomy.load("./eyes"), ganatomy.Run)


def test_what_is_for_the_other_kind_is_refused(finished, checkpoint):
    for wrong in ({"classes": 3}, {"sha256": "0" * 64}, {"trust": True}):
        with pytest.raises(InputError, match=f"`{next(iter(wrong))}` is for generators of pictures"):
            ganatomy.load(finished.folder, **wrong)
    with pytest.raises(InputError, match="`objective` is for runs of ganatomy fit"):
        ganatomy.load(checkpoint, objective="gan")


def test_a_run_of_one_s_own_objective_is_opened_with_and_without_it(points, tmp_path):
    (tmp_path / "mine.py").write_text(
        "import ganatomy\n"
        "class Mine(ganatomy.Objective):\n"
        "    def discriminator_loss(self, real, fake): return fake.mean() - real.mean()\n"
        "    def generator_loss(self, real, fake): return -fake.mean()\n"
    )
    own = f"{tmp_path / 'mine.py'}:Mine"
    ganatomy.fit(points, own, "literature", epochs=1, train_size=300).save(tmp_path / "model.safetensors")
    alone = ganatomy.load(tmp_path / "model.safetensors")
    whole = ganatomy.load(tmp_path / "model.safetensors", objective=ganatomy.read_objective(own))
    assert np.array_equal(alone.sample(9), whole.sample(9))
    assert whole.discriminate(points).shape == (400,)
    with pytest.raises(InputError):
        alone.discriminate(points)


def test_another_thing_is_named_and_an_unfinished_run_is_sent_to_its_fit(finished, tmp_path):
    folder = Path(shutil.copytree(finished.folder, tmp_path / "run"))
    (folder / "summary.json").unlink()
    with pytest.raises(InputError, match="holds no finished run; run the same fit command again to finish it"):
        ganatomy.load(folder)
    with pytest.raises(InputError, match="is a folder; give a generator's file, or the folder of a run"):
        ganatomy.load(tmp_path)
