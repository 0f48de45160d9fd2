"""Readings are kept once, in the order in which they came, and in bulk."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from types import SimpleNamespace

import numpy as np
import pytest

from vpp.foundation.clock import stopwatch_s
from vpp.foundation.errors import InvalidInput
from vpp.foundation.interval import Interval
from vpp.telemetry.batch import TelemetryBatch
from vpp.telemetry.quality import MeterQuality
from vpp.workflows.ports import UnitOfWorkFactory

FIVE = timedelta(minutes=5)
READINGS = 200_000
BOUND_S = 2.0


def content(batches: Sequence[TelemetryBatch]) -> list[tuple[object, ...]]:
    return [
        (
            batch.site_id,
            batch.sequence,
            batch.start_at,
            batch.sample_interval,
            batch.net_power_kw.tobytes(),
            batch.quality,
        )
        for batch in batches
    ]


def add(units: UnitOfWorkFactory, *batches: TelemetryBatch) -> int:
    with units() as uow:
        new_count = uow.telemetry.add(batches)
        uow.commit()
    return new_count


def test_batches_come_back_in_the_order_they_were_received(
    seeded: UnitOfWorkFactory, samples: SimpleNamespace
) -> None:
    first = samples.batch(2, [1.0, 0.1 + 0.2, 1e-300])
    corrected = TelemetryBatch(
        "north-1", 7, first.start_at, timedelta(seconds=1.5), np.array([np.nan, -1.0]), MeterQuality.BAD
    )
    earlier = samples.batch(1, [5.0])
    assert add(seeded, first, corrected) == 5
    assert add(seeded, earlier) == 1
    span = Interval(first.start_at, first.start_at + FIVE)
    with seeded(write=False) as uow:
        assert content(uow.telemetry.load("north-1", span)) == content([first, corrected, earlier])
        assert uow.telemetry.held_sequence("north-1") == 7
        assert uow.telemetry.held_sequence("north-2") == 0


def test_what_was_known_at_a_time_can_be_read_later(
    seeded: UnitOfWorkFactory, samples: SimpleNamespace
) -> None:
    first, corrected = samples.batch(1, [1.0, 2.0]), samples.batch(2, [1.0, 9.0])
    span = Interval(first.start_at, first.start_at + 2 * FIVE)
    with seeded(write=False) as uow:
        assert uow.telemetry.last_number("north-1") == 0
    add(seeded, first)
    with seeded(write=False) as uow:
        known = uow.telemetry.last_number("north-1")
    add(seeded, corrected)
    with seeded(write=False) as uow:
        assert content(uow.telemetry.load("north-1", span, up_to=known)) == content([first])
        assert content(uow.telemetry.load("north-1", span)) == content([first, corrected])
        assert uow.telemetry.last_number("north-1") > known
        assert uow.telemetry.last_number("north-2") == 0


def test_a_repeat_changes_nothing(seeded: UnitOfWorkFactory, samples: SimpleNamespace) -> None:
    first = samples.batch(1, [1.0, 2.0])
    other = samples.batch(1, [9.0])
    assert add(seeded, first) == 2
    assert add(seeded, first) == 0
    assert add(seeded, other, samples.batch(2, [3.0]), other) == 1
    assert add(seeded) == 0
    with seeded(write=False) as uow:
        loaded = uow.telemetry.load("north-1", Interval(first.start_at, first.start_at + FIVE))
    assert content(loaded) == content([first, samples.batch(2, [3.0])])


def test_a_span_finds_what_overlaps_it(seeded: UnitOfWorkFactory, samples: SimpleNamespace) -> None:
    start: datetime = samples.batch(1, [0.0]).start_at
    for sequence in range(1, 5):  # [0, 10), [10, 20), [20, 30), [30, 40) minutes
        add(seeded, samples.batch(sequence, [1.0, 2.0], start=start + (sequence - 1) * 2 * FIVE))

    def found(begin_min: int, end_min: int) -> list[int]:
        span = Interval(start + timedelta(minutes=begin_min), start + timedelta(minutes=end_min))
        with seeded(write=False) as uow:
            return [batch.sequence for batch in uow.telemetry.load("north-1", span)]

    assert found(10, 30) == [2, 3]
    assert found(9, 31) == [1, 2, 3, 4]
    assert found(12, 13) == [2]
    assert found(40, 90) == []
    assert found(-90, 0) == []


def test_readings_of_an_unknown_site_are_refused_together(
    seeded: UnitOfWorkFactory, samples: SimpleNamespace
) -> None:
    known = samples.batch(1, [1.0])
    unknown = TelemetryBatch("nowhere", 1, known.start_at, FIVE, np.array([1.0]), MeterQuality.OK)
    with seeded() as uow, pytest.raises(InvalidInput, match="does not exist"):
        uow.telemetry.add([known, unknown])
    with seeded(write=False) as uow:
        assert uow.telemetry.held_sequence("north-1") == 0


@pytest.mark.parametrize("batch_length", [3600, 60])
def test_bulk_insert_is_quick(
    seeded: UnitOfWorkFactory,
    samples: SimpleNamespace,
    record_property: Callable[[str, object], None],
    batch_length: int,
) -> None:
    start = samples.batch(1, [0.0]).start_at
    values_kw = np.random.default_rng(7).uniform(0.0, 2500.0, READINGS)
    batches = [
        TelemetryBatch(
            "north-1",
            sequence,
            start + first * FIVE,
            FIVE,
            values_kw[first : first + batch_length],
            MeterQuality.OK,
        )
        for sequence, first in enumerate(range(0, READINGS, batch_length), start=1)
    ]
    began_s = stopwatch_s()
    assert add(seeded, *batches) == READINGS
    took_s = stopwatch_s() - began_s
    record_property("readings_per_s", round(READINGS / took_s))
    with seeded(write=False) as uow:
        loaded = uow.telemetry.load("north-1", Interval(start, batches[-1].end_at))
    assert np.array_equal(np.concatenate([batch.net_power_kw for batch in loaded]), values_kw)
    assert took_s < BOUND_S
