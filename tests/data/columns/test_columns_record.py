"""`columns.json`: read back, edited by hand, damaged."""

import json

import numpy as np
import pyarrow as pa
import pytest
from column_tables import batch_of, find

from keras_vabc.data.columns.record import overrides_from_json
from keras_vabc.data.columns.table import Columns

RNG = np.random.default_rng(4)
N = 200
TABLE = {
    "amount": pa.array([f"{n:,.2f}" for n in RNG.uniform(0, 5000, N)]),
    "rate": pa.array([*RNG.random(N - 1), np.inf]),
    "place": pa.array(RNG.choice(["Köln", "東京"], N)),
    "when": pa.array(["1.3.2020", "24.12.2020"] * (N // 2)),
    "ok": pa.array(RNG.choice(["yes", "no", "NA"], N)),
    "unit": pa.array(["kg"] * N),
    "far": pa.array([np.inf] * N),
    "key": pa.array([f"k{n}" for n in range(N)]),
}


def test_the_file_is_one_that_a_person_reads():
    text = find(TABLE).to_json()
    lines = text.splitlines()
    assert '      "name": "place",' in lines and '      "type": "category",' in lines
    assert "東京" in text
    json.loads(text, parse_constant=lambda word: pytest.fail(f"{word} is no JSON"))
    assert len(lines) < 12 * len(TABLE) + 6


def test_a_later_command_reads_and_writes_as_the_first():
    columns = find(TABLE)
    again = Columns.from_json(columns.to_json())
    batch = batch_of(TABLE)
    codes = columns.encode(batch)
    assert (again.encode(batch) == codes).all()
    text = again.as_text(again.decode(codes))
    assert text["when"].to_pylist()[:2] == ["01.03.2020", "24.12.2020"]
    assert set(text["ok"].to_pylist()) == {"yes", "no", "NA"}
    assert text["unit"].to_pylist() == ["kg"] * N
    assert any("," in cell for cell in text["amount"].to_pylist())


def test_what_is_no_record_is_refused():
    good = json.loads(find(TABLE).to_json())
    bad = [
        "",
        "[]",
        "{}",
        json.dumps(good | {"version": 9}),
        json.dumps(good | {"columns": [{"name": "x"}]}),
        json.dumps(good | {"columns": [good["columns"][0] | {"type": "text"}]}),
    ]
    for text in bad:
        with pytest.raises(ValueError, match="columns must be what a run stores"):
            Columns.from_json(text)


def test_a_file_of_types_may_be_short_or_an_edited_record():
    assert overrides_from_json('{"income": "category"}') == {"types": {"income": "category"}}
    record = json.loads(find(TABLE).to_json())
    record["columns"][0]["type"] = "category"
    said = overrides_from_json(json.dumps(record))
    assert said["types"]["amount"] == "category" and said["types"]["key"] == "id"
    columns = find(TABLE, overrides=said)
    assert columns.columns[0].type == "category" and columns.columns[5].type == "constant"
    for text in ('{"income": "words"}', "[1]", "{", '{"columns": [3]}'):
        with pytest.raises(ValueError, match="columns must be a file of JSON"):
            overrides_from_json(text)


@pytest.mark.parametrize("missing", [["-999"], ["-999", "x"], {"a": ["-999"]}, {"b": ["7"]}])
def test_a_record_says_again_what_is_no_value(missing):
    table = {
        "a": pa.array([-999.0 if n % 5 == 0 else n / 2 for n in range(N)]),
        "b": pa.array(RNG.integers(0, 50, N)),
        "c": pa.array(RNG.choice(["x", "y", "z"], N)),
    }
    first = find(table, overrides={"missing": missing, "drop": ["c"]})
    again = find(table, overrides=overrides_from_json(first.to_json()))
    assert again.to_json() == first.to_json()
    assert isinstance(overrides_from_json(first.to_json())["missing"], type(missing))
