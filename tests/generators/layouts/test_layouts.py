"""Whatever a project calls and scales its weights, under our names they make its own code's pictures."""

import math
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from ganatomy.errors import InputError
from ganatomy.files import Meter, spending
from ganatomy.generators.checkpoint import read_checkpoint
from ganatomy.generators.files.states import rank, states


@pytest.fixture
def opened(tmp_path):
    """Save a tree with torch and open it as a checkpoint."""

    def write(tree, **options):
        path = tmp_path / f"{len(list(tmp_path.iterdir()))}.pth"
        torch.save(tree, path)
        return read_checkpoint(path, **options)

    return write


@pytest.fixture
def refused(opened):
    """The message with which a tree is refused."""

    def write(tree, **options):
        with pytest.raises(InputError) as caught:
            opened(tree, **options)
        assert str(caught.value).isprintable()
        return str(caught.value)

    return write


def pixel_norm(x):
    return x / torch.sqrt(torch.mean(x**2, dim=1, keepdim=True) + 1e-8)


def progan(weights, z):
    """ProGAN as our names define it, at full level of detail."""
    w = {name: torch.from_numpy(np.array(value)) for name, value in weights.items()}
    layers = sum(name.startswith("layers") and name.endswith("weight") for name in w)
    x = pixel_norm(torch.as_tensor(z))[:, :, None, None]
    for i in range(layers):
        kernel, bias = w[f"layers.{i}.weight"], w[f"layers.{i}.bias"]
        x = pixel_norm(x)
        x = functional.interpolate(x, scale_factor=2) if i >= 2 and i % 2 == 0 else x
        x = functional.conv2d(x, kernel * math.sqrt(2 / kernel[0].numel()), padding=1 if i else 3)
        x = functional.leaky_relu(x + (bias if bias.dim() == 3 else bias[:, None, None]), 0.2)
    kernel, bias = w[f"outputs.{layers // 2 - 1}.weight"], w[f"outputs.{layers // 2 - 1}.bias"]
    return functional.conv2d(pixel_norm(x), kernel / math.sqrt(kernel[0].numel()), bias).numpy()


def zoo_forward(state, z):
    """pytorch_GAN_zoo's PGAN, from the description of its layout: whole layers are scaled, biases too."""

    def scaled(stem, function, x, **options):
        weight, bias = state[f"{stem}.module.weight"], state[f"{stem}.module.bias"]
        return function(x, weight, bias, **options) * math.sqrt(2 / weight[0].numel())

    x = functional.leaky_relu(scaled("formatLayer", functional.linear, pixel_norm(z)), 0.2)
    x = pixel_norm(x.view(len(z), -1, 4, 4))
    x = pixel_norm(functional.leaky_relu(scaled("groupScale0.0", functional.conv2d, x, padding=1), 0.2))
    for s in range(2):
        x = functional.interpolate(x, scale_factor=2)
        for j in range(2):
            x = functional.leaky_relu(scaled(f"scaleLayers.{s}.{j}", functional.conv2d, x, padding=1), 0.2)
            x = pixel_norm(x)
    return scaled("toRGBLayers.2", functional.conv2d, x).numpy()


def dcgan(weights, z):
    """DCGAN as our names define it."""
    w = {name: torch.from_numpy(np.array(value)) for name, value in weights.items()}
    layers = sum(name.startswith("layers") and name.endswith("weight") for name in w)
    x = z[:, :, None, None]
    for i in range(layers):
        kernel = w[f"layers.{i}.weight"]
        stride, padding = (1, 0) if i == 0 else (2, 1) if kernel.shape[2] == 4 else (1, 1)
        x = functional.conv_transpose2d(x, kernel, w.get(f"layers.{i}.bias"), stride, padding)
        if f"norms.{i}.weight" in w:
            names = ("running_mean", "running_var", "weight", "bias")
            x = functional.batch_norm(x, *[w[f"norms.{i}.{name}"] for name in names])
        x = torch.relu(x) if i < layers - 1 else torch.tanh(x)
    return x.numpy()


def eigenvectors(matrix):
    """Eigenvectors of A^T A, rows, largest first."""
    return np.linalg.eigh(matrix.T @ matrix)[1][:, ::-1].T


