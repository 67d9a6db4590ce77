"""Edit by a label, keeping other attributes: find its direction, project the kept ones out, measure what changed.

Directions of one method are often orthogonal (SeFa's are), so taking one out of another does nothing: what is kept
needs a vector of its own, and that is its slope over random codes (see `latent.labels.slopes`). Along a direction at
right angles to it, a score that is linear in the code does not change. Where only some of the layers are edited, the
slope is that in the code of these: the other layers take codes of another draw, or it would be the slope of moving all.

How well that does is measured twice: `fit`, the share of the score's variance that its slope explains in codes left
out, and the changes of all attributes with and without keeping, on codes that the slopes were not fitted to.
What is not guaranteed: that what is not linear is kept; that enough is left. What is kept takes away from the label
what both share, so at one strength the edit without it is weaker.

References:
    Y. Shen, J. Gu, X. Tang, B. Zhou (2020), Interpreting the Latent Space of GANs for Semantic Face Editing, CVPR.

Shape letters: `N` fitted codes, `M` measured codes, `E` editable coordinates, `A` attributes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from ganatomy.attributes import Attribute, choose
from ganatomy.attributes.trait import Trait
from ganatomy.errors import InputError, unknown
from ganatomy.generators.base import Generator, Precision
from ganatomy.latent.codes import AS_PUBLISHED, Drawing
from ganatomy.latent.direction import Direction
from ganatomy.latent.directions import Directions
from ganatomy.latent.labels.card import SAME, Naming, shipped_labels
from ganatomy.latent.labels.conditional import project
from ganatomy.latent.labels.measure import SIZE, in_batches, scorer
from ganatomy.latent.labels.rule import LEAST
from ganatomy.latent.labels.slopes import fit_slope
from ganatomy.progress import Silent, shown

if TYPE_CHECKING:
    from pandas import DataFrame

LEAST_LEFT = 0.2
"""Of the label's direction, what keeping must leave (as a cosine) for the rest to still be that direction."""
RESAMPLES = 1000


@dataclass(frozen=True)
class Change:
    """The mean change of one attribute, in its sd over unedited pictures, with 95 % intervals over codes.

    Attributes:
        attribute: its name.
        title: what to call it, by language.
        kept: whether it was to be kept.
        before: along the label's direction.
        after: with the kept ones projected out; each of the two (mean, low, high), or None without enough scores.
        n_codes: with a score before and after either edit.
    """

    attribute: str
    title: dict[str, str]
    kept: bool
    before: tuple[float, float, float] | None
    after: tuple[float, float, float] | None
    n_codes: int

    def to_dict(self) -> dict[str, Any]:
        """Turn it into what JSON can hold."""
        return {"codes" if key == "n_codes" else key: value for key, value in asdict(self).items()}


def change_text(change: tuple[float, float, float] | None) -> str:
    """Write a change with its interval.

    >>> change_text((1.9, 1.8, 2.0)), change_text(None)
    ('+1.90 (+1.80 to +2.00)', '-')
    """
    return "-" if change is None else "{:+.2f} ({:+.2f} to {:+.2f})".format(*change)


@dataclass(frozen=True, repr=False)
class KeptEdit:
    """An edit by a label, and what it does.

    Attributes:
        label: as it was asked for.
        attribute: the attribute that it names.
        strength: how far, towards more of the attribute if positive.
        plain: the direction of the label, turned towards more.
        direction: the same with the kept ones projected out; of length 1.
        cosine: of the angle between the two.
        kept: names of the kept attributes.
        fits: how well each of them is known, see `Slope.fit`.
        changes: one an attribute.
        method: by which the direction was found.
    """

    label: str
    attribute: str
    strength: float
    plain: Direction
    direction: Direction
    cosine: float
    kept: tuple[str, ...]
    fits: dict[str, float]
    changes: tuple[Change, ...]
    method: str

    def __repr__(self) -> str:
        kept = f", keeping {', '.join(self.kept)}" if self.kept else ""
        return f"KeptEdit({self.label}{kept}: {self.direction.name} by {self.strength:+g})"

    def _repr_html_(self) -> str:
        """Show it in a notebook: a table of what changes."""
        heads = ("without keeping", f"keeping {', '.join(self.kept)}") if self.kept else ("change",)
        rows = [(c.title["en"], *map(change_text, (c.before, c.after)[not self.kept :])) for c in self.changes]
        head = "".join(f"<th>{escape(text)}</th>" for text in ("attribute", *heads))
        body = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in rows)
        return f"<table><caption>{escape(repr(self))}</caption><tr>{head}</tr>{body}</table>"

    def to_frame(self) -> DataFrame:
        """Return the changes as a DataFrame of pandas, a row an attribute, in sd with 95 % intervals."""
        from pandas import DataFrame

        nothing = (None, None, None)
        rows = [(c.attribute, c.kept, *(c.before or nothing), *(c.after or nothing), c.n_codes) for c in self.changes]
        spans = [f"{when}{end}" for when in ("before", "after") for end in ("", "_low", "_high")]
        return DataFrame(rows, columns=["attribute", "kept", *spans, "n_codes"])

    def to_dict(self) -> dict[str, Any]:
        """Turn it into what JSON can hold, without the vectors."""
        parts = ("label", "attribute", "strength", "cosine", "fits")
        return {
            **{part: getattr(self, part) for part in parts},
            "direction": self.direction.name,
            "layers": list(self.direction.layers),
            "kept": list(self.kept),
            "changes": [change.to_dict() for change in self.changes],
        }


