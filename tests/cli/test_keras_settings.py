"""Settings of Keras that another project left: the same samples, or one line that names them."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
from command_line import fails, succeeds

import keras_vabc as kv
from keras_vabc.evaluation import judges
from keras_vabc.files import keras_settings
from keras_vabc.nu import members
from keras_vabc.recipes import own_data
from keras_vabc.vabc import networks
from keras_vabc.vabc.model import VABC

EARLIER = Path(__file__).parents[1] / "recipes" / "run-0.1"
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
        ({}, {"KERAS_MAX_EPOCHS": "1"}, "KERAS_MAX_EPOCHS must not be set"),
    ],
)
def test_what_cannot_be_is_one_line(data, tmp_path, settings, environment, named):
    home = keras_home(tmp_path / "home", **settings)
    command = [KERAS_VABC, *map(str, train(data, tmp_path / "run"))]
    environment = {**os.environ, "KERAS_HOME": str(home), **environment}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1 and done.stdout == ""
    assert done.stderr.count("\n") == 1 and done.stderr.startswith("keras-vabc: ")
    assert named.replace("FILE", str(home / "keras.json")) in done.stderr
    assert list(tmp_path.iterdir()) == [home]


IN_PYTHON = """
import sys
import keras_vabc as kv
for name in dir(kv):
    assert hasattr(kv, name) and getattr(kv, name, None) is not None
for name in dir(kv.evaluation):
    assert hasattr(kv.evaluation, name)
run = kv.open_run(sys.argv[1])
run.set_threshold(0.1)
print(kv.load_folds("moons1", seed=3).unlabeled.shape, "keras" in sys.modules)
uses = {
    "VABC": lambda: kv.VABC(None, None),
    "its methods": lambda: kv.VABC.from_config({}),
    "load_model": lambda: kv.load_model("x.keras"),
    "mlp_autoencoder": lambda: kv.mlp_autoencoder((2,)),
    "conv_autoencoder": lambda: kv.conv_autoencoder((8, 8, 1)),
    "NUClassifier": lambda: kv.NUClassifier(),
    "its load": lambda: kv.NUClassifier.load("x.keras"),
    "LatentSampler": lambda: kv.LatentSampler(None),
    "GammaAnneal": lambda: kv.GammaAnneal(),
    "train_judge": lambda: kv.evaluation.train_judge(None, None, None, None),
    "train": lambda: kv.train([[1.0]], [[1.0]], out=sys.argv[2]),
    "report": lambda: kv.report(run, sys.argv[2]),
    "sample": lambda: run.sample(5),
    "evaluate": lambda: run.evaluate(),
    "export": lambda: run.export(sys.argv[2]),
    "model": lambda: run.model,
    "nu": lambda: run.nu,
}
for name, use in uses.items():
    try:
        print(name, "gives", use())
    except RuntimeError as error:
        print(error)
"""


def in_jax(tmp_path, *command):
    environment = {**os.environ, "KERAS_BACKEND": "jax", "KERAS_HOME": str(tmp_path / "none")}
    command = list(map(str, command))
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def test_in_python_each_use_is_told_and_no_name(tmp_path):
    run = shutil.copytree(EARLIER, tmp_path / "run")
    done = in_jax(tmp_path, sys.executable, "-c", IN_PYTHON, run, tmp_path / "out")
    assert done.returncode == 0, done.stderr
    folds, *lines = done.stdout.splitlines()
    assert folds == "(5000, 2) False"
    assert len(lines) == 17, lines
    for line in lines:
        assert line.startswith("Keras' backend must be tensorflow. Received: 'jax'; KERAS_BACKEND")
    # TensorFlow tries to import Keras, which makes its home.
    assert {path.name for path in tmp_path.iterdir()} == {"none", "run"}


def test_commands_that_do_without_keras_work_with_any_settings(tmp_path):
    run = shutil.copytree(EARLIER, tmp_path / "run")
    for words in (["--version"], ["train", "--help"], ["threshold", run]):
        done = in_jax(tmp_path, KERAS_VABC, *words)
        assert done.returncode == 0 and done.stderr == "", done.stderr


def test_a_name_is_refused_only_until_the_settings_are_mended(monkeypatch):
    forbidden = keras_settings.Forbidden("VABC")
    with pytest.raises(RuntimeError, match="must be right when VABC is imported"):
        forbidden.from_config({})
    monkeypatch.setattr(keras_settings, "BACKEND", "another")
    assert kv.VABC is VABC, "an imported name tells it when it is used"
    assert repr(keras_settings.needing_keras("keras_vabc.absent", "VABC")) == repr(forbidden)


OPENED = """
import sys
opened = []
sys.addaudithook(
    lambda event, given: opened.append(1)
    if event == "open" and str(given[0]).endswith("keras.json") else None
)
import keras_vabc as kv
kv.load_folds, kv.open_run, kv.train
print(len(opened))
kv.VABC
first = len(opened)
kv.VABC, kv.VABC, kv.load_model, kv.NUClassifier
print(first > 0, len(opened) - first)
"""


def test_the_file_of_settings_is_not_read_for_each_name(tmp_path):
    environment = {**os.environ, "KERAS_HOME": str(keras_home(tmp_path / "home"))}
    command = [sys.executable, "-c", OPENED]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.stdout.split() == ["0", "True", "0"], done.stderr


@pytest.fixture
def restored():
    yield
    keras.config.set_floatx("float32")
    keras.config.set_dtype_policy("float32")
    keras.config.set_image_data_format("channels_last")


def test_the_format_of_images_is_the_datas_own(data, tmp_path, monkeypatch, restored):
    """Both networks of a quality run convolve."""
    monkeypatch.setattr(members, "LEAST_STEPS", 3)
    monkeypatch.setattr(own_data, "GUARD", 0.999)
    monkeypatch.setattr(own_data, "CUT", dict.fromkeys(own_data.CUT))
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
    sample = "sample", data, "--out", tmp_path / "samples"
    if policy != "bfloat16":
        keras.config.set_floatx(policy)
        fails(f"Keras' floatx must be float32. Received: {policy!r}", *sample, code=1)
        keras.config.set_floatx("float32")
    built = networks.mlp_autoencoder((2,))
    keras.config.set_dtype_policy(policy)
    fails("Keras' dtype policy of weights must be", *train(data, tmp_path / "run"), code=1)
    makers = (
        lambda: networks.mlp_autoencoder((2,)),  # names that were there before the policy was
        lambda: networks.conv_autoencoder((8, 8, 1)),
        lambda: kv.NUClassifier(members=2).fit(IMAGES, IMAGES),
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
