"""Which of some examples are copies of others, and say nothing that these do not."""

import numpy as np

from keras_vabc.data.digests import digests

BY_THEMSELVES = 0.01  # share of repeats from which on data repeat by themselves, as in small tables
LOOKED_AT = 10_000  # examples that tell whether they do


def told_once(examples, others, least=2):
    """The examples of which none is a copy of another: `(kept, places)`.

    `kept` are the numbers of the first of equal ones, rising, and `places[i]` is where the one that
    equals example i stands among these. Where `others`, drawn likewise, repeat as well, equality is
    no sign of a copy, and all are kept. Copies stay where there would be fewer than `least`.
    """
    every = np.arange(len(examples))
    _, first, places = np.unique(digests(examples, 0), return_index=True, return_inverse=True)
    if len(first) == len(examples) or _repeats(others[:LOOKED_AT]) > BY_THEMSELVES:
        return every, every
    copies = np.delete(every, first)[: max(least - len(first), 0)]
    kept = np.sort(np.append(first, copies))
    return kept, np.searchsorted(kept, first[places])


def _repeats(rows):
    return 1 - len(np.unique(digests(rows, 0))) / max(len(rows), 1)
