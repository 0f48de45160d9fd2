"""A supplier's published tariff as a file: one of `configs/tariffs/*.toml`."""

import tomllib
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Literal, Self

from pydantic import AwareDatetime, Field, ValidationError, model_validator

from vpp.agent.table import Id, Table
from vpp.flexibility.civil_place import civil_place
from vpp.flexibility.demand_charge import DemandCharge
from vpp.flexibility.price_series import PriceSeries
from vpp.flexibility.tariff_calendar import CriticalPeak, SpotPart, TariffCalendar
from vpp.flexibility.tariff_periods import ALL_DAYS, ALL_MONTHS, ClockSpan, TariffPeriod
from vpp.foundation.errors import InvalidInput
from vpp.foundation.interval import Interval

UNIX_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
"""Where a series of no values begins."""


class ClockTable(Table):
    """A span of wall time within a day.

    Attributes:
        start: First wall time inside.
        end: First wall time after it; 00:00 is the next midnight.
    """

    start: time
    end: time


class PeriodTable(Table):
    """Hours that share a price.

    Attributes:
        name: What the tariff calls them.
        price_per_kwh: What a kWh costs in them.
        months: Months of the season; absent for all.
        day_kinds: workday, saturday, sunday, holiday; absent for all.
        clock: Wall times; absent for the whole day.
    """

    name: str = Field(min_length=1, max_length=64)
    price_per_kwh: Decimal
    months: tuple[int, ...] = ()
    day_kinds: tuple[Literal["workday", "saturday", "sunday", "holiday"], ...] = ()
    clock: tuple[ClockTable, ...] = ()

    def period(self) -> TariffPeriod:
        """Return it as the calendar takes it."""
        return TariffPeriod(
            self.name,
            self.price_per_kwh,
            frozenset(self.months) or ALL_MONTHS,
            frozenset(kind for kind in ALL_DAYS if kind.value in self.day_kinds) or ALL_DAYS,
            tuple(ClockSpan(span.start, span.end) for span in self.clock),
        )


class CallTable(Table):
    """A span that has been called as critical.

    Attributes:
        start: First instant, UTC.
        end: First instant after it, UTC.
    """

    start: AwareDatetime
    end: AwareDatetime


class CriticalPeakTable(Table):
    """Hours that are called ahead.

    Attributes:
        price_per_kwh: Takes the place of the period's price while called.
        calls: Spans called so far; more may come from a file of the site's.
    """

    price_per_kwh: Decimal
    calls: tuple[CallTable, ...] = ()


class SpotTable(Table):
    """The part that follows a market.

    Attributes:
        factor_ratio: Multiplies the spot price.
        unknown_per_kwh: What is assumed where none is known.
        step: Length of an interval of the market.
    """

    factor_ratio: Decimal = Field(default=Decimal(1), ge=0)
    unknown_per_kwh: Decimal
    step: timedelta = Field(default=timedelta(hours=1), gt=timedelta(0), le=timedelta(days=1))


class DemandChargeTable(Table):
    """A charge on the month's highest demand.

    Attributes:
        price_per_kw_month: Per kW of the month's highest interval.
        interval: Over which demand is averaged.
    """

    price_per_kw_month: Decimal = Field(ge=0)
    interval: timedelta = Field(default=timedelta(minutes=15), gt=timedelta(0), le=timedelta(hours=1))


class TariffFile(Table):
    """A supplier's tariff.

    Attributes:
        tariff_id: Its name.
        display_name: Name for people.
        status: What the figures are worth: made up, taken from somewhere and not checked, or in force.
        source: Where the figures are from.
        currency: ISO 4217 code.
        time_zone: IANA name of the civil time in which hours and days are meant.
        valid_from: First civil day of its validity; absent for any.
        valid_until: First civil day after it; absent for any.
        holidays: Holidays listed one by one.
        public_holidays: ISO 3166 code of a country, or part of one, whose holidays count as well; only
            with both ends of the validity.
        periods: Hours and prices that together cover every minute once.
        critical_peak: Hours that are called ahead.
        spot: The part that follows a market.
        adder_per_kwh: Added at all hours.
        demand_charge: A charge on the month's highest demand; information only.
    """

    tariff_id: Id
    display_name: str = Field(min_length=1, max_length=200)
    status: Literal["example", "unverified", "in_force"]
    source: str = Field(min_length=1)
    currency: str = Field(pattern="^[A-Z]{3}$")
    time_zone: str = Field(min_length=1, max_length=64)
    valid_from: date | None = None
    valid_until: date | None = None
    holidays: tuple[date, ...] = ()
    public_holidays: str = ""
    periods: tuple[PeriodTable, ...] = ()
    critical_peak: CriticalPeakTable | None = None
    spot: SpotTable | None = None
    adder_per_kwh: Decimal = Decimal(0)
    demand_charge: DemandChargeTable | None = None

    @model_validator(mode="after")
    def _years_known(self) -> Self:
        if self.public_holidays and (self.valid_from is None or self.valid_until is None):
            raise ValueError("public_holidays needs valid_from and valid_until: the years it is wanted for")
        return self

    def calendar(self, spot: PriceSeries | None = None, calls: Sequence[Interval] = ()) -> TariffCalendar:
        """Return the tariff as a calendar.

        Args:
            spot: Spot prices known so far; None for none.
            calls: Critical peaks called beyond those of the file.

        Raises:
            InvalidInput: It leaves an hour without a price, or spot prices or calls are given to a
                tariff that knows none.
        """
        years = range(0)
        if self.valid_from is not None and self.valid_until is not None:
            years = range(self.valid_from.year, self.valid_until.year + 1)
        if (spot is not None and self.spot is None) or (calls and self.critical_peak is None):
            raise InvalidInput(
                f"tariff {self.tariff_id} has no [spot] or no [critical_peak], but one is given"
            )
        return TariffCalendar(
            tariff_id=self.tariff_id,
            currency=self.currency,
            civil=civil_place(self.time_zone, self.holidays, self.public_holidays, years),
            periods=tuple(table.period() for table in self.periods),
            critical_peak=None if self.critical_peak is None else self._critical(self.critical_peak, calls),
            spot=None if self.spot is None else self._spot_part(self.spot, spot),
            adder_per_kwh=self.adder_per_kwh,
            valid_from=self.valid_from,
            valid_until=self.valid_until,
        )

    def charge(self) -> DemandCharge | None:
        """Return the demand charge, or None."""
        table = self.demand_charge
        return None if table is None else DemandCharge(table.price_per_kw_month, table.interval)

    @staticmethod
    def _critical(table: CriticalPeakTable, more: Sequence[Interval]) -> CriticalPeak:
        own = (Interval(call.start, call.end) for call in table.calls)
        return CriticalPeak(table.price_per_kwh, (*own, *more))

    @staticmethod
    def _spot_part(table: SpotTable, known: PriceSeries | None) -> SpotPart:
        nothing = PriceSeries(UNIX_EPOCH, table.step, ())
        return SpotPart(known or nothing, table.unknown_per_kwh, table.factor_ratio)


def load_tariff(path: Path) -> TariffFile:
    """Read a tariff file.

    Raises:
        InvalidInput: It cannot be read, or a key is unknown, missing or out of bounds.
    """
    try:
        tariff = TariffFile.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
        tariff.calendar()
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError, ValidationError, InvalidInput) as error:
        raise InvalidInput(f"tariff {path} cannot be used: {error}", tariff=str(path)) from error
    return tariff
