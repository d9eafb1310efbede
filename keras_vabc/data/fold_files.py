"""One fold on its way from a user's files to arrays on disk."""

import contextlib
import math
import shutil
from collections import Counter

import numpy as np

from keras_vabc.data.digests import Copies, OrderDigest, in_share, share_with
from keras_vabc.data.folds import FEW_UNWANTED
from keras_vabc.data.mapped import RowsFile
from keras_vabc.data.readers.reading import examples_of
from keras_vabc.data.reviewed import UNWANTED
from keras_vabc.data.vectors import Columns

CODES = "reviewed.npy", "test_reviewed.npy"  # files with the codes of unlabeled rows


class FoldFiles:
    """The training and the test part of one fold, and what is known of their rows.

    Rows whose hashes are in `drop` are left out; the hashes of a typed table tell copies apart, so
    that as many are left out as there are in `drop`, and each is held out for itself: rows of few
    values are equal by chance. Of those kept, `hashes` are the sorted digests and `columns` the
    `Columns`, where they are vectors; `counts` are as in `Intake`. `order` is the `OrderDigest` of
    all. With `Reviewed` decisions their codes are stored beside the rows, and of rows that are left
    out are `left_out_codes`.
    """

    def __init__(self, name, folder, spec, drop, reviewed=None):
        self.name, self._folder, self._spec, self._drop = name, folder, spec, drop
        self._reviewed, self._codes = reviewed, {}

    def fill(self, reader, seed, share, show):
        """Reads all examples; errors are those of the `Reader`, and `OSError` for a full disk."""
        self._read(reader, seed, share, show)
        if self.name == "unwanted" and self.counts["training"] > 1 and not self.counts["held_out"]:
            share = share_with(self.hashes[0])  # since few may all fall to training
            self._read(reader, seed, share, show)
        self.counts["share"] = share

    def _read(self, reader, seed, share, show):
        self.columns, self.order, hashes = Columns(), OrderDigest(), bytearray()
        self.counts = Counter(
            read=0, training=0, held_out=0, unreadable=0, duplicates=0, repeated=0
        )
        self._training, self._test = (
            RowsFile(self._folder / f"{part}.npy", self._spec.shape, self._spec.dtype)
            for part in (self.name, f"test_{self.name}")
        )
        copies = Copies() if self._spec.typed else None
        self._codes = {"training": [], "held_out": [], "duplicates": []}
        with contextlib.closing(self._training), contextlib.closing(self._test):
            self._check_room(reader.count)
            for own in examples_of(reader, self._spec):
                content = own.hashes(seed)
                each = content if copies is None else copies.told_apart(content)
                kept = self._add(own, each, share)
                hashes += each[kept].tobytes()
                self.counts["repeated"] += int((each != content)[kept].sum())
                if show:
                    show(self.name, reader.counts["read"])
        self.hashes = np.frombuffer(hashes, np.uint64)
        self.hashes.sort()
        self.counts.update(reader.counts)
        self.counts["repeated"] += int((self.hashes[1:] == self.hashes[:-1]).sum())

        if self._reviewed is not None:
            self._store_codes()

    def _store_codes(self):
        codes = {
            part: np.concatenate([np.zeros(0, np.int8), *own]) for part, own in self._codes.items()
        }
        self.left_out_codes = codes.pop("duplicates")
        for name, own in zip(CODES, codes.values(), strict=True):
            np.save(self._folder / name, own)
        self._reviewed.check(np.concatenate(list(codes.values())), self.left_out_codes)

    def check(self, share):
        """Raises a `ValueError` if one of the two parts came out empty."""
        if self.counts["training"] == 0 or self.counts["held_out"] == 0:
            raise ValueError(
                f"{self.name} must have enough examples for training and testing with "
                f"test_share={share}; more examples help. Received: "
                f"{self.counts['read']}, of which {self.counts['training']} fell to training and "
                f"{self.counts['held_out']} to testing, and {self.counts['duplicates']} are also "
                "unwanted."
            )

    def notes(self):
        """What a user should know, a line each."""
        duplicates, repeated = self.counts["duplicates"], self.counts["repeated"]
        kept = self.counts["training"] + self.counts["held_out"]
        decided = 0 if self._reviewed is None else int((self.left_out_codes & UNWANTED > 0).sum())
        lines = {
            f"{duplicates} of {kept + duplicates} examples are also unwanted, to the last bit, and "
            "were left out": duplicates,
            f"{decided} that were reviewed are among the unwanted, too; they count there": decided,
            f"{repeated} of {kept} examples repeat an earlier one; they are kept": repeated,
            f"{kept} examples are few: below {FEW_UNWANTED} no estimate from them is reliable, and "
            "kinds of negatives that are not among them are missed": (
                self.name == "unwanted" and kept < FEW_UNWANTED
            ),
        }
        return [f"{self.name}: {line}." for line, holds in lines.items() if holds]

    def _add(self, own, hashes, share):
        """Stores some `Examples` of these digests; returns which of them were kept."""
        rows = own.rows
        self.order.add(hashes)
        duplicate, test = np.isin(hashes, self._drop), in_share(hashes, share)
        for file, part, chosen in (
            (self._training, "training", ~test & ~duplicate),
            (self._test, "held_out", test & ~duplicate),
        ):
            file.append(rows[chosen])
            self.counts[part] += int(chosen.sum())
        self.counts["duplicates"] += int(duplicate.sum())
        if self._reviewed is not None:
            codes = self._reviewed.codes(own)
            chosen = ~test & ~duplicate, test & ~duplicate, duplicate
            for part, which in zip(self._codes.values(), chosen, strict=True):
                part.append(codes[which])
        if self._spec.kind == "vectors":
            self.columns.add(rows[~duplicate])
        return ~duplicate

    def _check_room(self, count):
        needed = (count or 0) * math.prod(self._spec.shape) * np.dtype(self._spec.dtype).itemsize
        free = shutil.disk_usage(self._folder).free
        if needed > free:
            raise OSError(
                f"{self._folder} must have room for the {self.name} fold. Received: {free} bytes "
                f"free, {needed} needed."
            )
