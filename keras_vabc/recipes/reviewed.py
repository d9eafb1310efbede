"""What a review of the unlabeled examples found, as the record of a run keeps it."""

import dataclasses

import numpy as np

from keras_vabc.data.reviewed import KEEP, RANDOM, UNWANTED
from keras_vabc.nu.typical import LEAST, LEVEL, typical_p
from keras_vabc.recipes.forms import Count, Sha256, Share


@dataclasses.dataclass(frozen=True)
class Review:
    """Decisions of a person on unlabeled examples, and what follows from them.

    Attributes:
        file: sha256 of the file of decisions.
        examples: Number of unlabeled examples, reviewed or not.
        unwanted, kept: How many were found unwanted, and how many are to be kept.
        random, random_unwanted: How many of both were looked at in random order, and how many of
            these are unwanted.
        remaining: 95 % interval of the number of unwanted ones among those that nobody has looked
            at, by the random ones; `None` without these.
        typical_p: p-value of `nu.typical`; `None` where too few can be compared.
        compared: Numbers of known and of found unwanted examples that were compared.
        kept_rejected: How many of the kept the guard would reject.
    """

    file: Sha256
    examples: Count
    unwanted: Count
    kept: Count
    random: Count
    random_unwanted: Count
    remaining: tuple[Count, Count] | None = None
    typical_p: Share | None = None
    compared: tuple[Count, Count] | None = None
    kept_rejected: Count | None = None

    @classmethod
    def of(cls, file, folds):
        """That of `Folds` with codes."""
        from keras_vabc.evaluation.certificate.bounds import remaining_interval

        codes = np.concatenate([folds.reviewed, folds.test_reviewed])
        at_random = codes & RANDOM > 0
        count, found = int(at_random.sum()), int((at_random & (codes & UNWANTED > 0)).sum())
        drawn_from = len(codes) - int((codes > 0).sum()) + count
        remaining = remaining_interval(found, count, drawn_from) if count else None
        unwanted, kept = (int((codes & what > 0).sum()) for what in (UNWANTED, KEEP))
        return cls(file, len(codes), unwanted, kept, count, found, remaining)

    def compared_with(self, out_of_fold, codes):
        """The review with the test of the known unwanted ones, by log odds of both folds.

        Those found in random order are compared, or all if these are too few.
        """
        unlabeled, known = out_of_fold
        found = codes & UNWANTED > 0
        at_random = found & (codes & RANDOM > 0)
        found = at_random if at_random.sum() >= LEAST else found
        p = typical_p(known, unlabeled[found])
        if p is None:
            return self
        counts = len(known), int(found.sum())
        return dataclasses.replace(self, typical_p=p, compared=counts)

    @property
    def reviewed(self):
        """Number of examples with a decision."""
        return self.unwanted + self.kept

    @property
    def special(self):
        """Whether the known unwanted examples are a special kind of the negatives."""
        return self.typical_p is not None and self.typical_p < LEVEL

    @property
    def share(self):
        """Estimated share of negatives among all, by the random ones; `None` without these."""
        if not self.random:
            return None
        unseen = self.examples - self.reviewed
        return (self.unwanted + unseen * self.random_unwanted / self.random) / self.examples

    @property
    def share_interval(self):
        """Its 95 % interval `(low, high)`."""
        return tuple((self.unwanted + end) / self.examples for end in self.remaining)
