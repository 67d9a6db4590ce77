"""SeFa on a fitted GAN: what the closed form promises, beside the exact answer, which is known here.

SeFa takes the directions n_k that move the *first layer's* output most, from its weights alone, one set for all codes
(`ganatomy.latent.methods.sefa`). What moves the *point* most is a matter of the whole generator and differs from code
to code (`ganatomy.latent.planar.local`: singular vectors of the Jacobian). For a generator of points both are at hand,
so that one can see how far the first stands for the second: it does exactly if the generator is linear.

What is written, into `runs/NAME/directions/`:

    flows.png                the flows of n_k and of the local v_k on the plane, and the angles between both
    directions.safetensors   SeFa's directions (`Directions.load`), with directions.json to read
    summary.json             angles and speeds by their quartiles, with the floor (chance) and the ceiling (exact)

Shapes: `N` codes, `Z` latent dimensions of which `E` can move, `D` data dimensions, `K` directions, `M` = min(K, D) of
them with a local counterpart, `P` paths, `S` points a path.
"""

from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from ganatomy.errors import InputError
from ganatomy.execution import versions
from ganatomy.figures.fonts import drawable
from ganatomy.figures.points.flows import Flow, FlowRow, flows, spread
from ganatomy.figures.points.view import View
from ganatomy.figures.saving import save_figure
from ganatomy.files import Folder, make_folder, strict_json
from ganatomy.fitting.run.folder import RunFolder
from ganatomy.fitting.run.pictures import heading
from ganatomy.fitting.training.model import FittedGAN, ForeignNetworks
from ganatomy.languages import Words, chosen
from ganatomy.latent.directions import Directions
from ganatomy.latent.methods.sefa import sefa
from ganatomy.latent.planar.local import (
    NEEDED,
    Comparison,
    PointMap,
    against_local,
    best_fixed,
    fixed_path,
    local_path,
    random_frames,
)

if TYPE_CHECKING:
    from pandas import DataFrame

CODES = 1000
"""Codes over which angles and speeds are measured."""

REACH = 0.5
"""How far a path of the picture goes each way in latent space, in standard deviations of a coordinate."""

_DRAWS = 10  # of random directions a code: the floor is then known to half a degree
_PATHS, _STEPS = 50, 20  # more paths are a thicket; steps are each way
_ROWS = 4  # of the picture


@dataclass(frozen=True)
class Quartiles:
    """The three numbers that cut a sample into quarters."""

    lower: float
    median: float
    upper: float

    @classmethod
    def of(cls, values: NDArray[np.float64]) -> "Quartiles":
        """Take the quartiles of those values (N,) that are numbers.

        >>> Quartiles.of(np.array([0.0, 1.0, 2.0, 3.0, 4.0, np.nan]))
        Quartiles(lower=1.0, median=2.0, upper=3.0)
        """
        values = values[np.isfinite(values)]
        return cls(*map(float, np.quantile(values, [0.25, 0.5, 0.75]))) if len(values) else cls(*[float("nan")] * 3)


@dataclass(frozen=True)
class Against:
    """One direction against the local one of its rank, over codes.

    Attributes:
        speed: how fast the point moves, over the largest speed that any direction attains at that code.
        angle: between the two in latent space, 0 to 90 degrees; None where there is no local direction of this rank.
        velocity_angle: the same between the two velocities of the point.
    """

    speed: Quartiles
    angle: Quartiles | None
    velocity_angle: Quartiles | None


def _against(compared: Comparison) -> tuple[Against, ...]:
    """Take the quartiles of a comparison, direction by direction."""
    angles = [
        (Quartiles.of(a), Quartiles.of(b)) for a, b in zip(compared.angle.T, compared.velocity_angle.T, strict=True)
    ]
    angles += [(None, None)] * (compared.speed.shape[1] - len(angles))
    return tuple(Against(Quartiles.of(speed), *pair) for speed, pair in zip(compared.speed.T, angles, strict=True))


