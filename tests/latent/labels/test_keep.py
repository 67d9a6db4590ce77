"""Keeping: on the generator of known factors, what is kept stays and what is asked for goes on."""

import json
from contextlib import suppress
from dataclasses import replace

import numpy as np
import pytest
import torch

from ganatomy.attributes import Attribute, Trait, choose
from ganatomy.attributes.attribute import View
from ganatomy.errors import InputError
from ganatomy.generators.base import Generator
from ganatomy.generators.families import FAMILIES
from ganatomy.generators.networks.dcgan import DCGAN
from ganatomy.generators.networks.planted import Planted
from ganatomy.latent.codes import Drawing
from ganatomy.latent.directions import Directions
from ganatomy.latent.labels import card, keep
from ganatomy.latent.labels.keep import edit_by_label
from ganatomy.latent.labels.measure import name_directions
from ganatomy.latent.labels.slopes import fit_slope
from ganatomy.latent.methods.sefa import sefa
from ganatomy.latent.pictures import painter


def attribute(name, value, group=None):
    return Attribute(Trait(name, {"en": name, "zh": name}, "", group or name, "a test", {"en": ""}, {"en": ""}), value)


def warmth(view):
    return np.log(view.pictures[..., 0].mean(axis=(1, 2)) / view.pictures[..., 2].mean(axis=(1, 2)))


def level(view):
    return view.pictures.mean(axis=(1, 2, 3))


WARMTH, LEVEL = attribute("warmth", warmth, "colour"), attribute("level", level)


@pytest.fixture(scope="module")
def planted():
    return Planted(z_dim=32, resolution=16).eval()


@pytest.fixture(scope="module")
def found(planted):
    """One direction that changes brightness and warmth: -(0.8 r_1 + 0.6 r_3)."""
    truth = planted.directions.double().numpy()
    vector = -(0.8 * truth[[0]] + 0.6 * truth[[2]])
    return Directions(vector / np.linalg.norm(vector), [1], [1], "z", (0,), "planted", planted.fingerprint())


@pytest.fixture(scope="module")
def naming(planted, found):
    return name_directions(planted, found, [WARMTH, LEVEL], n_codes=60, draws=64)


def edit(planted, found, naming, label="level", keep=("warmth",), **options):
    options = {"attributes": [WARMTH, LEVEL], "n_fitted": 400, "n_codes": 60, **options}
    return edit_by_label(planted, label, 2.0, keep, labels=naming, directions=found, **options)


def test_what_is_kept_stays_and_the_label_goes_on(planted, found, naming):
    assert set(naming[0].main) == {"level", "warmth"}
    result = edit(planted, found, naming)
    warm, bright = result.changes
    assert (warm.kept, bright.kept) == (True, False)
    assert warm.before[0] == pytest.approx(2 * 0.6, abs=0.2)
    assert abs(warm.after[0]) < 0.1
    assert bright.after[0] > bright.before[0] > 0.8  # of length 1 again, the rest goes further
    truth = planted.directions.double().numpy()
    assert result.direction.vector @ truth[0] > 0.97
    assert result.cosine == pytest.approx(0.8, abs=0.05)
    assert result.direction.length == pytest.approx(1)
    assert result.fits["warmth"] > 0.95


def test_a_positive_strength_is_more_of_the_label(planted, found, naming):
    assert naming[0]["level"].effect < 0  # the direction as it was found goes the other way
    result = edit(planted, found, naming, keep=())
    assert result.changes[1].before[0] > 0
    np.testing.assert_allclose(result.plain.vector, -found.vectors[0])


def test_keeping_nothing_changes_nothing(planted, found, naming):
    result = edit(planted, found, naming, keep=())
    assert (result.cosine, result.kept, result.fits) == (pytest.approx(1), (), {})
    assert result.direction == result.plain
    assert all(change.before == change.after for change in result.changes)


def test_a_group_is_kept_whole(planted, found, naming):
    cool = attribute("coolness", lambda view: -warmth(view), "colour")
    result = edit(planted, found, naming, keep=("colour",), attributes=[WARMTH, LEVEL, cool])
    assert result.kept == ("warmth", "coolness")


class Layered(Generator):
    """Two layers of 6 coordinates each: red is a . w_0 + b . w_1, blue c . w_0, one grey level for each 0.01."""

    family, num_ws, resolution = "layered", 2, 16
    record = FAMILIES["stylegan2"]  # one that is edited in w

    def __init__(self):
        super().__init__()
        self.z_dim = self.w_dim = 6
        self.abc = torch.nn.Parameter(torch.eye(6)[:3], requires_grad=False)
        self.w_avg = torch.zeros(6)

    @classmethod
    def from_weights(cls, weights, classes=()):
        raise NotImplementedError

    def mapping(self, z, label=None):
        return z[:, None].repeat(1, 2, 1)

    def features(self, ws, layer):
        raise NotImplementedError

    def synthesis(self, ws):
        a, b, c = self.abc
        red, blue = ws[:, 0] @ a + ws[:, 1] @ b, ws[:, 0] @ c
        return 0.1 * torch.stack([red, 0 * red, blue], dim=1)[:, :, None, None].expand(-1, 3, 16, 16)


