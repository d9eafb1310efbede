"""P(negative | x) and the share of hidden negatives, learned from the two folds alone."""

import dataclasses

import numpy as np

from keras_vabc.data.checks import check_finite, check_share
from keras_vabc.data.folds import move_to_unwanted
from keras_vabc.files.keras_settings import check_keras_settings
from keras_vabc.files.model_files import read_model_file, write_model_file
from keras_vabc.nu.checkpoints import MemberCheckpoint, training_fingerprint
from keras_vabc.nu.committee import Committee
from keras_vabc.nu.estimates import estimated, warn_if_few, warn_if_most
from keras_vabc.nu.inputs import check_arguments, checked_folds
from keras_vabc.nu.networks import member_network
from keras_vabc.nu.training import cross_train

LEAST_EPOCHS, LEAST_STEPS = 5, 1500
ARGUMENTS = ("risk", "members", "epochs", "batch_size", "learning_rate", "shift", "seed")
ESTIMATES = ("negative_share", "negative_share_interval", "cross_validation")
TRAINED_NETWORK = "the network of a loaded classifier, which is trained"  # refused by fit


class NUClassifier:
    """Negative-unlabeled classifier: tells negatives from positives without a single positive.

    It learns from unlabeled examples, among which negatives hide, and from unwanted ones, which are
    all negatives. No share of negatives is asked for: it is estimated.

    `fit` trains a few networks, the members, by cross-validation: each holds out another part of
    both folds, on which best-bin estimation finds the share of negatives before every epoch. By
    conditional value ignoring risk (`"cvir"`) a member then leaves out that share of the unlabeled
    examples, the ones most like negatives to it, and learns the rest as positives, so that it does
    not learn hidden negatives by heart; `"nnpu"` keeps them all and corrects the risk instead. The
    held-out scores of all members together give the share, its interval and the
    `cross_validation`. `negative_probability`, P(negative | x), is the mean over members, with
    logits shifted such that the mean over the unlabeled examples, held out, is the estimated share.

    What it assumes: the unwanted examples are a random part of the negatives. If they are a special
    kind (only thick 8s were labelled), the share comes out too low and other negatives are missed,
    and nothing in the two folds shows it. Positives that cannot be told from negatives raise the
    share.

    Args:
        network: `None` for a small network made for the data: convolutional for images, dense for
            vectors, with standardization inside. Or a built functional or sequential Keras model
            that takes float32 data on their own scale and returns one logit, shape `(batch, 1)`.
            Each member starts as a copy of it; seed its dropout for the same result every time.
        risk: `"cvir"` or `"nnpu"`.
        members: Number of networks, at least 2; each holds out one part in `members` of both folds.
        epochs: Passes of each member over the unlabeled fold; `None` for 5, or for as many as
            1,500 steps take.
        batch_size: Examples in a training batch, a multiple of 3; a third of them are unwanted.
        learning_rate: Initial learning rate of Adam; it falls to 0 along a cosine.
        shift: Largest shift of images in training, as a share of their height and width, in [0,
            0.5]; 0 for none. Vectors are never changed.
        seed: Whole number >= 0; determines the result.

    Attributes:
        negative_share: Estimated share of negatives in the unlabeled fold, in [0, 1]; `None` before
            `fit`.
        negative_share_interval: `(low, high)`, its 90 % interval; see `best_bin_share` for what it
            covers.
        cross_validation: Estimates of its own quality at threshold 0.5, from the two folds alone,
            each example flagged by the member that did not train on it. Counted are `recall`, the
            share of the unwanted that are flagged, and `flagged`, that of the unlabeled. With the
            share of negatives s follow `false_alarms = (flagged - s recall) / (1 - s)`, the share
            of the positives that are flagged, and `auc`, negatives against positives; with the ends
            of its interval `precision_low` and `precision_high`, `s recall / flagged`. They are
            those of single members, a little worse than their mean, and as wrong as the assumption
            above is.

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
        seed=0,
    ):
        self.network = network
        self.risk = risk
        self.members = members
        self.epochs = epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.shift = shift
        self.seed = seed
        self.negative_share = None
        self.negative_share_interval = None
        self.cross_validation = None
        self._committee = None
        check_arguments(**self._arguments())

    def fit(self, unlabeled, unwanted, verbose="auto", checkpoint=None, owner=None):
        """Trains the members and estimates the share of negatives.

        Args:
            unlabeled: Array of shape `(n, height, width, channels)` or `(n, features)`; with a
                `network` of your own, of any shape it takes. n >= 2 * `members`.
            unwanted: Array of shape `(m, ...)`, of the same dtype; m >= 2 * `members`.
            verbose: `"auto"` or 1 for a progress bar, 2 for a line at its end, 0 for silence.
            checkpoint: `None`, or the path of a file that keeps each member once it is trained.
                After a crash or a kill the same call goes on with the next member, and ends with
                the same probabilities to the last bit, on a CPU with the same number of threads.
                The file stays; without it all members are trained anew.
            owner: `None`, or a text that tells this training from all others, as of `Checkpoint`.

        Returns:
            The classifier itself.

        Raises:
            ValueError: If a fold is too small, of another shape or not finite, the network does
                not fit the data, or the checkpoint is damaged or of another training.
            OSError: If the checkpoint cannot be written.
            RuntimeError: If Keras is set to another backend or type of weights.

        Warns:
            UserWarning: If there are fewer than 50 unwanted examples.
        """
        check_keras_settings()
        unlabeled, unwanted = checked_folds(unlabeled, unwanted, self.network, self.members)
        if checkpoint is not None:
            folds = unlabeled, unwanted
            fingerprint = training_fingerprint(self._arguments(), self.network, folds, owner)
            checkpoint = MemberCheckpoint(checkpoint, fingerprint)
        networks, *logits = cross_train(
            lambda member: member_network(
                self.network, unlabeled, member, self.seed * self.members + member
            ),
            unlabeled,
            unwanted,
            members=self.members,
            seed=self.seed,
            verbose=verbose,
            risk=self.risk,
            epochs=self.epochs or self._enough_epochs(len(unlabeled)),
            checkpoint=checkpoint,
            batch=(self.batch_size * 2 // 3, self.batch_size // 3),
            shift=self.shift,
            rate=self.learning_rate,
        )
        estimates, shift = estimated(*logits)
        for name, estimate in estimates.items():
            setattr(self, name, estimate)
        self._committee = Committee.of(networks, shift)
        warn_if_few(len(unwanted), self.negative_share, self.negative_share_interval)
        return self

    def negative_probability(self, x):
        """P(negative | x), for x drawn as the unlabeled fold is.

        Args:
            x: Data on the scale of the training data, shape `(n, ...)`.

        Returns:
            Float32 array of shape `(n,)`. The same on every call.

        Raises:
            RuntimeError: Before `fit`.
            ValueError: If `x` has another shape than the training data or is not finite.
        """
        return self._fitted().negative_probability(x)

    def negative_probability_batch(self, x):
        """The same of a tensor, as a tensor: TensorFlow operations alone, for use in a graph.

        Args:
            x: Tensor of shape `(batch, ...)`, on the scale of the training data.

        Returns:
            Float32 tensor of shape `(batch,)`.
        """
        return self._fitted().negative_probability_batch(x)

    def correct(self, folds, mode="move", threshold=0.5):
        """Folds in which the hidden negatives that it finds are no longer called unlabeled.

        Training and test folds are corrected alike, since early stopping compares losses on the
        test folds and hidden negatives there would reward a model that generates them. Labels move
        with their rows; no decision reads them.

        Args:
            folds: `Folds`; the ones it was fitted on, or others of the same kind.
            mode: `"move"` puts flagged unlabeled examples at the end of the unwanted fold. `"soft"`
                leaves all where they are and fills `unlabeled_y` and `test_unlabeled_y` with
                P(positive | x), for `balanced_dataset(..., unlabeled_y=...)`.
            threshold: In (0, 1): an example is flagged if P(negative | x) exceeds it. For `"move"`
                only; a lower one misses fewer negatives and takes away more positives.

        Returns:
            New `Folds`.

        Raises:
            RuntimeError: Before `fit`.
            ValueError: If an argument breaks a rule above, or no unlabeled example would be left.

        Warns:
            UserWarning: If more than half of the unlabeled training examples are moved.
        """
        self._fitted()
        if mode not in ("move", "soft"):
            raise ValueError(f"mode must be 'move' or 'soft'. Received: mode={mode!r}.")
        check_share(threshold=threshold)
        negative = self.negative_probability(folds.unlabeled)
        test_negative = self.negative_probability(folds.test_unlabeled)
        if mode == "move":
            moved = move_to_unwanted(folds, negative > threshold, test_negative > threshold)
            warn_if_most(len(folds.unlabeled) - len(moved.unlabeled), len(folds.unlabeled))
            return moved
        return dataclasses.replace(
            folds, unlabeled_y=1 - negative, test_unlabeled_y=1 - test_negative
        )

    def save(self, path):
        """Writes everything that `negative_probability` and `correct` need to one file.

        Args:
            path: Ends in `.keras`; a file of that name is replaced, at once and as a whole.

        Raises:
            RuntimeError: Before `fit`.
            ValueError: If `path` ends otherwise.
        """
        committee = self._fitted()
        record = {
            "arguments": self._arguments(),
            "estimates": {name: getattr(self, name) for name in ESTIMATES},
            "own_network": self.network is not None,
            "log_odds_shift": committee.log_odds_shift,
        }
        write_model_file(path, committee.network, record)

    @classmethod
    def load(cls, path):
        """Reads a classifier that `save` wrote; its probabilities are the same to the last bit.

        A `network` of your own is part of the file only as trained: give it again to fit anew.

        Args:
            path: Path of the `.keras` file.

        Returns:
            `NUClassifier`.

        Raises:
            FileNotFoundError: If there is no such file.
            ValueError: If the file is damaged or was written by something else.
        """
        network, record = read_model_file(path)
        try:
            loaded = cls(**record["arguments"])
            loaded.network = TRAINED_NETWORK if record["own_network"] else None
            for name in ESTIMATES:
                estimate = record["estimates"][name]
                setattr(loaded, name, tuple(estimate) if isinstance(estimate, list) else estimate)
            shift = check_finite("log_odds_shift", np.array([record["log_odds_shift"]]))
            loaded._committee = Committee(network, float(shift[0]))
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(
                "path must be a file written by NUClassifier.save. "
                f"Received: path={path}, which holds something else."
            ) from error
        return loaded

    def _enough_epochs(self, count):
        """Passes of a member over its part of `count` unlabeled examples, if none are asked for."""
        steps = max(count * (self.members - 1) // self.members // (self.batch_size * 2 // 3), 1)
        return max(LEAST_EPOCHS, -(-LEAST_STEPS // steps))

    def _arguments(self):
        return {name: getattr(self, name) for name in ARGUMENTS}

    def _fitted(self):
        if self._committee is None:
            raise RuntimeError("NUClassifier must be fitted first: call fit(unlabeled, unwanted).")
        return self._committee
