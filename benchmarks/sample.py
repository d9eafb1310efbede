"""Time of generating images, beside the decoder's matrix products alone.

The network is the paper's for MNIST, untrained, which takes the same time.
"""

import numpy as np
from record import Panel, parse_options, report
from side_by_side import Contestant, median_ratio, take_turns, timed
from workloads import MNIST, forward_floor

ROUNDS, QUICK_ROUNDS = 7, 2
SAMPLES, QUICK_SAMPLES = 100_000, 4_096
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
    names = {"floor_ratio": MODEL, "sampler_floor_ratio": MIXTURE, "guarded_floor_ratio": GUARDED}
    ratios = {name: median_ratio(seconds, ours, FLOOR) for name, ours in names.items()}
    report(__file__, options, [Panel("MNIST networks", "us per sample", times)], ratios)


def model_sample(count):
    """Seconds of one of `count` samples of `model.sample`."""
    model = MNIST.model()
    return timed(lambda: model.sample(count, seed=0), count)


def sampler_sample(count, guard):
    """Seconds of one accepted sample of `LatentSampler.sample`."""
    import keras_vabc as kv

    sampler = kv.LatentSampler(MNIST.model(), density="gmm", guard=guard, fit_rows=FIT_ROWS)
    sampler.fit(MNIST.rows(FIT_ROWS, seed=0))
    return timed(lambda: sampler.sample(count, seed=0), count)


def products_alone(count):
    """Seconds of one row of the decoder's matrix products."""
    return forward_floor([MNIST.decoder_sizes], count)


if __name__ == "__main__":
    main()
