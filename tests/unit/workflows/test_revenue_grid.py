"""Readings of revenue meters on the settlement grid."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from vpp.foundation.interval import Interval
from vpp.telemetry.quality import MeterQuality
from vpp.workflows.revenue_grid import device_power_kw, is_device_estimated, of_connection, revenue_on_grid
from vpp.workflows.revenue_records import RevenuePiece, RevenueReadings

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
FIVE, QUARTER, HOUR = timedelta(minutes=5), timedelta(minutes=15), timedelta(hours=1)
WINDOW = Interval(NOON, NOON + HOUR)
NAN = float("nan")
OK, ESTIMATED, MISSING, BAD = (
    MeterQuality.OK,
    MeterQuality.ESTIMATED,
    MeterQuality.MISSING,
    MeterQuality.BAD,
)


def piece(  # noqa: PLR0913  each test varies another of them
    values_kw: list[float],
    *,
    start: datetime = NOON,
    step: timedelta = QUARTER,
    quality: list[MeterQuality] | None = None,
    version: int = 1,
    device: str = "",
) -> RevenuePiece:
    codes = quality or [MISSING if np.isnan(value) else OK for value in values_kw]
    readings = RevenueReadings(start, step, np.array(values_kw), np.array(codes, dtype=np.int8))
    return RevenuePiece(device, version, readings)


def test_readings_lie_where_they_were_read() -> None:
    found = revenue_on_grid([piece([1.0, NAN], start=NOON + QUARTER)], WINDOW, QUARTER)
    np.testing.assert_array_equal(found.power_kw, [NAN, 1.0, NAN, NAN])
    assert found.quality.tolist() == [MISSING, OK, MISSING, MISSING]
    assert (found.version, found.too_coarse) == (1, None)


def test_an_interval_is_read_only_if_all_of_it_was() -> None:
    fine = piece([1.0, 2.0, 3.0, 4.0, NAN, 6.0, 7.0, 8.0], step=FIVE)
    found = revenue_on_grid([fine], WINDOW, QUARTER)
    np.testing.assert_array_equal(found.power_kw, [2.0, NAN, NAN, NAN])


def test_the_worst_reading_tells_how_far_an_interval_can_be_trusted() -> None:
    fine = piece([1.0] * 9, step=FIVE, quality=[OK, OK, ESTIMATED, BAD, OK, ESTIMATED, BAD, MISSING, OK])
    found = revenue_on_grid([fine], WINDOW, QUARTER)
    assert found.quality.tolist() == [ESTIMATED, BAD, MISSING, MISSING]


def test_a_piece_off_the_interval_s_edge_gives_whole_intervals_only() -> None:
    late = piece([1.0] * 6, start=NOON - 2 * FIVE, step=FIVE)  # 11:50 to 12:20
    found = revenue_on_grid([late], WINDOW, QUARTER)
    np.testing.assert_array_equal(found.power_kw, [1.0, NAN, NAN, NAN])


def test_what_lies_outside_says_nothing() -> None:
    for start in (NOON - HOUR, NOON + HOUR):
        found = revenue_on_grid([piece([1.0] * 4, start=start)], WINDOW, QUARTER)
        assert (np.isnan(found.power_kw).all(), found.version) == (True, 0)


def test_a_later_version_holds_where_it_has_a_reading() -> None:
    first = piece([1.0, 1.0, NAN, 1.0], quality=[OK, BAD, MISSING, OK])
    second = piece([NAN, 2.0, NAN, NAN], version=2)
    third = piece([NAN] * 4, version=3)
    found = revenue_on_grid([first, second, third], WINDOW, QUARTER)
    np.testing.assert_array_equal(found.power_kw, [1.0, 2.0, NAN, 1.0])
    assert found.quality.tolist() == [OK, OK, MISSING, OK]
    assert found.version == 2


def test_readings_longer_than_the_interval_are_left_out_and_told() -> None:
    found = revenue_on_grid([piece([1.0], step=HOUR), piece([2.0], version=2)], WINDOW, QUARTER)
    np.testing.assert_array_equal(found.power_kw, [2.0, NAN, NAN, NAN])
    assert found.too_coarse == HOUR


def test_devices_are_added_up_and_kept_from_the_connection_s_meter() -> None:
    pieces = [
        piece([50.0] * 4),
        piece([10.0, 10.0, NAN, 10.0], device="battery"),
        piece([1.0, -2.0, 1.0, 9.0], quality=[OK, OK, OK, BAD], device="chp"),
    ]
    assert of_connection(pieces) == pieces[:1]
    np.testing.assert_array_equal(device_power_kw(pieces, WINDOW, QUARTER), [11.0, 8.0, NAN, NAN])
    assert device_power_kw(pieces[:1], WINDOW, QUARTER) is None


@pytest.mark.parametrize("step", [FIVE, QUARTER, HOUR])
def test_a_whole_window_is_its_own_mean(step: timedelta) -> None:
    values = np.arange(12.0)
    found = revenue_on_grid([piece(values.tolist(), step=FIVE)], WINDOW, step)
    np.testing.assert_allclose(found.power_kw, values.reshape(-1, step // FIVE).mean(axis=1))


def test_output_rests_on_an_estimate_where_one_of_the_devices_does() -> None:
    pieces = [
        piece([9.0] * 4, quality=[ESTIMATED] * 4),  # the connection's meter says nothing of them
        piece([1.0] * 4, quality=[OK, ESTIMATED, BAD, OK], device="battery"),
        piece([1.0] * 4, quality=[OK, OK, OK, ESTIMATED], device="genset"),
    ]
    assert is_device_estimated(pieces, WINDOW, QUARTER).tolist() == [False, True, False, True]
    assert not is_device_estimated(pieces[:1], WINDOW, QUARTER).any()
