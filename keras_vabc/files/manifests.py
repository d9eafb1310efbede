"""Manifests: by what is in them we know what we made, and whether it is still as we made it.

That of a file `x.csv` is `x.csv.json` beside it, that of a folder `manifest.json` in it.
"""

import contextlib
import functools
import hashlib
import json
import os
from pathlib import Path

from keras_vabc.files.fingerprints import file_hash
from keras_vabc.files.writing import is_temporary
from keras_vabc.version import __version__

MANIFEST = "manifest.json"
MAKER = "keras_vabc"
MADE_BY = f"{MAKER} {__version__}"
HASH, EARLIER_HASH = "output_sha256", "replaces"
MOST_BYTES = 2**24  # of a record; what is larger is none of ours
EARLIER_KEYS = {"sha256", "versions", "run"}  # of manifests that did not name their maker
RUN_KEYS = {"schema", "status", "settings", "data"}
RESULT_KEYS = {"key", "method", "dataset"}


def content_hash(path):
    """SHA-256, as hexadecimal digits, of a file, or of all files of a folder but its manifest.

    That of a folder is the hash of its files' names and hashes, in their order. Neither dates nor
    modes count, and a link counts as the path that it holds.
    """
    path = Path(os.path.realpath(path))
    if not path.is_dir():
        return _entry_hash(path)
    digest = hashlib.sha256()
    for name in sorted(_files(path)):
        if name != MANIFEST.encode():
            entry = _entry_hash(path / os.fsdecode(name))
            digest.update(name + b"\0" + entry.encode() + b"\0")
    return digest.hexdigest()


def _files(folder):
    """Names of what is no folder, or an empty one, as bytes, since there may be millions."""
    for root, folders, files in os.walk(folder):
        links = [name for name in folders if os.path.islink(os.path.join(root, name))]
        for name in files + links:
            yield os.fsencode(os.path.relpath(os.path.join(root, name), folder))
        if not folders and not files and root != os.fspath(folder):
            yield os.fsencode(os.path.relpath(root, folder))


def _entry_hash(path):
    if path.is_symlink():
        return hashlib.sha256(b"link to " + os.fsencode(os.readlink(path))).hexdigest()
    if not path.is_file():
        return hashlib.sha256(b"no file").hexdigest()  # a pipe, which reading would wait for
    now = os.stat(path)
    times = (now.st_mtime_ns, now.st_ctime_ns)
    return _hash_read(str(path), now.st_dev, now.st_ino, now.st_size, times)


@functools.lru_cache(maxsize=1024)
def _hash_read(path, *_):
    """The hash of a file, which is large and checked several times, by what tells its versions."""
    return file_hash(path)


def manifest_path(path, folder):
    """Where the manifest of a file, or of a folder, is."""
    return path / MANIFEST if folder else path.with_name(f"{path.name}.json")


def manifest_text(content, sha256, replaces=None):
    """Bytes of a manifest of an output with that hash.

    `replaces` is the hash of the one of ours in whose place it is put, while that may be there yet.
    """
    made = {"made_by": MADE_BY, HASH: sha256}
    made |= {} if replaces is None else {EARLIER_HASH: replaces}
    return (json.dumps(made | content, indent=1) + "\n").encode()


def read_manifest(path):
    """What a manifest of ours holds, of an earlier version too; `None` if it is none."""
    content = _read_json(path)
    if str(content.get("made_by")).split(" ")[0] == MAKER or content.keys() >= EARLIER_KEYS:
        return content
    return None


def is_unchanged(path, manifest):
    """Whether a file or folder is what its manifest tells of, or what that one replaced."""
    hashes = {manifest.get(HASH), manifest.get(EARLIER_HASH)} - {None}
    return bool(hashes) and content_hash(path) in hashes


def made_here(folder):
    """Whether a folder is an output of ours, by the records in it: only those are read.

    That is a run, samples, an export, results of many trainings, and what is half-written.
    """
    folder = Path(folder)
    with contextlib.suppress(OSError):
        return (
            _read_json(folder / "run.json").keys() >= RUN_KEYS
            or read_manifest(folder / MANIFEST) is not None
            or _first_line(folder / "results.jsonl").keys() >= RESULT_KEYS
            or is_temporary(folder)
        )
    return False


def _read_json(path):
    return _parsed(path, lambda file: file.read(MOST_BYTES + 1))


def _first_line(path):
    return _parsed(path, lambda file: file.readline(MOST_BYTES + 1))


def _parsed(path, read):
    """The dict in a file, or in a part of it; an empty one if it holds none that is bounded."""
    with contextlib.suppress(OSError, ValueError, RecursionError):
        if path.is_file() and not path.is_symlink():
            with open(path, "rb") as file:
                text = read(file)
            content = json.loads(text) if len(text) <= MOST_BYTES else None
            return content if isinstance(content, dict) else {}
    return {}
