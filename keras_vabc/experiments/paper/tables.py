"""The tables of the results page, in Markdown, from stored result lines alone."""

import numpy as np

from keras_vabc.experiments.paper import runs as paper
from keras_vabc.experiments.paper.settings import METHODS
from keras_vabc.pages.markdown import markdown, mean_and_deviation

TITLES = {"vae": "VAE", "vabc": "V-ABC", "real": "real"}
ROW_OF_TABLE1 = ("dataset", "negative_class", "fraction")
TABLE1_OF_THE_PAPER = {  # unlabeled, unwanted
    ("moons1", 0, 1.0): (5000, 5000),
    ("moons2", 0, 0.8): (5983, 4017),
    ("mnist", 1, 0.1): (59328, 672),
    ("mnist", 1, 0.2): (58686, 1314),
    ("mnist", 1, 0.3): (57986, 2014),
    ("mnist", 7, 0.1): (59375, 625),
    ("mnist", 7, 0.2): (58777, 1223),
    ("mnist", 7, 0.3): (58125, 1875),
    ("mnist", 8, 0.1): (59414, 586),
    ("mnist", 8, 0.2): (58858, 1142),
    ("mnist", 8, 0.3): (58276, 1724),
}
METRICS = {
    "fid": "FID*",
    "precision": "precision",
    "recall": "recall",
    "density": "density",
    "coverage": "coverage",
    "class_balance": "class balance",
}
PLACES = {
    "upper_distance": "distance from the upper moon",
    "lower_distance": "from the lower moon",
    "left": "on the left",
    "spread": "spread",
}


def table1(stored):
    """Table I: sizes of the folds beside the paper's."""
    rows = []
    for line in stored.lines(paper.table1()):
        dataset, negative_class, fraction = row = tuple(line[name] for name in ROW_OF_TABLE1)
        theirs = TABLE1_OF_THE_PAPER[row]
        rows.append(
            [
                dataset,
                negative_class,
                f"{fraction:g}",
                line["positives"],
                line["negatives"],
                f"{line['unlabeled']} ({theirs[0]})",
                f"{line['unwanted']} ({theirs[1]})",
                f"{deviation(line, theirs[1]):+.1f}",
            ]
        )
    head = ["data set", "class", "p", "⊕", "⊖", "unlabeled", "unwanted", "standard deviations"]
    return markdown(head, rows)


def deviation(line, unwanted):
    """How far two counts of unwanted examples lie apart, in standard deviations of one draw."""
    n, p = line["negatives"], line["fraction"]
    standard_deviation = np.sqrt(n * p * (1 - p))
    difference = line["unwanted"] - unwanted
    return difference / standard_deviation if difference else 0.0


def fig2(stored):
    """Both errors of Fig. 2 over all its runs, and every figure that an error needs beside it."""
    rows = [
        [TITLES[method], len(runs), *_errors(stored, runs), *_figures(stored, runs, METRICS)]
        for method, runs in _fig2_runs().items()
    ]
    return markdown(["", "runs", "paper's judge, %", "strict judge, %", *METRICS.values()], rows)


def fig2_digits(stored):
    """Both errors of Fig. 2 by digit."""
    rows = []
    for digit in paper.DIGITS:
        for method, runs in _fig2_runs([digit]).items():
            rows.append([digit, TITLES[method], *_errors(stored, runs)])
    return markdown(["digit", "", "paper's judge, %", "strict judge, %"], rows)


def moons(stored):
    """What the paper shows on Moons in pictures alone, by the exact densities."""
    rows = []
    for dataset in ("moons1", "moons2"):
        for literal in (False, True):
            for method in METHODS:
                runs = [s for s in paper.moons(dataset, literal) if s.method == method]
                setting = f"sigma2 = {runs[0].sigma2:g}"
                setting += f", gamma = {runs[0].gamma:g}" * (method == "vabc")
                rows.append([dataset, TITLES[method], setting, *_of_moons(stored, runs)])
        real = _of_moons(stored, paper.real_moons([dataset]))
        rows.append([dataset, TITLES["real"], "", *real])
    return markdown(["", "", "setting", *_HEAD_OF_MOONS], rows)


