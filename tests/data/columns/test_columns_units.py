"""Numbers with a unit, or with brackets for negative ones, are read, and written again."""

import numpy as np
import pyarrow as pa
import pytest
from column_tables import batch_of, column, find

from keras_vabc.data.columns.table import Columns
from keras_vabc.data.columns.units import Unit

RNG = np.random.default_rng(31)
N = 300
AMOUNTS = RNG.normal(400, 900, N).round(2)
COUNTS = RNG.integers(0, 5000, N)
OTHER = pa.array(RNG.normal(size=N))


def european(text):
    return text.translate(str.maketrans(",.", ".,"))


def signed(value, positive, negative):
    return (negative if value < 0 else positive).replace("#", f"{abs(value):,.2f}")


WAYS = {  # what writes a number, and the type, the form and the unit that are found
    "dollars": (lambda v: signed(v, "$ #", "-$ #"), "1,234.5", Unit("$ #", "-$ #", 2)),
    "dollars of others": (lambda v: signed(v, "$#", "$-#"), "1,234.5", Unit("$#", "$-#", 2)),
    "dollars of accountants": (
        lambda v: signed(v, "$#", "($#)"),
        "1,234.5",
        Unit("$#", "($#)", 2),
    ),
    "brackets": (lambda v: signed(v, "#", "(#)"), "1,234.5", Unit("#", "(#)", 2)),
    "euros": (lambda v: european(signed(v, "# €", "-# €")), "1.234,5", Unit("# €", "-# €", 2)),
    "euros before": (lambda v: f"€ {abs(v):.1f}", "1234.5", Unit("€ #", "", 1)),
    "percentages": (lambda v: f"{v:g}%", "1234.5", Unit("#%", "-#%")),
    "degrees": (lambda v: f"{v:.2f}°C", "1234.5", Unit("#°C", "-#°C", 2)),
    "speeds": (lambda v: f"{v:g} km/h", "1234.5", Unit("# km/h", "-# km/h")),
    "areas": (lambda v: f"{abs(v):g}\u00a0m2", "1234.5", Unit("#\u00a0m2")),
    "francs": (lambda v: f"CHF {abs(v):.2f}", "1234.5", Unit("CHF #", "", 2)),
}


@pytest.mark.parametrize("way", WAYS)
def test_numbers_of_one_unit_are_numbers_and_are_written_with_it(way):
    write, form, unit = WAYS[way]
    cells = [write(value) for value in AMOUNTS]
    numbers = AMOUNTS if any("-" in c or "(" in c for c in cells) else abs(AMOUNTS)
    numbers = [float(f"{v:.{unit.decimals}f}") if unit.decimals else v for v in numbers]
    table = {"x": pa.array(cells), "y": OTHER}
    columns = find(table)
    found = columns.columns[0]
    assert (found.type, found.reading.form.words(), found.reading.unit) == ("numeric", form, unit)
    np.testing.assert_array_equal(columns.read(batch_of(table)).arrays["x"], numbers)
    assert any(found.reading.words() in note and "'x'" in note for note in columns.notes)
    drawn = columns.decode(columns.encode(batch_of(table)))
    text = Columns.from_json(columns.to_json()).as_text(drawn)["x"]
    assert text.to_pylist() == [write(value) for value in drawn["x"].to_pylist()]
    values, bad = found.reading.read(text)
    assert values.equals(drawn["x"]) and not bad.any()


def test_whole_numbers_stay_whole_and_zeros_behind_the_point_stay():
    table = {
        "share": pa.array([f"{v}%" for v in COUNTS]),
        "price": pa.array([f"${v:,}" for v in COUNTS]),
        "fee": pa.array([f"${v:,}.00" for v in COUNTS]),
        "step": pa.array([f"{v} kg" for v in range(N)]),  # which counts no rows, since it has kg
    }
    columns = find(table)
    assert [c.type for c in columns.columns] == ["whole"] * 4
    text = columns.as_text(columns.decode(columns.encode(batch_of(table))))
    for name, write in (("share", "{}%"), ("price", "${:,}"), ("fee", "${:,}.00")):
        drawn = columns.decode(columns.encode(batch_of(table)))[name].to_pylist()
        assert text[name].to_pylist() == [write.format(v) for v in drawn]
    assert f"  {min(COUNTS)} to {max(COUNTS)} %  " in str(columns).splitlines()[1]


