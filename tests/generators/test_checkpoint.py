"""One generator in every container is one checkpoint; anything else is refused by the name of what it is."""

import gzip
import hashlib
import json
import os
import pickle
import subprocess
import sys
import tarfile
import types
import zipfile

import numpy as np
import pytest
import safetensors.torch
import torch
from PIL import Image

from ganatomy.errors import InputError
from ganatomy.generators.checkpoint import read_checkpoint, write_checkpoint
from ganatomy.generators.families import fingerprint


def torch_zip(state, path):
    torch.save(state, path)


def torch_legacy(state, path):
    torch.save(state, path, _use_new_zipfile_serialization=False)


def tensors(state, path):
    safetensors.torch.save_file({key: value.contiguous() for key, value in state.items()}, path)


def npz(state, path):
    with open(path, "wb") as file:
        np.savez(file, **{key: value.numpy() for key, value in state.items()})


def npz_compressed(state, path):
    with open(path, "wb") as file:
        np.savez_compressed(file, **{key: value.numpy() for key, value in state.items()})


def whole_network(state, path):
    """A pickled network whose class cannot be imported."""
    module = types.ModuleType("a_project_that_is_gone")
    sys.modules[module.__name__] = module
    module.Net = type("Net", (torch.nn.Module,), {"__module__": module.__name__})
    network = module.Net()
    for key, value in state.items():
        *stems, name = key.split(".")
        part = network
        for stem in stems:
            if stem not in part._modules:
                part.add_module(stem, module.Net())
            part = part._modules[stem]
        part.register_buffer(name, value)
    torch.save({"epoch": 3, "netG": network}, path)
    del sys.modules[module.__name__]


def plain_pickle(state, path):
    path.write_bytes(pickle.dumps({"generator": state}))


CONTAINERS = [torch_zip, torch_legacy, tensors, npz, npz_compressed, whole_network, plain_pickle]


@pytest.mark.parametrize("write", CONTAINERS, ids=lambda write: write.__name__)
@pytest.mark.parametrize("kind", ["genforce", "zoo", "dcgan"])
def test_the_container_makes_no_difference(kind, write, foreign, tmp_path):
    state = foreign.dcgan().state_dict() if kind == "dcgan" else getattr(foreign, kind)()
    torch_zip(state, tmp_path / "reference")
    write(state, tmp_path / "picture.png")  # names do not matter
    reference, checkpoint = read_checkpoint(tmp_path / "reference"), read_checkpoint(tmp_path / "picture.png")
    assert checkpoint.fingerprint() == reference.fingerprint()
    assert (checkpoint.layout, checkpoint.resolution) == (reference.layout, reference.resolution)
    assert np.array_equal(checkpoint.style_weights(), reference.style_weights())


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float64])
@pytest.mark.parametrize("write", [torch_zip, torch_legacy, tensors], ids=lambda write: write.__name__)
def test_other_precisions_become_float32(dtype, write, foreign, tmp_path):
    state = {key: value.to(dtype) for key, value in foreign.genforce().items()}
    write(state, tmp_path / "a")
    weights = read_checkpoint(tmp_path / "a").weights
    assert {value.dtype for value in weights.values()} == {np.dtype(np.float32)}
    assert np.array_equal(weights["layers.2.weight"], state["layer2.weight"].float().numpy())


@pytest.mark.parametrize("start", [b"\x80\x05", b"PK", b"BM", b"GI", b"\xff\xd8", b"\x1f\x8b", b"BZ", b"%P"])
def test_the_length_of_a_header_is_no_kind_of_file(start, foreign, tmp_path):
    """A safetensors file begins with a number, which may look like the first bytes of a pickle or of a picture."""
    tensors(foreign.dcgan().state_dict(), tmp_path / "a")
    data = (tmp_path / "a").read_bytes()
    header = data[8 : 8 + int.from_bytes(data[:8], "little")]
    size = int.from_bytes(start, "little")
    (tmp_path / "b").write_bytes(size.to_bytes(8, "little") + header.ljust(size) + data[8 + len(header) :])
    assert read_checkpoint(tmp_path / "b").fingerprint() == read_checkpoint(tmp_path / "a").fingerprint()


