"""The scikit-learn estimator: its contract, its scores, and every backend."""

import pickle

import keras
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from scipy import stats
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

import keras_vabc as kv
from keras_vabc.detection import encoders
from keras_vabc.detection.backends import MODULES
from keras_vabc.detection.calibration import Calibration
from keras_vabc.nu import members
from keras_vabc.recipes import own_data

RNG = np.random.default_rng(13)
SEED = 4


# No check is expected to fail: `pca` reads no labels, which its tag `poor_score` says.
@parametrize_with_checks([kv.Detector("nu"), kv.Detector("pca")])
def test_scikit_learn_s_own_checks(estimator, check):
    check(estimator)


def rows(count=600, known=30):
    """Rows, labels, and which rows are unwanted, in random order."""
    unwanted = RNG.random(count) < 0.15
    x = RNG.normal(size=(count, 3)).astype("float32") + 2.5 * unwanted[:, None]
    y = np.zeros(count, int)
    y[RNG.permutation(np.flatnonzero(unwanted))[:known]] = 1
    return x, y, unwanted


def test_a_stream_of_arrow_that_is_read_once_is_taken():
    x, y, _ = rows()
    table = pa.table({f"c{k}": column for k, column in enumerate(x.T)})
    detector, of_array = (kv.Detector("pca").fit(own, y) for own in (table.to_reader(), x))
    assert list(detector.feature_names_in_) == ["c0", "c1", "c2"]
    scores = detector.score_samples(table.to_reader())
    np.testing.assert_array_equal(scores, of_array.score_samples(x))


@pytest.fixture(scope="module")
def data():
    return rows()


@pytest.fixture(scope="module")
def detector(data):
    return kv.Detector(seed=SEED).fit(*data[:2])


def test_scores_rank_what_is_hidden_and_what_is_new(data, detector):
    x, y, unwanted = data
    hidden = y == 0
    assert roc_auc_score(unwanted[hidden], detector.decision_scores_[hidden]) > 0.95
    more, _, truth = rows()
    assert roc_auc_score(truth, detector.score_samples(more)) > 0.95
    assert roc_auc_score(truth, detector.predict_proba(more)[:, 1]) > 0.95
    assert (detector.predict(more) == truth).mean() > 0.85
    assert detector.negative_share_interval_[0] < unwanted[hidden].mean()


def test_training_scores_are_out_of_bag_and_in_the_order_of_the_rows(data, detector):
    x, y, _ = data
    with pytest.warns(UserWarning, match="are few"):
        nu = kv.NUClassifier(seed=SEED).fit(x[y == 0], x[y == 1])
    assert np.array_equal(detector.decision_scores_[y == 0], nu.out_of_fold[0])
    assert np.array_equal(detector.decision_scores_[y == 1], nu.out_of_fold[1])
    above = detector.decision_scores_ > detector.threshold_
    assert np.array_equal(detector.labels_, above)
    decided = detector.score_samples(x) - detector.threshold_
    assert np.array_equal(detector.decision_function(x), decided)


def test_the_greater_of_any_two_labels_is_the_unwanted(data, detector):
    x, y, unwanted = data
    named = kv.Detector(seed=SEED).fit(x, np.where(y == 1, "wrong", "any"))
    assert named.classes_.tolist() == ["any", "wrong"]
    assert np.array_equal(named.predict(x) == "wrong", detector.predict(x) == 1)
    assert np.array_equal(named.decision_scores_, detector.decision_scores_)
    turned = kv.Detector("forest", seed=SEED).fit(x, np.where(y == 1, 7, -3))
    assert roc_auc_score(unwanted, turned.score_samples(x)) > 0.9


def test_missing_values_are_the_trees_own(data):
    x, y, unwanted = data
    holed = np.where(RNG.random(x.shape) < 0.1, np.nan, x)
    scores = kv.Detector(seed=SEED).fit(holed, y).score_samples(holed)
    assert roc_auc_score(unwanted, scores) > 0.9
    with pytest.raises(ValueError, match="NaN"):
        kv.Detector("pca").fit(holed, y)


