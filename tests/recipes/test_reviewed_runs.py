"""A training with decisions on unlabeled examples: what it does with them, and what it says."""

import dataclasses
import hashlib
import io
import json

import numpy as np
import pytest
from rich.console import Console
from scipy.stats import hypergeom

import keras_vabc as kv
from keras_vabc.data.folds import own_folds
from keras_vabc.data.reviewed import KEEP, RANDOM, UNWANTED
from keras_vabc.evaluation.certificate.bounds import remaining_interval
from keras_vabc.pages.costs import false_alarms_in_words, guard_cost_in_words
from keras_vabc.pages.model_card import model_card
from keras_vabc.pages.reviewed import negatives_in_words, review_lines
from keras_vabc.pages.run_page import _data, _threshold_rows, _training_rows
from keras_vabc.recipes.generation import guarded, kept_scores
from keras_vabc.recipes.recipe import Recipe
from keras_vabc.recipes.reviewed import Review
from keras_vabc.recipes.settings import Setting
from keras_vabc.recipes.threshold import threshold_lines

RNG = np.random.default_rng(8)
SEED = 9
FILE = "a" * 64


def rows_of(count, share, columns=4):
    """Rows and which of them are negative: these lie apart in the first two columns."""
    negative = RNG.random(count) < share
    x = RNG.normal(size=(count, columns)).astype("float32")
    x[negative, :2] += 3
    return x, negative


def write_decisions(path, negative, rows, orders):
    lines = [
        f"{row},{'unwanted' if negative[row] else 'keep'},{order}"
        for row, order in zip(rows, orders, strict=True)
    ]
    path.write_text("\n".join(["id,decision,order", *lines]) + "\n")
    return path


@pytest.fixture(scope="module")
def reviewed(tmp_path_factory):
    """What was given, a run on it in a folder, and what was printed."""
    folder = tmp_path_factory.mktemp("reviewed")
    x, negative = rows_of(900, 0.12)
    bad = (RNG.normal(size=(70, 4)) + [3, 3, 0, 0]).astype("float32")
    top = np.argsort(-x[:, :2].sum(axis=1))[:40]
    rest = RNG.permutation(np.setdiff1d(np.arange(900), top))[:150]
    rows = np.concatenate([top, rest])
    orders = ["top"] * 40 + ["random"] * 150
    path = write_decisions(folder / "reviewed.csv", negative, rows, orders)
    said = io.StringIO()
    how = {"seed": SEED, "epochs": 2, "console": Console(file=said, width=400)}
    run = kv.train(x, bad, out=folder / "run", reviewed=path, **how)
    return x, bad, negative, rows, path, run, said.getvalue()


def test_a_review_is_recorded_with_what_follows(reviewed):
    x, bad, negative, rows, path, run, said = reviewed
    review, found = run.record.reviewed, int(negative[rows].sum())
    assert (
        review.file == hashlib.sha256(path.read_bytes()).hexdigest() == run.record.settings.reviewed
    )
    assert (review.examples, review.unwanted, review.kept) == (900, found, len(rows) - found)
    at_random = int(negative[rows[40:]].sum())
    assert (review.random, review.random_unwanted) == (150, at_random)
    assert review.remaining == remaining_interval(at_random, 150, 860)
    low, high = review.remaining
    assert hypergeom.sf(at_random - 1, 860, at_random + low - 1, 150) <= 0.025
    assert hypergeom.cdf(at_random, 860, at_random + high + 1, 150) <= 0.025
    remain = int(negative.sum()) - found
    assert low <= remain <= high
    assert review.share == pytest.approx((found + 710 * at_random / 150) / 900)
    assert review.typical_p > 0.01 and not review.special
    for line in review_lines(review):
        assert line in said
    assert kv.open_run(run.folder).record.reviewed == review
    counts = run.record.counts["unlabeled"]
    assert counts.training + counts.held_out == 900, "counts are of the data as they were given"
    assert "special kind, which" not in said


def test_the_same_call_goes_on_and_another_file_does_not(reviewed, tmp_path):
    x, bad, negative, rows, path, run, _ = reviewed
    how = {"seed": SEED, "epochs": 2, "console": Console(quiet=True), "out": run.folder}
    assert kv.train(x, bad, reviewed=path, **how).record == run.record
    other = tmp_path / "other.csv"
    other.write_text(path.read_text() + "\n")
    for given in (other, None):
        with pytest.raises(ValueError, match="the same arguments. Received: .* of reviewed="):
            kv.train(x, bad, reviewed=given, **how)


