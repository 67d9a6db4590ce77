"""Labels against closed forms: scores linear in the code, paths solved by hand, and noise that means nothing."""

import json

import numpy as np
import pytest
import scipy.stats
from scipy.stats import t as student

from ganatomy.attributes.trait import Trait
from ganatomy.errors import InputError
from ganatomy.latent.labels.meanings import Meaning, Response
from ganatomy.latent.labels.rule import (
    ALPHA,
    FACTOR,
    FOLLOWS,
    JOIN,
    LEAST,
    MOST,
    NEAR,
    bar,
    choose_main,
    read_meanings,
)

STRENGTHS = np.array([-2.0, -1.0, 0.0, 1.0, 2.0])
M, E, R = 60, 100, 32


def trait(name="size", group=None):
    more, less = {"en": f"more {name}", "zh": "多"}, {"en": f"less {name}", "zh": "少"}
    return Trait(name, {"en": name, "zh": f"字{name}"}, "units", group or name, "a test", more, less)


def unit(vectors):
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)


def linear(gradients, seed=0, vectors=None, strengths=STRENGTHS, codes=M, draws=R):
    """Scores that are exactly linear in the code: those of some directions, of random ones, and the unedited ones."""
    random = np.random.default_rng(seed)
    z, others = random.normal(size=(codes, len(gradients))), unit(random.normal(size=(draws, len(gradients))))
    along = lambda v: z @ gradients + strengths[:, None, None] * (v @ gradients)  # noqa: E731
    vectors = unit(gradients.T) if vectors is None else vectors
    return (
        np.stack([along(v) for v in vectors]),
        np.stack([along(v) for v in others])[:, [0, -1]],
        z @ gradients,
        others,
    )


def read(scores, null, base, strengths=STRENGTHS, traits=None, **options):
    traits = traits or [trait(f"t{a}") for a in range(base.shape[1])]
    return read_meanings(scores, null, base, strengths, traits, [f"d {k}" for k in range(len(scores))], **options)


def quiet_null(base, seed=5):
    """Random directions that move every score a little: effects of about 0.01 sd a unit."""
    random = np.random.default_rng(seed)
    ends = 0.02 * random.normal(size=(R, 1, 1, base.shape[1])) * base.std(axis=0)
    return np.concatenate([base - ends, base + ends], axis=1).reshape(R, 2, *base.shape)


def test_of_a_linear_score_everything_is_known():
    g = np.random.default_rng(1).normal(size=(E, 2)) * [1.0, 30.0]  # the unit of a score does not matter
    scores, null, base, others = linear(g)
    sd = base.std(axis=0, ddof=1)
    for k, meaning in enumerate(read(scores, null, base)):
        for a, response in enumerate(meaning.responses):
            expected = unit(g.T)[k] @ g[:, a] / sd[a]
            usual = np.sqrt(np.mean((others @ g[:, a] / sd[a]) ** 2))
            assert response.effect == pytest.approx(expected, abs=1e-6)
            assert response.interval == pytest.approx((expected, expected), abs=1e-5)
            assert response.null == pytest.approx(usual, abs=1e-6)
            assert response.null_most == pytest.approx(np.abs(others @ g[:, a] / sd[a]).max(), abs=1e-6)
            assert response.ratio == pytest.approx(abs(expected) / usual, rel=1e-4)
            assert (response.follows, response.n_codes) == (1.0, M)
            assert response.monotonic == pytest.approx(1)
        assert meaning.main == (f"t{k}",)  # the gradient of a score is about that score
        assert meaning.strengths == (-2.0, 2.0)