def moons_sensitivity(stored):
    """V-ABC on Moons2 by gamma and by p."""
    runs = paper.moons_sensitivity()
    base = [s for s in paper.moons("moons2") if s.method == "vabc"]
    rows = []
    for gamma in paper.MOONS_GAMMAS:
        chosen = [s for s in runs if s.gamma == gamma and s.fraction == base[0].fraction]
        rows.append([f"{gamma:g}", f"{base[0].fraction:g}", *_of_moons(stored, chosen)])
    for fraction in paper.MOONS_FRACTIONS:
        chosen = [s for s in runs if s.fraction == fraction]
        rows.append([f"{base[0].gamma:g}", f"{fraction:g}", *_of_moons(stored, chosen)])
    return markdown(["gamma", "p", *_HEAD_OF_MOONS], rows)


def fig9(stored):
    """Both errors of V-ABC by p and by gamma."""
    rows = []
    for name, runs in {"fraction": paper.fig9_fractions(), "gamma": paper.fig9_gammas()}.items():
        for value, chosen in paper.grouped(runs, name).items():
            label = f"{'p' if name == 'fraction' else name} = {value:g}"
            rows.append(_error_row(stored, label, chosen))
    return markdown(_HEAD_OF_ERRORS, rows)


def ablation(stored):
    """Both errors of V-ABC on '8' with one thing changed at a time."""
    rows = [_error_row(stored, name, runs) for name, runs in paper.ablation().items()]
    return markdown(_HEAD_OF_ERRORS, rows)


def judges(stored):
    """Accuracy of every judge, and its errors on real held-out positives."""
    rows = []
    for line in stored.lines(paper.judges()):
        row = [line["negative_class"], line["judge_seed"]]
        row += [f"{100 * line['judges'][judge]:.2f}" for judge in ("paper", "strict")]
        row += [f"{100 * line[name]:.2f}" for name in ("nge_paper", "nge_strict")]
        rows.append(row)
    head = ["digit", "seed", "paper's judge: accuracy, %", "strict judge: accuracy, %"]
    return markdown([*head, "paper's judge: NGE, %", "strict judge: NGE, %"], rows)


def judge_spread(stored):
    """The errors of Fig. 2's samples under judges of several seeds."""
    rows = []
    for method, runs in _fig2_runs().items():
        if method == "real":
            continue
        for name, title in (("nge_paper", "paper's"), ("nge_strict", "strict")):
            errors = judge_errors(stored, runs, name)
            moved = errors.max(1) - errors.min(1)
            row = [TITLES[method], title, *(f"{value:.2f}" for value in errors.mean(0))]
            rows.append([*row, f"{moved.mean():.2f}", f"{moved.max():.2f}"])
    seeds = [f"seed {seed}" for seed in paper.JUDGE_SEEDS]
    return markdown(["", "judge", *seeds, "range of one model, mean", "largest"], rows)


def judge_errors(stored, runs, name):
    """Errors in percent, shape `(runs, judge seeds)`."""
    lines = stored.lines(runs)
    return 100 * np.array([[judge[name] for judge in line["judge_seeds"]] for line in lines])


_HEAD_OF_MOONS = [
    "NGE of means, %",
    "of sampled data, %",
    "outliers of means, %",
    "of sampled data, %",
    *PLACES.values(),
]
_HEAD_OF_ERRORS = [
    "",
    "runs",
    "paper's judge, %",
    "largest",
    "strict judge, %",
    "largest",
    "FID*",
    "coverage",
    "class balance",
]


def _fig2_runs(digits=paper.DIGITS):
    by_method = paper.grouped(paper.fig2(digits), "method")
    return {**by_method, "real": paper.judges(digits, paper.JUDGE_SEEDS[:1])}


def _errors(stored, runs):
    names = ("nge_paper", "nge_strict")
    return [mean_and_deviation(100 * stored.values(runs, name)) for name in names]


def _figures(stored, runs, names):
    return [mean_and_deviation(stored.values(runs, name)) for name in names]


def _of_moons(stored, runs):
    shares = ("nge_strict", "sampled_nge", "outliers", "sampled_outliers")
    cells = [mean_and_deviation(100 * stored.values(runs, name)) for name in shares]
    return cells + _figures(stored, runs, PLACES)


def _error_row(stored, label, runs):
    cells = [label, len(runs)]
    for name in ("nge_paper", "nge_strict"):
        values = 100 * stored.values(runs, name)
        cells += [mean_and_deviation(values), f"{values.max():.2f}"]
    return cells + _figures(stored, runs, ("fid", "coverage", "class_balance"))
