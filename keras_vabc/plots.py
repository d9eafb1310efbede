"""Pictures: arrays in, matplotlib Axes out."""

import io

import numpy as np
from matplotlib.collections import EllipseCollection
from matplotlib.figure import Figure

CLUTTER_FREE = 100  # points of each fold that are drawn, as in the paper


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


def png_bytes(figure):
    """The PNG file of a figure."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=100, bbox_inches="tight")
    return buffer.getvalue()


def sample_grid(images, columns=10, vmax=255, ax=None):
    """Images as tiles, row by row.

    Args:
        images: Shape `(n, height, width, channels)`, 1 or 3 channels.
        columns: Tiles in a row.
        vmax: Value shown as white, or as a full colour; 0 is black.
        ax: Axes to draw in; by default those of a new figure.

    Returns:
        The Axes.

    Raises:
        ValueError: If `images` has another shape or no row.
    """
    images = np.asarray(images)
    if images.ndim != 4 or len(images) == 0 or images.shape[3] not in (1, 3):
        raise ValueError(
            "images must have shape (n, height, width, channels), n >= 1, with 1 or 3 channels. "
            f"Received: shape {images.shape}."
        )
    ax = _axes(ax)
    rows = -(-len(images) // columns)
    blank = np.zeros((rows * columns - len(images), *images.shape[1:]))
    _show(ax, np.concatenate([images, blank]), rows, columns, vmax)
    ax.set(xticks=[], yticks=[])
    return ax


def latent_manifold(decode, extent=3.0, steps=20, vmax=255, ax=None):
    """What a decoder makes of a grid of two-dimensional latents.

    Args:
        decode: Maps latents of shape `(n, 2)` to images `(n, height, width, channels)`.
        extent: The grid goes from `-extent` to `extent` in both latents.
        steps: Grid points along each latent.
        vmax: Value shown as white.
        ax: Axes to draw in; by default those of a new figure.

    Returns:
        The Axes; the first latent grows to the right, the second upwards.

    References:
        - [Novel Applications for VAE-based Anomaly Detection Systems](
          https://arxiv.org/abs/2204.12577), Fig. 6.
    """
    ax = _axes(ax)
    values = np.linspace(-extent, extent, steps)
    z = [(first, second) for second in values[::-1] for first in values]
    half = extent / (steps - 1)  # a tile is centred on its latent
    edge = extent + half
    images = decode(np.asarray(z, "float32"))
    _show(ax, images, steps, steps, vmax, extent=(-edge, edge, -edge, edge))
    ax.set(xlabel="$z_1$", ylabel="$z_2$")
    return ax


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
    ax = _axes(ax)
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
    ax = _axes(ax)
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
    ax = _axes(ax)
    ax.semilogx(gamma, error, label="equilibrium $R^*$")
    ax.axhline(bound, color="gray", linestyle="--", label="bound")
    if measured is not None:
        ax.plot(*measured, "o", color="tab:red", label="measured")
    ax.set(xlabel=r"$\gamma$", ylabel="reconstruction error $R$", ylim=(0, 1.1 * bound))
    ax.legend()
    return ax


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
    ax = _axes(ax)
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
            side.
        ax: Axes to draw in; by default those of a new figure.

    Returns:
        The Axes; each group's bars add up to the share of it that is in view.
    """
    ax = _axes(ax)
    low, high = np.quantile(next(iter(groups.values()))[0], (0.005, 0.995))
    edges = np.linspace(low, high, bins + 1) if low < high else np.array([low - 0.5, low + 0.5])
    for name, (values, weights) in groups.items():
        weights = np.ones(len(values)) if weights is None else weights
        ax.hist(values, edges, weights=weights / weights.sum(), histtype="step", label=name)
    ax.set(yticks=[])
    return ax


def learning_curves(histories, metric="val_loss", ax=None):
    """One metric by epoch, a line for each training.

    Args:
        histories: Dict from the name of a training to its Keras history dict.
        metric: Key of the histories.
        ax: Axes to draw in; by default those of a new figure.

    Returns:
        The Axes.
    """
    ax = _axes(ax)
    for name, history in histories.items():
        ax.plot(range(1, 1 + len(history[metric])), history[metric], marker=".", label=name)
    ax.set(xlabel="epoch", ylabel=metric)
    ax.legend()
    return ax


def _axes(ax):
    return panels(1)[1][0] if ax is None else ax


def _show(ax, images, rows, columns, vmax, extent=None):
    """Tiles of `rows * columns` images as one picture."""
    height, width, channels = images.shape[1:]
    tiles = images.reshape(rows, columns, height, width, channels).swapaxes(1, 2)
    picture = np.clip(tiles.reshape(rows * height, columns * width, channels) / vmax, 0, 1)
    if channels == 1:
        picture = picture[..., 0]
    ax.imshow(
        picture,
        cmap="gray",
        vmin=0,
        vmax=1,
        origin="upper",
        extent=extent,
        interpolation="nearest",
    )


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
    ax = _axes(ax)
    rates = [100 * np.asarray(values) for values in groups.values()]
    ax.boxplot(rates, tick_labels=list(groups), widths=0.5, showfliers=False)
    for place, values in enumerate(rates, 1):
        ax.scatter(np.full(len(values), place), values, s=14, color="tab:blue", alpha=0.7, zorder=3)
    ax.set(ylabel=label)
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
    ax = _axes(ax)
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


def distances_by_gamma(gammas, distances, ax=None):
    """Distances of several runs by gamma, with a line through their means.

    Args:
        gammas: Gamma of each run, shape `(n,)`, > 0.
        distances: Dict from a name to distances, shape `(n,)`.
        ax: Axes to draw in; by default those of a new figure.

    Returns:
        The Axes.
    """
    ax = _axes(ax)
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
    ax = _axes(ax)
    ax.plot(gammas, values, "o-", label="V-ABC")
    ax.axhline(reference, linestyle="--", color="grey", label="VAE")
    ax.axvline(chosen, linestyle=":", color="C1", label="chosen")
    ax.set(xscale="log", xlabel="gamma", ylabel=label, ylim=(0, None))
    ax.legend()
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
    ax = _axes(ax)
    markers = "os^vD<>Pp*hX"
    for index, (name, points) in enumerate(groups.items()):
        marker = markers[index % len(markers)]
        ax.scatter(*np.transpose(points), marker=marker, color=f"C{index % 10}", label=name)
    ax.set(xscale="log", xlabel=quality, ylabel=error)
    ax.set_yscale("symlog", linthresh=0.1)
    ax.set_ylim(bottom=-0.01)
    ax.legend(fontsize="small")
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
    ax = _axes(ax)
    for name, rows in points.items():
        ax.scatter(*rows.T, s=14, alpha=0.6, label=name)
    length = np.linalg.norm(field, axis=1)
    arrows = ax.quiver(*grid.T, *field.T, length, cmap="viridis", angles="xy", width=0.003)
    ax.figure.colorbar(arrows, ax=ax, shrink=0.7, label="length")
    ax.set(aspect="equal", xlabel="$x_1$", ylabel="$x_2$")
    ax.legend(loc="lower left", fontsize="small")
    return ax


def reconstruction_pairs(originals, reconstructed, pairs=3, threshold=96, ax=None):
    """Images beside their reconstructions, in pairs of columns.

    Args:
        originals: Shape `(n, height, width, channels)`, values 0 to 255, n a multiple of `pairs`.
        reconstructed: Shaped like `originals`; shown black and white.
        pairs: Number of column pairs.
        threshold: Value from which a reconstructed pixel is white.
        ax: Axes to draw in; by default those of a new figure.

    Returns:
        The Axes.

    References:
        - [Novel Applications for VAE-based Anomaly Detection Systems](
          https://arxiv.org/abs/2204.12577), Fig. 7.
    """
    shown = np.where(np.asarray(reconstructed) >= threshold, 255, 0)
    both = np.stack([originals, shown], axis=1).reshape(-1, *originals.shape[1:])
    return sample_grid(both, columns=2 * pairs, ax=ax)


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
    ax = _axes(ax)
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
