"""The demo's `quality` row; its command is tested in tests/cli/test_cli.py."""

import warnings
from types import SimpleNamespace

import numpy as np
import pytest
from rich.console import Console

from keras_vabc.data.folds import move_to_unwanted
from keras_vabc.experiments import demo
from keras_vabc.experiments.paper.settings import folds_of, paper_setting
from keras_vabc.recipes.own_data import recipe_for

SEED = 4
SETTINGS = [paper_setting(name, "digits", 8, seed=SEED, epochs=2) for name in ("vae", "vabc")]


@pytest.fixture(scope="module")
def folds():
    return folds_of(SETTINGS[0])


class Informed:
    """Stands in for an NU classifier, and knows the labels."""

    fitted = None

    def __init__(self, seed):
        assert seed == SEED

    def fit(self, unlabeled, unwanted, verbose):
        Informed.fitted = unlabeled, unwanted
        warnings.warn("few examples", stacklevel=2)
        return self

    def correct(self, folds):
        hidden = folds.unlabeled_labels == 8
        return move_to_unwanted(folds, hidden, folds.test_unlabeled_labels == 8)


def train(folds, monkeypatch, fails=False):
    """What `_train_quality` gives, and what it asked for."""
    seen = []

    def trained_sampler(recipe, training_folds, nu, callbacks):
        def sample(n, seed, return_drawn):
            if fails:
                raise RuntimeError("guard accepts none")
            return np.zeros((n, 8, 8, 1), "float32"), 2 * n

        seen.extend((recipe, training_folds, callbacks))
        return SimpleNamespace(model=SimpleNamespace(save=seen.append), sample=sample)

    monkeypatch.setattr(demo, "NUClassifier", Informed)
    monkeypatch.setattr(demo, "trained_sampler", trained_sampler)
    return demo._train_quality(folds, SEED, 5, "model.keras", "report"), seen


def test_quality_is_trained_on_the_corrected_training_folds(folds, monkeypatch):
    quality, seen = train(folds, monkeypatch)
    recipe, training_folds, callbacks, saved = seen
    assert Informed.fitted[0] is folds.unlabeled and Informed.fitted[1] is folds.unwanted
    assert not (training_folds.unlabeled_labels == 8).any()
    own = recipe_for("quality", training_folds.unlabeled, SEED, 5)
    assert (recipe.components, recipe.guard) == (own.components, own.guard)
    setting = recipe.setting
    assert (setting.dataset, setting.negative_class, setting.seed) == ("digits", 8, SEED)
    assert (setting.sigma2, setting.epochs) == (own.setting.sigma2, 5)
    assert (callbacks, saved) == (["report"], "model.keras")
    assert (quality.acceptance, quality.recipe, quality.notes) == (0.5, recipe, ["few examples"])


def test_a_guard_that_accepts_nothing_is_a_note(folds, monkeypatch):
    quality, _ = train(folds, monkeypatch, fails=True)
    assert quality.samples is None
    assert quality.notes[1].endswith("more epochs may help. guard accepts none")


class Evaluation:
    """Stands in for `ImageEvaluation`: the error is the brightness."""

    accuracies = {"paper": 0.9, "strict": 0.8}

    def __init__(self, folds):
        pass

    def of(self, samples):
        rate = float(samples.mean())
        rates = {"nge_paper": rate, "nge_strict": rate, "nge_strict_interval": [rate, rate]}
        names = ("fid", "precision", "recall", "density", "coverage", "class_balance")
        return rates | dict.fromkeys(names, rate)

    def real(self):
        return self.of(np.zeros(1))


def trained(value):
    """Stands in for `Trained`; all its images are of one value."""

    def sample(n, seed):
        assert seed == SEED
        return np.full((n, 8, 8, 1), value)

    model = SimpleNamespace(sample=sample, decode=lambda z: np.zeros((len(z), 8, 8, 1)))
    return SimpleNamespace(model=model, history={"val_loss": [1.0]}, seconds=1.0)


@pytest.mark.parametrize("samples", [np.full((200, 8, 8, 1), 0.25), None])
def test_the_images_section_shows_quality_beside_the_papers_and_real(folds, monkeypatch, samples):
    monkeypatch.setattr(demo, "ImageEvaluation", Evaluation)
    recipe = recipe_for("quality", folds.unlabeled, SEED, 5)
    quality = demo.Quality(recipe, 7.0, ["a note"], samples, None if samples is None else 0.5)
    runs = {"vae": trained(0.5), "vabc": trained(0.125)}
    section, lines = demo._image_section(SETTINGS, folds, runs, quality, Console(quiet=True))
    expected = {"vae": 0.5, "vabc": 0.125, "quality": 0.25, "real": 0.0}
    names = {"vae": "VAE", "vabc": "V-ABC (paper)", "quality": "quality", "real": "real"}
    if samples is None:
        del expected["quality"], names["quality"]
    assert {line["method"]: line["nge_strict"] for line in lines} == expected
    assert [line["method"] for line in lines] == list(expected)
    assert [row[0] for row in section.tables[0].rows] == list(names.values())
    figure, _ = section.figures[0]
    assert [ax.get_title() for ax in figure.axes] == list(names.values())
    *_, real = figure.axes
    positives = folds.test_unlabeled[folds.test_unlabeled_labels != 8]
    first = np.asarray(real.images[0].get_array())[:8, :8]
    np.testing.assert_allclose(first, positives[0, ..., 0] / 255)
    assert "a note" in section.paragraphs
    if samples is not None:
        assert (lines[2]["key"], lines[2]["acceptance"]) == (recipe.key, 0.5)
