"""Ranges say the same as a set, and what they tell of their changes leads from the old to the new."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from vpp.telemetry.sequence_ranges import SequenceRanges

SEQUENCES = st.lists(st.integers(1, 40), max_size=40)


@given(st.lists(SEQUENCES, max_size=5))
def test_ranges_are_a_set_that_is_kept_by_its_changes(rounds: list[list[int]]) -> None:
    known: set[int] = {0}
    rows: dict[int, int] = {0: 0}
    for sequences in rounds:
        lowest = min(sequences, default=1)
        preceding = max(first for first in rows if first <= lowest)
        part = {first: last for first, last in rows.items() if first == 0 or first >= preceding}
        held = SequenceRanges(part.items())
        for sequence in sequences:
            assert held.add(sequence) == (sequence not in known)
            known.add(sequence)
        for first in held.removed:
            del rows[first]
        rows |= held.changed
    assert {n for first, last in rows.items() for n in range(first, last + 1)} == known
    firsts = sorted(rows)
    assert all(rows[first] + 1 < following for first, following in pairwise(firsts))
