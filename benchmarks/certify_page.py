"""The page of `certify.py`: tables and a picture of its stored lines."""

import json
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from keras_vabc.evaluation.metrics import wilson_rate
from keras_vabc.files.writing import write_whole
from keras_vabc.pages.markdown import markdown
from keras_vabc.plots import png_bytes

METHODS = {  # in the order of the page: what each is
    "fixed": "fixed plan: all n reviewed, first attempt",
    "any time": "at any time: must hold at every moment up to n",
    "fixed or left": "fixed plan, left as soon as that suits",
    "attempts": "lowest of 5 fixed plans, attempts counted",
    "attempts or left": "5 fixed plans, each left as soon as that suits",
    "fixed, of what would be flagged": "fixed plan, reviewer misses some: what would be flagged",
    "strata": "two strata of the guard's score, whatever it tells",
    "remaining": "how many remain unseen (two-sided)",
    "planted": "divided by the sensitivity, from planted items",
    "guard": "with the guard's help",
    "uncorrected": "the mistake: fixed plan's formula, stopped when it suits",
    "uncounted attempts": "the mistake: lowest of 5 fixed plans, each at 5 %",
}
SEES_ALL = "fixed", "holds"  # of the reviewers who may miss some: as without assumption
NEEDS = {"holds": "holds", "broken": "**broken**", None: ""}
SHOWN = {"fixed": "C0", "any time": "C1"}


EYE = """\
## A reviewer who misses some

1,000 reviewed. Without planted items the bound is one of the share that *this reviewer would flag*,
which is the truth for one who sees all. Planted items mend that where they are as easy to see as
unwanted ones that were generated; where they are easier, they hide what is missed.
"""
GUARD = """\
## With the guard's help

The concept has kinds, from easy to tell to hard. The held-out unwanted examples are of all of them,
of the easiest fifth, or of the hardest fifth. 300 unguarded samples were reviewed; nothing found
among 300 guarded ones says 0.99 % at the same error. A corner of easy ones breaks the assumption,
and the bound. The bounds without assumption use no label: corners don't touch them.
"""
STRATA = """\
## More from where the guard is suspicious

Half of the n from the tenth of samples with the highest scores, half from the rest; beside it the
median bound of n samples drawn without strata (medians of 100 deployments). It holds whatever the
score tells. It is lower only where much is found and nearly all of it in the top: by a twentieth at
5 % unwanted, 90 % of them in the top, n = 1,000. With nothing found no design beats 3/n.
"""


def render(folder):
    """Writes `README.md` and `coverage.png` from the `results.jsonl` of a folder."""
    lines = read(folder / "results.jsonl")
    write_whole(folder / "coverage.png", png_bytes(picture(lines)))
    write_whole(folder / "README.md", page(lines, read(folder / "mnist.jsonl")).encode())


def read(path):
    """The lines of a file; none where there is none."""
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def page(lines, certified=()):
    """Markdown of simulated cells, and of what was certified in earnest."""
    parts = [introduction(lines), *map(digits, certified), all_methods(lines), by_number(lines)]
    parts += [eye(lines), guard(lines), strata(lines)]
    return "\n\n".join(parts) + "\n"


def digits(line):
    """What a certificate of MNIST says."""
    own = line["certificate"]
    one, eye, near, guarded = (own[n] for n in ("attempt", "planted", "near_copies", "guarded"))
    more = wilson_rate(line["more_found"] / line["more"], line["more"])
    interval = f"{percent(more.value)} ({percent(more.low)} to {percent(more.high)})"
    (found, n), (passed, known), (accepted, drawn) = (
        guarded[name] for name in ("unguarded", "held_out", "drawn")
    )
    rows = [
        ["**unwanted, all reviewed**", f"{one['found']} of {one['n']:,}", percent(own["bound"])],
        [
            "the same, over the reviewer's sensitivity",
            f"{eye['caught']} of {eye['planted']} planted ones caught",
            percent(eye["bound"]),
        ],
        [
            "with the guard's help, under its assumption",
            f"{found} of {n:,} unguarded; {passed} of {known} unseen 8s pass; {accepted:,} of "
            f"{drawn:,} accepted",
            percent(guarded["bound"]),
        ],
        ["near copies of training images", f"{near['found']} of {near['n']:,}"]
        + [percent(near["bound"])],
    ]
    versions = line["versions"]
    return f"""\
## MNIST, with a judge for a reviewer

The `quality` export for MNIST where 8s are unwanted, certified by its own command's functions. The
reviewer is the strict judge, which is right on {100 * line["judge_accuracy"]:.2f} % of the test
digits: it saw the pictures that a person would get. Its bound is one of what *it* takes for an 8.
Of {line["more"]:,} further samples it takes {line["more_found"]} for one: {interval}.

{markdown(["bound", "counted", "at most"], rows)}

{beside(guarded["bound"], line)}`{line["command"]}` on {line["date"]}, {line["machine"]["cpu"]},
keras_vabc {versions["keras_vabc"]}, TensorFlow {versions["tensorflow"]}; trained in
{line["seconds"]:,.0f} s beside much other work. Its certificate is
in [mnist.jsonl](mnist.jsonl)."""


