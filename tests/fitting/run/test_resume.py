"""Stopped by Ctrl-C, by a signal, by a crash or a full disk, a run goes on where it stood and ends bit-identical."""

import os
import shlex
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

import ganatomy
from ganatomy.execution import deferred_interrupts
from ganatomy.fitting.recipes.recipe import OBJECTIVES, load_recipe
from ganatomy.fitting.training.game import Game
from ganatomy.progress import Silent

posix = pytest.mark.skipif(os.name != "posix", reason="signals between processes are POSIX's")
TABLES = ("recipe.toml", "metrics.csv", "losses.csv", "samples.npz")
LONG = ("--epochs", "400")


def _identical(folder, other):
    """All that a run computes is the same to the last bit (what a safetensors file is packed in may differ)."""
    for name in TABLES:
        assert (folder / name).read_bytes() == (other / name).read_bytes(), name
    first, second = (load_file(path / "generator.safetensors") for path in (folder, other))
    assert list(first) == list(second)
    assert all(torch.equal(first[name], second[name]) for name in first)


# Every objective, in this process

SMALL = {
    "epochs": 4,
    "snapshots": 3,
    "batch_size": 80,
    "lr": 1e-3,
    "averaging": 0.9,
    "generator": {"hidden": [8], "normalization": "batch"},
    "discriminator": {"hidden": [8]},
}


class _Interrupting(Silent):
    """A progress display that presses Ctrl-C after an epoch: at a moment in the middle of the next one."""

    epoch = 2

    def update(self, done, text=""):
        if done == self.epoch:
            os.kill(os.getpid(), signal.SIGINT)


@posix
@pytest.mark.usefixtures("_no_pictures")
@pytest.mark.parametrize("objective", OBJECTIVES)
def test_interrupted_in_the_middle_of_an_epoch_every_objective_ends_bit_identical(points, tmp_path, objective):
    recipe = load_recipe("literature", objective, discriminator_steps=1, **SMALL)  # 4 iterations an epoch
    arguments = {"recipe": recipe, "seed": 1, "train_size": 320}
    whole = ganatomy.fit(points, out=tmp_path / "whole", **arguments)
    stopped = tmp_path / "stopped"
    with pytest.raises(KeyboardInterrupt):
        ganatomy.fit(points, out=stopped, progress=_Interrupting(), **arguments)
    assert "interrupted after 2 of 4 epochs" in (stopped / "log.txt").read_text(encoding="utf-8")
    assert torch.load(stopped / "checkpoint.pt", weights_only=True)["trainer"]["iteration"] == 9
    assert not (stopped / "summary.json").exists()
    resumed = ganatomy.fit(points, out=stopped, **arguments)
    assert "resumed after 2 of 4 epochs" in (stopped / "log.txt").read_text(encoding="utf-8")
    _identical(stopped, tmp_path / "whole")
    assert np.array_equal(resumed.sample(30, seed=2), whole.sample(30, seed=2))
    assert np.array_equal(resumed.discriminate(points), whole.discriminate(points))


@posix
@pytest.mark.usefixtures("_no_pictures")
def test_a_run_stopped_in_every_epoch_ends_bit_identical(points, tmp_path, monkeypatch):
    arguments = {"objective": "wgan-gp", "train_size": 320, **SMALL}
    ganatomy.fit(points, out=tmp_path / "whole", **arguments)
    for epoch in (1, 2, 3):
        monkeypatch.setattr(_Interrupting, "epoch", epoch)
        with pytest.raises(KeyboardInterrupt):
            ganatomy.fit(points, out=tmp_path / "stopped", progress=_Interrupting(), **arguments)
    ganatomy.fit(points, out=tmp_path / "stopped", **arguments)
    _identical(tmp_path / "stopped", tmp_path / "whole")


@posix
@pytest.mark.parametrize("first", [signal.SIGINT, signal.SIGTERM])
def test_a_first_interrupt_waits_and_a_second_one_is_obeyed(first):
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    reached = []

    def interrupted_twice():
        with deferred_interrupts(True) as event:
            for number in (first, signal.SIGINT):
                os.kill(os.getpid(), number)
                reached.append(event.wait(5))

    with pytest.raises(KeyboardInterrupt):
        interrupted_twice()
    assert reached == [True]
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before


@posix
def test_in_memory_an_interrupt_is_obeyed_at_once(points):
    with pytest.raises(KeyboardInterrupt):
        ganatomy.fit(points, train_size=320, progress=_Interrupting(), **SMALL)


# The command, in a process of its own


@pytest.fixture(scope="module")
def command(points_file, tiny):
    return ["fit", str(points_file), *tiny, *LONG, "--seed", "2"]


@pytest.fixture(scope="module")
def whole(command, cli, tmp_path_factory):
    """A run that nothing stopped."""
    folder = tmp_path_factory.mktemp("whole") / "run"
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("ganatomy.fitting.run.pictures.draw_run", lambda *arguments: None)
        assert cli(*command, "--out", folder).code == 0
    return folder


def _start(command, folder, **settings):
    program = [sys.executable, "-c", "from ganatomy.cli import main; main()", *command, "--out", str(folder)]
    return subprocess.Popen(
        program, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8",
        env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONIOENCODING": "utf-8"}, **settings,
    )  # fmt: skip


