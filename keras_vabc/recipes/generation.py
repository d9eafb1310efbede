"""From folds and a recipe to a sampler: correction, training, density and guard."""

import dataclasses

import numpy as np
from scipy.special import expit

from keras_vabc.data.mapped import take_rows
from keras_vabc.nu.thresholds import false_alarm_threshold, flagged_share
from keras_vabc.recipes.autoencoder import train_autoencoder
from keras_vabc.recipes.recipe import PREFERRED
from keras_vabc.sampling.sampler import LatentSampler
from keras_vabc.vabc.finetuning import finetune_decoder

SMALLEST_GUARD = 1e-6  # P(negative) below which nothing is told apart
CAUGHT = 0.9  # of unwanted examples that a guard must reject, whatever it costs
MOST_CUT = 0.5  # but for this: it is no guard that rejects most of what is wanted
MOST_REMAINING = 0.1  # share of negatives that a correction leaves; a larger one is a guess
MIDDLE = 0.5  # P(negative) of the guard of a complete training


def trained_sampler(recipe, training_folds, nu, callbacks=()):
    """Trains the model of a recipe on corrected folds and fits its density: a `LatentSampler`."""
    recipe = guarded(recipe, nu, training_folds)
    share = remaining_share(nu, training_folds)
    model = train_autoencoder(recipe.setting, training_folds, callbacks, hidden_share=share).model
    if recipe.finetuning is not None:
        sharpen(recipe, model, training_folds)
    sampler = new_sampler(recipe, model, nu)
    return sampler.fit(thinned(training_folds, recipe)) if recipe.density == "gmm" else sampler


def sharpen(recipe, model, training_folds, **places):
    """Finetunes the decoder of a recipe's model; `places` are those of `finetune_decoder`."""
    setting = recipe.setting
    unwanted = None if setting.method == "vae" else training_folds.unwanted
    finetune_decoder(
        model,
        thinned(training_folds, recipe),
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

    It rejects this share of the held-out unlabeled examples that are presumed wanted: of those left
    after moving the share that is presumed negative, the highest, is set aside, where negatives can
    be told at all. Where the NU classifier cannot tell the concepts apart, a guard at that price
    lets many held-out unwanted examples pass; it then costs more, and `cut` becomes what it costs.
    Where it must be for that is told by the known unwanted examples that the classifier has trained
    on, each by what did not train on it: they are more than the held-out ones.
    """
    if recipe.cut is None or nu is None:
        return recipe
    presumed = np.sort(nu.negative_probability(training_folds.test_unlabeled))
    negative = round(left_share(nu, recipe.correction) * len(presumed))
    presumed = presumed[: max(len(presumed) - negative, 1)]
    unwanted = nu.negative_probability(training_folds.test_unwanted)
    cheap, most = (false_alarm_threshold(presumed, cut) for cut in (recipe.cut, MOST_CUT))
    if _catching(unwanted) >= cheap:
        return dataclasses.replace(recipe, guard=max(cheap, SMALLEST_GUARD))
    if getattr(nu, "estimates", None) is not None:
        unwanted = expit(nu.out_of_fold[1] + nu.estimates.shift)
    guard = max(_catching(unwanted), most, SMALLEST_GUARD)
    cut = max(flagged_share(presumed, guard), recipe.cut)
    return dataclasses.replace(recipe, guard=guard, cut=round(cut, 4))


def _catching(probabilities):
    """The largest guard that rejects enough unwanted examples of such P(negative)."""
    return float(np.quantile(probabilities, 1 - CAUGHT, method="lower"))


def left_share(nu, correction):
    """Share of the unlabeled examples that the correction leaves which is presumed negative."""
    estimates = getattr(nu, "estimates", None)
    if estimates is None or not estimates.separability.told:
        return 0.0
    share, cut = estimates.posterior.median, estimates.moving_cut
    if correction != "move" or cut is None:
        return share
    found = estimates.above(cut)
    left = max(share * found.unlabeled - found.rows, 0.0)
    return left / max(found.unlabeled - found.rows, 1)


def preferred(recipe, prefer):
    """The recipe of a training that is to be clean, as it is, or of one that is to be complete.

    `"complete"` loses no wanted example to moving: each counts by its P(positive) instead, and the
    guard rejects only what is rather negative.
    """
    if recipe.correction is None or correction(prefer) == recipe.correction:
        return recipe
    return dataclasses.replace(recipe, correction=correction(prefer), guard=MIDDLE, cut=None)


def correction(prefer):
    """The mode of `NUClassifier.correct` for what is preferred, one of `PREFERRED`."""
    return PREFERRED[prefer]


def thinned(folds, recipe):
    """The unlabeled examples, each with the probability of its soft y where it has one."""
    if folds.unlabeled_y is None:
        return folds.unlabeled
    drawn = np.random.default_rng(recipe.setting.seed).random(len(folds.unlabeled_y))
    kept = drawn < folds.unlabeled_y
    return take_rows(folds.unlabeled, kept) if kept.any() else folds.unlabeled


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
