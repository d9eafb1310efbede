"""ONNX and LiteRT: each runtime gives what the model gives, or nothing is left."""

import functools
import json
import sys
from concurrent.futures import ThreadPoolExecutor

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_vabc.export import portable
from keras_vabc.export.parts import data_spec
from keras_vabc.nu.classifier import NUClassifier
from keras_vabc.sampling import sampler as sampling
from keras_vabc.sampling.sampler import LatentSampler
from keras_vabc.vabc.model import VABC
from keras_vabc.vabc.networks import conv_autoencoder, mlp_autoencoder

FORMATS = {"onnx": ".onnx", "litert": ".tflite"}
RNG = np.random.default_rng(0)


def onnx(path):
    onnxruntime = pytest.importorskip("onnxruntime")
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    return lambda **inputs: dict(zip(names, session.run(None, inputs), strict=True))


def litert(path):
    interpreter = pytest.importorskip("ai_edge_litert.interpreter")
    return interpreter.Interpreter(model_path=str(path)).get_signature_runner()


RUNTIMES = {"onnx": onnx, "litert": litert}


@pytest.fixture(scope="module")
def sampler():
    """Images, with the density of their latents and a classifier as guard and score."""
    images = RNG.integers(0, 120, (300, 8, 8, 1)).astype("uint8")
    images[:100] += 120  # the last 40 of them are the hidden negatives
    unwanted, images = images[:60], images[60:]
    networks = conv_autoencoder((8, 8, 1), 3, filters=(4, 8), units=8, seed=0)
    model = VABC(*networks, preprocessing=keras.layers.Rescaling(1 / 255), seed=0)
    nu = NUClassifier(seed=0, epochs=6, members=2, batch_size=30)
    nu.fit(images, unwanted, verbose=0)
    return LatentSampler(model, guard=nu, components=3, fit_rows=100, threshold=0.9).fit(images)


@pytest.fixture(scope="module", params=FORMATS)
def exported(request, sampler, tmp_path_factory):
    path = tmp_path_factory.mktemp(request.param) / "out"
    sampler.export(path, request.param, score=sampler.guard, threshold=0.4, verbose=False)
    suffix = FORMATS[request.param]
    assert {file.name for file in path.iterdir()} == {
        f"decode{suffix}",
        f"score{suffix}",
        f"guard{suffix}",
        "density.json",
    }
    return path, lambda name: RUNTIMES[request.param](path / f"{name}{suffix}")


@pytest.mark.parametrize("n", [1, 7])
def test_each_runtime_decodes_the_same_pixels(exported, sampler, n):
    z = RNG.normal(size=(n, 3)).astype("float32")
    expected = sampler.model.decode(z)
    np.testing.assert_allclose(exported[1]("decode")(z=z)["data"], expected, atol=1e-5 * 255)
    assert np.ptp(expected) > 1


def test_each_runtime_scores_flags_and_guards(exported, sampler):
    brightness = np.linspace(0, 120, 50).reshape(-1, 1, 1, 1)
    x = (RNG.integers(0, 120, (50, 8, 8, 1)) + brightness).astype("float32")
    expected = sampler.guard.negative_probability(x)
    assert 0 < (expected > 0.4).sum() < 50
    scored = exported[1]("score")(x=x)
    np.testing.assert_allclose(scored["score"], expected, rtol=1e-4, atol=1e-6)
    np.testing.assert_array_equal(scored["flag"], scored["score"] > np.float32(0.4))
    np.testing.assert_allclose(exported[1]("guard")(x=x)["guard"], expected, rtol=1e-4, atol=1e-6)


def test_the_recipe_draws_what_the_sampler_draws(exported, sampler):
    density = json.loads((exported[0] / "density.json").read_text(encoding="utf-8"))
    assert density["latent_dim"] == 3 and density["guard_limit"] == 0.9
    assert ["z = means[c] + scales[c] e" in step for step in density["recipe"]].count(True) == 1
    for name, array in sampler.get_state().items():
        np.testing.assert_array_equal(np.float32(density[name]), array)


