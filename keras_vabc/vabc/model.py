"""The Variational Auto-encoding Binary Classifier."""

import random

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from keras_vabc.data.blocks import Blockwise, draw_normal
from keras_vabc.data.checks import check_finite, check_not_negative, check_positive, check_rows
from keras_vabc.data.streams import range_checked, stream_errors_as_value_errors
from keras_vabc.export.formats import export_parts
from keras_vabc.export.parts import model_parts
from keras_vabc.files.model_files import load_keras_file
from keras_vabc.vabc.checkpoint import checkpoint_last
from keras_vabc.vabc.layers import Sampling, affine_of, prepare_preprocessing
from keras_vabc.vabc.losses import kl_divergence, reconstruction_error, unwanted_penalty, vabc_loss
from keras_vabc.vabc.networks import check_contract, output_range
from keras_vabc.vabc.optimizers import FusedAdam
from keras_vabc.vabc.schedules import anneal
from keras_vabc.vabc.training_loop import Pace, default_steps, xla_pays


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
    of the unwanted part), `kl`, and the current `gamma` and `kl_weight`. Evaluation always uses the
    final gamma and KL weight.

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
        seed: Seed of the noise in training and testing; drawn from Python's `random` where `None`.
        name: Name of the model.
        **kwargs: `dtype` and `trainable`, as in any Keras layer.

    Raises:
        ValueError: If a number is out of its range, encoder and decoder do not fit each other, or
            `preprocessing` is not adapted.
        TypeError: If `preprocessing` is of another kind.

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
        seed=None,
        name="vabc",
        **kwargs,
    ):
        super().__init__(name=name, autocast=False, **kwargs)
        check_contract(encoder, decoder)
        check_positive(sigma2=sigma2, gamma=gamma)
        check_not_negative(kl_weight=kl_weight, penalty_weight=penalty_weight)
        prepare_preprocessing(preprocessing, encoder.input_shape)
        affine_of(preprocessing)

        self.encoder = encoder
        self.decoder = decoder
        self.sampling = Sampling(seed)
        self.preprocessing = preprocessing
        self.sigma2 = float(sigma2)
        self.gamma = float(gamma)
        self.kl_weight = float(kl_weight)
        self.penalty_weight = float(penalty_weight)
        self.stochastic = stochastic
        self.seed = random.randrange(2**31) if seed is None else int(seed)
        self.latent_dim = decoder.input_shape[1]

        self.current_gamma = self._state("current_gamma", gamma)
        self.current_kl_weight = self._state("current_kl_weight", kl_weight)
        self._gamma_start = self._state("gamma_start", gamma)
        self._gamma_steps = self._state("gamma_steps", 0.0)
        self._kl_steps = self._state("kl_steps", 0.0)
        self._pace = Pace(self, lambda name: self._state(name, 0, dtype="int64"))

        self._encode = Blockwise(self._encode_batch)
        self._decode = Blockwise(self.decode_batch)
        self._reconstruct = Blockwise(self._reconstruct_batch)
        self._score = Blockwise(self.score_batch)

        self._loss_mean = keras.metrics.Mean("loss")
        self._reconstruction_mean = keras.metrics.Mean("reconstruction")
        self._penalty_mean = keras.metrics.Mean("penalty")
        self._kl_mean = keras.metrics.Mean("kl")

        self(keras.Input(encoder.input_shape[1:]))

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

    def encode(self, x):
        """Posterior of each example.

        Args:
            x: Data on their own scale, shape `(n, ...)`.

        Returns:
            `(z_mean, z_log_var)`, float32 arrays of shape `(n, latent_dim)`.
        """
        return self._encode(self._rows(x))

    def decode(self, z):
        """The decoder's mean, on the data's own scale.

        Args:
            z: Latents, shape `(n, latent_dim)`.

        Returns:
            Float32 array of shape `(n, ...)`.
        """
        return self._decode(check_rows("z", z, (self.latent_dim,)))

    def reconstruct(self, x):
        """Decodes the posterior mean of each example; shape and scale are those of `x`."""
        return self._reconstruct(self._rows(x))

    def sample(self, n, seed=None):
        """Generates new data: the decoder's mean at latents drawn from N(0, I).

        Args:
            n: Number of samples.
            seed: Integer or `None`. The first `m` samples of one seed are the same for every `n >=
                m`.

        Returns:
            Float32 array of shape `(n, ...)`, on the data's own scale.

        Raises:
            ValueError: If `n` is negative.
        """
        check_not_negative(n=n)
        return self.decode(draw_normal(n, self.latent_dim, seed))

    def score(self, x):
        """How unwanted each example is: its reconstruction error `R` at `z = z_mean`.

        Args:
            x: Data on their own scale, shape `(n, ...)`.

        Returns:
            Float32 array of shape `(n,)`; higher is more unwanted. The same on every call.

        Raises:
            ValueError: If `x` has another shape than the training data or is not finite.
        """
        return self._score(self._rows(x))

    def decode_batch(self, z):
        """`decode` of a float32 tensor in one piece, unchecked, for use inside a `tf.function`."""
        scale, offset = affine_of(self.preprocessing)
        return (ops.cast(self.decoder(z), "float32") - offset) / scale

    def score_batch(self, x):
        """`score` of a tensor in one piece, unchecked, for use inside a `tf.function`."""
        out = self(x)
        return reconstruction_error(out["target"], out["reconstruction"], self.sigma2)

    def export(
        self,
        filepath,
        format="tf_saved_model",
        verbose=None,
        input_signature=None,
        *,
        threshold=None,
    ):
        """Writes a folder that runs without this package.

        A SavedModel needs TensorFlow alone. Its endpoints, which are its signatures too, take and
        give data on their own scale:

        - `decode(z)`, also `serving_default`: float32 latents `(n, latent_dim)` to data;
        - `sample(n, seed)`: two int64 scalars to the very images of `model.sample(n, seed)`;
        - `score(x)`: data to scores `(n,)`. Arrays and lists of any numeric dtype do; a
          `tf.Tensor` must have the dtype of the signature, float32 unless `input_signature` says
          otherwise;
        - `flag(x)`, where there is a threshold: whether each score exceeds it.

        ONNX and LiteRT need ONNX Runtime and `ai-edge-litert`. They get a file each for `decode`
        and `score`, with `flag` beside the score, and `density.json`, which says how to draw `z`.

        What was written is loaded again, by the runtime of its format, and compared with the model
        before it takes its name. Unlike Keras', this `export` never writes into a folder that holds
        something.

        Args:
            filepath: The folder to make; must not exist, or be empty.
            format: `"tf_saved_model"`, `"onnx"` or `"litert"`.
            verbose: Whether to print what was written; `None` means yes, as in Keras.
            input_signature: `None`, or a list of one spec of `x` in `score`, such as
                `[keras.InputSpec((None, 28, 28, 1), "uint8")]`.
            threshold: `None`, or the score above which `flag` is true.

        Raises:
            ImportError: If the packages of the format are not installed; it names the extra.
            ValueError: For another format, a threshold that is not finite, or a spec that does not
                fit the data.
            FileExistsError: If `filepath` is a file, or a folder that is not empty.
            OSError: If it cannot be made there.
            RuntimeError: If what was written does not reproduce the model; nothing is kept then.

        Example:
            >>> model.export("decoder")
            >>> loaded = tf.saved_model.load("decoder")  # elsewhere
            >>> images = loaded.sample(16, 0)
        """
        export_parts(
            model_parts(self, threshold),
            filepath,
            format,
            input_signature=input_signature,
            verbose=verbose,
        )

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

    # Training and testing

    def compile(self, optimizer=None, *, steps_per_execution=None, jit_compile=None, **kwargs):
        """Configures training; the loss is the model's own.

        Args:
            optimizer: Any Keras optimizer; by default `FusedAdam` with Adam's default arguments, as
                in the paper.
            steps_per_execution: Steps between two returns to Python, where callbacks may act. By
                default up to 64, fewer for larger networks, and 1 where they cannot be joined: with
                `run_eagerly` or under a distribution strategy.
            jit_compile: Whether the steps between two returns are one program of XLA, which draws
                another noise from the same seed. By default as Keras decides on a GPU, and on a
                CPU where it is faster: see `execution.xla_pays`.
            **kwargs: `run_eagerly` and `auto_scale_loss`, as in Keras.

        Raises:
            ValueError: If a loss or metrics are given, which would be ignored.
        """
        for argument in ("loss", "loss_weights", "metrics", "weighted_metrics"):
            value = kwargs.pop(argument, None)
            if value is not None:
                raise ValueError(
                    f"compile takes no {argument}: VABC computes its own loss and metrics. "
                    f"Received: {argument}={value}."
                )
        single = kwargs.get("run_eagerly", False) or tf.distribute.has_strategy()
        if steps_per_execution is None:
            steps_per_execution = 1 if single else default_steps(self.trainable_variables)
        if jit_compile is None:
            jit_compile = True if not single and xla_pays(self.trainable_variables) else "auto"
        super().compile(
            FusedAdam() if optimizer is None else optimizer,
            steps_per_execution=steps_per_execution,
            jit_compile=jit_compile,
            **kwargs,
        )
        self.optimizer.build(self.trainable_variables)

    def get_compile_config(self):
        """What `compile_from_config` needs to compile the same model again; None if it is not."""
        if not self.compiled:
            return None
        return {
            "optimizer": keras.saving.serialize_keras_object(self.optimizer),
            "steps_per_execution": self.steps_per_execution,
            "jit_compile": self.jit_compile,
        }

    def compile_from_config(self, config):
        """Compiles the model as `get_compile_config` says."""
        config = {**config, "optimizer": keras.saving.deserialize_keras_object(config["optimizer"])}
        self.compile(**config)

    def fit(self, x=None, y=None, batch_size=None, epochs=1, **kwargs):
        """Trains the model, as `keras.Model.fit`.

        Args:
            x: A `tf.data.Dataset` of `(x, y)` batches (see `balanced_dataset`), or an array.
            y: For an array `x`: 1 for unlabeled, 0 for unwanted, or between, shape `(n,)` or `(n,
                1)`.
            batch_size: Rows per batch for arrays.
            epochs: Passes over the data.
            **kwargs: As in Keras. `class_weight` is refused: give `sample_weight`, or choose the
                share of unwanted data in `balanced_dataset`.

        Returns:
            `keras.callbacks.History`.

        Raises:
            ValueError: If the first batch lies outside the decoder's range after preprocessing, if
                a stream holds bad data (the message names the batch), or on `class_weight`.
        """
        if kwargs.get("class_weight") is not None:
            raise ValueError(
                "fit takes no class_weight; use sample_weight, or unwanted_share of the data set. "
                f"Received: class_weight={kwargs['class_weight']}."
            )
        self._gamma_steps.assign(0.0)
        self._kl_steps.assign(0.0)
        callbacks = kwargs.pop("callbacks", None)
        callbacks = checkpoint_last(callbacks, {"x": x, "y": y, "batch_size": batch_size, **kwargs})
        with stream_errors_as_value_errors():
            if isinstance(x, tf.data.Dataset):
                kwargs.setdefault("shuffle", False)
            elif isinstance(x, np.ndarray):
                check_finite("x", x)
            with self.distribute_strategy.scope():
                low, high = output_range(self.decoder)
                x = range_checked(x, low, high, *affine_of(self.preprocessing))
            x, kwargs = self._pace.start_fit(x, kwargs)
            return super().fit(x, y, batch_size, epochs, callbacks=callbacks, **kwargs)

    def make_train_function(self, force=False):
        """A function of an iterator that takes up to `steps_per_execution` steps."""
        if self._pace.training == "keras":
            return super().make_train_function(force)
        if force or self.train_function is None:
            self.train_function = self._pace.train_function()
        return self.train_function

    def make_test_function(self, force=False):
        """A function of an iterator that tests on up to `steps_per_execution` batches."""
        if self._pace.testing == "keras":
            return super().make_test_function(force)
        if force or self.test_function is None:
            self.test_function = self._pace.test_function()
        return self.test_function

    def evaluate(self, x=None, y=None, batch_size=None, **kwargs):
        """Computes the loss at the final gamma and KL weight, as `keras.Model.evaluate`.

        The noise differs between batches and repeats from one evaluation to the next.
        """
        steps = self._pace.start_test(x, kwargs.pop("steps", None))
        with stream_errors_as_value_errors():
            return super().evaluate(x, y, batch_size, steps=steps, **kwargs)

    @property
    def metrics(self):
        """Means of the loss and of its parts."""
        return [self._loss_mean, self._reconstruction_mean, self._penalty_mean, self._kl_mean]

    def anneal_gamma(self, start, steps):
        """Lets gamma fall from `start` to its target by optimizer step `steps`, in this `fit`."""
        self._gamma_start.assign(start)
        self._gamma_steps.assign(steps)

    def anneal_kl(self, steps):
        """Lets the KL weight rise from 0 to its target by optimizer step `steps`."""
        self._kl_steps.assign(steps)

    def train_step(self, data):
        """One optimizer step on the y-switched loss."""
        step = self.optimizer.iterations
        gamma = anneal(self._gamma_start, self.gamma, step, self._gamma_steps)
        kl_weight = anneal(0.0, self.kl_weight, step, self._kl_steps)
        self.current_gamma.assign(gamma)
        self.current_kl_weight.assign(kl_weight)
        replicas = tf.distribute.get_strategy().num_replicas_in_sync

        with tf.GradientTape() as tape:
            noise_seed = self._noise_seed(0, step)
            losses = self._weighted_losses(data, gamma, kl_weight, noise_seed, training=True)
            loss = self.optimizer.scale_loss(ops.mean(losses) / replicas)
        gradients = tape.gradient(loss, self.trainable_variables)
        self.optimizer.apply(gradients, self.trainable_variables)
        return self.logs()

    def logs(self):
        """What `fit` logs: means of the loss and of its parts so far, gamma and the KL weight."""
        annealed = {"gamma": self.current_gamma, "kl_weight": self.current_kl_weight}
        annealed = {name: tf.convert_to_tensor(value) for name, value in annealed.items()}
        return {**self.get_metrics_result(), **annealed}

    def test_step(self, data):
        """The loss of one batch at the final gamma and KL weight."""
        noise_seed = self._noise_seed(1, self._pace.tested)
        self._weighted_losses(data, self.gamma, self.kl_weight, noise_seed, training=False)
        self._pace.tested.assign_add(1)
        return self.get_metrics_result()

    def _weighted_losses(self, data, gamma, kl_weight, noise_seed, training):
        """Weighted loss of each example of a batch, shape `(batch,)`; updates the metrics."""
        x, y, weight = keras.utils.unpack_x_y_sample_weight(data)
        if y is None:
            raise ValueError(
                "y must be 1 for unlabeled and 0 for unwanted examples, as balanced_dataset and "
                "unlabeled_dataset give it. Received: y=None."
            )
        y = _as_vector(y)
        weight = ops.ones_like(y) if weight is None else _as_vector(weight)

        out = self(x, training=training, noise_seed=noise_seed)
        reconstruction = reconstruction_error(out["target"], out["reconstruction"], self.sigma2)
        penalty = unwanted_penalty(reconstruction, gamma)
        kl = kl_divergence(out["z_mean"], out["z_log_var"])
        losses = weight * vabc_loss(
            y,
            reconstruction,
            penalty,
            kl,
            kl_weight=kl_weight,
            penalty_weight=self.penalty_weight,
        ) + sum(self.losses)

        self._loss_mean.update_state(losses)
        self._reconstruction_mean.update_state(reconstruction, y * weight)
        self._penalty_mean.update_state(penalty, (1.0 - y) * weight)
        self._kl_mean.update_state(kl, weight)
        return losses

    def _noise_seed(self, stream, step):
        """Another seed for each step, replica and stream of noise (0 training, 1 testing)."""
        context = tf.distribute.get_replica_context()
        replica = tf.cast(context.replica_id_in_sync_group, "int64")
        replicas = context.num_replicas_in_sync
        step = tf.cast(ops.convert_to_tensor(step), "int64") * replicas + replica
        return tf.stack([tf.constant(2 * self.seed + stream, "int64"), step])

    def _rows(self, x):
        return check_rows("x", x, self.encoder.input_shape[1:])

    def _encode_batch(self, x):
        out = self(x)
        return out["z_mean"], out["z_log_var"]

    def _reconstruct_batch(self, x):
        return self.decode_batch(self._encode_batch(x)[0])

    def _state(self, name, value, dtype="float32"):
        return self.add_weight(
            name=name,
            shape=(),
            dtype=dtype,
            initializer=keras.initializers.Constant(value),
            trainable=False,
            aggregation="only_first_replica",
        )


def _as_vector(values):
    return ops.reshape(ops.cast(values, "float32"), (-1,))


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
