"""What the tests of generators share: foreign states, and files that hold them."""

from pathlib import Path

import pytest
import torch

import foreign as builders
from ganatomy.generators.files.stored import StoredTensor, reach
from ganatomy.generators.loading import load

SHARED = Path(__file__).resolve().parents[3] / "shared" / "fixtures"


@pytest.fixture(scope="session")
def foreign():
    """Builders of state dicts as other projects save them."""
    return builders


@pytest.fixture(scope="session")
def fixture_file():
    """Map a name to the path of a published layout's example, or skip where only developers have it."""

    def find(name):
        if not (SHARED / name).exists():
            pytest.skip("needs the developers' shared data")
        return SHARED / name

    return find


@pytest.fixture
def loaded(tmp_path):
    """Load the generator that a file of this content holds."""

    def make(content, **how):
        torch.save(content, tmp_path / "a.pth")
        return load(tmp_path / "a.pth", **how)

    return make


@pytest.fixture
def counts(monkeypatch):
    """How many numbers each tensor had that has been read from a file; those that came with a pickle do not count."""
    found, read = [], StoredTensor.read

    def counted(tensor):
        if tensor.storage.content is None:
            found.append(reach(tensor.shape, tensor.strides))
        return read(tensor)

    monkeypatch.setattr(StoredTensor, "read", counted)
    return found
