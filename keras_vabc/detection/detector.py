"""A scikit-learn estimator that says how unwanted rows are, from a few that are known."""

import warnings

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets, type_of_target
from sklearn.utils.validation import (
    check_consistent_length,
    check_is_fitted,
    column_or_1d,
    validate_data,
)

from keras_vabc.data.checks import check_whole
from keras_vabc.data.copies import told_once
from keras_vabc.data.frames import as_table, held
from keras_vabc.data.ranges import checked
from keras_vabc.detection.backends import UNSUPERVISED, WITH_NAN, backend
from keras_vabc.detection.calibration import Calibration
from keras_vabc.detection.frames import columns_of, encoded, is_mixed

LEAST = 4  # rows: two unlabeled and two unwanted ones
LARGEST = 1e38  # in float32
MOST_UNWANTED = 0.8  # share of rows with a label that hardly is that of the unwanted ones


class Detector(ClassifierMixin, BaseEstimator):
    """Finds unwanted rows, given some that are known and many unlabeled ones.

    `y` is 1 for unwanted rows and 0 for unlabeled ones, among which unwanted ones hide: the way of
    PyOD and scikit-learn, the reverse of V-ABC's own y. Any two labels will do; the greater one is
    the unwanted.

    It works in a `Pipeline` and in `GridSearchCV`, and can be pickled, with joblib for instance;
    what is unpickled runs as code, so that only your own files should be. A file that cannot do
    that is written by `NUClassifier.save`, of the classifier that is the default backend.

    Args:
        backend: How rows are scored. `"nu"`, the default, is `NUClassifier`: bagged trees for
            vectors, for which NaN is a missing value, and networks for images. The others are its
            rivals: of networks that reconstruct a row `"vabc"` and `"abc"` by their error,
            `"vae_error"` by that of a VAE on all rows, `"vae_probability"` by its likelihood,
            `"cvae"` by the difference of two conditional bounds, `"csvae"` by the part of the
            latents that is for the unwanted; and `"pca"`, `"forest"`, `"network"` and
            `"one_class_svm"`.
        max_false_alarms: `None` to call a row unwanted where that is more likely than not; or the
            largest share of wanted rows that may be called so, in [0, 1).
        seed: Whole number >= 0; determines the result.

    Attributes:
        classes_: The two labels.
        threshold_: The score above which a row is called unwanted.
        decision_scores_: Scores `(n,)` of the training rows, by what has not seen them where the
            backend has that: `"nu"` and `"forest"`.
        labels_: What they make of the training rows, 0 or 1.
        negative_share_: Estimated share of unwanted rows among the unlabeled ones; NaN where these
            cannot tell it: the concepts overlap, the unwanted are too few, or the backend is
            neither `"nu"` nor `"forest"` and knows no rows but those that it has seen.
        negative_share_interval_: Its interval `(low, high)`, 95 %; with NaN, `high` is the most
            that it can be.
        n_features_in_: Number of columns.
        feature_names_in_: Their names, where X is a data frame of names.

    Example:
        ```python
        detector = kv.Detector().fit(X, y)
        worst = np.argsort(-detector.decision_scores_)
        ```

    References:
        - [ADGym: Design Choices for Deep Anomaly Detection](https://arxiv.org/abs/2309.15376) on
          detection from a few known anomalies.
    """

    def __init__(self, backend="nu", *, max_false_alarms=None, seed=0):
        self.backend = backend
        self.max_false_alarms = max_false_alarms
        self.seed = seed

    def fit(self, X, y, known_wanted=None):
        """Learns from known unwanted rows and unlabeled ones.

        Args:
            X: Rows of numbers `(n, columns)`, an array or a data frame; a data frame or structured
                array with words, dates, or missing values beside numbers, whose columns are found
                as `train` finds them, ids left out; or images `(n, height, width, channels)`.
            y: Labels `(n,)`, two of them; the greater one is of the unwanted.
            known_wanted: `None`, or a mask `(n,)` of unlabeled rows that somebody has looked at and
                wants to keep. The backend `"nu"` takes these for positives; the others do not read
                it.

        Returns:
            The detector itself.

        Raises:
            ValueError: If there are NaNs in y, or other than two labels; infinite numbers in X, or
                NaN among numbers alone for another backend than `"nu"`; too few rows; or an
                argument breaks a rule.

        Warns:
            UserWarning: If more than 80 % of the rows have the label of the unwanted, or a column
                of numbers alone counts the rows.
        """
        fit_backend, seed = backend(self.backend), check_whole("seed", self.seed, 0)
        most = self.max_false_alarms
        most = None if most is None else checked("max_false_alarms", most)
        X = held(X, "X")
        mixed = is_mixed(X)
        X, y = self._table(X, y) if mixed else self._checked(X, y=y, ensure_min_samples=LEAST)
        self.classes_, unwanted = _two_labels(y)
        wanted = _mask(known_wanted, unwanted)
        self._columns = columns_of(X, unwanted) if mixed else None
        self._origin = None
        if not mixed and X.ndim == 2:
            _warn_if_numbered(X)
            self._origin = _medians(X[~unwanted])
        X = encoded(X, self._columns) if mixed else self._centred(X)
        kept, places = told_once(X[unwanted], X[~unwanted])
        parts = X[~unwanted], X[unwanted][kept]
        self._scored = fit_backend(*parts, None if wanted is None else wanted[~unwanted], seed)
        scored = self._scored
        calibration = Calibration(scored.unlabeled, scored.unwanted, most, scored.seen)
        self._calibration, self.threshold_ = calibration, calibration.threshold
        self.negative_share_ = calibration.share
        self.negative_share_interval_ = calibration.interval
        self.decision_scores_ = np.empty(len(X))
        self.decision_scores_[~unwanted] = self._scored.unlabeled
        self.decision_scores_[unwanted] = self._scored.unwanted[places]
        self.labels_ = (self.decision_scores_ > self.threshold_).astype(int)
        return self

    def score_samples(self, X):
        """Scores `(n,)`, float64: higher for what is more unwanted, on the backend's own scale."""
        check_is_fitted(self)
        X = held(X, "X")
        if self._columns is None:
            X = self._centred(self._checked(X))
        else:
            X = encoded(self._table(X)[0], self._columns)
        return np.asarray(self._scored.score(X), "float64")

    def decision_function(self, X):
        """How far scores exceed `threshold_`, `(n,)`."""
        return self.score_samples(X) - self.threshold_

    def predict(self, X):
        """Labels `(n,)`: the greater one where the score exceeds `threshold_`."""
        above = self.decision_function(X) > 0
        return self.classes_[above.astype(int)]

    def predict_proba(self, X):
        """Probabilities `(n, 2)` of both labels, for rows drawn as those of the training are.

        With `max_false_alarms` the threshold need not be where they are equal.
        """
        scores = self.score_samples(X)
        p = self._calibration.probability(scores)
        return np.stack([1 - p, p], axis=1)

    def __sklearn_tags__(self):
        """What scikit-learn may expect: two classes, and NaN where the backend takes it."""
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = False
        tags.classifier_tags.poor_score = self.backend in UNSUPERVISED  # its checks are of labels
        tags.input_tags.allow_nan = self.backend in WITH_NAN
        return tags

    def _checked(self, X, **more):
        """X as an array of numbers; with y, in `fit`, both."""
        images = getattr(X, "ndim", 2) > 2
        rules = {"allow_nd": images, "dtype": None if images else np.float64}
        if self.backend in WITH_NAN and not images:
            rules["ensure_all_finite"] = "allow-nan"
        return validate_data(self, X, reset=bool(more), **rules, **more)

    def _centred(self, X):
        """Rows of numbers about the medians, as float32, to which large ones would be alike."""
        if self._origin is None:
            return X
        return np.clip(X - self._origin, -LARGEST, LARGEST).astype("float32")

    def _table(self, X, y=None):
        """X as a `pyarrow.Table`, and y, which is given in `fit`."""
        X = as_table(X, "X")
        if y is not None:
            y = column_or_1d(y)
            check_consistent_length(X, y)
            if len(y) < LEAST:
                raise ValueError(f"X must hold at least {LEAST} rows. Received: {len(y)}.")
        validate_data(self, X, reset=y is not None, skip_check_array=True)
        return X, y


