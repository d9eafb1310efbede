"""Every hyper-parameter of a training."""

import dataclasses
import hashlib
import json
from typing import Literal

from keras_vabc.recipes.forms import Count, InnerShare, NotNegative, Positive, PositiveCount, Share
from keras_vabc.version import __version__


def key_of(text):
    """The key of what a text describes: 16 hexadecimal digits."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def not_default(described):
    """Dict of those fields of a dataclass that are not at their default."""
    fields = {field: getattr(described, field.name) for field in dataclasses.fields(described)}
    return {field.name: value for field, value in fields.items() if value != field.default}


@dataclasses.dataclass(frozen=True)
class Setting:
    """One training run: the data, the networks, the loss and the training procedure.

    The defaults are the paper's for MNIST (sections V-B and V-C).

    Attributes:
        method: `"vabc"`, or `"vae"` for the same model fed only the unlabeled fold.
        dataset: Name of the data set, as `load_folds` takes it.
        negative_class: Class of the negative concept.
        fraction: Share of the negatives that is unwanted, the paper's p.
        seed: Seed of the split, the initial weights, the noise and the order of the data.
        network: `"mlp"`, or `"conv"` or `"residual"` for a convolutional network with one dense
            layer, the latter with one residual block in each half.
        units: Sizes of the hidden dense layers of the encoder.
        sigma2: Variance of the decoder; with a `sigma2_momentum` the least.
        sigma2_momentum: `None` to keep sigma2, or the share of it that each step keeps while it
            follows the mean squared error where that is larger.
        gamma: Final gamma.
        target: `None`, or the squared error to which unwanted examples are pushed at equilibrium,
            in the units of the preprocessed data; it then determines the penalty weight.
        anneal_gamma: Whether gamma is annealed (the ablation turns it off).
        gamma_start: Gamma at the first step.
        anneal_epochs: Length of both annealing schedules, the paper's E'.
        batch_size: Rows in a batch, unlabeled and unwanted together.
        unwanted_share: Share of unwanted rows in a batch.
        decay: Whether the learning rate falls to 0 along a cosine.
        global_clipnorm: Largest norm of the gradient of all weights together; `None` for no limit.
        average: `None`, or the share of the weights' running average that each step keeps; the
            trained weights are the average then.
        pixel_max: The value of a white pixel, by which images are divided.
        standardize: Whether vectors are standardized column by column, inside the model.
        epochs: Most passes over the unlabeled fold.
        patience: Epochs without a lower test loss before training stops; `None` to train all
            epochs.
    """

    method: Literal["vabc", "vae"]
    dataset: str
    negative_class: int | None = None
    fraction: Share = 0.2
    seed: Count = 0
    latent_dim: PositiveCount = 2
    units: tuple[PositiveCount, ...] = (300, 100)
    output_activation: Literal["sigmoid", "linear"] = "sigmoid"
    sigma2: Positive = 2.5
    gamma: Positive = 0.05
    penalty_weight: NotNegative = 1.0
    anneal_gamma: bool = True
    anneal_kl: bool = True
    gamma_start: Positive = 4.0
    anneal_epochs: PositiveCount = 5
    batch_size: PositiveCount = 80
    epochs: PositiveCount = 30
    patience: PositiveCount | None = 3
    network: Literal["mlp", "conv", "residual"] = "mlp"
    target: Positive | None = None
    unwanted_share: InnerShare = 0.5
    learning_rate: Positive = 1e-3
    decay: bool = False
    global_clipnorm: Positive | None = None
    pixel_max: Positive = 255.0
    standardize: bool = False
    sigma2_momentum: InnerShare | None = None
    average: InnerShare | None = None

    @property
    def key(self):
        """Hash that identifies a finished run: of the package's version and of all settings.

        Fields at their default are left out, so that a new field keeps the keys of earlier
        runs; a changed default needs a new version.
        """
        return key_of(json.dumps([not_default(self), __version__], sort_keys=True))


# Of the benchmark on MNIST, and of vectors but for their networks: the best of docs/results/search,
# rounded, and gradients clipped: without, the KL divergence of the first steps, whose weight is
# near 0, killed units and so latents in one of three seeds.
QUALITY = {
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

# For images, with the decoder finetuned and a shrunk mixture: docs/results/images.
IMAGES = QUALITY | {
    "latent_dim": 64,
    "sigma2": 0.012,
    "gamma": 0.00024,
    "gamma_start": 0.0024,
    "sigma2_momentum": 0.99,
    "batch_size": 80,
    "learning_rate": 1.5e-3,
    "average": 0.998,
    "epochs": 9,
}

# From 32 pixels on. Unwanted examples are pushed less far: in CIFAR-10 half of what is wanted looks
# like them. Chosen on CIFAR-10, cats unwanted, seed 0.
LARGE_IMAGES = IMAGES | {"latent_dim": 128, "sigma2": 0.005, "target": 15.0}
