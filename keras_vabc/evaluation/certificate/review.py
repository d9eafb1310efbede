"""The review of one attempt, decision by decision, and what it says at every moment."""

import dataclasses

import numpy as np

from keras_vabc.data.checks import check_whole
from keras_vabc.evaluation.certificate.bounds import any_time_bound, attempt_error
from keras_vabc.evaluation.certificate.statement import stated

SAMPLE, PLANTED, UNGUARDED = range(3)  # kinds of items
ORDER = 22  # makes of a seed another one, of the places of items


class Review:
    """Takes decisions on the items of an attempt, one by one, and ends with a certificate.

    Items are in a random order, whatever they are. What counts are those up to the first on which
    nothing is decided: who looked at the rest first, and left the worst for later, would choose
    what is counted. A decision may be taken back.

    Args:
        attempt: `Attempt` that has begun.
        planted: Number of held-out unwanted items among the samples, which are never counted.
        unguarded: Number of samples among them that no guard has seen; see `guarded_bound`.

    Attributes:
        kinds: Kind of each item, in their order: `SAMPLE`, `PLANTED` or `UNGUARDED`, an array of
            shape `(n + planted + unguarded,)`.

    Example:
        >>> review = Review(attempt)
        >>> review.decide(0, False)
        >>> review.bound  # holds at any time
    """

    def __init__(self, attempt, planted=0, unguarded=0):
        self.attempt = attempt
        numbers = attempt.n, planted, unguarded
        self.order = mixed_order(attempt.seed, sum(numbers))
        self.kinds = np.repeat(np.arange(3, dtype=np.int8), numbers)[self.order]
        self._decisions = [None] * len(self.kinds)
        self._decided = 0

    def decide(self, item, is_unwanted):
        """Decides on the item of a number from 0 on: True, False, or `None` to take it back."""
        item = check_whole("item", item, 0, len(self.kinds) - 1)
        if is_unwanted is not None and not isinstance(is_unwanted, bool | np.bool_):
            raise ValueError(
                f"is_unwanted must be True, False or None. Received: is_unwanted={is_unwanted!r}."
            )
        self._decisions[item] = None if is_unwanted is None else bool(is_unwanted)
        if is_unwanted is None:
            self._decided = min(self._decided, item)
        while self._decided < len(self.kinds) and self._decisions[self._decided] is not None:
            self._decided += 1

    @property
    def decided(self):
        """Number of items that count: up to the first on which nothing is decided."""
        return self._decided

    @property
    def is_complete(self):
        """Whether everything is decided on."""
        return self._decided == len(self.kinds)

    def counts(self, kind=SAMPLE):
        """Pair of the unwanted items found so far, and of those reviewed, of one kind."""
        own = self.kinds[: self._decided] == kind
        found = np.array(self._decisions[: self._decided], bool)[own]
        return int(found.sum()), int(own.sum())

    @property
    def bound(self):
        """Upper bound of the share of unwanted samples that holds at any time, such as now.

        Its error is what the attempt has for being left: the rest is that of a complete review.
        """
        return any_time_bound(*self.counts(), attempt_error(self.attempt.number, "left"))

    def ended(self):
        """The `Attempt` as it is if the review ends now."""
        found, reviewed = self.counts()
        state = "finished" if self.is_complete else "left"
        return dataclasses.replace(self.attempt, state=state, reviewed=reviewed, found=found)

    def certificate(self, others=(), recorded=False, near_copies=None, guard=None, certified=None):
        """The `Certificate` of the review as it is.

        Args:
            others: The other `Attempt`s on the same thing, abandoned ones too.
            recorded: Whether they are kept in a record.
            near_copies: `None`, or the pair of near copies found and samples compared.
            guard: `None`, or the pairs `held_out` and `drawn` of `guarded_bound`, where unguarded
                samples were reviewed.
            certified: `None`, or dict of what was certified.
        """
        attempt = self.ended()
        planted = self.counts(PLANTED) if (self.kinds == PLANTED).any() else None
        guarded = None if guard is None else (self.counts(UNGUARDED), *guard)
        attempts = sorted([*others, attempt], key=lambda one: one.number)
        return stated(attempt, attempts, recorded, planted, near_copies, guarded, certified)


def mixed_order(seed, count):
    """Which item stands at each place: samples come first in it, then planted, then unguarded."""
    return np.random.default_rng([seed, ORDER]).permutation(count)
