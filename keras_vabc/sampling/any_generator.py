"""The guard for samples of any generator."""

import numpy as np

from keras_vabc.data.checks import check_share, check_whole


class Guard:
    """Rejects samples of any generator by a classifier's P(negative | x).

    Args:
        nu: Fitted `NUClassifier`, or another object with `negative_probability(x)`, P(negative | x)
            of samples, shape `(n,)`.
        threshold: The P(negative | x) above which a sample is rejected, in (0, 1).
        max_tries: Sampling gives up when it has drawn more than this many times the number of
            samples accepted so far, plus one.

    Raises:
        ValueError: If an argument breaks a rule above.

    Example:
        >>> guard = kv.Guard(nu)
        >>> images = guard.sampling(diffusion.sample)(1000, 0)  # n, seed
    """

    def __init__(self, nu, threshold=0.1, max_tries=100):
        if not hasattr(nu, "negative_probability"):
            raise ValueError(
                "nu must be an object with negative_probability(x). "
                f"Received: nu of {type(nu).__name__}."
            )
        check_share(threshold=threshold)
        self.nu = nu
        self.threshold = threshold
        self.max_tries = check_whole("max_tries", max_tries, 1)

    def accepts(self, x):
        """Which samples are within the threshold.

        Args:
            x: Samples, as the classifier takes them, shape `(n, ...)`.

        Returns:
            Boolean array of shape `(n,)`; what has no probability, NaN, is never accepted.
        """
        return np.asarray(self.nu.negative_probability(x)) <= self.threshold

    def sampling(self, draw):
        """A generator that leaves out what the guard rejects.

        Args:
            draw: Function of `(n, seed)` that returns n samples, an array of shape `(n, ...)`.

        Returns:
            Function of `(n, seed)` likewise. It draws n samples at a time, with seeds made of its
            own, and raises a `RuntimeError` if too few are accepted (`max_tries`).
        """

        def guarded(n, seed):
            if check_whole("n", n, 0) == 0:
                return draw(0, seed)
            parts, kept, drawn = [], 0, 0
            while kept < n:
                state = np.random.SeedSequence([seed, len(parts)]).generate_state(1)
                samples = np.asarray(draw(n, int(state[0] >> 1)))  # some take 31 bits alone
                parts.append(samples[self.accepts(samples)])
                kept, drawn = kept + len(parts[-1]), drawn + n
                if kept < n and drawn > self.max_tries * (kept + 1):
                    raise RuntimeError(
                        f"guard must accept one in max_tries={self.max_tries} samples at "
                        f"threshold={self.threshold:g}. Received: {kept} of {drawn} accepted."
                    )
            return np.concatenate(parts)[:n]

        return guarded
