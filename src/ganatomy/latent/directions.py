"""Several directions that a method found, strongest first, with its numbers; and their file.

`Directions` are K vectors of length 1 of one space, one generator and one set of layers. They are a value: the
arrays cannot be written to. They need not be orthogonal, though SeFa's are.

A file of them is a safetensors file, which holds everything, and a readable JSON of the same name beside it, which
holds all but the vectors and is not read back. Reading runs nothing, and equal directions give equal bytes.
What is not guaranteed: that a file came from whom it says; `check_fits` compares what it says with a generator.

Shape letters: `L` layers, `W` coordinates, `K` directions.
"""

import json
import operator
import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from html import escape
from typing import TYPE_CHECKING, Protocol, SupportsIndex, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save as serialize
from scipy.linalg import subspace_angles

from ganatomy.errors import InputError
from ganatomy.files import Count, Line, Meter, Place, Table, encodable, instead, parse_json, printable, utf8_path
from ganatomy.languages import Words
from ganatomy.latent.direction import Direction, checked_place, finite_array
from ganatomy.latent.layers import Layers, read_layers, written_layers

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from pandas import DataFrame

    from ganatomy.generators.base import Generator
    from ganatomy.latent.codes import Drawing

__all__ = ["Direction", "Directions", "LatentSpace"]

FORMAT = "directions-1"
_MOST_SHOWN = 30  # rows in a notebook


class _Format(Table):
    format: Line = "no directions"


class _Header(_Format):
    """What the header of a file must hold, whoever wrote it."""

    method: Line
    source: Line
    space: Line
    layers: tuple[Count, ...]
    fingerprint: Line
    names: tuple[Line, ...]
    labels: tuple[Line | None, ...]


class LatentSpace(Protocol):
    """What a generator or a checkpoint says about the codes it takes."""

    @property
    def space(self) -> str:
        """The space in which codes are edited, "z" or "w"."""
        ...

    @property
    def w_dim(self) -> int:
        """The number W of coordinates of a code for one layer."""
        ...

    @property
    def num_ws(self) -> int:
        """The number L of layers that take a code."""
        ...

    def fingerprint(self) -> str:
        """Return a text that two generators share only when their weights are the same."""
        ...


