"""Time of scoring images, beside matrix products alone and detectors of PyOD.

Each detector is fitted briefly, since how well is of no matter here.
"""

import numpy as np
from record import Panel, parse_options, report
from side_by_side import Contestant, median_ratio, take_turns, timed
from workloads import BLOCK_ROWS, MNIST, forward_floor

ROUNDS, QUICK_ROUNDS = 5, 2
ROWS, QUICK_ROWS = 100_000, 4_096
FIT_ROWS = 600

MODEL, FLOOR = "ours: model.score", "matrix products alone"
CLASSIFIER = "ours: NUClassifier.negative_probability"
AUTOENCODER, FOREST = "PyOD's AutoEncoder", "PyOD's IForest"


def main():
    """Runs the benchmark."""
    options = parse_options(__doc__)
    arguments = {"count": QUICK_ROWS if options.quick else ROWS}
    forest_arguments = {**arguments, "threads": options.threads}
    contestants = [
        Contestant(MODEL, model_score, arguments),
        Contestant(FLOOR, products_alone, arguments),
        Contestant(CLASSIFIER, negative_probability, arguments),
        Contestant(AUTOENCODER, pyod_autoencoder, arguments, needs="pyod"),
        Contestant(FOREST, pyod_forest, forest_arguments, needs="pyod"),
    ]
    seconds = take_turns(contestants, QUICK_ROUNDS if options.quick else ROUNDS)
    times = {name: np.multiply(1e6, turns) for name, turns in seconds.items()}
    ratios = {
        "floor_ratio": median_ratio(seconds, MODEL, FLOOR),
        "vs_pyod_autoencoder": median_ratio(seconds, AUTOENCODER, MODEL),
        "vs_isolation_forest": median_ratio(seconds, FOREST, MODEL),
        "classifier_vs_pyod_autoencoder": median_ratio(seconds, AUTOENCODER, CLASSIFIER),
        "classifier_vs_isolation_forest": median_ratio(seconds, FOREST, CLASSIFIER),
    }
    report(__file__, options, [Panel("MNIST networks", "us per row", times)], ratios)


def model_score(count):
    """Seconds of a row of `model.score` on uint8 images."""
    model = MNIST.model()
    return _timed(model.score, MNIST.rows(count, seed=0))


def negative_probability(count):
    """Seconds of a row of `NUClassifier.negative_probability`, a committee of three networks."""
    import keras_vabc as kv

    folds = MNIST.rows(FIT_ROWS, seed=1), MNIST.rows(FIT_ROWS, seed=2)
    nu = kv.NUClassifier(epochs=1, seed=0).fit(*folds, verbose=0)
    return _timed(nu.negative_probability, MNIST.rows(count, seed=0))


def products_alone(count):
    """Seconds of a row of the matrix products of encoder and decoder."""
    return forward_floor([MNIST.encoder_sizes, MNIST.decoder_sizes], count)


def pyod_autoencoder(count):
    """Seconds of a row of `decision_function` of a network of the same sizes, in large batches."""
    from pyod.models.auto_encoder import AutoEncoder

    hidden = [*MNIST.units, MNIST.latent_dim]
    detector = AutoEncoder(hidden_neuron_list=hidden, epoch_num=1, verbose=0)
    detector.fit(_flat(FIT_ROWS, seed=1))
    return _timed(lambda x: detector.decision_function(x, BLOCK_ROWS), _flat(count, seed=0))


def pyod_forest(count, threads):
    """Seconds of a row of `decision_function` of an isolation forest of 100 trees."""
    from pyod.models.iforest import IForest

    detector = IForest(n_jobs=threads, random_state=0).fit(_flat(FIT_ROWS, seed=1))
    return _timed(detector.decision_function, _flat(count, seed=0))


def _flat(count, seed):
    return MNIST.rows(count, seed).reshape(count, -1).astype("float32")


def _timed(score, x):
    return timed(lambda: score(x), len(x))


if __name__ == "__main__":
    main()
