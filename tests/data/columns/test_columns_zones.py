"""Times with a zone and without: the clocks of one are never taken for those of another."""

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


@pytest.mark.parametrize("kind", ["time32[s]", "time32[ms]", "time64[us]", "time64[ns]"])
def test_times_of_day_are_shown_without_a_day(kind):
    second = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}[kind.partition("[")[2][:-1]]
    clocks = pa.array((np.arange(N) * 61 + 28) * second)
    if second == 1 or second == 10**3:
        clocks = clocks.cast(pa.int32())
    columns = find(table(clocks.cast(pa.type_for_alias(kind))))
    row = str(columns).splitlines()[1]
    assert row.split(maxsplit=2)[2].startswith("00:00:28 to 02:01:27, to the second")
