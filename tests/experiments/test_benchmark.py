"""The benchmark: its methods from folds to samples, its rivals' objectives, its page."""

import dataclasses
import json

import numpy as np
import pytest
import tensorflow as tf
from command_line import keras_vabc
from scipy.stats import fisher_exact

from keras_vabc.data.folds import move_to_unwanted
from keras_vabc.evaluation import evaluate
from keras_vabc.experiments.benchmark import failures as failing
from keras_vabc.experiments.benchmark import generation, rivals
from keras_vabc.experiments.benchmark import runs as benchmark
from keras_vabc.experiments.benchmark.failures import (
    SCENARIOS,
    _classifier_figures,
    failures,
    scenario_folds,
)
from keras_vabc.experiments.benchmark.methods import SLUGS, method
from keras_vabc.experiments.benchmark.page import pooled, render
from keras_vabc.experiments.paper.settings import folds_of
from keras_vabc.recipes.autoencoder import build
from keras_vabc.recipes.results_folder import ARRAYS, RESULTS

SMALL = {"dataset": "digits", "epochs": 1, "anneal_epochs": 1}


class Informed:
    """Stands in for a fitted NU classifier; its probabilities are the labels."""

    negative_share = 0.08

    def __init__(self, folds):
        self.folds = folds
        self.refuses = tf.constant(100.0)  # mean brightness from which the guard takes fright

    def negative_probability(self, x):
        return self.negative_probability_batch(tf.cast(x, tf.float32)).numpy()

    def negative_probability_batch(self, x):
        return tf.cast(tf.reduce_mean(x, axis=(1, 2, 3)) > self.refuses, tf.float32)

    def correct(self, folds, mode="move"):
        hidden = folds.unlabeled_labels == folds.negative_class
        hidden_test = folds.test_unlabeled_labels == folds.negative_class
        if mode == "move":
            return move_to_unwanted(folds, hidden, hidden_test)
        soft = {"unlabeled_y": 1.0 - 0.9 * hidden, "test_unlabeled_y": 1.0 - 0.9 * hidden_test}
        return dataclasses.replace(folds, **soft)


@pytest.fixture(scope="module")
def folds():
    return folds_of(small("vabc").setting)


def small(slug):
    one = method(slug, 8)
    own = {"batch_size": 50} if "quality" in slug else {}
    setting = dataclasses.replace(one.setting, **SMALL, **own)
    return dataclasses.replace(one, setting=setting, components=4)


@pytest.mark.parametrize("slug", SLUGS)
def test_each_method_gives_samples(slug, folds, tmp_path, monkeypatch):
    monkeypatch.setattr(generation, "SAMPLES", 40)
    monkeypatch.setattr(generation, "classifier_of", lambda folds, *_: (Informed(folds), 7.0))
    one = small(slug)
    samples, made = generation.generate(one, folds, tmp_path)
    assert samples.shape == (40, 8, 8, 1)
    assert samples.min() >= 0 and samples.max() <= 255 and samples.std() > 1
    if one.guard is None:
        assert made["acceptance"] is None
    else:
        assert 0 < made["acceptance"] <= 1
        assert samples.mean(axis=(1, 2, 3)).max() <= 100
    hidden = int((folds.unlabeled_labels == 8).sum())
    assert made["hidden_left"] == (0 if one.correction in ("move", "labels") else hidden)
    assert made["seconds_nu"] == (7.0 if one.needs_classifier else 0.0)
    assert made["seconds"] > made["seconds_nu"]


def test_soft_y_reaches_the_training(folds, tmp_path, monkeypatch):
    monkeypatch.setattr(generation, "SAMPLES", 8)
    monkeypatch.setattr(generation, "classifier_of", lambda folds, *_: (Informed(folds), 0.0))
    soft, hard = (
        generation.generate(small(s), folds, tmp_path)[0] for s in ("vabc-8+nu-soft", "vabc-8")
    )
    assert np.abs(soft - hard).max() > 0.1


