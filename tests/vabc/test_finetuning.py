"""The decoder on a critic's features: its numbers, what stays, what it is for, and resuming it."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_vabc.data.pipeline import balanced_dataset
from keras_vabc.vabc import finetuning
from keras_vabc.vabc.critic import patch_critic
from keras_vabc.vabc.finetuning import finetune_decoder
from keras_vabc.vabc.model import VABC
from keras_vabc.vabc.networks import conv_autoencoder, mlp_autoencoder

SEED = 7


def crosses(count, seed):
    """Images of two sharp bars on a dark ground, `(count, 8, 8, 1)`: too much for one latent."""
    images = np.zeros((count, 8, 8, 1), "uint8")
    rng = np.random.default_rng(seed)
    for image, (row, column) in zip(images, rng.integers(0, 8, (count, 2)), strict=True):
        image[row] = image[:, column] = 255
    return images


def dots(count, seed):
    """Images of one bright square, likewise."""
    images = np.zeros((count, 8, 8, 1), "uint8")
    rng = np.random.default_rng(seed)
    for image, (row, column) in zip(images, rng.integers(0, 5, (count, 2)), strict=True):
        image[row : row + 4, column : column + 4] = 255
    return images


X, UNWANTED = crosses(120, SEED), dots(30, SEED + 1)


def image_model(**settings):
    networks = conv_autoencoder((8, 8, 1), 1, filters=(4, 8), units=16, seed=SEED)
    numbers = {"sigma2": 0.05, "gamma": 0.02, "penalty_weight": 3.0, "seed": 3, **settings}
    return VABC(*networks, preprocessing=keras.layers.Rescaling(1 / 255), **numbers)


@pytest.fixture(scope="module")
def trained_weights():
    """Those of a model that has learnt all images, blurred."""
    model = image_model(kl_weight=0.1)
    model.compile(keras.optimizers.Adam(3e-3))
    both = np.concatenate([X, UNWANTED])
    model.fit(both, np.ones(len(both)), 10, 60, verbose=0)
    return model.get_weights()


def trained(weights, **settings):
    model = image_model(**settings)
    model.set_weights(weights)
    return model


def few(model, unwanted=UNWANTED, **changes):
    numbers = {"steps": 20, "batch_size": 20, "unwanted_share": 0.2, "seed": SEED, **changes}
    return finetune_decoder(model, X, unwanted, **numbers)


def laplacian(images):
    inner = images[:, 1:-1, 1:-1]
    around = images[:, :-2, 1:-1], images[:, 2:, 1:-1], images[:, 1:-1, :-2], images[:, 1:-1, 2:]
    return np.abs(4 * inner - sum(around)).mean()


def test_the_first_step_measures_what_the_first_critic_sees(trained_weights):
    model = trained(trained_weights)
    history = few(model, steps=1, average=0.5)
    before, critic = trained(trained_weights), patch_critic((8, 8, 1), seed=SEED)
    x, y = next(iter(balanced_dataset(X, UNWANTED, 20, SEED, unwanted_share=0.2)))
    target, y = x.numpy() / np.float32(255), y.numpy().astype(bool)
    mean, log_var = before.encode(x.numpy())
    noise = tf.random.stateless_normal((20, 1), [2 * SEED + 2, 0])
    decoded = before.decoder(mean + np.exp(log_var / 2) * noise).numpy()

    *seen, logits = [
        np.float64(p) for p in critic(np.concatenate([target, decoded]), training=True)
    ]
    parts = [(part[:20][y], part[20:][y]) for part in seen]
    error = ((target - decoded).astype("float64") ** 2).sum(axis=(1, 2, 3)) / 0.1
    hinge = np.maximum(1 - logits[:20][y], 0) + np.maximum(1 + logits[20:][y], 0)
    assert history["features"] == pytest.approx(
        [sum(((a - b) ** 2).mean() / (a.var() + 1e-6) for a, b in parts)], rel=1e-3
    )
    assert history["critic"] == pytest.approx([hinge.mean()], rel=1e-5)
    assert history["reconstruction"] == pytest.approx([error[y].mean()], rel=1e-3)
    penalty = -np.log(1 - np.exp(-0.02 * error[~y]))
    assert history["penalty"] == pytest.approx([penalty.mean()], rel=1e-3)


def test_with_an_adversarial_weight_the_decoder_works_against_the_critic(trained_weights):
    losses = []
    for adversarial_weight in (0.0, 100.0):
        model = trained(trained_weights)
        history = few(model, None, steps=100, adversarial_weight=adversarial_weight)
        losses.append(history["critic"][-1])
    assert losses[1] > 1.01 * losses[0]


@pytest.fixture(scope="module")
def before(trained_weights):
    return trained(trained_weights)


@pytest.fixture(scope="module")
def sharpened(trained_weights):
    model = trained(trained_weights)
    few(model, steps=300, learning_rate=1e-3)
    return model


def test_images_become_sharper_and_latents_stay(before, sharpened):
    np.testing.assert_array_equal(sharpened.encode(X), before.encode(X))
    images = (before.reconstruct(X), sharpened.reconstruct(X), X.astype("float32"))
    blurred, sharp, real = map(laplacian, images)
    assert blurred < 0.6 * real
    assert blurred + 0.2 * (real - blurred) < sharp < 1.1 * real


def test_unwanted_examples_are_not_learnt_again(trained_weights):
    """The same steps with a penalty and without one, on the same batches."""
    errors = []
    for penalty_weight in (200.0, 0.0):
        model = trained(trained_weights, gamma=0.005, penalty_weight=penalty_weight)
        few(model, steps=200, learning_rate=1e-3)
        errors.append([model.score(x).mean() for x in (X, UNWANTED)])
    (wanted, unwanted), (wanted_without, unwanted_without) = errors
    assert unwanted > 1.05 * unwanted_without
    assert wanted < 1.15 * wanted_without


def test_the_decoder_is_an_average_of_its_weights(trained_weights):
    slow, quick = trained(trained_weights), trained(trained_weights)
    for model, average in ((slow, 0.999), (quick, 0.001)):
        few(model, average=average)
    start = trained(trained_weights).decoder.get_weights()
    moved = [
        max(np.abs(a - b).max() for a, b in zip(model.decoder.get_weights(), start, strict=True))
        for model in (slow, quick)
    ]
    assert 0 < moved[0] < 0.3 * moved[1]


class Interruption(Exception):
    """Stands for whatever ends a process."""


@pytest.mark.parametrize("unwanted", [None, UNWANTED])
def test_it_goes_on_to_the_bit_where_it_was_broken_off(
    trained_weights, tmp_path, monkeypatch, unwanted
):
    monkeypatch.setattr(finetuning, "STEPS_PER_CALL", 3)
    monkeypatch.setattr(finetuning, "STEPS_PER_FILE", 9)  # in the middle of a pass over the data
    whole = trained(trained_weights)
    history, weights = few(whole, unwanted), whole.get_weights()
    path, shown = tmp_path / "new" / "checkpoint", []

    def show(text):
        shown.append(text)
        if len(shown) == 1:
            raise Interruption

    broken = trained(trained_weights)
    with pytest.raises(Interruption):
        few(broken, unwanted, checkpoint=path, show=show)
    resumed, again = trained(trained_weights), whole  # which is done
    assert few(resumed, unwanted, checkpoint=path, show=show) == history
    assert [text.split()[2] for text in shown] == ["9", "18", "20"]
    assert few(again, unwanted, checkpoint=path, show=show) == history
    assert len(shown) == 3, "a finished one is not done again"
    for model in (resumed, again):
        for a, b in zip(model.get_weights(), weights, strict=True):
            np.testing.assert_array_equal(a, b)
    assert len(history["features"]) == 7


@pytest.mark.parametrize(
    ("settings", "changes", "message"),
    [
        ({}, {"seed": SEED + 1}, "another arguments, another data"),
        ({}, {"feature_weight": 2.0}, "another arguments"),
        ({"penalty_weight": 2.0}, {}, "another model"),
    ],
)
def test_the_file_of_another_one_is_refused(trained_weights, tmp_path, settings, changes, message):
    few(trained(trained_weights), steps=1, checkpoint=tmp_path / "checkpoint")
    other = trained(trained_weights, **settings)
    before = other.get_weights()
    with pytest.raises(ValueError, match=message):
        few(other, **{"steps": 1, "checkpoint": tmp_path / "checkpoint", **changes})
    for a, b in zip(other.get_weights(), before, strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_damaged_file_is_refused(trained_weights, tmp_path):
    (tmp_path / "checkpoint").write_bytes(b"PK no such thing")
    with pytest.raises(ValueError, match="checkpoint must be a whole file of this package's"):
        few(trained(trained_weights), checkpoint=tmp_path / "checkpoint")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"steps": 0}, "steps must be a whole number >= 1"),
        ({"average": 1.0}, r"average must be in \(0, 1\)"),
        ({"feature_weight": -1}, "feature_weight must be >= 0"),
        ({"learning_rate": 0}, "learning_rate must be > 0"),
        ({"batch_size": 21}, "batch_size must be such that"),
    ],
)
def test_bad_arguments_are_refused(before, changes, message):
    with pytest.raises(ValueError, match=message):
        few(before, **changes)


def test_vectors_and_other_ranges_are_refused():
    vectors = VABC(*mlp_autoencoder((2,), 1, (4,), "linear"))
    with pytest.raises(ValueError, match=r"model must be one of images.*shape \(2,\)"):
        finetune_decoder(vectors, np.zeros((9, 2)))
    linear = VABC(*conv_autoencoder((8, 8, 1), 1, (4,), 4, "linear"))
    with pytest.raises(ValueError, match="from 0 to 1. Received: .*inf"):
        finetune_decoder(linear, X)
    with pytest.raises(ValueError, match="preprocessing"):
        finetune_decoder(VABC(*conv_autoencoder((8, 8, 1), 1, (4,), 4)), X, steps=1)
