"""Files and folders appear whole or not at all, and what a killed process left is found again."""

import errno
import fcntl
import os
import signal
import stat
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import keras
import numpy as np
import pytest
from faults import room_for

from keras_vabc.files import writing
from keras_vabc.files.array_files import read_array_file, write_array_file
from keras_vabc.files.locks import is_lock, locked
from keras_vabc.files.model_files import read_model_file, write_model_file
from keras_vabc.files.outputs import new_output
from keras_vabc.files.places import work_place
from keras_vabc.files.writing import (
    delete_temporary,
    make_folder,
    new_folder,
    temporary_path,
    whole_file,
    write_whole,
)

ODD = "a [b]*?.keras"  # no pattern, and with the suffix that Keras asks for


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def raising(error):
    def function(*_):
        raise error

    return function


def write_file(path, data="new"):
    with whole_file(path) as temporary:
        assert temporary.name == path.name and temporary.parent.parent == path.parent
        assert temporary.parent.name.startswith(f".{path.name}-")
        assert temporary.parent.name.endswith(".tmp")
        temporary.with_name("beside").write_text("deleted")
        temporary.write_text(data)


def write_folder(path, data="new"):
    with new_output(path, "tests", folder=True) as output:
        folder = output.path
        assert folder.name == path.name and not list(folder.iterdir())
        (folder / "file").write_text(data)


def contents(folder):
    """What a folder holds, by path."""
    return {str(p): p.is_file() and p.read_bytes() for p in sorted(folder.rglob("*"))}


def content(path):
    return (path / "file" if path.is_dir() else path).read_text()


WRITERS = [write_file, write_folder]


@pytest.mark.parametrize("write", WRITERS)
def test_what_is_written_appears_whole_and_replaces_what_was_there(write, tmp_path):
    path = tmp_path / ODD
    for data in ("old", "new"):
        write(path, data)
        assert content(path) == data and names(tmp_path) == [ODD]
    mask = os.umask(0o027)
    try:
        write(tmp_path / "other")
    finally:
        os.umask(mask)
    mode = stat.S_IMODE((tmp_path / "other").stat().st_mode)
    assert mode == (0o750 if write is write_folder else 0o640), "as the user's mask says"


@pytest.mark.parametrize("write", WRITERS)
def test_nothing_is_left_of_what_broke_off(write, tmp_path, monkeypatch):
    path, replace = tmp_path / ODD, os.replace
    write(path, "old")
    with pytest.raises(KeyboardInterrupt):
        if write is write_file:
            with whole_file(path) as temporary:
                temporary.write_text("half")
                raise KeyboardInterrupt
        with new_output(path, "tests", folder=True) as output:
            (output.path / "file").write_text("half")
            raise KeyboardInterrupt

    def failing(source, target):
        if Path(source).parent.suffix == ".tmp" and Path(source).name == ODD:
            raise OSError(errno.EIO, "no more")
        replace(source, target)

    monkeypatch.setattr(os, "replace", failing)
    with pytest.raises(OSError, match="no more"):
        write(path)
    assert names(tmp_path) == [ODD] and content(path) == "old"


def test_a_folder_whose_replacement_broke_off_gets_its_name_back_later(tmp_path, monkeypatch):
    path, replace = tmp_path / ODD, os.replace
    write_folder(path, "old")

    def failing(source, target):
        if Path(source).parent.suffix == ".tmp":
            raise OSError(errno.EIO, "no more")
        replace(source, target)

    with monkeypatch.context() as patch, pytest.raises(OSError, match="no more"):
        patch.setattr(os, "replace", failing)
        write_folder(path)
    assert not path.exists(), "as after a kill between the two"
    with pytest.raises(FileExistsError, match="new or empty"), new_folder(path):
        pass
    assert names(tmp_path) == [ODD] and content(path) == "old"
    write_folder(path)
    assert names(tmp_path) == [ODD] and content(path) == "new"


@pytest.mark.parametrize("mode", [0o2770, 0o550])
def test_an_empty_folder_stays_as_it_was_and_gives_its_mode(mode, tmp_path):
    path = tmp_path / "empty"
    path.mkdir()
    path.chmod(mode)
    inode = path.stat().st_ino
    with pytest.raises(KeyboardInterrupt), new_folder(path):
        raise KeyboardInterrupt
    assert path.stat().st_ino == inode and stat.S_IMODE(path.stat().st_mode) == mode
    with new_folder(path) as folder:
        (folder / "file").write_text("new")
    assert content(path) == "new" and stat.S_IMODE(path.stat().st_mode) == mode


def test_files_that_come_meanwhile_are_kept(tmp_path):
    (tmp_path / "x").mkdir()
    with pytest.raises(FileExistsError, match="new or empty"), new_folder(tmp_path / "x"):
        (tmp_path / "x" / "file").write_text("the user's")
    assert names(tmp_path) == ["x"] and content(tmp_path / "x") == "the user's"


