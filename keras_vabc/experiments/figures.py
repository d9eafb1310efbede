"""The paper's figures, drawn from stored result lines and arrays alone."""

from pathlib import Path

import numpy as np

from keras_vabc import plots
from keras_vabc.experiments import paper
from keras_vabc.experiments.settings import paper_setting, sample_noise

TITLES = {"vae": "VAE", "vabc": "V-ABC"}


class Stored:
    """Result lines and arrays of a folder, looked up by setting.

    Args:
        lines: Dict of result lines by key.
        arrays: Folder of the arrays.
    """

    def __init__(self, lines, arrays):
        self._lines = lines
        self._arrays = Path(arrays)

    def line(self, setting):
        """The result line of a setting, or `None`."""
        return self._lines.get(setting.key)

    def values(self, settings, name):
        """One figure of each setting that has been run, as an array."""
        lines = [self._lines[s.key] for s in settings if s.key in self._lines]
        return np.array([line[name] for line in lines], dtype=float)

    def arrays(self, setting):
        """The arrays of a setting, or `None`."""
        path = self._arrays / f"{setting.key}.npz"
        if not path.exists():
            return None
        with np.load(path) as stored:
            return dict(stored)


def fig2(stored):
    """Negative generation error on MNIST, p = 0.2, VAE against V-ABC, by both judges."""
    figure, axes = plots.panels(2, size=4)
    judges = {"nge_paper": "paper's judge", "nge_strict": "strict judge"}
    for ax, (name, title) in zip(axes, judges.items(), strict=True):
        groups = {
            TITLES[method]: stored.values([s for s in paper.fig2() if s.method == method], name)
            for method in TITLES
        }
        plots.error_boxes(groups, "negative generation error, %", ax=ax).set_title(title)
    return figure


def moons_samples(stored, dataset, literal=False):
    """Figs. 3 and 4: samples of the VAE and of V-ABC over the data."""
    rng = np.random.default_rng(0)

    def draw(ax, arrays, setting):
        means = arrays["means"][:100]
        noisy = means + rng.normal(scale=sample_noise(setting), size=means.shape)
        plots.moons_samples(arrays["unlabeled"], arrays["unwanted"], means, noisy, ax=ax)

    return _vae_and_vabc(stored, paper.moons(dataset, literal)[:2], draw)


def fig5(stored):
    """The field of -dL/dx of V-ABC on Moons2, for y = 1 and for y = 0."""
    arrays = stored.arrays(paper_setting("vabc", "moons2"))
    figure, axes = plots.panels(2)
    points = {name: arrays[name] for name in ("unlabeled", "unwanted")}
    for ax, y in zip(axes, (1, 0), strict=True):
        plots.vector_field(arrays["grid"], arrays[f"field_{y}"], points, ax=ax)
        ax.set_title(f"y = {y}")
    return figure


def fig6(stored):
    """The latent manifold on MNIST with negative concept '8'."""

    def draw(ax, arrays, setting):
        grid = arrays["manifold"][::-1]  # stored with the second latent increasing
        images = grid.reshape(-1, *grid.shape[2:])
        plots.latent_manifold(lambda z: images, steps=len(grid), ax=ax)

    return _vae_and_vabc(stored, paper.eights(), draw)


def fig7(stored):
    """Test images beside their reconstructions."""

    def draw(ax, arrays, setting):
        plots.reconstruction_pairs(arrays["originals"], arrays["reconstructed"], ax=ax)

    return _vae_and_vabc(stored, paper.eights(), draw)


def fig8(stored):
    """Posteriors of 1,000 training images."""

    def draw(ax, arrays, setting):
        posterior = arrays["z_mean"], arrays["z_log_var"], arrays["labels"]
        plots.posterior_ellipses(*posterior, setting.negative_class, ax=ax)

    return _vae_and_vabc(stored, paper.eights(), draw)


def fig9(stored):
    """Negative generation error of V-ABC by the size of the unwanted fold and by gamma."""
    figure, axes = plots.panels(4, size=4)
    sweeps = {"fraction": paper.fig9_fractions(), "gamma": paper.fig9_gammas()}
    names = ("nge_paper", "nge_strict")
    for ax, (field, name) in zip(axes, [(f, n) for f in sweeps for n in names], strict=True):
        groups = {}
        for setting in sweeps[field]:
            groups.setdefault(getattr(setting, field), []).append(setting)
        groups = {str(value): stored.values(runs, name) for value, runs in groups.items()}
        plots.error_boxes(groups, "negative generation error, %", ax=ax)
        ax.set(xlabel="p" if field == "fraction" else "gamma", title=name)
    return figure


def ablation(stored):
    """Negative generation error of V-ABC without one annealing or both, and at gamma = 1."""
    figure, axes = plots.panels(2, size=5)
    for ax, name in zip(axes, ("nge_paper", "nge_strict"), strict=True):
        groups = {
            variant.replace(" annealing", "\nannealing"): stored.values(runs, name)
            for variant, runs in paper.ablation().items()
        }
        plots.error_boxes(groups, "negative generation error, %", ax=ax).set_title(name)
        ax.tick_params(axis="x", labelsize="small")
    return figure


def _vae_and_vabc(stored, settings, draw):
    """Two panels, drawn by `draw(ax, arrays, setting)`."""
    figure, axes = plots.panels(2)
    for ax, setting in zip(axes, settings, strict=True):
        draw(ax, stored.arrays(setting), setting)
        ax.set_title(TITLES[setting.method])
    return figure
