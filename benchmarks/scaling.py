"""Growth of time and memory with the number of rows, of pixels and of unwanted examples.

Each size is trained in a process of its own, from the smallest to a hundred times it. An exponent
is the slope over the last three sizes, where what any training costs weighs least: 1 is linear.
"""

import dataclasses

import numpy as np
from record import OTHERS, OURS, Panel, parse_options, report
from side_by_side import Contestant, measured_alone, peak_bytes
from workloads import BATCH, MNIST, MOONS, fit_seconds

SIZES = {
    "rows": (10_000, 30_000, 100_000, 300_000, 1_000_000),
    "pixels": (8**2, 14**2, 25**2, 44**2, 80**2),
    "unwanted": (1_000, 3_000, 10_000, 30_000, 100_000),
}
QUICK_SIZES = 3  # of each, the smallest
LOSS = {"sigma2": 1.0, "gamma": 1.0, "penalty_weight": 1.0}
FEW = {"unlabeled": 10_000, "unwanted": 1_000, "epochs": 3}
VECTORS = dataclasses.replace(MOONS, shape=(64,), latent_dim=2, loss=LOSS, **FEW)
IMAGES = dataclasses.replace(MNIST, unlabeled=4_000, unwanted=1_000, epochs=3)
TIME, MEMORY = "s per epoch", "MiB for data and model"
LEAST_MIB = 1.0  # growth of the peak below it is none


def main():
    """Runs the benchmark."""
    options = parse_options(__doc__)
    panels, ratios = [], {}
    for name, sizes in SIZES.items():
        sizes = sizes[:QUICK_SIZES] if options.quick else sizes
        measured = {size: _measured(name, size) for size in sizes}
        for part, (quantity, unit) in enumerate((("time", TIME), ("memory", MEMORY))):
            values = {str(size): figures[part] for size, figures in measured.items()}
            panels.append(Panel(name, unit, values))
            ratios[f"{name}_{quantity}_exponent"] = exponent(panels[-1])
    report(__file__, options, panels, ratios, draw=curves)


def grown(name, size):
    """The workload of one size.

    Args:
        name: A key of `SIZES`.
        size: Number of rows, of pixels or of unwanted examples.

    Returns:
        `Workload`.
    """
    if name == "pixels":
        side = round(size**0.5)
        return dataclasses.replace(IMAGES, shape=(side, side, 1))
    fold = {"rows": "unlabeled", "unwanted": "unwanted"}[name]
    return dataclasses.replace(VECTORS, **{fold: size})


def trained(workload):
    """Seconds of each epoch, and by how much data and model raise the peak of memory.

    What TensorFlow takes for any training is paid before, by one of a single batch.
    """

    def turn():
        single = dataclasses.replace(workload, shape=(8, 8, 1), unlabeled=BATCH, unwanted=BATCH)
        _train(single)
        before = peak_bytes()
        seconds = _train(workload)
        return seconds, [max((peak_bytes() - before) / 2**20, LEAST_MIB)]

    return turn


def exponent(panel):
    """Slope of the medians over the last three sizes, both as logarithms."""
    sizes, medians = _points(panel)
    return float(np.polyfit(np.log(sizes[-3:]), np.log(medians[-3:]), 1)[0])


def curves(panels):
    """Medians over sizes on logarithmic axes, beside linear growth.

    Args:
        panels: List of `Panel`s, time and memory of each name in turn.

    Returns:
        A matplotlib Figure.
    """
    from matplotlib.figure import Figure
    from matplotlib.ticker import NullFormatter

    figure = Figure(figsize=(3.4 * len(panels) / 2, 5.5), layout="constrained")
    all_axes = figure.subplots(2, len(panels) // 2, squeeze=False).T.flat
    for ax, panel in zip(all_axes, panels, strict=True):
        sizes, medians = _points(panel)
        ax.loglog(sizes, medians[-1] * sizes / sizes[-1], "--", color=OTHERS, label="linear")
        ax.loglog(sizes, medians, "o-", color=OURS, label=f"exponent {exponent(panel):.2f}")
        ax.xaxis.set_minor_formatter(NullFormatter())
        ax.set_xlabel(panel.title)
        ax.set_ylabel(panel.unit)
        ax.legend(frameon=False)
    return figure


def _measured(name, size):
    workload = {"workload": grown(name, size)}
    return measured_alone(Contestant(f"{size} {name}", trained, workload))


def _train(workload):
    import keras_vabc as kv

    model = workload.model()
    model.compile()
    balanced_ds = kv.balanced_dataset(*workload.folds(), batch_size=BATCH, seed=0)
    return fit_seconds(model, balanced_ds, epochs=workload.epochs)


def _points(panel):
    sizes = np.array([int(size) for size in panel.values])
    return sizes, np.array([np.median(values) for values in panel.values.values()])


if __name__ == "__main__":
    main()
