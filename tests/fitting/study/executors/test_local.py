"""Executors: every job is made, whatever dies; and nothing outlives the loop."""

import contextlib
import itertools
import os
import signal
import socket
import subprocess
import sys
import threading
import time

import pytest

from ganatomy.errors import InputError
from ganatomy.fitting.study.executors.base import RETRIES, LostJob, cores
from ganatomy.fitting.study.executors.choose import choose_executor
from ganatomy.fitting.study.executors.local import LocalProcesses

WORK = '''
import os, signal, time
from pathlib import Path
from ganatomy.fitting.study.executors.reports import report

def square(x):
    return x * x, os.getpid(), os.environ.get("OMP_NUM_THREADS")

def die_once(path):
    """Die the first time that a job comes."""
    if path.endswith("mortal") and not Path(path).exists():
        Path(path).touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return os.path.basename(path)

def die_always(path):
    """Write a letter for each try, and die of the bad job."""
    with open(path, "a") as file:
        file.write("x")
    if path.endswith("bad"):
        os.kill(os.getpid(), signal.SIGKILL)
    return "alive"

def fail(x):
    if x == 1:
        raise ValueError("one\\nis too few")
    return x

def told_to_stop(path):
    """As a batch system asks: the handler that a run sets up raises KeyboardInterrupt."""
    if not Path(path).exists():
        Path(path).touch()
        raise KeyboardInterrupt
    return "again"

def half(path):
    """Report that half is done, and go on when that was heard; die the first time that a job is mortal."""
    while not Path(path).exists():
        report(0.5)
        time.sleep(0.01)
    if path.endswith("mortal") and Path(path).read_text() == "":
        Path(path).write_text("died")
        os.kill(os.getpid(), signal.SIGKILL)
    report(1.0)

def linger(path):
    Path(path).write_text(str(os.getpid()))
    time.sleep(60)
'''


@pytest.fixture
def work(tmp_path, monkeypatch):
    """A module that fresh processes can import too."""
    (tmp_path / "jobs_of_the_tests.py").write_text(WORK)
    monkeypatch.syspath_prepend(tmp_path)
    import jobs_of_the_tests

    yield jobs_of_the_tests
    del sys.modules["jobs_of_the_tests"]


def _gone(pid: int, seconds: float = 10) -> bool:
    """Wait for a process to end; one that nobody has waited for yet counts as ended."""
    for _ in range(int(seconds / 0.05)):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        with contextlib.suppress(OSError), open(f"/proc/{pid}/stat") as file:
            if file.read().rpartition(")")[2].split()[0] == "Z":
                return True
        time.sleep(0.05)
    return False


