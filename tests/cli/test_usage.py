"""What is asked for wrongly is one line, before any work: options, names, numbers."""

import dataclasses
import json
import math
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import typer
from command_line import fails, keras_vabc, succeeds
from fuzzing import seeds
from typer.core import TyperCommand

from keras_vabc.cli.main import app
from keras_vabc.data.ranges import MOST_PIXELS, REAL, REAL_BELOW, WHOLE, checked
from keras_vabc.nu import members
from keras_vabc.recipes import autoencoder, sweep, tune
from keras_vabc.recipes.sweep import stored_lines
from keras_vabc.vabc.optimizers import FusedAdam

DATA = ["--unlabeled", "all.csv", "--unwanted", "bad.csv", "--out", "run"]
HUGE, DIGITS = 10**20, "9" * 5000


@pytest.fixture(autouse=True)
def _folder(tmp_path, monkeypatch):
    """An empty folder to stand in, in which nothing may appear."""
    monkeypatch.chdir(tmp_path)
    yield
    assert [path.name for path in tmp_path.iterdir() if path.name != "kept"] == []


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["train", "--out", "run"], "Missing option '--unlabeled'. See keras-vabc train --help."),
        (["train", *DATA[:2], "--out", "run"], "Missing option '--unwanted'. See keras-vabc"),
        (["train", "--dataset", "cats", "--out", "run"], "'--dataset': "),
        (["train", *DATA, "--dataset", "adult"], "dataset must stand in the place of unlabeled"),
        (["train", *DATA[:4], "--out"], "'--out' requires an argument. See keras-vabc train --h"),
        (["train", *DATA, "--unlabled", "x"], "No such option: --unlabled (Possible options: --"),
        (["train", *DATA, "--qqq"], "No such option: --qqq. See keras-vabc train --help."),
        (["train", *DATA, "--setting", "best"], "'--setting': "),
        (["train", *DATA, "--seed", "x"], "'--seed': "),
        (["train", *DATA, "--seed", "-1"], "seed must be a whole number >= 0. Received: seed=-1."),
        (["train", *DATA, "--seed", "1.5"], "'--seed': "),
        (["train", *DATA, "--image-size", "28"], "must be HEIGHTxWIDTH, such as 28x28, not '28'."),
        (["sample"], "Missing argument 'RUN'. See keras-vabc sample --help."),
        (["sample", "run", "more", "--out", "x"], "unexpected extra argument"),
        (["threshold", "run", "--max-false-alarms", "2"], "max_false_alarms must be a number in"),
        (["demo", "--dataset", "cats"], "'--dataset': "),
        (["absent"], "No such command 'absent'"),
        (["--absent"], "No such option: --absent. See keras-vabc --help."),
    ],
)
def test_a_usage_error_is_one_line(words, message):
    fails(message, *words)


def test_what_was_given_is_shown():
    for words in (["--seed", "x7"], ["--image-size", "3"], ["--setting", "best"]):
        fails(words[1], "train", *DATA, *words)
    assert len(fails("'--seed'", "train", *DATA, "--seed", DIGITS).stderr) < 300


def test_without_a_command_there_is_help():
    assert "Commands" in keras_vabc().output and keras_vabc().exit_code == 2
    assert "Commands" in keras_vabc("--help").output


