"""The default study against nine plain runs one after another, everything counted: start-up, metrics, pictures.

    python benchmarks/study.py [--quick] [--parts]

- Plain: one process, two threads; three objectives with three optimizers each, by the loop of textbook.py.
  Every 10 epochs a pyplot figure of real and generated points over the discriminator's value; at the end
  of a run a GIF of them by Pillow. Nothing is measured.
- Ours: `ganatomy compare` with one seed, two processes of one thread each; all that it does.
- The floor: the matrix products of all these iterations alone, on one thread in each of two processes.

Both sides are processes of their own, timed from outside. `--quick` makes a tenth of the epochs and frames. `--parts`
times the parts instead, the least of several goes each, and adds them up: for a machine that is not quiet, where two
threads that wait for each other would make the plain side look much slower than it is.
"""

import argparse
import itertools
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from textbook import PlainLoop, time_products

from ganatomy.execution import swift_products
from ganatomy.fitting.points.cloud import split_points
from ganatomy.fitting.points.distributions import distribution
from ganatomy.fitting.recipes.recipe import REPORTED, load_recipe
from ganatomy.fitting.training.trainer import Trainer

OPTIMIZERS = {"rmsprop": torch.optim.RMSprop, "adam": torch.optim.Adam, "sgd": torch.optim.SGD}
CELLS = list(itertools.product(REPORTED, OPTIMIZERS))
EPOCHS, FRAMES, ITERATIONS = 320, 32, 27  # iterations an epoch; one frame more shows the start


def points() -> tuple[np.ndarray, np.ndarray]:
    return split_points(distribution("zigzag").sample(8192, seed=0), 7000, seed=0)


class PlainPictures:
    """Frames as a script would draw them, and the GIF."""

    def __init__(self, folder: Path, real: np.ndarray) -> None:
        import matplotlib

        matplotlib.use("agg")
        self.folder, self.real, self.paths = folder, real, []
        self.x, self.y = np.meshgrid(np.linspace(-0.3, 1.5, 100), np.linspace(0, 0.9, 100))

    def frame(self, loop: PlainLoop, epoch: int) -> None:
        from matplotlib import pyplot

        with torch.no_grad():
            fake = loop.G(torch.randn(len(self.real), 2)).numpy()
            grid = torch.tensor(np.stack([self.x.ravel(), self.y.ravel()], 1), dtype=torch.float32)
            value = loop.D(grid).numpy().reshape(self.x.shape)
        figure, axes = pyplot.subplots(figsize=(8, 6))
        figure.colorbar(axes.contourf(self.x, self.y, value, 50, cmap="gray"))
        axes.scatter(*self.real.T, s=5, label="real")
        axes.scatter(*fake.T, s=5, label="generated")
        axes.set(xlim=(-0.3, 1.5), ylim=(0, 0.9), title=f"epoch {epoch}")
        axes.legend()
        self.paths.append(self.folder / f"{epoch}.png")
        figure.savefig(self.paths[-1])
        pyplot.close(figure)

    def film(self) -> None:
        from PIL import Image

        images = [Image.open(path) for path in self.paths]
        images[0].save(self.folder / "film.gif", save_all=True, append_images=images[1:], duration=80, loop=0)


def plain_runs(epochs: int, frames: int) -> None:
    torch.set_num_threads(2)
    train, heldout = points()
    marks = {round(epoch) for epoch in np.linspace(0, epochs, frames + 1)}
    for objective, optimizer in CELLS:
        with tempfile.TemporaryDirectory() as folder:
            loop, pictures = PlainLoop(objective, train, OPTIMIZERS[optimizer]), PlainPictures(Path(folder), heldout)
            for epoch in range(epochs + 1):
                if epoch:
                    loop.epoch()
                if epoch in marks:
                    pictures.frame(loop, epoch)
            pictures.film()


def time_command(*words: str) -> float:
    start = time.perf_counter()
    subprocess.run([sys.executable, *words], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - start


def compare_command(epochs: int, frames: int, folder: str) -> list[str]:
    return [
        *("-m", "ganatomy", "compare", "zigzag", "--seeds", "0", "--jobs", "2", "--out", f"{folder}/study"),
        *("--epochs", str(epochs), "--set", f"snapshots={frames}"),
    ]


def least(work: Callable[[], object], goes: int) -> float:
    """Return the least seconds that the work took."""
    times = []
    for _ in range(goes):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times)


