"""Time of generating images, beside the decoder's matrix products alone.

The network is the paper's for MNIST, untrained, which takes the same time.
"""

import time

import numpy as np
from record import Panel, parse_options, report
from side_by_side import Contestant, median_ratio, take_turns
from workloads import MNIST, forward_products, kernels, repeated

ROUNDS, QUICK_ROUNDS = 7, 2
SAMPLES, QUICK_SAMPLES = 100_000, 4_096
BLOCK_ROWS = 1024  # in a product; from 256 to 8,192 its speed is the same to 10 %
FIT_ROWS = 5_000

MODEL, FLOOR = "ours: model.sample", "matrix products alone"
MIXTURE = "ours: LatentSampler, mixture"
GUARDED = "ours: LatentSampler, mixture and score guard"


def main():
    """Runs the benchmark."""
    options = parse_options(__doc__)
    count = {"count": QUICK_SAMPLES if options.quick else SAMPLES}
    contestants = [
        Contestant(MODEL, model_sample, count),
        Contestant(MIXTURE, sampler_sample, {**count, "guard": None}),
        Contestant(GUARDED, sampler_sample, {**count, "guard": "score"}),
        Contestant(FLOOR, products_alone, count),
    ]
    seconds = take_turns(contestants, QUICK_ROUNDS if options.quick else ROUNDS)
    times = {name: np.multiply(1e6, turns) for name, turns in seconds.items()}
    ratios = {
        "floor_ratio": median_ratio(seconds, MODEL, FLOOR),
        "sampler_floor_ratio": median_ratio(seconds, MIXTURE, FLOOR),
        "guarded_floor_ratio": median_ratio(seconds, GUARDED, FLOOR),
    }
    report(__file__, options, [Panel("MNIST networks", "us per sample", times)], ratios)


def model_sample(count):
    """Seconds of one of `count` samples of `model.sample`."""
    model = MNIST.model()
    return lambda: _seconds(lambda: model.sample(count, seed=0), count)


def sampler_sample(count, guard):
    """Seconds of one accepted sample of `LatentSampler.sample`."""
    import keras_vabc as kv

    sampler = kv.LatentSampler(MNIST.model(), density="gmm", guard=guard, fit_rows=FIT_ROWS)
    sampler.fit(MNIST.rows(FIT_ROWS, seed=0))
    return lambda: _seconds(lambda: sampler.sample(count, seed=0), count)


def products_alone(count):
    """Seconds of one row of the decoder's matrix products."""
    import tensorflow as tf

    weights = kernels(MNIST.decoder_sizes)
    blocks = -(-count // BLOCK_ROWS)
    latents = tf.random.normal((blocks, BLOCK_ROWS, MNIST.latent_dim))
    run = repeated(lambda z: forward_products(z, weights)[1], latents, blocks)
    return lambda: _seconds(run, blocks * BLOCK_ROWS)


def _seconds(function, count):
    start = time.perf_counter()
    function()
    return (time.perf_counter() - start) / count


if __name__ == "__main__":
    main()
