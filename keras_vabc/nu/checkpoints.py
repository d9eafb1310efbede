"""Finished members of a cross-training, so that a broken-off `NUClassifier.fit` goes on."""

from pathlib import Path

import keras
import numpy as np

from keras_vabc.files.array_files import array_group, read_array_file, write_array_file
from keras_vabc.files.fingerprints import array_fingerprint, config_fingerprint
from keras_vabc.files.writing import make_folder

SCORES = "unlabeled", "unwanted"
OLDER_NAME = "traits"  # of the fingerprint, in files written before it was called so


def training_fingerprint(arguments, network, folds, owner=None):
    """What a training depends on; `network` is the user's own, or `None`, and so is `owner`."""
    fingerprint = {} if owner is None else {"owner": owner}
    fingerprint |= {"arguments": arguments, "data": array_fingerprint(folds)}
    if network is not None:
        config = keras.saving.serialize_keras_object(network)
        weights = array_fingerprint(network.get_weights())
        fingerprint["network"] = [config_fingerprint(config), weights]
    return fingerprint


class MemberCheckpoint:
    """The members that are trained, in one file that is replaced at once and as a whole.

    Its folder is made. The fingerprint, a dict of what JSON can hold, is what the training depends
    on. Raises a `ValueError` if the file is damaged or of another training, an `OSError` if the
    folder cannot be made.
    """

    def __init__(self, path, fingerprint):
        self._path, self._fingerprint, self._arrays = Path(path), fingerprint, {}
        make_folder(self._path.parent, "checkpoint")
        if not self._path.exists():
            return
        self._arrays, record = read_array_file(self._path, "checkpoint")
        stored = record.get("fingerprint", record.get(OLDER_NAME))
        stored = stored if isinstance(stored, dict) else {}
        names = sorted(fingerprint.keys() | stored.keys())
        other = [name for name in names if stored.get(name) != fingerprint.get(name)]
        if other:
            raise ValueError(
                f"checkpoint must be of this training. Received: checkpoint={path}, of another "
                f"{', another '.join(other)}."
            )

    def restore(self, member, network, parts):
        """Gives a network its trained weights; returns the logits of the `parts` that it holds out.

        `None` if the member is not trained; a `ValueError` if the file lacks something.
        """
        if not any(name.startswith(f"{member}/") for name in self._arrays):
            return None
        weights = array_group(self._arrays, f"{member}/weights")
        logits = [self._arrays.get(f"{member}/{name}") for name in SCORES]
        found = [getattr(array, "shape", None) for array in (*weights, *logits)]
        expected = [*(tuple(w.shape) for w in network.weights), *((len(part),) for part in parts)]
        if found != expected or not all(np.isfinite(a).all() for a in (*weights, *logits)):
            raise ValueError(
                f"checkpoint must hold whole members. Received: checkpoint={self._path}."
            )
        network.set_weights(weights)
        return logits

    def store(self, member, network, logits):
        """Adds a trained member to the file; what was stored stays where that is an `OSError`."""
        for number, weight in enumerate(network.get_weights()):
            self._arrays[f"{member}/weights/{number}"] = weight
        for name, values in zip(SCORES, logits, strict=True):
            self._arrays[f"{member}/{name}"] = values
        record = {"fingerprint": self._fingerprint}
        write_array_file(self._path, self._arrays, record, "checkpoint")