@dataclass(frozen=True, eq=False, repr=False)
class PlanarResult:
    """What SeFa found in a fitted generator, and how it compares.

    Attributes:
        directions: SeFa's, K of them.
        n_codes: over how many codes N it was compared.
        unmoved: how many of them no direction moves; they do not count.
        dims: E, the latent dimensions that can move, and D.
        sefa: against the local directions, K.
        best_fixed: the same for the fixed directions of the largest mean square speed.
        chance: the same for directions drawn anew for each code: the floor.
        exact: the speeds of the M local directions themselves: the ceiling.
        spans: the M principal angles between the span of SeFa's and that of the local directions, smallest first; None
            where M = E, for then both span everything.
        angles: between SeFa's directions and the local ones in latent space, at each code, in degrees (N, M).
        files: what was written.
    """

    directions: Directions
    n_codes: int
    unmoved: int
    dims: tuple[int, int]
    sefa: tuple[Against, ...]
    best_fixed: tuple[Against, ...]
    chance: tuple[Against, ...]
    exact: tuple[Quartiles, ...]
    spans: tuple[Quartiles, ...] | None
    angles: NDArray[np.float64]
    files: tuple[Path, ...] = ()

    def __repr__(self) -> str:
        found, speeds = self.directions, (self.sefa[0].speed.median, self.chance[0].speed.median)
        told = "the first moves points at {:.0%} of the largest speed, by chance {:.0%}".format(*speeds)
        return f"PlanarResult({len(found)} by {found.method}{f' in {found.source}' if found.source else ''}; {told})"

    def to_frame(self) -> "DataFrame":
        """Return medians over codes as a DataFrame, a row a direction: angles in degrees, speeds as shares."""
        from pandas import DataFrame

        columns = {"": self.sefa, "_best_fixed": self.best_fixed, "_chance": self.chance}
        rows: dict[str, Any] = {"name": self.directions.names, "share": self.directions.share}
        for suffix, all_against in columns.items():
            rows[f"angle{suffix}"] = [against.angle and against.angle.median for against in all_against]
            rows[f"speed{suffix}"] = [against.speed.median for against in all_against]
        return DataFrame(rows)

    def summary(self) -> dict[str, Any]:
        """Say all but the vectors in plain data."""
        found = self.directions
        strengths = zip(found.names, found.values.tolist(), found.share.tolist(), self.sefa, strict=True)
        return {
            "method": found.method,
            "source": found.source,
            "fingerprint": found.fingerprint,
            "codes": self.n_codes,
            "unmoved": self.unmoved,
            "latent_dimensions": self.dims[0],
            "data_dimensions": self.dims[1],
            "sefa": [{"name": n, "eigenvalue": v, "share": s, **asdict(against)} for n, v, s, against in strengths],
            "best_fixed": [asdict(against) for against in self.best_fixed],
            "chance": [asdict(against) for against in self.chance],
            "exact_speed": [asdict(speed) for speed in self.exact],
            "span_angles": None if self.spans is None else [asdict(angle) for angle in self.spans],
            "versions": versions(),
        }


def sefa_beside_local(
    model: FittedGAN, *, k: int = 2, normalize: bool = True, seed: int = 0, source: str = ""
) -> PlanarResult:
    """Find SeFa's directions in a fitted model's generator, and compare them with the exact local ones.

    Args:
        model: fitted to points of any dimension D.
        k: how many directions K, 1 to E.
        normalize: whether to scale each row of the first layer's weight to unit length first.
        seed: of the codes.
        source: what to call the model in the directions' file.

    Raises:
        InputError: k or seed out of range; a generator that gives no numbers, or one point for all codes.

    >>> from ganatomy.fitting.run.fit import fit
    >>> model = fit(np.random.default_rng(0).normal(size=(512, 2)) * [3, 1], recipe="recommended", epochs=30)
    >>> found = sefa_beside_local(model)  # the points are three times as wide as high, and SeFa finds the width
    >>> round(found.sefa[0].speed.median, 1), round(found.chance[0].speed.median, 1)
    (1.0, 0.3)
    """
    if not isinstance(seed, int | np.integer) or not 0 <= seed < 2**63:
        raise InputError(f"seed = {seed!r}: give a whole number from 0 to 2^63 - 1")
    G = PointMap(model)
    directions = sefa(G, k, normalize=normalize, source=source)
    codes = G.draw(CODES, int(seed))
    jacobians = G.jacobian(codes)
    if not (np.isfinite(G.points(codes)).all() and np.isfinite(jacobians).all()):
        raise InputError(
            "the generator makes points that are no finite numbers; its training diverged, or it is damaged"
        )
    if not jacobians.any():
        raise InputError("the generator makes the same point of every code, so no direction moves it; train it longer")
    frames = random_frames(_DRAWS * CODES, k, (G.edit_dim, G.w_dim), int(seed))
    compared = against_local(jacobians, directions.vectors)
    moved = np.isfinite(compared.speed[:, 0])
    speeds = np.linalg.svd(jacobians[moved], compute_uv=False)[:, : compared.angle.shape[1]]
    whole = compared.angle.shape[1] == G.edit_dim
    return PlanarResult(
        directions=directions,
        n_codes=CODES,
        unmoved=int((~moved).sum()),
        dims=(G.edit_dim, model.dim),
        sefa=_against(compared),
        best_fixed=_against(against_local(jacobians, best_fixed(jacobians, k))),
        chance=_against(against_local(np.tile(jacobians, (_DRAWS, 1, 1)), frames)),
        exact=tuple(map(Quartiles.of, (speeds / speeds[:, :1]).T)),
        spans=None if whole else tuple(map(Quartiles.of, compared.spans.T)),
        angles=compared.angle,
    )


