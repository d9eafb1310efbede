"""How the cells of a column are written, counted over all rows: numbers, dates or text."""

from collections import Counter

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from keras_vabc.data.columns import dates
from keras_vabc.data.columns.cells import (
    MISSING,
    MISSING_BESIDE_NUMBERS,
    cast_or_null,
    is_text,
    mask,
    plain,
    without,
)
from keras_vabc.data.columns.number_forms import ADDRESS, DIGITS, DOT_GROUPS, FORMS, PLAIN
from keras_vabc.data.columns.reading import FALSE, TRUE
from keras_vabc.data.columns.units import Shapes

MISFIT = 0.9  # share of the cells that a form does not fit before it is not tried any more
SURE = 2**14  # least number of them
COUNTS = (
    *("cells", "typed", "words", "whole", "too_long", "grouped", "short", "long"),
    *("bits", "truths", "minus", "addresses"),
)


class Writing:
    """Counts, over the cells of one column of one fold, what cannot be read in which way.

    Attributes:
        types: Types of the cells that were text, `None`, or of Arrow.
        cells: Number of cells of text with a value; `typed` of others.
        words: Of these, those that are no value if the others are numbers or dates.
        unread: For each `NumberForm` and form of dates, how many of the others are not written so.
        whole: How many are digits alone; `too_long` for 64 bits; `grouped` with a point after each
            three digits from the right; `short` and `long` of the digits alone, below 1000 or not.
        bits: How many of all are 0 or 1; `truths` are words for true or false, `addresses` those
            of machines, and `minus` begin with that.
        shapes: `Shapes` of numbers with something around them, such as 12 %.
        dated: How many are dates of some form; `read` has for each form the first one with its
            place, `missed` the first that only others read; `first_undated` is the place of the
            first other word, numbers left out.
        offsets: A time for each offset from UTC that times are written with.
        bare: The `Writing` of what these are without it, `None` if there are none.
        missing: How often each word for no value occurs.
        example: The first text with a value.
        first_other: Place of the first row that holds neither a plain number nor a word for none.
    """

    def __init__(self, missing=()):
        self.types, self.unread, self.missing = [], Counter(), Counter()
        self.cells = self.typed = self.words = 0
        self.whole = self.too_long = self.grouped = self.short = self.long = 0
        self.bits = self.truths = self.minus = self.addresses = 0
        self.shapes, self.bare, self.offsets = Shapes(), None, {}
        self.example = self.first_other = None
        self.dated, self.read, self.missed, self.first_undated = 0, {}, {}, None
        self._given, self._all_differ = list(missing), False

    @property
    def present(self):
        """Number of cells with a value."""
        return self.cells + self.typed

    def add(self, array, place):
        """Takes in the cells of a batch; `place` tells where each of its rows stands."""
        array = plain(array)
        kind = None if is_text(array.type) else array.type
        if kind not in self.types:
            self.types.append(kind)
        if kind is not None:
            self.typed += len(array) - array.null_count
            self.bits += 0 if pa.types.is_temporal(kind) else int(mask(_bits(array)).sum())
            return
        text, counts = self._counted(array)
        value = without(text, [*MISSING, *self._given])
        self._count_missing(text, value, counts)
        text, counts = _kept(value, counts, value.is_valid())
        self.cells += int(counts.sum())
        self.example = text[0].as_py() if self.example is None and len(text) else self.example
        known = self.first_undated
        is_word = pc.is_in(text, value_set=pa.array(MISSING_BESIDE_NUMBERS))
        self.words += int(counts[mask(is_word)].sum())
        other = self._numbers(*_kept(text, counts, pc.invert(is_word)))
        if self.first_other is None and len(other):
            self.first_other = place(pc.index(array, other[0]).as_py())
        self._place_dates(lambda cell: place(pc.index(array, cell).as_py()), known)

    def _place_dates(self, place, known):
        """Finds the places of the cells that were kept of this batch."""
        for first in (self.read, self.missed):
            for form in {form for form, cell in first.items() if isinstance(cell, str)}:
                first[form] = first[form], place(first[form])
        if self.first_undated is not None and self.first_undated != known:
            self.first_undated = place(self.first_undated)

    def _counted(self, array):
        """The different cells and how often each occurs; all of them where most differ."""
        if self._all_differ:
            return array, np.ones(len(array), np.int64)
        counted = pc.value_counts(array)
        self._all_differ = len(counted) > 0.5 * len(array)
        return counted.field(0), counted.field(1).to_numpy()

    def _count_missing(self, text, value, counts):
        lost = mask(value.is_null())
        if lost.any():
            words = text.filter(pa.array(lost)).to_pylist()
            for word, count in zip(words, counts[lost].tolist(), strict=True):
                self.missing[word or ""] += count

    def _numbers(self, text, counts):
        """Counts the forms of numbers, and of dates among what is none, which it returns."""
        self.minus += int(counts[mask(pc.starts_with(text, "-"))].sum())
        digits = pc.match_substring_regex(text, DIGITS)
        whole, many = _kept(text, counts, digits)
        self._count_digits(whole, many)
        text, counts = _kept(text, counts, pc.invert(digits))
        self.grouped += int(counts[mask(pc.match_substring_regex(text, DOT_GROUPS))].sum())
        self.addresses += int(counts[mask(pc.match_substring_regex(text, ADDRESS))].sum())
        for form in FORMS:
            if form.decimal == ",":
                self._fail(form, text, counts)
        text, counts = self._fail(PLAIN, text, counts)
        others = text
        for form in FORMS[1:]:
            if form.decimal == ".":
                self._fail(form, text, counts)
        self._dates(text, counts)
        truths = pc.is_in(pc.utf8_lower(others), value_set=pa.array([*TRUE, *FALSE]))
        self.truths += int(counts[mask(truths)].sum())
        self._add_bare(others, counts)
        return others

    def _add_bare(self, text, counts):
        """Counts how numbers are written that have something around them."""
        numbers, counts = self.shapes.add(text, counts)
        if len(numbers):
            self.bare = self.bare or Writing()
            self.bare.cells += int(counts.sum())
            self.bare._numbers(numbers, counts)

    def _count_digits(self, text, counts):
        self.bits += int(counts[mask(_bits(text))].sum())
        text = pc.utf8_ltrim(text, characters="+")
        lengths = pc.utf8_length(pc.utf8_ltrim(text, characters="-"))
        lengths = lengths.to_numpy(zero_copy_only=False)
        self.whole += int(counts.sum())
        self.short += int(counts[lengths <= 3].sum())
        self.long += int(counts[lengths > 3].sum())
        if lengths.max(initial=0) > 18:
            self.too_long += int(counts[mask(cast_or_null(text, pa.int64()).is_null())].sum())

    def _dates(self, text, counts):
        is_like = pc.match_substring_regex(text, dates.LIKE_A_DATE)
        like, many = _kept(text, counts, is_like)
        unlike, reads = int(counts.sum() - many.sum()), {}
        dated, late = np.zeros(len(like), bool), 2 * self.dated > self.cells
        for form in sorted(dates.FORMATS, key=self._tried, reverse=True):
            tried = np.full(len(like), True) if self._tried(form) else ~dated & late
            reads[form] = read = np.zeros(len(like), bool)
            if tried.any():
                read[tried] = mask(dates.parsed(like.filter(pa.array(tried)), form).is_valid())
            self.unread[form] += unlike + int(many[~read].sum())
            dated |= read
        for form, read in reads.items():
            _keep_first(self.read, form, like, read)
            _keep_first(self.missed, form, like, dated & ~read)
        if reads[dates.ISO_ZONE].any():
            self.offsets = dates.offsets_of(like) | self.offsets
        self.dated += int(many[dated].sum())
        others = [*like.filter(pa.array(~dated))[:1], *text.filter(pc.invert(is_like))[:1]]
        if self.first_undated is None and others:
            self.first_undated = others[0].as_py()

    def _tried(self, form):
        return not (self.unread[form] > SURE and self.unread[form] > MISFIT * self.cells)

    def _fail(self, form, text, counts):
        """Counts and returns what a form does not fit."""
        if self._tried(form) or form == PLAIN:
            fits = pc.match_substring_regex(text, form.pattern)
            text, counts = _kept(text, counts, pc.invert(fits))
        self.unread[form] += int(counts.sum())
        return text, counts


