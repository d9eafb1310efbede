"""A user's files become folds: what is read, what is mended, what is refused."""

import json
import os
import stat
import struct
import subprocess
import sys
import zipfile
import zlib
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image
from pyarrow import parquet

from keras_vabc.data.folds import UNKNOWN
from keras_vabc.data.intake import (
    DataSpec,
    SwappedFolds,
    held_out,
    read_blocks,
)
from keras_vabc.data.readers.reader import open_reader
from keras_vabc.data.spec import ImageRule

RNG = np.random.default_rng(0)
X = RNG.normal(size=(300, 3)).astype("float32")
W = RNG.normal(size=(80, 3)).astype("float32")
NAMES = "abc"
IMAGES = RNG.integers(0, 256, (60, 6, 5), dtype=np.uint8)


@pytest.fixture
def put(tmp_path):
    """Writes an array or table, by the file's suffix, or a folder of PNGs."""

    def write(name, rows, names=NAMES):
        path = tmp_path / name
        if path.suffix == ".npy":
            np.save(path, rows)
        elif path.suffix == ".npz":
            np.savez_compressed(path, rows)
        elif path.suffix == ".parquet":
            table = pa.table({n: rows[:, column] for column, n in enumerate(names)})
            parquet.write_table(table, path, row_group_size=100)
        elif path.suffix == ".csv":
            lines = ([",".join(names)] if names else []) + [",".join(map(str, r)) for r in rows]
            path.write_text("\n".join(lines) + "\n")
        else:
            path.mkdir()
            for number, row in enumerate(rows):
                image = row if isinstance(row, Image.Image) else Image.fromarray(row)
                image.save(path / f"{number:04d}.png")
        return path

    return write


def whole(intake, name):
    """All rows of one fold, training and test, sorted."""
    rows = np.concatenate([getattr(intake.folds, f"{part}{name}") for part in ("", "test_")])
    return np.array(sorted(map(tuple, rows.reshape(len(rows), -1))))


def rows_of(path, spec, **arguments):
    ids, rows = zip(*read_blocks(path, spec, **arguments), strict=True)
    return sum(ids, []), np.concatenate(rows)


def ruled(spec, **rule):
    return replace(spec, rule=ImageRule(**rule))


def note(intake, *words):
    """The one note with these words."""
    found = [line for line in intake.notes if all(word in line for word in words)]
    assert len(found) == 1, intake.notes
    return found[0]


VECTORS = DataSpec("vectors", (3,), "float32")
GREY = DataSpec("images", (6, 5, 1), "uint8")


# Reading


@pytest.mark.parametrize("suffix", [".npy", ".npz", ".csv", ".parquet"])
def test_vectors_of_every_kind_of_file_become_mapped_folds(suffix, put, read, tmp_path):
    intake = read(put(f"u{suffix}", X), put("w.npy", W.astype("float64")), test_share=0.25)
    for name, rows, label in (("unlabeled", X, UNKNOWN), ("unwanted", W, 0)):
        assert np.array_equal(whole(intake, name), np.array(sorted(map(tuple, rows))))
        for part in (name, f"test_{name}"):
            array = getattr(intake.folds, part)
            assert isinstance(array, np.memmap) and array.dtype == np.float32
            assert (getattr(intake.folds, f"{part}_labels") == label).all()
            kept = held_out(array, 0, 0.25)
            assert kept.all() if part.startswith("test_") else not kept.any()
    assert intake.spec.shape == (3,)
    assert intake.spec.columns == (tuple("abc") if suffix in (".csv", ".parquet") else None)
    assert stat.S_IMODE((tmp_path / "work").stat().st_mode) == 0o700
    ids, rows = rows_of(tmp_path / f"u{suffix}", intake.spec)
    assert ids == [str(row) for row in range(300)] and np.array_equal(rows, X)


