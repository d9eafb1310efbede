"""Faults of sweeps: each ends in one line and an exit code, and leaves the results whole."""

import contextlib
import os
import shutil
import signal
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from command_line import contents, fails, keras_vabc, succeeds
from faults import (
    LINE_BYTES,
    filled,
    hidden,
    other_process_in,
    press_ctrl_c,
    room_for,
    started,
    wait_until,
)

from keras_vabc.files.writing import temporary_path
from keras_vabc.recipes import sweep
from keras_vabc.recipes.results_folder import RESULTS
from keras_vabc.recipes.stored import Stored, store_arrays
from keras_vabc.recipes.sweep import Job, append_line, stored_lines


def run(fault, arrays):
    """A run of a sweep that may go wrong."""
    if fault == "dies":
        with temporary_path(Path(arrays) / "half.npz") as half:
            half.write_text("half")
            os.kill(os.getpid(), signal.SIGKILL)
    if fault == "waits":
        (Path(arrays) / "waits").write_text("")
        try:
            time.sleep(300)
        finally:
            (Path(arrays) / "tidied").write_text("")
    if fault == "vanishes":
        shutil.rmtree(Path(arrays).parent)
    counts = {"method": "counts", "dataset": "none", "negative_class": 0, "fraction": 1}
    return {**counts, "text": "x" * LINE_BYTES}


def job(key, fault=""):
    return Job(key, run, (fault,))


@pytest.fixture
def light_workers(tmp_path_factory, monkeypatch):
    """Worker processes find something else in the place of TensorFlow, which takes seconds."""
    folder = tmp_path_factory.mktemp("light")
    text = "import types\nconfig = types.SimpleNamespace(list_physical_devices=list)\n"
    (folder / "tensorflow.py").write_text(text)
    monkeypatch.syspath_prepend(folder)


@pytest.fixture
def sweep_of(tmp_path, monkeypatch):
    """Lets `keras-vabc reproduce` run other jobs, in threads of this process unless told."""
    from keras_vabc.experiments.paper import reproduce  # not in workers, which have no TensorFlow

    def use(*jobs, threads=True):
        monkeypatch.setattr(reproduce, "runs_of", lambda *_: list(jobs))
        monkeypatch.setattr(reproduce, "render", lambda folder: [])
        if threads:
            pool = lambda workers: ThreadPoolExecutor(1)  # noqa: E731
            monkeypatch.setattr(sweep, "worker_pool", pool)
        return ["reproduce", "--workers", 1, "--out", tmp_path / "out"]

    return use


def test_a_sweep_whose_disk_is_full_keeps_its_results(sweep_of, tmp_path):
    succeeds(*sweep_of(job("a")))
    before = contents(tmp_path)
    with room_for(LINE_BYTES):
        done = fails("File too large", *sweep_of(job("a"), job("b")))
    assert RESULTS in done.stderr
    assert contents(tmp_path) == before
    with room_for(LINE_BYTES), pytest.raises(OSError, match="arrays.npz"):
        store_arrays(tmp_path / "arrays.npz", x=np.random.default_rng(0).normal(size=1000))
    assert contents(tmp_path) == before
    succeeds(*sweep_of(job("a"), job("b")))
    assert set(stored_lines(tmp_path / "out")) == {"a", "b"}


def test_a_sweep_whose_folder_vanishes_is_one_line(sweep_of, tmp_path):
    fails(RESULTS, *sweep_of(job("a", "vanishes")))
    assert not (tmp_path / "out").exists()


def test_a_worker_that_dies_is_one_line_and_the_rest_is_kept(light_workers, sweep_of, tmp_path):
    jobs = [job("a"), job("b", "dies"), job("c")]
    fails("A worker process has died", *sweep_of(*jobs, threads=False), code=1)
    assert set(stored_lines(tmp_path / "out")) == {"a"}
    assert not hidden(tmp_path)
    succeeds(*sweep_of(job("a", "vanishes"), job("b"), job("c")))
    assert set(stored_lines(tmp_path / "out")) == {"a", "b", "c"}


