"""Data as people have it: files of any kind become folds on disk, and say what was repaired."""

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from keras_vabc.checks import check_whole
from keras_vabc.data.digests import digests, held_out, in_share
from keras_vabc.data.files import ArrayFile
from keras_vabc.data.folders import ImageFolder
from keras_vabc.data.folds import UNKNOWN, Folds
from keras_vabc.data.mapped import RowsFile
from keras_vabc.data.spec import DataSpec

__all__ = ["DataSpec", "Intake", "SwappedFolds", "held_out", "read_blocks", "read_folds"]

FEW_UNWANTED = 50


class SwappedFolds(ValueError):
    """More unwanted than unlabeled examples: the two were probably given the wrong way round."""


@dataclass(frozen=True, eq=False)
class Intake:
    """What `read_folds` read.

    Attributes:
        folds: The `Folds`, memory-mapped; labels as `array_folds` gives them.
        spec: `DataSpec` of every example.
        notes: One line for each repair or warning.
        counts: For each of `"unlabeled"` and `"unwanted"` a dict of `read`, `unreadable`,
            `duplicates` (also in the unwanted fold, removed), `repeated` (equal to an earlier row
            of the same fold, kept), `held_out` and `training`.
    """

    folds: Folds
    spec: DataSpec
    notes: list[str]
    counts: dict


def read_folds(
    unlabeled,
    unwanted,
    *,
    folder,
    image_size=None,
    test_share=0.2,
    max_unreadable=0.01,
    seed=0,
    allow_more_unwanted=False,
    show=None,
) -> Intake:
    """Reads both folds, repairs what can be repaired, and holds out a part of each for testing."""
    if not 0 < test_share < 1:
        raise ValueError(f"test_share must be in (0, 1). Received: test_share={test_share}.")
    check_whole("seed", seed, 0)
    folder = Path(folder)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    sources = {
        "unlabeled": open_source(unlabeled, "unlabeled", max_unreadable),
        "unwanted": open_source(unwanted, "unwanted", max_unreadable),
    }
    spec = sources["unlabeled"].describe(image_size)
    parts, counts, notes, known = {}, {}, [], np.zeros(0, np.uint64)
    for name in ("unwanted", "unlabeled"):
        rows, own, hashes = _store(sources[name], spec, folder, known, seed, test_share, show)
        known = np.unique(hashes)
        parts |= rows
        counts[name] = own
        notes += sources[name].notes(spec)
    if counts["unwanted"]["read"] > counts["unlabeled"]["read"] and not allow_more_unwanted:
        raise SwappedFolds(
            "unlabeled must hold more examples than unwanted. Received: "
            f"{counts['unlabeled']['read']} and {counts['unwanted']['read']}."
        )
    for part, array in list(parts.items()):
        parts[f"{part}_labels"] = np.full(len(array), UNKNOWN if "unlabeled" in part else 0)
    folds = Folds(**parts, name="custom", negative_class=0, fraction=1.0, seed=int(seed))
    return Intake(folds, spec, notes, counts)


def read_blocks(path, spec, name="input", *, max_unreadable=0.01, notes=None):
    """Reads a file or folder again, or another one, in the form of `spec`."""
    source = open_source(path, name, max_unreadable)
    yield from source.blocks(spec)
    if notes is not None:
        notes += source.notes(spec)


def open_source(path, name, max_unreadable):
    """The reader of a path."""
    if os.path.isdir(path):
        return ImageFolder(path, name, max_unreadable)
    return ArrayFile(path, name)


def _store(source, spec, folder, drop, seed, share, show):
    name = source.name
    files = {
        part: RowsFile(folder / f"{part}.npy", spec.shape, spec.dtype)
        for part in (name, f"test_{name}")
    }
    hashes, duplicates = [], 0
    for _, rows in source.blocks(spec):
        own = digests(rows, seed)
        duplicate = np.isin(own, drop)
        test = in_share(own, share)
        files[name].append(rows[~duplicate & ~test])
        files[f"test_{name}"].append(rows[~duplicate & test])
        hashes.append(own)
        duplicates += int(duplicate.sum())
        if show:
            show(name, sum(map(len, hashes)))
    hashes = np.concatenate(hashes) if hashes else drop[:0]
    counts = {
        "read": source.counts["read"],
        "unreadable": source.counts["unreadable"],
        "duplicates": duplicates,
        "repeated": len(hashes) - len(np.unique(hashes)),
        "held_out": files[f"test_{name}"].count,
        "training": files[name].count,
    }
    return {part: file.array() for part, file in files.items()}, counts, hashes
