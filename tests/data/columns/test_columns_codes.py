"""Cells, atoms and codes, pinned against what can be computed by hand or by SciPy."""

import numpy as np
import pyarrow as pa
import pytest
from column_tables import batch_of, column, find
from scipy.stats import ks_2samp, norm

from keras_vabc.data.columns.grain import Grain

RNG = np.random.default_rng(2)


def test_cells_of_few_values_are_their_intervals_of_normal_scores():
    values = [1.5] * 10 + [2.5] * 30 + [7.0] * 40 + [9.0] * 20 + [None] * 25
    codes = column(pa.array(values)).codes
    assert codes.ordered and codes.cells == 4 and codes.size == 6
    ends = norm.ppf([0, 0.1, 0.4, 0.8, 1])
    np.testing.assert_allclose(codes.intervals, np.stack([ends[:-1], ends[1:]], axis=1))
    np.testing.assert_allclose(codes.scores, norm.ppf([0.05, 0.25, 0.6, 0.9]))
    assert codes.counts.tolist() == [10, 30, 40, 20, 25, 0]
    found = codes.encode(pa.array([-3.0, 1.9, 2.1, 7.0, 7.9, 8.1, 99.0, None]))
    assert found.dtype == np.int32
    assert found.tolist() == [0, 0, 1, 2, 2, 3, 3, 4]  # the nearest value


def test_a_value_of_many_rows_is_an_atom_of_its_own():
    rest = RNG.permutation(np.arange(1, 2001)) / 4
    values = np.concatenate([np.zeros(700), rest])
    codes = column(pa.array(values)).codes
    assert codes.atoms == (0,) and not codes.ordered
    assert codes.values[0] == 0 and codes.counts[0] == 700
    assert codes.cells <= 256 and codes.cells > 150
    # what is no zero, but near, is none of the zeros
    assert codes.encode(pa.array([0.0, 0.01, 0.25, -1.0])).tolist() == [0, 1, 1, 0]
    assert codes.decode(np.ones(1, int), np.zeros(1))[0] == 0.25  # none between the two
    drawn, missing = codes.decode(np.zeros(5, int), np.linspace(0, 0.99, 5))
    assert (drawn == 0).all() and not missing.any()


def test_cells_hold_about_as_many_rows_each():
    values = np.sort(RNG.lognormal(size=20_000))
    codes = column(pa.array(RNG.permutation(values))).codes
    assert 200 <= codes.cells <= 256
    assert codes.counts[:-1].max() <= 1.6 * len(values) / 200
    inside = norm.cdf(codes.intervals)  # the distribution, at the values themselves
    for cell in (3, 100, codes.cells - 2):
        low, high = codes.values[codes.first[cell]], codes.values[codes.first[cell + 1] - 1]
        assert abs(np.mean(values < low) - inside[cell, 0]) < 0.002
        assert abs(np.mean(values <= high) - inside[cell, 1]) < 0.002
    assert codes.values[0] == values[0] and codes.values[-1] == values[-1]


@pytest.mark.parametrize("kind", ["smooth", "rounded", "whole", "time", "zeros"])
def test_what_is_drawn_has_the_distribution_of_the_column(kind):
    n = 30_000
    values = {
        "smooth": RNG.gamma(2, size=n),
        "rounded": np.round(RNG.gamma(2, 100, size=n), 1),
        "whole": RNG.poisson(300, n),
        "time": RNG.integers(0, 10**9, n).astype("datetime64[s]"),
        "zeros": np.where(RNG.random(n) < 0.6, 0, RNG.gamma(2, size=n)),
    }[kind]
    columns = find({"x": pa.array(values), "y": pa.array(np.arange(n) % 3)})
    codes = columns.encode(batch_of({"x": pa.array(values), "y": pa.array(np.arange(n) % 3)}))
    drawn = columns.decode(codes, RNG.random(codes.shape))["x"].to_numpy(zero_copy_only=False)
    assert drawn.dtype == np.asarray(values).dtype
    as_numbers = (np.asarray(own).astype(np.float64) for own in (drawn, values))
    assert ks_2samp(*as_numbers).statistic < 0.004
    if kind in ("smooth", "time"):  # spread, not copied
        assert np.isin(drawn, values).mean() < 0.2
    if kind == "rounded":
        assert (np.round(drawn, 1) == drawn).all()
    if kind == "zeros":
        assert ((drawn == 0) == (values == 0)).all()