def test_folders_of_images_nested_and_oddly_named(tmp_path, read):
    names = ["b/2.PNG", "a.png", "[red]\n.png", "b/ü\x1b[31m.png", 'b/c/,".png', "..png", "...png"]
    for name, pixels in zip([*names, os.fsdecode(b"b/\xff.png")], IMAGES, strict=False):
        (tmp_path / "u" / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(tmp_path / "u" / name, "png")
    for hidden in (".DS_Store", "._a.png", "b/notes.txt"):
        (tmp_path / "u" / hidden).write_bytes(b"nothing")
    source = open_reader(tmp_path / "u", "unlabeled")
    spec = source.describe(None)
    assert spec == GREY
    found = {i: row for ids, rows in source.blocks(spec) for i, row in zip(ids, rows, strict=True)}
    expected = dict(zip([*names, "b/\\xff.png"], IMAGES[..., None], strict=False))
    hidden = {"..png", "...png"}
    assert set(found) == set(expected) - hidden
    assert all(np.array_equal(found[name], expected[name]) for name in found)
    assert source.notes(spec) == ["unlabeled: left out: files of other kinds (1)."]
    for name in found:
        name.encode("utf-8")


def test_links_are_not_followed_and_pipes_do_not_hang(tmp_path, put):
    folder = put("u", IMAGES[:4])
    outside = put("outside", IMAGES[4:])
    (folder / "link.png").symlink_to(outside / "0000.png")
    (folder / "up.png").symlink_to("../outside/0001.png")
    (folder / "inside").symlink_to(outside)
    (folder / "loop").symlink_to(folder)
    os.mkfifo(folder / "pipe.png")
    source = open_reader(folder, "unlabeled")
    ids, rows = rows_of(folder, GREY)
    assert ids == [f"{i:04d}.png" for i in range(4)] and source.count == 4
    assert source.notes(GREY) == [
        "unlabeled: left out: symbolic links (4) and files of other kinds (1)."
    ]
    (tmp_path / "here").symlink_to(folder)
    assert rows_of(tmp_path / "here", GREY)[0] == ids, "the folder itself may be a link"


def test_csv_as_programs_write_it(tmp_path):
    expected = [[1.5, -2.0, 3e-5], [4.0, 5.0, 6.0]]
    texts = {
        "bom": "\ufeffa,b,c\n1.5,-2,3e-5\n4,5,6\n",
        "windows": "a,b,c\r\n1.5,-2,3e-5\r\n\r\n4,5,6\r\n",
        "semicolons": "a;b;c\n1.5;-2;3e-5\n4;5;6",
        "tabs": "a\tb\tc\n1.5\t-2\t3e-5\n4\t5\t6\n",
        "quotes": '"a","b","c"\n"1.5","-2","3e-5"\n4,5,6\n',
        "spaces": "a, b, c\n1.5, -2, 3e-5\n4, 5, 6\n",
        "pandas": ",a,b,c\n0,1.5,-2,3e-5\n1,4,5,6\n",
        "trailing": "a,b,c,\n1.5,-2,3e-5,\n4,5,6,\n",
        "no header": "1.5,-2,3e-5\n4,5,6\n",
    }
    for name, text in texts.items():
        path = tmp_path / f"{name}.csv"
        path.write_text(text, encoding="utf-8", newline="")
        spec = open_reader(path, "input").describe(None)
        assert spec.columns == (None if name == "no header" else ("a", "b", "c")), name
        assert np.array_equal(rows_of(path, spec)[1], np.float32(expected)), name


def test_a_first_line_that_counts_names_the_columns(tmp_path):
    rows = "1.5,-2,3e-5\n4,5,6\n"
    indexed = "0,1.5,-2,3e-5\n1,4,5,6\n"
    for header, body, names in (
        ("0,1,2\n", rows, ("0", "1", "2")),
        (",0,1,2\n", indexed, ("0", "1", "2")),
        ("0,1,3\n", rows, None),
        ("1,2,3\n", rows, None),
    ):
        (tmp_path / "x.csv").write_text(header + body)
        spec = open_reader(tmp_path / "x.csv", "input").describe(None)
        assert spec.columns == names and len(rows_of(tmp_path / "x.csv", spec)[1]) == 2 + (
            not names
        )
    (tmp_path / "x.csv").write_text("0,1\n3,4\n")
    assert open_reader(tmp_path / "x.csv", "input").describe(None).columns is None, "or data?"


def test_columns_that_one_side_alone_names_are_taken_in_order(put, read):
    named, nameless = put("u.csv", X), [put("w.csv", W, None), put("w.npy", W)]
    for path in nameless:
        line = note(read(named, path), "in the order given")
        assert line == "unwanted: columns have no names and were taken in the order given."
    intake = read(put("n.csv", X, None), put("v.csv", W, "cba"))
    assert np.array_equal(whole(intake, "unwanted"), np.array(sorted(map(tuple, W))))
    assert note(intake, "in the order given").endswith("since unlabeled does not name its own.")
    assert not read(put("m.csv", X, None), nameless[1]).notes


def test_columns_are_found_by_name(put, read):
    unwanted = put("w.parquet", np.column_stack([W[:, 2], W[:, 0], W[:, 1], W[:, 0]]), "cabz")
    intake = read(put("u.csv", X), unwanted)
    assert np.array_equal(whole(intake, "unwanted"), np.array(sorted(map(tuple, W))))
    assert note(intake, "order").startswith("unwanted: columns")
    assert "'z'" in note(intake, "lacks")
    intake = read(put("u2.csv", X), put("w2.csv", W, None))
    assert np.array_equal(whole(intake, "unwanted"), np.array(sorted(map(tuple, W))))
    note(intake, "unwanted: columns have no names")


@pytest.mark.parametrize("dtype", ["bool", "int8", "int64", "uint16", "f2", ">f8", "<f4", ">i4"])
@pytest.mark.parametrize("order", "CF")
def test_arrays_of_any_number_type_and_order(dtype, order, put):
    x = (RNG.normal(size=(50, 3)) * 3).astype(dtype)
    path = put("x.npy", np.asarray(x, order=order))
    assert np.array_equal(rows_of(path, VECTORS)[1], x.astype("float32"))


def test_tfds_copies_and_names(tmp_path, monkeypatch, put, read):
    import tensorflow as tf
    import tensorflow_datasets as tfds

    import keras_vabc.data.readers.tfds_split as tfds_split

    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path / "tfds"))
    monkeypatch.setattr(tfds_split, "answers", lambda url: False)
    features = {
        "image": tfds.features.Image(shape=(6, 5, 1)),
        "label": tfds.features.ClassLabel(num_classes=2),
    }
    splits = {
        split: tf.data.Dataset.from_tensor_slices({"image": x, "label": [0] * len(x)})
        for split, x in (("train", IMAGES[:40, ..., None]), ("flagged", IMAGES[40:, ..., None]))
    }
    tfds.dataset_builders.store_as_tfds_dataset(
        name="own",
        version="1.0.0",
        features=tfds.features.FeaturesDict(features),
        split_datasets=splits,
        data_dir=tmp_path / "tfds",
        disable_shuffling=True,
    )
    intake = read("tfds:own", "tfds:own/flagged", seed=1)
    assert intake.spec == ruled(GREY, whole=255)
    assert np.array_equal(
        whole(intake, "unlabeled"), sorted(map(tuple, IMAGES[:40].reshape(40, 30)))
    )
    assert np.array_equal(
        whole(intake, "unwanted"), sorted(map(tuple, IMAGES[40:].reshape(20, 30)))
    )
    assert rows_of("tfds:own/train[:3]", GREY)[0] == ["0", "1", "2"]
    large = DataSpec("images", (12, 10, 3), "float32")
    assert rows_of("tfds:own/flagged", large)[1].shape == (20, 12, 10, 3)
    with pytest.raises(ValueError, match="must name a split of own: .*Received: tfds:own/absent"):
        open_reader("tfds:own/absent", "unlabeled")
    for unknown in ("tfds:no_such_set", "tfds:../own/train", "tfds:"):
        with pytest.raises(ValueError, match="must name a data set of TensorFlow Datasets"):
            open_reader(unknown, "unlabeled")
    with pytest.raises(OSError, match="its host must answer. Received: tfds:mnist/test"):
        open_reader("tfds:mnist/test", "unlabeled")


