"""LatentSampler: what it fits, what it rejects, and that its SavedModel does the very same."""

import itertools

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_vabc.export import saved_model as export
from keras_vabc.sampling.density import posterior_draws
from keras_vabc.sampling.latent_mixture import LatentMixture, fit_mixture
from keras_vabc.sampling.sampler import LatentSampler
from keras_vabc.sampling.shrunk_mixture import fit_shrunk_mixture
from keras_vabc.vabc.model import VABC
from keras_vabc.vabc.networks import mlp_autoencoder

RNG = np.random.default_rng(0)
NOISE = 0.25  # posterior variance of `plane_model`
LEFT, RIGHT = np.array([-3.0, 1.0]), np.array([3.0, 0.0])
LEFT_COVARIANCE = np.array([[0.5, 0.3], [0.3, 0.4]])
RIGHT_COVARIANCE = np.array([[0.1, 0.0], [0.0, 0.6]])


def plane_model(**settings):
    """Latents are the data themselves: known densities of latents are known of samples too."""
    inputs = keras.Input((2,))
    identity = keras.initializers.Identity
    z_mean = keras.layers.Dense(2, kernel_initializer=identity(), name="z_mean")(inputs)
    z_log_var = keras.layers.Dense(
        2,
        kernel_initializer="zeros",
        bias_initializer=keras.initializers.Constant(np.log(NOISE)),
        name="z_log_var",
    )(inputs)
    latents = keras.Input((2,))
    mean = keras.layers.Dense(2, kernel_initializer=identity(), name="mean")(latents)
    encoder, decoder = keras.Model(inputs, [z_mean, z_log_var]), keras.Model(latents, mean)
    return VABC(encoder, decoder, **settings)


def image_model(stochastic=True):
    encoder, decoder = mlp_autoencoder((4, 4, 1), 3, (8,), seed=0)
    preprocessing = keras.layers.Rescaling(1 / 255)
    return VABC(encoder, decoder, preprocessing=preprocessing, stochastic=stochastic, sigma2=0.3)


def two_clusters(n_left, n_right):
    """Rows, left cluster first."""
    left = RNG.multivariate_normal(LEFT, LEFT_COVARIANCE, n_left)
    right = RNG.multivariate_normal(RIGHT, RIGHT_COVARIANCE, n_right)
    return np.concatenate([left, right]).astype("float32")


class Guard:
    """P(negative) = sigmoid(slope * (mean of x - offset)), by a Keras network."""

    def __init__(self, shape=(2,), slope=4.0, offset=0.0):
        self.network = keras.Sequential([keras.Input(shape), keras.layers.Flatten()])
        self.network.add(keras.layers.Dense(1, activation="sigmoid"))
        size = int(np.prod(shape))
        self.network.set_weights([np.full((size, 1), slope / size), np.array([-slope * offset])])
        self.slope, self.offset, self.traces, self.blocks = slope, offset, 0, tf.Variable(0)

    def negative_probability(self, x):
        mean = x.reshape(len(x), -1).mean(axis=1)
        return 1 / (1 + np.exp(-self.slope * (mean - self.offset)))

    def negative_probability_batch(self, x):
        self.traces += 1
        self.blocks.assign_add(1)
        return self.network(x)[:, 0]


@pytest.fixture(scope="module")
def plane():
    return plane_model()


# Fitting


def test_a_mixture_is_recovered():
    x = two_clusters(20_000, 60_000)
    state = fit_mixture(x, 2, seed=0)
    order = np.argsort(state["means"][:, 0])
    covariances = state["scales"] @ state["scales"].transpose(0, 2, 1)
    np.testing.assert_allclose(state["weights"][order], [0.25, 0.75], atol=0.003)
    np.testing.assert_allclose(state["means"][order], [LEFT, RIGHT], atol=0.02)
    np.testing.assert_allclose(
        covariances[order], [LEFT_COVARIANCE, RIGHT_COVARIANCE], rtol=0.05, atol=0.01
    )
    assert (np.triu(state["scales"], 1) == 0).all()
    assert {array.dtype for array in state.values()} == {np.dtype("float32")}