def test_the_middle_of_a_cell_is_its_value_and_its_ends_are_halfway():
    values = np.sort(RNG.normal(size=90))
    codes = column(pa.array(RNG.permutation(values))).codes
    assert codes.cells == 90
    cells = np.arange(90)
    np.testing.assert_allclose(codes.decode(cells, np.full(90, 0.5))[0], values)
    halves = (values[1:] + values[:-1]) / 2
    np.testing.assert_allclose(codes.decode(cells, np.zeros(90))[0][1:], halves, rtol=1e-6)
    np.testing.assert_allclose(
        codes.decode(cells, np.full(90, 1 - 1e-9))[0][:-1], halves, rtol=1e-6, atol=1e-8
    )


def test_words_have_codes_by_their_frequency():
    words = ["b"] * 5 + ["a"] * 9 + ["c"] * 5 + [None] * 3
    codes = column(pa.array(words)).codes
    assert codes.words == ("a", "b", "c") and codes.counts.tolist() == [9, 5, 5, 3, 0]
    assert codes.encode(pa.array(["c", "a", None, "z"])).tolist() == [2, 0, 3, 4]
    assert column(pa.array(words[:19])).codes.encode(pa.array([None, "z"])).tolist() == [3, 3]


def test_dense_rows_are_scores_flags_and_ones():
    table = {
        "x": pa.array([1.0, 2.0, None, 2.0]),
        "w": pa.array(["b", "a", "a", None]),
        "t": pa.array([True, True, False, True]),
    }
    columns = find(table)
    dense = columns.encode_dense(batch_of(table))
    score = norm.ppf([1 / 6, 4 / 6])
    expected = [
        [score[0], 0, 0, 1, 0, 1, 0],
        [score[1], 0, 1, 0, 0, 1, 0],
        [0, 1, 1, 0, 0, 0, 1],
        [score[1], 0, 0, 0, 1, 1, 0],
    ]
    np.testing.assert_allclose(dense, np.array(expected, np.float32), rtol=1e-6)
    assert dense.dtype == np.float32 and columns.dense.width == 7
    noisy = dense + np.float32(0.2) * RNG.uniform(-1, 1, dense.shape).astype("f4")
    drawn = columns.decode_dense(noisy)
    assert drawn.to_pylist() == batch_of(table).to_pylist()
    wild = columns.decode_dense(np.array([[99.0, 0.4, -3, -2, -9, 0, 1]]))
    assert wild.to_pylist() == [{"x": 2.0, "w": "b", "t": False}]


def test_rows_that_are_like_nothing_in_the_unlabeled_fold_are_told():
    table = {
        "x": pa.array(RNG.integers(10, 90, 300)),
        "w": pa.array(RNG.choice(["a", "b"], 300)),
        "h": pa.array([1.5, None, 4.0] * 100),
    }
    columns = find(table)
    new = {
        "x": pa.array([10, 9, 91, None, 50]),
        "w": pa.array(["a", "z", "b", "b", None]),
        "h": pa.array([1.5, 1.5, 4.1, None, 1.4]),
    }
    told = columns.unseen(columns.read(batch_of(new))) * 1
    assert told.tolist() == [[0, 0, 0], [1, 1, 0], [1, 0, 1], [1, 0, 0], [0, 1, 1]]
    codes = columns.encode(batch_of(new))
    assert codes[3, 0] == columns.sizes[0] - 1 and codes[1, 1] == columns.sizes[1] - 1


