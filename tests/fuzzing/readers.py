"""What is damaged, and the readers that see it: those of the command line.

Each function takes a `random.Random` and a new folder, puts a damaged input there, and returns a
function that reads it: it raises a ValueError or an OSError, or asserts that what it got is whole.
"""

import datetime
import functools
import math
import os
import shutil
from pathlib import Path

import numpy as np
from fuzzing import formats, seeds
from fuzzing.formats import damaged
from fuzzing.texts import JSON, TEXT, json_field
from pydantic import TypeAdapter

from keras_vabc.data.datasets.idx import read_idx_folder
from keras_vabc.data.digests import digests
from keras_vabc.data.intake import DataSpec, read_blocks, read_folds
from keras_vabc.data.labels import read_labels
from keras_vabc.data.readers.reader import open_reader
from keras_vabc.files.array_files import read_array_file
from keras_vabc.nu.thresholds import false_alarm_threshold
from keras_vabc.recipes.outputs import provenance
from keras_vabc.recipes.parts import FILES
from keras_vabc.recipes.recipe import Recipe
from keras_vabc.recipes.record_file import RUN_FILE, read_record
from keras_vabc.recipes.run import open_run

OUT = "out"  # folder in a case's folder: the only one that may be written
ARRAYS = {".npy": formats.NPY, ".npz": formats.ARCHIVE, ".csv": TEXT, ".parquet": formats.PARQUET}
NUMBER = int | float | None
BEST = ("best", "wait", "best_epoch", "stopped_epoch")  # what EarlyStopping remembers
FILE_NAMES = (
    *("..%2fx.png", "a\nb.png", "-rf.png", "a\\..\\b.png", ".hidden.png", "x.PNG", "x.png.exe"),
    *("[red]x[b].png", "x" * 250 + ".png", "\udcff\udcfe.png", "{x}%s.png", "con.png", " .png"),
)


def damaged_copy(source, path, rng, mutations):
    """Writes a damaged file, and returns its path."""
    path.write_bytes(damaged(Path(source).read_bytes(), rng, mutations))
    return path


# Data


def idx(rng, folder):
    shutil.copytree("seeds/idx", folder / "idx")
    path = rng.choice(sorted((folder / "idx").iterdir()))
    data = damaged(path.read_bytes(), rng, formats.IDX)
    path.unlink()
    path = path.with_suffix(".gz" if data.startswith(b"\x1f\x8b") else path.suffix)
    path.write_bytes(data)

    def read():
        x, labels, x_test, labels_test = read_idx_folder(folder / "idx")
        for images, own in ((x, labels), (x_test, labels_test)):
            assert images.dtype == "uint8" and images.shape == (len(own), *x.shape[1:3], 1)
            assert own.dtype == "int64" and own.min() >= 0 and own.max() <= 9

    return read


def array(suffix, rng, folder):
    """A file of examples in one of the formats."""
    source = rng.choice(sorted(seeds.ROOT.glob(f"data/*{suffix}")))
    path = damaged_copy(source, folder / f"damaged{suffix}", rng, ARRAYS[suffix])
    return _reading(path, source, folder / OUT, rng)


def images(rng, folder):
    """A folder with a damaged image, an odd name, or something that is no file."""
    shutil.copytree("seeds/images", folder / "images")
    path = rng.choice(sorted(p for p in (folder / "images").rglob("*") if p.is_file()))
    action = rng.randrange(8)
    if action == 0:
        path.rename(path.parent / rng.choice(FILE_NAMES))
    elif action == 1:
        path.unlink()
        make = (os.mkfifo, os.mkdir, lambda p: p.symlink_to("../../../outside/x"))
        make += (lambda p: p.symlink_to(".."), lambda p: p.symlink_to(p.name))
        rng.choice(make)(path)
    else:
        pictures = formats.PNG if path.suffix == ".png" else formats.PICTURES
        damaged_copy(path, path, rng, pictures)
    return _reading(folder / "images", "seeds/images", folder / OUT, rng)


def _reading(path, whole, out, rng):
    """Reads a path as one of the two folds, beside a whole one, or as data to score."""
    role, most = rng.choice(("unlabeled", "unwanted", "input")), rng.choice((0.01, 0.5, 1))
    kind = seeds.kind_of(whole)
    size = rng.choice((None, (3, 4))) if kind == "images" else None
    paths = {"unlabeled": whole, "unwanted": f"seeds/other_{kind}.npy"} | {role: path}
    options = {"image_size": size, "max_unreadable": most, "test_share": 0.3}

    def read():
        if role != "input":
            check_intake(read_folds(**paths, folder=out, allow_more_unwanted=True, **options))
            return
        spec = open_reader(whole, role, 1).describe(None)
        for ids, rows in read_blocks(path, spec, max_unreadable=most, notes=[]):
            assert len(ids) == len(rows) and all(isinstance(name, str) for name in ids)
            _check_rows(rows, spec)

    return read


def check_intake(intake):
    """Asserts that folds agree with what is said of them."""
    for name, counts in intake.counts.items():
        for key, part in (("training", name), ("held_out", f"test_{name}")):
            rows = getattr(intake.folds, part)
            assert len(rows) == counts[key] > 0
            _check_rows(rows, intake.spec)
        kept = counts["training"] + counts["held_out"]
        assert counts["read"] == kept + counts["unreadable"] + counts["duplicates"]
    assert TypeAdapter(DataSpec).validate_python(intake.spec.to_json()) == intake.spec
    assert all(isinstance(note, str) for note in intake.notes)


def _check_rows(rows, spec):
    assert rows.shape[1:] == spec.shape and rows.dtype == spec.dtype and np.isfinite(rows).all()