@pytest.mark.parametrize(("stochastic", "noise"), [(True, NOISE), (False, 0.0)])
def test_samples_follow_posterior_draws(stochastic, noise):
    model = plane_model(stochastic=stochastic)
    sampler = LatentSampler(model, components=2).fit(two_clusters(5_000, 15_000))
    samples = sampler.sample(40_000, seed=0)
    right = samples[:, 0] > 0
    assert right.mean() == pytest.approx(0.75, abs=0.02)
    for cluster, mean, covariance in [
        (samples[~right], LEFT, LEFT_COVARIANCE),
        (samples[right], RIGHT, RIGHT_COVARIANCE),
    ]:
        np.testing.assert_allclose(cluster.mean(axis=0), mean, atol=0.06)
        np.testing.assert_allclose(np.cov(cluster.T), covariance + noise * np.eye(2), atol=0.05)


@pytest.mark.parametrize(
    ("left", "right", "share"), [(0.0, 1.0, 0.0), (0.0, 0.75, 0.2), (0.5, 0.5, 0.5)]
)
def test_rows_count_in_proportion_to_being_no_negative(plane, left, right, share):
    x = two_clusters(5_000, 5_000)
    probability = np.repeat([left, right], 5_000)
    sampler = LatentSampler(plane, components=2).fit(x, probability)
    assert (sampler.sample(20_000, seed=0)[:, 0] > 0).mean() == pytest.approx(share, abs=0.02)


def test_the_guard_gives_the_probabilities(plane):
    x = two_clusters(5_000, 5_000)
    guard = Guard()
    by_guard = LatentSampler(plane, components=2, guard=guard).fit(x).get_state()
    given = guard.negative_probability(x)
    by_hand = LatentSampler(plane, components=2).fit(x, given).get_state()
    np.testing.assert_equal(by_guard, by_hand)
    overruled = LatentSampler(plane, components=2, guard=guard).fit(x, 1 - given).get_state()
    centres = [state["weights"] @ state["means"][:, 0] for state in (by_guard, overruled)]
    assert centres[0] < -2 < 2 < centres[1]


def test_the_seed_decides_on_the_draws_and_on_the_mixture(plane):
    x = two_clusters(500, 500)
    draws = {seed: posterior_draws(plane, x, np.ones(1000), 800, seed) for seed in (7, 8)}
    assert (draws[7] != draws[8]).all(axis=1).mean() > 0.99
    state = LatentSampler(plane, components=9, fit_rows=800, seed=7).fit(x).get_state()
    np.testing.assert_equal(state, fit_mixture(draws[7], 9, 7))
    assert (state["means"] != fit_mixture(draws[7], 9, 8)["means"]).any()


def test_a_shrinkage_fits_the_quick_mixture_to_the_same_posterior_draws(plane):
    x = two_clusters(300, 300)
    sampler = LatentSampler(plane, components=4, fit_rows=500, shrinkage=2.0, seed=6).fit(x)
    draws = posterior_draws(plane, x, np.ones(600), 500, seed=6)
    np.testing.assert_equal(sampler.get_state(), fit_shrunk_mixture(draws, 4, 2.0, 6))


def test_rows_that_are_surely_negative_are_not_even_encoded(plane, monkeypatch):
    x = np.stack([np.arange(60.0), np.zeros(60)], 1).astype("float32")  # row numbers
    negative = np.where(np.arange(60) % 3 == 0, 1.0, 0.4)
    encode, seen = plane.encode, []
    monkeypatch.setattr(plane, "encode", lambda rows: seen.extend(rows[:, 0]) or encode(rows))
    LatentSampler(plane, components=2, fit_rows=2_000, seed=5).fit(x, negative)
    assert sorted(seen) == [row for row in range(60) if row % 3]


