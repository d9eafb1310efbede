"""Reading the IDX files in which MNIST-like data sets are published."""

import gzip
import zlib
from pathlib import Path

import numpy as np

FILES = {  # name: number of axes
    "train-images-idx3-ubyte": 3,
    "train-labels-idx1-ubyte": 1,
    "t10k-images-idx3-ubyte": 3,
    "t10k-labels-idx1-ubyte": 1,
}
UNSIGNED_BYTE = 0x08


def has_idx_files(folder) -> bool:
    """Whether `folder` holds any of the four IDX files, plain or compressed."""
    return any(_find(folder, name).is_file() for name in FILES)


def read_idx_folder(folder):
    """Reads and checks the four IDX files of a folder, plain or `.gz`.

    Args:
        folder: Path of the folder.

    Returns:
        `(x, labels, x_test, labels_test)`: images uint8 `(n, height, width, 1)`, labels int64.

    Raises:
        ValueError: Naming the file, if one is missing, truncated or not what it should be.
    """
    return assemble({name: (_find(folder, name), _read(_find(folder, name))) for name in FILES})


def assemble(files):
    """Checks the four files against each other.

    Args:
        files: Dict of file name to `(origin, bytes)`, the origin as errors shall name it.

    Returns:
        `(x, labels, x_test, labels_test)` as `read_idx_folder` does.

    Raises:
        ValueError: Naming the file, if one is not what it should be.
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
    """Parses one IDX file of unsigned bytes.

    Args:
        data: The whole file, uncompressed.
        ndim: Number of axes it must have.
        origin: The file's path, for errors.

    Returns:
        uint8 array of `ndim` axes.

    Raises:
        ValueError: If the magic number or the size is wrong.

    References:
        - [The MNIST database](http://yann.lecun.com/exdb/mnist/): "The IDX file format".
    """
    magic = bytes([0, 0, UNSIGNED_BYTE, ndim])
    header = 4 + 4 * ndim
    if len(data) < header or data[:4] != magic:
        raise ValueError(
            f"{origin} must be an IDX file that starts with the bytes {magic.hex()}. "
            f"Received: {data[:4].hex() or 'nothing'}, {len(data)} bytes in all."
        )
    shape = [int(size) for size in np.frombuffer(data, ">u4", count=ndim, offset=4)]
    expected = header + int(np.prod(shape, dtype=object))
    if len(data) != expected or 0 in shape:
        raise ValueError(
            f"{origin} must hold {expected} bytes, as its header declares {shape}. "
            f"Received: {len(data)} bytes."
        )
    return np.frombuffer(data, np.uint8, offset=header).reshape(shape)


def _find(folder, name) -> Path:
    plain = Path(folder, name)
    return plain if plain.is_file() else plain.with_name(f"{name}.gz")


def _read(path) -> bytes:
    try:
        data = path.read_bytes()
        return gzip.decompress(data) if path.suffix == ".gz" else data
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