def sefa_of_run(
    path: str | Path,
    *,
    k: int = 2,
    normalize: bool = True,
    seed: int = 0,
    out: str | Path | None = None,
    language: str | None = None,
) -> PlanarResult:
    """Find SeFa's directions in a finished run's generator beside the exact local ones, and write and draw both.

    Args:
        path: the run's folder, which stays as it is but for its folder `directions`.
        k: how many directions K, 1 to E.
        normalize: as in `sefa_beside_local`.
        seed: of the codes.
        out: a folder to write to instead, made if it is missing.
        language: of the picture's words, "en" or "zh"; None for the one that is `languages.chosen`.

    Returns:
        What `sefa_beside_local` gives, with `files` set.

    Raises:
        InputError: as `sefa_beside_local`; no finished run there, or one of own networks; damaged files, a folder that
            cannot be written.
    """
    chosen(language)  # which refuses an unknown one
    run = RunFolder(path)
    trained = run.read_summary()
    try:
        model = FittedGAN.load(run.path / "generator.safetensors")
    except ForeignNetworks:
        raise InputError(f"{run.path}: its networks are somebody's own code; {NEEDED}") from None
    (heldout,) = run.read_arrays(["heldout"])
    if heldout.ndim != 2 or heldout.shape[1] != model.dim:
        raise InputError(f"{run.path}: samples.npz and generator.safetensors are of different runs; make the run again")
    try:
        result = sefa_beside_local(model, k=k, normalize=normalize, seed=seed, source=run.path.resolve().name)
    except InputError as error:
        raise InputError(f"{run.path}: {error}") from None
    note = heading(model.recipe, trained["seed"], language)
    picture = draw_flows(model, result, heldout, seed=seed, title=note, language=language)
    home = Folder(out) if out is not None else Folder(run.make("directions"))
    folder = home.path
    if (folder / "summary.json").exists() and not (folder / "flows.png").exists():
        raise InputError(f"{folder} holds other results; choose another `out`")
    make_folder(folder)
    names = ("flows.png", "directions.safetensors", "directions.json", "summary.json")
    save_figure(picture, home.at(names[0]))
    result.directions.save(home.at(names[1]))
    with home.writing(names[3]) as file:
        file.write(f"{strict_json({'seed': seed, **result.summary()})}\n".encode(errors="replace"))
    return replace(result, files=tuple(folder / name for name in names))


def draw_flows(
    model: FittedGAN,
    result: PlanarResult,
    heldout: np.ndarray,
    *,
    seed: int,
    title: str,
    language: str | None = None,
) -> Figure:
    """Draw the flow of each of SeFa's first directions beside the local one, through points spread over the plane.

    Args:
        model: the fitted one.
        result: of `sefa_beside_local`.
        heldout: real points (M, D), which also decide the view.
        seed: of the codes that paths start from.
        title: of the model; what is shown is said behind it.
        language: "en" or "zh"; None for the one that is `languages.chosen`.

    >>> from ganatomy.fitting.run.fit import fit
    >>> points = np.random.default_rng(0).normal(size=(512, 2))
    >>> model = fit(points, recipe="recommended", epochs=1)
    >>> len(draw_flows(model, sefa_beside_local(model), points, seed=0, title="untrained").axes)
    6
    """
    G, view, words = PointMap(model), View.fit(heldout), Words(drawable(language), "planar")
    percent = words.percent
    codes = G.draw(CODES, seed)
    starts = codes[spread(view, G.points(codes), _PATHS)]
    latent = model.recipe.latent
    reach = REACH / (np.sqrt(3) if latent.distribution == "uniform" else 1)
    rows = []
    for k in range(min(result.angles.shape[1], _ROWS)):
        if np.isnan(result.angles[:, k]).all():  # all points move along one curve
            break
        n = result.directions.vectors[k]

        def flow(paths: np.ndarray, text: str, k: int = k) -> Flow:
            flat = paths.reshape(-1, G.w_dim)
            angles = against_local(G.jacobian(flat), result.directions.vectors).angle[:, k]
            return Flow(G.points(paths), angles.reshape(paths.shape[:2]), text)

        ours, chance, exact = result.sefa[k], result.chance[k], result.exact[k]
        assert ours.angle is not None, "as k is less than M"
        assert chance.angle is not None
        share, speeds = result.directions.share[k], (ours.speed.median, chance.speed.median)
        fixed = words("fixed", k=k, share=percent(share), speed=percent(speeds[0]), chance=percent(speeds[1]))
        local = words("local" if k else "local_first", k=k, speed=percent(exact.median))
        degrees = {"ours": ours.angle.median, "chance": chance.angle.median}
        degrees |= {"low": ours.angle.lower, "high": ours.angle.upper}
        angle = words("angles", **{name: f"{value:.0f}" for name, value in degrees.items()})
        if k == 1 and G.edit_dim == 2:
            angle = words("angles_same")
        rows.append(
            FlowRow(
                flow(fixed_path(starts, n, reach, _STEPS), fixed),
                flow(local_path(G.jacobian, starts, k, n, reach, _STEPS), local),
                result.angles[:, k],
                angle,
            )
        )
    title = words.titled(title, words("title"))
    shown = {"dimensions": G.edit_dim, "reach": round(float(reach), 2)}
    return flows(view, heldout, rows, title=title, language=words.language, **shown)
