"""The folder of a training: what was there stays, what was made and is of no use vanishes."""

import os
import signal
import stat
import sys
from functools import partial

import numpy as np
import pytest
from command_line import contents, fails, keras_vabc, record, succeeds
from faults import killed_at, other_process_in, press_ctrl_c

from keras_vabc.data.fold_files import FoldFiles
from keras_vabc.files.locks import LOCK
from keras_vabc.files.manifests import MANIFEST
from keras_vabc.pages import run_page
from keras_vabc.pages.console import plain
from keras_vabc.recipes import intake, train, training, working_copies


@pytest.fixture(scope="module", autouse=True)
def _small():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(training, "TRIED_SAMPLES", 50)
        patch.setattr(run_page, "SPREAD_SAMPLES", 200)
        yield


def command(folder, out):
    paths = ["--unlabeled", folder / "all.csv", "--unwanted", folder / "bad.csv", "--out", out]
    return ["train", *paths, "--setting", "paper", "--epochs", 2]


@pytest.fixture
def data(tmp_path):
    """A folder with `all.csv` and `bad.csv`."""
    folder, rows = tmp_path / "data", np.random.default_rng(7).normal(size=(120, 3))
    folder.mkdir()
    for name, table in (("all", rows), ("bad", rows[:40] + 4)):
        np.savetxt(folder / f"{name}.csv", table, delimiter=",", fmt="%.6f")
    return folder


def damage(data):
    """The data can be read, but not to their end."""
    with open(data / "all.csv", "a") as file:
        file.write("x,y,z\n" * 5)  # more than may be left out


@pytest.fixture
def killed(data, tmp_path):
    """A run that was killed when it had read its data, with all working copies there."""
    out = tmp_path / "run"
    assert killed_at(FoldFiles, "check", partial(keras_vabc, *command(data, out)))
    assert {path.name for path in out.iterdir()} == {"run.json", "work", LOCK}
    assert {path.name for path in (out / "work").glob("*.npy")} == set(working_copies.COPIES)
    return out


def test_an_empty_folder_stays_with_its_mode_when_the_data_are_bad(data, tmp_path):
    out = tmp_path / "run"
    out.mkdir()
    out.chmod(0o2770)
    damage(data)
    fails("unlabeled must hold numbers", *command(data, out))
    assert stat.S_IMODE(out.stat().st_mode) == 0o2770
    assert not list(out.iterdir())


def test_parents_that_were_made_vanish_when_the_data_are_bad(data, tmp_path):
    (tmp_path / "a").mkdir()
    damage(data)
    fails("unlabeled must hold numbers", *command(data, tmp_path / "a" / "b" / "run"))
    assert not list((tmp_path / "a").iterdir())


def test_files_in_a_run_that_was_killed_are_kept_by_the_next_try(killed, data):
    for path in (killed / "notes.txt", killed / "work" / "notes.npy"):
        path.write_text("a user's")
    damage(data)
    fails("unlabeled must hold numbers", *command(data, killed))
    assert {path.name for path in killed.iterdir()} == {"notes.txt", "work", "run.json", LOCK}
    assert {path.name for path in (killed / "work").iterdir()} == {"notes.npy", MANIFEST}
    np.savetxt(data / "all.csv", np.random.default_rng(8).normal(size=(120, 3)), delimiter=",")
    succeeds(*command(data, killed))
    for path in (killed / "notes.txt", killed / "work" / "notes.npy"):
        assert path.read_text() == "a user's"
    assert not set(working_copies.FILES) & {path.name for path in (killed / "work").iterdir()}


def test_a_run_that_was_killed_vanishes_if_the_next_try_fails(killed, data):
    (killed / "work" / ".rows-abcdefgh.tmp").write_text("of unwanted data")
    damage(data)
    fails("unlabeled must hold numbers", *command(data, killed))
    assert not list(killed.iterdir())  # the folder may be older than the run


def test_a_run_that_was_killed_goes_on(killed, data):
    succeeds(*command(data, killed))
    assert record(killed)["status"] == "finished"
    assert not (killed / "work").exists()


def test_what_a_user_puts_into_a_finished_run_stays(killed, data):
    succeeds(*command(data, killed))
    (killed / "work").mkdir()
    kept = [killed / name for name in ("work/unwanted.npy", ".mine.tmp", ".a-abcdefgh.tmp")]
    for path in kept:
        path.write_text("a user's")
    temporary = killed / ".samples.csv-abcdefgh.tmp"
    temporary.mkdir()
    with other_process_in(temporary):
        (temporary / "samples.csv").write_text("half")
        before = contents(killed)
        succeeds(*command(data, killed))
        assert contents(killed) == before
    succeeds(*command(data, killed))
    assert not temporary.exists()
    assert [path.read_text() for path in kept] == ["a user's"] * 3


