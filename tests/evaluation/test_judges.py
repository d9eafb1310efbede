"""The judges, and the evaluation of samples by them."""

import numpy as np
import pytest
from scipy.integrate import dblquad
from scipy.ndimage import gaussian_filter

from keras_vabc.data.datasets.named_folds import load_folds
from keras_vabc.data.folds import split_unwanted
from keras_vabc.evaluation import evaluate, judges
from keras_vabc.evaluation.evaluate import ImageEvaluation, MoonsEvaluation
from keras_vabc.evaluation.moons_judge import MoonsJudge
from keras_vabc.evaluation.spread import precision_recall_density_coverage


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
    own, other = (j.network.count_params() for j in (evaluation._strict, evaluation._second()))
    assert own != other
    assert perfect["nge_second"] < 0.05 < 0.85 < negative["nge_second"]
    low, high = perfect["nge_second_interval"]
    assert low <= perfect["nge_second"] <= high


class Knowing:
    """Stands in for a judge: it knows all images with their labels, others are of class 0."""

    accuracy = 0.9

    def __init__(self, x, labels, x_test, labels_test):
        both = zip((*x, *x_test), (*labels, *labels_test), strict=True)
        self.known = {image.tobytes(): int(label) for image, label in both}

    def judge(self, images):
        return images.reshape(len(images), -1) / 255, np.eye(10)[self.classes(images)]

    def classes(self, images):
        return np.array([self.known.get(image.tobytes(), 0) for image in images])


@pytest.fixture
def knowing(monkeypatch):
    monkeypatch.setattr(evaluate, "train_judge", lambda *arrays, **_: Knowing(*arrays))


def test_a_concept_may_have_several_classes(knowing, folds):
    """All odd digits are negative, though the folds' own negative class is 8."""
    evaluation = ImageEvaluation(folds, negative_classes=(1, 3, 5, 7, 9))
    x, labels = folds.test_unlabeled, folds.test_unlabeled_labels
    for verdicts in evaluation.is_negative(x).values():
        np.testing.assert_array_equal(verdicts, labels % 2 == 1)
    assert evaluation.second_opinion(x)["nge_second"] == (labels % 2).mean()
    everything = np.concatenate([x, folds.test_unwanted])
    even = np.concatenate([labels, folds.test_unwanted_labels]) % 2 == 0
    figures = evaluation.of(everything[even])
    assert figures["nge_strict"] == figures["nge_paper"] == 0
    assert (figures["fid"], figures["class_balance"]) == (pytest.approx(0, abs=1e-6), 1)
    assert evaluation.of(x[labels % 2 == 1])["nge_strict"] == 1
    assert evaluation.real()["nge_strict"] == 0


def test_blurred_images_are_judged_and_less_sharp(knowing, folds):
    evaluation, positives = ImageEvaluation(folds), held_out(folds, negative=False)
    blurred = evaluation.of_blurred()
    copies = judges.blurred_images(positives, 0.06)
    np.testing.assert_array_equal(
        copies[3, ..., 0], np.rint(gaussian_filter(positives[3, ..., 0].astype(float), 0.48))
    )
    assert blurred["fid_blurred"] == pytest.approx(evaluation.of(copies)["fid"])
    named = evaluation.classes(copies)
    labels = folds.test_unlabeled_labels[folds.test_unlabeled_labels != 8]
    assert blurred["accuracy_blurred"] == pytest.approx((named == labels).mean())
    assert blurred["balance_blurred"] == pytest.approx(evaluation.of(copies)["class_balance"])
    real, soft = evaluation.sharpness(), evaluation.sharpness(copies)
    assert real["sharpness"] == pytest.approx(1, abs=0.03) and real["sharpness_auc"] < 0.55
    assert soft["sharpness"] < real["sharpness"] and soft["sharpness_auc"] > real["sharpness_auc"]


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


def numbered_folds():
    """Folds of images that hold their number in two pixels; its last digit is their class."""
    x, x_test = (np.zeros((n, 2, 2, 1), "uint8") for n in (700, 300))
    for images, first in ((x, 0), (x_test, 700)):
        images[:, 0, :, 0] = np.stack(np.divmod(np.arange(len(images)) + first, 256), axis=1)
    labels, labels_test = np.arange(700) % 10, np.arange(700, 1000) % 10
    test = x_test, labels_test
    return split_unwanted(x, labels, negative_class=4, fraction=0.3, seed=5, test=test)


def numbers(images):
    return images[:, 0, 0, 0].astype(int) * 256 + images[:, 0, 1, 0]


