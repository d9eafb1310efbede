"""Pictures: arrays in, matplotlib Axes out."""

from keras_vabc.plots.curves import (
    against_seconds,
    by_gamma,
    distances_by_gamma,
    equilibrium_curve,
    learning_curves,
    loss_balance,
)
from keras_vabc.plots.distributions import (
    column_histogram,
    error_against_quality,
    error_boxes,
    score_histogram,
)
from keras_vabc.plots.figures import panels, png_bytes
from keras_vabc.plots.images import latent_manifold, reconstruction_pairs, sample_grid
from keras_vabc.plots.points import (
    moons_samples,
    negative_unlabeled_setting,
    posterior_ellipses,
    vector_field,
)
from keras_vabc.plots.ranks import critical_difference

__all__ = [
    "against_seconds",
    "by_gamma",
    "column_histogram",
    "critical_difference",
    "distances_by_gamma",
    "equilibrium_curve",
    "error_against_quality",
    "error_boxes",
    "latent_manifold",
    "learning_curves",
    "loss_balance",
    "moons_samples",
    "negative_unlabeled_setting",
    "panels",
    "png_bytes",
    "posterior_ellipses",
    "reconstruction_pairs",
    "sample_grid",
    "score_histogram",
    "vector_field",
]