@pytest.mark.parametrize(
    ("words", "name"),
    [
        (["train", *DATA, "--gamma", "1e-300"], "gamma"),
        (["train", *DATA, "--gamma", "1e39"], "gamma"),
        (["train", *DATA, "--gamma", "nan"], "gamma"),
        (["train", *DATA, "--gamma", "-1"], "gamma"),
        (["train", *DATA, "--seed", HUGE], "seed"),
        (["train", *DATA, "--epochs", HUGE], "epochs"),
        (["train", *DATA, "--image-size", f"{10**9}x{10**9}"], "image_size"),
        (["train", *DATA, "--image-size", "5000x5000"], "image_size"),
        (["train", *DATA, "--max-unreadable", "nan"], "max_unreadable"),
        (["tune", *DATA, "--max-unreadable", "nan"], "max_unreadable"),
        (["tune", *DATA, "--seeds", HUGE], "seeds"),
        (["tune", *DATA, "--workers", HUGE], "workers"),
        (["tune", *DATA, "--epochs", HUGE], "epochs"),
        (["sample", "run", "--out", "x.csv", "-n", HUGE], "n"),
        (["sample", "run", "--out", "x.csv", "--seed", HUGE], "seed"),
        (["evaluate", "run", "--seed", HUGE], "seed"),
        (["threshold", "run", "--max-false-alarms", "nan"], "max_false_alarms"),
        (["demo", "--out", "run", "--seed", HUGE], "seed"),
        (["demo", "--out", "run", "--epochs", HUGE], "epochs"),
        (["reproduce", "fig2", "--out", "run", "--workers", HUGE], "workers"),
        (["benchmark", "vae", "--out", "run", "--workers", HUGE], "workers"),
    ],
)
def test_a_number_out_of_range_is_refused_before_any_work(words, name):
    """The data and the run that the command names are not there: they would be missed next."""
    assert fails(name, *words).stderr.startswith(f"keras-vabc: {name} must be ")


TABLE = {**WHOLE, **REAL, **REAL_BELOW}
OPTIONS = [
    (command.name or command.callback.__name__, parameter)
    for command in typer.main.get_command(app).commands.values()
    for parameter in command.params
]


def test_options_have_no_range_but_that_of_python():
    commands = {command for command, _ in OPTIONS}
    ranges = {c: len(re.findall("x[<>]=", keras_vabc(c, "--help").output)) for c in commands}
    assert ranges == dict.fromkeys(commands, 0) | {"demo": 1}  # the class, which is its own
    assert {option.name for _, option in OPTIONS} > TABLE.keys()


def test_a_command_takes_what_python_takes(monkeypatch):
    """Of each option that has a range, the ends and what lies beyond; no command runs."""
    monkeypatch.setattr(TyperCommand, "invoke", lambda *_: None)
    for command, option in OPTIONS:
        if option.name not in TABLE:
            continue
        least, most = TABLE[option.name]
        beyond = most if option.name in REAL_BELOW else most + 1
        most = math.nextafter(most, 0) if option.name in REAL_BELOW else most
        for value in (least, most):
            succeeds(command, *needed(command), option.opts[0], value)
            assert checked(option.name, value) == value
        for value in (least - 1, beyond):
            done = fails(f"{option.name} must be", command, *needed(command), option.opts[0], value)
            with pytest.raises(ValueError) as told:
                checked(option.name, float(value) if option.name not in WHOLE else value)
            assert done.stderr == f"keras-vabc: {told.value}\n"


def needed(command):
    """Words for what a command cannot do without."""
    for name, parameter in OPTIONS:
        if name == command and parameter.required:
            yield from parameter.opts[:1] if parameter.opts[0].startswith("-") else ()
            yield "x"


@pytest.mark.parametrize("name", WHOLE)
def test_the_ends_of_a_range_are_in_it(name):
    least, most = WHOLE[name]
    for value in (least, most, np.int64(most), np.uint8(least)):
        assert checked(name, value) == value and type(checked(name, value)) is int
    for value in (least - 1, most + 1, float(most), True, np.True_, None, "1", np.arange(2)):
        with pytest.raises(ValueError, match=f"{name} must be a whole number [<>]= .* Received: "):
            checked(name, value)


@pytest.mark.parametrize("name", REAL)
def test_numbers_of_any_kind_are_taken(name):
    least, most = REAL[name]
    for value in (least, most, int(most), np.float32(0.5)):
        assert checked(name, value) == value and type(checked(name, value)) is float
    for value in (-1, 10**400, math.nan, math.inf, True, None, "1"):
        with pytest.raises(ValueError, match=f"{name} must be a number in "):
            checked(name, value)


def test_an_image_may_be_long_but_not_large():
    assert checked("image_size", np.array([64, 10_000])) == (64, 10_000)
    assert checked("image_size", [1, MOST_PIXELS]) == (1, MOST_PIXELS)
    for size in ((1, MOST_PIXELS + 1), (2, MOST_PIXELS), (0, 5), (5.0, 5), "5x5", 5, (5, 5, 1)):
        with pytest.raises(ValueError, match="image_size must be"):
            checked("image_size", size)


