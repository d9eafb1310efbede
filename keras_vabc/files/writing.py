"""Files and folders that appear under their name whole, or not at all.

What is half-written lies in a folder beside what it will be, called `.NAME-XXXX.tmp`. Its process
holds a lock on that folder, in a file that also tells whose it is, so that others can find what a
killed one left, and take nothing else for it.
"""

import contextlib
import errno
import os
import re
import shutil
import stat
import tempfile
from contextlib import contextmanager
from pathlib import Path

from keras_vabc.files.locks import LOCK, is_lock, locked
from keras_vabc.files.signals import stop_signals_wait

TEMPORARY = re.compile(r"\.(?P<name>.+)-[a-z0-9_]{8}\.tmp", re.DOTALL)  # as `mkdtemp` makes them


@contextmanager
def whole_file(path):
    """A file that appears under its name whole, or not at all; one of that name gives it its mode.

    Yields the path of a file to write, of the same name; it becomes `path` when the block ends.
    What else is written beside it is deleted. The `OSError` if it cannot be written names `path`.
    """
    with path_in_errors(path), temporary_path(path) as temporary:
        yield temporary
        sync(temporary)
        if path.exists():
            take_mode(temporary, path)
        os.replace(temporary, path)


def sync(path):
    """Brings a file to the disk; else a power cut may leave its new name without the data."""
    with open(path, "rb") as file:
        os.fsync(file.fileno())


def write_whole(path, data):
    """Writes bytes to a `whole_file`; errors as there."""
    with whole_file(path) as temporary:
        temporary.write_bytes(data)


@contextmanager
def new_folder(path, name="out"):
    """A folder that appears under its name whole, or not at all; errors call its argument `name`.

    Yields the path of a folder to fill, of the same name; it becomes `path` when the block ends,
    and is deleted if it raises, as are the parents that it was given. An empty folder gives it its
    mode.

    Raises a `FileExistsError` if `path` is a file, or a folder that is not empty; an `OSError` that
    names `path` if it cannot be made, or filled.
    """
    path = followed(path, name)
    clear(path)
    check_new_folder(path, name)
    with parents_made(path, name), path_in_errors(path), contextlib.ExitStack() as stack:
        try:
            temporary = stack.enter_context(temporary_path(path))
            make_like(temporary, path)
        except OSError as error:
            raise _cannot_be_made(path, name, error) from None
        yield temporary
        check_new_folder(path, name)  # there was time to put files there
        put_folder(temporary, path)


def check_new_folder(path, name="out"):
    """Raises a `FileExistsError` for a file, or a folder that is not empty."""
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise FileExistsError(f"{name} must be a new or empty folder. Received: {name}={path}.")


def make_like(temporary, path):
    """Makes the folder that is to have a path's place, with the group that files in it get."""
    temporary.mkdir()
    if path.exists():
        take_mode(temporary, path, stat.S_IRWXU)


def take_mode(temporary, path, at_least=0):
    """Gives a file or folder the mode, and where that is allowed the group, of another."""
    status = path.stat()
    with contextlib.suppress(PermissionError):
        os.chown(temporary, -1, status.st_gid)
    os.chmod(temporary, stat.S_IMODE(status.st_mode) | at_least)


def put_folder(temporary, path):
    """Gives a folder its name, and what is under that name, if anything, to the temporary one."""
    if not path.exists():
        os.replace(temporary, path)
        return
    mode = stat.S_IMODE(path.stat().st_mode)
    if any(path.iterdir()):
        # There it is found, and gets its name back, whatever happens before the next line is done.
        os.replace(path, temporary.with_name(f"{path.name}.earlier"))
    os.replace(temporary, path)
    os.chmod(path, mode)  # not before: what its owner may not write cannot be moved


def followed(path, name="out"):
    """The path of what an output replaces: where a symbolic link points, which may be nowhere.

    An `OSError` refuses links in a circle, devices and pipes, and folders that cannot be renamed.
    """
    path = Path(path)
    rule, mode = f"Received: {name}={path}", 0
    try:
        mode = os.stat(path).st_mode
    except OSError as error:
        if error.errno == errno.ELOOP:
            message = f"{name} must not be a symbolic link in a circle. {rule}."
            raise OSError(message) from None
    if mode and not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
        raise OSError(f"{name} must be a file or a folder. {rule}, which is a device or a pipe.")
    if path.is_symlink() or path.name in ("", ".."):
        path = Path(os.path.realpath(path))
    return path


