"""Folders of results: nothing in them that the commands did not write is replaced or lost."""

import contextlib
import csv
import io
import json
import math
import os
import shlex
import stat
import warnings
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from command_line import contents, fails, keras_vabc, succeeds, write_images
from faults import killed_at, press_ctrl_c

from keras_vabc.cli.main import app
from keras_vabc.data.unreadable import FILE as UNREADABLE
from keras_vabc.experiments import demo
from keras_vabc.experiments.benchmark import compare
from keras_vabc.experiments.paper import reproduce
from keras_vabc.experiments.paper.settings import SHIPPED
from keras_vabc.files.locks import LOCK
from keras_vabc.files.manifests import MANIFEST, is_unchanged, made_here, read_manifest
from keras_vabc.files.outputs import new_output
from keras_vabc.pages.page import Section
from keras_vabc.recipes import sweep
from keras_vabc.recipes import tune as tuning
from keras_vabc.recipes.results_folder import (
    ARRAYS,
    RESULTS,
    TUNE_FILES,
    check_results_place,
)
from keras_vabc.recipes.sweep import Job, append_line, stored_lines

WRITTEN = [name for name in TUNE_FILES if name != UNREADABLE]  # where all can be read
NASTY = "x[/y] [red] :smile: 'a b'"
WORSE = "\x1b[31mx\nz"


@pytest.fixture
def data(tmp_path):
    """A folder with `all.npy` and `bad.npy`."""
    folder, rows = tmp_path / "data", np.random.default_rng(5).normal(size=(100, 3))
    folder.mkdir()
    np.save(folder / "all.npy", rows.astype("float32"))
    np.save(folder / "bad.npy", (rows[:40] + 4).astype("float32"))
    return folder


def command(data, out, *options):
    paths = ["--unlabeled", data / "all.npy", "--unwanted", data / "bad.npy", "--out", out]
    return ["tune", *paths, "--setting", "paper", "--seeds", 1, *options]


class Judge:
    """Stands in for an NU classifier; it warns when it is trained."""

    negative_share, negative_share_interval = 0.1, (0.05, 0.2)
    cross_validation = {"recall": 0.5}

    def __init__(self, seed=0):
        pass

    def fit(self, unlabeled, unwanted, verbose):
        warnings.warn("few [examples]", stacklevel=2)
        return self

    def save(self, path):
        path.write_text("")

    @classmethod
    def load(cls, path):
        return cls()


@pytest.fixture
def results(monkeypatch):
    """Lets `tune` find results without training; each gamma gets the figures of this dict."""
    figures = dict.fromkeys((*tuning.FIGURES, "penalty_weight", "seconds"), 0.5)
    own = {}

    def run_missing(jobs, out, **_):
        for number, job in enumerate(jobs):
            setting = job.arguments[0].setting
            line = {"key": job.key, "method": setting.method, "dataset": "files", "seed": 0}
            line |= {"gamma": setting.gamma, "sigma2": setting.sigma2}
            append_line(out / RESULTS, line | figures | own.get(number, {}))

    monkeypatch.setattr(tuning, "NUClassifier", Judge)
    monkeypatch.setattr(tuning, "run_missing", run_missing)
    return own


def test_tune_replaces_no_file_of_a_users(results, data, tmp_path, monkeypatch):
    (data / "README.md").write_text("a user's")
    before = contents(tmp_path)
    monkeypatch.chdir(data)
    fails("out must be a new or empty folder", *command(data, "."))
    fails("out must be a new or empty folder", *command(data, data))
    assert contents(tmp_path) == before and not (data / LOCK).exists()


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("run.json", '{"schema": 2, "status": "finished", "settings": {}, "data": {}}'),
        (MANIFEST, '{"made_by": "keras_vabc 1.0", "n": 100}'),
        (MANIFEST, '{"made_by": "keras_vabc 1.0", "results_of": "benchmark", "files": {}}'),
        (RESULTS, '{"a": 1}'),
    ],
)
def test_tune_keeps_out_of_other_outputs(results, data, tmp_path, name, text):
    out = tmp_path / "out"
    out.mkdir()
    (out / name).write_text(text)
    fails("earlier results of tune", *command(data, out))
    assert [(path.name, path.read_text()) for path in out.iterdir()] == [(name, text)]


