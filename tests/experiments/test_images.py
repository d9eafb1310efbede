"""The comparison on image sets: its folds, its recipes at shares of their steps, lines and page."""

import dataclasses
import json

import numpy as np
import pytest
import tensorflow as tf
from command_line import fails, keras_vabc, succeeds
from test_benchmark import Informed

from keras_vabc.cli import benchmark as command
from keras_vabc.data.datasets.named_folds import load_folds
from keras_vabc.evaluation import evaluate
from keras_vabc.experiments.benchmark import generation
from keras_vabc.experiments.images import compare, runs, trials
from keras_vabc.experiments.images.page import render
from keras_vabc.experiments.images.sets import SETS, ImageSet, image_folds, negative_classes
from keras_vabc.experiments.images.trials import RIVALS, SLUGS, Trial, at_budget, recipe_of
from keras_vabc.experiments.quality_01 import quality_recipe
from keras_vabc.recipes.results_folder import ARRAYS, RESULTS
from keras_vabc.recipes.sweep import stored_lines

ODD = (1, 3, 5, 7, 9)


@pytest.fixture
def digits(monkeypatch):
    """Digits stand for all image sets: with one digit unwanted, and all odd ones."""
    own = {8: (8,), 3: (3,)}
    sets = {
        "digits": ImageSet("digits", "Digits", own, 0.2, (8, 8, 1)),
        "digits-odd": ImageSet("digits", "Odd digits", {1: ODD}, 0.1, (8, 8, 1)),
    }
    monkeypatch.setattr(runs, "SAMPLES", 60)
    SETS_BEFORE = dict(SETS)
    SETS.clear()
    SETS.update(sets)
    yield
    SETS.clear()
    SETS.update(SETS_BEFORE)


@pytest.fixture
def informed(monkeypatch):
    """The NU classifier knows the labels of one negative class; its guard is not afraid."""

    def classifier_of(folds, *_):
        nu = Informed(folds)
        nu.refuses = tf.constant(200.0)
        return nu, 7.0

    monkeypatch.setattr(generation, "classifier_of", classifier_of)


def test_folds_of_one_class_are_those_of_load_folds(digits):
    own, expected = image_folds("digits", 8, 5), load_folds("digits", negative_class=8, seed=5)
    for field in dataclasses.fields(own):
        if field.name != "name":
            np.testing.assert_array_equal(*(getattr(f, field.name) for f in (own, expected)))
    assert own.name == "digits"


def test_all_odd_digits_are_one_concept_of_five_classes(digits):
    folds = image_folds("digits-odd", 1, 7)
    assert negative_classes("digits-odd", 1) == ODD and folds.negative_class == 1
    assert set(folds.unwanted_labels) == set(folds.test_unwanted_labels) == set(ODD)
    assert set(folds.unlabeled_labels) == set(range(10))
    odd = (folds.unlabeled_labels % 2).sum() + len(folds.unwanted)
    assert len(folds.unwanted) / odd == pytest.approx(0.1, abs=0.03)
    x, labels = (
        np.concatenate([folds.unlabeled, folds.unwanted]),
        np.concatenate([folds.unlabeled_labels, folds.unwanted_labels]),
    )
    whole = load_folds("digits", negative_class=8, seed=0)
    known = {
        image.tobytes(): n for image, n in zip(whole.unlabeled, whole.unlabeled_labels, strict=True)
    }
    told = [known.get(image.tobytes(), n) == n for image, n in zip(x, labels, strict=True)]
    assert all(told)


