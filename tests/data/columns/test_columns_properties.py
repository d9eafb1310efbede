"""Encode and decode are inverse on random tables of random types."""

import datetime

import numpy as np
import pyarrow as pa
from column_tables import batch_of, batches, find
from hypothesis import given, settings
from hypothesis import strategies as st

from keras_vabc.data.columns.cells import MISSING, MISSING_BESIDE_NUMBERS
from keras_vabc.data.columns.table import Columns

FEW = settings(max_examples=25, deadline=None, derandomize=True, database=None)
DAY = datetime.datetime(1400, 1, 1)
LAST = datetime.datetime(2400, 1, 1)
WORDS = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zs"]), min_size=1, max_size=4)
CELLS = {
    "whole": (st.integers(-(2**63), 2**63 - 1), pa.int64()),
    "small": (st.integers(0, 9), pa.int8()),
    "float": (st.floats(allow_nan=False), pa.float64()),
    "single": (st.floats(width=32, allow_nan=False), pa.float32()),
    "price": (st.integers(-(10**6), 10**6).map(lambda v: v / 100), pa.float64()),
    "text": (WORDS, pa.string()),
    "truth": (st.booleans(), pa.bool_()),
    "time": (st.datetimes(DAY, LAST), pa.timestamp("us")),
    "local": (st.datetimes(DAY, LAST), pa.timestamp("us", "UTC")),
    "New York": (st.datetimes(DAY, LAST), pa.timestamp("us", "America/New_York")),
    "day": (st.dates(DAY.date(), LAST.date()), pa.date32()),
    "number as text": (st.integers(-(10**5), 10**5).map(lambda v: str(v / 8)), pa.string()),
    "digits": (st.integers(-(10**18), 10**18).map(str), pa.string()),
    "day as text": (st.dates(DAY.date(), LAST.date()).map(lambda d: f"{d:%Y-%m-%d}"), pa.string()),
}


@st.composite
def tables(draw):
    rows = draw(st.integers(3, 60))
    columns = {}
    for number, kind in enumerate(draw(st.lists(st.sampled_from(sorted(CELLS)), max_size=4))):
        cells, arrow = CELLS[kind]
        pool = draw(st.lists(cells, min_size=1, max_size=rows))  # so that values repeat
        pool = pool + [None] * draw(st.integers(0, 2))
        picks = draw(st.lists(st.sampled_from(pool), min_size=rows, max_size=rows))
        columns[f"{kind} {number}"] = pa.array(picks, arrow)
    columns["always"] = pa.array([row % 3 + 0.5 for row in range(rows)])
    return pa.table(columns)


@settings(FEW, max_examples=50)
@given(tables(), st.integers(0, 2**32 - 1))
def test_what_is_drawn_from_codes_has_these_codes(table, seed):
    columns = find(table)
    batch = batch_of(table)
    codes = columns.encode(batch)
    sizes = np.array(columns.sizes)
    assert (codes >= 0).all() and (codes < sizes - 1).all()  # the last one is unseen
    rng = np.random.default_rng(seed)
    for places in (None, rng.random(codes.shape), np.zeros(codes.shape)):
        drawn = columns.decode(codes, places)
        assert (columns.encode(drawn) == codes).all()
        assert (columns.encode(columns.as_text(drawn)) == codes).all()
        assert not columns.unseen(columns.read(drawn)).any()  # no value beyond the range
    assert drawn.schema.names == [c.name for c in columns.columns if c.type not in ("id",)]
    own = {f.name: f.type for f in table.schema if f.type != pa.string()}
    assert own.items() <= {**own, **{f.name: f.type for f in drawn.schema}}.items()
    for own in columns.columns:
        if own.type != "id":
            assert drawn[own.name].null_count == _missing(batch[own.name], own), own


@FEW
@given(tables(), st.integers(0, 2**32 - 1))
def test_any_code_but_unseen_can_be_drawn_and_found_again(table, seed):
    columns = find(table)
    rng = np.random.default_rng(seed)
    codes = rng.integers(0, np.array(columns.sizes) - 1, (40, len(columns.sizes)))
    drawn = columns.decode(codes, rng.random(codes.shape))
    assert (columns.encode(drawn) == codes).all()
    dense = columns.dense.encode(codes)
    assert dense.dtype == np.float32 and np.isfinite(dense).all()
    assert (columns.dense.decode(dense) == codes).all()


@FEW
@given(tables())
def test_what_is_stored_is_read_back_whole(table):
    columns = find(table)
    text = columns.to_json()
    again = Columns.from_json(text)
    assert again.to_json() == text and str(again) == str(columns)
    batch = batch_of(table)
    assert (again.encode(batch) == columns.encode(batch)).all()
    codes = columns.encode(batch)
    places = np.full(codes.shape, 0.3)
    assert again.decode(codes, places) == columns.decode(codes, places)


@FEW
@given(tables(), st.integers(0, 9))
def test_equal_rows_alone_have_equal_digests(table, seed):
    columns = find(table)
    values = columns.read(batch_of(table))
    found = columns.digests(values, seed)
    kept = [values.arrays[c.name].to_pylist() for c in columns.columns if c.type != "id"]
    rows = list(zip(*kept, strict=True))
    assert len(set(found.tolist())) == len(set(rows))
    assert len({(row, own) for row, own in zip(rows, found.tolist(), strict=True)}) == len(
        set(rows)
    )


ODD = (
    *("1", "1.0", "+5", "007", "1e5", "1e400", "inf", "∞", "nan", "NA", "None", "", "?", "-", "-0"),
    *("1,234", "1.234", "1.234,5", "1 234", "1'234.5", "0x10", "1_0", "٣", "12%", "1.", ".5", "\0"),
    *("2020-01-01", "2020-02-30", "2020-01-01 10:00:00.123456789", "2020-01-01T00:00Z", "1/2/2020"),
    *("31.12.2020", "12/31/2020", "10000-01-01", "23:59", "true", "No", " x ", "東京", "9" * 21),
    *("$5", "-$5", "($1,234.50)", "(7)", "3 kg", "5,5 €", "2020-01-01T00:00+02:00", "4.3.2021"),
    *("9223372036854775807", "9223372036854775808", "2020", "1.2.3", "\x1f", "a,b", '"', "🙂"),
)


@settings(FEW, max_examples=50)
@given(st.data(), st.sampled_from([0, 0.01, 0.3, 1]))
def test_any_text_gives_columns_or_one_line(data, most):
    pool = data.draw(st.lists(st.sampled_from(ODD), min_size=1, max_size=4))
    cells = data.draw(st.lists(st.sampled_from([*pool, pool[0]]), min_size=3, max_size=40))
    table = {"x": pa.array(cells), "always": pa.array([k % 3 + 0.5 for k in range(len(cells))])}
    try:
        columns = find(table, max_unreadable=most)
    except ValueError as error:
        assert "\n" not in str(error) and "Received: " in str(error)
        return
    for values in columns.clean(batches(table)(), max_unreadable=1):
        codes = columns.encode(values)
        drawn = Columns.from_json(columns.to_json()).decode(codes, np.full(codes.shape, 0.7))
        assert (columns.encode(drawn) == codes).all()
        assert (columns.encode(columns.as_text(drawn)) == codes).all()
    assert len(str(columns).splitlines()) == 3


def _missing(array, column):
    """Missing values, with the words that stand for them in text."""
    beside = MISSING_BESIDE_NUMBERS if column.reading.kind in ("number", "date") else ()
    words = {*MISSING, *beside}
    return sum(v is None or (isinstance(v, str) and v.strip() in words) for v in array.to_pylist())
