"""The terms of the V-ABC loss, one value per example.

In the symbols of the paper (section IV-B), with `R` the scaled squared error of one example:

    loss = kl_weight * KL + y * R + penalty_weight * (1 - y) * P(R),  P(R) = -log(1 - exp(-gamma R))

Every function returns a float32 tensor of shape `(batch,)`; none reduces over the batch.
Half-precision inputs are cast to float32 first, since sums over pixels overflow in float16.
"""

import math

from keras import ops

SMALLEST_EXPONENT = 1e-7


def reconstruction_error(x, x_mean, sigma2):
    """Scaled squared error `R = ||x - x_mean||^2 / (2 sigma2)`.

    The negative log-likelihood of a Gaussian decoder with variance `sigma2`, up to a constant.

    Args:
        x: Data, shape `(batch, ...)`.
        x_mean: The decoder's mean, shaped like `x`.
        sigma2: Variance of the decoder, in squared units of the preprocessed data.

    Returns:
        Tensor of shape `(batch,)`: the error **summed**, not averaged, over all axes but the first.

    References:
        - [Novel Applications for VAE-based Anomaly Detection Systems](
          https://arxiv.org/abs/2204.12577), section IV-B.
    """
    difference = ops.cast(x, "float32") - ops.cast(x_mean, "float32")
    axes = tuple(range(1, len(difference.shape)))
    return ops.sum(ops.square(difference), axis=axes) / (2.0 * sigma2)


def kl_divergence(z_mean, z_log_var):
    """KL divergence of `N(z_mean, exp(z_log_var))` from the prior `N(0, I)`.

    Args:
        z_mean: Means, shape `(batch, latent_dim)`.
        z_log_var: Logarithms of the variances, shape `(batch, latent_dim)`.

    Returns:
        Tensor of shape `(batch,)`, in nats, summed over the latents.

    References:
        - [Auto-Encoding Variational Bayes](https://arxiv.org/abs/1312.6114), appendix B.
    """
    z_mean = ops.cast(z_mean, "float32")
    z_log_var = ops.cast(z_log_var, "float32")
    return -0.5 * ops.sum(1.0 + z_log_var - ops.square(z_mean) - ops.exp(z_log_var), axis=1)


def unwanted_penalty(reconstruction, gamma):
    """Penalty `P = -log(1 - exp(-gamma R))` on reconstructing an unwanted example well.

    It is `log 2` at `R = log(2) / gamma`, falls to 0 for a large error and grows without bound as
    the error vanishes; its derivative is `-gamma / (exp(gamma R) - 1)`.

    Args:
        reconstruction: Errors `R`, shape `(batch,)`.
        gamma: How fast the penalty fades with the error. A lower value pushes farther away.

    Returns:
        Tensor of shape `(batch,)`, at most `-log(1e-7)`, about 16.1.

    References:
        - [Novel Applications for VAE-based Anomaly Detection Systems](
          https://arxiv.org/abs/2204.12577), section IV-B.
    """
    exponent = ops.maximum(gamma * ops.cast(reconstruction, "float32"), SMALLEST_EXPONENT)
    return -ops.log(-ops.expm1(-exponent))


def vabc_loss(y, reconstruction, penalty, kl, *, kl_weight=1.0, penalty_weight=1.0):
    """The y-switched V-ABC loss: reconstruct what is unlabeled, fail on what is unwanted.

    With `y = 1` everywhere it is the loss of the VAE. With `gamma = 1` in the penalty and no KL it
    is binary cross-entropy of the label with `p = exp(-R)`.

    Args:
        y: 1 for unlabeled, 0 for unwanted, anything between for soft labels, shape `(batch,)`.
        reconstruction: From `reconstruction_error`, shape `(batch,)`.
        penalty: From `unwanted_penalty`, shape `(batch,)`.
        kl: From `kl_divergence`, shape `(batch,)`.
        kl_weight: Weight of the KL divergence.
        penalty_weight: Weight of the penalty; 1 in the paper.

    Returns:
        Tensor of shape `(batch,)`.

    References:
        - [Novel Applications for VAE-based Anomaly Detection Systems](
          https://arxiv.org/abs/2204.12577), section IV-B.
        - [Autoencoding Binary Classifiers for Supervised Anomaly Detection](
          https://arxiv.org/abs/1903.10709).
    """
    return kl_weight * kl + y * reconstruction + penalty_weight * (1.0 - y) * penalty


def equilibrium_error(gamma, ratio, unwanted_share=0.5, penalty_weight=1.0):
    """Error `R` at which the push on an unwanted example and the pull on a hidden one are equal.

    `R* = log(1 + gamma * bound) / gamma`, where `bound = penalty_weight * ratio * s / (1 - s)` with
    `s` the unwanted share; `R*` rises towards `bound` as gamma falls. It takes the error of each
    example for free to choose, which a network's is not.

    Args:
        gamma: Gamma of the penalty, > 0.
        ratio: How much more frequent the example is among the unwanted than among the unlabeled:
            on the negative concept 1 over the share of hidden negatives in the unlabeled fold.
        unwanted_share: Share of unwanted examples in a batch, in (0, 1).
        penalty_weight: Weight of the penalty.

    Returns:
        Float, in the units of `reconstruction_error`.
    """
    bound = penalty_weight * ratio * unwanted_share / (1 - unwanted_share)
    return math.log1p(gamma * bound) / gamma


def equilibrium_penalty_weight(target, gamma, ratio, unwanted_share=0.5):
    """The penalty weight that makes a target the equilibrium error: see `equilibrium_error`.

    Args:
        target: Error `R` to which unwanted examples shall be pushed, > 0.
        gamma: Gamma of the penalty, > 0. One near `1 / target` keeps the weight small.
        ratio: As in `equilibrium_error`.
        unwanted_share: As in `equilibrium_error`.

    Returns:
        Float.
    """
    odds = unwanted_share / (1 - unwanted_share)
    return math.expm1(gamma * target) / (gamma * ratio * odds)
