"""The names that `ganatomy.generators` offers."""

import subprocess
import sys

from ganatomy import generators


def test_every_name_can_be_had():
    assert {"load", "open_checkpoint", "convert", "cards", "fetch", "Generator", "Checkpoint"} <= set(
        generators.__all__
    )
    assert set(generators.__all__) <= set(dir(generators))
    for name in generators.__all__:
        assert getattr(generators, name).__name__ == name


def test_cards_and_checkpoints_come_without_torch():
    code = "import sys; from ganatomy.generators import cards, convert, fetch, open_checkpoint; "
    subprocess.run([sys.executable, "-c", code + "assert cards(); assert 'torch' not in sys.modules"], check=True)
