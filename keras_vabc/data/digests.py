"""One hash of each row: it tells duplicates, and which rows are held out for testing."""

import hashlib

import numpy as np


def digests(rows, seed):
    """A 64-bit hash of each row's content.

    Args:
        rows: Array of shape `(n, ...)`.
        seed: Whole number; another one gives other hashes.

    Returns:
        uint64 array of shape `(n,)`, equal for equal rows of one dtype and shape.
    """
    if rows.dtype.kind == "f":
        rows = rows + rows.dtype.type(0)  # -0 and 0 are equal
    rows = np.ascontiguousarray(rows, rows.dtype.newbyteorder("<")).reshape(len(rows), -1)
    key = str(int(seed)).encode()[:64]
    hashes = (hashlib.blake2b(row, digest_size=8, key=key).digest() for row in rows)
    return np.frombuffer(b"".join(hashes), "<u8").astype(np.uint64)


def held_out(rows, seed, share):
    """Which rows are kept aside for testing, by their content and the seed alone.

    So equal rows fall on one side, and a later command that reads the same files with the same spec
    finds the same rows again without a copy.

    Args:
        rows: Array of shape `(n, ...)`, as `read_blocks` gives them.
        seed: Whole number.
        share: Probability with which a row is held out, in (0, 1).

    Returns:
        Boolean array of shape `(n,)`.
    """
    return in_share(digests(rows, seed), share)


def in_share(hashes, share):
    """Which hashes lie in the lowest `share` of all that there can be."""
    return hashes < np.uint64(min(int(share * 2**64), 2**64 - 1))
