"""Times with a zone and without: the clocks of one are never taken for those of another."""

import datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from column_tables import batch_of, find

RNG = np.random.default_rng(23)
N = 120
OTHER = pa.array(RNG.normal(size=N))
CLOCKS = pa.array(RNG.integers(0, 10**5, N) * 3600).cast(pa.timestamp("s"))
BERLIN = pc.assume_timezone(CLOCKS, "Europe/Berlin", ambiguous="earliest", nonexistent="latest")
NAIVE = pc.local_timestamp(BERLIN)  # hours that are there
UTC = pc.cast(BERLIN, pa.timestamp("s", "UTC"))
ISO = pc.strftime(NAIVE, "%Y-%m-%d %H:%M:%S")
ZULU = pc.strftime(UTC, "%Y-%m-%dT%H:%M:%SZ")


def table(times):
    return {"t": times, "y": OTHER}


@pytest.mark.parametrize("unlabeled", [NAIVE, ISO], ids=["naive", "text"])
@pytest.mark.parametrize("other", [BERLIN, UTC], ids=["Berlin", "UTC"])
def test_times_of_a_zone_among_those_without_are_refused_in_one_line(unlabeled, other):
    message = r"must hold times without a zone in column 't', .* Received: \S+, with timestamp\[s, "
    with pytest.raises(ValueError, match=f"^unwanted {message}"):
        find(table(unlabeled), table(other))
    columns = find(table(unlabeled))
    with pytest.raises(ValueError, match=f"^input {message}"):
        columns.read(batch_of(table(other)))


def test_text_with_a_zone_among_times_without_is_none_of_them():
    with pytest.raises(ValueError, match="^unwanted must hold dates in column 't'.* 120 of 120"):
        find(table(NAIVE), table(ZULU))


@pytest.mark.parametrize("unlabeled", [BERLIN, UTC, ZULU], ids=["Berlin", "UTC", "text"])
@pytest.mark.parametrize("other", [BERLIN, UTC, ZULU], ids=["Berlin", "UTC", "text"])
def test_the_same_moments_are_the_same_in_any_zone_and_come_back(unlabeled, other):
    columns = find(table(unlabeled), table(other))
    codes = columns.encode(batch_of(table(unlabeled)))
    assert (columns.encode(batch_of(table(other))) == codes).all()
    drawn = columns.decode(codes)
    text = columns.as_text(drawn)["t"] if unlabeled is ZULU else drawn["t"]
    assert text.equals(unlabeled)


DAYS = pa.array(np.datetime64("2021-01-01") + np.arange(N * 3).astype("m8[D]"), pa.timestamp("us"))
LONG = pa.array(RNG.normal(size=N * 3))
WRITTEN = {
    "an offset": ("+02:00", "%Y-%m-%dT%H:%M:%S%Ez"),
    "an offset without a colon": ("-04:30", "%Y-%m-%d %H:%M%z"),
    "of all of India": ("Asia/Kolkata", "%Y-%m-%dT%H:%M%Ez"),
    "a zone": ("Europe/Berlin", "%Y-%m-%d %H:%M:%S%Ez"),
    "a zone across the sea": ("America/New_York", "%Y-%m-%dT%H:%M:%S%Ez"),
    "a zone of the south": ("Australia/Sydney", "%Y-%m-%dT%H:%M:%S%Ez"),
    "UTC by its offset": ("UTC", "%Y-%m-%dT%H:%M:%S%Ez"),
}


@pytest.mark.parametrize("case", WRITTEN)
def test_midnights_with_an_offset_stay_midnights_with_that_offset(case):
    zone, form = WRITTEN[case]
    days = pc.assume_timezone(DAYS, zone)
    text = pa.array([t.replace(".000000", "") for t in pc.strftime(days, form).to_pylist()])
    columns = find({"t": text, "y": LONG})
    own = columns.columns[0]
    assert own.resolution == "day" and own.written == form
    codes = columns.encode(batch_of({"t": text, "y": LONG}))
    drawn = columns.decode(codes, RNG.random(codes.shape))
    moments = pc.cast(drawn["t"], pa.timestamp("us", zone))
    assert {t.time() for t in pc.local_timestamp(moments).to_pylist()} == {datetime.time()}
    expected = [t.replace(".000000", "") for t in pc.strftime(moments, form).to_pylist()]
    assert columns.as_text(drawn)["t"].to_pylist() == expected
    assert len(set(expected)) > N and set(expected) <= set(text.to_pylist())
    told = [note for note in columns.notes if "several offsets" in note]
    assert len(told) == (case.startswith("a zone") and 1) and all(zone in note for note in told)