@pytest.mark.parametrize("suffix", [".npy", ".npz", ".csv", ".parquet", ""])
def test_blocks_are_joined_and_counted_right(suffix, put, small_blocks):
    path = put(f"x{suffix}", X if suffix else IMAGES)
    spec = VECTORS if suffix else GREY
    found = list(read_blocks(path, spec))
    assert len(found) > 9 and max(rows.nbytes for _, rows in found) <= 200
    ids, rows = rows_of(path, spec)
    assert np.array_equal(rows, X if suffix else IMAGES[..., None])
    assert ids == (
        [str(row) for row in range(300)] if suffix else [f"{i:04d}.png" for i in range(60)]
    )
    if suffix:
        bad = X.copy()
        bad[211, 1] = np.nan
        place = "line 213" if suffix == ".csv" else r"row 211 \(counted from 0\)"
        with pytest.raises(ValueError, match=f"{place}, column '?[1b]"):
            rows_of(put(f"bad{suffix}", bad), spec)
    if suffix == ".csv":
        path.write_text(path.read_text().replace(str(X[255, 2]), "x"))
        with pytest.raises(ValueError, match="no number in line 257, column 'c'"):
            rows_of(path, spec)


@pytest.mark.parametrize("value", [-1, 256])
def test_the_scale_of_images_is_found_in_the_last_block(value, put, small_blocks):
    images = IMAGES.astype("int64")
    images[-1, -1, -1] = value
    with pytest.raises(ValueError, match="Received: others, in or after row 59"):
        open_reader(put("x.npy", np.asfortranarray(images)), "input")
    floats = np.zeros((60, 6, 5))
    floats[-1, -1, -1] = 200
    path = put("y.npy", floats)
    assert open_reader(path, "input").describe(None).dtype == "uint8"
    assert rows_of(path, GREY)[1].max() == 200


# Images are brought into one form


