"""Our own backend: the NU classifier, trees for rows of numbers and networks for images."""

import warnings

from keras_vabc.detection.backends import Scored
from keras_vabc.nu.classifier import NUClassifier


def nu(unlabeled, unwanted, known_wanted, seed):
    """Log odds of `NUClassifier`; of training rows, by what did not train on them."""
    classifier = NUClassifier(seed=seed)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".* unwanted examples are few", UserWarning)
        classifier.fit(unlabeled, unwanted, verbose=0, known_wanted=known_wanted)
    return Scored(classifier.log_odds, *classifier.out_of_fold)
