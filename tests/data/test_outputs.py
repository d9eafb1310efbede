"""Generated rows in the user's own kind of file, whole or not at all."""

import numpy as np
import pytest
from PIL import Image
from pyarrow import parquet

from keras_vabc.data.intake import DataSpec, read_blocks
from keras_vabc.data.outputs import write_rows
from keras_vabc.data.readers.reader import open_reader

RNG = np.random.default_rng(0)
X = RNG.normal(size=(25, 3)).astype("float32")
NAMED = DataSpec("vectors", (3,), "float32", ("a", "b, c", 'd"'))
GREY, COLOUR = (DataSpec("images", (6, 5, channels), "uint8") for channels in (1, 3))
FLOATS = DataSpec("images", (6, 5, 1), "float32")


def blocks(rows):
    yield from (rows[start : start + 10] for start in range(0, len(rows), 10))


def read(path, spec):
    return np.concatenate([rows for _, rows in read_blocks(path, spec)])


@pytest.mark.parametrize("suffix", [".npy", ".npz", ".csv", ".parquet"])
@pytest.mark.parametrize("spec", [NAMED, DataSpec("vectors", (3,), "float32")])
def test_vectors_come_back_exactly(suffix, spec, tmp_path):
    path = tmp_path / f"x{suffix}"
    assert write_rows(path, blocks(X), spec) == 25
    assert np.array_equal(read(path, spec), X)
    assert [p.name for p in path.parent.iterdir()] == [path.name]
    if suffix in (".csv", ".parquet") and spec is NAMED:
        assert open_reader(path, "input").describe(None) == spec


def test_constant_columns_get_their_constant_back(tmp_path):
    spec = DataSpec("vectors", (3,), "float32", ("a", "b", "c"), ((1, 0.1), (2, -4.0)))
    write_rows(tmp_path / "x.parquet", blocks(X), spec)
    table = parquet.read_table(tmp_path / "x.parquet")
    assert table.column_names == ["a", "b", "c"]
    assert np.array_equal(table["a"], X[:, 0])
    assert set(table["b"].to_pylist()) == {np.float32(0.1).item()}
    assert set(table["c"].to_pylist()) == {-4.0}


def test_columns_of_whole_numbers_are_rounded(tmp_path):
    spec = DataSpec("vectors", (3,), "float32", ("a", "b", "c"), (), ((0, -1, 1), (2, -9, 3)))
    write_rows(tmp_path / "x.csv", iter([[[-0.3, 0.7, 2.6], [1.5, -0.2, -3.4]]]), spec)
    assert (tmp_path / "x.csv").read_text() == "a,b,c\n0.0,0.7,3.0\n1.0,-0.2,-3.0\n"


@pytest.mark.parametrize("spec", [GREY, COLOUR, FLOATS])
def test_images_become_pngs_rounded_and_clipped(spec, tmp_path):
    white = 255 if spec.dtype == "uint8" else 1
    (tmp_path / "x").mkdir()
    rows = (RNG.random((25, *spec.shape)) * 1.4 - 0.2).astype("float32") * white
    assert write_rows(tmp_path / "x", blocks(rows), spec) == 25
    names = sorted(path.name for path in (tmp_path / "x").iterdir())
    assert names == [f"{number:06d}.png" for number in range(25)]
    images = np.stack([np.asarray(Image.open(tmp_path / "x" / name)) for name in names])
    expected = np.clip(np.rint(rows * (255 / white)), 0, 255)
    assert np.array_equal(images.reshape(expected.shape), expected)
    assert {0, 255} < set(images.ravel().tolist())


@pytest.mark.parametrize("suffix", [".npy", ".npz"])
def test_arrays_of_images_keep_the_dtype_of_the_data(suffix, tmp_path):
    rows = (RNG.random((25, 6, 5, 1)) * 300).astype("float32")
    path = tmp_path / f"x{suffix}"
    write_rows(path, blocks(rows), GREY)
    stored = np.load(path) if suffix == ".npy" else np.load(path)["x"]
    assert stored.dtype == np.uint8
    assert np.array_equal(stored, np.minimum(np.rint(rows), 255))
    write_rows(path, blocks(rows / 300), FLOATS)
    assert np.array_equal(read(path, FLOATS), rows / 300), "a file is replaced"


@pytest.mark.parametrize(
    ("name", "rows", "spec", "message"),
    [
        ("x.csv", [], GREY, "out must be .npy, .npz or a new folder for images. Received: out="),
        ("x.png", [], GREY, "out must be"),
        ("x", [], NAMED, "out must be .npy, .npz, .csv, .parquet for vectors"),
        (
            "x.npy",
            [np.zeros((2, 4))],
            NAMED,
            r"rows must have shape \(n, 3\).*Received: .*\(2, 4\)",
        ),
        ("x.csv", [np.full((2, 3), np.nan)], NAMED, "rows must be finite"),
    ],
)
def test_bad_outputs_are_named(name, rows, spec, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        write_rows(tmp_path / name, rows, spec)