def test_every_mode_of_image_becomes_grey_or_colour(tmp_path):
    grey, alpha = IMAGES[0], IMAGES[1]
    colour = RNG.integers(0, 256, (6, 5, 3), dtype=np.uint8)
    laid = np.rint(colour * (alpha[..., None] / 255.0))
    deep = RNG.integers(0, 65536, (6, 5), dtype=np.uint16)
    palette = Image.fromarray(colour).quantize(30)
    exif = Image.Exif()
    exif[0x0112] = 6  # shown after a quarter turn clockwise
    cases = {
        "deep.png": (Image.fromarray(deep), np.rint(deep / 257)),
        "deep.tif": (Image.fromarray(deep), np.rint(deep / 257)),
        "bits.png": (Image.fromarray(grey > 99), 255 * (grey > 99)),
        "palette.png": (palette, np.asarray(palette.convert("RGB"))),
        "palette.gif": (palette, np.asarray(palette.convert("RGB"))),
        "alpha.png": (Image.fromarray(np.dstack([colour, alpha])), laid),
        "grey alpha.png": (
            Image.merge("LA", [Image.fromarray(grey), Image.fromarray(alpha)]),
            np.rint(grey * (alpha / 255.0)),
        ),
        "print.tif": (Image.fromarray(255 - np.dstack([colour, 0 * grey])[..., :4], "CMYK"), None),
        "colour.bmp": (Image.fromarray(colour), colour),
        "colour.webp": (Image.fromarray(colour), colour),
        "grey.pgm": (Image.fromarray(grey), grey),
        "turned.png": (Image.fromarray(colour), np.rot90(colour, -1)),
        "turned.tif": (Image.fromarray(colour), np.rot90(colour, -1)),
    }
    spec = {2: GREY, 3: DataSpec("images", (6, 5, 3), "uint8")}
    for name, (image, expected) in cases.items():
        folder = tmp_path / name.replace(".", " ")
        folder.mkdir()
        options = {"exif": exif} if name.startswith("turned") else {}
        image.save(folder / name, lossless=True, **options)
        source = open_reader(folder, "input")
        if expected is None:  # CMYK with no black: red is 255 - cyan
            expected = colour
            image = image.copy()
            image.putdata([(*(255 - p).tolist(), 0) for p in colour.reshape(-1, 3)])
            image.save(folder / name)
        shape = (*expected.shape[:2], 3 if expected.ndim == 3 else 1)
        assert source.describe(None).shape == shape, name
        _, rows = rows_of(folder, DataSpec("images", shape, "uint8"))
        error = np.abs(rows[0].astype(int) - expected.reshape(shape))
        assert error.max() <= (1 if "alpha" in name else 0), name
    assert spec


def test_other_sizes_are_resized_with_antialiasing(put, read):
    stripes = np.tile(np.uint8([0, 255]), (24, 10))  # every other column is white
    images = [*IMAGES, np.kron(IMAGES[0], np.ones((4, 4), "uint8")), stripes]
    intake = read(put("u", images), put("w", list(RNG.integers(0, 256, (55, 9, 9), np.uint8))))
    assert intake.spec == ruled(GREY)
    assert note(intake, "unlabeled", "resized") == (
        "unlabeled: 2 of 62 images were resized to 6 x 5 pixels; aspect ratios are not kept."
    )
    assert note(intake, "unwanted", "resized").startswith("unwanted: 55 of 55")
    assert intake.counts["unlabeled"]["resized"] == 2
    _, rows = rows_of(put("stripes", [stripes]), GREY)
    assert np.abs(rows.astype(int) - 127).max() < 30, "aliasing would leave black and white"
    assert read(put("u2", images), put("w2", IMAGES[:9]), image_size=(3, 4)).spec.shape == (3, 4, 1)


def test_images_of_16_bits_are_told(put, read):
    deep = RNG.integers(0, 2**16, (3, 6, 5), dtype=np.uint16)
    intake = read(put("u", [*IMAGES, *deep, deep[0] >> 8]), put("w", 255 - IMAGES[:50]))
    assert note(intake, "reduced to 8").startswith("unlabeled: 4 of 64 images have more than 8")
    dark = put("dark", [deep[0] >> 8])
    assert np.array_equal(rows_of(dark, GREY)[1][0, ..., 0], deep[0] >> 8), "as version 0.1 did"
    _, rows = rows_of(dark, intake.spec)
    assert np.array_equal(rows[0, ..., 0], np.rint((deep[0] >> 8) / 257)), "16 bits, as others"


def test_large_images_need_a_size(put, read):
    photos = put("u", [np.zeros((600, 500), np.uint8) + i for i in range(9)])
    with pytest.raises(ValueError, match="image_size must be given.*images of 600 x 500 pixels"):
        read(photos, put("w", IMAGES), allow_more_unwanted=True)
    intake = read(photos, put("w2", IMAGES), image_size=(6, 5), seed=2, allow_more_unwanted=True)
    assert intake.spec == ruled(GREY)
    with pytest.raises(ValueError, match="image_size must be None for vectors"):
        read(put("u.npy", X), put("w.npy", W), image_size=(6, 5))


@pytest.mark.parametrize(("coloured", "channels"), [(0, 1), (1, 1), (2, 3)])
def test_colour_counts_from_one_percent_on(coloured, channels, put, read):
    red = np.zeros((6, 5, 3), "uint8")
    red[2, 2, 0] = 200
    grey = [np.repeat(image[..., None], 3, axis=-1) for image in RNG.integers(0, 256, (100, 6, 5))]
    images = [red + np.uint8(i) for i in range(coloured)] + [i.astype("uint8") for i in grey]
    intake = read(put("u", images[:100]), put("w", IMAGES))
    assert intake.spec.shape == (6, 5, channels)
    assert intake.counts["unlabeled"]["grey"] == (coloured if channels == 1 else 0)
    if coloured == 1:
        note(intake, "unlabeled: 1 of 100 images are coloured and were turned grey")


