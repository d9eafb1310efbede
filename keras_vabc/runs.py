"""The folder of a run."""

import os
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path


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
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=f".{path.name}-", dir=path.parent))
    except OSError as error:
        message = f"{name} must be a folder that can be made. Received: {name}={path}"
        raise type(error)(f"{message} ({error.strerror}).") from None
    try:
        yield folder
        folder.chmod(0o755)
        os.replace(folder, path)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