def test_the_grid_of_the_comparison():
    every, rivals = trials_of(), trials_of(rivals=True)
    assert len({t.key for t in (*every, *rivals)}) == len(every) + len(rivals) == 118 + 90
    assert [t.slug for t in every[:10]] == ["real"] * 10
    assert [t.dataset for t in every[:4]] == list(SETS)
    assert {t.seed for t in every if t.slug == "images" and t.budget == 1} == {0, 1, 2}
    assert every.index(Trial("images", "mnist", 7, 0)) < every.index(Trial("images", "mnist", 8, 1))
    curve = [t for t in runs.in_curves() if t.slug == "images" and t.dataset == "cifar10"]
    assert [(t.concept, t.budget) for t in curve] == [(3, 0.25), (3, 0.5), (3, 1), (3, 2)]
    assert set(runs.in_curves()) <= set(every)
    assert {len(own.concepts) for own in SETS.values()} == {3, 1}
    assert SETS["cifar10"].fraction == 0.1 and set(SETS["cifar10"].concepts) == {0, 3, 9}


def trials_of(rivals=False):
    return runs.trials(rivals)


def test_parts_of_it_can_be_chosen():
    some = runs.chosen(["images", "real"], ["cifar10"])
    assert {(t.slug, t.dataset) for t in some} == {("images", "cifar10"), ("real", "cifar10")}
    assert len(some) == 3 * 3 + 3 + 3  # seeds, real, budgets
    assert {t.slug for t in runs.chosen(datasets=["mnist"], rivals=True)} == set(RIVALS)
    for slugs, datasets, rule in (
        (["gan"], [], "method must be one of real, images, quality, quality-oracle"),
        ([RIVALS[0]], [], "method must be one of real"),
        ([], ["cifar"], "dataset must be one of mnist, fashion_mnist, cifar10, mnist-odd"),
    ):
        with pytest.raises(ValueError, match=rule):
            runs.chosen(slugs, datasets)


def test_todays_quality_stays_what_it_was():
    """On images whose pixels vary by 0 and 200, half of each: all of it by hand."""
    x = np.zeros((1300, 8, 8, 1), "uint8")
    x[::2] = 200
    recipe = quality_recipe(x, seed=4)
    variance = (100 / 255) ** 2
    sigma2 = 0.04 * variance * 784 / 52.7
    target = 100 * 64 * variance / 52.7
    setting = recipe.setting
    assert setting.sigma2 == pytest.approx(sigma2, rel=5e-3)
    assert setting.target == pytest.approx(target, rel=5e-3)
    assert setting.gamma == pytest.approx(2 * sigma2 / target, rel=1e-2)
    assert setting.gamma_start == pytest.approx(10 * setting.gamma)
    assert (setting.epochs, setting.anneal_epochs) == (384, 144)  # 2,300 steps, 6 in a pass
    assert (setting.seed, setting.latent_dim, setting.batch_size) == (4, 24, 250)
    assert (recipe.components, recipe.guard, recipe.correction) == (13, 0.05, "move")
    assert quality_recipe(np.repeat(x, 47, axis=0)).setting.epochs == 8
    assert quality_recipe(np.repeat(x, 47, axis=0)).components == 200


def test_a_budget_is_a_share_of_every_stage():
    recipe = quality_recipe(np.eye(400 * 64, 64).reshape(400, 8, 8, 64)[..., :1].astype("uint8"))
    recipe = dataclasses.replace(recipe, finetuning=100)
    whole, half = recipe.setting, at_budget(recipe, 0.5)
    assert half.setting.epochs == round(whole.epochs / 2) and half.finetuning == 50
    assert half.setting.anneal_epochs == round(whole.anneal_epochs / 2)
    assert half.setting.patience is None
    assert at_budget(recipe, 1.0) == recipe
    least = at_budget(recipe, 1e-9)
    assert (least.setting.epochs, least.setting.anneal_epochs, least.finetuning) == (1, 1, 1)
    without = at_budget(dataclasses.replace(recipe, finetuning=None), 2)
    assert without.finetuning is None and without.setting.epochs == 2 * whole.epochs


