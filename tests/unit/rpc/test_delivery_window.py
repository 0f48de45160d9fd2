from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vpp.rpc.delivery_window import DeliveryWindow, ResendRules
from vpp.workflows.delivery_contents import CancellationContent, OpenDelivery
from vpp.workflows.outbox_ports import MessageKind, OutboxMessage

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
RULES = ResendRules(first_wait=10 * SECOND, longest_wait=100 * SECOND, window_size=4)


def owed(*sequences: int) -> list[OpenDelivery]:
    return [
        OpenDelivery(
            OutboxMessage("north-1", sequence, MessageKind.CANCELLATION, f"e-m{sequence}-north-1", NOON),
            CancellationContent(f"e-m{sequence}-north-1", "e", sequence),
        )
        for sequence in sequences
    ]


def sequences(deliveries: list[OpenDelivery]) -> list[int]:
    return [delivery.sequence for delivery in deliveries]


def test_what_was_taken_in_is_not_taken_in_again() -> None:
    window = DeliveryWindow(RULES, "north-1", taken_sequence=3)
    assert sequences(window.take(owed(2, 3, 4, 5), NOON)) == [4, 5]
    assert window.take(owed(4, 5), NOON) == []
    assert (window.taken_sequence, len(window), window.room) == (5, 2, 2)
    assert sequences(window.acknowledge(4, NOON)) == [4]
    assert window.acknowledge(4, NOON) == []
    assert window.take(owed(4), NOON) == []
    assert window.room == 3


def test_everything_open_is_repeated_in_order_and_ever_more_rarely() -> None:
    window = DeliveryWindow(RULES, "north-1")
    window.take(owed(1, 2), NOON)
    now, gaps = NOON, []
    last = NOON
    for _ in range(600):
        now += SECOND
        if due := window.due(now):
            assert sequences(due) == [1, 2]
            gaps.append((now - last) / SECOND)
            last = now
    for gap, nominal in zip(gaps, [10, 20, 40, 80, 100, 100], strict=False):
        assert nominal <= gap <= 1.25 * nominal + 1
    assert len(gaps) >= 6


def test_an_answer_begins_the_waits_anew() -> None:
    window = DeliveryWindow(RULES, "north-1")
    window.take(owed(1, 2), NOON)
    assert window.due(NOON + 13 * SECOND)
    assert window.due(NOON + 50 * SECOND)
    window.acknowledge(1, NOON + 60 * SECOND)
    assert window.due(NOON + 69 * SECOND) == []
    assert sequences(window.due(NOON + 73 * SECOND)) == [2]
    window.acknowledge(2, NOON + 80 * SECOND)
    assert window.due(NOON + 9999 * SECOND) == []
    window.take(owed(3), NOON + 9999 * SECOND)
    assert window.due(NOON + 10_000 * SECOND) == []
    assert window.due(NOON + 10_012 * SECOND)


def test_waits_differ_between_sites_and_not_between_runs() -> None:
    def first_repetition(seed: str) -> int:
        window = DeliveryWindow(RULES, seed)
        window.take(owed(1), NOON)
        return next(ms for ms in range(20_000) if window.due(NOON + timedelta(milliseconds=ms)))

    waits = {seed: first_repetition(seed) for seed in ("north-1", "north-2", "north-3")}
    assert len(set(waits.values())) == 3
    assert waits == {seed: first_repetition(seed) for seed in waits}


def test_more_is_wanted_once_half_of_it_is_free() -> None:
    window = DeliveryWindow(RULES, "north-1")
    window.take(owed(1, 2, 3, 4), NOON)
    window.has_more = True
    assert (window.room, window.wants_more) == (0, False)
    window.acknowledge(1, NOON)
    assert not window.wants_more
    window.acknowledge(2, NOON)
    assert window.wants_more
    window.has_more = False
    assert not window.wants_more


def test_what_is_over_is_dropped() -> None:
    window = DeliveryWindow(RULES, "north-1")
    window.take(owed(1, 2), NOON)
    assert window.over(NOON) == []  # a cancellation is never over
    window.drop([1])
    assert sequences(window.due(NOON + 13 * SECOND)) == [2]
    window.drop([2, 7])
    assert (len(window), window.due(NOON + 9999 * SECOND)) == (0, [])


@given(st.lists(st.tuples(st.sampled_from(["take", "acknowledge", "due"]), st.integers(0, 30)), max_size=40))
def test_it_holds_exactly_what_was_taken_and_not_acknowledged(steps: list[tuple[str, int]]) -> None:
    window = DeliveryWindow(RULES, "north-1")
    held: set[int] = set()
    taken = 0
    for step, (what, number) in enumerate(steps):
        now = NOON + step * SECOND
        if what == "take":
            window.take(owed(*range(1, number + 1)), now)
            held |= set(range(taken + 1, number + 1))
            taken = max(taken, number)
        elif what == "acknowledge":
            window.acknowledge(number, now)
            held = {sequence for sequence in held if sequence > number}
        else:
            assert sequences(window.due(now)) in ([], sorted(held))
        assert len(window) == len(held)
        assert window.taken_sequence == taken


@pytest.mark.parametrize("attempts", [0, 5, 60])
def test_however_often_it_was_repeated_the_longest_wait_holds(attempts: int) -> None:
    window = DeliveryWindow(RULES, "north-1")
    window.take(owed(1), NOON)
    now = NOON
    for _ in range(attempts):
        now += 1000 * SECOND
        assert window.due(now)
    assert window.due(now + 126 * SECOND)