def test_rows_known_to_be_wanted_are_the_trees_negatives(data):
    x, y, unwanted = data
    like = ~unwanted & (x.mean(1) > np.quantile(x[~unwanted].mean(1), 0.9))
    plain = kv.Detector(seed=SEED).fit(x, y)
    told = kv.Detector(seed=SEED).fit(x, y, known_wanted=like)
    others = (y == 0) & ~like
    ranks = [
        (d.decision_scores_[like][:, None] > d.decision_scores_[others]).mean()
        for d in (plain, told)
    ]
    assert ranks[1] < ranks[0] - 0.02


@pytest.mark.parametrize("mask", [np.zeros(5, bool), np.zeros(600), np.ones(600, bool)])
def test_a_bad_mask_is_named(data, mask):
    with pytest.raises(ValueError, match="known_wanted must be a mask of 600 rows"):
        kv.Detector("pca").fit(*data[:2], known_wanted=mask)


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (np.r_[np.nan, np.zeros(599)], "NaN"),
        (np.zeros(600, int), "y must hold two classes.*one class"),
        (np.arange(600) % 3, "Only binary classification is supported"),
    ],
)
def test_bad_labels_are_named(data, y, message):
    with pytest.raises(ValueError, match=message):
        kv.Detector().fit(data[0], y)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"backend": "svm"}, "backend must be one of nu, .*Received: backend='svm'"),
        ({"max_false_alarms": 1.5}, r"max_false_alarms must be a number in \[0, 1\)"),
        ({"seed": -1}, "seed must be a whole number >= 0"),
    ],
)
def test_bad_arguments_are_named_in_fit(data, arguments, message):
    with pytest.raises(ValueError, match=message):
        kv.Detector(**arguments).fit(*data[:2])


def test_labels_the_wrong_way_round_are_told(data):
    with pytest.warns(UserWarning, match=r"Most rows \(\d+ of 600\) have the label 1"):
        kv.Detector("pca").fit(data[0], np.where(data[1] == 1, -1, 1))


def test_a_column_that_numbers_the_rows_is_told(data):
    X = np.column_stack([data[0], np.arange(100, 700)])
    with pytest.warns(UserWarning, match="Column 3 of X numbers its rows"):
        kv.Detector("pca").fit(X, data[1])


def test_it_works_in_what_scikit_learn_has_around_estimators(data):
    x, y, unwanted = data
    frame = pd.DataFrame(x, columns=["a", "b", "c"])
    piped = make_pipeline(StandardScaler().set_output(transform="pandas"), kv.Detector("pca"))
    piped.fit(frame, y)
    assert piped[-1].feature_names_in_.tolist() == ["a", "b", "c"]
    search = GridSearchCV(
        kv.Detector("pca"), {"backend": ["pca", "forest"]}, scoring="roc_auc", cv=2
    )
    search.fit(x, y)
    assert search.best_params_ == {"backend": "forest"}
    assert roc_auc_score(unwanted, search.decision_function(x)) > 0.9


def test_it_can_be_pickled(data, detector):
    again = pickle.loads(pickle.dumps(detector))
    assert np.array_equal(again.score_samples(data[0]), detector.score_samples(data[0]))
    assert np.array_equal(again.predict_proba(data[0]), detector.predict_proba(data[0]))


