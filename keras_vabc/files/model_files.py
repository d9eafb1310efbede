"""A Keras model and the numbers that belong to it, in one file."""

import json
import math
import os
import re
import warnings
import zipfile
from contextlib import contextmanager
from pathlib import Path

import keras
import numpy as np

from keras_vabc.files.bounds import check_stored
from keras_vabc.files.model_records import METADATA, RECORD_KEY
from keras_vabc.files.scratch import scratch_in
from keras_vabc.files.writing import whole_file

CONFIG = "config.json"
MEMBERS = re.compile(r"metadata\.json|config\.json|model\.weights\.(h5|npz)|assets/(?!.*\.\.).*")


def write_model_file(path, model, record):
    """Writes a `.keras` file that also holds a record, which JSON can hold.

    It appears whole or not at all; a file of that name is replaced. Raises a `ValueError` if the
    path ends otherwise, an `OSError` if it cannot be written.
    """
    path = _checked(path)
    with whole_file(path) as whole:
        saved = whole.with_name(f"saved-{path.name}")
        with scratch_in(whole.parent):
            model.save(saved)
        _add_record(saved, whole, record)


def _add_record(saved, whole, record):
    """Copies an archive, the record in its metadata: Keras unpacks one of more members to /tmp."""
    with zipfile.ZipFile(saved) as source, zipfile.ZipFile(whole, "w") as target:
        for name in source.namelist():
            content = source.read(name)
            if name == METADATA:
                content = json.dumps(json.loads(content) | {RECORD_KEY: record})
            target.writestr(name, content)


def read_model_file(path):
    """Reads `(model, record)` that `write_model_file` wrote, in Keras' safe mode.

    Raises a `FileNotFoundError` if there is no such file, a `ValueError` if it is damaged or was
    written by something else.
    """
    with _whole_archive(path) as archive:
        record = json.loads(archive.read(METADATA))[RECORD_KEY]
        with warnings.catch_warnings():
            warnings.filterwarnings("error", "Skipping")  # a part of the file
            model = keras.saving.load_model(archive.filename, compile=False, safe_mode=True)
        if not all(np.isfinite(weight).all() for weight in model.get_weights()):
            raise ValueError("its weights are not finite")
        return model, record


def load_keras_file(path):
    """Loads the model in any `.keras` file in Keras' safe mode, its optimizer included.

    Errors as of `read_model_file`, and a `ValueError` for what safe mode refuses.
    """
    with _whole_archive(path) as archive:
        return keras.saving.load_model(archive.filename, safe_mode=True)


@contextmanager
def _whole_archive(path):
    """The `ZipFile` at a path, its checksums compared; whatever goes wrong is one error."""
    path = _checked(path)
    if not path.is_file():
        raise FileNotFoundError(f"path must be a file. Received: path={path}.")
    try:
        with zipfile.ZipFile(path) as archive:
            check_stored(archive)
            if archive.testzip() is not None:
                raise zipfile.BadZipFile("a checksum does not match")
            names = archive.namelist()
            if len(set(names)) < len(names) or not all(map(MEMBERS.fullmatch, names)):
                raise zipfile.BadZipFile(f"its members are {names}")
            _check_weights(archive)
            yield archive
    except Exception as error:  # zip, zlib, JSON, HDF5 and Keras each raise their own
        raise ValueError(
            "path must be a whole file of this package's. "
            f"Received: path={path} ({type(error).__name__}: {error})."
        ) from error


def _check_weights(archive):
    """Refuses a model that has more weights than its file has bytes, before any is made."""
    config = json.loads(archive.read(CONFIG))
    config.pop("compile_config", None)  # since optimizers make their variables at once
    try:
        with keras.StatelessScope(initialize_variables=False):
            model = keras.saving.deserialize_keras_object(config, safe_mode=True)
        weights = sum(math.prod(variable.shape) for variable in model.variables)
    except Exception:  # loading it says what is wrong; a layer that needs its numbers, nothing
        return
    own = os.path.getsize(archive.filename)
    if weights > own:
        raise ValueError(f"it declares {weights} weights, but has {own} bytes")


def _checked(path):
    path = Path(path)
    if path.suffix != ".keras":
        raise ValueError(f"path must end in .keras. Received: path={path}.")
    return path
