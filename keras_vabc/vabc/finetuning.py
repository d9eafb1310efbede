"""The decoder alone, trained on what a critic sees: sharper images of the same latents."""

import math

import keras
import tensorflow as tf
from keras import ops

from keras_vabc.data.checks import check_not_negative, check_positive, check_share, check_whole
from keras_vabc.data.pipeline import balanced_dataset, unlabeled_dataset
from keras_vabc.data.streams import stream_errors_as_value_errors
from keras_vabc.vabc.critic import patch_critic
from keras_vabc.vabc.data_range import range_checked
from keras_vabc.vabc.finetuning_state import FinetuningFile, finetuning_fingerprint
from keras_vabc.vabc.layers import noise_seed
from keras_vabc.vabc.losses import reconstruction_error, unwanted_penalty, vabc_loss
from keras_vabc.vabc.networks import output_range
from keras_vabc.vabc.objective import labelled_batch
from keras_vabc.vabc.optimizers import FusedAdam
from keras_vabc.vabc.schedules import HalfConstant
from keras_vabc.vabc.training_loop import counted_function, repeated

STREAM = 2  # of noise; training and testing have 0 and 1
STEPS_PER_CALL, STEPS_PER_FILE = 50, 500
MOMENTS = {"beta_1": 0.5, "beta_2": 0.99}  # of both optimizers
SMALLEST_VARIANCE = 1e-6  # of a feature


def finetune_decoder(
    model,
    unlabeled,
    unwanted=None,
    *,
    steps=2000,
    batch_size=80,
    unwanted_share=0.2,
    feature_weight=1.0,
    adversarial_weight=0.1,
    learning_rate=3e-4,
    critic_learning_rate=6e-4,
    average=0.995,
    seed=0,
    checkpoint=None,
    owner=None,
    show=None,
):
    """Makes what a trained V-ABC generates sharper; latents and encoder stay as they are.

    A squared error is least for blurred images. Here the decoder learns that the features which a
    small critic sees in a reconstruction are those of the original, while the critic learns to tell
    the two apart. V-ABC's loss without the KL divergence, which does not depend on the decoder, is
    part of what is minimized, or the decoder would learn unwanted examples again: per number of an
    image it is `y R + penalty_weight (1 - y) P`, divided by the share of unlabeled examples. The
    critic sees unlabeled examples alone and takes them all for wanted: give the folds that an
    `NUClassifier` has corrected.

    Args:
        model: Trained `VABC` of images, with a decoder that ends in `"sigmoid"`. It is changed.
        unlabeled: Array of shape `(n, height, width, channels)`, or a data set, as in
            `balanced_dataset`.
        unwanted: `None` for a VAE, or the unwanted fold, likewise.
        steps: Number of steps; the learning rate falls to 0 in the second half.
        batch_size: Rows in a batch, unlabeled and unwanted together.
        unwanted_share: Share of unwanted rows in a batch; that of the training before, or the
            penalty has another weight.
        feature_weight: Weight of the squared difference of the features, in units of the variance
            of each stage's.
        adversarial_weight: Weight of the critic's mean logit of reconstructions; with 0 the decoder
            never sees what the critic thinks of them, only what it sees in them.
        learning_rate: Of the decoder.
        critic_learning_rate: Of the critic.
        average: The decoder is a running average in the end, of which each step keeps this share.
        seed: Seed of the critic, of noise and of the order of the data.
        checkpoint: `None`, or the path of a file in which the state is kept every 500 steps; the
            same call goes on from there, and ends with the very weights. It stays when it is done.
        owner: `None`, or a text that tells this finetuning from all others, as of `Checkpoint`.
        show: `None`, or called with a few words every 500 steps.

    Returns:
        Dict of lists, one value for each 50 steps: `features` and `reconstruction`, what is left of
        the difference of the features and the mean R; `critic`, its hinge loss; and `penalty`.

    Raises:
        ValueError: If an argument breaks a rule, the model is not one of images, or the file is
            damaged or of another finetuning.
        OSError: If the file cannot be written.

    Example:
        >>> cleaned = nu.correct(folds)
        >>> model.fit(kv.balanced_dataset(cleaned.unlabeled, cleaned.unwanted), epochs=8)
        >>> kv.finetune_decoder(model, cleaned.unlabeled, cleaned.unwanted, unwanted_share=0.5)

    References:
        - [Autoencoding beyond pixels using a learned similarity
          metric](https://arxiv.org/abs/1512.09300), whose features are those of a discriminator.
    """
    _check_images(model)
    numbers = {
        "steps": steps,
        "batch_size": batch_size,
        "unwanted_share": unwanted_share,
        "feature_weight": feature_weight,
        "adversarial_weight": adversarial_weight,
        "learning_rate": learning_rate,
        "critic_learning_rate": critic_learning_rate,
        "average": average,
        "seed": seed,
    }
    _check_numbers(numbers)
    data = _batches(unlabeled, unwanted, numbers, 0)
    fingerprint = finetuning_fingerprint(model, numbers, data, owner)
    finetuning = _Finetuning(model, numbers)
    file = FinetuningFile(checkpoint, fingerprint, finetuning.groups())
    done, history = file.restore()
    epoch, first = divmod(done, int(data.cardinality()))
    data = repeated(_batches(unlabeled, unwanted, numbers, epoch)).skip(first)
    with stream_errors_as_value_errors():
        for end, means in finetuning.steps(range_checked(model, data), done):
            for name, value in means.items():
                history.setdefault(name, []).append(float(value))
            if end % STEPS_PER_FILE == 0 or end == steps:
                file.store(end, history)
                if show is not None:
                    show(f"Sharpening: step {end} of {steps}")
    finetuning.finish()
    return history


