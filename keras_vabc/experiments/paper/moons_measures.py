"""What the paper looks at in a model of Moons: figures for its claims, arrays for pictures."""

import numpy as np
import tensorflow as tf

from keras_vabc.evaluation.evaluate import MoonsEvaluation
from keras_vabc.evaluation.moons_judge import MoonsJudge
from keras_vabc.recipes.results import SAMPLES
from keras_vabc.vabc.losses import kl_divergence, reconstruction_error, unwanted_penalty, vabc_loss

FIELD_STEPS = 25
FIELD_LIMITS = (-2.0, 3.0, -1.5, 2.0)


def moons_figures(model, folds, noise):
    """Figures of a model of Moons, besides those of every result line.

    `noise` is the standard deviation of sampled points around their means. Added to
    `MoonsEvaluation.of` on 10,000 decoder means are

    - `outliers`: share of means in less density (of both moons) than 99.9 % of real points;
    - `sampled_nge`, `sampled_outliers`: error and outliers of sampled points, noise included;
    - `sampled_outliers_right`: such outliers at `x_1 > 1`, the right side of the lower moon;
    - `upper_distance`, `lower_distance`: mean distance of the means from a moon's half circle;
    - `left`: share of means on the left half of the lower moon, `x_1 < 1`;
    - `spread`: standard deviation of the means along their main axis;
    - `field_confident`, `field_elsewhere`: mean length of -dL/dx for y = 0 over the grid of Fig. 5
      where `exp(-gamma R)`, the model's confidence of the positive concept, is above 0.5, and where
      it is not (`None` without such a point);
    - `field_near`, `field_far`: the same for y = 1, within 0.4 of the lower moon and elsewhere.
    """
    evaluation = MoonsEvaluation(folds)
    means = model.sample(SAMPLES, seed=0)
    sampled = means + np.random.default_rng(0).normal(scale=noise, size=means.shape)
    return {
        **evaluation.of(means),
        "sampled_nge": float(MoonsJudge().is_negative(sampled).mean()),
        "sampled_outliers": evaluation.outlier_share(sampled),
        "sampled_outliers_right": evaluation.outlier_share(sampled, right_of=1.0),
        **_place(means, evaluation),
        **_field_figures(model),
    }


def real_moons_figures(folds):
    """Of the figures of `moons_figures`, those that real data have.

    As in `MoonsEvaluation.real`, held-out positives are judged, with noise as real points have it.
    """
    evaluation = MoonsEvaluation(folds)
    points = folds.test_unlabeled[folds.test_unlabeled_labels != folds.negative_class]
    figures = {**evaluation.real(), **_place(points, evaluation)}
    sampled = {"sampled_nge": figures["nge_strict"], "sampled_outliers": figures["outliers"]}
    return figures | sampled


def _place(points, evaluation):
    singular = np.linalg.svd(points - points.mean(0), compute_uv=False)
    return {
        "outliers": evaluation.outlier_share(points),
        "upper_distance": evaluation.distance(points, 0),
        "lower_distance": evaluation.distance(points, 1),
        "left": float((points[:, 0] < 1).mean()),
        "spread": float(singular[0] / np.sqrt(len(points))),
    }


def moons_arrays(model, folds):
    """Arrays behind Figs. 3 to 5: samples, 100 points of each fold, the field of -dL/dx.

    They are `means` `(300, 2)`, `unlabeled` and `unwanted` `(100, 2)`, `grid` `(n, 2)`, and
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
    """Gradient of the loss of each example with respect to it, at `z = z_mean`; shaped like `x`."""
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


def field_grid():
    """Points of Fig. 5, shape `(n, 2)`."""
    left, right, bottom, top = FIELD_LIMITS
    axes = np.linspace(left, right, FIELD_STEPS), np.linspace(bottom, top, FIELD_STEPS)
    return np.stack(np.meshgrid(*axes), axis=-1).reshape(-1, 2).astype("float32")


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


def _mean(values):
    return float(values.mean()) if len(values) else None
