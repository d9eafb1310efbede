"""Ranks of methods over data sets."""

from keras_vabc.plots.figures import axes_or_new


def critical_difference(ranks, difference, ax=None):
    """Mean ranks of methods, best on top; two differ where their bars do not overlap.

    Args:
        ranks: Dict from a method to its mean rank, 1 for the best.
        difference: The critical difference: how far apart two mean ranks must be. Bars are as long.
        ax: Axes to draw in; by default those of a new figure.

    Returns:
        The Axes.

    References:
        - [Statistical Comparisons of Classifiers over Multiple Data Sets](
          https://www.jmlr.org/papers/v7/demsar06a.html), Demsar 2006, whose diagrams show the same
          with lines that join what does not differ.
    """
    ax = axes_or_new(ax)
    order = sorted(ranks, key=ranks.get)
    ax.errorbar(
        [ranks[name] for name in order],
        range(len(order)),
        xerr=difference / 2,
        fmt="o",
        elinewidth=4,
        alpha=0.8,
    )
    ax.set_yticks(range(len(order)), order)
    ax.set_ylim(len(order) - 0.5, -0.5)
    ax.set(xlabel="mean rank, bars half the critical difference to each side")
    ax.grid(axis="x")
    return ax
