"""The files of a run beside its record: what is in each, written and read here alone."""

import contextlib
import json
import os
from pathlib import Path

import numpy as np

from keras_vabc.data.checks import check_finite, check_rows
from keras_vabc.data.columns.table import Columns
from keras_vabc.files.array_files import array_bytes, read_array_file
from keras_vabc.files.bounds import read_text_file
from keras_vabc.files.fingerprints import file_hash
from keras_vabc.files.keras_settings import check_keras_settings
from keras_vabc.files.model_records import read_model_record
from keras_vabc.files.writing import whole_file
from keras_vabc.recipes.identity import CHECKPOINTS, due_files, own_files
from keras_vabc.recipes.record import FILES
from keras_vabc.recipes.record_file import DAMAGES

SHOWN_LOSSES = ("loss", "val_loss", "val_reconstruction", "val_kl", "val_penalty")
HELD_OUT = "unlabeled", "unwanted"  # of the scores, by the final score
OUT_OF_FOLD = "out_of_fold_unlabeled", "out_of_fold_unwanted"  # log odds of the training data
FORM = ("kind", "shape", "dtype")  # of an example, which a model cannot do without


class Parts:
    """The parts of a run by their names in `FILES`, each read when it is first asked for.

    They are an `NUClassifier`, a `VABC`, the state of a `LatentSampler`, held-out scores of both
    folds as a dict of arrays, the history of a `fit`, and the `Columns` of a table. Without a
    folder all stay in memory.
    """

    def __init__(self, folder):
        self._folder, self._loaded, self._made = folder, {}, {}

    def get(self, name, record):
        """A part, read once; a `ValueError` if its file is damaged or does not fit the record."""
        if name not in self._loaded:
            path = self._folder / FILES[name]
            value = _read(path, name)
            _compare("run", path, _FITTING.get(name, _nothing)(value, record))
            self._loaded[name] = value
        return self._loaded[name]

    def made_of(self, name, record, make):
        """What a function makes of a part, which is slow: once, until there is another part."""
        part = self.get(name, record)
        if name not in self._made or self._made[name][0] is not part:
            self._made[name] = part, make(part)
        return self._made[name][1]

    def keep(self, run, name, value):
        """Takes a part of a run, and writes its file where there is a folder."""
        self._loaded[name] = value
        if self._folder is not None:
            put(run, FILES[name], lambda path: write_part(path, name, value, run.spec))


def write_part(path, name, value, spec):
    """Writes the file of a part to a path."""
    if name == "nu":
        value.save(path)
    elif name == "model":
        from keras_vabc.files.model_files import write_model_file

        write_model_file(path, value, {"spec": spec.to_json()})
    elif name == "history":
        path.write_text(json.dumps(value))
    elif name == "columns":
        path.write_text(value.to_json(), encoding="utf-8")
    else:
        path.write_bytes(array_bytes(value, {}))


def check_parts(folder, record, name):
    """Refuses, by a `ValueError`, a file of a run that is gone or is not the one that it wrote.

    `name` is that of the argument that gave the folder. Nothing is loaded, so that it takes no
    TensorFlow. A run of an earlier version has no hashes: only what its models say is compared.
    """
    for file in own_files(record):
        path = Path(folder, file)
        if not path.is_file():
            raise _not_own(name, path, "none")
        if file in record.parts and file_hash(path) != record.parts[file]:
            raise _not_own(name, path, "one of another run, or changed since")
        with contextlib.suppress(KeyError, TypeError):  # loading it says more
            _compare(name, path, _TELLING.get(file, _nothing)(read_model_record(path), record))


def put(run, file, write):
    """Puts a file, which a function of a path writes, into the folder of a run.

    The record gets its hash before the file gets its name. So a file of that name whose hash the
    record does not have is another's: a `FileExistsError` refuses it.
    """
    path = run.folder / file
    with whole_file(path) as temporary:
        write(temporary)
        check_room(run.folder, run.record, [file])
        path.unlink(missing_ok=True)  # an earlier try's, which the record will not know any more
        run.update(parts=run.record.parts | {file: file_hash(temporary)})


