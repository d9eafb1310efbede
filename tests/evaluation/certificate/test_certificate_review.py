"""A review decision by decision: what counts, what holds meanwhile, and what it ends with."""

import dataclasses

import numpy as np
import pytest

from keras_vabc.evaluation.certificate.assumed import guarded_bound, sensitivity_bound
from keras_vabc.evaluation.certificate.attempts import Attempt, begin, end, read_attempts
from keras_vabc.evaluation.certificate.bounds import any_time_bound, attempt_error, upper_bound
from keras_vabc.evaluation.certificate.review import PLANTED, SAMPLE, UNGUARDED, Review

ATTEMPT = Attempt("a model", 1, 31, 40, "Ada", "2026-03-04")


def test_only_what_stands_before_the_first_undecided_item_counts():
    review = Review(ATTEMPT)
    assert review.counts() == (0, 0) and review.bound == 1 and review.decided == 0
    review.decide(0, True)
    review.decide(2, True)  # the second is left out
    assert review.counts() == (1, 1) and review.ended().state == "left"
    review.decide(1, False)
    assert review.counts() == (2, 3) and review.decided == 3
    assert review.bound == any_time_bound(2, 3, attempt_error(1, "left"))
    review.decide(0, False)
    review.decide(1, None)  # taken back
    assert review.counts() == (0, 1) and not review.is_complete
    review.decide(1, np.bool_(True))
    assert review.counts() == (2, 3)


def test_all_decided_is_the_fixed_plan_and_less_is_what_was_left():
    attempt = dataclasses.replace(ATTEMPT, number=2)
    review = Review(attempt)
    for item in range(39):
        review.decide(item, item == 7)
    left = review.certificate()
    assert left.kind == "left" and left.bound == review.bound
    assert left.bound == any_time_bound(1, 39, attempt_error(2, "left"))
    review.decide(39, False)
    done = review.certificate()
    assert done.kind == "fixed" and done.bound == upper_bound(1, 40, attempt_error(2))
    assert done.attempt == dataclasses.replace(attempt, state="finished", reviewed=40, found=1)


def test_what_was_mixed_in_is_counted_by_itself():
    review = Review(ATTEMPT, planted=10, unguarded=30)
    places = {kind: np.flatnonzero(review.kinds == kind) for kind in (SAMPLE, PLANTED, UNGUARDED)}
    assert [len(own) for own in places.values()] == [40, 10, 30]
    assert np.array_equal(np.sort(review.order), np.arange(80))
    assert all(own.std() > 10 for own in places.values())  # none stands apart
    for item, kind in enumerate(review.kinds):
        review.decide(item, bool(kind == PLANTED and item != places[PLANTED][0]))
    for item in places[UNGUARDED][:4]:
        review.decide(int(item), True)
    assert [review.counts(kind) for kind in places] == [(0, 40), (9, 10), (4, 30)]
    pairs = (3, 90), (40, 55)
    certificate = review.certificate(guard=pairs, near_copies=(2, 40))
    assert certificate.bound == upper_bound(0, 40, attempt_error(1))
    assert certificate.planted["bound"] == sensitivity_bound(0, 40, 9, 10, attempt_error(1))
    assert certificate.guarded["bound"] == guarded_bound((4, 30), *pairs, attempt_error(1))
    assert certificate.guarded["bound"] != guarded_bound((4, 30), *pairs)
    assert "no more often" in certificate.guarded["assumes"]
    assert certificate.near_copies["bound"] == upper_bound(2, 40, attempt_error(1))
    review.decide(79, None)
    left = review.certificate(guard=pairs)
    assert left.guarded["bound"] is None and left.planted["bound"] is None


def test_another_seed_is_another_order():
    other = Review(dataclasses.replace(ATTEMPT, seed=32), planted=10)
    assert (other.kinds != Review(ATTEMPT, planted=10).kinds).any()


@pytest.mark.parametrize(
    "item, decision, message",
    [
        (40, True, "item must be a whole number <= 39"),
        (-1, True, "item must be a whole number >= 0"),
        (3, 1, "is_unwanted must be True, False or None. Received: is_unwanted=1"),
    ],
)
def test_what_is_no_decision_is_refused(item, decision, message):
    with pytest.raises(ValueError, match=message):
        Review(ATTEMPT).decide(item, decision)


def test_what_came_of_an_attempt_cannot_be_changed(tmp_path):
    record = tmp_path / "attempts.json"
    attempt = begin(record, ATTEMPT)
    ended = dataclasses.replace(attempt, state="finished", reviewed=40, found=2)
    end(record, ended)
    end(record, ended)  # a command that was killed, and again
    for change in ({"found": 0}, {"state": "left", "reviewed": 10}):
        with pytest.raises(ValueError, match="must not change what came of an attempt"):
            end(record, dataclasses.replace(ended, **change))
    for change in ({"number": 2}, {"what": "another"}, {"seed": 5}, {"n": 41}, {"by": "Bob"}):
        with pytest.raises(ValueError, match="record must hold the attempt that ends"):
            end(record, dataclasses.replace(ended, **change))
    assert read_attempts(record) == [ended]