def test_the_work_of_fitting_does_not_grow_with_the_data(plane, monkeypatch):
    sampler = LatentSampler(plane, components=2, fit_rows=300)
    encode, seen = plane.encode, []
    monkeypatch.setattr(plane, "encode", lambda x: seen.append(len(x)) or encode(x))
    sampler.fit(two_clusters(2_000, 2_000))
    sampler.fit(two_clusters(20, 20))
    assert seen[0] <= 300 and seen[1] <= 40, "each row at most once"


def test_the_state_comes_back(plane, tmp_path):
    x = two_clusters(500, 500)
    settings = {"components": 2, "guard": "score"}
    sampler = LatentSampler(plane, **settings).fit(x)
    np.savez(tmp_path / "state.npz", **sampler.get_state())
    restored = LatentSampler(plane, **settings)
    with np.load(tmp_path / "state.npz") as state:
        restored.set_state(state)
    np.testing.assert_array_equal(restored.sample(100, seed=0), sampler.sample(100, seed=0))
    # A second fit takes the place of the first in what has been traced already.
    np.testing.assert_array_equal(
        restored.fit(x + 100).sample(50, seed=0),
        LatentSampler(plane, **settings).fit(x + 100).sample(50, seed=0),
    )


# Guards


def test_the_guard_rejects_exactly_the_flagged(plane):
    guard = Guard()
    images, drawn = LatentSampler(plane, density="prior", guard=guard, threshold=0.2).sample(
        1500, seed=3, return_drawn=True
    )
    proposals = plane.sample(6_000, seed=3)
    accepted = np.flatnonzero(guard.negative_probability(proposals) <= 0.2)[:1500]
    np.testing.assert_array_equal(images, proposals[accepted])
    assert drawn == accepted[-1] + 1
    assert 2_000 < drawn < 6_000


def test_a_probability_that_is_no_number_is_no_pass(plane):
    class Undecided(Guard):
        def negative_probability_batch(self, x):
            return tf.where(x[:, 0] < 0, np.nan, 0.0)

    samples = LatentSampler(plane, density="prior", guard=Undecided()).sample(1500, seed=0)
    assert (samples[:, 0] >= 0).all()


def test_the_guard_decides_at_its_weights_of_now(plane):
    guard = Guard()
    sampler = LatentSampler(plane, density="prior", guard=guard)
    assert sampler.sample(500, seed=0).mean(axis=1).max() < 0
    guard.network.set_weights([-w for w in guard.network.get_weights()])
    assert sampler.sample(500, seed=0).mean(axis=1).min() > 0


@pytest.mark.parametrize("stochastic", [True, False])
def test_the_score_accepts_its_quantile_of_decoded_draws(stochastic):
    model, x = image_model(stochastic), RNG.integers(0, 256, (400, 4, 4, 1)).astype("uint8")
    settings = {"components": 3, "fit_rows": 4_000}
    free = LatentSampler(model, **settings).fit(x)
    guarded = LatentSampler(model, guard="score", score_quantile=0.7, **settings).fit(x)
    images, drawn = guarded.sample(1200, seed=0, return_drawn=True)
    if stochastic:  # else the mixture is not close to its few points
        assert 1200 / drawn == pytest.approx(0.7, abs=0.05)
    proposals = free.sample(drawn, seed=0)
    widths = np.exp(model.encode(proposals)[1] / 2)  # of the posterior, in each latent
    scores = np.log(widths).mean(axis=1) if stochastic else model.score(proposals)
    passed = proposals[scores <= guarded.get_state()["score_limit"]]
    assert images.shape == passed.shape
    np.testing.assert_allclose(images, passed, atol=1e-3)


