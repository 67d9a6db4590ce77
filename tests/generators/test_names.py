"""The names that `ganatomy.generators` and `ganatomy.attributes` offer."""

import subprocess
import sys

import pytest

from ganatomy import attributes, generators

EXPECTED = {
    generators: {"load", "open_checkpoint", "convert", "cards", "fetch", "Generator", "Checkpoint"},
    attributes: {"choose", "measure", "Attribute", "Trait"},
}


@pytest.mark.parametrize("room", EXPECTED, ids=lambda room: room.__name__)
def test_every_name_can_be_had(room):
    assert EXPECTED[room] <= set(room.__all__) <= set(dir(room))
    for name in room.__all__:
        assert getattr(room, name).__name__ == name


def test_cards_and_checkpoints_come_without_torch():
    code = "import sys; from ganatomy.generators import cards, convert, fetch, open_checkpoint; "
    subprocess.run([sys.executable, "-c", code + "assert cards(); assert 'torch' not in sys.modules"], check=True)
