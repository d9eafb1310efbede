"""Worker processes that train models, one thread each."""

import multiprocessing
import os
from concurrent.futures import ProcessPoolExecutor
from multiprocessing.connection import wait
from threading import Thread


def start_tensorflow():
    """Imports TensorFlow without the notes that its C++ code writes to file descriptor 2."""
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


def worker_pool(workers=None):
    """A pool of processes that have TensorFlow loaded.

    Each has one thread: on models as small as these two processes do more than two threads.

    Args:
        workers: Number of processes; by default one for each core.

    Returns:
        `concurrent.futures.ProcessPoolExecutor`.
    """
    context = multiprocessing.get_context("spawn")  # TensorFlow does not survive a fork
    return ProcessPoolExecutor(workers or os.cpu_count(), context, _start_worker)


def _start_worker():
    Thread(target=_end_with_parent, daemon=True).start()
    for variable in ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"):
        os.environ[variable] = "1"
    start_tensorflow()


def _end_with_parent():
    """Ends this process when its parent has died, even of SIGKILL: it would wait for ever."""
    wait([multiprocessing.parent_process().sentinel])
    os._exit(1)
