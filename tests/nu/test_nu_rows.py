"""Which rows a member trains on, and on which its share and its quality are estimated."""

import itertools

import keras
import numpy as np
import pytest
import tensorflow as tf
from counted_figures import counted_quality, shift_to

import keras_vabc as kv
from keras_vabc.nu import training
from keras_vabc.nu.posterior import SharePosterior

SEED, MEMBERS, EPOCHS = 11, 3, 6
# A row's first number is its own; among the unlabeled, those above 34 are hidden negatives.
UNLABELED = [*range(34), *range(34, 98, 2)]
UNWANTED = [*range(35, 99, 2), *range(99, 103)]
EVERYTHING = {*UNLABELED, *UNWANTED}
BATCH = 11, 6  # divide what a member trains on, so that an epoch is a whole pass
STEPS = len(UNLABELED) * (MEMBERS - 1) // MEMBERS // BATCH[0]


class Noted(keras.layers.Layer):
    """Notes the row numbers of each training batch in a list."""

    def __init__(self, batches):
        super().__init__()
        self.note = lambda numbers: batches.append(numbers.numpy().astype(int).tolist())

    def call(self, x, training=False):
        if training:
            tf.py_function(self.note, [x[:, 0]], [])
        return x


def revealing_network(member, batches):
    """Its logit is 1000 times its own number plus the row's, whatever it trains on."""
    inputs = keras.Input((2,))
    x = Noted(batches)(inputs)
    untouched = keras.layers.Dense(1, use_bias=False, kernel_initializer="zeros")(x[:, 1:])
    return keras.Model(inputs, x[:, :1] + 1000.0 * member + untouched)


def fold(numbers):
    return np.stack([numbers, np.zeros(len(numbers))], 1).astype("float32")