@pytest.mark.parametrize("quantile", [0.2, 0.95])
def test_the_limit_is_a_quantile_of_the_widths_of_decoded_draws(quantile):
    model, x = image_model(), RNG.integers(0, 256, (50, 4, 4, 1)).astype("uint8")
    settings = {"density": "prior", "guard": "score", "score_quantile": quantile, "seed": 4}
    sampler = LatentSampler(model, components=1, fit_rows=300, **settings).fit(x)
    decoded = model.decode(posterior_draws(model, x, np.ones(50), 300, 4))
    widths = np.exp(model.encode(decoded)[1].astype("float64") / 2)
    limit = sampler.get_state()["score_limit"]
    assert limit == pytest.approx(np.quantile(np.log(widths).mean(axis=1), quantile), rel=1e-4)


# Samples


def make_sampler(model, guard=None, **settings):
    shape = model.encoder.input_shape[1:]
    if shape == (2,):
        x = two_clusters(300, 300)
    else:
        x = RNG.integers(0, 256, (600, *shape)).astype("uint8")
    return LatentSampler(model, guard=guard, components=3, fit_rows=1000, **settings).fit(x)


SAMPLERS = {
    "prior": lambda: make_sampler(plane_model(), density="prior"),
    "prior, guard": lambda: make_sampler(plane_model(), Guard(), density="prior"),
    "mixture": lambda: make_sampler(plane_model()),
    "mixture, guard": lambda: make_sampler(plane_model(), Guard(offset=2.0), threshold=0.5),
    "mixture, score": lambda: make_sampler(image_model(), "score", score_quantile=0.5),
    "images, guard": lambda: make_sampler(
        image_model(), Guard((4, 4, 1), 0.5, 128.0), threshold=0.5
    ),
}


@pytest.fixture(scope="module", params=SAMPLERS)
def exported(request, tmp_path_factory):
    sampler = SAMPLERS[request.param]()
    path = tmp_path_factory.mktemp("sampler") / "saved"
    sampler.export(path, verbose=False)
    return sampler, path, tf.saved_model.load(str(path))


def test_the_first_samples_are_those_of_fewer(exported):
    sampler = exported[0]
    many, drawn_many = sampler.sample(2500, seed=5, return_drawn=True)
    guarded = sampler.guard is not None
    assert drawn_many > 2600 if guarded else drawn_many == 2500
    assert len(np.unique(many, axis=0)) == 2500  # the blocks differ
    for n in (0, 1, 700, 1024, 1025):
        few, drawn = sampler.sample(n, seed=5, return_drawn=True)
        assert few.dtype == np.float32
        if guarded:
            np.testing.assert_array_equal(few, many[:n])
        else:
            np.testing.assert_allclose(few, many[:n], rtol=1e-6)
        assert n <= drawn <= drawn_many
    assert sampler.sample(0, seed=5, return_drawn=True)[1] == 0


def test_seeds(exported):
    sampler = exported[0]
    samples = sampler.sample(50, seed=1)
    np.testing.assert_array_equal(samples, sampler.sample(50, seed=1))
    assert (samples != sampler.sample(50, seed=2)).any(axis=-1).mean() > 0.9
    assert (sampler.sample(50) != sampler.sample(50)).any()


def test_batches_join_to_the_samples(exported):
    sampler = exported[0]
    parts = list(sampler.batches(2500, seed=1))
    assert max(map(len, parts)) <= 1024
    np.testing.assert_array_equal(np.concatenate(parts), sampler.sample(2500, seed=1))
    assert len(next(sampler.batches(10**9, seed=1))) <= 1024
    *_, (rows, drawn) = sampler.batches(2500, seed=1, return_drawn=True)
    np.testing.assert_array_equal(rows, parts[-1])
    assert drawn == sampler.sample(2500, seed=1, return_drawn=True)[1]


@pytest.mark.parametrize(("n", "seed"), [(0, 0), (1, -1), (1024, 2**40), (2500, 3)])
def test_the_saved_model_gives_the_same_samples(exported, n, seed):
    sampler, _, loaded = exported
    np.testing.assert_array_equal(loaded.sample(n, seed), sampler.sample(n, seed=seed))


