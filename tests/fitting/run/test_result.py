"""A run in Python: short to look at, drawn and tabled on demand, and read again from its folder as it was made."""

import os
import shutil

import numpy as np
import pandas as pd
import pytest

import ganatomy
from ganatomy.errors import InputError
from ganatomy.figures.saving import save_figure
from ganatomy.files import spending
from ganatomy.fitting.run.pictures import PICTURES
from ganatomy.fitting.run.result import Run

SMALL = {
    "epochs": 4,
    "batch_size": 100,
    "snapshots": 3,
    "generator": {"hidden": [8], "normalization": "none"},
    "discriminator": {"hidden": [8]},
}


@pytest.fixture(scope="module")
def measured(points):
    return ganatomy.fit(points, "gan", train_size=300, **SMALL)


@pytest.fixture(scope="module")
def unmeasured(points):
    return ganatomy.fit(points, "gan", **SMALL)


@pytest.fixture(scope="module")
def read(finished):
    return Run.load(finished.folder)


def test_it_is_one_short_line_to_look_at(measured, unmeasured, read):
    coverage, distance = (measured.measurements[name] for name in ("coverage", "wasserstein2"))
    told = f"coverage {coverage.value:.2f} of {coverage.floor:.2f}, distance {distance.ratio:.3g} x floor"
    assert repr(measured) == f"Run(gan, rmsprop, course recipe, seed 0: {told})"
    assert repr(unmeasured).endswith("seed 0: not measured)")
    for told in map(repr, (measured, unmeasured, read, measured.history, measured.measurements)):
        assert len(told) < 100
        assert "\n" not in told


def test_a_notebook_shows_the_picture_and_the_metrics(measured, unmeasured, read):
    for run, pictures, rows in ((measured, 1, 10), (unmeasured, 1, 0), (read, 1, 10)):
        shown = run._repr_html_()
        assert shown.count('src="data:image/png;base64,iVBOR') == pictures
        assert shown.count("<tr>") == (rows + 1 if rows else 0)
    assert "2-Wasserstein distance" in measured.measurements._repr_html_()
    assert measured.history._repr_html_().count("<tr>") == 1 + len(measured.history.epochs)


def test_a_picture_that_costs_more_than_a_file_may_is_drawn_anew(finished, tmp_path):
    folder = shutil.copytree(finished.folder, tmp_path / "run")
    os.truncate(folder / "figures" / "final.png", 1 << 40)  # all holes
    with spending(bytes=1 << 24):
        assert 'src="data:image/png;base64,iVBOR' in Run.load(folder)._repr_html_()


def test_training_and_measurements_are_tables(measured, unmeasured):
    frame = measured.to_frame()
    assert frame["epoch"].tolist() == measured.history.epochs
    assert frame["wasserstein2"].tolist() == measured.history.metric("wasserstein2").tolist()
    losses = measured.to_frame("losses")
    assert losses["iteration"].tolist() == list(range(1, 13))
    assert losses.columns.tolist() == ["iteration", "epoch", "discriminator", "generator", "penalty"]
    table = measured.measurements.to_frame()
    assert table.loc["wasserstein2", "value"] == measured.measurements["wasserstein2"].value
    assert isinstance(table, pd.DataFrame)
    assert unmeasured.to_frame("losses")["epoch"].tolist() == [1, 2, 3, 4]
    with pytest.raises(InputError, match="did you mean 'losses'"):
        measured.to_frame("loses")


def test_the_folder_of_a_run_is_read_as_it_was_made(finished, read):
    assert read.path == finished.folder
    table = pd.read_csv(finished.folder / "metrics.csv")
    pd.testing.assert_frame_equal(read.to_frame(), table)
    pd.testing.assert_frame_equal(read.to_frame("losses"), pd.read_csv(finished.folder / "losses.csv"))
    model = ganatomy.FittedGAN.load(finished.folder / "generator.safetensors")
    assert np.array_equal(read.sample(20, seed=1), model.sample(20, seed=1))
    assert len(read.heldout) == 100
    assert read.measurements["wasserstein2"].ratio > 0


@pytest.mark.parametrize("picture", PICTURES)
def test_every_picture_can_be_drawn_again_and_is_the_one_in_the_folder(finished, read, picture, tmp_path):
    save_figure(read.plot(picture), tmp_path / "again.png")
    assert (tmp_path / "again.png").read_bytes() == (finished.folder / "figures" / f"{picture}.png").read_bytes()


def test_points_that_were_trained_on_are_not_called_held_out(measured, unmeasured):
    def told(run, picture):
        figure = run.plot(picture, language="en")
        texts = [text.get_text() for legend in figure.legends for text in legend.get_texts()]
        return " ".join([*texts, *(axes.get_title(loc=loc) for axes in figure.axes for loc in ("left", "center"))])

    for picture in ("final", "latent_grid"):
        assert "held-out" in told(measured, picture)
        assert "held-out" not in told(unmeasured, picture)
        assert "real" in told(unmeasured, picture)


def test_what_is_not_remembered_is_not_drawn(unmeasured):
    assert unmeasured.plot().axes
    assert unmeasured.plot("losses").axes
    assert unmeasured.plot("latent_grid").axes
    for picture in ("film_strip", "metrics"):
        with pytest.raises(InputError, match=r"remembers no .*; fit with `heldout` or `train_size`"):
            unmeasured.plot(picture)
    with pytest.raises(InputError, match="did you mean 'losses'"):
        unmeasured.plot("loses")


def test_a_folder_that_holds_no_finished_run_is_refused(finished, tmp_path):
    copy = shutil.copytree(finished.folder, tmp_path / "run")
    (copy / "losses.csv").write_text("iteration\n1")
    with pytest.raises(InputError, match="its tables are damaged"):
        Run.load(copy)
    (copy / "summary.json").unlink()
    with pytest.raises(InputError, match="holds no finished run"):
        Run.load(copy)
