"""The benchmark's page: one table and one picture from stored runs alone."""

from pathlib import Path

import numpy as np
from scipy.stats import fisher_exact

from keras_vabc import plots
from keras_vabc.evaluation.metrics import negative_generation_error
from keras_vabc.experiments.benchmark import runs as benchmark
from keras_vabc.experiments.benchmark.failures import OVERLAPPED, SCENARIOS, failures
from keras_vabc.experiments.benchmark.methods import SLUGS
from keras_vabc.experiments.paper.runs import FRACTIONS
from keras_vabc.experiments.paper.tables import METRICS
from keras_vabc.pages.markdown import markdown, mean_and_deviation
from keras_vabc.recipes.results_folder import write_result
from keras_vabc.recipes.stored import Stored

INTRODUCTION = """\
# Benchmark

The methods side by side on MNIST: the same data, judges and number of samples, drawn by
`keras-vabc benchmark` from the stored runs in this folder. Each run is one digit as the negative
concept and one seed.

- NGE *pooled* counts the negatives among all samples of a row, with the 95 % Wilson interval of
  that count; it covers the sampling, not the choice of judge. The *second judge* has another
  architecture and takes no part in any choice of settings.
- FID* is the Fréchet distance on the strict judge's features, not comparable with Inception's.
- *hidden* is how many hidden negatives were left in the unlabeled fold that the autoencoder was
  trained on (told by labels, which nothing else reads).
- Seconds include the NU classifier's, with one thread, two trainings at a time.
- `real` is real held-out data under the same judges: less than that cannot be told from none."""
ON_FAILURES = f"""\
`quality` with folds that break what it assumes, one seed. *Found* is the share of the hidden 8s
that the NU classifier flags, *expected* the share that it thinks it flags: they differ where the
unwanted examples are no random part of the negatives, and nothing in the two folds tells. Of the
wanted images 11 % are {OVERLAPPED}s."""
ON_SAMPLES = """\
The first samples of each method, none chosen; the negative concept is '8', p = 0.2, seed 0."""
ON_PENALTY = """\
`quality-vae` is `quality` without V-ABC's penalty: the same classifier, corrected fold, networks,
density and guard. Means over the {pairs} digits and seeds with both runs; the difference with its
standard error, that of an error with the p-value of Fisher's exact test on all samples."""


FILES = ("README.md", "methods.png", "samples.png")


def render(folder):
    """Writes `README.md` and the pictures, from the result lines of the benchmark in a folder.

    Returns the number of runs that are still missing.
    """
    folder = Path(folder)
    stored, parts = Stored(folder), [INTRODUCTION]
    for fraction in FRACTIONS:
        table = method_table(_lines(stored, fraction), ("real", *SLUGS), METRICS)
        if table is not None:
            parts += [f"## p = {fraction:g}", table]
    lines = _lines(stored, 0.2)
    if lines:
        write_result(folder, "methods.png", plots.png_bytes(_picture(lines)))
        parts.append("![Error against FID*, one point a run, p = 0.2](methods.png)")
    penalty = _penalty(lines)
    if penalty is not None:
        parts += ["## What the penalty adds", *penalty]
    pictured = [m for m in benchmark.compared() if benchmark.pictured(m) and stored.has_arrays(m)]
    if pictured:
        write_result(folder, "samples.png", plots.png_bytes(_samples(stored, pictured)))
        parts += ["## Samples", ON_SAMPLES, "![Samples of each method](samples.png)"]
    failed = stored.lines(failures())
    if failed:
        parts += ["## Where it fails", ON_FAILURES, _failures_table(failed)]
    if (folder / "FINDINGS.md").exists():
        parts.append("What it says, in words: [findings](FINDINGS.md).")
    runs = benchmark.all_runs()
    missing = len(runs) - len(stored.lines(runs))
    parts.append(
        f"{len(runs) - missing} of {len(runs)} runs are stored: [results.jsonl](results.jsonl)."
    )
    write_result(folder, "README.md", ("\n\n".join(parts) + "\n").encode())
    return missing


def pooled(lines, name):
    """The error over all samples of several lines, a `Rate`."""
    negatives, positives = _counts(lines, name)
    return negative_generation_error(np.arange(negatives + positives) < negatives)


def _counts(lines, name):
    """How many samples of several lines are negative by one judge, and how many are not."""
    samples = sum(line["samples"] for line in lines)
    negatives = sum(round(line[name] * line["samples"]) for line in lines)
    return negatives, samples - negatives


