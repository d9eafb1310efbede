"""Commands on damaged inputs, in this process: what they print, and what they leave.

Functions of a `random.Random` and a new folder, as those in `readers`: what they return raises a
ValueError if the command refuses its input as it should.
"""

import json
import os
from unittest import mock

from fuzzing import formats, seeds
from fuzzing.readers import ARRAYS, OUT, damaged_copy, damaged_run
from fuzzing.texts import JSON
from typer.testing import CliRunner

from keras_vabc.cli.main import app
from keras_vabc.files.locks import LOCK
from keras_vabc.pages import run_page
from keras_vabc.recipes import evaluation, training, working_copies
from keras_vabc.recipes import train as train_recipe
from keras_vabc.recipes.parts import FILES
from keras_vabc.recipes.recipe import Recipe
from keras_vabc.recipes.record import STEPS, Figures, Provenance
from keras_vabc.recipes.record_file import RUN_FILE, read_record
from keras_vabc.recipes.settings import Setting

NU, MODEL, DENSITY, SCORES, HISTORY = (
    FILES[part] for part in ("nu", "model", "density", "scores", "history")
)
COMMANDS = {  # and the files of a run that each reads
    "threshold": (RUN_FILE, RUN_FILE, SCORES),
    "evaluate": (RUN_FILE, RUN_FILE, SCORES, DENSITY, MODEL, NU),
    "sample": (RUN_FILE, MODEL, DENSITY, NU),
    "score": (RUN_FILE, NU),
    "report": (RUN_FILE, HISTORY, SCORES, MODEL),
}
MUTATIONS = {RUN_FILE: JSON, HISTORY: JSON, MODEL: formats.KERAS, NU: formats.KERAS}


def train(rng, folder):
    """Training on a damaged file, up to where the networks would be trained."""
    suffix = rng.choice(list(ARRAYS))
    source = rng.choice(sorted(seeds.ROOT.glob(f"data/*{suffix}")))
    path = damaged_copy(source, folder / f"x{suffix}", rng, ARRAYS[suffix])
    data, out = [path, f"seeds/other_{seeds.kind_of(source)}.npy"], folder / OUT / "run"
    rng.shuffle(data)

    def read():
        patched = {"first_report": mock.DEFAULT, "_git_revision": lambda: None}
        with (
            mock.patch.multiple(train_recipe, **patched),
            mock.patch.object(training, "Training", _Training),
        ):
            options = ("--unlabeled", data[0], "--unwanted", data[1], "--out", out, "--yes")
            refused = _refused("train", *options)
        if refused:
            assert not out.exists(), "half a run is left"
            raise ValueError(refused)
        assert list(read_record(out).stages)[0] == "intake"
        assert not (out / working_copies.WORK).exists()

    return read


class _Training:
    """Takes the place of a training, and looks at what it is given."""

    def __init__(self, run, folds, start, console):
        assert {*working_copies.COPIES} < {*os.listdir(run.folder / working_copies.WORK)}
        assert len(folds.unlabeled) == run.record.counts["unlabeled"].training
        self._run = run

    def finish(self):
        """Trains nothing, but says what a finished run must."""
        made = Provenance("2026-01-01", {}, "keras-vabc train")
        taken = dict.fromkeys(STEPS["quality"], 0.1)
        self._run.update(
            recipe=Recipe("quality", Setting("vabc", "files")),
            provenance=made,
            stages=self._run.record.stages | taken,
            parts=dict.fromkeys(FILES.values(), "0" * 64),
            figures=Figures(epochs=1, loss=1.0, val_loss=1.0),
        )


def use(rng, folder):
    """Another command on a run with a damaged file."""
    command = rng.choice(list(COMMANDS))
    name = rng.choice(COMMANDS[command])
    (folder / OUT).mkdir()
    run = damaged_run(name, MUTATIONS.get(name, formats.ARCHIVE), rng, folder / OUT / "run")
    out = folder / OUT / {"sample": "x.csv", "score": "scores.csv"}.get(command, "none")
    options = {
        "sample": ["-n", 5, "--out", out],
        "score": ["--out", out, "--input", "seeds/data/x.csv"],
    }

    def read():
        before = _contents(run)
        with (
            mock.patch.object(evaluation, "SAMPLES", 50),
            mock.patch.object(run_page, "SPREAD_SAMPLES", 50),
        ):
            refused = _refused(command, run, *options.get(command, []))
        if refused:
            assert _contents(run) == before and not out.exists(), "something was written"
            raise ValueError(refused)
        changed = {key for key, value in _contents(run).items() if before.get(key) != value}
        assert changed <= {RUN_FILE, "report.html"}, f"{changed} changed"
        read_record(run)
        if command in options:
            assert len(out.read_text().splitlines()) == {"sample": 6, "score": 61}[command]
            json.loads(out.with_name(f"{out.name}.json").read_text())

    return read


def _refused(*arguments):
    """Runs a command; the line that it refuses its input with, or `None` if it does its work."""
    done = CliRunner().invoke(app, list(map(str, arguments)))
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    if done.exit_code == 0:
        return None
    guard = done.exit_code == 1 and "guard must accept" in done.stderr
    assert done.exit_code == 2 or guard, f"exit code {done.exit_code}: {done.output}"
    line = done.stderr
    assert line.startswith("keras-vabc: ") and line.count("\n") == 1, f"not one line: {line}"
    return line


def _contents(folder):
    """What a run holds, but for its lock."""
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name != LOCK}