@dataclass(frozen=True, eq=False, repr=False)
class Directions:
    """K directions of length 1 that a method found, strongest first.

    `found[2]` is a `Direction`, `found[:3]` are `Directions`; iterate over them, or ask for `len`. Raises `InputError`
    where the parts contradict each other.

    Attributes:
        vectors: (K, W), rows of length 1.
        values: (K,), how strong each is by its method (for SeFa: eigenvalues).
        share: (K,), value / trace: the part of the whole that each is.
        space: "z" or "w".
        layers: the layers they act on, ascending.
        method: how they were found, such as "sefa" or "sefa-raw".
        fingerprint: of the generator's weights.
        labels: K meanings, None where there is none yet.
        source: what the generator is called.
        names: K names, by default the method and the index.

    >>> found = Directions(np.eye(3)[:2], [3.0, 1.0], [0.75, 0.25], "w", (0, 1), "sefa", "f")
    >>> len(found), found[1].name, [direction.name for direction in found[1:]]
    (2, 'sefa 1', ['sefa 1'])
    >>> found
    Directions(2 by sefa; w, layers 0:2)
    """

    vectors: NDArray[np.float64]
    values: NDArray[np.float64]
    share: NDArray[np.float64]
    space: str
    layers: tuple[int, ...]
    method: str
    fingerprint: str
    labels: tuple[str | None, ...] = ()
    source: str = ""
    names: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        vectors = finite_array(self.vectors, 2, "the vectors")
        count = len(vectors)
        parts = {
            "vectors": vectors,
            "values": finite_array(self.values, 1, "the values"),
            "share": finite_array(self.share, 1, "the shares"),
            "labels": tuple(self.labels) or (None,) * count,
            "names": tuple(self.names) or tuple(f"{self.method} {k}" for k in range(count)),
        }
        for name, part in parts.items():
            if len(part) != count:
                raise InputError(f"{count} directions with {len(part)} {name}; give one for each")
            object.__setattr__(self, name, part)
        if np.abs(np.linalg.norm(vectors, axis=1) - 1).max() > 1e-6:
            raise InputError("the vectors of directions have to be of length 1; divide each by its length")
        object.__setattr__(self, "layers", checked_place(self.space, self.layers))

    @classmethod
    def of(
        cls,
        generator: LatentSpace,
        vectors: ArrayLike,
        values: ArrayLike,
        share: ArrayLike,
        *,
        method: str,
        layers: Layers = None,
        source: str = "",
        labels: tuple[str | None, ...] = (),
        names: tuple[str, ...] = (),
    ) -> "Directions":
        """Make directions of vectors (K, E) that were found in a generator.

        Args:
            generator: a generator, or a checkpoint.
            vectors: of length 1, of the first E of the W coordinates; the others, which say the class, are 0.
            values: (K,).
            share: (K,).
            method: how they were found.
            layers: which to edit.
            source: what to call the generator; by default as it was loaded.
            labels: K.
            names: K.

        >>> from types import SimpleNamespace
        >>> generator = SimpleNamespace(space="z", w_dim=3, num_ws=1, fingerprint=lambda: "f", name="tiny")
        >>> found = Directions.of(generator, [[0.6, 0.8]], [1], [1], method="by hand")
        >>> found[0].name, found.vectors.tolist(), found.source
        ('by hand 0', [[0.6, 0.8, 0.0]], 'tiny')
        """
        found = finite_array(vectors, 2, "the vectors")
        return cls(
            np.pad(found, ((0, 0), (0, generator.w_dim - found.shape[1]))),
            finite_array(values, 1, "the values"),
            finite_array(share, 1, "the shares"),
            space=generator.space,
            layers=read_layers(layers, generator.num_ws),
            method=method,
            fingerprint=generator.fingerprint(),
            labels=labels,
            source=source or getattr(generator, "name", ""),
            names=names,
        )

    def __len__(self) -> int:
        return len(self.vectors)

    def __iter__(self) -> Iterator[Direction]:
        return (self[k] for k in range(len(self)))

    @overload
    def __getitem__(self, index: SupportsIndex) -> Direction: ...
    @overload
    def __getitem__(self, index: slice) -> "Directions": ...
    def __getitem__(self, index: SupportsIndex | slice) -> "Direction | Directions":
        if isinstance(index, slice):
            if not len(self.vectors[index]):
                raise InputError(f"no direction is left of {len(self)}; the indices are 0 to {len(self) - 1}")
            parts = ("vectors", "values", "share", "labels", "names")
            return replace(self, **{part: getattr(self, part)[index] for part in parts})
        k = operator.index(index)
        if not -len(self) <= k < len(self):
            raise InputError(f"there is no direction {k}: the indices are 0 to {len(self) - 1}")
        return Direction(self.vectors[k], self.layers, self.space, self.fingerprint, self.labels[k], self.names[k])

    def __repr__(self) -> str:
        source = f" in {self.source}" if self.source else ""
        named = sum(label is not None for label in self.labels)
        place = f"{self.space}, layers {written_layers(self.layers)}"
        return f"Directions({len(self)} by {self.method}{source}; {place}{f'; {named} labelled' if named else ''})"

    def _repr_html_(self) -> str:
        """Show them in a notebook: a table of names, labels, shares and values."""
        rows = []
        for k, (name, label, share, value) in enumerate(self._rows()[:_MOST_SHOWN]):
            cells = escape(name), escape(label or ""), f"{share:.1%}", f"{value:.4g}"
            rows.append(f"<tr><th>{k}</th>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>")
        more = len(self) - len(rows)
        rows += [f"<tr><td colspan='5'>... and {more} more</td></tr>"] if more > 0 else []
        heads = "".join(f"<th>{head}</th>" for head in ("", "name", "label", "share", "value"))
        return f"<table><caption>{escape(repr(self))}</caption><tr>{heads}</tr>{''.join(rows)}</table>"

    def to_frame(self) -> "DataFrame":
        """Return names, labels, shares and values as a DataFrame of pandas, a row a direction."""
        from pandas import DataFrame

        return DataFrame(self._rows(), columns=["name", "label", "share", "value"])

    def _rows(self) -> list[tuple[str, str | None, float, float]]:
        return list(zip(self.names, self.labels, self.share.tolist(), self.values.tolist(), strict=True))

    def plot(
        self,
        generator: "Generator",
        *,
        drawing: "Drawing | None" = None,
        strengths: ArrayLike | None = None,
        size: int = 128,
        language: str | None = None,
    ) -> "Figure":
        """Draw one code moved along each direction: a row a direction, a column a strength.

        Args:
            generator: in which they were found.
            drawing: how the code is drawn, the first one; by default of seed 0, as published.
            strengths: (S,), ascending; by default 5 over the generator's range.
            size: of a picture, at most, in pixels a side.
            language: of the titles, "en" or "zh"; None for the one that is `languages.chosen`.

        Raises:
            InputError: directions of another generator, or what cannot be drawn.
        """
        from ganatomy.figures.fonts import drawable
        from ganatomy.figures.pictures.traversals import direction_figure
        from ganatomy.latent.codes import AS_PUBLISHED
        from ganatomy.latent.pictures import painter

        self.check_fits(generator)
        words = Words(drawable(language))
        amounts = np.linspace(*generator.strength_range, 5) if strengths is None else strengths
        amounts = finite_array(amounts, 1, "strengths")
        one = (drawing or AS_PUBLISHED).suited(self.method).codes(generator)
        paint, repeated = painter(generator, size), one.ws[:1].repeat(len(amounts), 1, 1)
        pictures = np.stack([paint(direction.edit(repeated, amounts)) for direction in self])
        rows = [
            words("noted", text=words.titled(str(k), label or ""), note=words.percent(share))
            for k, (label, share) in enumerate(zip(self.labels, self.share.tolist(), strict=True))
        ]
        title, about = words.titled(self.source or generator.family, self.method), one.called(words.language)[0]
        return direction_figure(pictures, amounts, title=title, subtitle=about, rows=rows, language=words.language)

    def angles_to(self, other: "Directions") -> NDArray[np.float64]:
        """Compute the principal angles between the subspaces that two sets of directions span.

        The first is the smallest angle between any two vectors, one of each subspace; the next is the smallest
        among those orthogonal to both, and so on. All are 0 when one subspace lies in the other.

        The other generator may be another one: that is how two trainings of one network, or two methods, are
        compared. Coordinates of separately initialised networks have nothing to do with each other, though, and
        their angles are those of random subspaces.

        Returns:
            (min(K, K of the other),) in degrees from 0 to 90, ascending; fewer where directions are dependent. Small
            angles are accurate to about 1e-14 degrees, as they are not computed from cosines near 1.

        Raises:
            InputError: another space or width.

        References:
            Björck and Golub 1973, Numerical methods for computing angles between linear subspaces.
            Knyazev and Argentati 2002, Principal angles between subspaces in an A-based scalar product.

        >>> a = Directions(np.eye(3)[:2], [1, 1], [0.5, 0.5], "z", (0,), "sefa", "f")
        >>> b = Directions([[0.0, 1.0, 0.0], [0.6, 0.0, 0.8]], [1, 1], [0.5, 0.5], "z", (0,), "sefa", "f")
        >>> a.angles_to(b).round(4)
        array([ 0.    , 53.1301])
        """
        if (self.space, self._width) != (other.space, other._width):
            raise InputError(
                f"angles between directions of {self._width} coordinates in {self.space} and of {other._width} in "
                f"{other.space}: compare within one space"
            )
        return np.rad2deg(np.sort(subspace_angles(self.vectors.T, other.vectors.T)))

    @property
    def _width(self) -> int:
        return self.vectors.shape[1]

    def check_fits(self, generator: LatentSpace) -> None:
        """Check that the directions were found in this generator.

        Raises:
            InputError: another space, width, number of layers, or other weights.
        """
        here = f"{self.space}, {self._width} coordinates, layers up to {self.layers[-1]}"
        there = f"{generator.space}, {generator.w_dim} coordinates, layers up to {generator.num_ws - 1}"
        same_space = (self.space, self._width) == (generator.space, generator.w_dim)
        found_in = f" '{self.source}'" if self.source else " another generator"
        if not same_space or self.layers[-1] >= generator.num_ws:
            raise InputError(f"the directions are of{found_in} ({here}), and do not fit this one ({there})")
        if self.fingerprint != generator.fingerprint():
            raise InputError(
                f"the directions were found in{found_in} (weights {self.fingerprint[:8]}), not in this one (weights "
                f"{generator.fingerprint()[:8]}); find its own with sefa"
            )

    def save(self, path: str | os.PathLike) -> None:
        """Write `path`, a safetensors file, and beside it the same as JSON without the vectors.

        Raises:
            InputError: a name that ends neither in .safetensors nor in .json, or a file that cannot be written.
        """
        file = _tensor_file(path)
        card = {
            "format": FORMAT,
            "method": self.method,
            "source": encodable(self.source),
            "space": self.space,
            "layers": self.layers,
            "fingerprint": self.fingerprint,
        }
        arrays = {"vectors": self.vectors, "values": self.values, "share": self.share}
        # One key, since the order of several differs from file to file.
        header = {"ganatomy": json.dumps({**card, "names": self.names, "labels": self.labels})}
        with file.writing() as stream:
            stream.write(serialize(arrays, header))
        rows = zip(self.names, self.labels, self.values.tolist(), self.share.tolist(), strict=True)
        listing = [dict(zip(("name", "label", "value", "share"), row, strict=True)) for row in rows]
        text = json.dumps({**card, "vectors": file.path.name, "directions": listing}, indent=2, ensure_ascii=False)
        with file.with_suffix(".json").writing() as stream:
            stream.write(f"{encodable(text)}\n".encode())

    @classmethod
    def load(cls, path: str | os.PathLike) -> "Directions":
        """Read what `save` wrote, by either file's name. Nothing in the file is executed.

        Raises:
            InputError: no such file, or no directions of this version.
        """
        if other := instead(path, "directions"):
            raise other
        path = _tensor_file(path).path
        if not path.is_file():
            raise InputError(f"{path}: no such file; it holds the vectors, so the .json alone is not enough")
        Meter(path).draw("bytes", path.stat().st_size)
        try:
            with utf8_path(path) as utf8, safe_open(utf8, framework="np") as file:
                header = (file.metadata() or {}).get("ganatomy", "{}")
                present = set(file.keys()) & {"vectors", "values", "share"}
                arrays = {key: file.get_tensor(key) for key in present}
        except (OSError, SafetensorError, TypeError) as error:  # a TypeError for numbers that numpy has not
            raise InputError(f"{path}: not a safetensors file of directions: {printable(error)}") from None
        try:
            found = parse_json(header, "", _Format).format
        except InputError:
            raise InputError(f"{path}: damaged: its header is no JSON object") from None
        if found != FORMAT:
            raise InputError(f"{path}: holds {found!r}, this version reads {FORMAT}; ganatomy sefa writes such files")
        try:
            card = parse_json(header, "", _Header)
            for key in ("vectors", "values", "share"):
                if key not in arrays:
                    raise InputError(f"{key} are missing")
            return cls(**arrays, **card.model_dump(exclude={"format"}))
        except InputError as error:
            raise InputError(f"{path}: damaged directions: {str(error).strip(': ')}") from None


def _tensor_file(path: str | os.PathLike) -> Place:
    place = Place.of(path)
    if place.suffix not in (".safetensors", ".json"):
        raise InputError(f"{place}: directions are kept in a .safetensors file with a .json beside it; name either")
    return place.with_suffix(".safetensors")
