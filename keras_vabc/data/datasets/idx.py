"""Reading the IDX files in which MNIST-like data sets are published."""

import gzip
import zlib
from pathlib import Path

import numpy as np

from keras_vabc.files.bounds import check_unpacked

FILES = {  # name: number of axes
    "train-images-idx3-ubyte": 3,
    "train-labels-idx1-ubyte": 1,
    "t10k-images-idx3-ubyte": 3,
    "t10k-labels-idx1-ubyte": 1,
}
UNSIGNED_BYTE = 0x08
BLOCK = 2**20  # bytes that are unpacked at a time


def has_idx_files(folder) -> bool:
    """Whether `folder` holds any of the four IDX files, plain or compressed."""
    return any(_find(folder, name).is_file() for name in FILES)


def read_idx_folder(folder):
    """Reads the four IDX files of a folder, plain or `.gz`; results and errors as of `assemble`."""
    paths = {name: _find(folder, name) for name in FILES}
    return assemble({name: (path, _read(path, FILES[name])) for name, path in paths.items()})


def assemble(files):
    """Checks the four files, given as a dict of name to `(origin, bytes)`, against each other.

    Returns `(x, labels, x_test, labels_test)`: images uint8 `(n, height, width, 1)`, labels int64.
    The `ValueError` for a file that is not what it should be names its origin.
    """
    arrays = {name: parse_idx(files[name][1], FILES[name], files[name][0]) for name in FILES}
    x, labels, x_test, labels_test = arrays.values()
    origins = [str(origin) for origin, _ in files.values()]
    _check_labels(x, labels, origins[0], origins[1])
    _check_labels(x_test, labels_test, origins[2], origins[3])
    if x.shape[1:] != x_test.shape[1:]:
        raise ValueError(
            f"{origins[2]} must hold images of the size of {origins[0]}. "
            f"Received: {x_test.shape[1:]} and {x.shape[1:]}."
        )
    return x[..., None], labels.astype(np.int64), x_test[..., None], labels_test.astype(np.int64)


def parse_idx(data: bytes, ndim: int, origin) -> np.ndarray:
    """The uint8 array of `ndim` axes in the uncompressed bytes of one IDX file.

    A `ValueError` that names the origin if the magic number or the size is wrong. See [the MNIST
    database](http://yann.lecun.com/exdb/mnist/), "The IDX file format".
    """
    magic, header = _magic(ndim), 4 + 4 * ndim
    if len(data) < header or data[:4] != magic:
        raise ValueError(
            f"{origin} must be an IDX file that starts with the bytes {magic.hex()}. "
            f"Received: {data[:4].hex() or 'nothing'}, {len(data)} bytes in all."
        )
    shape, expected = _declared(data, ndim)
    if len(data) != expected or 0 in shape:
        raise ValueError(
            f"{origin} must hold {expected} bytes, as its header declares {shape}. "
            f"Received: {len(data)} bytes."
        )
    return np.frombuffer(data, np.uint8, offset=header).reshape(shape)


def _find(folder, name) -> Path:
    plain = Path(folder, name)
    return plain if plain.is_file() else plain.with_name(f"{name}.gz")


def _magic(ndim):
    return bytes([0, 0, UNSIGNED_BYTE, ndim])


def _declared(data, ndim):
    """Sizes of the axes, and of the whole file in bytes, by its header."""
    shape = [int(size) for size in np.frombuffer(data, ">u4", count=ndim, offset=4)]
    return shape, 4 + 4 * ndim + int(np.prod(shape, dtype=object))


def _read(path, ndim):
    """The bytes of a file; at most one more than its header declares."""
    try:
        with gzip.open(path) if path.suffix == ".gz" else open(path, "rb") as file:
            data = bytearray(file.read(4 + 4 * ndim))
            if len(data) < 4 + 4 * ndim or not data.startswith(_magic(ndim)):
                return data
            declared = _declared(data, ndim)[1]
            if path.suffix == ".gz":
                check_unpacked(declared, path, path.name)
            while (left := declared + 1 - len(data)) > 0 and (block := file.read(min(left, BLOCK))):
                data += block
            return data
    except FileNotFoundError:
        raise ValueError(f"{path} must exist, plain or compressed. Received: no file.") from None
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise ValueError(f"{path} must be a whole gzip file. Received: {error}.") from error


def _check_labels(x, labels, images_origin, labels_origin):
    if len(x) != len(labels):
        raise ValueError(
            f"{labels_origin} must hold one label for each image of {images_origin}. "
            f"Received: {len(labels)} labels and {len(x)} images."
        )
    if labels.max() > 9:
        raise ValueError(f"{labels_origin} must hold labels in 0..9. Received: {labels.max()}.")
