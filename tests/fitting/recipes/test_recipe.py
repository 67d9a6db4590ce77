"""Recipes: layers in their order, every value checked, nothing lost in a file, nothing but `InputError` escaping."""

import datetime

import numpy as np
import pytest
import tomli_w
from hypothesis import given, settings
from hypothesis import strategies as st

from ganatomy.errors import InputError
from ganatomy.fitting.recipes.recipe import OBJECTIVES, REPORTED, Optimizer, Recipe, load_recipe, recipe_names

QUICK = settings(max_examples=100, derandomize=True, deadline=None)


def refused(source=None, **arguments) -> str:
    """Return the one line with which a recipe is refused."""
    with pytest.raises(InputError) as caught:
        load_recipe(source, **arguments)
    message = str(caught.value)
    assert len(message.splitlines()) == 1
    return message


def written(folder, text: str | bytes):
    path = folder / "mine.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


# What the package brings


def test_the_built_in_recipes_are_the_documented_ones():
    assert recipe_names() == ["course", "literature", "recommended"]


@pytest.mark.parametrize("objective", OBJECTIVES)
@pytest.mark.parametrize("name", recipe_names())
def test_every_built_in_recipe_resolves_for_every_objective_and_survives_its_file(name, objective, tmp_path):
    recipe = load_recipe(name, objective=objective)
    assert (recipe.name, recipe.objective) == (name, objective)
    assert recipe.description
    assert load_recipe(written(tmp_path, recipe.to_toml())) == recipe
    assert load_recipe(recipe) == recipe


def test_the_course_recipe_is_the_reports():
    for objective, clip, weight in (("gan", 0, 0), ("wgan", 0.1, 0), ("wgan-gp", 0, 0.001)):
        recipe = load_recipe("course", objective=objective)
        for player in (recipe.generator, recipe.discriminator):
            assert player.optimizer == Optimizer(name="rmsprop", lr=5e-5, schedule="constant", options={})
        assert (recipe.batch_size, recipe.epochs, recipe.discriminator_steps) == (256, 320, 1)
        assert (recipe.penalties.clip, recipe.penalties.gradient) == (clip, weight)
        assert (recipe.penalties.r1, recipe.penalties.r2, recipe.averaging) == (0, 0, 0)


def test_the_literature_recipe_has_the_papers_values():
    wgan, penalized = (load_recipe("literature", objective=name) for name in ("wgan", "wgan-gp"))
    assert (wgan.penalties.clip, wgan.discriminator_steps) == (0.01, 5)
    assert (wgan.discriminator.optimizer.name, wgan.discriminator.optimizer.options) == ("rmsprop", {})
    assert (penalized.penalties.gradient, penalized.discriminator_steps) == (0.1, 5)
    assert list(penalized.generator.optimizer.options["betas"]) == [0.0, 0.9]


def test_without_a_name_the_report_s_objectives_get_the_course_recipe_and_the_others_the_literature():
    assert load_recipe().name == "course"
    for objective in OBJECTIVES:
        assert load_recipe(objective=objective).name == ("course" if objective in REPORTED else "literature")


def test_a_recipe_without_packing_is_written_as_it_was_before_there_was_any(tmp_path):
    assert "packing" not in load_recipe("course").to_toml()
    packed = load_recipe("course", packing=2)
    assert packed != load_recipe("course")
    assert load_recipe(written(tmp_path, packed.to_toml())) == packed


def test_a_recipe_is_frozen():
    recipe = load_recipe("course")
    with pytest.raises(ValueError, match="frozen"):
        recipe.epochs = 3


# Layers


LAYERS = """
objective = "gan"
epochs = 10
[optimizer]
lr = 0.1
[generator.optimizer]
lr = 0.2
[for.gan]
epochs = 20
[for.gan.discriminator.optimizer]
lr = 0.3
[for.wgan]
penalties = { clip = 0.5 }
optimizer = { lr = 0.4 }
"""


