"""Faults: each ends in one line and an exit code, and leaves what was there whole."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import zipfile
from pathlib import Path
from unittest.mock import Mock

import keras
import numpy as np
import pytest
import typer
from command_line import contents, fails, keras_vabc, record, succeeds
from faults import (
    LINE_BYTES,
    at_epoch,
    fill_disk,
    filled,
    hidden,
    other_process_in,
    press_ctrl_c,
    room_for,
    started,
    wait_until,
)

import keras_vabc as kv
from keras_vabc.files import locks
from keras_vabc.files.array_files import read_array_file
from keras_vabc.pages import run_page
from keras_vabc.recipes import intake, record_file, scores, train, training, working_copies
from keras_vabc.recipes.evaluated import UnlabeledFigures
from keras_vabc.recipes.progress import EpochReport
from keras_vabc.recipes.record_file import read_record, write_record
from keras_vabc.recipes.run import Run

EPOCHS = 4


@pytest.fixture(scope="module", autouse=True)
def _small():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(training, "TRIED_SAMPLES", 50)
        patch.setattr(run_page, "SPREAD_SAMPLES", 200)
        yield


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """A folder with `all.csv` and `bad.csv`."""
    folder, rng = tmp_path_factory.mktemp("data"), np.random.default_rng(5)
    rows = rng.normal(size=(200, 8))
    for name, table in (("all", rows), ("bad", rows[:50] + 4)):
        np.savetxt(folder / f"{name}.csv", table, delimiter=",", fmt="%.6f")
    return folder


def train_command(data, run, epochs=EPOCHS):
    paths = ["--unlabeled", data / "all.csv", "--unwanted", data / "bad.csv", "--out", run]
    return ["train", *paths, "--setting", "paper", "--epochs", epochs]


@pytest.fixture(scope="module")
def stopped_once(data, tmp_path_factory):
    """A training that Ctrl-C has stopped in its third epoch, and what that printed."""
    run = tmp_path_factory.mktemp("stopped") / "run"
    with at_epoch(2, press_ctrl_c):
        done = keras_vabc(*train_command(data, run))
    return run, done


@pytest.fixture
def stopped(stopped_once, data, tmp_path):
    """A copy of the training that was stopped, in a place of its own, and its command."""
    run = shutil.copytree(stopped_once[0], tmp_path / "run")
    return run, train_command(data, run)


@pytest.fixture(scope="module")
def finished_later(stopped_once, data, tmp_path_factory):
    """That training, finished by the same command although rows on disk are damaged; its epochs."""
    run = shutil.copytree(stopped_once[0], tmp_path_factory.mktemp("finished") / "run")
    rows, epochs = run / "work" / "unlabeled.npy", []
    rows.write_bytes(rows.read_bytes()[:-100])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(EpochReport, "on_epoch_begin", lambda _, epoch, logs: epochs.append(epoch))
        succeeds(*train_command(data, run))
    succeeds("threshold", run)
    return run, epochs


@pytest.fixture
def run(finished_later, tmp_path):
    """A copy of the finished run, alone in a folder."""
    return shutil.copytree(finished_later[0], tmp_path / "run")


# A full disk


COMMANDS = {
    "samples.npy": ["sample", "RUN", "-n", "100", "--out", "OUT/samples.npy"],
    "samples.npz": ["sample", "RUN", "-n", "100", "--out", "OUT/samples.npz"],
    "samples.csv": ["sample", "RUN", "-n", "100", "--out", "OUT/samples.csv"],
    "samples.parquet": ["sample", "RUN", "-n", "100", "--out", "OUT/samples.parquet"],
    "scores.csv": ["score", "RUN", "--input", "DATA/all.csv", "--out", "OUT/scores.csv"],
    "run.json": ["threshold", "RUN", "--max-false-alarms", "0.2"],
    "run.json ": ["evaluate", "RUN"],
    "report.html": ["report", "RUN"],
}


@pytest.mark.parametrize("name", COMMANDS)
def test_a_full_disk_is_one_line_and_keeps_what_was_there(run, data, tmp_path, name):
    (tmp_path / "out").mkdir()
    command = filled(COMMANDS[name], run=run, data=data, out=tmp_path / "out")
    command += ["--overwrite"] if "OUT" in str(COMMANDS[name]) else []
    (tmp_path / "out" / name).write_text("from before")
    before = contents(tmp_path)
    with room_for(LINE_BYTES):
        done = fails("File too large", *command)
    assert name.strip() in done.stderr
    assert contents(tmp_path) == before


def test_a_training_whose_disk_is_full_keeps_its_last_checkpoint(data, tmp_path):
    run, command = tmp_path / "run", train_command(data, tmp_path / "run")
    with room_for(LINE_BYTES):
        done = fails("File too large", *command)
    assert "run.json" in done.stderr and not run.exists()
    with at_epoch(1, fill_disk), room_for(10**9):
        fails("model.checkpoint", *command)
    assert list(record(run)["stages"]) == ["intake"] and not hidden(run)
    assert read_array_file(run / "model.checkpoint")[1]["epoch"] == 1


@pytest.fixture
def small_disk(tmp_path):
    """A folder with a file system of its own, of 256 kB, where root may make one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(folder)]
    try:
        subprocess.run(mount, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"no file system of its own can be mounted here: {error}")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_a_disk_that_is_really_full(run, data, small_disk):
    (small_disk / "kept").write_bytes(b"x" * 1000)
    before = contents(small_disk)
    for name in ("samples.npy", "samples.csv"):
        done = fails("No space left", "sample", run, "-n", 10_000, "--out", small_disk / name)
        assert name in done.stderr and contents(small_disk) == before
    (small_disk / "rest").write_bytes(b"x" * 252_000)
    fails("No space left", *train_command(data, small_disk / "run"))
    assert {path.name for path in small_disk.iterdir()} == {"kept", "rest"}


