"""Result lines: what was run, what was measured, when and with which versions."""

import datetime
import json
import platform
import sys

import keras
import numpy as np
import tensorflow as tf

from keras_vabc.version import __version__

SAMPLES = 10_000


def result_line(setting, method, figures, seconds):
    """One JSON-ready result: what was run, what was measured, when and with which versions.

    Args:
        setting: `Setting` of the run.
        method: Recipe slug; the setting's own, or `"real"` for a row of real data.
        figures: Dict of measured figures.
        seconds: Wall time of the training; `None` for real data.

    Returns:
        Dict with the fields that every result line of the project has.
    """
    return {
        "key": setting.key,
        "method": method,
        "dataset": setting.dataset,
        "negative_class": setting.negative_class,
        "fraction": setting.fraction,
        "seed": setting.seed,
        "gamma": setting.gamma,
        "sigma2": setting.sigma2,
        "latent_dim": setting.latent_dim,
        "acceptance": None,
        **figures,
        "seconds": None if seconds is None else round(seconds, 1),
        **provenance(" ".join(["keras-vabc", *sys.argv[1:]])),
    }


def provenance(command):
    """Date, versions and command, for a line that is stored."""
    return {
        "date": datetime.date.today().isoformat(),
        "versions": {
            "keras_vabc": __version__,
            "tensorflow": tf.__version__,
            "keras": keras.__version__,
            "numpy": np.__version__,
            "python": platform.python_version(),
        },
        "command": command,
    }


def append_results(path, lines):
    """Appends result lines to a JSON-lines file."""
    with open(path, "a", encoding="utf-8") as file:
        file.writelines(json.dumps(line) + "\n" for line in lines)