@pytest.mark.parametrize("zone", ["America/New_York", "Australia/Lord_Howe"])
@pytest.mark.parametrize("step", [1, 60])
def test_no_time_is_drawn_in_the_hour_that_clocks_skip(zone, step):
    """Nor one before it, which may be of another cell or finer than the column."""
    skipped = {"America/New_York": 1_583_650_800, "Australia/Lord_Howe": 1_601_739_000}[zone]
    seconds = skipped + RNG.integers(-(10**5) // step, 10**5 // step, 3000) * step
    table = {"t": pa.array(seconds).cast(pa.timestamp("s", zone)), "w": pa.array([1.5, 2.5] * 1500)}
    columns = find(table)
    codes = RNG.integers(0, np.array(columns.sizes) - 1, (200_000, 2))
    drawn = columns.decode(codes, RNG.random(codes.shape))
    assert (columns.encode(drawn) == codes).all()
    assert not (drawn["t"].cast(pa.int64()).to_numpy() % step).any()
    assert (columns.encode(columns.as_text(drawn)) == codes).all()


def test_codes_that_are_none_are_refused():
    columns = find({"x": pa.array([1.0, 2.0] * 9), "w": pa.array(["a", "b"] * 9)})
    for codes in ([[0]], [[0, 3]], [[-1, 0]], [[0.0, 1.0]]):
        with pytest.raises(ValueError, match="codes must be"):
            columns.decode(np.array(codes))


@pytest.mark.parametrize("dtype", ["float64", "float32", "float16", "int64"])
def test_between_and_after_stay_in_the_grain(dtype):
    for decimals in (None, 1) if dtype != "int64" else (0,):
        grain = Grain(dtype, decimals)
        low = grain.rounded(np.array([-3, 0.5, 7, 7]).astype(grain.values))
        high = grain.rounded(np.array([9, 0.6, 8, 7.1]).astype(grain.values))
        low, high = low[high > low], high[high > low]
        middle = grain.between(low, high)
        assert (middle >= low).all() and (middle < high).all()
        after = grain.after(middle)
        assert (after > middle).all() and (after <= high).all()
        assert (grain.rounded(after) == after).all()


def test_neighbours_in_float32_stay_apart():
    near = (np.arange(2**23, 2**23 + 60) / 2**23).astype("f4")  # one step from 1 on each
    table = {"x": pa.array(RNG.permutation(near)), "w": pa.array(["a", "b"] * 30)}
    columns = find(table)
    codes = columns.encode(batch_of(table))
    assert len(np.unique(codes[:, 0])) == 60
    for place in (0.0, 0.3, 0.999):
        drawn = columns.decode(codes, np.full(codes.shape, place))
        assert drawn["x"].type == pa.float32()
        assert (columns.encode(drawn) == codes).all()


def test_types_of_arrow_survive():
    n = 60
    kinds = {
        "i1": pa.array(RNG.integers(0, 100, n), pa.int8()),
        "u8": pa.array(RNG.integers(0, 100, n), pa.uint64()),
        "f4": pa.array(RNG.random(n), pa.float32()),
        "dec": pa.array(RNG.integers(0, 9999, n)).cast(pa.decimal128(20, 0)),
        "money": pa.array(RNG.integers(0, 9999, n) / 100).cast(pa.decimal128(10, 2)),
        "cat": pa.array(RNG.choice(["a", "b"], n)).dictionary_encode(),
        "day": pa.array(RNG.integers(0, 10**4, n), pa.int32()).cast(pa.date32()),
        "ms": pa.array(RNG.integers(0, 10**12, n)).cast(pa.timestamp("ms", "Asia/Tokyo")),
        "clock": pa.array(RNG.integers(0, 86400, n)).cast(pa.time64("us")),
        "last": pa.array(RNG.integers(0, 10**6, n)).cast(pa.duration("s")),
        "big": pa.array(RNG.choice(["a", "b"], n), pa.large_string()),
    }
    columns = find(kinds)
    batch = batch_of(kinds)
    codes = columns.encode(batch)
    drawn = columns.decode(codes, RNG.random(codes.shape))
    types = {field.name: field.type for field in drawn.schema}
    assert types == {name: array.type for name, array in kinds.items()} | {"big": pa.string()}
    assert (columns.encode(drawn) == codes).all()
