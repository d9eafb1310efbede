"""One run of the paper, trained and measured."""

import json
from pathlib import Path

from keras_vabc.evaluation.evaluate import ImageEvaluation
from keras_vabc.experiments.paper.image_measures import image_arrays, image_figures
from keras_vabc.experiments.paper.moons_measures import moons_arrays, moons_figures
from keras_vabc.experiments.paper.settings import SHIPPED, folds_of, sample_noise
from keras_vabc.files.outputs import new_output
from keras_vabc.recipes.autoencoder import train_autoencoder
from keras_vabc.recipes.results import result_line
from keras_vabc.recipes.stored import store_arrays

CARD = "card.json"


def measure(setting, judge_seeds, arrays=None, saved_model=None):
    """Trains the model of a setting and measures it; the result line.

    The verdict of the first of `judge_seeds` is quoted. `arrays` is the path of an .npz file for
    the arrays of pictures, `saved_model` that of a SavedModel to write or replace.
    """
    folds = folds_of(setting)
    model, history, seconds = train_autoencoder(setting, folds)
    of_moons = setting.dataset.startswith("moons")
    if of_moons:
        figures = moons_figures(model, folds, sample_noise(setting))
    else:
        evaluations = [evaluation_of(folds, seed) for seed in judge_seeds]
        figures = image_figures(model, folds, evaluations)
    figures["epochs"] = len(history["loss"])
    line = result_line(setting, setting.method, figures, seconds)
    if arrays is not None:
        store_arrays(arrays, **(moons_arrays if of_moons else image_arrays)(model, folds))
    if saved_model is not None:
        _ship(model, line, saved_model)
    return line


_evaluations = {}


def evaluation_of(folds, judge_seed):
    """The evaluation by judges of one seed, made once in a process: no split changes it."""
    key = (folds.name, folds.negative_class, judge_seed)
    if key not in _evaluations:
        _evaluations[key] = ImageEvaluation(folds, seed=judge_seed)
    return _evaluations[key]


def _ship(model, card, path):
    """Exports a model with its card beside the graph, in place of an earlier export."""
    path = Path(path)
    with new_output(path, SHIPPED, folder=True, name=SHIPPED) as output:
        model.export(output.path, verbose=False)
        (output.path / CARD).write_text(json.dumps(card, indent=2) + "\n", encoding="utf-8")