@pytest.mark.parametrize("name", [name for name in MODULES if name != "nu"])
def test_every_rival_runs_and_sees_what_is_far_out(monkeypatch, name):
    monkeypatch.setattr(encoders, "STEPS", 300)
    monkeypatch.setitem(own_data.STEPS, "vectors", (150, 200))
    far = RNG.random(400) < 0.1
    x = RNG.normal(size=(400, 5)).astype("float32")
    x[:, 1:] = x[:, :1] + 0.2 * x[:, 1:]
    x[far] += RNG.choice([-4, 4], (far.sum(), 5)) + [2, 0, 0, 0, 0]
    y = (far & (np.arange(400) % 2 == 0)).astype(int)
    own = kv.Detector(name, seed=SEED).fit(x, y)
    assert roc_auc_score(far[1::2], own.score_samples(x[1::2])) > 0.7
    assert np.isfinite(own.decision_scores_).all() and own.decision_scores_.shape == (400,)
    again = pickle.loads(pickle.dumps(own))
    np.testing.assert_allclose(again.score_samples(x), own.score_samples(x), rtol=1e-5)


def test_the_reconstruction_probability_is_a_mean_over_draws():
    networks = kv.mlp_autoencoder((4,), 2, (8,), "linear", seed=SEED)
    layer = keras.layers.Rescaling(0.5, 0.25)
    model = kv.VABC(*networks, preprocessing=layer, seed=SEED)
    x = RNG.normal(size=(6, 4)).astype("float32")
    mean, spread = (part.numpy() for part in model.encoder(x * 0.5 + 0.25))
    noise = np.random.default_rng(0).normal(size=(64, 2)).astype("float32")
    errors = [
        ((x * 0.5 + 0.25 - model.decoder(mean + np.exp(spread / 2) * e).numpy()) ** 2).sum(1)
        for e in noise
    ]
    np.testing.assert_allclose(encoders.Probability(model)(x), np.mean(errors, 0), rtol=1e-5)


def test_the_adversary_of_the_csvae_keeps_the_class_out_of_the_other_latents(monkeypatch):
    """The unwanted are of two kinds, which w alone cannot tell apart."""
    monkeypatch.setattr(encoders, "STEPS", 300)
    unlabeled, unwanted = RNG.normal(size=(2, 500, 4))
    unwanted[:250, 0] += 4
    unwanted[250:, 1] += 4
    own, told = encoders.entropy, {}
    for weight in (0, 50):
        monkeypatch.setattr(encoders, "entropy", lambda logits, weight=weight: weight * own(logits))
        score = encoders.csvae(unlabeled, unwanted, None, SEED).score
        x = np.concatenate([unlabeled, unwanted]).astype("float32")
        x = (x - score.mean) / score.deviation
        beside = score.beside(x, np.zeros((len(x), encoders.LATENTS), "float32")).numpy()
        y = np.repeat([0, 1], 500)
        told[weight] = cross_val_score(KNeighborsClassifier(15), beside, y).mean()
    assert told[50] < told[0] - 0.1


def test_the_entropy_is_that_of_the_class():
    p = np.array([0.1, 0.5, 0.8])
    expected = stats.entropy([p, 1 - p])
    np.testing.assert_allclose(encoders.entropy(np.log(p / (1 - p))), expected, rtol=1e-6)
    assert np.isfinite(encoders.entropy(np.array([-500.0, 500.0]))).all()


def test_images_are_told_by_networks(monkeypatch):
    monkeypatch.setattr(members, "LEAST_STEPS", 60)
    x = RNG.integers(0, 90, (240, 8, 8, 1)).astype("uint8")
    unwanted = np.arange(240) % 4 == 0
    x[unwanted, 2:6, 2:6] += 120
    y = (unwanted & (np.arange(240) % 8 == 0)).astype(int)
    own = kv.Detector(seed=SEED).fit(x, y)
    assert own.n_features_in_ == 8
    assert roc_auc_score(unwanted, own.score_samples(x)) > 0.9


# Tables of mixed columns


