from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from vpp.foundation.errors import InvalidInput
from vpp.foundation.interval import Interval
from vpp.telemetry.assemble import assemble
from vpp.telemetry.batch import TelemetryBatch
from vpp.telemetry.quality import MeterQuality

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
QUARTER = timedelta(minutes=15)
HOUR = Interval(NOON, NOON + 4 * QUARTER)
NAN = float("nan")


def batch(
    offset: int, *values_kw: float, quality: MeterQuality = MeterQuality.OK, sequence: int = 1
) -> TelemetryBatch:
    return TelemetryBatch("north", sequence, NOON + offset * QUARTER, QUARTER, np.array(values_kw), quality)


def test_nothing_received_is_all_gaps() -> None:
    series = assemble([], HOUR, QUARTER)
    assert np.isnan(series.net_power_kw).all()
    assert series.quality.tolist() == [MeterQuality.MISSING] * 4
    assert series.conflict_count == 0


def test_order_of_time_does_not_matter_and_gaps_stay() -> None:
    series = assemble([batch(3, 4.0), batch(0, 1.0, 2.0)], HOUR, QUARTER)
    np.testing.assert_array_equal(series.net_power_kw, [1.0, 2.0, NAN, 4.0])
    assert series.net_power_kw.index[0] == NOON
    assert series.net_power_kw.index.freq == QUARTER


def test_the_later_received_wins_and_is_counted() -> None:
    first, second = batch(0, 1.0, 2.0, 3.0, sequence=2), batch(1, 2.0, 9.0, sequence=1)
    assert assemble([first, second], HOUR, QUARTER).net_power_kw.tolist()[:3] == [1.0, 2.0, 9.0]
    assert assemble([first, second], HOUR, QUARTER).conflict_count == 1
    assert assemble([second, first], HOUR, QUARTER).net_power_kw.tolist()[:3] == [1.0, 2.0, 3.0]


def test_a_repeat_is_no_conflict_but_another_quality_is() -> None:
    same = batch(0, 1.0, 2.0)
    assert assemble([same, same], HOUR, QUARTER).conflict_count == 0
    estimated = batch(0, 1.0, 2.0, quality=MeterQuality.ESTIMATED)
    series = assemble([same, estimated], HOUR, QUARTER)
    assert series.conflict_count == 2
    assert series.quality.tolist()[:2] == [MeterQuality.ESTIMATED] * 2


def test_a_missing_batch_is_a_gap_whatever_its_values() -> None:
    gap = batch(0, 5.0, 5.0, quality=MeterQuality.MISSING)
    series = assemble([batch(0, 1.0), gap, gap], HOUR, QUARTER)
    assert np.isnan(series.net_power_kw).all()
    assert series.conflict_count == 1


def test_bad_values_are_kept_but_not_usable() -> None:
    series = assemble([batch(0, 1.0), batch(1, 7.0, quality=MeterQuality.BAD)], HOUR, QUARTER)
    np.testing.assert_array_equal(series.net_power_kw, [1.0, 7.0, NAN, NAN])
    np.testing.assert_array_equal(series.usable_kw(), [1.0, NAN, NAN, NAN])


def test_only_the_span_is_kept() -> None:
    series = assemble([batch(-1, 1.0, 2.0), batch(3, 3.0, 4.0), batch(9, 5.0), batch(-9, 6.0)], HOUR, QUARTER)
    np.testing.assert_array_equal(series.net_power_kw, [2.0, NAN, NAN, 3.0])


@pytest.mark.parametrize(
    ("start_at", "interval"),
    [(NOON + timedelta(minutes=5), QUARTER), (NOON, timedelta(minutes=5))],
    ids=["off the grid", "other interval"],
)
def test_a_batch_of_another_grid_is_refused(start_at: datetime, interval: timedelta) -> None:
    other = TelemetryBatch("north", 7, start_at, interval, np.array([1.0]), MeterQuality.OK)
    with pytest.raises(InvalidInput, match="batch 7 of site north"):
        assemble([other], HOUR, QUARTER)