RED, BLUE = (attribute(name, lambda v, c=c: v.pictures[..., c].mean((1, 2))) for c, name in ((0, "red"), (2, "blue")))


@pytest.fixture(scope="module")
def first_layer():
    """An edit of layer 0 alone, of blue and some red."""
    G = Layered().eval()
    return G, Directions([[0.6, 0, 0.8, 0, 0, 0]], [1], [1], "w", (0,), "by hand", G.fingerprint())


def test_what_is_kept_stays_where_only_some_layers_are_edited(first_layer):
    """Over all layers the slope of red is a + b; at right angles to that red would go on by 0.3 for 0.8 of blue."""
    G, found = first_layer
    naming = name_directions(G, found, [BLUE, RED], n_codes=40, draws=200, strengths=[-2.0, 2.0])
    naming = replace(naming, meanings=(replace(naming[0], main=("blue",)),))  # in 6 coordinates nothing is named
    result = edit(G, found, naming, "blue", ("red",), attributes=[BLUE, RED])
    np.testing.assert_allclose(result.direction.vector, np.eye(6)[2], atol=0.05)
    blue, red = result.changes
    assert abs(red.after[0]) < 0.1 < 0.7 < red.before[0]
    assert blue.after[0] > blue.before[0]


def test_truncated_codes_are_measured_where_truncated_ones_are_edited(first_layer):
    G, found = first_layer
    naming = name_directions(G, found, [BLUE, RED], n_codes=40, draws=200, strengths=[-2.0, 2.0])
    naming = replace(naming, meanings=(replace(naming[0], main=("blue",)),))
    options = {"attributes": [BLUE, RED], "keep": ()}
    plain, near = (edit(G, found, naming, "blue", **options, drawing=Drawing(psi=psi)) for psi in (1, 0.5))
    for wide, narrow in zip(plain.changes, near.changes, strict=True):  # the same change of half as large an sd
        assert narrow.after[0] == pytest.approx(2 * wide.after[0], rel=0.02)


def test_changes_are_those_of_the_class_that_is_edited():
    torch.manual_seed(0)
    G = DCGAN([14, 6, 3], kernels=[4, 4], classes=["blue", "green"]).eval().requires_grad_(False)
    found = sefa(G, 1)
    naming = name_directions(G, found, [LEVEL], n_codes=40)
    naming = replace(naming, meanings=(replace(naming[0], main=("level",)),))
    ways = [{"drawing": Drawing(class_name=name)} for name in ("blue", "green", None)]
    blue, green, both = (edit(G, found, naming, keep=(), attributes=[LEVEL], **way).changes[0].after[0] for way in ways)
    assert len({blue, green, both}) == 3
    with pytest.raises(InputError, match="unknown class 'red'"):
        edit(G, found, naming, keep=(), attributes=[LEVEL], drawing=Drawing(class_name="red"))


def test_the_order_and_sign_of_the_directions_do_not_matter(planted, found, naming):
    other = replace(found, vectors=-found.vectors)
    first, second = edit(planted, found, naming, keep=()), edit(planted, other, naming, keep=())
    np.testing.assert_allclose(first.plain.vector, second.plain.vector)


def test_the_result_is_plain_data(planted, found, naming):
    told = json.loads(json.dumps(edit(planted, found, naming).to_dict(), allow_nan=False))
    assert told["kept"] == ["warmth"]
    assert [change["attribute"] for change in told["changes"]] == ["warmth", "level"]


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"label": "smile"}, "unknown label 'smile'"),
        ({"keep": ("age",)}, "unknown attribute to keep 'age'"),
        ({"keep": ("level",)}, "what the label 'level' changes"),
        ({"attributes": [LEVEL], "keep": ("warmth",)}, "unknown attribute to keep"),
        (
            {"keep": ("noise",), "attributes": [attribute("noise", lambda v: np.zeros(len(v.pictures)))]},
            "cannot be kept",
        ),
    ],
)
def test_what_cannot_be_kept_is_refused_in_one_line(planted, found, naming, options, complaint):
    with pytest.raises(InputError, match=f"{complaint}[^\n]*$"):
        edit(planted, found, naming, **options)


