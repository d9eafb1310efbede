"""The sharpening of the decoder: it belongs to a recipe, and can be broken off."""

import dataclasses

import numpy as np
import pytest
from rich.console import Console

import keras_vabc as kv
from keras_vabc.recipes import training
from keras_vabc.recipes.generation import sharpen
from keras_vabc.recipes.own_data import recipe_for
from keras_vabc.vabc import finetuning

RNG = np.random.default_rng(21)
X = np.kron(RNG.integers(0, 2, (150, 3, 3, 1)), np.ones((1, 2, 2, 1))).astype("uint8") * 250
BAD = 255 - X[:40]


class Interruption(Exception):
    """Stands for whatever ends a process."""


@pytest.fixture(autouse=True)
def short(monkeypatch):
    """A recipe with averaged weights and 20 steps of sharpening, stored every 10."""

    def recipe(*arguments, **settings):
        own = recipe_for(*arguments, **settings)
        setting = dataclasses.replace(own.setting, average=0.9, patience=None)
        return dataclasses.replace(own, setting=setting, finetuning=20)

    monkeypatch.setattr(training, "recipe_for", recipe)
    monkeypatch.setattr(finetuning, "STEPS_PER_CALL", 10)
    monkeypatch.setattr(finetuning, "STEPS_PER_FILE", 10)


def train(out):
    options = {"setting": "paper", "epochs": 2, "seed": 5, "console": Console(quiet=True)}
    return kv.train(X, BAD, out=out, **options)


def weights(run):
    return run.model.get_weights()


def assert_same_weights(first, second):
    for a, b in zip(weights(first), weights(second), strict=True):
        np.testing.assert_array_equal(a, b)


def raising(*_):
    raise Interruption


def sharpen_in_part(recipe, model, folds, **places):
    sharpen(recipe, model, folds, **{**places, "show": raising})


def test_it_goes_on_where_it_was_broken_off(tmp_path, monkeypatch):
    """Killed while the decoder is sharpened, and then before the record says that it is."""
    run = train(None)
    with monkeypatch.context() as patch:
        patch.setattr(training, "sharpen", sharpen_in_part)
        with pytest.raises(Interruption):
            train(tmp_path / "run")
    assert {path.stem for path in (tmp_path / "run").glob("*.checkpoint")} == {"model", "sharpness"}

    with monkeypatch.context() as patch:
        patch.setattr(training, "provenance", raising)  # of which the record is made
        with pytest.raises(Interruption):
            train(tmp_path / "run")
    again = train(tmp_path / "run")
    assert_same_weights(again, run)
    assert_same_weights(kv.open_run(tmp_path / "run"), run)
    assert again.history == run.history
    assert not list((tmp_path / "run").glob("*.checkpoint"))


def test_a_recipe_without_it_leaves_the_decoder_as_it_was_trained(monkeypatch):
    sharpened = train(None)
    monkeypatch.setattr(training, "sharpen", lambda *arguments, **places: None)
    plain = train(None)
    np.testing.assert_array_equal(plain.model.encode(X), sharpened.model.encode(X))
    assert (plain.model.reconstruct(X) != sharpened.model.reconstruct(X)).any()
