from datetime import UTC, datetime, timedelta

import pytest

from vpp.foundation.clock import AcceleratedClock, ManualClock, Speed, SystemClock
from vpp.foundation.errors import InvalidInput

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
MACHINE = datetime(2026, 11, 1, tzinfo=UTC)


def test_machine_time_follows_the_profile_through_every_speed() -> None:
    clock = AcceleratedClock(MACHINE, [Speed(NOON, 60.0), Speed(NOON + timedelta(hours=1), 3600.0)])
    assert clock.machine_time(NOON - timedelta(hours=1)) == MACHINE
    assert clock.machine_time(NOON + timedelta(minutes=30)) == MACHINE + timedelta(seconds=30)
    assert clock.machine_time(NOON + timedelta(hours=3)) == MACHINE + timedelta(seconds=62)


def test_two_clocks_of_one_profile_agree() -> None:
    profile = [Speed(NOON, 3600.0)]
    began = SystemClock().now()
    one, other = AcceleratedClock(began, profile), AcceleratedClock(began, profile)
    first, second, third = one.now(), other.now(), one.now()
    assert NOON <= first <= second <= third


@pytest.mark.parametrize(
    "profile",
    [[], [Speed(NOON, 0.0)], [Speed(NOON, 1.0), Speed(NOON - timedelta(hours=1), 1.0)]],
    ids=["empty", "standing still", "out of order"],
)
def test_a_profile_that_means_nothing_is_refused(profile: list[Speed]) -> None:
    with pytest.raises(InvalidInput, match="profile"):
        AcceleratedClock(MACHINE, profile)


async def test_a_manual_clock_never_goes_back_and_wakes_who_waits() -> None:
    clock = ManualClock(NOON)
    with pytest.raises(InvalidInput, match="before"):
        clock.advance_to(NOON - timedelta(seconds=1))
    clock.advance_to(NOON + timedelta(hours=1))
    await clock.sleep_until(NOON + timedelta(minutes=59))
    assert clock.now() == NOON + timedelta(hours=1)


async def test_real_clocks_wait_for_the_past_not_at_all() -> None:
    for clock in (SystemClock(), AcceleratedClock(MACHINE, [Speed(NOON, 60.0)])):
        before = clock.now()
        await clock.sleep_until(before - timedelta(hours=1))
        assert clock.now() - before < timedelta(hours=1)
