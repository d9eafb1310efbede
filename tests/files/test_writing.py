"""Files and folders that appear whole or not at all, and one process at a time in a folder."""

import os

import pytest

from keras_vabc.files.locks import locked
from keras_vabc.files.writing import make_folder, new_folder, write_whole


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


def test_a_locked_folder_keeps_others_out(tmp_path):
    with locked(tmp_path):
        with pytest.raises(BlockingIOError, match="Another process is at work"), locked(tmp_path):
            pass
    with locked(tmp_path):
        pass
