"""A certificate for any generator: what is drawn, what is counted, and what is recorded."""

import dataclasses
import json

import numpy as np
import pytest

import keras_vabc as kv
from keras_vabc.evaluation.certificate.assumed import sensitivity_bound
from keras_vabc.evaluation.certificate.attempts import read_attempts
from keras_vabc.evaluation.certificate.bounds import any_time_bound, attempt_error, upper_bound
from keras_vabc.evaluation.certificate.statement import read_certificate

SHARE = 0.02


def draw(n, seed):
    """Rows of two numbers; the first is above 0 in two of a hundred."""
    rows = np.random.default_rng(seed).random((n, 2))
    return np.stack([SHARE - rows[:, 0], rows[:, 1]], axis=1)


def look(rows):
    return rows[:, 0] > 0


def test_all_reviewed_gives_the_fixed_plan_s_bound():
    seen = []
    certificate = kv.certify(draw, lambda rows: seen.append(rows) or look(rows), 200, seed=7)
    found = int(look(draw(200, 7)).sum())
    assert len(seen) == 1 and np.array_equal(seen[0], draw(200, 7)) and 0 < found < 15
    assert certificate.bound == upper_bound(found, 200, 0.04) and certificate.kind == "fixed"
    assert (certificate.attempt.found, certificate.attempt.reviewed) == (found, 200)
    assert not certificate.recorded and certificate.attempt.state == "finished"
    assert str(certificate).startswith(f"At most {100 * certificate.bound:.3g} % of the samples")
    assert f"with 95 % confidence: {found} found among 200 of 200." in str(certificate)


def test_a_review_that_is_left_gives_the_bound_at_any_time():
    certificate = kv.certify(draw, lambda rows: look(rows)[:120], 200, seed=7)
    found = int(look(draw(200, 7))[:120].sum())
    assert certificate.kind == "left" and certificate.attempt.reviewed == 120
    assert certificate.bound == any_time_bound(found, 120, 0.01) > upper_bound(found, 120, 0.04)
    assert kv.certify(draw, lambda rows: [], 200, seed=7).bound == 1


def test_every_attempt_counts_also_one_that_broke_off(tmp_path):
    record = tmp_path / "made" / "attempts.json"
    first = kv.certify(draw, look, 50, seed=1, record=record, what="a", by="Ada")
    with pytest.raises(RuntimeError, match="the reviewer left"):
        kv.certify(draw, leaving, 50, seed=2, record=record, what="a")
    other = kv.certify(draw, look, 50, seed=1, record=record, what="b")
    third = kv.certify(draw, lambda rows: look(rows)[:9], 50, seed=3, record=record, what="a")
    fourth = kv.certify(draw, look, 50, record=record, what="a")
    assert [one.attempt.number for one in (first, other, third, fourth)] == [1, 1, 3, 4]
    assert [one.state for one in fourth.attempts] == ["finished", "begun", "left", "finished"]
    assert fourth.error == pytest.approx(0.04 * 0.2**3) and fourth.recorded
    assert third.bound == any_time_bound(third.attempt.found, 9, attempt_error(3, "left"))
    assert first.attempts[0].by == "Ada" and len(first.attempts) == 1
    assert [one.what for one in read_attempts(record)] == ["a", "a", "b", "a", "a"]
    assert first.confidence == 0.95 and fourth.confidence == pytest.approx(1 - 0.05 * 1.248)
    assert "of 50 in attempt 4" in str(fourth)
    assert fourth.attempt.seed not in (1, 2, 3)


def leaving(rows):
    raise RuntimeError("the reviewer left")


def test_the_attempt_is_in_the_record_before_anything_is_drawn(tmp_path):
    record = tmp_path / "attempts.json"

    def watching(n, seed):
        (own,) = read_attempts(record)
        assert (own.state, own.seed, own.n, own.reviewed) == ("begun", seed, n, 0)
        return draw(n, seed)

    kv.certify(watching, look, 20, record=record)
    assert read_attempts(record)[0].state == "finished"


def test_a_seed_whose_samples_are_known_is_refused(tmp_path):
    record = tmp_path / "attempts.json"
    kv.certify(draw, look, 20, seed=5, record=record)
    with pytest.raises(ValueError, match="seed must be one that no earlier .* Received: seed=5"):
        kv.certify(draw, look, 20, seed=5, record=record)
    assert len(read_attempts(record)) == 1
    one, other = kv.certify(draw, look, 9), kv.certify(draw, look, 9)
    assert one.attempt.seed != other.attempt.seed


