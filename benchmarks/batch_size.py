"""Larger batches: the time of a training, and what its samples are worth.

The paper's V-ABC on MNIST, p = 0.2, with two and four times its batch of 80, and a learning rate
that grows with the batch or with its square root. The trainings are those of `reproduce` otherwise.
"""

import dataclasses
from concurrent.futures import as_completed

from record import Panel, parse_options, report
from rich.progress import track

SIZES, QUICK_SIZES = (80, 160, 320), (80, 320)
SEEDS = (0,)
RULES = {"rate as it is": 0.0, "rate by the square root": 0.5, "rate in proportion": 1.0}


def main():
    """Runs the benchmark."""
    options = parse_options(__doc__)
    from keras_vabc.experiments.paper.runs import DIGITS
    from keras_vabc.recipes.workers import worker_pool

    trainings = [
        (name, setting)
        for digit in (DIGITS[-1:] if options.quick else DIGITS)
        for seed in SEEDS
        for name, setting in variants(digit, seed, options.quick)
    ]
    lines = {}
    with worker_pool() as pool:
        futures = {pool.submit(measured, setting): name for name, setting in trainings}
        for future in track(as_completed(futures), "Trainings", total=len(futures)):
            lines.setdefault(futures[future], []).append(future.result())
    lines = {name: lines[name] for name in sorted(lines, key=[n for n, _ in trainings].index)}
    panels = [
        Panel("Training", "seconds", values(lines, "seconds")),
        Panel("NGE, strict judge", "%", values(lines, "nge_strict", 100)),
        Panel("NGE, paper's judge", "%", values(lines, "nge_paper", 100)),
        Panel("FID*", "", values(lines, "fid")),
    ]
    report(__file__, options, panels, {f"{name}_seconds": ratio for name, ratio in times(lines)})


def variants(digit, seed, quick):
    """Pairs of a name and a `Setting`, the paper's own first."""
    from keras_vabc.experiments.paper.settings import paper_setting

    base = paper_setting("vabc", "mnist", digit, 0.2, seed, epochs=1 if quick else None)
    for size in QUICK_SIZES if quick else SIZES:
        for rule, power in RULES.items():
            growth = size / base.batch_size
            rate = base.learning_rate * growth**power
            if growth > 1 or power == 0:
                name = f"batch {size}, {rule}" if growth > 1 else f"ours: batch {size}"
                yield name, dataclasses.replace(base, batch_size=size, learning_rate=rate)


def measured(setting):
    """The result line of one training."""
    from keras_vabc.experiments.paper.measure import measure

    return measure(setting, judge_seeds=[0])


def values(lines, figure, factor=1):
    """A panel's values: of each variant one figure of all its runs."""
    return {name: [factor * line[figure] for line in own] for name, own in lines.items()}


def times(lines):
    """Pairs of a variant and its training time over that of the paper's batch size."""
    totals = {name: sum(line["seconds"] for line in own) for name, own in lines.items()}
    first = next(iter(totals.values()))
    return [(name, total / first) for name, total in totals.items()]


if __name__ == "__main__":
    main()