def test_a_later_layer_wins_key_by_key(tmp_path):
    path = written(tmp_path, LAYERS)

    def rates(**overrides):
        recipe = load_recipe(path, **overrides)
        return recipe.epochs, recipe.generator.optimizer.lr, recipe.discriminator.optimizer.lr

    assert rates() == (20, 0.2, 0.3)  # file, its players, its [for.gan]
    assert rates(objective="hinge") == (10, 0.2, 0.1)  # no [for.hinge]: the shared table under the player's own
    assert rates(objective="wgan") == (10, 0.4, 0.4)  # a shared table of a later layer beats an earlier player's
    assert rates(epochs=5, lr=0.9) == (5, 0.9, 0.9)  # overrides beat all
    assert rates(lr=0.9, generator={"optimizer": {"lr": 0.8}}) == (20, 0.8, 0.9)
    assert load_recipe(path, objective="wgan").penalties.clip == 0.5
    assert load_recipe(path).batch_size == Recipe.model_fields["batch_size"].default
    assert load_recipe(path).name == "mine"


def test_overrides_spell_the_same_thing_in_several_ways():
    ways = (
        {"generator": {"hidden": [8, 8, 8]}, "latent_dim": 3, "lr": 0.1},
        {"generator.hidden": [8, 8, 8], "latent.dim": 3, "optimizer.lr": 0.1},
        {"generator": {"hidden": (8, 8, 8)}, "latent": {"dim": 3}, "optimizer": {"lr": 0.1}},
    )
    first, *others = [load_recipe("course", **way) for way in ways]
    assert first.generator.hidden == (8, 8, 8)
    assert others == [first, first]


def test_none_means_not_given():
    assert load_recipe("course", epochs=None, lr=None, optimizer=None) == load_recipe("course")


def test_renaming_the_optimizer_drops_the_options_of_the_old_one():
    old = load_recipe("literature", objective="gan")
    assert list(old.generator.optimizer.options) == ["betas"]
    new = load_recipe("literature", objective="gan", optimizer="sgd")
    for player in (new.generator, new.discriminator):
        assert (player.optimizer.name, player.optimizer.options, player.optimizer.lr) == ("sgd", {}, 2e-4)
    given = load_recipe("literature", objective="gan", optimizer={"name": "sgd", "options": {"momentum": 0.9}})
    assert given.generator.optimizer.options == {"momentum": 0.9}
    more = load_recipe("literature", objective="gan", optimizer={"options": {"eps": 1e-6}})
    assert list(more.generator.optimizer.options) == ["betas", "eps"]


def test_naming_the_optimizer_that_is_already_meant_keeps_its_options():
    same = load_recipe("literature", objective="gan", optimizer="Adam")
    assert list(same.generator.optimizer.options) == ["betas"]
    unnamed = {"objective": "gan", "optimizer": {"options": {"alpha": 0.9}}}  # of rmsprop, the default
    assert load_recipe(unnamed, optimizer="rmsprop").generator.optimizer.options == {"alpha": 0.9}


def test_loading_leaves_the_mapping_as_it_was():
    source = {"objective": "gan", "optimizer": {"lr": 0.1}, "for": {"gan": {"epochs": 2}}}
    load_recipe(source, lr=0.5, epochs=9)
    assert source == {"objective": "gan", "optimizer": {"lr": 0.1}, "for": {"gan": {"epochs": 2}}}


