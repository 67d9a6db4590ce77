"""Tables, as JSON and TOML hold them, changed in every place; and a study that nobody trained, as it is sent around."""

import copy
import json
from pathlib import Path
from typing import Any

import numpy as np

DEEP = "@deep@"  # stands for a list that is nested more deeply than JSON can be written
VALUES = (None, [], {}, "x", "", -1, 1e999, True, 10**40, "a\nb\x1b]0;c", "/../../../outside/photo", "中" * 300, DEEP)
DROPPED = object()


def mutations(plain: Any) -> list[Any]:
    """Change a table in every place, one at a time: each value for each of `VALUES`, each key left out."""
    changed = []
    for place in places(plain):
        for value in (*VALUES, DROPPED):
            other = copy.deepcopy(plain)
            inner = other
            for key in place[:-1]:
                inner = inner[key]
            if value is DROPPED:
                del inner[place[-1]]
            else:
                inner[place[-1]] = copy.deepcopy(value)
            changed.append(other)
    return changed


def places(plain: Any) -> list[tuple]:
    """List the paths to all values of a table; of a list, to the first two."""
    items = plain.items() if isinstance(plain, dict) else enumerate(plain[:2]) if isinstance(plain, list) else ()
    return [path for key, value in items for path in [(key,), *((key, *rest) for rest in places(value))]]


def as_json(plain: Any) -> str:
    """Write JSON as an attacker can: with infinities, control characters and depth."""
    return json.dumps(plain).replace(f'"{DEEP}"', "[" * 100_000 + "]" * 100_000)


RECORD = {
    "format": 1,
    "target": "zigzag",
    "objective": "gan",
    "optimizer": "sgd",
    "lr": 5e-05,
    "variant": "",
    "seed": 0,
    "status": "finished",
    "reason": "",
    "seconds": 1.5,
    "final": {"wasserstein2": 0.3, "recall": 0.9},
    "floor": {"wasserstein2": 0.1, "recall": 0.95},
    "floor_spread": {"wasserstein2": 0.01, "recall": None},
    "fingerprint": "f00",
}
STUDY = {
    "format": 1,
    "name": "mine",
    "command": "ganatomy compare",
    "call": "ganatomy.compare()",
    "began": "2026-01-01 00:00:00",
    "seconds": 3.5,
    "made": 1,
    "recipe": "course",
    "cells": [{"target": "zigzag", "objective": "gan", "optimizer": "sgd", "lr": 5e-05, "variant": ""}],
    "seeds": [0],
    "claims": [{"text": "It moves.", "cell": "gan,sgd", "metric": "late_ratio", "at_most": 9.0}],
    "executor": {"backend": "Local", "width": 1, "device": "cpu"},
    "machine": {"processor": "a processor", "cores": 2, "accelerator": ""},
    "versions": {**dict.fromkeys(("ganatomy", "python", "torch", "numpy", "platform"), "1"), "run_folder": 1},
    "identity": {
        "targets": {"zigzag": {"train": 50, "validation": 10, "test": 10, "columns": 2, "sha256": "ab"}},
        "recipe": {"epochs": 20, "generator": {"hidden": [8], "optimizer": {"name": "sgd", "lr": 5e-05}}},
    },
}


def write_study(folder: Path, **changes: Any) -> Path:
    """Write a study of one run, as one that was sent; `changes` are of its record.json."""
    run = folder / "runs" / "a-run"
    run.mkdir(parents=True)
    (folder / ".ganatomy-study").write_text("study\n")
    (folder / "study.json").write_text(as_json(STUDY))
    (run / "record.json").write_text(as_json({**RECORD, **changes}))
    (run / "metrics.csv").write_text("epoch,wasserstein2,recall\n0,0.9,0.1\n10,0.6,0.5\n20,0.3,0.9\n")
    cloud = np.random.default_rng(0).normal(size=(3, 20, 2))
    arrays = {"snapshots": cloud, "epochs": np.array([0, 10, 20]), "heldout": cloud[0], "fields": np.ones((3, 5, 5))}
    np.savez(run / "samples.npz", **arrays)
    return folder
