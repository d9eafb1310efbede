"""A certificate for any generator: samples are drawn, reviewed, and their share is bounded."""

import datetime
import secrets

import numpy as np

from keras_vabc.data.checks import check_whole
from keras_vabc.evaluation.certificate.attempts import Attempt, begin, end, other_attempts
from keras_vabc.evaluation.certificate.review import Review

SEEDS = 2**31
DRAWN = 10**9  # which the command line takes, too


def certify(
    draw,
    review,
    n=300,
    *,
    what="",
    by="",
    record=None,
    planted=None,
    near_copy=None,
    seed=None,
):
    """Has samples of any generator reviewed, and bounds the share of unwanted ones.

    A number of samples is fixed, they are drawn at random, a person looks at all of them, and the
    bound is Clopper's and Pearson's. A review that is left gives a wider bound, which holds at any
    time. Who draws again until nothing is found needs a `record`: it counts the attempts, also
    those that were abandoned, and later ones get less of the error probability (`attempt_error`).

    Nothing is assumed about the generator. The bound is one of what this reviewer flags; with
    `planted` items the certificate has another one beside it, for a reviewer who misses some.

    Args:
        draw: Function of `(n, seed)` that returns n independent samples of a generator, an array
            of shape `(n, ...)` or a list.
        review: Function of samples that returns a boolean array of shape `(n,)`, True for unwanted
            ones. It may return fewer decisions, of the first samples: then the plan was left.
        n: Number of samples to review, a whole number >= 1.
        what: What is certified, such as the hash of a file: attempts are counted by it.
        by: Who reviews, a free text.
        record: `None`, or path of a file in which all attempts are kept.
        planted: `None`, or held-out unwanted items, an array or list as of `draw`, which are mixed
            among the samples and never counted.
        near_copy: `None`, or function of samples that returns a boolean array of shape `(n,)`, True
            for near copies of training examples, whose share is bounded likewise.
        seed: `None` for one that nobody knows before; else a whole number in [0, 2**31).

    Returns:
        `Certificate`, with `bound`, a share in [0, 1], and `to_json()`.

    Raises:
        ValueError: If an argument breaks a rule above; if a function returns something else than is
            said; or for a seed of an earlier attempt.
        OSError: If the record cannot be written.

    Example:
        >>> certificate = kv.certify(sampler.sample, look_at, n=300, record="attempts.json")
        >>> print(certificate)
        At most 1.07 % of the samples are unwanted, with 95 % confidence: 0 found among 300 of 300.
    """
    n = check_whole("n", n, 1)
    seed = drawn_seed(seed)
    attempt = begin(record, Attempt(what, 0, seed, n, by, today()))
    samples = draw(n, seed)
    if len(samples) != n:
        raise ValueError(f"draw must return n={n} samples. Received: {len(samples)}.")
    copies = None if near_copy is None else _decisions("near_copy", near_copy(samples), n, n)
    own = Review(attempt, 0 if planted is None else len(planted))
    mixed = samples if planted is None else _mixed(samples, planted, own.order)
    for place, is_unwanted in enumerate(_decisions("review", review(mixed), 0, len(mixed))):
        own.decide(place, is_unwanted)
    end(record, own.ended())
    near = None if copies is None else (int(copies.sum()), n)
    return own.certificate(other_attempts(record, attempt), record is not None, near)


def drawn_seed(seed):
    """A seed in [0, 2**31): the one given, checked, or one that nobody knows before."""
    return secrets.randbelow(DRAWN) if seed is None else check_whole("seed", seed, 0, SEEDS - 1)


def today():
    """The day, in ISO's form."""
    return datetime.date.today().isoformat()


def _mixed(samples, planted, order):
    """Samples and planted items in an order."""
    if isinstance(samples, np.ndarray):
        planted = np.asarray(planted)
        if planted.shape[1:] != samples.shape[1:]:
            raise ValueError(
                f"planted must be items of shape {samples.shape[1:]}, as the samples are. "
                f"Received: {planted.shape[1:]}."
            )
        # Another type would tell a planted item from a sample.
        return np.concatenate([samples, planted.astype(samples.dtype)])[order]
    every = [*samples, *planted]
    return [every[place] for place in order]


def _decisions(name, values, least, most):
    """What a caller's function returned, as a boolean array."""
    values = np.asarray(values, bool if len(values) == 0 else None)
    if values.ndim != 1 or values.dtype != bool or not least <= len(values) <= most:
        number = f"{most}" if least == most else f"{least} to {most}"
        raise ValueError(
            f"{name} must return a boolean array of {number} decisions. "
            f"Received: shape {values.shape}, dtype {values.dtype}."
        )
    return values
