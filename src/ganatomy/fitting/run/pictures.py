"""The pictures of a run, drawn from what the run remembers.

    figures/final.png         held-out and generated points over the discriminator's value
    figures/film_strip.png    the training in a few snapshots          figures/losses.png    every iteration
    figures/metrics.png       every snapshot, the floor as a band      figures/latent_grid.png   the warped latent plane
    animation.gif, .mp4       every snapshot

Drawing needs no training: `animate` makes the films of a finished run again.
"""

from pathlib import Path

import numpy as np

from ganatomy.errors import InputError
from ganatomy.figures.fonts import drawable
from ganatomy.figures.points.curves import loss_curves, metric_curves
from ganatomy.figures.points.film import render_frames
from ganatomy.figures.points.planar import film_strip, scatter
from ganatomy.figures.points.view import View
from ganatomy.figures.points.warp import latent_grid, latent_lines
from ganatomy.figures.saving import save_figure
from ganatomy.figures.video import write_gif, write_mp4
from ganatomy.fitting.metrics.yardstick import Floor
from ganatomy.fitting.objectives.catalogue import Objective, objective
from ganatomy.fitting.recipes.recipe import Recipe, load_recipe
from ganatomy.fitting.run.folder import RunFolder
from ganatomy.fitting.run.history import History
from ganatomy.fitting.training.model import FittedGAN
from ganatomy.fitting.training.networks import class_codes
from ganatomy.languages import Words

_GRIDS = 16  # more are a thicket


def heading(recipe: Recipe, seed: int, language: str | None = None) -> str:
    """Say in one line which run a picture is of.

    >>> heading(load_recipe("course"), 0, "en")
    'wgan-gp, rmsprop, course recipe, seed 0'
    """
    words = _words(language)
    parts = recipe.objective, recipe.optimizer_name, words("recipe", name=recipe.name), words("seed", seed=seed)
    return words("comma").join(parts)


def _words(language: str | None) -> Words:
    return Words(drawable(language), "fit")


def _field_label(label: str, words: Words) -> str:
    """Name what the greys measure; an objective of one's own does so itself."""
    return words(f"field_{label}") if words.has(f"field_{label}") else label


def draw_run(
    folder: RunFolder,
    model: FittedGAN,
    history: History,
    heldout: np.ndarray,
    floor: dict[str, Floor],
    seed: int,
    arrows: bool = False,
    language: str | None = None,
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

    Raises:
        InputError: a picture cannot be written, or an unknown language.
    """
    figures, words = _figures(folder), _words(language)
    view, title, tongue = View.fit(heldout), heading(model.recipe, seed, words.language), words.language
    samples, fields, epochs = np.stack(history.samples), np.stack(history.fields), np.asarray(history.epochs)
    label = _field_label(model.objective.label, words)
    marks = (samples[-1], model.discriminator_gradient(samples[-1])) if arrows else None
    final = scatter(
        view, heldout, samples[-1], fields[-1], title=title, field_label=label, arrows=marks, language=tongue
    )
    save_figure(final, figures / "final.png")
    strip = film_strip(view, heldout, samples, epochs, fields, title=title, field_label=label, language=tongue)
    save_figure(strip, figures / "film_strip.png")
    draw_curves(folder, model.recipe, model.objective, history, floor, seed, tongue)
    _draw_latent_grid(figures / "latent_grid.png", view, model, heldout, title, words)
    animate(folder, view, heldout, samples, epochs, fields, title=title, field_label=label, language=tongue)


def _figures(folder: RunFolder) -> Path:
    """Make the folder of the pictures."""
    figures = folder.path / "figures"
    try:
        figures.mkdir(exist_ok=True)
    except OSError as error:
        raise InputError(f"cannot write to {figures}: {error.strerror or error}") from None
    return figures


def draw_curves(
    folder: RunFolder,
    recipe: Recipe,
    objective: Objective,
    history: History,
    floor: dict[str, Floor],
    seed: int,
    language: str | None = None,
) -> None:
    """Draw losses and metrics; all that can be drawn of a run that ended early, and nothing of one that did at once."""
    if not history.losses:
        return
    figures, words = _figures(folder), _words(language)
    title, tongue = heading(recipe, seed, words.language), words.language
    an_epoch = max(row[0] for row in history.losses) / history.losses[-1][1]
    if objective.critic:
        curves = {words("estimated_distance"): -history.loss("discriminator")}
    else:
        curves = {words("discriminator_loss"): history.loss("discriminator")}
    curves[words("generator_loss")] = history.loss("generator")
    if history.loss("penalty").any():
        curves[words("penalty")] = history.loss("penalty")
    losses = loss_curves(history.loss("iteration") / an_epoch, curves, title=title, language=tongue)
    save_figure(losses, figures / "losses.png")
    if history.metrics:
        values = {name: history.metric(name) for name in history.metric_names}
        bands = {name: (floor[name].mean, floor[name].spread) for name in values if name in floor}
        titles = {name: words(f"metric_{name}") for name in values}
        metrics = metric_curves(history.epochs, values, bands, titles, title=title, language=tongue)
        save_figure(metrics, figures / "metrics.png")


def _draw_latent_grid(path: Path, view: View, model: FittedGAN, heldout: np.ndarray, title: str, words: Words) -> None:
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
    note = "\n".join(filter(None, (title, words("semicolon").join(notes))))
    save_figure(latent_grid(view, heldout, lines, levels, title=note, language=words.language), path)


def animate(
    folder: RunFolder,
    view: View,
    heldout: np.ndarray,
    samples: np.ndarray,
    epochs: np.ndarray,
    fields: np.ndarray | None,
    *,
    title: str,
    field_label: str,
    fps: float = 12,
    width: int = 640,
    language: str | None = None,
) -> list[Path]:
    """Write animation.gif and animation.mp4 into a run's folder, a frame a snapshot.

    Returns:
        The two paths.

    Raises:
        InputError: fps or width out of range, an unknown language, or a file cannot be written.
    """
    paths = [folder.path / "animation.gif", folder.path / "animation.mp4"]
    drawn = render_frames(
        view, heldout, samples, epochs, fields, title=title, field_label=field_label, width=width, language=language
    )
    frames = list(drawn)
    write_gif(frames, paths[0], fps)
    write_mp4(frames, paths[1], fps)
    return paths


def animate_run(path: str | Path, fps: float = 12, width: int = 640, language: str | None = None) -> list[Path]:
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
    return animate(
        folder,
        View.fit(heldout),
        heldout,
        samples,
        epochs,
        fields,
        title=heading(recipe, summary.get("seed", 0), words.language),
        field_label=_field_label(label, words),
        fps=fps,
        width=width,
        language=words.language,
    )
