"""The setting `quality` as version 0.1 had it, kept so that it can be compared with."""

from keras_vabc.recipes.own_data import MNIST_PIXELS, MNIST_VARIANCE, total_variance
from keras_vabc.recipes.recipe import Recipe
from keras_vabc.recipes.settings import Setting

QUALITY = {  # of images; the best of docs/results/search, rounded
    "latent_dim": 24,
    "network": "conv",
    "units": (256,),
    "sigma2": 0.04,
    "gamma": 0.0008,
    "target": 100.0,
    "gamma_start": 0.008,
    "batch_size": 250,
    "unwanted_share": 0.2,
    "decay": True,
    "learning_rate": 1.8e-3,
    "global_clipnorm": 30.0,
    "epochs": 8,
    "anneal_epochs": 3,
    "patience": None,
}
LEAST_STEPS, MOST_STEPS = 2_300, 10_000
COMPONENTS, ROWS_PER_COMPONENT = 200, 100
GUARD = 0.05


def quality_recipe(unlabeled, seed=0):
    """The `Recipe` for images that the NU classifier has corrected.

    `unlabeled` are at least 400 of them, uint8 of shape `(n, height, width, channels)`.
    """
    total = total_variance(unlabeled)
    sigma2 = _rounded(QUALITY["sigma2"] * total / unlabeled[0].size * MNIST_PIXELS / MNIST_VARIANCE)
    target = _rounded(QUALITY["target"] * total / MNIST_VARIANCE)
    gamma = 2 * sigma2 / target
    steps = len(unlabeled) // round(QUALITY["batch_size"] * (1 - QUALITY["unwanted_share"]))
    epochs = min(max(QUALITY["epochs"], -(-LEAST_STEPS // steps)), MOST_STEPS // steps)
    own = {"sigma2": sigma2, "target": target, "gamma": gamma, "gamma_start": 10 * gamma}
    own |= {"epochs": epochs, "anneal_epochs": max(1, round(epochs * 3 / 8))}
    return Recipe(
        "quality",
        Setting("vabc", "files", seed=seed, **QUALITY | own),
        correction="move",
        density="gmm",
        components=min(COMPONENTS, len(unlabeled) // ROWS_PER_COMPONENT),
        guard=GUARD,
    )


def _rounded(value):
    return float(f"{value:.3g}")
