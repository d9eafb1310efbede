"""Tables of any columns become folds of codes, and samples in the types of the data."""

import numpy as np
import pandas as pd
import pytest

from keras_vabc.data.intake import read_examples, read_folds
from keras_vabc.data.readers.table_batches.table import open_table
from keras_vabc.data.readers.typed_tables import content_of, is_table
from keras_vabc.data.table_outputs import decoded, table_of, write_table

CITIES = ["Rome", "Oslo", "Bern"]


def frame(n, seed):
    rng = np.random.default_rng(seed)
    data = pd.DataFrame(
        {
            "customer": [f"c{seed}-{row:05d}" for row in rng.permutation(n)],
            "age": rng.integers(18, 91, n),
            "price": np.round(rng.uniform(1, 50, n), 2),
            "city": rng.choice(CITIES, n),
            "member": rng.choice([True, False], n),
        }
    )
    data.loc[rng.random(n) < 0.1, "price"] = np.nan
    return data


@pytest.fixture
def intake(tmp_path):
    return read(frame(600, 3), frame(60, 4), tmp_path)


def read(unlabeled, unwanted, tmp_path, **more):
    return read_folds(unlabeled, unwanted, folder=tmp_path / "folds", typed=True, **more)


def test_columns_are_told_and_an_id_trains_nothing(intake):
    types = {column.name: column.type for column in intake.columns.columns}
    assert types == {
        **{"customer": "id", "age": "whole", "price": "numeric"},
        **{"city": "category", "member": "boolean"},
    }
    assert intake.spec.typed and not any("customer" in name for name in intake.spec.columns)
    assert intake.folds.unlabeled.shape[1] == len(intake.spec.columns)
    assert np.isfinite(intake.folds.unlabeled).all()


@pytest.mark.parametrize("suffix", [".csv", ".parquet", "frame"])
def test_later_data_of_any_format_have_the_same_codes(intake, tmp_path, suffix):
    data, path = frame(600, 3), tmp_path / f"x{suffix}"
    if suffix == ".csv":
        data[["city", "age", "customer", "price", "member"]].to_csv(path, index=False)
    elif suffix == ".parquet":
        data.to_parquet(path)
    source = data if suffix == "frame" else path
    blocks = list(read_examples(source, intake.spec, columns=intake.columns, keep=["city"]))
    assert [name for own in blocks for name in own.ids] == data["customer"].tolist()
    assert [city for own in blocks for city in own.kept["city"]] == data["city"].tolist()
    hashes = np.concatenate([own.hashes(0) for own in blocks])
    rows = np.concatenate([own.rows for own in blocks])
    held_out = hashes < np.uint64(0.2 * 2**64)
    np.testing.assert_array_equal(rows[held_out], intake.folds.test_unlabeled)


def test_unwanted_rows_are_left_out_of_the_unlabeled_whatever_their_ids(tmp_path):
    unlabeled, unwanted = frame(600, 3), frame(60, 4)
    twice = unlabeled.iloc[:7].assign(customer=[f"other{row}" for row in range(7)])
    counts = read(unlabeled, pd.concat([unwanted, twice]), tmp_path).counts
    assert counts["unlabeled"]["duplicates"] == 7


def test_rows_of_few_values_that_equal_unwanted_ones_by_chance_are_kept(tmp_path):
    """Of a table with nothing but coarse columns all rows might be unwanted, too."""
    rng = np.random.default_rng(6)

    def calls(first, n):
        return pd.DataFrame({"phone": first + np.arange(n), "load": rng.integers(0, 11, n) / 10})

    unlabeled, unwanted = calls(4_085_559_000, 600), calls(4_085_559_600, 80)
    found = read(unlabeled, unwanted, tmp_path)
    assert [column.type for column in found.columns.columns] == ["id", "numeric"]
    assert found.counts["unlabeled"]["duplicates"] == 80
    assert found.counts["unlabeled"]["training"] + found.counts["unlabeled"]["held_out"] == 520
    kept = np.concatenate([found.folds.unlabeled, found.folds.test_unlabeled])
    assert len(np.unique(kept[:, 0])) == 11


def test_a_row_of_another_type_is_counted_and_told(tmp_path):
    unlabeled = frame(600, 3).astype(object)
    unlabeled.loc[41, "age"] = "old"
    unlabeled.to_csv(tmp_path / "u.csv", index=False)
    found = read(tmp_path / "u.csv", frame(60, 4), tmp_path)
    assert found.counts["unlabeled"]["unreadable"] == 1
    assert list(found.unreadable["unlabeled"]) == [("line 43", "no whole value in column 'age'")]


def test_samples_have_the_types_words_and_ranges_of_the_data(intake, tmp_path):
    codes = np.random.default_rng(5).normal(size=(400, intake.spec.shape[0])).astype("float32")
    found = table_of(decoded([codes], intake.columns, 7), intake.columns)
    data = frame(600, 3).drop(columns="customer")
    assert found.columns.tolist() == data.columns.tolist()
    assert found["age"].between(data["age"].min(), data["age"].max()).all()
    assert found["price"].isna().any() and set(found["city"]) == set(CITIES)
    np.testing.assert_array_equal(found["price"], found["price"].round(2))
    assert found["member"].dtype == bool and found["age"].dtype == "int64"
    for suffix, get in ((".csv", pd.read_csv), (".parquet", pd.read_parquet)):
        batches = decoded([codes[:150], codes[150:]], intake.columns, 7)
        write_table(tmp_path / f"s{suffix}", batches, intake.columns)
        pd.testing.assert_frame_equal(get(tmp_path / f"s{suffix}"), found)


