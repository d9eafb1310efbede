"""64-bit hashes of the values of columns, and of whole rows, without a loop over rows."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

NOTHING = np.uint64(0x9E3779B97F4A7C15)  # the hash of no value; also the odd step of splitmix64
PIECE = 2**18  # bytes of text that are hashed at a time: each takes 50 of memory


def mixed(numbers):
    """A bijection of uint64 whose bits depend on all others (splitmix64, Steele et al. 2014)."""
    x = numbers + NOTHING
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


def hashes(array):
    """A hash of each value of an array of text, int64 or float64; equal values have equal ones."""
    if pa.types.is_string(array.type):
        coded = pc.dictionary_encode(pc.fill_null(array, ""))
        found = _of_text(coded.dictionary)[coded.indices.to_numpy()]
    else:
        zero = pa.scalar(0, array.type)
        numbers = pc.fill_null(array, zero).to_numpy(zero_copy_only=False)
        numbers = numbers + numbers.dtype.type(0)  # -0 and 0 are equal
        found = mixed(numbers.view(np.uint64))
    if array.null_count:
        found = np.where(array.is_null().to_numpy(zero_copy_only=False), NOTHING, found)
    return found


def row_hashes(arrays, seed):
    """A hash of each row, by its values in their order; another seed gives other hashes."""
    start = mixed(np.array([int(seed) % 2**64], np.uint64))
    total = np.broadcast_to(start, len(arrays[0]))
    for array in arrays:
        total = mixed(total + hashes(array))
    return total


def _of_text(array):
    """Multilinear hashing: bytes times random numbers of their places, summed up piece by piece."""
    _, offsets, data = array.buffers()
    offsets = np.frombuffer(offsets, np.int32)[array.offset : array.offset + len(array) + 1]
    if len(array) == 0:
        return np.zeros(0, np.uint64)
    offsets, data = offsets.astype(np.int64), np.frombuffer(data or b"", np.uint8)
    sums = np.diff(offsets).astype(np.uint64)
    for start in range(offsets[0], offsets[-1], PIECE):
        end = min(start + PIECE, offsets[-1])
        first = np.searchsorted(offsets, start, "right") - 1
        last = np.searchsorted(offsets, end)
        cuts = np.clip(offsets[first : last + 1], start, end) - start
        place = np.arange(start, end) - np.repeat(offsets[first:last], np.diff(cuts))
        terms = (data[start:end].astype(np.uint64) + np.uint64(1)) * mixed(place.view(np.uint64))
        total = np.concatenate([[np.uint64(0)], np.cumsum(terms)])
        sums[first:last] += np.diff(total[cuts])
    return mixed(sums)
