"""Outputs of the commands: put in place whole, with a manifest, and never in place of others'."""

import contextlib
import os
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from keras_vabc.files.manifests import (
    HASH,
    MANIFEST,
    content_hash,
    is_unchanged,
    manifest_path,
    manifest_text,
    read_manifest,
)
from keras_vabc.files.writing import (
    clear,
    followed,
    is_being_written,
    make_like,
    parents_made,
    path_in_errors,
    put_folder,
    sync,
    take_mode,
    temporary_path,
)

KIND = "output"  # of a manifest: "samples", "scores" or "export"
HOW = "give --overwrite (in Python overwrite=True) to replace it"


@dataclass
class Output:
    """A file to write, or a folder to fill, and what its manifest is to tell of it."""

    path: Path
    manifest: dict = field(default_factory=dict)


@contextmanager
def new_output(path, kind, *, folder=False, overwrite=False, name="out"):
    """A file, or a folder, that appears whole with its manifest, or not at all: an `Output`.

    `kind` says in one word what it is. Refused before the block begins is what `check_free`
    refuses. A link is followed. What the block made vanishes if it raises, parents included; what
    was there before stays.
    """
    options = {"folder": folder, "overwrite": overwrite, "name": name}
    path = check_free(path, kind, **options)
    with parents_made(path, name), path_in_errors(path), temporary_path(path) as temporary:
        check_free(path, kind, own=temporary.parent, **options)  # another may have come at once
        if folder:
            make_like(temporary, path)
        output = Output(temporary, {KIND: kind})
        yield output
        check_free(path, kind, own=temporary.parent, **options)  # there was time to put files there
        (_put_folder if folder else _put_file)(output, path)


def check_free(path, kind, *, folder=False, overwrite=False, name="out", own=None):
    """Refuses a path where something is that is no output of that kind, as we made it.

    Returns the path to be written, which is another one if `path` is a link. With `overwrite` every
    file passes that is none of a manifest, and a changed folder of that kind. Raises an `OSError`;
    of that, a `BlockingIOError` for a path at which another process is writing than the one that
    has the temporary folder `own`.
    """
    given, path = path, followed(path, name)
    clear(path)
    if is_being_written(path, own):
        raise BlockingIOError(f"Another process is writing {given}; wait for it.")
    fault = (_fault_of_folder if folder else _fault_of_file)(path, kind, overwrite)
    if fault:
        rule, received = fault
        raise FileExistsError(f"{name} must be {rule}. Received: {name}={given}, {received}.")
    return path


def _fault_of_folder(path, kind, overwrite):
    """`(rule, what was received)` of a path for a folder; `None` for one that is free."""
    if not path.exists():
        return None
    rule = f"a new or empty folder, or one of {kind} that keras-vabc made"
    if not path.is_dir():
        return rule, "which is a file"
    if path.samefile(os.curdir) or os.path.ismount(path):
        return "a folder that can be replaced", "which is the current folder or a mounted one"
    if not any(path.iterdir()):
        return None
    manifest = read_manifest(path / MANIFEST)
    if manifest is None or ("made_by" in manifest and manifest.get(KIND) != kind):
        return rule, "which holds something else"
    return _fault_of_ours(path, manifest, kind, overwrite)


def _fault_of_file(path, kind, overwrite):
    """Likewise, of a path for a file."""
    if path.is_dir():
        return "a file", "which is a folder"
    place = manifest_path(path, folder=False)
    manifest = read_manifest(place)
    if manifest is None and os.path.lexists(place):
        received = f"which would take {place.name} for it, and keras-vabc did not make that"
        return "a file whose manifest has a free place", received
    if not path.exists():
        return None
    if manifest is None:
        return None if overwrite else (f"new; {HOW}", "which keras-vabc did not make")
    return _fault_of_ours(path, manifest, kind, overwrite)


def _fault_of_ours(path, manifest, kind, overwrite):
    other = manifest.get(KIND, kind) != kind
    if overwrite or (is_unchanged(path, manifest) and not other):
        return None
    rule = f"new, or as keras-vabc made it; {HOW}"
    if HASH not in manifest:
        return rule, "whose manifest, of an earlier version, does not tell whether it was changed"
    return rule, f"which holds {manifest[KIND]}" if other else "which was changed since"


def _put_folder(output, path):
    text = manifest_text(output.manifest, content_hash(output.path))
    (output.path / MANIFEST).write_bytes(text)
    put_folder(output.path, path)


def _put_file(output, path):
    """The manifest first: it names the earlier data too, so that it never tells of others."""
    place, replaces = manifest_path(path, folder=False), None
    earlier = read_manifest(place)
    if path.exists():
        take_mode(output.path, path)
        replaces = content_hash(path) if earlier and is_unchanged(path, earlier) else None
    manifest = output.path.with_name(place.name)
    manifest.write_bytes(manifest_text(output.manifest, content_hash(output.path), replaces))
    kept = manifest.with_name(f"{place.name}.earlier")
    if earlier is not None:
        kept.write_bytes(place.read_bytes())
    sync(output.path)
    sync(manifest)
    try:
        os.replace(manifest, place)
        os.replace(output.path, path)
    except BaseException:
        if output.path.exists() and not manifest.exists():  # it was stopped between the two
            with contextlib.suppress(OSError):
                place.unlink() if earlier is None else os.replace(kept, place)
        raise
