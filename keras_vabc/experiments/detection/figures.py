"""What result lines say of methods: means over sets, paired differences, and ranks."""

import dataclasses

import numpy as np
from scipy import stats

LEVEL = 0.95


def by_cell(lines):
    """Dict from what was asked, `(dataset, labels, seed)`, to the line of a method."""
    return {(line["dataset"], line["labels"], line["seed"]): line for line in lines}


def mean_over_sets(lines, name):
    """The mean over sets of the mean over the runs on each; `None` without lines."""
    own = _by_set({cell: line[name] for cell, line in by_cell(lines).items()})
    return float(np.mean(list(own.values()))) if own else None


@dataclasses.dataclass(frozen=True)
class Difference:
    """A mean paired difference over sets.

    Attributes:
        by_set: Dict from a set to its mean difference over shared runs.
        runs: Number of these.
    """

    by_set: dict
    runs: int

    @property
    def mean(self):
        """The mean over sets."""
        return float(np.mean(list(self.by_set.values())))

    @property
    def interval(self):
        """`(low, high)`, Student's 95 % interval over sets; `None` of fewer than two."""
        values = list(self.by_set.values())
        if len(values) < 2:
            return None
        half = stats.sem(values) * stats.t.ppf((1 + LEVEL) / 2, len(values) - 1)
        return self.mean - half, self.mean + half


def paired(lines, others, name):
    """The `Difference` of a method's lines and another's; `None` if they share no run."""
    own, other = by_cell(lines), by_cell(others)
    shared = {cell: own[cell][name] - other[cell][name] for cell in own.keys() & other.keys()}
    return Difference(_by_set(shared), len(shared)) if shared else None


@dataclasses.dataclass(frozen=True)
class Ranks:
    """How methods rank, the best one first.

    Attributes:
        means: Dict from a method to its mean rank over sets, 1 for the best.
        sets: Number of sets.
    """

    means: dict
    sets: int

    @property
    def critical_difference(self):
        """Nemenyi's: how far apart two mean ranks must be at the 5 % level (Demsar 2006)."""
        count = len(self.means)
        q = stats.studentized_range.ppf(LEVEL, count, np.inf) / np.sqrt(2)
        return float(q * np.sqrt(count * (count + 1) / (6 * self.sets)))


def ranks(lines_of, name):
    """`Ranks` of a dict from methods to their lines, by what all of them ran on.

    Left out is a method that lacks a set that another one has; `None` if fewer than two are left.
    """
    cells = {method: by_cell(lines) for method, lines in lines_of.items()}
    sets = {method: {cell[0] for cell in own} for method, own in cells.items()}
    every = set().union(*sets.values())
    whole = [method for method in cells if sets[method] == every]
    if len(whole) < 2:
        return None
    shared = set.intersection(*(set(cells[method]) for method in whole))
    if not shared:
        return None
    means = [_by_set({cell: cells[m][cell][name] for cell in shared}) for m in whole]
    table = np.array([[own[dataset] for dataset in sorted(own)] for own in means])
    mean = stats.rankdata(-table, axis=0).mean(axis=1)
    order = sorted(zip(mean.tolist(), whole, strict=True))
    return Ranks({method: rank for rank, method in order}, table.shape[1])


def _by_set(values):
    """Dict from a set to the mean of the values of its cells."""
    own = {}
    for cell in sorted(values):
        own.setdefault(cell[0], []).append(values[cell])
    return {dataset: float(np.mean(some)) for dataset, some in own.items()}
