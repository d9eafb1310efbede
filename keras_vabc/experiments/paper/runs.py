"""The runs behind every table, figure and claim of the paper."""

import dataclasses
from pathlib import Path

import numpy as np

from keras_vabc.data.datasets.named_folds import load_folds
from keras_vabc.experiments.paper.settings import METHODS, folds_of, paper_setting
from keras_vabc.recipes.results import result_line
from keras_vabc.recipes.settings import key_of
from keras_vabc.recipes.sweep import Job
from keras_vabc.version import __version__

DIGITS = (1, 7, 8)
SEEDS = (0, 1, 2)
FRACTIONS = (0.1, 0.2, 0.3)
GAMMAS = (0.005, 0.05, 0.25, 1.0, 4.0)
MOONS_GAMMAS = (0.02, 0.15, 0.5, 1.5, 4.0, 1000.0)
MOONS_FRACTIONS = (0.2, 0.5)  # beside Moons2's own 0.8
JUDGE_SEEDS = (0, 1, 2)


def measured_setting(setting, saved_models, arrays):
    """Trains and measures; leaves what pictures need, and the SavedModel of a headline run."""
    from keras_vabc.experiments.paper.measure import measure  # in workers alone: TensorFlow

    names = {setting: name for name, setting in headline().items()}
    return measure(
        setting,
        judge_seeds=JUDGE_SEEDS if setting in fig2() else JUDGE_SEEDS[:1],
        arrays=Path(arrays, f"{setting.key}.npz") if setting in drawn() else None,
        saved_model=Path(saved_models, names[setting]) if setting in names else None,
    )


def measured_judges(negative_class, judge_seed, arrays):
    """Trains both judges of MNIST, or loads them; the result line of real data under them."""
    from keras_vabc.experiments.paper.measure import evaluation_of

    setting = paper_setting("vabc", "mnist", negative_class)
    figures = evaluation_of(folds_of(setting), judge_seed).real()
    return {**result_line(setting, "real", figures, None), "judge_seed": judge_seed}


def measured_counts(dataset, negative_class, fraction, arrays):
    """Splits the data, trains nothing; the sizes of the folds, one row of Table I."""
    row = {"negative_class": negative_class, "fraction": fraction}
    folds = load_folds(dataset, **row, seed=SEEDS[0])
    labels = np.concatenate([folds.unlabeled_labels, folds.unwanted_labels])
    negatives = int((labels == folds.negative_class).sum())
    return {
        "method": "counts",
        "dataset": dataset,
        **row,
        "positives": len(labels) - negatives,
        "negatives": negatives,
        "unlabeled": len(folds.unlabeled),
        "unwanted": len(folds.unwanted),
    }


def measured_real_moons(dataset, arrays):
    """Measures real held-out positives of a Moons data set, as a yardstick; the result line."""
    from keras_vabc.experiments.paper.moons_measures import real_moons_figures

    setting = paper_setting("vabc", dataset, seed=SEEDS[0])
    return result_line(setting, "real", real_moons_figures(folds_of(setting)), None)


def trainings(settings, saved_models="saved_models"):
    """One `Job` for each setting, under the setting's own key."""
    settings = dict.fromkeys(settings)
    return [Job(s.key, measured_setting, (s, saved_models)) for s in settings]


def table1():
    """Jobs for the rows of Table I."""
    rows = [("moons1", 0, 1.0), ("moons2", 0, 0.8)]
    rows += [("mnist", digit, p) for digit in DIGITS for p in FRACTIONS]
    return [Job(_hash("counts", *row), measured_counts, row) for row in rows]


def fig2(digits=DIGITS):
    """VAE against V-ABC on MNIST, three digits and three seeds."""
    return [
        paper_setting(method, "mnist", digit, 0.2, seed)
        for seed in SEEDS
        for digit in digits
        for method in METHODS
    ]


def fig9_fractions():
    """V-ABC by the share of negatives that is known to be unwanted."""
    return _varied(_vabc_of_fig2(), "fraction", FRACTIONS)


