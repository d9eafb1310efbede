"""Properties of readers, folds, pipeline, losses and metrics, on data that hypothesis makes up."""

import contextlib
import json
import tempfile
from collections import Counter
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image
from pyarrow import parquet
from pydantic import TypeAdapter, ValidationError

from keras_vabc.data.intake import DataSpec, held_out, read_blocks, read_folds
from keras_vabc.data.levels import Levels, decide
from keras_vabc.data.outputs import write_rows
from keras_vabc.data.pipeline import balanced_dataset
from keras_vabc.data.spec import ImageRule
from keras_vabc.evaluation.metrics import (
    class_balance,
    frechet_distance,
    negative_generation_error,
)
from keras_vabc.evaluation.spread import precision_recall_density_coverage
from keras_vabc.vabc.losses import unwanted_penalty, vabc_loss

few = settings(max_examples=25, deadline=None, derandomize=True, database=None)
seeds = st.integers(0, 10**9)
float32s = st.floats(width=32, allow_nan=False, allow_infinity=False)


def arrays(dtype, elements, least=2):
    """Vectors: 2 to 40 rows of 1 to 4 columns, in which rows often repeat."""
    shape = st.tuples(st.integers(least, 40), st.integers(1, 4))
    return hnp.arrays(dtype, shape, elements=elements, fill=st.just(0))


numbers = st.one_of(
    arrays("float32", float32s),
    arrays("float64", float32s),
    arrays("int64", st.integers(-(2**24), 2**24)),
    arrays("uint8", st.integers(0, 255)),
    arrays("bool", st.booleans()),
)
images = hnp.arrays(
    "uint8", st.tuples(st.integers(2, 12), st.just(3), st.just(2), st.sampled_from([1, 3]))
)


def write(path, rows):
    """Writes rows as a user would, by another way than the package's own."""
    if path.suffix == ".npy":
        np.save(path, np.asfortranarray(rows))
    elif path.suffix == ".npz":
        np.savez(path, rows)
    elif path.suffix == ".csv":
        path.write_text("".join(",".join(map(repr, row)) + "\n" for row in (rows + 0).tolist()))
    elif path.suffix == ".parquet":
        parquet.write_table(pa.table({str(c): rows[:, c] for c in range(rows.shape[1])}), path)
    else:
        path.mkdir()
        for number, row in enumerate(rows):
            Image.fromarray(row.squeeze(-1) if row.shape[2] == 1 else row).save(
                path / f"{number}.png"
            )


def multiset(*parts):
    return Counter(row.tobytes() for part in parts for row in np.asarray(part) + part.dtype.type(0))


def read_or_small(unlabeled, unwanted, folder, seed):
    """The intake of two arrays' files, or `None` where a fold would be empty."""
    try:
        return read_folds(unlabeled, unwanted, folder=folder, test_share=0.5, seed=seed)
    except ValueError as error:
        assert "must have enough examples" in str(error)


# Readers and folds


@few
@given(numbers, st.sampled_from([".npy", ".npz", ".csv", ".parquet"]), st.integers(0, 99))
def test_vectors_survive_any_file(rows, suffix, seed):
    if suffix == ".csv" and rows.dtype == bool:
        rows = rows.astype("uint8")  # a CSV of True and False is one of texts
    with tempfile.TemporaryDirectory() as folder:
        path, unwanted = Path(folder, f"x{suffix}"), Path(folder, "w.npy")
        write(path, rows)
        np.save(unwanted, np.float32(2) ** 100 + np.zeros((2, rows.shape[1])))
        spec = DataSpec("vectors", rows.shape[1:], "float32")
        ids, found = zip(*read_blocks(path, spec), strict=True)
        assert np.array_equal(np.concatenate(found), rows.astype("float32"))
        assert sum(ids, []) == [str(row) for row in range(len(rows))]
        read_or_small(path, unwanted, Path(folder, "work"), seed)


