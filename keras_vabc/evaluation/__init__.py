"""Judges and metrics, by labels that no model has seen; and bounds, by a person's review.

The public names are loaded on first use, so that a metric alone does not import TensorFlow.
"""

import importlib

from keras_vabc.files.keras_settings import needing_keras

_MODULES = {
    "ImageEvaluation": "evaluate",
    "MoonsEvaluation": "evaluate",
    "CNNJudge": "judges",
    "train_judge": "judges",
    "MoonsJudge": "moons_judge",
    "Rate": "metrics",
    "observed_rate": "metrics",
    "negative_generation_error": "metrics",
    "frechet_distance": "metrics",
    "precision_recall_density_coverage": "spread",
    "class_balance": "metrics",
    "column_distances": "metrics",
    "Certificate": "certificate.statement",
    "read_certificate": "certificate.statement",
    "upper_bound": "certificate.bounds",
    "lower_bound": "certificate.bounds",
    "any_time_bound": "certificate.bounds",
    "attempt_error": "certificate.bounds",
    "remaining_interval": "certificate.bounds",
    "sensitivity_bound": "certificate.assumed",
    "guarded_bound": "certificate.assumed",
    "stratified_bound": "certificate.stratified",
}

_OF_KERAS = ("evaluate", "judges")

__all__ = list(_MODULES)


def __getattr__(name):
    if name not in _MODULES:
        raise AttributeError(f"module 'keras_vabc.evaluation' has no attribute '{name}'")
    module = f"keras_vabc.evaluation.{_MODULES[name]}"
    if _MODULES[name] in _OF_KERAS:
        return needing_keras(module, name)
    return getattr(importlib.import_module(module), name)


def __dir__():
    return sorted(__all__)
