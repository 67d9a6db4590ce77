"""ganatomy fit: train, measure, draw."""

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ganatomy.cli import options
from ganatomy.cli.application import fail, flagged, verb
from ganatomy.cli.options import Flag
from ganatomy.cli.parsing import read_settings
from ganatomy.errors import InputError
from ganatomy.terminal import say, say_json, say_text

if TYPE_CHECKING:
    from ganatomy.fitting.run.folder import RunFolder
    from ganatomy.fitting.run.plan import PlannedFit


@verb
def fit(
    points: Annotated[
        str, typer.Argument(metavar="[POINTS|NAME]", help="A file of points, or a built-in distribution.")
    ] = "zigzag",
    objective: Annotated[
        str | None,
        Flag(
            help="gan, ns-gan, wgan, wgan-gp, lsgan, hinge, rpgan, or your own: my.py:MyObjective, which is run.  "
            "[default: the recipe's; wgan-gp]"
        ),
    ] = None,
    optimizer: Annotated[
        str | None, Flag(help="Of both players: a torch.optim class by name.  [default: the recipe's; rmsprop]")
    ] = None,
    recipe: Annotated[
        str | None,
        Flag(help="A name that 'ganatomy recipes' lists, or a TOML file.  [default: course]"),
    ] = None,
    epochs: Annotated[int | None, Flag(help="Passes over the points.  [default: the recipe's; 320]")] = None,
    batch_size: Annotated[int | None, Flag(help="Points a step.  [default: the recipe's; 256]")] = None,
    lr: Annotated[float | None, Flag(help="Learning rate of both players.  [default: the recipe's; 5e-5]")] = None,
    latent_dim: Annotated[int | None, Flag(help="Dimensions of z.  [default: the recipe's; 2]")] = None,
    train_size: Annotated[
        int | None, Flag(help="Points to train on; the others are held out.  [default: 7000 of 8192]")
    ] = None,
    variable: options.Variable = None,
    labels: options.Labels = None,
    transpose: options.Transpose = False,
    scale: Annotated[str, Flag(help="Measure in std (each column's standard deviation) or raw (its units).")] = "std",
    seed: Annotated[int, Flag(help="Of everything random.")] = 0,
    device: Annotated[str, Flag(help="auto, cpu, cuda, cuda:1, mps.")] = "auto",
    threads: Annotated[int, Flag(help="Of the processor; 2 pay on an idle machine only.")] = 1,
    set_: Annotated[
        list[str] | None,
        Flag("--set", metavar="KEY=VALUE", help="Any other recipe field, such as penalties.clip=0.01."),
    ] = None,
    out: Annotated[
        Path | None, Flag(help="Folder to write.  [default: runs/POINTS-OBJECTIVE-OPTIMIZER-RECIPE-seedSEED]")
    ] = None,
    arrows: Annotated[bool, Flag("--arrows", help="Draw the discriminator's gradient at generated points.")] = False,
    language: options.Language = None,
    force: Annotated[bool, Flag("--force", help="Replace what the folder holds.")] = False,
    dry_run: Annotated[bool, Flag("--dry-run", help="Print the resolved recipe and the plan, and do nothing.")] = False,
    as_json: Annotated[bool, Flag("--json", help="Print summary.json to standard output.")] = False,
) -> None:
    """Fit a GAN to a point cloud, say how good the fit is, and show the training move.

    Stopped by Ctrl-C or by a crash, the same command goes on where it stood.

    Examples:

      ganatomy fit --recipe recommended

      ganatomy fit points.mat --objective wgan --seed 1 --out runs/mine
    """
    settings = {"optimizer": optimizer, "epochs": epochs, "batch_size": batch_size, "lr": lr, "latent_dim": latent_dim}
    settings |= read_settings(set_ or [])
    objective = settings.pop("objective", objective)
    given = {"train_size": train_size, "variable": variable, "labels": labels, "transpose": transpose, "scale": scale}
    for key in settings.keys() & {*given, "recipe", "seed", "heldout", "distribution", "measured"}:
        raise InputError(f"--set {key}: that is no recipe field; for what can be chosen see --help")
    from ganatomy.fitting.run.plan import plan_fit

    plan = plan_fit(points, objective, recipe, seed, measured=True, **given, **settings)
    from ganatomy.fitting.run import fit as fitting
    from ganatomy.fitting.run.folder import RunFolder
    from ganatomy.fitting.training.game import Diverged

    folder = RunFolder(out or plan.folder)
    if dry_run:
        _show_plan(plan, folder, device, threads, force)
        return
    try:
        how = {"arrows": arrows, "language": language, "progress": True}
        run = fitting.run_fit(plan, device=device, threads=threads, out=folder.path, force=force, **how)
    except Diverged as error:
        fail(flagged(str(error), fit), 1)
    except KeyboardInterrupt:
        again = shlex.join(["ganatomy", *(word for word in sys.argv[1:] if word != "--force")])
        fail(f"stopped; to go on where it stood: {again}", 130)
    summary = folder.read_summary()
    if as_json:
        say_json(summary)
        return
    from ganatomy.cli.tables import print_metrics

    title = (
        f"{summary['objective']} on {plan.name}, {summary['epochs']} epochs, {summary['seconds_training']:.1f} s of "
        f"training"
    )
    if run.measurements is not None:
        print_metrics(run.measurements, title)
    if run.taken_over:
        say(f"snapshots: {run.taken_over}")
    say(f"pictures:  {folder.path / 'figures'}{'/'}*.png")
    say(f"animation: {folder.path / 'animation.gif'}, {folder.path / 'animation.mp4'}")


def _show_plan(plan: "PlannedFit", folder: "RunFolder", device: str, threads: int, force: bool) -> None:
    """Print the resolved recipe and what would be done with it."""
    from ganatomy.execution import use_threads

    with use_threads(threads):
        trainer, measured = plan.trainer(device), plan.metrics
    plan.check(folder, force)
    held = 0 if plan.heldout is None else len(plan.heldout)
    say_text(f"{plan.recipe.to_toml()}\n")
    say(f"# {len(plan.train)} points to train on, {held} held out, columns: {plan.train.shape[1]}")
    say(f"# measured by {', '.join(measured) or 'nothing'}")
    say(f"# {trainer.iterations} iterations of batch {plan.recipe.batch_size} on {trainer.device}")
    say(f"# would write {folder.path}")