def mixed(count=500):
    """A data frame of words, dates, numbers and holes, its labels, and which rows are unwanted."""
    unwanted = RNG.random(count) < 0.2
    words = np.where(RNG.random(count) < 0.9, np.where(unwanted, "late", "paid"), None)
    days = RNG.integers(0, 300, count) + 400 * unwanted
    frame = pd.DataFrame(
        {
            "state": words,
            "kind": pd.Categorical(RNG.choice(["a", "b", "c"], count)),
            "day": pd.Timestamp("2024-03-01") + pd.to_timedelta(days, unit="D"),
            "amount": np.where(RNG.random(count) < 0.1, np.nan, RNG.normal(size=count).round(2)),
        },
        index=RNG.permutation(count),
    )
    frame.loc[frame.index[::17], "day"] = pd.NaT
    y = np.zeros(count, int)
    y[RNG.permutation(np.flatnonzero(unwanted))[:30]] = 1
    return frame, y, unwanted


@pytest.mark.parametrize("name", ["nu", "forest", "pca"])
def test_columns_of_words_dates_and_holes_are_taken(name):
    frame, y, unwanted = mixed()
    own = kv.Detector(name, seed=SEED).fit(frame, y)
    more, _, truth = mixed()
    scores = own.score_samples(more)
    assert own.feature_names_in_.tolist() == list(frame.columns) and own.n_features_in_ == 4
    assert roc_auc_score(truth, scores) > (0.4 if name == "pca" else 0.97)
    assert own.decision_scores_.shape == y.shape
    again = pickle.loads(pickle.dumps(own))
    np.testing.assert_array_equal(again.score_samples(more), scores)
    order = RNG.permutation(len(more))  # each row by itself, whatever the index
    np.testing.assert_allclose(own.score_samples(more.iloc[order]), scores[order], rtol=1e-6)
    unseen = more.head(3).assign(state="a word that training lacks")
    assert np.isfinite(own.score_samples(unseen)).all()


def test_training_scores_of_mixed_rows_are_in_their_order():
    frame, y, unwanted = mixed()
    own = kv.Detector("forest", seed=SEED).fit(frame, y)
    assert roc_auc_score(unwanted[y == 0], own.decision_scores_[y == 0]) > 0.97
    assert own.decision_scores_[y == 1].mean() > own.decision_scores_[y == 0].mean()


def test_folds_of_structured_arrays_are_taken():
    frame, y, unwanted = mixed()
    kinds = [("state", object), ("day", "M8[s]"), ("amount", float)]
    array = np.empty(len(frame), kinds)
    for name, _ in kinds:
        array[name] = frame[name].to_numpy()
    own = kv.Detector("forest", seed=SEED).fit(array, y)
    assert roc_auc_score(unwanted, own.score_samples(array)) > 0.97


def test_mixed_tables_work_in_grid_search():
    frame, y, _ = mixed()
    search = GridSearchCV(kv.Detector("pca"), {"backend": ["pca", "forest"]}, scoring="roc_auc")
    assert search.fit(frame, y).best_params_ == {"backend": "forest"}


def test_bad_mixed_tables_are_named():
    frame, y, _ = mixed()
    own = kv.Detector("forest").fit(frame, y)
    with pytest.raises(ValueError, match="feature names"):
        own.score_samples(frame.drop(columns="day"))
    with pytest.raises(ValueError, match="no numeric value in column 'amount'"):
        own.score_samples(frame.assign(amount="dear"))
    with pytest.raises(ValueError, match="X must be a table"):
        own.score_samples(np.zeros(7))
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        own.fit(frame, y[:-1])
    with pytest.raises(ValueError, match="X must hold at least 4 rows. Received: 3"):
        own.fit(frame.head(3), [0, 1, 0])


# Probabilities


def test_probabilities_rise_with_scores_and_agree_with_the_threshold():
    unlabeled = np.r_[RNG.normal(size=900), RNG.normal(5, 1, 100)].round(1)  # with ties
    own = Calibration(unlabeled, RNG.normal(5, 1, 60))
    assert own.share == pytest.approx(0.1, abs=0.03)
    scores = np.sort(np.r_[unlabeled, own.threshold, -99, 99])
    p = own.probability(scores)
    assert (np.diff(p) >= 0).all() and 0 < p[0] and p[-1] < 1
    assert np.array_equal(p > 0.5, scores > own.threshold)
    everyone = np.r_[unlabeled, RNG.normal(5, 1, 60)]
    assert own.probability(everyone).mean() == pytest.approx((0.1 * 1000 + 60) / 1060, abs=0.03)


