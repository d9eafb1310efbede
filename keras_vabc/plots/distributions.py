"""Distributions: scores, columns, and the errors of many runs."""

import numpy as np

from keras_vabc.plots.figures import axes_or_new


def score_histogram(scores, threshold=None, bins=50, probabilities=False, ax=None):
    """How the scores of several groups are spread.

    Args:
        scores: Dict from the name of a group to its scores, each of shape `(n,)`, all > 0.
        threshold: `None`, or a score that a dashed line marks.
        bins: Number of bins over the range of all groups.
        probabilities: Whether the scores are probabilities. Their scale is linear, from 0 to 1, and
            that of the shares logarithmic; of other scores it is the reverse.
        ax: Axes to draw in; by default those of a new figure.

    Returns:
        The Axes; each group's bars add up to 1.
    """
    ax = axes_or_new(ax)
    everything = np.concatenate(list(scores.values()))
    edges = np.linspace(0, 1, bins + 1)
    if not probabilities:
        edges = np.geomspace(everything.min(), everything.max(), bins + 1)
    for name, values in scores.items():
        weights = np.full(len(values), 1 / len(values))
        ax.hist(values, edges, weights=weights, alpha=0.6, label=name)
    if threshold is not None:
        ax.axvline(threshold, color="black", linestyle="--", label="threshold")
    ax.set(xlabel="score", ylabel="share of the group")
    ax.set(**{"yscale" if probabilities else "xscale": "log"})
    ax.legend()
    return ax


def column_histogram(groups, bins=40, ax=None):
    """How the values of one column are spread in several groups.

    Args:
        groups: Dict from the name of a group to its values, shape `(n,)`, and their weights, shape
            `(n,)` or `None`.
        bins: Number of bins, over all values but the outermost 0.5 % of the first group on either
            side; or their edges.
        ax: Axes to draw in; by default those of a new figure.

    Returns:
        The Axes; each group's bars add up to the share of it that is in view.
    """
    ax = axes_or_new(ax)
    low, high = np.quantile(next(iter(groups.values()))[0], (0.005, 0.995))
    if np.ndim(bins):
        edges = bins
    else:
        edges = np.linspace(low, high, bins + 1) if low < high else low + np.array([-0.5, 0.5])
    for name, (values, weights) in groups.items():
        weights = np.ones(len(values)) if weights is None else weights
        ax.hist(values, edges, weights=weights / weights.sum(), histtype="step", label=name)
    ax.set(yticks=[])
    return ax


def error_boxes(groups, label, ax=None):
    """Box plot of rates in percent, with every run as a dot.

    Args:
        groups: Dict from the name of a group to its rates, as fractions.
        label: Label of the vertical axis.
        ax: Axes to draw in; by default those of a new figure.

    Returns:
        The Axes.

    References:
        - [Novel Applications for VAE-based Anomaly Detection Systems](
          https://arxiv.org/abs/2204.12577), Figs. 2 and 9.
    """
    ax = axes_or_new(ax)
    rates = [100 * np.asarray(values) for values in groups.values()]
    ax.boxplot(rates, tick_labels=list(groups), widths=0.5, showfliers=False)
    for place, values in enumerate(rates, 1):
        ax.scatter(np.full(len(values), place), values, s=14, color="tab:blue", alpha=0.7, zorder=3)
    ax.set(ylabel=label)
    return ax


def error_against_quality(groups, quality, error, ax=None):
    """One point a run: its quality to the right, its error upwards, both best at 0.

    Args:
        groups: Dict from the name of a method to pairs of quality and error.
        quality: Label of the horizontal axis, which is logarithmic.
        error: Label of the vertical axis, which is linear up to 0.1 and then logarithmic.
        ax: Axes to draw in; by default those of a new figure.

    Returns:
        The Axes.
    """
    ax = axes_or_new(ax)
    markers = "os^vD<>Pp*hX"
    for index, (name, points) in enumerate(groups.items()):
        marker = markers[index % len(markers)]
        ax.scatter(*np.transpose(points), marker=marker, color=f"C{index % 10}", label=name)
    ax.set(xscale="log", xlabel=quality, ylabel=error)
    ax.set_yscale("symlog", linthresh=0.1)
    ax.set_ylim(bottom=-0.01)
    ax.legend(fontsize="small")
    return ax
