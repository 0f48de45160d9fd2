"""What editing may and may not do to any series."""

from datetime import UTC, datetime, timedelta

import numpy as np
import numpy.typing as npt
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from vpp.foundation.series import regular
from vpp.telemetry.edit_rules import EditRules
from vpp.telemetry.edited_series import EditedSeries
from vpp.telemetry.editing import edited
from vpp.telemetry.reading_flag import ESTIMATES, ReadingFlag

MONDAY, HOUR = datetime(2026, 3, 2, tzinfo=UTC), timedelta(hours=1)
# Three slots a day, so that gaps of like days occur in short series.
RULES = EditRules(like_gap=timedelta(hours=6), stuck=timedelta(hours=4), min_spike_history=timedelta(hours=5))
READINGS = st.one_of(st.just(np.nan), st.floats(-1e3, 1e4).map(lambda value: round(value, 2)))
SERIES = arrays(np.float64, st.integers(1, 60), elements=READINGS)


def edit(values: npt.NDArray[np.float64], rules: EditRules = RULES) -> EditedSeries:
    return edited(regular(values, MONDAY, HOUR), like=np.arange(len(values)) % 3, rules=rules)


@given(SERIES)
def test_raw_readings_are_kept(values: npt.NDArray[np.float64]) -> None:
    np.testing.assert_array_equal(edit(values.copy()).raw_kw, values)


@given(SERIES)
def test_every_difference_has_a_flag_and_a_reason(values: npt.NDArray[np.float64]) -> None:
    found = edit(values)
    assert not np.any(found.is_edited & (found.flag == 0))
    assert np.array_equal(found.reason != "", found.flag != 0)
    is_filled = ~np.isnan(found.edited_kw.to_numpy()) & found.is_edited
    assert np.array_equal(is_filled, (found.flag & ESTIMATES) != 0)


@given(SERIES)
def test_what_is_empty_is_flagged_as_too_long(values: npt.NDArray[np.float64]) -> None:
    found = edit(values)
    assert np.array_equal(np.isnan(found.edited_kw), (found.flag & ReadingFlag.LONG_GAP) != 0)


@given(SERIES)
def test_editing_again_finds_nothing_more_to_fill(values: npt.NDArray[np.float64]) -> None:
    rules = EditRules(like_gap=RULES.like_gap, replaced=ReadingFlag.NONE)
    once = edit(values, rules)
    if once.edited_kw.notna().all():
        twice = edit(once.edited_kw.to_numpy(copy=True), rules)
        assert not twice.is_edited.any()


@given(SERIES, st.sampled_from([0.25, 2.0, 1024.0]))
def test_scaling_the_readings_scales_the_edits(values: npt.NDArray[np.float64], factor: float) -> None:
    # Powers of two, so that no rounding moves a reading across a limit.
    one, other = edit(values), edit(values * factor)
    np.testing.assert_array_equal(one.flag, other.flag)
    np.testing.assert_allclose(one.edited_kw * factor, other.edited_kw, rtol=1e-9, atol=1e-9)


@given(SERIES)
def test_estimates_stay_within_twice_the_readings(values: npt.NDArray[np.float64]) -> None:
    found = edit(np.abs(values))
    if found.edited_kw.notna().any():
        largest = np.nanmax(np.abs(values))
        assert found.edited_kw.max() <= RULES.max_scale_ratio * largest + 1e-9
        assert found.edited_kw.min() >= -1e-9
