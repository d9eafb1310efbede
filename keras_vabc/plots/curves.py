"""Curves: training, and what gamma does."""

import numpy as np

from keras_vabc.plots.figures import axes_or_new


def learning_curves(histories, metric="val_loss", ax=None):
    """One metric by epoch, a line for each training.

    Args:
        histories: Dict from the name of a training to its Keras history dict.
        metric: Key of the histories.
        ax: Axes to draw in; by default those of a new figure.

    Returns:
        The Axes.
    """
    ax = axes_or_new(ax)
    for name, history in histories.items():
        ax.plot(range(1, 1 + len(history[metric])), history[metric], marker=".", label=name)
    ax.set(xlabel="epoch", ylabel=metric)
    ax.legend()
    return ax


def loss_balance(error, losses, ax=None):
    """What one example of the negative concept costs on average, against its error.

    Args:
        error: Reconstruction errors `R`, shape `(n,)`, ascending.
        losses: Dict from a name to the mean loss at each error, shape `(n,)`; a dot marks the
            lowest point of each.
        ax: Axes to draw in; by default those of a new figure.

    Returns:
        The Axes.
    """
    ax = axes_or_new(ax)
    for name, loss in losses.items():
        (line,) = ax.plot(error, loss, label=name)
        lowest = np.argmin(loss)
        ax.plot(error[lowest], loss[lowest], marker="o", color=line.get_color())
    ax.set(xlabel="reconstruction error $R$", ylabel="mean loss")
    ax.legend()
    return ax


def equilibrium_curve(gamma, error, bound, measured=None, ax=None):
    """The error at which the negative concept settles, against gamma.

    Args:
        gamma: Values of gamma, shape `(n,)`, ascending.
        error: Equilibrium error `R*` for each of them, shape `(n,)`.
        bound: The error that no gamma exceeds; a dashed line.
        measured: `None`, or `(gamma, error)` of trained models; drawn as dots.
        ax: Axes to draw in; by default those of a new figure.

    Returns:
        The Axes, gamma on a logarithmic scale.
    """
    ax = axes_or_new(ax)
    ax.semilogx(gamma, error, label="equilibrium $R^*$")
    ax.axhline(bound, color="gray", linestyle="--", label="bound")
    if measured is not None:
        ax.plot(*measured, "o", color="tab:red", label="measured")
    ax.set(xlabel=r"$\gamma$", ylabel="reconstruction error $R$", ylim=(0, 1.1 * bound))
    ax.legend()
    return ax


def distances_by_gamma(gammas, distances, ax=None):
    """Distances of several runs by gamma, with a line through their means.

    Args:
        gammas: Gamma of each run, shape `(n,)`, > 0.
        distances: Dict from a name to distances, shape `(n,)`.
        ax: Axes to draw in; by default those of a new figure.

    Returns:
        The Axes.
    """
    ax = axes_or_new(ax)
    gammas = np.asarray(gammas)
    places = np.unique(gammas)
    for name, values in distances.items():
        means = [np.asarray(values)[gammas == gamma].mean() for gamma in places]
        (line,) = ax.plot(places, means, label=name)
        ax.scatter(gammas, values, s=16, color=line.get_color())
    ax.set(xscale="log", xlabel="gamma", ylabel="mean distance", ylim=(0, None))
    ax.legend()
    return ax


def by_gamma(gammas, values, reference, chosen, label, ax=None):
    """A figure by gamma, beside that of the VAE.

    Args:
        gammas: Shape `(n,)`, > 0, rising.
        values: The figure, shape `(n,)`.
        reference: The figure of the VAE.
        chosen: The gamma to mark.
        label: Label of the vertical axis.
        ax: Axes to draw in; by default those of a new figure.

    Returns:
        The Axes.
    """
    ax = axes_or_new(ax)
    ax.plot(gammas, values, "o-", label="V-ABC")
    ax.axhline(reference, linestyle="--", color="grey", label="VAE")
    ax.axvline(chosen, linestyle=":", color="C1", label="chosen")
    ax.set(xscale="log", xlabel="gamma", ylabel=label, ylim=(0, None))
    ax.legend()
    return ax


def against_seconds(curves, label, ax=None):
    """A figure of trainings of several lengths against the seconds that they took.

    Args:
        curves: Dict from the name of a method to its `(seconds, figure)` pairs, in any order.
        label: Label of the vertical axis.
        ax: Axes to draw in; by default those of a new figure.

    Returns:
        The Axes, seconds on a logarithmic scale.
    """
    ax = axes_or_new(ax)
    for name, points in curves.items():
        ax.plot(*zip(*sorted(points), strict=True), "o-", label=name)
    ax.set(xscale="log", xlabel="seconds", ylabel=label, ylim=(0, None))
    ax.legend()
    return ax
