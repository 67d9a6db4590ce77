"""The pictures of a run, drawn from what the run remembers.

    figures/final.png         held-out and generated points over the discriminator's value
    figures/film_strip.png    the training in a few snapshots          figures/losses.png    every iteration
    figures/metrics.png       every snapshot, the floor as a band      figures/latent_grid.png   the warped latent plane
    animation.gif, .mp4       every snapshot

Drawing needs no training: `animate` makes the films of a finished run again.
"""

from collections.abc import Mapping, Sequence, Sized
from pathlib import Path
from types import MappingProxyType

import numpy as np
from matplotlib.figure import Figure

from ganatomy.errors import InputError, unknown
from ganatomy.figures.fonts import drawable
from ganatomy.figures.points.curves import loss_curves, metric_curves
from ganatomy.figures.points.film import render_frames
from ganatomy.figures.points.planar import film_strip, scatter
from ganatomy.figures.points.view import View
from ganatomy.figures.points.warp import latent_grid, latent_lines
from ganatomy.figures.saving import save_figure
from ganatomy.figures.video import write_gif, write_mp4
from ganatomy.fitting.metrics.catalogue import HEADLINE, Floor
from ganatomy.fitting.metrics.fitness import distance_of
from ganatomy.fitting.objectives.catalogue import Objective, objective
from ganatomy.fitting.recipes.recipe import Recipe, load_recipe
from ganatomy.fitting.run.folder import RunFolder
from ganatomy.fitting.run.history import History
from ganatomy.fitting.run.look import look
from ganatomy.fitting.training.model import FittedGAN
from ganatomy.fitting.training.networks import class_codes
from ganatomy.languages import Words

PICTURES = ("final", "film_strip", "losses", "metrics", "latent_grid")
"""Names of a run's pictures, without its film."""

_GRIDS = 16  # more are a thicket


def heading(recipe: Recipe, seed: int, language: str | None = None) -> str:
    """Say in one line which run a picture is of.

    >>> heading(load_recipe("course"), 0, "en")
    'wgan-gp, rmsprop, course recipe, seed 0'
    """
    words = _words(language)
    parts = recipe.objective, recipe.optimizer_name, words("recipe", name=recipe.name), words("seed", seed=seed)
    return words("comma").join(parts)


def told(values: Mapping[str, float], floor: Mapping[str, Floor], language: str | None = None) -> str:
    """Say the headline and the distance of a run in one line; "" where neither is known.

    >>> floor = {"coverage": Floor(0.97, 0.01), "wasserstein2": Floor(0.02, 0.005)}
    >>> told({"coverage": 0.764, "wasserstein2": 0.03}, floor, "en")
    'coverage 0.76, of real points 0.97; 2-Wasserstein distance 1.50 × floor'
    """
    words, parts, distance = _words(language), [], distance_of(floor)
    if HEADLINE in values and HEADLINE in floor:
        score = {"value": f"{values[HEADLINE]:.2f}", "floor": f"{floor[HEADLINE].mean:.2f}"}
        parts.append(words("told_score", title=words(f"metric_{HEADLINE}"), **score))
    if distance is not None and distance in values and floor[distance].mean > 0:
        ratio = words.number(values[distance] / floor[distance].mean)
        parts.append(words("told_distance", title=words(f"metric_{distance}"), ratio=ratio))
    return words("semicolon").join(parts)


def _words(language: str | None) -> Words:
    return Words(drawable(language), "fit")


def _field_label(label: str, packing: int, words: Words) -> str:
    """Name what the greys measure, an objective's value at a point or at so many copies of it."""
    label = words(f"field_{label}") if words.has(f"field_{label}") else label  # one's own names its own
    return words("field_packed", label=label, packing=packing) if packing > 1 else label


def figure_of(
    picture: str,
    model: FittedGAN,
    history: History,
    heldout: np.ndarray,
    floor: Mapping[str, Floor] = MappingProxyType({}),
    seed: int = 0,
    *,
    scale: str = "raw",
    arrows: bool = False,
    trained_on: bool = False,
    language: str | None = None,
    columns: Sequence[str] = (),
) -> Figure:
    """Draw one picture of a run.

    Args:
        picture: one of `PICTURES`.
        model: as it ended.
        history: of the run; "final" and "latent_grid" do without.
        heldout: real points (M, D) that were not trained on, unless `trained_on`.
        floor: of each metric.
        seed: of the run.
        scale: in which it was measured, as in `ganatomy.fit`.
        arrows: whether to draw the discriminator's gradient at generated points into "final".
        trained_on: whether the real points were, and are not called held-out.
        language: "en" or "zh"; None for the one that is `languages.chosen`.
        columns: the names of the D coordinates, or none.

    Raises:
        InputError: no such picture, nothing is remembered that it could show, or an unknown language.

    >>> from ganatomy.fitting.training.trainer import Trainer
    >>> points = np.random.default_rng(0).normal(size=(300, 2))
    >>> model, history = Trainer(points, load_recipe("course")).snapshot(), History()
    >>> figure_of("final", model, history, points, language="en").get_suptitle()
    'wgan-gp, rmsprop, course recipe, seed 0'
    >>> figure_of("losses", model, history, points)
    Traceback (most recent call last):
    ganatomy.errors.InputError: this run remembers no losses; fit with `heldout` or `train_size`
    """
    words = _words(language)
    if picture == "final":
        samples, field = (history.samples[-1], history.fields[-1]) if history.samples else look(model, heldout, seed)
        title = _titled(model.recipe, history, floor, seed, words)
        return _final(model, samples, field, heldout, title, arrows, words, trained_on, columns)
    if picture == "film_strip":
        _require(history.samples, "snapshots")
        return _film_strip(model, history, heldout, seed, words, columns)
    if picture == "losses":
        _require(history.losses, "losses")
        return _losses(model.recipe, model.objective, history, seed, words)
    if picture == "metrics":
        _require(history.metrics, "metrics")
        return _metrics(model.recipe, history, floor, seed, words, scale)
    if picture == "latent_grid":
        return _latent_grid(model, heldout, seed, words, trained_on, columns)
    raise unknown("picture of a run", picture, PICTURES)