def test_our_own_file_keeps_everything_and_says_where_it_came_from(foreign, tmp_path):
    torch_zip({"generator_smooth": foreign.genforce()}, tmp_path / "a.pth")
    first = read_checkpoint(tmp_path / "a.pth")
    card = {"name": "tiny", "licence": "MIT", "source": {"url": "https://example.org/a.pth"}}
    write_checkpoint(first, tmp_path / "b.safetensors", card)
    again = read_checkpoint(tmp_path / "b.safetensors")
    assert again.fingerprint() == first.fingerprint()
    assert again.layout == first.layout == "ProGAN, genforce layout"
    assert card.items() <= again.card.items()
    assert again.card["sha256"] == hashlib.sha256((tmp_path / "a.pth").read_bytes()).hexdigest()
    assert (again.card["resolution"], again.card["z_dim"], again.card["place"]) == (16, 6, "generator_smooth")
    write_checkpoint(again, tmp_path / "c.safetensors")  # the card goes on
    write_checkpoint(again, tmp_path / "b.safetensors")  # onto itself
    assert (tmp_path / "b.safetensors").read_bytes() == (tmp_path / "c.safetensors").read_bytes()
    assert read_checkpoint(tmp_path / "c.safetensors").card == again.card
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.pth", "b.safetensors", "c.safetensors"]


def test_writing_where_one_cannot_leaves_nothing(foreign, tmp_path):
    torch_zip(foreign.dcgan().state_dict(), tmp_path / "a.pth")
    with pytest.raises(InputError, match=r"cannot write to .*: Not a directory; choose another `out`"):
        write_checkpoint(read_checkpoint(tmp_path / "a.pth"), tmp_path / "a.pth" / "b" / "b.safetensors")
    with pytest.raises(InputError, match="cannot write"):
        write_checkpoint(read_checkpoint(tmp_path / "a.pth"), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["a.pth"]


def test_classes_are_coordinates_behind_the_code(foreign, tmp_path):
    torch_zip(foreign.dcgan().state_dict(), tmp_path / "a.pth")
    plain = read_checkpoint(tmp_path / "a.pth")
    named = read_checkpoint(tmp_path / "a.pth", classes=["left", "right"])
    assert (plain.z_dim, plain.w_dim, plain.classes) == (10, 10, ())
    assert (named.z_dim, named.edit_dim, named.w_dim, named.classes) == (8, 8, 10, ("left", "right"))
    assert read_checkpoint(tmp_path / "a.pth", classes=3).classes == ("class 0", "class 1", "class 2")
    assert np.array_equal(named.style_weights(), plain.style_weights()[:, :8])
    write_checkpoint(named, tmp_path / "b.safetensors")
    assert read_checkpoint(tmp_path / "b.safetensors").classes == ("left", "right")
    assert read_checkpoint(tmp_path / "b.safetensors", classes=0).classes == ()
    wrongs = (
        (10, "leave no"),
        (10**12, "leave no"),
        (-1, "their number"),
        ("left", "their number"),
        (True, "their number"),
    )
    for wrong, message in wrongs:
        with pytest.raises(InputError, match=message):
            read_checkpoint(tmp_path / "a.pth", classes=wrong)


def test_style_weights_are_the_first_layers_answer(foreign, tmp_path):
    """A z, of either family, is what the layer itself makes of z, up to one factor and the order of its pixels."""
    torch_zip(foreign.genforce(), tmp_path / "a")
    torch_zip(foreign.dcgan().state_dict(), tmp_path / "b")
    convolution = lambda z, w: torch.nn.functional.conv2d(z, w, padding=3)  # noqa: E731
    for name, function in (("a", convolution), ("b", torch.nn.functional.conv_transpose2d)):
        checkpoint = read_checkpoint(tmp_path / name)
        z = torch.randn(checkpoint.z_dim, generator=torch.Generator().manual_seed(0))
        kernel = torch.from_numpy(checkpoint.weights["layers.0.weight"])
        answer = function(z[None, :, None, None], kernel).numpy().ravel()
        assert np.allclose(np.sort(checkpoint.style_weights() @ z.double().numpy()), np.sort(answer), atol=1e-5)
        assert checkpoint.style_weights([0]).shape == (128, checkpoint.z_dim)
        with pytest.raises(InputError, match="one code for all its layers"):
            checkpoint.style_weights([0, 1])


def test_the_fingerprint_tells_weights_apart_and_nothing_else():
    a = {"x": np.arange(6, dtype=np.float32).reshape(2, 3), "y": np.ones((), np.float32)}
    same = fingerprint(a)
    assert len(same) == 64
    assert fingerprint({"y": a["y"].astype(">f8"), "x": np.asfortranarray(a["x"])}) == same
    others = [
        {**a, "y": np.float32(2)},
        {**a, "x": a["x"].T},
        {**a, "x": a["x"].reshape(3, 2)},
        {"x": a["x"], "z": a["y"]},
    ]
    assert len({same, *map(fingerprint, others)}) == 5


def test_opening_and_one_layer_cost_what_they_need(foreign, tmp_path, counts):
    torch_zip({"generator": foreign.genforce(0), "generator_smooth": foreign.genforce(1)}, tmp_path / "a.pth")
    checkpoint = read_checkpoint(tmp_path / "a.pth")
    assert counts == [1]  # lod
    checkpoint.style_weights()
    assert counts == [1, 8 * 6 * 16]


def test_weights_alone_need_no_torch(foreign, tmp_path):
    torch_zip(foreign.genforce(), tmp_path / "a.pth")
    code = (
        "import sys; from ganatomy.generators.checkpoint import read_checkpoint, write_checkpoint\n"
        "checkpoint = read_checkpoint(sys.argv[1]); checkpoint.style_weights(); checkpoint.fingerprint()\n"
        "write_checkpoint(checkpoint, sys.argv[1] + '.safetensors'); read_checkpoint(sys.argv[1] + '.safetensors')\n"
        "assert not {'torch', 'matplotlib', 'scipy', 'pickle'} & set(sys.modules) - {'pickle'}, set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "a.pth")], check=True)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 1e300])
def test_weights_that_are_not_finite_are_named_when_read(bad, foreign, tmp_path):
    state = foreign.dcgan().state_dict()
    state["4.running_mean"] = state["4.running_mean"].double()
    state["4.running_mean"][2] = bad
    torch_zip(state, tmp_path / "a.pth")
    checkpoint = read_checkpoint(tmp_path / "a.pth")
    checkpoint.style_weights()
    for use in (checkpoint.fingerprint, lambda: write_checkpoint(checkpoint, tmp_path / "b.safetensors")):
        with pytest.raises(InputError, match=r"a\.pth: 4\.running_mean has 1 NaN or infinite weights of 6"):
            use()
    assert not (tmp_path / "b.safetensors").exists()


def test_negative_variances_are_refused(foreign, tmp_path):
    torch_zip({**foreign.dcgan().state_dict(), "1.running_var": torch.full((8,), -1.0)}, tmp_path / "a.pth")
    with pytest.raises(InputError, match=r"1\.running_var has negative variances"):
        read_checkpoint(tmp_path / "a.pth").fingerprint()


@pytest.fixture
def refusal(tmp_path):
    """The message with which bytes, or a file written by a function, are refused."""

    def write(content, name="a.pth"):
        path = tmp_path / name
        content(path) if callable(content) else path.write_bytes(content)
        with pytest.raises(InputError) as caught:
            read_checkpoint(path)
        message = str(caught.value)
        assert message.startswith(str(path))
        assert message.isprintable()
        assert len(message) < len(str(path)) + 300
        return message.removeprefix(str(path)).strip()

    return write


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"<!DOCTYPE html><html><body>Not found</body>", "a web page, not a checkpoint (a download that failed?)"),
        (b"\n\n <html lang='en'>", "a web page"),
        (b'<?xml version="1.0"?><Error><Code>AccessDenied</Code>', "a web page"),
        (b'{"error": "Repository not found"}', 'text, which begins \'{"error": "Repository not found"}\''),
        (b"Entry not found", "text, which begins 'Entry not found'"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 92322000\n", "git-lfs pointer"),
        (b"\x1f\x8b\x08\x00 gzip", "compressed by gzip: unpack it first"),
        (b"GIF89a" + bytes(20), "a picture (GIF)"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "a picture (WebP)"),
        (b"\x89HDF\r\n\x1a\n" + bytes(50), "an HDF5 file"),
        (b"\x93NUMPY\x01\0", "a single numpy array"),
        (b"PK\x05\x06" + bytes(18), "a zip archive with no weights right in it (it has nothing)"),
        (b"\x80\x04\x95\x10\0\0\0\0\0\0\0}.", "holds no tensors by name"),
        (b"\x80\x04\x95\x10\0\0\0\0\0\0\0}", "is damaged: its pickle cannot be read"),
        (bytes(range(256)) * 4, "no file of tensors that is known"),
        (b"\x10\0\0\0\0\0\0\0{}", "truncated or damaged safetensors"),
    ],
)
def test_files_of_other_kinds_are_named(content, message, refusal):
    assert message in refusal(content)