@pytest.mark.parametrize("format", FORMATS)
def test_vectors_keep_their_standardization(tmp_path, format):
    layer = keras.layers.Normalization()
    x = (RNG.normal(size=(100, 5)) * [3, 0.2, 1, 1, 9] + [100, -5, 0, 1, 1]).astype("float32")
    layer.adapt(x)
    networks = mlp_autoencoder((5,), 2, (8,), "linear", seed=0)
    model = VABC(*networks, preprocessing=layer)
    model.export(tmp_path / "out", format, verbose=False)
    scored = RUNTIMES[format](tmp_path / "out" / f"score{FORMATS[format]}")(x=x)
    assert set(scored) == {"score"}
    np.testing.assert_allclose(scored["score"], model.score(x), rtol=1e-4)
    density = json.loads((tmp_path / "out" / "density.json").read_text(encoding="utf-8"))
    assert density == {
        "recipe": ["Draw z from N(0, I), latent_dim numbers.", "The sample is decode(z)."],
        "latent_dim": 2,
    }


@pytest.mark.parametrize(
    ("format", "missing"), [("onnx", "tf2onnx"), ("litert", "ai_edge_litert.interpreter")]
)
def test_a_missing_package_is_named_with_its_extra(tmp_path, sampler, monkeypatch, format, missing):
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(ImportError, match=rf'pip install "keras_vabc\[{format}\]"'):
        sampler.export(tmp_path / "out", format)
    assert list(tmp_path.iterdir()) == []


SPOILED = {
    "data": ("decode", lambda out: out + 0.01),
    "score": ("score", lambda out: out + 0.01),
    "flag": ("flag", np.logical_not),
    "guard": ("guard", lambda out: out + 0.01),
}


@pytest.mark.parametrize("output", SPOILED)
def test_a_mismatch_is_found(exported, sampler, monkeypatch, output):
    given, (endpoint, spoil) = [], SPOILED[output]
    monkeypatch.setattr(sampling, "export_parts", lambda *arguments, **_: given.extend(arguments))
    sampler.export("nowhere", score=sampler.guard, threshold=0.4)
    parts, spec = given[0], data_spec(sampler.model)

    def run(name, spoiled, rows):
        out = exported[1](name)(**{"z" if name == "decode" else "x": rows})
        return {key: spoil(value) if key == spoiled else value for key, value in out.items()}

    def loaded(spoiled):
        return {f: functools.partial(run, f, spoiled) for f in ("decode", "score", "guard")}

    portable._check(loaded(None), parts, spec)
    with pytest.raises(RuntimeError, match=f"exported {endpoint} must give .* Nothing was kept"):
        portable._check(loaded(output), parts, spec)


def test_a_mismatch_leaves_nothing(tmp_path, sampler, monkeypatch):
    load = portable._load_onnx

    def spoiled(onnxruntime, path):
        function = load(onnxruntime, path)
        return lambda rows: {name: out + 0.01 for name, out in function(rows).items()}

    monkeypatch.setattr(portable, "_load_onnx", spoiled)
    with pytest.raises(RuntimeError, match="exported decode must give"):
        sampler.export(tmp_path / "out", "onnx")
    assert list(tmp_path.iterdir()) == []


def test_other_threads_keep_their_own_rescaling():
    """While one exports, what another traces is what Keras gives; afterwards in each of them."""
    layer, signature = keras.layers.Rescaling(0.5, 1.0), tf.TensorSpec((None, 3), "float32")

    def traced():
        graph = tf.function(lambda x: layer(x)).get_concrete_function(signature).graph
        return "Maximum" in {operation.type for operation in graph.get_operations()}

    def elsewhere():
        with ThreadPoolExecutor(1) as pool:
            return pool.submit(traced).result()

    call = keras.layers.Rescaling.call
    with portable._standardized_apart():
        assert traced() and not elsewhere()
    assert not traced() and not elsewhere() and keras.layers.Rescaling.call is call
