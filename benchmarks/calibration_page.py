"""The page of `calibration.py`: what holds of the figures that a classifier states of itself."""

import numpy as np
from scipy.stats import beta

from keras_vabc.evaluation.metrics import observed_rate
from keras_vabc.nu.separability import APART, TOLD
from keras_vabc.pages.markdown import markdown

CHOSEN = 1, 2, 3  # seeds on which settings were chosen
FEW = 5, 10, 20, 50  # known anomalies, of which moving must not lose much
EXCESS = 1.5  # times what was asked for, up to which a threshold holds
NEAR = 1.3
HEAD = """# Do the figures hold that a classifier states about itself?

`NUClassifier` on {sets} sets of ADBench, seeds {seeds}: {cells} cells of a set, a seed, and 5, 10,
20, 50 or a fifth of the training anomalies known; all others hide among the unlabeled rows. Nothing
that is stated reads a label of these: the labels measure. Settings were chosen on the seeds
{chosen}, where the trees' bags were mended too, on seed 1; {fresh}

`python benchmarks/calibration.py` measures what [results.jsonl](results.jsonl) lacks and draws this
page ({date}, keras_vabc {version}). In parentheses: 95 % intervals by the number of cells, which
are not independent where they share a set.
"""
GOALS = """## Against what was asked for

{table}

*Claimed* are the cells whose lower bound of the area under the ROC curve, told without labels, is
at least {apart}, at the low end of the share's interval at least {least}: only there the share is
stated as a number, elsewhere as "at most" or "can't tell". With 5 known anomalies hardly any cell
can claim it, as the bound takes off .1 at least; to claim more would make the intervals of the
claimed wider still. Nothing was tuned to these lines.
"""
GROUPS = """## By the number of known anomalies

{table}

*Width* is that of the interval of the share over the true share, the median of the claimed cells. A
threshold *holds* where at most {excess} times the false alarms asked for were found among all
wanted rows of the unlabeled and the test part, or where no more are proven (Clopper-Pearson).
*Recall* is that of the hidden and test anomalies at the threshold, beside what the best threshold
of so many false alarms has. *Wanted lost* is the share of the wanted unlabeled rows that moving
puts among the unwanted, on average over all cells and in the worst.
"""


def page(lines):
    """The page as Markdown, of the lines of `calibration.py`."""
    seeds = sorted({line["seed"] for line in lines})
    fresh = [seed for seed in seeds if seed not in CHOSEN]
    told = "no other seed is measured yet."
    if fresh:
        told = (
            f"the seeds {_listed(fresh)} are fresh: {sum(x['seed'] in fresh for x in lines)} cells."
        )
    last = max(lines, key=lambda line: line["date"])
    facts = {"sets": len({x["dataset"] for x in lines}), "cells": len(lines), "fresh": told}
    facts |= {"seeds": _listed(seeds), "chosen": _listed(CHOSEN), "date": last["date"]}
    head = HEAD.format(**facts, version=last["versions"]["keras_vabc"])
    goals = GOALS.format(table=_goals(lines), apart=APART, least=TOLD)
    return "\n".join([head, goals, GROUPS.format(table=_groups(lines), excess=EXCESS)])


def figures(lines):
    """What holds in a group of cells, by name: `(share of cells, their number)` or one number."""
    sure = [x for x in lines if x["apart"]]
    able = [x for x in lines if x["auc"] >= APART]
    acting = [x for x in lines if x["moved"]]
    lost = [x["wanted_lost"] for x in lines]
    found = {
        "covers": [x["low"] <= x["share"] <= x["high"] for x in lines],
        "near": [1 / NEAR <= x["estimate"] / x["share"] <= NEAR for x in sure],
        "claims": [x["apart"] for x in able],
        "wrong": [x["auc"] < APART for x in sure],
        "moved held": [
            x["stated_wanted"][0] <= x["wanted"] <= x["stated_wanted"][2] for x in acting
        ],
    }
    for place, asked in enumerate(("1 %", "5 %")):
        own = [x["alarms"][place] for x in lines]
        found[f"holds at {asked}"] = [_holds(x) for x in own]
        rates = [x["flagged"] / x["wanted"] for x in own]
        found[f"stated at {asked}"] = [
            x["stated"][0] <= rate <= x["stated"][2] for x, rate in zip(own, rates, strict=True)
        ]
        for name in ("recall", "best_recall"):
            found[f"{name} at {asked}"] = float(np.mean([x[name] for x in own]))
    widths = [(x["high"] - x["low"]) / x["share"] for x in sure]
    found["width"] = float(np.median(widths)) if sure else None
    found["lost"], found["worst"] = float(np.mean(lost)), float(np.max(lost))
    found["left"] = float(np.mean([x["hidden_left"] for x in acting])) if acting else None
    return found


