"""Hashes that tell whether configs and data are the ones they were."""

import hashlib
import json
import re

import numpy as np

ROWS = 4096  # hashed at a time, since an array may be a file larger than memory


def config_fingerprint(config):
    """Hash of a Keras config, without the numbers that tell one layer's name from the next."""
    text = re.sub(r'_\d+"', '"', json.dumps(config, sort_keys=True))
    return hashlib.sha256(text.encode()).hexdigest()


def file_hash(path):
    """The SHA-256 of a file, in hexadecimal digits."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def array_fingerprint(arrays):
    """Hash of the contents, shapes and dtypes of some arrays."""
    digest = hashlib.blake2b(digest_size=16)
    for array in map(np.asarray, arrays):
        digest.update(f"{array.dtype} {array.shape} ".encode())
        rows = np.atleast_1d(array)
        for start in range(0, len(rows), ROWS):
            digest.update(rows[start : start + ROWS].tobytes())
    return digest.hexdigest()
