"""The start of TensorFlow, which takes seconds and talks."""

import os
import sys
from contextlib import contextmanager
from threading import current_thread, main_thread

from keras_vabc.files.signals import stop_signals_wait
from keras_vabc.pages.console import status


@contextmanager
def starting_tensorflow(console):
    """A status line that says that TensorFlow starts, and then whatever its `update` is given."""
    with status(console, "Starting TensorFlow") as shown:
        start_tensorflow()
        yield shown


def start_tensorflow():
    """Imports TensorFlow without the notes that its C++ code writes to file descriptor 2.

    Signals to stop wait until it is done: they would come out of it as errors of other kinds.
    """
    if current_thread() is not main_thread():  # which alone may handle signals and descriptors
        import tensorflow  # noqa: F401

        return
    with stop_signals_wait():
        import_tensorflow()


def import_tensorflow():
    """Imports TensorFlow in silence; in a worker process that is all."""
    if "tensorflow" in sys.modules:
        return
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    saved = os.dup(2)
    with open(os.devnull, "w") as null:
        os.dup2(null.fileno(), 2)
    try:
        import tensorflow as tf

        tf.config.list_physical_devices()
    finally:
        os.dup2(saved, 2)
        os.close(saved)
