"""ganatomy compare: objectives and optimizers, over seeds."""

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ganatomy.cli import options
from ganatomy.cli.application import fail, verb
from ganatomy.cli.options import Flag
from ganatomy.cli.parsing import read_seeds, read_settings
from ganatomy.errors import InputError
from ganatomy.terminal import say, say_table, say_text

if TYPE_CHECKING:
    from ganatomy.fitting.study.executors.base import Executor
    from ganatomy.fitting.study.job import Job, Outcome
    from ganatomy.fitting.study.plan import Plan
    from ganatomy.fitting.study.result import Study


@verb
def compare(
    points: Annotated[
        str | None,
        typer.Argument(
            metavar="[POINTS|NAME]", help="A file of points, or a built-in distribution.  [default: zigzag]"
        ),
    ] = None,
    objectives: Annotated[
        str | None,
        Flag(help="Such as gan,lsgan, or your own: my.py:MyObjective, which is run.  [default: gan,wgan,wgan-gp]"),
    ] = None,
    optimizers: Annotated[str | None, Flag(help="torch.optim classes by name.  [default: rmsprop,adam,sgd]")] = None,
    seeds: Annotated[str | None, Flag(help="Such as 0-4, or 3,7,12.  [default: 0-2]")] = None,
    lrs: Annotated[
        str | None,
        Flag(
            help="Learning rates, such as 5e-5,5e-4; of several, each pair is given its best.  [default: the recipe's]"
        ),
    ] = None,
    recipe: Annotated[
        str | None, Flag(help="A name, a recipe's TOML file, or a study's, which has a [[grid]].  [default: course]")
    ] = None,
    epochs: Annotated[int | None, Flag(help="Passes over the points.  [default: the recipe's; 320]")] = None,
    train_size: Annotated[
        int | None,
        Flag(help="Points to train on; the others test, half of them where rates are chosen.  [default: 7000 of 8192]"),
    ] = None,
    variable: options.Variable = None,
    labels: options.Labels = None,
    transpose: options.Transpose = False,
    set_: Annotated[
        list[str] | None,
        Flag("--set", metavar="KEY=VALUE", help="Any other recipe field, such as penalties.clip=0.01."),
    ] = None,
    jobs: Annotated[str, Flag(help="Processes, of one thread each; auto: one a core.")] = "auto",
    device: Annotated[
        str,
        Flag(help="Where runs are trained: cpu; cuda, cuda:1, mps: many seeds of a cell at once, not timed yet."),
    ] = "cpu",
    together: Annotated[
        int | None, Flag(help="Seeds of a cell that are trained at once.  [default: 1 on the cpu, else 64]")
    ] = None,
    backend: Annotated[str, Flag(help="local, or dask: a cluster.")] = "local",
    scheduler: Annotated[str | None, Flag(help="Address of dask's, such as tcp://host:8786.")] = None,
    judge: Annotated[
        str | None,
        Flag(
            help="Metric to rank by, such as wasserstein2; a study that is there is judged anew.  [default: coverage]"
        ),
    ] = None,
    out: Annotated[Path | None, Flag(help="Folder to write.  [default: studies/NAME-RECIPE]")] = None,
    language: options.Language = None,
    tensorboard: Annotated[bool, Flag("--tensorboard", help="Write event files too.")] = False,
    force: Annotated[bool, Flag("--force", help="Replace the study that the folder holds.")] = False,
    dry_run: Annotated[bool, Flag("--dry-run", help="Print the runs and how long they take, and do nothing.")] = False,
    as_latex: Annotated[bool, Flag("--latex", help="Print summary.tex, a table for a paper.")] = False,
) -> None:
    """Compare objectives and optimizers over seeds: run them all, judge each, and say which differences are real.

    Stopped or killed, the same command makes what is missing. So does one that asks for more. A study can be a file,
    which also says what is claimed of it: docs/studies.md lists its keys.

    Examples:

      ganatomy compare

      ganatomy compare points.mat --seeds 0-4 --lrs 5e-5,5e-4 --out studies/mine

      ganatomy compare --objectives my.py:MyObjective,lsgan --recipe literature

      ganatomy compare --seeds 0-63 --device cuda
    """
    settings = {
        "objectives": _names("--objectives", objectives),
        "optimizers": _names("--optimizers", optimizers),
        "lrs": _rates(lrs),
        "seeds": None if seeds is None else _seeds(seeds),
        "recipe": recipe,
        "train_size": train_size,
        "variable": variable,
        "labels": labels,
        "transpose": transpose or None,
        "epochs": epochs,
    }
    changes = read_settings(set_ or [])
    for key in changes.keys() & (settings.keys() - {"epochs"}):
        raise InputError(f"--set {key}: that is no recipe field; there is a flag for it, see --help")
    processes = _processes(jobs)
    from ganatomy.fitting.study.executors.choose import choose_executor
    from ganatomy.fitting.study.plan import plan_study
    from ganatomy.fitting.study.run import run_study

    plan = plan_study(points, **{**settings, **changes})
    folder = out or Path("studies") / plan.name
    again = shlex.join(["ganatomy", *(word for word in sys.argv[1:] if word != "--force")])
    executor = choose_executor(backend, processes, scheduler, device, together)
    try:
        if dry_run:
            _show_plan(plan, folder, executor, force)
            return
        study = run_study(
            plan,
            folder,
            executor,
            force=force,
            progress=True,
            tensorboard=tensorboard,
            language=language,
            judge=judge,
            command=again,
        )
    except KeyboardInterrupt:
        fail(f"stopped; what is finished is kept; to go on: {again}", 130)
    finally:
        executor.close()
    if as_latex:
        say_text(study.to_latex())
    else:
        _show_result(study)
    if failed := [record for record in study if record.status == "failed"]:
        first = failed[0]
        fail(
            f"{len(failed)} of {len(study)} runs failed; {first.cell.label}, seed {first.seed}: {first.reason}; "
            f"see {study.path / first.path}; the same command makes them again",
            1,
        )


