"""Which of a site's batches are held, as ranges of sequences: almost always one."""

from bisect import bisect_right
from collections.abc import Iterable


class SequenceRanges:
    """A set of sequences that grows, kept as ranges; remembers which of them have changed.

    A batch that was refused leaves a gap, and one that comes again must be recognised however late
    it comes. A row per batch would say the same with millions of rows.

    Example:
        >>> held = SequenceRanges([(1, 4), (6, 6)])
        >>> held.add(5), held.add(5), held.add(9)
        (True, False, True)
        >>> held.changed, held.removed
        ({1: 6, 9: 9}, {6})
    """

    def __init__(self, ranges: Iterable[tuple[int, int]] = ()) -> None:
        """Begin with what is known.

        Args:
            ranges: First and last sequence of each range, disjoint and not adjacent, in any order.
                They may be a part of what is held, if it reaches from the range that holds or
                precedes the lowest sequence to be added to the last one.
        """
        known = dict(ranges)
        self._known = frozenset(known)
        self._last = known
        self._firsts = sorted(known)
        self._changed: set[int] = set()
        self._gone: set[int] = set()

    @property
    def changed(self) -> dict[int, int]:
        """First to last sequence of the ranges that are new or have grown."""
        return {first: self._last[first] for first in sorted(self._changed)}

    @property
    def removed(self) -> set[int]:
        """First sequences of ranges that were known and have become part of another."""
        return self._gone & self._known

    @property
    def has_grown_in_number(self) -> bool:
        """Whether there are more ranges than were known."""
        return len(self._last) > len(self._known)

    @property
    def ranges(self) -> list[tuple[int, int]]:
        """First and last sequence of each range, in order."""
        return [(first, self._last[first]) for first in self._firsts]

    def add(self, sequence: int) -> bool:
        """Add a sequence; tells whether it is new."""
        position = bisect_right(self._firsts, sequence)
        before = self._firsts[position - 1] if position else None
        after = self._firsts[position] if position < len(self._firsts) else None
        if before is not None and sequence <= self._last[before]:
            return False
        if before is not None and self._last[before] == sequence - 1:
            first = before
        else:
            first = sequence
            self._firsts.insert(position, first)
            position += 1
        last = sequence
        if after is not None and after == sequence + 1:
            last = self._last.pop(after)
            del self._firsts[position]
            self._changed.discard(after)
            self._gone.add(after)
        self._last[first] = last
        self._changed.add(first)
        self._gone.discard(first)
        return True