def test_every_job_is_made_in_other_processes_of_one_thread(work, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    results = dict(LocalProcesses(2).as_completed(work.square, range(6)))
    assert {job: result[0] for job, result in results.items()} == {job: job * job for job in range(6)}
    pids, threads = ({result[k] for result in results.values()} for k in (1, 2))
    assert os.getpid() not in pids
    assert 1 <= len(pids) <= 2
    assert threads == {"1"}
    assert os.environ["OMP_NUM_THREADS"] == "7"


def _heard(executor, work, jobs):
    """Make jobs that wait until it is heard that they are half done; return what was told of each, without repeats."""
    told = {job: [] for job in jobs}

    def note(job, share):
        if told[job][-1:] != [share]:
            told[job].append(share)
        if share == 0.5 and not os.path.exists(job):
            open(job, "x").close()

    assert [result for _, result in executor.as_completed(work.half, jobs, note)] == [None] * len(jobs)
    return told


def test_it_is_told_how_far_jobs_are_and_that_a_lost_one_begins_anew(work, tmp_path):
    plain, mortal = str(tmp_path / "plain"), str(tmp_path / "mortal")
    told = _heard(LocalProcesses(2), work, [plain, mortal])
    assert told[plain] == [0.0, 0.5, 1.0]
    assert told[mortal][:3] == [0.0, 0.5, 0.0]
    assert told[mortal][-1] == 1.0


def test_jobs_are_made_where_there_is_no_shared_memory_to_tell_how_far_they_are(work, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("multiprocessing.context.BaseContext.RawValue", full)
    assert [job for job, _ in LocalProcesses(1).as_completed(work.square, [3])] == [3]


def test_no_job_is_no_process_and_no_result(work):
    assert list(LocalProcesses(3).as_completed(work.square, [])) == []


def test_jobs_are_drawn_as_there_is_room(work):
    drawn = itertools.count()
    stream = LocalProcesses(2).as_completed(work.square, (next(drawn) for _ in range(50)))
    next(stream)
    assert next(drawn) <= 4  # two in flight, one that came back, one that took its place
    stream.close()


def test_a_killed_process_takes_one_job_with_it_and_that_is_made_again(work, tmp_path):
    jobs = [str(tmp_path / name) for name in ("a", "b.mortal", "c", "d", "e.mortal", "f")]
    results = dict(LocalProcesses(2).as_completed(work.die_once, jobs))
    assert results == {job: os.path.basename(job) for job in jobs}
    assert (tmp_path / "b.mortal").exists()  # it did die


def test_a_job_that_kills_every_process_is_given_up_and_blames_no_other(work, tmp_path):
    jobs = [str(tmp_path / name) for name in ("bad", "good1", "good2", "good3")]
    results = dict(LocalProcesses(2).as_completed(work.die_always, jobs))
    lost = results.pop(jobs[0])
    assert isinstance(lost, LostJob)
    assert "died 3 times" in lost.reason
    assert set(results.values()) == {"alive"}
    tries = [(tmp_path / name).read_text() for name in ("bad", "good1", "good2", "good3")]
    assert tries == ["x" * (RETRIES + 1), "x", "x", "x"]


def test_what_a_job_raises_is_its_result(work):
    results = dict(LocalProcesses(2).as_completed(work.fail, [0, 1, 2]))
    assert results == {0: 0, 1: LostJob("ValueError: one"), 2: 2}


def test_a_job_that_was_told_to_stop_is_made_again(work, tmp_path):
    job = str(tmp_path / "asked")
    assert dict(LocalProcesses(1).as_completed(work.told_to_stop, [job])) == {job: "again"}


def test_a_job_that_cannot_be_sent_is_lost_and_stops_no_other(work):
    unsendable = open(os.devnull)  # noqa: SIM115
    with unsendable:
        results = dict(LocalProcesses(1).as_completed(work.square, [unsendable, 3]))
    assert "TypeError" in results[unsendable].reason
    assert results[3][0] == 9


def test_leaving_the_loop_ends_what_is_in_flight(work, tmp_path):
    job = tmp_path / "pid"
    stream = LocalProcesses(2).as_completed(work.linger, [str(job), str(tmp_path / "other")])

    def interrupt():
        while not job.exists() or not job.read_text():
            time.sleep(0.05)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=interrupt, daemon=True).start()
    with pytest.raises(KeyboardInterrupt), contextlib.closing(stream):
        next(stream)
    assert _gone(int(job.read_text()))


def test_leaving_the_loop_leaves_no_thread_behind(work):
    before = set(threading.enumerate())
    stream = LocalProcesses(2).as_completed(work.square, itertools.count())
    next(stream)
    stream.close()
    assert set(threading.enumerate()) <= before


def test_a_script_that_is_imported_to_begin_a_process_is_told_what_it_lacks(tmp_path):
    script = tmp_path / "careless.py"
    script.write_text("import ganatomy\nganatomy.compare('ring', ['gan'], seeds=[0], epochs=1, jobs=1, out='study')\n")
    ended = subprocess.run([sys.executable, script], cwd=tmp_path, capture_output=True, text=True, timeout=100)
    *_, last = ended.stderr.splitlines()
    assert "the first process ended before it could begin" in last
    assert 'under if __name__ == "__main__": only' in last
    assert 1 <= ended.stderr.count("InputError: processes of a study import the script") <= 2
    assert not list((tmp_path / "study" / "runs").iterdir())


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"jobs": 0}, "0`: give a whole number from 1 to 1024"),
        ({"jobs": True}, "True`: give a whole number"),
        ({"jobs": 1.5}, "1.5`: give a whole number"),
        ({"backend": "dusk"}, "did you mean 'dask'"),
        ({"backend": "dask"}, "`scheduler=tcp://HOST:8786`"),
        ({"scheduler": "tcp://a:1"}, "is for `backend=dask`"),
        ({"together": 0}, r"`together=0`: give a whole number from 1 to 1024"),
        ({"together": 2.5}, "2.5`: give a whole number"),
        ({"together": True}, "True`: give a whole number"),
        ({"device": "cudo"}, "did you mean 'cuda'"),
        ({"device": "cuda:99"}, r"device 'cuda:99' cannot be used here \(.*\); use cpu or auto"),
        ({"device": None}, "None"),
        ({"backend": "dask", "device": "cuda", "scheduler": "tcp://a:1"}, "`device=cuda` is for `backend=local`"),
        ({"backend": "dask", "together": 8, "scheduler": "tcp://a:1"}, "`together=8` is for `backend=local`"),
    ],
)
def test_flags_that_name_no_executor_are_refused(arguments, words):
    with pytest.raises(InputError, match=words) as refused:
        choose_executor(**arguments)
    assert "\n" not in str(refused.value)


def test_auto_is_a_process_a_core():
    assert choose_executor().width == cores()


