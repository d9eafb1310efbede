"""The files of a run beside its record: what is in each, written and read here alone."""

import json

import numpy as np

from keras_vabc.data.checks import check_finite, check_rows
from keras_vabc.files.array_files import read_array_file, write_array_file
from keras_vabc.files.bounds import read_text_file
from keras_vabc.files.writing import write_whole
from keras_vabc.recipes.record_file import DAMAGES

FILES = {
    "nu": "nu.keras",
    "model": "model.keras",
    "density": "density.npz",
    "scores": "scores.npz",
    "history": "history.json",
}
SHOWN_LOSSES = ("loss", "val_loss", "val_reconstruction", "val_kl", "val_penalty")


class Parts:
    """The parts of a run by their names in `FILES`, each read when it is first asked for.

    They are an `NUClassifier`, a `VABC`, the state of a `LatentSampler`, held-out scores of both
    folds as a dict of arrays, and the history of a `fit`. Without a folder all stay in memory.
    """

    def __init__(self, folder):
        self._folder, self._loaded = folder, {}

    def __getitem__(self, name):
        """A part, read once; a `ValueError` says that its file is damaged."""
        if name not in self._loaded:
            self._loaded[name] = _read(self._folder / FILES[name], name)
        return self._loaded[name]

    def keep(self, name, value, spec):
        """Takes a part, and writes its file, whole or not at all, where there is a folder."""
        if self._folder is not None:
            self._write(self._folder / FILES[name], name, value, spec)
        self._loaded[name] = value

    def _write(self, path, name, value, spec):
        if name == "nu":
            value.save(path)
        elif name == "model":
            from keras_vabc.files.model_files import write_model_file

            write_model_file(path, value, {"spec": spec.to_json()})
        elif name == "history":
            write_whole(path, json.dumps(value).encode())
        else:
            write_array_file(path, value, {})


def _read(path, name):
    if name == "nu":
        from keras_vabc.nu.classifier import NUClassifier

        return NUClassifier.load(path)
    if name == "model":
        import keras_vabc.vabc.model  # noqa: F401 - which makes the class known
        from keras_vabc.files.model_files import read_model_file

        return read_model_file(path)[0]
    stored = read_text_file(path) if name == "history" else read_array_file(path)[0]
    try:
        return _CHECKED[name](stored)
    except DAMAGES as error:
        raise ValueError(
            f"run must have a whole {path.name}. Received: {path.parent}, whose is damaged "
            f"({type(error).__name__}: {error})."
        ) from None


def _scores(arrays):
    return {name: check_rows(name, arrays[name], ()) for name in ("unlabeled", "unwanted")}


def _history(text):
    stored = json.loads(text)
    for name in SHOWN_LOSSES:
        check_finite(name, np.array(stored[name], "float64"))
    return {name: list(map(float, values)) for name, values in stored.items()}


_CHECKED = {"density": dict, "scores": _scores, "history": _history}
