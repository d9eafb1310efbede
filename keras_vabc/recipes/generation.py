"""From folds and a recipe to a sampler: correction, training, density and guard."""

from keras_vabc.recipes.autoencoder import train_autoencoder
from keras_vabc.sampling.sampler import LatentSampler


def trained_sampler(recipe, training_folds, nu, callbacks=()):
    """Trains the model of a recipe on corrected folds and fits its density: a `LatentSampler`."""
    share = remaining_share(nu, training_folds)
    sampler = new_sampler(
        recipe,
        train_autoencoder(recipe.setting, training_folds, callbacks, hidden_share=share).model,
        nu,
    )
    return sampler.fit(training_folds.unlabeled) if recipe.density == "gmm" else sampler


def new_sampler(recipe, model, nu, spec=None):
    """The `LatentSampler` of a recipe: its density not yet fitted, its guard in place."""
    guard = {} if recipe.guard is None else {"guard": nu, "threshold": recipe.guard}
    seed = recipe.setting.seed
    return LatentSampler(
        model,
        density=recipe.density,
        components=recipe.components,
        seed=seed,
        spec=spec,
        **guard,
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
    """The folds that a recipe trains on: as they are, or as the NU classifier corrects them."""
    return folds if recipe.correction is None else nu.correct(folds, mode=recipe.correction)
