"""What is filled, how, and what is said about it. Loads are hourly unless a test says otherwise."""

from datetime import UTC, datetime, timedelta

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest

from vpp.foundation.errors import InvalidInput
from vpp.foundation.interval import Interval
from vpp.foundation.series import regular
from vpp.telemetry.edit_rules import EditRules
from vpp.telemetry.editing import edited, reported_flags
from vpp.telemetry.meter_readings import RegisterBridge
from vpp.telemetry.quality import MeterQuality
from vpp.telemetry.reading_flag import ReadingFlag

HOUR = timedelta(hours=1)
MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
NAN = np.nan


def series(values: npt.ArrayLike, step: timedelta = HOUR) -> pd.Series:
    return regular(values, MONDAY, step)


def days(count: int) -> npt.NDArray[np.float64]:
    """The same day over and over: 101, 102, ... 124 kW."""
    return np.tile(101.0 + np.arange(24.0), count)


def slots(length: int) -> npt.NDArray[np.int64]:
    return np.arange(length) % 24


def test_good_readings_stay_as_they_are() -> None:
    raw_kw = series(days(3))
    found = edited(raw_kw, like=slots(72))
    pd.testing.assert_series_equal(found.edited_kw, raw_kw)
    assert not found.flag.any()
    assert set(found.reason) == {""}


def test_two_hours_are_filled_by_a_line() -> None:
    found = edited(series([10.0, NAN, NAN, 40.0]))
    assert found.edited_kw.tolist() == [10.0, 20.0, 30.0, 40.0]
    assert found.reason.tolist() == ["", *["missing; a line between the neighbours"] * 2, ""]
    assert found.count(ReadingFlag.LINEAR) == 2


@pytest.mark.parametrize(("length", "flag"), [(8, ReadingFlag.LINEAR), (9, ReadingFlag.LIKE_DAYS)])
def test_eight_quarters_are_the_most_for_a_line(length: int, flag: ReadingFlag) -> None:
    values = np.tile(50.0 + np.arange(96.0), 4)
    values[200 : 200 + length] = NAN
    found = edited(series(values, timedelta(minutes=15)), like=np.arange(384) % 96)
    assert found.flag[200] == ReadingFlag.MISSING | flag


def test_three_hours_come_from_like_days_scaled_by_the_neighbours() -> None:
    # The gap's day runs a tenth above the others, which its neighbours show.
    values = days(5)
    values[48:72] *= 1.1
    expected = values[58:61].copy()
    values[58:61] = NAN
    found = edited(series(values), like=slots(120))
    np.testing.assert_allclose(found.edited_kw.iloc[58:61], expected, rtol=1e-12)
    assert found.reason[58] == "missing; the mean of like days x 1.100"


@pytest.mark.parametrize(("length", "is_filled"), [(168, True), (169, False)])
def test_seven_days_are_the_most(length: int, is_filled: bool) -> None:  # noqa: FBT001  a case
    values = days(20)
    values[100 : 100 + length] = NAN
    found = edited(series(values), like=slots(480))
    assert found.edited_kw.notna().all() == is_filled
    assert found.count(ReadingFlag.LONG_GAP) == (0 if is_filled else length)


def test_without_like_days_only_lines_are_drawn() -> None:
    values = days(5)
    values[10:13], values[50] = NAN, NAN
    found = edited(series(values))
    assert np.flatnonzero(found.edited_kw.isna()).tolist() == [10, 11, 12]
    assert found.reason[10] == "missing; not estimated: the gap is too long, or nothing like it is known"


def test_a_gap_at_an_end_has_no_line() -> None:
    values = days(5)
    values[0], values[-1] = NAN, NAN
    found = edited(series(values), like=slots(120))
    assert found.edited_kw.iloc[[0, -1]].tolist() == [101.0, 124.0]
    assert found.count(ReadingFlag.LIKE_DAYS) == 2


def test_all_gaps_stay_gaps() -> None:
    found = edited(series(np.full(48, NAN)), like=slots(48))
    assert found.edited_kw.isna().all()
    assert (found.quality == MeterQuality.MISSING).all()


def test_a_spike_is_replaced_and_its_reading_kept() -> None:
    values = days(5)
    values[60] = 1000.0
    found = edited(series(values), like=slots(120))
    assert (found.raw_kw.iloc[60], found.edited_kw.iloc[60]) == (1000.0, pytest.approx(113.0))
    assert found.reason[60] == "spike; a line between the neighbours"


def test_what_is_not_in_replaced_stays() -> None:
    values = days(5)
    values[60] = 1000.0
    found = edited(series(values), rules=EditRules(replaced=ReadingFlag.NONE))
    assert found.edited_kw.iloc[60] == 1000.0
    assert found.flag[60] == ReadingFlag.SPIKE


def test_stuck_and_negative_readings_are_flagged_and_kept() -> None:
    values = days(5)
    values[60:70], values[80] = 55.0, -3.0
    found = edited(series(values), like=slots(120))
    assert found.edited_kw.iloc[60] == 55.0
    assert found.edited_kw.iloc[80] == -3.0
    assert found.counts() == {"stuck": 10, "negative": 1}
    assert found.quality[60] == found.quality[80] == MeterQuality.OK


