"""`keras-vabc review` as a user calls it."""

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from command_line import fails

import keras_vabc as kv
from keras_vabc.recipes.record_file import RUN_FILE

EARLIER = Path(__file__).parents[1] / "recipes" / "run-0.1"
CODE = "from keras_vabc.cli.main import main; main()"


def test_without_the_extra_it_is_one_line_that_names_it(tmp_path, monkeypatch):
    for name in ("fastapi", "uvicorn"):
        with monkeypatch.context() as patch:
            patch.setitem(sys.modules, name, None)
            fails('pip install "keras_vabc[review]"', "review", EARLIER, code=1)
            with pytest.raises(ImportError, match=r"keras_vabc\[review\]"):
                kv.review(EARLIER)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("port", ["0", "65536", "-1"])
def test_a_port_is_a_port(copy, port):
    fails("port must be a whole number", "review", copy, "--input", copy, "--port", port)
    assert not (copy / "review.db").exists()


def test_what_is_no_run_or_not_there_is_one_line(copy, tmp_path):
    fails("RUN must be the folder of a run", "review", tmp_path / "absent")
    fails("which is not there", "review", copy, "--input", tmp_path / "absent.csv")
    (tmp_path / "empty.csv").write_text("a,b\n")
    fails("input must", "review", copy, "--input", tmp_path / "empty.csv")
    (copy / "review.db").write_bytes(b"mine")
    fails("did not make; move it away", "review", copy, "--input", copy / "unlabeled.csv")
    assert (copy / "review.db").read_bytes() == b"mine"


@pytest.fixture
def copy(tmp_path):
    """A run of an earlier version, of vectors."""
    folder = tmp_path / "run"
    folder.mkdir()
    for path in EARLIER.iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    return folder


@contextlib.contextmanager
def ended(process):
    """Ends a process that a failure would leave, and wait for."""
    try:
        yield
    finally:
        process.kill()


def test_it_serves_until_it_is_stopped_at_the_next_free_port(copy):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = other.getsockname()[1]
        command = [sys.executable, "-c", CODE, "review", copy, "--no-browser", "--port", taken]
        command += ["--input", copy / "unlabeled.csv"]
        with (
            subprocess.Popen(
                list(map(str, command)),
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                env=os.environ | {"PYTHONUNBUFFERED": "1", "COLUMNS": "200"},
            ) as served,
            ended(served),
        ):
            first, second = served.stdout.readline(), served.stdout.readline()
            assert first.startswith(f"Port {taken} is taken; "), served.stderr.read()
            url = re.search(r"http://127.0.0.1:\d+/\?token=\S+", second)[0]
            visit = urllib.request.build_opener(urllib.request.HTTPCookieProcessor()).open
            with visit(url) as answer:
                assert answer.status == 200
            with visit(url.partition("?")[0] + "api/rows?numbers=0,1") as answer:
                rows = json.load(answer)
            first = (copy / "unlabeled.csv").read_text().splitlines()[1].split(",")
            assert [float(cell) for cell in rows[0]["cells"]] == pytest.approx(
                [float(cell) for cell in first], rel=1e-5
            )
            with pytest.raises(urllib.error.HTTPError, match="403"):
                urllib.request.urlopen(url.partition("?")[0])
            served.send_signal(signal.SIGINT)
            assert served.wait(60) == 130
            assert served.stderr.read() == "keras-vabc: Stopped.\n"
    assert {path.name for path in copy.iterdir()} >= {RUN_FILE, "review.db"}
    assert not (copy / "review.db-wal").exists()  # all is in the one file