def edit_by_label(
    generator: Generator,
    label: str,
    strength: float = 2.0,
    keep: Sequence[str] = (),
    *,
    labels: Naming | None = None,
    directions: Directions | None = None,
    attributes: Sequence[Attribute] | None = None,
    n_fitted: int = 1000,
    n_codes: int = 100,
    drawing: Drawing = AS_PUBLISHED,
    size: int = SIZE,
    precision: Precision = "float32",
    progress: Silent | bool | None = None,
) -> KeptEdit:
    """Find the direction of a label, project out what is to be kept, and measure what changes.

    About N (if anything is kept) + 3 M pictures are made and scored.

    Args:
        generator: in which the label's direction was found.
        label: such as "smile"; see `Naming.find`.
        strength: how far, in units of the code: positive towards more of what the label names.
        keep: names or groups of attributes.
        labels: what directions mean; by default the labels that come with this package (`shipped_labels`).
        directions: among which the label is looked for; by default those of the labels.
        attributes: what is measured; those kept must be among them. By default all that can be; those of faces must be
            installed only if some are to be kept.
        n_fitted: N, over which slopes of the kept attributes are fitted.
        n_codes: M, over which the changes are measured.
        drawing: how codes are drawn that are on show: N and M are others, drawn alike (`Drawing.measured`), the N
            truncated in all layers if at all. Its seed is that of the bootstrap too.
        size: pictures are scored at most this large, in pixels a side.
        precision: of the generator's arithmetic.
        progress: is told of each batch of pictures; see `ganatomy.progress.shown`.

    Returns:
        The direction to edit with, and the changes.

    Raises:
        InputError: no labels; a label that no direction has (the known ones are listed), an attribute that was not
            measured, one to keep that is the label's own or varies in no way with the code, or nothing is left.

    >>> from ganatomy.attributes import choose
    >>> from ganatomy.generators.networks.planted import Planted
    >>> from ganatomy.latent.methods.sefa import sefa
    >>> from ganatomy.latent.labels.measure import name_directions
    >>> G, attributes = Planted(resolution=16).eval(), choose(["brightness", "warmth"])
    >>> labels = name_directions(G, sefa(G, 3), attributes, n_codes=20, draws=16)
    >>> edit = edit_by_label(G, "warmth", keep=["brightness"], labels=labels, attributes=attributes, n_fitted=200)
    >>> [(change.attribute, round(change.after[0], 1)) for change in edit.changes]
    [('brightness', 0.1), ('warmth', 1.9)]
    """
    naming = _known(generator) if labels is None else labels
    directions = naming.directions if directions is None else directions
    directions.check_fits(generator)
    plain, wanted = _direction_of(directions, naming, label)
    attributes = _attributes_for(keep) if attributes is None else attributes
    traits = [attribute.trait for attribute in attributes]
    kept = _kept_names(traits, keep, wanted)
    progress = shown(progress, "picture", rate=True)
    score = scorer(generator, attributes, size, precision)
    edit_dim, counted = generator.edit_dim, 0

    def counting(some: Any) -> NDArray[np.float64]:
        nonlocal counted
        scores, counted = score(some), counted + len(some)
        progress.update(counted)
        return scores

    fits: dict[str, float] = {}
    direction, edits = plain, 1 + bool(kept)
    with progress.showing(n_codes * (1 + edits) + n_fitted * bool(kept)):
        if kept:
            ws = _fitted_codes(generator, directions, drawing.measured(n_fitted))
            scores = in_batches(counting, ws, generator.resolution)
            x = ws[:, plain.layers[0], :edit_dim].double().cpu().numpy()
            vectors = []
            for a, trait in enumerate(traits):
                if trait.name in kept:
                    slope = fit_slope(x, scores[:, a], trait.name)
                    fits[trait.name] = slope.fit
                    vector = np.pad(slope.vector, (0, generator.w_dim - edit_dim))
                    vectors.append(replace(plain, vector=vector, label=None, name=trait.name))
            direction = project(plain, vectors)
        cosine = float(direction.vector @ plain.vector)
        if cosine < LEAST_LEFT:
            raise InputError(
                f"keeping {', '.join(kept)} leaves {cosine:.2f} of '{label}', too little to be called so; keep fewer"
            )
        ws = drawing.measured(n_codes).suited(directions.method).codes(generator).ws
        base = in_batches(counting, ws, generator.resolution)
        ends = [
            in_batches(counting, each.edit(ws, strength), generator.resolution) for each in (plain, direction)[:edits]
        ]
    changes = _changes(traits, base, ends[0], ends[-1], kept, drawing.seed)
    return KeptEdit(label, wanted, strength, plain, direction, cosine, kept, fits, changes, naming.method)


