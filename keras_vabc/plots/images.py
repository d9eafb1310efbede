"""Pictures of images."""

import numpy as np

from keras_vabc.plots.figures import axes_or_new


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
    ax = axes_or_new(ax)
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
    ax = axes_or_new(ax)
    values = np.linspace(-extent, extent, steps)
    z = [(first, second) for second in values[::-1] for first in values]
    half = extent / (steps - 1)  # a tile is centred on its latent
    edge = extent + half
    images = decode(np.asarray(z, "float32"))
    _show(ax, images, steps, steps, vmax, extent=(-edge, edge, -edge, edge))
    ax.set(xlabel="$z_1$", ylabel="$z_2$")
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
