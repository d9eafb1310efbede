"""The benchmarks: turns, ratios, the matrix products alone, and a smoke run of each script."""

import importlib
import json
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from keras_vabc.evaluation.metrics import wilson_rate
from keras_vabc.recipes import workers

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"
sys.path.append(str(BENCHMARKS))

calibration = importlib.import_module("calibration")
calibration_page = importlib.import_module("calibration_page")
certify_page = importlib.import_module("certify_page")
pipeline = importlib.import_module("pipeline")
record = importlib.import_module("record")
scaling = importlib.import_module("scaling")
shapes = importlib.import_module("shapes")
side_by_side = importlib.import_module("side_by_side")
train_step = importlib.import_module("train_step")
workloads = importlib.import_module("workloads")

Contestant = side_by_side.Contestant
SCRIPTS = ("train_step", "pipeline", "sample", "score", "scaling", "choices", "batch_size")


def scribe(path, name):
    """A contestant that notes each turn in a file and returns its number and its process."""
    turns = []

    def turn():
        with open(path, "a") as file:
            file.write(name)
        turns.append(name)
        return len(turns), os.getpid()

    return turn


def failing():
    print("what it printed")

    def turn():
        raise ValueError("what was wrong")

    return turn


def dying():
    return partial(os._exit, 3)


def test_contestants_take_turns_each_in_one_process_of_its_own(tmp_path, capsys):
    path = tmp_path / "turns"
    contestants = [Contestant(n, scribe, {"path": str(path), "name": n}) for n in "AB"]
    missing = Contestant("C", scribe, needs="no_such_package")
    results = side_by_side.take_turns([*contestants, missing], rounds=3)
    assert path.read_text() == "AB" + "ABABAB"  # the first turn of each does not count
    for name in "AB":
        assert [count for count, _ in results[name]] == [2, 3, 4]
    processes = {process for turns in results.values() for _, process in turns}
    assert len(processes | {os.getpid()}) == 3
    line = "C is left out: the package no_such_package is not installed.\n"
    assert capsys.readouterr().out == line
    assert side_by_side.median_ratio(results, "A", "C") is None


def test_a_failure_names_the_contestant_and_shows_its_output():
    with pytest.raises(RuntimeError, match=r"(?s)^C failed.*printed.*ValueError: what was wrong"):
        side_by_side.measured_alone(Contestant("C", failing))
    with pytest.raises(RuntimeError, match=r"(?s)^D failed.*It died"):
        side_by_side.measured_alone(Contestant("D", dying))


def test_the_ratio_is_the_median_of_the_ratios_of_the_rounds():
    # A machine that slows down fourfold: the medians alone would give 2.
    values = {"A": [2.0, 4.0, 8.0], "B": [1.0, 2.0, 2.0]}
    assert side_by_side.median_ratio(values, "A", "B") == 2
    assert side_by_side.median_ratio({"A": [9.0, 1.0, 8.0], "B": [3.0, 1.0, 1.0]}, "A", "B") == 3


def test_the_exponent_is_the_slope_over_the_last_three_sizes():
    times = {str(n): [n**1.5, 0.0, 2 * n**1.5] for n in (100, 300, 1000)}
    panel = record.Panel("rows", "s", {"10": [9e9], **times})
    assert scaling.exponent(panel) == pytest.approx(1.5)


def test_the_products_of_a_step_are_those_of_the_gradients():
    import tensorflow as tf

    weights = workloads.kernels((5, 4, 3, 6))
    x = tf.random.normal((7, 5))
    with tf.GradientTape() as tape:
        tape.watch(weights)
        loss = tf.reduce_sum(tf.square(workloads.forward_products(x, weights)[1])) / 2
    expected = tape.gradient(loss, weights)
    for product, gradient in zip(train_step.step_products(x, weights), expected[::-1], strict=True):
        np.testing.assert_allclose(product, gradient, rtol=1e-4, atol=1e-5)


def in_this_process(contestants, rounds):
    """Each contestant's turns, one after the other: starting TensorFlow takes longer than they."""
    present = [one for one in contestants if side_by_side._is_present(one)]
    return {one.name: [one.build(**one.arguments)()] * rounds for one in present}


def one_line(setting):
    """Stands in for a training of `batch_size.py`, which needs MNIST and its judges."""
    return {"seconds": setting.batch_size, "nge_strict": 0.1, "nge_paper": 0.1, "fid": 3.0}


