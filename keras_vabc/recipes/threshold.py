"""From which score on a run flags data."""

from keras_vabc.data.ranges import checked
from keras_vabc.evaluation.metrics import observed_rate
from keras_vabc.evaluation.wanted_cost import wanted_above
from keras_vabc.nu.estimates import Estimates
from keras_vabc.nu.thresholds import false_alarm_threshold
from keras_vabc.pages.costs import false_alarms_in_words
from keras_vabc.pages.reviewed import special_note
from keras_vabc.recipes.parts import HELD_OUT, OUT_OF_FOLD
from keras_vabc.recipes.record import FILES, Threshold
from keras_vabc.recipes.record_file import check_changeable


def chosen_threshold(run, max_false_alarms):
    """The `Threshold` of `Run.set_threshold`, from the scores of the held-out examples."""
    max_false_alarms = checked("max_false_alarms", max_false_alarms)
    check_changeable(run.folder)
    unlabeled, unwanted, estimates = run.held_out_scores()
    share = 0.0 if estimates is None else estimates.cautious_share
    value = false_alarm_threshold(unlabeled, max_false_alarms, unwanted, share)
    caught, flagged = (observed_rate(scores > value) for scores in (unwanted, unlabeled))
    low, expected, high = wanted_above(value, unlabeled, unwanted, estimates)
    return Threshold(
        value=value,
        max_false_alarms=max_false_alarms,
        false_alarms=expected,
        false_alarms_interval=(low, high),
        flagged=flagged.value,
        recall=caught.value,
        recall_interval=(caught.low, caught.high),
        score=run.score_name,
        unlabeled=len(unlabeled),
        unwanted=len(unwanted),
        scores=run.record.parts.get(FILES["scores"]),
    )


def with_estimates(scores, has_classifier):
    """What `Run.held_out_scores` returns of the part `scores`."""
    held_out = [scores[name] for name in HELD_OUT]
    if not has_classifier:
        return *held_out, None
    own = [scores[name] for name in OUT_OF_FOLD if name in scores] or held_out
    return *held_out, Estimates(*own)


def threshold_lines(run):
    """What the threshold of a run promises, a line each."""
    chosen = run.record.threshold
    low, high = chosen.recall_interval
    alarms, asked = false_alarms_in_words(run.record), chosen.max_false_alarms
    return [
        f"Threshold {chosen.value:.6g} of {chosen.score}, stored in {run.folder}.",
        f"False alarms: {alarms}; {asked:.2%} asked for.",
        f"Flagged: {chosen.flagged:.2%} of {chosen.unlabeled:,} held-out unlabeled examples.",
        f"Caught: {chosen.recall:.1%} of {chosen.unwanted:,} held-out unwanted examples "
        f"(95 % interval {low:.1%} to {high:.1%}){special_note(run.record)}.",
    ]
