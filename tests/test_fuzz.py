"""A short form of `fuzz.py`, and whether it sees what it looks for."""

import collections
import gzip
import json
import os
import random
import shutil
import time
import tracemalloc
import warnings
import zipfile
from pathlib import Path

import keras
import numpy as np
import pytest
from command_line import keras_vabc
from fuzzing import certificates, formats, sandbox, seeds, texts
from fuzzing.cases import KINDS
from fuzzing.sandbox import FAULTS, Sandbox

from keras_vabc.data import pixels
from keras_vabc.data.datasets import idx
from keras_vabc.data.intake import DataSpec, read_blocks
from keras_vabc.data.labels import read_labels
from keras_vabc.data.readers.image_folders import ImageFolder
from keras_vabc.data.readers.table_batches import csv_table
from keras_vabc.files.array_files import read_array_file, write_array_file
from keras_vabc.files.model_files import METADATA, RECORD_KEY, read_model_file, write_model_file
from keras_vabc.nu.classifier import NUClassifier
from keras_vabc.recipes.parts import FILES
from keras_vabc.recipes.run import open_run

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


def test_damaged_files_of_a_certification_are_read_or_refused(box, tmp_path):
    outcomes = collections.Counter()
    for number in range(160):
        folder = tmp_path / str(number)
        folder.mkdir()
        read = certificates.any_of_them(random.Random(f"22/{number}"), folder)
        outcomes[box.judge("certification", read).outcome] += 1
    assert set(outcomes) == {"read", "refused"} and min(outcomes.values()) > 10, outcomes


def raises(error):
    raise error


@pytest.mark.parametrize(
    ("owner", "name", "kind"),
    [
        (csv_table, "sniff", "CSV"),
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


def unpickle():
    np.save("x.npy", np.array([formats.Hidden()]), allow_pickle=True)
    np.load("x.npy", allow_pickle=True)


def call_lambda():
    config = texts.code_objects()[0]
    keras.saving.deserialize_keras_object(config, safe_mode=False)(np.zeros((1, 2)))


@pytest.mark.parametrize("careless", [unpickle, call_lambda])
def test_hidden_code_would_run(tmp_path, monkeypatch, careless):
    monkeypatch.chdir(tmp_path)
    careless()
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


# What it found once


def keras_file(path, change):
    """A classifier's file whose members, a list of names and contents, were changed."""
    with zipfile.ZipFile(seeds.RUN / FILES["nu"]) as whole:
        members = [[name, whole.read(name)] for name in whole.namelist()]
    change(members)
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members:
            archive.writestr(zipfile.ZipInfo(name), content)
    return path


def change_record(members, **changes):
    member = next(member for member in members if member[0] == METADATA)
    metadata = json.loads(member[1])
    metadata[RECORD_KEY] |= changes
    member[1] = json.dumps(metadata)


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda m: m.append(["../outside/y", b""]), "its members are"),
        (lambda m: m.append(["", b""]), "its members are"),
        (lambda m: m.append(m[2]), "its members are"),
        (lambda m: change_record(m, estimates=[]), "written by NUClassifier.save"),
        (lambda m: change_record(m, log_odds_shift=float("nan")), "written by NUClassifier.save"),
        (lambda m: change_record(m, log_odds_shift="x"), "written by NUClassifier.save"),
    ],
)
def test_members_and_numbers_of_a_model_are_checked(box, tmp_path, change, message):
    path = keras_file(tmp_path / "x.keras", change)
    with pytest.raises(ValueError, match=message):
        NUClassifier.load(path)
    assert os.listdir("temporary") == []


def test_weights_that_are_not_finite_are_refused(box, tmp_path):
    model, record = read_model_file(seeds.RUN / FILES["nu"])
    model.set_weights([weight + np.nan for weight in model.get_weights()])
    write_model_file(tmp_path / "x.keras", model, record)
    with pytest.raises(ValueError, match="its weights are not finite"):
        read_model_file(tmp_path / "x.keras")