def test_judges_are_trained_on_training_rows_and_measured_on_test_rows(monkeypatch):
    seen = []

    class Judge:
        accuracy = 1.0

        def judge(self, images):
            return np.stack([numbers(images)] * 2, axis=1), np.eye(10)[numbers(images) % 10]

        def classes(self, images):
            return numbers(images) % 10

    def train(x, labels, x_test, labels_test, *, architecture="pooling", **_):
        two_classes = set(labels) == {False, True}
        kind = "paper" if two_classes else architecture
        for images, own, rows in ((x, labels, range(700)), (x_test, labels_test, range(700, 1000))):
            assert sorted(numbers(images)) == list(rows), kind
            truth = numbers(images) % 10
            np.testing.assert_array_equal(own, truth == 4 if two_classes else truth)
        seen.append(kind)
        return Judge()

    monkeypatch.setattr(evaluate, "train_judge", train)
    evaluation = ImageEvaluation(numbered_folds(), seed=3)
    evaluation.second_opinion(numbered_folds().unlabeled[:50])
    assert sorted(seen) == ["paper", "pooling", "strided"]


def test_samples_are_compared_with_held_out_positives_and_not_the_other_way_round(monkeypatch):
    calls = {}

    class Judge:
        accuracy = 1.0

        def judge(self, images):
            return numbers(images)[:, None], np.eye(10)[numbers(images) % 10]

        def classes(self, images):
            return numbers(images) % 10

    def note(name):
        def metric(own, reference):
            calls[name] = set(np.ravel(own)), set(np.ravel(reference))
            return {} if name == "precision" else 0.0

        return metric

    monkeypatch.setattr(evaluate, "train_judge", lambda *_, **__: Judge())
    monkeypatch.setattr(evaluate, "frechet_distance", note("fid"))
    monkeypatch.setattr(evaluate, "spread_estimates", note("precision"))
    positives = {n for n in range(700, 1000) if n % 10 != 4}
    evaluation, folds = ImageEvaluation(numbered_folds()), numbered_folds()
    evaluation.of(folds.unlabeled[:9])
    assert calls == dict.fromkeys(calls, (set(numbers(folds.unlabeled[:9])), positives))
    figures = evaluation.real()
    assert calls == dict.fromkeys(("fid", "precision"), calls["fid"])
    assert calls["fid"] == ({n for n in range(700) if n % 10 != 4}, positives)
    assert figures["samples"] == len(positives), "the errors are those of held-out positives"


def test_recall_near_the_border_is_that_of_the_positives_most_like_negatives(monkeypatch):
    """The judge of this test finds images the more negative, the higher their number."""

    class Judge:
        accuracy = 1.0

        def judge(self, images):
            probabilities = np.zeros((len(images), 10))
            probabilities[:, 4] = numbers(images) / 1000
            return numbers(images)[:, None], probabilities

    monkeypatch.setattr(evaluate, "train_judge", lambda *_, **__: Judge())
    evaluation, folds = ImageEvaluation(numbered_folds()), numbered_folds()
    positives = np.array([n for n in range(700, 1000) if n % 10 != 4])
    held_out = np.concatenate([folds.test_unlabeled, folds.test_unwanted])
    for most, whole in ((980, None), (850, (positives <= 850 + 5).mean())):
        samples = held_out[numbers(held_out) <= most]
        found = evaluation.by_region(samples)
        assert found["border"] == 27 == round(0.1 * len(positives))
        near = (np.sort(positives)[-27:] <= most + 5).mean()
        assert found["recall_border"] == pytest.approx(near, abs=0.08)
        low, high = found["recall_border_interval"]
        assert low <= found["recall_border"] <= high and high - low > 0.1
        if whole is not None:
            assert found["recall_border"] == 0
            assert found["recall_whole"] == pytest.approx(whole, abs=0.02)
    training = evaluation.by_region(None)  # whose numbers are all lower
    assert training["recall_border"] == 0 and training["recall_whole"] < 0.03


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


def test_half_of_a_moon_is_precise_and_does_not_cover():
    folds = load_folds("moons2", seed=4)
    evaluation = MoonsEvaluation(folds)
    positives = folds.unlabeled[folds.unlabeled_labels == 1]
    half = evaluation.of(positives[positives[:, 0] < 1])
    assert half["precision"] > 0.95 and half["density"] > 0.9
    assert 0.4 < half["recall"] < 0.65 and 0.4 < half["coverage"] < 0.65
    held_out = folds.test_unlabeled[folds.test_unlabeled_labels == 1]
    expected = precision_recall_density_coverage(positives, held_out)
    real = evaluation.real()
    assert {name: real[name] for name in expected} == expected
    assert real["nge_strict"] == MoonsJudge().is_negative(held_out).mean()


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