def _require(remembered: Sized, what: str) -> None:
    if not len(remembered):
        raise InputError(f"this run remembers no {what}; fit with `heldout` or `train_size`")


def _titled(recipe: Recipe, history: History, floor: Mapping[str, Floor], seed: int, words: Words) -> str:
    """Say which run it is, and how it ended."""
    ended = told(history.metrics[-1], floor, words.language) if history.metrics else ""
    return "\n".join(filter(None, (heading(recipe, seed, words.language), ended)))


def _final(
    model: FittedGAN,
    samples: np.ndarray,
    field: np.ndarray,
    heldout: np.ndarray,
    title: str,
    arrows: bool,
    words: Words,
    trained_on: bool = False,
    columns: Sequence[str] = (),
) -> Figure:
    return scatter(
        View.fit(heldout, columns),
        heldout,
        samples,
        field,
        title=title,
        field_label=_field_label(model.objective.label, model.recipe.packing, words),
        arrows=(samples, model.discriminator_gradient(samples)) if arrows else None,
        trained_on=trained_on,
        language=words.language,
    )


def _film_strip(
    model: FittedGAN, history: History, heldout: np.ndarray, seed: int, words: Words, columns: Sequence[str] = ()
) -> Figure:
    return film_strip(
        View.fit(heldout, columns),
        heldout,
        np.stack(history.samples),
        history.epochs,
        np.stack(history.fields),
        title=heading(model.recipe, seed, words.language),
        field_label=_field_label(model.objective.label, model.recipe.packing, words),
        language=words.language,
    )


def _losses(recipe: Recipe, objective: Objective, history: History, seed: int, words: Words) -> Figure:
    an_epoch = max(row[0] for row in history.losses) / history.losses[-1][1]
    if objective.critic:
        curves = {words("estimated_distance"): -history.loss("discriminator")}
    else:
        curves = {words("discriminator_loss"): history.loss("discriminator")}
    curves[words("generator_loss")] = history.loss("generator")
    if history.loss("penalty").any():
        curves[words("penalty")] = history.loss("penalty")
    title = heading(recipe, seed, words.language)
    return loss_curves(history.loss("iteration") / an_epoch, curves, title=title, language=words.language)


def _metrics(
    recipe: Recipe, history: History, floor: Mapping[str, Floor], seed: int, words: Words, scale: str
) -> Figure:
    values = {name: history.metric(name) for name in history.metric_names}
    bands = {name: (floor[name].mean, floor[name].spread) for name in values if name in floor}
    titles = {name: words(f"metric_{name}") for name in values}
    title = "\n".join((_titled(recipe, history, floor, seed, words), *[words("in_std")] * (scale == "std")))
    return metric_curves(history.epochs, values, bands, titles, title=title, language=words.language)


def _latent_grid(
    model: FittedGAN,
    heldout: np.ndarray,
    seed: int,
    words: Words,
    trained_on: bool = False,
    columns: Sequence[str] = (),
) -> Figure:
    """Draw the image of the plane of the first two latent coordinates, the others at 0, for the first classes."""
    latent = model.recipe.latent
    reach = 1.0 if latent.distribution == "uniform" else 2.4
    codes, levels = latent_lines(5, 50, reach=reach) if latent.classes else latent_lines(reach=reach)
    plane = np.zeros((*codes.shape[:-1], max(latent.dim, 2)))  # (2, L, M, Z)
    plane[..., :2] = codes
    plane = plane[..., : latent.dim]
    notes = [words("latent_plane", dims=latent.dim)] if latent.dim > 2 else []
    if latent.classes:
        ends = class_codes(latent)[:_GRIDS].numpy()
        grids = [np.concatenate((plane, np.broadcast_to(end, (*plane.shape[:-1], len(end)))), -1) for end in ends]
        plane = np.concatenate(grids, axis=1)  # (2, classes L, M, Z)
        levels = np.tile(levels, len(ends))
        notes.append(words("classes", some=len(ends), all=latent.classes))
    lines = model.transform(plane.reshape(-1, latent.width)).reshape(*plane.shape[:-1], model.dim)
    title = "\n".join(filter(None, (heading(model.recipe, seed, words.language), words("semicolon").join(notes))))
    return latent_grid(
        View.fit(heldout, columns), heldout, lines, levels, title=title, trained_on=trained_on, language=words.language
    )


