"""Stored result lines and arrays, looked up by whatever has their key."""

import io
from pathlib import Path

import numpy as np

from keras_vabc.files.array_files import read_packed_arrays
from keras_vabc.files.writing import write_whole
from keras_vabc.recipes.results_folder import ARRAYS, RESULTS
from keras_vabc.recipes.sweep import stored_lines


class Stored:
    """What the finished runs of a sweep left in its folder, result lines and arrays."""

    def __init__(self, folder):
        self.all = stored_lines(folder)
        self._arrays = Path(folder, ARRAYS)

    def holds(self, runs):
        """Whether every run (anything with a `key`) has a line."""
        return all(run.key in self.all for run in runs)

    def lines(self, runs):
        """The lines of those runs that have one, in their order."""
        return [self.all[run.key] for run in runs if run.key in self.all]

    def values(self, runs, name, part=None):
        """One figure of each run that has a line, as an array; `part` of it where it is a dict."""
        figures = [line[name] for line in self.lines(runs)]
        return np.array([f if part is None else f[part] for f in figures], dtype=float)

    def has_arrays(self, run):
        """Whether arrays of a run are there."""
        return (self._arrays / f"{run.key}.npz").exists()

    def arrays(self, run):
        """Dict of the arrays of one run; a `ValueError` says that their file is damaged."""
        path = self._arrays / f"{run.key}.npz"
        try:
            return read_packed_arrays(path)
        except OSError:
            raise
        except Exception as error:  # zip, zlib and NumPy each raise their own
            raise ValueError(
                f"{path} must be a whole file of arrays. Received: a damaged one "
                f"({type(error).__name__}: {error}). Without the line of {run.key} in "
                f"{RESULTS} the same command makes it anew."
            ) from error


def store_arrays(path, **arrays):
    """Writes a compressed `.npz` file that appears whole or not at all."""
    data = io.BytesIO()
    np.savez_compressed(data, **arrays)
    write_whole(Path(path), data.getbuffer())