def _known(generator: Generator) -> Naming:
    """Return the labels that come with the package."""
    known = shipped_labels(generator)
    if known is None:
        name = generator.name or generator.family
        raise InputError(
            f"nobody has measured what the directions of '{name}' mean: run 'ganatomy directions {name}', "
            f"then give `labels`, those that it writes into labels-sefa.json"
        )
    return known


def _attributes_for(keep: Sequence[str]) -> tuple[Attribute, ...]:
    """Choose what is measured: all that can be, and for what is to be kept those of faces too."""
    plain = choose(faces=False)
    words = {word.casefold() for one in plain for word in (one.name, one.trait.group, *one.trait.title.values())}
    return choose(faces=True if {word.strip().casefold() for word in keep} - words else "auto")


def _fitted_codes(generator: Generator, directions: Directions, drawing: Drawing) -> Tensor:
    """Draw the codes (N, L, W) that slopes are fitted to, the same code in all edited layers."""
    truncation = drawing.truncation(generator)
    drawing = replace(drawing.suited(directions.method), psi=truncation and truncation[0], cutoff=None)
    ws = drawing.later(1).codes(generator).ws
    if len(directions.layers) == generator.num_ws:
        return ws
    edited, mixed = list(directions.layers), drawing.later(2).codes(generator).ws
    mixed[:, edited] = ws[:, edited]
    return mixed


def _direction_of(directions: Directions, naming: Naming, label: str) -> tuple[Direction, str]:
    """Return the direction of a label among these, turned towards more, and the trait that the label names."""
    index, trait, sign = naming.find(label)
    vector = naming.vectors[index]
    for direction in directions:
        if naming.of(direction) is None:
            continue
        cosine = float(direction.vector @ vector)
        if abs(cosine) >= SAME:
            return (direction if sign * cosine > 0 else replace(-direction, name=direction.name)), trait
    name = naming[index].name
    raise InputError(
        f"'{label}' is {name}, which is not among the {len(directions)} directions given; keep more of them"
    )


def _kept_names(traits: Sequence[Trait], keep: Sequence[str], wanted: str) -> tuple[str, ...]:
    """Resolve names, titles and groups of attributes to names."""
    names: dict[str, None] = {}
    own = next((trait for trait in traits if trait.name == wanted), None)
    for word in keep:
        said = word.strip().casefold()
        some = [trait for trait in traits if said in {trait.name, trait.title["en"].casefold(), trait.title["zh"]}]
        some = some or [trait for trait in traits if said == trait.group.casefold()]
        if not some:
            raise unknown("attribute to keep", word, [trait.name for trait in traits])
        if own in some:
            raise InputError(f"'{word}' is what the label '{wanted}' changes, so it cannot be kept")
        names.update(dict.fromkeys(trait.name for trait in some))
    return tuple(names)


def _changes(
    traits: Sequence[Trait], base: NDArray, plain: NDArray, after: NDArray, kept: Sequence[str], seed: int
) -> tuple[Change, ...]:
    drawn = np.random.default_rng(seed).integers(0, len(base), (RESAMPLES, len(base)))

    def spread(moves: NDArray) -> tuple[float, float, float]:
        known = np.isfinite(moves)
        sums, counts = np.where(known, moves, 0)[drawn].sum(axis=1), known[drawn].sum(axis=1)
        low, high = np.quantile(sums / np.maximum(counts, 1), [0.025, 0.975])
        return round(float(moves[known].mean()), 6), round(float(low), 6), round(float(high), 6)

    changes = []
    for a, trait in enumerate(traits):
        scored = np.isfinite(base[:, a])
        known = scored & np.isfinite(plain[:, a]) & np.isfinite(after[:, a])
        sd = float(np.std(base[scored, a], ddof=1)) if scored.sum() >= LEAST else 0.0
        moves = [None, None]
        if known.sum() >= LEAST and sd > 0:
            moves = [spread(np.where(known, (end[:, a] - base[:, a]) / sd, np.nan)) for end in (plain, after)]
        changes.append(Change(trait.name, dict(trait.title), trait.name in kept, *moves, n_codes=int(known.sum())))
    return tuple(changes)
