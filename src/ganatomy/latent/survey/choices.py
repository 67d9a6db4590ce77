"""All that decides a survey: what a person chose, checked, and what follows from it for one generator.

There are two kinds. `Choices` are those of a survey that compares methods and says what their directions mean;
`Film` those of one that shows what a method found, as a film and a page of sliders. They differ in defaults, in limits
and in what is drawn, not in what is done. What can be refused is refused here, before anything is computed.

Directions of all methods are measured on the same codes and shown on the same other ones, mapped and truncated alike. A
survey's codes are all of one class; those of a film are of all classes in turn, unless one is named, and are not
mapped where the method is raw SeFa. Codes that a method looks for directions in are of the survey's class too, but not
truncated, and the first of them may be on show.
What is not guaranteed: that a scorer of one's own is still the one that it was; its file is compared, not what it uses.

Shapes: `N` samples, `K` directions a method, `S` strengths, `M` codes, `L`, `W` as in `generators.base`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ganatomy.attributes import Attribute, choose
from ganatomy.errors import InputError, unknown
from ganatomy.files import file_name
from ganatomy.generators.base import Generator, Precision
from ganatomy.languages import Language, chosen
from ganatomy.latent.codes import Drawing, Samples
from ganatomy.latent.labels.rule import FEWEST_DRAWS, LEAST
from ganatomy.latent.layers import read_layers
from ganatomy.latent.methods.catalogue import METHODS, options_of
from ganatomy.latent.traversal import Traversal
from ganatomy.latent.traversal import strengths as spaced

FORMAT = 3
"""Of the folder: raised when unfinished work of an older version cannot go on."""

SMALL = 128
"""Pictures of so many pixels a side are made quickly, so that more of them are measured."""

MOST = 100
"""Directions of a method at most, and samples of a film: what one can look at, and what films and pictures can hold."""


@dataclass(frozen=True, kw_only=True)
class Choices:
    """How a generator is surveyed; every choice has a default.

    Attributes:
        k: directions of each method.
        layers: which layers to edit: indices, or such as "0:4" (end excluded); None for all.
        feature_layer: whose features ganspace (where z is the only space) and local_basis look at; by default the
            first, and the picture itself.
        attributes: by which directions are named, or their names, or one name; by default all that can be
            measured here, see `attributes.choose`. None at all (an empty tuple) for no labels.
        n_codes: M, over which directions are named.
        draws: random directions that labels are compared with.
        effect_codes: over how many of the codes effects are measured; by default 32, or 8 above 128 pixels.
        repetitions: how often each method is run again, for its stability; 0 for not at all.
        samples: N codes of `seed` on show.
        seeds: a code of each, in place of N of one.
        seed: of everything.
        start: least strength; by default the generator's (its card's or its family's).
        end: largest strength.
        steps: S.
        psi: how far codes are drawn towards the mean, 1 for not at all; by default as published, see `Drawing`.
        cutoff: layers from this one on are left out of it.
        class_name: the class of all codes; by default the first.
        size: pictures are shown at most this large, in pixels a side.
        precision: of the generator's arithmetic.
        language: of the page and the pictures' titles; see `languages.chosen`.
    """

    limits: ClassVar[Mapping[str, tuple[int, int]]] = {
        "k": (1, MOST),
        "samples": (1, 20),
        "steps": (2, 21),
        "repetitions": (0, 20),
        "n_codes": (LEAST, 10_000),
        "draws": (FEWEST_DRAWS, 1000),
    }
    fewest_effect_codes: ClassVar[int] = 1

    k: int = 10
    layers: Sequence[int] | str | None = None
    feature_layer: int | None = None
    attributes: Sequence[Attribute | str] | str | None = None
    n_codes: int = 200
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
    class_name: str | None = None
    size: int = 128
    precision: Precision = "float32"
    language: str | None = None
    by: tuple[Attribute, ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        for name, (least, most) in self.limits.items():
            value = getattr(self, name)
            if not _is_whole(value) or not least <= value <= most:
                raise InputError(f"{name} = {value!r}: give a whole number from {least} to {most}")
        if not _is_whole(self.seed) or not 0 <= self.seed < 2**32:
            raise InputError(f"seed {self.seed!r}: give a whole number from 0 to 2^32 - 1")
        most = self.limits["samples"][1]
        if _is_whole(self.seeds):
            raise InputError(f"seeds {self.seeds}: give a list of them, such as [{self.seeds}]")
        if self.seeds is not None and not 1 <= len(self.seeds) <= most:
            raise InputError(f"{len(self.seeds)} seeds: give 1 to {most}, as many as can be shown together")
        if not _is_whole(self.size) or not 64 <= self.size <= 1024:
            raise InputError(f"size {self.size!r}: pictures are shown 64 to 1024 pixels large")
        most = self.limits["n_codes"][1] if isinstance(self, Film) else self.n_codes
        few, count = self.fewest_effect_codes, self.effect_codes
        if count is not None and not (_is_whole(count) and few <= count <= most):
            raise InputError(f"effect_codes = {count!r}: give {few} to {most}, some of the codes")
        object.__setattr__(self, "language", chosen(self.language))
        object.__setattr__(self, "by", self._chosen_attributes())

    @property
    def tongue(self) -> Language:
        """The language that is meant."""
        return chosen(self.language)

    def _chosen_attributes(self) -> tuple[Attribute, ...]:
        if self.attributes is None:
            return choose()
        given = (self.attributes,) if isinstance(self.attributes, str) else self.attributes
        named = {one: choose([one])[0] for one in given if isinstance(one, str)}
        return tuple(named[one] if isinstance(one, str) else one for one in given)

    def measured(self, generator: Generator) -> tuple[int, int, int]:
        """Count the codes that are measured, those of them over which effects are, and what these are compared with.

        >>> from ganatomy.generators.networks.planted import Planted
        >>> Choices(attributes=()).measured(Planted()), Film().measured(Planted(resolution=256))
        ((200, 32, 8), (8, 8, 4))
        """
        few = 32 if generator.resolution <= SMALL else 8
        return self.n_codes, self.effect_codes or min(few, self.n_codes), 8


@dataclass(frozen=True, kw_only=True)
class Film(Choices):
    """How one method's directions are shown as a film: as a survey without labels, with other defaults.

    Attributes:
        columns: of the pictures direction_<k>.png, at most, spread over the strengths.
        effect_codes: as of `Choices`, and 0 for not at all.
    """

    limits: ClassVar[Mapping[str, tuple[int, int]]] = {
        "k": (1, MOST),
        "samples": (1, MOST),
        "steps": (2, 200),
        "repetitions": (0, 0),
        "n_codes": (1, 10_000),
    }
    fewest_effect_codes: ClassVar[int] = 0

    k: int = 5
    attributes: Sequence[Attribute | str] | str | None = ()
    repetitions: int = 0
    steps: int = 21
    size: int = 256
    columns: int = 11

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.by:
            raise InputError("a film shows what directions do, and names none; leave `attributes` out")
        if not 2 <= self.columns <= MOST:
            raise InputError(f"{self.columns} columns: give 2 to {MOST}")

    def measured(self, generator: Generator) -> tuple[int, int, int]:
        """Count the codes that are measured; see `Choices.measured`."""
        small = generator.resolution <= SMALL
        codes = self.effect_codes if self.effect_codes is not None else 32 if small else 8
        return codes, codes, 8 if small else 4


@dataclass(frozen=True, eq=False)
class Survey:
    """A generator and all that decides what is made of it.

    Attributes:
        generator: which.
        methods: by which directions are found, each once; of `latent.methods.catalogue.METHODS`.
        choices: all else.
        facts: what is known of the source; by default what the generator knows.

    Raises:
        InputError: an unknown method or one named twice, several in a film, layers or a class that there are not, more
            directions than there are coordinates, truncation where there is no mean code, a range that does not ascend,
            a feature layer that there is not or that no method looks at, noise that is new in each picture.
    """

    generator: Generator
    methods: tuple[str, ...]
    choices: Choices
    facts: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for method in self.methods:
            if method not in METHODS:
                raise unknown("method", method, METHODS)
        if not self.methods or len(set(self.methods)) < len(self.methods):
            raise InputError(f"methods {', '.join(self.methods) or 'none'}: name one or more, each once")
        if self.film is not None and len(self.methods) > 1:
            raise InputError(f"methods {', '.join(self.methods)}: a film is of one method; name one")
        k, width = self.choices.k, self.generator.edit_dim
        if k > width:
            raise InputError(f"K = {k}: give a whole number of directions, from 1 to the {width} coordinates to edit")
        if "boundary" in self.methods and not self.choices.by:
            raise InputError("the method boundary parts pictures by their attributes; leave it out, or measure some")
        if self.generator.noise == "random":
            raise InputError(
                "noise 'random' would make pictures flicker along a direction; choose `noise=stored` or none"
            )
        _ = self.layers, self.samples, self.strengths  # each refuses what cannot be
        if self.choices.feature_layer is not None:
            if not any(self.looks_at_features(method) for method in self.methods):
                raise InputError("no method here looks at features; leave `feature_layer` out")
            with torch.no_grad():
                self.generator.features(self.samples.ws[:1].to(self.generator.device), self.choices.feature_layer)

    @property
    def film(self) -> Film | None:
        """The choices of a film; None of another survey."""
        return self.choices if isinstance(self.choices, Film) else None

    @property
    def known(self) -> Mapping[str, Any]:
        """What is known of the source."""
        return self.facts or self.generator.facts

    @property
    def source(self) -> str:
        """What the generator is called."""
        return str(self.known.get("name") or self.generator.name or self.generator.family)

    @cached_property
    def layers(self) -> tuple[int, ...]:
        """The layers that are edited."""
        return read_layers(self.choices.layers, self.generator.num_ws)

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
        of_class = {"class_name": chosen.class_name, "psi": chosen.psi, "cutoff": chosen.cutoff}
        drawing = Drawing(n=chosen.samples, seed=chosen.seed, seeds=chosen.seeds, **of_class)
        return drawing.of_one_class(self.generator) if self.film is None else drawing.suited(self.methods[0])

    @cached_property
    def samples(self) -> Samples:
        """The codes on show."""
        return self.drawing.codes(self.generator)

    @cached_property
    def measured(self) -> Tensor:
        """The codes (M, L, W) that are measured: other ones, as a number should not be of the pictures on show."""
        count, *_ = self.choices.measured(self.generator)
        return self.drawing.measured(count).codes(self.generator).ws if count else self.samples.ws[:0]

    def code(self, seed: int) -> Tensor:
        """Draw one code (1, L, W) of a seed."""
        return replace(self.drawing, n=1, seed=seed % 2**32, seeds=None).codes(self.generator).ws

    def looks_at_features(self, method: str) -> bool:
        """Tell whether a method looks at the features of a layer that can be chosen."""
        return "feature_layer" in options_of(method) and not (method == "ganspace" and self.generator.space == "w")

    @property
    def effect_codes(self) -> int:
        """Over how many of the codes effects are measured."""
        return self.choices.measured(self.generator)[1]

    @property
    def effect_draws(self) -> int:
        """How many random directions effects are compared with."""
        return self.choices.measured(self.generator)[2]

    def traversal(self, directions: int) -> Traversal:
        """Plan the pictures of so many directions in all."""
        return Traversal(len(self.samples.ws), directions, self.strengths)

    @property
    def default_out(self) -> Path:
        """The folder for it where none is given, such as surveys/faces_sefa+random_K10_seed0."""
        told, count = self.choices, f"K{self.choices.k}"
        which = seeds_in_name(told.seed, told.seeds)
        if self.film is not None:
            raw = [method.removeprefix("sefa-") for method in self.methods if method != "sefa"]
            parts = (self.source, f"N{len(self.samples.ws)}", count, which, told.class_name or "", *raw)
            return Path("edits") / file_name(*parts)
        layers = "" if told.layers in (None, "all") else f"layers{_written(told.layers)}"
        features = "" if told.feature_layer is None else f"features{told.feature_layer}"
        parts = ("+".join(self.methods), count, which, told.class_name or "", layers, features)
        return Path("surveys") / file_name(self.source, *parts)

    def settings(self) -> dict[str, Any]:
        """Say in what JSON can hold what was chosen, all defaults filled in."""
        told = {each.name: getattr(self.choices, each.name) for each in fields(self.choices) if each.name != "by"}
        start, end = self.ends
        told |= {"start": start, "end": end, "layers": list(self.layers), "class": self.drawing.class_name}
        told["psi"], told["cutoff"] = self.drawing.truncation(self.generator) or (None, None)
        told |= {"effect_codes": self.effect_codes, "attributes": [one.name for one in self.choices.by]}
        told["codes"] = told.pop("n_codes")
        del told["class_name"]
        return {"methods": list(self.methods), **told, "seeds": told["seeds"] and list(told["seeds"])}

    def fingerprint(self) -> str:
        """Digest all that decides what is made, so that no other work is resumed by mistake; it begins with FORMAT."""
        sources = [one.trait.source for one in self.choices.by]
        sources += [one.version for one in self.choices.by if one.own]
        chosen = [self.settings(), sources, self.generator.fingerprint(), self.generator.noise, self.source]
        digest = hashlib.sha256(json.dumps(chosen, sort_keys=True).encode())
        digest.update(np.ascontiguousarray(self.samples.ws.numpy()).tobytes())
        return f"{FORMAT}:{digest.hexdigest()}"


def seeds_in_name(seed: int, seeds: Sequence[int] | None) -> str:
    """Say in a folder's name which seeds it is of.

    >>> seeds_in_name(0, None), seeds_in_name(0, [3, 7, 10, 11, 12])
    ('seed0', 'seeds3+7+10-12')
    """
    if seeds is None:
        return f"seed{seed}"
    runs: list[list[int]] = []
    for each in seeds:
        if runs and each == runs[-1][-1] + 1:
            runs[-1].append(each)
        else:
            runs.append([each])
    return "seeds" + "+".join(str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in runs)


def _is_whole(value: Any) -> bool:
    return isinstance(value, int | np.integer) and not isinstance(value, bool)


def _written(layers: Sequence[int] | str | None) -> str:
    return layers if isinstance(layers, str) else ",".join(map(str, layers or ()))
