"""Bagged trees that tell the unwanted rows from unlabeled ones, few at a time."""

import numpy as np
from sklearn.tree import ExtraTreeClassifier

from keras_vabc.nu.forest import Forest

LEAST_UNLABELED = 16  # of a bag
TRIED = "sqrt", 0.5  # columns tried for a split: their square root, or half of them
MOST_ROWS = 512  # of each fold in a bag: more only make larger trees


def bagged_trees(x, unlabeled, trees, seed, tried=TRIED[:1], wanted=(), **kwargs):
    """PU bagging: `(forest, scores)` of rows of which the first ones, so many, are unlabeled.

    Each of the extremely randomised trees has a bag of its own: the unwanted rows and as many
    unlabeled ones, at least 16, both drawn with replacement. So a hidden negative is seldom in the
    same bag as its likes, and no tree can learn it by heart. A leaf's value is the share of
    unwanted rows in it, each fold weighing the same. The score of a row, shape `(n,)`, is the mean
    over the trees that have not seen it. The trees take turns in how many columns are `tried` for a
    split: many help where most say nothing, few where there are few unwanted rows. `wanted` are
    numbers of unlabeled rows that are known to be no negatives: as many as are unwanted, at most,
    are drawn into every bag beside the others.

    Source: [A bagging SVM to learn from positive and unlabeled
    examples](https://arxiv.org/abs/1010.0772), Mordelet & Vert 2014, with trees.
    """
    rng = np.random.default_rng(seed)
    unwanted = len(x) - unlabeled
    size = min(unwanted, MOST_ROWS)
    fitted, values = [], []
    out_of_bag, inside, counts = np.zeros((3, len(x)))
    for number in range(trees):
        rows = [
            rng.integers(unlabeled, size=max(size, LEAST_UNLABELED)),
            unlabeled + rng.integers(unwanted, size=size),
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
        fitted.append(tree)
        values.append(tree.value[:, 0, 1] / tree.value[:, 0].sum(axis=1))
        votes, out = values[-1][tree.apply(x)], np.ones(len(x), bool)
        out[rows] = False
        out_of_bag += votes * out
        inside += votes
        counts += out
    seen_by_all = counts == 0  # as may be with a handful of trees
    scores = np.where(seen_by_all, inside / trees, out_of_bag / np.maximum(counts, 1))
    return Forest.of(fitted, values, x.shape[1], **kwargs), scores.astype("float32")
