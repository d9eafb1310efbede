"""Sampling from what the encoder makes of the wanted data, past a guard."""

import numpy as np
import tensorflow as tf

from keras_vabc.data.checks import check_not_negative, check_rows, check_share, check_whole
from keras_vabc.export.finishing import finishing
from keras_vabc.export.formats import export_parts
from keras_vabc.export.parts import Parts
from keras_vabc.sampling.density import DENSITIES, check_state, posterior_draws
from keras_vabc.sampling.draws import Draws
from keras_vabc.sampling.guard import Limit, check_guard, width_limit, width_score
from keras_vabc.vabc.names import numbers_of


class LatentSampler:
    """Generates data from a trained V-ABC, cleaner and closer to the data than `model.sample`.

    Two things are independent of each other:

    - the *density* of the latents: N(0, I), or a Gaussian mixture fitted to the posteriors of
      unlabeled rows, each resampled in proportion to 1 - P(negative | x). Where the posteriors
      leave holes in N(0, I), the prior's samples are blends of concepts; the mixture's are not;
    - the *guard*, which rejects samples after decoding. A classifier's rejects those whose
      P(negative | x) exceeds `threshold`.

    The guard `"score"` needs no second network. It encodes each sample again and rejects it if its
    posterior is too wide: the cheapest way for V-ABC to fail on something is to let the noise of
    its latents drown it, so the width tells unwanted from unlabeled better than the error at the
    posterior's mean, `model.score`. The limit is the `score_quantile` of the widths of samples
    decoded from the posteriors of unlabeled rows. On the mixture it therefore rejects about `1 -
    score_quantile` of the samples, whether or not as many are unwanted, and it knows only what the
    model has learnt: after training without unwanted examples (a VAE) it rejects what is rare.
    For a model with `stochastic=False`, whose posteriors have no width, it takes `model.score`.

    Args:
        model: Trained `VABC`.
        density: `"gmm"` or `"prior"`.
        guard: `None`, `"score"`, or an object with `negative_probability(x)`, P(negative | x) of an
            array of data, shape `(n,)`, and `negative_probability_batch(x)`, the same of a float32
            tensor and made of TensorFlow operations, so that it can be exported.
        components: Number of components of the mixture, with full covariances.
        shrinkage: `None` for the most likely mixture; or a number >= 0, such as 0.1, for a quick
            one with shrunk correlations, which more than some 30 latents need: this many rows for
            each latent count as much as the rows that a component has.
        fit_rows: Number of posterior draws that `fit` uses, whatever the size of the data.
        threshold: The P(negative | x) above which a classifier rejects, in (0, 1).
        score_quantile: The share of decoded posterior draws that `"score"` accepts, in (0, 1).
        max_tries: Sampling gives up when it has drawn more than this many times the number of
            samples accepted so far, plus one.
        seed: Seed of `fit`, a whole number >= 0.
        spec: `None`, or the `DataSpec` of a run, by which samples become whole numbers in the range
            of the data, and constant columns constant, before the guard sees them.

    Raises:
        ValueError: If an argument breaks a rule above.

    Example:
        >>> sampler = kv.LatentSampler(model, guard=nu).fit(folds.unlabeled)
        >>> images, drawn = sampler.sample(1000, seed=0, return_drawn=True)
        >>> acceptance = 1000 / drawn

    References:
        - [From Variational to Deterministic Autoencoders](https://arxiv.org/abs/1903.12436), which
          fits a mixture to latents after training.
        - [Resampled Priors for Variational Autoencoders](https://arxiv.org/abs/1810.11428) on the
          mismatch of prior and aggregate posterior.
    """

    def __init__(
        self,
        model,
        *,
        density="gmm",
        guard=None,
        components=50,
        shrinkage=None,
        fit_rows=20_000,
        threshold=0.1,
        score_quantile=0.9,
        max_tries=100,
        seed=0,
        spec=None,
    ):
        if density not in tuple(DENSITIES):
            raise ValueError(f'density must be "prior" or "gmm". Received: density={density!r}.')
        check_guard(guard)
        check_whole("components", components, 1)
        check_whole("max_tries", max_tries, 1)
        check_whole("fit_rows", fit_rows, components)
        check_whole("seed", seed, 0)
        if shrinkage is not None:
            check_not_negative(shrinkage=shrinkage)
        check_share(threshold=threshold, score_quantile=score_quantile)
        self.model = model
        self.density = density
        self.guard = guard
        self.components = components
        self.shrinkage = shrinkage
        self.fit_rows = fit_rows
        self.threshold = threshold
        self.score_quantile = score_quantile
        self.max_tries = max_tries
        self.seed = seed
        self._finish = tf.identity if spec is None else finishing(spec)
        self._draws = None
        if not self._state_names():
            self.set_state({})

    def fit(self, x, negative_probability=None):
        """Fits the density, and sets the limit of the guard `"score"`.

        Args:
            x: Unlabeled data on their own scale, shape `(n, ...)`, as `model.score` takes them.
            negative_probability: P(negative | x) of each row, `(n,)`; by default the guard's, or 0.

        Returns:
            The sampler itself.

        Raises:
            ValueError: If `x` is not data of the model, `negative_probability` not one probability
                for each row, or fewer rows than `components` have one below 1.
        """
        x = check_rows("x", numbers_of(self.model, x), self.model.encoder.input_shape[1:])
        weights = 1.0 - self._negative_probability(x, negative_probability)
        usable = np.count_nonzero(weights)
        if usable < self.components:
            raise ValueError(
                f"x must have at least components={self.components} rows with "
                f"negative_probability below 1. Received: {usable} of {len(x)} rows."
            )
        latents = posterior_draws(self.model, x, weights, self.fit_rows, self.seed)
        state = DENSITIES[self.density].fit(latents, self.components, self.shrinkage, self.seed)
        if self.guard == "score":
            state["score_limit"] = width_limit(self.model, latents, self.score_quantile)
        self.set_state(state)
        return self

    def sample(self, n, seed=None, return_drawn=False):
        """Generates new data that the guard accepts.

        Args:
            n: Number of samples.
            seed: Integer or `None`. The first `m` samples of one seed are the same for every `n >=
                m`.
            return_drawn: Whether to return the number of samples drawn too.

        Returns:
            Float32 array of shape `(n, ...)`, on the data's own scale. With `return_drawn` a pair
            of it and the number of draws up to the `n`-th accepted one.

        Raises:
            ValueError: If `n` is negative.
            RuntimeError: If `fit` was needed and not called, or if the guard accepts too few; see
                `max_tries`.
        """
        self._check_ready(n)
        images = np.empty((n, *self.model.decoder.output_shape[1:]), "float32")
        kept = drawn = 0
        for rows, drawn in self._draws.accepted(n, seed):  # noqa: B007
            images[kept : kept + len(rows)] = rows
            kept += len(rows)
        return (images, drawn) if return_drawn else images

    def batches(self, n, seed=None, return_drawn=False):
        """Iterates over the samples of `sample(n, seed)` in pieces of bounded size.

        Args:
            n: Number of samples.
            seed: Integer or `None`.
            return_drawn: Whether to give the number of samples drawn so far too.

        Returns:
            Iterator of float32 arrays of up to 1,024 samples, as many as the guard left of them.
            With `return_drawn` of pairs of such an array and the number of draws up to its end.

        Raises:
            ValueError: If `n` is negative.
            RuntimeError: As `sample`.
        """
        self._check_ready(n)
        pieces = self._draws.accepted(n, seed)
        return pieces if return_drawn else (rows for rows, _ in pieces)

    def export(
        self,
        filepath,
        format="tf_saved_model",
        *,
        verbose=None,
        input_signature=None,
        score=None,
        threshold=None,
    ):
        """Writes decoder, density and guard as a folder that runs without this package.

        As `model.export`, but for what it draws: a SavedModel's `sample(n, seed)` gives the very
        images of `sampler.sample(n, seed)`, and fails with `InvalidArgumentError` where that raises
        `RuntimeError`. ONNX and LiteRT get the numbers of the density in `density.json`, and a file
        for the guard.

        Args:
            filepath: The folder to make; must not exist, or be empty.
            format: `"tf_saved_model"`, `"onnx"` or `"litert"`.
            verbose: Whether to print what was written; `None` means yes.
            input_signature: `None`, or a list of one spec of `x` in `score`, as in `model.export`.
            score: `None` for `model.score`, or an `NUClassifier`, whose P(negative | x) is the
                score then.
            threshold: `None`, or the score above which the endpoint `flag` is true.

        Raises:
            ImportError: If the packages of the format are not installed; it names the extra.
            ValueError: For another format, a threshold that is not finite, or a spec that does not
                fit the data.
            FileExistsError: If `filepath` is a file, or a folder that is not empty.
            OSError: If it cannot be made there.
            RuntimeError: If `fit` was needed and not called, the guard accepts too few, or what was
                written does not reproduce the sampler; nothing is kept then.
        """
        self._check_ready()
        scores = (self.model.score, self.model.score_batch)
        if score is not None:
            scores = (score.negative_probability, score.negative_probability_batch)
        guard = self._guard()
        parts = Parts(
            self.model,
            self.sample,
            self._draws.sample_block,
            self._draws.described(),
            *scores,
            threshold,
            guard and guard.numbers,
            self._finish,
            any(getattr(own, "of_trees", False) for own in (score, self.guard)),
        )
        export_parts(parts, filepath, format, input_signature=input_signature, verbose=verbose)

    def get_state(self):
        """What `fit` found, as a dict of float32 arrays, for `np.savez` for instance.

        Returns:
            Dict of `weights` `(components,)`, `means` `(components, latent_dim)` and `scales`
            `(components, latent_dim, latent_dim)`, lower Cholesky factors of the covariances, for
            the mixture, and of `score_limit`, a number, for the guard `"score"`.

        Raises:
            RuntimeError: If `fit` was needed and not called.
        """
        self._check_ready()
        return dict(self._state)

    def set_state(self, state):
        """Takes what `get_state` of a sampler with the same arguments gave, in place of `fit`.

        Args:
            state: Dict, or what `np.load` gives.

        Raises:
            ValueError: If it is of another density, guard or number of latents, or its arrays do
                not fit each other or are not finite.
        """
        if set(state) != set(self._state_names()):
            raise ValueError(
                f"state must hold {self._state_names()} for density={self.density!r} and "
                f"guard={self.guard!r}. Received: {list(state)}."
            )
        with np.errstate(over="ignore"):  # of a damaged file: refused below
            state = {name: np.asarray(state[name], "float32") for name in state}
        check_state(state, self.model.latent_dim)
        self._state = state
        density = DENSITIES[self.density](state, self.model.latent_dim)
        # A new trace, since the state is a constant of it.
        self._draws = Draws(self.model, density, self._guard(), self.max_tries, self._finish)

    def _negative_probability(self, x, given):
        if given is None and self.guard in (None, "score"):
            return np.zeros(len(x))
        p = np.asarray(self.guard.negative_probability(x) if given is None else given, "float64")
        if p.shape != (len(x),) or not ((p >= 0) & (p <= 1)).all():
            raise ValueError(
                f"negative_probability must be {len(x)} numbers in [0, 1], one for each row of x. "
                f"Received: shape {p.shape}" + (f", {p.min()} to {p.max()}." if p.size else ".")
            )
        return p

    def _state_names(self):
        return DENSITIES[self.density].names + (("score_limit",) if self.guard == "score" else ())

    def _guard(self):
        if self.guard is None:
            return None
        if self.guard == "score":
            limit = self._state["score_limit"]
            return Limit(lambda x: width_score(self.model, x), limit, "score_limit")
        return Limit(self.guard.negative_probability_batch, self.threshold, "threshold")

    def _check_ready(self, n=0):
        check_not_negative(n=n)
        if self._draws is None:
            raise RuntimeError("LatentSampler must be fitted first: call sampler.fit(unlabeled).")