def test_a_bad_tune_leaves_nothing(results, data, tmp_path, monkeypatch):
    out, empty = tmp_path / "a" / "out", tmp_path / "empty"
    empty.mkdir()
    empty.chmod(0o2770)
    np.save(data / "bad.npy", np.zeros((10, 7)))
    for place in (out, empty):
        fails("must hold 3 numbers each", *command(data, place))
    np.save(data / "bad.npy", np.random.default_rng(6).normal(size=(40, 3)))
    monkeypatch.setattr(tuning, "prepare", lambda *_: press_ctrl_c())
    fails("Stopped", *command(data, out), code=130)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data", "empty"]
    assert not list(empty.iterdir()) and stat.S_IMODE(empty.stat().st_mode) == 0o2770


def test_tune_goes_on_and_knows_its_own_files(results, data, tmp_path):
    out = tmp_path / "out"
    succeeds(*command(data, out))
    assert {path.name for path in out.iterdir()} == {*WRITTEN, RESULTS, ARRAYS, MANIFEST, LOCK}
    assert made_here(out)
    (out / "notes.txt").write_text("a user's")
    page = (out / "README.md").read_bytes()
    results[3] = {"nge_estimated": 0.1}
    np.save(data / "all.npy", np.load(data / "all.npy") + 1)
    succeeds(*command(data, out))
    assert (out / "README.md").read_bytes() != page
    for name in WRITTEN:
        whole = (out / name).read_bytes()
        (out / name).write_bytes(whole + b"\n")
        before = contents(out)
        fails(f"out must have {name} as keras-vabc wrote it", *command(data, out))
        assert contents(out) == before
        (out / name).write_bytes(whole)
    succeeds(*command(data, out))
    assert (out / "notes.txt").read_text() == "a user's"


def test_tune_lists_every_file_that_it_could_not_read(results, tmp_path):
    rng, out = np.random.default_rng(4), tmp_path / "out"
    for name, count in (("all", 60), ("bad", 50)):
        write_images(tmp_path / name, rng.integers(0, 255, (count, 8, 8), "uint8"))
        for broken in range(2):
            (tmp_path / name / f"x{broken}\r.png").write_bytes(b"")
    paths = ["--unlabeled", tmp_path / "all", "--unwanted", tmp_path / "bad", "--out", out]
    words = ["tune", *paths, "--setting", "paper", "--seeds", 1, "--max-unreadable", 0.1]
    printed = " ".join(succeeds(*words).split())
    assert f"Every file that could not be read (4) is listed in {out / UNREADABLE}." in printed
    with open(out / UNREADABLE, newline="") as file:
        rows = [tuple(row.values()) for row in csv.DictReader(file, strict=True)]
    names = [("unlabeled", "x0\r.png"), ("unlabeled", "x1\r.png")]
    names += [("unwanted", "x0\r.png"), ("unwanted", "x1\r.png")]
    assert sorted(rows) == [(*name, "empty") for name in names]
    for path in tmp_path.glob("*/x*.png"):
        path.unlink()
    assert "could not be read" not in succeeds(*words)
    assert (out / UNREADABLE).read_text() == "fold,id,reason\n", "of what is read now"
    (out / UNREADABLE).write_text("my own")
    fails("out must have unreadable.csv as keras-vabc wrote it", *words)


def test_a_tune_that_was_killed_anywhere_goes_on(results, data, tmp_path):
    succeeds(*command(data, tmp_path / "out"))
    results[3] = {"nge_estimated": 0.1}  # so that the files to be replaced are others
    np.save(data / "all.npy", np.load(data / "all.npy") + 1)
    run = partial(keras_vabc, *command(data, tmp_path / "out"))
    times = 0
    while killed_at(os, "replace", run, times + 1):
        times += 1
    assert times > len(WRITTEN)
    succeeds(*command(data, tmp_path / "out"))
    assert not list((tmp_path / "out").rglob("*.npy")), "copies of the data"


def test_results_of_an_earlier_version_are_gone_on_with(results, data, tmp_path):
    out = tmp_path / "out"
    succeeds(*command(data, out))
    (out / MANIFEST).unlink()
    fails("move it away", *command(data, out))
    for name in WRITTEN:
        (out / name).rename(tmp_path / name)
    succeeds(*command(data, out))


