"""The choice of a gamma from what `tune` measured, its table and its picture."""

import numpy as np

from keras_vabc import plots
from keras_vabc.pages.console import print_table, say
from keras_vabc.pages.markdown import markdown
from keras_vabc.pages.page import Table
from keras_vabc.recipes.results_folder import write_result

TOLERANCE = 1.1  # up to so many times the least error on positives a gamma may be chosen
MEANS = ("nge_estimated", "nge_estimated_error", "positive_error", "unwanted_error")
MEANS += ("auc", "penalty_weight", "seconds")
HEAD = ("gamma", "negatives among samples, %", "R of positives", "R of unwanted")
HEAD += ("AUC of the score", "seconds")
PANELS = {
    "nge_estimated": "negatives among samples, by the judge",
    "positive_error": "R of held-out positives",
}


def choose(lines):
    """The mean figures, as in `by_gamma`, of the gamma to use by the rule that `tune` states.

    A gamma of which a training diverged is not chosen; a `RuntimeError` if that leaves none.
    """
    rows = [row for row in by_gamma(lines) if row["gamma"] is not None]
    rows = [row for row in rows if None not in (row["nge_estimated"], row["positive_error"])]
    if not rows:
        raise RuntimeError(
            "Of every gamma a training has diverged: its figures are not finite. More examples, or "
            "other epochs, may help."
        )
    limit = TOLERANCE * min(row["positive_error"] for row in rows)
    good = [row for row in rows if row["positive_error"] <= limit]
    least = min(good, key=lambda row: row["nge_estimated"])
    bar = least["nge_estimated"] + least["nge_estimated_error"]
    return max((r for r in good if r["nge_estimated"] <= bar), key=lambda row: row["gamma"])


def by_gamma(lines, names=MEANS):
    """Mean figures over seeds, one dict for each gamma, rising; last the VAE, of gamma `None`.

    A figure that one of the trainings lacks, or that is not finite in it, is `None`. The standard
    error of the estimated share is the one over seeds where that is larger than the one over
    samples.
    """
    groups = {}
    for line in lines:
        groups.setdefault(None if line["method"] == "vae" else line["gamma"], []).append(line)
    rows = []
    for gamma in sorted(groups, key=lambda gamma: np.inf if gamma is None else gamma):
        group = groups[gamma]
        row = {"gamma": gamma, "sigma2": group[0]["sigma2"], "runs": len(group)}
        row |= {name: _mean([line[name] for line in group]) for name in names}
        if row["nge_estimated"] is not None and len(group) > 1:
            estimates = [line["nge_estimated"] for line in group]
            over_seeds = float(np.std(estimates, ddof=1) / len(group) ** 0.5)
            row["nge_estimated_error"] = max(row["nge_estimated_error"] or 0.0, over_seeds)
        rows.append(row)
    return rows


def _mean(values):
    mean = np.mean(np.array(values, "float64"))  # which makes None a NaN
    return float(mean) if np.isfinite(mean) else None


def report(out, lines, chosen, console):
    """Writes `README.md` and `tune.png` of what `choose` chose, and prints the table."""
    rows, judge = by_gamma(lines), chosen["judge"]
    cells = [_cells(row, row["gamma"] == chosen["gamma"]) for row in rows]
    print_table(console, None, Table(list(HEAD), cells))
    advice = (
        f"Chosen: sigma2 = {chosen['sigma2']:g}, gamma = {chosen['gamma']:g}, penalty_weight = "
        f"{chosen['penalty_weight']:.3g}."
    )
    trust = (
        f"The judge puts the share of hidden negatives at {100 * judge['negative_share']:.1f} % "
        f"and finds {100 * judge['recall']:.0f} % of the unwanted examples that it was not trained "
        "on. What it tells of samples ranks gammas; it is no measurement of the error."
    )
    write_result(out, "tune.png", plots.png_bytes(picture(rows, chosen["gamma"], PANELS)))
    parts = ["# Gamma, chosen without labels", advice, trust, markdown(HEAD, cells)]
    parts.append("![Share of negatives among samples, and error on positives](tune.png)")
    write_result(out, "README.md", ("\n\n".join(parts) + "\n").encode())
    say(console, f"{advice} {trust}")
    say(console, f"The pictures are in {out / 'README.md'}.")


def picture(rows, chosen, panels):
    """A picture of the rows of `by_gamma`: a panel for each figure that has a label."""
    figure, axes = plots.panels(len(panels), size=4)
    gammas = [row["gamma"] for row in rows[:-1]]
    for ax, (name, label) in zip(axes, panels.items(), strict=True):
        values = np.array([row[name] for row in rows], "float64")
        plots.by_gamma(gammas, values[:-1], values[-1], chosen, label, ax=ax)
    return figure


def _cells(row, chosen):
    return [
        "VAE" if row["gamma"] is None else f"{row['gamma']:g}{' (chosen)' * chosen}",
        f"{_shown(row['nge_estimated'], '.2%')} ± {_shown(row['nge_estimated_error'], '.2%')}",
        _shown(row["positive_error"], ".2f"),
        _shown(row["unwanted_error"], ".2f"),
        _shown(row["auc"], ".3f"),
        _shown(row["seconds"], ".0f"),
    ]


def _shown(value, form):
    return "–" if value is None else format(value, form).rstrip("%")
