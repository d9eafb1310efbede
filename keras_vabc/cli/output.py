"""Standard output whose faults say that it was it, and no file that was being written meanwhile."""

import contextlib
import os
import sys


class _Named:
    """A text file whose errors have a name."""

    def __init__(self, file, name):
        self._file, self._name = file, name

    def __getattr__(self, attribute):
        return getattr(self._file, attribute)

    def write(self, text):
        with self._named():
            return self._file.write(text)

    def flush(self):
        with self._named():
            self._file.flush()

    @contextlib.contextmanager
    def _named(self):
        try:
            yield
        except OSError as error:
            self._give_up()
            raise OSError(error.errno, error.strerror, self._name) from None

    def _give_up(self):
        """Lets go what could not be written: Python would try it again at its end."""
        with contextlib.suppress(OSError, ValueError), open(os.devnull, "w") as null:
            os.dup2(null.fileno(), self._file.fileno())


@contextlib.contextmanager
def named_output():
    """In the block, an `OSError` of standard output tells of it."""
    output = sys.stdout
    sys.stdout = _Named(output, "standard output")
    try:
        yield
    finally:
        sys.stdout = output
