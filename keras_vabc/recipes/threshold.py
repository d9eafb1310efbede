"""From which score on a run flags data."""

from keras_vabc.data.ranges import checked
from keras_vabc.evaluation.metrics import observed_rate
from keras_vabc.nu.thresholds import false_alarm_threshold, flagged_share
from keras_vabc.recipes.record import FILES, Threshold


def chosen_threshold(run, max_false_alarms):
    """The `Threshold` of `Run.set_threshold`, from the scores of the held-out examples."""
    max_false_alarms = checked("max_false_alarms", max_false_alarms)
    unlabeled, unwanted, weights = run.held_out_scores()
    value = false_alarm_threshold(unlabeled, max_false_alarms, weights)
    caught = observed_rate(unwanted > value)
    return Threshold(
        value=value,
        max_false_alarms=max_false_alarms,
        false_alarms=flagged_share(unlabeled, value, weights),
        flagged=flagged_share(unlabeled, value),
        recall=caught.value,
        recall_interval=(caught.low, caught.high),
        score=run.score_name,
        unlabeled=len(unlabeled),
        unwanted=len(unwanted),
        scores=run.record.parts.get(FILES["scores"]),
    )


def threshold_lines(run):
    """What the threshold of a run promises, a line each."""
    chosen = run.record.threshold
    low, high = chosen.recall_interval
    how = "estimated by the classifier" if run.has_classifier else "at most, as all count"
    return [
        f"Threshold {chosen.value:.6g} of {chosen.score}, stored in {run.folder}.",
        f"False alarms: {chosen.false_alarms:.2%} of the wanted data ({how}).",
        f"Flagged: {chosen.flagged:.2%} of {chosen.unlabeled:,} held-out unlabeled examples.",
        f"Caught: {chosen.recall:.1%} of {chosen.unwanted:,} held-out unwanted examples "
        f"(95 % interval {low:.1%} to {high:.1%}).",
    ]
