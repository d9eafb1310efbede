"""Where other packages put their temporary files."""

import tempfile
from contextlib import contextmanager


@contextmanager
def scratch_in(folder):
    """Lets Python's `tempfile` make its files in a folder until the block ends.

    Keras and the converters leave theirs behind when they are stopped; in a folder of ours, they
    go with it.
    """
    before = tempfile.tempdir
    tempfile.tempdir = str(folder)
    try:
        yield
    finally:
        tempfile.tempdir = before
