"""Held sequences stay few ranges, and tell what has changed of them."""

from vpp.telemetry.sequence_ranges import SequenceRanges


def added(held: SequenceRanges, *sequences: int) -> list[bool]:
    return [held.add(sequence) for sequence in sequences]


def test_counting_on_grows_one_range() -> None:
    held = SequenceRanges([(0, 0)])
    assert added(held, 1, 2, 3) == [True] * 3
    assert (held.ranges, held.changed, held.removed) == ([(0, 3)], {0: 3}, set())


def test_a_repeat_is_known_and_changes_nothing() -> None:
    held = SequenceRanges([(0, 5), (8, 9)])
    assert added(held, 0, 3, 5, 8, 9) == [False] * 5
    assert (held.changed, held.removed) == ({}, set())


def test_a_gap_begins_a_range_and_filling_it_joins_two() -> None:
    held = SequenceRanges([(0, 5)])
    assert added(held, 8, 7) == [True, True]
    assert held.ranges == [(0, 5), (7, 8)]
    assert held.removed == set()  # 8 was never known to the database
    assert added(held, 6, 6) == [True, False]
    assert (held.ranges, held.changed, held.removed) == ([(0, 8)], {0: 8}, set())


def test_what_was_known_and_has_become_part_of_another_is_removed() -> None:
    held = SequenceRanges([(0, 5), (7, 9), (11, 11)])
    assert added(held, 6, 10) == [True, True]
    assert (held.ranges, held.changed, held.removed) == ([(0, 11)], {0: 11}, {7, 11})


def test_a_range_that_begins_earlier_takes_the_old_ones_place() -> None:
    held = SequenceRanges([(0, 1), (5, 6)])
    assert added(held, 4) == [True]
    assert (held.ranges, held.changed, held.removed) == ([(0, 1), (4, 6)], {4: 6}, {5})
