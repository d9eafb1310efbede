"""Labels are of the examples that a run was trained on: others are refused, not measured."""

import json
import shutil

import numpy as np
import pytest
from command_line import fails, record, succeeds, write_images

RNG = np.random.default_rng(5)
ROWS = 60


def write_table(path, rows):
    np.savetxt(path, rows, delimiter=",")


def rewrite_images(path, images):
    shutil.rmtree(path, ignore_errors=True)
    write_images(path, images)


TABLE = RNG.normal(size=(ROWS, 2)).round(3)
IMAGES = RNG.integers(0, 255, (ROWS, 6, 6), "uint8")
KINDS = {
    "table": ("x.csv", write_table, TABLE),
    "array": ("x.npy", np.save, TABLE),
    "images": ("x", rewrite_images, IMAGES),
}


@pytest.fixture(scope="module", params=KINDS)
def trained(request, tmp_path_factory):
    """A run, the place of its unlabeled data, what writes them, the data, and labels."""
    folder = tmp_path_factory.mktemp(request.param)
    name, write, rows = KINDS[request.param]
    x, bad, run = folder / name, folder / f"bad-{name}", folder / "run"
    write(x, rows)
    write(bad, rows[:10] // 2 + 3)
    words = ["--unlabeled", x, "--unwanted", bad, "--out", run, "--setting", "paper"]
    succeeds("train", *words, "--epochs", 2, "--seed", 3)
    np.save(folder / "labels.npy", np.arange(ROWS) % 4)
    return run, x, write, rows, ["--labels", folder / "labels.npy", "--negative-class", 1]


CHANGES = {
    "shuffled": lambda rows: rows[::-1],
    "one other": lambda rows: np.concatenate([rows[:-1], rows[-1:] // 2]),
    "fewer": lambda rows: rows[:-1],
}


@pytest.mark.parametrize("change", CHANGES)
def test_labels_of_data_that_changed_are_refused(trained, tmp_path, change):
    run, x, write, rows, labels = trained
    before = (run / "run.json").read_bytes()
    changed = CHANGES[change](rows)
    write(x, changed)
    np.save(tmp_path / "labels.npy", np.arange(len(changed)) % 4)
    try:
        words = ["--labels", tmp_path / "labels.npy", *labels[2:]]
        rule = "unlabeled must be as it was when the run was trained"
        fails(f"{rule}. Received: other examples in {x}, or in", "evaluate", run, *words)
    finally:
        write(x, rows)
    assert (run / "run.json").read_bytes() == before


def test_labels_of_the_data_as_they_were_are_measured(trained):
    run, _, _, _, labels = trained
    assert "60 of 60 unlabeled examples have a label" in succeeds("evaluate", run, *labels)


def test_unwanted_images_that_changed_are_refused(trained):
    run, x, write, rows, labels = trained
    bad = x.with_name(f"bad-{x.name}")
    write(bad, rows[:10] // 3 + 1)
    try:
        if x.is_dir():
            fails("unwanted must be as it was", "evaluate", run, *labels)
        else:  # of tables they are not read
            succeeds("evaluate", run, *labels)
    finally:
        write(bad, rows[:10] // 2 + 3)


def test_a_run_without_the_hash_says_that_the_number_is_another(trained, tmp_path):
    run, x, write, rows, labels = trained
    old, stored = shutil.copytree(run, tmp_path / "run"), record(run)
    for counts in stored["counts"].values():
        del counts["order"]
    (old / "run.json").write_text(json.dumps(stored))
    np.save(tmp_path / "labels.npy", np.arange(ROWS - 1) % 4)
    write(x, rows[:-1])
    try:
        words = ["--labels", tmp_path / "labels.npy", *labels[2:]]
        printed = " ".join(succeeds("evaluate", old, *words).split())
    finally:
        write(x, rows)
    assert "They have changed since the training, which read 60." in printed
