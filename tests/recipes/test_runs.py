"""The folder of a run: whole files, a record that is checked, one process at a time."""

import json
import os

import pytest

from keras_vabc.files.locks import locked
from keras_vabc.files.writing import make_folder, new_folder, write_whole
from keras_vabc.recipes.runs import RECORD, SCHEMA, new_run, open_run, update_run

WHOLE = {"status": "training", "notes": []}
WHOLE |= {"stages": {}, "settings": {}, "data": {}, "counts": {}, "figures": {}}


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_new_folder_appears_whole_or_not_at_all(tmp_path):
    target = tmp_path / "a" / "b"
    with new_folder(target) as folder:
        (folder / "file").write_text("x")
        assert not target.exists()
    assert (target / "file").read_text() == "x"

    with pytest.raises(KeyboardInterrupt), new_folder(tmp_path / "c") as folder:
        (folder / "file").write_text("x")
        raise KeyboardInterrupt
    assert names(tmp_path) == ["a"]


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path, monkeypatch):
    path = tmp_path / "file.json"
    write_whole(path, b"old")
    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", lambda *_: (_ for _ in ()).throw(OSError("disk full")))
        with pytest.raises(OSError, match="disk full"):
            write_whole(path, b"new")
    assert path.read_bytes() == b"old"
    write_whole(path, b"new")
    assert path.read_bytes() == b"new"
    assert names(tmp_path) == ["file.json"]


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="out must be a folder that can be made.*file/run"):
        make_folder(tmp_path / "file" / "run")


def test_a_record_is_read_as_it_was_written(tmp_path):
    run = new_run(tmp_path, **WHOLE)
    run.update(figures={"loss": 0.5})
    update_run(tmp_path, threshold={"value": 0.25})
    again = open_run(tmp_path)
    assert again.record == {
        "schema": SCHEMA,
        **WHOLE,
        "figures": {"loss": 0.5},
        "threshold": {"value": 0.25},
    }
    assert again.path("model.keras") == tmp_path / "model.keras"


def test_a_record_without_json_numbers_leaves_the_old_one(tmp_path):
    run = new_run(tmp_path, **WHOLE)
    with pytest.raises(ValueError, match="JSON"):
        run.update(figures={"loss": float("nan")})
    assert open_run(tmp_path).record["figures"] == {}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "whole run.json"),
        ("{", "whole run.json"),
        ("[]", "whole run.json"),
        ("[" * 100_000, "whole run.json"),
        ('"schema"', "whole run.json"),
        (json.dumps({"schema": "1", **WHOLE}), "whole run.json"),
        (json.dumps({"schema": 0, **WHOLE}), "whole run.json"),
        (json.dumps({"schema": True, **WHOLE}), "whole run.json"),
        (json.dumps({"schema": SCHEMA, **WHOLE, "stages": []}), "whole run.json"),
        (json.dumps({"schema": SCHEMA}), "whole run.json"),
        (json.dumps({"schema": SCHEMA + 1}), "newer version of keras_vabc"),
    ],
)
def test_a_damaged_or_newer_record_is_refused(tmp_path, text, message):
    (tmp_path / RECORD).write_text(text)
    with pytest.raises(ValueError, match=message):
        open_run(tmp_path)


def test_what_is_no_run_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    for path in (tmp_path, tmp_path / "absent", tmp_path / "file"):
        with pytest.raises(ValueError, match="from must be the folder of a run"):
            open_run(path, "from")
    (tmp_path / RECORD).write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ValueError, match="whole run.json"):
        open_run(tmp_path)


def test_a_locked_folder_keeps_others_out(tmp_path):
    new_run(tmp_path, **WHOLE)
    with locked(tmp_path):
        with pytest.raises(BlockingIOError, match="Another process is at work"), locked(tmp_path):
            pass
        with pytest.raises(BlockingIOError):
            update_run(tmp_path, threshold=None)
    with locked(tmp_path):
        pass
