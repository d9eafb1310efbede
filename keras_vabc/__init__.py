"""Generate data like your unlabeled set and none like your unwanted one.

The public names are loaded on first use, so that `import keras_vabc` does not import TensorFlow.
"""

import importlib

from keras_vabc.files.keras_settings import needing_keras
from keras_vabc.version import __version__

_MODULES = {
    "train": "recipes.train",
    "open_run": "recipes.run",
    "Run": "recipes.run",
    "report": "recipes.report",
    "VABC": "vabc.model",
    "load_model": "vabc.model",
    "FusedAdam": "vabc.optimizers",
    "GammaAnneal": "vabc.callbacks",
    "KLAnneal": "vabc.callbacks",
    "Checkpoint": "vabc.checkpoint",
    "finetune_decoder": "vabc.finetuning",
    "LatentSampler": "sampling.sampler",
    "Guard": "sampling.any_generator",
    "certify": "evaluation.certificate.certify",
    "Sampling": "vabc.layers",
    "NUClassifier": "nu.classifier",
    "Detector": "detection.detector",
    "mlp_autoencoder": "vabc.networks",
    "conv_autoencoder": "vabc.networks",
    "residual_autoencoder": "vabc.networks",
    "Folds": "data.folds",
    "array_folds": "data.folds",
    "load_folds": "data.datasets.named_folds",
    "read_folds": "data.intake",
    "split_unwanted": "data.folds",
    "SwappedFolds": "data.intake",
    "balanced_dataset": "data.pipeline",
    "unlabeled_dataset": "data.pipeline",
}

_ROOMS = ("plots", "evaluation", "review")  # the last is called: `kv.review(run)`
_OF_KERAS = ("vabc", "nu", "sampling", "detection")  # rooms whose names need it

__all__ = ["__version__", *_MODULES, *_ROOMS]


def __getattr__(name):
    if name in _ROOMS:
        return importlib.import_module(f"keras_vabc.{name}")
    if name not in _MODULES:
        raise AttributeError(f"module 'keras_vabc' has no attribute '{name}'")
    module = f"keras_vabc.{_MODULES[name]}"
    if _MODULES[name].startswith(_OF_KERAS):
        return needing_keras(module, name)
    return getattr(importlib.import_module(module), name)


def __dir__():
    return sorted(__all__)