def _keep_first(found, form, cells, which):
    if form not in found and which.any():
        found[form] = cells[int(np.argmax(which))].as_py()


def _bits(array):
    return pc.is_in(array, value_set=pa.array([0, 1]).cast(array.type))


def _kept(text, counts, which):
    return text.filter(which), counts[mask(which)]


def joined(writings):
    """The counts of several folds as those of one."""
    result = Writing()
    for own in writings:
        result.types += [kind for kind in own.types if kind not in result.types]
        result.unread += own.unread
        result.missing += own.missing
        result.shapes += own.shapes
        result.offsets = result.offsets or own.offsets
        for count in COUNTS:
            setattr(result, count, getattr(result, count) + getattr(own, count))
    bare = [own.bare for own in writings if own.bare is not None]
    result.bare = joined(bare) if bare else None
    return result


def without_units(writing):
    """The counts as if all numbers were bare."""
    if writing.bare is None:
        return writing
    result = joined([writing, writing.bare])
    result.cells = writing.cells
    for form in result.unread:  # what has something around it fits no form
        result.unread[form] -= writing.bare.cells
    return result


def plain_decimals(writing):
    """How many cells of text are plain numbers, but not digits alone."""
    return writing.cells - writing.words - writing.whole - writing.unread[PLAIN]


def numbers_of(writing):
    """How many cells of text are numbers, in the form that most of them have."""
    if writing.cells == 0:
        return 0
    return writing.cells - writing.words - min(writing.unread[form] for form in FORMS)


def are_truths(writings):
    """Whether folds hold nothing but 0 and 1, and words for true and false, and some of both."""
    values = sum(own.present for own in writings)
    bits, truths = (sum(getattr(own, count) for own in writings) for count in ("bits", "truths"))
    return bits > 0 and truths > 0 and bits + truths == values
