"""A day is summed up as its readings say: the newest holds, the worst quality counts, gaps stay gaps."""

from datetime import UTC, datetime, timedelta

import numpy as np

from vpp.telemetry.batch import TelemetryBatch
from vpp.telemetry.quality import MeterQuality
from vpp.telemetry.roll_up import RollUp, RollUpLevel, roll_up_day

DAY_AT = datetime(2026, 10, 25, tzinfo=UTC)
FIVE, QUARTER, HOUR = timedelta(minutes=5), timedelta(minutes=15), timedelta(hours=1)


def batch(
    start: datetime, values_kw: list[float], quality: MeterQuality = MeterQuality.OK, step: timedelta = FIVE
) -> TelemetryBatch:
    return TelemetryBatch("north", 1, start, step, np.array(values_kw), quality)


def rolled(*batches: TelemetryBatch, settlement_step: timedelta = QUARTER) -> list[RollUp]:
    return roll_up_day(batches, "north", DAY_AT, step=FIVE, settlement_step=settlement_step, last_number=9)


def test_the_newest_reading_holds_and_the_worst_quality_counts() -> None:
    day = batch(DAY_AT, [100.0] * 288)
    corrected = batch(DAY_AT + FIVE, [40.0], MeterQuality.ESTIMATED)
    metering, settlement = rolled(day, corrected)
    assert metering.net_power_kw[:4].tolist() == [100.0, 40.0, 100.0, 100.0]
    assert metering.quality[:3].tolist() == [1, 2, 1]
    assert (metering.conflict_count, metering.last_number, metering.step) == (1, 9, FIVE)
    assert settlement.net_power_kw[:2].tolist() == [80.0, 100.0]
    assert settlement.quality[:2].tolist() == [MeterQuality.ESTIMATED, MeterQuality.OK]
    assert (settlement.step, settlement.level) == (QUARTER, RollUpLevel.SETTLEMENT)
    assert (len(metering.quality), len(settlement.quality)) == (288, 96)


def test_coverage_tells_how_much_is_there_where_the_mean_is_a_gap() -> None:
    _, settlement = rolled(batch(DAY_AT, [1.0, 2.0]), batch(DAY_AT + QUARTER, [3.0, 4.0, 5.0]))
    assert np.isnan(settlement.net_power_kw[0])
    assert settlement.net_power_kw[1] == 4.0
    assert settlement.coverage_ratio[:3].tolist() == [2 / 3, 1.0, 0.0]
    assert settlement.quality[:3].tolist() == [3, 1, 3]


def test_longer_intervals_that_do_not_fit_stay_metering_intervals() -> None:
    metering, settlement = rolled(batch(DAY_AT, [1.0]), settlement_step=timedelta(minutes=1))
    assert (metering.step, settlement.step, settlement.samples_per_interval) == (FIVE, FIVE, 1)


def test_a_day_without_readings_or_with_other_intervals_is_left_alone() -> None:
    assert rolled() == []
    assert rolled(batch(DAY_AT, [1.0]), batch(DAY_AT + HOUR, [1.0], step=QUARTER)) == []