def test_what_is_said_of_columns_holds(tmp_path):
    said = {"types": {"age": "numeric"}, "drop": ["city"], "id": ["price"], "missing": ["-999"]}
    columns = read(frame(600, 3), frame(60, 4), tmp_path, columns=said).columns
    types = [column.type for column in columns.columns]
    assert types == ["id", "numeric", "id", "dropped", "boolean"]


def test_nothing_can_be_said_of_the_columns_of_arrays(tmp_path):
    x = np.random.default_rng(3).normal(size=(50, 2))
    with pytest.raises(ValueError, match=r"^columns must be None, unless .*\.$"):
        read(x, x[:20] + 1, tmp_path, columns={"drop": ["0"]})


def test_arrays_of_numbers_are_no_tables(tmp_path):
    x = np.random.default_rng(3).normal(size=(50, 2))
    assert not is_table(x) and not is_table(np.zeros((3, 4, 4, 1), "uint8"))
    assert is_table(np.ma.masked_less(x, 0)) and is_table(frame(3, 3))
    assert not read(x, x[:20] + 1, tmp_path).spec.typed


def american(value):
    return f'"{value:,.2f}"'


def german(value):
    return f"{value:,.2f}".translate(str.maketrans(",.", ".,"))


def plain(value):
    return f"{value:.2f}"


def write_numbers(path, n, seed, between, written):
    """A table of incomes and rents in cents, written as people of a country do."""
    rows = np.random.default_rng(seed).uniform(200, 90_000, (n, 2)).round(2)
    lines = (between.join(map(written, row)) for row in rows)
    path.write_text("\n".join([between.join(["income", "rent"]), *lines]) + "\n")
    return path


WAYS = {"american": (",", american), "german": (";", german), "plain": (",", plain)}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("other", WAYS)
def test_each_table_writes_numbers_in_its_own_way(tmp_path, way, other):
    unlabeled = write_numbers(tmp_path / "u.csv", 300, 3, *WAYS[way])
    unwanted = write_numbers(tmp_path / "w.csv", 40, 4, *WAYS[other])
    found = read(unlabeled, unwanted, tmp_path)
    assert [column.type for column in found.columns.columns] == ["numeric", "numeric"]
    rows = np.concatenate([found.folds.unwanted, found.folds.test_unwanted])
    expected = np.random.default_rng(4).uniform(200, 90_000, (40, 2)).round(2)
    order = np.argsort(rows[:, 0], kind="stable"), np.argsort(expected[:, 0])
    near = found.columns.decode_dense(rows[order[0]]).column("income").to_numpy()
    np.testing.assert_allclose(near, expected[order[1], 0], rtol=0.05, atol=500)
    again = write_numbers(tmp_path / "again.csv", 300, 3, *WAYS[other])
    sources = (
        list(read_examples(x, found.spec, columns=found.columns)) for x in (unlabeled, again)
    )
    first, second = (np.concatenate([own.rows for own in blocks]) for blocks in sources)
    np.testing.assert_array_equal(first, second)


def test_a_nested_column_is_refused_by_file_and_name_unless_nobody_needs_it(tmp_path):
    data, unwanted = frame(300, 3).assign(tags=[[1, 2]] * 300), frame(60, 4)
    data.to_parquet(tmp_path / "u.parquet")
    message = r"^unlabeled must hold one .* unlabeled=\S+u.parquet, whose column 'tags' is of type"
    with pytest.raises(ValueError, match=message):
        read(tmp_path / "u.parquet", unwanted, tmp_path)
    with pytest.raises(ValueError, match="^unwanted must hold .* column 'age' is of type struct"):
        read(frame(300, 3), unwanted.assign(age=[{"years": 3}] * 60), tmp_path)
    found = read(tmp_path / "u.parquet", unwanted, tmp_path, columns={"drop": ["tags"]})
    blocks = list(read_examples(data, found.spec, columns=found.columns, keep=["city"]))
    assert sum(len(own.rows) for own in blocks) == 300
    with pytest.raises(ValueError, match="^keep must name columns .* Received: 'tags'"):
        list(read_examples(data, found.spec, columns=found.columns, keep=["tags"]))
    with pytest.raises(ValueError, match="^input must hold .* column 'city' is of type list"):
        nested = data.assign(city=[["Rome"]] * 300)
        list(read_examples(nested, found.spec, columns=found.columns))


def test_the_content_of_a_table_tells_words_for_no_value_apart(tmp_path):
    def content(*cells):
        path = tmp_path / "x.csv"
        path.write_text("n,x\n" + "".join(f"{cell},{row}\n" for row, cell in enumerate(cells)))
        return b"".join(content_of(open_table(path, "unlabeled")))

    tables = [("a", "NA"), ("a", ""), ("a", "null"), ("a", "-"), ("", "a"), ("a", "b")]
    assert len({content(*cells) for cells in tables}) == len(tables)
    assert content("a", "NA") == content("a", "NA")
