"""Folders that a command works in: one process at a time, and no trace of one that failed."""

import os
from contextlib import contextmanager
from pathlib import Path

from keras_vabc.files.locks import LOCK, is_lock, locked
from keras_vabc.files.signals import stop_signals_wait
from keras_vabc.files.writing import parents_made


@contextmanager
def work_place(folder, name="out"):
    """Makes a folder, with its parents, and keeps every other process out until the block ends.

    If that raises and left nothing in the folder, our lock vanishes, and so do the folder and
    parents that were made here. Raises a `BlockingIOError` if another process is at work there.
    """
    folder = Path(folder)
    with parents_made(folder / LOCK, name), locked(folder):
        try:
            yield
        except BaseException:
            with stop_signals_wait():
                if _is_empty(folder):
                    (folder / LOCK).unlink()
            raise


def _is_empty(folder):
    return folder.is_dir() and os.listdir(folder) == [LOCK] and is_lock(folder / LOCK)
