"""Files and folders that appear under their name whole, or not at all."""

import os
import shutil
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path

TEMPORARY = ".*.tmp"  # names of what is half-written


def write_whole(path, data):
    """Writes a file that appears under its name whole, or not at all.

    Args:
        path: `pathlib.Path`; a file of that name is replaced.
        data: Bytes.

    Raises:
        OSError: If it cannot be written there.
    """
    temporary = path.with_name(f".{path.name}.tmp")
    try:
        with path_in_errors(path), open(temporary, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())  # else a power cut may leave the new name without the data
        os.replace(temporary, path)
    finally:
        with suppress(OSError):  # the folder may have vanished
            temporary.unlink()


@contextmanager
def path_in_errors(path):
    """Names the file that cannot be written in the errors that name none, as of a full disk."""
    try:
        yield
    except OSError as error:
        if error.errno is None or error.filename is not None:
            raise
        raise OSError(error.errno, error.strerror, str(path)) from None


def delete_temporary(folder):
    """Deletes what killed processes left half-written in a folder that is locked."""
    for path in Path(folder).glob(TEMPORARY):
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()


def make_folder(path, name="out"):
    """Makes a folder and its parents, where they are missing.

    Args:
        path: Path of the folder.
        name: Name of the argument that gave it, for errors.

    Raises:
        OSError: If it cannot be made.
    """
    try:
        Path(path).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _cannot_be_made(path, name, error) from None


@contextmanager
def new_folder(path, name="out"):
    """A folder that appears under its name whole, or not at all.

    Args:
        path: The folder to make; must not exist, or be empty.
        name: Name of the argument that gave `path`, for errors.

    Yields:
        `pathlib.Path` of a temporary folder beside it, to be filled; renamed to `path` when the
        block ends, deleted if it raises.

    Raises:
        FileExistsError: If `path` is a file or a folder that is not empty.
        OSError: If it cannot be made there.
    """
    path = Path(path)
    if path.exists() and not (path.is_dir() and not any(path.iterdir())):
        raise FileExistsError(f"{name} must be a new or empty folder. Received: {name}={path}.")
    make_folder(path.parent, name)
    try:
        folder = Path(tempfile.mkdtemp(".tmp", f".{path.name}-", path.parent))
    except OSError as error:
        raise _cannot_be_made(path, name, error) from None
    try:
        yield folder
        folder.chmod(0o755)
        os.replace(folder, path)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def _cannot_be_made(path, name, error):
    message = f"{name} must be a folder that can be made. Received: {name}={path}"
    return type(error)(f"{message} ({error.strerror}).")