def test_pictures_and_archives_are_named(refusal, tmp_path):
    for form in ("png", "jpeg", "gif", "webp", "bmp"):
        assert (
            f"is a picture ({form}"
            in refusal(lambda path, form=form: Image.new("RGB", (9, 9)).save(path, form)).lower()
        )
    (tmp_path / "note.txt").write_text("hello")

    def tar(path, mode="w"):
        with tarfile.open(path, mode) as archive:
            archive.add(tmp_path / "note.txt", "note.txt")

    def zipped(path):
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("package/weights.tar", "")

    assert "a tar archive" in refusal(tar)
    assert "compressed by gzip" in refusal(lambda path: tar(path, "w:gz"))
    assert "compressed by gzip" in refusal(gzip.compress(b"x"))
    assert "no weights right in it (it has package/weights.tar)" in refusal(zipped)


@pytest.mark.filterwarnings("ignore")
def test_programs_of_torch_are_named(refusal):
    network = torch.jit.script(torch.nn.Linear(2, 2))
    assert "is a TorchScript archive, a program rather than weights" in refusal(
        lambda path: torch.jit.save(network, str(path))
    )


def test_folders_and_missing_files_are_named(tmp_path, monkeypatch):
    with pytest.raises(InputError, match="is a folder"):
        read_checkpoint(tmp_path)
    with pytest.raises(InputError, match="no such file"):
        read_checkpoint(tmp_path / "none.pth")

    def forbidden(*arguments):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", forbidden)
    with pytest.raises(InputError, match="cannot be read: Permission denied"):
        read_checkpoint(os.fspath(tmp_path / "a.pth"))