def test_a_checkpoint_of_a_full_disk_is_the_one_before(tmp_path):
    """From Python: `fit` ends with an error of the system, and goes on later."""
    folds = kv.load_folds("moons1", seed=0)

    def fit(*callbacks):
        networks = kv.mlp_autoencoder((2,), latent_dim=1, units=(8,), output_activation="linear")
        model = kv.VABC(*networks, seed=0)
        model.compile()
        x = kv.balanced_dataset(folds.unlabeled[:80], folds.unwanted[:40], batch_size=40, seed=0)
        checkpoint = kv.Checkpoint(tmp_path / "checkpoint")
        return model.fit(x, epochs=4, verbose=0, callbacks=[*callbacks, checkpoint]).epoch

    fill = keras.callbacks.LambdaCallback(on_epoch_end=lambda e, logs: e == 2 and fill_disk())
    with room_for(10**9), pytest.raises(OSError, match="checkpoint.*File too large"):
        fit(fill)
    assert [path.name for path in tmp_path.iterdir()] == ["checkpoint"]
    seen = []
    tell = keras.callbacks.LambdaCallback(on_epoch_begin=lambda epoch, logs: seen.append(epoch))
    assert fit(tell) == [0, 1, 2, 3]
    assert seen == [2, 3]


# A folder that cannot be written, or vanishes


@pytest.mark.parametrize(
    "command",
    [
        ["train", "--unlabeled", "DATA/all.csv", "--unwanted", "DATA/bad.csv", "--out", "OUT/new"],
        ["sample", "RUN", "-n", "100", "--out", "OUT/samples.csv"],
        ["score", "RUN", "--input", "DATA/all.csv", "--out", "OUT/scores.csv"],
    ],
)
def test_a_file_where_a_folder_should_be_is_one_line(run, data, tmp_path, command):
    (tmp_path / "file").write_text("kept")
    before = contents(tmp_path)
    fails("file", *filled(command, run=run, data=data, out=tmp_path / "file"))
    assert contents(tmp_path) == before