@pytest.mark.shared
@pytest.mark.parametrize(("name", "place"), [("pggan16_nested", "generator_smooth"), ("pgan_hub16", "avgG")])
def test_published_layouts_make_the_publishers_pictures(name, place, fixture_file):
    checkpoint, truth = read_checkpoint(fixture_file(f"{name}.pth")), np.load(fixture_file(f"{name}.npz"))
    assert checkpoint.place == place
    assert (checkpoint.family, checkpoint.resolution, checkpoint.z_dim) == ("progan", 16, truth["z"].shape[1])
    assert np.abs(progan(checkpoint.weights, truth["z"]) - truth["image"]).max() < 1e-4
    matrix = checkpoint.style_weights()
    cosines = np.abs((eigenvectors(matrix) * truth["sefa_vectors_raw"]).sum(axis=1))
    assert np.allclose(cosines, 1, atol=1e-5)
    if "sefa_vectors_normalized" in truth:
        vectors = eigenvectors(matrix / np.linalg.norm(matrix, axis=1, keepdims=True))
        assert np.allclose(np.abs((vectors * truth["sefa_vectors_normalized"]).sum(axis=1)), 1, atol=1e-5)


def test_genforce_nested_or_flat_is_ours_but_for_names(foreign, opened):
    state = foreign.genforce()
    flat = opened(state)
    assert np.array_equal(flat.weights["layers.3.weight"], state["layer3.weight"])
    assert np.array_equal(flat.weights["outputs.1.bias"], state["output1.bias"])
    nested = opened({"generator": foreign.genforce(1), "generator_smooth": state, "discriminator": {}})
    assert nested.fingerprint() == flat.fingerprint()
    assert (nested.place, nested.layout, nested.resolution) == ("generator_smooth", "ProGAN, genforce layout", 16)


@pytest.mark.parametrize(("first", "by_size"), [(0, False), (0, True), (1, True), (1, False)])
def test_interfacegan_is_genforce_under_other_names(first, by_size, foreign, opened):
    checkpoint, state = opened(foreign.interfacegan(first, by_size)), foreign.genforce()
    assert checkpoint.layout == "ProGAN, InterFaceGAN layout"
    assert sorted(checkpoint.weights) == sorted(
        [f"layers.{i}.{kind}" for i in range(6) for kind in ("weight", "bias")]
        + ["outputs.2.weight", "outputs.2.bias", "lod"]
    )
    assert np.array_equal(checkpoint.weights["layers.5.weight"], state["layer5.weight"])
    assert np.array_equal(checkpoint.weights["outputs.2.weight"], state["output2.weight"])


def test_the_zoos_scales_are_folded_in(foreign, opened):
    state, z = foreign.zoo(), torch.randn(3, 6, generator=torch.Generator().manual_seed(1))
    checkpoint = opened({"config": {"alpha": 0}, "netG": foreign.zoo(1), "netD": {}, "avgG": state})
    assert np.abs(progan(checkpoint.weights, z) - zoo_forward(state, z)).max() < 1e-4
    ours, theirs = checkpoint.style_weights(), state["formatLayer.module.weight"].numpy()
    assert np.allclose(ours.T @ ours, 16 * (theirs.T @ theirs), rtol=1e-5)  # SeFa sees the same directions


def test_level_of_detail_is_kept_and_checked(foreign, opened, refused):
    state = foreign.genforce()
    assert opened({**state, "lod": torch.tensor(1.5)}).weights["lod"] == 1.5
    assert opened({key: value for key, value in state.items() if key != "lod"}).weights["lod"] == 0
    assert "lod is 3 of shape ()" in refused({**state, "lod": torch.tensor(3.0)})
    assert "not one number from 0 to 2" in refused({**state, "lod": torch.tensor(math.nan)})
    assert "shape (2,)" in refused({**state, "lod": torch.zeros(2)})
    assert "needs the outputs [1, 2]" in refused({**foreign.interfacegan(0, False), "lod": torch.tensor(0.5)})


@pytest.mark.parametrize("layout", ["genforce", "zoo"])
def test_every_missing_tensor_is_named(layout, foreign, refused):
    state = getattr(foreign, layout)()
    for key in set(state) - {"lod"}:
        message = refused({name: value for name, value in state.items() if name != key})
        assert f"lacks {key}" in message, key


@pytest.mark.parametrize("layout", ["genforce", "zoo"])
def test_every_tensor_of_another_shape_is_named(layout, foreign, refused):
    state = getattr(foreign, layout)()
    for key, value in state.items():
        wider = torch.cat([value, value[:1]]) if value.dim() else torch.zeros(2)
        stem = key.rpartition(".")[0]
        message = refused({**state, key: wider})
        assert stem in message, message
        assert "shape" in message


