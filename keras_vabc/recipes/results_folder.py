"""The folder of the results of many trainings, known by the manifest in it.

That names the command, and the hash of each file as we wrote it, so that nothing is replaced that
is not ours. Result lines are only ever added, and put aside under a name of their own.
"""

import contextlib
import hashlib
import os
from contextlib import contextmanager
from pathlib import Path

from keras_vabc.files.locks import LOCK
from keras_vabc.files.manifests import (
    MANIFEST,
    content_hash,
    made_here,
    manifest_text,
    read_manifest,
)
from keras_vabc.files.places import work_place
from keras_vabc.files.signals import stop_signals_wait
from keras_vabc.files.writing import delete_temporary, temporary_folders, write_whole

RESULTS = "results.jsonl"
ARRAYS = "arrays"
COMMAND, FILES = "results_of", "files"  # of the manifest
TUNE = "tune"
TUNE_FILES = ("README.md", "tune.png", "tuned.json")


@contextmanager
def results_folder(folder, command, files):
    """Makes the folder, and keeps every other process out of it until the block ends.

    If the block raises before there are results, what was made here vanishes. Refused is what
    `check_results_place` refuses, and, by a `BlockingIOError`, a folder in which another is at
    work.
    """
    folder = Path(folder)
    check_results_place(folder, command, files)
    with work_place(folder):
        check_results_place(folder, command, files)  # others had time for it
        delete_temporary(folder)
        try:
            if _manifest(folder, command) is None:
                _write_manifest(folder, command, {})  # first, since it tells whose the rest is
            with _arrays(folder):
                yield
        except BaseException:
            _undo_if_useless(folder)
            raise


def check_results_place(folder, command, files):
    """Refuses, by a `FileExistsError`, a folder of others, and one that holds a file of others.

    `files` are the names of those that the command replaces.
    """
    folder = Path(folder)
    if not os.path.lexists(folder):
        return
    text = f"Received: out={folder}"
    if not _is_free(folder) and not _is_ours(folder, command):
        raise FileExistsError(
            f"out must be a new or empty folder, or one of earlier results of {command}. {text}."
        )
    known = (_manifest(folder, command) or {}).get(FILES, {})
    for name in files:
        path = folder / name
        if os.path.lexists(path) and content_hash(path) not in known.get(name, ()):
            raise FileExistsError(
                f"out must have {name} as keras-vabc wrote it, or none. {text}, in which it is of "
                "another origin or was changed; move it away."
            )


def write_result(folder, name, data):
    """Writes a file of a folder of results, from bytes; the manifest knows both it and the earlier.

    In a folder without a manifest, as of a page that is drawn alone, it only writes.
    """
    folder = Path(folder)
    manifest = read_manifest(folder / MANIFEST) or {}
    if COMMAND in manifest:
        files = manifest.get(FILES, {})
        hashes = [*files.get(name, ())[-1:], hashlib.sha256(data).hexdigest()]
        _write_manifest(folder, manifest[COMMAND], files | {name: hashes})
    write_whole(folder / name, data)


def put_aside(folder):
    """Gives stored results and their arrays names that nothing has: `*.old`, `*.old-2`, ..."""
    number = 1
    while any(os.path.lexists(_aside(folder / name, number)) for name in (RESULTS, ARRAYS)):
        number += 1
    with stop_signals_wait():
        os.replace(folder / ARRAYS, _aside(folder / ARRAYS, number))
        (folder / ARRAYS).mkdir()
        os.replace(folder / RESULTS, _aside(folder / RESULTS, number))


def _aside(path, number):
    return path.with_suffix(".old" if number == 1 else f".old-{number}")


@contextmanager
def _arrays(folder):
    """The folder of arrays, without what workers that died left half-written in it."""
    arrays = folder / ARRAYS
    arrays.mkdir(exist_ok=True)
    delete_temporary(arrays)
    try:
        yield
    finally:
        with stop_signals_wait():
            delete_temporary(arrays)


def _undo_if_useless(folder):
    """Removes the manifest and the folder of arrays, if that is empty and nothing else is there."""
    with stop_signals_wait(), contextlib.suppress(OSError):
        if set(os.listdir(folder)) <= {MANIFEST, ARRAYS, LOCK}:
            if (folder / ARRAYS).exists():
                (folder / ARRAYS).rmdir()
            (folder / MANIFEST).unlink()


def _is_free(folder):
    """Whether nothing is in a folder but what we leave in one when we are killed."""
    left = {folder / LOCK, *temporary_folders(folder)} if folder.is_dir() else set()
    return folder.is_dir() and set(folder.iterdir()) <= left


def _is_ours(folder, command):
    """Whether there are results of a command, or those of a version that wrote no manifest."""
    if os.path.lexists(folder / MANIFEST):
        return _manifest(folder, command) is not None
    return (folder / RESULTS).is_file() and made_here(folder)


def _manifest(folder, command):
    manifest = read_manifest(folder / MANIFEST)
    return manifest if manifest is not None and manifest.get(COMMAND) == command else None


def _write_manifest(folder, command, files):
    write_whole(folder / MANIFEST, manifest_text({COMMAND: command, FILES: files}, None))