def test_the_saved_model_is_that_of_the_model_otherwise(exported):
    sampler, path, loaded = exported
    model = sampler.model
    z = RNG.normal(size=(5, model.latent_dim)).astype("float32")
    np.testing.assert_allclose(loaded.decode(z), model.decode(z), rtol=1e-5)
    x = model.decode(z)
    np.testing.assert_allclose(loaded.score(x), model.score(x), rtol=1e-4, atol=1e-6)
    assert set(loaded.signatures) == {"decode", "sample", "score", "serving_default"}
    assert all(b"keras_vabc" not in file.read_bytes() for file in path.rglob("*.*"))


def test_the_mixture_reaches_the_saved_model(exported):
    sampler, _, loaded = exported
    if sampler.density == "gmm":
        ours, prior = loaded.sample(500, 0).numpy(), sampler.model.sample(500, seed=0)
        assert (ours != prior).any(axis=-1).all()


def test_every_block_and_seed_draws_components_of_its_own():
    scales = np.tile(np.eye(2, dtype="float32"), (2, 1, 1))
    state = {"weights": np.float32([0.3, 0.7]), "scales": scales}
    state["means"] = np.float32([[-9, 0], [9, 0]])
    mixture = LatentMixture(state, 2)
    blocks = itertools.product((3, 4), (0, 1, 2))
    sides = [mixture.latents(seed, block).numpy()[:, 0] > 0 for seed, block in blocks]
    assert np.mean(sides) == pytest.approx(0.7, abs=0.03)
    for one, other in itertools.combinations(sides, 2):  # 2 * 0.3 * 0.7 of them, if independent
        assert (one != other).mean() == pytest.approx(0.42, abs=0.08)


def test_the_prior_alone_is_the_models_own_samples(plane):
    sampler = LatentSampler(plane, density="prior")
    for n in (0, 1, 1030):
        samples, drawn = sampler.sample(n, seed=7, return_drawn=True)
        np.testing.assert_array_equal(samples, plane.sample(n, seed=7))
        assert drawn == n


def test_no_number_of_samples_is_traced_anew(plane):
    guard = Guard()
    sampler = LatentSampler(plane, density="prior", guard=guard)
    for n in (1, 7, 1024, 3000):
        sampler.sample(n, seed=n)
    assert guard.traces == 1


# Bounded work


def test_a_guard_that_rejects_everything_is_an_error(plane, tmp_path):
    guard = Guard(slope=0.0)  # P(negative) = 0.5 everywhere
    sampler = LatentSampler(plane, density="prior", guard=guard, max_tries=2000)
    message = "one in max_tries=2000 samples at threshold=0.1. Received: 0 of 2048 samples"
    with pytest.raises(RuntimeError, match=message):
        sampler.sample(10**6, seed=0)
    assert guard.blocks == 2
    with pytest.raises(RuntimeError, match=message):
        next(sampler.batches(10**6, seed=0))
    with pytest.raises(RuntimeError, match=message):
        sampler.export(tmp_path / "saved")
    assert list(tmp_path.iterdir()) == []
    assert sampler.sample(0).shape == (0, 2)


def test_the_bound_is_a_rate(plane):
    """4 % of N(0, I) pass: that is enough at one in 50, and too few at one in 10."""
    guard = Guard(slope=100.0, offset=-1.24)  # the mean of two has variance 1/2
    sampler = LatentSampler(plane, density="prior", guard=guard, max_tries=50)
    _, drawn = sampler.sample(1000, seed=0, return_drawn=True)
    assert 1000 / drawn == pytest.approx(0.04, abs=0.008)
    strict = LatentSampler(plane, density="prior", guard=guard, max_tries=10)
    with pytest.raises(RuntimeError, match=r"Received: \d\d of 1024 samples accepted, [345]"):
        strict.sample(1000, seed=0)
    assert len(strict.sample(10, seed=0)) == 10  # one block has them


