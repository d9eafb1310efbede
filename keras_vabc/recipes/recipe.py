"""From two folds to samples: what is done, and with which numbers."""

import dataclasses
import json

from keras_vabc.recipes.settings import Setting, key_of
from keras_vabc.version import __version__

COMPONENTS = 200
GUARD = 0.05


@dataclasses.dataclass(frozen=True)
class Recipe:
    """From two folds to samples.

    Attributes:
        slug: Name in result lines.
        setting: How the autoencoder is trained.
        correction: What the NU classifier does about hidden negatives first: `None`, or a mode of
            `NUClassifier.correct`, `"move"` or `"soft"`.
        density: Density of the latents, `"prior"` or `"gmm"`.
        components: Components of the mixture.
        guard: P(negative) above which a sample is rejected; `None` for no guard.
    """

    slug: str
    setting: Setting
    correction: str | None = None
    density: str = "prior"
    components: int = COMPONENTS
    guard: float | None = None

    @property
    def key(self):
        """Hash of everything and of the package's version, as in `Setting.key`."""
        defaults = {field.name: field.default for field in dataclasses.fields(self)}
        own = {name: getattr(self, name) for name in defaults if name != "setting"}
        own = {name: value for name, value in own.items() if value != defaults[name]}
        return key_of(json.dumps([own, self.setting.key, __version__], sort_keys=True))

    @property
    def needs_classifier(self):
        """Whether the NU classifier takes part, if only by its estimate of the share."""
        return self.correction in ("move", "soft") or self.guard is not None
