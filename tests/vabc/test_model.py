"""VABC itself: the numbers of its steps in float64 NumPy, what it gives back, and bad input."""

import re

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_vabc.data.blocks import draw_normal
from keras_vabc.data.ranges import REAL
from keras_vabc.vabc.losses import unwanted_penalty
from keras_vabc.vabc.model import VABC
from keras_vabc.vabc.networks import mlp_autoencoder
from keras_vabc.vabc.optimizers import FusedAdam

RNG = np.random.default_rng(0)
X = RNG.normal(size=(20, 3)).astype("float32")
Y = np.tile([1.0, 0.0], 10).astype("float32")
SOFT = RNG.uniform(size=20).astype("float32")
WEIGHT = RNG.uniform(0.5, 2.0, size=20).astype("float32")
SETTINGS = {"sigma2": 0.3, "gamma": 0.7, "kl_weight": 0.4, "penalty_weight": 2.0, "seed": 5}


def tiny_model(activation="linear", optimizer=None, run_eagerly=False, **settings):
    encoder, decoder = mlp_autoencoder((3,), 2, (8,), activation, seed=0)
    rng = np.random.default_rng(1)
    for network in (encoder, decoder):  # no zero biases: they would hide mistakes
        network.set_weights([0.5 * rng.normal(size=w.shape) for w in network.get_weights()])
    model = VABC(encoder, decoder, **{**SETTINGS, **settings})
    model.compile(optimizer, run_eagerly=run_eagerly)
    return model


def encode64(weights, x):
    kernel, bias, kernel_mean, bias_mean, kernel_log_var, bias_log_var = weights
    hidden = np.maximum(x @ kernel + bias, 0)
    return hidden @ kernel_mean + bias_mean, hidden @ kernel_log_var + bias_log_var


def decode64(weights, z):
    kernel, bias, kernel_out, bias_out = weights
    return np.maximum(z @ kernel + bias, 0) @ kernel_out + bias_out


def weights64(model):
    return [np.float64(w) for w in model.encoder.get_weights() + model.decoder.get_weights()]


def terms64(weights, x, noise, sigma2, gamma):
    """R, P and KL of each example, from the definitions, in float64."""
    mean, log_var = encode64(weights[:6], x)
    decoded = decode64(weights[6:], mean + np.exp(log_var / 2) * noise)
    reconstruction = ((x - decoded) ** 2).sum(axis=1) / (2 * sigma2)
    penalty = -np.log(1 - np.exp(-gamma * reconstruction))
    kl = 0.5 * (mean**2 + np.exp(log_var) - 1 - log_var).sum(axis=1)
    return reconstruction, penalty, kl


def loss64(weights, x, y, noise):
    s = SETTINGS
    reconstruction, penalty, kl = terms64(weights, x, noise, s["sigma2"], s["gamma"])
    return s["kl_weight"] * kl + y * reconstruction + s["penalty_weight"] * (1 - y) * penalty


def noise_of(stream, step, rows):
    seed = [2 * SETTINGS["seed"] + stream, step]
    return tf.random.stateless_normal((rows, 2), seed).numpy().astype("float64")


TEST_NOISE = np.concatenate([noise_of(1, batch, rows) for batch, rows in enumerate((8, 8, 4))])


@pytest.fixture(scope="module")
def evaluated():
    """One compiled model for all tests that only evaluate."""
    return tiny_model()


def evaluate(model, y, weight=None, x=X):
    return model.evaluate(x, y, 8, sample_weight=weight, verbose=0, return_dict=True)


@pytest.mark.parametrize("y", [Y, SOFT])
@pytest.mark.parametrize("weight", [None, WEIGHT])
def test_evaluation_is_the_loss_of_the_design(evaluated, y, weight):
    weights = weights64(evaluated)
    reconstruction, penalty, kl = terms64(weights, X, TEST_NOISE, 0.3, 0.7)
    w = np.ones(20) if weight is None else np.float64(weight)
    result = evaluate(evaluated, y, weight)
    expected = {
        "loss": np.mean(w * loss64(weights, X, np.float64(y), TEST_NOISE)),
        "reconstruction": np.average(reconstruction, weights=y * w),
        "penalty": np.average(penalty, weights=(1 - y) * w),
        "kl": np.average(kl, weights=w),
    }
    assert result == pytest.approx(expected, rel=1e-5)


