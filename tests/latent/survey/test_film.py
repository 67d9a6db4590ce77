"""A film's folder: what is in it is what it says, and stopped, cut off or refused it loses nothing."""

import json
import math
import os
import re
import signal
from html.parser import HTMLParser

import av
import numpy as np
import pytest
import torch
from PIL import Image

from ganatomy.errors import InputError
from ganatomy.files import Folder, OwnedFolder, Place
from ganatomy.generators.networks.dcgan import DCGAN
from ganatomy.generators.networks.planted import Planted
from ganatomy.generators.networks.progan import ProGAN
from ganatomy.latent.directions import Directions
from ganatomy.latent.methods.catalogue import find
from ganatomy.latent.methods.sefa import sefa
from ganatomy.latent.passage import Passage
from ganatomy.latent.pictures import Store, painter, sized_painter
from ganatomy.latent.survey import Film, Survey, conduct, film, stages
from ganatomy.progress import Silent

posix = pytest.mark.skipif(os.name != "posix", reason="signals between processes are POSIX's")
MARK = ".ganatomy-exploration"


@pytest.fixture(scope="module")
def G():
    """A ProGAN of 16 pixels, random."""
    torch.manual_seed(3)
    return ProGAN(z_dim=6, channels=[8, 6, 4]).eval().requires_grad_(False)


@pytest.fixture(scope="module")
def eyes():
    """A conditional DCGAN of 8 pixels, random."""
    torch.manual_seed(0)
    return DCGAN([8, 6, 3], kernels=[4, 4], classes=["blue", "green", "red"]).eval().requires_grad_(False)


def work(G, n=2, k=2, steps=3, reach=(-2.0, 2.0), method="sefa", facts=None, **changes):
    """A film that is quickly made."""
    chosen = {"samples": n, "k": k, "steps": steps, "start": reach[0], "end": reach[1], "size": 64, "effect_codes": 0}
    return Survey(G, (method,), Film(**{**chosen, **changes}), {"name": "tiny", **(facts or {})})


@pytest.fixture(scope="module")
def done(G, tmp_path_factory):
    """A finished film with all that can be asked for, and its folder and summary."""
    one = work(G, n=2, k=2, steps=5, columns=5, effect_codes=6, facts={"licence": "MIT"})
    folder = tmp_path_factory.mktemp("done") / "探 索"
    return one, folder, conduct(one, folder, report_layout=True)


@pytest.fixture
def _no_pictures(monkeypatch):
    """Leave out what is drawn: it takes most of the time."""
    monkeypatch.setattr(film.Album, "draw", lambda *_, **__: None)
    monkeypatch.setattr(film.Album, "draw_directions", lambda *_: None)


@pytest.fixture
def painted(monkeypatch):
    """Count the pictures that are made."""
    counts = []

    def counting(*arguments):
        paint = sized_painter(*arguments)
        return lambda codes, sizes: counts.append(len(codes)) or paint(codes, sizes)

    monkeypatch.setattr(stages, "sized_painter", counting)
    return lambda: sum(counts)


@pytest.fixture
def made(monkeypatch):
    """List the codes of which pictures are made, as bytes."""
    codes = []

    def noting(*arguments):
        paint = sized_painter(*arguments)
        return lambda ws, sizes: codes.extend(code.numpy().tobytes() for code in ws) or paint(ws, sizes)

    monkeypatch.setattr(stages, "sized_painter", noting)
    return codes


# What is in the folder


def test_the_folder_holds_what_the_contract_lists(done):
    _, folder, _ = done
    found = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert found == {
        *("traversal.mp4", "traversal.html", "overview.png", "direction_0.png", "direction_1.png", "codes.npz"),
        *("directions.safetensors", "directions.json", "summary.json", MARK, ".lock"),
        *("video.mp4", "strips/direction_0.png", "strips/direction_1.png"),
    }


def test_pictures_are_pictures_with_room_for_what_they_show(done):
    _, folder, _ = done
    for name, rows, columns in (("direction_0.png", 2, 5), ("direction_1.png", 2, 5), ("overview.png", 2, 6)):
        with Image.open(folder / name) as image:
            image.load()
            assert image.size >= (64 * columns, 64 * rows)
            assert np.asarray(image.convert("RGB")).std(axis=(0, 1)).min() > 10


