"""What a certification reads: its own records, certificates, and a reviewer's decisions."""

import json

from fuzzing.formats import damaged
from fuzzing.texts import JSON, TEXT

from keras_vabc.evaluation.certificate.attempts import Attempt, read_attempts
from keras_vabc.evaluation.certificate.review import Review
from keras_vabc.evaluation.certificate.statement import read_certificate
from keras_vabc.files.manifests import MADE_BY, MANIFEST
from keras_vabc.pages.certificate_page import certificate_lines, certificate_page
from keras_vabc.recipes.certification import Certification
from keras_vabc.recipes.decisions import item_names, read_decisions

ATTEMPT = Attempt("a" * 64, 2, 77, 20, "Ada", "2026-03-04", place="/x")
FIRST = Attempt("a" * 64, 1, 76, 20, "Ada", "2026-03-03", "left", 10, 1)
CERTIFIED = {"sha256": {"model": "b" * 64}, "parts": {"nu.keras": "c" * 64}, "run": None}


def _review():
    review = Review(ATTEMPT, 5, 10)
    for item in range(35):
        review.decide(item, item % 7 == 0)
    return review


def certificate(rng, folder):
    """A damaged certificate, or one of its fields changed."""
    beside = {"near_copies": (1, 20), "guard": ((1, 9), (20, 30)), "certified": CERTIFIED}
    text = _review().certificate([FIRST], True, **beside).to_json()
    path = _damaged(folder / "certificate.json", text, rng, JSON)

    def read():
        own = read_certificate(path)
        assert 0 <= own.bound <= 1 and own.attempt.found <= own.attempt.reviewed
        assert str(own) in certificate_lines(own)[0] and certificate_page(own)

    return read


def attempts(rng, folder):
    """A damaged record of attempts."""
    content = {"made_by": MADE_BY, "attempts": [vars(FIRST), vars(ATTEMPT)]}
    path = _damaged(folder / "attempts.json", json.dumps(content), rng, JSON)

    def read():
        assert all(isinstance(one, Attempt) for one in read_attempts(path))

    return read


def certification(rng, folder):
    """A folder of a review whose manifest is damaged."""
    state = {"made_by": MADE_BY, "output": "certification", "attempt": vars(ATTEMPT)}
    state |= {"record": "/x/attempts.json", "planted": 5, "unguarded": 10, "notes": ["a"]}
    state |= {"near_copies": [1, 20], "guard": [[1, 9], [20, 30]], "certified": CERTIFIED}
    _damaged(folder / MANIFEST, json.dumps(state), rng, JSON)

    def read():
        own = Certification(folder)
        assert len(own.names) == len(own.review.kinds) >= own.attempt.n

    return read


def decisions(rng, folder):
    """A damaged file of decisions."""
    names = item_names(ATTEMPT, 35)
    lines = [f"{name},{'unwanted' if number % 9 else 'keep'}" for number, name in enumerate(names)]
    path = _damaged(folder / "decisions.csv", "\n".join(["item,decision", *lines]), rng, TEXT)

    def read():
        found = read_decisions(path, names)
        assert set(found) <= set(range(35)) and set(found.values()) <= {True, False, None}

    return read


def _damaged(path, text, rng, mutations):
    path.write_bytes(damaged(text.encode(), rng, mutations))
    return path


def any_of_them(rng, folder):
    """One of these."""
    return rng.choice((certificate, attempts, certification, decisions))(rng, folder)
