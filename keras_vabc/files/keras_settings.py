"""Settings of Keras that come from outside: its file `keras.json`, the environment, other code."""

import importlib
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


def needing_keras(module, name):
    """A name of a module that imports Keras; a `Forbidden` where Keras' settings forbid that."""
    if module not in sys.modules:
        try:
            check_keras_settings()
        except RuntimeError:
            return Forbidden(name)
    return getattr(importlib.import_module(module), name)


class Forbidden:
    """Stands for a class or function that needs Keras: any use raises why it cannot be used."""

    def __init__(self, name):
        self.__name__ = name

    def __repr__(self):
        """Tells what it stands for."""
        return f"<{self.__name__}, which Keras' settings forbid>"

    def __call__(self, *_, **__):
        """Raises the `RuntimeError` of `check_keras_settings`."""
        self._refuse()

    def __getattr__(self, name):
        """Likewise."""
        if name.startswith("_"):
            raise AttributeError(name)  # as Python itself looks for these
        self._refuse()

    def _refuse(self):
        check_keras_settings()
        raise RuntimeError(
            f"Keras' settings must be right when {self.__name__} is imported. Received: others, "
            "changed since; import it again."
        )


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
