"""What a column is read as: decided by how its cells are written, in both folds."""

import pyarrow as pa

from keras_vabc.data.columns import dates
from keras_vabc.data.columns.number_forms import FORMS, PLAIN
from keras_vabc.data.columns.reading import Reading, has_zone
from keras_vabc.data.columns.units import NO_UNIT
from keras_vabc.data.columns.writings import plain_decimals, without_units

GERMAN = FORMS[2]
FEW = 0.1  # share of decimals among numbers
FEWEST = 10  # numbers that tell what a point is


def table_form(writings, allowed):
    """The `NumberForm` that fits most of the columns of a table, the first of several that do."""

    def fits(form):
        return sum(is_number(own, form, allowed) for own in writings if own.types == [None])

    return max(FORMS, key=fits)


def is_number(writing, form, allowed):
    """Whether so many cells of text are written in a form that the others may be left out."""
    values = writing.cells - writing.words
    uncounted = form not in FORMS
    if uncounted or values == 0 or writing.unread[form] > allowed * values:
        return False
    if form.thousands == "." and 2 * writing.addresses > values:
        return False
    pointed = values - writing.whole - writing.unread[form]
    if writing.too_long and pointed <= FEW * values:  # whole numbers that float64 would round
        return False
    return not (form.decimal == "." and _points_are_groups(writing))


def _points_are_groups(writing):
    """Whether each number with a point has three digits behind it, and none without is long.

    So do 1.234 and 950, but decimals would be 1.234 and 950.000.
    """
    pointed = plain_decimals(writing)
    fits = writing.unread[GERMAN] <= writing.unread[PLAIN]
    return fits and writing.grouped >= pointed >= FEWEST and writing.short > 0 and not writing.long


def reading_of(writing, form, allowed, missing=(), wanted=None):
    """The `Reading` of a column by its `Writing` in both folds.

    `form` is that of the table, `wanted` a kind that somebody has said; the caller checks how much
    it leaves unread.
    """
    kinds = [kind for kind in writing.types if kind is not None]
    times = [kind for kind in kinds if pa.types.is_temporal(kind)]
    if wanted is None:
        wanted = _kind(writing, form, allowed, kinds, times)
    if wanted == "number":
        fits = [own for own in (form, *FORMS) if is_number(writing, own, allowed)]
        own = (fits or [min(FORMS, key=lambda own: writing.unread[own])])[0]
        if own.decimal == "." and writing.unread[PLAIN] <= writing.unread[own]:
            own = PLAIN  # other columns have thousands between which something stands
        whole = all(map(pa.types.is_integer, kinds)) and not _has_decimals(writing, own)
        return Reading("number", whole=whole, form=own, missing=tuple(missing))
    if wanted == "date":
        day = day_of(writing) if None in writing.types else None
        time = str(_time(writing, times, day))
        return Reading("date", dates=day, time=time, missing=tuple(missing))
    return Reading("text", missing=tuple(missing))


def _time(writing, times, day):
    """The type of dates: that of the first that have one, unless text before them has a zone."""
    zone = dates.zone_of(writing.offsets) if day == dates.ISO_ZONE else None
    text = pa.timestamp("us", zone)
    first = writing.types[0] is None and writing.cells > 0
    if not times or (first and has_zone(text) != has_zone(times[0])):
        return text
    return text if first and has_zone(text) else times[0]


def _kind(writing, form, allowed, kinds, times):
    """What a column is read as, if nobody says it."""
    if times:
        return "date"
    if kinds or any(is_number(writing, own, allowed) for own in (form, *FORMS)):
        return "number"
    values = writing.cells - writing.words
    unread = writing.unread[day_of(writing)] + writing.whole + plain_decimals(writing)
    return "date" if values and unread <= allowed * values else "text"


def day_of(writing):
    """The form that most dates have."""
    return min(dates.FORMATS, key=lambda form: writing.unread[form])


def _has_decimals(writing, form):
    """Whether text may hold other numbers than digits alone."""
    return writing.cells > 0 and (form != PLAIN or plain_decimals(writing) > 0)


def unit_of(writing, form, allowed, said=False):
    """The `Unit` of a column of nothing but numbers, if all of them have it, else none.

    If the column is `said` to be one of numbers, it is that of most.
    """
    values = writing.cells - writing.words
    unit = writing.shapes.unit(values, writing.minus) or NO_UNIT
    bare, alone = without_units(writing), writing.shapes.symbols()[unit.symbol]
    fits = any(is_number(bare, own, allowed) for own in (form, *FORMS))
    if said or (fits and (alone >= (1 - allowed) * values or not unit.symbol)):
        return unit
    return NO_UNIT
