"""From scores of pictures to what each direction means: effects, their nulls, and the rule that gives a label.

M codes are moved along a direction to strengths s_1 < .. < s_S, and every picture is scored. With a_n(s) the score of
code n at strength s, and sd the standard deviation of the score over the M unedited pictures, the direction has

    slope_n    (a_n(s_S) - a_n(s_1)) / (sd (s_S - s_1)),       in sd per unit of strength
    effect     mean over n of slope_n, with a 95 % bootstrap interval over codes (percentiles; sd is taken as known)
    follows    share of n with slope_n of the effect's sign; one that does not move at all does not follow
    monotonic  sum_n |a_n(s_S) - a_n(s_1)| / sum_n sum_j |a_n(s_{j+1}) - a_n(s_j)|: how much of the way is kept
    null       root mean square of the effects of R random directions of the same length, measured in the same way
    ratio      |effect| / null

A score may be missing (NaN: no face was found). A code counts for a trait when both ends have a score, for `monotonic`
when all strengths do. Below `LEAST` such codes there is no effect, and without that of `DRAWN` of the R draws no null.

The rule. A trait is *moved* by a direction when all of these hold:
    1. ratio >= FACTOR: three times what any direction does. A slope that is linear in the direction, g . n, has ratio
       sqrt(E) |cos(g, n)| in E dimensions: in 100, the direction is within 73 degrees of the trait's own.
    2. chance. Effects of random directions are normal in many dimensions, so that a random direction's ratio has
       Student's distribution with R degrees of freedom (or as many as the draws that have an effect, of the trait that
       has it in the fewest). It must reach the quantile at ALPHA / A: of random directions,
       at most ALPHA get any label. And it must be among the ratios that Benjamini and Hochberg's procedure keeps of all
       K A of the table: in a table of noise, the chance of any label is at most ALPHA, and of all that is called moved
       at most a share ALPHA is expected to be so by chance. (For 24 traits and 32 draws the first is 3.35.)
    3. the interval excludes 0, and `follows` >= FOLLOWS: it happens to most pictures, not much to a few.
Of the traits that are moved, the one of the largest |effect| is the direction's main one, if that is at least NEAR of
the largest |effect| of any trait, moved or not. The largest ratio would not do: a trait of which little is linear in
the code, such as sharpness, has a tiny null, and a ratio says that an effect is no accident, not that it is large.
Traits of one group are one meaning, and the group is represented by the first of its traits, in the order in which they
are given, whose |effect| is at least NEAR of the group's largest: attributes list first what says most, so that a mouth
that grows wider in a smile is called a smile. Of the other groups, the most moved are named with it, MOST in all, if
their |effect| is at least JOIN of the largest: they are comparable. What else moves is leakage, told beside the label.
Without a main trait, the direction is unnamed.

What is not guaranteed: that missing scores are missing by chance. A direction that turns heads until no face is found
is measured on the heads that still are. In fewer than FACTOR^2 dimensions no direction can be named.

References:
    Y. Benjamini and Y. Hochberg (1995), Controlling the False Discovery Rate, J. R. Statist. Soc. B 57, section 3.
    B. Efron and R. Tibshirani (1993), An Introduction to the Bootstrap, section 13.3.

Shape letters: `K` directions, `S` strengths, `M` codes, `A` traits, `R` random directions, `B` resamples.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import t as student

from ganatomy.attributes.trait import Trait
from ganatomy.errors import InputError
from ganatomy.latent.labels.meanings import Meaning, Response

FACTOR = 3.0
"""Rule 1: over the null by this."""
ALPHA = 0.05
"""Rule 2: how often chance may give a label to a random direction, and anything in a table of noise."""
FOLLOWS = 2 / 3
"""Rule 3: most samples. Of 200 that go either way by chance, so many go one way twice in a million times."""
JOIN = 0.6
"""Effects this near to the largest are comparable: a person sees both. (Hair length goes with gender by 0.6.)"""
NEAR = 0.8
"""Traits of a group as near as this are measures of one thing, and which of them comes out largest is an accident."""
MOST = 2
"""So many meanings are joined in one label at most; more would describe the leakage, not name the direction."""
LEAST = 20
"""Codes below which there is no effect."""
RESAMPLES = 1000
FEWEST_DRAWS = 8
DRAWN = 0.75
"""Of random directions, the share that must have an effect on a trait."""


def bar(ratios: NDArray[np.float64], draws: int) -> float:
    """Compute the ratio that a trait has to reach to be called moved: rules 1 and 2.

    Args:
        ratios: of the whole table (K, A); NaN where there is none.
        draws: R, or of how many of them the null is.

    >>> noise = np.ones((12, 24))
    >>> some = np.where(np.arange(24) < 4, 5.0, noise)  # every direction moves 4 of 24 traits
    >>> [round(bar(noise, draws), 2) for draws in (16, 32)], [round(bar(some, draws), 2) for draws in (16, 32)]
    ([4.86, 4.25], [3.67, 3.35])
    """
    levels = np.sort(2 * student.sf(ratios[np.isfinite(ratios)], draws))
    steps = ALPHA * np.arange(1, len(levels) + 1) / max(len(levels), 1)
    kept = np.flatnonzero(levels <= steps)
    step = steps[kept[-1]] if len(kept) else ALPHA / max(len(levels), 1)
    return max(FACTOR, float(student.isf(min(step, ALPHA / ratios.shape[1]) / 2, draws)))


def read_meanings(
    scores: ArrayLike,
    null: ArrayLike,
    base: ArrayLike,
    strengths: ArrayLike,
    traits: Sequence[Trait],
    names: Sequence[str],
    *,
    seed: int = 0,
) -> list[Meaning]:
    """Say what each direction means, by the rule of the module.

    Args:
        scores: (K, S, M, A), of the pictures along each direction; NaN where there is none.
        null: (R, S', M', A), along random directions of the same length. Only the ends count, so S' = 2 is enough, and
            any M' codes: fewer make the null somewhat larger, as it has their noise in it, and never smaller.
        base: (M, A), of the unedited pictures.
        strengths: (S,), ascending.
        traits: A of them.
        names: K of them, of the directions.
        seed: of the bootstrap. All directions and traits share the same resamples.

    Returns:
        K meanings.

    Raises:
        InputError: shapes that contradict each other, fewer than 8 random directions, strengths that do not ascend.

    >>> words = {"en": "w", "zh": "字"}
    >>> traits = [Trait(name, {"en": name, "zh": name}, "", name, "", words, words) for name in ("size", "hue")]
    >>> random = np.random.default_rng(0)
    >>> g = random.normal(size=(50, 2))                     # what each of 50 coordinates does to both scores
    >>> z, null_vectors = random.normal(size=(200, 50)), random.normal(size=(32, 50))
    >>> null_vectors /= np.linalg.norm(null_vectors, axis=1, keepdims=True)
    >>> vectors = np.stack([g[:, 0] / np.linalg.norm(g[:, 0]), np.eye(50)[0]])
    >>> along = lambda v: np.stack([z @ g + s * (v @ g) for s in (-2, 2)])
    >>> scores, null = [along(v) for v in vectors], [along(v) for v in null_vectors]
    >>> found = read_meanings(scores, null, z @ g, [-2, 2], traits, ["a", "b"])
    >>> print(found[0].text(), round(found[0]["size"].ratio, 1), found[1].text())
    size +0.93 sd a unit, 100 % of samples 6.5 unnamed
    """
    scores, null, base = (np.asarray(array, dtype=np.float64) for array in (scores, null, base))
    amounts = np.asarray(strengths, dtype=np.float64)
    _check(scores, null, base, amounts, len(traits), len(names))
    sd = _spread(base)
    reach = float(amounts[-1] - amounts[0])
    slopes = (scores[:, -1] - scores[:, 0]) / (sd * reach)  # (K, M, A)
    effects, counts = _means(slopes)
    intervals = _bootstrap(slopes, seed)
    follows = np.where(
        counts > 0, (np.sign(slopes) == np.sign(effects)[:, None]).sum(axis=1) / np.maximum(counts, 1), 0
    )
    kept = _kept(scores)
    others, enough = _means((null[:, -1] - null[:, 0]) / (sd * reach))  # (R, A)
    drawn = np.where((enough >= LEAST) & np.isfinite(others), np.abs(others), np.nan)
    usual, most, fewest = _null(drawn)
    measured = (counts >= LEAST) & np.isfinite(effects)
    ratios = np.where(measured & (usual > 0), np.abs(effects) / np.where(usual > 0, usual, 1), np.nan)
    needed, ends, meanings = bar(ratios, fewest), (float(amounts[0]), float(amounts[-1])), []
    for k, name in enumerate(names):
        responses = tuple(
            Response(
                trait,
                int(counts[k, a]),
                effect=_told(effects[k, a]),
                interval=(round(float(intervals[0, k, a]), 6), round(float(intervals[1, k, a]), 6)),
                follows=_told(follows[k, a]),
                monotonic=_told(kept[k, a]),
                null=_told(usual[a]),
                null_most=_told(most[a]),
                ratio=_told(ratios[k, a]),
            )
            if measured[k, a]
            else Response(trait, int(counts[k, a]))
            for a, trait in enumerate(traits)
        )
        meanings.append(Meaning(name, ends, responses, choose_main(responses, needed), needed))
    return meanings


def choose_main(responses: Sequence[Response], needed: float) -> tuple[str, ...]:
    """Choose the traits that a direction is about, the strongest first, by the rule of the module.

    Args:
        responses: one a trait, those of a group in the order in which they are to represent it.
        needed: the ratio that a trait has to reach.

    >>> words = {"en": "w", "zh": "字"}
    >>> trait = lambda name, group: Trait(name, {"en": name, "zh": name}, "", group, "", words, words)
    >>> response = lambda trait, effect: Response(trait, 200, effect, (effect, effect), 0.9, ratio=5.0)
    >>> yaw, roll = response(trait("yaw", "pose"), -0.9), response(trait("roll", "pose"), 0.8)
    >>> age = response(trait("age", "age"), 0.7)
    >>> choose_main([yaw, roll, age], needed=4.0), choose_main([yaw, roll, age], needed=6.0)
    (('yaw', 'age'), ())
    """
    groups: dict[str, list[Response]] = {}
    for response in responses:
        if is_moved(response, needed):
            groups.setdefault(response.trait.group, []).append(response)
    first = []
    for members in groups.values():
        largest = max(each.size for each in members)
        first.append(next(each for each in members if each.size >= NEAR * largest))
    ranked = sorted(first, key=lambda response: -response.size)
    most = max((each.size for each in responses), default=0)
    if not ranked or max(each.size for group in groups.values() for each in group) < NEAR * most:
        return ()
    return tuple(each.trait.name for each in ranked[:MOST] if each.size >= JOIN * ranked[0].size)


def _told(number: float) -> float | None:
    """Round to what is worth telling, so that a number is the same in a file and here; None for NaN."""
    return None if np.isnan(number) else round(float(number), 6)


def is_moved(response: Response, needed: float) -> bool:
    """Say whether a direction moves a trait, by the rule of the module.

    Args:
        response: of the trait.
        needed: the ratio that it has to reach: the `bar` of the direction's meaning.

    >>> words = {"en": "w", "zh": "字"}
    >>> size = Trait("size", words, "", "size", "", words, words)
    >>> [is_moved(Response(size, 200, 0.9, (0.8, 1.0), follows, ratio=3.1), 3.0) for follows in (0.9, 0.6)]
    [True, False]
    """
    if response.ratio is None or response.interval is None or response.follows is None:
        return False
    low, high = response.interval
    return response.ratio >= needed and (low > 0 or high < 0) and response.follows >= FOLLOWS


def _check(scores: NDArray, null: NDArray, base: NDArray, amounts: NDArray, traits: int, names: int) -> None:
    """See that all the shapes belong together."""
    codes = len(base)
    if base.shape != (codes, traits) or scores.shape != (names, len(amounts), codes, traits) or not scores.size:
        raise InputError(
            f"scores {scores.shape} and base {base.shape} are not (K, S, M, A) and (M, A) of {names} directions, "
            f"{len(amounts)} strengths and {traits} traits"
        )
    if null.ndim != 4 or null.shape[0] < FEWEST_DRAWS or null.shape[1] < 2 or null.shape[3] != traits:
        raise InputError(
            f"null {null.shape}: give (R, S, M, {traits}), {FEWEST_DRAWS} or more random directions at both ends"
        )
    if amounts.ndim != 1 or len(amounts) < 2 or not np.isfinite(amounts).all() or (np.diff(amounts) <= 0).any():
        raise InputError(f"strengths {amounts.tolist()!r:.60}: give two or more that ascend")


def _spread(base: NDArray) -> NDArray[np.float64]:
    """Compute the standard deviation (A,) of each trait; NaN for one that does not vary, or has too few scores."""
    spread = np.full(base.shape[1], np.nan)
    for a, column in enumerate(base.T):
        known = column[np.isfinite(column)]
        if len(known) >= LEAST and np.std(known) > 1e-9 * max(1e-12, np.abs(known).max()):
            spread[a] = np.std(known, ddof=1)
    return spread


def _means(slopes: NDArray) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """Average (K, M, A) over the codes that have a number: means and counts, (K, A) each."""
    known = np.isfinite(slopes)
    counts = known.sum(axis=1)
    sums = np.where(known, slopes, 0).sum(axis=1)
    return np.where(counts > 0, sums / np.maximum(counts, 1), np.nan), counts


def _null(drawn: NDArray) -> tuple[NDArray[np.float64], NDArray[np.float64], int]:
    """Compute root mean square and maximum (A,) of |effects| (R, A) of random directions; NaN for too few of them.

    And of how many at least.
    """
    known = np.isfinite(drawn)
    counts, filled = known.sum(axis=0), np.where(known, drawn, 0)
    enough = counts >= max(FEWEST_DRAWS, DRAWN * len(drawn))
    usual = np.sqrt((filled**2).sum(axis=0) / np.maximum(counts, 1))
    fewest = int(counts[enough].min(initial=len(drawn)))
    return np.where(enough, usual, np.nan), np.where(enough, filled.max(axis=0), np.nan), fewest


def _bootstrap(slopes: NDArray, seed: int) -> NDArray[np.float64]:
    """Compute the ends (2, K, A) of 95 % intervals of the mean over codes."""
    directions, codes, traits = slopes.shape
    columns = slopes.transpose(1, 0, 2).reshape(codes, -1)  # (M, K A)
    known = np.isfinite(columns)
    drawn = np.random.default_rng(seed).multinomial(codes, np.full(codes, 1 / codes), RESAMPLES).astype(np.float64)
    counts = drawn @ known
    means = (drawn @ np.where(known, columns, 0)) / np.maximum(counts, 1)  # (B, K A)
    return np.quantile(means, [0.025, 0.975], axis=0).reshape(2, directions, traits)


def _kept(scores: NDArray) -> NDArray[np.float64]:
    """Compute `monotonic` (K, A); NaN where nothing moves, or with two strengths only, where it could but be 1."""
    if scores.shape[1] < 3:
        return np.full((scores.shape[0], scores.shape[3]), np.nan)
    whole = np.abs(scores[:, -1] - scores[:, 0])
    path = np.abs(np.diff(scores, axis=1)).sum(axis=1)  # (K, M, A), NaN where a score is missing
    known = np.isfinite(path)
    moved = np.where(known, path, 0).sum(axis=1)
    return np.where(moved > 0, np.where(known, whole, 0).sum(axis=1) / np.where(moved > 0, moved, 1), np.nan)
