"""Files that hold more than they seem to: refused in one line, before memory is taken."""

import gzip
import io
import json
import os
import shutil
import struct
import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from command_line import contents, fails, succeeds
from faults import room_for
from pyarrow import parquet

from keras_vabc.data.datasets.idx import FILES
from keras_vabc.data.readers.reading import Examples
from keras_vabc.data.readers.table_batches import csv_text
from keras_vabc.files import bounds
from keras_vabc.recipes import scores

EARLIER = Path(__file__).parents[1] / "recipes" / "run-0.1"  # on 3 columns without names
COLUMNS = ("length", "count", "fixed")
MOST = 2**24  # bytes that a refusal may take


@pytest.fixture
def run(tmp_path):
    """A run that is finished, in a folder of its own."""
    return shutil.copytree(EARLIER, tmp_path / "run")


@pytest.fixture(scope="module", autouse=True)
def _warm(tmp_path_factory):
    """What a first command loads is no part of what a refusal takes."""
    run = shutil.copytree(EARLIER, tmp_path_factory.mktemp("warm") / "run")
    succeeds("score", run, "--input", run / "unwanted.csv", "--out", run.parent / "scores.csv")


@pytest.fixture
def small(monkeypatch):
    """Packed files may hold 4 kB, or 200 times their size."""
    monkeypatch.setattr(bounds, "SMALL", 2**12)


def fails_at_once(message, *arguments):
    """The command is refused with less than `MOST` bytes of memory."""
    fails(message, *arguments)  # so that modules are there
    tracemalloc.start()
    done = fails(message, *arguments)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < MOST, f"{most} bytes"
    return done


