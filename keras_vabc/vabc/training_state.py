"""All that a training consists of between two epochs, to a file and back."""

import warnings

import keras
import tensorflow as tf

from keras_vabc.files.array_files import array_group, read_array_file, write_array_file
from keras_vabc.files.fingerprints import config_fingerprint
from keras_vabc.version import __version__

FORMAT = 2  # of the file: raise it when it holds something else
FIELDS = {
    "versions": dict,
    "fingerprint": dict,
    "seed": int,
    "epoch": int,
    "first_epochs": list,
    "next_epochs": list,
    "history": dict,
    "epochs": list,
    "callbacks": list,
}
VERSIONS = {"keras_vabc": __version__, "keras": keras.__version__, "tensorflow": tf.__version__}
STATES = {  # what callbacks of Keras forget when a fit begins, but for arrays
    keras.callbacks.EarlyStopping: ("best", "wait", "stopped_epoch", "best_epoch"),
    keras.callbacks.ReduceLROnPlateau: ("best", "wait", "cooldown_counter"),
    keras.callbacks.ModelCheckpoint: ("best",),
}
ANNEALING = ("gamma_start", "gamma_steps", "kl_steps")  # variables of VABC that are settings


class TrainingState:
    """A training in `VABC.fit`: model, optimizer, history, callbacks and epochs of the data.

    Among the callbacks is a `History`. The `owner` is as in `Checkpoint`.
    """

    def __init__(self, model, callbacks, data, owner=None):
        self._model, self._data, self._owner = model, data, owner
        self._history = next(c for c in callbacks if isinstance(c, keras.callbacks.History))
        self._stateful = [c for c in callbacks if isinstance(c, tuple(STATES))]

    def begin(self):
        """Notes where a training that is not restored begins."""
        self._first_epochs = self._data.next_epochs
        self._fingerprint = self._described()

    def store(self, path, epoch):
        """Writes a checkpoint after `epoch` finished epochs; an `OSError` if it cannot."""
        groups = self._variables()
        for index, callback in enumerate(self._stateful):
            groups[f"best_{index}"] = getattr(callback, "best_weights", None) or []
        arrays = {
            f"{name}/{number}": keras.ops.convert_to_numpy(value)
            for name, values in groups.items()
            for number, value in enumerate(values)
        }
        record = {
            "format": FORMAT,
            "versions": VERSIONS,
            "fingerprint": self._fingerprint,
            "seed": self._model.seed,
            "epoch": epoch,
            "first_epochs": self._first_epochs,
            "next_epochs": self._data.next_epochs,
            "history": self._history.history,
            "epochs": self._history.epoch,
            "callbacks": [{name: getattr(c, name) for name in _names(c)} for c in self._stateful],
        }
        write_array_file(path, arrays, record)

    def restore(self, path, epochs):
        """Reads a checkpoint; checks everything before it changes anything.

        Returns the epoch to go on with; `epochs` if early stopping has ended the training. A
        `ValueError` if the file is damaged or of another training, or `epochs` below what is done.
        """
        arrays, record = read_array_file(path)
        self._check_record(path, record)
        self._check_training(path, record)
        self._check_contents(path, arrays, record["callbacks"])
        if record["epoch"] > epochs:
            raise ValueError(
                f"epochs must be >= {record['epoch']}, which the checkpoint has finished. "
                f"Received: epochs={epochs}."
            )
        if record["versions"] != VERSIONS:
            warnings.warn(
                f"the checkpoint was written by {record['versions']}; the result may differ in its "
                f"last bits with {VERSIONS}.",
                stacklevel=2,
            )
        self._put_back(arrays, record)
        stopped = any(state.get("stopped_epoch") for state in record["callbacks"])
        return epochs if stopped else record["epoch"]

    def _check_record(self, path, record):
        """Refuses a record of another form."""
        whole = record.get("format") == FORMAT and all(
            isinstance(record.get(name), kind) for name, kind in FIELDS.items()
        )
        whole = whole and len(record["next_epochs"]) == len(record["first_epochs"])
        whole = whole and all(
            type(number) is int and number >= 0
            for number in (record["epoch"], *record["first_epochs"], *record["next_epochs"])
        )
        first = record["epoch"] - len(record["epochs"]) if whole else 0
        whole = whole and record["epochs"] == list(range(first, record["epoch"]))
        whole = whole and all(
            isinstance(values, list) and len(values) <= len(record["epochs"]) and _numbers(values)
            for values in record["history"].values()
        )
        if not whole:
            raise ValueError(
                f"path must be a checkpoint of this version. Received: path={path}. Without that "
                "file the training begins anew."
            )

    def _check_training(self, path, record):
        """Refuses the checkpoint of another training."""
        here, first = self._data.next_epochs, record["first_epochs"]
        self._first_epochs = first if len(first) == len(here) else here
        self._fingerprint = self._described()
        theirs = record["fingerprint"]
        other = [name for name, own in self._fingerprint.items() if theirs.get(name) != own]
        if other:
            raise ValueError(
                f"path must be a checkpoint of this training. Received: path={path}, of another "
                f"{', another '.join(other)}. Build all of it as it was, or remove that file."
            )

    def _check_contents(self, path, arrays, states):
        """Refuses arrays and states of callbacks that do not fit this training."""
        variables = self._variables()
        for index in range(len(self._stateful)):
            if f"best_{index}/0" in arrays:
                variables[f"best_{index}"] = self._model.weights
        expected = {
            f"{name}/{number}": tuple(variable.shape)
            for name, values in variables.items()
            for number, variable in enumerate(values)
        }
        fits = (
            {name: array.shape for name, array in arrays.items()} == expected
            and all(isinstance(state, dict) for state in states)
            and [set(state) for state in states] == [set(_names(c)) for c in self._stateful]
            and all(_numbers(state.values()) for state in states)
        )
        if not fits:
            raise ValueError(f"path must hold a whole training. Received: path={path}.")

    def _put_back(self, arrays, record):
        for name, variables in self._variables().items():
            for variable, array in zip(variables, array_group(arrays, name), strict=True):
                variable.assign(array)
        for index, callback in enumerate(self._stateful):
            for name in _names(callback):
                setattr(callback, name, record["callbacks"][index][name])
            if best_weights := array_group(arrays, f"best_{index}"):
                callback.best_weights = best_weights
        self._history.history, self._history.epoch = record["history"], record["epochs"]
        self._data.next_epochs = record["next_epochs"]
        self._take_seed(record["seed"])

    def _take_seed(self, seed):
        """Goes on with the noise of a model whose seed was drawn."""
        if seed != self._model.seed:
            self._model.seed = seed
            self._model.make_train_function(force=True)  # in which the seed is a constant
            self._model.make_test_function(force=True)

    def _described(self):
        """What a checkpoint must have in common with the training that goes on from it."""
        config = self._model.get_config()
        if self._model.sampling.seed is None:  # drawn anew by each process
            del config["seed"]
        owner = {} if self._owner is None else {"owner": self._owner}
        return owner | {
            "model": config_fingerprint(config),
            "optimizer": config_fingerprint(
                keras.saving.serialize_keras_object(self._model.optimizer)
            ),
            "annealing": [
                float(keras.ops.convert_to_numpy(v))
                for v in self._model.variables
                if v.name in ANNEALING
            ],
            "data": self._data.fingerprint(self._first_epochs),
            "list of callbacks": [type(callback).__name__ for callback in self._stateful],
        }

    def _variables(self):
        return {"model": self._model.variables, "optimizer": self._model.optimizer.variables}


def _numbers(values):
    """Whether all values are numbers, or none yet."""
    return all(value is None or isinstance(value, int | float) for value in values)


def _names(callback):
    """Attributes in which a callback keeps its state."""
    return next(names for kind, names in STATES.items() if isinstance(callback, kind))
