"""Readings are kept once, in the order in which they came, and in bulk."""

import itertools
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, inspect, text

from vpp.foundation.clock import ManualClock, stopwatch_s
from vpp.foundation.errors import InvalidInput
from vpp.foundation.interval import Interval
from vpp.storage.telemetry_repository import FORGOTTEN_AT_ONCE
from vpp.storage.unit_of_work import SqlUnitOfWorkFactory
from vpp.telemetry.batch import TelemetryBatch
from vpp.telemetry.quality import MeterQuality
from vpp.workflows.ports import UnitOfWorkFactory

FIVE = timedelta(minutes=5)
READINGS = 200_000
BOUND_S = 2.0
LOCK_TIMEOUT_S = 5.0
NUMBERS = itertools.count(1)


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


def test_many_sites_are_read_at_once(seeded: UnitOfWorkFactory, samples: SimpleNamespace) -> None:
    start: datetime = samples.batch(1, [0.0]).start_at
    with seeded() as uow:
        uow.sites.add("north-2", replace(samples.site, site_id="north-2"))
        uow.sites.add("north-3", replace(samples.site, site_id="north-3"))
        uow.commit()
    first, second = samples.batch(1, [1.0, 2.0]), samples.batch(2, [3.0], start=start + 2 * FIVE)
    other = replace(samples.batch(1, [4.0]), site_id="north-2")
    add(seeded, second, other, first)
    with seeded(write=False) as uow:
        found = uow.telemetry.load_many(
            ["north-1", "north-2", "north-3", "nowhere"], Interval(start, start + FIVE)
        )
        assert {site_id: content(batches) for site_id, batches in found.items()} == {
            "north-1": content([first]),
            "north-2": content([other]),
        }
        both = uow.telemetry.load_many(["north-1"], Interval(start, start + 3 * FIVE))["north-1"]
        assert content(both) == content([second, first])  # as they were received
        assert uow.telemetry.load_many([], Interval(start, start + FIVE)) == {}
        assert uow.telemetry.held_sequences(["north-1", "north-2", "north-3"]) == {"north-1": 2, "north-2": 1}
        assert uow.telemetry.last_numbers(["north-1", "north-2", "north-3"]) == {"north-1": 2, "north-2": 1}
        assert uow.telemetry.sites() == ["north-1", "north-2"]
        assert uow.telemetry.sites(after="north-1", limit=1) == ["north-2"]


def test_a_batch_of_months_is_kept_in_pieces_and_recognised_whole(seeded: UnitOfWorkFactory) -> None:
    start = datetime(2026, 1, 30, 22, tzinfo=UTC)
    hours = np.arange(35 * 24.0)  # into the third month
    long = TelemetryBatch("north-1", 1, start, timedelta(hours=1), hours, MeterQuality.OK)
    assert add(seeded, long) == len(hours)
    assert add(seeded, long) == 0
    with seeded(write=False) as uow:
        pieces = uow.telemetry.load("north-1", Interval(start, long.end_at))
        assert np.array_equal(np.concatenate([piece.net_power_kw for piece in pieces]), hours)
        assert {piece.sequence for piece in pieces} == {1}
        midnight = datetime(2026, 3, 1, tzinfo=UTC)
        [piece] = uow.telemetry.load("north-1", Interval(midnight, midnight + FIVE))
        assert (piece.start_at, piece.net_power_kw[0]) == (midnight, (midnight - start) / timedelta(hours=1))
        assert uow.telemetry.last_number("north-1") == 1


def test_what_may_lie_across_midnight_is_refused_whole(
    seeded: UnitOfWorkFactory, samples: SimpleNamespace
) -> None:
    good = samples.batch(1, [1.0])
    odd = TelemetryBatch("north-1", 2, good.start_at, timedelta(minutes=7), np.array([1.0]), MeterQuality.OK)
    with seeded() as uow, pytest.raises(InvalidInput, match="intervals that divide a day"):
        uow.telemetry.add([good, odd])
    with seeded(write=False) as uow:
        assert uow.telemetry.held_sequence("north-1") == 0


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rounds=st.lists(st.lists(st.integers(1, 30), min_size=1, max_size=8), max_size=6))
def test_every_sequence_is_kept_once_in_any_order(
    seeded: UnitOfWorkFactory, samples: SimpleNamespace, rounds: list[list[int]]
) -> None:
    start: datetime = samples.batch(1, [0.0]).start_at
    with seeded() as uow:
        site_id = f"site-{next(NUMBERS)}"
        uow.sites.add(site_id, replace(samples.site, site_id=site_id))
        uow.commit()
    expected: list[int] = []
    for sequences in rounds:
        new = [n for place, n in enumerate(sequences) if n not in expected and n not in sequences[:place]]
        assert add(
            seeded, *(replace(samples.batch(n, [float(n)]), site_id=site_id) for n in sequences)
        ) == len(new)
        expected += new
    with seeded(write=False) as uow:
        kept = uow.telemetry.load(site_id, Interval(start, start + FIVE))
        assert [batch.sequence for batch in kept] == expected
        assert uow.telemetry.held_sequence(site_id) == max(expected, default=0)
        assert uow.telemetry.last_number(site_id) == len(expected)