def npy_header(shape, dtype="<f4"):
    header = io.BytesIO()
    description = {"descr": dtype, "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(header, description)
    return header.getvalue()


def packed_zeros(path, rows):
    """An archive of zeros, which take a thousandth of what they hold."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        archive.writestr("x.npy", npy_header((rows, 3)) + bytes(12 * rows))


def same_rows(path):
    """A table whose rows are all the same."""
    columns = {name: np.zeros(100_000, "float32") for name in COLUMNS}
    parquet.write_table(pa.table(columns), path, compression="zstd")


def packed_columns(path):
    """A table of zeros that were packed, of few rows for their number."""
    columns = {str(column): np.zeros(30_000, "float32") for column in range(30)}
    parquet.write_table(pa.table(columns), path, compression="zstd", use_dictionary=False)


BOMBS = {"x.npz": lambda path: packed_zeros(path, 40_000), "x.parquet": same_rows}


@pytest.mark.parametrize("name", BOMBS)
def test_what_packed_data_hold_is_bounded_by_their_size(run, tmp_path, small, monkeypatch, name):
    BOMBS[name](tmp_path / name)
    assert (tmp_path / name).stat().st_size * 200 <= 376_000
    before = contents(tmp_path)
    score = ["score", run, "--input", tmp_path / name, "--out", tmp_path / "scores.csv"]
    done = fails("input must hold at most 200 times", *score)
    train = ["train", "--unlabeled", tmp_path / name, "--unwanted", run / "unwanted.csv"]
    fails("unlabeled must hold at most 200 times", *train, "--out", tmp_path / "new")
    assert contents(tmp_path) == before
    variable, size = done.stderr.split("the environment variable ")[1].split(" ")[0].split("=")
    monkeypatch.setenv(variable, str(int(size) - 1))
    fails(size, *score)
    monkeypatch.setenv(variable, size)
    succeeds(*score)
    monkeypatch.setenv(variable, "much")
    fails(f"{variable} must be a number of bytes. Received: 'much'", *score)


def test_a_table_is_bounded_by_its_packed_columns(run, tmp_path, small):
    packed_columns(tmp_path / "x.parquet")
    assert 200 * (tmp_path / "x.parquet").stat().st_size > 24 * 30_000, "too many rows, too"
    arguments = ["--input", tmp_path / "x.parquet", "--out", tmp_path / "scores.csv"]
    fails("at most 200 times", "score", run, *arguments)


def test_packed_data_that_are_no_bomb_are_read(run, tmp_path, small):
    rows = np.random.default_rng(3).normal(size=(5000, 3)).astype("float32")
    rows[:, 1] = 0
    np.savez_compressed(tmp_path / "x.npz", rows)
    parquet.write_table(pa.table(dict(zip(COLUMNS, rows.T, strict=True))), tmp_path / "x.parquet")
    for name in ("x.npz", "x.parquet"):
        succeeds("score", run, "--input", tmp_path / name, "--out", tmp_path / f"{name}.csv")


def test_three_megabytes_that_unpack_to_three_gigabytes(run, tmp_path):
    """As its list of members says, in which place 24 is the size; nothing is unpacked."""
    huge = npy_header((10**9 // 4, 3))
    with zipfile.ZipFile(tmp_path / "x.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x.npy", huge + bytes(2**20))
    data = (tmp_path / "x.npz").read_bytes()
    place = data.index(b"PK\1\2") + 24
    size = struct.pack("<I", 3 * 10**9 + len(huge))
    (tmp_path / "x.npz").write_bytes(data[:place] + size + data[place + 4 :])
    arguments = ["--input", tmp_path / "x.npz", "--out", tmp_path / "scores.csv"]
    fails_at_once("KERAS_VABC_MAX_UNPACKED=3000000128", "score", run, *arguments)


def test_a_header_of_any_length_is_not_taken_into_memory(run, tmp_path):
    with open(tmp_path / "x.npy", "wb") as file:
        file.write(b"\x93NUMPY\x02\x00" + struct.pack("<I", 2**28))
        file.truncate(2**28 + 100)  # of which the disk holds a block
    arguments = ["--input", tmp_path / "x.npy", "--out", tmp_path / "scores.csv"]
    fails_at_once("must be a whole .npy file", "score", run, *arguments)


def test_labels_are_mapped_and_never_longer_than_their_file(run, tmp_path, monkeypatch):
    monkeypatch.chdir(run)
    (tmp_path / "x.npy").write_bytes(npy_header((2**31,), "<i8") + bytes(80))
    arguments = ["--labels", tmp_path / "x.npy", "--negative-class", 1]
    fails_at_once("which it is too short", "evaluate", run, *arguments)


def test_a_record_of_a_table_has_an_end(run, tmp_path, monkeypatch):
    """Also where its lines are short, since quoted line breaks are part of it."""
    monkeypatch.setattr(csv_text, "LONGEST_ROW", 2**12)
    monkeypatch.setattr(csv_text, "HEAD", 2**10)
    monkeypatch.setattr(csv_text, "PIECE", 2**11)
    arguments = ["--input", tmp_path / "x.csv", "--out", tmp_path / "scores.csv"]
    endless = {
        '"\n",' * 2**12: "a line longer than 4,096 bytes",
        "1," * 2**12: "a line longer than 4,096 bytes",
        '"' + "1" * 2**13: "a quote that is never closed in line 2",
    }
    for text, message in endless.items():
        (tmp_path / "x.csv").write_text("1,2,3\n" + text)
        fails(message, "score", run, *arguments)
    (tmp_path / "x.csv").write_text("1,2,3\n" * 2**11)
    succeeds("score", run, *arguments)


def test_long_cells_are_read_in_small_blocks(run, tmp_path, monkeypatch):
    monkeypatch.setattr(csv_text, "PIECE", 2**18)
    (tmp_path / "x.csv").write_text(f"1.{'0' * 30_000},2,3\n" * 1500)
    tracemalloc.start()
    succeeds("score", run, "--input", tmp_path / "x.csv", "--out", tmp_path / "scores.csv")
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < MOST, f"{most} bytes, of 45 MB"


# IDX


def write_idx(folder, images=6):
    folder.mkdir(parents=True)
    for name, ndim in FILES.items():
        shape = (images, 4, 4)[:ndim]
        data = struct.pack(f">BBBB{ndim}I", 0, 0, 8, ndim, *shape)
        (folder / name).write_bytes(data + bytes(int(np.prod(shape))))
    return folder


@pytest.fixture
def idx(tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_VABC_DATA", str(tmp_path))
    return write_idx(tmp_path / "mnist")


def test_an_idx_file_that_declares_more_than_it_may_hold(idx, tmp_path):
    name = "train-images-idx3-ubyte"
    (idx / name).unlink()
    header = struct.pack(">BBBBIII", 0, 0, 8, 3, 2**32 - 1, 28, 28)
    bomb = gzip.compress(header + bytes(2**25))
    (idx / f"{name}.gz").write_bytes(bomb)
    done = fails_at_once(f"{name}.gz must hold at most 200 times", "demo", "--out", tmp_path / "x")
    assert f"KERAS_VABC_MAX_UNPACKED={16 + (2**32 - 1) * 28 * 28} allows it" in done.stderr


def test_a_plain_idx_file_is_read_as_far_as_it_declares(idx, tmp_path):
    name = "train-labels-idx1-ubyte"
    with open(idx / name, "ab") as file:
        file.truncate(2**27)
    fails_at_once(f"{name} must hold 14 bytes", "demo", "--out", tmp_path / "x")


# Files of a run


def rewritten(path, change):
    """The same archive, stored, after a dict of its members was changed."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    change(members)
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)


def huge_scores(run):
    huge = npy_header((2**28,)) + bytes(400)
    rewritten(run / "scores.npz", lambda members: members.update({"unlabeled.npy": huge}))
    return "its header declares shape (268435456,)", ["threshold", run]


