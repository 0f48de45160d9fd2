from datetime import UTC, datetime, timedelta

from vpp.agent.steady_clock import LONGEST_SLEEP_S, SteadyClock

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
HOUR = timedelta(hours=1)


class Machine:
    """A machine whose clock somebody sets."""

    def __init__(self) -> None:
        self.set_by = timedelta(0)
        self.passed_s = 0.0

    def now(self) -> datetime:
        return NOON + timedelta(seconds=self.passed_s) + self.set_by

    def machine_time(self, instant: datetime) -> datetime:
        return instant

    async def sleep_until(self, instant: datetime) -> None:
        raise NotImplementedError


def steady(machine: Machine, earliest: datetime | None = None) -> SteadyClock:
    return SteadyClock(machine, earliest=earliest, tolerance=2 * SECOND, stopwatch=lambda: machine.passed_s)


def test_it_is_the_machines_time_while_nobody_sets_it() -> None:
    machine = Machine()
    clock = steady(machine)
    for _ in range(3):
        machine.passed_s += 100
        assert clock.now() == machine.now()


def test_a_step_back_is_not_followed_and_time_goes_on() -> None:
    machine = Machine()
    clock = steady(machine)
    machine.passed_s, machine.set_by = 10, -HOUR
    assert clock.now() == NOON + 10 * SECOND
    machine.passed_s = 1810
    assert clock.now() == NOON + 1810 * SECOND


def test_many_small_steps_back_do_not_add_up() -> None:
    machine = Machine()
    clock = steady(machine)
    for _ in range(100):
        machine.passed_s += 1
        machine.set_by -= SECOND
        assert clock.now() >= NOON + timedelta(seconds=machine.passed_s) - 2 * SECOND


def test_a_step_forward_is_followed_and_back_again_only_if_the_hub_agrees() -> None:
    machine = Machine()
    clock = steady(machine)
    machine.set_by = HOUR
    assert clock.now() == NOON + HOUR
    machine.passed_s, machine.set_by = 60, timedelta(0)
    assert clock.now() == NOON + HOUR + 60 * SECOND
    assert not clock.hear(NOON + HOUR + 60 * SECOND)  # the hub agrees with the later time
    assert clock.now() == NOON + HOUR + 60 * SECOND
    assert clock.hear(NOON + 61 * SECOND)
    assert clock.now() == NOON + 60 * SECOND
    assert not clock.hear(NOON + 61 * SECOND)


def test_it_begins_no_earlier_than_what_is_known_to_have_passed() -> None:
    machine = Machine()
    clock = steady(machine, earliest=NOON + HOUR)
    machine.passed_s = 5
    assert clock.now() == NOON + HOUR + 5 * SECOND
    assert clock.machine_time(NOON) == NOON


async def test_it_waits_by_its_own_time() -> None:
    machine = Machine()
    clock = steady(machine, earliest=NOON + HOUR)
    await clock.sleep_until(NOON + HOUR)  # over already, whatever the machine shows
    assert clock.now() == NOON + HOUR


def test_it_asks_the_hub_once_whenever_the_machines_clock_was_set() -> None:
    machine = Machine()
    clock = steady(machine)
    machine.passed_s = 100
    assert not clock.asks
    machine.set_by = -HOUR
    assert clock.asks
    assert not clock.hear(clock.now())  # the hub's clock did not go back: the machine's is wrong
    machine.passed_s = 200
    assert not clock.asks
    machine.set_by = timedelta(0)  # set right again
    assert clock.asks
    clock.hear(clock.now())
    assert not clock.asks
    machine.set_by = HOUR
    assert clock.asks
    clock.hear(NOON)
    assert not clock.asks


def test_small_corrections_ask_nobody() -> None:
    machine = Machine()
    clock = steady(machine)
    for _ in range(20):
        machine.passed_s += 10
        machine.set_by = -machine.set_by or SECOND
        assert not clock.asks


async def test_a_wait_ends_when_the_clock_goes_back() -> None:
    machine = Machine()

    async def goes_back(seconds: float) -> None:
        assert seconds == LONGEST_SLEEP_S
        assert clock.hear(NOON)

    years_ahead = NOON + 4000 * 24 * HOUR
    clock = SteadyClock(
        machine,
        earliest=years_ahead,
        tolerance=2 * SECOND,
        stopwatch=lambda: machine.passed_s,
        wait=goes_back,
    )
    await clock.sleep_until(clock.now() + HOUR)
    assert clock.now() == NOON