def test_recipes_differ_as_their_names_say(digits, monkeypatch):
    x = image_folds("digits", 8, 3).unlabeled
    asked = []

    def recipe_for(name, unlabeled, seed):
        asked.append((name, seed))
        return dataclasses.replace(quality_recipe(unlabeled, seed), finetuning=77)

    monkeypatch.setattr(trials, "recipe_for", recipe_for)
    new, old, oracle = (recipe_of(Trial(slug, "digits", 8, 3), x) for slug in SLUGS)
    assert asked == [("quality", 3)]
    assert (new.slug, new.finetuning, old.slug, old.finetuning) == ("images", 77, "quality", None)
    data = {"dataset": "digits", "negative_class": 8, "fraction": 0.2, "seed": 3}
    for recipe in (new, old, oracle):
        assert {name: getattr(recipe.setting, name) for name in data} == data
    assert (oracle.setting.method, oracle.correction, oracle.guard) == ("vae", "labels", None)
    assert dataclasses.replace(oracle.setting, method="vabc") == old.setting


def test_a_changed_recipe_has_another_key(digits, monkeypatch):
    own = Trial("images", "digits", 8)
    before = {slug: Trial(slug, "digits", 8).key for slug in (*SLUGS, "real", RIVALS[0])}
    monkeypatch.setattr(trials, "recipe_for", lambda _, x, seed: quality_recipe(x[:450], seed))
    after = {slug: Trial(slug, "digits", 8).key for slug in before}
    assert {slug for slug in before if before[slug] != after[slug]} == {"images"}
    changed = [("slug", "quality"), ("concept", 3), ("seed", 2), ("budget", 0.5)]
    keys = {dataclasses.replace(own, **{name: value}).key for name, value in changed}
    assert len(keys | {own.key}) == 5


@pytest.mark.parametrize("slug", SLUGS)
def test_each_method_is_trained_and_measured(digits, informed, tmp_path, monkeypatch, slug):
    monkeypatch.setattr(evaluate, "ImageEvaluation", Evaluation)
    trial = Trial(slug, "digits", 8, 0, budget=0.003)
    (job,) = runs.jobs_of([trial])
    line = job.run(tmp_path)
    hidden = int((image_folds("digits", 8, 0).unlabeled_labels == 8).sum())
    assert (line["key"], line["method"], line["budget"]) == (trial.key, slug, 0.003)
    assert (line["dataset"], line["negative_class"], line["fraction"]) == ("digits", 8, 0.2)
    assert line["judged"] == 60 and line["second"] == 60 and line["sharpness"] == 60
    assert line["hidden_left"] == 0 < hidden and line["unlabeled"] > 1200
    oracle = slug == "quality-oracle"
    assert (line["acceptance"] is None) == oracle
    assert line["seconds_nu"] == (0 if oracle else 7) <= line["seconds"]
    assert line["setting"]["epochs"] == 1 and line["recipe"]["slug"] == slug
    assert not list(tmp_path.iterdir())  # no pictures of a part of the steps
    json.dumps(line)


def test_a_guard_that_accepts_nothing_is_one_failure_that_is_told(digits, monkeypatch, tmp_path):
    monkeypatch.setattr(evaluate, "ImageEvaluation", Evaluation)

    class Doubting(Informed):
        def negative_probability_batch(self, x):
            return tf.fill(tf.shape(x)[:1], 0.5)

    monkeypatch.setattr(generation, "classifier_of", lambda folds, *_: (Doubting(folds), 7.0))
    trial = Trial("quality", "digits", 8, 0)
    short = dataclasses.replace(recipe_of(trial, image_folds("digits", 8, 0).unlabeled), guard=0.05)
    monkeypatch.setattr(runs, "recipe_of", lambda *_: at_budget(short, 0.003))
    (job,) = runs.jobs_of([trial])
    line = job.run(tmp_path)
    assert line["failed"].startswith("guard must accept") and line["acceptance"] is None
    assert (line["key"], line["nge_strict"], line["samples"]) == (trial.key, None, None)
    assert "no samples, " in runs.described(line) and "guard must accept" in runs.described(line)
    stored(tmp_path, [Trial("real", "digits", 8)])
    with open(tmp_path / RESULTS, "a") as file:
        file.write(json.dumps(line) + "\n")
    render(tmp_path)
    page = (tmp_path / "README.md").read_text()
    assert "- No samples: `quality`, class 8, seed 0. guard must accept" in page
    assert "| `real` | 1 |" in page and "| `quality` |" not in page


