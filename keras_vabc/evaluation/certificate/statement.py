"""What a certificate says, and its file."""

import dataclasses
import json

from keras_vabc.data.checks import received
from keras_vabc.evaluation.certificate.assumed import guarded_bound, sensitivity_bound
from keras_vabc.evaluation.certificate.attempts import Attempt
from keras_vabc.evaluation.certificate.bounds import (
    ERROR,
    any_time_bound,
    attempt_error,
    upper_bound,
)
from keras_vabc.files.bounds import read_text_file
from keras_vabc.files.manifests import MADE_BY
from keras_vabc.version import __version__

NOT_COVERED = (
    "Another generator, threshold or guard than what was certified, and a finetuned one.",
    "What this reviewer does not take for unwanted, or did not see.",
    "Samples that somebody chose: the share is that of samples drawn at random, with any seed.",
    "Attempts that are not in the list.",
)
EYE = "Planted items are at most as easy to see as unwanted ones that were generated."
GUARD = (
    "Unwanted items that are generated pass the guard no more often than the unwanted examples "
    "that were given for it, which trained nothing and set neither threshold nor guard."
)
DAMAGES = ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError
LATER = {"guarded": None, "certified": None}  # fields that earlier certificates do not have


@dataclasses.dataclass(frozen=True)
class Certificate:
    """An upper bound on the share of unwanted samples, and how it came about.

    Attributes:
        attempt: The `Attempt` in which the samples were reviewed.
        bound: Upper bound of the share of unwanted samples, in [0, 1].
        error: Error probability of this attempt alone; see `confidence` for that of all together.
        kind: `"fixed"`, where all n were reviewed; `"left"`, whose bound holds at any time.
        attempts: All attempts on the same thing, in their order, this one among them.
        recorded: Whether attempts are kept in a record; else this is taken for the first.
        planted: `None`, or dict of `planted` and `caught`, and of the `bound` under the
            assumption in words, `assumes`; the bound is `None` where the plan was left.
        near_copies: `None`, or dict of `found`, `n`, the upper `bound` of their share and its
            `error`.
        version: Version of the package.
        guarded: `None`, or dict of the pairs `unguarded`, `held_out` and `drawn` of
            `guarded_bound`, and of the `bound` under the assumption in words, `assumes`; the bound
            is `None` where the plan was left.
        certified: `None`, or dict of what tells the export that was certified; see
            `keras-vabc verify`.
    """

    attempt: Attempt
    bound: float
    error: float
    kind: str
    attempts: tuple
    recorded: bool
    planted: dict | None = None
    near_copies: dict | None = None
    version: str = __version__
    guarded: dict | None = None
    certified: dict | None = None

    @property
    def confidence(self):
        """With what confidence no bound of any of these attempts fails.

        It is .95; where one was left or abandoned, which may have been for what it showed, one less
        the errors of all attempts with both kinds of bound, never below .9375.
        """
        if all(one.state == "finished" for one in self.attempts):
            return 1 - ERROR
        return 1 - sum(attempt_error(one.number, "any time") for one in self.attempts)

    def __str__(self):
        """The certificate in a sentence."""
        one, bound = self.attempt, f"At most {100 * self.bound:.3g} % of the samples are unwanted"
        number = f" in attempt {one.number}" if one.number > 1 else ""
        return (
            f"{bound}, with {100 * self.confidence:.3g} % confidence: {one.found:,} found among "
            f"{one.reviewed:,} of {one.n:,}{number}."
        )

    def to_json(self):
        """The certificate as text in JSON, with what it does not cover."""
        content = {"made_by": MADE_BY, "says": str(self)}
        content["confidence"] = self.confidence
        content |= dataclasses.asdict(self) | {"does_not_cover": NOT_COVERED}
        for attempt in (content["attempt"], *content["attempts"]):
            del attempt["place"]  # which concerns nobody else
        return json.dumps(content, indent=1) + "\n"


def stated(
    attempt, attempts, recorded, planted=None, near_copies=None, guarded=None, certified=None
):
    """The `Certificate` of an attempt that has ended.

    `planted` is `None` or the pair `(caught, planted)`, `near_copies` `None` or `(found, n)`, and
    `guarded` `None` or the three pairs of `guarded_bound`.
    """
    kind = "fixed" if attempt.state == "finished" else "left"
    error = attempt_error(attempt.number, kind)
    counts = attempt.found, attempt.reviewed
    bound = (upper_bound if kind == "fixed" else any_time_bound)(*counts, error)
    if planted is not None:
        own = sensitivity_bound(*counts, *planted, error) if kind == "fixed" else None
        caught, count = planted
        planted = {"planted": count, "caught": caught, "bound": own, "assumes": EYE}
    if near_copies is not None:
        found, count = near_copies
        own = attempt_error(attempt.number)  # of a rule, which leaves nothing
        near_copies = {"found": found, "n": count, "error": own}
        near_copies["bound"] = upper_bound(found, count, own)
    if guarded is not None:
        own = guarded_bound(*guarded, error) if kind == "fixed" else None
        pairs = zip(("unguarded", "held_out", "drawn"), map(list, guarded), strict=True)
        guarded = dict(pairs) | {"bound": own, "assumes": GUARD}
    beside = {"planted": planted, "near_copies": near_copies, "guarded": guarded}
    attempt, *attempts = (dataclasses.replace(one, place="") for one in (attempt, *attempts))
    attempts = tuple(attempts)
    return Certificate(
        attempt, bound, error, kind, attempts, recorded, **beside, certified=certified
    )


def read_certificate(path):
    """Reads a `Certificate` from the file of its `to_json`.

    Its bounds are computed anew from its counts. That finds a damaged file, and not a forged one.

    Raises:
        OSError: If the file cannot be read.
        ValueError: If it holds no certificate, or one whose bounds are not those of its counts.
    """
    rule = f"certificate must be a file of keras-vabc certify. Received: {path}"
    try:
        content = LATER | json.loads(read_text_file(path))
        fields = {field.name: content[field.name] for field in dataclasses.fields(Certificate)}
        attempts = tuple(Attempt(**one) for one in fields["attempts"])
        attempt, version = Attempt(**fields["attempt"]), fields["version"]
        planted, near = fields["planted"], fields["near_copies"]
        planted = planted and (planted["caught"], planted["planted"])
        near = near and (near["found"], near["n"])
        guarded = fields["guarded"]
        guarded = guarded and [guarded[name] for name in ("unguarded", "held_out", "drawn")]
        beside = planted, near, guarded, _checked(fields["certified"])
        again = stated(attempt, attempts, fields["recorded"], *beside)
        again = dataclasses.replace(again, version=version)
    except DAMAGES as error:
        raise ValueError(f"{rule} ({received(error)}).") from None
    own = json.loads(again.to_json())
    if any(own[name] != content[name] for name in fields):
        raise ValueError(f"{rule}, whose bounds are not those of its counts.")
    return again


def _checked(certified):
    """What tells an export, of a file, if it is as `keras-vabc certify` writes it."""
    if certified is None:
        return None
    texts = [*certified["sha256"].items(), *certified["parts"].items()]
    run = certified.get("run") or {"id": ""}
    if not all(isinstance(text, str) for pair in texts for text in pair):
        raise TypeError("a hash is no text")
    if not isinstance(run["id"] or "", str) or not isinstance(certified.get("made_by") or "", str):
        raise TypeError("a name is no text")
    return certified
