"""The whole inputs that cases damage, in the current folder: data of each kind, and a small run."""

import dataclasses
import functools
import gzip
import json
import struct
from pathlib import Path

import keras
import numpy as np
import pyarrow as pa
from PIL import Image
from pyarrow import parquet

from keras_vabc.data.datasets.idx import FILES
from keras_vabc.data.spec import DataSpec
from keras_vabc.nu.checkpoints import MemberCheckpoint
from keras_vabc.nu.classifier import NUClassifier
from keras_vabc.recipes.autoencoder import build
from keras_vabc.recipes.identity import new_id
from keras_vabc.recipes.own_data import recipe_for
from keras_vabc.recipes.parts import Parts, sha256
from keras_vabc.recipes.record import (
    FINISHED,
    Counts,
    DataPlaces,
    Figures,
    Provenance,
    RunRecord,
    Threshold,
    TrainingSettings,
)
from keras_vabc.recipes.record_file import RUN_FILE, write_record
from keras_vabc.vabc.fit_data import FitData
from keras_vabc.vabc.training_state import TrainingState

ROOT = Path("seeds")
RUN, OTHER, WIDER = ROOT / "run", ROOT / "other", ROOT / "wider"  # of other rows, of other columns
TRAINING, MEMBERS, LABELS = ROOT / "training", ROOT / "members", ROOT / "labels"
ROWS = np.random.default_rng(0).normal(size=(60, 3)).round(3)
IMAGES = np.random.default_rng(1).integers(0, 256, (60, 5, 4), "uint8")
KINDS = (".png", ".png", ".png", ".png", ".jpg", ".gif", ".bmp", ".tif", ".webp", ".ppm")
EPOCHS = 3


def write_seeds(root):
    """Writes all inputs into a folder, unless they are there."""
    if (root / "complete").exists():
        return
    _write_tables(root)
    _write_images(root)
    _write_idx(root / "idx")
    for number, run in enumerate((RUN, OTHER, WIDER)):
        write_run(root / run.relative_to(ROOT), number, columns=4 if run is WIDER else 3)
    training_state().store(root / TRAINING.name, EPOCHS)
    members(root / MEMBERS.name).store(0, network(), [np.zeros(60), np.ones(60)])
    Path(root, "complete").touch()


def kind_of(path):
    """`"images"` or `"vectors"`, by the name of an input."""
    return "images" if Path(path).stem in ("images", "floats") else "vectors"


def _write_tables(root):
    data = root / "data"
    data.mkdir(exist_ok=True)
    text = "a,b,c\n" + "".join(",".join(map(str, row)) + "\n" for row in ROWS.tolist())
    (data / "x.csv").write_text(text)
    (data / "unnamed.csv").write_text(text.partition("\n")[2].replace(",", ";"))
    parquet.write_table(pa.table(list(ROWS.T), names=["a", "b", "c"]), data / "x.parquet")
    for name, array in {"x": ROWS, "images": IMAGES, "floats": IMAGES / 255}.items():
        np.save(data / f"{name}.npy", array)
        np.savez(data / f"{name}.npz", array)
    np.savez_compressed(data / "packed.npz", ROWS)
    np.save(root / "other_vectors.npy", ROWS + 9)
    np.save(root / "other_images.npy", IMAGES[:, ::-1])
    labels = "id,label\n" + "".join(f"{row},{row % 3}\n" for row in range(60))
    (root / f"{LABELS.name}.csv").write_text(labels)
    np.save(root / f"{LABELS.name}.npy", np.arange(60) % 3)


def _write_images(root):
    (root / "images" / "nested").mkdir(parents=True, exist_ok=True)
    for number, kind in enumerate(KINDS):
        folder = root / "images" / ("nested" if number % 2 else "")
        Image.fromarray(IMAGES[number]).save(folder / f"{number}{kind}")


def _write_idx(folder):
    folder.mkdir(exist_ok=True)
    for number, (name, ndim) in enumerate(FILES.items()):
        array = IMAGES if ndim == 3 else np.arange(60) % 10
        header = struct.pack(f">BBBB{ndim}I", 0, 0, 8, ndim, *array.shape)
        data = header + array.astype("uint8").tobytes()
        path = folder / (f"{name}.gz" if number > 1 else name)
        path.write_bytes(gzip.compress(data, mtime=0) if number > 1 else data)