def test_a_layer_that_lost_both_tensors_is_named(foreign, refused):
    for stem in ("layer5", "layer2", "output2"):
        state = {key: value for key, value in foreign.genforce().items() if not key.startswith(stem)}
        assert f"lacks {stem}.weight, {stem}.bias" in refused(state)


def test_tensors_left_over_are_no_known_network(foreign, refused):
    assert "1 tensors that no ProGAN generator has, such as label_weight" in refused(
        {**foreign.genforce(), "label_weight": torch.zeros(3, 6)}
    )
    assert "such as 0.weight_u" in refused({**foreign.dcgan().state_dict(), "0.weight_u": torch.zeros(8)})


def renamed(network, names):
    """The network's state with its modules called otherwise, in the order of the names."""
    state = network.state_dict()
    modules = [i for i in map(str, range(len(network))) if any(key.startswith(f"{i}.") for key in state)]
    pairs = dict(zip(modules, names, strict=True))
    found = {f"{pairs[key.split('.')[0]]}.{key.split('.')[1]}": value for key, value in state.items()}
    return {key: found[key] for name in names for key in found if key.startswith(f"{name}.")}


NAMES = [
    ["main.0", "main.1", "main.3", "main.4", "main.6"],
    ["convTr1", "batchNorm1", "convTr2", "batchNorm2", "convTr3"],
    ["project", "first", "middle", "second", "final"],
    ["module.0", "module.1", "module.9", "module.10", "module.11"],
    ["layers.8.up", "layers.8.bn", "layers.9.up", "layers.9.bn", "layers.10.up"],
]


@pytest.mark.parametrize(
    ("names", "order"),
    [
        (names, order)
        for names in NAMES
        for order in ("file", "sorted", "convolutions first")
        if order != "sorted" or names[0] != "project"  # there names and order would both be lost
    ],
)
def test_dcgans_of_any_naming_make_their_own_pictures(names, order, foreign, opened):
    network, z = foreign.dcgan(bias=True), torch.randn(3, 10, generator=torch.Generator().manual_seed(1))
    state = renamed(network, names)
    if order == "sorted":  # as safetensors orders them
        state = {key: state[key] for key in sorted(state)}
    elif order == "convolutions first":
        state = {key: state[key] for key in sorted(state, key=lambda key: names.index(key.rpartition(".")[0]) % 2)}
    checkpoint = opened(state)
    assert (checkpoint.family, checkpoint.resolution, checkpoint.z_dim) == ("dcgan", 16, 10)
    with torch.no_grad():
        expected = network(z[:, :, None, None]).numpy()
    assert np.abs(dcgan(checkpoint.weights, z) - expected).max() < 1e-5


@pytest.mark.parametrize(
    ("widths", "kernels", "resolution"),
    [((5, 4, 1), (4, 4), 8), ((7, 6, 6, 6, 3), (4, 3, 4, 3), 8), ((9, 8, 7, 6, 5, 4, 3), (4, 4, 4, 4, 4, 4), 128)],
)
def test_sizes_follow_from_shapes(widths, kernels, resolution, foreign, opened):
    network, z = foreign.dcgan(widths=widths, kernels=kernels), torch.randn(2, widths[0])
    checkpoint = opened({"netG_state_dict": network.state_dict()})
    with torch.no_grad():
        expected = network(z[:, :, None, None]).numpy()
    assert checkpoint.resolution == resolution == expected.shape[-1]
    assert np.abs(dcgan(checkpoint.weights, z) - expected).max() < 1e-5


def test_a_layer_may_lack_its_batch_norm(foreign, opened, refused):
    state = {key: value for key, value in foreign.dcgan().state_dict().items() if not key.startswith("1.")}
    assert {name.split(".")[1] for name in opened(state).weights if name.startswith("norms")} == {"1"}
    equal = foreign.dcgan(widths=(10, 8, 8, 8, 3), kernels=(4, 4, 4, 4)).state_dict()
    equal = {key: value for key, value in equal.items() if not key.startswith("4.")}
    names = {"0": "conv1", "3": "conv2", "6": "conv3", "9": "conv4", "1": "norm1", "7": "norm2"}
    stems = {key: f"{names[key.split('.')[0]]}.{key.split('.')[1]}" for key in equal}
    behind = {stems[key]: equal[key] for key in sorted(equal, key=lambda key: stems[key])}
    assert "cannot be told from their sizes" in refused(behind)


