"""A budget of time: passes that fit into it, stored, and the same when the training goes on."""

from types import SimpleNamespace

import numpy as np
import pytest
from command_line import fails, keras_vabc, record, succeeds
from faults import stopped

from keras_vabc.data.folds import array_folds
from keras_vabc.recipes import budget, training
from keras_vabc.recipes.budget import affordable_epochs
from keras_vabc.recipes.own_data import recipe_for

RNG = np.random.default_rng(8)
X = RNG.integers(0, 255, (520, 6, 6, 1), dtype="uint8")


class TimedModel:
    """A model whose first steps take a minute, and each one after them 0.1 s."""

    now = 0.0

    def fit(self, data, steps_per_epoch, verbose):
        assert verbose == 0 and len(next(iter(data))) == 2
        TimedModel.now += 60 if not TimedModel.now else 0.1 * steps_per_epoch


@pytest.mark.parametrize(("seconds", "epochs"), [(100, 94), (10_000, 9444), (2, 2), (0, 2)])
def test_passes_fit_with_what_comes_after_them(monkeypatch, seconds, epochs):
    """Steps of 0.1 s; finetuning takes 0.5 as long again, and a part of the time is kept back."""
    monkeypatch.setattr(TimedModel, "now", 0.0)
    monkeypatch.setattr(budget, "build", lambda *_, **__: TimedModel())
    clock = SimpleNamespace(perf_counter=lambda: TimedModel.now)
    monkeypatch.setattr(budget, "time", clock)
    monkeypatch.setattr(budget, "AFTERWARDS", 0.15)
    folds = array_folds(X, X[:40])
    recipe = recipe_for("quality", folds.unlabeled, epochs=20)
    steps = len(folds.unlabeled) // 64
    expected = max(2, int(0.85 * seconds / (0.1 * steps * (1 + 2.5 * 0.2))))
    assert affordable_epochs(recipe, folds, seconds) == expected == epochs


@pytest.fixture
def command(tmp_path):
    np.save(tmp_path / "all.npy", X[..., 0])
    np.save(tmp_path / "bad.npy", 255 - X[:30, ..., 0])
    folds = ["--unlabeled", tmp_path / "all.npy", "--unwanted", tmp_path / "bad.npy"]
    return ["train", *folds, "--setting", "paper", "--out", tmp_path / "run", "--budget"]


def trained_epochs(tmp_path):
    stored = record(tmp_path / "run")
    return stored["recipe"]["setting"]["epochs"], stored["figures"]["epochs"]


def test_the_number_is_stored_and_holds_when_it_goes_on(command, tmp_path, monkeypatch):
    monkeypatch.setattr(training, "affordable_epochs", lambda *_: 3)
    with stopped(training.EpochReport, "on_epoch_end", lambda report, epoch, logs: epoch == 1):
        assert keras_vabc(*command, "1h30min").exit_code == 130
    assert record(tmp_path / "run")["settings"]["budget"] == 5400
    monkeypatch.setattr(training, "affordable_epochs", lambda *_: 1 / 0)
    fails("run with the same arguments", *command, "2h")
    assert "3 passes" not in succeeds(*command, "1h30min")
    assert trained_epochs(tmp_path) == (3, 3)


@pytest.mark.parametrize(("options", "epochs"), [(["0.001s"], 2), (["1h", "--epochs", "1"], 1)])
def test_whichever_is_less(command, tmp_path, options, epochs):
    assert f"{epochs} passes" in succeeds(*command, *options)
    assert trained_epochs(tmp_path) == (epochs, epochs)


@pytest.mark.parametrize(
    ("time", "message"),
    [
        ("ten", "must be a time, such as 90s, 10min or 1h30min, not 'ten'."),
        ("5min or so", "must be a time"),
        ("1e9s", "must be a time"),
        ("9999h", "budget must be a number in [0, 1e+07]. Received: budget=35996400.0."),
    ],
)
def test_what_is_no_time_is_refused(command, tmp_path, time, message):
    fails(message, *command, time)
    assert not (tmp_path / "run").exists()
