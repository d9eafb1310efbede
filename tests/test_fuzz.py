"""A short form of `fuzz.py`, and whether it sees what it looks for."""

import collections
import os
import random
import time
import warnings
from pathlib import Path

import numpy as np
import pytest
from fuzzing import formats, sandbox, texts
from fuzzing.cases import KINDS
from fuzzing.sandbox import FAULTS, Sandbox

from keras_vabc.data import csv_files, idx, pixels
from keras_vabc.data.folders import ImageFolder

CASES = 200


@pytest.fixture(scope="module")
def box(tmp_path_factory):
    with Sandbox(tmp_path_factory.mktemp("fuzz")) as opened:
        yield opened


def test_damaged_files_are_read_or_refused(box):
    results = [box.run(number) for number in range(CASES)]
    assert [result for result in results if result.outcome in FAULTS] == []
    outcomes = collections.defaultdict(set)
    for result in results:
        outcomes[result.kind].add(result.outcome)
    assert len(outcomes) >= len(KINDS) - 2
    assert sum(found == {"read", "refused"} for found in outcomes.values()) >= len(KINDS) / 2


def raises(error):
    raise error


@pytest.mark.parametrize(
    ("owner", "name", "kind"),
    [
        (csv_files, "_is_number", "CSV"),
        (idx, "parse_idx", "IDX"),
        (pixels, "layout", "npy"),
        (ImageFolder, "notes", "images"),
    ],
)
def test_a_broken_reader_is_found(box, monkeypatch, owner, name, kind):
    monkeypatch.setattr(owner, name, lambda *_: raises(KeyError("a fault")))
    numbers = [n for n in range(CASES) if sandbox.kind_of(n, 0)[0] == kind]
    outcomes = {box.run(number).outcome for number in numbers}
    assert "exception" in outcomes


def writes_outside():
    path = Path(os.path.expanduser("~"), f".keras-vabc-fuzz-{os.getpid()}")
    path.write_text("x")
    path.unlink()


@pytest.mark.parametrize(
    ("read", "outcome"),
    [
        (lambda: None, "read"),
        (lambda: raises(ValueError("x must be y.")), "refused"),
        (lambda: raises(FileNotFoundError("x")), "refused"),
        (lambda: raises(KeyError("x")), "exception"),
        (lambda: raises(MemoryError()), "exception"),
        (lambda: raises(AssertionError("not finite")), "wrong"),
        (lambda: warnings.warn("x", UserWarning, stacklevel=1), "warning"),
        (lambda: time.sleep(9), "hang"),
        (lambda: np.ones(2**26, "uint8"), "memory"),
        (lambda: Path("outside", "x").write_text("changed"), "files"),
        (lambda: Path("temporary", "left").touch(), "files"),
        (lambda: os.mkdir(texts.EXECUTED), "files"),
        (writes_outside, "program"),
        (lambda: os.system("true"), "program"),
    ],
)
def test_each_kind_of_fault_is_seen(box, monkeypatch, read, outcome):
    monkeypatch.setattr(sandbox, "SECONDS", 2)
    monkeypatch.setattr(sandbox, "MEMORY", 2**24)
    assert box.judge("none", read).outcome == outcome
    for path in (Path("temporary", "left"), Path(texts.EXECUTED)):
        if path.is_dir():
            path.rmdir()
        path.unlink(missing_ok=True)


def test_hidden_code_would_run(tmp_path, monkeypatch):
    """The payloads do what they are said to, where a reader is careless."""
    monkeypatch.chdir(tmp_path)
    np.save("x.npy", np.array([formats.Hidden()]), allow_pickle=True)
    np.load("x.npy", allow_pickle=True)
    assert Path(texts.EXECUTED).is_dir()


@pytest.mark.parametrize(
    ("mutations", "data"),
    [
        (texts.BYTES, bytes(range(256))),
        (texts.TEXT, b"a,b\n1,2\n3,4\n"),
        (texts.JSON, b'{"a": [1, {"b": 2}]}'),
    ],
)
def test_mutations_change_contents_and_repeat(mutations, data):
    same = 0
    for number in range(200):
        found = [formats.damaged(data, random.Random(number), mutations) for _ in range(2)]
        assert found[0] == found[1]
        same += found[0] == data
    assert same < 20
