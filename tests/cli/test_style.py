"""Truncation, mixing, noise and layers on the command line: what only generators with a code for each layer have."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from ganatomy.files import OpenFile
from ganatomy.generators.checkpoint import Checkpoint, Weights, write_checkpoint
from ganatomy.generators.files.stored import Entry
from ganatomy.generators.loading import load
from ganatomy.generators.networks.stylegan2 import StyleGAN2
from ganatomy.latent.codes import Drawing

QUICK = ("-N", "2", "-K", "2", "--steps", "3", "--columns", "3", "--effects", "0", "--size", "64")


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    """A random StyleGAN2 of 16 pixels whose mean code is not 0, in our own format."""
    path = tmp_path_factory.mktemp("style") / "style.safetensors"
    torch.manual_seed(0)
    network = StyleGAN2(codes=[8, 8], channels=[6, 4, 4])
    with torch.no_grad():
        network.w_avg.copy_(torch.linspace(-1, 1, 8))
        for layer in network.layers:
            layer.noise_strength.fill_(0.5)
            layer.noise.normal_()
    entries = {name: Entry(name, tuple(v.shape), v.numpy) for name, v in network.state_dict().items()}
    origin = path.with_name("origin")
    origin.touch()
    weights = Weights(entries, str(path))
    write_checkpoint(Checkpoint("stylegan2", "random", weights, {}, OpenFile(origin)), path, {"name": "style"})
    return path


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def drawn(monkeypatch):
    """Record the pictures that `sample` shows."""
    seen = []

    def noted(pictures, names, **_):
        seen.append((pictures, names))
        from ganatomy.figures.style import new_figure

        return new_figure(1, 1, dpi=20)

    monkeypatch.setattr("ganatomy.figures.pictures.samples.sample_figure", noted)
    return seen


def test_codes_are_truncated_as_the_published_tool_does_unless_told_otherwise(cli, checkpoint, drawn):
    for flags, drawing in (
        ([], {"psi": 0.7, "cutoff": 8}),
        (["--psi", "1"], {"psi": 1.0}),
        (["--psi", "0.3", "--cutoff", "2"], {"psi": 0.3, "cutoff": 2}),
        (["--psi", "1", "--mix", "9:2:4", "--mix", "4:all"], {"psi": 1.0, "mix": [(9, "2:4"), (4, "all")]}),
    ):
        assert cli("sample", checkpoint, "--seeds", "3,7", "--psi=1" if not flags else "--size=256", *flags).code == 0
        G = load(checkpoint)
        expected = Drawing(seeds=[3, 7], **({"psi": 1.0} if not flags else drawing)).codes(G)
        pictures, names = drawn.pop()
        shown = G.synthesis(expected.ws).add(1).mul(127.5).round().clamp(0, 255).permute(0, 2, 3, 1)
        assert np.abs(pictures - shown.numpy()).max() <= 1
        assert names == list(expected.names)
    assert cli("sample", checkpoint, "--seeds", "3").code == 0
    pictures = drawn.pop()[0]
    assert cli("sample", checkpoint, "--seeds", "3", "--psi", "0.7", "--cutoff", "8").code == 0
    assert np.array_equal(drawn.pop()[0], pictures)


def test_the_grain_is_stored_random_or_none(cli, checkpoint, drawn):
    found = {}
    for noise in ("stored", "none", "random"):
        assert cli("sample", checkpoint, "-n", "2", "--noise", noise).code == 0
        found[noise] = drawn.pop()[0].astype(int)
    assert np.abs(found["stored"] - found["none"]).max() > 1
    assert np.abs(found["stored"] - found["random"]).max() > 1


def test_directions_act_on_the_layers_that_are_named_and_the_summary_says_how_codes_were_drawn(cli, checkpoint):
    result = cli("sefa", checkpoint, *QUICK, "--layers", "1:3", "--psi", "0.5", "--noise", "none", "--out", "here")
    assert result.code == 0, result.err
    summary = json.loads(Path("here/summary.json").read_text())
    assert (summary["space"], summary["layers"]) == ("w", [1, 2])
    assert (summary["psi"], summary["noise"]) == (0.5, "none")
    with np.load("here/codes.npz", allow_pickle=False) as file:
        assert np.allclose(file["ws"], Drawing(n=2, seed=0, psi=0.5).codes(load(checkpoint)).ws.numpy(), atol=1e-6)
    command = ("edit", checkpoint, "--directions", "here/directions.safetensors", "--seeds", "0", "--out", "e.png")
    assert cli(*command).code == 0


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["sample", "--mix", "7"], "--mix 7: write SEED:LAYERS"),
        (["sample", "--mix", "7:9"], "layer"),
        (["sample", "--cutoff", "2"], "give --psi"),
        (["sample", "--psi", "nan"], "psi nan: give a finite number"),
        (["sample", "--noise", "sotred"], "unknown noise 'sotred'; did you mean 'stored'"),
        (["sefa", "--noise", "random"], "would make pictures flicker"),
        (["sefa", "--raw", "--layers", "7"], "layer"),
    ],
)
def test_bad_input_is_one_line(cli, checkpoint, contents, tmp_path, flags, words):
    verb, *rest = flags
    before = contents(tmp_path)
    assert words in cli(verb, checkpoint, *rest).refusal
    assert contents(tmp_path) == before


def test_generators_of_one_code_have_none_of_it(cli, tmp_path):
    path = tmp_path / "dcgan.pth"
    torch.save({"a.weight": torch.ones(5, 4, 4, 4), "b.weight": torch.ones(4, 3, 4, 4)}, path)
    assert "mixing needs a code for each layer" in cli("sample", path, "--mix", "1:0").refusal
    assert "no mean code" in cli("sample", path, "--psi", "0.5").refusal
    assert "which has one layer" in cli("sefa", path, "--layers", "0:3").refusal


def test_pictures_of_codes_that_were_drawn_otherwise_have_other_names(cli, checkpoint):
    for flags in ([], ["--psi", "1"], ["--psi", "1", "--cutoff", "2"], ["--noise", "none"], ["--mix", "7:0:2"]):
        assert cli("sample", checkpoint, "-n", "1", *flags).code == 0
    names = sorted(path.stem.removeprefix("style_n1_seed0") for path in Path("samples").iterdir())
    assert names == ["", "_mix7_0_2", "_noise-none", "_psi1", "_psi1_cutoff2"]
