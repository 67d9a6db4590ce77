"""What is written to be read: labels, directions, boundaries, models, recipes, study files, the zoo's records."""

import hashlib
import json
import os
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np

from attacks.kind import Kind, Place
from attacks.mutate import ANYWHERE, WORDS, tree
from attacks.tensors import card_changed, npy, sparse_header
from ganatomy.attributes import choose
from ganatomy.fitting.recipes.recipe import load_recipe
from ganatomy.fitting.study.plan import plan_study
from ganatomy.fitting.training.model import FittedGAN, Scaling
from ganatomy.fitting.training.networks import build
from ganatomy.generators.networks.planted import Planted
from ganatomy.generators.zoo.cache import CacheEntry
from ganatomy.generators.zoo.sources import Web
from ganatomy.latent.directions import Directions
from ganatomy.latent.labels.card import Naming
from ganatomy.latent.labels.measure import name_directions
from ganatomy.latent.methods.boundary import read_boundary
from ganatomy.latent.methods.sefa import sefa

TINY: dict[str, Any] = {
    "generator": {"hidden": [8], "normalization": "none"},
    "discriminator": {"hidden": [8]},
    "snapshots": 2,
    "batch_size": 20,
    "epochs": 2,
}


@cache
def planted() -> Planted:
    """Make a small generator of planted directions."""
    return Planted(resolution=16).eval()


# Labels, directions and boundaries


def _label(folder: Path) -> None:
    found = sefa(planted(), 2)
    name_directions(planted(), found, n_codes=20, draws=16, attributes=choose(["brightness", "warmth"])).save(
        folder / "a.json"
    )


def _read_labels(path: Path) -> object:
    naming = Naming.load(path)
    told = [repr(naming), naming._repr_html_(), naming.labels, naming.directions, len(naming.to_frame())]
    assert "<script>" not in told[1]
    told += [meaning.text(language) + meaning.plus() for meaning in naming for language in ("en", "zh")]
    for label in [label for label in naming.labels if label][:1]:
        told.append(naming.find(label))
    naming.save(path.parent / "again.json")
    return told


def _steer(folder: Path) -> None:
    sefa(planted(), 3).save(folder / "a.safetensors")


def _read_directions(path: Path) -> object:
    found = Directions.load(path)
    told = [repr(found), found.labels, found[0]]
    found.save(path.parent / "again.safetensors")
    ws = np.zeros((1, max(found.layers) + 1, found.vectors.shape[1])) if max(found.layers) < 1000 else None
    return [told, None if ws is None else found[0].edit(ws, 1.0).shape, found.check_fits(planted())]


def _card(*keys: str) -> Callable[[Place], str]:
    """Put something strange into a safetensors file's card."""

    def attack(place: Place) -> str:
        key, word = place.random.choice(keys), place.random.choice((*WORDS, ["\x1b[2J"] * 3, "../outside/secret.toml"))
        card_changed(place, **{key: word})
        return f"{key} = {word!r:.60}"

    return attack


def _many_meanings(place: Place) -> None:
    card = json.loads(place.target.read_text())
    place.target.write_text(json.dumps({**card, "meanings": card["meanings"][:1] * 20_000}))


def _boundary(folder: Path) -> None:
    np.save(folder / "a.npy", np.ones((1, planted().z_dim), np.float32))


def _read_boundary(path: Path) -> object:
    return read_boundary(path, planted(), label="smile")[0].vector.shape


def _head(place: Place) -> str:
    shape = place.random.choice(("(1, 1099511627776)", "(1, 12)", "(12,)", "()", "(1, 12, 1)", "(-1, 12)", "(1e3,)"))
    kind = place.random.choice(("'<f4'", "'<f2'", "'|O'", "'>f8'", "'<c16'", "'<U9'"))
    place.target.write_bytes(npy(shape, kind) + bytes(48))
    return f"{shape} {kind}"


# Models fitted to points


def _model(folder: Path) -> None:
    recipe = load_recipe("course", "wgan-gp", **TINY)
    FittedGAN(recipe, *build(recipe, 2, seed=0), Scaling(np.zeros(2), np.ones(2))).save(folder / "a.safetensors")


def _read_model(path: Path) -> object:
    model = FittedGAN.load(path)
    html = model._repr_html_()
    assert "<script>alert" not in html
    return [repr(model), html, model.sample(30).shape, model.transform(np.zeros((1, model.recipe.latent.width)))]