def test_what_is_forgotten_is_gone_and_its_repeat_still_known(
    seeded: UnitOfWorkFactory, samples: SimpleNamespace, engine: Engine
) -> None:
    months = [datetime(2026, month, 20, 12, tzinfo=UTC) for month in (7, 8, 9)]
    batches = [samples.batch(n, [float(n)], start=start) for n, start in enumerate(months, start=1)]
    add(seeded, *batches)
    everything = Interval(months[0], months[-1] + FIVE)
    with seeded() as uow:
        # On PostgreSQL other tests' months may go too.
        assert uow.telemetry.forget(["north-1"], datetime(2026, 9, 15, tzinfo=UTC)) >= 2
        uow.commit()
    with seeded(write=False) as uow:
        assert content(uow.telemetry.load("north-1", everything)) == content(batches[2:])
    assert add(seeded, *batches) == 0
    if engine.dialect.name == "postgresql":  # whole months: the one that the bound is in stays
        with seeded() as uow:
            assert uow.telemetry.forget(["north-1"], datetime(2026, 9, 30, tzinfo=UTC)) == 0


def test_room_is_made_for_the_months_ahead(
    postgresql_engine: Engine,
    clock: ManualClock,
    samples: SimpleNamespace,
    seed: Callable[[UnitOfWorkFactory], None],
) -> None:
    seeded = SqlUnitOfWorkFactory(postgresql_engine, clock)
    seed(seeded)
    span = Interval(datetime(2031, 12, 31, tzinfo=UTC), datetime(2032, 2, 1, tzinfo=UTC))
    for _ in range(2):
        with seeded() as uow:
            uow.telemetry.make_room(span)
            uow.commit()
    names = {
        name
        for name in inspect(postgresql_engine).get_table_names()
        if name.startswith("telemetry_pieces_203")
    }
    assert names == {"telemetry_pieces_203112", "telemetry_pieces_203201"}
    assert add(seeded, samples.batch(1, [1.0], start=datetime(2032, 1, 1, tzinfo=UTC))) == 1
    with seeded() as uow:
        uow.telemetry.forget([], datetime(2032, 2, 1, tzinfo=UTC))
        uow.commit()


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


def held_ranges(engine: Engine, site_id: str) -> list[tuple[int, int]]:
    statement = text(
        "SELECT first_sequence, last_sequence FROM telemetry_held "
        "WHERE site_id = :site ORDER BY first_sequence"
    )
    with engine.connect() as connection:
        return [(first, last) for first, last in connection.execute(statement, {"site": site_id})]


