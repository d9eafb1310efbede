"""The comparison of detectors: who knows what, and what is stored of a run."""

import importlib
import json
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from command_line import fails, succeeds
from scipy import stats
from sklearn.metrics import average_precision_score, roc_auc_score

import keras_vabc as kv
from keras_vabc.experiments.detection import figures, page, runs, sets, unsupervised
from keras_vabc.nu import members
from keras_vabc.recipes import sweep
from keras_vabc.recipes.results_folder import MANIFEST, RESULTS

RNG = np.random.default_rng(3)
SEED = 2
sys.path.append(str(Path(__file__).parents[2] / "benchmarks"))
detection = importlib.import_module("detection")
image_features = importlib.import_module("image_features")


NAMES = ("large", "rare", "small")


@pytest.fixture(autouse=True)
def own_sets(monkeypatch):
    monkeypatch.setattr(runs, "SETS", NAMES)


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


def test_the_known_kind_is_one_and_the_test_has_the_others(tmp_path):
    """Three kinds far apart: 200, 60 and 50 anomalies among 2,000 rows."""
    kinds = np.repeat([0, 1, 2, 3], [1690, 200, 60, 50])
    places = np.array([[0, 0], [9, 0], [0, 9], [9, 9]])[kinds]
    x = np.column_stack([places + 0.1 * RNG.normal(size=(2000, 2)), np.full(2000, 7.0), kinds])
    rows = RNG.permutation(2000)
    np.savez(tmp_path / "kinds.npz", X=x[rows], y=(kinds > 0)[rows].astype(int))
    task = sets.task_of(tmp_path, "kinds", sets.KIND, SEED)
    assert task.known.sum() == 20 and set(task.x[task.known, 3]) == {1}
    assert (task.x[:, 3] == 1).sum() == pytest.approx(140, abs=10)  # the others of it hide
    assert {0, 2, 3} == set(task.x_test[:, 3]) and {1, 2, 3} < set(task.x[:, 3])
    assert np.array_equal(task.unwanted_test, task.x_test[:, 3] > 0)
    assert 25 < task.unwanted_test.sum() < 41  # 30 % of 110


def test_every_trial_has_a_key_of_its_own():
    labels = (5, sets.FIFTH, sets.KIND)
    every = runs.trials(("nu", "forest"), NAMES, labels=labels, seeds=(1, 2))
    assert len({trial.key for trial in every}) == len(every) == 2 * 3 * 3 * 2
    assert [t.seed for t in every] == sorted(t.seed for t in every)


def test_the_stored_lines_are_those_of_todays_trials():
    """A line that no trial finds again would be run anew, and stand on the page twice."""
    path = Path(__file__).parents[2] / "docs" / "results" / "detection" / RESULTS
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert lines and len({line["key"] for line in lines}) == len(lines)
    for line in lines:
        own = (line[name] for name in ("method", "dataset", "labels", "seed"))
        assert line["key"] == runs.Trial(*own).key and line["dataset"] in sets.SETS
        assert line["labels"] in sets.LABELS and line["seed"] in (*runs.SEEDS, *runs.CHOSEN_ON)


def test_a_line_holds_the_figures_of_the_scores(folder):
    trial = runs.Trial("nu", "large", 5, SEED)
    line = runs.measured(trial, folder, lambda task, seed: task.x_test[:, 1])
    task = sets.task_of(folder, "large", 5, SEED)
    assert line["auroc"] == roc_auc_score(task.unwanted_test, task.x_test[:, 1])
    assert line["auprc"] == average_precision_score(task.unwanted_test, task.x_test[:, 1])
    assert (line["known"], line["rows"], line["test_rows"]) == (5, 2100, 900)
    json.dumps(line)


def test_detectors_without_labels_find_what_is_far_out():
    x = RNG.normal(size=(500, 3)) * [1, 100, 1]
    x_test = np.concatenate([RNG.normal(size=(50, 3)), np.full((5, 3), [9.0, 9, 9])]) * [1, 100, 1]
    task = sets.Task(x, np.zeros(500, bool), x_test, np.arange(55) >= 50)
    for method in (unsupervised.isolation_forest, unsupervised.neighbours):
        assert roc_auc_score(task.unwanted_test, method(task, SEED)) == 1
    own = (x_test - x.mean(0)) / x.std(0)
    apart = np.linalg.norm(own[:, None] - (x - x.mean(0)) / x.std(0), axis=2)
    np.testing.assert_allclose(unsupervised.neighbours(task, SEED), np.sort(apart)[:, 4], rtol=1e-6)


