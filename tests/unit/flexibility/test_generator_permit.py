import math
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from vpp.flexibility.generator_permit import (
    GeneratorPermit,
    GeneratorRun,
    PermitCount,
    RunCategory,
    RunRefused,
)
from vpp.foundation.errors import InvalidInput

MARCH = datetime(2026, 3, 2, 12, tzinfo=UTC)


def entered(count: PermitCount, hours: float, category: RunCategory, at: datetime = MARCH) -> PermitCount:
    after = count.enter(GeneratorRun(at, hours, category))
    assert isinstance(after, PermitCount)
    return after


def test_emergencies_are_not_limited_unless_the_site_says_so() -> None:
    count = entered(PermitCount(GeneratorPermit()), 500.0, RunCategory.EMERGENCY)
    assert math.isinf(count.left_hours(RunCategory.EMERGENCY, 2026))
    assert count.left_hours(RunCategory.PAID, 2026) == 50.0
    strict = PermitCount(GeneratorPermit(emergency_hours=6.0))
    assert strict.enter(GeneratorRun(MARCH, 7.0, RunCategory.EMERGENCY)) == RunRefused(
        RunCategory.EMERGENCY, 7.0, 6.0
    )


def test_tests_count_against_all_that_is_no_emergency() -> None:
    count = entered(PermitCount(GeneratorPermit()), 80.0, RunCategory.TEST)
    assert count.left_hours(RunCategory.PAID, 2026) == 20.0
    assert count.enter(GeneratorRun(MARCH, 21.0, RunCategory.PAID)) == RunRefused(
        RunCategory.PAID, 21.0, 20.0
    )


def test_a_new_year_begins_a_new_count_and_forgets_nothing() -> None:
    count = entered(PermitCount(GeneratorPermit()), 50.0, RunCategory.PAID)
    after = entered(count, 10.0, RunCategory.PAID, datetime(2027, 1, 4, tzinfo=UTC))
    assert (after.left_hours(RunCategory.PAID, 2026), after.left_hours(RunCategory.PAID, 2027)) == (0.0, 40.0)
    # A run of last year that is entered late counts there, and leaves this year's count alone.
    late = GeneratorRun(datetime(2026, 12, 30, tzinfo=UTC), 1.0, RunCategory.PAID)
    assert after.enter(late) == RunRefused(RunCategory.PAID, 1.0, 0.0)
    recorded = after.record(late)
    assert recorded.left_hours(RunCategory.PAID, 2027) == 40.0


def test_a_run_over_new_year_counts_in_both_years() -> None:
    shanghai = ZoneInfo("Asia/Shanghai")
    run = GeneratorRun(datetime(2026, 12, 31, 22, tzinfo=shanghai), 5.0, RunCategory.PAID)
    assert list(run.by_year()) == [(2026, 2.0), (2027, 3.0)]
    count = entered(PermitCount(GeneratorPermit()), 49.0, RunCategory.PAID)
    assert count.enter(run) == RunRefused(RunCategory.PAID, 2.0, 1.0)  # the old year has one hour left
    short = entered(count, 4.0, RunCategory.PAID, datetime(2026, 12, 31, 23, tzinfo=shanghai))
    assert (short.left_hours(RunCategory.PAID, 2026), short.left_hours(RunCategory.PAID, 2027)) == (0.0, 47.0)


def test_a_run_that_goes_on_is_one_run() -> None:
    count = PermitCount(GeneratorPermit())
    for minute in range(90):
        run = GeneratorRun(MARCH + timedelta(minutes=minute), 1.0 / 60.0, RunCategory.PAID)
        count = count.record(run)
    assert len(count.runs) == 1
    assert count.left_hours(RunCategory.PAID, 2026) == pytest.approx(48.5)


def test_what_has_run_is_on_record_even_beyond_the_permit() -> None:
    over = PermitCount(GeneratorPermit()).record(GeneratorRun(MARCH, 120.0, RunCategory.OTHER))
    assert (over.left_hours(RunCategory.PAID, 2026), len(over.runs)) == (0.0, 1)


def test_impossible_permits_are_refused() -> None:
    with pytest.raises(InvalidInput, match="paid_hours is 50"):
        GeneratorPermit(non_emergency_hours=10.0)
    with pytest.raises(InvalidInput, match="hours is -1"):
        GeneratorRun(MARCH, -1.0, RunCategory.TEST)
    with pytest.raises(InvalidInput, match="expected an offset from UTC"):
        GeneratorRun(datetime(2026, 3, 2), 1.0, RunCategory.TEST)  # noqa: DTZ001  that is what is refused
