"""Whether the bounds of a certificate hold, on simulated deployments whose share is known.

A cell is a bound in a situation: so large a share of unwanted samples, so many reviewed, such a
reviewer, such a guard. In each, deployments are reviewed anew, and counted is how often the bound
lies below the truth. A bound without an assumption may do so in 5 % of them, whatever the
situation; where a bound's assumption is broken, the table shows what happens.
"""

import argparse
import bisect
import datetime
import hashlib
import itertools
import json
import platform
import sys
import time
from pathlib import Path

import numpy as np
import scipy
from certify_page import render
from record import ROOT, machine
from scipy.stats import binomtest, norm

from keras_vabc.evaluation.certificate.assumed import guarded_bound, sensitivity_bound
from keras_vabc.evaluation.certificate.bounds import (
    any_time_bound,
    attempt_error,
    log_evidence,
    remaining_interval,
    upper_bound,
)
from keras_vabc.evaluation.certificate.stratified import is_excluded, stratified_bound
from keras_vabc.files.writing import write_whole
from keras_vabc.version import __version__

SHARES = (0.0, 0.001, 0.003, 0.01, 0.02, 0.05)
NUMBERS = (100, 300, 1000, 3300)
SENSITIVITIES = (0.7, 0.85, 1.0)
PLANTED = (20, 50)
ATTEMPTS = 5
SOME, TOPS = (0.01, 0.05), (0.9, 0.5, 0.1)  # shares, and parts of the unwanted, of the strata
MEDIAN_OF = 100  # deployments, where a bound takes a quarter of a second
TOGETHER = 1 - 0.05 / 0.8  # of attempts without end, each of which may be left
SIGNIFICANT = 0.01  # over all cells together, by Bonferroni
GUARD_LIMIT = norm.isf(
    0.05
)  # it rejects a twentieth of the wanted samples, whose scores are N(0, 1)
KNOWN = {"any": (0.0, 1.0), "easy corner": (0.0, 0.2), "hard corner": (0.8, 1.0)}
DESIGN_FIELDS = ("negative_class", "fraction", "gamma", "sigma2", "latent_dim", "nge_paper")
DESIGN_FIELDS += ("nge_strict", "fid", "precision", "recall", "density", "coverage", "acceptance")


