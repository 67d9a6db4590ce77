"""The table of the README: every objective on one target, with its ratio to the floor and its time.

    python benchmarks/objectives.py [--points FILE] [--jobs 2]

Each objective runs with the recipe that `ganatomy fit --objective NAME` takes by itself, and `recommended` as it is,
with the seeds 0 to 4, each with its own split. Ratios to the floor are medians over the seeds, and in brackets their
range, which holds the true median 94 times in 100 (see `ganatomy.fitting.study.judging.intervals`); `fits` counts the
seeds that are near real points in every metric that a fit is judged by. Without a file the target is `zigzag`, the
mixture that the course's data were drawn from.
"""

import argparse
import math
from concurrent.futures import ProcessPoolExecutor

import numpy as np
from recipes import measure

from ganatomy.fitting.recipes.recipe import OBJECTIVES, REPORTED
from ganatomy.fitting.study.judging.intervals import over_seeds

SEEDS = (0, 1, 2, 3, 4)
METRICS = ("coverage", "recall", "precision", "wasserstein2")


def cell(ratios: list[float]) -> str:
    found = over_seeds(ratios)
    return f"{found.median:.2f} ({found.low:.2f}-{found.high:.2f})" if found.enough else "-"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--points", help="points.mat or another file; without it zigzag")
    parser.add_argument("--jobs", type=int, default=2)
    arguments = parser.parse_args()
    target = "points.mat" if arguments.points else "zigzag"
    rows = [(name, "course" if name in REPORTED else "literature") for name in OBJECTIVES]
    rows += [("rpgan", "recommended")]
    print(
        "| objective | recipe | coverage / floor | recall / floor | precision / floor | W2 / floor | fits | seconds |"
    )
    print("|---|---|---|---|---|---|---|---|")
    with ProcessPoolExecutor(arguments.jobs) as pool:
        futures = {
            (objective, recipe): [
                pool.submit(measure, arguments.points, target, seed, recipe, {"objective": objective}) for seed in SEEDS
            ]
            for objective, recipe in rows
        }
        for (objective, recipe), jobs in futures.items():
            results = [job.result() for job in jobs]
            cells = [cell([row.get(metric, math.nan) for row in results]) for metric in METRICS]
            fits = f"{sum(row.get('fits', 0.0) for row in results):.0f} of {len(results)}"
            seconds = np.median([row["seconds"] for row in results])
            print(f"| {objective} | {recipe} | {' | '.join(cells)} | {fits} | {seconds:.0f} |", flush=True)


if __name__ == "__main__":
    main()
