"""SavedModels: the endpoints give what the model gives, without the package, or nothing is left."""

import json
import os
import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_vabc.export import saved_model as export
from keras_vabc.export.parts import compare, compare_decoded, model_parts
from keras_vabc.vabc.model import VABC
from keras_vabc.vabc.networks import conv_autoencoder, mlp_autoencoder

RNG = np.random.default_rng(0)


def with_biases(networks):
    """No zero biases: they would hide mistakes."""
    rng = np.random.default_rng(1)
    for network in networks:
        network.set_weights(
            [w if w.ndim > 1 else 0.5 * rng.normal(size=w.shape) for w in network.get_weights()]
        )
    return networks


def moons_model(**settings):
    networks = mlp_autoencoder((2,), 1, (20, 20), "linear", seed=0)
    return VABC(*with_biases(networks), sigma2=0.3, **settings)


def image_model(**settings):
    networks = mlp_autoencoder((4, 4, 1), 2, (8,), seed=0)
    settings.setdefault("preprocessing", keras.layers.Rescaling(1 / 255))
    return VABC(*with_biases(networks), sigma2=2.5, **settings)


def conv_model():
    networks = conv_autoencoder((8, 8, 1), 2, filters=(4, 8), seed=0)
    return VABC(*with_biases(networks), preprocessing=keras.layers.Rescaling(1 / 127.5, -1.0))


def normalized_model():
    layer = keras.layers.Normalization()
    layer.adapt(RNG.normal(size=(100, 2)) * [3.0, 0.2] + [100.0, -5.0])
    return moons_model(preprocessing=layer)


VARIANTS = {
    "moons": (moons_model, RNG.normal(size=(70, 2)).astype("float32")),
    "moons, deterministic": (lambda: moons_model(stochastic=False), RNG.normal(size=(70, 2))),
    "images": (image_model, RNG.integers(0, 256, (70, 4, 4, 1)).astype("uint8")),
    "convolutions": (conv_model, RNG.integers(0, 256, (70, 8, 8, 1)).astype("uint8")),
    "normalization": (normalized_model, RNG.normal(size=(70, 2)) * [3, 0.2] + [100, -5]),
}


@pytest.fixture(scope="module", params=VARIANTS)
def exported(request, tmp_path_factory):
    make, x = VARIANTS[request.param]
    model = make()
    path = tmp_path_factory.mktemp("export") / "saved"
    model.export(path, verbose=False)
    return model, x, path, tf.saved_model.load(str(path))


def test_decode_and_score_are_the_models(exported):
    model, x, _, loaded = exported
    z = RNG.normal(size=(70, model.latent_dim))
    expected = model.decode(z)
    span = expected.max() - expected.min()
    assert span > 0.1
    np.testing.assert_allclose(loaded.decode(z), expected, rtol=1e-6, atol=1e-5 * span)
    expected = model.score(x)
    assert np.ptp(expected) > 0.1
    for given in (x, x.tolist(), tf.cast(x, "float32")):
        np.testing.assert_allclose(loaded.score(given), expected, rtol=1e-4)
    assert loaded.decode(z[:0]).shape == (0, *x.shape[1:])


@pytest.mark.parametrize("n", [0, 1, 70, 1024, 1025, 2500])
def test_samples_are_bit_for_bit_the_models(exported, n):
    model, x, _, loaded = exported
    samples = loaded.sample(n, 3).numpy()
    assert samples.shape == (n, *x.shape[1:])
    assert samples.dtype == np.float32
    np.testing.assert_array_equal(samples, model.sample(n, seed=3))
    np.testing.assert_array_equal(samples, loaded.sample(n=n, seed=3))
    if n:
        assert (samples != loaded.sample(n, 4).numpy()).all(axis=-1).any()
        assert len(np.unique(samples, axis=0)) > 0.9 * n  # the blocks differ


@pytest.mark.parametrize("seed", [0, -1, 2**31, 2**40])
def test_every_seed_of_the_model_is_one_of_the_export(exported, seed):
    model, _, _, loaded = exported
    np.testing.assert_array_equal(loaded.sample(3, seed), model.sample(3, seed=seed))


def test_signatures_are_the_endpoints(exported):
    model, x, _, loaded = exported
    z = RNG.normal(size=(5, model.latent_dim)).astype("float32")
    signatures = loaded.signatures
    assert set(signatures) == {"decode", "sample", "score", "serving_default"}
    inputs = {name: fn.structured_input_signature[1] for name, fn in signatures.items()}
    assert {name: set(specs) for name, specs in inputs.items()} == {
        "decode": {"z"},
        "sample": {"n", "seed"},
        "score": {"x"},
        "serving_default": {"z"},
    }
    for name in ("decode", "serving_default"):
        np.testing.assert_array_equal(signatures[name](z=z)["output_0"], loaded.decode(z))
    five = signatures["sample"](n=tf.constant(5, tf.int64), seed=tf.constant(0, tf.int64))
    np.testing.assert_array_equal(five["output_0"], model.sample(5, seed=0))
    scores = signatures["score"](x=x.astype("float32"))["output_0"]
    np.testing.assert_array_equal(scores, loaded.score(x))


