"""Runs to review, and the server's answers without a server."""

import csv

import numpy as np
import pytest
from command_line import write_images
from drawn_images import bars, discs
from rich.console import Console

import keras_vabc as kv
from keras_vabc.nu import members
from keras_vabc.recipes import own_data

SEED = 5
HIDDEN = 12  # of the unlabeled pictures


@pytest.fixture(scope="session")
def pictures(tmp_path_factory):
    """A folder with a run on two folders of PNGs; hidden negatives are those from 108.png on."""
    folder = tmp_path_factory.mktemp("pictures")
    rng = np.random.default_rng(7)
    unlabeled = np.concatenate([bars(108, rng), discs(HIDDEN, rng)])[..., 0]
    data = write_images(folder / "unlabeled", unlabeled)
    unwanted = write_images(folder / "unwanted", discs(30, rng)[..., 0])
    _train(folder, data, unwanted)
    return folder


@pytest.fixture(scope="session")
def table(tmp_path_factory):
    """A folder with a run on a table, whose negatives are old and come often."""
    folder = tmp_path_factory.mktemp("table")
    rng = np.random.default_rng(8)
    for name, count, negatives in (("unlabeled.csv", 230, 12), ("unwanted.csv", 40, 40)):
        with open(folder / name, "w", newline="") as file:
            lines = csv.writer(file)
            lines.writerow(["name", "age", "colour", "visits"])
            for number in range(count):
                is_negative = number >= count - negatives
                age, visits = rng.normal(50 + 30 * is_negative, 8), rng.poisson(3)
                colour = rng.choice(["red", "green", "blue"])
                lines.writerow([f"=N{number}", f"{age:.1f}", colour, visits])
    columns = {"id": ["name"]}
    _train(folder, folder / "unlabeled.csv", folder / "unwanted.csv", columns=columns)
    return folder


def _train(folder, unlabeled, unwanted, **options):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(members, "LEAST_STEPS", 20)
        patch.setattr(own_data, "GUARD", 0.999)  # does not ask for a good model
        patch.setattr(own_data, "CUT", dict.fromkeys(own_data.CUT))
        options |= {"epochs": 2, "seed": SEED, "console": Console(quiet=True)}
        kv.train(unlabeled, unwanted, out=folder / "run", **options)
