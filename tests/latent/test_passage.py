"""Passages: every picture once, for all that look at it, and after whatever stopped it only those that nobody saw."""

import os
import signal

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from ganatomy.generators.networks.planted import Planted
from ganatomy.latent.directions import Directions
from ganatomy.latent.passage import Kept, Observer, Passage, edited, unedited
from ganatomy.latent.pictures import Store, painter, sized_painter
from ganatomy.latent.traversal import strengths

FOUND = Directions(np.eye(4)[:3], np.ones(3), np.ones(3), "z", (0,), "sefa", "f")


class Seen(Observer):
    """Remembers which places it saw, and writes down as many as it is told to survive."""

    def __init__(self, wanted=None, size=1):
        self.size, self.places, self._wanted = size, [], wanted
        self.sums = []

    def wants(self, places):
        return super().wants(places) if self._wanted is None else self._wanted(places)

    def __len__(self):
        return len(self.places)

    def keep(self, count):
        del self.places[count:], self.sums[count:]

    def see(self, places, pictures):
        self.places += [tuple(place) for place in places.tolist()]
        self.sums += pictures.tolist()


class Painter:
    """Paints a code's bytes as its picture, and counts."""

    def __init__(self):
        self.batches, self.sizes = [], []

    def __call__(self, codes, sizes):
        self.batches.append(codes.tobytes())
        self.sizes.append(set(sizes))
        return {size: codes.sum(axis=(1, 2)) * size for size in sizes}

    def made(self, width=4):
        return [part[i : i + 8 * width] for part in self.batches for i in range(0, len(part), 8 * width)]


def passage(codes=3, directions=3, ends=(-2.0, 2.0), steps=5, first=True):
    amounts, ws = strengths(*ends, steps), np.random.default_rng(0).normal(size=(codes, 1, 4))
    places = edited(codes, directions, amounts)
    return Passage(ws, FOUND, amounts, np.concatenate([unedited(codes), places]) if first else places)


def test_every_place_has_the_code_of_its_own_edit():
    one = passage()
    codes = one.codes(0, len(one))
    for (q, n, s), code in zip(one.places, codes, strict=True):
        expected = one.ws[n] if q < 0 else FOUND[int(q)].edit(one.ws[n : n + 1], one.strengths[s])[0]
        np.testing.assert_array_equal(code, expected)


@given(st.integers(1, 50))
def test_each_picture_is_made_once_and_shown_to_all_that_want_it(batch):
    paint, told = Painter(), []
    everything, few, ends = Seen(), Seen(lambda p: p[:, 1] < 1), Seen(lambda p: np.isin(p[:, 2], (0, 4)), size=2)
    one = passage()
    one.walk(paint, [everything, few, ends], batch, told.append)
    made = paint.made()
    assert len(made) == len(set(made)) == len(one) == told[-1]
    assert everything.places == [tuple(place) for place in one.places.tolist()]
    assert few.places == [place for place in everything.places if place[1] < 1]
    assert ends.places == [place for place in everything.places if place[2] in (0, 4)]
    sums = dict(zip(everything.places, everything.sums, strict=True))
    assert ends.sums == [2 * sums[place] for place in ends.places]


def test_a_size_that_nobody_wants_of_a_batch_is_not_made():
    paint = Painter()
    passage().walk(paint, [Seen(), Seen(lambda p: p[:, 0] == 2, size=2)], 12)
    assert paint.sizes == [{1}, {1}, {1, 2}, {1, 2}]


@given(st.integers(1, 20), st.integers(0, 39), st.integers(0, 39))
def test_what_observers_have_seen_is_not_made_again(batch, first, second):
    whole = Painter()
    passage().walk(whole, [Seen()], batch)
    observers = [Seen(), Seen(lambda p: p[:, 1] < 2)]
    passage().walk(Painter(), observers, batch)
    expected = [list(one.places) for one in observers]
    for one, left in zip(observers, (first, second), strict=True):  # as after a kill in the middle of a write
        one.keep(min(left, len(one.places)))
    one, again, told = passage(), Painter(), []
    known = one.known(observers, batch)
    one.walk(again, observers, batch, told.append)
    assert [each.places for each in observers] == expected
    assert set(again.batches) <= set(whole.batches)  # the very same ones, or the arithmetic might differ
    assert len(again.batches) <= len(whole.batches) - known // batch
    assert known % batch == 0 or known == len(one)
    assert not told or told[-1] <= len(one)


@pytest.mark.skipif(os.name != "posix", reason="signals between processes are POSIX's")
@pytest.mark.parametrize("after", [1, 2, 4])
def test_a_first_ctrl_c_waits_for_the_batch(after):
    paint, seen = Painter(), Seen()

    def press(done):
        if done == 13 * after or done == len(passage()):
            os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        passage().walk(paint, [seen], 13, press)
    assert len(seen) == min(13 * after, len(passage())) == len(paint.made())


@pytest.mark.skipif(os.name != "posix", reason="signals between processes are POSIX's")
def test_a_ctrl_c_after_the_last_batch_is_not_lost(monkeypatch):
    former, real, pressed = signal.getsignal(signal.SIGINT), signal.signal, []

    def press(number, handler):
        if handler is former and not pressed:  # put back, as all is done
            pressed.append(True)
            os.kill(os.getpid(), signal.SIGINT)
        return real(number, handler)

    monkeypatch.setattr(signal, "signal", press)
    with pytest.raises(KeyboardInterrupt):
        passage().walk(Painter(), [Seen()], 13)
    assert pressed


@pytest.mark.parametrize("resolution", [48, 64])
def test_each_size_is_to_the_bit_what_the_painter_of_that_size_gives(resolution, tmp_path):
    G = Planted(z_dim=8, resolution=resolution).eval()
    ws = G.mapping(G.draw(5))
    small, large = (Kept(Store(tmp_path / str(size), (size, size, 3)), codes) for size, codes in ((32, 3), (40, None)))
    Passage(ws, [], np.zeros(1), unedited(5)).walk(sized_painter(G), [small, large], 2)
    np.testing.assert_array_equal(small.store[list(range(3))], painter(G, 32)(ws)[:3])
    np.testing.assert_array_equal(large.store[list(range(5))], painter(G, 40)(ws))
    assert len(small) == 3


def test_tensors_stay_tensors_and_codes_as_they_were():
    one = passage()
    same = Passage(torch.from_numpy(one.ws.copy()).float(), list(FOUND), one.strengths, one.places)
    codes = same.codes(0, len(one))
    assert (codes.dtype, tuple(codes.shape)) == (torch.float32, (39, 1, 4))
    np.testing.assert_allclose(codes, one.codes(0, len(one)), atol=1e-6)
    np.testing.assert_array_equal(same.ws, one.ws.astype(np.float32))
    assert same.codes(3, 3).shape == (0, 1, 4)


def test_there_is_no_place_of_strength_0():
    assert edited(2, 1, [-1.0, 0.0, 1.0])[:, 2].tolist() == [0, 2, 0, 2]
    assert len(edited(2, 3, [0.0])) == 0
    Passage(np.zeros((1, 1, 4)), FOUND, np.zeros(1), edited(1, 3, [0.0])).walk(Painter(), [Seen()], 4)