def _names(flag: str, text: str | None) -> list[str] | None:
    """Read "a,b"; None where the flag was not given."""
    if text is None:
        return None
    names = [name.strip() for name in text.split(",")]
    if not all(names):
        raise InputError(f"{flag} '{text}': write names with commas between them")
    return names


def _rates(text: str | None) -> list[float] | None:
    try:
        return None if text is None else [float(rate) for rate in text.split(",")]
    except ValueError:
        raise InputError(f"--lrs '{text}': write numbers with commas between them, such as 5e-5,5e-4") from None


def _seeds(text: str) -> list[int]:
    if not text.strip():
        raise InputError("--seeds: none were given; write 0-4, or 3,7,12")
    return read_seeds(text)


def _processes(text: str) -> "int | str":
    try:
        return text if text == "auto" else int(text)
    except ValueError:
        raise InputError(f"--jobs '{text}': give a whole number, or auto") from None


def _show_plan(plan: "Plan", folder: Path, executor: "Executor[Job, Outcome]", force: bool) -> None:
    """Print the cells, their seeds, and what is missing."""
    from ganatomy.fitting.study.executors.stacked import Stacked
    from ganatomy.fitting.study.folder import StudyFolder
    from ganatomy.fitting.study.trial import estimate
    from ganatomy.progress import spoken

    study = StudyFolder(folder)
    plan = study.admit(plan, force)
    missing = list(plan.runs) if force else study.missing(plan)
    rows = []
    for cell in plan.cells:
        wanted = [run.seed for run in plan.runs if run.cell == cell]
        left = [run.seed for run in missing if run.cell == cell]
        lr = f"{cell.lr:g}"
        row = (cell.target, cell.objective, cell.optimizer, lr, cell.variant, _listed(wanted), _listed(left) or "-")
        rows.append(row)
    columns = ("points", "objective", "optimizer", "rate", "variant", "seeds", "to be made")
    shown = [k for k, name in enumerate(columns) if name != "variant" or any(row[k] for row in rows)]
    say_table([columns[k] for k in shown], [[row[k] for k in shown] for row in rows])
    width, stacked = executor.width, isinstance(executor, Stacked)
    at_once = f"up to {width} seeds of a cell at once on {executor.device}" if stacked else f"{width} at once"
    say(f"# {len(plan.runs)} runs, of which {len(missing)} are to be made, {at_once}")
    if missing and stacked:
        say("# how long seeds that are trained at once take cannot be told from some iterations of one")
    elif missing:
        seconds = estimate(missing, width)
        say(f"# about {spoken(seconds)}, as some iterations of each cell and one drawing took on this machine now")
    say(f"# would write {folder}")


def _listed(seeds: list[int]) -> str:
    """Write seeds as `--seeds` reads them.

    >>> _listed([0, 1, 2, 7])
    '0-2,7'
    """
    ranges: list[list[int]] = []
    for seed in sorted(seeds):
        if ranges and seed == ranges[-1][1] + 1:
            ranges[-1][1] = seed
        else:
            ranges.append([seed, seed])
    return ",".join(f"{a}" if a == b else f"{a}-{b}" for a, b in ranges)


def _show_result(study: "Study") -> None:
    """Print a line a cell, and where everything is."""
    from ganatomy.fitting.study.sentences import Sentences

    words = Sentences("en")
    score, ratio = words.quantity(study.judged.quantity), "distance / floor"
    table = {
        "points": [s.cell.target for s in study.judged.ranked],
        "combination": [s.cell.label for s in study.judged.ranked],
        score: [words.interval(s.final, "diverged") for s in study.judged.ranked],
        ratio: [words.interval(s.final_ratio) for s in study.judged.ranked],
        "in words": [words.summary(s) for s in study.judged.ranked],
    }
    say_table(list(table), list(zip(*table.values(), strict=True)), right=(score, ratio))
    for sentence in study.answer("en"):
        say(sentence)
    told = [
        (j.target, words.claim(j.claim), "at the course's rate" if j.at == "course" else "at best rates", j.verdict)
        for j in study.claims
    ]
    if told:
        say()
        say_table(("points", "claim", "", "verdict"), told)
    say(f"tables: {study.path / 'table.csv'}, tidy.csv, summary.csv, summary.tex")
    if study.report.exists():
        say(f"report: {study.report}")
