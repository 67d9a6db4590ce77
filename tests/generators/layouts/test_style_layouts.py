"""How StyleGANs and StyleGAN2s are recognised, read in any size, and refused where they are not whole."""

import re

import numpy as np
import pytest
import torch

from ganatomy.errors import InputError
from ganatomy.files import Meter
from ganatomy.generators.checkpoint import read_checkpoint, write_checkpoint
from ganatomy.generators.layouts.find import find_generator
from ganatomy.generators.loading import load


@pytest.fixture(params=["stylegan", "stylegan2"])
def family(request):
    return request.param


@pytest.fixture
def state(family, foreign):
    return getattr(foreign, family)()


@pytest.fixture
def read(tmp_path):
    """Open the checkpoint that a file of this content holds."""

    def make(content):
        torch.save(content, tmp_path / "a.pth")
        return read_checkpoint(tmp_path / "a.pth")

    return make


@pytest.fixture
def find():
    """Find the generator in a state, without a file."""

    def make(state):
        return find_generator({key: InMemory(value.numpy()) for key, value in state.items()}, Meter("a.pth"))

    return make


class InMemory:
    """A tensor that is in no file."""

    def __init__(self, value):
        self.value, self.shape, self.dtype = value, value.shape, str(value.dtype)

    def read(self):
        return self.value


TITLES = {"stylegan": "StyleGAN", "stylegan2": "StyleGAN2"}


def test_sizes_are_read_off_the_shapes(family, state, read):
    checkpoint = read(state)
    assert (checkpoint.family, checkpoint.layout) == (family, f"{TITLES[family]}, genforce layout")
    assert (checkpoint.space, checkpoint.z_dim, checkpoint.w_dim, checkpoint.edit_dim) == ("w", 5, 7, 7)
    assert (checkpoint.num_ws, checkpoint.resolution, checkpoint.classes) == (6, 16, ())


@pytest.mark.parametrize("depth", [1, 2, 5, 8, 18])
@pytest.mark.parametrize("resolution", [4, 32, 64])
def test_any_depth_and_resolution_is_read(depth, resolution, family, foreign, tmp_path):
    count = resolution.bit_length() - 2
    channels = (9, 4, 6, 3, 5)[:count]
    torch.save(getattr(foreign, family)(codes=(48, *depth * [32]), channels=channels), tmp_path / "a.pth")
    G = load(tmp_path / "a.pth")
    assert (G.z_dim, G.w_dim, G.num_ws, G.resolution) == (48, 32, 2 * count, resolution)
    assert G(G.draw(1)).shape == (1, 3, resolution, resolution)


def test_every_tensor_goes_to_our_name_as_it_is(family, state, read):
    """Names are all that differs: the values are the file's, each used once."""
    weights = read(state).weights
    kept = [value.numpy() for key, value in state.items() if not key.endswith("kernel")]
    assert len(weights) == len(kept)
    ours = sorted(weights.values(), key=lambda value: (value.shape, value.tobytes()))
    assert all(
        np.array_equal(a, b) for a, b in zip(ours, sorted(kept, key=lambda v: (v.shape, v.tobytes())), strict=True)
    )
    assert np.array_equal(weights["layers.3.style.weight"], state["synthesis.layer3.style.weight"])
    assert np.array_equal(weights["mapping.1.bias"], state["mapping.dense1.bias"])
    assert np.array_equal(weights["w_avg"], state["truncation.w_avg"])
    noise = "apply_noise.noise" if family == "stylegan" else "noise"
    strength = {"stylegan": ("noise_weight", "apply_noise.weight"), "stylegan2": 2 * ("noise_strength",)}[family]
    assert np.array_equal(weights["layers.2.noise"], state[f"synthesis.layer2.{noise}"])
    assert np.array_equal(weights[f"layers.2.{strength[0]}"], state[f"synthesis.layer2.{strength[1]}"])


def test_style_weights_are_those_of_the_chosen_layers_in_their_order(family, state, read):
    checkpoint = read(state)
    last = "output2" if family == "stylegan2" else "layer5"
    wanted = np.vstack([state["synthesis.layer1.style.weight"], state[f"synthesis.{last}.style.weight"]])
    found = checkpoint.style_weights([1, 5])
    assert found.dtype == np.float64
    assert np.array_equal(found, wanted)
    assert np.array_equal(checkpoint.style_weights(), checkpoint.style_weights(range(6)))
    for wrong in ([6], [-1, 0], []):
        with pytest.raises(InputError, match=f"this {TITLES[family]} has layers 0 to 5"):
            checkpoint.style_weights(wrong)


