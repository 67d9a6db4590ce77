"""ganatomy compare, from the command line: plans shown, studies made, and gone on with after a kill."""

import contextlib
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

TINY = (  # 3 iterations an epoch of networks with 8 neurons
    *("--objectives", "gan,wgan", "--optimizers", "sgd", "--train-size", "300", "--set", "batch_size=100"),
    *("--set", "snapshots=3", "--epochs", "6", "--set", "generator.normalization=none"),
    *("--set", "generator.hidden=[8]", "--set", "discriminator.hidden=[8]"),
)


class Inline:
    """Makes jobs in this process."""

    width, shares_disk, device = 1, True, "cpu"

    def as_completed(self, work, jobs, told=None):
        yield from ((job, work(job)) for job in jobs)

    def close(self):
        pass


@pytest.fixture
def _no_report(monkeypatch):
    """Leave the page and its pictures out, which other tests look at."""
    monkeypatch.setattr("ganatomy.fitting.study.report._draw_report", lambda *arguments: None)


@pytest.fixture
def inline(monkeypatch, _no_pictures, _no_report):
    """Make runs in this process, without pictures."""
    monkeypatch.setattr("ganatomy.fitting.study.executors.choose.choose_executor", lambda *arguments: Inline())


@pytest.mark.usefixtures("inline")
def test_a_study_ends_in_a_line_a_cell_and_where_everything_is(cli, points_file, tmp_path):
    result = cli("compare", points_file, *TINY, "--seeds", "0-1", "--out", tmp_path / "s")
    assert result.code == 0, result.err
    lines = result.out.splitlines()
    assert lines[0].split() == ["points", "combination", "coverage", "distance", "/", "floor", "in", "words"]
    assert sorted(line.split()[:3] for line in lines if line.startswith("points "))[1:] == [
        ["points", "gan,", "sgd,"],
        ["points", "wgan,", "sgd,"],
    ]
    assert "On points, " in result.out
    assert str(tmp_path / "s" / "table.csv") in result.out
    assert re.search(r"run 4/4  w?gan, sgd, 5e-05, seed 1: coverage ", result.err)  # the slower ones come first
    assert len(list((tmp_path / "s" / "runs").iterdir())) == 4
    again = cli("compare", points_file, *TINY, "--seeds", "0-1", "--out", tmp_path / "s")
    assert again.out == result.out
    assert "run " not in again.err
    paper = cli("compare", points_file, *TINY, "--seeds", "0-1", "--out", tmp_path / "s", "--latex")
    assert paper.out == (tmp_path / "s" / "summary.tex").read_text(encoding="utf-8")


@pytest.mark.usefixtures("inline")
def test_a_dry_run_shows_what_is_missing_and_does_nothing(cli, points_file, tmp_path, contents):
    out = tmp_path / "s"
    plan = ("compare", points_file, *TINY, "--out", out, "--seeds", "0-2,9")
    first = cli(*plan, "--dry-run")
    assert first.code == 0, first.err
    assert not out.exists()
    assert re.search(r"points +gan +sgd +5e-05 +0-2,9 +0-2,9", first.out)
    assert "# 8 runs, of which 8 are to be made, 1 at once" in first.out
    assert re.search(r"# about \d+ s, as some iterations", first.out)
    assert f"# would write {out}" in first.out
    assert cli("compare", points_file, *TINY, "--out", out, "--seeds", "1,2").code == 0
    before = contents(out)
    second = cli(*plan, "--dry-run")
    assert re.search(r"points +wgan +sgd +5e-05 +0-2,9 +0,9", second.out)
    assert "of which 4 are to be made" in second.out
    assert contents(out) == before
    other = cli(*plan, "--dry-run", "--set", "batch_size=50")
    assert "holds another study (batch_size = 100 there, 50 here)" in other.refusal


def test_a_dry_run_of_seeds_that_are_trained_at_once_says_so_and_does_not_guess(cli, points_file, tmp_path):
    result = cli("compare", points_file, *TINY, "--out", tmp_path / "s", "--together", "16", "--dry-run")
    assert result.code == 0, result.err
    assert "# 6 runs, of which 6 are to be made, up to 16 seeds of a cell at once on cpu" in result.out
    assert "cannot be told" in result.out
    assert "# about" not in result.out
    assert not (tmp_path / "s").exists()


