"""The methods that are compared on MNIST: the paper's, each rung above it, and rivals."""

import dataclasses

from keras_vabc.experiments.paper.settings import paper_setting
from keras_vabc.experiments.quality_01 import GUARD, QUALITY
from keras_vabc.recipes.recipe import Recipe

EIGHT_LATENTS = {"latent_dim": 8, "sigma2": 0.5}


@dataclasses.dataclass(frozen=True)
class Method(Recipe):
    """A recipe, or what it is compared with; `correction` may be `"labels"`, the oracle's.

    The `rival` takes V-ABC's place: a key of `rivals.RIVALS`.
    """

    rival: str | None = None

    @property
    def needs_classifier(self):
        """As of a `Recipe`; PU-VAE needs its estimate of the share."""
        return super().needs_classifier or self.rival == "pu-vae"


def method(slug, digit, fraction=0.2, seed=0):
    """A `Method` of `SLUGS` on MNIST; `digit` is the negative class, `fraction` the paper's p."""
    if slug not in SLUGS:
        raise ValueError(f"method must be one of {', '.join(SLUGS)}. Received: method={slug!r}.")
    name, changes, rest = _METHODS[slug]
    setting = paper_setting(name, "mnist", digit, fraction, seed)
    return Method(slug, dataclasses.replace(setting, **changes), **rest)


_CORRECTED = {"correction": "move"}
_GUARDED = {"correction": "move", "guard": GUARD}
_EVERYTHING = {**_GUARDED, "density": "gmm"}
_METHODS = {  # slug: method and changes of the paper's setting, the rest of the recipe
    "vae": ("vae", {}, {}),
    "vabc": ("vabc", {}, {}),
    "vae+guard": ("vae", {}, {"guard": GUARD}),
    "vae+nu": ("vae", {}, _CORRECTED),
    "vabc+nu": ("vabc", {}, _CORRECTED),
    "vabc+nu+guard": ("vabc", {}, _GUARDED),
    "oracle": ("vae", {}, {"correction": "labels"}),
    "cvae": ("vabc", {}, {"rival": "cvae"}),
    "csvae": ("vabc", {}, {"rival": "csvae"}),
    "pu-vae": ("vabc", {}, {"rival": "pu-vae"}),
    "vabc-8": ("vabc", EIGHT_LATENTS, {}),
    "vabc-8+nu": ("vabc", EIGHT_LATENTS, _CORRECTED),
    "vabc-8+nu-soft": ("vabc", EIGHT_LATENTS, {"correction": "soft"}),
    "oracle-8": ("vae", EIGHT_LATENTS, {"correction": "labels"}),
    "quality": ("vabc", QUALITY, _EVERYTHING),
    "quality-vae": ("vae", QUALITY, _EVERYTHING),
    "quality-oracle": ("vae", QUALITY, {"correction": "labels", "density": "gmm"}),
}
SLUGS = tuple(_METHODS)
