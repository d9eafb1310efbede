"""A finetuning of a decoder, to a file and back."""

from pathlib import Path

import keras
import numpy as np

from keras_vabc.files.array_files import array_group, read_array_file, write_array_file
from keras_vabc.files.fingerprints import array_fingerprint, config_fingerprint
from keras_vabc.files.writing import make_folder


def finetuning_fingerprint(model, numbers, data, owner=None):
    """What a finetuning depends on: a dict of what JSON can hold.

    That is the model, the arguments, and of the data, a `tf.data.Dataset`, their size and first
    batch, which is drawn here. The model is known by its encoder, which stays as it is: so a
    finetuning that is done can be repeated on its own result, and is seen to be done.
    """
    config = model.get_config()
    if model.sampling.seed is None:  # drawn anew by each process
        del config["seed"]
    batch = [int(data.cardinality()), *next(iter(data))]
    fingerprint = {} if owner is None else {"owner": owner}
    return fingerprint | {
        "model": [config_fingerprint(config), array_fingerprint(_arrays(model.encoder.weights))],
        "arguments": numbers,
        "data": array_fingerprint(batch),
    }


class FinetuningFile:
    """The state of a finetuning in one file that is replaced at once and as a whole.

    `path` may be `None`: then nothing is kept. The folder is made. `groups` is a dict of lists of
    variables, all that changes between two steps.
    """

    def __init__(self, path, fingerprint, groups):
        self._path = None if path is None else Path(path)
        self._fingerprint, self._groups = fingerprint, groups
        if path is not None:
            make_folder(self._path.parent, "checkpoint")

    def store(self, step, history):
        """Keeps what there is after a number of steps; an `OSError` if that cannot be written."""
        if self._path is None:
            return
        arrays = {
            f"{name}/{number}": array
            for name, variables in self._groups.items()
            for number, array in enumerate(_arrays(variables))
        }
        record = {"fingerprint": self._fingerprint, "step": step, "history": history}
        write_array_file(self._path, arrays, record, "checkpoint")

    def restore(self):
        """`(step, history)` from which to go on; checks all before it changes a variable.

        A `ValueError` if the file is damaged or of another finetuning.
        """
        if self._path is None or not self._path.exists():
            return 0, {}
        arrays, record = read_array_file(self._path, "checkpoint")
        theirs = record.get("fingerprint")
        theirs = theirs if isinstance(theirs, dict) else {}
        other = [name for name, own in self._fingerprint.items() if theirs.get(name) != own]
        if other:
            raise ValueError(
                f"checkpoint must be of this finetuning. Received: checkpoint={self._path}, of "
                f"another {', another '.join(other)}."
            )
        stored = {name: array_group(arrays, name) for name in self._groups}
        for name, variables in self._groups.items():
            shapes = [tuple(variable.shape) for variable in variables]
            if [array.shape for array in stored[name]] != shapes:
                raise ValueError(
                    f"checkpoint must hold a whole finetuning. Received: checkpoint={self._path}."
                )
        for name, variables in self._groups.items():
            for variable, array in zip(variables, stored[name], strict=True):
                variable.assign(array)
        return record["step"], record["history"]


def _arrays(variables):
    return [np.asarray(keras.ops.convert_to_numpy(variable)) for variable in variables]