def test_a_density_whose_arrays_do_not_fit_is_refused(box):
    sampler = open_run(seeds.RUN).sampler
    state = sampler.get_state()
    for name in ("means", "scales"):
        with pytest.raises(ValueError, match=f"Received: {name} of shape"):
            sampler.set_state(state | {name: state[name][:0]})
    for name, value in (("means", np.nan), ("scales", 1e300)):
        with pytest.raises(ValueError, match=f"NaN or infinity in {name}"):
            sampler.set_state(state | {name: np.full(state[name].shape, value)})
    with pytest.raises(ValueError, match="weights >= 0"):
        sampler.set_state(state | {"weights": -state["weights"]})


def test_scores_that_are_not_finite_numbers_are_refused(box, tmp_path):
    run = shutil.copytree(seeds.RUN, tmp_path / "run")
    arrays, record = read_array_file(run / FILES["scores"])
    for array in (arrays["unlabeled"] + np.nan, arrays["unlabeled"][None]):
        write_array_file(run / FILES["scores"], arrays | {"unlabeled": array}, record)
        seeds.hash_anew(run)
        with pytest.raises(ValueError, match="whole scores.npz"):
            open_run(run).held_out_scores()


def test_arrays_are_not_unpacked_and_hold_numbers(tmp_path):
    write_array_file(tmp_path / "x", {"a": np.array(["text"])}, {})
    with pytest.raises(ValueError, match="not all of numbers"):
        read_array_file(tmp_path / "x")
    np.savez_compressed(tmp_path / "y.npz", a=np.zeros(9))
    with pytest.raises(ValueError, match="it is compressed"):
        read_array_file(tmp_path / "y.npz")


def test_a_packed_model_file_is_refused(box, tmp_path):
    with zipfile.ZipFile(seeds.RUN / FILES["nu"]) as whole:
        with zipfile.ZipFile(tmp_path / "x.keras", "w", zipfile.ZIP_DEFLATED) as packed:
            for name in whole.namelist():
                packed.writestr(name, whole.read(name))
    with pytest.raises(ValueError, match="it is compressed"):
        read_model_file(tmp_path / "x.keras")


def test_a_history_that_is_none_is_refused(box, tmp_path):
    run = shutil.copytree(seeds.RUN, tmp_path / "run")
    (run / FILES["history"]).write_text('{"loss": 1.0, "val_loss": [1.0]}')
    seeds.hash_anew(run)
    done = keras_vabc("report", run)
    assert done.exit_code == 2 and "whole history.json" in done.stderr


def test_a_packed_idx_file_is_unpacked_as_far_as_it_declares(box, tmp_path):
    shutil.copytree(seeds.ROOT / "idx", tmp_path, dirs_exist_ok=True)
    path = tmp_path / "t10k-labels-idx1-ubyte.gz"
    path.write_bytes(gzip.compress(gzip.decompress(path.read_bytes()) + bytes(2**25)))
    tracemalloc.start()
    with pytest.raises(ValueError, match="must hold 68 bytes"):
        idx.read_idx_folder(tmp_path)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 2**22


def test_a_signalling_nan_is_a_nan(tmp_path):
    rows = np.full((9, 2), 0x7FF0000000000001, "uint64").view("float64")
    np.save(tmp_path / "x.npy", rows)
    with pytest.raises(ValueError, match="input must be finite. Received: NaN or no value"):
        list(read_blocks(tmp_path / "x.npy", DataSpec("vectors", (2,), "float32")))


def test_labels_of_python_2_are_read(tmp_path):
    np.save(tmp_path / "x.npy", np.arange(3))
    data = (tmp_path / "x.npy").read_bytes()
    (tmp_path / "x.npy").write_bytes(data.replace(b"(3,), } ", b"(3L,), }"))
    assert read_labels(tmp_path / "x.npy", list("abc")) == ["0", "1", "2"]