def test_colour_images_train_a_convolutional_network(put, read):
    import keras

    import keras_vabc as kv

    images = RNG.integers(0, 256, (60, 64, 64, 3), dtype=np.uint8)
    folds = read(put("u", images[:40]), put("w", images[40:]), seed=1).folds
    assert folds.unlabeled.shape[1:] == (64, 64, 3) and folds.unlabeled.dtype == np.uint8
    model = kv.VABC(
        *kv.conv_autoencoder((64, 64, 3), latent_dim=2, filters=(4, 8), units=16, seed=0),
        preprocessing=keras.layers.Rescaling(1 / 255),
        seed=0,
    )
    model.compile()
    dataset = kv.balanced_dataset(folds.unlabeled, folds.unwanted, batch_size=20)
    history = model.fit(dataset, epochs=1, verbose=0)
    assert np.isfinite(history.history["loss"]).all()


@pytest.mark.parametrize("unlabeled_floats", [True, False])
def test_floats_in_0_1_and_bytes_become_one_scale(unlabeled_floats, put, read):
    floats, whole_numbers = IMAGES.astype("float64") / 255, RNG.integers(0, 256, (60, 6, 5))
    folds = (floats, whole_numbers) if unlabeled_floats else (whole_numbers, floats)
    intake = read(put("u.npy", folds[0]), put("w.npz", folds[1]))
    assert intake.spec == ruled(GREY, whole=255, floats=1)
    name = "unlabeled" if unlabeled_floats else "unwanted"
    assert np.array_equal(whole(intake, name), sorted(map(tuple, IMAGES.reshape(60, 30))))
    assert note(intake, "0..1 became").startswith(name)


def test_floats_in_both_folds_stay_and_later_bytes_follow(put, read):
    floats = (IMAGES / 255).astype("float32")
    intake = read(put("u.npy", floats[:40]), put("w.npy", floats[40:]))
    assert intake.spec.dtype == "float32" and not [n for n in intake.notes if "scale" in n]
    notes = []
    _, rows = rows_of(put("x", IMAGES), intake.spec, notes=notes)
    assert np.allclose(rows[..., 0], floats, atol=1e-7)
    assert not notes
    _, rows = rows_of(put("x.npy", IMAGES), intake.spec, notes=notes)
    assert np.allclose(rows[..., 0], floats, atol=1e-7)
    assert notes == ["input: images: their whole numbers in 0..255 became floats in 0..1, like the "
                     "other images."]  # fmt: skip


@pytest.mark.parametrize(
    ("array", "expected"),
    [
        (np.moveaxis(RNG.integers(0, 256, (9, 6, 5, 3)), 3, 1), lambda x: np.moveaxis(x, 1, 3)),
        (IMAGES[:9] > 99, lambda x: 255 * x[..., None]),
        ((IMAGES[:9] > 99).astype("int64"), lambda x: 255 * x[..., None]),
        (IMAGES[:9].astype("float16"), lambda x: x[..., None]),
        (IMAGES[:9, ..., None], lambda x: x),
    ],
)
def test_arrays_of_images_in_any_layout(array, expected, put):
    path = put("x.npy", array)
    spec = open_reader(path, "input").describe(None)
    assert np.array_equal(rows_of(path, spec)[1], expected(array)) and spec.dtype == "uint8"


# Repairs and warnings


def test_examples_in_both_folds_leave_the_unlabeled_one(put, read):
    unlabeled = np.concatenate([X, W[:5], X[:7], [[0.0, -0.0, 1.0]] * 2])
    unwanted = np.concatenate([W, W[:3], [[-0.0, 0.0, 1.0]]])
    intake = read(put("u.npy", unlabeled), put("w.npy", unwanted))
    counts = intake.counts
    assert counts["unlabeled"]["read"] == 314 and counts["unwanted"]["read"] == 84
    assert counts["unlabeled"]["duplicates"] == 7 and counts["unlabeled"]["repeated"] == 7
    assert counts["unwanted"]["duplicates"] == 0 and counts["unwanted"]["repeated"] == 3
    assert len(whole(intake, "unlabeled")) == 307
    assert not set(map(tuple, whole(intake, "unlabeled"))) & set(map(tuple, unwanted))
    assert note(intake, "left out").startswith("unlabeled: 7 of 314 examples are also")
    note(intake, "unwanted: 3 of 84 examples repeat")
    json.dumps(counts)


def test_columns_that_are_constant_coarse_or_of_other_scales(put, read):
    rows = np.column_stack([X[:, 0], np.full(300, 7.5), 1e6 * X[:, 1], 1e6 + X[:, 2]])
    unwanted = np.column_stack([W[:, 0], W[:, 1], 1e6 * W[:, 1], 1e6 + W[:, 2]])
    intake = read(put("u.csv", rows, "pqrs"), put("w.csv", unwanted, "pqrs"))
    assert intake.spec.constants == ((1, 7.5),)
    assert note(intake, "generated rows get").endswith(": column 'q'.")
    assert note(intake, "tell them apart").endswith(": column 'q'.")
    assert note(intake, "nearly constant").endswith(": column 's'.")
    note(intake, "standardized")
    assert not read(put("u2.csv", X), put("w2.csv", W)).notes