def fig9_gammas():
    """V-ABC by gamma."""
    return _varied(_vabc_of_fig2(), "gamma", GAMMAS)


def ablation():
    """V-ABC on '8' without one annealing, without both, and with gamma = 1 (ABC's weighting)."""
    base = [paper_setting("vabc", "mnist", 8, 0.2, seed) for seed in SEEDS]
    changes = {
        "as in the paper": {},
        "no gamma annealing": {"anneal_gamma": False},
        "no KL annealing": {"anneal_kl": False},
        "no annealing": {"anneal_gamma": False, "anneal_kl": False},
        "gamma = 1": {"gamma": 1.0},
    }
    return {
        name: [dataclasses.replace(setting, **change) for setting in base]
        for name, change in changes.items()
    }


def ablation_runs():
    """The settings of all variants of the ablation."""
    return [setting for settings in ablation().values() for setting in settings]


def moons(dataset, literal=False):
    """VAE and V-ABC on Moons over seeds, in the setting of the pictures or in the literal one."""
    settings = [paper_setting(method, dataset, seed=seed) for seed in SEEDS for method in METHODS]
    if literal:
        change = {"sigma2": 1.0, "gamma": 3.0, "penalty_weight": 1.0}
        settings = [dataclasses.replace(setting, **change) for setting in settings]
    return settings


def all_moons():
    """VAE and V-ABC on both Moons data sets in both settings."""
    return [
        setting
        for dataset in ("moons2", "moons1")
        for literal in (False, True)
        for setting in moons(dataset, literal)
    ]


def moons_sensitivity():
    """V-ABC on Moons2 by gamma and by fraction, over seeds."""
    base = [paper_setting("vabc", "moons2", seed=seed) for seed in SEEDS]
    gammas = [
        dataclasses.replace(setting, gamma_start=max(setting.gamma_start, setting.gamma))
        for setting in _varied(base, "gamma", MOONS_GAMMAS)
    ]
    return gammas + _varied(base, "fraction", MOONS_FRACTIONS)


def eights():
    """The runs of Figs. 6 to 8: VAE and V-ABC on MNIST with negative concept 8, first seed."""
    return [paper_setting(method, "mnist", 8, 0.2, SEEDS[0]) for method in METHODS]


def drawn():
    """Settings whose arrays are kept for pictures."""
    return eights() + [setting for setting in all_moons() if setting.seed == SEEDS[0]]


def headline():
    """Settings whose models are shipped, by the name of their SavedModel."""
    digits = {f"mnist-{digit}": paper_setting("vabc", "mnist", digit) for digit in DIGITS}
    return {"moons2": paper_setting("vabc", "moons2"), **digits}


def judges(digits=DIGITS[::-1], seeds=JUDGE_SEEDS):
    """Jobs for the judges of Fig. 2 and of all other runs on MNIST."""
    pairs = [(digit, seed) for digit in digits for seed in seeds]
    return [Job(_hash("judges", *pair), measured_judges, pair) for pair in pairs]


def real_moons(datasets=("moons1", "moons2")):
    """Jobs for real points of Moons data sets."""
    return [Job(_hash("real", dataset), measured_real_moons, (dataset,)) for dataset in datasets]


def all_runs(saved_models="saved_models"):
    """Every run of the paper once: the judges, which others wait for, then Fig. 2."""
    settings = [
        *fig2(),
        *all_moons(),
        *fig9_fractions(),
        *fig9_gammas(),
        *ablation_runs(),
        *moons_sensitivity(),
    ]
    return [*table1(), *real_moons(), *judges(), *trainings(settings, saved_models)]


def grouped(settings, name):
    """Settings by the value of one of their fields."""
    groups = {}
    for setting in settings:
        groups.setdefault(getattr(setting, name), []).append(setting)
    return groups


def _vabc_of_fig2():
    return grouped(fig2(), "method")["vabc"]


def _varied(settings, name, values):
    return [dataclasses.replace(one, **{name: value}) for value in values for one in settings]


def _hash(*parts):
    return key_of(" ".join(str(part) for part in (*parts, __version__)))