WITHOUT_THE_PACKAGE = """
import json, sys
sys.path += json.loads(sys.argv.pop(1))
sys.modules["keras_vabc"] = None  # any import of it fails
expected, folder = sys.argv.pop(1), sys.argv[3]
import numpy as np
import tensorflow as tf

loaded, expected = tf.saved_model.load(folder), np.load(expected)
np.testing.assert_array_equal(loaded.sample(1025, 7), expected["samples"])
np.testing.assert_allclose(loaded.decode(expected["z"]), expected["decoded"], atol=1e-3)
np.testing.assert_allclose(loaded.score(expected["x"]), expected["scores"], rtol=1e-4)

try:
    import keras_vabc
except ImportError:
    from tensorflow.python.tools import saved_model_cli
    saved_model_cli.main()  # exits
sys.exit("keras_vabc was importable")
"""


def test_it_needs_no_keras_vabc(tmp_path):
    model, x = image_model(), VARIANTS["images"][1]
    model.export(tmp_path / "saved", verbose=False)
    z = RNG.normal(size=(5, 2))
    arrays = {"x": x, "scores": model.score(x), "z": z, "decoded": model.decode(z)}
    np.savez(tmp_path / "expected.npz", samples=model.sample(1025, seed=7), **arrays)
    packages = json.dumps([path for path in sys.path if path.endswith("-packages")])
    arguments = [packages, tmp_path / "expected.npz", "show", "--dir", tmp_path / "saved", "--all"]
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", WITHOUT_THE_PACKAGE, *arguments],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        env=dict(os.environ),
    )
    assert done.returncode == 0, done.stderr
    for name in ("decode", "sample", "score", "serving_default"):
        assert f"signature_def['{name}']" in done.stdout
    for tensor in ("inputs['z']", "inputs['n']", "inputs['seed']", "inputs['x']"):
        assert tensor in done.stdout


def test_the_file_names_no_folder_and_no_module_of_its_origin(exported):
    path = exported[2]
    for file in path.rglob("*"):
        if file.is_file():
            content = file.read_bytes()
            assert str(path.parent.parent).encode() not in content
            assert b"keras_vabc" not in content


def test_the_signature_of_the_data_can_be_chosen(tmp_path):
    model, x = image_model(), VARIANTS["images"][1]
    spec = keras.InputSpec(shape=(None, 4, 4, 1), dtype="uint8")
    model.export(tmp_path / "uint8", input_signature=[spec], verbose=False)
    loaded = tf.saved_model.load(str(tmp_path / "uint8"))
    np.testing.assert_allclose(loaded.score(tf.constant(x)), model.score(x), rtol=1e-4)
    assert loaded.score(x[:0]).shape == (0,)
    score = loaded.signatures["score"]
    assert score.structured_input_signature[1]["x"].dtype == tf.uint8

    model.export(tmp_path / "eight", input_signature=[tf.TensorSpec((8, 4, 4, 1))], verbose=False)
    loaded = tf.saved_model.load(str(tmp_path / "eight"))
    np.testing.assert_allclose(loaded.score(x[:8]), model.score(x[:8]), rtol=1e-4)
    assert loaded.signatures["score"].structured_input_signature[1]["x"].shape == (8, 4, 4, 1)


def test_a_threshold_flags(tmp_path):
    model, x = image_model(), VARIANTS["images"][1]
    scores = model.score(x)
    threshold = float(scores[0])  # which does not exceed itself
    model.export(tmp_path / "saved", threshold=threshold, verbose=False)
    loaded = tf.saved_model.load(str(tmp_path / "saved"))
    flags = loaded.flag(x).numpy()
    assert flags.dtype == bool and 0 < flags.sum() < len(x)
    clear = ~np.isclose(scores, threshold, rtol=1e-4)
    np.testing.assert_array_equal(flags[clear], (scores > threshold)[clear])


def test_a_trained_and_reloaded_model_exports_its_weights(tmp_path):
    model = moons_model()
    model.compile("sgd", run_eagerly=True)
    before = model.sample(20, seed=0)
    model.train_on_batch(RNG.normal(size=(8, 2)).astype("float32"), np.ones(8))
    model.save(tmp_path / "model.keras")
    keras.models.load_model(tmp_path / "model.keras").export(tmp_path / "saved", verbose=False)
    loaded = tf.saved_model.load(str(tmp_path / "saved"))
    samples = loaded.sample(20, 0).numpy()
    np.testing.assert_array_equal(samples, model.sample(20, seed=0))
    assert (samples != before).all()


def test_it_says_what_it_wrote_as_keras_does(tmp_path, capsys):
    model = moons_model()
    (tmp_path / "empty").mkdir()
    model.export(str(tmp_path / "empty"))  # an empty folder will do
    assert f"Saved artifact at '{tmp_path / 'empty'}'" in capsys.readouterr().out
    model.export(tmp_path / "made" / "silent", verbose=False)
    assert capsys.readouterr().out == ""
    assert {path.name for path in tmp_path.iterdir()} == {"empty", "made"}
    assert (tmp_path / "made" / "silent" / "saved_model.pb").is_file()


