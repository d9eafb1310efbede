"""The folder of a training's working copies of the data, known by the manifest in it.

Only what that names is ever deleted, the copies of unwanted data first, and what a process that was
killed left of rows that it joined.
"""

import contextlib
import os

from keras_vabc.data.fold_files import CODES
from keras_vabc.data.folds import PARTS
from keras_vabc.data.mapped import JOINED
from keras_vabc.files.manifests import MANIFEST, manifest_text, read_manifest
from keras_vabc.files.signals import stop_signals_wait
from keras_vabc.files.writing import delete_temporary, temporary_path, write_whole

WORK = "work"  # in the folder of a run, while its training lasts
COPIES = tuple(f"{part}.npy" for part in sorted(PARTS, key=lambda part: "unwanted" not in part))
FILES = (*COPIES, *CODES)


def is_ours(work):
    """Whether a folder is one of working copies."""
    return not work.is_symlink() and _listed(work) is not None


def check_free(work):
    """Raises a `FileExistsError` if others' things are where working copies would be."""
    if os.path.lexists(work) and not is_ours(work) and not _is_bare(work):
        raise FileExistsError(
            f"out must have room for working copies of the data in {work.name}. Received: "
            f"out={work.parent}, in which keras-vabc did not make {work.name}; move that away."
        )


def begin(work):
    """Makes the folder, without any copies, and says in it whose it is before there are some."""
    clear(work)
    check_free(work)
    was_there = work.exists()
    work.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        write_whole(work / MANIFEST, manifest_text({"working_copies": FILES}, None))
    except BaseException:
        if not was_there:
            with contextlib.suppress(OSError):
                work.rmdir()
        raise


def clear(work):
    """Deletes the copies, and the folder unless something else is in it; one of others stays."""
    if not is_ours(work):
        return
    listed = _listed(work)
    with stop_signals_wait(), contextlib.suppress(OSError):
        for name in (name for name in FILES if name in listed):
            (work / name).unlink(missing_ok=True)
        for path in work.glob(f"{JOINED}????????.tmp"):  # of a process that was killed
            path.unlink()
        delete_temporary(work)
        if os.listdir(work) == [MANIFEST]:
            with temporary_path(work) as going:  # a bare folder would not be known for ours
                os.rename(work, going)


def _listed(work):
    """Names of the copies; `None` for another folder."""
    content = read_manifest(work / MANIFEST)
    return None if content is None else content.get("working_copies")


def _is_bare(work):
    """Whether a folder is empty, as one is in whose making we were killed."""
    if not work.is_dir() or work.is_symlink():
        return False
    delete_temporary(work)
    return not os.listdir(work)
