"""Exports of runs on tables: they finish rows as `sample` does, and a full disk is one line."""

import numpy as np
import pytest
import tensorflow as tf
from command_line import contents, fails, succeeds
from faults import room_for
from finished_rows import finished

import keras_vabc as kv
from keras_vabc.nu import members
from keras_vabc.recipes import own_data, training

RNG = np.random.default_rng(5)
CONSTANT = 1e6  # far from 0, in units of what it deviates by


def rows(count, shift):
    columns = RNG.normal(size=count) + shift, RNG.poisson(1.2, count), np.full(count, CONSTANT)
    return np.stack(columns, axis=1).astype("float32")


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    """A run with classifier, density and guard, on a normal, a whole and a constant column."""
    folder = tmp_path_factory.mktemp("table")
    np.save(folder / "all.npy", rows(300, 0))
    np.save(folder / "bad.npy", rows(50, 3))
    arguments = ["--unlabeled", folder / "all.npy", "--unwanted", folder / "bad.npy"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(members, "LEAST_STEPS", 20)
        patch.setattr(own_data, "GUARD", 0.999)
        patch.setattr(own_data, "CUT", dict.fromkeys(own_data.CUT))
        patch.setattr(training, "TRIED_SAMPLES", 50)
        succeeds("train", *arguments, "--out", folder / "run", "--epochs", 2, "--seed", 3)
    return folder / "run"


def onnx(path):
    onnxruntime = pytest.importorskip("onnxruntime")
    session = onnxruntime.InferenceSession(f"{path}.onnx", providers=["CPUExecutionProvider"])
    return lambda **inputs: session.run(None, inputs)[0]


def litert(path):
    interpreter = pytest.importorskip("ai_edge_litert.interpreter")
    runner = interpreter.Interpreter(model_path=f"{path}.tflite").get_signature_runner()
    return lambda **inputs: next(iter(runner(**inputs).values()))


def test_a_saved_model_gives_the_samples_of_the_library(table, tmp_path):
    succeeds("export", table, "--out", tmp_path / "model")
    loaded, run = tf.saved_model.load(str(tmp_path / "model" / "1")), kv.open_run(table)
    samples = run.sample(1500, seed=4)
    np.testing.assert_array_equal(loaded.sample(1500, 4), samples)
    assert (samples[:, 1] % 1 == 0).all() and (samples[:, 2] == CONSTANT).all()
    z = RNG.normal(size=(200, run.model.latent_dim)).astype("float32")
    expected = finished(run.model.decode(z), run.spec)
    np.testing.assert_allclose(loaded.decode(z), expected, rtol=1e-5, atol=1e-5)
    assert (run.model.decode(z) != expected)[:, 1:].all()


@pytest.mark.parametrize("load", [onnx, litert])
def test_other_formats_finish_what_they_decode_and_score_as_the_run(table, tmp_path, load):
    succeeds("export", table, "--format", load.__name__, "--out", tmp_path / "model")
    run, folder = kv.open_run(table), tmp_path / "model" / load.__name__
    z = RNG.normal(size=(200, run.model.latent_dim)).astype("float32")
    decoded, expected = load(folder / "decode")(z=z), finished(run.model.decode(z), run.spec)
    np.testing.assert_allclose(decoded, expected, rtol=1e-5, atol=1e-5)
    x = rows(200, 1)
    scored = load(folder / "score")(x=x)
    np.testing.assert_allclose(scored, run.score(x), rtol=1e-4, atol=1e-6)
    assert np.ptp(scored) > 1e-3


@pytest.mark.parametrize("format", ["savedmodel", "onnx", "litert"])
def test_a_full_disk_is_one_line(table, tmp_path, format):
    """There is room for what Python writes first, and none for TensorFlow's variables."""
    out = tmp_path / "model"
    before = contents(table.parent)
    with room_for(20_000):
        done = fails("File too large", "export", table, "--format", format, "--out", out)
    assert str(out) in done.stderr and ".tmp" not in done.stderr
    assert not list(tmp_path.iterdir()) and contents(table.parent) == before
