"""Choosing gamma without labels: settings for own data, the rule, the command."""

import dataclasses
import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from command_line import keras_vabc
from rich.console import Console

from keras_vabc.nu import classifier
from keras_vabc.recipes import tune as tuning
from keras_vabc.recipes.autoencoder import build
from keras_vabc.recipes.gamma_choice import by_gamma, choose
from keras_vabc.recipes.own_data import recipe_for, setting_for, total_variance
from keras_vabc.recipes.settings import IMAGES, Setting
from keras_vabc.recipes.tune import measure, prepare, read_data, recipes_to_try, tried


def mnist_like():
    """As many images as in MNIST's unlabeled fold, of its total variance."""
    few = np.random.default_rng(0).random((211, 28, 28, 1)) < 0.5
    bright = (few * 2 * np.sqrt(52.7 / 784) * 255).astype("uint8")
    return np.tile(bright, (279, 1, 1, 1))


def test_own_settings_are_those_of_mnist_on_data_like_mnist():
    images = mnist_like()
    paper = setting_for("paper", images)
    assert paper.sigma2 == pytest.approx(Setting.sigma2, rel=0.03)
    same = ("latent_dim", "units", "gamma", "epochs", "anneal_epochs", "patience", "batch_size")
    assert [getattr(paper, name) for name in same] == [2, (300, 100), 0.05, 30, 5, 3, 80]
    quality = setting_for("quality", images)
    for name in ("sigma2", "target", "gamma", "gamma_start"):
        assert getattr(quality, name) == pytest.approx(IMAGES[name], rel=0.04)
    same = ("latent_dim", "network", "epochs", "anneal_epochs", "batch_size", "patience")
    assert [getattr(quality, name) for name in same] == [64, "conv", 9, 3, 80, None]


def test_images_of_32_pixels_have_more_latents_and_a_nearer_target():
    """The ends of the sizes at which the recipe changes, on noise of one variance a pixel."""
    rng = np.random.default_rng(3)
    small, large = (
        recipe_for("quality", rng.integers(0, 256, (600, 20, width, 3), dtype="uint8"), seed=5)
        for width in (31, 32)
    )
    assert (small.setting.latent_dim, large.setting.latent_dim) == (64, 128)
    variance = 1 / 12 * 20 * 3  # of a column of numbers in 0..1
    assert small.setting.target == pytest.approx(100 * 31 * variance / 52.7, rel=0.02)
    assert large.setting.target == pytest.approx(15 * 32 * variance / 52.7, rel=0.02)
    assert (small.setting.sigma2, large.setting.sigma2) == (0.012, 0.005)
    own = large.setting
    assert own.gamma == pytest.approx(2 * own.sigma2 / own.target)
    steps = [recipe.setting.epochs * (600 // 64) for recipe in (small, large)]
    assert steps == [7002, 8001]
    assert [recipe.finetuning for recipe in (small, large)] == [1400, 3200]
    assert setting_for("paper", rng.integers(0, 256, (600, 40, 40, 1), dtype="uint8")).epochs > 30


@pytest.mark.parametrize("name", ["paper", "quality"])
def test_own_settings_follow_size_and_scale(name):
    rng = np.random.default_rng(0)
    few, many = (setting_for(name, rng.normal(size=(n, 5))) for n in (1_000, 200_000))
    assert few.epochs > many.epochs >= 2
    assert few.latent_dim <= 4
    wide = setting_for(name, 1e6 * rng.normal(size=(1_000, 5)))
    assert (wide.sigma2, wide.target, wide.standardize) == (few.sigma2, few.target, True)
    assert setting_for(name, rng.normal(size=(1_000, 5)), epochs=7).epochs == 7
    floats = setting_for(name, rng.random((100, 8, 8, 1)).astype("float32"))
    assert (floats.pixel_max, floats.output_activation) == (1.0, "sigmoid")


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (np.zeros((10, 4, 4)), "unlabeled must be images of shape"),
        (np.full((10, 4, 4, 1), 7.0), "images must hold integers in 0..255 or floats in 0..1"),
    ],
)
def test_own_settings_refuse(x, message):
    with pytest.raises(ValueError, match=message):
        setting_for("paper", x)
    with pytest.raises(ValueError, match="setting must be one of paper, quality"):
        setting_for("best", np.zeros((10, 2)))


def test_columns_of_different_scale_are_standardized_inside_the_model():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(500, 3)) * [1, 100, 0.01] + [0, 1000, 5]
    assert total_variance(x) == 3
    model = build(setting_for("paper", x), x)
    inside = np.asarray(model.preprocessing(x.astype("float32")))
    assert inside.std(axis=0) == pytest.approx(np.ones(3), rel=1e-3)


def line(gamma, estimate, error, seed=0, method="vabc"):
    rest = dict.fromkeys(("unwanted_error", "auc", "penalty_weight", "seconds"), 1.0)
    own = {"gamma": gamma, "sigma2": 0.1, "seed": seed, "method": method}
    own |= {"nge_estimated": estimate, "positive_error": error, "nge_estimated_error": 0.001}
    return own | rest


