"""From floats to stored grey levels: each picture is the generator's, and what a crash cut off does no harm."""

import importlib
import io

import numpy as np
import pytest
import torch

from ganatomy.errors import InputError
from ganatomy.files import Folder
from ganatomy.generators.base import Generator
from ganatomy.generators.families import FAMILIES
from ganatomy.generators.networks.progan import ProGAN
from ganatomy.generators.networks.stylegan2 import StyleGAN2
from ganatomy.latent.pictures import Grid, Store, batch_size, paint, painter


class Given(Generator):
    """A generator whose pictures are given: code i makes picture i."""

    family, record = "given", FAMILIES["dcgan"]

    def __init__(self, pictures):
        super().__init__()
        self.pictures = torch.nn.Parameter(torch.as_tensor(pictures, dtype=torch.float32), requires_grad=False)
        self.resolution = self.pictures.shape[-1]

    def mapping(self, z, label=None):
        return z[:, None]

    def synthesis(self, ws):
        return self.pictures[ws[:, 0, 0].long()]

    def features(self, ws, layer):
        return self.synthesis(ws)

    @classmethod
    def from_weights(cls, weights, classes=()):
        return cls(weights["pictures"])


def test_a_family_without_its_maps_cannot_be_made():
    class Unfinished(Generator):
        family = "unfinished"

    with pytest.raises(TypeError, match="mapping"):
        Unfinished()


def test_any_number_of_codes_is_painted_in_batches(monkeypatch):
    G = Given(np.linspace(-1, 1, 200)[:, None, None, None] * np.ones((1, 3, 16, 16)))
    seen, original = [], Given.synthesis
    monkeypatch.setattr(Given, "synthesis", lambda self, ws: seen.append(len(ws)) or original(self, ws))
    pictures = painter(G)(_codes(*range(200)))
    assert max(seen) == batch_size(16) == 64
    assert sum(seen) == 200
    np.testing.assert_array_equal(pictures[:, 0, 0, 0], np.round((np.linspace(-1, 1, 200) + 1) * 127.5))


def test_batches_are_smaller_where_memory_is_short_and_a_picture_that_does_not_fit_is_refused(monkeypatch):
    G = Given(np.linspace(-1, 1, 5)[:, None, None, None] * np.ones((1, 3, 16, 16)))
    seen, original = [], Given.synthesis
    monkeypatch.setattr(Given, "synthesis", lambda self, ws: seen.append(len(ws)) or original(self, ws))
    monkeypatch.setattr(Given, "picture_bytes", 1 << 30)
    monkeypatch.setattr(importlib.import_module("ganatomy.files.budget"), "free_memory", lambda: 5 << 29)
    pictures = painter(G)(_codes(*range(5)))
    assert (seen, len(pictures)) == ([2, 2, 1], 5)
    monkeypatch.setattr(Given, "picture_bytes", 1 << 40)
    with pytest.raises(InputError, match=r"16 pixels a side needs 1,024\.0 GiB of memory, and 2\.5 GiB"):
        painter(G)(_codes(0))


def _codes(*numbers):
    return torch.tensor(numbers, dtype=torch.float32).reshape(-1, 1, 1)


# Painting


def test_values_become_the_nearest_grey_level_and_are_cut_off_beyond_white_and_black():
    values = np.array([-1.7, -1.0, -0.5, 0.0, 0.003, 0.5, 1.0, 4.0], dtype=np.float32)
    pictures = np.zeros((1, 3, 16, 16), np.float32)
    pictures[0, 0].flat[:8], pictures[0, 2].flat[:8] = values, -values
    (painted,) = painter(Given(pictures))(_codes(0))
    assert painted.dtype == np.uint8
    # 127.5 (x + 1): 0, 0, 63.75, 127.5 (which rounds to even), 127.88, 191.25, 255, 255
    assert painted[..., 0].flat[:8].tolist() == [0, 0, 64, 128, 128, 191, 255, 255]
    assert painted[..., 2].flat[:8].tolist() == [255, 255, 191, 128, 127, 64, 0, 0]
    assert (painted[..., 1] == 128).all()


