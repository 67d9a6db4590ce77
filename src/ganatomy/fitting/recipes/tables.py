"""Tables of settings laid over one another: how a recipe file, its variants and overrides become one table.

A table is a nested mapping. Laying `top` over `base` goes key by key: tables are merged, anything else is replaced.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from ganatomy.errors import InputError, unknown

DEFAULT_OPTIMIZER = "rmsprop"


def is_class(objective: str) -> bool:
    """Whether a name can be that of a user's class, which no built-in name can, perhaps with its instance's values.

    >>> [is_class(name) for name in ("Mine", "Mine(share=0.9)", "wgan_gp", "my.py:Mine")]
    [True, True, False, False]
    """
    name = objective.partition("(")[0]
    return name.isidentifier() and not name[0].islower() and objective.isprintable() and len(objective) <= 200


def taken_variants(table: dict[str, Any], where: str, objectives: Sequence[str]) -> Mapping[str, Any]:
    """Take the tables [for.OBJECTIVE] out of a recipe's table, with the names that they are for.

    >>> table = {"epochs": 9, "for": {"gan": {"epochs": 5}}}
    >>> taken_variants(table, "recipe", ["gan", "wgan"]), table
    ({'gan': {'epochs': 5}}, {'epochs': 9})
    """
    variants = table.pop("for", {})
    if not isinstance(variants, Mapping) or not all(isinstance(v, Mapping) for v in variants.values()):
        raise InputError(f"{where}: 'for' holds tables, one an objective, such as [for.wgan]")
    for name, variant in variants.items():
        if name not in objectives and not is_class(name):
            raise InputError(f"{where}: a table [for.OBJECTIVE]: {unknown('objective', str(name), objectives)}")
        if "objective" in variant:
            raise InputError(f"{where}: [for.{name}] is for that objective and cannot name another")
    return variants


def spelled_out(overrides: Mapping[str, Any]) -> dict[str, Any]:
    """Spell short and dotted names out as tables; None means not given.

    A dot can be written as `__`, as keywords have none. Of two names that say the same, the more particular holds.

    >>> spelled_out({"lr": 0.1, "penalties.clip": 0.5, "epochs": None})
    {'optimizer': {'lr': 0.1}, 'penalties': {'clip': 0.5}}
    >>> spelled_out({"penalties__clip": 0.5, "penalties": {"clip": 0.1, "r1": 0.2}})
    {'penalties': {'clip': 0.5, 'r1': 0.2}}
    """
    given: list[tuple[list[str], Any]] = []
    for key, value in overrides.items():
        short = "optimizer" if isinstance(value, str) else ""  # which names a table otherwise
        key = {"lr": "optimizer.lr", "latent_dim": "latent.dim", short: "optimizer.name"}.get(key, key)
        if value is not None:
            given.append((key.replace("__", ".").split("."), plain(value)))
    top: dict[str, Any] = {}
    for parts, value in sorted(given, key=lambda item: len(item[0])):
        for part in reversed(parts):
            value = {part: value}
        top = merged(top, value)
    return top


def plain(value: Any) -> Any:
    """Turn NumPy's numbers and arrays into Python's, all the way down.

    >>> import numpy as np
    >>> plain({"hidden": np.array([8, 8]), "lr": np.float64(0.5)})
    {'hidden': [8, 8], 'lr': 0.5}
    """
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value.tolist() if hasattr(value, "tolist") else value


def per_player(layer: Mapping[str, Any], where: str) -> dict[str, Any]:
    """Move the shared `[optimizer]` table into both players, under what each says of its own.

    >>> per_player({"optimizer": {"lr": 0.1}, "generator": {"optimizer": {"lr": 0.2}}}, "recipe")
    {'generator': {'optimizer': {'lr': 0.2}}, 'discriminator': {'optimizer': {'lr': 0.1}}}
    """
    layer = dict(layer)
    shared = layer.pop("optimizer", {})
    if not isinstance(shared, Mapping):
        raise InputError(f"{where}: optimizer is a table, such as [optimizer] with name and lr")
    if shared:
        for player in ("generator", "discriminator"):
            layer[player] = merged({"optimizer": shared}, layer.get(player, {}))
    return layer


def merged(base: Any, top: Any) -> Any:
    """Lay one table over another, key by key; another optimizer's name drops the old one's options.

    >>> merged({"name": "adam", "lr": 0.1, "options": {"amsgrad": True}}, {"name": "sgd"})
    {'name': 'sgd', 'lr': 0.1}
    """
    if not (isinstance(base, Mapping) and isinstance(top, Mapping)):
        return top
    whole = dict(base)
    if "options" in base and isinstance(top.get("name"), str):
        former = base.get("name", DEFAULT_OPTIMIZER)
        if not isinstance(former, str) or top["name"].lower() != former.lower():
            del whole["options"]
    for key, value in top.items():
        whole[key] = merged(whole.get(key), value)
    return whole
