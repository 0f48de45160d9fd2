"""Readings of meters of any interval on the grid of an event."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import numpy as np
import pytest

from vpp.dispatch.tracking.frame import Frame
from vpp.foundation.interval import Interval
from vpp.portfolio.site import Site
from vpp.telemetry.batch import TelemetryBatch
from vpp.telemetry.quality import MeterQuality
from vpp.workflows.live_readings import LiveReadings, live_readings

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
SECOND, MINUTE, QUARTER = timedelta(seconds=1), timedelta(minutes=1), timedelta(minutes=15)
NAN = float("nan")


def read(
    metering: timedelta, sample: timedelta, start: datetime, *batches: tuple[datetime, list[float]]
) -> LiveReadings:
    """Read two quarters from `start` on, and the one before."""
    site = Site("north", "owner", "North", "north", "Europe/London", 1000.0, metering)
    loaded = {
        "north": [
            TelemetryBatch("north", n, at, metering, np.array(values), MeterQuality.OK)
            for n, (at, values) in enumerate(batches, 1)
        ]
    }
    uow = SimpleNamespace(telemetry=SimpleNamespace(load_many=lambda _, __: loaded))
    frame = Frame(Interval(start, start + 2 * QUARTER), QUARTER, sample, start)
    return live_readings(uow, [site], frame)["north"]  # type: ignore[arg-type]  # all it reads of one


def test_a_reading_longer_than_a_sample_holds_in_each_of_its_samples() -> None:
    found = read(QUARTER, 5 * MINUTE, NOON, (NOON - QUARTER, [90.0, 60.0]))
    assert found.before_kw == 90.0
    np.testing.assert_array_equal(found.net_power_kw, [60.0] * 3 + [NAN] * 3)


def test_a_reading_longer_than_a_delivery_interval_may_begin_before_the_event() -> None:
    found = read(2 * QUARTER, QUARTER, NOON + QUARTER, (NOON, [80.0, 70.0]))
    assert found.before_kw == 80.0
    assert found.net_power_kw.tolist() == [80.0, 70.0]


@pytest.mark.parametrize(("metering", "count"), [(10 * SECOND, 6), (8 * SECOND, 7.5)])
def test_of_readings_shorter_than_a_sample_the_mean_counts(metering: timedelta, count: float) -> None:
    values = [50.0] * round(2 * count) + [NAN] * round(count)
    found = read(metering, MINUTE, NOON, (NOON, values))
    assert found.net_power_kw[:2].tolist() == [50.0, 50.0]
    assert np.isnan(found.net_power_kw[3:]).all()
    assert len(found.net_power_kw) == 30


def test_the_reading_received_last_holds() -> None:
    found = read(5 * MINUTE, 5 * MINUTE, NOON, (NOON, [50.0, 50.0]), (NOON + 5 * MINUTE, [40.0]))
    assert found.net_power_kw[:2].tolist() == [50.0, 40.0]