@contextmanager
def temporary_path(path):
    """A path of the same name in a temporary folder beside another, which vanishes with the block.

    Nothing is at it yet. What killed processes left beside `path` is deleted. Raises an
    `OSError` if there can be no folder.
    """
    clear(path)
    with contextlib.ExitStack() as stack:
        yield _own_folder(path, stack) / path.name


def _own_folder(path, stack):
    """A new folder beside a path, locked and there until a stack of contexts is closed."""
    while True:
        folder = Path(tempfile.mkdtemp(".tmp", f".{path.name}-", path.parent))
        stack.callback(_delete, folder)
        # Before it is locked, another process may take it for what a killed one left.
        with contextlib.suppress(BlockingIOError, FileNotFoundError):
            stack.enter_context(locked(folder))
            if folder.exists():
                return folder


def clear(path):
    """Deletes what killed processes left half-written beside a path, if it can."""
    with contextlib.suppress(OSError):  # what is in the way of that is in the way of writing, too
        delete_temporary(path.parent)


def delete_temporary(folder):
    """Deletes what killed processes left half-written in a folder."""
    for path in temporary_folders(folder):
        with contextlib.suppress(BlockingIOError, FileNotFoundError), locked(path):
            _delete(path)


def temporary_folders(folder, name=None):
    """Paths of the temporary folders of ours in a folder, under one name or all."""
    if not os.path.isdir(folder):
        return iter(())
    with os.scandir(folder) as entries:  # one by one: there may be millions of others
        matches = filter(None, (TEMPORARY.fullmatch(entry.name) for entry in entries))
        names = sorted(match[0] for match in matches if name in (None, match["name"]))
    return filter(is_temporary, (Path(folder, own) for own in names))


def is_temporary(path):
    """Whether a folder is one of ours for what is half-written, by the record in it."""
    if not TEMPORARY.fullmatch(path.name) or path.is_symlink() or not path.is_dir():
        return False
    lock = path / LOCK
    # A process may be killed before it writes the record, or when all but the folder is deleted.
    return is_lock(lock) or [p for p in path.iterdir() if p != lock or p.stat().st_size] == []


def is_being_written(path, own=None):
    """Whether another is just writing under a path than who has the temporary folder `own`."""
    for folder in set(temporary_folders(path.parent, path.name)) - {own}:
        try:
            with contextlib.suppress(FileNotFoundError), locked(folder):
                pass
        except BlockingIOError:
            return True
    return False


def _delete(folder):
    """Deletes a temporary folder, the record that tells whose it is last; as far as it can.

    A folder that was just being replaced gets its name back. Copies of unwanted data go first, and
    a signal to stop waits.
    """
    target = folder.with_name(TEMPORARY.fullmatch(folder.name)["name"])
    earlier = folder / f"{target.name}.earlier"
    with stop_signals_wait(), contextlib.suppress(OSError):
        if earlier.is_dir() and not os.path.lexists(target):
            os.replace(earlier, target)
        for path in folder.glob("*/*unwanted.npy"):
            path.unlink()
        for path in folder.iterdir():
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path, ignore_errors=True)
            elif path.name != LOCK:
                path.unlink()
        if os.listdir(folder) == [LOCK]:
            (folder / LOCK).unlink()
        folder.rmdir()


def make_folder(path, name="out"):
    """Makes a folder and its parents, where they are missing; the `OSError` names the argument."""
    try:
        Path(path).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _cannot_be_made(path, name, error) from None


@contextmanager
def parents_made(path, name="out"):
    """Makes the parents of a path; those it made vanish again if the block raises."""
    missing = [folder for folder in path.parents if not folder.exists()]
    try:
        make_folder(path.parent, name)
        yield
    except BaseException:
        for folder in missing:
            with contextlib.suppress(OSError):  # of what was not made, or is not empty
                folder.rmdir()
        raise


@contextmanager
def path_in_errors(path):
    """Names a path in the errors that name none, as of a full disk, or a temporary one."""
    try:
        yield
    except OSError as error:
        parts = Path(str(error.filename)).parts
        own = error.filename is None or any(p.startswith(f".{path.name}-") for p in parts)
        if error.errno is None or not own:
            raise
        raise OSError(error.errno, error.strerror, str(path)) from None


def _cannot_be_made(path, name, error):
    message = f"{name} must be a folder that can be made. Received: {name}={path}"
    return type(error)(f"{message} ({error.strerror}).")
