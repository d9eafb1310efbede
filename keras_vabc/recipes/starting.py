"""The start of TensorFlow, which takes seconds and talks."""

import os
import signal
import sys
from contextlib import contextmanager
from threading import current_thread, main_thread


@contextmanager
def starting_tensorflow(console):
    """A status line that says that TensorFlow starts, and then whatever its `update` is given."""
    with console.status("Starting TensorFlow") as status:
        start_tensorflow()
        yield status


def start_tensorflow():
    """Imports TensorFlow without the notes that its C++ code writes to file descriptor 2.

    Ctrl-C and SIGTERM wait until it is done: they would come out of it as errors of other kinds.
    """
    if current_thread() is not main_thread():  # which alone may handle signals and descriptors
        import tensorflow  # noqa: F401

        return
    came = []
    try:
        with stop_signals_handled(lambda number, _: came.append(number)):
            import_tensorflow()
    finally:
        for number in came[:1]:
            signal.raise_signal(number)


@contextmanager
def stop_signals_handled(handler):
    """Gives Ctrl-C and SIGTERM to a handler until the block ends."""
    before = {number: signal.signal(number, handler) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, old in before.items():
            signal.signal(number, old)


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
