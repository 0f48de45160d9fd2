"""Prices, or emission factors, that are published interval by interval: spot prices above all."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from vpp.flexibility.bounds import hours_of
from vpp.foundation.errors import InvalidInput
from vpp.foundation.interval import Interval


@dataclass(frozen=True, slots=True)
class PriceSeries:
    """Values on a regular grid of UTC; a gap is unknown, and so is what lies outside.

    Attributes:
        start: Start of the first interval, UTC.
        step: Length of an interval.
        values: One value per interval, None where none is known. Shape (T,).

    Example:
        >>> from datetime import UTC
        >>> spot = PriceSeries(datetime(2026, 7, 1, tzinfo=UTC), timedelta(hours=1), (Decimal("0.4"), None))
        >>> spot.at(datetime(2026, 7, 1, 0, 59, tzinfo=UTC)), spot.at(datetime(2026, 7, 1, 1, tzinfo=UTC))
        (Decimal('0.4'), None)
    """

    start: datetime
    step: timedelta
    values: tuple[Decimal | None, ...]

    def __post_init__(self) -> None:
        """Refuse a grid of no length, one that is not in UTC, and values that are no numbers."""
        hours_of(self.step)
        if self.start.utcoffset() != timedelta(0):
            raise InvalidInput(f"start is {self.start.isoformat()}, expected an instant in UTC")
        for n, value in enumerate(self.values):
            if value is not None and not value.is_finite():
                raise InvalidInput(f"values[{n}] is {value}, expected a finite number or none")

    def at(self, instant: datetime) -> Decimal | None:
        """Return the value that holds at an instant; None where none is known."""
        position = (instant - self.start) // self.step
        return self.values[position] if 0 <= position < len(self.values) else None

    def edges(self, span: Interval) -> Iterator[datetime]:
        """Yield the instants inside a span at which another value may begin, in order."""
        last = len(self.values)
        first = max(0, (span.start - self.start) // self.step)
        for position in range(first, last + 1):
            at = self.start + position * self.step
            if at >= span.end:
                return
            if at > span.start:
                yield at