def test_gaps_of_a_site_are_bounded_and_the_oldest_count_as_held(
    seeded: UnitOfWorkFactory, samples: SimpleNamespace, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vpp.storage.held_batches.MOST_RANGES", 4)
    for sequence in range(10, 100, 10):  # one gap before each
        assert add(seeded, samples.batch(sequence, [float(sequence)])) == 1
    assert held_ranges(engine, "north-1") == [(0, 60), (70, 70), (80, 80), (90, 90)]
    assert add(seeded, samples.batch(55, [1.0])) == 0
    assert add(seeded, samples.batch(75, [2.0])) == 1  # and the oldest gap goes for it
    assert held_ranges(engine, "north-1") == [(0, 70), (75, 75), (80, 80), (90, 90)]
    with seeded(write=False) as uow:
        assert uow.telemetry.held_sequence("north-1") == 90
        assert uow.telemetry.last_number("north-1") == 10
        kept = uow.telemetry.load("north-1", Interval(samples.batch(1, [0.0]).start_at, end_of(samples)))
    assert [batch.sequence for batch in kept] == [*range(10, 100, 10), 75]


def end_of(samples: SimpleNamespace) -> datetime:
    end: datetime = samples.batch(1, [0.0]).start_at + FIVE
    return end


def test_runs_of_batches_are_numbered_on_whatever_else_comes_with_them(
    seeded: UnitOfWorkFactory, samples: SimpleNamespace
) -> None:
    with seeded() as uow:
        uow.sites.add("north-2", replace(samples.site, site_id="north-2"))
        uow.commit()

    def of(site_id: str, *sequences: int) -> list[TelemetryBatch]:
        return [replace(samples.batch(n, [float(n)]), site_id=site_id) for n in sequences]

    add(seeded, *of("north-1", 1), *of("north-2", 1, 3))
    known = {}
    for batches in (of("north-1", 2, 3) + of("north-2", 4, 2), of("north-1", 3, 4) + of("north-2", 5, 6)):
        add(seeded, *batches)
        with seeded(write=False) as uow:
            known = uow.telemetry.last_numbers(["north-1", "north-2"])
    assert known == {"north-1": 4, "north-2": 6}
    span = Interval(samples.batch(1, [0.0]).start_at, end_of(samples))
    with seeded(write=False) as uow:
        for number, sequence in enumerate([1, 3, 4, 2, 5, 6], start=1):
            assert [one.sequence for one in uow.telemetry.load("north-2", span, up_to=number)][-1] == sequence
        assert [one.sequence for one in uow.telemetry.load("north-1", span)] == [1, 2, 3, 4]


def test_what_is_forgotten_at_once_is_bounded(
    sqlite_engine: Engine,
    clock: ManualClock,
    samples: SimpleNamespace,
    seed: Callable[[UnitOfWorkFactory], None],
) -> None:
    seeded = SqlUnitOfWorkFactory(sqlite_engine, clock)
    seed(seeded)
    start: datetime = samples.batch(1, [0.0]).start_at
    add(seeded, *(samples.batch(n, [1.0]) for n in range(1, FORGOTTEN_AT_ONCE + 2)))
    counts = []
    while not counts or counts[-1]:
        with seeded() as uow:
            counts.append(uow.telemetry.forget(["north-1"], start + timedelta(days=2)))
            uow.commit()
    assert counts == [FORGOTTEN_AT_ONCE, 1, 0]


def test_readers_hold_up_neither_new_months_nor_those_that_write(
    postgresql_engine: Engine,
    clock: ManualClock,
    samples: SimpleNamespace,
    seed: Callable[[UnitOfWorkFactory], None],
) -> None:
    seeded = SqlUnitOfWorkFactory(postgresql_engine, clock)
    seed(seeded)
    old = datetime(2033, 3, 5, tzinfo=UTC)
    later, end = datetime(2033, 5, 1, tzinfo=UTC), datetime(2033, 6, 1, tzinfo=UTC)
    add(seeded, samples.batch(1, [1.0], start=old))
    with seeded(write=False) as reader:
        assert len(reader.telemetry.load("north-1", Interval(old, old + FIVE))) == 1
        began_s = stopwatch_s()
        with seeded() as uow:
            uow.telemetry.make_room(Interval(later, end))
            uow.commit()
        assert add(seeded, samples.batch(2, [2.0], start=later)) == 1
        with seeded() as uow:
            uow.telemetry.forget([], later)  # what is being read stays for now
            uow.commit()
        assert stopwatch_s() - began_s < LOCK_TIMEOUT_S
        assert len(reader.telemetry.load("north-1", Interval(old, old + FIVE))) == 1
    with seeded(write=False) as uow:
        assert len(uow.telemetry.load("north-1", Interval(old, old + FIVE))) == 1
    with seeded() as uow:
        assert uow.telemetry.forget([], later) >= 1
        assert uow.telemetry.load("north-1", Interval(old, old + FIVE)) == []
        assert len(uow.telemetry.load("north-1", Interval(later, later + FIVE))) == 1
        uow.telemetry.forget([], end)
        uow.commit()


def test_what_was_heard_of_a_window_is_told_without_reading_it(
    seeded: UnitOfWorkFactory, samples: SimpleNamespace, clock: ManualClock
) -> None:
    start: datetime = samples.batch(1, [0.0]).start_at
    span = Interval(start, start + 6 * FIVE)
    with seeded() as uow:
        uow.sites.add("north-2", replace(samples.site, site_id="north-2"))
        uow.commit()
    first_at = clock.now()
    add(seeded, samples.batch(1, [1.0, 2.0]), replace(samples.batch(1, [4.0]), site_id="north-2"))
    clock.advance_to(clock.now() + FIVE)
    add(seeded, samples.batch(2, [3.0, 4.0], start=start + 2 * FIVE))
    second_at = clock.now()
    add(seeded, samples.batch(3, [9.0], start=start + 6 * FIVE))  # after the window

    def heard(**known: datetime) -> dict[str, tuple[int, datetime, bool]]:
        with seeded(write=False) as uow:
            found = uow.telemetry.heard(["north-1", "north-2", "nowhere"], span, **known)
        return {name: (one.number, one.received_at, one.is_repeated) for name, one in found.items()}

    assert heard() == {"north-1": (2, second_at, False), "north-2": (1, first_at, False)}
    assert heard(as_of=first_at)["north-1"] == (1, first_at, False)
    assert heard(as_of=first_at - FIVE) == {}
    add(seeded, samples.batch(4, [5.0], start=start + FIVE))
    assert heard()["north-1"][2]
    assert not heard(as_of=first_at)["north-1"][2]


def test_as_of_an_instant_many_sites_say_what_they_had_said(
    seeded: UnitOfWorkFactory, samples: SimpleNamespace, clock: ManualClock
) -> None:
    first_at, first = clock.now(), samples.batch(1, [1.0])
    add(seeded, first)
    clock.advance_to(clock.now() + FIVE)
    second = samples.batch(2, [2.0])
    add(seeded, second)
    span = Interval(first.start_at, first.start_at + FIVE)
    with seeded(write=False) as uow:
        assert content(uow.telemetry.load_many(["north-1"], span)["north-1"]) == content([first, second])
        then = uow.telemetry.load_many(["north-1"], span, as_of=first_at)
    assert content(then["north-1"]) == content([first])
