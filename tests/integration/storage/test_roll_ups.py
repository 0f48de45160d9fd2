"""Days summed up: found while they are up to date, versioned, and marked by what comes late."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import numpy as np
import pytest
from sqlalchemy import Engine, text

from vpp.foundation.clock import ManualClock
from vpp.foundation.interval import Interval
from vpp.telemetry.roll_up import RollUp, RollUpLevel, roll_up_day
from vpp.workflows.ports import UnitOfWorkFactory

FIVE, QUARTER, DAY = timedelta(minutes=5), timedelta(minutes=15), timedelta(days=1)
DAY_AT = datetime(2026, 10, 24, tzinfo=UTC)  # the day before the clock's
SPAN = Interval(DAY_AT, DAY_AT + DAY)
EVERYTHING = Interval(DAY_AT - 30 * DAY, DAY_AT + 30 * DAY)


def add(units: UnitOfWorkFactory, samples: SimpleNamespace, sequence: int, *values_kw: float) -> None:
    with units() as uow:
        uow.telemetry.add([samples.batch(sequence, list(values_kw), start=DAY_AT + sequence * FIVE)])
        uow.commit()


def sum_up(units: UnitOfWorkFactory, *, after: int | None = None) -> list[RollUp]:
    """Sum the day up from what is held, or as if it had been read after a batch of that number."""
    with units() as uow:
        number = uow.telemetry.last_number("north-1") if after is None else after
        made = roll_up_day(
            uow.telemetry.load("north-1", SPAN, up_to=number),
            "north-1",
            DAY_AT,
            step=FIVE,
            settlement_step=QUARTER,
            last_number=number,
        )
        uow.roll_ups.keep(made)
        uow.roll_ups.settled([("north-1", DAY_AT, number)])
        uow.commit()
    return made


def found(units: UnitOfWorkFactory, level: RollUpLevel = RollUpLevel.METERING, **bounds: int) -> list[RollUp]:
    with units(write=False) as uow:
        return uow.roll_ups.of_site("north-1", EVERYTHING, level, **bounds)


def test_a_day_comes_back_as_it_was_kept(seeded: UnitOfWorkFactory, samples: SimpleNamespace) -> None:
    add(seeded, samples, 1, 0.1 + 0.2, 5.0)
    for made in sum_up(seeded):
        [kept] = found(seeded, made.level)
        assert kept.net_power_kw.tobytes() == made.net_power_kw.tobytes()
        assert np.array_equal(kept.quality, made.quality)
        assert np.array_equal(kept.sample_count, made.sample_count)
        assert (kept.step, kept.samples_per_interval, kept.conflict_count, kept.last_number, kept.day_at) == (
            made.step,
            made.samples_per_interval,
            made.conflict_count,
            made.last_number,
            made.day_at,
        )


def test_a_late_batch_takes_its_day_out_until_it_is_summed_up_again(
    seeded: UnitOfWorkFactory, samples: SimpleNamespace, engine: Engine
) -> None:
    add(seeded, samples, 1, 1.0)
    sum_up(seeded)
    add(seeded, samples, 2, 2.0)
    assert found(seeded) == []
    with seeded(write=False) as uow:
        assert uow.roll_ups.late_days(EVERYTHING) == [("north-1", DAY_AT)]
        assert uow.roll_ups.late_days(Interval(DAY_AT + DAY, DAY_AT + 2 * DAY)) == []
        assert uow.roll_ups.late_days(EVERYTHING, after=("north-1", DAY_AT)) == []
        assert uow.roll_ups.late_days(EVERYTHING, after=("north-0", DAY_AT + DAY)) == [("north-1", DAY_AT)]
    sum_up(seeded)
    [day] = found(seeded)
    assert day.net_power_kw[1:3].tolist() == [1.0, 2.0]
    with engine.connect() as connection:
        versions = connection.execute(text("SELECT version FROM telemetry_roll_ups")).scalars().all()
    assert versions == [2, 2]


def test_what_comes_between_reading_and_writing_keeps_the_day_marked(
    seeded: UnitOfWorkFactory, samples: SimpleNamespace
) -> None:
    add(seeded, samples, 1, 1.0)
    add(seeded, samples, 2, 2.0)
    sum_up(seeded, after=1)
    assert found(seeded) == []
    sum_up(seeded)
    assert len(found(seeded)) == 1


def test_readings_of_today_mark_nothing(
    seeded: UnitOfWorkFactory, samples: SimpleNamespace, clock: ManualClock
) -> None:
    with seeded() as uow:
        uow.telemetry.add(
            [samples.batch(1, [1.0], start=clock.now().replace(hour=0, minute=0, second=0, microsecond=0))]
        )
        uow.commit()
    with seeded(write=False) as uow:
        assert uow.roll_ups.late_days(EVERYTHING) == []


def test_what_was_known_then_has_only_days_that_were_summed_up_by_then(
    seeded: UnitOfWorkFactory, samples: SimpleNamespace
) -> None:
    add(seeded, samples, 1, 1.0)
    add(seeded, samples, 2, 2.0)
    sum_up(seeded)
    assert len(found(seeded, up_to=2)) == 1
    assert found(seeded, up_to=1) == []


@pytest.mark.parametrize("level", RollUpLevel)
def test_days_are_forgotten_by_level(
    seeded: UnitOfWorkFactory, samples: SimpleNamespace, level: RollUpLevel
) -> None:
    add(seeded, samples, 1, 1.0)
    sum_up(seeded)
    for before, count in ((DAY_AT, 1), (DAY_AT + DAY, 0)):
        with seeded() as uow:
            uow.roll_ups.forget(["north-1"], before, level)
            uow.commit()
        assert len(found(seeded, level)) == count
        assert sum(len(found(seeded, other)) for other in RollUpLevel) == 1 + count


def test_many_sites_days_are_read_at_once(
    seeded: UnitOfWorkFactory, samples: SimpleNamespace, clock: ManualClock
) -> None:
    add(seeded, samples, 1, 1.0)
    sum_up(seeded)
    summed_at = clock.now()
    clock.advance_to(clock.now() + FIVE)

    def numbers(**known: datetime) -> dict[str, list[int]]:
        with seeded(write=False) as uow:
            found_days = uow.roll_ups.of_sites(["north-1", "nowhere"], SPAN, RollUpLevel.METERING, **known)
        return {name: [day.last_number for day in days] for name, days in found_days.items()}

    assert numbers() == {"north-1": [1]}
    assert numbers(as_of=summed_at) == {"north-1": [1]}
    assert numbers(as_of=summed_at - FIVE) == {}
    add(seeded, samples, 2, 2.0)  # the day is late, whenever it is asked about
    assert numbers() == numbers(as_of=summed_at) == {}
    sum_up(seeded)
    assert numbers() == {"north-1": [2]}
    assert numbers(as_of=summed_at) == {}
    with seeded(write=False) as uow:
        assert uow.roll_ups.of_sites([], SPAN, RollUpLevel.METERING) == {}
