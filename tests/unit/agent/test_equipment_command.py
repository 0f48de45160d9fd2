"""What a device was told last: how long it stands, whether it was done, and whether it shows."""

from datetime import timedelta

import pytest
from support.driver_place import NOON, KeptMemory

from vpp.agent.equipment_command import Order, StandingCommand
from vpp.foundation.device_terms import Applied, Outcome, Reading, Setpoint

HOLD = timedelta(minutes=15)
MINUTE = timedelta(minutes=1)
HUNDRED = Setpoint(reduction_kw=100.0)


class FullDisk(KeptMemory):
    """A memory that cannot be written."""

    def remember(self, _content: object) -> None:
        raise OSError("no space left")


def command_of(
    memory: KeptMemory, *, repeat: timedelta | None = None, ratio: float = 0.75
) -> StandingCommand:
    return StandingCommand(
        memory,
        NOON,
        hold=HOLD,
        repeat_interval=repeat,
        confirm_within=MINUTE,
        confirm_ratio=ratio,
    )


def carry_out(
    command: StandingCommand, minutes: float, outcome: Outcome = Outcome.APPLIED
) -> Setpoint | None:
    """Say what is due to a device that does it; return what was said."""
    now = NOON + minutes * MINUTE
    order = command.due(now)
    assert order is not None
    assert command.remembered(order, now)
    if command.done(order, Applied(outcome, now)):
        command.forgotten()
    return order.setpoint


def shows(command: StandingCommand, minutes: float, kw: float) -> None:
    command.shown(Reading(NOON + minutes * MINUTE, {"reduction_kw": kw}))


def last_outcome(command: StandingCommand) -> Outcome | None:
    return None if command.last_action is None else command.last_action.outcome


def test_a_setpoint_is_said_once_and_again_when_it_is_repeated() -> None:
    command = command_of(KeptMemory())
    assert command.due(NOON) is None
    command.want(HUNDRED, NOON)
    assert carry_out(command, 0) == HUNDRED
    assert command.due(NOON + MINUTE) is None
    command.want(HUNDRED, NOON + 5 * MINUTE)
    assert carry_out(command, 5) == HUNDRED


def test_a_setpoint_that_nobody_repeats_is_taken_back() -> None:
    memory = KeptMemory()
    command = command_of(memory)
    command.want(HUNDRED, NOON)
    carry_out(command, 0)
    assert memory.recall() != {}
    assert command.due(NOON + timedelta(minutes=14, seconds=59)) is None
    assert carry_out(command, 15) is None
    assert memory.recall() == {}
    assert command.due(NOON + 60 * MINUTE) is None


def test_a_device_that_lets_go_early_is_told_again_without_the_site_saying_so() -> None:
    command = command_of(KeptMemory(), repeat=MINUTE / 2)
    command.want(HUNDRED, NOON)
    carry_out(command, 0)
    assert command.due(NOON + MINUTE / 4) is None
    assert carry_out(command, 0.5) == HUNDRED
    assert carry_out(command, 15) is None, "but not for longer than the site lets a command stand"


def test_a_release_that_failed_is_tried_until_it_is_done() -> None:
    memory = KeptMemory()
    command = command_of(memory)
    command.want(HUNDRED, NOON)
    carry_out(command, 0)
    command.want(Setpoint(), NOON + MINUTE)
    assert carry_out(command, 1, Outcome.FAILED) is None
    assert memory.recall() != {}
    assert carry_out(command, 2) is None
    assert command.due(NOON + 3 * MINUTE) is None


def test_a_release_is_carried_out_after_a_start_even_if_nothing_is_known_to_be_commanded() -> None:
    command = command_of(KeptMemory())
    command.want(Setpoint(), NOON)
    assert carry_out(command, 0) is None
    command.want(Setpoint(), NOON + MINUTE)
    assert command.due(NOON + MINUTE) is None
    assert last_outcome(command) is Outcome.UNCHANGED


def test_a_restart_knows_that_something_is_commanded_and_takes_it_back_in_time() -> None:
    memory = KeptMemory()
    before = command_of(memory)
    before.want(HUNDRED, NOON)
    carry_out(before, 0)
    after = command_of(memory)
    assert after.is_commanded
    assert after.due(NOON + 14 * MINUTE) is None
    assert carry_out(after, 15) is None
    assert not command_of(memory).is_commanded


def test_a_memory_that_cannot_be_read_is_taken_for_a_command_to_take_back() -> None:
    memory = KeptMemory()
    memory.remember({"commanded_at": "yesterday"})
    assert carry_out(command_of(memory), 0) is None


@pytest.mark.parametrize("kept", ["yesterday", "2026-03-02T12:00:00", 5, [1]])
def test_whatever_a_memory_holds_the_site_starts_and_takes_back(kept: object) -> None:
    memory = KeptMemory()
    memory.remember({"commanded_at": kept})
    assert carry_out(command_of(memory), 0) is None


def test_a_device_that_was_never_told_anything_is_left_alone_at_the_stop() -> None:
    untouched = command_of(KeptMemory())
    untouched.let_go(NOON)
    assert untouched.due(NOON) is None
    memory = KeptMemory()
    memory.remember({"commanded_at": NOON.isoformat()})
    held = command_of(memory)
    held.let_go(NOON)
    assert carry_out(held, 0) is None


def test_a_clock_that_is_set_back_lets_no_command_stand_longer() -> None:
    command = command_of(KeptMemory())
    command.want(HUNDRED, NOON)
    carry_out(command, 0)
    assert command.due(NOON - 60 * MINUTE) is None
    assert carry_out(command, -45) is None, "after the hold time, by the clock as it is now"


