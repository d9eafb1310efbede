"""Images drawn for tests: a bar at any place and angle, or a disc, which is the unwanted kind."""

import numpy as np

SIDE = 16


def bars(count, rng):
    """Bright bars on a dark ground with grain, uint8 of shape `(count, 16, 16, 1)`."""
    angle, centre = rng.uniform(0, np.pi, count), rng.uniform(5, 11, (2, count))
    length, width = rng.uniform(3, 6, count), rng.uniform(0.7, 1.5, count)

    def brightness(y, x):
        along = x * np.cos(angle) + y * np.sin(angle)
        across = -x * np.sin(angle) + y * np.cos(angle)
        return (np.abs(along) < length) & (np.abs(across) < width)

    return _drawn(brightness, centre, rng)


def discs(count, rng):
    """Bright discs, likewise."""
    centre, radius = rng.uniform(5, 11, (2, count)), rng.uniform(2, 4.5, count)
    return _drawn(lambda y, x: np.hypot(y, x) < radius, centre, rng)


def _drawn(brightness, centre, rng):
    y, x = np.mgrid[:SIDE, :SIDE][..., None]
    shown = brightness(y - centre[0], x - centre[1]).transpose(2, 0, 1)[..., None]
    pixels = 30 + 180 * shown + rng.normal(0, 12, shown.shape)
    return np.clip(np.rint(pixels), 0, 255).astype("uint8")
