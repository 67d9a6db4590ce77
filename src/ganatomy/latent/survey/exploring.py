"""Explore directions: move codes along them, keep every picture, measure what the moves do.

N codes are moved along K directions to S strengths each. The distinct pictures (see `latent.traversal.Traversal`) are
made in order, direction by direction, and stored as they come; stopped, the same work goes on where it stood, and what
is whole by then is drawn. The folder, `edits/NAME` by default:

    traversal.mp4            all samples along all directions   traversal.html   the same to play with
    direction_<k>.png        a row a sample                     overview.png     a row a direction, and where it acts
    directions.safetensors   the vectors (`Directions.load`)    directions.json  to read, without the vectors
    codes.npz                z (N, Z) and ws (N, L, W)          summary.json     what was done and found, written last
    .ganatomy-exploration, .lock   see `folders`                .pictures        while work is under way

Not guaranteed: equal bits on another processor or number of threads; pictures then differ by a grey level here and
there. Shapes: `N` samples, `K` directions, `S` strengths, `Z`, `L`, `W` as in `generators.base`.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ganatomy.errors import InputError
from ganatomy.execution import deferred_interrupts, versions
from ganatomy.figures.pictures.traversals import UNIT
from ganatomy.files import OwnedFolder
from ganatomy.generators.base import Generator, Precision
from ganatomy.latent.codes import AS_PUBLISHED, Drawing, Samples
from ganatomy.latent.directions import Directions
from ganatomy.latent.measures.effects import STEPS, Effect, measure
from ganatomy.latent.pictures import Grid, Painter, Store, batch_size, painter
from ganatomy.latent.survey import album
from ganatomy.latent.traversal import Traversal
from ganatomy.latent.traversal import strengths as spaced
from ganatomy.progress import Silent

FORMAT = 1
"""Of the folder: raised when unfinished work of an older version cannot go on."""

_MOST = 100  # samples, directions or columns: what one can look at, and what films and pictures can hold


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
        drawing: how the codes on show are drawn: those for effects are others, drawn alike.
        facts: what is known of the source; see `Generator.facts`.
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
    drawing: Drawing = AS_PUBLISHED
    facts: dict[str, Any] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.directions.check_fits(self.generator)
        for what, count in (("samples", len(self.samples.z)), ("directions", len(self.directions))):
            if count > _MOST:
                raise InputError(f"{count} {what}: at most {_MOST} are shown together")
        if not 2 <= len(self.strengths) <= 200:
            raise InputError(f"{len(self.strengths)} steps: give 2 to 200")
        if not 2 <= self.columns <= min(len(self.strengths), _MOST):
            raise InputError(f"{self.columns} columns: give 2 to {min(len(self.strengths), _MOST)}")
        if not 0 <= self.seed < 2**32:
            raise InputError(f"seed {self.seed}: give a whole number from 0 to 2^32 - 1")
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
        """How many pictures measuring takes."""
        moving = np.count_nonzero(spaced(self.strengths[0], self.strengths[-1], STEPS))
        return self.effect_codes * ((moving < STEPS) + moving * (len(self.directions) + self.effect_draws))

    def fingerprint(self) -> str:
        """Digest all that decides the pictures and numbers, so that no other work is resumed by mistake."""
        found = self.directions
        psi, cutoff = self.drawing.truncation(self.generator) or (None, None)
        drawing = {"label": self.drawing.class_name, "psi": psi, "cutoff": cutoff}
        choices = [FORMAT, self.size, self.precision, self.columns, self.settings]
        choices += [self.effect_codes, self.effect_draws, self.seed, drawing, self.generator.noise]
        choices += [found.fingerprint, found.method, found.layers]
        digest = hashlib.sha256(json.dumps(choices, sort_keys=True).encode())
        for array in (found.vectors, self.samples.ws.numpy(), self.strengths):
            digest.update(str(array.shape).encode() + np.ascontiguousarray(array).tobytes())
        return digest.hexdigest()


class EditFolder(OwnedFolder):
    """The folder of an exploration."""

    noun = "exploration"
    others = "another source, seed, range or size"
    mark_name = ".ganatomy-exploration"
    owned = (
        *("traversal.mp4", "traversal.html", "overview.png", "directions.safetensors", "directions.json"),
        *("codes.npz", "summary.json", ".pictures", "video.mp4"),
        *(f"{folder}direction_{k}.png" for folder in ("", "strips/") for k in range(_MOST)),
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
    paint(exploration.samples.ws[:1])  # what cannot be painted is refused before anything is written
    side = min(exploration.size, exploration.generator.resolution)
    effects: list[Effect] = []
    with folder.claim(exploration.fingerprint(), force), deferred_interrupts(True) as stop:
        store = Store(folder.path / ".pictures", (side, side, 3))
        if len(store) < len(plan):  # a crash may have cut a batch; other batches could give other bits
            store.keep(len(store) // batch * batch)
        _write_codes(folder, exploration)
        begun = counted = len(store)

        def painted(codes: Tensor, text: str = "") -> NDArray[np.uint8]:
            nonlocal counted
            if stop.is_set():
                raise KeyboardInterrupt
            pictures, counted = paint(codes), counted + len(codes)
            progress.update(counted, text)
            return pictures

        try:
            with progress.showing(len(plan) + exploration.effect_pictures, begun):
                seconds = _render(exploration, folder.path, store, painted, batch)
                if exploration.effect_codes:
                    effects = _measure(exploration, lambda codes: painted(codes, "measuring effects"), batch)
        except KeyboardInterrupt:
            whole = plan.whole_directions(len(store))
            if whole:
                progress.say(f"drawing the {whole} of {plan.directions} directions that are whole")
                album.draw(folder.path, exploration, store, [], whole, report_layout)
            raise
        progress.say("drawing")
        album.draw(folder.path, exploration, store, effects, plan.directions, report_layout)
        summary, made = _summary(exploration, effects), len(plan) - begun
        summary["seconds_rendering"], summary["pictures_a_second"] = seconds, made / seconds if made else None
        folder.write_json("summary.json", summary)
        store.path.unlink()
    return summary


def _render(exploration: Exploration, folder: Path, store: Store, paint: Painter, batch: int) -> float:
    """Fill the store, and draw each direction once it is whole; return the seconds that making pictures took."""
    plan, drawn, seconds = exploration.traversal, 0, 0.0
    while True:
        whole = plan.whole_directions(len(store))
        for k in range(drawn, whole):
            album.draw_direction(folder, exploration, Grid(store, plan.grid), k)
        drawn, done = whole, len(store)
        if done == len(plan):
            return seconds
        began = time.perf_counter()
        store.append(paint(plan.codes(exploration.samples.ws, exploration.directions, done, done + batch)))
        seconds += time.perf_counter() - began


def _write_codes(folder: EditFolder, exploration: Exploration) -> None:
    samples = exploration.samples
    folder.write_arrays(
        "codes.npz", {"z": samples.z.numpy(), "ws": samples.ws.numpy(), "names": np.array(samples.names)}
    )
    exploration.directions.save(folder.path / "directions.safetensors")


def _measure(exploration: Exploration, paint: Painter, batch: int) -> list[Effect]:
    generator = exploration.generator
    drawing = replace(exploration.drawing, seed=exploration.seed).suited(exploration.directions.method)
    return measure(
        paint,
        drawing.measured(exploration.effect_codes).codes(generator).ws,
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
        "strengths": {"start": strengths[0], "end": strengths[-1], "steps": len(strengths), "unit": UNIT},
        "size": min(exploration.size, generator.resolution),
        "precision": exploration.precision,
        "device": str(generator.device),
        "threads": torch.get_num_threads(),
        "pictures": {"shown": exploration.traversal.shown, "distinct": len(exploration.traversal)},
        "effects": [effect.to_dict() for effect in effects],
        "versions": versions(folder=FORMAT),
    }
