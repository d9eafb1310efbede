"""Each metric on a perfect, a useless and a collapsed generator, and against its formula."""

import numpy as np
import pytest
from scipy.linalg import sqrtm

from keras_vabc.evaluation import metrics, spread


@pytest.fixture(scope="module")
def real():
    return np.random.default_rng(0).normal(size=(1500, 4))


@pytest.fixture(scope="module")
def generators(real):
    rng = np.random.default_rng(1)
    return {
        "perfect": rng.normal(size=(1500, 4)),
        "useless": rng.normal(size=(1500, 4)) + 20,
        "collapsed": np.tile(real[:1], (1500, 1)) + rng.normal(size=(1500, 4)) * 1e-3,
    }


def test_wilson_interval_is_the_closed_formula():
    verdicts = np.zeros(10_000, bool)
    verdicts[:14] = True
    rate = metrics.negative_generation_error(verdicts)
    n, p, z = 10_000, 14 / 10_000, 1.959963984540054
    centre = (p + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * np.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
    np.testing.assert_allclose(rate, (p, centre - half, centre + half), rtol=1e-9)


@pytest.mark.parametrize(("share", "low", "high"), [(0.0, 0, 0.01), (1.0, 0.99, 1)])
def test_negative_generation_error_at_its_ends(share, low, high):
    rate = metrics.negative_generation_error(np.full(1000, bool(share)))
    assert rate.value == share
    assert low <= rate.low <= rate.high <= high + 1e-12


@pytest.mark.parametrize("verdicts", [np.zeros(0, bool), np.zeros(3), np.zeros((2, 2), bool)])
def test_negative_generation_error_refuses(verdicts):
    with pytest.raises(ValueError, match="is_negative must be a boolean array"):
        metrics.negative_generation_error(verdicts)


def test_frechet_distance_is_the_formula(real):
    rng = np.random.default_rng(2)
    other = rng.normal(size=(900, 4)) @ rng.normal(size=(4, 4)) + rng.normal(size=4)
    c1, c2 = np.cov(real.T), np.cov(other.T)
    expected = np.square(real.mean(0) - other.mean(0)).sum()
    expected += np.trace(c1 + c2 - 2 * sqrtm(c1 @ c2).real)
    assert metrics.frechet_distance(other, real) == pytest.approx(expected, rel=1e-9)


def test_frechet_distance_of_known_gaussians():
    rows = np.array([[1.0, 0], [-1, 0], [0, 1], [0, -1]])
    assert metrics.frechet_distance(rows, rows) == pytest.approx(0, abs=1e-12)
    assert metrics.frechet_distance(rows + [3, 4], rows) == pytest.approx(25)
    # Three times the spread: tr(9 C + C - 6 C) = 4 tr(C), and C = 2/3 I.
    assert metrics.frechet_distance(3 * rows, rows) == pytest.approx(4 * 4 / 3)


def test_frechet_distance_with_dead_units(real):
    dead = np.concatenate([real, np.zeros((len(real), 3))], axis=1)
    other = dead * [2, 1, 1, 1, 1, 1, 1]
    expected = metrics.frechet_distance(other[:, :4], real)
    assert metrics.frechet_distance(other, dead) == pytest.approx(expected, rel=1e-9)


def test_frechet_distance_of_rank_deficient_features(real):
    """An isometry into more dimensions keeps the distance; no eigenvalue there is exactly 0."""
    isometry = np.linalg.qr(np.random.default_rng(5).normal(size=(40, 4)))[0].T
    other = real * [2, 1, 1, 0.5] + [1, 0, 0, 0]
    expected = metrics.frechet_distance(other, real)
    embedded = metrics.frechet_distance(other @ isometry, real @ isometry)
    assert embedded == pytest.approx(expected, rel=1e-5)
    assert 0 <= metrics.frechet_distance(real @ isometry, real @ isometry) < 1e-5


def test_frechet_distance_orders_generators(real, generators):
    distances = {name: metrics.frechet_distance(x, real) for name, x in generators.items()}
    assert distances["perfect"] < 0.05
    assert 2 < distances["collapsed"] < 100
    assert distances["useless"] > 1000


def test_precision_to_coverage_on_three_generators(real, generators):
    figures = {
        name: spread.precision_recall_density_coverage(x, real) for name, x in generators.items()
    }
    assert min(figures["perfect"].values()) > 0.85
    assert figures["perfect"]["density"] == pytest.approx(1, abs=0.1)
    assert set(figures["useless"].values()) == {0.0}
    assert figures["collapsed"]["precision"] == 1
    assert figures["collapsed"]["density"] > 0.5, "all lie in the balls around one point"
    assert figures["collapsed"]["recall"] < 0.01
    assert figures["collapsed"]["coverage"] < 0.02


def test_precision_to_coverage_by_brute_force():
    rng = np.random.default_rng(3)
    real, fake = rng.normal(size=(60, 3)), rng.normal(size=(40, 3)) + 0.7

    def distance(a, b):
        return np.sqrt(sum(np.square(a[:, None, i] - b[None, :, i]) for i in range(3)))

    def radius(a):
        return np.sort(distance(a, a), axis=1)[:, 5]  # column 0 is the point itself

    between = distance(real, fake)
    in_real = [[between[i, j] <= radius(real)[i] for j in range(40)] for i in range(60)]
    in_fake = [[between[i, j] <= radius(fake)[j] for j in range(40)] for i in range(60)]
    assert spread.precision_recall_density_coverage(fake, real) == pytest.approx(
        {
            "precision": np.mean(np.any(in_real, axis=0)),
            "recall": np.mean(np.any(in_fake, axis=1)),
            "density": np.sum(in_real) / (5 * 40),
            "coverage": np.mean(np.any(in_real, axis=1)),
        }
    )


def test_intervals_are_as_wide_as_figures_vary_from_draw_to_draw():
    """Those of independent rows would be too narrow by a third: balls move with their rows."""

    def estimates(seed):
        rng = np.random.default_rng(seed)
        rows = rng.normal(size=(2, 200, 4))
        return spread.spread_estimates(0.5 * rows[0], rows[1], seed)

    found = [estimates(seed) for seed in range(1, 61)]
    for name in ("recall", "coverage", "density"):
        values, low, high = np.array([one[name] for one in found]).T
        ratio = (high - low).mean() / 2 / (1.96 * values.std(ddof=1))
        assert 0.9 < ratio < 1.4, name
        assert ((low <= values.mean()) & (values.mean() <= high)).mean() > 0.88, name


def test_intervals_are_by_the_figures_of_halves():
    rng = np.random.default_rng(8)
    real, fake = rng.normal(size=(120, 3)), rng.normal(size=(90, 3)) * 0.8
    draw = np.random.default_rng(6)
    own, other = fake[draw.permutation(90)], real[draw.permutation(120)]
    halves = []
    for _ in range(spread.HALVES):
        rows = other[draw.permutation(120)[:60]]
        half = own[draw.permutation(90)[:45]]
        halves.append(spread.precision_recall_density_coverage(half, rows))
    found = spread.spread_estimates(fake, real, seed=6)
    deviation = {name: np.std([half[name] for half in halves], ddof=1) for name in found}
    density, recall = found["density"], found["recall"]
    assert density.high - density.value == pytest.approx(1.959964 * deviation["density"])
    count = recall.value * (1 - recall.value) / deviation["recall"] ** 2
    assert count < 120 and recall == pytest.approx(metrics.wilson_rate(recall.value, count))


def test_intervals_belong_to_the_figures():
    rng = np.random.default_rng(5)
    real, fake = rng.normal(size=(300, 3)), rng.normal(size=(250, 3)) * 0.8
    found = spread.spread_estimates(fake, real, seed=2)
    assert {name: own.value for name, own in found.items()} == pytest.approx(
        spread.precision_recall_density_coverage(fake, real)
    )
    assert all(own.low < own.value < own.high for own in found.values())
    none = spread.spread_estimates(fake + 50, real)["recall"]
    assert none[:2] == (0, 0) and none.high == pytest.approx(metrics.wilson_rate(0, 300).high)
    few = spread.spread_estimates(fake[:9], real)["precision"]
    assert few == pytest.approx(metrics.wilson_rate(few.value, 9))


def test_the_subsample_is_fixed_by_its_seed():
    rng = np.random.default_rng(4)
    real, fake = rng.normal(size=(2500, 2)), rng.normal(size=(2500, 2))
    whole = spread.precision_recall_density_coverage(fake[:2000], real[:2000])
    again = spread.precision_recall_density_coverage(fake[:2000], real[:2000], seed=1)
    assert again == pytest.approx(whole, rel=1e-12)  # 2,000 rows are not thinned out
    first = spread.precision_recall_density_coverage(fake, real)
    assert spread.precision_recall_density_coverage(fake, real) == first
    assert spread.precision_recall_density_coverage(fake, real, seed=1) != first


@pytest.mark.parametrize(
    ("features", "message"),
    [
        (np.zeros((5, 4)), "n >= 6"),
        (np.zeros((9, 3)), "same d"),
        (np.zeros(9), "shape"),
        (np.full((9, 4), np.nan), "finite"),
    ],
)
def test_features_are_checked(real, features, message):
    with pytest.raises(ValueError, match=message):
        spread.precision_recall_density_coverage(features, real)


def test_class_balance_on_three_generators():
    real = np.repeat(np.arange(10), 100)
    assert metrics.class_balance(real, real) == 1
    assert metrics.class_balance(np.full(50, 3), real) == pytest.approx(0.1)
    assert metrics.class_balance(np.full(50, 12), real) == 0
    assert metrics.class_balance([0, 0, 0, 1], [0, 1, 1, 1]) == pytest.approx(0.5)
    with pytest.raises(ValueError, match="must not be empty"):
        metrics.class_balance([], real)


def test_column_distances_of_perfect_useless_and_collapsed(real, generators):
    distances = {k: metrics.column_distances(x, real) for k, x in generators.items()}
    assert distances["perfect"].shape == (4,)
    assert distances["perfect"].max() < 0.12
    np.testing.assert_allclose(distances["useless"], 20, rtol=0.05)
    assert distances["collapsed"].min() > 0.7, "all mass has to move from one point"
    assert (metrics.column_distances(real, real) == 0).all()


def test_column_distances_are_those_of_sorted_values_in_deviations(real, generators):
    scaled = real * [1, 100, 1e-3, 1], generators["perfect"] * [1, 100, 1e-3, 1]
    expected = np.abs(np.sort(scaled[1], 0) - np.sort(scaled[0], 0)).mean(0) / scaled[0].std(0)
    np.testing.assert_allclose(metrics.column_distances(*scaled[::-1]), expected)


def test_column_distances_count_rows_by_weight_and_skip_constants():
    rows = np.array([[0.0, 7.0], [1.0, 7.0], [50.0, 7.0]])
    weights = np.array([1.0, 1.0, 0.0])
    distances = metrics.column_distances(rows[:2] + [1, 0], rows, weights)
    np.testing.assert_allclose(distances, [1 / 0.5, np.nan])
    distances = metrics.column_distances(rows, rows, weights, weights)
    np.testing.assert_allclose(distances, [0, np.nan])
    with pytest.raises(ValueError, match="reference must have shape"):
        metrics.column_distances(rows[:, :1], rows)


def test_recalled_are_the_real_rows_that_a_sample_is_near_to():
    """A perfect, a useless and a collapsed generator; and by brute force."""
    rng = np.random.default_rng(3)
    real = rng.normal(size=(900, 3))
    fresh = rng.normal(size=(500, 3))
    found = spread.recalled(fresh, real, seed=4)
    distances = np.linalg.norm(fresh[:, None] - fresh, axis=2)
    radii = np.sort(distances, axis=1)[:, 5]  # the 0th is the sample itself
    expected = (np.linalg.norm(real[:, None] - fresh, axis=2) <= radii).any(axis=1)
    np.testing.assert_array_equal(found, expected)
    assert found.mean() > 0.8
    assert not spread.recalled(fresh + 50, real).any()
    assert not spread.recalled(np.repeat(fresh[:1], 500, axis=0), real).any()
    many = rng.normal(size=(4500, 1))  # more rows than are compared at a time, and than are drawn
    assert len(spread.recalled(many, many)) == 4500 and spread.recalled(many, many).mean() > 0.99
