"""The methods that are compared on MNIST: the paper's, each rung above it, and rivals."""

import dataclasses
import hashlib
import json

from keras_vabc.experiments.settings import QUALITY, Setting, paper_setting
from keras_vabc.version import __version__

EIGHT_LATENTS = {"latent_dim": 8, "sigma2": 0.5}
COMPONENTS = 200
GUARD = 0.05


@dataclasses.dataclass(frozen=True)
class Method:
    """From two folds to samples.

    Attributes:
        slug: Name in result lines.
        setting: How the autoencoder is trained.
        correction: What is done about hidden negatives first: `None`; `"move"` or `"soft"`, by the
            NU classifier; or `"labels"`, which an oracle alone can do: they are left out.
        density: Density of the latents, `"prior"` or `"gmm"`.
        components: Components of the mixture.
        guard: P(negative) above which a sample is rejected; `None` for no guard.
        rival: `None`, or what takes V-ABC's place: a key of `rivals.RIVALS`.
    """

    slug: str
    setting: Setting
    correction: str | None = None
    density: str = "prior"
    components: int = COMPONENTS
    guard: float | None = None
    rival: str | None = None

    @property
    def key(self):
        """Hash of everything and of the package's version, as in `Setting.key`."""
        defaults = {field.name: field.default for field in dataclasses.fields(self)}
        own = {name: getattr(self, name) for name in defaults if name != "setting"}
        own = {name: value for name, value in own.items() if value != defaults[name]}
        text = json.dumps([own, self.setting.key, __version__], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    @property
    def needs_classifier(self):
        """Whether the NU classifier takes part, if only by its estimate of the share."""
        corrects = self.correction in ("move", "soft")
        return corrects or self.guard is not None or self.rival == "pu-vae"


def method(slug, digit, fraction=0.2, seed=0):
    """A method on MNIST.

    Args:
        slug: One of `SLUGS`.
        digit: The negative class.
        fraction: The paper's p.
        seed: Seed of the run.

    Returns:
        `Method`.

    Raises:
        ValueError: If the slug is unknown.
    """
    if slug not in SLUGS:
        raise ValueError(f"method must be one of {', '.join(SLUGS)}. Received: method={slug!r}.")
    diet, changes, rest = _METHODS[slug]
    setting = paper_setting(diet, "mnist", digit, fraction, seed)
    return Method(slug, dataclasses.replace(setting, **changes), **rest)


_CORRECTED = {"correction": "move"}
_GUARDED = {"correction": "move", "guard": GUARD}
_EVERYTHING = {**_GUARDED, "density": "gmm"}
_METHODS = {  # slug: diet, changes of the paper's setting, the rest of the method
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
