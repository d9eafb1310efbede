"""The forms of single values in a record: what a field may hold, checked when it is read."""

import datetime
from typing import Annotated

from pydantic import AfterValidator, Field

LARGEST = 2**63 - 1  # whole number
FLOAT32_MAX = 3.4e38


def _ordered(interval):
    low, high = interval
    if low > high:
        raise ValueError("its low end must not be above its high end")
    return interval


def _date(text):
    if datetime.date.fromisoformat(text).isoformat() != text:
        raise ValueError("it must be written as YYYY-MM-DD")
    return text


Share = Annotated[float, Field(ge=0, le=1)]
InnerShare = Annotated[float, Field(gt=0, lt=1)]
Positive = Annotated[float, Field(gt=0)]
Float32 = Annotated[float, Field(ge=-FLOAT32_MAX, le=FLOAT32_MAX)]  # as scores are
NotNegative = Annotated[float, Field(ge=0)]
Count = Annotated[int, Field(ge=0, le=LARGEST)]
PositiveCount = Annotated[int, Field(gt=0, le=LARGEST)]
Interval = Annotated[tuple[Share, Share], AfterValidator(_ordered)]
Date = Annotated[str, AfterValidator(_date)]
Sha256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
Hash128 = Annotated[str, Field(pattern="^[0-9a-f]{32}$")]
