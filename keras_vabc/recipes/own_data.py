"""Settings for a user's own data: those found on MNIST, carried over to other scales and sizes."""

import dataclasses
from fractions import Fraction

import numpy as np

from keras_vabc.recipes.recipe import COMPONENTS, GUARD, Recipe
from keras_vabc.recipes.settings import IMAGES, LARGE_IMAGES, QUALITY, Setting

SETTINGS = ("paper", "quality")
VARIANCE_ROWS = 10_000  # enough for a variance
VARIANCE_NUMBERS = 2**27  # fewer rows of large images do as well, and fit in memory
MNIST_VARIANCE = 52.7  # of all pixels together, in 0..1: the squared error of the mean image
MNIST_PIXELS = 784
LARGE = 32  # pixels of the longer side
STEPS = {
    "paper": (10_000, 50_000),
    "vectors": (2_300, 10_000),
    "images": (7_000, 20_000),
    "large images": (8_000, 20_000),
}
BLOCK = 2**20  # numbers that are looked at together
CONSTANT = 1e-6  # least deviation of a column, relative to its mean: float32 has seven digits
ROWS_PER_COMPONENT = 100  # with fewer, held-out latents become less likely (1,182 digits)
DRAWS, DRAWS_PER_ROW = 54_000, 10  # of the posteriors of images, to which the mixture is fitted
SHRINKAGE = 0.1  # of its correlations
CUT = {"vectors": 0.05, "images": 0.03, "large images": 0.03}  # of what is wanted, for the guard
FINETUNING = {"images": 0.2, "large images": 0.4}  # steps of it, for each of the training before
START = 10  # of the annealing of gamma in the setting quality, over its end
VECTORS = {"network": "mlp", "units": (256, 128), "sigma2": 0.1}  # of standardized columns