def test_keeping_all_that_the_direction_does_leaves_nothing(planted, found):
    z = planted.draw(2000, seed=9)
    scores = level(View(painter(planted)(planted.mapping(z))))
    along = replace(found, vectors=fit_slope(z.double().numpy(), scores).vector[None])
    naming = name_directions(planted, along, [LEVEL], n_codes=40)
    with pytest.raises(InputError, match=r"keeping grey leaves 0.\d\d of 'level', too little[^\n]*$"):
        edit(planted, along, naming, keep=("grey",), attributes=[LEVEL, attribute("grey", level)])


def test_a_direction_that_is_not_given_is_told(planted, found, naming):
    other = replace(found, vectors=np.eye(32)[:1])
    with pytest.raises(InputError, match="is not among the 1 directions given"):
        edit(planted, other, naming)


def test_the_slope_of_a_linear_score_is_found_and_its_fit_is_that_of_new_codes():
    random = np.random.default_rng(0)
    g = random.normal(size=40)
    x, fresh = random.normal(size=(2000, 40)), random.normal(size=(20_000, 40))
    noise = 0.8 * np.linalg.norm(g)
    slope = fit_slope(x, x @ g + noise * random.normal(size=2000))
    assert slope.vector @ g / np.linalg.norm(g) > 0.98
    score = fresh @ g + noise * random.normal(size=20_000)
    reached = np.corrcoef(fresh @ slope.vector, score)[0, 1] ** 2
    assert slope.fit == pytest.approx(reached, abs=0.05)


def test_the_error_left_out_is_that_of_fitting_without_each_code():
    random = np.random.default_rng(1)
    x = random.normal(size=(30, 3))
    y = x @ [1.0, -2.0, 0.5] + random.normal(size=30)
    errors = []
    for n in range(30):  # plain least squares, which the smallest penalty is
        others = np.arange(30) != n
        design = np.column_stack([np.ones(29), x[others]])
        beta = np.linalg.lstsq(design, y[others], rcond=None)[0]
        errors.append(y[n] - np.r_[1, x[n]] @ beta)
    left_out = 1 - np.mean(np.square(errors)) / np.mean(np.square((y - y.mean()) * 30 / 29))
    assert fit_slope(x, y).fit == pytest.approx(left_out, abs=0.01)
    assert fit_slope(x, y).fit >= left_out - 1e-4


def test_codes_without_a_score_are_left_out():
    random = np.random.default_rng(2)
    x = random.normal(size=(100, 5))
    y = x[:, 0] + 0.1 * random.normal(size=100)
    holed = np.where(np.arange(100) < 40, np.nan, y)
    slope = fit_slope(x, holed)
    np.testing.assert_allclose(slope.vector, fit_slope(x[40:], y[40:]).vector)
    assert slope.n_codes == 60


@pytest.mark.parametrize("scores", [np.full(50, np.nan), np.ones(50), np.random.default_rng(3).normal(size=50)])
def test_a_score_that_does_not_depend_on_the_code_is_refused(scores):
    with pytest.raises(InputError, match="'age' cannot be kept"):
        fit_slope(np.random.default_rng(4).normal(size=(50, 30)), scores, "age")


def test_it_is_shown_in_a_line_a_table_and_a_frame(planted, found, naming):
    result = edit(planted, found, naming)
    assert repr(result) == f"KeptEdit(level, keeping warmth: {result.direction.name} by +2)"
    frame = result.to_frame()
    assert frame["attribute"].tolist() == ["warmth", "level"]
    assert frame["kept"].tolist() == [True, False]
    assert frame["after"].tolist() == [change.after[0] for change in result.changes]
    assert "keeping warmth" in result._repr_html_()
    assert result._repr_html_().count("<tr>") == 3
    plain = edit(planted, found, naming, keep=())
    assert plain._repr_html_().count("<th>") == 2


def test_without_labels_those_of_the_package_are_taken_or_one_line_says_how_to_have_some(planted, naming, monkeypatch):
    said = r"nobody has measured what the directions of 'planted' mean[^\n]*`labels`[^\n]*$"
    with pytest.raises(InputError, match=said):
        edit_by_label(planted, "level")
    monkeypatch.setattr(card, "_cards", lambda: {planted.fingerprint(): naming.to_dict()})
    monkeypatch.setattr(keep, "choose", lambda faces="auto": choose(["brightness"] if faces == "auto" else None, faces))
    result = edit_by_label(planted, "level", n_codes=20)
    assert [change.attribute for change in result.changes] == ["brightness"]
    assert result.method == "planted"
    asked = []
    monkeypatch.setattr(keep, "choose", lambda faces="auto": asked.append(faces) or choose(faces=False))
    for word, expected in (("brightness", "auto"), ("Brightness", "auto"), ("smile", True)):
        with suppress(InputError):  # of a smile, where faces are not measured
            edit_by_label(planted, "level", keep=[word], n_fitted=40, n_codes=20)
        assert asked[-1] == expected
