"""The command line as a user meets it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest


def keras_vabc(*arguments, **environment):
    command = [Path(sys.executable).with_name("keras-vabc"), *arguments]
    return subprocess.run(
        command, capture_output=True, text=True, check=False, env={**os.environ, **environment}
    )


def test_help_lists_the_commands():
    """What takes long, TensorFlow, is not loaded: see test_imports.py."""
    done = keras_vabc("--help")
    assert done.returncode == 0
    assert "demo" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["demo", "--epochs", "0"], "epochs must be a whole number >= 1"),
        (["demo", "--negative-class", "10"], "--negative-class"),
        (["demo", "--dataset", "cats"], "--dataset"),
        (["demo", "--absent"], "--absent"),
        (["absent"], "absent"),
    ],
)
def test_bad_options_end_with_code_2(arguments, message):
    done = keras_vabc(*arguments)
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_an_unwritable_folder_is_one_line(tmp_path):
    (tmp_path / "file").write_text("kept")
    done = keras_vabc("demo", "--dataset", "digits", "--out", str(tmp_path / "file" / "run"))
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "out must be a folder that can be made" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_damaged_file_is_one_line_and_leaves_nothing(tmp_path):
    data = tmp_path / "data" / "mnist"
    data.mkdir(parents=True)
    for part in ("train", "t10k"):
        for kind in ("images-idx3", "labels-idx1"):
            (data / f"{part}-{kind}-ubyte").write_bytes(b"\0\0\x08\x03broken")
    out = tmp_path / "run"
    done = keras_vabc("demo", "--out", str(out), KERAS_VABC_DATA=str(tmp_path / "data"))
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "ubyte" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    out = tmp_path_factory.mktemp("demo") / "run"
    arguments = ["demo", "--dataset", "digits", "--epochs", "4", "--out", str(out), "--seed", "3"]
    done = keras_vabc(*arguments)
    assert done.returncode == 0, done.stderr
    return out, done


def test_the_demo_writes_a_whole_run(demo):
    out, _ = demo
    assert {path.name for path in out.iterdir()} == {
        "report.html",
        "results.jsonl",
        "samples.png",
        "digits-vae.keras",
        "digits-vabc.keras",
        "digits-quality.keras",
        "moons2-vae.keras",
        "moons2-vabc.keras",
    }
    assert [path.name for path in out.parent.iterdir()] == ["run"]
    page = (out / "report.html").read_text(encoding="utf-8")
    assert page.count("data:image/png;base64,") == 4
    assert "http" not in page


def test_the_demo_prints_what_it_stores(demo):
    """After four epochs the guard rejects every sample of `quality`, and a note says so."""
    out, done = demo
    assert "There are no samples of the setting quality" in done.stdout
    lines = [json.loads(line) for line in (out / "results.jsonl").read_text().splitlines()]
    assert [(line["dataset"], line["method"]) for line in lines] == [
        (dataset, method) for dataset in ("digits", "moons2") for method in ("vae", "vabc", "real")
    ]
    assert len({line["key"] for line in lines if line["method"] != "real"}) == 4
    for line in lines:
        assert line["seed"] == 3
        assert 0 <= line["nge_strict"] <= 1
        low, high = line["nge_strict_interval"]
        assert low <= line["nge_strict"] <= high
        assert f"{100 * line['nge_strict']:.2f}" in done.stdout
        assert line["versions"]["keras_vabc"]
        assert "--dataset digits" in line["command"]


def test_the_demo_keeps_a_folder_that_holds_something(demo):
    out, _ = demo
    before = sorted((path.name, path.stat().st_mtime_ns) for path in out.iterdir())
    done = keras_vabc("demo", "--dataset", "digits", "--epochs", "1", "--out", str(out))
    assert done.returncode == 2
    assert "out must be a new or empty folder" in done.stderr
    assert sorted((path.name, path.stat().st_mtime_ns) for path in out.iterdir()) == before
