"""Sweeps: what is finished is stored at once and never run again."""

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from keras_vabc.experiments.paper import runs as paper
from keras_vabc.experiments.paper.reproduce import EXPERIMENTS, runs_of
from keras_vabc.recipes.sweep import RESULTS, results_folder, stored_lines, sweep


@dataclass(frozen=True)
class Job:
    """Leaves a mark in the arrays' folder each time that it runs."""

    key: str
    fails: bool = False
    pause: float = 0.0

    def run(self, arrays):
        time.sleep(self.pause)
        if self.fails:
            raise ValueError("this job fails")
        with open(Path(arrays, self.key), "a") as file:
            file.write("x")
        return {"key": self.key, "value": len(self.key)}


def swept(jobs, folder, **options):
    with results_folder(folder):
        sweep(jobs, folder, **options)


def marks(folder):
    return {path.name: path.read_text() for path in (folder / "arrays").iterdir()}


def test_a_sweep_runs_what_is_missing(tmp_path):
    seen = []
    swept([Job("a"), Job("bb")], tmp_path, workers=1, on_done=seen.append)
    assert seen == [{"key": "a", "value": 1}, {"key": "bb", "value": 2}]
    swept([Job("a"), Job("bb"), Job("ccc")], tmp_path, workers=2)
    assert marks(tmp_path) == {"a": "x", "bb": "x", "ccc": "x"}
    assert {key: line["value"] for key, line in stored_lines(tmp_path).items()} == {
        "a": 1,
        "bb": 2,
        "ccc": 3,
    }


def test_a_broken_line_costs_that_run_alone(tmp_path):
    lines = [json.dumps({"key": "a"}), json.dumps({"key": "b"}), '{"key": "c", "val']
    (tmp_path / RESULTS).write_text("\n".join(lines))
    assert set(stored_lines(tmp_path)) == {"a", "b"}
    swept([Job("a"), Job("c")], tmp_path, workers=1)
    assert marks(tmp_path) == {"c": "x"}
    assert set(stored_lines(tmp_path)) == {"a", "b", "c"}


def test_a_failing_run_keeps_what_was_finished(tmp_path):
    with pytest.raises(ValueError, match="this job fails"):
        swept([Job("a"), Job("b", fails=True), Job("c")], tmp_path, workers=1)
    assert "a" in stored_lines(tmp_path)
    assert "b" not in stored_lines(tmp_path)


KILLED = """
from test_sweep import Job, swept

if __name__ == "__main__":
    swept([Job(str(index), pause=0.3) for index in range(100)], "out", workers=2)
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
    swept([Job(str(index)) for index in range(len(started) + 2)], tmp_path / "out", workers=1)
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


def test_every_run_of_the_paper_is_listed_once():
    runs = paper.all_runs()
    keys = [run.key for run in runs]
    assert len(set(keys)) == len(keys)
    for name in EXPERIMENTS:
        assert {run.key for run in runs_of(name)} <= set(keys), name
    assert len(runs_of("fig2")) == 18
    assert {run.setting.gamma for run in runs_of("fig9")} >= set(paper.GAMMAS)
    with pytest.raises(ValueError, match="experiment must be one of all, table1, judges, fig2"):
        runs_of("fig99")


def test_the_ablation_changes_one_thing_at_a_time():
    variants = paper.ablation()
    assert variants["as in the paper"][0] in paper.fig2()
    kinds = {
        name: {(s.anneal_gamma, s.anneal_kl, s.gamma) for s in v} for name, v in variants.items()
    }
    assert kinds == {
        "as in the paper": {(True, True, 0.05)},
        "no gamma annealing": {(False, True, 0.05)},
        "no KL annealing": {(True, False, 0.05)},
        "no annealing": {(False, False, 0.05)},
        "gamma = 1": {(True, True, 1.0)},
    }
