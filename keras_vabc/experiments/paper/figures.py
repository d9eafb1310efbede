"""The paper's figures, drawn from stored result lines and arrays alone."""

import numpy as np

from keras_vabc import plots
from keras_vabc.experiments.paper import runs as paper
from keras_vabc.experiments.paper.settings import METHODS, paper_setting, sample_noise
from keras_vabc.experiments.paper.tables import TITLES

MOONS_FRAME = {"xlim": (-2.0, 3.0), "ylim": (-1.5, 1.8)}
JUDGES = {"nge_paper": "paper's judge", "nge_strict": "strict judge"}


def fig1():
    """The negative-unlabeled setting, with points made up for the picture."""
    rng = np.random.default_rng(3)
    positive = rng.normal([0, 0], [1.0, 0.7], size=(60, 2))
    hidden = rng.normal([4, 1.2], [0.7, 0.6], size=(14, 2))
    unwanted = rng.normal([4, 1.2], [0.7, 0.6], size=(10, 2))
    figure, (ax,) = plots.panels(1, size=5)
    plots.negative_unlabeled_setting(positive, hidden, unwanted, ax=ax)
    return figure


def fig2(stored):
    """Negative generation error on MNIST, p = 0.2, VAE against V-ABC, by both judges."""
    figure, axes = plots.panels(2, size=4)
    for ax, (name, title) in zip(axes, JUDGES.items(), strict=True):
        by_method = paper.grouped(paper.fig2(), "method")
        groups = {TITLES[method]: stored.values(by_method[method], name) for method in METHODS}
        plots.error_boxes(groups, "negative generation error, %", ax=ax).set_title(title)
    return figure


def moons_samples(stored, dataset, literal=False):
    """Figs. 3 and 4: samples of the VAE and of V-ABC over the data."""
    rng = np.random.default_rng(0)

    def draw(ax, arrays, setting):
        means = arrays["means"][:100]
        noisy = means + rng.normal(scale=sample_noise(setting), size=means.shape)
        plots.moons_samples(arrays["unlabeled"], arrays["unwanted"], means, noisy, ax=ax)
        ax.set(**MOONS_FRAME)

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

    return _vae_and_vabc(stored, paper.eights(), draw, stacked=True)


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
    for ax, (field, name) in zip(axes, [(f, n) for f in sweeps for n in JUDGES], strict=True):
        by_value = paper.grouped(sweeps[field], field)
        groups = {str(value): stored.values(runs, name) for value, runs in by_value.items()}
        plots.error_boxes(groups, "negative generation error, %", ax=ax)
        ax.set(xlabel="p" if field == "fraction" else "gamma", title=JUDGES[name])
    return figure


def moons_gamma(stored):
    """Distances of V-ABC's samples from both moons by gamma, on Moons2."""
    figure, (ax,) = plots.panels(1, size=5)
    runs = [s for s in paper.moons_sensitivity() if s.fraction == 0.8]
    distances = {
        f"from the {moon} moon": stored.values(runs, f"{moon}_distance")
        for moon in ("upper", "lower")
    }
    plots.distances_by_gamma([run.gamma for run in runs], distances, ax=ax)
    return figure


def ablation(stored):
    """Negative generation error of V-ABC without one annealing or both, and at gamma = 1."""
    figure, axes = plots.panels(2, size=5)
    for ax, (name, title) in zip(axes, JUDGES.items(), strict=True):
        groups = {
            variant.replace(" annealing", "\nannealing"): stored.values(runs, name)
            for variant, runs in paper.ablation().items()
        }
        plots.error_boxes(groups, "negative generation error, %", ax=ax).set_title(title)
        ax.tick_params(axis="x", labelsize="small")
    return figure


def _vae_and_vabc(stored, settings, draw, stacked=False):
    """Two panels, drawn by `draw(ax, arrays, setting)`."""
    figure, axes = plots.panels(2, stacked=stacked)
    for ax, setting in zip(axes, settings, strict=True):
        draw(ax, stored.arrays(setting), setting)
        ax.set_title(TITLES[setting.method])
    return figure
