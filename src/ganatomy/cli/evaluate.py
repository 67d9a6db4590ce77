"""ganatomy evaluate: how good are samples, measured against real points."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from ganatomy.cli.application import verb


@verb
def evaluate(
    samples: Annotated[str, typer.Argument(metavar="SAMPLES", help="A file of generated points.")],
    reference: Annotated[str, typer.Argument(metavar="REFERENCE", help="A file of real points, or a distribution.")],
    variable: Annotated[str | None, typer.Option(help="Array or columns to read from both files.")] = None,
    seed: Annotated[int, typer.Option(help="Of the splits and draws.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON to standard output.")] = False,
) -> None:
    """Measure samples against reference points, every number beside the floor that real points reach.

    Examples:

      ganatomy evaluate samples.csv points.mat

      ganatomy evaluate samples.npy ring --json
    """
    from ganatomy.errors import InputError
    from ganatomy.fitting.metrics.yardstick import LIMIT, Yardstick
    from ganatomy.fitting.metrics.yardstick import evaluate as measure
    from ganatomy.fitting.points.cloud import load_points
    from ganatomy.fitting.points.named import find_source

    if seed < 0:
        raise InputError(f"--seed {seed}: give a whole number, 0 or more")
    cloud = load_points(samples, variable)
    target = find_source(reference)
    if isinstance(target, Path):
        other = load_points(target, variable)
        n = min(len(cloud), len(other) // 2, LIMIT)
        measurements = measure(cloud, other, seed=seed)
    else:
        n = min(len(cloud), LIMIT)
        yardstick = Yardstick(target.sample(n, seed), target.sample(5 * n, seed + 1), target, seed=seed)
        measurements = yardstick.measure(cloud)
    metrics = {name: asdict(measurement) for name, measurement in measurements.items()}
    if as_json:
        from ganatomy.files import strict_json

        print(strict_json(metrics))
        return
    from ganatomy.cli.tables import print_metrics

    print_metrics(metrics, f"{samples} against {reference}, {n} points each")
