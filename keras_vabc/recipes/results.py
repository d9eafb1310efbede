"""Result lines: what was run, what was measured, when and with which versions."""

import dataclasses
import datetime
import platform
import sys
from pathlib import Path

import numpy as np

from keras_vabc.pages.console import command_line
from keras_vabc.version import __version__

SAMPLES = 10_000
SHOWN = ("dataset", "negative_class", "fraction", "seed", "gamma", "sigma2", "latent_dim")


def result_line(setting, method, figures, seconds):
    """The fields that every result line of the project has, a dict that JSON can hold.

    `method` is the setting's own, or `"real"` for a row of real data, whose wall time of the
    training, `seconds`, is `None`. Its field `setting` holds all hyper-parameters.
    """
    return {
        "key": setting.key,
        "method": method,
        **{name: getattr(setting, name) for name in SHOWN},
        "setting": dataclasses.asdict(setting),
        "acceptance": None,
        **figures,
        "seconds": None if seconds is None else round(seconds, 1),
        **provenance(),
    }


def recipe_line(recipe, figures, seconds):
    """As `result_line`, of a whole `Recipe`: what it adds to its setting is in `recipe`."""
    line = result_line(recipe.setting, recipe.slug, figures, seconds)
    own = dataclasses.asdict(recipe)
    del own["setting"]
    return {**line, "key": recipe.key, "recipe": own}


def described(line):
    """One result line as a line of text, for a progress display."""
    what = f"{line['method']} {line['dataset']} {line['negative_class']}, p = {line['fraction']}"
    if "nge_strict" not in line:
        return what
    numbers = f"gamma {line['gamma']:g}, seed {line['seed']}"
    error = f"NGE strict {100 * line['nge_strict']:.2f} %"
    return f"{what}, {numbers}: {error}, {line['seconds'] or 0:.0f} s"


def provenance(command=None):
    """Date, versions and command, for what is stored.

    The command is by default that of this process if it is ours: the arguments of another program
    are its own, and may be secrets.
    """
    import keras  # here, since the parent of a sweep, which reads lines alone, does without
    import tensorflow as tf

    return {
        "date": datetime.date.today().isoformat(),
        "versions": {
            "keras_vabc": __version__,
            "tensorflow": tf.__version__,
            "keras": keras.__version__,
            "numpy": np.__version__,
            "python": platform.python_version(),
        },
        "command": command or _own_command(),
    }


def _own_command():
    program, *arguments = sys.argv
    ours = Path(program).name == "keras-vabc"
    return command_line(["keras-vabc", *arguments]) if ours else "keras_vabc from Python"
