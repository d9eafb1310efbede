"""What section VI of the paper claims, checked against stored runs."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from keras_vabc.experiments.paper import runs as paper
from keras_vabc.pages.markdown import mean_and_deviation

CLAIMS = []


class Claim(NamedTuple):
    """One statement of the paper, the settings it rests on, and its check.

    The check is a function of `Stored` that gives `(holds, evidence)`.
    """

    section: str
    statement: str
    runs: Callable
    check: Callable


def _claim(section, statement, runs):
    """Adds the function that follows to `CLAIMS`, as the check of a statement."""

    def listed(check):
        CLAIMS.append(Claim(section, statement, runs, check))
        return check

    return listed


def _both_moons():
    return paper.moons("moons1") + paper.moons("moons2")


def _moons2():
    return paper.moons("moons2")


def _moons2_over_all():
    return paper.moons("moons2") + paper.moons_sensitivity()


def _of(method, runs):
    return [setting for setting in runs if setting.method == method]


def _both(stored, runs, name, part=None):
    """One figure of the VAE's runs and of V-ABC's, as two arrays."""
    return [stored.values(_of(method, runs), name, part) for method in ("vae", "vabc")]


def _against(vabc, vae, digits=2, unit=""):
    first, second = mean_and_deviation(vabc, digits), mean_and_deviation(vae, digits)
    return f"V-ABC {first}{unit}, VAE {second}{unit}"


@_claim(
    "VI-A",
    "Moons: V-ABC increases the distance of its samples from the negative distribution.",
    _both_moons,
)
def farther(stored):
    evidence, holds = [], True
    for dataset in ("moons1", "moons2"):
        vae, vabc = _both(stored, paper.moons(dataset), "upper_distance")
        holds &= bool((vabc > vae).all())
        evidence.append(f"{dataset}: {_against(vabc, vae)}")
    return holds, "; ".join(evidence) + " (mean distance of the means from the upper moon)"


@_claim(
    "VI-A",
    "Moons1: it also generates fewer outliers on the right side of the lower moon.",
    lambda: paper.moons("moons1"),
)
def fewer_outliers_on_the_right(stored):
    moons1 = paper.moons("moons1")
    vae, vabc = _both(stored, moons1, "sampled_outliers_right")
    text = _against(100 * vabc, 100 * vae, unit=" %")
    everywhere = [100 * shares for shares in _both(stored, moons1, "sampled_outliers")[::-1]]
    text += f" of the sampled data, noise included; everywhere {_against(*everywhere, unit=' %')}"
    return bool(vabc.mean() < vae.mean()), text


@_claim("VI-A", "Moons2: the VAE spans both moons, V-ABC avoids the upper one.", _moons2)
def moons2_avoided(stored):
    vae, vabc = _both(stored, paper.moons("moons2"), "nge_strict")
    text = _against(100 * vabc, 100 * vae, unit=" %")
    return bool(vae.min() > 0.01 and vabc.max() < 0.001), f"{text} of the means nearer the upper"


@_claim("VI-A", "V-ABC's mass moves to the left.", _moons2)
def mass_moves_left(stored):
    vae, vabc = _both(stored, paper.moons("moons2"), "left")
    text = _against(100 * vabc, 100 * vae, unit=" %")
    return bool((vabc > vae).all()), f"{text} of the means at $x_1 < 1$"


@_claim("VI-A", "MNIST: the error is 0.14 % for V-ABC and 8.31 % for the VAE.", paper.fig2)
def error_falls(stored):
    vae, vabc = (100 * errors for errors in _both(stored, paper.fig2(), "nge_paper"))
    strict_vae, strict_vabc = (100 * e for e in _both(stored, paper.fig2(), "nge_strict"))
    holds = vabc.mean() <= 0.30 and abs(vae.mean() - 8.31) <= 5 and (vabc < vae).all()
    text = f"paper's judge: {_against(vabc, vae, unit=' %')}; lower in "
    text += f"{(vabc < vae).sum()} of {len(vabc)} pairs; strict judge: "
    return bool(holds), text + _against(strict_vabc, strict_vae, unit=" %")


@_claim("VI-B", "The field of y = 1 leads to the lower moon: it is weak there.", _moons2)
def field_of_unlabeled(stored):
    runs = _of("vabc", paper.moons("moons2"))
    near, far = stored.values(runs, "field_near"), stored.values(runs, "field_far")
    text = f"mean length {mean_and_deviation(near)} within 0.4 of the lower moon, "
    return bool((near < far).all()), text + f"{mean_and_deviation(far)} elsewhere"


@_claim(
    "VI-B",
    "The field of y = 0 is strong only where the model is confident of the positive concept.",
    _moons2,
)
def field_of_unwanted(stored):
    runs = _of("vabc", paper.moons("moons2"))
    high, low = stored.values(runs, "field_confident"), stored.values(runs, "field_elsewhere")
    text = f"mean length {mean_and_deviation(high)} where exp(-gamma R) > 0.5, "
    return bool((high > 2 * low).all()), text + f"{mean_and_deviation(low)} elsewhere"


@_claim("VI-B", "The negative digit is not on V-ABC's manifold.", paper.fig2)
def clean_manifold(stored):
    evidence, holds = [], True
    for judge in ("paper", "strict"):
        vae, vabc = _both(stored, paper.fig2(), "manifold_negatives", judge)
        holds &= bool(vabc.max() == 0)
        text = _against(100 * vabc, 100 * vae, unit=" %")
        evidence.append(f"{judge} judge: {text}, none in {(vabc == 0).sum()} of {len(vabc)} models")
    return holds, "; ".join(evidence) + " of 400 images are the negative digit"


@_claim("VI-B", "V-ABC reconstructs negatives as other digits, the VAE as themselves.", paper.fig2)
def negatives_change(stored):
    evidence, holds = [], True
    for judge in ("paper", "strict"):
        vae, vabc = _both(stored, paper.fig2(), "negatives_kept", judge)
        holds &= bool(vabc.max() < 0.05 and vae.mean() > 0.5)
        evidence.append(f"{judge} judge: {_against(100 * vabc, 100 * vae, unit=' %')}")
    return holds, "; ".join(evidence) + " of held-out negatives stay negative"


@_claim("VI-B", "Positives are reconstructed as by the VAE.", paper.fig2)
def positives_stay(stored):
    vae, vabc = _both(stored, paper.fig2(), "error_positives")
    ratio = vabc.mean() / vae.mean()
    text = f"squared error per pixel: {_against(vabc, vae, digits=4)}; ratio {ratio:.2f}"
    return bool(ratio <= 1.1), f"{text} (at most 1.1 counts as equal)"


@_claim(
    "VI-B", "The posterior of negatives is nearer the prior than that of positives.", paper.fig2
)
def negatives_near_prior(stored):
    runs = _of("vabc", paper.fig2())
    negatives, positives = stored.values(runs, "kl_negatives"), stored.values(runs, "kl_positives")
    text = f"KL {mean_and_deviation(negatives)} nats for negatives, "
    return bool((negatives < positives).all()), text + f"{mean_and_deviation(positives)} for others"


@_claim("V, Q2", "The latent space is continuous.", paper.fig2)
def continuous(stored):
    vae, vabc = _both(stored, paper.fig2(), "continuity")
    text = f"largest change between neighbours on the grid over [-3, 3]²: {_against(vabc, vae)}"
    return bool(vabc.max() < 1), f"{text}, in units of the mean distance of two random points of it"


@_claim("V, Q2", "It is complete: every latent decodes to a digit.", paper.fig2)
def complete(stored):
    vae, vabc = _both(stored, paper.fig2(), "completeness")
    text = _against(100 * vabc, 100 * vae, unit=" %")
    holds = vabc.mean() >= vae.mean() - 0.05
    return bool(holds), f"{text} of samples are named with a probability above 0.5 (strict judge)"


@_claim("VI-C", "Moons2: results are similar over seeds and p.", _moons2_over_all)
def alike_over_seeds_and_p(stored):
    p = paper.grouped(paper.moons_sensitivity(), "fraction")
    p[0.8] = _of("vabc", paper.moons("moons2"))
    errors = {value: 100 * stored.values(runs, "nge_strict") for value, runs in sorted(p.items())}
    text = "; ".join(f"p = {v:g}: {mean_and_deviation(e)} %" for v, e in errors.items())
    holds = all(e.max() <= 1 for e in errors.values())
    return holds, f"NGE of the means, three seeds each: {text} (at most 1 % counts as similar)"


def _moons_by_gamma(stored, name):
    """Figure of V-ABC on Moons2 by gamma, shape `(gammas, seeds)`, at p = 0.8."""
    runs = paper.grouped(paper.moons_sensitivity(), "fraction")[0.8]
    return np.array([stored.values(own, name) for own in paper.grouped(runs, "gamma").values()])


def _listed(gammas, values):
    pairs = zip(gammas, values, strict=True)
    return ", ".join(f"{mean_and_deviation(v)} at {gamma:g}" for gamma, v in pairs)


@_claim(
    "VI-C",
    "Moons2: the distance from the negative distribution falls as gamma rises.",
    paper.moons_sensitivity,
)
def distance_falls_with_gamma(stored):
    distance = _moons_by_gamma(stored, "upper_distance")
    return bool((np.diff(distance.mean(1)) < 0).all()), _listed(paper.MOONS_GAMMAS, distance)


@_claim("VI-C", "Moons2: a very low gamma distorts the lower moon.", paper.moons_sensitivity)
def low_gamma_distorts(stored):
    distance = _moons_by_gamma(stored, "lower_distance")
    usual = paper.MOONS_GAMMAS.index(1.5)
    text = f"distance of the means from the lower moon: {_listed(paper.MOONS_GAMMAS, distance)}"
    return bool(distance[0].mean() > 2 * distance[usual].mean()), text


def _grouped(stored, runs, field, name="nge_paper"):
    groups = paper.grouped(runs, field)
    return list(groups), [100 * stored.values(settings, name) for settings in groups.values()]


@_claim(
    "VI-C", "MNIST: more unwanted data give a lower error with less variance.", paper.fig9_fractions
)
def more_unwanted_lower_error(stored):
    fractions, errors = _grouped(stored, paper.fig9_fractions(), "fraction")
    means, deviations = [e.mean() for e in errors], [e.std() for e in errors]
    holds = (np.diff(means) < 0).all() and (np.diff(deviations) < 0).all()
    _, strict = _grouped(stored, paper.fig9_fractions(), "fraction", "nge_strict")
    text = f"paper's judge, %: {_listed(fractions, errors)}; strict: {_listed(fractions, strict)}"
    return bool(holds), text


@_claim("VI-C", "MNIST: a gamma above 0.05 gives a higher error.", paper.fig9_gammas)
def higher_gamma_higher_error(stored):
    gammas, errors = _grouped(stored, paper.fig9_gammas(), "gamma")
    means = [e.mean() for e in errors]
    usual = gammas.index(0.05)
    _, strict = _grouped(stored, paper.fig9_gammas(), "gamma", "nge_strict")
    text = f"paper's judge, %: {_listed(gammas, errors)}; strict: {_listed(gammas, strict)}"
    return bool((np.diff(means[usual:]) > 0).all()), text


@_claim(
    "VI-C", "MNIST: a gamma below it is more sensitive to initial conditions.", paper.fig9_gammas
)
def low_gamma_more_variance(stored):
    gammas, errors = _grouped(stored, paper.fig9_gammas(), "gamma")
    low, usual = errors[0], errors[gammas.index(0.05)]
    text = f"standard deviation {low.std():.2f} at {gammas[0]:g}, {usual.std():.2f} at 0.05; "
    text += f"largest {low.max():.2f} and {usual.max():.2f} % (paper's judge)"
    return bool(low.std() > usual.std()), text


@_claim(
    "IV-B",
    "As gamma goes to infinity, V-ABC becomes the VAE on the unlabeled fold.",
    _moons2_over_all,
)
def infinite_gamma_is_the_vae(stored):
    name = "nge_strict"
    vabc, vae = _moons_by_gamma(stored, name)[-1], _both(stored, paper.moons("moons2"), name)[0]
    text = f"Moons2: {_against(100 * vabc, 100 * vae, unit=' %')}, V-ABC at gamma = "
    text += f"{paper.MOONS_GAMMAS[-1]:g}"
    return bool(abs(vabc.mean() - vae.mean()) <= 0.02), f"{text} (within 2 points counts as equal)"


@_claim("VII", "Annealing gives better performance.", paper.ablation_runs)
def annealing_helps(stored):
    errors = {
        name: 100 * stored.values(runs, "nge_paper") for name, runs in paper.ablation().items()
    }
    usual = errors["as in the paper"].mean()
    others = [e.mean() for name, e in errors.items() if "annealing" in name]
    text = "; ".join(f"{name}: {mean_and_deviation(e)} %" for name, e in errors.items())
    return bool(usual < min(others)), f"'8', paper's judge: {text}"
