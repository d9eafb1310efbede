"""The shipped SavedModels: each loads and reproduces the figures of its card."""

import json
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from keras_vabc.data.datasets.named_folds import load_folds
from keras_vabc.data.datasets.sources import content_order
from keras_vabc.evaluation.judges import train_judge
from keras_vabc.evaluation.metrics import frechet_distance
from keras_vabc.evaluation.moons_judge import MoonsJudge
from keras_vabc.experiments.paper import runs as paper
from keras_vabc.experiments.paper.measure import CARD

FOLDER = Path(__file__).parents[1] / "saved_models"
DIGITS = [name for name in paper.headline() if name.startswith("mnist")]
OTHER_SEED = 1  # the cards' figures are those of seed 0


def load(name):
    card = json.loads((FOLDER / name / CARD).read_text(encoding="utf-8"))
    return tf.saved_model.load(str(FOLDER / name)), card


def check_rate(flagged, expected, other_judges=0.0):
    """A share of new samples is within four standard errors of the card's, and a judge's."""
    n = len(flagged)
    error = np.sqrt(2 * max(expected * (1 - expected), 1 / n) / n)
    assert abs(flagged.mean() - expected) <= 4 * error + other_judges


def test_each_headline_run_is_shipped_with_its_card():
    assert {path.name for path in FOLDER.iterdir()} == set(paper.headline())
    for name, setting in paper.headline().items():
        _, card = load(name)
        assert card["key"] == setting.key
        assert card["setting"]["seed"] == setting.seed
        assert card["versions"]["keras_vabc"]
        size = sum(path.stat().st_size for path in (FOLDER / name).rglob("*"))
        assert size < 4e6


def test_moons2_avoids_the_upper_moon():
    loaded, card = load("moons2")
    means = loaded.sample(10_000, OTHER_SEED).numpy()
    check_rate(MoonsJudge().is_negative(means), card["nge_strict"])
    check_rate(means[:, 0] < 1, card["left"])
    distance = MoonsJudge().distance(means, 0)
    error = 4 * np.sqrt(2 / len(means)) * distance.std()
    assert abs(distance.mean() - card["upper_distance"]) < error


@pytest.fixture(scope="module")
def strict_judge():
    try:
        folds = load_folds("mnist", negative_class=8)
    except (ValueError, OSError):
        pytest.skip("MNIST cannot be had")
    x, labels = in_order(
        np.concatenate([folds.unlabeled, folds.unwanted]),
        np.concatenate([folds.unlabeled_labels, folds.unwanted_labels]),
    )
    x_test, labels_test = in_order(
        np.concatenate([folds.test_unlabeled, folds.test_unwanted]),
        np.concatenate([folds.test_unlabeled_labels, folds.test_unwanted_labels]),
    )
    judge = train_judge(x, labels, x_test, labels_test)
    assert judge.accuracy > 0.99
    return judge, x_test, labels_test


def in_order(x, labels):
    """The order in which the cards' own judges saw the data."""
    order = content_order(x, labels)
    return x[order], labels[order]


def test_digits_are_avoided_as_their_cards_say(strict_judge):
    judge, x_test, labels_test = strict_judge
    for name in DIGITS:
        loaded, card = load(name)
        samples = loaded.sample(10_000, OTHER_SEED).numpy()
        features, probabilities = judge.judge(samples)
        negative = card["negative_class"]
        errors = [seen["nge_strict"] for seen in card["judge_seeds"]]
        spread = max(errors) - min(errors)
        check_rate(probabilities.argmax(1) == negative, np.mean(errors), other_judges=spread)

        real, _ = judge.judge(x_test[labels_test != negative])
        assert frechet_distance(features, real) == pytest.approx(card["fid"], rel=0.15)


def test_scores_rank_negatives_of_moons2_higher():
    loaded, card = load("moons2")
    folds = load_folds("moons2", fraction=card["fraction"], seed=card["seed"])
    unwanted = loaded.score(folds.test_unwanted).numpy()
    unlabeled = loaded.score(folds.test_unlabeled).numpy()
    assert np.median(unwanted) > 2 * np.median(unlabeled)