@pytest.mark.filterwarnings("ignore:fit ended at step")
@pytest.mark.parametrize("name", SCRIPTS)
def test_each_script_runs_at_tiny_size(name, tmp_path, monkeypatch, capsys):
    script = importlib.import_module(name)
    for variable in (*side_by_side.THREAD_VARIABLES, "TF_ENABLE_ONEDNN_OPTS"):
        monkeypatch.setenv(variable, "1")  # set back at the end: scripts set them
    monkeypatch.setattr(sys, "argv", [f"{name}.py", "--quick", "--threads", "1"])
    monkeypatch.setattr(record, "ROOT", tmp_path)
    monkeypatch.setattr(scaling, "SIZES", dict.fromkeys(scaling.SIZES, (100, 400)))
    for workload in ("VECTORS", "IMAGES"):
        monkeypatch.setattr(scaling, workload, getattr(scaling, workload).small())
    monkeypatch.setattr(pipeline, "STREAM_BYTES", pipeline.STREAM_BYTES // 4)
    monkeypatch.setattr(workers, "worker_pool", lambda: ThreadPoolExecutor(1))
    own = {"take_turns": in_this_process, "measured": one_line}
    own["measured_alone"] = lambda one: one.build(**one.arguments)()
    own["trainings"] = getattr(script, "training", None)  # of choices.py: one process a core
    for attribute, stand_in in own.items():
        if hasattr(script, attribute):
            monkeypatch.setattr(script, attribute, stand_in)
    script.main()
    ratios = json.loads(capsys.readouterr().out.splitlines()[-1])
    folder = tmp_path / "runs" / "speed"
    stored = json.loads((folder / f"{name}.json").read_text())
    assert stored["ratios"] == ratios
    assert {"cpu", "cores", "load_before"} <= set(stored["machine"])
    assert (folder / f"{name}.png").read_bytes().startswith(b"\x89PNG")
    published = BENCHMARKS.parent / "docs" / "results" / "speed" / f"{name}.json"
    known = json.loads(published.read_text())["ratios"]
    assert ratios.keys() <= known.keys() if name == "batch_size" else ratios.keys() == known.keys()
    assert f"python benchmarks/{name}.py" in (BENCHMARKS / "README.md").read_text(encoding="utf-8")


def test_a_rival_has_the_seconds_of_ours(tmp_path, monkeypatch, capsys):
    """On the same data and seed; without such a line it waits, and none is trained twice."""
    import image_rivals

    from keras_vabc.experiments.images.trials import RIVALS, Trial

    trained = []

    def measured(trial, seconds, arrays):
        trained.append((trial, seconds))
        line = {"key": trial.key, "method": trial.slug, "dataset": trial.dataset}
        line |= {"negative_class": trial.concept, "seed": trial.seed, "seconds": seconds}
        names = ("nge_paper", "nge_strict", "nge_second", "fid", "precision", "recall", "density")
        names += ("coverage", "class_balance", "sharpness", "sharpness_auc")
        return {**line, "samples": 100, "hidden_left": 0, **dict.fromkeys(names, 0.5)}

    monkeypatch.setattr(image_rivals, "measured", measured)
    argv = ["--out", str(tmp_path / "out"), "--dataset", "mnist-odd", "--method", RIVALS[0]]
    image_rivals.main(argv)
    assert trained == [] and capsys.readouterr().out.count("waits for the line of images") == 3
    ours = Trial("images", "mnist-odd", 1, 2)
    line = measured(ours, 77.0, None)
    trained.clear()
    with open(tmp_path / "out" / "results.jsonl", "w") as file:
        file.write(json.dumps(line) + "\n")
    image_rivals.main(argv)
    image_rivals.main(argv)
    assert trained == [(Trial(RIVALS[0], "mnist-odd", 1, 2), 77.0)]
    page = (tmp_path / "out" / "README.md").read_text()
    assert "1 of 118 runs are stored, and 1 of rivals" in page and f"| `{RIVALS[0]}` | 1 |" in page


def test_shapes_are_drawn_with_their_labels(tmp_path, monkeypatch):
    out = tmp_path / "shapes"
    words = ["shapes.py", str(out), "--unlabeled", "60", "--unwanted", "3", "--seed", "4"]
    monkeypatch.setattr(sys, "argv", words)
    shapes.main()
    rows = [row.split(",") for row in (out / "labels.csv").read_text().splitlines()]
    assert rows[0] == ["id", "label"] and len(rows) == 61
    assert {label for _, label in rows[1:]} == set(shapes.SHAPES)
    assert sum(label == "star" for _, label in rows) < 15
    assert [path.name for path in sorted((out / "unlabeled").iterdir())] == [r[0] for r in rows[1:]]
    images = [np.asarray(Image.open(path)) for path in sorted((out / "unwanted").iterdir())]
    assert [image.shape for image in images] == [(64, 64, 3)] * 3
    assert np.unique(np.concatenate(images), axis=0).shape[0] > 100


# The calibration of figures


def anomalies(folder, name, rng):
    """A set of 500 rows, a fifth of them apart, as ADBench stores it."""
    negative = rng.random(500) < 0.2
    np.savez(
        folder / f"{name}.npz", X=rng.normal(size=(500, 3)) + 4 * negative[:, None], y=negative
    )


def test_calibration_measures_each_cell_once_and_draws_what_holds(tmp_path, monkeypatch):
    monkeypatch.setattr(calibration, "TREES", 8)
    (tmp_path / "adbench").mkdir()
    anomalies(tmp_path / "adbench", "apart", np.random.default_rng(6))
    out = tmp_path / "new" / "results.jsonl"
    words = ["--data", str(tmp_path), "--out", str(out), "--seeds", "2"]
    calibration.main(words)
    lines = [json.loads(line) for line in out.read_text().splitlines()]
    assert [line["known"] for line in lines] == [5, 10, 20, 50, "fifth"]
    for line in lines:
        assert 0 <= line["low"] <= line["estimate"] <= line["high"] <= 1
        assert line["share"] == pytest.approx(0.2, abs=0.15)
        assert line["auc"] > 0.9
        assert line["moved"] >= line.get("wanted", 0)
    assert "| all | 5 |" in out.with_name("README.md").read_text(encoding="utf-8")
    calibration.main(words)
    assert len(out.read_text().splitlines()) == 5


def test_calibration_counts_what_holds():
    line = {"dataset": "a", "seed": 1, "known": 5, "share": 0.1, "low": 0.05, "estimate": 0.11}
    line |= {"date": "2026-01-02", "versions": {"keras_vabc": "3"}}
    line |= {"high": 0.2, "auc": 0.95, "apart": True, "moved": 9, "wanted": 2, "wanted_lost": 0.02}
    line |= {"hidden_left": 0.4, "stated_wanted": [0, 1, 3]}
    alarm = {
        "flagged": 10,
        "wanted": 1000,
        "recall": 0.5,
        "best_recall": 0.6,
        "stated": [0, 0.01, 1],
    }
    line["alarms"] = [{"asked": asked, **alarm} for asked in calibration.ALARMS]
    missed = {**line, "high": 0.09, "apart": False, "moved": 0, "wanted_lost": 0.0}
    missed["alarms"] = [{**one, "flagged": 100} for one in line["alarms"]]
    text = calibration_page.page([line, missed])
    tables = [line.split("|") for line in text.splitlines() if "|" in line]
    rows = {cells[1].strip(): cells for cells in tables}

    def found(name):
        return [cell.strip() for cell in rows[name][3:5]]

    low, high = wilson_rate(0.5, 2)[1:]
    half = f"50.0% ({low:.0%} to {high:.0%})"
    assert found("interval of the share covers") == [half, "**missed**"]
    assert found("estimate within 1.3 x, of the claimed")[1] == "reached"
    assert found("claimed, of the cells of true area ≥ .9") == [half, "**missed**"]
    for name in ("threshold at 1 % holds", "threshold at 5 % holds"):
        assert found(name) == [half, "**missed**"]
    width = "width of the interval over the share, claimed, median"
    assert found(width) == ["1.50 (n = 1)", "**missed**"]
    lost = "wanted rows lost by moving, 5 to 50 known, "
    assert found(f"{lost}mean") == ["1.00% (n = 2)", "**missed**"]
    assert found(f"{lost}worst") == ["2.0% (n = 2)", "reached"]
    assert "no other seed is measured yet" in text
    fresh = calibration_page.page([line, {**missed, "seed": 7}])
    assert "the seeds 7 are fresh: 1 cells" in fresh
    assert [cell.strip() for cell in rows["5"][-4:-1]] == ["1.00%", "2.0%", "0.40"]


def test_the_page_of_calibration_is_that_of_its_lines():
    folder = BENCHMARKS.parent / "docs" / "results" / "calibration"
    lines = calibration.read(folder / "results.jsonl")
    assert (folder / "README.md").read_text(encoding="utf-8") == calibration_page.page(lines)


# Certificates


def test_the_page_of_certificates_is_that_of_its_lines():
    folder = BENCHMARKS.parent / "docs" / "results" / "certify"
    lines, certified = (certify_page.read(folder / f"{n}.jsonl") for n in ("results", "mnist"))
    text = (folder / "README.md").read_text(encoding="utf-8")
    assert text == certify_page.page(lines, certified)
    (line,) = certified
    own = line["certificate"]
    assert f"{100 * own['bound']:.3g} %" in text and "fails\nhere" in text
    assert own["bound"] > line["more_found"] / line["more"] > own["guarded"]["bound"]
    own["guarded"]["bound"] = own["bound"]
    assert "fails\nhere" not in certify_page.page(lines, certified)
