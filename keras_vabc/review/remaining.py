"""How many unwanted items are left that nobody has looked at."""

from dataclasses import dataclass

import numpy as np

from keras_vabc.evaluation.certificate.bounds import remaining_interval
from keras_vabc.review.state import CODES

PAGE = 100  # items of a page


@dataclass(frozen=True)
class Count:
    """What reviews tell.

    Attributes:
        items: Number of all items; `decided` and `unwanted` of them were.
        reviewed: Number reviewed in the random order, from its first on; `found` of them unwanted.
        unseen: Number of the others of the population that was drawn from.
        interval: How many of these are unwanted, 95 %; `None` where none was reviewed so.
        beyond: Number reviewed in random order behind an item that was left out.
    """

    items: int
    decided: int
    unwanted: int
    reviewed: int
    found: int
    unseen: int
    interval: tuple[int, int] | None
    beyond: int


def counted_at_random(state, top, random):
    """Numbers of the items that stand for those unseen, and of all that they were drawn from.

    Arguments are a `State` and the numbers of the items in both orders.

    What was first met from the top is no part of the population that the random order draws from,
    and neither is a page of the top order when all of it is decided: else what was met at random
    before, and was not looked at again, would stand for more suspicious items than there are left.
    Of the random order counts what is decided without a gap, so that what is doubtful cannot be
    left out.
    """
    order = random[_population(state, top)[random]]
    met = state.at_random[order]
    reviewed = len(met) if met.all() else int(np.argmin(met))
    return order[:reviewed], order


def count(state, top, random):
    """The `Count` of a `State`; arguments are as of `counted_at_random`."""
    unwanted = state.codes == CODES["unwanted"]
    counted, population = counted_at_random(state, top, random)
    reviewed, found = len(counted), int(unwanted[counted].sum())
    return Count(
        items=len(top),
        decided=int((state.codes > 0).sum()),
        unwanted=int(unwanted.sum()),
        reviewed=reviewed,
        found=found,
        unseen=len(population) - reviewed,
        interval=remaining_interval(found, reviewed, len(population)) if reviewed else None,
        beyond=int(state.at_random[population[reviewed:]].sum()),
    )


def _population(state, top):
    """Which items the random order draws from."""
    starts = np.arange(0, len(top), PAGE)
    complete = np.minimum.reduceat(state.codes[top] > 0, starts)
    complete &= np.maximum.reduceat(state.from_top[top], starts)
    pages = np.repeat(complete, PAGE)[: len(top)]
    population = ~state.from_top
    population[top[pages]] = False
    return population


def in_words(counted, model_share=None):
    """A `Count` in sentences; `model_share` is what the model estimates of all items, in words."""
    lines = [
        f"{counted.decided:,} of {counted.items:,} reviewed: at least {counted.unwanted:,} unwanted"
    ]
    if counted.interval is None:
        lines.append("None reviewed in random order yet: what remains can't be told")
    elif counted.unseen == 0:
        lines.append("Nothing remains unseen")
    else:
        low, high = counted.interval
        lines.append(
            f"{low:,} to {high:,} unwanted remain among {counted.unseen:,} unseen (95 %, by "
            f"{counted.found:,} in {counted.reviewed:,} reviewed in random order)"
        )
    if counted.beyond:
        lines.append(
            f"{counted.beyond:,} more in random order count once those left out are decided"
        )
    if model_share is not None:
        lines.append(f"The model's estimate, no count: {model_share}")
    return lines
