"""Tables and numbers in Markdown."""

import numpy as np


def markdown(head, rows):
    """A Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)


def mean_and_deviation(values, digits=2):
    """Text such as `1.23 ± 0.45`."""
    return f"{np.mean(values):.{digits}f} ± {np.std(values):.{digits}f}"
