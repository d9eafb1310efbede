"""All figures of one set of samples, for images and for Moons."""

import functools

import numpy as np

from keras_vabc.data.datasets.sources import content_order
from keras_vabc.evaluation.judges import BLURS, blurred_images, train_judge
from keras_vabc.evaluation.metrics import (
    class_balance,
    frechet_distance,
    negative_generation_error,
    observed_rate,
)
from keras_vabc.evaluation.moons_judge import MoonsJudge
from keras_vabc.evaluation.sharpness import (
    laplacian_energy,
    sharpness_auc,
    sharpness_ratio,
)
from keras_vabc.evaluation.spread import recalled, spread_estimates

BORDER = 0.1  # of the held-out positives


class ImageEvaluation:
    """Measures generated images against the held-out positives of one experiment.

    Trains the two judges on the labelled originals of the training folds, or loads them: the
    paper's, which knows only positive and negative concept, and the strict one, which knows every
    class.

    Args:
        folds: `Folds` of images with their labels.
        seed: Seed of both judges.
        callbacks: Keras callbacks, to show progress.
        negative_classes: The classes of the negative concept, where it has several; by default the
            folds' own negative class.
    """

    def __init__(self, folds, seed=0, callbacks=(), negative_classes=None):
        # In the order of content, so that judges do not depend on how the folds were split.
        x, labels = _sorted(*both_folds(folds))
        x_test, labels_test = _sorted(*both_folds(folds, "test_"))
        self._negative_classes = negative_classes or (folds.negative_class,)
        is_negative, test_is_negative = map(self._are_negative, (labels, labels_test))
        self._strict = train_judge(x, labels, x_test, labels_test, seed=seed, callbacks=callbacks)
        self._paper = train_judge(
            x, is_negative, x_test, test_is_negative, seed=seed, callbacks=callbacks
        )
        self._second = functools.cache(
            lambda: train_judge(x, labels, x_test, labels_test, seed=seed, architecture="strided")
        )
        self._training_positives = x[~is_negative]
        self._positives = x_test[~test_is_negative]
        self._positive_classes = labels_test[~test_is_negative]
        self._features, probabilities = self._strict.judge(self._positives)
        self._border = _highest(probabilities[:, list(self._negative_classes)].sum(axis=1), BORDER)

    @property
    def accuracies(self):
        """Test accuracy of the paper's and of the strict judge."""
        return {"paper": self._paper.accuracy, "strict": self._strict.accuracy}

    def of(self, samples):
        """All figures of generated images.

        Args:
            samples: Shape `(n, height, width, channels)`, values 0 to 255.

        Returns:
            Dict: `nge_paper`, `nge_strict`, `precision`, `recall`, `density` and `coverage` with
            their `_interval`s `[low, high]`, `fid`, `class_balance`, `samples` (their number), and
            `judges` (their accuracies).
        """
        return self._figures(samples, samples)

    def second_opinion(self, samples):
        """The error by a strict judge of another architecture, which is trained when first asked.

        Args:
            samples: Shape `(n, height, width, channels)`, values 0 to 255.

        Returns:
            Dict: `nge_second`, its `nge_second_interval`, and `accuracy_second`.
        """
        judge = self._second()
        error = _error("nge_second", self._are_negative(judge.classes(samples)))
        return {**error, "accuracy_second": judge.accuracy}

    def sharpness(self, samples=None):
        """How sharp samples are beside the held-out positives, and whether that tells them apart.

        Args:
            samples: Shape `(n, height, width, channels)`, values 0 to 255; `None` for the training
                positives.

        Returns:
            Dict: `sharpness`, the ratio of mean Laplacian energies, and `sharpness_auc`, in [0.5,
            1]: how well the energy alone tells one from the other.
        """
        compared = self._training_positives if samples is None else samples
        own, real = laplacian_energy(compared), self._energy
        auc = sharpness_auc(own, real).value
        ratio = sharpness_ratio(own, real).value
        return {"sharpness": ratio, "sharpness_auc": max(auc, 1 - auc)}

    @functools.cached_property
    def _energy(self):
        return laplacian_energy(self._positives)

    def real(self):
        """The same figures of real data, as a yardstick.

        The errors are those of the held-out positives, which no judge was trained on. They cannot
        be compared with themselves, so the other figures compare the training positives with them.
        """
        return self._figures(self._positives, self._training_positives)

    def of_blurred(self):
        """What the strict judge makes of blur: held-out positives as blurred as it ever saw some.

        Returns:
            Dict: `accuracy_blurred`, the share of which it names the class; `balance_blurred`, the
            class balance of its verdicts, near 1 where it takes blur for no class; `fid_blurred`.
        """
        features, probabilities = self._strict.judge(blurred_images(self._positives, BLURS[-1]))
        classes = probabilities.argmax(axis=1)
        return {
            "accuracy_blurred": float((classes == self._positive_classes).mean()),
            "balance_blurred": class_balance(classes, self._positive_classes),
            "fid_blurred": frechet_distance(features, self._features),
        }

    def by_region(self, samples):
        """Recall near the border to the negative concept, where avoiding it costs most.

        Near the border are the tenth of the held-out positives to which the strict judge gives the
        highest probability of being negative. It has no part in any guard, so that all generators
        are measured on the same examples.

        Args:
            samples: Shape `(n, height, width, channels)`, values 0 to 255; `None` for the training
                positives, as a yardstick.

        Returns:
            Dict of `recall_border`, `recall_whole` (all held-out positives), their `_interval`s,
            and `border`, the number of examples near the border.
        """
        samples = self._training_positives if samples is None else samples
        found = recalled(self._strict.judge(samples)[0], self._features)
        figures = {"border": int(self._border.sum())}
        for name, part in (("border", self._border), ("whole", slice(None))):
            rate = observed_rate(found[part])
            figures[f"recall_{name}"] = rate.value
            figures[f"recall_{name}_interval"] = [rate.low, rate.high]
        return figures

    def is_negative(self, images):
        """Whether each judge takes each image for the negative concept.

        Args:
            images: Shape `(n, height, width, channels)`, values 0 to 255.

        Returns:
            Dict of `paper` and `strict`, boolean arrays of shape `(n,)`.
        """
        return {
            "paper": self._paper.classes(images) == 1,
            "strict": self._are_negative(self._strict.classes(images)),
        }

    def classes(self, images):
        """The class that the strict judge names for each image, shape `(n,)`."""
        return self._strict.classes(images)

    def confidence(self, images):
        """The strict judge's probability of the class that it names, shape `(n,)`."""
        return self._strict.judge(images)[1].max(axis=1)

    def _are_negative(self, classes):
        return np.isin(classes, self._negative_classes)

    def _figures(self, judged, compared):
        features, probabilities = self._strict.judge(compared)
        verdicts = self.is_negative(judged)
        return {
            **_error("nge_paper", verdicts["paper"]),
            **_error("nge_strict", verdicts["strict"]),
            "fid": frechet_distance(features, self._features),
            **_estimated(spread_estimates(features, self._features)),
            "class_balance": class_balance(probabilities.argmax(axis=1), self._positive_classes),
            "samples": len(judged),
            "judges": self.accuracies,
        }


