"""Codes as rows of numbers that a network with a Gaussian decoder takes, and back."""

import numpy as np


class Dense:
    """Columns of numbers for the codes of columns.

    Numbers, dates and times have their normal score, 0 if they are missing, and, if any are, a 1
    where they are. Words have a 1 at their code, among as many numbers as the column has codes.
    What is unseen is all zeros.

    Attributes:
        width: How many numbers a row has.
        widths: How many of them each column has.
    """

    def __init__(self, codes):
        self._codes = codes
        self.widths = [own.size - 1 - max(0, own.cells - 1) for own in codes]
        self.width = sum(self.widths)

    def encode(self, codes):
        """float32 of shape `(n, width)` of codes of shape `(n, c)`."""
        parts = [self._encode(own, codes[:, place]) for place, own in enumerate(self._codes)]
        return np.concatenate(parts, axis=1).astype(np.float32)

    def decode(self, numbers):
        """Codes, int32 of shape `(n, c)`: the nearest cell, the largest of several numbers."""
        ends = np.cumsum(self.widths)[:-1]
        parts = np.split(numbers, ends, axis=1)
        codes = [self._decode(own, part) for own, part in zip(self._codes, parts, strict=True)]
        return np.stack(codes, axis=1).astype(np.int32)

    def _encode(self, own, codes):
        if own.cells == 0:
            return codes[:, None] == np.arange(own.size - 1)
        scores = np.append(own.scores, np.zeros(own.size - own.cells))[codes]
        flag = [codes == own.cells] if own.missing else []
        return np.stack([scores, *flag], axis=1)

    def _decode(self, own, numbers):
        if own.cells == 0:
            return numbers.argmax(axis=1)
        between = (own.scores[:-1] + own.scores[1:]) / 2
        cell = np.searchsorted(between, numbers[:, 0])
        return np.where(numbers[:, 1] > 0.5, own.cells, cell) if own.missing else cell