def test_a_target_sets_the_penalty_weight():
    setting = dataclasses.replace(method("quality", 8).setting, target=40.0, sigma2=0.1, gamma=0.01)
    weight = build(setting, np.zeros((1, 28, 28, 1)), steps=10, hidden_share=0.05).penalty_weight
    # At R = 200 the pull of the hidden equals the push on the unwanted, per example of a batch.
    pull = 0.05 * (1 - setting.unwanted_share)
    push = weight * setting.unwanted_share * 0.01 / np.expm1(0.01 * 200)
    assert push == pytest.approx(pull, rel=1e-5)


def test_the_grid_is_that_of_the_comparison():
    runs = benchmark.all_runs()
    assert len({run.key for run in runs}) == len(runs)
    count = {slug: len(benchmark.all_runs([slug])) for slug in benchmark.NAMES}
    assert sum(count.values()) == len(runs) == 155
    assert {count[slug] for slug in ("vae", "vabc", "quality")} == {27}
    nine = ("vabc+nu", "vabc+nu+guard", "quality-vae", "quality-oracle")
    assert {count[slug] for slug in nine} == {9}
    assert min(count.values()) >= 3
    with pytest.raises(ValueError, match="method must be one of vae, vabc"):
        method("gan", 8)


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_scenarios_relabel_the_same_examples(folds, scenario):
    other = scenario_folds(folds, scenario)
    for part in ("", "test_"):
        names = [f"{part}unlabeled", f"{part}unwanted"]
        before, after = (
            np.concatenate([getattr(f, name).sum(axis=(1, 2, 3)) for name in names])
            for f in (folds, other)
        )
        assert sorted(before) == sorted(after)
        labels = np.unique(getattr(other, f"{part}unwanted_labels"))
        assert labels.tolist() == ([3, 8] if scenario == "overlap" else [8])
    if scenario.startswith("few"):
        assert len(other.unwanted) == int(scenario[4:])
        assert len(other.test_unwanted) == int(scenario[4:]) // 5
    if scenario == "thick":
        hidden = other.unlabeled[other.unlabeled_labels == 8].mean(axis=(1, 2, 3))
        assert other.unwanted.mean(axis=(1, 2, 3)).min() >= hidden.max()


class Evaluation:
    """Stands in for `ImageEvaluation`; its figures say what it was asked."""

    def __init__(self, folds):
        self.folds = folds

    def of(self, samples):
        return {"judged": samples}

    def real(self):
        return {"judged": None}

    def second_opinion(self, samples):
        return {"second": samples}

    def classes(self, samples):
        return np.array([3, 3, 8, 1])


@pytest.fixture
def measured(folds, monkeypatch):
    """Lets jobs measure made-up samples of digits; the folds that they train on are noted."""
    seen = []

    def generate(one, training, cache):
        seen.append((one, training))
        return np.full((24, 8, 8, 1), 7.6), {"seconds": 2.04, "acceptance": 0.5}

    monkeypatch.setattr(evaluate, "ImageEvaluation", Evaluation)
    monkeypatch.setattr(generation, "generate", generate)
    monkeypatch.setattr(generation, "classifier_of", lambda folds, *_: (Informed(folds), 0.0))
    monkeypatch.setattr(failing, "_classifier_figures", lambda nu, folds: {"unwanted": 5})
    for module in (benchmark, failing):
        monkeypatch.setattr(module, "folds_of", lambda setting: folds)
    return seen


@pytest.mark.parametrize(("seed", "kept"), [(0, True), (2, False)])
def test_a_method_is_measured_on_its_own_samples(folds, measured, tmp_path, seed, kept):
    one = method("quality", 8, 0.2, seed)
    (job,) = (job for job in benchmark.all_runs(["quality"]) if job.key == one.key)
    line = job.run(tmp_path)
    assert measured == [(one, folds)]
    assert line["judged"] is line["second"]
    wanted = {"key": one.key, "method": "quality", "acceptance": 0.5, "seconds": 2.0, "seed": seed}
    assert {name: line[name] for name in wanted} == wanted
    path = tmp_path / f"{one.key}.npz"
    assert path.exists() == kept
    if kept:
        assert (np.load(path)["samples"] == 8).all()