class MoonsEvaluation:
    """Measures generated points against the exact densities of the two moons.

    Args:
        folds: `Folds` of Moons.
    """

    def __init__(self, folds):
        self._judge = MoonsJudge()
        x_test, labels_test = both_folds(folds, "test_")
        self._positives = x_test[labels_test != folds.negative_class]
        self._training, _ = both_folds(folds)
        self._training_positives = folds.unlabeled[folds.unlabeled_labels != folds.negative_class]

    def of(self, samples):
        """The figures that apply to points in the plane; `None` for those that do not.

        Args:
            samples: Shape `(n, 2)`.

        Returns:
            Dict with the keys of `ImageEvaluation.of`. `nge_strict` is the share of samples where
            the upper moon's density exceeds the lower one's; precision to coverage compare
            coordinates.
        """
        return self._figures(samples, samples)

    def real(self):
        """The same figures of real data: see `ImageEvaluation.real`."""
        return self._figures(self._positives, self._training_positives)

    def outlier_share(self, samples, right_of=-np.inf):
        """Share of samples that are outliers.

        Args:
            samples: Shape `(n, 2)`.
            right_of: Outliers count where `x_1` is above this.

        Returns:
            Share of the samples that lie there, in less density (of both moons) than 99.9 % of the
            training data.
        """
        threshold = np.quantile(self._log_mixture(self._training), 0.001)
        outlier = self._log_mixture(samples) < threshold
        return float((outlier & (samples[:, 0] > right_of)).mean())

    def distance(self, samples, moon):
        """Mean distance of samples from the half circle of one moon (0 upper, 1 lower)."""
        return float(self._judge.distance(samples, moon).mean())

    def _log_mixture(self, x):
        return np.logaddexp(self._judge.log_density(x, 0), self._judge.log_density(x, 1))

    def _figures(self, judged, compared):
        return {
            "nge_paper": None,
            "nge_paper_interval": None,
            **_error("nge_strict", self._judge.is_negative(judged)),
            "fid": None,
            **_estimated(spread_estimates(compared, self._positives)),
            "class_balance": None,
            "samples": len(judged),
            "judges": {"strict": "exact densities"},
        }


def both_folds(folds, part=""):
    """Examples and labels of both folds together: for training, or with `"test_"` for testing."""
    names = (f"{part}unlabeled", f"{part}unwanted")
    return [np.concatenate([getattr(folds, n + kind) for n in names]) for kind in ("", "_labels")]


def _highest(numbers, share):
    """Which numbers are among the highest share of all, at least one."""
    chosen = np.zeros(len(numbers), bool)
    chosen[np.argsort(numbers, kind="stable")[-max(1, round(share * len(numbers))) :]] = True
    return chosen


def _error(name, is_negative):
    return _estimated({name: negative_generation_error(is_negative)})


def _estimated(estimates):
    """The fields of figures by name: their values, and their intervals as lists."""
    intervals = {f"{name}_interval": [own.low, own.high] for name, own in estimates.items()}
    return {name: own.value for name, own in estimates.items()} | intervals


def _sorted(x, labels):
    order = content_order(x, labels)
    return x[order], labels[order]
