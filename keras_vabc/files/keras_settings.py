"""Settings of Keras that come from outside: its file `keras.json`, the environment, other code."""

import json
import os
import sys
from pathlib import Path

BACKEND, FLOATX = "tensorflow", "float32"


def check_keras_settings():
    """Raises a `RuntimeError` for settings of Keras with which nothing here is what it should be.

    They are told without importing Keras: the backend, the type of its numbers, and a dtype policy
    whose weights are of another type. Mixed precision keeps them in float32.
    """
    found = _imported() if "keras.config" in sys.modules else _stored()
    for (name, value, remedy), wanted in zip(found, (BACKEND, FLOATX, FLOATX), strict=False):
        if value != wanted:
            raise RuntimeError(f"Keras' {name} must be {wanted}. Received: {value!r}; {remedy}.")


def _imported():
    import keras

    policy = keras.config.dtype_policy().variable_dtype
    return (
        ("backend", keras.config.backend(), f"{_file()} and KERAS_BACKEND set it"),
        ("floatx", keras.config.floatx(), f"{_file()} and keras.config.set_floatx set it"),
        ("dtype policy of weights", policy, "keras.config.set_dtype_policy sets it"),
    )


def _stored():
    """What Keras will find where it looks when it is imported."""
    file = _file()
    try:
        settings = dict(json.loads(file.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        settings = {}
    backend = os.environ.get("KERAS_BACKEND")
    return (
        (
            "backend",
            backend or settings.get("backend", BACKEND),
            f"{'KERAS_BACKEND' if backend else file} says so; set KERAS_BACKEND={BACKEND}",
        ),
        (
            "floatx",
            settings.get("floatx", FLOATX),
            f"{file} says so; set KERAS_HOME to a folder without it",
        ),
    )


def _file():
    home = os.environ.get("KERAS_HOME")
    if home is None:
        user = os.path.expanduser("~")
        home = os.path.join(user if os.access(user, os.W_OK) else "/tmp", ".keras")
    return Path(home, "keras.json").expanduser()
