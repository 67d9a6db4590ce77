"""ganatomy fit: train, measure, draw."""

import json
import shlex
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from ganatomy.cli import options
from ganatomy.cli.application import fail, flagged, verb
from ganatomy.cli.options import Flag
from ganatomy.cli.parsing import read_settings
from ganatomy.errors import InputError


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
    variable: Annotated[
        str | None, Flag(help="Array in a .mat or .npz, or columns of a table (x,y).  [default: xx, or the only one]")
    ] = None,
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
    from ganatomy.fitting.recipes.recipe import load_recipe

    overrides = {
        "optimizer": optimizer,
        "epochs": epochs,
        "batch_size": batch_size,
        "lr": lr,
        "latent_dim": latent_dim,
        **read_settings(set_ or []),
    }
    own = None
    if objective is not None and (":" in objective or ".py" in objective):
        from ganatomy.fitting.objectives.own import read_objective

        own = read_objective(objective)
    resolved = load_recipe(recipe, own or objective, **overrides)
    from ganatomy.execution import use_threads
    from ganatomy.fitting.points.cloud import split_points
    from ganatomy.fitting.points.named import named_points
    from ganatomy.fitting.run import fit as fitting
    from ganatomy.fitting.run.folder import RunFolder, fingerprint
    from ganatomy.fitting.training.game import Diverged
    from ganatomy.fitting.training.trainer import Trainer

    if not 0 <= seed < 2**63:
        raise InputError(f"--seed {seed}: give a whole number from 0 to 2^63 - 1")
    name, cloud, target = named_points(points, variable, seed)
    train, heldout = split_points(cloud, train_size, seed)
    folder = RunFolder(out or Path("runs") / _folder_name(name, resolved, seed))
    if dry_run:
        with use_threads(threads):
            trainer = Trainer(train, resolved, seed, device, own)
            fitting.MeasuredFit(trainer, train, heldout, target)
        folder.check(fingerprint(resolved, seed, train, heldout), force)
        print(resolved.to_toml())
        print(f"# {len(train)} points to train on, {len(heldout)} held out, columns: {cloud.shape[1]}")
        print(f"# {trainer.iterations} iterations of batch {resolved.batch_size} on {trainer.device}")
        print(f"# would write {folder.path}")
        return
    try:
        fitting.fit(
            train,
            own,
            resolved,
            seed=seed,
            heldout=heldout,
            device=device,
            threads=threads,
            out=folder.path,
            force=force,
            distribution=target,
            arrows=arrows,
            language=language,
            progress=True,
        )
    except Diverged as error:
        fail(flagged(str(error), fit), 1)
    except KeyboardInterrupt:
        again = shlex.join(["ganatomy", *(word for word in sys.argv[1:] if word != "--force")])
        fail(f"stopped; to go on where it stood: {again}", 130)
    summary = folder.read_summary()
    if as_json:
        print(json.dumps(summary, indent=2, ensure_ascii=False))
        return
    from ganatomy.cli.tables import print_metrics

    title = (
        f"{summary['objective']} on {name}, {summary['epochs']} epochs, {summary['seconds_training']:.1f} s of training"
    )
    print_metrics(summary["metrics"], title)
    print(f"pictures:  {folder.path / 'figures'}{'/'}*.png")
    print(f"animation: {folder.path / 'animation.gif'}, {folder.path / 'animation.mp4'}")


def _folder_name(name: str, recipe: Any, seed: int) -> str:
    name = f"{name}-{recipe.objective}-{recipe.optimizer_name}-{recipe.name}"
    return "".join(c if c.isprintable() and c not in "/\\:" else "_" for c in name)[:80] + f"-seed{seed}"