def ours(card):
    return lambda path: safetensors.torch.save_file({"w": torch.zeros(2)}, path, metadata={"ganatomy": card})


@pytest.mark.parametrize(
    ("card", "message"),
    [
        ({"format": "fitted-gan-1"}, "is a GAN fitted to points, and makes no pictures; 'ganatomy sample"),
        ({"format": "directions-1"}, "holds directions, not a generator: Directions.load reads it"),
        ({"format": "generator-2"}, "holds generator-2, this version reads generator-1"),
        ({"format": "\x1b[2J"}, "holds [2J, this version"),
        ({"format": "generator-1"}, "its card: family"),
        ({"format": "generator-1", "family": "vae", "layout": ""}, "its card: unknown family 'vae'"),
        ({"format": "generator-1", "family": "dcgan", "layout": "", "classes": 3}, "its card: classes = 3: should be"),
        ({"format": "generator-1", "family": "dcgan", "layout": "", "licence": 5}, "its card: licence = 5: should be"),
        ({"format": 5}, "its card: format = 5: should be"),
        ({}, "its card: format"),
        ([], "its card: = []: should be an object"),
        (3, "its card: = 3: should be an object"),
    ],
)
def test_other_files_of_ours_are_named(card, message, refusal):
    assert message in refusal(ours(json.dumps(card)))


def test_a_damaged_card_is_damage(refusal, foreign):
    assert "its card: damaged, no JSON" in refusal(ours("{"))
    assert "its card: damaged, nested too deeply" in refusal(ours("[" * 100_000))
    card = {"format": "generator-1", "family": "progan", "layout": "x"}
    state = foreign.dcgan().state_dict()
    message = refusal(lambda path: safetensors.torch.save_file(state, path, {"ganatomy": json.dumps(card)}))
    assert "its card says progan, its tensors dcgan" in message


def test_arrays_of_objects_and_lies_in_an_npz_are_refused(refusal, foreign):
    def objects(path):
        with open(path, "wb") as file:
            np.savez(file, w=np.array([{}, []], dtype=object))

    assert "holds no tensors" in refusal(objects)

    def huge(path):
        header = (
            b"\x93NUMPY\x01\x00v\x00"
            + b"{'descr': '<f4', 'fortran_order': False, 'shape': (1099511627776,), }".ljust(117)
            + b"\n"
        )
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("w.npy", header)

    assert "w.npy has another size than it says" in refusal(huge)


def damaged(data, random):
    """The bytes with a few flipped, cut, doubled or overwritten."""
    data, kind = bytearray(data), random.integers(5)
    at = int(random.integers(len(data)))
    if kind == 0:
        return bytes(data[:at])
    if kind == 1:
        return bytes(data[:at] + data[at + int(random.integers(1, 20)) :])
    if kind == 2:
        return bytes(data[:at] + data[max(0, at - 10) :])
    for place in random.integers(len(data) if kind == 3 else min(600, len(data)), size=random.integers(1, 4)):
        data[place] ^= 1 << int(random.integers(8))
    return bytes(data)


@pytest.mark.parametrize("write", CONTAINERS, ids=lambda write: write.__name__)
def test_damage_ends_in_one_line_or_in_a_checkpoint(write, foreign, tmp_path):
    path, random = tmp_path / "a.pth", np.random.default_rng(0)
    write(foreign.dcgan(widths=(4, 3, 1), kernels=(4, 4)).state_dict(), path)
    data, messages = path.read_bytes(), []
    for _ in range(300):
        path.write_bytes(damaged(data, random))
        try:
            checkpoint = read_checkpoint(path)
            checkpoint.style_weights()
            assert len(checkpoint.fingerprint()) == 64
        except InputError as error:
            messages.append(str(error))
    assert len(messages) > 100
    assert all(message.isprintable() for message in messages)
    assert [file.name for file in tmp_path.iterdir()] == ["a.pth"]