def test_columns_of_whole_numbers_are_told(put, read):
    rows = np.column_stack([np.rint(3 * X[:, 0]), X[:, 1], np.full(300, 7.0)])
    unwanted = np.column_stack([W[:, 0], np.rint(W[:, 1]), np.full(80, 7.0)])
    intake = read(put("u.csv", rows), put("w.csv", unwanted))
    low, high = rows[:, 0].min(), rows[:, 0].max()
    assert intake.spec.whole == ((0, low, high),), "neither the unwanted fold nor a constant counts"
    assert note(intake, "whole numbers").endswith(": column 'a'.")


def test_notes_and_errors_show_no_values_of_the_unwanted(put, read):
    secret = np.full((60, 3), 987654.0)
    secret[:, 0] += np.arange(60)
    intake = read(put("u.csv", X), put("w.csv", secret))
    assert "9876" not in " ".join(intake.notes) + json.dumps(intake.counts)
    for row in ([987654, "987654x", 1], [987654, np.nan, 1], [987654, 1e300, 1]):
        with pytest.raises(ValueError) as error:
            read(put("bad.csv", [row] * 90), put("w3.csv", W))
        assert "9876" not in str(error.value) and "column 'b'" in str(error.value)


@pytest.mark.parametrize("seed", range(6))
def test_one_of_few_unwanted_is_held_out(put, read, seed):
    """By chance alone none of five would be in every third draw."""
    found = read(put("u.npy", X), put("w.npy", W[:5]), seed=seed)
    own, folds = found.counts["unwanted"], found.folds
    assert own["training"] == len(folds.unwanted) and own["held_out"] == len(folds.test_unwanted)
    assert own["held_out"] >= 1 and own["training"] + own["held_out"] == 5
    again = held_out(W[:5].astype("float32"), seed, own["share"])
    np.testing.assert_array_equal(W[:5][again].astype("float32"), folds.test_unwanted)
    assert found.counts["unlabeled"]["share"] == 0.2


def test_few_unwanted_are_told(put, read):
    few = read(put("u.csv", X), put("w.csv", W[:49]))
    note(few, "unwanted: 49 examples are few: below 50")
    assert not read(put("u1.npy", X), put("w1.npy", W[:50])).notes


def test_folds_the_wrong_way_round(put, read):
    for suffix in (".npy", ".csv"):
        many, few = put(f"u{suffix}", X), put(f"w{suffix}", W)
        with pytest.raises(SwappedFolds, match="Received: 80 unlabeled and 300 unwanted"):
            read(few, many)
        assert len(read(few, many, allow_more_unwanted=True).folds.unwanted) > 200
    with pytest.raises(SwappedFolds):
        read(put("one.csv", W[:1]), many)


def test_unreadable_images_are_left_out_up_to_a_limit(put, read):
    folder, unwanted = put("u", IMAGES), put("w", IMAGES[:0:-1] // 2)
    whole_file = (folder / "0003.png").read_bytes()
    (folder / "0003.png").write_bytes(whole_file[:-40])
    (folder / "0005.png").write_bytes(b"no image")
    with pytest.raises(
        ValueError, match=r"at most 1 % unreadable.*at least 1 of 60, '0003.png' \(truncated"
    ):
        read(folder, unwanted)
    intake = read(folder, unwanted, max_unreadable=2 / 60)
    counts = intake.counts["unlabeled"]
    assert counts["unreadable"] == 2 and counts["training"] + counts["held_out"] == 58
    line = note(intake, "could not be read")
    assert line == (
        "unlabeled: 2 of 60 images could not be read and were left out: '0003.png' (truncated: the "
        "end of the file is missing), '0005.png' (no image of a kind that is read, or its start is "
        "damaged)."
    )
    ids, _ = rows_of(folder, GREY, max_unreadable=0.5)
    assert len(ids) == 58 and not {"0003.png", "0005.png"} & set(ids)
    with pytest.raises(ValueError, match="input must have at most 3 %.*at least 2 of 60"):
        rows_of(folder, GREY, max_unreadable=0.03)


# Refusals


def png(width, height):
    """A PNG that declares a size and holds nothing."""
    header = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    chunks = struct.pack(">I", 13) + header + struct.pack(">I", zlib.crc32(header))
    return b"\x89PNG\r\n\x1a\n" + chunks


def npy_header(shape, descr="<f4"):
    text = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}\n".encode()
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text


def test_image_bombs_are_unreadable(put):
    folder = put("u", IMAGES[:9])
    Image.new("1", (9_500, 9_500)).save(folder / "bomb.png")  # a whole one, of which Pillow warns
    assert len(rows_of(folder, GREY, max_unreadable=0.1)[0]) == 9
    (folder / "bomb.png").write_bytes(png(30_000, 30_000))  # one that it refuses
    assert len(rows_of(folder, GREY, max_unreadable=0.1)[0]) == 9
    with pytest.raises(ValueError, match="'bomb.png'"):
        rows_of(folder, GREY)