def _recipe_in_model(place: Place) -> str:
    """Let the recipe of a model be a path, a deep or a vast network, or something else."""
    data = place.target.read_bytes()
    header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
    recipe = json.loads(header["__metadata__"]["ganatomy"])["recipe"]
    how = place.random.choice(("path", "vast", "deep", "tree"))
    if how == "path":
        word = place.random.choice(("../outside/secret.toml", str(place.outside / "secret.toml"), "course", "~/x.toml"))
        card_changed(place, recipe=word)
    elif how == "vast":
        size = place.random.choice((1 << 16, 1 << 20, 1 << 40))
        recipe["generator"]["hidden"] = [size] * place.random.choice((2, 9))
        card_changed(place, recipe=recipe)
    elif how == "deep":
        recipe[place.random.choice(("generator", "discriminator"))]["hidden"] = [8] * 100_000
        card_changed(place, recipe=recipe)
    else:
        card_changed(place, recipe=tree(recipe, place.random))
    return how


# Recipes and study files


def _recipe(name: str) -> Callable[[Path], object]:
    return lambda folder: (folder / "a.toml").write_text(load_recipe(name).to_toml(), encoding="utf-8")


def _read_recipe(path: Path) -> object:
    recipe = load_recipe(path)
    return [repr(recipe), recipe.to_toml()]


STUDY = """
recipe = "course"
targets = ["ring", "zigzag"]
train_size = 4000
seeds = [0, 1]

[set]
epochs = 3

[[grid]]
objectives = ["gan", "wgan"]
optimizers = ["adam", "sgd"]
lrs = [1e-4, 1e-3]

[grid.vary]
batch_size = [50, 100]
"""


def _study(folder: Path) -> None:
    (folder / "a.toml").write_text(STUDY)


def _read_study(path: Path) -> object:
    return len(plan_study(recipe=path).runs)


RECIPES = ("secret.toml",)  # a study file may name a recipe by its path


def _toml_text(place: Place) -> str:
    texts = {
        "deep": "a = " + "[" * 20_000,
        "deep tables": "[" + "a." * 20_000 + "a]\nb = 1\n",
        "very many seeds": "seeds = [" + "1, " * 200_000 + "2]\n",
        "very many cells": STUDY.replace("[50, 100]", str(list(range(1, 3000)))).replace(
            "[1e-4, 1e-3]", str([1e-3] * 999)
        ),
        "markup": STUDY + 'description = ["[/red]", "[link=x]y"]\n',
        "names": STUDY + 'name = ["../../x", "b"]\n',
        "a path": STUDY.replace('"ring", "zigzag"', '"../outside/secret.toml", "/etc/passwd"'),
        "a pipe": STUDY.replace('"ring", "zigzag"', '"pipe.csv"'),
        "code": STUDY.replace('["gan", "wgan"]', '["x.py:Mine"]'),
        "a huge number": "train_size = " + "9" * 5000 + "\n",
        "a mark of order": "\ufeff" + STUDY,
        "no text": "\x00\xff",
        "a vast network": "objective = 'gan'\n[generator]\nhidden = [1000000000, 1000000000]\n",
        "escapes": 'name = "\\u001b]0;x\\u0007"\nobjective = "\\u001b[2J"\n',
    }
    name = place.random.choice(list(texts))
    if name == "a pipe":
        os.mkfifo(place.folder / "pipe.csv")
    place.target.write_text(texts[name])
    return name


# The zoo's records


def _record(folder: Path) -> None:
    content = b"weights"
    (folder / "G.pth").write_bytes(content)
    told = {"name": "G", "source": "https://example.org/G.pth", "hash_from": "pinned"}
    told |= {"size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    (folder / "G.pth.json").write_text(json.dumps(told))


def _read_record(path: Path) -> object:
    entry = CacheEntry("G", path.parent, (Web(kind="https", url="https://example.org/G.pth"),), notice="N", own="")
    with mock.patch.dict(os.environ, GANATOMY_CACHE=str(path.parent)):
        return [entry.record(), entry.state(), entry.show_notice(str)]


KINDS = (
    Kind("labels", "a.json", (_label,), _read_labels, {"many": _many_meanings, **ANYWHERE}),
    Kind(
        "directions",
        "a.safetensors",
        (_steer,),
        _read_directions,
        {
            "card": _card("format", "method", "source", "space", "layers", "fingerprint", "names", "labels"),
            "sparse header": sparse_header,
            **ANYWHERE,
        },
    ),
    Kind("boundary", "a.npy", (_boundary,), _read_boundary, {"head": _head, **ANYWHERE}),
    Kind(
        "fitted model",
        "a.safetensors",
        (_model,),
        _read_model,
        {"recipe": _recipe_in_model, "card": _card("format", "recipe"), "sparse header": sparse_header, **ANYWHERE},
    ),
    Kind(
        "recipe",
        "a.toml",
        tuple(map(_recipe, ("course", "recommended"))),
        _read_recipe,
        {"text": _toml_text, **ANYWHERE},
    ),
    Kind("study file", "a.toml", (_study,), _read_study, {"text": _toml_text, **ANYWHERE}, every=3, may_read=RECIPES),
    Kind("zoo record", "G.pth.json", (_record,), _read_record, ANYWHERE),
)
