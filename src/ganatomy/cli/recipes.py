"""ganatomy recipes: the built-in recipes."""

from typing import Annotated

import typer

from ganatomy.cli.application import verb


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
        print(recipe.load_recipe(name, objective).to_toml(), end="")
        return
    from ganatomy.cli.tables import print_table

    known = recipe.recipes(objective).values()
    print_table(("name", "objective", "what"), [(one.name, one.objective, one.description) for one in known])
