"""Pictures of points in the plane."""

import numpy as np
from matplotlib.collections import EllipseCollection

from keras_vabc.plots.figures import axes_or_new

CLUTTER_FREE = 100  # points of each fold that are drawn, as in the paper


def moons_samples(unlabeled, unwanted, means, noisy, ax=None):
    """Generated points over the two folds.

    Args:
        unlabeled: Points of the unlabeled fold, shape `(n, 2)`; 100 of them are drawn.
        unwanted: Points of the unwanted fold, shape `(n, 2)`; 100 of them are drawn.
        means: The decoder's means, shape `(n, 2)`.
        noisy: Means with noise, shape `(n, 2)`.
        ax: Axes to draw in; by default those of a new figure.

    Returns:
        The Axes.

    References:
        - [Novel Applications for VAE-based Anomaly Detection Systems](
          https://arxiv.org/abs/2204.12577), Figs. 3 and 4.
    """
    ax = axes_or_new(ax)
    rng = np.random.default_rng(0)
    for points, name, color in (
        (unlabeled, "unlabeled, y = 1", "tab:blue"),
        (unwanted, "unwanted, y = 0", "tab:orange"),
    ):
        shown = points[rng.permutation(len(points))[:CLUTTER_FREE]]
        ax.scatter(*shown.T, s=16, color=color, alpha=0.7, label=name)
    ax.scatter(*noisy.T, s=28, marker="x", color="tab:green", linewidth=1, label="sampled data")
    ax.scatter(*means.T, s=40, marker="+", color="tab:red", linewidth=1.2, label="means")
    ax.set(aspect="equal", xlabel="$x_1$", ylabel="$x_2$")
    ax.legend(loc="lower left", fontsize="small")
    return ax


def negative_unlabeled_setting(positive, hidden, unwanted, ax=None):
    """The two folds, and a dashed ellipse around each concept.

    Args:
        positive: Unlabeled points of the positive concept, shape `(n, 2)`.
        hidden: Unlabeled points of the negative concept, shape `(m, 2)`.
        unwanted: Unwanted points, shape `(k, 2)`.
        ax: Axes to draw in; by default those of a new figure.

    Returns:
        The Axes.

    References:
        - [Novel Applications for VAE-based Anomaly Detection Systems](
          https://arxiv.org/abs/2204.12577), Fig. 1.
    """
    ax = axes_or_new(ax)
    negative = np.concatenate([hidden, unwanted])
    ax.scatter(*np.concatenate([positive, hidden]).T, color="tab:blue", label="unlabeled, y = 1")
    ax.scatter(*unwanted.T, color="tab:red", label="unwanted, y = 0")
    for points, name, color in (
        (positive, "positive concept", "tab:green"),
        (negative, "negative concept", "tab:red"),
    ):
        reach = 1.15 * np.abs(points - points.mean(0)).max(0)
        angles = np.linspace(0, 2 * np.pi, 100)
        circle = np.stack([np.cos(angles), np.sin(angles)], axis=1)
        ax.plot(*(points.mean(0) + reach * circle).T, "--", color=color, label=name)
    ax.set(aspect="equal", xticks=[], yticks=[])
    ax.legend(loc="lower right", fontsize="small")
    return ax


def vector_field(grid, field, points, ax=None):
    """Arrows over the plane, on top of points.

    Args:
        grid: Where the arrows start, shape `(n, 2)`.
        field: The arrows, shape `(n, 2)`; their colour is their length.
        points: Dict from a name to points `(m, 2)`.
        ax: Axes to draw in; by default those of a new figure.

    Returns:
        The Axes.

    References:
        - [Novel Applications for VAE-based Anomaly Detection Systems](
          https://arxiv.org/abs/2204.12577), Fig. 5.
    """
    ax = axes_or_new(ax)
    for name, rows in points.items():
        ax.scatter(*rows.T, s=14, alpha=0.6, label=name)
    length = np.linalg.norm(field, axis=1)
    arrows = ax.quiver(*grid.T, *field.T, length, cmap="viridis", angles="xy", width=0.003)
    ax.figure.colorbar(arrows, ax=ax, shrink=0.7, label="length")
    ax.set(aspect="equal", xlabel="$x_1$", ylabel="$x_2$")
    ax.legend(loc="lower left", fontsize="small")
    return ax


def posterior_ellipses(z_mean, z_log_var, labels, negative_class, ax=None):
    """Each posterior as the ellipse of two standard deviations, which holds 86 % of it.

    Args:
        z_mean: Shape `(n, 2)`.
        z_log_var: Shape `(n, 2)`.
        labels: Class of each example, shape `(n,)`, 0 to 9.
        negative_class: The class that is drawn on top, in black.
        ax: Axes to draw in; by default those of a new figure.

    Returns:
        The Axes.

    References:
        - [Novel Applications for VAE-based Anomaly Detection Systems](
          https://arxiv.org/abs/2204.12577), Fig. 8.
    """
    ax = axes_or_new(ax)
    diameters = 4 * np.exp(z_log_var / 2)
    for label in sorted(set(labels.tolist()), key=lambda label: label == negative_class):
        rows = labels == label
        negative = label == negative_class
        ellipses = EllipseCollection(
            *diameters[rows].T,
            np.zeros(rows.sum()),
            units="xy",
            offsets=z_mean[rows],
            offset_transform=ax.transData,
            facecolors="none",
            edgecolors="black" if negative else f"C{label}",
            linewidths=1.2 if negative else 0.6,
            alpha=0.8 if negative else 0.4,
        )
        ax.add_collection(ellipses)
        name = f"{label}, negative" if negative else str(label)
        ax.plot([], [], color="black" if negative else f"C{label}", label=name)
    ax.set(aspect="equal", xlim=(-4, 4), ylim=(-4, 4), xlabel="$z_1$", ylabel="$z_2$")
    ax.legend(loc="upper right", fontsize="small")
    return ax
