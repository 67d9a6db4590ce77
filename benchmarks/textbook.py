"""The course's loop, written as a textbook would, against ganatomy's: the same arithmetic, timed in turn.

    python benchmarks/textbook.py [--threads 1] [--epochs 20]

The plain loop draws its batches from a shuffled tensor (no DataLoader, which would make it slower still), and reads
both losses every iteration, as ganatomy does. Epochs of the two alternate; the median of the ratios is what counts.
Drawing is timed at the end: 33 frames and the GIF.
"""

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from torch import nn

from ganatomy.execution import swift_products
from ganatomy.figures.points.film import render_frames
from ganatomy.figures.points.view import View
from ganatomy.figures.video import write_gif
from ganatomy.fitting.points.distributions import distribution
from ganatomy.fitting.recipes.recipe import load_recipe
from ganatomy.fitting.training.trainer import Trainer

BATCH, LR, CLIP, WEIGHT = 256, 5e-5, 0.1, 0.001


class PlainLoop:
    """Generator step, then discriminator step on the same generated points, batch by batch."""

    def __init__(
        self, objective: str, points: np.ndarray, optimizer: type[torch.optim.Optimizer] = torch.optim.RMSprop
    ) -> None:
        self.objective = objective
        self.points = torch.tensor(points, dtype=torch.float32)
        self.G = nn.Sequential(
            nn.Linear(2, 64),
            nn.LeakyReLU(0.2),
            nn.Linear(64, 256),
            nn.BatchNorm1d(256, 0.8),
            nn.LeakyReLU(0.2),
            nn.Linear(256, 512),
            nn.BatchNorm1d(512, 0.8),
            nn.LeakyReLU(0.2),
            nn.Linear(512, 2),
        )
        layers = [nn.Linear(2, 64), nn.LeakyReLU(0.2), nn.Linear(64, 256), nn.LeakyReLU(0.2), nn.Linear(256, 1)]
        self.D = nn.Sequential(*layers, nn.Sigmoid()) if objective == "gan" else nn.Sequential(*layers)
        self.g_optimizer = optimizer(self.G.parameters(), lr=LR)
        self.d_optimizer = optimizer(self.D.parameters(), lr=LR)

    def epoch(self) -> None:
        order = torch.randperm(len(self.points))
        for i in range(len(self.points) // BATCH):
            self.iteration(self.points[order[i * BATCH : (i + 1) * BATCH]])

    def iteration(self, real: torch.Tensor) -> tuple[float, float]:
        G, D = self.G, self.D
        self.g_optimizer.zero_grad()
        fake = G(torch.randn(BATCH, 2))
        g_loss = torch.log(1 - D(fake)).mean() if self.objective == "gan" else -D(fake).mean()
        g_loss.backward()
        self.g_optimizer.step()

        self.d_optimizer.zero_grad()
        fake = fake.detach()
        if self.objective == "gan":
            d_loss = -(torch.log(D(real)) + torch.log(1 - D(fake))).mean()
        else:
            d_loss = D(fake).mean() - D(real).mean()
        if self.objective == "wgan-gp":
            share = torch.rand(BATCH, 1)
            between = (share * real + (1 - share) * fake).requires_grad_()
            scores = D(between)
            slope = torch.autograd.grad(scores, between, torch.ones_like(scores), create_graph=True)[0]
            d_loss = d_loss + WEIGHT * ((slope.norm(2, dim=1) - 1) ** 2).mean()
        d_loss.backward()
        self.d_optimizer.step()
        if self.objective == "wgan":
            for parameter in D.parameters():
                parameter.data.clamp_(-CLIP, CLIP)
        return d_loss.item(), g_loss.item()


def time_loops(objective: str, points: np.ndarray, epochs: int) -> tuple[float, float, float]:
    """Return milliseconds an iteration, plain and ours, and the median ratio of neighbouring epochs."""
    plain = PlainLoop(objective, points)
    recipe = load_recipe("course", objective=objective, epochs=epochs + 2, snapshots=1)
    trainer = Trainer(points, recipe, seed=0)
    steps, ours = iter(trainer), []
    theirs: list[float] = []
    for epoch in range(epochs + 2):
        start = time.perf_counter()
        plain.epoch()
        middle = time.perf_counter()
        for _ in range(trainer.iterations_an_epoch):
            losses = next(steps).losses
            float(losses.discriminator), float(losses.generator)
        if epoch >= 2:  # the first two warm up
            theirs.append((middle - start) / trainer.iterations_an_epoch)
            ours.append((time.perf_counter() - middle) / trainer.iterations_an_epoch)
    ratio = float(np.median(np.array(ours) / np.array(theirs)))
    return 1e3 * float(np.median(theirs)), 1e3 * float(np.median(ours)), ratio


def time_products(objective: str = "wgan") -> float:
    """Return the least milliseconds of an iteration's matrix products alone."""
    layers = [(2, 64), (64, 256), (256, 512), (512, 2)], [(2, 64), (64, 256), (256, 1)]
    tensors = [
        [(torch.randn(BATCH, i), torch.randn(o, i), torch.randn(BATCH, o), torch.randn(o)) for i, o in network]
        for network in layers
    ]

    def products() -> None:
        for network, passes in zip(tensors, (1, 2), strict=True):  # D sees generated and real points
            for _ in range(passes):
                for n, (x, w, g, b) in enumerate(network):
                    torch.addmm(b, x, w.t())
                    torch.mm(g.t(), x)
                    if n:
                        torch.mm(g, w)
        for x, w, g, b in tensors[1]:  # from the generator's loss back through D to the points
            torch.mm(g, w)
            if objective == "wgan-gp":  # the points in between: forward, their slopes, and the slopes' own gradients
                torch.addmm(b, x, w.t())
                torch.mm(g, w)
                torch.mm(x, w.t())
                torch.mm(g.t(), x)

    times = []
    for _ in range(200):
        start = time.perf_counter()
        products()
        times.append(time.perf_counter() - start)
    return 1e3 * min(times)


def time_drawing(points: np.ndarray) -> float:
    """Return the seconds that 33 frames of 1192 + 1192 points over a 100 x 100 field, and the GIF, take."""
    view = View.fit(points[:1192])
    snapshots = np.stack([points[i * 100 :][:1192] for i in range(33)])
    fields = np.random.default_rng(0).random((33, 100 * 100))
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        frames = list(render_frames(view, points[:1192], snapshots, np.arange(33), fields, title="drawing"))
        write_gif(frames, Path(folder) / "animation.gif")
        return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--epochs", type=int, default=20)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    points = distribution("zigzag").sample(7000, seed=0)
    print(f"threads {arguments.threads}, PyTorch {torch.__version__}")
    print(f"{'objective':<10} {'plain ms':>9} {'ours ms':>9} {'ours / plain':>13}")
    for objective in ("gan", "wgan", "wgan-gp"):
        theirs, ours, ratio = time_loops(objective, points, arguments.epochs)
        print(f"{objective:<10} {theirs:>9.2f} {ours:>9.2f} {ratio:>13.2f}")
    print(f"matrix products of a wgan iteration alone, by PyTorch's matrix library: {time_products():.2f} ms")
    with swift_products():
        print(f"the same by oneDNN, where it has better kernels: {time_products():.2f} ms")
    print(f"drawing 33 frames and the GIF: {time_drawing(points):.2f} s")


if __name__ == "__main__":
    main()
