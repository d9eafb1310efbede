"""Sweeps: what is finished is stored at once and never run again."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from keras_vabc.recipes.results_folder import RESULTS, results_folder
from keras_vabc.recipes.sweep import Job, stored_lines, sweep


def mark(name, pause, arrays):
    """Leaves a mark in the arrays' folder each time that it runs."""
    time.sleep(pause)
    with open(Path(arrays, name), "a") as file:
        file.write("x")
    return {"key": "another", "value": len(name)}


def fail(arrays):
    raise ValueError("this job fails")


def job(key, pause=0.0):
    return Job(key, mark, (key, pause))


def swept(jobs, folder, **options):
    with results_folder(folder, "sweep", ()):
        sweep(jobs, folder, **options)


def marks(folder):
    return {path.name: path.read_text() for path in (folder / "arrays").iterdir()}


def test_a_sweep_runs_what_is_missing(tmp_path):
    seen = []
    swept([job("a"), job("bb")], tmp_path, workers=1, on_done=seen.append)
    assert seen == [{"key": "a", "value": 1}, {"key": "bb", "value": 2}]
    swept([job("a"), job("bb"), job("ccc")], tmp_path, workers=2)
    assert marks(tmp_path) == {"a": "x", "bb": "x", "ccc": "x"}
    assert {key: line["value"] for key, line in stored_lines(tmp_path).items()} == {
        "a": 1,
        "bb": 2,
        "ccc": 3,
    }


def test_a_broken_line_costs_that_run_alone(tmp_path):
    known = {"method": "none", "dataset": "none"}  # by which the lines are known as results
    lines = [json.dumps({"key": "a", **known}), json.dumps({"key": "b"}), '{"key": "c", "val']
    (tmp_path / RESULTS).write_text("\n".join(lines))
    assert set(stored_lines(tmp_path)) == {"a", "b"}
    swept([job("a"), job("c")], tmp_path, workers=1)
    assert marks(tmp_path) == {"c": "x"}
    assert set(stored_lines(tmp_path)) == {"a", "b", "c"}


def test_a_failing_run_keeps_what_was_finished(tmp_path):
    with pytest.raises(ValueError, match="this job fails"):
        swept([job("a"), Job("b", fail), job("c")], tmp_path, workers=1)
    assert "a" in stored_lines(tmp_path)
    assert "b" not in stored_lines(tmp_path)


KILLED = """
from test_sweep import job, swept

if __name__ == "__main__":
    swept([job(str(index), pause=0.3) for index in range(100)], "out", workers=2)
"""


def test_a_killed_sweep_loses_what_was_in_flight_alone(tmp_path):
    root = Path(__file__).parents[2]
    (tmp_path / "main.py").write_text(KILLED)
    parent = subprocess.Popen(
        [sys.executable, "main.py"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": f"{root}{os.pathsep}{Path(__file__).parent}"},
    )
    results = tmp_path / "out" / RESULTS
    wait_until(lambda: results.exists() and len(results.read_text().splitlines()) >= 4)
    workers = children(parent.pid)
    parent.kill()
    parent.wait()
    wait_until(lambda: not any(Path("/proc", str(pid)).exists() for pid in workers))

    stored, started = set(stored_lines(tmp_path / "out")), set(marks(tmp_path / "out"))
    assert len(stored) >= 4
    assert stored <= started
    assert len(started - stored) <= 2 * len(workers), "in flight, or finished and not yet reported"
    swept([job(str(index)) for index in range(len(started) + 2)], tmp_path / "out", workers=1)
    assert {key: mark for key, mark in marks(tmp_path / "out").items() if key in stored} == (
        dict.fromkeys(stored, "x")
    )


def children(pid):
    """Process ids of the worker processes of a sweep."""
    listed = Path("/proc", str(pid), "task", str(pid), "children").read_text().split()
    return [int(child) for child in listed]


def wait_until(condition, seconds=90):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.1)
