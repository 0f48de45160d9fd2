from datetime import timedelta

import pandas as pd
import pytest

from vpp.foundation.errors import InvalidInput
from vpp.telemetry.grid import metering_step

UTC_INDEX = pd.date_range("2026-03-02", periods=3, freq="15min", tz="UTC")


def test_the_step_is_the_frequency() -> None:
    assert metering_step(pd.Series([1.0, 2.0, 3.0], index=UTC_INDEX)) == timedelta(minutes=15)


@pytest.mark.parametrize(
    "index",
    [
        pd.RangeIndex(3),
        pd.DatetimeIndex(UTC_INDEX, freq=None),
        UTC_INDEX.tz_convert("Europe/London"),
        UTC_INDEX.tz_localize(None),
        pd.date_range("2026-01-01", periods=3, freq="MS", tz="UTC"),
    ],
    ids=["no time", "no frequency", "civil time", "naive", "calendar months"],
)
def test_other_indexes_are_refused(index: pd.Index) -> None:
    with pytest.raises(InvalidInput, match="expected a DatetimeIndex in UTC"):
        metering_step(pd.Series([1.0, 2.0, 3.0], index=index))


def test_an_empty_series_is_refused() -> None:
    with pytest.raises(InvalidInput, match="no intervals"):
        metering_step(pd.Series([], index=UTC_INDEX[:0], dtype=float))
