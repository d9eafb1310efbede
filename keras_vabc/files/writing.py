"""Files and folders that appear under their name whole, or not at all.

What is half-written lies in a folder beside what it will be, called `.NAME-XXXX.tmp`. Its process
holds a lock on that folder, so that others can tell what a killed one left.
"""

import contextlib
import glob
import os
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path

from keras_vabc.files.locks import locked


@contextmanager
def whole_file(path):
    """A file that appears under its name whole, or not at all; one of that name is replaced.

    Yields the path of a file to write, of the same name; it becomes `path` when the block ends.
    What else is written beside it is deleted. The `OSError` if it cannot be written names `path`.
    """
    with _path_in_errors(path), temporary_path(path) as temporary:
        yield temporary
        with open(temporary, "rb") as file:
            os.fsync(file.fileno())  # else a power cut may leave the new name without the data
        os.replace(temporary, path)


def write_whole(path, data):
    """Writes bytes to a `whole_file`; errors as there."""
    with whole_file(path) as temporary:
        temporary.write_bytes(data)


@contextmanager
def new_folder(path, name="out", *, replace=False):
    """A folder that appears under its name whole, or not at all; errors call its argument `name`.

    Yields the path of a folder to fill, of the same name; it becomes `path` when the block ends,
    and is deleted if it raises. With `replace`, a process that is killed while it replaces a folder
    that is not empty leaves the earlier one beside the new one, as `.NAME-XXXX.old`.

    Raises a `FileExistsError` if `path` is a file, or a folder that is not empty and not to be
    replaced; an `OSError` that names `path` if it cannot be made, or filled.
    """
    path = Path(path)
    is_full = replace and path.is_dir() and any(path.iterdir())
    if not is_full:
        check_new_folder(path, name)
    make_folder(path.parent, name)
    with _path_in_errors(path), contextlib.ExitStack() as stack:
        try:
            temporary = stack.enter_context(temporary_path(path))
            temporary.mkdir()
        except OSError as error:
            raise _cannot_be_made(path, name, error) from None
        yield temporary
        _put_in_place(temporary, path, is_full)


def check_new_folder(path, name="out"):
    """Raises a `FileExistsError` for a file, or a folder that is not empty."""
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise FileExistsError(f"{name} must be a new or empty folder. Received: {name}={path}.")


def _put_in_place(folder, path, is_full):
    if not is_full:
        os.replace(folder, path)
        return
    old = folder.parent.with_suffix(".old")
    os.replace(path, old)
    try:
        os.replace(folder, path)
    except BaseException:
        os.replace(old, path)
        raise
    shutil.rmtree(old, ignore_errors=True)


@contextmanager
def temporary_path(path):
    """A path of the same name in a temporary folder beside another, which vanishes with the block.

    Nothing is at it yet. What killed processes left beside `path` under its name is deleted. Raises
    an `OSError` if there can be no folder.
    """
    with contextlib.suppress(OSError):  # what is in the way of that is in the way of writing, too
        delete_temporary(path.parent, path.name)
    with contextlib.ExitStack() as stack:
        yield _own_folder(path, stack) / path.name


def _own_folder(path, stack):
    """A new folder beside a path, locked and there until a stack of contexts is closed."""
    while True:
        folder = Path(tempfile.mkdtemp(".tmp", f".{path.name}-", path.parent))
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        # Before it is locked, another process may take it for what a killed one left.
        with contextlib.suppress(BlockingIOError, FileNotFoundError):
            stack.enter_context(locked(folder))
            if folder.exists():
                return folder


def delete_temporary(folder, name=None):
    """Deletes what killed processes left half-written in a folder, under one name or all."""
    pattern = ".*.tmp" if name is None else f".{glob.escape(name)}-*.tmp"
    for path in Path(folder).glob(pattern):
        with contextlib.suppress(BlockingIOError, FileNotFoundError):  # in use, or just deleted
            if path.is_dir() and not path.is_symlink():
                with locked(path):
                    shutil.rmtree(path)
            else:
                path.unlink()


def make_folder(path, name="out"):
    """Makes a folder and its parents, where they are missing; the `OSError` names the argument."""
    try:
        Path(path).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _cannot_be_made(path, name, error) from None


@contextmanager
def _path_in_errors(path):
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