def beside(bound, line):
    """What is to be said of a bound under an assumption that lies below what was counted."""
    if bound >= wilson_rate(line["more_found"] / line["more"], line["more"]).low:
        return ""
    return """\
The bound with the guard's help lies below what the judge counts in the further samples: it fails
here, since its assumption does not hold of what this judge takes for an 8. What passes the guard
is not like the unseen 8s, of which the guard stops every one; it may be other digits on which the
judge errs. This is why it stands beside the other bound, and never instead.

"""


def percent(share):
    """A share as it stands in a table."""
    return f"{100 * share:.3g} %"


def introduction(lines):
    """What was simulated, and what came out."""
    first, deployments = lines[0], sorted({line["deployments"] for line in lines})
    promising = [line for line in lines if line["promised"] is not None]
    under = sum(line["broken"] for line in promising)
    most = deployments[-1]
    cells = f"{most:,} in each of {len(lines)} cells"
    fewer = f"({deployments[0]:,} of the guard and the strata)"
    came = f"{len(promising)} cells in which a bound promises something, {under or 'none'}"
    versions, when = first["versions"], f"{first['seconds']:.0f} s of one core on {first['date']}"
    return f"""\
# Does the certificate hold?

Simulated deployments whose share of unwanted samples is known, {cells}
{fewer}: shares of 0 to 5 %, 100 to 3,300 reviewed, reviewers who see
70 to 100 %, unwanted examples that are only a corner of the concept, and people who stop, or begin
again, when it suits them. *Held* is the part of the deployments in which the bound was not below
the truth. Of the {came}
held significantly less often than promised (one-sided binomial tests, 1 % over all of them by
Bonferroni). In {most:,} deployments 95 % is counted to ± {margin(most)} points.

`{first["command"]}`, seed {first["seed"]}, {when},
keras_vabc {versions["keras_vabc"]}, SciPy {versions["scipy"]}. All cells are in
[results.jsonl](results.jsonl).

![How often each bound held, by cell, and the median bound by the number reviewed](coverage.png)

A plan that is left when that suits has the bound at any time at 1 % of error in its first attempt,
beside the 4 % of the plan: together 5 %. Who makes one attempt after the other, and leaves each
when that suits, has 6.25 % in all, which the certificate says."""


def margin(deployments):
    """Half of the 95 % interval of a coverage of .95, in points."""
    return f"{100 * 1.96 * np.sqrt(0.95 * 0.05 / deployments):.1f}"


def all_methods(lines):
    """The least coverage of each bound."""
    rows = []
    for method, what in METHODS.items():
        for assumption in NEEDS:
            own = [x for x in lines if (x["method"], x["assumption"]) == (method, assumption)]
            if own and (method, assumption) != SEES_ALL:
                eye = ", truth of a reviewer who misses some" * (
                    method == "fixed" and bool(assumption)
                )
                rows.append([what + eye, NEEDS[assumption], *row_of(own)])
    head = ["bound", "assumption", "cells", "promised %", "held %, least", "where"]
    return "## Every bound\n\n" + markdown(head, rows)


def row_of(own):
    """Cells, promise, the least coverage and its cell."""
    least = min(own, key=held)
    promised = least["promised"]
    where = f"{100 * least['share']:.3g} % unwanted, n = {least['n']:,}"
    cells = [len(own), "" if promised is None else f"{100 * promised:g}"]
    return [*cells, f"{100 * held(least):.1f}", where]


def held(line):
    """Part of the deployments in which a bound held."""
    return line["held"] / line["deployments"]


