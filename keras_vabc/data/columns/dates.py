"""Dates and times: how they are written, and the whole numbers that they are."""

import functools
import re

import pyarrow as pa
import pyarrow.compute as pc

from keras_vabc.data.columns.cells import cast_or_null

ISO, ISO_ZONE = "ISO", "ISO with zone"
DAYS = (
    *("%Y/%m/%d", "%d.%m.%Y", "%m/%d/%Y", "%d/%m/%Y", "%d-%m-%Y", "%m-%d-%Y"),
    *("%d.%m.%y", "%m/%d/%y", "%d/%m/%y", "%d %b %Y", "%d-%b-%Y", "%b %d, %Y"),
)
TIMES = ("", " %H:%M", " %H:%M:%S", " %I:%M %p", " %I:%M:%S %p")
CLOCKS = ("%H:%M", "%H:%M:%S")
FORMATS = (ISO, ISO_ZONE, *(day + time for time in TIMES for day in DAYS), *CLOCKS)
CERTAIN = ("%Y/%m/%d", "%d.%m.%Y", "%d %b %Y", "%d-%b-%Y", "%b %d, %Y")  # what is day, what month
ZONE = r" ?(Z|[+-][0-9]{2}(:?[0-9]{2})?)$"
ZONES = (  # of which several offsets are those of summer and winter
    *("Europe/Berlin", "Europe/London", "Europe/Athens", "America/New_York", "America/Chicago"),
    *("America/Denver", "America/Los_Angeles", "America/Halifax", "America/Sao_Paulo"),
    *("Australia/Sydney", "Australia/Adelaide", "Pacific/Auckland", "Asia/Jerusalem"),
)
LIKE_A_DATE = (
    r"^[0-9]{1,4}[-/.][0-9]{1,2}[-/.][0-9]{1,4}|^[0-9]{1,2}:[0-9]{2}(:[0-9]{2})?$"
    r"|^[0-9]{1,2}[- ][A-Za-z]{3}[- ][0-9]{4}|^[A-Za-z]{3} [0-9]{1,2}, [0-9]{4}"
)
ISO_DAY = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}"
ISO_TIME = r"([ T][0-9]{2}(:[0-9]{2}(:[0-9]{2}([.,][0-9]{1,9})?)?)?)?"
PARTS = {
    **{"%Y": "[0-9]{4}", "%y": "[0-9]{2}", "%b": "[A-Za-z]{3}"},
    **{"%S": "[0-5]?[0-9]", "%p": "(?i:[ap]m)"},
}
TICKS = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}  # a second
RESOLUTIONS = {"day": 86_400, "hour": 3_600, "minute": 60, "second": 1}  # seconds


@functools.cache
def pattern(form):
    """A regular expression of what is written in a form, by the number of its digits."""
    if form == ISO:
        return f"{ISO_DAY}{ISO_TIME}$"
    if form == ISO_ZONE:
        return ISO_DAY + ISO_TIME + ZONE
    text = form.replace(".", r"\.")
    number = "[0-9]{2}" if ".%y" in form else "[0-9]{1,2}"  # 1.2.10 is a version
    text = text.replace("%d", f"(?P<day>{number})").replace("%m", number)
    for part in ("%Y", "%y", "%b", "%H", "%I", "%M", "%S", "%p"):
        text = text.replace(part, PARTS.get(part, "[0-9]{1,2}"))
    return f"^{text}$"


def parsed(text, form):
    """Dates as timestamps in microseconds, with the zone UTC or none; null for what is none."""
    written = pc.match_substring_regex(text, pattern(form))
    text = pc.if_else(written, text, pa.scalar(None, pa.string()))
    if form in (ISO, ISO_ZONE):
        text = pc.replace_substring_regex(text, "[.,]([0-9]{1,6})[0-9]*", r".\1")
        text = pc.replace_substring_regex(text, " ([Z+-])", r"\1")
        return cast_or_null(text, pa.timestamp("us", "UTC" if form == ISO_ZONE else None))
    found = pc.strptime(text, format=form, unit="s", error_is_null=True)
    if "%d" in form:  # 31 February is 2 March to it
        day = pc.struct_field(pc.extract_regex(text, pattern(form)), "day")
        same = pc.equal(pc.day(found), pc.cast(day, pa.int64()))
        found = pc.if_else(same, found, pa.scalar(None, found.type))
    return pc.cast(found, pa.timestamp("us"))


def read(text, form, kind):
    """Times of a type of Arrow, without its zone but by its clocks, as they are written in a form.

    Also what is written in another one, if that tells day and month apart; null for what is none.
    """
    if pa.types.is_time(kind):
        day = pc.binary_join_element_wise("1970-01-01", pc.cast(text, pa.string()), " ")
        return pc.cast(pc.cast(parsed(day, ISO), pa.time64("us")), kind, safe=False)
    zone = kind.tz if pa.types.is_timestamp(kind) else None
    found = pa.nulls(len(text), pa.timestamp("us"))
    for own in _forms(form, zone):
        rest = pc.and_(found.is_null(), text.is_valid())
        if not pc.any(rest).as_py():
            break
        times = parsed(text.filter(rest), own)
        if own == ISO_ZONE:
            times = pc.local_timestamp(pc.cast(times, pa.timestamp("us", zone)))
        found = pc.replace_with_mask(found, rest, times)
    return found


