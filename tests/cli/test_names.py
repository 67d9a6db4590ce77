"""Files whose names are no UTF-8, such as of a zip of Chinese Windows: they work, and are shown with marks."""

import json
import os
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

NAME = b"\xd6\xd0\xce\xc4".decode(errors="surrogateescape")
MARKS = "\ufffd" * 4
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such names")


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("command", [("fit", "--dry-run"), ("evaluate", "ring", "--json")], ids=lambda c: c[0])
def test_points_are_read(cli, command):
    np.savetxt(f"{NAME}.csv", np.random.default_rng(0).normal(size=(400, 2)), delimiter=",")
    verb, *more = command
    done = cli(verb, f"{NAME}.csv", *more)
    assert (done.code, done.err) == (0, "")
    assert done.out.encode()


def test_a_run_s_folder_is_written_and_read_again(cli, finished, tmp_path):
    shutil.copytree(finished.folder, NAME)
    done = cli("animate", NAME)
    assert done.code == 0, done.err
    assert done.out.splitlines()[0] == f"{MARKS}/animation.gif"
    done = cli("report", NAME, "--out", f"{NAME}.html")
    assert (done.code, done.out) == (0, f"page: {MARKS}.html\n"), done.err
    page = os.fsencode(f"{NAME}.html")
    assert "%D6%D0%CE%C4/" in Path(os.fsdecode(page)).read_text(encoding="utf-8")


def test_weights_directions_and_pages_name_their_source_with_marks(cli):
    from ganatomy.generators.networks.planted import Planted
    from ganatomy.latent.directions import Directions
    from ganatomy.pages.page import render

    found = Directions.of(Planted(), np.eye(Planted().w_dim)[:1], [1.0], [1.0], method="sefa", source=NAME)
    found.save(Path(f"{NAME}.safetensors"))
    assert json.loads(Path(f"{NAME}.json").read_text(encoding="utf-8"))["source"] == MARKS
    assert len(Directions.load(f"{NAME}.safetensors")) == 1
    assert render("index.html", {"title": NAME, "lead": "", "parts": [], "t": str}).encode()


def test_a_checkpoint_is_converted_and_its_copy_opened(cli):
    torch.save({"a.weight": torch.ones(5, 4, 4, 4), "b.weight": torch.ones(4, 3, 4, 4)}, f"{NAME}.pth")
    for source, out in ((f"{NAME}.pth", f"{NAME}.safetensors"), (f"{NAME}.safetensors", "again.safetensors")):
        done = cli("convert", source, out)
        assert done.code == 0, done.err
        assert done.out.startswith(f"{MARKS}: ")