def test_dcgans_that_do_not_fit_are_refused(foreign, refused):
    state = foreign.dcgan(bias=True).state_dict()
    wrong = {
        "3.weight takes 9 channels where 0.weight gives 8": {"3.weight": torch.zeros(9, 6, 4, 4)},
        "0.weight has shape (10, 8, 5, 5)": {"0.weight": torch.zeros(10, 8, 5, 5)},
        "3.weight has shape (8, 6, 4, 3)": {"3.weight": torch.zeros(8, 6, 4, 3)},
        "do not fit its layers": {"1.running_mean": torch.zeros(9)},
        "1.bias has shape (7,)": {"1.bias": torch.zeros(7)},
        "3.bias has shape (7,)": {"3.bias": torch.zeros(7)},
        "0.weight holds int8": {"0.weight": torch.zeros(10, 8, 4, 4, dtype=torch.int8)},
    }
    for message, change in wrong.items():
        assert message in refused({**state, **change})
    del state["4.running_var"]
    assert "a batch norm lacks 4.running_var" in refused(state)


def test_other_networks_are_named(foreign, refused):
    down = nn.Sequential(nn.Conv2d(3, 8, 4), nn.Conv2d(8, 16, 4), nn.Conv2d(16, 1, 4)).state_dict()
    assert "holds a network that takes pictures, as a discriminator does" in refused({"netD": down})
    assert "holds a network that takes pictures, as a discriminator does" in refused(
        {"input0.weight": torch.zeros(8, 3, 1, 1), "layer0.weight": torch.zeros(8, 8, 3, 3)}
    )
    for key, name in {
        "synthesis.input.affine.weight": "StyleGAN3 generator; this version reads generators of ProGAN, StyleGAN,",
        "synthesis.L0_36_512.affine.weight": "StyleGAN3 generator; this version",
        "generator.gen_z.weight_orig": "BigGAN generator; this version reads generators of ProGAN, StyleGAN, StyleGAN2",
        "generator.layers.0.bn_0.running_means": "BigGAN generator",
        "blocks.0.0.bn1.gain.weight": "BigGAN generator",
        "decoder.convs.0.conv.modulation.weight": "StyleGAN2 generator in a layout that is not known",
        "g_synthesis.blocks.4x4.const": "StyleGAN generator in a layout that is not known",
    }.items():
        assert f"holds a {name}" in refused({"G_ema": {key: torch.zeros(4, 4)}})
    assert "no layout that is known (fc.weight (3, 4), ...)" in refused({"fc.weight": torch.zeros(3, 4)})
    for nothing in ({}, [], 3, "text", {"epoch": 3}, torch.zeros(3), {1: torch.zeros(3)}):
        assert "holds no tensors by name" in refused(nothing)


def test_the_averaged_generator_is_preferred_wherever_it_is(foreign, opened):
    plain, averaged, down = foreign.genforce(0), foreign.genforce(1), {"input0.weight": torch.zeros(8, 3, 1, 1)}
    wanted = opened(averaged).fingerprint()
    for tree in (
        {"g": plain, "d": down, "g_ema": averaged},
        {"models": {"generator": plain, "generator_smooth": averaged}, "optimizer": {"state": {0: torch.zeros(3)}}},
        {"netG": plain, "netD": down, "ema": {f"module.{key}": value for key, value in averaged.items()}},
        {
            **{f"G.{key}": value for key, value in plain.items()},
            **{f"G_ema.{key}": value for key, value in averaged.items()},
        },
        {
            "state_dict": {f"generator.{key}": value for key, value in averaged.items()}
            | {"discriminator.input0.weight": torch.zeros(3)}
        },
        [{"step": 3}, averaged],
    ):
        assert opened(tree).fingerprint() == wanted


def test_several_generators_are_not_chosen_from_by_chance(foreign, refused):
    message = refused({"netG_A": foreign.dcgan(0).state_dict(), "netG_B": foreign.dcgan(1).state_dict()})
    assert "holds 2 generators (netG_A, netG_B)" in message


def test_a_tree_that_bites_its_tail_ends():
    tree = {}
    for _ in range(60):
        tree = {"a": tree, "b": tree}
    tree["self"] = tree
    assert list(states(tree, Meter("a.pth"))) == []
    state = {"module." * 100_000 + "weight": SimpleNamespace(dtype="float32", shape=(1,), read=None)}
    assert [place for place, _ in states(state, Meter("a.pth"))] == [""]
    wide = dict.fromkeys(map(str, range(100_000)), state["module." * 100_000 + "weight"])
    with spending(objects=1_000_000), pytest.raises(InputError, match=r"needs .* objects, more than the 1,000,000"):
        list(states(wide, Meter("a.pth")))
    assert rank("x/generator_smooth/state_dict") == rank("generator_smooth") == 0
