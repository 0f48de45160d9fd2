"""A site's tariff: what its supplier asks for a kWh at any instant of its validity.

    market price = (critical peak price, while one is called, else the period's price)
                   + spot price x spot factor  +  adder

Each part may be missing. Season, kind of day and hour are civil time, which only
`vpp.baseline.civil_clock` knows; on the day on which clocks go back an hour is priced twice, on the day on
which they go forward it is not priced at all, and the day's cost has 25 or 23 hours.
"""

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

from vpp.baseline.civil_clock import ONE_DAY, ONE_MINUTE, CivilClock
from vpp.flexibility.price_series import PriceSeries
from vpp.flexibility.tariff_periods import TariffPeriod, check_complete, minute_table
from vpp.foundation.errors import InvalidInput
from vpp.foundation.interval import Interval

ZERO = Decimal(0)
LONGEST_CACHE = 400
"""Most civil days whose hours are kept; a year and a month."""


@dataclass(frozen=True, slots=True)
class CriticalPeak:
    """The few hours that a supplier calls ahead, at a price of their own.

    Attributes:
        price_per_kwh: Takes the place of the period's price while called.
        calls: Spans that have been called, UTC.
    """

    price_per_kwh: Decimal
    calls: tuple[Interval, ...] = ()

    def is_called(self, instant: datetime) -> bool:
        """Whether an instant lies in a called span."""
        return any(instant in call for call in self.calls)


@dataclass(frozen=True, slots=True)
class SpotPart:
    """The part of a tariff that follows a market.

    Attributes:
        prices: Spot prices per kWh.
        unknown_per_kwh: What is assumed where none has been published. Who sells reductions assumes a
            low one: it is what a reduction saves.
        factor_ratio: Multiplies the spot price: losses, or a share of it.
    """

    prices: PriceSeries
    unknown_per_kwh: Decimal
    factor_ratio: Decimal = Decimal(1)

    def at(self, instant: datetime) -> Decimal:
        """Return what it adds to a kWh at an instant."""
        known = self.prices.at(instant)
        return self.factor_ratio * (self.unknown_per_kwh if known is None else known)


@dataclass(frozen=True, slots=True)
class TariffCalendar:
    """What a supplier asks for a kWh, through all seasons, days and hours.

    Attributes:
        tariff_id: Its name.
        currency: ISO 4217 code.
        civil: Civil time and public holidays of the place.
        periods: Hours and prices that together cover every minute once; empty if only the spot price and
            the adder count.
        critical_peak: Hours that are called ahead; only with periods.
        spot: The part that follows a market.
        adder_per_kwh: Added at all hours: levies, network, margin.
        valid_from: First civil day of its validity; None for any.
        valid_until: First civil day after it; None for any.

    Example:
        >>> from datetime import UTC
        >>> always = TariffPeriod("all", Decimal("0.6"))
        >>> flat = TariffCalendar("flat", "CNY", CivilClock("Asia/Shanghai"), (always,))
        >>> flat.price_at(datetime(2026, 7, 1, tzinfo=UTC))
        Decimal('0.6')
    """

    tariff_id: str
    currency: str
    civil: CivilClock
    periods: tuple[TariffPeriod, ...] = ()
    critical_peak: CriticalPeak | None = None
    spot: SpotPart | None = None
    adder_per_kwh: Decimal = ZERO
    valid_from: date | None = None
    valid_until: date | None = None
    _hours: dict[date, tuple[tuple[datetime, ...], tuple[int, ...]]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def __post_init__(self) -> None:
        """Refuse a tariff that leaves an hour without a price or gives it two."""
        if not self.periods and self.spot is None:
            raise InvalidInput(f"tariff {self.tariff_id} has no periods and no spot prices, expected some")
        if self.periods:
            check_complete(self.periods)
        elif self.critical_peak is not None:
            raise InvalidInput(f"tariff {self.tariff_id} has a critical_peak, expected periods with it")
        if self.valid_from and self.valid_until and self.valid_until <= self.valid_from:
            raise InvalidInput(f"valid_until is {self.valid_until}, expected after {self.valid_from}")

    def price_at(self, instant: datetime) -> Decimal:
        """Return what a kWh costs at an instant.

        Raises:
            InvalidInput: The tariff does not hold then.
        """
        day = self.civil.civil_date(instant)
        if (self.valid_from and day < self.valid_from) or (self.valid_until and day >= self.valid_until):
            raise InvalidInput(
                f"tariff {self.tariff_id} holds from {self.valid_from} to {self.valid_until}, not on {day}",
                tariff_id=self.tariff_id,
            )
        price = self.adder_per_kwh
        if self.critical_peak is not None and self.critical_peak.is_called(instant):
            price += self.critical_peak.price_per_kwh
        elif self.periods:
            price += self.period_at(instant).price_per_kwh
        return price if self.spot is None else price + self.spot.at(instant)

    def period_at(self, instant: datetime) -> TariffPeriod:
        """Return the period of time of use that an instant lies in, critical peaks aside."""
        starts, positions = self._day_hours(self.civil.civil_date(instant))
        return self.periods[positions[bisect_right(starts, instant) - 1]]

    def edges(self, span: Interval) -> Iterator[datetime]:
        """Yield the instants inside a span at which the price may change, in no particular order."""
        if self.periods:
            day = self.civil.civil_date(span.start)
            while self.civil.day(day).start < span.end:
                yield from (at for at in self._day_hours(day)[0] if span.start < at < span.end)
                day += ONE_DAY
        if self.critical_peak is not None:
            for call in self.critical_peak.calls:
                yield from (at for at in (call.start, call.end) if span.start < at < span.end)
        if self.spot is not None:
            yield from self.spot.prices.edges(span)

    def _day_hours(self, day: date) -> tuple[tuple[datetime, ...], tuple[int, ...]]:
        """Return when each period of a civil day begins, UTC, and which it is."""
        known = self._hours.get(day)
        if known is not None:
            return known
        table = minute_table(self.periods, day.month, self.civil.day_kind(day))
        midnight, before = self.civil.day(day).start, -1
        starts: list[datetime] = []
        positions: list[int] = []
        for n, minute in enumerate(self.civil.wall_minutes(day)):
            if table[minute] != before:
                before = table[minute]
                starts.append(midnight + n * ONE_MINUTE)
                positions.append(before)
        if len(self._hours) >= LONGEST_CACHE:
            self._hours.clear()
        self._hours[day] = tuple(starts), tuple(positions)
        return self._hours[day]
