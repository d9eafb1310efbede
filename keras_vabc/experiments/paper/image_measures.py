"""What the paper looks at in a model of images: figures for its claims, arrays for pictures."""

import numpy as np

from keras_vabc.evaluation.evaluate import both_folds
from keras_vabc.recipes.results import SAMPLES
from keras_vabc.vabc.losses import kl_divergence

MANIFOLD_STEPS = 20
POSTERIORS = 1000


def image_figures(model, folds, evaluations):
    """Figures of a model of images, besides those of every result line.

    The first of the evaluations, by judges of different seeds, is quoted: all of
    `ImageEvaluation.of` on 10,000 samples. Added are

    - `judge_seeds`: `nge_paper` and `nge_strict` by each evaluation;
    - `error_positives`: mean squared error of reconstructed held-out positives, per pixel;
    - `negatives_kept`: share of held-out negatives whose reconstruction is judged negative, and
      `manifold_negatives`: share of images on the latent grid, both by each judge;
    - `kl_positives`, `kl_negatives`: mean KL divergence of `q(z|x)` from the prior, in nats;
    - `continuity`: largest change between neighbours on the latent grid over [-3, 3]^2, as a share
      of the mean distance between two random points of it;
    - `completeness`: share of samples that the strict judge names with a probability above 0.5.
    """
    samples = model.sample(SAMPLES, seed=0)
    figures = [evaluation.of(samples) for evaluation in evaluations]
    x, labels = both_folds(folds, "test_")
    negative = labels == folds.negative_class
    kl = kl_divergence(*model.encode(x)).numpy()
    reconstructed = model.reconstruct(x)
    error = np.square((reconstructed[~negative] - x[~negative]) / 255.0).mean()
    grid = manifold(model)
    return {
        **figures[0],
        "judge_seeds": [{k: f[k] for k in ("nge_paper", "nge_strict")} for f in figures],
        "error_positives": float(error),
        "negatives_kept": _shares(evaluations[0].is_negative(reconstructed[negative])),
        "manifold_negatives": _shares(evaluations[0].is_negative(grid.reshape(-1, *x.shape[1:]))),
        "kl_positives": float(kl[~negative].mean()),
        "kl_negatives": float(kl[negative].mean()),
        "continuity": _continuity(grid),
        "completeness": float((evaluations[0].confidence(samples) > 0.5).mean()),
    }


def manifold(model):
    """Images over the latent grid in [-3, 3]^2, shape `(steps, steps, height, width, channels)`.

    The first axis is the second latent, increasing; the second axis is the first latent.
    """
    values = np.linspace(-3, 3, MANIFOLD_STEPS)
    z = np.stack(np.meshgrid(values, values), axis=-1).reshape(-1, 2)
    images = model.decode(z.astype("float32"))
    return images.reshape(MANIFOLD_STEPS, MANIFOLD_STEPS, *images.shape[1:])


def image_arrays(model, folds):
    """Arrays behind Figs. 6 to 8: manifold, reconstructed test images, posteriors.

    They are uint8 `manifold`, `originals` and `reconstructed` (24 images, six of the negative
    class), and `z_mean`, `z_log_var`, `labels` of 1,000 training examples.
    """
    rng = np.random.default_rng(0)
    x, labels = both_folds(folds, "test_")
    negative = labels == folds.negative_class
    rows = np.concatenate(
        [rng.choice(np.flatnonzero(negative), 6), rng.choice(np.flatnonzero(~negative), 18)]
    )
    rows = rng.permutation(rows)
    training = rng.permutation(len(folds.unlabeled))[:POSTERIORS]
    z_mean, z_log_var = model.encode(folds.unlabeled[training])
    return {
        "manifold": _uint8(manifold(model)),
        "originals": x[rows],
        "reconstructed": _uint8(model.reconstruct(x[rows])),
        "z_mean": z_mean,
        "z_log_var": z_log_var,
        "labels": folds.unlabeled_labels[training].astype("int8"),
    }


def _continuity(images):
    flat = images.reshape(MANIFOLD_STEPS, MANIFOLD_STEPS, -1)
    steps = [np.linalg.norm(np.diff(flat, axis=axis), axis=-1).max() for axis in (0, 1)]
    points = flat.reshape(MANIFOLD_STEPS**2, -1)
    apart = np.linalg.norm(points - np.random.default_rng(0).permutation(points), axis=1)
    return float(max(steps) / apart.mean())


def _shares(verdicts):
    return {judge: float(negative.mean()) for judge, negative in verdicts.items()}


def _uint8(images):
    return np.clip(np.rint(images), 0, 255).astype("uint8")
