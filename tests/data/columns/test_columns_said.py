"""What somebody says of columns: their types, and which words are no value."""

import numpy as np
import pyarrow as pa
import pytest
from column_tables import batch_of, find

RNG = np.random.default_rng(19)
N = 300
OTHER = pa.array(RNG.normal(size=N))


@pytest.mark.parametrize("form", ["text", "whole", "floats", "categories"])
@pytest.mark.parametrize(("said", "most"), [("category", 4), ("boolean", 2)])
def test_a_word_for_no_value_is_none_whatever_holds_it(said, most, form):
    cells = np.where(np.arange(N) % 5 == 0, -1, RNG.integers(0, most, N))
    array = {
        "text": pa.array(cells.astype(str)),
        "whole": pa.array(cells),
        "floats": pa.array(cells * 1.0),
        "categories": pa.array(cells).dictionary_encode(),
    }[form]
    table = {"x": array, "y": OTHER}
    columns = find(table, overrides={"missing": ["-1"], "types": {"x": said}})
    found = columns.columns[0]
    assert (found.type, found.missing, found.codes.missing) == (said, N // 5, N // 5)
    values = next(columns.clean([batch_of(table)], max_unreadable=0)).arrays["x"]
    assert (values.is_null().to_numpy(False) == (cells == -1)).all()


@pytest.mark.parametrize(
    "cells", [["yes"], ["Y"], ["0"], [1], [0.0], [True], [None]], ids=lambda cells: repr(cells[0])
)
def test_a_truth_that_never_changes_is_a_constant_though_it_is_said_to_be_one(cells):
    table = {"x": pa.array(cells * N), "y": OTHER}
    columns = find(table, overrides={"types": {"x": "boolean"}})
    assert columns.columns[0].type == "constant"
    drawn = columns.decode(columns.encode(batch_of(table)))
    assert drawn["x"].to_pylist() == table["x"].to_pylist()


@pytest.mark.parametrize("cell", ["kg", 2, 0.5])
def test_what_is_no_truth_is_none_though_it_never_changes(cell):
    table = {"x": pa.array([cell] * N), "y": OTHER}
    with pytest.raises(ValueError, match="'x' must be of the type .* Received: boolean, but"):
        find(table, overrides={"types": {"x": "boolean"}})