def _holds(alarms):
    flagged, wanted, most = alarms["flagged"], alarms["wanted"], EXCESS * alarms["asked"]
    least = beta.ppf(0.025, flagged, wanted - flagged + 1) if flagged else 0.0
    return flagged / wanted <= most or least < most


def _goals(lines):
    few = [line for line in lines if line["known"] in FEW]
    own, small = figures(lines), figures(few) if few else figures(lines)
    rows = [
        ["interval of the share covers", "≥ 93 %", own["covers"], 0.93],
        [f"estimate within {NEAR} x, of the claimed", "≥ 65 %", own["near"], 0.65],
        ["claimed, of the cells of true area ≥ .9", "≥ 80 %", own["claims"], 0.8],
        ["threshold at 1 % holds", "≥ 95 %", own["holds at 1 %"], 0.95],
        ["threshold at 5 % holds", "≥ 95 %", own["holds at 5 %"], 0.95],
    ]
    rows = [[*row[:2], _rate(row[2]), _verdict(_mean(row[2]) >= row[3])] for row in rows]
    width, lost, worst = own["width"] or np.inf, small["lost"], small["worst"]
    counts = len([x for x in lines if x["apart"]]), len(few)
    rows += [
        ["width of the interval over the share, claimed, median", "≤ .8"]
        + [f"{width:.2f} (n = {counts[0]})", _verdict(width <= 0.8)],
        ["wanted rows lost by moving, 5 to 50 known, mean", "≤ .3 %"]
        + [f"{lost:.2%} (n = {counts[1]})", _verdict(lost <= 0.003)],
        ["wanted rows lost by moving, 5 to 50 known, worst", "≤ 4 %"]
        + [f"{worst:.1%} (n = {counts[1]})", _verdict(worst <= 0.04)],
        ["claimed though the true area is below .9", "", _rate(own["wrong"]), ""],
        ["wanted among the moved within its interval", "", _rate(own["moved held"]), ""],
        ["false alarms stated at 1 % cover", "", _rate(own["stated at 1 %"]), ""],
        ["false alarms stated at 5 % cover", "", _rate(own["stated at 5 %"]), ""],
    ]
    return markdown(["", "asked for", "found", ""], rows)


def _groups(lines):
    head = ["known", "cells", "covers", "claimed", "width", "1 % holds", "recall (best)"]
    head += [
        "5 % holds",
        "recall (best)",
        "wanted lost, mean",
        "worst",
        "hidden left, where it moves",
    ]
    rows = []
    for known in [*FEW, "fifth", None]:
        group = [x for x in lines if known in (x["known"], None)]
        if not group:
            continue
        own = figures(group)
        row = ["all" if known is None else str(known), str(len(group)), _rate(own["covers"])]
        row += [_rate(own["claims"]), _number(own["width"])]
        for asked in ("1 %", "5 %"):
            recalls = [f"{own[f'{name} at {asked}']:.2f}" for name in ("recall", "best_recall")]
            row += [_rate(own[f"holds at {asked}"]), f"{recalls[0]} ({recalls[1]})"]
        rows.append([*row, f"{own['lost']:.2%}", f"{own['worst']:.1%}", _number(own["left"])])
    return markdown(head, rows)


def _rate(outcomes):
    if not len(outcomes):
        return "–"
    rate = observed_rate(np.array(outcomes))
    return f"{rate.value:.1%} ({rate.low:.0%} to {rate.high:.0%})"


def _mean(outcomes):
    return np.mean(outcomes) if len(outcomes) else 0.0


def _verdict(reached):
    return "reached" if reached else "**missed**"


def _number(value):
    return "–" if value is None else f"{value:.2f}"


def _listed(numbers):
    return ", ".join(map(str, numbers))
