"""ganatomy zoo: generators that can be had, and what of them is on this disk."""

from typing import Annotated

import typer

from ganatomy.cli.application import fail, verb
from ganatomy.terminal import say, say_json, say_table

_ACTIONS = ("list", "show", "fetch", "verify")


@verb
def zoo(
    action: Annotated[str, typer.Argument(metavar="[list|show|fetch|verify]", help="What to do.")] = "list",
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="Of a card; to fetch, an address too.")] = None,
    trust: Annotated[
        bool, typer.Option("--trust-on-first-use", help="Take a file whose hash nobody has checked, and pin it.")
    ] = False,
    sha256: Annotated[str | None, typer.Option(help="That the fetched file must have.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON to standard output.")] = False,
) -> None:
    """List the pretrained generators, show the card of one, fetch its weights, or check those fetched before.

    To verify ends with exit code 1 if a file is damaged, or missing although it was fetched or named.

    Examples:

      ganatomy zoo show faces

      ganatomy zoo fetch faces
    """
    from ganatomy.errors import InputError, unknown
    from ganatomy.generators.loading import fetch
    from ganatomy.generators.zoo.cards import card, cards, verify

    if action not in _ACTIONS:
        raise unknown("action of zoo", action, _ACTIONS)
    if action == "list":
        if name is not None:
            raise InputError(f"zoo list takes no name; for the card of one say: ganatomy zoo show {name}")
        if as_json:
            say_json([one.to_dict() for one in cards().values()])
            return
        rows = [
            (one.name, one.title, one.family, str(one.resolution), one.licence, one.status, one.here)
            for one in cards().values()
        ]
        say_table(("name", "what", "family", "pixels", "licence", "hash", "here"), rows, right=("pixels",))
    elif action in ("show", "fetch") and name is None:
        raise InputError(f"zoo {action}: name a generator, one of {', '.join(cards())}")
    elif action == "show" and name is not None:
        described = card(name).to_dict()
        if as_json:
            say_json(described)
            return
        described["sources"] = [one.address for one in card(name).sources]
        for key, value in described.items():
            if value not in (None, [], ""):
                say(f"{key.replace('_', ' '):<14}  {_text(value)}")
    elif action == "fetch" and name is not None:
        file = fetch(name, sha256=sha256, trust=trust)
        if as_json:
            say_json({"path": str(file.path), "sha256": file.sha256, "source": file.source})
        else:
            say(str(file.path))
    else:
        found = verify(name)
        if as_json:
            say_json([{"name": one.name, "state": one.state, "path": str(one.path)} for one in found])
        elif found:
            say_table(("name", "state", "file"), [(one.name, one.state, str(one.path)) for one in found])
        else:
            say("nothing was fetched yet")
        if bad := [one.name for one in found if one.state in ("damaged", "missing")]:
            fail(f"damaged or missing: {', '.join(bad)}; 'ganatomy zoo fetch NAME' fetches it again", 1)


def _text(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