@pytest.fixture
def read_only(finished_later, tmp_path):
    """A folder with a run, none of which can be written."""
    folder = tmp_path / "read_only"
    shutil.copytree(finished_later[0], folder / "run")
    if os.geteuid() != 0:
        for path in (folder, folder / "run"):
            path.chmod(0o500)
        yield folder / "run"
        for path in (folder, folder / "run"):
            path.chmod(0o700)
        return
    for options in (["--bind"], ["-o", "remount,bind,ro"]):  # root writes whatever the mode says
        try:
            mount = ["mount", *options, str(folder), str(folder)]
            subprocess.run(mount, check=True, capture_output=True)
        except (OSError, subprocess.CalledProcessError) as error:
            pytest.skip(f"root cannot mount anything read-only here: {error}")
    yield folder / "run"
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_a_read_only_run_can_be_used_and_not_changed(read_only, data, tmp_path):
    before = contents(read_only)
    for command in ("threshold", "report"):
        fails(str(read_only), command, read_only)
    fails(str(read_only), "sample", read_only, "--out", read_only / "samples.npy")
    fails("out must be", *train_command(data, read_only.parent / "new"))
    assert contents(read_only) == before
    succeeds("sample", read_only, "-n", 10, "--out", tmp_path / "samples.npy")


def test_a_run_that_vanishes_in_its_training_is_one_line(stopped):
    run, command = stopped
    with at_epoch(3, lambda: shutil.rmtree(run)):
        fails("model.checkpoint", *command)
    assert not run.exists()


# Files that are damaged, and files that were tampered with


