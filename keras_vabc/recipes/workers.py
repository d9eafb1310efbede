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

from keras_vabc.recipes.starting import import_tensorflow

GRACE = 1.0  # seconds in which a worker that must end may tidy up


@contextmanager
def worker_pool(workers=None):
    """A pool of processes that have TensorFlow loaded, by default one for each core.

    Each has one thread: on models as small as these two processes do more than two threads. When
    the block ends they have ended too, in the middle of their work if it raises. If one of them
    dies, that is a `BrokenProcessPool`.
    """
    context = multiprocessing.get_context("spawn")  # TensorFlow does not survive a fork
    others = set(multiprocessing.active_children())
    with signals_blocked():
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


@contextmanager
def signals_blocked():
    """Processes that start in the block get neither Ctrl-C nor SIGHUP; the parent ends them."""
    blocked = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGHUP})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, blocked)


class _Pool(ProcessPoolExecutor):
    """Its processes start when they are first needed."""

    def submit(self, *args, **kwargs):
        with signals_blocked():
            return super().submit(*args, **kwargs)


def _start_worker():
    Thread(target=_end_with_parent, daemon=True).start()
    for variable in ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"):
        os.environ[variable] = "1"
    import_tensorflow()
    signal.signal(signal.SIGTERM, _tidy_up_and_end)


def _tidy_up_and_end(*_):
    """Breaks off what runs, and ends this process before the pool gives it something else."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # a second one would break off the tidying
    Thread(target=lambda: (time.sleep(GRACE), os._exit(1)), daemon=True).start()
    raise SystemExit(1)


def _end_with_parent():
    """Ends this process when its parent has died, even of SIGKILL: it would wait for ever."""
    wait([multiprocessing.parent_process().sentinel])
    os._exit(1)