def test_the_saved_model_gives_up_too(plane, tmp_path, monkeypatch):
    monkeypatch.setattr(export, "_check", lambda *_: None)
    LatentSampler(plane, density="prior", guard=Guard(slope=0.0)).export(
        tmp_path / "saved", verbose=False
    )
    loaded = tf.saved_model.load(str(tmp_path / "saved"))
    with pytest.raises(tf.errors.InvalidArgumentError, match="max_tries=100 .* threshold=0.1"):
        loaded.sample(5, 0)


# Errors


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"density": "vamp"}, r"density must be \"prior\" or \"gmm\". Received: density='vamp'"),
        ({"guard": "nu"}, "guard must be None, \"score\" or .* Received: guard='nu'"),
        ({"guard": object()}, "negative_probability_batch"),
        ({"threshold": 2.0}, r"threshold must be in \(0, 1\). Received: threshold=2.0"),
        ({"threshold": 0}, r"threshold must be in \(0, 1\)"),
        ({"score_quantile": float("nan")}, r"score_quantile must be in \(0, 1\). .*=nan"),
        ({"components": 0}, "components must be a whole number >= 1. Received: components=0"),
        ({"components": 30, "fit_rows": 29}, "fit_rows must be a whole number >= 30"),
        ({"max_tries": 1.5}, "max_tries must be a whole number >= 1. Received: max_tries=1.5"),
        ({"shrinkage": -0.5}, "shrinkage must be >= 0 and finite. Received: shrinkage=-0.5"),
        ({"seed": -1}, "seed must be a whole number >= 0. Received: seed=-1"),
    ],
)
def test_bad_arguments_are_refused(plane, arguments, message):
    with pytest.raises(ValueError, match=message):
        LatentSampler(plane, **arguments)


@pytest.mark.parametrize(
    ("probability", "message"),
    [
        (np.full(99, 0.5), r"negative_probability must be 100 numbers .*shape \(99,\)"),
        (np.full((100, 1), 0.5), r"one for each row of x. Received: shape \(100, 1\)"),
        (np.full(100, 1.5), "0, 1.* 1.5 to 1.5"),
        (np.full(100, np.nan), "nan to nan"),
        (np.repeat([0.0, 1.0], [3, 97]), "components=4 rows .* below 1. Received: 3 of 100 rows"),
    ],
)
def test_bad_probabilities_are_refused(plane, probability, message):
    with pytest.raises(ValueError, match=message):
        LatentSampler(plane, components=4).fit(two_clusters(50, 50), probability)


def test_bad_data_are_refused(plane):
    sampler = LatentSampler(plane, components=2)
    with pytest.raises(ValueError, match=r"x must have shape \(n, 2\). Received: shape \(9, 3\)"):
        sampler.fit(np.zeros((9, 3)))
    with pytest.raises(ValueError, match="Received: 0 of 0 rows"):
        sampler.fit(np.zeros((0, 2)))


def test_it_must_be_fitted_first(plane, tmp_path):
    needs_fit = itertools.product([LatentSampler(plane)], ("sample", "batches", "export"))
    for sampler, method in needs_fit:
        argument = tmp_path / "saved" if method == "export" else 3
        with pytest.raises(RuntimeError, match=r"must be fitted first: call sampler.fit"):
            getattr(sampler, method)(argument)
    with pytest.raises(RuntimeError, match="must be fitted first"):
        LatentSampler(plane, density="prior", guard="score").get_state()


def test_a_negative_number_of_samples_is_refused(plane):
    sampler = LatentSampler(plane, density="prior")
    for method in (sampler.sample, sampler.batches):
        with pytest.raises(ValueError, match="n must be >= 0"):
            method(-1)


def test_a_state_of_another_sampler_is_refused(plane):
    state = LatentSampler(plane, components=2).fit(two_clusters(50, 50)).get_state()
    with pytest.raises(ValueError, match=r"state must hold \(\) for density='prior'"):
        LatentSampler(plane, density="prior").set_state(state)
    with pytest.raises(ValueError, match="state must be of 3 latents. Received: means of shape"):
        LatentSampler(image_model()).set_state(state)
