"""Round trips: configuration, JSON, `.keras`, clones, and a process that never saw VABC."""

import subprocess
import sys

import keras
import numpy as np
import pytest

from keras_vabc.vabc.callbacks import GammaAnneal, KLAnneal
from keras_vabc.vabc.model import VABC, load_model
from keras_vabc.vabc.networks import conv_autoencoder, mlp_autoencoder

RNG = np.random.default_rng(0)
X = RNG.normal([4, -2], [3, 0.5], size=(40, 2)).astype("float32")
Y = np.tile([1.0, 0.0], 20).astype("float32")
NUMBERS = {
    "sigma2": 0.3,
    "gamma": 0.7,
    "kl_weight": 0.4,
    "penalty_weight": 2.0,
    "stochastic": False,
    "seed": 5,
    "name": "mine",
}


def adapted():
    layer = keras.layers.Normalization()
    layer.adapt(X)
    return layer


PREPROCESSING = {
    "none": lambda: None,
    "rescaling": lambda: keras.layers.Rescaling([0.5, 2.0], offset=[1.0, -1.0]),
    "adapted": adapted,
    "given": lambda: keras.layers.Normalization(mean=[4.0, -2.0], variance=[9.0, 0.25]),
}
every_preprocessing = pytest.mark.parametrize("preprocessing", PREPROCESSING)


def tiny_model(preprocessing="none", **settings):
    encoder, decoder = mlp_autoencoder((2,), 1, (8,), "linear", seed=0)
    layer = PREPROCESSING[preprocessing]()
    return VABC(encoder, decoder, preprocessing=layer, **{**NUMBERS, **settings})


def train(model, epochs, *callbacks):
    model.fit(X, Y, 10, epochs, shuffle=False, verbose=0, callbacks=list(callbacks))


def results(model):
    return [model.sample(5, seed=0), model.score(X), *model.encode(X)]


def assert_same(first, second):
    for a, b in zip(first, second, strict=True):
        np.testing.assert_array_equal(a, b)


def architecture(model):
    return [
        [(type(layer), layer.output.shape) for layer in network.layers]
        for network in (model.encoder, model.decoder)
    ]


@every_preprocessing
@pytest.mark.parametrize(
    "copy",
    [
        lambda m: VABC.from_config(m.get_config()),
        lambda m: keras.models.model_from_json(m.to_json()),
        keras.models.clone_model,
    ],
    ids=["config", "json", "clone"],
)
def test_the_configuration_makes_the_same_model(copy, preprocessing):
    model = tiny_model(preprocessing)
    twin = copy(model)
    assert type(twin) is VABC
    assert {name: getattr(twin, name) for name in NUMBERS} == NUMBERS
    assert architecture(twin) == architecture(model)
    assert type(twin.preprocessing) is type(model.preprocessing)
    assert twin.encoder is not model.encoder
    twin.set_weights(model.get_weights())
    if preprocessing == "adapted":  # its statistics are weights, which become active so
        twin.preprocessing.finalize_state()
    assert_same(results(twin), results(model))


def test_a_model_survives_saving_before_fit(tmp_path):
    for number, compiled in enumerate((False, True)):
        model = tiny_model("rescaling")
        if compiled:
            model.compile(keras.optimizers.SGD(0.125), steps_per_execution=2)
        model.save(tmp_path / f"{number}.keras")
        loaded = load_model(tmp_path / f"{number}.keras")
        assert loaded.compiled == compiled
        assert {name: getattr(loaded, name) for name in NUMBERS} == NUMBERS
        assert_same(results(loaded), results(model))
    assert type(loaded.optimizer) is keras.optimizers.SGD
    assert float(loaded.optimizer.learning_rate) == 0.125
    assert loaded.steps_per_execution == 2
    train(loaded, 1)
    assert int(loaded.optimizer.iterations) == 4


