"""Bagged trees that tell the unwanted rows from unlabeled ones, few at a time."""

import math

import numpy as np
from sklearn.tree import ExtraTreeClassifier

from keras_vabc.nu.forest import Forest

LEAST_UNLABELED = 16  # of a bag
DISTINCT = 1 - math.exp(-1)  # share of the unwanted rows in a bag, as of a bootstrap of many
TRIED = "sqrt", 0.5  # columns tried for a split: their square root, or half of them
MOST_ROWS = 512  # of each fold in a bag: more only make larger trees


def bagged_trees(x, unlabeled, trees, seed, tried=TRIED[:1], wanted=(), **kwargs):
    """PU bagging: `(forest, scores)` of rows of which the first ones, so many, are unlabeled.

    Each of the extremely randomised trees has a bag of its own: as many unlabeled rows as there are
    unwanted ones, at least 16, drawn with replacement, and 63 % of the unwanted rows. So a hidden
    negative is seldom in the same bag as its likes, and no tree can learn it by heart. A leaf's
    value is the share of unwanted rows in it, each fold weighing the same.

    The score of a row, shape `(n,)`, is the mean over trees that have not seen it. For an unwanted
    row to score as a hidden negative does, these know as many other unwanted rows as any tree does,
    which draws with replacement would not give: of few rows, those without one of them hold fewer
    different ones. And they are as many, by trees that serve for nothing else and are not kept.

    The trees take turns in how many columns are `tried` for a split: many help where most say
    nothing, few where there are few unwanted rows. `wanted` are numbers of unlabeled rows that are
    known to be no negatives: as many as are unwanted, at most, are drawn into every bag beside the
    others.

    Source: [A bagging SVM to learn from positive and unlabeled
    examples](https://arxiv.org/abs/1010.0772), Mordelet & Vert 2014, with trees.
    """
    rng = np.random.default_rng(seed)
    unwanted = len(x) - unlabeled
    size = min(unwanted, MOST_ROWS)
    known = min(max(round(DISTINCT * unwanted), 1), MOST_ROWS)
    more = round(trees * known / max(unwanted - known, 1))  # that only score unwanted rows
    fitted, values = [], []
    out_of_bag, inside, counts = np.zeros((3, len(x)))
    for number in range(trees + more):
        kept = number < trees
        rows = [
            rng.integers(unlabeled, size=max(size, LEAST_UNLABELED)),
            unlabeled + rng.choice(unwanted, known, replace=False),
        ]
        if len(wanted):
            rows.append(rng.choice(wanted, min(len(wanted), size)))
        rows = np.concatenate(rows)
        tree = ExtraTreeClassifier(
            max_features=tried[number % len(tried)],
            class_weight="balanced",
            random_state=int(rng.integers(2**31)),
        )
        tree = tree.fit(x[rows], rows >= unlabeled).tree_
        value = tree.value[:, 0, 1] / tree.value[:, 0].sum(axis=1)
        if kept:
            fitted.append(tree)
            values.append(value)
        scored = np.s_[0 if kept else unlabeled :]
        votes, out = value[tree.apply(x[scored])], np.ones(len(x), bool)
        out[rows] = False
        out_of_bag[scored] += votes * out[scored]
        inside[scored] += votes * kept
        counts[scored] += out[scored]
    seen_by_all = counts == 0  # as may be with a handful of trees
    scores = np.where(seen_by_all, inside / trees, out_of_bag / np.maximum(counts, 1))
    return Forest.of(fitted, values, x.shape[1], **kwargs), scores.astype("float32")
