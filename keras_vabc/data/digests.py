"""One hash of each row: it tells duplicates, and which rows are held out for testing."""

import hashlib

import numpy as np

from keras_vabc.data.columns.hashes import mixed


def digests(rows, seed):
    """A 64-bit hash of each row's content, uint64 of shape `(n,)`; another seed gives other hashes.

    Equal rows of one dtype and shape have equal hashes.
    """
    if rows.dtype.kind == "f":
        rows = rows + rows.dtype.type(0)  # -0 and 0 are equal
    rows = np.ascontiguousarray(rows, rows.dtype.newbyteorder("<")).reshape(len(rows), -1)
    key = str(int(seed)).encode()[:64]
    hashes = (hashlib.blake2b(row, digest_size=8, key=key).digest() for row in rows)
    return np.frombuffer(b"".join(hashes), "<u8").astype(np.uint64)


class Copies:
    """Tells copies of equal rows apart, by their `digests`, which come block by block.

    Memory grows by 16 bytes for each different row.
    """

    def __init__(self):
        self._hashes, self._counts = np.zeros(0, np.uint64), np.zeros(0, np.int64)

    def told_apart(self, hashes):
        """Another hash for each copy of a row; the first one keeps its own."""
        values, places, counts = np.unique(hashes, return_inverse=True, return_counts=True)
        numbers = self._counted(values, counts)[places] + _ranks(places, counts)
        return np.where(numbers > 0, mixed(hashes + mixed(numbers.astype(np.uint64))), hashes)

    def _counted(self, values, counts):
        """How often each of some different hashes was there, before these are added."""
        at = np.searchsorted(self._hashes, values)
        known = np.zeros(len(values), bool)
        inside = at < len(self._hashes)
        known[inside] = self._hashes[at[inside]] == values[inside]
        before = np.zeros(len(values), np.int64)
        before[known] = self._counts[at[known]]
        self._counts[at[known]] += counts[known]
        self._hashes = np.insert(self._hashes, at[~known], values[~known])
        self._counts = np.insert(self._counts, at[~known], counts[~known])
        return before


def _ranks(places, counts):
    """How many equal numbers stand before each, of numbers that occur so often."""
    order = np.argsort(places, kind="stable")
    ranks = np.empty(len(places), np.int64)
    ranks[order] = np.arange(len(places)) - np.repeat(np.cumsum(counts) - counts, counts)
    return ranks


class OrderDigest:
    """A hash of rows in their order, by their `digests`, which come block by block."""

    def __init__(self):
        self._hash = hashlib.blake2b(digest_size=16)

    def add(self, hashes):
        """Adds the digests of the next rows."""
        self._hash.update(hashes.astype("<u8").tobytes())

    def hexdigest(self):
        """32 hexadecimal digits."""
        return self._hash.hexdigest()


def held_out(rows, seed, share):
    """Which rows are held out for testing, each with probability `share`: boolean of shape `(n,)`.

    Their content and the seed alone decide. So equal rows fall on one side, but for those of typed
    tables, whose `Copies` are told apart; and a later command that reads the same files with the
    same spec finds the same rows again without a copy.
    """
    return in_share(digests(rows, seed), share)


def in_share(hashes, share):
    """Which hashes lie in the lowest `share` of all that there can be."""
    return hashes < np.uint64(min(int(share * 2**64), 2**64 - 1))


def share_with(value):
    """About the least share in which a hash lies."""
    return (int(value) + 2**12) / 2**64  # more than what a float's rounding takes
