"""Parts of a run know each other: one of another run is refused by its name, before any work."""

import functools
import json
import shutil
import subprocess
import sys

import numpy as np
import pytest
from command_line import contents, fails, keras_vabc, record, succeeds, write_images
from faults import stopped
from fuzzing import seeds

import keras_vabc as kv
from keras_vabc.files import writing
from keras_vabc.files.array_files import read_array_file, write_array_file
from keras_vabc.nu import members
from keras_vabc.nu.checkpoints import MemberCheckpoint
from keras_vabc.nu.classifier import NUClassifier
from keras_vabc.recipes import run as run_module
from keras_vabc.recipes import training
from keras_vabc.recipes.parts import FILES
from keras_vabc.recipes.run import Run
from keras_vabc.recipes.training import Training

COMMANDS = {
    "threshold": ["threshold", "RUN"],
    "evaluate": ["evaluate", "RUN"],
    "sample": ["sample", "RUN", "-n", "5", "--out", "OUT/x.csv"],
    "score": ["score", "RUN", "--input", "DATA", "--out", "OUT/scores.csv"],
    "report": ["report", "RUN"],
    "export": ["export", "RUN", "--out", "OUT/model"],
    "from": [
        "train",
        "--unlabeled",
        "DATA",
        "--unwanted",
        "DATA",
        "--out",
        "OUT/r",
        "--from",
        "RUN",
    ],
}


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Three runs: two of the same shape, of other rows and seeds, and one of another shape."""
    folder = tmp_path_factory.mktemp("runs")
    for seed, (name, columns) in enumerate({"one": 3, "other": 3, "wider": 4}.items(), 3):
        seeds.write_run(folder / name, seed, columns)
    np.savetxt(folder / "x.csv", seeds.ROWS, delimiter=",", header="a,b,c", comments="")
    return folder


@pytest.fixture
def run(runs, tmp_path):
    """A copy of the first run, alone in a folder."""
    return shutil.copytree(runs / "one", tmp_path / "run")


def filled(command, runs, run, out):
    places = {"RUN": run, "DATA": runs / "x.csv"}
    return [str(places.get(word, word)).replace("OUT", str(out)) for word in command]


@pytest.fixture(scope="module")
def typed_runs(tmp_path_factory):
    """Two runs of typed tables, and data of their columns."""
    folder = tmp_path_factory.mktemp("typed_runs")
    for number, name in enumerate(("one", "other")):
        table = np.tile(seeds.ROWS, (2, 1)) + number
        for path, rows in ((folder / "x.csv", table), (folder / "bad.csv", table[:40] + 4)):
            np.savetxt(path, rows, delimiter=",", header="a,b,c", comments="", fmt="%.3f")
        folds = ["--unlabeled", folder / "x.csv", "--unwanted", folder / "bad.csv"]
        options = ["--setting", "paper", "--epochs", 1, "--out", folder / name]
        succeeds("train", *folds, *options)
    return folder


@pytest.mark.parametrize("command", COMMANDS)
def test_columns_of_another_run_are_refused_by_every_command(typed_runs, tmp_path, command):
    run = shutil.copytree(typed_runs / "one", tmp_path / "run")
    shutil.copy(typed_runs / "other" / "columns.json", run)
    before = contents(tmp_path)
    words = filled(COMMANDS[command], typed_runs, run, tmp_path / "out")
    argument = "from" if command == "from" else "RUN"
    fails(f"{argument} must have its own columns.json", *words)
    assert contents(tmp_path) == before


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("file", [name for name in FILES.values() if name != "columns.json"])
def test_a_part_of_another_run_is_refused_by_every_command(runs, run, tmp_path, file, command):
    shutil.copy(runs / "other" / file, run / file)
    before = contents(tmp_path)
    argument = "from" if command == "from" else "RUN"
    words = filled(COMMANDS[command], runs, run, tmp_path / "out")
    fails(f"{argument} must have its own {file}", *words)
    assert contents(tmp_path) == before


def test_the_parts_that_belong_together_are_taken(runs, run, tmp_path):
    for name in ("threshold", "score"):
        succeeds(*filled(COMMANDS[name], runs, run, tmp_path / "out"))
    assert record(run)["threshold"]["scores"] == record(run)["parts"]["scores.npz"]


@pytest.mark.parametrize(
    ("file", "other", "message"),
    [
        ("nu.keras", "other", "with one of negative share"),
        ("nu.keras", "wider", "with one of"),
        ("model.keras", "wider", "with one of shape [4], not [3]"),
        ("scores.npz", "longer", "with one of unlabeled examples 13, not 12"),
        ("density.npz", "longer", "with one of latents"),
        ("history.json", "longer", "with one of epochs 4, not 3"),
    ],
)
def test_a_run_without_hashes_compares_what_can_be_compared(
    runs, run, tmp_path, file, other, message
):
    seeds.make_old(run)
    succeeds("threshold", run)
    if other == "longer":
        lengthen(run / file)
    else:
        shutil.copy(runs / other / file, run / file)
    before = contents(tmp_path)
    command = {"scores.npz": "threshold", "history.json": "report", "density.npz": "sample"}
    words = COMMANDS[command.get(file, "score")]
    fails(f"must have its own {file}", *filled(words, runs, run, tmp_path / "out"))
    done = keras_vabc(*filled(words, runs, run, tmp_path / "out"))
    assert message in done.stderr and contents(tmp_path) == before


def lengthen(path):
    """A part of the same form, of one example, latent or epoch more."""
    if path.suffix == ".json":
        history = json.loads(path.read_text())
        path.write_text(json.dumps({name: [*losses, 1.0] for name, losses in history.items()}))
        return
    arrays, stored = read_array_file(path)
    if "means" in arrays:
        count = arrays["means"].shape[1] + 1
        more = {"means": np.zeros((1, count)), "scales": np.eye(count)[None]}
    else:
        more = {name: np.append(scores, 0.5) for name, scores in arrays.items()}
    write_array_file(path, arrays | more, stored)


def test_tensorflow_does_not_start_before_a_part_is_refused(runs, run):
    shutil.copy(runs / "other" / "model.keras", run)
    code = (
        "import sys\nfrom keras_vabc.recipes.run import open_run\n"
        "try:\n    open_run(sys.argv[1])\nexcept ValueError as error:\n    print(error)\n"
        "sys.exit(bool({'tensorflow', 'keras'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(run)], check=False, capture_output=True, text=True
    )
    assert done.returncode == 0 and "run must have its own model.keras" in done.stdout


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        (("settings", "seed"), 4, "settings, data.test_share: not those that the run began with"),
        (("data", "test_share"), 0.3, "settings, data.test_share: not those"),
        (("threshold", "scores"), "0" * 64, "threshold.scores: chosen from another scores.npz"),
        (("threshold", "value"), 1e300, "threshold.value"),
        (("figures", "negative_share_interval"), [0.9, 0.1], "figures.negative_share_interval"),
        (("provenance", "date"), "soon", "provenance.date"),
        (("recipe", "density"), "x", "recipe.density"),
        (("spec", "shape"), [4], "spec"),
        (("counts", "unwanted", "read"), -60, "counts.unwanted.read"),
        (("surplus",), 1, "surplus"),
    ],
)
def test_an_edited_field_is_named(run, tmp_path, field, value, message):
    stored = part = record(run)
    for name in field[:-1]:
        part = part[name]
    part[field[-1]] = value
    (run / "run.json").write_text(json.dumps(stored))
    before = contents(tmp_path)
    fails(message, "threshold", run)
    assert contents(tmp_path) == before


def test_a_spec_of_another_shape_than_the_model_s_is_refused(run):
    stored = record(run)
    stored["spec"] |= {"shape": [4], "columns": ["a", "b", "c", "d"]}
    (run / "run.json").write_text(json.dumps(stored))
    fails("own model.keras", "threshold", run)


# Training


@pytest.fixture(scope="module")
def tables(tmp_path_factory):
    """A folder with `all.csv` and `bad.csv`."""
    folder, rows = tmp_path_factory.mktemp("tables"), np.random.default_rng(7).normal(size=(80, 2))
    for name, table in (("all", rows), ("bad", rows[:20] + 5)):
        np.savetxt(folder / f"{name}.csv", table, delimiter=",")
    return folder


def command(tables, run, seed=3):
    paths = ["--unlabeled", tables / "all.csv", "--unwanted", tables / "bad.csv", "--out", run]
    return ["train", *paths, "--setting", "paper", "--epochs", 2, "--seed", seed]


@pytest.fixture(scope="module")
def halves(tables):
    """Two trainings, alike but for their seeds, that were stopped after their models."""
    with stopped(Run, "score_rows"):
        for name, seed in (("half", 3), ("other", 4)):
            assert keras_vabc(*command(tables, tables / name, seed)).exit_code == 130
    assert list(record(tables / "half")["stages"]) == ["intake", "model", "density"]
    return tables


@pytest.fixture
def half(halves, tmp_path):
    """A copy of the first."""
    return shutil.copytree(halves / "half", tmp_path / "run")


def test_a_training_does_not_go_on_with_a_part_of_another_run(halves, half):
    own = (half / "model.keras").read_bytes()
    shutil.copy(halves / "other" / "model.keras", half)
    before = contents(half)
    fails("out must have its own model.keras", *command(halves, half))
    assert contents(half) == before
    (half / "model.keras").write_bytes(own)
    succeeds(*command(halves, half))


@pytest.mark.parametrize(("file", "name"), [("all", "unlabeled"), ("bad", "unwanted")])
def test_data_of_the_same_number_that_changed_are_refused(halves, half, file, name):
    shutil.rmtree(half / "work")
    model, path = (half / "model.keras").read_bytes(), halves / f"{file}.csv"
    text = path.read_text()
    path.write_text(text.replace(text[:6], "0.1250", 1))
    try:
        fails(f"{name} must be as it was when the run began", *command(halves, half))
    finally:
        path.write_text(text)
    assert (half / "model.keras").read_bytes() == model
    succeeds(*command(halves, half))


def test_working_copies_of_other_data_are_read_again(halves, half):
    rows = np.load(half / "work" / "test_unlabeled.npy")
    np.save(half / "work" / "test_unlabeled.npy", rows + 1)
    succeeds(*command(halves, half))
    with np.load(half / "scores.npz") as stored:
        scores = stored["unlabeled"]
    np.testing.assert_allclose(scores, kv.open_run(half).score_rows(rows), rtol=1e-5)


@pytest.mark.parametrize(
    ("file", "hashed"), [("model.keras", False), ("history.json", True), ("scores.npz", False)]
)
def test_a_kill_between_a_part_and_its_record_refuses_nothing(tables, tmp_path, file, hashed):
    """The first command is stopped before the record gets the hash, or at the next change of it."""
    run = tmp_path / "run"

    def when(folder, changed):
        known = (run / "run.json").exists() and file in record(run)["parts"]
        return known if hashed else file in changed.parts

    with stopped(run_module, "write_record", when):
        assert keras_vabc(*command(tables, run)).exit_code == 130
    stored = record(run)
    assert (file in stored["parts"]) == hashed and stored["status"] == "training"
    assert (run / file).exists() == hashed
    succeeds(*command(tables, run))  # it is made anew
    succeeds("threshold", run)


@pytest.mark.parametrize("file", ["model.keras", "scores.npz"])
def test_a_kill_between_a_record_and_its_part_refuses_nothing(tables, tmp_path, file):
    """Of a first try, and of one that makes a part anew."""
    run = tmp_path / "run"
    for attempt in range(2):
        with stopped(writing.os, "replace", lambda source, target: target == run / file):
            assert keras_vabc(*command(tables, run)).exit_code == 130
        assert file in record(run)["parts"] and not (run / file).exists()
        if not attempt:  # the next try finds the part of an unfinished stage
            with stopped(run_module, "write_record", lambda *_: (run / file).exists()):
                assert keras_vabc(*command(tables, run)).exit_code == 130
            assert (run / file).exists()
    succeeds(*command(tables, run))
    succeeds("threshold", run)


OWN = ("unreadable.csv", "history.json", "scores.npz", "model.keras", "model.checkpoint")


@pytest.fixture(scope="module")
def begun(tables):
    """A training that was stopped after its intake, which left out a file."""
    photos = write_images(
        tables / "photos", np.random.default_rng(3).integers(0, 255, (60, 6, 6), "uint8")
    )
    (photos / "broken.png").write_bytes(b"no image")
    write_images(tables / "flagged", np.random.default_rng(4).integers(0, 255, (20, 6, 6), "uint8"))
    with stopped(Training, "finish"):
        assert keras_vabc(*pictures(tables, tables / "begun")).exit_code == 130
    assert list(record(tables / "begun")["parts"]) == ["unreadable.csv"]
    return tables


def pictures(tables, run):
    paths = ["--unlabeled", tables / "photos", "--unwanted", tables / "flagged", "--out", run]
    return ["train", *paths, "--setting", "paper", "--epochs", 2, "--max-unreadable", 0.1]


@pytest.mark.parametrize("file", OWN)
def test_a_user_s_file_of_the_name_of_a_part_is_refused_and_stays(begun, tmp_path, file):
    run = shutil.copytree(begun / "begun", tmp_path / "run")
    if file == "unreadable.csv":
        (run / "work" / "unlabeled.npy").unlink()  # it would be written again
    (run / file).write_text("my own")
    before = contents(run)
    fails(f"out must have room for {file}. Received: out={run}", *pictures(begun, run))
    assert contents(run) == before


def test_what_a_training_leaves_out_is_listed_again(begun, tmp_path):
    run = shutil.copytree(begun / "begun", tmp_path / "run")
    listed = (run / "unreadable.csv").read_bytes()
    shutil.rmtree(run / "work")
    for file in ("density.checkpoint", "density.npz", "nu.keras"):  # which this run does not write
        (run / file).write_text("my own")
    succeeds(*pictures(begun, run))
    assert (run / "unreadable.csv").read_bytes() == listed
    for file in ("density.checkpoint", "density.npz", "nu.keras"):
        assert (run / file).read_text() == "my own"


def test_a_user_s_file_that_comes_while_a_part_is_made_stays(tables, tmp_path):
    run = tmp_path / "run"

    def when(report, epoch, logs):
        (run / "history.json").write_text("my own")

    with stopped(training.EpochReport, "on_epoch_end", when):
        fails("out must have room for history.json", *command(tables, run))
    assert (run / "history.json").read_text() == "my own"
    (run / "history.json").unlink()
    succeeds(*command(tables, run))


def test_a_checkpoint_of_a_finished_step_is_deleted_if_it_is_the_run_s(halves, half):
    own = half / "model.checkpoint"
    own.write_text("my own")
    succeeds(*command(halves, half))
    assert own.read_text() == "my own"


def second_epoch(report, epoch, logs):
    return epoch == 1


def second_member(checkpoint, member, *_):
    return member == 1


@pytest.mark.parametrize(
    ("step", "owner", "name", "when", "setting"),
    [
        ("model", training.EpochReport, "on_epoch_end", second_epoch, "paper"),
        ("classifier", MemberCheckpoint, "store", second_member, "quality"),
    ],
)
def test_a_checkpoint_of_another_run_is_refused(
    tables, tmp_path, monkeypatch, step, owner, name, when, setting
):
    """Even of one that is alike: the same data, seed and settings."""
    monkeypatch.setattr(members, "LEAST_STEPS", 20)
    of_networks = functools.partial(NUClassifier, network="small")  # trees keep no checkpoint
    monkeypatch.setattr(training, "NUClassifier", of_networks)
    one, other = tmp_path / "one", tmp_path / "other"
    for run in (one, other):
        with stopped(owner, name, when):
            assert keras_vabc(*command(tables, run), "--setting", setting).exit_code == 130
    shutil.copy(other / f"{step}.checkpoint", one)
    before = contents(one)
    words = [*command(tables, one), "--setting", setting]
    fails(f"out must have room for {step}.checkpoint", *words)
    assert contents(one) == before
