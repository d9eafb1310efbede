"""The judges, and the evaluation of samples by them."""

import numpy as np
import pytest
from scipy.integrate import dblquad

from keras_vabc.data.datasets.named_folds import load_folds
from keras_vabc.evaluation import judges
from keras_vabc.evaluation.evaluate import ImageEvaluation, MoonsEvaluation
from keras_vabc.evaluation.moons_judge import MoonsJudge


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    patch = pytest.MonkeyPatch()
    patch.setenv("KERAS_VABC_CACHE", str(tmp_path_factory.mktemp("cache")))
    yield
    patch.undo()


@pytest.fixture(scope="module")
def folds():
    return load_folds("digits", negative_class=8, fraction=0.2, seed=0)


@pytest.fixture(scope="module")
def evaluation(cache, folds):
    return ImageEvaluation(folds)


def held_out(folds, negative):
    is_negative = folds.test_unlabeled_labels == folds.negative_class
    return folds.test_unlabeled[is_negative == negative]


def test_judges_know_the_digits(evaluation):
    assert evaluation.accuracies["strict"] > 0.93
    assert evaluation.accuracies["paper"] > 0.93


def test_a_perfect_generator_is_told_from_a_negative_one(evaluation, folds):
    perfect = evaluation.of(folds.unlabeled[folds.unlabeled_labels != 8])
    negative = evaluation.of(folds.unlabeled[folds.unlabeled_labels == 8])
    assert perfect["nge_strict"] < 0.02 < 0.9 < negative["nge_strict"]
    assert perfect["nge_paper"] < 0.02 < 0.7 < negative["nge_paper"]
    assert perfect["fid"] * 5 < negative["fid"]
    assert perfect["class_balance"] > 0.9 > 0.2 > negative["class_balance"]
    assert min(perfect["precision"], perfect["coverage"]) > 0.9
    assert negative["recall"] < 0.5


def test_another_architecture_gives_a_second_opinion(evaluation, folds):
    perfect = evaluation.second_opinion(folds.unlabeled[folds.unlabeled_labels != 8])
    negative = evaluation.second_opinion(folds.unlabeled[folds.unlabeled_labels == 8])
    assert perfect["accuracy_second"] > 0.93
    assert perfect["accuracy_second"] != evaluation.accuracies["strict"]
    assert perfect["nge_second"] < 0.05 < 0.85 < negative["nge_second"]
    low, high = perfect["nge_second_interval"]
    assert low <= perfect["nge_second"] <= high


def test_an_unknown_architecture_is_refused(folds):
    with pytest.raises(ValueError, match="architecture must be one of pooling, strided"):
        judges.train_judge(*[folds.unlabeled, folds.unlabeled_labels] * 2, architecture="deep")


def test_a_collapsed_and_a_useless_generator(evaluation, folds):
    one = folds.unlabeled[folds.unlabeled_labels == 3][:1]
    collapsed = evaluation.of(np.repeat(one, 500, axis=0))
    noise = np.random.default_rng(0).integers(0, 256, (500, 8, 8, 1)).astype("uint8")
    useless = evaluation.of(noise)
    real = evaluation.real()
    assert collapsed["nge_strict"] == 0
    assert collapsed["class_balance"] < 0.2
    assert collapsed["recall"] == 0
    assert collapsed["coverage"] < 0.1
    assert useless["recall"] < 0.3
    assert useless["coverage"] < 0.4
    for figures in (collapsed, useless):
        assert figures["fid"] > 10 * real["fid"]


def test_the_real_row_judges_held_out_positives(evaluation, folds):
    real = evaluation.real()
    positives = np.sum(folds.test_unlabeled_labels != 8)
    assert real["samples"] == positives
    training = evaluation.of(folds.unlabeled[folds.unlabeled_labels != 8])
    assert real["fid"] == pytest.approx(training["fid"], rel=1e-4)
    assert real["fid"] > 0
    assert real["class_balance"] == training["class_balance"]
    assert real["nge_strict"] < 0.03
    assert real["coverage"] > 0.9
    low, high = real["nge_strict_interval"]
    assert low <= real["nge_strict"] <= high < 0.1


def test_a_judge_is_trained_once(cache, folds, evaluation, monkeypatch):
    def fail(*_):
        raise AssertionError("trained again")

    monkeypatch.setattr(judges, "_fit", fail)
    other_split = load_folds("digits", negative_class=8, fraction=0.5, seed=7)
    samples = folds.unlabeled[:50]
    again = ImageEvaluation(other_split)
    assert again.accuracies == evaluation.accuracies
    assert again.of(samples)["fid"] == pytest.approx(evaluation.of(samples)["fid"], rel=1e-6)
    with pytest.raises(AssertionError, match="trained again"):
        ImageEvaluation(folds, seed=1)


def cut(content):
    return content[:1000]


def flip(content):
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 255]) + content[middle + 1 :]


