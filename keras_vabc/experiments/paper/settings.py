"""The paper's settings, by method and data set, and the folds that they train on."""

import dataclasses

from keras_vabc.data.datasets.named_folds import MOONS_FRACTION, load_folds
from keras_vabc.recipes.settings import Setting

SHIPPED = "saved-models"  # the kind of output, and the option that names their folder

METHODS = ("vae", "vabc")
MOONS_SETTING = {
    "latent_dim": 1,
    "units": (20, 20),
    "output_activation": "linear",
    "sigma2": 0.25,
    "gamma": 1.5,
    "penalty_weight": 2.0,
    "patience": None,
}
MOONS_SAMPLE_NOISE = 0.25  # the authors' standard deviation of the noise added to the means
MOONS_EPOCHS = {  # the VAE takes half of V-ABC's steps in an epoch
    "vae": {"epochs": 60, "anneal_epochs": 20},
    "vabc": {"epochs": 30, "anneal_epochs": 10},
}
DIGITS_SETTING = {  # 64 pixels, 1,437 images: a smaller error and fewer steps per epoch than MNIST
    "sigma2": 0.2,
    "epochs": 300,
    "anneal_epochs": 60,
    "patience": 20,
}


def sample_noise(setting):
    """Standard deviation of the noise that sampled points of Moons have around their means."""
    return MOONS_SAMPLE_NOISE if setting.sigma2 == MOONS_SETTING["sigma2"] else setting.sigma2**0.5


def paper_setting(method, dataset, negative_class=None, fraction=None, seed=0, epochs=None):
    """The paper's `Setting` for one of `METHODS` and a data set.

    On Moons the negative class is always 0 and p, 0.2 elsewhere, by default the data set's own.
    Where `epochs` are given, annealing takes at most half of them.
    """
    if method not in METHODS:
        raise ValueError(
            f"method must be one of {', '.join(METHODS)}. Received: method={method!r}."
        )
    changes = {"negative_class": negative_class, "fraction": 0.2 if fraction is None else fraction}
    if dataset in MOONS_FRACTION:
        own = {"negative_class": 0, "fraction": fraction or MOONS_FRACTION[dataset]}
        changes |= own | MOONS_SETTING | MOONS_EPOCHS[method]
    elif dataset == "digits":
        changes |= DIGITS_SETTING
    setting = Setting(method=method, dataset=dataset, seed=seed, **changes)
    if epochs is None:
        return setting
    anneal_epochs = min(setting.anneal_epochs, max(1, epochs // 2))
    return dataclasses.replace(setting, epochs=epochs, anneal_epochs=anneal_epochs)


def folds_of(setting):
    """The folds that a setting trains and tests on."""
    drawn = {name: getattr(setting, name) for name in ("negative_class", "fraction", "seed")}
    return load_folds(setting.dataset, **drawn)