def test_a_larger_picture_is_reduced_by_the_mean_of_squares():
    pictures = np.random.default_rng(0).uniform(-1, 1, (2, 3, 64, 64))
    painted = painter(Given(pictures), 16)(_codes(1, 0))
    means = pictures.reshape(2, 3, 16, 4, 16, 4).mean((3, 5))[[1, 0]].transpose(0, 2, 3, 1)
    assert painted.shape == (2, 16, 16, 3)
    assert np.abs(painted - 127.5 * (means + 1)).max() <= 0.501


def test_sizes_that_do_not_divide_keep_what_is_flat_and_smooth():
    ramp = np.tile(np.linspace(-1, 1, 64), (1, 3, 64, 1))
    (painted,) = painter(Given(ramp), 24)(_codes(0))
    assert painted.shape == (24, 24, 3)
    centres = (np.arange(24) + 0.5) * 64 / 24 - 0.5  # of the small pixels, on the large ones
    assert np.abs(painted[5, 2:-2, 0] - 255 * centres[2:-2] / 63).max() <= 1.0
    stripes = np.tile([-1.0, 1.0], (1, 3, 64, 32))  # finer than the small picture can show: grey, not other stripes
    assert np.abs(painter(Given(stripes), 24)(_codes(0)) - 127.5).max() < 30


@pytest.mark.parametrize("size", [None, 16, 64, 1024])
def test_a_small_picture_is_never_enlarged(size):
    assert painter(Given(np.zeros((1, 3, 16, 16))), size)(_codes(0)).shape == (1, 16, 16, 3)


def test_pictures_are_those_of_synthesis_in_either_precision():
    torch.manual_seed(0)
    G = ProGAN(z_dim=16, channels=[16, 8, 8, 8, 8]).eval()
    ws = G.mapping(G.draw(4, seed=0))
    with torch.no_grad():
        exact = (127.5 * (G.synthesis(ws) + 1)).clip(0, 255).permute(0, 2, 3, 1).numpy()
    assert exact.std() > 5
    assert np.abs(painter(G)(ws) - exact).max() <= 0.51
    low = np.abs(painter(G, precision="bfloat16")(ws) - exact)
    assert low.max() > 0.51
    assert low.mean() < 1  # grey level


def test_paint_makes_what_painter_makes_and_leaves_the_noise_as_it_was():
    torch.manual_seed(0)
    G = StyleGAN2(codes=[8, 8], channels=[6, 4, 4]).eval()
    for layer in G.layers:
        layer.noise_strength.data.fill_(0.5)
        layer.noise.normal_()
    ws, found = G.mapping(G.draw(3)).detach(), {}
    for noise in (None, "stored", "none"):
        found[noise] = paint(G, ws, noise=noise)
        assert G.noise == "stored"
    np.testing.assert_array_equal(found[None], painter(G)(ws))
    np.testing.assert_array_equal(found["stored"], found[None])
    assert np.abs(found["none"].astype(int) - found["stored"]).max() > 1
    np.testing.assert_array_equal(paint(G, ws.numpy(), size=16), found[None])
    with pytest.raises(InputError, match="unknown noise"):
        paint(G, ws, noise="grain")


@pytest.mark.parametrize("shape", [(2, 8), (0, 5, 8), (2, 4, 8), (2, 5, 7)])
def test_codes_of_another_shape_are_not_painted(shape):
    G = StyleGAN2(codes=[8, 8], channels=[6, 4, 4]).eval()
    with pytest.raises(InputError, match=f"codes have shape .*this generator takes .N, {G.num_ws}, 8.: ws of samples"):
        paint(G, np.zeros(shape, np.float32))


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_picture_that_is_no_numbers_is_refused_and_not_shown_black(value):
    pictures = np.zeros((2, 3, 32, 32))
    pictures[1, 0, 3, 3] = value
    paint = painter(Given(pictures), 16)
    paint(_codes(0))
    with pytest.raises(InputError, match="NaN or infinite"):
        paint(_codes(0, 1))


