"""A checkpoint from a stranger: refused in one line, whatever is changed in it, or taken up and trained to the end."""

import copy
import io
import itertools
import os
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch

from attacks.tables import DROPPED, places
from ganatomy.errors import InputError
from ganatomy.files import spending
from ganatomy.fitting.points.cloud import split_points
from ganatomy.fitting.recipes.recipe import load_recipe
from ganatomy.fitting.run.checkpoint import read_checkpoint
from ganatomy.fitting.run.fit import MeasuredFit
from ganatomy.fitting.run.folder import RunFolder
from ganatomy.fitting.run.history import History
from ganatomy.fitting.run.look import look
from ganatomy.fitting.run.plan import plan_fit
from ganatomy.fitting.training.trainer import Trainer

POINTS, HELDOUT = split_points(np.random.default_rng(0).normal(size=(60, 2)), 40, seed=0)
SMALL = {"hidden": [4], "normalization": "none", "optimizer": {"name": "adam", "lr": 1e-3}}
RECIPE = load_recipe("course", "gan", generator=SMALL, discriminator=SMALL, epochs=3, batch_size=10, averaging=0.9)
HOSTILE = (None, "x", -1, 1 << 60, 1e300, True, [], {}, torch.zeros(3), torch.zeros(()).expand(1 << 40))
HOSTILE += (DROPPED, torch.full((), float("nan")), torch.full((), -1.0))


@pytest.fixture(scope="module")
def fit() -> MeasuredFit:
    return MeasuredFit(plan_fit(POINTS, recipe=RECIPE, heldout=HELDOUT))


@pytest.fixture(scope="module")
def content(fit: MeasuredFit) -> dict:
    """What the checkpoint holds in the middle of the second epoch."""
    fit.begin(look(fit.trainer.snapshot(), HELDOUT, 0))
    for step in itertools.islice(fit.trainer, 6):
        losses = [float(loss) for loss in (step.losses.discriminator, step.losses.generator, step.losses.penalty)]
        fit.take(step.iteration, step.epoch, losses, step.snapshot and look(step.snapshot, HELDOUT, 0))
    state = {"trainer": fit.trainer.state_dict(), "history": fit.history.state_dict()}
    return copy.deepcopy({"format": 1, "fingerprint": "0" * 64, **state})


def taken_up(fit: MeasuredFit, content: object, folder: Path) -> bool:
    """Write a checkpoint, take it up and train to the end; False if it is refused."""
    torch.save(content, folder / "checkpoint.pt")
    fit.trainer, fit.history = Trainer(POINTS, RECIPE), History()
    try:
        fit._take_up(RunFolder(folder))
    except InputError as error:
        line = str(error)
        assert "checkpoint.pt" in line
        assert "force=True" in line
        assert line.isprintable()
        return False
    assert len(list(fit.trainer)) == 6
    return True


def test_an_honest_checkpoint_is_taken_up(fit: MeasuredFit, content: dict, tmp_path: Path):
    assert taken_up(fit, content, tmp_path)
    assert len(fit.history.losses) == 6
    assert fit.history.epochs == [0, 1]


def test_whatever_is_changed_is_refused_or_trains_to_the_end(fit: MeasuredFit, content: dict, tmp_path: Path):
    random, refused = np.random.default_rng(0), 0
    whole = [place for place in places(content) if "param_groups" not in place]
    for place in whole:
        for k in random.choice(len(HOSTILE), 1):
            changed = copy.deepcopy(content)
            inner = changed
            for key in place[:-1]:
                inner = inner[key]
            if HOSTILE[k] is DROPPED:
                del inner[place[-1]]
            else:
                inner[place[-1]] = HOSTILE[k]
            refused += not taken_up(fit, changed, tmp_path)
    assert refused > 0.8 * len(whole)


@pytest.mark.parametrize("mark", [None, 5, "", "../x", "0" * 63])
def test_a_fingerprint_is_one(fit: MeasuredFit, content: dict, tmp_path: Path, mark: object):
    assert not taken_up(fit, {**content, "fingerprint": mark}, tmp_path)


def test_settings_of_an_optimizer_are_the_player_s_own(fit: MeasuredFit, content: dict, tmp_path: Path):
    changed = copy.deepcopy(content)
    changed["trainer"]["generator"]["optimizer"]["param_groups"] = [{"lr": "fast", "params": None}]
    assert taken_up(fit, changed, tmp_path)
    assert fit.trainer.game.generator.optimizer.param_groups[0]["lr"] == 1e-3


def rewritten(path: Path, pickle: bytes | None = None, kind: int = zipfile.ZIP_STORED) -> None:
    """Write the archive anew, with another pickle or compressed."""
    with zipfile.ZipFile(io.BytesIO(path.read_bytes())) as before, zipfile.ZipFile(path, "w", kind) as after:
        for name in before.namelist():
            after.writestr(name, pickle if pickle and name.endswith("data.pkl") else before.read(name))


def test_an_archive_is_not_larger_than_it_is_and_calls_for_tensors_only(tmp_path: Path):
    path = tmp_path / "checkpoint.pt"
    for pickle, kind in (
        (None, zipfile.ZIP_DEFLATED),
        (b"\x80\x02c__builtin__\nbytearray\nJ\x00\x00\x00\x40\x85R.", zipfile.ZIP_STORED),  # a GiB of nothing
        (b"\x80\x02ccollections\nCounter\n(X\x02\x00\x00\x00abtR.", zipfile.ZIP_STORED),
    ):
        torch.save({"format": 1, "zeros": torch.zeros(1 << 18)}, path)
        rewritten(path, pickle, kind)
        with pytest.raises(InputError, match=r"damaged \(ValueError\)"):
            read_checkpoint(path, 1)
    torch.save({"format": 1}, path, _use_new_zipfile_serialization=False)
    with pytest.raises(InputError, match=r"damaged \(ValueError\)"):
        read_checkpoint(path, 1)


def test_a_pipe_and_a_file_beyond_the_budget_are_not_read(tmp_path: Path):
    os.mkfifo(tmp_path / "checkpoint.pt")
    with pytest.raises(InputError, match="no ordinary file"):
        RunFolder(tmp_path).read_checkpoint()
    torch.save({"format": 1, "zeros": torch.zeros(1 << 18)}, tmp_path / "large.pt")
    with spending(bytes=1 << 20), pytest.raises(InputError, match="GANATOMY_BUDGET"):
        read_checkpoint(tmp_path / "large.pt", 1)
