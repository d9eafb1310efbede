"""Figures and their panels."""

import io

import numpy as np
from matplotlib.figure import Figure


def panels(count, size=6, stacked=False, columns=None):
    """An empty figure of panels in a row.

    Args:
        count: Number of panels.
        size: Width and height of a panel, in inches; one number for a square.
        stacked: Whether they stand in a column instead.
        columns: `None`, or after how many panels a new row begins.

    Returns:
        `(figure, axes)`: a matplotlib Figure and a list of its Axes.
    """
    columns = 1 if stacked else columns or count
    rows = -(-count // columns)
    width, height = np.broadcast_to(size, 2)
    figure = Figure(figsize=(columns * width, rows * height), layout="constrained")
    axes = list(figure.subplots(rows, columns, squeeze=False).flat)
    for unused in axes[count:]:
        unused.set_axis_off()
    return figure, axes[:count]


def axes_or_new(ax):
    """The Axes, or those of a new figure for `None`."""
    return panels(1)[1][0] if ax is None else ax


def png_bytes(figure):
    """The PNG file of a figure."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=100, bbox_inches="tight")
    return buffer.getvalue()
