"""Labels that are a corner of the concept, on real data: the warning comes, and only then."""

import importlib
import sys
from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer

sys.path.append(str(Path(__file__).parents[2] / "benchmarks"))
reviewed = importlib.import_module("reviewed")


@pytest.fixture(scope="module")
def draws(tmp_path_factory):
    """Eight draws of either kind of labels; malignant tumours are the anomalies."""
    path = tmp_path_factory.mktemp("data") / "tumours.npz"
    x, benign = load_breast_cancer(return_X_y=True)
    np.savez(path, X=x, y=1 - benign)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reviewed, "TREES", 25)
        return {
            kind: [reviewed.drawn(path, "tumours", kind, seed) for seed in range(31, 39)]
            for kind in reviewed.KINDS
        }


def holds(line, name):
    low, high = line[name]
    return low <= line["truth"] <= high


def test_random_labels_are_not_called_special(draws):
    assert sum(line["special"] for line in draws["random"]) == 0
    assert np.median([line["p"] for line in draws["random"]]) > 0.15


def test_a_corner_is_called_so(draws):
    assert sum(line["special"] for line in draws["corner"]) >= 7
    assert sum(holds(line, "classifier_interval") for line in draws["corner"]) <= 2


def test_the_share_by_a_review_holds_for_either(draws):
    for lines in draws.values():
        assert sum(holds(line, "interval") for line in lines) >= 7