def draw_run(
    folder: RunFolder,
    model: FittedGAN,
    history: History,
    heldout: np.ndarray,
    floor: Mapping[str, Floor],
    seed: int,
    arrows: bool = False,
    language: str | None = None,
    columns: Sequence[str] = (),
    scale: str = "raw",
) -> None:
    """Draw every picture of a run into its folder.

    Args:
        folder: the run's.
        model: as it ended.
        history: of the run.
        heldout: real points (M, D) that were not trained on.
        floor: of each metric.
        seed: of the run.
        arrows: whether to draw the discriminator's gradient at generated points into final.png.
        language: "en" or "zh"; None for the one that is `languages.chosen`.
        columns: the names of the D coordinates, or none.
        scale: in which it was measured.

    Raises:
        InputError: a picture cannot be written, or an unknown language.
    """
    words = _words(language)
    title = _titled(model.recipe, history, floor, seed, words)
    final = _final(model, history.samples[-1], history.fields[-1], heldout, title, arrows, words, columns=columns)
    save_figure(final, folder.at("figures/final.png"))
    save_figure(_film_strip(model, history, heldout, seed, words, columns), folder.at("figures/film_strip.png"))
    draw_curves(folder, model.recipe, model.objective, history, floor, seed, words.language, scale)
    save_figure(_latent_grid(model, heldout, seed, words, columns=columns), folder.at("figures/latent_grid.png"))
    draw_films(
        folder,
        heldout,
        np.stack(history.samples),
        history.epochs,
        np.stack(history.fields),
        title=heading(model.recipe, seed, words.language),
        field_label=_field_label(model.objective.label, model.recipe.packing, words),
        columns=columns,
        language=words.language,
    )


def draw_curves(
    folder: RunFolder,
    recipe: Recipe,
    objective: Objective,
    history: History,
    floor: Mapping[str, Floor],
    seed: int,
    language: str | None = None,
    scale: str = "raw",
) -> None:
    """Draw losses and metrics; all that can be drawn of a run that ended early, and nothing of one that did at once."""
    if not history.losses:
        return
    words = _words(language)
    save_figure(_losses(recipe, objective, history, seed, words), folder.at("figures/losses.png"))
    if history.metrics:
        save_figure(_metrics(recipe, history, floor, seed, words, scale), folder.at("figures/metrics.png"))


def draw_films(
    folder: RunFolder,
    heldout: np.ndarray,
    samples: np.ndarray,
    epochs: Sequence[int] | np.ndarray,
    fields: np.ndarray | None,
    *,
    title: str,
    field_label: str,
    fps: float = 12,
    width: int = 640,
    columns: Sequence[str] = (),
    language: str | None = None,
) -> list[Path]:
    """Write animation.gif and animation.mp4 into a run's folder, a frame a snapshot.

    Returns:
        The two paths.

    Raises:
        InputError: fps or width out of range, an unknown language, or a file cannot be written.
    """
    films = [folder.at("animation.gif"), folder.at("animation.mp4")]
    shown = (View.fit(heldout, columns), heldout, samples, epochs, fields)
    drawn = render_frames(*shown, title=title, field_label=field_label, width=width, language=language)
    frames = list(drawn)
    write_gif(frames, films[0], fps)
    write_mp4(frames, films[1], fps)
    return [film.path for film in films]


def animate(path: str | Path, *, fps: float = 12, width: int = 640, language: str | None = None) -> list[Path]:
    """Make the films of a finished run again, from its snapshots.

    Args:
        path: the run's folder.
        fps: frames a second, 1 to 60.
        width: of a frame in pixels, 480 to 4096.
        language: "en" or "zh"; None for the one that is `languages.chosen`.

    Returns:
        The paths of animation.gif and animation.mp4.

    Raises:
        InputError: no finished run there, damaged files, settings out of range.
    """
    folder, words = RunFolder(path), _words(language)
    summary = folder.read_summary()
    recipe = load_recipe(folder.path / "recipe.toml")
    samples, epochs, heldout, fields = folder.read_arrays(["snapshots", "epochs", "heldout", "fields"])
    label = summary.get("field_label") or objective(recipe.objective).label  # runs of before it was in the summary
    return draw_films(
        folder,
        heldout,
        samples,
        epochs,
        fields,
        title=heading(recipe, summary["seed"], words.language),
        field_label=_field_label(label, recipe.packing, words),
        fps=fps,
        width=width,
        columns=summary["columns"],
        language=words.language,
    )
