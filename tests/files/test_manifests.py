"""By manifests we know what we made, and whether it is still as we made it."""

import hashlib
import json
import os

import pytest

from keras_vabc.files.manifests import (
    content_hash,
    is_unchanged,
    made_here,
    manifest_text,
    read_manifest,
)


def sha256(data):
    return hashlib.sha256(data).hexdigest()


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "out"
    (folder / "sub" / "manifest.json").parent.mkdir(parents=True)
    (folder / "b").write_bytes(b"2")
    (folder / "sub" / "manifest.json").write_bytes(b"3")
    (folder / "manifest.json").write_bytes(b"of no account")
    return folder


def test_the_hash_of_a_folder_is_that_of_its_names_and_contents(folder):
    expected = b"b\0" + sha256(b"2").encode() + b"\0"
    expected += b"sub/manifest.json\0" + sha256(b"3").encode() + b"\0"
    assert content_hash(folder) == sha256(expected)
    assert content_hash(folder / "b") == sha256(b"2")
    (folder.parent / "link").symlink_to(folder)
    assert content_hash(folder.parent / "link") == sha256(expected)


def link_to_the_same(folder):
    (folder / "b").symlink_to(folder.parent / "b")


@pytest.mark.parametrize(
    "change",
    [
        lambda folder: (folder / "b").write_bytes(b"3"),
        lambda folder: (folder / "b").rename(folder / "c"),
        lambda folder: (folder / ".notes").touch(),
        lambda folder: (folder / "link").symlink_to("b"),
        lambda folder: (folder / "linked").symlink_to(folder.parent),
        lambda folder: (folder / "b").rename(folder.parent / "b") and link_to_the_same(folder),
        lambda folder: os.mkfifo(folder / "pipe"),
        lambda folder: (folder / "sub" / "manifest.json").unlink(),
        lambda folder: (folder / "manifest.json").rename(folder / "sub" / "manifest.json"),
    ],
)
def test_every_change_of_a_folder_changes_its_hash(folder, change):
    text = manifest_text({"n": 3}, content_hash(folder))
    (folder / "manifest.json").write_bytes(text)
    manifest = read_manifest(folder / "manifest.json")
    assert manifest["n"] == 3 and is_unchanged(folder, manifest)
    change(folder)
    assert not is_unchanged(folder, manifest)


def test_a_manifest_tells_of_what_it_replaces_too(tmp_path):
    path, manifest = tmp_path / "x.csv", tmp_path / "x.csv.json"
    manifest.write_bytes(manifest_text({}, sha256(b"new"), sha256(b"old")))
    for data in (b"old", b"new", b"other"):
        path.write_bytes(data)
        assert is_unchanged(path, read_manifest(manifest)) == (data != b"other")


EARLIER = {"n": 1, "run": None, "sha256": {"model.keras": "ab"}, "versions": {}}


@pytest.mark.parametrize(
    ("content", "ours"),
    [
        ({"made_by": "keras_vabc 9.9"}, True),
        (EARLIER, True),
        ({"made_by": "keras_vabc_too 1"}, False),
        ({"made_by": None, "sha256": {}}, False),
        ([], False),
        ({"made_by": "keras_vabc 1", "padding": "x" * 2**24}, False),
    ],
)
def test_a_manifest_is_ours_by_what_is_in_it(content, ours, tmp_path):
    path = tmp_path / "manifest.json"
    path.write_text(json.dumps(content))
    assert (read_manifest(path) is not None) == ours == made_here(tmp_path)
    if content is EARLIER:
        assert not is_unchanged(tmp_path, read_manifest(path)), "it tells no hash"


RUN = {"schema": 2, "status": "training", "settings": {}, "data": {}}


@pytest.mark.parametrize(
    ("name", "text", "ours"),
    [
        ("run.json", json.dumps(RUN), True),
        ("run.json", json.dumps({"status": "of another program"}), False),
        ("run.json", json.dumps(RUN)[:-1], False),
        ("results.jsonl", '{"key": "a", "method": "vae", "dataset": "files"}\n{"half', True),
        ("results.jsonl", '{"key": "a"}\n', False),
        ("results.jsonl", "[" * 10**5, False),
        ("photo.png", "", False),
    ],
)
def test_a_folder_is_ours_by_its_records(name, text, ours, tmp_path):
    (tmp_path / name).write_text(text)
    assert made_here(tmp_path) == ours


def test_what_is_half_written_is_ours_too(tmp_path):
    for name, text in ((".x-abcdefgh.tmp", "keras_vabc\n"), (".y-abcdefgh.tmp", "other")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "x.png").touch()
        (tmp_path / name / ".lock").write_text(text)
        assert made_here(tmp_path / name) == (name == ".x-abcdefgh.tmp")
    assert not made_here(tmp_path / "absent")
    os.mkfifo(tmp_path / "manifest.json")
    assert not made_here(tmp_path), "and it does not wait for the pipe"
