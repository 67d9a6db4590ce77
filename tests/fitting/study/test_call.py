"""The call that a page shows is the call that was made, as far as it can be written."""

import numpy as np

import ganatomy
from ganatomy.fitting.study.call import call_of
from ganatomy.fitting.study.folder import StudyFolder
from ganatomy.fitting.study.targets import read_targets

FOLDER = StudyFolder("studies/mine")


class Own(ganatomy.Objective):
    """An objective of one's own."""

    def __init__(self, share=0.9):
        self.share = share

    def discriminator_loss(self, real, fake):
        """Average what D minimises."""
        return ((real - self.share).square() + fake.square()).mean(-1) / 2

    def generator_loss(self, real, fake):
        """Average what G minimises."""
        return (fake - 1).square().mean(-1) / 2


def called(points, **settings):
    targets = None if points is None else read_targets(points, settings.get("train_size"))
    return call_of(targets, settings, FOLDER).splitlines()


def test_names_and_numbers_are_written_as_they_were_typed():
    assert called("ring", objectives=("gan", "wgan"), seeds=range(5), epochs=None, out=FOLDER.path) == [
        "import ganatomy",
        "",
        "ganatomy.compare('ring', objectives=['gan', 'wgan'], seeds=range(0, 5), out='studies/mine')",
    ]
    assert called(None, lrs=[5e-5, 1], epochs=np.int64(3))[-1] == "ganatomy.compare(lrs=[5e-05, 1], epochs=3)"


def test_keys_with_dots_and_tables_are_written():
    assert called(None, **{"generator.hidden": [64, 64], "penalties": {"clip": 0.1}})[-1] == (
        "ganatomy.compare(penalties={'clip': 0.1}, **{'generator.hidden': [64, 64]})"
    )


def test_arrays_are_read_from_the_study(points):
    call = called(points, train_size=300)
    assert "import numpy as np" in call
    assert call[-1] == "ganatomy.compare(np.load('studies/mine/points/points.npy'), train_size=300)"
    several = "\n".join(called({"a": points, "b": "ring"}, train_size=300))
    assert "{'a': np.load('studies/mine/points/a.npy'), 'b': 'ring'}" in several


def test_recipes_and_objectives_are_written_by_name_where_they_have_one(tmp_path):
    course, changed = ganatomy.load_recipe("course"), ganatomy.load_recipe("course", epochs=9)
    assert called(None, recipe=course)[-1] == "ganatomy.compare(recipe='course')"
    assert "'epochs': 9" in "\n".join(called(None, recipe=changed))
    assert called(None, objectives=[Own, Own(0.5)])[-1] == "ganatomy.compare(objectives=[Own, Own(share=0.5)])"


def test_a_long_call_has_a_line_a_keyword():
    lines = called(
        "ring", objectives=["gan", "ns-gan", "wgan", "wgan-gp"], optimizers=["rmsprop", "adam", "sgd", "adamw"]
    )
    assert lines[2:] == [
        "ganatomy.compare(",
        "    'ring',",
        "    objectives=['gan', 'ns-gan', 'wgan', 'wgan-gp'],",
        "    optimizers=['rmsprop', 'adam', 'sgd', 'adamw'],",
        ")",
    ]
