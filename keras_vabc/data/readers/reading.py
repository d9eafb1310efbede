"""What reading gives: a few examples, in the form of a run, and what names each."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np

from keras_vabc.data.digests import Copies, digests


@dataclass(frozen=True, eq=False)
class Examples:
    """Some examples, one after the other.

    Attributes:
        ids: What names each one: path of its file, cell of an id column, or number of its row.
        rows: Array of shape `(n, *spec.shape)`.
        hashes: Called with a seed: a 64-bit hash of each one's content.
        numbers: Numbers of the rows of a table, as text; `None` elsewhere.
        kept: Cells of further columns of a table as text, by their names.
    """

    ids: list
    rows: np.ndarray
    hashes: Callable[[int], np.ndarray]
    numbers: list | None = None
    kept: dict = field(default_factory=dict)


def examples_of(reader, spec, keep=()):
    """Yields the `Examples` of a `Reader`; a `ValueError` if it has no columns to `keep`."""
    if hasattr(reader, "examples"):
        yield from reader.examples(keep)
        return
    if keep:
        raise ValueError(
            "keep must be given for tables alone that were trained on by the types of their "
            f"columns. Received: keep={','.join(keep)}."
        )
    for ids, rows in reader.blocks(spec):
        yield Examples(ids, rows, lambda seed, rows=rows: digests(rows, seed))


def told_apart(examples, seed):
    """`Examples` of all rows of a table, whose hashes by a seed are other ones for each copy.

    Rows of few values are equal by chance: each is held out or left out for itself.
    """
    copies = Copies()
    for own in examples:
        hashes = copies.told_apart(own.hashes(seed))
        yield replace(own, hashes=lambda _, hashes=hashes: hashes)
