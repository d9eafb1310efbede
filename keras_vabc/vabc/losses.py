"""The terms of the V-ABC loss, one value per example.

In the symbols of the paper, [Novel Applications for VAE-based Anomaly Detection
Systems](https://arxiv.org/abs/2204.12577), section IV-B, with `R` the scaled squared error of one
example:

    loss = kl_weight * KL + y * R + penalty_weight * (1 - y) * P(R),  P(R) = -log(1 - exp(-gamma R))

Every function of tensors returns float32 of shape `(batch,)`; none reduces over the batch.
Half-precision inputs are cast to float32 first, since sums over pixels overflow in float16.
"""

import math

from keras import ops

SMALLEST_EXPONENT = 1e-7


def reconstruction_error(x, x_mean, sigma2):
    """Scaled squared error `R = ||x - x_mean||^2 / (2 sigma2)` of data `(batch, ...)`.

    The negative log-likelihood of a Gaussian decoder with variance `sigma2`, in squared units of
    the preprocessed data, up to a constant: **summed**, not averaged, over all axes but the first.
    """
    difference = ops.cast(x, "float32") - ops.cast(x_mean, "float32")
    axes = tuple(range(1, len(difference.shape)))
    return ops.sum(ops.square(difference), axis=axes) / (2.0 * sigma2)


def kl_divergence(z_mean, z_log_var):
    """KL divergence of `N(z_mean, exp(z_log_var))` from the prior `N(0, I)`, in nats.

    It is summed over the latents; both arguments have shape `(batch, latent_dim)`. Source:
    [Auto-Encoding Variational Bayes](https://arxiv.org/abs/1312.6114), appendix B.
    """
    z_mean = ops.cast(z_mean, "float32")
    z_log_var = ops.cast(z_log_var, "float32")
    return -0.5 * ops.sum(1.0 + z_log_var - ops.square(z_mean) - ops.exp(z_log_var), axis=1)


def unwanted_penalty(reconstruction, gamma):
    """Penalty `P = -log(1 - exp(-gamma R))` on reconstructing an unwanted example well.

    It is `log 2` at `R = log(2) / gamma`, falls to 0 for a large error and grows as the error
    vanishes, up to `-log(1e-7)`, about 16.1; its derivative is `-gamma / (exp(gamma R) - 1)`. A
    lower gamma pushes farther away: the penalty fades more slowly with the error.
    """
    exponent = ops.maximum(gamma * ops.cast(reconstruction, "float32"), SMALLEST_EXPONENT)
    return -ops.log(-ops.expm1(-exponent))


def vabc_loss(y, reconstruction, penalty, kl, *, kl_weight=1.0, penalty_weight=1.0):
    """The y-switched V-ABC loss: reconstruct what is unlabeled, fail on what is unwanted.

    With `y = 1` everywhere it is the loss of the VAE. With `gamma = 1` in the penalty and no KL it
    is binary cross-entropy of the label with `p = exp(-R)`, as in [Autoencoding Binary Classifiers
    for Supervised Anomaly Detection](https://arxiv.org/abs/1903.10709). y is 1 for unlabeled, 0 for
    unwanted, anything between for soft labels; the penalty weight is 1 in the paper. All vectors
    have shape `(batch,)`.
    """
    return kl_weight * kl + y * reconstruction + penalty_weight * (1.0 - y) * penalty


def equilibrium_error(gamma, ratio, unwanted_share=0.5, penalty_weight=1.0):
    """Error `R` at which the push on an unwanted example and the pull on a hidden one are equal.

    `R* = log(1 + gamma * bound) / gamma`, where `bound = penalty_weight * ratio * s / (1 - s)` with
    `s` the unwanted share of a batch; `R*` rises towards `bound` as gamma falls. It takes the error
    of each example for free to choose, which a network's is not.

    The ratio is how much more frequent the example is among the unwanted than among the unlabeled:
    on the negative concept 1 over the share of hidden negatives in the unlabeled fold.
    """
    bound = penalty_weight * ratio * unwanted_share / (1 - unwanted_share)
    return math.log1p(gamma * bound) / gamma


def equilibrium_penalty_weight(target, gamma, ratio, unwanted_share=0.5):
    """The penalty weight that makes a target, an error `R` > 0, the `equilibrium_error`.

    A gamma near `1 / target` keeps the weight small.
    """
    odds = unwanted_share / (1 - unwanted_share)
    return math.expm1(gamma * target) / (gamma * ratio * odds)
