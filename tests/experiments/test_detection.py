"""The comparison of detectors: who knows what, and what is stored of a run."""

import importlib
import json
import sys
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from keras_vabc.experiments.detection import runs, sets

RNG = np.random.default_rng(3)
SEED = 2
sys.path.append(str(Path(__file__).parents[2] / "benchmarks"))
detection = importlib.import_module("detection")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A table of 4,000 rows, whose first number is its own; one of few anomalies; a small one."""
    folder = tmp_path_factory.mktemp("adbench")
    for name, rows, anomalies in (("large", 4000, 400), ("rare", 1500, 20), ("small", 900, 90)):
        y = np.arange(rows) < anomalies
        x = np.stack([np.arange(rows), 3 * y + RNG.normal(size=rows)], 1)
        np.savez(folder / f"{name}.npz", X=x, y=y.astype(int))
    return folder


def numbers(task):
    return [set(part[:, 0].astype(int)) for part in (task.x, task.x[task.known], task.x_test)]


def test_few_anomalies_are_known_and_the_others_hide(folder):
    task = sets.task_of(folder, "large", 10, SEED)
    training, known, test = numbers(task)
    assert (len(training), len(known), len(test)) == (2100, 10, 900)
    assert not training & test and known <= training
    assert max(known) < 400 and sum(n < 400 for n in training) > 150
    assert np.array_equal(task.unwanted_test, task.x_test[:, 0] < 400)
    share = [np.mean([n < 400 for n in part]) for part in (training, test)]
    assert share[0] == pytest.approx(share[1], abs=0.002)
    fewer, more = numbers(sets.task_of(folder, "large", 5, SEED)), numbers(task)
    assert fewer[0] == more[0] and fewer[1] < more[1]
    assert numbers(sets.task_of(folder, "large", 10, SEED + 1))[1] != known


def test_tables_without_enough_rows_or_anomalies_are_left_out(folder):
    assert sets.task_of(folder, "small", 5, SEED) is None
    assert sets.task_of(folder, "rare", 10, SEED) is None  # 14 in training, 5 must hide
    assert sets.task_of(folder, "rare", 5, SEED) is not None


def test_a_fifth_is_known(folder):
    training, known, test = numbers(sets.task_of(folder, "large", sets.FIFTH, SEED))
    assert (len(training), len(known), len(test)) == (3000, 60, 1000)
    assert known <= training and max(known) < 400


def test_every_trial_has_a_key_of_its_own(folder):
    every = runs.trials(("nu", "forest"), folder, labels=(5, sets.FIFTH), seeds=(1, 2))
    assert len({trial.key for trial in every}) == len(every) == 2 * 3 * 2 * 2
    assert [t.seed for t in every] == sorted(t.seed for t in every)


def test_a_line_holds_the_figures_of_the_scores(folder):
    trial = runs.Trial("nu", "large", 5, SEED)
    line = runs.measured(trial, folder, lambda task, seed: task.x_test[:, 1])
    task = sets.task_of(folder, "large", 5, SEED)
    assert line["auroc"] == roc_auc_score(task.unwanted_test, task.x_test[:, 1])
    assert line["auprc"] == average_precision_score(task.unwanted_test, task.x_test[:, 1])
    assert (line["known"], line["rows"], line["test_rows"]) == (5, 2100, 900)
    json.dumps(line)


def test_finished_runs_are_not_run_again(folder, tmp_path, capsys, monkeypatch):
    words = ["--data", str(folder), "--out", str(tmp_path / "out"), "--seed", "1"]
    words += ["--labels", "5", "--method", "nu", "forest"]
    detection.main(words)
    shown = capsys.readouterr().out
    assert shown.count("AUPRC") == 4 and "small" not in shown
    lines = (tmp_path / "out" / "results.jsonl").read_text().splitlines()
    assert all(json.loads(line)["auroc"] > 0.8 for line in lines if '"large"' in line)
    monkeypatch.setattr(detection, "measured", None)
    with pytest.raises(TypeError):  # the table that is left out is looked at again
        detection.main(words)
    assert (tmp_path / "out" / "results.jsonl").read_text().splitlines() == lines