def test_the_averaged_generator_is_taken(family, state, foreign, read):
    other = getattr(foreign, family)(seed=9)
    checkpoint = read({"generator": other, "generator_smooth": state, "step": 3})
    assert checkpoint.place == "generator_smooth"
    assert checkpoint.fingerprint() == read(state).fingerprint() != read(other).fingerprint()
    wrapped = {f"module.{key}": value for key, value in state.items()}
    assert read(wrapped).fingerprint() == read(state).fingerprint()


def test_our_own_files_hold_the_same(family, state, read, tmp_path):
    checkpoint = read(state)
    write_checkpoint(checkpoint, tmp_path / "b.safetensors", {"name": "b"})
    again = read_checkpoint(tmp_path / "b.safetensors")
    assert (again.family, again.layout, again.num_ws) == (family, checkpoint.layout, 6)
    assert again.fingerprint() == checkpoint.fingerprint()
    assert read(load(tmp_path / "b.safetensors").state_dict()).layout == f"{TITLES[family]}, our own layout"


def test_every_missing_tensor_is_named_but_for_those_that_may_be(family, state, find):
    known = find(state).entries.keys()
    for key in state:
        rest = {other: value for other, value in state.items() if other != key}
        if key.endswith("kernel") or key == "synthesis.lod":
            assert find(rest).entries.keys() == known
        elif key == "truncation.w_avg":
            assert find(rest).entries.keys() == known - {"w_avg"}
        else:
            with pytest.raises(InputError, match=rf"the {TITLES[family]} generator lacks (.*, )?{re.escape(key)}"):
                find(rest)


def test_what_is_left_over_is_refused(family, state, read):
    for key in ("mapping.label_weight", "synthesis.skip_layer1.weight", "synthesis.layer1.gamma"):
        with pytest.raises(
            InputError, match=f"has 1 tensors that no {TITLES[family]} generator has, such as {re.escape(key)}"
        ):
            read({**state, key: torch.ones(3)})


def test_every_shape_that_does_not_fit_is_refused(family, state, find):
    """With one more in any of its sizes, or a size more, a tensor fits the rest no longer."""
    for key, value in state.items():
        wrongs = [
            torch.cat([value, value.narrow(axis, 0, 1)], axis)
            for axis in range(value.dim())
            if not (key.endswith("kernel") and axis == 0)
        ]
        if key == "mapping.dense0.weight":
            wrongs.pop(1)  # one more of Z is another Z
        for wrong in (*wrongs, value[None]):
            if key == "synthesis.lod" and wrong.numel() == 1:
                continue
            with pytest.raises(InputError, match=r"where \(.*\) fits the rest|is not the filter|not one number"):
                find({**state, key: wrong})


def test_other_filters_are_refused(family, state, read):
    key = "synthesis.layer2.blur.kernel" if family == "stylegan" else "synthesis.upsample.kernel"
    taps = r"\[1, 2, 1\]" if family == "stylegan" else r"\[1, 3, 3, 1\]"
    for wrong in (2 * state[key], state[key].roll(1, -1), torch.full_like(state[key], np.nan)):
        with pytest.raises(InputError, match=f"{re.escape(key)} is not the filter {taps} in both directions"):
            read({**state, key: wrong})


@pytest.mark.parametrize("lod", [-1.0, 3.0, float("nan")])
def test_levels_of_detail_that_there_are_not_are_refused(lod, foreign, read):
    with pytest.raises(InputError, match=r"synthesis.lod is .* not one number from 0 to 2"):
        read({**foreign.stylegan(), "synthesis.lod": torch.tensor(lod)})


def test_an_output_that_the_level_needs_must_be_there(foreign, read):
    state = {key: value for key, value in foreign.stylegan().items() if "output1" not in key}
    assert read(state).num_ws == 6
    with pytest.raises(InputError, match=r"synthesis.lod is 0.5, which needs the outputs \[1, 2\]; it has \[0, 2\]"):
        read({**state, "synthesis.lod": torch.tensor(0.5)})


def test_a_gap_in_a_stylegan2s_outputs_is_refused(foreign, read):
    """As in its variants that make colours once, at the end: other networks."""
    state = {key: value for key, value in foreign.stylegan2().items() if not re.search(r"output[01]\.", key)}
    with pytest.raises(InputError, match=r"lacks synthesis.output0.weight, synthesis.output0.bias"):
        read(state)
