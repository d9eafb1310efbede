"""Shared set-up: quiet TensorFlow, a cache of its own, and one seed for every test."""

import os
import tempfile

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
os.environ.setdefault("MPLBACKEND", "agg")
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
if "PYTEST_XDIST_WORKER" not in os.environ:  # workers inherit the cache of the main process
    _cache = tempfile.TemporaryDirectory(prefix="keras-vabc-tests-")
    os.environ["KERAS_VABC_CACHE"] = _cache.name

import keras
import numpy as np
import pytest


def _seed(module):
    keras.utils.set_random_seed(1234)
    if hasattr(module, "RNG"):
        module.RNG.bit_generator.state = np.random.default_rng(0).bit_generator.state


@pytest.hookimpl(tryfirst=True)
def pytest_fixture_setup(request):
    """A fixture holds the same numbers, whichever test asks for it first."""
    _seed(getattr(request, "module", None))


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_call(item):
    """So does a test, whichever ran before it."""
    _seed(item.module)
