"""What `train` was asked for, checked before any work and in the form that a record keeps."""

import hashlib
import os

from rich.console import Console

from keras_vabc.data.checks import check_kind, check_path
from keras_vabc.data.columns.overrides import Overrides
from keras_vabc.data.ranges import checked
from keras_vabc.data.readers.reader import open_reader
from keras_vabc.data.readers.table_batches.table import open_table
from keras_vabc.data.readers.typed_tables import content_of, is_table
from keras_vabc.files.bounds import check_regular
from keras_vabc.files.fingerprints import array_fingerprint, file_hash
from keras_vabc.recipes.own_data import check_setting
from keras_vabc.recipes.recipe import PREFERRED
from keras_vabc.recipes.record import MEMORY, TrainingSettings


def checked_settings(
    setting,
    epochs,
    budget,
    gamma,
    image_size,
    max_unreadable,
    start,
    prefer,
    seed,
    columns=None,
    reviewed=None,
):
    """The `TrainingSettings` of the arguments of `train`; `start` is `None` or a `Run`."""
    return TrainingSettings(
        setting=_setting(setting, start),
        seed=checked("seed", seed),
        epochs=None if epochs is None else checked("epochs", epochs),
        budget=None if budget is None else checked("budget", budget),
        gamma=_gamma(gamma, start),
        image_size=_image_size(image_size, start),
        max_unreadable=checked("max_unreadable", max_unreadable),
        start=None if start is None else _origin(start),
        prefer=_prefer(prefer),
        reviewed=None if reviewed is None else _hash(reviewed),
        **_said(columns, start),
    )


def _hash(reviewed):
    check_path("reviewed", reviewed)
    check_regular(reviewed)
    return file_hash(reviewed)


def _prefer(prefer):
    if prefer not in PREFERRED:
        raise ValueError(
            f"prefer must be one of {', '.join(PREFERRED)}. Received: prefer={prefer!r}."
        )
    return prefer


def check_kinds(out, allow_more_unwanted, console):
    """Raises a `TypeError` for an argument of `train` that is of another kind."""
    if out is not None:
        check_path("out", out)
    check_kind("allow_more_unwanted", allow_more_unwanted, bool, "True or False")
    if console is not None:
        check_kind("console", console, Console, "a rich.console.Console")


def place(name, data, image_size, kept):
    """Where data are: an absolute path, or `MEMORY`.

    A name that is no path, as of a TensorFlow Datasets split, stays as it is. Where the run is
    kept in a folder, a hash of what is in memory tells it from other data at another try.
    """
    if isinstance(data, str | os.PathLike):
        return os.path.abspath(data) if os.path.exists(data) else os.fspath(data)
    if not kept:
        return MEMORY
    digest = hashlib.blake2b(digest_size=16)
    if is_table(data):
        for part in content_of(open_table(data, name)):
            digest.update(part)
        return f"{MEMORY} {digest.hexdigest()}"
    reader = open_reader(data, name)
    for _, rows in reader.blocks(reader.describe(image_size)):
        digest.update(f"{rows.dtype} {rows.shape[1:]}".encode() + rows.tobytes())
    return f"{MEMORY} {digest.hexdigest()}"


def data_at(place, name, in_memory):
    """The data of a `place`: a path, or what a dict of those `in_memory` has of that name."""
    if not place.startswith(MEMORY):
        return place
    if name not in in_memory:
        raise ValueError(
            f"{name} must be there to be read again. Received: a run on data that were in memory, "
            "opened from its folder."
        )
    return in_memory[name]


def _said(columns, start):
    """What somebody knows better of columns, as settings keep it."""
    if not columns:
        return {}
    check_kind("columns", columns, dict, "a dict of types, drop, id and missing")
    if start is not None:
        raise ValueError(
            "columns must be None with a run to start from, whose columns are taken. "
            f"Received: columns={columns}."
        )
    said = Overrides.of(columns)
    missing = _missing(said.missing)
    return {
        "types": said.types or None,
        "drop": tuple(sorted(said.drop)) or None,
        "missing": missing or None,
    }


def _missing(said):
    """Words that are no value, of all columns or by column."""
    check_kind("missing", said, list | tuple | dict, "a list of words, or a dict of such lists")
    lists = said if isinstance(said, dict) else {"": said}
    for name, words in lists.items():
        check_kind(f"missing[{name!r}]", words, list | tuple, "a list of words")
    words = {name: tuple(map(str, own)) for name, own in lists.items() if own}
    return words if isinstance(said, dict) else words.get("", ())


def _origin(start):
    if start.folder is not None:
        return str(start.folder)
    return f"{MEMORY} {array_fingerprint(start.model.get_weights())}"


def _setting(setting, start):
    if setting is not None:
        check_setting(setting)
    if start is None:
        return setting or "quality"
    own = start.record.settings.setting
    if setting not in (None, own):
        raise ValueError(
            f"setting must be that of the run to start from, {own}. Received: {setting}."
        )
    return own


def _gamma(gamma, start):
    """Gamma, given or that of the run to start from; `None` for the setting's own."""
    if gamma is None and start is not None:
        gamma = start.record.settings.gamma
    return None if gamma is None else checked("gamma", gamma)


def _image_size(size, start):
    """`(height, width)`, given or that of the run to start from; `None` for the most frequent."""
    if size is None:
        images = start is not None and start.spec.kind == "images"
        return start.spec.shape[:2] if images else None
    return checked("image_size", size)
