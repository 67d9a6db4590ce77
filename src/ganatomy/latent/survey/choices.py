"""All that decides a survey: what a person chose, checked, and what follows from it for one generator.

What can be refused is refused here, before anything is computed. Directions of all methods are measured on the same
codes and shown on the same other ones, all of one class, mapped and truncated alike. Codes that a method looks for
directions in are of that class too, but not truncated, and the first of them may be on show.
What is not guaranteed: that a scorer of one's own is still the one that it was; its file is compared, not what it uses.

Shapes: `N` samples, `K` directions a method, `S` strengths, `M` codes, `L`, `W` as in `generators.base`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ganatomy.attributes import Attribute
from ganatomy.errors import InputError, unknown
from ganatomy.generators.base import Generator, Precision
from ganatomy.latent.codes import Drawing, Samples
from ganatomy.latent.labels.meanings import Language
from ganatomy.latent.labels.rule import FEWEST_DRAWS, LEAST
from ganatomy.latent.layers import read_layers
from ganatomy.latent.methods.catalogue import METHODS, options_of
from ganatomy.latent.traversal import Traversal
from ganatomy.latent.traversal import strengths as spaced

FORMAT = 2
"""Of the folder: raised when unfinished work of an older version cannot go on."""

MOST = {"k": 100, "samples": 20, "steps": 21, "codes": 10_000, "draws": 1000, "repetitions": 20}
"""What a page can show, and a person wait for."""


@dataclass(frozen=True, kw_only=True)
class Choices:
    """How a generator is surveyed; every choice has a default.

    Attributes:
        k: directions of each method.
        layers: which layers to edit: indices, or such as "0:4" (end excluded); None for all.
        feature_layer: whose features ganspace (where z is the only space) and local_basis look at; by default the
            first, and the picture itself.
        attributes: by which directions are named; none for no labels.
        codes: M, over which directions are named.
        draws: random directions that labels are compared with.
        effect_codes: over how many of the codes effects are measured; by default 32, or 8 above 128 pixels.
        repetitions: how often each method is run again, for its stability; 0 for not at all.
        samples: N codes of `seed` on show.
        seeds: a code of each, in place of N of one.
        seed: of everything.
        start: least strength; by default the family's.
        end: largest strength.
        steps: S.
        psi: how far codes are drawn towards the mean, 1 for not at all; by default as published, see `Drawing`.
        cutoff: layers from this one on are left out of it.
        label: the class of all codes; by default the first.
        size: pictures are shown at most this large, in pixels a side.
        precision: of the generator's arithmetic.
        language: of the page, the table and the pictures' titles.
    """

    k: int = 10
    layers: Sequence[int] | str | None = None
    feature_layer: int | None = None
    attributes: tuple[Attribute, ...] = ()
    codes: int = 200
    draws: int = 32
    effect_codes: int | None = None
    repetitions: int = 2
    samples: int = 5
    seeds: Sequence[int] | None = None
    seed: int = 0
    start: float | None = None
    end: float | None = None
    steps: int = 11
    psi: float | None = None
    cutoff: int | None = None
    label: str | None = None
    size: int = 128
    precision: Precision = "float32"
    language: Language = "en"

    def __post_init__(self) -> None:
        least = {"k": 1, "samples": 1, "steps": 2, "codes": LEAST, "draws": FEWEST_DRAWS, "repetitions": 0}
        for name, most in MOST.items():
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int | np.integer) or not least[name] <= value <= most:
                raise InputError(f"{name} = {value!r}: give a whole number from {least[name]} to {most}")
        if not 0 <= self.seed < 2**32:
            raise InputError(f"seed {self.seed}: give a whole number from 0 to 2^32 - 1")
        if self.seeds is not None and not 1 <= len(self.seeds) <= MOST["samples"]:
            raise InputError(f"{len(self.seeds)} seeds: give 1 to {MOST['samples']}, as many as a page can show")
        if not 64 <= self.size <= 1024:
            raise InputError(f"size {self.size}: pictures are shown 64 to 1024 pixels large")
        if self.language not in ("en", "zh"):
            raise unknown("language", str(self.language), ("en", "zh"))
        if self.effect_codes is not None and not 1 <= self.effect_codes <= self.codes:
            raise InputError(f"effect_codes = {self.effect_codes!r}: give 1 to {self.codes}, some of the codes")


@dataclass(frozen=True, eq=False)
class Survey:
    """A generator and all that decides what is made of it.

    Attributes:
        generator: which.
        methods: by which directions are found, each once; of `latent.methods.catalogue.METHODS`.
        choices: all else.
        facts: what is known of the source; see `Generator.facts`.

    Raises:
        InputError: an unknown method or one named twice, layers or a class that there are not, more directions than
            there are coordinates, truncation where there is no mean code, a range that does not ascend, a feature
            layer that there is not or that no method looks at.
    """

    generator: Generator
    methods: tuple[str, ...]
    choices: Choices
    facts: Mapping[str, Any]

    def __post_init__(self) -> None:
        for method in self.methods:
            if method not in METHODS:
                raise unknown("method", method, METHODS)
        if not self.methods or len(set(self.methods)) < len(self.methods):
            raise InputError(f"methods {', '.join(self.methods) or 'none'}: name one or more, each once")
        k, width = self.choices.k, self.generator.edit_dim
        if k > width:
            raise InputError(f"K = {k}: give a whole number of directions, from 1 to the {width} coordinates to edit")
        if "boundary" in self.methods and not self.choices.attributes:
            raise InputError("the method boundary parts pictures by their attributes; leave it out, or measure some")
        _ = self.layers, self.samples, self.strengths  # each refuses what cannot be
        if self.choices.feature_layer is not None:
            if not any(self.looks_at_features(method) for method in self.methods):
                raise InputError("no method here looks at features; leave the feature layer (--feature-layer) out")
            with torch.no_grad():
                self.generator.features(self.samples.ws[:1].to(self.generator.device), self.choices.feature_layer)

    @property
    def source(self) -> str:
        """What the generator is called."""
        return str(self.facts.get("name") or self.generator.name or self.generator.family)

    @cached_property
    def layers(self) -> tuple[int, ...]:
        """The layers that are edited."""
        return read_layers(self.choices.layers, self.generator.num_ws)

    @cached_property
    def label(self) -> str | None:
        """The class of all codes."""
        classes = self.generator.classes
        return self.choices.label or (classes[0] if classes else None)

    @cached_property
    def strengths(self) -> NDArray[np.float64]:
        """The strengths on show, (S,)."""
        low, high = self.generator.strength_range
        start, end = self.choices.start, self.choices.end
        return spaced(low if start is None else start, high if end is None else end, self.choices.steps)

    @property
    def ends(self) -> tuple[float, float]:
        """The first and the last strength: between these everything is measured."""
        return float(self.strengths[0]), float(self.strengths[-1])

    @cached_property
    def drawing(self) -> Drawing:
        """How the codes on show are drawn."""
        chosen = self.choices
        which = {"n": chosen.samples, "seed": chosen.seed, "seeds": chosen.seeds}
        return Drawing(**which, class_name=self.label, psi=chosen.psi, cutoff=chosen.cutoff)

    @cached_property
    def samples(self) -> Samples:
        """The codes on show."""
        return self.drawing.codes(self.generator)

    @cached_property
    def measured(self) -> Tensor:
        """The codes (M, L, W) that are measured: other ones, as a number should not be of the pictures on show."""
        return self.drawing.measured(self.choices.codes).codes(self.generator).ws

    def code(self, seed: int) -> Tensor:
        """Draw one code (1, L, W) of a seed."""
        return replace(self.drawing, n=1, seed=seed % 2**32, seeds=None).codes(self.generator).ws

    def looks_at_features(self, method: str) -> bool:
        """Tell whether a method looks at the features of a layer that can be chosen."""
        return "feature_layer" in options_of(method) and not (method == "ganspace" and self.generator.space == "w")

    @property
    def effect_codes(self) -> int:
        """Over how many of the codes effects are measured."""
        few = 32 if self.generator.resolution <= 128 else 8
        return self.choices.effect_codes or min(few, self.choices.codes)

    def traversal(self, directions: int) -> Traversal:
        """Plan the pictures of so many directions in all."""
        return Traversal(len(self.samples.z), directions, self.strengths)

    def settings(self) -> dict[str, Any]:
        """Say in what JSON can hold what was chosen, all defaults filled in."""
        told = {field.name: getattr(self.choices, field.name) for field in fields(self.choices)}
        start, end = self.ends
        told |= {"start": start, "end": end, "layers": list(self.layers), "label": self.label}
        told["psi"], told["cutoff"] = self.drawing.truncation(self.generator) or (None, None)
        told |= {"effect_codes": self.effect_codes, "attributes": [one.name for one in self.choices.attributes]}
        return {"methods": list(self.methods), **told, "seeds": told["seeds"] and list(told["seeds"])}

    def fingerprint(self) -> str:
        """Digest all that decides what is made, so that no other work is resumed by mistake."""
        sources = [one.trait.source for one in self.choices.attributes]
        sources += [one.version for one in self.choices.attributes if one.own]
        chosen = [FORMAT, self.settings(), sources, self.generator.fingerprint(), self.generator.noise, self.source]
        digest = hashlib.sha256(json.dumps(chosen, sort_keys=True).encode())
        digest.update(np.ascontiguousarray(self.samples.ws.numpy()).tobytes())
        return digest.hexdigest()
