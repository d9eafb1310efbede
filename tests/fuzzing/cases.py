"""All kinds of damaged input, and which one a case has."""

import functools
import random

from fuzzing import commands, readers

KINDS = {  # name: how often it is taken, and what prepares a case
    "CSV": (15, functools.partial(readers.array, ".csv")),
    "npy": (12, functools.partial(readers.array, ".npy")),
    "npz": (12, functools.partial(readers.array, ".npz")),
    "Parquet": (9, functools.partial(readers.array, ".parquet")),
    "images": (15, readers.images),
    "IDX": (10, readers.idx),
    "labels": (3, readers.labels),
    "run.json": (10, readers.run),
    "field of run.json": (12, readers.field),
    "swapped parts": (5, readers.swapped),
    "scores": (3, readers.scores),
    "density": (3, readers.density),
    "training checkpoint": (3, readers.training),
    "classifier checkpoint": (2, readers.members),
    "model (.keras)": (4, readers.model),
    "classifier (.keras)": (3, readers.classifier),
    "command train": (2, commands.train),
    "commands on a run": (2, commands.use),
}


def kind_of(number, seed):
    """Kind of a case, and the `random.Random` that determines the rest of it."""
    rng = random.Random(f"{seed}/{number}")
    return rng.choices(list(KINDS), [weight for weight, _ in KINDS.values()])[0], rng
