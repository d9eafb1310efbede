"""The benchmarks' shared parts: turns, ratios, records and the matrix products alone."""

import dataclasses
import importlib
import json
import os
import sys
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from keras_vabc.recipes.settings import paper_setting

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"
sys.path.append(str(BENCHMARKS))

record = importlib.import_module("record")
scaling = importlib.import_module("scaling")
side_by_side = importlib.import_module("side_by_side")
train_step = importlib.import_module("train_step")
workloads = importlib.import_module("workloads")

Contestant, Panel = side_by_side.Contestant, record.Panel
MNIST, MOONS = workloads.MNIST, workloads.MOONS
SCRIPTS = ("train_step", "pipeline", "sample", "score", "scaling", "choices", "batch_size")


@pytest.fixture
def _own_threads(monkeypatch):
    """Sets back the variables that `parse_options` sets."""
    for variable in side_by_side.THREAD_VARIABLES:
        monkeypatch.setenv(variable, "1")


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


def peaks():
    def turn():
        before = side_by_side.peak_bytes()
        held = np.ones(2**23)  # 64 MiB
        return before, side_by_side.peak_bytes(), len(held)

    return turn


def test_contestants_take_turns_each_in_one_process_of_its_own(tmp_path):
    path = tmp_path / "turns"
    contestants = [Contestant(n, scribe, {"path": str(path), "name": n}) for n in "AB"]
    results = side_by_side.take_turns(contestants, rounds=3)
    assert path.read_text() == "AB" + "ABABAB"  # the first turn of each does not count
    processes = set()
    for name in "AB":
        assert [count for count, _ in results[name]] == [2, 3, 4]
        (process,) = {process for _, process in results[name]}
        processes.add(process)
    assert len(processes | {os.getpid()}) == 3


def test_a_missing_rival_is_left_out_with_one_line(tmp_path, capsys):
    arguments = {"path": str(tmp_path / "turns"), "name": "A"}
    results = side_by_side.take_turns(
        [Contestant("A", scribe, arguments, needs="no_such_package")], rounds=1
    )
    assert results == {}
    line = "A is left out: the package no_such_package is not installed.\n"
    assert capsys.readouterr().out == line
    assert side_by_side.median_ratio({"B": [1.0]}, "A", "B") is None
    assert side_by_side.median_ratio({"B": [1.0]}, "B", "A") is None


def test_a_failure_names_the_contestant_and_shows_its_output():
    with pytest.raises(RuntimeError, match=r"(?s)^C failed.*printed.*ValueError: what was wrong"):
        side_by_side.measured_alone(Contestant("C", failing))
    with pytest.raises(RuntimeError, match=r"(?s)^D failed.*It died"):
        side_by_side.measured_alone(Contestant("D", dying))


def test_peak_memory_is_in_bytes():
    before, after, _ = side_by_side.measured_alone(Contestant("peaks", peaks))
    assert 2**26 <= after - before < 2**26 + 2**24


def test_the_ratio_is_the_median_of_the_ratios_of_the_rounds():
    # A machine that slows down fourfold: the medians alone would give 2.
    values = {"A": [2.0, 4.0, 8.0], "B": [1.0, 2.0, 2.0]}
    assert side_by_side.median_ratio(values, "A", "B") == 2
    assert side_by_side.median_ratio({"A": [9.0, 1.0, 8.0], "B": [3.0, 1.0, 1.0]}, "A", "B") == 3


