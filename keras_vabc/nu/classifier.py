"""P(negative | x) and the share of hidden negatives, learned from the two folds alone."""

import numpy as np

from keras_vabc.data.frames import joined_numbers
from keras_vabc.files.keras_settings import check_keras_settings
from keras_vabc.nu import stored
from keras_vabc.nu.committee import Committee, fold_fingerprint
from keras_vabc.nu.correction import corrected_folds
from keras_vabc.nu.estimates import Estimates, warn_if_few, warn_if_most
from keras_vabc.nu.inputs import check_arguments, checked_folds, without_copies
from keras_vabc.nu.known import Known
from keras_vabc.nu.members import trained


class NUClassifier:
    """Negative-unlabeled classifier: tells negatives from positives without a single positive.

    It learns from unlabeled examples, among which negatives hide, and from unwanted ones, which are
    all negatives. No share of negatives is asked for: it is estimated.

    Rows of numbers are ranked by bagged trees, of which each sees the unwanted rows and only as
    many unlabeled ones, drawn anew. One forest sees the columns as they are, the other also how
    unlike the unlabeled rows a row is (isolation forest, distances, principal components, tails). A
    row's place among the unlabeled ones, in both, gives its log odds.

    Images are told by a few small networks, the members, trained by cross-validation: each holds
    out another part of both folds, on which best-bin estimation finds the share of negatives before
    every epoch. By conditional value ignoring risk (`"cvir"`) a member then leaves out that share
    of the unlabeled examples, the ones most like negatives to it, and learns the rest as positives,
    so that it does not learn hidden negatives by heart; `"nnpu"` keeps them all and corrects the
    risk instead.

    The log odds of all training examples, by what did not train on them, give the share, its
    interval and the `cross_validation`. `negative_probability`, P(negative | x), has log odds
    shifted such that the mean over the unlabeled examples, so scored, is the share.

    What it assumes: the unwanted examples are a random part of the negatives. If they are a special
    kind (only thick 8s were labelled), the share is too low and other negatives are missed, and
    nothing in the folds shows it. Positives that cannot be told from negatives raise the share.

    Args:
        network: `None` for trees for vectors and a small convolutional network for images;
            `"small"` for a small network made for the data in either case, with standardization
            inside. Or a built functional or sequential Keras model that takes float32 data on their
            own scale and returns one logit, shape `(batch, 1)`. Each member starts as a copy of it;
            seed its dropout for the same result every time.
        risk: `"cvir"` or `"nnpu"`.
        members: Number of networks, at least 2; each holds out one part in `members` of both folds.
        epochs: Passes of each member over the unlabeled fold; `None` for 5, or for as many as
            1,500 steps take.
        batch_size: Examples in a training batch, a multiple of 3; a third of them are unwanted.
        learning_rate: Initial learning rate of Adam; it falls to 0 along a cosine.
        shift: Largest shift of images in training, as a share of their height and width, in [0,
            0.5]; 0 for none. Vectors are never changed.
        trees: Number of trees of each forest. The arguments before it are of networks alone.
        seed: Whole number >= 0; determines the result.

    Attributes:
        negative_share: Estimated share of negatives in the unlabeled fold, in [0, 1]; `None` before
            `fit`.
        negative_share_interval: `(low, high)`, its 95 % interval; see `SharePosterior`. Unless
            `separability.apart`, the share is known only to be at most `high`.
        cross_validation: Estimates of its own quality at threshold 0.5, from the two folds alone,
            each example flagged by what did not train on it; names that end in `_low` and `_high`
            are the ends of 95 % intervals. Counted are `recall`, the share of the `unwanted` that
            are flagged, and `flagged`, that of the `unlabeled`. With the posterior of the share
            follow `false_alarms`, the share of the positives that are flagged, and the precision;
            `auc` is that of the `separability`. They are as wrong as the assumption above is.

    Raises:
        ValueError: If an argument breaks a rule above.

    Example:
        ```python
        nu = kv.NUClassifier(seed=0).fit(folds.unlabeled, folds.unwanted)
        nu.negative_share, nu.negative_share_interval
        cleaned = nu.correct(folds)
        ```

    References:
        - [Mixture Proportion Estimation and PU Learning: A Modern Approach](
          https://arxiv.org/abs/2111.00980), Garg et al. 2021, with the unwanted fold as the
          labelled class.
        - [Positive-Unlabeled Learning with Non-Negative Risk Estimator](
          https://arxiv.org/abs/1703.00593), Kiryo et al. 2017.
        - [A bagging SVM to learn from positive and unlabeled examples](
          https://arxiv.org/abs/1010.0772), Mordelet & Vert 2014, with trees.
    """

    def __init__(
        self,
        *,
        network=None,
        risk="cvir",
        members=3,
        epochs=None,
        batch_size=192,
        learning_rate=2e-3,
        shift=0.07,
        trees=150,
        seed=0,
    ):
        self.network = network
        self.risk = risk
        self.members = members
        self.epochs = epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.shift = shift
        self.trees = trees
        self.seed = seed
        self.negative_share = None
        self.negative_share_interval = None
        self.cross_validation = None
        self._committee = None
        self._seen = None  # fingerprint of the unlabeled fold
        check_arguments(**stored.arguments(self))

    @property
    def out_of_fold(self):
        """`(unlabeled, unwanted)`: log odds of training examples by what did not train on them.

        Float32 of shape `(n,)` and `(m,)`, of unwanted copies the first alone; `None` before `fit`.
        """
        return None if self._committee is None else self._committee.out_of_fold

    @property
    def of_trees(self):
        """Whether trees rank the examples, not networks; `None` before `fit`."""
        return None if self._committee is None else self._committee.of_trees

    @property
    def estimates(self):
        """The `Estimates` behind the attributes; `None` before `fit` and of old files."""
        return None if self._committee is None else self._committee.estimates

    @property
    def separability(self):
        """How far apart the concepts are: `auc`, bounds `low` and `least`, count of `unwanted`."""
        return None if self.estimates is None else self.estimates.separability

    def fit(
        self,
        unlabeled,
        unwanted,
        verbose="auto",
        checkpoint=None,
        owner=None,
        known_wanted=None,
        known_unwanted=None,
    ):
        """Trains trees or members, estimates the share of negatives, and returns itself.

        Args:
            unlabeled: Array of shape `(n, features)`, where NaN is a missing value, or `(n, height,
                width, channels)`; with a `network` of your own, of any shape it takes, then without
                NaN. n >= 2 of trees, n >= 2 * `members` of networks. Or a table of numbers, such
                as a DataFrame, whose names of columns are kept for others.
            unwanted: Array of shape `(m, ...)`, of the same dtype; m >= 2 or 2 * `members`. Or a
                table, whose columns are found by their names.
            verbose: Of networks: `"auto"` or 1 for a progress bar, 2 for a line at its end, 0 for
                silence.
            checkpoint: `None`, or the path of a file that keeps each member once it is trained.
                After a crash the same call goes on with the next one, to the same probabilities to
                the last bit, on a CPU with as many threads. It stays. Trees write none.
            owner: `None`, or a text that tells this training from all others, as of `Checkpoint`.
            known_wanted: `None`, or a mask `(n,)` of unlabeled rows that are known to be positives.
            known_unwanted: The same of negatives: these train as unwanted, and count as unlabeled
                in all that is estimated.

        Raises:
            ValueError: If a fold or mask is too small, of another shape or not finite, or the
                network or the checkpoint does not fit.
            OSError: If the checkpoint cannot be written.
            RuntimeError: If Keras is set to another backend or type of weights.

        Warns:
            UserWarning: If there are fewer than 50 unwanted examples.
        """
        check_keras_settings()
        (unlabeled, unwanted), names = joined_numbers(unlabeled=unlabeled, unwanted=unwanted)
        known = Known.checked(np.shape(unlabeled), known_wanted, known_unwanted)
        unwanted = without_copies(unlabeled, unwanted, self.network, self.members)
        *folds, wanted = known.parted(unlabeled, unwanted)
        folds = checked_folds(*folds, self.network, self.members)
        how = {"verbose": verbose, "checkpoint": checkpoint, "owner": owner, "wanted": wanted}
        networks, *odds = trained(self.network, folds, stored.arguments(self), **how)
        odds = known.in_order(*odds)
        estimates = Estimates(*odds)
        for name, estimate in estimates.attributes.items():
            setattr(self, name, estimate)
        self._committee = Committee.of(networks, odds, estimates.shift, names)
        self._seen = fold_fingerprint(unlabeled, self.of_trees)
        warn_if_few(len(odds[1]))
        return self

    def log_odds(self, x):
        """What ranks examples: log odds of being negative, up to a number that is added to all.

        As of `negative_probability`; float32 of shape `(n,)`, on the scale of `out_of_fold`.
        """
        return self._fitted().log_odds(x)

    def negative_probability(self, x):
        """P(negative | x), for x drawn as the unlabeled fold is.

        Args:
            x: Data on the scale of the training data, shape `(n, ...)`; a table where these were
                tables, its columns found by their names.

        Returns:
            Float32 array of shape `(n,)`. The same on every call.

        Raises:
            RuntimeError: Before `fit`.
            ValueError: If `x` has another shape than the training data or is not finite; to trees
                NaN is a missing value.
        """
        return self._fitted().negative_probability(x)

    def negative_probability_batch(self, x):
        """The same of a tensor `(batch, ...)`, for use in a graph: float32 of shape `(batch,)`."""
        return self._fitted().negative_probability_batch(x)

    def correct(self, folds, mode="move", threshold=None):
        """Folds in which the hidden negatives that it finds are no longer called unlabeled.

        Training and test folds are corrected alike, since early stopping compares losses on the
        test folds and hidden negatives there would reward a model that generates them. Labels move
        with their rows; no decision reads them.

        Args:
            folds: `Folds`; the ones it was fitted on, or others of the same kind.
            mode: `"move"` puts flagged unlabeled examples at the end of the unwanted fold. `"soft"`
                leaves all where they are and fills `unlabeled_y` and `test_unlabeled_y` with
                P(positive | x), for `balanced_dataset(..., unlabeled_y=...)`. The examples that it
                was fitted on count by their log odds out of fold.
            threshold: `None` to flag those above `estimates.moving_cut`: about as many as there are
                negatives, fewer where more would cost positives, none where the two cannot be told
                apart. Or in (0, 1): an example is flagged if P(negative | x) exceeds it. For
                `"move"` only.

        Returns:
            New `Folds`.

        Raises:
            RuntimeError: Before `fit`.
            ValueError: If an argument breaks a rule above, or no unlabeled example would be left.

        Warns:
            UserWarning: If more than half of the unlabeled training examples are moved.
        """
        corrected = corrected_folds(folds, self._fitted(), self._seen, mode, threshold)
        warn_if_most(len(folds.unlabeled) - len(corrected.unlabeled), len(folds.unlabeled))
        return corrected

    def save(self, path):
        """Writes everything that `negative_probability` and `correct` need to one file.

        Args:
            path: Ends in `.keras`; a file of that name is replaced, at once and as a whole.

        Raises:
            RuntimeError: Before `fit`.
            ValueError: If `path` ends otherwise.
        """
        stored.write_classifier(path, self, self._fitted(), self._seen)

    @classmethod
    def load(cls, path):
        """Reads a classifier that `save` wrote; its probabilities are the same to the last bit.

        A `network` of your own is part of the file only as trained: give it again to fit anew.

        Args:
            path: Path of the `.keras` file.

        Raises:
            FileNotFoundError: If there is no such file.
            ValueError: If the file is damaged or was written by something else.
        """
        loaded, loaded._committee, loaded._seen = stored.read_classifier(path, cls)
        return loaded

    def get_config(self):
        """Arguments of the constructor, a dict of what JSON can hold."""
        return stored.config_of(self)

    @classmethod
    def from_config(cls, config):
        """An untrained classifier of the arguments that `get_config` gave, with a new network."""
        return cls(**stored.arguments_of(config))

    def _fitted(self):
        if self._committee is None:
            raise RuntimeError("NUClassifier must be fitted first: call fit(unlabeled, unwanted).")
        return self._committee