@pytest.mark.parametrize("words", [["train", *DATA, "--gamma", "1e-300"], ["train", "--absent"]])
def test_nothing_slow_is_loaded_for_it(words):
    code = (
        "import sys\nfrom keras_vabc.cli.main import app\n"
        "try:\n    app(sys.argv[1:])\nfinally:\n"
        "    print({'tensorflow', 'keras'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *words], check=False, capture_output=True, text=True
    )
    assert done.returncode == 2 and done.stdout == "set()\n"


# A training that diverges


@pytest.fixture
def diverging(monkeypatch):
    """A step of the optimizer is so large that no loss is finite."""
    monkeypatch.setattr(autoencoder, "FusedAdam", lambda rate, **_: FusedAdam(1e30))


def test_a_training_that_diverges_says_what_to_change(tmp_path, diverging):
    kept = tmp_path / "kept"
    kept.mkdir()
    np.savetxt(kept / "all.csv", seeds.ROWS, delimiter=",")
    np.savetxt(kept / "bad.csv", seeds.ROWS[:20] + 5, delimiter=",")
    words = ["--unlabeled", kept / "all.csv", "--unwanted", kept / "bad.csv", "--out", kept / "run"]
    words += ["--setting", "paper", "--epochs", 1, "--seed", 6, "--gamma", 0.25]
    done = fails("gamma=0.25 and seed=6 has diverged", "train", *words, code=1)
    options = keras_vabc("train", "--help").output
    for advice in ("seed", "gamma", "epochs"):
        assert advice in done.stderr.split("diverged")[1] and f"--{advice}" in options


@pytest.fixture
def tuning(tmp_path, monkeypatch):
    """A small `tune` of two gammas, in threads of this process."""
    kept = tmp_path / "kept"
    kept.mkdir()
    monkeypatch.setattr(sweep, "worker_pool", lambda _: ThreadPoolExecutor(1))
    monkeypatch.setattr(members, "LEAST_STEPS", 20)
    monkeypatch.setattr(tune, "STRENGTHS", (0.5, 5.0))
    monkeypatch.setattr(tune, "SAMPLES", 100)
    rows = np.random.default_rng(8).normal(size=(200, 2))
    np.savetxt(kept / "all.csv", rows, delimiter=",")
    np.savetxt(kept / "bad.csv", rows[:80] + 5, delimiter=",")
    words = ["--unlabeled", kept / "all.csv", "--unwanted", kept / "bad.csv"]
    return ["tune", *words, "--out", kept / "out", "--setting", "paper", "--epochs", 1]


def test_one_training_that_diverges_ends_no_tune(tuning, monkeypatch):
    gammas, build = [], autoencoder.build

    def built(setting, *arguments, **options):
        if setting.method == "vabc" and not gammas:
            gammas.append(setting.gamma)
        rate = 1e30 if setting.method == "vabc" and setting.gamma in gammas else 1e-3
        own = dataclasses.replace(setting, learning_rate=rate)
        return build(own, *arguments, **options)

    monkeypatch.setattr(autoencoder, "build", built)
    printed = succeeds(*tuning, "--seeds", 1)
    assert printed.count("it has diverged") == 1
    out = tuning[tuning.index("--out") + 1]
    (lost,) = [line for line in stored_lines(out).values() if line["nge_estimated"] is None]
    assert lost["gamma"] == gammas[0] and not any(map(lost.get, (*tune.FIGURES, "penalty_weight")))
    assert json.loads((out / "tuned.json").read_text())["gamma"] > gammas[0]
    assert "3 runs, 0 of them missing" in succeeds(*tuning, "--seeds", 1)


def test_a_tune_of_which_all_diverges_is_one_line(tuning, diverging):
    """Its advice names what tune has: an option of how many seeds, and none of which."""
    done = fails("Of every gamma a training has diverged", *tuning, "--seeds", 1, code=1)
    assert "epochs" in done.stderr and "nother seed" not in done.stderr