def test_parents_vanish_with_what_was_to_be_in_them(tmp_path):
    with pytest.raises(KeyboardInterrupt), new_folder(tmp_path / "a" / "b" / "c"):
        raise KeyboardInterrupt
    assert names(tmp_path) == []
    (tmp_path / "a").mkdir()
    with pytest.raises(KeyboardInterrupt), new_folder(tmp_path / "a" / "b" / "c"):
        (tmp_path / "a" / "b" / "of another").touch()
        raise KeyboardInterrupt
    assert names(tmp_path / "a") == ["b"] and names(tmp_path / "a" / "b") == ["of another"]


def test_parents_vanish_when_a_folder_in_them_cannot_be_made(tmp_path, monkeypatch):
    make, inner = os.mkdir, tmp_path / "a" / "b" / "c"

    def no_room(path, *mode):
        if Path(path) == inner and inner.parent.exists():
            raise OSError(errno.ENOSPC, "full", str(path))
        make(path, *mode)

    monkeypatch.setattr(os, "mkdir", no_room)
    with pytest.raises(OSError, match="full"), work_place(inner):
        pass
    assert names(tmp_path) == []


def test_nothing_stays_where_a_file_system_has_no_locks(tmp_path, monkeypatch):
    def without(file, how):
        raise OSError(errno.ENOLCK, "no locks")

    monkeypatch.setattr(fcntl, "flock", without)
    with pytest.raises(OSError, match="no locks"), work_place(tmp_path / "a" / "b"):
        pass
    assert names(tmp_path) == []


@pytest.mark.parametrize("write", WRITERS)
def test_a_full_disk_is_named_by_the_path(write, tmp_path):
    path = tmp_path / ODD
    write(path, "old")
    with room_for(1000), pytest.raises(OSError) as error:
        write(path, "x" * 2000)
    assert (error.value.errno, error.value.filename) == (errno.EFBIG, str(path))
    assert names(tmp_path) == [ODD] and content(path) == "old"


def test_arrays_and_models_on_a_full_disk(tmp_path):
    arrays, model = (
        {"x": np.ones(1000)},
        keras.Sequential([keras.Input((9,)), keras.layers.Dense(99)]),
    )
    write_array_file(tmp_path / "a", {"x": np.zeros(1)}, {"old": 1})
    write_model_file(tmp_path / "saved.keras", model, {"old": 1})
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    with room_for(2000):
        with pytest.raises(OSError, match="where must be a file that can be .*where=.*a .File too"):
            write_array_file(tmp_path / "a", arrays, {}, name="where")
        with pytest.raises(OSError):
            write_model_file(tmp_path / "saved.keras", model, {})
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before
    assert read_array_file(tmp_path / "a")[1] == read_model_file(tmp_path / "saved.keras")[1]


@pytest.fixture
def closed():
    """A folder in which nothing can be made, by root neither."""
    folder, user = Path(tempfile.mkdtemp()), os.geteuid()  # tmp_path is no one else's
    folder.chmod(0o555)
    if user == 0:
        os.seteuid(65534)
    yield folder
    os.seteuid(user)
    folder.rmdir()


def test_a_folder_without_permission_is_named(closed):
    with pytest.raises(PermissionError) as error:
        write_whole(closed / "x", b"")
    assert error.value.filename == str(closed / "x")
    with (
        pytest.raises(
            PermissionError, match="to must be a folder that can be made. .*/x .Permission"
        ),
        new_folder(closed / "x", "to"),
    ):
        pass


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(FileNotFoundError) as error:
        write_whole(tmp_path / "absent" / "x", b"")
    assert error.value.filename == str(tmp_path / "absent" / "x")
    (tmp_path / "file").touch()
    rule = "out must be a folder that can be made. Received: out="
    with pytest.raises(OSError, match=f"{rule}.*/file/x .Not a directory"):
        make_folder(tmp_path / "file" / "x")
    with (
        pytest.raises(OSError, match=f"{rule}.*/file .File exists"),
        new_folder(tmp_path / "file/x"),
    ):
        pass


def test_errors_of_other_files_keep_their_names(tmp_path):
    with pytest.raises(FileNotFoundError) as error, whole_file(tmp_path / "x"):
        open(tmp_path / "other")
    assert error.value.filename == str(tmp_path / "other")


def test_only_a_new_or_empty_folder_is_filled(tmp_path):
    (tmp_path / "empty").mkdir()
    write_file(tmp_path / "file", "kept")
    with new_folder(tmp_path / "empty") as folder:
        (folder / "file").write_text("kept")
    for path in ("empty", "file"):
        with (
            pytest.raises(FileExistsError, match="to must be a new or empty folder. Received: to="),
            new_folder(tmp_path / path, "to"),
        ):
            pass
        assert content(tmp_path / path) == "kept"
    with new_folder(tmp_path / "a" / "b"):
        assert not (tmp_path / "a" / "b").exists()
    assert names(tmp_path / "a") == ["b"]


def test_a_file_is_on_the_disk_before_it_has_its_name(tmp_path, monkeypatch):
    synced, fsync = [], os.fsync

    def recorded(handle):
        synced.append((os.fstat(handle).st_ino, (tmp_path / "x").exists()))
        fsync(handle)

    monkeypatch.setattr(os, "fsync", recorded)
    write_whole(tmp_path / "x", b"data")
    assert synced == [((tmp_path / "x").stat().st_ino, False)]


