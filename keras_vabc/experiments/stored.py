"""Stored result lines and arrays, looked up by run or setting."""

from pathlib import Path

import numpy as np

from keras_vabc.experiments.sweep import ARRAYS, stored_lines


class Stored:
    """What the finished runs of a sweep left in its folder.

    Args:
        folder: Folder of the result lines and arrays.
    """

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
        """Dict of the arrays of one run.

        Raises:
            FileNotFoundError: If they are not there.
        """
        with np.load(self._arrays / f"{run.key}.npz") as stored:
            return dict(stored)
