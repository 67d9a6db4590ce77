"""The programs of docs/onnx.md: a fitted generator leaves PyTorch, and makes the same points."""

import re
from pathlib import Path

import numpy as np
import pytest

import ganatomy

PAGE = Path(__file__).resolve().parents[3] / "docs" / "onnx.md"
SMALL = {"epochs": 1, "generator": {"hidden": [16]}, "discriminator": {"hidden": [8]}, "train_size": 300}


@pytest.mark.usefixtures("_no_pictures")
@pytest.mark.filterwarnings("ignore:.*LeafSpec:FutureWarning")  # of PyTorch's own exporter
def test_onnx_makes_the_samples_of_the_model(points, tmp_path, monkeypatch, capsys):
    for name in ("onnx", "onnxscript", "onnxruntime"):
        pytest.importorskip(name)
    monkeypatch.chdir(tmp_path)
    model = ganatomy.fit(points * [1.0, 5.0] + 1000, recipe="recommended", out="runs/first", **SMALL)
    space: dict = {}
    for program in re.findall(r"^```python\n(.*?)^```", PAGE.read_text("utf-8"), re.M | re.S):
        exec(compile(program, str(PAGE), "exec"), space)
    assert float(capsys.readouterr().out.splitlines()[-1]) < 1e-3
    expected = model.sample(1000, seed=1)
    assert space["points"].shape == expected.shape == (1000, 2)
    assert np.abs((space["points"] - expected) / expected.std(axis=0)).max() < 1e-5
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["points.onnx"]