@pytest.mark.usefixtures("inline")
def test_failed_runs_end_the_command_with_code_1_and_the_first_reason(cli, points_file, tmp_path, monkeypatch):
    def broken(*arguments, **settings):
        raise RuntimeError("no luck")

    monkeypatch.setattr("ganatomy.fitting.study.job.run_fit", broken)
    result = cli("compare", points_file, *TINY, "--seeds", "4", "--out", tmp_path / "s")
    assert result.code == 1
    assert "2 of 2 runs failed; gan, sgd, 5e-05, seed 4: RuntimeError: no luck; see " in result.err
    assert "the same command makes them again" in result.err
    assert (tmp_path / "s" / "table.csv").exists()


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (("--objectives", "gan,wgan_gp"), "did you mean 'wgan-gp'"),
        (("--objectives", "gan,,wgan"), "--objectives 'gan,,wgan': write names with commas between them"),
        (("--optimizers", "adamm", "--objectives", "gan"), "unknown optimizer 'adamm'; did you mean 'adam'"),
        (("--seeds", ""), "--seeds: none were given"),
        (("--seeds", "0,1,0"), "seeds: 0 is named twice"),
        (("--seeds", "2-1"), "from a smaller to a larger one"),
        (("--lrs", "5e-5,quick"), "--lrs '5e-5,quick': write numbers"),
        (("--lrs", "1e-3,0.001"), "lrs: 0.001 is named twice"),
        (("--jobs", "many"), "--jobs 'many': give a whole number, or auto"),
        (("--jobs", "0"), "give a whole number from 1 to 1024"),
        (("--backend", "slurm"), "unknown backend 'slurm'"),
        (("--backend", "dask"), "--scheduler tcp://HOST:8786"),
        (("--together", "0"), "--together 0: give a whole number from 1 to 1024"),
        (("--together", "8", "--backend", "dask"), "--together 8 is for --backend local"),
        (("--device", "cuda:99"), "device 'cuda:99' cannot be used here"),
        (("--set", "objective=gan"), "objective is no setting of all runs"),
        (("--set", "seeds=3"), "--set seeds: that is no recipe field"),
        (("--language", "fr"), "unknown language 'fr'"),
        (("--recipe", "nothing.toml"), "nothing.toml: no such file; give a recipe's name"),
    ],
)
def test_bad_input_is_one_line(cli, tmp_path, monkeypatch, flags, words):
    monkeypatch.chdir(tmp_path)
    assert words in cli("compare", "ring", *flags).refusal
    assert list(tmp_path.iterdir()) == []


def command(points_file, out):
    """Name 6 runs, made by two processes."""
    return ["compare", str(points_file), *TINY, "--seeds", "0-2", "--jobs", "2", "--out", str(out)]


def start(points_file, out, *flags):
    """Start the command as a user does, in a process group of its own."""
    program = [sys.executable, "-m", "ganatomy", *command(points_file, out), *flags]
    return subprocess.Popen(
        program, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True, cwd=out.parent
    )


def wait_for_runs(process, out, count):
    """Wait until so many runs are finished, and return their records' times."""
    for _ in range(3600):
        found = {path: path.stat().st_mtime_ns for path in out.glob("runs/*/record.json")}
        if len(found) >= count:
            return found
        assert process.poll() is None, process.communicate()
        time.sleep(0.05)
    raise AssertionError("no run was finished")


def children(pid):
    """List the processes that a process started, where the system tells."""
    found = []
    for path in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            found += [int(child) for child in path.read_text().split()]
    return found


def alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def end(pids):
    """Tell whether processes end within seconds."""
    for _ in range(200):
        if not any(alive(pid) for pid in pids):
            return True
        time.sleep(0.05)
    return False


def finish(cli, points_file, out, before, *flags):
    """Run the command to its end, and see that what was finished before was not made again."""
    done = cli(*command(points_file, out), *flags)
    assert done.code == 0, done.err
    after = {path: path.stat().st_mtime_ns for path in out.glob("runs/*/record.json")}
    assert len(after) == 6
    assert before.items() <= after.items()
    finished = [line.split()[2] for line in (out / "log.txt").read_text().splitlines() if "finished" in line]
    assert len(finished) == len(set(finished)) >= 5  # killed between a folder and its line, the line is missing
    assert not (out / ".work").exists()
    assert (out / "table.csv").read_text().count("finished") == 6 * 4


@pytest.mark.skipif(sys.platform == "win32", reason="signals are sent")
@pytest.mark.usefixtures("_quick_processes", "_no_report")
def test_ctrl_c_even_twice_stops_within_seconds_and_says_how_to_go_on(cli, points_file, tmp_path):
    out = tmp_path / "s"
    process = start(points_file, out)
    before, workers = wait_for_runs(process, out, 1), children(process.pid)
    for press in range(2):
        time.sleep(0.2 * press)
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does: the workers get it too
    stopped = time.monotonic()
    printed, err = process.communicate(timeout=60)
    assert time.monotonic() - stopped < 20  # far less than the study takes
    assert (process.returncode, printed) == (130, "")
    assert "Traceback" not in err
    assert err.splitlines()[-1].startswith("ganatomy: stopped; what is finished is kept; to go on: ganatomy compare ")
    assert end(workers)
    finish(cli, points_file, out, before)


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="looks for processes in /proc")
@pytest.mark.usefixtures("_quick_processes", "_no_report")
@pytest.mark.parametrize("flags", [(), ("--together", "2")], ids=["alone", "together"])
def test_a_killed_parent_takes_its_workers_along_and_the_same_command_goes_on(cli, points_file, tmp_path, flags):
    out = tmp_path / "s"
    process = start(points_file, out, *flags)
    before, workers = wait_for_runs(process, out, 2), children(process.pid)
    assert len(workers) >= 2
    process.kill()
    process.communicate()
    assert end(workers)
    finish(cli, points_file, out, before, *flags)