@pytest.mark.parametrize("kind", [np.asarray, list])
def test_planted_items_are_hidden_and_never_counted(kind):
    def sampled(n, seed):
        return kind(draw(n, seed).astype("float32"))

    planted = kind(np.stack([np.full(40, 0.5), np.arange(40)], axis=1))
    seen = []

    def missing_some(rows):
        rows = np.asarray(rows)
        seen.append(rows)
        return look(rows) & ~((rows[:, 0] == 0.5) & (rows[:, 1] < 10))

    certificate = kv.certify(sampled, missing_some, 200, seed=7, planted=planted)
    found = int(look(draw(200, 7)).sum())
    assert certificate.attempt.found == found and certificate.attempt.reviewed == 200
    assert certificate.bound == upper_bound(found, 200, 0.04)
    eye = certificate.planted
    assert (eye["caught"], eye["planted"]) == (30, 40)
    assert eye["bound"] == sensitivity_bound(found, 200, 30, 40, 0.04) > certificate.bound
    places = np.flatnonzero(seen[0][:, 0] == 0.5)
    assert len(seen[0]) == 240 and len(places) == 40
    assert 80 < places.mean() < 160 and list(seen[0][places, 1]) != sorted(seen[0][places, 1])
    left = kv.certify(sampled, lambda rows: missing_some(rows)[:100], 200, seed=7, planted=planted)
    assert left.planted["bound"] is None and 60 < left.attempt.reviewed < 100


def test_near_copies_are_bounded_on_all_n():
    certificate = kv.certify(
        draw, lambda rows: look(rows)[:5], 300, seed=4, near_copy=lambda rows: rows[:, 1] < 0.1
    )
    found = int((draw(300, 4)[:, 1] < 0.1).sum())
    expected = {"found": found, "n": 300, "error": 0.04, "bound": upper_bound(found, 300, 0.04)}
    assert certificate.near_copies == expected and 10 < found < 60


def test_the_share_is_covered_in_most_certificates():
    bounds = [kv.certify(draw, look, 150).bound for _ in range(200)]
    assert np.mean(np.array(bounds) >= SHARE) > 0.9 and np.median(bounds) < 3 * SHARE


def test_a_certificate_is_read_back_and_a_damaged_one_is_not(tmp_path):
    path = tmp_path / "certificate.json"
    planted = draw(30, 1) + 0.5
    options = {"planted": planted, "near_copy": lambda rows: rows[:, 1] < 0.1, "what": "é"}
    for review in (look, lambda rows: look(rows)[:30]):
        certificate = kv.certify(draw, review, 80, **options, record=tmp_path / "attempts.json")
        path.write_text(certificate.to_json())
        again = read_certificate(path)
        assert again == dataclasses.replace(certificate) and again.to_json() == path.read_text()
    content = json.loads(certificate.to_json())
    assert len(content["does_not_cover"]) == 4 and content["says"] == str(certificate)
    for damage in ({"bound": 0.001}, {"attempt": {}}, {"kind": "fixed"}, {"planted": 3}):
        path.write_text(json.dumps(content | damage))
        with pytest.raises(ValueError, match="certificate must be a file of keras-vabc certify"):
            read_certificate(path)
    path.write_text("[]")
    with pytest.raises(ValueError, match="certificate must be a file"):
        read_certificate(path)


def test_a_certificate_of_an_earlier_version_is_read(tmp_path):
    certificate = kv.certify(draw, look, 80, what="a", record=tmp_path / "attempts.json")
    content = json.loads(certificate.to_json())
    del content["guarded"], content["certified"]
    assert "place" not in content["attempt"] and "place" not in content["attempts"][0]
    path = tmp_path / "certificate.json"
    path.write_text(json.dumps(content))
    assert read_certificate(path) == certificate


FIELDS = '"what": "a", "number": 1, "seed": 1, "n": 5, "by": "", "date": ""'


@pytest.mark.parametrize(
    "text",
    [
        *("", "{}", '{"attempts": [{}]}', '{"attempts": 3}', "[1]", '{"attempts": [3]}'),
        f'{{"attempts": [{{{FIELDS}, "state": "left", "reviewed": 2, "found": 3}}]}}',
        f'{{"attempts": [{{{FIELDS}, "state": "lost"}}]}}',
        f'{{"attempts": [{{{FIELDS}, "place": 3}}]}}',
        '{"attempts": ' + "[" * 100_000,
    ],
)
def test_a_file_of_others_is_no_record(tmp_path, text):
    record = tmp_path / "mine.json"
    record.write_text(text)
    with pytest.raises(ValueError, match="record must be a file of attempts"):
        kv.certify(draw, look, 9, record=record)
    assert record.read_text() == text


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"n": 0}, "n must be a whole number >= 1"),
        ({"seed": 2**31}, "seed must be a whole number <= 2147483647"),
        ({"draw": lambda n, seed: draw(n + 1, seed)}, "draw must return n=9 samples. Received: 10"),
        (
            {"review": lambda rows: look(rows).astype(int)},
            "review must return a boolean array of 0",
        ),
        ({"review": lambda rows: np.ones(10, bool)}, "decisions. Received: shape \\(10,\\)"),
        ({"near_copy": lambda rows: look(rows)[:8]}, "near_copy must return .* of 9 decisions"),
        ({"planted": np.zeros((3, 3))}, r"planted must be items of shape \(2,\)"),
    ],
)
def test_what_cannot_be_is_refused(arguments, message):
    given = {"draw": draw, "review": look, "n": 9} | arguments
    with pytest.raises(ValueError, match=message):
        kv.certify(**given)
