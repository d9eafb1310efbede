"""Shared set-up: quiet TensorFlow, a cache of its own, and one seed for every test."""

import os
import tempfile

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
os.environ.setdefault("MPLBACKEND", "agg")
if "PYTEST_XDIST_WORKER" not in os.environ:  # workers inherit the cache of the main process
    _cache = tempfile.TemporaryDirectory(prefix="keras-vabc-tests-")
    os.environ["KERAS_VABC_CACHE"] = _cache.name

import keras
import pytest


@pytest.fixture(autouse=True)
def _seeded():
    keras.utils.set_random_seed(1234)


@pytest.fixture(scope="session", autouse=True)
def _without_compiling():
    """No XLA unless a test asks for it: it takes longer to compile than tests train."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("keras_vabc.execution.XLA_WEIGHTS", float("inf"))
        yield