def test_the_strips_are_the_generator_s_pictures_without_a_pixel_more(done):
    one, folder, _ = done
    G, found = one.generator, sefa(one.generator, 2)
    z = torch.randn(2, 6, generator=torch.Generator().manual_seed(0))
    for k in range(2):
        with Image.open(folder / "strips" / f"direction_{k}.png") as image:
            strip = np.asarray(image).reshape(2, 16, 5, 16, 3).swapaxes(1, 2)
        for s, amount in enumerate((-2, -1, 0, 1, 2)):
            ws = G.mapping(z) + amount * torch.tensor(found.vectors[k], dtype=torch.float32)
            exact = (127.5 * (G.synthesis(ws) + 1)).clip(0, 255).permute(0, 2, 3, 1).numpy()
            assert np.abs(strip[:, s] - exact).max() <= 0.51
    assert np.abs(strip[:, 0].astype(int) - strip[:, -1]).max() > 20  # so that the comparison says something


def test_the_film_goes_there_and_back_and_is_the_report_s_video_too(done):
    _, folder, _ = done
    with av.open(str(folder / "traversal.mp4")) as film:
        video = film.streams.video[0]
        frames = [frame.to_ndarray(format="rgb24").astype(int) for frame in film.decode(video)]
        assert (video.codec_context.name, video.codec_context.pix_fmt) == ("h264", "yuv420p")
    assert len(frames) == 2 * math.ceil(math.pi * 4 / 2) + 1
    assert frames[0].shape[0] >= 2 * 64
    assert frames[0].shape[1] >= 3 * 64
    middle = len(frames) // 2
    change = [np.abs(frame - frames[0]).mean() for frame in frames]
    assert change[middle] > 1
    assert max(change[-2:]) < 0.3 * change[middle]
    assert (folder / "video.mp4").read_bytes() == (folder / "traversal.mp4").read_bytes()


def test_codes_and_directions_make_the_pictures_again(done):
    one, folder, _ = done
    with np.load(folder / "codes.npz", allow_pickle=False) as file:
        z, ws, names = file["z"], file["ws"], file["names"]
    assert (z.shape, ws.shape, names.tolist()) == ((2, 6), (2, 1, 6), ["sample 0", "sample 1"])
    assert np.allclose(np.linalg.norm(ws, axis=2), math.sqrt(6))  # pixel-normed
    assert np.array_equal(ws, one.generator.mapping(torch.tensor(z)).numpy())
    found = Directions.load(folder / "directions.safetensors")
    assert np.array_equal(found.vectors, sefa(one.generator, 2).vectors)
    assert found.fingerprint == one.generator.fingerprint()
    assert [row["share"] for row in _strict(folder / "directions.json")["directions"]] == found.share.tolist()


def _strict(path):
    def refuse(word):
        raise AssertionError(f"{word} is no JSON")

    return json.loads(path.read_text(encoding="utf-8"), parse_constant=refuse)


def test_the_summary_says_what_was_done_and_found(done):
    one, folder, summary = done
    read = _strict(folder / "summary.json")
    assert read == json.loads(json.dumps(dict(summary)))
    expected = {
        "name": "tiny",
        "licence": "MIT",
        "family": "progan",
        "method": "sefa",
        "space": "z",
        "seed": 0,
        "size": 16,
        "weights": one.generator.fingerprint(),
        "pictures": {"shown": 2 * 3 * 5, **dict.fromkeys(("distinct", "painted"), 2 + 2 * 2 * 4 + 6 + 6 * 4 * (2 + 8))},
    }
    assert {key: read[key] for key in expected} == expected
    assert (read["strengths"]["start"], read["strengths"]["end"], read["strengths"]["steps"]) == (-2, 2, 5)
    assert "units of the code" in read["strengths"]["unit"]
    assert read["values"] == sefa(one.generator, 2).values.tolist()
    assert read["pictures_a_second"] == pytest.approx(18 / read["seconds_rendering"])
    assert len(read["effects"]) == 2
    for effect in read["effects"]:
        assert effect["codes"] == 6
        assert effect["floor"]["draws"] == 8
        assert effect["ratio"] == pytest.approx(effect["change"] / effect["floor"]["change"]["mean"])