@few
@given(arrays("float32", st.integers(0, 3)), arrays("float32", st.integers(0, 3)), seeds)
def test_no_row_is_lost_or_doubled(unlabeled, unwanted, seed):
    width = min(unlabeled.shape[1], unwanted.shape[1])
    unlabeled, unwanted = unlabeled[:, :width], unwanted[: len(unlabeled), :width]
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder, "u.npy"), unlabeled)
        write(Path(folder, "w.csv"), unwanted)
        paths = Path(folder, "u.npy"), Path(folder, "w.csv")
        intake = read_or_small(*paths, Path(folder, "work"), seed)
        if intake is None:
            return
        kept = [row for row in unlabeled if not (unwanted == row).all(axis=1).any()]
        folds = intake.folds
        assert multiset(folds.unlabeled, folds.test_unlabeled) == multiset(*np.array([kept]))
        assert multiset(folds.unwanted, folds.test_unwanted) == multiset(unwanted)
        for name, rows in (("unlabeled", unlabeled), ("unwanted", unwanted)):
            counts = intake.counts[name]
            assert (
                counts["read"]
                == len(rows)
                == counts["unreadable"]
                + counts["duplicates"]
                + (len(getattr(folds, name)) + len(getattr(folds, f"test_{name}")))
            )
            assert counts["training"] == len(getattr(folds, name))
        assert not multiset(folds.unlabeled) & multiset(folds.test_unlabeled)
        constant = np.flatnonzero(np.ptp(np.array(kept), axis=0) == 0)
        assert [column for column, _ in intake.spec.constants] == constant.tolist()


@few
@given(images, st.sampled_from(["", ".npy", ".npz"]), st.lists(st.integers(0, 11), unique=True))
def test_images_survive_any_file_and_damaged_ones_are_counted(rows, suffix, damaged):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, f"x{suffix}")
        write(path, rows)
        damaged = [row for row in damaged if row < len(rows)] if suffix == "" else []
        for row in damaged:
            whole = (path / f"{row}.png").read_bytes()
            (path / f"{row}.png").write_bytes(whole[: len(whole) // 2])
        spec = DataSpec("images", rows.shape[1:], "uint8")
        notes = []
        found = list(read_blocks(path, spec, max_unreadable=1, notes=notes))
        found = np.concatenate([x for _, x in found]) if found else rows[:0]
        assert multiset(found) == multiset(np.delete(rows, damaged, axis=0))
        counted = [line for line in notes if "could not be read" in line]
        assert len(counted) == bool(damaged)
        assert not damaged or counted[0].startswith(f"input: {len(damaged)} of {len(rows)} images")


deep = hnp.arrays("uint16", st.tuples(st.integers(2, 9), st.just(5), st.just(4)))


@few
@given(deep, st.integers(0, 16), st.integers(0, 16))
def test_deep_images_become_the_same_from_files_and_arrays(rows, dark, darker):
    """The white is the least of so many bits that holds both folds, whatever form they have."""
    folds = {"unlabeled": rows >> dark, "unwanted": rows[:1] >> darker}
    levels = {name: Levels(deep=int(fold.max())) for name, fold in folds.items()}
    rule = decide(levels)
    most, bits = max(map(np.max, folds.values())), rule.deep.bit_length()
    assert rule.deep >= most and bits in (8, 10, 12, 14, 16)
    assert bits == 8 or most > 2 ** (bits - 2) - 1, "two bits fewer would not do"
    spec = DataSpec("images", (5, 4, 1), "uint8", rule=rule)
    with tempfile.TemporaryDirectory() as folder:
        for path in (Path(folder, "x"), Path(folder, "x.npy")):
            write(path, folds["unlabeled"][..., None] if path.suffix == "" else folds["unlabeled"])
            found = np.concatenate([x for _, x in read_blocks(path, spec)])
            expected = np.rint(folds["unlabeled"] * (255 / rule.deep))
            assert np.abs(found[..., 0] - expected).max() == 0


@few
@given(images, st.sampled_from(["x", "x.npy", "x.npz"]))
def test_what_is_written_reads_the_same(rows, name):
    with tempfile.TemporaryDirectory() as folder:
        spec = DataSpec("images", rows.shape[1:], "uint8")
        (Path(folder) / "x").mkdir()
        write_rows(Path(folder, name), iter([rows.astype("float32")]), spec)
        found = np.concatenate([x for _, x in read_blocks(Path(folder, name), spec)])
        assert np.array_equal(found, rows)


@few
@given(numbers, seeds, st.floats(0.01, 0.99), st.randoms(use_true_random=False))
def test_held_out_looks_at_nothing_but_the_row(rows, seed, share, random):
    order = list(range(len(rows)))
    random.shuffle(order)
    chosen = held_out(rows, seed, share)
    assert chosen.shape == (len(rows),) and chosen.dtype == bool
    assert np.array_equal(held_out(rows[order], seed, share), chosen[order])
    assert np.array_equal(held_out(np.asfortranarray(rows), seed, share), chosen)
    assert [held_out(row[None], seed, share)[0] for row in rows] == chosen.tolist()
    wider = held_out(rows, seed, share + (1 - share) / 2)
    assert (wider | ~chosen).all(), "what a smaller share holds out, a larger one does too"


@few
@given(seeds, st.floats(0.05, 0.95))
def test_held_out_has_its_share_and_seeds_are_independent(seed, share):
    rows, n = np.arange(8000).reshape(4000, 2), 4000
    chosen, others = held_out(rows, seed, share), held_out(rows, seed + 1, share)
    assert abs(chosen.sum() - n * share) < 5 * np.sqrt(n * share * (1 - share))
    both = share * share
    assert abs((chosen & others).sum() - n * both) < 5 * np.sqrt(n * both * (1 - both))


texts = st.text("ab ,;\n\"'é", max_size=4)
names = st.one_of(st.none(), st.lists(texts, min_size=3, max_size=3, unique=True).map(tuple))
wholes = st.lists(st.integers(0, 2), unique=True).map(
    lambda columns: tuple((column, -3.0, 2.0**column) for column in columns)
)
constants = st.lists(st.tuples(st.integers(0, 2), float32s), unique_by=lambda pair: pair[0])
sizes = st.tuples(st.integers(1, 99), st.integers(1, 99), st.sampled_from([1, 3]))
rules = st.builds(
    ImageRule,
    st.sampled_from([None, 255, 4095, 65535]),
    st.sampled_from([None, 1, 255]),
    st.sampled_from([None, 1, 255]),
    st.sampled_from([0, 255]),
)
specs = st.one_of(
    st.builds(DataSpec, st.just("vectors"), st.just((3,)), st.just("float32"), names,
              constants.map(tuple), wholes),
    st.builds(DataSpec, st.just("images"), sizes, st.sampled_from(["uint8", "float32"]),
              rule=st.one_of(st.none(), rules)),
)  # fmt: skip


@few
@given(specs)
def test_a_spec_survives_json(spec):
    assert read_spec(json.loads(json.dumps(spec.to_json(), allow_nan=False))) == spec


def read_spec(record):
    """The spec of a JSON record, read as the record of a run reads it."""
    return TypeAdapter(DataSpec).validate_json(json.dumps(record), strict=True)


json_values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), texts),
    lambda inner: st.one_of(st.lists(inner), st.dictionaries(texts, inner)),
    max_leaves=5,
)


