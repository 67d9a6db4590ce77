"""ganatomy evaluate: how good are samples, measured against real points."""

from dataclasses import asdict
from typing import Annotated

import typer

from ganatomy.cli.application import verb
from ganatomy.terminal import say_json


@verb
def evaluate(
    samples: Annotated[str, typer.Argument(metavar="SAMPLES", help="A file of generated points.")],
    reference: Annotated[str, typer.Argument(metavar="REFERENCE", help="A file of real points, or a distribution.")],
    variable: Annotated[str | None, typer.Option(help="Array or columns to read from both files.")] = None,
    reference_variable: Annotated[
        str | None, typer.Option(help="Those of the reference; '' for none.  [default: those of --variable]")
    ] = None,
    transpose: Annotated[bool, typer.Option("--transpose", help="Each column is a point, in both files.")] = False,
    reference_transpose: Annotated[
        bool | None, typer.Option("--reference-transpose/--reference-rows", help="In the reference, or not there.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Of the splits and draws.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON to standard output.")] = False,
) -> None:
    """Measure samples against reference points, every number beside the floor that real points reach.

    Examples:

      ganatomy evaluate samples.csv points.mat

      ganatomy evaluate samples.npy ring --json
    """
    from ganatomy.fitting.metrics import yardstick

    measured = yardstick.evaluate(
        samples,
        reference,
        seed=seed,
        variable=variable,
        reference_variable=reference_variable,
        transpose=transpose,
        reference_transpose=reference_transpose,
    )
    metrics = {name: asdict(measurement) for name, measurement in measured.items()}
    if as_json:
        say_json(metrics)
        return
    from ganatomy.cli.tables import print_metrics

    print_metrics(metrics, f"{samples} against {reference}, {measured.size} points each")