class _Links(HTMLParser):
    def __init__(self, html):
        super().__init__()
        self.links, self.sliders, self.pictures = [], 0, 0
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.links += [given[name] for name in ("src", "href", "srcset", "data", "action") if given.get(name)]
        self.sliders += tag == "input" and given.get("type") == "range"


def test_the_page_needs_nothing_but_itself(done):
    _, folder, summary = done
    html = (folder / "traversal.html").read_text(encoding="utf-8")
    page = _Links(html)
    assert page.sliders == 2
    assert all(link.startswith(("data:", "#")) for link in page.links)
    assert not re.findall(r"@import|\bfetch\(|XMLHttpRequest|WebSocket|url\((?!['\"]?(?:data:|#))", html)
    assert f"{summary['share'][0]:.1%}".replace("%", " %") in html
    assert "licence" in html


# How many pictures


@pytest.mark.usefixtures("_no_pictures")
def test_the_report_s_grid_of_630_pictures_takes_505(G, painted, tmp_path, monkeypatch):
    drawn = []
    monkeypatch.setattr(film.Album, "draw_directions", lambda _, whole: drawn.append(whole))
    summary = conduct(work(G, n=5, k=5, steps=21), tmp_path / "out")
    assert summary["pictures"] == {"shown": 630, "distinct": 505, "painted": 505}
    assert painted() == 505
    assert sorted(set(drawn)) == [0, 1, 2, 3, 4, 5]  # each as soon as it is whole


@pytest.mark.usefixtures("_no_pictures")
@pytest.mark.parametrize("reach", [(-2, 2), (0, 2), (1, 2), (-1, 2)])
def test_the_progress_reaches_its_end_and_does_not_go_beyond(G, painted, tmp_path, reach):
    class Noted(Silent):
        total, last = 0, 0

        def showing(self, total, done=0):
            self.total = total
            return super().showing(total, done)

        def update(self, done, text=""):
            assert self.last <= done <= self.total
            self.last = done

    noted = Noted()
    conduct(work(G, steps=3, reach=reach, effect_codes=3), tmp_path / "out", progress=noted)
    assert noted.last == noted.total == painted()


@pytest.mark.usefixtures("_no_pictures")
@pytest.mark.parametrize("seed", [0, 5, 2**31, 2**32 - 1])
def test_effects_are_measured_on_other_codes_than_those_on_show(G, tmp_path, made, seed):
    one = work(G, n=3, seed=seed, effect_codes=3)  # equally many, since PyTorch's codes depend on their number
    conduct(one, tmp_path / "out")
    assert len(one.measured) == 3
    assert torch.cdist(one.measured[:, 0], one.samples.ws[:, 0]).min() > 0.1
    for ws in (one.measured, one.samples.ws):
        assert all(code.numpy().tobytes() in made for code in ws)


@pytest.mark.usefixtures("_no_pictures")
def test_classes_stay_as_they_are_and_a_class_holds_for_the_effects_too(eyes, tmp_path, made):
    for name, expected in ((None, [0, 1, 2, 0]), ("green", [1, 1, 1, 1])):
        made.clear()
        one = work(eyes, n=4, class_name=name, effect_codes=4)
        summary = conduct(one, tmp_path / str(name))
        for ws in (one.samples.ws, one.measured):
            assert ws[:, 0, 5:].tolist() == torch.eye(3)[expected].tolist()
        assert summary["samples"][1].endswith("green")
        codes = np.frombuffer(b"".join(made), np.float32).reshape(-1, 8)
        assert set(codes[:, 5:].sum(axis=1)) == {1.0}
        assert set(codes[:, 5:].argmax(axis=1)) == set(expected)


@pytest.mark.usefixtures("_no_pictures")
def test_raw_directions_move_codes_as_they_were_drawn(G, tmp_path):
    one = work(G, n=3, method="sefa-raw", effect_codes=3)
    assert conduct(one, tmp_path / "out")["method"] == "sefa-raw"
    with np.load(tmp_path / "out" / "codes.npz", allow_pickle=False) as file:
        assert np.array_equal(file["ws"][:, 0], file["z"])
    assert (one.measured[:, 0].norm(dim=1) - math.sqrt(6)).abs().min() > 1e-3


def test_bfloat16_makes_its_own_folder_and_nearly_the_same_pictures(G):
    one, low = work(G), work(G, precision="bfloat16")
    assert one.fingerprint() != low.fingerprint()
    first, second = (painter(G, 64, each.choices.precision)(each.samples.ws).astype(int) for each in (one, low))
    assert np.abs(first - second).mean() < 1