def _stop(command, folder, *signals, meanwhile=lambda: None):
    """Start the command, wait until a tenth is trained, send the signals, and return the code and what was said."""
    process = _start(command, folder)
    try:
        line = process.stderr.readline()
        assert line.startswith("epoch 40/400"), line
        meanwhile()
        for wait, number in enumerate(signals):
            time.sleep(0.2 * wait)  # the second comes when the first is obeyed, or the program ends
            process.send_signal(number)
        out, err = process.communicate(timeout=60)
    finally:
        process.kill()
        process.wait()
    assert out == ""
    return process.returncode, [line for line in err.splitlines() if not line.startswith("epoch ")]


@posix
@pytest.mark.usefixtures("_no_pictures")
@pytest.mark.parametrize("signals", [("SIGINT",), ("SIGTERM",), ("SIGINT", "SIGINT")], ids="+".join)
def test_a_stopped_command_says_how_to_go_on_and_then_ends_bit_identical(
    command, whole, cli, tmp_path, signals, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "a run 一"
    numbers = [getattr(signal, name) for name in signals]
    code, lines = _stop([*command, "--force"], folder, *numbers)
    assert code == 130
    assert len(lines) == 1
    assert lines[0].startswith("ganatomy: stopped; ")
    program, *again = shlex.split(lines[0].split(": ", 2)[2])
    assert program == "ganatomy"
    assert again == [*command, "--out", str(folder)]  # without --force, which would begin anew
    assert not (folder / "summary.json").exists()
    result = cli(*again)
    assert result.code == 0, result.err
    log = (folder / "log.txt").read_text(encoding="utf-8")
    assert "started" in log
    if len(signals) == 1:  # a second signal may come before the checkpoint is whole
        assert "interrupted after" in log
        assert "resumed after" in log
    assert not list(folder.glob("*.part"))
    _identical(folder, whole)


@posix
@pytest.mark.usefixtures("_no_pictures")
def test_a_killed_command_goes_on_and_ends_bit_identical_and_meanwhile_nobody_else_may_write(
    command, whole, cli, tmp_path
):
    folder = tmp_path / "run"
    refusals = []

    def meanwhile():
        for more in ([], ["--force"]):
            refusals.append(cli(*command, "--out", folder, *more).refusal)

    code, _ = _stop(command, folder, signal.SIGKILL, meanwhile=meanwhile)
    assert code == -signal.SIGKILL
    assert len(refusals) == 2
    assert all("another process" in line for line in refusals)
    assert cli(*command, "--out", folder).code == 0
    assert "resumed after" in (folder / "log.txt").read_text(encoding="utf-8")
    _identical(folder, whole)


@pytest.mark.usefixtures("_no_pictures")
def test_half_files_that_a_kill_left_behind_are_cleared_away(points_file, tiny, cli, tmp_path):
    (tmp_path / "figures").mkdir()
    for name in (".ganatomy", f".ganatomy-{'4' * 16}.part", f"figures/.ganatomy-{'2' * 16}.part"):
        (tmp_path / name).write_bytes(b"half a file")
    assert cli("fit", points_file, *tiny, "--epochs", "1", "--out", tmp_path).code == 0
    assert not list(tmp_path.rglob(".*.part"))


@posix
@pytest.mark.usefixtures("_no_pictures")
def test_a_full_disk_ends_in_one_line_and_loses_nothing(command, whole, cli, tmp_path):
    import resource

    folder, limit = tmp_path / "run", 112_000  # bytes: the checkpoint outgrows it after some hundred iterations
    process = _start(
        command, folder, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    )  # fmt: skip
    _, err = process.communicate(timeout=120)
    (line,) = (line for line in err.splitlines() if not line.startswith("epoch "))
    assert process.returncode == 2
    assert line.startswith(f"ganatomy: cannot write {folder / 'checkpoint.pt'}: ")
    assert "room" in line
    assert sorted(path.name for path in folder.iterdir()) == [
        *(".ganatomy", ".lock", "checkpoint.pt", "log.txt", "recipe.toml")
    ]
    reached = torch.load(folder / "checkpoint.pt", weights_only=True)["trainer"]["iteration"]
    assert 0 < reached < 1200
    assert cli(*command, "--out", folder).code == 0
    assert f"resumed after {reached // 3} of 400 epochs" in (folder / "log.txt").read_text(encoding="utf-8")
    _identical(folder, whole)


@pytest.mark.usefixtures("_no_pictures")
def test_a_run_stopped_while_its_pictures_are_drawn_only_draws_again(points_file, tiny, cli, tmp_path, monkeypatch):
    command = ["fit", points_file, *tiny, "--epochs", "3", "--out", tmp_path / "run"]

    def interrupted(*arguments):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("ganatomy.fitting.run.pictures.draw_run", interrupted)
        result = cli(*command)
    assert (result.code, "to go on" in result.err) == (130, True)
    assert not (tmp_path / "run" / "summary.json").exists()
    before = {name: (tmp_path / "run" / name).read_bytes() for name in TABLES}
    with monkeypatch.context() as patched:
        patched.setattr(Game, "step", None)  # nothing is left to be trained
        assert cli(*command).code == 0
    assert {name: (tmp_path / "run" / name).read_bytes() for name in TABLES} == before
    assert "in epoch 4 of 3" not in (tmp_path / "run" / "log.txt").read_text(encoding="utf-8")