def test_the_model_trains_without_what_was_found(reviewed):
    x, _, negative, rows, path, run, _ = reviewed
    moved = run.record.figures.moved
    assert moved <= negative.sum() + 20
    scores, _, estimates = run.held_out_scores()
    assert len(scores) == run.record.counts["unlabeled"].held_out
    odds = run.nu.out_of_fold[0]
    assert len(odds) == run.record.counts["unlabeled"].training
    assert estimates.posterior.median == pytest.approx(run.record.figures.negative_share)


@pytest.mark.parametrize("setting", ["paper", "quality"])
def test_a_resumed_training_has_the_same_decisions(reviewed, tmp_path, monkeypatch, setting):
    """Killed after the intake: what it kept, or, where that is gone, what it reads again."""
    from keras_vabc.recipes import training

    x, bad, negative, rows, path, *_ = reviewed
    seen = []
    monkeypatch.setattr(training.Training, "finish", lambda self: seen.append(self._folds) or 1 / 0)
    how = {"epochs": 2, "setting": setting, "console": Console(quiet=True), "out": tmp_path / "run"}
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            kv.train(x, bad, reviewed=path, **how)
    (tmp_path / "run" / "work" / "test_reviewed.npy").write_bytes(b"")
    with pytest.raises(ZeroDivisionError):
        kv.train(x, bad, reviewed=path, **how)
    for folds in seen:
        for part in ("reviewed", "test_reviewed"):
            np.testing.assert_array_equal(getattr(folds, part), getattr(seen[0], part))
    record = json.loads((tmp_path / "run" / "run.json").read_text())
    assert record["reviewed"]["unwanted"] == int(negative[rows].sum())


REVIEW = Review(FILE, 2000, 30, 120, 100, 6, (60, 250))


@pytest.mark.parametrize(
    ("changes", "words", "not_said"),
    [
        (
            {},
            ["7.05% (4.50% to 14.00%", "by 100 reviewed at random", "By the classifier: 3"],
            "kind",
        ),
        ({"typical_p": 0.3, "compared": (40, 6)}, ["By the classifier: "], "special"),
        (
            {"typical_p": 0.002, "compared": (40, 6)},
            ["7.05%", "special kind", "p = 0.002, 40 against 6", "other kinds are not counted"],
            "By the classifier",
        ),
        (
            {"random": 0, "random_unwanted": 0, "remaining": None},
            ["at least 30 of 2,000, which were found", "By the classifier: 3"],
            "at random;",
        ),
    ],
)
def test_the_share_is_said_by_the_review(reviewed, changes, words, not_said):
    run = reviewed[5]
    quality = run.record.figures.cross_validation | {"auc_least": 0.95, "auc_low": 0.95}
    share = {"negative_share": 0.03, "negative_share_interval": (0.02, 0.05)}
    figures = dataclasses.replace(run.record.figures, cross_validation=quality, **share)
    review = dataclasses.replace(REVIEW, **changes)
    record = dataclasses.replace(run.record, figures=figures, reviewed=review)
    said = negatives_in_words(record)
    for text in words:
        assert text in said
    assert not_said not in said


def test_labels_of_a_special_kind_are_said_wherever_share_and_costs_are(reviewed):
    run = kv.open_run(reviewed[5].folder)
    run.folder = None
    run.set_threshold(0.05)
    plain = said_of(run)
    assert not any("special kind, which" in text for text in plain.values())
    special = dataclasses.replace(run.record.reviewed, typical_p=0.0004, compared=(56, 9))
    run.record = dataclasses.replace(run.record, reviewed=special)
    for place, text in said_of(run).items():
        assert "special kind, which" in text and "p = 0.0004, 56 against 9" in text, place
    assert any("of the kind" in line or "hold for" in line for line in run.evaluate().reported)


def said_of(run):
    """Every text that tells a share or a cost, by its place."""
    record = run.record
    card = model_card(run, "savedmodel", "1", {}).splitlines()
    said = {f"training page, {name}": text for name, text in _training_rows(record)}
    said = {place: text for place, text in said.items() if "negatives" in place}
    said |= {f"page, {name}": text for name, text in _threshold_rows(record)}
    said = {place: text for place, text in said.items() if "%" in text and "flagged" not in place}
    said["data page"] = "\n".join(_data(record).paragraphs)
    said |= {"guard": guard_cost_in_words(run), "false alarms": false_alarms_in_words(record)}
    said["share"] = negatives_in_words(record)
    for place, word in (("share", "Negatives among"), ("flag", "Data are flagged")):
        said[f"card, {place}"] = next(line for line in card if word in line)
    said["threshold, false alarms"], said["threshold, caught"] = threshold_lines(run)[1::2]
    return said


class Scores:
    """A classifier whose P(negative) of a row is its first column."""

    estimates = None

    def negative_probability(self, x):
        return np.asarray(x)[:, 0].astype("float32")


