"""Networks, their contract, the sampling layer, preprocessing's affine map, and blocks of rows."""

import math

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_vabc.data.blocks import BLOCK_ROWS, Blockwise, draw_normal
from keras_vabc.vabc.layers import Sampling, affine_of, prepare_preprocessing
from keras_vabc.vabc.networks import (
    check_contract,
    conv_autoencoder,
    mlp_autoencoder,
    output_range,
    residual_autoencoder,
)


def relu(x):
    return np.maximum(x, 0)


def test_mlp_is_the_stack_of_dense_layers_it_promises():
    encoder, decoder = mlp_autoencoder((3, 2), latent_dim=2, units=(7, 5), seed=0)
    rng = np.random.default_rng(0)
    for network in (encoder, decoder):
        network.set_weights([rng.normal(size=w.shape) * 0.5 for w in network.get_weights()])
    x = rng.normal(size=(4, 3, 2)).astype("float32")

    w1, b1, w2, b2, w_mean, b_mean, w_log_var, b_log_var = encoder.get_weights()
    hidden = relu(relu(x.reshape(4, 6) @ w1 + b1) @ w2 + b2)
    z_mean, z_log_var = encoder(x)
    np.testing.assert_allclose(z_mean, hidden @ w_mean + b_mean, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(z_log_var, hidden @ w_log_var + b_log_var, rtol=1e-4, atol=1e-5)

    w1, b1, w2, b2, w3, b3 = decoder.get_weights()
    assert [w.shape for w in (w1, w2, w3)] == [(2, 5), (5, 7), (7, 6)]
    logits = relu(relu(np.asarray(z_mean) @ w1 + b1) @ w2 + b2) @ w3 + b3
    expected = (1 / (1 + np.exp(-logits))).reshape(4, 3, 2)
    np.testing.assert_allclose(decoder(z_mean), expected, rtol=1e-4, atol=1e-5)


def test_mlp_defaults_are_the_papers_networks():
    encoder, decoder = mlp_autoencoder((28, 28, 1))
    assert encoder.count_params() == 784 * 300 + 300 + 300 * 100 + 100 + 2 * (100 * 2 + 2)
    assert decoder.count_params() == 2 * 100 + 100 + 100 * 300 + 300 + 300 * 784 + 784
    assert decoder.output_shape == (None, 28, 28, 1)


@pytest.mark.parametrize("builder", [mlp_autoencoder, conv_autoencoder, residual_autoencoder])
def test_initial_weights_are_a_function_of_the_seed(builder):
    def weights(seed):
        options = {} if builder is mlp_autoencoder else {"filters": (2,)}
        networks = builder((4, 4, 1), units=3 if options else (3, 3), seed=seed, **options)
        return [network.get_weights() for network in networks]

    (encoder, first), again, other = weights(0), sum(weights(0), []), sum(weights(1), [])
    z_mean, z_log_var = encoder[-4], encoder[-2]  # same shape, own draws
    assert (z_mean != z_log_var).any()
    first = encoder + first
    for a, b in zip(first, again, strict=True):
        np.testing.assert_array_equal(a, b)
    kernels = [k for k, w in enumerate(first) if w.any()]
    assert len(kernels) >= 6
    assert all((first[k] != other[k]).any() for k in kernels)


@pytest.mark.parametrize("builder", [conv_autoencoder, residual_autoencoder])
@pytest.mark.parametrize("shape", [(28, 28, 1), (29, 27, 3), (8, 8, 1), (64, 64, 3), (1, 5, 2)])
def test_conv_fits_any_height_and_width(builder, shape):
    encoder, decoder = builder(shape, latent_dim=3, filters=(2, 4), units=5, seed=0)
    check_contract(encoder, decoder)
    x = np.random.default_rng(0).uniform(size=(2, *shape)).astype("float32")
    with tf.GradientTape() as tape:
        z_mean, z_log_var = encoder(x)
        mean = decoder(z_mean)
        total = tf.reduce_sum(mean) + tf.reduce_sum(z_log_var)
    assert z_mean.shape == z_log_var.shape == (2, 3)
    assert mean.shape == x.shape
    assert 0 < float(tf.reduce_min(mean)) < float(tf.reduce_max(mean)) < 1
    gradients = tape.gradient(total, encoder.trainable_weights + decoder.trainable_weights)
    assert all(g is not None for g in gradients)


def test_conv_stages_halve_and_the_middle_is_dense():
    encoder, decoder = conv_autoencoder((29, 27, 3), latent_dim=3, filters=(2, 4), units=5)
    kernels = [w.shape for w in encoder.get_weights()[::2]]
    assert kernels == [(4, 4, 3, 2), (4, 4, 2, 4), (8 * 7 * 4, 5), (5, 3), (5, 3)]
    kernels = [w.shape for w in decoder.get_weights()[::2]]
    assert kernels == [(3, 5), (5, 8 * 7 * 4), (4, 4, 2, 4), (4, 4, 3, 2)]


def silu(x):
    return x / (1 + np.exp(-x))


def convolved(x, kernel, bias, stride=1):
    """A convolution with "same" padding in float64; the stride divides height and width."""
    height, width = kernel.shape[:2]
    padding = [((k - stride) // 2, -((stride - k) // 2)) for k in (height, width)]
    x = np.pad(x, ((0, 0), *padding, (0, 0)))
    windows = np.lib.stride_tricks.sliding_window_view(x, (height, width), axis=(1, 2))
    return np.einsum("brschw,hwcf->brsf", windows[:, ::stride, ::stride], kernel) + bias


def test_residual_is_the_stack_of_stages_and_blocks_it_promises():
    encoder, decoder = residual_autoencoder((6, 4, 1), 2, filters=(3,), blocks=2, units=5, seed=1)
    rng = np.random.default_rng(1)
    weights = [rng.normal(size=w.shape) * 0.5 for w in encoder.get_weights()]
    encoder.set_weights(weights)
    x = rng.normal(size=(2, 6, 4, 1))
    pairs = list(zip(weights[::2], weights[1::2], strict=True))

    hidden = silu(convolved(x, *pairs[0], stride=2))
    for first, second in (pairs[1:3], pairs[3:5]):
        hidden = silu(hidden + convolved(silu(convolved(hidden, *first)), *second))
    (dense, bias), (w_mean, b_mean), (w_log_var, b_log_var) = pairs[5:]
    hidden = silu(hidden.reshape(2, -1) @ dense + bias)
    z_mean, z_log_var = encoder(x)
    np.testing.assert_allclose(z_mean, hidden @ w_mean + b_mean, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(z_log_var, hidden @ w_log_var + b_log_var, rtol=1e-4, atol=1e-5)

    kernels = [w.shape for w in decoder.get_weights()[::2]]
    assert kernels == [(2, 5), (5, 3 * 2 * 3), *4 * [(3, 3, 3, 3)], (4, 4, 1, 3)]
    assert residual_autoencoder((6, 4, 1), 2, (3,), 0, 5)[1].count_params() == sum(
        w.size for w in decoder.get_weights()
    ) - 4 * (3 * 3 * 3 * 3 + 3)


def test_a_residual_block_is_at_first_the_activation_alone():
    encoder, _ = residual_autoencoder((8, 8, 1), 3, (4,), 2, 6, seed=2)
    (stage,) = [layer for layer in encoder.layers if getattr(layer, "strides", 0) == (2, 2)]
    blocks = [layer for layer in encoder.layers if isinstance(layer, keras.layers.Activation)]
    x = np.random.default_rng(2).uniform(size=(5, 8, 8, 1)).astype("float32")
    before, after = keras.Model(encoder.input, [stage.output, blocks[-1].output])(x)
    np.testing.assert_allclose(after, silu(silu(before.numpy())), atol=1e-6)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: residual_autoencoder((28, 28)), r"channels.*mlp_autoencoder.*\(28, 28\)"),
        (lambda: residual_autoencoder((8, 8, 1), blocks=-1), "blocks must .*Received: blocks=-1"),
        (lambda: residual_autoencoder((8, 8, 1), filters=(0,)), "filters must"),
        (lambda: mlp_autoencoder((2,), latent_dim=0), r"latent_dim .* Received: latent_dim=\(0,\)"),
        (lambda: mlp_autoencoder((2,), units=(8, -1)), r"units .*Received: units=\(8, -1\)"),
        (lambda: mlp_autoencoder((0,)), "input_shape .* positive"),
        (lambda: mlp_autoencoder((2.5,)), "input_shape .* whole"),
        (lambda: conv_autoencoder((28, 28)), r"channels.*mlp_autoencoder.*\(28, 28\)"),
        (lambda: conv_autoencoder((8, 8, 1), filters=()), "filters must"),
        (lambda: conv_autoencoder((8, 8, 1), units=0), "units must"),
    ],
)
def test_builders_refuse_sizes_that_are_not_positive(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_contract_names_what_does_not_fit():
    encoder, decoder = mlp_autoencoder((2,), latent_dim=1, units=(3,))
    check_contract(encoder, decoder)
    inputs = keras.Input((2,))
    dense = keras.layers.Dense
    one_output = keras.Model(inputs, dense(1)(inputs))
    with pytest.raises(ValueError, match=r"encoder must return \[z_mean, z_log_var\]"):
        check_contract(one_output, decoder)
    unequal = keras.Model(inputs, [dense(1)(inputs), dense(2)(inputs)])
    with pytest.raises(ValueError, match="same size. Received: 1, 2"):
        check_contract(unequal, decoder)
    with pytest.raises(ValueError, match=r"same size. Received: 1, 1 and \(2,\)"):
        check_contract(encoder, mlp_autoencoder((2,), latent_dim=2, units=(3,))[1])
    with pytest.raises(ValueError, match=r"decoder output \(3,\), encoder input \(2,\)"):
        check_contract(encoder, mlp_autoencoder((3,), latent_dim=1, units=(3,))[1])


@pytest.mark.parametrize(
    ("activation", "expected"),
    [
        ("sigmoid", (0, 1)),
        ("tanh", (-1, 1)),
        ("softplus", (0, math.inf)),
        ("linear", (-math.inf, math.inf)),
    ],
)
def test_output_range(activation, expected):
    assert output_range(mlp_autoencoder((2,), 1, (3,), activation)[1]) == expected
    assert output_range(conv_autoencoder((2, 2, 1), 1, (1,), 2, activation)[1]) == expected
    by_hand = keras.Sequential([keras.Input((1,)), keras.layers.Dense(2, activation=activation)])
    assert output_range(by_hand) == expected
    by_hand.add(keras.layers.Reshape((1, 2)))
    assert output_range(by_hand) == (-math.inf, math.inf)


def test_heads_and_mean_stay_float32_in_half_precision():
    keras.mixed_precision.set_dtype_policy("mixed_float16")
    try:
        encoder, decoder = mlp_autoencoder((2,), 1, (3,))
    finally:
        keras.mixed_precision.set_dtype_policy("float32")
    assert encoder.layers[2].compute_dtype == "float16"
    assert {o.dtype for o in (*encoder.outputs, *decoder.outputs)} == {"float32"}


def test_sampling_is_the_reparameterization_trick():
    rng = np.random.default_rng(0)
    z_mean, z_log_var = rng.normal(size=(2, 5, 3)).astype("float32")
    noise = tf.random.stateless_normal((5, 3), [4, 9]).numpy()
    z = Sampling()([z_mean, z_log_var], noise_seed=tf.constant([4, 9], "int64"))
    np.testing.assert_allclose(z, z_mean + np.exp(z_log_var / 2) * noise, rtol=1e-5, atol=1e-6)

    inputs = tf.constant(z_mean), tf.constant(z_log_var)
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        z = Sampling()(list(inputs), noise_seed=tf.constant([4, 9], "int64"))
    by_mean, by_log_var = tape.gradient(z, inputs)
    np.testing.assert_array_equal(by_mean, np.ones((5, 3)))
    np.testing.assert_allclose(by_log_var, 0.5 * np.exp(z_log_var / 2) * noise, rtol=1e-4)


def test_sampling_without_a_noise_seed_draws_anew_from_the_posterior():
    ones = np.ones((50_000, 1), "float32")
    layer = Sampling(seed=0)
    first, second = layer([3 * ones, math.log(4.0) * ones]), layer([3 * ones, ones])
    assert np.mean(first) == pytest.approx(3.0, abs=0.05)
    assert np.std(first) == pytest.approx(2.0, abs=0.05)
    assert abs(np.corrcoef(np.ravel(first), np.ravel(second))[0, 1]) < 0.05
    copy = Sampling.from_config(layer.get_config())
    np.testing.assert_array_equal(copy([3 * ones, math.log(4.0) * ones]), first)
    assert keras.Input((2,)).shape == layer([keras.Input((2,)), keras.Input((2,))]).shape


def adapted(x, **kwargs):
    layer = keras.layers.Normalization(**kwargs)
    layer.adapt(x)
    return layer


X = np.random.default_rng(3).normal([5, -2], [3, 0.5], size=(64, 2)).astype("float32")


@pytest.mark.parametrize(
    "layer",
    [
        keras.layers.Rescaling(1 / 255),
        keras.layers.Rescaling([2.0, 0.5], offset=[-1.0, 3.0]),
        adapted(X),
        adapted(X, axis=None),
        adapted(X, invert=True),
        keras.layers.Normalization(mean=[1.0, 2.0], variance=[4.0, 9.0]),
        adapted(np.ones((4, 2), "float32")),  # no variance
    ],
)
def test_affine_of_is_what_the_layer_computes(layer):
    prepare_preprocessing(layer, (None, 2))
    scale, offset = affine_of(layer)
    expected = np.asarray(layer(X))
    np.testing.assert_allclose(scale * X + offset, expected, rtol=1e-4, atol=1e-4)
    assert np.abs(expected - X).max() > 0.5


def test_affine_of_nothing_and_of_what_cannot_be_inverted():
    assert affine_of(None) == (1.0, 0.0)
    with pytest.raises(TypeError, match="preprocessing must be a Rescaling layer.*Dense"):
        affine_of(keras.layers.Dense(2))
    with pytest.raises(ValueError, match="preprocessing must be adapted"):
        prepare_preprocessing(keras.layers.Normalization(), (None, 2))


def test_blocks_give_what_one_call_gives():
    rows = np.random.default_rng(0).normal(size=(2 * BLOCK_ROWS + 7, 3)).astype("float32")
    doubled, total = Blockwise(lambda x: (2 * x, tf.reduce_sum(x, axis=1)))(rows)
    np.testing.assert_array_equal(doubled, 2 * rows)
    np.testing.assert_allclose(total, rows.sum(axis=1), rtol=1e-4, atol=1e-5)
    sizes = []
    Blockwise(lambda x: tf.py_function(lambda v: sizes.append(len(v)) or v, [x], "float32"))(rows)
    assert sizes == [BLOCK_ROWS, BLOCK_ROWS, 7]
    assert Blockwise(lambda x: 2 * x)(rows[:0]).shape == (0, 3)


def test_draws_are_standard_normal_and_grow_from_the_front():
    draws = draw_normal(20 * BLOCK_ROWS, 2, seed=0)
    np.testing.assert_array_equal(draws[:1500], draw_normal(1500, 2, seed=0))
    assert draws.dtype == np.float32
    assert np.abs(draws.mean(axis=0)).max() < 0.03
    np.testing.assert_allclose(np.cov(draws.T), np.eye(2), atol=0.04)
    assert abs(np.corrcoef(draws[:BLOCK_ROWS, 0], draws[BLOCK_ROWS:][:BLOCK_ROWS, 0])[0, 1]) < 0.15
    assert (draws[:9] != draw_normal(9, 2, seed=1)).all()
    assert (draw_normal(9, 2) != draw_normal(9, 2)).all()
    assert draw_normal(0, 2, seed=0).shape == (0, 2)
