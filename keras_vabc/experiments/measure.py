"""What the paper looks at in a trained model: figures for its claims, arrays for its pictures."""

import dataclasses
import json
import os
import tempfile
from pathlib import Path

import numpy as np
import tensorflow as tf

from keras_vabc.data.folds import load_folds
from keras_vabc.evaluation.evaluate import ImageEvaluation, MoonsEvaluation
from keras_vabc.evaluation.judges import MoonsJudge
from keras_vabc.experiments.run import SAMPLES, folds_of, result_line, train
from keras_vabc.experiments.settings import paper_setting, sample_noise
from keras_vabc.losses import kl_divergence, reconstruction_error, unwanted_penalty, vabc_loss

MANIFOLD_STEPS = 20
POSTERIORS = 1000
FIELD_STEPS = 25
FIELD_LIMITS = (-2.0, 3.0, -1.5, 2.0)
CARD = "card.json"


def measure(setting, judge_seeds, arrays=None, saved_model=None):
    """Trains the model of a setting and measures it.

    Args:
        setting: `Setting`.
        judge_seeds: Seeds of the judges that look at images; the first one's verdict is quoted.
        arrays: `None`, or the path of an .npz file for the arrays of pictures.
        saved_model: `None`, or the path of a SavedModel to write or replace.

    Returns:
        Result line.
    """
    folds = folds_of(setting)
    model, history, seconds = train(setting, folds)
    of_moons = setting.dataset.startswith("moons")
    if of_moons:
        figures = moons_figures(model, folds, sample_noise(setting))
    else:
        evaluations = [_evaluation(folds, seed) for seed in judge_seeds]
        figures = image_figures(model, folds, evaluations)
    figures["epochs"] = len(history["loss"])
    line = result_line(setting, setting.method, figures, seconds)
    if arrays is not None:
        _store_arrays(arrays, (moons_arrays if of_moons else image_arrays)(model, folds))
    if saved_model is not None:
        _ship(model, {"setting": dataclasses.asdict(setting), **line}, saved_model)
    return line


def measure_counts(dataset, negative_class, fraction, seed):
    """Sizes of the concepts and of the training folds of one split.

    Returns:
        Dict of `positives`, `negatives`, `unlabeled`, `unwanted`.
    """
    folds = load_folds(dataset, negative_class=negative_class, fraction=fraction, seed=seed)
    labels = np.concatenate([folds.unlabeled_labels, folds.unwanted_labels])
    negatives = int((labels == folds.negative_class).sum())
    return {
        "positives": len(labels) - negatives,
        "negatives": negatives,
        "unlabeled": len(folds.unlabeled),
        "unwanted": len(folds.unwanted),
    }


def measure_judges(negative_class, judge_seed):
    """Real data under the judges of one seed: a result line of method `"real"`, without a key."""
    setting = paper_setting("vabc", "mnist", negative_class)
    figures = _evaluation(folds_of(setting), judge_seed).real()
    return {**result_line(setting, "real", figures, None), "judge_seed": judge_seed}


