"""Exact resume: a training that was killed goes on as if nothing had happened."""

from pathlib import Path

import keras

from keras_vabc.files.writing import make_folder
from keras_vabc.vabc.fit_data import FitData
from keras_vabc.vabc.training_state import TrainingState


class Checkpoint(keras.callbacks.Callback):
    """Stores a training after each epoch, and lets the same script go on from there.

    Start the script again after a crash, a kill or a disconnect: `fit` then goes on after the last
    finished epoch, and ends with the weights and the history, to the last bit, of a training that
    was never interrupted. The `History` that `fit` returns holds all epochs.

    The file holds the variables of the model and of its optimizer (with them the position on the
    schedules and in the noise, and the current learning rate), the history, the next epoch of the
    training and validation data, and what `EarlyStopping`, `ReduceLROnPlateau` and
    `ModelCheckpoint` remember. It is replaced at once and as a whole: whenever a process dies,
    either the old or the new checkpoint is there. Callbacks of your own start anew. An epoch that
    was broken off is repeated.

    What must be the same: the script, the data, the versions of the packages and the device, on a
    CPU with the number of its threads; a GPU resumes too, but not to the last bit. A checkpoint of
    another model, optimizer, annealing or other data is refused. Pipelines are known by their
    number of batches and their first batch, arrays by all they hold. `epochs` may be raised. A
    model without a seed gets back the one that was drawn.

    A finished training stays stored: the same script, or cell of a notebook, then trains nothing
    and has the same history and weights at once; so does one that early stopping has ended. To
    train anew, delete the file.

    Data: `balanced_dataset` or `unlabeled_dataset`, also with `map`, `take` and the like after
    them, or arrays with `shuffle=False`. Only of these it can restore the order of an epoch.

    On Colab, let the path lie on a mounted drive, and run all cells again after a disconnect.

    Args:
        path: Path of the file; its folder is made. No two trainings may share it.
        owner: `None`, or a text that tells this training from all others, however alike they are:
            a checkpoint of another owner is refused.

    Raises:
        ValueError: When `fit` begins, if the file is damaged or of another training, or if the
            order of the data cannot be restored. The file and the model stay as they are. At the
            end of an epoch, if `x` is cached, repeated or `validation_data` too.
        OSError: If the file cannot be written; an earlier one stays as it is.

    Example:
        >>> model.fit(balanced_ds, epochs=30, validation_data=test_ds, callbacks=[
        ...     kv.GammaAnneal(), kv.KLAnneal(),
        ...     keras.callbacks.EarlyStopping(patience=3, restore_best_weights=True),
        ...     kv.Checkpoint("/content/drive/MyDrive/vabc/checkpoint")])
    """

    def __init__(self, path, owner=None):
        super().__init__()
        self.path, self.owner = Path(path), owner
        self._others = self._data = None

    def attach(self, others, data):
        """Takes what `fit` was given.

        Args:
            others: List of all other callbacks, a `History` among them.
            data: `FitData`.
        """
        self._others, self._data = others, data

    def on_train_begin(self, logs=None):
        """Restores the training if there is a checkpoint."""
        if self._data is None:
            raise ValueError("Checkpoint must stand in the list of callbacks of VABC.fit.")
        self._data.check_order()
        self._data.check_steps(self.params["steps"])
        self._state = TrainingState(self.model, self._others, self._data, self.owner)
        if self.path.exists():
            self.model._initial_epoch = self._state.restore(self.path, self.params["epochs"])
        else:
            make_folder(self.path.parent, "path")
            self._state.begin()

    def on_epoch_begin(self, epoch, logs=None):
        """Notes the next epoch of the data."""
        self.model._initial_epoch = None  # fit has read it
        self._batches, self._before = 0, self._data.training_epochs()

    def on_train_batch_end(self, batch, logs=None):
        """Counts batches; an execution of several steps names its last one."""
        self._batches = batch + 1

    def on_epoch_end(self, epoch, logs=None):
        """Stores the training, unless the epoch was broken off."""
        if self._batches < self.params["steps"]:
            return
        if self._data.training_epochs() != [before + 1 for before in self._before]:
            raise ValueError(
                "x must be read once from its start in each epoch: no cache, no repeat, and not as "
                f"validation_data too. Received: data that were not, in epoch {epoch}."
            )
        self._state.store(self.path, epoch + 1)

    def on_train_end(self, logs=None):
        """Lets go of the data."""
        self.model._initial_epoch = None
        self._others = self._data = self._state = None


def checkpoint_last(callbacks, data):
    """The callbacks of a `fit`, with a `Checkpoint` behind all that it stores and restores.

    `data` are the arguments of that `fit` that say what it reads.
    """
    given = keras.tree.flatten(callbacks) if isinstance(callbacks, list | tuple) else [callbacks]
    last = [callback for callback in given if isinstance(callback, Checkpoint)]
    if not last:
        return callbacks
    others = [callback for callback in given if callback not in last]
    if not any(isinstance(callback, keras.callbacks.History) for callback in others):
        others.append(keras.callbacks.History())
    for checkpoint in last:
        checkpoint.attach(others, FitData(data))
    return [*others, *last]
