"""One hash of each row: it tells duplicates, and which rows are held out for testing."""

import hashlib

import numpy as np


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

    Their content and the seed alone decide. So equal rows fall on one side, and a later command
    that reads the same files with the same spec finds the same rows again without a copy.
    """
    return in_share(digests(rows, seed), share)


def in_share(hashes, share):
    """Which hashes lie in the lowest `share` of all that there can be."""
    return hashes < np.uint64(min(int(share * 2**64), 2**64 - 1))


def share_with(value):
    """About the least share in which a hash lies."""
    return (int(value) + 2**12) / 2**64  # more than what a float's rounding takes