def plain_parts(epochs: int, frames: int) -> float:
    """Print what a plain run's parts cost, and return the seconds of the whole."""
    torch.set_num_threads(2)
    train, heldout = points()
    total = 0.0
    for objective, optimizer in CELLS:
        loop = PlainLoop(objective, train, OPTIMIZERS[optimizer])
        iteration = least(lambda loop=loop: loop.iteration(loop.points[:256]), 200)
        print(f"plain {objective}, {optimizer}: {1e3 * iteration:.2f} ms an iteration on two threads")
        total += iteration * ITERATIONS * epochs
    with tempfile.TemporaryDirectory() as folder:
        pictures = PlainPictures(Path(folder), heldout)
        frame = least(lambda: pictures.frame(loop, len(pictures.paths)), frames + 1)
        film = least(pictures.film, 1)
    start = min(time_command("-c", "import torch, matplotlib.pyplot, PIL.Image") for _ in range(3))
    print(f"plain: a frame {frame:.3f} s, a GIF {film:.2f} s, start-up {start:.2f} s")
    return total + len(CELLS) * ((frames + 1) * frame + film) + start


def our_parts(epochs: int, frames: int) -> float:
    """Print what our runs' parts cost, and return the seconds of the whole in two processes."""
    from ganatomy.fitting.run import fit as fitting
    from ganatomy.fitting.run import pictures
    from ganatomy.fitting.run.folder import RunFolder

    torch.set_num_threads(1)
    train, heldout = points()
    test = heldout[: len(heldout) // 2]  # the other half is for choosing rates
    known, runs = distribution("zigzag"), []
    for objective, optimizer in CELLS:
        trainer = Trainer(train, load_recipe("course", objective, optimizer=optimizer))
        steps = iter(trainer)
        iteration = least(lambda steps=steps: float(next(steps).losses.generator), 200)
        print(f"ours {objective}, {optimizer}: {1e3 * iteration:.2f} ms an iteration on one thread")
        runs.append(iteration * ITERATIONS * epochs)
    with tempfile.TemporaryDirectory() as place:
        folder = RunFolder(place)
        recipe = load_recipe("course", "wgan", epochs=frames, snapshots=frames)
        measured = fitting.MeasuredFit(Trainer(train, recipe), train, test, known)
        model = measured.train()
        samples = model.sample(len(test))
        once = least(lambda: measured.yardstick.value(samples), 10)
        floor = measured.yardstick.floor
        drawing = least(lambda: pictures.draw_run(folder, model, measured.history, test, floor, 0), 3)
    extra = (frames + 1 + 5 + 5) * once + drawing  # 5 draws at the end, 5 for the floor
    start = min(
        time_command("-c", "import ganatomy.fitting.run.fit, torch; torch.optim.SGD([torch.ones(1)])") for _ in range(3)
    )
    print(f"ours: metrics {1e3 * once:.0f} ms a snapshot, pictures {drawing:.2f} s a run, start-up {start:.2f} s")
    print(f"ours: of nine runs, training {sum(runs):.0f} s, metrics and pictures {len(runs) * extra:.0f} s")
    processes = [start, start]
    for seconds in runs:
        processes[processes.index(min(processes))] += seconds + extra
    return start + max(processes)  # the parent starts first


def floor(epochs: int) -> float:
    torch.set_num_threads(1)
    with swift_products():
        times = {objective: time_products(objective) for objective in REPORTED}
    return sum(times[objective] for objective, _ in CELLS) / 1e3 * ITERATIONS * epochs / 2


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a tenth of the epochs and frames")
    parser.add_argument("--parts", action="store_true", help="time the parts and add them up")
    parser.add_argument("--plain", action="store_true", help="only make the plain runs, untimed")
    arguments = parser.parse_args()
    epochs, frames = (EPOCHS // 10, FRAMES // 10) if arguments.quick else (EPOCHS, FRAMES)
    if arguments.plain:
        plain_runs(epochs, frames)
        return
    if arguments.parts:
        plain, ours = plain_parts(epochs, frames), our_parts(epochs, frames)
    else:
        quick = ["--quick"] if arguments.quick else []
        plain = time_command(__file__, "--plain", *quick)
        with tempfile.TemporaryDirectory() as folder:
            ours = time_command(*compare_command(epochs, frames, folder))
    least_possible = floor(epochs)
    print(f"plain {plain:.0f} s, ours {ours:.0f} s: {plain / ours:.2f} times as fast")
    print(f"floor, matrix products alone: {least_possible:.0f} s; ours is {ours / least_possible:.2f} times that")


if __name__ == "__main__":
    main()