def guard_of(kept, test_kept=(), cut=0.05, highest=0.995):
    """The guard where 400 wanted rows score up to .4, and the unwanted from .7 on."""
    wanted = np.linspace(0, 0.4, 400)
    parts = {"unlabeled": [*wanted, *kept], "test_unlabeled": [*wanted, *test_kept]}
    parts |= {
        "unwanted": np.linspace(0.7, highest, 50),
        "test_unwanted": np.linspace(0.7, 0.99, 50),
    }
    folds = own_folds({name: np.asarray(x)[:, None] for name, x in parts.items()}, 0)
    codes = [
        np.r_[np.zeros(400), np.full(len(own), KEEP)].astype("int8") for own in (kept, test_kept)
    ]
    folds = dataclasses.replace(folds, reviewed=codes[0], test_reviewed=codes[1])
    recipe = Recipe("quality", Setting("vabc", "files"), correction="move", guard=0.05, cut=cut)
    return guarded(recipe, Scores(), folds).guard, kept_scores(Scores(), folds)


def test_the_guard_lets_what_is_kept_pass_where_it_can():
    plain, none = guard_of([])
    assert plain == pytest.approx(0.38, abs=0.01) and len(none) == 0
    for kept in ({"kept": [0.6, 0.1]}, {"kept": [], "test_kept": [0.6]}):
        guard, scores = guard_of(**kept)
        assert guard == np.float32(0.6) and not (scores > np.float32(guard)).any()
    guard, scores = guard_of([0.95])  # no guard would be left
    assert guard == pytest.approx(plain, abs=0.01) and (scores > guard).sum() == 1
    assert guard_of([0.6], cut=None)[0] == np.float32(0.6)
    assert guard_of([], cut=None)[0] == 0.05


def test_held_out_rows_that_are_kept_count_as_wanted():
    """Twenty of them at .5: with the guard at .38 five percent of the wanted would not do."""
    assert guard_of([], [0.5] * 60)[0] == pytest.approx(0.5)


def drawn_review(rng, share, count, reviewed):
    """A `Review` of random rows of so many, and the number of negatives among all."""
    negative = rng.random(count) < share
    codes = np.zeros(count, np.int8)
    seen = rng.permutation(count)[:reviewed]
    codes[seen] = np.where(negative[seen], UNWANTED, KEEP) | RANDOM
    parts = {name: np.zeros((1, 1)) for name in ("unlabeled", "unwanted")}
    parts |= {f"test_{name}": x for name, x in parts.items()}
    folds = dataclasses.replace(
        own_folds(parts, 0), reviewed=codes[:700], test_reviewed=codes[700:]
    )
    return Review.of(FILE, folds), negative.mean()


@pytest.mark.parametrize(("share", "reviewed"), [(0.02, 60), (0.15, 200)])
def test_the_share_by_random_reviews_covers(share, reviewed):
    rng = np.random.default_rng(21)
    inside, estimates, truth = 0, [], []
    for _ in range(200):
        review, true = drawn_review(rng, share, 1000, reviewed)
        low, high = review.share_interval
        inside += low <= true <= high
        estimates.append(review.share)
        truth.append(true)
    assert inside >= 184
    assert np.mean(estimates) == pytest.approx(np.mean(truth), rel=0.15)


def test_from_the_top_only_what_was_found_is_known():
    codes = np.array([UNWANTED, KEEP, 0, 0], np.int8)
    parts = {name: np.zeros((1, 1)) for name in ("unlabeled", "unwanted")}
    parts |= {f"test_{name}": x for name, x in parts.items()}
    folds = dataclasses.replace(own_folds(parts, 0), reviewed=codes, test_reviewed=codes)
    review = Review.of(FILE, folds)
    assert review.share is review.remaining is None
    assert review.compared_with((np.arange(4.0), np.arange(9.0)), codes) == review


def test_what_was_found_at_random_is_compared_alone_where_it_is_enough():
    """Those from the top score high since they were chosen so."""
    known, top, at_random = np.linspace(0, 4, 30), np.full(20, 5.0), np.linspace(-3, -1, 6)
    codes = np.repeat([UNWANTED, UNWANTED | RANDOM, KEEP], [20, 6, 4]).astype(np.int8)
    odds = np.concatenate([top, at_random, np.full(4, -9.0)])
    review = REVIEW.compared_with((odds, known), codes)
    assert review.compared == (30, 6) and review.special
    codes[20:22] = 0  # four are too few
    review = REVIEW.compared_with((odds, known), codes)
    assert review.compared == (30, 24) and review.typical_p > 0.5