def write_run(folder, seed=0, columns=3):
    """A run as `keras-vabc train` leaves it, of networks that are hardly trained."""
    folder.mkdir(exist_ok=True)
    rows = np.tile(ROWS, 2)[:, :columns].astype("float32")
    recipe = recipe_for("quality", rows, epochs=EPOCHS, seed=seed)
    recipe = dataclasses.replace(recipe, setting=dataclasses.replace(recipe.setting, units=(8,)))
    model = build(recipe.setting, rows, steps=9, hidden_share=0.1)
    nu = NUClassifier(network=network(columns), members=2, epochs=1, seed=seed)
    nu.fit(rows, rows + 0.5 + seed, verbose=0)
    density = {"weights": np.ones(1), "means": np.full((1, model.latent_dim), seed / 9)}
    losses = ("loss", "val_loss", "val_reconstruction", "val_kl", "val_penalty")
    folds = ("unlabeled", "unwanted")
    parts = {
        "model": model,
        "nu": nu,
        "density": density | {"scales": np.eye(model.latent_dim)[None]},
        "scores": {name: np.linspace(0, 1 - seed / 9, 12, dtype="float32") for name in folds},
        "history": {name: [1.0 + seed] * EPOCHS for name in losses},
    }
    record, hashes = _record(recipe, nu, columns), {}
    for name, part in parts.items():
        hashes |= Parts(folder).keep(name, part, record.spec)
    threshold = dataclasses.replace(record.threshold, scores=hashes["scores.npz"])
    write_record(folder, dataclasses.replace(record, parts=hashes, threshold=threshold))


def hash_anew(folder):
    """Makes a run take its parts as they are: what reads them is asked, and not their hashes."""
    stored = json.loads((folder / RUN_FILE).read_text())
    stored["parts"] = {name: sha256(folder / name) for name in stored["parts"]}
    stored["threshold"]["scores"] = stored["parts"]["scores.npz"]
    (folder / RUN_FILE).write_text(json.dumps(stored))


def make_old(folder):
    """Makes a run one of a version that had no hashes."""
    stored = json.loads((folder / RUN_FILE).read_text())
    stored |= {"id": None, "parts": {}}
    stored["threshold"]["scores"] = None
    (folder / RUN_FILE).write_text(json.dumps(stored))


def _record(recipe, nu, columns):
    """What `run.json` holds, but for the hashes."""
    counts = Counts(read=60, training=48, held_out=12)
    quality = {"auc": 0.9, "recall": 0.9, "false_alarms": 0.1, "flagged": 0.2}
    settings = TrainingSettings("quality", recipe.setting.seed, 0.01)
    data = DataPlaces("seeds/data/x.csv", "seeds/data/x.csv", 0.2)
    figures = {name: getattr(nu, name) for name in ("negative_share", "negative_share_interval")}
    figures |= {"moved": 3}
    figures |= {"epochs": EPOCHS, "loss": 1.0, "val_loss": 1.0, "acceptance": 0.9}
    return RunRecord(
        status=FINISHED,
        stages=dict.fromkeys(("intake", "classifier", "model", "density", "samples"), 0.1),
        settings=settings,
        data=data,
        id=new_id(settings, data),
        notes=("unwanted: 60 examples are few.",),
        counts={"unlabeled": counts, "unwanted": counts},
        figures=Figures(**figures, cross_validation=quality),
        threshold=Threshold(0.5, 0.01, 0.01, 0.1, 0.5, (0.2, 0.8), "P", 12, 12),
        spec=DataSpec("vectors", (columns,), "float32", tuple("abcd"[:columns])),
        recipe=recipe,
        provenance=Provenance("2026-01-01", {"keras_vabc": "0"}, "keras-vabc train"),
    )


def network(columns=3):
    """A network of one logit."""
    layers = [keras.Input((columns,)), keras.layers.Dense(4), keras.layers.Dense(1)]
    return keras.Sequential(layers)


def members(path):
    """The checkpoint of a classifier's training."""
    return MemberCheckpoint(path, {"arguments": {"seed": 0}, "data": "0"})


@functools.cache
def training_state():
    """The state of a training after some epochs."""
    rows = ROWS.astype("float32")
    setting = dataclasses.replace(recipe_for("paper", rows).setting, units=(4,))
    model = build(setting, rows)
    history, stopping = keras.callbacks.History(), keras.callbacks.EarlyStopping()
    for callback in (history, stopping):
        callback.on_train_begin()
    history.history = {"loss": [2.0, 1.5, 1.0], "val_loss": [2.0, 1.0, 1.5]}
    history.epoch, stopping.best, stopping.best_epoch = list(range(EPOCHS)), 1.0, 1
    stopping.best_weights = model.get_weights()
    data = FitData({"x": rows, "y": np.ones(len(rows)), "shuffle": False})
    state = TrainingState(model, [history, stopping], data)
    state.begin()
    return state