def by_number(lines):
    """Coverage and width of the two bounds without assumption, against n."""
    parts = [
        "## How wide, against the number reviewed\n",
        "The median bound, in brackets the median over the truth; then how often it held. The",
        "bound at any time held at *every* moment up to n in so many deployments. The fixed plan's",
        "first attempt has 4 % of error, the bound at any time 5 %.",
    ]
    for method in SHOWN:
        own = [x for x in lines if x["method"] == method and "sensitivity" not in x]
        numbers = sorted({x["n"] for x in own})
        rows = []
        for share in sorted({x["share"] for x in own}):
            cells = {x["n"]: width(x) for x in own if x["share"] == share}
            rows.append([f"{100 * share:g}", *(cells[n] for n in numbers)])
        head = ["unwanted %", *(f"n = {n:,}" for n in numbers)]
        parts += [f"\n{METHODS[method].capitalize()}:\n", markdown(head, rows)]
    return "\n".join(parts)


def width(line):
    """A median bound, its ratio to the truth, and the coverage."""
    ratio = "" if line["over_truth"] is None else f" ({line['over_truth']:.2g} x)"
    return f"{100 * line['median_bound']:.3g} %{ratio}; {100 * held(line):.1f} %"


def eye(lines):
    """What a reviewer who misses some does to the bounds."""
    rows = []
    for x in lines:
        if x.get("sensitivity") and x["share"] in (0.01, 0.05) and "flagged" not in x["method"]:
            planted = x.get("planted")
            how = f"{planted} planted, {100 * x['planted_sensitivity']:g} % seen" if planted else ""
            own = [
                f"{100 * x['share']:g}",
                f"{100 * x['sensitivity']:g}",
                how,
                NEEDS[x["assumption"]],
            ]
            rows.append([*own, f"{100 * held(x):.1f}", f"{100 * x['median_bound']:.3g}"])
    head = ["unwanted %", "seen %", "planted", "assumption", "held %", "median bound %"]
    return EYE + "\n" + markdown(head, rows)


def guard(lines):
    """The guard's bound, by what its known unwanted examples are."""
    rows = []
    for x in lines:
        if x["method"] == "guard":
            own = [
                f"{100 * x['unguarded']:g}",
                f"{100 * x['share']:.2g}",
                x["known"],
                x["held_out"],
            ]
            numbers = [f"{100 * held(x):.1f}", f"{100 * x['median_bound']:.3g}"]
            rows.append([*own, NEEDS[x["assumption"]], *numbers])
    head = ["unguarded %", "guarded %", "known unwanted", "held out", "assumption", "held %"]
    return GUARD + "\n" + markdown([*head, "median bound %"], rows)


def strata(lines):
    """Where drawing more of the suspicious samples helps."""
    rows = []
    for x in lines:
        if x["method"] == "strata":
            own = [f"{100 * x['share']:g}", f"{x['n']:,}", f"{100 * x['in_top']:g}"]
            bounds = [x["median_bound"], x["plain_bound"]]
            rows.append([*own, *(f"{100 * b:.3g}" for b in bounds), f"{100 * held(x):.1f}"])
    head = ["unwanted %", "n", "of them in the top tenth %", "strata: median bound %"]
    return STRATA + "\n" + markdown([*head, "without strata %", "held %"], rows)


def picture(lines):
    """How often each bound held, and the widths of two."""
    figure = Figure(figsize=(10, 4.2), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=(3, 2))
    labels = []
    for method in METHODS:
        for assumption in NEEDS:
            own = [x for x in lines if (x["method"], x["assumption"]) == (method, assumption)]
            if own and (method, assumption) != SEES_ALL:
                promised = own[0]["promised"] is not None
                place = np.full(len(own), len(labels)) + np.linspace(-0.25, 0.25, len(own))
                colour = "C0" if promised else "C3"
                left.plot([100 * held(x) for x in own], place, ".", color=colour, alpha=0.7)
                labels.append(f"{method}{f' ({assumption})' if assumption else ''}")
    left.axvline(95, color="grey", linestyle="--")
    left.set(yticks=range(len(labels)), yticklabels=labels, xlabel="held, % of deployments")
    left.invert_yaxis()
    for method, colour in SHOWN.items():
        for share, style in ((0.0, "--"), (0.01, "-")):
            own = [x for x in lines if x["method"] == method and x["share"] == share]
            own = [x for x in own if "sensitivity" not in x]
            points = [(x["n"], 100 * x["median_bound"]) for x in own]
            label = f"{method}, {100 * share:g} % unwanted"
            right.plot(*zip(*points, strict=True), "o", linestyle=style, color=colour, label=label)
    right.axhline(1, color="grey", linewidth=0.8)
    right.set(xscale="log", yscale="log", xlabel="reviewed", ylabel="median bound, %")
    right.legend(fontsize=8)
    return figure


if __name__ == "__main__":
    render(Path(__file__).parents[1] / "docs/results/certify")
