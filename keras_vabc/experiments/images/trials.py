"""What is trained on image sets: a recipe for some data, at a share of its steps."""

import dataclasses
import functools
import json

import numpy as np

from keras_vabc.experiments.images.sets import SETS
from keras_vabc.experiments.quality_01 import quality_recipe
from keras_vabc.recipes.own_data import recipe_for
from keras_vabc.recipes.settings import key_of
from keras_vabc.version import __version__

SLUGS = ("images", "quality", "quality-oracle")
RIVALS = ("pythae-vae-mixture", "pythae-vae-two-stage", "pythae-rae-mixture")
STANDING_IN = 500  # random images that a recipe is made for, to see whether it has changed


@dataclasses.dataclass(frozen=True)
class Trial:
    """One row of the comparison: a method, the folds that it is given, and its share of the steps.

    Attributes:
        slug: One of `SLUGS` or `RIVALS`, or `"real"`.
        dataset: One of `SETS`.
        concept: Negative concept of the data set.
        seed: Seed of the split and of the training.
        budget: Share of the recipe's steps.
    """

    slug: str
    dataset: str
    concept: int
    seed: int = 0
    budget: float = 1.0

    @functools.cached_property
    def key(self):
        """Hash of everything, of the recipe and of the package's version."""
        own = [*dataclasses.astuple(self), dataclasses.asdict(SETS[self.dataset])]
        recipe = None
        if self.slug in SLUGS:
            recipe = recipe_of(self, _standing_in(SETS[self.dataset].shape)).key
        return key_of(json.dumps(["images", own, recipe, __version__]))


def recipe_of(trial, unlabeled):
    """The `Recipe` of a trial of one of `SLUGS` for an unlabeled fold, as it was corrected."""
    own = (_today if trial.slug == "images" else quality_recipe)(unlabeled, trial.seed)
    changes = {"dataset": trial.dataset, "negative_class": trial.concept}
    changes["fraction"] = SETS[trial.dataset].fraction
    if trial.slug == "quality-oracle":
        changes["method"] = "vae"
        own = dataclasses.replace(own, correction="labels", guard=None)
    setting = dataclasses.replace(own.setting, **changes)
    return at_budget(dataclasses.replace(own, slug=trial.slug, setting=setting), trial.budget)


def at_budget(recipe, share):
    """A recipe with a share of its steps: the stages of its training keep their parts of them."""
    setting = recipe.setting

    def part(count):
        return None if count is None else max(1, round(share * count))

    lengths = {
        name: part(getattr(setting, name)) for name in ("epochs", "anneal_epochs", "patience")
    }
    return dataclasses.replace(
        recipe,
        setting=dataclasses.replace(setting, **lengths),
        finetuning=part(recipe.finetuning),
    )


def _today(unlabeled, seed):
    """What `keras-vabc train` does today: the recipe that is compared."""
    return recipe_for("quality", unlabeled, seed)


@functools.cache
def _standing_in(shape):
    return np.random.default_rng(0).integers(0, 256, (STANDING_IN, *shape), "uint8")
