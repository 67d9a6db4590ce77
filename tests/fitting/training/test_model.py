"""A fitted model: a pure function of its seed, in the data's units, and the same after a file."""

import json
import os

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors import safe_open
from safetensors.torch import save_file

from ganatomy.errors import InputError
from ganatomy.fitting.metrics import samples as metrics
from ganatomy.fitting.recipes.recipe import OBJECTIVES, load_recipe
from ganatomy.fitting.training.model import FittedGAN, Scaling
from ganatomy.fitting.training.networks import build
from ganatomy.fitting.training.trainer import Trainer


def _points(n=64, dim=2, shift=0.0, scale=1.0):
    return shift + scale * np.random.default_rng(0).standard_normal((n, dim))


def _recipe(objective="gan", **overrides):
    small = {
        "objective": objective,
        "batch_size": 16,
        "epochs": 1,
        "generator": {"hidden": [8, 8], "normalization": ["none", "batch"]},
        "discriminator": {"hidden": [8], "activation": "tanh"},
        "penalties": {"clip": 0.1 * (objective == "wgan"), "gradient": float(objective == "wgan-gp")},
    }
    return load_recipe(small, **overrides)


def _model(points=None, **overrides):
    points = _points() if points is None else points
    recipe = _recipe(**overrides)
    generator, discriminator = build(recipe, points.shape[1], seed=0)
    with torch.no_grad():  # scores that vary over the plane
        for p in discriminator.parameters():
            p.mul_(3)
    return FittedGAN(recipe, generator, discriminator, Scaling.fit(points, recipe.standardize))


# Samples


@pytest.mark.parametrize("distribution", ["normal", "uniform"])
@pytest.mark.parametrize(("batch", "latent_dim"), [(16, 2), (5, 2), (250, 1), (250, 2), (7, 3)])
def test_a_smaller_sample_is_the_beginning_of_a_larger_one(batch, latent_dim, distribution):
    latent = {"dim": latent_dim, "distribution": distribution}
    model = _model(batch_size=batch, latent=latent)
    largest = model.sample(4 * batch + 1, seed=3)
    for n in (1, 2, batch - 1, batch, batch + 1, 2 * batch, 3 * batch + 2, 4 * batch):
        np.testing.assert_array_equal(model.sample(n, seed=3), largest[:n])


def test_a_sample_depends_on_its_seed_alone():
    model = _model()
    torch_state, numpy_state = torch.get_rng_state(), np.random.get_state()[1].copy()  # noqa: NPY002
    first = model.sample(40, seed=1)
    torch.manual_seed(99)
    model.sample(7, seed=5)
    np.testing.assert_array_equal(model.sample(40, seed=1), first)
    assert not np.array_equal(model.sample(40, seed=2), first)
    torch.set_rng_state(torch_state)
    np.testing.assert_array_equal(model.sample(40, seed=1), first)
    assert torch.equal(torch.get_rng_state(), torch_state)
    assert np.array_equal(np.random.get_state()[1], numpy_state)  # noqa: NPY002


@pytest.mark.parametrize("dim", [1, 2, 5])
def test_a_sample_is_a_float64_array_of_the_data_s_shape(dim):
    sample = _model(_points(dim=dim)).sample(33)
    assert (sample.shape, sample.dtype) == ((33, dim), np.float64)
    assert len(np.unique(sample, axis=0)) == 33


def test_batches_of_a_sample_are_batches_of_the_training_s_size():
    model = _model()
    z = torch.randn((2, 16, 2), generator=torch.Generator().manual_seed(4))
    with torch.no_grad():
        expected = torch.cat([model.generator(z[0]), model.generator(z[1])]).double().numpy()
    np.testing.assert_array_equal(model.sample(32, seed=4), expected)


@pytest.mark.parametrize("n", [0, -3])
def test_a_sample_of_no_points_is_refused(n):
    with pytest.raises(InputError, match=f"cannot sample {n} points"):
        _model().sample(n)