@pytest.mark.filterwarnings("ignore:fit ended at step 4, before")
def test_a_model_survives_saving_in_the_middle_of_annealing(tmp_path):
    model = tiny_model("adapted", stochastic=True)
    model.compile(keras.optimizers.Adam(0.01, beta_1=0.8))
    train(model, 1, GammaAnneal(4.0, epochs=2), KLAnneal(epochs=2))
    model.save(tmp_path / "m.keras")
    loaded = load_model(tmp_path / "m.keras")

    assert_same(results(loaded), results(model))
    assert 0.7 < float(loaded.current_gamma.numpy()) < 4.0
    assert 0.0 < float(loaded.current_kl_weight.numpy()) < 0.4
    for number in ("current_gamma", "current_kl_weight"):
        assert getattr(loaded, number).numpy() == getattr(model, number).numpy()
    assert (loaded.gamma, loaded.kl_weight) == (0.7, 0.4)

    assert loaded.optimizer.get_config() == model.optimizer.get_config()
    slots = [v.numpy() for v in model.optimizer.variables]
    assert len(slots) == 2 + 2 * len(model.trainable_weights)
    assert int(loaded.optimizer.iterations) == 4
    assert sum(np.abs(v).sum() > 0 for v in slots) > 15
    assert_same([v.numpy() for v in loaded.optimizer.variables], slots)
    assert loaded.evaluate(X, Y, verbose=0) == model.evaluate(X, Y, verbose=0)


@every_preprocessing
def test_preprocessing_is_part_of_the_file(tmp_path, preprocessing):
    model = tiny_model(preprocessing)
    expected = results(model)
    model.save(tmp_path / "m.keras")
    loaded = load_model(tmp_path / "m.keras")
    assert_same(results(loaded), expected)
    if preprocessing != "none":
        assert np.abs(expected[0] - results(tiny_model())[0]).max() > 0.5


def test_half_precision_is_part_of_the_file(tmp_path):
    keras.mixed_precision.set_dtype_policy("mixed_float16")
    try:
        model = tiny_model("adapted")
    finally:
        keras.mixed_precision.set_dtype_policy("float32")
    model.save(tmp_path / "m.keras")
    loaded = load_model(tmp_path / "m.keras")
    assert loaded.encoder.layers[2].compute_dtype == "float16"
    assert_same(results(loaded), results(model))


def test_weights_alone_travel_too(tmp_path):
    model, other = tiny_model("adapted"), tiny_model("adapted")
    model.encoder.set_weights([w + 0.5 for w in model.encoder.get_weights()])
    model.save_weights(tmp_path / "m.weights.h5")
    assert (other.score(X) != model.score(X)).any()
    other.load_weights(tmp_path / "m.weights.h5")
    assert_same(results(other), results(model))


def test_older_files_hold_three_counters_more():
    model, other = tiny_model(), tiny_model()
    numbers = [0.9, 0.3, 4.0, 7.0, 8.0, 100, 40, 11, 5]
    other.load_own_variables({str(i): np.array(n) for i, n in enumerate(numbers)})
    store = {}
    other.save_own_variables(store)
    assert [float(store[str(i)]) for i in range(len(store))] == pytest.approx([*numbers[:5], 5])
    assert other.current_gamma.numpy() == np.float32(0.9)
    with pytest.raises(ValueError, match="[Ee]xpected|variables"):
        model.load_own_variables({"0": np.array(1.0)})


def test_images_and_convolutions_survive(tmp_path):
    encoder, decoder = conv_autoencoder((7, 5, 2), 2, filters=(3, 4), units=6, seed=0)
    model = VABC(encoder, decoder, preprocessing=keras.layers.Rescaling(1 / 255), seed=0)
    model.save(tmp_path / "m.keras")
    images = RNG.integers(0, 256, size=(3, 7, 5, 2)).astype("uint8")
    loaded = load_model(tmp_path / "m.keras")
    assert_same([loaded.score(images)], [model.score(images)])
    assert_same([loaded.sample(3, seed=0)], [model.sample(3, seed=0)])


FRESH = """
import sys
import keras_vabc
assert "tensorflow" not in sys.modules
model = keras_vabc.load_model(sys.argv[1])
assert type(model) is keras_vabc.VABC
assert model.compiled and int(model.optimizer.iterations) == 0
print(model.sample(5, seed=0).tolist())
"""


def test_a_fresh_process_loads_it_through_keras_vabc_alone(tmp_path):
    model = tiny_model("adapted")
    model.compile()
    model.save(tmp_path / "m.keras")
    run = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", FRESH, tmp_path / "m.keras"],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert run.returncode == 0, run.stderr[-3000:]
    loaded = np.array(eval(run.stdout.splitlines()[-1]), "float32")
    np.testing.assert_array_equal(loaded, model.sample(5, seed=0))
