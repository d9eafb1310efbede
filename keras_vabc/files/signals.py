"""Signals that ask a program to stop: Ctrl-C, SIGTERM, and SIGHUP of a terminal that is closed."""

import signal
from contextlib import contextmanager
from threading import current_thread, main_thread

HANG_UP = getattr(signal, "SIGHUP", None)  # not on Windows
STOPS = tuple(filter(None, (signal.SIGINT, signal.SIGTERM, HANG_UP)))


@contextmanager
def stop_signals_handled(handler):
    """Gives these signals to a handler until the block ends, in the main thread.

    A SIGHUP that is ignored, as under `nohup`, stays so.
    """
    ours = [n for n in STOPS if n != HANG_UP or signal.getsignal(n) != signal.SIG_IGN]
    before = {number: signal.signal(number, handler) for number in ours}
    try:
        yield
    finally:
        for number, old in before.items():
            signal.signal(number, old)


@contextmanager
def stop_signals_wait():
    """What must not be broken off is not: a signal that comes in the block acts after it.

    In another thread than the main one, which alone gets signals, this does nothing.
    """
    if current_thread() is not main_thread():
        yield
        return
    came = []
    try:
        with stop_signals_handled(lambda number, _: came.append(number)):
            yield
    finally:
        for number in came[:1]:
            signal.raise_signal(number)