# Stopped, and going on


class _Stopping(Silent):
    """Presses Ctrl-C after so many pictures, as a person would: while the next batch is being made."""

    def __init__(self, after):
        self.after = after

    def update(self, done, text=""):
        if done >= self.after:
            self.after = math.inf
            os.kill(os.getpid(), signal.SIGINT)


def _stop(one, folder, after, **more):
    with pytest.raises(KeyboardInterrupt):
        conduct(one, folder, progress=_Stopping(after), **more)


def _same(folder, other, contents):
    """All files are the same to the last bit, but for the seconds in the summary."""
    first, second = contents(folder), contents(other)
    for files in (first, second):
        summary = json.loads(files["summary.json"])
        assert summary.pop("seconds_rendering") >= 0
        summary.pop("pictures_a_second")
        files["summary.json"] = summary
    assert list(first) == list(second)
    assert [name for name in first if first[name] != second[name]] == []


@pytest.fixture(scope="module")
def whole(G, tmp_path_factory):
    """A film that nothing stopped, in batches of 4: 2 unedited pictures, 4 for each of 2 directions, then effects."""
    folder = tmp_path_factory.mktemp("whole") / "out"
    one = work(G, n=2, k=2, effect_codes=2)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(stages, "batch_size", lambda _: 4)
        conduct(one, folder, report_layout=True)
    return one, folder


@pytest.fixture
def _small_batches(monkeypatch):
    monkeypatch.setattr(stages, "batch_size", lambda _: 4)


@posix
@pytest.mark.usefixtures("_small_batches")
def test_stopped_after_every_batch_it_ends_bit_identical(whole, tmp_path, contents, painted):
    one, folder = whole
    for after in (6, 20, 91):
        _stop(one, tmp_path / "out", after, report_layout=True)
        assert not (tmp_path / "out" / "summary.json").exists()
    summary = conduct(one, tmp_path / "out", report_layout=True)
    _same(tmp_path / "out", folder, contents)
    assert painted() == summary["pictures"]["distinct"] == 2 + 8 + 2 + 2 * 4 * (2 + 8)  # none was made twice


@posix
@pytest.mark.parametrize(("batch", "after", "drawn"), [(3, 4, 0), (4, 4, 1), (3, 8, 1), (4, 8, 2), (4, 11, 2)])
def test_stopped_it_leaves_the_directions_that_are_whole(whole, tmp_path, monkeypatch, batch, after, drawn):
    one, _ = whole
    monkeypatch.setattr(stages, "batch_size", lambda _: batch)
    _stop(one, tmp_path, after)
    names = {path.name for path in tmp_path.iterdir()}
    pictures = {"traversal.mp4", "traversal.html", "overview.png"} if drawn else set()
    assert names == {
        *(MARK, ".lock", ".work", "codes.npz", "directions.safetensors", "directions.json", *pictures),
        *(f"direction_{k}.png" for k in range(drawn)),
    }
    if drawn:
        page = _Links((tmp_path / "traversal.html").read_text(encoding="utf-8"))
        assert page.sliders == drawn
        for path in tmp_path.glob("*.png"):
            with Image.open(path) as image:
                image.load()
        with av.open(str(tmp_path / "traversal.mp4")) as film:
            frames = list(film.decode(video=0))
        assert len(frames) == 2 * math.ceil(math.pi) + 1
        assert frames[0].width >= 64 * (1 + drawn)


@posix
@pytest.mark.usefixtures("_small_batches")
def test_stopped_while_measuring_no_picture_is_made_again(whole, tmp_path, contents, painted):
    one, folder = whole
    _stop(one, tmp_path / "out", 40)
    (tmp_path / "out" / "direction_1.png").unlink()  # as if it had been killed before that was drawn
    before = painted()
    summary = conduct(one, tmp_path / "out", report_layout=True)
    assert (before, painted()) == (40, summary["pictures"]["distinct"])
    assert summary["pictures_a_second"] is None  # of those on show, none was left
    _same(tmp_path / "out", folder, contents)


