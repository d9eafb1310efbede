"""Writing generated rows in the kinds of file that data come in."""

import zipfile
from contextlib import closing
from pathlib import Path

import numpy as np
from PIL import Image

from keras_vabc.data.checks import check_finite
from keras_vabc.data.ids import quoted
from keras_vabc.data.mapped import RowsFile
from keras_vabc.data.pixels import Scale
from keras_vabc.data.spec import BLOCK_BYTES

ARRAYS = (".npy", ".npz")


def write_rows(path, blocks, spec):
    """Writes generated rows to a folder that is there or to a file; returns how many.

    They are finished: whole where the data are, as a sampler of that spec gives them. PNGs hold
    whole numbers in 0..255 of any images. The path is a folder, for a PNG each, or a file: `.npy`
    or `.npz` for both kinds of data, `.csv` or `.parquet` for vectors. Blocks are arrays of shape
    `(n, *spec.shape)`, in the scale of the data, and none of them is kept.

    Raises a `ValueError` if the path is of another kind, or rows are not finite or of another
    shape, an `OSError` if it cannot be written.
    """
    path = Path(path)
    write = _write_pngs if is_folder(path, spec) else _writers(spec)[path.suffix.lower()]
    return write(path, (in_form(block, spec) for block in blocks), spec)


def is_folder(path, spec):
    """Whether `write_rows` takes a path for that of a folder; a `ValueError` if it takes none."""
    suffix, writers = path.suffix.lower(), _writers(spec)
    if spec.kind == "images" and not suffix[1:].isalpha():
        return True
    if suffix not in writers:
        kinds = ", ".join(writers) + (" or a new folder" if spec.kind == "images" else "")
        raise ValueError(f"out must be {kinds} for {spec.kind}. Received: out={path}.")
    return False


def _writers(spec):
    arrays = dict.fromkeys(ARRAYS, _write_array)
    tables = {".csv": _write_csv, ".parquet": _write_parquet}
    return arrays | (tables if spec.kind == "vectors" else {})


def in_form(rows, spec):
    """Finished rows `(n, *spec.shape)` of a sampler in `spec.dtype`, as they are written.

    Raises a `ValueError` if they are not finite, of another shape, or, where that is uint8, not
    whole numbers in 0..255.
    """
    rows = check_finite("rows", np.asarray(rows))
    if rows.shape[1:] != spec.shape:
        shape = ", ".join(map(str, spec.shape))
        raise ValueError(f"rows must have shape (n, {shape}). Received: shape {rows.shape}.")
    if spec.dtype == "uint8" and (rows != np.clip(np.rint(rows), 0, 255)).any():
        raise ValueError("rows must be whole numbers in 0..255. Received: others.")
    return rows.astype(spec.dtype)


def _write_pngs(folder, blocks, spec):
    scale, count = Scale(255 if spec.dtype == "uint8" else 1, spec.dtype), 0
    for block in blocks:
        pixels = scale.apply(np.clip(block, 0, scale.white), "uint8")
        for image in pixels[..., 0] if spec.shape[2] == 1 else pixels:
            Image.fromarray(image).save(folder / f"{count:06d}.png")
            count += 1
    return count


def write_array(path, blocks, shape, dtype):
    """Writes blocks of rows `(n, *shape)` to a `.npy` or `.npz` file; returns how many rows."""
    if path.suffix.lower() == ".npz":
        unpacked = path.with_name(path.name + ".npy")  # in the temporary folder of the output, too
        count = write_array(unpacked, blocks, shape, dtype)
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.write(unpacked, "x.npy")
        unpacked.unlink()
        return count
    with closing(RowsFile(path, shape, dtype)) as file:
        for block in blocks:
            file.append(block)
    return file.count


def _write_array(path, blocks, spec):
    return write_array(path, blocks, spec.shape, spec.dtype)


def _write_csv(path, blocks, spec):
    count = 0
    with open(path, "w", encoding="utf-8", newline="") as file:
        if spec.columns is not None:
            file.write(f"{','.join(map(quoted, spec.columns))}\n")
        for block in blocks:
            file.writelines(f"{','.join(row)}\n" for row in block.astype(str).tolist())
            count += len(block)
    return count


def _gathered(blocks):
    """The rows in larger blocks, since a Parquet file keeps an account of each to its end."""
    held, size = [], 0
    for block in blocks:
        held.append(block)
        size += block.nbytes
        if size >= BLOCK_BYTES:
            yield np.concatenate(held)
            held, size = [], 0
    if held:
        yield np.concatenate(held)


def _write_parquet(path, blocks, spec):
    import pyarrow as pa
    from pyarrow import parquet

    names = spec.columns or [f"column_{column}" for column in range(spec.shape[0])]
    schema, count = pa.schema([(name, pa.float32()) for name in names]), 0
    with parquet.ParquetWriter(path, schema) as writer:
        for block in _gathered(blocks):
            writer.write_table(pa.table(list(np.ascontiguousarray(block.T)), schema=schema))
            count += len(block)
    return count