def test_copies_of_unwanted_rows_are_no_evidence(data):
    x, unwanted = data[0][:600], data[0][data[2] == 1][:3]
    tens = np.repeat(unwanted, 10, axis=0)
    single, copied = (
        kv.Detector(seed=2).fit(np.concatenate([x, u]), np.r_[np.zeros(600), np.ones(len(u))])
        for u in (unwanted, tens)
    )
    assert np.isnan(single.negative_share_) and np.isnan(copied.negative_share_)
    assert copied.negative_share_interval_ == single.negative_share_interval_
    np.testing.assert_array_equal(copied.score_samples(x), single.score_samples(x))
    assert len(np.unique(copied.decision_scores_[600:610])) == 1
    np.testing.assert_array_equal(copied.decision_scores_[600::10], single.decision_scores_[600:])


def test_seconds_since_1970_are_told_apart():
    rng = np.random.default_rng(5)
    seconds = np.r_[rng.normal(0, 5, 800), rng.normal(60, 5, 60)]
    X = np.stack([1.7e9 + seconds, rng.normal(size=860)], 1)
    y = np.r_[np.zeros(840), np.ones(20)]
    detector = kv.Detector(seed=1).fit(X, y)
    truth = np.r_[np.zeros(800), np.ones(60)]
    assert roc_auc_score(truth[:840], detector.decision_scores_[:840]) > 0.99
    assert roc_auc_score(truth, detector.score_samples(X)) > 0.99


def test_a_backend_that_has_seen_the_rows_states_no_share(data):
    detector = kv.Detector("pca", seed=1).fit(data[0], data[1])
    assert np.isnan(detector.negative_share_) and detector.negative_share_interval_ == (0, 1)
    assert kv.Detector("forest", seed=1).fit(*data[:2]).negative_share_interval_ != (0, 1)


def test_what_is_plainly_apart_is_found_and_its_probability_says_so():
    """Of 100 hidden ones that lie far from 900 others, as their 30 known likes do."""
    rng = np.random.default_rng(31)
    wanted, unwanted = rng.normal(0, 1, (900, 5)), rng.normal(6, 1, (130, 5))
    X = np.concatenate([wanted, unwanted])
    y = np.r_[np.zeros(1000, int), np.ones(30, int)]
    detector = kv.Detector(seed=1).fit(X, y)
    assert detector.labels_[900:1000].mean() >= 0.75 and detector.labels_[:900].mean() < 0.01
    fresh = rng.normal(6, 1, (200, 5)), rng.normal(0, 1, (200, 5))
    found, others = (detector.predict_proba(rows)[:, 1] for rows in fresh)
    assert found.mean() > 0.65 and others.mean() < 0.04


def test_the_threshold_of_false_alarms_is_that_of_the_unlabeled():
    unlabeled = np.r_[RNG.normal(size=2000), RNG.normal(8, 1, 200)]
    for most in (0.01, 0.1):
        own = Calibration(unlabeled, RNG.normal(8, 1, 100), most)
        flagged = (unlabeled[:2000] > own.threshold).mean()
        assert flagged <= 1.5 * most
    assert own.threshold < 8  # at a tenth, most of the unwanted are found


def test_useless_and_constant_scores_claim_nothing_certain():
    for unlabeled, unwanted in (
        (RNG.normal(size=500), RNG.normal(size=40)),
        (np.zeros(500), np.zeros(40)),
    ):
        own = Calibration(unlabeled, unwanted)
        p = own.probability(np.r_[unlabeled, -1.0, 1.0])
        assert np.isfinite(p).all() and np.isfinite(own.threshold)
