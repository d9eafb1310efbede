"""From two folds to samples: what is done, and with which numbers."""

import dataclasses
import json
from typing import Literal

from keras_vabc.recipes.forms import InnerShare, NotNegative, PositiveCount, Share
from keras_vabc.recipes.settings import Setting, key_of, not_default
from keras_vabc.version import __version__

COMPONENTS = 200
GUARD = 0.05
PREFERRED = {"clean": "move", "complete": "soft"}  # mode of the correction that suits it


@dataclasses.dataclass(frozen=True)
class Recipe:
    """From two folds to samples.

    How the autoencoder is trained is its setting; `slug` names it in result lines. `correction` is
    what the NU classifier does about hidden negatives first: `None`, or a mode of
    `NUClassifier.correct`, `"move"` or `"soft"`. The density of the latents is `"prior"` or
    `"gmm"`, a mixture of so many `components`, fitted to so many posterior draws, `fit_rows`, with
    the `shrinkage` of a `LatentSampler`. `finetuning` is the number of steps for which the decoder
    is sharpened before, `None` for none. Samples of P(negative) above `guard` are rejected;
    `None` for no guard. With a `cut` the guard is chosen from the data: it rejects this share of
    the held-out examples that are presumed positive.
    """

    slug: str
    setting: Setting
    correction: Literal["move", "soft", "labels"] | None = None
    density: Literal["prior", "gmm"] = "prior"
    components: PositiveCount = COMPONENTS
    guard: Share | None = None
    fit_rows: PositiveCount = 20_000
    shrinkage: NotNegative | None = None
    finetuning: PositiveCount | None = None
    cut: InnerShare | None = None

    @property
    def key(self):
        """Hash of everything and of the package's version, as in `Setting.key`."""
        own = not_default(self)
        del own["setting"]
        return key_of(json.dumps([own, self.setting.key, __version__], sort_keys=True))

    @property
    def needs_classifier(self):
        """Whether the NU classifier takes part, if only by its estimate of the share."""
        return self.correction in ("move", "soft") or self.guard is not None
