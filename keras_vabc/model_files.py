"""A Keras model and the numbers that belong to it, in one file."""

import json
import os
import tempfile
import zipfile
from pathlib import Path

import keras

RECORD = "keras_vabc.json"


def write_model_file(path, model, record):
    """Writes a `.keras` file that also holds a record; it appears whole or not at all.

    Args:
        path: Ends in `.keras`; a file of that name is replaced.
        model: Keras model.
        record: Dict of what JSON can hold.

    Raises:
        ValueError: If `path` ends otherwise.
    """
    path = _checked(path)
    with tempfile.TemporaryDirectory(prefix=f".{path.stem}-", dir=path.parent) as folder:
        whole = Path(folder, "whole.keras")
        model.save(whole)
        with zipfile.ZipFile(whole, "a") as archive:
            archive.writestr(RECORD, json.dumps(record))
        os.replace(whole, path)


def read_model_file(path):
    """Reads what `write_model_file` wrote, in Keras' safe mode.

    Args:
        path: Path of the file, which ends in `.keras`.

    Returns:
        `(model, record)`.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is damaged or was written by something else.
    """
    path = _checked(path)
    if not path.is_file():
        raise FileNotFoundError(f"path must be a file. Received: path={path}.")
    try:
        with zipfile.ZipFile(path) as archive:
            if archive.testzip() is not None:
                raise zipfile.BadZipFile("a checksum does not match")
            record = json.loads(archive.read(RECORD))
        return keras.saving.load_model(path, compile=False, safe_mode=True), record
    except Exception as error:  # zip, zlib, JSON, HDF5 and Keras each raise their own
        raise ValueError(
            "path must be a whole file of this package's. "
            f"Received: path={path} ({type(error).__name__}: {error})."
        ) from error


def _checked(path):
    path = Path(path)
    if path.suffix != ".keras":
        raise ValueError(f"path must end in .keras. Received: path={path}.")
    return path