# Bad input, and what it must not leave


def test_nothing_is_overwritten(tmp_path):
    folder, file = tmp_path / "folder", tmp_path / "file"
    folder.mkdir()
    for kept in (file, folder / "kept"):
        kept.write_text("kept")
    for path in (folder, file):
        with pytest.raises(FileExistsError, match=f"filepath must be .* filepath={path}"):
            moons_model().export(path)
    with pytest.raises(OSError, match="filepath must be .*Received: filepath="):
        moons_model().export(file / "below")
    assert file.read_text() == (folder / "kept").read_text() == "kept"
    assert {path.name for path in tmp_path.rglob("*")} == {"folder", "file", "kept"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"format": "h5"}, "format must be one of tf_saved_model, onnx, litert. Received: .*h5"),
        ({"threshold": np.nan}, "threshold must be finite. Received: threshold=nan"),
        ({"input_signature": []}, r"input_signature must hold one spec.*Received: .*\[\]"),
        (
            {"input_signature": [tf.TensorSpec((None, 3))]},
            r"one spec, of data of shape \(None, 2\). Received: .*shape=\(None, 3\)",
        ),
        ({"input_signature": [tf.TensorSpec((None, 2))] * 2}, "must hold one spec"),
    ],
)
def test_bad_arguments_are_refused(tmp_path, arguments, message):
    with pytest.raises(ValueError, match=message):
        moons_model().export(tmp_path / "saved", **arguments)
    assert list(tmp_path.iterdir()) == []


class Spoiled:
    """A loaded SavedModel, one of whose endpoints gives something else."""

    def __init__(self, loaded, endpoint, spoil):
        for name in ("decode", "sample", "score", "flag"):
            setattr(self, name, getattr(loaded, name))
        setattr(self, endpoint, lambda *inputs: spoil(getattr(loaded, endpoint)(*inputs)))


SPOILED = [
    ("decode", lambda out: out + 1e-3, "decode must give .* difference of up to 0.00"),
    ("decode", lambda out: out[:, :1], r"decode must give .* shape \(64, 1\) for \(64, 2\)"),
    ("score", lambda out: out * 1.001, "score must give .* rtol=0.0001"),
    ("score", lambda out: out * np.nan, "score must give .* difference of up to nan"),
    ("sample", lambda out: tf.roll(out, 1, axis=0), "sample must give .* rtol=0 "),
    ("sample", lambda out: out * (1 + 2e-7), "sample must give .* rtol=0 "),
    ("flag", tf.logical_not, "flag must give .* rtol=0 .* difference of up to 1"),
]


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    path = tmp_path_factory.mktemp("pair") / "saved"
    model = moons_model()
    model.export(path, threshold=3.0, verbose=False)
    return tf.saved_model.load(str(path)), model


def test_a_negative_number_of_samples_is_refused(pair):
    with pytest.raises(tf.errors.InvalidArgumentError, match="n must be >= 0"):
        pair[0].sample(-1, 0)


@pytest.mark.parametrize(("endpoint", "spoil", "message"), SPOILED)
def test_a_mismatch_is_found(pair, endpoint, spoil, message):
    loaded, model = pair
    spec = tf.TensorSpec((None, 2))
    parts = model_parts(model, 3.0)
    export._check(loaded, parts, spec)
    with pytest.raises(RuntimeError, match=message):
        export._check(Spoiled(loaded, endpoint, spoil), parts, spec)


@pytest.mark.parametrize("unit", [255.0, 1e-3])
def test_what_rounding_may_change_is_a_share_of_the_datas_range(unit):
    expected = unit * np.linspace(-0.5, 0.5, 50, dtype="float32")
    compare_decoded(expected + 8e-6 * unit, expected)
    with pytest.raises(RuntimeError, match="decode must give"):
        compare_decoded(expected + 1.3e-5 * unit, expected)


def test_a_mismatch_leaves_nothing(tmp_path, monkeypatch):
    load = tf.saved_model.load
    endpoint, spoil, message = SPOILED[0]
    monkeypatch.setattr(
        export.tf.saved_model, "load", lambda path: Spoiled(load(path), endpoint, spoil)
    )
    with pytest.raises(RuntimeError, match=message):
        moons_model().export(tmp_path / "saved", threshold=3.0)
    assert list(tmp_path.iterdir()) == []


def test_few_rows_may_jump_where_trees_score_and_none_elsewhere():
    expected = np.linspace(0, 0.9, 60).astype("float32")
    for off, by, jumps, fine in (
        (0, 0.0, False, True),
        (1, 0.05, False, False),
        (6, 0.05, True, True),
        (7, 0.05, True, False),
        (1, 0.2, True, False),
    ):
        actual = expected.copy()
        actual[:off] += by
        if fine:
            compare("score", actual, expected, rtol=1e-4, jumps=jumps)
        else:
            with pytest.raises(RuntimeError, match="exported score must give .* Nothing was kept"):
                compare("score", actual, expected, rtol=1e-4, jumps=jumps)
