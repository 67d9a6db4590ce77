"""Explore directions: move codes along them, keep every picture, measure what the moves do.

N codes are moved along K directions to S strengths each. The distinct pictures (see `latent.edits.Traversal`) are made
in order, direction by direction, and stored as they come; stopped, the same work goes on where it stood, and what is
whole by then is drawn. The folder, `edits/NAME` by default:

    traversal.mp4            all samples along all directions   traversal.html   the same to play with
    direction_<k>.png        a row a sample                     overview.png     a row a direction, and where it acts
    directions.safetensors   the vectors (`Directions.load`)    directions.json  to read, without the vectors
    codes.npz                z (N, Z) and ws (N, L, W)          summary.json     what was done and found, written last
    .ganatomy, .lock         see `folders`                      .pictures        while work is under way

Not guaranteed: equal bits on another processor or number of threads; pictures then differ by a grey level here and
there. Shapes: `N` samples, `K` directions, `S` strengths, `Z`, `L`, `W` as in `generators.base`.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ganatomy import __version__, album
from ganatomy.errors import InputError, unknown
from ganatomy.execution import deferred_interrupts
from ganatomy.folders import OwnedFolder
from ganatomy.generators.base import Generator, Precision
from ganatomy.latent.directions import Directions
from ganatomy.latent.edits import Traversal
from ganatomy.latent.effects import STEPS, Effect, measure
from ganatomy.progress import Silent
from ganatomy.rendering import Grid, Store, batch_size, painter

FORMAT = 1
"""Of the folder: raised when unfinished work of an older version cannot go on."""


@dataclass(frozen=True)
class Samples:
    """The codes that are moved.

    Attributes:
        z: standard normal codes (N, Z).
        ws: what synthesis takes, (N, L, W).
        names: N short texts, such as "seed 3".
    """

    z: Tensor
    ws: Tensor
    names: tuple[str, ...]


def draw_samples(
    generator: Generator,
    n: int = 5,
    seed: int = 0,
    seeds: Sequence[int] | None = None,
    label: str | None = None,
    mapped: bool = True,
) -> Samples:
    """Draw codes: n of one seed, or one of each of several seeds.

    Args:
        generator: whose codes.
        n: how many of `seed`.
        seed: of the n codes together.
        seeds: if given, a code of each, in place of n of one.
        label: the class of all of them; by default the classes in turn.
        mapped: whether codes go through the mapping. Without, a z-space generator gets them as they were drawn: a
            ProGAN then normalises them after an edit only, as the laboratory report has it.

    Raises:
        InputError: no such class, or a label where there are none; n or a seed out of range.

    >>> from ganatomy.generators.dcgan import DCGAN
    >>> samples = draw_samples(DCGAN([10, 8, 3], kernels=[4, 4], classes=["blue", "green"]), seeds=[3, 7])
    >>> samples.names, samples.ws.shape
    (('seed 3, blue', 'seed 7, green'), torch.Size([2, 1, 10]))
    """
    if seeds is None:
        z, names = generator.draw(n, seed), [f"sample {i}" for i in range(n)]
    else:
        if not seeds:
            raise InputError("no seeds were given; name at least one")
        z, names = torch.cat([generator.draw(1, each) for each in seeds]), [f"seed {each}" for each in seeds]
    classes = generator.classes
    if label is not None and label not in classes:
        raise unknown("class", label, classes) if classes else InputError("this generator has no classes, so no label")
    if classes:
        chosen = [classes.index(label) if label is not None else i % len(classes) for i in range(len(z))]
        names = [f"{name}, {classes[c]}" for name, c in zip(names, chosen, strict=True)]
        return Samples(z, generator.mapping(z, torch.tensor(chosen)), tuple(names))
    plain = not mapped and generator.space == "z"
    return Samples(z, z[:, None] if plain else generator.mapping(z), tuple(names))


@dataclass(frozen=True)
class Exploration:
    """All that decides what is made.

    Attributes:
        generator: whose pictures.
        directions: K of them, found in this generator.
        samples: N codes.
        strengths: (S,), ascending, in units of the code.
        size: pictures are kept at most this large, in pixels a side, and shown so.
        precision: of the generator's arithmetic.
        columns: of the pictures direction_<k>.png, at most, spread over the strengths.
        effect_codes: over how many codes effects are measured; 0 for not at all.
        effect_draws: random directions that they are compared with.
        seed: of the codes for effects and of the random directions.
        facts: what is known of the source; see `generators.loading.Opened`.
        settings: what else the summary shall say, such as how the samples were drawn.
    """

    generator: Generator
    directions: Directions
    samples: Samples
    strengths: NDArray[np.float64]
    size: int = 256
    precision: Precision = "float32"
    columns: int = 11
    effect_codes: int = 16
    effect_draws: int = 8
    seed: int = 0
    facts: dict[str, Any] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.directions.check_fits(self.generator)
        if not 2 <= self.columns <= len(self.strengths):
            raise InputError(f"{self.columns} columns: give 2 to {len(self.strengths)}, the number of strengths")
        if not 64 <= self.size <= 1024:
            raise InputError(f"size {self.size}: pictures are shown 64 to 1024 pixels large")
        if self.effect_codes < 0:
            raise InputError(f"{self.effect_codes} codes for effects: give 0 or more")

    @cached_property
    def traversal(self) -> Traversal:
        """The plan of the distinct pictures."""
        return Traversal(len(self.samples.z), len(self.directions), self.strengths)

    @property
    def effect_pictures(self) -> int:
        """How many pictures measuring takes, about."""
        return self.effect_codes * (1 + (STEPS - 1) * (len(self.directions) + self.effect_draws))

    def fingerprint(self) -> str:
        """Digest all that decides the pictures and numbers, so that no other work is resumed by mistake."""
        choices = [FORMAT, self.size, self.precision, self.columns, self.effect_codes, self.effect_draws, self.seed]
        text = json.dumps(
            [*choices, self.directions.fingerprint, self.directions.method, self.settings], sort_keys=True
        )
        digest = hashlib.sha256(text.encode())
        for array in (self.directions.vectors, self.samples.ws.numpy(), self.strengths):
            digest.update(str(array.shape).encode() + np.ascontiguousarray(array).tobytes())
        return digest.hexdigest()


class EditFolder(OwnedFolder):
    """The folder of an exploration."""

    noun = "exploration"
    others = "another source, seed, range or size"
    owned = (
        *("traversal.mp4", "traversal.html", "overview.png", "directions.safetensors", "directions.json"),
        *("codes.npz", "summary.json", ".pictures", "video.mp4", "strips"),
        *(f"direction_{k}.png" for k in range(1000)),
    )


def explore(
    exploration: Exploration,
    out: str | Path,
    *,
    force: bool = False,
    report_layout: bool = False,
    progress: Silent | None = None,
) -> dict[str, Any]:
    """Make the pictures, measure, and write the folder.

    Args:
        exploration: what to do.
        out: the folder.
        force: replace what it holds.
        report_layout: write the laboratory report's video.mp4 and strips/ besides.
        progress: is told of each batch.

    Returns:
        What summary.json holds.

    Raises:
        InputError: a folder that holds other things, or a file that cannot be written.
        KeyboardInterrupt: it was stopped; the folder then holds what was whole.
    """
    folder, progress = EditFolder(out), progress or Silent()
    plan, batch = exploration.traversal, batch_size(exploration.generator.resolution)
    paint = painter(exploration.generator, exploration.size, exploration.precision)
    side = min(exploration.size, exploration.generator.resolution)
    effects: list[Effect] = []
    with folder.claim(exploration.fingerprint(), force), deferred_interrupts(True) as stop:
        store = Store(folder.path / ".pictures", (side, side, 3))
        _write_codes(folder, exploration)
        begun, began = len(store), time.perf_counter()
        try:
            with progress.showing(len(plan) + exploration.effect_pictures, begun):
                drawn = 0
                while (done := len(store)) < len(plan):
                    codes = plan.codes(exploration.samples.ws, exploration.directions, done, done + batch)
                    store.append(paint(codes))
                    progress.update(len(store))
                    whole = plan.whole_directions(len(store))
                    for k in range(drawn, whole):
                        album.draw_direction(folder.path, exploration, Grid(store, plan.grid), k)
                    drawn = whole
                    if stop.is_set():
                        raise KeyboardInterrupt
                rendering, counted = time.perf_counter() - began, len(plan)

                def pictures_of(codes: Tensor) -> NDArray[np.uint8]:
                    nonlocal counted
                    if stop.is_set():
                        raise KeyboardInterrupt
                    pictures, counted = paint(codes), counted + len(codes)
                    progress.update(counted, "measuring effects")
                    return pictures

                if exploration.effect_codes:
                    effects = _measure(exploration, pictures_of, batch)
        except KeyboardInterrupt:
            whole = plan.whole_directions(len(store))
            if whole:
                progress.say(f"drawing the {whole} of {plan.directions} directions that are whole")
                album.draw(folder.path, exploration, store, [], whole)
            raise
        for k in range(drawn, len(exploration.directions)):  # all pictures were there when it began
            album.draw_direction(folder.path, exploration, Grid(store, plan.grid), k)
        progress.say("drawing")
        album.draw(folder.path, exploration, store, effects, plan.directions, report_layout)
        made = len(plan) - begun
        summary = _summary(exploration, effects)
        summary["seconds_rendering"], summary["pictures_a_second"] = rendering, made / rendering if made else None
        folder.write_json("summary.json", summary)
        store.path.unlink()
    return summary


def _write_codes(folder: EditFolder, exploration: Exploration) -> None:
    samples = exploration.samples
    folder.write_arrays(
        "codes.npz", {"z": samples.z.numpy(), "ws": samples.ws.numpy(), "names": np.array(samples.names)}
    )
    exploration.directions.save(folder.path / "directions.safetensors")


def _measure(exploration: Exploration, pictures_of: Any, batch: int) -> list[Effect]:
    generator = exploration.generator
    # Other codes than those on show: a number should not be of the very pictures one is looking at.
    samples = draw_samples(generator, exploration.effect_codes, (exploration.seed + 2**32) % 2**63)
    return measure(
        pictures_of,
        samples.ws,
        exploration.directions,
        (float(exploration.strengths[0]), float(exploration.strengths[-1])),
        draws=exploration.effect_draws,
        coordinates=generator.edit_dim,
        seed=exploration.seed,
        batch=batch,
    )


def _summary(exploration: Exploration, effects: Sequence[Effect]) -> dict[str, Any]:
    generator, directions, strengths = exploration.generator, exploration.directions, exploration.strengths
    return {
        **exploration.facts,
        "family": generator.family,
        "resolution": generator.resolution,
        "weights": directions.fingerprint,
        "method": directions.method,
        "space": directions.space,
        "layers": list(directions.layers),
        "values": directions.values.tolist(),
        "share": directions.share.tolist(),
        "labels": list(directions.labels),
        "samples": list(exploration.samples.names),
        **exploration.settings,
        "strengths": {"start": strengths[0], "end": strengths[-1], "steps": len(strengths), "unit": album.UNIT},
        "size": min(exploration.size, generator.resolution),
        "precision": exploration.precision,
        "device": str(next(generator.parameters()).device),
        "threads": torch.get_num_threads(),
        "pictures": {"shown": exploration.traversal.shown, "distinct": len(exploration.traversal)},
        "effects": [effect.to_dict() for effect in effects],
        "versions": {"ganatomy": __version__, "torch": torch.__version__, "folder": FORMAT},
    }
