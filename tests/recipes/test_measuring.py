"""The verdict on generators that are perfect, useless or dishonest, from images to words."""

from types import SimpleNamespace

import numpy as np
import pytest
from drawn_images import bars, discs
from scipy.ndimage import gaussian_filter

from keras_vabc.data.spec import DataSpec
from keras_vabc.evaluation.metrics import Rate
from keras_vabc.evaluation.verdict import verdict
from keras_vabc.pages import nearest_rows
from keras_vabc.recipes import measuring
from keras_vabc.recipes.measuring import sample_figures

RNG = np.random.default_rng(0)
COUNT, SEED = 1000, 3


class Generator:
    """A run without a classifier that generates given images."""

    has_classifier = False
    spec = DataSpec("images", (16, 16, 1), "uint8")

    def __init__(self, images):
        self.sampler = SimpleNamespace(batches=lambda n, seed: iter([images.astype("float32")]))
        self.record = SimpleNamespace(settings=SimpleNamespace(seed=SEED))


@pytest.fixture(scope="module")
def folds():
    rng = np.random.default_rng(7)
    return SimpleNamespace(
        unlabeled=bars(1500, rng),
        unwanted=discs(300, rng),
        test_unlabeled=bars(1200, rng),
        test_unwanted=discs(200, rng),
    )


@pytest.fixture(scope="module")
def measured(folds):
    """The figures of each generator; the slow network tries only where nothing else would tell."""
    fresh, training = bars(COUNT, RNG), folds.unlabeled
    smooth = gaussian_filter(fresh.astype("float32"), (0, 1, 1, 0))
    generators = {
        "perfect": fresh,
        "collapsed": np.repeat(fresh[:1], COUNT, axis=0),
        "blurred": np.rint(smooth).astype("uint8"),
        "noise": RNG.integers(0, 256, fresh.shape).astype("uint8"),
        "copied": training[RNG.permutation(len(training))[:COUNT]],
        "contaminated": np.concatenate([fresh[60:], discs(60, RNG)]),
    }
    found = {}
    with pytest.MonkeyPatch.context() as patch:
        for name, images in generators.items():
            if name != "perfect":
                patch.setattr(measuring, "told_apart", lambda *_: Rate(0.5, 0.4, 0.6))
            found[name] = sample_figures(Generator(images), folds, SEED)
    return found


def test_real_images_are_good(measured):
    found = measured["perfect"]
    assert found.verdict.startswith("Good: avoids the unwanted (") and found.flaws == ()
    assert "What to change" not in found.verdict
    for name in ("precision", "recall", "coverage", "sharpness"):
        assert found.figures[name].relative == pytest.approx(1, abs=0.1), name
    for name in ("told_apart", "nearer_training", "nearer_unwanted"):
        figure = found.figures[name]
        assert figure.low < 0.5 < figure.high and 0.35 < figure.real < 0.65, name
    assert found.figures["unwanted"].low < 0.005 and found.figures["unwanted"].high < 0.02


@pytest.mark.parametrize(
    ("name", "flaw", "words"),
    [
        ("collapsed", "narrow", "covers 0% of the variety"),
        ("blurred", "blurred", "blurred ("),
        ("noise", "unlike", "100% of 1,000 samples are like nothing real"),
        ("copied", "copied", "copies training rows (100.0% near copies"),
        ("contaminated", "unwanted", "generates the unwanted ("),
    ],
)
def test_a_fault_is_named(measured, name, flaw, words):
    found = measured[name]
    assert flaw in found.flaws and words in found.verdict
    assert found.verdict.startswith("Poor: ") and "What to change: " in found.verdict


def test_a_fault_is_not_taken_for_another(measured):
    assert measured["copied"].flaws == ("copied",)
    assert measured["contaminated"].flaws == ("unwanted",)
    others = [found.flaws for name, found in measured.items() if name != "copied"]
    assert not any("copied" in flaws for flaws in others)
    assert "unwanted" not in measured["blurred"].flaws
    figure = measured["contaminated"].figures["unwanted"]
    assert figure.low < 0.06 < figure.high and figure.high - figure.low < 0.08


def test_the_verdict_is_a_function_of_the_figures_alone(measured):
    for found in measured.values():
        assert verdict(found.figures) == (found.verdict, found.flaws)


def test_nothing_is_shown_of_the_unwanted(measured, folds):
    """Neighbours are training rows of the unlabeled fold, nearest to the first samples."""
    own = measured["copied"].neighbours
    assert len(own) == measuring.PAIRS
    names = nearest_rows.named(Generator(folds.unlabeled), folds.unlabeled)
    assert set(own) <= set(names)


def test_few_rows_are_never_good(folds):
    few = SimpleNamespace(**{name: x[:10] for name, x in vars(folds).items()})
    found = sample_figures(Generator(bars(50, RNG)), few, SEED)
    assert found.verdict.startswith("Fair: ") and "too few" in found.verdict
    assert found.figures == {} and set(found.flaws) == {"untold", "unmeasured"}


def test_a_guard_that_accepts_nothing_is_told(folds):
    run = Generator(folds.unlabeled)

    def batches(n, seed):
        raise RuntimeError("guard must accept one in 100.")
        yield

    run.sampler = SimpleNamespace(batches=batches)
    found = sample_figures(run, folds, SEED)
    assert found.verdict.startswith("Poor: the guard accepts no samples") and found.figures == {}