def test_damaged_arrays_of_a_run_are_named(tmp_path):
    (tmp_path / "arrays").mkdir()
    append_line(tmp_path / RESULTS, {"key": "a"})
    path = tmp_path / "arrays" / "a.npz"
    store_arrays(path, x=np.arange(100))
    whole = path.read_bytes()
    assert np.array_equal(Stored(tmp_path).arrays(job("a"))["x"], np.arange(100))
    for content in (whole[: len(whole) // 2], b"", b"x" * 100):
        path.write_bytes(content)
        with pytest.raises(ValueError, match=r"a\.npz must be a whole file"):
            Stored(tmp_path).arrays(job("a"))


@pytest.fixture
def data(tmp_path):
    """A folder with `all.npy` and `bad.npy`."""
    rows = np.random.default_rng(0).normal(size=(100, 4)).astype("float32")
    for name, table in (("all", rows), ("bad", rows[:30] + 4)):
        np.save(tmp_path / f"{name}.npy", table)
    return tmp_path


SWEEPS = [
    [
        *("tune", "--unlabeled", "DATA/all.npy", "--unwanted", "DATA/bad.npy"),
        *("--out", "OUT", "--setting", "paper"),
    ],
    ["reproduce", "fig4", "--out", "OUT"],
    ["benchmark", "--out", "OUT"],
]


@pytest.mark.parametrize("command", SWEEPS)
def test_a_second_sweep_in_one_folder_is_refused(data, command):
    (data / "out" / "arrays").mkdir(parents=True)
    line = {"key": "kept", "method": "vae", "dataset": "none"}
    append_line(data / "out" / RESULTS, line)
    before, command = contents(data), filled(command, data=data, out=data / "out")
    with other_process_in(data / "out"):
        fails("Another process is at work in", *command)
        if command[0] != "tune":
            fails("Another process is at work in", *command, "--fresh")
    assert contents(data) == before


@pytest.mark.parametrize("command", SWEEPS)
def test_a_file_where_the_folder_of_a_sweep_should_be_is_one_line(data, command):
    (data / "file").write_text("kept")
    before = contents(data)
    fails("file", *filled(command, data=data, out=data / "file"))
    fails("file", *filled(command, data=data, out=data / "file" / "new"))
    assert contents(data) == before


@pytest.mark.parametrize("command", SWEEPS)
def test_ctrl_c_stops_each_sweep(data, monkeypatch, command):
    from keras_vabc.experiments.benchmark import compare
    from keras_vabc.experiments.paper import reproduce
    from keras_vabc.recipes import tune

    for module in (tune, compare, reproduce):
        monkeypatch.setattr(module, "run_missing", lambda *_, **__: press_ctrl_c())
    monkeypatch.setattr(tune, "_train_classifier", lambda *_: None)
    done = keras_vabc(*filled(command, data=data, out=data / "out"))
    assert done.exit_code == 130, done.output
    assert done.stderr == "keras-vabc: Stopped. The same command goes on.\n"


def running(group):
    """How many processes of a group have not ended, whether or not somebody has asked for them."""
    count = 0
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):  # it has just ended
            state, _, its_group = path.read_text().rpartition(")")[2].split()[:3]
            count += state != "Z" and int(its_group) == group
    return count


SWEEP = """
if __name__ == "__main__":
    import sys

    from keras_vabc.cli import main
    from keras_vabc.experiments.paper import reproduce
    from test_sweep_faults import job

    workers, waiting = sys.argv[1:]
    reproduce.runs_of = lambda *_: [job("a"), *(job(key, "waits") for key in waiting)]
    sys.argv[1:] = ["reproduce", "--workers", workers, "--out", "out"]
    main.main()
"""


@pytest.mark.parametrize(
    ("workers", "waiting", "number"), [("1", "bc", signal.SIGINT), ("2", "b", signal.SIGHUP)]
)
def test_a_sweep_that_is_stopped_ends_its_workers(
    light_workers, tmp_path, monkeypatch, workers, waiting, number
):
    """One that has more to do, and one that has not; both signals reach the whole process group."""
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
    (tmp_path / "main.py").write_text(SWEEP)
    out = tmp_path / "out"
    with started([sys.executable, "main.py", workers, waiting], tmp_path) as process:
        wait_until(lambda: (out / "arrays" / "waits").exists() and stored_lines(out), process)
        assert running(process.pid) > int(workers)
        os.killpg(process.pid, number)
        assert process.wait(60) == 130
        wait_until(lambda: not running(process.pid))
    stderr = (tmp_path / "stderr").read_text()
    assert stderr == "keras-vabc: Stopped. The same command goes on.\n"
    assert set(stored_lines(tmp_path / "out")) == {"a"}
    assert (tmp_path / "out" / "arrays" / "tidied").exists()