def test_array_bombs_and_damaged_arrays_are_refused(tmp_path, put):
    whole_npz = put("whole.npz", X).read_bytes()
    files = {
        "declared.npy": npy_header((10**12, 3)) + bytes(120),
        "negative.npy": npy_header((-1, 3)) + bytes(120),
        "short.npy": npy_header((11, 3)) + bytes(120),
        "empty.npy": b"",
        "header.npy": b"\x93NUMPY\x01\x00\xff\xff{",
        "code.npy": b"\x93NUMPY\x01\x00\x1f\x00__import__('os').system('x')  \n\n",
        "text.npz": b"no archive",
        "short.npz": whole_npz[:-30],
        "flipped.npz": whole_npz[:200] + bytes([whole_npz[200] ^ 255]) + whole_npz[201:],
    }
    with zipfile.ZipFile(tmp_path / "bomb.npz", "w") as archive:
        archive.writestr("x.npy", npy_header((10**12, 3)) + bytes(120))
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    for name in (*files, "bomb.npz"):
        too_short = name in ("declared.npy", "negative.npy", "short.npy", "bomb.npz")
        reason = (
            "its header declares shape .*, for which it is too short" if too_short else "damaged"
        )
        with pytest.raises(ValueError, match=f"whole .np. file .*{name} .{reason}"):
            rows_of(tmp_path / name, VECTORS)


def test_an_npz_member_with_a_path_writes_nothing(tmp_path):
    inside = tmp_path / "a" / "b"
    inside.mkdir(parents=True)
    with zipfile.ZipFile(inside / "x.npz", "w") as archive:
        archive.writestr("../../escaped.npy", npy_header((10, 3)) + bytes(120))
    assert len(rows_of(inside / "x.npz", VECTORS)[0]) == 10
    assert not list(tmp_path.rglob("escaped*"))


@pytest.mark.parametrize(
    ("name", "array", "message"),
    [
        ("x.npy", np.array([[{}, 1]], object), "without pickled objects.*it holds Python objects"),
        ("x.npz", np.array([[{}, 1]], object), "without pickled objects.*it holds Python objects"),
        ("x.npy", X.astype(complex), "must hold an array of numbers.*dtype complex128"),
        ("x.npy", np.array([["a"]]), "must hold an array of numbers.*dtype <U1"),
        ("x.npy", np.zeros(3, [("a", "f4")]), "must hold an array of numbers"),
        ("x.npy", np.zeros(3), r"shape \(n, ...\), n >= 1.*shape \(3,\)"),
        ("x.npy", np.zeros((0, 3)), r"n >= 1.*shape \(0, 3\)"),
        ("x.npy", np.zeros((3, 2, 2, 2)), r"with 1 or 3 channels. Received: shape \(3, 2, 2, 2\)"),
        ("x.npy", np.zeros((3, 2, 2, 2, 2)), "with 1 or 3 channels"),
        ("x.npy", -np.ones((3, 4, 4)), "numbers in 0..255, floats in 0..1"),
        ("x.npy", np.full((3, 4, 4), 256), "numbers in 0..255, floats in 0..1"),
        ("x.npy", np.full((3, 4, 4), np.nan), "must be finite. Received: NaN or infinity in row 0"),
        ("x.npy", np.float64([[0, 1, 2], [0, np.nan, 2]]), r"NaN or no value in row 1.*column 1"),
        ("x.npy", np.float64([[0, 1, np.inf]]), "infinity in row 0.*column 2"),
        ("x.npy", np.float64([[0, 1e39, 1]]), "too large for float32 in row 0.*column 1"),
        ("x.npy", np.zeros((5, 4)), "must hold 3 numbers each.*Received: 4 numbers"),
        ("x.csv", [[1, 2, "x"]], "no number in line 2, column 'c'"),
        ("x.csv", [[1, 2, "3_4"]], "no number in line 2, column 'c'"),
        ("x.csv", [[1, 2, 3], [1, "", 3]], "NaN or no value in line 3, column 'b'"),
        ("x.csv", [[1, 2, 3], [1, 2]], "1 of 2 rows of another length.*line 3.*2 cells, not 3"),
        ("x.csv", [[1, 2, "inf"]], "infinity in line 2, column 'c'"),
        ("x.csv", [[1, 2, "nan"]], "NaN or no value in line 2, column 'c'"),
        ("x.parquet", np.array([["1", "2", "x"]]), "no number in row 0 .*, column 'c'"),
    ],
)
def test_what_cannot_be_read_is_named(name, array, message, put):
    path = put(name, array)
    with pytest.raises(ValueError, match=message):
        spec = open_reader(path, "input").describe(None)
        rows_of(path, spec if spec.kind == "images" else DataSpec("vectors", (3,), "float32"))


