"""Many seeds of one cell at once against one seed alone: the same epochs, in turn.

    python benchmarks/batched.py [--device cuda] [--runs 64] [--objectives wgan] [--epochs 10]

Both sides train the course's recipe on 7000 points, everything in an epoch counted: draws, steps, reading the losses
(one run reads them every iteration, many read them once an epoch). Two ratios are printed, each the median over epochs
of the time of all runs by that of one:

- at full size: what one gets on this device;
- with networks of 4 neurons and batches of 8, where next to nothing is computed: what handling the operations alone
  would leave of it on a device that computes in no time.

The aim on a GPU is 64 seeds in less than 3 times the time of one. That was not measured: no GPU was at hand. On a
processor the first ratio is the number of runs or more (memory for all runs at once leaves the caches), and no reason
to train them at once: try it with --runs 8.
"""

import argparse
import statistics
import time
from collections.abc import Callable, Iterator

import numpy as np
import torch

from ganatomy.fitting.points.distributions import distribution
from ganatomy.fitting.recipes.recipe import Recipe, load_recipe
from ganatomy.fitting.training.batched import train_many
from ganatomy.fitting.training.trainer import Trainer

WARM = 2  # epochs
TINY = {"batch_size": 8, "generator": {"hidden": [4, 4, 4]}, "discriminator": {"hidden": [4, 4]}}


def single_epochs(trainer: Trainer) -> Iterator[None]:
    for step in trainer:
        if step.iteration % trainer.iterations_an_epoch == 0:
            yield


def timed(advance: Callable[[], object], device: torch.device) -> float:
    start = time.perf_counter()
    advance()
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter() - start


def compare(recipe: Recipe, points: np.ndarray, runs: int, device: str) -> tuple[float, float, float]:
    """Return the median milliseconds an iteration of one run and of all, and the median ratio."""
    trainer = Trainer(points, recipe, seed=0, device=device)
    one = single_epochs(trainer)
    many = train_many(points, recipe=recipe, seeds=range(runs), device=device)
    alone, together = [], []
    for _ in range(recipe.epochs - 1):  # the last one takes snapshots
        alone.append(timed(lambda: next(one), trainer.device))
        together.append(timed(lambda: next(many), trainer.device))
    alone, together = alone[WARM:], together[WARM:]
    ratio = statistics.median(b / a for a, b in zip(alone, together, strict=True))
    scale = 1e3 / trainer.iterations_an_epoch
    return scale * statistics.median(alone), scale * statistics.median(together), ratio


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="auto", help="cpu, cuda, cuda:1, auto")
    parser.add_argument("--runs", type=int, default=64)
    parser.add_argument("--objectives", default="gan,wgan,wgan-gp")
    parser.add_argument("--optimizer", default="rmsprop")
    parser.add_argument("--epochs", type=int, default=10, help="that are timed")
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    points = distribution("zigzag").sample(7000, seed=0)
    device = Trainer(points, load_recipe("course"), device=arguments.device).device
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else f"{arguments.threads} threads"
    print(f"{arguments.runs} runs on {device} ({name}), PyTorch {torch.__version__}")
    print(f"{'objective':<10} {'size':<6} {'one ms':>8} {'all ms':>8} {'all / one':>10}")
    for objective in arguments.objectives.split(","):
        for size, smaller, n in (("full", {}, 7000), ("tiny", TINY, 7000 * 8 // 256)):
            settings = {"epochs": arguments.epochs + WARM + 1, "snapshots": 1, "optimizer": arguments.optimizer}
            recipe = load_recipe("course", objective, **settings, **smaller)
            one, many, ratio = compare(recipe, points[:n], arguments.runs, str(device))
            print(f"{objective:<10} {size:<6} {one:>8.2f} {many:>8.2f} {ratio:>10.2f}", flush=True)
    if device.type != "cuda":
        print("a processor: what counts, the ratio at full size on a GPU, was not measured here")


if __name__ == "__main__":
    main()