@pytest.mark.parametrize("normalization", ["none", "batch"])
def test_a_code_is_transformed_for_itself(normalization):
    model = _model(generator={"normalization": normalization})
    z = np.random.default_rng(1).standard_normal((9, 2))
    together, before = model.transform(z), model.sample(20)
    assert (together.shape, together.dtype) == ((9, 2), np.float64)
    for i in range(9):
        np.testing.assert_allclose(model.transform(z[i : i + 1]), together[i : i + 1], rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(model.sample(20), before)  # the model is what it was


def test_without_batch_normalization_a_transform_is_the_generator():
    model = _model(generator={"normalization": "none"})
    z = torch.randn((16, 2), generator=torch.Generator().manual_seed(4))
    np.testing.assert_allclose(model.transform(z), model.sample(16, seed=4), rtol=1e-5, atol=1e-6)


def test_with_batch_normalization_a_transform_is_near_the_generator_on_a_large_batch():
    model = _model(batch_size=256)
    z = torch.randn((4096, 2), generator=torch.Generator().manual_seed(4))
    with torch.no_grad():
        large = model.generator(z).double().numpy()
    difference = abs(model.transform(z) - large).mean(axis=0)
    assert (difference < 0.05 * large.std(axis=0)).all()  # the statistics of 8192 codes against those of 4096


@pytest.mark.parametrize("shape", [(4, 9), (2,), (1, 1, 2)])
def test_codes_of_another_shape_are_refused(shape):
    with pytest.raises(InputError, match="codes have shape"):
        _model().transform(np.zeros(shape))


# Units


def test_samples_are_in_the_data_s_units_however_far_the_data_are():
    near, far = _model(_points(), standardize=True), _model(_points(shift=1e6, scale=0.01), standardize=True)
    sample = far.sample(64)
    assert (abs(sample - 1e6) < 1).all()
    # float64 all the way: at 1e6, float32 would have steps of 0.06.
    np.testing.assert_allclose((sample - 1e6) / 0.01, near.sample(64), atol=1e-5)


@pytest.mark.parametrize("standardize", [False, True])
def test_the_scaling_is_inverted_exactly_where_it_matters(standardize):
    points = _points(shift=[3.0, -1e6], scale=[0.01, 100.0])
    scaling = Scaling.fit(points, standardize)
    inside = scaling.to_network(points)
    assert inside.dtype == torch.float32
    back = scaling.to_data(inside)
    assert back.dtype == np.float64
    if standardize:
        np.testing.assert_allclose(inside.mean(0), 0, atol=1e-5)
        np.testing.assert_allclose(inside.std(0, correction=0), 1, rtol=1e-5)
        assert (abs(back - points) < 1e-5 * points.std(0)).all()
    else:
        np.testing.assert_array_equal(inside, points.astype(np.float32))


# The discriminator's opinion


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_discriminate_is_the_probability_or_the_score(objective):
    points = _points(20)
    model = _model(objective=objective)
    with torch.no_grad():
        scores = model.discriminator(torch.tensor(points, dtype=torch.float32)).double().numpy()
    expected = 1 / (1 + np.exp(-scores)) if objective in ("gan", "ns-gan") else scores
    found = model.discriminate(points)
    assert (found.shape, found.dtype) == ((20,), np.float64)
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("standardize", [False, True])
@pytest.mark.parametrize("objective", ["gan", "wgan-gp"])
def test_the_discriminator_s_gradient_is_the_slope_of_its_value_in_the_data_s_units(objective, standardize):
    data = _points(scale=[0.5, 20.0], shift=[7.0, 0.0])
    model = _model(data, objective=objective, standardize=standardize)
    found = model.discriminator_gradient(data[:20])
    assert (found.shape, found.dtype) == ((20, 2), np.float64)
    for column, step in enumerate(1e-2 * model.scaling.scale):
        shift = step * np.eye(2)[column]
        slope = (model.discriminate(data[:20] + shift) - model.discriminate(data[:20] - shift)) / (2 * step)
        np.testing.assert_allclose(found[:, column], slope, rtol=2e-2, atol=1e-3 * abs(found).max())


def test_the_discriminator_has_an_opinion_on_one_point_and_on_points_of_a_line():
    model, points = _model(), np.array([[0.0, 0.0], [0.0, 1.0], [0.0, 2.0]])
    together = model.discriminate(points)
    np.testing.assert_allclose(model.discriminate(points[:1]), together[:1], rtol=1e-5)
    assert model.discriminator_gradient(points).shape == (3, 2)


def test_points_of_another_dimension_are_refused():
    for method in ("discriminate", "discriminator_gradient", "score"):
        with pytest.raises(InputError, match="3 columns"):
            getattr(_model(), method)(_points(dim=3))


def test_the_score_is_minus_the_exact_2_wasserstein_distance():
    model, heldout = _model(), _points(50)
    samples, spreads = model.sample(50, seed=2), heldout.std(axis=0)
    assert model.score(heldout, seed=2) == -metrics.wasserstein2(samples / spreads, heldout / spreads)
    assert model.score(heldout, seed=2, scale="raw") == -metrics.wasserstein2(samples, heldout)
    assert model.score(model.sample(50, seed=2), seed=2) == pytest.approx(0, abs=1e-9)
    assert model.score(heldout + 100) < model.score(heldout) < 0


# Files


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_a_trained_model_comes_back_from_its_file_bit_for_bit(tmp_path, objective):
    recipe = _recipe(objective, standardize=True, discriminator={"spectral_norm": True, "normalization": "layer"})
    *_, last = Trainer(_points(shift=1e6), recipe, seed=1)
    model, path = last.snapshot, tmp_path / "generator.safetensors"
    model.save(path)
    loaded = FittedGAN.load(path)
    assert loaded.recipe == model.recipe
    np.testing.assert_array_equal(loaded.sample(50, seed=3), model.sample(50, seed=3))
    points = _points(shift=1e6)
    for method in ("discriminate", "discriminator_gradient"):
        np.testing.assert_array_equal(getattr(loaded, method)(points), getattr(model, method)(points))
    assert [file.name for file in tmp_path.iterdir()] == ["generator.safetensors"]


def test_saving_again_replaces_the_file(tmp_path):
    path = tmp_path / "model.safetensors"
    _model(_points(dim=3)).save(path)
    _model().save(str(path))
    assert FittedGAN.load(str(path)).dim == 2


def test_a_model_that_cannot_be_written_leaves_nothing_behind(tmp_path):
    (tmp_path / "file").write_text("kept")
    (tmp_path / "folder").mkdir()
    before = sorted(tmp_path.rglob("*"))
    unwritable = ("absent/m.safetensors", "file/m.safetensors", "folder", "n" * 300 + ".safetensors")
    for path in (*(tmp_path / name for name in unwritable), ""):
        with pytest.raises(InputError):
            _model().save(path)
    assert sorted(tmp_path.rglob("*")) == before
    assert (tmp_path / "file").read_text() == "kept"


def _refused(path) -> str:
    with pytest.raises(InputError) as caught:
        FittedGAN.load(path)
    message = str(caught.value)
    assert str(path) in message
    assert len(message.splitlines()) == 1
    return message


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "saved.safetensors"
    _model().save(path)
    return path


def _edited(saved, target, drop=(), tensors=None, **header):
    """Write the saved model again with other tensors or another header."""
    with safe_open(saved, framework="pt") as file:
        kept = {key: file.get_tensor(key) for key in file.keys() if key not in drop}  # noqa: SIM118 (not a dict)
        card = {**json.loads(file.metadata()["ganatomy"]), **header}
        save_file({**kept, **(tensors or {})}, target, metadata={"ganatomy": json.dumps(card)})
    return target


def test_a_missing_file_and_a_folder_are_refused(tmp_path):
    assert "no such file" in _refused(tmp_path / "absent.safetensors")
    _refused(tmp_path)


@settings(max_examples=50, derandomize=True, deadline=None)
@given(content=st.binary() | st.text().map(str.encode))
def test_garbage_is_refused(tmp_path_factory, content):
    path = tmp_path_factory.getbasetemp() / "garbage.safetensors"
    path.write_bytes(content)
    _refused(path)


def test_a_truncated_file_is_refused(saved, tmp_path):
    content, path = saved.read_bytes(), tmp_path / "cut.safetensors"
    for length in (0, 7, 8, 100, len(content) // 2, len(content) - 1):
        path.write_bytes(content[:length])
        _refused(path)


def test_another_safetensors_file_and_another_version_are_refused(saved, tmp_path):
    other = tmp_path / "other.safetensors"
    save_file({"weight": torch.zeros(3)}, other)
    assert "no model of ganatomy" in _refused(other)
    version = "fitted-gan-0"
    assert version in _refused(_edited(saved, tmp_path / "old.safetensors", format=version))


def test_a_damaged_model_is_refused(saved, tmp_path):
    path = tmp_path / "damaged.safetensors"
    with safe_open(saved, framework="pt") as file:
        recipe = json.loads(file.metadata()["ganatomy"])["recipe"]
    for damaged in ("", [], 5, {**recipe, "epochs": 0}, {**recipe, "what": 1}):
        _refused(_edited(saved, path, recipe=damaged))
    for header in ("", "{", "[]", "5", "null"):
        save_file({}, path, metadata={"ganatomy": header})
        _refused(path)
    for name in ("generator.layers.0.weight", "discriminator.layers.0.bias", "scaling.scale"):
        _refused(_edited(saved, path, drop=[name]))
    for tensors in (
        {"generator.layers.0.weight": torch.zeros(3, 3)},
        {"generator.layers.77.weight": torch.zeros(3)},
        {"scaling.shift": torch.zeros(3, dtype=torch.float64)},
        {"scaling.scale": torch.tensor(1.0)},
        {"scaling.scale": torch.ones(2, dtype=torch.bfloat16)},
    ):
        _refused(_edited(saved, path, tensors=tensors))


# Of strangers


def _file(path, header, tensors):
    """Write a safetensors file whose header says what it likes."""
    save_file(tensors, path, metadata={"ganatomy": json.dumps(header)})
    return path


def test_a_recipe_is_never_read_from_a_path_that_a_model_names(saved, tmp_path):
    (tmp_path / "mine.toml").write_text("epochs = 7\n")
    for recipe in (str(tmp_path / "mine.toml"), "course", None, ["course"]):
        assert "its recipe is no table" in _refused(_edited(saved, tmp_path / "a.safetensors", recipe=recipe))


@pytest.mark.parametrize("change", ["nan", "shape", "double", "missing", "more", "scale", "empty"])
def test_weights_that_are_not_the_recipe_s_are_refused(saved, tmp_path, change):
    with safe_open(saved, framework="pt") as file:
        card = json.loads(file.metadata()["ganatomy"])
        tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 (not a dict)
    first = next(key for key in tensors if key.startswith("generator.") and tensors[key].dim() == 2)
    {
        "nan": lambda: tensors[first].fill_(float("nan")),
        "shape": lambda: tensors.update({first: tensors[first].T.contiguous()[:1]}),
        "double": lambda: tensors.update({first: tensors[first].double()}),
        "missing": lambda: tensors.pop(first),
        "more": lambda: tensors.update(more=torch.zeros(1)),
        "scale": lambda: tensors["scaling.scale"].mul_(-1),
        "empty": lambda: tensors.update(
            {"scaling.shift": torch.zeros(0).double(), "scaling.scale": torch.zeros(0).double()}
        ),
    }[change]()
    assert "damaged model" in _refused(_file(tmp_path / "a.safetensors", card, tensors))


def test_networks_are_not_built_before_their_weights_are_there(saved, tmp_path, monkeypatch):
    built = []
    monkeypatch.setattr(
        "ganatomy.fitting.training.model.build",
        lambda *arguments, **options: (built.append(torch.empty(0).device.type), build(*arguments, **options))[1],
    )
    with safe_open(saved, framework="pt") as file:
        card = json.loads(file.metadata()["ganatomy"])
        tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 (not a dict)
    large = {**card["recipe"], "generator": {**card["recipe"]["generator"], "hidden": [9999, 9999]}}
    line = _refused(_file(tmp_path / "a.safetensors", {**card, "recipe": large}, tensors))
    assert "damaged model" in line
    assert built == ["meta"]  # a place where there are shapes only


def test_a_pipe_and_a_header_of_no_sense_are_refused(saved, tmp_path):
    os.mkfifo(tmp_path / "pipe.safetensors")
    assert "no ordinary file" in _refused(tmp_path / "pipe.safetensors")
    for content in (b"", b"\xff" * 64, (1 << 40).to_bytes(8, "little") + b"{}", b"\2" + bytes(7) + b"[]"):
        (tmp_path / "a.safetensors").write_bytes(content)
        assert "a.safetensors" in _refused(tmp_path / "a.safetensors")


@pytest.mark.parametrize("options", [{}, {"discriminator": {"hidden": [8], "spectral_norm": True}}])
def test_a_model_comes_back_with_every_kind_of_layer(tmp_path, options):
    model = _model(**options)
    model.save(tmp_path / "a.safetensors")
    again = FittedGAN.load(tmp_path / "a.safetensors")
    np.testing.assert_array_equal(again.sample(20), model.sample(20))
    np.testing.assert_array_equal(again.discriminate(np.eye(2)), model.discriminate(np.eye(2)))