def test_the_ratio_of_a_linear_score_is_that_of_the_angle():
    # A random unit vector u has E (g . u)^2 = |g|^2 / E, so a direction at angle c has ratio sqrt(E) |cos c|.
    g = np.zeros((E, 1))
    g[0] = 1.0
    for cosine in (1.0, 0.6, 0.2):
        v = np.zeros(E)
        v[:2] = cosine, np.sqrt(1 - cosine**2)
        scores, null, base, _ = linear(g, vectors=v[None], draws=2000)
        [meaning] = read(scores, null, base)
        assert meaning["t0"].ratio == pytest.approx(10 * cosine, rel=0.05)
        assert (meaning.label is not None) == (cosine > 0.3)  # FACTOR is 3


def test_the_interval_is_that_of_a_mean():
    random = np.random.default_rng(2)
    base = random.normal(size=(400, 1))
    slopes = 0.5 + 0.8 * random.normal(size=(400, 1))
    scores = (base + STRENGTHS[:, None, None] * slopes)[None]
    [meaning] = read(scores, quiet_null(base), base)
    low, high = meaning["t0"].interval
    sd, mean = base.std(ddof=1), slopes.mean() / base.std(ddof=1)
    assert meaning["t0"].effect == pytest.approx(mean, abs=1e-6)
    assert (low, high) == pytest.approx(
        (mean - 1.96 * slopes.std() / 20 / sd, mean + 1.96 * slopes.std() / 20 / sd), abs=0.01
    )


def test_follows_counts_codes_and_those_that_stand_still_do_not_follow():
    base = np.random.default_rng(3).normal(size=(100, 1))
    way = np.r_[np.ones(70), -np.ones(20), np.zeros(10)][:, None]
    scores = (base + STRENGTHS[:, None, None] * way)[None]
    [meaning] = read(scores, quiet_null(base), base)
    assert meaning["t0"].follows == pytest.approx(0.7)
    assert meaning["t0"].effect == pytest.approx(0.5 / base.std(ddof=1), abs=1e-6)


def test_what_only_a_few_codes_do_much_of_is_no_label():
    base = np.random.default_rng(3).normal(size=(100, 1))
    few = np.r_[20 * np.ones(40), np.full(60, -0.01)][:, None]
    [meaning] = read((base + STRENGTHS[:, None, None] * few)[None], quiet_null(base), base)
    response = meaning["t0"]
    assert response.ratio > meaning.bar
    assert response.interval[0] > 0
    assert response.follows < FOLLOWS
    assert meaning.label is None


def test_monotonic_is_the_part_of_the_way_that_is_kept():
    base = np.random.default_rng(4).normal(size=(M, 1))
    path = np.array([0.0, 3.0, 2.0, 2.5, 2.0])  # 4.5 up and down, 2 kept
    [meaning] = read((base + path[:, None, None])[None], quiet_null(base), base)
    assert meaning["t0"].monotonic == pytest.approx(2 / 5, abs=1e-6)


def test_monotonic_needs_three_strengths():
    scores, null, base, _ = linear(np.random.default_rng(1).normal(size=(E, 1)))
    [meaning] = read(scores[:, [0, -1]], null, base, STRENGTHS[[0, -1]])
    assert meaning["t0"].monotonic is None
    assert meaning.label == "t0"


def test_the_range_need_not_be_symmetric_and_a_unit_stays_a_unit():
    g = np.random.default_rng(1).normal(size=(E, 1))
    wide = np.array([-1.0, 0.0, 4.0])
    scores, null, base, _ = linear(g, strengths=wide)
    [meaning] = read(scores, null, base, wide)
    [symmetric] = read(*linear(g)[:3])
    assert meaning["t0"].effect == pytest.approx(symmetric["t0"].effect, abs=1e-6)