@pytest.mark.usefixtures("_small_batches")
@pytest.mark.parametrize("cut", [1, 768, 769, 3 * 768 - 5, 7 * 768 + 1, 10 * 768])
def test_killed_in_the_middle_of_a_write_the_same_pictures_are_made(G, tmp_path, monkeypatch, cut):
    stores, batches, file = [], [], tmp_path / ".work" / "pictures"

    def killed(*_):  # right before the pictures are drawn, so that nothing is tidied up
        stores.append(file.read_bytes())
        raise SystemExit

    monkeypatch.setattr(film.Album, "draw", killed)
    monkeypatch.setattr(film.Album, "draw_directions", lambda *_: None)
    with pytest.raises(SystemExit):
        conduct(work(G), tmp_path)
    assert len(stores[0]) == 10 * 768
    os.truncate(file, 10 * 768 - cut)
    (tmp_path / f".ganatomy-{'7' * 16}.part").write_bytes(b"half a film")
    codes = Passage.codes
    monkeypatch.setattr(Passage, "codes", lambda *a: batches.append(a[1:]) or codes(*a))
    with pytest.raises(SystemExit):
        conduct(work(G), tmp_path)
    assert stores[0] == stores[1]
    assert batches
    assert set(batches) <= {(0, 4), (4, 8)}  # those without a crash, or the arithmetic might differ
    assert not list(tmp_path.glob(".*.part"))


@posix
@pytest.mark.usefixtures("_small_batches", "_no_pictures")
def test_no_other_work_goes_on_in_the_folder(G, eyes, tmp_path, contents):
    _stop(work(G), tmp_path, 4)
    before = contents(tmp_path)
    assert (tmp_path / ".work" / "pictures").exists()
    for other in (
        *(work(G, seed=1), work(G, reach=(-2, 1)), work(G, steps=5), work(G, n=3), work(G, k=1), work(eyes)),
        *(work(G, size=65), work(G, method="sefa-raw"), work(G, precision="bfloat16"), work(G, effect_codes=2)),
        *(work(G, steps=3, columns=2), work(G, method="random"), work(G, language="zh")),
    ):
        with pytest.raises(InputError, match="an unfinished exploration of another source, seed, range or size"):
            conduct(other, tmp_path)
    assert contents(tmp_path) == before
    conduct(work(G), tmp_path)


@pytest.mark.usefixtures("_no_pictures")
def test_done_it_is_replaced_by_force_only(G, tmp_path, contents):
    conduct(work(G), tmp_path)
    (tmp_path / "notes.txt").write_text("precious", encoding="utf-8")
    before = contents(tmp_path)
    for again in (work(G), work(G, seed=1)):
        with pytest.raises(InputError, match="a finished exploration; choose another `out`, or `force=True`"):
            conduct(again, tmp_path)
        assert contents(tmp_path) == before
    assert conduct(work(G, seed=1), tmp_path, force=True)["seed"] == 1
    assert (tmp_path / "notes.txt").read_text(encoding="utf-8") == "precious"


# What cannot be


@pytest.mark.usefixtures("_small_batches", "_no_pictures")
def test_a_full_disk_is_one_line_and_loses_nothing(G, tmp_path, monkeypatch, painted):
    written = []

    def full(place, position, content):
        if place.name.endswith("pictures"):
            written.append(position)
            if len(written) == 2:
                with monkeypatch.context() as once:
                    once.setattr(Folder, "open", lambda *_: no_room())
                    return put(place, position, content)
        return put(place, position, content)

    def no_room():
        raise OSError(28, "No space left on device")

    put = Place.put
    with monkeypatch.context() as patched:
        patched.setattr(Place, "put", full)
        with pytest.raises(InputError, match=r"pictures: No space left on device; choose") as caught:
            conduct(work(G), tmp_path / "out")
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "out" / "summary.json").exists()
    before = painted()
    conduct(work(G), tmp_path / "out")
    assert (before, painted() - before) == (2 + 4, 8)  # those of the batch that could not be kept, again


@pytest.mark.parametrize("name", ["codes.npz", "directions.json", "direction_0.png", "traversal.html", "strips"])
def test_a_file_that_cannot_be_written_is_one_line(G, tmp_path, monkeypatch, name):
    monkeypatch.setattr(film, "write_mp4", lambda *_, **__: (tmp_path / "traversal.mp4").touch())
    (tmp_path / MARK).touch()
    if name == "strips":
        (tmp_path / name).touch()
    else:
        (tmp_path / name).mkdir()
    with pytest.raises(
        InputError, match=f"{name}(: it is a folder; choose| is a file, and no folder; remove it)"
    ) as caught:
        conduct(work(G, n=1, k=1), tmp_path, report_layout=True)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "summary.json").exists()


