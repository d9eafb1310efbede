"""Writing generated rows in the kind of file that the data came in."""

import os
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

from keras_vabc.runs import new_folder


def write_rows(path, blocks, spec):
    """Writes generated rows to a new folder of PNGs, or a `.npy` or `.npz` file."""
    path, count = Path(path), 0
    if not path.suffix:
        with new_folder(path) as folder:
            for rows in blocks:
                for row in pixels(rows, spec):
                    Image.fromarray(row.squeeze(-1) if row.shape[-1] == 1 else row).save(
                        folder / f"{count:06d}.png"
                    )
                    count += 1
        return count
    rows = np.concatenate(list(blocks))
    handle, temporary = tempfile.mkstemp(dir=path.parent, suffix=".tmp")
    with os.fdopen(handle, "wb") as file:
        (np.savez if path.suffix == ".npz" else np.save)(file, rows)
    os.replace(temporary, path)
    return len(rows)


def pixels(rows, spec):
    """Rows of images as uint8, rounded and clipped."""
    scale = 1 if spec.dtype == "uint8" else 255
    return np.clip(np.rint(np.asarray(rows) * scale), 0, 255).astype(np.uint8)