def test_a_code_without_a_score_at_an_end_is_left_out():
    random = np.random.default_rng(6)
    base = random.normal(size=(M, 2))
    scores = base + STRENGTHS[:, None, None] * (0.5 + 0.3 * random.normal(size=(M, 2)))
    holed = scores.copy()
    holed[0, :10, 0] = np.nan
    holed[-1, 5:15, 0] = np.nan
    [meaning] = read(holed[None], quiet_null(base), base)
    slopes = (scores[-1] - scores[0])[15:, 0] / 4 / base[:, 0].std(ddof=1)
    assert meaning["t0"].n_codes == M - 15
    assert meaning["t0"].effect == pytest.approx(slopes.mean(), abs=1e-6)
    assert meaning["t0"].follows == pytest.approx((slopes > 0).mean(), abs=1e-6)
    assert meaning["t0"].monotonic == pytest.approx(1)
    assert meaning["t1"] == read(scores[None], quiet_null(base), base)[0]["t1"]  # the other trait is as it was


def test_a_hole_in_the_middle_counts_for_the_effect_but_not_for_monotonic():
    base = np.random.default_rng(6).normal(size=(M, 1))
    path = np.array([0.0, 1.0, 2.0, 3.0, 4.0])
    scores = (base + path[:, None, None])[None]
    zigzag = scores.copy()
    zigzag[0, 1, :30] = -9.0  # not monotonic at all
    zigzag[0, 2, :30] = np.nan  # but these codes have a hole
    [meaning] = read(zigzag, quiet_null(base), base)
    assert (meaning["t0"].n_codes, meaning["t0"].monotonic) == (M, pytest.approx(1))


@pytest.mark.parametrize(
    "spoil",
    [
        lambda scores, null, base: np.copyto(scores[..., 0], np.nan),
        lambda scores, null, base: np.copyto(scores[:, 0, LEAST - 1 :, 0], np.nan),
        lambda scores, null, base: np.copyto(base[..., 0], np.nan),
        lambda scores, null, base: np.copyto(base[..., 0], 7.0),
    ],
    ids=["no score", "too few", "no base", "all the same"],
)
def test_without_numbers_there_is_no_effect_and_no_label(spoil):
    scores, null, base, _ = linear(np.random.default_rng(1).normal(size=(E, 2)))
    spoil(scores, null, base)
    first, second = read(scores, null, base)
    assert (first["t0"].effect, first["t0"].ratio, first["t0"].interval) == (None, None, None)
    assert (first.label, second.label) == (None, "t1")
    assert json.loads(json.dumps(first.to_dict(), allow_nan=False))["responses"]["t0"]["effect"] is None


def test_without_a_null_there_is_no_label():
    scores, null, base, _ = linear(np.random.default_rng(1).normal(size=(E, 1)))
    for nothing in (np.full_like(null, np.nan), np.zeros_like(null)):
        [meaning] = read(scores, nothing, base)
        assert (meaning["t0"].ratio, meaning.label) == (None, None)
        assert meaning["t0"].effect > 0.5