def _warn_if_numbered(X):
    """Warns the caller of `fit` of columns that number the rows, where these may be sorted."""
    ends = (X[1] - X[0] == 1) & (X[-1] - X[0] == len(X) - 1)
    for column in np.flatnonzero(ends):
        if (np.diff(X[:, column]) == 1).all():
            warnings.warn(
                f"Column {column} of X numbers its rows, and would tell the unwanted by their "
                "place: leave it out.",
                stacklevel=3,
            )


def _medians(X):
    """Of each column `(columns,)`, 0 of one without a value."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        return np.nan_to_num(np.nanmedian(X, axis=0))


def _two_labels(y):
    """The two labels, and where the greater one is."""
    check_classification_targets(y)
    kind = type_of_target(y, input_name="y")
    classes = np.unique(y)
    if kind != "binary":
        raise ValueError(
            f"Only binary classification is supported. The type of the target is {kind}."
        )
    if len(classes) < 2:
        raise ValueError(
            f"y must hold two classes, unlabeled and unwanted. Received: one class, {classes[0]!r}."
        )
    unwanted = y == classes[1]
    if unwanted.mean() > MOST_UNWANTED:
        warnings.warn(
            f"Most rows ({unwanted.sum():,} of {len(y):,}) have the label {classes[1]}, which is "
            "that of the unwanted ones, being the greater of two. Of scikit-learn's outlier labels "
            "-1 is the unwanted: give y == -1.",
            stacklevel=3,
        )
    return classes, unwanted


def _mask(known_wanted, unwanted):
    """A mask of the rows known to be wanted, which none of the unwanted is; or `None`."""
    if known_wanted is None:
        return None
    mask = np.asarray(known_wanted)
    if mask.dtype != bool or mask.shape != unwanted.shape or (mask & unwanted).any():
        raise ValueError(
            f"known_wanted must be a mask of {len(unwanted)} rows, of unlabeled ones alone. "
            f"Received: shape {mask.shape}, dtype {mask.dtype}."
        )
    return mask
