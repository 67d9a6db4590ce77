"""Generators at full size, written straightforwardly, against ganatomy's renderers: same weights, timed in turn.

    python benchmarks/synthesis.py [--threads 2] [--rounds 7] [--family progan] [--grid]

Weights are random, of the sizes that were published for 1024 pixels, and of the same networks cut off at 256; those of
the style-based ones are scaled so that pictures have standard deviation 1/2. Plain StyleGAN2 convolves each picture
with weights of its own, as groups. The plain network makes one picture at a time, as the tools for this do; ganatomy's
gets eight codes at once. Rounds of the two alternate; a ratio is that of the medians. Then: how far the pictures
differ, in grey levels; how much arithmetic there is, and how fast this machine does one well-shaped convolution, which
together give the floor.

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
from plain_generators import PlainProGAN, plain_stylegan, plain_stylegan2
from torch import nn
from torch.nn import functional

from ganatomy.generators.base import Generator
from ganatomy.generators.fast.renderer import renderer
from ganatomy.generators.networks.progan import ProGAN
from ganatomy.generators.networks.stylegan import StyleGAN
from ganatomy.generators.networks.stylegan2 import StyleGAN2

CHANNELS = (512, 512, 512, 512, 256, 128, 64, 32, 16)  # at 4, 8, ... 1024 pixels
WIDE = (512, 512, 512, 512, 512, 256, 128, 64, 32)  # StyleGAN2's, configuration F
BATCH = 8
FAMILIES = {  # by family: the network of some resolutions, its plain form, and products a pixel of a doubling layer
    "progan": (lambda count: ProGAN(512, CHANNELS[:count]), PlainProGAN, (9, 9), 2.5),
    "stylegan": (lambda count: StyleGAN([512] * 9, CHANNELS[:count]), plain_stylegan, (9, 4), 2.25),
    "stylegan2": (lambda count: StyleGAN2([512] * 9, WIDE[:count]), plain_stylegan2, (2.25, 2.25), 2.25),
}


def random_network(resolution: int, family: str = "progan") -> Generator:
    """A network with random weights and small random biases and noise."""
    torch.manual_seed(0)
    network = FAMILIES[family][0](int(math.log2(resolution)) - 1).eval().requires_grad_(False)
    outputs = network.outputs.values() if family != "stylegan2" else network.outputs
    for layer in (*network.layers, *outputs):
        nn.init.normal_(layer.bias, std=0.1)
    for name, weight in network.named_parameters():
        if "noise" in name:
            weight.fill_(0.1)
    if family != "progan":
        scale = 0.5 / network.synthesis(network.mapping(network.draw(1))).std()
        for layer in outputs:
            layer.weight.mul_(scale)
            layer.bias.mul_(scale)
    return network


def arithmetic(network: Generator, wide: float = 9, doubling: float | None = None) -> float:
    """Products of a picture, in units of 10^9, by those a pixel of wide convolutions and of doubling ones.

    By default those of the plain network, whose doubling layers take others from 128 pixels on. Filters of single
    channels are left out.
    """
    total, modulating = 0.0, network.family == "stylegan2"
    for i, layer in enumerate(network.layers):
        if layer.weight is None:
            continue
        outputs, inputs, kernel, _ = layer.weight.shape
        size = 4 << ((i + modulating) // 2)
        if i > 0 and i % 2 == modulating:
            taps = doubling or FAMILIES[network.family][2][size >= 128]
        else:
            taps = 1 if kernel == 4 else wide if min(outputs, inputs) >= 64 else 9
        total += outputs * inputs * taps * size**2
    return total / 1e9


PRODUCTS = {"float32": 4.5, "bfloat16": 6}  # see ganatomy.generators.fast.convolution


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
def compare(family: str, resolution: int, rounds: int) -> float:
    """Time the three in turn and print what came out; return the plain network's seconds a picture."""
    network = random_network(resolution, family)
    plain = FAMILIES[family][1](network)
    ws = network.mapping(network.draw(BATCH, seed=1))
    renderers = {name: renderer(network, name) for name in ("float32", "bfloat16")}
    expected = torch.cat([plain(code[None]) for code in ws])
    times: dict[str, list[float]] = {"plain": [], **{name: [] for name in renderers}}
    for _ in range(rounds):
        times["plain"].append(statistics.median(seconds(lambda code=code: plain(code[None])) for code in ws[:3]))
        for name, render in renderers.items():
            times[name].append(seconds(lambda render=render: render(ws)) / BATCH)
    medians = {name: statistics.median(values) for name, values in times.items()}
    print(f"\n{family}, {resolution} pixels, {sum(p.numel() for p in network.parameters()):,} parameters")
    print(f"plain      {1 / medians['plain']:6.2f} pictures/s  {arithmetic(network):5.1f} GMAC")
    for name, render in renderers.items():
        pictures = render(ws)
        off = (levels(pictures) - levels(expected)).abs()
        products = arithmetic(network, PRODUCTS[name], FAMILIES[family][3])
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
from ganatomy.generators.loading import load
from ganatomy.latent.survey import survey
import torch
torch.set_num_threads(int(sys.argv[4]))
G = load(sys.argv[1])
chosen = dict(start=-2, end=2, precision=sys.argv[3], effect_codes=int(sys.argv[5]))
summary = survey(G, "sefa", sys.argv[2], film=True, **chosen)
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
    parser.add_argument("--family", choices=FAMILIES, help="only this one")
    parser.add_argument("--grid", action="store_true")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    print(f"{arguments.threads} threads, PyTorch {torch.__version__}", end="")
    plain = {
        family: [compare(family, resolution, arguments.rounds) for resolution in (256, 1024)]
        for family in ([arguments.family] if arguments.family else FAMILIES)
    }
    if arguments.grid:
        grid(plain["progan"][-1], arguments.threads)


if __name__ == "__main__":
    main()