def test_the_first_knock_minds_how_dask_is_configured_too():
    """Else a cluster with TLS could not be reached at all, and one that should have it could be without."""
    dask = pytest.importorskip("dask")
    pytest.importorskip("distributed")
    with (
        dask.config.set({"distributed.comm.require-encryption": True}),
        pytest.raises(InputError, match="encryption required by Dask configuration"),
    ):
        choose_executor("dask", scheduler="tcp://127.0.0.1:1")


def test_dask_is_asked_for_where_it_is_missing(monkeypatch):
    monkeypatch.setattr("ganatomy.errors.find_spec", lambda name: None)
    with pytest.raises(InputError, match=r"pip install 'ganatomy\[dask\]'"):
        choose_executor("dask", scheduler="tcp://127.0.0.1:1")


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", ["closed", "silent", "nonsense", "empty"])
def test_a_scheduler_that_does_not_answer_is_told_within_seconds(kind, monkeypatch):
    pytest.importorskip("distributed")
    monkeypatch.setattr("ganatomy.fitting.study.executors.dask.ANSWER", 0.5)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        if kind == "silent":
            listener.listen()
        address = f"tcp://127.0.0.1:{listener.getsockname()[1]}"
        address = {"nonsense": "schedule", "empty": ""}.get(kind, address)
        with pytest.raises(InputError) as refused:
            choose_executor("dask", scheduler=address)
    assert f"no dask scheduler answers at '{address}'" in str(refused.value)
    assert "start one" in str(refused.value)
    assert "\n" not in str(refused.value)


_SCHEDULER = """
import asyncio, distributed
async def main():
    async with distributed.Scheduler(host="127.0.0.1", port=0, dashboard=False) as scheduler:
        print(scheduler.address, flush=True)
        await scheduler.finished()
asyncio.run(main())
"""


@pytest.mark.skipif(os.name != "posix", reason="other systems stop no process")
@pytest.mark.filterwarnings("ignore")
def test_a_frozen_scheduler_is_told_of_and_not_waited_for_without_end(monkeypatch, capsys):
    pytest.importorskip("distributed")
    dask_config = pytest.importorskip("dask.config")
    scheduler = subprocess.Popen([sys.executable, "-c", _SCHEDULER], stdout=subprocess.PIPE, text=True)
    try:
        assert scheduler.stdout is not None
        address = scheduler.stdout.readline().strip()
        with dask_config.set({"ganatomy.scheduler-timeout": 0.2}):
            executor = choose_executor("dask", scheduler=address)
        assert "has no workers yet" in capsys.readouterr().err
        stream = executor.as_completed(abs, [-1])
        monkeypatch.setattr("ganatomy.fitting.study.executors.dask.ANSWER", 0.2)
        monkeypatch.setattr(executor, "_wait", _stopping(scheduler, executor._wait))
        with pytest.raises(InputError, match=f"{address} has not answered for 0 s; what is finished is kept[^\n]*$"):
            next(stream)
        assert f"the dask scheduler at {address} does not answer; waiting" in capsys.readouterr().err
        executor.close()
    finally:
        scheduler.kill()
        scheduler.communicate()


def _stopping(process, wait):
    def stopped(*given):
        os.kill(process.pid, signal.SIGSTOP)
        wait(*given)

    return stopped


def test_a_limit_that_is_no_number_of_seconds_is_refused(monkeypatch):
    dask_config = pytest.importorskip("dask.config")
    with dask_config.set({"ganatomy.scheduler-timeout": "soon"}), pytest.raises(InputError, match="give seconds"):
        choose_executor("dask", scheduler="tcp://127.0.0.1:1")


@pytest.mark.filterwarnings("ignore")
def test_a_cluster_makes_every_job_and_those_of_a_killed_worker_again(work, tmp_path, monkeypatch):
    distributed = pytest.importorskip("distributed")
    monkeypatch.setattr("ganatomy.fitting.study.executors.dask.ANSWER", 2.0)
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, silence_logs=50
    ) as cluster:
        executor = choose_executor("dask", scheduler=cluster.scheduler_address)
        assert executor.width == 2
        jobs = [str(tmp_path / name) for name in ("a", "b.mortal", "c", "d", "e", "f")]
        assert dict(executor.as_completed(work.die_once, jobs)) == {job: os.path.basename(job) for job in jobs}
        assert (tmp_path / "b.mortal").exists()
        assert dict(executor.as_completed(work.fail, [0, 1])) == {0: 0, 1: LostJob("ValueError: one")}
        job = str(tmp_path / "half")
        assert _heard(executor, work, [job]) in ({job: [0.0, 0.5, *end]} for end in ([], [1.0]))
        bad = str(tmp_path / "bad")
        assert "died" in dict(executor.as_completed(work.die_always, [bad]))[bad].reason
        stream = executor.as_completed(time.sleep, [0, 4, 4])
        assert next(stream) == (0, None)
        cluster.close()
        with pytest.raises(InputError, match=r"the dask scheduler at tcp://.* is gone"):
            next(stream)
        executor.close()
