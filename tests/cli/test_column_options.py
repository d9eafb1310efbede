"""What options and a file say of columns, together."""

import json

from keras_vabc.cli.column_options import column_overrides


def said(path, own, *options):
    path.write_text(json.dumps(own))
    return column_overrides(path, *options)


def test_options_add_to_a_file(tmp_path):
    path = tmp_path / "c.json"
    types = said(path, {"a": "whole", "b": "id"}, ["a=category"], ["c"], None, ["-1"])
    assert types == {"types": {"a": "category", "b": "id"}, "drop": ["c"], "missing": ["-1"]}
    columns = [
        {"name": name, "type": "whole", "reading": {"kind": "number", "missing": ["-999"]}}
        for name in "ab"
    ]
    both = {"types": {"a": "whole", "b": "whole"}, "missing": ["-999"]}
    assert said(path, {"columns": columns}, None, None, None, None) == both
    more = said(path, {"columns": columns}, None, None, None, ["-1"])
    assert more["missing"] == ["-999", "-1"]
    del columns[1]["reading"]["missing"]
    more = said(path, {"columns": columns}, None, None, None, ["-1"])
    assert more["missing"] == {"a": ["-999", "-1"], "b": ["-1"]}
    assert column_overrides(None, None, None, None, None) is None


def test_several_columns_are_named_at_once_and_commas_quoted():
    own = column_overrides(None, None, ["a,b", '"c, d",a'], ["key,number"], ["1,5"])
    assert own == {"drop": ["a", "b", "c, d"], "id": ["key", "number"], "missing": ["1,5"]}