def main(argv=None):
    """Simulates all cells, writes their lines, and draws the page."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--out", type=Path, default=ROOT / "docs/results/certify")
    parser.add_argument("--deployments", type=int, default=10_000, help="of a cell [10000]")
    parser.add_argument("--seed", type=int, default=22)
    options = parser.parse_args(argv)
    begun, lines = time.monotonic(), []
    for number, cells in enumerate((plans, eyes, guards, strata, remaining)):
        rng = np.random.default_rng([options.seed, number])
        for cell in cells(rng, options.deployments):
            lines.append(cell)
            print(described(cell), flush=True)
    judge(lines)
    record = provenance(options, time.monotonic() - begun)
    options.out.mkdir(parents=True, exist_ok=True)
    text = "".join(json.dumps(result_line(cell, record)) + "\n" for cell in lines)
    write_whole(options.out / "results.jsonl", text.encode())
    render(options.out)


def cell(method, failing, bounds, truth, promised=0.95, assumption=None, **situation):
    """What came out in a cell: how often a bound held, and how wide it was.

    Args:
        method: Name of the bound.
        failing: Boolean array of shape `(deployments,)`: where the truth is above the bound.
        bounds: The bounds, shape `(deployments,)`, or their median.
        truth: The true share.
        promised: Share of deployments in which it has to hold; `None` for what promises nothing.
        assumption: `None`, `"holds"` or `"broken"`.
        **situation: Numbers and names that tell the cell from others of the bound.
    """
    median = float(np.median(bounds))
    return {
        "method": method,
        "promised": promised,
        "assumption": assumption,
        "truth": float(truth),
        **situation,
        "deployments": len(failing),
        "held": int(np.sum(~failing)),
        "median_bound": median,
        "over_truth": median / truth if truth else None,
    }


def plans(rng, deployments):
    """Bounds without an assumption, by somebody who sees everything, and what breaks them."""
    for share in SHARES:
        found = (rng.random((deployments, max(NUMBERS))) < share).cumsum(axis=1, dtype="int32")
        for n in NUMBERS:
            last, here = found[:, n - 1], {"share": share, "n": n}
            first = by_count(upper_bound, last, n, attempt_error(1))
            yield cell("fixed", first < share, first, share, **here)
            ever = fails(
                found[:, :n], share, least_any_time(n, share, attempt_error(1, "any time"))
            )
            bounds = by_count(any_time_bound, last, n, attempt_error(1, "any time"))
            yield cell("any time", ever, bounds, share, stops="when it suits", **here)
            left = least_any_time(n - 1, share, attempt_error(1, "left"))
            either = fails(found[:, : n - 1], share, left) | (first < share)
            yield cell("fixed or left", either, first, share, stops="when it suits", **here)
            naive = fails(found[:, :n], share, least_fixed(n, share))
            yield cell("uncorrected", naive, first, share, None, stops="when it suits", **here)
            yield from attempts(rng, deployments, share, n)
        for n in NUMBERS[:-1]:
            yield whatever(rng, deployments, share, n)


def attempts(rng, deployments, share, n):
    """The lowest bound of several attempts on one thing, with and without counting them."""
    found = rng.binomial(n, share, (ATTEMPTS, deployments))
    here = {"share": share, "n": n, "attempts": ATTEMPTS}
    for method, promised in (("attempts", 0.95), ("uncounted attempts", None)):
        errors = [attempt_error(j) if promised else 0.05 for j in range(1, ATTEMPTS + 1)]
        bounds = [by_count(upper_bound, k, n, e) for k, e in zip(found, errors, strict=True)]
        lowest = np.min(bounds, axis=0)
        yield cell(method, lowest < share, lowest, share, promised, **here)


def whatever(rng, deployments, share, n):
    """Several attempts, each of them left as soon as that suits: all that a person may do."""
    failing, lowest = np.zeros(deployments, bool), np.ones(deployments)
    for attempt in range(1, ATTEMPTS + 1):
        found = (rng.random((deployments, n)) < share).cumsum(axis=1, dtype="int32")
        left = least_any_time(n - 1, share, attempt_error(attempt, "left"))
        fixed = by_count(upper_bound, found[:, -1], n, attempt_error(attempt))
        failing |= fails(found[:, :-1], share, left) | (fixed < share)
        lowest = np.minimum(lowest, fixed)
    here = {"share": share, "n": n, "attempts": ATTEMPTS, "stops": "when it suits"}
    return cell("attempts or left", failing, lowest, share, TOGETHER, **here)


def by_count(bound, found, n, error):
    """A bound of each count of an array."""
    counts, places = np.unique(found, return_inverse=True)
    return np.array([bound(int(count), n, error) for count in counts])[places]


def fails(found, share, least):
    """Where fewer than the least count is found at any moment, so that a bound is below a share."""
    return (found < least).any(axis=1) if share else np.zeros(len(found), bool)


def least_any_time(n, share, error):
    """After 1 to n items, the least count at which the bound at any time is not below a share."""
    numbers = np.arange(1, n + 1)
    counts = np.arange(int(share * n) + 2)[:, None]
    with np.errstate(invalid="ignore"):
        excluded = log_evidence(share, counts, np.maximum(numbers, counts)) > -np.log(error)
    excluded &= (counts < share * numbers) & (counts <= numbers)
    return np.where(excluded, counts + 1, 0).max(axis=0)


def least_fixed(n, share):
    """Likewise, of the bound for a number fixed beforehand, with an error of .05."""
    return [
        bisect.bisect_left(range(k), True, key=lambda count, k=k: upper_bound(count, k) >= share)
        for k in range(1, n + 1)
    ]


def eyes(rng, deployments):
    """A reviewer who misses some, with planted items and without."""
    n = 1000
    for share in SHARES:
        for seen in SENSITIVITIES:
            found = rng.binomial(n, share * seen, deployments)
            here = {"share": share, "n": n, "sensitivity": seen}
            bounds = by_count(upper_bound, found, n, attempt_error(1))
            flagged = bounds < share * seen
            yield cell("fixed, of what would be flagged", flagged, bounds, share * seen, **here)
            holds = "holds" if seen == 1 else "broken"
            yield cell("fixed", bounds < share, bounds, share, None, holds, **here)
            for planted in PLANTED:
                for easier in sorted({seen, 1.0}):
                    caught = rng.binomial(planted, easier, deployments)
                    bounds = by_counts(sensitivity_bound, found, n, caught, planted)
                    holds = "holds" if easier == seen else "broken"
                    more = {"planted": planted, "planted_sensitivity": easier}
                    fail = bounds < share
                    promised = 0.95 if holds == "holds" else None
                    yield cell("planted", fail, bounds, share, promised, holds, **here, **more)


def by_counts(bound, found, n, other, of):
    """A bound of each pair of counts of two arrays, with the error of a first attempt."""
    pairs, places = np.unique(np.stack([found, other]), axis=1, return_inverse=True)
    every = [bound(int(k), n, int(c), of, attempt_error(1)) for k, c in pairs.T]
    return np.array(every)[places.ravel()]


def passing(kinds):
    """Share of unwanted items that pass the guard, of kinds in a range of [0, 1].

    Kind 0 has scores about 4, which is easy to tell from the wanted; kind 1 about 1.
    """
    kind = np.linspace(*kinds, 2001)
    return norm.cdf(GUARD_LIMIT - (4 - 3 * kind)).mean()


def guards(rng, deployments):
    """The guard's help, where the known unwanted are of all kinds, or of a corner of them."""
    deployments, n, drawn, misses = min(deployments, 2000), 300, 10_000, passing(KNOWN["any"])
    for unguarded in (0.002, 0.01, 0.05):
        accepted = (1 - unguarded) * 0.95 + unguarded * misses
        share = unguarded * misses / accepted
        for known, kinds in KNOWN.items():
            for held_out in (50, 200):
                counts = zip(
                    rng.binomial(n, unguarded, deployments).tolist(),
                    rng.binomial(held_out, passing(kinds), deployments).tolist(),
                    rng.binomial(drawn, accepted, deployments).tolist(),
                    strict=True,
                )
                bounds = np.array(
                    [guarded_bound((k, n), (b, held_out), (a, drawn), 0.05) for k, b, a in counts]
                )
                holds = "broken" if known == "easy corner" else "holds"
                promised = None if holds == "broken" else 0.95
                here = {"share": share, "n": n, "unguarded": unguarded, "known": known}
                here["held_out"] = held_out
                yield cell("guard", bounds < share, bounds, share, promised, holds, **here)


