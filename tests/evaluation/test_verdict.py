"""Words for figures: each fault by itself, at both sides of its threshold."""

import dataclasses

import pytest

from keras_vabc.evaluation.verdict import FLAWS, Figure, no_samples, verdict

REAL = {
    "unwanted": Figure(0.001, 2000, 0.0, 0.008, 0.0),
    "precision": Figure(0.9, 2000, real=0.9),
    "recall": Figure(0.9, 2000, real=0.92),
    "coverage": Figure(0.95, 2000, real=0.96),
    "sharpness": Figure(0.99, 2000, 0.97, 1.01, 1.0),
    "sharpness_auc": Figure(0.51, 2000, 0.49, 0.53, 0.5),
    "told_apart": Figure(0.51, 2000, 0.49, 0.53, 0.5),
    "nearer_training": Figure(0.5, 2000, 0.47, 0.53, 0.5),
    "near_copies": Figure(0.012, 2000, 0.008, 0.018, 0.01),
}


def altered(name, **numbers):
    return REAL | {name: dataclasses.replace(REAL[name], **numbers)}


def test_what_is_like_real_data_is_good():
    assert verdict(REAL) == (
        "Good: avoids the unwanted (0.1% of 2,000 samples, 0.0% to 0.8%); covers 98% of the "
        "variety (n = 2,000); as sharp as real (99% of the real sharpness, 97% to 101%); a small "
        "network tells 51% from real images (49% to 53%; 50 % is guessing).",
        (),
    )


def test_a_poor_one_is_told_what_to_change_once():
    poor = REAL | {
        "recall": Figure(0.11, 2000, real=0.92),
        "sharpness": Figure(0.3, 2000, 0.28, 0.32, 1.0),
        "sharpness_auc": Figure(0.99, 2000, 0.98, 1.0, 0.5),
    }
    text, flaws = verdict(poor)
    assert flaws == ("narrow", "blurred")
    assert text.startswith("Poor: avoids the unwanted (0.1%") and "covers 12% of" in text
    assert text.endswith(". What to change: more epochs or more latents.")


def test_the_variety_has_the_interval_of_the_lesser_figure_over_that_of_real_data():
    intervals = {
        "recall": Figure(0.88, 2000, 0.86, 0.9, 0.92),
        "coverage": Figure(0.48, 2000, 0.45, 0.51, 0.96),
    }
    assert "covers 50% of the variety (47% to 53%);" in verdict(REAL | intervals).text
    best = {"recall": Figure(0.95, 2000, 0.94, 0.96, 0.92)}
    assert "covers 99% of the variety (n = 2,000);" in verdict(REAL | best).text
    best |= {"coverage": Figure(0.96, 2000, 0.95, 0.97, 0.96)}
    assert "covers 100% of the variety (99% to 100%);" in verdict(REAL | best).text


@pytest.mark.parametrize(
    ("figures", "flaw", "grade"),
    [
        (altered("unwanted", high=0.02), None, "Good"),
        (altered("unwanted", high=0.021), "untold", "Fair"),
        (altered("unwanted", value=0.03, low=0.021, high=0.05), "unwanted", "Poor"),
        (altered("precision", value=0.73), None, "Good"),
        (altered("precision", value=0.71), "partly unlike", "Fair"),
        (altered("precision", value=0.44), "unlike", "Poor"),
        (altered("recall", value=0.75), None, "Good"),
        (altered("recall", value=0.7), "partly narrow", "Fair"),
        (altered("recall", value=0.45), "narrow", "Poor"),
        (altered("coverage", value=0.47), "narrow", "Poor"),
        (altered("sharpness", value=0.91), None, "Good"),
        (altered("sharpness", value=0.89), "partly blurred", "Fair"),
        (altered("sharpness", value=0.49), "blurred", "Poor"),
        (altered("sharpness_auc", value=0.59), None, "Good"),
        (altered("sharpness_auc", value=0.61), "partly blurred", "Fair"),
        (altered("sharpness_auc", value=0.91), "blurred", "Poor"),
        (altered("sharpness", value=1.1), None, "Good"),
        (altered("sharpness", value=1.12), "partly noisy", "Fair"),
        (altered("sharpness", value=2.1), "noisy", "Poor"),
        (altered("sharpness_auc", value=0.39), "partly noisy", "Fair"),
        (altered("sharpness_auc", value=0.09), "noisy", "Poor"),
        (altered("told_apart", value=0.74), None, "Good"),
        (altered("told_apart", value=0.76), "told apart", "Fair"),
        (altered("near_copies", low=0.031), "copied", "Poor"),
        (altered("near_copies", low=0.029), None, "Good"),
        (altered("nearer_training", low=0.551), "copied", "Poor"),
    ],
)
def test_a_threshold_divides(figures, flaw, grade):
    text, flaws = verdict(figures)
    assert flaws == ((flaw,) if flaw else ()) and text.startswith(f"{grade}: ")


@pytest.mark.parametrize("name", REAL)
def test_nothing_is_good_that_was_not_measured(name):
    text, flaws = verdict({other: own for other, own in REAL.items() if other != name})
    assert set(flaws) <= {"untold", "unmeasured"} and flaws and text.startswith("Fair: ")


def test_every_flaw_has_an_advice_and_the_worst_comes_first():
    assert all(flaw.advice for flaw in FLAWS.values())
    graves = [flaw.grave for flaw in FLAWS.values()]
    assert graves == sorted(graves, reverse=True)
    assert no_samples().flaws == ("unlike",) and no_samples().text.startswith("Poor: ")