def test_labels_of_any_shape_and_dtype_mean_the_same():
    evaluated = tiny_model(run_eagerly=True)
    expected = evaluate(evaluated, Y)
    for y in (Y[:, None], Y.astype("int64"), Y.astype("uint8")[:, None], Y.astype(bool)):
        assert evaluate(evaluated, y) == expected
    assert evaluate(evaluated, Y, np.ones((20, 1))) == expected
    assert evaluate(evaluated, 1 - Y)["loss"] != pytest.approx(expected["loss"], rel=1e-2)


def test_a_weight_of_zero_removes_an_example(evaluated):
    # Rows 18 and 19 end the last batch, so that the noise of the others stays what it was.
    weight = np.where(np.arange(20) < 18, 1.0, 0.0)
    full, cut = evaluate(evaluated, Y, weight), evaluate(evaluated, Y[:18], x=X[:18])
    assert full["loss"] * 20 == pytest.approx(cut["loss"] * 18, rel=1e-5)
    for part in ("reconstruction", "penalty", "kl"):
        assert full[part] == pytest.approx(cut[part], rel=1e-5)


def test_test_noise_repeats_between_evaluations_and_differs_between_batches(evaluated):
    same_rows = np.repeat(X[:1], 16, axis=0)
    ones = np.ones(16)
    first = evaluate(evaluated, ones, x=same_rows)
    evaluate(evaluated, Y)  # another number of batches
    assert evaluate(evaluated, ones, x=same_rows) == first

    weights = weights64(evaluated)
    per_batch = [
        terms64(weights, same_rows[:8], noise_of(1, batch, 8), 0.3, 0.7)[0].mean()
        for batch in (0, 1)
    ]
    assert abs(per_batch[0] - per_batch[1]) > 1e-3
    assert first["reconstruction"] == pytest.approx(np.mean(per_batch), rel=1e-5)


@pytest.mark.parametrize("weight", [None, WEIGHT])
def test_a_training_step_follows_the_gradient(weight):
    """SGD's step against central differences of the loss in float64, over every weight."""
    model = tiny_model(optimizer=keras.optimizers.SGD(1e-2))
    before = weights64(model)
    w = np.ones(20) if weight is None else np.float64(weight)
    noise = noise_of(0, 0, 20)

    def loss_at(weights):
        return np.mean(w * loss64(weights, X, np.float64(SOFT), noise))

    logs = model.train_on_batch(X, SOFT, sample_weight=weight, return_dict=True)
    assert logs["loss"] == pytest.approx(loss_at(before), rel=1e-5)
    assert (logs["gamma"], logs["kl_weight"]) == (np.float32(0.7), np.float32(0.4))

    step = 1e-6
    for k, after in enumerate(weights64(model)):
        slope = np.zeros_like(before[k])
        for place in np.ndindex(slope.shape):
            moved = [v.copy() for v in before]
            moved[k][place] += step
            up = loss_at(moved)
            moved[k][place] -= 2 * step
            slope[place] = (up - loss_at(moved)) / (2 * step)
        np.testing.assert_allclose((before[k] - after) / 1e-2, slope, rtol=2e-3, atol=2e-4)


def test_regularizers_of_the_networks_count():
    encoder, decoder = mlp_autoencoder((3,), 2, (8,), "linear", seed=0)
    encoder.layers[2].kernel.regularizer = keras.regularizers.L2(0.1)
    model = VABC(encoder, decoder, **SETTINGS)
    model.compile(keras.optimizers.SGD(0.0))
    penalty = 0.1 * np.sum(np.square(encoder.get_weights()[0]))
    assert penalty > 0.1
    noise = noise_of(0, 0, 20)
    expected = np.mean(loss64(weights64(model), X, Y, noise)) + penalty
    logs = model.train_on_batch(X, Y, return_dict=True)
    assert logs["loss"] == pytest.approx(expected, rel=1e-5)


def test_abc_is_a_setting():
    model = tiny_model(stochastic=False, kl_weight=0, gamma=1, sigma2=0.5, penalty_weight=1)
    x = X * 0.2  # errors of order 1
    distance = ((x - model.reconstruct(x)) ** 2).sum(axis=1).astype("float64")
    probability = np.exp(-distance)
    entropy = -np.where(Y == 1, np.log(probability), np.log(1 - probability))
    result = model.evaluate(x, Y, verbose=0, return_dict=True)
    assert result["loss"] == pytest.approx(entropy.mean(), rel=1e-4)