def test_features_of_images_are_a_set_as_the_others_are(tmp_path, monkeypatch):
    """Digits with an 8 unwanted: what its networks learnt from others tells these apart."""
    monkeypatch.setattr(members, "LEAST_STEPS", 150)
    with pytest.warns(UserWarning, match="26 unwanted examples are few"):
        image_features.write_features(tmp_path / "digits-8.npz", "digits-8", 1000)
    stored, folds = np.load(tmp_path / "digits-8.npz"), kv.load_folds("digits", negative_class=8)
    count = len(folds.test_unlabeled) + len(folds.test_unwanted)
    assert stored["X"].shape == (count, 3 * 128) and stored["X"].dtype == np.float32
    truth = np.r_[folds.test_unlabeled_labels == 8, np.ones(len(folds.test_unwanted), bool)]
    assert np.array_equal(stored["y"].astype(bool), truth)
    center = stored["X"][truth][::2].mean(axis=0)
    apart = ((stored["X"] - center) ** 2).sum(axis=1)
    rest = np.ones(count, bool)
    rest[np.flatnonzero(truth)[::2]] = False
    assert roc_auc_score(truth[rest], -apart[rest]) > 0.9


# Figures


def lines_of(method, values, labels=5):
    """Result lines: `values` has an AUPRC for each set and seed."""
    return [
        {
            **{"key": f"{method} {dataset} {seed} {labels}", "method": method, "seed": seed},
            **{"dataset": dataset, "labels": labels, "known": 5, "auprc": value},
            **{"auroc": value / 2, "seconds": 10.0 + seed},
        }
        for (dataset, seed), value in values.items()
    ]


def test_means_weigh_sets_alike():
    lines = lines_of("a", {("x", 4): 0.2, ("x", 5): 0.4, ("y", 4): 0.9})
    assert figures.mean_over_sets(lines, "auprc") == pytest.approx((0.3 + 0.9) / 2)
    assert figures.mean_over_sets([], "auprc") is None


def test_differences_are_of_the_same_runs_with_the_interval_of_their_sets():
    own = {("x", 4): 0.5, ("x", 5): 0.7, ("y", 4): 0.9, ("z", 4): 0.4, ("z", 6): 1.0}
    other = {("x", 4): 0.4, ("x", 5): 0.4, ("y", 4): 0.8, ("z", 4): 0.5, ("w", 4): 0.0}
    found = figures.paired(lines_of("a", own), lines_of("b", other), "auprc")
    assert found.by_set == pytest.approx({"x": 0.2, "y": 0.1, "z": -0.1})
    assert found.runs == 4
    expected = stats.ttest_1samp([0.2, 0.1, -0.1], 0).confidence_interval(0.95)
    assert found.mean == pytest.approx(0.2 / 3)
    assert found.interval == pytest.approx(tuple(expected))
    single = figures.paired(lines_of("a", own), lines_of("b", {("y", 4): 0.8}), "auprc")
    assert single.interval is None and single.runs == 1
    assert figures.paired(lines_of("a", own), lines_of("b", {("y", 5): 0.8}), "auprc") is None


def test_ranks_are_of_what_all_ran_on():
    best, middle = {("x", 4): 0.9, ("y", 4): 0.8}, {("x", 4): 0.5, ("y", 4): 0.8, ("y", 5): 0.9}
    every = {"best": best, "middle": middle, "worst": {("x", 4): 0.1, ("y", 4): 0.2}}
    lines = {name: lines_of(name, values) for name, values in every.items()}
    lines["partial"] = lines_of("partial", {("x", 4): 1.0})
    found = figures.ranks(lines, "auprc")
    assert found.means == {"best": 1.25, "middle": 1.75, "worst": 3.0} and found.sets == 2
    # q of Nemenyi's test for three methods at .05 is 2.343 in Demsar's table 5
    assert found.critical_difference == pytest.approx(2.343 * np.sqrt(3 * 4 / 12), abs=2e-3)
    assert figures.ranks({"best": lines["best"]}, "auprc") is None


# The page and the command