@pytest.mark.parametrize("quick", [True, False])
@pytest.mark.usefixtures("_own_threads")
def test_a_report_ends_with_its_ratios_and_leaves_two_files(quick, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(record, "ROOT", tmp_path)
    options = record.parse_options("Summary.", ["--quick"] * quick + ["--threads", "1"])
    panels = [Panel("MNIST", "ms", {"ours": [1.0, 3.0, 2.0], "theirs": [4.0, 4.00001, 5.0]})]
    record.report("here/speed.py", options, panels, {"ratio": 2.00001, "missing": None})

    ratios = {"ratio": 2.0, "missing": None}
    assert json.loads(capsys.readouterr().out.splitlines()[-1]) == ratios
    folder = tmp_path / ("runs/speed" if quick else "docs/results/speed")
    assert sorted(path.name for path in folder.iterdir()) == ["speed.json", "speed.png"]
    assert (folder / "speed.png").read_bytes().startswith(b"\x89PNG")
    stored = json.loads((folder / "speed.json").read_text())
    assert stored["ratios"] == ratios
    assert stored["panels"][0]["figures"]["ours"] == {"median": 2.0, "rounds": [1.0, 3.0, 2.0]}
    assert stored["threads"] == 1
    assert stored["command"].startswith("python benchmarks/speed.py")
    assert {"cpu", "cores", "load_before"} <= set(stored["machine"])
    assert {"python", "tensorflow", "keras_vabc"} <= set(stored["versions"])


@pytest.mark.parametrize("name", SCRIPTS)
@pytest.mark.usefixtures("_own_threads")
def test_each_benchmark_has_a_smoke_run_and_its_command_in_the_readme(name):
    script = importlib.import_module(name)
    assert callable(script.main)
    assert record.parse_options(script.__doc__, ["--quick"]).quick
    assert not record.parse_options(script.__doc__, []).quick
    assert f"python benchmarks/{name}.py" in (BENCHMARKS / "README.md").read_text(encoding="utf-8")


def test_larger_batches_keep_everything_else_of_the_papers_setting():
    variants = dict(importlib.import_module("batch_size").variants(8, 0, quick=False))
    base, *others = variants.values()
    assert base == paper_setting("vabc", "mnist", 8, 0.2, 0) and len(others) == 6
    rates = {(s.batch_size, round(s.learning_rate * 1e3, 3)) for s in others}
    assert rates == {(160, 1), (160, 1.414), (160, 2), (320, 1), (320, 2), (320, 4)}
    for setting in others:
        own = {"batch_size": base.batch_size, "learning_rate": base.learning_rate}
        assert dataclasses.replace(setting, **own) == base


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


@pytest.mark.parametrize("workload", [MNIST, MOONS])
def test_a_step_has_three_products_of_each_layer_but_two_of_the_first(workload):
    import tensorflow as tf

    weights = workloads.kernels(workload.encoder_sizes) + workloads.kernels(workload.decoder_sizes)
    step = tf.function(lambda x: train_step.step_products(x, weights), autograph=False)
    graph = step.get_concrete_function(tf.TensorSpec((80, workload.encoder_sizes[0]))).graph
    assert [op.type for op in graph.get_operations()].count("MatMul") == 3 * 6 - 1
    model = workload.model()
    layers = [v for v in model.trainable_variables if len(v.shape) == 2]
    assert sum(np.prod(k.shape) for k in weights) == sum(np.prod(v.shape) for v in layers)


def test_repeated_products_are_computed_of_each_batch_in_turn():
    import tensorflow as tf

    seen = []

    def note(x):
        return [tf.numpy_function(lambda x: seen.append(float(x)) or x, [x], tf.float32)]

    workloads.repeated(
        lambda x: [tf.ensure_shape(note(x)[0], ())], tf.constant([1.0, 2.0, 3.0]), 5
    )()
    assert seen == [1, 2, 3, 1, 2]


def test_data_have_the_dtypes_of_the_papers():
    unlabeled, unwanted = MNIST.small().folds()
    assert (unlabeled.shape, unlabeled.dtype) == ((800, 28, 28, 1), np.uint8)
    assert np.mean(unlabeled > 0) == pytest.approx(0.2, abs=0.01)
    flat, _ = MNIST.small().unit_rows()
    np.testing.assert_allclose(flat, unlabeled.reshape(800, -1) / 255, rtol=1e-6)
    assert MOONS.small().folds()[0].dtype == np.float32


def test_the_exponent_is_the_slope_over_the_last_three_sizes():
    times = {str(n): [n**1.5, 0.0, 2 * n**1.5] for n in (100, 300, 1000)}
    panel = Panel("rows", "s", {"10": [9e9], **times})
    assert scaling.exponent(panel) == pytest.approx(1.5)


def test_what_grows_grows_a_hundredfold_and_nothing_else_does():
    for name, sizes in scaling.SIZES.items():
        assert sizes[-1] == 100 * sizes[0]
        workload = scaling.grown(name, sizes[-1])
        assert size_of(workload, name) == sizes[-1]
        others = {"rows", "pixels", "unwanted"} - {name}
        small = scaling.grown(name, sizes[0])
        assert all(size_of(workload, other) == size_of(small, other) for other in others)


def size_of(workload, name):
    if name == "pixels":
        return np.prod(workload.shape)
    return {"rows": workload.unlabeled, "unwanted": workload.unwanted}[name]