def test_a_training_without_figures_is_not_chosen(results, data, tmp_path):
    results[1] = dict.fromkeys(tuning.FIGURES)
    results[2] = {"nge_estimated": 0.01, "positive_error": math.nan}
    results[3] = {"nge_estimated": 0.2, "nge_estimated_error": 0.01, "auc": None}
    printed = succeeds(*command(data, tmp_path / "out"))
    chosen = json.loads((tmp_path / "out" / "tuned.json").read_text())
    lines = list(stored_lines(tmp_path / "out").values())
    assert chosen["gamma"] == lines[3]["gamma"] and chosen["auc"] is None
    assert "–" in printed
    results.update({number: {"positive_error": None} for number in range(7)})
    np.save(data / "all.npy", np.load(data / "all.npy") + 1)
    fails("a training has diverged", *command(data, tmp_path / "out"), code=1)


def test_warnings_are_notes_and_the_next_command_is_one(results, data, tmp_path, recwarn):
    other = data.rename(tmp_path / NASTY.replace("/", "|"))
    printed = succeeds(*command(other, tmp_path / "out", "--epochs", 3))
    assert "Note: few [examples]\n" in printed and not recwarn.list
    (following,) = [line for line in printed.splitlines() if line.startswith("Next: ")]
    words = shlex.split(following)
    assert words[words.index("--unlabeled") + 1] == str(other / "all.npy")
    worse = other.rename(tmp_path / WORSE)
    (following,) = [
        line
        for line in succeeds(*command(worse, tmp_path / "new")).splitlines()
        if line.startswith("Next: ")
    ]
    assert r"/\x1b\x5b31mx\x0az/all.npy'" in following


def line_of(key, arrays):
    """What a run of a sweep leaves."""
    with open(os.path.join(arrays, f"{key}.npz"), "a") as file:
        file.write("x")
    return {"method": "counts", "dataset": "none", "negative_class": 0, "fraction": 1}


@pytest.fixture
def experiments(monkeypatch):
    """The experiments without their trainings."""
    from concurrent.futures import ThreadPoolExecutor

    empty = Section("", [], [], [(None, "")])
    for name, value in {
        "run_stages": lambda *_: {
            "quality on digits": demo.Quality(None, 0.0, [NASTY]),
            **dict.fromkeys(f"{m} on {d}" for m in demo.METHODS for d in ("digits", "moons2")),
        },
        "_trained": lambda *_: {},
        "_image_section": lambda *_: (empty, []),
        "_moons_section": lambda *_: (empty, []),
        "render_page": lambda *_: "",
        "plots": SimpleNamespace(png_bytes=lambda _: b""),
    }.items():
        monkeypatch.setattr(demo, name, value)
    monkeypatch.setattr(sweep, "worker_pool", lambda _: ThreadPoolExecutor(1))
    monkeypatch.setattr(reproduce, "runs_of", lambda *_: [Job("a", line_of, ("a",))])
    monkeypatch.setattr(reproduce, "render", lambda folder: [NASTY])
    monkeypatch.setattr(compare, "all_runs", lambda _: [Job("a", line_of, ("a",))])
    monkeypatch.setattr(compare, "render", lambda folder: 0)


@pytest.mark.parametrize("name", ["reproduce", "benchmark"])
def test_results_that_are_put_aside_are_never_replaced(experiments, tmp_path, name):
    out = tmp_path / "out"
    for number in range(3):
        succeeds(name, "--out", out, "--fresh")
        line = json.loads((out / RESULTS).read_text())
        (out / RESULTS).write_text(json.dumps({**line, "number": number}) + "\n")
    kept = [json.loads((out / f"results.old{end}").read_text()) for end in ("", "-2")]
    assert [line["number"] for line in kept] == [0, 1]
    for folder in ("arrays", "arrays.old", "arrays.old-2"):
        assert (out / folder / "a.npz").read_text() == "x"


