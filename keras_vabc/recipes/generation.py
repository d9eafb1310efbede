"""From folds and a recipe to a sampler: correction, training, density and guard."""

import dataclasses

import numpy as np

from keras_vabc.nu.thresholds import false_alarm_threshold, flagged_share
from keras_vabc.recipes.autoencoder import train_autoencoder
from keras_vabc.sampling.sampler import LatentSampler
from keras_vabc.vabc.finetuning import finetune_decoder

SMALLEST_GUARD = 1e-6  # P(negative) below which nothing is told apart
CAUGHT = 0.8  # of held-out unwanted examples that a guard must reject, whatever it costs
MOST_CUT = 0.5  # but for this: it is no guard that rejects most of what is wanted
MOST_REMAINING = 0.1  # share of negatives that a correction leaves; a larger one is a guess


def trained_sampler(recipe, training_folds, nu, callbacks=()):
    """Trains the model of a recipe on corrected folds and fits its density: a `LatentSampler`."""
    recipe = guarded(recipe, nu, training_folds)
    share = remaining_share(nu, training_folds)
    model = train_autoencoder(recipe.setting, training_folds, callbacks, hidden_share=share).model
    if recipe.finetuning is not None:
        sharpen(recipe, model, training_folds)
    sampler = new_sampler(recipe, model, nu)
    return sampler.fit(training_folds.unlabeled) if recipe.density == "gmm" else sampler


def sharpen(recipe, model, training_folds, **places):
    """Finetunes the decoder of a recipe's model; `places` are those of `finetune_decoder`."""
    setting = recipe.setting
    unwanted = None if setting.method == "vae" else training_folds.unwanted
    finetune_decoder(
        model,
        training_folds.unlabeled,
        unwanted,
        steps=recipe.finetuning,
        batch_size=setting.batch_size,
        unwanted_share=setting.unwanted_share,
        seed=setting.seed,
        **places,
    )


def new_sampler(recipe, model, nu, spec=None):
    """The `LatentSampler` of a recipe: its density not yet fitted, its guard in place."""
    guard = {} if recipe.guard is None else {"guard": nu, "threshold": recipe.guard}
    seed = recipe.setting.seed
    return LatentSampler(
        model,
        density=recipe.density,
        components=recipe.components,
        shrinkage=recipe.shrinkage,
        fit_rows=recipe.fit_rows,
        seed=seed,
        spec=spec,
        **guard,
    )


def guarded(recipe, nu, training_folds):
    """A recipe with the guard that its `cut` asks for; without one, as it is.

    What the NU classifier takes for negative is no longer in the unlabeled test fold. Where it
    cannot tell the concepts apart, a guard at that price lets most of the unwanted pass; it then
    costs more, and `cut` becomes what it costs.
    """
    if recipe.cut is None or nu is None:
        return recipe
    presumed = nu.negative_probability(training_folds.test_unlabeled)
    unwanted = nu.negative_probability(training_folds.test_unwanted)
    cheap, most = (false_alarm_threshold(presumed, cut) for cut in (recipe.cut, MOST_CUT))
    catching = np.quantile(unwanted, 1 - CAUGHT, method="lower")
    if catching >= cheap:
        return dataclasses.replace(recipe, guard=max(cheap, SMALLEST_GUARD))
    guard = max(float(catching), most, SMALLEST_GUARD)
    cut = max(flagged_share(presumed, guard), recipe.cut)
    return dataclasses.replace(recipe, guard=guard, cut=round(cut, 4))


def remaining_share(nu, training_folds):
    """Share of the negatives that are left in the unlabeled fold, by the NU classifier.

    Never less than one example, since V-ABC's penalty weight has it in a denominator, nor more than
    a tenth: where the concepts are alike the classifier says more, and a penalty in proportion
    would spoil what is wanted.
    """
    if nu is None:
        return None
    share = float(nu.negative_probability(training_folds.unlabeled).mean())
    return max(min(share, MOST_REMAINING), 1 / len(training_folds.unlabeled))


def corrected(recipe, folds, nu):
    """The folds that a recipe trains on: as they are, or as the NU classifier corrects them."""
    return folds if recipe.correction is None else nu.correct(folds, mode=recipe.correction)