def test_a_null_of_fewer_draws_asks_for_more():
    scores, null, base, _ = linear(np.random.default_rng(1).normal(size=(E, 2)))
    for lost, known in ((0, True), (R // 4, True), (R // 4 + 1, False)):
        holed = null.copy()
        holed[:lost, 0, LEAST - 1 :, 0] = np.nan
        first, second = read(scores, holed, base)
        assert (first["t0"].ratio is not None, second["t1"].ratio is not None) == (known, True)
        ratios = np.array([[meaning[f"t{a}"].ratio for a in range(2)] for meaning in (first, second)], dtype=float)
        assert first.bar == second.bar == bar(ratios, R - lost if known else R)


def test_turning_the_direction_turns_the_meaning():
    random = np.random.default_rng(7)
    base = random.normal(size=(M, 2))
    scores = (base + STRENGTHS[:, None, None] * ([0.5, -0.45] + 0.3 * random.normal(size=(M, 2))))[None]
    [there], [back] = read(scores, quiet_null(base), base), read(scores[:, ::-1], quiet_null(base), base)
    assert there.main == back.main
    for one, other in zip((-there).responses, back.responses, strict=True):
        assert one.effect == other.effect
        assert one.interval == pytest.approx(other.interval, abs=1e-6)
        assert (one.follows, one.monotonic, one.ratio) == (other.follows, other.monotonic, other.ratio)
    assert (there["t0"].effect > 0, there["t1"].effect < 0) == (True, True)
    assert there.plus() in ("more t0, less t1", "less t1, more t0")
    assert back.plus() in ("less t0, more t1", "more t1, less t0")


def test_turned_round_the_range_begins_where_it_ended():
    g = np.random.default_rng(1).normal(size=(E, 1))
    wide = np.array([-1.0, 0.0, 4.0])
    scores, null, base, _ = linear(g, strengths=wide)
    [there], [back] = read(scores, null, base, wide), read(scores[:, ::-1], null, base, -wide[::-1])
    assert (-there).strengths == back.strengths == (-4.0, 1.0)
    assert (-there)["t0"].effect == pytest.approx(back["t0"].effect, abs=1e-6)
    assert str((-Meaning("d", (0.0, 2.0), ())).strengths) == "(-2.0, 0.0)"


def test_the_order_of_directions_traits_and_codes_does_not_matter():
    random = np.random.default_rng(8)
    g = random.normal(size=(E, 5))
    scores, null, base, _ = linear(g)
    scores = scores + 0.5 * random.normal(size=scores.shape)
    traits = [trait(f"t{a}") for a in range(5)]
    plain = read(scores, null, base, traits=traits)
    turned = read(scores[::-1, ..., ::-1], null[..., ::-1], base[:, ::-1], traits=traits[::-1])
    assert [m.main for m in plain] == [m.main for m in reversed(turned)]
    for one, other in zip(plain, reversed(turned), strict=True):
        assert one.responses == tuple(reversed(other.responses))
    mixed = random.permutation(M)
    for one, other in zip(plain, read(scores[:, :, mixed], null[:, :, mixed], base[mixed], traits=traits), strict=True):
        assert one.main == other.main
        for a, b in zip(one.responses, other.responses, strict=True):
            assert (a.effect, a.follows, a.ratio) == pytest.approx((b.effect, b.follows, b.ratio), abs=1e-6)


def test_noise_is_labelled_in_fewer_than_one_table_of_twenty():
    random = np.random.default_rng(9)
    tables, labels = 150, 0
    for _ in range(tables):
        draw = lambda *shape: random.normal(size=(*shape, 40, 24))  # noqa: E731
        labels += any(meaning.label for meaning in read(draw(12, 2), draw(16, 2), draw()[:, :], np.array([-2.0, 2.0])))
    assert labels <= 0.05 * tables


def test_a_null_of_other_codes_is_as_good():
    g = np.random.default_rng(1).normal(size=(E, 3))
    scores, null, base, _ = linear(g)
    whole, half = read(scores, null, base), read(scores, null[:, :, :LEAST], base)
    assert whole == half  # of a linear score every code says the same


def test_random_directions_of_scores_that_do_depend_on_the_code_are_not_labelled():
    # Three real directions beside nine random ones: those lower the bar, but not for chance to give labels.
    random, labelled = np.random.default_rng(10), 0
    for seed in range(25):
        g = random.normal(size=(E, 20))
        vectors = np.concatenate([unit(g.T)[:3], unit(random.normal(size=(9, E)))])
        scores, null, base, _ = linear(g, seed, vectors, STRENGTHS[[0, -1]], codes=30)
        meanings = read(scores, null, base, STRENGTHS[[0, -1]])
        assert [meaning.main[0] for meaning in meanings[:3]] == ["t0", "t1", "t2"]
        labelled += sum(meaning.label is not None for meaning in meanings[3:])
    assert labelled / (25 * 9) <= 0.05


def test_the_bar_for_noise_is_bonferronis_and_for_one_number_the_factor():
    noise = np.ones((12, 24))
    assert bar(noise, 32) == pytest.approx(student.isf(ALPHA / 2 / noise.size, 32))
    assert bar(noise, 16) > bar(noise, 32) > bar(noise[:1], 32) > bar(noise[:1, :1], 32) == FACTOR


def test_the_bar_of_a_table_full_of_effects_is_that_of_one_direction():
    full = np.full((12, 24), 9.0)
    assert bar(full, 32) == pytest.approx(student.isf(ALPHA / 2 / 24, 32))
    full[:, 1:] = np.nan  # not measured, so not looked at; still, the bar of one direction is of all its traits
    assert bar(full, 32) == pytest.approx(student.isf(ALPHA / 2 / 24, 32))


def test_the_bar_keeps_what_benjamini_and_hochberg_keep():
    random = np.random.default_rng(11)
    ratios = np.abs(random.normal(size=(12, 24))) + 3.5 * (random.random((12, 24)) < 0.03)
    levels = 2 * student.sf(ratios, 32)
    kept = scipy.stats.false_discovery_control(levels, method="bh") <= ALPHA
    assert 0 < kept.sum() < 20
    np.testing.assert_array_equal(ratios >= bar(ratios, 32), kept & (ratios >= FACTOR))


def response(name, effect=1.0, group=None, ratio=9.0, follows=0.9, interval=None):
    interval = interval or (effect - 0.01, effect + 0.01)
    return Response(trait(name, group), 200, effect, interval, follows, 1.0, 0.1, 0.2, ratio)


def test_comparable_groups_are_joined_the_most_moved_first():
    gender, hair, age = response("gender", -0.9), response("hair length", 1.0), response("age", JOIN - 0.01)
    assert choose_main([gender, hair, age], 4.0) == ("hair length", "gender")
    assert choose_main([gender, response("age", 0.9 * JOIN + 0.001)], 4.0) == ("gender", "age")


def test_the_main_trait_is_the_most_moved_not_the_one_of_the_largest_ratio():
    assert choose_main([response("sharpness", 0.2, ratio=20.0), response("gender", 0.5, ratio=5.0)], 4.0) == ("gender",)


def test_a_group_is_one_meaning_told_by_the_first_that_is_near_the_largest():
    yaw, roll, pitch = (response(*each, "pose") for each in (("yaw", 0.5), ("roll", -0.9), ("pitch", 1.0)))
    assert choose_main([yaw, roll, pitch], 4.0) == ("roll",)
    assert choose_main([pitch, roll, yaw], 4.0) == ("pitch",)
    assert choose_main([yaw, response("roll", 0.99 * NEAR, "pose"), pitch], 4.0) == ("pitch",)
    unmoved = response("roll", -0.9, "pose", follows=0.5)
    assert choose_main([yaw, unmoved, pitch], 4.0) == ("pitch",)


def test_no_more_than_two_are_named_and_the_others_are_leakage():
    many = [response(f"t{i}", 0.4 - 0.01 * i) for i in range(4)]
    assert choose_main(many[::-1], 4.0) == ("t0", "t1")
    assert len(choose_main(many, 4.0)) == MOST
    meaning = Meaning("d", (-2.0, 2.0), tuple(many), choose_main(many, 4.0))
    assert list(meaning.leakage) == ["t2", "t3"]
    assert choose_main([response("t", 0.9), *many], 4.0) == ("t",)  # they are far from comparable to this one


@pytest.mark.parametrize(
    "weak", [{"ratio": 3.9}, {"ratio": None}, {"interval": (-0.1, 2.0)}, {"follows": FOLLOWS - 0.01}]
)
def test_each_condition_is_needed(weak):
    assert choose_main([response("t")], 4.0) == ("t",)
    assert choose_main([response("t", **weak)], 4.0) == ()


def test_what_is_not_the_largest_effect_is_not_the_main_one():
    unmoved = response("u", -0.5, ratio=2.9)  # as any direction may do
    assert choose_main([response("t", 0.99 * NEAR * 0.5), unmoved], 4.0) == ()
    assert choose_main([response("t", 1.01 * NEAR * 0.5), unmoved], 4.0) == ("t",)


def test_leakage_is_relative_to_the_main_effect_and_outside_its_groups():
    responses = (
        response("yaw", -0.8, "pose"),
        response("roll", 0.4, "pose"),
        response("age", 0.2),
        response("smile", -0.4),
        Response(trait("gender"), 3),
    )
    assert Meaning("d", (-2.0, 2.0), responses, ("yaw",)).leakage == {"smile": 0.5, "age": 0.25}
    assert Meaning("d", (-2.0, 2.0), responses).leakage == {}


def test_the_label_in_words():
    gender, hair = response("gender", -0.804, follows=0.936), response("hair length", 0.5)
    meaning = Meaning("sefa 2", (-2.0, 2.0), (hair, gender), ("gender", "hair length"), 4.0)
    assert meaning.label == "gender + hair length"
    assert meaning.text() == "gender + hair length -0.80, +0.50 sd a unit, 94 %, 90 % of samples"
    assert meaning.text("zh") == "字gender + 字hair length：每单位 -0.80、+0.50 个标准差，94%、90% 的样本"
    assert meaning.plus() == "less gender, more hair length"
    none = Meaning("sefa 3", (-2.0, 2.0), (hair, gender))
    assert repr(none) == f"Meaning({none.name}: unnamed)"
    assert (none.label, none.text(), none.text("zh"), none.plus()) == (None, "unnamed", "未命名", "")


def test_a_name_that_is_a_term_of_its_own_is_told_with_its_group():
    called = [("yaw", "turn of the head", "pose"), ("mouth-width", "width of the mouth", "expression")]
    called += [("warmth", "colour temperature", "colour"), ("smile", "Smile", "expression")]
    traits = [Trait(name, {"en": title, "zh": "字"}, "", group, "", {}, {}) for name, title, group in called]
    labels = ["pose (yaw)", "width of the mouth", "colour temperature", "Smile"]
    assert [each.label() for each in traits] == labels
    assert [each.label("zh") for each in traits] == ["字"] * 4


def test_a_meaning_survives_json():
    scores, null, base, _ = linear(np.random.default_rng(1).normal(size=(E, 3)))
    traits = [trait(f"t{a}") for a in range(3)]
    for meaning in read(scores, null, base, traits=traits):
        text = json.dumps(meaning.to_dict(), allow_nan=False)
        assert Meaning.from_dict(json.loads(text), [Trait(**each.to_dict()) for each in traits]) == meaning


@pytest.mark.parametrize(
    "change", [{"main": ["age"]}, {"main": ["none"]}, {"strengths": [1]}, {"responses": []}, {"bar": "x"}]
)
def test_damaged_meanings_are_refused_in_one_line(change):
    meaning = Meaning("d", (-2.0, 2.0), (response("yaw", 9.0), Response(trait("none"), 0)), ("yaw",), 4.0)
    with pytest.raises(InputError, match=r"damaged labels: [^\n]*$"):
        Meaning.from_dict({**meaning.to_dict(), **change}, [trait("yaw"), trait("none")])


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"scores": np.zeros((1, 4, M, 1))}, "scores"),
        ({"base": np.zeros((M, 2))}, "scores"),
        ({"null": np.zeros((7, 2, M, 1))}, "8 or more"),
        ({"null": np.zeros((R, 1, M, 1))}, "null"),
        ({"null": np.zeros((R, 2, M, 2))}, "null"),
        ({"strengths": STRENGTHS[::-1]}, "ascend"),
    ],
)
def test_what_does_not_fit_together_is_refused_in_one_line(change, complaint):
    scores, null, base, _ = linear(np.random.default_rng(1).normal(size=(E, 1)))
    given = {"scores": scores, "null": null, "base": base, "strengths": STRENGTHS, **change}
    with pytest.raises(InputError, match=f"{complaint}[^\n]*$"):
        read_meanings(**given, traits=[trait()], names=["d"])
