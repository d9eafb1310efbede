"""What thresholds and guards cost of the wanted data, in words: measured, where labels did so."""

from keras_vabc.evaluation.metrics import wilson_rate
from keras_vabc.evaluation.wanted_cost import counted_above, wanted_above
from keras_vabc.pages.reviewed import special_note


def false_alarms_in_words(record):
    """The share of the wanted data that the threshold of a `RunRecord` flags, with its interval.

    As labels measured it, if there are some; else as it was estimated with it.
    """
    chosen, labeled = record.threshold, record.evaluation.with_labels
    if labeled is not None and labeled.wanted_scores is not None:
        count = labeled.held_out_positives
        flagged = counted_above(chosen.value, labeled.wanted_scores, count)
        rate = wilson_rate(flagged / count, count)
        return _measured(rate.value, rate[1:], labeled)
    if labeled is not None and labeled.false_alarms is not None:  # of an earlier version
        if labeled.threshold == chosen.value:
            return _measured(labeled.false_alarms, labeled.false_alarms_interval, labeled)
    counted = f"{chosen.unlabeled:,} held-out unlabeled examples"
    if chosen.false_alarms_interval is None:  # of an earlier version
        return f"{chosen.false_alarms:.2%} of the wanted data, estimated from {counted}"
    low, high = chosen.false_alarms_interval
    said = _estimated((low, chosen.false_alarms, high), chosen.flagged, counted)
    return said + special_note(record)


def guard_cost_in_words(run):
    """The share of the wanted data that the guard of a run would reject; `None` without a guard."""
    guard, labeled = run.record.recipe.guard, run.record.evaluation.with_labels
    if guard is None or not run.has_classifier:
        return None
    if labeled is not None and labeled.guard_rejects is not None:
        return _measured(labeled.guard_rejects, labeled.guard_rejects_interval, labeled)
    unlabeled, unwanted, estimates = run.held_out_scores()
    counted = f"{len(unlabeled):,} held-out unlabeled examples"
    found = wanted_above(guard, unlabeled, unwanted, estimates)
    return _estimated(found, (unlabeled > guard).mean(), counted) + special_note(run.record)


def _measured(rate, interval, labeled):
    low, high = interval
    return (
        f"{rate:.2%} of the wanted data ({low:.2%} to {high:.2%}, 95 %, measured on "
        f"{labeled.held_out_positives:,} held-out examples with a label)"
    )


def _estimated(found, flagged, counted):
    low, expected, high = found
    if low == 0 and expected == flagged:
        return (
            f"at most {high:.2%} of the wanted data (95 %, by {counted}, which all count as wanted)"
        )
    return f"{low:.2%} to {high:.2%} of the wanted data (95 %, estimated from {counted})"
