"""The results page, rendered from stored runs alone."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from keras_vabc.experiments.paper import figures, tables
from keras_vabc.experiments.paper import runs as paper
from keras_vabc.experiments.paper.claims import CLAIMS
from keras_vabc.plots import png_bytes
from keras_vabc.recipes.results_folder import write_result
from keras_vabc.recipes.stored import Stored

INTRODUCTION = """\
# The paper, regenerated

Every table, figure and claim of [the paper](https://arxiv.org/abs/2204.12577), under the paper's
own numbers, drawn by `keras-vabc reproduce` from the stored runs in this folder.

Numbers are mean ± standard deviation over runs. *Means* are what the decoder gives; *sampled data*
have the decoder's noise added. The *paper's judge* is a binary classifier, positive against
negative concept; the *strict judge* knows all ten digits. FID* is the Fréchet distance on the
strict judge's features, not comparable with Inception's. The `real` row is real held-out data under
the same judges: less than that cannot be told from no error at all."""


class Exhibit(NamedTuple):
    """One part of the page: a heading, what to look at and what the paper has, and the runs needed.

    Tables are functions of `Stored` that give Markdown; `pictures` maps a file's name to a function
    of `Stored` that draws it.
    """

    title: str
    text: str
    runs: Callable
    tables: tuple = ()
    pictures: dict = {}


def _moons_of_seed_0(dataset):
    runs = [*paper.moons(dataset), *paper.moons(dataset, literal=True)]
    return [run for run in runs if run.seed == 0]


def _moons_pictures(name, dataset):
    return {
        name: lambda stored: figures.moons_samples(stored, dataset),
        f"{name}-literal": lambda stored: figures.moons_samples(stored, dataset, literal=True),
    }


_TWO_SETTINGS = (
    "VAE on the left, V-ABC on the right. Above, sigma2 = 0.25, gamma = 1.5 and a penalty weight "
    "of 2, which give the published pictures; below, the sigma2 = 1 and gamma = 3 of the paper's "
    "text, with which both models collapse towards one point."
)

EXHIBITS = (
    Exhibit(
        "Table I: data sets",
        "In brackets the paper's counts. Both are random draws: the last column is their distance "
        "in standard deviations of one draw.",
        paper.table1,
        (tables.table1,),
    ),
    Exhibit(
        "Fig. 1: the negative-unlabeled setting",
        "",
        list,
        pictures={"fig1": lambda stored: figures.fig1()},
    ),
    Exhibit(
        "Fig. 2: negative generation error, MNIST, p = 0.2",
        "The paper has 8.31 ± 1.81 % for the VAE and 0.14 ± 0.16 % for V-ABC, by one judge, which "
        "corresponds to the paper's judge here. 10,000 samples of each of 9 models a method.",
        lambda: paper.fig2() + paper.judges(),
        (tables.fig2, tables.fig2_digits),
        {"fig2": figures.fig2},
    ),
    Exhibit(
        "Fig. 3: samples on Moons1",
        _TWO_SETTINGS,
        lambda: _moons_of_seed_0("moons1"),
        pictures=_moons_pictures("fig3", "moons1"),
    ),
    Exhibit(
        "Fig. 4: samples on Moons2",
        _TWO_SETTINGS,
        lambda: _moons_of_seed_0("moons2"),
        pictures=_moons_pictures("fig4", "moons2"),
    ),
    Exhibit(
        "Figs. 3 and 4 in numbers",
        "By the exact densities of the two moons: the error is the share of points at which the "
        "upper moon is denser, an outlier lies in less density than 99.9 % of the data, *left* is "
        "$x_1 < 1$. The paper has no such numbers. Three seeds.",
        lambda: paper.all_moons() + paper.real_moons(),
        (tables.moons,),
    ),
    Exhibit(
        "Fig. 5: vector field of V-ABC on Moons2",
        "The field of -dL/dx, with z = z_mean, for y = 1 (left) and y = 0 (right).",
        lambda: paper.moons("moons2")[1:2],
        pictures={"fig5": figures.fig5},
    ),
    Exhibit(
        "Fig. 6: manifold",
        "VAE (left) and V-ABC (right), negative digit 8, latents in [-3, 3]².",
        paper.eights,
        pictures={"fig6": figures.fig6},
    ),
    Exhibit(
        "Fig. 7: reconstruction",
        "VAE above, V-ABC below. First, third and fifth columns: test images; second, fourth and "
        "sixth: reconstructed, white from 96 of 255 on (the paper does not give its threshold).",
        paper.eights,
        pictures={"fig7": figures.fig7},
    ),
    Exhibit(
        "Fig. 8: posteriors of training data",
        "Centre z_mean, semi-axes two standard deviations, one colour a digit, the negative digit "
        "8 in black. The paper shows V-ABC (right).",
        paper.eights,
        pictures={"fig8": figures.fig8},
    ),
    Exhibit(
        "Fig. 9: error by the size of the unwanted fold, and by gamma",
        "V-ABC, digits 1, 7 and 8, three seeds.",
        lambda: paper.fig9_fractions() + paper.fig9_gammas(),
        (tables.fig9,),
        {"fig9": figures.fig9},
    ),
    Exhibit(
        "Moons2 by gamma and p",
        "V-ABC, three seeds. The paper says this without numbers.",
        paper.moons_sensitivity,
        (tables.moons_sensitivity,),
        {"moons-gamma": figures.moons_gamma},
    ),
    Exhibit(
        "Ablation of the annealing",
        "V-ABC, negative digit 8, p = 0.2, three seeds, one thing changed at a time.",
        paper.ablation_runs,
        (tables.ablation,),
        {"ablation": figures.ablation},
    ),
    Exhibit(
        "The judges",
        "Trained on the labelled originals of the training set, half of them blurred; accuracy on "
        "the test set, errors on its positives. Below, the same samples of Fig. 2 under the judges "
        "of three seeds, in percent, and the range over them of one model's error.",
        lambda: paper.judges() + paper.fig2(),
        (tables.judges, tables.judge_spread),
    ),
)


FILES = ("README.md", *(f"{name}.png" for one in EXHIBITS for name in one.pictures))


def render(folder):
    """Writes `README.md` and the pictures of every exhibit whose runs are all stored in a folder.

    Returns the titles of exhibits that still miss a run.
    """
    folder = Path(folder)
    stored = Stored(folder)
    parts, missing = [INTRODUCTION, _claims(stored)], []
    if (folder / "FINDINGS.md").exists():
        parts.append("What does not hold, and why: [findings](FINDINGS.md).")
    for exhibit in EXHIBITS:
        parts.append(f"## {exhibit.title}")
        runs = exhibit.runs()
        if not stored.holds(runs):
            missing.append(exhibit.title)
            parts.append(f"{len(stored.lines(runs))} of {len(runs)} runs are stored.")
            continue
        parts += [exhibit.text] if exhibit.text else []
        for name, draw in exhibit.pictures.items():
            write_result(folder, f"{name}.png", png_bytes(draw(stored)))
            parts.append(f"![{exhibit.title}]({name}.png)")
        parts += [table(stored) for table in exhibit.tables]
    parts.append(_provenance(stored))
    write_result(folder, "README.md", ("\n\n".join(parts) + "\n").encode())
    return missing


def _claims(stored):
    rows = []
    for claim in CLAIMS:
        verdict, evidence = "runs are missing", ""
        if stored.holds(claim.runs()):
            holds, evidence = claim.check(stored)
            verdict = "holds" if holds else "**does not hold**"
        rows.append([claim.section, claim.statement, verdict, evidence])
    head = ["section", "the paper says", "", "measured"]
    return f"## Claims, checked\n\n{tables.markdown(head, rows)}"


def _provenance(stored):
    lines = list(stored.all.values())
    trainings = [line for line in lines if line.get("seconds")]
    hours = sum(line["seconds"] for line in trainings) / 3600
    dates = sorted({line["date"] for line in lines if "date" in line})
    versions = sorted(
        {
            ", ".join(f"{name} {version}" for name, version in line["versions"].items())
            for line in lines
            if "versions" in line
        }
    )
    return (
        f"## Runs\n\n{len(trainings)} trainings, {hours:.1f} hours of one core each, "
        f"{' to '.join(dict.fromkeys([*dates[:1], *dates[-1:]]))}; {'; '.join(versions)}. "
        "Each run's settings, seed, command and figures: [results.jsonl](results.jsonl)."
    )