def test_an_oracle_knows_all_classes_of_a_concept(digits, tmp_path):
    trial = Trial("quality-oracle", "digits-odd", 1, 2, budget=0.003)
    _, samples, made = runs.generate(trial, image_folds("digits-odd", 1, 2), tmp_path)
    assert made["hidden_left"] == 0 and samples.shape == (60, 8, 8, 1)


class Evaluation:
    """Stands in for `ImageEvaluation`; its figures say what it was asked; bright is negative."""

    def __init__(self, folds, negative_classes):
        self.negative_classes = negative_classes

    def of(self, samples):
        return {"judged": len(samples)}

    def real(self):
        return {"judged": None, "classes": list(self.negative_classes)}

    def second_opinion(self, samples):
        return {"second": len(samples)}

    def sharpness(self, samples=None):
        return {"sharpness": 1.0 if samples is None else len(samples)}

    def of_blurred(self):
        return {"accuracy_blurred": 0.5}

    def is_negative(self, images):
        return {"strict": images.mean(axis=(1, 2, 3)) > 100, "paper": None}


def test_only_wanted_samples_are_kept(digits, tmp_path, monkeypatch):
    monkeypatch.setattr(evaluate, "ImageEvaluation", Evaluation)
    trial, samples = Trial("quality", "digits", 8), np.full((60, 8, 8, 1), 30.4)
    samples[::2] = 200
    samples[1::4] = 31.6
    runs.figures_of(trial, None, samples, tmp_path)
    (path,) = tmp_path.iterdir()
    assert path.name == f"{trial.key}.npz"
    kept = np.load(path)["samples"]
    assert kept.shape == (24, 8, 8, 1) and kept.dtype == np.uint8
    assert kept[:, 0, 0, 0].tolist() == [32, 30] * 12
    for other in (dataclasses.replace(trial, seed=1), dataclasses.replace(trial, budget=2.0)):
        runs.figures_of(other, None, samples, tmp_path / "absent")


def test_real_data_are_held_out_positives_of_all_classes(digits, tmp_path, monkeypatch):
    monkeypatch.setattr(evaluate, "ImageEvaluation", Evaluation)
    trial = Trial("real", "digits-odd", 1)
    (job,) = runs.jobs_of([trial])
    line, folds = job.run(tmp_path), image_folds("digits-odd", 1, 0)
    positives = folds.test_unlabeled[folds.test_unlabeled_labels % 2 == 0]
    assert line["second"] == len(positives) and line["classes"] == list(ODD)
    assert (line["method"], line["seconds"], line["dataset"]) == ("real", None, "digits-odd")
    assert line["setting"] is None and line["seconds_judges"] >= 0
    kept = np.load(tmp_path / f"{trial.key}.npz")["samples"]
    np.testing.assert_array_equal(kept, positives[:24])


def figures(method, fid=5.0, **own):
    names = ("precision", "recall", "density", "coverage", "class_balance", "sharpness")
    return {
        "method": method,
        "samples": 10_000,
        "nge_paper": 0.01,
        "nge_strict": 0.002,
        "nge_second": 0.003,
        **dict.fromkeys(names, 0.75),
        "sharpness_auc": 0.66,
        "fid": fid,
        "acceptance": 0.97,
        "hidden_left": 12,
        "seconds": None if method == "real" else 60.0,
        "judges": {"paper": 0.91, "strict": 0.88},
        "accuracy_second": 0.87,
        "accuracy_blurred": 0.55,
        "balance_blurred": 0.94,
        "fid_blurred": 12.0,
        "seconds_judges": 33.0,
        **own,
    }


