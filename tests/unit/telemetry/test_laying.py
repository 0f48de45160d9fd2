"""Arrays on one grid: the newest reading holds, and only what it changes is a conflict."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from vpp.foundation.errors import InvalidInput
from vpp.foundation.interval import Interval
from vpp.telemetry.batch import TelemetryBatch
from vpp.telemetry.laying import lay
from vpp.telemetry.quality import MeterQuality

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
STEP = timedelta(minutes=5)
SPAN = Interval(NOON, NOON + 4 * STEP)
OK, BAD, MISSING = MeterQuality.OK, MeterQuality.BAD, MeterQuality.MISSING


def batch(first: int, values_kw: list[float], quality: MeterQuality = OK) -> TelemetryBatch:
    return TelemetryBatch("north", 1, NOON + first * STEP, STEP, np.array(values_kw), quality)


def test_later_batches_hold_and_repeats_are_no_conflicts() -> None:
    laid = lay([batch(-1, [1.0, 2.0, 3.0]), batch(0, [2.0]), batch(1, [9.0, 4.0])], SPAN, STEP)
    assert laid.net_power_kw[:3].tolist() == [2.0, 9.0, 4.0]
    assert np.isnan(laid.net_power_kw[3])
    assert laid.quality.tolist() == [OK, OK, OK, MISSING]
    assert laid.conflict_count == 1


def test_another_quality_is_a_conflict_and_so_is_a_gap_that_is_told() -> None:
    assert lay([batch(0, [1.0]), batch(0, [1.0], BAD)], SPAN, STEP).conflict_count == 1
    told = lay([batch(0, [1.0]), batch(0, [7.0], MISSING), batch(0, [8.0], MISSING)], SPAN, STEP)
    assert (told.conflict_count, told.quality[0]) == (1, MISSING)
    assert np.isnan(told.net_power_kw[0])


@pytest.mark.parametrize("step", [timedelta(minutes=7), timedelta(0), timedelta(minutes=-5)])
def test_a_span_that_is_no_whole_number_of_steps_is_refused(step: timedelta) -> None:
    with pytest.raises(InvalidInput, match="expected a whole number of steps"):
        lay([], SPAN, step)