def _lines(stored, fraction):
    """The lines at one p; those of real data, which no p changes, stand with p = 0.2."""
    methods = [one for one in benchmark.compared() if one.setting.fraction == fraction]
    return stored.lines([*(benchmark.real() if fraction == 0.2 else []), *methods])


def method_table(every, slugs, metrics):
    """A row for each method that has lines: errors pooled, `metrics` (field: title) as means.

    `None` if none has.
    """
    rows = []
    for slug in slugs:
        lines = [line for line in every if line["method"] == slug]
        if not lines:
            continue
        row = [f"`{slug}`", len(lines), f"{100 * pooled(lines, 'nge_paper')[0]:.2f}"]
        for name in ("nge_strict", "nge_second"):
            rate, low, high = (100 * value for value in pooled(lines, name))
            row.append(f"{rate:.3f} [{low:.3f}, {high:.3f}]")
        row += [mean_and_deviation([line[name] for line in lines]) for name in metrics]
        row += [_mean(lines, name) for name in ("acceptance", "hidden_left", "seconds")]
        rows.append(row)
    head = ["method", "runs", "NGE paper's judge, %", "strict judge, %", "second judge, %"]
    head += [*metrics.values(), "acceptance", "hidden", "seconds"]
    return markdown(head, rows) if rows else None


def _penalty(lines):
    """Text and table of `quality` beside `quality-vae`; `None` before there are two pairs."""
    runs = [
        {(line["negative_class"], line["seed"]): line for line in lines if line["method"] == slug}
        for slug in ("quality", "quality-vae")
    ]
    places = sorted(runs[0].keys() & runs[1].keys())
    if len(places) < 2:
        return None
    ours, theirs = ([own[place] for place in places] for own in runs)
    rows = []
    for name, title in (("nge_strict", "strict judge"), ("nge_second", "second judge")):
        rates = (f"{100 * pooled(own, name).value:.3f}" for own in (ours, theirs))
        p = fisher_exact([_counts(own, name) for own in (ours, theirs)]).pvalue
        rows.append([f"NGE {title}, %", *rates, f"p = {p:.2g}"])
    for name, title in METRICS.items():
        values = np.array([[line[name] for line in own] for own in (ours, theirs)])
        difference = values[0] - values[1]
        error = difference.std(ddof=1) / len(places) ** 0.5
        means = (f"{mean:.3f}" for mean in values.mean(axis=1))
        rows.append([title, *means, f"{difference.mean():+.3f} ± {error:.3f}"])
    head = ["", "`quality`", "`quality-vae`", "difference"]
    return ON_PENALTY.format(pairs=len(places)), markdown(head, rows)


def _failures_table(lines):
    rows = []
    for line in lines:
        low, high = line["negative_share_interval"]
        rows.append(
            [
                SCENARIOS[line["scenario"]],
                line["unwanted"],
                f"{line['negative_share']:.3f} [{low:.3f}, {high:.3f}]",
                f"{line['true_share']:.3f}",
                *(f"{100 * line[name]:.1f}" for name in ("true_recall", "own_recall")),
                *(f"{100 * line[name]:.2f}" for name in ("nge_strict", "overlapped_share")),
                f"{line['fid']:.1f}",
                f"{line['acceptance']:.3f}",
            ]
        )
    head = ["the unwanted fold", "examples", "estimated share of hidden 8s", "true", "found, %"]
    head += ["expected, %", "NGE strict judge, %", f"{OVERLAPPED}s generated, %"]
    return markdown([*head, "FID*", "acceptance"], rows)


def _mean(lines, name):
    values = [line[name] for line in lines if line.get(name) is not None]
    if not values:
        return "–"
    return f"{np.mean(values):.3f}" if name == "acceptance" else f"{np.mean(values):.0f}"


def _samples(stored, runs):
    """One row of tiles for each method."""
    figure, axes = plots.panels(len(runs), stacked=True, size=(9, 0.42))
    for ax, run in zip(axes, runs, strict=True):
        plots.sample_grid(stored.arrays(run)["samples"], columns=24, ax=ax)
        ax.set_ylabel(run.slug, rotation=0, ha="right", va="center")
    return figure


def _picture(lines):
    figure, (ax,) = plots.panels(1, size=7)
    groups = {}
    for line in lines:
        groups.setdefault(line["method"], []).append((line["fid"], 100 * line["nge_strict"]))
    plots.error_against_quality(groups, "FID*", "negative generation error, strict judge, %", ax=ax)
    return figure
