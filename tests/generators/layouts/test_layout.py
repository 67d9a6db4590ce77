"""The contract of all layouts: each knows its own states and no other's, and makes what its family's network takes."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from ganatomy.errors import InputError
from ganatomy.files import Meter
from ganatomy.generators.checkpoint import read_checkpoint
from ganatomy.generators.families import FAMILIES
from ganatomy.generators.layouts.find import LAYOUTS, find_generator
from ganatomy.generators.layouts.layout import check_whole
from ganatomy.generators.loading import build
from ganatomy.generators.networks.progan import ProGAN
from ganatomy.generators.networks.stylegan import StyleGAN
from ganatomy.generators.networks.stylegan2 import StyleGAN2

STATES = {  # of each layout, by its words
    "StyleGAN, genforce layout": lambda foreign: [foreign.stylegan()],
    "StyleGAN2, genforce layout": lambda foreign: [foreign.stylegan2()],
    "StyleGAN, our own layout": lambda foreign: [StyleGAN([5, 9, 7], [8, 6, 4]).state_dict()],
    "StyleGAN2, our own layout": lambda foreign: [StyleGAN2([5, 9, 7], [8, 6, 4]).state_dict()],
    "StyleGAN2, NVIDIA layout": lambda foreign: [foreign.nvidia()],
    "StyleGAN2, rosinality layout": lambda foreign: [foreign.rosinality()],
    "ProGAN, our own layout": lambda foreign: [ProGAN(6, [8, 6, 4]).state_dict()],
    "ProGAN, genforce layout": lambda foreign: [foreign.genforce()],
    "ProGAN, pytorch_GAN_zoo layout": lambda foreign: [foreign.zoo()],
    "ProGAN, InterFaceGAN layout": lambda foreign: [
        foreign.interfacegan(first, by_size) for first in (0, 1) for by_size in (False, True)
    ],
    "DCGAN": lambda foreign: [foreign.dcgan().state_dict(), foreign.dcgan(bias=True, kernels=(4, 3, 4)).state_dict()],
}


@pytest.fixture(params=LAYOUTS, ids=lambda layout: layout.words)
def layout(request):
    return request.param


def test_no_two_layouts_have_one_name_and_every_family_has_one():
    assert len({layout.words for layout in LAYOUTS}) == len(LAYOUTS)
    assert {layout.family for layout in LAYOUTS} == set(FAMILIES)


def test_a_layout_recognises_its_own_states_and_no_other_does(layout, foreign):
    for state in STATES[layout.words](foreign):
        assert [other.words for other in LAYOUTS if other.recognise(state)] == [layout.words]


def test_what_is_no_network_is_recognised_by_none(layout):
    for state in ({}, {"fc.weight": torch.zeros(3, 4)}, {"weight": torch.zeros(())}):
        assert not layout.recognise(state)


def test_a_part_of_a_state_is_recognised_so_that_a_message_can_say_what_it_lacks(layout, foreign):
    """Half of its layers are gone, at random."""
    for state in STATES[layout.words](foreign):
        random = np.random.default_rng(0)
        part = {key: value for key, value in state.items() if value.dim() > 1 or random.random() < 0.5}
        assert layout.recognise(part)
        with pytest.raises(InputError, match=r"^a\.pth"):
            layout.convert({key: _stored(value) for key, value in part.items()}, "a.pth", {})


def test_it_converts_to_what_its_familys_network_takes(layout, foreign, tmp_path):
    for state in STATES[layout.words](foreign):
        torch.save(state, tmp_path / "a.pth")
        checkpoint = read_checkpoint(tmp_path / "a.pth")
        assert (checkpoint.family, checkpoint.layout) == (layout.family, layout.words)
        assert {name: value.shape for name, value in checkpoint.weights.items()} == checkpoint.weights.shapes
        G = build(checkpoint)  # which takes every tensor, and wants no other
        pictures = G(G.draw(2))
        assert pictures.shape == (2, 3, checkpoint.resolution, checkpoint.resolution)
        assert pictures.isfinite().all()
        torch.save(G.state_dict(), tmp_path / "ours.pth")
        again = read_checkpoint(tmp_path / "ours.pth")
        assert again.layout in (f"{FAMILIES[layout.family].title}, our own layout", "DCGAN")
        assert torch.equal(build(again)(G.draw(2)), pictures)


def test_what_is_found_is_what_its_layout_says(layout, foreign):
    state = {key: _stored(value) for key, value in STATES[layout.words](foreign)[0].items()}
    found = find_generator({"ema": state}, Meter("a.pth"))
    assert (found.layout, found.place) == (layout, "ema")
    assert found.entries.keys() == layout.convert(state, "a.pth", {}).keys()


def test_every_missing_tensor_counts_once_and_the_first_three_are_named():
    with pytest.raises(InputError, match=r"^a\.pth: the ProGAN generator lacks b, c, d and 1 more$"):
        check_whole({"a": None}, ["a", "b", "c", "b", "d", "e"], [], "ProGAN", "a.pth")
    with pytest.raises(InputError, match=r"^a\.pth has 2 tensors that no ProGAN generator has, such as b, d$"):
        check_whole(dict.fromkeys("abcd"), "a", "c", "ProGAN", "a.pth")
    check_whole({"a": None}, ["a", "a"], ["b"], "ProGAN", "a.pth")


def _stored(value):
    """A tensor that is in no file."""
    array = value.numpy()
    return SimpleNamespace(shape=array.shape, dtype=str(array.dtype), read=lambda: array)