def test_a_clock_that_is_set_back_delays_neither_orders_nor_repetitions() -> None:
    command = command_of(KeptMemory(), repeat=MINUTE)
    command.want(HUNDRED, NOON)
    order = command.due(NOON)
    assert order is not None
    command.unanswered(order, NOON, "silence")
    assert carry_out(command, -60) == HUNDRED
    command.done(Order(HUNDRED, 1), Applied(Outcome.APPLIED, NOON))  # said just before another step back
    assert command.due(NOON - 60 * MINUTE) is None
    assert carry_out(command, -59) == HUNDRED


def test_what_was_shown_before_the_clock_was_set_back_proves_nothing() -> None:
    command = command_of(KeptMemory())
    command.want(HUNDRED, NOON)
    carry_out(command, 0)
    shows(command, 1.5, 100.0)
    for minutes in (-60, -59.5, -58.9):
        shows(command, minutes, 0.0)
    assert last_outcome(command) is Outcome.FAILED


def test_what_cannot_be_kept_on_the_disk_is_not_commanded() -> None:
    command = command_of(FullDisk())
    command.want(HUNDRED, NOON)
    order = command.due(NOON)
    assert order is not None
    assert not command.remembered(order, NOON)


def test_an_order_without_an_answer_stays_due() -> None:
    command = command_of(KeptMemory())
    command.want(HUNDRED, NOON)
    order = command.due(NOON)
    assert order is not None
    command.unanswered(order, NOON, "silence")
    assert last_outcome(command) is Outcome.FAILED
    assert carry_out(command, 1) == HUNDRED
    assert last_outcome(command) is Outcome.APPLIED


def test_a_newer_setpoint_is_not_taken_for_done_by_the_answer_to_an_older_one() -> None:
    command = command_of(KeptMemory())
    command.want(HUNDRED, NOON)
    order = command.due(NOON)
    assert order is not None
    newer = Setpoint(reduction_kw=50.0)
    command.want(newer, NOON)
    command.done(order, Applied(Outcome.APPLIED, NOON))
    assert carry_out(command, 0) == newer


@pytest.mark.parametrize(
    ("setpoint", "shown_kw", "expected"),
    [
        (HUNDRED, 0.0, Outcome.FAILED),
        (HUNDRED, 74.0, Outcome.FAILED),
        (HUNDRED, 76.0, Outcome.APPLIED),
        (HUNDRED, -100.0, Outcome.FAILED),
        (Setpoint(increase_kw=100.0), -80.0, Outcome.APPLIED),
        (Setpoint(increase_kw=100.0), 80.0, Outcome.FAILED),
        (Setpoint(recovery_limit_kw=0.0), -30.0, Outcome.APPLIED),
    ],
)
def test_what_a_device_says_must_show_on_its_instruments(
    setpoint: Setpoint, shown_kw: float, expected: Outcome
) -> None:
    command = command_of(KeptMemory())
    command.want(setpoint, NOON)
    carry_out(command, 0)
    shows(command, 0.9, 0.0)
    assert last_outcome(command) is Outcome.APPLIED, "it is given its time"
    shows(command, 1.5, shown_kw)
    shows(command, 2.0, shown_kw)
    assert last_outcome(command) is expected
    action = command.last_action
    assert action is not None
    assert ("shows" in action.detail) == (expected is Outcome.FAILED)


def test_one_bad_reading_contradicts_nothing_and_a_change_is_given_its_time() -> None:
    command = command_of(KeptMemory())
    command.want(HUNDRED, NOON)
    carry_out(command, 0)
    shows(command, 1.2, 100.0)
    shows(command, 1.4, 0.0)
    assert last_outcome(command) is Outcome.APPLIED
    command.want(Setpoint(reduction_kw=400.0), NOON + 2 * MINUTE)
    carry_out(command, 2)
    shows(command, 2.5, 100.0)
    assert last_outcome(command) is Outcome.APPLIED
    shows(command, 3.1, 100.0)
    assert last_outcome(command) is Outcome.FAILED


def test_what_is_pending_is_applied_once_it_shows() -> None:
    command = command_of(KeptMemory())
    command.want(HUNDRED, NOON)
    carry_out(command, 0, Outcome.PENDING)
    shows(command, 1.0, 95.0)
    assert last_outcome(command) is Outcome.APPLIED


def test_the_check_can_be_turned_off() -> None:
    command = command_of(KeptMemory(), ratio=0.0)
    command.want(HUNDRED, NOON)
    carry_out(command, 0)
    shows(command, 5.0, 0.0)
    assert last_outcome(command) is Outcome.APPLIED


def test_a_setpoint_waits_for_the_sites_own_moment_and_a_newer_one_does_not_wait_longer() -> None:
    command = StandingCommand(
        KeptMemory(),
        NOON,
        hold=HOLD,
        repeat_interval=None,
        confirm_within=MINUTE,
        confirm_ratio=0.75,
        delay=MINUTE,
    )
    command.want(HUNDRED, NOON)
    assert command.due(NOON + MINUTE / 2) is None
    assert command.waits_for(NOON + MINUTE / 2) == MINUTE / 2
    newer = Setpoint(reduction_kw=50.0)
    command.want(newer, NOON + MINUTE / 2)
    assert carry_out(command, 1) == newer
    assert command.waits_for(NOON + MINUTE) is None
    command.want(Setpoint(), NOON + 2 * MINUTE)
    assert command.due(NOON + 2.5 * MINUTE) is None
    command.let_go(NOON + 2.5 * MINUTE)
    assert carry_out(command, 2.5) is None, "a stop does not wait"