@settings(few, max_examples=100)
@given(
    specs,
    st.sampled_from(["kind", "shape", "dtype", "columns", "constants", "whole", None]),
    json_values,
)
def test_a_damaged_spec_is_refused_or_another_spec(spec, field, value):
    record = value if field is None else spec.to_json() | {field: value}
    with contextlib.suppress(ValidationError):
        assert isinstance(read_spec(record), DataSpec)


def test_a_spec_names_each_column_once():
    for columns in (("a", "b"), ("a", "b", "b"), ("a", "b", "c", "d")):
        with pytest.raises(ValueError, match="spec must name each of its columns once"):
            DataSpec("vectors", (3,), "float32", columns)


def test_a_spec_of_an_earlier_version_rounds_nothing():
    record = DataSpec("vectors", (3,), "float32", None, (), ((1, 0.0, 4.0),)).to_json()
    assert read_spec(record).whole == ((1, 0.0, 4.0),)
    with pytest.raises(ValueError, match="spec must give .* whole numbers as"):
        read_spec(record | {"whole": [[1, 4, 0]]})
    del record["whole"]
    assert read_spec(record).whole == ()


# Pipeline, losses, metrics


@settings(few, max_examples=6)
@given(st.integers(1, 6), st.integers(1, 6), st.integers(1, 30), st.integers(1, 9), st.booleans())
def test_batches_hold_exactly_their_share(part, unwanted_part, extra, unwanted, shuffle):
    unlabeled = np.arange(1, part + extra + 1, dtype=np.int32)[:, None]
    batch_size = part + unwanted_part
    dataset = balanced_dataset(
        unlabeled,
        -np.arange(1, unwanted + 1, dtype=np.int32)[:, None],
        batch_size,
        unwanted_share=unwanted_part / batch_size,
        shuffle=shuffle,
    )
    batches = [(x.numpy()[:, 0], y.numpy()) for x, y in dataset]
    steps = len(unlabeled) // part if shuffle else -(-len(unlabeled) // part)
    assert len(batches) == steps == int(dataset.cardinality())
    for x, y in batches[: len(unlabeled) // part]:
        assert (x > 0).sum() == part and (x < 0).sum() == unwanted_part
        assert np.array_equal(y, x > 0)
    seen = Counter(x for batch, _ in batches for x in batch[batch > 0].tolist())
    assert set(seen.values()) == {1} and set(seen) <= set(unlabeled[:, 0].tolist())
    assert len(seen) == (steps * part if shuffle else len(unlabeled))


errors = hnp.arrays("float32", st.integers(1, 20), elements=st.floats(0, 2**20, width=32))


@few
@given(errors, st.floats(1e-3, 1e3))
def test_penalty_is_that_of_float64(error, gamma):
    exponent = np.maximum(np.float32(gamma) * error.astype("float64"), 1e-7)
    expected = -np.log(-np.expm1(-exponent))
    found = np.asarray(unwanted_penalty(error, gamma))
    assert np.allclose(found, expected, rtol=1e-4, atol=2e-7)
    assert (found >= 0).all() and (found <= 16.2).all()


@few
@given(errors, st.floats(0, 1), st.floats(0, 10), st.floats(0, 10), seeds)
def test_loss_is_that_of_float64(error, y, kl_weight, penalty_weight, seed):
    rng = np.random.default_rng(seed)
    kl, penalty = rng.exponential(size=(2, len(error))).astype("float32")
    y = np.full(len(error), y, "float32")
    expected = kl_weight * np.float64(kl) + y * np.float64(error)
    expected += penalty_weight * (1 - np.float64(y)) * penalty
    found = vabc_loss(y, error, penalty, kl, kl_weight=kl_weight, penalty_weight=penalty_weight)
    assert np.allclose(found, expected, rtol=1e-5, atol=1e-5)


@few
@given(hnp.arrays(bool, st.integers(1, 300)))
def test_negative_generation_error_is_a_share_in_its_interval(verdicts):
    rate = negative_generation_error(verdicts)
    assert rate.value == pytest.approx(sum(verdicts.tolist()) / len(verdicts))
    assert -1e-12 <= rate.low <= rate.value + 1e-12
    assert rate.value - 1e-12 <= rate.high <= 1 + 1e-12 and rate.low < rate.high


features = hnp.arrays(
    "float64", st.tuples(st.integers(6, 30), st.just(3)), elements=st.floats(-100, 100)
)


@few
@given(features, features)
def test_metrics_keep_their_bounds(samples, real):
    found = precision_recall_density_coverage(samples, real)
    for name in ("precision", "recall", "coverage"):
        assert 0 <= found[name] <= 1
    assert 0 <= found["density"] <= len(real) / 5
    assert (found["density"] == 0) == (found["precision"] == 0)
    distance, back = frechet_distance(samples, real), frechet_distance(real, samples)
    scale = max(np.square(samples).max(), np.square(real).max(), 1)
    assert distance >= 0 and distance == pytest.approx(back, rel=1e-6, abs=1e-5 * scale)
    assert frechet_distance(real, real) == pytest.approx(0, abs=1e-5 * scale)


classes = hnp.arrays("int64", st.integers(1, 50), elements=st.integers(0, 9))


@few
@given(classes, classes)
def test_class_balance_is_symmetric_and_at_most_one(found, real):
    balance = class_balance(found, real)
    assert -1e-12 <= balance <= 1 and balance == pytest.approx(class_balance(real, found))
    assert class_balance(real, np.tile(real, 3)) == pytest.approx(1)
    assert (balance < 1e-9) == (not set(found.tolist()) & set(real.tolist()))
