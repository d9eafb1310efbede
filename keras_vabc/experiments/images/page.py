"""The page of the comparison on image sets, from stored runs alone."""

from pathlib import Path

from keras_vabc import plots
from keras_vabc.experiments.benchmark.page import method_table
from keras_vabc.experiments.images.runs import in_curves, trials
from keras_vabc.experiments.images.sets import SETS
from keras_vabc.experiments.images.trials import RIVALS, SLUGS
from keras_vabc.experiments.paper.tables import METRICS
from keras_vabc.pages.markdown import markdown
from keras_vabc.recipes.results_folder import write_result
from keras_vabc.recipes.stored import Stored

INTRODUCTION = """\
# Image sets

How sharp and varied samples are, beside how few of them are unwanted: drawn by `keras-vabc
benchmark images` from the stored runs in this folder. Each run is one class as the negative concept
and one seed.

- `images` is `--setting quality` as it is now, `quality` as it was in version 0.1, and
  `quality-oracle` that without a hidden negative in its data, without penalty and guard.
- The rivals are those of `python benchmarks/image_rivals.py`: they have positives alone, cleaned by
  labels, which is more than a method can have, and the seconds of `images`.
- NGE *pooled* counts the negatives among all samples of a row, with the 95 % Wilson interval of
  that count. The *second judge* has another architecture.
- FID* is the Fréchet distance on the strict judge's features, not comparable with Inception's, nor
  from one data set to another. That of `real` is of the images that the judge was trained on: more
  than a little of it would show a judge that knows them by heart.
- *Sharpness* is the mean absolute Laplacian of samples over that of real images, and *told by it*
  the AUC of telling the two apart by it alone: 0.5 if they cannot be.
- *hidden* is how many hidden negatives were left in the unlabeled fold (told by labels, which
  nothing else reads). Seconds include the NU classifier's, with one thread, two trainings at a
  time."""
ON_JUDGES = """\
The judges of each data set on real held-out images, and the strict one's verdict on blurred copies
of them, as blurred as any that it was trained on: *balance* is near 1 where it takes blur for no
class. The seconds are those of training all three, or of reading them where they had been."""
ON_CURVES = """\
One concept of each set, one seed, at a quarter, half, all and twice of the steps."""
ON_SAMPLES = "The first samples that the strict judge does not call negative, seed 0."
CURVES = {"fid": "FID*", "recall": "recall"}
FIGURES = METRICS | {"sharpness": "sharpness", "sharpness_auc": "told by it"}
FILES = ("README.md", "curves.png", *(f"samples-{name}.png" for name in SETS))


def render(folder):
    """Writes `README.md` and the pictures, from the result lines in a folder.

    Returns the number of runs that are still missing, the rivals' not counted.
    """
    folder = Path(folder)
    stored, parts = Stored(folder), [INTRODUCTION]
    every, rivals = trials(), trials(rivals=True)
    for dataset, own in SETS.items():
        some = [t for t in (*every, *rivals) if t.dataset == dataset and t.budget == 1]
        parts += _section(stored, folder, some, own)
    judges = _judges(stored.lines(every))
    if judges is not None:
        parts += ["## Judges", ON_JUDGES, judges]
    drawn = set(in_curves())
    lines = _whole(stored.lines([trial for trial in every if trial in drawn]))
    if lines:
        write_result(folder, "curves.png", plots.png_bytes(_curves(lines)))
        picture = "![FID* and recall against seconds](curves.png)"
        parts += ["## Against time", ON_CURVES, picture, _curve_table(lines)]
    missing = len(every) - len(stored.lines(every))
    count = f"{len(every) - missing} of {len(every)} runs are stored"
    parts.append(f"{count}, and {len(stored.lines(rivals))} of rivals.")
    write_result(folder, "README.md", ("\n\n".join(parts) + "\n").encode())
    return missing


def _section(stored, folder, some, own):
    """Title, table and picture of the trials of one data set; nothing before one has run."""
    lines = stored.lines(some)
    table = method_table(_whole(lines), ("real", *SLUGS, *RIVALS), FIGURES)
    failed = [line for line in lines if line.get("failed")]
    if table is None and not failed:
        return []
    parts = [f"## {own.title}", f"{own.fraction:.0%} of the negatives are known."]
    parts += [part for part in (table, _failures(failed)) if part]
    concept = next(iter(own.concepts))
    shown = [t for t in some if t.concept == concept and t.seed == 0 and stored.has_arrays(t)]
    if shown:
        dataset = shown[0].dataset
        name = f"samples-{dataset}.png"
        write_result(folder, name, plots.png_bytes(_samples(stored, shown)))
        parts += [ON_SAMPLES, f"![Samples of each method, {dataset}]({name})"]
    return parts


def _whole(lines):
    """The lines of runs that made samples."""
    return [line for line in lines if not line.get("failed")]


def _failures(failed):
    """A list of runs that made no samples, and why."""
    return "\n".join(
        f"- No samples: `{line['method']}`, class {line['negative_class']}, seed {line['seed']}. "
        f"{line['failed']}"
        for line in failed
    )


def _samples(stored, shown):
    """One row of tiles for each method."""
    figure, axes = plots.panels(len(shown), stacked=True, size=(9, 0.42))
    for ax, trial in zip(axes, shown, strict=True):
        plots.sample_grid(stored.arrays(trial)["samples"], columns=24, ax=ax)
        ax.set_ylabel(trial.slug, rotation=0, ha="right", va="center")
    return figure


def _judges(lines):
    rows = [
        [
            f"{line['dataset']} {line['negative_class']}",
            *(f"{100 * line['judges'][judge]:.2f}" for judge in ("paper", "strict")),
            f"{100 * line['accuracy_second']:.2f}",
            f"{line['fid']:.2f}",
            f"{100 * line['accuracy_blurred']:.1f}",
            f"{line['balance_blurred']:.2f}",
            f"{line['fid_blurred']:.1f}",
            f"{line['seconds_judges']:.0f}",
        ]
        for line in lines
        if line["method"] == "real"
    ]
    head = ["negative concept", "accuracy paper's, %", "strict, %", "second, %"]
    head += ["FID* of training images", "accuracy on blur, %", "balance on blur", "FID* of blur"]
    return markdown([*head, "seconds"], rows) if rows else None


def _curves(lines):
    """A panel for each data set and figure."""
    datasets = list(dict.fromkeys(line["dataset"] for line in lines))
    figure, axes = plots.panels(2 * len(datasets), size=4, columns=2)
    places = [(dataset, name) for dataset in datasets for name in CURVES]
    for ax, (dataset, name) in zip(axes, places, strict=True):
        curves = {}
        for line in lines:
            if line["dataset"] == dataset:
                curves.setdefault(line["method"], []).append((line["seconds"], line[name]))
        plots.against_seconds(curves, CURVES[name], ax=ax).set_title(dataset)
    return figure


def _curve_table(lines):
    rows = [
        [
            line["dataset"],
            f"`{line['method']}`",
            f"{line['budget']:g}",
            f"{line['seconds']:.0f}",
            f"{line['fid']:.2f}",
            f"{line['recall']:.2f}",
            f"{100 * line['nge_strict']:.3f}",
        ]
        for line in sorted(lines, key=lambda one: (one["dataset"], one["method"], one["budget"]))
    ]
    head = ["data", "method", "share of the steps", "seconds", "FID*", "recall"]
    return markdown([*head, "NGE strict judge, %"], rows)