def test_real_data_are_held_out_positives(folds, measured, tmp_path):
    line = benchmark.all_runs(["real"])[-1].run(tmp_path)
    expected = folds.test_unlabeled[folds.test_unlabeled_labels != 8]
    np.testing.assert_array_equal(line["second"], expected)
    assert (line["method"], line["seconds"], line["negative_class"]) == ("real", None, 8)


def test_a_scenario_trains_on_its_own_folds(folds, measured, tmp_path):
    jobs = dict(zip(SCENARIOS, failures(), strict=True))
    line = jobs["few-10"].run(tmp_path)
    ((one, training),) = measured
    assert one == method("quality", 8) and len(training.unwanted) == 10
    assert (line["key"], line["method"]) == (jobs["few-10"].key, "failures")
    assert (line["scenario"], line["overlapped_share"], line["unwanted"]) == ("few-10", 0.5, 5)


def test_a_failure_is_measured_by_the_labels(folds):
    class Blind(Informed):
        negative_share_interval = (0.01, 0.02)
        cross_validation = {"recall": 0.9}

        def negative_probability(self, x):
            return np.where(np.arange(len(x)) < 10, 0.9, 0.1)

    figures = _classifier_figures(Blind(folds), folds)
    hidden = folds.unlabeled_labels == 8
    assert figures["true_share"] == pytest.approx(hidden.mean())
    assert figures["true_recall"] == pytest.approx(hidden[:10].sum() / hidden.sum())
    assert figures["true_precision"] == pytest.approx(hidden[:10].mean())


def test_the_cvae_loss_is_the_vae_loss_on_both_folds():
    error, kl, y = tf.constant([3.0, 5.0]), tf.constant([1.0, 2.0]), tf.constant([1.0, 0.0])
    loss = rivals.RIVALS["cvae"](0.1)(y, error, kl, None, None, None, 0.5)
    assert float(loss) == pytest.approx((3 + 0.5 + 5 + 1) / 2)


def test_the_pu_risk_is_that_of_the_positives():
    """On a mixture whose parts are known the estimate is the mean loss of the positives."""
    y = tf.constant([1.0] * 10 + [0.0] * 2)
    error = tf.constant([1.0] * 8 + [6.0] * 4)  # 8 positives, 2 hidden negatives, 2 unwanted
    risk = rivals.RIVALS["pu-vae"](0.2)
    assert float(risk(y, error, 0 * error, None, None, None, 1.0)) == pytest.approx(1.0)
    too_much = rivals.RIVALS["pu-vae"](0.6)(y, error, 0 * error, None, None, None, 1.0)
    assert float(too_much) == pytest.approx((0.6 * 6.0 - 2.0) / 0.4), "climbs back where negative"


def test_csvae_pushes_the_unwanted_out_of_the_prior():
    rng = np.random.default_rng(0)
    objective = rivals.RIVALS["csvae"](0.1)
    zeros, spread = tf.zeros(4000), tf.fill((4000, 2), float(np.log(0.01)))
    noise = 0.1 * rng.normal(size=(4000, 2)).astype("float32")

    def divergence(radius, y):
        z_mean = np.tile(np.float32([radius, 0.0]), (4000, 1))
        given = tf.constant(z_mean + noise), tf.constant(z_mean), spread
        return float(objective(tf.fill((4000,), y), zeros, zeros, *given, 1.0))

    assert divergence(0.1, 0.0) > divergence(1.0, 0.0) > divergence(3.0, 0.0)
    # Far from 0 the second prior is the wide normal distribution: its divergence in closed form.
    wide = rivals.WIDE
    closed = 2 * (np.log(wide / 0.1) - 0.5 + 0.01 / (2 * wide**2)) + 36 / (2 * wide**2)
    assert divergence(6.0, 0.0) == pytest.approx(closed, abs=0.05)


