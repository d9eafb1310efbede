"""Whether the figures that a classifier states about itself hold: share, threshold, what it moves.

The ranking is that of `NUClassifier`, out of bag, on ADBench's sets (`$KERAS_VABC_DATA`): a cell is
a set, a seed and how many of its training anomalies are known, 5 to 50 or a fifth. The labels of
the others measure and nothing else. Appends a JSON line for each cell to `--out`, and draws
`README.md` beside it of all lines there.
"""

import argparse
import dataclasses
import itertools
import json
import os
from pathlib import Path

import numpy as np
from calibration_page import page
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import train_test_split

from keras_vabc.evaluation.wanted_cost import wanted_above
from keras_vabc.nu.estimates import Estimates
from keras_vabc.nu.tables import TreeOdds, fit_trees
from keras_vabc.nu.thresholds import false_alarm_threshold
from keras_vabc.recipes.results import provenance

KNOWN = 5, 10, 20, 50, "fifth"
SEEDS = 1, 2, 3, 7, 8, 9
MOST_ROWS, TEST_SHARE, TREES = 3000, 0.3, 150
HIDDEN = 5  # anomalies that must be left among the unlabeled
ALARMS = 0.01, 0.05


@dataclasses.dataclass(frozen=True, eq=False)
class Cell:
    """Scores of a cell: out of bag of both folds, and of the test rows; and the truth of each."""

    unlabeled: np.ndarray
    unwanted: np.ndarray
    test: np.ndarray
    hidden: np.ndarray
    test_negative: np.ndarray


def main(argv=None):
    """Measures what `--out` lacks and draws the page."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--data", type=Path, default=os.environ.get("KERAS_VABC_DATA"))
    parser.add_argument("--out", type=Path, default=Path("docs/results/calibration/results.jsonl"))
    parser.add_argument("--seeds", type=int, nargs="+", default=SEEDS)
    options = parser.parse_args(argv)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    made = provenance()
    done = {(line["dataset"], line["seed"], line["known"]) for line in read(options.out)}
    with open(options.out, "a") as file:
        paths = sorted(Path(options.data, "adbench").glob("*.npz"))
        for seed, path, known in itertools.product(options.seeds, paths, KNOWN):
            key = path.stem, seed, known
            cell = None if key in done else scored(path, seed, known)
            if cell is not None:
                line = dict(zip(("dataset", "seed", "known"), key, strict=True))
                line |= {name: made[name] for name in ("date", "versions")}
                file.write(json.dumps(line | figures(cell)) + "\n")
                file.flush()
    options.out.with_name("README.md").write_text(page(read(options.out)), encoding="utf-8")


def read(path):
    """The lines of a file of results, if there is one."""
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def scored(path, seed, known):
    """The `Cell` of a set, or `None` where it has too few anomalies."""
    with np.load(path, allow_pickle=True) as stored:
        x, negative = stored["X"].astype("float32"), stored["y"].astype(bool)
    rng = np.random.default_rng(seed)
    if len(x) > MOST_ROWS:
        rows = rng.choice(len(x), MOST_ROWS, replace=False)
        x, negative = x[rows], negative[rows]
    parts = train_test_split(
        x, negative, test_size=TEST_SHARE, stratify=negative, random_state=seed
    )
    x, test, negative, test_negative = parts
    anomalies = rng.permutation(np.flatnonzero(negative))
    count = round(0.2 * len(anomalies)) if known == "fifth" else known
    if count < 5 or len(anomalies) < count + HIDDEN:
        return None
    unwanted = np.zeros(len(x), bool)
    unwanted[anomalies[:count]] = True
    network, *odds = fit_trees(x[~unwanted], x[unwanted], TREES, seed)
    return Cell(*odds, TreeOdds(network)(test)[:, 0], negative[~unwanted], test_negative)


def figures(cell):
    """What is said of a cell beside what is true."""
    estimates = Estimates(cell.unlabeled, cell.unwanted)
    posterior, own = estimates.posterior, estimates.separability
    low, high = posterior.interval
    return {
        "unlabeled": len(cell.unlabeled),
        "unwanted": len(cell.unwanted),
        "share": float(cell.hidden.mean()),
        "low": low,
        "estimate": posterior.median,
        "high": high,
        "auc": float(roc_auc_score(cell.hidden, cell.unlabeled)),
        "stated_auc": own.auc,
        "stated_low": own.low,
        "apart": own.apart,
        "told": own.told,
        **moving(cell, estimates),
        "alarms": [alarms(cell, estimates, most) for most in ALARMS],
    }


def moving(cell, estimates):
    """How many rows are moved, how many of these are wanted, and what is said of that."""
    cut = estimates.moving_cut
    if cut is None:
        return {"moved": 0, "wanted_lost": 0.0, "hidden_left": 1.0, "stated_wanted": None}
    above = cell.unlabeled > cut
    return {
        "moved": int(above.sum()),
        "wanted": int((above & ~cell.hidden).sum()),
        "wanted_lost": float(above[~cell.hidden].mean()),
        "hidden_left": float(1 - above[cell.hidden].mean()),
        "stated_wanted": estimates.above(cut).wanted,
    }


def alarms(cell, estimates, most):
    """What a threshold for so many false alarms costs on the wanted rows, and what it catches."""
    folds = cell.unlabeled, cell.unwanted
    threshold = false_alarm_threshold(folds[0], most, folds[1], estimates.cautious_share)
    wanted = np.concatenate([cell.unlabeled[~cell.hidden], cell.test[~cell.test_negative]])
    caught = np.concatenate([cell.unlabeled[cell.hidden], cell.test[cell.test_negative]])
    return {
        "asked": most,
        "flagged": int((wanted > threshold).sum()),
        "wanted": len(wanted),
        "recall": float((caught > threshold).mean()),
        "best_recall": float((caught > np.quantile(wanted, 1 - most)).mean()),
        "stated": wanted_above(threshold, *folds, estimates),
    }


if __name__ == "__main__":
    main()
