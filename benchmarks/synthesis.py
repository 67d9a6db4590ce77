"""ProGAN at full size, written straightforwardly, against ganatomy's renderer: same weights, timed in turn.

    python benchmarks/synthesis.py [--threads 2] [--rounds 7] [--grid]

Weights are random, of the size that was published for 1024 pixels (23 million), and of the same network cut off at 256.
The plain network makes one picture at a time, as the tools for this do; ganatomy's gets eight codes at once. Rounds of
the two alternate; a ratio is that of the medians. Then: how far the pictures differ, in grey levels; how much
arithmetic there is, and how fast this machine does one well-shaped convolution, which together give the floor.

With --grid, the laboratory report's whole grid: 5 samples along 5 directions in 21 steps at 1024 pixels, shown at 256.
Plainly that is 630 pictures (their time is measured on 21 of them); ganatomy's is the command's whole work, from
SeFa to the video and the page, in a process of its own whose peak memory is told.
"""

import argparse
import json
import math
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional

from ganatomy.generators.progan import ProGAN

CHANNELS = (512, 512, 512, 512, 256, 128, 64, 32, 16)  # at 4, 8, ... 1024 pixels
BATCH = 8


class PlainLayer(nn.Module):
    """Pixel norm, upsampling, a convolution at equalised learning rate, bias, leaky ReLU."""

    def __init__(self, inputs: int, outputs: int, kernel: int, padding: int, up: bool) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outputs, inputs, kernel, kernel))
        self.bias = nn.Parameter(torch.zeros(outputs))
        self.padding, self.up = padding, up
        self.scale = math.sqrt(2 / (inputs * kernel * kernel))

    def forward(self, x):
        x = x / torch.sqrt(torch.mean(x**2, dim=1, keepdim=True) + 1e-8)
        if self.up:
            x = functional.interpolate(x, scale_factor=2, mode="nearest")
        x = functional.conv2d(x, self.weight * self.scale, padding=self.padding)
        return functional.leaky_relu(x + self.bias.view(1, -1, 1, 1), 0.2)