def labels(rng, folder):
    suffix, ids = rng.choice((".csv", ".npy")), list(map(str, range(60)))
    path = damaged_copy(f"seeds/labels{suffix}", folder / f"x{suffix}", rng, ARRAYS[suffix])

    def read():
        found = read_labels(path, ids)
        assert len(found) == len(ids)
        assert all(label is None or isinstance(label, str) for label in found)

    return read


# Runs


def damaged_run(name, mutations, rng, folder):
    """The folder of a run with one damaged file."""
    shutil.copytree(seeds.RUN, folder)
    damaged_copy(folder / name, folder / name, rng, mutations)
    if name != RUN_FILE:
        seeds.hash_anew(folder)
    return folder


def run(rng, folder):
    """A damaged `run.json`."""
    damaged_run(RUN_FILE, JSON, rng, folder / "run")

    def read():
        trained = open_run(folder / "run")
        _check_identity(trained.record)
        assert isinstance(trained.spec, DataSpec) and isinstance(trained.record.recipe, Recipe)
        assert trained.threshold is None or math.isfinite(trained.threshold)
        held_out = trained.held_out("unlabeled", digests(seeds.ROWS, trained.record.settings.seed))
        assert held_out.shape == (len(seeds.ROWS),) and held_out.dtype == bool
        assert isinstance(trained.score_name, str) and provenance(trained)["sha256"]
        _check_scores(trained)
        for name in ("unlabeled", "unwanted"):
            for own in trained.training_data(name):
                _check_rows(own.rows, trained.spec)

    return read


def _check_identity(record):
    """Asserts that a changed record is still that of the run, as far as it must be."""
    own = read_record(seeds.RUN)
    if record.id is not None:
        assert record.parts == own.parts and record.settings == own.settings
        assert record.data.test_share == own.data.test_share
    assert record.settings.seed == own.settings.seed == record.recipe.setting.seed
    low, high = record.threshold.recall_interval if record.threshold else (0, 1)
    assert 0 <= low <= high <= 1
    datetime.date.fromisoformat(record.provenance.date)


def field(rng, folder):
    """One field of `run.json` of another value, or of another type."""
    damaged_run(RUN_FILE, (json_field,), rng, folder / "run")

    def read():
        trained = open_run(folder / "run")
        _check_identity(trained.record)
        _check_scores(trained)

    return read


def swapped(rng, folder):
    """A run with a part of another one."""
    other, part = rng.choice((seeds.OTHER, seeds.WIDER)), rng.choice(list(FILES))
    old, run = rng.random() < 0.3, folder / "run"
    shutil.copytree(seeds.RUN, run)
    shutil.copy(other / FILES[part], run / FILES[part])
    if old:
        seeds.make_old(run)

    def read():
        trained = open_run(run)
        assert old and part != "nu", f"{FILES[part]} of {other} was taken"
        assert part != "model" or other is seeds.OTHER, "a model of other columns was taken"
        for name in ("nu", "model", "sampler", "history"):
            getattr(trained, name)

    return read


def scores(rng, folder):
    damaged_run(FILES["scores"], formats.ARCHIVE, rng, folder / "run")
    return lambda: _check_scores(open_run(folder / "run"))


def _check_scores(trained):
    unlabeled, unwanted, estimates = trained.held_out_scores()
    share = estimates.cautious_share
    assert math.isfinite(false_alarm_threshold(unlabeled, 0.01, unwanted, share))
    assert unwanted.ndim == 1 and np.isfinite(unwanted).all()


def density(rng, folder):
    path = damaged_copy(
        seeds.RUN / FILES["density"], folder / FILES["density"], rng, formats.ARCHIVE
    )

    def read():
        sampler = _sampler()
        sampler.set_state(read_array_file(path)[0])
        state, latents = sampler.get_state(), sampler.model.latent_dim
        assert state["weights"].ndim == 1 and all(np.isfinite(a).all() for a in state.values())
        count = len(state["weights"])
        assert state["means"].shape == (count, latents)
        assert state["scales"].shape == (count, latents, latents)

    return read


@functools.cache
def _sampler():
    return open_run(seeds.RUN).sampler


def training(rng, folder):
    """The checkpoint of a training."""
    path = damaged_copy(seeds.TRAINING, folder / "x", rng, formats.ARCHIVE)

    def read():
        state = seeds.training_state()
        epoch = state.restore(path, 10)
        history, (stopping,) = state._history, state._stateful
        assert history.epoch == list(range(seeds.EPOCHS)) and epoch in (seeds.EPOCHS, 10)
        for values in history.history.values():
            assert len(values) <= seeds.EPOCHS and all(isinstance(v, NUMBER) for v in values)
        assert all(isinstance(vars(stopping)[name], NUMBER) for name in BEST)

    return read


def members(rng, folder):
    """The checkpoint of a classifier's training."""
    path = damaged_copy(seeds.MEMBERS, folder / "x", rng, formats.ARCHIVE)

    def read():
        network = seeds.network()
        logits = seeds.members(path).restore(0, network, [np.zeros(60), np.zeros(60)])
        assert logits is None or all(np.isfinite(part).all() for part in logits)
        assert all(np.isfinite(weight).all() for weight in network.get_weights())

    return read


def model(rng, folder):
    damaged_run(FILES["model"], formats.KERAS, rng, folder / "run")
    return lambda: _check_found(open_run(folder / "run").model.score)


def classifier(rng, folder):
    damaged_run(FILES["nu"], formats.KERAS, rng, folder / "run")
    return lambda: _check_found(open_run(folder / "run").nu.negative_probability)


def _check_found(score):
    found = score(seeds.ROWS.astype("float32"))
    assert found.shape == (len(seeds.ROWS),) and np.isfinite(found).all()