def line_of(slug, key, fid=10.0, setting=None, **own):
    return {
        "key": key,
        "method": slug,
        **{name: getattr(setting, name, None) for name in ("negative_class", "seed")},
        "samples": 10_000,
        "nge_paper": 0.01,
        "nge_strict": 0.0004 if slug == "quality" else 0.02,
        "nge_second": 0.0005,
        **dict.fromkeys(("precision", "recall", "density", "coverage", "class_balance"), 0.9),
        "fid": fid,
        "acceptance": 0.97,
        "hidden_left": 100,
        "seconds": 60.0,
        **dict.fromkeys(("true_share", "own_recall", "true_recall", "overlapped_share"), 0.11),
        "unwanted": 40,
        "negative_share": 0.1,
        "negative_share_interval": [0.05, 0.2],
        **own,
    }


def test_the_page_shows_what_is_stored(tmp_path):
    methods = [one for one in benchmark.compared() if one.slug in ("quality", "vae")]
    lines = [line_of("real", job.key) for job in benchmark.real()]
    lines += [line_of(one.slug, one.key, setting=one.setting) for one in methods]
    for job in failures():
        lines.append(line_of("failures", job.key, scenario=job.arguments[0]))
    (tmp_path / RESULTS).write_text("".join(json.dumps(line) + "\n" for line in lines))
    (tmp_path / ARRAYS).mkdir()
    pictured = [one for one in methods if benchmark.pictured(one)]
    assert {one.slug for one in pictured} == {"quality", "vae"}
    for one in pictured:
        np.savez(tmp_path / ARRAYS / f"{one.key}.npz", samples=np.zeros((24, 28, 28, 1), "uint8"))
    assert render(tmp_path) == len(benchmark.all_runs()) - len(lines)
    page = (tmp_path / "README.md").read_text()
    assert page.count("| `quality` | 9 | 1.00 | 0.040 [0.029, 0.055] | 0.050 ") == 3
    assert "`vabc+nu`" not in page
    assert page.count("| 40 | 0.100 [0.050, 0.200] | 0.110 | 11.0 | 11.0 | 2.00 | 11.00 |") == 5
    for name in ("methods", "samples"):
        assert (tmp_path / f"{name}.png").read_bytes().startswith(b"\x89PNG")


def test_the_penalty_is_judged_on_the_digits_and_seeds_with_both_runs(tmp_path):
    places = [("quality", 8, 0), ("quality", 8, 1), ("quality", 7, 0)]
    places += [("quality-vae", 8, 0), ("quality-vae", 8, 1)]
    lines = []
    for slug, digit, seed in places:
        one = method(slug, digit, 0.2, seed)
        lines.append(line_of(slug, one.key, fid=4.0 + seed, setting=one.setting))
    lines[2] |= {"nge_strict": 0.5, "fid": 90.0}  # without a partner
    lines[-1]["fid"] = 7.0
    (tmp_path / RESULTS).write_text("".join(json.dumps(line) + "\n" for line in lines))
    render(tmp_path)
    page = (tmp_path / "README.md").read_text()
    assert "Means over the 2 digits and seeds with both runs" in page
    p = fisher_exact([[8, 19_992], [400, 19_600]]).pvalue
    assert f"| NGE strict judge, % | 0.040 | 2.000 | p = {p:.2g} |" in page
    assert "| NGE second judge, % | 0.050 | 0.050 | p = 1 |" in page
    assert "| FID* | 4.500 | 5.500 | -1.000 ± 1.000 |" in page


def test_a_pooled_error_counts_all_samples():
    lines = [{"nge_strict": 0.0001, "samples": 10_000}, {"nge_strict": 0.0, "samples": 30_000}]
    rate = pooled(lines, "nge_strict")
    assert rate.value == 1 / 40_000
    assert rate.low < rate.value < rate.high < 2e-4


def test_an_unknown_method_is_one_line(tmp_path):
    result = keras_vabc("benchmark", "gan", "--out", tmp_path)
    assert result.exit_code == 2
    assert "method must be one of real, vae" in result.stderr
    assert "Traceback" not in result.output
