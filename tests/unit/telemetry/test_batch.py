from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import pytest

from vpp.foundation.errors import InvalidInput
from vpp.telemetry.batch import TelemetryBatch, check_batch
from vpp.telemetry.quality import MeterQuality

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
QUARTER = timedelta(minutes=15)
GOOD = TelemetryBatch("north", 1, NOON, QUARTER, np.array([100.0, 110.0]), MeterQuality.OK)


def check(batch: TelemetryBatch, now: datetime = NOON + 2 * QUARTER) -> None:
    check_batch(
        batch,
        import_limit_kw=200.0,
        now=now,
        metering_interval=QUARTER,
        max_future=timedelta(minutes=2),
        max_age=timedelta(days=30),
    )


def test_values_are_an_own_copy_that_nobody_can_change() -> None:
    values = np.array([1.0, 2.0])
    batch = replace(GOOD, net_power_kw=values)
    values[0] = 99.0
    assert batch.net_power_kw.tolist() == [1.0, 2.0]
    with pytest.raises(ValueError, match="read-only"):
        batch.net_power_kw[0] = 3.0


@pytest.mark.parametrize("edge_kw", [300.0, -200.0, 0.0])
def test_values_at_the_edge_of_what_is_possible_pass(edge_kw: float) -> None:
    check(replace(GOOD, net_power_kw=np.array([edge_kw])))


@pytest.mark.parametrize("wrong_kw", [np.nan, np.inf, -np.inf, 300.001, -200.001])
def test_an_impossible_value_is_named_with_its_place(wrong_kw: float) -> None:
    with pytest.raises(
        InvalidInput, match=r"net_power_kw\[1\] is .*, expected a finite value from -200 to 300"
    ) as e:
        check(replace(GOOD, net_power_kw=np.array([100.0, wrong_kw])))
    assert e.value.metadata["field"] == "net_power_kw[1]"
    assert e.value.metadata["value"] == str(wrong_kw)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"sequence": 0}, "sequence is 0, expected at least 1"),
        ({"net_power_kw": np.array([])}, "net_power_kw is of shape"),
        ({"net_power_kw": np.array([[1.0]])}, "net_power_kw is of shape"),
        (
            {"sample_interval": timedelta(minutes=5)},
            "sample_interval is 0:05:00, expected the site's 0:15:00",
        ),
        ({"start_at": NOON + timedelta(minutes=1)}, "start_at is .*, expected a multiple of 0:15:00"),
        (
            {"start_at": NOON.astimezone(timezone(timedelta(hours=1)))},
            "start_at is .*, expected an instant in UTC",
        ),
    ],
)
def test_a_broken_frame_is_refused(changes: dict[str, object], message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        check(replace(GOOD, **changes))  # type: ignore[arg-type]  # a test case is a bag of fields


def test_a_batch_may_end_as_late_as_two_clocks_may_disagree() -> None:
    check(GOOD, now=GOOD.end_at - timedelta(minutes=2))
    with pytest.raises(InvalidInput, match="end_at"):
        check(GOOD, now=GOOD.end_at - timedelta(minutes=2, seconds=1))


def test_a_batch_may_begin_as_early_as_the_oldest_age() -> None:
    check(GOOD, now=NOON + timedelta(days=30))
    with pytest.raises(InvalidInput, match="start_at"):
        check(GOOD, now=NOON + timedelta(days=30, seconds=1))
