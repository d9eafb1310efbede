"""Generated rows as a sampler finishes them, in NumPy."""

import numpy as np


def finished(rows, spec):
    rows = np.array(rows, "float32")
    if spec.dtype == "uint8":
        return np.clip(np.rint(rows), 0, 255) + 0  # which makes -0 a 0
    for column, low, high in spec.whole:
        rows[:, column] = np.clip(np.rint(rows[:, column]), low, high) + 0
    for column, value in spec.constants:
        rows[:, column] = value
    return rows
