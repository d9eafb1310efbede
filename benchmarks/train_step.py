"""Time of a training step: `fit` as a user writes it, rivals, and the matrix products alone.

The networks and batches are the paper's, on MNIST and on Moons.
"""

import tempfile
import time
from functools import partial

import numpy as np
from record import Panel, parse_options, report
from side_by_side import Contestant, median_ratio, take_turns, timed
from workloads import BATCH, MNIST, MOONS, fit_seconds, forward_products, kernels, repeated

ROUNDS, QUICK_ROUNDS = 7, 2
RATE = 1e-3  # of everybody's Adam
FLOOR_BATCHES = 16  # batches that the matrix products are computed of in turn
FLOOR_STEPS = 300  # an epoch of the matrix products

OURS, FLOOR, KERAS = "ours: fit", "matrix products alone", "Keras' VAE example"
EAGER, FUSED, COMPILED = "PyTorch eager", "PyTorch eager, fused Adam", "torch.compile, fused Adam"
PYTHAE, ON_MOONS = "pythae's trainer", "Moons, "


def main():
    """Runs the benchmark."""
    options = parse_options(__doc__)
    workloads = (w.small() if options.quick else w for w in (MNIST, MOONS))
    seconds = take_turns(contestants(*workloads), QUICK_ROUNDS if options.quick else ROUNDS)
    report(__file__, options, panels(seconds), ratios(seconds))


def contestants(mnist, moons):
    """Everybody on MNIST; on Moons only ours, the floor and PyTorch."""
    fused = {"workload": mnist, "fused": True}
    return [
        Contestant(OURS, ours, {"workload": mnist}),
        Contestant(FLOOR, products_alone, {"workload": mnist}),
        Contestant(KERAS, example_vae, {"workload": mnist}),
        Contestant(EAGER, pytorch, {"workload": mnist}, needs="torch"),
        Contestant(FUSED, pytorch, fused, needs="torch"),
        Contestant(COMPILED, pytorch, {**fused, "compiled": True}, needs="torch"),
        Contestant(PYTHAE, pythae_trainer, {"workload": mnist}, needs="pythae"),
        Contestant(ON_MOONS + OURS, ours, {"workload": moons}),
        Contestant(ON_MOONS + FLOOR, products_alone, {"workload": moons}),
        Contestant(ON_MOONS + EAGER, pytorch, {"workload": moons}, needs="torch"),
    ]


def panels(seconds):
    """One panel for MNIST and one for Moons, in milliseconds."""
    mnist, moons = {}, {}
    for name, times in seconds.items():
        panel = moons if name.startswith(ON_MOONS) else mnist
        panel[name.removeprefix(ON_MOONS)] = np.multiply(1e3, times)
    return [
        Panel("MNIST, batch 80", "ms per step", mnist),
        Panel("Moons, batch 80", "ms per step", moons),
    ]


def ratios(seconds):
    """Our time over that of the matrix products, and each rival's over ours."""
    ratio = partial(median_ratio, seconds)
    return {
        "floor_ratio": ratio(OURS, FLOOR),
        "vs_torch_eager": ratio(EAGER, OURS),
        "vs_torch_eager_fused": ratio(FUSED, OURS),
        "vs_torch_compile": ratio(COMPILED, OURS),
        "vs_pythae": ratio(PYTHAE, OURS),
        "vs_keras_example": ratio(KERAS, OURS),
        "moons_floor_ratio": ratio(ON_MOONS + OURS, ON_MOONS + FLOOR),
        "moons_vs_torch_eager": ratio(ON_MOONS + EAGER, ON_MOONS + OURS),
    }


def ours(workload):
    """`fit` with the paper's callbacks, and nothing tuned; tracing is not measured."""
    import keras_vabc as kv

    model = workload.model()
    model.compile()
    balanced_ds = kv.balanced_dataset(*workload.folds(), batch_size=BATCH, seed=0)
    steps = int(balanced_ds.cardinality())

    def turn():
        callbacks = [kv.GammaAnneal(), kv.KLAnneal()]
        epochs = fit_seconds(model, balanced_ds, epochs=workload.epochs, callbacks=callbacks)
        return np.median(epochs) / steps

    return turn


def products_alone(workload):
    """The matrix products of forward and backward pass, looped in one graph."""
    import tensorflow as tf

    weights = kernels(workload.encoder_sizes) + kernels(workload.decoder_sizes)
    batches = tf.random.normal((FLOOR_BATCHES, BATCH, workload.encoder_sizes[0]))
    steps = FLOOR_STEPS * workload.epochs
    return timed(repeated(lambda x: step_products(x, weights), batches, steps), steps)


def step_products(x, kernels):
    """The products of one step: of each layer the forward one, and two in the backward pass.

    The input of the first layer needs no gradient, and so has none here.

    Args:
        x: Tensor of shape `(batch, features)`.
        kernels: Kernels of encoder and decoder.

    Returns:
        List of tensors, shaped like the kernels, last one first.
    """
    import tensorflow as tf

    inputs, gradient = forward_products(x, kernels)
    products = []
    for i in reversed(range(len(kernels))):
        if gradient.shape[1] < kernels[i].shape[1]:  # of both heads, from that of the latents
            gradient = tf.concat([gradient, gradient], 1)
        products.append(tf.matmul(inputs[i], gradient, transpose_a=True))
        if i > 0:
            gradient = tf.matmul(gradient, kernels[i], transpose_b=True)
    return products


def example_vae(workload):
    """The VAE of Keras' code examples with dense layers of our sizes, on the unlabeled fold.

    Like the example it has a custom train step, keeps three means, takes binary cross-entropy and
    Keras' Adam, and fits an array of floats.
    """
    import keras
    from keras_example import ExampleVAE

    model = ExampleVAE(workload)
    model.compile(keras.optimizers.Adam(RATE))
    x = workload.unit_rows()[0]
    steps = -(-len(x) // BATCH)

    def turn():
        epochs = fit_seconds(model, x, epochs=workload.epochs, batch_size=BATCH)
        return np.median(epochs) / steps

    return turn


def pytorch(workload, fused=False, compiled=False):
    """A training loop in PyTorch with the same loss: batches gathered from tensors in memory."""
    from torch_loop import TorchLoop

    loop = TorchLoop(workload, RATE, fused=fused, compiled=compiled)

    def turn():
        epochs = [loop.epoch_seconds() for _ in range(workload.epochs)]
        return np.median(epochs) / loop.steps

    return turn


def pythae_trainer(workload):
    """An epoch of pythae's own trainer: its VAE with networks of our sizes, on the unlabeled fold.

    Only its loop over the batches is measured, not its saving of files.
    """
    import torch
    from pythae.data.datasets import BaseDataset
    from pythae.trainers import BaseTrainer, BaseTrainerConfig
    from torch_loop import pythae_model

    x = torch.from_numpy(workload.unit_rows()[0])
    folder = tempfile.TemporaryDirectory()
    config = BaseTrainerConfig(
        output_dir=folder.name,
        per_device_train_batch_size=BATCH,
        learning_rate=RATE,
        no_cuda=True,
    )
    trainer = BaseTrainer(
        pythae_model(workload), BaseDataset(x, torch.ones(len(x))), training_config=config
    )
    trainer.prepare_training()

    def turn():
        start = time.perf_counter()
        trainer.train_step(1)  # an epoch, in pythae's words
        return (time.perf_counter() - start) / len(trainer.train_loader)

    return turn


if __name__ == "__main__":
    main()