def image_figures(model, folds, evaluations):
    """Figures of a model of images, besides those of every result line.

    Args:
        model: Trained `VABC`.
        folds: Its `Folds`.
        evaluations: `ImageEvaluation`s by judges of different seeds; the first one is quoted.

    Returns:
        Dict of `ImageEvaluation.of` on 10,000 samples, and of

        - `judge_seeds`: `nge_paper` and `nge_strict` by each evaluation;
        - `error_positives`: mean squared error of reconstructed held-out positives, per pixel;
        - `negatives_kept`: share of held-out negatives whose reconstruction is judged negative;
        - `manifold_negatives`: share of images on the latent grid that are judged negative;
        - `kl_positives`, `kl_negatives`: mean KL divergence of `q(z|x)` from the prior, in nats;
          (both by each judge)
        - `continuity`: largest change between neighbours on the latent grid over [-3, 3]^2, as a
          share of the mean distance between two random points of it;
        - `completeness`: share of samples that the strict judge names with a probability above 0.5.
    """
    samples = model.sample(SAMPLES, seed=0)
    figures = [evaluation.of(samples) for evaluation in evaluations]
    x = np.concatenate([folds.test_unlabeled, folds.test_unwanted])
    labels = np.concatenate([folds.test_unlabeled_labels, folds.test_unwanted_labels])
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

    Returns:
        Dict of uint8 `manifold`, `originals` and `reconstructed` (24 images, six of the negative
        class), and `z_mean`, `z_log_var`, `labels` of 1,000 training examples.
    """
    rng = np.random.default_rng(0)
    x = np.concatenate([folds.test_unlabeled, folds.test_unwanted])
    labels = np.concatenate([folds.test_unlabeled_labels, folds.test_unwanted_labels])
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


def moons_figures(model, folds, noise):
    """Figures of a model of Moons, besides those of every result line.

    Args:
        model: Trained `VABC`.
        folds: Its `Folds`.
        noise: Standard deviation of sampled points around their means.

    Returns:
        Dict of `MoonsEvaluation.of` on 10,000 decoder means, and of

        - `outliers`: share of means in less density (of both moons) than 99.9 % of real points;
        - `sampled_nge`, `sampled_outliers`: the error and the outliers of sampled points, noise
          included;
        - `upper_distance`: mean distance of the means from the upper moon's half circle;
        - `lower_distance`: the same from the lower one's;
        - `left`: share of means on the left half of the lower moon, `x_1 < 1`;
        - `spread`: standard deviation of the means along their main axis;
        - `field_confident`, `field_elsewhere`: mean length of -dL/dx for y = 0 over the grid of
          Fig. 5 where `exp(-gamma R)`, the model's confidence of the positive concept, is above
          0.5, and where it is not (`None` without such a point);
        - `field_near`, `field_far`: the same for y = 1, within 0.4 of the lower moon and elsewhere.
    """
    evaluation = MoonsEvaluation(folds)
    means = model.sample(SAMPLES, seed=0)
    sampled = means + np.random.default_rng(0).normal(scale=noise, size=means.shape)
    singular = np.linalg.svd(means - means.mean(0), compute_uv=False)
    return {
        **evaluation.of(means),
        "outliers": evaluation.outlier_share(means),
        "sampled_nge": float(MoonsJudge().is_negative(sampled).mean()),
        "sampled_outliers": evaluation.outlier_share(sampled),
        "upper_distance": evaluation.distance(means, 0),
        "lower_distance": evaluation.distance(means, 1),
        "left": float((means[:, 0] < 1).mean()),
        "spread": float(singular[0] / np.sqrt(len(means))),
        **_field_figures(model),
    }


def _field_figures(model):
    grid = field_grid()
    confident = np.exp(-model.gamma * model.score(grid)) > 0.5
    near = MoonsJudge().distance(grid, 1) < 0.4
    length = {y: np.linalg.norm(loss_gradient(model, grid, y), axis=1) for y in (0.0, 1.0)}
    return {
        "field_confident": _mean(length[0.0][confident]),
        "field_elsewhere": _mean(length[0.0][~confident]),
        "field_near": _mean(length[1.0][near]),
        "field_far": _mean(length[1.0][~near]),
    }


def field_grid():
    """Points of Fig. 5, shape `(n, 2)`."""
    left, right, bottom, top = FIELD_LIMITS
    axes = np.linspace(left, right, FIELD_STEPS), np.linspace(bottom, top, FIELD_STEPS)
    return np.stack(np.meshgrid(*axes), axis=-1).reshape(-1, 2).astype("float32")


def moons_arrays(model, folds):
    """Arrays behind Figs. 3 to 5: samples, 100 points of each fold, the field of -dL/dx.

    Returns:
        Dict of `means` `(300, 2)`, `unlabeled` and `unwanted` `(100, 2)`, `grid` `(n, 2)`, and
        `field_1`, `field_0`: `-dL/dx` on the grid for y = 1 and y = 0.
    """
    grid = field_grid()
    return {
        "means": model.sample(300, seed=0),
        "unlabeled": folds.unlabeled[:100],
        "unwanted": folds.unwanted[:100],
        "grid": grid,
        "field_1": -loss_gradient(model, grid, 1.0),
        "field_0": -loss_gradient(model, grid, 0.0),
    }


def loss_gradient(model, x, y):
    """Gradient of the loss of each example with respect to it, at `z = z_mean`.

    Args:
        model: Trained `VABC`.
        x: Examples, shape `(n, ...)`.
        y: 1 for unlabeled, 0 for unwanted.

    Returns:
        Array shaped like `x`.
    """
    x = tf.constant(x)
    with tf.GradientTape() as tape:
        tape.watch(x)
        out = model(x)
        reconstruction = reconstruction_error(out["target"], out["reconstruction"], model.sigma2)
        loss = vabc_loss(
            y,
            reconstruction,
            unwanted_penalty(reconstruction, model.gamma),
            kl_divergence(out["z_mean"], out["z_log_var"]),
            kl_weight=model.kl_weight,
            penalty_weight=model.penalty_weight,
        )
    return tape.gradient(loss, x).numpy()


_evaluations = {}


def _evaluation(folds, judge_seed):
    """The evaluation by judges of one seed, made once in a process: no split changes it."""
    key = (folds.name, folds.negative_class, judge_seed)
    if key not in _evaluations:
        _evaluations[key] = ImageEvaluation(folds, seed=judge_seed)
    return _evaluations[key]


def _store_arrays(path, arrays):
    temporary = Path(path).with_suffix(".tmp")
    with open(temporary, "wb") as file:
        np.savez_compressed(file, **arrays)
    os.replace(temporary, path)


def _ship(model, card, path):
    """Exports a model with its card beside the graph, in place of an earlier export."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".") as scratch:
        new = Path(scratch, "new")
        model.export(new, verbose=False)
        (new / CARD).write_text(json.dumps(card, indent=2) + "\n", encoding="utf-8")
        if path.exists():
            os.replace(path, Path(scratch, "old"))
        os.replace(new, path)


def _shares(verdicts):
    return {judge: float(negative.mean()) for judge, negative in verdicts.items()}


def _mean(values):
    return float(values.mean()) if len(values) else None


def _continuity(images):
    flat = images.reshape(MANIFOLD_STEPS, MANIFOLD_STEPS, -1)
    steps = [np.linalg.norm(np.diff(flat, axis=axis), axis=-1).max() for axis in (0, 1)]
    points = flat.reshape(MANIFOLD_STEPS**2, -1)
    apart = np.linalg.norm(points - np.random.default_rng(0).permutation(points), axis=1)
    return float(max(steps) / apart.mean())


def _uint8(images):
    return np.clip(np.rint(images), 0, 255).astype("uint8")
