"""No command changes anything but what it was told to write, and a few files that docs name."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import numpy as np

PLACES = {  # of a user's own, and the variable that names each
    "home": "HOME",
    "tmp": "TMPDIR",
    "cache": "XDG_CACHE_HOME",
    "config": "XDG_CONFIG_HOME",
    "share": "XDG_DATA_HOME",
    "state": "XDG_STATE_HOME",
    "runtime": "XDG_RUNTIME_DIR",
    "work": "PWD",
}
ALLOWED = (  # Keras' settings, Matplotlib's list of fonts, and our own judges
    ("home/.keras", "keras.json"),
    ("home/.cache/keras_vabc/judges", "*"),
    ("cache/matplotlib", "fontlist-*.json"),
    ("config/matplotlib", ""),
)
SCRIPT = """
import sys
from pathlib import Path

from command_line import keras_vabc

from keras_vabc.evaluation import judges
from keras_vabc.nu import members
from keras_vabc.pages import run_page
from keras_vabc.recipes import evaluation, labeled, training

members.LEAST_STEPS = judges.LEAST_STEPS = 5
training.TRIED_SAMPLES = evaluation.SAMPLES = labeled.SAMPLES = run_page.SPREAD_SAMPLES = 100


def succeeds(*arguments):
    done = keras_vabc(*arguments)
    assert done.exit_code == 0, (arguments, done.output)


data, out = map(Path, sys.argv[1:])
folds = ["--unlabeled", data / "all.npy", "--unwanted", data / "bad.npy"]
run, short = out / "run", ["--setting", "paper", "--epochs", 1]
succeeds("train", *folds, "--out", run, *short)
succeeds("train", *folds, "--out", out / "run2", "--from", run, *short[2:])
succeeds("tune", *folds, "--out", out / "tuned", *short, "--seeds", 1)
for name in ("samples", "samples.npy", "samples.npz"):
    succeeds("sample", run, "-n", 9, "--out", out / name)
succeeds("threshold", run)
succeeds("score", run, "--input", data / "all.npy", "--out", out / "scores.csv")
succeeds("evaluate", run)
succeeds("evaluate", run, "--labels", data / "labels.npy", "--negative-class", 1)
succeeds("report", run)
for name in ("savedmodel", "onnx", "litert"):
    succeeds("export", run, "--format", name, "--out", out / name)
"""


def snapshot(folder):
    """Name, mode and hash of everything in a folder."""
    return {
        (str(path.relative_to(folder)), path.stat().st_mode)
        + ((hashlib.sha256(path.read_bytes()).hexdigest(),) if path.is_file() else ())
        for path in folder.rglob("*")
    }


def allowed(name):
    """Whether a name, relative to the folder of places, is one that docs promise."""
    return any(
        Path(folder).is_relative_to(name)
        or Path(name).match(f"{folder}/{file}" if file else folder)
        for folder, file in ALLOWED
    )


def test_no_command_changes_anything_but_its_target(tmp_path):
    rng = np.random.default_rng(4)
    places, data = tmp_path / "places", tmp_path / "data"
    for folder in (*(places / name for name in PLACES), data, tmp_path / "out"):
        folder.mkdir(mode=0o700, parents=True)
        (folder / "notes.txt").write_text("the user's own")
        (folder / ".x.tmp").mkdir()
    images = rng.integers(0, 120, (120, 8, 8, 1), dtype="uint8")
    images[:20] += 120
    np.save(data / "all.npy", images)
    np.save(data / "bad.npy", images[:20] + 5)
    np.save(data / "labels.npy", (np.arange(120) < 20).astype(int))
    before, given = snapshot(places), snapshot(data)
    gone = ("KERAS_HOME", "KERAS_VABC_CACHE", "MPLCONFIGDIR", "ORT_DISABLE_TELEMETRY")
    environment = {name: value for name, value in os.environ.items() if name not in gone}
    environment |= {variable: str(places / name) for name, variable in PLACES.items()}
    environment["PYTHONPATH"] = os.pathsep.join(sys.path)
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, data, tmp_path / "out"],
        cwd=places / "work",
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert before <= snapshot(places)
    new = {entry[0] for entry in snapshot(places) - before}
    assert sorted(name for name in new if not allowed(name)) == []
    assert {"home/.keras/keras.json", "home/.cache/keras_vabc/judges"} <= new
    assert snapshot(data) == given
    made = {path.name for path in (tmp_path / "out").iterdir()} - {"notes.txt", ".x.tmp"}
    assert made == {
        *("run", "run2", "tuned", "samples", "samples.npy", "samples.npy.json", "samples.npz"),
        *("samples.npz.json", "scores.csv", "scores.csv.json", "savedmodel", "onnx", "litert"),
    }
