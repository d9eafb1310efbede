"""Rivals that scikit-learn has whole, each on standardized numbers."""

import warnings

import numpy as np
from sklearn.decomposition import PCA
from sklearn.ensemble import RandomForestClassifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import OneClassSVM

from keras_vabc.detection.backends import seen

EPOCHS = 60  # of the network
SVM_ROWS = 10_000  # at most, since its time grows with their square


def forest(unlabeled, unwanted, known_wanted, seed):
    """A random forest that takes unlabeled rows for wanted; it scores these out of bag."""
    model = RandomForestClassifier(
        300,
        min_samples_leaf=3,
        class_weight="balanced_subsample",
        oob_score=True,
        random_state=seed,
    )
    model.fit(flat(np.concatenate([unlabeled, unwanted])), labels(unlabeled, unwanted))
    scored = seen(Probability(model), unlabeled, unwanted)
    own = np.nan_to_num(model.oob_decision_function_[:, 1])
    return type(scored)(scored.score, own[: len(unlabeled)], own[len(unlabeled) :])


def network(unlabeled, unwanted, known_wanted, seed):
    """A deep network that takes unlabeled rows for wanted."""
    network = MLPClassifier((128, 128), max_iter=EPOCHS, random_state=seed)
    model = make_pipeline(StandardScaler(), network)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # it need not learn rows by heart
        x = flat(np.concatenate([unlabeled, unwanted]))
        model.fit(x, labels(unlabeled, unwanted))
    return seen(Probability(model), unlabeled, unwanted)


def pca(unlabeled, unwanted, known_wanted, seed):
    """Squared distance from the first principal components, which hold 90 % of the variance."""
    x = flat(unlabeled)
    model = make_pipeline(StandardScaler(), PCA(0.9 if x.shape[1] > 1 else 1, svd_solver="full"))
    return seen(Error(model.fit(x)), unlabeled, unwanted)


def one_class_svm(unlabeled, unwanted, known_wanted, seed):
    """A one-class support vector machine on the unlabeled rows."""
    rows = np.random.default_rng(seed).permutation(len(unlabeled))[:SVM_ROWS]
    model = make_pipeline(StandardScaler(), OneClassSVM()).fit(flat(unlabeled)[rows])
    return seen(Outside(model), unlabeled, unwanted)


def flat(rows):
    """Rows as vectors in float64."""
    return np.asarray(rows, "float64").reshape(len(rows), -1)


def labels(unlabeled, unwanted):
    """0 for unlabeled and 1 for unwanted rows."""
    return np.repeat([0, 1], [len(unlabeled), len(unwanted)])


class Probability:
    """The probability of class 1 by a classifier."""

    def __init__(self, model):
        self.model = model

    def __call__(self, rows):
        """Scores `(n,)`."""
        return self.model.predict_proba(flat(rows))[:, 1]


class Error(Probability):
    """The squared error of what a pipeline of a scaler and a PCA leaves of rows."""

    def __call__(self, rows):
        """Scores `(n,)`."""
        scaler, pca = (step for _, step in self.model.steps)
        z = scaler.transform(flat(rows))
        return ((z - pca.inverse_transform(pca.transform(z))) ** 2).sum(axis=1)


class Outside(Probability):
    """How far outside of a one-class support vector machine rows are."""

    def __call__(self, rows):
        """Scores `(n,)`."""
        return -self.model.decision_function(flat(rows))