def stored(folder, some):
    (folder / ARRAYS).mkdir()
    with open(folder / RESULTS, "w") as file:
        for trial in some:
            own = {"dataset": trial.dataset, "negative_class": trial.concept, "seed": trial.seed}
            own |= {"key": trial.key, "budget": trial.budget, "seconds": 100 * trial.budget}
            fid = 4.0 + trial.seed
            file.write(json.dumps(figures(trial.slug, fid, **own)) + "\n")
            if trial.seed == 0 and trial.budget == 1:
                images = np.zeros((24, *SETS[trial.dataset].shape), "uint8")
                np.savez(folder / ARRAYS / f"{trial.key}.npz", samples=images)


def test_the_page_shows_what_is_stored(tmp_path):
    some = runs.chosen(["real", "images"]) + runs.chosen([RIVALS[0]], ["mnist"], rivals=True)
    stored(tmp_path, some)
    assert render(tmp_path) == 118 - 10 - 30 - 9
    page = (tmp_path / "README.md").read_text()
    assert page.count("| `images` | 9 | 1.00 | 0.200 [0.173, 0.231] | 0.300 ") == 3
    assert page.count("| `images` | 3 | 1.00 |") == 1  # all odd digits
    assert page.count("| 5.00 ± 0.82 | 0.75 ± 0.00 |") == 5
    assert page.count("| 0.66 ± 0.00 | 0.970 | 12 | 100 |") == 9
    assert page.count(f"| `{RIVALS[0]}` | 9 |") == 1 and "`quality-oracle` |" not in page
    assert "| cifar10 3 | 91.00 | 88.00 | 87.00 | 4.00 | 55.0 | 0.94 | 12.0 | 33 |" in page
    assert "| mnist | `images` | 0.25 | 25 | 4.00 | 0.75 | 0.200 |" in page
    assert "| cifar10 | `images` | 2 | 200 |" in page and "| mnist-odd | `images`" not in page
    assert "49 of 118 runs are stored, and 9 of rivals" in page
    for name in ("curves", *(f"samples-{name}" for name in SETS)):
        assert f"]({name}.png)" in page
        assert (tmp_path / f"{name}.png").read_bytes().startswith(b"\x89PNG")


def test_the_command_runs_what_is_missing_of_parts(digits, monkeypatch, tmp_path):
    done = []

    def run_missing(jobs, folder, **options):
        done.append([job.arguments[0] for job in jobs])
        stored_before = stored_lines(folder)
        assert options["describe"](
            figures("real", **{"dataset": "x", "seed": 1, "negative_class": 2})
        )
        assert not stored_before

    monkeypatch.setattr(compare, "run_missing", run_missing)
    out = tmp_path / "out"
    printed = succeeds(
        "benchmark", "images", "--method", "real", "--dataset", "digits", "--out", out
    )
    assert done == [[Trial("real", "digits", 8), Trial("real", "digits", 3)]]
    assert "runs are missing in all" in printed
    assert "0 of 36 runs" in (out / "README.md").read_text()
    assert json.loads((out / "manifest.json").read_text())["results_of"] == compare.COMMAND
    fails("earlier results of benchmark.", "benchmark", "vae", "--out", out)
    fails("dataset must be one of digits, digits-odd", "benchmark", "images", "--dataset", "mnist")


def test_the_options_of_images_need_it(tmp_path):
    for words in (["quality", "--dataset", "mnist"], ["--method", "real"], ["images", "vae"]):
        result = keras_vabc("benchmark", *words, "--out", tmp_path / "out")
        assert result.exit_code == 2 and "must" in result.stderr, words
    assert not list(tmp_path.iterdir())


def test_each_of_both_has_its_folder(monkeypatch):
    asked = []
    monkeypatch.setattr(compare, "run_images", lambda **options: asked.append(options["folder"]))
    from keras_vabc.experiments.benchmark import compare as digits_alone

    monkeypatch.setattr(digits_alone, "run_benchmark", lambda **o: asked.append(o["folder"]))
    succeeds("benchmark", command.IMAGES)
    succeeds("benchmark", "quality")
    assert [str(folder) for folder in asked] == ["docs/results/images", "docs/results/benchmark"]
