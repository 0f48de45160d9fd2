"""The hours of a time-of-use tariff: which price holds in which season, on which day and at which hour."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import time
from decimal import Decimal

from vpp.foundation.errors import InvalidInput
from vpp.portfolio.day_kind import DayKind

MINUTES_PER_DAY = 24 * 60
ALL_MONTHS = frozenset(range(1, 13))
ALL_DAYS = frozenset(DayKind)


@dataclass(frozen=True, slots=True)
class ClockSpan:
    """A half-open span of wall time within a civil day.

    Attributes:
        start: First wall time inside.
        end: First wall time after it; 00:00 is the next midnight.
    """

    start: time
    end: time

    def __post_init__(self) -> None:
        """Refuse wall times with a zone or with seconds, and a span that ends before it starts."""
        for field, at in (("start", self.start), ("end", self.end)):
            if at.tzinfo is not None or at.second or at.microsecond:
                raise InvalidInput(f"{field} is {at.isoformat()}, expected a wall time in whole minutes")
        if self.first_minute >= self.end_minute:
            raise InvalidInput(
                f"end is {self.end}, expected after start {self.start}; a span over midnight is given as two"
            )

    @property
    def first_minute(self) -> int:
        """Minutes from midnight to its start."""
        return self.start.hour * 60 + self.start.minute

    @property
    def end_minute(self) -> int:
        """Minutes from midnight to its end."""
        return self.end.hour * 60 + self.end.minute or MINUTES_PER_DAY


@dataclass(frozen=True, slots=True)
class TariffPeriod:
    """Hours that share a price.

    Attributes:
        name: What the tariff calls them: peak, flat, valley.
        price_per_kwh: What a kWh costs in them.
        months: Months of the season, 1 to 12.
        day_kinds: Days on which it holds.
        clock: Wall times at which it holds; empty for the whole day.
    """

    name: str
    price_per_kwh: Decimal
    months: frozenset[int] = ALL_MONTHS
    day_kinds: frozenset[DayKind] = ALL_DAYS
    clock: tuple[ClockSpan, ...] = ()

    def __post_init__(self) -> None:
        """Refuse a price that is no number, and months or days that do not exist."""
        if not self.price_per_kwh.is_finite():
            raise InvalidInput(
                f"price_per_kwh of {self.name} is {self.price_per_kwh}, expected a finite amount"
            )
        if not self.months or not self.months <= ALL_MONTHS:
            raise InvalidInput(f"months of {self.name} are {sorted(self.months)}, expected some of 1 to 12")
        if not self.day_kinds:
            raise InvalidInput(f"day_kinds of {self.name} are empty, expected one kind at least")


def minute_table(periods: Sequence[TariffPeriod], month: int, day_kind: DayKind) -> tuple[int, ...]:
    """Tell which period holds in each minute of wall time.

    Args:
        periods: All periods of a tariff.
        month: 1 to 12.
        day_kind: Kind of the day.

    Returns:
        Positions in `periods`. Shape (1440,).

    Raises:
        InvalidInput: In some minute none holds, or more than one does: a tariff that leaves that open
            is never guessed at.

    Example:
        >>> day = TariffPeriod("day", Decimal("0.9"), clock=(ClockSpan(time(8), time(22)),))
        >>> minute_table([day], 1, DayKind.WORKDAY)
        Traceback (most recent call last):
        vpp.foundation.errors.InvalidInput: no period holds at 00:00 on a workday in month 1, expected one
    """
    table = [-1] * MINUTES_PER_DAY
    for position, period in enumerate(periods):
        if month not in period.months or day_kind not in period.day_kinds:
            continue
        spans = [(each.first_minute, each.end_minute) for each in period.clock] or [(0, MINUTES_PER_DAY)]
        for first, end in spans:
            for minute in range(first, end):
                if table[minute] >= 0:
                    names = f"{periods[table[minute]].name} and {period.name} both hold"
                    raise InvalidInput(f"{names} {_when(minute, month, day_kind)}, expected one")
                table[minute] = position
    if -1 in table:
        raise InvalidInput(f"no period holds {_when(table.index(-1), month, day_kind)}, expected one")
    return tuple(table)


def check_complete(periods: Sequence[TariffPeriod]) -> None:
    """Refuse periods that leave an hour of some day without a price, or give it two.

    Raises:
        InvalidInput: They do; the first such minute is named.
    """
    for month in sorted(ALL_MONTHS):
        for day_kind in DayKind:
            minute_table(periods, month, day_kind)


def _when(minute: int, month: int, day_kind: DayKind) -> str:
    return f"at {minute // 60:02d}:{minute % 60:02d} on a {day_kind.value} in month {month}"
