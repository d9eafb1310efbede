"""Settings of Keras that another project left: the same samples, or one line that names them."""

import json
import os
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
from command_line import fails, succeeds

import keras_vabc as kv
from keras_vabc.evaluation import judges
from keras_vabc.nu import classifier
from keras_vabc.recipes import own_data
from keras_vabc.vabc import networks
from keras_vabc.vabc.model import VABC

KERAS_VABC = Path(sys.executable).with_name("keras-vabc")
RNG = np.random.default_rng(2)
IMAGES = RNG.integers(0, 120, (150, 9, 8, 1), dtype="uint8")  # neither square nor a power of two


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("images")
    np.save(folder / "all.npy", IMAGES)
    np.save(folder / "bad.npy", 255 - IMAGES[:50])
    return folder


def keras_home(folder, **settings):
    """A folder with the `keras.json` of another project."""
    folder.mkdir()
    defaults = {"floatx": "float32", "epsilon": 1e-7, "backend": "tensorflow"}
    text = json.dumps({**defaults, "image_data_format": "channels_last", **settings})
    (folder / "keras.json").write_text(text)
    return folder


def train(data, run):
    names = ["--unlabeled", data / "all.npy", "--unwanted", data / "bad.npy", "--out", run]
    return ["train", *names, "--setting", "paper", "--epochs", "1"]


@pytest.mark.parametrize(
    ("settings", "environment", "named"),
    [
        ({"backend": "torch"}, {}, "backend must be tensorflow. Received: 'torch'; FILE"),
        ({"backend": "torch"}, {"KERAS_BACKEND": "jax"}, "'jax'; KERAS_BACKEND says so"),
        ({"floatx": "float16"}, {}, "floatx must be float32. Received: 'float16'; FILE"),
        ({"floatx": "float64"}, {"KERAS_BACKEND": ""}, "Received: 'float64'; FILE says so"),
    ],
)
def test_what_cannot_be_is_one_line(data, tmp_path, settings, environment, named):
    home = keras_home(tmp_path / "home", **settings)
    command = [KERAS_VABC, *map(str, train(data, tmp_path / "run"))]
    environment = {**os.environ, "KERAS_HOME": str(home), **environment}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1 and done.stdout == ""
    assert done.stderr.count("\n") == 1 and done.stderr.startswith("keras-vabc: Keras' ")
    assert named.replace("FILE", str(home / "keras.json")) in done.stderr
    assert list(tmp_path.iterdir()) == [home]


IN_PYTHON = """
import sys
import keras_vabc as kv
kv.__version__
try:
    kv.train
except RuntimeError as error:
    print(error)
print(sorted({"keras", "tensorflow"} & set(sys.modules)))
"""


def test_in_python_too_before_anything_is_imported(tmp_path):
    environment = {**os.environ, "KERAS_BACKEND": "jax", "KERAS_HOME": str(tmp_path / "none")}
    command = [sys.executable, "-c", IN_PYTHON]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    line, imported = done.stdout.splitlines()
    assert line.startswith("Keras' backend must be tensorflow. Received: 'jax'; KERAS_BACKEND")
    assert imported == "[]"


@pytest.fixture
def restored():
    yield
    keras.config.set_floatx("float32")
    keras.config.set_dtype_policy("float32")
    keras.config.set_image_data_format("channels_last")


def test_the_format_of_images_is_the_datas_own(data, tmp_path, monkeypatch, restored):
    """Both networks of a quality run convolve."""
    monkeypatch.setattr(classifier, "LEAST_STEPS", 3)
    monkeypatch.setattr(own_data, "GUARD", 0.999)
    sampled, scored = [], []
    for format in ("channels_last", "channels_first"):  # as a keras.json sets it, too
        keras.config.set_image_data_format(format)
        run, out = tmp_path / format, tmp_path / f"{format}.npy"
        succeeds(*train(data, run), "--setting", "quality")
        succeeds("sample", run, "-n", 20, "--seed", 3, "--out", out)
        sampled.append(np.load(out))
        scored.append(kv.open_run(run).score(IMAGES))
    np.testing.assert_array_equal(*sampled)
    np.testing.assert_array_equal(*scored)
    assert len(np.unique(sampled[0], axis=0)) > 10 and np.ptp(scored[0]) > 0
    for convolutions in judges.ARCHITECTURES.values():
        network = judges._network(IMAGES.shape[1:], 2, 0, convolutions)
        formats = {getattr(layer, "data_format", "channels_last") for layer in network.layers}
        assert formats == {"channels_last"} and network.output_shape[0] == (None, judges.FEATURES)


@pytest.mark.parametrize("policy", ["float16", "bfloat16", "float64"])
def test_a_policy_that_was_set_is_one_line(data, tmp_path, restored, policy):
    if policy != "bfloat16":
        keras.config.set_floatx(policy)
        fails(f"Keras' floatx must be float32. Received: {policy!r}", "sample", data, code=1)
        keras.config.set_floatx("float32")
    built = networks.mlp_autoencoder((2,))
    keras.config.set_dtype_policy(policy)
    fails("Keras' dtype policy of weights must be", *train(data, tmp_path / "run"), code=1)
    makers = (
        lambda: networks.mlp_autoencoder((2,)),  # names that were there before the policy was
        lambda: networks.conv_autoencoder((8, 8, 1)),
        lambda: classifier.NUClassifier(members=2).fit(IMAGES, IMAGES),
        lambda: VABC(*built),
    )
    for make in makers:
        with pytest.raises(RuntimeError, match=f"weights must be float32. Received: '{policy}'"):
            make()


def test_mixed_precision_is_the_users_choice(data, tmp_path, restored):
    keras.config.set_dtype_policy("mixed_bfloat16")
    succeeds(*train(data, tmp_path / "run"))
    run = kv.open_run(tmp_path / "run")
    assert run.model.encoder.layers[2].compute_dtype == "bfloat16"
    assert np.isfinite(run.score(IMAGES)).all()