def test_offsets_of_no_zone_are_the_same_moments_in_utc():
    text = [f"2021-03-{k % 28 + 1:02d}T00:00:00+0{k % 5}:00" for k in range(N)]
    columns = find(table(pa.array(text)))
    drawn = columns.decode(columns.encode(batch_of(table(pa.array(text)))))
    moments = [datetime.datetime.fromisoformat(t) for t in text]
    assert drawn["t"].to_pylist() == moments
    shown = columns.as_text(drawn)["t"].to_pylist()
    assert list(map(datetime.datetime.fromisoformat, shown)) == moments
    assert any(
        "'t' has several offsets" in note and "times of UTC" in note for note in columns.notes
    )


FORMS = {
    **{"ISO": "%Y-%m-%d", "with a T": "%Y-%m-%dT%H:%M:%S", "slashes": "%Y/%m/%d"},
    **{"German": "%d.%m.%Y", "German with clocks": "%d.%m.%Y %H:%M", "months": "%-d %b %Y"},
    **{"months first": "%b %-d, %Y", "hyphens": "%d-%b-%Y"},
}
AMBIGUOUS = ("%m/%d/%Y", "%d/%m/%Y", "%d-%m-%Y", "%d.%m.%y")
SOME_DAYS = [datetime.datetime(2021, 1, 5) + datetime.timedelta(int(k)) for k in range(N)]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("other", FORMS)
def test_dates_in_another_form_than_in_training_are_the_same(form, other):
    text, later = (pa.array([f"{day:{FORMS[own]}}" for day in SOME_DAYS]) for own in (form, other))
    for columns in (find(table(text)), find(table(text), table(later))):
        codes = columns.encode(batch_of(table(text)))
        assert (columns.encode(batch_of(table(later))) == codes).all()
        shown = columns.as_text(columns.decode(codes))["t"].to_pylist()
        assert [datetime.datetime.strptime(t, columns.columns[0].written) for t in shown]


@pytest.mark.parametrize("form", AMBIGUOUS)
def test_dates_that_tell_no_day_from_a_month_are_not_guessed_in_later_rows(form):
    columns = find(table(pa.array([f"{day:%Y-%m-%d}" for day in SOME_DAYS])))
    later = pa.array([f"{day:{form}}" for day in SOME_DAYS])
    with pytest.raises(ValueError, match="no datetime value in column 't'"):
        columns.encode(batch_of(table(later)))
    same = find(table(later))  # but those of the same form with a time of day
    clocks = pa.array([f"{day:{form} %H:%M}" for day in SOME_DAYS])
    codes = same.encode(batch_of(table(later)))
    assert (same.encode(batch_of(table(clocks))) == codes).all()


@pytest.mark.parametrize("zone", ["Europe/Berlin", "UTC", "+05:30"])
def test_times_with_a_zone_are_the_same_as_text(zone):
    times = pc.assume_timezone(DAYS, zone)
    columns = find({"t": times, "y": LONG})
    codes = columns.encode(batch_of({"t": times, "y": LONG}))
    for text in (pc.cast(times, pa.string()), pc.strftime(times, "%Y-%m-%dT%H:%M:%S%Ez")):
        assert (columns.encode(batch_of({"t": text, "y": LONG})) == codes).all()
    utc = pc.strftime(pc.cast(times, pa.timestamp("s", "UTC")), "%Y-%m-%d %H:%M:%SZ")
    assert (columns.encode(batch_of({"t": utc, "y": LONG})) == codes).all()


@pytest.mark.parametrize("kind", ["time32[s]", "time64[us]"])
def test_times_of_day_are_the_same_as_text(kind):
    seconds = pa.array(np.arange(N) * 61 + 28, pa.int64())
    times = pc.cast(pc.cast(seconds, pa.int32()), pa.time32("s")).cast(kind)
    columns = find(table(times))
    codes = columns.encode(batch_of(table(times)))
    assert (columns.encode(batch_of(table(pc.cast(times, pa.string())))) == codes).all()
    with pytest.raises(ValueError, match="no datetime value in column 't'"):
        columns.encode(batch_of(table(pa.array(["2021-01-01 10:00:00"] * N))))


@pytest.mark.parametrize("kind", ["time32[s]", "time32[ms]", "time64[us]", "time64[ns]"])
def test_times_of_day_are_shown_without_a_day(kind):
    second = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}[kind.partition("[")[2][:-1]]
    clocks = pa.array((np.arange(N) * 61 + 28) * second)
    if second == 1 or second == 10**3:
        clocks = clocks.cast(pa.int32())
    columns = find(table(clocks.cast(pa.type_for_alias(kind))))
    row = str(columns).splitlines()[1]
    assert row.split(maxsplit=2)[2].startswith("00:00:28 to 02:01:27, to the second")