def test_sizes_and_precisions_that_there_are_not():
    G = Given(np.zeros((1, 3, 32, 32)))
    with pytest.raises(InputError, match="15 pixels: give 16 or more"):
        painter(G, 15)
    with pytest.raises(InputError, match="did you mean 'bfloat16'"):
        painter(G, precision="bfloat17")


def test_batches_are_8_to_64_pictures_and_no_more_pixels_for_more_resolution():
    sizes = [4 << k for k in range(9)]
    batches = [batch_size(size) for size in sizes]
    assert sorted(batches, reverse=True) == batches
    assert {8, 64} == {batches[-1], batches[0]}


# The store


@pytest.fixture
def pictures():
    return np.random.default_rng(0).integers(0, 256, (7, 4, 5, 3), dtype=np.uint8)


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "pictures", (4, 5, 3))


def test_a_store_gives_back_what_was_put_in_whoever_opens_it(store, pictures):
    assert len(store) == 0
    store.append(pictures[:3])
    store.append(pictures[3:])
    again = Store(store.path, store.shape)
    assert len(again) == 7
    assert np.array_equal(again[[6, 0, 0]], pictures[[6, 0, 0]])
    assert np.array_equal(again[np.array([[1, 2], [3, 4]])], pictures[[[1, 2], [3, 4]]])


@pytest.mark.parametrize("cut", [1, 59, 60, 61, 239, 240])
def test_what_a_crash_cut_off_is_written_again_at_its_place(store, pictures, cut):
    store.append(pictures)
    size = store.path.stat().st_size
    with open(store.path, "r+b") as file:
        file.truncate(size - cut)
    whole = len(store)
    assert whole == (size - cut) // 60
    store.append(pictures[whole:])
    assert store.path.read_bytes() == pictures.tobytes()


def test_keep_forgets_the_rest(store, pictures):
    store.keep(0)
    assert not store.path.exists()
    store.append(pictures)
    store.keep(2)
    assert store.path.read_bytes() == pictures[:2].tobytes()


@pytest.mark.parametrize("number", [28, 13, 30])  # no space left, permission denied, read-only
def test_a_store_that_cannot_be_written_says_so_in_one_line(store, pictures, number, monkeypatch):
    store.append(pictures[:2])

    def refuse(folder, name, mode="rb"):
        if mode != "rb":
            raise OSError(number, "the reason")
        return read(folder, name)

    read = Folder.open
    monkeypatch.setattr(Folder, "open", refuse)
    with pytest.raises(InputError, match=r"cannot write .*pictures: the reason; choose a folder") as caught:
        store.append(pictures[2:])
    assert "\n" not in str(caught.value)
    assert len(store) == 2


def test_a_full_disk_leaves_whole_pictures(store, pictures, monkeypatch):
    store.append(pictures[:2])

    class Half(io.FileIO):
        """A file on a disk that has room for 100 bytes more."""

        def write(self, data):
            super().write(bytes(data)[:100])
            raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("os.fdopen", lambda file, mode: (Half if mode != "rb" else io.FileIO)(file, mode))
        with pytest.raises(InputError, match="No space left"):
            store.append(pictures[2:])
    assert len(store) == 3
    store.append(pictures[3:])
    assert store.path.read_bytes() == pictures.tobytes()


@pytest.mark.parametrize(
    "key", [0, (slice(None), 1), (slice(None), slice(None), 2), (1, 0), (slice(1), [0, 1])], ids=str
)
def test_a_grid_is_indexed_as_the_array_that_it_stands_for(store, pictures, key):
    store.append(pictures)
    numbers = np.random.default_rng(1).integers(0, 7, (2, 2, 3))
    grid, array = Grid(store, numbers), pictures[numbers]
    assert grid.shape == array.shape
    assert np.array_equal(grid[key], array[key])
