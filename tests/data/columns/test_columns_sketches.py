"""What is counted while rows go by, against counting all at once."""

import tracemalloc

import numpy as np
import pyarrow as pa
import pytest

from keras_vabc.data.columns import hashes as hashing
from keras_vabc.data.columns import sketches
from keras_vabc.data.columns.hashes import hashes, row_hashes
from keras_vabc.data.columns.sketches import Distinct, Frequent, Quantiles

RNG = np.random.default_rng(3)


def add_all(sketch, values, size=5000, hashed=False):
    for start in range(0, len(values), size):
        unique, counts = np.unique(values[start : start + size], return_counts=True)
        sketch.add(hashes(pa.array(unique)) if hashed else unique, counts)
    return sketch


@pytest.mark.parametrize("count", [10, 16_000, 200_000])
def test_distinct_values_are_counted(count):
    values = RNG.integers(0, count, 300_000)
    found = add_all(Distinct(), values, hashed=True)
    unique, counts = np.unique(values, return_counts=True)
    assert found.exact == (count <= sketches.HASHES)
    assert found.count == pytest.approx(len(unique), rel=0 if found.exact else 0.03)
    assert found.repeated == pytest.approx(np.mean(counts > 1), abs=0.02)
    assert len(found.hashes) <= sketches.HASHES


def test_numbers_that_all_differ_never_repeat():
    assert add_all(Distinct(), RNG.permutation(100_000), hashed=True).repeated == 0


def test_words_are_counted_and_of_very_many_the_frequent_ones(monkeypatch):
    monkeypatch.setattr(sketches, "WORDS", 100)
    monkeypatch.setattr(sketches, "PENDING", 400)
    values = np.concatenate([RNG.integers(1000, 9000, 20_000), np.repeat([1, 2, 3], 900)])
    found = Frequent()
    RNG.shuffle(values)
    for part in np.split(values, 227):
        words, counts = np.unique(part.astype(str), return_counts=True)
        found.add(pa.array(words), counts)
    words, counts = found.sorted()
    assert not found.exact and len(words) <= 400
    assert set(words[:3]) == {"1", "2", "3"}
    assert (counts[:3] <= 900).all() and (counts[:3] > 900 - 2 * len(values) / 100).all()


def test_words_of_a_category_are_counted_exactly():
    values = RNG.geometric(0.05, 30_000).astype(str)
    found = Frequent()
    for part in np.split(values, 30):
        words, counts = np.unique(part, return_counts=True)
        found.add(pa.array(words), counts)
    words, counts = found.sorted()
    unique, expected = np.unique(values, return_counts=True)
    assert found.exact and dict(zip(words, counts, strict=True)) == dict(
        zip(unique, expected, strict=True)
    )
    assert (np.diff(counts) <= 0).all()


def test_of_long_words_as_many_are_kept_as_there_is_room_for(monkeypatch):
    monkeypatch.setattr(sketches, "WORD_BYTES", 50_000)
    found = Frequent()
    for part in range(100):
        words = [f"{part:04d}{row:04d}".ljust(500, "x") for row in range(100)]
        often = ["a" * 500, "b" * 500]
        found.add(pa.array(words + often), np.array([1] * 100 + [30, 20]))
        assert sum(own.nbytes for own in found._pending) < 5 * 50_000 + 100_000
    words, counts = found.sorted()
    assert not found.exact and 2 < len(words) <= 200
    assert words[:2] == often and counts[:2].tolist() == [3000, 2000]


@pytest.mark.parametrize("order", ["random", "sorted"])
def test_quantiles_of_very_many_numbers_are_near(monkeypatch, order):
    monkeypatch.setattr(sketches, "KNOTS", 2000)
    monkeypatch.setattr(sketches, "PENDING", 10_000)
    values = np.concatenate([RNG.normal(size=200_000), np.full(20_000, 0.25)])
    values = np.sort(values) if order == "sorted" else RNG.permutation(values)
    found = add_all(Quantiles(np.float64), values)
    small = found.compressed(500)
    for sketch, most in ((found, 0.002), (small, 0.005)):
        assert sketch.weights.sum() == len(values)
        ranks = np.cumsum(sketch.weights) / len(values)
        true = np.searchsorted(np.sort(values), sketch.values, "right") / len(values)
        assert np.abs(ranks - true).max() < most
        often = sketch.values == 0.25
        assert sketch.own[often] == sketch.weights[often] == 20_000  # never merged
        assert (sketch.values[0], sketch.values[-1]) == (values.min(), values.max())
    assert len(found.values) <= 8 * 2000 + 10_000 and len(small.values) <= 1100


def test_values_of_more_rows_than_a_knot_stands_for_are_kept_apart():
    often = np.arange(1, 41) / 41
    values = np.concatenate([RNG.random(100_000), np.repeat(often, 280)])  # a knot: 222 rows
    small = add_all(Quantiles(np.float64), values).compressed(500)
    kept = np.isin(small.values, often)
    assert kept.sum() == 40 and (small.weights[kept] == 280).all()


def test_hashes_are_of_values_and_of_nothing_else():
    text = pa.array(["a", "", None, "a\0", "ä", "aa", "a" * 1000])
    found = hashes(text)
    assert len(set(found.tolist())) == len(text)
    assert (hashes(text[3:]) == found[3:]).all()  # whatever lies before it in memory
    assert (hashes(pa.concat_arrays([text, text])) == np.tile(found, 2)).all()
    zero = hashes(pa.array([0.0, -0.0]))
    assert zero[0] == zero[1]
    many = hashes(pa.array([f"{k}" for k in range(50_000)]))
    assert len(np.unique(many)) == 50_000
    bits = (many[:, None] >> np.arange(64, dtype=np.uint64)) & np.uint64(1)
    assert np.abs(bits.mean(axis=0) - 0.5).max() < 0.015  # none leans to a side


def splitmix(number):
    """Of Python's own whole numbers."""
    number = (number + 0x9E3779B97F4A7C15) % 2**64
    number = (number ^ (number >> 30)) * 0xBF58476D1CE4E5B9 % 2**64
    number = (number ^ (number >> 27)) * 0x94D049BB133111EB % 2**64
    return number ^ (number >> 31)


@pytest.mark.parametrize("piece", [1, 3, 64, 2**18])
def test_hashes_of_text_are_the_same_in_pieces_of_any_size(monkeypatch, piece):
    monkeypatch.setattr(hashing, "PIECE", piece)
    texts = ["", "a", "", "", "abcdefghij" * 9, "ä", "b" * 64, ""]
    for given in (texts, texts[1:], texts[4:5], [""], ["", "c"]):
        expected = []
        for text in given:
            terms = (splitmix(place) * (byte + 1) for place, byte in enumerate(text.encode()))
            expected.append(splitmix((sum(terms) + len(text.encode())) % 2**64))
        assert hashes(pa.array(given)).tolist() == expected


@pytest.mark.parametrize("length", [500, 8_000_000])
def test_hashes_of_long_text_take_no_more_memory_than_the_text(length):
    text = pa.array([f"{row}".ljust(length, "x") for row in range(16_000_000 // length)])
    tracemalloc.start()
    hashes(text)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < text.nbytes


def test_hashes_of_rows_know_the_order_of_columns_and_the_seed():
    a, b = pa.array([1, 2, 3]), pa.array(["x", "y", None])
    one = row_hashes([a, b], 1)
    assert len(set(one.tolist())) == 3
    assert not (one == row_hashes([b, a], 1)).any() and not (one == row_hashes([a, b], 2)).any()
    assert (row_hashes([a[1:], b[1:]], 1) == one[1:]).all()