def check_room(folder, record, files=None):
    """Raises a `FileExistsError` if a file of another's has the name of one to be written.

    These are all that the training has before it, or those of the given names.
    """
    for path in (Path(folder, file) for file in files or due_files(record)):
        if os.path.lexists(path) and not _is_known(path, record):
            raise FileExistsError(
                f"out must have room for {path.name}. Received: out={folder}, whose {path.name} "
                "this run did not make, or it was changed since; move that away."
            )


def delete_checkpoints(folder, stage, record):
    """Deletes the checkpoints of a finished stage that are the run's own."""
    for path in (Path(folder, name) for name in CHECKPOINTS[stage].values()):
        if path.exists() and _is_known(path, record):
            path.unlink()


def _is_known(path, record):
    """Whether a file is the run's own: by its hash, or a checkpoint by the owner that it names."""
    if not path.is_file():
        return False
    if not any(path.name in names.values() for names in CHECKPOINTS.values()):
        return file_hash(path) == record.parts.get(path.name)
    with contextlib.suppress(OSError, *DAMAGES):
        return read_array_file(path)[1]["fingerprint"].get("owner") == record.id
    return False


def _not_own(name, path, received):
    return ValueError(
        f"{name} must have its own {path.name}. Received: {path.parent} with {received}."
    )


def _compare(name, path, told):
    """Raises the error of the first thing told that is another than the record has."""
    for what, own, expected in told:
        if own != expected:
            raise _not_own(name, path, f"one of {what} {own}, not {expected}")


def _read(path, name):
    if name in ("nu", "model"):
        check_keras_settings()
    if name == "nu":
        from keras_vabc.nu.classifier import NUClassifier

        return NUClassifier.load(path)
    if name == "model":
        import keras_vabc.vabc.model  # noqa: F401 - which makes the class known
        from keras_vabc.files.model_files import read_model_file

        return read_model_file(path)[0]
    is_text = name in ("history", "columns")
    stored = read_text_file(path) if is_text else read_array_file(path)[0]
    try:
        return _CHECKED[name](stored)
    except DAMAGES as error:
        raise ValueError(
            f"run must have a whole {path.name}. Received: {path.parent}, whose is damaged "
            f"({type(error).__name__}: {error})."
        ) from None


def out_of_fold_scores(nu):
    """Arrays of the part `scores` that tell of the training data; none without a classifier."""
    if nu is None or nu.out_of_fold is None:
        return {}
    return dict(zip(OUT_OF_FOLD, nu.out_of_fold, strict=True))


def _scores(arrays):
    names = (*HELD_OUT, *(name for name in OUT_OF_FOLD if name in arrays))
    return {name: check_rows(name, arrays[name], ()) for name in names}


def _history(text):
    stored = json.loads(text)
    for name in SHOWN_LOSSES:
        check_finite(name, np.array(stored[name], "float64"))
    return {name: list(map(float, values)) for name, values in stored.items()}


_CHECKED = {
    "density": dict,
    "scores": _scores,
    "history": _history,
    "columns": Columns.from_json,
}


def _nothing(part, record):
    """What is told of a part that tells nothing: `(what, its own, that of the record)`."""
    return ()


def _fitting_model(model, record):
    yield "shape", tuple(model.encoder.input_shape[1:]), record.spec.shape
    yield "latents", model.latent_dim, record.recipe.setting.latent_dim


def _fitting_density(state, record):
    means = state.get("means", np.zeros(()))
    yield "latents", means.shape[1:], (record.recipe.setting.latent_dim,)


def _fitting_scores(scores, record):
    for name in HELD_OUT:
        yield f"{name} examples", len(scores[name]), record.counts[name].held_out


def _fitting_history(history, record):
    yield "epochs", len(history["loss"]), record.figures.epochs


def _fitting_columns(columns, record):
    yield "codes", columns.dense.width, record.spec.shape[0]


_FITTING = {
    "model": _fitting_model,
    "density": _fitting_density,
    "scores": _fitting_scores,
    "history": _fitting_history,
    "columns": _fitting_columns,
}


def _told_by_model(stored, record):
    for key in FORM:
        own = getattr(record.spec, key)
        yield key, stored["spec"][key], list(own) if key == "shape" else own


def _told_by_classifier(stored, record):
    figures, share = record.figures, stored["estimates"]["negative_share"]
    yield "negative share", share, figures.negative_share
    yield "seed", stored["arguments"]["seed"], record.settings.seed


_TELLING = {FILES["model"]: _told_by_model, FILES["nu"]: _told_by_classifier}