def test_later_rows_may_lack_the_unit_but_have_no_other():
    columns = find({"x": pa.array([signed(v, "$#", "-$#") for v in AMOUNTS]), "y": OTHER})
    reading = columns.columns[0].reading
    values, bad = reading.read(
        pa.array(["5", "-1,250.5", "$ 7", "7 $", "($8)", "+$9", "NA", "inf"])
    )
    assert values.to_pylist() == [5, -1250.5, 7, 7, -8, 9, None, np.inf] and not bad.any()
    values, bad = reading.read(
        pa.array(["5%", "€5", "5 kg", "(5)", "$5$", "$", "5 $ more", "-($5)"])
    )
    assert bad.all() and values.null_count == len(bad)


MIXED = {
    "two units": [f"{v} {'kg' if v % 3 else 'g'}" for v in COUNTS],
    "two currencies": [f"{'€' if v % 3 else '$'}{v}" for v in COUNTS],
    "some without": [f"{v}{'%' if v % 3 else ''}" for v in COUNTS],
    "nothing but brackets": [f"({v})" for v in COUNTS],
    "brackets and signs": [f"({v + 1})" if v % 2 else f"-{v + 1}" for v in COUNTS],
    "brackets and signs of one unit": [f"({v + 1}%)" if v % 2 else f"-{v + 1}%" for v in COUNTS],
    "each another": [f"{v} {'kg' if v % 3 else 'g'}" for v in range(N)],
}


@pytest.mark.parametrize("case", MIXED)
def test_what_is_written_in_several_ways_is_not_guessed_but_told(case):
    columns = find({"x": pa.array(MIXED[case]), "y": OTHER})
    assert columns.columns[0].type in ("category", "id")
    notes = [note for note in columns.notes if "'x'" in note and "several ways" in note]
    assert len(notes) == 1
    count = sum("kg" in cell for cell in MIXED[case])
    assert case != "two units" or f"({count} with kg, {N - count} with g)" in notes[0]


def test_words_are_no_units_and_few_other_cells_are_left_out():
    for cells in (
        [f"A{v}" for v in COUNTS],
        [f"c3-{v:05d}" for v in COUNTS],
        [f"#{v}b" for v in COUNTS],
        [f"{v:04d} kg" for v in COUNTS % 900],  # codes: numbers have no zeros in front
        [f"{v} of 7" for v in COUNTS],
        [f"Main Street {v}" for v in COUNTS],
        [f"{v}. {v % 7} kg" for v in COUNTS],
    ):
        found = find({"x": pa.array(cells), "y": OTHER})
        assert found.columns[0].reading.kind == "text", cells[0]
        assert not any("several ways" in note for note in found.notes), cells[0]
    cells = [f"{v} kg" for v in COUNTS]
    cells[70:72] = ["7 g", "8"]
    columns = find({"x": pa.array(cells), "y": OTHER})
    assert columns.columns[0].type == "whole"
    assert any(
        "1 of 300 rows hold no value of column 'x', first row 70 " in n for n in columns.notes
    )


def test_what_somebody_says_of_a_column_with_units_counts():
    table = {"x": pa.array(MIXED["some without"]), "y": OTHER}
    columns = find(table, overrides={"types": {"x": "numeric"}})
    assert columns.read(batch_of(table)).arrays["x"].to_pylist() == COUNTS.tolist()
    kept = find(table, overrides={"types": {"x": "category"}}).columns[0]
    assert (kept.type, kept.reading.kind) == ("category", "text")
    whole = column(pa.array([f"{v}%" for v in COUNTS]), overrides={"types": {"x": "category"}})
    assert whole.type == "category" and "%" in whole.codes.words[0]


def test_one_fold_may_lack_the_unit_but_have_no_other():
    dollars = {"x": pa.array([f"${v}" for v in COUNTS]), "y": OTHER}
    bare = {"x": pa.array([str(v) for v in COUNTS]), "y": OTHER}
    columns = find(dollars, bare)
    assert [note for note in columns.notes if "'x'" in note and "with $ in one fold alone" in note]
    values = [columns.read(batch_of(own)).arrays["x"] for own in (dollars, bare)]
    assert values[0].equals(values[1])
    for one, other in (
        (dollars, {"x": pa.array([f"€{v}" for v in COUNTS]), "y": OTHER}),
        (bare, dollars),
    ):
        with pytest.raises(ValueError, match="unwanted must hold numbers in column 'x'"):
            find(one, other)
