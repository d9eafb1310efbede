"""Parts of a run know each other: one of another run is refused by its name, before any work."""

import contextlib
import json
import shutil
import subprocess
import sys

import numpy as np
import pytest
from command_line import contents, fails, keras_vabc, record, succeeds
from faults import press_ctrl_c
from fuzzing import seeds

import keras_vabc as kv
from keras_vabc.files.array_files import read_array_file, write_array_file
from keras_vabc.recipes import run as run_module
from keras_vabc.recipes import training
from keras_vabc.recipes.parts import FILES
from keras_vabc.recipes.run import Run

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


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("file", FILES.values())
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


@contextlib.contextmanager
def stopped(owner, name, when=lambda *_: True):
    """A training that Ctrl-C stops where a function is called."""
    function = getattr(owner, name)

    def stop(*arguments, **options):
        if when(*arguments):
            press_ctrl_c()
        return function(*arguments, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(owner, name, stop)
        yield


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
    np.testing.assert_allclose(scores, kv.open_run(half).score(rows), rtol=1e-5)


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
    (run / file).write_bytes(b"half of another try")  # it is made anew
    succeeds(*command(tables, run))
    succeeds("threshold", run)


def test_a_checkpoint_of_another_run_is_refused(tables, tmp_path):
    """Even of one that is alike: the same data, seed and settings."""
    one, other = tmp_path / "one", tmp_path / "other"
    for run in (one, other):
        with stopped(training.EpochReport, "on_epoch_end", lambda _, epoch, logs: epoch == 1):
            assert keras_vabc(*command(tables, run)).exit_code == 130
    shutil.copy(other / "model.checkpoint", one)
    before = contents(one)
    fails("model.checkpoint, of another owner", *command(tables, one))
    assert contents(one) == before
