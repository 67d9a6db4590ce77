"""ganatomy recipes: the built-in recipes."""

from typing import Annotated

import typer

from ganatomy.cli.application import verb
from ganatomy.terminal import say_table, say_text


@verb
def recipes(
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="A recipe to print in full.")] = None,
    objective: Annotated[str | None, typer.Option(help="Resolve it for this objective.")] = None,
) -> None:
    """List the recipes, or print one as TOML, every value written out: a file to start your own from.

    Examples:

      ganatomy recipes

      ganatomy recipes literature --objective wgan > mine.toml
    """
    from ganatomy.fitting.recipes import recipe

    if name is not None:
        say_text(recipe.load_recipe(name, objective).to_toml())
        return
    known = recipe.recipes(objective).values()
    say_table(("name", "objective", "what"), [(one.name, one.objective, one.description) for one in known])