def test_a_truncated_checkpoint_is_named_and_kept(stopped):
    run, command = stopped
    checkpoint = run / "model.checkpoint"
    whole = checkpoint.read_bytes()
    for size in (len(whole) // 2, 0):
        checkpoint.write_bytes(whole[:size])
        before = contents(run)
        fails("model.checkpoint", *command)
        assert contents(run) == before


def test_truncated_models_are_one_line_in_python_too(run, tmp_path):
    whole = (run / "model.keras").read_bytes()
    for size in (len(whole) // 2, len(whole) - 30, 0):
        (tmp_path / "model.keras").write_bytes(whole[:size])
        for load in (kv.load_model, kv.NUClassifier.load):
            with pytest.raises(ValueError, match="path must be a whole file.*model.keras"):
                load(tmp_path / "model.keras")
    with pytest.raises(FileNotFoundError, match=r"absent\.keras"):
        kv.load_model(tmp_path / "absent.keras")
    (tmp_path / "model.h5").write_bytes(whole)  # whose loading has no safe mode in older Keras
    with pytest.raises(ValueError, match=r"path must end in \.keras"):
        kv.load_model(tmp_path / "model.h5")


def lambda_layer(layer, marker):
    """A layer whose marshalled code leaves a mark when it is called."""
    code = eval(f"lambda x: (open({str(marker)!r}, 'w').close(), x)[1]")
    evil = keras.saving.serialize_keras_object(keras.layers.Lambda(code))
    evil["config"]["name"] = layer["config"]["name"]
    layer |= evil


def foreign_class(layer, marker):
    """A class whose module leaves a mark when it is imported."""
    Path(marker.parent, "evil.py").write_text(f"open({str(marker)!r}, 'w').close()\nclass E: pass")
    layer |= {"module": "evil", "class_name": "E", "registered_name": "E"}


def foreign_function(layer, marker):
    """An activation of another package."""
    activation = {"module": "os", "class_name": "function", "config": "system"}
    layer["config"]["activation"] = {**activation, "registered_name": "system"}


def end_of_safe_mode(layer, marker):
    """A function of Keras that ends its safe mode, for the layers that come after it."""
    name = "enable_unsafe_deserialization"
    activation = {"module": "keras.config", "class_name": "function", "config": name}
    layer["config"]["activation"] = {**activation, "registered_name": name}


def tamper(path, change, marker):
    """Changes the config of the first dense layer in a `.keras` file."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    config = json.loads(members["config.json"])
    change(first_dense(config), marker)
    members["config.json"] = json.dumps(config).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)


def first_dense(config):
    """The first dense layer that is somewhere in a config."""
    if isinstance(config, dict) and config.get("class_name") == "Dense":
        return config
    parts = config.values() if isinstance(config, dict) else config
    found = (first_dense(part) for part in parts if isinstance(part, dict | list))
    return next((layer for layer in found if layer), None)


@pytest.mark.parametrize(
    "change", [lambda_layer, foreign_class, foreign_function, end_of_safe_mode]
)
def test_a_tampered_model_executes_nothing(run, data, tmp_path, monkeypatch, change):
    monkeypatch.syspath_prepend(tmp_path)
    marker, model, out = tmp_path / "marker", run / "model.keras", tmp_path / "out"
    tamper(model, change, marker)
    fails("model.keras", "score", run, "--input", data / "all.csv", "--out", out / "scores.csv")
    fails("model.keras", "sample", run, "--out", out / "samples.csv")
    for load in (kv.load_model, kv.NUClassifier.load):
        with pytest.raises(ValueError, match=r"model\.keras"):
            load(model)
    assert not list(out.glob("*")) and not hidden(tmp_path)
    assert not marker.exists() and "evil" not in sys.modules
    if change is lambda_layer:  # without the safe mode the mark would be left
        with contextlib.suppress(Exception):
            keras.saving.load_model(model, safe_mode=False)
        assert marker.exists()


# Ctrl-C, SIGTERM and SIGHUP


def test_ctrl_c_stops_a_training(stopped_once):
    run, done = stopped_once
    assert done.exit_code == 130, done.output
    assert done.stderr == "keras-vabc: Stopped. The same command goes on.\n"
    assert not hidden(run) and record(run)["status"] == "training"


def test_a_stopped_training_goes_on_even_if_its_rows_are_damaged(finished_later):
    run, epochs = finished_later
    assert epochs == [2, 3]
    assert len(json.loads((run / "history.json").read_text())["loss"]) == EPOCHS
    assert not hidden(run) and not list(run.glob("*.checkpoint"))


def ctrl_c_that_comes_out_as_another_error(*_, **__):
    try:
        press_ctrl_c()
    except KeyboardInterrupt:
        raise TypeError("a return value is missing") from None


@pytest.mark.parametrize(
    ("error", "message", "code"),
    [
        (ctrl_c_that_comes_out_as_another_error, "Stopped. The same command goes on.", 130),
        (typer.Abort, "Stopped. The same command goes on.", 130),  # Ctrl-C at a question
        (MemoryError, "There is not enough memory.", 1),
    ],
)
def test_a_first_stage_that_breaks_off_leaves_nothing(
    data, tmp_path, monkeypatch, error, message, code
):
    monkeypatch.setattr(intake, "read_folds", Mock(side_effect=error))
    fails(message, *train_command(data, tmp_path / "run"), code=code)
    assert not list(tmp_path.iterdir())


def test_what_was_left_to_do_after_a_training_is_done_later(run, data, monkeypatch):
    page, command = run / "report.html", train_command(data, run)
    page.unlink()
    working_copies.begin(run / "work")
    with monkeypatch.context() as patch:
        patch.setattr(train, "first_report", lambda *_, **__: press_ctrl_c())
        assert keras_vabc(*command).exit_code == 130
    assert not (run / "work").exists() and not page.exists()
    assert "is a finished run" in succeeds(*command)
    assert page.exists()


@pytest.mark.parametrize("name", ["samples.npz", "scores.csv"])
def test_ctrl_c_leaves_nothing_half_written(run, data, tmp_path, monkeypatch, name):
    out = tmp_path / "out"
    monkeypatch.setattr(zipfile.ZipFile, "write", lambda *_: press_ctrl_c())
    monkeypatch.setattr(scores, "_write_table", lambda *_: press_ctrl_c())
    done = keras_vabc(*filled(COMMANDS[name], run=run, data=data, out=out))
    assert done.exit_code == 130 and done.stderr == "keras-vabc: Stopped.\n"
    assert not out.exists()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_other_signals_stop_a_training(data, tmp_path, number):
    run = tmp_path / "run"
    script = Path(sys.executable).with_name("keras-vabc")
    command = [script, *map(str, train_command(data, run, epochs=2000))]
    with started(command, tmp_path) as process:
        wait_until((run / "model.checkpoint").exists, process)
        process.send_signal(number)
        assert process.wait(60) == 130
    stderr = (tmp_path / "stderr").read_text()
    assert stderr == "keras-vabc: Stopped. The same command goes on.\n"
    assert not hidden(run)
    assert list(record(run)["stages"]) == ["intake"]
    assert zipfile.ZipFile(run / "model.checkpoint").testzip() is None


# Two processes on one folder


def test_no_change_of_a_record_is_lost_to_another(run, monkeypatch):
    counts = read_record(run).counts
    held_out = {name: counts[name].held_out for name in ("unlabeled", "unwanted")}
    figures = UnlabeledFigures(auc=0.9, reported=("found",), **held_out)
    waiting = threading.Event()
    monkeypatch.setattr(locks.time, "sleep", lambda seconds: waiting.set() or waiting.wait(seconds))

    def change_meanwhile():
        with locks.locked(run):
            read = read_record(run)
            holds.set()
            assert waiting.wait(60), "the command did not wait"
            write_record(run, read.with_evaluation("without_labels", figures))

    holds = threading.Event()
    other = threading.Thread(target=change_meanwhile)
    other.start()
    holds.wait()
    succeeds("threshold", run, "--max-false-alarms", 0.07)
    other.join()
    changed = read_record(run)
    assert changed.threshold.max_false_alarms == 0.07
    assert changed.evaluation.without_labels == figures


def test_a_second_process_on_one_run_is_refused(run, data, tmp_path, monkeypatch):
    monkeypatch.setattr(record_file, "CHANGES_TAKE", 0.1)
    (tmp_path / "new").mkdir()
    before = contents(tmp_path)
    with other_process_in(tmp_path / "new"), other_process_in(run):
        fails("Another process is at work in", *train_command(data, tmp_path / "new"))
        fails("Another process is at work in", *train_command(data, run))
        fails("Another process is at work in", "threshold", run)
    assert contents(tmp_path) == before


# What would be refused at the end is refused at the start


def test_a_run_that_cannot_be_written_is_refused_before_it_is_measured(run, data, monkeypatch):
    monkeypatch.setattr(Run, "held_out_scores", lambda _: 1 / 0)
    monkeypatch.setattr(record_file.os, "access", lambda path, mode: mode != os.W_OK)
    for name in ("threshold", "evaluate"):
        fails("run must be in a folder that can be written", name, run)


def test_a_pipe_is_not_waited_for(run, tmp_path):
    os.mkfifo(tmp_path / "labels.csv")
    labels = ["--labels", tmp_path / "labels.csv", "--negative-class", "1"]
    fails("Not a file, but a device or a pipe", "evaluate", run, *labels)


def test_an_export_to_a_name_that_tensorflow_has_not(run, tmp_path, monkeypatch):
    monkeypatch.setattr(Run, "sampler", None)
    fails("out must be a path that is UTF-8", "export", run, "--out", tmp_path / "\udcff")


def test_a_closed_standard_output_is_no_fault(tmp_path):
    script = Path(sys.executable).with_name("keras-vabc")
    command = f"exec {script} threshold missing >&- 2>{tmp_path / 'said'}"
    assert subprocess.run(["sh", "-c", command], timeout=60).returncode == 2
    assert (tmp_path / "said").read_text().startswith("keras-vabc: RUN must be the folder of a run")