@pytest.mark.usefixtures("_no_pictures")
def test_a_generator_that_gives_no_pictures_leaves_no_folder(tmp_path):
    torch.manual_seed(0)
    G = DCGAN([6, 4, 3], kernels=[4, 4]).eval().requires_grad_(False)
    one = work(G)
    G.norms["0"].running_var.fill_(-1.0)
    with pytest.raises(InputError, match="NaN or infinite"):
        conduct(one, tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"n": 101}, "samples = 101: give a whole number from 1 to 100"),
        ({"steps": 201}, "steps = 201: give a whole number from 2 to 200"),
        ({"k": 0}, "k = 0"),
        ({"columns": 1}, "1 columns: give 2 to 100"),
        ({"size": 63}, "size 63: pictures are shown 64 to 1024"),
        ({"size": 1025}, "size 1025"),
        ({"effect_codes": -1}, "effect_codes = -1: give 0 to 10000"),
        ({"seed": -1, "seeds": [3]}, "seed -1: give a whole number"),
        ({"seed": 2**32, "seeds": [3]}, "seed 4294967296: give a whole number"),
        ({"seeds": list(range(101))}, "101 seeds: give 1 to 100"),
        ({"repetitions": 1}, "repetitions = 1"),
        ({"attributes": ["warmth"]}, "a film shows what directions do, and names none"),
        ({"method": "seffa"}, "unknown method 'seffa'"),
    ],
    ids=str,
)
def test_what_cannot_be_is_refused(G, changes, words):
    with pytest.raises(InputError, match=words):
        work(G, **changes)


def test_a_film_is_of_one_method(G):
    with pytest.raises(InputError, match="a film is of one method"):
        Survey(G, ("sefa", "random"), Film())


def test_grain_that_is_new_in_each_picture_is_refused(G):
    G.noise = "random"
    try:
        with pytest.raises(InputError, match="flicker along a direction"):
            work(G)
    finally:
        G.noise = "stored"


# Films and columns


@pytest.mark.parametrize(
    ("n", "k", "size", "expected"), [(5, 5, 256, 256), (16, 3, 1024, 256), (2, 63, 256, 64), (100, 1, 256, 64)]
)
def test_pictures_in_a_film_of_many_are_smaller_so_that_players_take_it(tmp_path, monkeypatch, n, k, size, expected):
    one, sizes = work(Planted(z_dim=64, resolution=16), n=n, k=k, size=size, method="random"), []
    monkeypatch.setattr(film.Album, "_draw_overview", lambda *_: None)
    monkeypatch.setattr(film.Album, "_page", lambda *_: "")
    monkeypatch.setattr(film, "write_mp4", lambda *_, **__: None)
    monkeypatch.setattr(film, "traversal_frames", lambda *_, size, **__: sizes.append(size))
    store = Store(tmp_path / "pictures", (16, 16, 3))
    store.append(np.zeros((n, 16, 16, 3), np.uint8))
    film.Album(OwnedFolder(tmp_path), one, find(one.generator, "random", k), store).draw(k)
    assert sizes == [expected]


@pytest.mark.parametrize(
    ("steps", "wanted", "expected"),
    [
        (21, 11, range(0, 21, 2)),
        (21, 7, [0, 5, 10, 15, 20]),
        (5, 5, range(5)),
        (5, 2, [0, 4]),
        (3, 3, range(3)),
        (2, 2, [0, 1]),
    ],
)
def test_columns_are_equally_far_apart_with_the_ends_and_the_middle(steps, wanted, expected):
    assert film.columns_of(steps, wanted).tolist() == list(expected)


@pytest.mark.parametrize("steps", range(2, 40))
def test_columns_are_never_more_than_wanted_and_always_reach_both_ends(steps):
    for wanted in range(2, min(steps, 12) + 1):
        columns = film.columns_of(steps, wanted)
        assert 2 <= len(columns) <= wanted
        assert (columns[0], columns[-1]) == (0, steps - 1)
        assert (np.diff(columns) > 0).all()