# Refusals


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        ({"penalties": {"gradient": -1}}, "penalties.gradient = -1"),
        ({"penalties": {"gradient": 1.0, "clip": 0.1}}, "clipping and a gradient penalty"),
        ({"penalties": {"gradient": 0.0}}, "wgan-gp needs penalties.gradient"),
        ({"objective": "wgan", "penalties": {"clip": 0.0}}, "wgan needs penalties.clip"),
        ({"objective": "wgan", "penalties": {"clip": 0.0, "gradient": 1.0}}, "wgan with a gradient penalty is wgan-gp"),
        ({"discriminator": {"normalization": "batch"}}, "batch normalization"),
        ({"discriminator": {"normalization": ["none", "batch"]}}, "batch normalization"),
        ({"generator": {"normalization": ["batch"]}}, "generator names 1 normalizations for 3"),
        ({"generator": {"normalization": "bath"}}, "generator.normalization = 'bath'"),
        ({"generator": {"hidden": []}}, "generator.hidden = []"),
        ({"generator": {"hidden": [0, 1, 1]}}, "generator.hidden.0 = 0"),
        ({"generator": {"activation": "swish"}}, "generator.activation = 'swish'"),
        ({"generator": 3}, "generator = 3"),
        ({"epochs": 0}, "epochs = 0"),
        ({"epochs": 2.5}, "epochs = 2.5"),
        ({"epochs": True}, "epochs = True"),
        ({"epochs": "ten"}, "epochs = 'ten'"),
        ({"batch_size": 1}, "batch_size = 1"),
        ({"averaging": 1.0}, "averaging = 1.0"),
        ({"discriminator_steps": 0}, "discriminator_steps = 0"),
        ({"packing": 0}, "packing = 0"),
        ({"packing": 3}, "packing = 3 puts so many samples of a batch into one, two packs or more"),
        ({"packing": 256}, "a batch_size that is a multiple, not 256"),
        ({"latent_dim": 0}, "latent.dim = 0"),
        ({"lr": 0.0}, "optimizer.lr = 0.0"),
        ({"lr": float("nan")}, "optimizer.lr = nan"),
        ({"lr": float("inf")}, "optimizer.lr = inf"),
        ({"lr": 10**400}, "optimizer.lr = 1000"),
        ({"optimizer": 3}, "optimizer is a table"),
        ({"optimizer": {"name": 3}}, "optimizer.name = 3"),
        ({"optimizer": {"schedule": "step"}}, "optimizer.schedule = 'step'"),
        ({"epoch": 3}, "unknown key 'epoch'; did you mean 'epochs'?"),
        ({"generator": {"hiden": [3]}}, "did you mean 'generator.hidden'?"),
        ({"penalty.clip": 1}, "unknown key 'penalty'; did you mean 'penalties'?"),
        ({"latent": {"dim": 2, "distrbution": "normal"}}, "did you mean 'latent.distribution'?"),
    ],
)
def test_an_impossible_value_or_a_contradiction_is_refused_with_its_key(overrides, words):
    message = refused("course", **overrides)
    assert words in message
    assert "course" in message


def test_clipping_with_a_sigmoid_and_spectral_norm_instead_of_clipping_are_allowed():
    assert load_recipe("course", objective="gan", penalties={"clip": 0.1}).penalties.clip == 0.1
    bounded = {"penalties": {"clip": 0.0}, "discriminator": {"spectral_norm": True}}
    assert load_recipe("course", objective="wgan", **bounded).discriminator.spectral_norm


def test_unknown_names_are_refused_with_a_suggestion(tmp_path):
    assert "did you mean 'wgan-gp'?" in refused(objective="wgan_gp")
    assert "did you mean 'course'?" in refused("cource")
    assert "did you mean 'hinge'?" in refused(written(tmp_path, "[for.hing]\nepochs = 1"))
    assert "ending in .toml" in refused("cource")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("epochs = ", "not a TOML file"),
        (b"\xff\xfe", "not a TOML file"),
        ("epochs = " + "[" * 5000, "mine.toml"),
        ("for = 1", "'for' holds tables"),
        ("[for]\nwgan = 1", "'for' holds tables"),
        ("optimizer = 'adam'", "optimizer is a table"),
        ("objective = 3", "unknown objective '3'"),
        ("epochs = 1979-05-27", "epochs"),
        ("epochs = " + "9" * 5000, "mine.toml"),
        ("epochs = 0x" + "f" * 5000, "mine.toml"),
        ("epochs." + ".".join("a" * 5000) + " = 1", "mine.toml"),
        ('objective = "a\\nb"', "unknown objective"),
        ('"a\\nb" = 1', "unknown key"),
        ('[for."a\\nb"]', "unknown objective"),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_a_file_that_is_no_recipe_is_refused_with_one_line(tmp_path, text, words):
    assert words in refused(written(tmp_path, text))


def test_a_path_that_cannot_be_read_is_refused(tmp_path):
    assert "no such file" in refused(tmp_path / "absent.toml")
    folder = tmp_path / "folder.toml"
    folder.mkdir()
    assert str(folder) in refused(folder)
    assert "cannot be read" in refused("null\0byte.toml")
    assert "unknown recipe" in refused("")


def test_a_table_for_one_objective_cannot_choose_another(tmp_path):
    refused(written(tmp_path, 'objective = "wgan"\n[for.wgan]\nobjective = "gan"'))


def test_a_file_from_an_editor_that_writes_a_byte_order_mark_is_read(tmp_path):
    assert load_recipe(written(tmp_path, b"\xef\xbb\xbfobjective = 'gan'\nepochs = 3")).epochs == 3