def test_lines_that_are_put_aside_keep_their_arrays_wherever_it_is_killed(experiments, tmp_path):
    """Both stay, or both are put aside; and nothing is stored of which there is no array."""
    times = 0
    while True:
        out = tmp_path / str(times)
        succeeds("reproduce", "--out", out)
        mark(out, "old")
        fresh = partial(keras_vabc, "reproduce", "--out", out, "--fresh")
        if not killed_at(os, "replace", fresh, times + 1):
            break
        for line in stored_lines(out):
            assert (out / ARRAYS / f"{line}.npz").exists()
        succeeds("reproduce", "--out", out)  # goes on with what there is
        for end in (".old", ""):
            results, arrays = out / f"results{end or '.jsonl'}", out / f"arrays{end}"
            if results.exists():
                text = json.loads(results.read_text()).get("text", "")
                assert (arrays / "a.npz").read_text().strip("x") == text
        times += 1
    assert times >= 3


def mark(out, text):
    """Makes a stored line and its array known by a text."""
    line = json.loads((out / RESULTS).read_text())
    (out / RESULTS).write_text(json.dumps({**line, "text": text}) + "\n")
    (out / ARRAYS / "a.npz").write_text(text)


@pytest.mark.parametrize("name", ["reproduce", "benchmark", "demo", "tune"])
def test_paths_are_no_markup(experiments, results, data, tmp_path, name):
    options = [*command(data, "x")[1:5], "--setting", "paper"] if name == "tune" else []
    options += ["--dataset", "digits"] if name == "demo" else []
    nasty = tmp_path / NASTY
    assert str(nasty) in succeeds(name, *options, "--out", nasty)
    printed = succeeds(name, *options, "--out", tmp_path / WORSE)
    assert r"\x1b[31mx\nz" in printed and "\x1b" not in printed
    fails(r"out=" + str(tmp_path / "data"), name, *options, "--out", data)
    worse = data.rename(tmp_path / "\x1b[2Jdata\ny")
    done = fails("out must be", name, *options, "--out", worse)
    assert r"\x1b[2Jdata" in done.stderr and "\x1b" not in done.stderr


def test_saved_models_of_others_are_refused_before_any_training(monkeypatch, tmp_path):
    monkeypatch.setattr(reproduce, "run_missing", lambda *_, **__: 1 / 0)
    (tmp_path / "models" / "moons2").mkdir(parents=True)
    (tmp_path / "models" / "moons2" / "notes.txt").write_text("a user's")
    before = contents(tmp_path)
    places = ["--out", tmp_path / "out", "--saved-models", tmp_path / "models"]
    fails("saved-models must be", "reproduce", "fig4", *places)
    assert contents(tmp_path) == before


def test_a_changed_saved_model_asks_for_nothing_that_there_is_not(monkeypatch, tmp_path):
    monkeypatch.setattr(reproduce, "run_missing", lambda *_, **__: 1 / 0)
    place = tmp_path / "models" / "moons2"
    with new_output(place, SHIPPED, folder=True) as output:
        (output.path / "x").write_text("a model")
    (place / "x").write_text("changed")
    places = ["--out", tmp_path / "out", "--saved-models", tmp_path / "models"]
    done = fails("saved-models must be a new or empty folder, or one", "reproduce", "fig4", *places)
    assert "overwrite" not in done.stderr


def test_the_results_of_this_repository_can_be_gone_on_with():
    from keras_vabc.experiments import tune_check
    from keras_vabc.experiments.benchmark import page as benchmark_page
    from keras_vabc.experiments.paper import page

    root = Path(__file__).parents[2]
    for name, own in (("paper", page), ("benchmark", benchmark_page), ("tune", tune_check)):
        command = {"paper": "reproduce", "tune": "tune_check"}.get(name, name)
        check_results_place(root / "docs" / "results" / name, command, own.FILES)
    for folder in (root / "saved_models").iterdir():
        assert is_unchanged(folder, read_manifest(folder / MANIFEST))


def test_a_full_standard_output_is_named(experiments, tmp_path):
    with open("/dev/full", "w") as full, pytest.raises(SystemExit) as end:
        with contextlib.redirect_stdout(full), contextlib.redirect_stderr(io.StringIO()) as stderr:
            app(["demo", "--dataset", "digits", "--out", str(tmp_path / "out")])
    assert end.value.code == 2
    assert "No space left on device: 'standard output'" in stderr.getvalue()
    assert stderr.getvalue().count("\n") == 1 and not list(tmp_path.iterdir())
