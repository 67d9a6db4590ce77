"""ganatomy distributions: the built-in targets."""

from ganatomy.cli.application import verb
from ganatomy.terminal import say_table


@verb
def distributions() -> None:
    """List the built-in distributions.

    Examples:

      ganatomy distributions

      ganatomy fit ring --recipe recommended
    """
    from ganatomy.fitting.points.distributions import DISTRIBUTIONS

    rows = [
        (name, "" if one.components is None else str(len(one.components.weights)), one.summary)
        for name, one in DISTRIBUTIONS.items()
    ]
    say_table(("name", "components", "what"), rows, right=("components",))
