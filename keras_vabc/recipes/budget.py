"""A time for a training, as a number of passes over the data."""

import time

from keras_vabc.recipes.autoencoder import build, datasets

TIMED_STEPS = 50
FINETUNING_STEP = 2.5  # times a step of the training before, by the figures of docs/results/images
AFTERWARDS = 0.15  # of the time left for training: the density, scores, samples and the report
FEWEST = 2  # passes: gamma is annealed in the first of them


def affordable_epochs(recipe, folds, seconds, hidden_share=None):
    """Passes that fit into a time with all that comes after them, by the first steps of a model.

    A model of the recipe is trained for 50 steps after as many to get going, and dropped.
    """
    setting = recipe.setting
    data, _ = datasets(setting, folds)
    steps = int(data.cardinality())
    model = build(setting, folds.unlabeled, steps=TIMED_STEPS, hidden_share=hidden_share)
    for _ in range(2):  # in the first it is compiled
        began = time.perf_counter()
        model.fit(data.repeat(), steps_per_epoch=TIMED_STEPS, verbose=0)
    step = (time.perf_counter() - began) / TIMED_STEPS
    finetuning = FINETUNING_STEP * (recipe.finetuning or 0) / (setting.epochs * steps)
    return max(FEWEST, int(seconds * (1 - AFTERWARDS) / (step * steps * (1 + finetuning))))