def members_that_share_their_bytes(run):
    with zipfile.ZipFile(run / "density.npz", "a") as archive:
        archive.writestr("shared.npy", npy_header((2**15,)) + bytes(2**17))
        archive.filelist += [archive.filelist[-1]] * 99
    return "bytes, but has", ["sample", run, "--out", run.parent / "x.npy"]


def layers_without_an_end(run):
    def widen(members):
        config = members["config.json"].decode()
        wide = config.replace('"units": 256', '"units": 20000').replace("256]", "20000]")
        assert wide.count("20000") > 4
        members["config.json"] = wide

    rewritten(run / "model.keras", widen)
    return "weights, but has", ["sample", run, "--out", run.parent / "x.npy"]


def members_of_a_model_that_share_their_bytes(run):
    with zipfile.ZipFile(run / "nu.keras", "a") as archive:
        archive.writestr("assets/x", bytes(2**18))
        archive.filelist += [archive.filelist[-1]] * 99
    score = ["score", run, "--input", run / "unwanted.csv", "--out", run.parent / "x.csv"]
    return "bytes, but has", score


def long_record(run):
    with open(run / "run.json", "ab") as file:
        file.truncate(2**27)
    return "run.json must have at most 65536 bytes", ["threshold", run]


def long_history(run):
    with open(run / "history.json", "ab") as file:
        file.truncate(2**27)
    return "history.json must have at most", ["report", run]


@pytest.mark.parametrize(
    "damage",
    [
        huge_scores,
        members_that_share_their_bytes,
        layers_without_an_end,
        members_of_a_model_that_share_their_bytes,
        long_record,
        long_history,
    ],
)
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_part_of_a_run_is_no_larger_than_its_file(run, monkeypatch, damage):
    monkeypatch.setattr(bounds, "TEXT_BYTES", 2**16)
    message, command = damage(run)
    before = {path: path.stat().st_size for path in run.parent.rglob("*")}
    fails_at_once(message, *command)
    assert {path: path.stat().st_size for path in run.parent.rglob("*")} == before


# Memory


class Zeros:
    """A run whose data are any number of rows."""

    def __init__(self, blocks, ids):
        self.threshold, self.columns = 0.5, None
        self._blocks, self._ids = blocks, ids

    def read(self, source, name, notes, **limits):
        size = scores.BLOCK_ROWS
        for block in range(self._blocks):
            rows = np.random.default_rng(block).random(size, "float32")
            ids = [self._ids(block * size + row) for row in range(size)]
            yield Examples(ids, rows, hashes=None)

    def score_rows(self, rows):
        return rows


@pytest.mark.parametrize("ids", [str, "photos/of/one/more/long/folder/{:09d}.png".format])
def test_scores_take_24_bytes_a_row(tmp_path, monkeypatch, ids):
    monkeypatch.setattr(scores, "BLOCK_ROWS", 2**8)  # so that the sorting is what takes most
    most = []
    for blocks in (16, 16, 144):  # the first one also takes what is loaded once
        tracemalloc.start()
        with scores.StoredIds(tmp_path / "x.csv") as stored:
            own = {"id": stored}
            found, _ = scores._scored(Zeros(blocks, ids), "x", own, None, (), lambda count: None)
            scores._write_table(tmp_path / "x.csv", own, found, 0.5)
        most.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        lines = (tmp_path / "x.csv").read_text().splitlines()[1:]
        order = np.argsort(-found.astype("float64"), kind="stable")
        expected = [f"{ids(r)},{float(found[r])},{int(found[r] > 0.5)}" for r in order.tolist()]
        assert lines == expected
    assert (most[2] - most[1]) / (128 * scores.BLOCK_ROWS) <= 24
    assert os.listdir(tmp_path) == ["x.csv"]


def test_a_manifest_says_how_ids_are_written(run, tmp_path):
    succeeds("score", run, "--input", run / "unwanted.csv", "--out", tmp_path / "x.csv")
    assert "apostrophe" in json.loads((tmp_path / "x.csv.json").read_text())["id"]


def test_ids_of_two_kinds_are_all_kept(tmp_path, monkeypatch):
    monkeypatch.setattr(scores, "BLOCK_ROWS", 2)
    ids = ["0", "1", "2", "3", "4", "5", "7", "é\n😀", "", "9"]
    with scores.StoredIds(tmp_path / "x.csv") as stored:
        for first, last in ((0, 3), (3, 6), (6, 9), (9, 10)):
            stored.add(ids[first:last])
        assert [stored[row] for row in (*range(10), 7, 0)] == [*ids, "é\n😀", "0"]
        assert os.listdir(tmp_path) == []


def test_no_room_for_ids_is_told_of_the_scores(tmp_path):
    with room_for(1000), pytest.raises(OSError, match=r"File too large.*x\.csv"):
        with scores.StoredIds(tmp_path / "x.csv") as stored:
            for _ in range(99):
                stored.add(["x" * 1000])
    assert os.listdir(tmp_path) == []
