"""`keras-vabc threshold`: from which score on data are flagged."""

from keras_vabc.evaluation.metrics import observed_rate
from keras_vabc.nu.thresholds import false_alarm_threshold, flagged_share
from keras_vabc.pages.console import say
from keras_vabc.recipes.runs import update_run
from keras_vabc.recipes.trained_run import finished_run


def threshold(folder, max_false_alarms, *, console):
    """Chooses a threshold from the scores of the held-out examples, and stores it in the run.

    With an NU classifier the share of false alarms is estimated by its own probabilities, else by
    counting all unlabeled examples as wanted, which is cautious: see `false_alarm_threshold`. The
    held-out unwanted examples have no part in the choice, so that they can tell what it catches.

    Args:
        folder: Folder of the run.
        max_false_alarms: Largest share of wanted data that is flagged, in [0, 1).
        console: `rich.console.Console`.

    Returns:
        Dict, as it is stored: `value`, `max_false_alarms`, `false_alarms` (the estimate), `flagged`
        (share of the unlabeled), `recall` (share of the unwanted) and `recall_interval`, `score`
        (its name), `unlabeled` and `unwanted` (numbers of held-out examples).

    Raises:
        ValueError: If it is no finished run, or the share is out of range.
    """
    trained = finished_run(folder)
    unlabeled, unwanted, weights = trained.held_out_scores()
    value = false_alarm_threshold(unlabeled, max_false_alarms, weights)
    caught = observed_rate(unwanted > value)
    chosen = {
        "value": value,
        "max_false_alarms": max_false_alarms,
        "false_alarms": flagged_share(unlabeled, value, weights),
        "flagged": flagged_share(unlabeled, value),
        "recall": caught.value,
        "recall_interval": [caught.low, caught.high],
        "score": trained.score_name,
        "unlabeled": len(unlabeled),
        "unwanted": len(unwanted),
    }
    update_run(trained.run.folder, threshold=chosen)
    how = "estimated by the classifier" if trained.has_classifier else "at most, as all count"
    for line in (
        f"Threshold {value:.6g} of {trained.score_name}, stored in {folder}.",
        f"False alarms: {chosen['false_alarms']:.2%} of the wanted data ({how}).",
        f"Flagged: {chosen['flagged']:.2%} of {len(unlabeled):,} held-out unlabeled examples.",
        f"Caught: {caught.value:.1%} of {len(unwanted):,} held-out unwanted examples "
        f"(95 % interval {caught.low:.1%} to {caught.high:.1%}).",
    ):
        say(console, line)
    return chosen
