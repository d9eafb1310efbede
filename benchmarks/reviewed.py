"""Whether a review finds labels that are a corner of the concept, and whether its share holds.

On sets of ADBench (`$KERAS_VABC_DATA`) 30 anomalies are known: a random part of all, or of the
quarter of all that is nearest to one of them. Of the others, hidden among the unlabeled rows, a
review of a fifth of these in random order tells the truth. Counted is, by set and kind of labels,
how often the test warns, and how often the interval of the share holds by the review and by the
classifier.
Appends a JSON line for each draw to `--out`, and prints a table of all lines there.
"""

import argparse
import dataclasses
import itertools
import json
import os
from pathlib import Path

import numpy as np

from keras_vabc.data.folds import own_folds
from keras_vabc.data.reviewed import KEEP, RANDOM, UNWANTED
from keras_vabc.evaluation.metrics import wilson_rate
from keras_vabc.files.array_files import read_packed_arrays
from keras_vabc.nu.estimates import Estimates
from keras_vabc.nu.known import Known
from keras_vabc.nu.tables import fit_trees
from keras_vabc.pages.markdown import markdown
from keras_vabc.recipes.reviewed import Review

SETS = "2_annthyroid", "7_Cardiotocography", "19_landsat", "30_satellite", "32_shuttle"
KNOWN, CORNER, REVIEWED, ROWS, TREES = 30, 0.25, 0.2, 2000, 80
KINDS = "random", "corner"


def main(argv=None):
    """Draws what `--out` lacks and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--data", type=Path, default=os.environ.get("KERAS_VABC_DATA"))
    parser.add_argument("--out", type=Path, default=Path("docs/results/calibration/reviewed.jsonl"))
    parser.add_argument("--dataset", nargs="+", default=SETS)
    parser.add_argument("--draws", type=int, default=20)
    options = parser.parse_args(argv)
    done = {(line["dataset"], line["labels"], line["seed"]) for line in read(options.out)}
    with open(options.out, "a") as file:
        seeds = range(101, 101 + options.draws)
        for key in itertools.product(options.dataset, KINDS, seeds):
            if key not in done:
                line = drawn(options.data / "adbench" / f"{key[0]}.npz", *key)
                print(json.dumps(line), file=file, flush=True)
    print(table(read(options.out)))


def read(path):
    """The stored lines; none of a file that is not there."""
    return [json.loads(text) for text in path.read_text().splitlines()] if path.exists() else []


def drawn(path, dataset, labels, seed):
    """One draw, as a line."""
    rng = np.random.default_rng(seed)
    stored = read_packed_arrays(path)
    rows = rng.permutation(len(stored["X"]))[:ROWS]
    x, negative = stored["X"][rows].astype("float32"), stored["y"][rows].astype(bool)
    known = np.zeros(len(x), bool)
    known[rng.permutation(pool_of(x, negative, labels, rng))[:KNOWN]] = True
    unlabeled, hidden = x[~known], negative[~known]
    codes = np.zeros(len(hidden), np.int8)
    seen = rng.permutation(len(hidden))[: round(REVIEWED * len(hidden))]
    codes[seen] = np.where(hidden[seen], UNWANTED, KEEP) | RANDOM
    told = Known.checked(unlabeled.shape, codes & KEEP > 0, codes & UNWANTED > 0)
    *folds, wanted = told.parted(unlabeled, x[known])
    odds = told.in_order(*fit_trees(*folds, TREES, seed, wanted)[1:])
    review = reviewed(codes).compared_with(odds, codes)
    posterior = Estimates(*odds).posterior
    return {
        **{"dataset": dataset, "labels": labels, "seed": seed, "known": int(known.sum())},
        **{"found": review.unwanted, "p": review.typical_p, "special": review.special},
        **{"truth": float(hidden.mean()), "share": review.share, "interval": review.share_interval},
        **{"classifier": posterior.median, "classifier_interval": posterior.interval},
    }


def pool_of(x, negative, labels, rng):
    """Rows of the anomalies that the known ones are drawn from."""
    rows = np.flatnonzero(negative)
    if labels == "random":
        return rows
    deviation = x.std(axis=0, dtype="float64")
    scaled = x[rows] / np.where(deviation > 0, deviation, 1)
    apart = ((scaled - scaled[rng.integers(len(rows))]) ** 2).sum(axis=1)
    return rows[np.argsort(apart)[: max(KNOWN, round(CORNER * len(rows)))]]


def reviewed(codes):
    """The `Review` of codes, none of which is held out."""
    parts = {name: np.zeros((1, 1)) for name in ("unlabeled", "unwanted")}
    folds = own_folds(parts | {f"test_{name}": x for name, x in parts.items()}, 0)
    none = np.zeros(0, np.int8)
    return Review.of("0" * 64, dataclasses.replace(folds, reviewed=codes, test_reviewed=none))


def table(lines):
    """Rates of each set and kind of labels, and of all sets."""
    names = [*dict.fromkeys(line["dataset"] for line in lines), "all"]
    rows = [
        row(name, kind, [x for x in lines if name in (x["dataset"], "all") and x["labels"] == kind])
        for kind in KINDS
        for name in names
    ]
    head = ["labels", "set", "draws", "compared", "warned, 95 %", "share by review holds"]
    return markdown([*head, "by classifier"], [own for own in rows if own])


def row(name, kind, lines):
    """Cells of a row; none of no lines."""
    if not lines:
        return []
    compared = [line for line in lines if line["p"] is not None]
    warned = [line["special"] for line in compared]
    rates = [f"{sum(warned)} of {len(warned)}{_range(warned)}"]
    for which in ("interval", "classifier_interval"):
        holds = [line[which][0] <= line["truth"] <= line[which][1] for line in lines]
        rates.append(f"{sum(holds)} of {len(holds)}{_range(holds)}")
    return [kind, name, len(lines), len(compared), *rates]


def _range(outcomes):
    if not outcomes:
        return ""
    rate = wilson_rate(float(np.mean(outcomes)), len(outcomes))
    return f" ({rate.low:.0%} to {rate.high:.0%})"


if __name__ == "__main__":
    main()