def recipe_for(name, unlabeled, seed=0, epochs=None, gamma=None, typed=False):
    """What `keras-vabc train` does: V-ABC alone (`"paper"`), or with everything around it.

    `"quality"`, with the mixture and the guard, is for folds that the NU classifier has corrected;
    the mixture has fewer components where there are few rows, and for images the decoder is
    finetuned. All else is as in `setting_for`.
    """
    setting, rows = setting_for(name, unlabeled, seed, epochs, gamma, typed), len(unlabeled)
    if name == "paper":
        return Recipe(name, setting)
    kind, components = _kind(unlabeled.shape), min(COMPONENTS, max(1, rows // ROWS_PER_COMPONENT))
    whole = {"correction": "move", "density": "gmm", "guard": GUARD, "cut": CUT[kind]}
    whole["components"] = components
    if unlabeled.ndim == 4:
        steps = setting.epochs * _steps_per_epoch(setting, rows)
        whole["finetuning"] = max(1, round(FINETUNING[kind] * steps))
        whole |= {"fit_rows": min(DRAWS, DRAWS_PER_ROW * rows), "shrinkage": SHRINKAGE}
    return Recipe(name, setting, **whole)


def setting_for(name, unlabeled, seed=0, epochs=None, gamma=None, typed=False):
    """The `Setting` for data of one's own.

    sigma2 and the target keep their ratio to the variance of the data. Epochs are as many as on
    MNIST; more or fewer where the data are so few or so many that the number of training steps
    would leave the range in which the setting is known to work. Batches are smaller where the data
    would not fill two of them. Annealing keeps its part of `epochs` that are given. A `gamma` that
    is given, final and > 0, as `tune` chooses it, moves the target of `"quality"`.

    The unlabeled fold holds images of shape `(n, height, width, channels)`, integers in 0..255 or
    floats in 0..1, or vectors of shape `(n, features)`, which are standardized, unless they are
    `typed`, the codes of a table: in units of its own deviation a rare word lies so far out that
    the training diverges. A `ValueError` refuses an unknown name, another shape, floats of images
    outside 0..1, and examples that are all the same.
    """
    check_setting(name)
    images = unlabeled.ndim == 4
    if not images and unlabeled.ndim != 2:
        raise ValueError(
            "unlabeled must be images of shape (n, height, width, channels) or vectors of shape "
            f"(n, features). Received: shape {unlabeled.shape}."
        )
    kind = name if name == "paper" else _kind(unlabeled.shape)
    own = _paper if name == "paper" else _quality
    total, mean, most_latents = _spread(unlabeled, not typed)
    if total == 0:
        raise ValueError(
            f"unlabeled must hold examples that differ. Received: {len(unlabeled)} equal ones."
        )
    contrast = mean * MNIST_PIXELS / MNIST_VARIANCE if images else mean
    setting = Setting("vabc", "files", seed=seed, **own(total, contrast, most_latents, kind))
    if images:
        setting = dataclasses.replace(setting, pixel_max=pixel_max(unlabeled))
    else:
        setting = dataclasses.replace(setting, output_activation="linear", standardize=not typed)
    if gamma is not None:
        setting = with_gamma(setting, gamma)
    return _with_epochs(_with_batches(setting, len(unlabeled)), kind, len(unlabeled), epochs)


def described(recipe, unlabeled):
    """What was chosen for the data, and why, in a line."""
    setting, rows = recipe.setting, len(unlabeled)
    steps = setting.epochs * _steps_per_epoch(setting, rows)
    what = "x".join(map(str, unlabeled.shape[1:])) + " numbers each"
    parts = [
        f"V-ABC: for {rows:,} examples of {what}: {setting.latent_dim} latents, {setting.network} "
        f"networks, sigma2 {'at least ' if setting.sigma2_momentum else ''}{setting.sigma2:g}, "
        f"{setting.epochs} passes ({steps:,} steps)"
    ]
    if recipe.finetuning is not None:
        parts.append(f"{recipe.finetuning:,} steps for the decoder alone")
    if recipe.density == "gmm":
        parts.append(f"a mixture of {recipe.components} (1 for {ROWS_PER_COMPONENT} examples)")
    if recipe.cut is not None:
        parts.append(f"a guard at P(negative) = {recipe.guard:.3g}")
    return ", then ".join(parts) + "."


def check_setting(name):
    """Raises a `ValueError` for a name of no setting."""
    if name not in SETTINGS:
        raise ValueError(
            f"setting must be one of {', '.join(SETTINGS)}. Received: setting={name!r}."
        )


def pixel_max(images):
    """The value of a white pixel: 255 for integers, 1 for floats, which must lie in 0..1."""
    if images.dtype.kind != "f":
        return 255.0
    low, high = float(images.min()), float(images.max())
    if low < 0 or high > 1:
        raise ValueError(
            "images must hold integers in 0..255 or floats in 0..1. "
            f"Received: floats from {low:g} to {high:g}."
        )
    return 1.0


def total_variance(unlabeled, standardized=True):
    """Variance of preprocessed data, summed over their numbers: the squared error of their mean.

    Vectors are `standardized` by the model, or not.
    """
    return _spread(unlabeled, standardized)[0]


def column_spread(x):
    """Mean and standard deviation of each column, whatever is on disk read block by block.

    Of `x`, shape `(n, features)`, these are float64 arrays of shape `(features,)`; the third says
    which columns hold one value, up to rounding.
    """
    size = max(1, BLOCK // x.shape[1])
    blocks = [slice(start, start + size) for start in range(0, len(x), size)]
    mean = sum(x[rows].sum(axis=0, dtype="float64") for rows in blocks) / len(x)
    variance = sum(((x[rows] - mean) ** 2).sum(axis=0) for rows in blocks) / len(x)
    deviation = np.sqrt(variance)
    return mean, deviation, deviation <= CONSTANT * np.abs(mean)


def _spread(unlabeled, standardized):
    """Total variance of preprocessed data, the mean one of a number, and the most latents.

    Of vectors the mean is that of the columns which vary.
    """
    if unlabeled.ndim == 4:
        most = max(1, min(VARIANCE_ROWS, VARIANCE_NUMBERS // unlabeled[0].size))
        rows = unlabeled[:: max(1, len(unlabeled) // most)].astype("float32")
        variances = (rows / pixel_max(unlabeled)).var(axis=0)
        mean = float(variances.mean())
    else:
        _, deviation, constant = column_spread(unlabeled)
        variances = np.where(constant, 0, 1 if standardized else deviation**2)
        mean = float(variances.sum() / max(1, (~constant).sum()))
    most_latents = max(1, int((variances > 0).sum()) - 1)
    return float(variances.sum()), mean, most_latents


def _kind(shape):
    """The key of `STEPS` for data of shape `(n, ...)`."""
    if len(shape) != 4:
        return "vectors"
    return "large images" if max(shape[1:3]) >= LARGE else "images"


def _paper(total, contrast, most_latents, kind):
    sigma2 = Setting.sigma2 * total / MNIST_VARIANCE
    return {"sigma2": _rounded(sigma2), "latent_dim": min(Setting.latent_dim, most_latents)}


def _quality(total, contrast, most_latents, kind):
    base = {"images": IMAGES, "large images": LARGE_IMAGES, "vectors": QUALITY | VECTORS}
    own = dict(base[kind])
    own["latent_dim"] = min(own["latent_dim"], most_latents)
    own["sigma2"] = _rounded(own["sigma2"] * min(1.0, contrast))
    own["target"] = _rounded(own["target"] * total / MNIST_VARIANCE)
    gamma = 2 * own["sigma2"] / own["target"]  # one over the error R that the target stands for
    return own | {"gamma": gamma, "gamma_start": START * gamma}


def with_gamma(setting, gamma):
    """A setting with another final gamma, and with the target that suits it if it has one."""
    if setting.target is None:
        return dataclasses.replace(
            setting, gamma=gamma, gamma_start=max(setting.gamma_start, gamma)
        )
    target = 2 * setting.sigma2 / gamma
    return dataclasses.replace(setting, gamma=gamma, gamma_start=START * gamma, target=target)


def _with_batches(setting, rows):
    """Batches as large as the setting's, or such that there are two in a pass over few rows."""
    share = Fraction(setting.unwanted_share).limit_denominator(setting.batch_size)
    least = share.denominator  # the smallest batch with a whole number of unwanted examples
    most = rows // (2 * (least - share.numerator))
    return dataclasses.replace(
        setting, batch_size=least * max(1, min(setting.batch_size // least, most))
    )


def _with_epochs(setting, kind, rows, epochs):
    steps, (least, most) = _steps_per_epoch(setting, rows), STEPS[kind]
    if epochs is None:
        epochs = max(min(max(setting.epochs, -(-least // steps)), most // steps), 2)
    changes = {
        "epochs": epochs,
        "anneal_epochs": max(1, round(epochs * setting.anneal_epochs / setting.epochs)),
    }
    if setting.patience is not None:
        changes["patience"] = max(1, round(epochs * setting.patience / setting.epochs))
    return dataclasses.replace(setting, **changes)


def _steps_per_epoch(setting, rows):
    part = setting.batch_size - round(setting.batch_size * setting.unwanted_share)
    return max(rows // part, 1)


def _rounded(value):
    return float(f"{value:.3g}")
