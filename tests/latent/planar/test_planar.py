"""SeFa beside the exact local directions: closed forms, finite differences, and a run folder from end to end."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from matplotlib.text import Text
from PIL import Image
from safetensors import safe_open
from safetensors.torch import save_file
from torch import nn

from ganatomy.errors import InputError
from ganatomy.fitting.recipes.recipe import load_recipe
from ganatomy.fitting.run.fit import fit
from ganatomy.fitting.training.model import FittedGAN, Scaling
from ganatomy.fitting.training.networks import ACTIVATIONS, build
from ganatomy.latent.directions import Directions
from ganatomy.latent.planar.compare import CODES, draw_flows, sefa_beside_local, sefa_of_run
from ganatomy.latent.planar.local import PointMap, against_local, best_fixed, fixed_path, local_path, random_frames

WRITTEN = ["directions.json", "directions.safetensors", "flows.png", "summary.json"]


def _model(layers=None, dim=2, scale=(1.0, 1.0), shift=(0.0, 0.0), **overrides):
    """An untrained model, whose generator's layers may be replaced."""
    recipe = load_recipe({"objective": "gan", "batch_size": 16, "generator": {"hidden": [8, 8]}, **overrides})
    generator, discriminator = build(recipe, dim, seed=0)
    if layers is not None:
        generator.layers = nn.Sequential(*layers)
    return FittedGAN(recipe, generator, discriminator, Scaling(np.array(shift[:dim]), np.array(scale[:dim])))


def _linear(matrix):
    layer = nn.Linear(len(matrix[0]), len(matrix))
    with torch.no_grad():
        layer.weight.copy_(torch.tensor(matrix))
        layer.bias.zero_()
    return layer


class _Bowl(nn.Module):
    """z = (r cos t, r sin t) -> (r^2 / 2, t / 10): local directions point away from the origin, and around it."""

    def forward(self, z):
        return torch.stack([(z**2).sum(dim=1) / 2, 0.1 * torch.atan2(z[:, 1], z[:, 0])], dim=1)


# The Jacobian


