"""What section VI of the paper claims, checked against stored runs."""

from collections.abc import Callable
from typing import NamedTuple

from keras_vabc.experiments.paper import claim_checks as checks
from keras_vabc.experiments.paper import runs as paper


class Claim(NamedTuple):
    """One statement of the paper.

    Attributes:
        section: Where the paper says it.
        statement: What it says.
        runs: Function that lists the settings it rests on.
        check: Function of `Stored` that gives `(holds, evidence)`.
    """

    section: str
    statement: str
    runs: Callable
    check: Callable


def _ablation_runs():
    return [setting for settings in paper.ablation().values() for setting in settings]


def _both_moons():
    return paper.moons("moons1") + paper.moons("moons2")


def _moons2():
    return paper.moons("moons2")


def _moons2_over_all():
    return paper.moons("moons2") + paper.moons_sensitivity()


CLAIMS = (
    Claim(
        "VI-A",
        "Moons: V-ABC increases the distance of its samples from the negative distribution.",
        _both_moons,
        checks.farther,
    ),
    Claim(
        "VI-A",
        "Moons1: it also generates fewer outliers on the right side of the lower moon.",
        lambda: paper.moons("moons1"),
        checks.fewer_outliers_on_the_right,
    ),
    Claim(
        "VI-A",
        "Moons2: the VAE spans both moons, V-ABC avoids the upper one.",
        _moons2,
        checks.moons2_avoided,
    ),
    Claim("VI-A", "V-ABC's mass moves to the left.", _moons2, checks.mass_moves_left),
    Claim(
        "VI-A",
        "MNIST: the error is 0.14 % for V-ABC and 8.31 % for the VAE.",
        paper.fig2,
        checks.error_falls,
    ),
    Claim(
        "VI-B",
        "The field of y = 1 leads to the lower moon: it is weak there.",
        _moons2,
        checks.field_of_unlabeled,
    ),
    Claim(
        "VI-B",
        "The field of y = 0 is strong only where the model is confident of the positive concept.",
        _moons2,
        checks.field_of_unwanted,
    ),
    Claim(
        "VI-B", "The negative digit is not on V-ABC's manifold.", paper.fig2, checks.clean_manifold
    ),
    Claim(
        "VI-B",
        "V-ABC reconstructs negatives as other digits, the VAE as themselves.",
        paper.fig2,
        checks.negatives_change,
    ),
    Claim("VI-B", "Positives are reconstructed as by the VAE.", paper.fig2, checks.positives_stay),
    Claim(
        "VI-B",
        "The posterior of negatives is nearer the prior than that of positives.",
        paper.fig2,
        checks.negatives_near_prior,
    ),
    Claim("V, Q2", "The latent space is continuous.", paper.fig2, checks.continuous),
    Claim("V, Q2", "It is complete: every latent decodes to a digit.", paper.fig2, checks.complete),
    Claim(
        "VI-C",
        "Moons2: results are similar over seeds and p.",
        _moons2_over_all,
        checks.alike_over_seeds_and_p,
    ),
    Claim(
        "VI-C",
        "Moons2: the distance from the negative distribution falls as gamma rises.",
        paper.moons_sensitivity,
        checks.distance_falls_with_gamma,
    ),
    Claim(
        "VI-C",
        "Moons2: a very low gamma distorts the lower moon.",
        paper.moons_sensitivity,
        checks.low_gamma_distorts,
    ),
    Claim(
        "VI-C",
        "MNIST: more unwanted data give a lower error with less variance.",
        paper.fig9_fractions,
        checks.more_unwanted_lower_error,
    ),
    Claim(
        "VI-C",
        "MNIST: a gamma above 0.05 gives a higher error.",
        paper.fig9_gammas,
        checks.higher_gamma_higher_error,
    ),
    Claim(
        "VI-C",
        "MNIST: a gamma below it is more sensitive to initial conditions.",
        paper.fig9_gammas,
        checks.low_gamma_more_variance,
    ),
    Claim(
        "IV-B",
        "As gamma goes to infinity, V-ABC becomes the VAE on the unlabeled fold.",
        _moons2_over_all,
        checks.infinite_gamma_is_the_vae,
    ),
    Claim("VII", "Annealing gives better performance.", _ablation_runs, checks.annealing_helps),
)
