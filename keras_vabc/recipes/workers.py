"""Worker processes that train models, one thread each."""

import multiprocessing
import os
import signal
import time
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing.connection import wait
from threading import Thread

GRACE = 1.0  # seconds in which a worker that must end may tidy up


def start_tensorflow():
    """Imports TensorFlow without the notes that its C++ code writes to file descriptor 2.

    Ctrl-C and SIGTERM wait until it is done: they would come out of it as errors of other kinds.
    """
    with _signals_wait(signal.SIGINT, signal.SIGTERM):
        _import_tensorflow()


@contextmanager
def _signals_wait(*signals):
    came = []
    handlers = {
        number: signal.signal(number, lambda number, _: came.append(number)) for number in signals
    }
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
        for number in came[:1]:
            signal.raise_signal(number)


def _import_tensorflow():
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


@contextmanager
def worker_pool(workers=None):
    """A pool of processes that have TensorFlow loaded.

    Each has one thread: on models as small as these two processes do more than two threads. When
    the block ends they have ended too, in the middle of their work if it raises.

    Args:
        workers: Number of processes; by default one for each core.

    Yields:
        `concurrent.futures.ProcessPoolExecutor`.

    Raises:
        concurrent.futures.process.BrokenProcessPool: If one of them dies.
    """
    context = multiprocessing.get_context("spawn")  # TensorFlow does not survive a fork
    others = set(multiprocessing.active_children())
    pool = _Pool(workers or os.cpu_count(), context, _start_worker)
    try:
        yield pool
    except BrokenProcessPool:
        text = "A worker process has died, perhaps for want of memory."
        raise BrokenProcessPool(text) from None
    except BaseException:
        for worker in set(multiprocessing.active_children()) - others:
            worker.terminate()
        raise
    finally:
        pool.shutdown(cancel_futures=True)


class _Pool(ProcessPoolExecutor):
    """Its processes inherit that Ctrl-C is blocked: the parent, which gets it too, ends them."""

    def submit(self, *args, **kwargs):
        blocked = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            return super().submit(*args, **kwargs)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, blocked)


def _start_worker():
    Thread(target=_end_with_parent, daemon=True).start()
    for variable in ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"):
        os.environ[variable] = "1"
    _import_tensorflow()
    signal.signal(signal.SIGTERM, _tidy_up_and_end)


def _tidy_up_and_end(*_):
    """Breaks off what runs, and ends this process before the pool gives it something else."""
    Thread(target=lambda: (time.sleep(GRACE), os._exit(1)), daemon=True).start()
    raise SystemExit(1)


def _end_with_parent():
    """Ends this process when its parent has died, even of SIGKILL: it would wait for ever."""
    wait([multiprocessing.parent_process().sentinel])
    os._exit(1)
