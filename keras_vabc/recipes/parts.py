"""The files of a run beside its record: what is in each, written and read here alone."""

import json

import numpy as np

from keras_vabc.data.checks import check_finite, check_rows
from keras_vabc.files.array_files import read_array_file, write_array_file
from keras_vabc.files.writing import write_whole

FILES = {
    "nu": "nu.keras",
    "model": "model.keras",
    "density": "density.npz",
    "scores": "scores.npz",
    "history": "history.json",
}
HISTORY = ("loss", "val_loss", "val_reconstruction", "val_kl", "val_penalty")  # what a page shows


class Parts:
    """The parts of a run by their names in `FILES`, each read when it is first asked for.

    Args:
        folder: `pathlib.Path` of the run; `None` to keep all of them in memory.
    """

    def __init__(self, folder):
        self._folder, self._loaded = folder, {}

    def __getitem__(self, name):
        """A part; its file is read once."""
        if name not in self._loaded:
            self._loaded[name] = read_part(self._folder, name)
        return self._loaded[name]

    def keep(self, name, value, spec):
        """Takes a part, and writes its file where there is a folder."""
        if self._folder is not None:
            write_part(self._folder, name, value, spec)
        self._loaded[name] = value


def write_part(folder, name, value, spec):
    """Writes a part of a run, whole or not at all.

    Args:
        folder: `pathlib.Path` of the run.
        name: A key of `FILES`.
        value: An `NUClassifier`, a `VABC`, the state of a `LatentSampler`, held-out scores of both
            folds as a dict of arrays, or the history of a `fit`.
        spec: `DataSpec` of the run.

    Raises:
        OSError: If it cannot be written.
    """
    path = folder / FILES[name]
    if name == "nu":
        value.save(path)
    elif name == "model":
        from keras_vabc.files.model_files import write_model_file

        write_model_file(path, value, {"spec": spec.to_json()})
    elif name == "history":
        write_whole(path, json.dumps(value).encode())
    else:
        write_array_file(path, value, {})


def read_part(folder, name):
    """Reads what `write_part` wrote.

    Args:
        folder: `pathlib.Path` of the run.
        name: A key of `FILES`.

    Raises:
        ValueError: If the file is damaged or missing.
        OSError: If it cannot be read.
    """
    path = folder / FILES[name]
    if name == "nu":
        from keras_vabc.nu.classifier import NUClassifier

        return NUClassifier.load(path)
    if name == "model":
        import keras_vabc.vabc.model  # noqa: F401 - which makes the class known
        from keras_vabc.files.model_files import read_model_file

        return read_model_file(path)[0]
    if name == "density":
        return read_array_file(path)[0]
    return (_scores if name == "scores" else _history)(path)


def _scores(path):
    arrays = read_array_file(path)[0]
    try:
        return {name: check_rows(name, arrays[name], ()) for name in ("unlabeled", "unwanted")}
    except (KeyError, ValueError) as error:
        raise _damaged(path, error) from None


def _history(path):
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
        history = {name: np.array(stored[name], "float64") for name in HISTORY}
        for name, values in history.items():
            check_finite(name, values)
        return {name: list(map(float, values)) for name, values in stored.items()}
    except OSError:
        raise
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise _damaged(path, error) from None


def _damaged(path, error):
    return ValueError(
        f"RUN must have a whole {path.name}. Received: {path.parent}, whose is damaged "
        f"({type(error).__name__}: {error})."
    )
