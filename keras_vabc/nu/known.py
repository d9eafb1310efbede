"""What is known of unlabeled rows, somebody having looked at them, in the training of a classifier.

A row found unwanted trains as the unwanted ones do, and counts as unlabeled where something is
estimated: the others are a random part of the negatives, which those at the top of a list are not.
"""

import dataclasses

import numpy as np

from keras_vabc.data.mapped import join_rows, take_rows
from keras_vabc.data.reviewed import KEEP, UNWANTED


@dataclasses.dataclass(frozen=True)
class Known:
    """Masks of unlabeled rows, boolean of shape `(n,)`: the known `wanted` and the `found`."""

    wanted: np.ndarray
    found: np.ndarray

    @classmethod
    def checked(cls, shape, wanted, found):
        """The masks that a user gives, or `None`, of rows; a `ValueError` for others."""
        masks, count = [], shape[0] if shape else 0
        for name, given in (("known_wanted", wanted), ("known_unwanted", found)):
            mask = np.zeros(count, bool) if given is None else np.asarray(given)
            if mask.dtype != bool or mask.shape != (count,):
                raise ValueError(
                    f"{name} must be a mask of {count} unlabeled rows. "
                    f"Received: shape {mask.shape}, dtype {mask.dtype}."
                )
            masks.append(mask)
        if (masks[0] & masks[1]).any():
            raise ValueError(
                "known_wanted and known_unwanted must be of different rows. "
                f"Received: {(masks[0] & masks[1]).sum():,} in both."
            )
        return cls(*masks)

    def parted(self, unlabeled, unwanted):
        """The folds to train on, and the numbers of the unlabeled rows in them that are wanted."""
        wanted = np.flatnonzero(self.wanted[~self.found])
        if not self.found.any():
            return unlabeled, unwanted, wanted
        unlabeled, unwanted = map(np.asanyarray, (unlabeled, unwanted))
        joined = join_rows((unwanted, slice(None)), (unlabeled, self.found))
        return take_rows(unlabeled, ~self.found), joined, wanted

    def in_order(self, unlabeled_odds, unwanted_odds):
        """Log odds of both folds as they were before: found rows are among the unlabeled again."""
        if not self.found.any():
            return unlabeled_odds, unwanted_odds
        known = len(unwanted_odds) - int(self.found.sum())
        odds = np.empty(len(self.found), "float32")
        odds[~self.found], odds[self.found] = unlabeled_odds, unwanted_odds[known:]
        return odds, unwanted_odds[:known]


def masks_of(codes):
    """The arguments of `NUClassifier.fit` that tell the codes of a review; none without one."""
    if codes is None:
        return {}
    return {"known_wanted": codes & KEEP > 0, "known_unwanted": codes & UNWANTED > 0}
