"""The table of the README: every objective on one target, with its ratio to the floor and its time.

    python benchmarks/objectives.py [--points FILE] [--jobs 2]

Each objective runs with the recipe that `ganatomy fit --objective NAME` takes by itself, and `recommended` as it is.
Seeds 0 to 2; ratios are medians over seeds of the mean over 5 fresh draws. Without a file the target is `zigzag`, the
mixture that the course's data were drawn from.
"""

import argparse
from concurrent.futures import ProcessPoolExecutor

import numpy as np
from recipes import measure

from ganatomy.fitting.recipes.recipe import OBJECTIVES, REPORTED

SEEDS = (0, 1, 2)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--points", help="points.mat or another file; without it zigzag")
    parser.add_argument("--jobs", type=int, default=2)
    arguments = parser.parse_args()
    target = "points.mat" if arguments.points else "zigzag"
    rows = [(name, "course" if name in REPORTED else "literature") for name in OBJECTIVES]
    rows += [("rpgan", "recommended")]
    print("| objective | recipe | W2 / floor | coverage / floor | recall / floor | seconds |")
    print("|---|---|---|---|---|---|")
    with ProcessPoolExecutor(arguments.jobs) as pool:
        futures = {
            (objective, recipe): [
                pool.submit(measure, arguments.points, target, seed, recipe, {"objective": objective}) for seed in SEEDS
            ]
            for objective, recipe in rows
        }
        for (objective, recipe), jobs in futures.items():
            results = [job.result() for job in jobs]
            fine = [result for result in results if "wasserstein2" in result]
            cells = [f"{np.median([row[m] for row in fine]):.2f}" for m in ("wasserstein2", "coverage", "recall")]
            seconds = np.median([row["seconds"] for row in results])
            print(f"| {objective} | {recipe} | {' | '.join(cells)} | {seconds:.0f} |", flush=True)


if __name__ == "__main__":
    main()
