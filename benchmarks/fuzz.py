"""Strangers' files, damaged and hostile, against all readers, for as long as one likes.

    python benchmarks/fuzz.py --seconds 3600 --seed 0 [--only KIND] [--jobs 1] [--out FOLDER]

Each case makes an honest sample of a kind of file or folder, damages or attacks it, and reads it in a child that is
watched: any exception but the one that is for users, more memory or time than a budget set small, anything changed,
opened or begun outside the sample's folder is a finding. What a finding was of is kept in FOLDER, one for each cause.
Cases follow from the seed: `--only KIND --case NUMBER` plays one again and says all about it. Ctrl-C prints the counts
so far. The generators of attacks are those of the tests, in tests/attacks. For POSIX.
"""

import argparse
import os
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from multiprocessing.connection import wait
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("GANATOMY_BUDGET", "bytes=128M, parameters=16M, pixels=1024, objects=200000, seconds=10")
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from attacks.catalogue import KINDS, preload
from attacks.kind import Kind
from attacks.watch import OUTCOMES, Case, Worker, clear, prepare


@dataclass
class Tally:
    """Counts by kind and outcome, and one finding of each cause."""

    out: Path
    counts: dict[str, Counter[str]] = field(default_factory=dict)
    causes: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    slowest: float = 0.0

    def add(self, case: Case, seed: int, room: Path) -> None:
        """Count a case, and keep what it was of if its cause is new."""
        self.counts.setdefault(case.kind, Counter())[case.outcome] += 1
        self.slowest = max(self.slowest, case.seconds)
        if not case.found:
            return
        cause = (case.kind, case.outcome, case.signature)
        self.causes[cause] += 1
        if self.causes[cause] > 1:
            return
        folder = self.out / f"{len(self.causes):03d}-{case.outcome}-{case.kind.replace(' ', '-')}"
        again = f"python benchmarks/fuzz.py --seed {seed} --only '{case.kind}' --case {case.number}"
        told = f"{again}\nattack: {case.attack}\noutcome: {case.outcome}\ncause: {case.signature}\n\n{case.detail}\n"
        folder.mkdir(parents=True)
        (folder / "finding.txt").write_text(told, encoding="utf-8", errors="backslashreplace")
        shutil.copytree(room / "case", folder / "case", symlinks=True, ignore=_unfit)
        print(f"{folder.name}: {case.signature[:160]}", flush=True)

    def table(self, seconds: float) -> str:
        """Return the counts as a table."""
        shown = [one for one in OUTCOMES if any(count[one] for count in self.counts.values())] or ["read"]
        lines = [f"{'kind':22}" + "".join(f"{one:>11}" for one in ("cases", *shown))]
        rows = [*sorted(self.counts.items()), ("all", sum(self.counts.values(), Counter()))]
        for name, count in rows:
            lines.append(f"{name:22}" + "".join(f"{n:>11}" for n in (count.total(), *(count[one] for one in shown))))
        cases = rows[-1][1].total()
        causes = Counter(outcome for _, outcome, _ in self.causes)
        told = ", ".join(f"{n} {outcome}" for outcome, n in causes.items()) or "none"
        rate = f"{cases / max(seconds, 1e-9):.1f} a second, the slowest {self.slowest:.1f} s"
        return "\n".join([*lines, f"{cases} cases in {seconds:.0f} s ({rate}); causes of findings: {told}"])


def _unfit(folder: str, names: list[str]) -> set[str]:
    """Leave out pipes, and files too large to be kept."""
    paths = {name: Path(folder) / name for name in names}
    regular = {name for name, path in paths.items() if path.is_symlink() or path.is_dir() or path.is_file()}
    large = {name for name in regular if paths[name].is_file() and paths[name].stat().st_size > 1 << 26}
    return set(names) - regular | large


def turns(kinds: dict[str, Kind]) -> Iterator[tuple[str, int]]:
    """Yield kinds and numbers of cases without end, round by round."""
    number = 0
    while True:
        for name, kind in kinds.items():
            if number % kind.every == 0:
                yield name, number
        number += 1


def run(kinds: dict[str, Kind], tally: Tally, seed: int, seconds: float, jobs: int, most: int | None) -> None:
    """Play cases until the time, or their number, is over."""
    cases, played = turns(kinds), 0
    with tempfile.TemporaryDirectory(prefix="fuzz-") as place:
        shelf = Path(place) / "shelf"
        shelf.mkdir()
        prepare(kinds, shelf)
        ends = time.monotonic() + seconds
        workers = [Worker(kinds, seed, shelf, Path(place) / f"worker{k}") for k in range(jobs)]
        try:
            for worker in workers:
                worker.give(*next(cases))
            while workers:
                wait([worker.connection for worker in workers], 1.0)
                for worker in list(workers):
                    case = worker.take()
                    if case is None:
                        continue
                    tally.add(case, seed, worker.room)
                    played += 1
                    if time.monotonic() < ends and (most is None or played + len(workers) <= most):
                        worker.give(*next(cases))
                    else:
                        worker.stop()
                        workers.remove(worker)
        finally:
            for worker in workers:
                worker.stop()


def once(kind: Kind, seed: int, number: int) -> Case:
    """Play one case in a child and keep its sample in ./fuzz-case."""
    with tempfile.TemporaryDirectory(prefix="fuzz-") as place:
        prepare({kind.name: kind}, Path(place))
        worker = Worker({kind.name: kind}, seed, Path(place), Path(place) / "worker")
        worker.give(kind.name, number)
        while (case := worker.take()) is None:
            wait([worker.connection], 1.0)
        shutil.rmtree("fuzz-case", ignore_errors=True)
        shutil.copytree(worker.room / "case", "fuzz-case", symlinks=True, ignore=_unfit)
        worker.stop()
    return case


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", action="append", choices=list(KINDS), metavar="KIND", help=", ".join(KINDS))
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--cases", type=int, help="at most so many")
    parser.add_argument("--case", type=int, help="play this one again, of --only KIND, and say all about it")
    parser.add_argument("--out", type=Path, default=Path("fuzz-findings"), help="of what was found")
    arguments = parser.parse_args()
    kinds = {name: KINDS[name] for name in arguments.only or KINDS}
    preload()
    if arguments.case is not None:
        case = once(*kinds.values(), arguments.seed, arguments.case)
        print(f"{case.attack}\n{case.outcome}, {case.seconds:.2f} s\n{case.detail}\nthe sample is in fuzz-case")
        sys.exit(case.found)
    for stop in (signal.SIGINT, signal.SIGTERM):
        signal.signal(stop, signal.default_int_handler)
    clear(arguments.out)
    tally, began = Tally(arguments.out), time.monotonic()
    try:
        run(kinds, tally, arguments.seed, arguments.seconds, arguments.jobs, arguments.cases)
    except KeyboardInterrupt:
        print()
    print(tally.table(time.monotonic() - began))
    sys.exit(bool(tally.causes))


if __name__ == "__main__":
    main()
