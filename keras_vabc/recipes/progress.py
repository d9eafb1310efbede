"""How far a training has come."""

import keras


class EpochReport(keras.callbacks.Callback):
    """Tells the parent process of each epoch through a queue."""

    def __init__(self, queue, title):
        super().__init__()
        self._queue, self._title = queue, title

    def on_epoch_end(self, epoch, logs=None):
        """Reports the losses."""
        losses = [f"{name} {logs[name]:.4g}" for name in ("loss", "val_loss") if name in logs]
        self._queue.put((self._title, ", ".join(losses)))