def test_zeros_are_gaps_where_asked() -> None:
    found = edited(series([10.0, 0.0, 30.0]), rules=EditRules(is_zero_missing=True))
    assert found.edited_kw.tolist() == [10.0, 20.0, 30.0]
    assert edited(series([10.0, 0.0, 30.0])).edited_kw.tolist() == [10.0, 0.0, 30.0]


def test_hidden_readings_stand_for_no_others() -> None:
    values = days(5)
    hidden = np.zeros(120, dtype=np.bool_)
    hidden[34:37], values[34:37] = True, 1.0  # an event on the second day
    values[58:61] = NAN
    found = edited(series(values), like=slots(120), hidden=hidden)
    np.testing.assert_allclose(found.edited_kw.iloc[58:61], [111.0, 112.0, 113.0], rtol=1e-12)
    assert found.edited_kw.iloc[34] == 1.0


def test_hidden_neighbours_do_not_scale() -> None:
    values = days(5)
    hidden = np.zeros(120, dtype=np.bool_)
    hidden[56:58], values[56:58] = True, 1.0
    values[58:61] = NAN
    found = edited(series(values), like=slots(120), hidden=hidden)
    np.testing.assert_allclose(found.edited_kw.iloc[58:61], [111.0, 112.0, 113.0], rtol=1e-12)


def test_estimates_stand_for_no_others() -> None:
    # Were the first gap's 225 kW among the like days, the second gap's hour 10 would not be the 111 kW of
    # the other days.
    values = days(4)
    values[33:36] = [250.0, NAN, 200.0]
    values[57:60] = NAN
    found = edited(series(values), like=slots(96))
    assert found.edited_kw.iloc[34] == 225.0
    assert found.edited_kw.iloc[58] == pytest.approx(111.0)


def test_a_register_settles_the_sum_of_a_gap() -> None:
    values = days(5)
    values[58:61] = NAN
    span = Interval(MONDAY + 57 * HOUR, MONDAY + 62 * HOUR)
    # Metered beside the gap: 110 and 114 kWh. The gap is left with 400, shaped like 111, 112, 113.
    found = edited(series(values), like=slots(120), bridges=[RegisterBridge(span, 110.0 + 114.0 + 400.0)])
    np.testing.assert_allclose(found.edited_kw.iloc[58:61], np.array([111, 112, 113]) * 400 / 336, rtol=1e-12)
    assert found.edited_kw.iloc[57:62].sum() == pytest.approx(624.0, rel=1e-12)
    assert found.reason[58] == "missing; the mean of like days x 1.000; scaled to the register's count"


def test_a_register_that_contradicts_the_shape_spreads_evenly() -> None:
    values = days(5)
    values[58:61] = NAN
    span = Interval(MONDAY + 58 * HOUR, MONDAY + 61 * HOUR)
    found = edited(series(values), like=slots(120), bridges=[RegisterBridge(span, -30.0)])
    assert found.edited_kw.iloc[58:61].tolist() == [-10.0, -10.0, -10.0]


def test_a_register_beyond_the_series_settles_nothing() -> None:
    values = days(5)
    values[-3:] = NAN
    span = Interval(MONDAY + 117 * HOUR, MONDAY + 121 * HOUR)
    found = edited(series(values), like=slots(120), bridges=[RegisterBridge(span, 9.0)])
    assert found.count(ReadingFlag.BRIDGED) == 0


def test_known_flags_are_taken_over() -> None:
    quality = np.array([MeterQuality.OK, MeterQuality.BAD, MeterQuality.ESTIMATED], dtype=np.int8)
    found = edited(series([10.0, 99.0, 30.0]), flag=reported_flags(quality))
    assert found.edited_kw.tolist() == [10.0, 20.0, 30.0]
    assert found.quality.tolist() == [MeterQuality.OK, MeterQuality.ESTIMATED, MeterQuality.ESTIMATED]


def test_a_reset_is_a_gap_like_any_other() -> None:
    flag = np.array([0, ReadingFlag.RESET, 0], dtype=np.int32)
    assert edited(series([10.0, NAN, 30.0]), flag=flag).edited_kw.tolist() == [10.0, 20.0, 30.0]


@pytest.mark.parametrize("name", ["like", "flag", "hidden"])
def test_arguments_are_as_long_as_the_readings(name: str) -> None:
    with pytest.raises(InvalidInput, match=rf"{name} has the shape \(2,\), expected .*\(3,\)"):
        edited(series([1.0, 2.0, 3.0]), **{name: np.zeros(2, dtype=np.int64)})  # type: ignore[arg-type]  # by name


def test_irregular_readings_are_refused() -> None:
    index = pd.DatetimeIndex(["2026-03-02T12:00Z", "2026-03-02T12:20Z", "2026-03-02T13:00Z"])
    with pytest.raises(InvalidInput, match="fixed"):
        edited(pd.Series([1.0, 2.0, 3.0], index=index))


def test_what_was_told_about_flags_is_not_changed() -> None:
    flag = np.zeros(3, dtype=np.int32)
    edited(series([10.0, NAN, 30.0]), flag=flag)
    assert not flag.any()
