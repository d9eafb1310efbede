"""From folds and a recipe to a sampler: correction, training, density and guard."""

import dataclasses

from keras_vabc.recipes.autoencoder import train_autoencoder
from keras_vabc.sampling.sampler import LatentSampler


def trained_sampler(recipe, training_folds, nu, callbacks=()):
    """Trains the model of a recipe and fits its density.

    Args:
        recipe: `Recipe`.
        training_folds: `Folds` as the recipe corrects them.
        nu: Fitted `NUClassifier`; `None` for a recipe that needs none.
        callbacks: Keras callbacks, to show progress.

    Returns:
        `LatentSampler`, whose `model` is the trained `VABC`.
    """
    share = remaining_share(nu, training_folds)
    sampler = new_sampler(
        recipe,
        train_autoencoder(recipe.setting, training_folds, callbacks, hidden_share=share).model,
        nu,
    )
    return sampler.fit(training_folds.unlabeled) if recipe.density == "gmm" else sampler


def new_sampler(recipe, model, nu):
    """The sampler of a recipe: its density not yet fitted, its guard in place.

    Args:
        recipe: `Recipe`.
        model: Trained `VABC`.
        nu: Fitted `NUClassifier`; `None` for a recipe that needs none.

    Returns:
        `LatentSampler`.
    """
    guard = {} if recipe.guard is None else {"guard": nu, "threshold": recipe.guard}
    seed = recipe.setting.seed
    return LatentSampler(
        model, density=recipe.density, components=recipe.components, seed=seed, **guard
    )


def remaining_share(nu, training_folds):
    """Share of the negatives that are left in the unlabeled fold, by the NU classifier.

    Never less than one example, since V-ABC's penalty weight has it in a denominator.
    """
    if nu is None:
        return None
    return max(
        float(nu.negative_probability(training_folds.unlabeled).mean()),
        1 / len(training_folds.unlabeled),
    )


def corrected(recipe, folds, nu):
    """The folds that a recipe trains on: as they are, or without what is told to be negative."""
    if recipe.correction is None:
        return folds
    if recipe.correction == "labels":
        kept = folds.unlabeled_labels != folds.negative_class
        kept_test = folds.test_unlabeled_labels != folds.negative_class
        return dataclasses.replace(
            folds,
            unlabeled=folds.unlabeled[kept],
            unlabeled_labels=folds.unlabeled_labels[kept],
            test_unlabeled=folds.test_unlabeled[kept_test],
            test_unlabeled_labels=folds.test_unlabeled_labels[kept_test],
        )
    return nu.correct(folds, mode=recipe.correction)