def test_files_that_are_none(tmp_path, put, read):
    good = put("good.npy", X)
    put("two.npz", X)
    np.savez(tmp_path / "two.npz", a=X, b=X)
    (tmp_path / "x.jpg").write_bytes(b"")
    (tmp_path / "empty").mkdir()
    put("texts", []).joinpath("x.txt").write_text("x")
    os.mkfifo(tmp_path / "pipe.csv")
    (tmp_path / "bytes.csv").write_bytes(b"a,b\n2,1\n\0\1,1\n")
    (tmp_path / "damaged.csv").write_bytes("größe,b\nü,1\nä,1\n".encode() + b"\xff,1\n")
    (tmp_path / "nothing.csv").write_bytes(b"")
    (tmp_path / "open.csv").write_text('a,b,c\n"1,2,3\n')
    (tmp_path / "twice.csv").write_text("a,a\n1,2\n")
    (tmp_path / "no.parquet").write_bytes(b"PAR1 and more")
    cases = {
        "absent": r"must be a folder of images, a table \(.csv.*absent, which is not there",
        "x.jpg": r"a table \(.csv, .*, .parquet, .*\), .npy, .npz or tfds:NAME",
        "pipe.csv": "must be a folder of images",
        "empty": r"must be a folder with images \(.png.*which has none",
        "texts": "which has none but files of other kinds",
        "two.npz": "it holds 2 arrays: 'a.npy', 'b.npy'; kv.train takes one of them in",
        "bytes.csv": "must be a CSV file.*bytes of 0, as no text has, in line 3",
        "damaged.csv": "must be a CSV file.*it is UTF-8, damaged bytes.* line 4",
        "nothing.csv": "it is empty",
        "open.csv": "must be a CSV file",
        "twice.csv": "must name each of its columns once.*'a' twice",
        "no.parquet": "must be a whole Parquet file",
    }
    for name, message in cases.items():
        with pytest.raises((ValueError, OSError), match=f"unlabeled .*{message}"):
            read(tmp_path / name, good)
        with pytest.raises((ValueError, OSError), match=f"unwanted .*{message}"):
            read(good, tmp_path / name)


@pytest.mark.parametrize(
    ("unlabeled", "unwanted", "arguments", "message"),
    [
        ("u.npy", "w.npy", {"test_share": 1}, r"test_share must be in \(0, 1\)"),
        ("u.npy", "w.npy", {"seed": -1}, "seed must be a whole number"),
        ("u.npy", "w.npy", {"image_size": (0, 5)}, "image_size must be a whole number >= 1"),
        ("u.npy", "w.npy", {"test_share": 1e-9}, "unlabeled must have enough examples"),
        ("u.npy", "i.npy", {}, "unwanted must hold vectors of 3 numbers.*images of 6 x 5"),
        ("i.npy", "u.npy", {"allow_more_unwanted": True}, "must hold images of 6 x 5 x 1 each"),
        ("u.csv", "v.csv", {}, "must have the columns of the unlabeled fold.*without 'b', 'c'"),
        ("u.npy", "u.npy", {}, "unlabeled must have enough examples.*300 are also unwanted"),
    ],
)
def test_folds_that_do_not_go_together(unlabeled, unwanted, arguments, message, put, read):
    paths = {"u.npy": X, "w.npy": W, "i.npy": IMAGES, "u.csv": X}
    paths = {name: put(name, rows) for name, rows in paths.items()}
    paths["v.csv"] = put("v.csv", W, "axy")
    with pytest.raises(ValueError, match=message):
        read(paths[unlabeled], paths[unwanted], **arguments)


def test_a_nan_in_row_700_000_of_a_parquet_file(tmp_path):
    column = np.zeros(800_000, "float32")
    column[700_000] = np.nan
    parquet.write_table(pa.table({"a": column}), tmp_path / "x.parquet")
    with pytest.raises(ValueError, match=r"NaN or no value in row 700000 .*, column 'a'"):
        for _ in read_blocks(tmp_path / "x.parquet", DataSpec("vectors", (1,), "float32", ("a",))):
            pass
    column = pa.array([1, 2, None], pa.int64())
    parquet.write_table(pa.table({"a": column}), tmp_path / "y.parquet")
    with pytest.raises(ValueError, match="NaN or no value in row 2 "):
        list(read_blocks(tmp_path / "y.parquet", DataSpec("vectors", (1,), "float32")))


PEAK = """
import sys
from keras_vabc.data.intake import read_folds
read_folds(*sys.argv[1:3], folder=sys.argv[3])
print(next(line for line in open("/proc/self/status") if line.startswith("VmHWM")).split()[1])
"""


@pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="reads Linux's own record")
@pytest.mark.parametrize("suffix", [".npy", ".parquet"])
def test_memory_does_not_grow_with_the_data(suffix, tmp_path):
    base = RNG.normal(size=(1000, 125)).astype("float32")
    np.save(tmp_path / "w.npy", base[:50] + 1)
    peaks = []
    for repeats in (10, 150):
        rows = np.tile(base, (repeats, 1))
        rows[:, 0] = np.arange(len(rows))
        path = tmp_path / f"{repeats}{suffix}"
        if suffix == ".parquet":
            table = pa.table({str(c): rows[:, c] for c in range(125)})
            parquet.write_table(table, path, row_group_size=10_000)
        else:
            np.save(path, rows)
        arguments = [path, tmp_path / "w.npy", tmp_path / f"work{repeats}"]
        command = [sys.executable, "-c", PEAK, *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        peaks.append(int(done.stdout) / 1024)
    assert peaks[1] - peaks[0] < 30, f"peaks of {peaks} MB for 5 and 75 MB of rows"
