"""Pictures of columns, read back: words and dates at their axes, what is missing in the title."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from keras_vabc.data.columns.find import find_columns
from keras_vabc.data.readers.table_batches.table import open_table
from keras_vabc.pages.column_pictures import column_figure, with_gaps

RNG = np.random.default_rng(12)
WORDS = [*"abcdefghij", "a word of many letters"]  # from the most frequent to the rarest


@pytest.fixture(scope="module")
def columns():
    return find_columns(open_table(frame(), "u").batches, open_table(frame(), "w").batches)


def frame():
    days = pd.date_range("2024-05-01", periods=220, freq="D")
    words = np.repeat(WORDS, np.arange(30, 8, -2))
    table = pd.DataFrame({"day": days, "word": words, "size": RNG.normal(50, 1, 220)})
    table.loc[::4, "size"] = np.nan
    table.loc[::10, "word"] = None
    return table


@pytest.fixture(scope="module")
def drawn(columns):
    codes = columns.encode(pa.RecordBatch.from_pandas(frame(), preserve_index=False))
    dense = columns.dense.encode(codes)
    rows = with_gaps(columns.numbers(dense), dense, columns)
    groups = {"wanted rows": (rows, np.ones(220)), "samples": (rows[:110], None)}
    figure = column_figure(groups, [c.name for c in columns.trained], columns.trained)
    return rows, dict(zip(("day", "word", "size"), figure.axes[:3], strict=True))


def labels(ax):
    return [text.get_text() for text in ax.get_xticklabels()]


def test_what_is_missing_is_no_number_and_told(drawn):
    rows, axes = drawn
    expected = frame().isna()[["day", "word", "size"]].to_numpy()
    np.testing.assert_array_equal(np.isnan(rows), expected)
    assert axes["day"].get_title() == "day"
    assert axes["size"].get_title() == "size\nmissing: wanted rows 25%, samples 25%"
    assert axes["word"].get_title() == "word\nmissing: wanted rows 10%, samples 10%"
    outline = axes["size"].patches[0].get_xy()
    assert 45 < outline[:, 0].min() < outline[:, 0].max() < 55
    assert axes["size"].patches[0].get_xy()[:, 1].max() < 0.2  # the middle is no spike


def test_dates_are_dates(drawn):
    _, axes = drawn
    ticks = labels(axes["day"])
    assert len(ticks) == 2 and all(tick.startswith("2024-") for tick in ticks)
    days = np.array(ticks, "datetime64[D]").astype(int)
    np.testing.assert_array_equal(axes["day"].get_xticks(), days)


def test_words_stand_at_their_steps_and_the_rare_ones_together(drawn):
    _, axes = drawn
    assert labels(axes["word"]) == [*"abcdefgh", "(others)"]
    heights = axes["word"].patches[0].get_xy()[1:-1:2, 1]
    words = frame()["word"].dropna()
    shares = words.value_counts(normalize=True)
    np.testing.assert_allclose(heights[: len("abcdefgh")], shares[list("abcdefgh")], atol=1e-6)
    assert heights[8] == pytest.approx(1 - shares[list("abcdefgh")].sum())
