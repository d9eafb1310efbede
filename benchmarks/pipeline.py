"""Cost of the data pipeline beside that of the training step it feeds, and memory of a stream.

TensorFlow itself draws the batches, epoch after epoch, and nothing is done with them.
"""

import time

import numpy as np
from record import Panel, parse_options, report
from side_by_side import Contestant, measured_alone, median_ratio, peak_bytes, take_turns
from workloads import BATCH, MNIST, MOONS, fit_seconds

ROUNDS, QUICK_ROUNDS = 7, 2
MIB = 2**20
STREAM_BYTES = 2**28  # what a stream's shuffle buffer holds at most: 256 MiB
STREAM_FEATURES = 4096
STREAM_FOLDS = (1, 10)  # sizes of the generated fold, in shuffle buffers

STEP = "ours: training step"
ARRAYS, STREAM = "ours: batches of arrays", "ours: batches of a tf.data stream"
CPU = "ours: batches of arrays, CPU time of all threads"


def main():
    """Runs the benchmark."""
    options = parse_options(__doc__)
    rounds = QUICK_ROUNDS if options.quick else ROUNDS
    panels, ratios = [], {}
    for name, workload in (("MNIST", MNIST), ("Moons", MOONS)):
        workload = workload.small() if options.quick else workload
        seconds = take_turns(contestants(workload), rounds)
        times = {one: np.multiply(1e3, turns) for one, turns in seconds.items()}
        panels.append(Panel(f"{name}, batch 80", "ms per batch", times))
        for kind, key in ((ARRAYS, "share"), (CPU, "cpu_share"), (STREAM, "stream_share")):
            ratios[f"{name.lower()}_{key}"] = median_ratio(seconds, kind, STEP)
    peaks = {folds: stream_peak(folds, options.quick) for folds in STREAM_FOLDS}
    ratios["stream_memory_ratio"] = peaks[10] / peaks[1]
    memory = {f"ours: {folds} x the buffer": [peak / MIB] for folds, peak in peaks.items()}
    panels.append(Panel("Training on a generated stream", "MiB at the peak", memory))
    report(__file__, options, panels, ratios)


def contestants(workload):
    """The training step, and the pipeline alone, by wall clock and by processor time."""
    alone = {"workload": workload, "stream": False, "clock": "perf_counter"}
    return [
        Contestant(STEP, training_step, {"workload": workload}),
        Contestant(ARRAYS, pipeline_alone, alone),
        Contestant(CPU, pipeline_alone, {**alone, "clock": "process_time"}),
        Contestant(STREAM, pipeline_alone, {**alone, "stream": True}),
    ]


def training_step(workload):
    """Seconds of a step of `fit`, its pipeline included."""
    import keras_vabc as kv

    model = workload.model()
    model.compile()
    balanced_ds = kv.balanced_dataset(*workload.folds(), batch_size=BATCH, seed=0)
    steps = int(balanced_ds.cardinality())
    return lambda: np.median(fit_seconds(model, balanced_ds, epochs=workload.epochs)) / steps


def pipeline_alone(workload, stream, clock):
    """Seconds of a batch of `balanced_dataset`, by one of the clocks of `time`."""
    import tensorflow as tf

    import keras_vabc as kv

    folds = workload.folds()
    if stream:
        folds = map(tf.data.Dataset.from_tensor_slices, folds)
    balanced_ds = kv.balanced_dataset(*folds, batch_size=BATCH, seed=0)
    steps = tf.constant(int(balanced_ds.cardinality()) * workload.epochs)
    batches = iter(balanced_ds.repeat())
    now = getattr(time, clock)

    @tf.function
    def draw(batches, steps):
        for _ in tf.range(steps):
            next(batches)

    def turn():
        start = now()
        draw(batches, steps)
        return (now() - start) / int(steps)

    return turn


def stream_peak(folds, quick):
    """Peak memory, in bytes, of a process that trains on a generated stream for an epoch."""
    examples = folds * STREAM_BYTES // (4 * STREAM_FEATURES)
    arguments = {"examples": examples // 64 if quick else examples}
    return measured_alone(Contestant("stream", trained_on_stream, arguments))


def trained_on_stream(examples):
    """Fits a small model to an unlabeled fold that is computed as it is read."""
    import tensorflow as tf

    import keras_vabc as kv

    def example(i):
        return tf.random.stateless_normal((STREAM_FEATURES,), tf.stack([0, i]))

    def turn():
        unlabeled = tf.data.Dataset.range(examples).map(example)
        unwanted = np.random.default_rng(0).standard_normal((200, STREAM_FEATURES), "float32")
        unwanted = tf.data.Dataset.from_tensor_slices(unwanted)
        balanced_ds = kv.balanced_dataset(unlabeled, unwanted, batch_size=BATCH, seed=0)
        networks = kv.mlp_autoencoder((STREAM_FEATURES,), units=(8,), output_activation="linear")
        model = kv.VABC(*networks, sigma2=STREAM_FEATURES, seed=0)
        model.compile()
        model.fit(balanced_ds, epochs=1, verbose=0)
        return peak_bytes()

    return turn


if __name__ == "__main__":
    main()
