"""The results page, rendered from stored runs alone."""

import os
from pathlib import Path

import numpy as np

from keras_vabc.experiments import figures, paper
from keras_vabc.experiments.figures import TITLES, Stored
from keras_vabc.experiments.sweep import ARRAYS, stored_lines
from keras_vabc.plots import png_bytes

FIGURES = {
    "fig2": (
        "Fig. 2: negative generation error, MNIST, p = 0.2",
        figures.fig2,
        paper.fig2,
    ),
    "fig3": (
        "Fig. 3: samples on Moons1",
        lambda stored: figures.moons_samples(stored, "moons1"),
        lambda: paper.moons("moons1")[:2],
    ),
    "fig3-literal": (
        "Fig. 3 with the literal sigma2 = 1, gamma = 3",
        lambda stored: figures.moons_samples(stored, "moons1", literal=True),
        lambda: paper.moons("moons1", literal=True)[:2],
    ),
    "fig4": (
        "Fig. 4: samples on Moons2",
        lambda stored: figures.moons_samples(stored, "moons2"),
        lambda: paper.moons("moons2")[:2],
    ),
    "fig4-literal": (
        "Fig. 4 with the literal sigma2 = 1, gamma = 3",
        lambda stored: figures.moons_samples(stored, "moons2", literal=True),
        lambda: paper.moons("moons2", literal=True)[:2],
    ),
    "fig5": (
        "Fig. 5: the field of -dL/dx of V-ABC on Moons2",
        figures.fig5,
        lambda: paper.moons("moons2")[1:2],
    ),
    "fig6": ("Fig. 6: latent manifold, MNIST '8'", figures.fig6, paper.eights),
    "fig7": ("Fig. 7: reconstructions, MNIST '8'", figures.fig7, paper.eights),
    "fig8": ("Fig. 8: posteriors, MNIST '8'", figures.fig8, paper.eights),
    "fig9": (
        "Fig. 9: error by the size of the unwanted fold and by gamma",
        figures.fig9,
        lambda: paper.fig9_fractions() + paper.fig9_gammas(),
    ),
    "ablation": (
        "Ablation of the annealing, MNIST '8'",
        figures.ablation,
        lambda: [s for settings in paper.ablation().values() for s in settings],
    ),
}
COLUMNS = ("nge_paper", "nge_strict", "fid", "precision", "recall", "density", "coverage")


def render(folder):
    """Writes `README.md` and a PNG for every figure whose runs are all stored.

    Args:
        folder: Folder with the result lines and arrays of a sweep.

    Returns:
        List of the figures that still miss a run.
    """
    folder = Path(folder)
    stored = Stored(stored_lines(folder), folder / ARRAYS)
    parts, missing = ["# The paper, regenerated", _table_of_fig2(stored)], []
    for name, (title, draw, settings) in FIGURES.items():
        runs = settings()
        done = sum(stored.line(setting) is not None for setting in runs)
        if done < len(runs):
            missing.append(name)
            parts.append(f"## {title}\n\n{done} of {len(runs)} runs are stored.")
            continue
        _write(folder / f"{name}.png", png_bytes(draw(stored)))
        parts.append(f"## {title}\n\n![{title}]({name}.png)")
    _write(folder / "README.md", ("\n\n".join(parts) + "\n").encode())
    return missing


def _table_of_fig2(stored):
    head = ["MNIST, p = 0.2", "runs", *COLUMNS]
    rows = [" | ".join(head), " | ".join(["---"] * len(head))]
    for method, title in TITLES.items():
        settings = [s for s in paper.fig2() if s.method == method]
        rows.append(_row(title, [stored.values(settings, name) for name in COLUMNS]))
    return "\n".join(f"| {row} |" for row in rows) + (
        "\n\nMean ± standard deviation over digits and seeds; the errors in percent. "
        "The paper has 8.31 ± 1.81 for the VAE and 0.14 ± 0.16 for V-ABC."
    )


def _row(title, columns):
    cells = []
    for name, values in zip(COLUMNS, columns, strict=True):
        values = 100 * values if name.startswith("nge") else values
        cells.append(f"{np.mean(values):.2f} ± {np.std(values):.2f}" if len(values) else "–")
    return " | ".join([title, str(len(columns[0])), *cells])


def _write(path, data):
    temporary = path.with_suffix(".tmp")
    temporary.write_bytes(data)
    os.replace(temporary, path)