def test_numpy_numbers_are_numbers():
    recipe = load_recipe("course", epochs=np.int64(4), lr=np.float64(0.1), **{"generator.hidden": np.array([4, 4, 4])})
    assert (recipe.epochs, recipe.generator.hidden) == (4, (4, 4, 4))


def test_options_given_as_a_tuple_survive_the_file(tmp_path):
    recipe = load_recipe(objective="gan", optimizer={"name": "adam", "options": {"betas": (0.5, 0.9)}})
    assert load_recipe(written(tmp_path, recipe.to_toml())) == recipe


def test_options_that_no_file_can_hold_are_refused_at_once():
    assert "foreach" in refused(objective="gan", optimizer={"name": "adam", "options": {"foreach": None}})


# Any recipe, any mapping, any file


def _tables(**optional):
    return st.fixed_dictionaries({}, optional=optional)


_OPTIMIZER = _tables(
    name=st.sampled_from(["adam", "sgd", "rmsprop"]),
    lr=st.floats(1e-12, 10),
    schedule=st.sampled_from(["constant", "linear", "cosine"]),
    options=st.dictionaries(st.text(), st.integers(-9, 9) | st.floats(-1, 1) | st.lists(st.floats(0, 1)), max_size=2),
)
_PLAYER = _tables(
    hidden=st.lists(st.integers(1, 99), min_size=2, max_size=2),
    activation=st.sampled_from(["leaky-relu", "gelu"]),
    slope=st.floats(0, 0.9),
    normalization=st.sampled_from(["none", "layer"]) | st.just(["none", "layer"]),
    spectral_norm=st.booleans(),
    optimizer=_OPTIMIZER,
)
_RECIPE = _tables(
    description=st.text(),
    epochs=st.integers(1, 10**7),
    updates=st.sampled_from(["simultaneous", "alternating"]),
    averaging=st.floats(0, 0.9999),
    packing=st.sampled_from([1, 2, 64]),
    standardize=st.booleans(),
    latent=_tables(dim=st.integers(1, 9), distribution=st.sampled_from(["normal", "uniform"])),
    optimizer=_OPTIMIZER,
    generator=_PLAYER,
    discriminator=_PLAYER,
    penalties=_tables(r1=st.floats(0, 10), r2=st.floats(0, 10)),
)


@QUICK
@given(overrides=_RECIPE, objective=st.sampled_from(["gan", "wgan", "rpgan"]))
def test_any_recipe_survives_its_file_unchanged(tmp_path_factory, overrides, objective):
    base = {"generator": {"hidden": [4, 4]}, "penalties": {"clip": 0.1}}
    recipe = load_recipe(base, objective=objective, **overrides)
    path = written(tmp_path_factory.getbasetemp(), recipe.to_toml())
    assert load_recipe(path) == recipe
    for key in ("epochs", "standardize", "description"):
        assert key not in overrides or getattr(recipe, key) == overrides[key]


_KNOWN = [*Recipe.model_fields, "for", "optimizer", "options", "lr", "hidden", "wgan", "dim"]
_KEYS = st.sampled_from(_KNOWN) | st.text()
_LEAVES = st.one_of(
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(),
    st.sampled_from(OBJECTIVES),
    st.just(datetime.date(2000, 1, 1)),
)
_VALUES = st.recursive(_LEAVES, lambda inner: st.lists(inner) | st.dictionaries(_KEYS, inner), max_leaves=8)
_MAPPINGS = st.dictionaries(_KEYS, _VALUES, max_size=5)


def _resolves_or_says_why(source) -> None:
    message = ""
    try:
        load_recipe(source)
    except InputError as error:
        message = str(error)
    assert len(message.splitlines()) < 2


@QUICK
@given(mapping=_MAPPINGS)
def test_any_mapping_resolves_or_is_refused_with_one_line(mapping):
    _resolves_or_says_why(mapping)


@QUICK
@given(content=st.binary() | st.text().map(str.encode) | _MAPPINGS.map(lambda table: tomli_w.dumps(table).encode()))
def test_any_file_resolves_or_is_refused_with_one_line(tmp_path_factory, content):
    _resolves_or_says_why(written(tmp_path_factory.getbasetemp(), content))