def test_a_call_returns_all_parts():
    model = tiny_model(preprocessing=keras.layers.Rescaling(0.5, offset=1.0))
    out = model(X)
    mean, log_var = encode64(weights64(model)[:6], 0.5 * X + 1)
    np.testing.assert_allclose(out["target"], 0.5 * X + 1, rtol=1e-6)
    np.testing.assert_allclose(out["z_mean"], mean, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(out["z_log_var"], log_var, rtol=1e-4, atol=1e-5)
    np.testing.assert_array_equal(out["z"], out["z_mean"])
    np.testing.assert_allclose(
        out["reconstruction"], decode64(weights64(model)[6:], mean), rtol=1e-4, atol=1e-4
    )
    drawn = [model(X, training=True)["z"] for _ in range(2)]
    assert (drawn[0] != out["z_mean"]).numpy().all()
    assert (drawn[0] != drawn[1]).numpy().all()
    predicted = model.predict(X, verbose=0)
    assert set(predicted) == set(out)
    still = tiny_model(stochastic=False)(X, training=True)
    np.testing.assert_array_equal(still["z"], still["z_mean"])


def test_encode_decode_reconstruct_and_score():
    model = tiny_model()
    weights = weights64(model)
    x = np.random.default_rng(2).normal(size=(1500, 3))  # more than one block, float64
    mean, log_var = encode64(weights[:6], x)
    decoded = decode64(weights[6:], mean)
    close = {"rtol": 1e-3, "atol": 1e-4}
    for actual, expected in zip(model.encode(x), (mean, log_var), strict=True):
        assert actual.dtype == np.float32
        np.testing.assert_allclose(actual, expected, **close)
    np.testing.assert_allclose(model.decode(mean), decoded, **close)
    np.testing.assert_allclose(model.reconstruct(x), decoded, **close)

    score = model.score(x)
    assert score.shape == (1500,)
    assert score.dtype == np.float32
    np.testing.assert_allclose(score, ((x - decoded) ** 2).sum(axis=1) / 0.6, **close)
    np.testing.assert_array_equal(model.score(x), score)
    np.testing.assert_allclose(model.score(x[:3].tolist()), score[:3], rtol=1e-5)
    assert model.score(x[:0]).shape == (0,)

    model.decoder.set_weights([2 * w for w in model.decoder.get_weights()])
    assert (model.score(x[:3]) != score[:3]).all(), "the compiled function kept old weights"


def test_samples_are_decoded_standard_normal_latents():
    model = tiny_model()
    samples = model.sample(1500, seed=3)
    assert samples.shape == (1500, 3)
    assert samples.dtype == np.float32
    latents = draw_normal(1500, 2, seed=3)
    expected = decode64(weights64(model)[6:], np.float64(latents))
    np.testing.assert_allclose(samples, expected, rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(model.sample(10, seed=3), samples[:10], rtol=1e-4, atol=1e-5)
    assert (model.sample(10, seed=4) != samples[:10]).any(axis=1).all()
    assert (model.sample(10) != model.sample(10)).any(axis=1).all()
    assert model.sample(0).shape == (0, 3)


def test_samples_of_an_identity_decoder_are_standard_normal():
    inputs, latents = keras.Input((2,)), keras.Input((2,))
    heads = [keras.layers.Dense(2)(inputs) for _ in range(2)]
    decoder = keras.Model(latents, keras.layers.Dense(2, kernel_initializer="identity")(latents))
    samples = VABC(keras.Model(inputs, heads), decoder).sample(20_000, seed=0)
    assert np.abs(samples.mean(axis=0)).max() < 0.03
    np.testing.assert_allclose(np.cov(samples.T), np.eye(2), atol=0.04)


def test_preprocessing_is_applied_and_inverted():
    plain = tiny_model("sigmoid")
    scaled = tiny_model("sigmoid", preprocessing=keras.layers.Rescaling(1 / 255))
    pixels = np.random.default_rng(0).integers(0, 256, size=(20, 3)).astype("uint8")
    unit = pixels / 255
    close = {"rtol": 1e-4, "atol": 1e-5}
    np.testing.assert_allclose(scaled.score(pixels), plain.score(unit), **close)
    np.testing.assert_allclose(scaled.encode(pixels), plain.encode(unit), **close)
    for inverted, expected in (
        (scaled.sample(50, seed=0), plain.sample(50, seed=0)),
        (scaled.reconstruct(pixels), plain.reconstruct(unit)),
    ):
        assert inverted.max() > 100
        np.testing.assert_allclose(inverted, 255 * expected, rtol=1e-4)
    losses = [evaluate(scaled, Y, x=pixels), evaluate(plain, Y, x=unit.astype("float32"))]
    assert losses[0] == pytest.approx(losses[1], rel=1e-4)


@pytest.mark.parametrize("invert", [False, True])
def test_normalization_is_applied_and_inverted(invert):
    x = X * [3, 1, 0.2] + [100, 0, -5]
    layer = keras.layers.Normalization(invert=invert)
    layer.adapt(x)
    model, plain = tiny_model(preprocessing=layer), tiny_model()
    mean, deviation = x.mean(axis=0), x.std(axis=0)
    scale, offset = (deviation, mean) if invert else (1 / deviation, -mean / deviation)
    np.testing.assert_allclose(model.score(x), plain.score(scale * x + offset), rtol=1e-2)
    expected = (plain.sample(50, seed=0) - offset) / scale
    np.testing.assert_allclose(model.sample(50, seed=0), expected, rtol=1e-3, atol=1e-3)


def test_preprocessing_keeps_float32_under_half_precision():
    x = X + 1000.3  # float16 can't tell 1000.3 from 1000.5
    keras.mixed_precision.set_dtype_policy("mixed_float16")
    try:
        layer = keras.layers.Normalization()
        layer.adapt(x)
        model = tiny_model(preprocessing=layer)
    finally:
        keras.mixed_precision.set_dtype_policy("float32")
    mean, deviation = np.float64(x).mean(axis=0), np.float64(x).std(axis=0)
    np.testing.assert_allclose(model(x)["target"], (x - mean) / deviation, atol=1e-3)
    assert model.sample(2).dtype == model.score(x).dtype == np.float32


def test_the_seed_is_drawn_once_where_none_is_given():
    networks = mlp_autoencoder((3,), 2, (8,))
    first, second = VABC(*networks), VABC(*networks)
    assert first.seed != second.seed
    assert first.get_config()["seed"] == first.seed
    assert VABC(*networks, seed=0).seed == 0


# Bad input


@pytest.mark.parametrize("value", [0, -1.0, float("nan"), float("inf")])
def test_sigma2_must_be_positive(value):
    with pytest.raises(ValueError, match=rf"sigma2 must be > 0.* Received: sigma2={value}"):
        tiny_model(sigma2=value)


@pytest.mark.parametrize("value", [0, -1.0, float("nan"), float("inf"), 1e-300, 1e39, True])
def test_gamma_must_leave_float32_room(value):
    """Where it is least and largest, the penalty of any error and its slope are finite."""
    with pytest.raises(
        ValueError, match="gamma must be .*1e-12, .* Received: " + re.escape(f"gamma={value}")
    ):
        tiny_model(gamma=value)
    for gamma in REAL["gamma"]:
        error = tf.constant([0.0, 1e-6, 1.0, 1e6, 1e12])
        with tf.GradientTape() as tape:
            tape.watch(error)
            penalty = unwanted_penalty(error, np.float32(gamma)) / min(gamma, 1)
        slope = tape.gradient(penalty, error)
        assert np.isfinite(penalty).all() and np.isfinite(tf.norm(slope))


@pytest.mark.parametrize("name", ["kl_weight", "penalty_weight"])
def test_numbers_that_must_not_be_negative(name):
    assert getattr(tiny_model(**{name: 0}), name) == 0.0
    for value in (-0.1, float("nan")):
        with pytest.raises(ValueError, match=rf"{name} must be >= 0.* Received: {name}={value}"):
            tiny_model(**{name: value})


def test_networks_that_do_not_fit_are_refused():
    encoder, _ = mlp_autoencoder((3,), 2, (8,))
    with pytest.raises(ValueError, match="decoder output"):
        VABC(encoder, mlp_autoencoder((4,), 2, (8,))[1])


def test_preprocessing_must_be_invertible_and_adapted():
    with pytest.raises(TypeError, match="preprocessing must be a Rescaling"):
        tiny_model(preprocessing=keras.layers.Dense(3))
    with pytest.raises(ValueError, match="preprocessing must be adapted"):
        tiny_model(preprocessing=keras.layers.Normalization())


@pytest.mark.parametrize("name", ["loss", "loss_weights", "metrics", "weighted_metrics"])
def test_compile_refuses_what_it_would_ignore(name):
    with pytest.raises(ValueError, match=rf"compile takes no {name}.*Received: {name}=\['mse'\]"):
        tiny_model().compile(**{name: ["mse"]})


def test_compile_defaults_to_the_papers_adam():
    optimizer = tiny_model().optimizer
    assert type(optimizer) is FusedAdam
    assert float(optimizer.learning_rate) == pytest.approx(1e-3)
    model = tiny_model(optimizer="sgd")
    assert type(model.optimizer) is keras.optimizers.SGD


@pytest.mark.parametrize("method", ["score", "encode", "reconstruct"])
@pytest.mark.parametrize(
    ("x", "message"),
    [
        (np.zeros((4, 2)), r"x must have shape \(n, 3\). Received: shape \(4, 2\)"),
        (np.zeros(3), r"x must have shape \(n, 3\). Received: shape \(3,\)"),
        (np.array([[0, 0, 0], [0, np.nan, 0]]), "x must be finite.* row 1"),
        (np.array([[0, 0, np.inf]]), "x must be finite.* row 0"),
        ([["a", "b", "c"]], "x must hold numbers. Received: dtype <U1"),
    ],
)
def test_rows_are_checked(evaluated, method, x, message):
    with pytest.raises(ValueError, match=message):
        getattr(evaluated, method)(x)


def test_latents_and_counts_are_checked(evaluated):
    with pytest.raises(ValueError, match=r"z must have shape \(n, 2\). Received: shape \(1, 3\)"):
        evaluated.decode(np.zeros((1, 3)))
    with pytest.raises(ValueError, match="z must be finite"):
        evaluated.decode([[np.nan, 0.0]])
    with pytest.raises(ValueError, match="n must be >= 0.*Received: n=-1"):
        evaluated.sample(-1)


def stream(x, y=Y):
    return tf.data.Dataset.from_tensor_slices((x, y)).batch(10)


@pytest.mark.parametrize("as_data", [lambda x: (x, Y), lambda x: (stream(x),)])
def test_fit_refuses_data_outside_the_decoders_range(as_data):
    model = tiny_model("sigmoid", run_eagerly=True)
    before = model.encoder.get_weights()[0]
    x = np.abs(X) / 8
    x[3] = [-2.5, 0.5, 9.25]
    with pytest.raises(ValueError, match=r"x must .*\[0, 1\].*values from -2.5.* to 9.25") as error:
        model.fit(*as_data(x), verbose=0)
    assert "Rescaling(1 / 255)" in str(error.value)
    assert "\\" not in str(error.value)
    np.testing.assert_array_equal(model.encoder.get_weights()[0], before)
    x[3] = [1 + 1e-5, 0, 0.5]  # within rounding
    model.fit(*as_data(x), verbose=0)
    assert (model.encoder.get_weights()[0] != before).any()


def test_the_range_is_that_of_the_preprocessed_data():
    pixels = np.full((20, 3), 255, "uint8")
    with pytest.raises(ValueError, match="from 0.5.* to 1.5"):
        half_off = keras.layers.Rescaling(1 / 255, offset=0.5)
        rows = np.concatenate([pixels[:10], 0 * pixels[:10]])
        tiny_model("sigmoid", preprocessing=half_off).fit(rows, Y, verbose=0)
    rescaling = keras.layers.Rescaling(1 / 255)
    tiny_model("sigmoid", None, True, preprocessing=rescaling).fit(stream(pixels), verbose=0)
    layer = keras.layers.Normalization()
    layer.adapt(X)
    model = tiny_model(run_eagerly=True, preprocessing=layer)
    model.fit(1000 * X, Y, verbose=0)  # linear: any value is in range


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_fit_refuses_what_is_not_finite(value):
    x = X.copy()
    x[17, 1] = value
    with pytest.raises(ValueError, match="x must be finite. Received: NaN or infinity in row 17"):
        tiny_model().fit(x, Y, verbose=0)


def test_fit_refuses_a_stream_that_is_not_finite_and_names_the_batch():
    from keras_vabc.data.pipeline import balanced_dataset

    x = X.copy()
    x[7] = np.inf  # in the first batch of the plain stream
    with pytest.raises(ValueError, match="x must be finite.* inf in the first batch"):
        tiny_model(run_eagerly=True).fit(stream(x), verbose=0)
    with pytest.raises(ValueError, match="must be finite"):
        balanced_dataset(x, X, 4)
    rows = tf.data.Dataset.from_tensor_slices(x)
    data = balanced_dataset(rows, tf.data.Dataset.from_tensor_slices(X), 4, shuffle=False)
    for run_eagerly in (True, False):
        model = tiny_model(run_eagerly=run_eagerly)
        for use in (model.fit, model.evaluate):
            with pytest.raises(ValueError, match="unlabeled must be finite.* in batch 3"):
                use(data, verbose=0)


def test_fit_refuses_missing_labels_and_class_weights():
    model = tiny_model()
    for data in (X, tf.data.Dataset.from_tensor_slices(X).batch(10)):
        with pytest.raises(ValueError, match="y must be 1 for unlabeled and 0 for unwanted"):
            model.fit(data, verbose=0)
    with pytest.raises(ValueError, match=r"no class_weight.*Received: class_weight=\{0: 2.0\}"):
        model.fit(X, Y, class_weight={0: 2.0}, verbose=0)
