"""Signals that ask a program to stop."""

import signal

from keras_vabc.files import signals


def blocked():
    return signal.pthread_sigmask(signal.SIG_BLOCK, ())


def test_processes_that_start_get_no_signal_to_stop(monkeypatch):
    before = blocked()
    with signals.signals_blocked():
        assert blocked() - before == {signal.SIGINT, signal.SIGHUP}
    assert blocked() == before
    monkeypatch.setattr(signals, "HANG_UP", None)  # as on Windows, which has no masks either
    monkeypatch.delattr(signal, "pthread_sigmask")
    with signals.signals_blocked():
        pass
