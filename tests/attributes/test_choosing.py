"""Choosing attributes, and measuring them in batches."""

import numpy as np
import pytest

from ganatomy.attributes import choose, choosing, has_values, measure
from ganatomy.attributes.appearance import APPEARANCE
from ganatomy.attributes.face_attributes import FACE
from ganatomy.errors import InputError

PICTURES = np.random.default_rng(0).integers(0, 256, (5, 16, 16, 3), dtype=np.uint8)


def names(chosen):
    return [one.name for one in chosen]


@pytest.fixture
def without_extra(monkeypatch):
    monkeypatch.setattr(choosing, "find_spec", lambda module: None)
    monkeypatch.setattr("ganatomy.errors.find_spec", lambda module: None)


@pytest.fixture
def with_extra(monkeypatch):
    monkeypatch.setattr(choosing, "find_spec", lambda module: module)
    monkeypatch.setattr("ganatomy.errors.find_spec", lambda module: module)


def test_names_are_chosen_in_their_order():
    assert names(choose(["sharpness", "brightness"])) == ["sharpness", "brightness"]


@pytest.mark.usefixtures("with_extra")
def test_all_are_chosen_if_the_extra_is_there():
    assert names(choose()) == names([*APPEARANCE, *FACE])
    assert names(choose(faces=False)) == names(APPEARANCE)


@pytest.mark.usefixtures("without_extra")
def test_faces_are_left_out_without_the_extra_and_refused_if_asked_for():
    assert names(choose()) == names(APPEARANCE)
    for ask in (lambda: choose(["yaw"]), lambda: choose(faces=True)):
        with pytest.raises(InputError, match=r"the attribute yaw needs an extra: pip install 'ganatomy\[faces\]'$"):
            ask()


def test_scorers_are_added_to_what_is_chosen():
    def mine(pictures):
        return pictures.mean((1, 2, 3))

    assert names(choose(["contrast"], scorers=[mine])) == ["contrast", "mine"]
    assert names(choose([], scorers=[mine])) == ["mine"]


def test_wrong_choices_are_refused():
    def contrast(pictures):
        return pictures.mean((1, 2, 3))

    with pytest.raises(InputError, match="unknown attribute 'smil'; did you mean 'smile'"):
        choose(["smil"])
    with pytest.raises(InputError, match="two attributes are called 'contrast'"):
        choose(["contrast"], scorers=[contrast])
    with pytest.raises(InputError, match="no attributes are chosen; give some of: brightness"):
        choose([])


def test_no_two_attributes_share_a_name():
    every = names([*APPEARANCE, *FACE])
    assert len(set(every)) == len(every)


def test_batches_do_not_show_in_the_numbers_and_progress_is_told():
    told = []
    whole = measure(APPEARANCE, PICTURES)
    np.testing.assert_allclose(measure(APPEARANCE, PICTURES, batch=2, progress=told.append), whole, rtol=1e-6)
    assert told == [2, 4, 5]
    assert whole.shape == (5, len(APPEARANCE))


def test_large_pictures_are_measured_few_at_a_time():
    shapes = []

    def spy(pictures):
        shapes.append(len(pictures))
        return np.zeros(len(pictures))

    measure(choose([], scorers=[spy]), np.zeros((5, 1024, 1024, 3), np.uint8))
    measure(choose([], scorers=[spy]), np.zeros((65, 64, 64, 3), np.uint8))
    assert shapes == [2, 2, 1, 64, 1]


def test_no_pictures_give_no_numbers():
    assert measure(APPEARANCE, PICTURES[:0]).shape == (0, len(APPEARANCE))
    with pytest.raises(InputError, match="batch = 0: give 1 or more"):
        measure(APPEARANCE, PICTURES, batch=0)


def test_attributes_without_values_that_differ_are_told():
    chosen = APPEARANCE[:4]
    numbers = np.array([[1, np.nan, 5, 1], [2, np.nan, 5, np.nan], [3, np.nan, 5, np.nan]])
    assert has_values(chosen, numbers).tolist() == [True, False, False, False]
    assert has_values(chosen, numbers[:0]).tolist() == [False] * 4
