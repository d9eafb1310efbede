"""A training step under the choices that `fit` and the sweeps make, and under those they did not.

XLA or graph, one thread or all, oneDNN on or off, Adam's update alone through XLA; and for a sweep
one process that has all threads, or a process of one thread for each core.
"""

import multiprocessing
import os

import numpy as np
from record import Panel, parse_options, report
from side_by_side import THREAD_VARIABLES, Contestant, median_ratio, take_turns
from workloads import BATCH, MNIST, fit_seconds

ROUNDS, QUICK_ROUNDS = 7, 2
CHOSEN = "ours: as `fit` chooses"
XLA, GRAPH = "XLA", "graph"
GRAPH_WITHOUT_ONEDNN = "graph, oneDNN off"
XLA_UPDATE = "graph, Adam's update alone in XLA"
ONE_PROCESS, MANY_PROCESSES = "one process, all threads", "ours: a process of one thread per core"


def main():
    """Runs the benchmark."""
    options = parse_options(__doc__)
    rounds = QUICK_ROUNDS if options.quick else ROUNDS
    workload = MNIST.small() if options.quick else MNIST
    steps = take_turns(alone(workload), rounds)
    sweeps = take_turns(together(workload), rounds)
    panels = [
        Panel("MNIST, batch 80", "ms per step", _milliseconds(steps)),
        Panel("MNIST, a sweep of trainings", "ms per step of all", _milliseconds(sweeps)),
    ]
    ratios = {
        "chosen_vs_graph": median_ratio(steps, CHOSEN, GRAPH),
        "xla_vs_graph": median_ratio(steps, XLA, GRAPH),
        "onednn_off_vs_graph": median_ratio(steps, GRAPH_WITHOUT_ONEDNN, GRAPH),
        "xla_update_vs_graph": median_ratio(steps, XLA_UPDATE, GRAPH),
        "many_processes_vs_one": median_ratio(sweeps, MANY_PROCESSES, ONE_PROCESS),
    }
    report(__file__, options, panels, ratios)


def alone(workload):
    """One training that has the machine for itself."""
    graph = {"workload": workload, "jit_compile": False}
    return [
        Contestant(CHOSEN, training, {"workload": workload}),
        Contestant(XLA, training, {"workload": workload, "jit_compile": True}),
        Contestant(GRAPH, training, graph),
        Contestant(GRAPH_WITHOUT_ONEDNN, training, {**graph, "onednn": False}),
        Contestant(XLA_UPDATE, training, {**graph, "xla_update": True}),
    ]


def together(workload):
    """Trainings that share the machine, as those of a sweep do."""
    return [
        Contestant(ONE_PROCESS, training, {"workload": workload}),
        Contestant(MANY_PROCESSES, trainings, {"workload": workload}),
    ]


def training(workload, jit_compile="auto", onednn=True, xla_update=False):
    """Seconds of a step of `fit`.

    Args:
        workload: `Workload`.
        jit_compile: As in `VABC.compile`.
        onednn: Whether TensorFlow uses oneDNN's kernels.
        xla_update: Whether XLA compiles the optimizer's update alone.
    """
    os.environ["TF_ENABLE_ONEDNN_OPTS"] = str(int(onednn))
    import keras_vabc as kv

    model = workload.model()
    model.compile(jit_compile=jit_compile)
    if xla_update:
        _compile_update(model)
    balanced_ds = kv.balanced_dataset(*workload.folds(), batch_size=BATCH, seed=0)
    steps = int(balanced_ds.cardinality())
    return lambda: np.median(fit_seconds(model, balanced_ds, epochs=workload.epochs)) / steps


def trainings(workload):
    """Seconds of a step, where every core trains in a process of one thread: wall time over all."""
    context = multiprocessing.get_context("spawn")
    os.environ.update(dict.fromkeys(THREAD_VARIABLES, "1"))
    pipes = []
    for _ in range(os.cpu_count()):
        pipe, far_end = context.Pipe()
        context.Process(target=_train_on_demand, args=(far_end, workload), daemon=True).start()
        pipes.append(pipe)

    def turn():
        for pipe in pipes:
            pipe.send("turn")
        return max(pipe.recv() for pipe in pipes) / len(pipes)

    return turn


def _train_on_demand(pipe, workload):
    turn = training(workload)
    while pipe.recv():
        pipe.send(turn())


def _compile_update(model):
    import tensorflow as tf

    apply = model.optimizer.apply
    update = tf.function(
        lambda gradients: apply(gradients, model.trainable_variables),
        jit_compile=True,
        autograph=False,
    )
    model.optimizer.apply = lambda gradients, variables: update(gradients)


def _milliseconds(seconds):
    return {name: np.multiply(1e3, turns) for name, turns in seconds.items()}


if __name__ == "__main__":
    main()