def test_the_rule_takes_the_cleanest_that_keeps_the_positives():
    lines = [
        line(0.01, 0.001, 2.0),  # the cleanest, but it distorts the positives
        line(0.1, 0.0101, 1.05),
        line(0.3, 0.0105, 1.0),  # within a standard error of the cleanest left, and gentler
        line(1.0, 0.03, 1.0),
        line(0.0, 0.0, 0.9, method="vae"),  # no gamma at all
    ]
    assert choose(lines)["gamma"] == 0.3
    assert [row["gamma"] for row in by_gamma(lines)] == [0.01, 0.1, 0.3, 1.0, None]


def test_seeds_that_disagree_widen_the_standard_error():
    lines = [line(0.1, 0.01, 1.0), line(0.1, 0.05, 1.0, seed=1)]
    (row,) = by_gamma(lines)
    assert row["nge_estimated"] == pytest.approx(0.03)
    assert row["nge_estimated_error"] == pytest.approx(0.02)


def test_measures_weigh_by_the_judge():
    class Judge:
        negative_share = 0.5

        def negative_probability(self, x):
            return (x[:, 0] > 0).astype("float32")

    class Model:
        penalty_weight = 2.0

        def score(self, x):
            return x[:, 0].astype("float32")

    class Sampler:
        model = Model()

        def sample(self, n, seed):
            return np.repeat([[1.0], [-1.0]], [n // 4, n - n // 4], axis=0)

    class Folds:
        test_unlabeled = np.array([[-4.0], [-2.0], [5.0], [9.0]])
        test_unwanted = np.array([[6.0], [8.0]])

    figures = measure(Sampler(), Judge(), Folds)
    assert figures["nge_estimated"] == pytest.approx(0.25)
    assert figures["positive_error"] == pytest.approx(-3.0)
    assert figures["unwanted_error"] == pytest.approx(7.0)
    # Of the unlabeled, unwanted 6 outranks 3 of 4 and 8 as many; half of all are negatives.
    assert figures["auc"] == pytest.approx((0.75 - 0.25) / 0.5)


def numbers(rows):
    """The numbers that stand in the first column of rows."""
    return set(rows[:, 0].astype(int).tolist())


def fit_recorder(fits):
    """A class in the place of `NUClassifier` that notes the rows it is fitted on, by file name."""

    class Recorder:
        negative_share = 0.1

        def __init__(self, seed=0):
            self.rows = None

        def fit(self, unlabeled, unwanted, verbose):
            self.rows = numbers(unlabeled), numbers(unwanted)
            return self

        def save(self, path):
            fits[path.name.split("-")[0]] = self.rows
            path.write_text("")

        @classmethod
        def load(cls, path):
            assert Path(path).exists()
            return cls()

        def correct(self, folds, mode="move"):
            return folds

        def negative_probability(self, x):
            return np.zeros(len(x), "float32")

    return Recorder


@pytest.mark.parametrize("setting", ["paper", "quality"])
def test_the_judge_learns_from_rows_that_no_model_is_trained_on(tmp_path, monkeypatch, setting):
    rng = np.random.default_rng(7)
    unlabeled, unwanted = range(400), range(1000, 1180)
    for name, own in (("unlabeled", unlabeled), ("unwanted", unwanted)):
        rows = np.stack([own, rng.permutation(len(own))], axis=1)
        np.save(tmp_path / f"{name}.npy", rows.astype("float32"))
    fits, trained, measured = {}, [], []

    def train(recipe, folds, nu):
        trained.append((numbers(folds.unlabeled), numbers(folds.unwanted)))
        model = SimpleNamespace(score=score, penalty_weight=1.0)
        return SimpleNamespace(model=model, sample=lambda n, seed: np.zeros((n, 2)))

    def score(x):
        measured.append(numbers(x))
        return x[:, 1]

    monkeypatch.setattr(tuning, "NUClassifier", fit_recorder(fits))
    monkeypatch.setattr(tuning, "trained_sampler", train)
    console = Console(quiet=True)
    paths = tmp_path / "unlabeled.npy", tmp_path / "unwanted.npy"
    data, _ = read_data(*paths, tmp_path / "folds", console)
    recipes = prepare(data, setting, 1, 2, tmp_path, console)
    tried(recipes[-1], data, tmp_path)

    (models,) = trained
    assert fits["judge"][0] == set(unlabeled) - models[0]
    assert fits["judge"][1] == set(unwanted) - models[1]
    assert all(fits["judge"]) and all(models)
    assert measured == [*fits["judge"]], "held out, of each fold"
    assert fits.get("corrector", models) == models
    assert ("corrector" in fits) == (setting == "quality")


def few_images():
    return np.random.default_rng(3).integers(0, 255, (600, 8, 8, 1), "uint8")


def test_each_gamma_of_quality_keeps_the_equilibrium():
    recipes = recipes_to_try(few_images(), "quality", 2, None)
    assert (
        len({recipe.key for recipe in recipes}) == len(recipes) == 2 * (1 + len(tuning.STRENGTHS))
    )
    for recipe in recipes:
        setting = recipe.setting
        assert setting.gamma * setting.target == pytest.approx(2 * setting.sigma2)
        assert recipe.correction == "move" and recipe.guard is None


@pytest.mark.parametrize("name", ["paper", "quality"])
def test_train_with_a_tuned_gamma_does_what_tune_did(name):
    recipes = recipes_to_try(few_images(), name, 1, None)
    assert recipes[0].setting.method == "vae"
    for recipe in recipes[1:]:
        own = recipe_for(name, few_images(), gamma=recipe.setting.gamma)
        assert dataclasses.replace(own, slug="vabc", guard=None) == recipe


def test_a_gamma_above_the_start_of_annealing_is_not_annealed():
    setting = setting_for("paper", np.random.default_rng(0).normal(size=(100, 2)), gamma=9.0)
    assert (setting.gamma, setting.gamma_start) == (9.0, 9.0)


def test_the_command_chooses_and_resumes(tmp_path, monkeypatch):
    rng = np.random.default_rng(0)
    centres = rng.choice([-3.0, 3.0], (400, 1), p=[0.8, 0.2])
    np.save(tmp_path / "all.npy", rng.normal(centres, 0.5, (400, 2)).astype("float32"))
    flagged = rng.normal(3.0, 0.5, (180, 2)).astype("float32")
    np.savetxt(tmp_path / "flagged.csv", flagged, delimiter=",", header="a,b", comments="")
    monkeypatch.setattr(tuning, "STRENGTHS", (0.5,))
    monkeypatch.setattr(tuning, "SAMPLES", 200)
    monkeypatch.setattr(classifier, "LEAST_STEPS", 60)
    paths = ["--unlabeled", tmp_path / "all.npy", "--unwanted", tmp_path / "flagged.csv"]
    command = ["tune", *paths, "--out", tmp_path / "out", "--seeds", 1, "--epochs", 2]
    command += ["--setting", "paper"]
    first = keras_vabc(*command)
    assert first.exit_code == 0, first.output
    assert "2 runs, 2 of them missing" in first.output
    tuned = json.loads((tmp_path / "out" / "tuned.json").read_text())
    assert tuned["gamma"] == tuned["hyper_parameters"]["gamma"] > 0
    assert 0 < tuned["judge"]["negative_share"] < 0.6
    assert (tmp_path / "out" / "tune.png").read_bytes().startswith(b"\x89PNG")
    assert f"--setting paper --gamma {tuned['gamma']} --epochs 2" in first.output
    left = {path.name for path in (tmp_path / "out").rglob("*") if path.suffix in (".npy", ".tmp")}
    assert not left, "copies of the data"
    second = keras_vabc(*command)
    assert "2 runs, 0 of them missing" in second.output
    np.save(tmp_path / "all.npy", rng.normal(centres, 0.6, (400, 2)).astype("float32"))
    other = keras_vabc(*command)
    assert "2 runs, 2 of them missing" in other.output, "other data in a file of the same name"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "which is not there"),
        (b"\x93NUMPY\x01\x00garbage", "must be a whole .npy file"),
        (np.zeros((50, 3)), "must hold 2 numbers each"),
        (np.zeros((51, 2)), "give --yes"),
    ],
)
def test_bad_files_are_one_line(tmp_path, content, message):
    good, bad = tmp_path / "good.npy", tmp_path / "bad.npy"
    np.save(good, np.zeros((50, 2)))
    if isinstance(content, bytes):
        bad.write_bytes(content)
    elif content is not None:
        np.save(bad, content)
    command = ["tune", "--unlabeled", good, "--unwanted", bad, "--out", tmp_path / "out"]
    done = keras_vabc(*command)
    assert done.exit_code == 2
    assert message in done.stderr and done.stderr.count("\n") == 1
    assert not (tmp_path / "out" / "results.jsonl").exists()


def test_many_hidden_negatives_leave_settings_that_fit_the_corrected_fold(tmp_path, monkeypatch):
    rng = np.random.default_rng(0)
    rows = rng.normal(rng.choice([-3.0, 3.0], (400, 1)), 0.5, (400, 2)).astype("float32")
    np.save(tmp_path / "all.npy", rows)
    np.save(tmp_path / "flagged.npy", rng.normal(3.0, 0.5, (180, 2)).astype("float32"))
    monkeypatch.setattr(tuning, "STRENGTHS", (0.5,))
    monkeypatch.setattr(tuning, "SAMPLES", 200)
    monkeypatch.setattr(classifier, "LEAST_STEPS", 60)
    paths = ["--unlabeled", tmp_path / "all.npy", "--unwanted", tmp_path / "flagged.npy"]
    done = keras_vabc("tune", *paths, "--out", tmp_path / "out", "--seeds", 1, "--epochs", 2)
    assert done.exit_code == 0, done.output