@pytest.mark.parametrize("kind", ["folder", "link", "file"])
def test_a_work_of_another_origin_is_refused_before_the_data_are_read(killed, data, tmp_path, kind):
    work, other = killed / "work", tmp_path / "other"
    work.rename(other)
    if kind == "folder":
        work.mkdir()
        (work / "unwanted.npy").write_text("a user's")
    elif kind == "link":
        work.symlink_to(other)
    else:
        work.write_text("a user's")
    before = contents(tmp_path)
    fails("keras-vabc did not make work", *command(data, killed))
    assert contents(tmp_path) == before


@pytest.mark.parametrize("text", ["{}", '{"status": "training"}', "[1, 2]", "mine"])
def test_a_file_of_the_name_of_our_record_is_refused(data, tmp_path, text):
    out = tmp_path / "run"
    out.mkdir()
    (out / "run.json").write_text(text)
    fails("out must", *command(data, out))
    assert [path.name for path in out.iterdir()] == ["run.json"]
    assert (out / "run.json").read_text() == text


def test_a_link_to_a_folder_is_followed_and_stays(data, tmp_path):
    (tmp_path / "target").mkdir()
    link = tmp_path / "run"
    link.symlink_to("target")
    whole = (data / "all.csv").read_bytes()
    damage(data)
    fails("unlabeled must hold numbers", *command(data, link))
    assert link.is_symlink() and not list(link.iterdir())
    (data / "all.csv").write_bytes(whole)
    assert killed_at(FoldFiles, "check", partial(keras_vabc, *command(data, link)))
    assert link.is_symlink() and record(tmp_path / "target")["status"] == "training"


def test_a_link_to_nothing_is_refused(data, tmp_path):
    (tmp_path / "run").symlink_to("absent")
    fails("out must be a new or empty folder", *command(data, tmp_path / "run"))
    assert (tmp_path / "run").is_symlink() and not (tmp_path / "absent").exists()


def test_what_was_killed_before_its_record_was_there_is_no_hindrance(data, tmp_path):
    out = tmp_path / "run"
    assert killed_at(os, "replace", partial(keras_vabc, *command(data, out)))
    assert any(path.name.startswith(".run.json-") for path in out.iterdir())
    damage(data)
    fails("unlabeled must hold numbers", *command(data, out))
    assert not list(out.iterdir())


def test_signals_do_not_break_the_cleaning(data, tmp_path, monkeypatch):
    """Neither a second one, nor a first one while what bad data left is deleted."""
    clear, undo = working_copies.clear, train._undo

    def signalled_before(out, work):
        signal.raise_signal(signal.SIGTERM)
        undo(out, work)

    def signalled(work):
        if work.exists():
            signal.raise_signal(signal.SIGTERM)
        clear(work)

    with monkeypatch.context() as patch:
        patch.setattr(FoldFiles, "check", lambda *_: press_ctrl_c())
        patch.setattr(train, "_undo", signalled_before)
        fails("Stopped", *command(data, tmp_path / "run"), code=130)
    assert [path.name for path in tmp_path.iterdir()] == ["data"]
    with monkeypatch.context() as patch:
        patch.setattr(FoldFiles, "check", lambda *_: 1 / 0)
        patch.setattr(working_copies, "clear", signalled)
        fails("Stopped", *command(data, tmp_path / "run"), code=130)
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


def test_a_sighup_that_is_ignored_stays_so(data, tmp_path, monkeypatch):
    """As under `nohup`."""
    read = intake.read_folds

    def hung_up(*arguments, **options):
        signal.raise_signal(signal.SIGHUP)
        return read(*arguments, **options)

    monkeypatch.setattr(intake, "read_folds", hung_up)
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    damage(data)
    try:
        fails("unlabeled must hold numbers", *command(data, tmp_path / "run"))
    finally:
        signal.signal(signal.SIGHUP, before)
    fails("Stopped", *command(data, tmp_path / "other"), code=130)


@pytest.mark.parametrize("name", ["x[/y] [red] :smile: \x1b[31m\nend", "caf\udce9"])
def test_a_run_may_have_any_name(data, tmp_path, monkeypatch, name):
    run = tmp_path / name.replace("/", "|") / "run"
    if "\udce9" not in name:
        data = data.rename(tmp_path / "[bold] data")
    shown = plain(str(run))
    monkeypatch.setattr(sys, "argv", ["keras-vabc", "train", "--out", str(run)])
    printed = succeeds(*command(data, run))
    assert f"The report is {shown}/report.html.\n" in printed
    assert plain(record(run)["provenance"]["command"]) == record(run)["provenance"]["command"]
    scores = "score", run, "--input", data / "all.csv", "--out", run.parent / "scores.csv"
    for words in (
        ("threshold", run),
        ("sample", run, "-n", 10, "--out", run.parent / "samples.csv"),
        scores,
        ("report", run),
    ):
        printed += succeeds(*words)
    assert "\x1b" not in printed and plain(str(run.parent / "scores.csv")) in printed


def test_data_whose_name_cannot_be_stored_are_refused(data, tmp_path):
    other = data.rename(tmp_path / "caf\udce9")
    fails("unlabeled must be a path in UTF-8", *command(other, tmp_path / "run"))
    assert [path.name for path in tmp_path.iterdir()] == [other.name]
