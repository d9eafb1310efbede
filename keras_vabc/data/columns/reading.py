"""How the cells of a column become values that can be compared, hashed and encoded."""

import functools
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from keras_vabc.data.columns import dates, number_forms
from keras_vabc.data.columns.cells import (
    MISSING,
    MISSING_BESIDE_NUMBERS,
    is_text,
    mask,
    plain,
    trimmed,
    without,
)
from keras_vabc.data.columns.number_forms import PLAIN, NumberForm
from keras_vabc.data.columns.units import NO_UNIT, Unit

TRUE, FALSE = ("true", "yes", "y", "t", "on", "1"), ("false", "no", "n", "f", "off", "0")
LIMITS = (-(2.0**63), np.nextafter(2.0**63, 0))  # of int64


@dataclass(frozen=True)
class Reading:
    """What the cells of a column are read as.

    Values are text, int64 or float64. Truths are the words true and false; dates and times int64,
    in units of their type since 1970, those with a zone by its clocks. What is missing is null.

    Attributes:
        kind: `"number"`, `"date"`, `"truth"` or `"text"`.
        whole: Whether numbers are all whole, and so are int64.
        form: `NumberForm` of numbers that are text, and `unit` what stands around them.
        dates: Form of dates that are text, as `strptime` has it, `"ISO"` or `"ISO with zone"`.
        time: Type of the dates, such as `"timestamp[us]"`.
        missing: Words that are no value, besides the usual ones.
    """

    kind: str
    whole: bool = False
    form: NumberForm = PLAIN
    dates: str | None = None
    time: str | None = None
    missing: tuple[str, ...] = ()
    unit: Unit = NO_UNIT

    def read(self, array):
        """`(values, bad)` of the cells of a batch; bad is where they are none of this kind."""
        array = plain(array)
        if self.kind in ("text", "truth"):
            array = words_of(array)
        if is_text(array.type):
            array = without(array, self._words())
        values = getattr(self, f"_{self.kind}")(array)
        bad = (values.is_null().to_numpy(False)) & (array.is_valid().to_numpy(False))
        if self.kind == "number" and self.missing:
            codes = [code for code in map(_number, self.missing) if code is not None]
            values = without(values, [code for code in codes if not self.whole or code % 1 == 0])
        return values, bad

    def nearest(self, array, values, bad):
        """`(values, found)`: of bad cells the nearest whole numbers, where these are numbers."""
        if not self.whole:
            return values, np.zeros(len(bad), bool)
        numbers, _ = replace(self, whole=False).read(array)
        found = bad & mask(numbers.is_valid())
        whole = np.rint(numbers.fill_null(0).to_numpy(zero_copy_only=False))
        whole = pa.array(np.clip(whole, *LIMITS).astype(np.int64))
        return pc.if_else(pa.array(found), whole, values), found

    def written(self, text):
        """Numbers as Python writes them in the form and the unit of the column."""
        text = self.form.written(text)
        if self.unit == NO_UNIT:
            return text
        return self.unit.written(self.unit.padded(text, self.form.decimal))

    def words(self):
        """An example of a number, for notes."""
        return self.unit.words(self.form.words())

    def lacks_zone(self, kind):
        """Whether times of a type of Arrow have a zone, but none tells whose clocks these are."""
        return self.kind == "date" and has_zone(kind) and not has_zone(type_named(self.time))

    @property
    def type(self):
        """The type of Arrow of the values."""
        if self.kind in ("text", "truth"):
            return pa.string()
        return pa.int64() if self.whole or self.kind == "date" else pa.float64()

    def _words(self):
        beside = MISSING_BESIDE_NUMBERS if self.kind in ("number", "date") else ()
        return [*MISSING, *beside, *self.missing]

    def _text(self, array):
        return array

    def _truth(self, array):
        words, no = pc.utf8_lower(array), pa.scalar(None, pa.string())
        true, false = (pc.is_in(words, value_set=pa.array(own)) for own in (TRUE, FALSE))
        return pc.if_else(true, "true", pc.if_else(false, "false", no))

    def _number(self, array):
        if is_text(array.type):
            array = array if self.unit == NO_UNIT else self.unit.bare(array)
            return number_forms.parsed(array, self.form, self.whole)
        if pa.types.is_temporal(array.type):
            return pa.nulls(len(array), self.type)
        if self.whole and pa.types.is_floating(array.type):
            return number_forms.whole_of(array)
        return pc.cast(array, self.type, safe=False)

    def _date(self, array):
        kind = type_named(self.time)
        if is_text(array.type):
            array = dates.read(array, self.dates, kind)
        if not pa.types.is_temporal(array.type):
            return pa.nulls(len(array), pa.int64())
        if array.type != kind:
            clock = pa.types.is_time(kind) or pa.types.is_time(array.type)
            if clock and not pa.types.is_time(array.type):
                return pa.nulls(len(array), pa.int64())
            if self.lacks_zone(array.type):
                return pa.nulls(len(array), pa.int64())
            if pa.types.is_timestamp(array.type) and not has_zone(array.type) and has_zone(kind):
                kind = pa.timestamp(kind.unit)  # clocks of a zone that is not written
            array = dates.in_unit(array, kind)
        return dates.as_ticks(array)


@functools.cache
def type_named(name):
    """The type of Arrow that its `str` names; nested ones are none of a column."""
    inside = name.partition("[")[2].rstrip("]").split(", ")
    if name.startswith("timestamp") and len(inside) == 2:
        return pa.timestamp(inside[0], inside[1].removeprefix("tz="))
    if name.startswith("decimal"):
        width, _, rest = name.removeprefix("decimal").partition("(")
        precision, scale = map(int, rest.rstrip(")").split(","))
        return getattr(pa, f"decimal{width}")(precision, scale)
    if name.startswith("dictionary"):
        values = name.partition("values=")[2].split(", indices")[0]
        indices = name.partition("indices=")[2].split(", ordered")[0]
        return pa.dictionary(type_named(indices), type_named(values))
    return pa.type_for_alias(name)


def has_zone(kind):
    """Whether a type of Arrow is that of times with a zone."""
    return pa.types.is_timestamp(kind) and kind.tz is not None


def check_zones(schema, places, name, received):
    """Refuses columns of times with a zone where training has none; `places` are of readings.

    They are pairs of a `Reading` and the name or number of its column.
    """
    for reading, place in places:
        field = schema.field(place)
        if reading.lacks_zone(field.type):
            raise ValueError(
                f"{name} must hold times without a zone in column {field.name!r}, as the unlabeled "
                f"fold does. Received: {received}, with {field.type}."
            )


def words_of(array):
    """Cells that `plain` gave as text; 3 and 3.0 are one word."""
    if pa.types.is_floating(array.type):
        whole = pc.cast(number_forms.whole_of(array), pa.string())
        return pc.coalesce(whole, pc.cast(array, pa.string()))
    return trimmed(array)


def _number(word):
    try:
        return float(word)
    except ValueError:
        return None