class CrossTraining:
    """A cross-training that notes what it does.

    Attributes:
        batches: Of each member, the row numbers of its training batches, unlabeled ones first.
        tested: Of each member, the row numbers of both folds whose final logit is its own.
        estimates: For each estimate of the share the member, the row numbers of both folds and the
            share.
    """

    def __init__(self, risk, monkeypatch):
        self.batches, self.estimates = [[] for _ in range(MEMBERS)], []
        estimate = training.best_bin_share

        def noted_estimate(*logits):
            members = {member for part in logits for member in part // 1000}
            rows = [set(part % 1000) for part in logits]
            found = estimate(*logits)
            self.estimates.append((*map(int, members), *rows, found[0]))
            return found

        monkeypatch.setattr(training, "best_bin_share", noted_estimate)
        _, *logits = training.cross_train(
            lambda member: revealing_network(member, self.batches[member]),
            fold(UNLABELED),
            fold(UNWANTED),
            members=MEMBERS,
            seed=SEED,
            verbose=0,
            epochs=EPOCHS,
            risk=risk,
            batch=BATCH,
            shift=0.0,
            rate=0.01,
        )
        self.tested = [
            [set(part[part // 1000 == member] % 1000) for part in logits]
            for member in range(MEMBERS)
        ]


@pytest.fixture(scope="module", params=["cvir", "nnpu"])
def done(request):
    with pytest.MonkeyPatch.context() as monkeypatch:
        yield CrossTraining(request.param, monkeypatch)


def test_a_member_trains_on_all_rows_but_those_it_is_tested_on(done):
    tested = [set.union(*parts) for parts in done.tested]
    assert set.union(*tested) == EVERYTHING
    assert sum(map(len, tested)) == len(EVERYTHING)
    for batches, own in zip(done.batches, tested, strict=True):
        assert {row for batch in batches for row in batch} == EVERYTHING - own


def test_the_share_is_estimated_on_the_rows_that_are_held_out(done):
    warm_up = EPOCHS // 3
    members = [member for member, *_ in done.estimates]
    assert members == [m for m in range(MEMBERS) for _ in range(EPOCHS - warm_up)]
    for member, unlabeled, unwanted, share in done.estimates:
        assert [unlabeled, unwanted] == done.tested[member]
        assert 0 < share < 1
    assert [set(UNLABELED), set(UNWANTED)] == [
        set.union(*p) for p in zip(*done.tested, strict=True)
    ]


def test_the_share_of_the_rows_with_the_highest_logits_is_left_out_after_the_warm_up(monkeypatch):
    done = CrossTraining("cvir", monkeypatch)
    shares = iter([share for *_, share in done.estimates])
    for batches, (tested, _) in zip(done.batches, done.tested, strict=True):
        trained = sorted(set(UNLABELED) - tested)
        for epoch in range(EPOCHS):
            share = 0 if epoch < EPOCHS // 3 else next(shares)
            seen = {r for b in batches[epoch * STEPS :][:STEPS] for r in b[: BATCH[0]]}
            assert seen == set(trained[: len(trained) - round(share * len(trained))])


def test_each_member_has_an_order_of_its_own(done):
    """Members train on other rows in any case, so that places among them are compared."""
    orders = []
    for batches, (tested, tested_too) in zip(done.batches, done.tested, strict=True):
        for rows, own, part in (
            (UNLABELED, tested, slice(BATCH[0])),
            (UNWANTED, tested_too, slice(BATCH[0], None)),
        ):
            trained = sorted(set(rows) - own)
            orders.append([trained.index(row) for b in batches[:STEPS] for row in b[part]])
            assert sorted(orders[-1]) == list(range(len(trained)))
    assert len({tuple(order) for order in orders}) == 2 * MEMBERS


def objective(unlabeled, unwanted, share):
    """Of one batch in float64, `share` 0 for the balanced risk."""
    u, w = (np.array(part, "float64") for part in (unlabeled, unwanted))
    as_positive, as_negative = np.logaddexp(0, u).mean(), np.logaddexp(0, -w).mean()
    if not share:
        return (as_positive + as_negative) / 2
    positives = as_positive - share * np.logaddexp(0, w).mean()
    return share * as_negative + positives if positives >= 0 else -positives


@pytest.mark.parametrize("risk", ["cvir", "nnpu"])
def test_every_step_minimizes_the_risk_at_the_share_of_its_epoch(risk):
    batches, reports = [], []
    folds = fold(UNLABELED), fold(UNWANTED)
    trained, held_out = (
        [training.Part(part, np.arange(len(part)) % 2 == half) for part in folds] for half in (0, 1)
    )
    training.train(
        revealing_network(0, batches),
        *trained,
        held_out,
        risk=risk,
        epochs=EPOCHS,
        rng=np.random.default_rng(SEED),
        batch=BATCH,
        shift=0.0,
        rate=0.01,
        report=lambda *figures: reports.append(figures),
    )
    steps = len(UNLABELED) // 2 // BATCH[0]
    for epoch, (loss, share) in enumerate(reports):
        assert (share > 0) == (epoch >= EPOCHS // 3)
        known = share if risk == "nnpu" else 0
        losses = [
            objective(batch[: BATCH[0]], batch[BATCH[0] :], known)
            for batch in batches[epoch * steps :][:steps]
        ]
        assert loss == pytest.approx(np.mean(losses), rel=1e-5)
    assert len(batches) == EPOCHS * steps == len(reports) * steps


# The classifier


RNG = np.random.default_rng(21)


def overlapping_folds():
    positives, negatives = RNG.normal(0, 1, (3000, 2)), RNG.normal(2.4, 1, (800, 2))
    unlabeled = np.concatenate([positives, negatives[:400]])
    return RNG.permutation(unlabeled).astype("float32"), negatives[400:].astype("float32")


class Spy:
    """Notes of each member what `training.train` was given."""

    def __init__(self, monkeypatch):
        self.networks, self.starts, self.noise, self.parts, self.settings = [], [], [], [], []
        train = training.train

        def noted(network, unlabeled, unwanted, held_out, **settings):
            self.networks.append(network)
            self.starts.append([w.copy() for w in network.get_weights() if w.ndim > 1])
            states = [v.numpy().tolist() for v in network.variables if "seed" in v.path]
            self.noise.append((states, settings["rng"].bit_generator.state["state"]["state"]))
            self.parts.append([unlabeled.numbers, unwanted.numbers])
            self.settings.append({name: settings[name] for name in ("batch", "shift", "rate")})
            return train(network, unlabeled, unwanted, held_out, **settings)

        monkeypatch.setattr(training, "train", noted)

    def held_out_logits(self, fold, which):
        """Of each row the logit by the one member that did not train on it."""
        by_member = np.array([n(fold, training=False).numpy()[:, 0] for n in self.networks])
        rows = np.arange(len(fold))
        untrained = np.array([~np.isin(rows, parts[which]) for parts in self.parts])
        assert (untrained.sum(axis=0) == 1).all()
        return by_member[untrained.argmax(axis=0), rows].astype("float64")


def test_members_share_neither_weights_nor_noise_with_each_other_or_another_seed(monkeypatch):
    spy, (unlabeled, unwanted) = Spy(monkeypatch), overlapping_folds()
    for seed in (SEED, SEED + 1):
        kv.NUClassifier(network="small", members=2, seed=seed, epochs=1).fit(
            unlabeled[:60], unwanted[:60], verbose=0
        )
    for (one, noise), (other, other_noise) in itertools.combinations(
        zip(spy.starts, spy.noise, strict=True), 2
    ):
        assert all((w != v).mean() > 0.9 for w, v in zip(one, other, strict=True))
        assert noise[0] and noise[0] != other_noise[0]  # of the dropout
        assert noise[1] != other_noise[1]


def test_arguments_reach_every_member(monkeypatch):
    spy, (unlabeled, unwanted) = Spy(monkeypatch), overlapping_folds()
    arguments = {"batch_size": 30, "learning_rate": 0.005, "shift": 0.2}
    nu = kv.NUClassifier(network="small", members=2, epochs=1, **arguments)
    nu.fit(unlabeled[:60], unwanted[:60], verbose=0)
    assert spy.settings == [{"batch": (20, 10), "shift": 0.2, "rate": 0.005}] * 2


def test_figures_are_those_of_held_out_rows_at_shifted_odds(monkeypatch):
    spy, folds = Spy(monkeypatch), overlapping_folds()
    nu = kv.NUClassifier(network="small", seed=SEED, epochs=3).fit(*folds, verbose=0)
    u, w = (spy.held_out_logits(fold, which) for which, fold in enumerate(folds))
    posterior = SharePosterior.of(u, w)
    share = posterior.median
    assert nu.negative_share == pytest.approx(share)
    assert nu.negative_share_interval == pytest.approx(posterior.interval)

    shift = shift_to(share, u)
    assert abs((u > 0).mean() - (u + shift > 0).mean()) > 0.02
    counted = counted_quality(u, w, share, shift)
    for name in ("recall", "flagged", "auc", "unlabeled", "unwanted"):
        assert nu.cross_validation[name] == pytest.approx(counted[name])

    everyone = np.array([n(folds[0], training=False).numpy()[:, 0] for n in spy.networks])
    mean = (1 / (1 + np.exp(-(everyone + shift)))).mean(axis=0)
    np.testing.assert_allclose(nu.negative_probability(folds[0]), mean, rtol=1e-4)
