"""Tables of any columns become folds of codes, and samples in the types of the data."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from keras_vabc.data.columns.unseen import Unseen
from keras_vabc.data.digests import Copies
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
    assert not is_table(np.full((3, 4, 4), np.nan)) and not is_table(x > 0)
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


AMOUNTS = {seed: np.random.default_rng(seed).uniform(100, 90_000, 300).round(2) for seed in (3, 4)}
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


@pytest.mark.parametrize("way", ["american", "german"])
@pytest.mark.parametrize("other", ["american", "german"])
def test_numbers_with_a_unit_are_joined_and_sampled_as_they_are_written(tmp_path, way, other):
    """The only numbers that tell how the table writes them are those with a unit."""
    shapes = {"american": "${}", "german": "{} $"}

    def table(name, n, seed, way):
        between, write = WAYS[way]
        written = [shapes[way].format(write(v).strip('"')) for v in AMOUNTS[seed][:n]]
        lines = [f'"{cell}"{between}{CITIES[row % 3]}' for row, cell in enumerate(written)]
        (tmp_path / name).write_text(f"price{between}city\n" + "\n".join(lines) + "\n")
        return tmp_path / name

    unlabeled = table("u.csv", 270, 3, way)
    found = read(unlabeled, table("w.csv", 40, 4, other), tmp_path)
    assert [column.type for column in found.columns.columns] == ["numeric", "category"]
    blocks = [
        list(read_examples(x, found.spec, columns=found.columns))
        for x in (unlabeled, table("again.csv", 270, 3, other))
    ]
    first, second = (np.concatenate([own.rows for own in rows]) for rows in blocks)
    np.testing.assert_array_equal(first, second)
    near = found.columns.decode_dense(first)["price"].to_numpy()
    np.testing.assert_allclose(near, AMOUNTS[3][:270], rtol=0.05, atol=500)
    write_table(tmp_path / "s.csv", [found.columns.decode_dense(first)], found.columns)
    expected = [shapes[way].format(WAYS[way][1](v).strip('"')) for v in near]
    assert pd.read_csv(tmp_path / "s.csv")["price"].tolist() == expected


CODES = {
    "short addresses": lambda k: f"10.0.0.{k % 9}",
    "long addresses": lambda k: f"192.168.{100 + k % 3}.{100 + k % 5}",
    "addresses of any length": lambda k: f"192.168.{100 + k % 3}.{k % 20}",
    "versions": lambda k: f"{k % 3}.{k % 5}.{k % 2}",
    "phone numbers": lambda k: f"0151 {100 + k % 7} {200 + k % 3}",
    "such from abroad": lambda k: f"+49 30 {1000 + k % 20}",
    "such with hyphens": lambda k: f"555-{1000 + k % 20}",
    "article numbers": lambda k: f"4.711-{k % 20}",
}


@pytest.mark.parametrize("case", CODES)
@pytest.mark.parametrize("other", ["plain", "german"])
def test_addresses_versions_and_phone_numbers_are_words_however_others_write(tmp_path, case, other):
    def table(name, n, seed, way):
        rng, (between, write) = np.random.default_rng(seed), WAYS[way]
        lines = [
            between.join([CODES[case](k), write(v)]) for k, v in enumerate(1e4 * rng.random(n))
        ]
        (tmp_path / name).write_text("\n".join([f"code{between}price", *lines]) + "\n")
        return tmp_path / name

    for way in ("german", "plain"):
        unlabeled = table("u.csv", 300, 3, way)
        found = read(unlabeled, table("w.csv", 40, 4, other), tmp_path / way)
        assert [column.type for column in found.columns.columns] == ["category", "numeric"]
        assert set(found.columns.columns[0].codes.words) == {CODES[case](k) for k in range(300)}
        unseen = Unseen()
        again = table("later.csv", 300, 3, other)
        list(read_examples(again, found.spec, columns=found.columns, unseen=unseen))
        assert (unseen.rows, unseen.read) == (0, 300)


@pytest.mark.parametrize("case", ["long addresses", "versions", "phone numbers"])
def test_a_column_of_codes_does_not_tell_how_a_table_writes_numbers(tmp_path, case):
    rng = np.random.default_rng(5)
    rows = [f"{CODES[case](k)},{v}" for k, v in enumerate(rng.integers(1000, 9000, 300))]
    for name, own in (("u.csv", rows[:260]), ("w.csv", rows[260:])):
        (tmp_path / name).write_text("\n".join(["code,count", *own]) + "\n")
    table = open_table(tmp_path / "u.csv", "unlabeled")
    assert (table.dialect.decimal, table.dialect.thousands) == (".", None)
    found = read(tmp_path / "u.csv", tmp_path / "w.csv", tmp_path)
    own = found.columns.columns[1]
    assert own.as_text(own.typed(pa.array([4500])))[0].as_py() == "4500"


@pytest.mark.parametrize("way", ["american", "german"])
@pytest.mark.parametrize("other", ["american", "german"])
def test_columns_with_thousands_and_without_are_each_read_as_another_table_writes_them(
    tmp_path, way, other
):
    def table(name, n, seed, way):
        rng, (between, write) = np.random.default_rng(seed), WAYS[way]
        rows = zip(*(rng.uniform(low, 9000, n).round(2) for low in (1000, 200)), strict=True)
        lines = [f"{write(v)}{between}{write(w % 900)}{between}{write(v % 700)}" for v, w in rows]
        (tmp_path / name).write_text("\n".join([between.join("abc"), *lines]) + "\n")
        return tmp_path / name

    found = read(table("u.csv", 300, 3, way), table("w.csv", 40, 4, other), tmp_path)
    assert [column.type for column in found.columns.columns] == ["numeric"] * 3
    tables = (tmp_path / "u.csv", table("later.csv", 300, 3, other))
    first, second = (
        np.concatenate([own.rows for own in read_examples(x, found.spec, columns=found.columns)])
        for x in tables
    )
    np.testing.assert_array_equal(first, second)


COMMAS = {"commas": (";", ","), "points": (",", ".")}


@pytest.mark.parametrize("way", COMMAS)
@pytest.mark.parametrize("other", COMMAS)
def test_words_dates_and_ids_stay_what_they_are_beside_decimal_commas(tmp_path, way, other):
    """A file whose decimal commas have no thousands beside them, as most from Europe are."""

    def written(name, n, seed, between, mark):
        rng = np.random.default_rng(seed)
        data = pd.DataFrame(
            {
                "id": [f"c{seed}-{row}" for row in range(n)],
                "load": [f"{v:.2f}".replace(".", mark) for v in rng.uniform(0, 9, n)],
                "city": rng.choice(CITIES, n),
                "day": pd.to_datetime(rng.integers(0, 900, n), unit="D").strftime("%d.%m.%Y"),
                "note": np.where(rng.random(n) < 0.2, "3 or 4", "none at all"),
                "floor": rng.integers(0, 7, n),
            }
        )
        data.to_csv(tmp_path / name, sep=between, index=False)
        return data["load"].str.replace(mark, ".").astype(float), tmp_path / name

    load, path = written("u.csv", 300, 3, *COMMAS[way])
    found = read(path, written("w.csv", 40, 4, *COMMAS[other])[1], tmp_path)
    types = [column.type for column in found.columns.columns]
    assert types == ["id", "numeric", "category", "datetime", "category", "whole"]
    assert found.columns.columns[1].codes.values.max() == load.max()
    counts = {fold: own.get("unreadable", 0) for fold, own in found.counts.items()}
    assert counts == {"unlabeled": 0, "unwanted": 0}
    again = written("later.csv", 300, 3, *COMMAS[other])[1]
    one, two = (list(read_examples(x, found.spec, columns=found.columns)) for x in (path, again))
    one, two = (np.concatenate([own.rows for own in blocks]) for blocks in (one, two))
    np.testing.assert_array_equal(one, two)


@pytest.mark.parametrize("lists", ["3,12", "1'234,5"])
def test_one_column_of_commas_does_not_speak_for_columns_of_points(tmp_path, lists):
    def written(name, n, seed):
        rng = np.random.default_rng(seed)
        rows = zip(rng.normal(size=n), rng.choice(CITIES, n), strict=True)
        lines = [f"{lists};{score:.3f};{city}" for score, city in rows]
        (tmp_path / name).write_text("\n".join(["genres;score;city", *lines]) + "\n")
        return tmp_path / name

    found = read(written("u.csv", 300, 3), written("w.csv", 40, 4), tmp_path)
    assert [c.type for c in found.columns.columns] == ["constant", "numeric", "category"]
    assert abs(found.columns.columns[1].codes.values).max() < 6


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


@pytest.mark.parametrize("place", ["index", "file"])
@pytest.mark.parametrize("n", [300, 15])
def test_row_numbers_of_pandas_train_only_if_that_is_said(tmp_path, place, n):
    """Those of a part of a table, or of parts that were joined, are neither counts nor unique."""
    parts = [frame(n, 3)[["price", "city"]], frame(n, 5)[["price", "city"]]]
    unlabeled, unwanted = pd.concat(parts), frame(10, 4)
    if place == "file":
        unlabeled.to_csv(tmp_path / "u.csv")
        unlabeled = tmp_path / "u.csv"
    found = read(unlabeled, unwanted, tmp_path)
    types = {column.name: column.type for column in found.columns.columns}
    name = {"index": "__index_level_0__", "file": "Unnamed: 0"}[place]
    assert types == {name: "id", "price": "numeric", "city": "category"}
    assert "which no column was to hold" in str(found.columns)
    assert not [note for note in found.notes if "most" in note and name in note]
    said = {"types": {name: "whole"}}
    with pytest.raises(ValueError, match="^unwanted must have the columns of the unlabeled fold"):
        read(unlabeled, unwanted, tmp_path, columns=said)
    assert name not in [
        c.name
        for c in read(unlabeled, unwanted, tmp_path, columns={"drop": [name]}).columns.trained
    ]


@pytest.mark.parametrize("said", [{}, {"id": ["key_id"]}])
def test_an_id_refuses_no_row_whatever_it_holds(tmp_path, said):
    unlabeled = frame(600, 3).assign(key_id=np.arange(600) + 5)
    unwanted = frame(60, 4).assign(key_id=[f"A{row}" for row in range(60)])
    found = read(unlabeled, unwanted, tmp_path, columns=said)
    assert found.columns.columns[-1].type == "id" and found.columns.columns[-1].name == "key_id"
    counts = found.counts["unwanted"]
    assert counts["unreadable"] == 0 and counts["training"] + counts["held_out"] == 60


def test_a_word_among_ids_leaves_no_row_out_and_makes_no_text_of_them(tmp_path):
    ids = [*map(str, range(599)), "A7"]
    unlabeled = frame(600, 3).drop(columns="customer").assign(key_id=ids)
    found = read(unlabeled, frame(60, 4).assign(key_id=np.arange(60)), tmp_path)
    assert found.counts["unlabeled"]["unreadable"] == 0
    about = [note for note in found.notes if "key_id" in note]
    assert len(about) == 1 and "are ids" in about[0] and "numbers, each another" in about[0]


def test_a_constant_that_contradicts_the_other_fold_is_refused(tmp_path):
    unlabeled = frame(600, 3).assign(shop=7)
    with pytest.raises(ValueError, match="^unwanted must hold numbers in column 'shop'"):
        read(unlabeled, frame(60, 4).assign(shop="south"), tmp_path)


def test_an_array_with_holes_is_a_table_whose_codes_any_array_gets(tmp_path):
    x = np.random.default_rng(3).normal(size=(300, 3))
    x[:, 1] = np.round(x[:, 1], 1)
    x[290:, 2] = np.nan
    found = read(x, x[:40] + [1, 0, 0], tmp_path)
    assert found.spec.typed and found.columns.trained[2].missing == 10
    assert found.columns.trained[1].decimals == 1
    whole = list(read_examples(x[:200], found.spec, columns=found.columns))
    parts = list(read_examples(x, found.spec, columns=found.columns))
    rows, hashes = (np.concatenate([o(b) for b in parts])[:200] for o in (_rows, _hashes))
    np.testing.assert_array_equal(np.concatenate(list(map(_rows, whole))), rows)
    np.testing.assert_array_equal(np.concatenate(list(map(_hashes, whole))), hashes)


def _rows(own):
    return own.rows


def _hashes(own):
    return own.hashes(3)


def test_names_beside_an_unlabeled_fold_without_any_are_told_to_be_of_no_use(tmp_path):
    rows = np.random.default_rng(9).normal(size=(60, 2))
    rows[7, 1] = np.nan  # so that types are found, which arrays alone have not
    named = pd.DataFrame(rows[30:50], columns=["b", "a"])
    told = "since unlabeled does not name its own."
    notes = read(rows, named, tmp_path).notes
    assert f"unwanted: columns were taken in the order given, {told}" in notes
    assert not any(told in line for line in read(rows, rows[:20], tmp_path).notes)


def test_a_row_without_an_id_has_none_which_no_other_row_has(tmp_path):
    unlabeled = frame(600, 3).assign(customer=[str(599 - row) for row in range(600)])
    unlabeled.loc[5, "customer"] = None
    found = read(unlabeled, frame(60, 4), tmp_path)
    blocks = list(read_examples(unlabeled, found.spec, columns=found.columns))
    ids = [name for own in blocks for name in own.ids]
    assert ids[5] == "" and ids.count("5") == 1 and len(set(ids)) == 600
    assert [row for own in blocks for row in own.numbers] == list(map(str, range(600)))


@pytest.mark.parametrize("kind", ["float64", "float32", "float16"])
def test_ids_and_kept_cells_that_are_whole_are_written_so(tmp_path, kind):
    """pandas has floats in a column of whole numbers with a hole."""
    first = {"float64": 1_234_567_890_123, "float32": 16_000_000, "float16": 1400}[kind]
    unlabeled, unwanted = frame(600, 3), frame(60, 4)
    unlabeled["customer"] = (np.arange(600) + first).astype(kind)
    unwanted["customer"] = (np.arange(60.0) + 5).astype(kind)
    unlabeled.loc[5, "customer"] = np.nan
    unlabeled["age"] = unlabeled["age"].astype("float64")
    unlabeled.loc[7, "age"] = 2.0**60
    found = read(unlabeled, unwanted, tmp_path, columns={"id": ["customer"]})
    how = {"columns": found.columns, "keep": ["age", "price"]}
    blocks = list(read_examples(unlabeled, found.spec, **how))
    expected = [str(first + row) if row != 5 else "" for row in range(600)]
    assert [name for own in blocks for name in own.ids] == expected
    ages = [age for own in blocks for age in own.kept["age"]]
    assert ages[:5] == [str(int(age)) for age in unlabeled["age"][:5]]
    assert float(ages[7]) == 2.0**60
    prices = [price for own in blocks for price in own.kept["price"]]
    assert [float(p) if p else None for p in prices] == [
        None if np.isnan(p) else p for p in unlabeled["price"]
    ]


def coarse(n, seed):
    rng = np.random.default_rng(seed)
    return pd.DataFrame({"city": rng.choice(CITIES, n), "stars": rng.integers(1, 4, n) / 2})


def test_equal_rows_are_held_out_one_by_one_and_found_again(tmp_path):
    """Of a table of few categories whole kinds of rows would be held out, or none at all."""
    unlabeled, unwanted = coarse(3000, 3), coarse(90, 4)
    found = read(unlabeled, unwanted, tmp_path, test_share=0.2, seed=5)
    for name, n in (("unlabeled", 2910), ("unwanted", 90)):
        counts = found.counts[name]
        assert counts["training"] + counts["held_out"] == n
        assert counts["held_out"] == pytest.approx(0.2 * n, abs=3.5 * np.sqrt(0.16 * n))
    assert found.counts["unlabeled"]["duplicates"] == 90
    assert found.counts["unwanted"]["repeated"] == 90 - 9
    kinds = [np.unique(x, axis=0) for x in (found.folds.unlabeled, found.folds.test_unlabeled)]
    np.testing.assert_array_equal(*kinds)
    known = np.zeros(0, np.uint64)
    for name, data in (("unwanted", unwanted), ("unlabeled", unlabeled)):
        blocks = list(read_examples(data, found.spec, columns=found.columns, seed=5))
        hashes = np.concatenate([own.hashes(5) for own in blocks])
        rows = np.concatenate([own.rows for own in blocks])
        kept, test = ~np.isin(hashes, known), hashes < np.uint64(0.2 * 2**64)
        np.testing.assert_array_equal(rows[kept & test], getattr(found.folds, f"test_{name}"))
        np.testing.assert_array_equal(rows[kept & ~test], getattr(found.folds, name))
        known = hashes


def test_copies_are_told_apart_alike_in_blocks_of_any_size():
    hashes = np.random.default_rng(3).integers(0, 40, 500).astype(np.uint64) << np.uint64(58)
    whole = Copies().told_apart(hashes)
    copies = Copies()
    parts = [copies.told_apart(part) for part in np.array_split(hashes, 17)]
    np.testing.assert_array_equal(np.concatenate(parts), whole)
    assert len(np.unique(whole)) == 500
    first = np.unique(hashes, return_index=True)[1]
    np.testing.assert_array_equal(np.flatnonzero(whole == hashes), np.sort(first))
    assert copies.told_apart(np.zeros(0, np.uint64)).shape == (0,)


def test_the_content_of_a_table_tells_words_for_no_value_apart(tmp_path):
    def content(*cells):
        path = tmp_path / "x.csv"
        path.write_text("n,x\n" + "".join(f"{cell},{row}\n" for row, cell in enumerate(cells)))
        return b"".join(content_of(open_table(path, "unlabeled")))

    tables = [("a", "NA"), ("a", ""), ("a", "null"), ("a", "-"), ("", "a"), ("a", "b")]
    assert len({content(*cells) for cells in tables}) == len(tables)
    assert content("a", "NA") == content("a", "NA")
