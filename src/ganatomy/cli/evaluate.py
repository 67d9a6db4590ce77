"""ganatomy evaluate: how good are samples, measured against real points."""

from typing import Annotated

import typer

from ganatomy.cli.application import verb
from ganatomy.cli.options import Flag
from ganatomy.terminal import say_json, say_text


@verb
def evaluate(
    samples: Annotated[str, typer.Argument(metavar="SAMPLES", help="A file of generated points.")],
    reference: Annotated[str, typer.Argument(metavar="REFERENCE", help="A file of real points, or a distribution.")],
    training: Annotated[
        str | None, Flag(help="A file of the points that the samples' model was trained on, to notice copies of them.")
    ] = None,
    scale: Annotated[
        str,
        Flag(help="std: each column in the reference's standard deviations; raw: the data's units, as other tools."),
    ] = "std",
    labels: Annotated[
        str | None, Flag(help="Column or variable of REFERENCE that says of which component each point is.")
    ] = None,
    variable: Annotated[str | None, Flag(help="Array or columns to read from both files.")] = None,
    reference_variable: Annotated[
        str | None, Flag(help="Those of the reference; '' for none.  [default: those of --variable]")
    ] = None,
    transpose: Annotated[bool, Flag("--transpose", help="Each column is a point, in both files.")] = False,
    reference_transpose: Annotated[
        bool | None, Flag("--reference-transpose/--reference-rows", help="In the reference, or not there.")
    ] = None,
    seed: Annotated[int, Flag(help="Of the splits and draws.")] = 0,
    as_json: Annotated[bool, Flag("--json", help="Print JSON to standard output.")] = False,
    as_latex: Annotated[bool, Flag("--latex", help="Print a table for a paper.")] = False,
) -> None:
    """Measure samples against reference points, every number beside the floor that real points reach.

    The first number is of all samples and all reference points; the others are of as many of either as leave other real
    points to compare with.

    Examples:

      ganatomy evaluate samples.csv points.mat

      ganatomy evaluate samples.npy ring --json
    """
    from ganatomy.fitting.metrics import evaluate as metrics

    how = {"training": training, "scale": scale, "labels": labels}
    measured = metrics.evaluate(
        samples,
        reference,
        seed=seed,
        variable=variable,
        reference_variable=reference_variable,
        transpose=transpose,
        reference_transpose=reference_transpose,
        **how,
    )
    if as_json:
        say_json(measured.to_dict())
        return
    if as_latex:
        say_text(measured.to_latex())
        return
    from ganatomy.cli.tables import print_metrics

    print_metrics(measured, f"{samples} against {reference}")
