"""How well `recommended` fits, and what else was tried.

    python benchmarks/recipes.py [--points FILE] [--only NAME ...] [--jobs 2]

Each row is a recipe on a target over seeds: the points, the split, the initial weights and the training change with the
seed, and every model is measured as `ganatomy.fit` does. Distances and shares are ratios to the floor (see
`ganatomy.fitting.metrics.yardstick`); `least in 3 std` is the smallest share of samples within 3 standard deviations of
a component by Mahalanobis distance; `found` is the smallest number of components found. Seconds are of training on one
thread.
"""

import argparse
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

import ganatomy
from ganatomy.fitting.metrics.catalogue import Floor
from ganatomy.fitting.metrics.fitness import shortfalls
from ganatomy.fitting.points.distributions import DISTRIBUTIONS
from ganatomy.fitting.training.game import Diverged

# What was tried on the way, each against `recommended`: one thing changed at a time.
VARIANTS: dict[str, dict[str, Any]] = {
    "recommended": {},
    "no classes": {"latent": {"classes": 0}},
    "two latent dimensions": {"latent": {"dim": 2, "classes": 0}},
    "two discriminator steps": {"discriminator_steps": 2, "epochs": 260},
    "weak penalty": {"penalties": {"r1": 0.1, "r2": 0.1}},
    "penalty falls tenfold": {"penalties": {"decay": 0.1}},
    "leaky ReLU": {"generator": {"activation": "leaky-relu"}, "discriminator": {"activation": "leaky-relu"}},
    "layer norm": {"generator": {"normalization": "layer"}},
    "batches of 64": {"batch_size": 64, "epochs": 130},
    "non-saturating": {"objective": "ns-gan"},
}


def measure(points: str | None, target: str, seed: int, recipe: str, overrides: dict[str, Any]) -> dict[str, float]:
    """Train once; return the ratios that there are, the shares and counts of known components, and whether it fits."""
    start = time.perf_counter()
    try:
        run = ganatomy.fit(
            points if target == "points.mat" else target,
            recipe=recipe,
            seed=seed,
            train_size=7000,
            progress=False,
            **overrides,
        )
    except Diverged:
        return {"seconds": time.perf_counter() - start}
    measured = run.measurements
    row = {name: m.ratio for name, m in measured.items() if m.ratio is not None}
    row |= {name: m.value for name, m in measured.items() if name in ("share_within_3_std", "components_found")}
    floor = {name: Floor(m.floor, m.floor_spread) for name, m in measured.items()}
    short = shortfalls({name: m.value for name, m in measured.items()}, floor)
    return {**row, "fits": float(not short), "seconds": run.history.seconds}


def summarise(name: str, target: str, rows: list[dict[str, float]]) -> list[str]:
    """Return the cells of a table's row."""
    fine = [row for row in rows if len(row) > 1]

    def mean(metric: str) -> str:
        return f"{np.mean([row[metric] for row in fine]):.2f}" if fine and metric in fine[0] else ""

    found = f"{min(row['components_found'] for row in fine):.0f}" if fine and "components_found" in fine[0] else ""
    share = f"{min(row['share_within_3_std'] for row in fine):.3f}" if fine and "share_within_3_std" in fine[0] else ""
    cells = [name, target, f"{len(fine)}/{len(rows)}"]
    cells += [mean(metric) for metric in ("wasserstein2", "recall", "coverage", "precision")]
    return [*cells, found, share, f"{np.mean([row['seconds'] for row in rows]):.0f}"]


HEADINGS = ["recipe", "target", "runs", "W2", "recall", "coverage", "precision", "found", "least in 3 std", "s"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--points", help="points.mat or another file; without it the built-in targets only")
    parser.add_argument("--only", nargs="*", default=["recommended"], choices=list(VARIANTS), metavar="NAME")
    parser.add_argument("--targets", nargs="*", default=None)
    parser.add_argument("--jobs", type=int, default=2)
    arguments = parser.parse_args()
    if arguments.points and not Path(arguments.points).is_file():
        parser.error(f"no such file: {arguments.points}")
    targets = arguments.targets or [*(["points.mat"] if arguments.points else []), *DISTRIBUTIONS]
    print("| " + " | ".join(HEADINGS) + " |")
    print("|" + "---|" * len(HEADINGS))
    with ProcessPoolExecutor(arguments.jobs) as pool:
        jobs = {
            (name, target): [
                pool.submit(measure, arguments.points, target, seed, "recommended", VARIANTS[name])
                for seed in range(5 if target in ("ring", "grid") else 3)
            ]
            for name in arguments.only
            for target in targets
        }
        for (name, target), futures in jobs.items():
            cells = summarise(name, target, [future.result() for future in futures])
            print("| " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