@pytest.mark.parametrize(
    ("activation", "normalization", "spectral"),
    [
        *((activation, "none", False) for activation in ACTIVATIONS),
        *(("leaky-relu", "batch", False), ("relu", "batch", True), ("leaky-relu", "layer", True)),
    ],
)
def test_the_jacobian_is_the_slope_in_the_data_s_units(activation, normalization, spectral):
    network = {"activation": activation, "normalization": normalization, "spectral_norm": spectral}
    G = PointMap(
        _model(generator={"hidden": [8, 8], **network}, latent={"dim": 3}, scale=(0.5, 20.0), shift=(7.0, -1.0))
    )
    z, step = G.draw(20, seed=1), 1e-6
    slopes = G.jacobian(z)
    assert slopes.shape == (20, 2, 3)
    for column in range(3):
        shift = step * np.eye(3)[column]
        difference = (G.points(z + shift) - G.points(z - shift)) / (2 * step)
        np.testing.assert_allclose(slopes[..., column], difference, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("normalization", ["none", "batch"])
def test_the_map_is_the_model_s_transform(normalization):
    model = _model(generator={"normalization": normalization}, scale=(0.5, 20.0), shift=(7.0, -1.0))
    z = np.random.default_rng(1).standard_normal((4, 5, 2))
    expected = model.transform(z.reshape(-1, 2)).reshape(4, 5, 2)
    np.testing.assert_allclose(PointMap(model).points(z), expected, rtol=1e-5)


def test_classes_stay_what_they_are():
    model = _model(latent={"dim": 3, "classes": 4})
    G = PointMap(model)
    z = G.draw(6, seed=0)
    assert z.shape == (6, 7)
    assert G.style_weights().shape == (8, 3)
    slopes = G.jacobian(z)
    assert (slopes[..., 3:] == 0).all()
    assert (slopes[..., :3] != 0).any(axis=(1, 2)).all()
    found = sefa_beside_local(model, k=2)
    assert found.directions.vectors.shape == (2, 7)
    assert (found.directions.vectors[:, 3:] == 0).all()
    np.testing.assert_array_equal(
        local_path(G.jacobian, z, 1, found.directions.vectors[1], 0.5, 3)[..., 3:], z[:, None, 3:].repeat(7, 1)
    )


# Closed forms


def test_sefa_is_exact_on_a_linear_generator():
    matrix = [[3.0, 1.0, -1.0], [0.5, 2.0, 0.0]]
    found = sefa_beside_local(_model([_linear(matrix)], latent={"dim": 3}), k=3, normalize=False)
    _, s, vt = np.linalg.svd(matrix)
    for k in range(2):
        assert found.sefa[k].angle.upper == pytest.approx(0, abs=1e-5)
        assert found.sefa[k].velocity_angle.upper == pytest.approx(0, abs=1e-5)
        assert found.sefa[k].speed.lower == pytest.approx(s[k] / s[0], rel=1e-6)
        assert found.exact[k].median == pytest.approx(s[k] / s[0], rel=1e-6)
        assert abs(found.directions.vectors[k] @ vt[k]) == pytest.approx(1, rel=1e-6)
    assert found.sefa[2].angle is None  # the plane has two dimensions, so a third direction moves nothing
    assert found.sefa[2].speed.upper == pytest.approx(0, abs=1e-5)
    assert max(angle.upper for angle in found.spans) == pytest.approx(0, abs=1e-5)
    assert found.best_fixed[0].angle.upper == pytest.approx(0, abs=1e-5)
    assert found.chance[0].angle.median > 30
    assert found.unmoved == 0


def test_the_scaling_counts_since_angles_are_measured_in_the_data_s_units():
    found = sefa_beside_local(_model([_linear([[2.0, 0.0], [0.0, 1.0]])], scale=(1.0, 4.0)), normalize=False)
    assert [row.angle.median for row in found.sefa] == pytest.approx([90, 90])  # there, the second is the stronger
    assert found.sefa[0].speed.median == pytest.approx(0.5)


def test_on_a_ring_no_fixed_direction_is_better_than_chance():
    found = sefa_beside_local(_model([_linear([[1.0, 0.0], [0.0, 1.0]]), _Bowl()]))
    for rows in (found.sefa, found.best_fixed, found.chance):
        assert rows[0].angle.median == pytest.approx(45, abs=5)


def test_in_a_latent_plane_both_directions_are_off_by_the_same_angle_and_the_spans_are_everything():
    found = sefa_beside_local(_model())
    np.testing.assert_allclose(found.angles[:, 0], found.angles[:, 1], atol=1e-6)
    assert found.spans is None
    assert sefa_beside_local(_model(latent={"dim": 3})).spans is not None


def test_angles_speeds_and_spans_are_those_of_trigonometry():
    turn = np.radians(20)
    jacobians = np.array([[[3.0, 0.0, 0.0], [0.0, 1.0, 0.0]]])
    directions = np.array([[np.cos(turn), 0.0, np.sin(turn)], [0.0, -1.0, 0.0]])  # tilted out of the local plane
    found = against_local(jacobians, directions)
    np.testing.assert_allclose(found.angle, [[20, 0]], atol=1e-6)
    np.testing.assert_allclose(found.velocity_angle, [[0, 0]], atol=1e-6)
    np.testing.assert_allclose(found.spans, [[0, 20]], atol=1e-6)
    np.testing.assert_allclose(found.speed, [[np.cos(turn), 1 / 3]])


def test_signs_and_lengths_of_the_singular_vectors_do_not_count():
    rng = np.random.default_rng(0)
    jacobians, frames = rng.standard_normal((50, 2, 4)), random_frames(50, 2, (4, 4), seed=1)
    found, flipped = against_local(jacobians, frames), against_local(-7.0 * jacobians, -frames)
    for name in ("speed", "angle", "velocity_angle", "spans"):
        np.testing.assert_allclose(getattr(found, name), getattr(flipped, name), atol=1e-6)


def test_codes_that_no_direction_moves_have_no_angle_and_are_counted():
    jacobians = np.array([np.eye(2), np.zeros((2, 2)), [[1.0, 0.0], [0.0, 0.0]]])
    found = against_local(jacobians, np.eye(2))
    assert np.isnan(found.angle).tolist() == [[False, False], [True, True], [False, True]]
    assert np.isnan(found.speed).tolist() == [[False, False], [True, True], [False, False]]

    dead = nn.Sequential(_linear([[1.0, 0.0], [0.0, 1.0]]), nn.ReLU())  # 0 in a quarter of the plane
    result = sefa_beside_local(_model([*dead]))
    z = PointMap(_model([*dead])).draw(CODES, seed=0)
    assert result.unmoved == (z <= 0).all(axis=1).sum() > 50


def test_chance_has_the_mean_square_speed_and_the_angles_that_it_must():
    jacobians = np.random.default_rng(0).standard_normal((1, 2, 5)).repeat(20000, axis=0)
    found = against_local(jacobians, random_frames(20000, 2, (5, 5), seed=0))
    s = np.linalg.svd(jacobians[0], compute_uv=False)
    np.testing.assert_allclose((found.speed**2).mean(axis=0), (s**2).sum() / 5 / s[0] ** 2, rtol=0.03)
    np.testing.assert_allclose((np.cos(np.radians(found.angle)) ** 2).mean(axis=0), 1 / 5, rtol=0.03)


def test_no_fixed_direction_has_a_larger_mean_square_speed_than_the_best():
    jacobians = np.random.default_rng(0).standard_normal((300, 2, 4)) * [1.0, 2.0, 1.5, 0.5]
    best = best_fixed(jacobians, 2)
    np.testing.assert_allclose(best @ best.T, np.eye(2), atol=1e-12)
    speed = ((jacobians @ best[0]) ** 2).sum(axis=1).mean()
    others = random_frames(500, 1, (4, 4), seed=0)[:, 0]
    assert speed > ((jacobians @ others.T) ** 2).sum(axis=1).mean(axis=0).max()
    angles = np.linspace(0, np.pi, 181)[1:-1]
    near = np.cos(angles)[:, None] * best[0] + np.sin(angles)[:, None] * best[1]
    assert (((jacobians @ near.T) ** 2).sum(axis=1).mean(axis=0) < speed).all()


# Paths


def test_a_fixed_path_is_a_straight_line_of_codes():
    z = np.random.default_rng(0).standard_normal((5, 3))
    path = fixed_path(z, np.array([0.6, 0.0, 0.8]), reach=2.0, steps=4)
    assert path.shape == (5, 9, 3)
    np.testing.assert_allclose(path[:, 4], z)
    np.testing.assert_allclose(path[:, -1] - path[:, 0], np.broadcast_to([2.4, 0, 3.2], (5, 3)))


def test_a_local_path_follows_the_curve_that_moves_the_point_most():
    # In the bowl the strongest direction is radial, so that a path is a ray; the other is a circle around the origin.
    G = PointMap(_model([nn.Identity(), _Bowl()]))
    z = np.array([[2.0, 0.0], [0.0, -3.0], [1.5, 2.0]])
    rays = local_path(G.jacobian, z, 0, np.array([1.0, 0.1]), reach=0.5, steps=10)
    length = np.linalg.norm(z, axis=1)
    expected = np.stack(
        [z * (1 + sign * s / length)[:, None] for s in np.linspace(-0.5, 0.5, 21) for sign in [np.array([1, -1, 1])]], 1
    )
    np.testing.assert_allclose(rays, expected, atol=1e-9)
    circles = local_path(G.jacobian, z, 1, np.array([0.0, 1.0]), reach=0.5, steps=10)
    np.testing.assert_allclose(np.linalg.norm(circles, axis=2), length[:, None].repeat(21, 1), atol=1e-4)
    np.testing.assert_allclose(np.linalg.norm(np.diff(circles, axis=1), axis=2), 0.05, rtol=1e-9)


def test_a_local_path_does_not_turn_back_where_the_solver_changes_the_sign():
    G = PointMap(_model(generator={"hidden": [32, 32], "activation": "tanh"}))
    z = G.draw(40, seed=0)
    toward = np.array([1.0, 0.0])
    path = local_path(G.jacobian, z, 0, toward, reach=1.0, steps=20)
    steps = np.diff(path, axis=1)
    assert ((steps[:, 1:] * steps[:, :-1]).sum(axis=2) > -1e-12).all()
    assert (steps[:, 20] @ toward > -1e-6).mean() > 0.9  # the first step forward goes with `toward`
    raw = np.linalg.svd(G.jacobian(path))[2][..., 0, :]
    assert ((raw[:, 1:] * raw[:, :-1]).sum(axis=2) < 0).any()  # it did change it


# A run's folder


@pytest.fixture
def copy(finished, tmp_path):
    return Path(shutil.copytree(finished.folder, tmp_path / "copy"))


def test_sefa_of_a_run_leaves_it_as_it_was(copy, contents):
    before = contents(copy)
    found = sefa_of_run(copy, seed=4)
    after = contents(copy)
    assert {name: after[name] for name in before} == before
    assert sorted(set(after) - set(before)) == [f"directions/{name}" for name in WRITTEN]
    assert sorted(path.name for path in found.files) == WRITTEN
    loaded = Directions.load(copy / "directions" / "directions.safetensors")
    np.testing.assert_array_equal(loaded.vectors, found.directions.vectors)
    assert loaded.fingerprint == PointMap(FittedGAN.load(copy / "generator.safetensors")).fingerprint()
    summary = json.loads(after["directions/summary.json"])
    assert (summary["seed"], summary["codes"], len(summary["sefa"])) == (4, CODES, 2)
    assert summary["sefa"][1]["angle"]["median"] == found.sefa[1].angle.median
    with Image.open(copy / "directions" / "flows.png") as picture:
        assert picture.width > 1000


def test_the_same_call_writes_the_same_bytes_and_out_says_where(copy, tmp_path, contents):
    sefa_of_run(copy, out=tmp_path / "deep" / "a")
    sefa_of_run(copy, out=str(tmp_path / "b"))
    assert not (copy / "directions").exists()
    assert contents(tmp_path / "deep" / "a") == contents(tmp_path / "b")
    sefa_of_run(copy, out=tmp_path / "b", normalize=False)
    assert Directions.load(tmp_path / "b" / "directions.json").method == "sefa-raw"


def _edited(folder, **weights):
    """Replace tensors of the folder's generator."""
    path = folder / "generator.safetensors"
    with safe_open(path, framework="pt") as file:
        tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 (not a dict)
        metadata = file.metadata()
    for name, change in weights.items():
        tensors[f"generator.{name.replace('_', '.')}"].apply_(change)
    save_file(tensors, path, metadata=metadata)


def _refused(folder, **settings) -> str:
    with pytest.raises(InputError) as caught:
        sefa_of_run(folder, **settings)
    message = str(caught.value)
    assert len(message.splitlines()) == 1
    assert not (Path(folder) / "directions").exists()
    return message


def test_what_is_no_finished_run_is_refused(copy, tmp_path):
    assert "no run folder" in _refused(tmp_path / "absent")
    assert "no run folder" in _refused(tmp_path)
    (copy / "summary.json").unlink()
    assert "no finished run" in _refused(copy)


def test_damaged_and_diverged_runs_are_refused(copy):
    whole = (copy / "generator.safetensors").read_bytes()
    (copy / "generator.safetensors").write_bytes(whole[:1000])
    assert "not a safetensors file" in _refused(copy)
    (copy / "generator.safetensors").write_bytes(whole)
    for name in ("layers_0_weight", "layers_2_bias"):
        _edited(copy, **{name: lambda value: float("nan")})
        assert "diverged" in _refused(copy)
        (copy / "generator.safetensors").write_bytes(whole)
    _edited(copy, layers_2_weight=lambda value: 0.0)
    assert "the same point of every code" in _refused(copy)
    (copy / "generator.safetensors").unlink()
    assert "no such file" in _refused(copy)


@pytest.mark.parametrize(("settings", "said"), [({"k": 3}, "K = 3"), ({"k": 0}, "K = 0"), ({"seed": -1}, "seed = -1")])
def test_settings_out_of_range_are_refused(copy, settings, said):
    assert said in _refused(copy, **settings)


def test_a_folder_that_cannot_be_written_is_refused(copy, tmp_path):
    (tmp_path / "file").write_text("kept")
    assert "cannot write to" in _refused(copy, out=tmp_path / "file")
    assert (tmp_path / "file").read_text() == "kept"


def test_flows_are_told_in_the_language_that_is_asked_for(monkeypatch):
    monkeypatch.setattr("ganatomy.figures.fonts.chinese_fonts", lambda: ["a font"])
    model = fit(np.random.default_rng(0).normal(size=(512, 2)), recipe="recommended", epochs=1)
    result = sefa_beside_local(model)
    points = np.random.default_rng(1).normal(size=(64, 2))
    for language, said, other in (
        ("en", "for all codes, one direction", "潜码"),
        ("zh", "所有潜码用同一方向", "codes"),
    ):
        figure = draw_flows(model, result, points, seed=0, title="a model", language=language)
        texts = "\n".join(text.get_text() for text in figure.findobj(Text))
        assert said in texts
        assert other not in texts
    with pytest.raises(InputError, match="unknown language 'fr'"):
        draw_flows(model, result, points, seed=0, title="", language="fr")


def test_a_result_is_a_line_and_a_frame():
    model = fit(np.random.default_rng(0).normal(size=(512, 2)), recipe="recommended", epochs=1)
    result = sefa_beside_local(model, source="tiny")
    assert repr(result).startswith("PlanarResult(2 by sefa in tiny; the first moves points at ")
    frame = result.to_frame()
    assert frame["speed"].tolist() == [against.speed.median for against in result.sefa]
    assert frame["angle_chance"].tolist() == [against.angle.median for against in result.chance]
