"""The names that `ganatomy.latent` offers."""

import subprocess
import sys

import ganatomy
from ganatomy import latent

EXPECTED = {"draw", "paint", "find", "sefa", "ganspace", "local_basis", "boundary", "name_directions", "edit_by_label"}


def test_every_name_can_be_had():
    assert EXPECTED <= set(latent.__all__) <= set(dir(latent))
    assert EXPECTED | {"save_pictures", "save_edit", "shipped_labels", "Drawing"} <= set(ganatomy.__all__)
    for name in set(latent.__all__) - {"METHODS"}:
        assert getattr(latent, name).__name__ == name


def test_directions_and_sefa_come_without_torch():
    code = "import sys; from ganatomy.latent import Directions, sefa, shipped_labels; "
    code += "assert shipped_labels('f') is None; assert not {'torch', 'matplotlib'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
