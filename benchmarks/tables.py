"""A large table of numbers, read by ganatomy and by pandas: time and memory.

    python benchmarks/tables.py [--lines 2000000] [--columns 2] [--rounds 5]

Each reading is a fresh process, the two in turn; imports are not timed. Time and the most memory that a process took
are compared within a round, and the median ratio over the rounds is printed.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

_READ = """
import resource, sys, time
import numpy as np
import pandas
from ganatomy.fitting.points.cloud import load_points
read = load_points if sys.argv[1] == "ganatomy" else lambda path: pandas.read_csv(path).to_numpy()
started = time.perf_counter()
points = read(sys.argv[2])
seconds, megabytes = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(seconds, megabytes, np.ascontiguousarray(points).sum())
"""


def measured(reader: str, path: Path) -> tuple[float, float, str]:
    """Read the file in a fresh process: seconds, megabytes, the sum of what was read."""
    done = subprocess.run([sys.executable, "-c", _READ, reader, str(path)], check=True, capture_output=True, text=True)
    seconds, megabytes, total = done.stdout.split()
    return float(seconds), float(megabytes), total


def main() -> None:
    """Write a table, and read it in turn."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--lines", type=int, default=2_000_000)
    parser.add_argument("--columns", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "points.csv"
        random = np.random.default_rng(0)
        with open(path, "w", encoding="utf-8") as file:
            file.write(",".join(f"x{k}" for k in range(chosen.columns)) + "\n")
            for _ in range(0, chosen.lines, 1000):  # since a process begins with the memory of the one that began it
                file.writelines(
                    ",".join(map(repr, row)) + "\n" for row in random.normal(size=(1000, chosen.columns)).tolist()
                )
        rounds = [(measured("pandas", path), measured("ganatomy", path)) for _ in range(chosen.rounds)]
    assert len({total for both in rounds for *_, total in both}) == 1, "other numbers"
    print(f"{chosen.lines:,} lines of {chosen.columns} columns, {chosen.rounds} rounds")
    for k, (what, unit) in enumerate((("time", "s"), ("memory", "MB"))):
        theirs, ours = (statistics.median(both[i][k] for both in rounds) for i in (0, 1))
        ratio = statistics.median(both[1][k] / both[0][k] for both in rounds)
        print(f"{what}: pandas {theirs:.3g} {unit}, ganatomy {ours:.3g} {unit}, ratio {ratio:.2f}")


if __name__ == "__main__":
    main()
