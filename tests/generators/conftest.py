"""What the tests of generators share: foreign states, and files that hold them."""

from pathlib import Path

import pytest
import torch

import foreign as builders
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