@pytest.mark.parametrize(
    ("suffix", "damage"),
    [
        (".keras", cut),
        (".keras", flip),
        (".json", lambda _: b"{"),
        (".json", lambda _: b'{"accuracy": null}'),
    ],
)
def test_a_damaged_cache_is_trained_anew(folds, tmp_path, monkeypatch, suffix, damage):
    monkeypatch.setenv("KERAS_VABC_CACHE", str(tmp_path))
    monkeypatch.setattr(judges, "LEAST_STEPS", 1)
    data = (folds.unlabeled[:200], folds.unlabeled_labels[:200]) * 2
    first = judges.train_judge(*data)
    (file,) = (tmp_path / "judges").glob("*" + suffix)
    assert {path.suffix for path in file.parent.iterdir()} == {".keras", ".json"}
    damaged = damage(file.read_bytes())
    file.write_bytes(damaged)
    second = judges.train_judge(*data)
    assert second.accuracy == first.accuracy
    assert file.read_bytes() != damaged


def test_a_cache_that_cannot_be_written_is_a_warning(folds, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("kept")
    monkeypatch.setenv("KERAS_VABC_CACHE", str(tmp_path / "file"))
    monkeypatch.setattr(judges, "LEAST_STEPS", 1)
    data = (folds.unlabeled[:200], folds.unlabeled_labels[:200]) * 2
    with pytest.warns(UserWarning, match="could not be cached"):
        assert 0 <= judges.train_judge(*data).accuracy <= 1


def test_the_accuracy_is_that_on_the_test_set(folds, tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_VABC_CACHE", str(tmp_path))
    monkeypatch.setattr(judges, "LEAST_STEPS", 200)
    x, labels = folds.unlabeled[:500], folds.unlabeled_labels[:500]
    right = judges.train_judge(x, labels, x, labels)
    wrong = judges.train_judge(x, labels, x, (labels + 1) % 10)  # other labels: trained again
    assert right.accuracy > 0.8
    assert wrong.accuracy < 0.1


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (np.full((2, 8, 8, 1), np.nan), "finite"),
        (np.zeros((2, 9, 8, 1)), "images must have shape"),
        (np.zeros((2, 8, 8)), "images must have shape"),
    ],
)
def test_a_judge_refuses(evaluation, images, message):
    with pytest.raises(ValueError, match=message):
        evaluation.of(images)


def test_moons_judge_refuses():
    for x, message in [(np.full((2, 2), np.nan), "finite"), (np.zeros((2, 3)), "must have shape")]:
        with pytest.raises(ValueError, match=message):
            MoonsJudge().is_negative(x)


def test_moons_density_integrates_to_one():
    judge = MoonsJudge(noise=0.3)
    for moon in (0, 1):
        total, _ = dblquad(
            lambda y, x, moon=moon: np.exp(judge.log_density([[x, y]], moon)[0]),
            *(-3, 4, -3, 3),
            epsabs=1e-3,
        )
        assert total == pytest.approx(1, abs=2e-3)


def test_moons_density_is_that_of_the_data():
    """The mean log-density of a large draw is highest under the density that it came from."""
    folds = load_folds("moons1", seed=5)
    judge = MoonsJudge()
    upper, lower = folds.unwanted, folds.unlabeled
    own = judge.log_density(upper, 0).mean()
    assert own > judge.log_density(upper + 0.05, 0).mean()
    assert own > MoonsJudge(0.22).log_density(upper, 0).mean()
    assert own > MoonsJudge(0.18).log_density(upper, 0).mean()
    assert judge.is_negative(upper).mean() > 0.95
    assert judge.is_negative(lower).mean() < 0.05


def test_moons_evaluation_on_three_generators():
    folds = load_folds("moons2", seed=0)
    evaluation = MoonsEvaluation(folds)
    perfect = evaluation.of(folds.unlabeled[folds.unlabeled_labels == 1])
    negative = evaluation.of(folds.unwanted)
    collapsed = evaluation.of(np.tile([[1.0, -0.5]], (500, 1)))
    assert perfect["nge_strict"] < 0.05
    assert perfect["coverage"] > 0.9
    assert negative["nge_strict"] > 0.95
    assert collapsed["nge_strict"] == 0
    assert collapsed["coverage"] < 0.05
    assert perfect["fid"] is None


def test_outliers_lie_where_neither_moon_is_dense():
    folds = load_folds("moons2")
    evaluation = MoonsEvaluation(folds)
    real = np.concatenate([folds.test_unlabeled, folds.test_unwanted])
    assert evaluation.outlier_share(real) < 0.01
    far = np.array([[5.0, 0], [-5, 0], [1, 5], [1, 0]])
    assert evaluation.outlier_share(far) == 0.75
    assert evaluation.outlier_share(far, right_of=1.0) == 0.25
    centres = np.array([[0.0, 1], [1, -0.5]])
    assert evaluation.outlier_share(centres) == 0