def _forms(form, zone):
    """The form, and others that are read where it does not fit."""
    if form in CLOCKS:
        return dict.fromkeys([form, *CLOCKS])
    own = [own for own in (form, ISO_ZONE, ISO) if own and (zone or own != ISO_ZONE)]
    day = next((day for day in DAYS if (form or "").startswith(day)), None)
    days = [day, *CERTAIN] if day else CERTAIN
    return dict.fromkeys([*own, *(day + time for day in days for time in TIMES)])


def zone_of(offsets):
    """The zone of times, by a dict of a time for each of the offsets that they are written with.

    UTC where no zone is known that has them all.
    """
    if len(offsets) == 1:
        return next(iter(offsets))
    times = pa.array(list(offsets.values()), pa.timestamp("us", "UTC"))
    return next((zone for zone in ZONES if _offsets(times, zone) == list(offsets)), "UTC")


def _offsets(times, zone):
    try:
        return pc.strftime(pc.cast(times, pa.timestamp("us", zone)), format="%Ez").to_pylist()
    except pa.ArrowInvalid:  # a computer that knows no zones
        return None


def offsets_of(text):
    """For each offset from UTC that times with a zone are written with, such as +02:00, a time."""
    moments = parsed(text, ISO_ZONE)
    text = text.filter(moments.is_valid())
    offsets = pc.replace_substring_regex(text, ".*(Z|[+-][0-9]{2}):?([0-9]{2})?$", r"\1:\2")
    offsets = pc.replace_substring_regex(pc.replace_substring(offsets, "Z:", "UTC"), ":$", ":00")
    first = {own: pc.index(offsets, own).as_py() for own in pc.unique(offsets).to_pylist()}
    return {own: moments.drop_null()[place] for own, place in first.items()}


def written_form(form, example, resolution):
    """How to write dates as text, as `strftime` has it, by one of them and their resolution."""
    if form not in (None, ISO, ISO_ZONE):
        return form
    example = example or "2000-01-01 00:00:00"[: 10 if resolution == "day" else 19]
    zone = re.search(ZONE, example) if form == ISO_ZONE else None
    parts = len(re.findall("[0-9]{2}", example[10 : zone.start() if zone else None][:9]))
    parts = max(parts, {"day": 0, "hour": 2, "minute": 2}.get(resolution, 3))
    clock = ["", "%H", "%H:%M", "%H:%M:%S"][min(parts, 3)]
    separator = "T" if "T" in example else " "
    return "%Y-%m-%d" + (separator + clock if clock else "") + _written_zone(form, zone)


def _written_zone(form, zone):
    """How to write a zone, as it was found in an example."""
    if form != ISO_ZONE:
        return ""
    return (
        "Z" if zone is None or zone[1] == "Z" else "%z" if zone[2] and ":" not in zone[2] else "%Ez"
    )


def formatted(kind, ticks, form, resolution):
    """Dates and times of the type named `kind` as text in a form."""
    if kind.startswith("time"):
        unit = "s" if resolution in RESOLUTIONS else resolution  # %S has as many digits as that
        second = 1 if kind.startswith("timestamp[s") else TICKS[re.search(r"\[(\w+)", kind)[1]]
        per = second // TICKS[unit]
        ticks = pc.divide(ticks, per)
    else:
        unit = "s"
        ticks = pc.multiply(ticks, 86_400) if kind.startswith("date32") else pc.divide(ticks, 1000)
    times = pc.cast(ticks, pa.timestamp(unit))
    return pc.strftime(_in_zone(times, kind) if form.endswith("z") else times, format=form)


def _in_zone(times, kind):
    """Times as a zone's clocks show them, with that of the type named `kind`."""
    zone = kind.partition("tz=")[2].rstrip("]")
    return pc.assume_timezone(times, zone, ambiguous="earliest", nonexistent="earliest")


def ticks_a_second(kind):
    """How many of its units a type of dates or times has in a second; `None` for whole days."""
    if pa.types.is_date32(kind):
        return None
    return TICKS["ms" if pa.types.is_date64(kind) else kind.unit]


def in_unit(array, kind):
    """Dates and times of another type; what it cannot hold is null, what it has no digits for lost.

    So nanoseconds, which reach from 1678 to 2262, hold no earlier day.
    """
    fine = ticks_a_second(kind) or 0
    if fine > (ticks_a_second(array.type) or 0):
        return cast_or_null(array, kind)
    return pc.cast(array, kind, safe=False)


def as_ticks(array):
    """Dates and times as int64 in their own unit; what has a zone by its clocks."""
    if pa.types.is_timestamp(array.type) and array.type.tz is not None:
        array = pc.local_timestamp(array)
    if pa.types.is_date32(array.type) or pa.types.is_time32(array.type):
        array = pc.cast(array, pa.int32())
    return pc.cast(array, pa.int64())


def from_ticks(ticks, kind):
    """The dates and times of `as_ticks`, of a type of Arrow."""
    if pa.types.is_date32(kind) or pa.types.is_time32(kind):
        return pc.cast(pc.cast(ticks, pa.int32()), kind)
    if pa.types.is_timestamp(kind) and kind.tz is not None:
        return _in_zone(pc.cast(ticks, pa.timestamp(kind.unit)), str(kind))
    return pc.cast(ticks, kind)


def resolution_of(divisor, kind):
    """`(name, ticks)` of the coarsest unit that times of a type have, by their common divisor."""
    second = ticks_a_second(kind)
    if second is None:
        return "day", 1
    for name, seconds in RESOLUTIONS.items():
        if divisor % (seconds * second) == 0:
            return name, seconds * second
    finer = [u for u, n in TICKS.items() if n <= second and divisor % (second // n) == 0]
    return finer[0], second // TICKS[finer[0]]
