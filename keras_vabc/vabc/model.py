"""The Variational Auto-encoding Binary Classifier."""

import random

import keras
import tensorflow as tf
from keras import ops

from keras_vabc.data.checks import check_not_negative, check_positive, check_share
from keras_vabc.data.ranges import checked
from keras_vabc.files.keras_settings import check_keras_settings
from keras_vabc.files.model_files import load_keras_file
from keras_vabc.vabc import names, training, use
from keras_vabc.vabc.layers import Sampling, affine_of, noise_seed, prepare_preprocessing
from keras_vabc.vabc.networks import check_contract
from keras_vabc.vabc.objective import Objective, labelled_batch
from keras_vabc.vabc.schedules import Annealing
from keras_vabc.vabc.training_loop import TrainingLoop
from keras_vabc.vabc.variance import Variance

OLDER_VARIABLES = 9  # in older files, where these are those that are left
VARIABLES_BEFORE = (0, 1, 2, 3, 4, 8)


@keras.saving.register_keras_serializable("keras_vabc")
class VABC(keras.Model):
    """Variational Auto-encoding Binary Classifier (V-ABC).

    A variational autoencoder with two kinds of examples: it learns to reconstruct the unlabeled
    (`y = 1`) and to fail on the unwanted (`y = 0`), so that it generates data like the former and
    none like the latter. It trains on batches `(x, y)` or `(x, y, sample_weight)`:

    - fed only `y = 1`, it is exactly a VAE;
    - with `stochastic=False, kl_weight=0, gamma=1, sigma2=0.5` it is the Auto-encoding Binary
      Classifier (ABC) with the squared distance.

    `fit` logs `loss`, `reconstruction` (mean error of the unlabeled part), `penalty` (mean penalty
    of the unwanted part), `kl`, and the current `gamma`, `kl_weight` and, where it moves, `sigma2`.
    Evaluation always uses the final gamma and KL weight.

    Args:
        encoder: Built model; `encoder(x)` returns `[z_mean, z_log_var]`, each `(batch,
            latent_dim)`.
        decoder: Built model; `decoder(z)` returns the mean, shaped like `x`.
        sigma2: Variance of the Gaussian decoder, in squared units of the preprocessed data.
        gamma: How fast the penalty on an unwanted example fades with its error; lower pushes
            farther. `GammaAnneal` starts above it and ends at it.
        kl_weight: Weight of the KL divergence. `KLAnneal` starts at 0 and ends at it.
        penalty_weight: Weight of the penalty on unwanted examples; 1 in the paper.
        stochastic: Whether latents are sampled in training and testing (`False`: `z = z_mean`).
        preprocessing: `None`, or a `Rescaling` or adapted `Normalization` layer that maps the data
            to the scale of encoder and decoder. It is part of the model: data go in, and samples
            come out, on their own scale.
        sigma2_momentum: `None`, or a number in (0, 1), such as 0.99. With it the given sigma2 is
            where training starts, and the least: it follows the mean squared error of the unlabeled
            part where that is larger; each step keeps this share of the last. Gamma and penalty
            weight, which are those for the given sigma2, are rescaled so that unwanted examples are
            pushed as far as before.
        seed: Seed of the noise in training and testing; drawn from Python's `random` where `None`.
        name: Name of the model.
        **kwargs: `dtype` and `trainable`, as in any Keras layer.

    Raises:
        ValueError: If a number is out of its range, encoder and decoder do not fit each other, or
            `preprocessing` is not adapted.
        TypeError: If `preprocessing` is of another kind.
        RuntimeError: If Keras is set to another backend or type of weights.

    Example:
        >>> encoder, decoder = kv.mlp_autoencoder((28, 28, 1), latent_dim=2, units=(300, 100))
        >>> model = kv.VABC(encoder, decoder, sigma2=2.5, gamma=0.05,
        ...                 preprocessing=keras.layers.Rescaling(1 / 255))
        >>> model.compile()
        >>> model.fit(balanced_ds, epochs=30, callbacks=[kv.GammaAnneal(), kv.KLAnneal()])
        >>> images = model.sample(100, seed=0)

    References:
        - [Novel Applications for VAE-based Anomaly Detection Systems](
          https://arxiv.org/abs/2204.12577), sections III-D and IV-B.
    """

    def __init__(
        self,
        encoder,
        decoder,
        *,
        sigma2=1.0,
        gamma=1.0,
        kl_weight=1.0,
        penalty_weight=1.0,
        stochastic=True,
        preprocessing=None,
        sigma2_momentum=None,
        seed=None,
        name="vabc",
        **kwargs,
    ):
        check_keras_settings()
        super().__init__(name=name, autocast=False, **kwargs)
        check_contract(encoder, decoder)
        check_positive(sigma2=sigma2)
        checked("gamma", gamma)
        check_not_negative(kl_weight=kl_weight, penalty_weight=penalty_weight)
        if sigma2_momentum is not None:
            check_share(sigma2_momentum=sigma2_momentum)
        prepare_preprocessing(preprocessing, encoder.input_shape)
        affine_of(preprocessing)

        self.encoder, self.decoder = encoder, decoder
        self.latent_dim = decoder.input_shape[1]
        self.sampling = Sampling(seed)
        self.preprocessing = preprocessing
        self.sigma2, self.gamma = float(sigma2), float(gamma)
        self.kl_weight, self.penalty_weight = float(kl_weight), float(penalty_weight)
        self.stochastic, self.sigma2_momentum = stochastic, sigma2_momentum
        self.seed = random.randrange(2**31) if seed is None else int(seed)
        self._make_training_parts()
        self.blocks = use.Blocks(self)

        self(keras.Input(encoder.input_shape[1:]))

    def _make_training_parts(self):
        self.annealing = Annealing(self.gamma, self.kl_weight, self._new_variable)
        self.current_gamma = self.annealing.current_gamma
        self.current_kl_weight = self.annealing.current_kl_weight
        self.tested = self._new_variable("test_batches", 0, dtype="int64")
        self.variance = Variance(self, self._new_variable)
        self.objective = Objective(self)
        self.training_loop = TrainingLoop(self)

    def build(self, input_shape=None):
        """Encoder and decoder come built."""
        self.built = True

    def call(self, x, training=False, noise_seed=None):
        """Encodes and decodes a batch.

        Args:
            x: Data on their own scale, shape `(batch, ...)`.
            training: Whether the networks run in training mode; if so, latents are sampled.
            noise_seed: Integer tensor of shape `(2,)` that determines the noise of the latents,
                which are then sampled in any mode.

        Returns:
            Dict of `z_mean`, `z_log_var`, `z`, each `(batch, latent_dim)`, and of `target` and
            `reconstruction`: the preprocessed data and the decoder's mean.
        """
        x = ops.cast(x, "float32")
        target = x if self.preprocessing is None else self.preprocessing(x)
        z_mean, z_log_var = self.encoder(target, training=training)
        z = z_mean
        if self.stochastic and (training or noise_seed is not None):
            z = self.sampling([z_mean, z_log_var], noise_seed=noise_seed)
        return {
            "z_mean": z_mean,
            "z_log_var": z_log_var,
            "z": z,
            "target": target,
            "reconstruction": self.decoder(z, training=training),
        }

    # Use

    encode, decode, reconstruct = use.encode, use.decode, use.reconstruct
    sample, score, export = use.sample, use.score, use.export
    decode_batch, score_batch = use.decode_batch, use.score_batch
    save_assets, load_assets = names.save_assets, names.load_assets

    def get_config(self):
        """Arguments of the constructor; gamma and the KL weight as their final values."""
        serialize = keras.saving.serialize_keras_object
        return {
            **super().get_config(),
            "encoder": serialize(self.encoder),
            "decoder": serialize(self.decoder),
            "preprocessing": serialize(self.preprocessing),
            "sigma2": self.sigma2,
            "gamma": self.gamma,
            "kl_weight": self.kl_weight,
            "penalty_weight": self.penalty_weight,
            "stochastic": self.stochastic,
            "sigma2_momentum": self.sigma2_momentum,
            "seed": self.seed,
        }

    @classmethod
    def from_config(cls, config):
        """Rebuilds the model, encoder and decoder included, from `get_config`."""
        nested = {
            name: keras.saving.deserialize_keras_object(config[name])
            for name in ("encoder", "decoder", "preprocessing")
        }
        return cls(**{**config, **nested})

    def load_own_variables(self, store):
        """Reads older files, too, which hold three counters more."""
        if len(store) == OLDER_VARIABLES:
            store = {str(i): store[str(k)] for i, k in enumerate(VARIABLES_BEFORE)}
        super().load_own_variables(store)

    # Training and testing

    compile, fit, evaluate = training.compile, training.fit, training.evaluate
    make_train_function = training.make_train_function
    make_test_function = training.make_test_function
    get_compile_config = training.get_compile_config
    compile_from_config = training.compile_from_config

    def train_step(self, data):
        """One optimizer step on the y-switched loss."""
        step = self.optimizer.iterations
        weights = self.annealing.values_at(step, self.gamma, self.kl_weight)
        replicas = tf.distribute.get_strategy().num_replicas_in_sync
        with tf.GradientTape() as tape:
            seed = noise_seed(self.seed, 0, step)
            losses = self._batch_losses(data, *weights, seed, training=True)
            loss = self.optimizer.scale_loss(ops.mean(losses) / replicas)
        gradients = tape.gradient(loss, self.trainable_variables)
        self.optimizer.apply(gradients, self.trainable_variables)
        return self.logs()

    def test_step(self, data):
        """The loss of one batch at the final gamma and KL weight."""
        seed = noise_seed(self.seed, 1, self.tested)
        self._batch_losses(data, self.gamma, self.kl_weight, seed, training=False)
        self.tested.assign_add(1)
        return self.get_metrics_result()

    def logs(self):
        """What `fit` logs: means of the loss and of its parts so far, and numbers that move."""
        annealed = {"gamma": self.current_gamma, "kl_weight": self.current_kl_weight}
        if self.variance.follows:
            annealed["sigma2"] = self.variance.current
        annealed = {name: tf.convert_to_tensor(value) for name, value in annealed.items()}
        return {**self.get_metrics_result(), **annealed}

    def _batch_losses(self, data, gamma, kl_weight, seed, training):
        x, y, weight = labelled_batch(data)
        outputs = self(x, training=training, noise_seed=seed)
        numbers = {"gamma": gamma, "kl_weight": kl_weight, "regularization": sum(self.losses)}
        return self.objective.losses(outputs, y, weight, training=training, **numbers)

    @property
    def metrics(self):
        """Means of the loss and of its parts."""
        return self.objective.means

    def reset_metrics(self):
        """Begins the means anew, and with them the noise of testing."""
        super().reset_metrics()
        self.tested.assign(0)

    def anneal_gamma(self, start, steps):
        """Lets gamma fall from `start` to its target by optimizer step `steps`, in this `fit`."""
        self.annealing.set_gamma(start, steps)

    def anneal_kl(self, steps):
        """Lets the KL weight rise from 0 to its target by optimizer step `steps`."""
        self.annealing.set_kl(steps)

    def _new_variable(self, name, value, dtype="float32"):
        return self.add_weight(
            name=name,
            shape=(),
            dtype=dtype,
            initializer=keras.initializers.Constant(value),
            trainable=False,
            aggregation="only_first_replica",
        )


def load_model(path):
    """Loads a model that was saved as `.keras`, its optimizer and schedules included.

    What `keras.models.load_model` does, which does not know `VABC` before `keras_vabc.VABC` has
    been used in the same process; always in Keras' safe mode, which executes nothing from the file.

    Args:
        path: Path of the `.keras` file.

    Returns:
        `VABC`, compiled if it was when it was saved.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is damaged, or holds what safe mode refuses.
    """
    return load_keras_file(path)
