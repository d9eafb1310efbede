"""From two folds to samples: what is done, and with which numbers."""

import dataclasses
import hashlib
import json

from keras_vabc.recipes.settings import Setting
from keras_vabc.version import __version__

COMPONENTS = 200
GUARD = 0.05


@dataclasses.dataclass(frozen=True)
class Recipe:
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