class PlainProGAN(nn.Module):
    """The network as its paper's table lists it."""

    def __init__(self, network: ProGAN) -> None:
        super().__init__()
        self.layers = nn.ModuleList()
        for i, layer in enumerate(network.layers):
            outputs, inputs, kernel, _ = layer.weight.shape
            plain = PlainLayer(inputs, outputs, kernel, layer.padding, up=i >= 2 and i % 2 == 0)
            plain.load_state_dict(layer.state_dict())
            self.layers.append(plain)
        output = network.outputs[str(len(network.layers) // 2 - 1)]
        self.colours = nn.Conv2d(output.weight.shape[1], 3, 1)
        self.colours.load_state_dict({"weight": output.weight * output.scale, "bias": output.bias})

    def forward(self, z):
        x = (z / torch.sqrt(torch.mean(z**2, dim=1, keepdim=True) + 1e-8))[:, :, None, None]
        for layer in self.layers:
            x = layer(x)
        return self.colours(x / torch.sqrt(torch.mean(x**2, dim=1, keepdim=True) + 1e-8))


def random_network(resolution: int) -> ProGAN:
    """A network with random weights and small random biases."""
    torch.manual_seed(0)
    network = ProGAN(512, CHANNELS[: int(math.log2(resolution)) - 1])
    for layer in (*network.layers, *network.outputs.values()):
        nn.init.normal_(layer.bias, std=0.1)
    return network.eval().requires_grad_(False)


def arithmetic(network: ProGAN, wide: float = 9, upsampled: float = 9) -> float:
    """Products of a picture, in units of 10^9, by those a pixel of wide convolutions and of upsampled ones."""
    total = 0.0
    for i, layer in enumerate(network.layers):
        outputs, inputs = layer.weight.shape[:2]
        taps = 1 if i == 0 else upsampled if i >= 2 and i % 2 == 0 else wide if min(outputs, inputs) >= 64 else 9
        total += outputs * inputs * taps * (4 * 2 ** (i // 2)) ** 2
    return total / 1e9


PRODUCTS = {"float32": (4.5, 2.5), "bfloat16": (6, 2.5)}  # see ganatomy.generators.fast_convolution


def peak(dtype: torch.dtype) -> float:
    """Products a second, in units of 10^9, of one convolution whose shape suits the processor: the best of twenty."""
    x = torch.randn(1, 128, 128, 128, dtype=dtype).contiguous(memory_format=torch.channels_last)
    weight = torch.randn(128, 128, 3, 3, dtype=dtype).contiguous(memory_format=torch.channels_last)
    best = min(seconds(lambda: functional.conv2d(x, weight, padding=1)) for _ in range(20))
    return 9 * 128**4 / best / 1e9


def seconds(work: Callable[[], object]) -> float:
    """Time it once."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def levels(pictures: torch.Tensor) -> torch.Tensor:
    """Quantise to grey levels."""
    return ((pictures + 1) * 127.5).round().clamp(0, 255)


@torch.inference_mode()
def compare(resolution: int, rounds: int) -> float:
    """Time the three in turn and print what came out; return the plain network's seconds a picture."""
    network = random_network(resolution)
    plain = PlainProGAN(network).eval()
    z = torch.randn(BATCH, 512, generator=torch.Generator().manual_seed(1))
    ws = network.mapping(z)
    renderers = {name: network.renderer(name) for name in ("float32", "bfloat16")}
    expected = torch.cat([plain(code[None]) for code in z])
    times: dict[str, list[float]] = {"plain": [], **{name: [] for name in renderers}}
    for _ in range(rounds):
        times["plain"].append(statistics.median(seconds(lambda code=code: plain(code[None])) for code in z[:3]))
        for name, render in renderers.items():
            times[name].append(seconds(lambda render=render: render(ws)) / BATCH)
    medians = {name: statistics.median(values) for name, values in times.items()}
    print(f"\n{resolution} pixels, {sum(p.numel() for p in network.parameters()):,} parameters")
    print(f"plain      {1 / medians['plain']:6.2f} pictures/s  {arithmetic(network):5.1f} GMAC")
    for name, render in renderers.items():
        pictures = render(ws)
        off = (levels(pictures) - levels(expected)).abs()
        products = arithmetic(network, *PRODUCTS[name])
        floor = products / peak(getattr(torch, name))
        print(
            f"{name:9}  {1 / medians[name]:6.2f} pictures/s  {products:5.1f} GMAC  "
            f"{medians['plain'] / medians[name]:.2f} x plain; floor {floor * 1e3:.0f} ms, took "
            f"{medians[name] * 1e3:.0f}; off by {off.mean():.4f} grey levels on average, by more than 1 on "
            f"{(off > 1).float().mean():.4%} of values, at most {off.max():.0f}"
        )
    return medians["plain"]


GRID = """
import json, resource, sys, time
began = time.perf_counter()
from ganatomy.exploring import Exploration, draw_samples, explore
from ganatomy.generators.loading import load
from ganatomy.latent.edits import strengths
from ganatomy.latent.sefa import sefa
import torch
torch.set_num_threads(int(sys.argv[4]))
G = load(sys.argv[1])
work = Exploration(G, sefa(G, 5, source="random"), draw_samples(G), strengths(-2, 2, 21),
    precision=sys.argv[3], effect_codes=int(sys.argv[5]), effect_draws=4)
summary = explore(work, sys.argv[2])
print(json.dumps([time.perf_counter() - began, summary["seconds_rendering"],
    resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20]))
"""


def grid(plain: float, threads: int) -> None:
    """Run the report's grid, and compare with 630 plain pictures."""
    with tempfile.TemporaryDirectory() as folder:
        state = {}
        for i, layer in enumerate(random_network(1024).layers):
            state |= {f"layer{i}.weight": layer.weight, f"layer{i}.bias": layer.bias}
        for k, layer in random_network(1024).outputs.items():
            state |= {f"output{k}.weight": layer.weight, f"output{k}.bias": layer.bias}
        path = Path(folder) / "pggan_celebahq1024.pth"
        torch.save({"generator_smooth": state | {"lod": torch.zeros(())}}, path)
        print(f"\nthe report's grid: 630 plain pictures would take {630 * plain:.0f} s")
        for precision in ("float32", "bfloat16"):
            for codes in (0, 8):
                arguments = [path, f"{folder}/{precision}{codes}", precision, threads, codes]
                command = [sys.executable, "-c", GRID, *map(str, arguments)]
                done = subprocess.run(command, check=True, capture_output=True, text=True)
                total, rendering, memory = json.loads(done.stdout)
                what = f"effects over {codes} codes too" if codes else "no effects"
                print(
                    f"{precision:9}  {total:5.0f} s in all, {rendering:.0f} s of it rendering ({what}): "
                    f"{630 * plain / total:.2f} x; peak memory {memory:.2f} GiB"
                )


def main() -> None:
    """Parse, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--grid", action="store_true")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    print(f"{arguments.threads} threads, PyTorch {torch.__version__}", end="")
    plain = [compare(resolution, arguments.rounds) for resolution in (256, 1024)]
    if arguments.grid:
        grid(plain[-1], arguments.threads)


if __name__ == "__main__":
    main()