# What processes leave

AT_WORK = """
import os, signal, sys
from pathlib import Path
from keras_vabc.files.writing import whole_file
with whole_file(Path(sys.argv[1])) as temporary:
    temporary.write_text("half")
    print(flush=True)
    input()
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def at_work(tmp_path):
    """A process that is writing the file `ODD`; any input kills it."""
    command = [sys.executable, "-c", AT_WORK, str(tmp_path / ODD)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        process.stdout.readline()
        yield process
        if process.poll() is None:
            process.communicate(b"\n")


def test_what_a_living_process_writes_is_left_alone(at_work, tmp_path):
    (left,) = names(tmp_path)
    delete_temporary(tmp_path)
    write_file(tmp_path / ODD)
    assert names(tmp_path) == sorted([left, ODD])
    at_work.communicate(b"\n")
    assert at_work.returncode == -signal.SIGKILL
    assert names(tmp_path) == sorted([left, ODD]), "nobody has looked"
    write_file(tmp_path / "other")
    assert names(tmp_path) == sorted([ODD, "other"])


def test_all_that_was_left_is_deleted_and_nothing_else(at_work, tmp_path):
    of_the_user = [".hidden", ".x-abcdefgh.tmp", ".x-abcdefgh.tmp.tmp", ".x.tmp", "folder"]
    for name in of_the_user:
        write_folder(tmp_path / name, "kept")
    at_work.communicate(b"\n")
    (tmp_path / ".x.tmp" / ".lock").write_text("keras_vabc\n")
    (tmp_path / ".x-abcdefgh.tmp" / ".lock").write_text("keras_vabc 2\n")
    (tmp_path / ".y-abcdefgh.tmp").write_text("kept")
    (tmp_path / ".link-abcdefgh.tmp").symlink_to(tmp_path / "folder")
    before = contents(tmp_path)
    assert any(ODD in path for path in before)
    delete_temporary(tmp_path)
    assert contents(tmp_path) == {path: c for path, c in before.items() if ODD not in path}
    assert len(names(tmp_path)) == len(of_the_user) + 2


@pytest.mark.parametrize("left", [[], [".lock"]])
def test_a_process_killed_before_it_has_a_record_leaves_nothing_for_long(left, tmp_path):
    (tmp_path / ".x-abcdefgh.tmp").mkdir()
    for name in left:
        (tmp_path / ".x-abcdefgh.tmp" / name).touch()
    write_file(tmp_path / "x")
    assert names(tmp_path) == ["x"]


def test_a_folder_that_another_takes_for_left_is_given_up(tmp_path, monkeypatch):
    seen = []

    def taken_once(folder):
        seen.append(folder)
        if len(seen) == 1:
            raise BlockingIOError
        if len(seen) == 2:
            folder.rmdir()
            raise FileNotFoundError
        return locked(folder)

    monkeypatch.setattr(writing, "locked", taken_once)
    with temporary_path(tmp_path / "x") as path:
        assert len(set(seen)) == 3 and path.parent == seen[2]
        path.touch()
    assert not names(tmp_path)


def test_a_lock_is_waited_for_as_long_as_is_said(tmp_path):
    def held(seconds):
        with locked(tmp_path):
            holds.set()
            time.sleep(seconds)

    for seconds, wait in ((0.3, 20), (1, 0.1)):
        holds = threading.Event()
        holder = threading.Thread(target=held, args=(seconds,))
        holder.start()
        holds.wait()
        if wait > seconds:
            with locked(tmp_path, wait=wait):
                holder.join(0)
                assert not holder.is_alive()
        else:
            with pytest.raises(BlockingIOError, match="Another process"), locked(tmp_path, wait):
                pass
        holder.join()


def test_a_lock_that_comes_and_goes_while_it_is_opened_stays_one(tmp_path, monkeypatch):
    def opened(path, *flags):
        file = os_open(path, *flags)
        if path == tmp_path / ".lock" and not came:
            came.append(True)
            with locked(tmp_path):
                pass
        return file

    came, os_open = [], os.open
    monkeypatch.setattr(os, "open", opened)
    with locked(tmp_path):
        assert came and is_lock(tmp_path / ".lock")


def make_lock(kind, path):
    if kind == "link":
        path.symlink_to("precious")
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    else:
        path.write_text("mine\n")


@pytest.mark.parametrize("kind", ["link", "pipe", "folder", "file"])
def test_what_has_the_name_of_a_lock_is_left_alone(kind, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "precious").touch()
    make_lock(kind, tmp_path / "out" / ".lock")
    before = contents(tmp_path)
    with (
        pytest.raises(FileExistsError, match=r"room for a file \.lock"),
        locked(tmp_path / "out"),
    ):
        pass
    assert contents(tmp_path) == before
    assert (tmp_path / "out" / "precious").read_text() == ""


def test_a_lock_that_cannot_be_written_is_nobodys(tmp_path):
    with room_for(0), pytest.raises(OSError, match=r"\.lock"), locked(tmp_path):
        pass
    assert not names(tmp_path)