def _check_images(model):
    if len(model.encoder.input_shape) != 4 or output_range(model.decoder) != (0.0, 1.0):
        raise ValueError(
            "model must be one of images, whose decoder ends in an activation from 0 to 1. "
            f"Received: data of shape {model.encoder.input_shape[1:]}, an activation of range "
            f"{output_range(model.decoder)}."
        )


def _check_numbers(numbers):
    """Raises a `ValueError` for an argument that breaks its rule, but for those of the batches."""
    for name, least in (("steps", 1), ("seed", 0)):
        check_whole(name, numbers[name], least)
    for names, check in (
        (("feature_weight", "adversarial_weight"), check_not_negative),
        (("learning_rate", "critic_learning_rate"), check_positive),
        (("average",), check_share),
    ):
        check(**{name: numbers[name] for name in names})


def _batches(unlabeled, unwanted, numbers, epoch):
    size, seed = numbers["batch_size"], numbers["seed"]
    if unwanted is None:
        return unlabeled_dataset(unlabeled, size, seed, initial_epoch=epoch)
    share = numbers["unwanted_share"]
    return balanced_dataset(
        unlabeled, unwanted, size, seed, unwanted_share=share, initial_epoch=epoch
    )


class _Finetuning:
    """A decoder and its critic on their way; the arguments are those of `finetune_decoder`."""

    def __init__(self, model, numbers):
        self._model, self._numbers = model, numbers
        self._decoder = model.decoder.trainable_variables
        self._critic = patch_critic(model.encoder.input_shape[1:], seed=numbers["seed"])
        self._optimizer = FusedAdam(
            HalfConstant(numbers["learning_rate"], numbers["steps"]),
            use_ema=True,
            ema_momentum=numbers["average"],
            **MOMENTS,
        )
        self._critic_optimizer = FusedAdam(numbers["critic_learning_rate"], **MOMENTS)
        self._optimizer.build(self._decoder)
        self._critic_optimizer.build(self._critic.trainable_variables)
        names = ("features", "reconstruction", "penalty", "critic")
        self._means = {name: keras.metrics.Mean(name) for name in names}

    def groups(self):
        """All variables that a step changes, as lists."""
        return {
            "decoder": self._model.decoder.variables,
            "critic": self._critic.variables,
            "optimizer": self._optimizer.variables,
            "critic_optimizer": self._critic_optimizer.variables,
        }

    def steps(self, data, done):
        """Trains from step `done` on; yields the number of steps done and means of the last ones.

        Some 50 steps at a time, so that a multiple of 500 is always met.
        """
        run = counted_function(self._step, self._results, jit_compile=False, eager=False)
        iterator, total = iter(data), self._numbers["steps"]
        for start in range(done, total, STEPS_PER_CALL):
            for mean in self._means.values():
                mean.reset_state()
            count = min(STEPS_PER_CALL, total - start)
            _, means = run(iterator, tf.constant(count))
            yield start + count, means

    def finish(self):
        """Gives the decoder the average of its weights."""
        self._optimizer.finalize_variable_values(self._decoder)

    def _results(self):
        return {name: mean.result() for name, mean in self._means.items()}

    def _step(self, batch):
        x, y, _ = labelled_batch(batch)
        noise = noise_seed(self._numbers["seed"], STREAM, self._optimizer.iterations)
        outputs = self._model(x, noise_seed=noise)  # its reconstruction is made anew, with a tape
        variables = self._critic.trainable_variables
        with tf.GradientTape() as tape, tf.GradientTape() as critic_tape:
            decoded = self._model.decoder(outputs["z"], training=True)
            seen = self._critic(ops.concatenate([outputs["target"], decoded]), training=True)
            *features, (real, made) = [ops.split(part, 2) for part in seen]
            hinge = _mean_of(ops.relu(1.0 - real) + ops.relu(1.0 + made), y)
            loss = self._likeness(features, y) + self._vabc_loss(outputs["target"], decoded, y)
            loss -= self._numbers["adversarial_weight"] * _mean_of(made, y)
        gradients = tape.gradient(loss, self._decoder)
        self._critic_optimizer.apply(critic_tape.gradient(hinge, variables), variables)
        self._optimizer.apply(gradients, self._decoder)
        self._means["critic"].update_state(hinge)

    def _likeness(self, features, y):
        """How far the features of reconstructions are from those of the originals."""
        distance = 0.0
        for real, made in features:
            real = ops.stop_gradient(real)
            variance = _mean_of(ops.square(real - _mean_of(real, y)), y) + SMALLEST_VARIANCE
            distance += _mean_of(ops.square(real - made), y) / variance
        self._means["features"].update_state(distance)
        return self._numbers["feature_weight"] * distance

    def _vabc_loss(self, target, decoded, y):
        """V-ABC's loss but for the KL divergence, per number of an unlabeled example."""
        model = self._model
        gamma, penalty_weight = model.variance.penalty_numbers(model.gamma, model.penalty_weight)
        error = reconstruction_error(target, decoded, model.variance.current)
        penalty = unwanted_penalty(error, gamma)
        losses = vabc_loss(y, error, penalty, 0.0, penalty_weight=penalty_weight)
        self._means["reconstruction"].update_state(error, y)
        self._means["penalty"].update_state(penalty, 1.0 - y)
        return ops.mean(losses) / ops.mean(y) / math.prod(target.shape[1:])


def _mean_of(values, weight):
    """The mean over examples, weighed, and over all other axes."""
    per_example = ops.mean(ops.reshape(values, (ops.shape(values)[0], -1)), axis=1)
    return ops.sum(weight * per_example) / ops.sum(weight)
