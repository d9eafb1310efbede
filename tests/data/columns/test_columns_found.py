"""What a column is taken for, as a person would."""

import contextlib
import datetime
import re

import numpy as np
import pyarrow as pa
import pytest
from column_tables import batch_of, batches, column, find

from keras_vabc.data.columns import dates
from keras_vabc.data.columns.find import find_columns
from keras_vabc.data.columns.number_forms import FORMS, NumberForm, parsed
from keras_vabc.data.unreadable import Unreadable

RNG = np.random.default_rng(1)
N = 400


def texts(values):
    return pa.array([str(value) for value in values])


def days(form):
    """Days from 1990 on, each another."""
    first = datetime.date(1990, 1, 1)
    return texts([(first + datetime.timedelta(k)).strftime(form) for k in range(N)])


CASES = {
    "prices": (texts(RNG.integers(1, 10**6, N) / 100), "numeric"),
    "ages": (texts(RNG.integers(18, 90, N)), "whole"),
    "whole as floats": (pa.array(RNG.integers(0, 900, N) * 1.0), "whole"),
    "with infinities": (texts([*RNG.normal(size=N - 2), "inf", "-inf"]), "numeric"),
    "colours": (pa.array(RNG.choice(["red", "green", "blue"], N)), "category"),
    "pandas' categories": (
        pa.array(RNG.choice(["red", "green", "blue"], N)).dictionary_encode(),
        "category",
    ),
    "zip codes": (pa.array([f"{n:05d}" for n in RNG.integers(0, 300, N)]), "category"),
    "truths": (pa.array(RNG.random(N) < 0.5), "boolean"),
    "yes and no": (pa.array(RNG.choice(["Yes", "No"], N)), "boolean"),
    "two words": (pa.array(RNG.choice(["A191", "A192"], N)), "category"),
    "zeros and ones": (texts(RNG.integers(0, 2, N)), "whole"),
    "one word": (pa.array(["kg"] * N), "constant"),
    "nothing at all": (pa.nulls(N), "constant"),
    "empty cells": (pa.array([""] * N), "constant"),
    "one word with holes": (pa.array(["kg", None] * (N // 2)), "category"),
    "row numbers": (texts(range(N)), "id"),
    "row numbers from a million on": (pa.array(range(10**6, 10**6 + N)), "id"),
    "row numbers, shuffled, a third left out": (texts(RNG.permutation(N * 3 // 2)[:N]), "id"),
    "row numbers of which one stands twice": (texts([0, *range(N - 1)]), "id"),
    "hexadecimal keys": (pa.array([f"{k:016x}" for k in RNG.integers(0, 2**62, N)]), "id"),
    "twenty digits": (texts([10**19 + int(k) for k in RNG.integers(0, 2**62, N)]), "id"),
    "amounts, hardly ever equal": (texts(RNG.integers(0, 10**6, N)), "whole"),
    "amounts that repeat as chance has it": (texts(RNG.integers(0, 200_000, 3000)), "whole"),
    "counts that all differ by chance": (texts(RNG.permutation(10**5)[:N]), "whole"),
    "days, each another": (
        texts(np.datetime64("2020-01-01") + np.arange(N).astype("m8[D]")),
        "datetime",
    ),
    "time stamps": (
        pa.array([datetime.datetime(2020, 1, 1) + datetime.timedelta(0, k) for k in range(N)]),
        "datetime",
    ),
    "days before 1678": (texts(["1066-10-14", "1492-10-12"] * (N // 2)), "datetime"),
    "days as in Germany": (
        texts([f"{k % 28 + 1}.{k % 12 + 1}.2021" for k in range(N)]),
        "datetime",
    ),
    "days of two-digit years": (
        texts([f"{k % 28 + 1:02d}.{k % 12 + 1:02d}.{k % 60 + 10}" for k in range(N)]),
        "datetime",
    ),
    "days of two-digit years, each another": (
        days("%m/%d/%y"),
        "datetime",
    ),
    "clocks": (texts([f"{k % 24:02d}:{k % 60:02d}" for k in range(N)]), "datetime"),
    "days with the names of months": (days("%-d %b %Y"), "datetime"),
    "such days as Americans have them": (days("%b %-d, %Y"), "datetime"),
    "such days with hyphens": (days("%d-%b-%Y"), "datetime"),
    "longer versions": (
        texts([f"{k % 3}.{k % 12 + 1}.{k % 20 + 10}" for k in range(N)]),
        "category",
    ),
    "addresses of machines": (
        texts([f"192.168.{100 + k % 99}.{100 + k % 50}" for k in range(3 * N)]),
        "id",
    ),
    "such addresses that repeat": (
        texts([f"192.168.{100 + k % 9}.{100 + k % 7}" for k in range(N)]),
        "category",
    ),
    "amounts of as many digits": (
        texts([f"{10**9 * (k % 7 + 1) + 999 * k:,}".replace(",", ".") for k in range(N)]),
        "whole",
    ),
    "versions": (texts([f"1.{k % 7}.{k % 3}" for k in range(N)]), "category"),
}


@pytest.mark.parametrize("case", CASES)
def test_a_column_is_what_a_person_says(case):
    values, expected = CASES[case]
    found = column(values)
    assert found.type == expected
    assert found.trained == (expected not in ("id", "constant"))


def test_a_name_makes_an_id_of_numbers_that_never_repeat():
    far = pa.array(RNG.choice(2**40, N, replace=False))
    assert column(far).type == "whole"
    names = (
        "customer_id",
        "Id",
        "userID",
        "Unnamed: 0",
        "ID",
        "index",
        "__index_level_0__",
        "",
        "No",
        "row_no",
    )
    for name in names:
        assert column(far, name).type == "id", name
    for name in ("paid", "grid", "humid", "width", "turbidity", "NO2", "site_NO2"):
        assert column(far, name).type == "whole", name
    again = pa.array(np.tile([1, 2, 3, 5], N // 4))
    assert column(again, "store_id").type == "whole"


@pytest.mark.parametrize("name", ["year", "Jahr", "period"])
def test_a_row_for_each_year_is_no_id_unless_its_name_says_so(name):
    years = texts(RNG.permutation(np.arange(1850, 2020)))

    def found(name, cells, **how):
        columns = find({name: cells, "y": texts(RNG.normal(size=len(cells)))}, **how)
        return columns.columns[0].type, sum("years, each another" in n for n in columns.notes)

    assert found(name, years) == ("whole", 1)
    assert found(name, years, overrides={"id": [name]}) == ("id", 0)
    assert found("year_id", years) == ("id", 0)
    assert found(name, texts(range(1850, 2150))) == ("id", 0)  # beyond 2100 they count rows
    assert found(name, texts(RNG.integers(1850, 2020, N))) == ("whole", 0)


def test_types_are_of_all_rows_of_both_folds():
    wholes = texts(range(0, 4 * N, 3))
    assert find({"x": wholes, "y": wholes}, overrides={"types": {"x": "whole"}})  # all alike
    late = texts([*RNG.integers(0, 50, 5 * N).tolist(), 2.25])
    assert column(late).decimals == 2 and column(late).type == "numeric"
    few = pa.table({"x": texts(RNG.integers(0, 50, N)), "y": texts(RNG.normal(size=N))})
    other = pa.table({"x": texts([1, 77.5]), "y": texts([1, 2])})
    found = find(few, other).columns[0]
    assert (found.type, found.decimals) == ("numeric", 1)
    # but what is stored of values is of the unlabeled fold
    assert found.codes.values.max() <= 49 and found.rows == N
    assert "77.5" not in find(few, other).to_json()


@pytest.mark.parametrize(
    ("cells", "resolution", "low"),
    [
        (["2020-01-05", "2020-03-01"], "day", "2020-01-05"),
        (["2020-01-05 07:00:00", "2020-03-01 00:00:00"], "hour", "2020-01-05 07:00:00"),
        (["2020-01-05T07:30Z", "2020-03-01T00:00Z"], "minute", "2020-01-05T07:30Z"),
        (["1500-01-05 07:30:09.250", "2020-03-01 00:00:00.000"], "ms", "1500-01-05 07:30:09.250"),
        (["31/12/2020 10:15", "01/02/2021 10:15"], "minute", "31/12/2020 10:15"),
        (["31.01.99", "01.02.00"], "day", "31.01.99"),
        (["05 Mar 1999", "7 Apr 2001"], "day", "05 Mar 1999"),
        (["Mar 5, 1999 10:30", "Apr 7, 2001 9:00"], "minute", "Mar 05, 1999 10:30"),
        (["1/31/2020 3:15 PM", "2/28/2021 9:00 AM"], "minute", "01/31/2020 03:15 PM"),
    ],
)
def test_times_keep_resolution_and_form(cells, resolution, low):
    table = {"x": pa.array([cells[0], cells[1], None] * 30), "y": texts(RNG.normal(size=90))}
    columns = find(table)
    found = columns.columns[0]
    assert (found.type, found.resolution) == ("datetime", resolution)
    text = columns.as_text(columns.decode(columns.encode(batch_of(table))))
    assert text["x"][0].as_py() == low and text["x"][2].as_py() == ""


def test_times_of_a_zone_keep_it_and_its_days():
    berlin = pa.timestamp("us", "Europe/Berlin")
    days = [datetime.datetime(2021, m, d) for m in (1, 7) for d in range(1, 29)]
    midnights = pa.compute.assume_timezone(pa.array(days, pa.timestamp("us")), "Europe/Berlin")
    table = {"x": midnights, "y": texts(RNG.normal(size=len(days)))}
    columns = find(table)
    assert columns.columns[0].resolution == "day"
    drawn = columns.decode(columns.encode(batch_of(table)), np.full((len(days), 2), 0.9))
    assert drawn["x"].type == berlin
    clock = pa.compute.local_timestamp(drawn["x"]).cast(pa.timestamp("us")).to_pylist()
    assert {t.hour for t in clock} == {0} and min(clock) == days[0]


NUMBERS = {
    "american": (["1,234.50", "950", "12,345,678.25"], [1234.5, 950, 12345678.25]),
    "german": (["1.234,50", "950", "12.345.678,25"], [1234.5, 950, 12345678.25]),
    "german, no decimals": (["1.234", "950", "2.001"], [1234, 950, 2001]),
    "french": (["1\u202f234,5", "950", "0,25"], [1234.5, 950, 0.25]),
    "swiss": (["1'234.5", "950", "0.25"], [1234.5, 950, 0.25]),
    "swiss, with commas": (["1'234,5", "950", "0,25"], [1234.5, 950, 0.25]),
    "plain": (["1234.5", "950", "-0.25e3"], [1234.5, 950, -250]),
    "three decimals": (["1.234", "9.500", "2.001"], [1.234, 9.5, 2.001]),
    "signs and infinities": (["+1.5", "inf", "-Infinity"], [1.5, np.inf, -np.inf]),
}


@pytest.mark.parametrize("case", NUMBERS)
def test_numbers_are_read_as_they_are_written(case):
    cells, numbers = NUMBERS[case]
    table = {"x": pa.array(cells * 20), "y": texts(RNG.normal(size=60))}
    columns = find(table)
    values, bad = columns.columns[0].reading.read(pa.array(cells))
    assert values.to_pylist() == numbers and not bad.any()
    text = columns.as_text(columns.decode(columns.encode(batch_of(table))))["x"]
    again, _ = columns.columns[0].reading.read(text)
    assert again.to_pylist()[:3] == numbers
    if "." not in cells[2] + "e" and "american" in case:
        assert text.to_pylist()[0] == cells[0]


def test_one_column_tells_how_the_others_write_numbers():
    income = texts([f"{n:,}".replace(",", ".") for n in RNG.integers(900, 9000, N)])
    rent = texts([f"{n:,}".replace(",", ".") for n in RNG.integers(1000, 3000, N)])
    columns = find({"income": income, "rent": rent})
    for own in columns.columns:
        assert own.type == "whole" and 900 <= own.codes.values.min()
    assert columns.notes == ("columns with numbers written as 1.234,5: 'income', 'rent'.",)
    comma = texts([f"{n},{k:03d}" for n, k in zip(range(N), RNG.integers(0, 999, N), strict=True)])
    short = texts([f"{n / 4}".replace(".", ",") for n in range(N)])
    mark = find({"a": comma, "b": short}).columns[0]
    assert mark.type == "numeric" and mark.codes.values.max() < N


def test_addresses_stay_text_whatever_the_form_of_the_table():
    table = {
        "ip": texts([f"10.200.{100 + k % 9}.{100 + k % 7}" for k in range(N)]),
        "y": texts([f"{1000 + k}".replace("1", "1.", 1) for k in range(N)]),
    }
    columns = find(table | {"ip": texts([f"192.168.100.{100 + k % 7}" for k in range(N)])})
    assert columns.columns[0].type == "category"
    for form in FORMS:
        assert find(table, form=form).columns[0].type == "category"


def test_a_reader_may_know_how_numbers_are_written():
    rent = {"rent": texts(["1.234", "2.001"] * 30), "y": texts(range(0, 120, 2))}
    assert find(rent).columns[0].codes.values.tolist() == [1.234, 2.001]
    known = find(rent, form=NumberForm(",", ".")).columns[0]
    assert known.type == "whole" and known.codes.values.tolist() == [1234, 2001]
    words = rent | {"rent": texts(["low", "high"] * 30)}
    assert find(words, form=NumberForm(",", "")).columns[0].type == "category"


CODES = (
    *("01234", "007", "-01", "00", "0x1F", "0X1f", "+0x2", "0b1", "1_000", "٣", "1e3", "1e", "5-"),
    *("nan", "-nan", "NaN", "inf", "-Infinity", "∞", "1.", ".5", ".", "+5", "++5", "-0", "", "1 2"),
    *("1,234", "1.234", "12,5", "1'000", "1 000,5", "1.0", "3.50", "9" * 19, "1e400", "12%", "Inf"),
)


@pytest.mark.parametrize("form", FORMS, ids=NumberForm.words)
@pytest.mark.parametrize("whole", [True, False])
def test_what_is_read_as_a_number_does_not_depend_on_its_neighbours(form, whole):
    fits = pa.compute.match_substring_regex(pa.array(CODES), form.pattern).to_pylist()
    alone = [parsed(pa.array([code]), form, whole).to_pylist()[0] for code in CODES]
    assert parsed(pa.array(CODES), form, whole).to_pylist() == alone
    read = [number is not None for number in alone]
    beyond = {"9" * 19, "1e400"}  # of 64 bits
    if whole:
        beyond |= {"12,5", "1 000,5", "3.50", ".5", "1.234", "1,234"}
        beyond |= {"inf", "-Infinity", "∞", "Inf"}
    for code, own, fit in zip(CODES, read, fits, strict=True):
        assert own == fit or (fit and code in beyond), code


def test_codes_with_leading_zeros_or_letters_are_no_whole_numbers():
    codes = texts(RNG.integers(10_000, 99_999, 1000)).to_pylist()
    codes[503:506] = ["01234", "0x1F", "01235"]
    table = {"zip": pa.array(codes), "y": texts(RNG.normal(size=1000))}
    columns = find(table, max_unreadable=0.02)
    assert columns.columns[0].codes.values.min() >= 10_000
    assert any("3 of 1,000 rows hold no value of column 'zip'" in n for n in columns.notes)
    for cell in ("01234", "0x1F"):
        with pytest.raises(ValueError, match="no whole value in column 'zip'"):
            columns.encode(batch_of({"zip": pa.array([cell]), "y": pa.array(["1"])}))


IMPOSSIBLE = {
    "%d.%m.%Y": ["31.02.2020", "29.2.2021", "31.04.2020", "32.01.2020", "00.01.2020", "1.13.2020"],
    "%m/%d/%Y": ["02/30/2020", "2/29/1900", "13/1/2020", "11/31/2020"],
    "%Y/%m/%d": ["2020/02/31", "2021/2/29", "2020/06/31"],
    "%d-%m-%Y %H:%M:%S": ["30-02-2020 10:00:00", "01-01-2020 24:00:00", "01-01-2020 10:00:60"],
    "ISO": ["2020-02-30", "2021-02-29 10:00", "2020-01-01 10:00:60"],
}


@pytest.mark.parametrize("form", IMPOSSIBLE)
def test_a_day_that_no_month_has_is_bad_and_never_another_day(form):
    assert dates.parsed(pa.array(IMPOSSIBLE[form]), form).null_count == len(IMPOSSIBLE[form])
    last = [datetime.datetime(y, 2, d, 10, 7, 9) for y, d in ((2020, 29), (2021, 28), (2000, 29))]
    clock = "%H" in form or form == "ISO"
    kept = [day if clock else day.replace(hour=0, minute=0, second=0) for day in last]
    written = "%Y-%m-%d %H:%M:%S" if form == "ISO" else form
    assert dates.parsed(pa.array([f"{d:{written}}" for d in last]), form).to_pylist() == kept


def test_words_for_no_value_are_none():
    words = ["NA", "NULL", "-", "", None, "nan", "?", "N/A"]
    mixed = [*map(str, RNG.integers(0, 60, N)), *words]
    found = column(pa.array(mixed))
    assert found.type == "whole" and found.missing == len(words)
    named = [*RNG.choice(["Kenya", "None", "Chad"], N), *words]
    found = column(pa.array(named))
    assert found.missing == len(words) and "None" in found.codes.words  # there it is a word
    code = column(pa.array([*mixed, "-999", "-999.0"]), overrides={"missing": ["-999"]})
    assert code.missing == len(words) + 2 and code.codes.values.min() >= 0
    numbers = pa.array([*RNG.integers(0, 60, N), -999])
    assert column(numbers, overrides={"missing": {"x": [-999]}}).missing == 1
    assert column(numbers).missing == 0
    assert column(pa.array([0, 1, 2] * 9), overrides={"missing": ["0"]}).missing == 9


def test_the_word_for_no_value_is_written_again():
    table = {"x": pa.array(["1", "NA", "3", "NA", ""] * 9), "y": texts(RNG.normal(size=45))}
    columns = find(table)
    text = columns.as_text(columns.decode(columns.encode(batch_of(table))))
    assert text["x"].to_pylist()[:5] == ["1", "NA", "3", "NA", "NA"]


def test_one_and_one_point_zero_are_one_number():
    table = {"x": pa.array(["1", "1.0", "2", "2.00"] * 9), "y": texts(RNG.normal(size=36))}
    columns = find(table)
    assert columns.columns[0].type == "whole" and columns.columns[0].distinct == 2
    assert any("1 and 1.0" in note for note in columns.notes)


def test_whole_numbers_of_64_bits_keep_their_digits():
    near = [2**53 + 1, 2**53 + 3, 2**62 + 1, -(2**63), 2**63 - 1]
    for values in (pa.array(near * 20), texts(near * 20)):
        table = {"x": values, "y": texts(RNG.normal(size=100))}
        columns = find(table)
        batch = batch_of(table)
        drawn = columns.decode(columns.encode(batch))
        assert drawn["x"].to_pylist() == near * 20
        assert columns.as_text(drawn)["x"].to_pylist() in (near * 20, list(map(str, near * 20)))
        found = columns.digests(columns.read(batch), 3)
        assert len(set(found.tolist())) == 100  # y tells them apart; alone x has five
        alone = find({"x": values, "k": pa.array([True, True, False, True, True] * 20)})
        batch = batch_of({"x": values, "k": pa.array([True] * 100)})
        assert len(set(alone.digests(alone.read(batch), 3).tolist())) == 5


def test_decimals_may_have_a_whole_number_of_more_than_64_bits_among_them():
    cells = texts(RNG.normal(size=N).round(3))
    found = column(pa.concat_arrays([cells, texts([123456789012345678901234])]))
    assert found.type == "numeric" and found.codes.values[-1] == 123456789012345678901234.0


def test_a_number_too_large_for_float64_is_bad_and_not_infinite():
    columns = find({"x": texts([*RNG.normal(size=N), np.inf]), "y": texts(range(0, 2 * N + 2, 2))})
    reading = columns.columns[0].reading
    values, bad = reading.read(pa.array(["1e400", "-1e400", "inf", "1e308", "1e-400"]))
    assert values.to_pylist() == [None, None, np.inf, 1e308, 0]
    assert bad.tolist() == [True, True, False, False, False]


def test_what_is_no_whole_number_of_64_bits_is_an_unseen_one_in_a_whole_column():
    wholes = RNG.integers(0, 50, N)
    columns = find({"x": texts(wholes), "y": texts(RNG.normal(size=N))})
    odd = [3.5, 1e300, -1e19, np.inf, 7.0, 2.0**52]
    for cells in (pa.array(odd), texts(odd)):
        rows = batch_of({"x": cells, "y": texts([0.5] * 6)})
        values = columns.read(rows)
        nearest = [4, 2**63 - 1024, -(2**63), 2**63 - 1024, 7, 2**52]
        assert values.arrays["x"].to_pylist() == nearest and not values.bad
        assert columns.unseen(values)[:, 0].tolist() == [True] * 4 + [False, True]
        codes = columns.encode(rows)[:, 0]
        ends = columns.encode(batch_of({"x": texts([4, 49, 0]), "y": texts([0, 0, 0])}))[:, 0]
        assert codes[:4].tolist() == ends[[0, 1, 2, 1]].tolist()
    beside = batch_of({"x": texts(["3.5", "word", "8"]), "y": texts([1, 2, 3])})
    kept = next(columns.clean([beside], max_unreadable=1))
    assert kept.rows.tolist() == [0, 2] and columns.unseen(kept)[:, 0].tolist() == [True, False]


def with_words(first, second):
    """Two columns of numbers, but for some rows."""
    x, y = (texts(RNG.normal(size=1000)).to_pylist() for _ in range(2))
    for row in first:
        x[row] = "oops"
    for row in second:
        y[row] = "oops"
    return {"x": pa.array(x), "y": pa.array(y)}


@pytest.mark.parametrize(
    ("before", "most", "refused"), [(6, 0.0121, False), (7, 0.0121, True), (6, 0.0119, True)]
)
def test_rows_of_another_length_are_among_those_that_cannot_be_read(before, most, refused):
    clean, alike, left_out = with_words((), ()), with_words(range(6), range(6)), Unreadable()
    for line in range(before):
        left_out.add(f"line {line}", "1 cells, not 2")
    columns, message = find(clean), f"{6 + before} of {1000 + before} rows"

    def found():
        find(alike, clean, left_out={"unlabeled": before}, max_unreadable=most)

    def cleaned():
        list(columns.clean(batches(alike)(), left_out=left_out, max_unreadable=most))

    for read in (found, cleaned):
        with pytest.raises(ValueError, match=message) if refused else contextlib.nullcontext():
            read()


def test_rows_that_cannot_be_read_are_counted_once_whatever_they_lack():
    """By what finds the types and by what reads the rows, with those of another length."""

    clean = with_words((), ())
    alike, apart = with_words(range(6), range(6)), with_words(range(6), range(6, 12))
    assert len(find(alike, clean).notes) == 2
    with pytest.raises(ValueError, match=r"unlabeled must hold rows .* 12 of 1000 .*6 .*'x', 6 "):
        find(apart, clean)
    with pytest.raises(ValueError, match=r"unwanted must hold rows that .* 12 of 1000 rows of "):
        find(clean, apart)
    assert find(apart, clean, max_unreadable=0.012)
    ids = with_words((), ()) | {"id": texts(range(1000))}  # an id is never unreadable
    ids["id"] = pa.array([*ids["id"].to_pylist()[:-5], *"abcde"])
    assert find(ids, clean, left_out={"unlabeled": 8}).columns[2].type == "id"


def test_columns_of_the_cases_that_were_reported():
    """An accidental index twice, a phone number, milliseconds."""
    n = 1000
    made = {
        "Unnamed: 0.1": texts(range(n)),
        "Unnamed: 0": texts(range(n)),
        "a": texts(RNG.normal(size=n)),
    }
    assert [c.type for c in find(made).columns] == ["id", "id", "numeric"]
    phone = {"phone": texts(4_085_559_000 + np.arange(600)), "load": texts(RNG.random(600))}
    assert [c.type for c in find(phone).columns] == ["id", "numeric"]
    ms = 1_700_000_000_000 + RNG.integers(0, 30 * 86_400_000, 5 * n)
    event = {"ts_ms": texts(ms), "kind": texts(RNG.integers(0, 6, 5 * n))}
    assert [c.type for c in find(event).columns] == ["whole", "whole"]


def test_bad_rows_are_counted_and_named_up_to_a_share():
    cells = texts(RNG.normal(size=1000)).to_pylist()
    cells[700] = "oops"
    table = {"x": pa.array(cells), "y": texts(RNG.integers(0, 9, 1000))}
    columns = find(table)
    assert columns.columns[0].type == "numeric"
    assert any("1 of 1,000 rows" in n and "'x'" in n and "row 700 " in n for n in columns.notes)
    told = Unreadable()
    kept = list(columns.clean(batches(table, 64)(), "unlabeled", left_out=told))
    assert list(told) == [("row 700 (counted from 0)", "no numeric value in column 'x'")]
    rows = np.concatenate([values.rows for values in kept])
    assert rows.tolist() == [row for row in range(1000) if row != 700]
    assert sum(len(columns.encode(values)) for values in kept) == 999
    with pytest.raises(ValueError, match=r"1 of 1000 .*row 700 .*'x'.*max_unreadable=0\.0005"):
        list(columns.clean(batches(table, 64)(), "input", max_unreadable=0.0005))
    with pytest.raises(ValueError, match=r"row 700 \(counted from 0\): no numeric value"):
        columns.encode(batch_of(table))


def test_a_reader_tells_where_a_row_stands():
    """Rows that it could not read are counted, too, and so is the line of names."""
    cells = pa.array(["1.5", "2.5", "x", "4.5"] + ["5.5"] * 300)

    class Batch:
        rows = pa.record_batch({"x": cells, "y": texts(range(0, 608, 2))})
        numbers = np.arange(304) + 10

        @staticmethod
        def place(row):
            return f"line {row + 12}"

    columns = find_columns(lambda: iter([Batch]), lambda: iter([Batch]))
    assert any("first line 14; they are left out" in note for note in columns.notes)
    with pytest.raises(ValueError, match="Received: line 14: no numeric value in column 'x'"):
        columns.encode(Batch)
    values = next(columns.clean([Batch]))
    assert values.rows[:3].tolist() == [10, 11, 13] and values.place(2) == "line 15"


def test_types_that_contradict_each_other_are_refused_in_one_line():
    number = {"x": texts(RNG.normal(size=N)), "y": texts(RNG.normal(size=N))}
    word = {"x": pa.array(["secret"] * 9), "y": texts(RNG.normal(size=9))}
    with pytest.raises(ValueError) as caught:
        find(number, word)
    message = str(caught.value)
    assert re.match(
        r"unwanted must hold numbers in column 'x'.*9 of 9 rows, first in row 0", message
    )
    assert "secret" not in message and "\n" not in message
    columns = find(number)
    scored = {"x": pa.array(["a"] * 5), "y": pa.array(["1"] * 5)}
    with pytest.raises(ValueError, match="input must hold .* 5 of 5 rows .*column 'x'"):
        list(columns.clean(batches(scored)()))
    # digits are words, where the unlabeled fold has words
    assert find(word | {"x": pa.array(list("abcabcabc"))}, {"x": texts([1]), "y": texts([2])})


def test_columns_join_by_name_and_by_place_where_there_are_none():
    a, b = texts(RNG.normal(size=N)), texts(RNG.normal(size=N) + 100)
    columns = find({"a": a, "b": b}, {"extra": a[:9], "b": b[:9], "a": a[:9]})
    assert any("'extra'" in note and "left out" in note for note in columns.notes)
    batch = batch_of({"b": b, "a": a})
    swapped = columns.encode(batch)
    assert (swapped == columns.encode(batch_of({"a": a, "b": b}))).all()
    nameless = find_columns(
        batches({"0": a, "1": b}), batches({"p": a[:9], "q": b[:9]}), has_names=False
    )
    codes = nameless.encode(batch_of({"x": a, "y": b}))
    assert (codes == swapped).all()
    with pytest.raises(ValueError, match="input must have 2 columns, as in training. Received: 1"):
        nameless.encode(batch_of({"x": a}))


def test_numbers_among_other_words_need_a_word_of_the_user():
    cells = texts(RNG.normal(size=N)).to_pylist()
    cells[30:42] = ["unknown"] * 12
    table = {"x": pa.array(cells), "y": texts(RNG.normal(size=N))}
    with pytest.raises(ValueError, match=r"'x'. Received: 388 numbers and 12 .* row 30 \(counted"):
        find(table)
    found = find(table, overrides={"missing": {"x": ["unknown"]}}).columns[0]
    assert (found.type, found.missing, found.missing_word) == ("numeric", 12, "unknown")
    assert find(table, overrides={"types": {"x": "category"}}).columns[0].type == "category"
    codes = [f"{k}{'A' if k % 9 == 0 else ''}" for k in RNG.integers(100, 300, N)]
    columns = find(table | {"x": pa.array(codes)})
    assert columns.columns[0].type == "category"
    assert any("cells are no numbers" in note for note in columns.notes)


def test_parts_may_have_columns_in_another_order_but_none_less():
    a, b = texts(RNG.integers(0, 50, N)), texts(RNG.normal(size=N))
    parts = [pa.record_batch({"a": a, "b": b}), pa.record_batch({"b": b, "a": a})]
    columns = find_columns(lambda: iter(parts), batches({"a": a[:9], "b": b[:9]}))
    assert [c.type for c in columns.columns] == ["whole", "numeric"]
    parts.append(pa.record_batch({"a": a}))
    with pytest.raises(ValueError, match="same columns in all its parts. Received: one without"):
        find_columns(lambda: iter(parts), batches({"a": a[:9], "b": b[:9]}))


def test_folds_may_be_of_different_kinds_of_files():
    numbers = RNG.normal(1000, 300, N).round(1)
    german = texts([f"{v:,.1f}".translate(str.maketrans(",.", ".,")) for v in numbers])
    days = np.datetime64("2020-01-01") + RNG.integers(0, 900, N).astype("m8[D]")
    text = {"x": german, "t": texts(days), "k": texts(RNG.integers(0, 9, N))}
    typed = {"x": pa.array(numbers), "t": pa.array(days), "k": text["k"].cast(pa.int64())}
    for unlabeled, unwanted in ((text, typed), (typed, text)):
        columns = find(unlabeled, unwanted)
        assert [c.type for c in columns.columns] == ["numeric", "datetime", "whole"]
        one, other = (columns.encode(batch_of(own)) for own in (text, typed))
        assert (one == other).all()
    long = {"x": texts([2**60 + 1, 2**60 + 3] * 9), "k": texts(range(0, 36, 2))}
    typed = {"x": pa.array([2**60 + 1, 2**60 + 3] * 9), "k": pa.array(range(18))}
    assert find(long, typed).columns[0].codes.values.tolist() == [2**60 + 1, 2**60 + 3]


def test_a_day_that_a_type_cannot_hold_is_bad_and_never_another_day():
    stamps = pa.array(RNG.integers(0, 10**18, N)).cast(pa.timestamp("ns"))
    table = {"t": stamps, "y": texts(RNG.normal(size=N))}
    columns = find(table)
    old = {"t": pa.array(["1066-10-14"]), "y": pa.array(["1"])}
    with pytest.raises(ValueError, match="no datetime value in column 't'"):
        columns.encode(batch_of(old))
    fine = {"t": pa.array(["2001-02-03 04:05:06.123456789"]), "y": pa.array(["1"])}
    assert columns.encode(batch_of(fine)).shape == (1, 2)


def test_an_id_need_not_be_in_later_data_and_is_carried_along():
    table = {"id": texts(range(N)), "x": texts(RNG.normal(size=N))}
    columns = find(table)
    assert [c.name for c in columns.ids] == ["id"] and columns.sizes[1:] == ()
    batch = batch_of(table)
    assert columns.read(batch).arrays["id"].to_pylist() == list(map(str, range(N)))
    assert columns.encode(batch.drop_columns(["id"])).shape == (N, 1)
    assert columns.decode(columns.encode(batch)).schema.names == ["x"]


TWO = {"x": texts(RNG.normal(size=N)), "y": texts(RNG.integers(0, 50, N))}
BAD = {
    "no common columns": (TWO, {"p": TWO["x"], "q": TWO["y"]}, "columns in common"),
    "one lacks a column": (TWO, {"x": TWO["x"]}, "unwanted without 'y'"),
    "two of one name": (
        pa.table([TWO["x"], TWO["y"]], ["x", "x"]),
        TWO,
        "name each of its columns once. Received: 'x' twice",
    ),
    "nested": (TWO | {"emb": pa.array([[1.0, 2.0]] * N)}, TWO, "column 'emb' is of type list"),
    "bytes": (TWO | {"raw": pa.array([b"\0"] * N)}, TWO, "column 'raw' is of type binary"),
    "nothing to train": ({"k": texts(range(N)), "c": texts([1] * N)}, None, "values differ"),
    "no columns": (pa.table({}), TWO, "table with columns"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_tables_are_refused_in_one_line(case):
    unlabeled, unwanted, message = BAD[case]
    with pytest.raises(ValueError, match=message) as caught:
        find(unlabeled, unwanted)
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith(("unlabeled", "unwanted"))


@pytest.mark.parametrize("said", [{"drop": ["emb"]}, {"types": {"emb": "dropped"}}])
def test_a_nested_column_may_be_dropped(said):
    columns = find(TWO | {"emb": pa.array([[1.0]] * N)}, overrides=said)
    assert [c.type for c in columns.columns] == ["numeric", "whole", "dropped"]
    assert columns.encode(batch_of(TWO | {"emb": pa.array([[1.0]] * N)})).shape == (N, 2)


def test_a_category_of_very_many_words_is_said_and_bucketed():
    words = [f"sku {k}" for k in RNG.integers(0, 3000, 9000)]
    table = {"x": pa.array(words + ["often"] * 500), "y": texts(RNG.normal(size=9500))}
    columns = find(table)
    found = columns.columns[0]
    assert found.type == "category" and found.codes.words[0] == "often"
    assert found.codes.size == 511 + 1 + 1
    assert any("the others one together" in note for note in columns.notes)
    batch = batch_of(table)
    codes = columns.encode(batch)
    assert codes.max(axis=0)[0] == 511
    drawn = columns.decode(codes, RNG.random(codes.shape))
    assert set(drawn["x"].to_pylist()) <= set(words) | {"often"}
    assert (columns.encode(drawn) == codes).all()
    assert (codes[:, 0] == 511).sum() == found.codes.rest


def test_what_somebody_says_counts():
    table = {
        "code": texts(RNG.integers(0, 40, N)),
        "flag": texts(RNG.integers(0, 2, N)),
        "row": texts(range(N)),
        "note": texts(RNG.normal(size=N)),
    }
    said = {"types": {"code": "category", "flag": "boolean", "row": "whole"}, "id": ["note"]}
    columns = find(table, overrides=said)
    assert [c.type for c in columns.columns] == ["category", "boolean", "whole", "id"]
    batch = batch_of(table)
    drawn = columns.as_text(columns.decode(columns.encode(batch)))
    assert drawn["code"] == table["code"] and drawn["flag"] == table["flag"]


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"types": {"z": "id"}}, "columns must be some of 'x', 'y'. Received: 'z'"),
        ({"types": {"x": "text"}}, "the type of a column must be one of numeric.*x=text"),
        ({"types": {"x": "whole"}}, "column 'x' must be .* Received: whole, but .* numeric"),
        ({"types": {"y": "boolean"}}, "Received: boolean, but"),
        ({"types": {"y": "datetime"}}, "unlabeled must hold dates in column 'y'"),
        ({"kinds": {}}, "overrides must be of types, drop, id and missing. Received: 'kinds'"),
    ],
)
def test_what_cannot_be_is_refused(said, message):
    with pytest.raises(ValueError, match=message):
        find(TWO, overrides=said)


def test_the_table_is_what_a_person_would_write():
    table = {
        "age": texts(RNG.integers(18, 90, 1000)),
        "sex": pa.array(["m", "m", "w"] * 333 + ["m"]),
        "gain": texts([0] * 900 + [round(k, 1) for k in RNG.uniform(10, 90, 100)]),
        "when": texts(np.datetime64("2020-01-01") + np.arange(1000).astype("m8[D]")),
        "id": texts(range(1000)),
        "unit": texts(["kg"] * 1000),
        "left": pa.array([None] * 250 + ["true", "false", "true"] * 250),
    }
    lines = str(find(table, overrides={"drop": ["unit"]})).splitlines()
    assert [re.split(r"\s{2,}", line) for line in lines] == [
        ["column", "type", "values", "missing"],
        ["age", "whole", "18 to 89", "-"],
        ["sex", "category", "2: m, w", "-"],
        ["gain", "numeric", f"0 to {_most(table['gain'])}, 1 decimal, often 0", "-"],
        ["when", "datetime", "2020-01-01 to 2022-09-26, days", "-"],
        ["id", "id", "names the rows: numbers, each another, and its name", "-"],
        ["unit", "dropped"],
        ["left", "boolean", "false or true", "25 %"],
    ]


def _most(cells):
    return f"{max(map(float, cells.to_pylist())):g}"


BITS, TRUTHS = RNG.integers(0, 2, N), RNG.random(N) < 0.5
WRITTEN = {
    "digits": (texts(BITS), {"0", "1"}),
    "numbers": (pa.array(BITS), {0, 1}),
    "numbers with a point": (pa.array(BITS * 1.0), {0.0, 1.0}),
    "words": (texts(TRUTHS), {"True", "False"}),
    "other words": (pa.array(np.where(TRUTHS, "yes", "no")), {"yes", "no"}),
    "truths": (pa.array(TRUTHS), {True, False}),
}


@pytest.mark.parametrize("one", WRITTEN)
@pytest.mark.parametrize("other", WRITTEN)
def test_truths_may_be_written_in_another_way_in_each_fold(one, other):
    bits = [own for own in (one, other) if own in ("digits", "numbers", "numbers with a point")]
    tables = [{"x": WRITTEN[own][0], "y": texts(RNG.normal(size=N))} for own in (one, other)]
    columns = find(*tables)
    found, noted = columns.columns[0], [note for note in columns.notes if "0 and 1" in note]
    assert found.type == ("whole" if len(bits) == 2 else "boolean")
    assert len(noted) == (len(bits) == 1)
    values = [columns.read(batch_of(table)).arrays["x"] for table in tables]
    for own, read in zip((one, other), values, strict=True):
        expected = BITS if own in bits else TRUTHS
        assert read.to_pylist() == (
            expected.tolist() if len(bits) == 2 else ["true" if t else "false" for t in expected]
        )
    drawn = columns.decode(columns.encode(batch_of(tables[0])))  # as the unlabeled fold has them
    text = columns.as_text(drawn)["x"].to_pylist()
    shown = WRITTEN[one][0].to_pylist()
    assert text == (shown if found.stored or len(bits) < 2 else list(map(str, BITS)))


def test_bits_and_words_with_a_third_among_them_are_no_truths():
    words = pa.array([*np.where(TRUTHS, "yes", "no")[1:], "perhaps"])
    assert column(words).type == "category"
    table = {"x": texts(BITS), "y": texts(RNG.normal(size=N))}
    with pytest.raises(ValueError, match="unwanted must hold numbers in column 'x'"):
        find(table, table | {"x": words})
    digits = table | {"x": texts([2, *BITS[1:]])}
    with pytest.raises(ValueError, match="unwanted must hold numbers in column 'x'"):
        find(digits, table | {"x": texts(TRUTHS)})


def test_a_fold_without_any_value_of_a_column_is_told():
    full, empty = texts(RNG.normal(size=N)), texts([""] * N)
    table = {"x": full, "y": texts(RNG.normal(size=N))}
    for nothing in (empty, pa.nulls(N)):
        for fold, pair in (("unlabeled", (nothing, full)), ("unwanted", (full, nothing))):
            columns = find(*(table | {"x": own} for own in pair))
            assert columns.columns[0].type == "numeric"
            notes = [note for note in columns.notes if "no value in any row" in note]
            assert len(notes) == 1 and f"'x' has no value in any row of {fold}," in notes[0]
    both = find(table | {"x": empty})
    assert both.columns[0].type == "constant" and "in any row" not in " ".join(both.notes)


def test_numbers_for_words_are_told():
    words = {"x": pa.array(RNG.choice(["u", "v"], N)), "y": texts(RNG.normal(size=N))}
    for numbers in (texts(range(N)), pa.array(range(N)), pa.array(np.arange(N) / 4)):
        notes = find(words, words | {"x": numbers}).notes
        assert any("'x' has words in unlabeled, but numbers in unwanted" in n for n in notes)
    assert not any("but numbers" in note for note in find(words).notes)


def test_durations_are_shown_as_a_person_says_them():
    lasted = pa.array([90 * 10**9, 86_400 * 10**9] * 30, pa.duration("ns"))
    columns = find({"x": lasted, "y": texts(RNG.normal(size=60))})
    assert "0:01:30 to 1 day, 0:00:00" in str(columns)
    codes = columns.encode(batch_of({"x": lasted, "y": texts(RNG.normal(size=60) * 0)}))
    assert columns.decode(codes)["x"].equals(lasted)


def test_days_beyond_the_reach_of_nanoseconds_are_told_with_its_ends():
    stamps = pa.array(RNG.integers(0, 10**18, N)).cast(pa.timestamp("ns"))
    table = {"t": stamps, "y": texts(RNG.normal(size=N))}
    for old in (texts(["1500-01-01"] * N), pa.array([-(15 * 10**9)] * N).cast(pa.timestamp("s"))):
        with pytest.raises(ValueError, match="dates from 1677-09-22 to 2262-04-11.* 't'.* row 0"):
            find(table, table | {"t": old})


EARLY = [datetime.date(2021, 1, 5) + datetime.timedelta(k) for k in range(N)]
ISO_DAYS = [f"{day:%Y-%m-%d}" for day in EARLY]
TWO_FORMS = {  # the other form, and the two cells that are shown
    "days before months": ("%d/%m/%Y", "2021-01-05", "07/01/2021"),
    "months before days": ("%m/%d/%Y", "2021-01-05", "01/07/2021"),
    "as in Germany": ("%d.%m.%Y", "2021-01-05", "07.01.2021"),
    "with a zone": ("%Y-%m-%dT00:00Z", "2021-01-05", "2021-01-07T00:00Z"),
}


def mixed_days(form, every=3):
    return [f"{day:{form}}" if k % every == 2 else f"{day}" for k, day in enumerate(EARLY)]


@pytest.mark.parametrize("repeated", [1, 3])
@pytest.mark.parametrize("case", TWO_FORMS)
def test_dates_of_two_forms_are_a_question_with_an_example_of_each(case, repeated):
    form, one, other = TWO_FORMS[case]
    cells = mixed_days(form) * repeated
    table = {"d": pa.array(cells), "y": texts(RNG.normal(size=len(cells)))}
    message = (
        rf"^unlabeled must hold dates of one form in column 'd'. Received: '{one}' in row 0 "
        rf"\(counted from 0\), and '{other}' in row 2 \(counted from 0\): .*--column d=category, or"
    )
    with pytest.raises(ValueError, match=message) as caught:
        find(table)
    assert "\n" not in str(caught.value)
    said = find(table, overrides={"types": {"d": "category"}}).columns[0]
    assert (said.type, said.distinct) == ("category", N)


def test_dates_that_contradict_each_other_are_a_question_that_shows_which():
    """05/01/2021 may be either, 17/01/2021 and 01/18/2021 may not."""
    days = [f"{day:{'%d/%m/%Y' if k % 2 else '%m/%d/%Y'}}" for k, day in enumerate(EARLY)]
    with pytest.raises(ValueError, match="'01/05/2021' in row 0.*'14/01/2021' in row 9 "):
        find({"d": pa.array(days), "y": texts(RNG.normal(size=N))})


def test_said_to_be_dates_those_of_two_certain_forms_are_read():
    other = texts(RNG.normal(size=N))
    said = {"types": {"d": "datetime"}}
    table = {"d": pa.array(mixed_days("%d.%m.%Y")), "y": other}
    columns = find(table, overrides=said)
    codes = columns.encode(batch_of(table))
    assert (codes == columns.encode(batch_of({"d": pa.array(ISO_DAYS), "y": other}))).all()
    unsure = {"d": pa.array(mixed_days("%d/%m/%Y")), "y": other}
    with pytest.raises(ValueError, match="hold dates in column 'd', .* others in 133 of 400 rows"):
        find(unsure, overrides=said)
    columns = find(unsure, overrides=said, max_unreadable=0.5)
    assert columns.read(batch_of(unsure)).bad["d"].sum() == 133


def test_dates_among_other_words_are_a_question_but_few_dates_among_words_are_none():
    def table(words):
        cells = [words[k // 9 % len(words)] if k % 9 == 4 else d for k, d in enumerate(ISO_DAYS)]
        return {"d": pa.array(cells), "y": texts(RNG.normal(size=N))}

    with pytest.raises(
        ValueError, match="Received: 356 dates and 44 other .* first in row 4 .*wor"
    ):
        find(table(["secret"]))
    with pytest.raises(ValueError, match="Received: 356 dates and 44 other cells, first in row 4"):
        find(table(["2021-02-30"]))
    with pytest.raises(ValueError, match="Received: 356 dates and 44 other cells: say which"):
        find(table(["44197", "44198"]))  # days as Excel counts them
    known = find(table(["unknown"]), overrides={"missing": ["unknown"]}).columns[0]
    assert (known.type, known.missing) == ("datetime", 44)
    places = [d if k % 2 else "Rome" for k, d in enumerate(ISO_DAYS[:20] * 20)]
    assert column(pa.array(places)).type == "category"


def test_dates_of_two_forms_are_told_however_late_they_come():
    days = [*ISO_DAYS * 60, *(f"{day:%d.%m.%Y}" for day in EARLY * 20)]
    with pytest.raises(ValueError, match=r"'2021-01-05' in row 0 .*'05\.01\.2021' in row 24000"):
        find({"d": pa.array(days), "y": texts(RNG.normal(size=len(days)))})