def test_the_page_says_what_was_chosen_on_and_of_how_many_runs(tmp_path):
    few = {("x", 4): 0.50, ("x", 5): 0.60, ("y", 4): 0.83}
    lines = lines_of("nu", {cell: value + 0.1 for cell, value in few.items()})
    lines += lines_of("catboost", few)
    lines += lines_of("xgbod", {("x", 4): 0.3}) + lines_of("nu", {("x", 1): 1.0})
    lines += lines_of("nu", {("x", 4): 0.62, ("y", 4): 0.5}, labels=sets.FIFTH)
    lines += lines_of("forest", {("x", 4): 0.60}, labels=sets.FIFTH)
    slow = lines_of("xgbod", {("y", 4): 0.9})[0] | {"seconds": 700.0}
    (tmp_path / RESULTS).write_text("".join(json.dumps(one) + "\n" for one in [*lines, slow]))
    page.render(tmp_path)
    text = (tmp_path / "README.md").read_text()
    confirming, looked_at = text.split("## Seeds 1 to 3")
    assert "Nothing was chosen on these draws" in confirming and "may flatter" in looked_at
    same = "+10.0 [+10.0, +10.0], 2 sets, 3 runs | +5.0 [+5.0, +5.0], 2 sets, 3 runs"
    assert f"| `nu` | 2 | 3 | 79.0 | 39.5 | {same} | 14 |" in confirming
    assert "| `catboost` | 2 | 3 | 69.0 | 34.5 | – | – | 14 |" in confirming
    assert "| `xgbod` | 1 | 1 | 30.0 | 15.0 | -20.0, 1 sets, 1 runs |" in confirming
    assert "| `nu` | 2 | 2 | 56.0 | 28.0 | +2.0, 1 sets, 1 runs |" in confirming
    assert "Of `nu` on each set, 1 runs:" in confirming and "| x | +2.0 | +1.0 |" in confirming
    assert "| `nu` | 1 | 1 | 100.0 | 50.0 | – | – | 11 |" in looked_at
    assert "![Mean ranks: nu 1.00, catboost 2.00; critical difference 1.39](ranks.png)" in text
    assert "- `xgbod`, y, 5 known, seed 4: 700 s." in text and "12 runs are stored" in text
    assert "images" not in confirming and "images" not in looked_at
    more = lines_of("nu", {("mnist-8", 4): 0.31})
    (tmp_path / RESULTS).write_text("".join(json.dumps(one) + "\n" for one in [*lines, *more]))
    page.render(tmp_path)
    apart = (tmp_path / "README.md").read_text()
    tables, images = apart.split("## Seeds 1 to 3")[0].split("## Seeds 4 to 6: images")
    assert f"| `nu` | 2 | 3 | 79.0 | 39.5 | {same} | 14 |" in tables
    assert "| `nu` | 1 | 1 | 31.0 | 15.5 | – | – | 14 |" in images
    assert (tmp_path / "ranks.png").read_bytes().startswith(b"\x89PNG")
    assert not (tmp_path / "ranks-chosen.png").exists()


def test_the_command_runs_what_is_missing_and_names_sets_that_are(folder, tmp_path, monkeypatch):
    monkeypatch.setattr(sweep, "worker_pool", lambda workers: ThreadPoolExecutor(1))
    monkeypatch.setattr(runs, "SETS", (*NAMES, "absent"))
    out = tmp_path / "out"
    words = ["benchmark", "detection", "--method", "neighbours", "--data", folder, "--out", out]
    shown = succeeds(*words, "--dataset", "large", "--dataset", "small", "--dataset", "absent")
    assert "absent is left out" in shown
    lines = [json.loads(line) for line in (out / RESULTS).read_text().splitlines()]
    assert {(line["dataset"], line["labels"]) for line in lines} >= {("large", 5), ("small", 0)}
    assert {line["seed"] for line in lines} == set(runs.SEEDS)
    assert ("small", 5) not in {(line["dataset"], line["labels"]) for line in lines}
    assert json.loads((out / MANIFEST).read_text())["results_of"] == "benchmark detection"
    assert f"{len(lines)} runs are stored" in (out / "README.md").read_text()
    monkeypatch.setattr(runs, "measured", None)  # nothing is run twice
    again = succeeds(*words, "--dataset", "large", "--dataset", "small")
    assert f"{len(lines)} runs, 0 of them missing" in again.replace("\n", " ")
    assert (out / RESULTS).read_text().count("\n") == len(lines)


def test_the_command_names_what_is_wrong(folder, tmp_path):
    words = ["benchmark", "detection", "--out", tmp_path / "out"]
    fails("method must be one of nu, ", *words, "--data", folder, "--method", "catboost")
    fails("dataset must be one of large, rare", *words, "--data", folder, "--dataset", "mnist")
    fails("data must be a folder with files such as large.npz", *words, "--data", tmp_path)
    fails("data must go with detection", "benchmark", "images", "--data", folder)
    fails("method and dataset must go with images or det", "benchmark", "vae", "--method", "nu")
    assert not (tmp_path / "out").exists()


def test_rivals_join_the_lines_and_those_without_their_package_are_left_out(
    folder, tmp_path, capsys, monkeypatch
):
    monkeypatch.setattr(detection, "SETS", NAMES)
    monkeypatch.setitem(detection.NEEDS, "xgbod", "no_such_package")
    words = ["--data", str(folder), "--out", str(tmp_path / "out"), "--seed", "1"]
    words += ["--labels", "5", "--method", "neighbours", "xgbod", "--dataset", *NAMES]
    detection.main(words)
    shown = " ".join(capsys.readouterr().out.split())
    assert shown.count("AUPRC") == 2 and "small" not in shown
    assert "xgbod is left out: the package no_such_package is not installed" in shown
    stored = (tmp_path / "out" / RESULTS).read_text()
    assert "| `neighbours` | 2 | 2 |" in (tmp_path / "out" / "README.md").read_text()
    monkeypatch.setitem(detection.METHODS, "neighbours", None)  # nothing is run twice
    detection.main(words)
    assert (tmp_path / "out" / RESULTS).read_text() == stored