def strata(rng, deployments):
    """Half of the review for the suspicious tenth, which holds so much of the unwanted."""
    deployments, weight, error = min(deployments, 2000), 0.1, attempt_error(1)
    for n, share, top in ((300, 0.0, 0.5), *itertools.product((300, 1000), SOME, TOPS)):
        half = n // 2
        plain = np.median(by_count(upper_bound, rng.binomial(n, share, deployments), n, error))
        first = rng.binomial(half, share * top / weight, deployments)
        second = rng.binomial(half, share * (1 - top) / (1 - weight), deployments)
        pairs, places = np.unique(np.stack([first, second]), axis=1, return_inverse=True)
        counts = [((int(k1), half), (int(k2), half)) for k1, k2 in pairs.T]
        failing = np.array([is_excluded(share, *pair, weight, error) for pair in counts])
        some = [counts[place] for place in places.ravel()[:MEDIAN_OF]]
        bounds = [stratified_bound(*pair, weight, error) for pair in some]
        here = {"share": share, "n": n, "in_top": top, "plain_bound": float(plain)}
        yield cell("strata", failing[places.ravel()], bounds, share, **here)


def remaining(rng, deployments):
    """What is left among items that were reviewed at random."""
    for total, reviewed in ((2000, 100), (2000, 1000)):
        for share in SHARES:
            unwanted = round(share * total)
            found = rng.hypergeometric(unwanted, total - unwanted, reviewed, deployments)
            ends = {int(k): remaining_interval(int(k), reviewed, total) for k in np.unique(found)}
            low, high = np.array([ends[int(k)] for k in found]).T
            rest = unwanted - found
            here = {"share": share, "n": reviewed, "total": total}
            failing = (rest < low) | (rest > high)
            bounds = (high + found) / total
            yield cell("remaining", failing, bounds, unwanted / total, **here)


def judge(lines):
    """Whether each promise is significantly broken, at 1 % for all of them together."""
    promising = [line for line in lines if line["promised"] is not None]
    for line in lines:
        line["broken"] = None
    for line in promising:
        test = binomtest(line["held"], line["deployments"], line["promised"], "less")
        line["broken"] = bool(test.pvalue < SIGNIFICANT / len(promising))


def described(line):
    """A cell as a line of text."""
    names = ("share", "n", "sensitivity", "planted", "known", "in_top", "assumption")
    where = ", ".join(f"{name} {line[name]}" for name in names if line.get(name) is not None)
    return f"{line['method']}: {where}: held in {line['held'] / line['deployments']:.4f}"


def provenance(options, seconds):
    """What all lines of a run have in common."""
    versions = {"keras_vabc": __version__, "numpy": np.__version__, "scipy": scipy.__version__}
    state = {name: value for name, value in machine().items() if name in ("cpu", "cores")}
    return {
        "command": " ".join(["python", "benchmarks/certify.py", *sys.argv[1:]]),
        "date": datetime.date.today().isoformat(),
        "seed": options.seed,
        "seconds": round(seconds, 1),
        "versions": {**versions, "python": platform.python_version()},
        "machine": state,
    }


def result_line(line, record):
    """A cell with the fields that every result line of the project has."""
    key = hashlib.sha256(json.dumps([line, record["seed"], __version__]).encode()).hexdigest()
    own = dict.fromkeys(DESIGN_FIELDS) | {"samples": line["n"]}
    return {"key": key[:16], "dataset": "simulated", **own, **line, **record}


if __name__ == "__main__":
    main()
